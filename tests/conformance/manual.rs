//! Orders entered by hand, which no client sends: IBKR's client as client 0 binds them. The gateway runs in this process,
//! whose handle is the broker's own screen.

use prusik::domain::ids::Side;
use prusik::domain::money::Price;
use prusik::domain::order::OrderKind;
use prusik::gateway::{Gateway, ManualOrder, Settings, load_bars};
use rust_decimal::Decimal;
use tempfile::TempDir;

use super::Market;
use crate::driven::Driven;
use crate::venv;

fn at(cents: i64) -> OrderKind {
    OrderKind::Limit(Price::new(Decimal::new(cents, 2)).expect("a price"))
}

#[tokio::test(flavor = "multi_thread")]
async fn client_0_binds_what_was_entered_by_hand_and_other_clients_do_not() {
    let Some(python) = venv::python("orders entered by hand") else { return };
    let folder = TempDir::new().expect("a folder");
    let bars = Market::Morning.write(folder.path());
    let bars = bars.into_iter().map(|(symbol, path)| (symbol, load_bars(path).expect("bars"))).collect();
    let gateway = Gateway::start(Settings { bars, ..Settings::default() }).await.expect("started");
    let port = gateway.local_addr().port();
    let mut zero = Driven::at(port, &python, &folder, 0);
    let mut two = Driven::at(port, &python, &folder, 2);
    zero.told();
    two.told();

    gateway.place_manual(&ManualOrder::new("XYZ", Side::Buy, 100, at(900))).expect("taken");
    assert_eq!((zero.told(), two.told()), (Vec::new(), Vec::new()), "it is nobody's");
    two.ask("desk.reqAllOpenOrders()");
    let by_hand = [
        "openOrder 0 client 0 P1: BUY 100 XYZ LMT lmt 9 GTC -> Submitted",
        "orderStatus 0 client 0 P1: Submitted 0/100",
        "openOrderEnd",
    ];
    assert_eq!(two.told(), by_hand, "everybody may see it");
    two.ask("desk.reqOpenOrders()");
    assert_eq!(two.told(), ["openOrderEnd"], "it is not client 2's");
    two.ask("desk.reqAutoOpenOrders(True)");
    assert!(two.told()[0].contains("321"), "only client 0 binds");

    zero.ask("desk.reqOpenOrders()");
    let bound = zero.told();
    assert_eq!(
        bound,
        [
            "openOrder -2 client 0 P1: BUY 100 XYZ LMT lmt 9 GTC -> Submitted",
            "orderStatus -2 client 0 P1: Submitted 0/100",
            "orderBound P1 client 0 order -2",
            "openOrderEnd",
        ]
    );
    zero.ask("desk.cancel(-2)");
    assert_eq!(
        zero.told(),
        [
            "openOrder -2 client 0 P1: BUY 100 XYZ LMT lmt 9 GTC -> Cancelled",
            "orderStatus -2 client 0 P1: Cancelled 0/100",
            "error -2 202 Order Canceled - reason:",
        ]
    );

    // From now on they are bound as they come; their fills move the account that all see.
    zero.ask("desk.reqAutoOpenOrders(True)");
    zero.ask("desk.join('XYZ')");
    two.ask("desk.reqPositions()");
    assert_eq!(two.told(), ["positionEnd"]);
    gateway.place_manual(&ManualOrder::new("XYZ", Side::Buy, 50, OrderKind::Market)).expect("taken");
    assert_eq!(
        zero.told(),
        [
            "openOrder -3 client 0 P2: BUY 50 XYZ MKT GTC -> Submitted",
            "orderStatus -3 client 0 P2: Submitted 0/50",
            "orderBound P2 client 0 order -3",
        ]
    );
    zero.ask("desk.step()");
    let filled = zero.told();
    assert_eq!(
        filled[0],
        "execDetails -1: X1 order -3 client 0 P2 BOT 50 XYZ at 10 20131004 09:30:00 US/Eastern SMART cum 50 avg 10 \
         ref '' liquidity 2 DU0000001"
    );
    assert_eq!(two.told(), ["position DU0000001 XYZ 50 cost 10.02"]);
    gateway.shutdown().await;
}
