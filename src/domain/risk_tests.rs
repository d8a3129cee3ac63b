//! The gate as stories: what passes, what is refused with which words, and laws of sizes and stops.

use proptest::prelude::*;

use super::*;
use crate::domain::ids::{Leg, PlanId, Side};
use crate::domain::market::Hours;
use crate::domain::plan::Tif;

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn price(text: &str) -> Price {
    Price::new(d(text)).expect("a price")
}

fn cash(text: &str) -> Cash {
    Cash::new(d(text))
}

fn reference() -> OrderRef {
    OrderRef::new(1, 0xab, Leg::Stop, 0)
}

/// An entry at the gate: an account of 100,000 with four times that to spend, and the default limits, unless the
/// story says otherwise. `risk CATEGORY REFERENCE STOP`, then any of `account`, `power`, `open`, `reserved`,
/// `spoken` (reserved value), `max` (the plan's own bound) with a number.
fn play(story: &str) -> String {
    let words: Vec<&str> = story.split_whitespace().collect();
    let mut request = EntryRequest {
        category: RiskCategory::parse(words[0]).expect("a category"),
        reference: price(words[1]),
        stop: price(words[2]),
        max_quantity: None,
    };
    let mut account = Account { value: cash("100000"), buying_power: cash("400000") };
    let mut exposure = Exposure::default();
    for pair in words[3..].chunks(2) {
        let amount = cash(pair[1]);
        match pair[0] {
            "account" => account.value = amount,
            "power" => account.buying_power = amount,
            "open" => exposure.open_risk = amount,
            "reserved" => exposure.reserved_risk = amount,
            "spoken" => exposure.reserved_value = amount,
            "max" => request.max_quantity = Some(Qty::new(pair[1].parse().expect("shares"))),
            other => panic!("{other} is no word of a story"),
        }
    }
    match approve_size(&request, &Limits::default(), &account, &exposure) {
        Ok(Sized { qty, risk, value }) => format!("{qty} shares, {risk} at risk, worth {value}"),
        Err(denied) => denied.to_string(),
    }
}

#[test]
fn a_normal_plan_of_the_readme_buys_800_shares_and_risks_2000() {
    assert_eq!(play("normal 180.50 178.00"), "800 shares, 2000.00 at risk, worth 144400.00");
}

#[test]
fn each_category_risks_its_own_share_of_the_account() {
    assert_eq!(play("small 100 95"), "200 shares, 1000.00 at risk, worth 20000.00");
    assert_eq!(play("normal 100 95"), "400 shares, 2000.00 at risk, worth 40000.00");
    assert_eq!(play("large 100 95"), "600 shares, 3000.00 at risk, worth 60000.00");
    assert_eq!(play("large 95 100"), "600 shares, 3000.00 at risk, worth 57000.00");
}

#[test]
fn shares_are_whole_and_never_rounded_up() {
    assert_eq!(play("small 100 93"), "142 shares, 994.00 at risk, worth 14200.00");
    assert_eq!(
        play("small 100 93 account 699.99"),
        "Size below one share: 7.00 may be lost and one share loses 7.00 at the stop"
    );
    assert_eq!(play("small 100 93 account 700"), "1 shares, 7.00 at risk, worth 100.00");
}

#[test]
fn the_plan_may_bound_its_size_but_not_to_nothing() {
    assert_eq!(play("normal 180.50 178.00 max 10"), "10 shares, 25.00 at risk, worth 1805.00");
    assert_eq!(play("normal 180.50 178.00 max 900"), "800 shares, 2000.00 at risk, worth 144400.00");
    assert_eq!(
        play("normal 180.50 178.00 max 0"),
        "Size below one share: 2000.00 may be lost and one share loses 2.50 at the stop"
    );
}

#[test]
fn a_stop_at_the_entry_buys_nothing() {
    assert_eq!(
        play("normal 100 100"),
        "Size below one share: 2000.00 may be lost and one share loses 0.00 at the stop"
    );
}

#[test]
fn an_account_without_value_is_not_known() {
    let unknown = "Account value unknown: the broker has not told one above zero";
    assert_eq!(play("normal 180.50 178.00 account 0"), unknown);
    assert_eq!(play("normal 180.50 178.00 account -5000"), unknown);
}

