//! What a backtest says.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use serde::Serialize;

use crate::model::{ArticleId, Labels, Lang, Severity, Timestamp, TopicId};
use crate::rule::{Circumstances, Document, Ruleset, Scratch, explain};
use crate::store::{ArchiveSpan, ArchivedArticle, StoreError, Views};

use super::compare::{Difference, compare};
use super::side::{LedgerSide, SideAlert, Sides, TopicSide};
use super::{Plan, Tally};

/// Articles looked up at a time.
const LOOK_UP: usize = 500;
/// Different hits named of a gained alert.
const MOST_WORDS: usize = 8;

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// From when on articles count.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// When the oldest stored article was taken in; absent: there is none.
    pub archive_since: Option<Timestamp>,
    /// Days between `since`, or the archive's beginning, and `until`: what rates are reckoned with.
    pub days: f64,
    /// Articles that count.
    pub articles: u64,
    /// Earlier articles, read to know which stories were open.
    pub earlier_articles: u64,
    /// The rules that were tried.
    pub rules: RulesNote,
    /// The rules that they were compared with; absent: with what was really alerted.
    pub other: Option<RulesNote>,
    /// Topics with a match on either side, those that change most first.
    pub topics: Vec<TopicReport>,
    /// All topics together.
    pub total: TopicReport,
    /// What to know when reading the numbers.
    pub notes: Vec<String>,
    /// Articles or topics that could not be judged, the first few.
    pub problems: Vec<String>,
    /// How many there were of them.
    pub failures: u64,
    /// How long it took.
    pub seconds: f64,
    /// All articles read, by that.
    pub articles_per_second: f64,
}

/// Which rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RulesNote {
    /// Their revision.
    pub revision: String,
    /// Enabled topics.
    pub topics: usize,
}

/// What one side did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Articles that matched.
    pub matches: u64,
    /// Stories with such an article.
    pub stories: u64,
    /// Alerts.
    pub alerts: u64,
    /// Alerts a day.
    pub alerts_per_day: f64,
}

/// Alerts that are neither kept nor gained nor lost: their story is told on both sides, in another grouping.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Regrouped {
    /// Of those of before.
    pub before: u64,
    /// Of those of after.
    pub after: u64,
}

/// One topic, or all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TopicReport {
    /// The topic; absent in the total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<TopicId>,
    /// Its name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What was really done, or what the other rules do.
    pub before: Counts,
    /// What the rules do.
    pub after: Counts,
    /// Alerts on both sides.
    pub kept: u64,
    /// Alerts that only the rules give.
    pub gained: u64,
    /// Alerts that only the other side gives.
    pub lost: u64,
    /// Alerts of stories that are told on both sides, but cut differently.
    pub regrouped: Regrouped,
    /// Some of the gained alerts, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gained_samples: Vec<Sample>,
    /// Some of the lost alerts, the newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost_samples: Vec<Sample>,
}

impl TopicReport {
    /// Whether the reader would notice.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.gained > 0 || self.lost > 0
    }
}

/// An alert, for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// The article that raises it.
    pub article: ArticleId,
    /// When it was taken in.
    pub at: Timestamp,
    /// Its headline.
    pub title: String,
    /// Its language, where there is no doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// Its publisher.
    pub source: String,
    /// Its link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// What hit, as written in the rule, each once; of a gained alert.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<String>,
    /// Why the other side has no such alert, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Compares the two sides and looks up the samples.
