use std::fmt::Write as _;
use std::sync::Arc;

use super::super::ast::{Atom, NodeKind};
use super::super::def::{AlertOn, ExpectDef, SeverityDef, SurgeTrigger};
use super::super::ruleset::Ruleset;
use super::*;
use crate::model::{Lang, Severity};

fn load(text: &str) -> RuleFiles {
    load_sources(vec![Source::new(SourceId(0), "rules/a.toml", text)])
}

fn codes_of(files: &RuleFiles) -> Vec<&'static str> {
    files.report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

const EVERYTHING: &str = r##"
    [concept.russia]
    any = ["Gazprom", "@names"]
    it = ["~russo", "=Mosca", "Federazione russa"]
    ru = ["росси*"]
    note = "the state, not the city"

    [concept.names]
    any = ["Lavrov"]

    [[topic]]
    id = "russia-china"
    name = "Russia and China"
    labels = { desk = "asia" }
    owner = "desk@example.org"
    note = "reviewed every month"
    enabled = false
    match = """
    (@russia NEAR/30 中国)
    AND missile"""
    except = 'title:("box office" OR videogioco)'
    threshold = 25
    score = [
      { when = 'title:@russia', add = 20 },
      { when = 'missile', add = 5, each = true, max = 20 },
      { when = 'calcio', add = -30 },
    ]
    severity = { high = 40, notice = 25 }

    [topic.where]
    languages = ["it", "ru"]
    sources = ["*.example.org"]
    exclude_sources = ["blog.example.org"]
    feed_labels = { country = "it" }
    max_age = "48h"
    min_words = 20

    [topic.story]
    window = "24h"
    alert_on = ["first", "new_language", "10_sources", "every", "changed", "severity"]

    [[topic.test]]
    name = "a fly is not a city"
    lang = "it"
    title = "La mosca della frutta"
    summary = "s"
    body = "b"
    url = "https://example.org/1"
    source = "example.org"
    expect = { match = false, min_score = 3, concepts = ["russia", "@names"], failed = "NEAR/30" }

    [[topic.test]]
    title = "t"
    expect = { match = true, severity = "high" }

    [[surge]]
    topics = ["russia-china"]
    count = "languages"
    window = "6h"
    min = 4

    [[surge]]
    topics = ["russia-china"]
    count = "stories"
    window = "6h"
    baseline = { window = "14d", zscore = 3, min = 4 }
"##;

#[test]
fn every_key_is_read() {
    let files = load(EVERYTHING);
    assert_eq!(codes_of(&files), [] as [&str; 0], "{}", files.report);
    let russia = &files.concepts["russia"];
    assert_eq!(russia.note.as_deref(), Some("the state, not the city"));
    let it: Vec<String> = russia.lists[&Lang::parse("it").unwrap()].iter().map(ToString::to_string).collect();
    assert_eq!(it, ["~russo", "=Mosca", "\"Federazione russa\""]);
    assert!(matches!(&russia.any[1].kind, NodeKind::Atom(Atom::Concept(name)) if name == "names"));

    let topic = &files.topics[0];
    assert_eq!((topic.id.as_str(), topic.name.as_str(), topic.enabled), ("russia-china", "Russia and China", false));
    assert_eq!(topic.matches.as_ref().unwrap().to_string(), "@russia NEAR/30 中国 AND missile");
    assert_eq!(topic.except.as_ref().unwrap().to_string(), "title:(\"box office\" OR videogioco)");
    assert_eq!(topic.threshold, Some(25));
    let score: Vec<_> = topic.score.iter().map(|part| (part.add, part.each, part.max)).collect();
    assert_eq!(score, [(20, false, None), (5, true, Some(20)), (-30, false, None)]);
    assert_eq!(topic.severity, SeverityDef::ByScore(vec![(Severity::Notice, 25), (Severity::High, 40)]));
    let filter = topic.filter.as_ref().unwrap();
    assert_eq!(filter.max_age, Some(Duration::from_secs(48 * 3600)));
    assert_eq!(filter.min_words, Some(20));
    assert_eq!(filter.languages.len(), 2);
    assert!(filter.sources[0].fits("www.example.org"));
    assert_eq!(filter.exclude_sources[0].as_str(), "blog.example.org");
    assert_eq!(filter.feed_labels["country"], "it");
    assert_eq!(topic.labels["desk"], "asia");
    assert_eq!(topic.owner.as_deref(), Some("desk@example.org"));
    assert_eq!(topic.note.as_deref(), Some("reviewed every month"));
    let story = topic.story.as_ref().unwrap();
    assert_eq!(story.window, Duration::from_secs(86_400));
    assert_eq!(
        story.alert_on,
        [
            AlertOn::First,
            AlertOn::NewLanguage,
            AlertOn::Sources(10),
            AlertOn::Every,
            AlertOn::Changed,
            AlertOn::Severity
        ]
    );
    let [first, second] = topic.tests.as_slice() else { panic!("{:?}", topic.tests) };
    assert_eq!((first.name.as_str(), second.name.as_str()), ("a fly is not a city", "test 2"));
    assert_eq!(first.expect.concepts, ["russia", "names"]);
    assert_eq!(first.expect.failed.as_deref(), Some("NEAR/30"));
    let expected = ExpectDef { matches: Some(true), severity: Some(Severity::High), ..ExpectDef::default() };
    assert_eq!(second.expect, expected);
    assert_eq!(files.surges[0].trigger, SurgeTrigger::Min(4));
    let past = Duration::from_secs(14 * 86_400);
    assert_eq!(files.surges[1].trigger, SurgeTrigger::Baseline { window: past, zscore: 3.0, min: 4 });
}

