//! Effects become deeds, strictly in order: a deed whose record could not be made durable is not done.

use std::collections::VecDeque;

use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::{Listener, RunError, Summary, clock, past, shelf::Shelf};
use crate::domain::engine::{self, Dispatch, Effect, Engine, Input};
use crate::domain::event::{Recorded, Told};
use crate::domain::ids::{Leg, OrderRef, Stamp, Symbol};
use crate::domain::market::{Contract, Timeframe};
use crate::domain::order::Ticket;
use crate::domain::plan::{ContractSpec, Problem, Severity};
use crate::domain::trade;
use crate::ibkr::{self, LinkEvent, Sent, Session};
use crate::notify::Discord;
use crate::plans::Watch;
use crate::script::Host;
use crate::tracker::Journal;

/// The engine with everything it acts through.
pub(crate) struct Trader {
    pub(super) engine: Engine,
    pub(super) rules: Host,
    pub(super) journal: Journal,
    pub(super) session: Session,
    pub(super) shelf: Shelf,
    pub(super) watch: Watch,
    pub(super) discord: Option<Discord>,
    pub(super) listener: Option<Listener>,
    pub(super) inputs: VecDeque<Input>,
    /// Bars of the past on their way; real gateways take seconds for them.
    pub(super) fetches: JoinSet<Input>,
    /// Something was sent: the broker's answers are to be waited for.
    pub(super) acted: bool,
    /// The broker has to be asked for everything.
    pub(super) look: bool,
    /// What happened to the connection that makes the books doubtful.
    pub(super) recovery_due: Option<LinkEvent>,
    /// The folders have to be read again.
    pub(super) reread: bool,
    /// A file changed so lately that it is not believed yet.
    pub(super) unsettled: bool,
    /// The day (UTC, counted from 1970) on which contracts were asked for their hours.
    pub(super) hours_of: Option<i64>,
    pub(super) ended: bool,
    pub(super) bars: u64,
    pub(super) refused: usize,
}

impl Trader {
    /// Hands one input to the engine and does what follows, and what follows from that.
    pub(super) async fn feed(&mut self, now: Stamp, input: Input) -> Result<(), RunError> {
        self.inputs.push_back(input);
        while let Some(input) = self.inputs.pop_front() {
            let effects = self.engine.handle(now, input, &mut self.rules);
            self.perform(now, effects).await?;
        }
        Ok(())
    }

    async fn perform(&mut self, now: Stamp, effects: Vec<Effect>) -> Result<(), RunError> {
        let mut records: Vec<Recorded> = Vec::new();
        let mut tellings: Vec<Told> = Vec::new();
        for effect in effects {
            match effect {
                Effect::Record(recorded) => {
                    records.push(recorded);
                    continue;
                }
                Effect::Tell(told) => {
                    tellings.push(told);
                    continue;
                }
                _ => {}
            }
            // A deed: what was recorded before it must be durable first.
            self.write(&mut records)?;
            self.deed(now, effect).await;
        }
        self.write(&mut records)?;
        for told in tellings {
            self.tell(now, &told);
        }
        Ok(())
    }

    fn write(&mut self, records: &mut Vec<Recorded>) -> Result<(), RunError> {
        if records.is_empty() {
            return Ok(());
        }
        self.journal.append(records, clock::wall()).map_err(|error| {
            error!(%error, "the journal can't be written: nothing more is sent; the stops rest at the broker");
            RunError::Journal(error.to_string())
        })?;
        records.clear();
        Ok(())
    }

    async fn deed(&mut self, now: Stamp, effect: Effect) {
        match effect {
            Effect::Record(_) | Effect::Tell(_) => {}
            Effect::Enter(bracket) => {
                self.acted = true;
                let Some(contract) = self.contract_of(&bracket.get().entry) else { return };
                for (reference, sent) in self.session.submit(&bracket, &contract).await {
                    self.dispatched(reference, sent);
                }
            }
            Effect::Submit(ticket) => {
                self.acted = true;
                let Some(contract) = self.contract_of(ticket.get()) else { return };
                let sent = self.session.submit_exit(&ticket, &contract).await;
                self.dispatched(ticket.get().reference.clone(), sent);
            }
            Effect::Amend { change, ticket, id, parent } => {
                self.acted = true;
                let Some(contract) = self.contract_of(&ticket) else { return };
                let parent = self.parent_of(&ticket, parent);
                let sent = self.session.amend(&change, &ticket, id, parent, &contract).await;
                self.dispatched(ticket.reference, sent);
            }
            Effect::Cancel { reference, id } => {
                self.acted = true;
                // A cancel that was not sent is repeated by the next look at the broker: it can't do harm.
                if !matches!(self.session.cancel(id).await, Sent::Sent(_)) {
                    warn!(%reference, "a cancel was not sent");
                    self.look = true;
                }
            }
            Effect::Watch { symbol, spec } => self.look_up(symbol, spec).await,
            Effect::Fetch { symbol, timeframe, since } => self.fetch(now, symbol, timeframe, since),
            Effect::Look => self.look = true,
        }
    }

