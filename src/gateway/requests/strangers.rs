//! Symbols that a client asks for and that have no bars: said once in the log, for whoever runs the gateway.

use std::collections::BTreeSet;

use tracing::warn;

use crate::gateway::exchange::Exchange;
use crate::gateway::messages::{AboutContract, asked};
use crate::gateway::wire::read;

/// So many are remembered; nobody reads more lines.
const STRANGERS_MAX: usize = 1_000;
/// The longest symbol that is told.
const SYMBOL_CHARS_MAX: usize = 40;
/// The requests whose second field is a contract.
const ABOUT_CONTRACTS: [u32; 7] = [
    asked::MARKET_DATA,
    asked::PLACE_ORDER,
    asked::CONTRACT_DATA,
    asked::HISTORICAL_DATA,
    asked::REAL_TIME_BARS,
    asked::HEAD_TIMESTAMP,
    asked::TICK_BY_TICK,
];

/// The clients, and the symbols that each asked for in vain.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Strangers(BTreeSet<(i32, String)>);

impl Exchange {
    /// Warns, once for a client and a symbol, that there are no bars of what a request is about.
    pub(super) fn notice_stranger(&mut self, client: i32, id: u32, message: &[u8]) {
        if !ABOUT_CONTRACTS.contains(&id) {
            return;
        }
        let contract = read::<AboutContract>(id, message).ok().and_then(|request| request.contract);
        let Some(symbol) = contract.and_then(|contract| contract.symbol) else { return };
        let known = self.market.place_of(&symbol).is_some() || symbol.is_empty();
        if known || self.strangers.0.len() == STRANGERS_MAX {
            return;
        }
        let symbol: String = symbol.chars().filter(|c| !c.is_control()).take(SYMBOL_CHARS_MAX).collect();
        if self.strangers.0.insert((client, symbol.clone())) {
            warn!(
                "client {client} asked for {symbol}; there are bars of {}",
                self.market.symbols().join(", ")
            );
        }
    }
}
