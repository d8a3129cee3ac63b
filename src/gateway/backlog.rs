//! What waits for one client, and how much memory that may be.
//!
//! What is short is written as frames at once. What may be long — a listing of fifty thousand orders, what a close
//! or a global cancel brings to as many — is kept as a few words and written in pieces, as the client takes what
//! is before it. So a client costs the gateway the same, whatever it asks for and whether it reads or not.
//!
//! Everything keeps its order: what comes while a listing is under way follows it. A listing tells each row as it
//! stands when its piece is written; an order that is asked for as open and has ended by then is left out.

use std::collections::VecDeque;

use super::exchange::Client;
use super::listing::{Listing, Told};
use super::market::Market;
use super::telling::{self, Ear};
use super::venue::Fact;
use super::wire::FRAME_BYTES_MAX;

/// The bytes of frames that are written ahead of what a client takes.
pub(super) const PIECE_BYTES: usize = 256 * 1024;
/// What may wait for a client in all, in bytes. The frame limit, less what its requests need (1 MiB and what is
/// read at once), less what is with the network.
pub(super) const WAITING_BYTES_MAX: usize = FRAME_BYTES_MAX - 2 * 1024 * 1024;
/// The longest answer that is one frame by the protocol: history, in bytes.
pub(super) const HISTORY_BYTES_MAX: usize = 12_800 * 1024;

/// The facts that are kept in one block, and what each needs.
const FACTS_BLOCK: usize = 1_000;
const FACT_BYTES: usize = size_of::<(Fact, Ear)>();

/// Something that waits for a client.
#[derive(Debug)]
enum Owed {
    Frames(Vec<u8>),
    Facts(VecDeque<(Fact, Ear)>),
    Listing(Box<Listing>),
}

/// What waits for a client before the frames that were written last.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<Owed>,
    /// The memory of the frames and listings in the queue, in bytes.
    held: usize,
    /// What an answer that is being worked out may come to, in bytes.
    reserved: usize,
    overrun: bool,
}

impl Client {
    /// Tells a fact about an order: at once, or after what waits already.
    pub(super) fn tell(&mut self, market: &Market, fact: &Fact, ear: Ear) {
        if self.backlog.queue.is_empty() && self.out.len() < PIECE_BYTES {
            telling::fact(&mut self.out, market, fact, ear);
        } else {
            self.owe_fact((fact.clone(), ear));
        }
    }

    /// Tells a listing, as much of it as may be written now and the rest as the client takes it.
    pub(super) fn list(&mut self, market: &Market, mut listing: Listing) {
        let first = self.backlog.queue.is_empty();
        if first && listing.tell(&mut self.out, market, PIECE_BYTES) == Told::All {
            return;
        }
        self.owe(Owed::Listing(Box::new(listing)));
    }

    /// Begins an answer that is worked out elsewhere and may be long.
    pub(super) fn begin_answer(&mut self) {
        self.backlog.reserved = HISTORY_BYTES_MAX;
    }

    /// Takes the frames of the answer that was begun.
    pub(super) fn end_answer(&mut self, frames: Vec<u8>) {
        self.backlog.reserved = 0;
        if frames.len() < PIECE_BYTES && self.backlog.queue.is_empty() {
            self.out.extend_from_slice(&frames);
        } else {
            self.owe(Owed::Frames(frames));
        }
    }

    /// Whether so little waits that the client's next request may be done.
    pub(super) fn takes_requests(&self) -> bool {
        self.backlog.queue.is_empty() && self.out.len() < PIECE_BYTES
    }

    /// Whether the client takes so little that what waits for it was given up; its connection is to end.
    pub(super) fn is_overrun(&self) -> bool {
        self.backlog.overrun
    }

    /// Whether more waits for the client than its last frames.
    pub(super) fn is_behind(&self) -> bool {
        !self.backlog.queue.is_empty()
    }

    /// Whether so little waits for the client that the next instant may be told.
    pub(super) fn keeps_up(&self) -> bool {
        self.backlog.queue.is_empty()
            && self.out.len() + self.in_flight <= PIECE_BYTES
            && self.watch.held() <= PIECE_BYTES
    }

