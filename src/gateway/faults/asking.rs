//! Faults around a request: before it is done, instead of it, and after it.

use tokio::sync::watch;

use super::deed::{Deed, Door, Meanwhile};
use super::fault::{Kin, Step, Subject, When};
use super::trouble::{Due, Still};
use crate::gateway::exchange::Exchange;
use crate::gateway::history::{Answer, Job};
use crate::gateway::messages::{CancelOrder, PlaceOrder, RequestId, asked};
use crate::gateway::requests::{MarketStart, refuse};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::venue::{Key, Refusal};
use crate::gateway::wire::{Malformed, read};

/// What becomes of the connection that asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::gateway) enum Flow {
    #[default]
    Goes,
    /// It stands still; the request has been done.
    Stands,
    /// It stands still; the request is done when it goes on.
    StandsBefore,
    /// It is over.
    Ends,
}

/// A request, as far as faults look at it.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) client: i32,
    pub(super) id: u32,
    pub(super) message: &'a [u8],
    /// The order, or the id its answers have.
    about: Option<i32>,
    /// An order whose id was not known.
    new: bool,
    pub(super) subject: Subject,
}

/// Whether a request is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Done,
    ToDo,
}

impl Exchange {
    /// Does one request, with everything that goes wrong about it.
    pub(in crate::gateway) fn serve(
        &mut self,
        client: i32,
        id: u32,
        message: &[u8],
        start: MarketStart,
    ) -> Result<(Option<Job>, Flow), Malformed> {
        if self.trouble.is_quiet() {
            return Ok((self.handle(client, id, message, start)?, Flow::Goes));
        }
        self.mark();
        let asked = self.asked(client, id, message);
        let resumes = self.clients.get_mut(&client).is_some_and(|own| std::mem::take(&mut own.line.resumes));
        let due = if resumes { Vec::new() } else { self.due_before(&asked) };
        let (freezes, due): (Vec<Due>, Vec<Due>) =
            due.into_iter().partition(|due| matches!(due.deed, Deed::Freeze(_)));
        let mut course = Course::ToDo;
        let mut after = Vec::new();
        for due in due {
            course = self.strike_before(&asked, course, due, &mut after);
        }
        for due in &freezes {
            self.strike_line(client, &due.deed);
        }
        let job = match course {
            _ if !self.clients.contains_key(&client) => None,
            Course::ToDo if !freezes.is_empty() => {
                if let Some(own) = self.clients.get_mut(&client) {
                    own.line.resumes = true;
                }
                self.tend();
                return Ok((None, Flow::StandsBefore));
            }
            Course::ToDo if self.is_cut_off(&asked) => None,
            Course::ToDo => self.handle(client, id, message, start)?,
            Course::Done => None,
        };
        self.back_in_step(client, id);
        after.extend(self.trouble.pick(
            self.market.now,
            |when| matches!(when, When::After(request) if request.means(id, asked.new)),
            &asked.subject,
        ));
        for due in after {
            self.strike_after(&asked, due);
        }
        self.tend();
        Ok((job, self.flow(client)))
    }

    fn flow(&self, client: i32) -> Flow {
        match self.clients.get(&client).map(|own| own.line.still) {
            None => Flow::Ends,
            Some(Still::Frozen(_)) => Flow::Stands,
            Some(Still::Flowing | Still::Delayed(_)) => Flow::Goes,
        }
    }

