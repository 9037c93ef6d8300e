//! Alerts: why someone is told.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Why an alert was raised; the words of the webhook body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertReason {
    /// The first article of a story.
    NewStory,
    /// A further article, for a topic that asks for every one.
    Every,
    /// An edited article: it newly matches and joins a story already told, or its topic asks for edits.
    Changed,
    /// vedetta itself needs attention.
    Health,
}

impl AlertReason {
    /// The word used in messages and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewStory => "new_story",
            Self::Every => "every",
            Self::Changed => "changed",
            Self::Health => "health",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::NewStory, Self::Every, Self::Changed, Self::Health].into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Something about vedetta itself that an operator must hear: a dead feed, a refused reload, a disabled endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthEvent {
    /// What it is about and since when; equal keys are told once.
    pub key: String,
    /// One line.
    pub title: String,
    /// What is wrong and what to do; plain text, may have several lines.
    pub detail: String,
    /// When it happened.
    pub at: Timestamp,
}
