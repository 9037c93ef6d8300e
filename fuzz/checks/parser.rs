//! Rule files and queries: whatever stands in them, reading ends, and what it says is sound. A check panics where it
//! doesn't hold.

use vedetta::cli::{render_report, report_json};
use vedetta::model::{Report, Source, SourceId};
use vedetta::rule::{RuleFiles, Ruleset, load_sources};

/// Larger inputs find nothing that smaller ones don't, and take longer.
const MOST_BYTES: usize = 4096;

/// The input as a rule file, as a query and as a term.
pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(MOST_BYTES)]);
    let (ruleset, report) = Ruleset::compile(load(&text));
    assert_eq!(ruleset.is_some(), !report.has_errors());
    report_is_sound(&report);

    if text.contains("'''") || text.ends_with('\'') || text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return;
    }
    let files = load(&format!("[concept.c]\nany = ['''{text}''']\n[[topic]]\nid = \"t\"\nmatch = '''\n{text}'''\n"));
    report_is_sound(&files.report);
    let Some(query) = files.topics.first().and_then(|topic| topic.matches.as_ref()) else { return };
    // What is printed reads back as the same query.
    let printed = query.to_string();
    let again = load(&format!("[[topic]]\nid = \"t\"\nmatch = '''\n{printed}'''\n"));
    let again = again.topics.first().and_then(|topic| topic.matches.as_ref()).map(ToString::to_string);
    assert_eq!(again.as_ref(), Some(&printed), "{text:?}");
}

fn load(text: &str) -> RuleFiles {
    load_sources(vec![Source::new(SourceId(0), "fuzz.toml", text)])
}

/// Every finding can be drawn, and its places are places.
fn report_is_sound(report: &Report) {
    for diagnostic in &report.diagnostics {
        assert!(!diagnostic.title.is_empty() && !diagnostic.title.contains('\n'), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let source = report.source(label.span).expect("a label points into a file of the report");
            assert!(source.text.get(label.span.range()).is_some(), "{diagnostic:?}");
        }
    }
    let _ = render_report(report, false);
    let _ = report_json(report);
}
