//! What is found while a file is read, and the values that it holds.

use std::cell::RefCell;

use crate::model::{Diagnostic, Span};

use super::{TableReader, TextValue};

/// Where diagnostics are collected while files are read.
///
/// Of errors, and of warnings, the first ten thousand are kept, and the last of them says how many there are besides: a broken
/// file of 10 MB had half a million, which took a gigabyte and which nobody reads.
#[derive(Debug, Default)]
pub struct Findings(RefCell<Found>);

#[derive(Debug, Default)]
struct Found {
    errors: Kept,
    warnings: Kept,
}

#[derive(Debug, Default)]
struct Kept {
    diagnostics: Vec<Diagnostic>,
    /// How many came when there were enough.
    more: usize,
}

/// A guess: many more than anyone mends between two runs.
const MOST: usize = 10_000;

impl Kept {
    fn add(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MOST {
            self.diagnostics.push(diagnostic);
        } else {
            self.more += 1;
        }
    }

    /// By file and place; those without a place last.
    fn in_order(mut self, what: &str) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(place);
        if let Some(last) = self.diagnostics.last_mut().filter(|_| self.more > 0) {
            last.help.push(format!("{what} beyond these, not shown: {}", self.more));
        }
        self.diagnostics
    }
}

fn place(diagnostic: &Diagnostic) -> (bool, Option<Span>) {
    let place = diagnostic.labels.first().map(|label| label.span);
    (place.is_none(), place)
}

impl Findings {
    /// Nothing found yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(&self, diagnostic: Diagnostic) {
        let mut found = self.0.borrow_mut();
        let kept = if diagnostic.is_error() { &mut found.errors } else { &mut found.warnings };
        kept.add(diagnostic);
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.0.borrow().errors.diagnostics.is_empty()
    }

    /// All that are kept, by file and place; those without a place last.
    #[must_use]
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        let Found { errors, warnings } = self.0.into_inner();
        let mut diagnostics = errors.in_order("errors");
        diagnostics.extend(warnings.in_order("warnings"));
        diagnostics.sort_by_key(place);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SourceId;

    #[test]
    fn of_half_a_million_mistakes_ten_thousand_are_kept_and_the_rest_is_counted() {
        let findings = Findings::new();
        for at in 0..MOST + 50 {
            findings.add(Diagnostic::warning("W101", "odd").label(Span::new(SourceId(0), at..at), ""));
        }
        assert!(!findings.has_errors());
        for at in (0..=MOST).rev() {
            findings.add(Diagnostic::error("E101", "wrong").label(Span::new(SourceId(0), at..at), ""));
        }
        assert!(findings.has_errors());
        let diagnostics = findings.into_diagnostics();
        assert_eq!(diagnostics.len(), 2 * MOST);
        assert!(diagnostics.is_sorted_by_key(place));
        let helps: Vec<&Diagnostic> = diagnostics.iter().filter(|found| !found.help.is_empty()).collect();
        let [warning, error] = helps[..] else { panic!("{helps:?}") };
        assert!(
            !warning.is_error() && warning.help[0].starts_with("warnings beyond these, not shown: 50"),
            "{warning:?}"
        );
        assert!(error.is_error() && error.help[0].starts_with("errors beyond these, not shown: 1"), "{error:?}");
        assert_eq!(error.labels[0].span.start as usize, MOST);
    }
}
