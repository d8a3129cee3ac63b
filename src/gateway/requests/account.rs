//! Requests about the account: its values, its positions.

use crate::gateway::exchange::{Exchange, Summary, Wants, account_rows, summary_rows};
use crate::gateway::listing::Listing;
use crate::gateway::messages::{AccountDataRequest, AccountSummaryRequest, AccountText, RequestEnd, told};
use crate::gateway::telling::{self, NO_REQUEST};
use crate::gateway::wire::push;

/// The account summaries a client may follow at once.
const SUMMARIES_MAX: usize = 100;

impl Exchange {
    pub(super) fn account_summary(&mut self, client: i32, request: &AccountSummaryRequest) {
        let Exchange { market, clients, .. } = self;
        let (Some(own), Some(req_id)) = (clients.get_mut(&client), request.req_id) else { return };
        if own.summaries.len() == SUMMARIES_MAX && own.summaries.iter().all(|other| other.req_id != req_id) {
            let text = "Error processing request.-'ym' : cause - Maximum number of account summary requests exceeded";
            return telling::error(&mut own.out, market.now, req_id, 322, text);
        }
        let asked = request.tags.as_deref().unwrap_or("").split(',').map(str::trim);
        let mut tags: Vec<String> = Vec::new();
        for tag in asked {
            let all = tag.eq_ignore_ascii_case("all");
            let asked = if all { &telling::ACCOUNT_TAGS[..] } else { &[tag] };
            for tag in asked {
                // Each row once, and only rows there are: a request is short, its answers are told again and again.
                if !tags.iter().any(|other| other == tag) && telling::has_account_row(tag) {
                    tags.push((*tag).to_owned());
                }
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
        own.list(market, Listing::positions(market));
    }
}
