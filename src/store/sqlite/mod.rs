//! The store on SQLite.
//!
//! One task writes (`writer`), a few connections read. A call that writes is a message to the writer and waits for its
//! commit; dropping the call does not take the message back.
//!
//! The one decision to question: statements carry many rows in and give one row out. A call into the driver costs as
//! much as ten rows, and each row that it hands back wakes a thread. So `poll` works on whole batches, answers come as
//! text that is taken apart here, and a poll that brings nothing costs some forty microseconds (measured with 5,000
//! feeds, 64 at a time).

mod archive;
mod backup;
mod bulk;
mod deliver;
mod error;
mod feeds;
mod flood;
mod judge;
mod open;
mod poll;
mod rows;
mod sweep;
mod views;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use tokio::sync::{mpsc, oneshot};

use crate::alert::{Desk, HealthDraft};
use crate::model::{
    Article, ArticleId, ChannelName, Claim, DeliveryId, DeliveryOutcome, Feed, FeedId, FeedState, Lease, Leased,
    NodeId, Subscription, Timestamp,
};

use super::{
    Committed, EntryKey, KnownEntry, Outgoing, PollCommit, Retention, SitemapMemory, Store, StoreError, SweepClock,
    Swept, VerdictCommit, Waiting,
};
pub use backup::{Backup, back_up};
pub use open::database_file;
use writer::{Chore, Job, QUEUE, Slot, Writer};

/// Connections that read. A guess: readers are short, and two cores serve no more at once.
const READERS: u32 = 3;

/// How a database is to be opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// Make the folder and the database where there is none.
    pub create: bool,
    /// Only look; every writing call is refused.
    pub read_only: bool,
    /// Be the one daemon: refused while another one is, and everything that was claimed is taken back.
    pub exclusive: bool,
}

/// A database file with one writing task and a few readers.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    reader: SqlitePool,
    /// Absent when opened for reading only.
    jobs: Option<mpsc::Sender<Job>>,
    page_limit: Arc<AtomicU32>,
}

impl SqliteStore {
    /// Opens `sqlite:PATH`. Brings the schema up to date unless opened for reading only. After an unclean stop an
    /// exclusive opening checks the whole file first.
    ///
    /// Must be called within a tokio runtime, on which the writing task then lives.
    ///
    /// # Errors
    /// `Refused`: no database there and not asked to make one, another program's or a newer vedetta's, in use by another
    /// daemon, a SQLite library known to damage files. `Corrupt`: damaged, or no database at all. `Unavailable`: locked
    /// or unreadable.
    pub async fn open(url: &str, options: OpenOptions) -> Result<Arc<Self>, StoreError> {
        let opened = open::open(url, &options).await?;
        let reader = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(10))
            .idle_timeout(Duration::from_secs(600))
            .max_lifetime(None)
            .connect_lazy_with(opened.read);
        let page_limit = Arc::new(AtomicU32::new(0));
        let jobs = opened.writer.map(|conn| {
            let (sender, receiver) = mpsc::channel(QUEUE);
            let writer = Writer::new(opened.write, conn, Arc::clone(&page_limit), opened.lock);
            tokio::spawn(writer.run(receiver));
            sender
        });
        Ok(Arc::new(Self { path: opened.path, reader, jobs, page_limit }))
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the database grow to so many pages of 4 KiB and no further, from the next transaction on; beyond, writing
    /// fails as on a full disk. It never gets smaller than it is.
    pub fn limit_pages(&self, pages: u32) {
        self.page_limit.store(pages, Ordering::Relaxed);
    }

    /// Asks the writer and waits for its commit.
    async fn ask<T>(&self, job: impl FnOnce(Slot<T>) -> Job + Send) -> Result<T, StoreError> {
        let Some(jobs) = &self.jobs else {
            return Err(StoreError::Refused { what: format!("`{}` was opened for reading only", self.path.display()) });
        };
        let closed = || StoreError::Unavailable(sqlx::Error::PoolClosed);
        let (sender, receiver) = oneshot::channel();
        jobs.send(job(Slot::new(sender))).await.map_err(|_| closed())?;
        receiver.await.map_err(|_| closed())?
    }

    async fn chore(&self, chore: Chore) -> Result<u64, StoreError> {
        self.ask(|slot| Job::Chore(chore, slot)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn sync_feeds(&self, feeds: &[(Feed, Timestamp)]) -> Result<(), StoreError> {
        self.chore(Chore::Sync(feeds::sync_list(feeds))).await.map(drop)
    }

    async fn next_poll_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> =
            sqlx::query_scalar("SELECT claimable_at FROM feeds WHERE enabled ORDER BY claimable_at LIMIT 1")
                .fetch_optional(&self.reader)
                .await?;
        Ok(next.map(Timestamp::from_millis))
    }

    async fn claim_feeds(&self, claim: &Claim) -> Result<Vec<Leased<FeedState, FeedId>>, StoreError> {
        self.ask(|slot| Job::ClaimFeeds(claim.clone(), slot)).await
    }

    async fn known_entries(&self, feed: FeedId, keys: &[EntryKey]) -> Result<Vec<KnownEntry>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let question = (feed, keys.to_vec());
        if self.jobs.is_none() {
            let mut conn = self.reader.acquire().await?;
            return Ok(feeds::known(&mut conn, &[&question]).await?.pop().unwrap_or_default());
        }
        self.ask(|slot| Job::Known(question, slot)).await
    }

