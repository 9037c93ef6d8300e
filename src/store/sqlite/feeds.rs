//! Feeds: making the stored ones those of the configuration, and giving out those that are due.

use std::time::Duration;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool};

use crate::model::{Article, ArticleId, Claim, Feed, FeedId, FeedState, Lease, Leased, NodeId, Timestamp};

use super::super::{EntryKey, KnownEntry, SitemapMemory, StoreError};
use super::error::unreadable;
use super::rows::{self, article_columns, feed_state_columns};

/// The feeds of a configuration, as the statement of [`sync`] takes them.
pub(super) fn sync_list(feeds: &[(Feed, Timestamp)]) -> String {
    let list: Vec<_> = feeds
        .iter()
        .map(|(feed, next)| (feed.id, feed.url.as_str(), feed.name.as_deref(), cadence(feed), next.as_millis()))
        .collect();
    rows::to_json(&list)
}

/// What the operator said about when to poll; only compared.
fn cadence(feed: &Feed) -> String {
    match (&feed.schedule, feed.interval) {
        (Some(schedule), _) => schedule.to_string(),
        (None, Some(interval)) => {
            let within =
                |limit: Option<Duration>| limit.map_or(String::new(), |limit| format!("{}", limit.as_millis()));
            let bounds = match (feed.adaptive, feed.fastest, feed.slowest) {
                (Some(true), fastest, slowest) => format!(", {} to {}", within(fastest), within(slowest)),
                _ => String::new(),
            };
            format!("every {} ms{bounds}", interval.as_millis())
        }
        (None, None) => "default".to_owned(),
    }
}

/// Adds new feeds, brings known ones up to date, sets absent ones aside.
pub(super) async fn sync(conn: &mut SqliteConnection, list: &str) -> Result<u64, StoreError> {
    // A feed whose new address, as its server gave it, now stands in the configuration: it is the same feed.
    sqlx::query(
        "UPDATE feeds SET id = new.id, url = new.url, health = NULL \
         FROM (SELECT value ->> 0 AS id, value ->> 1 AS url FROM json_each($1)) AS new \
         WHERE feeds.health IS NOT NULL AND feeds.health ->> '$.moved.to' = new.url \
         AND NOT EXISTS (SELECT 1 FROM feeds AS known WHERE known.id = new.id) \
         AND feeds.id NOT IN (SELECT value ->> 0 FROM json_each($1))",
    )
    .bind(list)
    .execute(&mut *conn)
    .await?;
    let done = sqlx::query(
        "INSERT INTO feeds (id, url, name, cadence, next_poll_at, claimable_at, enabled) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 4, TRUE \
         FROM json_each($1) WHERE TRUE \
         ON CONFLICT (id) DO UPDATE SET url = excluded.url, name = excluded.name, cadence = excluded.cadence, \
         enabled = TRUE, \
         next_poll_at = iif(feeds.cadence = excluded.cadence, feeds.next_poll_at, \
                            min(feeds.next_poll_at, excluded.next_poll_at)), \
         claimable_at = iif(feeds.cadence = excluded.cadence OR feeds.node IS NOT NULL, feeds.claimable_at, \
                            min(feeds.next_poll_at, excluded.next_poll_at)) \
         WHERE NOT feeds.enabled OR feeds.cadence <> excluded.cadence OR feeds.url <> excluded.url \
         OR feeds.name IS NOT excluded.name",
    )
    .bind(list)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "UPDATE feeds SET enabled = FALSE \
         WHERE enabled AND id NOT IN (SELECT value ->> 0 FROM json_each($1))",
    )
    .bind(list)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A feed that was asked later than this from now was planned by a clock that has since been set back: its plan is void.
const CLOCK_SLACK: Duration = Duration::from_secs(60);

/// Whether plans may be void because the clock was set back: so after opening, and whenever a claim's time lies before an
/// earlier one's. To look for such plans is to look at every feed, which no ordinary claim should.
#[derive(Debug, Default)]
pub(super) struct ClockWatch {
    latest: Option<Timestamp>,
    is_settled: bool,
}

impl ClockWatch {
    fn sees(&mut self, now: Timestamp) {
        let latest = self.latest.get_or_insert(now);
        if now + CLOCK_SLACK < *latest {
            self.is_settled = false;
            *latest = now;
        }
        *latest = now.max(*latest);
    }
}

