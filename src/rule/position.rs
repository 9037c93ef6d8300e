//! Places in an article, and what a hit is.

use std::cmp::Ordering;
use std::ops::Range;

use super::ast::Reach;
use super::expr::{AtomId, ConceptId, Program};
use crate::model::Evidence;
use crate::text::analyzed::{FIELDS, HalfWords};

/// A stretch of pieces: from `start` up to but not including `end`, counted over all fields of an article, with one empty
/// place after each part of a field. It never reaches over such a part's end. A regular expression that hits between two words has a
/// stretch without pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Pos {
    /// First piece.
    pub start: u32,
    /// One past the last piece.
    pub end: u32,
}

impl Pos {
    /// Whether both share a piece.
    #[must_use]
    pub(super) fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// The smallest stretch that holds both.
    #[must_use]
    pub(super) fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Where in the text something stands; ordered by field and text. One number, which makes comparing cheap: from the top 3
/// bits for the index of the field among [`FIELDS`], 30 for the first byte, 31 for the length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stretch(u64);

impl Stretch {
    /// From the first byte up to but not including the last. Texts end before [`LONGEST`](Self::LONGEST).
    pub(super) fn new(field: u8, start: u32, end: u32) -> Self {
        let (start, end) = (start.min(Self::LONGEST), end.min(Self::LONGEST));
        Self(u64::from(field) << 61 | u64::from(start) << 31 | u64::from(end.saturating_sub(start)))
    }

    /// Bytes of a text: a line of articles is refused at a sixteenth of that.
    const LONGEST: u32 = (1 << 30) - 1;

    /// Index of the field among [`FIELDS`].
    pub(super) fn field(self) -> usize {
        (self.0 >> 61) as usize
    }

    /// First byte.
    pub(super) fn start(self) -> u32 {
        (self.0 >> 31) as u32 & Self::LONGEST
    }

    /// One past the last byte.
    pub(super) fn end(self) -> u32 {
        self.start() + (self.0 as u32 & Self::LONGEST)
    }
}

/// An atom's hit in the text; ordered by place, atom and concept, no concept first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Leaf {
    /// Where it stands.
    pub at: Stretch,
    /// The atom, and the number of the concept that the query names plus one; 0 if the atom was reached through none.
    atom_and_concept: u64,
}

impl Leaf {
    /// An atom's hit, reached through this concept.
    #[inline]
    pub(super) fn new(at: Stretch, atom: AtomId, concept: Option<ConceptId>) -> Self {
        let concept = concept.map_or(0, |concept| u64::from(concept.0) + 1);
        Self { at, atom_and_concept: u64::from(atom.0) << 32 | concept }
    }

    /// The atom.
    pub(super) fn atom(&self) -> AtomId {
        AtomId((self.atom_and_concept >> 32) as u32)
    }

    /// The concept that the query names, if the atom was reached through one.
    pub(super) fn concept(&self) -> Option<ConceptId> {
        (self.atom_and_concept as u32).checked_sub(1).map(ConceptId)
    }

    /// The whole as a number: hits are sorted by the thousand.
    #[inline]
    fn key(&self) -> u128 {
        u128::from(self.at.0) << 64 | u128::from(self.atom_and_concept)
    }
}

impl PartialOrd for Leaf {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Leaf {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// At most so many hits are reported for one match; the text of a person has fewer, and a page of one word repeated a
/// million times shall not make a message of a million lines.
pub(super) const MOST_EVIDENCE: usize = 1_000;

/// Puts hits in the order of fields and text, each once, and leaves out what is too many.
pub(super) fn settle(leaves: &mut Vec<Leaf>) {
    leaves.sort_unstable();
    leaves.dedup();
    leaves.truncate(MOST_EVIDENCE);
}

/// Hits as the rest of the product knows them: in the order of fields and text.
#[must_use]
pub(super) fn evidence(program: &Program, mut leaves: Vec<Leaf>) -> Vec<Evidence> {
    settle(&mut leaves);
    leaves
        .into_iter()
        .map(|leaf| Evidence {
            field: FIELDS[leaf.at.field()],
            start: leaf.at.start(),
            end: leaf.at.end(),
            atom: program.written.of(leaf.atom().0).to_owned(),
            concept: leaf.concept().map(|concept| program.concepts[concept.index()].clone()),
        })
        .collect()
}

/// How many of the places count: leftmost first, of those that begin together the longest, none that overlaps one taken.
#[must_use]
pub(super) fn count_without_overlap(places: impl Iterator<Item = Pos>) -> usize {
    let mut places: Vec<Pos> = places.collect();
    places.sort_unstable_by_key(|place| (place.start, std::cmp::Reverse(place.end)));
    places.dedup();
    let (mut count, mut taken_to) = (0, 0);
    for place in places {
        if place.start >= taken_to {
            count += 1;
            taken_to = place.end;
        }
    }
    count
}

/// Distances in an article.
pub(super) trait Layout {
    /// Weight of all pieces of the field before this one.
    fn at(&self, piece: u32) -> HalfWords;
    /// The field that holds the piece (or ends before it).
    fn field(&self, piece: u32) -> u8;
    /// Number of the sentence that holds the piece, over all fields.
    fn sentence(&self, piece: u32) -> u32;
    /// Number of the paragraph that holds the piece, over all fields.
    fn paragraph(&self, piece: u32) -> u32;

    /// Half words between two stretches of one field; 0 if they overlap.
    fn distance(&self, one: Pos, other: Pos) -> HalfWords {
        if one.end <= other.start {
            self.at(other.start).saturating_sub(self.at(one.end))
        } else if other.end <= one.start {
            self.at(one.start).saturating_sub(self.at(other.end))
        } else {
            0
        }
    }

    /// Whether two stretches are near each other.
    fn is_near(&self, one: Pos, other: Pos, reach: Reach) -> bool {
        let touch = |number: &dyn Fn(u32) -> u32| {
            let of = |place: Pos| -> Range<u32> {
                number(place.start)..number(place.end.saturating_sub(1).max(place.start))
            };
            let (one, other) = (of(one), of(other));
            one.start <= other.end && other.start <= one.end
        };
        self.field(one.start) == self.field(other.start)
            && match reach {
                Reach::Words(words) => self.distance(one, other) <= words.saturating_mul(2),
                Reach::Sentence => touch(&|piece| self.sentence(piece)),
                Reach::Paragraph => touch(&|piece| self.paragraph(piece)),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_takes_the_leftmost_then_the_longest() {
        let places = |list: &[(u32, u32)]| {
            count_without_overlap(list.iter().map(|&(start, end)| Pos { start, end }).collect::<Vec<_>>().into_iter())
        };
        assert_eq!(places(&[(0, 2), (1, 3), (3, 4)]), 2);
        assert_eq!(places(&[(0, 1), (0, 4), (2, 3)]), 1);
        assert_eq!(places(&[(5, 6), (0, 1), (5, 6)]), 2);
    }
}
