//! A start on a disk that is full. In: what the database said. Out: the database, once there is room; meanwhile the process
//! stays up, answers 503, tells the service manager and, by a message from memory, the operator.
//!
//! The decision to question: it waits instead of ending with exit code 3. The service manager would start it ten times
//! within half a minute and then give up, and a vedetta that is down for good tells nobody. Only a full disk is waited for:
//! whatever else keeps the database shut is a mistake that a person sees at once. The price is a probe: the one way to
//! know that a disk is full *for us*, quotas and reserved blocks included, is to write to it.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Environment;
use crate::model::{Clock, Timestamp};
use crate::pipeline::{Emergency, Push, Snapshot, with_causes};
use crate::store::sqlite::{OpenOptions, SqliteStore, database_file};
use crate::store::{Store, StoreError, Waiting};
use crate::telemetry::Refusal;
use crate::web;

use super::lifecycle::{Asked, Signals};
use super::{QUEUE, StartError, enable_channels, first_polls, load, service};

/// Between two tries.
const AGAIN: Duration = Duration::from_secs(5);
/// And two lines about it in the log.
const SAID_AGAIN: Duration = Duration::from_secs(15 * 60);
/// A disk that takes so many bytes is not full.
const ROOM: usize = 1 << 20;

/// An open database and what was read from it.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) store: Arc<dyn Store>,
    pub(super) push: Push,
}

/// Opens the database for this process alone and makes its feeds those of the configuration.
///
/// # Errors
/// [`StartError::NoRoom`] if that fails on a full disk, else [`StartError::Store`].
pub(super) async fn open_store(snapshot: &Snapshot, now: Timestamp) -> Result<Kept, StartError> {
    let url = &snapshot.config.store_url;
    let error = match try_to_open(url, snapshot, now).await {
        Ok(kept) => return Ok(kept),
        Err(error @ (StoreError::Unavailable(_) | StoreError::Refused { .. })) => error,
        Err(error) => return Err(error.into()),
    };
    let path = database_file(url).to_path_buf();
    let probed = path.clone();
    match tokio::task::spawn_blocking(move || left(&probed)).await {
        Ok(Some(free)) => Err(StartError::NoRoom { path, free, source: error }),
        // What it had begun was undone, and left room for less than it needs.
        Ok(None) if error.is_full() => Err(StartError::NoRoom { path, free: ROOM as u64, source: error }),
        _ => Err(error.into()),
    }
}

async fn try_to_open(url: &str, snapshot: &Snapshot, now: Timestamp) -> Result<Kept, StoreError> {
    let options = OpenOptions { create: true, exclusive: true, ..OpenOptions::default() };
    let store: Arc<dyn Store> = SqliteStore::open(url, options).await?;
    let begin = async {
        store.sync_feeds(&first_polls(&snapshot.config, now)).await?;
        enable_channels(&*store).await?;
        Push::load(&*store).await
    };
    match begin.await {
        Ok(push) => Ok(Kept { store, push }),
        Err(error) => {
            // Its lock must be free for the next try.
            store.close().await;
            Err(error)
        }
    }
}

/// How many bytes a full disk still takes beside a file; `None`: it is not full, or that can't be told.
fn left(path: &Path) -> Option<u64> {
    let is_full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let folder = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.is_dir())?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let probe = folder.join(format!(".vedetta-room-{}", std::process::id()));
    let mut file = match fs::File::create(&probe) {
        Ok(file) => file,
        Err(error) => return is_full(&error).then_some(0),
    };
    let chunk = [0; 4096];
    let mut written = 0;
    let mut ended = Ok(());
    while ended.is_ok() && written < ROOM {
        ended = file.write(&chunk).map(|bytes| written += bytes);
    }
    // Some file systems find out only now.
    let ended = ended.and_then(|()| file.sync_all());
    drop(file);
    if let Err(error) = fs::remove_file(&probe) {
        tracing::warn!(file = %probe.display(), %error, "cannot remove what was written to see whether there is room");
    }
    ended.is_err_and(|error| is_full(&error)).then_some(written as u64)
}

/// What is there before the database is.
pub(super) struct Start<'a> {
    pub(super) config_path: &'a Path,
    pub(super) environment: &'a Environment,
    pub(super) clock: &'a Arc<dyn Clock>,
    pub(super) listener: Option<&'a TcpListener>,
    pub(super) tasks: &'a TaskTracker,
}

/// The database at last.
pub(super) struct Ready {
    pub(super) kept: Kept,
    pub(super) snapshot: Arc<Snapshot>,
    /// What was told, so that its end is told too.
    pub(super) emergency: Emergency,
    /// Where it waited: signals that may have come meanwhile.
    pub(super) signals: Option<Signals>,
}

