//! What a client asked to be told as a list: where in the market's books it stands, and what ends it.

use super::market::Market;
use super::messages::{Empty, told};
use super::requests::Fills;
use super::statement;
use super::telling;
use super::venue::{Reason, State};
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
    /// One client's orders that live, and which of them it made its own by asking.
    Own {
        client: i32,
        bound: Vec<usize>,
        end: End,
    },
    /// Everybody's orders that live.
    All,
    /// Everybody's orders that have ended; those entered by hand unless only clients' orders are wanted.
    Completed {
        api_only: bool,
    },
    Executions(Fills),
    /// What is held.
    Positions,
}

/// Whether a list that nobody asked for says where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Said,
    Unsaid,
}

impl Listing {
    /// A client's orders that live now; `bound` are those entered by hand that it has just made its own.
    pub(super) fn own_orders(market: &Market, client: i32, bound: Vec<usize>) -> Listing {
        Listing::of_orders(market, Rows::Own { client, bound, end: End::Said })
    }

    /// A client's orders that live now, for a client that did not ask.
    pub(super) fn own_orders_unasked(market: &Market, client: i32) -> Listing {
        Listing::of_orders(market, Rows::Own { client, bound: Vec::new(), end: End::Unsaid })
    }

    /// Everybody's orders that live now, each with its owner's ids.
    pub(super) fn all_orders(market: &Market) -> Listing {
        Listing::of_orders(market, Rows::All)
    }

    /// Everybody's orders that have ended by now.
    pub(super) fn completed_orders(market: &Market, api_only: bool) -> Listing {
        Listing::of_orders(market, Rows::Completed { api_only })
    }

    pub(super) fn executions(market: &Market, fills: Fills) -> Listing {
        Listing { what: Rows::Executions(fills), next: 0, end: market.venue.executions.len() }
    }

    /// What is held now.
    pub(super) fn positions(market: &Market) -> Listing {
        Listing { what: Rows::Positions, next: 0, end: market.venue.account.holdings.len() }
    }

    fn of_orders(market: &Market, what: Rows) -> Listing {
        Listing { what, next: 0, end: market.venue.orders.len() }
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
        self.what.end(out, market);
        Told::All
    }

    /// The memory it holds, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let beside = match &self.what {
            Rows::Own { bound, .. } => bound.capacity() * size_of::<usize>(),
            Rows::Executions(fills) => fills.bytes(),
            Rows::All | Rows::Completed { .. } | Rows::Positions => 0,
        };
        size_of::<Listing>() + beside
    }
}

impl Rows {
    /// Writes the row at a place, if it is asked for.
    fn tell(&self, out: &mut Vec<u8>, market: &Market, place: usize) {
        let venue = &market.venue;
        let lives = || venue.orders[place].state.is_live();
        match self {
            Rows::Own { client, .. } => {
                if lives() && venue.orders[place].ticket.key.owner() == Some(*client) {
                    telling::standing(out, market, place, &venue.standing(place));
                }
            }
            Rows::All => {
                if lives() {
                    telling::standing(out, market, place, &venue.standing(place));
                }
            }
            Rows::Completed { api_only } => {
                let lost = venue.orders[place].state == State::Cancelled(Reason::Lost);
                let unwanted = *api_only && venue.is_manual(place);
                if !(lives() || lost || unwanted) {
                    telling::completed_order(out, market, place);
                }
            }
            Rows::Executions(fills) => fills.tell(out, market, place),
            Rows::Positions => {
                if venue.account.holdings[place].quantity != 0 {
                    statement::position(out, market, place);
                }
            }
        }
    }

    /// Writes what follows the last row.
    fn end(&self, out: &mut Vec<u8>, market: &Market) {
        match self {
            Rows::Own { bound, end, .. } => {
                for place in bound {
                    telling::order_bound(out, market, *place);
                }
                if *end == End::Said {
                    push(out, told::OPEN_ORDERS_END, &Empty {});
                }
            }
            Rows::All => push(out, told::OPEN_ORDERS_END, &Empty {}),
            Rows::Completed { .. } => push(out, told::COMPLETED_ORDERS_END, &Empty {}),
            Rows::Executions(fills) => fills.end(out),
            Rows::Positions => push(out, told::POSITIONS_END, &Empty {}),
        }
    }
}
