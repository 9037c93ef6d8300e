//! Which topics an article makes worth trying: each word of a topic's [anchor](super::anchor) leads to the topic, together
//! with the next two needs, so that most topics are dismissed without being looked at.
//!
//! An article has thousands of entries to look at, and whether one holds can't be foreseen. So they have one size, and are
//! looked at in one loop without a branch that depends on what is found: a branch that is guessed wrongly costs as much as
//! looking at two of them.

use std::rc::Rc;

use prefetch_index::prefetch_index;

use super::anchor::{Anchors, Need};
use super::code::{Code, LINE, number};
use super::expr::Program;
use super::frequency::{ALL, Frequencies};
use super::marks::Marks;
use super::noted::Noted;
use super::pair::Pairs;
use super::scanner::is_set;

/// For each term, the topics that it leads to.
#[derive(Debug, Default)]
pub(super) struct Postings {
    /// By term, where what it leads to begins. Terms numbered from [`Pairs::terms`] are groups: they are there when one of
    /// their members is. One more for the end of the last.
    starts: Vec<Start>,
    /// The groups that terms belong to ([`GROUP`]), and the topics that they lead to by themselves, or [`LONGER`] and a place
    /// in `longer`.
    plain: Vec<u32>,
    /// Topics that they lead to where something else is there, too.
    checked: Vec<Entry>,
    /// What else is asked of some of those: `topic, counts, terms…`: groups of terms, of each of which that isn't empty one
    /// must be there; `counts` has eight bits for the size of each.
    longer: Vec<u32>,
    /// Topics that must be tried on every article.
    pub always: Vec<u32>,
}

/// Where a term's groups and topics begin in `plain`, and its entries in `checked`.
#[derive(Debug, Clone, Copy, Default)]
struct Start {
    plain: u32,
    checked: u32,
}

/// A topic, or [`LONGER`] and a place in `longer`, and terms of which one must be there; the last one is repeated. Half a
/// line of the processor's cache.
type Entry = [u32; 1 + CHECKED];
const CHECKED: usize = 7;

/// Stretches that are fetched while others are looked at. A guess.
const STRETCHES_AHEAD: usize = 8;
/// Lines of what a term leads to that are fetched before they are asked for.
const LINES_FETCHED: usize = 8;

/// Marks an entry that asks for more.
const LONGER: u32 = 1 << 31;

/// Marks a group.
const GROUP: u32 = 1 << 30;

/// Most terms of a need that are checked before a topic is looked at; in longer lists one will be there anyway.
const MOST_CHECKED: usize = 16;

/// A need that so many articles of [`ALL`] meet is not worth checking.
const TOO_COMMON: u64 = ALL * 6 / 10;

/// Memory for looking for candidates.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// Stretches of `checked`, none of them empty.
    checked: Vec<(u32, u32)>,
    /// Stretches of `plain`.
    plain: Vec<(u32, u32)>,
    /// Topics whose entry holds.
    passed: Vec<u32>,
    /// Places in the postings' `longer`, marked as such.
    longer: Vec<u32>,
    marks: Marks,
}

/// What a topic's anchor leads to, as it is found.
#[derive(Default)]
struct Found {
    plain: Vec<(u32, u32)>,
    checked: Vec<(u32, Entry)>,
}

impl Postings {
    /// The entries for topics in this order (numbers of the program); they are named by their place in it.
    pub(super) fn new(program: &Program, pairs: &Pairs, code: &Code, frequencies: &Frequencies) -> Self {
        let mut anchors = Anchors::new(program, pairs, code, frequencies);
        let mut postings = Self::default();
        let mut found = Found::default();
        for rank in 0..code.topics() {
            let needs = anchors.of_topic(&program.topics[code.topic(rank).topic as usize]);
            postings.add(number(rank), &needs, &mut found);
        }
        let groups = anchors.into_groups();
        for (group, members) in (number(pairs.terms())..).zip(&groups) {
            found.plain.extend(members.iter().map(|&term| (term, GROUP | group)));
        }
        postings.arrange(pairs.terms() + groups.len(), &found);
        postings
    }

