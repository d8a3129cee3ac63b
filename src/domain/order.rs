//! One order: what it asks for, and its life as a table of (state, fact) → state.

use super::ids::{BrokerOrderId, Leg, OrderRef, PermId, PlanId, Side, Stamp};
use super::market::Hours;
use super::money::{Price, Qty};
use super::plan::Tif;

/// What an order asks of the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// Our name for it.
    pub reference: OrderRef,
    /// The plan it serves.
    pub plan: PlanId,
    /// Its role there.
    pub leg: Leg,
    /// Buys or sells.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// At what price.
    pub kind: OrderKind,
    /// How long it lives.
    pub tif: Tif,
    /// Whether it may trade outside the regular session.
    pub hours: Hours,
    /// The one-cancels-all group of the plan's exits; `None` for an entry.
    pub group: Option<String>,
    /// The entry it becomes active with, where it waits for one.
    pub parent: Option<OrderRef>,
}

/// At what price an order trades.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// At the market.
    Market,
    /// At this price or better.
    Limit(Price),
    /// At the market once this price traded.
    Stop(Price),
}

impl OrderKind {
    /// IBKR's word: `MKT`, `LMT` or `STP`.
    pub fn word(self) -> &'static str {
        match self {
            OrderKind::Market => "MKT",
            OrderKind::Limit(_) => "LMT",
            OrderKind::Stop(_) => "STP",
        }
    }
}

/// Where an order is in its life. What was filled is counted from executions, not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Durable with us, not known to have left.
    Planned,
    /// Handed to the socket; nobody has named it yet.
    Sent,
    /// Sent, and nothing known: only the broker can tell. Never sent again.
    Unknown,
    /// Named by the broker, waiting for its parent, its session or the exchange.
    Held,
    /// At work.
    Working,
    /// At work with an older price or quantity: a change was sent.
    Amending,
    /// A cancel was asked for. Fills are still possible.
    Cancelling,
    /// Neither at work nor finished (IBKR `Inactive`): it may come back.
    Inactive,
    /// Finished.
    Done(Outcome),
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Completely filled.
    Filled,
    /// Cancelled by us, by the broker, or by its group.
    Cancelled,
    /// Refused: IBKR's code and text.
    Rejected {
        /// IBKR's code; 0 where it told none.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// Its time in force ran out.
    Expired,
    /// Never existed at the broker, as complete answers of the broker showed.
    Abandoned,
}

/// Something that happened to one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderFact {
    /// Its bytes were handed to the socket under this number.
    Sent(BrokerOrderId),
    /// Sending failed or timed out: it may or may not have left.
    Lost,
    /// The broker named it.
    Acknowledged {
        /// The number it has with our client id.
        id: BrokerOrderId,
        /// The broker's lasting number; absent while it has none.
        perm: Option<PermId>,
    },
    /// The broker holds it (`PendingSubmit`, `PreSubmitted`, `ApiPending`).
    Held,
    /// It is at work.
    Working,
    /// We asked for another price or quantity.
    AmendPlanned(Amendment),
    /// The broker confirmed the price and quantity that are now in force.
    Amended(Amendment),
    /// The broker refused the change; the order lives on as it was.
    AmendRefused {
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// We asked for its end.
    CancelPlanned,
    /// The broker will neither work nor end it.
    Inactive,
    /// Completely filled, by the count of its executions.
    Filled,
    /// Cancelled.
    Cancelled,
    /// Refused.
    Rejected {
        /// IBKR's code.
        code: i32,
        /// IBKR's text.
        text: String,
    },
    /// Its time in force ran out.
    Expired,
    /// The broker never heard of it.
    Abandoned,
}

/// A new price and quantity for an order that stays the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amendment {
    /// The new price of a stop or limit.
    pub price: Price,
    /// The new total quantity, in shares.
    pub qty: Qty,
}

/// One execution, as the broker told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The broker's name for it: the key against counting it twice.
    pub id: super::ids::ExecId,
    /// Bought or sold.
    pub side: Side,
    /// Shares.
    pub qty: Qty,
    /// Per share.
    pub price: Price,
    /// When, as the exchange says (simulated: the start of the 5-second bar).
    pub at: Stamp,
}

