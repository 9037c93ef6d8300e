//! Topics that ask for the same: each of their articles is told twice.
//!
//! Queries are compared as they were checked: order, parentheses, case and accents left aside, and together with `except`,
//! score and filters. What is compared is a hash of that, since there may be a hundred thousand; where hashes are the same,
//! the queries themselves are.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Trees;
use super::same_list::{Letters, key};
use crate::model::Diagnostic;
use crate::rule::ast::{Atom, Near, Node, NodeKind, PhrasePart};
use crate::rule::codes;
use crate::rule::def::TopicDef;
use crate::settings::Findings;

/// Of many topics that ask for the same, so many are named.
const MOST_NAMED: usize = 5;

/// Topics by what they ask for.
#[derive(Default)]
pub(super) struct Questions<'t> {
    /// By hash, the places in `groups`: nearly always one.
    by_hash: HashMap<u64, Vec<usize>>,
    /// Topics that ask for the same, in the order in which they were read.
    groups: Vec<Vec<&'t TopicDef>>,
}

impl<'t> Questions<'t> {
    /// Adds a topic. One that is switched off tells nothing twice.
    pub(super) fn add(&mut self, topic: &'t TopicDef, trees: &Trees) {
        if !topic.enabled || (trees.matches.is_none() && trees.score.is_empty()) {
            return;
        }
        let asked = asked(topic, trees);
        let mut hasher = DefaultHasher::new();
        asked.hash(&mut hasher);
        let known = self.by_hash.entry(hasher.finish()).or_default();
        let is_same = |group: &&usize| self.groups[**group].first().is_some_and(|first| asked_by(first) == asked);
        match known.iter().find(is_same) {
            Some(&group) => self.groups[group].push(topic),
            None => {
                known.push(self.groups.len());
                self.groups.push(vec![topic]);
            }
        }
    }

    /// Reports the topics that ask for the same.
    pub(super) fn report(&self, findings: &Findings) {
        for group in &self.groups {
            let [first, second, others @ ..] = group.as_slice() else { continue };
            let title = match others.len() {
                0 => format!("the topic `{}` asks for the same as `{}`", second.id, first.id),
                more => format!("{} topics ask for the same, `{}` the first", more + 2, first.id),
            };
            let mut diagnostic = Diagnostic::warning(codes::SAME_QUERY, title)
                .label(second.span, "asks for the same")
                .label(first.span, "first asked for here");
            for other in others.iter().take(MOST_NAMED - 2) {
                diagnostic = diagnostic.label(other.span, "and here");
            }
            findings.add(
                diagnostic
                    .help(
                        "every article is told for each of them: keep one, and let a route send it to all who want it",
                    )
                    .help("if they are meant to differ, say in what"),
            );
        }
    }
}

fn asked_by(topic: &TopicDef) -> String {
    asked(topic, &Trees::of(topic))
}

/// What a topic asks for: two that ask for the same have the same text.
fn asked(topic: &TopicDef, trees: &Trees) -> String {
    let query = |tree: Option<&Node>| tree.map(written).unwrap_or_default();
    let mut score: Vec<String> = (trees.score.iter().zip(&topic.score))
        .map(|(when, part)| format!("{} {} {} {:?}", written(when), part.add, part.each, part.max))
        .collect();
    score.sort_unstable();
    let parts = [
        query(trees.matches.as_ref()),
        query(trees.except.as_ref()),
        score.join("\n"),
        topic.threshold.map(|least| least.to_string()).unwrap_or_default(),
        topic.filter.as_ref().map(|filter| format!("{filter:?}")).unwrap_or_default(),
    ];
    parts.join("\n\n")
}

/// A query in one order and spelling.
fn written(node: &Node) -> String {
    match &node.kind {
        NodeKind::Atom(Atom::Phrase(parts)) => match parts.as_slice() {
            [PhrasePart::Word(word)] => {
                key(&Node { kind: NodeKind::Atom(Atom::Word(word.clone())), span: node.span }, Letters::Folded)
            }
            _ => key(node, Letters::Folded),
        },
        NodeKind::Atom(_) => key(node, Letters::Folded),
        NodeKind::And(_) => joined(node, " AND "),
        NodeKind::Or(_) => joined(node, " OR "),
        NodeKind::Not(of) => format!("NOT {}", written(of)),
        NodeKind::Near(near) => near_written(near),
        NodeKind::AtLeast { count, of } => format!("ATLEAST/{count}({})", written(of)),
        NodeKind::SomeOf { count, of } => {
            let mut of: Vec<String> = of.iter().map(written).collect();
            of.sort_unstable();
            format!("{count} OF ({})", of.join(", "))
        }
        NodeKind::Scope { scope, of } => format!("{scope:?}:({})", written(of)),
    }
}

/// The operands of an AND or OR, those of the same operator within it included; each once.
fn joined(node: &Node, operator: &str) -> String {
    fn gather<'n>(node: &'n Node, is_and: bool, found: &mut Vec<&'n Node>) {
        match &node.kind {
            NodeKind::And(parts) if is_and => parts.iter().for_each(|part| gather(part, is_and, found)),
            NodeKind::Or(parts) if !is_and => parts.iter().for_each(|part| gather(part, is_and, found)),
            _ => found.push(node),
        }
    }
    let mut operands = Vec::new();
    gather(node, matches!(node.kind, NodeKind::And(_)), &mut operands);
    let mut operands: Vec<String> = operands.into_iter().map(written).collect();
    operands.sort_unstable();
    operands.dedup();
    format!("({})", operands.join(operator))
}

fn near_written(near: &Near) -> String {
    let mut sides = [written(&near.left), written(&near.right)];
    if !near.ordered && !near.negated {
        sides.sort_unstable();
    }
    format!("({} {} {})", sides[0], near.operator(), sides[1])
}
