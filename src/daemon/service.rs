//! The service manager: readiness, reloading, stopping, and a watchdog tied to real progress (sd_notify protocol,
//! systemd 252: `RELOADING=1` must carry `MONOTONIC_USEC`). Without `$NOTIFY_SOCKET` all of it does nothing.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::task::JoinHandle;

use crate::pipeline::Line;

use super::Daemon;

/// A stage that did not look for work, or a database that did not take a write, for so long is stuck.
const STUCK_AFTER: Duration = Duration::from_secs(30);

fn send(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "cannot tell the service manager");
    }
}

/// Asks for patience as long as the returned guard lives: after an unclean stop the whole database is checked, which takes
/// its time. Asked for in steps, so that a start that hangs still ends.
#[must_use]
pub fn starting() -> Starting {
    Starting(tokio::spawn(async {
        for _ in 0..60 {
            send(&[NotifyState::ExtendTimeoutUsec(60_000_000)]);
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    }))
}

/// See [`starting`].
#[derive(Debug)]
pub struct Starting(JoinHandle<()>);

impl Drop for Starting {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Everything runs.
pub(super) fn ready(daemon: &Daemon) {
    let snapshot = daemon.line().live.load();
    let status = format!("{} feeds, {} topics", snapshot.feeds.len(), snapshot.rules.topic_count());
    send(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// It waits for something, and runs as far as it can: a start that takes hours must not look like one that hangs.
pub(super) fn waiting(status: &str) {
    send(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Feeds the watchdog as long as the returned guard lives, while it waits for something; in steps, so that a hang still
/// ends.
#[must_use]
pub(super) fn alive() -> Starting {
    Starting(tokio::spawn(async {
        for _ in 0..120 {
            send(&[NotifyState::Watchdog]);
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
    }))
}

/// A reload begins.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => send(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "cannot tell the service manager of the reload"),
    }
}

/// A stop begins.
pub(super) fn stopping() {
    send(&[NotifyState::Stopping]);
}

/// Feeds the watchdog, three times per period, as long as every stage moves and the database takes writes.
pub(super) fn watchdog(line: &Arc<Line>) -> JoinHandle<()> {
    let line = Arc::clone(line);
    tokio::spawn(async move {
        let Some(period) = sd_notify::watchdog_enabled() else { return };
        loop {
            let now = line.clock.now();
            let pinged = tokio::time::timeout(STUCK_AFTER, line.store.ping(now)).await;
            let stuck = line.progress.stuck(line.clock.now(), STUCK_AFTER);
            match (pinged, stuck) {
                (Ok(_), None) => send(&[NotifyState::Watchdog]),
                (Ok(_), Some(stage)) => tracing::error!(stage, "this stage does not move; the watchdog goes unfed"),
                (Err(_), _) => tracing::error!("the database does not answer; the watchdog goes unfed"),
            }
            tokio::time::sleep(period / 3).await;
        }
    })
}
