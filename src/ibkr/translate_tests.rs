use super::*;
use crate::domain::broker::Verdict;
use crate::domain::ids::{Leg, PlanId};
use crate::domain::plan::ContractSpec;
use ibapi::orders::OrderData;
use proptest::prelude::*;

const US: i32 = 17;

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn at(text: &str) -> Stamp {
    Stamp::new(text.parse().expect("a timestamp"))
}

fn dollars(text: &str) -> Price {
    Price::new(d(text)).expect("a price")
}

fn spy() -> contracts::Contract {
    contracts::Contract { contract_id: 756_733, symbol: "SPY".into(), ..contracts::Contract::default() }
}

fn stop_ticket() -> Ticket {
    Ticket {
        reference: OrderRef::new(3, 0xab, Leg::Stop, 1),
        plan: PlanId::new("SPY_1").expect("a plan id"),
        leg: Leg::Stop,
        side: Side::Sell,
        qty: Qty::new(100),
        kind: OrderKind::Stop(dollars("167.05")),
        tif: Tif::Gtc,
        hours: Hours::Regular,
        group: Some("prusik:3:ab:1".to_owned()),
        parent: Some(OrderRef::new(3, 0xab, Leg::Entry, 1)),
    }
}

fn told_order() -> OrderData {
    OrderData {
        order_id: 42,
        contract: spy(),
        order: orders::Order {
            client_id: US,
            perm_id: 9_001,
            order_ref: stop_ticket().reference.as_str().to_owned(),
            action: Action::Sell,
            total_quantity: 100.0,
            order_type: "STP".to_owned(),
            aux_price: Some(167.05),
            ..orders::Order::default()
        },
        order_state: orders::OrderState {
            status: OrderStatusKind::PreSubmitted,
            ..orders::OrderState::default()
        },
    }
}

fn told_execution() -> orders::ExecutionData {
    orders::ExecutionData {
        request_id: -1,
        contract: spy(),
        execution: orders::Execution {
            order_id: 42,
            client_id: US,
            execution_id: "0000e0d5.01.01".to_owned(),
            time: "20131004 09:31:05 US/Eastern".to_owned(),
            side: ExecutionSide::Sold,
            shares: 100.0,
            price: 167.05,
            perm_id: 9_001,
            order_reference: stop_ticket().reference.as_str().to_owned(),
            ..orders::Execution::default()
        },
    }
}

fn heard(update: OrderUpdate) -> Option<BrokerFact> {
    fact(update, US, at("2013-10-04T20:00:00Z"))
}

fn notice(id: Option<i32>, code: i32, text: &str) -> Notice {
    Notice {
        request_id: id,
        code,
        message: text.to_owned(),
        error_time: None,
        advanced_order_reject_json: String::new(),
    }
}

// ---- numbers

#[test]
fn a_price_is_the_same_on_both_sides() {
    assert_eq!(decimal(180.55), Some(d("180.55")));
    assert_eq!(float(d("180.55")).to_string(), "180.55");
    assert_eq!(float(d("0.0001")).to_string(), "0.0001");
}

#[test]
fn what_is_no_amount_is_none() {
    for nonsense in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, 1e300] {
        assert_eq!(decimal(nonsense), None, "{nonsense}");
    }
    assert_eq!(shares(-1.0), None);
    assert_eq!(price(0.0), None);
    assert_eq!(cash("n/a"), None);
    assert_eq!(cash("-12.50").map(Cash::decimal), Some(d("-12.50")));
}

proptest! {
    #[test]
    fn every_price_on_a_grid_survives_the_way_there_and_back(units in 1i64..1_000_000_000_000, scale in 0u32..5) {
        let exact = Decimal::new(units, scale);
        prop_assert_eq!(decimal(float(exact)), Some(exact.normalize()));
    }

    #[test]
    fn every_quantity_goes_out_as_the_number_it_is(whole in 0u64..2_147_483_647) {
        let sent = float(Qty::new(whole).decimal());
        prop_assert_eq!(sent.to_string(), whole.to_string());
        prop_assert_eq!(shares(sent), Some(Qty::new(whole)));
    }

    #[test]
    fn no_float_stops_the_loop(bits in any::<u64>()) {
        let float = f64::from_bits(bits);
        let _ = (decimal(float), price(float), shares(float), count(float), tick(float));
    }

    #[test]
    fn no_text_of_a_time_stops_the_loop(text in "\\PC{0,40}") {
        let _ = execution_time(&text);
    }
}

// ---- moments

