//! Query text → tokens. Whatever can't be a token is reported here, with the text that was probably meant, and stands in
//! as that token, so that the parser goes on.
//!
//! A word is a run of letters, digits and marks of any script, with what stands inside words as people write them:
//! `l'accordo`, `S-400`, `AT&T`, `U.S.`, `צה"ל`. How such a word is split is the business of text analysis.

use std::ops::Range;

use unicode_normalization::char::is_combining_mark;

use crate::model::{Diagnostic, Field, Span};
use crate::settings::nearest;

use super::ast::{Atom, PhrasePart, Reach, Scope, Word, WordForm};
use super::codes;

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
    pub(super) at: &'a dyn Fn(Range<usize>) -> Span,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Sink<'_> {
    pub(super) fn report(&mut self, diagnostic: Diagnostic, range: Range<usize>, label: &str) {
        let span = (self.at)(range);
        self.push(diagnostic.label(span, label));
    }

    pub(super) fn push(&mut self, diagnostic: Diagnostic) {
        // A page of noise helps nobody: of a query that is not one, the first mistakes say enough.
        const MOST: usize = 20;
        match self.diagnostics.len() {
            0..MOST => self.diagnostics.push(diagnostic),
            MOST => {
                if let Some(last) = self.diagnostics.last_mut()
                    && !last.help.iter().any(|help| help == MORE)
                {
                    last.help.push(MORE.to_owned());
                }
            }
            _ => {}
        }
    }
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
        '\'' | '’' | '-' | '‐' | '‑' | '–' | '.' | '&' | '+' | '/' | '@' | '#' | '·' | '・' | '‧' | '׳' | '״' | '־'
    )
}

pub(super) fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{05d0}'..='\u{05ea}')
}

/// Whether a field is called so.
pub(super) fn is_field(name: &str) -> bool {
    SCOPES.iter().any(|scope| scope.as_str() == name)
}

fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{fffc}')
}

/// Splits a query into tokens.
pub(super) fn lex(text: &str, sink: &mut Sink<'_>) -> Vec<Lexeme> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), sink };
    lexer.run();
    lexer.tokens
}

