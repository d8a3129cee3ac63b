//! The order of a start: rules, journal, broker, agreement, plans; and only then the market.

use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::{MarketPlace, Options, RunError, Runtime, Trader, clock, shelf::Shelf};
use crate::domain::book::{Book, PlanRecord};
use crate::domain::engine::Engine;
use crate::domain::event::Recorded;
use crate::gateway::{self, Gateway, MarketStart};
use crate::ibkr::{self, Session};
use crate::notify::{self, Discord};
use crate::plans::Watch;
use crate::script::Host;
use crate::tracker::{self, JOURNAL_FILE, Journal, Meta, Mode, Reader};

/// Paper and simulated accounts begin with this letter; others hold real money.
const PAPER: char = 'D';
/// How long a start waits for files that are being written, at most: looks and the pause between two of them.
const SETTLE_LOOKS_MAX: u32 = 14;
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn start(options: Options) -> Result<Runtime, RunError> {
    let Options { plans, scripts, state, limits, client_id, market, at_end, webhook, listener } = options;
    let rules = Host::start(Some(scripts.clone())).map_err(|error| RunError::Refused(error.to_string()))?;
    std::fs::create_dir_all(&state)
        .map_err(|error| RunError::Journal(format!("{}: {error}", state.display())))?;

    let journal_path = state.join(JOURNAL_FILE);
    let embedded = matches!(market, MarketPlace::Embedded { .. });
    let kept = if embedded { shelve_old(&state, &journal_path)? } else { resume(&state, &journal_path)? };
    let mut past = Book::default();
    kept.iter().flat_map(|kept| &kept.events).for_each(|recorded| past.apply(recorded));

    let (gateway, address) = open_market_place(market).await?;
    let mut settings = ibkr::Settings::new(address);
    settings.client_id = client_id;
    let mut session = Session::connect(&settings, past.order_id_high())
        .await
        .map_err(|error| RunError::Unreachable(error.to_string()))?;
    refuse_real_money(&mut session).await?;

    let (journal, events) = match kept {
        Some(kept) if kept.journal.meta().account != session.account() => {
            let (theirs, ours) = (session.account(), &kept.journal.meta().account);
            return Err(RunError::Refused(format!(
                "this directory's journal belongs to account {ours}, the gateway trades {theirs}; use another --dir"
            )));
        }
        Some(kept) => (kept.journal, kept.events),
        None => (create(&journal_path, &session, embedded)?, Vec::new()),
    };
    let mut engine = Engine::new(limits, journal.meta().epoch);
    engine.replay(events);
    let live: Vec<_> = engine.book().active().map(|record| record.plan.clone()).collect();
    let discord = webhook.map(|url| Discord::start(url, notify::Mode::Paper)).transpose();
    let mut trader = Trader {
        engine,
        rules,
        journal,
        session,
        shelf: Shelf::new(&plans, live),
        watch: Watch::start(vec![plans, scripts]),
        discord: discord.map_err(|error| RunError::Configuration(error.to_string()))?,
        listener,
        inputs: VecDeque::new(),
        fetches: JoinSet::new(),
        acted: false,
        look: false,
        recovery_due: None,
        reread: false,
        unsettled: false,
        hours_of: None,
        ended: false,
        bars: 0,
        refused: 0,
    };
    info!("paper trading: account {} at {}", trader.session.account(), settings.address);
    begin(&mut trader).await?;
    if let Some(gateway) = &gateway {
        gateway.open_market();
    }
    let (stop, _) = watch::channel(false);
    Ok(Runtime { trader, gateway, at_end, stop })
}

/// Agrees with the broker, then arms the plans, while the market stands still.
async fn begin(trader: &mut Trader) -> Result<(), RunError> {
    let down = |error: ibkr::LinkError| RunError::Unreachable(error.to_string());
    if trader.session.simulated() {
        // From here on the simulated market waits for us.
        trader.session.done().await.map_err(down)?;
    }
    trader.recover().await?.map_err(down)?;
    for _ in 0..SETTLE_LOOKS_MAX {
        trader.reread = true;
        trader.turn(false).await?.map_err(down)?;
        if !trader.unsettled {
            break;
        }
        // A file that was written a moment ago may be half of one. The market waits for the whole.
        sleep(SETTLE_PAUSE).await;
    }
    Ok(())
}

