//! What a fault does, as the log says it: the word of the fault file, and what it was told with it.

use std::fmt::{Display, Formatter, Result};

use super::deed::{Deed, Jump, Lasting, Priced, Words};

impl Display for Deed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(self.name())?;
        match self {
            Deed::Drop(gone) => match gone.away_for {
                Some(seconds) => write!(f, " for {seconds} market seconds"),
                None => f.write_str(" for ever"),
            },
            Deed::Freeze(lasting) | Deed::Delay(lasting) => match lasting {
                Lasting::For(time) => write!(f, " for {} wall seconds", time.as_secs_f64()),
                Lasting::UntilReleased => f.write_str(" until released"),
            },
            Deed::Duplicate(more) => write!(f, " {more}"),
            Deed::Refuse(words) | Deed::Reject(words) | Deed::Warn(words) | Deed::Overtake(words) => {
                let Words { code, text } = words;
                write!(f, " {code} {text}")
            }
            Deed::Split(parts) => write!(f, " {:?} {:?}", parts.sizes, parts.unit),
            Deed::Fill(Some(shares)) => write!(f, " {shares} shares"),
            Deed::NextId(Jump::By(step)) => write!(f, " by {step}"),
            Deed::NextId(Jump::To(id)) => write!(f, " to {id}"),
            Deed::Outage(outage) => until(f, outage.lasting),
            Deed::Restart(restart) => until(f, Some(restart.closed_for)),
            Deed::Order(order) => {
                write!(f, " {} {}", order.quantity, order.symbol)?;
                match order.price {
                    Priced::Market => f.write_str(" at the market"),
                    Priced::Limit(price) => write!(f, " limit {price}"),
                    Priced::Stop(price) => write!(f, " stop {price}"),
                }
            }
            Deed::Position(found) => write!(f, " {} {}", found.quantity, found.symbol),
            Deed::Halt(spell) | Deed::Stale(spell) | Deed::Frozen(spell) => {
                write!(f, " {}", spell.symbol)?;
                until(f, spell.lasting)
            }
            Deed::CorporateSplit(ratio) => write!(f, " {} {} for {}", ratio.symbol, ratio.new, ratio.old),
            Deed::Reorder(how) => write!(f, " {how:?}"),
            Deed::Corrupt(how) => write!(f, " {how:?}"),
            Deed::Trickle(_) | Deed::Lose | Deed::Vanish | Deed::Twin | Deed::Fill(None) => Ok(()),
        }
    }
}

/// How long something lasts, in seconds of the market.
fn until(f: &mut Formatter<'_>, lasting: Option<i64>) -> Result {
    match lasting {
        Some(seconds) => write!(f, " for {seconds} market seconds"),
        None => f.write_str(" until released"),
    }
}
