//! A vendor's query → tokens, as its [`Dialect`] says.

use std::ops::Range;

use super::dialect::{Dialect, Operator};
use super::notes::Notes;
use super::{codes, term};

/// A token and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) at: Range<usize>,
}

/// What a query is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Operator(Operator),
    /// A `-` right before a term.
    Minus,
    Word(String),
    Phrase {
        text: String,
        /// In braces: exactly as written.
        exact: bool,
    },
    /// A name and the sign behind it.
    Field {
        name: String,
        sign: char,
    },
    /// `~5` behind a phrase or group.
    Slop(u32),
    /// `^9`.
    Boost,
    /// What the vendor's filter hook took.
    Filter(&'static str),
}

/// Whether it opens or closes a phrase. A closing one may be any of the kind, as word processors mix them.
pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '＂' | '〝' | '〞' | '「' | '」' | '『' | '』')
}

/// Splits a query; `None` where it can't be, which is reported.
pub(super) fn lex(text: &str, dialect: &Dialect, notes: &mut Notes) -> Option<Vec<Lexeme>> {
    let mut lexer = Lexer { text, at: 0, dialect, tokens: Vec::new() };
    while let Some(c) = lexer.peek() {
        let before = lexer.at;
        if let Err((title, help, at)) = lexer.token(c) {
            notes.fail(codes::SYNTAX, title, help, &at);
            return None;
        }
        // Whatever happens, every round takes a character.
        if lexer.at <= before {
            lexer.at = before + c.len_utf8();
        }
    }
    Some(lexer.tokens)
}

