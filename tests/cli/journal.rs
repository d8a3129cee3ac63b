//! `prusik orders`, `prusik trades`, `prusik journal verify`.

use std::process::Stdio;
use std::sync::OnceLock;

use insta::assert_snapshot;
use serde_json::json;

use super::prusik::{Dir, minutes, plan, prusik};

/// Above 100 after two minutes, up to 104, then down through the trailed stop.
pub(crate) const UP_AND_DOWN: [(&str, &str); 10] = [
    ("99.00", "99.50"),
    ("99.50", "100.30"),
    ("100.30", "101.00"),
    ("101.00", "102.00"),
    ("102.00", "103.00"),
    ("103.00", "104.00"),
    ("104.00", "103.80"),
    ("103.80", "102.00"),
    ("102.00", "101.50"),
    ("101.50", "101.00"),
];

/// A directory in which one trade was made.
fn traded() -> &'static Dir {
    static TRADED: OnceLock<Dir> = OnceLock::new();
    TRADED.get_or_init(|| {
        let dir = Dir::with_plans(&[("xyz.yaml", &plan("XYZ_1", "1"))]);
        dir.write("xyz.csv", &minutes(&UP_AND_DOWN));
        let told = dir.prusik(["run", "--bars", "XYZ=xyz.csv", "--speed", "max", "--exit-at-end"]);
        assert_eq!(told.code, 0, "{}", told.err);
        dir
    })
}

/// A copy whose journal may be harmed.
fn copied() -> Dir {
    let dir = Dir::new();
    std::fs::create_dir(dir.path().join("state")).expect("a folder");
    let journal = "state/journal.db";
    std::fs::copy(traded().path().join(journal), dir.path().join(journal)).expect("a journal to copy");
    dir
}