/// The parts of a phrase: `text` stands at byte `base` of the query, without its quotes. Says what is wrong with them,
/// but not that there are none.
pub(super) fn phrase_parts(text: &str, base: usize, sink: &mut Sink<'_>, all: Option<WordForm>) -> Vec<PhrasePart> {
    let mut parts = Vec::new();
    let mut at = 0;
    for chunk in text.split(char::is_whitespace) {
        let start = base + at;
        at += chunk.len() + text.get(at + chunk.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        if let Some(part) = phrase_part(chunk, start, sink, all) {
            parts.push(part);
        }
    }
    parts
}

fn phrase_part(chunk: &str, start: usize, sink: &mut Sink<'_>, all: Option<WordForm>) -> Option<PhrasePart> {
    // Punctuation around a word doesn't matter; the modifiers stand before it.
    let lead = chunk.find(|c: char| is_letter(c) || is_wildcard(c) || matches!(c, '=' | '~'))?;
    let end = chunk.rfind(|c: char| is_letter(c) || is_wildcard(c)).map(|at| at + char_len(chunk, at))?;
    let core = chunk.get(lead..end)?;
    let modifiers = core.find(|c| !matches!(c, '=' | '~')).unwrap_or(core.len());
    let (modifier, word) = core.split_at(modifiers);
    let range = start + lead..start + end;
    if !word.contains(is_letter) {
        if word == "*" && modifier.is_empty() {
            return Some(PhrasePart::Any);
        }
        if word.is_empty() {
            return None;
        }
        let diagnostic = Diagnostic::error(codes::BARE_WILDCARD, format!("`{core}` has no letter to hold on to"))
            .help("in a phrase, a lone `*` is exactly one word; write one `*` for each word");
        sink.report(diagnostic, range, "");
        return None;
    }
    let form = match (modifier, all) {
        ("", None) => None,
        ("", Some(form)) => Some(form),
        ("=", _) => Some(WordForm::Exact),
        ("~", _) => Some(WordForm::Stem),
        _ => {
            bad_modifiers(modifier, word, range, sink);
            return None;
        }
    };
    make_word(word, form, range, sink).map(PhrasePart::Word)
}

fn char_len(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
}

fn bad_modifiers(modifier: &str, word: &str, range: Range<usize>, sink: &mut Sink<'_>) {
    let diagnostic = Diagnostic::error(codes::BAD_MODIFIER, format!("`{modifier}` is not a modifier"))
        .help(format!("write `={word}` for the word exactly as it stands, or `~{word}` for its inflected forms"));
    sink.report(diagnostic, range, "one modifier per word");
}

/// A word of known form, or, without one, folded or a pattern as its letters say. Invisible characters are reported and
/// left out.
fn make_word(written: &str, form: Option<WordForm>, range: Range<usize>, sink: &mut Sink<'_>) -> Option<Word> {
    let mut text = written.to_owned();
    if let Some((at, c)) = written.char_indices().find(|(_, c)| is_invisible(*c)) {
        text.retain(|c| !is_invisible(c));
        // The word may stand behind its modifier.
        let start = range.end.saturating_sub(written.len()) + at;
        invisible(c, start..start + c.len_utf8(), sink);
    }
    let wild = text.contains(is_wildcard);
    if !text.contains(is_letter) {
        let diagnostic = Diagnostic::error(codes::BARE_WILDCARD, format!("`{text}` alone would match every article"))
            .help("put letters before or after it: `missil*`, `*abwehr*`");
        sink.report(diagnostic, range, "");
        return None;
    }
    if form == Some(WordForm::Stem) && wild {
        let stem: String = text.chars().filter(|c| !is_wildcard(*c)).collect();
        let diagnostic = Diagnostic::error(codes::BAD_MODIFIER, "`~` and wildcards don't go together").help(format!(
            "write `{text}` for words spelt like this, or `~{stem}` for the inflected forms of one word"
        ));
        sink.report(diagnostic, range, "");
        return None;
    }
    mixed_script(&text, range, sink);
    let form = form.unwrap_or(if wild { WordForm::Pattern } else { WordForm::Folded });
    Some(Word { text, form })
}

/// Warns of a letter of another script among letters that look the same.
fn mixed_script(text: &str, range: Range<usize>, sink: &mut Sink<'_>) {
    if text.is_ascii() {
        return;
    }
    for part in text.split(|c: char| !c.is_alphabetic()) {
        let mut counts = [0_usize; 3];
        for script in part.chars().filter_map(script_of) {
            counts[script] += 1;
        }
        if counts.iter().filter(|count| **count > 0).count() < 2 {
            continue;
        }
        let most = (0..3).max_by_key(|script| (counts[*script], 3 - script)).unwrap_or(0);
        let Some(odd) = part.chars().find(|c| script_of(*c).is_some_and(|script| script != most)) else { continue };
        let name = script_of(odd).map_or("", |script| SCRIPTS[script]);
        let around = SCRIPTS[most];
        let title = format!("`{odd}` (U+{:04X}) in `{part}` is a {name} letter among {around} ones", odd as u32);
        let diagnostic = Diagnostic::warning(codes::MIXED_SCRIPT, title)
            .help(format!("type it again on a {around} keyboard; if the mixture is meant, leave it"));
        sink.report(diagnostic, range, "");
        return;
    }
}

const SCRIPTS: [&str; 3] = ["Latin", "Cyrillic", "Greek"];

/// Index into [`SCRIPTS`]: the scripts whose letters are mistaken for one another. Block ranges of the Unicode Standard.
fn script_of(c: char) -> Option<usize> {
    match c {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => Some(0),
        '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{2de0}'..='\u{2dff}' | '\u{a640}'..='\u{a69f}' => Some(1),
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Some(2),
        _ => None,
    }
}

fn invisible(c: char, range: Range<usize>, sink: &mut Sink<'_>) {
    let name = match c {
        '\u{00ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{feff}' => "byte order mark",
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "direction mark",
        _ => "invisible",
    };
    let diagnostic = Diagnostic::error(
        codes::WRONG_CHARACTER,
        format!("an invisible character stands here: U+{:04X}, {name}", c as u32),
    )
    .help("delete it; it came with text that was pasted");
    sink.report(diagnostic, range, "");
}

struct Lexer<'t, 's, 'a> {
    text: &'t str,
    at: usize,
    tokens: Vec<Lexeme>,
    sink: &'s mut Sink<'a>,
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

    fn line(&self) -> &'t str {
        let rest = self.rest();
        &rest[..rest.find('\n').unwrap_or(rest.len())]
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
                    .help("leave it out: terms match in any case; `=Word` is the word exactly as written")
                    .help("only a regular expression minds case: `/(?i)patriot/`");
                self.sink.report(diagnostic, start..self.at, "");
            }
            '(' => self.take(Token::Open, 1),
            ')' => self.take(Token::Close, 1),
            ',' => self.take(Token::Comma, 1),
            '"' => self.phrase(start, None),
            '=' | '~' => self.modified(),
            '@' | '#' => self.name(c),
            '/' => self.regex(),
            '\'' | '’' | '‘' | '‚' | '‛' | '`' => self.single_quote(c),
            '“' | '”' | '„' | '‟' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』' | '〝' | '〞' | '〟' | '＂' =>
            {
                self.curly_quote(c);
            }
            '&' | '|' | '!' | '+' | '-' | '−' | '–' | '—' => self.symbol(c),
            '^' => self.boost(),
            '（' | '）' | '，' | '、' | '：' | '＝' | '～' | '＊' | '？' | '＠' | '＃' | '／' => {
                self.full_width(c)
            }
            '.' if rest[1..].starts_with(is_letter) => self.word(),
            _ if is_letter(c) || is_wildcard(c) => self.word(),
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
            } else if is_invisible(c) || (at == 0 && c == '.') {
                next.is_some_and(is_letter)
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
        if self.operator(chunk, start) {
            return;
        }
        match self.peek() {
            Some(c @ (':' | '：')) => return self.field(chunk, start, c),
            Some('=') if !self.rest().starts_with("==") => return self.field(chunk, start, '='),
            Some('!' | '$') if self.rest()[1..].chars().next().is_none_or(|c| !is_letter(c)) => {
                let sign = &self.rest()[..1];
                self.at += 1;
                let title = format!("`{sign}` is not a wildcard here");
                let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, title).help(format!("write `{chunk}*`"));
                self.sink.report(diagnostic, start..self.at, "");
                return self.push(Token::Bad, start);
            }
            _ => {}
        }
        let token = self.make(chunk, None, start);
        self.push(token, start);
        self.fuzzy(start);
    }

    fn make(&mut self, chunk: &str, form: Option<WordForm>, start: usize) -> Token {
        make_word(chunk, form, start..self.at, self.sink).map_or(Token::Bad, |word| Token::Atom(Atom::Word(word)))
    }

    /// Lucene's `roam~2` and `"iron dome"~5`.
    fn fuzzy(&mut self, start: usize) {
        let rest = self.rest();
        if !rest.starts_with('~') || rest[1..].starts_with(|c: char| is_letter(c) && !c.is_ascii_digit()) {
            return;
        }
        let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
        let term = self.text[start..self.at].to_owned();
        let number = &rest[1..=digits];
        self.at += 1 + digits;
        let diagnostic =
            Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`~{number}` after a term has no meaning here"));
        let diagnostic = if term.starts_with('"') {
            let words: Vec<&str> = term.trim_matches('"').split_whitespace().collect();
            let number = if number.is_empty() { "5" } else { number };
            diagnostic.help(format!("for words near each other write `{}`", words.join(&format!(" NEAR/{number} "))))
        } else {
            diagnostic.help(format!("write `~{term}` for inflected forms, or `{term}*` for words that begin so"))
        };
        self.sink.report(diagnostic, start..self.at, "");
    }

    fn boost(&mut self) {
        let start = self.at;
        let digits = self.rest()[1..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest().len() - 1);
        self.at += 1 + digits;
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, "terms have no weights in a query")
            .help("leave `^` out, and give weights in `score`: `{ when = 'title:missile', add = 20 }`");
        self.sink.report(diagnostic, start..self.at, "");
    }

    /// Keywords, and what other products use for them.
    fn operator(&mut self, chunk: &'t str, start: usize) -> bool {
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

    /// `title:` and what is not a field.
    fn field(&mut self, chunk: &'t str, start: usize, sign: char) {
        let colon = self.at;
        self.at += sign.len_utf8();
        let scope = SCOPES.iter().copied().find(|scope| scope.as_str() == chunk);
        if let Some(scope) = scope
            && sign == ':'
        {
            return self.push(Token::Scope(scope), start);
        }
        if let Some(scope) = scope
            && sign == '：'
        {
            let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, "`：` is a full-width character")
                .help(format!("write `{}:`", scope.as_str()));
            self.sink.report(diagnostic, colon..self.at, "");
            return self.push(Token::Scope(scope), start);
        }
        let rest = self.rest();
        if sign != '='
            && (rest.starts_with("//")
                || (chunk.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit())))
        {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(rest.len());
            self.at += end;
            let written = &self.text[start..self.at];
            let diagnostic =
                Diagnostic::error(codes::UNEXPECTED_CHARACTER, "`:` can't stand inside a term without quotes");
            let diagnostic = if rest.starts_with("//") {
                let place = rest.trim_start_matches('/').split(['?', '#']).next().unwrap_or("");
                let place = place.get(..end.saturating_sub(2)).unwrap_or(place);
                diagnostic.help(format!("for articles under this link write `url:\"{}\"`", place.trim_end_matches('/')))
            } else {
                diagnostic.help(format!("write `\"{written}\"`"))
            };
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        if let Some(scope) = scope {
            let title = format!("a field is followed by a colon: `{}:`", scope.as_str());
            let diagnostic =
                Diagnostic::error(codes::UNKNOWN_FIELD, title).help(format!("write `{}:`", scope.as_str()));
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Scope(scope), start);
        }
        let mut diagnostic = Diagnostic::error(codes::UNKNOWN_FIELD, format!("there is no field `{chunk}`"));
        if let Some((_, meant)) = FIELD_ALIASES.iter().find(|(alias, _)| alias.eq_ignore_ascii_case(chunk)) {
            diagnostic = diagnostic.help(*meant);
        } else if let Some(near) = nearest(chunk, SCOPES.iter().map(|scope| scope.as_str())) {
            diagnostic = diagnostic.help(format!("did you mean `{near}:`?"));
        } else {
            diagnostic = diagnostic
                .help("fields are title:, lede:, summary:, body:, author:, tag:, source: and url:")
                .help(format!("if the colon belongs to the term, quote it: `\"{chunk}: …\"`"));
        }
        self.sink.report(diagnostic, start..colon + sign.len_utf8(), "");
        if !self.peek().is_some_and(|c| c == '(' || c == '"' || is_letter(c)) {
            self.push(Token::Bad, start);
        }
    }

    /// `"…"`, whose quote stands here; `start` is where its modifier stands, `form` what it asks for.
    fn phrase(&mut self, start: usize, form: Option<WordForm>) {
        let open = self.at;
        let line = self.line();
        let body = line.get(1..).unwrap_or("");
        let mut last = None;
        let mut inner_quotes = 0_i32;
        let mut end = None;
        let mut curly = None;
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            match c {
                '"' if last.is_some_and(is_hebrew) && next.is_some_and(is_hebrew) => {}
                '"' => {
                    end = Some(at);
                    break;
                }
                '“' | '„' => inner_quotes += 1,
                '”' if inner_quotes > 0 => inner_quotes -= 1,
                // Opened straight, closed curly: a word processor's work.
                '”' => {
                    curly = Some(at);
                    break;
                }
                _ => {}
            }
            last = Some(c);
        }
        if let Some(at) = curly {
            let inside = &body[..at];
            self.at = open + 1 + at + '”'.len_utf8();
            let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, "this quote is closed by a curly one")
                .help(format!("write `\"{}\"`", inside.trim()));
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        let Some(end) = end else {
            // What follows on the line may belong to the phrase or not: it is left out.
            self.at = open + line.len();
            let words: String = body.trim().chars().take(40).collect();
            let until = words.find([')', '(']).unwrap_or(words.len());
            let until = [" AND", " OR", " NEAR/", " ONEAR/", " W/"]
                .iter()
                .filter_map(|operator| words.find(operator))
                .fold(until, usize::min);
            let diagnostic = Diagnostic::error(codes::UNCLOSED_QUOTE, "this quote is not closed on its line");
            let diagnostic = match words[..until].trim() {
                "" => diagnostic.help("delete it, or write the phrase and close it with `\"`"),
                phrase => diagnostic.help(format!("write `\"{phrase}\"`")),
            };
            self.sink.report(diagnostic, open..open + 1, "");
            return self.push(Token::Bad, start);
        };
        self.at = open + 1 + end + 1;
        let before = self.sink.diagnostics.len();
        let parts = phrase_parts(&body[..end], open + 1, self.sink, form);
        let sound = self.sink.diagnostics[before.min(self.sink.diagnostics.len())..].iter().all(|d| !d.is_error());
        if !parts.iter().any(|part| matches!(part, PhrasePart::Word(_))) {
            if sound {
                let diagnostic = Diagnostic::error(codes::EMPTY_PHRASE, "this phrase has no word in it")
                    .help("write at least one word between the quotes: `\"iron dome\"`");
                self.sink.report(diagnostic, start..self.at, "");
            }
            self.push(Token::Bad, start);
        } else if sound {
            self.push(Token::Atom(Atom::Phrase(parts)), start);
        } else {
            self.push(Token::Bad, start);
        }
        self.fuzzy(start);
    }

    /// `=word`, `~word`, `="…"`.
    fn modified(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let count = rest.find(|c| !matches!(c, '=' | '~')).unwrap_or(rest.len());
        let modifier = &rest[..count];
        self.at += count;
        let form = match modifier {
            "=" => WordForm::Exact,
            "~" => WordForm::Stem,
            _ => {
                let word = if self.peek().is_some_and(is_letter) { self.chunk() } else { "word" };
                bad_modifiers(modifier, word, start..self.at, self.sink);
                return self.push(Token::Bad, start);
            }
        };
        match self.peek() {
            Some('"') => self.phrase(start, Some(form)),
            Some(c) if is_letter(c) || is_wildcard(c) || (c == '.' && self.rest()[1..].starts_with(is_letter)) => {
                let chunk = self.chunk();
                let token = self.make(chunk, Some(form), start);
                self.push(token, start);
                self.fuzzy(start);
            }
            next => {
                let title = match next {
                    Some(c) if c.is_whitespace() => {
                        format!("`{modifier}` stands directly before its word, without a space")
                    }
                    Some('(') => format!("`{modifier}` works on one word or phrase, not on parentheses"),
                    Some(c @ ('@' | '#' | '/')) => format!("`{modifier}` works on words, not on `{c}`"),
                    _ => format!("`{modifier}` has no word behind it"),
                };
                let gap = self.rest().len() - self.rest().trim_start().len();
                let word: String = self.rest()[gap..].chars().take_while(|c| is_letter(*c)).collect();
                let diagnostic = Diagnostic::error(codes::BAD_MODIFIER, title);
                let diagnostic = match next {
                    Some(c) if c.is_whitespace() && !word.is_empty() => {
                        diagnostic.help(format!("write `{modifier}{word}`"))
                    }
                    Some('@' | '#') => diagnostic.help("put it on the concept's own terms"),
                    _ => diagnostic
                        .help(format!("write it before each word: `{modifier}missile`, `{modifier}\"iron dome\"`")),
                };
                self.sink.report(diagnostic, start..self.at, "");
            }
        }
    }

    /// `@concept`, `#topic`.
    fn name(&mut self, sign: char) {
        let start = self.at;
        self.at += 1;
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '-' | '_' | '.')));
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '-']);
        self.at += name.len();
        if name.starts_with(char::is_alphanumeric) {
            let name = name.to_owned();
            let atom = if sign == '@' { Atom::Concept(name) } else { Atom::Topic(name) };
            return self.push(Token::Atom(atom), start);
        }
        let (what, example) = if sign == '@' { ("concept", "@russia") } else { ("topic", "#missile-defence") };
        let diagnostic =
            Diagnostic::error(codes::MISSING_NAME, format!("`{sign}` must be followed by the name of a {what}"))
                .help(format!("write for example `{example}`"));
        let diagnostic = if sign == '#' && rest.starts_with(char::is_whitespace) {
            diagnostic.help("a query holds no comments: put them on a line of their own above it")
        } else {
            diagnostic
        };
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    fn regex(&mut self) {
        let start = self.at;
        let line = self.line();
        let mut escaped = false;
        let end = line.char_indices().skip(1).find(|(_, c)| {
            let closes = *c == '/' && !escaped;
            escaped = *c == '\\' && !escaped;
            closes
        });
        let Some((end, _)) = end else {
            self.at += line.len();
            let diagnostic =
                Diagnostic::error(codes::UNCLOSED_REGEX, "this regular expression is not closed on its line")
                    .help("end it with `/`; a slash inside it is written `\\/`")
                    .help("if no regular expression is meant, put the term in quotes");
            self.sink.report(diagnostic, start..start + 1, "");
            return self.push(Token::Bad, start);
        };
        let pattern = &line[1..end];
        self.at += end + 1;
        let token = if self.check_regex(pattern, start + 1) {
            Token::Atom(Atom::Regex(pattern.to_owned()))
        } else {
            Token::Bad
        };
        self.push(token, start);
        let flags = self.rest().chars().take_while(char::is_ascii_alphabetic).count();
        if flags > 0 {
            let flag_start = self.at;
            self.at += flags;
            let diagnostic = Diagnostic::error(codes::BAD_REGEX, "flags stand inside the regular expression")
                .help(format!("write `/(?{}){pattern}/`", &self.text[flag_start..self.at]));
            self.sink.report(diagnostic, flag_start..self.at, "");
        }
    }

    fn check_regex(&mut self, pattern: &str, start: usize) -> bool {
        let range = start..start + pattern.len();
        if let Some(at) = pattern.find("(i?)") {
            let right = pattern.replacen("(i?)", "(?i)", 1);
            let diagnostic = Diagnostic::error(codes::CASE_FLAG, "`(i?)` means an `i` that may be missing")
                .help(format!("to ignore case write `/{right}/`"));
            self.sink.report(diagnostic, start + at..start + at + 4, "");
            return false;
        }
        match compile_regex(pattern) {
            Ok(regex) if regex.is_match("") => {
                let diagnostic =
                    Diagnostic::error(codes::EMPTY_REGEX, "this regular expression fits the empty text, so always")
                        .help("ask for at least one letter: `+` instead of `*`");
                self.sink.report(diagnostic, range, "");
                false
            }
            Ok(_) => true,
            Err((place, why)) => {
                let range = place.map_or(range, |place| {
                    let clip = |at: usize| start + at.min(pattern.len());
                    clip(place.start)..clip(place.end)
                });
                let diagnostic =
                    Diagnostic::error(codes::BAD_REGEX, format!("cannot read the regular expression: {why}"))
                        .help("the syntax is that of the Rust crate `regex`: no look-around, no backreferences");
                self.sink.report(diagnostic, range, "");
                false
            }
        }
    }

    fn single_quote(&mut self, c: char) {
        let start = self.at;
        let line = self.line();
        let body = &line[c.len_utf8()..];
        let closes = |c: char| matches!(c, '\'' | '’' | '‘' | '`');
        let mut chars = body.char_indices().peekable();
        let mut last = None;
        let end = loop {
            let Some((at, here)) = chars.next() else { break None };
            let next = chars.peek().map(|(_, c)| *c);
            if closes(here) && last.is_some_and(|c: char| !c.is_whitespace()) && next.is_none_or(|c| !is_letter(c)) {
                break Some((at, here));
            }
            // An operator outside quotes: it was no quote after all (`'ndrangheta AND po'`).
            if body[at..].starts_with(" AND ") || body[at..].starts_with(" OR ") || matches!(here, '(' | ')' | '"') {
                break None;
            }
            last = Some(here);
        };
        if let Some((at, closing)) = end {
            let inside = body[..at].trim();
            self.at += c.len_utf8() + at + closing.len_utf8();
            let title =
                if c == '\'' { "single quotes don't make a phrase" } else { "these quotes don't make a phrase" };
            let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, title).help(format!("write `\"{inside}\"`"));
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        self.at += c.len_utf8();
        // `'ndrangheta`: the apostrophe before a word adds nothing to it.
        if matches!(c, '\'' | '’' | '‘') && self.peek().is_some_and(is_letter) {
            return;
        }
        let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, format!("`{c}` can't stand here"))
            .help("phrases stand in straight double quotes: `\"iron dome\"`");
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    fn curly_quote(&mut self, c: char) {
        let start = self.at;
        let line = self.line();
        let body = &line[c.len_utf8()..];
        let close = body.char_indices().find(|(_, c)| {
            matches!(c, '”' | '“' | '‟' | '»' | '«' | '›' | '‹' | '」' | '』' | '〞' | '〟' | '＂' | '"')
        });
        let Some((end, closing)) = close else {
            self.at += c.len_utf8();
            let diagnostic =
                Diagnostic::error(codes::WRONG_QUOTES, format!("`{c}` is not a quote here, and nothing closes it"))
                    .help("phrases stand in straight double quotes: `\"iron dome\"`");
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        };
        let inside = body[..end].trim();
        self.at += c.len_utf8() + end + closing.len_utf8();
        let diagnostic =
            Diagnostic::error(codes::WRONG_QUOTES, format!("phrases stand in straight quotes, not in `{c}{closing}`"))
                .help(format!("write `\"{inside}\"`"))
                .help("word processors turn straight quotes into these; write rules in a plain text editor");
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    /// `&&`, `||`, `!`, `-word`, `+word`.
    fn symbol(&mut self, c: char) {
        let start = self.at;
        let rest = self.rest();
        let run = rest.find(|other| other != c).unwrap_or(rest.len());
        self.at += run;
        let after_operand =
            self.tokens.last().is_some_and(|last| last.token.begins_operand() || last.token == Token::Close);
        let glued = self.peek().is_some_and(|c| is_letter(c) || matches!(c, '"' | '(' | '@' | '='));
        let operand: String =
            self.rest().chars().take_while(|c| is_letter(*c) || matches!(c, '@' | '=')).take(30).collect();
        let operand = if operand.is_empty() { "…".to_owned() } else { operand };
        let written = &rest[..run];
        let (title, right, token): (String, String, Option<Token>) = match c {
            '&' => (format!("`{written}` is not an operator here"), "`AND`".into(), Some(Token::And)),
            '|' => (format!("`{written}` is not an operator here"), "`OR`".into(), Some(Token::Or)),
            '+' if glued => {
                ("`+` is not needed before a term".into(), format!("`{operand}`, joined to the others by `AND`"), None)
            }
            _ if glued => (
                format!("`{written}` before a term does not exclude it here"),
                format!("`AND NOT {operand}`"),
                Some(Token::Not),
            ),
            _ => {
                let diagnostic =
                    Diagnostic::error(codes::UNEXPECTED_CHARACTER, format!("`{written}` can't stand alone"))
                        .help("leave it out, or put the whole term in quotes: punctuation in a phrase doesn't matter");
                self.sink.report(diagnostic, start..self.at, "");
                return self.push(Token::Bad, start);
            }
        };
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, title).help(format!("write {right}"));
        self.sink.report(diagnostic, start..self.at, "");
        match token {
            Some(Token::Not) => {
                if after_operand {
                    self.push(Token::And, start);
                }
                self.push(Token::Not, start);
            }
            Some(token) => self.push(token, start),
            None => {}
        }
    }

    fn full_width(&mut self, c: char) {
        let start = self.at;
        self.at += c.len_utf8();
        let (right, token) = match c {
            '（' => ('(', Some(Token::Open)),
            '）' => (')', Some(Token::Close)),
            '，' | '、' => (',', Some(Token::Comma)),
            '：' => (':', None),
            '＝' => ('=', None),
            '～' => ('~', None),
            '＊' => ('*', None),
            '？' => ('?', None),
            '＠' => ('@', None),
            '＃' => ('#', None),
            _ => ('/', None),
        };
        let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, format!("`{c}` is a full-width character"))
            .help(format!("write `{right}`"));
        self.sink.report(diagnostic, start..self.at, "");
        if let Some(token) = token {
            self.push(token, start);
        }
    }

    fn unexpected(&mut self, c: char) {
        let start = self.at;
        self.at += c.len_utf8();
        let shown = if c.is_control() { format!("U+{:04X}", c as u32) } else { c.to_string() };
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_CHARACTER, format!("`{shown}` means nothing here"));
        let diagnostic = match c {
            '[' | ']' | '{' | '}' => diagnostic.help("group with parentheses: `(a OR b)`"),
            ';' => diagnostic.help("join terms with `OR` or `AND`"),
            ':' => diagnostic.help("a field is written directly before its colon: `title:missile`"),
            '\\' => diagnostic.help("nothing needs escaping; quotes and operators can't be searched for"),
            _ => {
                diagnostic.help("leave it out, or put the whole term in quotes: punctuation in a phrase doesn't matter")
            }
        };
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }
}

