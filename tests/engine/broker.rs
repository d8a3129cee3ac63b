//! A minimal obedient broker: it names what it is given, fills it on the bars, and tells. A story can make it
//! disobey. It shares no code with the simulated gateway.

use std::collections::BTreeMap;

use prusik::domain::broker::{
    BrokerFact, ExecutionReport, OrderReport, PositionRow, Snapshot, Standing, Verdict,
};
use prusik::domain::engine::{Dispatch, Effect, Input};
use prusik::domain::ids::{BrokerOrderId, ExecId, Leg, OrderRef, PermId, PlanId, Side, Stamp, Symbol};
use prusik::domain::market::Bar;
use prusik::domain::money::{Cash, Price, Qty};
use prusik::domain::order::{Execution, OrderKind, Ticket};
use rust_decimal::Decimal;

#[derive(Debug, Clone)]
pub(crate) struct Resting {
    ticket: Ticket,
    symbol: Symbol,
    id: i32,
    standing: Standing,
    filled: u64,
}

/// How the next request of a leg (`entry`, `stop`, `target`, `exit`, `amend`, `cancel`) is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The broker refuses it with code 201.
    Reject,
    /// It is taken in, and nothing is ever said about it.
    Mute,
    /// Its bytes are lost on the way, and nobody knows.
    Drop,
    /// The bytes certainly never left.
    NotSent,
    /// Taken in and put aside as `Inactive`.
    Inactive,
    /// Only half of an entry is filled, the rest stays at work.
    Half,
}

#[derive(Debug, Default)]
pub(crate) struct Broker {
    pub(crate) orders: Vec<Resting>,
    pub(crate) faults: BTreeMap<String, Vec<Fault>>,
    /// What was said and not read yet.
    pub(crate) said: Vec<Input>,
    executions: Vec<(ExecutionReport, Cash)>,
    pub(crate) cash: Decimal,
    pub(crate) shares: BTreeMap<Symbol, i64>,
    last: BTreeMap<Symbol, Decimal>,
    pub(crate) fee: Option<Decimal>,
    pub(crate) half: bool,
    pub(crate) costs_held: bool,
    costs: Vec<Input>,
    next_id: i32,
}

impl Broker {
    pub(crate) fn with_cash(cash: Decimal) -> Broker {
        Broker { cash, ..Broker::default() }
    }

    /// Net liquidation: cash and every share at its last price.
    pub(crate) fn net_liquidation(&self) -> Decimal {
        let marked = self.shares.iter().map(|(symbol, shares)| Decimal::from(*shares) * self.last[symbol]);
        self.cash + marked.sum::<Decimal>()
    }

    pub(crate) fn buying_power(&self) -> Decimal {
        let used = self.shares.iter().map(|(s, shares)| Decimal::from(shares.abs()) * self.last[s]);
        self.net_liquidation() * Decimal::from(4) - used.sum::<Decimal>()
    }

    /// Does what an effect asks for.
    pub(crate) fn take(&mut self, effect: &Effect, symbol_of: impl Fn(&Ticket) -> Symbol) {
        match effect {
            Effect::Enter(bracket) => {
                let bracket = bracket.get();
                for ticket in [Some(&bracket.entry), Some(&bracket.stop), bracket.target.as_ref()] {
                    let Some(ticket) = ticket else { continue };
                    self.place(ticket, symbol_of(ticket));
                }
            }
            Effect::Submit(ticket) => self.place(ticket.get(), symbol_of(ticket.get())),
            Effect::Amend { change, ticket, id, .. } => {
                let fault = self.fault("amend");
                let change = change.get();
                match fault {
                    Some(Fault::Reject) => {
                        self.dispatched(&ticket.reference, Dispatch::Sent(*id));
                        return self.remark(id.0, 201, "Order rejected - no change", Verdict::Refused);
                    }
                    Some(Fault::Drop) => {
                        return self.dispatched(&ticket.reference, Dispatch::Lost("reset".into()));
                    }
                    Some(Fault::NotSent) => {
                        return self.dispatched(&ticket.reference, Dispatch::NotSent("no socket".into()));
                    }
                    _ => {}
                }
                let Some(order) = self.orders.iter_mut().find(|o| o.id == id.0 && alive(o)) else {
                    return self.remark(id.0, 104, "Cannot modify a filled order", Verdict::LookAgain);
                };
                order.ticket.qty = change.to.qty;
                order.ticket.kind = match order.ticket.kind {
                    OrderKind::Stop(_) => OrderKind::Stop(change.to.price),
                    OrderKind::Limit(_) => OrderKind::Limit(change.to.price),
                    OrderKind::Market => OrderKind::Market,
                };
                let order = order.clone();
                self.dispatched(&ticket.reference, Dispatch::Sent(*id));
                if fault != Some(Fault::Mute) {
                    self.tell(&order);
                }
            }
            Effect::Cancel { id, .. } => match self.fault("cancel") {
                Some(Fault::Drop | Fault::Mute | Fault::NotSent) => {}
                Some(_) => self.remark(id.0, 10148, "cannot be cancelled", Verdict::LookAgain),
                None => self.cancel(id.0),
            },
            _ => {}
        }
    }

