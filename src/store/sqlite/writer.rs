//! The one task that writes.
//!
//! Callers put their work into a bounded queue; the writer takes all that waits into one transaction, commits once (one
//! `fsync`), and answers everybody. So the price of durability is shared by whoever happens to be busy at the same time.
//!
//! Each piece of work is whole or not at all. What can fail in the ordinary course (a lost lease) is found out before
//! anything of that piece is written. Should a statement fail all the same, the transaction is undone and every piece
//! is tried in a transaction of its own, so that a bad one fails alone. A full disk or a locked database undoes the
//! transaction and everyone is told to try again.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use tokio::sync::{mpsc, oneshot};

use crate::alert::{Desk, HealthDraft};
use crate::model::{
    Article, ArticleId, ChannelName, Claim, DeliveryId, DeliveryOutcome, FeedId, FeedState, Lease, Leased, NodeId,
    Timestamp,
};

use super::super::{Committed, KnownEntry, Outgoing, PollCommit, StoreError, VerdictCommit, Waiting};
use super::error::SharedError;
use super::feeds::{ClockWatch, KnownQuestion};
use super::judge::{self, Boards};
use super::sweep::Sweep;
use super::{deliver, feeds, poll, sweep};

/// Pieces of work that may wait; whoever comes next waits for room.
pub(super) const QUEUE: usize = 512;
/// Articles and keys in one transaction, roughly: keeps it below a tenth of a second and a few MB.
const TRANSACTION_WEIGHT: usize = 10_000;

/// Where an answer goes, and the answer itself until the transaction is committed.
pub(super) struct Slot<T> {
    sender: oneshot::Sender<Result<T, StoreError>>,
    answer: Option<Result<T, StoreError>>,
}

impl<T> Slot<T> {
    pub(super) fn new(sender: oneshot::Sender<Result<T, StoreError>>) -> Self {
        Self { sender, answer: None }
    }

    /// Keeps the answer.
    pub(super) fn set(&mut self, answer: Result<T, StoreError>) {
        self.answer = Some(answer);
    }

    /// Sends the answer; whoever no longer waits for it has no say in what was committed.
    fn send(self) {
        if let Some(answer) = self.answer {
            let _ = self.sender.send(answer);
        }
    }

    fn fail(self, error: &SharedError) {
        let _ = self.sender.send(Err(error.copy()));
    }
}

pub(super) struct PollJob {
    pub(super) poll: PollCommit,
    pub(super) desk: Arc<Desk>,
    pub(super) now: Timestamp,
    pub(super) slot: Slot<Committed>,
}

pub(super) struct VerdictJob {
    pub(super) commit: VerdictCommit,
    pub(super) desk: Arc<Desk>,
    pub(super) now: Timestamp,
    pub(super) slot: Slot<Committed>,
}

/// Everything that is rare enough for a statement of its own.
pub(super) enum Chore {
    /// The list of [`feeds::sync_list`].
    Sync(String),
    Retry(Option<DeliveryId>, Timestamp),
    Hasten(Waiting, Timestamp),
    Enable(ChannelName),
    Release(NodeId),
    Sweep(Sweep),
    /// By which time the sweep goes, as JSON.
    SweepClock(String),
    Ping(Timestamp),
    /// A feed's subscription as JSON; `None`: there is none any more.
    Subscribe(FeedId, Option<String>),
    PollNow(FeedId, Timestamp),
}

/// A piece of work.
pub(super) enum Job {
    Poll(Box<PollJob>),
    Verdict(Box<VerdictJob>),
    Finish(Lease<DeliveryId>, DeliveryOutcome, Timestamp, Slot<()>),
    Health(Box<HealthDraft>, Slot<bool>),
    Chore(Chore, Slot<u64>),
    Known(KnownQuestion, Slot<Vec<KnownEntry>>),
    ClaimFeeds(Claim, Slot<Vec<Leased<FeedState, FeedId>>>),
    ClaimArticles(Claim, Slot<Vec<Leased<Article, ArticleId>>>),
    ClaimDeliveries(Claim, bool, Vec<ChannelName>, Slot<Vec<Leased<Outgoing, DeliveryId>>>),
    Close(oneshot::Sender<()>),
}

impl Job {
    /// Rows that it writes, roughly.
    fn weight(&self) -> usize {
        match self {
            Self::Poll(job) => 1 + job.poll.articles.len() + job.poll.seen.len(),
            Self::Known((_, keys), _) => 1 + keys.len() / 4,
            _ => 1,
        }
    }

    /// The order within a transaction: first what ends work, then what gives it out, so that claims see all of it.
    const fn rank(&self) -> u8 {
        match self {
            Self::Poll(_) => 0,
            Self::Verdict(_) | Self::Finish(..) | Self::Health(..) => 1,
            Self::Chore(..) => 2,
            Self::Known(..) => 3,
            Self::ClaimFeeds(..) | Self::ClaimArticles(..) | Self::ClaimDeliveries(..) => 4,
            Self::Close(_) => 5,
        }
    }

