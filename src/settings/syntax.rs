//! A file that is not TOML: what is wrong with it in our words, one finding for each slip, and a text without the damage,
//! so that one run also shows what is wrong with the rest.
//!
//! Each statement is parsed by itself. One that can't be is reported and left out; a header whose meaning is plain
//! (`[[topic]`) is mended, so that its table is read; what stands under any other broken header is left out with it.

use std::ops::Range;

use toml::de::DeTable;

use crate::model::{Diagnostic, Source, Span};

use super::codes;
use super::statements::{Statement, header_path, is_bare_key, statements};

/// Beyond so many errors the rest of a file is not worth reading: it is something else than TOML.
const MOST_ERRORS: usize = 100;

/// What was found wrong with the syntax, and what is left to read.
#[derive(Debug, Default)]
pub(super) struct Syntax {
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Byte ranges of the file that can't be trusted, in order.
    pub(super) damage: Vec<Range<u32>>,
    /// The text without them.
    pub(super) mended: Mended,
    /// Where the headers stand, and their names; `None` for those that can't be read.
    pub(super) headers: Vec<(u32, Option<String>)>,
}

/// A text that is nearly the file's.
#[derive(Debug, Default)]
pub(super) struct Mended {
    pub(super) text: String,
    /// Offsets in it at which letters were added, by how many, in order.
    added: Vec<(usize, usize)>,
}

impl Mended {
    /// A range of the file instead of one of this text.
    pub(super) fn in_file(&self, range: Range<usize>) -> Range<usize> {
        self.back(range.start)..self.back(range.end)
    }

    fn back(&self, offset: usize) -> usize {
        let added = self.added.iter().take_while(|(at, _)| *at < offset);
        offset - added.map(|(at, count)| (*count).min(offset - at)).sum::<usize>()
    }
}

/// Looks for what is damaged in a text that has errors. `lossy`: what can't be read holds replacement characters, and was
/// reported already.
pub(super) fn explain(source: &Source, lossy: bool) -> Syntax {
    let text: &str = &source.text;
    let mut syntax = Syntax::default();
    let mut left_out: Vec<Range<usize>> = Vec::new();
    let mut inserted: Vec<(usize, &'static str)> = Vec::new();
    // What stands between the two versions of a merge that nobody finished: it is said once, and one version is read.
    let mut merge = Merge::None;
    // Names of the broken header under which everything is left out; `Some("")` up to the next header of one name.
    let mut under: Option<String> = None;
    for statement in statements(text) {
        let written = &text[statement.range.clone()];
        let start = Span::new(source.id, statement.range.clone()).start;
        if let Some(marker) = merge_marker(written) {
            if merge == Merge::None {
                let range = statement.range.start..statement.range.start + written.lines().next().map_or(0, str::len);
                let title = "two versions stand here: a merge was not finished";
                syntax.diagnostics.push(
                    Diagnostic::error(codes::SYNTAX, title)
                        .label(Span::new(source.id, range), "")
                        .help("keep one of them, and delete the lines with `<<<<<<<`, `=======` and `>>>>>>>`"),
                );
            }
            merge = marker;
            left_out.push(statement.range);
            continue;
        }
        if merge == Merge::Second {
            left_out.push(statement.range);
            continue;
        }
        if start == 0 && written.starts_with('{') {
            let title = "this is JSON, and a file of this kind is TOML";
            let range = Span::new(source.id, 0..1);
            let help = "write `[[topic]]` or another header, and below it `key = value`, a line for each";
            syntax.diagnostics.push(Diagnostic::error(codes::SYNTAX, title).label(range, "").help(help));
            left_out.push(0..text.len());
            break;
        }
        if statement.is_header {
            let path = header_path(written);
            if let (Some(broken), Some(path)) = (&under, path)
                && is_below(path, broken)
            {
                left_out.push(statement.range);
                continue;
            }
            under = None;
            let errors = DeTable::parse_recoverable(written).1;
            syntax.headers.push((start, path.map(plain_path)));
            let Some(error) = errors.first() else { continue };
            syntax.diagnostics.push(header(source, &statement, error));
            match path.and_then(|path| missing_bracket(written, path)) {
                Some((at, brackets)) => inserted.push((statement.range.start + at, brackets)),
                None => {
                    under = Some(path.map(plain_path).unwrap_or_default());
                    left_out.push(statement.range);
                }
            }
        } else if under.is_some() || lossy && written.contains(char::REPLACEMENT_CHARACTER) {
            left_out.push(statement.range);
        } else {
            let errors = DeTable::parse_recoverable(written).1;
            if errors.is_empty() && statement.unclosed.is_none() {
                continue;
            }
            syntax.diagnostics.push(match (statement.unclosed, errors.first()) {
                (Some(open), _) => unclosed_value(source, open),
                (None, Some(error)) => key(source, &statement, error),
                (None, None) => continue,
            });
            left_out.push(statement.range);
        }
        if syntax.diagnostics.len() >= MOST_ERRORS {
            left_out.push(left_out.last().map_or(0, |range| range.end)..text.len());
            break;
        }
    }
    syntax.mended = mend(text, &left_out, &inserted);
    syntax.damage.extend(left_out.into_iter().map(|range| {
        let lines = Span::new(source.id, lines(text, range));
        lines.start..lines.end.max(lines.start + 1)
    }));
    leftovers(source, &mut syntax);
    syntax
}

/// Where in an unfinished merge a statement stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Merge {
    None,
    /// Between `<<<<<<<` and `=======`, or behind `>>>>>>>`.
    First,
    /// Between `=======` and `>>>>>>>`.
    Second,
}

