//! Taking a new order, and sending the orders that were held for it.

use super::{Fact, Kind, Moment, Note, Order, Reach, Refusal, State, Ticket, Transmit, Venue};
use crate::gateway::feed::Hours;

/// How children of one parent are tied together where their client did not say: one fill reduces the others.
const OCA_TYPE_OF_CHILDREN: i32 = 3;
/// Added to the number of an order to make its permanent id.
const PERM_ID_BASE: i64 = 1_000_000;

impl Venue {
    /// Takes an order, or the new version of one: the same id again means "change it".
    pub(in crate::gateway) fn place(
        &mut self,
        ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        match self.places.get(&ticket.key) {
            Some(place) => self.amend(*place, ticket, moment, facts),
            None => self.accept(ticket, moment, facts),
        }
    }

    /// Uses up an order id without an order, as a what-if does.
    pub(in crate::gateway) fn use_id(&mut self, key: super::Key) -> Result<(), Refusal> {
        if key.id <= 0 || key.id < self.next_id(key.client) {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        self.highest.insert(key.client, key.id);
        Ok(())
    }

    fn accept(&mut self, ticket: Ticket, moment: &Moment, facts: &mut Vec<Fact>) -> Result<(), Refusal> {
        let parent = self.parent_of(&ticket)?;
        self.use_id(ticket.key)?;
        self.places.insert(ticket.key, self.orders.len());
        self.admit(ticket, parent, moment, facts);
        Ok(())
    }

    /// Takes an order that has been checked. Invariant: whoever may name it has its key in `places`.
    pub(super) fn admit(
        &mut self,
        mut ticket: Ticket,
        parent: Option<usize>,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) {
        if let Some(parent) = parent
            && ticket.oca_group.is_empty()
        {
            ticket.oca_group = self.orders[parent].perm_id.to_string();
            ticket.oca_type = OCA_TYPE_OF_CHILDREN;
        }
        let place = self.orders.len();
        let transmit = ticket.transmit;
        self.live.push(place);
        self.orders.push(Order {
            perm_id: PERM_ID_BASE + place as i64 + 1,
            state: State::Held,
            parent,
            acts_after: i64::MIN,
            expires: None,
            ended: None,
            ticket,
        });
        self.set_life(place, moment);
        match transmit {
            Transmit::Hold => self.stands(place, facts),
            Transmit::Now => self.transmit_family(place, moment, facts),
        }
    }

    /// The place of the parent a new order names: it has to be there and unfilled.
    fn parent_of(&self, ticket: &Ticket) -> Result<Option<usize>, Refusal> {
        if ticket.parent == 0 {
            return Ok(None);
        }
        let key = super::Key { client: ticket.key.client, id: ticket.parent };
        match self.places.get(&key) {
            Some(place) if self.orders[*place].state.is_live() => Ok(Some(*place)),
            _ => Err(no_parent(ticket.parent)),
        }
    }

    /// Sends an order, and with it the parent and the siblings that were held for it.
    pub(super) fn transmit_family(&mut self, place: usize, moment: &Moment, facts: &mut Vec<Fact>) {
        if let Some(parent) = self.orders[place].parent {
            let mut held = self.live.clone();
            held.retain(|other| {
                let order = &self.orders[*other];
                let family = *other == parent || order.parent == Some(parent);
                family && *other != place && order.state == State::Held
            });
            for other in held {
                self.transmit(other, moment, facts);
            }
        }
        self.transmit(place, moment, facts);
    }

    fn transmit(&mut self, place: usize, moment: &Moment, facts: &mut Vec<Fact>) {
        let unfilled = self.orders[place].parent.is_some_and(|parent| self.orders[parent].state.is_live());
        self.orders[place].state = if unfilled { State::Waiting } else { State::Working };
        self.stands(place, facts);
        let Ticket { kind, reach, .. } = self.orders[place].ticket;
        if reach == Reach::AnyHour && !matches!(kind, Kind::Limit(_)) {
            facts.push(Fact::Noted(place, Note::SessionOnly));
        }
        if !unfilled && kind == Kind::Market && moment.hours == Hours::Outside {
            facts.push(Fact::Noted(place, Note::WaitsForOpen));
        }
    }

    /// A day order ends with this session, or with the next when it is given outside of one.
    pub(super) fn set_life(&mut self, place: usize, moment: &Moment) {
        let order = &mut self.orders[place];
        order.expires = match order.ticket.life {
            super::Life::Day => moment.day_ends,
            super::Life::UntilCancelled => None,
        };
    }
}

pub(super) fn no_parent(id: i32) -> Refusal {
    Refusal::new(135, format!("Can't find order with id = {id}"))
}
