//! Asking a TOML table for its keys.

mod help;
mod tables;
mod values;

pub use self::help::as_list;

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::model::{Diagnostic, Source, Span};

use super::document::Shared;
use super::{Item, Spanned, TextValue, codes, nearest};

/// Keys of a table that are looked through one by one.
const FEW_KEYS: usize = 16;

/// A table whose keys are asked for one by one. What is wrong with a value is reported when it is asked for, and gives
/// `None`, as an absent key does; [`TableReader::finish`] reports what nobody asked for.
#[derive(Debug)]
pub struct TableReader<'a> {
    document: &'a Shared<'a>,
    entries: Vec<Entry<'a>>,
    /// Where each key stands in `entries`; only where there are many, since files may have a hundred thousand small tables.
    index: Option<HashMap<String, usize>>,
    span: Span,
    /// How messages call it: `[poll]`, `[[feed]]`, `match`; empty for the top level.
    name: String,
    asked: Vec<&'static str>,
    /// What to say of keys that are not known here but elsewhere, or by another name.
    hints: Vec<(&'static [&'static str], &'static str)>,
    /// Of keys, what to write where it has a value of another type, or is missing.
    usage: &'static [(&'static str, &'static str)],
    /// Required keys that seem to stand there in another form.
    doubtful: Vec<&'static str>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: Spanned<String>,
    value: Option<toml::Spanned<DeValue<'a>>>,
}

impl<'a> TableReader<'a> {
    pub(super) fn new(document: &'a Shared<'a>, table: DeTable<'a>, span: Span, name: String) -> Self {
        let mut entries: Vec<Entry<'a>> = table
            .into_iter()
            .map(|(key, value)| {
                let span = document.span(key.span());
                let key: DeString<'a> = key.into_inner();
                Entry { key: Spanned { value: key.into_owned(), span }, value: Some(value) }
            })
            .collect();
        entries.sort_by_key(|entry| entry.key.span);
        let positions = || entries.iter().enumerate().map(|(at, entry)| (entry.key.value.clone(), at)).collect();
        let index = (entries.len() > FEW_KEYS).then(positions);
        Self {
            document,
            entries,
            index,
            span,
            name,
            asked: Vec::new(),
            hints: Vec::new(),
            usage: &[],
            doubtful: Vec::new(),
        }
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

    /// Whether there are syntax errors in the table or in the tables below it, so that what is absent may only not have
    /// been read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.document.is_damaged(self.span, self.name.is_empty())
    }

