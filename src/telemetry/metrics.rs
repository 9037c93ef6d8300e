//! Counters for Prometheus, printed as OpenMetrics text.
//!
//! What happens in this process is counted here as it happens. What the database knows better (feeds, queues, ages) is
//! asked for at each scrape and printed beside it: those figures are right after a restart, and absent rather than
//! stale when the database can't be read.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use crate::model::{AlertReason, ChannelName, DeliveryOutcome, Notice, NoticeKind, Timestamp};
use crate::rule::TopicCost;
use crate::store::{Committed, StoreStats};

use super::process;
use super::topics::TopicCosts;

/// The media type of [`Metrics::scrape`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the latency buckets, in seconds: from “at once” over the usual poll intervals to a day.
const LATENCY_SECONDS: [f64; 12] =
    [1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, 21_600.0, 86_400.0];

/// Bounds of the buckets by source, of which there are many: half as many.
const SOURCE_SECONDS: [f64; 6] = [30.0, 120.0, 300.0, 900.0, 3600.0, 21_600.0];
/// Sources that have a histogram of their own; whoever comes later is `other`.
const SOURCES: usize = 100;

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PollOutcome {
    /// A document that differs from the last one.
    Changed,
    /// The same as last time, by the server's word or to the byte.
    NotModified,
    /// No document.
    FetchFailed,
    /// A document that is no feed.
    ParseFailed,
    /// A feed that ends before it is complete.
    CutOff,
}

impl PollOutcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Changed, Self::NotModified, Self::FetchFailed, Self::ParseFailed, Self::CutOff];

    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::NotModified => "not_modified",
            Self::FetchFailed => "fetch_failed",
            Self::ParseFailed => "parse_failed",
            Self::CutOff => "cut_off",
        }
    }
}

impl EncodeLabelValue for PollOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        EncodeLabelValue::encode(&self.as_str(), encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PollLabels {
    outcome: PollOutcome,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    stage: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: String,
}

/// Histograms, one for each set of labels.
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    channel: String,
    outcome: &'static str,
}

/// The counters. A handle: clones count together.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Counters>);

#[derive(Debug)]
struct Counters {
    registry: Registry,
    started: Timestamp,
    polls: Family<PollLabels, Counter>,
    entries: Counter,
    articles_new: Counter,
    articles_changed: Counter,
    matches: Counter,
    alerts: Counter,
    alerts_held: Counter,
    deliveries: Family<DeliveryLabels, Counter>,
    published_to_delivered: Histogram,
    seen_to_delivered: Histogram,
    stages: Histograms<StageLabels>,
    by_source: Histograms<SourceLabels>,
    sources: Mutex<HashSet<String>>,
    store_errors: Counter,
    judge_failures: Counter,
    last_reload_successful: Gauge,
    topic_costs: TopicCosts,
}

