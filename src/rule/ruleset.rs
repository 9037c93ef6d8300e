//! A [`Ruleset`]: all rules of a set of files, compiled, immutable, shared between threads; and what it makes of an article.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};

use super::code::{NONE, TOPICS_AHEAD};
use super::collected::{Collected, Settled};
use super::cost::{Costs, TopicCost};
use super::def::{RuleFiles, SurgeDef, TestDef};
use super::document::Document;
use super::excerpt::excerpts;
use super::expr::{CompiledTopic, Program, Text};
use super::foundation::Foundation;
use super::lower::{Lowered, lower};
use super::noted::Occurrence;
use super::plain::Plain;
use super::position::{Leaf, evidence};
use super::scanner::{Index, Scan, Scratch, clip};
use super::verdict::verdict;
use crate::model::{
    Article, Evidence, Field, Labels, Lang, Match, Report, Severity, SourceId, Timestamp, Topic, TopicId,
};
use crate::text::analyzed::FIELDS;

/// Compiled rules.
#[derive(Debug)]
pub struct Ruleset {
    program: Program,
    index: Index,
    revision: String,
    topics: Vec<Arc<Topic>>,
    tests: Vec<(usize, TestDef)>,
    surges: Vec<SurgeDef>,
    /// What edits of single files stand on; kept only where compiling everything takes long.
    foundation: Option<Foundation>,
}

/// From so many topics on compiling everything takes longer than a person notices.
const MANY_TOPICS: usize = 10_000;

/// What all topics make of an article.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// The article's language, where there is no doubt.
    pub lang: Option<Lang>,
    /// The topics that it satisfies, by id.
    pub matches: Vec<Match>,
    /// Topics that could not be judged, and why. The others were.
    pub errors: Vec<String>,
}

/// A topic that an article satisfies, with the bare hits.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicHit {
    /// The topic.
    pub topic: Arc<Topic>,
    /// Sum of the score's parts.
    pub score: i64,
    /// How much it matters.
    pub severity: Severity,
    /// What hit, in the order of fields and text.
    pub evidence: Vec<Evidence>,
}

/// What one pass over an article brought.
#[derive(Debug, Clone, Default)]
pub struct Scanned {
    /// The topics that it satisfies, by id.
    pub hits: Vec<TopicHit>,
    /// How many topics had to be evaluated.
    pub candidates: usize,
    /// Topics that could not be judged, and why.
    pub errors: Vec<String>,
}

/// What one pass over an article met on its way.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// How many topics had to be evaluated.
    pub candidates: usize,
    /// Topics that could not be judged, and why.
    pub errors: Vec<String>,
}

/// A topic that an article satisfies, as long as the article is at hand.
#[derive(Debug, Clone, Copy)]
pub struct Hit<'s> {
    ruleset: &'s Ruleset,
    /// Its place among the ruleset's topics.
    rank: u32,
    score: i64,
    severity: Severity,
    settled: Settled<'s>,
    occurrences: &'s [Occurrence],
}

/// A place in the text that hit: an [`Evidence`] that owns nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HitPlace<'s> {
    /// The field.
    pub field: Field,
    /// First byte in the field's text.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
    /// The atom, as written in the rule.
    pub atom: &'s str,
    /// The concept through which it was reached, if any.
    pub concept: Option<&'s str>,
}

impl<'s> Hit<'s> {
    /// The topic's place among the ruleset's topics.
    pub(super) fn rank(&self) -> usize {
        self.rank as usize
    }

