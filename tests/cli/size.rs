//! `prusik size`.

use insta::assert_snapshot;
use serde_json::json;

use super::prusik::{Dir, Told, prusik, told};

fn size(words: &str) -> Told {
    prusik(["size"].into_iter().chain(words.split_whitespace()))
}

#[test]
fn the_size_is_the_risk_over_the_distance() {
    let told = size("--account 100000 --risk normal --entry 180.50 --stop 178.00");
    assert_eq!((told.code, told.err.as_str()), (0, ""));
    assert_snapshot!(told.out, @r"
    800 shares
    2000.00 at risk, 2.00 % of the account
    144400.00 order value
    ");
}

#[test]
fn as_json_it_is_exact_text_with_no_tick_in_it() {
    let told = size("--account 100000 --risk normal --entry 180.50 --stop 178.00 --json");
    let document = json!({
        "schema": 1, "quantity": "800", "risk_amount": "2000.00", "risk_percent": "2.00", "order_value": "144400.00",
    });
    assert_eq!((told.code, told.json()), (0, document));

    // A short, below a cent: 30.00 / 0.0123 = 2439.02…
    let told = size("--account 3000 --risk small --entry 0.5000 --stop 0.5123 --json");
    let document = json!({
        "schema": 1, "quantity": "2439", "risk_amount": "29.9997", "risk_percent": "1.00", "order_value": "1219.50",
    });
    assert_eq!((told.code, told.json()), (0, document));
}

#[test]
fn each_limit_refuses_by_its_key_with_exit_77() {
    let cases = [
        ("--account 100 --risk small --entry 180.50 --stop 100", "order_shares", "0", "10000"),
        (
            "--account 100000 --risk normal --entry 180.50 --stop 180.00",
            "order_value_percent",
            "722.00",
            "200.00",
        ),
        ("--account 100000000 --risk small --entry 100 --stop 90", "order_shares", "100000", "10000"),
        (
            "--account 100000 --risk normal --entry 180.50 --stop 178 --buying-power 144399.99",
            "buying_power",
            "144400.00",
            "144399.99",
        ),
    ];
    for (words, limit, current, max) in cases {
        let told = size(&format!("{words} --json"));
        assert_eq!((told.code, told.err.as_str()), (77, ""), "{words}");
        let document = told.json();
        let message = document["denied"]["message"].as_str().expect("a message").to_owned();
        let denied = json!({ "limit": limit, "current": current, "max": max, "message": message });
        assert_eq!(document, json!({ "schema": 1, "denied": denied }), "{words}");
    }
    let told = size("--account 100000 --risk normal --entry 180.50 --stop 180.00");
    assert_eq!((told.code, told.err.as_str()), (77, ""));
    assert_snapshot!(told.out, @r"
    denied: Order value limit exceeded: order 722.00 % of the account, max 200.00 %; the largest size that passes is 1108
      limit    order_value_percent
      current  722.00
      max      200.00
    ");
}

#[test]
fn the_limits_are_those_of_the_directory() {
    let dir = Dir::new();
    dir.write("prusik.yaml", "risk:\n  large_risk_percent: 12\n  normal_risk_percent: 0.5\n");
    let words = ["size", "--account", "100000", "--entry", "100", "--stop", "50", "--json", "--risk"];
    let normal = dir.prusik(words.iter().copied().chain(["normal"]));
    assert_eq!(normal.json()["quantity"], "10");
    let large = dir.prusik(words.iter().copied().chain(["large"]));
    assert_eq!(large.code, 77);
    assert_eq!(
        large.json()["denied"],
        json!({
            "limit": "portfolio_risk_percent", "current": "0.00", "max": "10.00",
            "message": "Portfolio risk limit exceeded: current 0.00 %, new 12.00 %, max 10.00 %",
        })
    );
    // A flag's word is the last one, then the environment's, then the file's.
    let mut from_outside = dir.command(words.iter().copied().chain(["normal"]));
    let told = told(from_outside.env("PRUSIK_RISK_NORMAL_RISK_PERCENT", "3"));
    assert_eq!(told.json()["quantity"], "60");

    dir.write("prusik.yaml", "risk:\n  normal_risk_percent: much\n");
    let refused = dir.prusik(words.iter().copied().chain(["normal"]));
    assert_eq!((refused.code, refused.out.as_str()), (78, ""));
    assert_snapshot!(refused.err, @r"
    error[C005]: `much` is not a number like 2 or 2.5
     --> prusik.yaml:2:24
    2 |   normal_risk_percent: much
      |                        ^^^^
      = help: `normal_risk_percent` is what a `normal` plan may lose, in percent of the account: above 0, at most 100
    ");
}

#[test]
fn nonsense_is_a_usage_error() {
    let good = [("--account", "1000"), ("--risk", "small"), ("--entry", "20"), ("--stop", "19")];
    let bad = [
        ("--account", "0", "not above zero"),
        ("--account", "-1", "not above zero"),
        ("--account", "1e6", "not a number like 180.50"),
        ("--account", "9999999999999", "larger than any account"),
        ("--risk", "huge", "possible values: small, normal, large"),
        ("--entry", "0", "not above zero"),
        ("--entry", "1,000", "not a number like 180.50"),
        ("--stop", "-19", "not above zero"),
        ("--stop", "20.00", "--stop is the same as --entry"),
        ("--buying-power", "0", "not above zero"),
    ];
    for (flag, value, message) in bad {
        let words = good.into_iter().filter(|(name, _)| *name != flag).chain([(flag, value)]);
        let told = prusik(["size"].into_iter().chain(words.flat_map(|(name, value)| [name, value])));
        assert_eq!((told.code, told.out.as_str()), (2, ""), "{flag} {value}");
        assert!(told.err.contains(message), "{flag} {value}: {}", told.err);
    }
}
