//! Truth 7, deterministic: the same plans and the same bars give the same journal, to the last byte of its chain.

use prusik::gateway::SourceBar;

use crate::story::{Place, PlanText, at, between, real, rows};

const DAY: &str = "2013-10-10";

fn two_symbols() -> Option<Vec<(String, Vec<SourceBar>)>> {
    let of = |file| Some(between(&real(file)?, at(DAY, "09:30"), at(DAY, "12:00")));
    let spy = of("SPY_1min_2013-10-04_2013-10-11.csv")?;
    let aig = of("AIG_1min_2013-10-04_2013-10-11.csv")?;
    Some(vec![("SPY".to_owned(), spy), ("AIG".to_owned(), aig)])
}

fn plans() -> [PlanText; 5] {
    let trailing =
        PlanText { exit_rule: "trailing_stop", exit_parameters: "trail_percent: 0.2", ..PlanText::default() };
    let spy = PlanText { symbol: "SPY", entry: "166.00", stop: "165.00", ..trailing.clone() };
    let aig = PlanText { symbol: "AIG", entry: "48.00", stop: "47.00", ..trailing };
    [
        PlanText { id: "AIG_FAST", ..aig.clone() },
        PlanText { id: "AIG_SLOW", entry_frame: "5min", exit_frame: "15min", ..aig },
        PlanText { id: "SPY_FAST", ..spy.clone() },
        PlanText { id: "SPY_SLOW", entry_frame: "15min", exit_frame: "5min", ..spy.clone() },
        PlanText {
            id: "SPY_TARGET",
            exit_rule: "stop_loss_take_profit",
            exit_parameters: "",
            more: "take_profit: 167.50",
            ..spy
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_plans_and_bars_give_the_same_journal_and_the_one_before_is_kept() {
    let Some(bars) = two_symbols() else { return };
    let place = Place::with(&plans());
    let ran = place.run(bars.clone()).await;
    println!("{}", ran.text());
    let (first, head) = (place.rows(), place.lawful());
    assert_eq!(ran.times("entered"), 5);
    assert!(ran.times("stop moved") > 10);

    let again = place.run(bars.clone()).await;
    assert_eq!(again.text(), ran.text());
    assert_eq!(place.rows(), first);
    assert_eq!(place.lawful(), head);

    let archive = place.path().join("state/archive");
    let kept: Vec<_> =
        std::fs::read_dir(archive).expect("an archive").map(|entry| entry.expect("a file").path()).collect();
    let [kept] = &kept[..] else { panic!("{kept:?}") };
    assert_eq!(rows(kept), first);

    let elsewhere = Place::with(&plans());
    let mut turned_around = bars;
    turned_around.reverse();
    elsewhere.run(turned_around).await;
    assert_eq!(elsewhere.rows(), first, "neither the directory nor the order of the bars' files counts");
}
