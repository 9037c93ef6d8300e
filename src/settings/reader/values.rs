//! Values of known types: what is wrong with one is reported with what to write instead.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::model::{Diagnostic, Labels};

use super::super::units::{meant_duration, months_or_minutes};
use super::super::{
    Item, Spanned, TextValue, codes, format_duration, format_size, nearest, parse_duration, parse_size,
};
use super::{TableReader, list, short};

impl TableReader<'_> {
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
                            let mut diagnostic =
                                Diagnostic::error(codes::WRONG_TYPE, title).label(other.span(), "expected a string");
                            diagnostic.help.extend(self.in_list(key, &other));
                            self.report(diagnostic);
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
                let months = months_or_minutes(&text.text);
                let help = match meant_duration(&text.text) {
                    _ if let Some((months, minutes)) = &months => {
                        format!("for months write `{key} = \"{months}\"`, for minutes `\"{minutes}\"`")
                    }
                    Some(right) => format!("write `{key} = \"{right}\"`"),
                    None if self.usage(key).is_some() && text.text.trim().parse::<u32>().is_ok() => {
                        let number = text.text.trim();
                        format!("write `{key} = \"{number}h\"` for hours, `\"{number}d\"` for days")
                    }
                    None => {
                        "write whole numbers with a unit: `ms`, `s`, `m`, `h`, `d` or `w`, as in `\"1h 30m\"`".into()
                    }
                };
                let title = format!("`{key}` is not a duration");
                self.report(Diagnostic::error(codes::BAD_VALUE, title).label(text.content(), why).help(help));
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
        let text = match self.value(key)? {
            Item::Text(text) => text,
            other => {
                let words: Vec<String> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                return self.wrong_type_with(key, "a string", &other, Some(format!("write {}", list(&words, "or"))));
            }
        };
        let choice = self.choose(key, &text, choices)?;
        Some(Spanned { value: choice, span: text.span })
    }

    /// The choice that a text names; another text is reported.
    pub fn choose<T: Clone>(&self, key: &str, text: &TextValue, choices: &[(&str, T)]) -> Option<T> {
        self.choose_by(key, text, choices, &[])
    }

    /// The same; of words that people write instead, in lower case, which one is meant.
    pub fn choose_by<T: Clone>(
        &self,
        key: &str,
        text: &TextValue,
        choices: &[(&str, T)],
        aliases: &[(&str, &str)],
    ) -> Option<T> {
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.text) {
            return Some(value.clone());
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let mut diagnostic = Diagnostic::error(codes::BAD_VALUE, format!("`{key}` can't be `{}`", short(&text.text)))
            .label(text.content(), format!("expected {}", list(&words, "or")));
        let folded = text.text.to_lowercase();
        let alias = aliases.iter().find(|(alias, _)| *alias == folded).map(|(_, meant)| *meant);
        diagnostic = diagnostic.help(match alias.or_else(|| nearest(&text.text, words.iter().copied())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write {}", list(&words, "or")),
        });
        self.report(diagnostic);
        None
    }

    /// A table of strings by free keys, with the place of each: `{ desk = "asia" }`, in the order of the file.
    pub fn string_map(&mut self, key: &'static str) -> Option<Vec<(Spanned<String>, TextValue)>> {
        let table = self.table(key)?;
        let document = table.document;
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
                    } else if matches!(other, Item::Array(..)) {
                        diagnostic = diagnostic.help("write one string in quotes, without brackets");
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
}