#[test]
fn what_is_not_written_has_its_default() {
    let files = load("[[topic]]\nid = \"a\"\nmatch = \"missile\"\n");
    let topic = &files.topics[0];
    assert_eq!(topic.name, "a");
    assert!(topic.enabled && topic.threshold.is_none() && topic.score.is_empty());
    assert_eq!(topic.severity, SeverityDef::Fixed(Severity::Notice));
    assert_eq!((&topic.filter, &topic.story), (&None, &None));
    let topic = Arc::clone(&Ruleset::compile(files.clone()).0.unwrap().topics()[0]);
    assert_eq!(topic.story_window, Duration::from_secs(72 * 3600));
    assert!(!topic.alert_on_every && !topic.alert_on_changed);
    assert_eq!(codes_of(&files), ["W101"]);
}

#[test]
fn a_place_in_a_query_is_a_place_in_the_file_whatever_the_quotes() {
    for toml in [
        "'россия OR (китай AND сша'",
        "\"\\u0440оссия OR (китай AND сша\"",
        "'''\nроссия\nOR (китай AND сша'''",
        "\"\"\"\\\n  россия OR (китай AND сша\"\"\"",
    ] {
        let text = format!("[[topic]]\nid = \"a\"\nmatch = {toml}\n");
        let files = load(&text);
        let found = files.report.diagnostics.iter().find(|found| found.code == "E105").unwrap();
        assert_eq!(&text[found.labels[0].span.range()], "(", "{toml}");
    }
}

#[test]
fn concepts_and_topics_are_found_in_other_files_and_duplicates_point_at_both() {
    let file = |id: u32, name: &str, text: &str| Source::new(SourceId(id), name, text);
    let files = load_sources(vec![
        file(0, "a.toml", "[[topic]]\nid = \"a\"\nmatch = \"@c OR #b\"\n"),
        file(1, "b.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"y\"\n"),
    ]);
    assert!(!files.report.has_errors(), "{}", files.report);
    let files = load_sources(vec![
        file(0, "a.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"@c\"\n"),
        file(1, "b.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"y\"\n"),
    ]);
    for code in ["E150", "E151"] {
        let found = files.report.diagnostics.iter().find(|found| found.code == code).unwrap();
        let places: Vec<u32> = found.labels.iter().map(|label| label.span.source.0).collect();
        assert_eq!(places, [1, 0], "{code}");
    }
}

