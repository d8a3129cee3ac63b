//! The gate. Nothing reaches the broker except as an [`Approved`], and only this file makes one.
//!
//! Entries are sized from the risk and checked against every limit. Exits, cancels and a tighter stop are never
//! blocked by an entry limit; a stop may only tighten.

use rust_decimal::Decimal;

pub use super::denied::Denied;
use super::ids::{Direction, OrderRef};
use super::money::{Cash, Price, Qty, SHARES_MAX, Tick};
use super::order::{Amendment, OrderKind, Ticket};
use super::plan::RiskCategory;

/// Proof that the limits were checked. Only this file can make one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved<T>(T);

impl<T> Approved<T> {
    /// What was approved.
    pub fn get(&self) -> &T {
        &self.0
    }

    /// What was approved, without its proof.
    pub fn into_inner(self) -> T {
        self.0
    }
}

/// The limits of `prusik.yaml`, section `risk`; each named with its unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// What a `small` plan may lose, in percent of the account.
    pub small_risk_percent: Decimal,
    /// What a `normal` plan may lose, in percent of the account.
    pub normal_risk_percent: Decimal,
    /// What a `large` plan may lose, in percent of the account.
    pub large_risk_percent: Decimal,
    /// What all positions and working entries together may lose, in percent of the account.
    pub portfolio_risk_percent: Decimal,
    /// The largest value of one order, in percent of the account.
    pub order_value_percent: Decimal,
    /// The largest order, in shares.
    pub order_shares: Qty,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            small_risk_percent: Decimal::ONE,
            normal_risk_percent: Decimal::TWO,
            large_risk_percent: Decimal::from(3),
            portfolio_risk_percent: Decimal::TEN,
            order_value_percent: Decimal::from(200),
            order_shares: Qty::new(10_000),
        }
    }
}

impl Limits {
    /// What a plan of this category may lose, in percent of the account.
    pub fn risk_percent(&self, category: RiskCategory) -> Decimal {
        match category {
            RiskCategory::Small => self.small_risk_percent,
            RiskCategory::Normal => self.normal_risk_percent,
            RiskCategory::Large => self.large_risk_percent,
        }
    }
}

/// The account at the moment of a decision, in its own currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Net liquidation value, positions marked at the latest close.
    pub value: Cash,
    /// What may be spent on new positions, as the broker says.
    pub buying_power: Cash,
}

/// What is at risk already, in account currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Exposure {
    /// Open positions to their current stops, never below zero each.
    pub open_risk: Cash,
    /// Entries that were approved and are not filled yet.
    pub reserved_risk: Cash,
    /// Value of those entries: buying power that is spoken for.
    pub reserved_value: Cash,
}

/// What is asked for when a rule says enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryRequest {
    /// How much may be lost.
    pub category: RiskCategory,
    /// The price the size is computed from: the worse of the plan's level and the market.
    pub reference: Price,
    /// The initial stop, on its tick.
    pub stop: Price,
    /// The plan's own bound on the size.
    pub max_quantity: Option<Qty>,
}

/// A size that passes every limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sized {
    /// Whole shares, at least one.
    pub qty: Qty,
    /// quantity × |reference − stop|, in account currency.
    pub risk: Cash,
    /// quantity × reference, in account currency.
    pub value: Cash,
}

/// floor(account × percent ÷ |reference − stop|), in whole shares; zero where the distance is zero.
///
/// Source: fixed-fractional position sizing.
pub fn size(account: Cash, percent: Decimal, reference: Price, stop: Price) -> Qty {
    let distance = (reference - stop).abs();
    if distance.decimal().is_zero() {
        return Qty::ZERO;
    }
    let budget = account.percent(percent);
    let qty = shares_for(budget, distance.decimal());
    // A quotient cut at 28 digits may have been rounded up to a whole number.
    if distance * qty > budget { qty.minus(Qty::new(1)) } else { qty }
}

