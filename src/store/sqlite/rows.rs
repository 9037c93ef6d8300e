//! Between rows and the nouns of the model.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::model::{
    Article, ArticleId, FeedHealth, FeedHistory, FeedId, FeedState, Lang, Severity, TextStatus, Timestamp, TopicId,
    Validators,
};

use super::super::{ArchivedArticle, StoreError};
use super::error::unreadable;

/// The columns that [`article`] reads, from `articles AS a` and `feeds AS f`.
macro_rules! article_columns {
    () => {
        "a.id, f.id, a.feed_name, a.url, a.title, a.summary, a.body, a.text_status, a.text_error, a.lang, \
         a.declared_lang, a.source, a.author, a.tags, a.published, a.updated, a.fetched_at, a.content_hash"
    };
}

/// The columns that [`feed_state`] reads, from `feeds`.
macro_rules! feed_state_columns {
    () => {
        "id, next_poll_at, failures, etag, last_modified, body_hash, hint_ms, title, last_attempt_at, last_success_at, \
         last_full_at, last_new_at, last_error, failing_since, health, history"
    };
}

pub(super) use {article_columns, feed_state_columns};

/// How many columns [`article`] takes.
pub(super) const ARTICLE_WIDTH: usize = 18;
/// How many columns [`feed_state`] takes.
pub(super) const FEED_STATE_WIDTH: usize = 16;

/// Reads an id, a name or a word.
pub(super) fn parse<T: FromStr<Err: Display>>(row: &SqliteRow, column: usize) -> Result<T, StoreError> {
    row.try_get::<&str, _>(column)?.parse().map_err(|error| unreadable("a row holds a bad id", error))
}

/// Reads an id that may be absent.
pub(super) fn parse_optional<T: FromStr<Err: Display>>(
    row: &SqliteRow,
    column: usize,
) -> Result<Option<T>, StoreError> {
    let Some(text) = row.try_get::<Option<&str>, _>(column)? else { return Ok(None) };
    text.parse().map(Some).map_err(|error| unreadable("a row holds a bad id", error))
}

/// Reads a time.
pub(super) fn time(row: &SqliteRow, column: usize) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.try_get(column)?))
}

/// Reads a time that may be absent.
pub(super) fn optional_time(row: &SqliteRow, column: usize) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis))
}

/// Reads a count.
pub(super) fn count(row: &SqliteRow, column: usize) -> Result<u64, StoreError> {
    Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0))
}

/// Reads a small count.
pub(super) fn small(row: &SqliteRow, column: usize) -> Result<u32, StoreError> {
    Ok(u32::try_from(row.try_get::<i64, _>(column)?.max(0)).unwrap_or(u32::MAX))
}

/// Reads JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| unreadable("a row holds bad JSON", error))
}

/// Reads a severity.
pub(super) fn severity(row: &SqliteRow, column: usize) -> Result<Severity, StoreError> {
    let word: &str = row.try_get(column)?;
    Severity::parse(word).ok_or_else(|| unreadable("a row holds a bad severity", word))
}

/// Reads a topic's id.
pub(super) fn topic(row: &SqliteRow, column: usize) -> Result<TopicId, StoreError> {
    TopicId::new(row.try_get(column)?).map_err(|error| unreadable("a row holds a bad topic", error))
}

/// Writes what always can be written: plain data without maps of odd keys.
pub(super) fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// A JSON array of ids, which need no escaping.
pub(super) fn id_array<T: Display>(ids: impl IntoIterator<Item = T>) -> String {
    use std::fmt::Write as _;
    let mut text = String::from("[");
    for id in ids {
        if text.len() > 1 {
            text.push(',');
        }
        let _ = write!(text, "\"{id}\"");
    }
    text.push(']');
    text
}

/// The word for where a body comes from.
pub(super) const fn text_status_word(status: TextStatus) -> &'static str {
    match status {
        TextStatus::Feed => "feed",
        TextStatus::Pending => "pending",
        TextStatus::Page => "page",
        TextStatus::Rough => "rough",
        TextStatus::Failed => "failed",
    }
}

fn text_status(word: &str) -> Result<TextStatus, StoreError> {
    match word {
        "feed" => Ok(TextStatus::Feed),
        "pending" => Ok(TextStatus::Pending),
        "page" => Ok(TextStatus::Page),
        "rough" => Ok(TextStatus::Rough),
        "failed" => Ok(TextStatus::Failed),
        other => Err(unreadable("an article's text status can't be read", other)),
    }
}

/// Reads a language; what can't be read is no language.
pub(super) fn lang(row: &SqliteRow, column: usize) -> Result<Option<Lang>, StoreError> {
    Ok(row.try_get::<Option<&str>, _>(column)?.and_then(Lang::parse))
}

