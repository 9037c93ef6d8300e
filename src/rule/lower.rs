//! Syntax trees → one [`Program`]: terms go through the same analysis as articles, concepts become shared lists by
//! language, scopes move down to the atoms. A hyphenated or elided word becomes a phrase here, because that is what the
//! analysis makes of it in an article.

use std::collections::BTreeMap;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use regex::RegexBuilder;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::ast::{self, Node, NodeKind, PhrasePart, Word, WordForm};
use super::check::DEEPEST;
use super::codes;
use super::def::{AlertOn, ConceptDef, RuleFiles, StoryDef, TopicDef};
use super::expr::{
    AtomId, AtomKind, CompiledTopic, ConceptId, Expr, ExprId, FieldSet, Item, Program, ScorePart, TermId, Test, Texts,
};
use super::term::{Pattern, Term};
use crate::model::{Diagnostic, Lang, SourceId, Span, Topic};
use crate::text::normalize::{exact, fold};
use crate::text::segment::{Piece, PieceKind, pattern_pieces, pieces};

/// Compiles checked files. What can't be compiled is reported and left out. The topics are taken out of the files and let
/// go one by one, so that a hundred thousand of them need not be in memory twice.
#[must_use]
pub(super) fn lower(files: &mut RuleFiles) -> Lowered {
    let topics = std::mem::take(&mut files.topics);
    let count = topics.len();
    let mut lowering = Lowering {
        concept_defs: &files.concepts,
        topics,
        topics_by_id: None,
        program: Program::default(),
        terms: Known::default(),
        atoms: Known::default(),
        exprs: Known::default(),
        words: FxHashMap::default(),
        items: FxHashMap::default(),
        concepts: FxHashMap::default(),
        concept_ids: BTreeMap::new(),
        matches: vec![Progress::Waiting; count],
        depth: 0,
        file: SourceId(0),
        reached: FxHashSet::default(),
        diagnostics: Vec::new(),
    };
    lowering.program.topics.reserve_exact(count);
    for index in 0..count {
        let compiled = lowering.topic(index);
        lowering.program.topics.push(compiled);
    }
    let Lowering { mut program, diagnostics, reached, .. } = lowering;
    program.exprs.shrink_to_fit();
    program.atoms.shrink_to_fit();
    Lowered { program, diagnostics, reached }
}

/// What compiling gives.
pub(super) struct Lowered {
    /// The program.
    pub program: Program,
    /// What could not be compiled.
    pub diagnostics: Vec<Diagnostic>,
    /// Files with topics that those of other files refer to.
    pub reached: FxHashSet<SourceId>,
}

/// Tells what is numbered already without keeping it a second time.
#[derive(Debug, Default)]
struct Known {
    /// By hash, the number given last.
    last: FxHashMap<u64, u32>,
    /// By number, the one before it that has the same hash.
    before: Vec<u32>,
}

impl Known {
    fn find(&self, hash: u64, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let mut number = *self.last.get(&hash)?;
        while number != NONE {
            if is_same(number) {
                return Some(number);
            }
            number = self.before[number as usize];
        }
        None
    }

    /// To be called for every thing that is numbered, in order.
    fn add(&mut self, hash: u64) -> u32 {
        let number = count(self.before.len());
        self.before.push(self.last.insert(hash, number).unwrap_or(NONE));
        number
    }
}

const NONE: u32 = u32::MAX;

/// Bytes of a compiled regular expression, as the syntax check allows.
const REGEX_SIZE: usize = 1 << 20;

/// A word of a phrase, and the language whose stemmer it asks for.
type PhraseWord = (WordForm, Option<Lang>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Doing,
    Done(Option<ExprId>),
}

/// By the letters of a word. All letters lie together: words are asked for in the order of the files, a million times, and
/// each that lay by itself would be fetched from memory.
struct ByText<T> {
    known: Known,
    texts: Texts,
    values: Vec<T>,
}

