//! Signals: SIGTERM and SIGINT stop, a second one hurries, SIGHUP reloads.

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
pub async fn run_until_signal(mut daemon: Daemon) -> std::io::Result<Ended> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let watchdog = service::watchdog(daemon.line());
    service::ready(&daemon);
    let ended = loop {
        tokio::select! {
            () = asked(&mut terminate, &mut interrupt) => break Ended::Asked,
            _ = hangup.recv() => {
                service::reloading();
                // Cut short, a reload changes nothing: it swaps last.
                tokio::select! {
                    _ = daemon.reload() => {}
                    () = asked(&mut terminate, &mut interrupt) => break Ended::Asked,
                }
                service::ready(&daemon);
            }
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
        () = asked(&mut terminate, &mut interrupt) => {
            hurry.cancel();
            stop.await;
        }
    }
    watchdog.abort();
    Ok(ended)
}

async fn asked(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
