//! The fast evaluator's first half: one pass over an article notes where the terms of all rules occur, and which topics are
//! worth trying. [`super::evaluate`] tries them.
//!
//! [`super::plain`] says what everything means; the two must always agree.

use std::cell::OnceCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use rustc_hash::FxHashMap;

use super::anchor::{GROUP, Postings};
use super::code::{Code, NONE};
use super::cost::{Cost, Costs};
use super::document::Document;
use super::expr::{Expr, FieldSet, Program, TermId};
use super::frequency::Frequencies;
use super::lookup::{Entry, Lookup, Memo, Met, NO_WORD};
use super::marks::Marks;
use super::pair::Pairs;
use super::position::{Layout, Leaf, Pos, Stretch};
use super::term::Languages;
use crate::text::analyzed::{FIELDS, HalfWords, LEDE, weight};
use crate::text::segment::{PieceKind, paragraphs, pieces, sentences};

/// What is prepared once for a program.
#[derive(Debug)]
pub(super) struct Index {
    /// Tells scratches of different programs apart.
    number: u64,
    lookup: Lookup,
    pub(super) pairs: Pairs,
    pub(super) code: Code,
    /// Which topics each term leads to. Made anew when counting has shown which terms are rare.
    postings: ArcSwap<Postings>,
    /// How many articles the postings' counts come from.
    learned: AtomicU32,
    /// Fields that any query looks at.
    fields: FieldSet,
}

impl Index {
    /// For the enabled topics, given by their numbers in the program; they are known by their place in this order.
    pub(super) fn new(program: &Program, order: &[u32]) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        let pairs = Pairs::new(program);
        let code = Code::new(program, &pairs, order);
        let postings = Postings::new(program, &pairs, &code, &Frequencies::guess(program, &pairs));
        let mut fields = FieldSet::TEXT;
        for expr in &program.exprs {
            if let Expr::Atom { fields: of_atom, .. } = expr {
                fields.0 |= of_atom.0;
            }
        }
        Self {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            lookup: Lookup::new(&program.terms),
            pairs,
            code,
            postings: ArcSwap::from_pointee(postings),
            learned: AtomicU32::new(0),
            fields,
        }
    }

    /// What tells it apart from all others of this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Chooses the anchors again where a scratch has seen far more articles than they were chosen by. That takes a
    /// microsecond or two per topic, so it comes when many articles share the price, and ever more rarely.
    fn learn(&self, program: &Program, scratch: &Scratch) {
        let topics = u32::try_from(self.code.topics.len()).unwrap_or(u32::MAX);
        let learned = self.learned.load(Ordering::Relaxed);
        if scratch.articles < FIRST_LESSON.max(topics / TOPICS_PER_ARTICLE) || scratch.articles / 8 < learned {
            return;
        }
        // Of several threads that come here at once one does the work.
        if self.learned.compare_exchange(learned, scratch.articles, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let frequencies = Frequencies::counted(program, &self.pairs, scratch.met.iter().copied(), scratch.counted);
            self.postings.store(Arc::new(Postings::new(program, &self.pairs, &self.code, &frequencies)));
        }
    }
}

/// Articles before anchors are chosen again for the first time; with fewer, counts say little more than the guess.
const FIRST_LESSON: u32 = 1_000;
/// And, where there are many topics, an article for so many of them: then choosing costs about a tenth of what matching has
/// cost until then.
const TOPICS_PER_ARTICLE: u32 = 1;
/// One article in so many is counted.
const COUNTED: u32 = 4;