/// Sizes an entry and holds it against every limit, in the order in which they are told: size, portfolio, value,
/// shares, buying power. Refuses with the first that stands in the way.
pub fn approve_size(
    request: &EntryRequest,
    limits: &Limits,
    account: &Account,
    exposure: &Exposure,
) -> Result<Sized, Denied> {
    // Taken apart, so that a new limit that nobody checks does not compile.
    let Limits {
        small_risk_percent: _,
        normal_risk_percent: _,
        large_risk_percent: _,
        portfolio_risk_percent,
        order_value_percent,
        order_shares,
    } = *limits;
    let Exposure { open_risk, reserved_risk, reserved_value } = *exposure;
    if account.value <= Cash::ZERO {
        return Err(Denied::AccountUnknown);
    }

    let percent = limits.risk_percent(request.category);
    let distance = (request.reference - request.stop).abs();
    let free = size(account.value, percent, request.reference, request.stop);
    let qty = request.max_quantity.map_or(free, |max| free.min(max));
    if qty.is_zero() {
        return Err(Denied::NoShares { budget: account.value.percent(percent), distance, max: order_shares });
    }

    let sized = Sized { qty, risk: distance * qty, value: request.reference * qty };
    let at_risk = open_risk + reserved_risk;
    if at_risk + sized.risk > account.value.percent(portfolio_risk_percent) {
        return Err(Denied::PortfolioRisk {
            current: at_risk.percent_of(account.value),
            new: sized.risk.percent_of(account.value),
            max: portfolio_risk_percent,
        });
    }
    let spendable = account.buying_power - reserved_value;
    let value_max = account.value.percent(order_value_percent);
    if sized.value > value_max {
        return Err(Denied::OrderValue {
            current: sized.value.percent_of(account.value),
            max: order_value_percent,
            largest: shares_for(value_max.min(spendable), request.reference.decimal()).min(order_shares),
        });
    }
    if qty > order_shares {
        return Err(Denied::OrderShares { current: qty, max: order_shares });
    }
    if sized.value > spendable {
        return Err(Denied::BuyingPower {
            current: sized.value,
            max: spendable,
            largest: shares_for(spendable, request.reference.decimal()),
        });
    }
    Ok(sized)
}

/// As many whole shares as `money` pays for; none for a debt. A quotient that no decimal holds is the most there is.
fn shares_for(money: Cash, per_share: Decimal) -> Qty {
    let money = money.decimal().max(Decimal::ZERO);
    money.checked_div(per_share).map_or(Qty::new(SHARES_MAX), Qty::floor)
}

/// An entry with its protection: they reach the broker together or not at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bracket {
    /// Opens the position.
    pub entry: Ticket,
    /// Its stop, as large as the entry.
    pub stop: Ticket,
    /// Its target, if the plan has one.
    pub target: Option<Ticket>,
    /// What was reserved for it, in account currency.
    pub risk: Cash,
    /// The price the size was computed from.
    pub reference: Price,
}

/// Approves an entry: sizes it, checks every limit, and lets `build` write the tickets for that size.
pub fn approve_entry(
    request: &EntryRequest,
    limits: &Limits,
    account: &Account,
    exposure: &Exposure,
    build: impl FnOnce(Sized) -> Bracket,
) -> Result<Approved<Bracket>, Denied> {
    let sized = approve_size(request, limits, account, exposure)?;
    let bracket = build(sized);
    debug_assert!(bracket.entry.qty == sized.qty && bracket.stop.qty == sized.qty);
    Ok(Approved(bracket))
}

/// Approves a market order that closes `position` or a part of it. Never blocked by an entry limit; refuses, with
/// `None`, only what would open or turn a position.
pub fn approve_exit(ticket: Ticket, direction: Direction, position: Qty) -> Option<Approved<Ticket>> {
    let closes = ticket.side == direction.exit_side() && !ticket.qty.is_zero() && ticket.qty <= position;
    closes.then_some(Approved(ticket))
}

/// Approves a protective stop for a position that has none. Refuses, with `None`, what is not a stop on the closing
/// side or is larger than the position.
pub fn approve_protection(ticket: Ticket, direction: Direction, position: Qty) -> Option<Approved<Ticket>> {
    if !matches!(ticket.kind, OrderKind::Stop(_)) {
        return None;
    }
    approve_exit(ticket, direction, position)
}