#[test]
fn folders_are_read_at_every_depth_in_order_and_each_file_once() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("b.toml", "[[topic]]\nid = \"b\"\nmatch = \"@c\"\n");
    write("a/z.toml", "[[topic]]\nid = \"z\"\nmatch = \"z\"\n");
    write("lexicon/c.toml", "[concept.c]\nany = [\"x\"]\n[concept.unused]\nany = [\"x\"]\n");
    write(".hidden/x.toml", "not toml");
    write(".swap.toml", "not toml");
    write("notes.txt", "not toml");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
    let files = load_paths(&[folder.path().to_path_buf(), folder.path().join("b.toml")]);
    assert!(!files.report.has_errors(), "{}", files.report);
    let ids: Vec<&str> = files.topics.iter().map(|topic| topic.id.as_str()).collect();
    assert_eq!(ids, ["z", "b"]);
    assert!(files.concepts.contains_key("c"));
    assert_eq!(codes_of(&files), ["W101", "W101"], "a lexicon need not be used whole");
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let empty = load_paths(&[folder.path().to_path_buf()]);
    assert_eq!(codes_of(&empty), ["W111"]);
    let missing = load_paths(&[folder.path().join("none.toml"), folder.path().join("nothing")]);
    assert_eq!(codes_of(&missing), ["E007", "E007"]);
    std::fs::write(folder.path().join("latin1.toml"), b"[[topic]]\nid = \"caff\xe8\"\n").unwrap();
    std::fs::write(folder.path().join("good.toml"), "[[topic]]\nid = \"a\"\nmatch = \"x\"\n").unwrap();
    let files = load_paths(&[folder.path().to_path_buf()]);
    assert_eq!(codes_of(&files), ["W101", "E007"]);
    assert_eq!(files.topics.len(), 1);
}

#[test]
fn five_thousand_names_that_nothing_defines_are_reported_in_good_time() {
    let mut text = String::new();
    for index in 0..5000 {
        writeln!(text, "[[topic]]\nid = \"topic-{index}\"\nmatch = \"@missing-{index} OR #none-{index}\"").unwrap();
    }
    let files = load(&text);
    assert_eq!(files.report.diagnostics.iter().filter(|found| found.code == "E152").count(), 5000);
    assert_eq!(files.topics.len(), 5000);
}

#[test]
fn a_circle_of_ten_thousand_concepts_is_found_without_recursion() {
    let mut text = String::from("[[topic]]\nid = \"t\"\nmatch = \"@c0\"\nwhere = { languages = [\"it\"] }\n");
    for index in 0..10_000 {
        writeln!(text, "[concept.c{index}]\nen = [\"@c{}\"]", (index + 1) % 10_000).unwrap();
    }
    let files = load(&text);
    assert_eq!(files.report.diagnostics.iter().filter(|found| found.code == "E154").count(), 1);
}

#[test]
fn of_a_large_file_read_in_pieces_the_same_is_said_as_of_the_whole() {
    let mut text = String::from("[concept.\"россия\"]\nru = ['росси*']\n");
    for index in 0..8_000 {
        let query = match index % 1_000 {
            0 => "(missile",
            1 => "@руссия AND 导弹",
            2 => "#t5 AND #none",
            3 => "missile OR Missile",
            _ => "@россия AND صاروخ AND missile AND \\\"iron dome\\\"",
        };
        let (id, owner) = (index - usize::from(index == 7_000), if index % 900 == 0 { "ownr" } else { "owner" });
        write!(text, "[[topic]]\nid = \"t{id}\"\nmatch = \"{query}\"\n{owner} = \"città\"\n\n").unwrap();
    }
    let source = Source::new(SourceId(0), "rules/a.toml", text.as_str());
    assert!(TomlFile::parse_in_pieces(&source, &Findings::new(), "topic").count() > 2);
    let in_pieces = load(&text);
    // What follows the topics keeps the file in one piece.
    let whole = load(&(text + "[[surge]]\ntopics = [\"t5\"]\ncount = \"stories\"\nwindow = \"1h\"\nmin = 9\n"));
    assert_eq!(whole.surges.len(), 1);
    assert_eq!(in_pieces.topics, whole.topics);
    assert_eq!(in_pieces.report.diagnostics, whole.report.diagnostics);
    let said = codes_of(&in_pieces);
    assert!(["E002", "E105", "E150", "E152", "E153", "W106"].iter().all(|code| said.contains(code)), "{said:?}");
    assert!(!said.contains(&"E001"));
}

#[test]
fn regular_expressions_without_end_are_an_error_and_take_no_memory() {
    let topics = |count: usize, regex: &dyn Fn(usize) -> String| -> String {
        (0..count).map(|at| format!("[[topic]]\nid = 't{at}'\nmatch = '/{}/'\n", regex(at))).collect()
    };
    let errors = |text: String| -> Vec<String> {
        let files = load_sources(vec![Source::new(SourceId(0), "a.toml", text)]);
        files.report.diagnostics.iter().filter(|found| found.is_error()).map(|found| found.title.clone()).collect()
    };
    let many = errors(topics(700, &|at| format!("\\w{{6}}x{at}")));
    assert_eq!(many, ["these rules have more regular expressions than can be kept in memory"]);
    assert!(errors(topics(3000, &|at| format!("[Ss]-?{at}"))).is_empty());
    // One that stands in many topics is one.
    assert!(errors(topics(10_000, &|_| "[Ss]-?400".to_owned())).is_empty());
}