    /// The memory of what waits for the client and of what is on its way to it, in bytes; an answer that is being
    /// worked out counts in full.
    pub(super) fn waiting(&self) -> usize {
        let queue = self.backlog.queue.capacity() * size_of::<Owed>();
        let frames = self.in_flight + self.out.capacity() + self.watch.held();
        frames + queue + self.backlog.held + self.backlog.reserved
    }

    /// Hands over what waits, a piece of it where it is long, for the connection's empty `out`.
    pub(super) fn hand_over(&mut self, market: &Market, out: &mut Vec<u8>) {
        while let Some(owed) = self.backlog.queue.front_mut() {
            match owed {
                Owed::Frames(frames) if out.is_empty() => {
                    self.backlog.held -= frames.capacity();
                    *out = std::mem::take(frames);
                }
                Owed::Frames(frames) => {
                    if out.len() + frames.len() > PIECE_BYTES {
                        return;
                    }
                    self.backlog.held -= frames.capacity();
                    out.extend_from_slice(frames);
                }
                Owed::Facts(facts) => {
                    while let Some((fact, ear)) = facts.pop_front() {
                        telling::fact(out, market, &fact, ear);
                        if out.len() >= PIECE_BYTES && !facts.is_empty() {
                            return;
                        }
                    }
                    self.backlog.held -= facts.capacity() * FACT_BYTES;
                }
                Owed::Listing(listing) => {
                    if listing.tell(out, market, PIECE_BYTES) == Told::Some {
                        return;
                    }
                    self.backlog.held -= listing.bytes();
                }
            }
            self.backlog.queue.pop_front();
            if out.len() >= PIECE_BYTES {
                return;
            }
        }
        self.backlog.queue.shrink_to(0);
        if out.is_empty() {
            std::mem::swap(&mut self.out, out);
        } else if out.len() + self.out.len() <= PIECE_BYTES {
            out.append(&mut self.out);
        }
    }

    /// Puts a fact behind everything that waits.
    fn owe_fact(&mut self, fact: (Fact, Ear)) {
        if self.out.is_empty()
            && let Some(Owed::Facts(facts)) = self.backlog.queue.back_mut()
            && facts.len() < facts.capacity()
        {
            return facts.push_back(fact);
        }
        // In blocks: one long row of them would be copied as it grows, and be there twice.
        let mut facts = VecDeque::with_capacity(FACTS_BLOCK);
        facts.push_back(fact);
        self.owe(Owed::Facts(facts));
    }

    /// Puts something behind everything that waits.
    fn owe(&mut self, owed: Owed) {
        if self.backlog.overrun {
            return;
        }
        if !self.out.is_empty() {
            self.put_frames_by();
        }
        self.backlog.held += match &owed {
            Owed::Frames(frames) => frames.capacity(),
            Owed::Listing(listing) => listing.bytes(),
            Owed::Facts(facts) => facts.capacity() * FACT_BYTES,
        };
        self.backlog.queue.push_back(owed);
        self.give_up_if_overrun();
    }

    /// Moves the frames written last into the queue, with those before them where there is room.
    fn put_frames_by(&mut self) {
        let tail = std::mem::take(&mut self.out);
        self.line.frames_moved();
        if let Some(Owed::Frames(frames)) = self.backlog.queue.back_mut()
            && frames.len() + tail.len() <= PIECE_BYTES
        {
            let before = frames.capacity();
            frames.extend_from_slice(&tail);
            self.backlog.held = self.backlog.held - before + frames.capacity();
            return;
        }
        self.backlog.held += tail.capacity();
        self.backlog.queue.push_back(Owed::Frames(tail));
    }

    /// Forgets what waits for a client that has let too much of it pile up.
    pub(super) fn give_up_if_overrun(&mut self) {
        if self.waiting() > WAITING_BYTES_MAX {
            self.give_up();
        }
    }

    /// Forgets what waits for a client, whose connection is to end.
    pub(super) fn give_up(&mut self) {
        self.backlog = Backlog { overrun: true, ..Backlog::default() };
        self.out = Vec::new();
        self.wake.notify_one();
    }
}

#[cfg(test)]
mod tests;
