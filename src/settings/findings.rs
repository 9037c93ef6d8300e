//! What is found while a file is read, and the values that it holds.

use std::cell::RefCell;

use crate::model::{Diagnostic, Span};

use super::{TableReader, TextValue};

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