/// What stands behind a line that a merge left.
fn merge_marker(written: &str) -> Option<Merge> {
    let line = written.lines().next().unwrap_or("");
    if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") {
        Some(Merge::First)
    } else {
        line.starts_with("=======").then_some(Merge::Second)
    }
}

/// What only the whole text shows: keys and tables given twice.
fn leftovers(source: &Source, syntax: &mut Syntax) {
    let errors = DeTable::parse_recoverable(&syntax.mended.text).1;
    for error in errors {
        if syntax.diagnostics.len() >= MOST_ERRORS {
            break;
        }
        let range = syntax.mended.in_file(error.span().unwrap_or(0..0));
        let at = boundary(&source.text, range.start)..boundary(&source.text, range.end.max(range.start));
        let message = error.message();
        if message == "duplicate key" {
            syntax.diagnostics.push(duplicate(source, at));
            continue;
        }
        let lines = Span::new(source.id, lines(&source.text, at.clone()));
        syntax.diagnostics.push(plain(source, at, message));
        syntax.damage.push(lines.start..lines.end.max(lines.start + 1));
    }
    syntax.damage.sort_by_key(|range| range.start);
}

/// The text with spaces in place of what is left out, line ends kept, and what was missing put in.
fn mend(text: &str, left_out: &[Range<usize>], inserted: &[(usize, &'static str)]) -> Mended {
    let mut mended = Mended::default();
    let mut left_out = left_out.iter().peekable();
    let mut inserted = inserted.iter().peekable();
    for (at, c) in text.char_indices() {
        while let Some((_, letters)) = inserted.next_if(|(place, _)| *place <= at) {
            mended.added.push((mended.text.len(), letters.len()));
            mended.text.push_str(letters);
        }
        while left_out.next_if(|range| range.end <= at).is_some() {}
        match left_out.peek() {
            Some(range) if range.start <= at && c != '\n' => mended.text.extend(std::iter::repeat_n(' ', c.len_utf8())),
            _ => mended.text.push(c),
        }
    }
    for (_, letters) in inserted {
        mended.added.push((mended.text.len(), letters.len()));
        mended.text.push_str(letters);
    }
    mended
}

/// The names of a header without quotes and spaces.
fn plain_path(path: &str) -> String {
    path.chars().filter(|c| !matches!(c, '"' | '\'' | ' ')).collect()
}

/// Whether a header stands below another one, by their names.
pub(super) fn is_below(path: &str, above: &str) -> bool {
    let path = plain_path(path);
    if above.is_empty() {
        return path.contains('.');
    }
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('.'))
}

/// What a header lacks at its end or beginning, where nothing else is wrong with it.
fn missing_bracket(written: &str, path: &str) -> Option<(usize, &'static str)> {
    let opening = written.len() - written.trim_start_matches('[').len();
    let at = written.find(path)? + path.len();
    let closing = written[at..].trim_start().bytes().take_while(|&byte| byte == b']').count();
    let (place, brackets) = match (opening, closing) {
        (2, 0) => (at, "]]"),
        (2, 1) | (1, 0) => (at, "]"),
        (1, 2) => (0, "["),
        _ => return None,
    };
    let mut mended = written.to_owned();
    mended.insert_str(place, brackets);
    DeTable::parse(&mended).is_ok().then_some((place, brackets))
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
        _ if rest.starts_with(['"', '\'']) => {
            let title = "a string between single or double quotes can't run over several lines";
            return Diagnostic::error(codes::SYNTAX, title)
                .label(Span::new(source.id, start..start + 1), "opened here")
                .help("put the text between `'''`");
        }
        _ => ("an inline table", "}"),
    };
    Diagnostic::error(codes::SYNTAX, format!("{what} is never closed"))
        .label(Span::new(source.id, start..start + close.len()), "opened here")
        .help(format!("close it with `{close}`"))
}

/// Where in the file an error of one statement is.
fn place(source: &Source, statement: &Statement, error: &toml::de::Error) -> Range<usize> {
    let at = error.span().unwrap_or(0..0);
    let in_file = |offset: usize| boundary(&source.text, (statement.range.start + offset).min(statement.range.end));
    in_file(at.start)..in_file(at.end.max(at.start))
}

