//! `vedetta backup`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use indicatif::ProgressBar;

use crate::config::{self, Environment};
use crate::daemon::StartError;
use crate::model::{Clock, SystemClock};
use crate::store::sqlite::back_up;

use super::output::Output;
use super::{Exit, runtime};

pub(super) fn backup(
    config: &Path,
    environment: &Environment,
    file: &Path,
    force: bool,
    output: &Output,
) -> anyhow::Result<Exit> {
    // A backup is wanted most when something is wrong: a bad configuration must not stand in its way.
    let (loaded, report) = config::load(config, environment, SystemClock.now());
    let store_url = match loaded {
        Some(loaded) => loaded.store_url,
        None => config::store_url(config).ok_or_else(|| StartError::Invalid(Box::new(report)))?,
    };
    let started = Instant::now();
    let bar = output.has_watcher().then(|| ProgressBar::new_spinner().with_message("copying and checking"));
    if let Some(bar) = &bar {
        bar.enable_steady_tick(Duration::from_millis(100));
    }
    let backup = runtime()?.block_on(back_up(&store_url, file, force));
    if let Some(bar) = &bar {
        bar.finish_and_clear();
    }
    let backup = backup.context("no backup was made")?;
    let seconds = started.elapsed().as_secs_f64();
    if output.is_json() {
        output.json(&serde_json::json!({
            "file": file, "size_bytes": backup.size_bytes, "articles": backup.articles, "alerts": backup.alerts,
            "seconds": seconds,
        }))?;
    } else {
        output.say(&format!(
            "{}: {} articles, {} alerts, {:.1} MB, checked, in {seconds:.1} s",
            file.display(),
            backup.articles,
            backup.alerts,
            f64::from(u32::try_from(backup.size_bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
        ));
    }
    Ok(Exit::Fine)
}