    fn asked<'a>(&self, client: i32, id: u32, message: &'a [u8]) -> Asked<'a> {
        let mut asked = Asked { client, id, message, about: None, new: false, subject: Subject::of(client) };
        match id {
            asked::PLACE_ORDER => {
                let Ok(request) = read::<PlaceOrder>(id, message) else { return asked };
                asked.about = request.order_id;
                let key = Key { client, id: request.order_id.unwrap_or(0) };
                let known = self.market.venue.place_of(key);
                asked.new = known.is_none();
                let order = request.order.unwrap_or_default();
                let kin = match known {
                    Some(place) => self.about_order(client, place).kin,
                    None if order.parent_id.unwrap_or(0) == 0 => Some(Kin::Parent),
                    None => Some(Kin::Child),
                };
                asked.subject = Subject {
                    client: Some(client),
                    symbol: request.contract.and_then(|contract| contract.symbol),
                    order_type: order.order_type,
                    order_ref: order.order_ref,
                    kin,
                    order: request.order_id,
                };
            }
            asked::CANCEL_ORDER => {
                let Ok(request) = read::<CancelOrder>(id, message) else { return asked };
                asked.about = request.order_id;
                let key = Key { client, id: request.order_id.unwrap_or(0) };
                if let Some(place) = self.market.venue.place_of(key) {
                    asked.subject = self.about_order(client, place);
                }
                asked.subject.order = request.order_id;
            }
            asked::OPEN_ORDERS
            | asked::ALL_OPEN_ORDERS
            | asked::AUTO_OPEN_ORDERS
            | asked::GLOBAL_CANCEL
            | asked::COMPLETED_ORDERS => {}
            _ => asked.about = read::<RequestId>(id, message).ok().and_then(|request| request.req_id),
        }
        asked
    }

    fn due_before(&mut self, asked: &Asked<'_>) -> Vec<Due> {
        let (id, new, now) = (asked.id, asked.new, self.market.now);
        let before = |when| matches!(when, When::Before(request) if request.means(id, new));
        let mut due = self.trouble.pick(now, before, &asked.subject);
        due.extend(self.trouble.roll_request(now, id, new, &asked.subject));
        due
    }

    /// Does what is due before a request, or instead of it.
    fn strike_before(&mut self, asked: &Asked<'_>, course: Course, due: Due, after: &mut Vec<Due>) -> Course {
        match &due.deed {
            Deed::Refuse(words) => {
                self.tell_error(asked.client, asked.about, words);
                return Course::Done;
            }
            Deed::Vanish => return Course::Done,
            Deed::Reject(words) if course == Course::ToDo => {
                return if self.reject(asked, words) { Course::Done } else { course };
            }
            Deed::Overtake(words) if course == Course::ToDo => {
                return if self.overtake(asked, words) { Course::Done } else { course };
            }
            Deed::Twin if course == Course::ToDo => {
                return if self.twin(asked) { Course::Done } else { course };
            }
            Deed::Reject(_) | Deed::Overtake(_) | Deed::Twin => {}
            Deed::Warn(_) | Deed::Split(_) => after.push(due),
            Deed::NextId(jump) => drop(self.trouble.lies.insert(asked.client, *jump)),
            deed if deed.is_about_the_line() => self.strike_line(asked.client, deed),
            _ => self.strike_market(&due),
        }
        course
    }

    fn strike_after(&mut self, asked: &Asked<'_>, due: Due) {
        match &due.deed {
            Deed::Warn(words) => self.tell_error(asked.client, asked.about, words),
            Deed::Split(parts) => {
                let key = Key { client: asked.client, id: asked.about.unwrap_or(0) };
                if let Some(place) = self.market.venue.place_of(key) {
                    self.split(place, parts);
                }
            }
            // What was told just now is not sent any more.
            Deed::Drop(gone) => {
                let mark = self.trouble.marks.get(&asked.client).copied().unwrap_or(0);
                self.drop_client(asked.client, gone, Some(mark));
            }
            deed if deed.is_about_the_line() => self.strike_line(asked.client, deed),
            _ => self.trouble.later.push(due),
        }
    }

    /// Whether a request gets nowhere because the servers are out of reach; if so it is kept, or lost.
    fn is_cut_off(&mut self, asked: &Asked<'_>) -> bool {
        let Exchange { trouble, clients, market, .. } = self;
        let Some(cutoff) = &mut trouble.cutoff else { return false };
        match asked.id {
            asked::CURRENT_TIME
            | asked::CURRENT_TIME_MILLIS
            | asked::IDS
            | asked::MANAGED_ACCOUNTS
            | asked::MARKET_DATA_TYPE => return false,
            asked::HISTORICAL_DATA => {
                if let Some(own) = clients.get_mut(&asked.client) {
                    let refusal = Refusal::new(162, super::texts::text(162));
                    refuse(&mut own.out, market.now, asked.about, &refusal);
                }
            }
            asked::PLACE_ORDER | asked::CANCEL_ORDER | asked::GLOBAL_CANCEL
                if cutoff.meanwhile == Meanwhile::Lost => {}
            id => {
                if !cutoff.keep_request(asked.client, id, asked.message)
                    && let Some(own) = clients.get_mut(&asked.client)
                {
                    own.give_up();
                }
            }
        }
        true
    }

    /// Gives a client its history, and what followed it meanwhile.
    pub(in crate::gateway) fn answer(&mut self, client: i32, answer: Answer) {
        let quiet = self.trouble.is_quiet();
        if !quiet {
            self.mark();
        }
        if let Some(own) = self.clients.get_mut(&client) {
            own.end_answer(answer.frames);
            own.watch.follow(&mut own.out, answer.follow);
        }
        if !quiet {
            self.tend();
        }
    }

    /// Tells a client an error, about an order or a request.
    pub(super) fn tell_error(&mut self, client: i32, about: Option<i32>, words: &super::Words) {
        let now = self.market.now;
        let Some(own) = self.clients.get_mut(&client) else { return };
        let id = about.unwrap_or(NO_REQUEST);
        let text = words.text.replace("{id}", &id.to_string());
        telling::error(&mut own.out, now, id, words.code, &text);
        own.wake.notify_one();
    }

    /// A client has said that it is done: if it was away it is back now.
    fn back_in_step(&mut self, client: i32, id: u32) {
        if id == asked::CURRENT_TIME_MILLIS && self.clients.contains_key(&client) {
            self.trouble.absent.remove(&client);
        }
    }

    /// What a client finds that has said who it is.
    pub(in crate::gateway) fn door(&self, id: i32) -> Door {
        self.trouble.door(id, self.market.now)
    }

    /// A client has taken its seat and has been told what a client is told first.
    pub(in crate::gateway) fn started(&mut self, client: i32) {
        if self.trouble.is_quiet() {
            return;
        }
        if self.trouble.absent.get(&client).is_some_and(|absence| !absence.in_step) {
            self.trouble.absent.remove(&client);
        }
        let (now, subject) = (self.market.now, Subject::of(client));
        self.trouble.marks.clear();
        self.trouble.marks.insert(client, 0);
        let mut due = self.trouble.pick(now, |when| when == When::Step(Step::Start), &subject);
        due.extend(self.trouble.roll_start(now, &subject));
        for due in due {
            match &due.deed {
                Deed::NextId(jump) => drop(self.trouble.lies.insert(client, *jump)),
                Deed::Drop(gone) => self.drop_client(client, gone, Some(0)),
                deed if deed.is_about_the_line() => self.strike_line(client, deed),
                _ => self.trouble.later.push(due),
            }
        }
        self.tend_start(client);
    }

    /// What happens to a connection at a step before it has a client id, and what tells that it may go on.
    pub(in crate::gateway) fn at_step(&mut self, step: Step) -> Vec<(Deed, watch::Receiver<u64>)> {
        if self.trouble.is_quiet() {
            return Vec::new();
        }
        let due = self.trouble.pick(self.market.now, |when| when == When::Step(step), &Subject::default());
        due.into_iter().map(|due| (due.deed, self.trouble.released.subscribe())).collect()
    }
}
