//! The faults that wait, those that have struck, and what they have left behind. Pure: the exchange asks it, and does
//! what it says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};
use tracing::{info, warn};

use super::deed::{Deed, Door, Jump, Lasting, Meanwhile, Restored, Trickle};
use super::dice::Dice;
use super::fault::{Fault, Only, Subject, Times, When};
use crate::gateway::clock;
use crate::gateway::messages::asked;
use crate::gateway::requests::MarketStart;

/// The list of what struck keeps so many; older ones are forgotten.
const STRUCK_MAX: usize = 100_000;

/// A fault that struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Struck {
    /// The fault's name.
    pub name: String,
    /// What it did, as a fault file spells it.
    pub deed: &'static str,
    /// Market time, in seconds of the epoch.
    pub at: i64,
    /// Whom it struck; none where it struck everyone or nobody in particular.
    pub client: Option<i32>,
    /// The order it struck.
    pub order: Option<i32>,
}

/// A fault that waits.
#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// What the log calls it.
    called: String,
    /// How often it has struck.
    struck: u32,
    seen: u32,
    /// How often it may still strike; none for always.
    left: Option<u32>,
}

/// A deed that is due, and whom the fault means with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Due {
    pub(super) deed: Deed,
    pub(super) only: Only,
}

/// What the faults have done to one connection.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Line {
    pub(super) still: Still,
    pub(super) trickle: Option<Trickle>,
    /// The request that it was frozen on is done without striking it again.
    pub(super) resumes: bool,
    /// The frames that were there when a batch began are in the backlog now.
    pub(super) moved: bool,
}

impl Line {
    /// All frames written so far have gone where no fault looks at them any more.
    pub(in crate::gateway) fn frames_moved(&mut self) {
        self.moved = true;
    }
}

/// Whether a connection moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Still {
    #[default]
    Flowing,
    /// Nothing goes out.
    Delayed(u64),
    /// Nothing goes out or comes in.
    Frozen(u64),
}

/// The end of a freeze or a delay: the number it was given.
#[derive(Debug, Clone, Copy)]
pub(in crate::gateway) struct Timer {
    pub(super) number: u64,
    pub(super) after: std::time::Duration,
}

/// A client that was dropped and is expected back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Absence {
    /// The market goes on up to here, in seconds of the epoch.
    pub(super) until: i64,
    pub(super) door: Door,
    /// It kept step with the market: it is back when it says "done" again, not when it connects.
    pub(super) in_step: bool,
}

/// An outage that goes on.
#[derive(Debug)]
pub(super) struct Cutoff {
    pub(super) until: Option<i64>,
    pub(super) restored: Restored,
    pub(super) meanwhile: Meanwhile,
    /// What is asked meanwhile: client, message id, message.
    pub(super) asked: Vec<(i32, u32, Vec<u8>)>,
    /// What would have been told meanwhile.
    pub(super) withheld: BTreeMap<i32, Vec<u8>>,
    /// The memory of both, by client, in bytes.
    kept: BTreeMap<i32, usize>,
}

/// What may be kept of an outage for one client, and for all of them, in bytes.
const KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;
const KEPT_IN_ALL_BYTES_MAX: usize = 16 * KEPT_BYTES_MAX;
/// What a kept request needs beside its bytes.
const REQUEST_BYTES: usize = size_of::<(i32, u32, Vec<u8>)>();

impl Cutoff {
    pub(super) fn new(until: Option<i64>, restored: Restored, meanwhile: Meanwhile) -> Cutoff {
        let (asked, withheld, kept) = Default::default();
        Cutoff { until, restored, meanwhile, asked, withheld, kept }
    }

    /// Keeps a request. Answers whether there was room; if not, nothing of the client is kept any more.
    pub(super) fn keep_request(&mut self, client: i32, id: u32, message: &[u8]) -> bool {
        let fits = self.make_room(client, message.len() + REQUEST_BYTES);
        if fits {
            self.asked.push((client, id, message.to_vec()));
        }
        fits
    }

    /// Keeps back a message. Answers whether there was room; if not, nothing of the client is kept any more.
    pub(super) fn keep_back(&mut self, client: i32, frame: &[u8]) -> bool {
        let fits = self.make_room(client, frame.len());
        if fits {
            self.withheld.entry(client).or_default().extend_from_slice(frame);
        }
        fits
    }

    fn make_room(&mut self, client: i32, bytes: usize) -> bool {
        let in_all: usize = self.kept.values().sum();
        let own = self.kept.entry(client).or_default();
        if *own + bytes <= KEPT_BYTES_MAX && in_all + bytes <= KEPT_IN_ALL_BYTES_MAX {
            *own += bytes;
            return true;
        }
        self.asked.retain(|(other, ..)| *other != client);
        self.withheld.remove(&client);
        self.kept.remove(&client);
        false
    }

    /// A connection is over: its orders are on their way, its questions have nobody to be answered to.
    pub(super) fn forget_questions(&mut self, client: i32) {
        let Cutoff { asked, kept, .. } = self;
        asked.retain(|(other, id, message)| {
            let goes = *other == client && is_question(*id);
            if let Some(own) = kept.get_mut(&client).filter(|_| goes) {
                *own = own.saturating_sub(message.len() + REQUEST_BYTES);
            }
            !goes
        });
    }
}

