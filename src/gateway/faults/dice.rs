//! Faults by seed: the same seed and the same requests draw the same faults.
//!
//! Every client has a stream of numbers of its own, and the market has one: so what one client meets does not depend
//! on how its requests fall between those of the others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::deed::{
    Cut, Deed, Door, Gone, Jump, Lasting, Meanwhile, Outage, Pace, Parts, Priced, Reorder, Restart, Restored,
    Spell, Stranger, Trickle, Unit, Words,
};
use super::fault::{Only, Subject};
use super::frames::Told;
use super::trouble::{Due, Trouble};
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{asked, told};

/// The stream of the market itself, beside those of the clients.
const MARKET: i64 = i64::MIN;

/// Faults drawn from a seed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seed {
    /// Where the drawing begins.
    pub number: u64,
    /// How likely it is, in hundredths, that something goes wrong at each request, each batch of messages about
    /// orders, each start of a client, and each whole minute of the market: 0 to 100.
    pub percent: f64,
}

impl Seed {
    /// A seed with one fault in a hundred occasions.
    pub fn new(number: u64) -> Seed {
        Seed { number, percent: 1.0 }
    }
}

/// Draws faults from a seed.
#[derive(Debug)]
pub(in crate::gateway) struct Dice {
    seed: Seed,
    streams: BTreeMap<i64, u64>,
}

/// One stream at one moment.
struct Draw<'a>(&'a mut u64);

impl Dice {
    pub(in crate::gateway) fn new(seed: Seed) -> Dice {
        Dice { seed, streams: BTreeMap::new() }
    }

    /// The stream of one client or of the market, if something goes wrong this time.
    fn falls(&mut self, of: i64) -> Option<Draw<'_>> {
        let Seed { number, percent } = self.seed;
        let state =
            self.streams.entry(of).or_insert_with(|| mixed(number ^ mixed(of.unsigned_abs() ^ 0x5EED)));
        let mut draw = Draw(state);
        let share = draw.below(1_000_000) as f64 / 10_000.0;
        (share < percent).then_some(draw)
    }
}

impl Draw<'_> {
    /// The next number of the stream: a counter, mixed.
    fn next(&mut self) -> u64 {
        *self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(*self.0)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize].clone()
    }
}

