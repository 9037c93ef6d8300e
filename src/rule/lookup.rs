//! From a piece of text to the terms that it satisfies. Each distinct spelling is worked out once and remembered, so the
//! cost of folding, wildcards and stemmers is paid per new word, not per word.

use prefetch_index::prefetch_index;
use rustc_hash::{FxHashMap, FxHashSet};

use super::expr::TermId;
use super::pair::Pairs;
use super::term::{Languages, Pattern, Term};
use super::wildcards::Wildcards;
use crate::model::Lang;
use crate::text::normalize::{exact, fold_into};
use crate::text::segment::{Piece, Pieces};
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
    wildcards: Wildcards,
    exact_wildcards: Wildcards,
    /// By language and stem, terms of lists; and the first letters of the stems.
    stems: Vec<(Lang, StemTable, FxHashSet<char>)>,
    /// The same for terms that take the article's language.
    article_stems: Vec<(Lang, StemTable, FxHashSet<char>)>,
}

impl Lookup {
    pub(super) fn new(terms: &[Term]) -> Self {
        let mut lookup = Self::default();
        let (mut patterns, mut exact_patterns) = (Vec::new(), Vec::new());
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
                Term::Pattern(pattern) => patterns.push((pattern.clone(), id)),
                Term::ExactPattern(pattern) => exact_patterns.push((pattern.clone(), id)),
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
        lookup.wildcards = Wildcards::new(patterns);
        lookup.exact_wildcards = Wildcards::new(exact_patterns);
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
        self.wildcards.collect(folded, found);
        if !self.exact.is_empty() || !self.exact_wildcards.is_empty() {
            let written = exact(raw);
            found.extend(self.exact.get(written.as_str()));
            self.exact_wildcards.collect(&written, found);
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
    /// Spellings of up to 16 bytes, which is nearly all of them: an open-addressing table with the key in the slot, so that
    /// a known word costs one memory access. Its length is a power of two, or 0.
    slots: Vec<Slot>,
    used: usize,
    long: FxHashMap<Box<str>, Entry>,
    terms: Vec<TermId>,
    folded: String,
    found: Vec<TermId>,
    batch: Vec<Met>,
}

/// What the terms of a spelling are worked out by.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'i> {
    pub(super) lookup: &'i Lookup,
    pub(super) pairs: &'i Pairs,
    /// By term or pair, its usual atom.
    pub(super) usual_atoms: &'i [u32],
}

impl By<'_> {
    /// The order of terms that one spelling satisfies: that of their hits.
    #[inline]
    pub(super) fn order(self, term: TermId) -> (u32, TermId) {
        (self.usual_atoms[term.index()], term)
    }
}

/// No term: of a piece that can stand in no pair.
pub(super) const NO_WORD: TermId = TermId(u32::MAX);

/// A piece of an article and the terms that it satisfies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) piece: Piece,
    pub(super) terms: Entry,
    /// As in a slot; 0 for pieces that have no slot.
    key: u128,
    hash: u32,
    is_known: bool,
}

/// An empty slot has the key 0, which no word has: its letters are not NUL.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    key: u128,
    entry: Entry,
}

/// The terms of a spelling: a single one, which is the usual case, or a range in the memo's list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// The term, if there is one; where the list begins, if there are several.
    first: TermId,
    count: u32,
    /// The one of them that may stand in a pair, or [`NO_WORD`].
    pub(super) word: TermId,
}

impl Default for Entry {
    fn default() -> Self {
        Self { first: TermId(0), count: 0, word: NO_WORD }
    }
}

impl Memo {
    /// To be called between articles: forgets everything once it has grown too large.
    pub(super) fn trim(&mut self) {
        if self.used + self.long.len() > MOST_SPELLINGS || self.terms.len() > 4 * MOST_SPELLINGS {
            *self = Self::default();
        }
    }

    /// Reads the next pieces of a text, for [`batch`](Self::batch); whether there were any. The entries are good until
    /// [`trim`](Self::trim).
    ///
    /// The table is larger than what is near the processor, and its slots are met in no order. So they are looked at for
    /// several pieces at a time, in a loop of few instructions and without a branch that depends on what is found: then
    /// their memory comes at the same time too, instead of one after the other.
    #[inline(never)]
    pub(super) fn read(&mut self, by: By<'_>, text: &str, pieces: &mut Pieces<'_>, article: Languages) -> bool {
        let mut batch = std::mem::take(&mut self.batch);
        batch.clear();
        batch.extend(pieces.take(BATCH).map(|piece| {
            let key = short_key(text.as_bytes(), piece.start, piece.end).unwrap_or(0);
            let hash = hash(key);
            // By the time that all are read, it is there.
            prefetch_index(&self.slots, hash as usize & self.slots.len().wrapping_sub(1));
            Met { piece, terms: Entry::default(), key, hash, is_known: false }
        }));
        if let Some(mask) = self.slots.len().checked_sub(1) {
            for met in &mut batch {
                let slot = &self.slots[met.hash as usize & mask];
                met.terms = slot.entry;
                met.is_known = (slot.key == met.key) & (met.key != 0);
            }
        }
        for met in batch.iter_mut().filter(|met| !met.is_known) {
            let raw = &text[met.piece.start..met.piece.end];
            met.terms = if met.key == 0 {
                self.long_entry(by, raw, article)
            } else {
                self.short_entry(by, met.key, raw, article)
            };
        }
        self.batch = batch;
        !self.batch.is_empty()
    }

