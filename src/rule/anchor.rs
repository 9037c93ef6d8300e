//! What an article must hold before a query can hold: of an AND what each part needs, of an OR one of what its parts need.
//! The rarest of these needs is a topic's anchor. Each of the anchor's words leads to the topic ([`Postings`]), together
//! with the next two needs, so that most topics are dismissed without being looked at. An article that has none of a
//! topic's anchors costs that topic nothing.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::code::{Code, number};
use super::expr::{AtomKind, CompiledTopic, Expr, ExprId, Item, Program, TermId};
use super::frequency::{ALL, Frequencies};
use super::pair::Pairs;

/// A shared list of more terms than this becomes a group, so that a thousand topics that use a concept of a thousand words
/// have a thousand entries each, not a million.
const LONGEST_PLAIN: usize = 16;

/// One of these terms must be there.
#[derive(Debug, Clone)]
pub(super) struct Need {
    pub(super) branches: Rc<[Branch]>,
    /// How many articles of [`ALL`] meet it, roughly and at most.
    pub(super) cost: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Branch {
    pub(super) term: u32,
    /// Another one that must be there if this one is the reason, or [`NOTHING_ELSE`].
    also: u32,
}

impl Branch {
    /// Another one that must be there if this one is the reason.
    pub(super) fn also(&self) -> Option<u32> {
        (self.also != NOTHING_ELSE).then_some(self.also)
    }
}

const NOTHING_ELSE: u32 = u32::MAX;

/// The cheapest needs, cheapest first; none where nothing can be said.
pub(super) type Needs = Vec<Need>;

/// Needs that are kept of a query: the anchor and two that are checked.
const MOST_NEEDS: usize = 3;

/// Finds the needs of a program's queries.
pub(super) struct Anchors<'p> {
    program: &'p Program,
    pairs: &'p Pairs,
    code: &'p Code,
    frequencies: &'p Frequencies,
    /// Of the expressions that several queries share.
    known: FxHashMap<ExprId, Needs>,
    /// Members of each group.
    groups: Vec<Rc<[u32]>>,
    /// Groups that exist already, by their members.
    grouped: FxHashMap<Rc<[u32]>, u32>,
}

impl<'p> Anchors<'p> {
    pub(super) fn new(program: &'p Program, pairs: &'p Pairs, code: &'p Code, frequencies: &'p Frequencies) -> Self {
        let (known, grouped) = (FxHashMap::default(), FxHashMap::default());
        Self { program, pairs, code, frequencies, known, groups: Vec::new(), grouped }
    }

    /// The members of each group.
    pub(super) fn into_groups(self) -> Vec<Rc<[u32]>> {
        self.groups
    }

    /// The needs of a topic: of its `match`, and of what can make its score rise.
    pub(super) fn of_topic(&mut self, topic: &CompiledTopic) -> Needs {
        let by_match = topic.matches.map(|id| self.of(id)).unwrap_or_default();
        let must_score = topic.threshold.unwrap_or(i64::from(topic.matches.is_none())) > 0;
        if !must_score {
            return by_match;
        }
        let rising = self.any(topic.score.iter().filter(|part| part.add > 0).map(|part| part.when));
        all([by_match, rising])
    }

    fn of(&mut self, id: ExprId) -> Needs {
        let is_shared = self.code.is_placed(id);
        if is_shared && let Some(known) = self.known.get(&id) {
            return known.clone();
        }
        let mut needs = self.find(id);
        if is_shared {
            for need in &mut needs {
                if need.branches.len() > LONGEST_PLAIN {
                    *need = self.group(need);
                }
            }
            self.known.insert(id, needs.clone());
        }
        needs
    }

    fn group(&mut self, need: &Need) -> Need {
        let terms: FxHashSet<u32> = need.branches.iter().map(|branch| branch.term).collect();
        let mut members: Vec<u32> = terms.into_iter().collect();
        members.sort_unstable();
        let members: Rc<[u32]> = members.into();
        let next = number(self.pairs.terms() + self.groups.len());
        let group = *self.grouped.entry(Rc::clone(&members)).or_insert(next);
        if group == next {
            self.groups.push(members);
        }
        Need { branches: Rc::new([Branch { term: group, also: NOTHING_ELSE }]), cost: need.cost }
    }

