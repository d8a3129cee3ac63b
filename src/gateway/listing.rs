//! What a client asked to be told as a list: where in the market's books it stands, and what ends it.

use super::clock;
use super::market::Market;
use super::messages::{Empty, ExecutionFilter, RequestEnd, told};
use super::telling::{self, NO_REQUEST};
use super::venue::{Execution, Reason, Side, State, Ticket};
use super::wire::push;

/// Whether a listing has been told to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    Some,
    All,
}

/// A list on its way to a client. What comes into the books after it was asked for is not part of it.
#[derive(Debug)]
pub(super) struct Listing {
    what: Rows,
    /// The place of the next row, and the place after the last.
    next: usize,
    end: usize,
}

#[derive(Debug)]
enum Rows {
    /// The orders that live: of one client, or of all.
    Open {
        of: Option<i32>,
    },
    /// The orders that have ended.
    Completed,
    Executions {
        req_id: Option<i32>,
        since: Option<i64>,
        filter: ExecutionFilter,
    },
    /// What is held.
    Positions,
}

impl Listing {
    /// The orders that live now: of one client, or of all.
    pub(super) fn open_orders(market: &Market, of: Option<i32>) -> Listing {
        Listing { what: Rows::Open { of }, next: 0, end: market.venue.orders.len() }
    }

    /// The orders that have ended by now.
    pub(super) fn completed_orders(market: &Market) -> Listing {
        Listing { what: Rows::Completed, next: 0, end: market.venue.orders.len() }
    }

    /// The executions that a filter lets pass.
    pub(super) fn executions(market: &Market, req_id: Option<i32>, mut filter: ExecutionFilter) -> Listing {
        // A client may name a million dates; each execution is looked for among them.
        filter.specific_dates.sort_unstable();
        filter.specific_dates.dedup();
        let since = filter.time.as_deref().and_then(clock::parse_stamp);
        let what = Rows::Executions { req_id, since, filter };
        Listing { what, next: 0, end: market.venue.executions.len() }
    }

    /// What is held now.
    pub(super) fn positions(market: &Market) -> Listing {
        Listing { what: Rows::Positions, next: 0, end: market.venue.account.holdings.len() }
    }

    /// Writes rows until `out` has so many bytes, and what ends the list after the last.
    pub(super) fn tell(&mut self, out: &mut Vec<u8>, market: &Market, bytes: usize) -> Told {
        while self.next < self.end {
            if out.len() >= bytes {
                return Told::Some;
            }
            self.what.tell(out, market, self.next);
            self.next += 1;
        }
        match &self.what {
            Rows::Open { .. } => push(out, told::OPEN_ORDERS_END, &Empty {}),
            Rows::Completed => push(out, told::COMPLETED_ORDERS_END, &Empty {}),
            Rows::Executions { req_id, .. } => {
                push(out, told::EXECUTIONS_END, &RequestEnd { req_id: *req_id });
            }
            Rows::Positions => push(out, told::POSITIONS_END, &Empty {}),
        }
        Told::All
    }

    /// The memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let filter = match &self.what {
            Rows::Executions { filter, .. } => {
                let texts = [&filter.account, &filter.time, &filter.symbol, &filter.sec_type];
                let texts = texts.into_iter().chain([&filter.exchange, &filter.side]).flatten();
                texts.map(String::capacity).sum::<usize>()
                    + filter.specific_dates.capacity() * size_of::<i32>()
            }
            Rows::Open { .. } | Rows::Completed | Rows::Positions => 0,
        };
        size_of::<Listing>() + filter
    }
}

impl Rows {
    /// Writes the row at a place, if it is asked for.
    fn tell(&self, out: &mut Vec<u8>, market: &Market, place: usize) {
        let venue = &market.venue;
        match self {
            Rows::Open { of } => {
                let order = &venue.orders[place];
                if order.state.is_live() && of.is_none_or(|of| order.ticket.key.client == of) {
                    let standing = venue.standing(place);
                    telling::open_order(out, market, place, &standing);
                    telling::order_status(out, market, place, &standing);
                }
            }
            Rows::Completed => {
                let state = venue.orders[place].state;
                if !state.is_live() && state != State::Cancelled(Reason::Lost) {
                    telling::completed_order(out, market, place);
                }
            }
            Rows::Executions { req_id, since, filter } => {
                let execution = &venue.executions[place];
                let ticket = &venue.orders[execution.order].ticket;
                let late = since.is_none_or(|since| execution.time >= since);
                if late && passes(filter, execution, ticket, market) {
                    telling::execution(out, market, place, req_id.unwrap_or(NO_REQUEST));
                    telling::commission(out, market, place);
                }
            }
            Rows::Positions => {
                if venue.account.holdings[place].quantity != 0 {
                    telling::position(out, market, place);
                }
            }
        }
    }
}

/// Whether an execution is asked for. A filter that is left out, or 0 or empty, lets everything pass.
fn passes(filter: &ExecutionFilter, execution: &Execution, ticket: &Ticket, market: &Market) -> bool {
    let text = |asked: &Option<String>, is: &[&str]| {
        asked.as_deref().is_none_or(|asked| asked.is_empty() || is.contains(&asked))
    };
    let sides: [&str; 3] = if ticket.side == Side::Buy { ["BUY", "BOT", "B"] } else { ["SELL", "SLD", "S"] };
    let symbol = &market.listings.get(ticket.symbol).symbol;
    let dates = &filter.specific_dates;
    let on_date = || {
        let date = clock::date_stamp(clock::date(execution.time)).parse().unwrap_or(0);
        dates.binary_search(&date).is_ok()
    };
    filter.client_id.is_none_or(|asked| asked == 0 || asked == ticket.key.client)
        && text(&filter.account, &[&market.account])
        && text(&filter.symbol, &[symbol])
        && text(&filter.sec_type, &["STK"])
        && text(&filter.side, &sides)
        && (dates.is_empty() || on_date())
}
