//! Pairs of neighbouring words that phrases ask for, each as a term of its own: `"air defence"` is then looked up like a
//! single word, and of a longer phrase its rarest pair says where to look. Most articles that hold all words of a phrase
//! don't hold the phrase.

use super::expr::{AtomKind, Item, Program, TermId, Test};
use super::term::Term;

/// The pairs of a program. Their terms are numbered after those of the program.
#[derive(Debug, Default)]
pub(super) struct Pairs {
    /// An open-addressing table; its length is a power of two, or 0.
    slots: Vec<Slot>,
    /// Bits by hash: a pair whose bit isn't set is not there. Most neighbours are no pair, and these bits are near the
    /// processor where the table is not.
    known: Vec<u64>,
    /// By term, a bit for those that stand in a pair. All of them are plain words, of which a piece of text is one at most.
    words: Vec<u64>,
    /// The number of the first pair.
    first: u32,
    count: u32,
    /// Whether any pair asks that nothing stands between its words.
    has_glued: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// 0 in an empty one.
    key: u64,
    number: u32,
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
        pairs
    }

    fn add(&mut self, one: TermId, next: TermId, glued: bool) {
        if self.number(one, next, glued).is_some() {
            return;
        }
        if 2 * (self.count as usize + 1) > self.slots.len() {
            let larger = vec![Slot::default(); (2 * self.slots.len()).max(1 << 4)];
            let old = std::mem::replace(&mut self.slots, larger);
            self.known = vec![0; self.slots.len() * BITS_PER_SLOT / 64];
            old.into_iter().filter(|slot| slot.key != 0).for_each(|slot| self.place(slot));
        }
        self.place(Slot { key: key(one, next, glued), number: self.first + self.count });
        self.count += 1;
        self.has_glued |= glued;
        for term in [one, next] {
            self.words[term.index() / 64] |= 1 << (term.index() % 64);
        }
    }

    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let hash = hash(slot.key);
        let word = (hash / 64) & (self.known.len() - 1);
        self.known[word] |= 1 << (hash % 64);
        let mut at = hash & mask;
        while self.slots[at].key != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    /// The number of a pair, if any phrase asks for it.
    #[inline]
    pub(super) fn number(&self, one: TermId, next: TermId, glued: bool) -> Option<u32> {
        let mask = self.slots.len().checked_sub(1)?;
        let key = key(one, next, glued);
        let hash = hash(key);
        let mut at = hash & mask;
        loop {
            let slot = self.slots[at];
            if slot.key == key {
                return Some(slot.number);
            }
            if slot.key == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
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
        (self.first + self.count) as usize
    }

    /// The words of each pair, in the order of the pairs' numbers.
    pub(super) fn words(&self) -> Vec<(TermId, TermId)> {
        let mut words = vec![(TermId(0), TermId(0)); self.count as usize];
        for slot in self.slots.iter().filter(|slot| slot.key != 0) {
            words[(slot.number - self.first) as usize] = (TermId(high(slot.key) - 1), TermId(low(slot.key) >> 1));
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

/// Never 0. Terms are numbered below 2³¹: each takes more than two bytes of a rule file.
fn key(one: TermId, next: TermId, glued: bool) -> u64 {
    (u64::from(one.0) + 1) << 32 | u64::from(next.0) << 1 | u64::from(glued)
}

fn high(key: u64) -> u32 {
    (key >> 32) as u32
}

fn low(key: u64) -> u32 {
    key as u32
}

/// Of such bits for a slot one in a dozen or so is set by another pair.
const BITS_PER_SLOT: usize = 8;

/// Multiplication by the golden ratio; the high bits are the mixed ones.
fn hash(key: u64) -> usize {
    ((key ^ key >> 29).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}