    fn add(&mut self, topic: u32, needs: &[Need], found: &mut Found) {
        let Some((anchor, others)) = needs.split_first() else {
            self.always.push(topic);
            return;
        };
        let mut checks: Vec<Rc<[u32]>> = Vec::new();
        for need in others {
            if need.branches.len() <= MOST_CHECKED && need.cost < TOO_COMMON {
                let mut terms: Vec<u32> = need.branches.iter().map(|branch| branch.term).collect();
                terms.dedup();
                checks.push(terms.into());
            }
        }
        // What all words of an anchor ask for is written once.
        let mut shared = None;
        for branch in anchor.branches.iter() {
            let own: Option<Rc<[u32]>> = branch.also().map(|also| [also].into());
            let is_own = own.is_some();
            let groups: Vec<&[u32]> =
                own.iter().chain(&checks).map(|group| &**group).filter(|group| !group.is_empty()).collect();
            let Some(&first) = groups.first() else {
                found.plain.push((branch.term, topic));
                continue;
            };
            let is_long = first.len() > CHECKED;
            let rest: &[&[u32]] = if is_long { &groups } else { &groups[1..] };
            let id = match (rest, shared) {
                ([], _) => topic,
                (_, Some(place)) if !is_own => place,
                _ => {
                    let place = LONGER | number(self.longer.len());
                    let counts = rest.iter().rev().fold(0, |counts, group| counts << 8 | number(group.len()));
                    self.longer.extend([topic, counts]);
                    self.longer.extend(rest.iter().copied().flatten());
                    if !is_own {
                        shared = Some(place);
                    }
                    place
                }
            };
            if is_long {
                found.plain.push((branch.term, id));
                continue;
            }
            let mut entry = [id; 1 + CHECKED];
            for (at, slot) in entry[1..].iter_mut().enumerate() {
                *slot = first[at.min(first.len() - 1)];
            }
            found.checked.push((branch.term, entry));
        }
    }

    /// Puts what was found in the order of terms.
    fn arrange(&mut self, terms: usize, found: &Found) {
        let mut next = vec![Start::default(); terms + 1];
        for &(term, _) in &found.plain {
            next[term as usize].plain += 1;
        }
        for &(term, _) in &found.checked {
            next[term as usize].checked += 1;
        }
        let mut start = Start::default();
        for of in &mut next {
            let end = Start { plain: start.plain + of.plain, checked: start.checked + of.checked };
            *of = std::mem::replace(&mut start, end);
        }
        self.starts = next.clone();
        self.plain = vec![0; found.plain.len()];
        self.checked = vec![Entry::default(); found.checked.len()];
        for &(term, plain) in &found.plain {
            let at = &mut next[term as usize].plain;
            self.plain[*at as usize] = plain;
            *at += 1;
        }
        for &(term, entry) in &found.checked {
            let at = &mut next[term as usize].checked;
            self.checked[*at as usize] = entry;
            *at += 1;
        }
        self.longer.shrink_to_fit();
    }

