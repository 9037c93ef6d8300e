//! Commas: missing in the list of `2 OF (a b)`, and where there is no list: `a, b, c`.

use std::ops::Range;

use crate::model::Diagnostic;

use super::super::ast::{Atom, Node, NodeKind};
use super::super::codes;
use super::super::lexer::Token;
use super::mixture::MOST_SHOWN;
use super::{Level, Parser, Part};

/// How much of what stands in the parentheses of `2 OF (a, b)` a level is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InList {
    No,
    /// One of several expressions.
    Part,
    /// All of it; the number before OF, and where OF stands.
    Whole {
        number: usize,
        of: Range<usize>,
    },
}

/// What takes the parentheses around a comma.
enum Around {
    /// Hits are counted in them.
    AtLeast(u32),
    /// They are near something, so they have words in them.
    Near,
    Other,
}

impl Parser<'_, '_> {
    /// How much of a list's parentheses a level is that begins at this token and ends here.
    pub(super) fn in_list(&self, level: Level, first: usize) -> InList {
        let before = |back: usize| first.checked_sub(back).and_then(|at| self.tokens.get(at));
        let opens = before(1).is_some_and(|open| open.token == Token::Open);
        match (level, before(2), self.peek()) {
            (Level::List, Some(of), Some(Token::Close)) if opens => {
                let number = match before(3).map(|lexeme| &lexeme.token) {
                    Some(Token::Atom(Atom::Word(number))) => number.text.parse().unwrap_or(1),
                    _ => 1,
                };
                InList::Whole { number, of: of.range.clone() }
            }
            (Level::List, ..) => InList::Part,
            _ => InList::No,
        }
    }

    /// `2 OF (a b)`: its number, and where its OF stands.
    pub(super) fn missing_commas(&mut self, parts: &[Part], number: usize, of: Range<usize>) {
        // What was reported already may well be the comma, or said with the number.
        let end = (self.sink.at)(of).end;
        let told = |found: &Diagnostic| {
            found.code == codes::BAD_OF
                && found.labels.first().is_some_and(|label| label.span.end == end)
                && found.help.iter().any(|help| help.contains(", "))
        };
        if parts.iter().any(|part| part.node.is_none()) || self.sink.diagnostics.iter().any(told) {
            return;
        }
        let (Some(first), Some(last)) = (parts.first(), parts.last()) else { return };
        let range = first.range.start..last.range.end;
        let shown: Vec<String> = parts.iter().take(MOST_SHOWN).map(|part| self.shown(&part.range)).collect();
        let dots = if parts.len() > MOST_SHOWN { ", …" } else { "" };
        let help = format!("write `{} OF ({}{dots})`", number.clamp(1, parts.len()), shown.join(", "));
        // `2 of (a b)`: said with the small letters.
        let is_of = |found: &&mut Diagnostic| {
            found.code == codes::LOWER_CASE_OPERATOR
                && found.labels.first().is_some_and(|label| label.span.end == end && label.span.start < end)
        };
        if let Some(found) = self.sink.diagnostics.iter_mut().find(is_of) {
            found.title = "operators are written in upper case, with commas in the list: `OF`".to_owned();
            found.help = vec![help];
            return;
        }
        self.error(codes::BAD_OF, "the expressions of this list are not separated by commas", range, &[&help]);
    }

    /// Reports a comma that was taken. Those of one list, `a, b, c`, are one slip.
    pub(super) fn comma(&mut self, range: Range<usize>) {
        if self.at <= self.listed {
            return;
        }
        let taken = &self.tokens[..self.at.min(self.tokens.len())];
        let mut before = taken.iter().rev().skip_while(|lexeme| lexeme.range.end > range.start);
        let (last, one_before) = (before.next(), before.next().map(|lexeme| &lexeme.token));
        let help = match last.map(|lexeme| self.shown(&lexeme.range)) {
            Some(first) if self.peek().is_some_and(Token::begins_operand) && first != ")" => {
                let comma = self.at.saturating_sub(1);
                let terms = self.listed(first);
                self.instead_of_commas(&terms, one_before, comma)
            }
            _ => "join terms with `OR` or `AND`; only `2 OF (a, b, c)` has a list".to_owned(),
        };
        self.error(codes::BAD_OF, "a comma can't stand here", range, &[&help]);
    }

