//! What the broker may say, in any order, and what becomes of orders that go where they should not.

use insta::assert_snapshot;

use crate::world::play;

const LONG: &str = "
    plan A SPY long entry 100 stop 98 above 100.20 1min
    to 09:31:00 SPY 100.30
";

fn play_long(story: &str) -> String {
    let told = play(&format!("{LONG}{story}"));
    let begin = told.find("09:31:00").expect("it entered");
    told[begin..].to_owned()
}

#[test]
fn a_refused_entry_ends_its_plan_and_says_why() {
    assert_snapshot!(play("
        broker entry reject
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:33:00 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A failed: entry order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:E:0)
    09:31:00 plan A ended: entry failed
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_3_an_entry_whose_stop_is_refused_is_taken_back() {
    assert_snapshot!(play("
        broker stop reject
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:05 SPY 100.30
        show
        to 09:31:10 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A failed: stop order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:S:0)
    09:31:00 > cancel 1
    09:31:00 plan A ended: entry failed
       at the broker: nothing | holds 
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_3_a_stop_that_is_refused_while_its_entry_fills_is_placed_anew() {
    assert_snapshot!(
        play(
            "
        broker stop reject
        plan A SPY long entry 100 stop 98 above 100.20 1min
        muffle
        to 09:31:05 SPY 100.30
        listen
        bar 09:31:05 SPY 100.30
        show
    "
        ),
        @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A failed: stop order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:S:0)
    09:31:05 > cancel 1
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A, entry order: 10147 not found; asking the broker
    09:31:05 > look
    09:31:10 ALARM: plan A: the stop is gone; placing it anew at 98.00
    09:31:10 > submit A: stop sell 869 at 98.00
    09:31:10 plan A protected: 869 shares, stop 98.00 (order 3)
       at the broker: 3 sell STP 869 98.00 | holds 869 SPY
    "
    );
}

#[test]
fn a_position_that_is_gone_at_the_broker_gets_no_new_target_either() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 target 104 above 100.20 1min
        to 09:31:30 SPY 100.30
        shares SPY 0
        user 2
        user 3
        wait 1
        snapshot
        snapshot
        to 09:34:00 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target 104.00
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, target sell 869 at 104.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:31 > look
    09:31:31 > look
    09:31:31 ALARM: SPY: the broker holds 0 shares, prusik knows of 869; no entries in it until they agree
    09:31:31 ALARM: plan A: no order is sent for its 869 shares: the broker holds fewer; look at the account
    09:31:35 > look
    09:31:55 > look
    09:32:35 > look
    09:33:35 > look
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_3_a_position_that_somebody_closed_by_hand_with_its_stop_gets_no_new_stop() {
    assert_snapshot!(
        play_long(
            "
        to 09:31:30 SPY 100.30
        shares SPY 0
        user 2
        wait 1
        snapshot
        snapshot
        wait 3
        show
    "
        ),
        @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:31 > look
    09:31:31 > look
    09:31:31 ALARM: SPY: the broker holds 0 shares, prusik knows of 869; no entries in it until they agree
    09:31:31 ALARM: plan A: no order is sent for its 869 shares: the broker holds fewer; look at the account
    09:31:34 > look
       at the broker: nothing | holds
    "
    );
}

#[test]
fn truth_3_a_stop_that_the_user_cancels_is_placed_anew_within_two_seconds() {
    assert_snapshot!(play_long("
        to 09:31:30 SPY 100.30
        user 2
        wait 1
        to 09:31:35 SPY 100.30
        show
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:31 > look
    09:31:31 ALARM: plan A: the stop is gone; placing it anew at 98.00
    09:31:31 > submit A: stop sell 869 at 98.00
       at the broker: 3 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn truth_3_a_position_whose_stop_is_refused_twice_is_closed_at_market() {
    assert_snapshot!(play_long("
        to 09:31:30 SPY 100.30
        broker stop reject
        user 2
        wait 1
        wait 1
        to 09:31:45 SPY 100.20
        show
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:31 > look
    09:31:31 ALARM: plan A: the stop is gone; placing it anew at 98.00
    09:31:31 > submit A: stop sell 869 at 98.00
    09:31:31 plan A failed: stop order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:S:1)
    09:31:32 ALARM: plan A: 869 shares have no working stop; closing at market
    09:31:32 > submit A: exit sell 869 at market
    09:31:35 plan A exit filled: sold 869 SPY at 100.30
    09:31:35 plan A closed: long 869 SPY 100.30 -> 100.30 by protection, P&L -2.00, fees 2.00, R 0.00
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_3_a_stop_that_nobody_names_within_five_seconds_closes_the_position() {
    assert_snapshot!(play_long("
        to 09:31:30 SPY 100.30
        broker stop mute
        user 2
        wait 1
        wait 3
        wait 2
        to 09:31:45 SPY 100.20
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:31 > look
    09:31:31 ALARM: plan A: the stop is gone; placing it anew at 98.00
    09:31:31 > submit A: stop sell 869 at 98.00
    09:31:36 ALARM: plan A: 869 shares have no working stop; closing at market
    09:31:36 > submit A: exit sell 869 at market
    09:31:36 plan A exit filled: sold 869 SPY at 100.30
    09:31:36 plan A closed: long 869 SPY 100.30 -> 100.30 by protection, P&L -2.00, fees 2.00, R 0.00
    ");
}

#[test]
fn a_lost_stop_that_the_market_has_passed_closes_the_position_at_once() {
    assert_snapshot!(play_long("
        to 09:31:30 SPY 100.30
        user 2
        bar 09:31:30 SPY 97.50
        bar 09:31:35 SPY 97.40
        show
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:35 ALARM: plan A: 869 shares have no working stop; closing at market
    09:31:35 > submit A: exit sell 869 at market
    09:31:40 plan A exit filled: sold 869 SPY at 97.50
    09:31:40 plan A closed: long 869 SPY 100.30 -> 97.50 by protection, P&L -2435.20, fees 2.00, R -1.22
       at the broker: nothing | holds
    ");
}

#[test]
fn an_exit_that_keeps_failing_is_tried_ever_more_slowly() {
    assert_snapshot!(play_long("
        to 09:31:30 SPY 100.30
        broker exit reject
        broker exit reject
        broker exit reject
        say A exit
        to 09:33:00 SPY 100.30
        show
        to 09:33:30 SPY 100.30
        show
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > submit A: exit sell 869 at market
    09:32:00 plan A failed: exit order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:X:0)
    09:32:05 > submit A: exit sell 869 at market
    09:32:05 plan A failed: exit order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:X:1)
    09:32:15 > submit A: exit sell 869 at market
    09:32:15 plan A failed: exit order, code 201: rejected: Order rejected - reason: no (prusik:0:0000000000000041:X:2)
    09:32:35 > submit A: exit sell 869 at market
    09:32:40 plan A exit filled: sold 869 SPY at 100.30
    09:32:40 plan A closed: long 869 SPY 100.30 -> 100.30 by rule, P&L -2.00, fees 2.00, R 0.00
       at the broker: nothing | holds 
       at the broker: nothing | holds
    ");
}

#[test]
fn a_stop_that_its_group_cancels_before_the_targets_execution_is_told_is_not_replaced() {
    // The cancel is heard, the execution is not; bars and clock go by.
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 target 102 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:31:30 SPY 100.30
        muffle
        bar 09:31:30 SPY 102.50
        hear cancelled
        wait 1
        listen
        wait 1
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target 102.00
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, target sell 869 at 102.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:36 > look
    09:31:36 plan A target filled: sold 869 SPY at 102.00
    09:31:36 plan A closed: long 869 SPY 100.30 -> 102.00 by target, P&L 1475.30, fees 2.00, R 0.74
       at the broker: nothing | holds
    ");
}

#[test]
fn a_refused_change_falls_back_and_is_proposed_again() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        broker amend reject
        to 09:32:00 SPY 101.30
        show
        to 09:33:00 SPY 101.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > amend stop 2: 99.28 of 869
    09:32:00 plan A failed: stop order, code 201: change to 99.28 refused, it stays at 98.00: Order rejected - no change (prusik:0:0000000000000041:S:0)
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    09:33:00 > amend stop 2: 99.28 of 869
    09:33:00 plan A stop moved: 98.00 -> 99.28 (order 2)
       at the broker: 2 sell STP 869 99.28 | holds 869 SPY
    ");
}

#[test]
fn a_change_that_was_lost_on_the_way_is_looked_for_and_proposed_again() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        broker amend drop
        to 09:32:00 SPY 101.30
        wait 6
        snapshot
        to 09:33:00 SPY 101.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > amend stop 2: 99.28 of 869
    09:32:00 plan A failed: stop order: not known whether it was sent: reset (prusik:0:0000000000000041:S:0)
    09:32:00 > look
    09:33:00 > amend stop 2: 99.28 of 869
    09:33:00 plan A stop moved: 98.00 -> 99.28 (order 2)
       at the broker: 2 sell STP 869 99.28 | holds 869 SPY
    ");
}

#[test]
fn a_fill_that_overtakes_the_change_of_its_stop_closes_the_trade() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        broker amend mute
        to 09:32:00 SPY 101.30
        to 09:32:30 SPY 99
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > amend stop 2: 99.28 of 869
    09:32:10 > look
    09:32:10 plan A stop moved: 98.00 -> 99.28 (order 2)
    09:32:30 plan A stop filled: sold 869 SPY at 99.28
    09:32:30 plan A closed: long 869 SPY 100.30 -> 99.28 by stop, P&L -888.38, fees 2.00, R -0.44
    ");
}

#[test]
fn truth_5_a_silent_entry_becomes_unknown_and_two_denials_abandon_it_for_good() {
    assert_snapshot!(play("
        broker entry drop
        broker stop drop
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        # Too young to be missed.
        wait 4
        snapshot
        snapshot
        wait 2
        snapshot
        to 09:35:00 SPY 100.50
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:06 > look
    09:31:06 plan A failed: entry order: never reached the broker (prusik:0:0000000000000041:E:0)
    09:31:06 plan A ended: entry failed
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_5_a_silent_entry_that_the_broker_has_is_found_and_never_sent_again() {
    assert_snapshot!(play("
        broker entry mute
        broker stop mute
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        wait 11
        snapshot
        bar 09:31:15 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:11 > look
    09:31:20 plan A entered: bought 869 SPY at 100.30
    09:31:20 plan A protected: 869 shares, stop 98.00 (order 2)
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn an_entry_that_fills_after_it_was_given_up_is_protected() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        user 1
        wait 1
        revive 1
        bar 09:31:05 SPY 100.30
        bar 09:31:10 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A failed: entry order: cancelled at the broker (prusik:0:0000000000000041:E:0)
    09:31:00 plan A ended: entry failed
    09:31:10 plan A entered: bought 869 SPY at 100.30
    09:31:10 ALARM: plan A: a fill came after its end; it is at work again
    09:31:10 > look
    09:31:10 ALARM: plan A: the stop is gone; placing it anew at 98.00
    09:31:10 > submit A: stop sell 869 at 98.00
    09:31:10 plan A protected: 869 shares, stop 98.00 (order 3)
       at the broker: 3 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn an_entry_that_the_broker_puts_aside_is_taken_back() {
    assert_snapshot!(play("
        broker entry inactive
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:32:00 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A failed: entry order: inactive at the broker: refused, held, or outside its hours (prusik:0:0000000000000041:E:0)
    09:31:10 > cancel 1
    09:31:10 plan A ended: entry failed
       at the broker: nothing | holds
    ");
}

#[test]
fn a_stop_that_somebody_moved_is_where_it_is_and_never_loosened_by_us() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:31:10 SPY 100.30
        moves 2 99
        say A stop 98.50
        to 09:32:00 SPY 100.30
        moves 2 97
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:10 plan A stop moved: 98.00 -> 99.00 (order 2)
    09:32:00 plan A stop not moved: 98.50 is looser than the resting stop 99.00
    09:32:00 ALARM: plan A: somebody moved the stop from 99.00 to 97.00, which protects less; it stays there
       at the broker: 2 sell STP 869 97.00 | holds 869 SPY
    ");
}

#[test]
fn an_order_and_an_execution_of_nobody_are_told_once() {
    assert_snapshot!(play_long("
        to 09:31:10 SPY 100.30
        stranger prusik:7:00000000000000ff:S:0
        stranger prusik:7:00000000000000ff:S:0
        remark 77 399 Warning: something
    "), @r"
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:10 ALARM: the broker has an order prusik:7:00000000000000ff:S:0 that the journal does not know
    09:31:10 order 77: 399 Warning: something
    ");
}
