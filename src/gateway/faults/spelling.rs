//! How a fault file spells what a fault does: `do: duplicate`, `do: { refuse: 110 }`, `do: { drop: { away_for: 60 } }`.

use std::time::Duration;

use super::deed::{
    Corrupt, Cut, Deed, Door, Found, Gone, Jump, Lasting, Meanwhile, Outage, Pace, Parts, Priced, Ratio,
    Reorder, Restart, Restored, Spell, Stranger, Trickle, Unit, Words,
};
use super::script::FaultProblem;
use super::sheet::{Sheet, meant, one_of};
use super::yaml::{problem, shown};
use crate::yaml::{Node, Place, Value};

/// Every deed: its word, and an example of what stands behind it.
const DEEDS: [(&str, &str); 25] = [
    ("drop", "{ drop: { away_for: 60 } }"),
    ("freeze", "{ freeze: 2 }"),
    ("delay", "{ delay: 0.5 }"),
    ("trickle", "{ trickle: { write: 1 } }"),
    ("duplicate", "duplicate"),
    ("lose", "lose"),
    ("reorder", "{ reorder: status_first }"),
    ("corrupt", "{ corrupt: protobuf }"),
    ("refuse", "{ refuse: 110 }"),
    ("reject", "{ reject: 201 }"),
    ("warn", "{ warn: 399 }"),
    ("vanish", "vanish"),
    ("twin", "twin"),
    ("overtake", "{ overtake: 10148 }"),
    ("split", "{ split: [30, 50, 20] }"),
    ("fill", "fill"),
    ("next_id", "{ next_id: { by: 1000 } }"),
    ("outage", "{ outage: { for: 60, end: data_lost } }"),
    ("restart", "{ restart: { closed_for: 60 } }"),
    ("order", "{ order: { symbol: SPY, quantity: -100, limit: 170.00 } }"),
    ("position", "{ position: { symbol: SPY, quantity: 100 } }"),
    ("halt", "{ halt: { symbol: SPY, for: 5m } }"),
    ("stale", "{ stale: { symbol: SPY, for: 5m } }"),
    ("frozen", "{ frozen: { symbol: SPY, for: 5m } }"),
    ("corporate_split", "{ corporate_split: { symbol: SPY, new: 2, old: 1 } }"),
];

/// What a fault does; none where something is wrong with it.
pub(super) fn deed(node: &Node, problems: &mut Vec<FaultProblem>) -> Option<Deed> {
    let nothing = Node { value: Value::Empty, ..node.clone() };
    let (place, word, value) = match &node.value {
        Value::Plain(word) | Value::Quoted(word) => (node.place, word, &nothing),
        Value::Map(entries) if entries.len() == 1 => {
            (entries[0].key_place, &entries[0].key, &entries[0].value)
        }
        Value::Refused => return None,
        Value::Map(_) | Value::List(_) | Value::Empty => {
            let help =
                "write one deed, like `do: duplicate` or `do: { refuse: 110 }`; two deeds are two faults";
            problems.push(problem(node.place, "a fault does one thing", help));
            return None;
        }
    };
    let before = problems.len();
    let found = spelled(word, value, problems);
    if found.is_none() && problems.len() == before {
        problems.push(wrong(place, word));
    }
    found
}

fn wrong(place: Place, word: &str) -> FaultProblem {
    match DEEDS.iter().find(|(known, _)| *known == word) {
        Some((_, example)) => {
            problem(place, format!("`{word}` is not written so"), format!("write it like `do: {example}`"))
        }
        None => {
            let help = meant(word, DEEDS.iter().map(|(known, _)| *known)).unwrap_or_else(|| one_of(&DEEDS));
            problem(place, format!("`{}` is no deed", shown(word)), help)
        }
    }
}

fn spelled(word: &str, value: &Node, problems: &mut Vec<FaultProblem>) -> Option<Deed> {
    let words = |code: Option<i32>, value, problems| words(value, code, problems);
    match word {
        "freeze" => lasting(value).map(Deed::Freeze),
        "delay" => lasting(value).map(Deed::Delay),
        "duplicate" => match &value.value {
            Value::Empty => Some(Deed::Duplicate(1)),
            _ => number(value).and_then(|more| u32::try_from(more).ok()).map(Deed::Duplicate),
        },
        "lose" if matches!(value.value, Value::Empty) => Some(Deed::Lose),
        "vanish" if matches!(value.value, Value::Empty) => Some(Deed::Vanish),
        "twin" if matches!(value.value, Value::Empty) => Some(Deed::Twin),
        "reorder" => one(value, &Reorder::WORDS, problems).map(Deed::Reorder),
        "corrupt" => one(value, &Corrupt::WORDS, problems).map(Deed::Corrupt),
        "refuse" => words(None, value, problems).map(Deed::Refuse),
        "reject" => words(Some(201), value, problems).map(Deed::Reject),
        "warn" => words(None, value, problems).map(Deed::Warn),
        "overtake" => words(Some(10_148), value, problems).map(Deed::Overtake),
        "fill" => match &value.value {
            Value::Empty => Some(Deed::Fill(None)),
            _ => number(value).filter(|shares| *shares > 0).map(|shares| Deed::Fill(Some(shares))),
        },
        "drop" if matches!(value.value, Value::Empty) => Some(Deed::Drop(Gone::default())),
        "restart" if matches!(value.value, Value::Empty) => {
            Some(Deed::Restart(Restart { closed_for: 60, ids_back: 0 }))
        }
        "split" => split(value, problems),
        _ => {
            DEEDS.iter().find(|(known, _)| *known == word)?;
            let sheet = Sheet::of(value, &format!("`{word}`"), problems)?;
            on_a_sheet(word, value, sheet)
        }
    }
}

