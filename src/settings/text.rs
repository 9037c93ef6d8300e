//! A string in a TOML file, with the way back from its letters to the bytes of the file.

use std::ops::Range;

use crate::model::{Source, Span};

/// A string and where each of its bytes stands in the file. Queries are strings inside TOML: what is wrong in one must
/// be shown in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextValue {
    /// The text, escapes resolved.
    pub text: String,
    /// The whole value in the file, quotes included.
    pub span: Span,
    /// Where text and file stop counting in step; by rising offsets in the text, the first at 0.
    steps: Vec<Step>,
}

/// From here on, text and file count in step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    /// Offset in the text.
    text: u32,
    /// Offset in the file.
    file: u32,
    /// Bytes that the one letter here takes in the file, where it is written as an escape; otherwise 0.
    escape: u32,
}

impl TextValue {
    /// From what the TOML reader made of the value at `span`. Where it read a mended text, in which the value is not what
    /// stands in the file, all of the value's places are its beginning.
    pub(super) fn new(source: &Source, span: Span, text: String) -> Self {
        let raw = source.text.get(span.range()).unwrap_or("");
        let steps = steps(raw, &text, span.start).unwrap_or_default();
        Self { text, span, steps }
    }

    /// The byte of the file at which byte `offset` of the text is written. Offsets past the end give the closing quote;
    /// inside an escaped letter, the place of the escape.
    #[must_use]
    pub fn file_offset(&self, offset: usize) -> usize {
        let offset = clip(offset.min(self.text.len()));
        let after = self.steps.partition_point(|step| step.text <= offset);
        let limit = self.steps.get(after).map_or(self.span.end, |next| next.file);
        match after.checked_sub(1).and_then(|at| self.steps.get(at)) {
            Some(step) => step.file.saturating_add(offset - step.text).min(limit) as usize,
            None => self.span.start as usize,
        }
    }

    /// A range of the text as a span of the file.
    #[must_use]
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let start = self.file_offset(range.start);
        let end = if range.end <= range.start { start } else { self.file_offset(range.end) };
        // A range ends where its last letter ends, not where the next one begins: a skipped line end is not part of it.
        let end = match self.text.get(..range.end).and_then(|before| before.chars().next_back()) {
            Some(last) if range.end > range.start => {
                let begins = range.end - last.len_utf8();
                end.min(self.file_offset(begins) + self.written_length(begins))
            }
            _ => end,
        };
        Span::new(self.span.source, start..end.max(start))
    }

    /// The whole text as a span of the file, without its quotes.
    #[must_use]
    pub fn content(&self) -> Span {
        self.span_of(0..self.text.len())
    }

    /// A text as it would be written inside this string's quotes; `None` where that needs other quotes.
    #[must_use]
    pub fn escaped(&self, source: &Source, text: &str) -> Option<String> {
        let raw = source.text.get(self.span.range()).unwrap_or("");
        if raw.starts_with("'''") {
            return (!text.contains("'''")).then(|| text.to_owned());
        }
        if raw.starts_with('\'') {
            return (!text.contains(['\'', '\n'])).then(|| text.to_owned());
        }
        (!text.contains('\n')).then(|| text.replace('\\', "\\\\").replace('"', "\\\""))
    }

    /// How many bytes of the file the letter at `offset` takes: more than its own where it is escaped.
    fn written_length(&self, offset: usize) -> usize {
        let length = self.text.get(offset..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        match self.steps.binary_search_by_key(&clip(offset), |step| step.text) {
            Ok(at) if self.steps[at].escape > 0 => self.steps[at].escape as usize,
            _ => length,
        }
    }
}

