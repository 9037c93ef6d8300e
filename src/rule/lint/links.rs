//! Regular expressions that look for the escapes of a link, `url:/%D1%80/`: links are read as the letters that these stand
//! for, so nothing is ever found.

use std::collections::{BTreeMap, HashSet};

use crate::model::{Diagnostic, Field, Span};
use crate::rule::ast::{Atom, Node, NodeKind, Scope};
use crate::rule::codes;
use crate::rule::def::ConceptDef;
use crate::settings::Findings;
use crate::text::reading::readable;

use super::short;

/// What is looked for in links.
pub(super) struct Links<'a> {
    concepts: &'a BTreeMap<String, ConceptDef>,
    /// Concepts looked through, each once however often it is used.
    seen: HashSet<&'a str>,
}

impl<'a> Links<'a> {
    pub(super) fn new(concepts: &'a BTreeMap<String, ConceptDef>) -> Self {
        Self { concepts, seen: HashSet::new() }
    }

    /// Looks through a query.
    pub(super) fn query(&mut self, query: &Node, findings: &Findings) {
        let mut named = Vec::new();
        query.walk(&mut |node| {
            if let NodeKind::Scope { scope: Scope::Field(Field::Url), of } = &node.kind {
                expressions(of, None, &mut named, findings);
            }
        });
        while let Some((name, used)) = named.pop() {
            let Some((name, concept)) = self.concepts.get_key_value(&name) else { continue };
            if self.seen.insert(name) {
                for term in concept.any.iter().chain(concept.lists.values().flatten()) {
                    expressions(term, Some(used), &mut named, findings);
                }
            }
        }
    }
}

/// Reports the regular expressions of what is looked for in links, and names its concepts. `used`: where the concept to which
/// it belongs is asked for.
fn expressions(of: &Node, used: Option<Span>, named: &mut Vec<(String, Span)>, findings: &Findings) {
    of.walk(&mut |node| match &node.kind {
        NodeKind::Atom(Atom::Concept(name)) => named.push((name.clone(), used.unwrap_or(node.span))),
        NodeKind::Atom(Atom::Regex(pattern)) => {
            let Some((escapes, right)) = letters(pattern) else { return };
            let title = format!("`{}` is never found: links are read without their escapes", short(&escapes));
            let mut diagnostic = Diagnostic::warning(codes::ESCAPED_REGEX, title)
                .label(node.span, "")
                .help(format!("write the letters that they stand for: `/{right}/`"));
            if let Some(used) = used {
                diagnostic = diagnostic.label(used, "looked for in links here");
            }
            findings.add(diagnostic);
        }
        _ => {}
    });
}

/// The first escapes in a regular expression that stand for letters, and the expression with letters instead of all of
/// them. What stands in a class (`[%20]`) is a choice of characters, and escapes that are not UTF-8 stay as they are in links.
fn letters(pattern: &str) -> Option<(String, String)> {
    let (mut right, mut first) = (String::with_capacity(pattern.len()), None);
    let (mut at, mut classes) = (0, 0_usize);
    while let Some(c) = pattern[at..].chars().next() {
        let rest = &pattern[at..];
        let run = if classes == 0 { escapes(rest) } else { 0 };
        if let Some(read) = rest.get(..run).filter(|run| !run.is_empty()).map(|run| run.replace('\\', "")) {
            let letters = readable(Field::Url, &read);
            if letters != read {
                first.get_or_insert(read.clone());
            }
            // The slash would end the expression.
            right.push_str(&regex::escape(&letters).replace('/', "\\/"));
            at += run;
            continue;
        }
        let taken = match c {
            '\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => c.len_utf8(),
        };
        match c {
            '[' => classes += 1,
            ']' => classes = classes.saturating_sub(1),
            _ => {}
        }
        right.push_str(&rest[..taken]);
        at += taken;
    }
    first.map(|first| (first, right))
}

/// Bytes of the run of `%D1`, also `\%D1`, at the beginning.
fn escapes(text: &str) -> usize {
    let mut at = 0;
    loop {
        let sign = match &text.as_bytes()[at..] {
            [b'%', ..] => 1,
            [b'\\', b'%', ..] => 2,
            _ => return at,
        };
        match text.as_bytes().get(at + sign..at + sign + 2) {
            Some([high, low]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => at += sign + 2,
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_letters_that_mean_themselves() {
        for (pattern, right) in [
            ("%D1%80%D0%B0%D0%BA", "рак"),
            ("news\\/%e4%b8%ad%E4%BF%84\\d+", "news\\/中俄\\d+"),
            ("a%20b|a%2Fb|a%28b%29", "a b|a\\/b|a\\(b\\)"),
            ("(air)?\\%20[%20]+%D8%B5", "(air)? [%20]+ص"),
            ("%D1%80+", "р+"),
            ("%F0%D1%80", "%F0р"),
        ] {
            assert_eq!(letters(pattern).map(|(_, right)| right).as_deref(), Some(right), "{pattern}");
            assert!(regex::Regex::new(right).is_ok(), "{right}");
        }
    }

    #[test]
    fn what_stands_for_no_letter_stays() {
        for pattern in
            ["100%", "%[0-9A-F]{2}", "[%20]", "[^%20\\]%41]", "%F0%E0%EA", "%zz", "\\\\%", "ракета", "%00%0A", "%"]
        {
            assert_eq!(letters(pattern), None, "{pattern}");
        }
    }
}
