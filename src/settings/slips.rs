//! Slips that whoever is used to other formats makes in a file of keys and values: what is wrong, and what to write.

use crate::model::{Diagnostic, Source, Span};

use super::codes;
use super::statements::{Statement, is_bare_key};

/// A character outside the values that looks like another one, or like none.
pub(super) fn odd_character(source: &Source, statement: &Statement) -> Option<Diagnostic> {
    let written = &source.text[statement.range.clone()];
    if let Some((at, control)) =
        written.char_indices().find(|(_, c)| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        let at = statement.range.start + at;
        let title = format!("a control character stands here: U+{:04X}", control as u32);
        return Some(
            Diagnostic::error(codes::SYNTAX, title)
                .label(Span::new(source.id, at..at + control.len_utf8()), "")
                .help("delete it; it came with text that was pasted"),
        );
    }
    // Beside the value these may stand wherever a person likes.
    let outside = written.find(['"', '\'']).unwrap_or(written.len());
    let (at, odd) = written[..outside].char_indices().find(|(_, c)| {
        (c.is_whitespace() && !matches!(c, ' ' | '\t' | '\n' | '\r'))
            || matches!(c, '＝' | '［' | '］' | '｛' | '｝' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    })?;
    let at = statement.range.start + at;
    let (title, help) = match odd {
        '＝' => ("`＝` is a full-width character".to_owned(), "write `=`"),
        '［' | '］' => (format!("`{odd}` is a full-width character"), "write `[` and `]`"),
        '｛' | '｝' => (format!("`{odd}` is a full-width character"), "write `{` and `}`"),
        c if c.is_whitespace() => (
            format!("a space of another kind stands here: U+{:04X}", c as u32),
            "write an ordinary space; it came with text that was pasted",
        ),
        c => (
            format!("an invisible character stands here: U+{:04X}", c as u32),
            "delete it; it came with text that was pasted",
        ),
    };
    Some(Diagnostic::error(codes::SYNTAX, title).label(Span::new(source.id, at..at + odd.len_utf8()), "").help(help))
}

/// Slips that whoever is used to other formats makes: what is wrong, and what to write.
pub(super) fn slip(written: &str) -> Option<(String, String)> {
    if written.starts_with("- ") {
        let title = "a list stands between square brackets".to_owned();
        return Some((title, "write `key = [\"a\", \"b\"]`, with commas between".to_owned()));
    }
    let colon = written.find(':').filter(|&at| is_bare_key(written[..at].trim()));
    if let Some(at) = colon.filter(|&at| written.find('=').is_none_or(|equals| at < equals)) {
        let value = written[at + 1..].trim_start_matches('=').trim();
        let title = "a key and its value are joined by `=`".to_owned();
        return Some((title, format!("write `{} = {}`", written[..at].trim(), short(value))));
    }
    let (key, value) = written.split_once('=')?;
    let (key, value) = (key.trim(), value.trim());
    if !is_bare_key(key) {
        return None;
    }
    if let Some(meant) = truth(value) {
        return Some((format!("`{value}` is not a value here"), format!("write `{key} = {meant}`")));
    }
    if value.is_empty() {
        return Some((format!("`{key}` has no value"), "write one, or delete the line".to_owned()));
    }
    if let Some(inner) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        && !inner.contains(['"', '\'', '[', '{', '“', '«'])
    {
        let words: Vec<String> =
            inner.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| format!("\"{word}\"")).collect();
        let title = "the words of a list need quotes".to_owned();
        return Some((title, format!("write `{key} = [{}]`", short(&words.join(", ")))));
    }
    // `["a"], ["b"]`
    if value.starts_with('[') && value.ends_with(']') && value.contains("], [") && !value.contains("[[") {
        let title = "two lists stand here".to_owned();
        return Some((title, format!("write one: `{key} = {}`", short(&value.replace("], [", ", ")))));
    }
    if let Some(right) = joined(value) {
        let title = "a key and its value are joined by `=`".to_owned();
        return Some((title, format!("write `{key} = {}`", short(&right))));
    }
    if let Some(found) = brackets(key, value) {
        return Some(found);
    }
    number(key, value).or_else(|| behind(key, value)).or_else(|| bare(key, value))
}

/// What `yes` and `no` are called here.
pub(super) fn truth(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "yes" | "on" | "true" | "ja" | "sì" | "si" | "да" => Some(true),
        "no" | "off" | "false" | "nein" | "нет" => Some(false),
        _ => None,
    }
}

/// `{ desk: "asia" }`, `[{"when": "a"}]`: with `=` for the colons.
fn joined(value: &str) -> Option<String> {
    if !value.starts_with(['{', '[']) {
        return None;
    }
    let (mut right, mut quote, mut depth, mut changed) = (String::with_capacity(value.len()), None, 0_usize, false);
    for c in value.chars() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, ':') if depth > 0 => {
                changed = true;
                right.truncate(right.trim_end().len());
                right.push_str(" = ");
                continue;
            }
            // A key in quotes, and the space behind its colon.
            (None, ' ') if right.ends_with("= ") => continue,
            _ => {}
        }
        right.push(c);
    }
    changed.then_some(right)
}

