//! Faults of a connection: its end, and what stands still or goes slowly.

use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::deed::{Cut, Deed, Gone, Lasting, Trickle};
use super::trouble::{Absence, Still};
use crate::gateway::exchange::{Client, Exchange, Step as InStep};
use crate::gateway::messages::{CurrentTime, told};
use crate::gateway::wire::push;

impl Deed {
    /// Whether it is done to one connection.
    pub(super) fn is_about_the_line(&self) -> bool {
        matches!(self, Deed::Drop(_) | Deed::Freeze(_) | Deed::Delay(_) | Deed::Trickle(_))
    }
}

impl Exchange {
    /// Does to a client's connection what is due.
    pub(super) fn strike_line(&mut self, client: i32, deed: &Deed) {
        if let Deed::Drop(gone) = deed {
            return self.drop_client(client, gone, None);
        }
        let Exchange { trouble, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        match deed {
            Deed::Freeze(lasting) => own.line.still = Still::Frozen(trouble.begin(*lasting)),
            Deed::Delay(lasting) => own.line.still = Still::Delayed(trouble.begin(*lasting)),
            Deed::Trickle(trickle) => own.line.trickle = Some(*trickle),
            _ => {}
        }
        own.wake.notify_one();
    }

    /// Ends a client's connection. It is still sent what waits for it, or only the first bytes of that; then, for a cut
    /// inside a frame, half of the next one.
    pub(super) fn drop_client(&mut self, client: i32, gone: &Gone, keep: Option<usize>) {
        let Some(mut own) = self.clients.remove(&client) else { return };
        self.trouble.gone(client);
        let mut rest = own.out.split_off(keep.unwrap_or(own.out.len()).min(own.out.len()));
        if gone.cut == Cut::InFrame {
            if rest.len() < 8 {
                push(&mut rest, told::CURRENT_TIME, &CurrentTime { time: Some(self.market.now) });
            }
            let length = rest.get(..4).map_or(0, |length| {
                length.iter().fold(0, |number: usize, byte| (number << 8) | usize::from(*byte))
            });
            let half = 4 + (length / 2).max(1);
            own.out.extend_from_slice(&rest[..half.min(rest.len())]);
        }
        self.expect_back(client, &own, gone);
        self.trouble.leaving.push((Arc::clone(&own.wake), std::mem::take(&mut own.out)));
        own.wake.notify_one();
    }

    fn expect_back(&mut self, client: i32, own: &Client, gone: &Gone) {
        if let Some(seconds) = gone.away_for {
            let until = self.market.now.saturating_add(seconds);
            let absence = Absence { until, door: gone.door, in_step: own.step != InStep::Free };
            self.trouble.absent.insert(client, absence);
        }
    }

    /// The bytes that a connection which ends is still owed; none where it is not one of these.
    pub(in crate::gateway) fn farewell(&mut self, wake: &Arc<Notify>) -> Option<Vec<u8>> {
        let leaving = &mut self.trouble.leaving;
        let place = leaving.iter().position(|(other, _)| Arc::ptr_eq(other, wake))?;
        Some(leaving.swap_remove(place).1)
    }

    /// The end of a freeze or a delay by the clock.
    pub(in crate::gateway) fn time_is_up(&mut self, number: u64) {
        for client in self.clients.values_mut() {
            if matches!(client.line.still, Still::Delayed(other) | Still::Frozen(other) if other == number) {
                client.line.still = Still::Flowing;
                client.wake.notify_one();
            }
        }
    }

    /// Lets every connection go on.
    pub(super) fn release_lines(&mut self) {
        for client in self.clients.values_mut() {
            client.line.still = Still::Flowing;
            client.line.trickle = None;
            client.wake.notify_one();
        }
        self.trouble.released.send_modify(|times| *times += 1);
    }
}

impl Client {
    /// Whether nothing may be read from it or written to it.
    pub(in crate::gateway) fn is_frozen(&self) -> bool {
        matches!(self.line.still, Still::Frozen(_))
    }

    /// Whether what is told waits.
    pub(in crate::gateway) fn is_held_back(&self) -> bool {
        self.line.still != Still::Flowing
    }

    /// In which pieces its bytes go.
    pub(in crate::gateway) fn trickle(&self) -> Option<Trickle> {
        self.line.trickle
    }
}

/// Everything a drop can say about a connection that has no client id yet.
pub(in crate::gateway) fn half_of(gone: &Gone, frame: &[u8]) -> usize {
    if gone.cut == Cut::InFrame { frame.len() / 2 } else { 0 }
}

/// Stands a connection still that has no client id yet.
pub(in crate::gateway) async fn stand_still(lasting: Lasting, mut released: watch::Receiver<u64>) {
    // Released early or over by itself, or with the gateway: it goes on in every case.
    match lasting {
        Lasting::For(time) => drop(tokio::time::timeout(time, released.changed()).await),
        Lasting::UntilReleased => drop(released.changed().await),
    }
}
