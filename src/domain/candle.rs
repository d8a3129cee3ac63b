//! Small bars in, closed candles out; each exactly once.
//!
//! [`Candles`] makes the candles of one [`Timeframe`] and one kind of [`Hours`] from whatever bars come: live ones of
//! 5 seconds, longer ones of the past, in the order of time. It is sure of nothing that it was not told: a candle is
//! whole when all of it lies after the moment from which on every bar was seen, and in no gap. One that is not whole
//! is dropped without a word. It keeps no clock; it is told the time, and only while bars can arrive: a dead line is
//! no quiet market.

use super::ids::Stamp;
use super::market::{Bar, Candle, Hours, Timeframe};
use super::session::{Day, Session, Stretch};

/// How many closed candles are kept, the latest ones.
pub const CANDLES_MAX: usize = 300;
/// How long after its end a candle waits for the bar that ends with it.
pub const LAST_BAR_WAIT_SECONDS: i64 = 2;

/// The candles of one contract, timeframe and kind of hours.
///
/// Candles are aligned to the day's regular open and cut at the ends of its trading; one of a day spans all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candles {
    timeframe: Timeframe,
    hours: Hours,
    /// Invariant: fewer than 2 × [`CANDLES_MAX`]; the last [`CANDLES_MAX`] are shown.
    closed: Vec<Candle>,
    making: Option<Making>,
    known_from: Stamp,
    folded_to: Option<Stamp>,
    day: Option<Day>,
}

/// A candle in the making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Making {
    span: Stretch,
    wholeness: Wholeness,
    /// What traded in it so far.
    candle: Option<Candle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wholeness {
    /// Every bar since its start was seen.
    Whole,
    /// Some were not: it never closes.
    Broken,
}

/// What one bar did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a candle closes once: who does not look has missed it"]
pub struct Folded {
    /// What became of the bar itself.
    pub bar: BarUse,
    /// A candle that waited for its last bar in vain, and the one that this bar completes.
    closed: [Option<Candle>; 2],
}

impl Folded {
    /// The candles that closed, oldest first: none, one or two.
    pub fn closed(&self) -> impl Iterator<Item = Candle> + use<> {
        self.closed.into_iter().flatten()
    }
}

/// What became of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BarUse {
    /// It is part of its candle (an empty one by saying that time passed).
    Used,
    /// Outside the hours: it says that time passed.
    Outside,
    /// It begins before the end of what was folded: a repeat or a latecomer. It changed nothing.
    Late,
    /// It lies across a border of candles or of the session, or has no length. It is not used, and if it traded, its
    /// time counts as missing, since nobody can tell on which side.
    Misfit,
    /// A bar of the past whose end is still to come. It changed nothing.
    Unfinished,
}

impl Candles {
    /// A maker that will see every bar from `known_from` on. A candle that begins before never closes.
    pub fn new(timeframe: Timeframe, hours: Hours, known_from: Stamp) -> Candles {
        Candles { timeframe, hours, closed: Vec::new(), making: None, known_from, folded_to: None, day: None }
    }

    /// Takes the next bar. It first closes a candle that has ended before the bar and still waits for its last one,
    /// and then, if it ends where its own candle ends, that one. The hours of a day are those of the session that
    /// came with its first bar.
    pub fn fold(&mut self, session: &Session, bar: &Bar) -> Folded {
        if self.folded_to.is_some_and(|folded_to| bar.start < folded_to) {
            return Folded { bar: BarUse::Late, closed: [None; 2] };
        }
        let overdue = self.close_ended(bar.start);
        let stretch = Stretch { open: bar.start, close: bar.end() };
        let day = session.day_kept(&mut self.day, bar.start);
        self.folded_to = Some(bar.end());

        let Some(place) = self.place(&day, stretch) else {
            if bar.traded() {
                self.gap(stretch.open, stretch.close);
            }
            return Folded { bar: BarUse::Misfit, closed: [overdue, None] };
        };
        let Place::In(span) = place else {
            return Folded { bar: BarUse::Outside, closed: [overdue, None] };
        };
        self.add(span, bar);
        Folded { bar: BarUse::Used, closed: [overdue, self.close_ended(bar.end())] }
    }

    /// As [`Candles::fold`] for a bar of the past. One that has not ended at `now` is left to the live bars.
    pub fn fold_past(&mut self, session: &Session, bar: &Bar, now: Stamp) -> Folded {
        if bar.end() > now {
            return Folded { bar: BarUse::Unfinished, closed: [None; 2] };
        }
        self.fold(session, bar)
    }

    /// Closes the candle that ended [`LAST_BAR_WAIT_SECONDS`] ago or longer and still waits for its last bar. A bar
    /// of it that comes after that is late.
    pub fn clock(&mut self, now: Stamp) -> Option<Candle> {
        let end = self.making?.span.close;
        if now < end.plus_seconds(LAST_BAR_WAIT_SECONDS) {
            return None;
        }
        self.folded_to = self.folded_to.max(Some(end));
        self.close_ended(end)
    }