#[test]
fn open_and_reserved_risk_stay_within_ten_percent_to_the_cent() {
    // Truth 6, bounded: 5 + 3 + 2 percent is exactly the limit.
    assert_eq!(
        play("normal 180.50 178.00 open 5000 reserved 3000"),
        "800 shares, 2000.00 at risk, worth 144400.00"
    );
    assert_eq!(
        play("normal 180.50 178.00 open 5000.01 reserved 3000"),
        "Portfolio risk limit exceeded: current 8.00 %, new 2.00 %, max 10.00 %"
    );
    assert_eq!(
        play("large 100 93 open 6000 reserved 3000"),
        "Portfolio risk limit exceeded: current 9.00 %, new 3.00 %, max 10.00 %"
    );
    assert_eq!(
        play("large 160 153 open 9000.00"),
        "Portfolio risk limit exceeded: current 9.00 %, new 3.00 %, max 10.00 %"
    );
    assert_eq!(
        play("large 100 87 open 9000.00"),
        "Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %"
    );
}

#[test]
fn an_order_is_worth_at_most_twice_the_account() {
    assert_eq!(play("large 100 98.50"), "2000 shares, 3000.00 at risk, worth 200000.00");
    assert_eq!(
        play("large 100.01 98.51"),
        "Order value limit exceeded: order 200.02 % of the account, max 200.00 %; the largest size that passes is 1999"
    );
}

#[test]
fn an_order_has_at_most_ten_thousand_shares() {
    assert_eq!(play("normal 10.00 9.80"), "10000 shares, 2000.00 at risk, worth 100000.00");
    assert_eq!(
        play("normal 10.00 9.80 account 100010"),
        "Order size limit exceeded: order 10001 shares, max 10000 shares"
    );
    assert_eq!(
        play("normal 10.00 9.80 account 100010 max 10000"),
        "10000 shares, 2000.00 at risk, worth 100000.00"
    );
}

#[test]
fn an_order_costs_at_most_what_may_be_spent_and_is_not_spoken_for() {
    assert_eq!(play("normal 180.50 178.00 power 144400"), "800 shares, 2000.00 at risk, worth 144400.00");
    assert_eq!(
        play("normal 180.50 178.00 power 144399.99"),
        "Buying power exceeded: order value 144400.00, max 144399.99; the largest size that passes is 799"
    );
    assert_eq!(
        play("normal 180.50 178.00 power 200000 spoken 100000"),
        "Buying power exceeded: order value 144400.00, max 100000.00; the largest size that passes is 554"
    );
    assert_eq!(
        play("normal 180.50 178.00 power 100 spoken 200"),
        "Buying power exceeded: order value 144400.00, max -100.00; the largest size that passes is 0"
    );
}