    fn contract_of(&self, ticket: &Ticket) -> Option<Contract> {
        let plan = self.engine.book().plan(&ticket.plan)?;
        self.engine.contract(&plan.plan.symbol).cloned()
    }

    fn parent_of(&self, ticket: &Ticket, parent: engine::Parent) -> ibkr::Parent {
        let number = ticket.parent.as_ref().and_then(|entry| self.engine.book().order(entry)?.id);
        match (parent, number) {
            (engine::Parent::Working, Some(number)) => ibkr::Parent::Waiting(number),
            (engine::Parent::Working, None) | (engine::Parent::Done, _) => ibkr::Parent::Done,
        }
    }

    fn dispatched(&mut self, reference: OrderRef, sent: Sent) {
        let how = match sent {
            Sent::Sent(id) => Dispatch::Sent(id),
            Sent::NotSent(why) => Dispatch::NotSent(why),
            Sent::Lost(why) => Dispatch::Lost(why),
        };
        self.inputs.push_back(Input::Dispatched { reference, how });
    }

    async fn look_up(&mut self, symbol: Symbol, spec: ContractSpec) {
        let found = match self.session.contract(&symbol, &spec).await {
            Ok(contract) => match self.session.subscribe_bars(&contract).await {
                Ok(()) => Input::Contract(contract),
                Err(error) => Input::ContractRefused { symbol, why: error.to_string() },
            },
            Err(error) => Input::ContractRefused { symbol, why: error.to_string() },
        };
        self.inputs.push_back(found);
    }

    fn fetch(&mut self, now: Stamp, symbol: Symbol, timeframe: Timeframe, since: Option<Stamp>) {
        let Some(contract) = self.engine.contract(&symbol).cloned() else { return };
        let desk = self.session.desk();
        self.fetches.spawn(async move {
            let (bars, known_from) = match past::fetch(&desk, &contract, timeframe, since, now).await {
                Ok(past) => past,
                Err(error) => {
                    warn!(%symbol, timeframe = timeframe.word(), %error, "no past bars; candles begin with the live ones");
                    (Vec::new(), now)
                }
            };
            Input::History { symbol, timeframe, bars, known_from }
        });
    }

    /// Everything people are told: to the host, to the log, to the notification.
    pub(super) fn tell(&mut self, now: Stamp, told: &Told) {
        if let Some(listener) = &mut self.listener {
            listener(now, told);
        }
        if matches!(told, Told::Refused { .. }) {
            self.refused += 1;
        }
        let at = now.timestamp();
        match told {
            Told::Alarm { .. } | Told::Failed { .. } => error!("{at} {told}"),
            Told::Refused { .. }
            | Told::EditRefused { .. }
            | Told::RuleTrouble { .. }
            | Told::Orphaned { .. } => {
                warn!("{at} {told}");
            }
            Told::Problem { problem } => show(problem),
            _ => info!("{at} {told}"),
        }
        if let Some(discord) = &self.discord {
            discord.send(told);
        }
    }

    /// What the run did.
    pub(super) fn summary(&self, took: std::time::Duration) -> Summary {
        let book = self.engine.book();
        let open = book.active().filter_map(|record| {
            let position = book.position(record).filter(|position| !position.qty.is_zero())?;
            let stop = book.live(record, Leg::Stop).last().and_then(|stop| stop.asked_price());
            let stop = stop.map_or("NO STOP RESTS".to_owned(), |stop| format!("its stop rests at {stop}"));
            let (plan, way) = (&record.plan, record.plan.direction.word());
            let (id, qty, symbol) = (&plan.id, position.qty, &plan.symbol);
            Some(format!("plan {id}: {way} {qty} {symbol} left open, {stop}"))
        });
        Summary {
            trades: trade::all(book),
            open: open.collect(),
            armed: book.active().filter(|record| record.phase == crate::domain::book::Phase::Armed).count(),
            refused: self.refused,
            bars: self.bars,
            took,
            account_value: self.engine.account_value().map(|value| value.cents()),
        }
    }

    /// Lets go of the broker and the notifications. Orders stay where they are.
    pub(super) async fn close(mut self) {
        self.fetches.abort_all();
        self.session.close().await;
        if let Some(discord) = self.discord.take() {
            discord.close().await;
        }
    }
}

/// On the log a problem is shown with the lines around it, as a compiler does.
fn show(problem: &Problem) {
    match problem.severity {
        Severity::Error => error!("{problem}"),
        Severity::Warning => warn!("{problem}"),
        Severity::Note => info!("{problem}"),
    }
}
