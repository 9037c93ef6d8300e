//! The rules in `rules/`: they load, no lint complains, and their own tests hold, whether an article says its language or not.

use std::path::PathBuf;

use vedetta::rule::{Ruleset, load_paths, load_unlinted, run_tests};

fn shipped() -> Vec<PathBuf> {
    vec![PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))]
}

fn compile(files: vedetta::rule::RuleFiles) -> Ruleset {
    let (ruleset, report) = Ruleset::compile(files);
    let findings: Vec<String> = report
        .diagnostics
        .iter()
        .map(|finding| {
            let places = finding.labels.iter().filter_map(|label| {
                let source = report.source(label.span)?;
                let line = source.line_column(label.span.start as usize).line;
                Some(format!("{}:{line} {}", source.path.display(), source.text.get(label.span.range())?))
            });
            format!("{} {} | {}", finding.code, finding.title, places.collect::<Vec<_>>().join(" | "))
        })
        .collect();
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
    ruleset.unwrap()
}

#[test]
fn the_shipped_rules_load_without_a_word_and_pass_their_tests() {
    let ruleset = compile(load_paths(&shipped()));
    let report = run_tests(&ruleset);
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(report.passed > 150, "only {} tests ran", report.passed);
}

#[test]
fn the_shipped_rules_hold_where_nobody_says_which_language_it_is() {
    let mut files = load_paths(&shipped());
    for test in files.topics.iter_mut().flat_map(|topic| &mut topic.tests) {
        test.lang = None;
    }
    let (ruleset, _) = Ruleset::compile(files);
    let report = run_tests(&ruleset.unwrap());
    let failures: Vec<String> = report.failures.iter().map(ToString::to_string).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn any_shipped_topic_can_be_taken_away_from_the_others() {
    let is_topic = |path: &PathBuf| std::fs::read_to_string(path).unwrap().contains("\n[[topic]]");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&shipped()[0]).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir() || path.extension().is_some_and(|extension| extension == "toml"));
    let topics: Vec<PathBuf> = paths.iter().filter(|path| path.is_file() && is_topic(path)).cloned().collect();
    assert!(topics.len() >= 7, "{topics:?}");
    for taken in &topics {
        // A topic's parts stand in a folder of its name, and go with it.
        let parts = taken.with_extension("");
        let others: Vec<PathBuf> = paths.iter().filter(|path| *path != taken && **path != parts).cloned().collect();
        // Without lints, which look at each file by itself and are asked for above.
        let (ruleset, report) = load_unlinted(&others);
        assert!(ruleset.is_some(), "without {}:\n{report}", taken.display());
    }
}