/// A fact that cannot follow a state. The state stays; the fact is told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fact:?} cannot follow {state:?}")]
pub struct BadStep {
    /// Where the order is.
    pub state: OrderState,
    /// What was said.
    pub fact: OrderFact,
}

/// The life of an order, as a table.
///
/// Repeats are normal at IBKR and change nothing; what comes late never undoes what is final; a fill always wins.
pub fn step(state: &OrderState, fact: &OrderFact) -> Result<OrderState, BadStep> {
    use OrderFact as F;
    use OrderState as S;
    Ok(match (state, fact) {
        // Facts about an order that is finished. A fill overtakes everything; the rest is an echo.
        (S::Done(Outcome::Filled), _) => S::Done(Outcome::Filled),
        (S::Done(_), F::Filled) => S::Done(Outcome::Filled),
        // The broker can hold an order that complete answers had denied. It lives.
        (S::Done(Outcome::Abandoned), F::Acknowledged { .. } | F::Held) => S::Held,
        (S::Done(Outcome::Abandoned), F::Working) => S::Working,
        // A refusal tells more than the cancellation that comes with it.
        (S::Done(Outcome::Cancelled), F::Rejected { code, text }) => {
            S::Done(Outcome::Rejected { code: *code, text: text.clone() })
        }
        (S::Done(outcome), _) => S::Done(outcome.clone()),

        (S::Planned, F::Sent(_)) => S::Sent,
        (S::Planned | S::Sent | S::Unknown, F::Lost) => S::Unknown,
        // The answer may be faster than our own note that the bytes have left.
        (later, F::Sent(_)) => later.clone(),
        (later, F::Lost) => later.clone(),

        (S::Planned | S::Sent | S::Unknown, F::Acknowledged { .. }) => S::Held,
        (later, F::Acknowledged { .. }) => later.clone(),

        // Our own wish outlives the echo of an older state.
        (S::Cancelling, F::Held | F::Working | F::Inactive) => S::Cancelling,
        (S::Amending, F::Held | F::Working) => S::Amending,
        (_, F::Held) => S::Held,
        (_, F::Working) => S::Working,
        (_, F::Inactive) => S::Inactive,

        (S::Held | S::Working | S::Amending | S::Inactive, F::AmendPlanned(_)) => S::Amending,
        (S::Amending, F::Amended(_) | F::AmendRefused { .. }) => S::Working,
        (later, F::Amended(_) | F::AmendRefused { .. }) => later.clone(),
        (_, F::CancelPlanned) => S::Cancelling,

        (_, F::Filled) => S::Done(Outcome::Filled),
        (_, F::Cancelled) => S::Done(Outcome::Cancelled),
        (_, F::Expired) => S::Done(Outcome::Expired),
        (_, F::Rejected { code, text }) => S::Done(Outcome::Rejected { code: *code, text: text.clone() }),
        // A cancel may have been asked for before anybody named the order.
        (S::Planned | S::Sent | S::Unknown | S::Cancelling, F::Abandoned) => S::Done(Outcome::Abandoned),

        (state, fact @ (F::AmendPlanned(_) | F::Abandoned)) => {
            return Err(BadStep { state: state.clone(), fact: fact.clone() });
        }
    })
}

impl OrderState {
    /// Whether the order can still trade, as far as we know.
    pub fn is_live(&self) -> bool {
        !matches!(self, OrderState::Done(_))
    }

