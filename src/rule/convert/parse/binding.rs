//! Which operators bind how tightly: AND, OR and NOT, in each vendor's order.

use super::super::codes;
use super::super::dialect::{Binding, Operator};
use super::super::token::{Lexeme, Token};
use super::super::tree::{Kind, Tree};
use super::Parser;

impl Parser<'_, '_> {
    /// `a OR b AND c NOT d`: OR joins what AND and NOT have joined.
    pub(super) fn or_loosest(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let mut parts = vec![self.and_level()?];
        while self.is_next(0, &Operator::Or) {
            self.at += 1;
            parts.push(self.and_level()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && parts.len() > 1
            && let Some(both) =
                parts.iter().find(|part| matches!(&part.kind, Kind::And(_)) && !self.in_parentheses(part))
        {
            let at = start..both.at.end.max(start);
            self.notes.warn_once(
                codes::BINDING,
                doubt,
                "if it was meant otherwise, add parentheses and convert again",
                &at,
            );
        }
        Tree::any(parts)
    }

    pub(super) fn in_parentheses(&self, tree: &Tree) -> bool {
        let before = self.text.get(..tree.at.start).unwrap_or("").trim_end();
        let after = self.text.get(tree.at.end..).unwrap_or("").trim_start();
        before.ends_with(['(', '[', '（']) && after.starts_with([')', ']', '）'])
    }

    fn and_level(&mut self) -> Option<Tree> {
        let mut parts = vec![self.negatable()?];
        loop {
            match self.operator() {
                Some(Operator::And) => {
                    self.at += 1;
                    parts.push(self.negatable()?);
                }
                Some(Operator::Not)
                    if !matches!(
                        self.tokens.get(self.at + 1),
                        Some(Lexeme { token: Token::Operator(Operator::Near(_)), .. })
                    ) =>
                {
                    parts.push(self.negatable()?);
                }
                _ if self.peek() == Some(&Token::Minus) => parts.push(self.negatable()?),
                _ if self.begins_operand() => {
                    let at = self.range();
                    let title = format!("no operator stands before `{}`: read as AND", self.shown(&at));
                    self.notes.warn(codes::BINDING, title, "for a phrase, put quotes around its words", &at);
                    parts.push(self.negatable()?);
                }
                _ => return Tree::all(parts),
            }
        }
    }

    fn negatable(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let mut negated = false;
        while self.is_next(0, &Operator::Not) || self.peek() == Some(&Token::Minus) {
            self.at += 1;
            negated = !negated;
        }
        let of = self.proximity()?;
        let end = of.at.end;
        Some(if negated { Tree::new(Kind::Not(Box::new(of)), start..end) } else { of })
    }

    /// Lexis: `a and not b` on top, then AND, then proximity, then OR.
    pub(super) fn and_not_loosest(&mut self) -> Option<Tree> {
        let first = self.and_tight()?;
        let mut parts = vec![first];
        loop {
            let words = match self.operator() {
                Some(Operator::Not) => 1,
                Some(Operator::And) if self.is_next(1, &Operator::Not) => 2,
                _ => return Tree::all(parts),
            };
            let start = self.range().start;
            self.at += words;
            let of = self.and_tight()?;
            let at = start..of.at.end;
            parts.push(Tree::new(Kind::Not(Box::new(of)), at));
        }
    }

    fn and_tight(&mut self) -> Option<Tree> {
        let start = self.range().start;
        let negated = self.is_next(0, &Operator::Not);
        self.at += usize::from(negated);
        let first = self.proximity()?;
        let first = if negated {
            let at = start..first.at.end;
            Tree::new(Kind::Not(Box::new(first)), at)
        } else {
            first
        };
        let mut parts = vec![first];
        while self.is_next(0, &Operator::And) && !self.is_next(1, &Operator::Not) {
            self.at += 1;
            parts.push(self.proximity()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && parts.len() > 1
            && let Some(either) =
                parts.iter().find(|part| matches!(&part.kind, Kind::Or(_)) && !self.in_parentheses(part))
        {
            let at = either.at.clone();
            self.notes.warn_once(
                codes::BINDING,
                doubt,
                "if it was meant otherwise, add parentheses and convert again",
                &at,
            );
        }
        Tree::all(parts)
    }

    pub(super) fn below_proximity(&mut self) -> Option<Tree> {
        match self.dialect.binding {
            Binding::OrLoosest => self.adjacent(),
            Binding::OrTightest => {
                let mut parts = vec![self.adjacent()?];
                while self.is_next(0, &Operator::Or) {
                    self.at += 1;
                    parts.push(self.adjacent()?);
                }
                Tree::any(parts)
            }
        }
    }
}
