//! Signs: the modifiers `=` and `~`, the names behind `@` and `#`, and those that mean something only elsewhere.

use unicode_normalization::char::is_combining_mark;

use crate::model::{Diagnostic, Label};

use super::super::ast::{Atom, Reach, WordForm};
use super::super::codes;
use super::word::bad_modifiers;
use super::{Lexeme, Lexer, Token, is_letter, is_operator, is_wildcard};

/// Of one mistake made again and again, so many places are shown.
pub(super) const MOST_LABELS: usize = 5;

/// Said of `^word`.
const ANCHOR: &str = "`^` belongs to regular expressions";

impl Lexer<'_, '_, '_> {
    /// `=word`, `~word`, `="…"`.
    pub(super) fn modified(&mut self) {
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
            // That the quote is wrong says enough.
            Some(c @ ('“' | '”' | '„' | '«' | '»' | '「' | '『')) => self.curly_quote(c),
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
                self.push(Token::Bad, start);
            }
        }
    }

    /// `@concept`, `#topic`.
    pub(super) fn name(&mut self, sign: char) {
        let start = self.at;
        self.at += 1;
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || is_combining_mark(c) || matches!(c, '-' | '_' | '.')));
        let name = rest[..end.unwrap_or(rest.len())].trim_end_matches(['.', '-']);
        self.at += name.len();
        if name.starts_with(char::is_alphanumeric) {
            let name = name.to_owned();
            let wild: String = self.rest().chars().take_while(|c| is_wildcard(*c)).collect();
            if !wild.is_empty() {
                let of = if sign == '@' { "a concept" } else { "a topic" };
                let diagnostic = Diagnostic::error(
                    codes::BARE_WILDCARD,
                    format!("`{wild}` behind `{sign}{name}` means nothing: the name of {of} is written in full"),
                )
                .help(format!("write `{sign}{name}`; wildcards belong to the words that it looks for"));
                self.sink.report(diagnostic, self.at..self.at + wild.len(), "");
            }
            let atom = if sign == '@' { Atom::Concept(name) } else { Atom::Topic(name) };
            self.push(Token::Atom(atom), start);
            self.at += wild.len();
            return;
        }
        let following: String = rest
            .trim_start_matches([' ', '"'])
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
            .take(40)
            .collect();
        let following = if sign == '@' { following } else { String::new() };
        let (what, example) = if sign == '@' { ("concept", "@russia") } else { ("topic", "#missile-defence") };
        let diagnostic =
            Diagnostic::error(codes::MISSING_NAME, format!("`{sign}` must be followed by the name of a {what}")).help(
                match following.as_str() {
                    "" => format!("write for example `{example}`"),
                    name => format!("write `{sign}{name}`, without a space or quotes"),
                },
            );
        let diagnostic = if sign == '#' && rest.starts_with(char::is_whitespace) {
            diagnostic.help("a query holds no comments: put them on a line of their own above it")
        } else {
            diagnostic
        };
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    /// Lucene's `roam~2` and `"iron dome"~5`.
    pub(super) fn fuzzy(&mut self, start: usize) {
        let rest = self.rest();
        if !rest.starts_with('~') || rest[1..].starts_with(|c: char| is_letter(c) && !c.is_ascii_digit()) {
            return;
        }
        let digits = rest[1..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - 1);
        let digits = rest[1..=digits].trim_end_matches('.').len();
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

    pub(super) fn boost(&mut self) {
        let start = self.at;
        if self.tokens.last().is_none_or(|last| last.range.end < start) && self.rest()[1..].starts_with(is_letter) {
            self.at += 1;
            let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, ANCHOR)
                .help("leave it out: a word is always found as a whole");
            return self.sink.report(diagnostic, start..self.at, "");
        }
        let digits = self.rest()[1..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(self.rest().len() - 1);
        self.at += 1 + digits;
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, "terms have no weights in a query")
            .help("leave `^` out, and give weights in `score`: `{ when = 'title:missile', add = 20 }`");
        self.sink.report(diagnostic, start..self.at, "");
    }

    /// `&&`, `||`, `!`, `-word`, `+word`.
    pub(super) fn symbol(&mut self, c: char) {
        let start = self.at;
        let rest = self.rest();
        if c == '&' && self.entity() {
            return;
        }
        if rest.starts_with("!=") {
            return self.unequal(2);
        }
        if c == '+' && self.ordered_reach() {
            return;
        }
        let run = rest.find(|other| other != c).unwrap_or(rest.len());
        self.at += run;
        let after_operand = self.is_after_operand();
        let glued = self.peek().is_some_and(|c| is_letter(c) || matches!(c, '"' | '(' | '@' | '='));
        let operand = shown_operand(self.rest().trim_start());
        let written = &rest[..run];
        let (title, right, token): (String, String, Option<Token>) = match c {
            '&' => (format!("`{written}` is not an operator here"), "`AND`".into(), Some(Token::And)),
            '|' => (format!("`{written}` is not an operator here"), "`OR`".into(), Some(Token::Or)),
            '+' if glued => {
                ("`+` is not needed before a term".into(), format!("`{operand}`, joined to the others by `AND`"), None)
            }
            _ if glued
                && matches!(self.tokens.last(), Some(Lexeme { token: Token::Scope(_), range }) if range.end == start) =>
            {
                let field = self.tokens.last().map_or("", |last| &self.text[last.range.clone()]);
                (
                    format!("`{written}` before a term does not exclude it here"),
                    format!("`AND NOT {field}{operand}`"),
                    None,
                )
            }
            _ if glued || (c == '!' && after_operand) => {
                let not = if after_operand || self.tokens.is_empty() { "AND NOT" } else { "NOT" };
                (
                    format!("`{written}` before a term does not exclude it here"),
                    format!("`{not} {operand}`"),
                    Some(Token::Not),
                )
            }
            _ => {
                if written == "--" {
                    return self.comment(start);
                }
                let diagnostic =
                    Diagnostic::error(codes::UNEXPECTED_CHARACTER, format!("`{written}` can't stand alone"))
                        .help("leave it out, or put the whole term in quotes: punctuation in a phrase doesn't matter");
                self.sink.report(diagnostic, start..self.at, "");
                return self.push(Token::Bad, start);
            }
        };
        // Whoever writes one `+` writes it before each term: that is one slip.
        if c == '+'
            && token.is_none()
            && let Some(first) = self.sink.diagnostics.iter_mut().find(|found| found.title == title)
        {
            if first.labels.len() < MOST_LABELS {
                first.labels.push(Label { span: (self.sink.at)(start..self.at), text: "nor here".to_owned() });
            }
            return;
        }
        let mut diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, title).help(format!("write {right}"));
        if matches!(token, Some(Token::And | Token::Or)) {
            diagnostic = diagnostic.patch(right.trim_matches('`'));
        }
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

    /// `a +5 b`, `a +s b`: so many words behind, in the same sentence.
    fn ordered_reach(&mut self) -> bool {
        let line = self.line();
        let word = line[1..].split(|c: char| !is_letter(c)).next().unwrap_or("");
        let is_apart = self.tokens.last().is_some_and(|last| last.range.end < self.at);
        let behind = line[1 + word.len()..].trim_start();
        if !self.is_after_operand() || !is_apart || behind.is_empty() || behind.starts_with(')') || is_operator(behind)
        {
            return false;
        }
        let (ordered, reach) = match word {
            "s" | "S" => (false, Reach::Sentence),
            "p" | "P" => (false, Reach::Paragraph),
            number if number.len() <= 3 && number.bytes().all(|byte| byte.is_ascii_digit()) => {
                let Ok(count) = number.parse() else { return false };
                (true, Reach::Words(count))
            }
            _ => return false,
        };
        let start = self.at;
        self.at += 1 + word.len();
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, format!("`+{word}` is not an operator here"))
            .help(format!("write `{}`", reach.operator(ordered, false)))
            .help(format!("if `{word}` is a term, write `AND {word}`, and an operator behind it"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Near { ordered, reach }, start);
        true
    }

    /// `tank$3`: so many letters more.
    pub(super) fn counted_wildcard(&mut self, chunk: &str, start: usize) -> bool {
        let digits = self.rest()[1..].bytes().take_while(u8::is_ascii_digit).count();
        let is_word = chunk.chars().count() > 2 && chunk.contains(char::is_lowercase);
        if digits != 1 || !is_word || self.rest()[2..].starts_with(is_letter) {
            return false;
        }
        self.at += 1 + digits;
        let title = format!("`{}` is not a wildcard here", &self.text[start + chunk.len()..self.at]);
        let diagnostic = Diagnostic::error(codes::FOREIGN_OPERATOR, title)
            .help(format!("write `{chunk}*` for words that begin so, or `{chunk}?` for one letter more"));
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
        true
    }

    /// The `$` that ends what `^` began: one slip.
    pub(super) fn anchor(&mut self, chunk: &str, start: usize) -> bool {
        if self.rest()[1..].starts_with(is_letter) {
            return false;
        }
        let span = (self.sink.at)(self.at..self.at + 1);
        let Some(first) = self.sink.diagnostics.iter_mut().find(|found| found.title == ANCHOR) else { return false };
        if first.labels.len() < MOST_LABELS {
            first.labels.push(Label { span, text: "nor here".to_owned() });
        }
        let token = self.make(chunk, None, start);
        self.push(token, start);
        self.at += 1;
        true
    }

    pub(super) fn full_width(&mut self, c: char) {
        let start = self.at;
        self.at += c.len_utf8();
        // `＆＆`
        while matches!(c, '＆' | '｜') && self.peek() == Some(c) {
            self.at += c.len_utf8();
        }
        let right = match c {
            '、' | '،' => ',',
            // The full-width forms stand in the order of ASCII.
            c => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(' '),
        };
        let token = match right {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            // What is wrong with a comma is for the parser to say.
            ',' => return self.push(Token::Comma, start),
            '&' => Some(Token::And),
            '|' => Some(Token::Or),
            '+' if self.is_after_operand() => Some(Token::And),
            // It stands between two terms, and that there is no operator is said by this.
            ';' => Some(Token::Bad),
            '!' | '-' if self.is_after_operand() => Some(Token::Bad),
            _ => None,
        };
        let right = match right {
            '&' => "AND".to_owned(),
            '|' => "OR".to_owned(),
            '+' if token == Some(Token::And) => "AND".to_owned(),
            right => right.to_string(),
        };
        let diagnostic = Diagnostic::error(codes::WRONG_CHARACTER, format!("`{c}` is a full-width character"));
        let diagnostic = match right.as_str() {
            ";" => diagnostic.help("join terms with `OR` or `AND`"),
            "+" => diagnostic.help("leave it out: each term is asked for that `AND` joins").patch(""),
            "!" | "-" => diagnostic.help("to exclude a term write `AND NOT` before it"),
            _ => diagnostic.help(format!("write `{right}`")).patch(right),
        };
        self.sink.report(diagnostic, start..self.at, "");
        if let Some(token) = token {
            self.push(token, start);
        }
    }

    /// Whether a comma here stands between the digits of one number.
    pub(super) fn is_inside_number(&self) -> bool {
        self.text[..self.at].ends_with(|c: char| c.is_ascii_digit())
            && self.rest()[1..].starts_with(|c: char| c.is_ascii_digit())
            && matches!(self.tokens.last(), Some(Lexeme { token: Token::Atom(Atom::Word(word)), range })
                if range.end == self.at && word.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
            && !self.tokens.iter().any(|lexeme| lexeme.token == Token::Of)
    }

    pub(super) fn number_with_comma(&mut self) {
        let start = self.tokens.pop().map_or(self.at, |lexeme| lexeme.range.start);
        let rest = self.rest();
        self.at += rest.find(|c: char| !c.is_ascii_digit() && !matches!(c, ',' | '.')).unwrap_or(rest.len());
        let right = format!("\"{}\"", self.text[start..self.at].trim_end_matches([',', '.']));
        let diagnostic =
            Diagnostic::error(codes::UNEXPECTED_CHARACTER, "a comma can't stand inside a term without quotes")
                .help(format!("write `{right}`"))
                .patch(right);
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }

    /// Whether a sign behind a word is another product's wildcard: `missil!`, `wom!n`, `missil%`; not `100%`.
    pub(super) fn is_foreign_wildcard(&self, chunk: &str, sign: char) -> bool {
        let inside = self.rest()[1..].starts_with(is_letter);
        match sign {
            '!' => true,
            '%' => !inside && chunk.ends_with(char::is_alphabetic),
            _ => !inside,
        }
    }

    /// `// …` and `-- …`: takes the line.
    pub(super) fn comment(&mut self, start: usize) {
        self.at = start + self.text[start..].find('\n').unwrap_or(self.text.len() - start);
        let diagnostic = Diagnostic::error(codes::UNEXPECTED_CHARACTER, "a query holds no comments")
            .help("put it on a line of its own above the query, after `#`, or into `note`");
        self.sink.report(diagnostic, start..self.at, "");
    }
}

/// The term that begins here, short, as it is shown in a hint.
pub(super) fn shown_operand(rest: &str) -> String {
    const MOST: usize = 40;
    // What is shown stands near; a query of nothing but signs is looked at once.
    let rest = &rest[..rest.floor_char_boundary(16 * MOST)];
    let (head, quoted) = match rest.find('"').filter(|at| !rest[..*at].contains([' ', '(', ')', '\n'])) {
        Some(open) => match rest[open + 1..].find(['"', '\n']) {
            Some(close) => (&rest[..open + close + 2], true),
            None => (&rest[..open], false),
        },
        None => (rest, false),
    };
    let end = if quoted { head.len() } else { head.find([' ', '\t', '\n', '(', ')', ',']).unwrap_or(head.len()) };
    let mut shown: String = head[..end].chars().take(MOST).collect();
    if rest[end..].starts_with('(') {
        shown.push_str("(…)");
    }
    if shown.is_empty() { "…".to_owned() } else { shown }
}