/// What is wrong with a header.
fn header(source: &Source, statement: &Statement, error: &toml::de::Error) -> Diagnostic {
    let written = &source.text[statement.range.clone()];
    let Some(path) = header_path(written) else {
        return plain(source, place(source, statement, error), error.message());
    };
    let double = written.starts_with("[[") || written.contains("]]");
    // `[topic where]` lacks a dot; in `[concept.iron dome]` the space is one too many.
    let has_space = |name: &str| {
        name.trim().contains(' ') && !name.contains(['"', '\'']) && name.chars().any(char::is_alphanumeric)
    };
    let spaced = path.contains('.') && path.split('.').any(has_space);
    let joined: String =
        path.split('.').map(|name| name.split_whitespace().collect::<Vec<_>>().join("-")).collect::<Vec<_>>().join(".");
    let names: Vec<String> = if spaced { joined.as_str() } else { path }
        .split(if path.contains(['"', '\'']) { &['.'][..] } else { &['.', ' '][..] })
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(
            |name| {
                if name.is_ascii() || name.starts_with(['"', '\'']) { name.to_owned() } else { format!("\"{name}\"") }
            },
        )
        .collect();
    let names = names.join(".");
    let right = if double { format!("[[{names}]]") } else { format!("[{names}]") };
    let range = statement.range.start..statement.range.start + written.trim_end().len();
    let title = if spaced {
        "a name in a header has no spaces"
    } else if path.contains(' ') && !path.contains(['"', '\'']) {
        "the names in a header are joined by dots"
    } else if path.is_ascii() {
        "the brackets of this header don't match"
    } else {
        "a name in other letters than a–z needs quotes here"
    };
    Diagnostic::error(codes::SYNTAX, title).label(Span::new(source.id, range), "").help(format!("write `{right}`"))
}

/// What is wrong with a key or its value.
fn key(source: &Source, statement: &Statement, error: &toml::de::Error) -> Diagnostic {
    let at = place(source, statement, error);
    if let Some(diagnostic) = odd_character(source, statement) {
        return diagnostic;
    }
    match slip(&source.text[statement.range.clone()]) {
        Some((title, help)) => {
            // The help may repeat the value, so the label must touch it: what must not be shown goes by that.
            let written = &source.text[statement.range.clone()];
            let line = written.lines().next().unwrap_or("");
            // Of a value without quotes it is the value.
            let from = if title == UNQUOTED { line.find('=').map_or(0, |at| at + 1) } else { 0 };
            let from = from + line[from..].len() - line[from..].trim_start().len();
            let range = statement.range.start + from..statement.range.start + line.len();
            Diagnostic::error(codes::SYNTAX, title).label(Span::new(source.id, range), "").help(help)
        }
        None => plain(source, at, error.message()),
    }
}

/// A character outside the values that looks like another one, or like none.
fn odd_character(source: &Source, statement: &Statement) -> Option<Diagnostic> {
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
            || matches!(c, '＝' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}')
    })?;
    let at = statement.range.start + at;
    let (title, help) = match odd {
        '＝' => ("`＝` is a full-width character".to_owned(), "write `=`"),
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
fn slip(written: &str) -> Option<(String, String)> {
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
    match value.to_lowercase().as_str() {
        "yes" | "on" | "true" | "ja" | "sì" | "si" | "да" => {
            return Some((format!("`{value}` is not a value here"), format!("write `{key} = true`")));
        }
        "no" | "off" | "false" | "nein" | "нет" => {
            return Some((format!("`{value}` is not a value here"), format!("write `{key} = false`")));
        }
        "" => return Some((format!("`{key}` has no value"), "write one, or delete the line".to_owned())),
        _ => {}
    }
    if let Some(inner) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))
        && !inner.contains(['"', '\'', '[', '{', '“', '«'])
    {
        let words: Vec<String> =
            inner.split(',').map(str::trim).filter(|word| !word.is_empty()).map(|word| format!("\"{word}\"")).collect();
        let title = "the words of a list need quotes".to_owned();
        return Some((title, format!("write `{key} = [{}]`", short(&words.join(", ")))));
    }
    if value.starts_with('{') && value.contains(": ") && !value.contains('=') {
        let title = "a key and its value are joined by `=`".to_owned();
        return Some((title, "write `{ key = value }`".to_owned()));
    }
    number(key, value).or_else(|| behind(key, value)).or_else(|| bare(key, value))
}

const UNQUOTED: &str = "string values must be quoted";

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
fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > 60 { format!("{}…", line.chars().take(59).collect::<String>()) } else { line }
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
        "extra `=`" => diagnostic.help("write one `=`"),
        "key with no value" if source.text.trim_start().starts_with('<') => {
            diagnostic.help("this looks like a web page, not like a file of `key = value`")
        }
        "key with no value" => diagnostic.help("write `key = value`; comments begin with `#`"),
        "unquoted keys cannot be empty" => diagnostic.help("write a key before the `=`"),
        "missing escaped value" => diagnostic.help("put the text between single quotes, where `\\` stands for itself"),
        "missing comma between key-value pairs" | "missing comma between array elements" => {
            diagnostic.help("put a comma before it")
        }
        "invalid basic string" | "invalid literal string" if written.is_empty() => {
            let quote = if what == "invalid basic string" { '"' } else { '\'' };
            let diagnostic = Diagnostic { title: "a string is never closed on its line".to_owned(), ..diagnostic };
            diagnostic.help(format!("end it with `{quote}`; a text of several lines stands between `'''`"))
        }
        _ => diagnostic,
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
