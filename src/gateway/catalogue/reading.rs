//! Reading a catalogue: a tree in, entries of a [`Catalogue`] out, and everything that is wrong with its place.

use std::sync::Arc;

use jiff::civil::Time;
use rust_decimal::Decimal;

use super::calendar::{Calendar, DayHours, Falls};
use super::rule::{BandFlaw, MarketRule};
use super::yaml;
use super::{CURRENCY, Catalogue, CatalogueProblem, Terms, days};
use crate::domain::ids::Symbol;
use crate::yaml::{Entry, Node, Place, Value};

/// The longest text of one value, in bytes: it goes out with every contract.
const TEXT_BYTES_MAX: usize = 200;
/// The highest low edge, tick or size.
const NUMBER_MAX: i64 = 1_000_000_000;

/// Adds what a text says; answers with what is wrong, in the order of the text.
pub(super) fn read(text: &str, into: &mut Catalogue) -> Vec<CatalogueProblem> {
    let mut problems = Vec::new();
    if let Some(root) = yaml::parse(text, &mut problems) {
        let mut reading = Reading { into, problems, references: Vec::new() };
        reading.file(&root);
        reading.check_references();
        problems = reading.problems;
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

struct Reading<'c> {
    into: &'c mut Catalogue,
    problems: Vec<CatalogueProblem>,
    /// Rules and calendars that contracts name: they may stand further down.
    references: Vec<(Place, Reference)>,
}

enum Reference {
    Rule(String),
    Calendar(String),
}

impl Reading<'_> {
    fn file(&mut self, root: &Node) {
        for part in self.entries(root) {
            match part.key.as_str() {
                "market_rules" => {
                    for entry in self.entries(&part.value) {
                        self.rule(entry);
                    }
                }
                "calendars" => {
                    for entry in self.entries(&part.value) {
                        self.calendar(entry);
                    }
                }
                "defaults" => {
                    let mut defaults = self.into.defaults.clone();
                    self.terms(&part.value, &mut defaults);
                    self.into.defaults = defaults;
                }
                "contracts" => {
                    for entry in self.entries(&part.value) {
                        self.contract(entry);
                    }
                }
                _ => self.unknown(part, "market_rules, calendars, defaults and contracts"),
            }
        }
    }

    fn rule(&mut self, rule: &Entry) {
        let (mut id, mut bands) = (None, Vec::new());
        for entry in self.entries(&rule.value) {
            match entry.key.as_str() {
                "id" => id = self.id(&entry.value),
                "bands" => bands = self.bands(&entry.value),
                _ => self.unknown(entry, "id and bands"),
            }
        }
        let Some(id) = id else {
            let what = format!("market rule `{}` has no id", rule.key);
            return self.add(rule.key_place, what, "give it the number that clients ask for it by");
        };
        let twin = self.into.rules.iter().find(|(name, other)| other.id == id && **name != rule.key);
        if let Some((name, _)) = twin {
            let what = format!("market rule `{name}` has the id {id} too");
            return self.add(rule.key_place, what, "give each rule a number of its own");
        }
        let places: Vec<Place> = bands.iter().map(|(place, _)| *place).collect();
        let bands: Vec<(Decimal, Decimal)> = bands.into_iter().map(|(_, band)| band).collect();
        match MarketRule::new(id, &bands) {
            Ok(made) => {
                self.into.rules.insert(rule.key.clone(), Arc::new(made));
            }
            Err(flaw) => {
                let at = match flaw {
                    BandFlaw::None => None,
                    BandFlaw::NotFromZero => Some(0),
                    BandFlaw::NoTick(at) | BandFlaw::Order(at) | BandFlaw::Border(at) => Some(at),
                };
                let place = at.and_then(|at| places.get(at).copied()).unwrap_or(rule.key_place);
                self.add(place, flaw.to_string(), "write bands like `- { from: 0, tick: 0.01 }`");
            }
        }
    }

    fn bands(&mut self, node: &Node) -> Vec<(Place, (Decimal, Decimal))> {
        let mut bands = Vec::new();
        for item in self.items(node) {
            let (mut from, mut tick) = (None, None);
            for entry in self.entries(item) {
                match entry.key.as_str() {
                    "from" => from = self.number(&entry.value),
                    "tick" => tick = self.number(&entry.value),
                    _ => self.unknown(entry, "from and tick"),
                }
            }
            match (from, tick) {
                (Some(from), Some(tick)) => bands.push((item.place, (from, tick))),
                _ => self.add(item.place, "a band has a `from` and a `tick`", "write both as numbers"),
            }
        }
        bands
    }

    fn calendar(&mut self, calendar: &Entry) {
        let mut made = Calendar::weekdays();
        for entry in self.entries(&calendar.value) {
            match entry.key.as_str() {
                "hours" => self.hours(&entry.value, &mut made),
                "short_day" => self.short_day(&entry.value, &mut made),
                "closed" => made.closed = self.falls(&entry.value),
                "short" => made.short = self.falls(&entry.value),
                _ => self.unknown(entry, "hours, short_day, closed and short"),
            }
        }
        let DayHours { pre, open, close, post } = made.usual;
        let ordered = pre <= open && open < close && close <= post;
        if !ordered || made.short_close <= open || made.short_post < made.short_close {
            let what = format!("the hours of calendar `{}` are not in the order of the day", calendar.key);
            return self.add(
                calendar.key_place,
                what,
                "trading is pre ≤ open < close ≤ post, on short days too",
            );
        }
        self.into.calendars.insert(calendar.key.clone(), Arc::new(made));
    }

    fn hours(&mut self, node: &Node, into: &mut Calendar) {
        for entry in self.entries(node) {
            let hours = &mut into.usual;
            let part = match entry.key.as_str() {
                "pre" => &mut hours.pre,
                "open" => &mut hours.open,
                "close" => &mut hours.close,
                "post" => &mut hours.post,
                _ => {
                    self.unknown(entry, "pre, open, close and post");
                    continue;
                }
            };
            if let Some(time) = self.time(&entry.value) {
                *part = time;
            }
        }
    }

    fn short_day(&mut self, node: &Node, into: &mut Calendar) {
        for entry in self.entries(node) {
            let part = match entry.key.as_str() {
                "close" => &mut into.short_close,
                "post" => &mut into.short_post,
                _ => {
                    self.unknown(entry, "close and post");
                    continue;
                }
            };
            if let Some(time) = self.time(&entry.value) {
                *part = time;
            }
        }
    }

    fn falls(&mut self, node: &Node) -> Vec<Falls> {
        let items = self.items(node);
        items.iter().filter_map(|item| self.fall(item)).collect()
    }

    fn fall(&mut self, item: &Node) -> Option<Falls> {
        let entries = self.entries(item);
        let Some(named) = entries.iter().find(|entry| entry.key == "day") else {
            self.add(item.place, "a day has a `day`", "write it like `- { day: july 4 }`");
            return None;
        };
        let text = self.text(&named.value)?;
        let Some((day, later)) = days::day(&text) else {
            let help = "write it like july 4, third monday of january, good friday or 2001-09-11";
            self.add(named.value.place, format!("`{text}` is no day"), help);
            return None;
        };
        let mut falls = Falls { later, ..Falls::every_year(day) };
        for entry in entries {
            match entry.key.as_str() {
                "day" => {}
                "from" => falls.from = self.year(&entry.value).unwrap_or(falls.from),
                "until" => falls.until = self.year(&entry.value).unwrap_or(falls.until),
                "saturday" => falls.saturday = self.weekday(&entry.value),
                "sunday" => falls.sunday = self.weekday(&entry.value),
                "weekdays" => {
                    let items = self.items(&entry.value);
                    falls.weekdays = items.iter().filter_map(|item| self.weekday(item)).collect();
                }
                _ => self.unknown(entry, "day, from, until, saturday, sunday and weekdays"),
            }
        }
        Some(falls)
    }

    fn contract(&mut self, contract: &Entry) {
        if Symbol::new(&contract.key).is_none() {
            let what = format!("`{}` is no symbol", contract.key);
            return self.add(contract.key_place, what, "write it as IBKR does: upper case, like BRK B");
        }
        let mut terms = self.into.contracts.get(&contract.key).cloned().unwrap_or_default();
        self.terms(&contract.value, &mut terms);
        let twin = self.into.contracts.iter().find(|(symbol, other)| {
            **symbol != contract.key && terms.con_id.is_some() && other.con_id == terms.con_id
        });
        if let Some((symbol, _)) = twin {
            let what = format!("{} has the con_id of {symbol}", contract.key);
            self.add(contract.key_place, what, "give each contract its own, or none");
        }
        self.into.contracts.insert(contract.key.clone(), terms);
    }

    fn terms(&mut self, node: &Node, into: &mut Terms) {
        for entry in self.entries(node) {
            let value = &entry.value;
            match entry.key.as_str() {
                "name" => into.name = self.text(value),
                "con_id" => into.con_id = self.id(value),
                "currency" => self.currency(value),
                "primary_exchange" => into.primary_exchange = self.text(value),
                "valid_exchanges" => {
                    let items = self.items(value);
                    into.valid_exchanges = Some(items.iter().filter_map(|item| self.text(item)).collect());
                }
                "stock_type" => into.stock_type = self.text(value),
                "trading_class" => into.trading_class = self.text(value),
                "industry" => into.industry = self.text(value),
                "category" => into.category = self.text(value),
                "subcategory" => into.subcategory = self.text(value),
                "market_rule" => {
                    into.market_rule = self.text(value);
                    let named = into.market_rule.clone().map(Reference::Rule);
                    self.references.extend(named.map(|named| (value.place, named)));
                }
                "calendar" => {
                    into.calendar = self.text(value);
                    let named = into.calendar.clone().map(Reference::Calendar);
                    self.references.extend(named.map(|named| (value.place, named)));
                }
                "min_size" => into.min_size = self.size(value),
                "size_increment" => into.size_increment = self.size(value),
                "suggested_size_increment" => into.suggested_size_increment = self.size(value),
                _ => self.unknown(
                    entry,
                    "name, con_id, currency, primary_exchange, valid_exchanges, stock_type, trading_class, industry, \
                     category, subcategory, market_rule, calendar, min_size, size_increment and \
                     suggested_size_increment",
                ),
            }
        }
    }

    fn currency(&mut self, node: &Node) {
        let text = self.text(node);
        if text.is_some_and(|text| text != CURRENCY) {
            let what = format!("only {CURRENCY} is simulated");
            self.add(node.place, what, "the account has one currency; leave the contract out");
        }
    }

    fn check_references(&mut self) {
        for (place, reference) in std::mem::take(&mut self.references) {
            let (word, name, known): (_, _, Vec<&str>) = match &reference {
                Reference::Rule(name) => {
                    ("market rule", name, self.into.rules.keys().map(String::as_str).collect())
                }
                Reference::Calendar(name) => {
                    ("calendar", name, self.into.calendars.keys().map(String::as_str).collect())
                }
            };
            if !known.contains(&name.as_str()) {
                let help = format!("there are {}", known.join(", "));
                self.problems.push(yaml::problem(place, format!("there is no {word} `{name}`"), help));
            }
        }
    }

    fn entries<'n>(&mut self, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => return entries,
            Value::Empty | Value::Refused => {}
            Value::Plain(_) | Value::Quoted(_) | Value::List(_) => {
                self.add(node.place, "here stand keys with values", "write `name: value`, one a line");
            }
        }
        &[]
    }

    fn items<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.value {
            Value::List(items) => return items,
            Value::Empty | Value::Refused => {}
            Value::Plain(_) | Value::Quoted(_) | Value::Map(_) => {
                self.add(
                    node.place,
                    "here stands a list",
                    "write `[one, two]`, or a line with `- ` for each",
                );
            }
        }
        &[]
    }

    fn text(&mut self, node: &Node) -> Option<String> {
        match &node.value {
            Value::Plain(text) | Value::Quoted(text) if text.len() <= TEXT_BYTES_MAX => Some(text.clone()),
            Value::Plain(_) | Value::Quoted(_) => {
                self.add(node.place, format!("longer than {TEXT_BYTES_MAX} bytes"), "shorten it");
                None
            }
            Value::Empty | Value::List(_) | Value::Map(_) => {
                self.add(
                    node.place,
                    "here stands one value",
                    "write it behind the colon, or leave out the line",
                );
                None
            }
            Value::Refused => None,
        }
    }

    /// A number that is not negative.
    fn number(&mut self, node: &Node) -> Option<Decimal> {
        let text = self.text(node)?;
        let number = Decimal::from_str_exact(&text).ok();
        let number = number.filter(|number| *number >= Decimal::ZERO && *number <= Decimal::from(NUMBER_MAX));
        if number.is_none() {
            let what = format!("`{text}` is no number between 0 and {NUMBER_MAX}");
            self.add(node.place, what, "write a plain decimal like 0.01");
        }
        number
    }

    fn size(&mut self, node: &Node) -> Option<Decimal> {
        let size = self.number(node)?;
        if size.is_zero() || !size.is_integer() {
            self.add(node.place, "a size is a whole number of shares", "write 1, or 100 for round lots");
            return None;
        }
        Some(size)
    }

    fn id(&mut self, node: &Node) -> Option<i32> {
        let text = self.text(node)?;
        let id = text.parse().ok().filter(|id: &i32| *id > 0);
        if id.is_none() {
            let what = format!("`{text}` is no id");
            self.add(node.place, what, format!("write a whole number from 1 to {}", i32::MAX));
        }
        id
    }

    fn year(&mut self, node: &Node) -> Option<i16> {
        let text = self.text(node)?;
        let year = text.parse().ok().filter(|year| (1900..=2200).contains(year));
        if year.is_none() {
            self.add(node.place, format!("`{text}` is no year"), "write four digits");
        }
        year
    }

    fn time(&mut self, node: &Node) -> Option<Time> {
        let text = self.text(node)?;
        let time = Time::strptime("%H:%M", &text).ok();
        if time.is_none() {
            self.add(node.place, format!("`{text}` is no time of day"), "write it like \"09:30\"");
        }
        time
    }

    fn weekday(&mut self, node: &Node) -> Option<jiff::civil::Weekday> {
        let text = self.text(node)?;
        let weekday = days::weekday(&text);
        if weekday.is_none() {
            self.add(node.place, format!("`{text}` is no weekday"), "write it like monday");
        }
        weekday
    }

    fn unknown(&mut self, entry: &Entry, known: &str) {
        self.add(entry.key_place, format!("`{}` is not known here", entry.key), format!("there are {known}"));
    }

    fn add(&mut self, place: Place, what: impl Into<String>, help: impl Into<String>) {
        self.problems.push(yaml::problem(place, what, help));
    }
}
