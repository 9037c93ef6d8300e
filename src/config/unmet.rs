//! Routes that ask for what no alert has: a topic or a label that was misspelt or renamed. Its alerts go to others, and
//! nobody sees that until one is missed. Whether it is so can only be told once the rules are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::alert::RouteMatch;
use crate::model::{Diagnostic, Severity, Span, Topic, TopicId};
use crate::settings::nearest;

use super::{Config, codes};

/// One alternative of what a route asks for, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteWish {
    /// `topic` or a label.
    pub(super) key: String,
    /// The pattern, without blanks around it.
    pub(super) pattern: String,
    /// Where the pattern stands.
    pub(super) place: Span,
    /// Whether the route asks for vedetta's own troubles, which carry their feed's labels.
    pub(super) is_for_health: bool,
}

/// A warning (W212) for each alternative of a route that none of the enabled topics has.
#[must_use]
pub fn unmet_wishes(config: &Config, topics: &[Arc<Topic>]) -> Vec<Diagnostic> {
    let wishes = config.route_wishes.iter();
    wishes.filter(|wish| !is_met(wish, config, topics)).map(|wish| warning(wish, config, topics)).collect()
}

fn is_met(wish: &RouteWish, config: &Config, topics: &[Arc<Topic>]) -> bool {
    let asked = RouteMatch(BTreeMap::from([(wish.key.clone(), wish.pattern.clone())]));
    let health = TopicId::health();
    topics.iter().any(|topic| asked.fits(&topic.id, Severity::default(), &topic.labels))
        || wish.key == "topic" && asked.fits(&health, Severity::default(), &BTreeMap::new())
        || wish.is_for_health && config.feeds.iter().any(|feed| asked.fits(&health, Severity::default(), &feed.labels))
}

fn warning(wish: &RouteWish, config: &Config, topics: &[Arc<Topic>]) -> Diagnostic {
    let RouteWish { key, pattern, place, .. } = wish;
    let finding = |title: String| Diagnostic::warning(codes::UNMET, title).label(*place, "");
    let hint = |finding: Diagnostic, near: Option<&str>, otherwise: &str| match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help(otherwise),
    };
    if key == "topic" {
        let near = nearest(pattern, topics.iter().map(|topic| topic.id.as_str()));
        return hint(
            finding(format!("no topic is called `{pattern}`")),
            near,
            "`topic` asks for the `id` of an enabled topic; `*` stands for any letters",
        );
    }
    let values = || topics.iter().filter_map(|topic| topic.labels.get(key)).map(String::as_str);
    if values().next().is_some() {
        return hint(
            finding(format!("no topic has the label `{key} = \"{pattern}\"`")),
            nearest(pattern, values()),
            "look at the `labels` of the topics",
        );
    }
    let finding = finding(format!("no topic has a label `{key}`"));
    if config.feeds.iter().any(|feed| feed.labels.contains_key(key)) {
        return finding.help(format!(
            "`{key}` is a label of feeds: a topic asks for those by `feed_labels`, and a route only together with `reason = \"health\"`"
        ));
    }
    let known = ["topic", "severity", "reason"].into_iter();
    let near = nearest(key, known.chain(topics.iter().flat_map(|topic| topic.labels.keys().map(String::as_str))));
    hint(finding, near, "give the topics that are meant this label: `labels = { … }`")
}