/// Claims feeds that are due, the longest overdue first; also those whose plan a clock made that was ahead.
///
/// They come in one row, as JSON: the driver hands rows from thread to thread one by one, and waking up for each costs
/// more than all the rest of a claim.
pub(super) async fn claim(
    conn: &mut SqliteConnection,
    claim: &Claim,
    clock: &mut ClockWatch,
) -> Result<Vec<Leased<FeedState, FeedId>>, StoreError> {
    clock.sees(claim.now);
    let until = claim.now + claim.lease;
    let statement = if clock.is_settled {
        concat!(
            "SELECT json_group_array(json_array(feed_no, fence + 1, json_array(",
            feed_state_columns!(),
            "))) FROM (SELECT * FROM feeds WHERE enabled AND claimable_at <= $1 AND (node IS NULL OR claimable_at <= $2) \
             ORDER BY claimable_at LIMIT $3)"
        )
    } else {
        concat!(
            "SELECT json_group_array(json_array(feed_no, fence + 1, json_array(",
            feed_state_columns!(),
            "))) FROM (SELECT * FROM feeds WHERE enabled AND (claimable_at <= $1 AND (node IS NULL OR claimable_at <= $2) \
             OR node IS NULL AND last_attempt_at > $4) ORDER BY claimable_at LIMIT $3)"
        )
    };
    let found: String = sqlx::query_scalar(statement)
        .bind(claim.due_by.max(claim.now).as_millis())
        .bind(claim.now.as_millis())
        .bind(i64::from(claim.limit))
        .bind((claim.now + CLOCK_SLACK).as_millis())
        .fetch_one(&mut *conn)
        .await?;
    let found: Vec<(i64, i64, rows::FeedStateColumns)> =
        serde_json::from_str(&found).map_err(|error| unreadable("a feed's row can't be read", error))?;
    // Fewer than wanted: there are no more of them.
    clock.is_settled |= found.len() < claim.limit as usize;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let numbers: Vec<i64> = found.iter().map(|(number, ..)| *number).collect();
    sqlx::query(
        "UPDATE feeds SET node = $1, claimable_at = $2, fence = fence + 1 \
         WHERE feed_no IN (SELECT value FROM json_each($3))",
    )
    .bind(claim.node.0.as_str())
    .bind(until.as_millis())
    .bind(rows::to_json(&numbers))
    .execute(conn)
    .await?;
    let mut leased: Vec<_> = found
        .into_iter()
        .map(|(_, fence, columns)| {
            let state = rows::feed_state_of(columns);
            Leased { lease: Lease { id: state.id, fence, until }, item: state }
        })
        .collect();
    leased.sort_by_key(|leased| (leased.item.next_poll_at, leased.lease.id));
    Ok(leased)
}