pub(super) async fn report(
    plan: &Plan,
    store: &dyn Views,
    tally: Tally,
    span: Option<ArchiveSpan>,
    started: Instant,
) -> Result<Report, StoreError> {
    let mut notes = notes(plan, &tally, span);
    let Tally { replay, ledger, articles, earlier, problems, failures, .. } = tally;
    let mut sides = replay.finish();
    if plan.other.is_none() {
        sides = against(ledger, sides);
    }
    let archive_since = span.map(|span| span.oldest);
    let covered = archive_since.map_or(plan.until, |oldest| plan.since.max(oldest).min(plan.until));
    let days = plan.until.since(covered).as_secs_f64() / 86_400.0;

    let named = plan.other.iter().flat_map(|other| other.topics()).chain(plan.rules.topics());
    // The tried rules' name wins.
    let names: HashMap<&TopicId, &str> = named.map(|topic| (&topic.id, topic.name.as_str())).collect();
    let mut differences: HashMap<TopicId, Difference> = HashMap::new();
    let mut topics = Vec::new();
    for (id, sides) in &sides {
        let difference = compare(sides);
        let counts = |side: &TopicSide| Counts {
            matches: side.matches(),
            stories: side.stories(),
            alerts: side.counted_alerts().count() as u64,
            alerts_per_day: 0.0,
        };
        let name = names.get(id).map_or_else(|| sides.before().name.clone(), |name| (*name).to_owned());
        topics.push(TopicReport {
            topic: Some(id.clone()),
            name,
            before: counts(sides.before()),
            after: counts(sides.after()),
            kept: difference.kept,
            gained: difference.gained.len() as u64,
            lost: difference.lost.len() as u64,
            regrouped: Regrouped { before: difference.regrouped_before, after: difference.regrouped_after },
            gained_samples: Vec::new(),
            lost_samples: Vec::new(),
        });
        differences.insert(id.clone(), difference);
    }
    topics.retain(|topic| topic.before.matches + topic.after.matches + topic.before.alerts > 0);
    let mut total = total(&topics);
    rate(&mut total, days);
    for topic in &mut topics {
        rate(topic, days);
    }
    // A person looks for what changes; equal ones in the order of their ids.
    topics.sort_by_key(|topic| {
        std::cmp::Reverse((topic.gained + topic.lost, topic.before.alerts.max(topic.after.alerts)))
    });
    let articles_read = articles + earlier;
    let seconds = started.elapsed().as_secs_f64();
    samples(plan, store, &mut topics, &differences).await?;
    if articles == 0 && span.is_some() {
        notes.push("there are no articles in this time".to_owned());
    } else if articles > 0 && days < 1.0 {
        notes.push("this is less than a day: what it brought is what `a day` says".to_owned());
    }
    Ok(Report {
        since: plan.since,
        until: plan.until,
        archive_since,
        days: rounded(days, 10_000.0),
        articles,
        earlier_articles: earlier,
        rules: rules_note(&plan.rules),
        other: plan.other.as_deref().map(rules_note),
        topics,
        total,
        notes,
        problems,
        failures,
        seconds,
        articles_per_second: if seconds > 0.0 { float(articles_read) / seconds } else { 0.0 },
    })
}

/// What the rules give beside what was really done.
fn against(ledger: LedgerSide, replayed: BTreeMap<TopicId, Sides>) -> BTreeMap<TopicId, Sides> {
    let mut sides: BTreeMap<TopicId, Sides> = (ledger.topics.into_iter())
        .map(|(id, before)| (id, Sides::Apart { before, after: TopicSide::default() }))
        .collect();
    for (id, replayed) in replayed {
        let (Sides::Alike(after) | Sides::Apart { after, .. }) = replayed;
        let before = match sides.remove(&id) {
            Some(Sides::Alike(before) | Sides::Apart { before, .. }) => before,
            None => TopicSide::default(),
        };
        sides.insert(id, Sides::Apart { before, after });
    }
    sides
}

fn rules_note(rules: &Ruleset) -> RulesNote {
    RulesNote { revision: rules.revision().to_owned(), topics: rules.topics().len() }
}

