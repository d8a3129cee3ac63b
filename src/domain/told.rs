//! What people are told, and the sentence they read: the same on the log and in a notification.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

use super::event::{Ending, Trade};
use super::ids::{Direction, Leg, OrderRef, PlanId, Side, Symbol};
use super::money::{Cash, Price, Qty, at_least_cents, cents};
use super::order::{Execution, OrderKind, Ticket};
use super::plan::{Plan, Problem};
use super::risk::Denied;

/// What people are told, on the log and by notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// A plan waits for its entry.
    Armed {
        /// The plan.
        plan: Box<Plan>,
    },
    /// An edit took effect.
    Changed {
        /// The plan.
        plan: PlanId,
    },
    /// An edit came too late.
    EditRefused {
        /// The plan.
        plan: PlanId,
        /// Why.
        why: String,
    },
    /// The file of a plan with a position is gone.
    Orphaned {
        /// The plan.
        plan: PlanId,
    },
    /// A plan is over without a position.
    Ended {
        /// The plan.
        plan: PlanId,
        /// How.
        how: Ending,
    },
    /// A signal waits for the next session.
    Held {
        /// The plan.
        plan: PlanId,
        /// The rule's reason.
        why: String,
    },
    /// A limit stood in the way.
    Refused {
        /// The plan.
        plan: PlanId,
        /// Which one.
        denied: Denied,
    },
    /// An order was handed to the broker.
    Placed {
        /// The order.
        ticket: Ticket,
        /// What it trades.
        symbol: Symbol,
        /// For an entry: what may be lost, in account currency.
        risk: Option<Cash>,
    },
    /// Shares were traded.
    Filled {
        /// The plan.
        plan: PlanId,
        /// What was traded.
        symbol: Symbol,
        /// Which of its orders.
        leg: Leg,
        /// What happened.
        execution: Execution,
    },
    /// The whole position has a resting stop.
    Protected {
        /// The plan.
        plan: PlanId,
        /// Which way the position earns.
        direction: Direction,
        /// Shares held and covered.
        qty: Qty,
        /// Where the stop rests.
        stop: Price,
        /// The stop's number at the broker.
        order_id: i32,
    },
    /// The broker confirmed a tighter stop.
    StopMoved {
        /// The plan.
        plan: PlanId,
        /// Where it was.
        from: Price,
        /// Where it is.
        to: Price,
        /// The order's number at the broker: the same all along.
        order_id: i32,
    },
    /// The broker refused an order or a change, or ended an order that should live.
    Failed {
        /// The plan.
        plan: PlanId,
        /// The order.
        reference: OrderRef,
        /// Which of the plan's orders.
        leg: Leg,
        /// IBKR's code, where there is one.
        code: Option<i32>,
        /// What was said.
        text: String,
    },
    /// A position is closed.
    Closed {
        /// The whole trade.
        trade: Box<Trade>,
    },
    /// A rule failed, or proposed what the gate refused.
    RuleTrouble {
        /// The plan.
        plan: PlanId,
        /// What.
        why: String,
    },
    /// A line a rule wrote.
    RuleSays {
        /// The plan.
        plan: PlanId,
        /// The line.
        line: String,
    },
    /// Something is wrong with a file a person wrote. What was in force before stays.
    Problem {
        /// What, where, and what to write instead.
        problem: Box<Problem>,
    },
    /// Somebody has to look.
    Alarm {
        /// What is wrong.
        text: String,
    },
    /// Good to know.
    Info {
        /// What.
        text: String,
    },
}

/// The digits an average price is shown with, at most: a quotient may have 28.
const AVERAGE_DIGITS_MAX: u32 = 4;

