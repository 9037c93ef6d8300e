//! Brackets that ask for what there is not here: `[a TO b]`, a range as in Lucene; `[a, b]` and `[a b]`, one of a list.

use crate::model::Diagnostic;
use crate::rule::codes;

use super::{Lexer, Token, is_letter, is_operator};

/// Characters between brackets that are looked at: nobody writes longer ranges and lists so.
const LONGEST: usize = 200;

impl Lexer<'_, '_, '_> {
    /// The whole of a range or list, whose bracket stands here; `false` where it is neither.
    pub(super) fn range_or_list(&mut self, open: char) -> bool {
        let (start, rest) = (self.at, self.rest());
        let mut chars = rest.char_indices().take(LONGEST).skip(1);
        let Some((end, close)) =
            chars.find(|(_, c)| matches!(c, '[' | ']' | '{' | '}' | '【' | '】' | '(' | ')' | '\n'))
        else {
            return false;
        };
        if !matches!(close, ']' | '}' | '】') {
            return false;
        }
        let inside = rest[open.len_utf8()..end].trim();
        let behind = end + close.len_utf8();
        // `[ab]c` and `a{2}` belong to regular expressions.
        if rest[behind..].starts_with(|c| is_letter(c) || matches!(c, '*' | '+' | '?')) {
            return false;
        }
        let stands_alone = self.tokens.last().is_none_or(|last| last.range.end < start);
        if open == '{' && close == '}' && stands_alone && is_one_term(inside) {
            self.at = start + behind;
            let diagnostic =
                Diagnostic::error(codes::FOREIGN_OPERATOR, "braces don't ask for the exact spelling of a word here")
                    .help(format!("write `={inside}`: with capitals and accents as they stand"));
            self.sink.report(diagnostic, start..self.at, "");
            self.push(Token::Bad, start);
            return true;
        }
        let words: Vec<&str> = inside.split_whitespace().collect();
        let diagnostic = if let Some(at) = words.iter().position(|word| word.eq_ignore_ascii_case("to"))
            && at > 0
            && at + 1 < words.len()
        {
            // `date:[… TO …]`: what the field asks for is told already.
            let told = self.tokens.last().is_some_and(|last| last.token == Token::Bad && last.range.end == start);
            (!told).then(|| range(&rest[..behind], &words[..at].join(" "), &words[at + 1..].join(" ")))
        } else {
            let is_count = self.tokens.last().is_some_and(|last| last.token == Token::Of);
            let Some(terms) = terms(inside).filter(|_| !is_count) else { return false };
            let either = terms.join(" OR ");
            let title = format!("`{open}` means nothing here");
            Some(
                Diagnostic::error(codes::UNEXPECTED_CHARACTER, title)
                    .help(format!("for any of these write `({either})`")),
            )
        };
        self.at = start + behind;
        if let Some(diagnostic) = diagnostic {
            self.sink.report(diagnostic, start..self.at, "");
        }
        self.push(Token::Bad, start);
        true
    }
}

/// Whether a single word or phrase stands there.
fn is_one_term(inside: &str) -> bool {
    let phrase = inside.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| is_letter(c) || matches!(c, '-' | '.' | '&'));
    match phrase {
        Some(words) => !words.contains('"') && words.split_whitespace().all(is_word),
        None => is_word(inside) && inside.contains(char::is_alphabetic),
    }
}

/// The entries of a list: parted by commas, or words side by side. `None` where it is a query.
fn terms(inside: &str) -> Option<Vec<&str>> {
    let is_query = |text: &str| text.split_whitespace().any(is_operator);
    if is_query(inside) || inside.chars().any(|c| matches!(c, '|' | '&' | ';' | '/' | ':')) {
        return None;
    }
    let by_comma: Vec<&str> =
        inside.split([',', '，', '、', '،']).map(str::trim).filter(|term| !term.is_empty()).collect();
    if by_comma.len() > 1 {
        // A phrase without quotes is no term.
        let is_term = |term: &&str| term.starts_with('"') || !term.contains(char::is_whitespace);
        return by_comma.iter().all(is_term).then_some(by_comma);
    }
    let words: Vec<&str> = inside.split_whitespace().collect();
    (words.len() > 1 && !inside.contains('"')).then_some(words)
}

/// Said of `[a TO b]`.
fn range(written: &str, from: &str, to: &str) -> Diagnostic {
    /// Longer ones are no list of numbers that anybody writes.
    const MOST_NUMBERS: u64 = 10;
    let diagnostic =
        Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`{written}` asks for a range, and there are none"));
    let age = "age is asked for in `[topic.where]`: `max_age = \"48h\"`";
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.len() < 6);
    if let (Some(from), Some(to)) = (number(from), number(to))
        && from < to
        && to - from < MOST_NUMBERS
    {
        let numbers: Vec<String> = (from..=to).map(|number| number.to_string()).collect();
        return diagnostic.help(format!("write the numbers: `({})`", numbers.join(" OR "))).help(age);
    }
    let is_moment = |text: &str| {
        text == "*"
            || text.contains("NOW")
            || text.starts_with(|c: char| c.is_ascii_digit())
            || text.eq_ignore_ascii_case("now")
    };
    if is_moment(from) && is_moment(to) {
        return diagnostic.help(age).help("numbers are written one by one: `(10 OR 11 OR 12)`");
    }
    let words: Vec<&str> = [from, to].into_iter().filter(|word| word.contains(is_letter)).collect();
    let right = if words.len() > 1 { format!("({})", words.join(" OR ")) } else { words.concat() };
    diagnostic
        .help(format!("write the words that are meant, each of them: `{right}`"))
        .help("words that begin alike are one term: `missil*`")
}
