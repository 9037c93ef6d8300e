//! The daemon: start, reload and stop.
//!
//! Starting and reloading do everything that can fail first (read, check, compile, build) and put it in force last. A bad
//! edit changes nothing: the old rules and configuration go on, and the operator is told on the default route.

mod callbacks;
mod edit;
mod lifecycle;
mod room;
mod service;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{self, Config, Environment};
use crate::fetch::{Cadence, Pace};
use crate::model::{Clock, Feed, FeedHistory, HealthEvent, NodeId, Report, Severity, Timestamp};
use crate::pipeline::{
    BuildError, Deliver, Judge, Line, Live, Nudges, Outlook, Poll, Publishers, Snapshot, Subscribe, Sweep, Watch, drive,
};
use crate::rule;
use crate::store::{Store, StoreError, Waiting};
use crate::telemetry::{Metrics, Progress, Writes};
use crate::web;

use self::lifecycle::Signals;
pub use self::lifecycle::{Ended, run_until_signal};
pub use callbacks::HubCallbacks;
pub use service::{Starting, starting};

/// How long work in hand may go on after a stop was asked for; then its network waits are cut.
const SOFT_STOP: Duration = Duration::from_secs(5);
/// And how long the rest may take to put itself away. Together under the 10 s that we promise.
const HARD_STOP: Duration = Duration::from_secs(2);
/// And the database, to close.
const CLOSING: Duration = Duration::from_secs(1);
/// How long the daemon's fetches wait for their host's turn; then the feed comes again soon. A guess.
const QUEUE: Duration = Duration::from_secs(30);

/// Why the daemon can't start, split by exit code.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Mistakes in configuration or rules; draw the report. Exit code 2.
    #[error("the configuration or the rules have mistakes:\n{0}")]
    Invalid(Box<Report>),
    /// A client or channel can't be built. Exit code 2.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The database. Exit code 3, or 4 if it is damaged.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The disk of the database is full. Exit code 3; the daemon itself waits instead.
    #[error(
        "the disk of the database `{}` is full: {free} bytes could be written to it; make room there, or give \
         `[store] url` another place",
        path.display()
    )]
    NoRoom {
        /// The database.
        path: PathBuf,
        /// How many bytes it still took.
        free: u64,
        /// What the database said.
        #[source]
        source: StoreError,
    },
    /// A stop was asked for before everything was there. Exit code 0.
    #[error("stopped while starting")]
    Stopped,
    /// Signals can't be waited for. Exit code 3.
    #[error("cannot install signal handlers")]
    Signals(#[source] std::io::Error),
    /// The listener. Exit code 3.
    #[error("cannot listen on {address}; is another program using the port?")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Everything read, checked and compiled from the files; warnings included.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The rules.
    pub ruleset: rule::Ruleset,
    /// Warnings.
    pub report: Report,
}

/// Reads and checks the configuration and the rules that it names.
///
/// # Errors
/// All mistakes of all files, in one report.
pub fn load(path: &Path, environment: &Environment, now: Timestamp) -> Result<Loaded, Box<Report>> {
    let (config, mut report) = config::load(path, environment, now);
    let rules = match &config {
        Some(config) => config.rules.clone(),
        None => return Err(Box::new(report)),
    };
    let (ruleset, rules) = rule::load(&rules);
    if let (Some(config), Some(ruleset)) = (&config, &ruleset) {
        report.diagnostics.extend(config::unmet_wishes(config, ruleset.topics()));
    }
    report.append(rules);
    match (config, ruleset) {
        (Some(config), Some(ruleset)) => Ok(Loaded { config, ruleset, report }),
        _ => Err(Box::new(report)),
    }
}

/// Opens the configured database for this process alone and makes its feeds those of the configuration.
///
/// # Errors
/// If it can't be opened, is damaged or in use.
///
/// `queue`: how long a fetch may wait for its host's turn before it counts as not tried.
pub async fn open_line(loaded: Loaded, clock: Arc<dyn Clock>, queue: Duration) -> Result<Arc<Line>, StartError> {
    let snapshot = Arc::new(Snapshot::build(loaded.config, loaded.ruleset, None, queue)?);
    let kept = room::open_store(&snapshot, clock.now()).await?;
    Ok(line(snapshot, kept, clock, TaskTracker::new()))
}

