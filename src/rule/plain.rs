//! The plain evaluator: slow and obviously right. It compares strings, tries every pair of hits, and remembers nothing.
//! The scanner must always agree with it, hits and scores included; `explain` is built on it.
//!
//! What a node *means* is written here; [`super::scanner`] is the same again, fast.

mod near_miss;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::ast::Reach;
use super::document::Document;
use super::expr::{AtomId, AtomKind, ConceptId, Expr, ExprId, FieldSet, Item, Program, STRETCH, Test};
use super::position::{Layout, Leaf, Pos, Stretch, count_without_overlap};
use super::term::Languages;
use crate::text::analyzed::{AnalyzedField, FIELDS, HalfWords, LEDE, after_part, weight};
use crate::text::reading::{Part, beginnings, parts, readable};
use crate::text::segment::{PieceKind, paragraphs, sentences};

/// What a node makes of an article.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Outcome {
    /// Whether it holds.
    pub holds: bool,
    /// Where, and through which atoms. Empty if it doesn't hold, and for what has no place (`NOT x`).
    pub hits: BTreeMap<Pos, BTreeSet<Leaf>>,
}

impl Outcome {
    fn from_hits(hits: BTreeMap<Pos, BTreeSet<Leaf>>) -> Self {
        Self { holds: !hits.is_empty(), hits }
    }

    fn union(outcomes: impl IntoIterator<Item = Self>) -> BTreeMap<Pos, BTreeSet<Leaf>> {
        let mut hits: BTreeMap<Pos, BTreeSet<Leaf>> = BTreeMap::new();
        for outcome in outcomes {
            for (place, leaves) in outcome.hits {
                hits.entry(place).or_default().extend(leaves);
            }
        }
        hits
    }

    /// How many hits count, overlaps taken once.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        count_without_overlap(self.hits.keys().copied())
    }

    /// The atoms' hits, without their places.
    #[must_use]
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        self.hits.values().flatten().copied().collect()
    }
}

/// An article, ready for the plain evaluator.
#[derive(Debug)]
pub(super) struct Plain<'p> {
    program: &'p Program,
    languages: Languages,
    texts: Vec<String>,
    pieces: Vec<PlainPiece>,
}

#[derive(Debug, Default)]
struct PlainPiece {
    field: u8,
    raw: String,
    folded: String,
    start: u32,
    end: u32,
    at: HalfWords,
    glued: bool,
    is_character: bool,
    in_lede: bool,
    /// The empty place after a part of a field.
    is_end: bool,
    /// Number of the part, over all fields.
    part: u32,
    sentence: u32,
    paragraph: u32,
}

impl Layout for Plain<'_> {
    fn at(&self, piece: u32) -> HalfWords {
        self.pieces[piece as usize].at
    }

    fn field(&self, piece: u32) -> u8 {
        self.pieces[piece as usize].field
    }

    fn sentence(&self, piece: u32) -> u32 {
        self.pieces[piece as usize].sentence
    }

    fn paragraph(&self, piece: u32) -> u32 {
        self.pieces[piece as usize].paragraph
    }
}