    fn send(self) {
        match self {
            Self::Poll(job) => job.slot.send(),
            Self::Verdict(job) => job.slot.send(),
            Self::Finish(.., slot) => slot.send(),
            Self::Health(_, slot) => slot.send(),
            Self::Chore(_, slot) => slot.send(),
            Self::Known(_, slot) => slot.send(),
            Self::ClaimFeeds(_, slot) => slot.send(),
            Self::ClaimArticles(_, slot) => slot.send(),
            Self::ClaimDeliveries(.., slot) => slot.send(),
            Self::Close(sender) => {
                let _ = sender.send(());
            }
        }
    }

    fn fail(self, error: &SharedError) {
        match self {
            Self::Poll(job) => job.slot.fail(error),
            Self::Verdict(job) => job.slot.fail(error),
            Self::Finish(.., slot) => slot.fail(error),
            Self::Health(_, slot) => slot.fail(error),
            Self::Chore(_, slot) => slot.fail(error),
            Self::Known(_, slot) => slot.fail(error),
            Self::ClaimFeeds(_, slot) => slot.fail(error),
            Self::ClaimArticles(_, slot) => slot.fail(error),
            Self::ClaimDeliveries(.., slot) => slot.fail(error),
            Self::Close(sender) => {
                let _ = sender.send(());
            }
        }
    }
}

/// The writing task's belongings.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    conn: Option<SqliteConnection>,
    boards: Boards,
    clock: ClockWatch,
    page_limit: Arc<AtomicU32>,
    page_limit_set: u32,
    /// Held as long as this task can write; `None` where the database is shared.
    lock: Option<File>,
}

impl Writer {
    pub(super) fn new(
        options: SqliteConnectOptions,
        conn: SqliteConnection,
        page_limit: Arc<AtomicU32>,
        lock: Option<File>,
    ) -> Self {
        Self {
            options,
            conn: Some(conn),
            boards: Boards::default(),
            clock: ClockWatch::default(),
            page_limit,
            page_limit_set: 0,
            lock,
        }
    }

    /// Works until it is told to close, or until nobody can ask any more.
    pub(super) async fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut waiting = Vec::with_capacity(QUEUE);
        while jobs.recv_many(&mut waiting, QUEUE).await > 0 {
            // Whoever is about to ask gets in: what woke this task often woke others too.
            tokio::task::yield_now().await;
            while waiting.len() < QUEUE
                && let Ok(job) = jobs.try_recv()
            {
                waiting.push(job);
            }
            let mut is_closing = None;
            let mut batch = Vec::with_capacity(waiting.len());
            let mut weight = 0;
            for job in waiting.drain(..) {
                if let Job::Close(sender) = job {
                    is_closing = Some(sender);
                    continue;
                }
                weight += job.weight();
                batch.push(job);
                if weight >= TRANSACTION_WEIGHT {
                    self.serve(std::mem::take(&mut batch)).await;
                    weight = 0;
                }
            }
            self.serve(batch).await;
            if let Some(sender) = is_closing {
                jobs.close();
                self.close().await;
                let _ = sender.send(());
                return;
            }
        }
    }

    /// Commits a batch and answers everyone in it.
    async fn serve(&mut self, mut batch: Vec<Job>) {
        if batch.is_empty() {
            return;
        }
        batch.sort_by_key(Job::rank);
        match self.transaction(&mut batch).await {
            Ok(()) => batch.into_iter().for_each(Job::send),
            Err(StoreError::Unavailable(error)) => fail_all(batch, StoreError::Unavailable(error)),
            Err(error) if batch.len() == 1 => fail_all(batch, error),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    jobs = batch.len(),
                    "a shared transaction failed; each part is tried alone"
                );
                for job in batch {
                    let mut alone = vec![job];
                    match self.transaction(&mut alone).await {
                        Ok(()) => alone.into_iter().for_each(Job::send),
                        Err(error) => fail_all(alone, error),
                    }
                }
            }
        }
    }

    /// One transaction. On any error it is undone, the boards are forgotten, and the next one begins with a new
    /// connection: SQLite may have ended a failed transaction by itself, and only a new one is sure to be clean.
    async fn transaction(&mut self, batch: &mut [Job]) -> Result<(), StoreError> {
        let mut conn = self.connection().await?;
        self.boards.begin();
        let done = work(&mut conn, &mut self.boards, &mut self.clock, batch).await;
        if done.is_ok() {
            self.conn = Some(conn);
        } else {
            self.boards.forget();
            self.clock = ClockWatch::default();
            let _ = sqlx::query("ROLLBACK").execute(&mut conn).await;
            let _ = conn.close_hard().await;
        }
        done
    }

    async fn connection(&mut self) -> Result<SqliteConnection, StoreError> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None => {
                self.page_limit_set = 0;
                self.options.connect().await?
            }
        };
        let limit = self.page_limit.load(Ordering::Relaxed);
        if limit != self.page_limit_set {
            // A number of ours, no text from outside.
            sqlx::query(AssertSqlSafe(format!("PRAGMA max_page_count = {limit}"))).execute(&mut conn).await?;
            self.page_limit_set = limit;
        }
        Ok(conn)
    }

    /// Writes everything out. The mark of a clean stop is the last thing written, and only by who holds the lock.
    async fn close(mut self) {
        let Ok(mut conn) = self.connection().await else { return };
        if self.lock.is_some() {
            let _ = super::open::mark_clean(&mut conn, true).await;
        }
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut conn).await;
        let _ = conn.close().await;
        drop(self.lock);
    }
}

