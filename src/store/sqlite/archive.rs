//! Reading the archive for a replay: page by page, each a short read of its own, so that a daemon that writes at the same
//! time is not held up and its write-ahead log can be carried over in between.

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqlitePool, SqliteRow};

use crate::model::{AlertReason, Severity, StoryId, Timestamp, TopicId};
use crate::story::Signature;

use super::super::{ArchivePage, ArchiveSpan, ArchivedArticle, RecordedAlert, RecordedMatch, StoreError};
use super::error::unreadable;
use super::rows::{self, ARTICLE_WIDTH, ArchivedColumns, article_columns};

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

/// The next articles after a number, with their matches and alerts if `with_ledger`.
///
/// Each answer comes as one row with all its JSON in it: a row for each article would wake this task for each, and every
/// column be copied into memory of its own; that took three times as long.
pub(super) async fn page(
    reader: &SqlitePool,
    after: i64,
    to: i64,
    limit: u32,
    with_ledger: bool,
) -> Result<ArchivePage, StoreError> {
    let mut conn = reader.acquire().await?;
    let found = sqlx::query(concat!(
        "SELECT group_concat(line, char(10)) FROM (SELECT json_array(",
        article_columns!(),
        ", a.article_no, a.revision) AS line FROM articles AS a CROSS JOIN feeds AS f ON f.feed_no = a.feed_no \
         WHERE a.article_no > $1 AND a.article_no <= $2 ORDER BY a.article_no LIMIT $3)"
    ))
    .bind(after)
    .bind(to)
    .bind(i64::from(limit))
    .fetch_one(&mut *conn)
    .await?;
    let mut page = ArchivePage::default();
    for line in lines::<ArchivedColumns>(&found)? {
        page.articles.push(line?.into_archived()?);
    }
    drop(found);
    let Some(last) = page.articles.last().map(|article| article.number) else { return Ok(page) };

    let found = sqlx::query(
        "SELECT group_concat(json_array(article_no, hex(signature)), char(10)) FROM \
         (SELECT article_no, signature, min(topic) FROM matches WHERE article_no > $1 AND article_no <= $2 \
         GROUP BY article_no)",
    )
    .bind(after)
    .bind(last)
    .fetch_one(&mut *conn)
    .await?;
    let mut signatures: FxHashMap<i64, Signature> = FxHashMap::default();
    for line in lines::<(i64, &str)>(&found)? {
        let (article, signature) = line?;
        signatures.insert(article, Signature::from_bytes(&bytes(signature)));
    }
    drop(found);
    for article in &mut page.articles {
        // One of an older make resembles nothing: better made again.
        article.signature = signatures.remove(&article.number).filter(|signature| *signature != Signature::default());
    }
    if !with_ledger {
        return Ok(page);
    }

    let found = sqlx::query(
        "SELECT group_concat(json_array(article_no, topic, story), char(10)) FROM (SELECT article_no, topic, story \
         FROM matches WHERE article_no > $1 AND article_no <= $2 ORDER BY article_no, topic)",
    )
    .bind(after)
    .bind(last)
    .fetch_one(&mut *conn)
    .await?;
    for line in lines::<(i64, &str, &str)>(&found)? {
        let (article, topic, story) = line?;
        page.matches.push(RecordedMatch { article, topic: topic_id(topic)?, story: story_id(story)? });
    }
    drop(found);
    let found = sqlx::query(
        "SELECT group_concat(json_array(article_no, topic, topic_name, story, reason, severity), char(10)) FROM \
         (SELECT article_no, topic, topic_name, story, reason, severity FROM alerts WHERE article_no > $1 \
         AND article_no <= $2 AND story IS NOT NULL ORDER BY article_no, raised_at, rowid)",
    )
    .bind(after)
    .bind(last)
    .fetch_one(&mut *conn)
    .await?;
    for line in lines::<(i64, &str, String, &str, &str, &str)>(&found)? {
        let (article, topic, topic_name, story, reason, severity) = line?;
        page.alerts.push(RecordedAlert {
            article,
            topic: topic_id(topic)?,
            topic_name,
            story: story_id(story)?,
            reason: AlertReason::parse(reason).ok_or_else(|| unreadable("an alert has a bad reason", reason))?,
            severity: Severity::parse(severity).ok_or_else(|| unreadable("a row holds a bad severity", severity))?,
        });
    }
    Ok(page)
}

/// What an answer holds, a JSON value a line; nothing where it is null.
fn lines<'a, T: Deserialize<'a>>(
    row: &'a SqliteRow,
) -> Result<impl Iterator<Item = Result<T, StoreError>>, StoreError> {
    let text: &str = row.try_get::<Option<&str>, _>(0)?.unwrap_or_default();
    let values = serde_json::Deserializer::from_str(text).into_iter();
    Ok(values.map(|value| value.map_err(|error| unreadable("a row holds what it should not", error))))
}

/// What hexadecimal digits stand for.
fn bytes(digits: &str) -> Vec<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).unwrap_or(0);
    digits.as_bytes().chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1])).collect()
}

fn topic_id(text: &str) -> Result<TopicId, StoreError> {
    TopicId::new(text).map_err(|error| unreadable("a row holds a bad topic", error))
}

fn story_id(text: &str) -> Result<StoryId, StoreError> {
    text.parse().map_err(|error| unreadable("a row holds a bad id", error))
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