impl<'p> Plain<'p> {
    /// Analyses an article for a program.
    #[must_use]
    pub(super) fn new(program: &'p Program, document: &Document<'_>) -> Self {
        let mut pieces = Vec::new();
        let (mut sentences_before, mut paragraphs_before, mut part_number) = (0, 0, 0);
        for (index, field) in FIELDS.into_iter().enumerate() {
            let text = &document.fields[index];
            let sentence_starts = beginnings(field, text, sentences);
            let paragraph_starts = beginnings(field, text, paragraphs);
            let number = |starts: &[usize], at: usize| clip(starts.iter().filter(|&&start| start <= at).count());
            let lede_counts = index < 3;
            let mut before = 0;
            let index = u8::try_from(index).expect("there are seven fields");
            for part in parts(field, text) {
                let analyzed = AnalyzedField::new(field, &part.text);
                let mut push = |span: std::ops::Range<usize>, piece: PlainPiece| {
                    let start = part.stored(span.start);
                    pieces.push(PlainPiece {
                        field: index,
                        start: clip(start),
                        end: clip(part.stored(span.end)),
                        part: part_number,
                        sentence: sentences_before + number(&sentence_starts, start),
                        paragraph: paragraphs_before + number(&paragraph_starts, start),
                        ..piece
                    });
                };
                for token in &analyzed.tokens {
                    let piece = PlainPiece {
                        raw: part.text[token.span.clone()].to_owned(),
                        folded: token.folded.clone(),
                        at: before + token.at,
                        glued: token.glued,
                        is_character: token.kind == PieceKind::Character,
                        in_lede: lede_counts && (index == 0 || token.at + weight(token.kind) <= LEDE),
                        ..PlainPiece::default()
                    };
                    push(token.span.clone(), piece);
                }
                let end = before + analyzed.tokens.last().map_or(0, |last| last.at + weight(last.kind));
                let piece = PlainPiece { at: end, is_end: true, ..PlainPiece::default() };
                push(part.text.len()..part.text.len(), piece);
                before = after_part(end);
                part_number += 1;
            }
            sentences_before += clip(sentence_starts.len());
            paragraphs_before += clip(paragraph_starts.len());
        }
        let texts = document.fields.iter().map(|text| text.clone().into_owned()).collect();
        Self { program, languages: document.languages(), texts, pieces }
    }

    /// What a node makes of the article.
    #[must_use]
    pub(super) fn eval(&self, id: ExprId) -> Outcome {
        self.eval_within(id, None)
    }

    /// The same below a concept that the query names.
    #[must_use]
    pub(super) fn eval_within(&self, id: ExprId, concept: Option<ConceptId>) -> Outcome {
        let eval = |id: &ExprId| self.eval_within(*id, concept);
        match self.program.expr(id) {
            Expr::Atom { atom, fields } => Outcome::from_hits(self.atom(*atom, *fields, concept)),
            Expr::And(parts) => {
                let outcomes: Vec<Outcome> = parts.iter().map(eval).collect();
                if outcomes.iter().all(|outcome| outcome.holds) {
                    Outcome { holds: true, hits: Outcome::union(outcomes) }
                } else {
                    Outcome::default()
                }
            }
            Expr::Or(parts) => {
                let outcomes: Vec<Outcome> = parts.iter().map(eval).collect();
                Outcome { holds: outcomes.iter().any(|outcome| outcome.holds), hits: Outcome::union(outcomes) }
            }
            Expr::Not(of) => Outcome { holds: !eval(of).holds, hits: BTreeMap::new() },
            Expr::Near { left, right, reach, ordered, negated } => {
                let (left, right) = (eval(left), eval(right));
                Outcome::from_hits(if *negated {
                    self.not_near(&left, &right, *reach, *ordered)
                } else {
                    self.near(&left, &right, *reach, *ordered)
                })
            }
            Expr::AtLeast { count, of } => {
                let outcome = eval(of);
                if outcome.count() >= *count as usize { outcome } else { Outcome::default() }
            }
            Expr::SomeOf { count, of } => {
                let outcomes: Vec<Outcome> = of.iter().map(eval).collect();
                if outcomes.iter().filter(|outcome| outcome.holds).count() >= *count as usize {
                    Outcome { holds: true, hits: Outcome::union(outcomes) }
                } else {
                    Outcome::default()
                }
            }
            Expr::Concept { concept: named, any, lists } => {
                let concept = concept.or(Some(*named));
                let lists = self.program.lists(*any, lists, self.languages);
                let outcomes: Vec<Outcome> = lists.map(|list| self.eval_within(list, concept)).collect();
                Outcome { holds: outcomes.iter().any(|outcome| outcome.holds), hits: Outcome::union(outcomes) }
            }
            Expr::Topic { of, .. } => self.eval_within(*of, None),
        }
    }

