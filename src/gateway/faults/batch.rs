//! Faults of what is about to be sent: all frames that one request or one instant has added to a client's buffer.

use super::deed::{Corrupt, Deed, Jump, Reorder};
use super::fault::{Kin, Subject, When};
use super::frames::{self, Told};
use super::names::Callback;
use super::trouble::{Due, Ill};
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{
    ErrorMessage, ExecutionDetails, NextValidId, OpenOrder, OrderStatus, RequestId, told,
};
use crate::gateway::telling;
use crate::gateway::venue::Key;
use crate::gateway::wire::{push, read};

/// The messages that are data of the market: bars and ticks.
const DATA: [u32; 7] = [told::REAL_TIME_BAR, 1, 2, 45, 46, 90, 99];

/// What made the frames of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Request,
    Instant,
    Start,
}

impl Exchange {
    /// Notes where each client's new frames begin.
    pub(super) fn mark(&mut self) {
        for client in self.clients.values_mut() {
            client.line.moved = false;
        }
        self.trouble.marks = self.clients.iter().map(|(id, client)| (*id, client.out.len())).collect();
    }

    /// Looks at the frames a request has made, then does what waited for them.
    pub(super) fn tend(&mut self) {
        self.tend_batch(Source::Request);
        self.strike_later();
        self.end_what_no_time_ends();
    }

    pub(super) fn tend_start(&mut self, client: i32) {
        self.tend_batch(Source::Start);
        if self.trouble.cutoff.is_some() {
            self.tell_error(client, None, &super::Words::of(1100));
        }
        self.strike_later();
        self.end_what_no_time_ends();
    }

    pub(super) fn tend_batch(&mut self, source: Source) {
        if !self.trouble.looks_at_frames() {
            return;
        }
        for (client, mark) in std::mem::take(&mut self.trouble.marks) {
            let Some(own) = self.clients.get_mut(&client) else { continue };
            let mark = if std::mem::take(&mut own.line.moved) { 0 } else { mark };
            if own.out.len() <= mark {
                continue;
            }
            let fresh = own.out.split_off(mark);
            let mut frames = frames::cut(&fresh);
            self.bend_ids(client, &mut frames);
            self.sicken(client, &mut frames);
            self.withhold(client, source, &mut frames);
            self.choose(client, &mut frames);
            self.emit(client, frames);
        }
    }

    pub(super) fn strike_later(&mut self) {
        for due in std::mem::take(&mut self.trouble.later) {
            self.strike_market(&due);
        }
    }

    /// Tells the wrong next order id where that is due.
    fn bend_ids(&mut self, client: i32, frames: &mut [Told]) {
        for frame in frames.iter_mut().filter(|frame| frame.id == told::NEXT_VALID_ID) {
            if let Some(jump) = self.trouble.lies.remove(&client) {
                jumped(frame, jump);
            }
        }
    }

    /// Puts the old bar in the place of the new one of symbols whose data stands still.
    fn sicken(&mut self, client: i32, frames: &mut Vec<Told>) {
        if self.trouble.ill.is_empty() {
            return;
        }
        frames.retain_mut(|frame| {
            if frame.id != told::REAL_TIME_BAR {
                return true;
            }
            let Some(req_id) = request_of(frame) else { return true };
            let ill = self.symbol_of(client, req_id).and_then(|symbol| self.trouble.ill.get(&symbol));
            if let Some((Ill::Frozen, _)) = ill {
                let last = self.trouble.last_bars.entry((client, req_id));
                frame.bytes = last.or_insert_with(|| frame.bytes.clone()).clone();
            }
            true
        });
    }

    /// Keeps back what the servers would have told, while they are out of reach.
    fn withhold(&mut self, client: i32, source: Source, frames: &mut Vec<Told>) {
        let Some(cutoff) = &mut self.trouble.cutoff else { return };
        if source == Source::Start {
            return;
        }
        let mut fits = true;
        frames.retain(|frame| match frame.id {
            told::CURRENT_TIME | told::CURRENT_TIME_MILLIS | told::NEXT_VALID_ID | told::MANAGED_ACCOUNTS => {
                true
            }
            told::ERROR if source == Source::Request => true,
            id if DATA.contains(&id) => false,
            _ => {
                fits &= cutoff.keep_back(client, &frame.bytes);
                false
            }
        });
        if let Some(own) = self.clients.get_mut(&client).filter(|_| !fits) {
            own.give_up();
        }
    }

    /// Chooses the faults of each frame, in the order in which they would be sent; rearranges them at the end.
    fn choose(&mut self, client: i32, frames: &mut [Told]) {
        let now = self.market.now;
        if self.trouble.waits_for(|when| matches!(when, When::Callback(_))) {
            for frame in frames.iter_mut() {
                let subject = self.about_frame(client, frame);
                let id = frame.id;
                frame.due = self.trouble.pick(
                    now,
                    |when| {
                        matches!(when, When::Callback(one) if one == Callback::Any || one.id() == Some(id))
                    },
                    &subject,
                );
            }
        }
        self.trouble.roll_batch(now, client, frames);
        let reorders: Vec<Reorder> = frames
            .iter()
            .flat_map(|frame| &frame.due)
            .filter_map(|due| if let Deed::Reorder(how) = due.deed { Some(how) } else { None })
            .collect();
        for how in reorders {
            frames::reorder(frames, how);
        }
    }

