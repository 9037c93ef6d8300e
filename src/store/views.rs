//! What the command line, metrics and (later readers) see of the database.

use async_trait::async_trait;
use serde::Serialize;

use crate::model::{
    AlertId, AlertReason, Article, ArticleId, Change, ChannelName, DeliveryId, DeliveryState, FeedId, FeedState,
    NoticeKind, PageMemory, PriorText, Severity, StoryId, Timestamp, TopicId,
};

use super::{ArchivePage, ArchiveSpan, ArchivedArticle, DeliveryFilter, StoreError};

/// A feed with its state.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedRow {
    /// State.
    pub state: FeedState,
    /// Its URL.
    pub url: String,
    /// Its name, if the operator gave one.
    pub name: Option<String>,
    /// Whether the configuration still names it.
    pub enabled: bool,
    /// How many articles it brought.
    pub articles: u64,
}

/// The way of one told article from its newsroom to a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldDelay {
    /// The feed.
    pub feed: FeedId,
    /// When it was published, by its own word.
    pub published_at: Option<Timestamp>,
    /// When its feed was read.
    pub read_at: Timestamp,
    /// When the alert was raised.
    pub judged_at: Timestamp,
    /// When the far end took the message.
    pub delivered_at: Timestamp,
}

/// An alert of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AlertRow {
    /// Id.
    pub id: AlertId,
    /// When.
    pub raised_at: Timestamp,
    /// Topic.
    pub topic: TopicId,
    /// Topic's name.
    pub topic_name: String,
    /// Why.
    pub reason: AlertReason,
    /// How much it matters.
    pub severity: Severity,
    /// The story; absent for health alerts.
    pub story: Option<StoryId>,
    /// Articles in the story by now.
    pub story_size: u32,
    /// The article; absent for health alerts.
    pub article: Option<ArticleId>,
    /// Its headline, or the health alert's title.
    pub title: String,
    /// Its link.
    pub url: Option<String>,
    /// Its publisher.
    pub source: String,
    /// Deliveries that carry it, by state.
    pub deliveries: DeliveryCounts,
    /// The summaries of a flood that tell it in place of messages of its own; left out of JSON where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub summaries: Vec<DeliveryId>,
}

/// Deliveries by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DeliveryCounts {
    /// Waiting, or being sent.
    pub due: u32,
    /// Taken by the far end.
    pub sent: u32,
    /// Given up.
    pub failed: u32,
}

/// A delivery of the ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeliveryRow {
    /// Id.
    pub id: DeliveryId,
    /// Channel.
    pub channel: ChannelName,
    /// Mail address; empty, and left out of JSON, for a webhook.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub recipient: String,
    /// One alert, or a gathering.
    pub kind: NoticeKind,
    /// State.
    pub state: DeliveryState,
    /// Attempts made.
    pub attempts: u32,
    /// When it was promised.
    pub created_at: Timestamp,
    /// When it is due next (state `due`).
    pub due_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// The last error, or the receipt.
    pub message: Option<String>,
    /// The alerts that it carries.
    pub alerts: Vec<AlertId>,
    /// Headline of the first of them.
    pub title: String,
}

/// A channel whose messages wait for too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overdue {
    /// The channel.
    pub channel: ChannelName,
    /// When the oldest of them should have been out.
    pub since: Timestamp,
    /// How many there are.
    pub count: u64,
    /// Whether it took another message since then: it is a recipient that is in trouble, or there is much to send.
    pub takes_some: bool,
}

/// Figures for metrics and health.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreStats {
    /// Deliveries not yet out: due, being sent, or waiting for their next attempt; what gathers for its hour not counted.
    pub deliveries_due: u64,
    /// Deliveries given up.
    pub deliveries_failed: u64,
    /// When the oldest delivery that should be out by now fell due.
    pub oldest_due_at: Option<Timestamp>,
    /// The last successful poll of any feed.
    pub last_poll_success_at: Option<Timestamp>,
    /// Feeds configured.
    pub feeds: u64,
    /// Feeds whose last poll failed.
    pub feeds_failing: u64,
    /// Articles stored.
    pub articles: u64,
    /// Articles waiting for their page.
    pub articles_fresh: u64,
    /// Size of the database in bytes.
    pub size_bytes: u64,
}

/// Reading.
#[async_trait]
pub trait Views: Send + Sync {
    /// One feed's state, without claiming it.
    async fn feed_state(&self, id: FeedId) -> Result<Option<FeedState>, StoreError>;
    /// All feeds, by URL.
    async fn feeds(&self) -> Result<Vec<FeedRow>, StoreError>;
    /// An article.
    async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError>;
    /// An edited article's text before the edit, while its page is still to be fetched.
    async fn prior_text(&self, id: ArticleId) -> Result<Option<PriorText>, StoreError>;
    /// What is remembered of an article's page; `None` where it was not read, or can't be asked for by halves.
    async fn page_memory(&self, id: ArticleId) -> Result<Option<PageMemory>, StoreError>;
    /// The edits of an article, oldest first.
    async fn changes(&self, id: ArticleId) -> Result<Vec<Change>, StoreError>;
    /// The articles with exactly this link, one for each feed that brought it; the newest first, at most 20.
    async fn articles_at(&self, url: &str) -> Result<Vec<Article>, StoreError>;
    /// The links of a feed's articles that were first seen since a time.
    async fn links_since(&self, feed: FeedId, since: Timestamp) -> Result<Vec<String>, StoreError>;
    /// The newest alerts first; of one topic, since a time, if asked.
    async fn alerts(
        &self,
        topic: Option<&TopicId>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError>;
    /// The alerts whose ids begin so (lower-case hexadecimal digits), at most two: each with its topic and, unless it is one
    /// of vedetta's own, the article.
    async fn alerts_like(&self, beginning: &str) -> Result<Vec<(TopicId, Option<ArticleId>)>, StoreError>;
    /// The newest deliveries first.
    async fn deliveries(&self, state: DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>, StoreError>;
    /// The deliveries whose ids begin so (lower-case hexadecimal digits), at most two.
    async fn deliveries_like(&self, beginning: &str) -> Result<Vec<DeliveryId>, StoreError>;
    /// The last told articles of each feed, at most so many of each; digests, which are late on purpose, left out.
    async fn told_delays(&self, of_each: u32) -> Result<Vec<ToldDelay>, StoreError>;
    /// How many feeds are due that were well when they were last asked.
    async fn well_and_due(&self, now: Timestamp) -> Result<u64, StoreError>;
    /// When any feed was last read well.
    async fn last_contact(&self) -> Result<Option<Timestamp>, StoreError>;
    /// The channels with messages that should have been out at `by` or before, in the order of their names; disabled ones
    /// left out.
    async fn overdue(&self, by: Timestamp) -> Result<Vec<Overdue>, StoreError>;
    /// Figures.
    async fn stats(&self, now: Timestamp) -> Result<StoreStats, StoreError>;
    /// Where the articles taken in since a time stand in the archive; it may begin a little earlier. `None`: there are no
    /// articles.
    async fn archive_span(&self, since: Timestamp) -> Result<Option<ArchiveSpan>, StoreError>;
    /// The next articles, at most `limit`, after the number `after` and up to `to`, oldest first. Empty: there are no more.
    /// Matches and alerts are there if `with_ledger`.
    async fn archive_page(&self, after: i64, to: i64, limit: u32, with_ledger: bool)
    -> Result<ArchivePage, StoreError>;
    /// The articles with these numbers, as far as they are still there, in no particular order.
    async fn archived_articles(&self, numbers: &[i64]) -> Result<Vec<ArchivedArticle>, StoreError>;
}
