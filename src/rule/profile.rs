//! Which topics are slow and which are wide, in numbers, and what to do about it.

use std::cmp::Reverse;

use serde::Serialize;

use super::cost::{Costs, TopicCost};
use super::document::Document;
use super::ruleset::{Circumstances, Ruleset};
use super::scanner::Scratch;
use super::suite;
use crate::model::{Timestamp, TopicId};

/// A topic that matches a larger share of the articles is called wide. A guess: one article in fifty is hundreds a day.
const WIDE: f64 = 0.02;
/// A topic that takes a larger share of the time, and this many times the average, is called slow.
const SLOW: f64 = 0.05;
const SLOWER_THAN_AVERAGE: f64 = 3.0;
/// Fewer articles tell nothing about shares.
const ENOUGH: u64 = 100;

/// What the topics cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Profile {
    /// Articles on which that was measured.
    pub articles: u64,
    /// Enabled topics.
    pub topics: usize,
    /// Topics of which no article holds what they can't do without: they cost nothing.
    pub never_tried: usize,
    /// Time spent on trying topics.
    pub seconds: f64,
    /// Topics that were tried, the most expensive first.
    pub per_topic: Vec<TopicProfile>,
}

/// What one topic costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopicProfile {
    /// The topic.
    pub topic: TopicId,
    /// Articles on which it had to be tried.
    pub candidates: u64,
    /// Articles that it matched.
    pub matches: u64,
    /// Time spent on trying it.
    pub seconds: f64,
    /// That time, as a share of what all topics took: 0 … 1.
    pub time_share: f64,
    /// Matched articles, as a share of all: 0 … 1.
    pub match_share: f64,
    /// What to do, where it is slow or wide.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

#[expect(clippy::cast_precision_loss, reason = "shares and rates for people")]
fn float(number: u64) -> f64 {
    number as f64
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl Profile {
    /// The profile that costs amount to.
    #[must_use]
    pub fn new(ruleset: &Ruleset, costs: &Costs) -> Self {
        let topics = ruleset.topic_costs(costs);
        let seconds: f64 = topics.iter().map(|cost| cost.time.as_secs_f64()).sum();
        let (tried, never): (Vec<TopicCost>, Vec<TopicCost>) = topics.into_iter().partition(|cost| cost.candidates > 0);
        let mut profile = Self {
            articles: costs.articles,
            topics: ruleset.topics().len(),
            never_tried: if costs.articles == 0 { ruleset.topics().len() } else { never.len() },
            seconds,
            per_topic: Vec::with_capacity(tried.len()),
        };
        let average = share(1.0, float(tried.len() as u64));
        for cost in tried {
            let time = cost.time.as_secs_f64();
            let mut of_topic = TopicProfile {
                topic: cost.topic.id.clone(),
                candidates: cost.candidates,
                matches: cost.matches,
                seconds: time,
                time_share: share(time, seconds),
                match_share: share(float(cost.matches), float(costs.articles)),
                advice: Vec::new(),
            };
            of_topic.advice = advice(&of_topic, costs.articles, average);
            profile.per_topic.push(of_topic);
        }
        profile.per_topic.sort_by(|a, b| b.seconds.total_cmp(&a.seconds).then_with(|| a.topic.cmp(&b.topic)));
        profile
    }

    /// The topics that take the most time.
    pub fn slowest(&self, count: usize) -> impl Iterator<Item = &TopicProfile> {
        self.per_topic.iter().take(count)
    }

    /// The topics that match the most articles; none that matches nothing.
    #[must_use]
    pub fn widest(&self, count: usize) -> Vec<&TopicProfile> {
        let mut topics: Vec<&TopicProfile> = self.per_topic.iter().filter(|topic| topic.matches > 0).collect();
        topics.sort_by_key(|topic| (Reverse(topic.matches), &topic.topic));
        topics.truncate(count);
        topics
    }
}

fn advice(topic: &TopicProfile, articles: u64, average: f64) -> Vec<String> {
    let mut advice = Vec::new();
    if articles < ENOUGH {
        return advice;
    }
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    if topic.match_share >= WIDE {
        advice.push(format!(
            "wide: it matches {} of the articles; ask for two things near each other (`NEAR/10`), in the title \
             (`title:…`), or add an `except`",
            percent(topic.match_share)
        ));
    }
    if topic.candidates == articles {
        advice.push(
            "it is tried on every article, since no word in it must be there; join a word that must (`AND`)".to_owned(),
        );
    }
    if topic.time_share >= SLOW && topic.time_share >= average * SLOWER_THAN_AVERAGE {
        let micros = topic.seconds * 1e6 / float(topic.candidates.max(1));
        advice.push(format!(
            "slow: {} of the time, {micros:.0} µs for each of {} articles on which it was tried; join a rarer word that must \
             be there (`AND`), and look at its regular expressions and at `NEAR` between long lists",
            percent(topic.time_share),
            topic.candidates
        ));
    }
    advice
}

/// Measures topics on one article after another.
#[derive(Debug)]
pub struct Profiler<'r> {
    ruleset: &'r Ruleset,
    scratch: Scratch,
}

