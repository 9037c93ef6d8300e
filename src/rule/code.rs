//! A [`Program`] as the scanner walks it: all queries in one list of numbers, every topic's nodes next to each other, so that
//! trying a topic costs one or two visits to memory instead of one for each of its words.
//!
//! A node is `[operation and fields, length of the node in words, …]`; operands follow in it, one after the other. A run of
//! terms, which nearly every second node is, has its length in the first word, too. What
//! several queries share (a concept, another topic) is written once and called. Operands of an AND stand in the order of
//! what they cost to try, `NOT` last; the order never changes the result.

use prefetch_index::prefetch_index;

use super::ast::Reach;
use super::expr::{AtomId, AtomKind, Expr, ExprId, FieldSet, Item, Program, Test, Texts};
use super::pair::Pairs;
use crate::model::{Lang, Severity};

/// What a node does. The lowest eight bits of its first word.
pub(super) mod op {
    /// Any of these terms, of which each has its usual atom ([`Code::usual_atoms`](super::Code)): `terms…`, right behind the
    /// first word.
    pub(in super::super) const ANY: u32 = 0;
    /// Any of these terms: `atoms, terms…`; `atoms` says where in [`Code::atoms`](super::Code) theirs begin.
    pub(in super::super) const ANY_OF: u32 = 14;
    /// A sequence: `atom, count, (pair, distance)…, items…`: so many pairs stand at such distances from its beginning.
    pub(in super::super) const SEQUENCE: u32 = 1;
    /// A regular expression: `atom`.
    pub(in super::super) const REGEX: u32 = 2;
    /// All operands.
    pub(in super::super) const AND: u32 = 3;
    /// At least one operand.
    pub(in super::super) const OR: u32 = 4;
    /// Not the operand.
    pub(in super::super) const NOT: u32 = 5;
    /// Proximity: `kind, words, left, right`.
    pub(in super::super) const NEAR: u32 = 6;
    /// So many hits: `count, operand`.
    pub(in super::super) const AT_LEAST: u32 = 7;
    /// So many operands: `count, operands…`.
    pub(in super::super) const SOME_OF: u32 = 8;
    /// A concept: `number, lists…`, each list `LIST`.
    pub(in super::super) const CONCEPT: u32 = 9;
    /// A list of a concept: `language (or ALL_LANGUAGES), operand`.
    pub(in super::super) const LIST: u32 = 10;
    /// Another topic: `operand`.
    pub(in super::super) const TOPIC: u32 = 11;
    /// The operand, whose truth is remembered during an article: `number, operand`.
    pub(in super::super) const MEMO: u32 = 12;
    /// The node that stands elsewhere: `place`.
    pub(in super::super) const CALL: u32 = 13;
}

/// What topics ask is fetched while so many others are tried. A guess.
pub(super) const TOPICS_AHEAD: usize = 12;
/// Lines that are fetched of each from its beginning; few have more.
const LINES_FETCHED: usize = 4;

/// Words in a line of the processor's cache.
pub(super) const LINE: usize = 16;

/// No place, no term, no number.
pub(super) const NONE: u32 = u32::MAX;
/// The list that applies in every language.
pub(super) const ALL_LANGUAGES: u32 = u32::MAX;

/// All queries of a program, in order.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The nodes.
    pub words: Vec<u32>,
    /// The atoms of those runs of terms that have others than the usual ones. They are asked for only where a topic holds,
    /// so they stand apart.
    pub atoms: Vec<u32>,
    /// By term or pair, the first atom that is this alone.
    pub usual_atoms: Vec<u32>,
    /// By expression, where its node stands, if it is the root of a query or is shared; [`NONE`] otherwise.
    places: Vec<u32>,
    /// The languages that lists name.
    pub langs: Vec<Lang>,
    /// How many nodes are remembered.
    pub memos: u32,
    /// By place of a topic in the order given to [`Code::new`], where its nodes begin, with what else must be known of it
    /// before them: `rest, number, match, except, id…`, the third and fourth only if `rest` says so. So a topic is in one
    /// line of the processor's cache or two. One more for the end of the last.
    starts: Vec<u32>,
}

