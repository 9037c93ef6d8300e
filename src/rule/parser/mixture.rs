//! What is wrong with how operands are joined: no operator between them, AND and OR at one level, a NOT that comes first.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;

use crate::model::{Diagnostic, Label};

use super::super::ast::{Atom, NodeKind};
use super::super::codes;
use super::{Join, Parser, Part};

impl Parser<'_, '_> {
    /// `in_list`: in the parentheses of `2 OF (a, b)`.
    pub(super) fn missing_operators(&mut self, parts: &[Part], joins: &[(Join, Range<usize>)], in_list: bool) {
        let mut index = 0;
        while index < joins.len() {
            let run = joins[index..].iter().take_while(|(join, _)| *join == Join::Side).count();
            if run > 0 {
                // Said of the NOT that comes first.
                if index > 0 || !parts[0].negated {
                    let others = joins.iter().map(|(join, _)| *join).find(|join| *join != Join::Side);
                    self.missing_operator(&parts[index..=index + run], others, in_list);
                }
            }
            index += run.max(1);
        }
    }

    /// `other`: what joins operands elsewhere on this level, with which another operator would be mixed.
    fn missing_operator(&mut self, run: &[Part], other: Option<Join>, in_list: bool) {
        let (Some(first), Some(second), Some(last)) = (run.first(), run.get(1), run.last()) else { return };
        // What was reported already may well be the operator.
        if run.iter().any(|part| part.node.is_none()) {
            return;
        }
        // Said of the sign before each of them.
        if run[1..].iter().all(|part| self.text[..part.range.start].ends_with('+')) {
            return;
        }
        if first.negated {
            return self.missing_operator_behind_not(run);
        }
        // What would be shown has a mistake in it: the operator shows when that is mended.
        let span = (self.sink.at)(first.range.start..last.range.end);
        let is_inside = |found: &Diagnostic| {
            let inside = |label: &Label| label.span.start >= span.start && label.span.end <= span.end;
            found.is_error() && found.labels.first().is_some_and(inside)
        };
        if self.sink.diagnostics.iter().any(is_inside) {
            return;
        }
        if let Some(turned) = run.iter().find(|part| is_turned(&self.text[part.range.clone()])) {
            return self.missing_quote(first.range.start..last.range.end, &turned.range);
        }
        let texts: Vec<String> = run.iter().take(MOST_SHOWN).map(|part| self.shown(&part.range)).collect();
        let dots = if run.len() > MOST_SHOWN { " …" } else { "" };
        let words = run
            .iter()
            .take(MOST_SHOWN)
            .all(|part| part.node.as_ref().is_some_and(|node| matches!(&node.kind, NodeKind::Atom(Atom::Word(_)))));
        let title = if run.len() == 2 {
            "there is no operator between these two".to_owned()
        } else {
            format!("there are no operators between these {}", run.len())
        };
        let mut diagnostic = Diagnostic::error(codes::MISSING_OPERATOR, title);
        if let Some((meant, right)) = with_operators(&texts).filter(|_| run.len() <= MOST_SHOWN) {
            diagnostic = diagnostic.help(format!("if {meant} is meant as an operator write `{right}`"));
        }
        if words {
            diagnostic = diagnostic.help(format!("for the phrase write `\"{}{dots}\"`", texts.join(" ")));
        }
        let (mut all, mut any) = (format!("{}{dots}", texts.join(" AND ")), format!("{}{dots}", texts.join(" OR ")));
        match other {
            Some(Join::And | Join::AndNot) => any = format!("({any})"),
            Some(Join::Or) => all = format!("({all})"),
            _ => {}
        }
        diagnostic = diagnostic.help(format!("for all of them write `{all}`, for any of them `{any}`"));
        if in_list {
            diagnostic = diagnostic.help(format!("as expressions of the list write `{}{dots}`", texts.join(", ")));
        }
        let span = (self.sink.at)(first.range.start..last.range.end.max(second.range.end));
        self.sink.push(diagnostic.label(span, ""));
    }

