//! One level of a query: operands joined by AND or by OR, and what stands where an operand or operator should.

use std::ops::Range;

use crate::model::Diagnostic;

use super::super::ast::{Node, NodeKind};
use super::super::codes;
use super::super::lexer::{Lexeme, Token};
use super::comma::InList;
use super::{Join, Level, MAX_DEPTH, Parser, Part};

impl Parser<'_, '_> {
    /// One level: operands joined by operators of one kind. Takes its closing token only if it is `Level::Top`'s stray one.
    pub(super) fn query(&mut self, level: Level) -> Part {
        let (first, start) = (self.at, self.range().start);
        let mut parts: Vec<Part> = Vec::new();
        let mut joins: Vec<(Join, Range<usize>)> = Vec::new();
        let mut ends_early = false;
        loop {
            if self.gave_up {
                self.at = self.tokens.len();
                break;
            }
            let negation = self.negation();
            let Some(mut part) = self.proximity() else {
                if self.missing(level, &parts, &joins, negation.as_ref()) {
                    continue;
                }
                ends_early = true;
                break;
            };
            if let Some(not) = negation {
                part.negated = true;
                part.range.start = not.range.start;
                match joins.last_mut() {
                    Some((join @ Join::And, _)) => *join = Join::AndNot,
                    Some((Join::Or, range)) => {
                        let range = range.start..not.range.end;
                        let shown = self.shown_not(&part.range);
                        self.error(
                            codes::MISPLACED_NOT,
                            format!("`OR {shown}` would match almost every article"),
                            range,
                            &[&format!("to take something away write `AND {shown}`")],
                        );
                        if let Some((join, _)) = joins.last_mut() {
                            *join = Join::Unknown;
                        }
                    }
                    Some((join, _)) => *join = Join::AndNot,
                    None => {}
                }
            }
            parts.push(part);
            match self.join(level) {
                Some(join) => joins.push(join),
                None => break,
            }
        }
        let end = self.end().max(start);
        let mut part = self.level(parts, joins, start..end, self.in_list(level, first));
        if ends_early {
            part.node = None;
        }
        part
    }

    /// Takes NOT, in either case, before an operand. Several are one, and reported.
    fn negation(&mut self) -> Option<Lexeme> {
        let mut first: Option<Lexeme> = None;
        loop {
            let Some(lexeme) = self.tokens.get(self.at) else { return first };
            let lower = !matches!(lexeme.token, Token::Not);
            if lower && !(self.is_word("not") && self.begins_operand_at(1)) {
                return first;
            }
            if !lower && matches!(self.peek_at(1), Some(Token::Near { .. })) {
                return first;
            }
            self.at += 1;
            if lower {
                let written = self.text[lexeme.range.clone()].to_owned();
                self.lower_case(
                    format!("`{written}` is an ordinary word: operators are written in upper case"),
                    lexeme.range.clone(),
                    &["write `NOT`", &format!("to look for the word write `\"{written}\"`")],
                    "NOT",
                );
            }
            match &mut first {
                None => first = Some(lexeme.clone()),
                Some(first) => {
                    first.range.end = lexeme.range.end;
                    let range = first.range.clone();
                    self.error(
                        codes::MISPLACED_NOT,
                        "NOT twice is nothing",
                        range,
                        &["leave both out, or write one `NOT`"],
                    );
                }
            }
        }
    }