/// Memory that scanning uses again and again; one per thread. It belongs to no ruleset: given to another one it starts
/// afresh.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The program that the rest belongs to.
    owner: u64,
    /// Counts articles; what carries another number is of an earlier article.
    pub(super) epoch: u32,
    /// Articles read for this program.
    articles: u32,
    memos: FxHashMap<Languages, Memo>,
    pub(super) pieces: Vec<Piece>,
    /// The terms that the article holds, in the order in which they were met.
    heads: Vec<Head>,
    /// By term or pair, its place in `heads`, if it is in `present`: what is asked for thousands of times an article lies close
    /// together, however many terms the rules have.
    slots: Vec<u32>,
    /// By term or pair, how many of the articles counted held it.
    met: Vec<u32>,
    /// Articles that were counted: one in [`COUNTED`].
    counted: u32,
    pub(super) occurrences: Vec<Occurrence>,
    neighbours: Vec<Neighbours>,
    /// Terms, and groups of them, that the article holds; each once.
    seen: Vec<u32>,
    /// The same as bits.
    pub(super) present: Vec<u64>,
    /// The terms among them that title, summary or body hold.
    pub(super) in_text: Vec<u64>,
    candidates: Vec<u32>,
    marks: Marks,
    /// By number of a remembered node: the epoch, and in the lowest bit whether it holds.
    pub(super) truths: Vec<u32>,
    /// By number of a remembered node, its part of `place_pool`.
    pub(super) places: FxHashMap<u32, (u32, u32)>,
    pub(super) place_pool: Vec<Pos>,
    pub(super) buffers: Vec<Vec<Pos>>,
    leaves: Vec<Leaf>,
    /// Where costs are asked for.
    costs: Option<Costs>,
}

/// A piece of the article, or the empty place after a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    pub(super) start: u32,
    pub(super) end: u32,
    at: HalfWords,
    pub(super) terms: Entry,
    /// The field's bit, and the lede's if the piece belongs to it.
    pub(super) fields: u8,
    pub(super) field: u8,
    pub(super) glued: bool,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Character,
    End,
}

/// Two neighbouring words that are a pair, it seems.
#[derive(Debug, Clone, Copy)]
struct Neighbours {
    /// The first one's piece.
    place: u32,
    one: TermId,
    next: TermId,
    glued: bool,
}

/// Where a term occurs: a list through `occurrences`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    term: u32,
    pub(super) first: u32,
    last: u32,
    pub(super) count: u32,
    pub(super) fields: u8,
}

