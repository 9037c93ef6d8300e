//! Commas beside an operator, several in a row, at the beginning or the end: `a NEAR/5, b`, `a, AND b`, `(a,)`. Each is one
//! slip, reported here and left out; commas between two terms are the parser's, and those of `2 OF (a, b)` are right.

use crate::model::Diagnostic;
use crate::rule::codes;

use super::{Lexeme, Sink, Token};

/// Leaves out the commas that part nothing.
pub(super) fn mend(text: &str, tokens: Vec<Lexeme>, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    if tokens.iter().all(|lexeme| lexeme.token != Token::Comma) {
        return tokens;
    }
    let mut mended: Vec<Lexeme> = Vec::with_capacity(tokens.len());
    // Of each parenthesis that is open, whether it is a list's.
    let mut lists: Vec<bool> = Vec::new();
    let mut at = 0;
    while let Some(lexeme) = tokens.get(at) {
        match lexeme.token {
            Token::Open => lists.push(mended.last().is_some_and(|before| is_of(text, before))),
            Token::Close => {
                lists.pop();
            }
            _ => {}
        }
        if lexeme.token != Token::Comma || lists.last() == Some(&true) {
            mended.push(lexeme.clone());
            at += 1;
            continue;
        }
        let run = tokens[at..].iter().take_while(|lexeme| lexeme.token == Token::Comma).count();
        let range = lexeme.range.start..tokens[at + run - 1].range.end;
        let (before, after) = (mended.last(), tokens.get(at + run));
        at += run;
        let opens = before.is_none_or(|before| before.token == Token::Open);
        let closes = after.is_none_or(|after| after.token == Token::Close);
        let operator_before = before.map(|before| &before.token).filter(|token| joins_right(token));
        let operator_after = after.map(|after| &after.token).filter(|token| joins_left(token));
        let beside = operator_before.is_some() || operator_after.is_some();
        if !(opens || closes || beside) || (opens && closes) {
            mended.push(Lexeme { token: Token::Comma, range });
            continue;
        }
        // Where the operator lacks an operand without the comma too, that is the mistake, and the parser tells it.
        let told = match (operator_before, operator_after) {
            (Some(Token::And), Some(Token::Not)) | (Some(Token::Not), Some(Token::Near { .. })) => false,
            (Some(_), Some(_)) => true,
            (Some(_), None) => closes,
            (None, Some(_)) if opens => true,
            // `a, NOT b`
            (None, Some(Token::Not))
                if !matches!(tokens.get(at + 1).map(|next| &next.token), Some(Token::Near { .. })) =>
            {
                let (a, b) = (mended.last(), tokens.get(at + 1));
                let shown = |lexeme: Option<&Lexeme>| lexeme.map_or("…", |lexeme| shown_token(text, lexeme));
                let help = format!("write `{} AND NOT {}`", shown(a), shown(b));
                let diagnostic = Diagnostic::error(codes::BAD_OF, "a comma can't stand here").help(help).patch(" AND");
                sink.report(diagnostic, range.clone(), "");
                mended.push(Lexeme { token: Token::And, range });
                continue;
            }
            (None, Some(_)) => false,
            (None, None) => false,
        };
        if !told {
            let help = match beside {
                true => format!("delete it: `{}`", around(text, &mended, &tokens[at..])),
                false => "delete it".to_owned(),
            };
            let diagnostic = Diagnostic::error(codes::BAD_OF, "a comma can't stand here").help(help).patch("");
            sink.report(diagnostic, range, "");
        }
    }
    mended
}

/// `OF`, in any case: before a parenthesis it makes a list.
fn is_of(text: &str, lexeme: &Lexeme) -> bool {
    lexeme.token == Token::Of || text[lexeme.range.clone()].eq_ignore_ascii_case("of")
}

/// Whether an operand must follow.
const fn joins_right(token: &Token) -> bool {
    matches!(token, Token::And | Token::Or | Token::Not | Token::Near { .. } | Token::AtLeast(_) | Token::Scope(_))
}

/// Whether an operand must stand before it.
const fn joins_left(token: &Token) -> bool {
    matches!(token, Token::And | Token::Or | Token::Not | Token::Near { .. })
}

/// The operator beside which a comma stood, with what it joins.
fn around(text: &str, before: &[Lexeme], after: &[Lexeme]) -> String {
    /// `a AND NOT NEAR/5 b` has no more between its operands.
    const MOST_OPERATORS: usize = 3;
    let left = before.iter().rev().take(MOST_OPERATORS).take_while(|lexeme| joins_right(&lexeme.token)).count();
    let right = after.iter().take(MOST_OPERATORS).take_while(|lexeme| joins_left(&lexeme.token)).count();
    let shown = before[before.len().saturating_sub(left + 1)..].iter().chain(&after[..after.len().min(right + 1)]);
    let mut joined = String::new();
    for lexeme in shown {
        joined.push_str(shown_token(text, lexeme));
        if !matches!(lexeme.token, Token::Scope(_)) {
            joined.push(' ');
        }
    }
    joined.trim_end().to_owned()
}

/// A short operand or an operator as written, else dots.
fn shown_token<'t>(text: &'t str, lexeme: &Lexeme) -> &'t str {
    const LONGEST: usize = 60;
    let written = &text[lexeme.range.clone()];
    let is_part = matches!(lexeme.token, Token::Open | Token::Close | Token::Bad | Token::Of);
    if is_part || written.len() > LONGEST || written.contains('\n') { "…" } else { written }
}
