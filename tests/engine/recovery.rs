//! Restart, reconnect, doubt.

use insta::assert_snapshot;

use crate::world::{World, play};

/// The lines of a transcript that concern the plan's stop and its end.
fn path(transcript: &str) -> Vec<String> {
    let telling = ["amend", "moved", "filled", "closed", "entered"];
    transcript
        .lines()
        .filter(|line| telling.iter().any(|word| line.contains(word)))
        .map(|line| line[9..].to_owned())
        .collect()
}

const BEFORE: &str = "
    plan A SPY long entry 100 stop 98 above 100.20 1min percent 2 5min
    to 09:31:00 SPY 100.30
    to 09:41:00 SPY 103
    to 09:43:20 SPY 104.50
";

#[test]
fn truth_7_a_restart_in_mid_trade_ends_where_an_uninterrupted_run_does() {
    let rest = "
        to 09:46:00 SPY 105
        to 09:51:00 SPY 104.40
        to 09:53:00 SPY 102
    ";
    let straight = play(&format!("{BEFORE}{rest}"));
    let restarted = play(&format!("{BEFORE}restart\n{rest}"));
    let coarse = play(&format!("coarse\n{BEFORE}restart\n{rest}"));
    let reconnected = play(&format!("coarse\n{BEFORE}down\nrecover\n{rest}"));
    assert!(straight.contains("closed"), "{straight}");
    assert_eq!(path(&straight), path(&restarted));
    assert_eq!(path(&straight), path(&coarse));
    assert_eq!(path(&straight), path(&reconnected));
}

