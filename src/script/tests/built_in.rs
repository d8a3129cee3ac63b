//! The built-in rules, word by word.

use super::*;

const LONG: Direction = Direction::Long;
const SHORT: Direction = Direction::Short;

#[test]
fn close_above_enters_on_a_close_strictly_above_the_plans_level() {
    let told = play_entry(&mut host(), &enters(LONG, "close_above", ""), "99 101/99/100 100.01");
    insta::assert_snapshot!(told, @"
    99.00    wait
    100.00   wait
    100.01   ENTER close 100.01 above 100.00
    ");
}

#[test]
fn close_below_is_its_mirror() {
    let told = play_entry(&mut host(), &enters(SHORT, "close_below", ""), "101 101/99/100 99.99");
    insta::assert_snapshot!(told, @"
    101.00   wait
    100.00   wait
    99.99    ENTER close 99.99 below 100.00
    ");
}

#[test]
fn a_threshold_replaces_the_plans_level_under_either_spelling() {
    let mut host = host();
    for name in ["threshold", "threshold_price"] {
        let told =
            play_entry(&mut host, &enters(LONG, "close_above", &format!("{name}: 102")), "101 102 102.5");
        assert!(told.ends_with("ENTER close 102.50 above 102\n"), "{told}");
        assert_eq!(told.matches("wait").count(), 2, "{told}");
    }
}

#[test]
fn confirmation_counts_closes_since_arming_only() {
    let plan = enters(LONG, "close_above", "confirmation_bars: 3");
    let told = play_entry_armed_after(&mut host(), &plan, "101 101 101 101 101 101", 2);
    insta::assert_snapshot!(told, @"
    101.00   wait
    101.00   wait
    101.00   ENTER close 101.00 above 100.00
    101.00   ENTER close 101.00 above 100.00
    ");
}

#[test]
fn one_close_at_the_level_starts_the_confirmation_anew() {
    let plan = enters(LONG, "close_above", "confirmation_bars: 2");
    let told = play_entry(&mut host(), &plan, "101 100 101 102");
    insta::assert_snapshot!(told, @"
    101.00   wait
    100.00   wait
    101.00   wait
    102.00   ENTER close 102.00 above 100.00
    ");
    let plan = enters(SHORT, "close_below", "confirmation_bars: 2");
    let told = play_entry(&mut host(), &plan, "99 100 99 98");
    insta::assert_snapshot!(told, @"
    99.00    wait
    100.00   wait
    99.00    wait
    98.00    ENTER close 98.00 below 100.00
    ");
}

#[test]
fn volume_and_distances_include_their_bounds_and_look_at_the_last_candle() {
    let mut host = host();
    let plan = enters(LONG, "close_above", "min_volume: 500, confirmation_bars: 2");
    let told = play_entry(&mut host, &plan, "101@1 101@499 101@500");
    insta::assert_snapshot!(told, @"
    101.00   wait
    101.00   wait
    101.00   ENTER close 101.00 above 100.00
    ");
    let plan = enters(LONG, "close_above", "min_distance_percent: 1, max_distance_percent: 2");
    let told = play_entry(&mut host, &plan, "100.99 101 102 102.01");
    insta::assert_snapshot!(told, @"
    100.99   wait
    101.00   ENTER close 101.00 above 100.00
    102.00   ENTER close 102.00 above 100.00
    102.01   wait
    ");
    let plan = enters(SHORT, "close_below", "min_distance_percent: 1, max_distance_percent: 2");
    let told = play_entry(&mut host, &plan, "99.01 99 98 97.99");
    insta::assert_snapshot!(told, @"
    99.01    wait
    99.00    ENTER close 99.00 below 100.00
    98.00    ENTER close 98.00 below 100.00
    97.99    wait
    ");
}

#[test]
fn a_percent_trail_follows_the_best_price_and_rounds_the_stop_up_for_a_long() {
    let plan = trails(LONG, "trailing_stop", "trail_percent: 2");
    let told = play_trail(&mut host(), &plan, "100", "101/99.5/100.5 103.33/100/103 103/101.5/102");
    insta::assert_snapshot!(told, @"
    100.50   stop 98.98
    103.00   stop 101.27
    102.00   stop 101.27
    ");
}

#[test]
fn a_percent_trail_rounds_the_stop_down_for_a_short() {
    let plan = trails(SHORT, "trailing_stop", "trail_percentage: 2");
    let told = play_trail(&mut host(), &plan, "100", "100.5/99/99.5 100/96.67/97 98.5/97/98");
    insta::assert_snapshot!(told, @"
    99.50    stop 100.98
    97.00    stop 98.60
    98.00    stop 98.60
    ");
}

#[test]
fn a_close_at_or_beyond_the_new_stop_exits_at_market() {
    let mut host = host();
    let plan = trails(LONG, "trailing_stop", "trail_amount: 1");
    let told = play_trail(&mut host, &plan, "100", "103/100/102.01 103/101/102 103/101/101.5");
    insta::assert_snapshot!(told, @"
    102.01   stop 102.00
    102.00   EXIT close 102.00 at or beyond the stop 102.00
    101.50   EXIT close 101.50 at or beyond the stop 102.00
    ");
    let plan = trails(SHORT, "trailing_stop", "trail_amount: 1");
    let told = play_trail(&mut host, &plan, "100", "100/97/97.99 99/97/98 99/97/98.5");
    insta::assert_snapshot!(told, @"
    97.99    stop 98.00
    98.00    EXIT close 98.00 at or beyond the stop 98.00
    98.50    EXIT close 98.50 at or beyond the stop 98.00
    ");
}

#[test]
fn the_trail_waits_for_its_activation_and_then_stays_active() {
    let mut host = host();
    let plan = trails(LONG, "trailing_stop", "trail_amount: 2, activation_threshold: 1");
    let told = play_trail(&mut host, &plan, "200", "201.99/199/201 202/200/201 201/200.2/200.5");
    insta::assert_snapshot!(told, @"
    201.00   keep
    201.00   stop 200.00
    200.50   stop 200.00
    ");
    let plan = trails(SHORT, "trailing_stop", "trail_amount: 2, activation_threshold: 1");
    let told = play_trail(&mut host, &plan, "200", "201/198.01/199 200/198/199 199.8/199/199.5");
    insta::assert_snapshot!(told, @"
    199.00   keep
    199.00   stop 200.00
    199.50   stop 200.00
    ");
}

#[test]
fn the_trail_waits_for_its_activation_price_too() {
    let mut host = host();
    let plan = trails(LONG, "trailing_stop", "trail_amount: 2, activation_price: 105");
    let told = play_trail(&mut host, &plan, "100", "104.99/100/104 105/103/104");
    insta::assert_snapshot!(told, @"
    104.00   keep
    104.00   stop 103.00
    ");
    let plan = trails(SHORT, "trailing_stop", "trail_amount: 2, activation_price: 95");
    let told = play_trail(&mut host, &plan, "100", "100/95.01/96 96/95/96");
    insta::assert_snapshot!(told, @"
    96.00    keep
    96.00    stop 97.00
    ");
}

#[test]
fn the_stop_never_comes_closer_than_the_least_distance() {
    let mut host = host();
    let plan = trails(LONG, "trailing_stop", "trail_percent: 1, min_trail_distance: 1.5");
    assert_eq!(play_trail(&mut host, &plan, "100", "104/100/103").trim(), "103.00   stop 102.50");
    let plan = trails(SHORT, "trailing_stop", "trail_percent: 1, min_trail_distance: 1.5");
    assert_eq!(play_trail(&mut host, &plan, "100", "100/96/97").trim(), "97.00    stop 97.50");
}

#[test]
fn a_trail_below_its_fill_is_not_active() {
    let plan = trails(LONG, "trailing_stop", "trail_percent: 2");
    assert_eq!(play_trail(&mut host(), &plan, "100", "99.99/99/99.5").trim(), "99.50    keep");
}

#[test]
fn stop_loss_take_profit_keeps() {
    let plan = trails(LONG, "stop_loss_take_profit", "");
    assert_eq!(play_trail(&mut host(), &plan, "100", "150/90/95").trim(), "95.00    keep");
}

#[test]
fn the_built_in_rules_pass_their_own_check_long_and_short() {
    let host = host();
    for direction in [LONG, SHORT] {
        let mut plan = plan(direction);
        assert_eq!(host.check(&plan), []);
        plan.exit.rule = "trailing_stop".into();
        plan.exit.parameters = params("trail_percent: 2, activation_threshold: 1.0");
        assert_eq!(host.check(&plan), []);
    }
}
