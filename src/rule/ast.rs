//! The syntax tree of a query: what was written, with the place of every node. Nothing here knows about text analysis.
//!
//! A tree prints (`Display`) as a query that reads back as the same tree, spans apart; parentheses stand only where they
//! are needed. That text names the node in evidence and explanations.

use std::fmt;

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

impl Node {
    /// Calls `visit` for this node and every node under it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Self)) {
        visit(self);
        match &self.kind {
            NodeKind::Atom(_) => {}
            NodeKind::And(parts) | NodeKind::Or(parts) | NodeKind::SomeOf { of: parts, .. } => {
                for part in parts {
                    part.walk(visit);
                }
            }
            NodeKind::Not(of) | NodeKind::AtLeast { of, .. } | NodeKind::Scope { of, .. } => of.walk(visit),
            NodeKind::Near(near) => {
                near.left.walk(visit);
                near.right.walk(visit);
            }
        }
    }

    /// Levels of the tree, from 1 for a leaf.
    #[must_use]
    pub fn height(&self) -> u32 {
        1 + match &self.kind {
            NodeKind::Atom(_) => 0,
            NodeKind::And(parts) | NodeKind::Or(parts) | NodeKind::SomeOf { of: parts, .. } => {
                parts.iter().map(Self::height).max().unwrap_or(0)
            }
            NodeKind::Not(of) | NodeKind::AtLeast { of, .. } | NodeKind::Scope { of, .. } => of.height(),
            NodeKind::Near(near) => near.left.height().max(near.right.height()),
        }
    }
}

impl Scope {
    /// The word before the colon.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Field(field) => field.as_str(),
            Self::Lede => "lede",
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Atom(atom) => atom.fmt(f),
            Self::And(parts) => join(f, parts, " AND ", |part| matches!(part.kind, Self::And(_) | Self::Or(_))),
            Self::Or(parts) => {
                join(f, parts, " OR ", |part| matches!(part.kind, Self::And(_) | Self::Or(_) | Self::Not(_)))
            }
            Self::Not(of) => {
                f.write_str("NOT ")?;
                operand(
                    f,
                    of,
                    !matches!(
                        of.kind,
                        Self::Atom(_) | Self::Near(_) | Self::Scope { .. } | Self::AtLeast { .. } | Self::SomeOf { .. }
                    ),
                )
            }
            Self::Near(near) => near.fmt(f),
            Self::AtLeast { count, of } => write!(f, "ATLEAST/{count}({of})"),
            Self::SomeOf { count, of } => {
                write!(f, "{count} OF (")?;
                join(f, of, ", ", |_| false)?;
                f.write_str(")")
            }
            Self::Scope { scope, of } => {
                write!(f, "{}:", scope.as_str())?;
                operand(f, of, !matches!(of.kind, Self::Atom(_)))
            }
        }
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        operand(f, &self.left, !matches!(self.left.kind, NodeKind::Atom(_)))?;
        write!(f, " {} ", self.operator())?;
        operand(f, &self.right, !matches!(self.right.kind, NodeKind::Atom(_)))
    }
}

impl Near {
    /// The operator as written: `NEAR/5`, `NOT W/S`.
    #[must_use]
    pub fn operator(&self) -> String {
        self.reach.operator(self.ordered, self.negated)
    }
}

impl Reach {
    /// The operator of this reach.
    pub(super) fn operator(self, ordered: bool, negated: bool) -> String {
        let not = if negated { "NOT " } else { "" };
        match self {
            Self::Words(count) if ordered => format!("{not}ONEAR/{count}"),
            Self::Words(count) => format!("{not}NEAR/{count}"),
            Self::Sentence => format!("{not}W/S"),
            Self::Paragraph => format!("{not}W/P"),
        }
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => word.fmt(f),
            Self::Phrase(parts) => {
                f.write_str("\"")?;
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        f.write_str(" ")?;
                    }
                    match part {
                        PhrasePart::Word(word) => word.fmt(f)?,
                        PhrasePart::Any => f.write_str("*")?,
                    }
                }
                f.write_str("\"")
            }
            Self::Concept(name) => write!(f, "@{name}"),
            Self::Topic(id) => write!(f, "#{id}"),
            Self::Regex(pattern) => write!(f, "/{pattern}/"),
        }
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.form {
            WordForm::Folded | WordForm::Pattern => "",
            WordForm::Exact => "=",
            WordForm::Stem => "~",
        };
        write!(f, "{prefix}{}", self.text)
    }
}

fn operand(f: &mut fmt::Formatter<'_>, node: &Node, parentheses: bool) -> fmt::Result {
    if parentheses { write!(f, "({node})") } else { write!(f, "{node}") }
}

fn join(f: &mut fmt::Formatter<'_>, parts: &[Node], between: &str, parentheses: impl Fn(&Node) -> bool) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        operand(f, part, parentheses(part))?;
    }
    Ok(())
}
