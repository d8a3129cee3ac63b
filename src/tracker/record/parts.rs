//! What records are made of: plans, tickets, executions, each as a mirror of its domain type.
//!
//! A mirror names every field and every variant: a domain type that gains one does not compile until its spelling
//! is decided. Changing what is here changes the format, and needs a new [`super::VERSION`].

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::leaf::{hex, shares, shares_or_null, text, text_or_null};
use crate::domain::ids::{
    BrokerOrderId, Direction, ExecId, Leg, OrderRef, PermId, PlanId, Side, Stamp, Symbol,
};
use crate::domain::market::{Candle, Hours, Timeframe};
use crate::domain::money::{Cash, Distance, Price, Qty};
use crate::domain::order::{Amendment, Execution, OrderFact, OrderKind, Ticket};
use crate::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Switch, Tif};
use crate::domain::risk::{Bracket, Denied};

#[derive(Serialize, Deserialize)]
#[serde(remote = "Plan", deny_unknown_fields)]
pub(super) struct PlanParts {
    #[serde(with = "text")]
    id: PlanId,
    #[serde(with = "hex")]
    digest: u64,
    #[serde(with = "text")]
    symbol: Symbol,
    #[serde(with = "ContractSpecParts")]
    contract: ContractSpec,
    #[serde(with = "text")]
    direction: Direction,
    #[serde(with = "text")]
    entry_level: Price,
    #[serde(with = "text")]
    stop_loss: Price,
    #[serde(with = "text_or_null")]
    take_profit: Option<Price>,
    #[serde(with = "text")]
    risk: RiskCategory,
    #[serde(with = "RuleUseParts")]
    entry: RuleUse,
    #[serde(with = "RuleUseParts")]
    exit: RuleUse,
    #[serde(with = "text")]
    tif: Tif,
    #[serde(with = "text")]
    hours: Hours,
    #[serde(with = "text_or_null")]
    valid_from: Option<Stamp>,
    #[serde(with = "text_or_null")]
    valid_until: Option<Stamp>,
    #[serde(with = "shares_or_null")]
    max_quantity: Option<Qty>,
    #[serde(with = "text")]
    switch: Switch,
    notes: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ContractSpec", deny_unknown_fields)]
struct ContractSpecParts {
    sec_type: String,
    exchange: String,
    currency: String,
    primary_exchange: Option<String>,
    con_id: Option<i32>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "RuleUse", deny_unknown_fields)]
