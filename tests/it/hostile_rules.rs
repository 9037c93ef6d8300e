//! Rule files made to hurt, by accident or on purpose: an error or a result, within bounds, on a stack of 2 MB.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use vedetta::model::{Report, Source, SourceId, Timestamp};
use vedetta::rule::{Circumstances, Document, Ruleset, Scratch, load, load_sources};

use crate::evaluators::working_time;

/// Generous, since tests run unoptimised on busy machines; quadratic work on these files takes far longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// What every thread of the daemon has at least.
const STACK_BYTES: usize = 2 << 20;

/// What is said about a file, read on a small stack and in good time.
fn compile(text: String) -> (Option<Ruleset>, Report) {
    let start = Instant::now();
    let read = move || Ruleset::compile(load_sources(vec![Source::new(SourceId(0), "rules/a.toml", text)]));
    let result = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read).unwrap().join().unwrap();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    result
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.diagnostics.iter().filter(|found| found.is_error()).map(|found| found.code).collect()
}

fn topic(query: &str) -> String {
    format!("[[topic]]\nid = \"t\"\nmatch = '''{query}'''\n")
}

#[test]
fn large_files_that_are_not_toml_are_a_hundred_errors_at_most() {
    const SIZE: usize = 300_000;
    for piece in [
        "[",
        "[[a\n",
        "a = '''\n",
        "a = \"\"\"\\\"\"\"",
        "a = [\n",
        "{",
        "a = \"x\n",
        "\"",
        "=",
        "a\n",
        "[a]\n\n",
        "\u{feff}",
        "俄\n",
        "a = [[\n[b]\n",
    ] {
        let (ruleset, report) = compile(piece.repeat(SIZE / piece.len()));
        assert!(ruleset.is_none(), "{piece:?}");
        assert!((1..=200).contains(&report.diagnostics.len()), "{piece:?}: {}", report.diagnostics.len());
    }
}

#[test]
fn twenty_thousand_topics_with_a_slip_in_one_are_read_and_the_slip_is_found() {
    let mut text = String::new();
    for index in 0..20_000 {
        let quote = if index == 10_000 { "'''\n" } else { "'" };
        writeln!(text, "[[topic]]\nid = \"t{index}\"\nmatch = {quote}missile AND word{index}'\nnote = \"x\"").unwrap();
    }
    let (ruleset, report) = compile(text.clone());
    assert!(ruleset.is_none());
    assert_eq!(codes(&report), ["E001"]);
    let (ruleset, report) = compile(text.replace("'''\n", "'"));
    assert_eq!(codes(&report), [] as [&str; 0]);
    assert_eq!(ruleset.unwrap().topics().len(), 20_000);
}

#[test]
fn queries_without_measure_are_errors() {
    for (query, code) in [
        ("(".repeat(10_000) + "a" + &")".repeat(10_000), "E129"),
        ("a".repeat(1_000_000), "E130"),
        ("a OR ".repeat(200_000) + "b", "E130"),
        ("NOT ".repeat(10_000) + "a", "E119"),
        ("title:".repeat(10_000) + "a", "E129"),
        ("a NEAR/3 ".repeat(9_000) + "b", "E129"),
    ] {
        let (ruleset, report) = compile(topic(&query));
        assert!(ruleset.is_none());
        assert!(codes(&report).contains(&code), "{code}: {:?}", codes(&report));
        assert!(report.diagnostics.len() <= 30);
    }
}

#[test]
fn lists_and_quotes_that_never_close_are_looked_at_once() {
    for (piece, count, code) in [("near(", 50, "E129"), (" 'a b", 10, "E109")] {
        let topic = |number| topic(&piece.repeat(19_000)).replace("\"t\"", &format!("\"t{number}\""));
        let (ruleset, report) = compile((0..count).map(topic).collect());
        assert!(ruleset.is_none());
        assert!(codes(&report).contains(&code), "{:?}", codes(&report));
    }
}

/// What was looked at again and again took sixteen times as long where there was four times as much.
#[test]
fn queries_of_nothing_but_slips_are_looked_at_once() {
    let read = |piece: &str, bytes: usize| {
        let query = piece.repeat(bytes / piece.len());
        let topic = |number: usize| format!("[[topic]]\nid = \"t{number}\"\nmatch = '''\n{query}\n'''\n");
        let text: String = (0..2).map(topic).collect();
        let start = working_time();
        let files = load_sources(vec![Source::new(SourceId(0), "rules/a.toml", text)]);
        let took = working_time() - start;
        assert!(files.report.has_errors() && files.report.diagnostics.len() <= 50, "{piece}");
        took
    };
    for piece in ["a] ", "[a", "【a 】 b", "\"a\n\n", "a,", "a，", "(/", "a!", "[-"] {
        let (short, long) = (read(piece, 24_000), read(piece, 95_000));
        assert!(long < 9 * short + Duration::from_millis(200), "{piece} took {short:?}, then {long:?}");
    }
}