fn fail_all(batch: Vec<Job>, error: StoreError) {
    let error = SharedError::from(error);
    batch.into_iter().for_each(|job| job.fail(&error));
}

/// Begins, does everything, commits.
async fn work(
    conn: &mut SqliteConnection,
    boards: &mut Boards,
    clock: &mut ClockWatch,
    batch: &mut [Job],
) -> Result<(), StoreError> {
    if batch.iter().all(|job| matches!(job, Job::Known(..))) {
        return answer_known(conn, batch).await;
    }
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    let polls = batch.iter().take_while(|job| matches!(job, Job::Poll(_))).count();
    let (polls, others) = batch.split_at_mut(polls);
    let mut jobs: Vec<&mut PollJob> =
        polls.iter_mut().filter_map(|job| if let Job::Poll(job) = job { Some(&mut **job) } else { None }).collect();
    if !jobs.is_empty() {
        poll::commit_polls(conn, boards, &mut jobs).await?;
    }
    answer_known(conn, others).await?;
    for job in others {
        match job {
            Job::Poll(_) | Job::Known(..) | Job::Close(_) => {}
            Job::Verdict(job) => poll::commit_verdict(conn, boards, job).await?,
            Job::Finish(lease, outcome, now, slot) => {
                let answer = if deliver::finish(conn, lease, outcome, *now).await? {
                    Ok(())
                } else {
                    Err(StoreError::LeaseLost { what: format!("delivery {}", lease.id) })
                };
                slot.set(answer);
            }
            Job::Health(draft, slot) => {
                let mut committed = Committed::default();
                slot.set(Ok(judge::write_health(conn, draft, &mut committed).await?));
            }
            Job::Chore(chore, slot) => slot.set(Ok(do_chore(conn, chore).await?)),
            Job::ClaimFeeds(claim, slot) => slot.set(Ok(feeds::claim(conn, claim, clock).await?)),
            Job::ClaimArticles(claim, slot) => slot.set(Ok(feeds::claim_articles(conn, claim).await?)),
            Job::ClaimDeliveries(claim, gathering, except, slot) => {
                slot.set(Ok(deliver::claim(conn, claim, *gathering, except).await?));
            }
        }
    }
    sqlx::query("COMMIT").execute(conn).await?;
    Ok(())
}

/// Answers all questions for known entries with one statement.
async fn answer_known(conn: &mut SqliteConnection, batch: &mut [Job]) -> Result<(), StoreError> {
    let mut questions = Vec::new();
    let mut slots = Vec::new();
    for job in batch {
        if let Job::Known(question, slot) = job {
            questions.push(&*question);
            slots.push(slot);
        }
    }
    if questions.is_empty() {
        return Ok(());
    }
    for (slot, known) in slots.into_iter().zip(feeds::known(conn, &questions).await?) {
        slot.set(Ok(known));
    }
    Ok(())
}

async fn do_chore(conn: &mut SqliteConnection, chore: &Chore) -> Result<u64, StoreError> {
    match chore {
        Chore::Sync(list) => feeds::sync(conn, list).await,
        Chore::Retry(id, now) => deliver::retry(conn, *id, *now).await,
        Chore::Hasten(which, now) => deliver::hasten(conn, which, *now).await,
        Chore::Enable(channel) => {
            let done = sqlx::query("DELETE FROM channels WHERE name = $1").bind(channel.as_str()).execute(conn).await?;
            Ok(done.rows_affected())
        }
        Chore::Release(node) => feeds::release(conn, Some(node)).await,
        Chore::SweepClock(clock) => super::open::write_meta(conn, "sweep", clock).await,
        Chore::Sweep(step) => sweep::run(conn, step).await,
        Chore::Subscribe(feed, subscription) => feeds::subscribe(conn, *feed, subscription.as_deref()).await,
        Chore::PollNow(feed, now) => feeds::poll_now(conn, *feed, *now).await,
        Chore::Ping(now) => super::open::write_meta(conn, "ping", &now.as_millis().to_string()).await,
    }
}
