//! What every vendor's query is read into: the tree that the builder turns into ours. It knows nothing of any vendor.

use std::ops::Range;

use crate::model::Lang;
use crate::rule::ast::{Atom, Reach, Scope};

/// A node and the bytes of the vendor's text in which it stands.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

/// The kinds of nodes.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// A word or phrase, in our terms already.
    Atom(Atom),
    /// All of them; parts may be `Not`.
    And(Vec<Tree>),
    /// Any of them; parts may be `Not`.
    Or(Vec<Tree>),
    /// None of it. May stand anywhere; the builder finds it a place.
    Not(Box<Tree>),
    /// Near each other.
    Near { left: Box<Tree>, right: Box<Tree>, reach: Reach, ordered: bool, negated: bool },
    /// So many hits.
    AtLeast { count: u32, of: Box<Tree> },
    /// In a field.
    Scoped { scope: Scope, of: Box<Tree> },
    /// Articles in one of these languages.
    Languages(Vec<Lang>),
    /// Articles with at least so many words.
    MinWords(u32),
    /// What rules have no words for: what it asks, for people, and what to do instead.
    Lost { what: String, help: String },
}

impl Tree {
    pub(super) fn new(kind: Kind, at: Range<usize>) -> Self {
        Self { kind, at }
    }

    /// What can't be said.
    pub(super) fn lost(what: impl Into<String>, help: impl Into<String>, at: Range<usize>) -> Self {
        Self::new(Kind::Lost { what: what.into(), help: help.into() }, at)
    }

    /// All of them, without an AND around a single one or inside another.
    pub(super) fn all(parts: Vec<Self>) -> Option<Self> {
        Self::joined(parts, Kind::And, |kind| if let Kind::And(parts) = kind { Ok(parts) } else { Err(kind) })
    }

    /// Any of them, likewise.
    pub(super) fn any(parts: Vec<Self>) -> Option<Self> {
        Self::joined(parts, Kind::Or, |kind| if let Kind::Or(parts) = kind { Ok(parts) } else { Err(kind) })
    }

    fn joined(
        parts: Vec<Self>,
        make: fn(Vec<Self>) -> Kind,
        take: fn(Kind) -> Result<Vec<Self>, Kind>,
    ) -> Option<Self> {
        let start = parts.iter().map(|part| part.at.start).min()?;
        let end = parts.iter().map(|part| part.at.end).max()?;
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match take(part.kind) {
                Ok(inner) => flat.extend(inner),
                Err(kind) => flat.push(Self::new(kind, part.at)),
            }
        }
        if flat.len() == 1 { flat.pop() } else { Some(Self::new(make(flat), start..end)) }
    }

    /// Applies a change to every atom.
    pub(super) fn map_atoms(&mut self, change: &mut impl FnMut(&mut Atom, &Range<usize>)) {
        match &mut self.kind {
            Kind::Atom(atom) => change(atom, &self.at),
            Kind::And(parts) | Kind::Or(parts) => parts.iter_mut().for_each(|part| part.map_atoms(change)),
            Kind::Not(of) | Kind::AtLeast { of, .. } | Kind::Scoped { of, .. } => of.map_atoms(change),
            Kind::Near { left, right, .. } => {
                left.map_atoms(change);
                right.map_atoms(change);
            }
            Kind::Languages(_) | Kind::MinWords(_) | Kind::Lost { .. } => {}
        }
    }
}
