//! What rule files define, checked: concepts, topics with their tests, and surges. No text analysis has happened yet.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{Labels, Lang, Report, Severity, Source, Span, TopicId};

use super::ast::Node;
use super::file::Stamp;
use super::glob::Glob;
use super::lexer::SpentRegexes;
use super::query::Query;

/// Everything that a set of rule files says. May be used only if `report` has no errors: what could not be read is left
/// out.
#[derive(Debug, Clone, Default)]
pub struct RuleFiles {
    /// The files, in the order in which they were read.
    pub sources: Vec<Source>,
    /// By name.
    pub concepts: BTreeMap<String, ConceptDef>,
    /// In the order of files and places, disabled ones included.
    pub topics: Vec<TopicDef>,
    /// In the order of files and places.
    pub surges: Vec<SurgeDef>,
    /// Errors and warnings, with the files.
    pub report: Report,
    /// Beside `sources`, each as it was before it was read; empty for what was in memory.
    pub(super) stamps: Vec<Option<Stamp>>,
    /// The regular expressions of all of them, and of the rules that they were read beside.
    pub(super) regexes: SpentRegexes,
}

/// `[concept.NAME]`: one idea in many languages.
#[derive(Debug, Clone, PartialEq)]
pub struct ConceptDef {
    /// Its name, as in `@name`.
    pub name: String,
    /// The terms of every language. Each is an atom: [`NodeKind::Atom`](super::ast::NodeKind::Atom), never `#topic`.
    pub any: Vec<Node>,
    /// The terms by language.
    pub lists: BTreeMap<Lang, Vec<Node>>,
    /// For whoever edits it.
    pub note: Option<String>,
    /// Where its name stands.
    pub span: Span,
}

/// `[[topic]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TopicDef {
    /// Unique over all files.
    pub id: TopicId,
    /// For people; the id where none was given.
    pub name: String,
    /// The query that must hold; absent: the score alone decides.
    pub matches: Option<Query>,
    /// The query that must not hold.
    pub except: Option<Query>,
    /// What counts, and how much.
    pub score: Vec<ScoreDef>,
    /// The score that must be reached; absent: `matches` alone decides.
    pub threshold: Option<i64>,
    /// How much it matters.
    pub severity: SeverityDef,
    /// Labels, which routes can ask for.
    pub labels: Labels,
    /// Who looks after it.
    pub owner: Option<String>,
    /// For whoever edits it.
    pub note: Option<String>,
    /// A disabled topic is checked and tested and can be referred to, but raises no alerts.
    pub enabled: bool,
    /// Filters that cost little; absent where they would ask nothing.
    pub filter: Option<Box<WhereDef>>,
    /// When a story is worth a message; absent where the topic doesn't say it.
    pub story: Option<Box<StoryDef>>,
    /// Its tests.
    pub tests: Vec<TestDef>,
    /// Where its id stands.
    pub span: Span,
}

/// One part of a score: `{ when = QUERY, add = N, each = true, max = M }`.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreDef {
    /// The query.
    pub when: Query,
    /// What it adds where it holds; may be negative, never 0.
    pub add: i64,
    /// Whether it adds once for every hit (of those that don't overlap) instead of once.
    pub each: bool,
    /// The most that this part can add with `each`: never beyond it, on the side of `add`'s sign.
    pub max: Option<i64>,
}

/// How much a topic's alerts matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SeverityDef {
    /// Always the same.
    Fixed(Severity),
    /// By score: the last level whose score is reached, in rising order; below the first one it is
    /// [`Severity::Info`]. Never empty.
    ByScore(Vec<(Severity, i64)>),
}

/// `[topic.where]`: empty lists and absent values ask nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhereDef {
    /// Only articles in one of these languages; one whose language is unknown passes.
    pub languages: Vec<Lang>,
    /// Only articles whose host or feed name fits one of them.
    pub sources: Vec<Glob>,
    /// No article whose host or feed name fits one of them.
    pub exclude_sources: Vec<Glob>,
    /// Only articles of feeds with all these labels.
    pub feed_labels: Labels,
    /// Only articles published at most so long ago.
    pub max_age: Option<Duration>,
    /// Only articles with at least so many words in title, summary and body.
    pub min_words: Option<u32>,
}

impl WhereDef {
    /// Whether every article passes.
    pub(super) fn asks_nothing(&self) -> bool {
        let Self { languages, sources, exclude_sources, feed_labels, max_age, min_words } = self;
        languages.is_empty()
            && sources.is_empty()
            && exclude_sources.is_empty()
            && feed_labels.is_empty()
            && max_age.is_none()
            && min_words.is_none()
    }
}

/// `[topic.story]`.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryDef {
    /// How long after its last article a story can still grow.
    pub window: Duration,
    /// When its readers are told, in the order written; never empty.
    pub alert_on: Vec<AlertOn>,
}

impl Default for StoryDef {
    fn default() -> Self {
        Self { window: Self::DEFAULT_WINDOW, alert_on: vec![AlertOn::First] }
    }
}

impl StoryDef {
    /// Three days: most stories are told out by then.
    pub const DEFAULT_WINDOW: Duration = Duration::from_secs(72 * 3600);
}

/// What makes a story worth a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertOn {
    /// Its first article.
    First,
    /// Its first article in a language that it was not yet told in.
    NewLanguage,
    /// So many different sources carry it.
    Sources(u32),
    /// Every article.
    Every,
    /// An article of it was edited.
    Changed,
    /// Its severity rose.
    Severity,
}

/// `[[topic.test]]`: an article and what the topic must make of it.
#[derive(Debug, Clone, PartialEq)]
pub struct TestDef {
    /// What it shows; `test N` where none was given.
    pub name: String,
    /// The article's language; absent: detected.
    pub lang: Option<Lang>,
    /// Its headline.
    pub title: String,
    /// Its summary.
    pub summary: String,
    /// Its body.
    pub body: String,
    /// Its link.
    pub url: Option<String>,
    /// Its publisher.
    pub source: Option<String>,
    /// What must come out.
    pub expect: ExpectDef,
    /// Where it stands.
    pub span: Span,
}

/// What a test expects; at least one of them is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ExpectDef {
    /// Whether the topic matches.
    pub matches: Option<bool>,
    /// The severity of the match.
    pub severity: Option<Severity>,
    /// The score is at least this.
    pub min_score: Option<i64>,
    /// Concepts that have a hit.
    pub concepts: Vec<String>,
    /// The topic does not match, and the explanation's first failing part holds this text: `NEAR/30`, `except`, `where`.
    pub failed: Option<String>,
}

/// `[[surge]]`: an alert on how much is written.
#[derive(Debug, Clone, PartialEq)]
pub struct SurgeDef {
    /// The topics whose volume is watched, together.
    pub topics: Vec<TopicId>,
    /// What is counted.
    pub count: SurgeCount,
    /// Over how long.
    pub window: Duration,
    /// What is too much.
    pub trigger: SurgeTrigger,
    /// Where it stands.
    pub span: Span,
}

/// What a surge counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SurgeCount {
    /// Stories.
    Stories,
    /// Articles.
    Articles,
    /// Different sources.
    Sources,
    /// Different languages.
    Languages,
}

/// When a surge is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SurgeTrigger {
    /// So many within the window.
    Min(u32),
    /// Far more than usual.
    Baseline {
        /// How far back “usual” reaches; longer than the surge's own window.
        window: Duration,
        /// How many standard deviations above the mean.
        zscore: f64,
        /// And at least so many.
        min: u32,
    },
}
