//! The fills of the day, on request. Everybody's are told, whoever asks: a filter may name one client.

use std::ops::Range;

use crate::gateway::clock;
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{ExecutionFilter, ExecutionRequest, RequestEnd, told};
use crate::gateway::telling;
use crate::gateway::venue::{Execution, Side, Ticket};
use crate::gateway::wire::push;

/// The furthest a filter reaches back, in days before today.
const DAYS_MAX: i32 = 365;
/// What IBKR's own client sends for a number that is not set.
const UNSET: i32 = i32::MAX;

impl Exchange {
    pub(super) fn executions(&mut self, client: i32, request: &ExecutionRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        let filter = request.filter.clone().unwrap_or_default();
        let since = filter.time.as_deref().and_then(clock::parse_stamp);
        let days = days(&filter, market.now);
        let req_id = request.req_id;
        for (place, execution) in market.venue.executions.iter().enumerate() {
            let ticket = &market.venue.orders[execution.order].ticket;
            let symbol = &market.listings.get(ticket.symbol).symbol;
            if since.is_some_and(|since| execution.time < since)
                || !days.contains(&execution.time)
                || !passes(&filter, execution, ticket, symbol, &market.account)
            {
                continue;
            }
            telling::execution(&mut own.out, market, place, req_id.unwrap_or(telling::NO_REQUEST));
            telling::commission(&mut own.out, market, place);
        }
        push(&mut own.out, told::EXECUTIONS_END, &RequestEnd { req_id });
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

/// Whether an execution is asked for. A filter that is left out, or 0 or empty, lets everything pass.
fn passes(
    filter: &ExecutionFilter,
    execution: &Execution,
    ticket: &Ticket,
    symbol: &str,
    account: &str,
) -> bool {
    let text = |asked: &Option<String>, is: &[&str]| {
        asked.as_deref().is_none_or(|asked| asked.is_empty() || is.contains(&asked))
    };
    let sides: [&str; 3] = if ticket.side == Side::Buy { ["BUY", "BOT", "B"] } else { ["SELL", "SLD", "S"] };
    let date = clock::date_stamp(clock::date(execution.time));
    let dates = &filter.specific_dates;
    filter.client_id.is_none_or(|asked| asked == 0 || asked == ticket.key.client)
        && text(&filter.account, &[account])
        && text(&filter.symbol, &[symbol])
        && text(&filter.sec_type, &["STK"])
        && text(&filter.exchange, &["SMART"])
        && text(&filter.side, &sides)
        && (dates.is_empty() || dates.iter().any(|asked| asked.to_string() == date))
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
