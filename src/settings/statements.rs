//! A TOML text → its statements: headers and keys with their values. Finds where a statement that can't be read ends, so
//! that those after it still can be.
//!
//! A value that is never closed ends before the next line that looks like a header or, where a value can't hold one, like
//! a key. That is a guess, and a good one: neither stands at a line's beginning inside a query or a list.

use std::ops::Range;

/// One header, or one key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its bytes, without the line end.
    pub(super) range: Range<usize>,
    /// Whether it is a header.
    pub(super) is_header: bool,
    /// Where the string, array or inline table opens that is never closed.
    pub(super) unclosed: Option<usize>,
}

/// All statements of a text, in order; blank lines and comments are none.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while at < text.len() {
        let line = line_at(text, at);
        let start = at + (line.len() - line.trim_start_matches([' ', '\t']).len());
        match text.as_bytes().get(start) {
            None => break,
            Some(b'\n') => at = start + 1,
            Some(b'#' | b'\r') => at += line.len() + 1,
            Some(b'[') => {
                let end = at + line.trim_end_matches('\r').len();
                found.push(Statement { range: start..end.max(start), is_header: true, unclosed: None });
                at += line.len() + 1;
            }
            Some(_) => {
                let (end, unclosed) = value_end(text, start);
                let end = end.max(start + 1).min(text.len());
                let shown = text[start..end].trim_end_matches(['\r', '\n']).len().max(1);
                found.push(Statement { range: start..start + shown, is_header: false, unclosed });
                at = if text.as_bytes().get(end) == Some(&b'\n') { end + 1 } else { end };
            }
        }
    }
    found
}

/// The line that begins at an offset, without its line feed.
fn line_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    rest.find('\n').map_or(rest, |end| &rest[..end])
}

/// Where the statement that begins at `start` ends (a line's end or, where it is never closed, the next line's beginning),
/// and where what is never closed opens.
fn value_end(text: &str, start: usize) -> (usize, Option<usize>) {
    let bytes = text.as_bytes();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut last = b' ';
    let mut at = start;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'#' => {
                at += line_at(text, at).len();
                continue;
            }
            b'"' | b'\'' => {
                let quotes = &text[at..];
                let triple = if byte == b'"' { "\"\"\"" } else { "'''" };
                if quotes.starts_with(triple) {
                    match closing(text, at, triple) {
                        Some(end) => at = end,
                        None => return (boundary_after(text, at), Some(at)),
                    }
                } else {
                    let end = string_end(text, at, byte);
                    if open.is_empty()
                        && let Some(last_line) = later_end(text, at, end, byte)
                    {
                        return (last_line, Some(at));
                    }
                    at = end;
                }
                last = byte;
                continue;
            }
            b'[' | b'{' => open.push((byte, at)),
            b']' => close(&mut open, b'['),
            b'}' => close(&mut open, b'{'),
            b'\n' => {
                let Some(&(innermost, opened)) = open.last() else { return (at, None) };
                let next = line_at(text, at + 1);
                // In TOML 1.1 an inline table may run over lines; then a comma stands between its keys.
                let holds_keys = innermost == b'{' && matches!(last, b',' | b'{');
                if is_header(text, at + 1) || (is_key(next) && !holds_keys) {
                    return (at, Some(opened));
                }
            }
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    (text.len(), open.last().map(|(_, opened)| *opened))
}

fn close(open: &mut Vec<(u8, usize)>, bracket: u8) {
    if open.last().is_some_and(|(byte, _)| *byte == bracket) {
        open.pop();
    }
}

/// Behind the quote that closes a string on its line; the line's end if none does.
fn string_end(text: &str, start: usize, quote: u8) -> usize {
    let line = line_at(text, start).as_bytes();
    let mut at = 1;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' if quote == b'"' => at += 1,
            _ if byte == quote => return start + at + 1,
            _ => {}
        }
        at += 1;
    }
    start + line.len()
}

/// Where the line ends that closes a string which was not closed on its own line and runs on.
fn later_end(text: &str, start: usize, end: usize, quote: u8) -> Option<usize> {
    const MOST_LINES: usize = 50;
    let line_end = start + line_at(text, start).len();
    if end > start + 1 && text.as_bytes().get(end - 1) == Some(&quote) && end <= line_end {
        return None;
    }
    let mut at = line_end + 1;
    for _ in 0..MOST_LINES {
        let line = line_at(text, at);
        if at >= text.len() || line.trim().is_empty() || is_key(line) || is_header(text, at) {
            return None;
        }
        let quotes = line.bytes().filter(|&byte| byte == quote).count();
        if quotes == 1 && line.trim_end().as_bytes().last() == Some(&quote) {
            return Some(at + line.len());
        }
        at += line.len() + 1;
    }
    None
}

/// Behind the quotes that close a string of several lines. `None` where there are none, or where the next ones open
/// another string: a key stands before them.
fn closing(text: &str, start: usize, quotes: &str) -> Option<usize> {
    let mut at = start + quotes.len();
    loop {
        let found = at + text.get(at..)?.find(quotes)?;
        let slashes = text[start + quotes.len()..found].bytes().rev().take_while(|&byte| byte == b'\\').count();
        if quotes.starts_with('"') && slashes % 2 == 1 {
            at = found + 1;
            continue;
        }
        let line_start = text[..found].rfind('\n').map_or(0, |at| at + 1);
        let before = text.get(line_start.max(start + quotes.len())..found).unwrap_or("").trim_end();
        if line_start > start && before.ends_with('=') && is_bare_key(before[..before.len() - 1].trim()) {
            return None;
        }
        // One or two quotes before the closing ones belong to the text.
        let more =
            text[found + quotes.len()..].bytes().take_while(|&byte| byte == quotes.as_bytes()[0]).take(2).count();
        return Some(found + quotes.len() + more);
    }
}

