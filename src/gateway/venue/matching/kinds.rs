//! Stories: stop limits, trailing stops, and lives that end at a moment.

use crate::gateway::venue::story::{Story, dec};
use crate::gateway::venue::{OrphanModify, State};

#[test]
fn a_stop_limit_fills_where_it_triggers_if_its_limit_allows_and_else_rests_from_the_next_bar() {
    let mut story = Story::session();
    story
        .order("1 SELL 100 STPLMT 9.50 9.40")
        .order("2 SELL 100 STPLMT 9.50 9.45")
        .bar("9.42 9.60 9.30 9.35")
        .bar("9.44 9.46 9.30 9.35");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    2 PreSubmitted
    -- 100
    1 filled at 9.42 in bar 100
    2 Submitted
    -- 105
    2 filled at 9.45 in bar 105
    ");
    let mut story = Story::session();
    story.order("1 BUY 100 STPLMT 10.50 10.60").bar("10.40 10.55 10.30 10.45");
    assert!(story.told().ends_with("1 filled at 10.50 in bar 100"), "{}", story.told());
}

#[test]
fn a_stop_limit_for_any_hour_triggers_and_fills_outside_the_session() {
    let mut story = Story::at(85);
    story
        .order("1 SELL 100 STPLMT 9.50 9.40 any-hour")
        .order("2 SELL 100 STPLMT 9.50 9.40")
        .order("3 SELL 100 TRAIL 0.50 start=9.50 any-hour")
        .bar("9.60 9.60 9.45 9.45");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    2 PreSubmitted
    3 PreSubmitted stop 9.50
    3 noted: SessionOnly
    -- 85
    1 filled at 9.50 in bar 85
    ");
}