/// What the scanner must know of a topic.
#[derive(Debug, Clone, Copy)]
pub(super) struct TopicCode {
    /// Where its `match` stands; [`NONE`] without one.
    pub matches: u32,
    /// Where its `except` stands; [`NONE`] without one.
    pub except: u32,
    /// Its number in the program.
    pub topic: u32,
    /// Whether `match` and `except` alone decide (no filter, no score, no threshold), and the severity of a match then.
    pub plain: Option<Severity>,
}

/// Words that every topic has before its id.
const HEADER: usize = 2;
/// In the first of them, from the lowest bit: whether `match` and `except` alone decide; the severity; whether `match` stands
/// right behind the id; whether it stands elsewhere; whether there is an `except`; and from here the bytes of the id.
const SEVERITY: u32 = 1;
const HAS_MATCH_HERE: u32 = 1 << 3;
const HAS_MATCH_ELSEWHERE: u32 = 1 << 4;
const HAS_EXCEPT: u32 = 1 << 5;
const ID_LENGTH: u32 = 8;

impl Code {
    /// Lays out the queries of these topics (numbers of the program) in this order, then those of all others.
    pub(super) fn new(program: &Program, pairs: &Pairs, order: &[u32]) -> Self {
        let mut writer = Writer { program, pairs, uses: uses(program), code: Self::default() };
        writer.code.places = vec![NONE; program.exprs.len()];
        writer.code.usual_atoms = usual_atoms(program, pairs);
        // Children come before their parents, so whatever is called stands there already.
        for index in 0..program.exprs.len() {
            if writer.is_shared(index) {
                let place = writer.here();
                writer.memoised(&program.exprs[index]);
                writer.code.places[index] = place;
            }
        }
        for &topic in order {
            let of = &program.topics[topic as usize];
            let start = writer.code.words.len();
            writer.code.starts.push(number(start));
            let is_plain = of.matches.is_some() && of.score.is_empty() && of.threshold.is_none() && of.filter.is_none();
            let text = of.info.id.as_str().as_bytes();
            let is_placed = |id| writer.code.is_placed(id);
            let flag = |flag: u32, is_set: bool| if is_set { flag } else { 0 };
            let rest = u32::from(is_plain)
                | (of.severity_of(0) as u32) << SEVERITY
                | flag(HAS_MATCH_HERE, of.matches.is_some_and(|id| !is_placed(id)))
                | flag(HAS_MATCH_ELSEWHERE, of.matches.is_some_and(is_placed))
                | flag(HAS_EXCEPT, of.except.is_some())
                | number(text.len()) << ID_LENGTH;
            writer.code.words.extend([rest, topic]);
            if rest & HAS_MATCH_ELSEWHERE != 0 {
                writer.code.words.extend(of.matches.map(|id| writer.code.places[id.index()]));
            }
            let except = writer.code.words.len();
            writer.code.words.extend(of.except.map(|_| NONE));
            let bytes = |word: &[u8]| word.iter().rev().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
            writer.code.words.extend(text.chunks(4).map(bytes));
            if let Some(id) = of.matches {
                writer.root(id);
            }
            if let Some(id) = of.except {
                writer.code.words[except] = writer.root(id);
            }
            for part in &of.score {
                writer.root(part.when);
            }
        }
        writer.code.starts.push(writer.here());
        for topic in program.topics.iter().filter(|topic| !topic.enabled) {
            let queries = topic.matches.into_iter().chain(topic.except);
            for id in queries.chain(topic.score.iter().map(|part| part.when)) {
                writer.root(id);
            }
        }
        let mut code = writer.code;
        code.words.shrink_to_fit();
        code.atoms.shrink_to_fit();
        code
    }

