//! A rule's parameters: how a script declares them, and how a plan's values are held against the declaration.

use std::collections::BTreeMap;

use rhai::{Dynamic, Map};
use rust_decimal::Decimal;

use crate::domain::plan::Param;

use super::fault::nearest;
use super::sandbox::TEXT_BYTES_MAX;
use super::view::{describe, number};

const OPTIONS: [&str; 5] = ["min", "max", "help", "alias", "type"];
const NAME_BYTES_MAX: usize = 64;

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A decimal.
    Number,
    /// A whole number.
    Whole,
    /// A word or text.
    Text,
    /// `true` or `false`.
    Flag,
    /// Whatever the plan says: an optional parameter without `type`.
    Any,
}

impl Kind {
    fn parse(word: &str) -> Option<Kind> {
        match word {
            "number" => Some(Kind::Number),
            "whole" => Some(Kind::Whole),
            "text" => Some(Kind::Text),
            "flag" => Some(Kind::Flag),
            _ => None,
        }
    }

    fn of(default: &Dynamic) -> Option<Kind> {
        match default.type_name() {
            _ if default.is_unit() => Some(Kind::Any),
            _ if default.is_decimal() => Some(Kind::Number),
            _ if default.is_int() => Some(Kind::Whole),
            _ if default.is_bool() => Some(Kind::Flag),
            _ if default.is_string() => Some(Kind::Text),
            _ => None,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Whole => "a whole number",
            Kind::Text => "a text",
            Kind::Flag => "true or false",
            Kind::Any => "a value",
        }
    }
}

/// One declared parameter.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// Its name in the script and in plans.
    pub(super) name: String,
    /// Other spellings plans may use.
    aliases: Vec<String>,
    kind: Kind,
    default: Dynamic,
    min: Option<Decimal>,
    max: Option<Decimal>,
    help: Option<String>,
}

impl Input {
    /// What `input(name, default, options)` declares. Refuses what contradicts itself, in words for the rule's author.
    pub(super) fn declare(name: &str, default: Dynamic, mut options: Map) -> Result<Input, String> {
        named(name)?;
        if let Some(strange) = options.keys().find(|key| !OPTIONS.contains(&key.as_str())) {
            let near = nearest(strange, OPTIONS).map(|near| format!("; did you mean `{near}`?"));
            return Err(format!("input \"{name}\": unknown option `{strange}`{}", near.unwrap_or_default()));
        }
        let said = |what: String| format!("input \"{name}\": {what}");
        let kind = kind(&default, options.remove("type")).map_err(said)?;
        let input = Input {
            name: name.into(),
            aliases: aliases(options.remove("alias")).map_err(said)?,
            kind,
            default: if kind == Kind::Number { as_number(default) } else { default },
            min: bound(options.remove("min"), kind).map_err(said)?,
            max: bound(options.remove("max"), kind).map_err(said)?,
            help: options.remove("help").map(|help| help.to_string()),
        };
        if let Some(default) = number(&input.default) {
            input.within(default).map_err(|wrong| said(format!("the default is out of range: {wrong}")))?;
        }
        Ok(input)
    }

    /// Every spelling of it.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.name.as_str()).chain(self.aliases.iter().map(String::as_str))
    }

    /// Whether plans may call it `name`.
    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.names().any(|own| own == name)
    }

    /// The plan's value as the script sees it.
    fn accept(&self, value: &Param) -> Result<Dynamic, Refused> {
        match (self.kind, value) {
            (Kind::Number | Kind::Any, Param::Number(number)) => {
                self.within(*number).map_err(Refused::Range)?;
                Ok(Dynamic::from(*number))
            }
            (Kind::Whole, Param::Number(number)) => {
                let whole = number.is_integer().then(|| i64::try_from(*number).ok()).flatten();
                let whole = whole.ok_or(Refused::Kind)?;
                self.within(*number).map_err(Refused::Range)?;
                Ok(Dynamic::from(whole))
            }
            (Kind::Text | Kind::Any, Param::Text(text)) if text.len() <= TEXT_BYTES_MAX => Ok(text.into()),
            (Kind::Text | Kind::Any, Param::Text(_)) => {
                Err(Refused::Range(format!("longer than {TEXT_BYTES_MAX} bytes")))
            }
            (Kind::Flag | Kind::Any, Param::Flag(flag)) => Ok(Dynamic::from(*flag)),
            (Kind::Number | Kind::Whole, Param::Text(_) | Param::Flag(_))
            | (Kind::Text, Param::Number(_) | Param::Flag(_))
            | (Kind::Flag, Param::Number(_) | Param::Text(_)) => Err(Refused::Kind),
        }
    }

    fn within(&self, value: Decimal) -> Result<(), String> {
        match (self.min, self.max) {
            (Some(min), _) if value < min => Err(format!("{value} is below {min}")),
            (_, Some(max)) if value > max => Err(format!("{value} is above {max}")),
            _ => Ok(()),
        }
    }

    /// What may be written: `a number from 0.1 to 50`, and what it is for.
    fn usage(&self) -> String {
        let kind = self.kind.words();
        let range = match (self.min, self.max) {
            (Some(min), Some(max)) => format!(" from {min} to {max}"),
            (Some(min), None) => format!(", at least {min}"),
            (None, Some(max)) => format!(", at most {max}"),
            (None, None) => String::new(),
        };
        let help = self.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
        format!("{} takes {kind}{range}{help}", self.name)
    }
}

