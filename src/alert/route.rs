//! Routes: which channels an alert goes to. In order; the first that matches wins unless it says `continue`.

use std::collections::BTreeMap;

use crate::model::{ChannelName, Labels, Severity, TopicId};

use super::{DigestPlan, QuietHours};

/// What a route asks of an alert: every key must fit. Values are `|`-separated alternatives with `*` as wildcard.
/// Keys: `topic` (the id), `severity`, anything else is a label of the topic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RouteMatch(pub BTreeMap<String, String>);

/// A route as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Route {
    /// What it takes; empty: everything.
    pub matches: RouteMatch,
    /// Where it leads.
    pub channels: Vec<ChannelName>,
    /// Whether later routes are looked at too.
    pub continues: bool,
    /// Gather until a cron run.
    pub digest: Option<DigestPlan>,
    /// Hold back at night.
    pub quiet: Option<QuietHours>,
}

/// The recipients of each channel: mail addresses, or one empty string for a webhook.
pub type Recipients = BTreeMap<ChannelName, Vec<String>>;

/// One way that an alert takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Routed<'a> {
    /// The route.
    pub route: &'a Route,
    /// Its position, from 0.
    pub index: usize,
}

/// All routes, and who stands behind the channels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Router {
    /// In order.
    pub routes: Vec<Route>,
    /// By channel.
    pub recipients: Recipients,
}

impl RouteMatch {
    /// Whether an alert fits.
    #[must_use]
    pub fn fits(&self, topic: &TopicId, severity: Severity, labels: &Labels) -> bool {
        self.0.iter().all(|(key, pattern)| {
            let value = match key.as_str() {
                "topic" => Some(topic.as_str()),
                "severity" => Some(severity.as_str()),
                label => labels.get(label).map(String::as_str),
            };
            value.is_some_and(|value| pattern.split('|').any(|one| glob(one.trim(), value)))
        })
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters, also none. Case matters.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}
