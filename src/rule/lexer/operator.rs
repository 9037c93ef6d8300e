//! Keywords, and what other products use for them.

use crate::model::Diagnostic;

use super::super::ast::Reach;
use super::super::codes;
use super::{Lexer, Token, is_letter};

impl<'t> Lexer<'t, '_, '_> {
    /// Keywords, and what other products use for them.
    pub(super) fn operator(&mut self, chunk: &'t str, start: usize) -> bool {
        let keyword = match chunk {
            "AND" => Some(Token::And),
            "OR" => Some(Token::Or),
            "NOT" => Some(Token::Not),
            "OF" => Some(Token::Of),
            _ => None,
        };
        if let Some(token) = keyword {
            self.push(token, start);
            return true;
        }
        let letters = chunk.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(chunk.len());
        let (name, mut tail) = chunk.split_at(letters);
        if !matches!(
            name.to_ascii_lowercase().as_str(),
            "near" | "onear" | "w" | "pre" | "adj" | "n" | "within" | "atleast" | "atl" | "same"
        ) {
            return false;
        }
        // A slash that no letter follows was not taken as part of the word.
        if tail.is_empty() && matches!(name, "NEAR" | "ONEAR" | "ATLEAST" | "W") && self.rest().starts_with('/') {
            let rest = self.rest();
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')')).unwrap_or(rest.len());
            tail = &rest[..end];
            self.at += end;
        }
        self.proximity(name, tail, start)
    }

    fn proximity(&mut self, name: &str, tail: &str, start: usize) -> bool {
        let lower = name.to_ascii_lowercase();
        let slash = tail.starts_with('/');
        let amount = tail.strip_prefix('/').unwrap_or(tail);
        if !tail.is_empty() && !slash && !tail.bytes().all(|b| b.is_ascii_digit()) {
            return false;
        }
        let number = (!amount.is_empty() && amount.bytes().all(|b| b.is_ascii_digit())).then(|| amount.parse::<u32>());
        let unit = match amount.to_ascii_uppercase().as_str() {
            "S" if slash => Some(Reach::Sentence),
            "P" if slash => Some(Reach::Paragraph),
            _ => None,
        };
        if matches!(lower.as_str(), "atleast" | "atl") {
            return self.at_least(name, tail, number.and_then(Result::ok), start);
        }
        match (name, unit, &number) {
            ("W", Some(reach), _) if amount == "S" || amount == "P" => {
                self.push(Token::Near { ordered: false, reach }, start);
                return true;
            }
            ("NEAR" | "ONEAR", None, Some(count)) if slash => {
                let ordered = name == "ONEAR";
                let count = count.as_ref().ok().copied().filter(|count| *count <= MAX_DISTANCE);
                if count.is_none() {
                    let title = format!("`{name}/{amount}` reaches too far: the number is at most {MAX_DISTANCE}");
                    let diagnostic = Diagnostic::error(codes::BAD_DISTANCE, title)
                        .help("for words anywhere in the text write `AND`; for the same paragraph write `W/P`");
                    self.sink.report(diagnostic, start..self.at, "");
                }
                self.push(Token::Near { ordered, reach: Reach::Words(count.unwrap_or(MAX_DISTANCE)) }, start);
                return true;
            }
            _ => {}
        }
        let known = match lower.as_str() {
            "near" | "onear" => unit.is_some() || number.is_some() || slash || matches!(name, "NEAR" | "ONEAR"),
            "adj" => number.is_some() || (slash && amount.is_empty()) || name == "ADJ",
            "w" | "n" => slash && (unit.is_some() || number.is_some()),
            "pre" | "within" => slash && (unit.is_some() || number.is_some()),
            _ => false,
        };
        if !known {
            return false;
        }
        self.foreign_proximity(name, tail, number.and_then(Result::ok), unit, start);
        true
    }

    /// A proximity operator that is not written as it should be.
    fn foreign_proximity(&mut self, name: &str, tail: &str, number: Option<u32>, unit: Option<Reach>, start: usize) {
        let lower = name.to_ascii_lowercase();
        let ordered = matches!(lower.as_str(), "onear" | "pre" | "adj");
        let ours = if ordered { "ONEAR" } else { "NEAR" };
        let mut number = number;
        if number.is_none() && unit.is_none() && tail.is_empty() {
            // `NEAR 5`
            let rest = self.line();
            let gap = rest.len() - rest.trim_start().len();
            let digits = rest[gap..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 && !rest[gap + digits..].starts_with(is_letter) {
                number = rest[gap..gap + digits].parse().ok();
                self.at += gap + digits;
            }
        }
        let written = self.text[start..self.at].to_owned();
        let right = match unit {
            Some(Reach::Sentence) => "W/S".to_owned(),
            Some(_) => "W/P".to_owned(),
            None => format!("{ours}/{}", number.unwrap_or(5).min(MAX_DISTANCE)),
        };
        let small = written.to_ascii_uppercase() == right;
        let diagnostic = if small {
            Diagnostic::error(codes::LOWER_CASE_OPERATOR, format!("`{written}` must be written in upper case"))
        } else if number.is_none() && unit.is_none() {
            Diagnostic::error(
                codes::BAD_DISTANCE,
                format!("`{written}` needs a number: how many words may stand between"),
            )
        } else {
            Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` is not an operator here"))
        };
        let mut diagnostic = diagnostic.help(format!("write `{right}`"));
        if !small && unit.is_none() && number.is_some() {
            if lower == "w" {
                let ordered = right.replace("NEAR", "ONEAR");
                diagnostic =
                    diagnostic.help(format!("where the order counts, as in Factiva's `w/N`, write `{ordered}`"));
            }
            diagnostic =
                diagnostic.help("the number counts the words between the two; other products may count one more");
        }
        let reach = unit.unwrap_or(Reach::Words(number.unwrap_or(5).min(MAX_DISTANCE)));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered: ordered && unit.is_none(), reach }, start);
    }

    fn at_least(&mut self, name: &str, tail: &str, number: Option<u32>, start: usize) -> bool {
        let opens = self.rest().trim_start().starts_with('(');
        if tail.is_empty() && name != "ATLEAST" && !opens {
            return false;
        }
        if name == "ATLEAST" && tail.starts_with('/') && number.is_some_and(|n| (1..=MAX_COUNT).contains(&n)) {
            self.push(Token::AtLeast(number.unwrap_or(1)), start);
            return true;
        }
        let mut number = number;
        if tail.is_empty() && !opens {
            let rest = self.line();
            let gap = rest.len() - rest.trim_start().len();
            let digits = rest[gap..].bytes().take_while(u8::is_ascii_digit).count();
            if digits > 0 {
                number = rest[gap..gap + digits].parse().ok();
                self.at += gap + digits;
            }
        }
        let written = self.text[start..self.at].to_owned();
        let title = if number.is_some_and(|n| n == 0) {
            format!("`{written}` always holds: the number is at least 1")
        } else if number.is_some_and(|n| n > MAX_COUNT) {
            format!("`{written}` asks for too many: the number is at most {MAX_COUNT}")
        } else {
            format!("`{written}` is not how a number of hits is asked for")
        };
        let count = number.unwrap_or(3).clamp(1, MAX_COUNT);
        let diagnostic = Diagnostic::error(codes::BAD_ATLEAST, title)
            .help(format!("write `ATLEAST/{count}(…)`: {count} or more hits of what stands in the parentheses"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::AtLeast(count), start);
        true
    }
}

/// Widest proximity, in words between: longer than most articles' sections; beyond it AND is what is meant.
const MAX_DISTANCE: u32 = 1000;

/// Most hits that can be asked for.
const MAX_COUNT: u32 = 1000;
