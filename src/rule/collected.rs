//! What hit of one topic.

use super::expr::FieldSet;
use super::marks::Marks;
use super::noted::Noted;
use super::position::{Leaf, MOST_EVIDENCE, settle};
use super::scanner::{clip, is_set};

/// The hits of a topic, as they are collected; the memory is used again for the next topic.
///
/// Most hits are a term's or pair's own, reached through no concept, and these go by the number of their occurrence: the
/// scanner numbers occurrences in the order in which hits are reported, and a number costs a fraction of what a [`Leaf`]
/// costs. Where all occurrences of a term hit, the term is noted, and followed only once it is known that the topic holds.
#[derive(Debug, Default)]
pub(super) struct Collected {
    /// Terms that the text holds: those of its occurrences that are in title, summary or body hit, the first
    /// [`MOST_EVIDENCE`] of each. Behind the first [`count`](Self::count) stands what is used again.
    terms: Vec<u32>,
    count: usize,
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
const FEW: usize = 8;

/// How much was collected at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(usize, usize, usize, usize);

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
        self.count = 0;
        self.heads.clear();
        self.occurrences.clear();
        self.others.clear();
    }

    /// An article that hits without end must not keep its memory for good.
    pub(super) fn shrink_to(&mut self, most: usize) {
        self.terms.truncate(most);
        self.terms.shrink_to(most);
        self.heads.shrink_to(most);
        self.occurrences.shrink_to(most);
        self.others.shrink_to(most);
    }

    /// Adds those of some terms that are `there`; whether any is. Which ones can't be foreseen, so there is no branch that depends on it.
    #[inline]
    pub(super) fn add_terms(&mut self, terms: &[u32], there: &[u64]) -> bool {
        let room = self.count + terms.len();
        if self.terms.len() < room {
            self.terms.resize(room.next_power_of_two(), 0);
        }
        let mut count = self.count;
        for &term in terms {
            self.terms[count] = term;
            count += usize::from(is_set(there, term));
        }
        count != std::mem::replace(&mut self.count, count)
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
        Mark(self.count, self.heads.len(), self.occurrences.len(), self.others.len())
    }

    /// Takes back what was collected since.
    pub(super) fn back_to(&mut self, mark: Mark) {
        self.count = mark.0;
        self.heads.truncate(mark.1);
        self.occurrences.truncate(mark.2);
        self.others.truncate(mark.3);
    }

    /// All of them, in no order. `leaf_of` tells what an occurrence stands for.
    pub(super) fn into_leaves(mut self, noted: &Noted, leaf_of: impl Fn(u32) -> Leaf) -> Vec<Leaf> {
        self.follow(noted);
        let mut leaves = self.others;
        leaves.extend(self.occurrences.into_iter().map(leaf_of));
        leaves
    }

    /// Puts them in the order of fields and text, each once, and leaves out what is too many.
    pub(super) fn settle<'c>(&'c mut self, noted: &'c Noted, leaf_of: impl Fn(u32) -> Leaf) -> Settled<'c> {
        self.look_up(noted);
        if !self.others.is_empty() {
            self.follow(noted);
            self.others.extend(self.occurrences.drain(..).map(leaf_of));
            settle(&mut self.others);
            return Settled::Leaves(&self.others);
        }
        if let ([head], []) = (self.heads.as_slice(), self.occurrences.as_slice()) {
            // The hits of a single term are in order.
            return Settled::Occurrences(noted.numbers(noted.head_at(*head as usize)));
        }
        let count = |&head: &u32| noted.head_at(head as usize).count as usize;
        let hits = self.occurrences.len() + self.heads.iter().map(count).sum::<usize>();
        if hits <= FEW {
            self.follow(noted);
            sort_few(&mut self.occurrences);
        } else {
            self.marks.resize(noted.occurrences.len());
            self.occurrences.drain(..).for_each(|number| self.marks.add(number));
            for &head in &self.heads {
                for &number in noted.numbers(noted.head_at(head as usize)) {
                    self.marks.add(number);
                }
            }
            self.marks.drain(&mut self.occurrences);
        }
        self.occurrences.truncate(MOST_EVIDENCE);
        Settled::Occurrences(&self.occurrences)
    }

    /// Turns terms into heads, and where these would say too much, into occurrences.
    #[inline]
    fn look_up(&mut self, noted: &Noted) {
        for &term in &self.terms[..self.count] {
            let place = noted.place_of(term);
            let head = noted.head_at(place);
            if head.is_within(FieldSet::TEXT) && head.count as usize <= MOST_EVIDENCE {
                self.heads.push(clip(place));
            } else {
                self.occurrences
                    .extend(noted.hits_in(head, FieldSet::TEXT).map(|(number, _)| number).take(MOST_EVIDENCE));
            }
        }
        self.count = 0;
    }

    /// Turns heads into their occurrences.
    fn follow(&mut self, noted: &Noted) {
        self.look_up(noted);
        for head in self.heads.drain(..) {
            self.occurrences.extend(noted.numbers(noted.head_at(head as usize)));
        }
    }
}

/// Puts at most [`FEW`] different or equal numbers in order, each once. Each is put where as many stand before it as are
/// smaller, which takes no branch that depends on them.
fn sort_few(numbers: &mut Vec<u32>) {
    let length = numbers.len();
    let mut given = [u32::MAX; FEW];
    given[..length].copy_from_slice(numbers);
    let mut sorted = [0; FEW];
    for (place, &number) in given.iter().enumerate() {
        let (before, after) = given.split_at(place);
        let equal_or_less = before.iter().map(|&other| usize::from(other <= number)).sum::<usize>();
        let less = after.iter().map(|&other| usize::from(other < number)).sum::<usize>();
        sorted[equal_or_less + less] = number;
    }
    let mut count = 0;
    for place in 0..length {
        numbers[count] = sorted[place];
        count += usize::from(sorted[place] != sorted.get(place + 1).copied().unwrap_or(u32::MAX));
    }
    numbers.truncate(count);
}
