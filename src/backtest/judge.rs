//! What one or two rulesets make of a page of articles. Pure but for the scratches that it keeps; runs on several threads.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{Article, FeedId, Labels, Timestamp, TopicId};
use crate::rule::{Circumstances, Document, Ruleset, Scratch, TopicHit};
use crate::store::{ArchivePage, ArchivedArticle, RecordedAlert, RecordedMatch};
use crate::story::Signature;

use super::Plan;

/// An article that some topic matches.
pub(super) struct Matched {
    pub(super) article: Article,
    pub(super) signature: Arc<Signature>,
    /// By the rules that are tried.
    pub(super) hits: Vec<TopicHit>,
    /// By the rules that they are compared with.
    pub(super) other_hits: Vec<TopicHit>,
}

/// An article, judged.
pub(super) struct Judged {
    pub(super) number: i64,
    pub(super) in_window: bool,
    /// The daemon has not judged it yet.
    pub(super) is_waiting: bool,
    pub(super) revision: Option<String>,
    pub(super) unknown_feed: Option<FeedId>,
    pub(super) matched: Option<Box<Matched>>,
}

/// What the ledger says of a page.
#[derive(Default)]
pub(super) struct Ledger {
    /// Each with whether its article counts.
    pub(super) matches: Vec<(RecordedMatch, bool)>,
    /// An article's first alert of each topic.
    pub(super) alerts: Vec<(RecordedAlert, bool)>,
    /// Alerts that told of an article's edits.
    pub(super) edits: u64,
}

/// A page, judged.
#[derive(Default)]
pub(super) struct JudgedPage {
    pub(super) articles: Vec<Judged>,
    pub(super) ledger: Ledger,
    /// Topics that could not be judged.
    pub(super) problems: Vec<String>,
}

/// Judges pages.
pub(super) struct Judge {
    rules: Arc<Ruleset>,
    other: Option<Arc<Ruleset>>,
    topics: HashSet<TopicId>,
    since: Timestamp,
    until: Timestamp,
    labels: HashMap<FeedId, Labels>,
    scratches: Mutex<Vec<(Scratch, Scratch)>>,
}

impl Judge {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            rules: Arc::clone(&plan.rules),
            other: plan.other.clone(),
            topics: plan.topics.iter().cloned().collect(),
            since: plan.since,
            until: plan.until,
            labels: plan.labels.clone(),
            scratches: Mutex::default(),
        }
    }

    pub(super) fn page(&self, page: ArchivePage) -> JudgedPage {
        let taken = self.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratches = taken.unwrap_or_default();
        let mut judged = JudgedPage::default();
        let mut counts: HashMap<i64, bool> = HashMap::with_capacity(page.articles.len());
        for archived in page.articles {
            if archived.article.fetched_at > self.until {
                continue;
            }
            let in_window = archived.article.fetched_at >= self.since;
            counts.insert(archived.number, in_window);
            judged.articles.push(self.article(archived, in_window, &mut scratches, &mut judged.problems));
        }
        let is_asked = |topic: &TopicId| self.is_asked(topic);
        judged.ledger.matches = (page.matches.into_iter().filter(|matched| is_asked(&matched.topic)))
            .filter_map(|matched| counts.get(&matched.article).map(|&counts| (matched, counts)))
            .collect();
        // An article's further alerts are of its edits, which the archive doesn't keep.
        let mut told: HashSet<(i64, TopicId)> = HashSet::new();
        for alert in page.alerts.into_iter().filter(|alert| is_asked(&alert.topic)) {
            let Some(&counts) = counts.get(&alert.article) else { continue };
            if told.insert((alert.article, alert.topic.clone())) {
                judged.ledger.alerts.push((alert, counts));
            } else {
                judged.ledger.edits += u64::from(counts);
            }
        }
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratches);
        judged
    }

    fn is_asked(&self, topic: &TopicId) -> bool {
        self.topics.is_empty() || self.topics.contains(topic)
    }

    fn article(
        &self,
        archived: ArchivedArticle,
        in_window: bool,
        (scratch, other_scratch): &mut (Scratch, Scratch),
        problems: &mut Vec<String>,
    ) -> Judged {
        let ArchivedArticle { number, article, revision, signature } = archived;
        let labels = self.labels.get(&article.feed);
        let mut judged = Judged {
            number,
            in_window,
            is_waiting: revision.is_none(),
            revision,
            unknown_feed: labels.is_none().then_some(article.feed),
            matched: None,
        };
        if judged.is_waiting {
            return judged;
        }
        let document = Document::new(&article);
        let circumstances = Circumstances { feed_labels: labels, now: article.fetched_at };
        let mut hits_of = |rules: &Ruleset, scratch: &mut Scratch| {
            let mut hits = Vec::new();
            let survey = rules.scan_each(scratch, &document, circumstances, |hit| {
                let (topic, score, severity) = (hit.topic(), hit.score(), hit.severity());
                if self.is_asked(&topic.id) {
                    // Where it hit is looked up again for the few that are shown.
                    hits.push(TopicHit { topic: Arc::clone(topic), score, severity, evidence: Vec::new() });
                }
            });
            problems.extend(survey.errors.into_iter().map(|error| format!("article {}: {error}", article.id)));
            hits
        };
        let hits = hits_of(&self.rules, scratch);
        let other_hits = self.other.as_deref().map(|other| hits_of(other, other_scratch)).unwrap_or_default();
        drop(document);
        if !hits.is_empty() || !other_hits.is_empty() {
            let signature = Arc::new(signature.unwrap_or_else(|| Signature::of(&article)));
            // Only its names are needed from here on.
            let article = Article { summary: String::new(), body: String::new(), ..article };
            judged.matched = Some(Box::new(Matched { article, signature, hits, other_hits }));
        }
        judged
    }
}
