//! What arrives. Every stream of a connection, taken in a fixed order: order events, account, bars, notices.

use std::task::{Context, Poll};

use futures_util::{FutureExt, StreamExt};
use ibapi::accounts::{AccountSummary, AccountSummaryResult, AccountSummaryTags};
use ibapi::market_data::realtime;
use ibapi::orders::{OrderData, OrderUpdate};
use ibapi::subscriptions::{Subscription, SubscriptionItem};
use ibapi::{Client, Notice, SUBSCRIPTION_LAG_CODE};
use tracing::{debug, warn};

use super::connect::Notices;
use super::{Drained, LinkEvent, ORDER_ID_MAX, translate};
use crate::domain::broker::AccountRow;
use crate::domain::ids::{Stamp, Symbol};
use crate::domain::market::Contract;
use crate::domain::money::Cash;

/// The streams of one connection, and what was taken from them and not handed out yet.
pub(super) struct Inbox {
    client_id: i32,
    account: String,
    /// `None` while it is broken.
    orders: Option<Subscription<OrderUpdate>>,
    /// `None` once the connection is gone for good.
    notices: Option<Notices>,
    summary: Option<Subscription<AccountSummaryResult>>,
    feeds: Vec<Feed>,
    sheet: Sheet,
    taken: Drained,
    /// Whether the socket is known to be broken.
    down: bool,
    /// The broker's latest time.
    pub(super) now: Stamp,
    /// The highest order number seen.
    pub(super) highest_id: i32,
}

/// The bars of one contract.
struct Feed {
    contract: Contract,
    /// `None` while they are not subscribed.
    bars: Option<Subscription<realtime::Bar>>,
}

/// The account summary, row by row.
#[derive(Default)]
struct Sheet {
    net_liquidation: Option<(Cash, String)>,
    buying_power: Option<Cash>,
    changed: bool,
}

impl Inbox {
    pub(super) fn new(
        client_id: i32,
        account: String,
        orders: Subscription<OrderUpdate>,
        notices: Notices,
        heard: Vec<Notice>,
        now: Stamp,
    ) -> Inbox {
        let mut inbox = Inbox {
            client_id,
            account,
            orders: Some(orders),
            notices: Some(notices),
            summary: None,
            feeds: Vec::new(),
            sheet: Sheet::default(),
            taken: Drained::default(),
            down: false,
            now,
            highest_id: 0,
        };
        heard.into_iter().for_each(|notice| inbox.hear(notice));
        inbox
    }

    /// Goes on with the streams of another connection. What was taken stays, and so do the contracts whose bars are
    /// wanted; their subscriptions are gone.
    pub(super) fn move_to(
        &mut self,
        orders: Subscription<OrderUpdate>,
        notices: Notices,
        heard: Vec<Notice>,
    ) {
        self.forget_subscriptions();
        self.down = false;
        // What became of the connection before says nothing about this one.
        self.taken.link.retain(|event| matches!(event, LinkEvent::EndOfBars | LinkEvent::Notice { .. }));
        self.orders = Some(orders);
        self.notices = Some(notices);
        heard.into_iter().for_each(|notice| self.hear(notice));
    }

