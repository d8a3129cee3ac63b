//! What IBKR says with its error codes, for faults that name only the number.

/// The text of an error code, `{id}` in it standing for the order's id; a general one where it is not known.
pub(super) fn text(code: i32) -> &'static str {
    match code {
        103 => "Duplicate order id",
        104 => "Cannot modify a filled order.",
        105 => "Order being modified does not match original order",
        110 => "The price does not conform to the minimum price variation for this contract.",
        135 => "Can't find order with id =",
        136 => "This order cannot be cancelled.",
        161 => "Cancel attempted when order is not in a cancellable state.",
        162 => "Historical Market Data Service error message:No connection to the historical data farm",
        200 => "No security definition has been found for the request",
        201 => "Order rejected - reason:The order was rejected by the simulated gateway on demand",
        202 => "Order Canceled - reason:",
        321 => "Error validating request.-'bV' : cause - refused on demand",
        399 => "Order Message:\nWarning: Your order will not be placed at the exchange until the next open",
        404 => "Order held while securities are located.",
        1100 => "Connectivity between IB and Trader Workstation has been lost.",
        1101 => "Connectivity between IB and Trader Workstation has been restored - data lost.",
        1102 => "Connectivity between IB and Trader Workstation has been restored - data maintained.",
        2109 => {
            "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and \
             destination. PlaceOrder is now being processed."
        }
        10_147 => "OrderId {id} that needs to be cancelled is not found.",
        10_148 => "OrderId {id} that needs to be cancelled cannot be cancelled, state: Filled.",
        10_349 => "Order TIF was set to DAY based on order preset.",
        _ => "An error on demand of the simulated gateway's faults",
    }
}