    /// The pieces read last and the terms that each satisfies.
    #[inline]
    pub(super) fn batch(&self) -> &[Met] {
        &self.batch
    }

    /// The entry of a spelling that is not in the first slot where it could be.
    fn short_entry(&mut self, by: By<'_>, key: u128, raw: &str, article: Languages) -> Entry {
        if !self.slots.is_empty() {
            let mask = self.slots.len() - 1;
            let mut at = hash(key) as usize & mask;
            loop {
                let slot = &self.slots[at];
                if slot.key == key {
                    return slot.entry;
                }
                if slot.key == 0 {
                    break;
                }
                at = (at + 1) & mask;
            }
        }
        self.new_short_entry(by, key, raw, article)
    }

    #[cold]
    fn new_short_entry(&mut self, by: By<'_>, key: u128, raw: &str, article: Languages) -> Entry {
        let entry = self.work_out(by, raw, article);
        if self.used > MOST_SPELLINGS {
            // One article of nothing but new words; they will not come back.
            return entry;
        }
        if 2 * (self.used + 1) > self.slots.len() {
            let larger = vec![Slot::default(); (2 * self.slots.len()).max(1 << 10)];
            let old = std::mem::replace(&mut self.slots, larger);
            for slot in old.into_iter().filter(|slot| slot.key != 0) {
                self.place(slot);
            }
        }
        self.place(Slot { key, entry });
        self.used += 1;
        entry
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = hash(slot.key) as usize & mask;
        while self.slots[at].key != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    fn long_entry(&mut self, by: By<'_>, raw: &str, article: Languages) -> Entry {
        if let Some(&entry) = self.long.get(raw) {
            return entry;
        }
        let entry = self.work_out(by, raw, article);
        if raw.len() <= LONGEST_REMEMBERED && self.long.len() <= MOST_SPELLINGS {
            self.long.insert(raw.into(), entry);
        }
        entry
    }

    fn work_out(&mut self, by: By<'_>, raw: &str, article: Languages) -> Entry {
        self.found.clear();
        by.lookup.collect(raw, &mut self.folded, article, &mut self.found);
        self.found.sort_unstable_by_key(|&term| by.order(term));
        let clip = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let word = by.pairs.word(&self.found).unwrap_or(NO_WORD);
        match self.found.as_slice() {
            [] => Entry::default(),
            [only] => Entry { first: *only, count: 1, word },
            several => {
                let first = TermId(clip(self.terms.len()));
                self.terms.extend(several);
                Entry { first, count: clip(several.len()), word }
            }
        }
    }

    /// The terms of an entry, as [`By::order`] says.
    #[inline]
    pub(super) fn terms<'e>(&'e self, entry: &'e Entry) -> &'e [TermId] {
        match entry.count {
            0 => &[],
            1 => std::slice::from_ref(&entry.first),
            count => &self.terms[entry.first.index()..entry.first.index() + count as usize],
        }
    }
}

/// The bytes of a piece as a number, if there are at most 16 of them.
#[inline]
fn short_key(bytes: &[u8], start: usize, end: usize) -> Option<u128> {
    let length = end - start;
    if length == 0 || length > 16 {
        return None;
    }
    if let Some(window) = bytes.get(start..start + 16) {
        let window: [u8; 16] = window.try_into().ok()?;
        return Some(u128::from_le_bytes(window) & (u128::MAX >> (128 - 8 * length)));
    }
    // Near the end of the text.
    let mut window = [0; 16];
    window[..length].copy_from_slice(&bytes[start..end]);
    Some(u128::from_le_bytes(window))
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
fn hash(key: u128) -> u32 {
    // Two multiplications by odd constants (the golden ratio, and one of SplitMix64) and a fold of the high bits.
    let low = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let high = ((key >> 64) as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (low ^ high.rotate_left(29)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed >> 32) as u32
}

/// Pieces looked up at a time. A guess: several times the dozen reads that a processor has under way at best.
const BATCH: usize = 64;
/// Spellings kept: a news stream in a dozen languages repeats itself well within that, at about 10 MB.
const MOST_SPELLINGS: usize = 1 << 17;
/// Bytes; longer ones are links and base64, which don't come back.
const LONGEST_REMEMBERED: usize = 128;
