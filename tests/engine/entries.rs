//! From a signal to an entry, and the signals that are none.

use insta::assert_snapshot;

use crate::world::play;

#[test]
fn a_signal_of_the_sessions_last_candle_is_held_and_decided_on_the_next_sessions_first_bar() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1d
        to 15:59:55 SPY 100.30
        to 16:00:00 SPY 100.50
        day 2024-06-04
        bar 09:30:00 SPY 101.00 101.20 100.90 101.10
        bar 09:30:05 SPY 101.20
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1d, entry 100.00, stop 98.00, target none
    16:00:00 plan A signal held for the next session: close 100.5
    -- 2024-06-04
    09:30:05 > enter A: entry buy 645 at market, stop sell 645 at 98.00, risk 1999.50
    09:30:10 plan A entered: bought 645 SPY at 101.10
    09:30:10 plan A protected: 645 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_held_signal_keeps_the_entry_level_where_the_market_opens_better() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1d
        to 15:59:55 SPY 100.30
        to 16:00:00 SPY 100.50
        day 2024-06-04
        bar 09:30:00 SPY 99.00
        bar 09:30:05 SPY 99.00
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1d, entry 100.00, stop 98.00, target none
    16:00:00 plan A signal held for the next session: close 100.5
    -- 2024-06-04
    09:30:05 > enter A: entry buy 1000 at market, stop sell 1000 at 98.00, risk 2000.00
    09:30:10 plan A entered: bought 1000 SPY at 99.00
    09:30:10 plan A protected: 1000 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_held_signal_is_refused_where_the_market_opens_beyond_the_stop() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1d
        to 15:59:55 SPY 100.30
        to 16:00:00 SPY 100.50
        day 2024-06-04
        bar 09:30:00 SPY 97.00 98.20 97.00 98.00
        bar 09:30:05 SPY 99.00
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1d, entry 100.00, stop 98.00, target none
    16:00:00 plan A signal held for the next session: close 100.5
    -- 2024-06-04
    09:30:05 plan A refused: Stop already passed: the market is at 98.00, the stop at 98.00
    ");
}

#[test]
fn a_held_signal_is_gone_where_the_next_sessions_first_bar_was_missed() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1d
        to 15:59:55 SPY 100.30
        to 16:00:00 SPY 100.50
        down
        day 2024-06-04
        to 11:00:00 SPY 101
        recover
        to 11:00:10 SPY 101
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1d, entry 100.00, stop 98.00, target none
    16:00:00 plan A signal held for the next session: close 100.5
    16:00:00 ALARM: connection lost: reset by peer
    -- 2024-06-04
    11:00:00 ready: 0 working orders, 0 positions
    11:00:05 plan A refused: Signal too old: the first bar of the session it waited for has passed
    ");
}

#[test]
fn a_held_signal_waits_over_a_holiday_that_no_calendar_told_of() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1d
        to 15:59:55 SPY 100.30
        to 16:00:00 SPY 100.50
        day 2024-06-05
        bar 09:30:00 SPY 101.00 101.20 100.90 101.10
        bar 09:30:05 SPY 101.20
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1d, entry 100.00, stop 98.00, target none
    16:00:00 plan A signal held for the next session: close 100.5
    -- 2024-06-05
    09:30:05 > enter A: entry buy 645 at market, stop sell 645 at 98.00, risk 1999.50
    09:30:10 plan A entered: bought 645 SPY at 101.10
    09:30:10 plan A protected: 645 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_signal_outside_the_session_is_refused() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min ext
        bar 08:59:55 SPY 100.50
        bar 09:00:55 SPY 100.50
        bar 09:01:55 SPY 100.60
        bar 09:29:55 SPY 100.60
        bar 09:30:00 SPY 100.60
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:01:00 plan A refused: Outside the session: entries are decided in the regular session only
    09:30:00 > enter A: entry buy 769 at market, stop sell 769 at 98.00, risk 1999.40
    09:30:05 plan A entered: bought 769 SPY at 100.60
    09:30:05 plan A protected: 769 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn the_reference_is_the_worse_of_level_and_close_on_either_side() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 99 1min max 10
        plan B SPY long entry 100 stop 98 above 101 1min max 10
        plan C SPY short entry 100 stop 103 below 99.5 1min max 10
        plan D SPY short entry 100 stop 103 below 102 1min max 10
        to 09:31:00 SPY 99.20
        to 09:32:00 SPY 101.20
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan B armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan C armed: short SPY, below on 1min, entry 100.00, stop 103.00, target none
    09:00:00 plan D armed: short SPY, below on 1min, entry 100.00, stop 103.00, target none
    09:31:00 > enter A: entry buy 10 at market, stop sell 10 at 98.00, risk 20.00
    09:31:00 > enter C: entry sell 10 at market, stop buy 10 at 103.00, risk 38.00
    09:31:00 > enter D: entry sell 10 at market, stop buy 10 at 103.00, risk 38.00
    09:31:05 plan A entered: bought 10 SPY at 99.20
    09:31:05 plan A protected: 10 shares, stop 98.00 (order 2)
    09:31:05 plan C entered: sold 10 SPY at 99.20
    09:31:05 plan C protected: 10 shares, stop 103.00 (order 4)
    09:31:05 plan D entered: sold 10 SPY at 99.20
    09:31:05 plan D protected: 10 shares, stop 103.00 (order 6)
    09:32:00 > enter B: entry buy 10 at market, stop sell 10 at 98.00, risk 32.00
    ");
}

#[test]
fn a_plan_that_is_switched_off_or_out_of_its_time_does_not_enter() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 99 1min off
        plan B SPY long entry 100 stop 98 above 99 1min from 09:33:00 max 1
        plan C SPY long entry 100 stop 98 above 99 1min until 09:30:30
        to 09:34:00 SPY 100
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan A is not enabled: it will not enter
    09:00:00 plan B armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan C armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:33:00 > enter B: entry buy 1 at market, stop sell 1 at 98.00, risk 2.00
    09:33:05 plan B entered: bought 1 SPY at 100.00
    09:33:05 plan B protected: 1 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_rule_can_cancel_its_plan() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 99 1min
        say A cancel
        to 09:32:00 SPY 100
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 plan A says: cancel: the setup is gone
    09:31:00 plan A ended: cancelled
    ");
}

#[test]
fn a_plan_enters_once() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 97.90
        to 09:34:00 SPY 100.50
        edit A SPY long entry 100 stop 97 above 100.20 1min
        edit A SPY long entry 100 stop 96 above 100.20 1min
        to 09:36:00 SPY 100.60
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 plan A stop filled: sold 869 SPY at 98.00
    09:32:00 plan A closed: long 869 SPY 100.30 -> 98.00 by stop, P&L -2000.70, fees 2.00, R -1.00
    09:34:00 plan A is over (closed); to trade it again give it a new plan_id
    ");
}

#[test]
fn signals_of_candles_that_were_missed_are_not_acted_on_and_told_once() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.00
        down
        to 09:40:30 SPY 100.50
        recover
        to 09:41:00 SPY 100.50
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 ALARM: connection lost: reset by peer
    09:40:30 plan A: a signal of 2024-06-03T13:35:00Z is too old to act on
    09:40:30 ready: 0 working orders, 0 positions
    09:41:00 > enter A: entry buy 800 at market, stop sell 800 at 98.00, risk 2000.00
    ");
}
