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
use crate::domain::broker::{OrderReport, Snapshot, Standing};

/// How many days of executions are asked for: more than a long weekend, and as many as IBKR keeps at hand.
const EXECUTION_DAYS: i32 = 7;

impl Session {
    /// Open orders, completed orders, executions with their commissions, positions: one after the other, because the
    /// answers of two such requests would mix, and each to its end. Then the next order id is learned anew.
    ///
    /// Orders and executions of other clients are in it too; positions and executions only of our account.
    pub async fn snapshot(&mut self) -> Result<Snapshot, LinkError> {
        let line = self.line();
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
        into.open = at_work(std::mem::take(&mut into.open));
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
        // Without this a gateway tells only those since midnight, and we may have been away for longer.
        let filter = ExecutionFilter { last_n_days: EXECUTION_DAYS, ..ExecutionFilter::default() };
        let mut asked = line.ask(limit, line.client.executions(filter)).await?;
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

/// One row for each order, the last one told: what happens while we ask comes mixed with the answer. Orders that ended
/// meanwhile are among the completed ones.
fn at_work(told: Vec<OrderReport>) -> Vec<OrderReport> {
    let mut orders: Vec<OrderReport> = Vec::with_capacity(told.len());
    for order in told {
        let same = |known: &&mut OrderReport| {
            (known.perm.is_some() && known.perm == order.perm) || (known.id.is_some() && known.id == order.id)
        };
        match orders.iter_mut().find(same) {
            Some(known) => *known = order,
            None => orders.push(order),
        }
    }
    orders.retain(|order| !matches!(order.standing, Standing::Filled | Standing::Cancelled));
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{BrokerOrderId, PermId, Side, Symbol};
    use crate::domain::money::Qty;

    fn told(id: i32, perm: i64, standing: Standing) -> OrderReport {
        OrderReport {
            reference: None,
            id: Some(BrokerOrderId(id)).filter(|id| id.0 > 0),
            perm: Some(PermId(perm)).filter(|perm| perm.0 > 0),
            symbol: Symbol::new("SPY").expect("a ticker"),
            side: Side::Buy,
            qty: Qty::new(1),
            kind: None,
            standing,
        }
    }

    #[test]
    fn what_happens_while_we_ask_is_told_once_and_as_it_is_last() {
        use Standing::{Filled, Held, Working};
        let rows = vec![told(1, 0, Held), told(0, 7, Working), told(2, 8, Held), told(1, 6, Working)];
        let expected = vec![told(1, 6, Working), told(0, 7, Working), told(2, 8, Held)];
        assert_eq!(at_work(rows), expected);
        assert_eq!(at_work(vec![told(1, 6, Working), told(1, 6, Filled)]), vec![]);
        assert_eq!(
            at_work(vec![told(0, 0, Held), told(0, 0, Held)]).len(),
            2,
            "nameless ones are kept apart"
        );
    }
}
