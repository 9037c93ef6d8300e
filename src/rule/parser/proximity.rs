//! Operands joined by NEAR, ONEAR, W/S and W/P.

use std::ops::Range;

use crate::model::Diagnostic;

use super::super::ast::{Atom, Near, Node, NodeKind, Reach};
use super::super::codes;
use super::super::lexer::Token;
use super::{MAX_DEPTH, Parser, Part};

/// A proximity operator as it stands.
#[derive(Debug, Clone)]
struct Operator {
    ordered: bool,
    reach: Reach,
    negated: bool,
    written: String,
    range: Range<usize>,
}

impl Operator {
    /// As it should be written.
    fn canonical(&self) -> String {
        self.reach.operator(self.ordered, self.negated)
    }
}

impl Parser<'_, '_> {
    /// Operands joined by proximity operators; `None` where no operand begins here.
    pub(super) fn proximity(&mut self) -> Option<Part> {
        let mut left = self.operand()?;
        let mut used: Option<Operator> = None;
        let mut chained = 0;
        let mut mixed = false;
        loop {
            let start = self.at;
            let range = self.range();
            let lower = self.is_word("not") && matches!(self.peek_at(1), Some(Token::Near { .. }));
            let negated = lower || self.peek() == Some(&Token::Not);
            if negated && !matches!(self.peek_at(1), Some(Token::Near { .. })) {
                break;
            }
            if lower {
                let title = format!("`{}` must be written in upper case", &self.text[range.clone()]);
                self.error(codes::LOWER_CASE_OPERATOR, title, range.clone(), &["write `NOT`"]);
            }
            self.at += usize::from(negated);
            let Some(&Token::Near { ordered, reach }) = self.peek() else {
                self.at = start;
                break;
            };
            self.at += 1;
            let operator = range.start..self.end();
            let written = self.text[operator.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
            let several = self.several_operators(&left, &written, range.start);
            let not_right = self.peek() == Some(&Token::Not) || (self.is_word("not") && self.begins_operand_at(1));
            if not_right {
                let range = self.range();
                self.at += 1;
                let (a, b) = (self.shown(&left.range), self.shown_after(0));
                let help = format!("write `{a} NOT {written} {b}`: {a} with no {b} around it");
                self.error(
                    codes::MISPLACED_NOT,
                    format!("NOT stands before `{written}`, not after it"),
                    range,
                    &[&help],
                );
            }
            let Some(right) = self.operand() else {
                if !several {
                    let help = format!("delete `{written}`, or write a term after it");
                    self.error(codes::MISSING_OPERAND, format!("`{written}` has nothing after it"), operator, &[&help]);
                }
                left.node = None;
                continue;
            };
            chained += 1;
            let operator = Operator { ordered, reach, negated, written, range: operator };
            if let Some(first) = &used
                && !mixed
                && (first.reach != reach || first.ordered != ordered || negated || first.negated)
            {
                mixed = true;
                self.mixed_proximity(&left, &right, &first.clone(), &operator);
            }
            let range = left.range.start..right.range.end;
            let height = left.height.max(right.height) + 1;
            if !self.two_fields(&left, &operator.written, &right) {
                for (side, other) in [(&left, &right), (&right, &left)] {
                    let left_first = std::ptr::eq(side, &raw const left);
                    self.positions(side, &operator.written, other, left_first);
                }
            }
            let node = match (left.node, right.node) {
                (Some(left), Some(right)) if !mixed && !several => {
                    let near = Near { left: Box::new(left), right: Box::new(right), reach, ordered, negated };
                    Some(Node { kind: NodeKind::Near(near), span: (self.sink.at)(range.clone()) })
                }
                _ => None,
            };
            left = Part { node, range, negated: false, height };
            used.get_or_insert(operator);
            if left.height > MAX_DEPTH || chained > MAX_DEPTH {
                self.too_deep(left.range.clone());
                break;
            }
        }
        Some(left)
    }

    /// Takes the proximity operators that follow the one just taken, and reports them together. Whether there were any.
    fn several_operators(&mut self, left: &Part, first: &str, start: usize) -> bool {
        let begin = self.at;
        loop {
            let not = usize::from(self.peek() == Some(&Token::Not) || self.is_word("not"));
            if !matches!(self.peek_at(not), Some(Token::Near { .. })) {
                break;
            }
            self.at += not + 1;
        }
        if self.at == begin {
            return false;
        }
        let range = start..self.end();
        let a = self.shown(&left.range);
        let title = format!("several operators stand in a row: `{}`", self.shown(&range));
        let help = format!("write one of them, with a term on each side: `{a} {first} {}`", self.shown_after(0));
        self.error(codes::MISSING_OPERAND, title, range, &[&help]);
        true
    }

    fn mixed_proximity(&mut self, left: &Part, right: &Part, first: &Operator, second: &Operator) {
        let a = self.shown(&(left.range.start..first.range.start));
        let b = self.shown(&(first.range.end..left.range.end));
        let c = self.shown(&right.range);
        let (one, two) = (first.canonical(), second.canonical());
        let title = if one == two {
            format!("two `{one}` in a row need parentheses")
        } else {
            "two different proximity operators in a row need parentheses".to_owned()
        };
        let diagnostic = Diagnostic::error(codes::MIXED_PROXIMITY, title)
            .label((self.sink.at)(second.range.clone()), format!("`{two}` here"))
            .label((self.sink.at)(first.range.clone()), format!("`{one}` here"))
            .help(format!("write `({a} {one} {b}) {two} {c}`"))
            .help(format!("or write `{a} {one} ({b} {two} {c})`"));
        self.sink.push(diagnostic);
    }

    /// Reports `title:a NEAR/5 title:b`, whatever the fields are: one slip, not one for each side.
    fn two_fields(&mut self, left: &Part, operator: &str, right: &Part) -> bool {
        let scope = |part: &Part| match part.node.as_ref().map(|node| &node.kind) {
            Some(NodeKind::Scope { scope, of }) => Some((*scope, of.to_string(), matches!(of.kind, NodeKind::Atom(_)))),
            _ => None,
        };
        let (Some((one, a, a_is_atom)), Some((other, b, b_is_atom))) = (scope(left), scope(right)) else {
            return false;
        };
        let grouped = |text: String, is_atom: bool| if is_atom { text } else { format!("({text})") };
        let (a, b) = (grouped(a, a_is_atom), grouped(b, b_is_atom));
        let (first, second) = (one.as_str(), other.as_str());
        let (what, help) = if one == other {
            (
                format!("`{first}:` must stand around the whole of `{operator}`"),
                format!("write `{first}:({a} {operator} {b})`"),
            )
        } else {
            (
                format!("`{first}:` and `{second}:` are different texts"),
                format!("to ask for both write `{first}:{a} AND {second}:{b}`"),
            )
        };
        let title = format!("`{operator}` needs words on both sides: {what}");
        self.sink.report(
            Diagnostic::error(codes::NO_POSITION, title).help(help),
            left.range.start..right.range.end,
            "",
        );
        true
    }

    /// Reports an operand of a proximity that has no place in the text.
    fn positions(&mut self, part: &Part, operator: &str, other: &Part, is_left: bool) {
        let Some(node) = &part.node else { return };
        let Some(culprit) = without_position(node) else { return };
        let order =
            |a: &str, b: &str| if is_left { format!("{a} {operator} {b}") } else { format!("{b} {operator} {a}") };
        let there = self.shown(&other.range);
        let (what, help) = match &culprit.kind {
            NodeKind::And(parts)
                if std::ptr::eq(culprit, node) && parts.iter().all(|part| !matches!(part.kind, NodeKind::Not(_))) =>
            {
                let each: Vec<String> = parts
                    .iter()
                    .take(4)
                    .map(|part| {
                        let text = part.to_string();
                        let text = if matches!(part.kind, NodeKind::Atom(_)) { text } else { format!("({text})") };
                        format!("({})", order(&text, &there))
                    })
                    .collect();
                let dots = if parts.len() > 4 { " …" } else { "" };
                ("an AND has no place in the text".to_owned(), format!("write `{}{dots}`", each.join(" AND ")))
            }
            NodeKind::And(_) => (
                "an AND has no place in the text".to_owned(),
                format!("join near words with OR, or write the AND outside: `({}) AND …`", order("a", &there)),
            ),
            NodeKind::Not(_) => (
                "a NOT has no place in the text".to_owned(),
                format!("write `a NOT {operator} b`: an `a` that has no `b` around it"),
            ),
            NodeKind::Scope { scope, of } => {
                let inner = of.to_string();
                let inner = if matches!(of.kind, NodeKind::Atom(_)) { inner } else { format!("({inner})") };
                (
                    format!("`{}:` must stand around the whole of `{operator}`", scope.as_str()),
                    format!("write `{}:({})`", scope.as_str(), order(&inner, &there)),
                )
            }
            NodeKind::Atom(_) => (
                format!("`{culprit}` is a topic and has no place in the text"),
                "use a concept here: `@name`".to_owned(),
            ),
            _ => (
                "a number of hits has no place in the text".to_owned(),
                format!("join it with AND: `{there} AND {}`", shorten(&culprit.to_string())),
            ),
        };
        let title = format!("`{operator}` needs words on both sides: {what}");
        let diagnostic = Diagnostic::error(codes::NO_POSITION, title).help(help).label(culprit.span, "");
        self.sink.push(diagnostic);
    }
}

/// The part of an operand that has no place in the text, if any.
fn without_position(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::Atom(Atom::Topic(_)) => Some(node),
        NodeKind::Atom(_) | NodeKind::Near(_) => None,
        NodeKind::Or(parts) => parts.iter().find_map(without_position),
        _ => Some(node),
    }
}

/// The part of what ATLEAST counts that has no hits of its own, if any.
pub(super) fn without_hits(node: &Node) -> Option<&Node> {
    match &node.kind {
        NodeKind::Scope { of, .. } => without_hits(of),
        NodeKind::Or(parts) => parts.iter().find_map(without_hits),
        _ => without_position(node),
    }
}

fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 2).chain(" …".chars()).collect()
}