/// The first line after the one of an offset that looks like a header or a key.
fn boundary_after(text: &str, start: usize) -> usize {
    let mut at = start + line_at(text, start).len() + 1;
    while at < text.len() {
        if is_header(text, at) || is_key(line_at(text, at)) {
            return at;
        }
        at += line_at(text, at).len() + 1;
    }
    text.len()
}

/// Whether a line is a header by its looks, and what follows fits: a key, another header, or nothing.
fn is_header(text: &str, at: usize) -> bool {
    let line = line_at(text, at);
    if header_path(line).is_none() {
        return false;
    }
    let mut next = at + line.len() + 1;
    while next < text.len() {
        let line = line_at(text, next);
        let trimmed = line.trim();
        if !trimmed.is_empty() && !trimmed.starts_with('#') {
            return is_key(line) || header_path(line).is_some();
        }
        next += line.len() + 1;
    }
    true
}

/// The names in a header, dots between them, whether or not its brackets are right: `topic.test` of `[[topic.test]`.
pub(super) fn header_path(line: &str) -> Option<&str> {
    let inner = line.trim().trim_start_matches('[');
    if inner.len() == line.trim().len() {
        return None;
    }
    let end = inner.find(']').or_else(|| inner.find('#')).unwrap_or(inner.len());
    let (path, after) = inner.split_at(end);
    let after = after.trim_start_matches(']').trim();
    let path = path.trim();
    let first = path.split(['.', ' ', '"', '\'']).next().unwrap_or("");
    let starts = first.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && is_bare_key(first);
    let fits = path.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '"' | '\'' | ' '));
    (starts && fits && (after.is_empty() || after.starts_with('#'))).then_some(path)
}

/// Whether a line gives a key a value by its looks.
fn is_key(line: &str) -> bool {
    let Some((key, value)) = line.split_once('=') else { return false };
    let value = value.trim_start();
    is_bare_key(key.trim())
        && (value.starts_with(['"', '\'', '[', '{', '-', '+'])
            || value.starts_with(|c: char| c.is_ascii_digit())
            || value.starts_with("true")
            || value.starts_with("false"))
}

pub(super) fn is_bare_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        statements(text).into_iter().map(|statement| &text[statement.range]).collect()
    }

    #[test]
    fn a_sound_text_falls_into_its_headers_and_keys() {
        let text = "\u{feff}a = 1 # one\n\n# [no]\n[t]\r\nb = '''\n[x]\nc = 2\n'''\r\nd = [\n  \"[\", # ]\n  '}',\n]\n\
                    [[u.v]] # u\ne = { f = 1,\n g = \"\"\"\\\"\"\"\"\"\" }\n  h = \"a\\\"b\"";
        assert_eq!(
            pieces(text),
            [
                "a = 1 # one",
                "[t]",
                "b = '''\n[x]\nc = 2\n'''",
                "d = [\n  \"[\", # ]\n  '}',\n]",
                "[[u.v]] # u",
                "e = { f = 1,\n g = \"\"\"\\\"\"\"\"\"\" }",
                "h = \"a\\\"b\""
            ]
        );
        assert!(statements(text).iter().all(|statement| statement.unclosed.is_none()));
    }

    #[test]
    fn what_is_never_closed_ends_before_the_next_key_or_header() {
        for (text, expected) in [
            ("a = '''\nx\nb = 1\n", vec!["a = '''\nx", "b = 1"]),
            ("a = '''\nx\n[t]\nb = '''\ny\n'''\n", vec!["a = '''\nx", "[t]", "b = '''\ny\n'''"]),
            ("a = '''\nx\nb = '''\ny\n'''\nc = 1", vec!["a = '''\nx", "b = '''\ny\n'''", "c = 1"]),
            ("a = [\"x\",\n\"y\"\nb = 1", vec!["a = [\"x\",\n\"y\"", "b = 1"]),
            ("a = [\n[t]\nb = 1", vec!["a = [", "[t]", "b = 1"]),
            ("a = { x = 1\nb = 1", vec!["a = { x = 1", "b = 1"]),
            ("a = \"x\nb = 1", vec!["a = \"x", "b = 1"]),
            ("a = \"x\ny\"\nb = 1", vec!["a = \"x\ny\"", "b = 1"]),
            ("a = '''\n[Video]\nx\n'''\nb = 1", vec!["a = '''\n[Video]\nx\n'''", "b = 1"]),
            ("a = '''", vec!["a = '''"]),
            ("a", vec!["a"]),
        ] {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn statements_follow_one_another_on_letters_borders(
            text in r#"([a-z]{1,2}|[=\[\]\{\}"'#,.\n\\ ]|"""|'''|1|я|中|a = |\n\[\[a\]\]\n|\r\n){0,60}"#,
        ) {
            let mut end = 0;
            for statement in statements(&text) {
                proptest::prop_assert!(statement.range.start >= end && !statement.range.is_empty());
                proptest::prop_assert!(text.get(statement.range.clone()).is_some());
                end = statement.range.end;
            }
        }
    }
}