    /// The word in listings: pending|submitted|filled|cancelled|rejected|inactive|expired|unknown.
    pub fn word(&self) -> &'static str {
        match self {
            OrderState::Planned | OrderState::Sent => "pending",
            // IBKR calls a resting stop `PreSubmitted` until it triggers: held, and as good as submitted.
            OrderState::Held | OrderState::Working | OrderState::Amending | OrderState::Cancelling => {
                "submitted"
            }
            OrderState::Unknown => "unknown",
            OrderState::Inactive => "inactive",
            OrderState::Done(Outcome::Filled) => "filled",
            OrderState::Done(Outcome::Cancelled | Outcome::Abandoned) => "cancelled",
            OrderState::Done(Outcome::Rejected { .. }) => "rejected",
            OrderState::Done(Outcome::Expired) => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn amendment() -> Amendment {
        Amendment { price: Price::new(rust_decimal::Decimal::TEN).expect("a price"), qty: Qty::new(100) }
    }

    /// A word of a story. The match names every fact, so that a new one cannot be forgotten here.
    fn word(fact: &OrderFact) -> &'static str {
        match fact {
            OrderFact::Sent(_) => "sent",
            OrderFact::Lost => "lost",
            OrderFact::Acknowledged { .. } => "ack",
            OrderFact::Held => "held",
            OrderFact::Working => "working",
            OrderFact::AmendPlanned(_) => "amend",
            OrderFact::Amended(_) => "amended",
            OrderFact::AmendRefused { .. } => "amend-refused",
            OrderFact::CancelPlanned => "cancel",
            OrderFact::Inactive => "inactive",
            OrderFact::Filled => "filled",
            OrderFact::Cancelled => "cancelled",
            OrderFact::Rejected { .. } => "rejected",
            OrderFact::Expired => "expired",
            OrderFact::Abandoned => "abandoned",
        }
    }

    fn every_fact() -> Vec<OrderFact> {
        let text = || "no".to_owned();
        vec![
            OrderFact::Sent(BrokerOrderId(7)),
            OrderFact::Lost,
            OrderFact::Acknowledged { id: BrokerOrderId(7), perm: None },
            OrderFact::Held,
            OrderFact::Working,
            OrderFact::AmendPlanned(amendment()),
            OrderFact::Amended(amendment()),
            OrderFact::AmendRefused { code: 201, text: text() },
            OrderFact::CancelPlanned,
            OrderFact::Inactive,
            OrderFact::Filled,
            OrderFact::Cancelled,
            OrderFact::Rejected { code: 201, text: text() },
            OrderFact::Expired,
            OrderFact::Abandoned,
        ]
    }

    fn every_state() -> Vec<OrderState> {
        let open = [
            OrderState::Planned,
            OrderState::Sent,
            OrderState::Unknown,
            OrderState::Held,
            OrderState::Working,
            OrderState::Amending,
            OrderState::Cancelling,
            OrderState::Inactive,
        ];
        let rejected = Outcome::Rejected { code: 201, text: "no".into() };
        let ended = [Outcome::Filled, Outcome::Cancelled, rejected, Outcome::Expired, Outcome::Abandoned];
        open.into_iter().chain(ended.map(OrderState::Done)).collect()
    }

    fn fact(named: &str) -> OrderFact {
        every_fact().into_iter().find(|fact| word(fact) == named).expect("a fact")
    }

    /// Plays facts to a planned order, and shows the state after each.
    fn play(story: &str) -> String {
        let mut state = OrderState::Planned;
        let mut told = Vec::new();
        for named in story.split_whitespace() {
            match step(&state, &fact(named)) {
                Ok(next) => {
                    told.push(format!("{named:9} {next:?}"));
                    state = next;
                }
                Err(bad) => told.push(format!("{named:9} refused: {bad}")),
            }
        }
        told.join("\n")
    }

