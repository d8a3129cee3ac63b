//! What the market shows of itself: the tape, live and late, and which symbols are halted or no longer shown.

use std::collections::VecDeque;
use std::sync::Arc;

use super::spread::{Quote, Show, Spread};
use super::tape::{Print, Tape};
use crate::gateway::bars::Bar;
use crate::gateway::catalogue::MarketRule;
use crate::gateway::feed::{Hours, Slot};

/// How old delayed data is, in seconds of market time.
pub(in crate::gateway) const DELAY_SECONDS: i64 = 15 * 60;
/// The end of a halt that has not ended.
const OPEN_END: i64 = i64::MAX;

/// What the account has subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MarketData {
    /// Everything as it happens.
    #[default]
    Live,
    /// Quotes of 15 minutes ago for clients that ask for delayed data, and history up to then. No real-time bars, no
    /// tick-by-tick.
    Delayed,
    /// Nothing: every request for market data or history is refused.
    None,
}

/// Whether and why a symbol does not trade, as tick 49 tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Halt {
    /// It trades.
    #[default]
    None = 0,
    /// The exchange halted it, for news or by order.
    General = 1,
    /// It moved too far too fast.
    Volatility = 2,
}

/// Whether a symbol's data goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::gateway) enum Shown {
    #[default]
    Flowing,
    /// Its real-time bars go out; nothing else does.
    BarsOnly,
    Frozen,
}

/// How old the data of a subscription is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gateway) enum Age {
    Live,
    Delayed,
}

/// What a symbol's quotes stand on, and its switches.
#[derive(Debug)]
struct Switches {
    rule: Arc<MarketRule>,
    halt: Halt,
    shown: Shown,
    /// When it did not trade: starts and ends in seconds of the epoch, oldest first.
    silent: Vec<(i64, i64)>,
}

/// The tape of 15 minutes ago, and what happened since.
#[derive(Debug)]
struct Late {
    tape: Tape,
    waiting: VecDeque<Slot>,
}

/// What the market shows.
#[derive(Debug)]
pub(in crate::gateway) struct Screen {
    pub(in crate::gateway) rights: MarketData,
    pub(in crate::gateway) spread: Spread,
    tape: Tape,
    late: Option<Late>,
    switches: Vec<Switches>,
}

impl Screen {
    /// A screen for symbols that trade by these rules, in symbol order: everything live, the default spread.
    pub(in crate::gateway) fn new(rules: Vec<Arc<MarketRule>>) -> Screen {
        let (rights, spread, tape) = (MarketData::default(), Spread::default(), Tape::new(rules.len()));
        let (halt, shown) = (Halt::default(), Shown::default());
        let switches = rules.into_iter().map(|rule| Switches { rule, halt, shown, silent: Vec::new() });
        Screen { rights, spread, tape, late: None, switches: switches.collect() }
    }

    /// What is subscribed to and how wide spreads are; said before the first instant.
    pub(in crate::gateway) fn set_up(&mut self, rights: MarketData, spread: Spread) {
        let late = || Late { tape: Tape::new(self.switches.len()), waiting: VecDeque::new() };
        self.late = (rights == MarketData::Delayed).then(late);
        (self.rights, self.spread) = (rights, spread);
    }

    /// Takes the trades of halted symbols out of an instant. Where a symbol was halted before and its source is silent
    /// now, its flat bars stay at its last trade.
    pub(in crate::gateway) fn quieten(&self, slot: &mut Slot) {
        for (symbol, switches) in self.switches.iter().enumerate() {
            if switches.silent.is_empty() {
                continue;
            }
            let Some(bar) = &mut slot.bars[symbol] else { continue };
            if switches.halt == Halt::None && bar.traded() {
                continue;
            }
            let last = self.tape.of(symbol).last.filter(|_| slot.hours == Hours::Session);
            slot.bars[symbol] = last.map(|last| Bar::flat(slot.start, last.close));
        }
    }

    pub(in crate::gateway) fn record(&mut self, slot: &Slot) {
        self.tape.record(slot);
        let Some(Late { tape, waiting }) = &mut self.late else { return };
        waiting.push_back(slot.clone());
        while waiting.front().is_some_and(|front| front.end() + DELAY_SECONDS <= slot.end()) {
            if let Some(front) = waiting.pop_front() {
                tape.record(&front);
            }
        }
    }

    /// The market begins at a moment, in seconds of the epoch, and what was recorded came before: on a new date the
    /// day before is over.
    pub(in crate::gateway) fn begin_at(&mut self, moment: i64) {
        self.tape.turn(moment);
    }

    pub(in crate::gateway) fn print(&self, symbol: usize, age: Age) -> &Print {
        match (age, &self.late) {
            (Age::Delayed, Some(late)) => late.tape.of(symbol),
            _ => self.tape.of(symbol),
        }
    }

    /// The quote that stands; none before the first trade.
    pub(in crate::gateway) fn quote(&self, symbol: usize, age: Age) -> Option<Quote> {
        let last = self.print(symbol, age).last.as_ref()?;
        Some(self.spread.quote(last, self.rule(symbol)))
    }

