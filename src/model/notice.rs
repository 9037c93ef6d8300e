//! Notices: what a reader is told, complete, so that every channel renders the same facts. A notice is frozen when its
//! delivery is first claimed: every further attempt sends the same words.

use serde::{Deserialize, Serialize};

use super::{
    AlertId, AlertReason, ArticleId, Change, Field, Labels, Lang, Severity, StoryId, TextStatus, Timestamp, TopicId,
};

/// One message: an alert, or a digest of several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    /// Alert or digest.
    pub kind: NoticeKind,
    /// One for an alert; any number from one for what gathered, oldest first.
    pub alerts: Vec<AlertNotice>,
}

/// What kind of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// One alert.
    Alert,
    /// What gathered until a scheduled hour.
    Digest,
    /// What gathered during quiet hours.
    QuietHours,
    /// What one topic raised beyond the limit of the flood brake.
    Flood,
}

impl NoticeKind {
    /// The word used in messages and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Digest => "digest",
            Self::QuietHours => "quiet_hours",
            Self::Flood => "flood",
        }
    }
}

/// One alert in a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertNotice {
    /// The alert.
    pub id: AlertId,
    /// When it was raised.
    pub raised_at: Timestamp,
    /// Why.
    pub reason: AlertReason,
    /// How much it matters.
    pub severity: Severity,
    /// The topic, as it was when it matched.
    pub topic: TopicNotice,
    /// The story; absent for health alerts.
    pub story: Option<StoryNotice>,
    /// The article that raised it; for a health alert, its text.
    pub article: ArticleNotice,
    /// Other articles of the same story, oldest first, at most 20.
    pub others: Vec<OtherArticle>,
    /// The first alert of the same story, if this is a later one: mails thread under it.
    pub follows: Option<AlertId>,
    /// Set when the article was published more than a day before it was seen.
    pub delayed: bool,
    /// What the outlet altered in it, where an edit raised the alert.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub change: Option<Change>,
}

/// A topic in a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopicNotice {
    /// Id.
    pub id: TopicId,
    /// Name for people.
    pub name: String,
    /// Labels.
    pub labels: Labels,
}

/// A story in a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoryNotice {
    /// Id.
    pub id: StoryId,
    /// Number of articles.
    pub size: u32,
    /// Who carries it.
    pub sources: Vec<String>,
    /// In which languages.
    pub languages: Vec<Lang>,
    /// When its first article was seen.
    pub first_seen: Timestamp,
}

/// An article in a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArticleNotice {
    /// Id; absent for health alerts.
    pub id: Option<ArticleId>,
    /// Link.
    pub url: Option<String>,
    /// Headline.
    pub title: String,
    /// Summary: the feed's, else the beginning of the body; at most 600 characters.
    pub summary: String,
    /// Language.
    pub lang: Option<Lang>,
    /// Publisher.
    pub source: String,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// When it was first seen.
    pub seen: Timestamp,
    /// Where the body came from.
    pub text_status: TextStatus,
    /// Why the page could not be had.
    pub text_error: Option<String>,
    /// Why it matched.
    pub matched: Vec<Excerpt>,
}

/// A hit with the words around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// The field.
    pub field: Field,
    /// The words that hit, as they stand in the text.
    pub text: String,
    /// Up to 60 characters before, from a word's beginning.
    pub before: String,
    /// Up to 60 characters after, to a word's end.
    pub after: String,
    /// The atom that hit, as written in the rule.
    pub atom: String,
    /// The concept through which it was reached.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub concept: Option<String>,
}

/// Another article of the same story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherArticle {
    /// Id.
    pub id: ArticleId,
    /// Link.
    pub url: Option<String>,
    /// Headline.
    pub title: String,
    /// Publisher.
    pub source: String,
    /// Language.
    pub lang: Option<Lang>,
    /// When it was published.
    pub published: Option<Timestamp>,
}
