use std::path::Path;

use vedetta::cli::render_report;
use vedetta::model::{Report, Source, SourceId};
use vedetta::rule::{Ruleset, codes, load_sources};

use crate::support::diagnostics;

/// Findings that nearly every case has; shown only by the case of their name.
const USUAL: [&str; 2] = ["W101", "W109"];

/// Codes that take more than one file, or none; they are tested beside the code.
const WITHOUT_CASE: [&str; 2] = [codes::DUPLICATE_CONCEPT, codes::NO_FILES];

fn check(case: &Path) -> Report {
    let name = case.file_name().unwrap().to_str().unwrap();
    let text = std::fs::read_to_string(case).unwrap();
    let files = load_sources(vec![Source::new(SourceId(0), format!("rules/{name}"), text)]);
    let (ruleset, mut report) = Ruleset::compile(files);
    assert_eq!(ruleset.is_some(), !report.has_errors(), "{name}");
    report.diagnostics.retain(|found| name.contains(found.code) || !USUAL.contains(&found.code));
    report
}

/// The lines for logs, which also stand in health alerts, and below them what a person sees.
fn said(report: &Report) -> String {
    format!("{report}\n\n{}\n", render_report(report, false))
}

#[test]
fn what_is_said_about_each_mistake_is_what_was_agreed() {
    diagnostics::compare("rule-", |case| said(&check(case)));
}

#[test]
fn every_code_has_a_case_in_which_it_comes() {
    for code in codes::ALL.iter().filter(|code| !WITHOUT_CASE.contains(code)) {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/diagnostics/rule-{code}.toml"));
        let report = check(&case);
        assert!(report.diagnostics.iter().any(|found| found.code == *code), "{code} does not come");
    }
}

#[test]
fn every_message_is_one_line_in_the_same_style() {
    for case in diagnostics::cases("rule-") {
        for found in check(&case).diagnostics {
            let title = &found.title;
            assert!(!title.ends_with('.') && !title.contains('\n'), "{}: {title}", found.code);
            assert!(
                !title.starts_with(|c: char| c.is_ascii_uppercase())
                    || title.starts_with("AND")
                    || title.starts_with("NOT")
                    || title.starts_with("ATLEAST"),
                "{}: {title}",
                found.code
            );
            assert!(!found.labels.is_empty(), "{}: {title}", found.code);
            assert!(
                !found.help.is_empty() || found.code.starts_with("E0") || found.code == "E161",
                "{}: {title} has no help",
                found.code
            );
            for help in &found.help {
                assert!(!help.contains('\n') && !help.ends_with('.'), "{}: {help}", found.code);
            }
        }
    }
}
