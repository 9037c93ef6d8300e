//! A vendor's words and phrases → our atoms.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use super::codes;
use super::dialect::{Dialect, Wild};
use super::notes::Notes;
use super::tree::{Kind, Tree};
use crate::rule::ast::{Atom, PhrasePart, Word, WordForm};

/// How the words of a term are to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As the vendor does: inflected where it inflects.
    Plain,
    /// Only the form written, in any case.
    Quoted,
    /// Exactly as written.
    Exact,
}

pub(super) fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{05d0}'..='\u{05ea}')
}

/// Whether words are made of it.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '_' | '\u{200c}' | '\u{200d}')
}

fn is_wildcard(c: char) -> bool {
    matches!(c, '*' | '?')
}

/// Whether it may stand between two letters of one word of ours.
fn joins(c: char) -> bool {
    matches!(
        c,
        '\'' | '’' | '-' | '‐' | '‑' | '–' | '.' | '&' | '+' | '/' | '@' | '#' | '·' | '・' | '‧' | '׳' | '״' | '־'
    )
}

/// Marks that nobody sees and that came with pasted text.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fffc}')
}

/// The words in a text whose wildcards are ours already: what punctuation separates stands apart.
fn pieces(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().filter(|c| !is_invisible(*c)).collect();
    let mut pieces = Vec::new();
    let mut current = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let inside = |c: Option<&char>| c.is_some_and(|c| is_letter(*c) || is_wildcard(*c));
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let after = chars.get(at + 1);
        let hebrew = c == '"' && before.is_some_and(|c| is_hebrew(*c)) && after.is_some_and(|c| is_hebrew(*c));
        if is_letter(c) || is_wildcard(c) || (joins(c) && inside(before) && inside(after)) {
            current.push(c);
        } else if hebrew {
            current.push('״');
        } else if !current.is_empty() {
            pieces.push(std::mem::take(&mut current));
        }
    }
    if !current.is_empty() {
        pieces.push(current);
    }
    pieces
}

fn word(text: String, style: Style, dialect_inflects: bool) -> Word {
    let wild = text.contains(is_wildcard);
    let form = match style {
        Style::Exact => WordForm::Exact,
        _ if wild => WordForm::Pattern,
        Style::Plain if dialect_inflects && inflects(&text) => WordForm::Stem,
        _ => WordForm::Folded,
    };
    Word { text, form }
}

/// Whether a plain word is one that has inflected forms: letters only, no abbreviation.
fn inflects(text: &str) -> bool {
    text.chars().count() >= 3
        && text.chars().all(char::is_alphabetic)
        && !text.chars().all(char::is_uppercase)
        && text.chars().all(|c| c.is_ascii() || c.to_lowercase().ne(c.to_uppercase()))
}

/// Words that would be read as operators, and what holds a sign that would be: they are written as phrases of one word.
fn needs_quotes(text: &str) -> bool {
    const OPERATORS: [&str; 16] = [
        "and", "or", "not", "of", "near", "onear", "w", "n", "pre", "adj", "within", "atleast", "atl", "same", "xor",
        "plus",
    ];
    let lower = text.to_lowercase();
    let letters = lower.trim_end_matches(|c: char| c.is_ascii_digit() || c == '/');
    OPERATORS.contains(&letters)
        || text.chars().any(|c| !is_letter(c) && !is_wildcard(c) && !matches!(c, '-' | '\'' | '.'))
        || text.starts_with('_')
        || text.starts_with(is_combining_mark)
}

/// A term's tree, from a word or the inside of quotes.
pub(super) fn read(text: &str, style: Style, at: &Range<usize>, dialect: &Dialect, notes: &mut Notes) -> Tree {
    let mut parts: Vec<PhrasePart> = Vec::new();
    let mut alternatives: Vec<String> = Vec::new();
    for chunk in text.split_whitespace() {
        let wild = (dialect.wildcards)(chunk);
        remark(&wild, chunk, at, dialect, notes);
        if parts.is_empty() {
            alternatives = wild.or;
        }
        parts.extend(phrase_parts(&wild.text, style, dialect.inflects));
    }
    if parts.len() != 1 {
        alternatives.clear();
    }
    if parts.len() > 1 && (parts.first() == Some(&PhrasePart::Any) || parts.last() == Some(&PhrasePart::Any)) {
        let title = format!("the `*` at the edge of `{}` is left out", shown(text));
        notes.warn(codes::FORMS, title, "in a phrase, a lone `*` is exactly one word between two others", at);
    }
    let first = match finish(parts, text, at) {
        Tree { kind: Kind::Atom(atom), at } => Tree::new(Kind::Atom(atom), at),
        lost => return lost,
    };
    let others = alternatives.into_iter().map(|other| finish(phrase_parts(&other, style, false), text, at));
    Tree::any(std::iter::once(first).chain(others).collect()).unwrap_or_else(|| finish(Vec::new(), text, at))
}

