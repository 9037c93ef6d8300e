//! Operators written as elsewhere, told by what follows the word: `near(5)`, `NEAR((a, b), 5)`, `within 5 words of`; and
//! signs of regular expressions and other languages around a word: `.*word`, `%word%`, `"…"*`, full-width ones inside.

use unicode_normalization::UnicodeNormalization;

use crate::model::Diagnostic;

use super::super::ast::Reach;
use super::super::codes;
use super::operator::MAX_DISTANCE;
use super::prefix::between;
use super::word::{invisible, is_invisible};
use super::{Lexer, Token, is_wildcard};

impl Lexer<'_, '_, '_> {
    /// `near(5)`, `AROUND(5)`, `NEAR((a, b), 5)`, `near(a, b)`, `within 5 words of`.
    pub(super) fn call(&mut self, chunk: &str, start: usize) -> bool {
        let lower = chunk.to_ascii_lowercase();
        if lower == "within" {
            return self.within(start);
        }
        if !matches!(lower.as_str(), "near" | "onear" | "around") || !self.rest().starts_with('(') {
            return false;
        }
        let Some(inside) = inside(self.rest()) else { return false };
        let ours = if lower == "onear" { "ONEAR" } else { "NEAR" };
        let number = inside.trim();
        if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) {
            self.at += inside.len() + 2;
            let count = number.parse().unwrap_or(MAX_DISTANCE).min(MAX_DISTANCE);
            self.distance(format!("{ours}/{count}"), start);
            self.push(Token::Near { ordered: ours == "ONEAR", reach: Reach::Words(count) }, start);
            return true;
        }
        if self.is_after_operand() || !inside.contains(',') {
            return false;
        }
        self.at += inside.len() + 2;
        let written = &self.text[start..start + chunk.len()];
        let (terms, count) = operands(inside);
        let right = between(&terms, &format!("{ours}/{count}"));
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` stands between its terms"))
            .help(format!("write `{right}`"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
        true
    }

    /// `within 5 words of`, in any case; `WITHIN 5` alone is told elsewhere.
    fn within(&mut self, start: usize) -> bool {
        let line = self.line();
        let mut rest = line.trim_start();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, behind) = rest.split_at(digits);
        let Some(count) = number.parse::<u32>().ok().map(|count| count.min(MAX_DISTANCE)) else { return false };
        let mut said = false;
        rest = behind;
        for words in [&["words", "word"][..], &["of", "from"][..]] {
            let next = rest.trim_start();
            if let Some(word) = words.iter().find(|word| {
                next.get(..word.len()).is_some_and(|text| text.eq_ignore_ascii_case(word))
                    && !next[word.len()..].starts_with(super::is_letter)
            }) {
                rest = &next[word.len()..];
                said = true;
            }
        }
        if !said {
            return false;
        }
        self.at += line.len() - rest.len();
        self.distance(format!("NEAR/{count}"), start);
        self.push(Token::Near { ordered: false, reach: Reach::Words(count) }, start);
        true
    }

    fn distance(&mut self, right: String, start: usize) {
        let title = format!("`{}` is not how a distance is written", &self.text[start..self.at]);
        let diagnostic = Diagnostic::error(codes::BAD_DISTANCE, title).help(format!("write `{right}`")).patch(right);
        self.sink.report(diagnostic, start..self.at, "");
    }

    /// `导＊弹`, `NEAR／5`, `NEAR/１２`, and an operator with a character in it that can't be seen.
    pub(super) fn odd_letters(&mut self, chunk: &str, start: usize) -> bool {
        let hidden = chunk.char_indices().find(|(_, c)| is_invisible(*c));
        let wide = chunk.chars().find(|c| matches!(c, '＊' | '？' | '／'));
        let looks = hidden.is_some() || wide.is_some() || chunk.contains(|c| matches!(c, '０'..='９'));
        if !looks {
            return false;
        }
        let plain: String = chunk.chars().filter(|c| !is_invisible(*c)).nfkc().collect();
        let token = match plain.as_str() {
            "AND" => Some(Token::And),
            "OR" => Some(Token::Or),
            "NOT" => Some(Token::Not),
            near => {
                let count = |name: &str| near.strip_prefix(name).and_then(|number| number.parse::<u32>().ok());
                let reach = |count: u32| Reach::Words(count.min(MAX_DISTANCE));
                count("NEAR/")
                    .map(|count| Token::Near { ordered: false, reach: reach(count) })
                    .or_else(|| count("ONEAR/").map(|count| Token::Near { ordered: true, reach: reach(count) }))
            }
        };
        if let (Some((at, c)), Some(token)) = (hidden, &token) {
            invisible(c, start + at..start + at + c.len_utf8(), self.sink);
            self.push(token.clone(), start);
            return true;
        }
        if wide.is_none() && token.is_none() {
            return false;
        }
        let title = match wide {
            Some(c) => format!("`{c}` is a full-width character"),
            None => "full-width digits stand here".to_owned(),
        };
        let diagnostic =
            Diagnostic::error(codes::WRONG_CHARACTER, title).help(format!("write `{plain}`")).patch(plain.as_str());
        self.sink.report(diagnostic, start..self.at, "");
        self.push(token.unwrap_or(Token::Bad), start);
        true
    }

    /// `"iron dome"*` and `(a OR b)*`.
    pub(super) fn sign_behind(&mut self, chunk: &str, start: usize) -> bool {
        if !chunk.chars().all(is_wildcard) {
            return false;
        }
        let Some(last) = self.tokens.last().filter(|last| last.range.end == start) else { return false };
        let written = &self.text[last.range.clone()];
        let (what, right) = match written.strip_suffix('"') {
            Some(phrase) => ("a phrase", format!("`{}{chunk}\"`", phrase.trim_end())),
            None if written == ")" => ("parentheses", format!("`(missil{chunk} OR rocket{chunk})`")),
            None => return false,
        };
        let diagnostic =
            Diagnostic::error(codes::BARE_WILDCARD, format!("`{chunk}` works on a word, not behind {what}"))
                .help(format!("put it behind the word that is meant, inside: {right}"));
        self.sink.report(diagnostic, start..self.at, "");
        true
    }

    /// `.*word`.
    pub(super) fn any_letters(&mut self) {
        let start = self.at;
        self.at += 2;
        let word = self.chunk();
        let right = if word.is_empty() { "missil*".to_owned() } else { format!("*{}", word.trim_start_matches('*')) };
        let sign = &self.text[start..start + 2];
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{sign}` belongs to regular expressions"))
            .help(format!("write `{right}`: `*` stands for any letters, also none"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    /// `%word%`.
    pub(super) fn percent(&mut self) {
        let start = self.at;
        self.at += 1;
        let word = self.chunk();
        let closes = self.rest().starts_with('%');
        self.at += usize::from(closes);
        let right = format!("*{word}{}", if closes { "*" } else { "" });
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, "`%` is not a wildcard here")
            .help(format!("write `{right}`"))
            .patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }
}

/// Characters of the longest list that is looked at: a query may be `near(` twenty thousand times.
const LONGEST_LIST: usize = 400;

/// What stands in the parentheses that open here and close on the same line.
pub(super) fn inside(text: &str) -> Option<&str> {
    let mut open = 0_usize;
    for (at, c) in text.char_indices().take(LONGEST_LIST) {
        match c {
            '(' => open += 1,
            ')' if open == 1 => return text.get(1..at),
            ')' => open = open.saturating_sub(1),
            '\n' => return None,
            _ => {}
        }
    }
    None
}

/// The terms of `(a, b), 5` or `a, b`, and the number.
fn operands(list: &str) -> (Vec<&str>, u32) {
    let mut parts: Vec<&str> = list
        .split(',')
        .map(|part| part.trim().trim_matches(['(', ')']).trim())
        .filter(|part| !part.is_empty())
        .collect();
    let number = parts.iter().position(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    let count = number.and_then(|at| parts.remove(at).parse().ok()).unwrap_or(5).min(MAX_DISTANCE);
    // `NEAR(a b, 5)`
    if let [words] = parts.as_slice()
        && !words.contains(['"', '('])
    {
        parts = words.split_whitespace().collect();
    }
    (parts, count)
}
