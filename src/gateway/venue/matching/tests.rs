//! Stories: what bars do to orders.

use super::*;
use crate::gateway::venue::story::{CLOSE, Story, dec};
use crate::gateway::venue::{Moment, Note, OrphanModify, Status};

const BRACKET: [&str; 3] = [
    "1 BUY 100 MKT hold",
    "2 SELL 100 STP 9.50 parent=1 oca=x GTC hold",
    "3 SELL 100 LMT 11.00 parent=1 oca=x GTC",
];

fn bracket(story: &mut Story) -> &mut Story {
    for order in BRACKET {
        story.order(order);
    }
    story
}

#[test]
fn a_bracket_is_held_until_its_last_leg_then_entry_and_children_join_the_same_bar() {
    let mut story = Story::session();
    bracket(&mut story).bar("10.00 10.10 9.90 10.00").bar("10.00 11.20 10.00 11.10");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    2 PreSubmitted
    1 Submitted
    2 PreSubmitted
    3 PreSubmitted
    -- 100
    1 filled at 10.00 in bar 100
    2 PreSubmitted
    3 Submitted
    -- 105
    3 filled at 11.00 in bar 105
    2 cancelled: OcaGroup
    ");
    assert_eq!(story.venue.account.cash, dec("100098.00"));
}

#[test]
fn the_stop_can_fill_in_the_bar_of_the_entry_itself() {
    let mut story = Story::session();
    bracket(&mut story).bar("10.00 10.10 9.40 9.60");
    assert!(story.told().ends_with("2 filled at 9.50 in bar 100\n3 cancelled: OcaGroup"), "{}", story.told());
}

#[test]
fn of_a_stop_and_a_target_in_one_bar_the_stop_wins() {
    let mut story = Story::session();
    bracket(&mut story).bar("10.00 10.10 9.90 10.00").bar("10.00 11.50 9.00 11.00");
    assert!(story.told().ends_with("2 filled at 9.50 in bar 105\n3 cancelled: OcaGroup"), "{}", story.told());
}

#[test]
fn a_stop_that_the_open_has_passed_fills_at_the_open() {
    let mut story = Story::session();
    story.order("1 SELL 100 STP 9.50").bar("9.20 9.60 9.10 9.30");
    assert!(story.told().ends_with("1 filled at 9.20 in bar 100"));
    let mut story = Story::session();
    story.order("1 BUY 100 STP 10.50").bar("10.80 10.90 10.40 10.60");
    assert!(story.told().ends_with("1 filled at 10.80 in bar 100"));
}

#[test]
fn a_stop_triggers_at_its_price_exactly_and_not_a_cent_before() {
    let mut story = Story::session();
    story.order("1 SELL 100 STP 9.50").bar("9.70 9.80 9.51 9.60").bar("9.60 9.70 9.50 9.60");
    assert!(story.told().ends_with("-- 100\n-- 105\n1 filled at 9.50 in bar 105"));
}

#[test]
fn a_limit_that_the_open_has_passed_fills_at_the_better_open() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00").bar("9.80 10.20 9.70 10.10");
    assert!(story.told().ends_with("1 filled at 9.80 in bar 100"));
    let mut story = Story::session();
    story.order("1 SELL 100 LMT 10.00").bar("10.30 10.40 9.70 10.10");
    assert!(story.told().ends_with("1 filled at 10.30 in bar 100"));
}

