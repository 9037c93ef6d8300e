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
    /// By number of an occurrence, the place of its term or pair in `heads`.
    places: Vec<u32>,
    /// The numbers of occurrences, those of each head together.
    numbers: Vec<u32>,
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

/// Where a term or pair occurs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    term: u32,
    /// Where the numbers of its occurrences begin.
    first: u32,
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
        self.places.clear();
        self.heads.clear();
        self.seen.clear();
        // A single huge article must not keep its memory for good.
        self.occurrences.shrink_to(MOST_KEPT);
        self.places.shrink_to(MOST_KEPT);
        self.numbers.truncate(MOST_KEPT);
        self.numbers.shrink_to(MOST_KEPT);
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
            self.occurrences.push(Occurrence { at, term, piece, fields });
            let (word, bit) = ((term >> 6) as usize, 1_u64 << (term & 63));
            if self.present[word] & bit != 0 {
                let place = self.place_of(term);
                let head = &mut self.heads[place];
                head.count += 1;
                head.fields |= fields;
                self.places.push(clip(place));
                continue;
            }
            self.enter(term);
            self.places.push(clip(self.heads.len()));
            self.heads.push(Head { term, first: 0, count: 1, fields });
            self.seen.push(term);
            self.present[word] |= bit;
            // The fields of the text come first, so a term that it holds is met there first.
            if fields & FieldSet::TEXT.0 != 0 {
                self.in_text[word] |= bit;
            }
        }
    }

    /// To be called when all is noted: puts the occurrences of each term and pair together.
    pub(super) fn arrange(&mut self) {
        let mut next = 0;
        for head in &mut self.heads {
            head.first = next;
            next += head.count;
        }
        self.numbers.resize(self.occurrences.len(), 0);
        for (number, &place) in (0..).zip(&self.places) {
            let head = &mut self.heads[place as usize];
            self.numbers[head.first as usize] = number;
            head.first += 1;
        }
        for head in &mut self.heads {
            head.first -= head.count;
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
    pub(super) fn numbers(&self, head: &Head) -> &[u32] {
        &self.numbers[head.first as usize..(head.first + head.count) as usize]
    }

    /// The occurrences in these fields that a head leads to, and their numbers.
    #[inline]
    pub(super) fn hits_in(&self, head: &Head, fields: FieldSet) -> impl Iterator<Item = (u32, &Occurrence)> {
        self.numbers(head)
            .iter()
            .map(|&number| (number, &self.occurrences[number as usize]))
            .filter(move |(_, occurrence)| occurrence.fields & fields.0 != 0)
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
