//! What hit of one topic.

use super::marks::Marks;
use super::noted::Noted;
use super::position::{Leaf, MOST_EVIDENCE, settle};

/// The hits of a topic, as they are collected; the memory is used again for the next topic.
///
/// Most hits are a term's or pair's own, reached through no concept, and these go by the number of their occurrence: the
/// scanner numbers occurrences in the order in which hits are reported, and a number costs a fraction of what a [`Leaf`]
/// costs. Where all occurrences of a term hit, the term is noted, and followed only once it is known that the topic holds.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Places of heads, all of whose occurrences hit: at most [`MOST_EVIDENCE`] of each.
    heads: Vec<u32>,
    /// Numbers of occurrences.
    occurrences: Vec<u32>,
    /// The hits that no occurrence stands for.
    others: Vec<Leaf>,
    /// Puts occurrences in order.
    marks: Marks,
}

/// Hits that are sorted sooner than marked.
const FEW: usize = 6;

/// How much was collected at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(usize, usize, usize);

/// The hits of a topic that holds, in order, each once.
#[derive(Debug, Clone, Copy)]
pub(super) enum Settled<'c> {
    /// By the numbers of their occurrences.
    Occurrences(&'c [u32]),
    /// Some are no occurrence's.
    Leaves(&'c [Leaf]),
}

impl Collected {
    pub(super) fn clear(&mut self) {
        self.heads.clear();
        self.occurrences.clear();
        self.others.clear();
    }

    /// An article that hits without end must not keep its memory for good.
    pub(super) fn shrink_to(&mut self, most: usize) {
        self.heads.shrink_to(most);
        self.occurrences.shrink_to(most);
        self.others.shrink_to(most);
    }

    #[inline]
    pub(super) fn add_head(&mut self, place: u32) {
        self.heads.push(place);
    }

    #[inline]
    pub(super) fn add_occurrence(&mut self, number: u32) {
        self.occurrences.push(number);
    }

    #[inline]
    pub(super) fn add(&mut self, leaf: Leaf) {
        self.others.push(leaf);
    }

    /// Adds leaves.
    pub(super) fn extend(&mut self, leaves: Vec<Leaf>) {
        self.others.extend(leaves);
    }

    #[inline]
    pub(super) fn mark(&self) -> Mark {
        Mark(self.heads.len(), self.occurrences.len(), self.others.len())
    }

    /// Takes back what was collected since.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.heads.truncate(mark.0);
        self.occurrences.truncate(mark.1);
        self.others.truncate(mark.2);
    }

    /// All of them, in no order. `leaf_of` tells what an occurrence stands for.
    pub(super) fn into_leaves(mut self, noted: &Noted, leaf_of: impl Fn(u32) -> Leaf) -> Vec<Leaf> {
        self.follow(noted);
        let mut leaves = self.others;
        leaves.extend(self.occurrences.into_iter().map(leaf_of));
        leaves
    }

    /// Puts them in the order of fields and text, each once, and leaves out what is too many.
    pub(super) fn settle(&mut self, noted: &Noted, leaf_of: impl Fn(u32) -> Leaf) -> Settled<'_> {
        if !self.others.is_empty() {
            self.follow(noted);
            self.others.extend(self.occurrences.drain(..).map(leaf_of));
            settle(&mut self.others);
            return Settled::Leaves(&self.others);
        }
        let count = |&head: &u32| noted.head_at(head as usize).count as usize;
        let hits = self.occurrences.len() + self.heads.iter().map(count).sum::<usize>();
        if self.heads.len() == 1 && self.occurrences.is_empty() {
            // The hits of a single term come in order.
            self.follow(noted);
        } else if hits <= FEW {
            self.follow(noted);
            self.occurrences.sort_unstable();
            self.occurrences.dedup();
        } else {
            self.marks.resize(noted.occurrences.len());
            self.occurrences.drain(..).for_each(|number| self.marks.add(number));
            for &head in &self.heads {
                noted.numbers(noted.head_at(head as usize)).for_each(|number| self.marks.add(number));
            }
            self.marks.drain(&mut self.occurrences);
        }
        self.occurrences.truncate(MOST_EVIDENCE);
        Settled::Occurrences(&self.occurrences)
    }

    /// Turns heads into their occurrences.
    fn follow(&mut self, noted: &Noted) {
        for head in self.heads.drain(..) {
            self.occurrences.extend(noted.numbers(noted.head_at(head as usize)));
        }
    }
}