#[expect(clippy::cast_precision_loss, reason = "counts and rates for people")]
fn float(number: u64) -> f64 {
    number as f64
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// Less than a day is not multiplied up: a burst in the first minutes of an archive would be thousands a day.
fn rate(topic: &mut TopicReport, days: f64) {
    for counts in [&mut topic.before, &mut topic.after] {
        counts.alerts_per_day = rounded(float(counts.alerts) / days.max(1.0), 100.0);
    }
}

fn total(topics: &[TopicReport]) -> TopicReport {
    let mut total = TopicReport::default();
    for topic in topics {
        for (sum, part) in [(&mut total.before, &topic.before), (&mut total.after, &topic.after)] {
            sum.matches += part.matches;
            sum.stories += part.stories;
            sum.alerts += part.alerts;
        }
        total.kept += topic.kept;
        total.gained += topic.gained;
        total.lost += topic.lost;
        total.regrouped.before += topic.regrouped.before;
        total.regrouped.after += topic.regrouped.after;
    }
    total
}

fn notes(plan: &Plan, tally: &Tally, span: Option<ArchiveSpan>) -> Vec<String> {
    let mut notes = Vec::new();
    match span {
        None => notes.push("the archive has no articles".to_owned()),
        Some(span) if span.oldest > plan.since => {
            notes.push(format!("the archive begins at {}; rates are reckoned from there", span.oldest));
        }
        Some(_) => {
            if let Some(kept) = plan.retention.map(|kept| plan.until.before(kept)).filter(|kept| *kept > plan.since) {
                notes.push(format!(
                    "articles from before {kept} that matched nothing are deleted (`[store.retention] articles`): what would \
                     be gained there can't be seen"
                ));
            }
        }
    }
    if tally.waiting > 0 {
        notes.push(format!("{} articles wait for their page and are left out", tally.waiting));
    }
    if tally.edits > 0 {
        notes.push(format!(
            "{} alerts that told of an article's edits are left out: the archive has its latest text",
            tally.edits
        ));
    }
    if !tally.unknown_feeds.is_empty() {
        notes.push(format!(
            "{} feeds of these articles are not in the configuration: filters by feed label let their articles pass",
            tally.unknown_feeds.len()
        ));
    }
    if plan.other.is_none() && tally.revisions.len() > 1 {
        notes.push(format!(
            "{} versions of the rules made these alerts; `--diff` compares with one version",
            tally.revisions.len()
        ));
    }
    for (which, rules) in [("the rules that are tried", Some(&plan.rules)), ("the other rules", plan.other.as_ref())] {
        if rules.is_some_and(|rules| rules.topics().is_empty()) {
            notes.push(format!("{which} have no enabled topic: is the path right?"));
        }
    }
    if plan.other.as_ref().is_some_and(|other| other.revision() == plan.rules.revision()) {
        notes.push("both rules are the same".to_owned());
    }
    if tally.replay.is_crowded {
        notes.push(
            "so many articles match that not all of an open story's could be kept in mind: some stories are told twice"
                .to_owned(),
        );
    }
    notes
}

/// Looks up the newest few of what each topic gains and loses.
async fn samples(
    plan: &Plan,
    store: &dyn Views,
    topics: &mut [TopicReport],
    differences: &HashMap<TopicId, Difference>,
) -> Result<(), StoreError> {
    let newest = |alerts: &[SideAlert]| -> Vec<SideAlert> { alerts.iter().rev().take(plan.samples).copied().collect() };
    let mut scratch = Scratch::default();
    for topic in topics {
        let Some(id) = topic.topic.clone() else { continue };
        let Some(difference) = differences.get(&id) else { continue };
        let (gained, lost) = (newest(&difference.gained), newest(&difference.lost));
        let numbers: Vec<i64> = gained.iter().chain(&lost).map(|alert| alert.article).collect();
        let mut articles: HashMap<i64, ArchivedArticle> = HashMap::new();
        for numbers in numbers.chunks(LOOK_UP) {
            let found = store.archived_articles(numbers).await?;
            articles.extend(found.into_iter().map(|article| (article.number, article)));
        }
        let found =
            |alert: &SideAlert| articles.get(&alert.article).map(|archived| (&archived.article, alert.severity));
        for (article, severity) in gained.iter().filter_map(found) {
            let labels = plan.labels.get(&article.feed);
            let document = Document::new(article);
            let circumstances = Circumstances { feed_labels: labels, now: article.fetched_at };
            let hits = plan.rules.scan(&mut scratch, &document, circumstances).hits;
            let mut matched = Vec::new();
            for evidence in hits.into_iter().filter(|hit| hit.topic.id == id).flat_map(|hit| hit.evidence) {
                let word = match evidence.concept {
                    Some(concept) => format!("{} (@{concept})", evidence.atom),
                    None => evidence.atom,
                };
                if !matched.contains(&word) && matched.len() < MOST_WORDS {
                    matched.push(word);
                }
            }
            let because = plan.other.as_deref().and_then(|other| why_not(other, &id, article, labels));
            topic.gained_samples.push(Sample { matched, because, ..sample(article, severity) });
        }
        for (article, severity) in lost.iter().filter_map(found) {
            let because = why_not(&plan.rules, &id, article, plan.labels.get(&article.feed));
            topic.lost_samples.push(Sample { because, ..sample(article, severity) });
        }
    }
    Ok(())
}

fn sample(article: &crate::model::Article, severity: Severity) -> Sample {
    Sample {
        article: article.id,
        at: article.fetched_at,
        title: article.title.clone(),
        lang: article.lang,
        source: article.source.clone(),
        url: article.url.clone(),
        severity,
        matched: Vec::new(),
        because: None,
    }
}

/// Why rules give no alert for an article; `None` if they match it: then it belongs to a story already told.
fn why_not(
    rules: &Ruleset,
    topic: &TopicId,
    article: &crate::model::Article,
    labels: Option<&Labels>,
) -> Option<String> {
    let circumstances = Circumstances { feed_labels: labels, now: article.fetched_at };
    let Some(explanation) = explain(rules, topic, &Document::new(article), circumstances) else {
        return Some("these rules have no such topic".to_owned());
    };
    if rules.topics().binary_search_by(|known| known.id.cmp(topic)).is_err() {
        return Some("the topic is not enabled".to_owned());
    }
    explanation.failed
}
