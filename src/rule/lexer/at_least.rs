//! `ATLEAST/3`, and what is nearly it: `ATLEAST 3`, `ATLEAST/3x`, `ATLEAST/three`, `ATLEAST/3missile`.

use unicode_normalization::UnicodeNormalization;

use crate::model::Diagnostic;
use crate::rule::codes;

use super::call::inside;
use super::number::number_word;
use super::operator::MAX_COUNT;
use super::unit::is_unit;
use super::{Lexer, Token, is_letter};

impl Lexer<'_, '_, '_> {
    pub(super) fn at_least(&mut self, name: &str, tail: &str, number: Option<u32>, start: usize) -> bool {
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
        let (found, glued) = number_in(tail);
        let number = number.or(found);
        let written = self.text[start..self.at].to_owned();
        let title = if number.is_some_and(|n| n == 0) {
            format!("`{written}` always holds: the number is at least 1")
        } else if number.is_some_and(|n| n > MAX_COUNT) {
            format!("`{written}` asks for too many: the number is at most {MAX_COUNT}")
        } else {
            format!("`{written}` is not how a number of hits is asked for")
        };
        let count = number.unwrap_or(3).clamp(1, MAX_COUNT);
        let diagnostic = Diagnostic::error(codes::BAD_ATLEAST, title);
        if !opens && found.is_some() && !glued.is_empty() && !is_unit(glued) {
            // `ATLEAST/2missile`
            let right = format!("ATLEAST/{count}({glued})");
            self.sink.report(diagnostic.help(format!("write `{right}`")).patch(right), start..self.at, "");
            self.push(Token::Bad, start);
            return true;
        }
        let counted = if opens { self.counted() } else { "…" };
        let help =
            format!("write `ATLEAST/{count}({counted})`: {count} or more hits of what stands in the parentheses");
        self.sink.report(diagnostic.help(help), start..self.at, "");
        self.push(Token::AtLeast(count), start);
        true
    }

    /// What stands in the parentheses that follow, if it is short.
    fn counted(&self) -> &str {
        const LONGEST: usize = 60;
        // What is wrong with a list of several is said of its commas.
        let is_shown = |text: &&str| text.len() <= LONGEST && !text.contains(',');
        inside(self.rest().trim_start()).filter(is_shown).map_or("…", str::trim)
    }
}

/// The number behind ATLEAST, in digits of any width or as a word, and the letters glued to it.
fn number_in(tail: &str) -> (Option<u32>, &str) {
    let amount = tail.trim_start_matches(['/', '-', '+', '<', '>', '=']);
    if let Some(number) = number_word(amount) {
        return (Some(number), "");
    }
    let is_digit = |c: char| c.is_ascii_digit() || matches!(c, '０'..='９');
    let end = amount.find(|c| !is_digit(c)).unwrap_or(amount.len());
    let (digits, glued) = amount.split_at(end);
    let number = digits.nfkc().collect::<String>().parse().ok();
    (number, if glued.starts_with(is_letter) { glued } else { "" })
}