    /// A bar of the last instant as it is asked to be shown: where nothing traded, the quote before it stands.
    pub(in crate::gateway) fn seen(&self, symbol: usize, show: Show, bar: &Bar) -> Bar {
        let quote = || self.quote(symbol, Age::Live);
        match show {
            Show::Trades => *bar,
            side if bar.traded() => self.spread.side(side, bar, self.rule(symbol)),
            Show::Bid => quote().map_or(*bar, |quote| Bar::flat(bar.start, quote.bid)),
            Show::Ask => quote().map_or(*bar, |quote| Bar::flat(bar.start, quote.ask)),
            Show::Midpoint => quote().map_or(*bar, |quote| Bar::flat(bar.start, quote.midpoint())),
        }
    }

    /// The price steps of a symbol's quotes.
    pub(in crate::gateway) fn rule(&self, symbol: usize) -> &Arc<MarketRule> {
        &self.switches[symbol].rule
    }

    pub(in crate::gateway) fn halted(&self, symbol: usize) -> Halt {
        self.switches[symbol].halt
    }

    pub(in crate::gateway) fn shown(&self, symbol: usize) -> Shown {
        self.switches[symbol].shown
    }

    /// When a symbol did not trade, though its source may have bars there.
    pub(in crate::gateway) fn silent(&self, symbol: usize) -> &[(i64, i64)] {
        &self.switches[symbol].silent
    }

    /// Halts a symbol, or lets it trade again, from `now` on.
    pub(in crate::gateway) fn halt(&mut self, symbol: usize, halt: Halt, now: i64) {
        let switches = &mut self.switches[symbol];
        match (switches.halt, halt) {
            (Halt::None, Halt::None) => {}
            (Halt::None, _) => switches.silent.push((now, OPEN_END)),
            (_, Halt::None) => {
                if let Some((_, end)) = switches.silent.last_mut() {
                    *end = now;
                }
            }
            _ => {}
        }
        switches.halt = halt;
    }

    pub(in crate::gateway) fn show(&mut self, symbol: usize, shown: Shown) {
        self.switches[symbol].shown = shown;
    }
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn screen() -> Screen {
        Screen::new(vec![Arc::new(MarketRule::cents())])
    }

    fn slot(start: i64, cents: i64) -> Slot {
        let price = Decimal::new(cents, 2);
        let bar = Bar { volume: 100, count: 1, ..Bar::flat(start, price) };
        Slot { start, hours: Hours::Session, bars: vec![Some(bar)] }
    }

    #[test]
    fn a_halted_symbol_stands_at_its_last_trade_until_it_trades_again() {
        let mut screen = screen();
        screen.record(&slot(0, 1000));
        screen.halt(0, Halt::Volatility, 5);
        screen.halt(0, Halt::General, 5);
        let mut quiet = slot(5, 1100);
        screen.quieten(&mut quiet);
        assert_eq!(quiet.bars[0], Some(Bar::flat(5, Decimal::new(1000, 2))));
        assert_eq!((screen.halted(0), screen.silent(0)), (Halt::General, &[(5, OPEN_END)][..]));
        screen.halt(0, Halt::None, 10);
        let mut flat = Slot { bars: vec![Some(Bar::flat(10, Decimal::new(1100, 2)))], ..slot(10, 0) };
        screen.quieten(&mut flat);
        assert_eq!(flat.bars[0], Some(Bar::flat(10, Decimal::new(1000, 2))), "nothing traded at 11.00");
        let mut traded = slot(15, 1200);
        screen.quieten(&mut traded);
        assert_eq!(traded.bars, slot(15, 1200).bars);
        assert_eq!(screen.silent(0), [(5, 10)]);
    }

    #[test]
    fn delayed_prints_are_those_of_fifteen_minutes_ago() {
        let mut screen = screen();
        screen.set_up(MarketData::Delayed, Spread::default());
        for index in 0..=200 {
            screen.record(&slot(index * 5, 1000 + index));
        }
        let close = |age| screen.print(0, age).last.map(|bar| (bar.start, bar.close));
        assert_eq!(close(Age::Live), Some((1_000, Decimal::new(1200, 2))));
        assert_eq!(close(Age::Delayed), Some((100, Decimal::new(1020, 2))));
        assert_eq!(screen.print(0, Age::Delayed).volume, 2_100);
    }

    #[test]
    fn a_day_begins_anew_and_remembers_the_last_price_of_the_session_before() {
        let mut screen = screen();
        screen.record(&slot(50_000, 1000));
        screen.record(&slot(50_005, 1010));
        screen.record(&Slot { hours: Hours::Outside, ..slot(50_010, 1500) });
        let print = screen.print(0, Age::Live);
        assert_eq!(
            (print.open, print.high, print.close),
            (Some(Decimal::TEN), Some(Decimal::new(1010, 2)), None)
        );
        assert_eq!((print.volume, print.average()), (300, Decimal::from_str_exact("11.7").ok()));
        screen.record(&slot(50_000 + 86_400, 1020));
        let print = screen.print(0, Age::Live);
        assert_eq!((print.open, print.close), (Some(Decimal::new(1020, 2)), Some(Decimal::new(1010, 2))));
        assert_eq!((print.volume, print.average()), (100, Decimal::from_str_exact("10.2").ok()));
    }
}
