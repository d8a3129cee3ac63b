//! What can be chosen of the venue's behaviour.

use std::num::NonZeroU32;

/// How much of an order a bar fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fills {
    /// All of it, whatever traded.
    #[default]
    Whole,
    /// At most this share of the bar's volume, in percent, rounded down to whole shares, for all orders of the
    /// symbol together, in the order the bar serves them. The rest of an order goes on working. A bar that traded
    /// without telling a volume fills whole.
    BarVolume {
        /// Percent of the volume: 100 offers all of it.
        percent: NonZeroU32,
    },
}

/// Whether a new order must be covered by the account's available funds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Margin {
    /// An order that would bind more than there is gets 201 and stands as Inactive.
    #[default]
    Checked,
    /// Everything that is well formed is taken.
    Ignored,
}

/// What becomes of an order whose change still names a parent that is done. It gets 135 either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrphanModify {
    /// It is cancelled, as IBKR was seen to do.
    #[default]
    Cancels,
    /// Its client is told that it is cancelled, and it lives on at the exchange: it is listed with the open orders,
    /// and fills.
    ReportsCancelled,
    /// It stands as it stood.
    LeavesAlive,
}

/// All that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::gateway) struct Rules {
    pub(in crate::gateway) fills: Fills,
    pub(in crate::gateway) margin: Margin,
    pub(in crate::gateway) orphan_modify: OrphanModify,
}

/// The shares a bar has left for the orders it serves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer(Option<i64>);

impl Offer {
    pub(super) fn of(fills: Fills, volume: u64) -> Offer {
        match fills {
            Fills::BarVolume { percent } if volume > 0 => {
                let shares = u128::from(volume) * u128::from(percent.get()) / 100;
                Offer(Some(i64::try_from(shares).unwrap_or(i64::MAX)))
            }
            Fills::Whole | Fills::BarVolume { .. } => Offer(None),
        }
    }

    pub(super) fn is_spent(self) -> bool {
        self.0 == Some(0)
    }

    /// Takes as many of the wanted shares as there are.
    pub(super) fn take(&mut self, wanted: i64) -> i64 {
        let Some(left) = &mut self.0 else { return wanted };
        let shares = wanted.min(*left);
        *left -= shares;
        shares
    }
}
