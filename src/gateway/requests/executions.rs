//! The fills of the day, on request. Everybody's are told, whoever asks: a filter may name one client.

use std::ops::Range;

use super::refuse;
use crate::gateway::clock;
use crate::gateway::exchange::Exchange;
use crate::gateway::listing::Listing;
use crate::gateway::market::Market;
use crate::gateway::messages::{ExecutionFilter, ExecutionRequest, RequestEnd, told};
use crate::gateway::telling;
use crate::gateway::venue::{Execution, Refusal, Side};
use crate::gateway::wire::push;

/// The furthest a filter reaches back, in days before today.
const DAYS_MAX: i32 = 365;
/// What IBKR's own client sends for a number that is not set.
const UNSET: i32 = i32::MAX;

impl Exchange {
    pub(super) fn executions(&mut self, client: i32, request: &ExecutionRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        match Fills::new(request, market.now) {
            Some(fills) => own.list(market, Listing::executions(market, fills)),
            None => {
                let text = "Error validating request.-'bI' : cause - the time of the filter is no time";
                refuse(&mut own.out, market.now, request.req_id, &Refusal::new(321, text));
            }
        }
    }
}

/// The executions that one request asks for.
#[derive(Debug)]
pub(in crate::gateway) struct Fills {
    req_id: Option<i32>,
    since: Option<i64>,
    days: Range<i64>,
    filter: ExecutionFilter,
}

impl Fills {
    /// None where the filter names a time that is none.
    fn new(request: &ExecutionRequest, now: i64) -> Option<Fills> {
        let mut filter = request.filter.clone().unwrap_or_default();
        // A client may name a million dates; each execution is looked for among them.
        filter.specific_dates.sort_unstable();
        filter.specific_dates.dedup();
        let since = match filter.time.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(time) => Some(clock::parse_stamp(time)?),
        };
        Some(Fills { req_id: request.req_id, since, days: days(&filter, now), filter })
    }

    /// Tells an execution and what it cost, if it is asked for.
    pub(in crate::gateway) fn tell(&self, out: &mut Vec<u8>, market: &Market, place: usize) {
        if self.passes(&market.venue.executions[place], market) {
            telling::execution(out, market, place, self.req_id.unwrap_or(telling::NO_REQUEST));
            telling::commission(out, market, place);
        }
    }

    pub(in crate::gateway) fn end(&self, out: &mut Vec<u8>) {
        push(out, told::EXECUTIONS_END, &RequestEnd { req_id: self.req_id });
    }

    /// The memory the filter holds, in bytes.
    pub(in crate::gateway) fn bytes(&self) -> usize {
        let ExecutionFilter { account, time, symbol, sec_type, exchange, side, specific_dates, .. } =
            &self.filter;
        let texts = [account, time, symbol, sec_type, exchange, side];
        let texts: usize = texts.into_iter().flatten().map(String::capacity).sum();
        texts + specific_dates.capacity() * size_of::<i32>()
    }

    /// Whether an execution is asked for. A filter that is left out, or 0 or empty, lets everything pass.
    fn passes(&self, execution: &Execution, market: &Market) -> bool {
        let Fills { filter, since, days, .. } = self;
        if since.is_some_and(|since| execution.time < since) || !days.contains(&execution.time) {
            return false;
        }
        let ticket = &market.venue.orders[execution.order].ticket;
        let symbol = &market.listings.get(ticket.symbol).symbol;
        let text = |asked: &Option<String>, is: &[&str]| {
            asked.as_deref().is_none_or(|asked| asked.is_empty() || is.contains(&asked))
        };
        let sides: [&str; 3] =
            if ticket.side == Side::Buy { ["BUY", "BOT", "B"] } else { ["SELL", "SLD", "S"] };
        let dates = &filter.specific_dates;
        let on_date = || {
            let date = clock::date_stamp(clock::date(execution.time)).parse().unwrap_or(0);
            dates.binary_search(&date).is_ok()
        };
        filter.client_id.is_none_or(|asked| asked == 0 || asked == ticket.key.client)
            && text(&filter.account, &[&market.account])
            && text(&filter.symbol, &[symbol])
            && text(&filter.sec_type, &["STK"])
            && text(&filter.exchange, &["SMART"])
            && text(&filter.side, &sides)
            && (dates.is_empty() || on_date())
    }
}

/// The seconds in which executions are told: since midnight in New York; with `lastNDays` so many days more; with
/// dates asked for by name, any time.
fn days(filter: &ExecutionFilter, now: i64) -> Range<i64> {
    if !filter.specific_dates.is_empty() {
        return i64::MIN..i64::MAX;
    }
    let back = filter.last_n_days.filter(|days| *days != UNSET).unwrap_or(0).clamp(0, DAYS_MAX);
    let first = clock::days_after(clock::date(now), -i64::from(back));
    clock::midnight(first)..i64::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executions_are_told_since_midnight_in_new_york_unless_more_is_asked_for() {
        let now = clock::parse_stamp("20131007 11:00:00 US/Eastern").expect("a time");
        let since = |last_n_days, specific_dates: &[i32]| {
            let specific_dates = specific_dates.to_vec();
            let filter = ExecutionFilter { last_n_days, specific_dates, ..ExecutionFilter::default() };
            days(&filter, now).start
        };
        let midnight = clock::parse_stamp("20131007 00:00:00 US/Eastern").expect("a time");
        for nothing in [None, Some(0), Some(UNSET), Some(-3)] {
            assert_eq!(since(nothing, &[]), midnight);
        }
        assert_eq!(since(Some(3), &[]), midnight - 3 * 86_400);
        assert_eq!(since(None, &[20_131_004]), i64::MIN);
    }
}