/// A new price or size for a resting exit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The order.
    pub reference: OrderRef,
    /// What it shall be.
    pub to: Amendment,
}

/// Why a stop stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StopRefusal {
    /// It is there already.
    #[error("the stop is at {stop} already")]
    Same {
        /// The resting stop.
        stop: Price,
    },
    /// A stop only tightens.
    #[error("{proposed} is looser than the resting stop {stop}")]
    Looser {
        /// What was proposed, on its tick.
        proposed: Price,
        /// The resting stop.
        stop: Price,
    },
    /// It would trigger at once.
    #[error("{proposed} is at or through the market at {market}")]
    ThroughMarket {
        /// What was proposed, on its tick.
        proposed: Price,
        /// The latest close.
        market: Price,
    },
    /// No price at all.
    #[error("{0} is not a price")]
    NoPrice(Decimal),
}

/// Rounds a stop to its tick towards the market: up for a long, down for a short. Rounding never adds risk.
/// Refuses what is no price.
pub fn stop_on_tick(direction: Direction, raw: Decimal, tick: Tick) -> Result<Price, StopRefusal> {
    // A rule can propose any number; one beyond all prices would not survive the division by the tick.
    let rounded = Price::new(raw).and_then(|_| match direction {
        Direction::Long => tick.up(raw),
        Direction::Short => tick.down(raw),
    });
    rounded.map_err(|_| StopRefusal::NoPrice(raw))
}

/// Rounds a target to its tick away from the market: up for a long, down for a short. Refuses what is no price.
pub fn target_on_tick(direction: Direction, raw: Decimal, tick: Tick) -> Result<Price, StopRefusal> {
    stop_on_tick(direction, raw, tick)
}

/// Whether `a` protects more than `b`.
pub fn tighter(direction: Direction, a: Price, b: Price) -> bool {
    match direction {
        Direction::Long => a > b,
        Direction::Short => a < b,
    }
}

/// Whether a stop at `stop` would trigger at `market`.
pub fn passed(direction: Direction, stop: Price, market: Price) -> bool {
    !tighter(direction, market, stop)
}

/// A resting stop, and the market it rests in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestingStop {
    /// The order.
    pub reference: OrderRef,
    /// Which way the position earns.
    pub direction: Direction,
    /// Where it rests, or where we have asked it to rest.
    pub stop: Price,
    /// Its size.
    pub qty: Qty,
    /// The contract's tick.
    pub tick: Tick,
    /// The latest close.
    pub market: Price,
}

/// Approves a tighter stop. The ratchet: looser, equal, or through the market is refused.
pub fn approve_stop_move(resting: &RestingStop, proposed: Decimal) -> Result<Approved<Change>, StopRefusal> {
    let RestingStop { reference, direction, stop, qty, tick, market } = resting;
    let price = stop_on_tick(*direction, proposed, *tick)?;
    if price == *stop {
        return Err(StopRefusal::Same { stop: *stop });
    }
    if !tighter(*direction, price, *stop) {
        return Err(StopRefusal::Looser { proposed: price, stop: *stop });
    }
    if passed(*direction, price, *market) {
        return Err(StopRefusal::ThroughMarket { proposed: price, market: *market });
    }
    Ok(Approved(Change { reference: reference.clone(), to: Amendment { price, qty: *qty } }))
}

/// Approves that an exit at an unchanged price covers `position`, no more and no less. `None` where it does already.
pub fn approve_resize(
    reference: &OrderRef,
    price: Price,
    qty: Qty,
    position: Qty,
) -> Option<Approved<Change>> {
    let differs = qty != position && !position.is_zero();
    differs.then(|| Approved(Change { reference: reference.clone(), to: Amendment { price, qty: position } }))
}

/// Approves another price for the target of a position. A target is no protection, so it may move either way.
pub fn approve_target_move(reference: &OrderRef, price: Price, qty: Qty) -> Approved<Change> {
    Approved(Change { reference: reference.clone(), to: Amendment { price, qty } })
}

#[cfg(test)]
#[path = "risk_tests.rs"]
mod tests;
