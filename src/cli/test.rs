//! `vedetta test`.

use std::path::{Path, PathBuf};

use crate::config::{self, Environment};
use crate::daemon::StartError;
use crate::model::{Report, Span, Timestamp, shown_path};
use crate::rule;

use super::Exit;
use super::output::Output;

pub(super) fn test(
    config: &Path,
    environment: &Environment,
    paths: &[PathBuf],
    now: Timestamp,
    output: &Output,
) -> anyhow::Result<Exit> {
    let paths = rule_paths(config, environment, paths, now)?;
    let (ruleset, report) = rule::load(&paths);
    let Some(ruleset) = ruleset else {
        output.report(&report)?;
        return Ok(Exit::Usage);
    };
    let suite = rule::run_tests(&ruleset);
    if output.is_json() {
        let failures = suite.failures.iter().map(|failure| {
            let problems = &failure.problems;
            serde_json::json!({ "topic": failure.topic, "test": failure.test, "problems": problems, "explanation": failure.explanation })
        });
        let failures: Vec<_> = failures.collect();
        output.json(&serde_json::json!({ "passed": suite.passed, "failed": suite.failed, "failures": failures }))?;
    } else {
        for failure in &suite.failures {
            output.text(&format!("{}{failure}", place(&report, failure.span)))?;
        }
        output.line(&format!("{} passed, {} failed", suite.passed, suite.failed))?;
    }
    Ok(if suite.failures.is_empty() { Exit::Fine } else { Exit::Found })
}

/// `path:line: `, where the file is known.
fn place(report: &Report, span: Span) -> String {
    report.source(span).map_or_else(String::new, |source| {
        format!("{}:{}: ", shown_path(&source.path), source.line_column(span.start as usize).line)
    })
}

/// The rule files to work on: those named, else those of the configuration.
pub(super) fn rule_paths(
    config: &Path,
    environment: &Environment,
    paths: &[PathBuf],
    now: Timestamp,
) -> Result<Vec<PathBuf>, StartError> {
    if !paths.is_empty() {
        return Ok(paths.to_vec());
    }
    let path = config;
    let (config, report): (_, Report) = config::load(path, environment, now);
    match config {
        Some(config) => Ok(config.rules),
        // An analyst has the rules, and not the secrets of the machine that sends.
        None => config::rule_paths(path).ok_or_else(|| StartError::Invalid(Box::new(report))),
    }
}