    fn atom(&self, id: AtomId, fields: FieldSet, concept: Option<ConceptId>) -> BTreeMap<Pos, BTreeSet<Leaf>> {
        let mut hits: BTreeMap<Pos, BTreeSet<Leaf>> = BTreeMap::new();
        match &self.program.atoms[id.index()] {
            AtomKind::Sequence(items) => {
                for start in 0..self.pieces.len() {
                    let Some(end) = self.sequence_end(items, start, start) else { continue };
                    if !self.pieces[start..end].iter().all(|piece| piece.is_in(fields)) {
                        continue;
                    }
                    let (first, last) = (&self.pieces[start], &self.pieces[end - 1]);
                    let leaf = Leaf::new(Stretch::new(first.field, first.start, last.end), id, concept);
                    hits.entry(Pos { start: clip(start), end: clip(end) }).or_default().insert(leaf);
                }
            }
            AtomKind::Regex(regex) => {
                for (index, part) in self.parts() {
                    let field = u8::try_from(index).expect("there are seven fields");
                    for found in regex.find_iter(&part.text).filter(|found| !found.is_empty()) {
                        let (start, end) = (clip(part.stored(found.start())), clip(part.stored(found.end())));
                        let inside = |piece: &PlainPiece| piece.field == field && !piece.is_end;
                        let touched = |piece: &PlainPiece| inside(piece) && piece.start < end && start < piece.end;
                        let place = match self.pieces.iter().position(touched) {
                            Some(first) => {
                                let length = self.pieces[first..].iter().take_while(|piece| touched(piece)).count();
                                Pos { start: clip(first), end: clip(first + length) }
                            }
                            None => {
                                let next =
                                    self.pieces.iter().position(|piece| piece.field == field && piece.start >= end);
                                let next = clip(next.unwrap_or(0));
                                Pos { start: next, end: next }
                            }
                        };
                        // The lede is made of pieces; a hit beside them is in it if the piece before is.
                        let in_fields = if place.start < place.end {
                            self.pieces[place.start as usize..place.end as usize]
                                .iter()
                                .all(|piece| piece.is_in(fields))
                        } else {
                            FieldSet(1 << field).meets(fields)
                        };
                        if in_fields {
                            let leaf = Leaf::new(Stretch::new(field, start, end), id, concept);
                            hits.entry(place).or_default().insert(leaf);
                        }
                    }
                }
            }
        }
        hits
    }

    /// Where the sequence ends if it begins at a piece (`at` is where its remaining items stand).
    fn sequence_end(&self, items: &[Item], begin: usize, at: usize) -> Option<usize> {
        let Some((item, rest)) = items.split_first() else { return Some(at) };
        let piece = self.pieces.get(at).filter(|piece| !piece.is_end);
        if item.test == Test::Stretch {
            if let Some(end) = self.sequence_end(rest, begin, at) {
                return Some(end);
            }
            for step in 0..STRETCH as usize {
                let next = self.pieces.get(at + step)?;
                if !next.is_character || !next.glued {
                    return None;
                }
                if let Some(end) = self.sequence_end(rest, begin, at + step + 1) {
                    return Some(end);
                }
            }
            return None;
        }
        let piece = piece?;
        let fits = match item.test {
            Test::Term(term) => self.program.terms[term.index()].accepts(&piece.raw, &piece.folded, self.languages),
            Test::Any | Test::Stretch => true,
        };
        let joined = !item.glued || at == begin || piece.glued;
        if fits && joined { self.sequence_end(rest, begin, at + 1) } else { None }
    }

