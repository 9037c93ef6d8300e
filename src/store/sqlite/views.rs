//! Reading, for the command line, metrics and whoever asks.

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::model::{
    AlertReason, Article, ArticleId, Change, DeliveryId, DeliveryState, FeedId, FeedState, PageMemory, PriorText,
    Timestamp, TopicId,
};

use super::super::{
    AlertRow, ArchivePage, ArchiveSpan, ArchivedArticle, DeliveryCounts, DeliveryFilter, DeliveryRow, FeedRow, Overdue,
    StoreError, StoreStats, ToldDelay, Views,
};
use super::error::unreadable;
use super::rows::{self, article_columns, feed_state_columns};
use super::{SqliteStore, archive, deliver, judge};

/// Deliveries, the last ones, that delays are measured by.
const MEASURED_DELIVERIES: i64 = 20_000;

impl SqliteStore {
    /// What an article's row keeps as JSON, if anything; `query` asks for that one column.
    async fn kept<T: DeserializeOwned>(
        &self,
        query: &'static str,
        id: ArticleId,
        unread: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let found: Option<Option<String>> =
            sqlx::query_scalar(query).bind(id.to_string()).fetch_optional(&self.reader).await?;
        let Some(text) = found.flatten() else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| unreadable(unread, error))
    }
}

#[async_trait]
impl Views for SqliteStore {
    async fn feed_state(&self, id: FeedId) -> Result<Option<FeedState>, StoreError> {
        let row = sqlx::query(concat!("SELECT ", feed_state_columns!(), " FROM feeds WHERE id = $1"))
            .bind(id.to_string())
            .fetch_optional(&self.reader)
            .await?;
        row.as_ref().map(rows::feed_state).transpose()
    }

