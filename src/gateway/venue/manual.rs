//! Orders entered by hand at the broker's own screen, by nobody's client.
//!
//! Such an order has no order id and no client, only its permanent id. Client 0 may bind it: then it is an order of
//! client 0 like any other. Bound orders get negative ids, as IBKR's default setting ("use negative numbers to bind
//! automatic orders") has it, so that they never meet the ids a client counts up; -1 is left out, because error
//! frames mean "no order" by it.

use serde::{Deserialize, Serialize};

use super::{Fact, Key, Moment, Reason, Refusal, Ticket, Venue};

/// The client that binds orders entered by hand.
pub(in crate::gateway) const BINDING_CLIENT: i32 = 0;
/// The id of the first order that is bound; each further one lies below.
const FIRST_BOUND_ID: i32 = -2;

/// Whether an order entered by hand has become an order of client 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Binding {
    Unbound,
    Bound,
}

impl Venue {
    /// Takes an order entered by hand; answers its place. It has no parent and no children.
    pub(in crate::gateway) fn place_manual(
        &mut self,
        ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> usize {
        let place = self.orders.len();
        self.manual.insert(place, Binding::Unbound);
        self.admit(Ticket { key: Key::UNBOUND, parent: 0, ..ticket }, None, moment, facts);
        place
    }

    /// Whether an order was entered by hand, bound or not.
    pub(in crate::gateway) fn is_manual(&self, place: usize) -> bool {
        self.manual.contains_key(&place)
    }

    /// The places of the living orders that were entered by hand and are not bound.
    pub(in crate::gateway) fn unbound(&self) -> Vec<usize> {
        let unbound = |place: &usize| self.manual.get(place) == Some(&Binding::Unbound);
        self.live.iter().copied().filter(unbound).collect()
    }

    /// Makes an order that was entered by hand an order of client 0. Once.
    pub(in crate::gateway) fn bind(&mut self, place: usize) {
        let bound = self.manual.values().filter(|binding| **binding == Binding::Bound).count();
        let Some(binding @ Binding::Unbound) = self.manual.get_mut(&place) else { return };
        *binding = Binding::Bound;
        let id = FIRST_BOUND_ID - i32::try_from(bound).unwrap_or(i32::MAX / 2);
        let key = Key { client: BINDING_CLIENT, id };
        self.orders[place].ticket.key = key;
        self.places.insert(key, place);
    }

    /// Cancels an order that was entered by hand, at the screen where it was entered.
    pub(in crate::gateway) fn cancel_manual(
        &mut self,
        perm_id: i64,
        now: i64,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        let is_it = |place: &usize| self.orders[*place].perm_id == perm_id;
        let Some(place) = self.live.iter().copied().find(|place| self.is_manual(*place) && is_it(place))
        else {
            return Err(Refusal::new(
                10_147,
                format!("no living order entered by hand has the permanent id {perm_id}"),
            ));
        };
        self.end(place, Reason::Asked, now, facts);
        Ok(())
    }
}