/// Reads the columns of `article_columns!`, beginning at `base`.
pub(super) fn article(row: &SqliteRow, base: usize) -> Result<Article, StoreError> {
    Ok(Article {
        id: parse(row, base)?,
        feed: parse(row, base + 1)?,
        feed_name: row.try_get(base + 2)?,
        url: row.try_get(base + 3)?,
        title: row.try_get(base + 4)?,
        summary: row.try_get(base + 5)?,
        body: row.try_get(base + 6)?,
        text_status: text_status(row.try_get(base + 7)?)?,
        text_error: row.try_get(base + 8)?,
        lang: lang(row, base + 9)?,
        declared_lang: lang(row, base + 10)?,
        source: row.try_get(base + 11)?,
        author: row.try_get(base + 12)?,
        tags: json(row, base + 13)?,
        published: optional_time(row, base + 14)?,
        updated: optional_time(row, base + 15)?,
        fetched_at: time(row, base + 16)?,
        content_hash: row.try_get(base + 17)?,
    })
}

/// The columns of `article_columns!`, then number and revision, as JSON has them: a list in this order.
#[derive(Deserialize)]
pub(super) struct ArchivedColumns<'a> {
    id: ArticleId,
    feed: FeedId,
    feed_name: String,
    url: Option<String>,
    title: String,
    summary: String,
    body: String,
    #[serde(borrow)]
    text_status: Cow<'a, str>,
    text_error: Option<String>,
    #[serde(borrow)]
    lang: Option<Cow<'a, str>>,
    #[serde(borrow)]
    declared_lang: Option<Cow<'a, str>>,
    source: String,
    author: Option<String>,
    #[serde(borrow)]
    tags: Cow<'a, str>,
    published: Option<i64>,
    updated: Option<i64>,
    fetched_at: i64,
    content_hash: i64,
    number: i64,
    revision: Option<String>,
}

impl ArchivedColumns<'_> {
    /// The article.
    pub(super) fn into_archived(self) -> Result<ArchivedArticle, StoreError> {
        let article = Article {
            id: self.id,
            feed: self.feed,
            feed_name: self.feed_name,
            url: self.url,
            title: self.title,
            summary: self.summary,
            body: self.body,
            text_status: text_status(&self.text_status)?,
            text_error: self.text_error,
            lang: self.lang.as_deref().and_then(Lang::parse),
            declared_lang: self.declared_lang.as_deref().and_then(Lang::parse),
            source: self.source,
            author: self.author,
            tags: serde_json::from_str(&self.tags).map_err(|error| unreadable("a row holds bad JSON", error))?,
            published: self.published.map(Timestamp::from_millis),
            updated: self.updated.map(Timestamp::from_millis),
            fetched_at: Timestamp::from_millis(self.fetched_at),
            content_hash: self.content_hash,
        };
        Ok(ArchivedArticle { number: self.number, article, revision: self.revision, signature: None })
    }
}

/// The columns of `feed_state_columns!`, as JSON has them.
pub(super) type FeedStateColumns = (
    FeedId,
    i64,
    u32,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<u64>,
    Option<String>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

/// A feed's state from its columns.
pub(super) fn feed_state_of(columns: FeedStateColumns) -> FeedState {
    let (
        id,
        next,
        failures,
        etag,
        last_modified,
        body_hash,
        hint,
        title,
        attempt,
        success,
        full,
        new,
        error,
        since,
        health,
        history,
    ) = columns;
    FeedState {
        id,
        next_poll_at: Timestamp::from_millis(next),
        failures,
        validators: Validators { etag, last_modified },
        body_hash,
        hint: hint.map(Duration::from_millis),
        title,
        last_attempt_at: attempt.map(Timestamp::from_millis),
        last_success_at: success.map(Timestamp::from_millis),
        last_full_at: full.map(Timestamp::from_millis),
        last_new_at: new.map(Timestamp::from_millis),
        last_error: error,
        failing_since: since.map(Timestamp::from_millis),
        health: FeedHealth::parse(health.as_deref()),
        late_at: None,
        history: history.as_deref().and_then(FeedHistory::parse).unwrap_or_default(),
    }
}

/// Reads the columns of `feed_state_columns!`, beginning at 0.
pub(super) fn feed_state(row: &SqliteRow) -> Result<FeedState, StoreError> {
    let hint: Option<i64> = row.try_get(6)?;
    Ok(feed_state_of((
        parse(row, 0)?,
        row.try_get(1)?,
        small(row, 2)?,
        row.try_get(3)?,
        row.try_get(4)?,
        row.try_get(5)?,
        hint.and_then(|hint| u64::try_from(hint).ok()),
        row.try_get(7)?,
        row.try_get(8)?,
        row.try_get(9)?,
        row.try_get(10)?,
        row.try_get(11)?,
        row.try_get(12)?,
        row.try_get(13)?,
        row.try_get(14)?,
        row.try_get(15)?,
    )))
}

/// Whole days since 1970-01-01.
pub(super) const fn day(time: Timestamp) -> i64 {
    time.as_millis().div_euclid(DAY_MS)
}

/// The first moment of a day.
pub(super) fn day_start(day: i64) -> Timestamp {
    Timestamp::from_millis(day.saturating_mul(DAY_MS))
}

const DAY_MS: i64 = 86_400_000;

/// A duration in milliseconds.
pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