    /// Reports that an operand is missing here. Whether there is something to go on with.
    fn missing(
        &mut self,
        level: Level,
        parts: &[Part],
        joins: &[(Join, Range<usize>)],
        negation: Option<&Lexeme>,
    ) -> bool {
        let range = self.range();
        let before = negation.map(|not| not.range.clone()).or_else(|| joins.last().map(|(_, range)| range.clone()));
        match self.peek() {
            Some(Token::And | Token::Or) => {
                // Several in a row are one slip, and so is that nothing follows them.
                let mut range = range;
                let mut count = 1;
                self.at += 1;
                while let Some(Token::And | Token::Or) = self.peek() {
                    range.end = self.range().end;
                    count += 1;
                    self.at += 1;
                }
                let ends = self.peek().is_none_or(|next| *next == Token::Close && level != Level::Top);
                let written = &self.text[range.clone()];
                if let Some(before) = before.as_ref().filter(|_| ends) {
                    let range = before.start..range.end;
                    let written = &self.text[range.clone()];
                    let title = format!("`{written}` has nothing after it");
                    let help = format!("delete `{written}`, or write one operator and a term");
                    self.error(codes::MISSING_OPERAND, title, range, &[&help]);
                    return false;
                } else if let Some(before) = before {
                    let title =
                        format!("between `{}` and `{written}` something is missing", &self.text[before.clone()]);
                    let help = if count == 1 { "delete one of them" } else { "delete all of them but one" };
                    self.error(codes::MISSING_OPERAND, title, before.start..range.end, &[help]);
                } else if ends {
                    let title = format!("`{written}` stands alone");
                    self.error(codes::MISSING_OPERAND, title, range, &["write the terms that it joins"]);
                    return false;
                } else {
                    let title = format!("`{written}` has nothing before it");
                    self.error(
                        codes::MISSING_OPERAND,
                        title,
                        range,
                        &[&format!("delete `{written}`, or write a term before it")],
                    );
                }
                true
            }
            Some(Token::Near { .. } | Token::Not) => {
                self.at += 1;
                if matches!(self.peek(), Some(Token::Near { .. })) {
                    self.at += 1;
                }
                let range = range.start..self.end();
                let written = &self.text[range.clone()];
                let title = format!("`{written}` has nothing before it");
                // `a AND NOT NEAR/5 b`
                let help = match (parts.last(), joins.last()) {
                    (Some(left), Some((Join::And | Join::AndNot, _))) => {
                        format!(
                            "write it directly behind the term, without AND: `{} {written} …`",
                            self.shown(&left.range)
                        )
                    }
                    _ => "write the term that is to be near".to_owned(),
                };
                self.error(codes::MISSING_OPERAND, title, range, &[&help]);
                true
            }
            Some(Token::Of) => {
                self.at += 1;
                let help = [
                    "write for example `2 OF (a, b, c)`",
                    "to look for the word `of` write it in lower case or in quotes",
                ];
                self.error(codes::BAD_OF, "`OF` needs a number before it", range, &help);
                true
            }
            Some(Token::Close) if level == Level::Top => {
                self.at += 1;
                self.unopened(range);
                true
            }
            Some(Token::Comma) if level != Level::List => {
                self.at += 1;
                self.comma(range);
                true
            }
            _ => {
                if let Some(before) = before {
                    let written = &self.text[before.clone()];
                    let title = format!("`{written}` has nothing after it");
                    self.error(
                        codes::MISSING_OPERAND,
                        title,
                        before,
                        &[&format!("delete `{written}`, or write a term after it")],
                    );
                } else if parts.is_empty() && level == Level::List {
                    // A comma or a parenthesis, if anything; of Chinese and Arabic text they take several bytes.
                    let length = self.text[range.start..].chars().next().map_or(0, char::len_utf8);
                    let range = range.start..range.start + length;
                    self.error(codes::BAD_OF, "an expression is missing in this list", range, &["delete the comma"]);
                }
                false
            }
        }
    }

    /// A parenthesis that closes nothing: whether it is a full-width one, too, is of no account.
    fn unopened(&mut self, range: Range<usize>) {
        let span = (self.sink.at)(range.clone());
        self.sink.diagnostics.retain(|found| {
            found.code != codes::WRONG_CHARACTER || found.labels.first().is_none_or(|label| label.span != span)
        });
        self.error(codes::UNOPENED_PARENTHESIS, "this parenthesis closes nothing", range, &["delete it"]);
    }

    /// A lower-case operator.
    fn lower_case(&mut self, title: String, range: Range<usize>, help: &[&str], right: &str) {
        let mut diagnostic = Diagnostic::error(codes::LOWER_CASE_OPERATOR, title).patch(right);
        diagnostic.help = help.iter().map(|&line| line.to_owned()).collect();
        self.sink.report(diagnostic, range, "");
    }

    /// What joins the operand just read with the next one; `None` where the level ends.
    fn join(&mut self, level: Level) -> Option<(Join, Range<usize>)> {
        loop {
            let range = self.range();
            let token = self.peek()?;
            match token {
                Token::And | Token::Or => {
                    self.at += 1;
                    return Some((if *token == Token::And { Join::And } else { Join::Or }, range));
                }
                Token::Not => {
                    let (a, b) = (self.shown_before(), self.shown_after(1));
                    let help = format!("write `{a} AND NOT {b}`");
                    self.error(codes::MISPLACED_NOT, "NOT must follow AND", range.clone(), &[&help]);
                    return Some((Join::And, range));
                }
                Token::Close if level == Level::Top => {
                    self.at += 1;
                    self.unopened(range.clone());
                    if self.peek()?.begins_operand() {
                        return Some((Join::Unknown, range));
                    }
                }
                Token::Comma if level != Level::List => {
                    self.at += 1;
                    self.comma(range.clone());
                    return Some((Join::Unknown, range));
                }
                Token::Close | Token::Comma => return None,
                // Only after a NOT that was taken already.
                Token::Near { .. } => {
                    self.at += 1;
                    return Some((Join::Unknown, range));
                }
                Token::Of => {
                    self.at += 1;
                    let help = ["write for example `2 OF (a, b, c)`", "if the words are a name, put them in quotes"];
                    let title = "`OF` needs a number before it and a list after it";
                    self.error(codes::BAD_OF, title, range.clone(), &help);
                    if !self.skip_list() {
                        return Some((Join::Unknown, range));
                    }
                }
                _ => return Some(self.side_by_side(range)),
            }
        }
    }

