//! What each topic did in a run over many articles: matches counted on all of them, costs measured on some.

use std::cmp::Reverse;

use serde::Serialize;

use super::cost::Costs;
use super::ruleset::Ruleset;
use crate::model::TopicId;

/// Topics of which a run tells the costs.
pub const MOST_TOPICS: usize = 1000;
/// Topics named as the slowest and as the widest.
const MOST_NAMED: usize = 5;

/// The part of a run's statistics that tells the topics apart.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TopicTotals {
    /// Articles on which the topics' costs were measured: the first 256 and some after them, one in 32 or more.
    pub measured_articles: u64,
    /// The topics that were tried, the most expensive first, at most [`MOST_TOPICS`]. `matches` are counted on all articles;
    /// `candidates` and `seconds` are reckoned up from those that were measured.
    pub per_topic: Vec<TopicStats>,
    /// The topics that take the most time.
    pub slowest: Vec<TopicId>,
    /// The topics that match the most articles.
    pub widest: Vec<TopicId>,
}

/// What one topic did in a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopicStats {
    /// The topic.
    pub topic: TopicId,
    /// Articles that it matched.
    pub matches: u64,
    /// Articles on which it had to be tried, roughly.
    pub candidates: u64,
    /// Time spent on trying it, roughly.
    pub seconds: f64,
}

/// What one worker, or all of them, counted.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// By place among the ruleset's topics.
    pub(super) matches: Vec<u64>,
    pub(super) costs: Costs,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        if self.matches.len() < other.matches.len() {
            self.matches.resize(other.matches.len(), 0);
        }
        for (sum, matches) in self.matches.iter_mut().zip(&other.matches) {
            *sum += matches;
        }
        self.costs.add(&other.costs);
    }

    /// What it says of a run over so many articles.
    pub(super) fn totals(&self, ruleset: &Ruleset, articles: u64) -> TopicTotals {
        let measured_articles = self.costs.articles;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let factor = articles as f64 / measured_articles.max(1) as f64;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an estimate, not negative"
        )]
        let scaled = |count: u64| (count as f64 * factor).round() as u64;
        // Both are in the order of the ids; without a measured article there are no costs.
        let costs = ruleset.topic_costs(&self.costs);
        let mut topics: Vec<TopicStats> = (ruleset.topics().iter().enumerate())
            .filter_map(|(rank, topic)| {
                let matches = self.matches.get(rank).copied().unwrap_or(0);
                let cost = costs.get(rank).filter(|cost| cost.topic.id == topic.id);
                let candidates = cost.map_or(0, |cost| scaled(cost.candidates)).max(matches);
                let seconds = cost.map_or(0.0, |cost| cost.time.as_secs_f64() * factor);
                (candidates > 0).then(|| TopicStats { topic: topic.id.clone(), matches, candidates, seconds })
            })
            .collect();
        let named = |topics: &[TopicStats]| -> Vec<TopicId> {
            topics.iter().take(MOST_NAMED).map(|topic| topic.topic.clone()).collect()
        };
        topics.sort_by_key(|topic| Reverse(topic.matches));
        let matching = topics.partition_point(|topic| topic.matches > 0);
        let widest = named(&topics[..matching]);
        topics.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        let slowest = named(&topics);
        topics.truncate(MOST_TOPICS);
        TopicTotals { measured_articles, per_topic: topics, slowest, widest }
    }
}