/// One line that starts with the plan: what a trader reads on the log.
///
/// Texts that come from outside are kept on that line, so that none of them can look like a line of ours.
impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Told::Armed { plan } => armed(f, plan),
            Told::Changed { plan } => write!(f, "plan {plan} changed: the edit is in force"),
            Told::EditRefused { plan, why } => write!(f, "plan {plan} edit refused: {}", OneLine(why)),
            Told::Orphaned { plan } => {
                write!(
                    f,
                    "plan {plan} orphaned: its file is gone; the position keeps its stop, which goes on trailing"
                )
            }
            Told::Ended { plan, how } => write!(f, "plan {plan} ended: {}", how.word()),
            Told::Held { plan, why } => {
                write!(f, "plan {plan} signal held for the next session: {}", OneLine(why))
            }
            Told::Refused { plan, denied } => {
                write!(f, "plan {plan} refused: {}", OneLine(&denied.to_string()))
            }
            Told::Placed { ticket, symbol, risk } => placed(f, ticket, symbol, *risk),
            Told::Filled { plan, symbol, leg, execution } => {
                let what = if *leg == Leg::Entry { "entered" } else { leg_filled(*leg) };
                let Execution { side, qty, price, .. } = execution;
                write!(f, "plan {plan} {what}: {} {qty} {symbol} at {price}", traded(*side))
            }
            Told::Protected { plan, direction: _, qty, stop, order_id } => {
                write!(f, "plan {plan} protected: {qty} shares, stop {stop} (order {order_id})")
            }
            Told::StopMoved { plan, from, to, order_id } => {
                write!(f, "plan {plan} stop moved: {from} -> {to} (order {order_id})")
            }
            Told::Failed { plan, reference, leg, code, text } => {
                write!(f, "plan {plan} failed: {} order", leg.word())?;
                if let Some(code) = code {
                    write!(f, ", code {code}")?;
                }
                write!(f, ": {} ({reference})", OneLine(text))
            }
            Told::Closed { trade } => closed(f, trade),
            Told::RuleTrouble { plan, why } => write!(f, "plan {plan} rule trouble: {}", OneLine(why)),
            Told::RuleSays { plan, line } => write!(f, "plan {plan} says: {}", OneLine(line)),
            Told::Problem { problem } => problem_line(f, problem),
            Told::Alarm { text } => write!(f, "ALARM: {}", OneLine(text)),
            Told::Info { text } => write!(f, "{}", OneLine(text)),
        }
    }
}

fn armed(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let (rule, timeframe) = (OneLine(&plan.entry.rule), plan.entry.timeframe.word());
    write!(
        f,
        "plan {} armed: {} {}, {rule} on {timeframe}, entry {}, stop {}, target ",
        plan.id,
        plan.direction.word(),
        plan.symbol,
        plan.entry_level,
        plan.stop_loss,
    )?;
    match plan.take_profit {
        Some(target) => write!(f, "{target}"),
        None => write!(f, "none"),
    }
}

fn placed(f: &mut fmt::Formatter<'_>, ticket: &Ticket, symbol: &Symbol, risk: Option<Cash>) -> fmt::Result {
    let Ticket { reference, plan, leg, side, qty, kind, .. } = ticket;
    write!(f, "plan {plan} placed: {} order, {} {qty} {symbol} ", leg.word(), side.word())?;
    match kind {
        OrderKind::Market => write!(f, "at market")?,
        OrderKind::Limit(price) => write!(f, "at {price} or better")?,
        OrderKind::Stop(price) => write!(f, "at market once {price} traded")?,
    }
    if let Some(risk) = risk {
        write!(f, ", {risk} at risk")?;
    }
    write!(f, " ({reference})")
}

fn closed(f: &mut fmt::Formatter<'_>, trade: &Trade) -> fmt::Result {
    write!(
        f,
        "plan {} closed: {} {} {} {} -> {} by {}, P&L {}, fees {}, R ",
        trade.plan,
        trade.direction.word(),
        trade.qty,
        trade.symbol,
        average(trade.entry_price),
        average(trade.exit_price),
        trade.exit_reason.word(),
        trade.pnl,
        trade.fees,
    )?;
    match trade.r_multiple {
        Some(r) => write!(f, "{}", cents(r)),
        None => write!(f, "none"),
    }
}

/// `plans/aapl.yaml:6:12: error[P101]: what is wrong; what to write instead`.
fn problem_line(f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
    let Problem { code, severity, file, line, column, message, help, rendered: _ } = problem;
    write!(f, "{}", OneLine(file))?;
    for place in [line, column].into_iter().take_while(|place| **place > 0) {
        write!(f, ":{place}")?;
    }
    write!(f, ": {}[{code}]: {}", severity.word(), OneLine(message))?;
    match help {
        Some(help) => write!(f, "; {}", OneLine(help)),
        None => Ok(()),
    }
}

fn average(price: Decimal) -> Decimal {
    at_least_cents(price.round_dp_with_strategy(AVERAGE_DIGITS_MAX, RoundingStrategy::MidpointAwayFromZero))
}

fn leg_filled(leg: Leg) -> &'static str {
    match leg {
        Leg::Entry => "entry filled",
        Leg::Stop => "stop filled",
        Leg::Target => "target filled",
        Leg::Exit => "exit filled",
    }
}

fn traded(side: Side) -> &'static str {
    match side {
        Side::Buy => "bought",
        Side::Sell => "sold",
    }
}

/// A text from outside, its control characters shown as spaces.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // U+2028 and U+2029 break lines too, and are no control characters.
        let breaks = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
        for (index, piece) in self.0.split(breaks).enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(piece)?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