    #[test]
    fn an_order_is_planned_sent_named_worked_and_filled() {
        insta::assert_snapshot!(play("sent ack held working filled"), @r"
        sent      Sent
        ack       Held
        held      Held
        working   Working
        filled    Done(Filled)
        ");
    }

    #[test]
    fn a_fill_that_overtakes_the_cancel_wins() {
        insta::assert_snapshot!(play("sent ack working cancel working filled cancelled"), @r"
        sent      Sent
        ack       Held
        working   Working
        cancel    Cancelling
        working   Cancelling
        filled    Done(Filled)
        cancelled Done(Filled)
        ");
    }

    #[test]
    fn a_fill_after_the_end_was_told_still_counts() {
        insta::assert_snapshot!(play("sent ack cancel cancelled filled"), @r"
        sent      Sent
        ack       Held
        cancel    Cancelling
        cancelled Done(Cancelled)
        filled    Done(Filled)
        ");
        insta::assert_snapshot!(play("sent rejected filled working"), @r#"
        sent      Sent
        rejected  Done(Rejected { code: 201, text: "no" })
        filled    Done(Filled)
        working   Done(Filled)
        "#);
    }

    #[test]
    fn a_silent_order_is_unknown_until_the_broker_tells() {
        // Truth 5, once: nothing leads from Unknown back to Planned or Sent.
        insta::assert_snapshot!(play("sent lost sent ack working"), @r"
        sent      Sent
        lost      Unknown
        sent      Unknown
        ack       Held
        working   Working
        ");
        insta::assert_snapshot!(play("lost abandoned"), @r"
        lost      Unknown
        abandoned Done(Abandoned)
        ");
    }

    #[test]
    fn an_order_that_the_broker_had_denied_and_then_shows_lives() {
        insta::assert_snapshot!(play("sent lost abandoned held"), @r"
        sent      Sent
        lost      Unknown
        abandoned Done(Abandoned)
        held      Held
        ");
        insta::assert_snapshot!(play("sent lost abandoned working"), @r"
        sent      Sent
        lost      Unknown
        abandoned Done(Abandoned)
        working   Working
        ");
    }

    #[test]
    fn an_order_that_was_to_be_cancelled_and_never_existed_is_over() {
        insta::assert_snapshot!(play("sent lost cancel abandoned"), @r"
        sent      Sent
        lost      Unknown
        cancel    Cancelling
        abandoned Done(Abandoned)
        ");
    }

    #[test]
    fn a_changed_order_stays_the_same_order() {
        insta::assert_snapshot!(play("sent ack held amend held amended amend working amend-refused"), @r"
        sent      Sent
        ack       Held
        held      Held
        amend     Amending
        held      Amending
        amended   Working
        amend     Amending
        working   Amending
        amend-refused Working
        ");
    }

    #[test]
    fn what_was_not_named_is_not_changed_and_what_exists_was_not_abandoned() {
        insta::assert_snapshot!(play("amend sent amend lost amend ack abandoned cancel amend"), @r"
        amend     refused: AmendPlanned(Amendment { price: Price(10), qty: Qty(100) }) cannot follow Planned
        sent      Sent
        amend     refused: AmendPlanned(Amendment { price: Price(10), qty: Qty(100) }) cannot follow Sent
        lost      Unknown
        amend     refused: AmendPlanned(Amendment { price: Price(10), qty: Qty(100) }) cannot follow Unknown
        ack       Held
        abandoned refused: Abandoned cannot follow Held
        cancel    Cancelling
        amend     refused: AmendPlanned(Amendment { price: Price(10), qty: Qty(100) }) cannot follow Cancelling
        ");
    }

    #[test]
    fn a_refusal_tells_more_than_the_cancellation_that_comes_with_it() {
        insta::assert_snapshot!(play("sent cancelled rejected cancelled expired"), @r#"
        sent      Sent
        cancelled Done(Cancelled)
        rejected  Done(Rejected { code: 201, text: "no" })
        cancelled Done(Rejected { code: 201, text: "no" })
        expired   Done(Rejected { code: 201, text: "no" })
        "#);
    }

    #[test]
    fn an_inactive_order_may_come_back() {
        insta::assert_snapshot!(play("sent ack inactive held inactive working inactive amend"), @r"
        sent      Sent
        ack       Held
        inactive  Inactive
        held      Held
        inactive  Inactive
        working   Working
        inactive  Inactive
        amend     Amending
        ");
    }

    #[test]
    fn an_answer_may_be_faster_than_our_own_note() {
        insta::assert_snapshot!(play("ack working sent lost"), @r"
        ack       Held
        working   Working
        sent      Working
        lost      Working
        ");
    }

    #[test]
    fn every_state_has_its_word_in_listings() {
        let shown: Vec<String> = every_state()
            .iter()
            .map(|state| format!("{:9} live={:5} {state:?}", state.word(), state.is_live()))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r#"
        pending   live=true  Planned
        pending   live=true  Sent
        unknown   live=true  Unknown
        submitted live=true  Held
        submitted live=true  Working
        submitted live=true  Amending
        submitted live=true  Cancelling
        inactive  live=true  Inactive
        filled    live=false Done(Filled)
        cancelled live=false Done(Cancelled)
        rejected  live=false Done(Rejected { code: 201, text: "no" })
        expired   live=false Done(Expired)
        cancelled live=false Done(Abandoned)
        "#);
    }

    #[test]
    fn only_a_change_or_a_denial_can_be_out_of_place() {
        for state in every_state() {
            for fact in every_fact() {
                if let Err(bad) = step(&state, &fact) {
                    assert!(matches!(fact, OrderFact::AmendPlanned(_) | OrderFact::Abandoned), "{bad}");
                    assert_eq!((bad.state, bad.fact), (state.clone(), fact));
                }
            }
        }
    }

    #[test]
    fn what_is_over_stays_over_but_for_a_fill() {
        for state in every_state().into_iter().filter(|state| !state.is_live()) {
            for fact in every_fact() {
                let next = step(&state, &fact).expect("an echo");
                let expected = match (&state, &fact) {
                    (_, OrderFact::Filled) => OrderState::Done(Outcome::Filled),
                    // Two answers that knew less than this one.
                    (OrderState::Done(Outcome::Cancelled), OrderFact::Rejected { code, text }) => {
                        OrderState::Done(Outcome::Rejected { code: *code, text: text.clone() })
                    }
                    (
                        OrderState::Done(Outcome::Abandoned),
                        OrderFact::Acknowledged { .. } | OrderFact::Held,
                    ) => OrderState::Held,
                    (OrderState::Done(Outcome::Abandoned), OrderFact::Working) => OrderState::Working,
                    (over, _) => (*over).clone(),
                };
                assert_eq!(next, expected, "{} after {state:?}", word(&fact));
            }
        }
    }

    #[test]
    fn a_repeated_fact_changes_nothing() {
        for state in every_state() {
            for fact in every_fact() {
                if let Ok(once) = step(&state, &fact) {
                    assert_eq!(step(&once, &fact), Ok(once.clone()), "{} after {state:?}", word(&fact));
                }
            }
        }
    }

    #[test]
    fn no_order_becomes_one_that_could_be_sent_again() {
        // Truth 5, once.
        for state in every_state().into_iter().filter(|state| *state != OrderState::Planned) {
            for fact in every_fact() {
                let next = step(&state, &fact).unwrap_or(state.clone());
                assert_ne!(next, OrderState::Planned, "{} after {state:?}", word(&fact));
                assert!(
                    next != OrderState::Sent || state == OrderState::Sent,
                    "{} after {state:?}",
                    word(&fact)
                );
            }
        }
    }

    proptest! {
        #[test]
        fn in_whatever_order_the_answers_come_a_filled_order_ends_filled(
            answers in Just(vec!["sent", "ack", "held", "working", "filled"]).prop_shuffle(),
        ) {
            let mut state = OrderState::Planned;
            for named in answers {
                state = step(&state, &fact(named)).expect("none of them is out of place");
            }
            prop_assert_eq!(state, OrderState::Done(Outcome::Filled));
        }

        #[test]
        fn a_fill_wins_over_whatever_else_is_told(
            before in proptest::collection::vec(proptest::sample::select(every_fact()), 0..12),
            after in proptest::collection::vec(proptest::sample::select(every_fact()), 0..12),
        ) {
            let told = before.iter().chain([&OrderFact::Filled]).chain(&after);
            let end = told.fold(OrderState::Planned, |state, fact| step(&state, fact).unwrap_or(state));
            prop_assert_eq!(end, OrderState::Done(Outcome::Filled));
        }
    }
}
