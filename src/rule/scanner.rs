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

use super::code::{Code, NONE};
use super::collected::Collected;
use super::cost::{Cost, Costs};
use super::document::Document;
use super::expr::{AtomId, Expr, FieldSet, Program, TermId};
use super::frequency::Frequencies;
use super::lookup::{By, Entry, Lookup, Memo, Met, NO_WORD};
use super::noted::{Noted, Occurrence};
use super::pair::Pairs;
use super::position::{Layout, Leaf, Pos, Stretch};
use super::postings::{Postings, Search};
use super::term::Languages;
use crate::text::analyzed::{FIELDS, HalfWords, LEDE, after_part, weight};
use crate::text::reading::{Part, beginnings, parts};
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

    /// What the terms of a spelling are worked out by.
    #[inline]
    pub(super) fn by(&self) -> By<'_> {
        By { lookup: &self.lookup, pairs: &self.pairs, usual_atoms: &self.code.usual_atoms }
    }

    /// The hit that an occurrence is by itself.
    pub(super) fn leaf_of(&self, occurrence: &Occurrence) -> Leaf {
        Leaf::new(occurrence.at, AtomId(self.code.usual_atoms[occurrence.term as usize]), None)
    }

    /// What tells it apart from all others of this process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Chooses the anchors again where a scratch has seen far more articles than they were chosen by. That takes a
    /// microsecond or two per topic, so it comes when many articles share the price, and ever more rarely.
    fn learn(&self, program: &Program, scratch: &Scratch) {
        let topics = clip(self.code.topics());
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
    pub(super) noted: Noted,
    /// By term or pair, how many of the articles counted held it.
    met: Vec<u32>,
    /// Articles that were counted: one in [`COUNTED`].
    counted: u32,
    neighbours: Vec<Neighbours>,
    candidates: Vec<u32>,
    search: Search,
    /// By number of a remembered node: the epoch, and in the lowest bit whether it holds.
    pub(super) truths: Vec<u32>,
    /// By number of a remembered node, its part of `place_pool`.
    pub(super) places: FxHashMap<u32, (u32, u32)>,
    pub(super) place_pool: Vec<Pos>,
    pub(super) buffers: Vec<Vec<Pos>>,
    hits: Collected,
    /// Where costs are asked for.
    costs: Option<Costs>,
    /// Whether they are not measured for the time being.
    pauses_costs: bool,
}

/// A piece of the article, or the empty place after a part of a field.
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

/// Two neighbouring words that are a pair.
#[derive(Debug, Clone, Copy)]
struct Neighbours {
    /// The place of the second one among the pieces read last.
    place: usize,
    one: TermId,
    next: TermId,
    glued: bool,
    pair: u32,
}

impl Scratch {
    /// One that also gathers what each topic costs.
    #[must_use]
    pub fn with_costs() -> Self {
        Self { costs: Some(Costs::default()), ..Self::default() }
    }

    /// Whether costs are measured on the articles that follow; at first they are, where they are kept at all.
    pub(super) fn measure_costs(&mut self, is_measured: bool) {
        self.pauses_costs = !is_measured;
    }

    /// What topics have cost since the last call; `None` unless made by [`with_costs`](Self::with_costs).
    /// [`Ruleset::topic_costs`](super::Ruleset::topic_costs) reads it.
    pub fn take_costs(&mut self) -> Option<Costs> {
        self.costs.as_mut().map(std::mem::take)
    }

    /// Puts everything back to its beginning, apart from the costs.
    pub(super) fn reset(&mut self) {
        *self = Self { costs: self.costs.take(), pauses_costs: self.pauses_costs, ..Self::default() };
    }

