//! Lists as YAML has them: a key without a value, and below it a line with a dash for each item.

use std::ops::Range;

use crate::model::{Diagnostic, Source, Span};

use super::codes;
use super::slips::short;
use super::statements::{Statement, is_bare_key};

/// The key of `languages =` or `languages:`.
pub(super) fn key_of(written: &str) -> Option<&str> {
    let written = written.split(" #").next().unwrap_or(written).trim_end();
    written.strip_suffix(['=', ':']).map(str::trim).filter(|key| is_bare_key(key))
}

/// What stands behind a dash.
pub(super) fn item(written: &str) -> Option<&str> {
    written.strip_prefix('-').filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim)
}

/// One slip, however many items.
pub(super) fn list(source: &Source, key: &str, first: &Statement, items: &[Range<usize>]) -> Diagnostic {
    let words: Vec<&str> = items.iter().filter_map(|range| item(source.text.get(range.clone())?)).collect();
    let is_table = words.iter().any(|word| word.contains(": ") || word.ends_with(':') || word.contains(" = "));
    let right = if is_table {
        format!("write `{key} = [{{ key = value, … }}, …]`, with braces around each part and commas between")
    } else {
        let words: Vec<String> = words
            .iter()
            .map(|word| {
                word.split(" #")
                    .next()
                    .unwrap_or(word)
                    .trim_end_matches([',', ' '])
                    .trim_matches(['"', '\'', '“', '”', '«', '»'])
            })
            .map(|word| if word.contains('"') { format!("'{word}'") } else { format!("\"{word}\"") })
            .collect();
        format!("write `{key} = [{}]`", short(&words.join(", ")))
    };
    // What the help repeats is labelled: what must not be shown goes by that.
    let labelled = std::iter::once(&first.range).chain(items);
    labelled
        .fold(Diagnostic::error(codes::SYNTAX, "a list stands between square brackets"), |diagnostic, range| {
            diagnostic.label(Span::new(source.id, range.clone()), "")
        })
        .help(right)
}