/// The deeds that say several things.
fn on_a_sheet(word: &str, at: &Node, mut sheet: Sheet<'_>) -> Option<Deed> {
    let (deed, known): (Option<Deed>, &[&str]) = match word {
        "drop" => (Some(Deed::Drop(gone(&mut sheet))), &["cut", "away_for", "door"]),
        "trickle" => (Some(Deed::Trickle(trickle(&mut sheet))), &["read", "write", "pause"]),
        "next_id" => {
            let by = sheet.whole("by").map(Jump::By);
            let jump = by.or(sheet.whole("to").map(Jump::To));
            (sheet.needs(at, "by", jump, "1000").map(Deed::NextId), &["by", "to"])
        }
        "outage" => (Some(Deed::Outage(outage(&mut sheet))), &["for", "end", "orders"]),
        "restart" => {
            let closed_for = sheet.market_seconds("closed_for", "0").flatten().unwrap_or(0);
            let ids_back = sheet.whole("ids_back").unwrap_or(0);
            (Some(Deed::Restart(Restart { closed_for, ids_back })), &["closed_for", "ids_back"])
        }
        "order" => (
            stranger(at, &mut sheet).map(Deed::Order),
            &["client", "symbol", "quantity", "limit", "stop", "order_ref"],
        ),
        "position" => {
            let symbol = sheet.text("symbol");
            let quantity = sheet.shares("quantity");
            let cost = sheet.price("cost");
            let symbol = sheet.needs(at, "symbol", symbol, "SPY");
            let quantity = sheet.needs(at, "quantity", quantity, "100");
            let found = symbol.zip(quantity).map(|(symbol, quantity)| Found { symbol, quantity, cost });
            (found.map(Deed::Position), &["symbol", "quantity", "cost"])
        }
        "corporate_split" => {
            let symbol = sheet.text("symbol");
            let (new, old) = (sheet.count("new"), sheet.count("old").unwrap_or(1));
            let symbol = sheet.needs(at, "symbol", symbol, "SPY");
            let new = sheet.needs(at, "new", new, "2");
            let ratio =
                symbol.zip(new).map(|(symbol, new)| Ratio { symbol, new: new.into(), old: old.into() });
            (ratio.map(Deed::CorporateSplit), &["symbol", "new", "old"])
        }
        _ => {
            let symbol = sheet.text("symbol");
            let lasting = sheet.market_seconds("for", "released").flatten();
            let spell = sheet.needs(at, "symbol", symbol, "SPY").map(|symbol| Spell { symbol, lasting });
            let deed = spell.map(|spell| match word {
                "halt" => Deed::Halt(spell),
                "stale" => Deed::Stale(spell),
                _ => Deed::Frozen(spell),
            });
            (deed, &["symbol", "for"])
        }
    };
    sheet.close(known);
    deed
}

fn gone(sheet: &mut Sheet<'_>) -> Gone {
    let usual = Gone::default();
    let doors = [("open", Door::Open), ("closed", Door::Closed), ("in_use", Door::InUse)];
    Gone {
        cut: sheet.word("cut", &[("between", Cut::Between), ("in_frame", Cut::InFrame)]).unwrap_or(usual.cut),
        away_for: sheet.market_seconds("away_for", "ever").unwrap_or(usual.away_for),
        door: sheet.word("door", &doors).unwrap_or(usual.door),
    }
}

fn trickle(sheet: &mut Sheet<'_>) -> Trickle {
    let bytes = |count: Option<u32>| count.and_then(|count| usize::try_from(count).ok());
    Trickle {
        read: bytes(sheet.count("read")),
        write: bytes(sheet.count("write")),
        pause: sheet.wall("pause").flatten().unwrap_or(Duration::ZERO),
    }
}

