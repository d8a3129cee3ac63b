//! Requests about the account: its values, its positions.

use crate::gateway::exchange::{Exchange, Summary, Wants, account_rows, summary_rows};
use crate::gateway::messages::{
    AccountDataRequest, AccountSummaryRequest, AccountText, Empty, RequestEnd, told,
};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::wire::push;

impl Exchange {
    pub(super) fn account_summary(&mut self, client: i32, request: &AccountSummaryRequest) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        let mut tags: Vec<String> = Vec::new();
        for tag in
            request.tags.as_deref().unwrap_or("").split(',').map(str::trim).filter(|tag| !tag.is_empty())
        {
            if tag.eq_ignore_ascii_case("all") {
                tags.extend(telling::ACCOUNT_TAGS.map(str::to_owned));
            } else {
                tags.push(tag.to_owned());
            }
        }
        let summary = Summary { req_id, tags };
        summary_rows(&mut own.out, market, &summary, &market.venue.account.worth());
        push(&mut own.out, told::ACCOUNT_SUMMARY_END, &RequestEnd { req_id: Some(req_id) });
        own.summaries.retain(|other| other.req_id != req_id);
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
        account_rows(&mut own.out, market, &[]);
        push(&mut own.out, told::ACCOUNT_DATA_END, &AccountText { text: Some(market.account.clone()) });
    }

    pub(super) fn positions(&mut self, client: i32) {
        let Exchange { market, clients, .. } = self;
        let Some(own) = clients.get_mut(&client) else { return };
        own.positions = Wants::Updates;
        for (symbol, holding) in market.venue.account.holdings.iter().enumerate() {
            if holding.quantity != 0 {
                telling::position(&mut own.out, market, symbol);
            }
        }
        push(&mut own.out, told::POSITIONS_END, &Empty {});
    }
}
