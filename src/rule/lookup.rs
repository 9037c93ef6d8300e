//! From a piece of text to the terms that it satisfies. Each distinct spelling is worked out once and remembered, so the
//! cost of folding, wildcards and stemmers is paid per new word, not per word.

use aho_corasick::AhoCorasick;
use rustc_hash::{FxHashMap, FxHashSet};

use super::expr::TermId;
use super::term::{Languages, Pattern, Term};
use crate::model::Lang;
use crate::text::normalize::{exact, fold_into};
use crate::text::stem::{keeps_first_letter, stem};

/// The terms that have a stem.
type StemTable = FxHashMap<Box<str>, Vec<TermId>>;

/// All terms of a program, arranged by how they are found.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    words: FxHashMap<Box<str>, Vec<TermId>>,
    exact: FxHashMap<Box<str>, TermId>,
    prefixes: FxHashMap<Box<str>, TermId>,
    suffixes: FxHashMap<Box<str>, TermId>,
    prefix_lengths: Vec<usize>,
    suffix_lengths: Vec<usize>,
    infixes: Option<(AhoCorasick, Vec<TermId>)>,
    general: Vec<(Pattern, TermId)>,
    exact_patterns: Vec<(Pattern, TermId)>,
    /// By language and stem, terms of lists; and the first letters of the stems.
    stems: Vec<(Lang, StemTable, FxHashSet<char>)>,
    /// The same for terms that take the article's language.
    article_stems: Vec<(Lang, StemTable, FxHashSet<char>)>,
}

impl Lookup {
    pub(super) fn new(terms: &[Term]) -> Self {
        let mut lookup = Self::default();
        let mut infixes: Vec<(&str, TermId)> = Vec::new();
        for (index, term) in terms.iter().enumerate() {
            let id = TermId(u32::try_from(index).expect("the program numbers its terms in 32 bits"));
            match term {
                Term::Word(word) => lookup.words.entry(word.as_str().into()).or_default().push(id),
                Term::Exact(word) => {
                    lookup.exact.insert(word.as_str().into(), id);
                }
                Term::Pattern(Pattern::Prefix(start)) => {
                    lookup.prefixes.insert(start.as_str().into(), id);
                }
                Term::Pattern(Pattern::Suffix(end)) => {
                    lookup.suffixes.insert(end.as_str().into(), id);
                }
                Term::Pattern(Pattern::Infix(part)) => infixes.push((part, id)),
                Term::Pattern(pattern) => lookup.general.push((pattern.clone(), id)),
                Term::ExactPattern(pattern) => lookup.exact_patterns.push((pattern.clone(), id)),
                Term::Stem { folded, stems, by_article } => {
                    lookup.words.entry(folded.as_str().into()).or_default().push(id);
                    let tables = if *by_article { &mut lookup.article_stems } else { &mut lookup.stems };
                    for (lang, stem) in stems {
                        let at = tables.iter().position(|(of, ..)| of == lang).unwrap_or_else(|| {
                            tables.push((*lang, FxHashMap::default(), FxHashSet::default()));
                            tables.len() - 1
                        });
                        tables[at].2.extend(stem.chars().next());
                        tables[at].1.entry(stem.as_str().into()).or_default().push(id);
                    }
                }
            }
        }
        lookup.prefix_lengths = lengths(&lookup.prefixes);
        lookup.suffix_lengths = lengths(&lookup.suffixes);
        if !infixes.is_empty() {
            // Building fails only past 2^31 states; such patterns are then tried one by one.
            match AhoCorasick::new(infixes.iter().map(|(part, _)| part)) {
                Ok(automaton) => {
                    lookup.infixes = Some((automaton, infixes.iter().map(|&(_, id)| id).collect()));
                }
                Err(_) => {
                    let slow = infixes.iter().map(|&(part, id)| (Pattern::Infix(part.to_owned()), id));
                    lookup.general.extend(slow);
                }
            }
        }
        lookup
    }

    /// Whether what a word satisfies depends on the article's language.
    pub(super) fn depends_on_language(&self) -> bool {
        !self.article_stems.is_empty()
    }

