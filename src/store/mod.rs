//! What survives a crash: the contract, written once.
//!
//! Every method is one whole transaction; no transaction handle crosses this line. Decisions about stories and alerts
//! are pure functions of floor 2 ([`crate::story::assign`], [`crate::alert::Desk`]) that the store calls *inside* the
//! writing transaction, where the board that they look at cannot move. That replaces optimistic revisions and retries:
//! simpler, and on SQLite's single writer it costs nothing.

mod archive;
pub mod sqlite;
mod views;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::alert::{Desk, HealthDraft};
use crate::model::{
    AlertId, Article, ArticleId, Change, ChannelName, Claim, Delivery, DeliveryId, DeliveryOutcome, DeliveryState,
    Feed, FeedId, FeedState, Lease, Leased, Match, NodeId, Notice, PageMemory, Subscription, Timestamp, TopicId,
    Validators,
};
use crate::story::Signature;

pub use archive::{ArchivePage, ArchiveSpan, ArchivedArticle, RecordedAlert, RecordedMatch};
pub use views::{AlertRow, DeliveryCounts, DeliveryRow, FeedRow, Overdue, StoreStats, ToldDelay, Views};

/// Why the store could not do it, split by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Someone else has the work now; drop it.
    #[error("the lease on {what} was lost")]
    LeaseLost {
        /// Kind and id.
        what: String,
    },
    /// The database cannot be reached, is locked or its disk is full: try again later.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// A statement failed: a mistake of ours or a schema that does not fit.
    #[error("a database statement failed")]
    Statement(#[source] sqlx::Error),
    /// The database is damaged, or holds what can't be there. Exit code 4.
    #[error("the database is damaged: {what}")]
    Corrupt {
        /// What was found, and how to restore.
        what: String,
    },
    /// The database can't be opened as asked.
    #[error("{what}")]
    Refused {
        /// What, and what to do.
        what: String,
    },
}

impl StoreError {
    /// Whether the database says that its disk is full (SQLite: 13).
    #[must_use]
    pub fn is_full(&self) -> bool {
        let Self::Unavailable(sqlx::Error::Database(report)) = self else { return false };
        // The higher bits tell more.
        report.code().and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xFF == 13)
    }
}

/// A key by which an entry is known (xxh3 of guid, normalised link or content, tagged by kind), scoped to its feed.
pub type EntryKey = i64;

/// An entry that the store remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownEntry {
    /// The key asked for.
    pub key: EntryKey,
    /// Its article; absent where the entry only became known (`first_poll`).
    pub article: Option<ArticleId>,
    /// Hash of its content when it was last read.
    pub content_hash: i64,
    /// When it was last seen in its feed, to the day.
    pub last_seen: Timestamp,
}

/// An entry to be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenEntry {
    /// All its keys.
    pub keys: Vec<EntryKey>,
    /// Its article, if it became one.
    pub article: Option<ArticleId>,
    /// Hash of its content.
    pub content_hash: i64,
}

/// What matching made of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// Which rules judged it (`Ruleset::revision`).
    pub revision: String,
    /// The topics that it satisfies.
    pub matches: Vec<Match>,
    /// What it is recognised by; `None` where nothing matched (not worth computing).
    pub signature: Option<Signature>,
}

/// An article from a poll.
#[derive(Debug, Clone, PartialEq)]
pub struct PolledArticle {
    /// The article. An id that is already stored means an edited one: its text is replaced.
    pub article: Article,
    /// Judged already, or `None`: it waits in the `fresh` queue (its page is still to be fetched).
    pub verdict: Option<Verdict>,
    /// What is different in an edited one; `None` where nothing is, or where its page is still to be fetched.
    pub change: Option<Change>,
}

/// What is remembered of one sitemap of an index between polls.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SitemapMemory {
    /// Its address.
    pub url: String,
    /// Whether it was ever read.
    pub was_read: bool,
    /// What the index said of it when it was read last.
    pub lastmod: Option<Timestamp>,
    /// To ask again with.
    pub validators: Validators,
    /// Hash of its last body (xxh3).
    pub body_hash: Option<i64>,
}

