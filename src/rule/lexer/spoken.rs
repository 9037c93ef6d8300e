//! Operators in several words, in capitals: `IN THE SAME SENTENCE AS`. Between two operands only an operator can stand.

use std::ops::Range;

use crate::model::Diagnostic;
use crate::rule::ast::{Atom, Reach};
use crate::rule::codes;

use super::{Lexeme, Sink, Token};

/// Puts the operators that are meant in the place of the words.
pub(super) fn mend(text: &str, tokens: Vec<Lexeme>, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    if !text.contains("SAME") {
        return tokens;
    }
    let mut mended: Vec<Lexeme> = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let after_operand =
            mended.last().is_some_and(|last| matches!(last.token, Token::Close | Token::Atom(_) | Token::Bad));
        let found = if after_operand { same(text, &tokens, at) } else { None };
        let Some((words, reach)) =
            found.filter(|(words, _)| tokens.get(words.end).is_some_and(|next| next.token.begins_operand()))
        else {
            mended.push(tokens[at].clone());
            at += 1;
            continue;
        };
        let range = tokens[words.start].range.start..tokens[words.end - 1].range.end;
        let written = text[range.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        let right = reach.operator(false, false);
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` is not an operator here"))
            .help(format!("write `{right}`"))
            .patch(right);
        sink.report(diagnostic, range.clone(), "");
        mended.push(Lexeme { token: Token::Near { ordered: false, reach }, range });
        at = words.end;
    }
    mended
}

/// `IN THE SAME SENTENCE AS`: its tokens, and what it asks for. `SAME` alone is told with other single words.
fn same(text: &str, tokens: &[Lexeme], start: usize) -> Option<(Range<usize>, Reach)> {
    let word = |at: usize| {
        let lexeme = tokens.get(at).filter(|lexeme| matches!(lexeme.token, Token::Atom(Atom::Word(_))));
        lexeme.map_or("", |lexeme| &text[lexeme.range.clone()])
    };
    let mut at = start;
    for (skipped, optional) in [("IN", true), ("THE", true), ("SAME", false)] {
        if word(at) == skipped {
            at += 1;
        } else if !optional {
            return None;
        }
    }
    let reach = match word(at) {
        "SENTENCE" | "SENT" => Reach::Sentence,
        "PARAGRAPH" | "PARA" | "PAR" => Reach::Paragraph,
        _ => return None,
    };
    at += 1;
    if matches!(word(at), "AS" | "WITH") {
        at += 1;
    }
    Some((start..at, reach))
}
