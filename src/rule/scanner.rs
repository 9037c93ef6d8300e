//! The fast evaluator: one pass over an article notes where the terms of all rules occur; topics that have an anchor among
//! them are evaluated, equal expressions once per article.
//!
//! [`super::plain`] says what everything means; the two must always agree.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::anchor::{Anchor, Anchors};
use super::ast::Reach;
use super::cost::{Cost, Costs};
use super::document::Document;
use super::expr::{AtomId, AtomKind, ConceptId, Expr, ExprId, FieldSet, Item, Program, STRETCH, TermId, Test};
use super::lookup::{Entry, Lookup, Memo, Met};
use super::position::{Layout, Leaf, MOST_EVIDENCE, Pos, count_without_overlap};
use super::term::Languages;
use crate::text::analyzed::{FIELDS, HalfWords, LEDE, weight};
use crate::text::segment::{PieceKind, paragraphs, pieces, sentences};

/// What is prepared once for a program.
#[derive(Debug)]
pub(super) struct Index {
    /// Tells scratches of different programs apart.
    number: u64,
    lookup: Lookup,
    /// Topics to try when a term is there; by term.
    anchored: Vec<Vec<u32>>,
    /// Topics to try on every article.
    always: Vec<u32>,
    /// Fields that any query looks at.
    fields: FieldSet,
    /// By expression, what an atom of one single term asks for: most of all expressions, so they get a short way.
    single: Vec<Single>,
}

#[derive(Debug, Clone, Copy)]
struct Single {
    /// [`NONE`] where the expression is something else.
    term: u32,
    fields: u8,
}

impl Single {
    fn new(program: &Program, expr: &Expr) -> Self {
        if let Expr::Atom { atom, fields } = expr
            && let AtomKind::Sequence(items) = &program.atoms[atom.index()].kind
            && let [Item { test: Test::Term(term), .. }] = items.as_slice()
        {
            return Self { term: term.0, fields: fields.0 };
        }
        Self { term: NONE, fields: 0 }
    }
}

impl Index {
    pub(super) fn new(program: &Program) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let mut anchors = Anchors::new(program);
        let mut anchored = vec![Vec::new(); program.terms.len()];
        let mut always = Vec::new();
        for (index, topic) in (0_u32..).zip(&program.topics) {
            if !topic.enabled {
                continue;
            }
            match anchors.of_topic(topic) {
                Anchor::OneOf { terms, .. } => {
                    for term in terms.iter() {
                        anchored[term.index()].push(index);
                    }
                }
                Anchor::Nothing => always.push(index),
            }
        }
        let mut fields = FieldSet::TEXT;
        for expr in &program.exprs {
            if let Expr::Atom { fields: of_atom, .. } = expr {
                fields.0 |= of_atom.0;
            }
        }
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            lookup: Lookup::new(&program.terms),
            anchored,
            always,
            fields,
            single: program.exprs.iter().map(|expr| Single::new(program, expr)).collect(),
        }
    }

    /// What tells it apart from all others of this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// Memory that scanning uses again and again; one per thread. It belongs to no ruleset: given to another one it starts
/// afresh.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The program that the rest belongs to.
    owner: u64,
    /// Counts articles; what carries another number is of an earlier article.
    epoch: u32,
    memos: FxHashMap<Languages, Memo>,
    pieces: Vec<Place>,
    heads: Vec<Head>,
    occurrences: Vec<Occurrence>,
    seen: Vec<TermId>,
    truths: Vec<(u32, bool)>,
    candidates: Vec<u32>,
    places: FxHashMap<ExprId, (u32, u32)>,
    place_pool: Vec<Pos>,
    /// Where costs are asked for.
    costs: Option<Costs>,
}

/// A piece of the article, or the empty place after a field.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    end: u32,
    at: HalfWords,
    terms: Entry,
    /// The field's bit, and the lede's if the piece belongs to it.
    fields: u8,
    field: u8,
    glued: bool,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Character,
    End,
}

/// Where a term occurs: a list through `occurrences`.
#[derive(Debug, Clone, Copy, Default)]
struct Head {
    epoch: u32,
    first: u32,
    last: u32,
    count: u32,
    fields: u8,
}

