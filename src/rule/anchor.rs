//! Which terms an article must hold one of before a query can hold: of an AND the cheapest part, of an OR all of them.
//! An article that has none of a topic's anchors costs that topic nothing.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::expr::{AtomKind, CompiledTopic, Expr, ExprId, Program, TermId, Test};
use super::term::{Pattern, Term};

/// What has to be there.
#[derive(Debug, Clone)]
pub(super) enum Anchor {
    /// At least one of these terms; `cost` is how often, by a rough estimate, one of them will be.
    OneOf { terms: Rc<[TermId]>, cost: u64 },
    /// Nothing can be said: the query has to be tried on every article.
    Nothing,
}

impl Anchor {
    fn cost(&self) -> u64 {
        match self {
            Self::OneOf { cost, .. } => *cost,
            Self::Nothing => u64::MAX,
        }
    }

    fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let (mut terms, mut sum) = (Vec::new(), 0_u64);
        for part in parts {
            match part {
                Self::OneOf { terms: more, cost } => {
                    terms.extend(more.iter().copied());
                    sum = sum.saturating_add(cost);
                }
                Self::Nothing => return Self::Nothing,
            }
        }
        terms.sort_unstable();
        terms.dedup();
        Self::OneOf { terms: terms.into(), cost: sum }
    }

    fn cheapest(parts: impl IntoIterator<Item = Self>) -> Self {
        parts.into_iter().min_by_key(Self::cost).unwrap_or(Self::Nothing)
    }
}

/// Finds the anchors of a program's queries.
pub(super) struct Anchors<'p> {
    program: &'p Program,
    known: FxHashMap<ExprId, Anchor>,
}

impl<'p> Anchors<'p> {
    pub(super) fn new(program: &'p Program) -> Self {
        Self { program, known: FxHashMap::default() }
    }

    /// The anchor of a topic: of its `match`, or of what can make its score rise.
    pub(super) fn of_topic(&mut self, topic: &CompiledTopic) -> Anchor {
        let by_match = topic.matches.map_or(Anchor::Nothing, |id| self.of(id));
        let must_score = topic.threshold.unwrap_or(i64::from(topic.matches.is_none())) > 0;
        if !must_score {
            return by_match;
        }
        let rising: Vec<Anchor> =
            topic.score.iter().filter(|part| part.add > 0).map(|part| self.of(part.when)).collect();
        Anchor::cheapest([by_match, Anchor::any(rising)])
    }

    fn of(&mut self, id: ExprId) -> Anchor {
        if let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let program = self.program;
        let anchor = match program.expr(id) {
            Expr::Atom { atom, .. } => match &program.atoms[atom.index()].kind {
                AtomKind::Sequence(items) => {
                    let term = items.iter().filter_map(|item| match item.test {
                        Test::Term(term) => Some((frequency(&program.terms[term.index()]), term)),
                        Test::Any | Test::Stretch => None,
                    });
                    match term.min() {
                        Some((cost, term)) => Anchor::OneOf { terms: Rc::new([term]), cost },
                        None => Anchor::Nothing,
                    }
                }
                AtomKind::Regex(_) => Anchor::Nothing,
            },
            Expr::And(parts) => Anchor::cheapest(parts.iter().map(|&part| self.of(part)).collect::<Vec<_>>()),
            Expr::Or(parts) => Anchor::any(parts.iter().map(|&part| self.of(part)).collect::<Vec<_>>()),
            Expr::Not(_) => Anchor::Nothing,
            Expr::Near { left, right, negated, .. } => {
                if *negated {
                    self.of(*left)
                } else {
                    Anchor::cheapest([self.of(*left), self.of(*right)])
                }
            }
            Expr::AtLeast { count: 0, .. } | Expr::SomeOf { count: 0, .. } => Anchor::Nothing,
            Expr::AtLeast { of, .. } | Expr::Topic { of, .. } => self.of(*of),
            Expr::SomeOf { count, of } => {
                // Of any n - count + 1 of them at least one must hold.
                let mut parts: Vec<Anchor> = of.iter().map(|&part| self.of(part)).collect();
                parts.sort_by_key(Anchor::cost);
                let enough = (parts.len() + 1).saturating_sub(*count as usize);
                Anchor::any(parts.into_iter().take(enough))
            }
            Expr::Concept { any, lists, .. } => {
                let lists: Vec<ExprId> = any.iter().copied().chain(lists.iter().map(|&(_, list)| list)).collect();
                Anchor::any(lists.into_iter().map(|list| self.of(list)).collect::<Vec<_>>())
            }
        };
        self.known.insert(id, anchor.clone());
        anchor
    }
}

/// How often a term occurs, very roughly, in articles out of 100,000. By length alone, the one thing that is known of a
/// word in any language: short words are frequent ones. A better figure changes the speed, never the result.
fn frequency(term: &Term) -> u64 {
    let by_length = |length: usize| match length {
        0 | 1 => 30_000,
        2 => 20_000,
        3 => 6_000,
        4 => 2_500,
        5 => 1_200,
        6 => 700,
        7 => 450,
        8 => 300,
        9 => 200,
        _ => 120,
    };
    let of_word = |word: &str| {
        let is_ideograph = word.chars().next().is_some_and(crate::text::segment::is_unspaced);
        if is_ideograph { 3_000 } else { by_length(word.chars().count()) }
    };
    match term {
        Term::Word(word) | Term::Exact(word) => of_word(word),
        Term::Stem { folded, .. } => 3 * of_word(folded),
        Term::Pattern(Pattern::Prefix(part)) => 4 * by_length(part.chars().count()),
        Term::Pattern(Pattern::Suffix(part) | Pattern::Infix(part)) => 8 * by_length(part.chars().count()),
        Term::Pattern(Pattern::General(glyphs)) => 4 * by_length(glyphs.len() / 2),
        Term::ExactPattern(_) => 1_000,
    }
}
