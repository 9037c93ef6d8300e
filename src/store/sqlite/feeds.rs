//! Feeds: making the stored ones those of the configuration, and giving out those that are due.

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::model::{Article, ArticleId, Claim, Feed, FeedId, FeedState, Lease, Leased, NodeId, Timestamp};

use super::super::StoreError;
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
        (None, Some(interval)) => format!("every {} ms", interval.as_millis()),
        (None, None) => "default".to_owned(),
    }
}

/// Adds new feeds, brings known ones up to date, sets absent ones aside.
pub(super) async fn sync(conn: &mut SqliteConnection, list: &str) -> Result<u64, StoreError> {
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

/// Claims feeds that are due, the longest overdue first.
pub(super) async fn claim(
    conn: &mut SqliteConnection,
    claim: &Claim,
) -> Result<Vec<Leased<FeedState, FeedId>>, StoreError> {
    let until = claim.now + claim.lease;
    let found = sqlx::query(concat!(
        "UPDATE feeds SET node = $1, claimable_at = $2, fence = fence + 1 WHERE feed_no IN (\
         SELECT feed_no FROM feeds WHERE enabled AND claimable_at <= $3 AND (node IS NULL OR claimable_at <= $4) \
         ORDER BY claimable_at LIMIT $5) RETURNING ",
        feed_state_columns!(),
        ", fence"
    ))
    .bind(claim.node.0.as_str())
    .bind(until.as_millis())
    .bind(claim.due_by.max(claim.now).as_millis())
    .bind(claim.now.as_millis())
    .bind(i64::from(claim.limit))
    .fetch_all(conn)
    .await?;
    let mut leased = Vec::with_capacity(found.len());
    for row in &found {
        let state = rows::feed_state(row)?;
        let fence = row.try_get(rows::FEED_STATE_WIDTH)?;
        leased.push(Leased { lease: Lease { id: state.id, fence, until }, item: state });
    }
    leased.sort_by_key(|leased| (leased.item.next_poll_at, leased.lease.id));
    Ok(leased)
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
