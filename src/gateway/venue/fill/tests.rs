//! Stories: fills in parts, and what they do to the group and to the children.

use std::num::NonZeroU32;

use crate::gateway::venue::story::{Story, dec};
use crate::gateway::venue::{Fills, State};

fn by_volume(percent: u32) -> Story {
    let mut story = Story::session();
    let percent = NonZeroU32::new(percent).expect("a percentage");
    story.venue.rules.fills = Fills::BarVolume { percent };
    story
}

#[test]
fn a_bar_fills_no_more_than_its_share_of_the_volume_and_the_rest_works_on() {
    let mut story = by_volume(50);
    story.order("1 BUY 120 LMT 10.00").order("2 BUY 30 LMT 10.00");
    story
        .bar("9.90 10.10 9.80 10.00 : 101")
        .bar("10.10 10.20 10.05 10.10 : 100")
        .bar("10.00 10.10 9.90 10.00 : 0");
    insta::assert_snapshot!(story.told(), @r"
    1 Submitted
    2 Submitted
    -- 100
    1 filled 50 of 120, 70 left, at 9.90 in bar 100
    -- 105
    -- 110
    1 filled 70 of 120, 0 left, at 10.00 in bar 110
    2 filled at 10.00 in bar 110
    ");
    let [first, second, third] = &story.venue.executions[..] else { panic!("three executions") };
    assert_eq!((first.cumulative, first.remaining, first.average), (50, 70, dec("9.90")));
    assert_eq!(second.average.round_dp(4), dec("9.9583"));
    assert_eq!((third.order, third.cumulative), (1, 30));
}

#[test]
fn what_is_left_of_a_triggered_stop_goes_on_at_the_next_opens() {
    let mut story = by_volume(100);
    story.order("1 SELL 100 STP 9.50 GTC");
    story.bar("9.60 9.60 9.40 9.40 : 40").bar("9.30 9.70 9.30 9.70 : 40").bar("9.70 9.80 9.70 9.80 : 40");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    -- 100
    1 filled 40 of 100, 60 left, at 9.50 in bar 100
    -- 105
    1 filled 40 of 100, 20 left, at 9.30 in bar 105
    -- 110
    1 filled 20 of 100, 0 left, at 9.70 in bar 110
    ");
}

#[test]
fn a_stop_that_finds_no_volume_left_is_triggered_all_the_same() {
    let mut story = by_volume(100);
    story.order("1 BUY 100 MKT").order("2 SELL 50 STP 9.50");
    story.bar("9.60 9.60 9.40 9.40 : 100").bar("9.80 9.90 9.80 9.90 : 100");
    insta::assert_snapshot!(story.told(), @r"
    1 Submitted
    2 PreSubmitted
    -- 100
    1 filled at 9.60 in bar 100
    2 Submitted
    -- 105
    2 filled at 9.80 in bar 105
    ");
}

#[test]
fn the_commission_of_an_order_is_the_same_in_how_many_parts_ever_it_fills() {
    let mut story = Story::session();
    story.order("1 BUY 1000 LMT 10.00");
    for shares in [1, 99, 300, 600] {
        story.fill(1, shares, "10.00");
    }
    let commissions: Vec<String> =
        story.venue.executions.iter().map(|execution| execution.commission.to_string()).collect();
    // At most 1 % of ten dollars, then the dollar that is the least, then half a cent a share.
    assert_eq!(commissions, ["0.10", "0.90", "1.00", "3.00"]);
    assert_eq!(story.venue.account.cash, dec("89995.00"));
}

#[test]
fn children_work_with_what_their_parent_has_filled_and_no_more() {
    let mut story = by_volume(100);
    story
        .order("1 BUY 100 LMT 10.00 hold")
        .order("2 SELL 100 STP 9.50 parent=1 GTC hold")
        .order("3 SELL 100 LMT 11.00 parent=1 GTC");
    story
        .bar("10.10 10.10 9.90 10.00 : 40")
        .bar("10.00 10.20 10.00 10.10 : 500")
        .bar("10.20 10.30 9.90 10.00 : 20")
        .bar("9.60 9.60 9.40 9.40 : 500");
    insta::assert_snapshot!(story.told(), @r"
    1 PreSubmitted
    2 PreSubmitted
    1 Submitted
    2 PreSubmitted
    3 PreSubmitted
    -- 100
    1 filled 40 of 100, 60 left, at 10.00 in bar 100
    2 PreSubmitted
    3 Submitted
    -- 105
    1 filled 60 of 100, 0 left, at 10.00 in bar 105
    -- 110
    -- 115
    2 filled at 9.50 in bar 115
    3 cancelled: OcaGroup
    ");
    assert_eq!(story.venue.account.holdings[0].quantity, 0);
}

#[test]
fn what_one_child_closes_of_a_part_the_other_does_not_close_again() {
    let mut story = by_volume(100);
    story
        .order("1 BUY 100 LMT 10.00 hold")
        .order("2 SELL 100 STP 9.50 parent=1 GTC hold")
        .order("3 SELL 100 LMT 11.00 parent=1 GTC");
    story
        .bar("10.10 10.10 9.90 10.00 : 40")
        .bar("10.50 11.10 10.50 11.10 : 500")
        .bar("10.10 10.10 9.40 9.40 : 10")
        .bar("9.40 9.45 9.30 9.40 : 500");
    let told = story.told();
    insta::assert_snapshot!(told.split_once("-- 105\n").expect("the second bar").1, @r"
    3 filled 40 of 100, 60 left, at 11.00 in bar 105
    2 PreSubmitted
    -- 110
    1 filled 10 of 100, 50 left, at 10.00 in bar 110
    -- 115
    2 filled 10 of 60, 50 left, at 9.40 in bar 115
    3 Submitted 40 of 90
    1 filled 50 of 100, 0 left, at 9.40 in bar 115
    ");
    assert_eq!(story.venue.account.holdings[0].quantity, 50);
    story.bar("9.40 9.45 9.30 9.40 : 500");
    assert!(story.told().ends_with("2 filled 50 of 60, 0 left, at 9.40 in bar 120\n3 cancelled: OcaGroup"));
    assert_eq!(story.venue.account.holdings[0].quantity, 0);
}

#[test]
fn a_parent_cancelled_with_a_part_filled_leaves_its_children_that_part() {
    let mut story = Story::session();
    story
        .order("1 BUY 100 LMT 10.00 hold")
        .order("2 SELL 100 STP 9.50 parent=1 GTC hold")
        .order("3 SELL 100 LMT 11.00 parent=1 GTC");
    story.fill(1, 30, "10.00").cancel(1).bar("9.40 9.40 9.40 9.40");
    let told = story.told();
    insta::assert_snapshot!(told.split_once("3 PreSubmitted\n").expect("the family").1, @r"
    1 filled 30 of 100, 70 left, at 10.00 in bar 100
    2 PreSubmitted
    3 Submitted
    1 cancelled: Asked
    2 PreSubmitted
    3 Submitted
    -- 100
    2 filled at 9.40 in bar 100
    3 cancelled: OcaGroup
    ");
    assert_eq!((story.venue.orders[1].ticket.quantity, story.venue.orders[0].filled), (30, 30));
}

#[test]
fn a_child_that_closed_all_there_was_is_done_when_its_parent_is_cancelled() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00 hold").order("2 SELL 100 STP 9.50 parent=1 GTC");
    story.fill(1, 30, "10.00").fill(2, 50, "9.90").cancel(1);
    let told = story.told();
    assert!(told.ends_with("1 cancelled: Asked\n2 Filled 30 of 30"), "{told}");
    assert!(story.venue.live().is_empty());
    assert_eq!(story.venue.executions.len(), 2, "the command asked for more than there was to close");
}

#[test]
fn a_command_fills_working_orders_only_and_never_more_than_is_left() {
    let mut story = Story::session();
    story.order("1 BUY 100 LMT 10.00 hold").order("2 SELL 100 STP 9.50 parent=1 hold");
    story.fill(1, 10, "10.00").fill(2, 10, "10.00");
    assert!(story.venue.executions.is_empty());
    story.order("3 SELL 50 LMT 11.00 parent=1").fill(1, 500, "10.00");
    assert_eq!(story.venue.orders[0].state, State::Filled(0));
    assert_eq!(story.venue.account.holdings[0].quantity, 100);
}

#[test]
fn in_a_group_of_type_one_a_part_of_a_fill_cancels_the_others_and_nobody_joins_after() {
    let mut story = Story::session();
    story.order("1 SELL 100 LMT 11.00 oca=x").order("2 SELL 100 STP 9.00 oca=x");
    story.fill(1, 10, "11.00").order("3 SELL 100 STP 9.00 oca=x").cancel(3);
    insta::assert_snapshot!(story.told(), @r"
    1 Submitted
    2 PreSubmitted
    1 filled 10 of 100, 90 left, at 11.00 in bar 100
    2 cancelled: OcaGroup
    3 inactive: GroupFilled
    refused 10148
    ");
    assert_eq!(story.venue.live().len(), 1);
}

#[test]
fn in_groups_of_types_two_and_three_a_fill_takes_its_shares_from_the_others() {
    for kind in [2, 3] {
        let mut story = Story::session();
        for order in ["1 SELL 100 LMT 11.00", "2 SELL 100 STP 9.00", "3 SELL 20 LMT 12.00"] {
            story.order(&format!("{order} oca=x type={kind}"));
        }
        story
            .fill(1, 10, "11.00")
            .fill(1, 15, "11.00")
            .order(&format!("4 SELL 5 LMT 13.00 oca=x type={kind}"));
        let left: Vec<i64> = story.venue.orders.iter().map(|order| order.remaining()).collect();
        assert_eq!(left, [75, 75, 10, 5]);
        let told = story.told();
        assert!(
            told.contains("15 of 100, 75 left, at 11.00 in bar 100\n2 PreSubmitted\n3 cancelled: OcaGroup")
        );
        story.bar("8.90 8.90 8.80 8.80");
        assert!(
            story
                .told()
                .ends_with("2 filled at 8.90 in bar 100\n1 cancelled: OcaGroup\n4 cancelled: OcaGroup")
        );
    }
}

#[test]
fn a_family_of_any_depth_ends_with_its_first_member() {
    let mut story = Story::session();
    story.order("1 BUY 1 LMT 9.00");
    for id in 2..=20_000 {
        story.order(&format!("{id} BUY 1 LMT 9.00 parent={}", id - 1));
    }
    story.cancel(1);
    assert!(story.venue.live().is_empty());
    assert!(story.told().ends_with("19999 cancelled: Parent\n20000 cancelled: Parent"));
}
