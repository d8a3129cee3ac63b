//! Faults of the market and of the gateway as a whole: they strike whom the fault names, or everyone.

use rust_decimal::Decimal;

use super::deed::{Cut, Deed, Door, Found, Gone, Jump, Priced, Ratio, Restart, Spell, Stranger};
use super::trouble::{Due, Ill};
use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{Contract, Order, PlaceOrder};
use crate::gateway::quotes::{Halt, Shown};
use crate::gateway::ticket;
use crate::gateway::venue::{BINDING_CLIENT, Refusal};
use crate::gateway::wire::double;

/// The most shares a position of a fault may come to, and the highest price of one, in dollars: what they are worth
/// can then be reckoned with whatever follows.
const SHARES_MAX: u64 = 1_000_000_000_000;
const PRICE_MAX: i64 = 1_000_000_000;

impl Exchange {
    /// Does what is due at no request and no message in particular.
    pub(super) fn strike_market(&mut self, due: &Due) {
        match &due.deed {
            Deed::Corrupt(how) => {
                for client in self.meant(due) {
                    self.send_malformed(client, *how);
                }
            }
            Deed::NextId(jump) => {
                for client in self.meant(due) {
                    self.trouble.lies.insert(client, *jump);
                }
            }
            deed if deed.is_about_the_line() => {
                for client in self.meant(due) {
                    self.strike_line(client, deed);
                }
            }
            Deed::Outage(outage) => self.begin_outage(outage),
            Deed::Restart(restart) => self.restart(restart),
            Deed::Order(stranger) => self.give_strange_order(stranger),
            Deed::Position(found) => self.find_position(found),
            Deed::CorporateSplit(ratio) => self.split_shares(ratio),
            Deed::Halt(spell) => self.fall_ill(spell, Ill::Halted),
            Deed::Stale(spell) => self.fall_ill(spell, Ill::Stale),
            Deed::Frozen(spell) => self.fall_ill(spell, Ill::Frozen),
            Deed::Fill(shares) => self.fill_meant(due, *shares),
            Deed::Split(parts) => {
                for place in self.orders_meant(due) {
                    self.split(place, parts);
                }
            }
            // The others are about one request or one message, and are done there.
            _ => {}
        }
    }

    /// The live orders that a deed at a moment is about.
    pub(super) fn orders_meant(&self, due: &Due) -> Vec<usize> {
        let live = self.market.venue.live().iter().copied();
        live.filter(|place| {
            let client = self.market.venue.orders[*place].ticket.key.client;
            due.only.means(&self.about_order(client, *place))
        })
        .collect()
    }

    /// All connections end, what was not transmitted is gone, and nobody listens for a while.
    fn restart(&mut self, restart: &Restart) {
        let Restart { closed_for, ids_back } = *restart;
        let gone = Gone { cut: Cut::Between, away_for: Some(closed_for), door: Door::Closed };
        for client in self.clients.keys().copied().collect::<Vec<_>>() {
            self.drop_client(client, &gone, None);
            if ids_back != 0 {
                self.trouble.lies.insert(client, Jump::By(0_i32.saturating_sub(ids_back)));
            }
        }
        let now = self.market.now;
        self.market.venue.forget_held(now);
        if closed_for > 0 {
            self.trouble.closed_until = Some(self.market.now.saturating_add(closed_for));
            self.trouble.listens.send_replace(false);
        }
    }

    fn fall_ill(&mut self, spell: &Spell, ill: Ill) {
        let Some(symbol) = self.symbol_named(&spell.symbol) else { return };
        let until = spell.lasting.map(|seconds| self.market.now.saturating_add(seconds));
        self.cure(symbol);
        self.trouble.ill.insert(symbol, (ill, until));
        match ill {
            Ill::Halted => self.market.halt(symbol, Halt::General),
            Ill::Stale => self.market.show(symbol, Shown::Frozen),
            // The bars come, and are put in the place of others on their way out.
            Ill::Frozen => self.market.show(symbol, Shown::BarsOnly),
        }
    }

    fn symbol_named(&self, name: &str) -> Option<usize> {
        let found = self.market.listings.find(Some(&contract(name))).ok();
        if found.is_none() {
            tracing::warn!(symbol = name, "a fault names a symbol that has no bars; nothing happens");
        }
        found
    }