/// Everything that one poll of one feed changes. Committed whole or not at all.
#[derive(Debug, Clone)]
pub struct PollCommit {
    /// The right to do so.
    pub lease: Lease<FeedId>,
    /// The feed's new state, next poll included.
    pub state: FeedState,
    /// Entries to remember; known keys get their `last_seen`, article and content hash updated.
    pub seen: Vec<SeenEntry>,
    /// New and edited articles, oldest first.
    pub articles: Vec<PolledArticle>,
    /// Something to tell the operator.
    pub health: Vec<HealthDraft>,
    /// What is to be remembered of an index's sitemaps; `None`: as before.
    pub sitemaps: Option<Vec<SitemapMemory>>,
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Committed {
    /// Articles that were not there before.
    pub new_articles: u32,
    /// Articles whose text was replaced.
    pub changed_articles: u32,
    /// New matches.
    pub matches: u32,
    /// Alerts raised.
    pub alerts: Vec<AlertId>,
    /// Of which the flood brake put into a summary.
    pub held: u32,
    /// Topics of which a summary was begun.
    pub floods: Vec<TopicId>,
    /// Deliveries written or joined.
    pub deliveries: u32,
    /// The earliest of their due times.
    pub next_due: Option<Timestamp>,
}

/// A judged article of the `fresh` queue.
#[derive(Debug, Clone)]
pub struct VerdictCommit {
    /// The right to do so.
    pub lease: Lease<ArticleId>,
    /// The article, with its page's text or the reason why there is none.
    pub article: Article,
    /// What matching made of it.
    pub verdict: Verdict,
    /// What is different, if it was known before its page was fetched.
    pub change: Option<Change>,
    /// What to remember of its page; `None`: nothing.
    pub page: Option<PageMemory>,
}

/// Which of the deliveries that wait for their next attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// All.
    All,
    /// Those to this channel.
    Channel(ChannelName),
    /// These.
    These(Vec<DeliveryId>),
}

/// A delivery to be attempted, with the words to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// The delivery.
    pub delivery: Delivery,
    /// What to say; frozen since the first attempt.
    pub notice: Notice,
    /// Whether a crash may have cut an earlier attempt short after the far end took it.
    pub maybe_sent_before: bool,
}

/// How long things are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Articles that matched nothing.
    pub articles: Duration,
    /// Matched articles, stories, alerts and finished deliveries.
    pub alerts: Duration,
    /// Keys of entries, counted from when the entry left its feed; at least 180 days (RELIABILITY P2).
    pub seen: Duration,
}

/// By which time the sweep goes. A clock that is years ahead would have it delete everything at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SweepClock {
    /// When it last ran; absent until it ran once.
    pub swept: Option<Timestamp>,
    /// A clock too far from `swept` to be believed at once.
    pub doubt: Option<ClockDoubt>,
}

/// A clock that is not believed yet. Both times are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClockDoubt {
    /// When the doubt began.
    pub since: Timestamp,
    /// When the clock was last looked at.
    pub looked: Timestamp,
}

/// What a sweep removed, in rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// Articles.
    pub articles: u64,
    /// Alerts with their deliveries.
    pub alerts: u64,
    /// Entry keys.
    pub seen: u64,
}

/// The database, as the line sees it.
#[async_trait]
pub trait Store: Views + std::fmt::Debug + Send + Sync {
    /// Makes the stored feeds those of the configuration: new ones are added with the `next_poll_at` given, known ones
    /// keep their state (except that a `next_poll_at` further away than `given` is pulled in to it if the feed's cadence
    /// changed), absent ones are set aside with their memory intact and come back with it.
    async fn sync_feeds(&self, feeds: &[(Feed, Timestamp)]) -> Result<(), StoreError>;

