//! The vendors' tree → ours, which is stricter: NOT only takes away from something, proximity joins what has places in the
//! text, fields don't nest. What can't be said is left out where that makes the rule find more, and is an error where it would
//! make it find less: nobody misses an alert by converting.

use std::ops::Range;

use super::codes;
use super::notes::Notes;
use super::tree::{Kind, Tree};
use crate::model::Lang;
use crate::rule::ast::{Atom, Near, Node, NodeKind, Reach, Scope};

/// A query as a topic holds it.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) query: Node,
    pub(super) languages: Vec<Lang>,
    pub(super) min_words: Option<u32>,
}

/// Builds a topic's query; `None` where there is none, which is reported.
pub(super) fn build(tree: Tree, notes: &mut Notes) -> Option<Built> {
    let whole = tree.at.clone();
    let mut filters = Filters::default();
    let tree = filters.take(tree, notes);
    let mut builder = Builder { notes, nodes: 0 };
    let result = match tree {
        Some(tree) => builder.build(tree, true),
        None => Signed::Gone(Vec::new()),
    };
    let query = match result {
        Signed::Is(node) => node,
        Signed::IsNot(_) => {
            notes.fail(
                codes::NOT_EXPRESSIBLE,
                "this query only says what not to find",
                "write what to look for, and AND NOT behind it",
                &whole,
            );
            return None;
        }
        Signed::Gone(lost) => {
            for lost in lost {
                notes.fail(codes::NOT_EXPRESSIBLE, format!("rules can't say {}", lost.what), &lost.help, &lost.at);
            }
            if !notes.has_errors() {
                notes.fail(codes::NOT_EXPRESSIBLE, "nothing is left to look for", "write at least one term", &whole);
            }
            return None;
        }
    };
    (!notes.has_errors()).then_some(Built { query, languages: filters.languages, min_words: filters.min_words })
}

/// What goes to `[topic.where]`.
#[derive(Debug, Default)]
struct Filters {
    languages: Vec<Lang>,
    min_words: Option<u32>,
}

impl Filters {
    /// Takes the filters that must hold in any case: those that the query is joined with by AND.
    fn take(&mut self, tree: Tree, notes: &mut Notes) -> Option<Tree> {
        let parts = match tree.kind {
            Kind::And(parts) => parts,
            kind => vec![Tree::new(kind, tree.at)],
        };
        let mut rest = Vec::with_capacity(parts.len());
        for part in parts {
            match part.kind {
                Kind::Languages(languages) if self.languages.is_empty() => {
                    let codes: Vec<String> = languages.iter().map(ToString::to_string).collect();
                    let title = format!("the language went to [topic.where]: {}", codes.join(", "));
                    notes.warn(codes::FILTER, title, "articles whose language is unknown pass as well", &part.at);
                    self.languages = languages;
                }
                Kind::MinWords(count) if self.min_words.is_none() => {
                    let title = format!("the length went to [topic.where]: min_words = {count}");
                    notes.warn(
                        codes::FILTER,
                        title,
                        "a feed without full texts has few words in every article",
                        &part.at,
                    );
                    self.min_words = Some(count);
                }
                kind => rest.push(Tree::new(kind, part.at)),
            }
        }
        Tree::all(rest)
    }
}

/// A part that was left out.
struct LostPart {
    what: String,
    help: String,
    at: Range<usize>,
}

/// What a part came to.
enum Signed {
    Is(Node),
    /// It holds where this does not.
    IsNot(Node),
    /// Nothing of it can be said.
    Gone(Vec<LostPart>),
}

struct Builder<'n> {
    notes: &'n mut Notes,
    nodes: usize,
}

/// The most nodes that sorting out a query may lead to: beyond it, it is no query that a person wrote.
const MAX_NODES: usize = 20_000;

