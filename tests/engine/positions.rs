//! From the armed plan to the trade's row.

use insta::assert_snapshot;

use crate::world::play;

#[test]
fn a_long_trade_from_armed_to_stopped_out_with_one_stop_order_all_along() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 101.30
        to 09:33:00 SPY 102.00
        to 09:34:00 SPY 103.00
        to 09:35:00 SPY 104.00
        show
        to 09:36:00 SPY 101.00
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > amend stop 2: 99.28 of 869
    09:32:00 plan A stop moved: 98.00 -> 99.28 (order 2)
    09:33:00 > amend stop 2: 99.96 of 869
    09:33:00 plan A stop moved: 99.28 -> 99.96 (order 2)
    09:34:00 > amend stop 2: 100.94 of 869
    09:34:00 plan A stop moved: 99.96 -> 100.94 (order 2)
    09:35:00 > amend stop 2: 101.92 of 869
    09:35:00 plan A stop moved: 100.94 -> 101.92 (order 2)
       at the broker: 2 sell STP 869 101.92 | holds 869 SPY
    09:35:45 plan A stop filled: sold 869 SPY at 101.92
    09:35:45 plan A closed: long 869 SPY 100.30 -> 101.92 by stop, P&L 1405.78, fees 2.00, R 0.70
       at the broker: nothing | holds
    ");
}

#[test]
fn a_short_trade_is_the_mirror() {
    assert_snapshot!(play("
        plan A SPY short entry 100 stop 102 below 99.80 1min percent 2 1min
        to 09:31:00 SPY 99.70
        to 09:32:00 SPY 98.70
        to 09:33:00 SPY 96.00
        to 09:34:00 SPY 99.00
        show
    "), @r"
    09:00:00 plan A armed: short SPY, below on 1min, entry 100.00, stop 102.00, target none
    09:31:00 > enter A: entry sell 869 at market, stop buy 869 at 102.00, risk 1998.70
    09:31:05 plan A entered: sold 869 SPY at 99.70
    09:31:05 plan A protected: 869 shares, stop 102.00 (order 2)
    09:32:00 > amend stop 2: 100.67 of 869
    09:32:00 plan A stop moved: 102.00 -> 100.67 (order 2)
    09:33:00 > amend stop 2: 97.92 of 869
    09:33:00 plan A stop moved: 100.67 -> 97.92 (order 2)
    09:33:40 plan A stop filled: bought 869 SPY at 97.92
    09:33:40 plan A closed: short 869 SPY 99.70 -> 97.92 by stop, P&L 1544.82, fees 2.00, R 0.77
       at the broker: nothing | holds
    ");
}

#[test]
fn a_target_fills_and_cancels_the_stop() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 target 102.5 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 103.00
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target 102.50
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, target sell 869 at 102.50, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:50 plan A target filled: sold 869 SPY at 102.50
    09:31:50 plan A closed: long 869 SPY 100.30 -> 102.50 by target, P&L 1909.80, fees 2.00, R 0.96
       at the broker: nothing | holds
    ");
}

#[test]
fn a_rule_that_says_exit_closes_at_market_while_the_stop_rests() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 target 110 above 100.20 1min
        to 09:31:00 SPY 100.30
        say A exit
        to 09:33:00 SPY 100.90
        show
        to 09:34:00 SPY 101.00
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target 110.00
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, target sell 869 at 110.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > submit A: exit sell 869 at market
    09:32:05 plan A exit filled: sold 869 SPY at 100.60
    09:32:05 plan A closed: long 869 SPY 100.30 -> 100.60 by rule, P&L 258.70, fees 2.00, R 0.13
       at the broker: nothing | holds 
       at the broker: nothing | holds
    ");
}