fn help_of(files: &RuleFiles, code: &str) -> Vec<String> {
    let found = files.report.diagnostics.iter().filter(|found| found.code == code);
    found.flat_map(|found| found.help.clone()).collect()
}

#[test]
fn one_slip_in_a_file_brings_no_second_finding() {
    const TEST: &str = "[[topic.test]]\ntitle = \"a\"\nexpect = { match = true }\n";
    for (text, code) in [
        ("[[topic]]\nid = \"t\"\nmatch = \"a\"\n[[topic.tests]]\ntitle = \"a\"\n".to_owned(), "E002"),
        (format!("[[concept.x]]\nen = [\"a\"]\n[[topic]]\nid = \"t\"\nmatch = \"@x\"\n{TEST}"), "E003"),
        (format!("[concept.russia]\nen = [\"a\"]\n[[topic]]\nid = \"t\"\nmatch = \"@russai\"\n{TEST}"), "E152"),
        (
            format!(
                "[[topic]]\nid = \"t\"\nmatch = \"a\"\nscore = [{{ when = \"b\", add = 3, each = \"true\", max = 9 }}]\n{TEST}"
            ),
            "E003",
        ),
        (format!("[[topic]]\nid = \"t\"\nmatch = '\"a OR \"b\" AND c'\n{TEST}"), "E104"),
        ("[ [topic] ]\nid = \"t\"\nmatch = \"a\"\n".to_owned(), "E001"),
        ("［［topic］］\nid = \"t\"\nmatch = \"a\"\n".to_owned(), "E001"),
    ] {
        let files = load(&text);
        assert_eq!(codes_of(&files), [code], "{text}\n{}", files.report);
    }
}

#[test]
fn advice_fits_the_place_in_the_file() {
    for (line, code, right) in [
        ("except = \"NOT b\"", "E118", "leave NOT out"),
        ("except = \"-b\"", "E118", "leave NOT out"),
        ("where = { max_age = \"1M\" }", "E004", "\"30d\""),
        ("where = { max_age = \"2 mesi\" }", "E004", "\"60d\""),
        ("test = [{ title = \"a\", expect = {match=yes} }]", "E001", "write true"),
        ("test = ［{ title = \"a\", expect = { match = true } }］", "E001", "write `[` and `]`"),
        ("[ [topic.test] ]", "E001", "write `[[topic.test]]`"),
    ] {
        let files = load(&format!("[[topic]]\nid = \"t\"\nmatch = \"a\"\n{line}\n"));
        let help = help_of(&files, code);
        assert!(help.iter().any(|help| help.contains(right)), "{line}: {}", files.report);
    }
}

#[test]
fn a_list_under_a_code_that_is_a_country_is_told_where_its_letters_show_it() {
    let findings = |lists: &str| {
        let text = format!("[concept.x]\n{lists}\n");
        help_of(&load(&text), "W117")
    };
    for (lists, right) in [
        ("kr = [\"미사일\", \"THAAD\"]", "`ko`"),
        ("tw = [\"飛彈\"]", "`zh`"),
        ("se = [\"försvar\", \"robot\"]", "`sv`"),
        ("en = [\"导弹\"]", "`zh`"),
        ("ru = [\"صاروخ\"]", "`ar`"),
    ] {
        assert!(findings(lists).iter().any(|help| help.contains(right)), "{lists}: {:?}", findings(lists));
    }
    for lists in [
        "ko = [\"미사일\"]",
        "ko = [\"THAAD\"]",
        "ja = [\"弾道弾\", \"ミサイル\"]",
        "zh = [\"NATO\", \"北约\"]",
        "ru = [\"F-35\", \"ракет*\"]",
        "sr = [\"raket*\"]",
        "sr = [\"ракет*\"]",
        "se = [\"ráketa\", \"soahti\"]",
        "os = [\"ракетæ\"]",
        "kr = []",
    ] {
        assert_eq!(findings(lists), [] as [&str; 0], "{lists}");
    }
}
