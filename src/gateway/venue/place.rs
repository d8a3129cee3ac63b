//! Taking a new order, and sending the orders that were held for it.

use rust_decimal::Decimal;

use super::{
    Entry, Fact, Key, Kind, Life, Margin, Moment, Note, Order, Reach, Refusal, Rejection, State, Ticket,
    Transmit, Venue, group_of,
};
use crate::gateway::account::commission;
use crate::gateway::feed::Hours;

/// How children of one parent are tied together where their client did not say: one fill reduces the others.
const OCA_TYPE_OF_CHILDREN: i32 = 3;
/// Added to the number of an order to make its permanent id.
const PERM_ID_BASE: i64 = 1_000_000;

impl Venue {
    /// Takes an order, or the new version of one: the same id again means "change it". Facts may be there to
    /// tell after a refusal too.
    pub(in crate::gateway) fn place(
        &mut self,
        ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
        if let Life::Until(end) = ticket.life
            && end <= moment.now
        {
            return Err(Refusal::new(334, "Invalid Good Till Date order: its date is over"));
        }
        match self.place_of(ticket.key) {
            Some(place) => self.amend(place, ticket, moment, facts),
            None => self.accept(ticket, moment, facts),
        }
    }

    /// Uses up an order id without an order, as a what-if does.
    pub(in crate::gateway) fn use_id(&mut self, key: Key) -> Result<(), Refusal> {
        if key.id <= 0 || key.id < self.next_id(key.client) {
            return Err(Refusal::new(103, "Duplicate order id"));
        }
        self.highest.insert(key.client, key.id);
        Ok(())
    }

    pub(super) fn accept(
        &mut self,
        ticket: Ticket,
        moment: &Moment,
        facts: &mut Vec<Fact>,
    ) -> Result<(), Refusal> {
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
        self.live.insert(place);
        self.orders.push(Order::new(ticket, PERM_ID_BASE + place as i64 + 1, parent));
        if let Some(parent) = parent {
            self.orders[parent].children.push(place);
        }
        if let Some(group) = group_of(&self.orders[place]) {
            self.groups.entry(group).or_default().members.insert(place);
        }
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
        match self.place_of(Key { client: ticket.key.client, id: ticket.parent }) {
            Some(place) if self.orders[place].state.is_live() => Ok(Some(place)),
            _ => Err(no_parent(ticket.parent)),
        }
    }

    /// Sends an order, and with it the parent and the siblings that were held for it.
    pub(super) fn transmit_family(&mut self, place: usize, moment: &Moment, facts: &mut Vec<Fact>) {
        if let Some(parent) = self.orders[place].parent {
            let family = [&[parent], self.orders[parent].children.as_slice()].concat();
            for other in family.into_iter().filter(|other| *other != place) {
                self.transmit(other, moment, facts);
            }
        }
        self.transmit(place, moment, facts);
    }

    /// Sends an order that is held; a refusal of its parent may have ended it on the way.
    fn transmit(&mut self, place: usize, moment: &Moment, facts: &mut Vec<Fact>) {
        if self.orders[place].state != State::Held {
            return;
        }
        let parent = self.orders[place].parent.map(|parent| &self.orders[parent]);
        let waits = parent.is_some_and(|parent| parent.state.is_live() && parent.filled == 0);
        if let Some(rejection) = self.rejection(place) {
            return self.reject(place, rejection, moment.now, facts);
        }
        let Ticket { kind, reach, symbol, .. } = self.orders[place].ticket;
        if waits {
            self.orders[place].state = State::Waiting;
        } else {
            self.set_to_work(place, self.account.holdings[symbol].mark);
        }
        self.stands(place, facts);
        if reach == Reach::AnyHour && !kind.knows_any_hour() {
            facts.push(Fact::Noted(place, Note::SessionOnly));
        }
        if !waits && kind == Kind::Market && moment.hours == Hours::Outside {
            facts.push(Fact::Noted(place, Note::WaitsForOpen));
        }
    }

    /// Why an order that is about to be sent must not be.
    fn rejection(&self, place: usize) -> Option<Rejection> {
        let order = &self.orders[place];
        let group = group_of(order).and_then(|group| self.groups.get(&group));
        if group.is_some_and(|group| group.entry == Entry::Closed) {
            return Some(Rejection::GroupFilled);
        }
        if self.rules.margin == Margin::Ignored || self.follows_parent(place, &order.ticket) {
            return None;
        }
        self.lack_of_margin(&order.ticket)
    }

    /// Whether an order only takes away what its living parent builds up, so that it binds nothing of its own.
    pub(super) fn follows_parent(&self, place: usize, ticket: &Ticket) -> bool {
        let parent = self.orders[place].parent.map(|parent| &self.orders[parent]);
        parent.is_some_and(|parent| {
            let Ticket { symbol, side, quantity, .. } = parent.ticket;
            parent.state.is_live()
                && ticket.symbol == symbol
                && ticket.side != side
                && ticket.quantity <= quantity
        })
    }

    /// What an order would bind beyond what its symbol binds now, in dollars.
    pub(super) fn binds(&self, ticket: &Ticket) -> Decimal {
        let mark = self.account.holdings[ticket.symbol].mark;
        let price = ticket.kind.reference(mark);
        price.map_or(Decimal::ZERO, |price| self.account.margin_change(ticket, price))
    }

    /// What is wrong with an order that would bind more than the account has free.
    pub(in crate::gateway) fn lack_of_margin(&self, ticket: &Ticket) -> Option<Rejection> {
        let holding = self.account.holdings[ticket.symbol];
        let price = ticket.kind.reference(holding.mark)?;
        let (change, worth) = (self.account.margin_change(ticket, price), self.account.worth());
        (change > Decimal::ZERO && change > worth.free()).then(|| Rejection::Margin {
            equity: worth.net_liquidation - commission(ticket.quantity, price),
            margin: worth.margin() + change,
        })
    }

    pub(super) fn reject(&mut self, place: usize, rejection: Rejection, now: i64, facts: &mut Vec<Fact>) {
        self.close(place, State::Inactive(rejection), now);
        facts.push(Fact::Rejected(place, rejection));
        self.end_children(place, now, facts);
    }

    /// A day order ends with this session, or with the next when it is given outside of one; one that acts at any
    /// hour ends with the hours after it.
    pub(super) fn set_life(&mut self, place: usize, moment: &Moment) {
        let order = &mut self.orders[place];
        let acts_outside = order.acts_outside();
        let expires = match order.ticket.life {
            Life::Day if acts_outside => moment.late_ends,
            Life::Day => moment.day_ends,
            Life::UntilCancelled => None,
            Life::Until(end) => Some(end),
        };
        if let Some(before) = std::mem::replace(&mut order.expires, expires) {
            self.expiries.remove(&(before, place));
        }
        if let Some(expires) = expires {
            self.expiries.insert((expires, place));
        }
    }
}

pub(super) fn no_parent(id: i32) -> Refusal {
    Refusal::new(135, format!("Can't find order with id = {id}"))
}