    fn fault(&mut self, what: &str) -> Option<Fault> {
        let waiting = self.faults.get_mut(what).filter(|faults| !faults.is_empty())?;
        Some(waiting.remove(0))
    }

    fn place(&mut self, ticket: &Ticket, symbol: Symbol) {
        self.next_id += 1;
        let id = self.next_id;
        let fault = self.fault(ticket.leg.word());
        match fault {
            Some(Fault::NotSent) => {
                return self.dispatched(&ticket.reference, Dispatch::NotSent("no socket".into()));
            }
            Some(Fault::Drop) => {
                return self.dispatched(&ticket.reference, Dispatch::Sent(BrokerOrderId(id)));
            }
            _ => self.dispatched(&ticket.reference, Dispatch::Sent(BrokerOrderId(id))),
        }
        // A group that has filled takes no more orders.
        let spent = ticket.group.is_some()
            && self.orders.iter().any(|o| o.standing == Standing::Filled && o.ticket.group == ticket.group);
        // Nor does an order come in whose entry is not there.
        let orphan = ticket
            .parent
            .as_ref()
            .is_some_and(|parent| !self.orders.iter().any(|o| o.ticket.reference == *parent && alive(o)));
        let fault = if spent || orphan { Some(Fault::Reject) } else { fault };
        let waits = ticket.parent.is_some();
        let standing = match (fault, ticket.kind) {
            (Some(Fault::Reject), _) => Standing::Cancelled,
            (Some(Fault::Inactive), _) => Standing::Inactive,
            (_, OrderKind::Limit(_)) if !waits => Standing::Working,
            _ => Standing::Held,
        };
        let order = Resting { ticket: ticket.clone(), symbol, id, standing, filled: 0 };
        self.half |= fault == Some(Fault::Half);
        match fault {
            Some(Fault::Reject) => {
                self.remark(id, 201, "Order rejected - reason: no", Verdict::Refused);
                self.tell(&order);
                self.cancel_children(&ticket.reference);
            }
            Some(Fault::Mute) => self.orders.push(order),
            _ => {
                self.tell(&order);
                self.orders.push(order);
            }
        }
    }

    pub(crate) fn cancel(&mut self, id: i32) {
        let Some(order) = self.orders.iter_mut().find(|o| o.id == id && alive(o)) else {
            return self.remark(id, 10147, "not found", Verdict::LookAgain);
        };
        order.standing = Standing::Cancelled;
        let (order, reference) = (order.clone(), order.ticket.reference.clone());
        self.tell(&order);
        if order.filled == 0 {
            self.cancel_children(&reference);
        }
    }

    fn cancel_children(&mut self, parent: &OrderRef) {
        let ids: Vec<i32> = self
            .orders
            .iter()
            .filter(|o| alive(o) && o.ticket.parent.as_ref() == Some(parent))
            .map(|o| o.id)
            .collect();
        ids.into_iter().for_each(|id| self.cancel(id));
    }