#[test]
fn an_executions_time_is_read_in_its_zone() {
    let nine_thirty_one = at("2013-10-04T13:31:05Z");
    for told in [
        "20131004 09:31:05 US/Eastern",
        "20131004 09:31:05 America/New_York",
        "20131004  09:31:05 EST",
        "20131004-13:31:05",
        "20131004-13:31:05Z",
        "20131004 13:31:05 UTC",
    ] {
        assert_eq!(execution_time(told), Some(nine_thirty_one), "{told}");
    }
    for told in
        ["", "20131004", "20131004 09:31:05", "20131004 09:31:05 Mars/Olympus", "2013-10-04 09:31:05 UTC"]
    {
        assert_eq!(execution_time(told), None, "{told}");
    }
}

// ---- orders out

#[test]
fn an_order_says_everything_itself_and_leaves_nothing_to_presets() {
    let order = order(&stop_ticket(), Placing { account: "DU0000001", parent_id: 41, transmit: true });
    assert_eq!(order.action, Action::Sell);
    assert_eq!((order.order_type.as_str(), order.aux_price, order.limit_price), ("STP", Some(167.05), None));
    assert_eq!(order.total_quantity.to_string(), "100");
    assert_eq!(order.tif, TimeInForce::GoodTillCanceled);
    assert!(!order.outside_rth);
    assert_eq!(order.account, "DU0000001");
    assert_eq!(order.order_ref, "prusik:3:00000000000000ab:S:1");
    assert_eq!((order.oca_group.as_str(), order.oca_type), ("prusik:3:ab:1", OcaType::CancelWithBlock));
    assert_eq!((order.parent_id, order.transmit), (41, true));
}

#[test]
fn an_entry_has_no_group_and_a_target_may_trade_outside_regular_hours() {
    let entry =
        Ticket { kind: OrderKind::Market, tif: Tif::Day, group: None, side: Side::Buy, ..stop_ticket() };
    let entry = order(&entry, Placing { account: "DU0000001", parent_id: 0, transmit: false });
    assert_eq!((entry.order_type.as_str(), entry.limit_price, entry.aux_price), ("MKT", None, None));
    assert_eq!((entry.oca_group.as_str(), entry.oca_type, entry.transmit), ("", OcaType::None, false));
    let target = Ticket { kind: OrderKind::Limit(dollars("170")), hours: Hours::Extended, ..stop_ticket() };
    let target = order(&target, Placing { account: "DU0000001", parent_id: 0, transmit: true });
    assert_eq!((target.order_type.as_str(), target.limit_price), ("LMT", Some(170.0)));
    assert!(target.outside_rth);
}

#[test]
fn a_contract_is_asked_for_as_the_plan_describes_it() {
    let symbol = Symbol::new("BRK B").expect("a ticker");
    let spec = ContractSpec { primary_exchange: Some("NYSE".to_owned()), ..ContractSpec::default() };
    let wanted = wanted_contract(&symbol, &spec);
    assert_eq!(wanted.symbol.as_str(), "BRK B");
    assert_eq!((wanted.security_type, wanted.exchange.as_str()), (SecurityType::Stock, "SMART"));
    assert_eq!((wanted.primary_exchange.as_str(), wanted.contract_id), ("NYSE", 0));
}

// ---- what the broker says

#[test]
fn an_open_order_becomes_a_report_with_our_name() {
    let Some(BrokerFact::Report(report)) = heard(OrderUpdate::OpenOrder(told_order())) else {
        panic!("a report")
    };
    assert_eq!(report.reference, Some(stop_ticket().reference));
    assert_eq!((report.id, report.perm), (Some(BrokerOrderId(42)), Some(PermId(9_001))));
    assert_eq!((report.side, report.qty.shares()), (Side::Sell, 100));
    assert_eq!(report.kind, Some(OrderKind::Stop(dollars("167.05"))));
    assert_eq!(report.standing, Standing::Held);
}

#[test]
fn frames_of_other_clients_and_what_if_previews_are_no_facts() {
    let mut foreign = told_order();
    foreign.order.client_id = 5;
    assert_eq!(heard(OrderUpdate::OpenOrder(foreign)), None);
    let mut preview = told_order();
    preview.order.what_if = true;
    assert_eq!(heard(OrderUpdate::OpenOrder(preview)), None);
    let mut foreign = told_execution();
    foreign.execution.client_id = 5;
    assert_eq!(heard(OrderUpdate::ExecutionData(foreign)), None);
    let status = orders::OrderStatus { order_id: 42, client_id: 5, ..orders::OrderStatus::default() };
    assert_eq!(heard(OrderUpdate::OrderStatus(status)), None);
}