    /// `"missile OR "rocket`, where a quote is missing before the second one.
    fn missing_quote(&mut self, range: Range<usize>, phrase: &Range<usize>) {
        // What stands in the phrase is said by this.
        let span = (self.sink.at)(phrase.clone());
        let is_inside = |found: &Diagnostic| {
            let inside = |label: &Label| label.span.start >= span.start && label.span.end <= span.end;
            found.code == codes::UNHEARD && found.labels.first().is_some_and(inside)
        };
        self.sink.diagnostics.retain(|found| !is_inside(found));
        let help = format!("perhaps a quote is missing: the phrase `{}` holds an operator", self.shown(phrase));
        self.error(codes::MISSING_OPERATOR, "there is no operator between these", range, &[&help]);
    }

    /// `NOT b c`, where NOT has something to take away from.
    fn missing_operator_behind_not(&mut self, run: &[Part]) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let mut texts: Vec<String> = run.iter().take(MOST_SHOWN).map(|part| self.shown(&part.range)).collect();
        let not = self.shown_not(&first.range);
        if let Some(term) = not.strip_prefix("NOT ") {
            term.clone_into(&mut texts[0]);
        }
        let dots = if run.len() > MOST_SHOWN { " …" } else { "" };
        let span = (self.sink.at)(first.range.start..last.range.end);
        let diagnostic = Diagnostic::error(codes::MISSING_OPERATOR, "there is no operator between what follows NOT")
            .label(span, "")
            .help(format!("to take all of them away write `NOT ({}{dots})`", texts.join(" OR ")))
            .help(format!("to take only the first away write `{not} AND {}{dots}`", texts[1..].join(" AND ")));
        let is_word =
            |part: &Part| part.node.as_ref().is_some_and(|node| matches!(node.kind, NodeKind::Atom(Atom::Word(_))));
        let diagnostic = if run.len() <= MOST_SHOWN && run.iter().all(is_word) {
            diagnostic.help(format!("for the phrase write `NOT \"{}\"`", texts.join(" ")))
        } else {
            diagnostic
        };
        self.sink.push(diagnostic);
    }

    pub(super) fn mixture(&self, parts: &[Part], joins: &[(Join, Range<usize>)], and: usize, or: usize) -> Diagnostic {
        let (earlier, later) = if and < or { (and, or) } else { (or, and) };
        let name = |at: usize| if matches!(joins[at].0, Join::Or) { "OR" } else { "AND" };
        let mut diagnostic = Diagnostic::error(codes::MIXED_OPERATORS, "AND and OR are mixed without parentheses");
        // Which of the two binds tighter is what other products disagree on: so both readings.
        if parts.first().is_some_and(|first| first.negated) {
            diagnostic = diagnostic.help("put parentheses around those that belong together: `(a AND b) OR c`");
        } else {
            let tight_and = self.reading(parts, joins, |join| join != Join::Or);
            let tight_or = self.reading(parts, joins, |join| join == Join::Or);
            diagnostic = diagnostic.help(format!("write `{tight_and}`")).help(format!("or write `{tight_or}`"));
        }
        let later_span = (self.sink.at)(joins[later].1.clone());
        let earlier_span = (self.sink.at)(joins[earlier].1.clone());
        diagnostic
            .label(later_span, format!("`{}` here", name(later)))
            .label(earlier_span, format!("`{}` here", name(earlier)))
    }

    /// The level with parentheses around the runs of operands that `tight` operators join.
    fn reading(&self, parts: &[Part], joins: &[(Join, Range<usize>)], tight: impl Fn(Join) -> bool) -> String {
        const MOST: usize = 12;
        let word = |join: Join| if join == Join::Or { " OR " } else { " AND " };
        let mut text = String::new();
        let mut run: Vec<usize> = Vec::new();
        let count = parts.len().min(MOST);
        for index in 0..count {
            run.push(index);
            let next = joins.get(index).map(|(join, _)| *join).filter(|_| index + 1 < count);
            if next.is_some_and(&tight) {
                continue;
            }
            let mut group = String::new();
            // Where OR binds tighter, what stands behind NOT is the whole group.
            let mut not = "";
            for (at, part) in run.iter().enumerate() {
                if at > 0 {
                    group.push_str(word(joins[part - 1].0));
                }
                let negated = parts[*part].negated;
                let shown = if negated { self.shown_not(&parts[*part].range) } else { self.shown(&parts[*part].range) };
                match shown.strip_prefix("NOT ").filter(|_| negated && at == 0 && run.len() > 1) {
                    Some(term) => {
                        not = "NOT ";
                        group.push_str(term);
                    }
                    None => group.push_str(&shown),
                }
            }
            text.push_str(&if run.len() > 1 { format!("{not}({group})") } else { group });
            if let Some(join) = next {
                text.push_str(word(join));
            }
            run.clear();
        }
        if parts.len() > count {
            text.push_str(" …");
        }
        text
    }

    /// A negated operand with the operator that is meant by its sign.
    pub(super) fn shown_not(&self, range: &Range<usize>) -> String {
        let shown = self.shown(range);
        if shown.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("not ")) {
            return format!("NOT {}", shown[4..].trim_start());
        }
        match shown.trim_start_matches(['!', '-', '−', '–', '—']) {
            term if term.len() < shown.len() => format!("NOT {}", term.trim_start()),
            _ => shown,
        }
    }

    pub(super) fn lone_not(&mut self, parts: &[Part]) {
        let Some(first) = parts.first() else { return };
        let not = self.shown_not(&first.range);
        let range = first.range.clone();
        // A sign or a small `not` in front was reported already: this says more.
        let start = (self.sink.at)(range.clone()).start;
        let is_its_sign = |found: &Diagnostic| {
            let here = found.labels.first().is_some_and(|label| label.span.start == start);
            here && match found.code {
                codes::FOREIGN_OPERATOR => found.title.contains("does not exclude it"),
                codes::LOWER_CASE_OPERATOR => true,
                _ => false,
            }
        };
        let said = self.sink.diagnostics.iter().position(is_its_sign).map(|at| self.sink.diagnostics.remove(at));
        match parts.iter().find(|part| !part.negated) {
            Some(other) => {
                let other = self.shown(&other.range);
                let help = format!("put it behind what it takes away from: `{other} AND {not}`");
                let (title, range) = said.map_or(("NOT can't come first".to_owned(), range.clone()), |said| {
                    (
                        format!("{}, and NOT can't come first", said.title),
                        range.start..range.start + sign_length(self.text, range.start),
                    )
                });
                self.error(codes::LONE_NOT, title, range, &[&help]);
            }
            None => {
                let help =
                    format!("say first what to look for, outside the parentheses if there are any: `… AND {not}`");
                let (title, range) =
                    said.map_or(("NOT alone would match almost every article".to_owned(), range.clone()), |said| {
                        (
                            format!("{}, and NOT alone would match almost every article", said.title),
                            range.start..range.start + sign_length(self.text, range.start),
                        )
                    });
                self.error(codes::LONE_NOT, title, range, &[&help]);
            }
        }
    }
}

