//! Syntax trees → one [`Program`]: terms go through the same analysis as articles, concepts become shared lists by
//! language, scopes move down to the atoms. A hyphenated or elided word becomes a phrase here, because that is what the
//! analysis makes of it in an article.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::RegexBuilder;
use rustc_hash::FxHashMap;

use super::ast::{self, Node, NodeKind, PhrasePart, Word, WordForm};
use super::codes;
use super::def::{AlertOn, RuleFiles, TopicDef};
use super::expr::{
    AtomId, AtomKind, CompiledTopic, ConceptId, Expr, ExprId, FieldSet, Item, Program, ScorePart, TermId, Test,
};
use super::term::{Pattern, Term};
use crate::model::{Diagnostic, Lang, Span, Topic};
use crate::text::normalize::{exact, fold};
use crate::text::segment::{Piece, PieceKind, pattern_pieces, pieces};

/// Compiles checked files. What can't be compiled is reported and left out.
#[must_use]
pub(super) fn lower(files: &RuleFiles) -> (Program, Vec<Diagnostic>) {
    let topics_by_id = files.topics.iter().enumerate().map(|(index, topic)| (topic.id.as_str(), index)).collect();
    let mut lowering = Lowering {
        files,
        topics_by_id,
        program: Program::default(),
        terms: FxHashMap::default(),
        atoms: FxHashMap::default(),
        exprs: FxHashMap::default(),
        concepts: FxHashMap::default(),
        concept_ids: BTreeMap::new(),
        matches: vec![Progress::Waiting; files.topics.len()],
        depth: 0,
        diagnostics: Vec::new(),
    };
    for (index, topic) in files.topics.iter().enumerate() {
        let compiled = lowering.topic(index, topic);
        lowering.program.topics.push(compiled);
    }
    (lowering.program, lowering.diagnostics)
}

/// Longest chain of concepts or topics that refer to each other; no glossary needs more, and the stack is finite.
const DEEPEST: u32 = 60;

/// Bytes of a compiled regular expression, as the syntax check allows.
const REGEX_SIZE: usize = 1 << 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Doing,
    Done(Option<ExprId>),
}

struct Lowering<'f> {
    files: &'f RuleFiles,
    topics_by_id: FxHashMap<&'f str, usize>,
    program: Program,
    terms: FxHashMap<Term, TermId>,
    atoms: FxHashMap<(String, Vec<Item>), AtomId>,
    exprs: FxHashMap<Expr, ExprId>,
    concepts: FxHashMap<(&'f str, FieldSet), Option<ExprId>>,
    concept_ids: BTreeMap<&'f str, ConceptId>,
    matches: Vec<Progress>,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
}

/// Where a node stands: the fields it looks at, and the language of the list it is in.
#[derive(Clone, Copy)]
struct Place {
    fields: FieldSet,
    lang: Option<Lang>,
}

impl<'f> Lowering<'f> {
    fn topic(&mut self, index: usize, topic: &'f TopicDef) -> CompiledTopic {
        let place = Place { fields: FieldSet::TEXT, lang: None };
        let matches = self.topic_match(index);
        let except = topic.except.as_ref().and_then(|node| self.node(node, place));
        let score = topic
            .score
            .iter()
            .filter_map(|part| {
                let when = self.node(&part.when, place)?;
                Some(ScorePart { when, add: part.add, each: part.each, max: part.max })
            })
            .collect();
        CompiledTopic {
            info: Arc::new(Topic {
                id: topic.id.clone(),
                name: topic.name.clone(),
                labels: topic.labels.clone(),
                story_window: topic.story.window,
                alert_on_every: topic.story.alert_on.contains(&AlertOn::Every),
                alert_on_changed: topic.story.alert_on.contains(&AlertOn::Changed),
            }),
            enabled: topic.enabled,
            matches,
            except,
            score,
            threshold: topic.threshold,
            severity: topic.severity.clone(),
            filter: topic.filter.clone(),
        }
    }