/// Whether it is asked for its answer; what is left are orders and what becomes of them.
fn is_question(id: u32) -> bool {
    !matches!(id, asked::PLACE_ORDER | asked::CANCEL_ORDER | asked::GLOBAL_CANCEL)
}

/// What has befallen a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ill {
    Halted,
    Stale,
    Frozen,
}

/// The faults of one exchange.
#[derive(Debug)]
pub(in crate::gateway) struct Trouble {
    armed: Vec<Armed>,
    pub(super) dice: Option<Dice>,
    pub(super) struck: VecDeque<Struck>,
    /// How long each client's frames were before what is being done now.
    pub(super) marks: BTreeMap<i32, usize>,
    /// What is done when this batch of frames is out.
    pub(super) later: Vec<Due>,
    /// Connections that end, and the bytes they are still owed.
    pub(super) leaving: Vec<(Arc<Notify>, Vec<u8>)>,
    pub(super) absent: BTreeMap<i32, Absence>,
    pub(super) cutoff: Option<Cutoff>,
    /// Symbols that are ill, and until when.
    pub(super) ill: BTreeMap<usize, (Ill, Option<i64>)>,
    /// The last bar each feed was sent, while its symbol's data is frozen.
    pub(super) last_bars: BTreeMap<(i32, i32), Vec<u8>>,
    /// The next order ids that the next telling of them gets wrong.
    pub(super) lies: BTreeMap<i32, Jump>,
    /// When the market opens: before that no market time passes.
    pub(super) start: MarketStart,
    /// Nobody listens until this market time.
    pub(super) closed_until: Option<i64>,
    /// Whether anybody listens.
    pub(super) listens: watch::Sender<bool>,
    pub(super) timers: mpsc::UnboundedSender<Timer>,
    pub(super) timer_number: u64,
    /// Counts the releases, for connections that are frozen before they have a client id.
    pub(super) released: watch::Sender<u64>,
    /// Whether anything was ever asked of this: without, nothing here costs anything.
    used: bool,
}

impl Default for Trouble {
    /// Nothing goes wrong.
    fn default() -> Trouble {
        Trouble::new(Vec::new(), None).0
    }
}

impl Trouble {
    /// The faults of the start, and the end at which it hands over its timers.
    pub(in crate::gateway) fn new(
        faults: Vec<Fault>,
        dice: Option<Dice>,
    ) -> (Trouble, mpsc::UnboundedReceiver<Timer>) {
        let (timers, due) = mpsc::unbounded_channel();
        let (listens, _) = watch::channel(true);
        let mut trouble = Trouble {
            armed: Vec::new(),
            used: dice.is_some(),
            dice,
            struck: VecDeque::new(),
            marks: BTreeMap::new(),
            later: Vec::new(),
            leaving: Vec::new(),
            absent: BTreeMap::new(),
            cutoff: None,
            ill: BTreeMap::new(),
            last_bars: BTreeMap::new(),
            lies: BTreeMap::new(),
            start: MarketStart::default(),
            closed_until: None,
            listens,
            timers,
            timer_number: 0,
            released: watch::channel(0).0,
        };
        for (index, fault) in faults.into_iter().enumerate() {
            let place = format!("fault {}", index + 1);
            trouble
                .arm_as(if fault.name.is_empty() { place } else { format!("fault `{}`", fault.name) }, fault);
        }
        (trouble, due)
    }

    /// The same for a market that opens so.
    pub(in crate::gateway) fn for_market(self, start: MarketStart) -> Trouble {
        Trouble { start, ..self }
    }

    /// Whether there is nothing that could strike and nothing left behind.
    pub(in crate::gateway) fn is_quiet(&self) -> bool {
        !self.used
    }

    pub(super) fn arm(&mut self, fault: Fault) {
        self.arm_as(format!("fault `{}`", fault.title()), fault);
    }

    fn arm_as(&mut self, called: String, fault: Fault) {
        let left = match fault.times {
            Times::Count(times) => Some(times),
            Times::Always => None,
        };
        self.used = true;
        self.armed.push(Armed { fault, called, struck: 0, seen: 0, left });
    }

    /// Tells whether anybody is to listen.
    pub(in crate::gateway) fn listens(&self) -> watch::Receiver<bool> {
        self.listens.subscribe()
    }

    pub(super) fn touch(&mut self) {
        self.used = true;
    }

    /// Forgets the faults that wait, and the seed.
    pub(super) fn disarm(&mut self) {
        self.armed.clear();
        self.dice = None;
    }

    /// Says which faults have not struck, if any.
    pub(in crate::gateway) fn tell_unstruck(&self) {
        let idle: Vec<&str> =
            self.armed.iter().filter(|armed| armed.struck == 0).map(|armed| armed.called.as_str()).collect();
        if !idle.is_empty() {
            warn!("{} of the faults never struck: {}", idle.len(), idle.join(", "));
        }
    }

