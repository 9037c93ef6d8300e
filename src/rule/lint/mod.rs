//! What is allowed and probably not meant. Warnings only: a rule that works is never refused.
//!
//! Words are compared as text analysis folds them, so `perù` and `Peru`, `俄羅斯` and `俄罗斯` are the same here as there.

mod atoms;
mod idle;
mod languages;
mod links;
mod never;
mod same_list;
mod same_query;
mod script;

use std::collections::{HashMap, HashSet};

use crate::model::{Diagnostic, Source, Span};
use crate::settings::Findings;

use super::ast::{Node, NodeKind};
use super::check::Loaded;
use super::codes;
use super::def::TopicDef;
use super::query::Query;
use atoms::atoms;
use idle::{empty, untested, unused};
use languages::Languages;
use links::Links;
use never::{contradiction, never};
use same_list::{duplicates, same_list};
use same_query::Questions;
use script::other_language;

/// Looks through all that was read.
pub(super) fn lint(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    empty(loaded, sources, findings);
    untested(loaded, sources, findings);
    unused(loaded, sources, findings);
    for concept in loaded.concepts.values() {
        let all: Vec<&Node> = concept.any.iter().collect();
        same_list(&all, &[], findings);
        for (lang, list) in &concept.lists {
            other_language(*lang, list, concept, findings);
            same_list(&list.iter().collect::<Vec<_>>(), &all, findings);
        }
        for term in concept.any.iter().chain(concept.lists.values().flatten()) {
            atoms(term, findings);
        }
    }
    let mut languages = Languages { concepts: &loaded.concepts, damaged: &loaded.damage.tables, known: HashMap::new() };
    let mut questions = Questions::default();
    let mut links = Links::new(&loaded.concepts);
    for topic in &loaded.topics {
        let trees = Trees::of(topic);
        for tree in trees.matches.iter().chain(&trees.except).chain(&trees.score) {
            query_lints(tree, findings);
            links.query(tree, findings);
        }
        if !loaded.damage.tables.contains(&topic.span) {
            never(topic, &trees, findings);
            questions.add(topic, &trees);
        }
        languages.missing(topic, &trees, findings);
    }
    questions.report(findings);
}

/// The queries of a topic.
struct Trees {
    matches: Option<Node>,
    except: Option<Node>,
    /// Of each part of the score.
    score: Vec<Node>,
}

impl Trees {
    fn of(topic: &TopicDef) -> Self {
        Self {
            matches: topic.matches.as_ref().map(Query::tree),
            except: topic.except.as_ref().map(Query::tree),
            score: topic.score.iter().map(|part| part.when.tree()).collect(),
        }
    }
}

fn query_lints(query: &Node, findings: &Findings) {
    // ANDs within an AND, which are looked at with it.
    let mut inner: HashSet<Span> = HashSet::new();
    query.walk(&mut |node| match &node.kind {
        NodeKind::Or(parts) => same_list(&parts.iter().collect::<Vec<_>>(), &[], findings),
        NodeKind::SomeOf { of, .. } => {
            duplicates(&of.iter().collect::<Vec<_>>(), &[], findings);
        }
        NodeKind::And(parts) => {
            duplicates(&parts.iter().collect::<Vec<_>>(), &[], findings);
            inner.extend(parts.iter().filter(|part| matches!(part.kind, NodeKind::And(_))).map(|part| part.span));
            if !inner.contains(&node.span) {
                contradiction(parts, findings);
            }
        }
        NodeKind::Near(near) if near.negated && near.left.to_string() == near.right.to_string() => {
            let title = format!("`{}` can never hold: every hit is near itself", near.operator());
            findings
                .add(Diagnostic::warning(codes::NEVER, title).label(node.span, "").help("the two sides must differ"));
        }
        _ => {}
    });
    atoms(query, findings);
}

fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 2).chain(" …".chars()).collect()
}