/// A place where a term or pair occurs, with all that is asked about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Occurrence {
    pub(super) at: Stretch,
    /// Its first piece.
    pub(super) piece: u32,
    pub(super) next: u32,
    /// The fields that all of its pieces are in.
    pub(super) fields: u8,
}

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

    fn begin(&mut self, program: &Program, index: &Index, postings: &Postings) {
        // The truths keep the epoch in 31 bits.
        if self.owner != index.number || self.epoch == u32::MAX >> 1 {
            self.reset();
            self.owner = index.number;
            self.slots.resize(index.pairs.terms(), 0);
            self.met.resize(index.pairs.terms(), 0);
            self.truths.resize(index.code.memos as usize, 0);
            self.marks.resize(index.code.topics.len());
        }
        if let Some(costs) = &mut self.costs {
            if costs.owner != index.number || costs.of_topics.len() != program.topics.len() {
                let of_topics = vec![Cost::default(); program.topics.len()];
                *costs = Costs { owner: index.number, of_topics, ..Costs::default() };
            }
            costs.articles += 1;
        }
        self.epoch += 1;
        if self.articles.is_multiple_of(COUNTED) {
            self.counted = self.counted.saturating_add(1);
            for head in &self.heads {
                let met = &mut self.met[head.term as usize];
                *met = met.saturating_add(1);
            }
        }
        self.articles = self.articles.saturating_add(1);
        for &term in &self.seen {
            self.present[(term >> 6) as usize] = 0;
            self.in_text[(term >> 6) as usize] = 0;
        }
        let words = postings.terms().max(index.pairs.terms()).div_ceil(64);
        self.present.resize(words, 0);
        self.in_text.resize(words, 0);
        self.pieces.clear();
        self.heads.clear();
        self.occurrences.clear();
        self.seen.clear();
        self.candidates.clear();
        self.places.clear();
        self.place_pool.clear();
        self.leaves.clear();
        // A single huge article must not keep its memory for good.
        self.pieces.shrink_to(MOST_KEPT);
        self.occurrences.shrink_to(MOST_KEPT);
        self.neighbours.shrink_to(MOST_KEPT);
        self.place_pool.shrink_to(MOST_KEPT);
        self.leaves.shrink_to(MOST_KEPT);
    }

    /// Remembers two neighbouring words (and the first one's piece) that may be a pair.
    #[inline]
    fn meet(&mut self, pairs: &Pairs, place: u32, (one, next): (TermId, TermId), is_glued: bool) {
        if pairs.may_be(one, next, false) {
            self.neighbours.push(Neighbours { place, one, next, glued: false });
        }
        if is_glued && pairs.has_glued() && pairs.may_be(one, next, true) {
            self.neighbours.push(Neighbours { place, one, next, glued: true });
        }
    }

    /// Notes those neighbours that are pairs indeed.
    fn note_pairs(&mut self, pairs: &Pairs) {
        let mut neighbours = std::mem::take(&mut self.neighbours);
        for Neighbours { place, one, next, glued } in neighbours.drain(..) {
            if let Some(pair) = pairs.number(one, next, glued)
                && let [first, last, ..] = self.pieces[place as usize..]
            {
                let at = Stretch::new(first.field, first.start, last.end);
                self.note(&[TermId(pair)], place, at, first.fields & last.fields);
            }
        }
        self.neighbours = neighbours;
    }

    /// Notes that a piece satisfies these terms, or begins this pair.
    #[inline(always)]
    fn note(&mut self, terms: &[TermId], piece: u32, at: Stretch, fields: u8) {
        for &term in terms {
            let occurrence = clip(self.occurrences.len());
            self.occurrences.push(Occurrence { at, piece, next: NONE, fields });
            let (word, bit) = ((term.0 >> 6) as usize, 1_u64 << (term.0 & 63));
            if self.present[word] & bit != 0 {
                let head = &mut self.heads[self.slots[term.index()] as usize];
                self.occurrences[head.last as usize].next = occurrence;
                head.last = occurrence;
                head.count += 1;
                head.fields |= fields;
                continue;
            }
            self.slots[term.index()] = clip(self.heads.len());
            self.heads.push(Head { term: term.0, first: occurrence, last: occurrence, count: 1, fields });
            self.seen.push(term.0);
            self.present[word] |= bit;
            // The fields of the text come first, so a term that it holds is met there first.
            if fields & FieldSet::TEXT.0 != 0 {
                self.in_text[word] |= bit;
            }
        }
    }
}

/// Of so many topics all that is read again and again stays near the processor; fetching it beforehand would only cost. A
/// guess, from what a topic takes and what a cache holds.
const NEAR_TOPICS: usize = 4_096;

/// Pieces of an article for which memory is kept.
pub(super) const MOST_KEPT: usize = 1 << 20;

/// Languages for which spellings are remembered at the same time, where that depends on the language at all.
const MOST_MEMOS: usize = 24;

