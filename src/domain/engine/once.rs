//! What people were told already. A rule that is wrong on one candle is wrong on the next: said once, it fills
//! neither journal nor phone.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::ids::{OrderRef, PlanId};
use super::super::risk::StopRefusal;

/// What was said last, so that it is not said again until something else was.
#[derive(Debug, Default)]
pub(super) struct Once {
    faults: BTreeMap<PlanId, String>,
    refusals: BTreeMap<PlanId, (u8, Decimal)>,
    over: BTreeSet<PlanId>,
    late: BTreeSet<PlanId>,
    strangers: BTreeSet<OrderRef>,
    blocked: BTreeSet<PlanId>,
}

impl Once {
    /// Whether this fault of the plan's rule is news.
    pub(super) fn fault(&mut self, plan: &PlanId, why: &str) -> bool {
        self.faults.insert(plan.clone(), why.to_owned()).as_deref() != Some(why)
    }

    /// The rule came to a clean end.
    pub(super) fn no_fault(&mut self, plan: &PlanId) {
        self.faults.remove(plan);
    }

    /// Whether this refusal is news: the same price refused for the same reason is none, wherever the market is.
    pub(super) fn refusal(&mut self, plan: &PlanId, refusal: &StopRefusal) -> bool {
        let key = match refusal {
            StopRefusal::Same { stop } => (0, stop.decimal()),
            StopRefusal::Looser { proposed, .. } => (1, proposed.decimal()),
            StopRefusal::ThroughMarket { proposed, .. } => (2, proposed.decimal()),
            StopRefusal::NoPrice(raw) => (3, *raw),
        };
        self.refusals.insert(plan.clone(), key) != Some(key)
    }

    /// Whether people don't know yet that the plan is over.
    pub(super) fn over(&mut self, plan: &PlanId) -> bool {
        self.over.insert(plan.clone())
    }

    /// Whether it is news that the plan's signals come too late.
    pub(super) fn late(&mut self, plan: &PlanId) -> bool {
        self.late.insert(plan.clone())
    }

    /// The plan's signals are in time.
    pub(super) fn in_time(&mut self, plan: &PlanId) {
        self.late.remove(plan);
    }

    /// Whether an order that the journal does not know was not seen before.
    pub(super) fn stranger(&mut self, reference: &OrderRef) -> bool {
        self.strangers.insert(reference.clone())
    }

    /// Whether it is news that the plan's exit would turn the account's position.
    pub(super) fn blocked(&mut self, plan: &PlanId) -> bool {
        self.blocked.insert(plan.clone())
    }

    /// The plan's exits are free again.
    pub(super) fn unblocked(&mut self, plan: &PlanId) {
        self.blocked.remove(plan);
    }
}