    /// When [`Candles::clock`] has something to close, unless a bar does it first.
    pub fn due(&self) -> Option<Stamp> {
        self.making.map(|making| making.span.close.plus_seconds(LAST_BAR_WAIT_SECONDS))
    }

    /// Says that bars from `from` on and before `to` were missed and will not come. No candle that overlaps that time
    /// closes. To be said before a bar that lies behind the gap is folded.
    pub fn gap(&mut self, from: Stamp, to: Stamp) {
        if from >= to {
            return;
        }
        self.known_from = self.known_from.max(to);
        if let Some(making) = &mut self.making
            && making.span.overlaps(Stretch { open: from, close: to })
        {
            making.wholeness = Wholeness::Broken;
        }
    }

    /// The closed candles, oldest first, at most [`CANDLES_MAX`].
    pub fn candles(&self) -> &[Candle] {
        &self.closed[self.closed.len().saturating_sub(CANDLES_MAX)..]
    }

    /// Where the candle in the making begins and will end; `None` between candles. It may have no trade yet, and it
    /// may never close.
    pub fn current(&self) -> Option<Stretch> {
        self.making.map(|making| making.span)
    }

    /// The end of what was folded: a bar that begins before it is late. `None` before the first bar.
    pub fn folded_to(&self) -> Option<Stamp> {
        self.folded_to
    }

    /// The length of its candles.
    pub fn timeframe(&self) -> Timeframe {
        self.timeframe
    }

    /// The hours its candles are made of.
    pub fn hours(&self) -> Hours {
        self.hours
    }

    /// Where a bar belongs; `None` for a misfit.
    fn place(&self, day: &Day, bar: Stretch) -> Option<Place> {
        // No trading crosses midnight, so a bar that does belongs to no candle.
        if bar.open >= bar.close || bar.close > day.whole().close {
            return None;
        }
        let Some(trading) = day.stretch(self.hours).filter(|trading| trading.overlaps(bar)) else {
            return Some(Place::Outside);
        };
        let border = day.stretch(Hours::Regular).map(|regular| regular.close);
        let span = span_at(self.timeframe, day.anchor(), border, trading, bar.open);
        (span.open <= bar.open && bar.close <= span.close).then_some(Place::In(span))
    }

    fn add(&mut self, span: Stretch, bar: &Bar) {
        let wholeness = if span.open < self.known_from { Wholeness::Broken } else { Wholeness::Whole };
        let making = self.making.get_or_insert(Making { span, wholeness, candle: None });
        debug_assert_eq!(making.span, span, "the candle before was closed first");
        if !bar.traded() {
            return;
        }
        let Bar { open, high, low, close, volume, .. } = *bar;
        match &mut making.candle {
            None => {
                let Stretch { open: start, close: end } = span;
                making.candle = Some(Candle { start, end, open, high, low, close, volume });
            }
            Some(candle) => {
                candle.high = candle.high.max(high);
                candle.low = candle.low.min(low);
                candle.close = close;
                candle.volume = candle.volume.saturating_add(volume);
            }
        }
    }

    /// Ends the candle in the making if its end is at or before `at`, and answers with it if it exists and is whole.
    fn close_ended(&mut self, at: Stamp) -> Option<Candle> {
        let Making { wholeness, candle, .. } = self.making.take_if(|making| making.span.close <= at)?;
        let candle = candle.filter(|_| wholeness == Wholeness::Whole)?;
        // Room is made rarely and for many, so that the candles lie in one piece at a steady price.
        if self.closed.len() + 1 == 2 * CANDLES_MAX {
            self.closed.drain(..CANDLES_MAX);
        }
        self.closed.push(candle);
        Some(candle)
    }
}

/// Where a bar that fits belongs.
enum Place {
    In(Stretch),
    Outside,
}

/// The candle that holds `at`: counted in whole lengths from the anchor, cut where trading begins and ends, and at the
/// regular session's close, where a candle ends whatever hours count.
fn span_at(
    timeframe: Timeframe,
    anchor: Stamp,
    border: Option<Stamp>,
    trading: Stretch,
    at: Stamp,
) -> Stretch {
    let Some(seconds) = timeframe.seconds() else {
        return trading;
    };
    let nth = (at.millis() - anchor.millis()).div_euclid(seconds * 1000);
    let open = anchor.plus_seconds(nth * seconds);
    let mut span =
        Stretch { open: open.max(trading.open), close: open.plus_seconds(seconds).min(trading.close) };
    if let Some(border) = border.filter(|border| span.contains(*border)) {
        if at < border {
            span.close = border;
        } else {
            span.open = border;
        }
    }
    span
}

#[cfg(test)]
#[path = "candle_tests.rs"]
mod tests;
