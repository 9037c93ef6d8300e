//! Terms by themselves: wildcards that reach too far, regular expressions.

use crate::model::{Diagnostic, Span};
use crate::rule::ast::{Atom, Node, NodeKind, PhrasePart, Word};
use crate::rule::codes;
use crate::settings::Findings;

/// Wildcards that reach too far and regular expressions.
pub(super) fn atoms(query: &Node, findings: &Findings) {
    query.walk(&mut |node| match &node.kind {
        NodeKind::Atom(Atom::Word(word)) => wide(word, node.span, findings),
        NodeKind::Atom(Atom::Phrase(parts)) => {
            if let [PhrasePart::Word(word)] = parts.as_slice() {
                wide(word, node.span, findings);
            }
        }
        NodeKind::Atom(Atom::Regex(_)) => findings.add(
            Diagnostic::warning(codes::REGEX, "a regular expression reads every text letter by letter")
                .label(node.span, "")
                .help("words, wildcards and phrases find the same faster and fold case and accents; keep it as a last resort"),
        ),
        _ => {}
    });
}

fn wide(word: &Word, span: Span, findings: &Findings) {
    /// Two letters begin a hundred words of any language; with three it is a matter of taste.
    const FEWEST: usize = 3;
    if !word.text.contains('*') {
        return;
    }
    let weight = |c: char| match c {
        '*' | '?' => 0,
        // Han, Kana, Hangul: a character says as much as two or three letters.
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => 2,
        c => usize::from(c.is_alphanumeric()),
    };
    if word.text.chars().map(weight).sum::<usize>() < FEWEST {
        let title = format!("`{word}` hits too much: it has fewer than {FEWEST} letters");
        findings.add(
            Diagnostic::warning(codes::WIDE_WILDCARD, title)
                .label(span, "")
                .help("add letters, or list the words that are meant"),
        );
    }
}
