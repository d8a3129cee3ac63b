use super::keys::KEYS;
use super::*;

fn d(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

fn from_file(text: &str) -> Result<Loaded, Vec<Problem>> {
    read(FILE_NAME, Some(text), &[], &Flags::default())
}

fn good(text: &str) -> Config {
    from_file(text).unwrap_or_else(|problems| panic!("{text}: {problems:?}")).config
}

fn variables(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Every problem as a person sees it.
fn told(result: Result<Loaded, Vec<Problem>>) -> String {
    let problems = match result {
        Ok(loaded) => loaded.remarks,
        Err(problems) => problems,
    };
    problems.iter().map(|problem| problem.rendered.as_str()).collect::<Vec<_>>().join("\n\n")
}

/// Code, line and column of each problem.
fn places(text: &str) -> String {
    let Err(problems) = from_file(text) else { return "good".into() };
    let place = |problem: &Problem| format!("{} {}:{}", problem.code, problem.line, problem.column);
    problems.iter().map(place).collect::<Vec<_>>().join(", ")
}

#[test]
fn without_a_file_everything_has_its_default() {
    let config = read(FILE_NAME, None, &[], &Flags::default()).expect("defaults").config;
    assert_eq!(config, Config::default());
    assert_eq!(config.limits, Limits::default());
    for empty in [
        "",
        "\n",
        "# only a remark\n",
        "---\n",
        "risk:\nbroker:\n",
        "broker:\n  connect: ~\n  client_id: null\n",
    ] {
        assert_eq!(good(empty), Config::default(), "{empty:?}");
    }
}

#[test]
fn every_key_can_be_told() {
    let config = good(
        "mode: paper
risk:
  small_risk_percent: 0.5
  normal_risk_percent: 1.25
  large_risk_percent: 2
  portfolio_risk_percent: 6
  order_value_percent: 150.5
  order_shares: 500
broker: { connect: '127.0.0.1:4002', client_id: 7, allow_remote_gateway: false }
paper:
  cash_usd: 25000.50
  speed: max
paths:
  plans: my plans
  scripts: rules
  state: /var/lib/prusik
",
    );
    let limits = Limits {
        small_risk_percent: d("0.5"),
        normal_risk_percent: d("1.25"),
        large_risk_percent: d("2"),
        portfolio_risk_percent: d("6"),
        order_value_percent: d("150.5"),
        order_shares: crate::domain::money::Qty::new(500),
    };
    let broker =
        Broker { connect: Address::parse("127.0.0.1:4002"), client_id: 7, allow_remote_gateway: false };
    let paper = Paper { cash: d("25000.50"), speed: Speed::Max };
    let paths = Paths { plans: "my plans".into(), scripts: "rules".into(), state: "/var/lib/prusik".into() };
    assert_eq!(config, Config { mode: Mode::Paper, limits, broker, paper, paths });
}

#[test]
fn flags_go_before_the_environment_before_the_file_before_the_defaults() {
    let file = "paper:\n  cash_usd: 2\n";
    let environment = variables(&[("PRUSIK_PAPER_CASH_USD", "3"), ("PRUSIK_RISK_ORDER_SHARES", "33")]);
    let flags = Flags { cash: Some("4".into()), ..Flags::default() };
    let cash = |text, environment: &[_], flags: &Flags| {
        read(FILE_NAME, text, environment, flags).expect("a good configuration").config.paper.cash
    };
    let none = Flags::default();
    assert_eq!(cash(None, &[], &none), d("100000"));
    assert_eq!(cash(Some(file), &[], &none), d("2"));
    assert_eq!(cash(Some(file), &environment, &none), d("3"));
    assert_eq!(cash(Some(file), &environment, &flags), d("4"));
}

#[test]
fn every_key_has_a_variable() {
    for key in &KEYS {
        let value = (key.show)(&good("paper: { speed: 7 }\nbroker: { connect: 'localhost:1' }\n"));
        let environment = [(key.variable(), value.expect("every key is set"))];
        let loaded = read(FILE_NAME, None, &environment, &Flags::default());
        assert_eq!(loaded.expect(key.path).remarks, [], "{}", key.path);
    }
    let unset =
        variables(&[("PRUSIK_BROKER_CONNECT", ""), ("PRUSIK_DISCORD_WEBHOOK", "x"), ("PATH", "/bin")]);
    let loaded = read(FILE_NAME, None, &unset, &Flags::default()).expect("nothing was said");
    assert_eq!(loaded, Loaded { config: Config::default(), remarks: vec![] });
}

#[test]
fn every_flag_names_a_key() {
    let some = |text: &str| Some(text.to_owned());
    let flags = Flags {
        mode: some("paper"),
        connect: some("example.com:4002"),
        client_id: some("9"),
        allow_remote_gateway: some("true"),
        cash: some("5"),
        speed: some("max"),
    };
    let config = read(FILE_NAME, None, &[], &flags).expect("good flags").config;
    assert_eq!(config.broker.connect.expect("an address").to_string(), "example.com:4002");
    assert_eq!((config.broker.client_id, config.paper.speed), (9, Speed::Max));
}

#[test]
fn all_problems_of_a_file_are_told_at_once_with_their_places() {
    insta::assert_snapshot!(told(from_file(
        "mode: live
risk:
  portfolio_risk_procent: 10
  large_risk_percent: 3%
  order_shares: 0
  order_shares: 5
brokers:
  connect: 1
broker:
  client_id: [1]
  connect: 192.168.1.5:4002
paper: 100
cash_usd: 5
"
    )), @r"
    error[C008]: live trading does not exist yet
     --> prusik.yaml:1:7
    1 | mode: live
      |       ^^^^
      = help: write `mode: paper`, or leave it out

    error[C003]: unknown key `portfolio_risk_procent`
     --> prusik.yaml:3:3
    3 |   portfolio_risk_procent: 10
      |   ^^^^^^^^^^^^^^^^^^^^^^
      = help: did you mean `portfolio_risk_percent`?

    error[C005]: `3%` is not a number like 2 or 2.5
     --> prusik.yaml:4:23
    4 |   large_risk_percent: 3%
      |                       ^^
      = help: `large_risk_percent` is what a `large` plan may lose, in percent of the account: above 0, at most 100

    error[C006]: `order_shares` 0 is out of range
     --> prusik.yaml:5:17
    5 |   order_shares: 0
      |                 ^
      = help: `order_shares` is the largest order, in shares: 1 to 1000000

    error[C004]: `order_shares` stands here twice
     --> prusik.yaml:6:3
    6 |   order_shares: 5
      |   ^^^^^^^^^^^^
      = help: keep one of them

    error[C003]: unknown key `brokers`
     --> prusik.yaml:7:1
    7 | brokers:
      | ^^^^^^^
      = help: did you mean `broker`?

    error[C005]: `client_id` takes one value
      --> prusik.yaml:10:14
    10 |   client_id: [1]
       |              ^^^
       = help: `client_id` is prusik's number at the gateway: 1 to 999999

    error[C007]: the gateway at 192.168.1.5:4002 is not on this machine
      --> prusik.yaml:11:12
    11 |   connect: 192.168.1.5:4002
       |            ^^^^^^^^^^^^^^^^
       = help: its port gives full control of the account: use an SSH tunnel to 127.0.0.1, or say `allow_remote_gateway: true` in the section broker

    error[C005]: `paper` is a section, not a value
      --> prusik.yaml:12:8
    12 | paper: 100
       |        ^^^
       = help: write its keys below it, indented: cash_usd, speed

    error[C003]: unknown key `cash_usd`
      --> prusik.yaml:13:1
    13 | cash_usd: 5
       | ^^^^^^^^
       = help: `cash_usd` stands in the section `paper`
    ");
}

#[test]
fn a_variable_and_a_flag_are_told_by_their_names() {
    let environment = variables(&[
        ("PRUSIK_RISK_LARGE_RISK_PERCENT", "300"),
        ("PRUSIK_RISK_LARGE_RISK_PERCENTS", "3"),
        ("PRUSIK_DISCORD_WEBHOK", "https://discord.com/api/webhooks/1/canary"),
    ]);
    let flags = Flags { connect: Some("gateway:4002".into()), mode: Some("live".into()), ..Flags::default() };
    insta::assert_snapshot!(told(read(FILE_NAME, None, &environment, &flags)), @r"
    warning[C009]: this variable is not one of prusik's and has no effect
    --> $PRUSIK_DISCORD_WEBHOK
     = help: did you mean PRUSIK_DISCORD_WEBHOOK?

    error[C006]: `large_risk_percent` 300 is out of range
    --> $PRUSIK_RISK_LARGE_RISK_PERCENT
     = help: `large_risk_percent` is what a `large` plan may lose, in percent of the account: above 0, at most 100

    warning[C009]: this variable is not one of prusik's and has no effect
    --> $PRUSIK_RISK_LARGE_RISK_PERCENTS
     = help: did you mean PRUSIK_RISK_LARGE_RISK_PERCENT?

    error[C008]: live trading does not exist yet
    --> --live
     = help: write `mode: paper`, or leave it out

    error[C007]: the gateway at gateway:4002 is not on this machine
    --> --connect
     = help: its port gives full control of the account: use an SSH tunnel to 127.0.0.1, or say `allow_remote_gateway: true` in the section broker
    ");
}

#[test]
fn a_misspelt_variable_warns_and_stops_nothing() {
    let environment = variables(&[("PRUSIK_RISK_ORDER_SHARE", "5")]);
    let loaded = read(FILE_NAME, None, &environment, &Flags::default()).expect("only a warning");
    assert_eq!(loaded.remarks.len(), 1);
    assert_eq!(
        (loaded.remarks[0].code, loaded.remarks[0].severity),
        (code::UNKNOWN_VARIABLE, Severity::Warning)
    );
}

#[test]
fn a_number_holds_to_its_range() {
    for key in ["small_risk_percent", "normal_risk_percent", "large_risk_percent", "portfolio_risk_percent"] {
        let of = |value: &str| places(&format!("risk:\n  {key}: {value}\n"));
        for inside in ["0.0001", "1", "100", "100.0", "'2.5'"] {
            assert_eq!(of(inside), "good", "{key}: {inside}");
        }
        for outside in ["0", "-1", "100.01", "99999999999999999999999999999999"] {
            assert!(of(outside).starts_with("C006 2:"), "{key}: {outside}: {}", of(outside));
        }
        for other in ["1e1", "1_0", "0x1", ".5", "5.", "1.2.3", "ten", "10 %", "yes", ".inf", "[1]", "{a: 1}"]
        {
            assert!(of(other).starts_with("C005 2:"), "{key}: {other}: {}", of(other));
        }
    }
    let ranges = [
        ("risk", "order_value_percent", "1000", "1000.01"),
        ("risk", "order_shares", "1", "0"),
        ("risk", "order_shares", "1000000", "1000001"),
        ("broker", "client_id", "1", "0"),
        ("broker", "client_id", "999999", "1000000"),
        ("paper", "cash_usd", "1000000000", "1000000000.01"),
        ("paper", "speed", "1", "0"),
        ("paper", "speed", "1000000", "4294967296"),
    ];
    for (section, key, inside, outside) in ranges {
        assert_eq!(places(&format!("{section}:\n  {key}: {inside}\n")), "good", "{key}: {inside}");
        let place = format!("C006 2:{}", key.len() + 5);
        assert_eq!(places(&format!("{section}:\n  {key}: {outside}\n")), place, "{key}: {outside}");
    }
    assert!(places("risk:\n  order_shares: 1.5\n").starts_with("C005"));
    assert!(places("broker:\n  allow_remote_gateway: yes\n").starts_with("C005"));
}

#[test]
fn decimals_are_read_from_the_text_and_never_through_a_float() {
    let config = good("risk:\n  small_risk_percent: 0.1000000000000000055\n");
    assert_eq!(config.limits.small_risk_percent.to_string(), "0.1000000000000000055");
}

#[test]
fn another_machines_gateway_needs_a_word() {
    for (connect, allowed) in [
        ("127.0.0.1:4002", true),
        ("127.8.0.1:4002", true),
        ("localhost:7497", true),
        ("'[::1]:4002'", true),
        ("10.0.0.5:4002", false),
        ("gateway.example.com:4001", false),
        ("'[fe80::1]:4002'", false),
        ("0.0.0.0:4002", false),
        ("localhost.example.com:4002", false),
    ] {
        let file = format!("broker:\n  connect: {connect}\n");
        assert_eq!(places(&file), if allowed { "good" } else { "C007 2:12" }, "{connect}");
        assert_eq!(places(&format!("{file}  allow_remote_gateway: true\n")), "good", "{connect}");
    }
}

#[test]
fn an_address_is_a_host_and_a_port() {
    for bad in [
        "",
        "localhost",
        ":4002",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "a b:1",
        "::1:4002",
        "http://a:1",
        "[x]:1",
    ] {
        assert_eq!(Address::parse(bad), None, "{bad}");
    }
    let address = Address::parse("[::1]:4002").expect("an address");
    assert_eq!((address.host(), address.port(), address.to_string()), ("::1", 4002, "[::1]:4002".into()));
}

#[test]
fn what_is_no_configuration_is_refused_where_it_stands() {
    insta::assert_snapshot!(told(from_file("risk: &limits\n  order_shares: !!int 5\npaper: *limits\n")), @r"
    error[C010]: an anchor, and a configuration has none
     --> prusik.yaml:1:7
    1 | risk: &limits
      |       ^^^^^^^
      = help: write the value itself

    error[C010]: a YAML tag, and a configuration has none
     --> prusik.yaml:2:17
    2 |   order_shares: !!int 5
      |                 ^^^^^
      = help: write the value itself

    error[C010]: an alias, and a configuration has none
     --> prusik.yaml:3:8
    3 | paper: *limits
      |        ^^^^^^^
      = help: write the value itself
    ");
    assert_eq!(places("risk:\n\torder_shares: 5\n"), "C002 2:1");
    assert_eq!(places("mode: paper\n---\nmode: paper\n"), "C010 2:1");
    assert_eq!(places("- mode: paper\n"), "C005 1:1");
    assert_eq!(places("mode: {paper: 1}\n"), "C005 1:1");
    assert_eq!(places("broker.connect: localhost:4002\n"), "C003 1:1");
    assert_eq!(places("ä: 1\nrisk: {ö: [1, {x: 2}], order_shares: 0}\n"), "C003 1:1, C003 2:8, C006 2:38");
    assert!(places(&format!("mode: {}", "[".repeat(100))).starts_with("C00"));
    assert!(places(&"x: 1\n".repeat(3_000)).contains("C010"));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_repeated() {
    let url = "https://discord.com/api/webhooks/1/canary";
    for file in [
        format!("discord_webhook: {url}\n"),
        format!("broker: {{ connect: \"{url}\" }}\n"),
        format!("{url}\n"),
        format!("risk: {url} # {url}\n"),
        format!("? {url}\n: 1\n"),
    ] {
        let problems = from_file(&file).expect_err("no configuration");
        assert!(!format!("{problems:?}").contains("canary"), "{problems:?}");
    }
    let told = told(from_file(&format!("discord_webhook: {url}\n")));
    assert!(told.contains("PRUSIK_DISCORD_WEBHOOK"), "{told}");
}

#[test]
fn a_folder_is_read_with_its_file_or_without() {
    let dir = tempfile::tempdir().expect("a folder");
    assert_eq!(load(dir.path(), &Flags::default()).expect("defaults").config.limits, Limits::default());

    let path = dir.path().join(FILE_NAME);
    std::fs::write(&path, "risk: { order_shares: 5 }\n").expect("a file");
    let shares = load(dir.path(), &Flags::default()).expect("a good file").config.limits.order_shares;
    assert_eq!(shares.shares(), 5);

    for bad in [vec![0xff, 0xfe], vec![b'#'; 70_000]] {
        std::fs::write(&path, bad).expect("a file");
        let problems = load(dir.path(), &Flags::default()).expect_err("unreadable");
        assert_eq!((problems[0].code, problems[0].line), (code::UNREADABLE, 0));
        assert!(problems[0].file.ends_with(FILE_NAME));
    }
}

#[cfg(feature = "cli")]
#[test]
fn the_first_file_says_the_defaults_and_reads_back_as_them() {
    let yaml = default_yaml();
    assert_eq!(good(&yaml), Config::default());
    insta::assert_snapshot!(yaml, @r"
    # prusik: risk limits, broker, paper account and folders.
    #
    # Every key may be left out; the defaults are the values below. A flag of the command line goes before the
    # environment (PRUSIK_<SECTION>_<KEY>, like PRUSIK_RISK_ORDER_SHARES), the environment before this file.
    # The Discord webhook is a secret and has no key here: set PRUSIK_DISCORD_WEBHOOK.
    #
    # mode: whether orders reach a market; paper; live does not exist yet
    # risk.small_risk_percent: what a `small` plan may lose, in percent of the account; above 0, at most 100
    # risk.normal_risk_percent: what a `normal` plan may lose, in percent of the account; above 0, at most 100
    # risk.large_risk_percent: what a `large` plan may lose, in percent of the account; above 0, at most 100
    # risk.portfolio_risk_percent: what all positions and working entries may lose together, in percent of the account; above 0, at most 100
    # risk.order_value_percent: the largest value of one order, in percent of the account; above 0, at most 1000
    # risk.order_shares: the largest order, in shares; 1 to 1000000
    # broker.connect: the gateway's host:port; none for the simulated gateway inside prusik; host:port, like 127.0.0.1:4002
    # broker.client_id: prusik's number at the gateway; 1 to 999999
    # broker.allow_remote_gateway: whether the gateway may be on another machine: its port gives full control of the account; true or false
    # paper.cash_usd: what the simulated account starts with, in US dollars; above 0, at most 1000000000
    # paper.speed: how many times as fast as the wall clock simulated time runs; 1 to 1000000, or max
    # paths.plans: the folder of the plan files; relative to the folder of this file, or absolute
    # paths.scripts: the folder of the rules; relative to the folder of this file, or absolute
    # paths.state: the folder of the journal; relative to the folder of this file, or absolute

    mode: paper
    risk:
      small_risk_percent: 1
      normal_risk_percent: 2
      large_risk_percent: 3
      portfolio_risk_percent: 10
      order_value_percent: 200
      order_shares: 10000
    broker:
      connect: null
      client_id: 1
      allow_remote_gateway: false
    paper:
      cash_usd: 100000
      speed: 60
    paths:
      plans: plans
      scripts: scripts
      state: state
    ");
}
