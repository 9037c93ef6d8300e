//! Operators that stand before their terms, as in formulas: `OR(a, b)`, `NEAR/5(a, b)`. An operator with nothing before it
//! joins nothing, so nothing right is ever touched. The whole is reported once, and is one operand that can't be read.

use crate::model::Diagnostic;
use crate::rule::codes;

use super::list::list;
use super::{Lexeme, Sink, Token, is_operator};

/// Puts one operand in the place of each formula.
pub(super) fn mend(text: &str, tokens: Vec<Lexeme>, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    // A list is walked for each of them, and of more the reader is told nothing.
    const MOST: usize = 20;
    let mut mended: Vec<Lexeme> = Vec::new();
    let (mut done, mut walked) = (0, 0);
    for at in 0..tokens.len() {
        if at < done || walked == MOST || !stands_first(&tokens, at) {
            continue;
        }
        walked += 1;
        let Some((terms, close)) = terms(text, &tokens, at + 1) else { continue };
        let range = tokens[at].range.start..tokens[close].range.end;
        let written = &text[tokens[at].range.clone()];
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` stands between its terms"))
            .help(format!("write `({})`", between(&terms, written)));
        sink.report(diagnostic, range.clone(), "");
        mended.extend_from_slice(&tokens[done..at]);
        mended.push(Lexeme { token: Token::Bad, range });
        done = close + 1;
    }
    if done == 0 {
        return tokens;
    }
    mended.extend_from_slice(&tokens[done..]);
    mended
}

/// Whether an operator stands here that has nothing before it, and a parenthesis behind it.
fn stands_first(tokens: &[Lexeme], at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| &tokens[before].token);
    let joins_nothing = match before {
        None | Some(Token::Open | Token::Comma | Token::Scope(_) | Token::And | Token::Or) => true,
        // `NOT NEAR/5` is one operator.
        Some(Token::Not) => !matches!(tokens[at].token, Token::Near { .. }),
        _ => false,
    };
    let is_first = joins_nothing && matches!(tokens[at].token, Token::And | Token::Or | Token::Near { .. });
    is_first && tokens.get(at + 1).is_some_and(|open| open.token == Token::Open)
}

/// The terms in these parentheses, parted by commas or side by side, and where they close. `None` where there is only one.
fn terms<'t>(text: &'t str, tokens: &[Lexeme], open: usize) -> Option<(Vec<&'t str>, usize)> {
    let (terms, close) = list(text, tokens, open)?;
    if terms.len() > 1 {
        return Some((terms, close));
    }
    let inside = &tokens[open + 1..close];
    let side_by_side = inside.len() > 1 && inside.iter().all(|lexeme| matches!(lexeme.token, Token::Atom(_)));
    side_by_side.then(|| (inside.iter().map(|lexeme| &text[lexeme.range.clone()]).collect(), close))
}

/// Terms with an operator between them; three letters where they are many, or formulas themselves.
pub(super) fn between(terms: &[&str], operator: &str) -> String {
    const LONGEST: usize = 60;
    let operator = format!(" {operator} ");
    let is_plain = |term: &&str| !term.is_empty() && !term.contains('\n') && !is_operator(term);
    let joined = terms.iter().map(|term| as_term(term)).collect::<Vec<_>>().join(&operator);
    if terms.iter().all(is_plain) && joined.len() <= LONGEST {
        return joined;
    }
    ["a", "b", "c"][..terms.len().clamp(2, 3)].join(&operator)
}

/// Several words without quotes are a phrase.
fn as_term(term: &str) -> String {
    let is_phrase = term.contains(char::is_whitespace) && !term.contains(['"', '(', ')', '@', ':', '/']);
    if is_phrase && !term.split_whitespace().any(is_operator) { format!("\"{term}\"") } else { term.to_owned() }
}
