//! What each topic costs, for Prometheus. The judge keeps these figures itself; they are asked for at each scrape.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::{Registry, Unit};

use crate::rule::TopicCost;

/// Topics with series of their own: those that took the most time. A few hundred series cost a Prometheus nothing; a
/// hundred thousand topics would.
const MOST_TOPICS: usize = 200;

type Source = Box<dyn Fn() -> Vec<TopicCost> + Send + Sync>;

/// Where the figures come from, once there is somebody who has them.
#[derive(Default)]
pub(super) struct TopicCosts(OnceLock<Source>);

impl fmt::Debug for TopicCosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TopicCosts").field(&self.0.get().is_some()).finish()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TopicLabels {
    topic: String,
}

impl TopicCosts {
    /// Asks this from now on; the first one stays.
    pub(super) fn ask(&self, source: impl Fn() -> Vec<TopicCost> + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(source));
    }

    /// Series of the topics that cost most.
    pub(super) fn register(&self, registry: &mut Registry) {
        let mut costs = self.0.get().map(|source| source()).unwrap_or_default();
        costs.sort_by(|a, b| b.time.cmp(&a.time).then_with(|| a.topic.id.cmp(&b.topic.id)));
        let (matches, tried) = (Family::<TopicLabels, Counter>::default(), Family::<TopicLabels, Counter>::default());
        let seconds = Family::<TopicLabels, Counter<f64, AtomicU64>>::default();
        for cost in costs.iter().take(MOST_TOPICS) {
            let labels = TopicLabels { topic: cost.topic.id.to_string() };
            matches.get_or_create(&labels).inc_by(cost.matches);
            tried.get_or_create(&labels).inc_by(cost.candidates);
            seconds.get_or_create(&labels).inc_by(cost.time.as_secs_f64());
        }
        registry.register("topic_matches", "Articles that a topic matched, since the rules were read", matches);
        registry.register("topic_candidates", "Articles on which a topic had to be tried", tried);
        registry.register_with_unit("topic_evaluation", "Time spent on trying a topic", Unit::Seconds, seconds);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use prometheus_client::encoding::text::encode;

    use super::*;
    use crate::model::{Source, SourceId};
    use crate::rule::{Ruleset, load_sources};

    #[test]
    fn the_dearest_topics_have_series_and_the_others_none() {
        let rules: String = (0..300).map(|n| format!("[[topic]]\nid = \"тема-{n}\"\nmatch = 'море'\n")).collect();
        let ruleset = Ruleset::compile(load_sources(vec![Source::new(SourceId(0), "r.toml", rules)])).0.expect("good");
        let topics: Vec<_> = ruleset.topics().iter().map(Arc::clone).collect();
        let costs = TopicCosts::default();
        costs.ask(move || {
            let numbered = (0..300_u32).zip(&topics);
            let cost = |(n, topic): (u32, &Arc<crate::model::Topic>)| TopicCost {
                topic: Arc::clone(topic),
                candidates: u64::from(n) + 2,
                matches: u64::from(n),
                time: Duration::from_millis(500) * n,
            };
            numbered.map(cost).collect()
        });
        let mut registry = Registry::with_prefix("vedetta");
        costs.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).expect("a string takes everything");
        let series: Vec<&str> = text.lines().filter(|line| line.starts_with("vedetta_topic_matches_total{")).collect();
        assert_eq!(series.len(), MOST_TOPICS);
        assert!(text.contains("vedetta_topic_evaluation_seconds_total{topic=\"тема-99\"} 149.5"), "{text}");
        assert!(text.contains("vedetta_topic_candidates_total{topic=\"тема-99\"} 301"), "{text}");
    }
}
