//! Signals: SIGTERM and SIGINT stop, a second one hurries, SIGHUP reloads.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Daemon, service};

/// How a daemon's life ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was asked to stop.
    Asked,
    /// A stage failed; the text says which.
    Failed(String),
    /// The database is damaged; the text says how.
    Damaged(String),
}

/// Runs a started daemon until it is told to stop, keeping the service manager informed.
///
/// # Errors
/// If signal handlers can't be installed.
pub async fn run_until_signal(mut daemon: Daemon) -> io::Result<Ended> {
    let mut signals = daemon.signals.take().map_or_else(Signals::new, Ok)?;
    let watchdog = service::watchdog(daemon.line());
    service::ready(&daemon);
    let ended = loop {
        tokio::select! {
            asked = signals.next() => match asked {
                Asked::Stop => break Ended::Asked,
                Asked::Reload => {
                    service::reloading();
                    // Cut short, a reload changes nothing: it swaps last.
                    tokio::select! {
                        _ = daemon.reload() => {}
                        () = signals.stop() => break Ended::Asked,
                    }
                    service::ready(&daemon);
                }
            },
            ended = daemon.failed() => break ended,
        }
    };
    match &ended {
        Ended::Asked => tracing::info!("stopping"),
        Ended::Failed(why) => tracing::error!("{why}; stopping, so that the service manager can start afresh"),
        Ended::Damaged(why) => tracing::error!("{why}; stopping"),
    }
    service::stopping();
    let hurry = CancellationToken::new();
    let stop = daemon.stop(hurry.clone());
    tokio::pin!(stop);
    tokio::select! {
        () = &mut stop => {}
        () = signals.stop() => {
            hurry.cancel();
            stop.await;
        }
    }
    watchdog.abort();
    Ok(ended)
}

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    Stop,
    Reload,
}

/// The signals of this process. None that comes while they are there is lost.
#[derive(Debug)]
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hangup.recv() => Asked::Reload,
        }
    }

    /// Waits for one that stops; a wish to reload stays.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
