//! Matches: an article that satisfies a topic, and why.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Excerpt, Severity, Topic};

/// A part of an article that queries look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    /// The headline.
    Title,
    /// The feed's summary.
    Summary,
    /// The body.
    Body,
    /// The author.
    Author,
    /// The categories, one a line.
    Tag,
    /// The publisher's host or name.
    Source,
    /// The link.
    Url,
}

impl Field {
    /// The word used in queries and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Summary => "summary",
            Self::Body => "body",
            Self::Author => "author",
            Self::Tag => "tag",
            Self::Source => "source",
            Self::Url => "url",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A hit: bytes of a field's text that satisfied an atom of the query. Always on character boundaries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Evidence {
    /// The field.
    pub field: Field,
    /// First byte in the field's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The atom, as written in the rule.
    pub atom: String,
    /// The concept through which it was reached, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub concept: Option<String>,
}

/// An article satisfies a topic.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// The topic, as it was when it matched.
    pub topic: Arc<Topic>,
    /// Sum of the score's parts; 0 where the topic has none.
    pub score: i64,
    /// How much it matters.
    pub severity: Severity,
    /// The hits with the words around them, in the order of the text; at most 20.
    pub excerpts: Vec<Excerpt>,
}