    fn find(&mut self, id: ExprId) -> Needs {
        let program = self.program;
        match program.expr(id) {
            Expr::Atom { atom, .. } => match &program.atoms[atom.index()] {
                AtomKind::Sequence(items) => {
                    let rarest = self.rarest(items);
                    let is_there = |&(_, &(_, term)): &(usize, &(u64, u32))| term != NOTHING_ELSE;
                    let need = |(at, &(cost, term)): (usize, &(u64, u32))| {
                        // Only what is the rarest becomes an anchor.
                        let also = if at == 0 { rarest[1].1 } else { NOTHING_ELSE };
                        Need { branches: Rc::new([Branch { term, also }]), cost }
                    };
                    rarest.iter().enumerate().filter(is_there).map(need).collect()
                }
                AtomKind::Regex(_) => Needs::new(),
            },
            Expr::And(parts) => all(parts.iter().map(|&part| self.of(part)).collect::<Vec<_>>()),
            Expr::Or(parts) => self.any(parts.iter().copied()),
            Expr::Not(_) => Needs::new(),
            Expr::Near { left, right, negated, .. } => {
                let left = self.of(*left);
                if *negated { left } else { all([left, self.of(*right)]) }
            }
            Expr::AtLeast { count: 0, .. } | Expr::SomeOf { count: 0, .. } => Needs::new(),
            Expr::AtLeast { of, .. } | Expr::Topic { of, .. } => self.of(*of),
            Expr::SomeOf { count, of } => {
                // Of any n - count + 1 of them at least one must hold.
                let mut parts: Vec<(u64, ExprId)> =
                    of.iter().map(|&part| (self.of(part).first().map_or(u64::MAX, |need| need.cost), part)).collect();
                parts.sort_unstable();
                let enough = (parts.len() + 1).saturating_sub(*count as usize);
                self.any(parts.into_iter().take(enough).map(|(_, part)| part))
            }
            Expr::Concept { any, lists, .. } => {
                self.any(any.iter().copied().chain(lists.iter().map(|&(_, list)| list)))
            }
        }
    }

    /// What one of several parts needs: the cheapest need of each, together.
    fn any(&mut self, parts: impl IntoIterator<Item = ExprId>) -> Needs {
        let mut branches: Vec<Branch> = Vec::new();
        let mut cost = 0_u64;
        for part in parts {
            match self.add_cheapest(part, &mut branches) {
                Some(of_part) => cost = cost.saturating_add(of_part),
                None => return Needs::new(),
            }
        }
        branches.sort_unstable();
        branches.dedup();
        // Without a part nothing holds, and no article is worth trying.
        vec![Need { branches: branches.into(), cost: cost.min(ALL) }]
    }

    /// Adds the branches of a query's cheapest need and tells its cost; `None` where there is none.
    fn add_cheapest(&mut self, id: ExprId, branches: &mut Vec<Branch>) -> Option<u64> {
        // Nearly all parts of an OR are atoms; these need no list of their own.
        if let Expr::Atom { atom, .. } = self.program.expr(id)
            && let AtomKind::Sequence(items) = &self.program.atoms[atom.index()]
        {
            let [(cost, term), (_, also), _] = self.rarest(items);
            branches.push(Branch { term, also });
            return (term != NOTHING_ELSE).then_some(cost);
        }
        let needs = self.of(id);
        let cheapest = needs.first()?;
        branches.extend(cheapest.branches.iter().copied());
        Some(cheapest.cost)
    }

    /// The three rarest terms and pairs of a sequence with their costs, rarest first, each once; [`NOTHING_ELSE`] for those
    /// that it lacks.
    fn rarest(&self, items: &[Item]) -> [(u64, u32); MOST_NEEDS] {
        let mut rarest = [(u64::MAX, NOTHING_ELSE); MOST_NEEDS];
        self.pairs.needs(items, |number, _| {
            let own = (self.frequencies.of(TermId(number)), number);
            if !rarest.contains(&own)
                && let Some(at) = rarest.iter().position(|&other| own < other)
            {
                rarest[at..].rotate_right(1);
                rarest[at] = own;
            }
        });
        rarest
    }
}

/// What all of several parts need.
fn all(parts: impl IntoIterator<Item = Needs>) -> Needs {
    let mut needs: Needs = parts.into_iter().flatten().collect();
    needs.sort_by_key(|need| need.cost);
    needs.truncate(MOST_NEEDS);
    needs
}
