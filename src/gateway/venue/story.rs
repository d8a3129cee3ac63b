//! A venue with one symbol that trades whose bars are written as `open high low close`, and what it tells.

use rust_decimal::Decimal;

use super::{
    Distance, Fact, Key, Kind, Life, Moment, Reach, Refusal, Side, Standing, Ticket, Transmit, Venue,
};
use crate::gateway::bars::Bar;
use crate::gateway::feed::{Hours, Slot};

/// A session that opens at second 100 and closes at second 1000; bars start at multiples of five.
pub(super) const CLOSE: i64 = 1_000;
/// When the hours after it end.
pub(super) const LATE: i64 = 1_100;

pub(super) struct Story {
    pub(super) venue: Venue,
    pub(super) told: Vec<String>,
    pub(super) now: i64,
}

pub(super) fn dec(text: &str) -> Decimal {
    Decimal::from_str_exact(text).expect("a decimal")
}

pub(super) fn hours(second: i64) -> Hours {
    if (100..CLOSE).contains(&second) { Hours::Session } else { Hours::Outside }
}

impl Story {
    pub(super) fn at(now: i64) -> Story {
        Story { venue: Venue::new(dec("100000"), 2, hours(now)), told: Vec::new(), now }
    }

    pub(super) fn session() -> Story {
        Story::at(100)
    }

    /// `1 BUY 100 MKT`, `2 SELL 100 STP 9.50 parent=1 oca=x type=2 GTC any-hour hold`, `3 SELL 10 TRAIL 1% start=9`
    pub(super) fn order(&mut self, text: &str) -> &mut Story {
        if let Err(refusal) = self.try_order(text) {
            self.told.push(format!("refused {}", refusal.code));
        }
        self
    }

