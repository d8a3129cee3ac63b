//! Connections that have not said who they are yet. There may only be so many: one more, and the oldest has to go,
//! so that a client that does say who it is always gets in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Connections that may be waited for at once to say who they are.
const UNGREETED_MAX: usize = 500;

/// The connections that have not said who they are.
#[derive(Debug, Default)]
pub(super) struct Lobby(Mutex<Guests>);

#[derive(Debug, Default)]
struct Guests {
    /// How many have come so far.
    count: u64,
    /// In the order they came.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// A connection's place in the lobby; given up when it is dropped.
#[derive(Debug)]
pub(super) struct Guest {
    lobby: Arc<Lobby>,
    number: u64,
    leave: Arc<Notify>,
}

impl Lobby {
    /// Lets a connection in, and sends the oldest away where there are too many.
    pub(super) fn enter(self: &Arc<Lobby>) -> Guest {
        let leave = Arc::new(Notify::new());
        let mut guests = self.guests();
        guests.count += 1;
        let number = guests.count;
        guests.waiting.insert(number, Arc::clone(&leave));
        if guests.waiting.len() > UNGREETED_MAX {
            guests.dismiss_oldest();
        }
        Guest { lobby: Arc::clone(self), number, leave }
    }

    /// Sends the oldest away, where the system has no room for another connection.
    pub(super) fn make_room(&self) {
        self.guests().dismiss_oldest();
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guests {
    fn dismiss_oldest(&mut self) {
        if let Some((_, oldest)) = self.waiting.pop_first() {
            oldest.notify_one();
        }
    }
}

impl Guest {
    /// Waits until the connection has to go.
    pub(super) async fn dismissed(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.lobby.guests().waiting.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_oldest_guest_goes_when_the_lobby_is_full_and_nobody_goes_before() {
        let lobby = Arc::new(Lobby::default());
        let mut guests: Vec<Guest> = (0..UNGREETED_MAX).map(|_| lobby.enter()).collect();
        assert!(guests.iter().all(|guest| guest.dismissed().now_or_never().is_none()));
        drop(guests.remove(7));
        guests.push(lobby.enter());
        assert!(guests[0].dismissed().now_or_never().is_none(), "another one had left");
        guests.push(lobby.enter());
        assert!(guests[0].dismissed().now_or_never().is_some());
        assert!(guests[1..].iter().all(|guest| guest.dismissed().now_or_never().is_none()));
    }
}
