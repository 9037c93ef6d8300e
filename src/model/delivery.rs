//! Deliveries: one message to one recipient, promised.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ChannelName, DeliveryId, Timestamp};

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// Waiting for its time, or being sent.
    Due,
    /// The far end took it.
    Sent,
    /// Given up; can be sent again by hand.
    Failed,
}

impl DeliveryState {
    /// The word used in messages and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Due, Self::Sent, Self::Failed].into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Derived; the webhook's idempotency key and the mail's Message-ID.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelName,
    /// The mail address; empty for a webhook.
    pub recipient: String,
    /// Attempts made before this one.
    pub attempt: u32,
    /// When the promise was made; of what gathers, when it first fell due.
    pub created_at: Timestamp,
    /// When it is to be tried.
    pub due_at: Timestamp,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The far end took it; its words.
    Sent {
        /// The far end's answer, one line.
        receipt: String,
    },
    /// Not now.
    Retry {
        /// When to try again.
        at: Timestamp,
        /// What went wrong.
        error: String,
        /// The far end asked for this wait.
        asked: bool,
    },
    /// Never.
    Failed {
        /// What went wrong.
        error: String,
        /// The endpoint said that it is gone (410): the whole channel is disabled.
        disable_channel: bool,
    },
    /// Not tried after all (shutdown): due at once, the attempt does not count.
    HandedBack,
}
