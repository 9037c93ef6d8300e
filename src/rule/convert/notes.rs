//! What a conversion has to say, with its places in the vendor's text.

use std::ops::Range;

use crate::model::{Diagnostic, SourceId, Span};

/// Collects findings about one query. Positions are bytes of the query; `base` is where the query begins in its file.
#[derive(Debug)]
pub(super) struct Notes {
    source: SourceId,
    base: usize,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Notes {
    pub(super) fn new(source: SourceId, base: usize) -> Self {
        Self { source, base, diagnostics: Vec::new() }
    }

    /// Where a range of the query stands in the file.
    pub(super) fn span(&self, at: &Range<usize>) -> Span {
        Span::new(self.source, self.base + at.start..self.base + at.end)
    }

    /// A change in meaning.
    pub(super) fn warn(&mut self, code: &'static str, title: impl Into<String>, help: &str, at: &Range<usize>) {
        let diagnostic = Diagnostic::warning(code, title).label(self.span(at), "");
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    /// The same, unless it was said of this query before.
    pub(super) fn warn_once(&mut self, code: &'static str, title: &str, help: &str, at: &Range<usize>) {
        if !self.diagnostics.iter().any(|known| known.code == code && known.title == title) {
            self.warn(code, title, help, at);
        }
    }

    /// What keeps the query from becoming a rule.
    pub(super) fn fail(&mut self, code: &'static str, title: impl Into<String>, help: &str, at: &Range<usize>) {
        let diagnostic = Diagnostic::error(code, title).label(self.span(at), "");
        self.diagnostics.push(if help.is_empty() { diagnostic } else { diagnostic.help(help) });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}