    pub(crate) fn remark(&mut self, id: i32, code: i32, text: &str, verdict: Verdict) {
        let (id, text) = (BrokerOrderId(id), text.to_owned());
        self.said.push(Input::Broker(BrokerFact::Remark { id, code, text, verdict }));
    }

    fn dispatched(&mut self, reference: &OrderRef, how: Dispatch) {
        self.said.push(Input::Dispatched { reference: reference.clone(), how });
    }

    fn tell(&mut self, order: &Resting) {
        self.said.push(Input::Broker(BrokerFact::Report(report(order))));
    }

    /// Fills what this bar fills: market orders at its open, stops before limits, one of a group.
    pub(crate) fn trade(&mut self, symbol: &Symbol, bar: &Bar, session_open: bool) {
        self.last.insert(symbol.clone(), bar.close.decimal());
        if !session_open {
            return;
        }
        let rank = |order: &Resting| match order.ticket.kind {
            OrderKind::Market => 0,
            OrderKind::Stop(_) => 1,
            OrderKind::Limit(_) => 2,
        };
        for pass in 0..3 {
            for index in 0..self.orders.len() {
                let order = &self.orders[index];
                let inactive = order.standing == Standing::Inactive;
                if order.symbol != *symbol || !alive(order) || inactive || rank(order) != pass {
                    continue;
                }
                if self.parent_waits(order) {
                    continue;
                }
                if let Some(at) = fill_price(order, bar) {
                    self.fill(index, at, bar.start);
                }
            }
        }
    }

    fn parent_waits(&self, order: &Resting) -> bool {
        order
            .ticket
            .parent
            .as_ref()
            .is_some_and(|parent| self.orders.iter().any(|o| o.ticket.reference == *parent && o.filled == 0))
    }

    fn fill(&mut self, index: usize, at: Decimal, when: Stamp) {
        let order = &mut self.orders[index];
        let whole = order.ticket.qty.shares() - order.filled;
        let half = std::mem::take(&mut self.half);
        let shares = if half { whole / 2 } else { whole };
        order.filled += shares;
        if !half {
            order.standing = Standing::Filled;
        }
        let order = order.clone();
        let signed =
            i64::try_from(shares).expect("few shares") * if order.ticket.side == Side::Buy { 1 } else { -1 };
        *self.shares.entry(order.symbol.clone()).or_default() += signed;
        let fee = self.fee.unwrap_or(Decimal::ONE);
        self.cash -= Decimal::from(signed) * at + fee;
        let execution = Execution {
            id: ExecId::new(&format!("x{}.01", self.executions.len())),
            side: order.ticket.side,
            qty: Qty::new(shares),
            price: Price::new(at).expect("a price"),
            at: when,
        };
        let exec = execution.id.clone();
        let report = ExecutionReport {
            reference: Some(order.ticket.reference.clone()),
            id: BrokerOrderId(order.id),
            perm: Some(PermId(i64::from(order.id) + 9000)),
            symbol: order.symbol.clone(),
            execution,
        };
        self.executions.push((report.clone(), Cash::new(fee)));
        self.said.push(Input::Broker(BrokerFact::Executed(report)));
        self.tell(&order);
        self.costs.push(Input::Broker(BrokerFact::Charged { exec, amount: Cash::new(fee) }));
        self.tell_costs();
        if let Some(group) = order.ticket.group.clone() {
            let rest: Vec<i32> = self
                .orders
                .iter()
                .filter(|o| alive(o) && o.ticket.group.as_ref() == Some(&group) && o.id != order.id)
                .map(|o| o.id)
                .collect();
            rest.into_iter().for_each(|id| self.cancel(id));
        }
    }

    /// An order that was called cancelled is at work all the same.
    pub(crate) fn revive(&mut self, id: i32) {
        for order in self.orders.iter_mut().filter(|order| order.id == id) {
            order.standing = Standing::Held;
        }
    }

