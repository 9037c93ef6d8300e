//! What `vedetta feed list` says of a feed's subscription at a hub. Token, secret and callback stay out: whoever knows them
//! can push.

use serde::Serialize;

use crate::model::{Subscription, SubscriptionState, Timestamp};

/// How a subscription is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PushWord {
    /// The last news came by push: the feed is polled rarely.
    On,
    /// The hub has agreed and not pushed yet.
    Quiet,
    /// A poll found what the hub had not pushed.
    Missed,
    /// Asked for, and not verified by the hub.
    Asked,
    /// The lease is over and was not renewed.
    Ended,
    /// No longer wanted.
    Leaving,
}

impl PushWord {
    fn of(subscription: &Subscription, now: Timestamp) -> Self {
        match subscription.state {
            SubscriptionState::Leaving => Self::Leaving,
            SubscriptionState::Pending => Self::Asked,
            SubscriptionState::Active if subscription.lease_until.is_none_or(|until| until <= now) => Self::Ended,
            SubscriptionState::Active if subscription.is_healthy(now) => Self::On,
            SubscriptionState::Active
                if subscription.missed_at >= subscription.last_push_at.max(Some(Timestamp::EPOCH)) =>
            {
                Self::Missed
            }
            SubscriptionState::Active => Self::Quiet,
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Quiet => "quiet",
            Self::Missed => "missed",
            Self::Asked => "asked",
            Self::Ended => "ended",
            Self::Leaving => "leaving",
        }
    }
}

/// A feed's subscription; serialises as part of the command's JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PushLine {
    pub(super) state: PushWord,
    pub(super) hub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_push: Option<Timestamp>,
    /// When a poll found what the hub had not pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    missed: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl PushLine {
    pub(super) fn of(subscription: &Subscription, now: Timestamp) -> Self {
        Self {
            state: PushWord::of(subscription, now),
            hub: subscription.hub.clone(),
            verified: subscription.verified_at,
            lease_until: subscription.lease_until,
            last_push: subscription.last_push_at,
            missed: subscription.missed_at,
            error: subscription.last_error.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::FeedId;

    #[test]
    fn each_state_has_its_word() {
        let now = Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").expect("a time");
        let (before, after) = (now.before(Duration::from_secs(60)), now + Duration::from_secs(60));
        let long_ago = now.before(Duration::from_secs(3600));
        let active = Subscription {
            feed: FeedId::derive(&["a"]),
            hub: "https://hub.example/".into(),
            topic: "https://a.example/новости.xml".into(),
            callback: "https://vedetta.example/websub/t0ken".into(),
            token: "t0ken".into(),
            secret: "s3cret".into(),
            state: SubscriptionState::Active,
            lease_until: Some(after),
            due_at: after,
            attempts: 0,
            verified_at: Some(long_ago),
            last_push_at: Some(before),
            missed_at: None,
            last_error: None,
        };
        for (subscription, word) in [
            (active.clone(), "on"),
            (Subscription { missed_at: Some(long_ago), ..active.clone() }, "on"),
            (Subscription { missed_at: Some(now), ..active.clone() }, "missed"),
            (Subscription { missed_at: Some(now), last_push_at: None, ..active.clone() }, "missed"),
            (Subscription { last_push_at: None, ..active.clone() }, "quiet"),
            (Subscription { lease_until: Some(before), ..active.clone() }, "ended"),
            (Subscription { state: SubscriptionState::Pending, lease_until: None, ..active.clone() }, "asked"),
            (Subscription { state: SubscriptionState::Leaving, ..active.clone() }, "leaving"),
        ] {
            let line = PushLine::of(&subscription, now);
            assert_eq!(line.state.as_str(), word, "{subscription:?}");
            let json = serde_json::to_string(&line).expect("JSON");
            assert!(json.contains(&format!("\"state\":\"{word}\"")), "{json}");
            assert!(!json.contains("t0ken") && !json.contains("s3cret"), "{json}");
        }
    }
}
