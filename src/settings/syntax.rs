//! A file that is not TOML: what is wrong with it in our words, one finding for each slip, and a text without the damage,
//! so that one run also shows what is wrong with the rest.
//!
//! Each statement is parsed by itself. One that can't be is reported and left out; a header whose meaning is plain
//! (`[[topic]`) is mended, so that its table is read; what stands under any other broken header is left out with it.

use std::ops::Range;

use toml::de::DeTable;

use crate::model::{Diagnostic, Source, Span};

use super::codes;
use super::dashes;
use super::slips::{UNQUOTED, odd_character, slip, truth};
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
    // A line of `=` before nothing of the kind is an ornament.
    let last_marker = text.rfind("\n>>>>>>>").unwrap_or(0);
    // Names of the broken header under which everything is left out; `Some("")` up to the next header of one name.
    let mut under: Option<String> = None;
    let mut removed: Vec<Range<usize>> = Vec::new();
    let mut statements = statements(text).into_iter().peekable();
    while let Some(statement) = statements.next() {
        let written = &text[statement.range.clone()];
        let start = Span::new(source.id, statement.range.clone()).start;
        let marker = merge_marker(written);
        if let Some(marker) = marker.filter(|marker| *marker == Merge::First || statement.range.start < last_marker) {
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
            match path.and_then(|path| bracket_mistake(written, path)) {
                Some(Mistake::Missing(at, brackets)) => inserted.push((statement.range.start + at, brackets)),
                Some(Mistake::Surplus(at)) => removed.push(statement.range.start + at..statement.range.start + at + 1),
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
            if let Some(key) = dashes::key_of(written) {
                let is_item = |next: &Statement| dashes::item(&text[next.range.clone()]).is_some();
                let mut items = Vec::new();
                while let Some(item) = statements.next_if(|next| !next.is_header && is_item(next)) {
                    items.push(item.range);
                }
                if !items.is_empty() {
                    syntax.diagnostics.push(dashes::list(source, key, &statement, &items));
                    left_out.push(statement.range);
                    left_out.extend(items);
                    continue;
                }
            }
            syntax.diagnostics.push(match (statement.unclosed, errors.first()) {
                (Some(open), _) => unclosed_value(source, open),
                (None, Some(error)) => key(source, &statement, error),
                (None, None) => continue,
            });
            if written.starts_with('［') {
                // A header, and what follows is below it.
                under = Some(String::new());
            }
            left_out.push(statement.range);
        }
        if syntax.diagnostics.len() >= MOST_ERRORS {
            left_out.push(left_out.last().map_or(0, |range| range.end)..text.len());
            break;
        }
    }
    removed.extend(left_out.iter().cloned());
    removed.sort_by_key(|range| range.start);
    syntax.mended = mend(text, &removed, &inserted);
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

/// Tables that a file may have many of, by their last name; and some that it has one of, where people double the brackets.
const LISTS: [&str; 6] = ["feed", "page", "route", "surge", "test", "topic"];
const SINGLE: [&str; 13] = [
    "where",
    "story",
    "expect",
    "labels",
    "baseline",
    "poll",
    "network",
    "store",
    "rules",
    "http",
    "health",
    "heartbeat",
    "feeds",
];

/// Whether a table of this name is one of many; `None` where nobody knows.
fn is_list(path: &str) -> Option<bool> {
    let path = plain_path(path);
    let mut names = path.split('.');
    let (first, last) = (names.next()?, names.next_back());
    if matches!((first, last), ("concept" | "channel", Some(_))) {
        return Some(false);
    }
    let last = last.unwrap_or(first);
    if LISTS.contains(&last) { Some(true) } else { SINGLE.contains(&last).then_some(false) }
}

/// What is wrong with the brackets of a header.
enum Mistake {
    /// These are missing there.
    Missing(usize, &'static str),
    /// The one there is too many.
    Surplus(usize),
}

/// What a header lacks at its end or beginning, or has too many of, where nothing else is wrong with it.
fn bracket_mistake(written: &str, path: &str) -> Option<Mistake> {
    let opening = written.len() - written.trim_start_matches('[').len();
    let at = written.find(path)? + path.len();
    let closing = written[at..].trim_start().bytes().take_while(|&byte| byte == b']').count();
    let surplus = match (opening, closing) {
        (2, 1) => Some(0),
        (1, 2) => written[at..].find(']').map(|bracket| at + bracket),
        _ => None,
    };
    if let Some(bracket) = surplus.filter(|_| is_list(path) == Some(false)) {
        let mut mended = written.to_owned();
        mended.remove(bracket);
        return DeTable::parse(&mended).is_ok().then_some(Mistake::Surplus(bracket));
    }
    let (place, brackets) = match (opening, closing) {
        (2, 0) => (at, "]]"),
        (2, 1) | (1, 0) => (at, "]"),
        (1, 2) => (0, "["),
        _ => return None,
    };
    let mut mended = written.to_owned();
    mended.insert_str(place, brackets);
    DeTable::parse(&mended).is_ok().then_some(Mistake::Missing(place, brackets))
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
        if let Some(right) = plain_header(written) {
            let range = statement.range.start..statement.range.start + written.trim_end().len();
            return Diagnostic::error(codes::SYNTAX, "a name in a header has only letters, digits, `-` and `_`")
                .label(Span::new(source.id, range), "")
                .help(format!("write `{right}`"));
        }
        if let Some(right) = spread_header(written) {
            let range = statement.range.start..statement.range.start + written.trim_end().len();
            return Diagnostic::error(codes::SYNTAX, "the brackets of a header stand side by side")
                .label(Span::new(source.id, range), "")
                .help(format!("write `{right}`"));
        }
        return plain(source, place(source, statement, error), error.message());
    };
    let double = written.starts_with("[[") || written.contains("]]");
    let double = double && is_list(path) != Some(false);
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

/// `[concept.@nato]`, `[concept:nato]`, without the signs.
fn plain_header(written: &str) -> Option<String> {
    let written = written.trim_end();
    let path = written.trim_matches(['[', ']']);
    let right: String = path
        .chars()
        .filter(|c| !matches!(c, '@' | '#'))
        .map(|c| if matches!(c, ':' | '/' | '\\' | '>') { '.' } else { c })
        .collect();
    if right == path || !right.split('.').all(is_bare_key) {
        return None;
    }
    Some(if written.starts_with("[[") { format!("[[{right}]]") } else { format!("[{right}]") })
}

/// `[ [topic] ]`, without the spaces.
fn spread_header(written: &str) -> Option<String> {
    let right: String = written.chars().filter(|c| !c.is_whitespace()).collect();
    let path = right.strip_prefix("[[")?.strip_suffix("]]")?;
    (right.len() < written.trim_end().len() && is_bare_key(path)).then_some(right)
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
        "string values must be quoted" if let Some(value) = truth(written) => diagnostic.help(format!("write {value}")),
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
        "extra comma in array" | "extra comma in inline table" => diagnostic.help("delete it"),
        "extra assignment between key-value pairs" => diagnostic.help("put a comma between one key and the next"),
        "invalid boolean" => diagnostic.help("write `true` or `false`, in small letters"),
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