impl Start<'_> {
    /// Opens the database; while its disk is full, again and again.
    ///
    /// # Errors
    /// Whatever else keeps it shut; [`StartError::Stopped`] if a stop was asked for meanwhile.
    pub(super) async fn open(&self, snapshot: Arc<Snapshot>) -> Result<Ready, StartError> {
        match self.try_once(&snapshot).await {
            Ok(kept) => Ok(Ready { kept, snapshot, emergency: Emergency::default(), signals: None }),
            Err(error @ StartError::NoRoom { .. }) => {
                let stop = CancellationToken::new();
                let served = self.listener.and_then(|listener| ill(listener, &stop));
                let opened = self.wait(snapshot, error, &stop).await;
                stop.cancel();
                if let Some(served) = served {
                    let _ = served.await;
                }
                opened
            }
            Err(error) => Err(error),
        }
    }

    async fn try_once(&self, snapshot: &Snapshot) -> Result<Kept, StartError> {
        let kept = open_store(snapshot, self.clock.now()).await?;
        // Whoever starts it anew has perhaps mended what messages wait for. If not now, they go at their own time.
        if let Err(error) = kept.store.hasten_deliveries(&Waiting::All, self.clock.now()).await {
            tracing::warn!(error = with_causes(&error), "what waits to be sent is not hastened");
        }
        Ok(kept)
    }

    async fn wait(
        &self,
        mut snapshot: Arc<Snapshot>,
        mut error: StartError,
        stop: &CancellationToken,
    ) -> Result<Ready, StartError> {
        let mut signals = Signals::new().map_err(StartError::Signals)?;
        let since = self.clock.now();
        let emergency = Emergency::default();
        let mut said_at: Option<Timestamp> = None;
        loop {
            let now = self.clock.now();
            let why = with_causes(&error);
            if said_at.is_none_or(|at| now < at || now.since(at) >= SAID_AGAIN) {
                tracing::error!(error = why, "vedetta waits for room and tries again every few seconds");
                service::waiting("waiting: the disk of the database is full");
                said_at = Some(now);
            }
            let refusal = Refusal { since, last: now, error: why };
            emergency.tell(&refusal, &snapshot, self.clock, self.tasks, stop);
            match tokio::time::timeout(AGAIN, signals.next()).await {
                Err(_) => {}
                Ok(Asked::Stop) => return Err(StartError::Stopped),
                Ok(Asked::Reload) => {
                    if let Some(read) = self.read_again(&snapshot) {
                        snapshot = read;
                    }
                }
            }
            // Opening it may take long: after an unclean stop, all of it is checked. So there must be room first.
            let _alive = service::alive();
            if let StartError::NoRoom { path, free, .. } = &mut error {
                let probed = database_file(&snapshot.config.store_url).to_path_buf();
                let is_same = probed == *path;
                if let (true, Ok(Some(left))) = (is_same, tokio::task::spawn_blocking(move || left(&probed)).await) {
                    *free = left;
                    continue;
                }
            }
            error = match self.try_once(&snapshot).await {
                Ok(kept) => {
                    tracing::info!("there is room again");
                    return Ok(Ready { kept, snapshot, emergency, signals: Some(signals) });
                }
                Err(error @ StartError::NoRoom { .. }) => error,
                Err(error) => return Err(error),
            };
        }
    }

    /// Reads configuration and rules anew; `None` where they have mistakes.
    fn read_again(&self, before: &Arc<Snapshot>) -> Option<Arc<Snapshot>> {
        service::reloading();
        let loaded = load(self.config_path, self.environment, self.clock.now()).map_err(|report| report.into_refusal());
        let built = loaded.and_then(|loaded| {
            Snapshot::build(loaded.config, loaded.ruleset, Some(before), QUEUE).map_err(|error| with_causes(&error))
        });
        service::waiting("waiting: the disk of the database is full");
        match built {
            Ok(snapshot) => {
                tracing::info!("read anew, while waiting for room");
                Some(Arc::new(snapshot))
            }
            Err(why) => {
                why.lines().for_each(|line| tracing::error!("reload refused: {line}"));
                None
            }
        }
    }
}

/// Answers 503 in place of the real listener, which goes on listening.
fn ill(listener: &TcpListener, stop: &CancellationToken) -> Option<tokio::task::JoinHandle<()>> {
    let clone = || {
        let socket = std::os::fd::AsFd::as_fd(listener).try_clone_to_owned()?;
        TcpListener::from_std(socket.into())
    };
    let listener = clone().inspect_err(|error| tracing::warn!(%error, "no answers while waiting for room")).ok()?;
    let stop = stop.clone();
    Some(tokio::spawn(async move {
        if let Err(error) = web::serve_ill(listener, "the disk of the database is full", stop).await {
            tracing::warn!(%error, "no answers while waiting for room");
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_room_is_not_full_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(left(&folder.path().join("var/deep/vedetta.db")), None);
        assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
        assert_eq!(left(Path::new("/proc/vedetta.db")), None, "what can't be written is not full");
    }
}