async fn open_market_place(market: MarketPlace) -> Result<(Option<Gateway>, String), RunError> {
    match market {
        MarketPlace::Gateway { address } => Ok((None, address)),
        MarketPlace::Embedded { bars, cash, speed } => {
            let settings = gateway::Settings {
                bars,
                cash,
                speed,
                start: MarketStart::OnCommand,
                ..gateway::Settings::default()
            };
            let gateway = Gateway::start(settings).await.map_err(|error| match error {
                gateway::StartError::PortInUse { .. } | gateway::StartError::Listen { .. } => {
                    RunError::Unreachable(error.to_string())
                }
                _ => RunError::Configuration(error.to_string()),
            })?;
            let address = gateway.local_addr().to_string();
            Ok((Some(gateway), address))
        }
    }
}

async fn refuse_real_money(session: &mut Session) -> Result<(), RunError> {
    if session.account().starts_with(PAPER) {
        return Ok(());
    }
    let account = session.account().to_owned();
    session.close().await;
    Err(RunError::Refused(format!(
        "account {account} is not a paper account (those begin with {PAPER}); prusik trades on paper only so far"
    )))
}

/// A journal that goes on, with what it remembers.
struct Kept {
    journal: Journal,
    events: Vec<Recorded>,
}

fn journal_error(error: tracker::JournalError) -> RunError {
    match error {
        tracker::JournalError::Locked { .. } => RunError::Busy(error.to_string()),
        error => RunError::Journal(error.to_string()),
    }
}

/// An embedded run starts afresh: the last one's journal goes to the archive. One with positions at a gateway of its
/// own is left alone.
fn shelve_old(state: &Path, path: &Path) -> Result<Option<Kept>, RunError> {
    if !path.exists() {
        return Ok(None);
    }
    let reader = Reader::open(path).map_err(journal_error)?;
    let mut book = Book::default();
    let read = reader.fold(|recorded| book.apply(&recorded));
    let open = |record: &&PlanRecord| book.position(record).is_some_and(|position| !position.qty.is_zero());
    let positions = book.active().filter(open).count();
    if reader.meta().mode == Mode::Connected {
        read.map_err(journal_error)?;
        if positions > 0 || book.orders().any(|order| order.state.is_live()) {
            return Err(RunError::Refused(format!(
                "this directory's journal holds open positions or orders of account {} at a gateway; \
                 run it there with --connect, or use another --dir for simulations",
                reader.meta().account
            )));
        }
    } else if let Err(error) = read {
        // Nothing of it is needed, and a damaged journal is worth keeping as it is.
        warn!("the journal of the last simulation is damaged: {error}");
    }
    drop(reader);
    shelve(state, positions)?;
    Ok(None)
}

/// A simulation ends with its program: what it left open is of the past.
fn shelve(state: &Path, positions: usize) -> Result<(), RunError> {
    if let Some(to) = tracker::archive(state, "paper").map_err(journal_error)? {
        info!(
            "a new simulation: the journal of the last one, with {positions} open positions, is now {}",
            to.display()
        );
    }
    Ok(())
}

/// A run at a gateway goes on where its journal ends. What an embedded run left goes to the archive.
fn resume(state: &Path, path: &Path) -> Result<Option<Kept>, RunError> {
    if !path.exists() {
        return Ok(None);
    }
    let embedded = Reader::open(path).map_err(journal_error)?.meta().mode == Mode::Embedded;
    if embedded {
        // Its positions ended with its program.
        shelve(state, 0)?;
        return Ok(None);
    }
    let mut events = Vec::new();
    let journal = Journal::open_and_fold(path, |recorded| events.push(recorded)).map_err(journal_error)?;
    Ok(Some(Kept { journal, events }))
}

fn create(path: &Path, session: &Session, embedded: bool) -> Result<Journal, RunError> {
    let created = clock::wall();
    let meta = Meta {
        // Embedded runs are alike to the last byte; others must never share an order's name with an earlier journal.
        epoch: if embedded { 0 } else { u64::try_from(created.as_second()).unwrap_or(1) },
        account: session.account().to_owned(),
        mode: if embedded { Mode::Embedded } else { Mode::Connected },
        created,
    };
    Journal::create(path, meta).map_err(journal_error)
}
