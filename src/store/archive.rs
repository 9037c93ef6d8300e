//! What a replay reads: stored articles in the order in which they came, with what was made of them at the time.

use crate::model::{AlertReason, Article, Severity, StoryId, Timestamp, TopicId};
use crate::story::Signature;

/// Where a replay begins and ends. Articles are numbered as they come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveSpan {
    /// The number before the first article to be read.
    pub after: i64,
    /// The number of the last one.
    pub to: i64,
    /// When the oldest article of the whole archive was taken in.
    pub oldest: Timestamp,
}

/// A stored article.
#[derive(Debug, Clone, PartialEq)]
pub struct ArchivedArticle {
    /// Its number.
    pub number: i64,
    /// The article as it stands there now: an edited one has its latest text.
    pub article: Article,
    /// Which rules judged it last; absent where none did yet.
    pub revision: Option<String>,
    /// What it is recognised by, where a match has it stored.
    pub signature: Option<Signature>,
}

/// A match in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedMatch {
    /// The article's number.
    pub article: i64,
    /// The topic.
    pub topic: TopicId,
    /// The story in which it was placed.
    pub story: StoryId,
}

/// An alert in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedAlert {
    /// The number of the article that raised it.
    pub article: i64,
    /// The topic.
    pub topic: TopicId,
    /// Its name at the time.
    pub topic_name: String,
    /// The story.
    pub story: StoryId,
    /// Why.
    pub reason: AlertReason,
    /// How much it mattered.
    pub severity: Severity,
}

/// Some articles in the order of their numbers, and what the ledger says of them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ArchivePage {
    /// The articles.
    pub articles: Vec<ArchivedArticle>,
    /// Their matches.
    pub matches: Vec<RecordedMatch>,
    /// The alerts that they raised.
    pub alerts: Vec<RecordedAlert>,
}