    fn topic_match(&mut self, index: usize) -> Option<ExprId> {
        if let Progress::Done(done) = self.matches[index] {
            return done;
        }
        let files = self.files;
        let topic = &files.topics[index];
        let node = topic.matches.as_ref()?;
        if self.matches[index] == Progress::Doing {
            return None;
        }
        self.matches[index] = Progress::Doing;
        let expr = self.deeper(topic.span, |this| this.node(node, Place { fields: FieldSet::TEXT, lang: None }));
        self.matches[index] = Progress::Done(expr);
        expr
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

    fn node(&mut self, node: &'f Node, place: Place) -> Option<ExprId> {
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
    fn nodes(&mut self, nodes: &'f [Node], place: Place) -> Option<Vec<ExprId>> {
        // Every operand is looked at, so that every mistake is reported.
        let lowered: Vec<Option<ExprId>> = nodes.iter().map(|node| self.node(node, place)).collect();
        lowered.into_iter().collect()
    }

    fn many(&mut self, parts: Vec<ExprId>, join: impl FnOnce(Box<[ExprId]>) -> Expr) -> ExprId {
        match parts.as_slice() {
            [one] => *one,
            _ => self.intern(join(parts.into_boxed_slice())),
        }
    }

    fn intern(&mut self, expr: Expr) -> ExprId {
        if let Some(&id) = self.exprs.get(&expr) {
            return id;
        }
        let id = ExprId(count(self.program.exprs.len()));
        self.program.exprs.push(expr.clone());
        self.exprs.insert(expr, id);
        id
    }

    fn atom(&mut self, atom: &'f ast::Atom, span: Span, place: Place) -> Option<ExprId> {
        let items = match atom {
            ast::Atom::Concept(name) => return self.concept(name, span, place.fields),
            ast::Atom::Topic(id) => {
                let index = *self.topics_by_id.get(id.as_str())?;
                let of = self.deeper(span, |this| this.topic_match(index))?;
                return Some(self.intern(Expr::Topic { topic: count(index), of }));
            }
            ast::Atom::Regex(pattern) => return self.regex(pattern, atom.to_string(), span, place),
            ast::Atom::Word(word) => self.word(word, place.lang),
            ast::Atom::Phrase(parts) => {
                let mut items = Vec::new();
                for part in parts {
                    match part {
                        PhrasePart::Word(word) => items.extend(self.word(word, place.lang)),
                        PhrasePart::Any => items.push(Item { glued: false, test: Test::Any }),
                    }
                }
                items
            }
        };
        if !items.iter().any(|item| matches!(item.test, Test::Term(_))) {
            self.diagnostics.push(
                Diagnostic::error(codes::NO_WORD, format!("`{atom}` has neither a letter nor a digit"))
                    .label(span, "")
                    .help("punctuation and symbols can't be searched for; use a regular expression: `/€\\d+/`"),
            );
            return None;
        }
        let key = (atom.to_string(), items);
        let id = match self.atoms.get(&key) {
            Some(&id) => id,
            None => {
                let id = AtomId(count(self.program.atoms.len()));
                self.program.atoms.push(AtomKind::Sequence(key.1.clone()));
                self.program.written.push(&key.0);
                self.atoms.insert(key, id);
                id
            }
        };
        Some(self.intern(Expr::Atom { atom: id, fields: place.fields }))
    }

    fn regex(&mut self, pattern: &str, written: String, span: Span, place: Place) -> Option<ExprId> {
        let key = (written, Vec::new());
        let id = match self.atoms.get(&key) {
            Some(&id) => id,
            None => match RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build() {
                Ok(regex) => {
                    let id = AtomId(count(self.program.atoms.len()));
                    self.program.atoms.push(AtomKind::Regex(regex));
                    self.program.written.push(&key.0);
                    self.atoms.insert(key, id);
                    id
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
        Some(self.intern(Expr::Atom { atom: id, fields: place.fields }))
    }

    fn concept(&mut self, name: &'f str, span: Span, fields: FieldSet) -> Option<ExprId> {
        if let Some(&done) = self.concepts.get(&(name, fields)) {
            return done;
        }
        let files = self.files;
        let definition = files.concepts.get(name)?;
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

    fn list(&mut self, terms: &'f [Node], place: Place) -> Option<ExprId> {
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
        if let Some(&id) = self.terms.get(&term) {
            return id;
        }
        let id = TermId(count(self.program.terms.len()));
        self.program.terms.push(term.clone());
        self.terms.insert(term, id);
        id
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).expect("rule files are smaller than 4 GiB, so they hold fewer things than that")
}