impl Metrics {
    /// All at zero, for a process that started `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        let counters = Counters {
            registry: Registry::default(),
            started: now,
            polls: Family::default(),
            entries: Counter::default(),
            articles_new: Counter::default(),
            articles_changed: Counter::default(),
            matches: Counter::default(),
            alerts: Counter::default(),
            alerts_held: Counter::default(),
            deliveries: Family::default(),
            published_to_delivered: Histogram::new(LATENCY_SECONDS),
            seen_to_delivered: Histogram::new(LATENCY_SECONDS),
            stages: Histograms::new_with_constructor(|| Histogram::new(LATENCY_SECONDS)),
            by_source: Histograms::new_with_constructor(|| Histogram::new(SOURCE_SECONDS)),
            sources: Mutex::default(),
            store_errors: Counter::default(),
            judge_failures: Counter::default(),
            last_reload_successful: Gauge::default(),
            topic_costs: TopicCosts::default(),
        };
        // A series that exists from the start is one whose first event an alerting rule can see.
        for outcome in PollOutcome::ALL {
            let _ = counters.polls.get_or_create(&PollLabels { outcome });
        }
        Self(Arc::new(counters.registered()))
    }

    /// A poll ended.
    pub fn polled(&self, outcome: PollOutcome) {
        self.0.polls.get_or_create(&PollLabels { outcome }).inc();
    }

    /// Entries were read from a changed feed, known ones included.
    pub fn entries_read(&self, count: usize) {
        self.0.entries.inc_by(count as u64);
    }

    /// A commit of articles and what follows from them.
    pub fn committed(&self, committed: &Committed) {
        self.0.articles_new.inc_by(committed.new_articles.into());
        self.0.articles_changed.inc_by(committed.changed_articles.into());
        self.0.matches.inc_by(committed.matches.into());
        self.0.alerts.inc_by(committed.alerts.len() as u64);
        self.0.alerts_held.inc_by(committed.held.into());
    }

    /// An attempt at a delivery ended. Latencies are taken of messages that wait for no hour: digests are late on
    /// purpose, health alerts were never published.
    pub fn delivered(&self, channel: &ChannelName, outcome: &DeliveryOutcome, notice: &Notice, now: Timestamp) {
        let outcome_label = match outcome {
            DeliveryOutcome::Sent { .. } => "sent",
            DeliveryOutcome::Retry { .. } => "retry",
            DeliveryOutcome::Failed { .. } => "failed",
            // Cut short by a stop: no attempt, and it will be made.
            DeliveryOutcome::HandedBack => return,
        };
        let labels = DeliveryLabels { channel: channel.to_string(), outcome: outcome_label };
        self.0.deliveries.get_or_create(&labels).inc();
        if outcome_label != "sent" || notice.kind != NoticeKind::Alert {
            return;
        }
        for alert in notice.alerts.iter().filter(|alert| alert.reason != AlertReason::Health) {
            self.0.seen_to_delivered.observe(now.since(alert.article.seen).as_secs_f64());
            self.stage("read_to_judged", alert.raised_at.since(alert.article.seen));
            self.stage("judged_to_delivered", now.since(alert.raised_at));
            if let Some(published) = alert.article.published {
                let delay = now.since(published).as_secs_f64();
                self.0.published_to_delivered.observe(delay);
                let source = self.source(&alert.article.source);
                self.0.by_source.get_or_create(&SourceLabels { source }).observe(delay);
            }
        }
    }

    /// A new entry was read, so long after its publication. A feed's first document is no measure.
    pub fn entry_read(&self, after: Duration) {
        self.stage("published_to_read", after);
    }

    fn stage(&self, stage: &'static str, took: Duration) {
        self.0.stages.get_or_create(&StageLabels { stage }).observe(took.as_secs_f64());
    }

    /// The label of a source: its own for the first hundred, so that foreign names can't fill the memory.
    fn source(&self, source: &str) -> String {
        let mut known = self.0.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(source) {
            if known.len() >= SOURCES {
                return "other".to_owned();
            }
            known.insert(source.to_owned());
        }
        source.to_owned()
    }

    /// The store failed.
    pub fn store_error(&self) {
        self.0.store_errors.inc();
    }

    /// Matching an article failed.
    pub fn judge_failed(&self) {
        self.0.judge_failures.inc();
    }

    /// The configuration was read, at the start or again.
    pub fn reloaded(&self, is_in_force: bool) {
        self.0.last_reload_successful.set(i64::from(is_in_force));
    }

    /// Asks this at each scrape what the topics cost; the first one to be named stays.
    pub fn ask_for_topic_costs(&self, source: impl Fn() -> Vec<TopicCost> + Send + Sync + 'static) {
        self.0.topic_costs.ask(source);
    }

    /// Everything as OpenMetrics text, with the database's figures; `None`: it can't be read.
    #[must_use]
    pub fn scrape(&self, stats: Option<&StoreStats>, now: Timestamp) -> String {
        let mut text = String::with_capacity(8 << 10);
        // Writing to a string fails only where a metric's own formatting does, and ours doesn't.
        let _ = encode_registry(&mut text, &self.0.registry);
        let _ = encode_registry(&mut text, &self.0.figures(stats, now));
        let _ = encode_eof(&mut text);
        text
    }
}