#[test]
fn of_several_limits_in_the_way_the_first_is_told() {
    // Every limit is broken at first; each line mends the one that was told.
    let told = [
        "small 1.00 0.50 max 0 open 99999 power 0",
        "small 1.00 0.999 open 99999 power 0",
        "small 4.00 3.999 power 0",
        "small 1.00 0.991 account 10000 power 0",
        "small 1.00 0.50 power 0",
        "small 1.00 0.50",
    ]
    .map(play);
    insta::assert_snapshot!(told.join("\n"), @r"
    Size below one share: 1000.00 may be lost and one share loses 0.50 at the stop
    Portfolio risk limit exceeded: current 100.00 %, new 1.00 %, max 10.00 %
    Order value limit exceeded: order 4000.00 % of the account, max 200.00 %; the largest size that passes is 0
    Order size limit exceeded: order 11111 shares, max 10000 shares
    Buying power exceeded: order value 2000.00, max 0.00; the largest size that passes is 0
    2000 shares, 1000.00 at risk, worth 2000.00
    ");
}

#[test]
fn the_largest_size_that_passes_does_pass() {
    // The value alone would let 50,000 shares through, the number of shares 10,000, the buying power 250.
    assert_eq!(
        play("small 4.00 3.999"),
        "Order value limit exceeded: order 4000.00 % of the account, max 200.00 %; the largest size that passes is 10000"
    );
    assert_eq!(
        play("small 4.00 3.999 power 1500 spoken 500"),
        "Order value limit exceeded: order 4000.00 % of the account, max 200.00 %; the largest size that passes is 250"
    );
    assert_eq!(
        play("small 4.00 3.999 power 1500 spoken 500 max 250"),
        "250 shares, 0.25 at risk, worth 1000.00"
    );
}

#[test]
fn prices_a_hair_apart_are_refused_and_do_no_harm() {
    let hair = "1.0000000000000000000000000001";
    assert_eq!(
        play(&format!("normal {hair} 1")),
        "Order value limit exceeded: order 2147483.65 % of the account, max 200.00 %; the largest size that passes is 10000"
    );
    let dust = "0.0000000000000000000000000002";
    assert_eq!(
        play(&format!("normal {dust} 0.0000000000000000000000000001 spoken 100000000")),
        "Order size limit exceeded: order 2147483647 shares, max 10000 shares"
    );
    assert_eq!(
        play(&format!("normal {dust} 0.0000000000000000000000000001 spoken 100000000 max 1")),
        "Buying power exceeded: order value 0.00, max -99600000.00; the largest size that passes is 0"
    );
}

#[test]
fn a_stop_beyond_all_prices_is_no_price() {
    let huge = "79228162514264337593543950335";
    for direction in [Direction::Long, Direction::Short] {
        assert_eq!(moved(direction, huge), format!("{huge} is not a price"));
        assert_eq!(moved(direction, &format!("-{huge}")), format!("-{huge} is not a price"));
        let target = target_on_tick(direction, d(huge), Tick::cent());
        assert_eq!(target, Err(StopRefusal::NoPrice(d(huge))));
    }
}

#[test]
fn a_refusal_names_its_key_where_it_stands_and_how_far_it_goes() {
    let (contract, account) = ("EUR".to_owned(), "USD".to_owned());
    let every = [
        Denied::NoShares { budget: cash("7"), distance: price("10") - price("2.5"), max: Qty::new(10_000) },
        Denied::PortfolioRisk { current: d("9"), new: d("2.994"), max: d("10") },
        Denied::OrderValue { current: d("200.015"), max: d("200"), largest: Qty::new(7) },
        Denied::OrderShares { current: Qty::new(10_001), max: Qty::new(10_000) },
        Denied::BuyingPower { current: cash("144400"), max: cash("-0.005"), largest: Qty::ZERO },
        Denied::StopPassed { price: price("177.9"), stop: price("178") },
        Denied::OutsideSession,
        Denied::Currency { contract, account },
        Denied::AccountUnknown,
        Denied::NotReady,
        Denied::Frozen,
    ];
    let number = |number: Option<Decimal>| number.map_or("–".to_owned(), |number| number.to_string());
    let shown = every.map(|denied| {
        format!("{} {} {} | {denied}", denied.limit(), number(denied.current()), number(denied.max()))
    });
    insta::assert_snapshot!(shown.join("\n"), @r"
    order_shares 0 10000 | Size below one share: 7.00 may be lost and one share loses 7.50 at the stop
    portfolio_risk_percent 9.00 10.00 | Portfolio risk limit exceeded: current 9.00 %, new 2.99 %, max 10.00 %
    order_value_percent 200.02 200.00 | Order value limit exceeded: order 200.02 % of the account, max 200.00 %; the largest size that passes is 7
    order_shares 10001 10000 | Order size limit exceeded: order 10001 shares, max 10000 shares
    buying_power 144400.00 -0.01 | Buying power exceeded: order value 144400.00, max -0.01; the largest size that passes is 0
    stop_price 177.90 178.00 | Stop already passed: the market is at 177.90, the stop at 178.00
    session – – | Outside the session: entries are decided in the regular session only
    currency – – | Currency mismatch: the contract trades in EUR, the account is in USD
    account_value – – | Account value unknown: the broker has not told one above zero
    connection – – | Not ready: the books and the broker are not reconciled
    symbol_frozen – – | Symbol frozen: our position and the broker's differ
    ");
}

fn ticket(leg: Leg, side: Side, qty: u64, kind: OrderKind) -> Ticket {
    Ticket {
        reference: OrderRef::new(1, 0xab, leg, 0),
        plan: PlanId::new("PLAN").expect("a name"),
        leg,
        side,
        qty: Qty::new(qty),
        kind,
        tif: Tif::Gtc,
        hours: Hours::Regular,
        group: None,
        parent: None,
    }
}

#[test]
fn an_approved_entry_has_the_size_that_the_gate_computed() {
    let request = EntryRequest {
        category: RiskCategory::Normal,
        reference: price("180.50"),
        stop: price("178.00"),
        max_quantity: None,
    };
    let account = Account { value: cash("100000"), buying_power: cash("400000") };
    let build = |sized: Sized| Bracket {
        entry: ticket(Leg::Entry, Side::Buy, sized.qty.shares(), OrderKind::Market),
        stop: ticket(Leg::Stop, Side::Sell, sized.qty.shares(), OrderKind::Stop(request.stop)),
        target: None,
        risk: sized.risk,
        reference: request.reference,
    };
    let approved = approve_entry(&request, &Limits::default(), &account, &Exposure::default(), build);
    let bracket = approved.expect("within the limits").into_inner();
    assert_eq!(
        (bracket.entry.qty, bracket.stop.qty, bracket.risk),
        (Qty::new(800), Qty::new(800), cash("2000"))
    );

    let full = Exposure { open_risk: cash("9000"), ..Exposure::default() };
    let never = |_| panic!("a refused entry is not even built");
    assert!(approve_entry(&request, &Limits::default(), &account, &full, never).is_err());
}

#[test]
fn an_exit_closes_a_position_or_a_part_of_it_and_never_turns_it() {
    let exit = |side, qty, direction| {
        approve_exit(ticket(Leg::Exit, side, qty, OrderKind::Market), direction, Qty::new(100)).is_some()
    };
    assert!(exit(Side::Sell, 100, Direction::Long) && exit(Side::Sell, 1, Direction::Long));
    assert!(exit(Side::Buy, 100, Direction::Short));
    assert!(!exit(Side::Sell, 101, Direction::Long), "more than is held would turn the position");
    assert!(!exit(Side::Buy, 100, Direction::Long), "the wrong side would add to it");
    assert!(!exit(Side::Sell, 100, Direction::Short));
    assert!(!exit(Side::Sell, 0, Direction::Long));
}

#[test]
fn a_protection_is_a_stop_on_the_closing_side() {
    let protects = |side, kind| {
        approve_protection(ticket(Leg::Stop, side, 100, kind), Direction::Long, Qty::new(100)).is_some()
    };
    assert!(protects(Side::Sell, OrderKind::Stop(price("178"))));
    assert!(
        !protects(Side::Sell, OrderKind::Market) && !protects(Side::Sell, OrderKind::Limit(price("178")))
    );
    assert!(!protects(Side::Buy, OrderKind::Stop(price("178"))));
}

#[test]
fn a_resting_exit_is_resized_only_where_it_does_not_cover_the_position() {
    let resized = |qty, position| {
        let approved = approve_resize(&reference(), price("178"), Qty::new(qty), Qty::new(position));
        approved.map(|change| change.get().to)
    };
    assert_eq!(resized(100, 40), Some(Amendment { price: price("178"), qty: Qty::new(40) }));
    assert_eq!(resized(40, 100), Some(Amendment { price: price("178"), qty: Qty::new(100) }));
    assert_eq!(resized(100, 100), None);
    assert_eq!(resized(100, 0), None, "without a position the exit is cancelled, not resized");
}

/// A stop of a long at 178 (a short at 182) in a market at 180, asked to move.
fn moved(direction: Direction, proposed: &str) -> String {
    let stop = if direction == Direction::Long { price("178") } else { price("182") };
    let resting = RestingStop {
        reference: reference(),
        direction,
        stop,
        qty: Qty::new(100),
        tick: Tick::cent(),
        market: price("180"),
    };
    match approve_stop_move(&resting, d(proposed)) {
        Ok(change) => format!("{} for {}", change.get().to.price, change.get().to.qty),
        Err(refusal) => refusal.to_string(),
    }
}

#[test]
fn a_stop_only_tightens_and_stays_behind_the_market() {
    // Truth 4, the ratchet.
    let asked = ["179.00", "178.001", "178.00", "177.999", "177.99", "180.00", "179.991", "200", "0", "-1"];
    let shown = [Direction::Long, Direction::Short].map(|direction| {
        let mirrored = |text: &str| match direction {
            Direction::Long => text.to_owned(),
            Direction::Short => (d("360") - d(text)).to_string(),
        };
        let lines = asked.map(|text| {
            format!("{} {}: {}", direction.word(), mirrored(text), moved(direction, &mirrored(text)))
        });
        lines.join("\n")
    });
    insta::assert_snapshot!(shown.join("\n"), @r"
    long 179.00: 179.00 for 100
    long 178.001: 178.01 for 100
    long 178.00: the stop is at 178.00 already
    long 177.999: the stop is at 178.00 already
    long 177.99: 177.99 is looser than the resting stop 178.00
    long 180.00: 180.00 is at or through the market at 180.00
    long 179.991: 180.00 is at or through the market at 180.00
    long 200: 200.00 is at or through the market at 180.00
    long 0: 0 is not a price
    long -1: -1 is not a price
    short 181.00: 181.00 for 100
    short 181.999: 181.99 for 100
    short 182.00: the stop is at 182.00 already
    short 182.001: the stop is at 182.00 already
    short 182.01: 182.01 is looser than the resting stop 182.00
    short 180.00: 180.00 is at or through the market at 180.00
    short 180.009: 180.00 is at or through the market at 180.00
    short 160: 160.00 is at or through the market at 180.00
    short 360: 360.00 is looser than the resting stop 182.00
    short 361: 361.00 is looser than the resting stop 182.00
    ");
}

#[test]
fn stops_are_rounded_towards_the_market_and_targets_away_from_it() {
    let stop = |direction, raw| stop_on_tick(direction, d(raw), Tick::cent()).map(|price| price.to_string());
    let target =
        |direction, raw| target_on_tick(direction, d(raw), Tick::cent()).map(|price| price.to_string());
    assert_eq!(stop(Direction::Long, "177.991"), Ok("178.00".into()), "up: nearer to the market above");
    assert_eq!(stop(Direction::Short, "182.009"), Ok("182.00".into()), "down: nearer to the market below");
    assert_eq!(target(Direction::Long, "185.001"), Ok("185.01".into()), "up: farther from the market below");
    assert_eq!(
        target(Direction::Short, "174.999"),
        Ok("174.99".into()),
        "down: farther from the market above"
    );
    assert_eq!(stop(Direction::Short, "0.009"), Err(StopRefusal::NoPrice(d("0.009"))));
    assert_eq!(stop(Direction::Long, "-0.5"), Err(StopRefusal::NoPrice(d("-0.5"))));
}

#[test]
fn a_stop_is_passed_when_the_market_is_at_it_or_beyond() {
    let stop = price("178");
    assert!(passed(Direction::Long, stop, stop) && passed(Direction::Long, stop, price("177.99")));
    assert!(!passed(Direction::Long, stop, price("178.01")));
    assert!(passed(Direction::Short, stop, stop) && passed(Direction::Short, stop, price("178.01")));
    assert!(!passed(Direction::Short, stop, price("177.99")));
}

fn directions() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Long), Just(Direction::Short)]
}