impl<'r> Profiler<'r> {
    /// Measures these rules.
    #[must_use]
    pub fn new(ruleset: &'r Ruleset) -> Self {
        Self { ruleset, scratch: Scratch::with_costs() }
    }

    /// Tries an article.
    pub fn add(&mut self, document: &Document<'_>, now: Timestamp) {
        let _ = self.ruleset.scan(&mut self.scratch, document, Circumstances { feed_labels: None, now });
    }

    /// Tries the texts of all rule tests.
    pub fn add_tests(&mut self) {
        for (_, test) in self.ruleset.tests() {
            let document = suite::document(test);
            let circumstances = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
            let _ = self.ruleset.scan(&mut self.scratch, &document, circumstances);
        }
    }

    /// What it came to.
    #[must_use]
    pub fn finish(mut self) -> Profile {
        Profile::new(self.ruleset, &self.scratch.take_costs().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Source, SourceId};
    use crate::rule::jsonl::ArticleLine;
    use crate::rule::load_sources;

    #[test]
    fn wide_and_unanchored_topics_are_named_with_numbers() {
        let text = "[[topic]]\nid = \"molo\"\nmatch = 'molo'\n[[topic]]\nid = \"raro\"\nmatch = 'batiscafo'\n\
            [[topic]]\nid = \"non\"\nmatch = '/nav./'\n";
        let (ruleset, report) = Ruleset::compile(load_sources(vec![Source::new(SourceId(0), "r.toml", text)]));
        let ruleset = ruleset.unwrap_or_else(|| panic!("{:?}", report.diagnostics));
        let mut profiler = Profiler::new(&ruleset);
        for number in 0..200 {
            let place = if number % 4 == 0 { "sul molo" } else { "в гавани" };
            let json = format!(r#"{{"id":"{number}","title":"Una nave {place}","lang":"it"}}"#);
            profiler.add(&ArticleLine::parse(&json).expect("an article").document(), Timestamp::EPOCH);
        }
        let profile = profiler.finish();
        assert_eq!((profile.articles, profile.topics, profile.never_tried), (200, 3, 1));
        let topic = |id: &str| profile.per_topic.iter().find(|topic| topic.topic.as_str() == id).expect("tried");
        assert_eq!((topic("molo").candidates, topic("molo").matches, topic("molo").match_share), (50, 50, 0.25));
        assert!(topic("molo").advice[0].contains("25.0 %"), "{:?}", topic("molo").advice);
        assert!(topic("non").advice.iter().any(|advice| advice.contains("every article")), "{:?}", topic("non").advice);
        let widest: Vec<_> = profile.widest(1).into_iter().map(|topic| topic.topic.as_str()).collect();
        assert_eq!(widest, ["non"]);
        assert_eq!(profile.slowest(10).count(), 2);
    }
}
