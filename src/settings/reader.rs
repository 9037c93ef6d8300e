//! Asking a TOML table for its keys.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::model::{Diagnostic, Labels, Source, Span};

use super::syntax::explain;
use super::{TextValue, codes, format_duration, format_size, nearest, parse_duration, parse_size};

/// Where diagnostics are collected while files are read.
#[derive(Debug, Default)]
pub struct Findings(RefCell<Vec<Diagnostic>>);

impl Findings {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&self, diagnostic: Diagnostic) {
        self.0.borrow_mut().push(diagnostic);
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.borrow().iter().any(Diagnostic::is_error)
    }

    /// All of them, by file and place; those without a place last.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut diagnostics = self.0.into_inner();
        diagnostics.sort_by_key(|diagnostic| {
            let place = diagnostic.labels.first().map(|label| label.span);
            (place.is_none(), place)
        });
        diagnostics
    }
}

/// A value and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// A value whose type is for the caller to judge.
#[derive(Debug)]
pub enum Item<'a> {
    /// A string.
    Text(TextValue),
    /// An integer that fits 64 bits.
    Integer(Spanned<i64>),
    /// A number with a fraction, or an integer too large for 64 bits.
    Float(Spanned<f64>),
    /// `true` or `false`.
    Bool(Spanned<bool>),
    /// A date or time.
    Datetime(Span),
    /// An array, inline or of tables.
    Array(Vec<Item<'a>>, Span),
    /// A table, inline or with a header.
    Table(TableReader<'a>),
}

impl Item<'_> {
    /// Where it is written; of a table with a header, the header.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Text(text) => text.span,
            Self::Integer(number) => number.span,
            Self::Float(number) => number.span,
            Self::Bool(value) => value.span,
            Self::Datetime(span) | Self::Array(_, span) => *span,
            Self::Table(table) => table.span(),
        }
    }

    /// Its type with an article, for messages: `a string`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Bool(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::Array(..) => "an array",
            Self::Table(_) => "a table",
        }
    }
}

/// What all tables of a document share.
#[derive(Debug)]
struct Document<'a> {
    source: &'a Source,
    findings: &'a Findings,
    /// Byte ranges in which the file is not TOML; what else seems wrong there is a consequence.
    damage: Vec<std::ops::Range<u32>>,
}

impl Document<'_> {
    fn report(&self, diagnostic: Diagnostic) {
        let consequence = diagnostic
            .labels
            .first()
            .is_some_and(|label| self.damage.iter().any(|line| line.contains(&label.span.start)));
        if !consequence {
            self.findings.add(diagnostic);
        }
    }
}

/// A table whose keys are asked for one by one. What is wrong with a value is reported when it is asked for, and gives
/// `None`, as an absent key does; [`TableReader::finish`] reports what nobody asked for.
#[derive(Debug)]
pub struct TableReader<'a> {
    document: Rc<Document<'a>>,
    entries: Vec<Entry<'a>>,
    index: HashMap<String, usize>,
    span: Span,
    /// How messages call it: `[poll]`, `[[feed]]`, `match`; empty for the top level.
    name: String,
    asked: Vec<&'static str>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: Spanned<String>,
    value: Option<toml::Spanned<DeValue<'a>>>,
}

/// Parses a TOML document. Syntax errors go to `findings`, all of them; what can be read around them is read, so that one
/// run shows everything.
#[must_use]
pub fn read_document<'a>(source: &'a Source, findings: &'a Findings) -> TableReader<'a> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let table = table.into_inner();
    let syntax = explain(source, &table, errors);
    for diagnostic in syntax.diagnostics {
        findings.add(diagnostic);
    }
    let document = Rc::new(Document { source, findings, damage: syntax.damage });
    TableReader::new(document, table, Span::new(source.id, 0..0), String::new())
}

