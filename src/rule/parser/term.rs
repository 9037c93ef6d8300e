//! A term of a concept's list: an atom, or several words without quotes, which are a phrase.

use std::ops::Range;

use crate::model::{Diagnostic, Span};

use super::super::ast::{Atom, Node, NodeKind, PhrasePart};
use super::super::codes;
use super::super::lexer::{
    Lexeme, RegexBudget, Sink, Token, escapes, has_word, is_field, is_hebrew, lex, no_word, phrase_parts,
};
use super::{Parsed, finish, references, too_long};

/// Reads a term of a concept's list: an atom, or several words without quotes, which are a phrase.
pub(in crate::rule) fn parse_term(text: &str, at: &dyn Fn(Range<usize>) -> Span, regexes: &RegexBudget) -> Parsed {
    let mut sink = Sink { text, regexes, at, diagnostics: Vec::new() };
    let trimmed = text.trim();
    let start = text.len() - text.trim_start().len();
    let range = start..start + trimmed.len();
    let whole = range.clone();
    if trimmed.is_empty() {
        let diagnostic = Diagnostic::error(codes::EMPTY_QUERY, "this term is empty").help("delete it, or write a term");
        sink.report(diagnostic, 0..text.len(), "");
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    if too_long(text, &mut sink) {
        return Parsed { diagnostics: sink.diagnostics, ..Parsed::default() };
    }
    if let Some(diagnostic) = excluded(trimmed).or_else(|| quoted(trimmed)) {
        sink.report(diagnostic, range, "");
        return finish(None, sink, Vec::new(), whole);
    }
    if let Some(node) = bare_phrase(trimmed, start, &mut sink) {
        return finish(node, sink, Vec::new(), range);
    }
    let tokens = lex(text, &mut sink);
    let references = references(&tokens, at);
    let node = match tokens.as_slice() {
        [Lexeme { token: Token::Atom(Atom::Topic(id)), .. }] => {
            let diagnostic = Diagnostic::error(codes::NOT_A_TERM, "a topic is not a term: it has no words of its own")
                .help(format!("use it in a query: `@concept OR #{id}`"));
            sink.report(diagnostic, range, "");
            None
        }
        [Lexeme { token: Token::Atom(atom), range }] => {
            Some(Node { kind: NodeKind::Atom(atom.clone()), span: at(range.clone()) })
        }
        [Lexeme { token: Token::Bad, .. }] => None,
        _ => {
            if sink.diagnostics.iter().all(|diagnostic| !diagnostic.is_error()) {
                let diagnostic = Diagnostic::error(codes::NOT_A_TERM, "a concept lists terms, this is a query")
                    .help("write each term as an entry of its own: `[\"missile\", \"iron dome\", \"=IRBM\"]`")
                    .help("queries go into a topic's `match`, where concepts are combined: `@missile NEAR/5 @launch`");
                sink.report(diagnostic, range, "");
            }
            None
        }
    };
    finish(node, sink, references, whole)
}

/// Said of `-x` and `NOT x`.
fn excluded(trimmed: &str) -> Option<Diagnostic> {
    let term = trimmed.strip_prefix("NOT ").or_else(|| {
        let rest = trimmed.strip_prefix(['-', '−', '–', '!'])?;
        rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '"' | '@' | '=' | '~')).then_some(rest)
    })?;
    let term = Some(term.trim()).filter(|term| term.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '*')));
    let term = term.unwrap_or("…");
    let diagnostic = Diagnostic::error(codes::NOT_A_TERM, "a concept lists what to look for, and can't exclude a term")
        .help(format!("exclude it in a topic: `except = '{term}'`, or in its `match`: `@concept AND NOT {term}`"));
    Some(diagnostic)
}

