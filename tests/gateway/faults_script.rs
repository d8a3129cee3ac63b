//! Faults by file and by seed: what a file says, what is wrong with one, and that both strike the same way each time.

use prusik::gateway::faults::{
    Callback, Cut, Deed, Door, EXAMPLE, Fault, FaultFileError, Gone, Kin, Lasting, Only, Request, Seed,
    Struck, Times, When, Words, load_faults, read_faults,
};
use prusik::gateway::{Gateway, Settings};
use std::time::Duration;

use super::desk::*;

#[test]
fn the_annotated_file_holds_every_deed_and_reads_as_it_says() {
    let faults = read_faults(EXAMPLE).expect("a good file");
    let mut deeds: Vec<&str> = faults.iter().map(|fault| fault.deed.name()).collect();
    deeds.sort_unstable();
    deeds.dedup();
    assert_eq!(deeds.len(), 25, "{deeds:?}");
    let find = |name: &str| faults.iter().find(|fault| fault.name == name).expect("it is there").clone();
    assert_eq!(
        find("the entry never arrives"),
        Fault { nth: 2, ..Fault::new(When::Before(Request::PlaceOrder), Deed::Vanish) }
            .client(1)
            .order_ref("plan-7/")
            .named("the entry never arrives")
    );
    let only = Only { kin: Some(Kin::Child), ..Only::default() };
    assert_eq!(
        find("stops cannot be moved"),
        Fault { only, ..Fault::new(When::Before(Request::ModifyOrder), Deed::Refuse(Words::of(110))) }
            .times(Times::Always)
            .named("stops cannot be moved")
    );
    let gone = Gone { cut: Cut::InFrame, away_for: Some(300), door: Door::InUse };
    assert_eq!(find("gone for five minutes").deed, Deed::Drop(gone));
    assert_eq!(find("gone for five minutes").when, When::At(1_380_895_200), "10:00 in New York");
    assert_eq!(find("twice").when, When::Callback(Callback::OrderStatus));
    assert_eq!(find("slow network").deed, Deed::Delay(Lasting::For(Duration::from_millis(500))));
}

#[test]
fn the_examples_of_the_readme_and_of_the_help_are_faults() {
    let readme = include_str!("../../README.md");
    let block = readme
        .split("```yaml\n")
        .find(|block| block.starts_with("- { name: stop refused"))
        .expect("it is there");
    let block = block.split("```").next().expect("a block");
    assert_eq!(read_faults(block).map(|faults| faults.len()), Ok(7));
    let help = include_str!("../../src/cli/args.rs");
    let lines: Vec<&str> = help.lines().filter(|line| line.starts_with("  - { ")).collect();
    assert_eq!(read_faults(&lines.join("\n")).map(|faults| faults.len()), Ok(4));
}

#[test]
fn words_of_ibkr_and_words_in_the_wrong_place_are_understood_and_said_in_ours() {
    let help = |text: &str| read_faults(text).expect_err("wrong").remove(0).help;
    for (text, wanted) in [
        ("- { on: { callback: execDetails }, do: lose }", "did you mean `execution`?"),
        ("- { on: { callback: orderStatus }, do: lose }", "did you mean `order_status`?"),
        ("- { on: { callback: openOrder }, do: lose }", "did you mean `open_order`?"),
        ("- { on: change_order, do: vanish }", "did you mean `modify_order`?"),
        ("- { on: placeOrder, do: vanish }", "did you mean `place_order`?"),
        ("- { before: fill, do: drop }", "write `on: fill`"),
        ("- do", "`prusik gateway --example-faults` prints one of each kind"),
    ] {
        assert_eq!(help(text), wanted, "{text}");
    }
    let told = help("- { on: place_order, do: { freeze: 5m } }");
    assert!(told.starts_with("freeze lasts wall seconds: write 0.5 or 20"), "{told}");
}