#[test]
fn the_longest_query_and_the_deepest_nesting_hold_to_the_letter() {
    let longest = |bytes: usize| topic(&("a".repeat(bytes - 5) + " OR b"));
    assert_eq!(codes(&compile(longest(100_000)).1), [] as [&str; 0]);
    assert_eq!(codes(&compile(longest(100_001)).1), ["E130"]);
    let nested = |depth: usize| topic(&("(".repeat(depth) + "a" + &")".repeat(depth)));
    assert_eq!(codes(&compile(nested(63)).1), [] as [&str; 0]);
    assert_eq!(codes(&compile(nested(64)).1), ["E129"]);
    let near = |distance: u32| topic(&format!("a NEAR/{distance} b"));
    assert_eq!(codes(&compile(near(1000)).1), [] as [&str; 0]);
    assert_eq!(codes(&compile(near(1001)).1), ["E114"]);
    let least = |count: u32| topic(&format!("ATLEAST/{count}(a)"));
    assert_eq!(codes(&compile(least(1000)).1), [] as [&str; 0]);
    assert_eq!(codes(&compile(least(1001)).1), ["E122"]);
}

#[test]
fn a_concept_of_two_hundred_thousand_terms_is_read() {
    let mut text = String::from("[concept.many]\nany = [\n");
    for index in 0..200_000 {
        writeln!(text, "  \"word{index}\",").unwrap();
    }
    text += "]\n";
    text += &topic("@many NEAR/5 missile");
    let (ruleset, report) = compile(text);
    assert_eq!(codes(&report), [] as [&str; 0]);
    assert!(ruleset.is_some());
}

#[test]
fn concepts_in_circles_and_in_long_chains_are_errors() {
    let chain = |count: usize, last: &str| {
        let mut text = topic("@c0");
        for index in 0..count {
            writeln!(text, "[concept.c{index}]\nany = [\"@c{}\"]", index + 1).unwrap();
        }
        writeln!(text, "[concept.c{count}]\nany = [\"{last}\"]").unwrap();
        compile(text).1
    };
    assert_eq!(codes(&chain(10_000, "@c0")), ["E154"]);
    assert_eq!(codes(&chain(1, "@c1")), ["E154"]);
    assert_eq!(codes(&chain(10_000, "word")), ["E191"]);
    assert_eq!(codes(&chain(10, "word")), [] as [&str; 0]);
    // The topic counts, and so does the concept that the chain ends in.
    assert_eq!(codes(&chain(58, "word")), [] as [&str; 0]);
    assert_eq!(codes(&chain(59, "word")), ["E191"]);
}

/// Whichever of them is read first.
#[test]
fn topics_refer_to_each_other_over_sixty_steps_and_no_more() {
    let chain = |count: usize, backwards: bool| {
        let topic = |index: usize| {
            let query = if index + 1 == count { "word".to_owned() } else { format!("#t{}", index + 1) };
            format!("[[topic]]\nid = \"t{index}\"\nmatch = '{query} AND x'\n")
        };
        let mut topics: Vec<String> = (0..count).map(topic).collect();
        if backwards {
            topics.reverse();
        }
        compile(topics.concat()).1
    };
    for backwards in [false, true] {
        assert_eq!(codes(&chain(60, backwards)), [] as [&str; 0]);
        assert_eq!(codes(&chain(61, backwards)), ["E191"]);
    }
}

/// The longest chain of the deepest queries, read and evaluated on a small stack.
#[test]
fn a_chain_of_deeply_nested_topics_is_read_and_evaluated_on_a_small_stack() {
    let topics = |count: usize, last: &str| {
        let mut text = String::new();
        for index in 0..count {
            let mut query = if index + 1 == count { last.to_owned() } else { format!("#t{}", index + 1) };
            for level in 0..62 {
                let operator = if level % 2 == 0 { "AND" } else { "OR" };
                query = format!("(a{} {operator} {query})", level % 2);
            }
            writeln!(text, "[[topic]]\nid = \"t{index}\"\nmatch = '{query}'").unwrap();
        }
        text
    };
    let (_, report) = compile(topics(10, "word"));
    assert_eq!(codes(&report), ["E191"], "{report}");
    let mut text = topics(9, "@c0");
    for index in 0..51 {
        writeln!(
            text,
            "[concept.c{index}]\nany = [\"x{index}\", \"{}\"]",
            if index == 50 { "word".to_owned() } else { format!("@c{}", index + 1) }
        )
        .unwrap();
    }
    let evaluate = move || {
        let (ruleset, report) = Ruleset::compile(load_sources(vec![Source::new(SourceId(0), "rules/a.toml", text)]));
        assert_eq!(codes(&report), [] as [&str; 0], "{report}");
        let ruleset = ruleset.unwrap();
        let document = titled("a0 word");
        let here = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
        let scanned = ruleset.scan(&mut Scratch::default(), &document, here);
        assert_eq!(scanned.errors, Vec::<String>::new());
        assert_eq!(scanned.hits.len(), 9);
        assert_eq!(scanned.hits, ruleset.scan_plainly(&document, here));
    };
    std::thread::Builder::new().stack_size(STACK_BYTES).spawn(evaluate).unwrap().join().unwrap();
}