#[derive(Debug, Clone, Copy)]
struct Occurrence {
    piece: u32,
    next: u32,
}

const NONE: u32 = u32::MAX;

impl Scratch {
    /// One that also gathers what each topic costs.
    #[must_use]
    pub fn with_costs() -> Self {
        Self { costs: Some(Costs::default()), ..Self::default() }
    }

    /// What topics have cost since the last call; `None` unless made by [`with_costs`](Self::with_costs).
    /// [`Ruleset::topic_costs`](super::Ruleset::topic_costs) reads it.
    pub fn take_costs(&mut self) -> Option<Costs> {
        self.costs.as_mut().map(std::mem::take)
    }

    /// Puts everything back to its beginning, apart from the costs.
    pub(super) fn reset(&mut self) {
        *self = Self { costs: self.costs.take(), ..Self::default() };
    }

    fn begin(&mut self, program: &Program, index: &Index) {
        if self.owner != index.number || self.epoch == u32::MAX {
            self.reset();
            self.owner = index.number;
            self.heads.resize(program.terms.len(), Head::default());
            self.truths.resize(program.exprs.len(), (0, false));
        }
        if let Some(costs) = &mut self.costs {
            if costs.owner != index.number || costs.of_topics.len() != program.topics.len() {
                let of_topics = vec![Cost::default(); program.topics.len()];
                *costs = Costs { owner: index.number, of_topics, ..Costs::default() };
            }
            costs.articles += 1;
        }
        self.epoch += 1;
        self.pieces.clear();
        self.occurrences.clear();
        self.seen.clear();
        self.candidates.clear();
        self.places.clear();
        self.place_pool.clear();
        // A single huge article must not keep its memory for good.
        self.pieces.shrink_to(MOST_KEPT);
        self.occurrences.shrink_to(MOST_KEPT);
        self.place_pool.shrink_to(MOST_KEPT);
    }
}

/// Pieces of an article for which memory is kept.
const MOST_KEPT: usize = 1 << 20;

/// Languages for which spellings are remembered at the same time, where that depends on the language at all.
const MOST_MEMOS: usize = 24;

/// One article, scanned.
pub(super) struct Scan<'a> {
    program: &'a Program,
    index: &'a Index,
    document: &'a Document<'a>,
    languages: Languages,
    memo_key: Languages,
    memo: Memo,
    scratch: &'a mut Scratch,
    blocks: OnceCell<Blocks>,
}

/// For each piece, the number of its sentence and paragraph.
#[derive(Debug)]
struct Blocks {
    sentences: Vec<u32>,
    paragraphs: Vec<u32>,
}

impl Drop for Scan<'_> {
    fn drop(&mut self) {
        self.scratch.memos.insert(self.memo_key, std::mem::take(&mut self.memo));
    }
}

impl Layout for Scan<'_> {
    fn at(&self, piece: u32) -> HalfWords {
        self.piece(piece).at
    }

    fn field(&self, piece: u32) -> u8 {
        self.piece(piece).field
    }

    fn sentence(&self, piece: u32) -> u32 {
        self.blocks().sentences[piece as usize]
    }

    fn paragraph(&self, piece: u32) -> u32 {
        self.blocks().paragraphs[piece as usize]
    }
}

impl<'a> Scan<'a> {
    /// Reads the article once.
    pub(super) fn new(
        program: &'a Program,
        index: &'a Index,
        document: &'a Document<'a>,
        scratch: &'a mut Scratch,
    ) -> Self {
        scratch.begin(program, index);
        let languages = document.languages();
        let memo_key = if index.lookup.depends_on_language() { languages } else { Languages::All };
        if scratch.memos.len() > MOST_MEMOS {
            scratch.memos.clear();
        }
        let mut memo = scratch.memos.remove(&memo_key).unwrap_or_default();
        memo.trim();
        let mut scan = Self { program, index, document, languages, memo_key, memo, scratch, blocks: OnceCell::new() };
        for field in 0..FIELDS.len() {
            scan.read_field(index, field);
        }
        scan.find_candidates(index);
        scan
    }

