//! `vedetta doctor`: everything that can be tried without sending an alert.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;

use crate::config::Environment;
use crate::daemon;
use crate::model::{Clock, Report, SystemClock};
use crate::pipeline::{Snapshot, with_causes};
use crate::rule;
use crate::store::sqlite::{OpenOptions, SqliteStore, database_file};
use crate::store::{Store, StoreError, Views};

use super::output::{Output, counted};
use super::run::progress_bar;
use super::{Exit, feed, report_json, runtime};

/// Each feed is tried, however many its host has.
const PATIENCE: Duration = Duration::from_secs(600);

/// Prints one finding after another and remembers whether any is bad.
struct Findings<'a> {
    output: &'a Output,
    bad: usize,
    damaged: bool,
}

impl Findings<'_> {
    fn fine(&self, what: &str, detail: &str) -> anyhow::Result<()> {
        self.show("ok", what, detail)
    }

    fn bad(&mut self, what: &str, detail: &str) -> anyhow::Result<()> {
        self.bad += 1;
        self.show("FAIL", what, detail)
    }

    /// The configuration and its rules, with whatever there is to say about them.
    fn configuration(&mut self, is_good: bool, detail: &str, report: &Report) -> anyhow::Result<()> {
        const WHAT: &str = "configuration and rules";
        if self.output.is_json() {
            self.bad += usize::from(!is_good);
            return self.output.json(&serde_json::json!({
                "ok": is_good, "check": WHAT, "detail": detail, "diagnostics": report_json(report),
            }));
        }
        self.output.report(report)?;
        if is_good { self.fine(WHAT, detail) } else { self.bad(WHAT, detail) }
    }

    fn show(&self, mark: &str, what: &str, detail: &str) -> anyhow::Result<()> {
        if self.output.is_json() {
            return self.output.json(&serde_json::json!({ "ok": mark == "ok", "check": what, "detail": detail }));
        }
        self.output.line(&format!("{mark:<4}  {what}: {}", super::output::plain(detail)))?;
        Ok(())
    }
}

pub(super) fn doctor(config: &Path, environment: Environment, no_feeds: bool, output: &Output) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let mut findings = Findings { output, bad: 0, damaged: false };
    let loaded = match daemon::load(config, &environment, now) {
        Ok(loaded) => loaded,
        Err(report) => {
            findings.configuration(false, "have mistakes; the service would not start", &report)?;
            return Ok(Exit::Usage);
        }
    };
    findings.configuration(true, &config.display().to_string(), &loaded.report)?;
    let suite = rule::run_tests(&loaded.ruleset);
    let tests = format!(
        "{}, {} passed, {} failed",
        counted(loaded.ruleset.topics().len(), "topic"),
        counted(suite.passed, "test"),
        suite.failures.len()
    );
    if suite.failures.is_empty() {
        findings.fine("rules", &tests)?
    } else {
        findings.bad("rules", &format!("{tests}; see `vedetta test`"))?
    }
    let store_url = loaded.config.store_url.clone();
    let snapshot = Arc::new(Snapshot::build(loaded.config, loaded.ruleset, None, PATIENCE)?);
    runtime()?.block_on(async {
        database(&store_url, &mut findings).await?;
        for (name, channel) in &snapshot.channels {
            match channel.check().await {
                Ok(detail) => findings.fine(&format!("channel {name}"), &detail)?,
                Err(error) => findings.bad(&format!("channel {name}"), &with_causes(&error))?,
            }
        }
        if let Some(heartbeat) = &snapshot.heartbeat {
            match heartbeat.check().await {
                Ok(detail) => findings.fine("heartbeat", &detail)?,
                Err(error) => findings.bad("heartbeat", &error)?,
            }
        }
        if no_feeds { Ok(()) } else { feeds(&snapshot, &mut findings).await }
    })?;
    if !output.is_json() {
        match findings.bad {
            0 => output.say("all is well"),
            bad => output.say(&format!("{} failed", counted(bad, "check"))),
        }
    }
    Ok(match findings {
        Findings { damaged: true, .. } => Exit::Damaged,
        Findings { bad: 0, .. } => Exit::Fine,
        _ => Exit::Found,
    })
}

async fn database(url: &str, findings: &mut Findings<'_>) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let options = OpenOptions { create: false, exclusive: false, ..OpenOptions::default() };
    let store = match SqliteStore::open(url, options).await {
        Ok(store) => store,
        Err(StoreError::Refused { .. }) if database_file(url).symlink_metadata().is_err() => {
            return findings.fine("database", &format!("{url}: none yet; `vedetta run` makes it"));
        }
        Err(error) => {
            findings.damaged |= matches!(error, StoreError::Corrupt { .. });
            return findings.bad("database", &with_causes(&error));
        }
    };
    let stats = store.stats(now).await;
    store.close().await;
    match stats {
        Ok(stats) => {
            let detail = format!(
                "{url}: {} articles, {:.1} MB, {} deliveries due, {} failed",
                stats.articles,
                f64::from(u32::try_from(stats.size_bytes / 1000).unwrap_or(u32::MAX)) / 1000.0,
                stats.deliveries_due,
                stats.deliveries_failed
            );
            findings.fine("database", &detail)
        }
        Err(error) => {
            findings.damaged |= matches!(error, StoreError::Corrupt { .. });
            findings.bad("database", &with_causes(&error))
        }
    }
}

async fn feeds(snapshot: &Arc<Snapshot>, findings: &mut Findings<'_>) -> anyhow::Result<()> {
    let bar = findings.output.has_watcher().then(|| progress_bar("trying feeds"));
    if let Some(bar) = &bar {
        bar.set_length(snapshot.config.feeds.len() as u64);
    }
    let mut tried = stream::iter(&snapshot.config.feeds)
        .map(|feed| async move { (feed, feed::try_feed(&snapshot.client, &feed.url, feed.page.as_ref()).await) })
        .buffered(64);
    let mut results = Vec::new();
    while let Some(result) = tried.next().await {
        if let Some(bar) = &bar {
            bar.inc(1);
        }
        results.push(result);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    for (feed, result) in results {
        let what = format!("feed {}", feed.url);
        match result {
            Ok(count) => findings.fine(&what, &format!("{count} entries"))?,
            Err(error) => findings.bad(&what, &error)?,
        }
    }
    Ok(())
}