proptest! {
    /// The same floor in whole numbers: the account in cents, the percentage in hundredths, prices in ten-thousandths.
    #[test]
    fn a_size_is_exact(
        account_cents in 1i64..100_000_000_000,
        percent_hundredths in 1i64..10_000,
        reference in 1i64..20_000_000,
        stop in 1i64..20_000_000,
    ) {
        prop_assume!(reference != stop);
        let in_ten_thousandths = |raw| Price::new(Decimal::new(raw, 4)).expect("a price");
        let qty = size(
            Cash::new(Decimal::new(account_cents, 2)),
            Decimal::new(percent_hundredths, 2),
            in_ten_thousandths(reference),
            in_ten_thousandths(stop),
        );
        // cents/100 × hundredths/10_000 ÷ (distance/10_000) = cents × hundredths ÷ (100 × distance)
        let budget = i128::from(account_cents) * i128::from(percent_hundredths);
        let expected = budget / (100 * i128::from((reference - stop).abs()));
        let bound = i128::from(crate::domain::money::SHARES_MAX);
        prop_assert_eq!(i128::from(qty.shares()), expected.min(bound));
    }

    /// Sizes whose budget is a whole number of shares to the last digit, and one unit less.
    #[test]
    fn a_size_is_exact_at_the_edge_of_a_share(shares in 1u64..100_000, distance in 1i64..1_000_000) {
        let (stop, reference) = (Decimal::new(10_000, 4), Decimal::new(10_000 + distance, 4));
        let budget = Decimal::new(distance, 4) * Decimal::from(shares);
        let sized = |account| {
            let [reference, stop] = [reference, stop].map(|raw| Price::new(raw).expect("a price"));
            size(Cash::new(account), Decimal::ONE_HUNDRED, reference, stop).shares()
        };
        prop_assert_eq!(sized(budget), shares);
        prop_assert_eq!(sized(budget - Decimal::new(1, 12)), shares - 1);
    }

    #[test]
    fn what_is_approved_is_within_every_limit(
        value in 1_000i64..10_000_000,
        power in 0i64..40_000_000,
        at_risk in 0i64..1_000_000,
        reference in 1i64..100_000,
        stop in 1i64..100_000,
        category in prop_oneof![Just(RiskCategory::Small), Just(RiskCategory::Normal), Just(RiskCategory::Large)],
    ) {
        let [reference, stop] = [reference, stop].map(|cents| Price::new(Decimal::new(cents, 2)).expect("a price"));
        let account = Account { value: Cash::new(value.into()), buying_power: Cash::new(power.into()) };
        let exposure = Exposure { open_risk: Cash::new(at_risk.into()), ..Exposure::default() };
        let request = EntryRequest { category, reference, stop, max_quantity: None };
        let limits = Limits::default();
        if let Ok(sized) = approve_size(&request, &limits, &account, &exposure) {
            prop_assert!(sized.qty >= Qty::new(1) && sized.qty <= Qty::new(10_000));
            prop_assert!(sized.risk <= account.value.percent(limits.risk_percent(category)));
            prop_assert!(exposure.open_risk + sized.risk <= account.value.percent(Decimal::TEN));
            prop_assert!(sized.value <= account.value.percent(Decimal::from(200)));
            prop_assert!(sized.value <= account.buying_power);
            prop_assert_eq!(sized.risk, (reference - stop).abs() * sized.qty);
        }
    }

    /// Truth 4, the ratchet: whatever is proposed, in whatever market, a stop never gives way.
    #[test]
    fn the_path_of_a_stop_is_monotone(
        direction in directions(),
        steps in proptest::collection::vec((-50_000i64..400_000, 1i64..300_000), 1..60),
    ) {
        let start = if direction == Direction::Long { "1" } else { "30" };
        let mut resting = RestingStop {
            reference: reference(),
            direction,
            stop: price(start),
            qty: Qty::new(100),
            tick: Tick::cent(),
            market: price("15"),
        };
        for (proposed, market) in steps {
            let proposed = Decimal::new(proposed, 4);
            resting.market = Price::new(Decimal::new(market, 4)).expect("a price");
            let before = resting.stop;
            match approve_stop_move(&resting, proposed) {
                Ok(change) => {
                    let to = change.get().to.price;
                    prop_assert!(tighter(direction, to, before));
                    prop_assert!(!passed(direction, to, resting.market));
                    prop_assert_eq!(change.get().to.qty, resting.qty);
                    prop_assert!(Price::on_grid(to.decimal(), resting.tick).is_ok());
                    // Rounding never adds risk: the stop is at least as tight as the rule asked for.
                    prop_assert!(proposed == to.decimal() || tighter(direction, to, Price::new(proposed).expect("a price")));
                    resting.stop = to;
                }
                Err(refusal) => {
                    let on_tick = stop_on_tick(direction, proposed, resting.tick);
                    let expected = match on_tick {
                        Err(no_price) => no_price,
                        Ok(price) if price == before => StopRefusal::Same { stop: before },
                        Ok(price) if tighter(direction, before, price) => StopRefusal::Looser { proposed: price, stop: before },
                        Ok(price) => StopRefusal::ThroughMarket { proposed: price, market: resting.market },
                    };
                    prop_assert_eq!(refusal, expected);
                }
            }
        }
    }
}