/// Whether a phrase begins or ends with an operator.
fn is_turned(written: &str) -> bool {
    let Some(inside) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return false };
    let is_edge = |word: Option<&str>| matches!(word, Some("AND" | "OR" | "NOT"));
    let mut words = inside.split_whitespace();
    is_edge(words.next()) || is_edge(words.next_back())
}

/// Of many operands in a row, so many are shown.
pub(super) const MOST_SHOWN: usize = 6;

/// Bytes of the sign, or of the `not`, that stands at `at`.
fn sign_length(text: &str, at: usize) -> usize {
    match text[at..].chars().next() {
        Some(c) if c.is_alphabetic() => 3,
        Some(c) => c.len_utf8(),
        None => 0,
    }
}

/// The operands with operators between them, where words that join in some language stand between all of them; and the
/// first of these words.
fn with_operators(texts: &[String]) -> Option<(String, String)> {
    let mut right = texts.first()?.clone();
    let mut first = None;
    let mut after_operator = false;
    for (index, text) in texts.iter().enumerate().skip(1) {
        match joining(text).filter(|_| index + 1 < texts.len()).as_deref() {
            // `и не`
            Some("AND NOT") if after_operator => right.push_str(" NOT"),
            Some(operator) if !after_operator => {
                first.get_or_insert_with(|| format!("`{text}`"));
                right.push(' ');
                right.push_str(operator);
                after_operator = true;
            }
            _ if after_operator => {
                right.push(' ');
                right.push_str(text);
                after_operator = false;
            }
            _ => return None,
        }
    }
    first.filter(|_| !after_operator).map(|first| (first, right))
}