/// The finisher of SplitMix64: every bit of the answer depends on every bit of the number.
fn mixed(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

impl Trouble {
    fn rolled(&mut self, now: i64, deed: Deed, subject: &Subject) -> Due {
        let due = Due { deed, only: Only { client: subject.client, ..Only::default() } };
        self.record(now, "by seed".to_owned(), &due, subject);
        due
    }

    /// What the seed does to a request.
    pub(super) fn roll_request(&mut self, now: i64, id: u32, new: bool, subject: &Subject) -> Option<Due> {
        let client = subject.client?;
        if !matches!(id, asked::PLACE_ORDER | asked::CANCEL_ORDER) {
            return None;
        }
        let mut draw = self.dice.as_mut()?.falls(client.into())?;
        let deed = match (id, new) {
            (asked::CANCEL_ORDER, _) => match draw.below(4) {
                0 => Deed::Overtake(Words::of(draw.of(&[10_148, 161]))),
                1 => Deed::Vanish,
                _ => Deed::Refuse(Words::of(draw.of(&[10_147, 161]))),
            },
            (_, true) => match draw.below(6) {
                0 => Deed::Reject(Words::of(201)),
                1 => Deed::Refuse(Words::of(draw.of(&[103, 110, 201]))),
                2 => Deed::Vanish,
                3 => Deed::Warn(Words::of(draw.of(&[399, 404, 2109, 10_349]))),
                _ => Deed::Split(Parts {
                    sizes: draw.of(&[vec![30, 50, 20], vec![1, 99], vec![50]]),
                    unit: Unit::Percent,
                    pace: draw.of(&[Pace::OneABar, Pace::Together]),
                }),
            },
            (_, false) => match draw.below(4) {
                0 => Deed::Vanish,
                1 => Deed::Warn(Words::of(2109)),
                _ => Deed::Refuse(Words::of(draw.of(&[110, 104, 105]))),
            },
        };
        Some(self.rolled(now, deed, subject))
    }

    /// What the seed does to a client that starts.
    pub(super) fn roll_start(&mut self, now: i64, subject: &Subject) -> Option<Due> {
        let mut draw = self.dice.as_mut()?.falls(subject.client?.into())?;
        let deed = Deed::NextId(Jump::By(draw.of(&[1_000, 17, -1, -5])));
        Some(self.rolled(now, deed, subject))
    }

    /// What the seed does to one of the messages about orders in a batch.
    pub(super) fn roll_batch(&mut self, now: i64, client: i32, frames: &mut [Told]) {
        let about = |frame: &Told| {
            matches!(frame.id, told::ORDER_STATUS | told::OPEN_ORDER | told::EXECUTION | told::COMMISSION)
        };
        let places: Vec<usize> = (0..frames.len()).filter(|place| about(&frames[*place])).collect();
        if places.is_empty() {
            return;
        }
        let Some(dice) = &mut self.dice else { return };
        let Some(mut draw) = dice.falls(client.into()) else { return };
        let place = draw.of(&places);
        let deed = match draw.below(4) {
            0 => Deed::Duplicate(draw.of(&[1, 2])),
            1 => Deed::Delay(Lasting::For(Duration::from_millis(20))),
            _ => Deed::Reorder(draw.of(&Reorder::WORDS).1),
        };
        let subject = Subject { order: frames[place].order_id(), ..Subject::of(client) };
        let due = self.rolled(now, deed, &subject);
        frames[place].due.push(due);
    }
}

impl Exchange {
    /// What the seed does to the market at a whole minute.
    pub(super) fn roll_instant(&mut self) -> Option<Due> {
        let now = self.market.now;
        if now % 60 != 0 || self.trouble.cutoff.is_some() || self.trouble.closed_until.is_some() {
            return None;
        }
        let clients: Vec<i32> = self.clients.keys().copied().collect();
        let symbols = self.market.series.len();
        let mut draw = self.trouble.dice.as_mut()?.falls(MARKET)?;
        let client = if clients.is_empty() { None } else { Some(draw.of(&clients)) };
        let symbol = draw.below(symbols as u64) as usize;
        let symbol = self.market.listings.get(symbol).symbol.clone();
        let seconds = draw.of(&[15, 60, 300]);
        let spell = Spell { symbol: symbol.clone(), lasting: Some(seconds) };
        let cut = draw.of(&[Cut::Between, Cut::InFrame]);
        let door = draw.of(&[Door::Closed, Door::InUse]);
        let deed = match draw.below(10) {
            0..=2 => Deed::Drop(Gone { cut, away_for: Some(seconds), door }),
            3 => Deed::Outage(Outage {
                lasting: Some(seconds),
                restored: draw.of(&[Restored::DataLost, Restored::DataKept]),
                meanwhile: draw.of(&[Meanwhile::Queued, Meanwhile::Lost]),
            }),
            4 => Deed::Halt(spell),
            5 => Deed::Stale(spell),
            6 => Deed::Frozen(spell),
            7 => Deed::Order(Stranger {
                client: draw.of(&[None, Some(77)]),
                symbol,
                quantity: draw.of(&[100, -100]),
                price: Priced::Market,
                order_ref: String::new(),
            }),
            8 => Deed::Trickle(Trickle { read: None, write: Some(7), pause: Duration::ZERO }),
            _ => Deed::Restart(Restart { closed_for: seconds, ids_back: draw.of(&[0, 3]) }),
        };
        let one = deed.is_about_the_line();
        let subject = Subject { client: client.filter(|_| one), ..Subject::default() };
        Some(self.trouble.rolled(now, deed, &subject))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_draws_as_often_as_it_says_and_always_the_same() {
        let play = |number, of| {
            let mut dice = Dice::new(Seed { number, percent: 10.0 });
            (0..10_000).map(|_| dice.falls(of).map(|mut draw| draw.below(100))).collect::<Vec<_>>()
        };
        assert_eq!(play(7, 1), play(7, 1));
        assert_ne!(play(7, 1), play(8, 1));
        assert_ne!(play(7, 1), play(7, 2));
        let struck = play(7, 1).into_iter().flatten().count();
        assert!((900..1_100).contains(&struck), "{struck}");
    }
}