/// Compiles a regular expression within bounds; where it can't be, the place in the pattern if known, and why.
fn compile_regex(pattern: &str) -> Result<regex::Regex, (Option<Range<usize>>, String)> {
    let built = regex::RegexBuilder::new(pattern).size_limit(REGEX_SIZE).nest_limit(REGEX_NEST).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => (None, "it is too large when compiled; shorten its repetitions".to_owned()),
        regex::Error::Syntax(text) => {
            // The crate draws the place itself: a line of carets, indented by four, under the pattern; then `error: …`.
            let caret =
                text.lines().find(|line| line.trim_start().starts_with('^') && line.trim().bytes().all(|b| b == b'^'));
            let place = caret.and_then(|line| {
                let column = line.find('^')?.checked_sub(4)?;
                let start = pattern.char_indices().nth(column).map_or(pattern.len(), |(at, _)| at);
                let end = pattern.char_indices().nth(column + line.trim().len()).map_or(pattern.len(), |(at, _)| at);
                Some(start..end)
            });
            let why = text.lines().rev().find_map(|line| line.strip_prefix("error: ")).unwrap_or("syntax error");
            (place, why.to_owned())
        }
        other => (None, other.to_string()),
    })
}

/// Compiled size of one regular expression, in bytes.
const REGEX_SIZE: usize = 1 << 20;
/// Nesting of one regular expression.
const REGEX_NEST: u32 = 50;
/// Widest proximity, in words between: longer than most articles' sections; beyond it AND is what is meant.
const MAX_DISTANCE: u32 = 1000;
/// Most hits that can be asked for.
const MAX_COUNT: u32 = 1000;

