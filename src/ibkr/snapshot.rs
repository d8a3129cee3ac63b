//! Everything the broker has, asked for at once. Each part counts only with its end marker: what is missing in half an
//! answer means nothing.

use futures_util::StreamExt;
use ibapi::SUBSCRIPTION_LAG_CODE;
use ibapi::accounts::PositionUpdate;
use ibapi::orders::{ExecutionFilter, Executions, Orders};
use ibapi::subscriptions::SubscriptionItem;
use tracing::debug;

use super::LinkError;
use super::line::{Line, link_error};
use super::session::Session;
use super::translate;
use crate::domain::broker::Snapshot;

impl Session {
    /// Open orders, completed orders, executions with their commissions, positions: one after the other, because the
    /// answers of two such requests would mix, and each to its end. Then the next order id is learned anew.
    ///
    /// Orders and executions of other clients are in it too; positions and executions only of our account.
    pub async fn snapshot(&mut self) -> Result<Snapshot, LinkError> {
        let line = self.desk().line();
        let mut snapshot = Snapshot::default();
        self.ask_orders(&line, &mut snapshot).await?;
        self.ask_executions(&line, &mut snapshot).await?;
        self.ask_positions(&line, &mut snapshot).await?;
        let limit = self.settings().request_timeout;
        let offered = line.ask(limit, line.client.next_valid_order_id()).await?;
        let seen = snapshot.open.iter().filter_map(|order| order.id).map(|id| id.0).max().unwrap_or(0);
        self.raise_order_id(offered, seen);
        debug!(
            open = snapshot.open.len(),
            completed = snapshot.completed.len(),
            executions = snapshot.executions.len(),
            positions = snapshot.positions.len(),
            "snapshot"
        );
        Ok(snapshot)
    }

    async fn ask_orders(&mut self, line: &Line, into: &mut Snapshot) -> Result<(), LinkError> {
        let (limit, client_id) = (self.settings().request_timeout, self.settings().client_id);
        let mut open = line.ask(limit, line.client.all_open_orders()).await?;
        for row in open.collect_to_end_within(limit).await.map_err(|error| link_error(error, limit))? {
            if let Orders::OrderData(data) = row {
                into.open.extend(translate::open_order(&data, client_id));
            }
        }
        drop(open);
        let mut completed = line.ask(limit, line.client.completed_orders(false)).await?;
        for row in completed.collect_to_end_within(limit).await.map_err(|error| link_error(error, limit))? {
            if let Orders::OrderData(data) = row {
                into.completed.extend(translate::completed_order(&data));
            }
        }
        Ok(())
    }

    async fn ask_executions(&mut self, line: &Line, into: &mut Snapshot) -> Result<(), LinkError> {
        let (limit, now) = (self.settings().request_timeout, self.now());
        // No filter: as far back as the gateway remembers.
        let mut asked = line.ask(limit, line.client.executions(ExecutionFilter::default())).await?;
        for row in asked.collect_to_end_within(limit).await.map_err(|error| link_error(error, limit))? {
            match row {
                Executions::ExecutionData(data) if data.execution.account_number == self.account() => {
                    into.executions.extend(translate::execution(&data, now));
                }
                Executions::ExecutionData(_) => {}
                Executions::CommissionReport(report) => into.charges.extend(translate::charge(&report)),
            }
        }
        Ok(())
    }

    async fn ask_positions(&mut self, line: &Line, into: &mut Snapshot) -> Result<(), LinkError> {
        let (limit, account) = (self.settings().request_timeout, self.account().to_owned());
        let mut asked = line.ask(limit, line.client.positions()).await?;
        // This one goes on after its end marker, so ibapi can't collect it to its end.
        let gathering = async {
            loop {
                match asked.next().await {
                    Some(Ok(SubscriptionItem::Data(PositionUpdate::Position(row)))) => {
                        let ours = translate::position(&row).filter(|_| row.account == account);
                        // A closed position comes as one of no shares.
                        into.positions.extend(ours.filter(|position| position.shares != 0));
                    }
                    Some(Ok(SubscriptionItem::Data(PositionUpdate::PositionEnd))) => return Ok(()),
                    Some(Ok(SubscriptionItem::Notice(notice))) if notice.code == SUBSCRIPTION_LAG_CODE => {
                        return Err(LinkError::Garbled(notice.message));
                    }
                    Some(Ok(SubscriptionItem::Notice(_))) => {}
                    Some(Err(error)) => return Err(link_error(error, limit)),
                    None => return Err(LinkError::Closed),
                }
            }
        };
        let gathered = tokio::time::timeout(limit, gathering).await;
        gathered.unwrap_or(Err(LinkError::TimedOut { after: limit }))
    }
}
