//! What is there and does nothing: empty files, topics without a test, concepts that nothing uses.

use std::collections::{BTreeMap, HashSet};

use crate::model::{Diagnostic, Source, Span};
use crate::rule::check::{Loaded, User};
use crate::rule::codes;
use crate::rule::def::TopicDef;
use crate::rule::parser::ReferenceKind;
use crate::settings::Findings;

/// Files without a word in them, as a full disk or a broken save leaves them: their topics are gone, and nothing else is
/// wrong. Where a file could not be read, its text is empty too; that is reported already.
pub(super) fn empty(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    if loaded.damage.everything {
        return;
    }
    for source in sources.iter().filter(|source| source.text.trim_matches(is_blank).is_empty()) {
        findings.add(
            Diagnostic::warning(codes::EMPTY_FILE, "this rule file is empty")
                .label(Span::new(source.id, 0..0), "")
                .help("if it was cut off while it was saved, put it back; else delete it"),
        );
    }
}

/// White space and the mark that some editors put at the beginning.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// Topics without a test. More than a few in one file are one finding: generated files have thousands.
pub(super) fn untested(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    const MOST: usize = 10;
    let help = "add a `[[topic.test]]` with a text that must match, and one that must not";
    let mut by_file: BTreeMap<_, Vec<&TopicDef>> = BTreeMap::new();
    let whole = |span: Span| !loaded.damage.tables.contains(&span) && !loaded.tests_unread.contains(&span);
    for topic in loaded.topics.iter().filter(|topic| topic.tests.is_empty() && whole(topic.span)) {
        by_file.entry(topic.span.source).or_default().push(topic);
    }
    for source in sources {
        let Some(topics) = by_file.get(&source.id) else { continue };
        if let ([first, ..], true) = (topics.as_slice(), topics.len() > MOST) {
            let title = format!("{} topics of this file have no tests, `{}` the first", topics.len(), first.id);
            findings.add(Diagnostic::warning(codes::NO_TESTS, title).label(first.span, "").help(help));
            continue;
        }
        for topic in topics {
            let title = format!("the topic `{}` has no tests", topic.id);
            findings.add(Diagnostic::warning(codes::NO_TESTS, title).label(topic.span, "").help(help));
        }
    }
}

/// Concepts that nothing uses, where there are topics that could; a lexicon is there to be chosen from.
pub(super) fn unused(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    if loaded.topics.is_empty() {
        return;
    }
    let used: HashSet<&str> = loaded
        .uses
        .iter()
        .filter(|used| used.reference.kind == ReferenceKind::Concept)
        .filter(|used| !matches!(&used.user, User::Concept(name) if *name == used.reference.name))
        .map(|used| used.reference.name.as_str())
        .collect();
    for concept in loaded.concepts.values().filter(|concept| !used.contains(concept.name.as_str())) {
        let lexicon = sources
            .iter()
            .find(|source| source.id == concept.span.source)
            .is_some_and(|source| source.path.components().any(|part| part.as_os_str() == "lexicon"));
        if !lexicon && !loaded.damage.may_hold(&concept.name) && !loaded.meant.contains(&concept.name) {
            let title = format!("nothing uses the concept `{}`", concept.name);
            findings.add(
                Diagnostic::warning(codes::UNUSED_CONCEPT, title)
                    .label(concept.span, "")
                    .help("delete it, use it, or keep it in a folder called `lexicon`"),
            );
        }
    }
}