    /// An order appears, as its owner would have given it.
    fn give_strange_order(&mut self, stranger: &Stranger) {
        let client = stranger.client.unwrap_or(BINDING_CLIENT);
        let id = self.market.venue.next_id(client);
        let text = |text: &str| Some(text.to_owned());
        let (order_type, limit_price, aux_price) = match stranger.price {
            Priced::Market => ("MKT", None, None),
            Priced::Limit(price) => ("LMT", Some(double(price)), None),
            Priced::Stop(price) => ("STP", None, Some(double(price))),
        };
        let order = Order {
            action: text(if stranger.quantity < 0 { "SELL" } else { "BUY" }),
            quantity: Some(stranger.quantity.unsigned_abs().to_string()),
            order_type: text(order_type),
            limit_price,
            aux_price,
            tif: text("GTC"),
            order_ref: text(&stranger.order_ref),
            transmit: Some(true),
            ..Order::default()
        };
        let asked =
            PlaceOrder { order_id: Some(id), contract: Some(contract(&stranger.symbol)), order: Some(order) };
        if stranger.client.is_none() {
            if let Err(Refusal { code, text }) = self.enter_by_hand(&asked) {
                tracing::warn!(code, "a fault's order is refused: {text}");
            }
            return;
        }
        let ticket = ticket::read(client, &asked, &self.market.listings, &self.market.account);
        let moment = self.market.moment();
        let placed = ticket.and_then(|ticket| self.market.venue.place(ticket, &moment, &mut self.facts));
        if let Err(Refusal { code, text }) = placed {
            tracing::warn!(code, "a fault's order is refused: {text}");
        }
        self.tell_facts();
    }

    /// Shares appear in the account, unpaid: nobody here bought them.
    fn find_position(&mut self, found: &Found) {
        let Some(symbol) = self.symbol_named(&found.symbol) else { return };
        let holding = &mut self.market.venue.account.holdings[symbol];
        let price = found.cost.or(holding.mark).unwrap_or_default();
        let quantity =
            holding.quantity.checked_add(found.quantity).filter(|all| all.unsigned_abs() <= SHARES_MAX);
        let (Some(quantity), true) = (quantity, price <= Decimal::from(PRICE_MAX)) else {
            tracing::warn!(symbol = found.symbol, "a fault's position is too large; nothing happens");
            return;
        };
        holding.quantity = quantity;
        holding.cost = match quantity {
            0 => Decimal::ZERO,
            _ => holding.cost + Decimal::from(found.quantity) * price,
        };
        self.tell_account(&[symbol]);
        self.wake_everyone();
    }

    /// So many new shares for the old ones; what they cost stays, and so do the orders. The bars are what they are.
    fn split_shares(&mut self, ratio: &Ratio) {
        let Some(symbol) = self.symbol_named(&ratio.symbol) else { return };
        let holding = &mut self.market.venue.account.holdings[symbol];
        let (new, old) = (ratio.new.max(1), ratio.old.max(1));
        // A part of a share that comes out is dropped, as it would be paid out.
        let quantity = holding.quantity.checked_mul(new).map(|shares| shares / old);
        let quantity = quantity.filter(|all| all.unsigned_abs() <= SHARES_MAX);
        let mark = holding.mark.unwrap_or_default().checked_mul(Decimal::from(old));
        let mark =
            mark.map(|mark| mark / Decimal::from(new)).filter(|mark| *mark <= Decimal::from(PRICE_MAX));
        let (Some(quantity), Some(mark)) = (quantity, mark) else {
            tracing::warn!(
                symbol = ratio.symbol,
                "a fault's split leads beyond all numbers; nothing happens"
            );
            return;
        };
        holding.quantity = quantity;
        holding.mark = holding.mark.map(|_| mark);
        self.tell_account(&[symbol]);
        self.wake_everyone();
    }

    pub(super) fn wake_everyone(&mut self) {
        for client in self.clients.values().filter(|client| !client.out.is_empty()) {
            client.wake.notify_one();
        }
    }
}

fn contract(symbol: &str) -> Contract {
    let text = |text: &str| Some(text.to_owned());
    Contract { symbol: text(symbol), sec_type: text("STK"), ..Contract::default() }
}