struct RuleUseParts {
    rule: String,
    #[serde(with = "text")]
    timeframe: Timeframe,
    #[serde(with = "parameters")]
    parameters: BTreeMap<String, Param>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Param", rename_all = "snake_case")]
enum ParamParts {
    Number(#[serde(with = "text")] Decimal),
    Text(String),
    Flag(bool),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Ticket", deny_unknown_fields)]
pub(super) struct TicketParts {
    #[serde(with = "text")]
    reference: OrderRef,
    #[serde(with = "text")]
    plan: PlanId,
    #[serde(with = "text")]
    leg: Leg,
    #[serde(with = "text")]
    side: Side,
    #[serde(with = "shares")]
    qty: Qty,
    #[serde(with = "OrderKindParts")]
    kind: OrderKind,
    #[serde(with = "text")]
    tif: Tif,
    #[serde(with = "text")]
    hours: Hours,
    group: Option<String>,
    #[serde(with = "text_or_null")]
    parent: Option<OrderRef>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrderKind", rename_all = "snake_case")]
enum OrderKindParts {
    Market,
    Limit(#[serde(with = "text")] Price),
    Stop(#[serde(with = "text")] Price),
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Bracket", deny_unknown_fields)]
pub(super) struct BracketParts {
    #[serde(with = "TicketParts")]
    entry: Ticket,
    #[serde(with = "TicketParts")]
    stop: Ticket,
    #[serde(with = "ticket_or_null")]
    target: Option<Ticket>,
    #[serde(with = "text")]
    risk: Cash,
    #[serde(with = "text")]
    reference: Price,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "OrderFact", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OrderFactParts {
    Sent(#[serde(with = "BrokerOrderIdParts")] BrokerOrderId),
    Lost,
    Acknowledged {
        #[serde(with = "BrokerOrderIdParts")]
        id: BrokerOrderId,
        #[serde(with = "perm_or_null")]
        perm: Option<PermId>,
    },
    Held,
    Working,
    AmendPlanned(#[serde(with = "AmendmentParts")] Amendment),
    Amended(#[serde(with = "AmendmentParts")] Amendment),
    AmendRefused {
        code: i32,
        text: String,
    },
    CancelPlanned,
    Inactive,
    Filled,
    Cancelled,
    Rejected {
        code: i32,
        text: String,
    },
    Expired,
    Abandoned,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "BrokerOrderId", transparent)]
struct BrokerOrderIdParts(i32);

#[derive(Serialize, Deserialize)]
#[serde(remote = "Amendment", deny_unknown_fields)]
struct AmendmentParts {
    #[serde(with = "text")]
    price: Price,
    #[serde(with = "shares")]
    qty: Qty,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Execution", deny_unknown_fields)]
pub(super) struct ExecutionParts {
    #[serde(with = "text")]
    id: ExecId,
    #[serde(with = "text")]
    side: Side,
    #[serde(with = "shares")]
    qty: Qty,
    #[serde(with = "text")]
    price: Price,
    #[serde(with = "text")]
    at: Stamp,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Candle", deny_unknown_fields)]
pub(super) struct CandleParts {
    #[serde(with = "text")]
    start: Stamp,
    #[serde(with = "text")]
    end: Stamp,
    #[serde(with = "text")]
    open: Price,
    #[serde(with = "text")]
    high: Price,
    #[serde(with = "text")]
    low: Price,
    #[serde(with = "text")]
    close: Price,
    volume: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Denied", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum DeniedParts {
    NoShares {
        #[serde(with = "text")]
        budget: Cash,
        #[serde(with = "text")]
        distance: Distance,
        #[serde(with = "shares")]
        max: Qty,
    },
    PortfolioRisk {
        #[serde(with = "text")]
        current: Decimal,
        #[serde(with = "text")]
        new: Decimal,
        #[serde(with = "text")]
        max: Decimal,
    },
    OrderValue {
        #[serde(with = "text")]
        current: Decimal,
        #[serde(with = "text")]
        max: Decimal,
        #[serde(with = "shares")]
        largest: Qty,
    },
    OrderShares {
        #[serde(with = "shares")]
        current: Qty,
        #[serde(with = "shares")]
        max: Qty,
    },
    BuyingPower {
        #[serde(with = "text")]
        current: Cash,
        #[serde(with = "text")]
        max: Cash,
        #[serde(with = "shares")]
        largest: Qty,
    },
    StopPassed {
        #[serde(with = "text")]
        price: Price,
        #[serde(with = "text")]
        stop: Price,
    },
    OutsideSession,
    Currency {
        contract: String,
        account: String,
    },
    AccountUnknown,
    NotReady,
    SignalLate,
    Frozen,
}

/// The parameters of a rule, each under its own name.
mod parameters {
    use super::*;

    struct Shown<'a>(&'a Param);

    impl Serialize for Shown<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            ParamParts::serialize(self.0, to)
        }
    }

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Read(#[serde(with = "ParamParts")] Param);

    pub(super) fn serialize<S: Serializer>(
        parameters: &BTreeMap<String, Param>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(parameters.iter().map(|(name, value)| (name, Shown(value))))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<String, Param>, D::Error> {
        let read = BTreeMap::<String, Read>::deserialize(from)?;
        Ok(read.into_iter().map(|(name, value)| (name, value.0)).collect())
    }
}

/// A ticket that may be absent.
mod ticket_or_null {
    use super::*;

    struct Shown<'a>(&'a Ticket);

    impl Serialize for Shown<'_> {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            TicketParts::serialize(self.0, to)
        }
    }

    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Read(#[serde(with = "TicketParts")] Ticket);

    pub(super) fn serialize<S: Serializer>(ticket: &Option<Ticket>, to: S) -> Result<S::Ok, S::Error> {
        ticket.as_ref().map(Shown).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ticket>, D::Error> {
        Ok(Option::<Read>::deserialize(from)?.map(|read| read.0))
    }
}

/// The broker's lasting number, absent while it has told none.
mod perm_or_null {
    use super::*;

    pub(super) fn serialize<S: Serializer>(perm: &Option<PermId>, to: S) -> Result<S::Ok, S::Error> {
        perm.map(|PermId(number)| number).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PermId>, D::Error> {
        Ok(Option::<i64>::deserialize(from)?.map(PermId))
    }
}