fn outage(sheet: &mut Sheet<'_>) -> Outage {
    let ends = [("data_lost", Restored::DataLost), ("data_kept", Restored::DataKept)];
    let orders = [("queued", Meanwhile::Queued), ("lost", Meanwhile::Lost)];
    Outage {
        lasting: sheet.market_seconds("for", "released").unwrap_or(Some(60)),
        restored: sheet.word("end", &ends).unwrap_or(Restored::DataKept),
        meanwhile: sheet.word("orders", &orders).unwrap_or(Meanwhile::Queued),
    }
}

fn stranger(at: &Node, sheet: &mut Sheet<'_>) -> Option<Stranger> {
    let (symbol, quantity) = (sheet.text("symbol"), sheet.shares("quantity").filter(|shares| *shares != 0));
    let price = match (sheet.price("limit"), sheet.price("stop")) {
        (Some(limit), _) => Priced::Limit(limit),
        (None, Some(stop)) => Priced::Stop(stop),
        (None, None) => Priced::Market,
    };
    let (client, order_ref) = (sheet.whole("client"), sheet.text("order_ref").unwrap_or_default());
    let symbol = sheet.needs(at, "symbol", symbol, "SPY");
    let quantity = sheet.needs(at, "quantity", quantity, "-100");
    let (symbol, quantity) = symbol.zip(quantity)?;
    Some(Stranger { client, symbol, quantity, price, order_ref })
}

/// `[30, 50, 20]` in shares, or a mapping with `shares` or `percent`, and `together`.
fn split(value: &Node, problems: &mut Vec<FaultProblem>) -> Option<Deed> {
    let parts = |sizes, unit, pace| Deed::Split(Parts { sizes, unit, pace });
    if let Some(sizes) = sizes(value) {
        return Some(parts(sizes, Unit::Shares, Pace::OneABar));
    }
    let Value::Map(_) = &value.value else { return None };
    let mut sheet = Sheet::of(value, "`split`", problems)?;
    let shares = sheet.take("shares").map(|entry| (entry.value, Unit::Shares));
    let given = shares.or_else(|| sheet.take("percent").map(|entry| (entry.value, Unit::Percent)));
    let paces = [("one_a_bar", Pace::OneABar), ("together", Pace::Together)];
    let pace = sheet.word("pace", &paces).unwrap_or(Pace::OneABar);
    let deed = match &given {
        Some((list, unit)) => match sizes(list) {
            Some(sizes) => Some(parts(sizes, *unit, pace)),
            None => sheet.wrong(list, None, "a list of parts", "numbers above zero, like [30, 50, 20]"),
        },
        None => sheet.needs(value, "shares", None, "[30, 50, 20]"),
    };
    sheet.close(&["shares", "percent", "pace"]);
    deed
}

fn sizes(value: &Node) -> Option<Vec<i64>> {
    let Value::List(items) = &value.value else { return None };
    let sizes: Option<Vec<i64>> = items.iter().map(|item| number(item).filter(|size| *size > 0)).collect();
    sizes.filter(|sizes| !sizes.is_empty())
}

/// `110`, or `{ code: 110, text: … }`; nothing where there is a usual code.
fn words(value: &Node, usual: Option<i32>, problems: &mut Vec<FaultProblem>) -> Option<Words> {
    match &value.value {
        Value::Empty => usual.map(Words::of),
        Value::Plain(text) | Value::Quoted(text) => text.parse().ok().map(Words::of),
        Value::Map(_) => {
            let mut sheet = Sheet::of(value, "an error", problems)?;
            let (code, text) = (sheet.whole("code").or(usual), sheet.text("text"));
            let code = sheet.needs(value, "code", code, "201");
            sheet.close(&["code", "text"]);
            code.map(|code| Words { text: text.unwrap_or_else(|| Words::of(code).text), code })
        }
        Value::List(_) | Value::Refused => None,
    }
}

fn one<T: Copy>(value: &Node, words: &[(&str, T)], problems: &mut Vec<FaultProblem>) -> Option<T> {
    let word = value.text()?;
    let found = words.iter().find(|(known, _)| *known == word).map(|(_, found)| *found);
    if found.is_none() {
        let help = meant(word, words.iter().map(|(known, _)| *known)).unwrap_or_else(|| one_of(words));
        problems.push(problem(value.place, format!("`{}` is not known here", shown(word)), help));
    }
    found
}

fn number(value: &Node) -> Option<i64> {
    value.text()?.parse().ok()
}

/// Wall seconds; `released`, or nothing, for until it is released.
fn lasting(value: &Node) -> Option<Lasting> {
    match &value.value {
        Value::Empty => Some(Lasting::UntilReleased),
        Value::Plain(text) if text == "released" => Some(Lasting::UntilReleased),
        Value::Plain(text) | Value::Quoted(text) => {
            let seconds: f64 = text.strip_suffix('s').unwrap_or(text).parse().ok()?;
            let time = (0.0..=86_400.0).contains(&seconds).then(|| Duration::from_secs_f64(seconds));
            time.map(Lasting::For)
        }
        _ => None,
    }
}
