//! Pairs of neighbouring words that phrases ask for, each as a term of its own: `"air defence"` is then looked up like a
//! single word, and of a longer phrase its rarest pair says where to look. Most articles that hold all words of a phrase
//! don't hold the phrase.

use rustc_hash::FxHashMap;

use super::expr::{AtomKind, Item, Program, TermId, Test};
use super::term::Term;

/// The pairs of a program. Their terms are numbered after those of the program.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    numbers: FxHashMap<u64, u32>,
    /// Bits by hash: a pair whose bit isn't set is not there. Most neighbours are no pair, and these bits are near the
    /// processor where the table is not. Their words are a power of two.
    known: Vec<u64>,
    /// By term, a bit for those that stand in a pair. All of them are plain words, of which a piece of text is one at most.
    words: Vec<u64>,
    /// The number of the first pair.
    first: u32,
    /// Whether any pair asks that nothing stands between its words.
    has_glued: bool,
}

impl Pairs {
    /// The pairs of all phrases.
    pub(super) fn new(program: &Program) -> Self {
        let first = u32::try_from(program.terms.len()).expect("the program numbers its terms in 32 bits");
        let mut pairs = Self { words: vec![0; program.terms.len().div_ceil(64)], first, ..Self::default() };
        for kind in &program.atoms {
            let AtomKind::Sequence(items) = kind else { continue };
            for (one, next) in items.iter().zip(items.iter().skip(1)) {
                if let (Some(a), Some(b)) = (plain(program, *one), plain(program, *next)) {
                    pairs.add(a, b, next.glued);
                }
            }
        }
        pairs.known = vec![0; (pairs.numbers.len() * BITS_PER_PAIR / 64).next_power_of_two()];
        for hash in pairs.numbers.keys().copied().map(hash) {
            let word = (hash / 64) & (pairs.known.len() - 1);
            pairs.known[word] |= 1 << (hash % 64);
        }
        pairs
    }

    fn add(&mut self, one: TermId, next: TermId, glued: bool) {
        let number = self.first + u32::try_from(self.numbers.len()).expect("each took bytes of a rule file");
        self.numbers.entry(key(one, next, glued)).or_insert(number);
        self.has_glued |= glued;
        for term in [one, next] {
            self.words[term.index() / 64] |= 1 << (term.index() % 64);
        }
    }

    /// The number of a pair, if any phrase asks for it.
    pub(super) fn number(&self, one: TermId, next: TermId, glued: bool) -> Option<u32> {
        self.numbers.get(&key(one, next, glued)).copied()
    }

    /// Whether two neighbouring words may be a pair; nearly always right. Asked first for all words of a text, then for the
    /// pairs' numbers, both in loops of few instructions: so memory is waited for many times at once.
    #[inline]
    pub(super) fn may_be(&self, one: TermId, next: TermId, glued: bool) -> bool {
        let hash = hash(key(one, next, glued));
        self.known.get((hash / 64) & self.known.len().wrapping_sub(1)).is_some_and(|bits| bits >> (hash % 64) & 1 != 0)
    }

    /// Whether any phrase asks that nothing stands between its words.
    pub(super) fn has_glued(&self) -> bool {
        self.has_glued
    }

    /// The one of a piece's terms that may stand in a pair.
    #[inline]
    pub(super) fn word(&self, terms: &[TermId]) -> Option<TermId> {
        terms.iter().copied().find(|term| self.words[term.index() / 64] >> (term.index() % 64) & 1 != 0)
    }

    /// Whether a number is a pair's, not a term's.
    #[inline]
    pub(super) fn is_pair(&self, number: u32) -> bool {
        number >= self.first
    }

    /// Terms and pairs together.
    pub(super) fn terms(&self) -> usize {
        self.first as usize + self.numbers.len()
    }

    /// The words of each pair, in the order of the pairs' numbers.
    pub(super) fn words(&self) -> Vec<(TermId, TermId)> {
        let mut words = vec![(TermId(0), TermId(0)); self.numbers.len()];
        for (&key, &number) in &self.numbers {
            words[(number - self.first) as usize] = (TermId(high(key)), TermId(low(key) >> 1));
        }
        words
    }

    /// What a sequence needs, with the distance from its beginning: its pairs, and the terms that are in no pair.
    pub(super) fn needs(&self, items: &[Item], mut need: impl FnMut(u32, usize)) {
        let mut before = None;
        for (at, item) in items.iter().enumerate() {
            let after = items.get(at + 1).and_then(|next| match (item.test, next.test) {
                (Test::Term(one), Test::Term(other)) => self.number(one, other, next.glued),
                _ => None,
            });
            match (item.test, before, after) {
                (_, _, Some(pair)) => need(pair, at),
                (Test::Term(term), None, None) => need(term.0, at),
                _ => {}
            }
            before = after;
        }
    }
}

fn plain(program: &Program, item: Item) -> Option<TermId> {
    match item.test {
        Test::Term(term) if matches!(program.terms[term.index()], Term::Word(_)) => Some(term),
        _ => None,
    }
}

/// Terms are numbered below 2³¹: each takes more than two bytes of a rule file.
fn key(one: TermId, next: TermId, glued: bool) -> u64 {
    u64::from(one.0) << 32 | u64::from(next.0) << 1 | u64::from(glued)
}

fn high(key: u64) -> u32 {
    (key >> 32) as u32
}

fn low(key: u64) -> u32 {
    key as u32
}

/// Then a bit is set by another pair in one of sixteen cases, or fewer.
const BITS_PER_PAIR: usize = 8;

/// Multiplication by the golden ratio; the high bits are the mixed ones.
fn hash(key: u64) -> usize {
    ((key ^ key >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}