    /// Each hit of either side with its nearest partner on each side that is within reach: the places that both cover.
    fn near(&self, left: &Outcome, right: &Outcome, reach: Reach, ordered: bool) -> BTreeMap<Pos, BTreeSet<Leaf>> {
        let mut hits: BTreeMap<Pos, BTreeSet<Leaf>> = BTreeMap::new();
        let mut pair = |a: Pos, b: Pos| {
            if self.is_near(a, b, reach) {
                let entry = hits.entry(a.cover(b)).or_default();
                entry.extend(left.hits[&a].iter().copied());
                entry.extend(right.hits[&b].iter().copied());
            }
        };
        for &a in left.hits.keys() {
            let (before, over, after) = partners(a, &right.hits, |b| !ordered || b.start >= a.start);
            for b in over.into_iter().chain(after) {
                pair(a, b);
            }
            if let (Some(b), false) = (before, ordered) {
                pair(a, b);
            }
        }
        for &b in right.hits.keys() {
            let (before, over, after) = partners(b, &left.hits, |a| !ordered || a.start <= b.start);
            for a in over.into_iter().chain(before) {
                pair(a, b);
            }
            if let (Some(a), false) = (after, ordered) {
                pair(a, b);
            }
        }
        hits
    }

    fn not_near(&self, left: &Outcome, right: &Outcome, reach: Reach, ordered: bool) -> BTreeMap<Pos, BTreeSet<Leaf>> {
        let is_partner = |a: Pos, b: Pos| {
            let in_order = !ordered || b.start >= a.end || (a.overlaps(b) && b.start >= a.start);
            in_order && self.is_near(a, b, reach)
        };
        left.hits
            .iter()
            .filter(|&(&a, _)| !right.hits.keys().any(|&b| is_partner(a, b)))
            .map(|(&place, leaves)| (place, leaves.clone()))
            .collect()
    }

    /// All parts of all fields, with the fields' indexes.
    fn parts(&self) -> impl Iterator<Item = (usize, Part<'_>)> {
        let fields = FIELDS.into_iter().zip(&self.texts).enumerate();
        fields.flat_map(|(index, (field, text))| parts(field, text).map(move |part| (index, part)))
    }

    /// Some bytes of a field, as a person reads them.
    #[must_use]
    pub(super) fn shown(&self, field: usize, bytes: std::ops::Range<usize>) -> Cow<'_, str> {
        readable(FIELDS[field], self.texts[field].get(bytes).unwrap_or(""))
    }

    /// Whether two stretches stand in different parts of one field.
    #[must_use]
    pub(super) fn are_apart(&self, one: Pos, other: Pos) -> bool {
        let (one, other) = (&self.pieces[one.start as usize], &self.pieces[other.start as usize]);
        one.field == other.field && one.part != other.part
    }

    /// The bytes of a stretch in its field, with the field's index.
    #[must_use]
    pub(super) fn bytes(&self, place: Pos) -> (u8, std::ops::Range<usize>) {
        let first = &self.pieces[place.start as usize];
        let last = if place.end > place.start { &self.pieces[place.end as usize - 1] } else { first };
        (first.field, first.start as usize..last.end as usize)
    }

    /// Half words in title, summary and body.
    #[must_use]
    pub(super) fn weight(&self) -> HalfWords {
        self.pieces.iter().filter(|piece| piece.is_end && piece.field < 3).map(|piece| piece.at).sum()
    }
}

impl PlainPiece {
    fn is_in(&self, fields: FieldSet) -> bool {
        FieldSet(1 << self.field).meets(fields) || (self.in_lede && fields.meets(FieldSet::LEDE))
    }
}

/// Of all places, the nearest that ends before (of those the shortest), the first that overlaps and is allowed to, and the
/// nearest that begins after (of those the shortest).
fn partners(
    of: Pos,
    places: &BTreeMap<Pos, BTreeSet<Leaf>>,
    may_overlap: impl Fn(Pos) -> bool,
) -> (Option<Pos>, Option<Pos>, Option<Pos>) {
    let before = places.keys().filter(|place| place.end <= of.start).max_by_key(|place| (place.end, place.start));
    let over = places.keys().find(|&&place| place.overlaps(of) && may_overlap(place));
    let after = places.keys().find(|place| place.start >= of.end);
    (before.copied(), over.copied(), after.copied())
}

fn clip(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