    /// The topic.
    #[must_use]
    pub fn topic(&self) -> &'s Arc<Topic> {
        &self.ruleset.topics[self.rank as usize]
    }

    /// Appends the topic's id: letters, digits and hyphens, as in [`TopicId`].
    pub(super) fn write_id(&self, out: &mut Vec<u8>) {
        self.ruleset.index.code.write_id(self.rank(), out);
    }

    /// Sum of the score's parts.
    #[must_use]
    pub fn score(&self) -> i64 {
        self.score
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.severity
    }

    /// What hit, in the order of fields and text.
    pub fn places(&self) -> impl Iterator<Item = HitPlace<'s>> {
        let (numbers, leaves): (&[u32], &[Leaf]) = match self.settled {
            Settled::Occurrences(numbers) => (numbers, &[]),
            Settled::Leaves(leaves) => (&[], leaves),
        };
        numbers.iter().map(|&number| self.leaf_of(number)).chain(leaves.iter().copied()).map(|leaf| self.place(leaf))
    }

    /// The same by number.
    pub(super) fn settled(&self) -> Settled<'s> {
        self.settled
    }

    /// The hit that an occurrence is by itself.
    pub(super) fn leaf_of(&self, number: u32) -> Leaf {
        self.ruleset.index.leaf_of(&self.occurrences[number as usize])
    }

    /// How many occurrences the article has.
    pub(super) fn occurrences(&self) -> usize {
        self.occurrences.len()
    }

    /// The atom (as written in the rule) and concept of one of them.
    pub(super) fn parts(&self, leaf: Leaf) -> (Text<'s>, Option<&'s str>) {
        let program = &self.ruleset.program;
        let concept = leaf.concept().map(|concept| program.concepts[concept.index()].as_str());
        (program.written.get(leaf.atom().0), concept)
    }

    /// What a number means.
    fn place(&self, leaf: Leaf) -> HitPlace<'s> {
        let program = &self.ruleset.program;
        HitPlace {
            field: FIELDS[leaf.at.field()],
            start: leaf.at.start(),
            end: leaf.at.end(),
            atom: program.written.of(leaf.atom().0),
            concept: leaf.concept().map(|concept| program.concepts[concept.index()].as_str()),
        }
    }

    /// The same for keeping.
    #[must_use]
    pub fn to_owned(&self) -> TopicHit {
        let evidence = self.places().map(|place| Evidence {
            field: place.field,
            start: place.start,
            end: place.end,
            atom: place.atom.to_owned(),
            concept: place.concept.map(str::to_owned),
        });
        let topic = Arc::clone(self.topic());
        TopicHit { topic, score: self.score, severity: self.severity, evidence: evidence.collect() }
    }
}

/// The circumstances of an article that filters ask for.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// Labels of its feed; `None` where there is no feed, and then filters by label are passed.
    pub feed_labels: Option<&'a Labels>,
    /// The current time.
    pub now: Timestamp,
}

/// Reads and compiles the rules of files and folders. The ruleset is there exactly if the report has no errors.
#[must_use]
pub fn load(paths: &[PathBuf]) -> (Option<Ruleset>, Report) {
    Ruleset::compile(super::file::load_paths(paths))
}

/// The same without looking for what is probably not meant, which is for those who show warnings.
#[must_use]
pub fn load_unlinted(paths: &[PathBuf]) -> (Option<Ruleset>, Report) {
    Ruleset::compile(super::file::load_paths_unlinted(paths))
}

impl Ruleset {
    /// Compiles rule files that were read; warnings are handed through. `None` if there are errors.
    #[must_use]
    pub fn compile(mut files: RuleFiles) -> (Option<Self>, Report) {
        let mut report = std::mem::take(&mut files.report);
        if report.has_errors() {
            return (None, report);
        }
        let tests = files
            .topics
            .iter_mut()
            .enumerate()
            .flat_map(|(index, topic)| std::mem::take(&mut topic.tests).into_iter().map(move |test| (index, test)))
            .collect();
        let Lowered { program, diagnostics, reached } = lower(&mut files);
        report.diagnostics.extend(diagnostics);
        if report.has_errors() {
            return (None, report);
        }
        let mut hash = Sha256::new();
        for source in &files.sources {
            hash.update((source.text.len() as u64).to_le_bytes());
            hash.update(source.text.as_bytes());
        }
        let revision = short_hash(hash);
        let foundation = (program.topics.len() >= MANY_TOPICS).then(|| Foundation::new(&mut files, &reached));
        let mut order: Vec<u32> =
            (0_u32..).zip(&program.topics).filter(|(_, topic)| topic.enabled).map(|(number, _)| number).collect();
        let info = |number: u32| &program.topics[number as usize].info;
        order.sort_by(|&a, &b| info(a).id.cmp(&info(b).id));
        let topics: Vec<Arc<Topic>> = order.iter().map(|&number| Arc::clone(info(number))).collect();
        let index = Index::new(&program, &order);
        (Some(Self { program, index, revision, topics, tests, surges: files.surges, foundation }), report)
    }

    /// 16 hexadecimal digits that change with the text of any rule file.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }

    /// The enabled topics, by id.
    #[must_use]
    pub fn topics(&self) -> &[Arc<Topic>] {
        &self.topics
    }

    /// What edits of single files stand on.
    pub(super) fn foundation(&self) -> Option<&Foundation> {
        self.foundation.as_ref()
    }

