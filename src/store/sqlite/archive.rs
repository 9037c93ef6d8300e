//! Reading the archive for a replay: page by page, each a short read of its own, so that a daemon that writes at the same
//! time is not held up and its write-ahead log can be carried over in between.

use std::collections::HashMap;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};

use crate::model::{AlertReason, Timestamp};
use crate::story::Signature;

use super::super::{ArchivePage, ArchiveSpan, ArchivedArticle, RecordedAlert, RecordedMatch, StoreError};
use super::error::unreadable;
use super::rows::{self, ARTICLE_WIDTH, article_columns};

/// Articles are numbered when they are committed, up to a minute or so after `fetched_at`, and clocks are set back now
/// and then: numbers follow times only roughly. A replay begins that much earlier and looks at each article's time.
const DISORDER_MS: i64 = 3_600_000;

/// The numbers of the articles taken in since a time; `None` where there are no articles.
pub(super) async fn span(reader: &SqlitePool, since: Timestamp) -> Result<Option<ArchiveSpan>, StoreError> {
    let mut conn = reader.acquire().await?;
    let ends: (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT (SELECT min(article_no) FROM articles), (SELECT max(article_no) FROM articles)")
            .fetch_one(&mut *conn)
            .await?;
    let (Some(first), Some(last)) = ends else { return Ok(None) };
    let Some((_, oldest)) = next_article(&mut conn, first).await? else { return Ok(None) };
    let wanted = since.as_millis().saturating_sub(DISORDER_MS);
    // Halving the numbers asks some twenty times for one row; there is no index on the time.
    let (mut low, mut high) = (first, last.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match next_article(&mut conn, middle).await? {
            Some((number, fetched_at)) if fetched_at < wanted => low = number + 1,
            _ => high = middle,
        }
    }
    Ok(Some(ArchiveSpan { after: low - 1, to: last, oldest: Timestamp::from_millis(oldest) }))
}

/// The first article with at least this number, and when it was taken in.
async fn next_article(conn: &mut SqliteConnection, number: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let found = sqlx::query_as(
        "SELECT article_no, fetched_at FROM articles WHERE article_no >= $1 ORDER BY article_no LIMIT 1",
    )
    .bind(number)
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// The next articles after a number, with their matches and alerts.
pub(super) async fn page(reader: &SqlitePool, after: i64, to: i64, limit: u32) -> Result<ArchivePage, StoreError> {
    let mut conn = reader.acquire().await?;
    let found = sqlx::query(concat!(
        "SELECT ",
        article_columns!(),
        ", a.article_no, a.revision FROM articles AS a CROSS JOIN feeds AS f ON f.feed_no = a.feed_no \
         WHERE a.article_no > $1 AND a.article_no <= $2 ORDER BY a.article_no LIMIT $3"
    ))
    .bind(after)
    .bind(to)
    .bind(i64::from(limit))
    .fetch_all(&mut *conn)
    .await?;
    let mut articles = found.iter().map(archived).collect::<Result<Vec<_>, _>>()?;
    let Some(last) = articles.last().map(|article| article.number) else { return Ok(ArchivePage::default()) };
    let found = sqlx::query(
        "SELECT article_no, topic, story, signature FROM matches WHERE article_no > $1 AND article_no <= $2 \
         ORDER BY article_no, topic",
    )
    .bind(after)
    .bind(last)
    .fetch_all(&mut *conn)
    .await?;
    let mut matches = Vec::with_capacity(found.len());
    let mut signatures: HashMap<i64, Signature> = HashMap::new();
    for row in &found {
        let article = row.try_get(0)?;
        matches.push(RecordedMatch { article, topic: rows::topic(row, 1)?, story: rows::parse(row, 2)? });
        if let std::collections::hash_map::Entry::Vacant(place) = signatures.entry(article) {
            place.insert(Signature::from_bytes(row.try_get(3)?));
        }
    }
    for article in &mut articles {
        // One of an older make resembles nothing: better made again.
        article.signature = signatures.remove(&article.number).filter(|signature| *signature != Signature::default());
    }
    let found = sqlx::query(
        "SELECT article_no, topic, topic_name, story, reason, severity FROM alerts \
         WHERE article_no > $1 AND article_no <= $2 AND story IS NOT NULL ORDER BY article_no, raised_at, rowid",
    )
    .bind(after)
    .bind(last)
    .fetch_all(&mut *conn)
    .await?;
    let alerts = found.iter().map(recorded_alert).collect::<Result<_, _>>()?;
    Ok(ArchivePage { articles, matches, alerts })
}

/// The articles with these numbers, as far as they are still there, in no particular order.
pub(super) async fn articles(reader: &SqlitePool, numbers: &[i64]) -> Result<Vec<ArchivedArticle>, StoreError> {
    let found = sqlx::query(concat!(
        "SELECT ",
        article_columns!(),
        ", a.article_no, a.revision FROM json_each($1) AS wanted CROSS JOIN articles AS a \
         ON a.article_no = wanted.value CROSS JOIN feeds AS f ON f.feed_no = a.feed_no"
    ))
    .bind(rows::to_json(&numbers))
    .fetch_all(reader)
    .await?;
    found.iter().map(archived).collect()
}

fn archived(row: &SqliteRow) -> Result<ArchivedArticle, StoreError> {
    Ok(ArchivedArticle {
        article: rows::article(row, 0)?,
        number: row.try_get(ARTICLE_WIDTH)?,
        revision: row.try_get(ARTICLE_WIDTH + 1)?,
        signature: None,
    })
}

fn recorded_alert(row: &SqliteRow) -> Result<RecordedAlert, StoreError> {
    let reason: &str = row.try_get(4)?;
    Ok(RecordedAlert {
        article: row.try_get(0)?,
        topic: rows::topic(row, 1)?,
        topic_name: row.try_get(2)?,
        story: rows::parse(row, 3)?,
        reason: AlertReason::parse(reason).ok_or_else(|| unreadable("an alert has a bad reason", reason))?,
        severity: rows::severity(row, 5)?,
    })
}