impl Builder<'_> {
    fn node(&mut self, kind: NodeKind, at: &Range<usize>) -> Node {
        self.nodes += 1;
        Node { kind, span: self.notes.span(at) }
    }

    fn leave_out(&mut self, lost: Vec<LostPart>) {
        for lost in lost {
            let title = format!("left out: {}; the rule finds more", lost.what);
            self.notes.warn(codes::LEFT_OUT, title, &lost.help, &lost.at);
        }
    }

    fn refuse(&mut self, lost: Vec<LostPart>) {
        for lost in lost {
            let title = format!("rules can't say {}, and without it articles would be missed", lost.what);
            self.notes.fail(codes::NOT_EXPRESSIBLE, title, &lost.help, &lost.at);
        }
    }

    /// `widens`: whether a part of an AND that is left out makes the whole query find more.
    fn build(&mut self, tree: Tree, widens: bool) -> Signed {
        let at = tree.at;
        match tree.kind {
            Kind::Atom(atom) => Signed::Is(self.node(NodeKind::Atom(atom), &at)),
            Kind::And(parts) => self.and(parts, &at, widens),
            Kind::Or(parts) => self.or(parts, &at, widens),
            Kind::Not(of) => match self.build(*of, !widens) {
                Signed::Is(node) => Signed::IsNot(node),
                Signed::IsNot(node) => Signed::Is(node),
                gone @ Signed::Gone(_) => gone,
            },
            Kind::Near { left, right, reach, ordered, negated } => {
                let (left, right) = match (self.build(*left, widens), self.build(*right, widens)) {
                    (Signed::Is(left), Signed::Is(right)) => (left, right),
                    (Signed::Gone(mut lost), Signed::Gone(more)) => {
                        lost.extend(more);
                        return Signed::Gone(lost);
                    }
                    (Signed::Gone(lost), _) | (_, Signed::Gone(lost)) => {
                        // The other side goes with it.
                        let with = |lost: LostPart| LostPart {
                            what: format!("{}, and with it what it is near to", lost.what),
                            at: at.clone(),
                            ..lost
                        };
                        return Signed::Gone(lost.into_iter().map(with).collect());
                    }
                    _ => {
                        return self.cannot(
                            "a NOT inside a proximity",
                            "write `a NOT NEAR/5 b`, or AND NOT outside of it",
                            &at,
                        );
                    }
                };
                let shape = Shape { reach, ordered, negated };
                match self.near(left, right, shape, &at) {
                    Some(node) => Signed::Is(node),
                    None => self.cannot(
                        "a proximity of what has no place in the text",
                        "join words with OR inside of it, and the rest with AND outside",
                        &at,
                    ),
                }
            }
            Kind::AtLeast { count, of } => match self.build(*of, widens) {
                Signed::Is(node) => match self.at_least(count, node, &at) {
                    Some(node) => Signed::Is(node),
                    None => self.cannot("a number of hits of what has none", "count words and phrases", &at),
                },
                gone @ Signed::Gone(_) => gone,
                Signed::IsNot(_) => self.cannot("a number of what is not there", "count words and phrases", &at),
            },
            Kind::Scoped { scope, of } => match self.build(*of, widens) {
                Signed::Is(node) => Signed::Is(self.scoped(scope, node, &at)),
                Signed::IsNot(node) => Signed::IsNot(self.scoped(scope, node, &at)),
                gone @ Signed::Gone(_) => gone,
            },
            Kind::Languages(_) => self.cannot(
                "a language for a part of a query",
                "make a topic for each language, with `languages` in its [topic.where]",
                &at,
            ),
            Kind::MinWords(_) => {
                self.cannot("a length for a part of a query", "make a topic of its own, with `min_words`", &at)
            }
            Kind::Lost { what, help } => Signed::Gone(vec![LostPart { what, help, at }]),
        }
    }

    fn cannot(&mut self, what: &str, help: &str, at: &Range<usize>) -> Signed {
        Signed::Gone(vec![LostPart { what: what.to_owned(), help: help.to_owned(), at: at.clone() }])
    }

    /// What is built of the parts, what of it is negated, and what is lost.
    fn build_all(&mut self, parts: Vec<Tree>, widens: bool) -> (Vec<Node>, Vec<Node>, Vec<LostPart>) {
        let (mut is, mut is_not, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match self.build(part, widens) {
                Signed::Is(node) => is.push(node),
                Signed::IsNot(node) => is_not.push(node),
                Signed::Gone(lost) => gone.extend(lost),
            }
        }
        (is, is_not, gone)
    }

    fn and(&mut self, parts: Vec<Tree>, at: &Range<usize>, widens: bool) -> Signed {
        let (is, is_not, gone) = self.build_all(parts, widens);
        if is.is_empty() && is_not.is_empty() {
            return Signed::Gone(gone);
        }
        if widens {
            self.leave_out(gone);
        } else {
            self.refuse(gone);
        }
        if is.is_empty() {
            return Signed::IsNot(self.any(is_not, at));
        }
        Signed::Is(self.take_away(is, is_not, at))
    }

    fn or(&mut self, parts: Vec<Tree>, at: &Range<usize>, widens: bool) -> Signed {
        let (is, is_not, gone) = self.build_all(parts, widens);
        if is.is_empty() && is_not.is_empty() {
            return Signed::Gone(gone);
        }
        if widens {
            self.refuse(gone);
        } else {
            self.leave_out(gone);
        }
        if is_not.is_empty() {
            return Signed::Is(self.any(is, at));
        }
        // a OR NOT b  =  NOT (b AND NOT a)
        Signed::IsNot(self.take_away(is_not, is, at))
    }

    /// All of `is`, and none of `is_not`.
    fn take_away(&mut self, is: Vec<Node>, is_not: Vec<Node>, at: &Range<usize>) -> Node {
        let mut parts = Vec::with_capacity(is.len() + is_not.len());
        for node in is {
            match node.kind {
                NodeKind::And(inner) => parts.extend(inner),
                kind => parts.push(Node { kind, span: node.span }),
            }
        }
        // What is taken away comes last.
        parts.sort_by_key(|part| matches!(part.kind, NodeKind::Not(_)));
        for node in is_not {
            let not = NodeKind::Not(Box::new(node));
            parts.push(self.node(not, at));
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => self.node(NodeKind::And(parts), at),
        }
    }

    fn any(&mut self, nodes: Vec<Node>, at: &Range<usize>) -> Node {
        let mut parts = Vec::with_capacity(nodes.len());
        for node in nodes {
            match node.kind {
                NodeKind::Or(inner) => parts.extend(inner),
                kind => parts.push(Node { kind, span: node.span }),
            }
        }
        match parts.len() {
            1 => parts.remove(0),
            _ => self.node(NodeKind::Or(parts), at),
        }
    }

    /// A proximity. An AND in it is taken out: `(a AND b) NEAR/5 c` is `(a NEAR/5 c) AND (b NEAR/5 c)`.
    fn near(&mut self, left: Node, right: Node, shape: Shape, at: &Range<usize>) -> Option<Node> {
        if self.nodes > MAX_NODES {
            self.notes.fail(codes::NOT_EXPRESSIBLE, "this query is too large when it is sorted out", "split it", at);
            return None;
        }
        if has_place(&left) && has_place(&right) {
            let near = Near {
                left: Box::new(left),
                right: Box::new(right),
                reach: shape.reach,
                ordered: shape.ordered,
                negated: shape.negated,
            };
            return Some(self.node(NodeKind::Near(near), at));
        }
        match (left.kind, right.kind) {
            (NodeKind::Scope { scope: a, of: left }, NodeKind::Scope { scope: b, of: right }) if a == b => {
                let inner = self.near(*left, *right, shape, at)?;
                Some(self.scoped(a, inner, at))
            }
            (NodeKind::And(parts), right) => {
                let right = Node { kind: right, span: left.span };
                self.share(parts, &right, true, shape, at)
            }
            (NodeKind::Or(parts), right) if !parts.iter().all(has_place) => {
                let right = Node { kind: right, span: left.span };
                self.share(parts, &right, false, shape, at)
            }
            (_, _) if shape.negated => None,
            (left, NodeKind::And(parts)) => {
                let left = Node { kind: left, span: right.span };
                self.share_right(&left, parts, true, shape, at)
            }
            (left, NodeKind::Or(parts)) => {
                let left = Node { kind: left, span: right.span };
                self.share_right(&left, parts, false, shape, at)
            }
            _ => None,
        }
    }

    fn share(&mut self, parts: Vec<Node>, right: &Node, all: bool, shape: Shape, at: &Range<usize>) -> Option<Node> {
        self.remark(all, at);
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let part = match part.kind {
                NodeKind::Not(_) => return None,
                _ => self.near(part, right.clone(), shape, at)?,
            };
            nodes.push(part);
        }
        Some(if all { self.take_away(nodes, Vec::new(), at) } else { self.any(nodes, at) })
    }

    fn share_right(
        &mut self,
        left: &Node,
        parts: Vec<Node>,
        all: bool,
        shape: Shape,
        at: &Range<usize>,
    ) -> Option<Node> {
        self.remark(all, at);
        let mut nodes = Vec::with_capacity(parts.len());
        for part in parts {
            let part = match part.kind {
                NodeKind::Not(_) => return None,
                _ => self.near(left.clone(), part, shape, at)?,
            };
            nodes.push(part);
        }
        Some(if all { self.take_away(nodes, Vec::new(), at) } else { self.any(nodes, at) })
    }

    fn remark(&mut self, all: bool, at: &Range<usize>) {
        if all {
            self.notes.warn(
                codes::DISTANCE,
                "an AND inside a proximity was taken out of it: each of its terms must be near, not all at one place",
                "",
                at,
            );
        }
    }

    fn at_least(&mut self, count: u32, of: Node, at: &Range<usize>) -> Option<Node> {
        const MOST: u32 = 1000;
        if has_hits(&of) && count <= MOST {
            return Some(self.node(NodeKind::AtLeast { count, of: Box::new(of) }, at));
        }
        match of.kind {
            NodeKind::And(parts) if parts.iter().all(has_hits) && count <= MOST => {
                let title = format!("each of these must be there {count} times");
                self.notes.warn(codes::BINDING, title, "to count them together, join them with OR", at);
                let parts = parts
                    .into_iter()
                    .map(|part| self.node(NodeKind::AtLeast { count, of: Box::new(part) }, at))
                    .collect();
                Some(self.take_away(parts, Vec::new(), at))
            }
            _ => None,
        }
    }

    /// A field around a node; inside it, the innermost field counts.
    fn scoped(&mut self, scope: Scope, node: Node, at: &Range<usize>) -> Node {
        let mut has_scope = false;
        node.walk(&mut |node| has_scope |= matches!(node.kind, NodeKind::Scope { .. }));
        if !has_scope {
            return self.node(NodeKind::Scope { scope, of: Box::new(node) }, at);
        }
        match node.kind {
            NodeKind::And(parts) => {
                let parts = parts.into_iter().map(|part| self.scoped(scope, part, at)).collect();
                self.node(NodeKind::And(parts), at)
            }
            NodeKind::Or(parts) => {
                let parts = parts.into_iter().map(|part| self.scoped(scope, part, at)).collect();
                self.node(NodeKind::Or(parts), at)
            }
            NodeKind::Not(of) => {
                let of = self.scoped(scope, *of, at);
                self.node(NodeKind::Not(Box::new(of)), at)
            }
            NodeKind::AtLeast { count, of } => {
                let of = self.scoped(scope, *of, at);
                self.node(NodeKind::AtLeast { count, of: Box::new(of) }, at)
            }
            kind => Node { kind, span: node.span },
        }
    }
}

/// What a proximity asks.
#[derive(Debug, Clone, Copy)]
struct Shape {
    reach: Reach,
    ordered: bool,
    negated: bool,
}

/// Whether it has places in the text, as operands of a proximity must.
fn has_place(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Atom(Atom::Topic(_)) => false,
        NodeKind::Atom(_) | NodeKind::Near(_) => true,
        NodeKind::Or(parts) => parts.iter().all(has_place),
        _ => false,
    }
}

/// Whether its hits can be counted.
fn has_hits(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scope { of, .. } => has_hits(of),
        NodeKind::Or(parts) => parts.iter().all(has_hits),
        _ => has_place(node),
    }
}