    /// Takes a list that belongs to no number, so that its commas are not reported too.
    fn skip_list(&mut self) -> bool {
        let mut open = 0_usize;
        while let Some(token) = self.peek() {
            match token {
                Token::Open => open += 1,
                Token::Close if open > 0 => open -= 1,
                _ => {}
            }
            if open == 0 && *token != Token::Close {
                return false;
            }
            self.at += 1;
            if open == 0 {
                return true;
            }
        }
        true
    }

    /// Two operands with nothing between; or a lower-case operator, which is one.
    fn side_by_side(&mut self, range: Range<usize>) -> (Join, Range<usize>) {
        for (word, join) in [("and", Join::And), ("or", Join::Or)] {
            if self.is_word(word) && self.begins_operand_at(1) {
                let not = join == Join::And
                    && (self.is_word_at(1, "not") || self.peek_at(1) == Some(&Token::Not))
                    && self.begins_operand_at(2);
                let end =
                    if not { self.tokens.get(self.at + 1).map_or(range.end, |next| next.range.end) } else { range.end };
                let written = self.text[range.start..end].to_owned();
                let right = written.split_whitespace().map(str::to_uppercase).collect::<Vec<_>>().join(" ");
                let word = &self.text[range.clone()];
                self.lower_case(
                    format!("`{word}` is an ordinary word: operators are written in upper case"),
                    range.start..end,
                    &[&format!("write `{right}`"), &format!("to look for the word write `\"{word}\"`")],
                    &right,
                );
                self.at += 1;
                if not && self.is_word("not") {
                    // Reported with `and`.
                    self.at += 1;
                    return (Join::AndNot, range.start..end);
                }
                return (join, range);
            }
        }
        if self.is_word("not") && self.begins_operand_at(1) {
            let (a, b) = (self.shown_before(), self.shown_after(1));
            let written = self.text[range.clone()].to_owned();
            self.lower_case(
                format!("`{written}` is an ordinary word: operators are written in upper case"),
                range.clone(),
                &[&format!("write `{a} AND NOT {b}`")],
                "AND NOT",
            );
            self.at += 1;
            return (Join::AndNot, range);
        }
        (Join::Side, range.start..range.start)
    }

    /// Makes one node of a level's operands, and says what is wrong with how they are joined.
    fn level(
        &mut self,
        mut parts: Vec<Part>,
        joins: Vec<(Join, Range<usize>)>,
        range: Range<usize>,
        list: InList,
    ) -> Part {
        let joins = &joins[..joins.len().min(parts.len().saturating_sub(1))];
        match list {
            InList::Whole { number, of } if parts.len() > 1 && joins.iter().all(|(join, _)| *join == Join::Side) => {
                self.missing_commas(&parts, number, of);
            }
            InList::No => self.missing_operators(&parts, joins, false),
            _ => self.missing_operators(&parts, joins, true),
        }
        let is_and = |join: &Join| matches!(join, Join::And | Join::AndNot);
        let and = joins.iter().position(|(join, _)| is_and(join));
        let or = joins.iter().position(|(join, _)| *join == Join::Or);
        if let (Some(and), Some(or)) = (and, or) {
            self.mixed = Some(self.mixture(&parts, joins, and, or));
        } else {
            self.mixed = None;
        }
        if let Some(first) = parts.first()
            && first.negated
        {
            self.lone_not(&parts);
        }
        let height = parts.iter().map(|part| part.height).max().unwrap_or(0) + usize::from(parts.len() > 1);
        let fail = Part { node: None, range: range.clone(), negated: false, height };
        if height > MAX_DEPTH {
            self.too_deep(range);
            return fail;
        }
        if parts.len() == 1 {
            // Parentheses around it are the caller's.
            let mut part = parts.remove(0);
            if part.negated {
                part.node = None;
            }
            return Part { range, negated: false, ..part };
        }
        let Some(nodes) = parts
            .into_iter()
            .map(|part| part.node.map(|node| (node, part.negated, part.range)))
            .collect::<Option<Vec<_>>>()
        else {
            return fail;
        };
        // Of operands that nothing joins, nothing is said that only follows from how they were read.
        if nodes.is_empty() || joins.iter().any(|(join, _)| matches!(join, Join::Side | Join::Unknown)) {
            return fail;
        }
        let nodes =
            nodes
                .into_iter()
                .map(|(node, negated, range)| {
                    if negated {
                        Node { kind: NodeKind::Not(Box::new(node)), span: (self.sink.at)(range) }
                    } else {
                        node
                    }
                })
                .collect();
        let kind = if or.is_some() { NodeKind::Or(nodes) } else { NodeKind::And(nodes) };
        let node = Node { kind, span: (self.sink.at)(range.clone()) };
        Part { node: Some(node), range, negated: false, height }
    }
}
