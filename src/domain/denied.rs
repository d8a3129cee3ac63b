//! Which limit stands in an entry's way, in numbers for machines and in words for people. The limits themselves are
//! held in [`super::risk`].

use std::fmt;

use rust_decimal::Decimal;

use super::money::{Cash, Distance, Price, Qty, at_least_cents, cents};

/// An expected answer, not an error: which limit stood in the way, where it stands, and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// The risk does not buy a single share.
    NoShares {
        /// What may be lost.
        budget: Cash,
        /// What one share loses at the stop.
        distance: Distance,
        /// The largest order, in shares.
        max: Qty,
    },
    /// All positions together would risk too much. Percent of the account.
    PortfolioRisk {
        /// Open and reserved risk.
        current: Decimal,
        /// The risk of this entry.
        new: Decimal,
        /// The limit.
        max: Decimal,
    },
    /// The order is worth too much. Percent of the account.
    OrderValue {
        /// The order's value.
        current: Decimal,
        /// The limit.
        max: Decimal,
        /// The largest size that would pass.
        largest: Qty,
    },
    /// Too many shares.
    OrderShares {
        /// The computed size.
        current: Qty,
        /// The limit.
        max: Qty,
    },
    /// More than the broker lets us spend.
    BuyingPower {
        /// The order's value.
        current: Cash,
        /// What may still be spent.
        max: Cash,
        /// The largest size that would pass.
        largest: Qty,
    },
    /// The market is at or beyond the stop already.
    StopPassed {
        /// The market.
        price: Price,
        /// The stop.
        stop: Price,
    },
    /// A signal while the contract's regular session is closed.
    OutsideSession,
    /// The contract's currency is not the account's, and no exchange rate is known.
    Currency {
        /// Of the contract.
        contract: String,
        /// Of the account.
        account: String,
    },
    /// The broker has not told a usable account value.
    AccountUnknown,
    /// The books do not agree with the broker yet, or the connection is down.
    NotReady,
    /// A signal that waited for a session, and nobody looked when the session began.
    SignalLate,
    /// Our position and the broker's differ in this symbol; it stays frozen until a person has looked.
    Frozen,
}

impl Denied {
    /// The configuration key (or the condition) that stood in the way; its name ends in the unit of
    /// [`Denied::current`] and [`Denied::max`].
    pub fn limit(&self) -> &'static str {
        match self {
            Denied::NoShares { .. } | Denied::OrderShares { .. } => "order_shares",
            Denied::PortfolioRisk { .. } => "portfolio_risk_percent",
            Denied::OrderValue { .. } => "order_value_percent",
            Denied::BuyingPower { .. } => "buying_power",
            Denied::StopPassed { .. } => "stop_price",
            Denied::OutsideSession => "session",
            Denied::Currency { .. } => "currency",
            Denied::AccountUnknown => "account_value",
            Denied::NotReady => "connection",
            Denied::SignalLate => "signal_age",
            Denied::Frozen => "symbol_frozen",
        }
    }

    /// Where it stands: for the portfolio without the new entry, else what was asked for.
    pub fn current(&self) -> Option<Decimal> {
        match self {
            Denied::NoShares { .. } => Some(Decimal::ZERO),
            Denied::PortfolioRisk { current, .. } | Denied::OrderValue { current, .. } => {
                Some(cents(*current))
            }
            Denied::OrderShares { current, .. } => Some(current.decimal()),
            Denied::BuyingPower { current, .. } => Some(current.cents()),
            Denied::StopPassed { price, .. } => Some(at_least_cents(price.decimal())),
            Denied::OutsideSession
            | Denied::Currency { .. }
            | Denied::AccountUnknown
            | Denied::NotReady
            | Denied::SignalLate
            | Denied::Frozen => None,
        }
    }

    /// How far it goes.
    pub fn max(&self) -> Option<Decimal> {
        match self {
            Denied::NoShares { max, .. } | Denied::OrderShares { max, .. } => Some(max.decimal()),
            Denied::PortfolioRisk { max, .. } | Denied::OrderValue { max, .. } => Some(cents(*max)),
            Denied::BuyingPower { max, .. } => Some(max.cents()),
            Denied::StopPassed { stop, .. } => Some(at_least_cents(stop.decimal())),
            Denied::OutsideSession
            | Denied::Currency { .. }
            | Denied::AccountUnknown
            | Denied::NotReady
            | Denied::SignalLate
            | Denied::Frozen => None,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denied::NoShares { budget, distance, .. } => write!(
                f,
                "Size below one share: {budget} may be lost and one share loses {distance} at the stop"
            ),
            Denied::PortfolioRisk { current, new, max } => write!(
                f,
                "Portfolio risk limit exceeded: current {} %, new {} %, max {} %",
                cents(*current),
                cents(*new),
                cents(*max)
            ),
            Denied::OrderValue { current, max, largest } => write!(
                f,
                "Order value limit exceeded: order {} % of the account, max {} %; the largest size that passes is {largest}",
                cents(*current),
                cents(*max)
            ),
            Denied::OrderShares { current, max } => {
                write!(f, "Order size limit exceeded: order {current} shares, max {max} shares")
            }
            Denied::BuyingPower { current, max, largest } => write!(
                f,
                "Buying power exceeded: order value {current}, max {max}; the largest size that passes is {largest}"
            ),
            Denied::StopPassed { price, stop } => {
                write!(f, "Stop already passed: the market is at {price}, the stop at {stop}")
            }
            Denied::OutsideSession => {
                write!(f, "Outside the session: entries are decided in the regular session only")
            }
            Denied::Currency { contract, account } => {
                write!(f, "Currency mismatch: the contract trades in {contract}, the account is in {account}")
            }
            Denied::AccountUnknown => {
                write!(f, "Account value unknown: the broker has not told one above zero")
            }
            Denied::NotReady => write!(f, "Not ready: the books and the broker are not reconciled"),
            Denied::SignalLate => {
                write!(f, "Signal too old: the first bar of the session it waited for has passed")
            }
            Denied::Frozen => write!(f, "Symbol frozen: our position and the broker's differ"),
        }
    }
}
