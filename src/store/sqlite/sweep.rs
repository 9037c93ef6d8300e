//! Forgetting what is older than its retention, a little at a time, so that other work gets in between.
//!
//! Everything hangs on deliveries: what a due one needs (its alerts, their stories, matches and articles) stays as long
//! as it is due. Keys of entries age from the day on which they were last in their feed; those of a feed's last
//! document never age, however long ago it was read.

use std::time::Duration;

use sqlx::sqlite::{SqliteConnection, SqlitePool};

use crate::model::Timestamp;

use super::super::{Retention, StoreError, Swept};
use super::poll::SEEN_LAG_DAYS;
use super::rows;

/// Rows at a time. A guess: a few milliseconds.
const STEP: i64 = 500;
/// Keys are kept at least this long (RELIABILITY P2: a repeat within half a year is a failure).
const SEEN_AT_LEAST: Duration = Duration::from_secs(180 * 86_400);

/// One small transaction's worth of forgetting.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sweep {
    /// Links of finished deliveries to their alerts, from before this time.
    Links { before: i64 },
    /// Finished deliveries without links.
    Deliveries { before: i64 },
    /// Alerts without deliveries.
    Alerts { before: i64 },
    /// Matches of stories without alerts.
    Matches { before: i64 },
    /// Stories without alerts and matches.
    Stories { before: i64 },
    /// Articles of this range of numbers without matches and alerts.
    Articles { before: i64, from: i64, to: i64 },
    /// Keys of one feed.
    Seen { before_day: i64, feed_no: i64 },
}

/// Runs one step; how many rows went.
pub(super) async fn run(conn: &mut SqliteConnection, step: &Sweep) -> Result<u64, StoreError> {
    let query = match *step {
        Sweep::Links { before } => sqlx::query(
            "DELETE FROM delivery_alerts WHERE delivery IN (SELECT d.id FROM deliveries AS d \
             WHERE d.finished_at < $1 AND d.state <> 'due' \
             AND EXISTS (SELECT 1 FROM delivery_alerts AS da WHERE da.delivery = d.id) LIMIT $2)",
        )
        .bind(before)
        .bind(STEP),
        Sweep::Deliveries { before } => sqlx::query(
            "DELETE FROM deliveries WHERE delivery_no IN (SELECT d.delivery_no FROM deliveries AS d \
             WHERE d.finished_at < $1 AND d.state <> 'due' \
             AND NOT EXISTS (SELECT 1 FROM delivery_alerts AS da WHERE da.delivery = d.id) LIMIT $2)",
        )
        .bind(before)
        .bind(STEP),
        Sweep::Alerts { before } => sqlx::query(
            "DELETE FROM alerts WHERE id IN (SELECT a.id FROM alerts AS a WHERE a.raised_at < $1 \
             AND NOT EXISTS (SELECT 1 FROM delivery_alerts AS da WHERE da.alert = a.id) LIMIT $2)",
        )
        .bind(before)
        .bind(STEP),
        Sweep::Matches { before } => sqlx::query(
            "DELETE FROM matches WHERE rowid IN (SELECT m.rowid FROM stories AS s CROSS JOIN matches AS m \
             ON m.story = s.id WHERE s.last_seen < $1 \
             AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.story = s.id) LIMIT $2)",
        )
        .bind(before)
        .bind(STEP),
        Sweep::Stories { before } => sqlx::query(
            "DELETE FROM stories WHERE id IN (SELECT s.id FROM stories AS s WHERE s.last_seen < $1 \
             AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.story = s.id) \
             AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.story = s.id) LIMIT $2)",
        )
        .bind(before)
        .bind(STEP),
        Sweep::Articles { before, from, to } => sqlx::query(
            "DELETE FROM articles WHERE article_no BETWEEN $2 AND $3 AND fetched_at < $1 AND claimable_at IS NULL \
             AND NOT EXISTS (SELECT 1 FROM matches AS m WHERE m.article_no = articles.article_no) \
             AND NOT EXISTS (SELECT 1 FROM alerts AS al WHERE al.article_no = articles.article_no)",
        )
        .bind(before)
        .bind(from)
        .bind(to),
        Sweep::Seen { before_day, feed_no } => sqlx::query(
            "DELETE FROM seen WHERE feed_no = $2 AND last_seen_day < $1 \
             AND last_seen_day < (SELECT seen_day FROM feeds WHERE feed_no = $2)",
        )
        .bind(before_day)
        .bind(feed_no),
    };
    Ok(query.execute(conn).await?.rows_affected())
}

/// Sweeps everything; `step` runs one step in a transaction of its own.
pub(super) async fn all<F>(
    reader: &SqlitePool,
    retention: &Retention,
    now: Timestamp,
    step: impl Fn(Sweep) -> F,
) -> Result<Swept, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut swept = Swept::default();
    let before = now.before(retention.alerts).as_millis();
    for kind in [
        Sweep::Links { before },
        Sweep::Deliveries { before },
        Sweep::Alerts { before },
        Sweep::Matches { before },
        Sweep::Stories { before },
    ] {
        loop {
            let gone = step(kind).await?;
            if matches!(kind, Sweep::Alerts { .. }) {
                swept.alerts += gone;
            }
            if gone == 0 {
                break;
            }
        }
    }
    swept.articles = articles(reader, now.before(retention.articles).as_millis(), &step).await?;

    let kept = retention.seen.max(SEEN_AT_LEAST);
    let before_day = rows::day(now.before(kept)) - SEEN_LAG_DAYS;
    let feeds: Vec<i64> = sqlx::query_scalar(
        "SELECT feed_no FROM feeds AS f WHERE EXISTS \
         (SELECT 1 FROM seen WHERE seen.feed_no = f.feed_no AND last_seen_day < $1 AND last_seen_day < f.seen_day)",
    )
    .bind(before_day)
    .fetch_all(reader)
    .await?;
    for feed_no in feeds {
        swept.seen += step(Sweep::Seen { before_day, feed_no }).await?;
    }
    Ok(swept)
}

/// Articles were numbered as they came: from the lowest number up, until a whole step is too young.
async fn articles<F>(reader: &SqlitePool, before: i64, step: impl Fn(Sweep) -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut gone = 0;
    let mut after = 0_i64;
    loop {
        let (to, oldest): (Option<i64>, Option<i64>) = sqlx::query_as(
            "SELECT max(article_no), min(fetched_at) FROM \
             (SELECT article_no, fetched_at FROM articles WHERE article_no > $1 ORDER BY article_no LIMIT $2)",
        )
        .bind(after)
        .bind(STEP)
        .fetch_one(reader)
        .await?;
        let (Some(to), Some(oldest)) = (to, oldest) else { return Ok(gone) };
        if oldest >= before {
            return Ok(gone);
        }
        gone += step(Sweep::Articles { before, from: after + 1, to }).await?;
        after = to;
    }
}
