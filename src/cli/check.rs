//! `vedetta check`.

use std::path::{Path, PathBuf};

use crate::config::Environment;
use crate::daemon;
use crate::model::{Report, Timestamp};
use crate::rule;

use super::output::Output;
use super::{Exit, profile, report_json};

pub(super) fn check(
    config: &Path,
    environment: &Environment,
    paths: &[PathBuf],
    profile: Option<Option<&Path>>,
    now: Timestamp,
    output: &Output,
) -> anyhow::Result<Exit> {
    let (report, what, ruleset) = if paths.is_empty() {
        match daemon::load(config, environment, now) {
            Ok(loaded) => {
                let topics = loaded.ruleset.topics().len();
                let (feeds, channels) = (loaded.config.feeds.len(), loaded.config.channels.len());
                let parts = [count(topics, "topic"), count(feeds, "feed"), count(channels, "channel")];
                (loaded.report, parts.join(", "), Some(loaded.ruleset))
            }
            Err(report) => (*report, config.display().to_string(), None),
        }
    } else {
        let (ruleset, report) = rule::load(paths);
        let what = ruleset.as_ref().map_or_else(String::new, |ruleset| count(ruleset.topics().len(), "topic"));
        (report, what, ruleset)
    };
    let profile = match (profile, &ruleset) {
        (Some(articles), Some(ruleset)) => Some(profile::measure(config, environment, ruleset, articles, now, output)?),
        _ => None,
    };
    if output.is_json() {
        match &profile {
            None => output.report(&report)?,
            Some(profile) => output.json(&serde_json::json!({
                "diagnostics": report_json(&report), "measured_on": profile.on, "profile": profile.profile,
            }))?,
        }
    } else {
        output.report(&report)?;
        output.say(&summary(&report, &what));
        if let Some(profile) = &profile {
            profile.show(output)?;
        }
    }
    // A file that is not there is a matter of usage; a mistake in one is what the check is for.
    let named = if paths.is_empty() { vec![config.to_path_buf()] } else { paths.to_vec() };
    Ok(if named.iter().any(|path| !path.exists()) {
        Exit::Usage
    } else if report.has_errors() {
        Exit::Found
    } else {
        Exit::Fine
    })
}

fn summary(report: &Report, what: &str) -> String {
    let errors = report.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = report.diagnostics.len() - errors;
    match (errors, warnings) {
        (0, 0) => format!("fine: {what}"),
        (0, _) => format!("fine, with {}: {what}", count(warnings, "warning")),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}
