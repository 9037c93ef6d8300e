//! What hit of one topic.

use super::position::{Leaf, MOST_EVIDENCE, settle};

/// The hits of a topic, as they are collected; the memory is used again for the next topic.
///
/// Most hits are a term's or pair's own, reached through no concept, and these go by the number of their occurrence: the
/// scanner numbers occurrences in the order in which hits are reported, and to copy, sort and compare a number costs a
/// fraction of what a [`Leaf`] costs.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Numbers of occurrences.
    occurrences: Vec<u32>,
    /// The hits that no occurrence stands for.
    others: Vec<Leaf>,
}

/// How much was collected at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(usize, usize);

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
        self.occurrences.clear();
        self.others.clear();
    }

    /// An article that hits without end must not keep its memory for good.
    pub(super) fn shrink_to(&mut self, most: usize) {
        self.occurrences.shrink_to(most);
        self.others.shrink_to(most);
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
        Mark(self.occurrences.len(), self.others.len())
    }

    /// Takes back what was collected since.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.occurrences.truncate(mark.0);
        self.others.truncate(mark.1);
    }

    /// All of them, in no order. `leaf_of` tells what an occurrence stands for.
    pub(super) fn into_leaves(self, leaf_of: impl Fn(u32) -> Leaf) -> Vec<Leaf> {
        let mut leaves = self.others;
        leaves.extend(self.occurrences.into_iter().map(leaf_of));
        leaves
    }

    /// Puts them in the order of fields and text, each once, and leaves out what is too many.
    pub(super) fn settle(&mut self, leaf_of: impl Fn(u32) -> Leaf) -> Settled<'_> {
        if !self.others.is_empty() {
            self.others.extend(self.occurrences.drain(..).map(leaf_of));
            settle(&mut self.others);
            return Settled::Leaves(&self.others);
        }
        // The hits of a single term come in order.
        if !self.occurrences.is_sorted_by(|one, next| one < next) {
            self.occurrences.sort_unstable();
            self.occurrences.dedup();
        }
        self.occurrences.truncate(MOST_EVIDENCE);
        Settled::Occurrences(&self.occurrences)
    }
}