    pub(super) fn try_order(&mut self, text: &str) -> Result<(), Refusal> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let price = |index: usize| dec(words[index]);
        let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name)).unwrap_or("");
        let has = |word: &str| words.contains(&word);
        let start = Some(option("start=")).filter(|text| !text.is_empty()).map(dec);
        let kind = match words[3] {
            "MKT" => Kind::Market,
            "LMT" => Kind::Limit(price(4)),
            "STP" => Kind::Stop(price(4)),
            "STPLMT" => Kind::StopLimit { stop: price(4), limit: price(5) },
            "TRAIL" => Kind::Trail {
                by: match words[4].strip_suffix('%') {
                    Some(percent) => Distance::Percent(dec(percent)),
                    None => Distance::Amount(price(4)),
                },
                start,
            },
            other => panic!("{other} is no kind of order"),
        };
        let until = option("until=").parse().map(Life::Until);
        let ticket = Ticket {
            key: Key { client: 1, id: words[0].parse().expect("an order id") },
            symbol: 0,
            side: if words[1] == "BUY" { Side::Buy } else { Side::Sell },
            quantity: words[2].parse().expect("a quantity"),
            kind,
            life: until.unwrap_or(if has("GTC") { Life::UntilCancelled } else { Life::Day }),
            reach: if has("any-hour") { Reach::AnyHour } else { Reach::Session },
            transmit: if has("hold") { Transmit::Hold } else { Transmit::Now },
            parent: option("parent=").parse().unwrap_or(0),
            oca_group: option("oca=").to_owned(),
            oca_type: option("type=").parse().unwrap_or(1),
            trigger_method: 0,
            order_ref: String::new(),
        };
        let day_ends = Some(if self.now < CLOSE { CLOSE } else { 2 * CLOSE });
        let late_ends = Some(if self.now < LATE { LATE } else { CLOSE + LATE });
        let moment = Moment { now: self.now, hours: hours(self.now), day_ends, late_ends };
        let mut facts = Vec::new();
        let done = self.venue.place(ticket, &moment, &mut facts);
        self.tell(&facts);
        done
    }

    /// Fills a part of an order by command.
    pub(super) fn fill(&mut self, id: i32, shares: i64, price: &str) -> &mut Story {
        let place = self.venue.place_of(Key { client: 1, id }).expect("an order");
        let mut facts = Vec::new();
        self.venue.fill_now(place, shares, dec(price), self.now, &mut facts);
        self.tell(&facts);
        self
    }

    pub(super) fn cancel(&mut self, id: i32) -> &mut Story {
        let mut facts = Vec::new();
        let done = self.venue.cancel(Key { client: 1, id }, self.now, &mut facts);
        self.tell(&facts);
        if let Err(refusal) = done {
            self.told.push(format!("refused {}", refusal.code));
        }
        self
    }

    pub(super) fn begin_cancel(&mut self, id: i32) -> &mut Story {
        let mut facts = Vec::new();
        self.venue.begin_cancel(Key { client: 1, id }, self.now, &mut facts).expect("a living order");
        self.tell(&facts);
        self
    }

    pub(super) fn finish_cancel(&mut self, id: i32) -> &mut Story {
        let place = self.venue.place_of(Key { client: 1, id }).expect("an order");
        let mut facts = Vec::new();
        self.venue.finish_cancel(place, self.now, &mut facts);
        self.tell(&facts);
        self
    }

    /// One bar, `open high low close`, with its volume behind a colon where it matters, or `flat price`.
    pub(super) fn bar(&mut self, text: &str) -> &mut Story {
        let (text, volume) = text.split_once(':').unwrap_or((text, "100"));
        let volume = volume.trim().parse().expect("a volume");
        let prices: Vec<Decimal> = text.split_whitespace().filter(|word| *word != "flat").map(dec).collect();
        let bar = match prices[..] {
            [price] => Bar::flat(self.now, price),
            [open, high, low, close] => Bar { start: self.now, open, high, low, close, volume, count: 1 },
            _ => panic!("{text:?} is no bar"),
        };
        self.slot(vec![Some(bar), None])
    }

    pub(super) fn slot(&mut self, bars: Vec<Option<Bar>>) -> &mut Story {
        let slot = Slot { start: self.now, hours: hours(self.now), bars };
        self.now += 5;
        self.told.push(format!("-- {}", slot.start));
        let mut facts = Vec::new();
        self.venue.trade(&slot, hours(self.now), &mut facts);
        self.tell(&facts);
        self
    }

    pub(super) fn tell(&mut self, facts: &[Fact]) {
        for fact in facts {
            let id = |place: usize| self.venue.orders[place].ticket.key.id;
            self.told.push(match *fact {
                Fact::Stands(place, standing) => format!("{} {}", id(place), standing_text(standing)),
                Fact::Filled(execution) => {
                    let it = &self.venue.executions[execution];
                    let part = if it.shares == it.cumulative + it.remaining {
                        String::new()
                    } else {
                        format!(" {} of {}, {} left,", it.shares, it.cumulative + it.remaining, it.remaining)
                    };
                    format!("{} filled{part} at {} in bar {}", id(it.order), it.price, it.time)
                }
                Fact::Rejected(place, rejection) => format!("{} inactive: {rejection:?}", id(place)),
                Fact::Cancelled(place, reason) => format!("{} cancelled: {reason:?}", id(place)),
                Fact::Noted(place, note) => format!("{} noted: {note:?}", id(place)),
            });
        }
    }

    pub(super) fn told(&self) -> String {
        self.told.join("\n")
    }
}

/// The status, then what is filled of how much where that is not nothing, and where a trailing stop stands.
fn standing_text(standing: Standing) -> String {
    let Standing { status, quantity, filled, trail_stop, .. } = standing;
    let mut text = format!("{status:?}");
    if filled > 0 {
        text += &format!(" {filled} of {quantity}");
    }
    if let Some(stop) = trail_stop {
        text += &format!(" stop {stop}");
    }
    text
}
