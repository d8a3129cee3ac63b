//! Requests about the account: its values, its positions.

use super::refuse;
use crate::gateway::exchange::{Exchange, Wants};
use crate::gateway::messages::{
    AccountDataRequest, AccountSummaryRequest, AccountText, Empty, RequestEnd, told,
};
use crate::gateway::statement::{self, GROUP, SUMMARIES_MAX, Summary};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::venue::Refusal;
use crate::gateway::wire::push;

impl Exchange {
    /// Rows of the account, and every change of them from now on. The same id again asks for something else instead.
    pub(super) fn account_summary(&mut self, client: i32, request: &AccountSummaryRequest) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        let group = request.group.as_deref().unwrap_or("");
        if group != GROUP {
            let text =
                format!("Error validating request.-'cc' : cause - Group name '{group}' is not {GROUP}");
            return refuse(&mut own.out, market.now, Some(req_id), &Refusal::new(321, text));
        }
        own.summaries.retain(|other| other.req_id != req_id);
        if own.summaries.len() == SUMMARIES_MAX {
            let text = "Error processing request.-'cc' : cause - Maximum number of account summary requests exceeded";
            return refuse(&mut own.out, market.now, Some(req_id), &Refusal::new(322, text));
        }
        let summary = Summary::new(req_id, request.tags.as_deref().unwrap_or(""));
        statement::summary_rows(&mut own.out, market, &summary, &market.venue.account.worth());
        push(&mut own.out, told::ACCOUNT_SUMMARY_END, &RequestEnd { req_id: Some(req_id) });
        own.summaries.push(summary);
    }

    pub(super) fn account_data(&mut self, client: i32, request: &AccountDataRequest) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        if request.subscribe != Some(true) {
            own.account = Wants::Nothing;
            return;
        }
        let account = request.account.as_deref().unwrap_or("");
        if !account.is_empty() && account != market.account {
            let text = format!(
                "Error validating request.-'bO' : cause - account {account} is not {}",
                market.account
            );
            return telling::error(&mut own.out, market.now, NO_REQUEST, 321, &text);
        }
        own.account = Wants::Updates;
        statement::account_rows(&mut own.out, market, &[]);
        push(&mut own.out, told::ACCOUNT_DATA_END, &AccountText { text: Some(market.account.clone()) });
    }

    /// What is held, and every change of it from now on.
    pub(super) fn positions(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.positions = Wants::Updates;
        for (symbol, holding) in market.venue.account.holdings.iter().enumerate() {
            if holding.quantity != 0 {
                statement::position(&mut own.out, market, symbol);
            }
        }
        push(&mut own.out, told::POSITIONS_END, &Empty {});
    }
}