impl<T> Default for ByText<T> {
    fn default() -> Self {
        Self { known: Known::default(), texts: Texts::default(), values: Vec::new() }
    }
}

impl<T> ByText<T> {
    fn get(&self, text: &str) -> Option<&T> {
        let number = self.known.find(FxBuildHasher.hash_one(text), |number| self.texts.of(number) == text)?;
        self.values.get(number as usize)
    }

    /// To be called for what [`Self::get`] doesn't know.
    fn add(&mut self, text: &str, value: T) {
        self.known.add(FxBuildHasher.hash_one(text));
        self.texts.push(text);
        self.values.push(value);
    }
}

struct Lowering<'f> {
    concept_defs: &'f BTreeMap<String, ConceptDef>,
    /// What is compiled is taken out.
    topics: Vec<TopicDef>,
    /// Made when the first reference to a topic is met.
    topics_by_id: Option<FxHashMap<Box<str>, usize>>,
    program: Program,
    terms: Known,
    atoms: Known,
    exprs: Known,
    /// Single words met before: nearly all that queries are made of.
    words: FxHashMap<(WordForm, Option<Lang>, FieldSet), ByText<ExprId>>,
    /// The same within phrases.
    items: FxHashMap<PhraseWord, ByText<Box<[Item]>>>,
    concepts: FxHashMap<(&'f str, FieldSet), Option<ExprId>>,
    concept_ids: BTreeMap<&'f str, ConceptId>,
    matches: Vec<Progress>,
    depth: u32,
    /// Of the topic that is worked on.
    file: SourceId,
    reached: FxHashSet<SourceId>,
    diagnostics: Vec<Diagnostic>,
}

/// Where a node stands: the fields it looks at, and the language of the list it is in.
#[derive(Clone, Copy)]
struct Place {
    fields: FieldSet,
    lang: Option<Lang>,
}

impl<'f> Lowering<'f> {
    fn topic(&mut self, index: usize) -> CompiledTopic {
        let place = Place { fields: FieldSet::TEXT, lang: None };
        let matches = self.topic_match(index);
        let topic = &mut self.topics[index];
        let file = topic.span.source;
        self.file = file;
        let (except, score) = (topic.except.take(), std::mem::take(&mut topic.score));
        let except = except.and_then(|query| self.node(&query.tree(), place));
        let score = score
            .iter()
            .filter_map(|part| {
                let when = self.node(&part.when.tree(), place)?;
                Some(ScorePart { when, add: part.add, each: part.each, max: part.max })
            })
            .collect();
        let topic = &mut self.topics[index];
        let story = topic.story.take();
        let alerts_on = |what| story.as_ref().is_some_and(|story| story.alert_on.contains(&what));
        CompiledTopic {
            info: Arc::new(Topic {
                id: topic.id.clone(),
                name: std::mem::take(&mut topic.name),
                labels: std::mem::take(&mut topic.labels),
                story_window: story.as_ref().map_or(StoryDef::DEFAULT_WINDOW, |story| story.window),
                alert_on_every: alerts_on(AlertOn::Every),
                alert_on_changed: alerts_on(AlertOn::Changed),
            }),
            enabled: topic.enabled,
            matches,
            except,
            score,
            threshold: topic.threshold,
            severity: topic.severity.clone(),
            filter: topic.filter.take(),
            file,
        }
    }

    fn topic_match(&mut self, index: usize) -> Option<ExprId> {
        if let Progress::Done(done) = self.matches[index] {
            return done;
        }
        if self.matches[index] == Progress::Doing {
            return None;
        }
        let topic = &mut self.topics[index];
        let (span, query) = (topic.span, topic.matches.take());
        self.matches[index] = Progress::Doing;
        let before = std::mem::replace(&mut self.file, span.source);
        let place = Place { fields: FieldSet::TEXT, lang: None };
        let expr = query.and_then(|query| self.deeper(span, |this| this.node(&query.tree(), place)));
        self.file = before;
        self.matches[index] = Progress::Done(expr);
        expr
    }