#[test]
fn bars_that_were_missed_are_folded_and_move_the_stop_to_where_it_would_have_been() {
    assert_snapshot!(play(&format!("{BEFORE}
        down
        to 09:47:10 SPY 106
        recover
        show
        to 09:51:00 SPY 105
    ")), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:40:00 > amend stop 2: 100.68 of 869
    09:40:00 plan A stop moved: 98.00 -> 100.68 (order 2)
    09:43:20 ALARM: connection lost: reset by peer; the stops rest at the broker
    09:47:10 ready: 1 working orders, 1 positions
    09:47:10 > amend stop 2: 103.05 of 869
    09:47:10 plan A stop moved: 100.68 -> 103.05 (order 2)
       at the broker: 2 sell STP 869 103.05 | holds 869 SPY
    09:50:00 > amend stop 2: 103.88 of 869
    09:50:00 plan A stop moved: 103.05 -> 103.88 (order 2)
    ");
}

#[test]
fn a_stop_that_should_have_moved_and_was_passed_meanwhile_closes_the_position() {
    assert_snapshot!(play(&format!("{BEFORE}
        down
        to 09:46:00 SPY 110
        to 09:47:10 SPY 104
        recover
        to 09:47:20 SPY 104
    ")), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:40:00 > amend stop 2: 100.68 of 869
    09:40:00 plan A stop moved: 98.00 -> 100.68 (order 2)
    09:43:20 ALARM: connection lost: reset by peer; the stops rest at the broker
    09:47:10 ready: 1 working orders, 1 positions
    09:47:10 > submit A: exit sell 869 at market
    09:47:15 plan A exit filled: sold 869 SPY at 104.00
    09:47:15 plan A closed: long 869 SPY 100.30 -> 104.00 by rule, P&L 3213.30, fees 2.00, R 1.61
    ");
}

#[test]
fn an_exit_that_a_missed_candle_asked_for_is_not_forgotten_for_the_next_ones_stop() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 100.30
        say A exit
        say A stop 99
        down
        to 09:35:30 SPY 101
        recover
        to 09:35:40 SPY 101
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 ALARM: connection lost: reset by peer; the stops rest at the broker
    09:35:30 ready: 1 working orders, 1 positions
    09:35:30 > submit A: exit sell 869 at market
    09:35:35 plan A exit filled: sold 869 SPY at 101.00
    09:35:35 plan A closed: long 869 SPY 100.30 -> 101.00 by rule, P&L 606.30, fees 2.00, R 0.30
    ");
}

#[test]
fn of_several_missed_stops_the_tightest_is_asked_for() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 100.30
        say A stop 99
        say A stop 99.80
        say A stop 99.40
        down
        to 09:35:30 SPY 101
        recover
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:32:00 ALARM: connection lost: reset by peer; the stops rest at the broker
    09:35:30 plan A stop not moved: 99.40 is looser than the resting stop 99.80
    09:35:30 ready: 1 working orders, 1 positions
    09:35:30 > amend stop 2: 99.80 of 869
    09:35:30 plan A stop moved: 98.00 -> 99.80 (order 2)
       at the broker: 2 sell STP 869 99.80 | holds 869 SPY
    ");
}

#[test]
fn a_fill_while_disconnected_is_found() {
    assert_snapshot!(play(&format!("{BEFORE}
        down
        to 09:47:10 SPY 95
        recover
        show
    ")), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:40:00 > amend stop 2: 100.68 of 869
    09:40:00 plan A stop moved: 98.00 -> 100.68 (order 2)
    09:43:20 ALARM: connection lost: reset by peer; the stops rest at the broker
    09:47:10 plan A stop filled: sold 869 SPY at 100.68
    09:47:10 plan A closed: long 869 SPY 100.30 -> 100.68 by stop, P&L 328.22, fees 2.00, R 0.16
    09:47:10 ready: 0 working orders, 0 positions
       at the broker: nothing | holds
    ");
}

#[test]
fn a_restart_finds_the_same_position_and_the_same_stop() {
    assert_snapshot!(play(&format!("{BEFORE}
        show
        restart
        show
        to 09:46:00 SPY 105
        show
    ")), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:40:00 > amend stop 2: 100.68 of 869
    09:40:00 plan A stop moved: 98.00 -> 100.68 (order 2)
       at the broker: 2 sell STP 869 100.68 | holds 869 SPY
    -- restart
    09:43:20 ready: 1 working orders, 1 positions
    09:43:20 plan A protected: 869 shares, stop 100.68 (order 2)
       at the broker: 2 sell STP 869 100.68 | holds 869 SPY
    09:45:00 > amend stop 2: 102.72 of 869
    09:45:00 plan A stop moved: 100.68 -> 102.72 (order 2)
       at the broker: 2 sell STP 869 102.72 | holds 869 SPY
    ");
}

#[test]
fn an_entry_that_filled_between_its_record_and_the_crash_is_adopted() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        muffle
        to 09:31:00 SPY 100.30
        to 09:31:20 SPY 100.30
        restart
        show
        to 09:32:00 SPY 100.30
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:10 > look
    -- restart
    09:31:20 plan A entered: bought 869 SPY at 100.30
    09:31:20 ready: 1 working orders, 1 positions
    09:31:20 plan A protected: 869 shares, stop 98.00 (order 2)
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn an_intent_that_was_never_sent_is_abandoned_after_a_restart_and_not_sent() {
    assert_snapshot!(play("
        broker entry drop
        broker stop drop
        plan A SPY long entry 100 stop 98 above 100.20 1min
        muffle
        to 09:31:00 SPY 100.30
        restart
        to 09:31:30 SPY 100.30
        snapshot
        snapshot
        to 09:33:00 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    -- restart
    09:31:00 ready: 2 working orders, 0 positions
    09:31:10 > look
    09:31:10 > look
    09:31:10 plan A failed: entry order: never reached the broker (prusik:0:0000000000000041:E:0)
    09:31:10 plan A ended: entry failed
       at the broker: nothing | holds
    ");
}

#[test]
fn a_cancel_that_is_overtaken_by_its_fill_leaves_a_protected_position() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        broker cancel mute
        remove A
        to 09:31:10 SPY 100.30
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:00 plan A orphaned: its file is gone; the position keeps its stop, which goes on trailing
    09:31:00 > cancel 1
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn a_position_that_differs_freezes_the_symbol_and_trades_nothing() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        plan B SPY long entry 100 stop 98 above 101 1min
        to 09:31:00 SPY 100.30
        to 09:31:10 SPY 100.30
        shares SPY 100
        snapshot
        snapshot
        snapshot
        # The exit would sell more than the account holds.
        say A exit
        to 09:33:00 SPY 101.20
        show
        shares SPY 869
        snapshot
        say A exit
        to 09:34:30 SPY 101.20
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:00:00 plan B armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
    09:31:10 > look
    09:31:10 ALARM: SPY: the broker holds 100 shares, prusik knows of 869; no entries in it until they agree
    09:31:15 > look
    09:31:35 > look
    09:32:00 ALARM: plan A: no order is sent for its 869 shares: the broker holds fewer; look at the account
    09:32:15 > look
    09:33:00 plan B refused: Symbol frozen: our position and the broker's differ
       at the broker: 2 sell STP 869 98.00 | holds 100 SPY
    09:33:00 SPY: the broker and prusik agree on 869 shares again
    09:34:00 > submit A: exit sell 869 at market
    09:34:00 > enter B: entry buy 629 at market, stop sell 629 at 98.00, risk 2012.80
    09:34:05 plan A exit filled: sold 869 SPY at 101.20
    09:34:05 plan A closed: long 869 SPY 100.30 -> 101.20 by rule, P&L 780.10, fees 2.00, R 0.39
    09:34:05 plan B entered: bought 629 SPY at 101.20
    09:34:05 plan B protected: 629 shares, stop 98.00 (order 5)
    ");
}

#[test]
fn a_fill_that_only_half_of_an_answer_shows_freezes_nothing() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        muffle
        bar 09:31:00 SPY 100.30
        positions
        listen
        snapshot
        show
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:05 > look
    09:31:05 plan A entered: bought 869 SPY at 100.30
    09:31:05 plan A protected: 869 shares, stop 98.00 (order 2)
       at the broker: 2 sell STP 869 98.00 | holds 869 SPY
    ");
}

#[test]
fn a_filled_order_whose_executions_do_not_come_is_asked_about() {
    assert_snapshot!(play("
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        muffle
        bar 09:31:00 SPY 100.30
        hear reports
        forget
        wait 2
        snapshot
        listen
    "), @r"
    09:00:00 plan A armed: long SPY, above on 1min, entry 100.00, stop 98.00, target none
    09:31:00 > enter A: entry buy 869 at market, stop sell 869 at 98.00, risk 1998.70
    09:31:07 > look
    09:31:07 plan A entered: bought 869 SPY at 100.30
    09:31:07 plan A protected: 869 shares, stop 98.00 (order 2)
    ");
}

#[test]
fn a_journal_of_an_hour_at_rest_says_nothing_twice() {
    let mut world = World::new();
    world.run("recover");
    world.run(
        "
        plan A SPY long entry 100 stop 98 above 100.20 1min
        to 09:31:00 SPY 100.30
        to 09:32:00 SPY 100.30
    ",
    );
    let before = world.laws.journal.len();
    world.run("to 10:32:00 SPY 100.40");
    // One row a candle: the best price must survive a restart.
    assert_eq!(world.laws.journal.len() - before, 60);
}