    /// Somebody changes the price of an order by hand.
    pub(crate) fn user_moves(&mut self, id: i32, to: Price) {
        let order = self.orders.iter_mut().find(|order| order.id == id).expect("there is one");
        order.ticket.kind = OrderKind::Stop(to);
        let order = order.clone();
        self.tell(&order);
    }

    /// Shows an order of a name that nobody here gave.
    pub(crate) fn stranger(&mut self, reference: OrderRef) {
        let mut order = self.orders.last().expect("there is an order").clone();
        order.ticket.reference = reference;
        self.tell(&order);
    }

    /// Tells what was held back.
    pub(crate) fn tell_costs(&mut self) {
        if !self.costs_held {
            self.said.append(&mut self.costs);
        }
    }

    /// The order is gone as if it had never been.
    pub(crate) fn lose(&mut self, id: i32) {
        self.orders.retain(|order| order.id != id);
    }

    /// Everything it has, as a complete answer.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            open: self.orders.iter().filter(|o| alive(o)).map(report).collect(),
            completed: self.orders.iter().filter(|o| !alive(o)).map(report).collect(),
            executions: self.executions.iter().map(|(report, _)| report.clone()).collect(),
            charges: self.executions.iter().map(|(r, fee)| (r.execution.id.clone(), *fee)).collect(),
            positions: self
                .shares
                .iter()
                .map(|(symbol, shares)| PositionRow {
                    symbol: symbol.clone(),
                    shares: *shares,
                    average_cost: None,
                })
                .collect(),
        }
    }

    /// The sizes of a plan's stops that can still trade.
    pub(crate) fn live_stops(&self, plan: &PlanId) -> Vec<Qty> {
        let stops =
            self.orders.iter().filter(|o| alive(o) && o.ticket.plan == *plan && o.ticket.leg == Leg::Stop);
        stops.map(|o| o.ticket.qty).collect()
    }

    /// How many of a plan's market exits can still trade.
    pub(crate) fn live_exits(&self, plan: &PlanId) -> usize {
        self.orders.iter().filter(|o| alive(o) && o.ticket.plan == *plan && o.ticket.leg == Leg::Exit).count()
    }

    /// Live orders: `1 buy MKT 800` each.
    pub(crate) fn shown(&self) -> String {
        let line = |o: &Resting| {
            let at = match o.ticket.kind {
                OrderKind::Market => String::new(),
                OrderKind::Limit(price) | OrderKind::Stop(price) => format!(" {price}"),
            };
            format!("{} {} {} {}{at}", o.id, o.ticket.side.word(), o.ticket.kind.word(), o.ticket.qty)
        };
        let shown: Vec<String> = self.orders.iter().filter(|o| alive(o)).map(line).collect();
        if shown.is_empty() { "nothing".into() } else { shown.join("; ") }
    }
}

fn alive(order: &Resting) -> bool {
    !matches!(order.standing, Standing::Filled | Standing::Cancelled)
}

fn report(order: &Resting) -> OrderReport {
    OrderReport {
        reference: Some(order.ticket.reference.clone()),
        id: Some(BrokerOrderId(order.id)),
        perm: Some(PermId(i64::from(order.id) + 9000)),
        symbol: order.symbol.clone(),
        side: order.ticket.side,
        qty: order.ticket.qty,
        kind: Some(order.ticket.kind),
        standing: order.standing,
    }
}

fn fill_price(order: &Resting, bar: &Bar) -> Option<Decimal> {
    let (open, high, low) = (bar.open.decimal(), bar.high.decimal(), bar.low.decimal());
    match (order.ticket.kind, order.ticket.side) {
        (OrderKind::Market, _) => Some(open),
        (OrderKind::Stop(stop), Side::Sell) => (low <= stop.decimal()).then(|| open.min(stop.decimal())),
        (OrderKind::Stop(stop), Side::Buy) => (high >= stop.decimal()).then(|| open.max(stop.decimal())),
        (OrderKind::Limit(limit), Side::Sell) => (high >= limit.decimal()).then(|| open.max(limit.decimal())),
        (OrderKind::Limit(limit), Side::Buy) => (low <= limit.decimal()).then(|| open.min(limit.decimal())),
    }
}