    async fn sitemaps(&self, feed: FeedId) -> Result<Vec<SitemapMemory>, StoreError> {
        feeds::sitemaps(&self.reader, feed).await
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError> {
        let found: Vec<String> =
            sqlx::query_scalar("SELECT subscription FROM subscriptions").fetch_all(&self.reader).await?;
        // One that can't be read is made anew by the next poll of its feed.
        Ok(found.iter().filter_map(|text| serde_json::from_str(text).ok()).collect())
    }

    async fn save_subscription(&self, subscription: &Subscription) -> Result<(), StoreError> {
        self.chore(Chore::Subscribe(subscription.feed, Some(rows::to_json(subscription)))).await.map(drop)
    }

    async fn forget_subscription(&self, feed: FeedId) -> Result<(), StoreError> {
        self.chore(Chore::Subscribe(feed, None)).await.map(drop)
    }

    async fn poll_now(&self, feed: FeedId, now: Timestamp) -> Result<(), StoreError> {
        self.chore(Chore::PollNow(feed, now)).await.map(drop)
    }

    async fn commit_poll(&self, poll: PollCommit, desk: Arc<Desk>, now: Timestamp) -> Result<Committed, StoreError> {
        self.ask(|slot| Job::Poll(Box::new(writer::PollJob { poll, desk, now, slot }))).await
    }

    async fn claim_articles(&self, claim: &Claim) -> Result<Vec<Leased<Article, ArticleId>>, StoreError> {
        self.ask(|slot| Job::ClaimArticles(claim.clone(), slot)).await
    }

    async fn commit_verdict(
        &self,
        commit: VerdictCommit,
        desk: Arc<Desk>,
        now: Timestamp,
    ) -> Result<Committed, StoreError> {
        self.ask(|slot| Job::Verdict(Box::new(writer::VerdictJob { commit, desk, now, slot }))).await
    }

    async fn commit_health(&self, draft: HealthDraft) -> Result<bool, StoreError> {
        self.ask(|slot| Job::Health(Box::new(draft), slot)).await
    }

    async fn next_delivery_at(&self, except: &[ChannelName]) -> Result<Option<Timestamp>, StoreError> {
        let next: Option<i64> = sqlx::query_scalar(
            "SELECT claimable_at FROM deliveries WHERE state = 'due' AND channel NOT IN (SELECT name FROM channels) \
             AND channel NOT IN (SELECT value FROM json_each($1)) ORDER BY claimable_at LIMIT 1",
        )
        .bind(rows::to_json(&except))
        .fetch_optional(&self.reader)
        .await?;
        Ok(next.map(Timestamp::from_millis))
    }

    async fn claim_deliveries(
        &self,
        claim: &Claim,
        kinds_gathering: bool,
        except: &[ChannelName],
    ) -> Result<Vec<Leased<Outgoing, DeliveryId>>, StoreError> {
        self.ask(|slot| Job::ClaimDeliveries(claim.clone(), kinds_gathering, except.to_vec(), slot)).await
    }

    async fn finish_delivery(
        &self,
        lease: &Lease<DeliveryId>,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.ask(|slot| Job::Finish(lease.clone(), outcome, now, slot)).await
    }

    async fn retry_deliveries(&self, id: Option<DeliveryId>, now: Timestamp) -> Result<u64, StoreError> {
        self.chore(Chore::Retry(id, now)).await
    }

    async fn hasten_deliveries(&self, which: &Waiting, now: Timestamp) -> Result<u64, StoreError> {
        self.chore(Chore::Hasten(which.clone(), now)).await
    }

    async fn disabled_channels(&self) -> Result<Vec<(ChannelName, String, Timestamp)>, StoreError> {
        let found =
            sqlx::query("SELECT name, reason, disabled_at FROM channels ORDER BY name").fetch_all(&self.reader).await?;
        found.iter().map(|row| Ok((deliver::channel(row, 0)?, row.try_get(1)?, rows::time(row, 2)?))).collect()
    }

    async fn enable_channel(&self, channel: &ChannelName) -> Result<(), StoreError> {
        self.chore(Chore::Enable(channel.clone())).await.map(drop)
    }

    async fn release(&self, node: &NodeId) -> Result<(), StoreError> {
        self.chore(Chore::Release(node.clone())).await.map(drop)
    }

    async fn sweep_clock(&self) -> Result<SweepClock, StoreError> {
        let found: Option<String> =
            sqlx::query_scalar("SELECT value FROM meta WHERE key = 'sweep'").fetch_optional(&self.reader).await?;
        Ok(found.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    async fn save_sweep_clock(&self, clock: &SweepClock) -> Result<(), StoreError> {
        self.chore(Chore::SweepClock(rows::to_json(clock))).await.map(drop)
    }

    async fn sweep(&self, retention: &Retention, now: Timestamp) -> Result<Swept, StoreError> {
        sweep::all(&self.reader, retention, now, |step| self.chore(Chore::Sweep(step))).await
    }

    async fn ping(&self, now: Timestamp) -> Result<(), StoreError> {
        self.chore(Chore::Ping(now)).await.map(drop)
    }

    async fn close(&self) {
        self.reader.close().await;
        if let Some(jobs) = &self.jobs {
            let (sender, receiver) = oneshot::channel();
            if jobs.send(Job::Close(sender)).await.is_ok() {
                let _ = receiver.await;
            }
        }
    }
}
