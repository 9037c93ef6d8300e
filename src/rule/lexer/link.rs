//! The escapes of a link in a phrase, `"news/%D1%80%D0%B0%D0%BA"`: whoever pastes them means the letters they stand for.

use std::borrow::Cow;

use crate::model::{Diagnostic, Field};
use crate::text::reading::readable;

use super::super::ast::{Atom, Scope};
use super::super::codes;
use super::{Lexeme, Lexer, Sink, Token};

/// Warns of phrases with escapes.
pub(super) fn warn(text: &str, tokens: &[Lexeme], sink: &mut Sink<'_>) {
    // How many parentheses are open, and how many were where one of `url:( )` opened.
    let (mut open, mut link) = (0_usize, None);
    // Whether `url:` waits for what it holds.
    let mut waits = false;
    for (at, Lexeme { token, range }) in tokens.iter().enumerate() {
        match token {
            Token::Scope(scope) => waits = *scope == Scope::Field(Field::Url),
            Token::Open => {
                open += 1;
                if std::mem::take(&mut waits) {
                    link.get_or_insert(open);
                }
            }
            Token::Close => {
                link = link.filter(|link| *link != open);
                open = open.saturating_sub(1);
            }
            Token::Atom(atom) => {
                if matches!(atom, Atom::Phrase(_)) && text[range.clone()].contains('%') {
                    phrase(text, range.clone(), waits || link.is_some(), sink);
                }
                // `url:2 OF (…)`
                waits &= tokens.get(at + 1).is_some_and(|next| next.token == Token::Of);
            }
            Token::AtLeast(_) | Token::Of => {}
            _ => waits = false,
        }
    }
}

fn phrase(text: &str, range: std::ops::Range<usize>, in_link: bool, sink: &mut Sink<'_>) {
    let written = &text[range.clone()];
    let (Some(first), Some(last)) = (written.find('"'), written.rfind('"')) else { return };
    if let Some(body) = written.get(first + 1..last) {
        escapes(body, range.start + first + 1, in_link, sink);
    }
}

/// Warns of escapes in the words of a phrase, which stand at byte `base` of the query. `in_link`: links are what it is
/// looked for in.
pub(in crate::rule) fn escapes(body: &str, base: usize, in_link: bool, sink: &mut Sink<'_>) {
    let Cow::Owned(read) = readable(Field::Url, body) else { return };
    let title = if in_link {
        "the escapes of a link are read as the letters they stand for, and not found as they are here"
    } else if is_per_cent(body) {
        return;
    } else {
        "this phrase holds the escapes of a link, not the letters they stand for"
    };
    let diagnostic = Diagnostic::warning(codes::UNHEARD, title).help(format!("write `\"{read}\"`"));
    sink.report(diagnostic, base..base + body.len(), "");
}

/// `grew 10%50`: whether the first sign is that of a number.
fn is_per_cent(text: &str) -> bool {
    let word = text.split('%').next().and_then(|before| before.rsplit(char::is_whitespace).next()).unwrap_or("");
    word.ends_with(|c: char| c.is_ascii_digit())
        && !word.contains(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
}

impl Lexer<'_, '_, '_> {
    /// `news/%D1%80%D0%B0%D0%BA`, a piece of a link that begins at `start` and whose escapes begin here.
    pub(super) fn piece_of_link(&mut self, start: usize) -> bool {
        /// Where many signs stand in a row, each is looked at with no more than so many bytes behind it.
        const LONGEST: usize = 400;
        let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | ',');
        let is_escape = self.rest().starts_with('%') || self.rest().starts_with("/%");
        if !is_escape || self.at - start > LONGEST {
            return false;
        }
        // No number is longer.
        let before = &self.text[self.text.floor_char_boundary(self.at.saturating_sub(32))..self.at];
        if is_per_cent(before.rsplit(ends).next().unwrap_or("")) {
            return false;
        }
        let near = &self.text[start..self.text.floor_char_boundary(start + LONGEST)];
        let piece = near.split(ends).next().unwrap_or("");
        let Cow::Owned(read) = readable(Field::Url, piece) else { return false };
        self.at = start + piece.len();
        let right = format!("\"{read}\"");
        let diagnostic =
            Diagnostic::error(codes::UNEXPECTED_CHARACTER, "the escapes of a link stand here, not letters")
                .help(format!("write `{right}`"))
                .patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
        true
    }
}
