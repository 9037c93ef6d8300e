//! Query text → tokens. Whatever can't be a token is reported here, with the text that was probably meant, and stands in
//! as that token, so that the parser goes on.
//!
//! A word is a run of letters, digits and marks of any script, with what stands inside words as people write them:
//! `l'accordo`, `S-400`, `AT&T`, `U.S.`, `צה"ל`. How such a word is split is the business of text analysis.

mod amount;
mod at_least;
mod bracket;
mod call;
mod comma;
mod field;
mod link;
mod list;
mod number;
mod operator;
mod prefix;
mod quote;
mod regex;
mod slip;
mod spoken;
mod stray;
mod symbol;
mod unit;
mod word;

use std::cell::Cell;
use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::model::{Diagnostic, Field, Span};
use crate::text::segment::{is_unspaced, pattern_pieces, pieces};

use super::ast::{Atom, PhrasePart, Reach, Scope, Word, WordForm};
use super::codes;

pub(super) use self::field::is_field;
pub(super) use self::link::escapes;
pub(super) use self::regex::{RegexBudget, SpentRegexes};
use self::stray::Brackets;
pub(super) use self::word::phrase_parts;
use self::word::{invisible, is_invisible, make_word};

/// A token and the bytes of the query in which it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lexeme {
    pub(super) token: Token,
    pub(super) range: Range<usize>,
}

/// What a query is made of.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    And,
    Or,
    Not,
    Near {
        ordered: bool,
        reach: Reach,
    },
    AtLeast(u32),
    Of,
    Scope(Scope),
    Atom(Atom),
    /// An operand that was reported and can't be understood.
    Bad,
}

impl Token {
    /// Whether an operand can begin with it.
    pub(super) const fn begins_operand(&self) -> bool {
        matches!(self, Self::Open | Self::AtLeast(_) | Self::Scope(_) | Self::Atom(_) | Self::Bad)
    }
}

/// Where findings go: positions in the query become positions in the file.
pub(super) struct Sink<'a> {
    /// The query.
    pub(super) text: &'a str,
    /// The regular expressions of all rules.
    pub(super) regexes: &'a RegexBudget,
    pub(super) at: &'a dyn Fn(Range<usize>) -> Span,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Sink<'_> {
    pub(super) fn report(&mut self, mut diagnostic: Diagnostic, range: Range<usize>, label: &str) {
        diagnostic.patch = diagnostic.patch.map(|patch| apart(self.text, &range, patch));
        let span = (self.at)(range);
        self.push(diagnostic.label(span, label));
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        // A page of noise helps nobody: of a query that is not one, the first mistakes say enough. But no number of
        // warnings may hide an error, or a query would be taken for what it is not.
        const MOST: usize = 20;
        let room = if diagnostic.is_error() { MOST } else { MOST / 2 };
        if self.diagnostics.len() < room {
            self.diagnostics.push(diagnostic);
        } else if let Some(last) = self.diagnostics.last_mut()
            && !last.help.iter().any(|help| help == MORE)
        {
            last.help.push(MORE.to_owned());
        }
    }
}

/// What is written in the place of a range, with the spaces without which it would be one word with what stands beside it.
fn apart(text: &str, range: &Range<usize>, patch: String) -> String {
    let joins = |c: char| !c.is_whitespace() && !matches!(c, '(' | ')' | ',');
    let before = text[..range.start].chars().next_back().is_some_and(joins);
    let after = text[range.end..].chars().next().is_some_and(joins);
    if patch.is_empty() {
        return if before && after { " ".to_owned() } else { patch };
    }
    let left = if before && patch.starts_with(is_letter) { " " } else { "" };
    let right = if after && patch.ends_with(is_letter) { " " } else { "" };
    format!("{left}{patch}{right}")
}

const MORE: &str = "there are more mistakes in this query; they show when these are mended";

/// Whether words are made of it.
pub(super) fn is_letter(c: char) -> bool {
    // The two joiners stand inside Persian and Indic words.
    c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '_' | '\u{200c}' | '\u{200d}')
}

