//! Truth 8, contained: what a rule does wrong leaves the resting stop where it is, and other plans alone.

use prusik::domain::event::Event;
use prusik::gateway::SourceBar;

use crate::story::{Place, PlanText, Ran, d, minutes, one, stop_path};

const DAY: &str = "2013-10-04";

/// Up from 101.00 by half a dollar a minute, then down through every stop.
fn bars() -> Vec<(String, Vec<SourceBar>)> {
    let rising: Vec<String> =
        (0..16).map(|half| format!("{}", d("101.00") + d("0.50") * d(&half.to_string()))).collect();
    let mut closes: Vec<&str> = rising.iter().map(String::as_str).collect();
    closes.extend(["100.00", "94.00", "94.00", "94.00"]);
    one("XYZ", minutes(DAY, "15:40", &closes))
}

fn good() -> PlanText {
    PlanText {
        id: "GOOD",
        stop: "96.00",
        exit_rule: "trailing_stop",
        exit_parameters: "trail_percent: 1.5",
        ..PlanText::default()
    }
}

/// A plan whose stop was moved to 98.00 by its rule, which then, from the close of 103.00 on, does `deed`.
async fn beside_a_good_plan(deed: &str) -> (Place, Ran) {
    let place =
        Place::with(&[good(), PlanText { id: "BAD", exit_rule: "bad", ..good() }.without_parameters()]);
    // By the clock of that afternoon: the dry run at the start would find a fault that it comes across.
    let rule = format!(
        "fn trail(ctx) {{\n    if ctx.bar.time < \"2013-10-04T19:42\" {{ return 98.00; }}\n    \
         if ctx.bar.time < \"2013-10-04T19:44\" || ctx.bar.time > \"2013-10-05\" {{ return keep(); }}\n    {deed}\n}}\n"
    );
    place.put("scripts/bad.rhai", &rule);
    let ran = place.run(bars()).await;
    place.lawful();
    (place, ran)
}

/// What the journal says of the good plan alone.
fn course_of_good(place: &Place) -> Vec<String> {
    let mut names = Vec::new();
    let mut course = Vec::new();
    for recorded in place.events() {
        let at = recorded.at;
        match recorded.event {
            Event::EntryPlanned { bracket, .. } if bracket.entry.plan.as_str() == "GOOD" => {
                names = vec![bracket.entry.reference.clone(), bracket.stop.reference.clone()];
                course.push(format!("{at} {} shares", bracket.entry.qty));
            }
            Event::Order { reference, fact: prusik::domain::order::OrderFact::Amended(to) }
                if names.contains(&reference) =>
            {
                course.push(format!("{at} stop {}", to.price));
            }
            Event::Executed { reference, execution } if names.contains(&reference) => {
                course.push(format!("{} {} {}", execution.at, execution.qty, execution.price));
            }
            _ => {}
        }
    }
    course
}

async fn good_alone() -> Vec<String> {
    let place = Place::with(&[good()]);
    place.run(bars()).await;
    course_of_good(&place)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_rule_proposes_its_stop_stays_and_other_plans_trade_as_without_it() {
    let alone = good_alone().await;
    assert!(alone.len() > 8, "a story worth telling: {alone:#?}");
    for (deed, told) in [
        ("ctx.position.stop - 1.00", "97.00 is looser than the resting stop 98.00"),
        ("ctx.bar.close + 1.00", "is at or through the market at 103.00"),
        ("ctx.bar.close", "is at or through the market at 103.00"),
        ("move_stop(0 - 5.00)", "-5.00"),
        ("0 - 5.00", "-5.00"),
        ("\"up\"", "trail returned"),
        ("[96.00, \"up\"]", "trail returned a list with"),
        ("enter(\"again\")", "trail returned"),
        ("throw \"no idea\"", "no idea"),
        ("ctx.bars[0].close / 0", "rule bad, trail: line 4"),
        ("while true {}", "rule bad, trail: stopped after"),
        ("let x = [0]; loop { x.push(1); }", "rule bad, trail:"),
    ] {
        let (place, ran) = beside_a_good_plan(deed).await;
        let heard = ran.said("plan BAD rule trouble") || ran.said("plan BAD stop not moved");
        assert!(heard, "{deed}:\n{}", ran.text());
        assert!(ran.said(told), "{deed}: not told `{told}`:\n{}", ran.text());
        assert_eq!(stop_path(&place.events(), "BAD"), [d("96.00"), d("98.00")], "{deed}");
        let bad = ran.summary.trades.iter().find(|trade| trade.plan.as_str() == "BAD").expect("a trade");
        assert_eq!((bad.exit_price, bad.exit_reason.word()), (d("98.00"), "stop"), "{deed}");
        assert_eq!(course_of_good(&place), alone, "{deed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_rule_that_fails_never_enters_and_leaves_its_plan_armed() {
    let place = Place::with(&[good(), PlanText { id: "BAD", entry_rule: "bad", ..good() }]);
    let rule = "fn entry(ctx) {\n    \
                if ctx.bar.time > \"2013-10-04T19:44\" && ctx.bar.time < \"2013-10-05\" { while true {} }\n    wait()\n}\n";
    place.put("scripts/bad.rhai", rule);
    let ran = place.run(bars()).await;
    assert!(ran.said("plan BAD rule trouble"));
    assert_eq!(ran.times("plan BAD placed"), 0);
    assert_eq!(ran.summary.armed, 1);
    assert_eq!(course_of_good(&place), good_alone().await);
    place.lawful();
}