#[test]
fn orders_are_listed_in_the_order_in_which_they_were_planned() {
    let told = traded().prusik(["orders", "--json"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""));
    let document = told.json();
    let (entry, stop) = (&document["orders"][0], &document["orders"][1]);
    assert_eq!(
        document,
        json!({ "schema": 1, "orders": [
            {
                "order_ref": entry["order_ref"], "order_id": 1, "perm_id": entry["perm_id"], "plan_id": "XYZ_1",
                "leg": "entry", "side": "buy", "order_type": "MKT", "quantity": "869",
                "limit_price": null, "stop_price": null, "status": "filled", "filled_quantity": "869",
                "average_fill_price": "100.30",
                "submitted_at": "2013-10-04T13:32:00Z", "updated_at": "2013-10-04T13:32:05Z",
            },
            {
                "order_ref": stop["order_ref"], "order_id": 2, "perm_id": stop["perm_id"], "plan_id": "XYZ_1",
                "leg": "stop", "side": "sell", "order_type": "STP", "quantity": "869",
                "limit_price": null, "stop_price": "102.96", "status": "filled", "filled_quantity": "869",
                "average_fill_price": "102.96",
                "submitted_at": "2013-10-04T13:32:00Z", "updated_at": "2013-10-04T13:37:30Z",
            },
        ]})
    );
    assert!(
        entry["perm_id"].is_i64() && entry["order_ref"].as_str().is_some_and(|r| r.starts_with("prusik:0:"))
    );
    // The fields stand in the order in which they are promised.
    let fields = [
        "order_ref",
        "order_id",
        "perm_id",
        "plan_id",
        "leg",
        "side",
        "order_type",
        "quantity",
        "limit_price",
        "stop_price",
        "status",
        "filled_quantity",
        "average_fill_price",
        "submitted_at",
        "updated_at",
    ];
    let places: Vec<_> =
        fields.iter().map(|field| told.out.find(&format!("\"{field}\":")).expect(field)).collect();
    assert!(places.is_sorted());

    let table = traded().prusik(["orders"]);
    assert_eq!((table.code, table.err.as_str()), (0, ""));
    assert_snapshot!(table.out, @r"
    SUBMITTED             PLAN   LEG    SIDE  TYPE  QUANTITY   PRICE  STATUS  FILLED  AVERAGE  ORDER
    2013-10-04T13:32:00Z  XYZ_1  entry  buy   MKT        869       -  filled     869   100.30      1
    2013-10-04T13:32:00Z  XYZ_1  stop   sell  STP        869  102.96  filled     869   102.96      2
    ");
}

#[test]
fn trades_are_listed_with_profit_after_fees() {
    let told = traded().prusik(["trades", "--json"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""));
    assert_eq!(
        told.json(),
        json!({ "schema": 1, "trades": [{
            "plan_id": "XYZ_1", "symbol": "XYZ", "side": "long", "quantity": "869",
            "entry_price": "100.30", "entry_time": "2013-10-04T13:32:00Z",
            "exit_price": "102.96", "exit_time": "2013-10-04T13:37:25Z", "exit_reason": "stop",
            "pnl": "2302.84", "fees": "8.70", "r_multiple": "1.15", "simulated": true,
        }]})
    );
    let table = traded().prusik(["trades"]);
    assert_eq!(table.code, 0);
    assert_snapshot!(table.out, @r"
    PLAN   SYMBOL  SIDE  QUANTITY   ENTRY  ENTERED                 EXIT  EXITED                BY        P&L  FEES     R
    XYZ_1  XYZ     long       869  100.30  2013-10-04T13:32:00Z  102.96  2013-10-04T13:37:25Z  stop  2302.84  8.70  1.15
    ");
}

#[test]
fn before_the_first_run_the_lists_are_empty_and_say_why() {
    let dir = Dir::new();
    for (command, none) in [("orders", "no orders\n"), ("trades", "no trades\n")] {
        let told = dir.prusik([command]);
        assert_eq!((told.code, told.out.as_str()), (0, none));
        assert_eq!(told.err, "note: there is no journal at state/journal.db yet; `prusik run` begins one\n");
        let told = dir.prusik([command, "--json"]);
        assert_eq!((told.code, told.json()), (0, json!({ "schema": 1, command: [] })));
    }
    let told = dir.prusik(["journal", "verify"]);
    assert_eq!((told.code, told.out.as_str()), (1, ""));
    assert!(told.err.contains("there is no journal at state/journal.db"), "{}", told.err);
}

#[test]
fn a_good_journal_is_told_with_its_rows_and_head() {
    let document = traded().prusik(["journal", "verify", "--json"]).json();
    let (rows, head) = (document["rows"].as_u64().expect("rows"), document["head"].as_str().expect("a head"));
    assert!(rows > 10 && head.len() == 64);
    assert_eq!(document, json!({ "schema": 1, "ok": true, "rows": rows, "head": head, "problem": null }));
    let told = prusik(["journal".as_ref(), "verify".as_ref(), "--dir".as_ref(), traded().path().as_os_str()]);
    assert_eq!((told.code, told.out), (0, format!("ok: {rows} rows, head {head}\n")));
}

#[test]
fn a_changed_row_is_found_and_nothing_is_read_from_such_a_journal() {
    let dir = copied();
    let journal = rusqlite::Connection::open(dir.path().join("state/journal.db")).expect("a database");
    let table: String = journal
        .query_row("SELECT name FROM sqlite_schema WHERE sql LIKE '%body%' AND type = 'table'", [], |row| {
            row.get(0)
        })
        .expect("the table of rows");
    // Whatever guards the rows against change is taken away first, as somebody with a tool could.
    let guards: Vec<String> = journal
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .expect("triggers");
    for guard in guards {
        journal.execute(&format!("DROP TRIGGER {guard}"), []).expect("a trigger to drop");
    }
    let changed = journal.execute(&format!("UPDATE {table} SET body = body || ' ' WHERE seq = 4"), []);
    assert_eq!(changed, Ok(1));
    drop(journal);

    let told = dir.prusik(["journal", "verify"]);
    assert_eq!((told.code, told.err.as_str()), (1, ""));
    assert!(told.out.starts_with("bad: row 4: "), "{}", told.out);
    let document = dir.prusik(["journal", "verify", "--json"]).json();
    assert_eq!((&document["ok"], &document["rows"]), (&json!(false), &json!(3)));
    for command in ["orders", "trades"] {
        let told = dir.prusik([command, "--json"]);
        assert_eq!((told.code, told.out.as_str()), (1, ""));
        assert!(told.err.contains("cannot be trusted: row 4"), "{}", told.err);
        assert!(told.err.contains("help: `prusik journal verify`"), "{}", told.err);
    }
}

#[test]
fn what_is_no_journal_is_told_as_one_that_is_bad() {
    let dir = Dir::new();
    dir.write("state/journal.db", "this is a letter, not a database");
    for words in [&["orders"][..], &["trades"], &["journal", "verify"]] {
        let told = dir.prusik(words);
        assert_eq!(told.code, 1, "{words:?}");
        assert!(format!("{}{}", told.out, told.err).contains("not a database"), "{}{}", told.out, told.err);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = traded()
        .command(["orders"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("an end");
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.is_empty(), "{err}");
}