fn line(snapshot: Arc<Snapshot>, kept: room::Kept, clock: Arc<dyn Clock>, tasks: TaskTracker) -> Arc<Line> {
    let now = clock.now();
    let room::Kept { store, push } = kept;
    let node = NodeId(format!("{}-{}", std::process::id(), now.as_millis()));
    let line = Arc::new(Line {
        store,
        live: Live::new(snapshot),
        metrics: Metrics::new(now),
        progress: Progress::new(now),
        writes: Writes::default(),
        clock,
        node,
        nudges: Nudges::default(),
        push,
        tasks,
        outlook: Outlook::default(),
        publishers: Publishers::default(),
    });
    // The metrics belong to the line: a strong reference would keep both for ever.
    let asked = Arc::downgrade(&line);
    line.metrics
        .ask_for_topic_costs(move || asked.upgrade().map(|line| line.live.load().topic_costs()).unwrap_or_default());
    line
}

/// A start or a reload gives a channel whose endpoint said “gone” another chance: its address may have been corrected. If
/// not, the next message disables it again, and the operator is told again.
async fn enable_channels(store: &dyn Store) -> Result<(), StoreError> {
    for (channel, reason, since) in store.disabled_channels().await? {
        tracing::info!(%channel, %since, reason, "this channel had been disabled; trying it again");
        store.enable_channel(&channel).await?;
    }
    Ok(())
}

/// When each feed is to be polled if it is new.
fn first_polls(config: &Config, now: Timestamp) -> Vec<(Feed, Timestamp)> {
    let count = config.feeds.len();
    let (pace, nothing) = (config.poll.pace(), FeedHistory::default());
    let first = |feed: &Feed| Cadence::of(feed, &pace, &nothing, now).first_poll(feed.id, count, now);
    // Defaults are written out, so that a change of them counts as a change of cadence.
    let written_out = |feed: &Feed| {
        let own = Pace::of(feed, &pace);
        let (adaptive, fastest, slowest) = (Some(!own.is_fixed()), Some(own.fastest), Some(own.slowest));
        Feed { interval: Some(own.interval), adaptive, fastest, slowest, ..feed.clone() }
    };
    config.feeds.iter().map(|feed| (written_out(feed), first(feed))).collect()
}

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    line: Arc<Line>,
    config_path: PathBuf,
    environment: Environment,
    soft: CancellationToken,
    hard: CancellationToken,
    stages: JoinSet<Result<(), StoreError>>,
    address: Option<SocketAddr>,
    /// Where a start had to wait: what was asked for meanwhile must not be lost.
    signals: Option<Signals>,
}

