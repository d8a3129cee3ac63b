//! Golden messages: what a person reads about a bad plan file, whole. And the good files, which say what they say.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::domain::ids::{Direction, PlanId, Symbol};
use crate::domain::market::{Hours, Timeframe};
use crate::domain::money::{Price, Qty};
use crate::domain::plan::{ContractSpec, Param, Plan, RiskCategory, RuleUse, Severity, Switch, Tif};

use super::code;
use super::doc::{Document, read};

/// The plan that the README and the design show.
const GOOD: &str = "\
plan_id: AAPL_20250815_001        # ^[A-Z0-9_]{1,100}$, unique over all files
symbol: AAPL
entry_level: 180.50               # exact decimals, read from the text, never through a float
stop_loss: 178.00
take_profit: 185.00
risk_category: normal             # small 1 %, normal 2 %, large 3 % of the account (percentages: prusik.yaml)
entry_function:
  function_type: close_above      # a built-in rule, or a rule file scripts/<name>.rhai
  timeframe: 15min                # 1min 5min 15min 30min 60min|1h 240min|4h 1440min|1d
  parameters: { threshold: 180.50 }
exit_function:
  function_type: trailing_stop
  timeframe: 5min
  parameters: { trail_percent: 2.0, activation_threshold: 1.0 }
";

fn read_text(text: &str) -> Document {
    read("plans/aapl.yaml", text.as_bytes())
}

/// Everything a person is told about the file.
fn told(text: &str) -> String {
    let document = read_text(text);
    let all: Vec<&str> = document.problems.iter().map(|problem| problem.rendered.as_str()).collect();
    all.join("\n\n")
}

/// What is told about the good plan with one piece of its text replaced.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    told(&GOOD.replacen(old, new, 1))
}

/// What is told about the good plan with a line added at its end.
fn plus(line: &str) -> String {
    told(&format!("{GOOD}{line}\n"))
}

/// The one good plan of the text.
fn plan(text: &str) -> Plan {
    let document = read_text(text);
    assert!(document.is_good(), "{}", told(text));
    assert_eq!(document.plans.len(), 1);
    document.plans[0].plan.clone()
}

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn price(text: &str) -> Price {
    Price::new(d(text)).expect("a price")
}