    pub(super) fn waits_for(&self, occasion: impl Fn(When) -> bool) -> bool {
        self.armed.iter().any(|armed| occasion(armed.fault.when))
    }

    /// Whether anything could happen to a frame that is about to be sent.
    pub(super) fn looks_at_frames(&self) -> bool {
        self.dice.is_some()
            || self.cutoff.is_some()
            || !self.ill.is_empty()
            || !self.lies.is_empty()
            || self.waits_for(|when| matches!(when, When::Callback(_)))
    }

    /// The deeds that are due on an occasion; they count as struck.
    pub(super) fn pick(&mut self, now: i64, occasion: impl Fn(When) -> bool, subject: &Subject) -> Vec<Due> {
        let mut due = Vec::new();
        for armed in &mut self.armed {
            let Armed { fault, called, struck, seen, left } = armed;
            if *left == Some(0) || !occasion(fault.when) || !fault.only.means(subject) {
                continue;
            }
            *seen = seen.saturating_add(1);
            if *seen < fault.nth {
                continue;
            }
            if let Some(left) = left {
                *left -= 1;
            }
            *struck = struck.saturating_add(1);
            let names = (fault.title().to_owned(), called.clone());
            due.push((names, Due { deed: fault.deed.clone(), only: fault.only.clone() }));
        }
        self.armed.retain(|armed| armed.left != Some(0));
        due.into_iter()
            .map(|((name, called), due)| {
                self.record_as(now, name, &called, &due, subject);
                due
            })
            .collect()
    }

    /// The faults whose moment has come. They are about whom they name.
    pub(super) fn due_at(&mut self, now: i64) -> Vec<Due> {
        let mut due = Vec::new();
        for armed in &mut self.armed {
            let When::At(at) = armed.fault.when else { continue };
            if at <= now {
                armed.left = Some(0);
                let Fault { only, deed, .. } = &armed.fault;
                let this = Due { deed: deed.clone(), only: only.clone() };
                due.push((at, armed.fault.title().to_owned(), armed.called.clone(), this));
            }
        }
        self.armed.retain(|armed| armed.left != Some(0));
        due.sort_by_key(|(at, ..)| *at);
        due.into_iter()
            .map(|(_, name, called, due)| {
                let subject = Subject { client: due.only.client, ..Subject::default() };
                self.record_as(now, name, &called, &due, &subject);
                due
            })
            .collect()
    }

    /// Writes down that something struck, here and in the log.
    pub(super) fn record(&mut self, now: i64, name: String, due: &Due, subject: &Subject) {
        let called = format!("fault `{name}`");
        self.record_as(now, name, &called, due, subject);
    }

    fn record_as(&mut self, now: i64, name: String, called: &str, due: &Due, subject: &Subject) {
        let (deed, client, order) = (due.deed.name(), subject.client, subject.order);
        info!(at = %clock::stamp(now), client, order, "{called} strikes: {}", due.deed);
        if self.struck.len() == STRUCK_MAX {
            self.struck.pop_front();
        }
        self.struck.push_back(Struck { name, deed, at: now, client, order });
    }

    /// Whether the market waits for a client that was dropped.
    ///
    /// In an outage it does not, nor while nobody listens: nobody could get in step with it, and it would wait for
    /// ever.
    pub(in crate::gateway) fn holds(&self, now: i64) -> bool {
        let out_of_reach = self.cutoff.as_ref().is_some_and(|cutoff| cutoff.until.is_some());
        let can_come_back = self.closed_until.is_none() && !out_of_reach;
        can_come_back && self.absent.values().any(|absence| absence.until <= now)
    }

    /// Whether a client waits for an answer that only comes when an outage is over. The market does not wait for it
    /// meanwhile, or both would wait for the other.
    pub(in crate::gateway) fn keeps_waiting(&self, client: i32) -> bool {
        self.cutoff.as_ref().is_some_and(|cutoff| {
            let asks = |(asker, id, _): &(i32, u32, Vec<u8>)| *asker == client && is_question(*id);
            cutoff.until.is_some() && cutoff.asked.iter().any(asks)
        })
    }

    /// Nobody waits any more for those who did not come back.
    pub(in crate::gateway) fn give_up(&mut self, now: i64) {
        self.absent.retain(|_, absence| now < absence.until);
    }

    /// What a client finds that wants to take its seat.
    pub(super) fn door(&self, id: i32, now: i64) -> Door {
        if self.closed_until.is_some() {
            return Door::Closed;
        }
        match self.absent.get(&id) {
            Some(absence) if now < absence.until => absence.door,
            _ => Door::Open,
        }
    }

    /// A connection is over.
    pub(in crate::gateway) fn gone(&mut self, client: i32) {
        if let Some(cutoff) = &mut self.cutoff {
            cutoff.forget_questions(client);
        }
    }

    /// A number for something that lasts, whose end is timed where it has one.
    pub(super) fn begin(&mut self, lasting: Lasting) -> u64 {
        self.timer_number += 1;
        let number = self.timer_number;
        if let Lasting::For(after) = lasting {
            // It fails only when the gateway has ended.
            let _ = self.timers.send(Timer { number, after });
        }
        number
    }
}