    /// The file of a topic, enabled or not.
    pub(super) fn file_of(&self, id: &TopicId) -> Option<SourceId> {
        let of = |number: u32| &self.program.topics[number as usize];
        let enabled = self.topics.binary_search_by(|topic| topic.id.cmp(id));
        let enabled = enabled.ok().map(|rank| of(self.index.code.topic(rank).topic));
        let found = enabled.or_else(|| self.program.topics.iter().find(|topic| !topic.enabled && topic.info.id == *id));
        found.map(|topic| topic.file)
    }

    /// The enabled topics of some files.
    pub(super) fn topics_of_files(&self, is_asked: impl Fn(SourceId) -> bool) -> impl Iterator<Item = &Arc<Topic>> {
        let of_files = move |topic: &&CompiledTopic| topic.enabled && is_asked(topic.file);
        self.program.topics.iter().filter(of_files).map(|topic| &topic.info)
    }

    /// The volume alerts.
    #[must_use]
    pub fn surges(&self) -> &[SurgeDef] {
        &self.surges
    }

    /// The tests, with the topic that each belongs to.
    pub(super) fn tests(&self) -> impl Iterator<Item = (&CompiledTopic, &TestDef)> {
        self.tests.iter().map(|(topic, test)| (&self.program.topics[*topic], test))
    }

    pub(super) fn program(&self) -> &Program {
        &self.program
    }

    pub(super) fn topic(&self, id: &TopicId) -> Option<&CompiledTopic> {
        self.program.topics.iter().find(|topic| topic.info.id == *id)
    }

    /// What all enabled topics make of an article. Its language is detected where the article doesn't say it.
    pub fn judge(&self, scratch: &mut Scratch, article: &Article, feed_labels: &Labels, now: Timestamp) -> Judgement {
        let document = Document::new(article);
        let circumstances = Circumstances { feed_labels: Some(feed_labels), now };
        let mut matches = Vec::new();
        // Of each topic's hits only the excerpts are kept: an article made to hurt has a thousand hits for every topic.
        let survey = self.scan_each(scratch, &document, circumstances, |hit| {
            let hit = hit.to_owned();
            matches.push(Match {
                excerpts: excerpts(&document, &hit.evidence),
                topic: hit.topic,
                score: hit.score,
                severity: hit.severity,
            });
        });
        Judgement { lang: document.lang, matches, errors: survey.errors }
    }

    /// The same with the bare hits.
    pub fn scan(&self, scratch: &mut Scratch, document: &Document<'_>, circumstances: Circumstances<'_>) -> Scanned {
        let mut hits = Vec::new();
        let survey = self.scan_each(scratch, document, circumstances, |hit| hits.push(hit.to_owned()));
        Scanned { hits, candidates: survey.candidates, errors: survey.errors }
    }

