//! One turn of the loop: wait for anything, then work it off to the last answer.
//!
//! Orders, bars and the account reach us on channels of their own. A round trip to the broker is the barrier: what
//! was sent before its answer is there when it returns. So each turn asks, drains, acts, and asks again where it
//! acted; then a simulated gateway is told that the instant is done.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::{info, warn};

use super::{AtEnd, RunError, Trader};
use crate::domain::broker::Link;
use crate::domain::engine::Input;
use crate::domain::event::Told;
use crate::domain::ids::Stamp;
use crate::ibkr::{Drained, LinkError, LinkEvent};

/// How often the clock is looked at where no bars come.
const CLOCK: Duration = Duration::from_secs(1);
const DAY_MILLIS: i64 = 86_400_000;

impl Trader {
    /// Turns the loop until `stop`, or until the bars end.
    pub(super) async fn turn_until(
        &mut self,
        mut stop: watch::Receiver<bool>,
        at_end: AtEnd,
    ) -> Result<(), RunError> {
        let mut clock: Interval = interval(CLOCK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut ticked = false;
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
                () = self.watch.changed() => self.reread = true,
                Some(fetched) = self.fetches.join_next(), if !self.fetches.is_empty() => {
                    self.inputs.extend(fetched.ok());
                }
                () = self.session.wait() => {}
                _ = clock.tick() => ticked = true,
            }
            if let Err(trouble) = self.turn(ticked).await? {
                let stopped = tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => true,
                    rebuilt = self.reconnect(trouble) => { rebuilt?; false }
                };
                if stopped {
                    return Ok(());
                }
            }
            if self.ended && at_end == AtEnd::Exit {
                return Ok(());
            }
        }
    }

    /// Works off everything that is there. The inner error is the connection's: the caller rebuilds it.
    pub(super) async fn turn(&mut self, ticked: bool) -> Result<Result<(), LinkError>, RunError> {
        let mut clock_due = ticked && !self.session.simulated();
        loop {
            let now = match self.session.barrier().await {
                Ok(now) => now,
                Err(trouble) => return Ok(Err(trouble)),
            };
            self.acted = false;
            self.refresh_hours(now).await?;
            let drained = self.session.drain();
            let quiet = drained.is_empty() && self.inputs.is_empty() && !self.reread && !clock_due;
            self.take(now, drained).await?;
            self.take_queued(now).await?;
            if std::mem::take(&mut self.reread) {
                self.read_plans(now).await?;
            }
            if std::mem::take(&mut clock_due) {
                self.feed(now, Input::Clock).await?;
            }
            if let Err(trouble) = self.finish_fetches(now).await? {
                return Ok(Err(trouble));
            }
            if let Err(trouble) = self.look_once(now).await? {
                return Ok(Err(trouble));
            }
            if quiet || !self.acted {
                break;
            }
        }
        if self.session.simulated()
            && let Err(trouble) = self.session.done().await
        {
            return Ok(Err(trouble));
        }
        Ok(Ok(()))
    }

    /// Asks what is watched for its hours once a day: they are listed a week ahead at most, and the day of a new bar
    /// has to be known before the bar is used.
    async fn refresh_hours(&mut self, now: Stamp) -> Result<(), RunError> {
        let today = now.millis().div_euclid(DAY_MILLIS);
        let asked = self.hours_of.replace(today);
        if asked.is_none_or(|asked| asked == today) {
            return Ok(());
        }
        let watched: Vec<_> =
            self.engine.watched().map(|(symbol, spec)| (symbol.clone(), spec.clone())).collect();
        for (symbol, spec) in watched {
            match self.session.contract_anew(&symbol, &spec).await {
                Ok(contract) => self.feed(now, Input::Contract(contract)).await?,
                Err(error) => warn!(%symbol, %error, "its hours could not be asked for, the old ones stay"),
            }
        }
        Ok(())
    }

    /// Orders before bars, bars instant by instant, the account with the last of them.
    pub(super) async fn take(&mut self, now: Stamp, drained: Drained) -> Result<(), RunError> {
        let Drained { facts, mut account, bars, link } = drained;
        for fact in facts {
            self.feed(now, Input::Broker(fact)).await?;
        }
        self.bars += bars.len() as u64;
        let mut rest = bars.as_slice();
        while let Some((_, first)) = rest.first() {
            let end = first.end();
            let (instant, later) = rest.split_at(rest.partition_point(|(_, bar)| bar.end() <= end));
            rest = later;
            let account = if rest.is_empty() { account.take() } else { None };
            let at = if self.session.simulated() { end } else { now.max(end) };
            self.feed(at, Input::Bars { bars: instant.to_vec(), account }).await?;
            self.feed(at, Input::Clock).await?;
        }
        if account.is_some() {
            self.feed(now, Input::Bars { bars: Vec::new(), account }).await?;
        }
        for event in link {
            self.on_link_event(now, event).await?;
        }
        Ok(())
    }

    async fn take_queued(&mut self, now: Stamp) -> Result<(), RunError> {
        while let Some(input) = self.inputs.pop_front() {
            self.feed(now, input).await?;
        }
        Ok(())
    }

    /// The market of a simulated gateway stands still while we look into the past.
    async fn finish_fetches(&mut self, now: Stamp) -> Result<Result<(), LinkError>, RunError> {
        while self.session.simulated()
            && let Some(fetched) = self.fetches.join_next().await
        {
            if let Ok(input) = fetched {
                self.feed(now, input).await?;
            }
        }
        Ok(Ok(()))
    }

    async fn on_link_event(&mut self, now: Stamp, event: LinkEvent) -> Result<(), RunError> {
        match event {
            LinkEvent::EndOfBars => {
                if !self.ended {
                    self.tell(
                        now,
                        &Told::Info { text: "the bars of the simulated gateway have ended".into() },
                    );
                }
                self.ended = true;
            }
            LinkEvent::Notice { code, text } => info!(code, "{text}"),
            LinkEvent::Down => {
                self.feed(now, Input::Link(Link::Down, "the socket broke".into())).await?;
            }
            LinkEvent::BrokerDown => self.degraded(now, "the gateway has lost Interactive Brokers").await?,
            LinkEvent::Restored | LinkEvent::DataLost | LinkEvent::Reconnected | LinkEvent::Closed => {
                self.recovery_due = Some(event);
            }
            LinkEvent::OrdersLagged => {
                warn!("order events may be missing; asking the broker");
                self.look = true;
            }
            LinkEvent::BarsLost { symbol, why } => {
                warn!(%symbol, %why, "live bars were lost");
                self.recovery_due = Some(LinkEvent::DataLost);
            }
        }
        Ok(())
    }

    /// Reads the folders again, reports what is new, and tells the engine what changed.
    pub(super) async fn read_plans(&mut self, now: Stamp) -> Result<(), RunError> {
        let reading = self.shelf.read(&mut self.rules);
        for problem in reading.problems {
            self.tell(now, &Told::Problem { problem: Box::new(problem) });
        }
        self.unsettled = reading.unsettled;
        if !reading.changes.is_empty() {
            self.feed(now, Input::Plans(reading.changes)).await?;
        }
        Ok(())
    }
}
