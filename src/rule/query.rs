//! A [`Query`]: a syntax tree in one piece of memory.
//!
//! A tree of [`Node`]s takes some 90 bytes for a word, and as many allocations as it has words. A hundred thousand topics
//! are all read before the first is compiled, so what is kept of each is its tree written out: a tag for every node, parents
//! before children, numbers in as few bytes as they need (LEB128), some 15 bytes for a word. Whoever looks into a query
//! unfolds it, which costs less than to parse it again.

use std::fmt;

use crate::model::{SourceId, Span};
use crate::text::analyzed::FIELDS;

use super::ast::{Atom, Near, Node, NodeKind, PhrasePart, Reach, Scope, Word, WordForm};

/// A query's tree, folded. It prints as the tree does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    source: SourceId,
    folded: Box<[u8]>,
}

impl Query {
    /// Folds a tree; all of it stands in one file.
    pub(super) fn new(tree: &Node) -> Self {
        let mut writer = Writer { out: Vec::with_capacity(256) };
        writer.node(tree, 0);
        Self { source: tree.span.source, folded: writer.out.into() }
    }

    /// The tree.
    #[must_use]
    pub fn tree(&self) -> Node {
        let mut reader = Reader { source: self.source, rest: &self.folded };
        reader.node(0).expect("only a tree is folded, and it is read as it was written")
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree().fmt(f)
    }
}

/// What a node is: the first byte of each.
mod tag {
    pub(super) const WORD: u8 = 0;
    pub(super) const PHRASE: u8 = 1;
    pub(super) const CONCEPT: u8 = 2;
    pub(super) const TOPIC: u8 = 3;
    pub(super) const REGEX: u8 = 4;
    pub(super) const AND: u8 = 5;
    pub(super) const OR: u8 = 6;
    pub(super) const NOT: u8 = 7;
    pub(super) const NEAR: u8 = 8;
    pub(super) const AT_LEAST: u8 = 9;
    pub(super) const SOME_OF: u8 = 10;
    pub(super) const SCOPE: u8 = 11;
}

/// How words are compared, by number.
const FORMS: [WordForm; 4] = [WordForm::Folded, WordForm::Exact, WordForm::Stem, WordForm::Pattern];
/// In the place of a form: any word.
const ANY: u32 = 4;
/// In the place of a field: the lede.
const LEDE: u32 = 7;
/// In the place of a number of words: how near otherwise.
const SENTENCE: u32 = 0;
const PARAGRAPH: u32 = 1;
const WORDS: u32 = 2;

struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// `from`: where the parent begins, which is near.
    fn node(&mut self, node: &Node, from: u32) {
        let Span { start, end, .. } = node.span;
        let mut begin = |tag: u8| {
            self.out.push(tag);
            self.number(start.wrapping_sub(from));
            self.number(end.wrapping_sub(start));
        };
        match &node.kind {
            NodeKind::Atom(Atom::Word(word)) => {
                begin(tag::WORD);
                self.word(word);
            }
            NodeKind::Atom(Atom::Phrase(parts)) => {
                begin(tag::PHRASE);
                self.length(parts.len());
                for part in parts {
                    match part {
                        PhrasePart::Word(word) => self.word(word),
                        PhrasePart::Any => self.number(ANY),
                    }
                }
            }
            NodeKind::Atom(Atom::Concept(name)) => {
                begin(tag::CONCEPT);
                self.text(name);
            }
            NodeKind::Atom(Atom::Topic(id)) => {
                begin(tag::TOPIC);
                self.text(id);
            }
            NodeKind::Atom(Atom::Regex(pattern)) => {
                begin(tag::REGEX);
                self.text(pattern);
            }
            NodeKind::And(parts) => {
                begin(tag::AND);
                self.nodes(parts, start);
            }
            NodeKind::Or(parts) => {
                begin(tag::OR);
                self.nodes(parts, start);
            }
            NodeKind::Not(of) => {
                begin(tag::NOT);
                self.node(of, start);
            }
            NodeKind::Near(Near { left, right, reach, ordered, negated }) => {
                begin(tag::NEAR);
                let (kind, words) = match reach {
                    Reach::Sentence => (SENTENCE, 0),
                    Reach::Paragraph => (PARAGRAPH, 0),
                    Reach::Words(words) => (WORDS, *words),
                };
                self.number(kind << 2 | u32::from(*ordered) << 1 | u32::from(*negated));
                self.number(words);
                self.node(left, start);
                self.node(right, start);
            }
            NodeKind::AtLeast { count, of } => {
                begin(tag::AT_LEAST);
                self.number(*count);
                self.node(of, start);
            }
            NodeKind::SomeOf { count, of } => {
                begin(tag::SOME_OF);
                self.number(*count);
                self.nodes(of, start);
            }
            NodeKind::Scope { scope, of } => {
                begin(tag::SCOPE);
                self.number(match scope {
                    Scope::Lede => LEDE,
                    Scope::Field(field) => (0..).zip(FIELDS).find(|(_, of)| of == field).map_or(LEDE, |(at, _)| at),
                });
                self.node(of, start);
            }
        }
    }

    fn nodes(&mut self, nodes: &[Node], from: u32) {
        self.length(nodes.len());
        for node in nodes {
            self.node(node, from);
        }
    }

    fn word(&mut self, word: &Word) {
        self.number((0..).zip(FORMS).find(|(_, form)| *form == word.form).map_or(0, |(at, _)| at));
        self.text(&word.text);
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.out.extend_from_slice(text.as_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(u32::try_from(length).expect("queries are shorter than `MAX_QUERY_BYTES`"));
    }

    fn number(&mut self, mut number: u32) {
        while number >= 0x80 {
            self.out.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.out.push(number as u8);
    }
}

struct Reader<'q> {
    source: SourceId,
    rest: &'q [u8],
}

