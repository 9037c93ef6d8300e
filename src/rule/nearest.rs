//! Which places of two operands are near each other: for each of either side its nearest partners, found by searching.

use std::ops::ControlFlow;

use super::ast::Reach;
use super::position::{Layout, Pos};

/// Places of one operand, arranged for finding the nearest.
pub(super) struct Side<'p> {
    /// By start, then end; each once.
    places: &'p [Pos],
    /// Absent where no place begins before another and ends after it: then the order by end is the same.
    nested: Option<Nested>,
}

struct Nested {
    /// The greatest end among the places up to each one.
    furthest: Vec<u32>,
    /// By end, then start.
    by_end: Vec<Pos>,
}

impl<'p> Side<'p> {
    /// From sorted places.
    pub(super) fn new(places: &'p [Pos]) -> Self {
        let nested = (!places.is_sorted_by_key(|place| (place.end, place.start))).then(|| {
            let mut greatest = 0;
            let furthest = places
                .iter()
                .map(|place| {
                    greatest = greatest.max(place.end);
                    greatest
                })
                .collect();
            let mut by_end = places.to_vec();
            by_end.sort_unstable_by_key(|place| (place.end, place.start));
            Nested { furthest, by_end }
        });
        Self { places, nested }
    }

    fn before(&self, of: Pos) -> Option<Pos> {
        let by_end = self.nested.as_ref().map_or(self.places, |nested| &nested.by_end);
        let count = by_end.partition_point(|place| place.end <= of.start);
        count.checked_sub(1).map(|last| by_end[last])
    }

    fn after(&self, of: Pos) -> Option<Pos> {
        self.places.get(self.places.partition_point(|place| place.start < of.end)).copied()
    }

    /// The first place that overlaps.
    fn first_over(&self, of: Pos) -> Option<Pos> {
        // The first one that ends after `of` begins; those before it end too early, those after it begin later still.
        let first = match &self.nested {
            Some(nested) => nested.furthest.partition_point(|&end| end <= of.start),
            None => self.places.partition_point(|place| place.end <= of.start),
        };
        self.places[first..].iter().take_while(|place| place.start < of.end).find(|place| place.overlaps(of)).copied()
    }

    /// The first place that overlaps and begins no earlier.
    fn first_over_from(&self, of: Pos) -> Option<Pos> {
        let first = self.places.partition_point(|place| place.start < of.start);
        self.places[first..].iter().take_while(|place| place.start < of.end).find(|place| place.overlaps(of)).copied()
    }

    /// Calls `pair` for each place of either side and its nearest partners within reach; see the plain evaluator. `self`
    /// is the left side.
    pub(super) fn pairs(
        &self,
        right: &Self,
        layout: &impl Layout,
        reach: Reach,
        ordered: bool,
        mut pair: impl FnMut(Pos, Pos) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut test =
            |a: Pos, b: Pos| if layout.is_near(a, b, reach) { pair(a, b) } else { ControlFlow::Continue(()) };
        for &a in self.places {
            let over = if ordered { right.first_over_from(a) } else { right.first_over(a) };
            for b in over.into_iter().chain(right.after(a)) {
                test(a, b)?;
            }
            if !ordered && let Some(b) = right.before(a) {
                test(a, b)?;
            }
        }
        for &b in right.places {
            let over = self.first_over(b).filter(|a| !ordered || a.start <= b.start);
            for a in over.into_iter().chain(self.before(b)) {
                test(a, b)?;
            }
            if !ordered && let Some(a) = self.after(b) {
                test(a, b)?;
            }
        }
        ControlFlow::Continue(())
    }

    /// Whether a place of the left side has a partner on this, the right one.
    pub(super) fn has_partner_of(&self, layout: &impl Layout, place: Pos, reach: Reach, ordered: bool) -> bool {
        let over = if ordered { self.first_over_from(place) } else { self.first_over(place) };
        let before = if ordered { None } else { self.before(place) };
        over.into_iter().chain(self.after(place)).chain(before).any(|partner| layout.is_near(place, partner, reach))
    }
}
