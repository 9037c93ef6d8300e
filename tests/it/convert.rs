//! Other products' queries become rules: what comes out, what is said about it, and that it always loads.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use proptest::prelude::*;
use vedetta::model::{Source, SourceId, Timestamp};
use vedetta::rule::convert::{Conversion, DefaultOperator, Options, Vendor, convert};
use vedetta::rule::{Circumstances, Document, Ruleset, Scratch, load_sources};

use crate::support::program;

fn document(text: &str) -> Document<'_> {
    let empty = || Cow::Borrowed("");
    let mut document = Document {
        fields: [Cow::Borrowed(text), empty(), empty(), empty(), empty(), empty(), empty()],
        lang: None,
        guess: None,
        source: empty(),
        feed: empty(),
        time: None,
    };
    document.detect(None);
    document
}

fn run(query: &str, vendor: Vendor, options: &Options) -> Conversion {
    convert(Source::new(SourceId(0), "query.txt", query), vendor, options)
}

/// Loads what came out, and says which of the texts it matches.
fn matches(toml: &str, text: &str) -> bool {
    let files = load_sources(vec![Source::new(SourceId(0), "converted.toml", toml)]);
    let (ruleset, report) = Ruleset::compile(files);
    let ruleset = ruleset.unwrap_or_else(|| panic!("{report}\n{toml}"));
    let here = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    !ruleset.scan(&mut Scratch::default(), &document(text), here).hits.is_empty()
}

fn strings(table: &toml::Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    list.iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn check(vendor: Vendor, case: &toml::Table) -> Vec<String> {
    let query = case["query"].as_str().unwrap();
    let default_operator = if case.contains_key("default") { DefaultOperator::And } else { DefaultOperator::Or };
    let conversion = run(query, vendor, &Options { default_operator, ..Options::default() });
    let said = conversion.report.to_string();
    let mut wrong = Vec::new();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            wrong.push(format!("{vendor:?} `{query}`: {what}\n  expected {expected}\n  found    {found}\n{said}\n"));
        }
    };
    let codes: BTreeSet<&str> = conversion.report.diagnostics.iter().map(|found| found.code).collect();
    if let Some(errors) = case.get("errors") {
        let errors: Vec<&str> = errors.as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
        let found: Vec<&str> = codes.iter().copied().filter(|code| code.starts_with('E')).collect();
        differ("errors", errors.join(" "), found.join(" "));
        differ("topics", "0".into(), conversion.topics.len().to_string());
        if let Some(first) = conversion.report.diagnostics.iter().find(|found| found.is_error()) {
            let place = query.get(first.labels[0].span.range()).unwrap_or("").to_owned();
            differ("place of the error", case["at"].as_str().unwrap().into(), place);
        }
        return wrong;
    }
    let Some(topic) = conversion.topics.first() else {
        differ("a topic", case["match"].to_string(), "none".into());
        return wrong;
    };
    differ("match", case["match"].as_str().unwrap().into(), topic.query.clone());
    differ("codes", strings(case, "codes").join(" "), codes.into_iter().collect::<Vec<_>>().join(" "));
    let languages: Vec<String> = topic.languages.iter().map(ToString::to_string).collect();
    differ("languages", strings(case, "languages").join(" "), languages.join(" "));
    let words = case.get("min_words").and_then(toml::Value::as_integer).map(|words| words.to_string());
    differ("min_words", words.unwrap_or_default(), topic.min_words.map(|n| n.to_string()).unwrap_or_default());
    for (key, wanted) in [("yes", true), ("no", false)] {
        for text in strings(case, key) {
            differ(&text, wanted.to_string(), matches(&conversion.toml, &text).to_string());
        }
    }
    wrong
}

#[test]
fn every_vendor_query_becomes_the_rule_that_was_agreed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/convert");
    let mut wrong = Vec::new();
    let mut count = 0;
    for vendor in Vendor::ALL {
        let path = folder.join(format!("{}.toml", vendor.name().to_lowercase()));
        let cases: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        for case in cases["case"].as_array().unwrap() {
            wrong.extend(check(vendor, case.as_table().unwrap()));
            count += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 70, "only {count} cases");
}