impl Daemon {
    /// Starts all stages, and the listener if one is configured. While the disk of the database is full, it waits for room.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(
        config_path: &Path,
        environment: Environment,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Report), StartError> {
        let loaded = load(config_path, &environment, clock.now()).map_err(StartError::Invalid)?;
        let report = loaded.report.clone();
        let listen = loaded.config.http_listen;
        let listener = match listen {
            Some(address) => {
                let bound = TcpListener::bind(address).await;
                Some(bound.map_err(|source| StartError::Listen { address, source })?)
            }
            None => None,
        };
        let snapshot = Arc::new(Snapshot::build(loaded.config, loaded.ruleset, None, QUEUE)?);
        let tasks = TaskTracker::new();
        let (environment_now, listening) = (&environment, listener.as_ref());
        let start = room::Start {
            config_path,
            environment: environment_now,
            clock: &clock,
            listener: listening,
            tasks: &tasks,
        };
        let room::Ready { kept, snapshot, emergency, signals } = start.open(snapshot).await?;
        let line = line(snapshot, kept, clock, tasks);
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        let mut stages = JoinSet::new();
        spawn_stage(&mut stages, Poll::default(), &line, &soft, &hard);
        spawn_stage(&mut stages, Judge::default(), &line, &soft, &hard);
        spawn_stage(&mut stages, Deliver::new(true), &line, &soft, &hard);
        spawn_stage(&mut stages, Sweep::default(), &line, &soft, &hard);
        spawn_stage(&mut stages, Subscribe, &line, &soft, &hard);
        spawn_stage(&mut stages, Watch::after(emergency), &line, &soft, &hard);
        let address = listener.as_ref().and_then(|listener| listener.local_addr().ok());
        if let Some(listener) = listener {
            let state = web::State {
                store: Arc::clone(&line.store),
                metrics: line.metrics.clone(),
                progress: line.progress.clone(),
                writes: line.writes.clone(),
                clock: Arc::clone(&line.clock),
                callbacks: Some(Arc::new(HubCallbacks(Arc::clone(&line)))),
            };
            let stop = hard.clone();
            stages.spawn(async move {
                if let Err(error) = web::serve(listener, state, stop).await {
                    tracing::error!(%error, "the HTTP listener ended");
                }
                Ok(())
            });
        }
        line.metrics.reloaded(true);
        let config_path = config_path.to_path_buf();
        let daemon = Self { line, config_path, environment, soft, hard, stages, address, signals };
        Ok((daemon, report))
    }

    /// Where the HTTP listener listens, if there is one.
    #[must_use]
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// What the stages hold in common.
    #[must_use]
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// Reads everything again and puts it in force if all of it is right; else nothing changes, and the operator is
    /// told. Returns whether it is in force.
    pub async fn reload(&self) -> bool {
        let now = self.line.clock.now();
        let done = self.try_reload(now).await;
        self.line.metrics.reloaded(done.is_ok());
        let Err(why) = done else { return true };
        for line in why.lines() {
            tracing::error!("reload refused: {line}");
        }
        let fingerprint = xxhash_rust::xxh3::xxh3_64(why.as_bytes());
        let event = HealthEvent {
            key: format!("reload:{fingerprint:x}:{}", now.as_seconds() / 3600),
            title: "An edit was refused; vedetta runs on with the old rules".to_owned(),
            detail: format!("{why}\n\nCorrect it, try it with `vedetta check`, and reload."),
            at: now,
        };
        self.line.tell(event, Severity::High, None).await;
        false
    }

    async fn try_reload(&self, now: Timestamp) -> Result<(), String> {
        let before = self.line.live.load();
        let is_ahead = self.put_edits_in_force(&before, now).await;
        let done = self.reload_everything(&before, now).await;
        if done.is_err() && is_ahead {
            // What a look at the edited files alone took for right is not.
            self.line.live.swap(before);
        }
        done
    }

    /// Where there are very many topics, reading all of them takes seconds. What only edits some of their files is in force
    /// before that. Returns whether there was such an edit.
    async fn put_edits_in_force(&self, before: &Arc<Snapshot>, now: Timestamp) -> bool {
        let of_before = Arc::clone(before);
        let (path, environment) = (self.config_path.clone(), self.environment.clone());
        let edited = tokio::task::spawn_blocking(move || {
            let (config, report) = config::load(&path, &environment, now);
            let (config, before) = (config?, &of_before.config);
            let is_right = !report.has_errors() && config.rules == before.rules && config.store_url == before.store_url;
            is_right.then(|| of_before.rules.edited(&of_before.config.rules)).flatten()
        });
        let Ok(Some(rules)) = edited.await else { return false };
        let Ok(snapshot) = Snapshot::build(before.config.clone(), rules, Some(before), QUEUE) else { return false };
        let topics = snapshot.rules.topic_count();
        // A file that was cut off while it was saved looks like one whose topics are gone, and articles that are judged
        // without them are not judged again: what takes topics away waits until everything was read.
        if topics < before.rules.topic_count() {
            return false;
        }
        self.line.live.swap(Arc::new(snapshot));
        tracing::info!(topics, "the edited rule files are in force; now everything is read");
        true
    }

    /// `before`: what was in force when the reload was asked for.
    async fn reload_everything(&self, before: &Snapshot, now: Timestamp) -> Result<(), String> {
        let (path, environment) = (self.config_path.clone(), self.environment.clone());
        let loaded = tokio::task::spawn_blocking(move || load(&path, &environment, now))
            .await
            .map_err(|error| error.to_string())?
            .map_err(|report| report.into_refusal())?;
        if loaded.config.store_url != before.config.store_url {
            return Err(
                "`[store] url` cannot change while running; the edit takes effect when the service is restarted"
                    .to_owned(),
            );
        }
        if loaded.config.http_listen != before.config.http_listen {
            tracing::warn!("`[http] listen` takes effect at the next restart; the rest of the edit is in force");
        }
        let snapshot = Snapshot::build(loaded.config, loaded.ruleset, Some(before), QUEUE)
            .map_err(|error| self.line.chain(&error))?;
        edit::leaves_something(before, &snapshot)?;
        let gone = edit::Gone::between(before, &snapshot);
        let feeds = first_polls(&snapshot.config, now);
        let (topics, channels) = (snapshot.rules.topic_count(), snapshot.channels.len());
        self.line.store.sync_feeds(&feeds).await.map_err(|error| self.line.chain(&error))?;
        enable_channels(&*self.line.store).await.map_err(|error| self.line.chain(&error))?;
        let corrected = edit::channels_changed(before, &snapshot);
        self.line.live.swap(Arc::new(snapshot));
        for channel in corrected {
            // The edit is in force already; what waits comes at its own time.
            if let Err(error) = self.line.store.hasten_deliveries(&Waiting::Channel(channel), now).await {
                self.line.store_failed(&error);
            }
        }
        self.line.nudges.poll.notify_one();
        self.line.nudges.deliver.notify_one();
        tracing::info!(feeds = feeds.len(), topics, channels, warnings = loaded.report.diagnostics.len(), "reloaded");
        if let Some(event) = gone.event(now) {
            self.line.tell(event, Severity::Notice, None).await;
        }
        Ok(())
    }

    /// Waits for a stage to end without being asked to, which is a fault.
    pub async fn failed(&mut self) -> Ended {
        match self.stages.join_next().await {
            Some(Ok(Err(error @ StoreError::Corrupt { .. }))) => Ended::Damaged(self.line.chain(&error)),
            Some(Ok(Err(error))) => Ended::Failed(self.line.chain(&error)),
            Some(Err(error)) => Ended::Failed(format!("a stage failed: {error}")),
            _ => Ended::Failed("a stage ended unasked".to_owned()),
        }
    }

    /// Stops: no new work is claimed; work in hand may finish for five seconds, then its network waits are cut; leases
    /// are handed back. `hurry` cuts at once. Takes under ten seconds.
    pub async fn stop(mut self, hurry: CancellationToken) {
        self.soft.cancel();
        self.line.tasks.close();
        tokio::select! {
            () = self.line.tasks.wait() => {}
            () = hurry.cancelled() => {}
            () = tokio::time::sleep(SOFT_STOP) => tracing::warn!("work in hand takes too long; handing it back"),
        }
        self.hard.cancel();
        let put_away = async {
            self.line.tasks.wait().await;
            while self.stages.join_next().await.is_some() {}
            self.line.store.release(&self.line.node).await
        };
        match tokio::time::timeout(HARD_STOP, put_away).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %self.line.chain(&error), "cannot hand back leases; they run out")
            }
            Err(_) => tracing::error!("work did not end in time; its leases run out"),
        }
        if tokio::time::timeout(CLOSING, self.line.store.close()).await.is_err() {
            tracing::error!("the database is slow to close; the next start checks it");
        }
    }
}

fn spawn_stage<S: crate::pipeline::Stage>(
    stages: &mut JoinSet<Result<(), StoreError>>,
    stage: S,
    line: &Arc<Line>,
    soft: &CancellationToken,
    hard: &CancellationToken,
) {
    let (line, soft, hard) = (Arc::clone(line), soft.clone(), hard.clone());
    stages.spawn(async move { drive(&stage, &line, &soft, &hard).await });
}