    /// How many terms and groups there are.
    pub(super) fn terms(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The topics worth trying on an article, rising.
    pub(super) fn find(&self, noted: &mut Noted, search: &mut Search, candidates: &mut Vec<u32>) {
        search.clear();
        for &topic in &self.always {
            search.marks.add(topic);
        }
        search.look_up(self, noted.seen());
        // First what terms lead to by themselves: any entry may ask for their groups, and these lead to topics, too, and may
        // be members of others.
        let (mut known, mut taken) = (noted.seen().len(), 0);
        loop {
            let stretches = search.plain.len();
            self.take_plain(taken, noted, search);
            if noted.seen().len() == known {
                break;
            }
            search.look_up(self, &noted.seen()[known..]);
            (known, taken) = (noted.seen().len(), stretches);
        }
        self.check(noted.present(), search);
        search.marks.drain(candidates);
    }

    /// Notes the groups and topics that terms lead to by themselves, from this stretch of them.
    fn take_plain(&self, first: usize, noted: &mut Noted, search: &mut Search) {
        let Search { plain, longer, marks, .. } = search;
        for &(from, _) in plain[first..].iter().take(STRETCHES_AHEAD) {
            prefetch_index(&self.plain, from as usize);
        }
        for (at, &(from, to)) in plain.iter().enumerate().skip(first) {
            if let Some(&(ahead, _)) = plain.get(at + STRETCHES_AHEAD) {
                prefetch_index(&self.plain, ahead as usize);
            }
            for &one in &self.plain[from as usize..to as usize] {
                if one & (LONGER | GROUP) == 0 {
                    marks.add(one);
                } else if one & LONGER == 0 {
                    noted.add_group(one ^ GROUP);
                } else {
                    longer.push(one);
                }
            }
        }
    }

    /// Marks the topics of the entries of which one term is there.
    fn check(&self, present: &[u64], search: &mut Search) {
        let Search { checked, passed, longer, marks, .. } = search;
        let entries: usize = checked.iter().map(|(from, to)| (to - from) as usize).sum();
        let (mut count, mut others) = (0, longer.len());
        passed.resize(entries, 0);
        longer.resize(others + entries, 0);
        for &stretch in checked.iter().take(STRETCHES_AHEAD) {
            self.fetch(stretch);
        }
        for (at, &(from, to)) in checked.iter().enumerate() {
            if let Some(&ahead) = checked.get(at + STRETCHES_AHEAD) {
                self.fetch(ahead);
            }
            for &[id, ref terms @ ..] in &self.checked[from as usize..to as usize] {
                let bit = |term: u32| present[(term >> 6) as usize] >> (term & 63);
                let bits = terms.iter().fold(0, |bits, &term| bits | bit(term));
                let (is_there, is_longer) = ((bits & 1) as usize, (id >> LONGER.trailing_zeros()) as usize);
                passed[count] = id;
                count += is_there & !is_longer;
                longer[others] = id;
                others += is_there & is_longer;
            }
        }
        for &id in &passed[..count] {
            marks.add(id);
        }
        let longer = &longer[..others];
        let first = |id: u32| self.longer[(id ^ LONGER) as usize];
        std::hint::black_box(longer.iter().fold(0, |sum, &id| sum ^ first(id)));
        for &id in longer {
            let [topic, counts, rest @ ..] = &self.longer[(id ^ LONGER) as usize..] else { continue };
            let (mut counts, mut terms, mut may_hold) = (*counts, rest, true);
            while counts != 0 {
                let (group, others) = terms.split_at((counts & 0xFF) as usize);
                may_hold = may_hold && group.iter().any(|&term| is_set(present, term));
                terms = others;
                counts >>= 8;
            }
            if may_hold {
                marks.add(*topic);
            }
        }
    }

    /// Fetches where that begins which a term leads to, so that it is near the processor when it is asked for.
    #[inline]
    pub(super) fn fetch_start(&self, term: u32) {
        prefetch_index(&self.starts, term as usize);
    }

    /// Fetches the beginning of a stretch of `checked`.
    #[inline]
    fn fetch(&self, (from, to): (u32, u32)) {
        for line in (from..to).step_by(LINE / (1 + CHECKED)).take(LINES_FETCHED) {
            prefetch_index(&self.checked, line as usize);
        }
    }
}

impl Search {
    fn clear(&mut self) {
        self.checked.clear();
        self.plain.clear();
        self.longer.clear();
    }

    /// Makes room for so many topics.
    pub(super) fn resize(&mut self, topics: usize) {
        self.marks.resize(topics);
    }

    /// Notes what these terms lead to.
    fn look_up(&mut self, postings: &Postings, terms: &[u32]) {
        let (mut plain, mut checked) = (self.plain.len(), self.checked.len());
        self.plain.resize(plain + terms.len(), (0, 0));
        self.checked.resize(checked + terms.len(), (0, 0));
        for &term in terms {
            let (start, end) = (postings.starts[term as usize], postings.starts[term as usize + 1]);
            self.plain[plain] = (start.plain, end.plain);
            plain += usize::from(start.plain < end.plain);
            self.checked[checked] = (start.checked, end.checked);
            checked += usize::from(start.checked < end.checked);
        }
        self.plain.truncate(plain);
        self.checked.truncate(checked);
    }
}