fn phrase_parts(text: &str, style: Style, inflects: bool) -> Vec<PhrasePart> {
    pieces(text)
        .into_iter()
        .filter_map(|piece| {
            if piece == "*" {
                return Some(PhrasePart::Any);
            }
            piece.chars().any(char::is_alphanumeric).then(|| PhrasePart::Word(word(piece, style, inflects)))
        })
        .collect()
}

fn remark(wild: &Wild, chunk: &str, at: &Range<usize>, dialect: &Dialect, notes: &mut Notes) {
    if let Some(note) = &wild.note {
        notes.warn(codes::FORMS, format!("`{}`: {note}", shown(chunk)), "", at);
    }
    let stripped: Vec<char> =
        chunk.chars().filter(|c| c.is_ascii_punctuation() && matches!(c, '$' | '%' | '+' | '#' | '@' | '!')).collect();
    let kept = pieces(&wild.text).concat();
    if let Some(sign) = stripped.iter().find(|sign| !kept.contains(**sign) && chunk.len() > 1)
        && !matches!((sign, dialect.name), ('$' | '%', "Factiva") | ('!', "Lexis"))
    {
        let title = format!("the `{sign}` of `{}` is not looked for: punctuation never counts", shown(chunk));
        notes.warn(codes::FORMS, title, "where it matters, a regular expression such as `/C\\+\\+/` sees it", at);
    }
}

fn finish(mut parts: Vec<PhrasePart>, text: &str, at: &Range<usize>) -> Tree {
    // At either end a lone wildcard asks for some word there, which texts nearly always have.
    while parts.first() == Some(&PhrasePart::Any) {
        parts.remove(0);
    }
    while parts.last() == Some(&PhrasePart::Any) {
        parts.pop();
    }
    let atom = match parts.as_slice() {
        [] if text.contains(is_wildcard) && !text.contains(char::is_alphanumeric) => {
            return Tree::lost("a wildcard alone, which every article has", "leave it out", at.clone());
        }
        [] => match symbols(text) {
            Some(atom) => atom,
            None => return Tree::lost("a term without a letter or digit", "leave it out", at.clone()),
        },
        [PhrasePart::Word(word)] => alone(word.clone()),
        _ => Atom::Phrase(parts),
    };
    Tree::new(Kind::Atom(atom), at.clone())
}

/// Signs without letters, an emoji say: only a regular expression finds them.
fn symbols(text: &str) -> Option<Atom> {
    let text: String = text.chars().filter(|c| !is_invisible(*c) && *c != '\u{fe0f}').collect();
    let text = text.trim();
    let is_symbol = |c: char| !c.is_ascii() && !c.is_whitespace() && !c.is_control() && !is_combining_mark(c);
    (!text.is_empty() && text.chars().count() <= 20 && text.chars().all(is_symbol))
        .then(|| Atom::Regex(regex::escape(text)))
}

/// A part of the vendor's text for a message: short, on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST - 2).chain(" …".chars()).collect() }
}

/// Puts the words of an atom one after another; `None` where one of them has none.
pub(super) fn parts_of(atom: &Atom) -> Option<Vec<PhrasePart>> {
    match atom {
        Atom::Word(word) => Some(vec![PhrasePart::Word(word.clone())]),
        Atom::Phrase(parts) => Some(parts.clone()),
        _ => None,
    }
}

/// A word on its own: as a phrase of one word where it would be read as something else.
pub(super) fn alone(word: Word) -> Atom {
    if needs_quotes(&word.text) { Atom::Phrase(vec![PhrasePart::Word(word)]) } else { Atom::Word(word) }
}

/// Changes every word of an atom.
pub(super) fn for_words(atom: &mut Atom, change: &mut impl FnMut(&mut Word)) {
    match atom {
        Atom::Word(word) => change(word),
        Atom::Phrase(parts) => {
            for part in parts {
                if let PhrasePart::Word(word) = part {
                    change(word);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_splits_words_and_stays_inside_them() {
        for (text, expected) in [
            ("l'accordo", vec!["l'accordo"]),
            ("\u{200f}صاروخ،", vec!["صاروخ"]),
            ("AT&T", vec!["AT&T"]),
            ("a,b", vec!["a", "b"]),
            ("צה\"ל", vec!["צה״ל"]),
            ("«миссия»", vec!["миссия"]),
            ("missil*-", vec!["missil*"]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn what_would_be_an_operator_is_quoted() {
        for (text, quoted) in
            [("near5", true), ("Or", true), ("S-400", false), ("W/S", true), ("order", false), ("导弹", false)]
        {
            assert_eq!(needs_quotes(text), quoted, "{text}");
        }
    }
}