    /// Sends the frames on, as their faults leave them.
    fn emit(&mut self, client: i32, frames: Vec<Told>) {
        for frame in frames {
            let Some(own) = self.clients.get_mut(&client) else { return };
            let (mut copies, mut malformed) = (1, None);
            let mut due = frame.due.clone();
            due.retain(|due| match &due.deed {
                Deed::Duplicate(more) => {
                    copies = more.saturating_add(copies);
                    false
                }
                Deed::Lose => {
                    copies = 0;
                    false
                }
                Deed::Corrupt(how) => {
                    malformed = Some(frames::corrupt(&frame, *how));
                    false
                }
                Deed::Reorder(_) => false,
                _ => true,
            });
            let mut bytes = malformed.unwrap_or_else(|| frame.bytes.clone());
            for due in &due {
                if let Deed::NextId(jump) = due.deed {
                    let mut bent = frame.clone();
                    jumped(&mut bent, jump);
                    bytes = bent.bytes;
                }
            }
            let before = own.out.len();
            for _ in 0..copies {
                own.out.extend_from_slice(&bytes);
                own.give_up_if_overrun();
                if own.is_overrun() {
                    return;
                }
            }
            for due in due {
                match &due.deed {
                    Deed::NextId(_) => {}
                    Deed::Drop(gone) => self.drop_client(client, gone, Some(before)),
                    deed if deed.is_about_the_line() => self.strike_line(client, deed),
                    _ => self.trouble.later.push(due),
                }
            }
        }
    }

    /// What a frame to a client is about.
    fn about_frame(&self, client: i32, frame: &Told) -> Subject {
        let venue = &self.market.venue;
        let (id, message) = (frame.id, frame.message());
        let key = match id {
            told::ORDER_STATUS => read::<OrderStatus>(id, message).ok().map(|it| (it.client_id, it.order_id)),
            told::OPEN_ORDER => read::<OpenOrder>(id, message)
                .ok()
                .map(|it| (it.order.and_then(|order| order.client_id), it.order_id)),
            told::EXECUTION => read::<ExecutionDetails>(id, message)
                .ok()
                .and_then(|it| it.execution)
                .map(|it| (it.client_id, it.order_id)),
            told::ERROR => read::<ErrorMessage>(id, message).ok().map(|it| (Some(client), it.id)),
            told::COMMISSION => {
                let exec_id = frame.commission_of();
                let known = venue.executions.iter().rev().find(|known| Some(&known.id) == exec_id.as_ref());
                return known.map_or(Subject::of(client), |known| self.about_order(client, known.order));
            }
            _ if DATA.contains(&id) => {
                let symbol = request_of(frame).and_then(|req_id| self.symbol_of(client, req_id));
                let symbol = symbol.map(|symbol| self.market.listings.get(symbol).symbol.clone());
                return Subject { symbol, ..Subject::of(client) };
            }
            _ => None,
        };
        let Some((of, Some(id))) = key else { return Subject::of(client) };
        match venue.place_of(Key { client: of.unwrap_or(client), id }) {
            Some(place) => self.about_order(client, place),
            None => Subject { order: Some(id), ..Subject::of(client) },
        }
    }

    /// What is known of an order, as one client is about to be told of it.
    pub(super) fn about_order(&self, client: i32, place: usize) -> Subject {
        let order = &self.market.venue.orders[place];
        let standing = self.market.venue.standing(place);
        let written = telling::order_message(&self.market, order, &standing);
        Subject {
            client: Some(client),
            symbol: Some(self.market.listings.get(order.ticket.symbol).symbol.clone()),
            order_type: written.order_type,
            order_ref: written.order_ref,
            kin: Some(if written.parent_id.unwrap_or(0) == 0 { Kin::Parent } else { Kin::Child }),
            order: written.order_id,
        }
    }

    /// The symbol of a client's subscription to data.
    fn symbol_of(&self, client: i32, req_id: i32) -> Option<usize> {
        let own = self.clients.get(&client)?;
        own.bars.iter().find(|feed| feed.req_id == req_id).map(|feed| feed.symbol)
    }

    /// A malformed order status, about no order, beside what a client is told.
    pub(super) fn send_malformed(&mut self, client: i32, how: Corrupt) {
        let Some(own) = self.clients.get_mut(&client) else { return };
        let status = OrderStatus {
            order_id: Some(0),
            status: Some("Submitted".to_owned()),
            filled: Some("0".to_owned()),
            remaining: Some("0".to_owned()),
            ..OrderStatus::default()
        };
        let mut bytes = Vec::new();
        push(&mut bytes, told::ORDER_STATUS, &status);
        for frame in frames::cut(&bytes) {
            own.out.extend_from_slice(&frames::corrupt(&frame, how));
        }
        own.wake.notify_one();
    }

    /// The clients that a deed at a moment is about.
    pub(super) fn meant(&self, due: &Due) -> Vec<i32> {
        let meant = |id: &i32| due.only.client.is_none_or(|only| only == *id);
        self.clients.keys().copied().filter(meant).collect()
    }
}

/// The request a message answers: its first field, with all that have one.
fn request_of(frame: &Told) -> Option<i32> {
    read::<RequestId>(frame.id, frame.message()).ok()?.req_id
}

fn jumped(frame: &mut Told, jump: Jump) {
    let Ok(message) = read::<NextValidId>(frame.id, frame.message()) else { return };
    let order_id = match jump {
        Jump::To(id) => id,
        Jump::By(step) => message.order_id.unwrap_or(1).saturating_add(step).max(1),
    };
    frame.bytes.clear();
    push(&mut frame.bytes, told::NEXT_VALID_ID, &NextValidId { order_id: Some(order_id) });
}