    /// Takes everything that is there, without waiting. Whoever waits with `cx` is woken by whatever comes next.
    pub(super) fn take(&mut self, cx: &mut Context<'_>) {
        self.take_orders(cx);
        self.take_account(cx);
        self.take_bars(cx);
        while let Some(notices) = &mut self.notices {
            match notices.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(notice)) => self.hear(notice),
                Poll::Ready(None) => {
                    self.notices = None;
                    self.taken.link.push(LinkEvent::Closed);
                }
            }
        }
    }

    /// Whether anything was taken and not handed out.
    pub(super) fn holds_something(&self) -> bool {
        !self.taken.is_empty() || self.sheet.changed
    }

    /// Hands out what was taken.
    pub(super) fn hand_out(&mut self) -> Drained {
        let mut drained = std::mem::take(&mut self.taken);
        drained.account = self.sheet.row();
        drained.bars.sort_by(|(a_symbol, a), (b_symbol, b)| (a.start, a_symbol).cmp(&(b.start, b_symbol)));
        drained
    }

    /// Opens the order stream again where it broke.
    pub(super) fn mend_orders(&mut self, client: &Client) {
        if self.orders.is_none() && self.notices.is_some() {
            match client.order_update_stream().now_or_never() {
                Some(Ok(orders)) => self.orders = Some(orders),
                other => warn!(failed = other.is_some(), "the order stream could not be opened again yet"),
            }
        }
    }

    fn take_orders(&mut self, cx: &mut Context<'_>) {
        while let Some(orders) = &mut self.orders {
            match orders.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(SubscriptionItem::Data(update)))) => {
                    if let OrderUpdate::OpenOrder(OrderData { order_id, .. }) = &update {
                        self.see(*order_id);
                    }
                    self.taken.facts.extend(translate::fact(update, self.client_id, self.now));
                }
                Poll::Ready(Some(Ok(SubscriptionItem::Notice(notice)))) => {
                    if notice.code == SUBSCRIPTION_LAG_CODE {
                        self.taken.link.push(LinkEvent::OrdersLagged);
                    } else {
                        self.taken.facts.extend(translate::remark(notice));
                    }
                }
                // One frame that can't be read ends the stream; so does the end of the connection.
                Poll::Ready(ended) => {
                    let error = ended.and_then(Result::err).map(|error| error.to_string());
                    warn!(?error, "the order stream broke");
                    self.orders = None;
                    self.taken.link.push(LinkEvent::OrdersLagged);
                }
            }
        }
    }

    fn take_account(&mut self, cx: &mut Context<'_>) {
        while let Some(summary) = &mut self.summary {
            match summary.poll_next_unpin(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(SubscriptionItem::Data(AccountSummaryResult::Summary(row))))) => {
                    if row.account == self.account {
                        self.sheet.enter(row);
                    }
                }
                Poll::Ready(Some(Ok(SubscriptionItem::Data(AccountSummaryResult::End)))) => {}
                Poll::Ready(Some(Ok(SubscriptionItem::Notice(notice)))) => self.hear(notice),
                Poll::Ready(ended) => {
                    let error = ended.and_then(Result::err);
                    debug!(?error, "the account summary ended");
                    self.summary = None;
                    if error.is_some_and(|error| error.is_connection_lost()) {
                        self.fall_down();
                    }
                }
            }
        }
    }

    fn take_bars(&mut self, cx: &mut Context<'_>) {
        let Inbox { feeds, taken, .. } = self;
        let mut is_lost = false;
        for feed in feeds {
            let symbol = &feed.contract.symbol;
            while let Some(bars) = &mut feed.bars {
                let lost = match bars.poll_next_unpin(cx) {
                    Poll::Pending => break,
                    Poll::Ready(Some(Ok(SubscriptionItem::Data(bar)))) => {
                        taken.bars.extend(translate::live_bar(&bar).map(|bar| (symbol.clone(), bar)));
                        continue;
                    }
                    Poll::Ready(Some(Ok(SubscriptionItem::Notice(notice)))) => {
                        if notice.code != SUBSCRIPTION_LAG_CODE {
                            taken.link.push(translate::link_event(notice));
                            continue;
                        }
                        notice.message
                    }
                    Poll::Ready(Some(Err(error))) => {
                        feed.bars = None;
                        // The connection broke with all that hung on it; that is told once.
                        if error.is_connection_lost() {
                            is_lost = true;
                            break;
                        }
                        error.to_string()
                    }
                    Poll::Ready(None) => {
                        feed.bars = None;
                        break;
                    }
                };
                taken.link.push(LinkEvent::BarsLost { symbol: symbol.clone(), why: lost });
            }
        }
        if is_lost {
            self.fall_down();
        }
    }

    /// ibapi tells when a connection is up again, and only its subscriptions tell that it broke.
    fn fall_down(&mut self) {
        if !std::mem::replace(&mut self.down, true) {
            self.taken.link.push(LinkEvent::Down);
        }
    }

    fn hear(&mut self, notice: Notice) {
        debug!(code = notice.code, text = %notice.message, "notice");
        if translate::is_simulated_gateway(&notice) {
            return;
        }
        let event = translate::link_event(notice);
        self.down = self.down && event != LinkEvent::Reconnected;
        self.taken.link.push(event);
    }

    fn see(&mut self, order_id: i32) {
        if order_id <= ORDER_ID_MAX {
            self.highest_id = self.highest_id.max(order_id);
        }
    }

    // ---- subscriptions

    /// The tags of the account summary that are wanted.
    pub(super) const ACCOUNT_TAGS: [&'static str; 3] = [
        AccountSummaryTags::NET_LIQUIDATION,
        AccountSummaryTags::BUYING_POWER,
        AccountSummaryTags::TOTAL_CASH_VALUE,
    ];

    pub(super) fn read_account(&mut self, summary: Subscription<AccountSummaryResult>) {
        self.summary = Some(summary);
    }

    /// Whether bars of this symbol come in.
    pub(super) fn has_bars(&self, symbol: &Symbol) -> bool {
        self.feeds.iter().any(|feed| feed.contract.symbol == *symbol && feed.bars.is_some())
    }

    pub(super) fn read_bars(&mut self, contract: Contract, bars: Subscription<realtime::Bar>) {
        match self.feeds.iter_mut().find(|feed| feed.contract.symbol == contract.symbol) {
            Some(feed) => *feed = Feed { contract, bars: Some(bars) },
            None => self.feeds.push(Feed { contract, bars: Some(bars) }),
        }
    }

    /// Wants a contract's bars no more.
    pub(super) fn stop_bars(&mut self, symbol: &Symbol) {
        self.feeds.retain(|feed| feed.contract.symbol != *symbol);
    }

    /// The contracts whose bars are wanted, in the order they were first asked for.
    pub(super) fn wanted(&self) -> Vec<Contract> {
        self.feeds.iter().map(|feed| feed.contract.clone()).collect()
    }

    /// Drops the subscriptions that a reconnect or lost data has ended at the broker.
    pub(super) fn forget_subscriptions(&mut self) {
        self.summary = None;
        self.sheet = Sheet::default();
        self.feeds.iter_mut().for_each(|feed| feed.bars = None);
    }
}

impl Sheet {
    fn enter(&mut self, row: AccountSummary) {
        let Some(amount) = translate::cash(&row.value) else {
            warn!(tag = %row.tag, value = %row.value, "an account value was not understood");
            return;
        };
        match row.tag.as_str() {
            AccountSummaryTags::NET_LIQUIDATION => self.net_liquidation = Some((amount, row.currency)),
            AccountSummaryTags::BUYING_POWER => self.buying_power = Some(amount),
            _ => return,
        }
        self.changed = self.net_liquidation.is_some() && self.buying_power.is_some();
    }

    /// The account, where it was told anew. Both values or none.
    fn row(&mut self) -> Option<AccountRow> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let (net_liquidation, currency) = self.net_liquidation.clone()?;
        Some(AccountRow { net_liquidation, buying_power: self.buying_power?, currency })
    }
}
