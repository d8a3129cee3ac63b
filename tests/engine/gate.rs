//! The portfolio limit and the size, computed by hand.

use insta::assert_snapshot;

use crate::world::play;

#[test]
fn truth_6_the_fourth_large_plan_is_refused_told_once_and_may_enter_later() {
    assert_snapshot!(play("
        untold
        plan A AAA long entry 100 stop 96.67 risk large above 99.9 1min
        plan B BBB long entry 100 stop 96.67 risk large above 99.9 1min
        plan C CCC long entry 100 stop 96.67 risk large above 99.9 1min
        plan D DDD long entry 100 stop 96.67 risk large above 99.9 1min
        tell account
        to 09:31:00 AAA 100 BBB 100 CCC 100 DDD 100
        to 09:33:00 AAA 100 BBB 100 CCC 100 DDD 100
        show
        # One is stopped out: there is room again.
        to 09:33:30 AAA 90 BBB 100 CCC 100 DDD 100
        to 09:35:00 AAA 90 BBB 100 CCC 100 DDD 100
    "), @r"
    09:00:00 plan A armed: long AAA, above on 1min, entry 100.00, stop 96.67, target none
    09:00:00 plan B armed: long BBB, above on 1min, entry 100.00, stop 96.67, target none
    09:00:00 plan C armed: long CCC, above on 1min, entry 100.00, stop 96.67, target none
    09:00:00 plan D armed: long DDD, above on 1min, entry 100.00, stop 96.67, target none
    09:31:00 > enter A: entry buy 900 at market, stop sell 900 at 96.67, risk 2997.00
    09:31:00 > enter B: entry buy 900 at market, stop sell 900 at 96.67, risk 2997.00
    09:31:00 > enter C: entry buy 900 at market, stop sell 900 at 96.67, risk 2997.00
    09:31:00 plan D refused: Portfolio risk limit exceeded: current 8.99 %, new 3.00 %, max 10.00 %
    09:31:05 plan A entered: bought 900 AAA at 100.00
    09:31:05 plan A protected: 900 shares, stop 96.67 (order 2)
    09:31:05 plan B entered: bought 900 BBB at 100.00
    09:31:05 plan B protected: 900 shares, stop 96.67 (order 4)
    09:31:05 plan C entered: bought 900 CCC at 100.00
    09:31:05 plan C protected: 900 shares, stop 96.67 (order 6)
       at the broker: 2 sell STP 900 96.67; 4 sell STP 900 96.67; 6 sell STP 900 96.67 | holds 900 AAA, 900 BBB, 900 CCC
    09:33:10 plan A stop filled: sold 900 AAA at 96.67
    09:33:10 plan A closed: long 900 AAA 100.00 -> 96.67 by stop, P&L -2999.00, fees 2.00, R -1.00
    09:34:00 > enter D: entry buy 873 at market, stop sell 873 at 96.67, risk 2907.09
    09:34:05 plan D entered: bought 873 DDD at 100.00
    09:34:05 plan D protected: 873 shares, stop 96.67 (order 8)
    ");
}

#[test]
fn candles_that_close_together_are_decided_in_the_order_of_the_plans_names() {
    assert_snapshot!(play("
        plan Z AAA long entry 100 stop 97 risk large above 99.9 1min
        plan Y BBB long entry 100 stop 97 risk large above 99.9 1min
        plan X CCC long entry 100 stop 97 risk large above 99.9 1min
        plan W DDD long entry 100 stop 97 risk large above 99.9 1min
        to 09:31:00 AAA 100 BBB 100 CCC 100 DDD 100
    "), @r"
    09:00:00 plan Z armed: long AAA, above on 1min, entry 100.00, stop 97.00, target none
    09:00:00 plan Y armed: long BBB, above on 1min, entry 100.00, stop 97.00, target none
    09:00:00 plan X armed: long CCC, above on 1min, entry 100.00, stop 97.00, target none
    09:00:00 plan W armed: long DDD, above on 1min, entry 100.00, stop 97.00, target none
    09:31:00 > enter W: entry buy 1000 at market, stop sell 1000 at 97.00, risk 3000.00
    09:31:00 > enter X: entry buy 1000 at market, stop sell 1000 at 97.00, risk 3000.00
    09:31:00 > enter Y: entry buy 1000 at market, stop sell 1000 at 97.00, risk 3000.00
    09:31:00 plan Z refused: Portfolio risk limit exceeded: current 9.00 %, new 3.00 %, max 10.00 %
    ");
}

#[test]
fn the_account_is_marked_at_the_candles_close_where_the_brokers_figures_are_older() {
    // 100,000 told before the first trade. A buys 1,000 AAA at 100 for 1.00; at 110 that is 9,999 more than told.
    // B: 2 % of 109,999 is 2,199.98; 100 - 97 = 3 a share: 733 shares.
    assert_snapshot!(play("
        plan A AAA long entry 100 stop 98 above 99.9 1min
        tell account
        untold
        to 09:31:00 AAA 100 BBB 100
        bar 09:31:00 AAA 100
        plan B BBB long entry 100 stop 97 above 100.5 1min
        to 09:32:00 AAA 110 BBB 100
        to 09:33:00 AAA 110 BBB 100
        say B enter
        to 09:34:00 AAA 110 BBB 100
    "), @r"
    09:00:00 plan A armed: long AAA, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 1000 at market, stop sell 1000 at 98.00, risk 2000.00
    09:31:05 plan A entered: bought 1000 AAA at 100.00
    09:31:05 plan A protected: 1000 shares, stop 98.00 (order 2)
    09:31:05 plan B armed: long BBB, above on 1min, entry 100.00, stop 97.00, target none
    09:34:00 > enter B: entry buy 733 at market, stop sell 733 at 97.00, risk 2199.00
    ");
}

#[test]
fn nothing_enters_before_the_account_is_known_or_while_not_ready() {
    assert_snapshot!(play("
        untold
        plan A AAA long entry 100 stop 98 above 99 1min
        to 09:32:00 AAA 100
        degraded
        tell account
        to 09:34:00 AAA 100
        ready
        to 09:35:00 AAA 100
    "), @r"
    09:00:00 plan A armed: long AAA, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 plan A refused: Account value unknown: the broker has not told one above zero
    09:32:00 ALARM: connection degraded: the gateway lost its server; no entries
    09:33:00 plan A refused: Not ready: the books and the broker are not reconciled
    09:34:00 ready: 0 working orders, 0 positions
    09:35:00 > enter A: entry buy 1000 at market, stop sell 1000 at 98.00, risk 2000.00
    ");
}

#[test]
fn every_other_limit_says_where_it_stands() {
    assert_snapshot!(play("
        plan A AAA long entry 100 stop 99.90 above 99 1min
        plan B BBB long entry 10 stop 9.95 above 9 1min
        plan C CCC long entry 5000 stop 2000 above 4000 1min risk small
        plan D DDD long entry 100 stop 98 above 99 1min
        to 09:31:00 AAA 100 BBB 10 CCC 5000 DDD 97
        to 09:32:00 AAA 100 BBB 10 CCC 5000 DDD 97
        say D enter
        to 09:33:00 AAA 100 BBB 10 CCC 5000 DDD 97
    "), @r"
    09:00:00 plan A armed: long AAA, above on 1min, entry 100.00, stop 99.90, target none
    09:00:00 plan B armed: long BBB, above on 1min, entry 10.00, stop 9.95, target none
    09:00:00 plan C armed: long CCC, above on 1min, entry 5000.00, stop 2000.00, target none
    09:00:00 plan D armed: long DDD, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 plan A refused: Order value limit exceeded: order 2000.00 % of the account, max 200.00 %; the largest size that passes is 2000
    09:31:00 plan B refused: Order value limit exceeded: order 400.00 % of the account, max 200.00 %; the largest size that passes is 10000
    09:31:00 plan C refused: Size below one share: 1000.00 may be lost and one share loses 3000.00 at the stop
    09:33:00 plan D refused: Stop already passed: the market is at 97.00, the stop at 98.00
    ");
}