/// An article of nothing but a title.
fn titled(title: &str) -> Document<'_> {
    let empty = || Cow::Borrowed("");
    Document {
        fields: [Cow::Borrowed(title), empty(), empty(), empty(), empty(), empty(), empty()],
        lang: None,
        guess: None,
        source: empty(),
        feed: empty(),
        time: None,
    }
}

/// Each pattern holds all before it, and the word holds each at every letter: 300 million finds, if they were counted.
#[test]
fn a_thousand_patterns_within_each_other_find_a_long_word_once_each() {
    let mut text = String::new();
    for length in 1..=1_000 {
        writeln!(text, "[[topic]]\nid = \"t{length}\"\nmatch = '*{}*'", "a".repeat(length)).unwrap();
    }
    let (ruleset, report) = compile(text);
    assert_eq!(codes(&report), [] as [&str; 0], "{report}");
    let word = "a".repeat(300_000);
    let document = titled(&word);
    let here = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    let start = Instant::now();
    let hits = ruleset.unwrap().scan(&mut Scratch::default(), &document, here).hits;
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    assert_eq!(hits.len(), 1_000);
}

#[test]
fn of_a_file_of_nothing_but_mistakes_the_first_ten_thousand_are_told() {
    let mut text = String::new();
    for index in 0..6_000 {
        writeln!(text, "[[topic]]\nid = \"t{index}\"\nmatch = 'a b AND @nope{index}'").unwrap();
    }
    let (ruleset, report) = compile(text);
    assert!(ruleset.is_none());
    assert_eq!(codes(&report).len(), 10_000);
    let last = report.diagnostics.iter().rfind(|found| found.is_error()).unwrap();
    assert!(last.help.iter().any(|help| help == "errors beyond these, not shown: 2000"), "{last:?}");
}

#[test]
fn bytes_that_nobody_typed_are_errors_with_a_place() {
    for (text, code) in [
        ("[[topic]]\nid = \"a\u{0}b\"\nmatch = 'x'\n", "E001"),
        ("[[topic]]\nid = \"a\\u0000b\"\nmatch = 'x'\n", "E161"),
        ("[[topic]]\nid = \"a\u{202e}b\"\nmatch = 'x'\n", "E161"),
        ("[concept.\"a\u{200b}b\"]\nany = ['x']\n", "E161"),
        ("[[topic]]\nid = \"a\"\nmatch = 'mis\u{202e}sile'\n", "E112"),
        ("[[topic]]\nid = \"a\"\nmatch = \"mis\\u0007sile OR x\"\n", "E131"),
    ] {
        let (_, report) = compile(text.to_owned());
        assert_eq!(codes(&report)[0], code, "{text:?}: {report}");
        assert!(report.diagnostics.iter().all(|found| !found.labels.is_empty()));
        // And nothing of it reaches a terminal.
        let drawn = vedetta::cli::render_report(&report, false);
        assert!(!drawn.chars().any(|c| c == '\u{202e}' || (c != '\n' && c.is_control())), "{drawn:?}");
    }
}

#[test]
fn a_mark_at_the_beginning_and_windows_line_ends_change_nothing() {
    let text = "[concept.c]\nany = [\n  'x',\n]\n[[topic]]\nid = \"a\"\nmatch = '''\n@c\nAND y'''\n[[topic.test]]\ntitle = 'x y'\nexpect = { match = true }\n";
    for text in
        [format!("\u{feff}{text}"), text.replace('\n', "\r\n"), format!("\u{feff}{}", text.replace('\n', "\r\n"))]
    {
        let (ruleset, report) = compile(text);
        assert_eq!(report.diagnostics, []);
        assert_eq!(vedetta::rule::run_tests(&ruleset.unwrap()).failures.len(), 0);
    }
}

#[test]
fn what_is_not_utf_8_is_reported_and_the_rest_of_the_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin1.toml");
    let text =
        b"[[topic]]\nid = \"caff\xe8\"\nmatch = \"a OR b AND c\"\n[[topic]]\nid = \"b\"\nmatch = \"#caff OR d e\"\n";
    std::fs::write(&file, text).unwrap();
    let (_, report) = load(&[file]);
    assert_eq!(codes(&report), ["E007", "E108", "E109"], "{report}");
}

#[test]
fn folders_in_circles_and_dead_links_end() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::os::unix::fs::symlink("..", folder.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink("self.toml", folder.path().join("self.toml")).unwrap();
    std::fs::write(folder.path().join("good.toml"), topic("x")).unwrap();
    let (ruleset, report) = load(&[folder.path().to_path_buf()]);
    assert!(ruleset.is_none());
    assert_eq!(codes(&report), ["E007"], "{report}");
    std::fs::remove_file(folder.path().join("self.toml")).unwrap();
    assert!(load(&[folder.path().to_path_buf()]).0.is_some());
}