/// One article, scanned.
pub(super) struct Scan<'a> {
    pub(super) program: &'a Program,
    pub(super) index: &'a Index,
    pub(super) document: &'a Document<'a>,
    pub(super) languages: Languages,
    memo_key: Languages,
    pub(super) memo: Memo,
    pub(super) scratch: &'a mut Scratch,
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
        if scratch.owner == index.number {
            index.learn(program, scratch);
        }
        let postings = index.postings.load();
        scratch.begin(program, index, &postings);
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
        scan.find_candidates(&postings);
        scan
    }

    /// The topics worth trying, by their places in the index's order, rising. Their memory is to be given back.
    pub(super) fn take_candidates(&mut self) -> (Vec<u32>, Vec<Leaf>) {
        (std::mem::take(&mut self.scratch.candidates), std::mem::take(&mut self.scratch.leaves))
    }

    /// Takes back the memory of the candidates and of leaves.
    pub(super) fn give_back(&mut self, candidates: Vec<u32>, leaves: Vec<Leaf>) {
        self.scratch.candidates = candidates;
        self.scratch.leaves = leaves;
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
        let in_text = number < 3;
        let is_read = in_text || index.fields.meets(FieldSet(bit));
        let article = self.languages;
        let mut at = 0;
        let scratch = &mut *self.scratch;
        if is_read {
            let mut rest = pieces(text);
            let mut before = NO_WORD;
            let mut place = clip(scratch.pieces.len());
            while self.memo.read((&index.lookup, &index.pairs), text, &mut rest, article) {
                for &Met { piece, terms, .. } in self.memo.batch() {
                    let end_at = at + weight(piece.kind);
                    let in_lede = number == 0 || (in_text && end_at <= LEDE);
                    let fields = if in_lede { bit | FieldSet::LEDE.0 } else { bit };
                    let (start, end) = (clip(piece.start), clip(piece.end));
                    scratch.note(self.memo.terms(&terms), place, Stretch::new(field, start, end), fields);
                    if before != NO_WORD && terms.word != NO_WORD {
                        scratch.meet(&index.pairs, place - 1, (before, terms.word), piece.glued);
                    }
                    before = terms.word;
                    scratch.pieces.push(Piece {
                        start,
                        end,
                        at,
                        terms,
                        fields,
                        field,
                        glued: piece.glued,
                        kind: if piece.kind == PieceKind::Word { Kind::Word } else { Kind::Character },
                    });
                    at = end_at;
                    place += 1;
                }
            }
            scratch.note_pairs(&index.pairs);
        }
        scratch.pieces.push(Piece {
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

    fn find_candidates(&mut self, postings: &Postings) {
        let Scratch { seen, present, marks, candidates, .. } = &mut *self.scratch;
        for &topic in &postings.always {
            marks.add(topic);
        }
        let code = &self.index.code;
        let is_large = code.topics.len() > NEAR_TOPICS;
        if is_large {
            postings.fetch(seen);
            code.fetch_texts(seen, &self.program.written);
        }
        // First the groups that the terms belong to, since any entry may ask for them; `seen` grows by them.
        let mut next = 0;
        while let Some(&term) = seen.get(next) {
            next += 1;
            let mut entries = postings.of(term);
            while let [group, _, rest @ ..] = entries
                && group & GROUP != 0
            {
                let group = group ^ GROUP;
                let (word, bit) = ((group >> 6) as usize, 1_u64 << (group & 63));
                if present[word] & bit == 0 {
                    present[word] |= bit;
                    seen.push(group);
                }
                entries = rest;
            }
        }
        for &term in seen.iter() {
            let mut entries = postings.of(term);
            while let [topic, counts, rest @ ..] = entries {
                let (mut counts, mut terms, mut may_hold) = (*counts, rest, topic & GROUP == 0);
                while counts != 0 {
                    let (group, others) = terms.split_at((counts & 0xFF) as usize);
                    may_hold = may_hold && group.iter().any(|&term| is_set(present, term));
                    terms = others;
                    counts >>= 8;
                }
                if may_hold {
                    marks.add(*topic);
                }
                entries = terms;
            }
        }
        marks.drain(candidates);
        if is_large {
            code.fetch_topics(candidates);
        }
    }

    #[inline]
    pub(super) fn piece(&self, number: u32) -> &Piece {
        &self.scratch.pieces[number as usize]
    }

    /// Where a term occurs that is present.
    #[inline]
    pub(super) fn head(&self, term: u32) -> &Head {
        &self.scratch.heads[self.scratch.slots[term as usize] as usize]
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

/// Whether a set of numbers, kept as bits, has this one.
#[inline]
pub(super) fn is_set(bits: &[u64], number: u32) -> bool {
    bits[(number >> 6) as usize] >> (number & 63) & 1 != 0
}

pub(super) fn clip(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
