//! Phrases, and quotes of every kind that are meant to be theirs.

use crate::model::Diagnostic;

use super::super::ast::{Atom, PhrasePart, WordForm};
use super::super::codes;
use super::word::phrase_parts;
use super::{Lexeme, Lexer, Token, is_hebrew, is_letter};

impl Lexer<'_, '_, '_> {
    /// `"…"`, whose quote stands here; `start` is where its modifier stands, `form` what it asks for.
    pub(super) fn phrase(&mut self, start: usize, form: Option<WordForm>) {
        let open = self.at;
        let line = self.line();
        let body = line.get(1..).unwrap_or("");
        let mut last = None;
        let mut inner_quotes = 0_i32;
        let mut end = None;
        let mut curly = None;
        let mut escaped = false;
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, c)| *c);
            match c {
                '"' if last.is_some_and(is_hebrew) && next.is_some_and(is_hebrew) => {}
                // The quote that closes comes later.
                '"' if last == Some('\\') && body[at + 1..].contains('"') => escaped = true,
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
        let curly = curly.or_else(|| if end.is_none() { other_close(body) } else { None });
        if let Some(at) = curly {
            let inside = &body[..at];
            let close = body[at..].chars().next().unwrap_or('”');
            self.at = open + 1 + at + close.len_utf8();
            let title = match close {
                '”' => "this quote is closed by a curly one".to_owned(),
                close => format!("this quote is closed by another one, `{close}`"),
            };
            let diagnostic =
                Diagnostic::error(codes::WRONG_QUOTES, title).help(format!("write `\"{}\"`", inside.trim()));
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        if let Some(end) = end.filter(|_| escaped) {
            let right =
                format!("\"{}\"", body[..end].replace("\\\"", " ").split_whitespace().collect::<Vec<_>>().join(" "));
            self.at = open + 1 + end + 1;
            let diagnostic = Diagnostic::error(codes::UNEXPECTED_CHARACTER, "a phrase can't hold a quote, nor `\\`")
                .help(format!("write `{right}`: punctuation in a phrase doesn't matter"))
                .patch(right);
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        if end.is_none()
            && let Some((words, bytes)) = self.phrase_over_lines()
        {
            self.at = open + bytes;
            let right = format!("\"{words}\"");
            let diagnostic = Diagnostic::error(codes::UNCLOSED_QUOTE, "this quote is not closed on its line")
                .help(format!("a phrase stands on one line: write `{right}`"))
                .patch(right);
            self.sink.report(diagnostic, open..open + 1, "");
            return self.push(Token::Bad, start);
        }
        let Some(end) = end else {
            // What follows on the line may belong to the phrase or not: it is left out.
            self.at = open + line.len();
            let words: String = body.chars().take(40).collect();
            let until = words.find([')', '(']).unwrap_or(words.len());
            let until = [" AND", " OR", " NEAR/", " ONEAR/", " W/"]
                .iter()
                .filter_map(|operator| words.find(operator))
                .fold(until, usize::min);
            let diagnostic = Diagnostic::error(codes::UNCLOSED_QUOTE, "this quote is not closed on its line");
            // `"missile OR "rocket"`: an operator at a phrase's edge says that the quotes before are the wrong way round.
            if let Some(earlier) = self.turned_phrase(start) {
                let diagnostic = diagnostic
                    .help(format!("perhaps a quote is missing earlier on the line: `{earlier}` holds an operator"));
                self.sink.report(diagnostic, open..open + 1, "");
                return self.push(Token::Bad, start);
            }
            if let Some(words) = self.words_before(open).filter(|_| start == open) {
                let diagnostic = diagnostic
                    .help(format!("if a phrase ends here, write `\"{words}\"`"))
                    .help("if none does, delete the quote");
                self.sink.report(diagnostic, open..open + 1, "");
                return self.push(Token::Bad, start);
            }
            let diagnostic = match words[..until].trim().trim_end_matches(['\'', '’', '`']) {
                "" => diagnostic.help("delete it, or write the phrase and close it with `\"`"),
                phrase => diagnostic.help(format!("write `\"{phrase}\"`")),
            };
            self.sink.report(diagnostic, open..open + 1, "");
            return self.push(Token::Bad, start);
        };
        if end == 0
            && let Some(close) = line[2..].find("\"\"").filter(|close| *close > 0)
            && line[2..].starts_with(is_letter)
        {
            let right = format!("\"{}\"", &line[2..2 + close]);
            self.at = open + 2 + close + 2;
            let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, "these quotes stand twice")
                .help(format!("write `{right}`"))
                .patch(right);
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        self.at = open + 1 + end + 1;
        let before = self.sink.diagnostics.len();
        let parts = phrase_parts(&body[..end], open + 1, self.sink, form);
        let sound = self.sink.diagnostics[before.min(self.sink.diagnostics.len())..].iter().all(|d| !d.is_error());
        if sound && start == open && self.elided(start, &body[..end]) {
            return;
        }
        if !parts.iter().any(|part| matches!(part, PhrasePart::Word(_))) {
            if sound {
                let diagnostic = Diagnostic::error(codes::EMPTY_PHRASE, "this phrase has no word in it")
                    .help("write at least one word between the quotes: `\"iron dome\"`");
                self.sink.report(diagnostic, start..self.at, "");
            }
            self.push(Token::Bad, start);
        } else if sound {
            self.unheard(&body[..end], open + 1);
            self.push(Token::Atom(Atom::Phrase(parts)), start);
        } else {
            self.push(Token::Bad, start);
        }
        self.fuzzy(start);
    }

    /// `l'"accordo"`: a word that ends in an apostrophe, directly before the phrase that ends here.
    fn elided(&mut self, open: usize, body: &str) -> bool {
        let Some(Lexeme { token: Token::Atom(Atom::Word(_)), range }) = self.tokens.last() else { return false };
        let range = range.clone();
        let text = self.text;
        let word = &text[range.clone()];
        if range.end != open || !word.ends_with(['\'', '’']) || word.starts_with(['=', '~']) {
            return false;
        }
        let right = format!("\"{word}{}\"", body.trim());
        let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, format!("`{word}` stands before the quote"))
            .help(format!("write `{right}`"))
            .patch(right);
        self.tokens.pop();
        self.sink.report(diagnostic, range.start..self.at, "");
        self.push(Token::Bad, range.start);
        true
    }

    /// The words directly before a quote that nothing closes, up to an operator: `iron dome" AND b`.
    fn words_before(&self, quote: usize) -> Option<&str> {
        const MOST: usize = 6;
        if self.tokens.last().is_none_or(|last| last.range.end != quote) {
            return None;
        }
        let mut start = None;
        for lexeme in self.tokens.iter().rev().take(MOST) {
            let written = &self.text[lexeme.range.clone()];
            let is_word = matches!(lexeme.token, Token::Atom(Atom::Word(_))) && written.starts_with(is_letter);
            let end = start.unwrap_or(quote);
            if !is_word || self.text[lexeme.range.end..end].contains('\n') {
                break;
            }
            start = Some(lexeme.range.start);
        }
        start.map(|start| &self.text[start..quote])
    }

    /// Warns of what means something outside quotes only: `"missile OR rocket"`, `"@russia"`. A phrase all in capitals has
    /// its words so.
    fn unheard(&mut self, body: &str, base: usize) {
        let is_several = body.trim().contains(char::is_whitespace);
        let capitals = !body.chars().any(char::is_lowercase);
        let mut at = 0;
        for word in body.split(char::is_whitespace) {
            let start = base + at;
            at +=
                word.len() + body.get(at + word.len()..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
            let near = word.split_once('/').is_some_and(|(name, rest)| {
                matches!(name, "NEAR" | "ONEAR") && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit())
            });
            let is_operator = is_several && (near || matches!(word, "AND" | "OR" | "NOT" | "W/S" | "W/P") && !capitals);
            let name = word.strip_prefix('@').filter(|name| name.starts_with(char::is_alphabetic));
            let diagnostic = if is_operator {
                Diagnostic::warning(codes::UNHEARD, format!("inside quotes `{word}` is a word of the phrase"))
                    .help(format!("as an operator it stands outside: `\"…\" {word} \"…\"`"))
                    .help("if the word is meant, write it in small letters")
            } else if let Some(name) = name {
                Diagnostic::warning(
                    codes::UNHEARD,
                    format!("inside quotes `{word}` is no concept, but the word `{name}`"),
                )
                .help(format!("the concept is written without quotes: `{word}`; if the word is meant, leave `@` out"))
            } else {
                continue;
            };
            return self.sink.report(diagnostic, start..start + word.len(), "");
        }
        let inside = body.trim();
        if is_several && inside.starts_with('(') && inside.ends_with(')') {
            let diagnostic = Diagnostic::warning(codes::UNHEARD, "inside quotes parentheses don't group")
                .help("a phrase is one row of words; for several of them write `(\"…\" OR \"…\")`")
                .help("if it is one phrase, leave the parentheses out: punctuation doesn't matter");
            self.sink.report(diagnostic, base..base + body.len(), "");
        }
    }

    /// The words of a phrase that is closed on the next line, and its bytes, quotes included.
    fn phrase_over_lines(&self) -> Option<(String, usize)> {
        const MOST: usize = 200;
        let rest = self.rest();
        let close = 1 + rest.get(1..)?.find('"').filter(|close| *close <= MOST)?;
        let inside = &rest[1..close];
        let (first, second) = inside.split_once('\n')?;
        let is_plain = |text: &str| {
            !text.trim().is_empty()
                && text.split_whitespace().all(|word| !matches!(word, "AND" | "OR" | "NOT" | "W/S" | "W/P"))
                && !text.contains(['(', ')', '/', '@', '#', '\n'])
        };
        (is_plain(first) && is_plain(second))
            .then(|| (inside.split_whitespace().collect::<Vec<_>>().join(" "), close + 1))
    }

    /// A phrase earlier on this line that begins or ends with an operator.
    fn turned_phrase(&self, start: usize) -> Option<&str> {
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let first = self.tokens.partition_point(|lexeme| lexeme.range.start < line_start);
        self.tokens[first..].iter().find_map(|lexeme| {
            let written = &self.text[lexeme.range.clone()];
            let inside = written.strip_prefix('"')?.strip_suffix('"')?;
            let mut words = inside.split_whitespace();
            let edge = |word: Option<&str>| matches!(word, Some("AND" | "OR" | "NOT"));
            (edge(words.next()) || edge(words.next_back())).then_some(written)
        })
    }

    pub(super) fn single_quote(&mut self, c: char) {
        let start = self.at;
        let line = self.line();
        let body = &line[c.len_utf8()..];
        let closes = |c: char| matches!(c, '\'' | '’' | '‘' | '`');
        // `''iron dome''`: two for one. Nothing between them is an empty phrase.
        if let Some(rest) = body.strip_prefix(c) {
            let inside = rest.find(&[c, c].iter().collect::<String>()).map(|end| &rest[..end]);
            self.at += 2 * c.len_utf8() + inside.map_or(0, |inside| inside.len() + 2 * c.len_utf8());
            let diagnostic = match inside.map(str::trim) {
                Some(inside) => Diagnostic::error(codes::WRONG_QUOTES, "two single quotes don't make a double one")
                    .help(format!("write `\"{inside}\"`"))
                    .patch(format!("\"{inside}\"")),
                None => Diagnostic::error(codes::WRONG_QUOTES, format!("`{c}{c}` can't stand here"))
                    .help("phrases stand in straight double quotes: `\"iron dome\"`"),
            };
            self.sink.report(diagnostic, start..self.at, "");
            return self.push(Token::Bad, start);
        }
        // Where apostrophes are all there is, none closes another.
        const LONGEST: usize = 400;
        let mut chars = body.char_indices().take(LONGEST).peekable();
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
            let diagnostic = Diagnostic::error(codes::WRONG_QUOTES, title)
                .help(format!("write `\"{inside}\"`"))
                .patch(format!("\"{inside}\""));
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

    pub(super) fn curly_quote(&mut self, c: char) {
        let start = self.at;
        let line = self.line();
        let body = &line[c.len_utf8()..];
        let close = body.char_indices().find(|(_, c)| {
            matches!(c, '”' | '“' | '‟' | '»' | '«' | '›' | '‹' | '」' | '』' | '〞' | '〟' | '＂' | '》' | '〉' | '"')
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
        if self.elided(start, inside) {
            return;
        }
        let diagnostic =
            Diagnostic::error(codes::WRONG_QUOTES, format!("phrases stand in straight quotes, not in `{c}{closing}`"))
                .help(format!("write `\"{inside}\"`"))
                .patch(format!("\"{inside}\""))
                .help("word processors turn straight quotes into these; write rules in a plain text editor");
        self.sink.report(diagnostic, start..self.at, "");
        self.push(Token::Bad, start);
    }
}

/// Where a quote of another kind closes what a straight one opened, if nothing before opens with that kind.
fn other_close(body: &str) -> Option<usize> {
    let (at, close) =
        body.char_indices().find(|(_, c)| matches!(c, '»' | '›' | '」' | '』' | '＂' | '«' | '‹' | '「' | '『'))?;
    matches!(close, '»' | '›' | '」' | '』' | '＂').then_some(at)
}
