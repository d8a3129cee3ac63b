//! Where a plan enters, where it is wrong, where it is right: three prices that must stand on their sides.

use std::ops::Range;

use rust_decimal::Decimal;

use crate::domain::ids::Direction;
use crate::domain::money::{Price, at_least_cents};

use super::code;
use super::fields::Fields;
use super::source::Remark;
use super::value;

/// A stop nearer to the entry than this is likely a slip, in percent of the entry.
const STOP_PERCENT_MIN: Decimal = Decimal::from_parts(1, 0, 0, false, 1);
/// A stop farther from the entry than this is likely a slip (`17` of `178.00`), in percent of the entry.
const STOP_PERCENT_MAX: Decimal = Decimal::from_parts(25, 0, 0, false, 0);

/// The prices of a plan.
///
/// Invariant: the stop lies on the losing side of the entry, the target on the winning one.
pub(super) struct Levels {
    pub(super) direction: Direction,
    pub(super) entry: Price,
    pub(super) stop: Price,
    pub(super) target: Option<Price>,
}

/// A price and where it is written.
struct Level {
    price: Price,
    at: Range<usize>,
}

/// The plan's prices and the direction they or `side` tell; `None`, with remarks, where they contradict each other.
pub(super) fn read(fields: &mut Fields<'_, '_>) -> Option<Levels> {
    let level = |node| value::price(node).map(|price| Level { price, at: node.span.clone() });
    let entry = fields.needed("entry_level", level);
    let stop = fields.needed("stop_loss", level);
    let target = fields.optional("take_profit", level);
    let side = fields.optional("side", |node| {
        let side = value::word(node, code::WORD, "side", &["long", "short"], |word| match word {
            "long" => Some(Direction::Long),
            "short" => Some(Direction::Short),
            _ => None,
        })?;
        Ok((side, node.span.clone()))
    });
    let (entry, stop) = (entry?, stop?);

    let before = fields.remarks.len();
    let direction = match &side {
        Some((direction, at)) => {
            fields.remarks.extend(against_side(*direction, at, &entry, &stop, target.as_ref()));
            *direction
        }
        None => {
            fields.remarks.extend(against_each_other(&entry, &stop, target.as_ref()));
            if stop.price < entry.price { Direction::Long } else { Direction::Short }
        }
    };
    if fields.remarks.len() > before {
        return None;
    }
    fields.remarks.extend(odd_distance(&entry, &stop));
    let target = target.map(|target| target.price);
    Some(Levels { direction, entry: entry.price, stop: stop.price, target })
}

/// What contradicts a side that was written down.
fn against_side(
    direction: Direction,
    side: &Range<usize>,
    entry: &Level,
    stop: &Level,
    target: Option<&Level>,
) -> Vec<Remark> {
    let mut found = Vec::new();
    let side_label = format!("the plan is {}", direction.word());
    let (losing, winning) = match direction {
        Direction::Long => ("below", "above"),
        Direction::Short => ("above", "below"),
    };
    if stop.price == entry.price {
        found.push(stop_at_entry(entry, stop));
    } else if (stop.price > entry.price) == (direction == Direction::Long) {
        let message =
            format!("stop_loss is on the winning side of entry_level of a {} plan", direction.word());
        let remark = Remark::error(code::STOP_SIDE, stop.at.clone(), message)
            .label(from_entry(stop, entry))
            .also(side.clone(), side_label.clone())
            .help(format!("put the stop {losing} {}, or change side", entry.price));
        found.push(remark);
    }
    let Some(target) = target else { return found };
    if target.price == entry.price {
        found.push(target_at_entry(target));
    } else if (target.price < entry.price) == (direction == Direction::Long) {
        let message =
            format!("take_profit is on the losing side of entry_level of a {} plan", direction.word());
        let remark = Remark::error(code::TARGET_SIDE, target.at.clone(), message)
            .label(from_entry(target, entry))
            .also(side.clone(), side_label)
            .help(format!("put the target {winning} {}, or change side", entry.price));
        found.push(remark);
    }
    found
}

/// What contradicts where no side was written down, and the stop tells it.
fn against_each_other(entry: &Level, stop: &Level, target: Option<&Level>) -> Vec<Remark> {
    let mut found = Vec::new();
    if stop.price == entry.price {
        found.push(stop_at_entry(entry, stop));
    }
    let Some(target) = target else { return found };
    if target.price == entry.price {
        found.push(target_at_entry(target));
    } else if found.is_empty() && (stop.price > entry.price) == (target.price > entry.price) {
        found.push(same_side(entry, stop, target));
    }
    found
}

fn same_side(entry: &Level, stop: &Level, target: &Level) -> Remark {
    let above = stop.price > entry.price;
    let far = at_least_cents((target.price - entry.price).abs().decimal());
    let label = format!("{far} {} it", if above { "above" } else { "below" });
    let at = entry.price;
    let help = if above {
        format!("for a long plan put the stop below {at}; for a short plan put the target below it")
    } else {
        format!("for a long plan put the target above {at}; for a short plan put the stop above it")
    };
    let message = "stop_loss and take_profit are on the same side of entry_level";
    Remark::error(code::SAME_SIDE, stop.at.clone(), message)
        .label(from_entry(stop, entry))
        .also(target.at.clone(), label)
        .help(help)
}

fn stop_at_entry(entry: &Level, stop: &Level) -> Remark {
    let message = "stop_loss equals entry_level: there is no risk to size the position by";
    Remark::error(code::STOP_AT_ENTRY, stop.at.clone(), message)
        .label("the stop")
        .also(entry.at.clone(), "the entry")
        .help("put the stop below the entry for a long plan, above it for a short one")
}

fn target_at_entry(target: &Level) -> Remark {
    Remark::error(code::TARGET_AT_ENTRY, target.at.clone(), "take_profit equals entry_level")
        .help("put the target where the plan has earned something, or leave it out")
}

/// Likely slips of the pen that a plan may still mean.
fn odd_distance(entry: &Level, stop: &Level) -> Option<Remark> {
    let percent = entry.price.percent_to(stop.price).abs();
    if STOP_PERCENT_MIN <= percent && percent <= STOP_PERCENT_MAX {
        return None;
    }
    let far = if percent < STOP_PERCENT_MIN { "near to" } else { "far from" };
    let shown = percent.round_dp(3).normalize();
    let message = format!("stop_loss is unusually {far} entry_level: {shown} % of it");
    let remark = Remark::warning(code::STOP_DISTANCE, stop.at.clone(), message)
        .label(from_entry(stop, entry))
        .also(entry.at.clone(), "the entry")
        .help("between 0.1 % and 25 % of the entry is usual; look at both prices again");
    Some(remark)
}

/// `6.50 above entry_level 180.50`.
fn from_entry(level: &Level, entry: &Level) -> String {
    let far = (level.price - entry.price).abs();
    let way = if level.price > entry.price { "above" } else { "below" };
    format!("{far} {way} entry_level {}", entry.price)
}