/// What is remembered of an index's sitemaps.
pub(super) async fn sitemaps(reader: &SqlitePool, feed: FeedId) -> Result<Vec<SitemapMemory>, StoreError> {
    let found: Option<String> =
        sqlx::query_scalar("SELECT children FROM sitemaps WHERE feed_no = (SELECT feed_no FROM feeds WHERE id = $1)")
            .bind(feed.to_string())
            .fetch_optional(reader)
            .await?;
    // Unreadable memory is no memory: the sitemaps are fetched once more.
    Ok(found.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// Writes or forgets a feed's subscription.
pub(super) async fn subscribe(
    conn: &mut SqliteConnection,
    feed: FeedId,
    subscription: Option<&str>,
) -> Result<u64, StoreError> {
    let query = match subscription {
        Some(_) => sqlx::query(
            "INSERT INTO subscriptions (feed, subscription) VALUES ($1, $2) \
             ON CONFLICT (feed) DO UPDATE SET subscription = excluded.subscription",
        ),
        None => sqlx::query("DELETE FROM subscriptions WHERE feed = $1 AND $2 IS NULL"),
    };
    Ok(query.bind(feed.to_string()).bind(subscription).execute(conn).await?.rows_affected())
}

/// Makes a feed due. One that is being polled just now is left to that poll.
pub(super) async fn poll_now(conn: &mut SqliteConnection, feed: FeedId, now: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE feeds SET next_poll_at = min(next_poll_at, $2), claimable_at = min(claimable_at, $2) \
         WHERE id = $1 AND enabled AND node IS NULL",
    )
    .bind(feed.to_string())
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A question for [`known`]: a feed and keys.
pub(super) type KnownQuestion = (FeedId, Vec<EntryKey>);

/// Which keys are known, for many feeds at once.
///
/// One row with a text in it, for the reason given at [`claim`]. And read by the writer, because its page cache stays
/// warm, while every commit empties the readers'.
/// (Measured: a poll with 60 keys took 270 µs of CPU time by way of a reader and rows.)
pub(super) async fn known(
    conn: &mut SqliteConnection,
    questions: &[&KnownQuestion],
) -> Result<Vec<Vec<KnownEntry>>, StoreError> {
    let found: Option<String> = sqlx::query_scalar(
        "SELECT group_concat(asked.key || ':' || coalesce((\
         SELECT group_concat(wanted.key || ',' || s.content_hash || ',' || s.last_seen_day || ',' || \
         coalesce(s.article, ''), ';') FROM json_each(asked.value, '$[1]') AS wanted CROSS JOIN seen AS s \
         ON s.feed_no = f.feed_no AND s.key = wanted.value), ''), char(10)) \
         FROM json_each($1) AS asked CROSS JOIN feeds AS f ON f.id = asked.value ->> 0",
    )
    .bind(rows::to_json(&questions))
    .fetch_one(conn)
    .await?;
    let mut answers = vec![Vec::new(); questions.len()];
    for line in found.unwrap_or_default().lines() {
        let unread = || unreadable("known entries can't be read", line);
        let (index, entries) = line.split_once(':').ok_or_else(unread)?;
        let index: usize = index.parse().map_err(|_| unread())?;
        let (Some((_, keys)), Some(answer)) = (questions.get(index), answers.get_mut(index)) else { continue };
        for entry in entries.split(';').filter(|text| !text.is_empty()) {
            answer.push(known_entry(entry, keys).ok_or_else(unread)?);
        }
        // The order of what is concatenated is SQLite's business.
        answer.sort_by_key(|(position, _)| *position);
    }
    Ok(answers.into_iter().map(|answer| answer.into_iter().map(|(_, entry)| entry).collect()).collect())
}

/// Reads `position,content hash,day,article`.
fn known_entry(text: &str, keys: &[EntryKey]) -> Option<(usize, KnownEntry)> {
    let mut parts = text.splitn(4, ',');
    let position: usize = parts.next()?.parse().ok()?;
    let content_hash = parts.next()?.parse().ok()?;
    let last_seen = rows::day_start(parts.next()?.parse().ok()?);
    let article = match parts.next()? {
        "" => None,
        id => Some(id.parse().ok()?),
    };
    Some((position, KnownEntry { key: *keys.get(position)?, article, content_hash, last_seen }))
}

/// Claims articles that wait for their page, the longest waiting first.
pub(super) async fn claim_articles(
    conn: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Vec<Leased<Article, ArticleId>>, StoreError> {
    let until = claim.now + claim.lease;
    let found = sqlx::query(concat!(
        "SELECT ",
        article_columns!(),
        ", a.article_no, a.fence + 1 FROM articles AS a CROSS JOIN feeds AS f ON f.feed_no = a.feed_no \
         WHERE a.claimable_at <= $1 AND (a.node IS NULL OR a.claimable_at <= $2) \
         ORDER BY a.claimable_at, a.article_no LIMIT $3"
    ))
    .bind(claim.due_by.max(claim.now).as_millis())
    .bind(claim.now.as_millis())
    .bind(i64::from(claim.limit))
    .fetch_all(&mut *conn)
    .await?;
    let mut leased = Vec::with_capacity(found.len());
    let mut numbers = Vec::with_capacity(found.len());
    for row in &found {
        let article = rows::article(row, 0)?;
        numbers.push(row.try_get::<i64, _>(rows::ARTICLE_WIDTH)?);
        let fence = row.try_get(rows::ARTICLE_WIDTH + 1)?;
        leased.push(Leased { lease: Lease { id: article.id, fence, until }, item: article });
    }
    if !numbers.is_empty() {
        sqlx::query(
            "UPDATE articles SET node = $1, claimable_at = $2, fence = fence + 1 \
             WHERE article_no IN (SELECT value FROM json_each($3))",
        )
        .bind(claim.node.0.as_str())
        .bind(until.as_millis())
        .bind(rows::to_json(&numbers))
        .execute(conn)
        .await?;
    }
    Ok(leased)
}

/// Hands back everything that `node` has claimed; with `None`, everything that anyone has. A delivery may have been on
/// its way: its next attempt says so.
pub(super) async fn release(conn: &mut SqliteConnection, node: Option<&NodeId>) -> Result<u64, StoreError> {
    let node = node.map(|node| node.0.as_str());
    let mut released = 0;
    for statement in [
        "UPDATE feeds SET node = NULL, claimable_at = next_poll_at WHERE node IS NOT NULL AND node = coalesce($1, node)",
        "UPDATE articles SET node = NULL, claimable_at = fetched_at \
         WHERE claimable_at IS NOT NULL AND node IS NOT NULL AND node = coalesce($1, node)",
        "UPDATE deliveries SET node = NULL, claimable_at = due_at, maybe_sent = TRUE \
         WHERE state = 'due' AND node IS NOT NULL AND node = coalesce($1, node)",
    ] {
        released += sqlx::query(statement).bind(node).execute(&mut *conn).await?.rows_affected();
    }
    Ok(released)
}
