//! One side of a comparison: the matches, stories and alerts of a topic, from the ledger or from a replay.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Severity, StoryId, TopicId};

use super::judge::Ledger;

/// What was really done, topic by topic.
#[derive(Debug, Default)]
pub(super) struct LedgerSide {
    pub(super) topics: BTreeMap<TopicId, TopicSide>,
    /// Numbers of the ledger's stories.
    stories: HashMap<StoryId, u32>,
}

/// An article in a story of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    /// The article's number.
    pub(super) article: i64,
    /// The story's number, within its side and topic.
    pub(super) story: u32,
    /// Whether it was taken in within the asked time.
    pub(super) in_window: bool,
}

/// An alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SideAlert {
    pub(super) article: i64,
    pub(super) story: u32,
    pub(super) in_window: bool,
    pub(super) severity: Severity,
}

/// Both sides of a topic.
#[derive(Debug)]
pub(super) enum Sides {
    /// The same on both.
    Alike(TopicSide),
    /// Not the same.
    Apart {
        /// The ledger, or the rules that are compared with.
        before: TopicSide,
        /// The rules that are tried.
        after: TopicSide,
    },
}

impl Sides {
    pub(super) fn before(&self) -> &TopicSide {
        match self {
            Self::Alike(side) | Self::Apart { before: side, .. } => side,
        }
    }

    pub(super) fn after(&self) -> &TopicSide {
        match self {
            Self::Alike(side) | Self::Apart { after: side, .. } => side,
        }
    }
}

/// One topic of a side, in the order of the articles.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct TopicSide {
    /// Its name for people.
    pub(super) name: String,
    pub(super) members: Vec<Member>,
    pub(super) alerts: Vec<SideAlert>,
}

impl TopicSide {
    pub(super) fn matches(&self) -> u64 {
        self.members.iter().filter(|member| member.in_window).count() as u64
    }

    /// Stories that had an article within the asked time.
    pub(super) fn stories(&self) -> u64 {
        let stories: HashSet<u32> =
            self.members.iter().filter(|member| member.in_window).map(|member| member.story).collect();
        stories.len() as u64
    }

    pub(super) fn counted_alerts(&self) -> impl Iterator<Item = &SideAlert> {
        self.alerts.iter().filter(|alert| alert.in_window)
    }
}

impl LedgerSide {
    /// Adds what the ledger says of a page.
    pub(super) fn add(&mut self, ledger: Ledger) {
        for (matched, in_window) in ledger.matches {
            let story = self.story(matched.story);
            let topic = self.topics.entry(matched.topic).or_default();
            topic.members.push(Member { article: matched.article, story, in_window });
        }
        for (alert, in_window) in ledger.alerts {
            let story = self.story(alert.story);
            let topic = self.topics.entry(alert.topic).or_default();
            topic.name = alert.topic_name;
            topic.alerts.push(SideAlert { article: alert.article, story, in_window, severity: alert.severity });
        }
    }

    fn story(&mut self, id: StoryId) -> u32 {
        let next = u32::try_from(self.stories.len()).unwrap_or(u32::MAX);
        *self.stories.entry(id).or_insert(next)
    }
}