const SCOPES: [Scope; 8] = [
    Scope::Field(Field::Title),
    Scope::Lede,
    Scope::Field(Field::Summary),
    Scope::Field(Field::Body),
    Scope::Field(Field::Author),
    Scope::Field(Field::Tag),
    Scope::Field(Field::Source),
    Scope::Field(Field::Url),
];

/// What other products call the fields, and where the thing is asked for here.
const FIELD_ALIASES: [(&str, &str); 36] = [
    ("headline", "write `title:`"),
    ("hd", "write `title:`"),
    ("hl", "write `title:`"),
    ("intitle", "write `title:`"),
    ("titolo", "write `title:`"),
    ("hlead", "write `lede:`"),
    ("lead", "write `lede:`"),
    ("lp", "write `lede:`"),
    ("ingress", "write `lede:`"),
    ("opening", "write `lede:`"),
    ("text", "write `body:`"),
    ("content", "write `body:`"),
    ("intext", "write `body:`"),
    ("te", "write `body:`"),
    ("description", "write `summary:`"),
    ("abstract", "write `summary:`"),
    ("subtitle", "write `summary:`"),
    ("by", "write `author:`"),
    ("byline", "write `author:`"),
    ("category", "write `tag:`"),
    ("tags", "write `tag:`"),
    ("keyword", "write `tag:`"),
    ("site", "write `source:`"),
    ("domain", "write `source:`"),
    ("host", "write `source:`"),
    ("publisher", "write `source:`"),
    ("sourcename", "write `source:`"),
    ("sn", "write `source:`"),
    ("link", "write `url:`"),
    ("inurl", "write `url:`"),
    ("lang", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("language", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("la", "languages are asked for in `[topic.where]`: `languages = [\"it\"]`"),
    ("date", "age is asked for in `[topic.where]`: `max_age = \"48h\"`"),
    ("country", "label the feeds and ask in `[topic.where]`: `feed_labels = { country = \"it\" }`"),
    ("region", "label the feeds and ask in `[topic.where]`: `feed_labels = { region = \"eu\" }`"),
];
