//! The fast evaluator's second half: whether a node of the [`Code`](super::code::Code) holds, and where.
//!
//! Truths are remembered for nodes that several queries share and for proximities, which are asked again when hits are
//! collected; places only for those, and only while they are few: a page of one word repeated a million times must not be
//! kept once for every topic that looks for it.

mod near;
mod sequence;

use std::ops::ControlFlow;

use self::near::Near;
use super::code::{ALL_LANGUAGES, node_length, op, usual_run};
use super::collected::Collected;
use super::expr::{AtomId, ConceptId, FieldSet};
use super::noted::{Head, Occurrence};
use super::position::{Leaf, MOST_EVIDENCE, Pos, Stretch, count_without_overlap};
use super::scanner::{MOST_KEPT, Scan, clip, is_set};

impl Scan<'_> {
    /// Whether the node holds that stands here.
    pub(super) fn holds_at(&mut self, at: usize) -> bool {
        let code = self.index.code.words.as_slice();
        let (operation, end) = (code[at] & 0xFF, at + node_length(code, at));
        let fields = FieldSet((code[at] >> 8) as u8);
        match operation {
            op::ANY | op::ANY_OF => {
                let terms = &code[first_term(operation, at)..end];
                if fields == FieldSet::TEXT {
                    terms.iter().any(|&term| is_set(self.scratch.noted.in_fields(fields), term))
                } else {
                    terms.iter().any(|&term| self.term_in(term, fields).is_some())
                }
            }
            op::SEQUENCE => self.sequences(at, fields, |_, _| ControlFlow::Break(())).is_break(),
            op::REGEX => self.regex_hits(AtomId(code[at + 2]), fields, |_, _| ControlFlow::Break(())).is_break(),
            op::AND => operands(code, at + 2, end).all(|operand| self.holds_at(operand)),
            op::OR => operands(code, at + 2, end).any(|operand| self.holds_at(operand)),
            op::NOT => !self.holds_at(at + 2),
            op::NEAR => self.near_holds(&Near::at(code, at)),
            op::AT_LEAST => {
                if !self.holds_at(at + 3) {
                    return false;
                }
                let count = self.count_at(at + 3);
                count >= code[at + 2] as usize
            }
            op::SOME_OF => {
                let mut missing = code[at + 2];
                operands(code, at + 3, end).any(|operand| {
                    missing = missing.saturating_sub(u32::from(missing > 0 && self.holds_at(operand)));
                    missing == 0
                }) || missing == 0
            }
            op::CONCEPT => operands(code, at + 3, end).any(|list| self.list_applies(list) && self.holds_at(list + 3)),
            op::LIST => self.holds_at(at + 3),
            op::TOPIC => self.holds_at(at + 2),
            op::CALL => self.holds_at(code[at + 2] as usize),
            _ => {
                let number = code[at + 2] as usize;
                let known = self.scratch.truths[number];
                if known >> 1 == self.scratch.epoch {
                    return known & 1 != 0;
                }
                let holds = self.holds_at(at + 3);
                self.scratch.truths[number] = self.scratch.epoch << 1 | u32::from(holds);
                holds
            }
        }
    }

    fn list_applies(&self, list: usize) -> bool {
        match self.index.code.words[list + 2] {
            ALL_LANGUAGES => true,
            lang => self.languages.include(self.index.code.langs[lang as usize]),
        }
    }

    /// How many hits of a node count.
    pub(super) fn count_at(&mut self, at: usize) -> usize {
        let places = self.sorted_places(at);
        let count = count_without_overlap(places.iter().copied());
        self.give_buffer(places);
        count
    }

    /// The atoms' hits that make a node hold, unsorted; nothing if it doesn't hold. Of each atom at most the first
    /// [`MOST_EVIDENCE`], which is all that is ever reported.
    pub(super) fn collect_at(&mut self, at: usize, hits: &mut Collected) {
        self.collect(at, Wanted { concept: None, only: None, holds: false }, hits);
    }

    /// Whether a node holds, and the same if so: one walk where asking first would take two.
    pub(super) fn take_hits(&mut self, at: usize, concept: Option<ConceptId>, hits: &mut Collected) -> bool {
        let code = self.index.code.words.as_slice();
        let (operation, end) = (code[at] & 0xFF, at + node_length(code, at));
        let before = hits.mark();
        match operation {
            op::ANY | op::ANY_OF => {
                self.collect_any(&code[at..end], concept, hits);
                hits.mark() != before
            }
            op::SEQUENCE | op::REGEX => {
                self.collect(at, Wanted { concept, only: None, holds: true }, hits);
                hits.mark() != before
            }
            op::AND => {
                let holds = operands(code, at + 2, end).all(|operand| self.take_operand(operand, concept, hits));
                if !holds {
                    hits.back_to(before);
                }
                holds
            }
            op::OR => {
                // All of them: the hits of each are asked for.
                let mut holds = false;
                for operand in operands(code, at + 2, end) {
                    holds |= self.take_operand(operand, concept, hits);
                }
                holds
            }
            op::NOT => !self.holds_at(at + 2),
            op::TOPIC => self.take_hits(at + 2, None, hits),
            op::CALL => self.take_hits(code[at + 2] as usize, concept, hits),
            _ => {
                if operation == op::MEMO
                    && code[at + 3] & 0xFF == op::NEAR
                    && concept.is_none()
                    && let Some(holds) = self.take_near(&Near::at(code, at + 3), hits)
                {
                    return holds;
                }
                let holds = self.holds_at(at);
                if holds {
                    self.collect(at, Wanted { concept, only: None, holds }, hits);
                }
                holds
            }
        }
    }

    /// The same for an operand: most are runs of terms.
    #[inline]
    fn take_operand(&mut self, at: usize, concept: Option<ConceptId>, hits: &mut Collected) -> bool {
        let code = self.index.code.words.as_slice();
        match usual_run(&code[at..at + node_length(code, at)]) {
            Some(terms) if concept.is_none() => hits.add_terms(terms, self.scratch.noted.in_fields(FieldSet::TEXT)),
            _ => self.take_hits(at, concept, hits),
        }
    }

    /// Collects the leaves of a node's hits. Going down with places, instead of up with leaves, keeps the memory to that of
    /// the places.
    fn collect(&mut self, at: usize, wanted: Wanted<'_>, hits: &mut Collected) {
        let Wanted { concept, only, holds } = wanted;
        if only.is_some_and(<[Pos]>::is_empty) {
            return;
        }
        let unsure = Wanted { holds: false, ..wanted };
        let code = self.index.code.words.as_slice();
        let (operation, end) = (code[at] & 0xFF, at + node_length(code, at));
        let fields = FieldSet((code[at] >> 8) as u8);
        let is_asked = |place: Pos| only.is_none_or(|places| places.binary_search(&place).is_ok());
        match operation {
            op::ANY | op::ANY_OF => match only {
                None => self.collect_any(&code[at..end], concept, hits),
                Some(_) => {
                    let is_asked = |term, piece| is_asked(self.place_of(term, piece));
                    self.collect_any_where(&code[at..end], concept, is_asked, hits);
                }
            },
            op::SEQUENCE => {
                let atom = AtomId(code[at + 2]);
                let mut room = MOST_EVIDENCE;
                let _ = self.sequences(at, fields, |start, end| {
                    if is_asked(Pos { start, end }) {
                        let (first, last) = (self.piece(start), self.piece(end - 1));
                        hits.add(Leaf::new(Stretch::new(first.field, first.start, last.end), atom, concept));
                        room -= 1;
                    }
                    if room == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
            }
            op::REGEX => {
                let atom = AtomId(code[at + 2]);
                let mut room = MOST_EVIDENCE;
                let _ = self.regex_hits(atom, fields, |place, stretch| {
                    if is_asked(place) {
                        hits.add(Leaf::new(stretch, atom, concept));
                        room -= 1;
                    }
                    if room == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
            }
            op::AND => {
                if holds || self.holds_at(at) {
                    for operand in operands(code, at + 2, end) {
                        self.collect(operand, Wanted { holds: true, ..wanted }, hits);
                    }
                }
            }
            op::SOME_OF => {
                if holds || self.holds_at(at) {
                    for operand in operands(code, at + 3, end) {
                        self.collect(operand, unsure, hits);
                    }
                }
            }
            op::OR => {
                for operand in operands(code, at + 2, end) {
                    self.collect(operand, unsure, hits);
                }
            }
            op::NOT => {}
            op::NEAR => self.collect_near(&Near::at(code, at), concept, only, hits),
            op::AT_LEAST => {
                if holds || self.holds_at(at) {
                    self.collect(at + 3, Wanted { holds: true, ..wanted }, hits);
                }
            }
            op::CONCEPT => {
                let concept = concept.or(Some(ConceptId(code[at + 2])));
                for list in operands(code, at + 3, end) {
                    if self.list_applies(list) {
                        self.collect(list + 3, Wanted { concept, ..unsure }, hits);
                    }
                }
            }
            op::LIST => self.collect(at + 3, unsure, hits),
            op::TOPIC => self.collect(at + 2, Wanted { concept: None, ..wanted }, hits),
            op::CALL => self.collect(code[at + 2] as usize, wanted, hits),
            _ => {
                if holds || self.holds_at(at) {
                    self.collect(at + 3, Wanted { holds: true, ..wanted }, hits);
                }
            }
        }
    }

    /// The leaves of a run of terms.
    #[inline(never)]
    fn collect_any(&self, node: &[u32], concept: Option<ConceptId>, hits: &mut Collected) {
        match usual_run(node) {
            Some(terms) if concept.is_none() => {
                hits.add_terms(terms, self.scratch.noted.in_fields(FieldSet::TEXT));
            }
            _ => self.collect_any_where(node, concept, |_, _| true, hits),
        }
    }

    /// The same for those hits that are asked for, by term and piece.
    #[inline]
    fn collect_any_where(
        &self,
        node: &[u32],
        concept: Option<ConceptId>,
        is_asked: impl Fn(u32, u32) -> bool,
        hits: &mut Collected,
    ) {
        let (operation, fields) = (node[0] & 0xFF, FieldSet((node[0] >> 8) as u8));
        let terms = &node[first_term(operation, 0)..];
        let is_usual = operation == op::ANY && concept.is_none();
        for (nth, &term) in terms.iter().enumerate() {
            let Some(head) = self.term_in(term, fields) else { continue };
            let asked = self.hits_in(head, fields).filter(|(_, occurrence)| is_asked(term, occurrence.piece));
            for (number, occurrence) in asked.take(MOST_EVIDENCE) {
                if is_usual {
                    hits.add_occurrence(number);
                } else {
                    let atom = match operation {
                        op::ANY => self.index.code.usual_atoms[term as usize],
                        _ => self.index.code.atoms[node[2] as usize + nth],
                    };
                    hits.add(Leaf::new(occurrence.at, AtomId(atom), concept));
                }
            }
        }
    }

    /// The occurrences in these fields that a head leads to, and their numbers.
    #[inline]
    fn hits_in(&self, head: &Head, fields: FieldSet) -> impl Iterator<Item = (u32, &Occurrence)> {
        self.scratch.noted.hits_in(head, fields)
    }

    /// Appends where a node's hits are, in no order; nothing if it doesn't hold.
    fn find_places(&mut self, at: usize, places: &mut Vec<Pos>) {
        let code = self.index.code.words.as_slice();
        let (operation, end) = (code[at] & 0xFF, at + node_length(code, at));
        let fields = FieldSet((code[at] >> 8) as u8);
        match operation {
            op::ANY | op::ANY_OF => {
                for &term in &code[first_term(operation, at)..end] {
                    let Some(head) = self.term_in(term, fields) else { continue };
                    places.extend(self.hits_in(head, fields).map(|(_, found)| self.place_of(term, found.piece)));
                }
            }
            op::SEQUENCE => {
                let _ = self.sequences(at, fields, |start, end| {
                    places.push(Pos { start, end });
                    ControlFlow::Continue(())
                });
            }
            op::REGEX => {
                let _ = self.regex_hits(AtomId(code[at + 2]), fields, |place, _| {
                    places.push(place);
                    ControlFlow::Continue(())
                });
            }
            op::AND | op::SOME_OF => {
                if self.holds_at(at) {
                    let first = if operation == op::AND { at + 2 } else { at + 3 };
                    operands(code, first, end).for_each(|operand| self.find_places(operand, places));
                }
            }
            op::OR => operands(code, at + 2, end).for_each(|operand| self.find_places(operand, places)),
            op::NOT => {}
            op::NEAR => self.near_places(&Near::at(code, at), places),
            op::AT_LEAST => {
                if self.holds_at(at) {
                    self.find_places(at + 3, places);
                }
            }
            op::CONCEPT => {
                for list in operands(code, at + 3, end) {
                    if self.list_applies(list) {
                        self.find_places(list + 3, places);
                    }
                }
            }
            op::LIST => self.find_places(at + 3, places),
            op::TOPIC => self.find_places(at + 2, places),
            op::CALL => self.find_places(code[at + 2] as usize, places),
            _ => self.remembered_places(at, places),
        }
    }

    fn remembered_places(&mut self, at: usize, places: &mut Vec<Pos>) {
        if !self.holds_at(at) {
            return;
        }
        let number = self.index.code.words[at + 2];
        if let Some(&(from, to)) = self.scratch.places.get(&number) {
            places.extend_from_slice(&self.scratch.place_pool[from as usize..to as usize]);
            return;
        }
        let before = places.len();
        self.find_places(at + 3, places);
        // Those found now, each once.
        places[before..].sort_unstable();
        let mut kept = before;
        for next in before..places.len() {
            if next == before || places[next] != places[kept - 1] {
                places[kept] = places[next];
                kept += 1;
            }
        }
        places.truncate(kept);
        let pool = &mut self.scratch.place_pool;
        if pool.len() + kept - before <= MOST_KEPT {
            let from = clip(pool.len());
            pool.extend_from_slice(&places[before..]);
            let to = clip(pool.len());
            self.scratch.places.insert(number, (from, to));
        }
    }

    /// Where a node's hits are, sorted, each place once. The memory is to be given back.
    fn sorted_places(&mut self, at: usize) -> Vec<Pos> {
        let mut places = self.scratch.buffers.pop().unwrap_or_default();
        self.find_places(at, &mut places);
        // Strictly rising is the usual case: one word, or a remembered list.
        if !places.windows(2).all(|pair| pair[0] < pair[1]) {
            places.sort_unstable();
            places.dedup();
        }
        places
    }

    fn give_buffer(&mut self, mut buffer: Vec<Pos>) {
        if buffer.capacity() <= MOST_KEPT {
            buffer.clear();
            self.scratch.buffers.push(buffer);
        }
    }

    /// The pieces of a term or pair that begins here.
    #[inline]
    fn place_of(&self, term: u32, piece: u32) -> Pos {
        Pos { start: piece, end: piece + 1 + u32::from(self.index.pairs.is_pair(term)) }
    }

    #[inline]
    fn term_in(&self, term: u32, fields: FieldSet) -> Option<&Head> {
        self.scratch.noted.head(term, fields)
    }
}

/// Which leaves are collected.
#[derive(Debug, Clone, Copy)]
struct Wanted<'p> {
    /// The concept through which the node was reached, if any.
    concept: Option<ConceptId>,
    /// Only those of hits at these places (sorted); `None` is all of them.
    only: Option<&'p [Pos]>,
    /// Whether the node is known to hold.
    holds: bool,
}

/// Where the terms of a run begin.
fn first_term(operation: u32, at: usize) -> usize {
    if operation == op::ANY { at + 1 } else { at + 3 }
}

/// Where the nodes begin that stand between two places.
fn operands(code: &[u32], from: usize, to: usize) -> impl Iterator<Item = usize> {
    let mut next = from;
    std::iter::from_fn(move || {
        let at = next;
        (at < to).then(|| {
            next += node_length(code, at);
            at
        })
    })
}
