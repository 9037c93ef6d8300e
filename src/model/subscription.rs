//! A feed's subscription at a hub (WebSub, W3C Recommendation of 2018-01-23): who pushes, and until when.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{FeedId, Timestamp};

/// How far a subscription has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SubscriptionState {
    /// Asked for, or to be asked for; the hub has not verified it.
    Pending,
    /// Verified by the hub.
    Active,
    /// No longer wanted; the hub is to be told.
    Leaving,
}

/// A subscription; survives restarts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The feed.
    pub feed: FeedId,
    /// The hub's address.
    pub hub: String,
    /// What the hub calls the feed: its `rel="self"`.
    pub topic: String,
    /// Where the hub reaches us.
    pub callback: String,
    /// The last segment of the callback; nobody can guess it.
    pub token: String,
    /// Signs what the hub sends; hexadecimal.
    pub secret: String,
    /// How far it has come.
    pub state: SubscriptionState,
    /// Until when the hub pushes; absent: it was never verified.
    pub lease_until: Option<Timestamp>,
    /// When something is to be done next: ask, renew, leave.
    pub due_at: Timestamp,
    /// Requests in a row that led to nothing.
    pub attempts: u32,
    /// When it was verified last.
    pub verified_at: Option<Timestamp>,
    /// When the hub pushed last.
    pub last_push_at: Option<Timestamp>,
    /// When a poll found what the hub had not pushed.
    pub missed_at: Option<Timestamp>,
    /// Why it is not active.
    pub last_error: Option<String>,
}

impl Subscription {
    /// Whether pushes can be relied upon so far that polling may be slow: the lease runs, and the last news came by push.
    #[must_use]
    pub fn is_healthy(&self, now: Timestamp) -> bool {
        self.state == SubscriptionState::Active
            && self.lease_until.is_some_and(|until| until > now)
            && self.last_push_at.is_some_and(|at| self.missed_at.is_none_or(|missed| missed < at))
    }
}

/// Without what others must not know.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("feed", &self.feed)
            .field("hub", &self.hub)
            .field("topic", &self.topic)
            .field("state", &self.state)
            .field("lease_until", &self.lease_until)
            .field("due_at", &self.due_at)
            .field("attempts", &self.attempts)
            .field("last_error", &self.last_error)
            .finish_non_exhaustive()
    }
}