    /// How many topics there are.
    pub(super) fn topics(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// What must be known of a topic, by rank.
    #[inline]
    pub(super) fn topic(&self, rank: usize) -> TopicCode {
        let start = self.starts[rank] as usize;
        // `new` writes them all before it notes where the next topic starts.
        let &[rest, topic] = self.words[start..].first_chunk::<HEADER>().expect("each topic has one");
        let id = start + id_from(rest);
        let matches = match rest & (HAS_MATCH_HERE | HAS_MATCH_ELSEWHERE) {
            0 => NONE,
            HAS_MATCH_HERE => number(id + id_length(rest).div_ceil(4)),
            _ => self.words[start + HEADER],
        };
        let except = if rest & HAS_EXCEPT == 0 { NONE } else { self.words[id - 1] };
        let plain = (rest & 1 != 0).then(|| Severity::ALL[(rest >> SEVERITY & 3) as usize]);
        TopicCode { matches, except, topic, plain }
    }

    /// Fetches where the nodes of a topic (by rank) stand, so that it is near the processor when it is asked for.
    #[inline]
    pub(super) fn fetch_start(&self, rank: u32) {
        prefetch_index(&self.starts, rank as usize);
    }

    /// Fetches what a topic (by rank) asks.
    #[inline]
    pub(super) fn fetch_topic(&self, rank: u32) {
        let (start, end) = (self.starts[rank as usize] as usize, self.starts[rank as usize + 1] as usize);
        for line in 0..LINES_FETCHED {
            prefetch_index(&self.words, (start + line * LINE).min(end - 1));
        }
    }

    /// Fetches the usual atom of a term or pair.
    #[inline]
    pub(super) fn fetch_atom(&self, term: u32) {
        prefetch_index(&self.usual_atoms, term as usize);
    }

    /// Fetches the text of one.
    #[inline]
    pub(super) fn fetch_text(&self, term: u32, written: &Texts) {
        if let Some(&atom) = self.usual_atoms.get(term as usize) {
            written.fetch(atom);
        }
    }

    /// Appends the id of a topic, by rank.
    pub(super) fn write_id(&self, rank: usize, out: &mut Vec<u8>) {
        let start = self.starts[rank] as usize;
        let rest = self.words[start];
        let (at, length) = (start + id_from(rest), id_length(rest));
        let end = out.len() + length;
        for word in &self.words[at..at + length.div_ceil(4)] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.truncate(end);
    }

    /// Whether the expression stands for itself: as a query, or for several that share it.
    pub(super) fn is_placed(&self, id: ExprId) -> bool {
        self.places[id.index()] != NONE
    }

    /// Where the node of a query stands.
    pub(super) fn place(&self, id: ExprId) -> usize {
        self.places[id.index()] as usize
    }
}

/// Where a topic's id begins, from the beginning of its words.
#[inline]
fn id_from(rest: u32) -> usize {
    HEADER + usize::from(rest & HAS_MATCH_ELSEWHERE != 0) + usize::from(rest & HAS_EXCEPT != 0)
}

/// Its bytes.
#[inline]
fn id_length(rest: u32) -> usize {
    (rest >> ID_LENGTH) as usize
}

/// The length of the node that stands here, in words.
#[inline]
pub(super) fn node_length(code: &[u32], at: usize) -> usize {
    let head = code[at];
    if head & 0xFF == op::ANY { (head >> RUN_LENGTH) as usize } else { code[at + 1] as usize }
}

/// Where a run of terms has its length, in words, and the longest that has room there.
const RUN_LENGTH: u32 = 16;
const LONGEST_RUN: usize = 0xFFFF;

/// The terms of a run in the text that have their usual atoms; `None` of any other node.
#[inline]
pub(super) fn usual_run(node: &[u32]) -> Option<&[u32]> {
    let (head, terms) = node.split_first()?;
    (head & 0xFFFF == op::ANY | u32::from(FieldSet::TEXT.0) << 8).then_some(terms)
}

/// A number of things that rules have.
pub(super) fn number(length: usize) -> u32 {
    u32::try_from(length).expect("rule files are smaller than 4 GiB, and so is what they become")
}

fn usual_atoms(program: &Program, pairs: &Pairs) -> Vec<u32> {
    let mut usual = vec![NONE; pairs.terms()];
    for (atom, kind) in (0..).zip(&program.atoms) {
        if let AtomKind::Sequence(items) = kind
            && let Some(term) = single(pairs, items)
            && usual[term as usize] == NONE
        {
            usual[term as usize] = atom;
        }
    }
    usual
}

/// The term or pair that a sequence is, if it is nothing else.
fn single(pairs: &Pairs, items: &[Item]) -> Option<u32> {
    match *items {
        [Item { test: Test::Term(term), .. }] => Some(term.0),
        [Item { test: Test::Term(one), .. }, Item { test: Test::Term(next), glued }] => pairs.number(one, next, glued),
        _ => None,
    }
}

/// How often each expression is used.
fn uses(program: &Program) -> Vec<u32> {
    let mut uses = vec![0_u32; program.exprs.len()];
    let mut add = |id: &ExprId| uses[id.index()] = uses[id.index()].saturating_add(1);
    for expr in &program.exprs {
        match expr {
            Expr::Atom { .. } => {}
            Expr::And(parts) | Expr::Or(parts) | Expr::SomeOf { of: parts, .. } => parts.iter().for_each(&mut add),
            Expr::Not(of) | Expr::AtLeast { of, .. } | Expr::Topic { of, .. } => add(of),
            Expr::Near { left, right, .. } => {
                add(left);
                add(right);
            }
            Expr::Concept { any, lists, .. } => {
                any.iter().for_each(&mut add);
                lists.iter().for_each(|(_, list)| add(list));
            }
        }
    }
    for topic in &program.topics {
        topic.matches.iter().chain(&topic.except).for_each(&mut add);
        topic.score.iter().for_each(|part| add(&part.when));
    }
    uses
}

struct Writer<'p> {
    program: &'p Program,
    pairs: &'p Pairs,
    uses: Vec<u32>,
    code: Code,
}

