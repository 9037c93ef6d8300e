//! What stands between the parentheses of a list.

use super::{Lexeme, Token};

/// The expressions of the list that this parenthesis opens, and where it closes. `None` where it doesn't.
pub(super) fn list<'t>(text: &'t str, tokens: &[Lexeme], open: usize) -> Option<(Vec<&'t str>, usize)> {
    let mut depth = 0_usize;
    let mut items = Vec::new();
    let mut start = tokens.get(open)?.range.end;
    for (at, lexeme) in tokens.iter().enumerate().skip(open) {
        match lexeme.token {
            Token::Open => depth += 1,
            Token::Comma if depth == 1 => {
                items.push(text[start..lexeme.range.start].trim());
                start = lexeme.range.end;
            }
            Token::Close if depth == 1 => {
                items.push(text[start..lexeme.range.start].trim());
                return Some((items, at));
            }
            Token::Close => depth -= 1,
            _ => {}
        }
    }
    None
}