    /// The same without making anything that outlives the article: `found` is given each topic that it satisfies, by id.
    pub fn scan_each(
        &self,
        scratch: &mut Scratch,
        document: &Document<'_>,
        circumstances: Circumstances<'_>,
        mut found: impl FnMut(Hit<'_>),
    ) -> Survey {
        let mut survey = Survey::default();
        let result = catch_unwind(AssertUnwindSafe(|| {
            let mut scan = Scan::new(&self.program, &self.index, document, scratch);
            let (candidates, mut hits) = scan.take_candidates();
            survey.candidates = candidates.len();
            let mut next = 0;
            for &rank in candidates.iter().take(2 * TOPICS_AHEAD) {
                self.index.code.fetch_start(rank);
            }
            for &rank in candidates.iter().take(TOPICS_AHEAD) {
                self.index.code.fetch_topic(rank);
            }
            while next < candidates.len() {
                // A rule that panics must not take the others with it.
                let result = catch_unwind(AssertUnwindSafe(|| {
                    while let Some(&rank) = candidates.get(next) {
                        if let Some(&ahead) = candidates.get(next + 2 * TOPICS_AHEAD) {
                            self.index.code.fetch_start(ahead);
                        }
                        if let Some(&ahead) = candidates.get(next + TOPICS_AHEAD) {
                            self.index.code.fetch_topic(ahead);
                        }
                        next += 1;
                        let start = scan.keeps_costs().then(Instant::now);
                        let hit = self.try_topic(rank, &mut scan, document, circumstances, &mut hits);
                        if let Some(start) = start {
                            let topic = self.index.code.topic(rank as usize).topic;
                            scan.charge(topic, start.elapsed(), hit.is_some());
                        }
                        if let Some((score, severity)) = hit {
                            let settled = hits.settle(&scan.scratch.noted, |number| scan.leaf_of(number));
                            let occurrences = scan.occurrences();
                            found(Hit { ruleset: self, rank, score, severity, settled, occurrences });
                        }
                    }
                }));
                if let Err(panic) = result {
                    let id = &self.topics[candidates[next - 1] as usize].id;
                    survey.errors.push(format!("topic `{id}`: {}", panic_text(panic.as_ref())));
                }
            }
            scan.give_back(candidates, hits);
        }));
        if let Err(panic) = result {
            scratch.reset();
            survey.errors.push(format!("analysing the article: {}", panic_text(panic.as_ref())));
        }
        survey
    }

    /// Score and severity, if the topic is satisfied; what hit is then in `hits`.
    fn try_topic(
        &self,
        rank: u32,
        scan: &mut Scan<'_>,
        document: &Document<'_>,
        circumstances: Circumstances<'_>,
        hits: &mut Collected,
    ) -> Option<(i64, Severity)> {
        let of = self.index.code.topic(rank as usize);
        hits.clear();
        let Some(severity) = of.plain else {
            let topic = &self.program.topics[of.topic as usize];
            let verdict = verdict(topic, scan, document, circumstances)?;
            hits.extend(verdict.leaves);
            return Some((verdict.score, topic.severity_of(verdict.score)));
        };
        if !scan.take_hits(of.matches as usize, None, hits) || (of.except != NONE && scan.holds_at(of.except as usize))
        {
            return None;
        }
        Some((0, severity))
    }

    /// What the enabled topics have cost, by id; none if the costs were gathered with another ruleset.
    #[must_use]
    pub fn topic_costs(&self, costs: &Costs) -> Vec<TopicCost> {
        if costs.owner != self.index.number() {
            return Vec::new();
        }
        let cost_of = |(rank, topic): (usize, &Arc<Topic>)| {
            let cost = costs.of_topics.get(self.index.code.topic(rank).topic as usize)?;
            let topic = Arc::clone(topic);
            Some(TopicCost { topic, candidates: cost.candidates, matches: cost.matches, time: cost.time })
        };
        self.topics.iter().enumerate().filter_map(cost_of).collect()
    }

    /// What [`scan`](Self::scan) finds, by the plain evaluator: slow; for comparing.
    #[must_use]
    pub fn scan_plainly(&self, document: &Document<'_>, circumstances: Circumstances<'_>) -> Vec<TopicHit> {
        let mut plain = Plain::new(&self.program, document);
        let mut hits: Vec<TopicHit> = self
            .program
            .topics
            .iter()
            .filter(|topic| topic.enabled)
            .filter_map(|topic| {
                let verdict = verdict(topic, &mut plain, document, circumstances)?;
                Some(TopicHit {
                    topic: Arc::clone(&topic.info),
                    score: verdict.score,
                    severity: topic.severity_of(verdict.score),
                    evidence: evidence(&self.program, verdict.leaves),
                })
            })
            .collect();
        hits.sort_by(|a, b| a.topic.id.cmp(&b.topic.id));
        hits
    }

    /// What one topic, enabled or not, makes of an article.
    pub(super) fn scan_topic(
        &self,
        scratch: &mut Scratch,
        topic: &CompiledTopic,
        document: &Document<'_>,
        circumstances: Circumstances<'_>,
    ) -> Option<TopicHit> {
        let mut scan = Scan::new(&self.program, &self.index, document, scratch);
        // An enabled topic is found only where it is tried; a test must not pass on what the daemon would miss.
        if let Ok(rank) = self.topics.binary_search_by(|other| other.id.cmp(&topic.info.id))
            && scan.candidates().binary_search(&clip(rank)).is_err()
        {
            return None;
        }
        let verdict = verdict(topic, &mut scan, document, circumstances)?;
        Some(TopicHit {
            topic: Arc::clone(&topic.info),
            score: verdict.score,
            severity: topic.severity_of(verdict.score),
            evidence: evidence(&self.program, verdict.leaves),
        })
    }
}

/// The first 16 hexadecimal digits of a hash.
pub(super) fn short_hash(hash: Sha256) -> String {
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    format!("internal error: {text}; please report it with the rule and the article")
}
