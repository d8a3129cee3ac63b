//! The laws, checked after every input: the recorded events fold to the live book; what is sent was recorded before it
//! in the same list; a name is used once; entries leave only when ready and within the portfolio limit; a stop never
//! loosens.

use std::collections::{BTreeMap, BTreeSet};

use prusik::domain::book::Book;
use prusik::domain::engine::Effect;
use prusik::domain::event::{Event, Recorded};
use prusik::domain::ids::{Direction, Leg, OrderRef, PlanId};
use prusik::domain::money::Price;
use prusik::domain::order::{OrderFact, OrderKind, Ticket};
use prusik::domain::risk::Limits;

/// Everything that was recorded and sent, over restarts.
#[derive(Debug, Default)]
pub(crate) struct Laws {
    pub(crate) journal: Vec<Recorded>,
    pub(crate) folded: Book,
    sent: BTreeSet<OrderRef>,
    stops: BTreeMap<PlanId, Price>,
}

impl Laws {
    /// Holds what one input caused against the laws.
    pub(crate) fn check(&mut self, effects: &[Effect], ready: bool, live: &Book) {
        let mut recorded: Vec<&Event> = vec![];
        for effect in effects {
            match effect {
                Effect::Record(row) => {
                    self.folded.apply(row);
                    self.journal.push(row.clone());
                    recorded.push(&row.event);
                    self.check_risk(&row.event);
                    self.note_stop(&row.event);
                }
                Effect::Enter(bracket) => {
                    assert!(ready, "truth 3 of the gate: an entry left while not ready");
                    let bracket = bracket.get();
                    let first = |event: &&Event| matches!(event, Event::EntryPlanned { bracket: b, .. } if **b == *bracket);
                    assert!(recorded.iter().any(first), "truth 2: {bracket:?} was not recorded first");
                    for ticket in [Some(&bracket.entry), Some(&bracket.stop), bracket.target.as_ref()] {
                        ticket.into_iter().for_each(|ticket| self.check_sent(ticket));
                    }
                }
                Effect::Submit(ticket) => {
                    let ticket = ticket.get();
                    let first = |event: &&Event| matches!(event, Event::OrderPlanned { ticket: t, .. } if t == ticket);
                    assert!(recorded.iter().any(first), "truth 2: {ticket:?} was not recorded first");
                    self.check_sent(ticket);
                }
                Effect::Amend { change, ticket, .. } => {
                    let to = change.get().to;
                    let first = |event: &&Event| matches!(event, Event::Order { reference, fact: OrderFact::AmendPlanned(t) } if *reference == ticket.reference && *t == to);
                    assert!(recorded.iter().any(first), "truth 2: {change:?} was not recorded first");
                    if ticket.leg == Leg::Stop {
                        self.check_ratchet(&ticket.plan, to.price);
                    }
                }
                _ => {}
            }
        }
        assert_eq!(self.folded, *live, "truth 7: the journal folds to the live book");
    }

    fn check_sent(&mut self, ticket: &Ticket) {
        assert!(self.sent.insert(ticket.reference.clone()), "truth 5: {} was used twice", ticket.reference);
        match (ticket.leg, ticket.kind) {
            (Leg::Stop, OrderKind::Stop(price)) => {
                self.check_ratchet(&ticket.plan, price);
                self.stops.insert(ticket.plan.clone(), price);
            }
            (Leg::Entry, _) => {
                self.stops.remove(&ticket.plan);
            }
            _ => {}
        }
    }

    /// What the broker confirmed is what a stop must not fall behind.
    fn note_stop(&mut self, event: &Event) {
        if let Event::Order { reference, fact: OrderFact::Amended(to) } = event
            && let Some(order) = self.folded.order(reference)
            && order.ticket.leg == Leg::Stop
        {
            self.stops.insert(order.ticket.plan.clone(), to.price);
        }
    }

    fn check_ratchet(&self, plan: &PlanId, to: Price) {
        let direction = self.folded.plan(plan).expect("its plan is known").plan.direction;
        let before = self.stops.get(plan).copied().unwrap_or(to);
        let loosened = match direction {
            Direction::Long => to < before,
            Direction::Short => to > before,
        };
        assert!(!loosened, "truth 4: the stop of {plan} went from {before} to {to}");
    }

    fn check_risk(&self, event: &Event) {
        if let Event::EntryPlanned { account, .. } = event {
            let exposure = self.folded.exposure();
            let at_risk = exposure.open_risk + exposure.reserved_risk;
            let limit = account.percent(Limits::default().portfolio_risk_percent);
            assert!(at_risk <= limit, "truth 6: {at_risk} at risk, {limit} allowed");
        }
    }
}