    /// Collects the terms that a piece of text satisfies, in rising order.
    fn collect(&self, raw: &str, folded: &mut String, article: Languages, found: &mut Vec<TermId>) {
        folded.clear();
        fold_into(raw, folded);
        let folded = folded.as_str();
        if let Some(terms) = self.words.get(folded) {
            found.extend(terms);
        }
        for &length in self.prefix_lengths.iter().take_while(|&&length| length <= folded.len()) {
            if let Some(&id) = folded.get(..length).and_then(|start| self.prefixes.get(start)) {
                found.push(id);
            }
        }
        for &length in self.suffix_lengths.iter().take_while(|&&length| length <= folded.len()) {
            if let Some(&id) = folded.get(folded.len() - length..).and_then(|end| self.suffixes.get(end)) {
                found.push(id);
            }
        }
        if let Some((automaton, ids)) = &self.infixes {
            found.extend(automaton.find_overlapping_iter(folded).map(|hit| ids[hit.pattern().as_usize()]));
        }
        found.extend(self.general.iter().filter(|(pattern, _)| pattern.fits(folded)).map(|&(_, id)| id));
        if !self.exact.is_empty() || !self.exact_patterns.is_empty() {
            let written = exact(raw);
            found.extend(self.exact.get(written.as_str()));
            found.extend(self.exact_patterns.iter().filter(|(pattern, _)| pattern.fits(&written)).map(|&(_, id)| id));
        }
        let by_article = self.article_stems.iter().filter(|(lang, ..)| article.include(*lang));
        let first = folded.chars().next();
        for (lang, table, first_letters) in self.stems.iter().chain(by_article) {
            if keeps_first_letter(*lang) && !first.is_some_and(|first| first_letters.contains(&first)) {
                continue;
            }
            if let Some(terms) = stem(*lang, raw).and_then(|stem| table.get(stem.as_str())) {
                found.extend(terms);
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}

fn lengths(table: &FxHashMap<Box<str>, TermId>) -> Vec<usize> {
    let mut lengths: Vec<usize> = table.keys().map(|key| key.len()).collect();
    lengths.sort_unstable();
    lengths.dedup();
    lengths
}

/// What was found out about the spellings met so far, for one set of rules and one language.
#[derive(Debug, Default)]
pub(super) struct Memo {
    by_spelling: FxHashMap<Box<str>, Entry>,
    terms: Vec<TermId>,
    folded: String,
    found: Vec<TermId>,
}

/// The terms of a spelling: a range in the memo's list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    start: u32,
    end: u32,
}

impl Memo {
    /// To be called between articles: forgets everything once it has grown too large.
    pub(super) fn trim(&mut self) {
        if self.by_spelling.len() > MOST_SPELLINGS || self.terms.len() > 4 * MOST_SPELLINGS {
            self.by_spelling = FxHashMap::default();
            self.terms = Vec::new();
        }
    }

    /// The terms that a piece of text satisfies. The entry is good until [`trim`](Self::trim).
    #[inline]
    pub(super) fn entry(&mut self, lookup: &Lookup, raw: &str, article: Languages) -> Entry {
        if let Some(&entry) = self.by_spelling.get(raw) {
            return entry;
        }
        self.new_entry(lookup, raw, article)
    }

    #[cold]
    fn new_entry(&mut self, lookup: &Lookup, raw: &str, article: Languages) -> Entry {
        self.found.clear();
        lookup.collect(raw, &mut self.folded, article, &mut self.found);
        let start = self.terms.len();
        self.terms.extend(&self.found);
        let clip = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let entry = Entry { start: clip(start), end: clip(self.terms.len()) };
        if raw.len() <= LONGEST_REMEMBERED {
            self.by_spelling.insert(raw.into(), entry);
        }
        entry
    }

    /// The terms of an entry, in rising order.
    #[inline]
    pub(super) fn terms(&self, entry: Entry) -> &[TermId] {
        &self.terms[entry.start as usize..entry.end as usize]
    }
}

/// Spellings kept: a news stream in a dozen languages repeats itself well within that, at about 10 MB.
const MOST_SPELLINGS: usize = 1 << 17;
/// Bytes; longer ones are links and base64, which don't come back.
const LONGEST_REMEMBERED: usize = 128;