/// Brackets of the wrong kind, or missing around several values.
fn brackets(key: &str, value: &str) -> Option<(String, String)> {
    let inside =
        |open: char, close: char| value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).map(str::trim);
    let is_quoted = |text: &str| {
        text.split(',').map(str::trim).all(|part| part.len() > 1 && part.starts_with('"') && part.ends_with('"'))
    };
    if let Some(words) = inside('{', '}').or_else(|| inside('(', ')')).filter(|words| is_quoted(words)) {
        let title = "a list stands between square brackets".to_owned();
        return Some((title, format!("write `{key} = [{}]`", short(words))));
    }
    if let Some(keys) =
        inside('[', ']').filter(|keys| keys.split('=').next().is_some_and(|key| is_bare_key(key.trim())))
    {
        let title = "keys and their values stand between braces".to_owned();
        return Some((title, format!("write `{key} = [{{ {} }}]`", short(keys))));
    }
    if value.starts_with('{') && value.ends_with('}') && value.contains("}, {") {
        let title = "several tables stand here".to_owned();
        return Some((title, format!("write a list of them: `{key} = [{}]`", short(value))));
    }
    None
}

pub(super) const UNQUOTED: &str = "string values must be quoted";

/// `taiwan`, `@russia AND china`, `"iron dome" AND missile`.
fn bare(key: &str, value: &str) -> Option<(String, String)> {
    let first = value.chars().next()?;
    if value.contains('\n')
        || !(first.is_alphabetic() || matches!(first, '@' | '(' | '~' | '*' | '/' | '=' | '“' | '„' | '«' | '‘'))
    {
        return None;
    }
    // A doubled sign is another slip.
    if first == '=' && !value[1..].starts_with(char::is_alphabetic) {
        return None;
    }
    let text = value.trim_matches(['“', '”', '‘', '’', '„', '«', '»']);
    let right = match (text.contains('"'), text.contains('\'')) {
        (false, _) => format!("\"{}\"", short(text)),
        (true, false) => format!("'{}'", short(text)),
        (true, true) => format!("'''{}'''", short(text)),
    };
    Some((UNQUOTED.to_owned(), format!("write `{key} = {right}`")))
}

/// `1,000`, `25,`.
fn number(key: &str, value: &str) -> Option<(String, String)> {
    // `>25`, `25%`
    let bare = value.trim_matches(['>', '<', '=', '~', '%', '+', ' ', '≥', '≤']);
    if bare.len() < value.len() && !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(("a number has no signs around it".to_owned(), format!("write `{key} = {bare}`")));
    }
    let plain = value.trim_end_matches([',', ';']);
    let digits: String = value.chars().filter(char::is_ascii_digit).collect();
    if !value.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(("nothing may stand behind a value".to_owned(), format!("write `{key} = {digits}`")));
    }
    value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b',' | b'.' | b' ' | b'\'')).then(|| {
        let title = "a number has no separators between its digits".to_owned();
        (title, format!("write `{key} = {digits}`, or a point before the fraction"))
    })
}

/// What stands behind a string that has ended.
fn behind(key: &str, value: &str) -> Option<(String, String)> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    if value.starts_with("'''") || value.starts_with("\"\"\"") {
        return None;
    }
    let end = value[1..].find(quote)? + 2;
    let after = value[end..].trim();
    if matches!(after, ";" | "," | ".") {
        return Some((format!("`{after}` stands behind the value"), "delete it".to_owned()));
    }
    // `"a", "b"`
    let is_list = |mut rest: &str| loop {
        let Some(body) = rest.strip_prefix(',').map(str::trim_start).and_then(|rest| rest.strip_prefix(quote)) else {
            break rest.is_empty();
        };
        let Some(end) = body.find(quote) else { break false };
        rest = body[end + 1..].trim_start();
    };
    if after.starts_with(',') && is_list(after) {
        let title = "a list stands between square brackets".to_owned();
        return Some((title, format!("write `{key} = [{}]`", short(value))));
    }
    if after.starts_with("//") || after.starts_with("--") || after.starts_with("/*") {
        let comment = short(after.trim_start_matches(['/', '-', '*', ' ']));
        return Some(("comments begin with `#`".to_owned(), format!("write `# {comment}`")));
    }
    if after.split_once('=').is_some_and(|(key, _)| is_bare_key(key.trim())) {
        return Some(("two keys stand on one line".to_owned(), "write each key on a line of its own".to_owned()));
    }
    // `match = "iron dome" AND missile`
    let goes_on = ["AND", "OR", "NOT", "NEAR", "ONEAR", "W"]
        .iter()
        .any(|operator| after.strip_prefix(operator).is_some_and(|rest| rest.starts_with([' ', '/', '('])));
    if goes_on && !value.contains('\n') && !value.contains("'''") {
        let quotes = if value.contains('\'') { "'''" } else { "'" };
        let title = "the quotes of a phrase stand inside those of the value".to_owned();
        return Some((title, format!("write `{key} = {quotes}{}{quotes}`", short(value))));
    }
    if after.contains(quote) && !value.contains('\n') && !value.contains("'''") {
        let inner = value.strip_prefix(quote).unwrap_or(value);
        let inner = short(inner.strip_suffix(quote).unwrap_or(inner));
        let title = "a quote inside the string ends it".to_owned();
        return Some((title, format!("write `{key} = '''{inner}'''`: between these, quotes stand for themselves")));
    }
    None
}

/// At most 60 letters, on one line.
pub(super) fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 60 { format!("{}…", line.chars().take(59).collect::<String>()) } else { line }
}