type Problem = (String, &'static str, Range<usize>);

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    dialect: &'t Dialect,
    tokens: Vec<Lexeme>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Lexeme { token, at: start..self.at });
    }

    fn take(&mut self, token: Token, length: usize) {
        let start = self.at;
        self.at += length;
        self.push(token, start);
    }

    fn token(&mut self, c: char) -> Result<(), Problem> {
        let start = self.at;
        if c.is_whitespace() {
            self.at += c.len_utf8();
            return Ok(());
        }
        if (start == 0 || !self.text[..start].ends_with(|c: char| c.is_alphanumeric()))
            && let Some((length, what)) = (self.dialect.filter)(self.rest())
        {
            self.take(Token::Filter(what), length);
            return Ok(());
        }
        match c {
            '(' | '（' => self.take(Token::Open, c.len_utf8()),
            ')' | '）' => self.take(Token::Close, c.len_utf8()),
            '[' if self.dialect.square_groups => self.take(Token::Open, 1),
            ']' if self.dialect.square_groups => self.take(Token::Close, 1),
            '{' if self.dialect.braces_are_exact => {
                let Some(length) = self.rest().find('}') else {
                    return Err(("this brace is not closed".into(), "close it with `}`", start..start + 1));
                };
                let text = self.rest()[1..length].to_owned();
                self.take(Token::Phrase { text, exact: true }, length + 1);
            }
            _ if is_quote(c) => self.phrase(c)?,
            '^' => {
                let digits = self.rest()[1..].find(|c: char| !c.is_ascii_digit() && c != '.');
                self.take(Token::Boost, 1 + digits.unwrap_or(self.rest().len() - 1));
            }
            '~' => {
                let digits = self.rest()[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest().len() - 1);
                let count = self.rest()[1..=digits].parse().unwrap_or(2);
                self.take(Token::Slop(count), 1 + digits);
            }
            '-' | '−' if self.dialect.minus && self.begins_term(c) => self.take(Token::Minus, c.len_utf8()),
            _ => self.chunk(),
        }
        Ok(())
    }

    fn begins_term(&self, sign: char) -> bool {
        self.rest()[sign.len_utf8()..]
            .chars()
            .next()
            .is_some_and(|c| c.is_alphanumeric() || is_quote(c) || matches!(c, '(' | '（' | '{' | '#' | '@'))
    }

    fn phrase(&mut self, quote: char) -> Result<(), Problem> {
        let start = self.at;
        let body = &self.rest()[quote.len_utf8()..];
        // A quote between two Hebrew letters is one of them: צה"ל.
        let mut last = None;
        let mut end = None;
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            if is_quote(c) && !(last.is_some_and(term::is_hebrew) && next.is_some_and(term::is_hebrew)) {
                end = Some((at, c));
                break;
            }
            last = Some(c);
        }
        let Some((end, closing)) = end else {
            return Err((
                "this quote is not closed".into(),
                "close the phrase with `\"`",
                start..start + quote.len_utf8(),
            ));
        };
        let text = body[..end].to_owned();
        self.take(Token::Phrase { text, exact: false }, quote.len_utf8() + end + closing.len_utf8());
        Ok(())
    }

    /// What stands between blanks, parentheses and quotes.
    fn chunk(&mut self) {
        let rest = self.rest();
        let mut end = rest.len();
        let mut last = None;
        let mut chars = rest.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let hebrew = is_quote(c) && last.is_some_and(term::is_hebrew) && next.is_some_and(term::is_hebrew);
            let ends = c.is_whitespace()
                || matches!(c, '(' | ')' | '（' | '）' | '^')
                || (is_quote(c) && !hebrew)
                || (c == '~' && next.is_none_or(|next| next.is_ascii_digit() || next.is_whitespace() || next == ')'))
                || (self.dialect.square_groups && matches!(c, '[' | ']'))
                || (self.dialect.braces_are_exact && matches!(c, '{' | '}'));
            if ends && at > 0 {
                end = at;
                break;
            }
            last = Some(c);
        }
        let chunk = &rest[..end];
        let start = self.at;
        // Signs that mean the same wherever they mean anything.
        let sign = match chunk {
            "&" | "&&" => Some(Operator::And),
            "|" | "||" => Some(Operator::Or),
            _ => None,
        };
        if let Some(operator) = sign {
            return self.take(Token::Operator(operator), end);
        }
        if let Some(operator) = (self.dialect.operator)(chunk) {
            return self.take(Token::Operator(operator), end);
        }
        if let Some((at, operator)) = (self.dialect.infix)(chunk) {
            if at.start > 0 {
                self.take(Token::Word(chunk[..at.start].to_owned()), at.start);
            }
            return self.take(Token::Operator(operator), at.len());
        }
        if let Some((name, sign)) = self.field(chunk) {
            let length = name.len() + sign.len_utf8();
            return self.take(Token::Field { name: name.to_owned(), sign }, length);
        }
        // `LENGTH>500`
        if self.dialect.functions
            && let Some(at) = chunk.find(['>', '<', '='])
            && is_name(&chunk[..at])
            && let Some(sign) = chunk[at..].chars().next()
            && (self.dialect.target)(&chunk[..at], sign).is_some()
        {
            let name = chunk[..at].to_owned();
            return self.take(Token::Field { name, sign }, at + 1);
        }
        self.at += end;
        let after = self.rest();
        if self.dialect.functions && is_name(chunk) {
            if after.starts_with('(') && (self.dialect.target)(chunk, '(').is_some() {
                return self.push(Token::Field { name: chunk.to_owned(), sign: '(' }, start);
            }
            // `LENGTH > 500`
            let trimmed = after.trim_start();
            if let Some(sign) = trimmed.chars().next().filter(|sign| matches!(sign, '>' | '<' | '='))
                && (self.dialect.target)(chunk, sign).is_some()
            {
                self.at += after.len() - trimmed.len() + 1;
                return self.push(Token::Field { name: chunk.to_owned(), sign }, start);
            }
        }
        self.push(Token::Word(chunk.to_owned()), start);
    }

    fn field(&self, chunk: &'t str) -> Option<(&'t str, char)> {
        let at = chunk.find(self.dialect.field_signs)?;
        let sign = chunk[at..].chars().next()?;
        let (name, value) = (&chunk[..at], &chunk[at + sign.len_utf8()..]);
        // A link or a time of day is a term.
        let is_text = value.starts_with("//") || value.starts_with(sign);
        (is_name(name) && !is_text).then_some((name, sign))
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
