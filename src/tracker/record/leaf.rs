//! The smallest pieces of a record: how a price, a name or a word of the domain stands in JSON.
//!
//! Every word is spelled out here once more, beside the words people read: those may change, these may not.

use std::borrow::Cow;

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::domain::event::{Ending, ExitReason};
use crate::domain::ids::{Direction, ExecId, Leg, OrderRef, PlanId, Side, Stamp, Symbol};
use crate::domain::market::{Hours, Timeframe};
use crate::domain::money::{Cash, Distance, Price};
use crate::domain::plan::{RiskCategory, Switch, Tif};

/// A value that is one JSON string.
pub(super) trait Text: Sized {
    /// Its spelling.
    fn spell(&self) -> Cow<'_, str>;

    /// The value of a spelling, or what is wrong with it.
    fn read(text: &str) -> Result<Self, String>;
}

/// `#[serde(with = "text")]`: a [`Text`].
pub(super) mod text {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::{Deserializer, Serializer, de};

    use super::Text;

    pub(in super::super) fn serialize<T: Text, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&value.spell())
    }

    pub(in super::super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        from.deserialize_str(Reading(PhantomData))
    }

    /// Reads within the visitor, so that an error knows its place in the text.
    struct Reading<T>(PhantomData<T>);

    impl<T: Text> de::Visitor<'_> for Reading<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            T::read(text).map_err(E::custom)
        }
    }
}

/// `#[serde(with = "text_or_null")]`: a [`Text`] that may be absent.
pub(super) mod text_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Text, text};

    pub(in super::super) fn serialize<T: Text, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.as_ref().map(Text::spell).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, T: Text, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        #[derive(Deserialize)]
        #[serde(transparent, bound = "T: Text")]
        struct Present<T: Text>(#[serde(with = "text")] T);

        Ok(Option::<Present<T>>::deserialize(from)?.map(|present| present.0))
    }
}

/// `#[serde(with = "shares")]`: a whole number of shares.
pub(super) mod shares {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::domain::money::{Qty, SHARES_MAX};

    pub(in super::super) fn serialize<S: Serializer>(qty: &Qty, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(qty.shares())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Qty, D::Error> {
        checked(u64::deserialize(from)?)
    }

    /// [`Qty::new`] cuts what is too large; a record that says so is wrong instead.
    pub(super) fn checked<E: de::Error>(shares: u64) -> Result<Qty, E> {
        if shares > SHARES_MAX {
            return Err(E::custom(format!("{shares} is more than {SHARES_MAX} shares")));
        }
        Ok(Qty::new(shares))
    }
}

/// `#[serde(with = "shares_or_null")]`: a number of shares that may be absent.
pub(super) mod shares_or_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::shares::checked;
    use crate::domain::money::Qty;

    pub(in super::super) fn serialize<S: Serializer>(qty: &Option<Qty>, to: S) -> Result<S::Ok, S::Error> {
        qty.map(Qty::shares).serialize(to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Qty>, D::Error> {
        Option::<u64>::deserialize(from)?.map(checked).transpose()
    }
}

/// `#[serde(with = "hex")]`: 64 bits as 16 digits. As a JSON number most readers would round them.
pub(super) mod hex {
    use serde::{Deserializer, Serializer};

    use super::{Cow, Text, text};

    struct Hex(u64);

    impl Text for Hex {
        fn spell(&self) -> Cow<'_, str> {
            format!("{:016x}", self.0).into()
        }

        fn read(text: &str) -> Result<Hex, String> {
            let fits = text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let value = u64::from_str_radix(text, 16).ok().filter(|_| fits);
            value.map(Hex).ok_or_else(|| format!("`{text}` is not 16 hex digits"))
        }
    }

    pub(in super::super) fn serialize<S: Serializer>(value: &u64, to: S) -> Result<S::Ok, S::Error> {
        text::serialize(&Hex(*value), to)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        Ok(text::deserialize::<Hex, D>(from)?.0)
    }
}

macro_rules! names {
    ($($name:ty, $make:expr, $what:literal;)*) => {$(
        impl Text for $name {
            fn spell(&self) -> Cow<'_, str> {
                self.as_str().into()
            }

            fn read(text: &str) -> Result<$name, String> {
                $make(text).ok_or_else(|| format!("`{text}` is no {}", $what))
            }
        }
    )*};
}
names! {
    PlanId, PlanId::new, "plan id";
    Symbol, Symbol::new, "symbol";
    OrderRef, OrderRef::parse, "order reference of ours";
    ExecId, |text| Some(ExecId::new(text)), "execution id";
}

