use super::*;

const BUDGET: Budget = Budget { nodes_max: 20, depth_max: 4, null: Null::Nothing };

/// The tree on one line, then each flaw with its place and the text it marks.
fn play(text: &str) -> String {
    let tree = parse(text, BUDGET);
    let mut lines = vec![format!("{} {:?}", spelled(&tree.root), tree.extent)];
    for Flaw { place, at, kind } in &tree.flaws {
        let marked = text.get(at.clone()).unwrap_or("").escape_debug().to_string();
        lines.push(format!("{}:{} [{marked}] {kind:?}", place.line, place.column));
    }
    lines.join("\n")
}

fn spelled(node: &Node) -> String {
    match &node.value {
        Value::Empty => "-".to_owned(),
        Value::Plain(text) => text.clone(),
        Value::Quoted(text) => format!("{text:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(spelled).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entry = |entry: &Entry| format!("{}: {}", entry.key, spelled(&entry.value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Value::Refused => "?".to_owned(),
    }
}

#[test]
fn a_value_is_the_text_it_is() {
    assert_eq!(
        play("a: NO\nb: 1_000\nc: '5'\nd:\ne: ~\nf: [1.50, null]\n"),
        "{a: NO, b: 1_000, c: \"5\", d: -, e: -, f: [1.50, -]} Whole"
    );
    let word = parse("a: null", Budget { null: Null::Word, ..BUDGET });
    assert_eq!(spelled(&word.root), "{a: null}");
    assert_eq!(play(""), "- Whole");
}

#[test]
fn a_place_counts_characters_and_a_span_bytes() {
    let text = "ä: 1\nüö: { é: x }\n";
    let tree = parse(text, BUDGET);
    let Value::Map(entries) = &tree.root.value else { panic!("{tree:?}") };
    let Value::Map(inner) = &entries[1].value.value else { panic!("{tree:?}") };
    let x = &inner[0].value;
    assert_eq!((inner[0].key_place, x.place), (Place { line: 2, column: 7 }, Place { line: 2, column: 10 }));
    assert_eq!((&text[inner[0].key_span.clone()], &text[x.span.clone()]), ("é", "x"));
}

#[test]
fn whatever_lets_a_file_mean_something_else_is_told_at_once() {
    assert_eq!(
        play("a: &x 1\nb: *x\n<<: {c: 2}\nd: !!int 3\na: 4\n? [5]\n: 6\n"),
        "{a: 1, b: ?, d: 3} Whole\n\
         1:4 [&x] Anchor(\"x\")\n\
         2:4 [*x] Alias(\"*x\")\n\
         3:1 [<<] Merge\n\
         4:4 [!!int] Tag(\"!!int\")\n\
         5:1 [a] Duplicate { key: \"a\", first: 0..1 }\n\
         6:3 [[5]] BadKey"
    );
}

#[test]
fn a_text_that_cannot_be_read_on_keeps_its_beginning() {
    assert_eq!(play("a: 1\n---\nb: 2\n"), "{a: 1} Beginning\n2:1 [---] Documents");
    let unclosed = parse("a: 1\nb: \"2\n", BUDGET);
    assert_eq!((spelled(&unclosed.root), unclosed.extent), ("{a: 1}".to_owned(), Extent::Beginning));
    let remedy = |flaw: &Flaw| matches!(flaw.kind, FlawKind::Syntax { remedy: Remedy::CloseQuote, .. });
    assert!(unclosed.flaws.iter().all(remedy), "{unclosed:?}");
    assert_eq!(play("%YAML 1.1\n---\na: 1\n").split('\n').nth(1), Some("1:1 [%] Directive"));
}

#[test]
fn a_tab_in_front_of_a_line_is_found_wherever_the_parser_gives_up() {
    assert_eq!(
        play("a:\n\tb: 1\n  \tc: 2\n").lines().skip(1).collect::<Vec<_>>(),
        ["2:1 [\\t] Tab", "3:3 [\\t] Tab"]
    );
}

#[test]
fn a_budget_is_kept() {
    let many = parse(&format!("[{}]", "1, ".repeat(30)), BUDGET);
    assert!(matches!(many.flaws.as_slice(), [Flaw { kind: FlawKind::TooMany, .. }]), "{many:?}");
    let deep = parse(&"[".repeat(1_000), BUDGET);
    assert!(matches!(deep.flaws.as_slice(), [Flaw { kind: FlawKind::TooDeep, .. }]), "{deep:?}");
    assert_eq!(deep.extent, Extent::Beginning);
}
