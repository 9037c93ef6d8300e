//! Characters that mean nothing in a query: brackets, comparisons, what a page's source or a regular expression brings.

use crate::model::{Diagnostic, Label};

use super::super::ast::{Atom, Word, WordForm};
use super::super::codes;
use super::symbol::{MOST_LABELS, shown_operand};
use super::{Lexer, Token, is_letter, is_wildcard};

/// Brackets that people group with elsewhere.
const PAIRS: [(char, char); 3] = [('[', ']'), ('{', '}'), ('【', '】')];

/// What is known of one of these pairs in a query.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Brackets {
    /// Where the last one stands that closes, once that was asked.
    last: Option<Option<usize>>,
    /// Whether one was taken for a parenthesis that opens.
    opened: bool,
}

impl Lexer<'_, '_, '_> {
    pub(super) fn unexpected(&mut self, c: char) {
        let start = self.at;
        if self.rest().starts_with("<>") {
            return self.unequal(2);
        }
        if matches!(c, '>' | '≥') && self.more_than() {
            return;
        }
        let run = self.rest().find(|other| other != c).unwrap_or(self.rest().len());
        self.at += run;
        // `a\*`
        if c == '\\' && self.peek().is_some_and(is_wildcard) {
            self.at += 1;
        }
        // A pair of brackets is one slip, and so is the same sign again.
        let span = (self.sink.at)(start..self.at);
        if let Some(first) = self.same_slip(c) {
            if first.labels.len() < MOST_LABELS {
                first.labels.push(Label { span, text: "nor here".to_owned() });
            }
            let token = self.group(c);
            return self.push(token, start);
        }
        let shown = if c.is_control() { format!("U+{:04X}", c as u32) } else { c.to_string() };
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_CHARACTER, format!("`{shown}` means nothing here"));
        let diagnostic = match c {
            '[' if self.is_character_class() => diagnostic
                .help("a choice of letters belongs to regular expressions: `/[Kk]iew/`; or list the words with OR"),
            '[' | '{' | '【' if self.tokens.last().is_some_and(|last| last.token == Token::Of) => {
                diagnostic.help("a list stands in parentheses: `2 OF (a, b, c)`")
            }
            '[' | ']' | '{' | '}' => diagnostic.help("group with parentheses: `(a OR b)`"),
            ';' | '؛' => diagnostic
                .help("join terms with `OR` or `AND`; the expressions of `2 OF (a, b, c)` are separated by commas"),
            '【' | '】' => diagnostic.help("group with parentheses: `(a OR b)`"),
            '。' => diagnostic.help("delete it: a query has no full stop"),
            ':' => diagnostic.help("a field is written directly before its colon: `title:missile`"),
            '\\' if self.rest().starts_with(['b', 'B', 'd', 'w', 's', '<', '>']) => {
                diagnostic.help("it belongs to regular expressions, `/…/`; words are always found as a whole")
            }
            '\\' => diagnostic.help("nothing needs escaping; quotes and operators can't be searched for"),
            _ => {
                diagnostic.help("leave it out, or put the whole term in quotes: punctuation in a phrase doesn't matter")
            }
        };
        self.sink.report(diagnostic, start..self.at, "");
        let token = self.group(c);
        self.push(token, start);
    }

    /// `>=2 OF`, `>1 OF`.
    fn more_than(&mut self) -> bool {
        let line = self.line();
        let number = line.trim_start_matches(['>', '≥', '=', ' ']);
        let digits = number.bytes().take_while(u8::is_ascii_digit).count();
        let (count, behind) = number.split_at(digits);
        let sign = line[..line.len() - number.len()].trim_end();
        let more = match sign {
            ">" => 1,
            ">=" | "≥" => 0,
            _ => return false,
        };
        let Some(count) = count.parse::<u32>().ok().filter(|_| behind.trim_start().starts_with("OF")) else {
            return false;
        };
        let start = self.at;
        self.at += line.len() - behind.len();
        let right = count.saturating_add(more).to_string();
        let title = format!("`{}` is not how a number of expressions is asked for", &self.text[start..self.at]);
        let diagnostic = Diagnostic::error(codes::BAD_OF, title)
            .help(format!("write `{right} OF (…)`: at least {right} of them"))
            .patch(right.as_str());
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Atom(Atom::Word(Word { text: right, form: WordForm::Folded })), start);
        true
    }

    /// What a bracket just taken stands for: a parenthesis if its pair is there, so that what it groups is not reported.
    fn group(&mut self, c: char) -> Token {
        let Some((kind, &(_, close))) = (0..).zip(&PAIRS).find(|(_, (open, close))| c == *open || c == *close) else {
            return Token::Bad;
        };
        if c == close {
            return if self.brackets[kind].opened { Token::Close } else { Token::Bad };
        }
        let text = self.text;
        let last = *self.brackets[kind].last.get_or_insert_with(|| text.rfind(close));
        if last.is_none_or(|last| last < self.at) || self.is_character_class() {
            return Token::Bad;
        }
        self.brackets[kind].opened = true;
        Token::Open
    }

    /// The finding of the same sign earlier in this query, or of the bracket that opens what this one closes.
    fn same_slip(&mut self, c: char) -> Option<&mut Diagnostic> {
        let opens = match c {
            ']' => '[',
            '}' => '{',
            '>' => '<',
            '】' => '【',
            _ => c,
        };
        let title = format!("`{opens}` means nothing here");
        let found = |found: &&mut Diagnostic| found.code == codes::UNEXPECTED_CHARACTER && found.title == title;
        self.sink.diagnostics.iter_mut().find(found)
    }

    /// Whether the bracket just taken begins a choice of letters, `[ab]c`.
    fn is_character_class(&self) -> bool {
        let Some(before) = self.text[..self.at].strip_suffix('[') else { return false };
        let rest = self.rest();
        // No further than to the next bracket: each part of a query is looked at once.
        rest.find(|c: char| matches!(c, '[' | ']') || c.is_whitespace()).is_some_and(|end| {
            let Some(behind) = rest[end..].strip_prefix(']') else { return false };
            let glued = behind.starts_with(|c: char| is_letter(c) || matches!(c, '*' | '+' | '?' | '{'))
                || before.ends_with(is_letter);
            glued && end > 0
        })
    }

    /// `!=` and `<>`.
    pub(super) fn unequal(&mut self, bytes: usize) {
        let start = self.at;
        self.at += bytes;
        let operand = shown_operand(self.rest().trim_start());
        let title = format!("`{}` is not an operator here", &self.text[start..self.at]);
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, title).help(format!("write `AND NOT {operand}`"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::And, start);
        self.push(Token::Not, start);
    }

    /// `&amp;`, `&quot;iron dome&quot;`: what a copy from a page's source brings.
    pub(super) fn entity(&mut self) -> bool {
        let line = self.line();
        let Some(end) = line.find(';').filter(|end| (3..=8).contains(end)) else { return false };
        let name = &line[1..end];
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#') {
            return false;
        }
        let start = self.at;
        let entity = &line[..=end];
        let meant = sign_of(name);
        let title = format!("`{entity}` is a sign as web pages write it");
        let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, title);
        if meant == "\""
            && let Some(close) = line[end + 1..].find('&').filter(|close| line[end + 1 + close..].contains(';'))
        {
            let phrase = format!("\"{}\"", line[end + 1..end + 1 + close].trim());
            let behind = &line[end + 1 + close..];
            self.at += end + 1 + close + behind.find(';').map_or(0, |at| at + 1);
            self.sink.report(diagnostic.help(format!("write `{phrase}`")).patch(phrase), start..self.at, "");
            self.push(Token::Bad, start);
            return true;
        }
        self.at += end + 1;
        // `&amp;&amp;`
        while meant == "&" && self.rest().starts_with(entity) {
            self.at += entity.len();
        }
        let diagnostic = match meant {
            "&" => diagnostic.help("write `AND`").patch("AND"),
            "" | " " => diagnostic.help("write the sign itself, or a space"),
            sign => diagnostic.help(format!("write `{sign}`")).patch(sign),
        };
        self.sink.report(diagnostic, start..self.at, "");
        match meant {
            "&" => self.push(Token::And, start),
            " " => {}
            _ => self.push(Token::Bad, start),
        }
        true
    }

    /// `AT&amp;T`, of which all before the semicolon was taken as a word.
    pub(super) fn entity_inside(&mut self, chunk: &str, start: usize) -> bool {
        let Some((before, name)) = chunk.rsplit_once('&') else { return false };
        if self.peek() != Some(';') || sign_of(name).is_empty() {
            return false;
        }
        if !self.rest()[1..].starts_with(is_letter) {
            // `a&amp; b`: what stands behind the word is looked at next.
            self.at = start + before.len();
            let token = self.make(before, None, start);
            self.push(token, start);
            return true;
        }
        self.at += 1;
        let behind = self.chunk();
        let right = match sign_of(name) {
            " " => format!("\"{before} {behind}\""),
            sign => format!("{before}{sign}{behind}"),
        };
        let diagnostic =
            Diagnostic::error(codes::WRONG_CHARACTER, format!("`&{name};` is a sign as web pages write it"))
                .help(format!("write `{right}`"))
                .patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
        true
    }
}

/// The sign that web pages write so; nothing where it is another one.
fn sign_of(entity: &str) -> &'static str {
    match entity {
        "amp" => "&",
        "quot" | "ldquo" | "rdquo" | "#34" => "\"",
        "apos" | "lsquo" | "rsquo" | "#39" => "'",
        "lt" => "<",
        "gt" => ">",
        "nbsp" => " ",
        _ => "",
    }
}