#[test]
fn in_a_snapshot_an_order_of_another_client_has_no_number_with_us_and_no_name_of_ours() {
    let mut foreign = told_order();
    foreign.order.client_id = 5;
    foreign.order.order_ref = "manual".to_owned();
    foreign.order.order_type = "TRAIL".to_owned();
    foreign.order.perm_id = 0;
    let report = open_order(&foreign, US).expect("a report");
    assert_eq!((report.id, report.reference, report.perm, report.kind), (None, None, None, None));
}

#[test]
fn a_completed_order_is_as_large_as_what_was_filled_and_what_was_not() {
    let mut done = told_order();
    done.order_id = -1;
    (done.order.total_quantity, done.order.filled_quantity) = (30.0, 70.0);
    done.order_state.status = OrderStatusKind::Cancelled;
    let report = completed_order(&done).expect("a report");
    assert_eq!((report.id, report.qty.shares(), report.standing), (None, 100, Standing::Cancelled));
}

#[test]
fn every_status_word_has_its_standing_and_an_unknown_one_is_unclear() {
    use OrderStatusKind as Kind;
    for (word, expected) in [
        (Kind::ApiPending, Standing::Held),
        (Kind::PendingSubmit, Standing::Held),
        (Kind::PreSubmitted, Standing::Held),
        (Kind::Submitted, Standing::Working),
        (Kind::PendingCancel, Standing::Cancelling),
        (Kind::Inactive, Standing::Inactive),
        (Kind::Filled, Standing::Filled),
        (Kind::Cancelled, Standing::Cancelled),
        (Kind::ApiCancelled, Standing::Cancelled),
        (Kind::Unknown("Pondering".to_owned()), Standing::Unclear),
    ] {
        assert_eq!(standing(&word), expected, "{word:?}");
    }
}

#[test]
fn a_status_names_its_order_by_number_and_nonsense_is_left_out() {
    let told = orders::OrderStatus {
        order_id: 42,
        client_id: US,
        status: OrderStatusKind::Filled,
        filled: 100.0,
        perm_id: 0,
        ..orders::OrderStatus::default()
    };
    let expected =
        OrderStatus { id: BrokerOrderId(42), perm: None, standing: Standing::Filled, filled: Qty::new(100) };
    assert_eq!(heard(OrderUpdate::OrderStatus(told.clone())), Some(BrokerFact::Status(expected)));
    for (order_id, filled) in [(0, 1.0), (-1, 1.0), (42, -1.0), (42, f64::NAN), (i32::MAX, 1.0)] {
        let strange = orders::OrderStatus { order_id, filled, ..told.clone() };
        assert_eq!(heard(OrderUpdate::OrderStatus(strange)), None, "{order_id} {filled}");
    }
}

#[test]
fn an_execution_says_whose_it_is_and_when_it_was() {
    let Some(BrokerFact::Executed(report)) = heard(OrderUpdate::ExecutionData(told_execution())) else {
        panic!("an execution")
    };
    assert_eq!(report.reference, Some(stop_ticket().reference));
    assert_eq!(report.execution.at, at("2013-10-04T13:31:05Z"));
    assert_eq!((report.execution.side, report.execution.price), (Side::Sell, dollars("167.05")));
}

#[test]
fn a_fill_without_a_readable_time_is_still_a_fill() {
    let mut told = told_execution();
    told.execution.time = "yesterday".to_owned();
    let Some(BrokerFact::Executed(report)) = heard(OrderUpdate::ExecutionData(told)) else {
        panic!("an execution")
    };
    assert_eq!(report.execution.at, at("2013-10-04T20:00:00Z"), "the broker's time stands in");
}

#[test]
fn an_execution_without_name_price_or_shares_is_left_out() {
    let break_it: [fn(&mut orders::Execution); 5] = [
        |told| told.execution_id.clear(),
        |told| told.price = 0.0,
        |told| told.price = f64::NAN,
        |told| told.shares = 0.0,
        |told| told.shares = -5.0,
    ];
    for change in break_it {
        let mut told = told_execution();
        change(&mut told.execution);
        assert_eq!(heard(OrderUpdate::ExecutionData(told)), None);
    }
    let mut told = told_execution();
    told.contract.symbol = "<@everyone>".into();
    assert_eq!(heard(OrderUpdate::ExecutionData(told)), None);
}

#[test]
fn a_commission_is_a_charge_a_rebate_is_nothing_and_an_unset_one_is_left_out() {
    let told = |commission| orders::CommissionReport {
        execution_id: "e.01".to_owned(),
        commission,
        ..orders::CommissionReport::default()
    };
    let cost = |commission| charge(&told(commission)).map(|(_, amount)| amount.decimal());
    assert_eq!(cost(1.005), Some(d("1.005")));
    assert_eq!(cost(-0.2), Some(Decimal::ZERO));
    assert_eq!(cost(f64::MAX), None);
}