    async fn feeds(&self) -> Result<Vec<FeedRow>, StoreError> {
        const BASE: usize = rows::FEED_STATE_WIDTH;
        let found = sqlx::query(concat!(
            "SELECT ",
            feed_state_columns!(),
            ", url, name, enabled, articles FROM feeds ORDER BY url"
        ))
        .fetch_all(&self.reader)
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(FeedRow {
                    state: rows::feed_state(row)?,
                    url: row.try_get(BASE)?,
                    name: row.try_get(BASE + 1)?,
                    enabled: row.try_get(BASE + 2)?,
                    articles: rows::count(row, BASE + 3)?,
                })
            })
            .collect()
    }

    async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError> {
        // Articles are indexed within their feed; asking each feed is some thousand steps down a tree.
        let row = sqlx::query(concat!(
            "SELECT ",
            article_columns!(),
            " FROM feeds AS f CROSS JOIN articles AS a ON a.feed_no = f.feed_no AND a.id = $1 LIMIT 1"
        ))
        .bind(id.to_string())
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(|row| rows::article(row, 0)).transpose()
    }

    async fn prior_text(&self, id: ArticleId) -> Result<Option<PriorText>, StoreError> {
        let query =
            "SELECT a.prior FROM feeds AS f CROSS JOIN articles AS a ON a.feed_no = f.feed_no AND a.id = $1 LIMIT 1";
        self.kept(query, id, "an article's former text can't be read").await
    }

    async fn page_memory(&self, id: ArticleId) -> Result<Option<PageMemory>, StoreError> {
        let query =
            "SELECT a.page FROM feeds AS f CROSS JOIN articles AS a ON a.feed_no = f.feed_no AND a.id = $1 LIMIT 1";
        self.kept(query, id, "what is remembered of a page can't be read").await
    }

    async fn changes(&self, id: ArticleId) -> Result<Vec<Change>, StoreError> {
        let found: Vec<String> = sqlx::query_scalar(
            "SELECT c.change FROM feeds AS f CROSS JOIN articles AS a ON a.feed_no = f.feed_no AND a.id = $1 \
             JOIN article_changes AS c ON c.article_no = a.article_no ORDER BY c.changed_at",
        )
        .bind(id.to_string())
        .fetch_all(&self.reader)
        .await?;
        let read = |text: &String| serde_json::from_str(text);
        found.iter().map(read).collect::<Result<_, _>>().map_err(|error| unreadable("an edit can't be read", error))
    }

    async fn articles_at(&self, url: &str) -> Result<Vec<Article>, StoreError> {
        let found = sqlx::query(concat!(
            "SELECT ",
            article_columns!(),
            " FROM articles AS a JOIN feeds AS f ON f.feed_no = a.feed_no WHERE a.url = $1 \
             ORDER BY a.fetched_at DESC LIMIT 20"
        ))
        .bind(url)
        .fetch_all(&self.reader)
        .await?;
        found.iter().map(|row| rows::article(row, 0)).collect()
    }

    async fn links_since(&self, feed: FeedId, since: Timestamp) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT a.url FROM articles AS a WHERE a.feed_no = (SELECT feed_no FROM feeds WHERE id = $1) \
             AND a.fetched_at >= $2 AND a.url IS NOT NULL",
        )
        .bind(feed.to_string())
        .bind(since.as_millis())
        .fetch_all(&self.reader)
        .await?)
    }

    async fn alerts(
        &self,
        topic: Option<&TopicId>,
        since: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<AlertRow>, StoreError> {
        let found = sqlx::query(
            "SELECT al.id, al.raised_at, al.topic, al.topic_name, al.reason, al.severity, al.story, \
             coalesce(s.size, 0), a.id, coalesce(a.title, al.title), a.url, coalesce(a.source, 'vedetta'), \
             (SELECT count(*) FROM delivery_alerts AS da JOIN deliveries AS d ON d.id = da.delivery \
              WHERE da.alert = al.id AND d.state = 'due'), \
             (SELECT count(*) FROM delivery_alerts AS da JOIN deliveries AS d ON d.id = da.delivery \
              WHERE da.alert = al.id AND d.state = 'sent'), \
             (SELECT count(*) FROM delivery_alerts AS da JOIN deliveries AS d ON d.id = da.delivery \
              WHERE da.alert = al.id AND d.state = 'failed'), \
             (SELECT json_group_array(d.id) FROM delivery_alerts AS da JOIN deliveries AS d ON d.id = da.delivery \
              WHERE da.alert = al.id AND d.kind = 'flood') \
             FROM alerts AS al LEFT JOIN stories AS s ON s.id = al.story \
             LEFT JOIN articles AS a ON a.article_no = al.article_no \
             WHERE ($1 IS NULL OR al.topic = $1) AND al.raised_at >= $2 \
             ORDER BY al.raised_at DESC, al.rowid DESC LIMIT $3",
        )
        .bind(topic.map(TopicId::as_str))
        .bind(since.map_or(i64::MIN, Timestamp::as_millis))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        found.iter().map(alert_row).collect()
    }

    async fn deliveries(&self, state: DeliveryFilter, limit: u32) -> Result<Vec<DeliveryRow>, StoreError> {
        let found = sqlx::query(
            "SELECT d.id, d.channel, d.recipient, d.state, d.attempts, d.created_at, d.due_at, d.finished_at, d.message, \
             (SELECT json_group_array(alert) FROM (SELECT da.alert FROM delivery_alerts AS da \
              JOIN alerts AS al ON al.id = da.alert WHERE da.delivery = d.id ORDER BY al.raised_at, al.rowid)), \
             (SELECT coalesce(a.title, al.title) FROM delivery_alerts AS da JOIN alerts AS al ON al.id = da.alert \
              LEFT JOIN articles AS a ON a.article_no = al.article_no WHERE da.delivery = d.id \
              ORDER BY al.raised_at, al.rowid LIMIT 1), d.kind \
             FROM deliveries AS d WHERE $1 IS NULL OR d.state = $1 ORDER BY d.delivery_no DESC LIMIT $2",
        )
        .bind(state.map(DeliveryState::as_str))
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        found.iter().map(delivery_row).collect()
    }

    async fn alerts_like(&self, beginning: &str) -> Result<Vec<(TopicId, Option<ArticleId>)>, StoreError> {
        let found = sqlx::query(
            "SELECT al.topic, a.id FROM alerts AS al LEFT JOIN articles AS a ON a.article_no = al.article_no \
             WHERE al.id >= $1 AND al.id < $1 || 'g' ORDER BY al.id LIMIT 2",
        )
        .bind(beginning)
        .fetch_all(&self.reader)
        .await?;
        found.iter().map(|row| Ok((rows::topic(row, 0)?, rows::parse_optional(row, 1)?))).collect()
    }

    async fn deliveries_like(&self, beginning: &str) -> Result<Vec<DeliveryId>, StoreError> {
        // `g` comes after all hexadecimal digits.
        let found = sqlx::query("SELECT id FROM deliveries WHERE id >= $1 AND id < $1 || 'g' ORDER BY id LIMIT 2")
            .bind(beginning)
            .fetch_all(&self.reader)
            .await?;
        found.iter().map(|row| rows::parse(row, 0)).collect()
    }

    async fn told_delays(&self, of_each: u32) -> Result<Vec<ToldDelay>, StoreError> {
        // Of the last deliveries, so that a ledger of years is not read through.
        let found = sqlx::query(
            "SELECT id, published, fetched_at, raised_at, finished_at FROM (\
             SELECT f.id, a.published, a.fetched_at, al.raised_at, d.finished_at, \
             row_number() OVER (PARTITION BY a.feed_no ORDER BY d.delivery_no DESC) AS nth \
             FROM deliveries AS d CROSS JOIN delivery_alerts AS da ON da.delivery = d.id \
             CROSS JOIN alerts AS al ON al.id = da.alert CROSS JOIN articles AS a ON a.article_no = al.article_no \
             CROSS JOIN feeds AS f ON f.feed_no = a.feed_no \
             WHERE d.delivery_no > (SELECT coalesce(max(delivery_no), 0) FROM deliveries) - $2 \
             AND d.state = 'sent' AND d.kind = 'alert') WHERE nth <= $1",
        )
        .bind(i64::from(of_each))
        .bind(MEASURED_DELIVERIES)
        .fetch_all(&self.reader)
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(ToldDelay {
                    feed: rows::parse(row, 0)?,
                    published_at: rows::optional_time(row, 1)?,
                    read_at: rows::time(row, 2)?,
                    judged_at: rows::time(row, 3)?,
                    delivered_at: rows::time(row, 4)?,
                })
            })
            .collect()
    }

    async fn well_and_due(&self, now: Timestamp) -> Result<u64, StoreError> {
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM feeds WHERE enabled AND failures = 0 AND next_poll_at <= $1")
                .bind(now.as_millis())
                .fetch_one(&self.reader)
                .await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn last_contact(&self) -> Result<Option<Timestamp>, StoreError> {
        let last: Option<i64> =
            sqlx::query_scalar("SELECT max(last_success_at) FROM feeds WHERE enabled").fetch_one(&self.reader).await?;
        Ok(last.map(Timestamp::from_millis))
    }

    async fn overdue(&self, by: Timestamp) -> Result<Vec<Overdue>, StoreError> {
        let found = sqlx::query(
            "WITH late AS (SELECT channel, min(promised_at) AS since, count(*) AS number FROM deliveries \
             WHERE state = 'due' AND promised_at <= $1 AND channel NOT IN (SELECT name FROM channels) GROUP BY channel) \
             SELECT channel, since, number, EXISTS (SELECT 1 FROM deliveries AS sent WHERE sent.channel = late.channel \
             AND sent.state = 'sent' AND sent.finished_at > late.since) FROM late ORDER BY channel",
        )
        .bind(by.as_millis())
        .fetch_all(&self.reader)
        .await?;
        found
            .iter()
            .map(|row| {
                Ok(Overdue {
                    channel: deliver::channel(row, 0)?,
                    since: rows::time(row, 1)?,
                    count: rows::count(row, 2)?,
                    takes_some: row.try_get(3)?,
                })
            })
            .collect()
    }

    async fn stats(&self, now: Timestamp) -> Result<StoreStats, StoreError> {
        let feeds = sqlx::query(
            "SELECT count(*), count(*) FILTER (WHERE failures > 0), max(last_success_at) FROM feeds WHERE enabled",
        )
        .fetch_one(&self.reader)
        .await?;
        let due = sqlx::query(
            "SELECT count(*) FILTER (WHERE kind = 'alert'), \
             min(promised_at) FILTER (WHERE promised_at <= $1) FROM deliveries WHERE state = 'due'",
        )
        .bind(now.as_millis())
        .fetch_one(&self.reader)
        .await?;
        let rest = sqlx::query(
            "SELECT (SELECT count(*) FROM deliveries WHERE state = 'failed'), (SELECT count(*) FROM articles), \
             (SELECT count(*) FROM articles WHERE claimable_at IS NOT NULL), \
             (SELECT page_count * page_size FROM pragma_page_count, pragma_page_size)",
        )
        .fetch_one(&self.reader)
        .await?;
        Ok(StoreStats {
            feeds: rows::count(&feeds, 0)?,
            feeds_failing: rows::count(&feeds, 1)?,
            last_poll_success_at: rows::optional_time(&feeds, 2)?,
            deliveries_due: rows::count(&due, 0)?,
            oldest_due_at: rows::optional_time(&due, 1)?,
            deliveries_failed: rows::count(&rest, 0)?,
            articles: rows::count(&rest, 1)?,
            articles_fresh: rows::count(&rest, 2)?,
            size_bytes: rows::count(&rest, 3)?,
        })
    }

    async fn archive_span(&self, since: Timestamp) -> Result<Option<ArchiveSpan>, StoreError> {
        archive::span(&self.reader, since).await
    }

    async fn archive_page(
        &self,
        after: i64,
        to: i64,
        limit: u32,
        with_ledger: bool,
    ) -> Result<ArchivePage, StoreError> {
        archive::page(&self.reader, after, to, limit, with_ledger).await
    }

    async fn archived_articles(&self, numbers: &[i64]) -> Result<Vec<ArchivedArticle>, StoreError> {
        archive::articles(&self.reader, numbers).await
    }
}

