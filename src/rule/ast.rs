//! The syntax tree of a query: what was written, with the place of every node. Nothing here knows about text analysis.

use crate::model::{Field, Span};

/// A node with its place in the source.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Where it stands, operator and operands included.
    pub span: Span,
}

/// The kinds of nodes.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A word, phrase, concept, topic reference or regular expression.
    Atom(Atom),
    /// All of them. `not` parts are `NodeKind::Not` and never come alone or first only.
    And(Vec<Node>),
    /// Any of them.
    Or(Vec<Node>),
    /// None of it; only as an operand of `And`.
    Not(Box<Node>),
    /// Two operands near each other.
    Near(Near),
    /// So many hits that don't overlap: `ATLEAST/3(expr)`.
    AtLeast {
        /// How many.
        count: u32,
        /// Of what.
        of: Box<Node>,
    },
    /// So many of the expressions: `2 OF (a, b, c)`.
    SomeOf {
        /// How many.
        count: u32,
        /// Of which.
        of: Vec<Node>,
    },
    /// `title:( … )`.
    Scope {
        /// Where to look.
        scope: Scope,
        /// For what.
        of: Box<Node>,
    },
}

/// Where a scoped expression looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One field.
    Field(Field),
    /// Title and the first 60 words of the text.
    Lede,
}

/// A proximity expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Near {
    /// The first operand.
    pub left: Box<Node>,
    /// The second operand.
    pub right: Box<Node>,
    /// How near.
    pub reach: Reach,
    /// Whether `left` must come first (`ONEAR`).
    pub ordered: bool,
    /// `NOT NEAR`: a `left` that has no `right` around it.
    pub negated: bool,
}

/// How near two operands must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// At most so many words between.
    Words(u32),
    /// In the same sentence (`W/S`).
    Sentence,
    /// In the same paragraph (`W/P`).
    Paragraph,
}

/// A leaf.
#[derive(Debug, Clone, PartialEq)]
pub enum Atom {
    /// A single word.
    Word(Word),
    /// `"several words"`.
    Phrase(Vec<PhrasePart>),
    /// `@name`.
    Concept(String),
    /// `#topic-id`.
    Topic(String),
    /// `/re/`.
    Regex(String),
}

/// A part of a phrase.
#[derive(Debug, Clone, PartialEq)]
pub enum PhrasePart {
    /// A word, perhaps with modifiers.
    Word(Word),
    /// A lone `*`: exactly one word, whichever.
    Any,
}

/// A word as written, without its modifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// The letters; with `*` and `?` where `form` is `Pattern`.
    pub text: String,
    /// How it is compared.
    pub form: WordForm,
}

/// How a word is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WordForm {
    /// Folded: case and, where right, accents ignored.
    Folded,
    /// `=Mosca`: case and accents as written. May hold wildcards too.
    Exact,
    /// `~missile`: any inflected form, by stemmer.
    Stem,
    /// `missil*`, `defen?e`, folded.
    Pattern,
}
