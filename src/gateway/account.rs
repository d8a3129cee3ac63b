//! The simulated account: cash, holdings, what they are worth, and what trading costs.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use super::venue::{Side, Ticket};

/// What is held of one symbol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holding {
    /// Shares, below zero when short.
    pub(super) quantity: i64,
    /// What the shares cost with commissions, below zero when short.
    pub(super) cost: Decimal,
    /// Profit of everything closed so far, after commissions.
    pub(super) realized: Decimal,
    /// The last price.
    pub(super) mark: Option<Decimal>,
}

impl Holding {
    /// What a share cost on average, commissions with it; zero when nothing is held.
    pub(super) fn average_cost(&self) -> Decimal {
        if self.quantity == 0 { Decimal::ZERO } else { self.cost / Decimal::from(self.quantity) }
    }

    /// The shares at the last price, below zero when short.
    pub(super) fn value(&self) -> Decimal {
        Decimal::from(self.quantity) * self.mark.unwrap_or_default()
    }
}

/// The account's state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Account {
    pub(super) cash: Decimal,
    /// In symbol order.
    pub(super) holdings: Vec<Holding>,
}

/// What the account is worth at one moment, in dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Worth {
    pub(super) cash: Decimal,
    /// Cash and all positions at their last price.
    pub(super) net_liquidation: Decimal,
    /// The positions' values, all counted above zero.
    pub(super) gross: Decimal,
}

impl Worth {
    /// 4 × NetLiquidation − Σ|position value|.
    pub(super) fn buying_power(&self) -> Decimal {
        Decimal::from(4) * self.net_liquidation - self.gross
    }

    /// What the positions bind: a quarter of their value, so that buying power is four times what is free.
    pub(super) fn margin(&self) -> Decimal {
        self.gross / Decimal::from(4)
    }

    pub(super) fn free(&self) -> Decimal {
        self.net_liquidation - self.margin()
    }
}

impl Account {
    pub(super) fn new(cash: Decimal, symbols: usize) -> Account {
        Account { cash, holdings: vec![Holding::default(); symbols] }
    }

    pub(super) fn worth(&self) -> Worth {
        let mut worth = Worth { cash: self.cash, net_liquidation: self.cash, gross: Decimal::ZERO };
        for holding in self.holdings.iter().filter(|holding| holding.quantity != 0) {
            let value = holding.value();
            worth.net_liquidation += value;
            worth.gross += value.abs();
        }
        worth
    }

    /// What an order at a price would bind beyond what its symbol binds now, in dollars; nothing where it makes the
    /// position smaller.
    pub(super) fn margin_change(&self, ticket: &Ticket, price: Decimal) -> Decimal {
        let holding = &self.holdings[ticket.symbol];
        let after = holding.quantity + ticket.side.signed(ticket.quantity);
        let change = (Decimal::from(after) * price).abs() - holding.value().abs();
        let bound = change / Decimal::from(4);
        if after.abs() <= holding.quantity.abs() { bound.min(Decimal::ZERO) } else { bound }
    }

    /// Books a fill. Answers the profit it closed, after commissions, if it closed anything.
    pub(super) fn book(
        &mut self,
        symbol: usize,
        side: Side,
        quantity: i64,
        price: Decimal,
        commission: Decimal,
    ) -> Option<Decimal> {
        let signed = side.signed(quantity);
        self.cash -= Decimal::from(signed) * price + commission;
        let holding = &mut self.holdings[symbol];
        let held = holding.quantity;
        let closed = if held.signum() * signed.signum() < 0 { held.abs().min(quantity) } else { 0 };
        let share = |part: i64| commission * Decimal::from(part) / Decimal::from(quantity);
        let profit = (closed > 0).then(|| {
            let average = holding.average_cost();
            let leaving = Decimal::from(closed * held.signum());
            holding.cost -= average * leaving;
            (price - average) * leaving - share(closed)
        });
        holding.quantity = held + signed;
        let opened = quantity - closed;
        if opened > 0 {
            holding.cost += Decimal::from(side.signed(opened)) * price + share(opened);
        }
        if holding.quantity == 0 {
            holding.cost = Decimal::ZERO;
        }
        holding.realized += profit.unwrap_or_default();
        profit
    }
}

/// What an order of so many shares at one price costs.
pub(super) fn commission(quantity: i64, price: Decimal) -> Decimal {
    commission_of(quantity, Decimal::from(quantity) * price)
}

/// What an order costs of which so many shares filled, for so many dollars in all: half a cent a share and at
/// least a dollar, then at most 1 % of what was traded, to the cent, half a cent up.
pub(super) fn commission_of(shares: i64, value: Decimal) -> Decimal {
    let by_share = (Decimal::from(shares) * Decimal::new(5, 3)).max(Decimal::ONE);
    let cap = value * Decimal::new(1, 2);
    by_share.min(cap).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        Decimal::from_str_exact(text).expect("a decimal")
    }

    #[test]
    fn a_commission_is_half_a_cent_a_share_at_least_a_dollar_at_most_one_percent_half_up() {
        let cases = [
            (100, "10.00", "1.00"),
            (800, "180.50", "4.00"),
            (301, "100.00", "1.51"), // 1.505
            (300, "100.00", "1.50"),
            (1, "5.00", "0.05"),
            (1, "10.50", "0.11"), // 0.105
            (1000, "0.10", "1.00"),
            (10_000, "0.04", "4.00"),
        ];
        for (quantity, price, expected) in cases {
            assert_eq!(commission(quantity, dec(price)), dec(expected), "{quantity} at {price}");
        }
    }

    #[test]
    fn a_round_trip_leaves_its_profit_in_cash_and_nothing_held() {
        let mut account = Account::new(dec("100000"), 1);
        assert_eq!(account.book(0, Side::Buy, 100, dec("50.00"), dec("1.00")), None);
        assert_eq!(account.holdings[0].average_cost(), dec("50.01"));
        account.holdings[0].mark = Some(dec("51.00"));
        let worth = account.worth();
        assert_eq!((worth.net_liquidation, worth.gross), (dec("100099.00"), dec("5100.00")));
        assert_eq!(worth.buying_power(), dec("395296.00"));
        assert_eq!(account.book(0, Side::Sell, 100, dec("51.00"), dec("1.00")), Some(dec("98.00")));
        assert_eq!((account.cash, account.holdings[0].quantity), (dec("100098.00"), 0));
    }

    #[test]
    fn a_short_earns_when_the_price_falls_and_a_sale_beyond_the_holding_turns_it_round() {
        let mut account = Account::new(dec("1000"), 1);
        account.book(0, Side::Buy, 100, dec("10.00"), dec("0"));
        assert_eq!(account.book(0, Side::Sell, 300, dec("11.00"), dec("3.00")), Some(dec("99.00")));
        assert_eq!(account.holdings[0].quantity, -200);
        account.holdings[0].mark = Some(dec("9.00"));
        // 1000 − 1000 + 3300 − 3 in cash, 1800 owed.
        assert_eq!(account.worth().net_liquidation, dec("1497.00"));
        assert_eq!(account.book(0, Side::Buy, 200, dec("9.00"), dec("1.00")), Some(dec("397.00")));
        assert_eq!(account.holdings[0].realized, dec("496.00"));
    }
}
