//! An operand: an atom, a group in parentheses, a field with what is looked for in it, ATLEAST, OF.

use std::ops::Range;

use crate::model::Diagnostic;

use super::super::ast::{Atom, Node, NodeKind, Scope};
use super::super::codes;
use super::super::lexer::{Lexeme, Token};
use super::proximity::without_hits;
use super::{Level, MAX_DEPTH, Parser, Part};

impl<'t> Parser<'t, '_> {
    /// An operand; `None` where none begins here.
    pub(super) fn operand(&mut self) -> Option<Part> {
        let lexeme = self.tokens.get(self.at)?;
        if !lexeme.token.begins_operand() {
            return None;
        }
        let start = lexeme.range.start;
        if self.depth >= MAX_DEPTH {
            self.too_deep(lexeme.range.clone());
            self.at = self.tokens.len();
            return Some(Part { node: None, range: start..self.text.len(), negated: false, height: 0 });
        }
        self.depth += 1;
        let part = self.operand_inside(lexeme, start);
        self.depth -= 1;
        Some(part)
    }

    fn operand_inside(&mut self, lexeme: &'t Lexeme, start: usize) -> Part {
        let fail = |range| Part { node: None, range, negated: false, height: 0 };
        match &lexeme.token {
            Token::Atom(Atom::Word(word))
                if word.text.bytes().all(|b| b.is_ascii_digit())
                    && (self.peek_at(1) == Some(&Token::Of)
                        || (self.is_word_at(1, "of") && self.peek_at(2) == Some(&Token::Open))) =>
            {
                self.some_of(start, &word.text)
            }
            Token::Atom(atom) => {
                self.at += 1;
                let range = lexeme.range.clone();
                let node = Node { kind: NodeKind::Atom(atom.clone()), span: (self.sink.at)(range.clone()) };
                Part { node: Some(node), range, negated: false, height: 1 }
            }
            Token::Open => self.group(),
            Token::AtLeast(count) => {
                self.at += 1;
                if self.peek() != Some(&Token::Open) {
                    let span = (self.sink.at)(lexeme.range.clone());
                    let here = |found: &Diagnostic| found.labels.first().is_some_and(|label| label.span == span);
                    let told = |found: &Diagnostic| found.code == codes::BAD_ATLEAST && here(found);
                    if !self.sink.diagnostics.iter().any(told) {
                        let term = self.shown_after(0);
                        let help = format!("write `ATLEAST/{count}({term})`");
                        self.error(codes::BAD_ATLEAST, "ATLEAST needs parentheses", lexeme.range.clone(), &[&help]);
                    }
                    let part = self.operand();
                    return fail(start..part.map_or(self.end(), |part| part.range.end));
                }
                let inner = self.group();
                let range = start..inner.range.end;
                if let Some(node) = &inner.node
                    && let Some(culprit) = without_hits(node)
                {
                    let title = "ATLEAST counts hits, and this has none of its own";
                    let diagnostic =
                        Diagnostic::error(codes::NO_POSITION, title).label(culprit.span, "").help(format!(
                            "count words or concepts: `ATLEAST/{count}(a OR b)`, and join the rest with AND outside"
                        ));
                    self.sink.push(diagnostic);
                }
                let height = inner.height + 1;
                let node = inner.node.map(|of| Node {
                    kind: NodeKind::AtLeast { count: *count, of: Box::new(of) },
                    span: (self.sink.at)(range.clone()),
                });
                Part { node, range, negated: false, height }
            }
            Token::Scope(scope) => self.scope(*scope, lexeme, start),
            _ => {
                self.at += 1;
                fail(lexeme.range.clone())
            }
        }
    }

    /// `( … )`.
    fn group(&mut self) -> Part {
        let open = self.range();
        self.at += 1;
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            let range = open.start..self.end();
            self.error(
                codes::EMPTY_PARENTHESES,
                "there is nothing in these parentheses",
                range.clone(),
                &["delete them, or fill them"],
            );
            return Part { node: None, range, negated: false, height: 0 };
        }
        let mut part = self.query(Level::Group);
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
            self.report_mixed();
        } else {
            self.unclosed(open.clone());
        }
        part.range = open.start..self.end().max(open.end);
        part
    }

    fn unclosed(&mut self, open: Range<usize>) {
        // After a quote that never closes, the parenthesis may be in it.
        let unsure = self.sink.diagnostics.iter().any(|diagnostic| {
            matches!(
                diagnostic.code,
                codes::UNCLOSED_QUOTE | codes::UNCLOSED_REGEX | codes::TOO_DEEP | codes::UNCLOSED_PARENTHESIS
            )
        });
        if !unsure {
            self.error(codes::UNCLOSED_PARENTHESIS, "this parenthesis is never closed", open, &["add the missing `)`"]);
        }
    }

    /// `2 OF (a, b, c)`.
    fn some_of(&mut self, start: usize, written: &str) -> Part {
        let number = self.range();
        self.at += 1;
        let of = self.range();
        let lower = self.peek() != Some(&Token::Of);
        self.at += 1;
        if lower {
            let right = format!("write `{written} OF (…)`");
            self.error(codes::LOWER_CASE_OPERATOR, "operators are written in upper case: `OF`", of.clone(), &[&right]);
        }
        let open = self.range();
        if self.peek() != Some(&Token::Open) {
            let title = format!("`{written} OF` needs a list in parentheses");
            let help = [&*format!("write `{written} OF (a, b, c)`"), "if the words are a name, put them in quotes"];
            self.error(codes::BAD_OF, title, number.start..of.end, &help);
            let part = self.operand();
            // The commas of a list without parentheses belong to what was reported.
            while self.peek() == Some(&Token::Comma) && self.begins_operand_at(1) {
                self.at += 1;
                self.operand();
            }
            return Part {
                node: None,
                range: start..part.map_or(of.end, |part| part.range.end),
                negated: false,
                height: 0,
            };
        }
        self.at += 1;
        let mut parts = Vec::new();
        if self.peek() == Some(&Token::Close) {
            let close = self.range();
            self.error(
                codes::EMPTY_PARENTHESES,
                "there is nothing in these parentheses",
                open.start..close.end,
                &["list expressions: `2 OF (a, b, c)`"],
            );
        } else {
            loop {
                parts.push(self.query(Level::List));
                if matches!(self.peek(), Some(Token::Comma | Token::Close)) {
                    self.report_mixed();
                }
                if self.peek() != Some(&Token::Comma) {
                    break;
                }
                let comma = self.range();
                if &self.text[comma.clone()] != "," {
                    let title = format!("`{}` is not the comma of a list here", &self.text[comma.clone()]);
                    let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, title).help("write `,`").patch(",");
                    self.sink.report(diagnostic, comma, "");
                }
                self.at += 1;
            }
        }
        if self.peek() == Some(&Token::Close) {
            self.at += 1;
        } else {
            self.unclosed(open);
        }
        let range = start..self.end();
        let height = parts.iter().map(|part| part.height).max().unwrap_or(0) + 1;
        let total = parts.len();
        let count = written.parse::<u32>().ok().filter(|count| *count > 0 && *count as usize <= total);
        // With operators missing in it, its only expression may be all of them.
        let unsure = total == 1 && parts.iter().any(|part| part.node.is_none());
        if total > 0 && !unsure && (count.is_none() || total == 1) {
            let title = if total == 1 {
                "this list has only one expression".to_owned()
            } else if written.bytes().all(|b| b == b'0') {
                "`0 OF` always holds".to_owned()
            } else {
                format!("`{written} OF` a list of {total} can never hold")
            };
            let help = if total == 1 {
                self.separated(&range, parts.first().and_then(|part| part.node.as_ref()))
            } else {
                format!("write a number from 1 to {total}")
            };
            self.error(codes::BAD_OF, title, number.start..of.end, &[&help]);
        }
        let nodes = parts.into_iter().map(|part| part.node).collect::<Option<Vec<_>>>();
        let node = nodes
            .zip(count)
            .map(|(of, count)| Node { kind: NodeKind::SomeOf { count, of }, span: (self.sink.at)(range.clone()) });
        Part { node, range, negated: false, height }
    }

    /// `title:…`.
    fn scope(&mut self, scope: Scope, lexeme: &'t Lexeme, start: usize) -> Part {
        self.at += 1;
        let name = scope.as_str();
        let not = self.peek() == Some(&Token::Not);
        let part = if not { None } else { self.operand() };
        let Some(part) = part else {
            if not {
                let term = self.shown_after(1);
                let help = format!("write `NOT {name}:{term}`");
                self.error(
                    codes::MISPLACED_NOT,
                    format!("NOT stands before `{name}:`, not after it"),
                    lexeme.range.clone(),
                    &[&help],
                );
                self.at += 1;
                let part = self.operand();
                return Part {
                    node: None,
                    range: start..part.map_or(self.end(), |part| part.range.end),
                    negated: false,
                    height: 0,
                };
            }
            let help = format!("write what to look for in it: `{name}:missile`, `{name}:(missile OR rocket)`");
            self.error(codes::BAD_SCOPE, format!("`{name}:` has nothing behind it"), lexeme.range.clone(), &[&help]);
            return Part { node: None, range: lexeme.range.clone(), negated: false, height: 0 };
        };
        if let Some(node) = &part.node {
            let (mut inner, mut topic) = (None, None);
            node.walk(&mut |node| match &node.kind {
                NodeKind::Scope { scope, .. } => inner = inner.or(Some((*scope, node.span))),
                NodeKind::Atom(Atom::Topic(id)) if topic.is_none() => topic = Some((id.clone(), node.span)),
                _ => {}
            });
            if let Some((id, span)) = topic {
                let title = format!("`#{id}` stands inside `{name}:`, but a topic holds for the whole article");
                let diagnostic = Diagnostic::error(codes::BAD_SCOPE, title)
                    .label(span, "")
                    .help(format!("join it outside: `{name}:(…) AND #{id}`"))
                    .help(format!("or make a concept of the words that both look for: `{name}:@name`"));
                self.sink.push(diagnostic);
            }
            if let Some((inner, span)) = inner {
                let inside = format!("`{}:` stands inside `{name}:`", inner.as_str());
                let title = if inner == scope {
                    inside
                } else if [inner, scope].contains(&Scope::Lede) {
                    // Which is the title, and the beginning of the text.
                    format!("{inside}, and one field can't narrow another")
                } else {
                    format!("{inside}, and a text is never in both")
                };
                let diagnostic = Diagnostic::error(codes::BAD_SCOPE, title)
                    .label(span, "")
                    .help("close the one before the other begins, and join them with AND or OR");
                self.sink.push(diagnostic);
            }
        }
        let range = start..part.range.end;
        let height = part.height + 1;
        let node = part
            .node
            .map(|of| Node { kind: NodeKind::Scope { scope, of: Box::new(of) }, span: (self.sink.at)(range.clone()) });
        Part { node, range, negated: false, height }
    }
}