#[test]
fn a_trailing_stop_follows_the_best_price_after_each_bar_was_tried_and_never_goes_back() {
    let mut story = Story::at(100);
    story.bar("10.00 10.00 10.00 10.00").order("1 SELL 100 TRAIL 0.30");
    story.bar("10.00 10.50 9.75 10.20").bar("10.20 10.30 10.21 10.25").bar("10.25 10.25 10.20 10.22");
    insta::assert_snapshot!(story.told(), @r"
    -- 100
    1 PreSubmitted stop 9.70
    -- 105
    -- 110
    -- 115
    1 filled at 10.20 in bar 115
    ");
}

#[test]
fn a_buying_trail_in_percent_follows_the_low_and_rounds_towards_the_price() {
    let mut story = Story::session();
    story.bar("10.00 10.00 10.00 10.00").order("1 BUY 100 TRAIL 2.5%");
    // 9.37 × 1.025 = 9.60425: a buying stop is rounded down.
    story.bar("10.00 10.10 9.37 9.50").bar("9.50 9.59 9.40 9.59").bar("9.62 9.70 9.60 9.65");
    insta::assert_snapshot!(story.told(), @r"
    -- 100
    1 PreSubmitted stop 10.25
    -- 105
    -- 110
    -- 115
    1 filled at 9.62 in bar 115
    ");
}

#[test]
fn a_trailing_stop_starts_where_its_client_says_or_at_the_fill_of_its_parent() {
    let mut story = Story::session();
    story.order("1 BUY 100 MKT hold").order("2 SELL 100 TRAIL 1.00 parent=1 GTC");
    story
        .order("3 SELL 100 TRAIL 2.00 start=8.00 GTC")
        .bar("10.00 10.40 9.50 10.10")
        .bar("9.40 9.40 9.40 9.40");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    1 Submitted
    2 PreSubmitted
    3 PreSubmitted stop 8.00
    -- 100
    1 filled at 10.00 in bar 100
    2 PreSubmitted stop 9.00
    -- 105
    2 filled at 9.40 in bar 105
    ");
    assert_eq!(story.venue.orders[2].trail_stop, Some(dec("8.40")), "it followed the high of 10.40");
}

#[test]
fn a_trailing_stop_given_before_the_first_price_starts_with_the_first_bar() {
    let mut story = Story::session();
    story.order("1 SELL 100 TRAIL 0.30").bar("10.00 10.10 9.00 9.90").bar("9.90 9.90 9.80 9.80");
    assert!(story.told().ends_with("1 PreSubmitted\n-- 100\n-- 105\n1 filled at 9.80 in bar 105"));
}

#[test]
fn a_trailing_stop_that_moves_is_told_once_a_minute() {
    let mut story = Story::at(100);
    story.bar("10.00 10.00 10.00 10.00").order("1 SELL 100 TRAIL 1.00");
    for cents in 1..16 {
        story.bar(&format!("10.{cents:02} 10.{cents:02} 10.{cents:02} 10.{cents:02}"));
    }
    let told: Vec<&String> = story.told.iter().filter(|line| !line.starts_with("--")).collect();
    // The bars that end with second 120 and with second 180.
    assert_eq!(told, ["1 PreSubmitted stop 9.00", "1 PreSubmitted stop 9.03", "1 PreSubmitted stop 9.15"]);
}

#[test]
fn a_trailing_stop_that_is_changed_keeps_its_best_price() {
    let mut story = Story::session();
    story.bar("10.00 10.00 10.00 10.00").order("1 SELL 100 TRAIL 1.00").bar("10.00 10.50 10.00 10.40");
    story
        .order("1 SELL 100 TRAIL 0.60")
        .order("1 SELL 100 TRAIL 0.60 start=9.95")
        .order("1 SELL 100 STP 9.00");
    assert!(
        story.told().ends_with("1 PreSubmitted stop 9.90\n1 PreSubmitted stop 9.95\n1 PreSubmitted"),
        "{}",
        story.told()
    );
    story.bar("9.94 9.94 9.94 9.94");
    assert!(story.venue.executions.is_empty(), "a stop does not trail");
}

#[test]
fn an_order_good_till_a_moment_ends_with_the_bar_that_reaches_it() {
    let mut story = Story::session();
    story
        .order("1 BUY 100 LMT 9.00 until=110 hold")
        .order("2 SELL 100 STP 8.00 parent=1 GTC")
        .order("3 BUY 100 LMT 9.00 until=100")
        .bar("10.00 10.00 10.00 10.00")
        .bar("10.00 10.00 9.50 10.00");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    1 Submitted
    2 PreSubmitted
    refused 334
    -- 100
    -- 105
    1 cancelled: Expired
    2 cancelled: Parent
    ");
}

#[test]
fn a_life_that_is_changed_ends_at_its_new_time() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 9.00 until=110").order("1 BUY 100 LMT 9.00 GTC");
    story.bar("10.00 10.00 10.00 10.00").bar("10.00 10.00 9.50 10.00");
    assert_eq!(story.venue.live().len(), 1);
    story.order("1 BUY 100 LMT 9.00 until=115").bar("10.00 10.00 9.50 10.00");
    assert!(story.told().ends_with("1 cancelled: Expired"));
}

#[test]
fn a_change_of_quantity_keeps_what_has_filled() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00").fill(1, 40, "10.00");
    story.order("1 BUY 39 LMT 10.00").order("1 BUY 70 LMT 9.90").order("1 BUY 40 LMT 9.90");
    assert!(
        story.told().ends_with("refused 105\n1 Submitted 40 of 70\n1 Filled 40 of 40"),
        "{}",
        story.told()
    );
    assert_eq!(story.venue.orders[0].state, State::Filled(0));
    assert!(story.venue.live().is_empty());
}

#[test]
fn a_stop_that_has_traded_stays_triggered_when_it_is_changed() {
    let mut story = Story::session();
    story
        .order("1 SELL 100 STPLMT 9.50 9.45")
        .bar("9.40 9.42 9.30 9.35")
        .order("1 SELL 100 STPLMT 9.50 9.41");
    story.bar("9.35 9.43 9.30 9.35");
    assert!(story.told().ends_with("1 Submitted\n-- 105\n1 filled at 9.41 in bar 105"), "{}", story.told());
}