    /// When the next feed falls due; `None` when there is none.
    async fn next_poll_at(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Claims feeds that are due, the longest overdue first.
    async fn claim_feeds(&self, claim: &Claim) -> Result<Vec<Leased<FeedState, FeedId>>, StoreError>;

    /// Which of these keys are known for the feed. Order as asked, unknown ones left out.
    async fn known_entries(&self, feed: FeedId, keys: &[EntryKey]) -> Result<Vec<KnownEntry>, StoreError>;

    /// What is remembered of the sitemaps of an index; nothing for other feeds.
    async fn sitemaps(&self, feed: FeedId) -> Result<Vec<SitemapMemory>, StoreError>;

    /// All subscriptions at hubs.
    async fn subscriptions(&self) -> Result<Vec<Subscription>, StoreError>;

    /// Writes a subscription; there is one for each feed.
    async fn save_subscription(&self, subscription: &Subscription) -> Result<(), StoreError>;

    /// Forgets a feed's subscription.
    async fn forget_subscription(&self, feed: FeedId) -> Result<(), StoreError>;

    /// Makes a feed due, unless it is being polled.
    async fn poll_now(&self, feed: FeedId, now: Timestamp) -> Result<(), StoreError>;

    /// Commits a poll. Concurrent calls share one transaction (and one fsync); each is still whole. A match whose
    /// (topic, article) is already recorded updates its evidence and tells nobody.
    ///
    /// # Errors
    /// `LeaseLost` if the fence moved on; nothing was written.
    async fn commit_poll(&self, poll: PollCommit, desk: Arc<Desk>, now: Timestamp) -> Result<Committed, StoreError>;

    /// Claims articles that wait for their page.
    async fn claim_articles(&self, claim: &Claim) -> Result<Vec<Leased<Article, ArticleId>>, StoreError>;

    /// Commits a judged article of the `fresh` queue, like [`Store::commit_poll`].
    async fn commit_verdict(
        &self,
        verdict: VerdictCommit,
        desk: Arc<Desk>,
        now: Timestamp,
    ) -> Result<Committed, StoreError>;

    /// Writes a health alert; one with a known key changes nothing. Returns whether it was new.
    async fn commit_health(&self, draft: HealthDraft) -> Result<bool, StoreError>;

    /// When the next delivery falls due (leased ones count with the end of their lease), of channels that are neither in
    /// `except` nor disabled; `None` when there is none.
    async fn next_delivery_at(&self, except: &[ChannelName]) -> Result<Option<Timestamp>, StoreError>;

    /// Claims deliveries that are due, the oldest first. `kinds_gathering`: whether digests and quiet-hours gatherings
    /// are wanted too (`run --once` leaves them; summaries of floods it takes as they are, since nobody waits for their
    /// windows). `except`: channels that are busy or unknown and are left alone, so that
    /// a dead server's backlog never stands before another channel's messages. A delivery without frozen words gets them
    /// in the same transaction.
    async fn claim_deliveries(
        &self,
        claim: &Claim,
        kinds_gathering: bool,
        except: &[ChannelName],
    ) -> Result<Vec<Leased<Outgoing, DeliveryId>>, StoreError>;

    /// Writes how an attempt ended. Concurrent calls share one transaction.
    ///
    /// # Errors
    /// `LeaseLost` if the fence moved on; nothing was written.
    async fn finish_delivery(
        &self,
        lease: &Lease<DeliveryId>,
        outcome: DeliveryOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Makes a delivery that failed, or that waits for its next attempt, due now (or all of them, with `None`); what
    /// gathers for its hour is left alone. Returns how many.
    async fn retry_deliveries(&self, id: Option<DeliveryId>, now: Timestamp) -> Result<u64, StoreError>;

    /// Makes deliveries due now that wait for their next attempt; `which` says which of them. Waits that the far end asked
    /// for stay. Their attempts stay counted. With `Waiting::All`, as at a start, one delivery at most every five minutes: one
    /// that was hastened less long ago becomes due when these are over. Returns how many are due sooner than before.
    async fn hasten_deliveries(&self, which: &Waiting, now: Timestamp) -> Result<u64, StoreError>;

    /// Channels that their endpoint disabled (410), with the reason and when.
    async fn disabled_channels(&self) -> Result<Vec<(ChannelName, String, Timestamp)>, StoreError>;

    /// Puts a disabled channel back in use.
    async fn enable_channel(&self, channel: &ChannelName) -> Result<(), StoreError>;

    /// Hands back everything that this node still has claimed.
    async fn release(&self, node: &NodeId) -> Result<(), StoreError>;

    /// By which time the last sweep went; the default where none did, or what is noted can't be read.
    async fn sweep_clock(&self) -> Result<SweepClock, StoreError>;

    /// Notes by which time the sweep goes.
    async fn save_sweep_clock(&self, clock: &SweepClock) -> Result<(), StoreError>;

    /// Deletes what is older than its retention, in small transactions. Believes `now`.
    async fn sweep(&self, retention: &Retention, now: Timestamp) -> Result<Swept, StoreError>;

    /// Proves that the database can be written: for `/healthz` and the watchdog.
    async fn ping(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Writes everything out and closes; later calls fail with `Unavailable`.
    async fn close(&self);
}

/// Ledger filter: state of a delivery as asked for on the command line.
pub type DeliveryFilter = Option<DeliveryState>;