impl Counters {
    fn registered(mut self) -> Self {
        let mut registry = Registry::with_prefix("vedetta");
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        registry.register("build", "The version that runs", Info::new(version));
        registry.register("polls", "Polls of feeds, by how they ended", self.polls.clone());
        registry.register("entries", "Entries read from changed feeds, known ones included", self.entries.clone());
        registry.register("articles", "Articles taken in", self.articles_new.clone());
        registry.register("articles_changed", "Articles whose text was edited", self.articles_changed.clone());
        registry.register("matches", "Matches of articles and topics", self.matches.clone());
        registry.register("alerts", "Alerts raised", self.alerts.clone());
        registry.register("alerts_held", "Alerts told in a flood's summary", self.alerts_held.clone());
        registry.register("deliveries", "Attempts at deliveries, by how they ended", self.deliveries.clone());
        registry.register_with_unit(
            "published_to_delivered",
            "From an article's own date to its alert's delivery, digests left out",
            Unit::Seconds,
            self.published_to_delivered.clone(),
        );
        registry.register_with_unit(
            "seen_to_delivered",
            "From reading an article to its alert's delivery, digests left out",
            Unit::Seconds,
            self.seen_to_delivered.clone(),
        );
        registry.register_with_unit(
            "delay",
            "From one stage to the next: publication, reading, judging, delivery",
            Unit::Seconds,
            self.stages.clone(),
        );
        registry.register_with_unit(
            "source_delay",
            "From an article's own date to its alert's delivery, by source; digests left out",
            Unit::Seconds,
            self.by_source.clone(),
        );
        registry.register("store_errors", "Failures of the database", self.store_errors.clone());
        registry.register("judge_failures", "Articles on which matching failed", self.judge_failures.clone());
        registry.register(
            "last_reload_successful",
            "Whether the configuration that was last read is in force",
            self.last_reload_successful.clone(),
        );
        self.registry = registry;
        self
    }

    /// What is asked for at each scrape.
    fn figures(&self, stats: Option<&StoreStats>, now: Timestamp) -> Registry {
        let mut registry = Registry::default();
        let mut process = |name: &str, help: &str, unit: Option<Unit>, value: Option<i64>| {
            let Some(value) = value else { return };
            let gauge = ConstGauge::new(value);
            match unit {
                Some(unit) => registry.register_with_unit(name, help, unit, gauge),
                None => registry.register(name, help, gauge),
            }
        };
        process(
            "process_start_time",
            "When this process started, since the epoch",
            Some(Unit::Seconds),
            Some(self.started.as_seconds()),
        );
        process("process_resident_memory", "Memory in use", Some(Unit::Bytes), process::resident_bytes());
        process("process_open_fds", "Open files and connections", None, process::open_files());

        let ours = registry.sub_registry_with_prefix("vedetta");
        self.topic_costs.register(ours);
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let up = ConstGauge::new(i64::from(stats.is_some()));
        ours.register("database_up", "Whether the database can be read", up);
        let Some(stats) = stats else { return registry };
        for (name, help, value) in [
            ("feeds", "Feeds in the configuration", stats.feeds),
            ("feeds_failing", "Of which the last poll failed", stats.feeds_failing),
            ("articles_stored", "Articles in the database", stats.articles),
            ("articles_waiting", "Articles whose page is still to be fetched", stats.articles_fresh),
            ("deliveries_due", "Deliveries that should be out by now", stats.deliveries_due),
            ("deliveries_given_up", "Deliveries that failed for good", stats.deliveries_failed),
        ] {
            let gauge = ConstGauge::new(number(value));
            ours.register(name, help, gauge);
        }
        let size = ConstGauge::new(number(stats.size_bytes));
        ours.register_with_unit("database_size", "Size of the database", Unit::Bytes, size);
        let oldest = stats.oldest_due_at.map_or(0.0, |at| now.since(at).as_secs_f64());
        let since_poll = now.since(stats.last_poll_success_at.unwrap_or(self.started)).as_secs_f64();
        for (name, help, value) in [
            ("oldest_due_delivery_age", "How long the oldest delivery is overdue; 0 where none is", oldest),
            ("last_successful_poll_age", "Since any feed was read last; since the start where none was", since_poll),
        ] {
            let gauge = ConstGauge::new(value);
            ours.register_with_unit(name, help, Unit::Seconds, gauge);
        }
        registry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AlertId, AlertNotice, ArticleNotice, Labels, Severity, TextStatus, TopicId, TopicNotice};