    fn begin(&mut self, program: &Program, index: &Index, postings: &Postings) {
        // The truths keep the epoch in 31 bits.
        if self.owner != index.number || self.epoch == u32::MAX >> 1 {
            self.reset();
            self.owner = index.number;
            self.met.resize(index.pairs.terms(), 0);
            self.truths.resize(index.code.memos as usize, 0);
            self.search.resize(index.code.topics());
        }
        if let Some(costs) = &mut self.costs
            && !self.pauses_costs
        {
            if costs.owner != index.number || costs.of_topics.len() != program.topics.len() {
                let of_topics = vec![Cost::default(); program.topics.len()];
                *costs = Costs { owner: index.number, of_topics, ..Costs::default() };
            }
            costs.articles += 1;
        }
        self.epoch += 1;
        if self.articles.is_multiple_of(COUNTED) {
            self.counted = self.counted.saturating_add(1);
            for term in self.noted.terms() {
                let met = &mut self.met[term as usize];
                *met = met.saturating_add(1);
            }
        }
        self.articles = self.articles.saturating_add(1);
        self.noted.begin(postings.terms().max(index.pairs.terms()));
        self.pieces.clear();
        self.candidates.clear();
        self.places.clear();
        self.place_pool.clear();
        self.hits.clear();
        // A single huge article must not keep its memory for good.
        self.pieces.shrink_to(MOST_KEPT);
        self.neighbours.shrink_to(MOST_KEPT);
        self.place_pool.shrink_to(MOST_KEPT);
        self.hits.shrink_to(MOST_KEPT);
    }

