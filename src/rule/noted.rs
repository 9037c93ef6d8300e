//! The terms and pairs that an article holds, and where each occurs.

use super::code::NONE;
use super::expr::{FieldSet, TermId};
use super::position::Stretch;
use super::scanner::{MOST_KEPT, clip, is_set};

/// What was noted of an article.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Numbered in the order of hits: by place in the text, then by usual atom.
    pub(super) occurrences: Vec<Occurrence>,
    /// By number of an occurrence, the next one of its term or pair, or [`NONE`].
    nexts: Vec<u32>,
    /// In the order in which they were met.
    heads: Vec<Head>,
    /// By hash of a term or pair, it and its place in `heads`; an open-addressing table, at most half full, whose length is a
    /// power of two or 0. It is asked thousands of times an article, so it must be small, however many terms the rules have.
    table: Vec<(u32, u32)>,
    /// Terms and pairs, and groups of them, that the article holds; each once.
    seen: Vec<u32>,
    /// The same as bits.
    present: Vec<u64>,
    /// The terms and pairs among them that title, summary or body hold.
    in_text: Vec<u64>,
}

/// Where a term or pair occurs: a list through the occurrences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    term: u32,
    first: u32,
    last: u32,
    pub(super) count: u32,
    pub(super) fields: u8,
}

/// A place where a term or pair occurs, with all that is asked about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    pub(super) at: Stretch,
    pub(super) term: u32,
    /// Its first piece.
    pub(super) piece: u32,
    /// The fields that all of its pieces are in.
    pub(super) fields: u8,
}

impl Head {
    /// Whether all occurrences are in these fields.
    #[inline]
    pub(super) fn is_within(&self, fields: FieldSet) -> bool {
        // What is in the lede is in a field besides.
        self.fields & !FieldSet::LEDE.0 & !fields.0 == 0
    }
}

impl Noted {
    /// Forgets the article before, and makes room for so many terms, pairs and groups.
    pub(super) fn begin(&mut self, terms: usize) {
        for &term in &self.seen {
            self.present[(term >> 6) as usize] = 0;
            self.in_text[(term >> 6) as usize] = 0;
        }
        let words = terms.div_ceil(64);
        self.present.resize(words, 0);
        self.in_text.resize(words, 0);
        // Emptying the table must not cost more than filling it.
        if self.table.len() > 16 * self.heads.len().max(LEAST) {
            self.table = Vec::new();
        }
        self.occurrences.clear();
        self.nexts.clear();
        self.heads.clear();
        self.seen.clear();
        // A single huge article must not keep its memory for good.
        self.occurrences.shrink_to(MOST_KEPT);
        self.nexts.shrink_to(MOST_KEPT);
        self.table.fill((NONE, NONE));
    }

    /// The terms and pairs.
    pub(super) fn terms(&self) -> impl Iterator<Item = u32> {
        self.heads.iter().map(|head| head.term)
    }

    /// These and the groups that were added.
    pub(super) fn seen(&self) -> &[u32] {
        &self.seen
    }

    /// The same as bits.
    pub(super) fn present(&self) -> &[u64] {
        &self.present
    }

    /// The terms and pairs, as bits, that one of these fields may hold.
    #[inline]
    pub(super) fn in_fields(&self, fields: FieldSet) -> &[u64] {
        if fields == FieldSet::TEXT { &self.in_text } else { &self.present }
    }

    /// Notes that a group has a member in the article.
    pub(super) fn add_group(&mut self, group: u32) {
        let (word, bit) = ((group >> 6) as usize, 1_u64 << (group & 63));
        if self.present[word] & bit == 0 {
            self.present[word] |= bit;
            self.seen.push(group);
        }
    }

    /// Notes that a piece satisfies these terms, or begins this pair.
    #[inline(always)]
    pub(super) fn add(&mut self, terms: &[TermId], piece: u32, at: Stretch, fields: u8) {
        for &TermId(term) in terms {
            let occurrence = clip(self.occurrences.len());
            self.occurrences.push(Occurrence { at, term, piece, fields });
            self.nexts.push(NONE);
            let (word, bit) = ((term >> 6) as usize, 1_u64 << (term & 63));
            if self.present[word] & bit != 0 {
                let place = self.place_of(term);
                let head = &mut self.heads[place];
                self.nexts[head.last as usize] = occurrence;
                head.last = occurrence;
                head.count += 1;
                head.fields |= fields;
                continue;
            }
            self.enter(term);
            self.heads.push(Head { term, first: occurrence, last: occurrence, count: 1, fields });
            self.seen.push(term);
            self.present[word] |= bit;
            // The fields of the text come first, so a term that it holds is met there first.
            if fields & FieldSet::TEXT.0 != 0 {
                self.in_text[word] |= bit;
            }
        }
    }

    /// Where a term or pair occurs, if it does so in one of these fields.
    #[inline]
    pub(super) fn head(&self, term: u32, fields: FieldSet) -> Option<&Head> {
        // The bits are near; most terms that are asked for are not there.
        if !is_set(&self.present, term) {
            return None;
        }
        Some(self.head_of(term)).filter(|head| head.fields & fields.0 != 0)
    }

    /// Where a term or pair occurs that is there.
    #[inline]
    pub(super) fn head_of(&self, term: u32) -> &Head {
        &self.heads[self.place_of(term)]
    }

    /// The head at a place.
    #[inline]
    pub(super) fn head_at(&self, place: usize) -> &Head {
        &self.heads[place]
    }

    /// The numbers of the occurrences that a head leads to, rising.
    #[inline]
    pub(super) fn numbers(&self, head: &Head) -> impl Iterator<Item = u32> {
        let mut next = head.first;
        std::iter::from_fn(move || {
            let number = next;
            (number != NONE).then(|| {
                next = self.nexts[number as usize];
                number
            })
        })
    }

    /// The place among the heads of one that is there.
    #[inline]
    pub(super) fn place_of(&self, term: u32) -> usize {
        let mask = self.table.len() - 1;
        let mut at = hash(term) & mask;
        loop {
            let (of, place) = self.table[at];
            if of == term {
                return place as usize;
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters the next head's term into the table.
    #[inline]
    fn enter(&mut self, term: u32) {
        if 2 * self.heads.len() >= self.table.len() {
            let length = (4 * self.heads.len()).next_power_of_two().max(LEAST);
            self.table.clear();
            self.table.resize(length, (NONE, NONE));
            for number in 0..self.heads.len() {
                self.put(self.heads[number].term, number);
            }
        }
        self.put(term, self.heads.len());
    }

    fn put(&mut self, term: u32, place: usize) {
        let mask = self.table.len() - 1;
        let mut at = hash(term) & mask;
        while self.table[at].0 != NONE {
            at = (at + 1) & mask;
        }
        self.table[at] = (term, clip(place));
    }
}

/// Places in the table of a short article.
const LEAST: usize = 1 << 9;

/// Multiplication by the golden ratio; the high bits are the mixed ones.
#[inline]
fn hash(term: u32) -> usize {
    (u64::from(term).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize
}