impl<'a> TableReader<'a> {
    fn new(document: Rc<Document<'a>>, table: DeTable<'a>, span: Span, name: String) -> Self {
        let id = document.source.id;
        let mut entries: Vec<Entry<'a>> = table
            .into_iter()
            .map(|(key, value)| {
                let span = Span::new(id, key.span());
                let key: DeString<'a> = key.into_inner();
                Entry { key: Spanned { value: key.into_owned(), span }, value: Some(value) }
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.span);
        let index = entries.iter().enumerate().map(|(at, entry)| (entry.key.value.clone(), at)).collect();
        Self { document, entries, index, span, name, asked: Vec::new() }
    }

    /// Where the table is written: its header `[poll]`, the braces of an inline table, or nothing for the top level.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// How messages call it: `[poll]`, `[[feed]]`, `match`; empty for the top level.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file that it stands in.
    #[must_use]
    pub fn source(&self) -> &'a Source {
        self.document.source
    }

    /// Whether the file has syntax errors, so that what is absent may only not have been read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        !self.document.damage.is_empty()
    }

    /// Adds a finding of the caller's, unless it stands on a line that is not TOML.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.document.report(diagnostic);
    }

    /// Whether the key is there, whatever its value. Counts as not asked for.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.index.contains_key(key)
    }

    /// Where the key (not its value) is written. Works after its value was taken, too.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.index.get(key).and_then(|at| self.entries.get(*at)).map(|entry| entry.key.span)
    }

    /// Reports every one of these keys that is absent (`E005`). Nothing is reported in a file that is not TOML: the key may
    /// stand in the part that could not be read.
    pub fn require(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.asked.push(key);
            if !self.has(key) && self.document.damage.is_empty() {
                let title = format!("{} has no `{key}`", self.title());
                self.report(
                    Diagnostic::error(codes::MISSING_KEY, title).label(self.span, format!("`{key}` is missing here")),
                );
            }
        }
    }

    /// Names keys that are known here although they were not asked for in this case.
    pub fn also_known(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// A string with the way back to the file.
    pub fn text(&mut self, key: &'static str) -> Option<TextValue> {
        match self.value(key)? {
            Item::Text(text) => Some(text),
            other => self.wrong_type(key, "a string", &other),
        }
    }

    /// A string.
    pub fn string(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.text(key).map(|text| Spanned { span: text.span, value: text.text })
    }

    /// An array of strings, each with the way back to the file. Elements of other types are reported and left out.
    pub fn texts(&mut self, key: &'static str) -> Option<Vec<TextValue>> {
        match self.value(key)? {
            Item::Array(items, _) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Item::Text(text) => texts.push(text),
                        other => {
                            let title = format!("`{key}` must be an array of strings, found {} in it", other.kind());
                            self.report(
                                Diagnostic::error(codes::WRONG_TYPE, title).label(other.span(), "expected a string"),
                            );
                        }
                    }
                }
                Some(texts)
            }
            other => self.wrong_type(key, "an array of strings", &other),
        }
    }

    /// An array of strings.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<Spanned<String>>> {
        let texts = self.texts(key)?;
        Some(texts.into_iter().map(|text| Spanned { span: text.span, value: text.text }).collect())
    }

    /// `true` or `false`.
    pub fn bool(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        match self.value(key)? {
            Item::Bool(value) => Some(value),
            other => self.wrong_type(key, "`true` or `false`", &other),
        }
    }

    /// An integer within a range.
    pub fn integer(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<Spanned<i64>> {
        match self.value(key)? {
            Item::Integer(number) if range.contains(&number.value) => Some(number),
            Item::Integer(number) => {
                let bounds = if *range.end() == i64::MAX {
                    format!("at least {}", range.start())
                } else {
                    format!("between {} and {}", range.start(), range.end())
                };
                self.report(
                    Diagnostic::error(codes::BAD_VALUE, format!("`{key}` must be {bounds}")).label(number.span, ""),
                );
                None
            }
            other => self.wrong_type(key, "an integer", &other),
        }
    }

    /// A finite number, written as an integer or with a fraction.
    pub fn number(&mut self, key: &'static str) -> Option<Spanned<f64>> {
        match self.value(key)? {
            #[expect(clippy::cast_precision_loss, reason = "thresholds and factors; nobody counts past 2^53 in a file")]
            Item::Integer(number) => Some(Spanned { value: number.value as f64, span: number.span }),
            Item::Float(number) if number.value.is_finite() => Some(number),
            Item::Float(number) => {
                let title = format!("`{key}` must be a finite number");
                self.report(Diagnostic::error(codes::BAD_VALUE, title).label(number.span, ""));
                None
            }
            other => self.wrong_type(key, "a number", &other),
        }
    }

    /// A duration with its unit, `15m`, within a range.
    pub fn duration(&mut self, key: &'static str, range: RangeInclusive<Duration>) -> Option<Spanned<Duration>> {
        let text = match self.value(key)? {
            Item::Text(text) => text,
            other => return self.wrong_type(key, "a duration such as `\"15m\"`", &other),
        };
        match parse_duration(&text.text) {
            Ok(value) if range.contains(&value) => Some(Spanned { value, span: text.span }),
            Ok(_) => {
                let bounds = if *range.end() == Duration::MAX {
                    format!("at least {}", format_duration(*range.start()))
                } else {
                    format!("between {} and {}", format_duration(*range.start()), format_duration(*range.end()))
                };
                self.report(
                    Diagnostic::error(codes::BAD_VALUE, format!("`{key}` must be {bounds}")).label(text.content(), ""),
                );
                None
            }
            Err(why) => {
                self.report(
                    Diagnostic::error(codes::BAD_VALUE, format!("`{key}` is not a duration"))
                        .label(text.content(), why)
                        .help("write whole numbers with a unit: `ms`, `s`, `m`, `h`, `d` or `w`, as in `\"1h 30m\"`"),
                );
                None
            }
        }
    }

    /// A size in bytes, `4 MiB`, within a range.
    pub fn size(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<Spanned<u64>> {
        let text = match self.value(key)? {
            Item::Text(text) => text,
            other => return self.wrong_type(key, "a size such as `\"4 MiB\"`", &other),
        };
        match parse_size(&text.text) {
            Ok(value) if range.contains(&value) => Some(Spanned { value, span: text.span }),
            Ok(_) => {
                let title = format!(
                    "`{key}` must be between {} and {}",
                    format_size(*range.start()),
                    format_size(*range.end())
                );
                self.report(Diagnostic::error(codes::BAD_VALUE, title).label(text.content(), ""));
                None
            }
            Err(why) => {
                self.report(
                    Diagnostic::error(codes::BAD_VALUE, format!("`{key}` is not a size"))
                        .label(text.content(), why)
                        .help("write a whole number with a unit: `kB`, `MB`, `KiB`, `MiB`, as in `\"4 MiB\"`"),
                );
                None
            }
        }
    }

    /// One of a few words.
    pub fn one_of<T: Clone>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<Spanned<T>> {
        let text = self.text(key)?;
        let choice = self.choose(key, &text, choices)?;
        Some(Spanned { value: choice, span: text.span })
    }

    /// The choice that a text names; another text is reported.
    pub fn choose<T: Clone>(&self, key: &str, text: &TextValue, choices: &[(&str, T)]) -> Option<T> {
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.text) {
            return Some(value.clone());
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let mut diagnostic = Diagnostic::error(codes::BAD_VALUE, format!("`{key}` can't be `{}`", short(&text.text)))
            .label(text.content(), format!("expected {}", list(&words, "or")));
        if let Some(near) = nearest(&text.text, words.iter().copied()) {
            diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
        }
        self.report(diagnostic);
        None
    }

    /// A table of strings by free keys, with the place of each: `{ desk = "asia" }`, in the order of the file.
    pub fn string_map(&mut self, key: &'static str) -> Option<Vec<(Spanned<String>, TextValue)>> {
        let table = self.table(key)?;
        let document = Rc::clone(&table.document);
        let mut map = Vec::new();
        for (name, item) in table.entries() {
            match item {
                Item::Text(text) => map.push((name, text)),
                other => {
                    let title = format!("`{}` in `{key}` must be a string, found {}", short(&name.value), other.kind());
                    let mut diagnostic =
                        Diagnostic::error(codes::WRONG_TYPE, title).label(other.span(), "expected a string");
                    if let Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_) = &other
                        && let Some(written) = document.source.text.get(other.span().range())
                    {
                        diagnostic = diagnostic.help(format!("write \"{written}\""));
                    }
                    document.report(diagnostic);
                }
            }
        }
        Some(map)
    }

    /// Labels: a table of strings by free keys.
    pub fn labels(&mut self, key: &'static str) -> Option<Labels> {
        Some(self.string_map(key)?.into_iter().map(|(name, text)| (name.value, text.text)).collect())
    }

    /// A table, inline or with a header.
    pub fn table(&mut self, key: &'static str) -> Option<TableReader<'a>> {
        match self.value(key)? {
            Item::Table(table) => Some(table),
            other => {
                if let Item::Array(items, span) = &other
                    && items.iter().all(|item| matches!(item, Item::Table(_)))
                {
                    let title = format!("`{key}` must be one table, found a list of tables");
                    self.report(
                        Diagnostic::error(codes::WRONG_TYPE, title)
                            .label(*span, "")
                            .help(format!("write `[{key}]` with single brackets, once")),
                    );
                    return None;
                }
                self.wrong_type(key, "a table", &other)
            }
        }
    }

    /// A list of tables, `[[feed]]` or inline; empty where there is none. Elements of other types are reported and left out.
    pub fn tables(&mut self, key: &'static str) -> Vec<TableReader<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value {
            Item::Array(items, _) => {
                let mut tables = Vec::with_capacity(items.len());
                for item in items {
                    match item {
                        Item::Table(table) => tables.push(table),
                        other => {
                            let title = format!("`{key}` must be a list of tables, found {} in it", other.kind());
                            self.report(
                                Diagnostic::error(codes::WRONG_TYPE, title).label(other.span(), "expected a table"),
                            );
                        }
                    }
                }
                tables
            }
            Item::Table(table) => {
                let title = format!("`{key}` must be a list of tables, found one table");
                let help = if table.name.starts_with('[') {
                    format!("write `[{}]` with double brackets", table.name)
                } else {
                    "put it into square brackets: `[{ … }]`".to_owned()
                };
                self.report(Diagnostic::error(codes::WRONG_TYPE, title).label(table.span, "").help(help));
                Vec::new()
            }
            other => {
                let _: Option<()> = self.wrong_type(key, "a list of tables", &other);
                Vec::new()
            }
        }
    }

    /// Tables by free names, `[channel.NAME]`, in the order of the file; empty where there is none. What is not a table is
    /// reported and left out.
    pub fn named_tables(&mut self, key: &'static str) -> Vec<(Spanned<String>, TableReader<'a>)> {
        let Some(table) = self.table(key) else { return Vec::new() };
        let document = Rc::clone(&table.document);
        let mut tables = Vec::new();
        for (name, item) in table.entries() {
            match item {
                Item::Table(table) => tables.push((name, table)),
                other => {
                    let shown = short(&name.value);
                    let title = format!("`{shown}` in `{key}` must be a table, found {}", other.kind());
                    document.report(
                        Diagnostic::error(codes::WRONG_TYPE, title)
                            .label(other.span(), "expected a table")
                            .help(format!("write `[{key}.NAME]` above it")),
                    );
                }
            }
        }
        tables
    }

    /// The value, whatever its type.
    pub fn value(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let at = *self.index.get(key)?;
        let value = self.entries.get_mut(at)?.value.take()?;
        self.item(key, value)
    }

    /// All keys that were not taken yet, in the order of the file; none of them is unknown then.
    #[must_use]
    pub fn entries(mut self) -> Vec<(Spanned<String>, Item<'a>)> {
        let entries = std::mem::take(&mut self.entries);
        entries
            .into_iter()
            .filter_map(|entry| {
                let item = self.item(&entry.key.value, entry.value?)?;
                Some((entry.key, item))
            })
            .collect()
    }

    /// Reports every key that nobody asked for (`E002`), with the nearest known one.
    pub fn finish(mut self) {
        let mut known: Vec<&str> = self.asked.clone();
        known.sort_unstable();
        known.dedup();
        let entries = std::mem::take(&mut self.entries);
        for entry in &entries {
            if entry.value.is_none() || known.contains(&entry.key.value.as_str()) {
                continue;
            }
            let title = if self.name.is_empty() {
                format!("unknown key `{}`", short(&entry.key.value))
            } else {
                format!("unknown key `{}` in `{}`", short(&entry.key.value), self.name)
            };
            let mut diagnostic = Diagnostic::error(codes::UNKNOWN_KEY, title).label(entry.key.span, "");
            if let Some(near) = nearest(&entry.key.value, known.iter().copied()) {
                diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
            } else if !known.is_empty() {
                diagnostic = diagnostic.help(format!("known here: {}", list(&known, "and")));
            }
            self.report(diagnostic);
        }
    }

    /// The table's name for the beginning of a title.
    fn title(&self) -> String {
        if self.name.is_empty() { "the file".to_owned() } else { format!("`{}`", self.name) }
    }

    fn wrong_type<T>(&self, key: &str, expected: &str, found: &Item<'_>) -> Option<T> {
        let mut diagnostic =
            Diagnostic::error(codes::WRONG_TYPE, format!("`{key}` must be {expected}, found {}", found.kind()))
                .label(found.span(), format!("expected {expected}"));
        let written = self.document.source.text.get(found.span().range()).unwrap_or("");
        match (expected, found) {
            ("an array of strings", Item::Text(text)) => {
                diagnostic = diagnostic.help(format!("write [\"{}\"]", short(&text.text)));
            }
            ("`true` or `false`", Item::Text(text)) => {
                diagnostic = diagnostic.help(match text.text.to_lowercase().as_str() {
                    "true" | "yes" | "on" | "1" => "write true without quotes",
                    "false" | "no" | "off" | "0" => "write false without quotes",
                    _ => "write true or false without quotes",
                });
            }
            ("an integer" | "a number", Item::Text(text)) if text.text.parse::<f64>().is_ok() => {
                diagnostic = diagnostic.help(format!("write {} without quotes", short(&text.text)));
            }
            ("a string", Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_)) => {
                diagnostic = diagnostic.help(format!("write \"{written}\""));
            }
            (expected, Item::Integer(_)) if expected.starts_with("a duration") => {
                diagnostic =
                    diagnostic.help(format!("write it with its unit, such as \"{written}s\" or \"{written}m\""));
            }
            (expected, Item::Integer(_)) if expected.starts_with("a size") => {
                diagnostic = diagnostic.help(format!("write it with its unit, such as \"{written} MiB\""));
            }
            _ => {}
        }
        self.report(diagnostic);
        None
    }

    /// `None` where the file is not TOML and the parser put something in the place of the value.
    fn item(&self, key: &str, value: toml::Spanned<DeValue<'a>>) -> Option<Item<'a>> {
        let range = value.span();
        let span = Span::new(self.document.source.id, range.clone());
        Some(match value.into_inner() {
            DeValue::String(text) => Item::Text(TextValue::new(self.document.source, span, text.into_owned())),
            DeValue::Integer(_) if range.is_empty() => return None,
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(value) => Item::Integer(Spanned { value, span }),
                Err(_) => Item::Float(Spanned { value: number.as_str().parse().unwrap_or(f64::INFINITY), span }),
            },
            DeValue::Float(number) => Item::Float(Spanned { value: number.as_str().parse().unwrap_or(f64::NAN), span }),
            DeValue::Boolean(value) => Item::Bool(Spanned { value, span }),
            DeValue::Datetime(_) => Item::Datetime(span),
            DeValue::Array(items) => Item::Array(self.items(key, items), span),
            DeValue::Table(table) => {
                let name = self.name_of(key, span);
                Item::Table(Self::new(Rc::clone(&self.document), table, span, name))
            }
        })
    }

    fn items(&self, key: &str, items: DeArray<'a>) -> Vec<Item<'a>> {
        items.into_iter().filter_map(|item| self.item(key, item)).collect()
    }

    /// A table with a header is called by the header as written, an inline one by its key.
    fn name_of(&self, key: &str, span: Span) -> String {
        match self.document.source.text.get(span.range()) {
            Some(header) if header.starts_with('[') && header.len() <= 120 => header.to_owned(),
            _ => short(key),
        }
    }
}