/// The operator that a word is in some language, in any case and width; with the number of `рядом/5`.
fn joining(text: &str) -> Option<String> {
    let word = text.nfkc().collect::<String>().to_lowercase();
    let (name, number) = word.split_once('/').unwrap_or((&word, ""));
    let operator = JOINING_WORDS.iter().find(|(known, _)| *known == name).map(|(_, operator)| *operator)?;
    match operator.strip_suffix("/5") {
        _ if number.is_empty() && name.len() == word.len() => Some(operator.to_owned()),
        Some(near) if (1..=3).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(format!("{near}/{number}"))
        }
        _ => None,
    }
}

/// What joins in other languages, for whoever writes it out of habit; and `near` without a number.
const JOINING_WORDS: [(&str, &str); 69] = [
    ("adj", "ONEAR/0"),
    ("i", "AND"),
    ("oraz", "AND"),
    ("lub", "OR"),
    ("і", "AND"),
    ("й", "AND"),
    ("чи", "OR"),
    ("以及", "AND"),
    ("并且", "AND"),
    ("或者", "OR"),
    ("および", "AND"),
    ("かつ", "AND"),
    ("または", "OR"),
    ("あるいは", "OR"),
    ("もしくは", "OR"),
    ("그리고", "AND"),
    ("또는", "OR"),
    ("혹은", "OR"),
    ("และ", "AND"),
    ("หรือ", "OR"),
    ("או", "OR"),
    ("یا", "OR"),
    ("und", "AND"),
    ("oder", "OR"),
    ("nicht", "AND NOT"),
    ("et", "AND"),
    ("ou", "OR"),
    ("sauf", "AND NOT"),
    ("e", "AND"),
    ("ed", "AND"),
    ("o", "OR"),
    ("oppure", "OR"),
    ("non", "AND NOT"),
    ("y", "AND"),
    ("и", "AND"),
    ("или", "OR"),
    ("не", "AND NOT"),
    ("та", "AND"),
    ("або", "OR"),
    ("和", "AND"),
    ("与", "AND"),
    ("與", "AND"),
    ("及", "AND"),
    ("且", "AND"),
    ("或", "OR"),
    ("と", "AND"),
    ("か", "OR"),
    ("و", "AND"),
    ("أو", "OR"),
    ("او", "OR"),
    ("ve", "AND"),
    ("veya", "OR"),
    ("except", "AND NOT"),
    ("plus", "AND"),
    ("near", "NEAR/5"),
    ("рядом", "NEAR/5"),
    ("vicino", "NEAR/5"),
    // In full width; the others are told by themselves.
    ("and", "AND"),
    ("or", "OR"),
    ("not", "AND NOT"),
    ("senza", "AND NOT"),
    ("ohne", "AND NOT"),
    ("sans", "AND NOT"),
    ("sin", "AND NOT"),
    ("sem", "AND NOT"),
    ("bez", "AND NOT"),
    ("без", "AND NOT"),
    ("кроме", "AND NOT"),
    ("without", "AND NOT"),
];