#[test]
fn an_order_acts_from_the_bar_after_it_came_and_so_does_its_new_version() {
    let mut story = Story::session();
    story.bar("10.00 10.10 9.00 10.00").order("1 SELL 100 STP 9.50").bar("10.00 10.10 9.90 10.00");
    story.order("1 SELL 100 STP 9.80").bar("10.00 10.10 9.70 10.00");
    insta::assert_snapshot!(story.told(), @r"
    -- 100
    1 PreSubmitted
    -- 105
    1 PreSubmitted
    -- 110
    1 filled at 9.80 in bar 110
    ");
    assert_eq!(story.venue.orders.len(), 1, "a new version is the same order");
}

#[test]
fn market_orders_fill_at_the_open_in_the_order_they_came() {
    let mut story = Story::session();
    story
        .order("1 BUY 100 MKT")
        .order("2 SELL 50 MKT")
        .order("3 SELL 50 LMT 10.00")
        .bar("10.05 10.10 9.90 10.00");
    assert!(story.told().ends_with(
        "1 filled at 10.05 in bar 100\n2 filled at 10.05 in bar 100\n3 filled at 10.05 in bar 100"
    ));
}

#[test]
fn children_of_a_limit_entry_wait_for_the_next_bar() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00 hold").order("2 SELL 100 STP 9.50 parent=1");
    story.bar("10.20 10.30 9.40 9.60").bar("9.45 9.60 9.40 9.50");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    1 Submitted
    2 PreSubmitted
    -- 100
    1 filled at 10.00 in bar 100
    2 PreSubmitted
    -- 105
    2 filled at 9.45 in bar 105
    ");
}

#[test]
fn in_a_flat_bar_nothing_triggers_and_nothing_fills() {
    let mut story = Story::session();
    story.order("1 BUY 100 MKT").order("2 SELL 100 STP 10.50").order("3 BUY 100 LMT 10.50").bar("flat 10.00");
    assert!(story.told().ends_with("-- 100"));
    assert_eq!(story.venue.live().len(), 3);
}

#[test]
fn outside_the_session_orders_wait_for_it_and_a_market_order_for_its_open() {
    let mut story = Story::at(85);
    story.order("1 BUY 100 MKT").order("2 SELL 100 STP 9.50 GTC").order("3 BUY 100 LMT 9.80 GTC");
    story
        .bar("9.40 9.50 9.30 9.40")
        .bar("9.40 9.50 9.30 9.40")
        .bar("10.00 10.00 10.00 10.00")
        .bar("10.10 10.20 10.00 10.10");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    1 noted: WaitsForOpen
    2 PreSubmitted
    3 PreSubmitted
    -- 85
    -- 90
    -- 95
    1 Submitted
    3 Submitted
    -- 100
    1 filled at 10.10 in bar 100
    ");
}