/// At most 60 letters of a text, on one line, for messages.
fn short(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(61).collect();
    if line.chars().count() > 60 { format!("{}…", line.chars().take(59).collect::<String>()) } else { line }
}

/// `` `a`, `b` and `c` ``.
fn list(words: &[&str], and: &str) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} {and} `{last}`", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Report, SourceId};

    /// What is said about a file, one line each, after `read` asked for what it wants.
    fn said(file: &str, read: impl FnOnce(TableReader<'_>)) -> Vec<String> {
        let source = Source::new(SourceId(0), "f.toml", file);
        let findings = Findings::new();
        read(read_document(&source, &findings));
        let diagnostics = findings.into_diagnostics();
        let report = Report { sources: vec![source.clone()], diagnostics };
        report.to_string().lines().map(str::to_owned).collect()
    }

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn all_mistakes_of_a_file_are_reported_in_one_run() {
        let file = "colour = 1\n[poll]\nintervall = \"5m\"\nfirst_poll = \"some\"\n[[feed]]\nurl = 7\ninterval = 15\n\
                    labels = { country = 1 }\nfull_text = \"yes\"\n[[feed]]\nname = \"città\"\n";
        let lines = said(file, |mut root| {
            if let Some(mut poll) = root.table("poll") {
                poll.duration("interval", Duration::ZERO..=DAY);
                poll.one_of("first_poll", &[("recent", 1), ("all", 2), ("none", 3)]);
                poll.finish();
            }
            for mut feed in root.tables("feed") {
                feed.require(&["url"]);
                feed.string("url");
                feed.string("name");
                feed.duration("interval", Duration::ZERO..=DAY);
                feed.labels("labels");
                feed.bool("full_text");
                feed.finish();
            }
            root.finish();
        });
        assert_eq!(
            lines,
            [
                "f.toml:1:1: error[E002]: unknown key `colour` (hint: known here: `feed` and `poll`)",
                "f.toml:3:1: error[E002]: unknown key `intervall` in `[poll]` (hint: did you mean `interval`?)",
                "f.toml:4:15: error[E004]: `first_poll` can't be `some`",
                "f.toml:6:7: error[E003]: `url` must be a string, found an integer (hint: write \"7\")",
                "f.toml:7:12: error[E003]: `interval` must be a duration such as `\"15m\"`, found an integer (hint: write \
                 it with its unit, such as \"15s\" or \"15m\")",
                "f.toml:8:22: error[E003]: `country` in `labels` must be a string, found an integer (hint: write \"1\")",
                "f.toml:9:13: error[E003]: `full_text` must be `true` or `false`, found a string (hint: write true without \
                 quotes)",
                "f.toml:10:1: error[E005]: `[[feed]]` has no `url`",
            ]
        );
    }

    #[test]
    fn syntax_errors_are_all_reported_and_what_can_be_read_is_checked_too() {
        let file = "[poll\ninterval = \"5m\"\nq = 15m\n[network]\nallow = [\"a\", \nuser = \"x\"\ncolor = 1\n";
        let lines = said(file, |mut root| {
            if let Some(mut poll) = root.table("poll") {
                poll.duration("interval", Duration::ZERO..=DAY);
                poll.string("q");
                poll.finish();
            }
            root.finish();
        });
        assert_eq!(
            lines,
            [
                "f.toml:1:6: error[E001]: unclosed table",
                "f.toml:4:2: error[E002]: unknown key `network` (hint: known here: `poll`)",
                "f.toml:5:9: error[E001]: an array is never closed (hint: close it with `]`)",
            ]
        );
    }

    #[test]
    fn every_slip_of_the_pen_has_its_own_words() {
        for (file, words) in [
            ("a = 15m\n", "1:5: error[E001]: string values must be quoted (hint: write \"15m\")"),
            ("a = “x”\n", "1:5: error[E001]: string values must be quoted (hint: write \"x\")"),
            ("a = \"x\nb = \"y\"\n", "1:7: error[E001]: a string is never closed"),
            ("a = '''x\nb = 1\n", "1:5: error[E001]: a multi-line string is never closed (hint: close it with `'''`)"),
            ("a = { b = 1\nc = 2\n", "1:5: error[E001]: an inline table is never closed (hint: close it with `}`)"),
            ("a = [1,\nb = 2\nc = 3\n", "1:5: error[E001]: an array is never closed (hint: close it with `]`)"),
            ("a : 1\n", "1:3: error[E001]: key with no value"),
            ("ключ = 1\n", "1:1: error[E001]: invalid unquoted key (hint: write \"ключ\" with quotes)"),
            (
                "a = \"C:\\dir\"\n",
                "1:9: error[E001]: missing escaped value (hint: put the text between single quotes, where `\\` stands for \
                 itself)",
            ),
        ] {
            let lines = said(file, |mut root| {
                for key in ["a", "b", "c"] {
                    root.value(key);
                }
                root.also_known(&["ключ"]);
                root.finish();
            });
            assert_eq!(lines, [format!("f.toml:{words}")], "{file}");
        }
    }

    #[test]
    fn a_broken_line_is_reported_once_and_its_consequences_are_not() {
        let lines = said("url = \nname = \"x\n", |mut root| {
            root.require(&["url", "id"]);
            root.string("url");
            root.string("name");
            root.finish();
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines.iter().all(|line| line.contains("E001")), "{lines:#?}");
    }

    #[test]
    fn keys_and_tables_given_twice_are_errors() {
        let lines = said("a = 1\na = 2\n[t]\nx = 1\n[t]\ny = 1\n", |mut root| {
            root.integer("a", 0..=9);
            if let Some(table) = root.table("t") {
                let _: Vec<_> = table.entries();
            }
            root.finish();
        });
        assert_eq!(lines.len(), 2, "{lines:#?}");
        assert!(lines[0].starts_with("f.toml:2:1: error[E006]: `a` is given twice"), "{lines:#?}");
        assert!(lines[1].starts_with("f.toml:5:2: error[E006]: `t` is given twice"), "{lines:#?}");
    }

    #[test]
    fn brackets_of_the_wrong_number_get_their_own_hint() {
        let lines = said("[feed]\nurl = \"x\"\n[[poll]]\ninterval = \"1m\"\n", |mut root| {
            assert!(root.tables("feed").is_empty());
            assert!(root.table("poll").is_none());
            root.finish();
        });
        assert_eq!(
            lines,
            [
                "f.toml:1:1: error[E003]: `feed` must be a list of tables, found one table (hint: write `[[feed]]` with \
                 double brackets)",
                "f.toml:3:1: error[E003]: `poll` must be one table, found a list of tables (hint: write `[poll]` with \
                 single brackets, once)",
            ]
        );
    }

    #[test]
    fn free_names_come_in_the_order_of_the_file() {
        let file = "[concept.zulu]\nany = [\"z\"]\n[concept.\"россия\"]\nru = [\"росси*\"]\n[concept]\nbad = 1\n";
        let mut names = Vec::new();
        let lines = said(file, |mut root| {
            for (name, table) in root.named_tables("concept") {
                assert!(table.name().starts_with("[concept."), "{}", table.name());
                names.push(name.value);
                let _: Vec<_> = table.entries();
            }
            root.finish();
        });
        assert_eq!(names, ["zulu", "россия"]);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].starts_with("f.toml:6:7: error[E003]: `bad` in `concept` must be a table"), "{lines:#?}");
    }

    #[test]
    fn a_value_may_have_one_of_several_types() {
        let source = Source::new(SourceId(0), "f.toml", "a = \"high\"\nb = { notice = 25, high = 0x28 }\nc = 3.5\n");
        let findings = Findings::new();
        let mut root = read_document(&source, &findings);
        assert!(matches!(root.value("a"), Some(Item::Text(text)) if text.text == "high"));
        let Some(Item::Table(mut table)) = root.value("b") else { panic!("a table") };
        assert_eq!(table.integer("high", 0..=99).map(|n| n.value), Some(40));
        assert_eq!(table.number("notice").map(|n| n.value), Some(25.0));
        table.finish();
        assert_eq!(root.number("c").map(|n| n.value), Some(3.5));
        root.finish();
        assert_eq!(findings.into_diagnostics(), []);
    }

    #[test]
    fn limits_hold_at_their_ends_and_no_further() {
        let file = "a = 1\nb = 5\nc = 0\nd = 6\ne = \"1s\"\nf = \"24h\"\ng = \"999ms\"\nh = \"86401s\"\ni = 99999999999999999999\n";
        let lines = said(file, |mut root| {
            let range = Duration::from_secs(1)..=DAY;
            assert!(root.integer("a", 1..=5).is_some() && root.integer("b", 1..=5).is_some());
            assert!(root.integer("c", 1..=5).is_none() && root.integer("d", 1..=5).is_none());
            assert!(root.duration("e", range.clone()).is_some() && root.duration("f", range.clone()).is_some());
            assert!(root.duration("g", range.clone()).is_none() && root.duration("h", range).is_none());
            assert!(root.integer("i", 0..=5).is_none());
            root.finish();
        });
        assert_eq!(lines.len(), 5, "{lines:#?}");
        assert_eq!(lines[2], "f.toml:7:6: error[E004]: `g` must be between 1s and 1d");
    }

    #[test]
    fn files_with_windows_line_ends_and_any_script_have_right_places() {
        let lines =
            said("\u{feff}# настройки\r\n[poll]\r\n間隔 = 1\r\nинтервал = 2\r\n", |mut root| {
                if let Some(mut poll) = root.table("poll") {
                    poll.string("interval");
                    poll.finish();
                }
                root.finish();
            });
        // Bare keys are ASCII in TOML 1.0; the parser says so, at the right place.
        assert!(lines[0].starts_with("f.toml:3:1: error[E001]"), "{lines:#?}");
        assert!(lines[1].starts_with("f.toml:4:1: error[E001]"), "{lines:#?}");
    }

    proptest::proptest! {
        /// Whatever stands in the file, reading ends, and every place lies inside the text on a letter's border.
        #[test]
        fn no_file_makes_the_reader_fail(file in r#"([a-z]{1,2}|[=\[\]\{\}"'#,.\n\\ ]|"""|'''|1|true|я|中|= "x"\n|\[\[a\]\]\n|\r\n){0,60}"#) {
            let source = Source::new(SourceId(0), "f.toml", file.as_str());
            let findings = Findings::new();
            let mut root = read_document(&source, &findings);
            root.text("a");
            root.tables("b");
            root.duration("c", Duration::ZERO..=DAY);
            root.require(&["q"]);
            root.finish();
            for diagnostic in findings.into_diagnostics() {
                for label in diagnostic.labels {
                    proptest::prop_assert!(source.text.get(label.span.range()).is_some(), "{:?}", label);
                }
            }
        }
    }
}