#[test]
fn an_exit_signalled_by_the_sessions_last_candle_is_sent_at_once_and_waits_at_the_broker() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min keep 15min
        to 09:31:00 SPY 100.30
        to 15:59:55 SPY 101.00
        say A exit
        to 16:00:00 SPY 101.00
        show
        day 2024-06-04
        bar 09:30:00 SPY 101.50
        bar 09:30:05 SPY 101.60
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    16:00:00 > submit A: exit sell 869 at market
       at the broker: 2 sell STP 869 98.00; 3 sell MKT 869 | holds 869 SPY
    -- 2024-06-04
    09:30:05 plan A exit filled: sold 869 SPY at 101.00
    09:30:05 plan A closed: long 869 SPY 100.30 -> 101.00 by rule, P&L 606.30, fees 2.00, R 0.30
       at the broker: nothing | holds
    ");
}

#[test]
fn truth_4_a_stop_only_tightens_and_a_refusal_is_recorded_once() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        # Looser, again, equal, through the market, no price, tighter.
        say A stop 97
        say A stop 97
        say A stop 98
        say A stop 100.60
        say A stop -1
        say A stop 99.001
        to 09:38:00 SPY 100.50
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 plan A stop not moved: 97.00 is looser than the resting stop 98.00
    09:35:00 plan A rule trouble: stop not moved: 100.60 is at or through the market at 100.41
    09:36:00 plan A rule trouble: stop not moved: -1 is not a price
    09:37:00 > amend stop 2: 99.01 of 869
    09:37:00 plan A stop moved: 98.00 -> 99.01 (order 2)
       at the broker: 2 sell STP 869 99.01 | holds 869 SPY
    ");
}

#[test]
fn truth_8_a_rule_that_fails_leaves_the_stop_and_does_not_fill_the_journal() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 101.00
        say A fault
        say A fault
        say A fault
        to 09:35:00 SPY 102.00
        show
        to 09:36:00 SPY 102.00
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 > amend stop 2: 98.98 of 869
    09:32:00 plan A stop moved: 98.00 -> 98.98 (order 2)
    09:33:00 plan A rule trouble: rule percent, trail: division by zero (line 3)
       at the broker: 2 sell STP 869 98.98 | holds 869 SPY
    09:36:00 > amend stop 2: 99.96 of 869
    09:36:00 plan A stop moved: 98.98 -> 99.96 (order 2)
    ");
}

#[test]
fn a_stop_beyond_a_gap_fills_at_the_open() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 100.30
        bar 09:32:00 SPY 90 90.5 89 90
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:05 plan A stop filled: sold 869 SPY at 90.00
    09:32:05 plan A closed: long 869 SPY 100.30 -> 90.00 by stop, P&L -8952.70, fees 2.00, R -4.48
       at the broker: nothing | holds
    ");
}

#[test]
fn a_partially_filled_entry_is_protected_and_its_cancelled_rest_shrinks_the_exits() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 target 110 above 100.20 1min
        broker entry half
        to 09:31:00 SPY 100.30
        # The rest would fill at once on the next bar; the user is faster.
        bar 09:31:00 SPY 100.30
        user 1
        show
        to 09:32:00 SPY 97.00
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target 110.00
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, target sell 869 at 110.00, risk 1998.70
    09:31:05 plan A entered: bought 434 SPY at 100.30
    09:31:05 plan A protected: 434 shares, stop 98.00 (order 2)
    09:31:05 plan A failed: entry order: cancelled at the broker (prusik:0:0000000000000041:E:0)
    09:31:05 > amend stop 2: 98.00 of 434
    09:31:05 > amend target 3: 110.00 of 434
       at the broker: 2 sell STP 434 98.00; 3 sell LMT 434 110.00 | holds 434 SPY
    09:31:45 plan A stop filled: sold 434 SPY at 98.00
    09:31:45 plan A closed: long 434 SPY 100.30 -> 98.00 by stop, P&L -1000.20, fees 2.00, R -1.00
       at the broker: nothing | holds
    ");
}

#[test]
fn costs_that_come_late_are_waited_for_and_count_in_the_trade() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 100.30
        costs held
        to 09:33:00 SPY 97.90
        to 09:33:30 SPY 97.90
        costs told
        to 09:33:35 SPY 97.90
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:33:00 plan A stop filled: sold 869 SPY at 98.00
    09:33:35 plan A closed: long 869 SPY 100.30 -> 98.00 by stop, P&L -2000.70, fees 2.00, R -1.00
    ");
}