#[test]
fn a_position_may_be_short_and_nonsense_is_left_out() {
    let told = |position, average_cost| ibapi::accounts::Position {
        account: "DU0000001".to_owned(),
        contract: spy(),
        position,
        average_cost,
    };
    let row = position(&told(-100.0, 167.05)).expect("a position");
    assert_eq!((row.shares, row.average_cost), (-100, Some(dollars("167.05"))));
    assert_eq!(position(&told(0.0, 0.0)).expect("a position").average_cost, None);
    assert_eq!(position(&told(f64::NAN, 1.0)), None);
}

#[test]
fn a_remark_names_its_order_and_what_the_code_means_for_it() {
    let told = remark(notice(Some(42), 201, "Order rejected - reason: margin"));
    let Some(BrokerFact::Remark { id, code, verdict, .. }) = told else { panic!("a remark") };
    assert_eq!((id, code, verdict), (BrokerOrderId(42), 201, Verdict::Refused));
    assert_eq!(remark(notice(None, 201, "")), None);
    assert_eq!(remark(notice(Some(1_500_000_007), 200, "")), None, "a request, not an order");
}

// ---- what the gateway says about itself

#[test]
fn connection_codes_become_events_and_the_rest_stays_text() {
    let event = |code| link_event(notice(None, code, "text"));
    assert_eq!(event(-8), LinkEvent::Reconnected);
    assert_eq!(event(-7), LinkEvent::OrdersLagged);
    assert_eq!(event(1100), LinkEvent::BrokerDown);
    assert_eq!(event(2110), LinkEvent::BrokerDown);
    assert_eq!(event(1101), LinkEvent::DataLost);
    assert_eq!(event(1102), LinkEvent::Restored);
    assert_eq!(event(2197), LinkEvent::EndOfBars);
    assert_eq!(event(2104), LinkEvent::Notice { code: 2104, text: "text".to_owned() });
}

#[test]
fn only_the_simulated_gateway_says_so_of_itself() {
    assert!(is_simulated_gateway(&notice(None, 2198, "simulated gateway: market time, no real orders")));
    assert!(!is_simulated_gateway(&notice(None, 2198, "something new of IBKR's")));
    assert!(!is_simulated_gateway(&notice(None, 2104, "simulated gateway")));
}

// ---- bars

fn told_bar(prices: [f64; 4], volume: f64, count: i32) -> historical::Bar {
    let [open, high, low, close] = prices;
    let date = "1380893400".parse().expect("a bar's time");
    historical::Bar { date, open, high, low, close, volume, wap: 0.0, count }
}

#[test]
fn a_bar_without_trades_says_that_time_passed() {
    let start = at("2013-10-04T13:30:00Z");
    let flat = past_bar(&told_bar([167.05; 4], 0.0, 0), start, 5).expect("a bar");
    assert!(!flat.traded());
    let uncounted = past_bar(&told_bar([167.05; 4], 300.0, -1), start, 60).expect("a bar");
    assert_eq!((uncounted.volume, uncounted.trades), (300, 0));
    assert!(uncounted.traded());
    let unmeasured = past_bar(&told_bar([167.05; 4], -1.0, 3), start, 60).expect("a bar");
    assert_eq!((unmeasured.volume, unmeasured.trades), (0, 3));
}

#[test]
fn a_bar_with_missing_or_contradicting_prices_is_left_out() {
    let start = at("2013-10-04T13:30:00Z");
    for prices in [
        [0.0, 2.0, 1.0, 1.5],
        [1.0, 2.0, 1.0, f64::NAN],
        [1.0, 1.0, 2.0, 1.0],
        [3.0, 2.0, 1.0, 1.5],
        [1.5, 2.0, 1.0, 0.5],
        [-1.0, 2.0, -1.0, 1.0],
    ] {
        assert_eq!(past_bar(&told_bar(prices, 1.0, 1), start, 5), None, "{prices:?}");
    }
}

#[test]
fn a_historical_bar_begins_at_a_moment_or_on_a_date() {
    let Some(BarStart::At(start)) = bar_start(&told_bar([1.0; 4], 1.0, 1)) else { panic!("a moment") };
    assert_eq!(start, at("2013-10-04T13:30:00Z"));
    let mut daily = told_bar([1.0; 4], 1.0, 1);
    daily.date = "20131004".parse().expect("a date");
    let Some(BarStart::On(date)) = bar_start(&daily) else { panic!("a date") };
    assert_eq!(date, jiff::civil::date(2013, 10, 4));
}
