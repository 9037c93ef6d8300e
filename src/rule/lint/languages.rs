//! Concepts that have no terms in a language that a topic asks for.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Diagnostic, Lang, Span};
use crate::rule::ast::{Atom, NodeKind};
use crate::rule::codes;
use crate::rule::def::{ConceptDef, TopicDef};
use crate::settings::Findings;

use super::Trees;

/// Which concepts have terms in which languages.
pub(super) struct Languages<'a> {
    pub(super) concepts: &'a BTreeMap<String, ConceptDef>,
    pub(super) damaged: &'a HashSet<Span>,
    pub(super) known: HashMap<(String, Lang), bool>,
}

impl Languages<'_> {
    /// Reports concepts of a topic that have lists, but none for a language that the topic asks for.
    pub(super) fn missing(&mut self, topic: &TopicDef, trees: &Trees, findings: &Findings) {
        let Some(filter) = &topic.filter else { return };
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        for tree in trees.matches.iter().chain(&trees.score) {
            tree.walk(&mut |node| {
                if let NodeKind::Atom(Atom::Concept(name)) = &node.kind {
                    names.entry(name).or_insert(node.span);
                }
            });
        }
        for (name, span) in names {
            let missing: Vec<String> = filter
                .languages
                .iter()
                .filter(|lang| !self.covers(name, **lang, 0))
                .map(|lang| format!("`{lang}`"))
                .collect();
            if !missing.is_empty() {
                let title =
                    format!("the concept `{name}` has no terms in {}, which this topic asks for", missing.join(", "));
                findings.add(Diagnostic::warning(codes::MISSING_LANGUAGE, title).label(span, "").help(format!(
                    "add a list to `[concept.{name}]`, or put terms that are the same everywhere into `any`"
                )));
            }
        }
    }

    /// Whether a concept has terms for a language. One that has only `any` needs no lists: names are names everywhere.
    fn covers(&mut self, name: &str, lang: Lang, depth: usize) -> bool {
        const DEEPEST: usize = 32;
        let Some(concept) = self.concepts.get(name) else { return true };
        if depth > DEEPEST || self.damaged.contains(&concept.span) {
            return true;
        }
        if let Some(known) = self.known.get(&(name.to_owned(), lang)) {
            return *known;
        }
        // Where concepts lead back to themselves, the way back adds nothing.
        self.known.insert((name.to_owned(), lang), false);
        let mut inner: Vec<&str> = Vec::new();
        let mut own = false;
        for term in concept.any.iter().chain(concept.lists.get(&lang).into_iter().flatten()) {
            match &term.kind {
                NodeKind::Atom(Atom::Concept(name)) => inner.push(name),
                _ => own = true,
            }
        }
        let listed = concept.lists.get(&lang).is_some_and(|list| !list.is_empty());
        let covers =
            listed || (own && concept.lists.is_empty()) || inner.iter().any(|name| self.covers(name, lang, depth + 1));
        self.known.insert((name.to_owned(), lang), covers);
        covers
    }
}