fn is_wildcard(c: char) -> bool {
    matches!(c, '*' | '?')
}

/// Whether it may stand between two letters of one word.
fn joins(c: char) -> bool {
    matches!(
        c,
        '\'' | '’'
            | '-'
            | '‐'
            | '‑'
            | '–'
            | '—'
            | '−'
            | '.'
            | '&'
            | '+'
            | '/'
            | '@'
            | '#'
            | '·'
            | '・'
            | '‧'
            | '׳'
            | '״'
            | '־'
    )
}

/// Whether an operator in capitals stands at the beginning, with no letter behind it.
fn is_operator(text: &str) -> bool {
    let end = text.find(|c| !is_letter(c)).unwrap_or(text.len());
    let (word, behind) = text.split_at(end);
    match word {
        "AND" | "OR" | "NOT" => true,
        "NEAR" | "ONEAR" | "W" => behind.starts_with('/'),
        _ => false,
    }
}

pub(super) fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{05d0}'..='\u{05ea}')
}

/// Splits a query into tokens.
pub(super) fn lex(text: &str, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    // Words and the operators between them are five letters long, and a space.
    let tokens = Vec::with_capacity(text.len() / 6 + 1);
    let line_end = Cell::new(text.find('\n').unwrap_or(text.len()));
    let mut lexer = Lexer { text, at: 0, tokens, sink, brackets: Default::default(), line_end };
    lexer.run();
    let tokens = amount::mend(text, lexer.tokens, sink);
    let tokens = prefix::mend(text, tokens, sink);
    let tokens = spoken::mend(text, tokens, sink);
    let tokens = slip::mend(text, tokens, sink);
    let mut tokens = comma::mend(text, tokens, sink);
    link::warn(text, &tokens, sink);
    if sink.diagnostics.iter().any(|found| found.code == codes::UNCLOSED_QUOTE) {
        // Where a phrase begins and ends is in doubt.
        sink.diagnostics.retain(|found| found.code != codes::UNHEARD);
    }
    for lexeme in &mut tokens {
        if let Token::Atom(atom) = &lexeme.token
            && !has_word(atom)
        {
            sink.push(no_word(atom, (sink.at)(lexeme.range.clone())));
            lexeme.token = Token::Bad;
        }
    }
    tokens
}

/// Whether the analysis of texts finds something in an atom to look for; in `_` it doesn't.
pub(super) fn has_word(atom: &Atom) -> bool {
    let is_found = |word: &Word| {
        let text = word.text.as_str();
        // Nearly always so, and quickly told.
        text.bytes().any(|byte| byte.is_ascii_alphanumeric())
            || match word.form {
                WordForm::Pattern | WordForm::Exact => {
                    pattern_pieces(text).any(|piece| text[piece.start..piece.end] != *"*")
                }
                WordForm::Folded | WordForm::Stem => pieces(text).next().is_some(),
            }
    };
    match atom {
        Atom::Word(word) => is_found(word),
        Atom::Phrase(parts) => parts.iter().any(|part| matches!(part, PhrasePart::Word(word) if is_found(word))),
        Atom::Concept(_) | Atom::Topic(_) | Atom::Regex(_) => true,
    }
}

/// Said of an atom in which nothing is found.
pub(super) fn no_word(atom: &Atom, span: Span) -> Diagnostic {
    Diagnostic::error(codes::NO_WORD, format!("`{atom}` has neither a letter nor a digit"))
        .label(span, "")
        .help("punctuation and symbols can't be searched for; use a regular expression: `/€\\d+/`")
}

struct Lexer<'t, 's, 'a> {
    text: &'t str,
    at: usize,
    tokens: Vec<Lexeme>,
    sink: &'s mut Sink<'a>,
    brackets: [Brackets; 3],
    /// The end of the line that was asked for last; nothing before it ends a line from here on.
    line_end: Cell<usize>,
}

