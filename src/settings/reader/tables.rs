//! Tables in tables: one, a list of them, several by free names.

use toml::de::DeValue;

use crate::model::{Diagnostic, Span};

use super::super::{Item, Spanned, codes};
use super::{TableReader, short};

impl<'a> TableReader<'a> {
    /// A table, inline or with a header.
    pub fn table(&mut self, key: &'static str) -> Option<TableReader<'a>> {
        self.one_table(key, None)
    }

    fn one_table(&mut self, key: &'static str, help: Option<String>) -> Option<TableReader<'a>> {
        match self.value(key)? {
            Item::Table(table) => Some(table),
            other => {
                if let Item::Array(items, span) = &other
                    && !items.is_empty()
                    && items.iter().all(|item| matches!(item, Item::Table(_)))
                {
                    let title = format!("`{key}` must be one table, found a list of tables");
                    let single = match self.header(*span) {
                        Some(header) => format!("write `[{header}]` with single brackets, once"),
                        None => "write one table, without square brackets: `{ … }`".to_owned(),
                    };
                    let help = help.unwrap_or(single);
                    self.report(Diagnostic::error(codes::WRONG_TYPE, title).label(*span, "").help(help));
                    return None;
                }
                self.wrong_type_with(key, "a table", &other, help)
            }
        }
    }

    /// A list of tables, `[[feed]]` or inline; empty where there is none. Elements of other types are reported and left out.
    pub fn tables(&mut self, key: &'static str) -> Vec<TableReader<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        match value {
            Item::Array(items, _) => {
                let mut tables = Vec::with_capacity(items.len());
                // What is wrong with one is mostly wrong with all.
                let mut wrong: Option<Diagnostic> = None;
                for item in items {
                    let other = match item {
                        Item::Table(table) => {
                            tables.push(table);
                            continue;
                        }
                        other => other,
                    };
                    wrong = Some(match wrong {
                        Some(first) if first.labels.len() < MOST_LABELS => first.label(other.span(), "nor this"),
                        Some(first) => first,
                        None => {
                            let title = format!("`{key}` must be a list of tables, found {} in it", other.kind());
                            let mut diagnostic =
                                Diagnostic::error(codes::WRONG_TYPE, title).label(other.span(), "expected a table");
                            diagnostic.help.extend(self.usage(key).map(str::to_owned));
                            diagnostic
                        }
                    });
                }
                if let Some(wrong) = wrong {
                    self.report(wrong);
                }
                tables
            }
            Item::Table(table) => {
                let title = format!("`{key}` must be a list of tables, found one table");
                let inline =
                    self.document.source.text.get(table.span.range()).is_some_and(|text| text.starts_with('{'));
                let help = if table.name.starts_with('[') {
                    format!("write `[[{}]]` with double brackets", table.name.trim_matches(['[', ']']))
                } else if !inline {
                    format!("write `[[{key}]]` first, with its keys, and what belongs to it below")
                } else {
                    "put it into square brackets: `[{ … }]`".to_owned()
                };
                let mut diagnostic = Diagnostic::error(codes::WRONG_TYPE, title).label(table.span, "").help(help);
                if inline {
                    diagnostic.help.extend(self.usage(key).map(str::to_owned));
                }
                self.report(diagnostic);
                Vec::new()
            }
            other => {
                let _: Option<()> = self.wrong_type(key, "a list of tables", &other);
                Vec::new()
            }
        }
    }

    /// The names of what stands in a table, whether or not it can be read. Counts as not asked for.
    #[must_use]
    pub fn names(&self, key: &str) -> Vec<String> {
        let value = self.position(key).and_then(|at| self.entries[at].value.as_ref());
        match value.map(toml::Spanned::get_ref) {
            Some(DeValue::Table(table)) => table.keys().map(|name| name.get_ref().to_string()).collect(),
            _ => Vec::new(),
        }
    }

    /// Tables by free names, `[channel.NAME]`, in the order of the file; empty where there is none. What is not a table is
    /// reported and left out.
    pub fn named_tables(&mut self, key: &'static str) -> Vec<(Spanned<String>, TableReader<'a>)> {
        let help = format!("write `[{key}.NAME]`, a header for each");
        let Some(table) = self.one_table(key, Some(help)) else { return Vec::new() };
        let document = table.document;
        let mut tables = Vec::new();
        for (name, item) in table.entries() {
            match item {
                Item::Table(table) => tables.push((name, table)),
                other => {
                    let shown = short(&name.value);
                    let header = match &other {
                        Item::Array(_, span) => self.header(*span),
                        _ => None,
                    };
                    if let Some(header) = header {
                        let title = format!("`{shown}` in `{key}` must be one table, found a list of tables");
                        document.report(
                            Diagnostic::error(codes::WRONG_TYPE, title)
                                .label(other.span(), "")
                                .help(format!("write `[{header}]` with single brackets")),
                        );
                        continue;
                    }
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

    /// The names in the header of a list of tables; `None` where there is none.
    fn header(&self, span: Span) -> Option<&'a str> {
        let written = self.document.source.text.get(span.range())?;
        written.strip_prefix("[[")?.strip_suffix("]]").map(str::trim).filter(|names| !names.contains(['[', ']', ',']))
    }
}

/// Of many values that are wrong in one way, so many are shown.
const MOST_LABELS: usize = 5;
