//! `vedetta run` and `vedetta run --once`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tokio_util::sync::CancellationToken;

use crate::config::Environment;
use crate::daemon::{self, Daemon, Ended, StartError};
use crate::model::{Clock, SystemClock};
use crate::pipeline::{OnceProgress, run_once};

use super::args::LogFormat;
use super::output::{Output, counted};
use super::{Exit, log, report_json, runtime};

/// A single round has no later: its fetches wait for their host as long as it takes.
const PATIENCE: Duration = Duration::from_secs(3600);

pub(super) fn run(
    config: &Path,
    environment: Environment,
    once: bool,
    log_format: LogFormat,
    output: &Output,
) -> anyhow::Result<Exit> {
    log::start(log_format, if once { "warn" } else { "info" });
    let runtime = runtime()?;
    let ended = if once {
        runtime.block_on(one_round(config, environment, output))
    } else {
        runtime.block_on(until_stopped(config, environment, output))
    };
    // A name that is still being looked up must not hold up the end.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}

async fn until_stopped(config: &Path, environment: Environment, output: &Output) -> anyhow::Result<Exit> {
    let starting = daemon::starting();
    let (daemon, report) = match Daemon::start(config, environment, Arc::new(SystemClock)).await {
        Err(StartError::Stopped) => return Ok(Exit::Fine),
        started => started?,
    };
    output.report(&report)?;
    let snapshot = daemon.line().live.load();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = %config.display(),
        feeds = snapshot.feeds.len(),
        topics = snapshot.rules.topic_count(),
        channels = snapshot.channels.len(),
        listen = daemon.address().map(|address| address.to_string()),
        "vedetta is on the lookout"
    );
    drop(snapshot);
    drop(starting);
    match daemon::run_until_signal(daemon).await.context("cannot install signal handlers")? {
        Ended::Asked => Ok(Exit::Fine),
        Ended::Failed(_) => Ok(Exit::Failed),
        Ended::Damaged(_) => Ok(Exit::Damaged),
    }
}

async fn one_round(config: &Path, environment: Environment, output: &Output) -> anyhow::Result<Exit> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut loaded = daemon::load(config, &environment, clock.now()).map_err(daemon::StartError::Invalid)?;
    let findings = std::mem::take(&mut loaded.report);
    if !output.is_json() {
        output.report(&findings)?;
    }
    let line = daemon::open_line(loaded, clock, PATIENCE).await?;
    let stop = CancellationToken::new();
    let interrupted = stop.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
    });
    let bar = Bar::new(output.has_watcher());
    let report = run_once(&line, &stop, &bar).await;
    bar.finish();
    let stats = line.store.stats(line.clock.now()).await;
    line.store.release(&line.node).await?;
    line.store.close().await;
    let (report, stats) = (report?, stats?);
    let exit = if report.failed.is_empty() && stats.deliveries_due == 0 { Exit::Fine } else { Exit::Found };
    for (url, why) in &report.failed {
        output.say(&format!("poll failed: {url}: {why}"));
    }
    if output.is_json() {
        let failed = report.failed.iter().map(|(url, error)| serde_json::json!({ "url": url, "error": error }));
        output.json(&serde_json::json!({
            "feeds_polled": report.polled,
            "feeds_failed": failed.collect::<Vec<_>>(),
            "articles_new": report.articles,
            "alerts": report.alerts,
            "deliveries_due": stats.deliveries_due,
            "deliveries_failed": stats.deliveries_failed,
            "diagnostics": report_json(&findings),
        }))?;
        return Ok(exit);
    }
    output.say(&format!(
        "{} of {} polled, {}, {}, {} deliveries still due, {} failed",
        report.polled,
        counted(report.polled + report.failed.len(), "feed"),
        counted(usize::try_from(report.articles).unwrap_or(usize::MAX), "new article"),
        counted(report.alerts, "alert"),
        stats.deliveries_due,
        stats.deliveries_failed
    ));
    if stats.deliveries_due > 0 {
        output.say("what could not be sent waits for the next run; `vedetta deliveries --state due` says why");
    }
    Ok(exit)
}

/// A progress bar while a person waits.
struct Bar(Option<ProgressBar>);

impl Bar {
    fn new(shown: bool) -> Self {
        Self(shown.then(|| progress_bar("polling")))
    }

    fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl OnceProgress for Bar {
    fn polled(&self, done: usize, of: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
        }
    }

    fn delivering(&self) {
        if let Some(bar) = &self.0 {
            bar.set_message("delivering");
        }
    }
}

/// A bar with what is going on, how far it is, and how long it may still take.
pub(super) fn progress_bar(doing: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_message(doing);
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}") {
        bar.set_style(style);
    }
    bar
}
