//! Proximity: which hits of one side are near those of the other.

use std::ops::ControlFlow;

use super::Wanted;
use crate::rule::ast::Reach;
use crate::rule::code::{node_length, usual_run};
use crate::rule::collected::Collected;
use crate::rule::expr::{ConceptId, FieldSet};
use crate::rule::nearest::Side;
use crate::rule::position::{Layout, Pos};
use crate::rule::scanner::{Scan, is_set};

/// Pairs of places that are all tried, rather than searching for the nearest: that costs more to set up.
const FEW: usize = 64;

/// Whether a pair stands in the order that `ONEAR` asks for.
fn is_allowed(a: Pos, b: Pos, ordered: bool) -> bool {
    !ordered || b.start >= a.end || (a.overlaps(b) && b.start >= a.start)
}

/// A proximity node.
pub(super) struct Near {
    reach: Reach,
    ordered: bool,
    negated: bool,
    left: usize,
    right: usize,
}

impl Near {
    pub(super) fn at(code: &[u32], at: usize) -> Self {
        let (kind, left) = (code[at + 2], at + 4);
        let reach = match kind & 3 {
            0 => Reach::Words(code[at + 3]),
            1 => Reach::Sentence,
            _ => Reach::Paragraph,
        };
        Self { reach, ordered: kind & 4 != 0, negated: kind & 8 != 0, left, right: left + node_length(code, left) }
    }
}

/// Occurrences of one side that are held without asking for memory.
const FEW_OF_SIDE: usize = 16;

/// Numbers of occurrences and their places.
type Few = ([(u32, Pos); FEW_OF_SIDE], usize);

impl Scan<'_> {
    /// Whether a proximity of two lists of terms holds, and if so its hits: both from one walk. `None` where a side is
    /// something else, or has more hits than a person's text has.
    pub(super) fn take_near(&self, near: &Near, hits: &mut Collected) -> Option<bool> {
        if near.negated {
            return None;
        }
        let (left, left_count) = self.few(near.left)?;
        let (right, right_count) = self.few(near.right)?;
        let (mut of_left, mut of_right) = (0_u32, 0_u32);
        for (i, &(_, a)) in left[..left_count].iter().enumerate() {
            for (j, &(_, b)) in right[..right_count].iter().enumerate() {
                let is_pair = is_allowed(a, b, near.ordered) && self.is_near(a, b, near.reach);
                of_left |= u32::from(is_pair) << i;
                of_right |= u32::from(is_pair) << j;
            }
        }
        for (side, mut marked) in [(&left, of_left), (&right, of_right)] {
            while marked != 0 {
                hits.add_occurrence(side[marked.trailing_zeros() as usize].0);
                marked &= marked - 1;
            }
        }
        Some(of_left != 0)
    }

    /// The occurrences of a list of terms in the text.
    fn few(&self, at: usize) -> Option<Few> {
        let code = self.index.code.words.as_slice();
        let terms = usual_run(&code[at..at + node_length(code, at)])?;
        let noted = &self.scratch.noted;
        let there = noted.in_fields(FieldSet::TEXT);
        let (mut few, mut count) = ([(0, Pos { start: 0, end: 0 }); FEW_OF_SIDE], 0);
        for &term in terms.iter().filter(|&&term| is_set(there, term)) {
            for (number, occurrence) in noted.hits_in(noted.head_of(term), FieldSet::TEXT) {
                *few.get_mut(count)? = (number, self.place_of(term, occurrence.piece));
                count += 1;
            }
        }
        Some((few, count))
    }

    pub(super) fn near_holds(&mut self, near: &Near) -> bool {
        if !self.holds_at(near.left) {
            return false;
        }
        let right_holds = self.holds_at(near.right);
        if !right_holds && !near.negated {
            return false;
        }
        let left = self.sorted_places(near.left);
        // Without a right one every left one stands alone, if it has a place at all.
        let right = if right_holds { self.sorted_places(near.right) } else { Vec::new() };
        let layout = &*self;
        let holds = if near.negated {
            let right = Side::new(&right);
            left.iter().any(|&place| !right.has_partner_of(layout, place, near.reach, near.ordered))
        } else if left.len().saturating_mul(right.len()) <= FEW {
            let fits = |a, b| is_allowed(a, b, near.ordered) && layout.is_near(a, b, near.reach);
            left.iter().any(|&a| right.iter().any(|&b| fits(a, b)))
        } else {
            let stop = |_, _| ControlFlow::Break(());
            Side::new(&left).pairs(&Side::new(&right), layout, near.reach, near.ordered, stop).is_break()
        };
        self.give_buffer(left);
        self.give_buffer(right);
        holds
    }

    pub(super) fn near_places(&mut self, near: &Near, places: &mut Vec<Pos>) {
        let left = self.sorted_places(near.left);
        let right = self.sorted_places(near.right);
        let layout = &*self;
        if near.negated {
            let side = Side::new(&right);
            let alone = left.iter().filter(|&&place| !side.has_partner_of(layout, place, near.reach, near.ordered));
            places.extend(alone);
        } else {
            let _ = Side::new(&left).pairs(&Side::new(&right), layout, near.reach, near.ordered, |a, b| {
                places.push(a.cover(b));
                ControlFlow::Continue(())
            });
        }
        self.give_buffer(left);
        self.give_buffer(right);
    }

    pub(super) fn collect_near(
        &mut self,
        near: &Near,
        concept: Option<ConceptId>,
        only: Option<&[Pos]>,
        hits: &mut Collected,
    ) {
        let is_asked = |place: Pos| only.is_none_or(|places| places.binary_search(&place).is_ok());
        let left = self.sorted_places(near.left);
        let right = self.sorted_places(near.right);
        let mut of_left = self.scratch.buffers.pop().unwrap_or_default();
        let mut of_right = self.scratch.buffers.pop().unwrap_or_default();
        let layout = &*self;
        if near.negated {
            let side = Side::new(&right);
            let alone = |place: Pos| !side.has_partner_of(layout, place, near.reach, near.ordered);
            of_left.extend(left.iter().copied().filter(|&place| is_asked(place) && alone(place)));
        } else {
            let _ = Side::new(&left).pairs(&Side::new(&right), layout, near.reach, near.ordered, |a, b| {
                if is_asked(a.cover(b)) {
                    of_left.push(a);
                    of_right.push(b);
                }
                ControlFlow::Continue(())
            });
        }
        for (side, places) in [(near.left, &mut of_left), (near.right, &mut of_right)] {
            places.sort_unstable();
            places.dedup();
            self.collect(side, Wanted { concept, only: Some(places), holds: true }, hits);
        }
        for buffer in [left, right, of_left, of_right] {
            self.give_buffer(buffer);
        }
    }
}