    /// Adds a finding of the caller's, unless it stands on a line that is not TOML.
    pub fn report(&self, diagnostic: Diagnostic) {
        self.document.report(diagnostic);
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|entry| entry.key.value == key),
        }
    }

    /// Whether the key is there, whatever its value. Counts as not asked for.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Where the key (not its value) is written. Works after its value was taken, too.
    #[must_use]
    pub fn key_span(&self, key: &str) -> Option<Span> {
        self.position(key).and_then(|at| self.entries.get(at)).map(|entry| entry.key.span)
    }

    /// Reports every one of these keys that is absent (`E005`). Nothing is reported where the table is damaged: the key may
    /// stand in the part that could not be read.
    pub fn require(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.asked.push(key);
            if !self.has(key) && !self.is_damaged() {
                if self.has_other_form(key) {
                    self.doubtful.push(key);
                } else {
                    self.missing(key);
                }
            }
        }
    }

    fn missing(&self, key: &str) {
        let title = format!("{} has no `{key}`", self.title());
        let mut diagnostic =
            Diagnostic::error(codes::MISSING_KEY, title).label(self.span, format!("`{key}` is missing here"));
        diagnostic.help.extend(self.usage(key).map(str::to_owned));
        self.report(diagnostic);
    }

    /// Names keys that are known here although they were not asked for in this case.
    pub fn also_known(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// What to write instead of keys that are not known here, if they are found: they belong into another table, or have
    /// another name in other products.
    pub fn hint(&mut self, keys: &'static [&'static str], help: &'static str) {
        self.hints.push((keys, help));
    }

    /// Says of keys what to write where their value has another type, or where they are missing: `` write `id = "x"` ``.
    pub const fn explain(&mut self, usage: &'static [(&'static str, &'static str)]) {
        self.usage = usage;
    }

    /// What to write for a key.
    pub(super) fn usage(&self, key: &str) -> Option<&'static str> {
        self.usage.iter().find(|(known, _)| *known == key).map(|(_, help)| *help)
    }

    /// Whether a key seems to stand there as another one, which will be reported as unknown if nobody asks for it: in other letters (`Id`), as one or as
    /// several (`topic`), or by a name for which there is a hint.
    fn has_other_form(&self, key: &str) -> bool {
        let stem = |key: &str| key.trim_end_matches('s').to_ascii_lowercase();
        let meant = format!("did you mean `{key}`?");
        let hinted = |written: &str| self.hints.iter().any(|(names, help)| *help == meant && names.contains(&written));
        let is_other = |written: &str| stem(written) == stem(key) || hinted(written);
        let is_unknown = |entry: &Entry<'_>| entry.value.is_some() && !self.asked.contains(&entry.key.value.as_str());
        self.entries.iter().any(|entry| is_unknown(entry) && is_other(&entry.key.value))
    }

    /// Whether there are keys that nobody asked for yet.
    #[must_use]
    pub fn has_unknown(&self) -> bool {
        self.entries.iter().any(|entry| entry.value.is_some() && !self.asked.contains(&entry.key.value.as_str()))
    }

    /// Whether the value of a key, not asked for yet, is a list with nothing in it.
    #[must_use]
    pub fn is_empty_list(&self, key: &str) -> bool {
        let value = self.position(key).and_then(|at| self.entries.get(at)).and_then(|entry| entry.value.as_ref());
        value.is_some_and(|value| matches!(value.get_ref(), DeValue::Array(items) if items.is_empty()))
    }

    /// Whether the value of a key, not asked for yet, is a text.
    #[must_use]
    pub fn holds_text(&self, key: &str) -> bool {
        let value = self.position(key).and_then(|at| self.entries.get(at)).and_then(|entry| entry.value.as_ref());
        value.is_some_and(|value| matches!(value.get_ref(), DeValue::String(_)))
    }

    /// Whether the value of a key, not asked for yet, is `true` or `false`.
    #[must_use]
    pub fn holds_bool(&self, key: &str) -> bool {
        let value = self.position(key).and_then(|at| self.entries.get(at)).and_then(|entry| entry.value.as_ref());
        value.is_some_and(|value| matches!(value.get_ref(), DeValue::Boolean(_)))
    }

    /// Whether there is a key that nobody knows and that may be meant to be one of these.
    #[must_use]
    pub fn may_mean(&self, keys: &[&str]) -> bool {
        let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let hinted = |written: &str| {
            let said = |help: &str| quoted.iter().any(|key| help.contains(key.as_str()));
            self.hints.iter().any(|(names, help)| names.contains(&written) && said(help))
        };
        self.entries.iter().filter(|entry| entry.value.is_some()).map(|entry| entry.key.value.as_str()).any(|written| {
            !self.asked.contains(&written) && (hinted(written) || nearest(written, keys.iter().copied()).is_some())
        })
    }

    /// The value, whatever its type.
    pub fn value(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let at = self.position(key)?;
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
        for key in std::mem::take(&mut self.doubtful) {
            if !self.has_other_form(key) {
                self.missing(key);
            }
        }
        if self.entries.iter().all(|entry| entry.value.is_none()) {
            return;
        }
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
            let hint = |(keys, _): &&(&[&str], &str)| keys.contains(&entry.key.value.as_str());
            if let Some((_, help)) = self.hints.iter().find(hint) {
                diagnostic = diagnostic.help(*help);
            } else if let Some(near) = nearest(&entry.key.value, known.iter().copied()) {
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

    /// `None` where the file is not TOML and the parser put something in the place of the value.
    fn item(&self, key: &str, value: toml::Spanned<DeValue<'a>>) -> Option<Item<'a>> {
        let range = value.span();
        let span = self.document.span(range.clone());
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
                Item::Table(Self::new(self.document, table, span, name))
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
