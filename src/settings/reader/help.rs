//! Values of a wrong type: what to write instead.

use crate::model::Diagnostic;

use super::super::{Item, codes};
use super::{TableReader, short};

impl TableReader<'_> {
    pub(super) fn wrong_type<T>(&self, key: &str, expected: &str, found: &Item<'_>) -> Option<T> {
        self.wrong_type_with(key, expected, found, None)
    }

    /// Reports that something else than a string stands where a text of its own kind should, a query say, which a number in
    /// quotes would not be.
    pub fn not_text<T>(&self, key: &str, found: &Item<'_>) -> Option<T> {
        self.wrong_type_with(key, "a string", found, self.usage(key).map(str::to_owned))
    }

    /// `help`: what to write, where that is known better than from the value.
    pub(super) fn wrong_type_with<T>(
        &self,
        key: &str,
        expected: &str,
        found: &Item<'_>,
        help: Option<String>,
    ) -> Option<T> {
        let mut diagnostic =
            Diagnostic::error(codes::WRONG_TYPE, format!("`{key}` must be {expected}, found {}", found.kind()))
                .label(found.span(), format!("expected {expected}"));
        let usage = || self.usage(key).map(str::to_owned);
        diagnostic.help.extend(help.or_else(|| self.right_type(key, expected, found)).or_else(usage));
        self.report(diagnostic);
        None
    }

    /// The value as it should be written, where it can be told from what is there.
    fn right_type(&self, key: &str, expected: &str, found: &Item<'_>) -> Option<String> {
        let written = self.document.source.text.get(found.span().range()).unwrap_or("");
        let known = self.usage(key).is_some();
        let is_plain = matches!(found, Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_));
        Some(match (expected, found) {
            ("an array of strings", Item::Text(text)) => format!("write {}", as_list(&text.text)),
            ("`true` or `false`", Item::Text(text)) => match text.text.to_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => "write true without quotes".to_owned(),
                "false" | "no" | "off" | "0" => "write false without quotes".to_owned(),
                _ => "write true or false without quotes".to_owned(),
            },
            ("`true` or `false`", Item::Integer(number)) if matches!(number.value, 0 | 1) => {
                format!("write {}", number.value == 1)
            }
            ("`true` or `false`", _) => "write true or false".to_owned(),
            ("an integer" | "a number", Item::Text(text)) => {
                let end = text.text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.text.len());
                let number = text.text[..end].trim_end_matches('.');
                if number.parse::<f64>().is_err() {
                    return None;
                }
                format!("write {} without quotes", short(number))
            }
            ("an integer" | "a number", Item::Array(items, _)) => match items.as_slice() {
                [Item::Integer(number)] => format!("write {} without brackets", number.value),
                _ => return None,
            },
            ("an integer", Item::Float(number)) if number.value.abs() < 1e9 => {
                format!("write a whole number, such as {:.0}", number.value.ceil())
            }
            ("a string", Item::Bool(_)) if known => return None,
            ("a string", _) if is_plain => format!("write \"{written}\""),
            (expected, Item::Array(items, _))
                if (expected == "a string" || expected.starts_with("a duration"))
                    && items.iter().all(|item| matches!(item, Item::Text(_))) =>
            {
                "write one string in quotes, without brackets".to_owned()
            }
            ("a table", Item::Bool(_)) if !known => format!("write `{key} = {{ … }}`"),
            (expected, Item::Integer(_)) if expected.starts_with("a duration") && known => {
                format!("write it with its unit: `{key} = \"{written}h\"` for hours, `\"{written}d\"` for days")
            }
            (expected, Item::Integer(_)) if expected.starts_with("a duration") => {
                format!("write it with its unit, such as \"{written}s\" or \"{written}m\"")
            }
            (expected, Item::Integer(_)) if expected.starts_with("a size") => {
                format!("write it with its unit, such as \"{written} MiB\"")
            }
            _ => return None,
        })
    }

    /// What to write in the place of something else than a string in a list of strings.
    pub(super) fn in_list(&self, key: &str, found: &Item<'_>) -> Option<String> {
        let written = self.document.source.text.get(found.span().range()).unwrap_or("");
        match found {
            Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_) if self.usage(key).is_none() => {
                Some(format!("write \"{written}\""))
            }
            Item::Array(..) => Some("write all strings in one list, without brackets inside it".to_owned()),
            _ => self.usage(key).map(str::to_owned),
        }
    }
}

/// A text as the list that it is meant to be: `it, en` has two strings. What has quotes in it is one.
#[must_use]
pub fn as_list(text: &str) -> String {
    let mut parts: Vec<&str> =
        text.split([',', ';', '，', '、', '،']).map(str::trim).filter(|part| !part.is_empty()).collect();
    if text.contains('"') || parts.is_empty() {
        parts = vec![text];
    }
    let quoted = |part: &&str| {
        let quotes = match part.contains(['"', '\\']) {
            true if part.contains('\'') => "'''",
            true => "'",
            false => "\"",
        };
        format!("{quotes}{}{quotes}", short(part))
    };
    format!("[{}]", parts.iter().map(quoted).collect::<Vec<_>>().join(", "))
}