    /// The topics worth trying, by index, in rising order. Their memory is to be given back.
    pub(super) fn take_candidates(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.scratch.candidates)
    }

    /// Takes back the memory of the candidates.
    pub(super) fn give_back(&mut self, candidates: Vec<u32>) {
        self.scratch.candidates = candidates;
    }

    /// Whether costs are asked for.
    pub(super) fn keeps_costs(&self) -> bool {
        self.scratch.costs.is_some()
    }

    /// Notes what a topic cost on this article.
    pub(super) fn charge(&mut self, topic: u32, time: Duration, matches: bool) {
        if let Some(cost) = self.scratch.costs.as_mut().and_then(|costs| costs.of_topics.get_mut(topic as usize)) {
            cost.candidates += 1;
            cost.matches += u64::from(matches);
            cost.time += time;
        }
    }

    /// Half words in title, summary and body.
    pub(super) fn weight(&self) -> HalfWords {
        self.scratch
            .pieces
            .iter()
            .filter(|piece| piece.kind == Kind::End && piece.field < 3)
            .map(|piece| piece.at)
            .sum()
    }

    fn read_field(&mut self, index: &Index, number: usize) {
        let field = clip(number) as u8;
        let bit = 1_u8 << field;
        let text: &str = &self.document.fields[number];
        // The lede is made of the first three fields, which are always read.
        let is_read = number < 3 || index.fields.meets(FieldSet(bit));
        let article = self.languages;
        let mut at = 0;
        let scratch = &mut *self.scratch;
        if is_read {
            let mut rest = pieces(text);
            while self.memo.read(&index.lookup, text, &mut rest, article) {
                for &Met { piece, terms, .. } in self.memo.batch() {
                    let end_at = at + weight(piece.kind);
                    let in_lede = number == 0 || (number < 3 && end_at <= LEDE);
                    let fields = if in_lede { bit | FieldSet::LEDE.0 } else { bit };
                    let place = clip(scratch.pieces.len());
                    for &term in self.memo.terms(terms) {
                        let occurrence = clip(scratch.occurrences.len());
                        scratch.occurrences.push(Occurrence { piece: place, next: NONE });
                        let head = &mut scratch.heads[term.index()];
                        if head.epoch == scratch.epoch {
                            scratch.occurrences[head.last as usize].next = occurrence;
                            head.last = occurrence;
                            head.count += 1;
                            head.fields |= fields;
                        } else {
                            *head =
                                Head { epoch: scratch.epoch, first: occurrence, last: occurrence, count: 1, fields };
                            scratch.seen.push(term);
                        }
                    }
                    scratch.pieces.push(Place {
                        start: clip(piece.start),
                        end: clip(piece.end),
                        at,
                        terms,
                        fields,
                        field,
                        glued: piece.glued,
                        kind: if piece.kind == PieceKind::Word { Kind::Word } else { Kind::Character },
                    });
                    at = end_at;
                }
            }
        }
        scratch.pieces.push(Place {
            start: clip(text.len()),
            end: clip(text.len()),
            at,
            terms: Entry::default(),
            fields: 0,
            field,
            glued: false,
            kind: Kind::End,
        });
    }

    fn find_candidates(&mut self, index: &Index) {
        let scratch = &mut *self.scratch;
        scratch.candidates.extend(&index.always);
        for term in &scratch.seen {
            scratch.candidates.extend(&index.anchored[term.index()]);
        }
        scratch.candidates.sort_unstable();
        scratch.candidates.dedup();
    }

    fn piece(&self, number: u32) -> &Place {
        &self.scratch.pieces[number as usize]
    }

    /// Whether a node holds.
    pub(super) fn holds(&mut self, id: ExprId) -> bool {
        let single = self.index.single[id.index()];
        if single.term != NONE {
            return self.head(TermId(single.term)).is_some_and(|head| head.fields & single.fields != 0);
        }
        let (epoch, known) = self.scratch.truths[id.index()];
        if epoch == self.scratch.epoch {
            return known;
        }
        let holds = self.find_out(id);
        self.scratch.truths[id.index()] = (self.scratch.epoch, holds);
        holds
    }

    fn find_out(&mut self, id: ExprId) -> bool {
        let program = self.program;
        match program.expr(id) {
            Expr::Atom { atom, fields } => self.atom_holds(*atom, *fields),
            Expr::And(parts) => parts.iter().all(|&part| self.holds(part)),
            Expr::Or(parts) => parts.iter().any(|&part| self.holds(part)),
            Expr::Not(of) => !self.holds(*of),
            Expr::Near { left, right, reach, ordered, negated } => {
                if !self.holds(*left) {
                    return false;
                }
                let right_holds = self.holds(*right);
                if *negated {
                    let left = self.places(*left);
                    // Without a right one every left one stands alone, if it has a place at all.
                    if !right_holds {
                        return !left.is_empty();
                    }
                    let right = Side::new(self.places(*right));
                    return left.iter().any(|&place| !self.has_partner(place, &right, *reach, *ordered));
                }
                if !right_holds {
                    return false;
                }
                let left = Side::new(self.places(*left));
                let right = Side::new(self.places(*right));
                self.pairs(&left, &right, *reach, *ordered, |_, _| ControlFlow::Break(())).is_break()
            }
            Expr::AtLeast { count, of } => {
                self.holds(*of) && count_without_overlap(self.places(*of).into_iter()) >= *count as usize
            }
            Expr::SomeOf { count, of } => {
                let mut missing = *count;
                for &part in of {
                    if missing == 0 {
                        break;
                    }
                    missing -= u32::from(self.holds(part));
                }
                missing == 0
            }
            Expr::Concept { any, lists, .. } => {
                let languages = self.languages;
                any.is_some_and(|list| self.holds(list))
                    || lists.iter().any(|&(lang, list)| languages.include(lang) && self.holds(list))
            }
            Expr::Topic { of, .. } => self.holds(*of),
        }
    }

    fn atom_holds(&self, atom: AtomId, fields: FieldSet) -> bool {
        match &self.program.atoms[atom.index()].kind {
            AtomKind::Sequence(items) => self.sequences(items, fields, |_, _| ControlFlow::Break(())).is_break(),
            AtomKind::Regex(_) => self.regex_hits(atom, fields, |_, _| ControlFlow::Break(())).is_break(),
        }
    }

    fn head(&self, term: TermId) -> Option<&Head> {
        let head = &self.scratch.heads[term.index()];
        (head.epoch == self.scratch.epoch).then_some(head)
    }

    /// Calls `found` with the first piece and one past the last of every place where the sequence stands.
    fn sequences(
        &self,
        items: &[Item],
        fields: FieldSet,
        mut found: impl FnMut(u32, u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        // All terms must be there; the rarest of those at a known distance from the beginning says where to look.
        let mut rarest: Option<(Head, u32)> = None;
        let mut distance = Some(0);
        for item in items {
            match item.test {
                Test::Term(term) => {
                    let Some(&head) = self.head(term) else { return ControlFlow::Continue(()) };
                    if head.fields & fields.0 == 0 {
                        return ControlFlow::Continue(());
                    }
                    if let Some(distance) = distance
                        && rarest.is_none_or(|(best, _)| head.count < best.count)
                    {
                        rarest = Some((head, distance));
                    }
                }
                Test::Any => {}
                Test::Stretch => distance = None,
            }
            distance = distance.map(|distance| distance + 1);
        }
        let Some((head, distance)) = rarest else { return ControlFlow::Continue(()) };
        let mut next = head.first;
        while next != NONE {
            let occurrence = self.scratch.occurrences[next as usize];
            next = occurrence.next;
            let Some(start) = occurrence.piece.checked_sub(distance) else { continue };
            if let Some(end) = self.sequence_end(items, start)
                && self.scratch.pieces[start as usize..end as usize].iter().all(|piece| piece.fields & fields.0 != 0)
            {
                found(start, end)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn sequence_end(&self, items: &[Item], start: u32) -> Option<u32> {
        let mut at = start;
        let mut rest = items;
        while let Some((item, after)) = rest.split_first() {
            if item.test == Test::Stretch {
                return (0..=STRETCH)
                    .map_while(|step| {
                        // The characters skipped so far, the last one included, must be of one run.
                        let crosses = step > 0 && {
                            let piece = self.piece(at + step - 1);
                            piece.kind != Kind::Character || !piece.glued
                        };
                        (!crosses).then(|| self.glued_rest(after, at + step))
                    })
                    .flatten()
                    .next();
            }
            let piece = self.scratch.pieces.get(at as usize).filter(|piece| piece.kind != Kind::End)?;
            let fits = match item.test {
                Test::Term(term) => {
                    let terms = self.memo.terms(piece.terms);
                    if terms.len() > 8 { terms.binary_search(&term).is_ok() } else { terms.contains(&term) }
                }
                Test::Any | Test::Stretch => true,
            };
            if !fits || (item.glued && at > start && !piece.glued) {
                return None;
            }
            at += 1;
            rest = after;
        }
        Some(at)
    }

    /// What follows a stretch; its first piece must be glued as its item says, since it is never the sequence's first.
    fn glued_rest(&self, items: &[Item], at: u32) -> Option<u32> {
        if let Some(item) = items.first()
            && item.glued
            && item.test != Test::Stretch
            && !self.scratch.pieces.get(at as usize)?.glued
        {
            return None;
        }
        self.sequence_end(items, at)
    }

    fn regex_hits(
        &self,
        atom: AtomId,
        fields: FieldSet,
        mut found: impl FnMut(Pos, Leaf) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let AtomKind::Regex(regex) = &self.program.atoms[atom.index()].kind else { return ControlFlow::Continue(()) };
        for (number, text) in self.document.fields.iter().enumerate() {
            let field = clip(number) as u8;
            let in_lede = number < 3 && fields.meets(FieldSet::LEDE);
            if !in_lede && !FieldSet(1 << field).meets(fields) {
                continue;
            }
            let first = self.scratch.pieces.partition_point(|piece| piece.field < field);
            let last = self.scratch.pieces.partition_point(|piece| piece.field <= field) - 1;
            let of_field = &self.scratch.pieces[first..last];
            for hit in regex.find_iter(text).filter(|hit| !hit.is_empty()) {
                let (start, end) = (clip(hit.start()), clip(hit.end()));
                let from = of_field.partition_point(|piece| piece.end <= start);
                let to = of_field.partition_point(|piece| piece.start < end);
                let place = Pos { start: clip(first + from), end: clip(first + to.max(from)) };
                let inside = if from < to {
                    of_field[from..to].iter().all(|piece| piece.fields & fields.0 != 0)
                } else {
                    FieldSet(1 << field).meets(fields)
                };
                if inside {
                    found(place, Leaf { field, start, end, atom, concept: None })?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    /// Calls `found` for the hits of an atom, in the order of the text.
    fn atom_hits(
        &self,
        atom: AtomId,
        fields: FieldSet,
        mut found: impl FnMut(Pos, Leaf) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let AtomKind::Sequence(items) = &self.program.atoms[atom.index()].kind else {
            return self.regex_hits(atom, fields, found);
        };
        self.sequences(items, fields, |start, end| {
            let (first, last) = (self.piece(start), self.piece(end - 1));
            let leaf = Leaf { field: first.field, start: first.start, end: last.end, atom, concept: None };
            found(Pos { start, end }, leaf)
        })
    }

    /// Where a node's hits are, sorted, each place once.
    fn places(&mut self, id: ExprId) -> Vec<Pos> {
        if let Some(&(from, to)) = self.scratch.places.get(&id) {
            return self.scratch.place_pool[from as usize..to as usize].to_vec();
        }
        let mut places = self.find_places(id);
        places.sort_unstable();
        places.dedup();
        let from = clip(self.scratch.place_pool.len());
        self.scratch.place_pool.extend(&places);
        self.scratch.places.insert(id, (from, clip(self.scratch.place_pool.len())));
        places
    }

    fn find_places(&mut self, id: ExprId) -> Vec<Pos> {
        let program = self.program;
        if !self.holds(id) {
            return Vec::new();
        }
        match program.expr(id) {
            Expr::Atom { atom, fields } => {
                let mut places = Vec::new();
                let _ = self.atom_hits(*atom, *fields, |place, _| {
                    places.push(place);
                    ControlFlow::Continue(())
                });
                places
            }
            Expr::And(parts) | Expr::Or(parts) | Expr::SomeOf { of: parts, .. } => {
                parts.iter().flat_map(|&part| self.raw_places(part)).collect()
            }
            Expr::Not(_) => Vec::new(),
            Expr::Near { left, right, reach, ordered, negated } => {
                let left = Side::new(self.places(*left));
                let right = Side::new(self.places(*right));
                if *negated {
                    let alone = |&&place: &&Pos| !self.has_partner(place, &right, *reach, *ordered);
                    return left.places.iter().filter(alone).copied().collect();
                }
                let mut places = Vec::new();
                let _ = self.pairs(&left, &right, *reach, *ordered, |a, b| {
                    places.push(a.cover(b));
                    ControlFlow::Continue(())
                });
                places
            }
            Expr::AtLeast { of, .. } | Expr::Topic { of, .. } => self.raw_places(*of),
            Expr::Concept { any, lists, .. } => {
                let lists: Vec<ExprId> = program.lists(*any, lists, self.languages).collect();
                lists.into_iter().flat_map(|list| self.raw_places(list)).collect()
            }
        }
    }

    /// Places of a part: those of atoms are cheap to find again and need not be kept.
    fn raw_places(&mut self, id: ExprId) -> Vec<Pos> {
        match self.program.expr(id) {
            Expr::Atom { .. } | Expr::Or(_) => self.find_places(id),
            _ => self.places(id),
        }
    }

    /// The atoms' hits that make a node hold, unsorted; nothing if it doesn't hold. Of each atom at most the first
    /// [`MOST_EVIDENCE`], which is all that is ever reported.
    pub(super) fn leaves(&mut self, id: ExprId) -> Vec<Leaf> {
        let mut leaves = Vec::new();
        self.collect_leaves(id, None, None, &mut leaves);
        leaves
    }

    /// Collects the leaves of a node's hits, of all of them or only of those at the given places (sorted). Going down with
    /// places, instead of up with leaves, keeps the memory to that of the places.
    fn collect_leaves(&mut self, id: ExprId, concept: Option<ConceptId>, at: Option<&[Pos]>, leaves: &mut Vec<Leaf>) {
        let program = self.program;
        if at.is_some_and(<[Pos]>::is_empty) || !self.holds(id) {
            return;
        }
        let is_asked = |place: Pos| at.is_none_or(|places| places.binary_search(&place).is_ok());
        match program.expr(id) {
            Expr::Atom { atom, fields } => {
                let mut room = MOST_EVIDENCE;
                let _ = self.atom_hits(*atom, *fields, |place, leaf| {
                    if is_asked(place) {
                        leaves.push(Leaf { concept, ..leaf });
                        room -= 1;
                    }
                    if room == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
            }
            Expr::And(parts) | Expr::Or(parts) | Expr::SomeOf { of: parts, .. } => {
                for &part in parts {
                    self.collect_leaves(part, concept, at, leaves);
                }
            }
            Expr::Not(_) => {}
            Expr::Near { left, right, reach, ordered, negated } => {
                let left_side = Side::new(self.places(*left));
                let right_side = Side::new(self.places(*right));
                if *negated {
                    let alone =
                        |place: &Pos| is_asked(*place) && !self.has_partner(*place, &right_side, *reach, *ordered);
                    let alone: Vec<Pos> = left_side.places.iter().copied().filter(alone).collect();
                    self.collect_leaves(*left, concept, Some(&alone), leaves);
                    return;
                }
                let (mut of_left, mut of_right) = (Vec::new(), Vec::new());
                let _ = self.pairs(&left_side, &right_side, *reach, *ordered, |a, b| {
                    if is_asked(a.cover(b)) {
                        of_left.push(a);
                        of_right.push(b);
                    }
                    ControlFlow::Continue(())
                });
                for (side, mut places) in [(*left, of_left), (*right, of_right)] {
                    places.sort_unstable();
                    places.dedup();
                    self.collect_leaves(side, concept, Some(&places), leaves);
                }
            }
            Expr::AtLeast { of, .. } => self.collect_leaves(*of, concept, at, leaves),
            Expr::Topic { of, .. } => self.collect_leaves(*of, None, at, leaves),
            Expr::Concept { concept: named, any, lists } => {
                let concept = concept.or(Some(*named));
                for list in program.lists(*any, lists, self.languages) {
                    self.collect_leaves(list, concept, at, leaves);
                }
            }
        }
    }

    /// How many hits of a node count.
    pub(super) fn count(&mut self, id: ExprId) -> usize {
        count_without_overlap(self.places(id).into_iter())
    }

    /// Calls `pair` for each place of either side and its nearest partners within reach; see the plain evaluator.
    fn pairs(
        &self,
        left: &Side,
        right: &Side,
        reach: Reach,
        ordered: bool,
        mut pair: impl FnMut(Pos, Pos) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut test = |a: Pos, b: Pos| if self.is_near(a, b, reach) { pair(a, b) } else { ControlFlow::Continue(()) };
        for &a in &left.places {
            let over = if ordered { right.first_over_from(a) } else { right.first_over(a) };
            for b in over.into_iter().chain(right.after(a)) {
                test(a, b)?;
            }
            if !ordered && let Some(b) = right.before(a) {
                test(a, b)?;
            }
        }
        for &b in &right.places {
            let over = left.first_over(b).filter(|a| !ordered || a.start <= b.start);
            for a in over.into_iter().chain(left.before(b)) {
                test(a, b)?;
            }
            if !ordered && let Some(a) = left.after(b) {
                test(a, b)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn has_partner(&self, place: Pos, right: &Side, reach: Reach, ordered: bool) -> bool {
        let over = if ordered { right.first_over_from(place) } else { right.first_over(place) };
        let before = if ordered { None } else { right.before(place) };
        over.into_iter().chain(right.after(place)).chain(before).any(|partner| self.is_near(place, partner, reach))
    }

    fn blocks(&self) -> &Blocks {
        self.blocks.get_or_init(|| {
            let mut blocks = Blocks { sentences: Vec::new(), paragraphs: Vec::new() };
            for (starts_of, numbers) in [
                (sentences as fn(&str) -> Vec<usize>, &mut blocks.sentences),
                (paragraphs as fn(&str) -> Vec<usize>, &mut blocks.paragraphs),
            ] {
                let mut before = 0;
                for (number, text) in self.document.fields.iter().enumerate() {
                    let starts = starts_of(text);
                    let of_field = self.scratch.pieces.iter().filter(|piece| usize::from(piece.field) == number);
                    numbers.extend(of_field.map(|piece| {
                        let offset = if piece.kind == Kind::End { usize::MAX } else { piece.start as usize };
                        before + clip(starts.partition_point(|&start| start <= offset))
                    }));
                    before += clip(starts.len());
                }
            }
            blocks
        })
    }
}

/// Places of one operand, arranged for finding the nearest.
struct Side {
    /// By start, then end.
    places: Vec<Pos>,
    /// The greatest end among the places up to each one.
    furthest: Vec<u32>,
    /// By end, then start; empty where that is the same order.
    by_end: Vec<Pos>,
}

impl Side {
    /// From sorted places.
    fn new(places: Vec<Pos>) -> Self {
        let mut furthest = Vec::with_capacity(places.len());
        let mut greatest = 0;
        for place in &places {
            greatest = greatest.max(place.end);
            furthest.push(greatest);
        }
        let mut by_end = Vec::new();
        if !places.is_sorted_by_key(|place| (place.end, place.start)) {
            by_end.clone_from(&places);
            by_end.sort_unstable_by_key(|place| (place.end, place.start));
        }
        Self { places, furthest, by_end }
    }

    fn before(&self, of: Pos) -> Option<Pos> {
        let by_end = if self.by_end.is_empty() { &self.places } else { &self.by_end };
        let count = by_end.partition_point(|place| place.end <= of.start);
        count.checked_sub(1).map(|last| by_end[last])
    }

    fn after(&self, of: Pos) -> Option<Pos> {
        self.places.get(self.places.partition_point(|place| place.start < of.end)).copied()
    }

    /// The first place that overlaps.
    fn first_over(&self, of: Pos) -> Option<Pos> {
        // The first one that ends after `of` begins; those before it end too early, those after it begin later still.
        let first = self.furthest.partition_point(|&end| end <= of.start);
        self.places[first..].iter().take_while(|place| place.start < of.end).find(|place| place.overlaps(of)).copied()
    }

    /// The first place that overlaps and begins no earlier.
    fn first_over_from(&self, of: Pos) -> Option<Pos> {
        let first = self.places.partition_point(|place| place.start < of.start);
        self.places[first..].iter().take_while(|place| place.start < of.end).find(|place| place.overlaps(of)).copied()
    }
}

fn clip(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
