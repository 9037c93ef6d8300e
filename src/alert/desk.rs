//! The desk: from “this article matches this topic” to “these people are told, then”. Pure; the store calls it inside
//! the transaction that writes what it decides, so that two articles of one story can never both open it.

use crate::model::{
    AlertId, AlertReason, Article, ChannelName, DeliveryId, HealthEvent, Labels, Match, NoticeKind, Severity,
    Timestamp, TopicId,
};

use super::Router;

/// What is to be written about one match.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The alert, if anyone is to be told.
    pub alert: Option<AlertDraft>,
}

/// An alert to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertDraft {
    /// Derived.
    pub id: AlertId,
    /// Why.
    pub reason: AlertReason,
    /// Who is told.
    pub deliveries: Vec<DeliveryDraft>,
}

/// A delivery to be written, or an open one that the alert joins: the id decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDraft {
    /// Derived from (channel, recipient, alert), or from (channel, recipient, kind, window) for what gathers.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelName,
    /// The mail address; empty for a webhook.
    pub recipient: String,
    /// One alert, or a gathering.
    pub kind: NoticeKind,
    /// When it is due.
    pub due_at: Timestamp,
}

/// A health alert to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthDraft {
    /// What happened.
    pub event: HealthEvent,
    /// How much it matters.
    pub severity: Severity,
    /// The alert; its id is derived from the event's key.
    pub alert: AlertDraft,
}

/// Decides alerts and their recipients.
#[derive(Debug, Clone)]
pub struct Desk {
    router: Router,
}

impl Desk {
    /// A desk that sends along these routes.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router }
    }
}
