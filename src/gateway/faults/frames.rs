//! Surgery on frames: cutting what is about to be sent into messages, and malforming or rearranging them. Pure.

use super::deed::{Corrupt, Reorder};
use super::trouble::Due;
use crate::gateway::messages::{CommissionReport, ExecutionDetails, OpenOrder, OrderStatus, told};
use crate::gateway::wire::{self, FRAME_BYTES_MAX, PROTOBUF_ID};

/// The id of no message, as high as they are counted.
const NO_MESSAGE: u32 = PROTOBUF_ID + 255;

/// One whole frame, with its length and its message id.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) id: u32,
    pub(super) bytes: Vec<u8>,
    /// What happens to it.
    pub(super) due: Vec<Due>,
}

impl Told {
    pub(super) fn message(&self) -> &[u8] {
        self.bytes.get(8..).unwrap_or_default()
    }

    /// The order it is about: the receiver's order id.
    pub(super) fn order_id(&self) -> Option<i32> {
        let message = self.message();
        match self.id {
            told::ORDER_STATUS => wire::read::<OrderStatus>(self.id, message).ok()?.order_id,
            told::OPEN_ORDER => wire::read::<OpenOrder>(self.id, message).ok()?.order_id,
            told::EXECUTION => wire::read::<ExecutionDetails>(self.id, message).ok()?.execution?.order_id,
            _ => None,
        }
    }

    /// The execution whose commission it tells.
    pub(super) fn commission_of(&self) -> Option<String> {
        if self.id != told::COMMISSION {
            return None;
        }
        wire::read::<CommissionReport>(self.id, self.message()).ok()?.exec_id
    }

    fn is_about_orders(&self) -> bool {
        matches!(self.id, told::ORDER_STATUS | told::OPEN_ORDER | told::EXECUTION | told::COMMISSION)
    }
}

/// The frames of a run of bytes that the gateway itself wrote.
pub(super) fn cut(mut bytes: &[u8]) -> Vec<Told> {
    let mut frames = Vec::new();
    while let Ok(Some(frame)) = wire::frame(bytes) {
        let (this, rest) = bytes.split_at(frame.bytes);
        frames.push(Told { id: frame.id.wrapping_sub(PROTOBUF_ID), bytes: this.to_vec(), due: Vec::new() });
        bytes = rest;
    }
    frames
}

/// A frame around a message.
pub(super) fn framed(id: u32, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), &id.to_be_bytes(), message].concat()
}

/// The malformed version of a frame.
pub(super) fn corrupt(frame: &Told, how: Corrupt) -> Vec<u8> {
    let id = PROTOBUF_ID + frame.id;
    match how {
        // A field that says it is longer than the message.
        Corrupt::Protobuf => framed(id, &[0x0A, 0xFF, 0xFF, 0x7F, 0x01]),
        Corrupt::UnknownId => framed(NO_MESSAGE, frame.message()),
        Corrupt::Length => {
            let mut bytes = frame.bytes.clone();
            let short = u32::try_from(bytes.len() / 2).unwrap_or(4).saturating_sub(4).max(4);
            bytes[..4].copy_from_slice(&short.to_be_bytes());
            bytes
        }
        Corrupt::Oversized => {
            let mut bytes = frame.bytes.clone();
            let long = u32::try_from(FRAME_BYTES_MAX + 1).unwrap_or(u32::MAX);
            bytes[..4].copy_from_slice(&long.to_be_bytes());
            bytes
        }
        Corrupt::Text => framed(frame.id, b"3\x001\0Submitted\0"),
        Corrupt::NoRemaining => without_remaining(frame),
    }
}

/// An order status that does not say what is left; other messages stay as they are.
fn without_remaining(frame: &Told) -> Vec<u8> {
    let Ok(status) = wire::read::<OrderStatus>(frame.id, frame.message()) else { return frame.bytes.clone() };
    if frame.id != told::ORDER_STATUS {
        return frame.bytes.clone();
    }
    let mut bytes = Vec::new();
    wire::push(&mut bytes, told::ORDER_STATUS, &OrderStatus { remaining: None, ..status });
    bytes
}