    /// Finds the pairs among the pieces read last; `before` is the word before them. In two loops of few instructions, so
    /// that memory is waited for many times at once.
    fn find_pairs(&mut self, by: By<'_>, batch: &[Met], before: TermId) {
        let (pairs, usual) = (by.pairs, by.usual_atoms);
        let found = &mut self.neighbours;
        // No branch depends on what memory says: one that is guessed wrongly would wait for it.
        let nobody = Neighbours { place: 0, one: NO_WORD, next: NO_WORD, glued: false, pair: NONE };
        found.resize(2 * batch.len(), nobody);
        let (mut count, mut one) = (0, before);
        for (place, met) in batch.iter().enumerate() {
            let next = met.terms.word;
            let are_words = one != NO_WORD && next != NO_WORD;
            found[count] = Neighbours { place, one, next, glued: false, pair: NONE };
            count += usize::from(are_words & pairs.may_be(one, next, false));
            if met.piece.glued && pairs.has_glued() {
                found[count] = Neighbours { place, one, next, glued: true, pair: NONE };
                count += usize::from(are_words & pairs.may_be(one, next, true));
            }
            one = next;
        }
        found.truncate(count);
        found.retain_mut(|found| match pairs.number(found.one, found.next, found.glued) {
            Some(pair) => {
                found.pair = pair;
                true
            }
            None => false,
        });
        if pairs.has_glued() {
            // Of two at one place.
            found.sort_by_key(|found| (found.place, usual[found.pair as usize]));
        }
    }
}

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
            scan.read_field(index, &postings, field);
        }
        scan.find_candidates(&postings);
        scan
    }

    /// The topics worth trying, by their places in the index's order, rising.
    pub(super) fn candidates(&self) -> &[u32] {
        &self.scratch.candidates
    }

    /// The same, with memory for hits; both are to be given back.
    pub(super) fn take_candidates(&mut self) -> (Vec<u32>, Collected) {
        (std::mem::take(&mut self.scratch.candidates), std::mem::take(&mut self.scratch.hits))
    }

    /// Takes back the memory of the candidates and of hits.
    pub(super) fn give_back(&mut self, candidates: Vec<u32>, hits: Collected) {
        self.scratch.candidates = candidates;
        self.scratch.hits = hits;
    }

    /// Where terms and pairs occur, in the order of hits.
    pub(super) fn occurrences(&self) -> &[Occurrence] {
        &self.scratch.noted.occurrences
    }

    /// The hit that an occurrence is by itself.
    pub(super) fn leaf_of(&self, number: u32) -> Leaf {
        self.index.leaf_of(&self.scratch.noted.occurrences[number as usize])
    }

    /// Whether costs are asked for.
    pub(super) fn keeps_costs(&self) -> bool {
        self.scratch.costs.is_some() && !self.scratch.pauses_costs
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

    fn read_field(&mut self, index: &Index, postings: &Postings, number: usize) {
        let field = clip(number) as u8;
        let document = self.document;
        let text: &str = &document.fields[number];
        // The lede is made of the first three fields, which are always read.
        let is_read = number < 3 || index.fields.meets(FieldSet(1 << field));
        let mut at = 0;
        if is_read {
            for part in parts(FIELDS[number], text) {
                if let Some(end) = part.start.checked_sub(1) {
                    self.end_part(field, end, at);
                    at = after_part(at);
                }
                let before = (self.scratch.pieces.len(), self.scratch.noted.occurrences.len());
                at = self.read_text(index, postings, number, &part.text, at);
                if !part.is_as_stored() {
                    self.place_as_stored(field, &part, before);
                }
            }
        }
        self.end_part(field, text.len(), at);
    }

    /// Corrects the places of the pieces and occurrences that were added since there were so many of them.
    #[cold]
    fn place_as_stored(&mut self, field: u8, part: &Part<'_>, (pieces, occurrences): (usize, usize)) {
        let stored = |at: u32| clip(part.stored(at as usize));
        for piece in &mut self.scratch.pieces[pieces..] {
            (piece.start, piece.end) = (stored(piece.start), stored(piece.end));
        }
        for occurrence in &mut self.scratch.noted.occurrences[occurrences..] {
            let at = occurrence.at;
            occurrence.at = Stretch::new(field, stored(at.start()), stored(at.end()));
        }
    }

    /// Reads a part of a field, of which so much stands before. Tells the same for what follows.
    fn read_text(
        &mut self,
        index: &Index,
        postings: &Postings,
        number: usize,
        text: &str,
        mut at: HalfWords,
    ) -> HalfWords {
        let field = clip(number) as u8;
        let bit = 1_u8 << field;
        let in_text = number < 3;
        let article = self.languages;
        let scratch = &mut *self.scratch;
        let mut rest = pieces(text);
        let mut before = NO_WORD;
        let mut place = clip(scratch.pieces.len());
        let by = index.by();
        while self.memo.read(by, text, &mut rest, article) {
            scratch.find_pairs(by, self.memo.batch(), before);
            let mut next_pair = 0;
            let known = scratch.noted.seen().len();
            for (in_batch, &Met { piece, terms, .. }) in self.memo.batch().iter().enumerate() {
                let end_at = at + weight(piece.kind);
                let in_lede = number == 0 || (in_text && end_at <= LEDE);
                let fields = if in_lede { bit | FieldSet::LEDE.0 } else { bit };
                let (start, end) = (clip(piece.start), clip(piece.end));
                // A pair begins with the word before, so it stands before what begins here.
                while let Some(&Neighbours { pair, .. }) =
                    scratch.neighbours.get(next_pair).filter(|found| found.place == in_batch)
                    && let Some(&first) = scratch.pieces.last()
                {
                    next_pair += 1;
                    let at = Stretch::new(field, first.start, end);
                    scratch.noted.add(&[TermId(pair)], place - 1, at, first.fields & fields);
                }
                scratch.noted.add(self.memo.terms(&terms), place, Stretch::new(field, start, end), fields);
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
            for &term in &scratch.noted.seen()[known..] {
                postings.fetch_start(term);
                index.code.fetch_atom(term);
            }
        }
        at
    }

    /// The empty place after a part of a field, at a byte of it.
    fn end_part(&mut self, field: u8, byte: usize, at: HalfWords) {
        self.scratch.pieces.push(Piece {
            start: clip(byte),
            end: clip(byte),
            at,
            terms: Entry::default(),
            fields: 0,
            field,
            glued: false,
            kind: Kind::End,
        });
    }

    fn find_candidates(&mut self, postings: &Postings) {
        let Scratch { noted, search, candidates, .. } = &mut *self.scratch;
        let code = &self.index.code;
        noted.arrange();
        for &term in noted.seen() {
            code.fetch_text(term, &self.program.written);
        }
        postings.find(noted, search, candidates);
    }

    #[inline]
    pub(super) fn piece(&self, number: u32) -> &Piece {
        &self.scratch.pieces[number as usize]
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
                    let starts = beginnings(FIELDS[number], text, starts_of);
                    let of_field = self.scratch.pieces.iter().filter(|piece| usize::from(piece.field) == number);
                    numbers
                        .extend(of_field.map(|piece| {
                            before + clip(starts.partition_point(|&start| start <= piece.start as usize))
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