    /// What to write for `a, b`, of which the first comma is this token and `before` stands in front.
    fn instead_of_commas(&self, terms: &[String], before: Option<&Token>, comma: usize) -> String {
        let (one, all) = if terms.len() == 2 { ("either", "both") } else { ("any", "all") };
        let (mut either, mut both) = (terms.join(" OR "), terms.join(" AND "));
        let beside = [before, self.tokens.get(self.listed + 1).map(|next| &next.token)];
        if beside.iter().flatten().any(|token| matches!(token, Token::Near { .. })) {
            return format!("for {one} of them write `({either})`; only `2 OF (a, b, c)` has a list");
        }
        // Beside another operator they would be mixed.
        let is_beside = |operator: Token| beside.contains(&Some(&operator));
        if is_beside(Token::And) || is_beside(Token::Not) {
            either = format!("({either})");
        }
        if is_beside(Token::Or) || before == Some(&Token::Not) {
            both = format!("({both})");
        }
        match (before, self.around(comma)) {
            (Some(Token::Scope(scope)), _) => {
                let field = scope.as_str();
                format!(
                    "for {one} of them write `{field}:({either})`, for {all} `{field}:({both})`; only `2 OF (a, b, c)` \
                     has a list"
                )
            }
            (_, Around::AtLeast(count)) => format!(
                "for {count} or more hits of them write `ATLEAST/{count}({either})`, for different ones `{} OF ({})`",
                usize::try_from(count).unwrap_or(usize::MAX).clamp(1, terms.len()),
                terms.join(", ")
            ),
            (_, Around::Near) => format!("for {one} of them write `{either}`; only `2 OF (a, b, c)` has a list"),
            (_, Around::Other) => {
                format!("for {one} of them write `{either}`, for {all} `{both}`; only `2 OF (a, b, c)` has a list")
            }
        }
    }

    /// What the parentheses belong to in which this token stands.
    fn around(&self, at: usize) -> Around {
        /// Tokens on each side that are looked at: a list that someone reads is shorter.
        const MOST: usize = 200;
        let outside = |tokens: &mut dyn Iterator<Item = usize>, enters: &Token, leaves: &Token| {
            let mut depth = 0_usize;
            tokens.take(MOST).find(|&at| {
                let token = &self.tokens[at].token;
                let is_edge = token == leaves && depth == 0;
                depth = (depth + usize::from(token == enters)).saturating_sub(usize::from(token == leaves));
                is_edge
            })
        };
        let open = outside(&mut (0..at).rev(), &Token::Close, &Token::Open);
        let before = open.and_then(|open| open.checked_sub(1)).map(|before| &self.tokens[before].token);
        match before {
            Some(Token::AtLeast(count)) => return Around::AtLeast(*count),
            Some(Token::Near { .. }) => return Around::Near,
            _ => {}
        }
        let close = outside(&mut (at..self.tokens.len()), &Token::Open, &Token::Close);
        let behind = |ahead: usize| close.and_then(|close| self.tokens.get(close + ahead)).map(|next| &next.token);
        let is_near = match behind(1) {
            Some(Token::Not) => matches!(behind(2), Some(Token::Near { .. })),
            next => matches!(next, Some(Token::Near { .. })),
        };
        if open.is_some() && is_near { Around::Near } else { Around::Other }
    }

    /// The terms of a list of which the first comma was taken; the other commas are told with it.
    fn listed(&mut self, first: String) -> Vec<String> {
        let mut terms = vec![first];
        let mut next = self.at;
        while let Some(term) = self.tokens.get(next).filter(|lexeme| matches!(lexeme.token, Token::Atom(_))) {
            if terms.len() < MOST_SHOWN {
                terms.push(self.shown(&term.range));
            } else if terms.len() == MOST_SHOWN {
                terms.push("…".to_owned());
            }
            if self.tokens.get(next + 1).is_none_or(|comma| comma.token != Token::Comma) {
                break;
            }
            next += 2;
        }
        self.listed = next;
        if terms.len() == 1 {
            terms.push(self.shown_after(0));
        }
        terms
    }

    /// What to write for the list of one expression that stands here.
    pub(super) fn separated(&mut self, range: &Range<usize>, of: Option<&Node>) -> String {
        const LONGEST: usize = 80;
        // `2 OF (a | b)`: what a bar is taken for elsewhere is of no use here.
        let list = (self.sink.at)(range.clone());
        let is_bar = |found: &Diagnostic| {
            found.code == codes::FOREIGN_OPERATOR
                && found.title.starts_with("`|")
                && found.labels.iter().all(|label| list.start <= label.span.start && label.span.end <= list.end)
        };
        self.sink.diagnostics.retain(|found| !is_bar(found));
        let shown = of.and_then(|of| match &of.kind {
            NodeKind::Or(parts) | NodeKind::And(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                let count = self.text[range.clone()].split(|c: char| !c.is_ascii_digit()).next()?.parse().unwrap_or(1);
                Some(format!("{} OF ({})", usize::clamp(count, 1, parts.len()), parts.join(", ")))
            }
            _ => None,
        });
        let shown = shown.filter(|shown| shown.chars().count() <= LONGEST);
        format!("separate the expressions by commas: `{}`", shown.as_deref().unwrap_or("2 OF (a, b, c)"))
    }
}
