//! Routes: which channels an alert goes to. In order; the first that matches wins unless it says `continue`.

use std::collections::BTreeMap;

use crate::model::{AlertReason, ChannelName, Labels, Severity, TopicId};

use super::{Brake, DigestPlan, QuietHours};

/// What a route asks of an alert: every key must fit. Values are `|`-separated alternatives with `*` as wildcard.
/// Keys: `topic` (the id), `severity`, `reason` (`health`: vedetta's own troubles), anything else is a label of the topic, or
/// of the feed that is in trouble.
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
    /// Its own flood brake; absent: the general one.
    pub flood: Option<Brake>,
}

/// The recipients of each channel: mail addresses, or one empty string for a webhook.
pub type Recipients = BTreeMap<ChannelName, Vec<String>>;

/// All routes, and who stands behind the channels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Router {
    /// In order.
    pub routes: Vec<Route>,
    /// By channel.
    pub recipients: Recipients,
    /// Where alerts go that no route takes, while no route is without `match`. The configuration puts all channels
    /// here: a message too many is better than one too few.
    pub fallback: Vec<ChannelName>,
    /// What happens when a topic raises too many alerts, where the route does not say otherwise.
    pub brake: Brake,
    /// How many alerts one message of a channel can list; where it says nothing, [`ROOM`].
    pub room: BTreeMap<ChannelName, u32>,
}

/// Alerts that a mail or a JSON body lists at most: some 250 KB of mail. A guess at what nobody's server refuses.
pub const ROOM: u32 = 500;

impl Router {
    /// The routes that an alert takes, in order.
    #[must_use]
    pub fn routes_for(&self, topic: &TopicId, severity: Severity, labels: &Labels) -> Vec<&Route> {
        let mut taken = Vec::new();
        for route in &self.routes {
            if route.matches.fits(topic, severity, labels) {
                taken.push(route);
                if !route.continues {
                    break;
                }
            }
        }
        taken
    }

    /// The routes that ask for vedetta's own troubles by name, in order: by `reason` or `topic`. A route for all that is
    /// `high`, or for every topic, is meant for articles.
    #[must_use]
    pub fn health_routes(&self, severity: Severity, labels: &Labels) -> Vec<&Route> {
        let mut taken = Vec::new();
        for route in self.routes.iter().filter(|route| route.matches.fits_health(severity, labels)) {
            taken.push(route);
            if !route.continues {
                break;
            }
        }
        taken
    }

    /// Where health alerts go that no route asks for, and alerts that no route takes: the channels of the last route without `match`, else
    /// the fallback.
    #[must_use]
    pub fn default_channels(&self) -> &[ChannelName] {
        self.default_route().map_or(&self.fallback, |route| &route.channels)
    }

    /// The last route without `match`.
    #[must_use]
    pub fn default_route(&self) -> Option<&Route> {
        self.routes.iter().rev().find(|route| route.matches.0.is_empty())
    }
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

    /// Whether it asks for health alerts, and this one fits.
    fn fits_health(&self, severity: Severity, labels: &Labels) -> bool {
        let topic = TopicId::health();
        let asks_by_topic = self.0.get("topic").is_some_and(|pattern| {
            pattern.split('|').any(|one| one.trim().starts_with("vedetta") && glob(one.trim(), topic.as_str()))
        });
        let asks = self.0.contains_key("reason") || asks_by_topic;
        let reason = Labels::from([("reason".to_owned(), AlertReason::Health.as_str().to_owned())]);
        asks && self.fits(&topic, severity, &labels.clone().into_iter().chain(reason).collect())
    }
}

/// Whether `text` fits a pattern in which `*` stands for any characters, also none. Case matters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (middle, last) = tail.rsplit_once('*').unwrap_or(("", tail));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_takes_any_letters_at_its_stars() {
        for (pattern, text, fits) in [
            ("missile-*", "missile-defence", true),
            ("missile-*", "missile", false),
            ("*", "", true),
            ("*-cina-*", "russia-cina-militare", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXcYb", false),
            ("difesa", "difesa", true),
            ("中*", "中俄", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn every_key_must_fit_and_a_missing_label_does_not() {
        let wanted =
            RouteMatch([("severity", "high|urgent"), ("desk", "asia")].map(|(k, v)| (k.into(), v.into())).into());
        let topic = TopicId::new("x").expect("a valid name");
        let labels = Labels::from([("desk".into(), "asia".into())]);
        assert!(wanted.fits(&topic, Severity::High, &labels));
        assert!(!wanted.fits(&topic, Severity::Notice, &labels));
        assert!(!wanted.fits(&topic, Severity::High, &Labels::new()));
    }
}