#[test]
fn a_limit_for_any_hour_fills_before_the_open_and_a_stop_for_any_hour_does_not() {
    let mut story = Story::at(90);
    story
        .order("1 SELL 100 LMT 10.00 any-hour")
        .order("2 SELL 100 STP 9.50 any-hour")
        .bar("10.20 10.20 9.00 9.10");
    insta::assert_snapshot!(story.told(), @r"
    1 Submitted
    2 PreSubmitted
    2 noted: SessionOnly
    -- 90
    1 filled at 10.20 in bar 90
    ");
}

#[test]
fn a_day_order_ends_with_its_session_and_with_it_its_children() {
    let mut story = Story::at(990);
    story
        .order("1 BUY 100 LMT 9.00 hold")
        .order("2 SELL 100 STP 8.50 parent=1 GTC")
        .order("3 SELL 10 STP 8.00 GTC");
    story.bar("10.00 10.00 10.00 10.00").bar("10.00 10.00 10.00 10.00").order("4 BUY 100 LMT 9.00");
    story.bar("10.00 10.00 10.00 10.00");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    1 Submitted
    2 PreSubmitted
    3 PreSubmitted
    -- 990
    -- 995
    1 cancelled: Expired
    2 cancelled: Parent
    4 PreSubmitted
    -- 1000
    ");
    assert_eq!(
        story.venue.live().len(),
        2,
        "the day order given after the close belongs to the next session"
    );
}

#[test]
fn cancelling_a_parent_that_has_not_filled_cancels_its_children() {
    let mut story = Story::session();
    bracket(&mut story).cancel(1).cancel(1).cancel(9);
    let told = story.told();
    assert!(
        told.ends_with(
            "1 cancelled: Asked\n2 cancelled: Parent\n3 cancelled: Parent\nrefused 10148\nrefused 10147"
        ),
        "{told}"
    );
}

#[test]
fn what_has_ended_cannot_come_back_and_old_ids_are_not_new() {
    let mut story = Story::session();
    story.order("5 BUY 100 MKT").bar("10.00 10.00 10.00 10.00");
    story
        .order("5 BUY 100 MKT")
        .order("4 BUY 100 MKT")
        .order("6 BUY 1 LMT 9.00")
        .cancel(6)
        .order("6 BUY 1 LMT 9.00");
    let told = story.told();
    assert!(told.contains("refused 104\nrefused 103"), "{told}");
    assert!(told.ends_with("6 cancelled: Asked\nrefused 103"), "{told}");
}

#[test]
fn a_change_keeps_what_cannot_change_and_a_refused_one_leaves_the_order_as_it_was() {
    let mut story = Story::session();
    story.venue.rules.orphan_modify = OrphanModify::LeavesAlive;
    bracket(&mut story).bar("10.00 10.10 9.90 10.00");
    story
        .order("2 SELL 100 STP 9.70 parent=1 oca=x GTC")
        .order("2 BUY 100 STP 9.70")
        .order("2 SELL 100 STP 9.70 oca=y GTC");
    assert!(story.told().ends_with("refused 135\nrefused 105\nrefused 10326"), "{}", story.told());
    assert_eq!(story.venue.orders[1].ticket.kind, Kind::Stop(dec("9.50")));
    story.order("2 SELL 100 STP 9.80 GTC").bar("9.90 9.90 9.70 9.80");
    assert!(story.told().ends_with("2 filled at 9.80 in bar 105\n3 cancelled: OcaGroup"), "{}", story.told());
}

#[test]
fn children_without_a_group_of_their_own_are_tied_to_each_other() {
    let mut story = Story::session();
    story
        .order("1 BUY 100 MKT hold")
        .order("2 SELL 100 STP 9.50 parent=1 hold")
        .order("3 SELL 100 LMT 11.00 parent=1");
    story.bar("10.00 10.10 9.90 10.00").bar("10.00 11.20 10.00 11.10");
    assert!(
        story.told().ends_with("3 filled at 11.00 in bar 105\n2 cancelled: OcaGroup"),
        "{}",
        story.told()
    );
}

#[test]
fn a_child_of_a_parent_that_is_not_there_is_refused() {
    let mut story = Story::session();
    story.order("2 SELL 100 STP 9.50 parent=1").order("2 BUY 1 MKT");
    assert_eq!(story.told(), "refused 135\n2 Submitted", "a refused order does not use up its id");
}

#[test]
fn the_same_group_name_of_another_client_is_another_group() {
    let mut story = Story::session();
    story.order("1 SELL 100 STP 9.50 oca=x");
    let mut other = story.venue.orders[0].ticket.clone();
    other.key.client = 2;
    let mut facts = Vec::new();
    let moment = Moment { now: 100, hours: Hours::Session, day_ends: Some(CLOSE), late_ends: Some(CLOSE) };
    story.venue.place(other, &moment, &mut facts).expect("ids are each client's own");
    story.bar("9.40 9.40 9.40 9.40");
    assert_eq!(story.venue.executions.len(), 2);
}

#[test]
fn a_symbol_without_a_bar_neither_fills_nor_moves_its_mark() {
    let mut story = Story::session();
    story.order("1 BUY 100 MKT").slot(vec![None, None]);
    assert!(story.venue.executions.is_empty());
    story.bar("10.00 10.10 9.90 10.05");
    assert_eq!(story.venue.account.holdings[0].mark, Some(dec("10.05")));
    assert_eq!(story.venue.account.worth().net_liquidation, dec("100004.00"));
    assert_eq!(story.venue.standing(0).status, Status::Filled);
    assert!(!story.told().contains(&format!("{:?}", Note::SessionOnly)));
}
