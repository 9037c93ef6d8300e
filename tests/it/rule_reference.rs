use std::path::Path;

use vedetta::model::{Source, SourceId};
use vedetta::rule::{Ruleset, codes, load_sources, run_tests};

fn reference() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rule/language.md")).unwrap()
}

/// The examples, each with the line on which it begins, and whether they are rules (`toml rule`) or something else.
fn examples(text: &str) -> Vec<(usize, String)> {
    let mut examples = Vec::new();
    let mut current: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        match &mut current {
            None if line == "```toml rule" => current = Some((index + 2, String::new())),
            None => assert!(!line.starts_with("```toml"), "line {}: an example that nothing runs", index + 1),
            Some((start, example)) if line == "```" => {
                examples.push((*start, std::mem::take(example)));
                current = None;
            }
            Some((_, example)) => {
                example.push_str(line);
                example.push('\n');
            }
        }
    }
    examples
}

#[test]
fn every_example_of_the_reference_passes() {
    let text = reference();
    let mut problems = Vec::new();
    let mut passed = 0;
    for (line, example) in examples(&text) {
        let files = load_sources(vec![Source::new(SourceId(0), format!("language.md:{line}"), example)]);
        let (ruleset, report) = Ruleset::compile(files);
        problems
            .extend(report.diagnostics.iter().filter(|found| found.code != codes::REGEX).map(|_| report.to_string()));
        let Some(ruleset) = ruleset else { continue };
        let suite = run_tests(&ruleset);
        if suite.passed + suite.failed == 0 {
            problems.push(format!("language.md:{line}: an example without a test"));
        }
        passed += suite.passed;
        problems.extend(suite.failures.iter().map(|failure| format!("language.md:{line}: {failure}")));
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    assert!(passed > 50, "only {passed} tests ran");
}

#[test]
fn every_code_is_explained_in_the_reference() {
    let text = reference();
    for code in codes::ALL {
        assert!(text.contains(&format!("\n| {code} | ")), "{code} is not in the reference");
    }
    let listed = text.lines().filter(|line| line.starts_with("| E1") || line.starts_with("| W1")).count();
    assert_eq!(listed, codes::ALL.len(), "the reference explains a code that does not exist");
}

#[test]
fn the_drawing_in_the_reference_is_what_check_draws() {
    let text = reference();
    let example = "\n[[topic]]\nid = \"t\"\nmatch = 'missile AND defence OR shield'\n".replacen('\n', "", 1);
    let report = load_sources(vec![Source::new(SourceId(0), "rules/a.toml", example)]).report;
    let drawn = vedetta::cli::render_report(&report, false);
    let error = drawn.split("\n\n").find(|part| part.contains("E108")).unwrap();
    for line in error.lines().filter(|line| !line.contains("-->")) {
        assert!(text.contains(line), "the reference lacks the line {line:?} of\n{error}");
    }
}