impl<'t> Lexer<'t, '_, '_> {
    fn run(&mut self) {
        while let Some(c) = self.peek() {
            let before = self.at;
            self.token(c);
            // Whatever happens, every round takes a character.
            if self.at <= before {
                self.at = before + c.len_utf8();
            }
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// What is left of the line. Its end is looked for once.
    fn line(&self) -> &'t str {
        if self.line_end.get() < self.at {
            let rest = self.rest();
            self.line_end.set(self.at + rest.find('\n').unwrap_or(rest.len()));
        }
        self.text.get(self.at..self.line_end.get()).unwrap_or("")
    }

    /// Whether an operand ends right before.
    fn is_after_operand(&self) -> bool {
        self.tokens.last().is_some_and(|last| matches!(last.token, Token::Close | Token::Atom(_) | Token::Bad))
    }

    fn push(&mut self, token: Token, start: usize) {
        self.tokens.push(Lexeme { token, range: start..self.at });
    }

    fn take(&mut self, token: Token, bytes: usize) {
        let start = self.at;
        self.at += bytes;
        self.push(token, start);
    }

    fn token(&mut self, c: char) {
        let rest = self.rest();
        let start = self.at;
        match c {
            _ if c.is_whitespace() => self.at += c.len_utf8(),
            '(' if rest.starts_with("(i?)") || rest.starts_with("(?i)") => {
                self.at += 4;
                let diagnostic = Diagnostic::error(codes::CASE_FLAG, format!("`{}` is not needed", &rest[..4]))
                    .patch("")
                    .help("leave it out: terms match in any case; `=Word` is the word exactly as written")
                    .help("only a regular expression minds case: `/(?i)patriot/`");
                self.sink.report(diagnostic, start..self.at, "");
            }
            '(' => self.take(Token::Open, 1),
            ')' => self.take(Token::Close, 1),
            ',' if self.is_inside_number() => self.number_with_comma(),
            ',' => self.take(Token::Comma, 1),
            '"' => self.phrase(start, None),
            '=' | '~' => self.modified(),
            '@' | '#' => self.name(c),
            '/' if self.is_foreign_slash() => self.slash_operator(),
            '/' => self.regex(),
            '\'' | '’' | '‘' | '‚' | '‛' | '`' => self.single_quote(c),
            '“' | '”' | '„' | '‟' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』' | '〝' | '〞' | '〟' | '＂'
            | '《' | '》' | '〈' | '〉' => {
                self.curly_quote(c);
            }
            '&' | '|' | '!' | '+' | '-' | '−' | '–' | '—' => self.symbol(c),
            '^' => self.boost(),
            '\u{ff01}'..='\u{ff5e}' | '、' | '،' if !is_letter(c) => self.full_width(c),
            '.' if rest[1..].starts_with(is_letter) => self.word(),
            '.' if rest.starts_with(".*") || rest.starts_with(".+") => self.any_letters(),
            '%' if self.piece_of_link(start) => {}
            '%' if rest[1..].starts_with(is_letter) => self.percent(),
            _ if is_letter(c) || is_wildcard(c) => self.word(),
            '[' | '{' | '【' if self.range_or_list(c) => {}
            _ if is_invisible(c) => {
                self.at += c.len_utf8();
                invisible(c, start..self.at, self.sink);
            }
            _ => self.unexpected(c),
        }
    }

    /// Takes the letters of a word, from here on.
    fn chunk(&mut self) -> &'t str {
        let start = self.at;
        let rest = self.rest();
        let mut end = 0;
        let mut chars = rest.char_indices().peekable();
        let mut last: Option<char> = None;
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            let takes = if is_letter(c) || is_wildcard(c) {
                true
            } else if is_invisible(c) {
                // What is glued to an operator by nothing that can be seen is not one word with it.
                next.is_some_and(is_letter) && !is_operator(&rest[..at]) && !is_operator(&rest[at + c.len_utf8()..])
            } else if at == 0 && c == '.' {
                next.is_some_and(is_letter)
            } else if matches!(c, '＊' | '？' | '／') {
                // Reported; one finding is enough for the whole word.
                last.is_some_and(is_letter) && next.is_some_and(is_letter)
            } else if c == '"' {
                last.is_some_and(is_hebrew) && next.is_some_and(is_hebrew)
            } else if joins(c) {
                // `C++`, `U.S.`, `po'`, `C#` end in what elsewhere only joins.
                let ends = match c {
                    '+' => next.is_none_or(|next| !is_letter(next)),
                    '.' => rest[..at].contains('.') && next != Some('.'),
                    '\'' | '’' | '#' => true,
                    _ => false,
                };
                let ends = ends && last.is_some_and(|last| is_letter(last) || last == c);
                (last.is_some_and(|last| is_letter(last) || is_wildcard(last) || last == '+')
                    && next.is_some_and(|next| is_letter(next) || is_wildcard(next)))
                    || ends
            } else {
                false
            };
            if !takes {
                break;
            }
            end = at + c.len_utf8();
            last = Some(c);
        }
        self.at = start + end;
        &rest[..end]
    }

    fn word(&mut self) {
        let start = self.at;
        let chunk = self.chunk();
        if self.entity_inside(chunk, start)
            || self.sign_behind(chunk, start)
            || self.odd_letters(chunk, start)
            || self.call(chunk, start)
            || self.operator(chunk, start)
        {
            return;
        }
        match self.peek() {
            Some(c @ (':' | '：')) => return self.field(chunk, start, c),
            Some('%' | '/') if self.piece_of_link(start) => return,
            Some('=') if !self.rest().starts_with("==") => return self.field(chunk, start, '='),
            Some('$') if self.counted_wildcard(chunk, start) || self.anchor(chunk, start) => return,
            Some(sign @ ('!' | '$' | '%')) if self.is_foreign_wildcard(chunk, sign) => {
                let sign = &self.rest()[..1];
                self.at += 1;
                let title = format!("`{sign}` is not a wildcard here");
                let rest = self.chunk();
                let right = if rest.is_empty() { format!("{chunk}*") } else { format!("{chunk}?{rest}") };
                let diagnostic =
                    Diagnostic::error(codes::FOREIGN_OPERATOR, title).help(format!("write `{right}`")).patch(right);
                self.sink.report(diagnostic, start..self.at, "");
                return self.push(Token::Bad, start);
            }
            _ => {}
        }
        let token = self.make(chunk, None, start);
        self.alternatives(chunk, start);
        self.push(token, start);
        self.fuzzy(start);
    }

    /// Warns of `missile/rocket`, which is a phrase here; `F/A-18`, `AC/DC` and links are no alternatives.
    fn alternatives(&mut self, chunk: &str, start: usize) {
        let is_word = |part: &str| {
            let least = if part.chars().all(is_unspaced) { 2 } else { 4 };
            part.chars().count() >= least && part.chars().all(char::is_alphabetic)
        };
        let is_link = matches!(self.tokens.last(), Some(Lexeme { token: Token::Scope(Scope::Field(Field::Url)), .. }));
        if is_link || !chunk.contains('/') || !chunk.split('/').all(is_word) {
            return;
        }
        let either = chunk.split('/').collect::<Vec<_>>().join(" OR ");
        let diagnostic = Diagnostic::warning(
            codes::UNHEARD,
            format!("`{chunk}` is found only where these words stand side by side"),
        )
        .help(format!("for any of them write `({either})`, in a list an entry for each"))
        .help("if they are one name, put it in quotes");
        self.sink.report(diagnostic, start..self.at, "");
    }

    fn make(&mut self, chunk: &str, form: Option<WordForm>, start: usize) -> Token {
        make_word(chunk, form, start..self.at, self.sink).map_or(Token::Bad, |word| Token::Atom(Atom::Word(word)))
    }
}
