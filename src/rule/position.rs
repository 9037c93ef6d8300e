//! Places in an article, and what a hit is.

use std::ops::Range;

use super::ast::Reach;
use super::expr::{AtomId, ConceptId, Program};
use crate::model::Evidence;
use crate::text::analyzed::{FIELDS, HalfWords};

/// A stretch of pieces: from `start` up to but not including `end`, counted over all fields of an article, with one empty
/// place after each field. It never reaches over a field's end. A regular expression that hits between two words has a
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

/// Where in the text something stands; ordered by field and text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Stretch {
    /// Index of the field among [`FIELDS`]; as wide as the others, which makes comparing cheap.
    field: u32,
    start: u32,
    end: u32,
}

impl Stretch {
    /// From the first byte up to but not including the last.
    pub(super) fn new(field: u8, start: u32, end: u32) -> Self {
        Self { field: field.into(), start, end }
    }

    /// Index of the field among [`FIELDS`].
    pub(super) fn field(self) -> usize {
        self.field as usize
    }

    /// First byte.
    pub(super) fn start(self) -> u32 {
        self.start
    }

    /// One past the last byte.
    pub(super) fn end(self) -> u32 {
        self.end
    }
}

/// An atom's hit in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Leaf {
    /// Where it stands.
    pub at: Stretch,
    /// The atom.
    pub atom: AtomId,
    /// The concept that the query names, if the atom was reached through one.
    pub concept: Option<ConceptId>,
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
            atom: program.written.of(leaf.atom.0).to_owned(),
            concept: leaf.concept.map(|concept| program.concepts[concept.index()].clone()),
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
