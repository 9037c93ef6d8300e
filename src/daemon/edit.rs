//! What an edit takes away. A file that was cut off while it was written, or a folder that was read in the middle of a
//! checkout, is right as far as it goes, and nobody misses a message that was never sent. So an edit that leaves nothing to
//! read, to look for or to tell is refused, and one that takes something away is told to the operator. The price is a
//! message for every topic and feed that is taken out on purpose.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::hash::Hash;

use crate::model::{ChannelName, Feed, HealthEvent, Timestamp};
use crate::pipeline::Snapshot;

/// Names of each kind that are listed at most. A guess: what one looks through.
const LISTED: usize = 20;

/// Refuses an edit after which there is no feed, no topic or no channel, where there was one.
///
/// # Errors
/// With what to say to the operator.
pub(super) fn leaves_something(before: &Snapshot, after: &Snapshot) -> Result<(), String> {
    let counts = |one: &Snapshot| [one.config.feeds.len(), one.rules.topic_count(), one.channels.len()];
    let kinds = ["feed", "topic", "channel"].into_iter().zip(counts(before)).zip(counts(after));
    let emptied: Vec<String> = kinds
        .filter(|((_, before), after)| *before > 0 && *after == 0)
        .map(|((kind, before), _)| {
            format!("no {kind} where there {} {before}", if before == 1 { "was" } else { "were" })
        })
        .collect();
    if emptied.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the edit leaves {}; perhaps a file was cut off when it was saved. If it is meant, restart the service",
        emptied.join(", ")
    ))
}

/// The channels that are set up otherwise than before, or are new.
pub(super) fn channels_changed(before: &Snapshot, after: &Snapshot) -> Vec<ChannelName> {
    let settings = after.config.channels.iter();
    let changed = settings.filter(|(name, settings)| before.config.channels.get(*name) != Some(*settings));
    changed.map(|(name, _)| name.clone()).collect()
}

/// What is not there any more, sorted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gone {
    topics: Vec<String>,
    feeds: Vec<String>,
    channels: Vec<String>,
}

impl Gone {
    /// Compares two snapshots. What is set aside (`enabled = false`) is gone too.
    pub(super) fn between(before: &Snapshot, after: &Snapshot) -> Self {
        // A feed whose address was corrected is not gone: another one of its host came in the same edit.
        let came = after.config.feeds.iter().filter(|feed| !before.feeds.contains_key(&feed.id));
        let came: HashSet<&str> = came.map(Feed::host).collect();
        let gone = before.config.feeds.iter();
        let gone = gone.filter(|feed| !after.feeds.contains_key(&feed.id) && !came.contains(feed.host()));
        let mut feeds: Vec<String> = gone.map(|feed| feed.url.to_string()).collect();
        feeds.sort_unstable();
        Self {
            topics: missing(
                before.rules.topics().map(|topic| topic.id.clone()),
                &after.rules.topics().map(|topic| topic.id.clone()).collect(),
            ),
            feeds,
            channels: missing(before.channels.keys().cloned(), &after.channels.keys().cloned().collect()),
        }
    }

    /// What to tell the operator, if anything.
    pub(super) fn event(&self, now: Timestamp) -> Option<HealthEvent> {
        let kinds = [
            ("topic", "Not looked for any more", &self.topics),
            ("feed", "Not polled any more", &self.feeds),
            ("channel", "Not told any more", &self.channels),
        ];
        let gone = kinds.into_iter().filter(|(.., names)| !names.is_empty());
        let (mut counts, mut detail) = (Vec::new(), String::new());
        for (kind, heading, names) in gone {
            counts.push(format!("{} {kind}{}", names.len(), if names.len() == 1 { "" } else { "s" }));
            let _ = writeln!(detail, "{heading}: {}{}", names[..names.len().min(LISTED)].join(", "), more(names.len()));
        }
        if counts.is_empty() {
            return None;
        }
        let fingerprint = xxhash_rust::xxh3::xxh3_64(detail.as_bytes());
        detail.push_str(
            "If that was not meant, look for a file that was emptied, cut off or moved; put it back and reload.",
        );
        Some(HealthEvent {
            key: format!("gone:{fingerprint:x}:{}", now.as_millis()),
            title: format!("An edit took away {}", counts.join(", ")),
            detail,
            at: now,
        })
    }
}

fn more(count: usize) -> String {
    if count > LISTED { format!(" and {} more", count - LISTED) } else { String::new() }
}

/// The names that are not among those kept, sorted.
fn missing<T: ToString + Hash + Eq>(before: impl Iterator<Item = T>, kept: &HashSet<T>) -> Vec<String> {
    let mut names: Vec<String> = before.filter(|name| !kept.contains(name)).map(|name| name.to_string()).collect();
    names.sort_unstable();
    names
}