fn clip(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Walks a raw TOML string (spec 1.1, “String”) beside its decoded text; `None` where that isn't what the string says.
fn steps(raw: &str, text: &str, file: u32) -> Option<Vec<Step>> {
    let step = |text: usize, at: usize, escape: usize| Step {
        text: clip(text),
        file: file.saturating_add(clip(at)),
        escape: clip(escape),
    };
    let (body_start, escapes) = if let Some(body) = raw.strip_prefix("'''") {
        (3 + newline(body), false)
    } else if let Some(body) = raw.strip_prefix("\"\"\"") {
        (3 + newline(body), true)
    } else if raw.starts_with('"') {
        (1, true)
    } else if raw.starts_with('\'') {
        (1, false)
    } else {
        (0, false)
    };
    let mut steps = vec![step(0, body_start, 0)];
    let mut decoded = 0;
    let mut at = body_start;
    while let Some(found) = raw.get(at..).filter(|_| escapes).and_then(|rest| rest.find('\\')) {
        if raw.get(at..at + found) != text.get(decoded..decoded + found) {
            return None;
        }
        decoded += found;
        at += found;
        let rest = &raw[at + 1..];
        let (skip, letter) = match rest.chars().next() {
            Some(c) if c.is_ascii_whitespace() => {
                // A backslash at a line's end swallows everything white up to the next letter.
                (1 + rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len(), 0)
            }
            Some(c) => {
                let digits = match c {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let letter = text.get(decoded..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
                (1 + c.len_utf8() + digits, letter)
            }
            None => return None,
        };
        steps.push(step(decoded, at, if letter > 0 { skip } else { 0 }));
        decoded += letter;
        at += skip;
        steps.push(step(decoded, at, 0));
    }
    if !raw.get(at..)?.starts_with(text.get(decoded..)?) {
        return None;
    }
    // Two steps at one offset (after a swallowed line end): the later one is where the text goes on.
    steps.reverse();
    steps.dedup_by_key(|step| step.text);
    steps.reverse();
    Some(steps)
}

/// Length of the line end right after the opening quotes, which is not part of the text.
fn newline(body: &str) -> usize {
    if body.starts_with("\r\n") { 2 } else { usize::from(body.starts_with('\n')) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;
    use crate::settings::{Findings, TomlFile};

    fn read(file: &str) -> (Source, TextValue) {
        let source = Source::new(SourceId(3), "rules/a.toml", file);
        let findings = Findings::new();
        let value = TomlFile::parse(&source, &findings).root().text("q").expect(file);
        assert_eq!(findings.into_diagnostics(), [], "{file}");
        (source, value)
    }

    #[test]
    fn every_letter_of_every_kind_of_string_is_found_in_the_file() {
        for file in [
            "q = \"missile AND дефенс\"",
            "q = 'il \\ resta AND «città»'",
            "q = \"tab\\tquote \\\" \\u4e2d\\U0001F680 \\x41 俄罗斯 fine\"",
            "q = '''\n(@russia NEAR/30 @china)\nAND 导弹\n'''",
            "q = \"\"\"\n\\\"a\\\" AND\n  \\\n   «صاروخ» \\u00e9 OR b \\\n\n  \"\"\"",
            "q = '''\r\n(a\r\nAND ミサイル)\r\n'''",
            "q = \"\"\"\r\na \\\r\n   b\r\n\"\"\"",
            "\u{feff}q = 'con BOM è'",
            "# комментарий\nq = \"\"\"one line \\\\ \"\"\"",
            "q = ''",
            "q = \"\"\"a\\nb\\\n  c\"\"\"",
        ] {
            let (source, value) = read(file);
            for (offset, letter) in value.text.char_indices() {
                let span = value.span_of(offset..offset + letter.len_utf8());
                let written = &source.text[span.range()];
                assert!(
                    written == letter.to_string() || written.starts_with('\\'),
                    "{file:?}: {letter:?} at {offset} is shown as {written:?}"
                );
            }
            let content = &source.text[value.content().range()];
            assert!(!content.starts_with("\"\"") && !content.starts_with("''"), "{content:?}");
        }
    }

    #[test]
    fn an_escaped_letter_is_shown_whole() {
        let (source, value) = read(r#"q = "a\u4e2d\tb""#);
        assert_eq!(value.text, "a中\tb");
        assert_eq!(&source.text[value.span_of(1..4).range()], r"\u4e2d");
        assert_eq!(&source.text[value.span_of(4..5).range()], r"\t");
        assert_eq!(&source.text[value.span_of(0..6).range()], r"a\u4e2d\tb");
    }

    #[test]
    fn a_mistake_in_a_query_is_shown_where_it_is_written() {
        let (source, value) = read("# правила\r\nq = '''\r\nпервая\r\nвторая строка\r\n'''\r\n");
        let at = value.text.find("строка").unwrap();
        let place = source.line_column(value.file_offset(at));
        assert_eq!((place.line, place.column), (4, 8));
    }

    #[test]
    fn a_span_does_not_run_over_a_swallowed_line_end() {
        let (source, value) = read("q = \"\"\"first \\\n    second\"\"\"");
        assert_eq!(value.text, "first second");
        assert_eq!(&source.text[value.span_of(0..6).range()], "first ");
        assert_eq!(&source.text[value.span_of(6..12).range()], "second");
        assert_eq!(&source.text[value.content().range()], "first \\\n    second");
    }

    #[test]
    fn offsets_past_the_end_give_the_closing_quote() {
        let (source, value) = read("q = \"abc\" # after");
        assert_eq!(value.file_offset(3), source.text.find("\" #").unwrap());
        assert_eq!(value.file_offset(99), value.file_offset(3));
        assert_eq!(value.span_of(3..3).range().len(), 0);
    }
}
