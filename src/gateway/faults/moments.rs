//! Faults of the market's time: what strikes at a moment, and the ends of what lasts.

use super::batch::Source;
use super::deed::{Deed, Outage, Restored};
use super::fault::{Only, Subject, When};
use super::trouble::{Cutoff, Due, Ill};
use crate::gateway::exchange::{Exchange, Phase, Step};
use crate::gateway::quotes::{Halt, Shown, Watch};
use crate::gateway::requests::MarketStart;
use crate::gateway::venue::Fact;

impl Exchange {
    /// The next instant is about to be traded.
    pub(in crate::gateway) fn before_instant(&mut self) {
        if self.trouble.is_quiet() {
            return;
        }
        for due in self.trouble.due_at(self.market.now) {
            self.strike_market(&due);
        }
        self.mark();
    }

    /// An instant has been traded; nobody has been told.
    pub(in crate::gateway) fn strike_fills(&mut self) {
        if !self.trouble.waits_for(|when| when == When::Fill) {
            return;
        }
        for index in 0..self.facts.len() {
            let Fact::Filled(execution) = self.facts[index] else { continue };
            let place = self.market.venue.executions[execution].order;
            let client = self.market.venue.orders[place].ticket.key.client;
            let subject = self.about_order(client, place);
            for due in self.trouble.pick(self.market.now, |when| when == When::Fill, &subject) {
                match &due.deed {
                    deed if deed.is_about_the_line() => self.strike_line(client, deed),
                    Deed::Outage(_) | Deed::Restart(_) => self.strike_market(&due),
                    _ => self.trouble.later.push(due),
                }
            }
        }
        // What a fault has told by now is not part of what the instant tells.
        self.mark();
    }

    /// An instant has been told; what is to go wrong about it goes wrong, and what its time ends has its end.
    pub(in crate::gateway) fn after_instant(&mut self) {
        if self.trouble.is_quiet() {
            return;
        }
        self.tend_batch(Source::Instant);
        self.strike_later();
        self.end_what_is_over();
        let now = self.market.now;
        let mut due = self.trouble.due_at(now);
        due.extend(self.roll_instant());
        for due in due {
            self.strike_market(&due);
        }
    }

    fn end_what_is_over(&mut self) {
        let now = self.market.now;
        if self.trouble.cutoff.as_ref().is_some_and(|cutoff| cutoff.until.is_some_and(|until| until <= now)) {
            self.end_outage();
        }
        let over: Vec<usize> = self
            .trouble
            .ill
            .iter()
            .filter(|(_, (_, until))| until.is_some_and(|until| until <= now))
            .map(|(symbol, _)| *symbol)
            .collect();
        for symbol in over {
            self.cure(symbol);
        }
        if self.trouble.closed_until.is_some_and(|until| until <= now) {
            self.reopen();
        }
    }

    /// No time passes before the market opens with the first subscription to data, nor after the bars are over: what
    /// would last for a while of the market's time is over as soon as it has been told, or it would be so for ever.
    pub(in crate::gateway) fn end_what_no_time_ends(&mut self) {
        let passes = match self.phase {
            Phase::Open => true,
            Phase::Closed => self.trouble.start == MarketStart::OnCommand,
            Phase::Over => false,
        };
        if passes || self.trouble.is_quiet() {
            return;
        }
        if self.trouble.cutoff.as_ref().is_some_and(|cutoff| cutoff.until.is_some()) {
            self.end_outage();
        }
        let bounded = |(_, (_, until)): &(&usize, &(Ill, Option<i64>))| until.is_some();
        let over: Vec<usize> = self.trouble.ill.iter().filter(bounded).map(|(symbol, _)| *symbol).collect();
        for symbol in over {
            self.cure(symbol);
        }
        if self.trouble.closed_until.is_some() {
            self.reopen();
        }
        let now = self.market.now;
        for absence in self.trouble.absent.values_mut() {
            absence.until = absence.until.min(now);
        }
    }

    /// Nobody is out of reach any more: what lasts ends at once.
    pub(in crate::gateway) fn release(&mut self) {
        self.trouble.touch();
        self.release_lines();
        self.end_outage();
        for symbol in self.trouble.ill.keys().copied().collect::<Vec<_>>() {
            self.cure(symbol);
        }
        self.reopen();
        self.trouble.absent.clear();
    }

    pub(super) fn begin_outage(&mut self, outage: &Outage) {
        let Outage { lasting, restored, meanwhile } = *outage;
        let until = lasting.map(|seconds| self.market.now.saturating_add(seconds));
        if let Some(cutoff) = &mut self.trouble.cutoff {
            // Out of reach already: the later word on its end counts.
            (cutoff.until, cutoff.restored, cutoff.meanwhile) = (until, restored, meanwhile);
            return;
        }
        self.trouble.cutoff = Some(Cutoff::new(until, restored, meanwhile));
        for client in self.clients.keys().copied().collect::<Vec<_>>() {
            self.tell_error(client, None, &super::Words::of(1100));
        }
    }

    /// The servers can be reached again: that is said first, then what was kept back, then what was asked is done.
    pub(super) fn end_outage(&mut self) {
        let Some(cutoff) = self.trouble.cutoff.take() else { return };
        let code = if cutoff.restored == Restored::DataLost { 1101 } else { 1102 };
        for (id, client) in &mut self.clients {
            if cutoff.restored == Restored::DataLost && client.follows() {
                client.bars.clear();
                client.watch = Watch::default();
                if client.step != Step::Free {
                    // It makes its subscriptions again before it is done.
                    client.step = Step::Holding;
                }
            }
            tracing::debug!(client = id, code, "the servers can be reached again");
        }
        for client in self.clients.keys().copied().collect::<Vec<_>>() {
            self.tell_error(client, None, &super::Words::of(code));
        }
        for (id, bytes) in cutoff.withheld {
            if let Some(client) = self.clients.get_mut(&id) {
                client.out.extend_from_slice(&bytes);
            }
        }
        for (client, id, message) in cutoff.asked {
            let done = self.handle(client, id, &message, MarketStart::OnCommand);
            if let Err(malformed) = done {
                tracing::warn!(client, "a request of an outage cannot be read: {malformed}");
            }
            if let Some(own) = self.clients.get(&client) {
                own.wake.notify_one();
            }
        }
    }

    /// A symbol trades and shows its data again.
    pub(super) fn cure(&mut self, symbol: usize) {
        self.trouble.last_bars.clear();
        match self.trouble.ill.remove(&symbol) {
            Some((Ill::Halted, _)) => self.market.halt(symbol, Halt::None),
            Some((Ill::Stale | Ill::Frozen, _)) => self.market.show(symbol, Shown::Flowing),
            None => {}
        }
    }

    /// The gateway listens again.
    fn reopen(&mut self) {
        self.trouble.closed_until = None;
        self.trouble.listens.send_replace(true);
    }

    /// Does at once what is due, as the handle says it.
    pub(in crate::gateway) fn strike_now(&mut self, name: String, deed: Deed, only: Only) {
        self.trouble.touch();
        let due = Due { deed, only };
        let subject = Subject { client: due.only.client, ..Subject::default() };
        self.trouble.record(self.market.now, name, &due, &subject);
        self.strike_market(&due);
        self.end_what_no_time_ends();
    }
}