#[test]
fn stop_and_target_on_one_side_are_shown_together() {
    insta::assert_snapshot!(told(&format!("# One.\n# Two.\n{}", GOOD.replace("178.00\ntake_profit: 185.00", "187.00\ntake_profit: 195.00"))), @r"
    error[P101]: stop_loss and take_profit are on the same side of entry_level
     --> plans/aapl.yaml:6:12
    6 | stop_loss: 187.00
      |            ^^^^^^ 6.50 above entry_level 180.50
    7 | take_profit: 195.00
      |              ------ 14.50 above it
      = help: for a long plan put the stop below 180.50; for a short plan put the target below it
    ");
}

#[test]
fn both_below_is_told_the_other_way_round() {
    insta::assert_snapshot!(with("178.00\ntake_profit: 185.00", "170.00\ntake_profit: 175.00"), @r"
    error[P101]: stop_loss and take_profit are on the same side of entry_level
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 170.00
      |            ^^^^^^ 10.50 below entry_level 180.50
    5 | take_profit: 175.00
      |              ------ 5.50 below it
      = help: for a long plan put the target above 180.50; for a short plan put the stop above it
    ");
}

#[test]
fn a_stop_at_the_entry_is_no_stop() {
    insta::assert_snapshot!(with("178.00", "180.5"), @r"
    error[P103]: stop_loss equals entry_level: there is no risk to size the position by
     --> plans/aapl.yaml:4:12
    3 | entry_level: 180.50               # exact decimals, read from the text, never through a float
      |              ------ the entry
    4 | stop_loss: 180.5
      |            ^^^^^ the stop
      = help: put the stop below the entry for a long plan, above it for a short one
    ");
}

#[test]
fn a_target_at_the_entry_is_no_target() {
    insta::assert_snapshot!(with("185.00", "180.50"), @r"
    error[P105]: take_profit equals entry_level
     --> plans/aapl.yaml:5:14
    5 | take_profit: 180.50
      |              ^^^^^^
      = help: put the target where the plan has earned something, or leave it out
    ");
}

#[test]
fn a_side_that_contradicts_stop_and_target_is_told_for_both() {
    insta::assert_snapshot!(plus("side: short"), @r"
    error[P102]: stop_loss is on the winning side of entry_level of a short plan
      --> plans/aapl.yaml:4:12
     4 | stop_loss: 178.00
       |            ^^^^^^ 2.50 below entry_level 180.50
    ...
    15 | side: short
       |       ----- the plan is short
       = help: put the stop above 180.50, or change side

    error[P104]: take_profit is on the losing side of entry_level of a short plan
      --> plans/aapl.yaml:5:14
     5 | take_profit: 185.00
       |              ^^^^^^ 4.50 above entry_level 180.50
    ...
    15 | side: short
       |       ----- the plan is short
       = help: put the target below 180.50, or change side
    ");
}

#[test]
fn a_stop_of_seventeen_is_a_likely_slip() {
    insta::assert_snapshot!(with("178.00", "17"), @r"
    warning[P110]: stop_loss is unusually far from entry_level: 90.582 % of it
     --> plans/aapl.yaml:4:12
    3 | entry_level: 180.50               # exact decimals, read from the text, never through a float
      |              ------ the entry
    4 | stop_loss: 17
      |            ^^ 163.50 below entry_level 180.50
      = help: between 0.1 % and 25 % of the entry is usual; look at both prices again
    ");
}

#[test]
fn a_stop_at_a_hair_is_a_likely_slip() {
    insta::assert_snapshot!(with("178.00", "180.45"), @r"
    warning[P110]: stop_loss is unusually near to entry_level: 0.028 % of it
     --> plans/aapl.yaml:4:12
    3 | entry_level: 180.50               # exact decimals, read from the text, never through a float
      |              ------ the entry
    4 | stop_loss: 180.45
      |            ^^^^^^ 0.05 below entry_level 180.50
      = help: between 0.1 % and 25 % of the entry is usual; look at both prices again
    ");
}

#[test]
fn a_misspelt_field_is_not_told_as_missing_too() {
    insta::assert_snapshot!(with("stop_loss", "stop_los"), @r"
    error[P012]: a plan has no field `stop_los`
     --> plans/aapl.yaml:4:1
    4 | stop_los: 178.00
      | ^^^^^^^^ did you mean `stop_loss`?
      = help: did you mean `stop_loss`? Allowed here: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn a_field_by_another_name_is_known() {
    insta::assert_snapshot!(with("entry_level", "entry_price"), @r"
    error[P012]: a plan has no field `entry_price`
     --> plans/aapl.yaml:3:1
    3 | entry_price: 180.50               # exact decimals, read from the text, never through a float
      | ^^^^^^^^^^^ did you mean `entry_level`?
      = help: did you mean `entry_level`? Allowed here: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn a_plan_does_not_say_its_size() {
    insta::assert_snapshot!(plus("quantity: 100"), @r"
    error[P012]: a plan has no field `quantity`
      --> plans/aapl.yaml:15:1
    15 | quantity: 100
       | ^^^^^^^^
       = help: the size follows from the risk; `max_quantity` caps it. Allowed here: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn a_foreign_field_gets_the_list() {
    insta::assert_snapshot!(plus("colour: red"), @r"
    error[P012]: a plan has no field `colour`
      --> plans/aapl.yaml:15:1
    15 | colour: red
       | ^^^^^^
       = help: allowed here: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn a_field_written_twice_is_shown_twice() {
    insta::assert_snapshot!(plus("symbol: MSFT"), @r"
    error[P011]: `symbol` stands here twice
      --> plans/aapl.yaml:15:1
     2 | symbol: AAPL
       | ------ the first time
    ...
    15 | symbol: MSFT
       | ^^^^^^ a second time
       = help: keep one of them
    ");
}

#[test]
fn an_underscore_in_a_number() {
    insta::assert_snapshot!(with("entry_level: 180.50", "entry_level: 1_000"), @r"
    error[P022]: `1_000` has an underscore, which some readers skip and some do not
     --> plans/aapl.yaml:3:14
    3 | entry_level: 1_000               # exact decimals, read from the text, never through a float
      |              ^^^^^
      = help: write 1000
    ");
}

#[test]
fn no_is_a_word() {
    insta::assert_snapshot!(with("178.00", "NO"), @r"
    error[P022]: `NO` is a word, not a number
     --> plans/aapl.yaml:4:12
    4 | stop_loss: NO
      |            ^^
      = help: write a plain decimal, such as 180.50
    ");
}

#[test]
fn a_leading_zero_is_octal_to_some() {
    insta::assert_snapshot!(with("178.00", "0178"), @r"
    error[P022]: `0178` begins with a zero, which makes it octal to some readers
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 0178
      |            ^^^^
      = help: write 178
    ");
}

#[test]
fn not_a_number_is_no_number() {
    insta::assert_snapshot!(with("178.00", ".nan"), @r"
    error[P022]: `.nan` is not finite
     --> plans/aapl.yaml:4:12
    4 | stop_loss: .nan
      |            ^^^^
      = help: write a plain decimal, such as 180.50
    ");
}

#[test]
fn five_decimals_are_too_many() {
    insta::assert_snapshot!(with("178.00", "178.00001"), @r"
    error[P023]: 178.00001 has more than 4 decimals
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 178.00001
      |            ^^^^^^^^^
      = help: write 178.00
    ");
}

#[test]
fn a_decimal_comma() {
    insta::assert_snapshot!(with("178.00", "178,00"), @r"
    error[P022]: `178,00` has a comma
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 178,00
      |            ^^^^^^
      = help: write decimals behind a point, and nothing between thousands
    ");
}

#[test]
fn powers_of_ten_are_spelt_out() {
    insta::assert_snapshot!(with("178.00", "1.78e2"), @r"
    error[P022]: `1.78e2` is in powers of ten
     --> plans/aapl.yaml:4:12
    4 | stop_loss: 1.78e2
      |            ^^^^^^
      = help: write all its digits
    ");
}

#[test]
fn a_negative_price() {
    insta::assert_snapshot!(with("178.00", "-178"), @r"
    error[P024]: -178 is not above zero
     --> plans/aapl.yaml:4:12
    4 | stop_loss: -178
      |            ^^^^
      = help: write the price of one share, such as 180.50
    ");
}

#[test]
fn a_list_where_a_number_belongs() {
    insta::assert_snapshot!(with("178.00", "[178]"), @r"
    error[P014]: a number was expected here, and this is a list
     --> plans/aapl.yaml:4:12
    4 | stop_loss: [178]
      |            ^^^^^
      = help: write a number behind the colon
    ");
}

#[test]
fn a_percent_sign() {
    insta::assert_snapshot!(with("trail_percent: 2.0", "trail_percent: 2%"), @r"
    error[P022]: `2%` has a percent sign
      --> plans/aapl.yaml:14:32
    14 |   parameters: { trail_percent: 2%, activation_threshold: 1.0 }
       |                                ^^
       = help: write 2
    ");
}

#[test]
fn a_parameter_that_is_yes_or_no() {
    insta::assert_snapshot!(with("trail_percent: 2.0", "trail_percent: no"), @r#"
    error[P025]: `no` means different things to different readers of YAML
      --> plans/aapl.yaml:14:32
    14 |   parameters: { trail_percent: no, activation_threshold: 1.0 }
       |                                ^^
       = help: write `true` or `false`, or `"no"` for the text
    "#);
}

#[test]
fn parameters_that_are_a_list() {
    insta::assert_snapshot!(with("parameters: { threshold: 180.50 }", "parameters: [180.50]"), @r"
    error[P014]: `parameters` is a mapping of names to values
      --> plans/aapl.yaml:10:3
    10 |   parameters: [180.50]
       |   ^^^^^^^^^^
       = help: write `parameters: { threshold: 180.50 }`, or leave it out
    ");
}

#[test]
fn a_lower_case_plan_id() {
    insta::assert_snapshot!(with("AAPL_20250815_001", "aapl-1"), @r"
    error[P020]: `aapl-1` is no plan_id
     --> plans/aapl.yaml:1:10
    1 | plan_id: aapl-1        # ^[A-Z0-9_]{1,100}$, unique over all files
      |          ^^^^^^
      = help: write AAPL_1: only A-Z, 0-9 and _, at most 100 of them
    ");
}

#[test]
fn a_lower_case_symbol() {
    insta::assert_snapshot!(with("symbol: AAPL", "symbol: aapl"), @r"
    error[P021]: `aapl` is no ticker
     --> plans/aapl.yaml:2:9
    2 | symbol: aapl
      |         ^^^^
      = help: write AAPL
    ");
}

#[test]
fn an_invisible_character_in_a_symbol_is_made_visible() {
    insta::assert_snapshot!(with("symbol: AAPL", "symbol: \"AA\\u202ePL\""), @r#"
    error[P021]: `AA\u{202e}PL` is no ticker
     --> plans/aapl.yaml:2:9
    2 | symbol: "AA\u202ePL"
      |         ^^^^^^^^^^^^
      = help: write the ticker as the broker does: AAPL, BRK B
    "#);
}

#[test]
fn a_timeframe_that_is_not_there() {
    insta::assert_snapshot!(with("timeframe: 15min", "timeframe: 10min"), @r"
    error[P026]: `10min` is no timeframe
     --> plans/aapl.yaml:9:14
    9 |   timeframe: 10min                # 1min 5min 15min 30min 60min|1h 240min|4h 1440min|1d
      |              ^^^^^
      = help: did you mean `1min`? Known are: 1min, 5min, 15min, 30min, 60min, 1h, 240min, 4h, 1440min, 1d
    ");
}

#[test]
fn an_exit_that_trails_needs_its_timeframe() {
    insta::assert_snapshot!(with("  timeframe: 5min\n", ""), @r"
    error[P013]: exit_function is missing `timeframe`
      --> plans/aapl.yaml:11:1
    11 | exit_function:
       | ^^^^^^^^^^^^^
       = help: add `timeframe: 15min`; known are: 1min, 5min, 15min, 30min, 60min, 1h, 240min, 4h, 1440min, 1d
    ");
}

#[test]
fn a_risk_category_in_capitals() {
    insta::assert_snapshot!(with("normal ", "Normal "), @r"
    error[P025]: `Normal` is no risk category
     --> plans/aapl.yaml:6:16
    6 | risk_category: Normal             # small 1 %, normal 2 %, large 3 % of the account (percentages: prusik.yaml)
      |                ^^^^^^
      = help: did you mean `normal`? Known are: small, normal, large
    ");
}

#[test]
fn a_rule_is_named_without_its_folder() {
    insta::assert_snapshot!(with("function_type: close_above", "function_type: scripts/close_above.rhai"), @r"
    error[P027]: `scripts/close_above.rhai` is no name of a rule
     --> plans/aapl.yaml:8:18
    8 |   function_type: scripts/close_above.rhai      # a built-in rule, or a rule file scripts/<name>.rhai
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^
      = help: write close_above, without the folder and the ending
    ");
}

#[test]
fn a_rule_that_is_only_a_word() {
    insta::assert_snapshot!(with("entry_function:\n  function_type: close_above      # a built-in rule, or a rule file scripts/<name>.rhai\n  timeframe: 15min                # 1min 5min 15min 30min 60min|1h 240min|4h 1440min|1d\n  parameters: { threshold: 180.50 }", "entry_function: close_above"), @r"
    error[P014]: entry_function is a mapping of fields
     --> plans/aapl.yaml:7:1
    7 | entry_function: close_above
      | ^^^^^^^^^^^^^^
      = help: write `name: value` for each of: function_type, timeframe, parameters
    ");
}

#[test]
fn all_missing_fields_are_told() {
    insta::assert_snapshot!(told("plan_id: A\n"), @r"
    error[P013]: a plan is missing `symbol`, `entry_level`, `stop_loss`, `risk_category`, `entry_function`, `exit_function`
     --> plans/aapl.yaml:1:10
    1 | plan_id: A
      |          ^
      = help: add `symbol: AAPL`, `entry_level: 180.50`, `stop_loss: 178.00`, `risk_category: normal`, `entry_function: { function_type: close_above, timeframe: 15min }`, `exit_function: { function_type: stop_loss_take_profit }`
    ");
}

#[test]
fn a_field_without_a_value() {
    insta::assert_snapshot!(with("take_profit: 185.00", "take_profit:"), @r"
    error[P013]: `take_profit` has no value
     --> plans/aapl.yaml:5:1
    5 | take_profit:
      | ^^^^^^^^^^^
      = help: write its value behind the colon, or leave the line out where the field is optional
    ");
}

#[test]
fn entries_at_a_limit_come_later() {
    insta::assert_snapshot!(plus("entry_order: limit"), @r"
    error[P030]: entry_order `limit` is not available
      --> plans/aapl.yaml:15:14
    15 | entry_order: limit
       |              ^^^^^
       = help: entries are market orders so far; write `market`, or leave entry_order out
    ");
}

#[test]
fn a_time_stop_comes_later() {
    insta::assert_snapshot!(plus("time_stop: 3d"), @r"
    error[P030]: time_stop is not available yet
      --> plans/aapl.yaml:15:12
    15 | time_stop: 3d
       |            ^^
       = help: leave it out
    ");
}

#[test]
fn a_status_is_ignored_with_a_note() {
    insta::assert_snapshot!(plus("status: pending"), @r"
    note[P031]: status is ignored: prusik remembers itself what became of a plan
      --> plans/aapl.yaml:15:1
    15 | status: pending
       | ^^^^^^
       = help: leave it out; `enabled: false` keeps a plan from entering
    ");
}

#[test]
fn a_plan_that_ends_before_it_begins() {
    insta::assert_snapshot!(plus("valid_from: 2025-08-16\nvalid_until: 2025-08-15"), @r"
    error[P111]: valid_until is not after valid_from
      --> plans/aapl.yaml:16:14
    15 | valid_from: 2025-08-16
       |             ---------- valid_from
    16 | valid_until: 2025-08-15
       |              ^^^^^^^^^^
       = help: between the two a plan may enter; leave one of them out for no limit
    ");
}

#[test]
fn a_moment_without_its_offset() {
    insta::assert_snapshot!(plus("valid_until: 2025-08-15T16:00:00"), @r"
    error[P028]: `2025-08-15T16:00:00` is neither a moment nor a date
      --> plans/aapl.yaml:15:14
    15 | valid_until: 2025-08-15T16:00:00
       |              ^^^^^^^^^^^^^^^^^^^
       = help: write 2025-08-15T16:00:00-04:00 (with its offset), or 2025-08-15 for that day in New York
    ");
}

#[test]
fn half_a_share() {
    insta::assert_snapshot!(plus("max_quantity: 1.5"), @r"
    error[P023]: 1.5 is not a whole number
      --> plans/aapl.yaml:15:15
    15 | max_quantity: 1.5
       |               ^^^
       = help: write it without decimals
    ");
}

#[test]
fn yes_is_not_true() {
    insta::assert_snapshot!(plus("outside_rth: yes"), @r"
    error[P025]: `yes` is neither true nor false
      --> plans/aapl.yaml:15:14
    15 | outside_rth: yes
       |              ^^^
       = help: write `true` or `false`
    ");
}

#[test]
fn everything_wrong_with_a_contract() {
    insta::assert_snapshot!(plus("contract: { sec_type: OPT, currency: usd, conid: 5 }"), @r"
    error[P030]: sec_type `OPT` is not available
      --> plans/aapl.yaml:15:23
    15 | contract: { sec_type: OPT, currency: usd, conid: 5 }
       |                       ^^^
       = help: only stocks and funds (STK) can be traded so far; write `STK`, or leave sec_type out

    error[P025]: `usd` is no currency
      --> plans/aapl.yaml:15:38
    15 | contract: { sec_type: OPT, currency: usd, conid: 5 }
       |                                      ^^^
       = help: did you mean `USD`? Known are: USD, EUR, GBP, CHF, JPY, CAD

    error[P012]: contract has no field `conid`
      --> plans/aapl.yaml:15:43
    15 | contract: { sec_type: OPT, currency: usd, conid: 5 }
       |                                           ^^^^^ did you mean `con_id`?
       = help: did you mean `con_id`? Allowed here: sec_type, exchange, currency, primary_exchange, con_id
    ");
}

#[test]
fn an_empty_file() {
    insta::assert_snapshot!(told(""), @r"
    error[P004]: the file holds no plan
     --> plans/aapl.yaml:1:1
    1 |
      | ^
      = help: write a plan, or delete the file to retire its plans
    ");
}

#[test]
fn a_file_of_comments() {
    insta::assert_snapshot!(told("# stop_loss: 178.00\n"), @r"
    error[P004]: the file holds no plan
     --> plans/aapl.yaml:1:1
    1 | # stop_loss: 178.00
      | ^
      = help: write a plan, or delete the file to retire its plans
    ");
}

#[test]
fn a_file_of_words() {
    insta::assert_snapshot!(told("just words\n"), @r"
    error[P014]: a plan is a mapping of fields, and this is a text
     --> plans/aapl.yaml:1:1
    1 | just words
      | ^^^^^^^^^^
      = help: begin with `plan_id: …`, or with `- plan_id: …` for a list of plans
    ");
}

#[test]
fn a_list_of_words() {
    insta::assert_snapshot!(told("- AAPL\n- MSFT\n"), @r"
    error[P014]: a plan is a mapping of fields
     --> plans/aapl.yaml:1:3
    1 | - AAPL
      |   ^^^^
      = help: write `name: value` for each of: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status

    error[P014]: a plan is a mapping of fields
     --> plans/aapl.yaml:2:3
    2 | - MSFT
      |   ^^^^
      = help: write `name: value` for each of: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn a_byte_that_is_not_utf_8() {
    insta::assert_snapshot!(read("plans/aapl.yaml", b"plan_id: A\nnotes: caf\xe9\n").problems[0].rendered, @r"
    error[P002]: here is a byte that is not UTF-8 text
     --> plans/aapl.yaml:2:11
    2 | notes: caf�
      |           ^
      = help: save the file with the encoding UTF-8
    ");
}

#[test]
fn utf_16_is_recognised() {
    insta::assert_snapshot!(read("plans/aapl.yaml", b"\xff\xfep\0l\0").problems[0].rendered, @r"
    error[P002]: the file is not UTF-8 text; it looks like UTF-16
    --> plans/aapl.yaml
     = help: save the file with the encoding UTF-8
    ");
}

#[test]
fn a_file_that_is_too_large() {
    insta::assert_snapshot!(told(&"#".repeat(65_537)), @r"
    error[P003]: the file has 65537 bytes, and 65536 is the most
    --> plans/aapl.yaml
     = help: spread the plans over several files
    ");
}

#[test]
fn tabs_are_told_all_at_once() {
    insta::assert_snapshot!(told(&GOOD.replace("  function_type", "\tfunction_type")), @r"
    error[P006]: a tab in front of the line
     --> plans/aapl.yaml:8:1
    8 |     function_type: close_above      # a built-in rule, or a rule file scripts/<name>.rhai
      | ^
      = help: indent with spaces

    error[P006]: a tab in front of the line
      --> plans/aapl.yaml:12:1
    12 |     function_type: trailing_stop
       | ^
       = help: indent with spaces
    ");
}

#[test]
fn a_second_document() {
    insta::assert_snapshot!(plus("---\nplan_id: B"), @r"
    error[P009]: a second YAML document begins here
      --> plans/aapl.yaml:15:1
    15 | ---
       | ^^^
       = help: write several plans of one file as a list: every plan begins with `- plan_id: …`
    ");
}

#[test]
fn anchors_aliases_and_merge_keys_are_told_together() {
    insta::assert_snapshot!(told(&format!("{}notes: *a\n<<: {{ tif: gtc }}\n", GOOD.replace("symbol: AAPL", "symbol: &a AAPL"))), @r"
    error[P007]: `&a` is an anchor, and plans have none
     --> plans/aapl.yaml:2:9
    2 | symbol: &a AAPL
      |         ^^
      = help: write the value itself in every place where it is meant

    error[P007]: `*a` is an alias, and plans have none
      --> plans/aapl.yaml:15:8
    15 | notes: *a
       |        ^^
       = help: write the value itself in every place where it is meant

    error[P007]: `<<` merges one mapping into another, and plans have none
      --> plans/aapl.yaml:16:1
    16 | <<: { tif: gtc }
       | ^^
       = help: write the value itself in every place where it is meant
    ");
}

#[test]
fn an_alias_to_nothing() {
    insta::assert_snapshot!(plus("notes: *a"), @r"
    error[P007]: `*a` is an alias, and plans have none
      --> plans/aapl.yaml:15:8
    15 | notes: *a
       |        ^^
       = help: write the value itself in every place where it is meant
    ");
}

#[test]
fn a_tag() {
    insta::assert_snapshot!(with("178.00", "!!float 178.00"), @r"
    error[P008]: `!!float` is a YAML tag, and plans have none
     --> plans/aapl.yaml:4:12
    4 | stop_loss: !!float 178.00
      |            ^^^^^^^
      = help: leave the tag out; put a text in quotes where it could be taken for something else
    ");
}

#[test]
fn a_directive() {
    insta::assert_snapshot!(told("%YAML 1.1\n---\nplan_id: A\n"), @r"
    error[P008]: YAML directives are refused
     --> plans/aapl.yaml:1:1
    1 | %YAML 1.1
      | ^
      = help: leave out the line that begins with %
    ");
}

#[test]
fn a_brace_that_is_never_closed() {
    insta::assert_snapshot!(with("parameters: { threshold: 180.50 }", "parameters: { threshold: 180.50"), @r"
    error[P005]: this is not YAML: while parsing a flow mapping, did not find expected ',' or '}'
      --> plans/aapl.yaml:11:14
    11 | exit_function:
       |              ^
       = help: close what was opened: every { with }, every [ with ]
    ");
}

#[test]
fn a_quote_that_is_never_closed() {
    insta::assert_snapshot!(with("symbol: AAPL", "symbol: 'AAPL"), @r"
    error[P005]: this is not YAML: unclosed quote
     --> plans/aapl.yaml:2:9
    2 | symbol: 'AAPL
      |         ^
      = help: close the text with the quote it began with
    ");
}

#[test]
fn a_missing_colon() {
    insta::assert_snapshot!(with("symbol: AAPL", "symbol AAPL"), @r"
    error[P005]: this is not YAML: simple key expected ':'
     --> plans/aapl.yaml:2:1
    2 | symbol AAPL
      | ^
      = help: every line is `name: value`; fields of one plan begin in one column; a text with `: ` or ` #` in it needs quotes
    ");
}

#[test]
fn an_indented_line() {
    insta::assert_snapshot!(with("symbol: AAPL", "  symbol: AAPL"), @r"
    error[P005]: this is not YAML: comment intercepting the multiline text
     --> plans/aapl.yaml:1:35
    1 | plan_id: AAPL_20250815_001        # ^[A-Z0-9_]{1,100}$, unique over all files
      |                                   ^
      = help: every line is `name: value`; fields of one plan begin in one column; a text with `: ` or ` #` in it needs quotes
    ");
}

#[test]
fn a_key_that_is_a_list() {
    insta::assert_snapshot!(with("symbol: AAPL", "? [a]\n: b\nsymbol: AAPL"), @r"
    error[P015]: a key is a plain word
     --> plans/aapl.yaml:2:3
    2 | ? [a]
      |   ^^^
      = help: write `name: value`
    ");
}

#[test]
fn too_deep() {
    insta::assert_snapshot!(told(&format!("{}1{}", "[".repeat(14), "]".repeat(14))), @r"
    error[P010]: the file is nested more than 12 levels deep
     --> plans/aapl.yaml:1:13
    1 | [[[[[[[[[[[[[[1]]]]]]]]]]]]]]
      |             ^ it ends here
      = help: a plan needs about 25 values on 3 levels; spread many plans over several files
    ");
}

#[test]
fn too_many_values() {
    insta::assert_snapshot!(told(&format!("[{}]", "1,".repeat(2_001))), @r"
    error[P010]: the file holds more than 2000 values
     --> plans/aapl.yaml:1:4000
    1 | ...1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,]
      |                                                              ^ it ends here
      = help: a plan needs about 25 values on 3 levels; spread many plans over several files
    ");
}

#[test]
fn two_plans_of_one_list_with_one_id() {
    insta::assert_snapshot!(told(&format!("- {0}- {0}", GOOD.replace('\n', "\n  ").trim_end_matches(' '))), @r"
    error[P041]: a second plan is called AAPL_20250815_001
      --> plans/aapl.yaml:15:12
     1 | - plan_id: AAPL_20250815_001        # ^[A-Z0-9_]{1,100}$, unique over all files
       |            ----------------- the first one
    ...
    15 | - plan_id: AAPL_20250815_001        # ^[A-Z0-9_]{1,100}$, unique over all files
       |            ^^^^^^^^^^^^^^^^^ this one is refused
       = help: give every plan a plan_id of its own
    ");
}

#[test]
fn lines_that_end_as_windows_ends_them() {
    insta::assert_snapshot!(told(&GOOD.replace("178.00", "x").replace('\n', "\r\n")), @r"
    error[P022]: `x` is not a number
     --> plans/aapl.yaml:4:12
    4 | stop_loss: x
      |            ^
      = help: write a plain decimal, such as 180.50
    ");
}

#[test]
fn several_problems_of_one_file_are_told_at_once_in_the_order_of_the_text() {
    insta::assert_snapshot!(told("symbol: aapl\nentry_level: 180.5O\nstop_loss: 1_78\nrisk_category: big\nentry_function: { function_type: close_above, timeframe: 7min, period: 3 }\nenabled: on\nfoo: bar\n"), @r"
    error[P013]: a plan is missing `plan_id`, `exit_function`
     --> plans/aapl.yaml:1:1
    1 | symbol: aapl
      | ^^^^^^
      = help: add `plan_id: AAPL_20250815_001`, `exit_function: { function_type: stop_loss_take_profit }`

    error[P021]: `aapl` is no ticker
     --> plans/aapl.yaml:1:9
    1 | symbol: aapl
      |         ^^^^
      = help: write AAPL

    error[P022]: `180.5O` is not a number
     --> plans/aapl.yaml:2:14
    2 | entry_level: 180.5O
      |              ^^^^^^
      = help: write a plain decimal, such as 180.50

    error[P022]: `1_78` has an underscore, which some readers skip and some do not
     --> plans/aapl.yaml:3:12
    3 | stop_loss: 1_78
      |            ^^^^
      = help: write 178

    error[P025]: `big` is no risk category
     --> plans/aapl.yaml:4:16
    4 | risk_category: big
      |                ^^^
      = help: known are: small, normal, large

    error[P026]: `7min` is no timeframe
     --> plans/aapl.yaml:5:58
    5 | entry_function: { function_type: close_above, timeframe: 7min, period: 3 }
      |                                                          ^^^^
      = help: did you mean `1min`? Known are: 1min, 5min, 15min, 30min, 60min, 1h, 240min, 4h, 1440min, 1d

    error[P012]: entry_function has no field `period`
     --> plans/aapl.yaml:5:64
    5 | entry_function: { function_type: close_above, timeframe: 7min, period: 3 }
      |                                                                ^^^^^^
      = help: allowed here: function_type, timeframe, parameters

    error[P025]: `on` is neither true nor false
     --> plans/aapl.yaml:6:10
    6 | enabled: on
      |          ^^
      = help: write `true` or `false`

    error[P012]: a plan has no field `foo`
     --> plans/aapl.yaml:7:1
    7 | foo: bar
      | ^^^
      = help: allowed here: plan_id, symbol, entry_level, stop_loss, take_profit, risk_category, entry_function, exit_function, side, contract, entry_order, tif, outside_rth, valid_from, valid_until, max_quantity, time_stop, enabled, notes, status
    ");
}

#[test]
fn the_plan_of_the_design_says_what_it_says() {
    let number = |name: &str, value| (name.to_owned(), Param::Number(d(value)));
    let expected = Plan {
        id: PlanId::new("AAPL_20250815_001").expect("an id"),
        digest: 0,
        symbol: Symbol::new("AAPL").expect("a ticker"),
        contract: ContractSpec::default(),
        direction: Direction::Long,
        entry_level: price("180.50"),
        stop_loss: price("178.00"),
        take_profit: Some(price("185.00")),
        risk: RiskCategory::Normal,
        entry: RuleUse {
            rule: "close_above".into(),
            timeframe: Timeframe::Min15,
            parameters: BTreeMap::from([number("threshold", "180.50")]),
        },
        exit: RuleUse {
            rule: "trailing_stop".into(),
            timeframe: Timeframe::Min5,
            parameters: BTreeMap::from([
                number("trail_percent", "2.0"),
                number("activation_threshold", "1.0"),
            ]),
        },
        tif: Tif::Day,
        hours: Hours::Regular,
        valid_from: None,
        valid_until: None,
        max_quantity: None,
        switch: Switch::On,
        notes: None,
    };
    let read = plan(GOOD);
    assert_eq!(Plan { digest: 0, ..read.clone() }, expected);
    // sha256("AAPL_20250815_001"), its first eight bytes.
    assert_eq!(format!("{:016x}", read.digest), "da367064d2d28492");
}

#[test]
fn every_optional_field_is_read() {
    let read = plan(&format!(
        "{}{}",
        GOOD.replace("stop_loss: 178.00\ntake_profit: 185.00", "stop_loss: '183.00'\ntake_profit: \"175\""),
        "side: short
contract: { sec_type: STK, exchange: SMART, currency: USD, primary_exchange: NASDAQ, con_id: 265598 }
entry_order: market
tif: gtc
outside_rth: true
valid_from: 2025-08-15
valid_until: 2025-11-02
max_quantity: 250
enabled: false
notes: |
  Two lines
  of my own.
time_stop: null
"
    ));
    assert_eq!(read.direction, Direction::Short);
    assert_eq!((read.stop_loss, read.take_profit), (price("183"), Some(price("175"))));
    assert_eq!(
        (read.contract.primary_exchange.as_deref(), read.contract.con_id),
        (Some("NASDAQ"), Some(265_598))
    );
    assert_eq!((read.tif, read.hours, read.switch), (Tif::Gtc, Hours::Extended, Switch::Off));
    assert_eq!(read.max_quantity, Some(Qty::new(250)));
    assert_eq!(read.notes.as_deref(), Some("Two lines\nof my own.\n"));
    // The day begins at midnight in New York, in summer time, and ends with its last millisecond. The clocks go back
    // on the second of November, so that this day is an hour longer.
    assert_eq!(read.valid_from.expect("a moment").to_string(), "2025-08-15T04:00:00Z");
    assert_eq!(read.valid_until.expect("a moment").to_string(), "2025-11-03T04:59:59.999Z");
}

#[test]
fn a_moment_with_its_offset_is_that_moment() {
    let read = plan(&format!("{GOOD}valid_until: 2025-08-15T16:00:00-04:00\n"));
    assert_eq!(read.valid_until.expect("a moment").to_string(), "2025-08-15T20:00:00Z");
}

#[test]
fn an_exit_that_only_keeps_takes_the_timeframe_of_the_entry() {
    let text = GOOD.split("exit_function").next().expect("the first half");
    let read = plan(&format!("{text}exit_function: {{ function_type: stop_loss_take_profit }}\n"));
    assert_eq!((read.exit.rule.as_str(), read.exit.timeframe), ("stop_loss_take_profit", Timeframe::Min15));
    assert!(read.exit.parameters.is_empty());
}

#[test]
fn a_plan_without_a_target_has_none() {
    assert_eq!(plan(&GOOD.replace("take_profit: 185.00\n", "")).take_profit, None);
    assert_eq!(plan(&GOOD.replace("185.00", "null")).take_profit, None);
}

#[test]
fn tickers_that_yaml_takes_for_truth_stay_tickers() {
    for ticker in ["ON", "NO", "TRUE", "Y", "BRK B", "BRK.B", "7203", "0700"] {
        assert_eq!(plan(&GOOD.replace("symbol: AAPL", &format!("symbol: {ticker}"))).symbol.as_str(), ticker);
    }
}

#[test]
fn byte_order_mark_carriage_returns_and_a_document_start_change_nothing() {
    let expected = plan(GOOD);
    assert_eq!(plan(&format!("\u{feff}{GOOD}")), expected);
    assert_eq!(plan(&GOOD.replace('\n', "\r\n")), expected);
    assert_eq!(plan(&format!("---\n{GOOD}...\n")), expected);
    assert_eq!(plan(GOOD.trim_end()), expected);
}

#[test]
fn a_parameter_is_a_number_a_text_or_a_truth() {
    let text = "parameters: { a: 0.1, b: \"0.1\", c: true, d: \"true\", e: 5min, f: \"5 min\", g: swing }";
    let error = told(&GOOD.replace("parameters: { threshold: 180.50 }", text));
    assert!(error.contains("`5min` is not a number"), "{error}");
    let read = plan(&GOOD.replace("parameters: { threshold: 180.50 }", &text.replace("e: 5min, ", "")));
    let tenth = Param::Number(d("0.1"));
    let text = |word: &str| Param::Text(word.into());
    let expected = [tenth.clone(), tenth, Param::Flag(true), text("true"), text("5 min"), text("swing")];
    assert_eq!(read.entry.parameters.into_values().collect::<Vec<_>>(), expected);
}

#[test]
fn the_good_ones_of_a_list_are_there_beside_the_bad_one() {
    let item = |id: &str, stop: &str| {
        let text = GOOD.replace("AAPL_20250815_001", id).replace("178.00", stop);
        format!("- {}\n", text.trim_end().replace('\n', "\n  "))
    };
    let document = read_text(&[item("A", "178.00"), item("B", "oops"), item("C", "179")].concat());
    let names: Vec<&str> = document.plans.iter().map(|sourced| sourced.plan.id.as_str()).collect();
    assert_eq!(names, ["A", "C"]);
    assert!(!document.is_good());
    assert_eq!(
        (document.problems.len(), document.problems[0].line, document.problems[0].column),
        (1, 18, 14)
    );
}

#[test]
fn a_doubtful_text_gives_no_plan_at_all() {
    let document = read_text(&format!("{GOOD}symbol: MSFT\n"));
    assert!(document.plans.is_empty());
}

#[test]
fn a_rules_problem_is_shown_at_its_parameter() {
    let document = read_text(GOOD);
    let source = &document.plans[0].source;
    let path = "exit_function.parameters.trail_percent";
    let problem =
        source.problem("R001", Severity::Error, path, "trail_percent is at most 1", Some("write 1".into()));
    assert_eq!((problem.line, problem.column), (14, 32));
    insta::assert_snapshot!(problem.rendered, @r"
    error[R001]: trail_percent is at most 1
      --> plans/aapl.yaml:14:32
    14 |   parameters: { trail_percent: 2.0, activation_threshold: 1.0 }
       |                                ^^^
       = help: write 1
    ");
    let unknown = source.problem_at_name("R002", Severity::Warning, path, "no such parameter", None);
    insta::assert_snapshot!(unknown.rendered, @r"
    warning[R002]: no such parameter
      --> plans/aapl.yaml:14:17
    14 |   parameters: { trail_percent: 2.0, activation_threshold: 1.0 }
       |                 ^^^^^^^^^^^^^
    ");
}

#[test]
fn what_is_not_in_the_file_is_shown_at_its_nearest_parent() {
    let document = read_text(GOOD);
    let source = &document.plans[0].source;
    let at = |path: &str| {
        let problem = source.problem("R001", Severity::Error, path, "message", None);
        (problem.line, problem.column)
    };
    assert_eq!(at("entry_function.parameters.min_volume"), (10, 3));
    assert_eq!(at("entry_function.function_type"), (8, 18));
    assert_eq!(at("contract.currency"), (1, 10), "the plan itself");
}

#[test]
fn a_hundred_problems_are_told_and_the_rest_is_counted() {
    let text: String = (0..150).map(|n| format!("colour_{n}: red\n")).collect();
    let document = read_text(&text);
    assert_eq!(document.problems.len(), 101);
    assert_eq!(document.problems.last().map(|problem| problem.code), Some(code::MANY_PROBLEMS));
    assert!(!document.is_good());
}

proptest! {
    /// Every problem of a mangled file stands inside of it, and reading never fails in another way.
    #[test]
    fn a_mangled_file_is_read_or_refused(at in 0usize..700, gone in 0usize..40, put in "\\PC{0,12}|[\t\r\n:{}\\[\\]&*!|>'\"%@`,#-]{0,6}") {
        let mut bytes = GOOD.as_bytes().to_vec();
        let at = at.min(bytes.len());
        let end = (at + gone).min(bytes.len());
        bytes.splice(at..end, put.bytes());
        let document = read("plans/aapl.yaml", &bytes);
        prop_assert_eq!(document.is_good() && document.plans.is_empty(), false);
        let lines = bytes.split(|byte| *byte == b'\n').count();
        for problem in &document.problems {
            prop_assert!(problem.line as usize <= lines, "{:?}", problem);
            prop_assert!(!problem.rendered.is_empty() && problem.help.is_some());
        }
    }

    /// No float touches a price: every decimal comes back as it was written.
    #[test]
    fn a_price_is_exactly_what_was_written(units in 1_000_000i64..9_000_000_000, scale in 0u32..=4) {
        let entry = Decimal::new(units, scale);
        let stop = Decimal::new(units - units / 50, scale);
        let text = GOOD.replace("entry_level: 180.50", &format!("entry_level: {entry}"))
            .replace("178.00", &stop.to_string()).replace("take_profit: 185.00\n", "");
        let read = plan(&text);
        prop_assert_eq!(read.entry_level.decimal(), entry);
        prop_assert_eq!(read.stop_loss.decimal(), stop);
    }
}

#[test]
fn hostile_texts_are_refused_and_their_messages_stay_small() {
    let full = |unit: &str| unit.repeat(65_536 / unit.len());
    let bomb: String = (1..9).map(|n| format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0}]\n", n - 1)).collect();
    let units = [
        "[",
        "{",
        "- ",
        "? ",
        "{a: ",
        "\"",
        "'",
        "&a ",
        "*a ",
        "!a ",
        "a: &a [*a]\n",
        "a\n",
        "#",
        "\t",
        "- a: b\n",
    ];
    let more =
        ["---\n", "%TAG ! x\n", "a: |\n ", "\u{202e}", "\0", "a: b\n", "0", ": ", "<<: *a\n", "é: é\n", "\r"];
    let hostile = units.iter().chain(&more).map(|unit| full(unit)).chain([format!("a0: &a0 x\n{bomb}")]);
    for text in hostile {
        let document = read_text(&text);
        let start: String = text.chars().take(20).collect();
        assert!(!document.is_good() && document.plans.is_empty(), "{start:?}");
        for problem in &document.problems {
            assert!(problem.rendered.len() < 4_000, "{start:?}: {} bytes", problem.rendered.len());
            assert!(
                problem.message.len() < 500 && !problem.message.contains(['\n', '\u{202e}', '\0']),
                "{start:?}"
            );
        }
    }
}
