//! What a topic makes of an article, whichever evaluator reads it: filters, `match`, `except`, score.

use std::fmt;

use super::collected::Collected;
use super::document::Document;
use super::expr::{CompiledTopic, ExprId};
use super::plain::Plain;
use super::position::Leaf;
use super::ruleset::Circumstances;
use super::scanner::Scan;
use crate::model::{Field, Lang};
use crate::text::analyzed::HalfWords;

/// What both evaluators can say about a node.
pub(super) trait Evaluate {
    /// Whether it holds.
    fn holds(&mut self, id: ExprId) -> bool;
    /// How many hits it has, overlaps taken once.
    fn count(&mut self, id: ExprId) -> usize;
    /// Its atoms' hits.
    fn leaves(&mut self, id: ExprId) -> Vec<Leaf>;
    /// Half words in title, summary and body.
    fn weight(&self) -> HalfWords;
}

impl Evaluate for Scan<'_> {
    fn holds(&mut self, id: ExprId) -> bool {
        self.holds_at(self.index.code.place(id))
    }

    fn count(&mut self, id: ExprId) -> usize {
        self.count_at(self.index.code.place(id))
    }

    fn leaves(&mut self, id: ExprId) -> Vec<Leaf> {
        let mut hits = Collected::default();
        self.collect_at(self.index.code.place(id), &mut hits);
        hits.into_leaves(&self.scratch.noted, |number| self.leaf_of(number))
    }

    fn weight(&self) -> HalfWords {
        Self::weight(self)
    }
}

impl Evaluate for Plain<'_> {
    fn holds(&mut self, id: ExprId) -> bool {
        self.eval(id).holds
    }

    fn count(&mut self, id: ExprId) -> usize {
        self.eval(id).count()
    }

    fn leaves(&mut self, id: ExprId) -> Vec<Leaf> {
        self.eval(id).leaves()
    }

    fn weight(&self) -> HalfWords {
        Self::weight(self)
    }
}

pub(super) struct Verdict {
    pub(super) score: i64,
    pub(super) leaves: Vec<Leaf>,
}

/// What a topic makes of an article: filters, `match`, `except`, score. The hits are those of `match`, or, where the score
/// alone decides, those of the parts that raised it.
pub(super) fn verdict(
    topic: &CompiledTopic,
    evaluator: &mut impl Evaluate,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
) -> Option<Verdict> {
    if refusal(topic, document, circumstances, || evaluator.weight().div_ceil(2)).is_some() {
        return None;
    }
    if topic.matches.is_some_and(|matches| !evaluator.holds(matches)) {
        return None;
    }
    if topic.except.is_some_and(|except| evaluator.holds(except)) {
        return None;
    }
    let mut score = 0_i64;
    let mut counted = Vec::new();
    for part in &topic.score {
        let holds = evaluator.holds(part.when);
        let hits = if holds && part.each { evaluator.count(part.when) } else { 0 };
        let points = part.points(holds, hits);
        score = score.saturating_add(points);
        if points > 0 {
            counted.push(part.when);
        }
    }
    if !topic.reaches_threshold(score) {
        return None;
    }
    let leaves = match topic.matches {
        Some(matches) => evaluator.leaves(matches),
        None => counted.into_iter().flat_map(|when| evaluator.leaves(when)).collect(),
    };
    Some(Verdict { score, leaves })
}

/// Why a topic's filters turn an article away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Language(Lang),
    Source(String),
    ExcludedSource { source: String, by: String },
    FeedLabel(String),
    TooOld { hours: u64 },
    TooShort { words: u32, least: u32 },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Language(lang) => write!(f, "the article is in `{lang}`, which `languages` does not name"),
            Self::Source(source) => write!(f, "`{source}` is none of the `sources`"),
            Self::ExcludedSource { source, by } => write!(f, "`{source}` is excluded by `{by}` of `exclude_sources`"),
            Self::FeedLabel(label) => write!(f, "its feed lacks the label `{label}`"),
            Self::TooOld { hours } => write!(f, "it was published {hours} hours ago, longer than `max_age`"),
            Self::TooShort { words: 1, least } => write!(f, "it has 1 word, and `min_words` is {least}"),
            Self::TooShort { words, least } => write!(f, "it has {words} words, and `min_words` is {least}"),
        }
    }
}

/// Where an article's link stands among its fields.
const URL: usize = Field::Url as usize;

/// The host in a link, as it stands there, without user and port; nothing where there is none.
fn host(link: &str) -> &str {
    let Some((_, rest)) = link.split_once("://") else { return "" };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let place = authority.rsplit('@').next().unwrap_or("");
    place.split_once(':').map_or(place, |(host, _)| host)
}

pub(super) fn refusal(
    topic: &CompiledTopic,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
    words: impl FnOnce() -> u32,
) -> Option<Refusal> {
    let filter = topic.filter.as_deref()?;
    if let Some(lang) = document.lang
        && !filter.languages.is_empty()
        && !filter.languages.iter().any(|&other| other.canonical() == lang.canonical())
    {
        return Some(Refusal::Language(lang));
    }
    // The source may be the publisher's name, or its host without `www.`.
    let host =
        if filter.sources.is_empty() && filter.exclude_sources.is_empty() { "" } else { host(&document.fields[URL]) };
    let bare = host.strip_prefix("www.").unwrap_or("");
    let names = || [&*document.source, &*document.feed, host, bare].into_iter().filter(|name| !name.is_empty());
    if !filter.sources.is_empty()
        && names().next().is_some()
        && !names().any(|name| filter.sources.iter().any(|glob| glob.fits(name)))
    {
        return Some(Refusal::Source(names().next().unwrap_or_default().to_owned()));
    }
    for name in names() {
        if let Some(glob) = filter.exclude_sources.iter().find(|glob| glob.fits(name)) {
            return Some(Refusal::ExcludedSource { source: name.to_owned(), by: glob.to_string() });
        }
    }
    if let Some(labels) = circumstances.feed_labels
        && let Some((key, value)) = filter.feed_labels.iter().find(|(key, value)| labels.get(*key) != Some(*value))
    {
        return Some(Refusal::FeedLabel(format!("{key}={value}")));
    }
    if let (Some(max_age), Some(time)) = (filter.max_age, document.time) {
        let age = circumstances.now.since(time);
        if age > max_age {
            return Some(Refusal::TooOld { hours: age.as_secs() / 3600 });
        }
    }
    if let Some(least) = filter.min_words {
        let words = words();
        if words < least {
            return Some(Refusal::TooShort { words, least });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_link_is_what_stands_between_scheme_and_path() {
        for (link, expected) in [
            ("https://www.example.it/esteri?a=b", "www.example.it"),
            ("http://utente@esempio.it:8080#x", "esempio.it"),
            ("https://пример.рф/новости", "пример.рф"),
            ("https://例子.中国?id=1", "例子.中国"),
            ("mailto:desk@example.it", ""),
            ("", ""),
        ] {
            assert_eq!(host(link), expected, "{link}");
        }
    }
}
