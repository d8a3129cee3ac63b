//! What an order may ask for beyond what the venue does. It is read only to be refused: an order without its terms is
//! another order.

use prost::Message;

use crate::gateway::wire;

/// The request to place an order, seen for its terms alone.
#[derive(Clone, PartialEq, Message)]
pub(in crate::gateway) struct PlaceOrderTerms {
    #[prost(message, optional, tag = "3")]
    order: Option<Terms>,
    #[prost(message, optional, tag = "4")]
    attached: Option<Attached>,
}

#[derive(Clone, PartialEq, Message)]
struct Terms {
    #[prost(int32, tag = "7")]
    display_size: i32,
    #[prost(bool, tag = "16")]
    all_or_none: bool,
    #[prost(bool, tag = "17")]
    block_order: bool,
    #[prost(bool, tag = "18")]
    hidden: bool,
    #[prost(bool, tag = "20")]
    sweep_to_fill: bool,
    #[prost(double, tag = "21")]
    percent_offset: f64,
    #[prost(int32, tag = "24")]
    min_qty: i32,
    #[prost(string, tag = "32")]
    active_start_time: String,
    #[prost(string, tag = "33")]
    active_stop_time: String,
    #[prost(string, tag = "34")]
    fa_group: String,
    #[prost(int32, tag = "48")]
    scale_init_level_size: i32,
    #[prost(double, tag = "50")]
    scale_price_increment: f64,
    #[prost(string, tag = "58")]
    scale_table: String,
    #[prost(string, tag = "59")]
    hedge_type: String,
    #[prost(double, tag = "76")]
    discretionary_amount: f64,
    #[prost(bool, tag = "83")]
    not_held: bool,
    #[prost(string, tag = "93")]
    adjusted_order_type: String,
    #[prost(double, tag = "94")]
    trigger_price: f64,
    #[prost(string, tag = "103")]
    model_code: String,
    #[prost(double, tag = "106")]
    cash_qty: f64,
    #[prost(string, tag = "114")]
    auto_cancel_date: String,
    #[prost(bool, tag = "117")]
    auto_cancel_parent: bool,
    #[prost(bool, tag = "119")]
    imbalance_only: bool,
    #[prost(int32, tag = "123")]
    duration: i32,
    #[prost(int32, tag = "127")]
    min_trade_qty: i32,
    #[prost(bool, tag = "135")]
    include_overnight: bool,
    #[prost(bool, tag = "138")]
    deactivate: bool,
    #[prost(bool, tag = "139")]
    post_only: bool,
}

/// A stop and a target that come with an order.
#[derive(Clone, PartialEq, Message)]
struct Attached {
    #[prost(string, tag = "2")]
    stop_type: String,
    #[prost(string, tag = "4")]
    target_type: String,
}

impl PlaceOrderTerms {
    /// The first term that is asked for, by IBKR's name.
    pub(in crate::gateway) fn first(&self) -> Option<&'static str> {
        let attached = self.attached.as_ref();
        let attached = attached.filter(|with| !with.stop_type.is_empty() || !with.target_type.is_empty());
        attached.map(|_| "attachedOrders").or_else(|| self.order.as_ref()?.first())
    }
}

impl Terms {
    fn first(&self) -> Option<&'static str> {
        let flags = [
            (self.all_or_none, "allOrNone"),
            (self.block_order, "blockOrder"),
            (self.hidden, "hidden"),
            (self.sweep_to_fill, "sweepToFill"),
            (self.not_held, "notHeld"),
            (self.auto_cancel_parent, "autoCancelParent"),
            (self.imbalance_only, "imbalanceOnly"),
            (self.include_overnight, "includeOvernight"),
            (self.deactivate, "deactivate"),
            (self.post_only, "postOnly"),
        ];
        let counts = [
            (self.display_size, "displaySize"),
            (self.min_qty, "minQty"),
            (self.scale_init_level_size, "scaleInitLevelSize"),
            (self.duration, "duration"),
            (self.min_trade_qty, "minTradeQty"),
        ];
        let amounts = [
            (self.percent_offset, "percentOffset"),
            (self.scale_price_increment, "scalePriceIncrement"),
            (self.discretionary_amount, "discretionaryAmt"),
            (self.trigger_price, "triggerPrice"),
            (self.cash_qty, "cashQty"),
        ];
        let words = [
            (&self.active_start_time, "activeStartTime"),
            (&self.active_stop_time, "activeStopTime"),
            (&self.fa_group, "faGroup"),
            (&self.scale_table, "scaleTable"),
            (&self.hedge_type, "hedgeType"),
            (&self.adjusted_order_type, "adjustedOrderType"),
            (&self.model_code, "modelCode"),
            (&self.auto_cancel_date, "autoCancelDate"),
        ];
        let counts = counts.map(|(count, name)| (count != 0 && count != i32::MAX, name));
        let amounts = amounts.map(|(amount, name)| (wire::is_set(amount), name));
        let words = words.map(|(word, name)| (!word.is_empty(), name));
        let asked = flags.into_iter().chain(counts).chain(amounts).chain(words).find(|(asked, _)| *asked);
        asked.map(|(_, name)| name)
    }
}