fn alert_row(row: &SqliteRow) -> Result<AlertRow, StoreError> {
    let reason: &str = row.try_get(4)?;
    Ok(AlertRow {
        id: rows::parse(row, 0)?,
        raised_at: rows::time(row, 1)?,
        topic: rows::topic(row, 2)?,
        topic_name: row.try_get(3)?,
        reason: AlertReason::parse(reason).ok_or_else(|| unreadable("an alert has a bad reason", reason))?,
        severity: rows::severity(row, 5)?,
        story: rows::parse_optional(row, 6)?,
        story_size: rows::small(row, 7)?,
        article: rows::parse_optional(row, 8)?,
        title: row.try_get(9)?,
        url: row.try_get(10)?,
        source: row.try_get(11)?,
        deliveries: DeliveryCounts {
            due: rows::small(row, 12)?,
            sent: rows::small(row, 13)?,
            failed: rows::small(row, 14)?,
        },
        summaries: rows::json(row, 15)?,
    })
}

fn delivery_row(row: &SqliteRow) -> Result<DeliveryRow, StoreError> {
    let state: &str = row.try_get(3)?;
    Ok(DeliveryRow {
        id: rows::parse(row, 0)?,
        channel: deliver::channel(row, 1)?,
        recipient: row.try_get(2)?,
        state: DeliveryState::parse(state).ok_or_else(|| unreadable("a delivery has a bad state", state))?,
        attempts: rows::small(row, 4)?,
        created_at: rows::time(row, 5)?,
        due_at: rows::time(row, 6)?,
        finished_at: rows::optional_time(row, 7)?,
        message: row.try_get(8)?,
        alerts: rows::json(row, 9)?,
        title: row.try_get::<Option<String>, _>(10)?.unwrap_or_default(),
        kind: judge::kind(row.try_get(11)?),
    })
}