    fn topic_by_id(&mut self, id: &str) -> Option<usize> {
        let topics = &self.topics;
        let by_id = self.topics_by_id.get_or_insert_with(|| {
            topics.iter().enumerate().map(|(index, topic)| (topic.id.as_str().into(), index)).collect()
        });
        by_id.get(id).copied()
    }

    fn deeper<T>(&mut self, span: Span, work: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= DEEPEST {
            self.diagnostics.push(
                Diagnostic::error(
                    codes::CHAIN,
                    format!("more than {DEEPEST} concepts or topics refer to each other in a row"),
                )
                .label(span, "here the chain is too long")
                .help("name the terms directly"),
            );
            return None;
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    fn node(&mut self, node: &Node, place: Place) -> Option<ExprId> {
        let expr = match &node.kind {
            NodeKind::Atom(atom) => return self.atom(atom, node.span, place),
            NodeKind::And(parts) => {
                let parts = self.nodes(parts, place)?;
                return Some(self.many(parts, Expr::And));
            }
            NodeKind::Or(parts) => {
                let parts = self.nodes(parts, place)?;
                return Some(self.many(parts, Expr::Or));
            }
            NodeKind::Not(of) => Expr::Not(self.node(of, place)?),
            NodeKind::Near(near) => {
                let left = self.node(&near.left, place)?;
                let right = self.node(&near.right, place)?;
                Expr::Near { left, right, reach: near.reach, ordered: near.ordered, negated: near.negated }
            }
            NodeKind::AtLeast { count, of } => Expr::AtLeast { count: *count, of: self.node(of, place)? },
            NodeKind::SomeOf { count, of } => {
                Expr::SomeOf { count: *count, of: self.nodes(of, place)?.into_boxed_slice() }
            }
            NodeKind::Scope { scope, of } => {
                return self.node(of, Place { fields: FieldSet::of_scope(*scope), ..place });
            }
        };
        Some(self.intern(expr))
    }

    /// All of them, or nothing: an operand must not silently go missing.
    fn nodes(&mut self, nodes: &[Node], place: Place) -> Option<Vec<ExprId>> {
        // Every operand is looked at, so that every mistake is reported.
        let mut lowered = Vec::with_capacity(nodes.len());
        lowered.extend(nodes.iter().filter_map(|node| self.node(node, place)));
        (lowered.len() == nodes.len()).then_some(lowered)
    }

    fn many(&mut self, parts: Vec<ExprId>, join: impl FnOnce(Box<[ExprId]>) -> Expr) -> ExprId {
        match parts.as_slice() {
            [one] => *one,
            _ => self.intern(join(parts.into_boxed_slice())),
        }
    }

    fn intern(&mut self, expr: Expr) -> ExprId {
        let hash = FxBuildHasher.hash_one(&expr);
        let exprs = &self.program.exprs;
        if let Some(known) = self.exprs.find(hash, |number| exprs[number as usize] == expr) {
            return ExprId(known);
        }
        self.program.exprs.push(expr);
        ExprId(self.exprs.add(hash))
    }

    fn atom(&mut self, atom: &ast::Atom, span: Span, place: Place) -> Option<ExprId> {
        let items = match atom {
            ast::Atom::Concept(name) => return self.concept(name, span, place.fields),
            ast::Atom::Topic(id) => {
                let index = self.topic_by_id(id)?;
                let file = self.topics[index].span.source;
                if file != self.file {
                    self.reached.insert(file);
                }
                let of = self.topic_match(index)?;
                return Some(self.intern(Expr::Topic { topic: count(index), of }));
            }
            ast::Atom::Regex(pattern) => return self.regex(pattern, &atom.to_string(), span, place),
            ast::Atom::Word(word) => {
                let kind = (word.form, stem_language(word, place), place.fields);
                if let Some(&known) = self.words.get(&kind).and_then(|words| words.get(&word.text)) {
                    return Some(known);
                }
                let items = self.word(word, place.lang);
                let expr = self.sequence(&atom.to_string(), items, span, place)?;
                self.words.entry(kind).or_default().add(&word.text, expr);
                return Some(expr);
            }
            ast::Atom::Phrase(parts) => {
                let mut items = Vec::new();
                for part in parts {
                    match part {
                        PhrasePart::Word(word) => self.add_items(word, place, &mut items),
                        PhrasePart::Any => items.push(Item { glued: false, test: Test::Any }),
                    }
                }
                items
            }
        };
        self.sequence(&atom.to_string(), items, span, place)
    }

    /// The items of a word within a phrase.
    fn add_items(&mut self, word: &Word, place: Place, items: &mut Vec<Item>) {
        let kind = (word.form, stem_language(word, place));
        if let Some(known) = self.items.get(&kind).and_then(|words| words.get(&word.text)) {
            return items.extend_from_slice(known);
        }
        let own = self.word(word, place.lang);
        items.extend_from_slice(&own);
        self.items.entry(kind).or_default().add(&word.text, own.into());
    }

    fn sequence(&mut self, written: &str, items: Vec<Item>, span: Span, place: Place) -> Option<ExprId> {
        if !items.iter().any(|item| matches!(item.test, Test::Term(_))) {
            self.diagnostics.push(
                Diagnostic::error(codes::NO_WORD, format!("`{written}` has neither a letter nor a digit"))
                    .label(span, "")
                    .help("punctuation and symbols can't be searched for; use a regular expression: `/€\\d+/`"),
            );
            return None;
        }
        let hash = FxBuildHasher.hash_one((written, items.as_slice()));
        let program = &self.program;
        let is_same = |number: u32| {
            program.written.of(number) == written
                && matches!(&program.atoms[number as usize], AtomKind::Sequence(known) if **known == *items)
        };
        let id = self.atoms.find(hash, is_same).unwrap_or_else(|| {
            self.program.atoms.push(AtomKind::Sequence(items.into()));
            self.program.written.push(written);
            self.atoms.add(hash)
        });
        Some(self.intern(Expr::Atom { atom: AtomId(id), fields: place.fields }))
    }

    fn regex(&mut self, pattern: &str, written: &str, span: Span, place: Place) -> Option<ExprId> {
        let hash = FxBuildHasher.hash_one(written);
        let program = &self.program;
        let is_same = |number: u32| {
            program.written.of(number) == written && matches!(program.atoms[number as usize], AtomKind::Regex(_))
        };
        let id = match self.atoms.find(hash, is_same) {
            Some(known) => known,
            None => match RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build() {
                Ok(regex) => {
                    self.program.atoms.push(AtomKind::Regex(regex));
                    self.program.written.push(written);
                    self.atoms.add(hash)
                }
                Err(error) => {
                    self.diagnostics.push(
                        Diagnostic::error(codes::BAD_REGEX, "this regular expression can't be compiled")
                            .label(span, error.to_string().lines().last().unwrap_or("").to_owned())
                            .help("shorten its repetitions"),
                    );
                    return None;
                }
            },
        };
        Some(self.intern(Expr::Atom { atom: AtomId(id), fields: place.fields }))
    }

    fn concept(&mut self, name: &str, span: Span, fields: FieldSet) -> Option<ExprId> {
        let (name, definition) = self.concept_defs.get_key_value(name)?;
        let name = name.as_str();
        if let Some(&done) = self.concepts.get(&(name, fields)) {
            return done;
        }
        // While it is worked on it counts as nothing, so that a cycle ends.
        self.concepts.insert((name, fields), None);
        let expr = self.deeper(span, |this| {
            let any = this.list(&definition.any, Place { fields, lang: None });
            let lists: Vec<(Lang, ExprId)> = definition
                .lists
                .iter()
                .filter_map(|(&lang, terms)| Some((lang, this.list(terms, Place { fields, lang: Some(lang) })?)))
                .collect();
            let next = ConceptId(count(this.program.concepts.len()));
            let concept = *this.concept_ids.entry(name).or_insert(next);
            if concept == next {
                this.program.concepts.push(name.to_owned());
            }
            Some(this.intern(Expr::Concept { concept, any, lists: lists.into_boxed_slice() }))
        });
        self.concepts.insert((name, fields), expr);
        expr
    }

    fn list(&mut self, terms: &[Node], place: Place) -> Option<ExprId> {
        let parts: Vec<ExprId> = terms.iter().filter_map(|term| self.node(term, place)).collect();
        if parts.is_empty() { None } else { Some(self.many(parts, Expr::Or)) }
    }

    fn word(&mut self, word: &Word, lang: Option<Lang>) -> Vec<Item> {
        let has_wildcards = matches!(word.form, WordForm::Pattern | WordForm::Exact) && word.text.contains(['*', '?']);
        let found: Vec<Piece> =
            if has_wildcards { pattern_pieces(&word.text).collect() } else { pieces(&word.text).collect() };
        let mut items = Vec::with_capacity(found.len());
        for (index, piece) in found.iter().enumerate() {
            let text = &word.text[piece.start..piece.end];
            let is_character = |other: Option<&Piece>| other.is_some_and(|piece| piece.kind == PieceKind::Character);
            let after_character = piece.glued && index > 0 && is_character(found.get(index - 1));
            let before_character =
                is_character(found.get(index + 1)) && found.get(index + 1).is_some_and(|next| next.glued);
            if has_wildcards && text.chars().all(|c| matches!(c, '*' | '?')) && (after_character || before_character) {
                // Within a script without spaces `?` is one character; `*` matters only between two.
                for wildcard in text.chars() {
                    match wildcard {
                        '?' => items.push(Item { glued: after_character, test: Test::Any }),
                        _ if after_character && before_character => {
                            items.push(Item { glued: true, test: Test::Stretch });
                        }
                        _ => {}
                    }
                }
                continue;
            }
            if text == "*" {
                items.push(Item { glued: false, test: Test::Any });
                continue;
            }
            let wild = has_wildcards && text.contains(['*', '?']);
            let term = match word.form {
                WordForm::Exact if wild => Term::ExactPattern(Pattern::parse(text, exact)),
                WordForm::Exact => Term::Exact(exact(text)),
                WordForm::Stem if piece.kind == PieceKind::Word => Term::stem(text, lang),
                _ if wild => Term::Pattern(Pattern::parse(text, fold)),
                _ => Term::Word(fold(text)),
            };
            let after_wildcard = has_wildcards
                && index > 0
                && found
                    .get(index - 1)
                    .is_some_and(|before| word.text[before.start..before.end].chars().all(|c| matches!(c, '*' | '?')));
            let glued = piece.glued && piece.kind == PieceKind::Character && (after_character || after_wildcard);
            let id = self.term(term);
            items.push(Item { glued: glued && !items.is_empty(), test: Test::Term(id) });
        }
        items
    }

    fn term(&mut self, term: Term) -> TermId {
        let hash = FxBuildHasher.hash_one(&term);
        let terms = &self.program.terms;
        if let Some(known) = self.terms.find(hash, |number| terms[number as usize] == term) {
            return TermId(known);
        }
        self.program.terms.push(term);
        TermId(self.terms.add(hash))
    }
}

/// The language that a word's meaning depends on: only stems do.
fn stem_language(word: &Word, place: Place) -> Option<Lang> {
    place.lang.filter(|_| word.form == WordForm::Stem)
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("rule files are smaller than 4 GiB, so they hold fewer things than that")
}