/// The table of each vendor in the guide: the left column converts to the right one.
#[test]
fn the_tables_of_the_guide_hold() {
    let guide = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/coming-from.md")).unwrap();
    let mut vendor = None;
    let mut rows = 0;
    let mut wrong = Vec::new();
    for (index, line) in guide.lines().enumerate() {
        if let Some(heading) = line.strip_prefix("## ") {
            vendor = Vendor::ALL.into_iter().find(|vendor| heading.starts_with(vendor.name()));
            continue;
        }
        let Some(vendor) = vendor else { continue };
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let code =
            |cell: &str| cell.strip_prefix('`').and_then(|cell| cell.strip_suffix('`')).map(|c| c.replace("\\|", "|"));
        let [theirs, ours, _] = cells.as_slice() else { continue };
        let Some(theirs) = code(theirs) else { continue };
        let conversion = run(&theirs, vendor, &Options::default());
        let found = match conversion.topics.first() {
            Some(topic) if topic.languages.is_empty() && topic.min_words.is_none() => topic.query.clone(),
            Some(_) => conversion.toml.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"),
            None => "an error".to_owned(),
        };
        let holds = match code(ours) {
            Some(ours) => found == ours || found.contains(&format!("\n{ours}")),
            None => found == "an error" && *ours == "an error",
        };
        if !holds {
            wrong.push(format!("line {}: {theirs} is said to be {ours} and is {found}", index + 1));
        }
        rows += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(rows > 40, "only {rows} rows");
}

#[test]
fn several_queries_become_several_topics_and_one_bad_one_does_not_take_the_others() {
    let text = "missile near/3 launch\nOR \"iron dome\"\n\nракета AND (пуск\n\n导弹\n";
    let options = Options { id: Some("watch".into()), name: Some("Watch".into()), ..Options::default() };
    let conversion = run(text, Vendor::Meltwater, &options);
    let ids: Vec<&str> = conversion.topics.iter().map(|topic| topic.id.as_str()).collect();
    assert_eq!(ids, ["watch-1", "watch-3"]);
    assert_eq!(conversion.topics[1].line, 6);
    assert!(conversion.report.to_string().contains("query.txt:4:12: error[E301]"), "{}", conversion.report);
    assert!(
        conversion.toml.contains("# NOT CONVERTED, from Meltwater:\n#   ракета AND (пуск\n"),
        "{}",
        conversion.toml
    );
    assert!(matches(&conversion.toml, "Launch of a missile") && matches(&conversion.toml, "试射导弹"));
    let lines = Options { one_per_line: true, ..Options::default() };
    assert_eq!(run("a AND b\nc\n", Vendor::Cision, &lines).topics.len(), 2);
    assert!(run(" \n\n", Vendor::Lexis, &Options::default()).report.has_errors());
}

#[test]
fn the_command_prints_rules_that_check_accepts_and_draws_what_changed() {
    let folder = tempfile::TempDir::new().unwrap();
    let convert = |arguments: &[&str], input: &str| {
        let mut command = program();
        command.current_dir(folder.path()).arg("convert").args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = convert(&["--from", "factiva", "--id", "tests", "--name", "Испытания"], "ракет* near5 пуск");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("--> <stdin>:1:8") && said.contains("^^^^^") && said.contains("1 change to read"), "{said}");
    std::fs::write(folder.path().join("rules.toml"), &output.stdout).unwrap();
    let check = program().current_dir(folder.path()).args(["check", "rules.toml"]).output().unwrap();
    assert_eq!(check.status.code(), Some(0), "{}", String::from_utf8_lossy(&check.stderr));
    let output = convert(&["--from", "lexis", "--format", "json"], "missile AND (launch");
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (json["findings"][0]["code"].as_str(), json["findings"][0]["column"].as_u64()),
        (Some("E301"), Some(13))
    );
    assert_eq!(convert(&["--from", "nobody"], "").status.code(), Some(2));
    assert_eq!(convert(&["--from", "lexis", "absent.txt"], "").status.code(), Some(2));
}

