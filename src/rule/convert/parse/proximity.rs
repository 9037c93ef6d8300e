//! Proximities: several in a row, and what they join.

use std::ops::Range;

use super::super::codes;
use super::super::dialect::{Binding, Nearness, Operator};
use super::super::token::{Lexeme, Token};
use super::super::tree::{Kind, Tree};
use super::Parser;

impl Parser<'_, '_> {
    /// A run of proximities. The nearest bind first where OR binds tightest, else they are read from the left.
    pub(super) fn proximity(&mut self) -> Option<Tree> {
        let mut operands = vec![self.below_proximity()?];
        let mut operators: Vec<(Near, Range<usize>)> = Vec::new();
        loop {
            let negated = self.is_next(0, &Operator::Not)
                && matches!(
                    self.tokens.get(self.at + 1),
                    Some(Lexeme { token: Token::Operator(Operator::Near(_) | Operator::Segment), .. })
                );
            let start = self.range().start;
            let operator = match self.tokens.get(self.at + usize::from(negated)).map(|lexeme| &lexeme.token) {
                Some(Token::Operator(Operator::Near(near))) => Near::Near(near.clone(), negated),
                Some(Token::Operator(Operator::Segment)) => Near::Segment(negated),
                _ => break,
            };
            self.at += usize::from(negated);
            let at = start..self.range().end;
            self.at += 1;
            if let Near::Near(Nearness { note: Some(note), .. }, _) = &operator {
                let title = format!("`{}`: {note}", self.shown(&at));
                self.notes.warn(codes::DISTANCE, title, "", &at);
            }
            operators.push((operator, at));
            operands.push(self.below_proximity()?);
        }
        if let Some(doubt) = self.dialect.binding_doubt
            && self.dialect.binding == Binding::OrTightest
            && !operators.is_empty()
            && let Some(either) =
                operands.iter().find(|part| matches!(&part.kind, Kind::Or(_)) && !self.in_parentheses(part))
        {
            let help = "if it was meant otherwise, add parentheses and convert again";
            self.notes.warn_once(codes::BINDING, doubt, help, &either.at.clone());
        }
        let different = operators.windows(2).find(|pair| matches!(pair, [a, b] if a.0 != b.0));
        if let Some([_, (_, at)]) = different {
            let order = match self.dialect.binding {
                Binding::OrLoosest => "from the left",
                Binding::OrTightest => "the nearest first",
            };
            let title = format!("different proximities in a row: read {order}");
            self.notes.warn_once(
                codes::BINDING,
                &title,
                "if it was meant otherwise, add parentheses and convert again",
                at,
            );
        }
        while !operators.is_empty() {
            let next = match self.dialect.binding {
                Binding::OrLoosest => 0,
                Binding::OrTightest => (0..operators.len()).min_by_key(|&at| operators[at].0.rank()).unwrap_or(0),
            };
            let (operator, at) = operators.remove(next);
            let right = operands.remove(next + 1);
            let left = std::mem::replace(&mut operands[next], Tree::new(Kind::And(Vec::new()), 0..0));
            operands[next] = self.near(left, right, operator, &at);
        }
        operands.pop()
    }

    fn near(&mut self, left: Tree, right: Tree, operator: Near, at: &Range<usize>) -> Tree {
        let whole = left.at.start..right.at.end.max(left.at.start);
        match operator {
            Near::Near(near, negated) => Tree::new(
                Kind::Near {
                    left: Box::new(left),
                    right: Box::new(right),
                    reach: near.reach,
                    ordered: near.ordered,
                    negated,
                },
                whole,
            ),
            Near::Segment(negated) => {
                let title = format!("`{}` became AND: rules know no segments", self.shown(at));
                self.notes.warn(codes::LEFT_OUT, title, "W/P asks for one paragraph", at);
                let right = if negated {
                    let at = right.at.clone();
                    Tree::new(Kind::Not(Box::new(right)), at)
                } else {
                    right
                };
                Tree::new(Kind::And(vec![left, right]), whole)
            }
        }
    }
}

/// A proximity as the parser keeps it until its operands are known.
#[derive(Debug, Clone, PartialEq)]
enum Near {
    Near(Nearness, bool),
    Segment(bool),
}

impl Near {
    fn rank(&self) -> u32 {
        match self {
            Self::Near(near, _) => near.rank(),
            Self::Segment(_) => u32::MAX,
        }
    }
}