#[test]
fn a_change_that_names_a_parent_that_is_done_cancels_the_child_unless_it_may_live() {
    for rule in [OrphanModify::Cancels, OrphanModify::LeavesAlive] {
        let mut story = Story::session();
        story.venue.rules.orphan_modify = rule;
        story
            .order("1 BUY 100 MKT hold")
            .order("2 SELL 100 STP 9.00 parent=1 GTC")
            .bar("10.00 10.00 10.00 10.00");
        story.order("2 SELL 100 STP 9.50 parent=1 GTC");
        let lives = rule == OrphanModify::LeavesAlive;
        let end = if lives { "2 PreSubmitted\nrefused 135" } else { "2 cancelled: Orphaned\nrefused 135" };
        assert!(story.told().ends_with(end), "{}", story.told());
        assert_eq!(story.venue.live().len(), usize::from(lives));
    }
}

#[test]
fn a_child_that_is_only_reported_as_cancelled_lives_and_fills() {
    let mut story = Story::session();
    story.venue.rules.orphan_modify = OrphanModify::ReportsCancelled;
    story
        .order("1 BUY 100 MKT hold")
        .order("2 SELL 100 STP 9.00 parent=1 GTC")
        .bar("10.00 10.00 10.00 10.00");
    story.order("2 SELL 100 STP 9.50 parent=1 GTC");
    assert!(story.told().ends_with("2 cancelled: Orphaned\nrefused 135"), "{}", story.told());
    assert_eq!(story.venue.live().len(), 1);
    story.bar("9.10 9.10 8.90 8.95");
    assert!(story.told().ends_with("2 filled at 9.00 in bar 105"), "{}", story.told());
}

#[test]
fn an_order_that_would_bind_more_than_there_is_stands_inactive_and_its_children_are_cancelled() {
    let mut story = Story::session();
    story.bar("10.00 10.00 10.00 10.00");
    story.order("1 BUY 40001 MKT hold").order("2 SELL 40001 STP 9.00 parent=1 hold");
    story.order("3 SELL 40001 LMT 11.00 parent=1").order("1 BUY 1 MKT").cancel(1);
    story.order("4 BUY 40000 LMT 10.00").order("5 SELL 40001 STP 10.00");
    insta::assert_snapshot!(story.told(), @r"
    -- 100
    1 PreSubmitted
    2 PreSubmitted
    1 inactive: Margin { equity: 99799.99, margin: 100002.50 }
    2 cancelled: Parent
    3 cancelled: Parent
    refused 103
    refused 10148
    4 Submitted
    5 inactive: Margin { equity: 99799.99, margin: 100002.50 }
    ");
}

#[test]
fn what_makes_a_position_smaller_needs_no_margin() {
    let mut story = Story::session();
    story.bar("10.00 10.00 10.00 10.00").order("1 BUY 40000 MKT").bar("10.00 10.00 8.00 8.00");
    story.order("2 SELL 40000 MKT").order("3 SELL 80000 LMT 8.00").order("4 SELL 80001 LMT 8.00");
    assert!(story.told().contains("2 Submitted\n3 Submitted\n4 inactive"), "{}", story.told());
    story.venue.rules.margin = crate::gateway::venue::Margin::Ignored;
    story.order("5 SELL 80001 LMT 8.00");
    assert!(story.told().ends_with("5 Submitted"));
}

#[test]
fn a_cancel_that_is_begun_cannot_be_asked_for_again_and_a_fill_may_overtake_it() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00").order("2 BUY 100 LMT 9.00");
    for id in [1, 2] {
        story.begin_cancel(id);
    }
    story.cancel(1).bar("10.00 10.00 9.90 9.95");
    story.finish_cancel(1).finish_cancel(2);
    insta::assert_snapshot!(story.told(), @r"
    1 Submitted
    2 Submitted
    1 PendingCancel
    2 PendingCancel
    refused 161
    -- 100
    1 filled at 10.00 in bar 100
    2 cancelled: Asked
    ");
}