/// Pieces of queries as people of these products write them, and pieces that don't belong.
fn piece(vendor: Vendor) -> impl Strategy<Value = String> {
    let own: &[&str] = match vendor {
        Vendor::Factiva => &[
            "near5", "w/3", "adj", "adj2", "same", "atleast3", "hd=", "hlp=", "la=en", "wc>100", "rst=x", "tank$2",
            "/F50/", "/N5/", "%", "[", "]", "and", "or", "not",
        ],
        Vendor::Lexis => &[
            "w/5",
            "pre/3",
            "/s",
            "w/p",
            "w/seg",
            "not w/3",
            "HEADLINE(",
            "CAPS(",
            "ATLEAST3(",
            "missil!",
            "PLURAL(",
            "LENGTH > 5",
            "LANGUAGE(",
            "and not",
            "wom*n",
        ],
        Vendor::Meltwater => &[
            "near/4",
            "ONEAR",
            "title:",
            "ingress:",
            "language:it",
            "country:us",
            "{BP}",
            "^9",
            "#tag",
            "atleast3",
            "not",
        ],
        Vendor::Cision => &[
            "NEAR/4",
            "NEAR/2f",
            "w/5",
            "cs(",
            "headline(",
            "site:x.org",
            "-bank",
            "~4",
            "{NATO}",
            "raw:",
            "language:en",
        ],
        Vendor::Lucene => {
            &["+", "-", "!", "&&", "||", "~2", "^3", "title:", "lang:ru", "[a TO b]", "/x+y/", "\\(", "a\\:b", "*:*"]
        }
    };
    prop_oneof![
        6 => prop::sample::select(vec!["missile", "Launch", "ракета", "导弹", "صاروخ", "ミサイル", "צה\"ל", "l'accordo", "S-400", "AT&T", "U.S.", "defen?e", "missil*", "*", "and", "or", "near", "W/S", "OF", "2", "_", "'''", "\\", "C++", "🚀", "\u{200f}", "e\u{301}", "ـ", "\u{0}"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["\"iron dome\"", "“导弹 防御”", "\"воздушная тревога\"", "\"a * b\"", "\"* a\"", "\"\"", "\"...\""]).prop_map(str::to_owned),
        4 => prop::sample::select(vec!["AND", "OR", "NOT", "AND NOT"]).prop_map(str::to_owned),
        4 => prop::sample::select(vec!["(", ")"]).prop_map(str::to_owned),
        5 => prop::sample::select(own.to_vec()).prop_map(str::to_owned),
    ]
}

/// A query that reads well: terms joined by what joins.
fn sound(vendor: Vendor) -> impl Strategy<Value = String> {
    let near: &[&str] = match vendor {
        Vendor::Factiva => &["near5", "w/3", "same"],
        Vendor::Lexis => &["w/5", "pre/3", "w/p"],
        Vendor::Meltwater => &["NEAR/5", "ONEAR/3"],
        Vendor::Cision => &["w/5", "NEAR/2f"],
        Vendor::Lucene => &["&&", "||"],
    };
    let term = prop::sample::select(vec!["missile", "\"iron dome\"", "ракет*", "导弹", "صاروخ", "S-400", "defen?e"])
        .prop_map(str::to_owned);
    term.prop_recursive(4, 40, 3, move |inner| {
        prop_oneof![
            (inner.clone(), prop::sample::select(vec!["AND", "OR", "AND NOT"]), inner.clone())
                .prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            (inner.clone(), prop::sample::select(near.to_vec()), inner)
                .prop_map(|(a, near, b)| format!("({a} {near} {b})")),
        ]
    })
}

fn any_vendor() -> impl Strategy<Value = Vendor> {
    prop::sample::select(Vendor::ALL.to_vec())
}

/// What must hold whatever was typed: the rules load, there is a topic or an error, and findings point into the text.
fn holds(vendor: Vendor, text: &str) -> Result<Conversion, TestCaseError> {
    let conversion = run(text, vendor, &Options::default());
    if !conversion.topics.is_empty() {
        let files = load_sources(vec![Source::new(SourceId(0), "converted.toml", conversion.toml.as_str())]);
        let (ruleset, report) = Ruleset::compile(files);
        prop_assert!(ruleset.is_some(), "{text}\n{}\n{report}", conversion.toml);
    }
    prop_assert!(!conversion.topics.is_empty() || conversion.report.has_errors(), "{text}");
    for found in &conversion.report.diagnostics {
        for label in &found.labels {
            prop_assert!(text.get(label.span.range()).is_some(), "{text}: {found:?}");
        }
    }
    let drawn = vedetta::cli::render_report(&conversion.report, false);
    prop_assert_eq!(drawn.is_empty(), conversion.report.diagnostics.is_empty());
    Ok(conversion)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_comes_out_loads(
        (vendor, pieces) in any_vendor().prop_flat_map(|vendor| (Just(vendor), prop::collection::vec(piece(vendor), 0..14)))
    ) {
        holds(vendor, &pieces.join(" "))?;
    }

    #[test]
    fn nothing_that_is_typed_makes_it_panic(vendor in any_vendor(), text in "\\PC{0,60}") {
        holds(vendor, &text)?;
    }

    #[test]
    fn a_query_of_terms_and_operators_is_always_converted_or_says_what_it_cannot_say(
        (vendor, text) in any_vendor().prop_flat_map(|vendor| (Just(vendor), sound(vendor)))
    ) {
        let conversion = holds(vendor, &text)?;
        let wrong: Vec<_> = conversion.report.diagnostics.iter().filter(|found| found.is_error()).collect();
        prop_assert!(wrong.iter().all(|found| found.code == "E302"), "{text}: {wrong:?}");
    }
}