#[test]
fn everything_that_is_wrong_with_a_file_is_told_at_once_with_its_place() {
    let told = read_faults(
        "- on: place_ordr\n  do: { refuse: 110 }\n\
         - at: noon\n  do: duplicate\n\
         - on: place_order\n  cleint: 1\n  nth: 0\n  do: { refuze: 110 }\n\
         - do: vanish\n\
         - on: fill\n  do: { drop: { away: 5 } }\n\
         - at: 2013-10-04T10:00:00\n  do: vanish\n\
         - on: place_order\n  after: fill\n  do: { split: [0] }\n\
         - on: { callback: order_stats }\n  times: never\n  do: { halt: { for: 5 } }\n\
         - { on: start }\n",
    );
    let lines: Vec<String> = told
        .expect_err("wrong")
        .iter()
        .map(|it| {
            format!(
                "{}:{} {} = {}",
                it.line,
                it.column,
                it.what,
                it.help.chars().take(60).collect::<String>()
            )
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    1:7 `place_ordr` is no request, no step of a connection and not `fill` = did you mean `place_order`?
    3:7 `noon` is no time = write it like 2013-10-04T10:00:00 (New York) or 2013-10-04T1
    6:3 unknown key `cleint` = did you mean `client`?
    7:8 `0` is not a value of `nth` = write a number from 1
    8:9 `refuze` is no deed = did you mean `refuse`?
    9:3 the fault has no occasion = write one of `at: 2013-10-04T10:00:00`, `on: place_order`, `
    11:17 unknown key `away` = did you mean `away_for`?
    12:3 vanish cannot be done at a market time: it goes with `on` or `before` a request = take another occasion, or leave the filter out
    15:3 a second occasion = write one of `at: 2013-10-04T10:00:00`, `on: place_order`, `
    16:9 `split` is not written so = write it like `do: { split: [30, 50, 20] }`
    17:19 `order_stats` is not a value of `callback` = did you mean `order_status`?
    18:10 `never` is not how often it strikes = write a number from 1, or `always`
    19:15 `symbol` is missing = add `symbol: SPY`
    20:3 the fault does nothing = add what it does, like `do: duplicate`
    ");
    assert!(read_faults("a: &x 1\n---\nb: *x").is_err());
    assert!(read_faults("- [").is_err());
    assert_eq!(read_faults("# nothing yet\n"), Ok(Vec::new()));
    assert!(matches!(load_faults("/nowhere.yaml"), Err(FaultFileError::Missing { .. })));
}

/// Orders, changes and cancels over some minutes, with raw frames; what was told, and what struck.
async fn play(faults: Vec<Fault>, fault_seed: Option<Seed>) -> (Vec<(u32, Vec<u8>)>, Vec<Struck>) {
    let gateway = Gateway::start(Settings { faults, fault_seed, ..settings() }).await.expect("started");
    let handle = gateway.faults();
    let mut frames = Vec::new();
    let mut done = 0;
    'connection: while done < 30 {
        let mut raw = Raw::greet(&gateway, "v213..226").await;
        raw.frame(71, &[0x08, 3]).await;
        raw.frame(105, &[]).await;
        raw.frame(50, b"\x08\x07\x12\x05\x12\x03XYZ").await;
        while done < 30 {
            done += 1;
            // A market order of 100 shares, with an id of its own, and a word that this instant is done.
            let place = [
                &[0x08, done][..],
                b"\x12\x05\x12\x03XYZ\x1a\x17\x2a\x03BUY\x32\x03100\x42\x03MKT\x5a\x03GTC\x90\x04\x01",
            ]
            .concat();
            raw.try_frame(3, &place).await;
            raw.try_frame(105, &[]).await;
            loop {
                match raw.next().await {
                    Some((109, _)) => break,
                    Some(frame) => frames.push(frame),
                    None => continue 'connection,
                }
            }
        }
    }
    let struck = handle.struck();
    gateway.shutdown().await;
    (frames, struck)
}

#[tokio::test]
async fn the_same_file_and_the_same_requests_bring_the_same_frames() {
    let faults = || {
        read_faults(
            "- { on: place_order, nth: 3, times: 2, do: { refuse: 110 } }\n\
             - { on: { callback: order_status }, nth: 5, times: always, do: { duplicate: 2 } }\n\
             - { on: { callback: execution }, times: 3, do: { reorder: reversed } }\n\
             - { on: place_order, nth: 8, do: { split: { percent: [30, 50, 20] } } }\n\
             - { at: 2013-10-04T09:30:40, do: { outage: { for: 20 } } }\n",
        )
        .expect("a good file")
    };
    let (first, second) = (play(faults(), None).await, play(faults(), None).await);
    assert_eq!(first, second);
    let deeds: std::collections::BTreeSet<&str> = first.1.iter().map(|struck| struck.deed).collect();
    assert_eq!(deeds.into_iter().collect::<Vec<_>>(), ["duplicate", "outage", "refuse", "reorder", "split"]);
}

#[tokio::test]
async fn the_same_seed_strikes_the_same_and_another_strikes_elsewhere() {
    let seed = |number| Some(Seed { number, percent: 30.0 });
    let (first, second) = (play(Vec::new(), seed(7)).await, play(Vec::new(), seed(7)).await);
    assert!(first.1.len() > 5, "{:?}", first.1);
    assert_eq!(first.1, second.1);
    assert_ne!(first.1, play(Vec::new(), seed(8)).await.1);
}