/// Puts what is said about orders into another order; everything else keeps its place.
pub(super) fn reorder(frames: &mut [Told], how: Reorder) {
    let places: Vec<usize> = (0..frames.len()).filter(|place| frames[*place].is_about_orders()).collect();
    let mut about: Vec<Told> = places.iter().map(|place| frames[*place].clone()).collect();
    match how {
        Reorder::StatusFirst => status_first(&mut about),
        Reorder::ExecutionLast => {
            about.sort_by_key(|frame| matches!(frame.id, told::EXECUTION | told::COMMISSION));
        }
        Reorder::CommissionFirst => about.sort_by_key(|frame| frame.id != told::COMMISSION),
        Reorder::Reversed => about.reverse(),
    }
    for (place, frame) in places.into_iter().zip(about) {
        frames[place] = frame;
    }
}

/// Exchanges every `openOrder` with the `orderStatus` of the same order that follows it.
fn status_first(about: &mut [Told]) {
    let ids: Vec<Option<i32>> = about.iter().map(Told::order_id).collect();
    let mut taken = vec![false; about.len()];
    for place in 0..about.len() {
        if about[place].id != told::OPEN_ORDER || taken[place] {
            continue;
        }
        let status = (place + 1..about.len()).find(|later| {
            about[*later].id == told::ORDER_STATUS && ids[*later] == ids[place] && !taken[*later]
        });
        if let Some(status) = status {
            taken[status] = true;
            taken[place] = true;
            about.swap(place, status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames() -> Vec<Told> {
        let mut bytes = Vec::new();
        wire::push(
            &mut bytes,
            told::EXECUTION,
            &ExecutionDetails {
                execution: Some(crate::gateway::messages::Execution {
                    order_id: Some(1),
                    ..Default::default()
                }),
                ..Default::default()
            },
        );
        wire::push(&mut bytes, told::REAL_TIME_BAR, &crate::gateway::messages::Empty {});
        wire::push(&mut bytes, told::OPEN_ORDER, &OpenOrder { order_id: Some(1), ..Default::default() });
        let status = OrderStatus { order_id: Some(1), remaining: Some("0".into()), ..Default::default() };
        wire::push(&mut bytes, told::ORDER_STATUS, &status);
        wire::push(&mut bytes, told::COMMISSION, &CommissionReport::default());
        cut(&bytes)
    }

    fn ids(frames: &[Told]) -> Vec<u32> {
        frames.iter().map(|frame| frame.id).collect()
    }

    #[test]
    fn what_is_said_about_orders_changes_places_and_the_rest_keeps_its_own() {
        let play = |how| {
            let mut frames = frames();
            reorder(&mut frames, how);
            ids(&frames)
        };
        assert_eq!(ids(&frames()), [11, 50, 5, 3, 59]);
        assert_eq!(play(Reorder::StatusFirst), [11, 50, 3, 5, 59]);
        assert_eq!(play(Reorder::ExecutionLast), [5, 50, 3, 11, 59]);
        assert_eq!(play(Reorder::CommissionFirst), [59, 50, 11, 5, 3]);
        assert_eq!(play(Reorder::Reversed), [59, 50, 3, 5, 11]);
    }

    #[test]
    fn a_malformed_frame_is_wrong_in_the_one_way_it_says() {
        let status = frames().remove(3);
        let frame = |how| wire::frame(&corrupt(&status, how)).map(|frame| frame.map(|frame| frame.id));
        assert_eq!(frame(Corrupt::Protobuf), Ok(Some(203)));
        assert_eq!(frame(Corrupt::UnknownId), Ok(Some(455)));
        assert_eq!(frame(Corrupt::Text), Ok(Some(3)));
        assert_eq!(frame(Corrupt::Oversized), Err(wire::Malformed::Length { bytes: 0x0100_0000 }));
        let bare = cut(&corrupt(&status, Corrupt::NoRemaining)).remove(0);
        let read = |frame: &Told| wire::read::<OrderStatus>(3, frame.message()).expect("a status");
        assert_eq!((read(&bare).remaining, read(&bare).order_id), (None, Some(1)));
        assert_eq!(read(&status).remaining, Some("0".to_owned()));
        let short = corrupt(&status, Corrupt::Length);
        assert!(wire::frame(&short).is_ok_and(|frame| frame.is_some_and(|frame| frame.bytes < short.len())));
    }
}