enum Refused {
    Kind,
    Range(String),
}

fn named(name: &str) -> Result<(), String> {
    let fits = name.len() <= NAME_BYTES_MAX
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let help = "a parameter's name is lower case letters, digits and _";
    if fits { Ok(()) } else { Err(format!("input \"{name}\": {help}")) }
}

fn kind(default: &Dynamic, wanted: Option<Dynamic>) -> Result<Kind, String> {
    let of_default =
        Kind::of(default).ok_or_else(|| format!("no parameter can default to {}", describe(default)))?;
    let Some(wanted) = wanted else { return Ok(of_default) };
    let word = wanted.to_string();
    let wanted = Kind::parse(&word)
        .ok_or_else(|| format!("unknown type \"{word}\"; there are number, whole, text and flag"))?;
    match (of_default, wanted) {
        (Kind::Any, _) | (Kind::Whole, Kind::Number) => Ok(wanted),
        _ if of_default == wanted => Ok(wanted),
        _ => Err(format!("type \"{word}\" with the default {}", describe(default))),
    }
}

fn aliases(given: Option<Dynamic>) -> Result<Vec<String>, String> {
    let given = match given {
        None => return Ok(Vec::new()),
        Some(list) if list.is_array() => list.into_array().unwrap_or_default(),
        Some(one) => vec![one],
    };
    let text = |alias: Dynamic| {
        let word = alias.to_string();
        named(&word).map(|()| word)
    };
    given.into_iter().map(text).collect()
}

fn bound(given: Option<Dynamic>, kind: Kind) -> Result<Option<Decimal>, String> {
    let Some(given) = given else { return Ok(None) };
    if !matches!(kind, Kind::Number | Kind::Whole) {
        return Err("min and max are for numbers; say type: \"number\" or \"whole\"".into());
    }
    let bound = number(&given).ok_or_else(|| format!("min and max are numbers, not {}", describe(&given)))?;
    Ok(Some(bound))
}

fn as_number(default: Dynamic) -> Dynamic {
    number(&default).map_or(default, Dynamic::from)
}

/// A parameter of a plan that does not fit its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// `R204` unknown, `R205` type, `R206` range, `R207` given twice.
    pub(super) code: &'static str,
    /// Its spelling in the plan.
    pub(super) parameter: String,
    /// What is wrong.
    pub(super) message: String,
    /// What to write.
    pub(super) help: Option<String>,
}

/// The values of a rule's `inputs`, in their order, from what a plan `given`s. Tells everything that does not fit.
pub(super) fn bind(inputs: &[Input], given: &BTreeMap<String, Param>) -> Result<Vec<Dynamic>, Vec<Misfit>> {
    let mut values: Vec<Option<Dynamic>> = vec![None; inputs.len()];
    let mut misfits = Vec::new();
    for (name, param) in given {
        let Some(index) = inputs.iter().position(|input| input.answers_to(name)) else {
            misfits.push(unknown(inputs, name));
            continue;
        };
        let input = &inputs[index];
        match input.accept(param) {
            _ if values[index].is_some() => misfits.push(twice(input, name)),
            Ok(value) => values[index] = Some(value),
            Err(refused) => {
                misfits.push(refusal(input, name, param, refused));
                // Given, if wrongly: a second spelling is told as such.
                values[index] = Some(Dynamic::UNIT);
            }
        }
    }
    if !misfits.is_empty() {
        return Err(misfits);
    }
    let filled = inputs.iter().zip(values);
    Ok(filled.map(|(input, value)| value.unwrap_or_else(|| input.default.clone())).collect())
}

fn unknown(inputs: &[Input], name: &str) -> Misfit {
    let near = nearest(name, inputs.iter().flat_map(Input::names));
    let all: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if all.is_empty() => "the rule takes no parameters".into(),
        None => format!("the rule takes {}", all.join(", ")),
    };
    Misfit {
        code: "R204",
        parameter: name.into(),
        message: format!("unknown parameter `{name}`"),
        help: Some(help),
    }
}

fn twice(input: &Input, name: &str) -> Misfit {
    let spellings: Vec<&str> = input.names().collect();
    Misfit {
        code: "R207",
        parameter: name.into(),
        message: format!("`{name}` is given twice"),
        help: Some(format!("{} are spellings of one parameter: keep one", spellings.join(" and "))),
    }
}

fn refusal(input: &Input, name: &str, param: &Param, refused: Refused) -> Misfit {
    let given = match param {
        Param::Number(number) => number.to_string(),
        Param::Text(text) => format!("the text \"{text}\""),
        Param::Flag(flag) => flag.to_string(),
    };
    let (code, message) = match refused {
        Refused::Kind => ("R205", format!("`{name}` takes {}, not {given}", input.kind.words())),
        Refused::Range(why) => ("R206", format!("`{name}` is out of range: {why}")),
    };
    Misfit { code, parameter: name.into(), message, help: Some(input.usage()) }
}
