//! What the folder says while it runs.

use insta::assert_snapshot;

use crate::world::play;

#[test]
fn before_the_entry_everything_may_change() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:30:30 SPY 99
        edit A QQQ short entry 50 stop 51 below 49.90 1min risk small
        to 09:32:00 SPY 101 QQQ 49.80
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:30:30 plan A armed: short QQQ, below on 1min, entry 50.00, stop 51.00, target none
    09:32:00 > enter A: entry sell 833 at market, stop buy 833 at 51.00, risk 999.60
       at the broker: 1 sell MKT 833; 2 buy STP 833 51.00 | holds
    ");
}

#[test]
fn after_the_entry_rule_target_and_a_tighter_stop_follow_at_the_next_candle() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:31:30 SPY 100.50
        edit A SPY long entry 100 stop 98.50 target 104 above 100.20 1min
        show
        to 09:32:00 SPY 100.50
        to 09:33:00 SPY 100.50
        show
        edit A SPY long entry 100 stop 98.50 target 105 above 100.20 1min percent 1 1min
        to 09:34:00 SPY 101.50
        show
        edit A SPY long entry 100 stop 98.50 above 100.20 1min percent 1 1min
        to 09:36:00 SPY 101.50
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:30 plan A changed: the edit is in force
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    09:32:00 > submit A: target sell 869 at 104.00
    09:32:00 > amend stop 2: 98.50 of 869
    09:32:00 plan A stop moved: 98.00 -> 98.50 (order 2)
       at the broker: 2 sell STP 869 98.50; 3 sell LMT 869 104.00 | holds 869 SPY
    09:33:00 plan A changed: the edit is in force
    09:34:00 > amend target 3: 105.00 of 869
    09:34:00 > amend stop 2: 100.49 of 869
    09:34:00 plan A stop moved: 98.50 -> 100.49 (order 2)
       at the broker: 2 sell STP 869 100.49; 3 sell LMT 869 105.00 | holds 869 SPY
    09:34:00 plan A changed: the edit is in force
    09:35:00 > cancel 3
       at the broker: 2 sell STP 869 100.49 | holds 869 SPY
    ");
}

#[test]
fn after_the_entry_everything_else_is_refused_and_the_old_version_stays() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        to 09:31:30 SPY 100.50
        edit A SPY long entry 101 stop 97 risk large above 100.20 1min percent 1 1min max 5 day off
        to 09:33:00 SPY 101.50
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:30 plan A edit refused: entry_level, a looser stop_loss, risk_category, tif, max_quantity, enabled cannot change any more: the entry was sent. The old version stays
    09:32:00 > amend stop 2: 98.82 of 869
    09:32:00 plan A stop moved: 98.00 -> 98.82 (order 2)
    09:33:00 > amend stop 2: 99.47 of 869
    09:33:00 plan A stop moved: 98.82 -> 99.47 (order 2)
    ");
}

#[test]
fn an_exit_rule_on_other_candles_judges_only_those_that_close_after_the_edit() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:40:00 SPY 104
        to 09:41:00 SPY 101
        edit A SPY long entry 100 stop 98 above 100.20 1min percent 2 5min
        to 09:44:55 SPY 101.50
        to 09:45:00 SPY 103.50
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:41:00 plan A changed: the edit is in force
    09:45:00 > amend stop 2: 101.92 of 869
    09:45:00 plan A stop moved: 98.00 -> 101.92 (order 2)
       at the broker: 2 sell STP 869 101.92 | holds 869 SPY
    ");
}

#[test]
fn a_plan_that_is_removed_before_its_entry_ends_and_may_come_back() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        remove A
        to 09:31:00 SPY 100.30
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:32:05 SPY 100.30
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan A ended: removed
    09:31:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:32:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:32:05 plan A entered: bought 869 SPY at 100.30
    09:32:05 plan A protected: 869 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_working_entry_of_a_removed_plan_is_cancelled_also_where_nobody_has_named_it_yet() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        muffle
        to 09:31:00 SPY 100.30
        remove A
        listen
        bar 09:31:00 SPY 100.30
        show
        # It never filled: it may be tried again, under new names.
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:32:05 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A orphaned: its file is gone; the position keeps its stop, which goes on trailing
    09:31:00 > cancel 1
    09:31:00 plan A ended: removed
       at the broker: nothing | holds 
    09:31:05 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:32:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:32:05 plan A entered: bought 869 SPY at 100.30
    09:32:05 plan A protected: 869 shares, stop 98.00 (order 4)
       at the broker: 4 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn truth_9_a_removed_plan_with_a_position_is_orphaned_and_keeps_trailing() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:31:00 SPY 100.30
        to 09:31:30 SPY 100.50
        remove A
        remove A
        to 09:33:00 SPY 103
        show
        plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 1min
        to 09:34:00 SPY 104
        to 09:35:00 SPY 100
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:30 plan A orphaned: its file is gone; the position keeps its stop, which goes on trailing
    09:32:00 > amend stop 2: 99.31 of 869
    09:32:00 plan A stop moved: 98.00 -> 99.31 (order 2)
    09:33:00 > amend stop 2: 100.94 of 869
    09:33:00 plan A stop moved: 99.31 -> 100.94 (order 2)
       at the broker: 2 sell STP 869 100.94 | holds 869 SPY
    09:34:00 > amend stop 2: 101.92 of 869
    09:34:00 plan A stop moved: 100.94 -> 101.92 (order 2)
    09:34:35 plan A stop filled: sold 869 SPY at 101.92
    09:34:35 plan A closed: long 869 SPY 100.30 -> 101.92 by stop, P&L 1405.78, fees 2.00, R 0.70
    ");
}

#[test]
fn a_contract_that_the_broker_does_not_know_is_told_with_its_plan() {
    assert_snapshot!(play("
        unknown SPY
        plan A SPY long entry 100 stop 98 above 100.20 1min
        edit A SPY long entry 100 stop 97 above 100.20 1min
        remove A
    "), @r"
    09:00:00 ALARM: plan A not armed: SPY: no security definition has been found
    09:00:00 ALARM: plan A not armed: SPY: no security definition has been found
    ");
}

#[test]
fn two_plans_mean_the_same_contract_by_the_same_ticker_or_the_second_is_not_armed() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        plan B SPY long entry 100 stop 98 above 100.20 1min listed ARCA
        remove A
        edit B SPY long entry 100 stop 98 above 100.20 1min listed ARCA
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 ALARM: plan B not armed: SPY means STK in USD at SMART in this run already; give the plan that contract, or restart
    09:00:00 plan A ended: removed
    09:00:00 ALARM: plan B not armed: SPY means STK in USD at SMART in this run already; give the plan that contract, or restart
    ");
}
