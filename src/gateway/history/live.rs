//! Bars that keep up to date: the bar that forms, told anew with every five seconds.
//!
//! The same time comes again and again while a bar forms; it is complete when a later one comes. What was told last of
//! a bar is what history says of it from then on. A bar in which nothing has traded yet is not told.

use super::{Job, Query, Size, Sum, allowed, collect, row};
use crate::gateway::market::Market;
use crate::gateway::messages::{HistoricalDataUpdate, told};
use crate::gateway::quotes::{Show, Shown};
use crate::gateway::venue::Refusal;
use crate::gateway::wire::push;

/// A subscription to the bar that forms.
#[derive(Debug)]
pub(in crate::gateway) struct LiveBars {
    pub(in crate::gateway) req_id: i32,
    symbol: usize,
    show: Show,
    size: Size,
    format: Option<i32>,
    /// The bar that forms.
    sum: Sum,
    /// What is to be told once the bars before it are, which are worked out apart from the market.
    held: Option<Vec<u8>>,
}

impl LiveBars {
    /// A subscription that goes on where a request for history ends. Refuses what history refuses.
    pub(in crate::gateway) fn of(job: &Job, symbol: usize) -> Result<Option<LiveBars>, Refusal> {
        let query = job.query()?;
        let Some(req_id) = job.request.req_id else { return Ok(None) };
        let Query { size, reach, show, .. } = query;
        let mut sum = Sum::new(&job.days, size, reach);
        let (from, _) = sum.bucket(job.now);
        collect(&job.source, &job.days, &Query { from, to: job.now, ..query }, &mut |bar| {
            sum.add(bar);
            Ok(())
        })?;
        let format = job.request.format_date;
        Ok(Some(LiveBars { req_id, symbol, show, size, format, sum, held: Some(Vec::new()) }))
    }

    /// Lets go what was held back while the bars before it were worked out.
    pub(in crate::gateway) fn release(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held.take().unwrap_or_default());
    }

    /// The bytes that are held back.
    pub(in crate::gateway) fn held(&self) -> usize {
        self.held.as_ref().map_or(0, Vec::capacity)
    }

    /// What the last instant brought.
    pub(in crate::gateway) fn tell(&mut self, out: &mut Vec<u8>, market: &Market) {
        let Some(bar) = market.slot.bars.get(self.symbol).and_then(Option::as_ref) else { return };
        if bar.traded() {
            let seen = market.screen.seen(self.symbol, self.show, bar);
            self.sum.add(&seen);
        }
        let Some(forming) = &self.sum.bar else { return };
        let over = self.sum.until <= bar.start || !allowed(bar.start, &self.sum.days, self.sum.reach);
        if over || market.screen.shown(self.symbol) != Shown::Flowing {
            return;
        }
        let bar = Some(row(forming, self.size, self.format, self.show));
        let message = HistoricalDataUpdate { req_id: Some(self.req_id), bar };
        push(self.held.as_mut().unwrap_or(out), told::HISTORICAL_DATA_UPDATE, &message);
    }
}
