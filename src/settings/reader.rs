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
        self.take_rest()
    }

    /// As [`TableReader::entries`], for a table that is still needed to report on.
    pub fn take_rest(&mut self) -> Vec<(Spanned<String>, Item<'a>)> {
        let rest: Vec<_> = self
            .entries
            .iter_mut()
            .filter_map(|entry| entry.value.take().map(|value| (entry.key.clone(), value)))
            .collect();
        rest.into_iter().filter_map(|(key, value)| self.item(&key.value, value).map(|item| (key, item))).collect()
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
mod tests;