/// Said of `「导弹」`: quotes of another kind around the whole of an entry, which needs none.
fn quoted(trimmed: &str) -> Option<Diagnostic> {
    let is_quote = |c: char| "“”„‟«»‹›「」『』〝〞〟＂《》〈〉".contains(c);
    let mut chars = trimmed.chars();
    let (open, close) = (chars.next().filter(|c| is_quote(*c))?, chars.next_back().filter(|c| is_quote(*c))?);
    let inside = chars.as_str().trim();
    let is_plain =
        |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '-' | '.' | '\'' | '’' | '·' | '・');
    if inside.is_empty() || !inside.chars().all(is_plain) || inside.split_whitespace().any(looks_like_query) {
        return None;
    }
    let title = format!("an entry needs no quotes of its own, and `{open}{close}` are none here");
    Some(Diagnostic::error(codes::WRONG_QUOTES, title).help(format!("write `{inside}` as the entry")).patch(inside))
}

/// Several words without quotes: what people write in a list. `Some(None)`: reported.
fn bare_phrase(trimmed: &str, start: usize, sink: &mut Sink<'_>) -> Option<Option<Node>> {
    if !trimmed.contains(char::is_whitespace)
        || has_quote(trimmed)
        || trimmed.contains(['(', ')', '“', '”', '„', '«', '»', '「', '」'])
        || trimmed.starts_with(['/', '#', '\'', '‘'])
        || trimmed.split_whitespace().any(looks_like_query)
    {
        return None;
    }
    let before = sink.diagnostics.len();
    several(trimmed, start, sink);
    escapes(trimmed, start, false, sink);
    let parts = phrase_parts(trimmed, start, sink, None);
    if sink.diagnostics[before.min(sink.diagnostics.len())..].iter().any(Diagnostic::is_error) {
        return Some(None);
    }
    if parts.is_empty() {
        // Nothing but punctuation, say: the lexer finds words for it, and then no warning is of use.
        sink.diagnostics.truncate(before);
        return None;
    }
    let atom = match parts.as_slice() {
        [PhrasePart::Any] => return None,
        _ => Atom::Phrase(parts),
    };
    let span = (sink.at)(start..start + trimmed.len());
    if !has_word(&atom) {
        sink.push(no_word(&atom, span));
        return Some(None);
    }
    Some(Some(Node { kind: NodeKind::Atom(atom), span }))
}

/// Warns of an entry that looks like several: `S-400, S-300`.
fn several(trimmed: &str, start: usize, sink: &mut Sink<'_>) {
    let separates = |(at, c): &(usize, char)| match c {
        ',' | ';' | '،' | '؛' | '、' | '，' | '；' | '|' => true,
        '/' => trimmed[..*at].ends_with(' ') && trimmed[at + 1..].starts_with(' '),
        _ => false,
    };
    let Some((at, sign)) = trimmed.char_indices().find(separates) else { return };
    let entries: Vec<String> =
        trimmed.split(sign).map(str::trim).filter(|part| !part.is_empty()).map(|part| format!("\"{part}\"")).collect();
    if entries.len() < 2 {
        return;
    }
    let diagnostic =
        Diagnostic::warning(codes::UNHEARD, format!("an entry is one phrase: `{sign}` does not part it into several"))
            .help(format!("for any of them write an entry for each: `{}`", entries.join(", ")))
            .help("if it is one phrase, leave the sign out: punctuation doesn't matter");
    sink.report(diagnostic, start + at..start + at + sign.len_utf8(), "");
}

/// Whether there is a quote that is not part of a Hebrew abbreviation.
fn has_quote(text: &str) -> bool {
    let hebrew = |c: Option<char>| c.is_some_and(is_hebrew);
    text.match_indices('"')
        .any(|(at, _)| !hebrew(text[..at].chars().next_back()) || !hebrew(text[at + 1..].chars().next()))
}

fn looks_like_query(word: &str) -> bool {
    if let Some((field, rest)) = word.split_once(':')
        && !rest.is_empty()
        && is_field(field)
    {
        return true;
    }
    matches!(word, "AND" | "OR" | "NOT" | "&&" | "||")
        || word.starts_with(['@', '#'])
        || ["NEAR/", "ONEAR/", "W/", "ATLEAST/"].iter().any(|operator| word.starts_with(operator))
}