macro_rules! words {
    ($($name:ident { $($variant:ident = $word:literal),* })*) => {$(
        impl Text for $name {
            fn spell(&self) -> Cow<'_, str> {
                match self { $($name::$variant => $word.into(),)* }
            }

            fn read(text: &str) -> Result<$name, String> {
                match text {
                    $($word => Ok($name::$variant),)*
                    _ => Err(format!("`{text}` is none of {}", [$($word),*].join(", "))),
                }
            }
        }
    )*};
}
words! {
    Side { Buy = "buy", Sell = "sell" }
    Direction { Long = "long", Short = "short" }
    Leg { Entry = "entry", Stop = "stop", Target = "target", Exit = "exit" }
    Tif { Day = "day", Gtc = "gtc" }
    Hours { Regular = "regular", Extended = "extended" }
    Switch { On = "on", Off = "off" }
    RiskCategory { Small = "small", Normal = "normal", Large = "large" }
    Timeframe {
        Min1 = "1min", Min5 = "5min", Min15 = "15min", Min30 = "30min", Hour1 = "1h", Hour4 = "4h", Day1 = "1d"
    }
    Ending { Closed = "closed", Cancelled = "cancelled", Removed = "removed", EntryFailed = "entry_failed" }
    ExitReason {
        Stop = "stop", Target = "target", Rule = "rule", Operator = "operator", Protection = "protection",
        External = "external"
    }
}

impl Text for Decimal {
    fn spell(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn read(text: &str) -> Result<Decimal, String> {
        Decimal::from_str_exact(text)
            .map_err(|_| format!("`{text}` is no decimal number of at most 28 digits"))
    }
}

impl Text for Price {
    fn spell(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn read(text: &str) -> Result<Price, String> {
        Price::new(Decimal::read(text)?).map_err(|error| error.to_string())
    }
}

impl Text for Cash {
    fn spell(&self) -> Cow<'_, str> {
        self.decimal().to_string().into()
    }

    fn read(text: &str) -> Result<Cash, String> {
        let raw = Decimal::read(text)?;
        let cash = Cash::new(raw);
        if cash.decimal() == raw { Ok(cash) } else { Err(format!("{raw} is more than any account holds")) }
    }
}

impl Text for Distance {
    fn spell(&self) -> Cow<'_, str> {
        self.decimal().to_string().into()
    }

    /// A distance is only ever a difference of two prices, so it is made of two: the nearest one above zero on the
    /// number's own grid, and the one this far above. That is exact for every distance that prices can have.
    fn read(text: &str) -> Result<Distance, String> {
        let raw = Decimal::read(text)?;
        let unit = Decimal::new(1, raw.scale());
        let far = raw.abs().checked_add(unit).ok_or_else(|| format!("{raw} is no distance of two prices"))?;
        let (near, far) = (Price::new(unit), Price::new(far));
        match (near, far) {
            (Ok(near), Ok(far)) if raw.is_sign_negative() => Ok(near - far),
            (Ok(near), Ok(far)) => Ok(far - near),
            _ => Err(format!("{raw} is no distance of two prices")),
        }
    }
}

/// RFC 3339 in UTC, with milliseconds where there are any.
impl Text for Stamp {
    fn spell(&self) -> Cow<'_, str> {
        self.to_string().into()
    }

    fn read(text: &str) -> Result<Stamp, String> {
        let at: Timestamp = text.parse().map_err(|_| format!("`{text}` is no time in RFC 3339"))?;
        Ok(Stamp::new(at))
    }
}
