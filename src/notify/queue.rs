//! The bounded queue between trading and Discord. Putting in never waits; when it is full, something is given up.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::message::{Message, Priority};

/// Messages that wait, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    info: VecDeque<(u64, String)>,
    urgent: VecDeque<(u64, String)>,
    arrived: u64,
    /// Given up since the last time it was told.
    untold: u64,
    /// Given up at all.
    dropped: u64,
}

impl Waiting {
    /// Puts a message at the end. Of `max` and more, the oldest informational one is given up, the new one included;
    /// an urgent one only where nothing else waits.
    pub(super) fn push(&mut self, message: Message, max: usize) {
        let numbered = (self.arrived, message.text);
        self.arrived += 1;
        match message.priority {
            Priority::Info => self.info.push_back(numbered),
            Priority::Urgent => self.urgent.push_back(numbered),
        }
        if self.len() <= max {
            return;
        }
        if self.info.pop_front().is_none() {
            self.urgent.pop_front();
        }
        self.untold += 1;
        self.dropped += 1;
    }

    /// The oldest message; before it, where some were given up, how many.
    pub(super) fn pop(&mut self) -> Option<Next> {
        if self.untold > 0 {
            return Some(Next::Gap(std::mem::take(&mut self.untold)));
        }
        let info_first = match (self.info.front(), self.urgent.front()) {
            (Some((info, _)), Some((urgent, _))) => info < urgent,
            (info, _) => info.is_some(),
        };
        let (from, priority) =
            if info_first { (&mut self.info, Priority::Info) } else { (&mut self.urgent, Priority::Urgent) };
        from.pop_front().map(|(_, text)| Next::Message(Message { priority, text }))
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.info.len() + self.urgent.len()
    }

    /// How many were given up.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// What the delivery takes up next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A message.
    Message(Message),
    /// So many were given up here.
    Gap(u64),
}

/// [`Waiting`] between threads.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Notify,
    max: usize,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    closed: bool,
}

impl Queue {
    /// A queue for `max` messages.
    pub(super) fn new(max: usize) -> Queue {
        Queue { state: Mutex::default(), changed: Notify::new(), max }
    }

    /// Puts a message in, without waiting for anything but the other side's pop.
    pub(super) fn push(&self, message: Message) {
        self.lock().waiting.push(message, self.max);
        self.changed.notify_one();
    }

    /// No more messages come: what waits is still taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_one();
    }

    /// The next message, as soon as there is one; `None` once the queue is closed and empty.
    pub(super) async fn next(&self) -> Option<Next> {
        loop {
            {
                let mut state = self.lock();
                match state.waiting.pop() {
                    Some(next) => return Some(next),
                    None if state.closed => return None,
                    None => {}
                }
            }
            self.changed.notified().await;
        }
    }

    /// How many wait, and how many were given up.
    pub(super) fn counts(&self) -> (usize, u64) {
        let state = self.lock();
        (state.waiting.len(), state.waiting.dropped())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here can panic half-way; and a notification is no reason to stop trading.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `i1 i2 u3`: informational and urgent messages into a queue for three; what comes out.
    fn play(story: &str) -> String {
        let mut waiting = Waiting::default();
        for word in story.split_whitespace() {
            let priority = if word.starts_with('u') { Priority::Urgent } else { Priority::Info };
            waiting.push(Message { priority, text: word.into() }, 3);
        }
        let mut out = Vec::new();
        while let Some(next) = waiting.pop() {
            out.push(match next {
                Next::Gap(count) => format!("({count} dropped)"),
                Next::Message(message) => message.text,
            });
        }
        out.join(" ")
    }

    #[test]
    fn messages_leave_in_the_order_they_came_whatever_their_priority() {
        assert_eq!(play("i1 u2 i3"), "i1 u2 i3");
        assert_eq!(play("u1 i2 u3"), "u1 i2 u3");
    }

    #[test]
    fn a_full_queue_gives_up_the_oldest_informational_one_and_says_how_many() {
        assert_eq!(play("i1 i2 i3 i4 i5"), "(2 dropped) i3 i4 i5");
    }

    #[test]
    fn an_alarm_outlives_what_is_only_good_to_know() {
        assert_eq!(play("u1 i2 i3 i4"), "(1 dropped) u1 i3 i4");
        assert_eq!(play("u1 u2 u3 i4"), "(1 dropped) u1 u2 u3");
        assert_eq!(play("i1 u2 u3 u4"), "(1 dropped) u2 u3 u4");
    }

    #[test]
    fn among_alarms_alone_the_newest_stay() {
        assert_eq!(play("u1 u2 u3 u4 i5"), "(2 dropped) u2 u3 u4");
    }
}