impl Reader<'_> {
    fn node(&mut self, from: u32) -> Option<Node> {
        let tag = self.byte()?;
        let start = self.number()?.wrapping_add(from);
        let end = self.number()?.wrapping_add(start);
        let kind = match tag {
            tag::WORD => match self.part()? {
                PhrasePart::Word(word) => NodeKind::Atom(Atom::Word(word)),
                PhrasePart::Any => return None,
            },
            tag::PHRASE => {
                let length = self.number()?;
                NodeKind::Atom(Atom::Phrase((0..length).map(|_| self.part()).collect::<Option<_>>()?))
            }
            tag::CONCEPT => NodeKind::Atom(Atom::Concept(self.text()?)),
            tag::TOPIC => NodeKind::Atom(Atom::Topic(self.text()?)),
            tag::REGEX => NodeKind::Atom(Atom::Regex(self.text()?)),
            tag::AND => NodeKind::And(self.nodes(start)?),
            tag::OR => NodeKind::Or(self.nodes(start)?),
            tag::NOT => NodeKind::Not(Box::new(self.node(start)?)),
            tag::NEAR => {
                let kind = self.number()?;
                let words = self.number()?;
                let reach = match kind >> 2 {
                    SENTENCE => Reach::Sentence,
                    PARAGRAPH => Reach::Paragraph,
                    _ => Reach::Words(words),
                };
                let left = Box::new(self.node(start)?);
                let right = Box::new(self.node(start)?);
                NodeKind::Near(Near { left, right, reach, ordered: kind & 2 != 0, negated: kind & 1 != 0 })
            }
            tag::AT_LEAST => NodeKind::AtLeast { count: self.number()?, of: Box::new(self.node(start)?) },
            tag::SOME_OF => NodeKind::SomeOf { count: self.number()?, of: self.nodes(start)? },
            tag::SCOPE => {
                let scope = FIELDS.get(self.number()? as usize).map_or(Scope::Lede, |&field| Scope::Field(field));
                NodeKind::Scope { scope, of: Box::new(self.node(start)?) }
            }
            _ => return None,
        };
        Some(Node { kind, span: Span { source: self.source, start, end } })
    }

    fn nodes(&mut self, from: u32) -> Option<Vec<Node>> {
        let length = self.number()?;
        (0..length).map(|_| self.node(from)).collect()
    }

    fn part(&mut self) -> Option<PhrasePart> {
        Some(match self.number()? {
            ANY => PhrasePart::Any,
            form => PhrasePart::Word(Word { form: *FORMS.get(form as usize)?, text: self.text()? }),
        })
    }

    fn text(&mut self) -> Option<String> {
        let length = self.number()? as usize;
        let (text, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }

    fn number(&mut self) -> Option<u32> {
        let mut number = 0;
        for shift in (0..u32::BITS).step_by(7) {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn byte(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }
}
