//! The TOML parser's errors in our words: one for each slip, where the slip is.
//!
//! The parser goes on after an error and may stumble many times over one slip: an array that is never closed makes every
//! line after it wrong. So errors are put together by the value that they stand in, and one that speaks of something
//! unclosed points at where it was opened.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::model::{Diagnostic, Source, Span};

use super::codes;

/// Beyond so many errors the rest of a file is not worth reading: it is something else than TOML.
const MOST_ERRORS: usize = 100;

/// What was found wrong with the syntax.
pub(super) struct Syntax {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Byte ranges that can't be trusted; what else seems wrong there is a consequence.
    pub(super) damage: Vec<Range<u32>>,
}

/// Puts the parser's errors together.
pub(super) fn explain(source: &Source, table: &DeTable<'_>, mut errors: Vec<toml::de::Error>) -> Syntax {
    let text: &str = &source.text;
    let mut syntax = Syntax { diagnostics: Vec::new(), damage: Vec::new() };
    if errors.is_empty() {
        return syntax;
    }
    let mut values = Vec::new();
    value_ranges(text, table, &mut values);
    let place = |error: &toml::de::Error| {
        let range = error.span().unwrap_or(0..0);
        boundary(text, range.start)..boundary(text, range.end.max(range.start))
    };
    errors.sort_by_key(|error| place(error).start);

    let mut told: Vec<Range<usize>> = Vec::new();
    for error in &errors {
        let at = place(error);
        if told.iter().any(|told| told.contains(&at.start)) && error.message() != "duplicate key" {
            continue;
        }
        if syntax.diagnostics.len() >= MOST_ERRORS {
            syntax.damage.push(Span::new(source.id, at.start..text.len() + 1).start..u32::MAX);
            break;
        }
        let message = error.message();
        if message == "duplicate key" {
            syntax.diagnostics.push(duplicate(source, at));
            continue;
        }
        let value = values.iter().find(|value| value.start <= at.start && at.start <= value.end).cloned();
        let region = match &value {
            Some(value) => lines(text, value.clone()),
            None if message.starts_with("unclosed") => section(text, at.start),
            None => lines(text, at.clone()),
        };
        if told.iter().any(|told| told.start < region.end && region.start < told.end) {
            continue;
        }
        let unclosed = value.filter(|value| {
            errors.iter().any(|error| {
                let at = place(error);
                at.start == value.end
                    && (error.message().starts_with("unclosed") || error.message().starts_with("invalid multi-line"))
            })
        });
        syntax.diagnostics.push(match unclosed {
            Some(value) => unclosed_value(source, value.start),
            None => plain(source, at, message),
        });
        syntax.damage.push(Span::new(source.id, region.clone()).start..Span::new(source.id, region.clone()).end);
        told.push(region);
    }
    syntax
}

fn duplicate(source: &Source, at: Range<usize>) -> Diagnostic {
    let written = source.text.get(at.clone()).unwrap_or("");
    Diagnostic::error(codes::DUPLICATE_KEY, format!("`{written}` is given twice"))
        .label(Span::new(source.id, at), "it was given before")
        .help("a key stands once in a table, and a table once in a file; the headers of lists have double brackets")
}

fn unclosed_value(source: &Source, start: usize) -> Diagnostic {
    let rest = source.text.get(start..).unwrap_or("");
    let (what, close) = match rest {
        _ if rest.starts_with("'''") => ("a multi-line string", "'''"),
        _ if rest.starts_with("\"\"\"") => ("a multi-line string", "\"\"\""),
        _ if rest.starts_with('[') => ("an array", "]"),
        _ => ("an inline table", "}"),
    };
    Diagnostic::error(codes::SYNTAX, format!("{what} is never closed"))
        .label(Span::new(source.id, start..start + close.len()), "opened here")
        .help(format!("close it with `{close}`"))
}

fn plain(source: &Source, at: Range<usize>, message: &str) -> Diagnostic {
    let written = source.text.get(at.clone()).unwrap_or("").trim();
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let expected = if matches!(expected, "" | "nothing" | "literal string") {
        String::new()
    } else {
        format!("expected {expected}")
    };
    let diagnostic = Diagnostic::error(codes::SYNTAX, what).label(Span::new(source.id, at.clone()), expected);
    match what {
        "string values must be quoted" => {
            diagnostic.help(format!("write \"{}\"", written.trim_matches(['“', '”', '‘', '’', '„', '«', '»'])))
        }
        "invalid unquoted key" => diagnostic.help(format!("write \"{written}\" with quotes")),
        "missing escaped value" => diagnostic.help("put the text between single quotes, where `\\` stands for itself"),
        "invalid basic string" | "invalid literal string" if written.is_empty() => {
            Diagnostic { title: "a string is never closed".to_owned(), ..diagnostic }
        }
        _ => diagnostic,
    }
}

/// The ranges of all values that stand after a `=`.
fn value_ranges(text: &str, table: &DeTable<'_>, ranges: &mut Vec<Range<usize>>) {
    let header = |range: Range<usize>| text.get(range).is_some_and(|written| written.starts_with('['));
    for value in table.values() {
        let range = value.span();
        match value.get_ref() {
            DeValue::Table(inner) if !text.get(range.clone()).is_some_and(|written| written.starts_with('{')) => {
                value_ranges(text, inner, ranges);
            }
            DeValue::Array(items)
                if items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_)) && header(item.span())) =>
            {
                for item in items {
                    if let DeValue::Table(inner) = item.get_ref() {
                        value_ranges(text, inner, ranges);
                    }
                }
            }
            _ if range.is_empty() => {}
            _ => ranges.push(range),
        }
    }
}

/// The nearest letter's border at or before an offset.
fn boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// All of the lines that a range touches, their last line end included.
fn lines(text: &str, range: Range<usize>) -> Range<usize> {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let last = range.end.max(range.start + 1) - 1;
    let last = boundary(text, last);
    let end = text[last..].find('\n').map_or(text.len() + 1, |at| last + at + 1);
    start..end
}

/// From the line of a broken header up to the next header: the parser loses its keys.
fn section(text: &str, at: usize) -> Range<usize> {
    let first = lines(text, at..at);
    let mut end = first.end;
    while let Some(rest) = text.get(end..).filter(|rest| !rest.is_empty()) {
        if rest.trim_start_matches([' ', '\t']).starts_with('[') {
            break;
        }
        end = lines(text, end..end).end;
    }
    first.start..end
}
