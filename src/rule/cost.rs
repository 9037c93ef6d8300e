//! What each topic costs: how often it had to be tried, how often it matched, and how long that took. Kept only by a
//! [`Scratch`](super::Scratch) that was made for it, since asking the clock costs more than trying most topics.

use std::sync::Arc;
use std::time::Duration;

use crate::model::Topic;

/// What one topic has cost so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicCost {
    /// The topic.
    pub topic: Arc<Topic>,
    /// Articles on which it had to be tried, because they hold what it can't do without.
    pub candidates: u64,
    /// Articles that it matched.
    pub matches: u64,
    /// Time spent on trying it. What several topics share (a concept, say) is charged to the first of them.
    pub time: Duration,
}

/// Costs of all topics of one ruleset, as gathered by one thread; those of several threads add up.
#[derive(Debug, Clone, Default)]
pub struct Costs {
    /// Articles scanned.
    pub articles: u64,
    /// The ruleset's number.
    pub(super) owner: u64,
    /// By topic of the program.
    pub(super) of_topics: Vec<Cost>,
}

/// What one topic has cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    pub(super) candidates: u64,
    pub(super) matches: u64,
    pub(super) time: Duration,
}

impl Costs {
    /// Adds what another thread gathered with the same ruleset. What belongs to another ruleset is left out, since its
    /// topics are others.
    pub fn add(&mut self, other: &Self) {
        if self.of_topics.is_empty() {
            self.clone_from(other);
            return;
        }
        if self.owner != other.owner {
            return;
        }
        self.articles += other.articles;
        for (sum, cost) in self.of_topics.iter_mut().zip(&other.of_topics) {
            sum.candidates += cost.candidates;
            sum.matches += cost.matches;
            sum.time += cost.time;
        }
    }
}