impl Writer<'_> {
    fn here(&self) -> u32 {
        number(self.code.words.len())
    }

    /// Whether the node is written once for all who use it, and remembered. Only what is small is written again for each:
    /// what holds other nodes would grow with every level.
    fn is_shared(&self, index: usize) -> bool {
        self.uses[index] > 1 && !self.is_small(&self.program.exprs[index])
    }

    fn is_small(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Atom { atom, .. } => matches!(self.program.atoms[atom.index()], AtomKind::Sequence(_)),
            Expr::Or(parts) => parts.len() <= 8 && parts.iter().all(|&part| self.single(part).is_some()),
            _ => false,
        }
    }

    /// Writes a query that is asked for by its id.
    fn root(&mut self, id: ExprId) -> u32 {
        if self.code.places[id.index()] == NONE {
            self.code.places[id.index()] = self.here();
            self.node(id);
        }
        self.code.places[id.index()]
    }

    fn node(&mut self, id: ExprId) {
        let program = self.program;
        if self.is_shared(id.index()) {
            let place = self.code.places[id.index()];
            return self.within(op::CALL, FieldSet(0), |this| this.code.words.push(place));
        }
        match program.expr(id) {
            expr @ (Expr::Near { .. } | Expr::AtLeast { .. }) => self.memoised(expr),
            expr => self.expr(expr),
        }
    }

    fn memoised(&mut self, expr: &Expr) {
        let number = self.code.memos;
        self.code.memos += 1;
        self.within(op::MEMO, FieldSet(0), |this| {
            this.code.words.push(number);
            this.expr(expr);
        });
    }

    fn within(&mut self, operation: u32, fields: FieldSet, write: impl FnOnce(&mut Self)) {
        let start = self.code.words.len();
        self.code.words.extend([operation | u32::from(fields.0) << 8, 0]);
        write(self);
        let length = self.code.words.len() - start;
        self.code.words[start + 1] = u32::try_from(length).expect("the whole is smaller than that");
    }

    fn expr(&mut self, expr: &Expr) {
        let program = self.program;
        match expr {
            Expr::Atom { atom, fields } => {
                let atom = *atom;
                match &program.atoms[atom.index()] {
                    AtomKind::Regex(_) => self.within(op::REGEX, *fields, |this| this.code.words.push(atom.0)),
                    AtomKind::Sequence(items) => match single(self.pairs, items) {
                        Some(term) => self.run(*fields, &[term], &[atom.0]),
                        None => self.within(op::SEQUENCE, *fields, |this| this.sequence(atom, items)),
                    },
                }
            }
            Expr::And(parts) => {
                let mut parts = parts.to_vec();
                parts.sort_by_key(|&part| self.effort(part));
                self.within(op::AND, FieldSet(0), |this| parts.into_iter().for_each(|part| this.node(part)));
            }
            Expr::Or(parts) => self.any_of(parts),
            Expr::Not(of) => self.within(op::NOT, FieldSet(0), |this| this.node(*of)),
            Expr::Near { left, right, reach, ordered, negated } => {
                let (kind, words) = match reach {
                    Reach::Words(words) => (0, *words),
                    Reach::Sentence => (1, 0),
                    Reach::Paragraph => (2, 0),
                };
                let kind = kind | u32::from(*ordered) << 2 | u32::from(*negated) << 3;
                self.within(op::NEAR, FieldSet(0), |this| {
                    this.code.words.extend([kind, words]);
                    this.node(*left);
                    this.node(*right);
                });
            }
            Expr::AtLeast { count, of } => self.within(op::AT_LEAST, FieldSet(0), |this| {
                this.code.words.push(*count);
                this.node(*of);
            }),
            Expr::SomeOf { count, of } => self.within(op::SOME_OF, FieldSet(0), |this| {
                this.code.words.push(*count);
                of.iter().for_each(|&part| this.node(part));
            }),
            Expr::Concept { concept, any, lists } => self.within(op::CONCEPT, FieldSet(0), |this| {
                this.code.words.push(concept.0);
                if let &Some(list) = any {
                    this.list(ALL_LANGUAGES, list);
                }
                for &(lang, list) in lists {
                    let number = this.code.langs.iter().position(|&known| known == lang).unwrap_or_else(|| {
                        this.code.langs.push(lang);
                        this.code.langs.len() - 1
                    });
                    this.list(u32::try_from(number).expect("there are a few hundred languages"), list);
                }
            }),
            Expr::Topic { of, .. } => self.within(op::TOPIC, FieldSet(0), |this| this.node(*of)),
        }
    }

    fn sequence(&mut self, atom: AtomId, items: &[Item]) {
        let pairs = self.pairs;
        let words = &mut self.code.words;
        let count = words.len() + 1;
        words.extend([atom.0, 0]);
        // Behind a stretch no distance is known.
        let known = items.iter().position(|item| item.test == Test::Stretch).unwrap_or(items.len());
        pairs.needs(&items[..known], |number_of, distance| {
            if pairs.is_pair(number_of) {
                words[count] += 1;
                words.extend([number_of, number(distance)]);
            }
        });
        words.extend(items.iter().map(|&item| pack(item)));
    }

    fn list(&mut self, lang: u32, of: ExprId) {
        self.within(op::LIST, FieldSet(0), |this| {
            this.code.words.push(lang);
            this.node(of);
        });
    }

    /// An OR: its single terms in one run for each set of fields, then the rest.
    fn any_of(&mut self, parts: &[ExprId]) {
        let (mut first, mut terms, mut atoms) = (None, Vec::new(), Vec::new());
        let is_run = parts.iter().all(|&part| {
            let Some((fields, term, atom)) = self.single(part) else { return false };
            terms.push(term);
            atoms.push(atom);
            *first.get_or_insert(fields) == fields
        });
        if let (true, Some(fields)) = (is_run, first) {
            return self.run(fields, &terms, &atoms);
        }
        let mut runs: Vec<(FieldSet, Vec<u32>, Vec<u32>)> = Vec::new();
        let mut rest = Vec::new();
        for &part in parts {
            match self.single(part) {
                Some((fields, term, atom)) => match runs.iter_mut().find(|(of, ..)| *of == fields) {
                    Some((_, terms, atoms)) => {
                        terms.push(term);
                        atoms.push(atom);
                    }
                    None => runs.push((fields, vec![term], vec![atom])),
                },
                None => rest.push(part),
            }
        }
        rest.sort_by_key(|&part| self.effort(part));
        self.within(op::OR, FieldSet(0), |this| {
            runs.iter().for_each(|(fields, terms, atoms)| this.run(*fields, terms, atoms));
            rest.into_iter().for_each(|part| this.node(part));
        });
    }

    fn run(&mut self, fields: FieldSet, terms: &[u32], atoms: &[u32]) {
        let is_usual = |(&term, &atom): (&u32, &u32)| self.code.usual_atoms[term as usize] == atom;
        if terms.len() < LONGEST_RUN && terms.iter().zip(atoms).all(is_usual) {
            let length = number(1 + terms.len());
            self.code.words.push(op::ANY | u32::from(fields.0) << 8 | length << RUN_LENGTH);
            self.code.words.extend_from_slice(terms);
            return;
        }
        let place = number(self.code.atoms.len());
        self.code.atoms.extend_from_slice(atoms);
        self.within(op::ANY_OF, fields, |this| {
            this.code.words.push(place);
            this.code.words.extend_from_slice(terms);
        });
    }

    fn single(&self, id: ExprId) -> Option<(FieldSet, u32, u32)> {
        let Expr::Atom { atom, fields } = self.program.expr(id) else { return None };
        match &self.program.atoms[atom.index()] {
            AtomKind::Sequence(items) => single(self.pairs, items).map(|term| (*fields, term, atom.0)),
            AtomKind::Regex(_) => None,
        }
    }

    /// What trying a node costs, roughly: to put the cheap ones first.
    fn effort(&self, id: ExprId) -> u32 {
        match self.program.expr(id) {
            Expr::Atom { .. } if self.single(id).is_some() => 0,
            Expr::Atom { atom, .. } if matches!(self.program.atoms[atom.index()], AtomKind::Regex(_)) => 7,
            Expr::Atom { .. } => 2,
            Expr::Or(parts) if parts.iter().all(|&part| self.single(part).is_some()) => 1,
            Expr::Or(_) | Expr::And(_) => 3,
            Expr::Concept { .. } | Expr::Topic { .. } | Expr::SomeOf { .. } => 4,
            Expr::AtLeast { .. } => 5,
            Expr::Near { .. } => 6,
            Expr::Not(_) => 8,
        }
    }
}

/// An item of a sequence as a number: the term, or [`ANYTHING`] or [`STRETCHES`], and in the lowest bit whether it is glued.
fn pack(item: Item) -> u32 {
    let test = match item.test {
        Test::Term(term) => term.0,
        Test::Any => ANYTHING,
        Test::Stretch => STRETCHES,
    };
    test << 1 | u32::from(item.glued)
}

/// The item that any piece is. Terms are numbered below: each takes more than two bytes of a rule file.
pub(super) const ANYTHING: u32 = (1 << 31) - 2;
/// The item that is up to [`STRETCH`](super::expr::STRETCH) characters.
pub(super) const STRETCHES: u32 = (1 << 31) - 1;
