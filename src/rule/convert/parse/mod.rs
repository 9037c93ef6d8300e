//! Tokens → tree, for the vendors that join terms with words. Each level of binding is one function; which stands on top says
//! the [`Dialect`].

mod binding;
mod operand;
mod proximity;

use std::ops::Range;

use super::dialect::{Binding, Dialect, Operator};
use super::notes::Notes;
use super::term;
use super::token::{Lexeme, Token, lex};
use super::tree::Tree;
use super::{CaseMatters, codes};
use crate::rule::ast::WordForm;

/// Reads a query; `None` where it can't be, which is reported.
pub(super) fn parse(text: &str, dialect: &Dialect, case: CaseMatters, notes: &mut Notes) -> Option<Tree> {
    let tokens = lex(text, dialect, notes)?;
    let mut parser = Parser { text, tokens: &tokens, at: 0, dialect, case, notes, depth: 0, failed: false };
    let tree = parser.query();
    if !parser.failed && parser.at < tokens.len() {
        let at = parser.range();
        parser.fail("this has nothing to do with what stands before it", "check the parentheses", at);
    }
    if parser.failed {
        return None;
    }
    let mut tree = tree;
    if dialect.inflects
        && let Some(tree) = &mut tree
    {
        inflected(tree, notes);
    }
    tree
}

/// Says once that words are compared by their stems.
fn inflected(tree: &mut Tree, notes: &mut Notes) {
    let mut first: Option<Range<usize>> = None;
    tree.map_atoms(&mut |atom, at| {
        term::for_words(atom, &mut |word| {
            if word.form == WordForm::Stem && first.is_none() {
                first = Some(at.clone());
            }
        });
    });
    if let Some(at) = first {
        let title = "plurals and possessives are found there; `~` finds all inflected forms";
        notes.warn(codes::FORMS, title, "write the word without `~` to find only that form", &at);
    }
}

/// Deepest nesting that is followed: what rules can hold.
const MAX_DEPTH: usize = 60;

struct Parser<'t, 'n> {
    text: &'t str,
    tokens: &'t [Lexeme],
    at: usize,
    dialect: &'t Dialect,
    case: CaseMatters,
    notes: &'n mut Notes,
    depth: usize,
    failed: bool,
}

impl Parser<'_, '_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|lexeme| &lexeme.token)
    }

    fn operator(&self) -> Option<&Operator> {
        match self.peek() {
            Some(Token::Operator(operator)) => Some(operator),
            _ => None,
        }
    }

    fn is_next(&self, ahead: usize, operator: &Operator) -> bool {
        matches!(self.tokens.get(self.at + ahead), Some(Lexeme { token: Token::Operator(found), .. }) if found == operator)
    }

    fn range(&self) -> Range<usize> {
        self.tokens.get(self.at).map_or(self.text.len()..self.text.len(), |lexeme| lexeme.at.clone())
    }

    /// Where what was read last ends.
    fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |lexeme| lexeme.at.end)
    }

    fn shown(&self, at: &Range<usize>) -> String {
        term::shown(self.text.get(at.clone()).unwrap_or(""))
    }

    fn fail(&mut self, title: &str, help: &str, at: Range<usize>) {
        // What follows the first mistake is often only its consequence.
        if !self.failed {
            self.notes.fail(codes::SYNTAX, title, help, &at);
        }
        self.failed = true;
    }

    fn begins_operand(&self) -> bool {
        matches!(
            self.peek(),
            Some(
                Token::Open
                    | Token::Word(_)
                    | Token::Phrase { .. }
                    | Token::Field { .. }
                    | Token::Filter(_)
                    | Token::Operator(Operator::AtLeast(_))
            )
        )
    }

    fn query(&mut self) -> Option<Tree> {
        match self.dialect.binding {
            Binding::OrLoosest => self.or_loosest(),
            Binding::OrTightest => self.and_not_loosest(),
        }
    }

    /// Whatever stands here is no operand: says so.
    fn missing(&mut self) {
        let at = self.range();
        let (title, help) = match self.peek() {
            None if self.tokens.is_empty() => ("there is nothing to look for".to_owned(), ""),
            None => ("something is missing at the end".to_owned(), "write what the last operator joins, or delete it"),
            Some(Token::Close) => ("nothing stands before this parenthesis".to_owned(), "write a term, or delete it"),
            Some(_) => (format!("`{}` has nothing before it", self.shown(&at)), "write a term before it, or delete it"),
        };
        self.fail(&title, help, at);
    }
}