    fn now() -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }

    fn notice(kind: NoticeKind, reason: AlertReason, published: Option<Timestamp>) -> Notice {
        let alert = AlertNotice {
            id: AlertId::derive(&["a"]),
            raised_at: now(),
            reason,
            severity: Severity::Notice,
            topic: TopicNotice { id: TopicId::health(), name: String::new(), labels: Labels::new() },
            story: None,
            article: ArticleNotice {
                id: None,
                url: None,
                title: "地震".into(),
                summary: String::new(),
                lang: None,
                source: "lanterna.example".into(),
                published,
                seen: now().before(Duration::from_secs(2)),
                text_status: TextStatus::Feed,
                text_error: None,
                matched: Vec::new(),
            },
            others: Vec::new(),
            follows: None,
            delayed: false,
            change: None,
        };
        Notice { kind, alerts: vec![alert] }
    }

    #[test]
    fn what_happened_is_counted_and_printed() {
        let metrics = Metrics::new(now());
        metrics.polled(PollOutcome::Changed);
        metrics.clone().polled(PollOutcome::Changed);
        metrics.entries_read(30);
        metrics.entry_read(Duration::from_secs(70));
        let alerts = vec![AlertId::derive(&["a"]), AlertId::derive(&["b"])];
        metrics.committed(&Committed { new_articles: 3, matches: 2, alerts, ..Committed::default() });
        let channel = ChannelName::new("desk").unwrap();
        let sent = DeliveryOutcome::Sent { receipt: String::new() };
        let published = Some(now().before(Duration::from_secs(90)));
        metrics.delivered(&channel, &sent, &notice(NoticeKind::Alert, AlertReason::NewStory, published), now());
        metrics.delivered(&channel, &sent, &notice(NoticeKind::Digest, AlertReason::NewStory, published), now());
        metrics.delivered(&channel, &sent, &notice(NoticeKind::Alert, AlertReason::Health, None), now());
        let retry = DeliveryOutcome::Retry { at: now(), error: String::new(), asked: false };
        metrics.delivered(&channel, &retry, &notice(NoticeKind::Alert, AlertReason::NewStory, published), now());
        metrics.reloaded(true);
        let stats = StoreStats {
            feeds: 5,
            feeds_failing: 1,
            oldest_due_at: Some(now().before(Duration::from_secs(12))),
            ..StoreStats::default()
        };
        let text = metrics.scrape(Some(&stats), now() + Duration::from_secs(30));
        for line in [
            concat!("vedetta_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
            "vedetta_polls_total{outcome=\"changed\"} 2",
            "vedetta_polls_total{outcome=\"parse_failed\"} 0",
            "vedetta_entries_total 30",
            "vedetta_articles_total 3",
            "vedetta_matches_total 2",
            "vedetta_alerts_total 2",
            "vedetta_deliveries_total{channel=\"desk\",outcome=\"sent\"} 3",
            "vedetta_deliveries_total{channel=\"desk\",outcome=\"retry\"} 1",
            "vedetta_delay_seconds_count{stage=\"judged_to_delivered\"} 1",
            "vedetta_delay_seconds_count{stage=\"published_to_read\"} 1",
            "vedetta_source_delay_seconds_count{source=\"lanterna.example\"} 1",
            "vedetta_published_to_delivered_seconds_count 1",
            "vedetta_published_to_delivered_seconds_bucket{le=\"120.0\"} 1",
            "vedetta_published_to_delivered_seconds_bucket{le=\"60.0\"} 0",
            "vedetta_seen_to_delivered_seconds_sum 2.0",
            "vedetta_last_reload_successful 1",
            "vedetta_database_up 1",
            "vedetta_feeds 5",
            "vedetta_feeds_failing 1",
            "vedetta_oldest_due_delivery_age_seconds 42.0",
            "vedetta_last_successful_poll_age_seconds 30.0",
            "process_start_time_seconds 1800000000",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing from\n{text}");
        }
        assert!(text.contains("process_resident_memory_bytes "), "{text}");
    }

    #[test]
    fn without_the_database_the_counters_remain() {
        let text = Metrics::new(now()).scrape(None, now());
        assert!(text.contains("vedetta_database_up 0\n") && text.contains("vedetta_polls_total"), "{text}");
        assert!(!text.contains("vedetta_feeds"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_flood_of_sources_ends_in_one_label() {
        let metrics = Metrics::new(now());
        for number in 0..1000 {
            metrics.source(&format!("{number}.example"));
        }
        assert_eq!(metrics.source("7.example"), "7.example");
        assert_eq!(metrics.source("новости.example"), "other");
    }
}
