//! Articles: entries that were taken in.

use serde::{Deserialize, Serialize};

use super::{ArticleId, FeedId, Lang, Timestamp};

/// Where an article's body comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum TextStatus {
    /// The feed's own text; no page was asked for.
    #[default]
    Feed,
    /// The page is still to be fetched.
    Pending,
    /// The page's text.
    Page,
    /// All text of a page that could not be taken apart: its menus and teasers too.
    Rough,
    /// The page could not be had; the feed's own text stands in.
    Failed,
}

/// An article, as text that a person would read: no tags, no entities; paragraphs separated by a blank line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Article {
    /// Derived from (feed, identity of the entry).
    pub id: ArticleId,
    /// The feed that brought it.
    pub feed: FeedId,
    /// The feed's name for people.
    pub feed_name: String,
    /// Link, absolute http or https; absent where the entry had none.
    pub url: Option<String>,
    /// Headline; may be empty.
    pub title: String,
    /// The feed's summary; may be empty.
    pub summary: String,
    /// The feed's full content or the page's text; may be empty.
    pub body: String,
    /// Where `body` comes from.
    pub text_status: TextStatus,
    /// Why the page could not be had or taken apart, where `text_status` is `Failed` or `Rough`.
    pub text_error: Option<String>,
    /// The language as detected or declared, where there is no doubt.
    pub lang: Option<Lang>,
    /// The language that feed or entry declare.
    pub declared_lang: Option<Lang>,
    /// Who published it: the link's host without `www.`, else the feed's host.
    pub source: String,
    /// Author.
    pub author: Option<String>,
    /// The entry's categories.
    pub tags: Vec<String>,
    /// When it was published, as far as the feed says so in a date that can be read.
    pub published: Option<Timestamp>,
    /// When the feed says that it was changed last.
    pub updated: Option<Timestamp>,
    /// When it was first seen.
    pub fetched_at: Timestamp,
    /// Hash (xxh3) of title, summary and body as the feed had them; tells an edited entry from a known one.
    pub content_hash: i64,
}
