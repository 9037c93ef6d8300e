//! A mistake in a file written by a person: data with a code, a place and help. Drawing is the command line's job.

use std::fmt;

use super::{Source, SourceId, Span, shown_path};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the file still works.
    Warning,
    /// The file can't be used.
    Error,
}

/// A remark at a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What stands there; may be empty for the main label, where the title says it.
    pub text: String,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code: `E101`, `W203`. E0xx/W0xx TOML and files, E1xx/W1xx rules, E2xx/W2xx configuration, E3xx/W3xx
    /// conversions.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// One line: what is wrong. Lower case, no full stop.
    pub title: String,
    /// The places; the first is the main one. Empty only where there is no file to show.
    pub labels: Vec<Label>,
    /// What to do about it, one line each.
    pub help: Vec<String>,
    /// What to write in the place of the main label, where there is no doubt. Editors and scripts may put it there.
    pub patch: Option<String>,
}

impl Diagnostic {
    /// An error.
    #[must_use]
    pub fn error(code: &'static str, title: impl Into<String>) -> Self {
        let title = on_one_line(title.into());
        Self { code, severity: Severity::Error, title, labels: Vec::new(), help: Vec::new(), patch: None }
    }

    /// A warning.
    #[must_use]
    pub fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, title) }
    }

    /// Adds a place; the first one added is the main one.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(on_one_line(text.into()));
        self
    }

    /// Says what to write in the place of the main label.
    #[must_use]
    pub fn patch(mut self, text: impl Into<String>) -> Self {
        self.patch = Some(text.into());
        self
    }

    /// Whether this is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// What is said may repeat what stands in a file, line breaks and all.
fn on_one_line(text: String) -> String {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text }
}

/// All that was found in a set of files, with the files, so that it can be drawn.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The files.
    pub sources: Vec<Source>,
    /// What was found, in the order of files and places.
    pub diagnostics: Vec<Diagnostic>,
}

impl Report {
    /// Whether anything in it is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The errors, as lines: why something is refused, which warnings never are.
    #[must_use]
    pub fn into_refusal(mut self) -> String {
        self.diagnostics.retain(Diagnostic::is_error);
        self.to_string()
    }

    /// Adds another report; its sources get ids after ours.
    pub fn append(&mut self, other: Self) {
        let shift = self.sources.iter().map(|source| source.id.0 + 1).max().unwrap_or(0);
        let moved = |id: SourceId| SourceId(id.0 + shift);
        self.sources.extend(other.sources.into_iter().map(|source| Source { id: moved(source.id), ..source }));
        self.diagnostics.extend(other.diagnostics.into_iter().map(|mut diagnostic| {
            for label in &mut diagnostic.labels {
                label.span.source = moved(label.span.source);
            }
            diagnostic
        }));
    }

    /// The file that a span points into.
    #[must_use]
    pub fn source(&self, span: Span) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == span.source)
    }
}

/// One plain line per finding: `rules/a.toml:3:9: error[E101]: …`. For logs and health alerts.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            if let Some(label) = diagnostic.labels.first()
                && let Some(source) = self.source(label.span)
            {
                let place = source.line_column(label.span.start as usize);
                write!(f, "{}:{}:{}: ", shown_path(&source.path), place.line, place.column)?;
            }
            let kind = if diagnostic.is_error() { "error" } else { "warning" };
            write!(f, "{kind}[{}]: {}", diagnostic.code, diagnostic.title)?;
            for help in &diagnostic.help {
                write!(f, " (hint: {help})")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_not_so_for_a_warning() {
        let report = Report {
            diagnostics: vec![Diagnostic::warning("W101", "no tests"), Diagnostic::error("E105", "never closed")],
            ..Report::default()
        };
        assert_eq!(report.into_refusal(), "error[E105]: never closed");
    }

    #[test]
    fn a_report_added_to_another_still_points_into_its_own_file() {
        let one = |path: &str| {
            let source = Source::new(SourceId(0), path, "a = 1\nb = 2\n");
            let span = Span::new(SourceId(0), 6..7);
            Report {
                sources: vec![source],
                diagnostics: vec![Diagnostic::error("E002", "unknown key `b`").label(span, "")],
            }
        };
        let mut report = one("config.toml");
        report.append(one("rules/a.toml"));
        assert_eq!(
            report.to_string(),
            "config.toml:2:1: error[E002]: unknown key `b`\nrules/a.toml:2:1: error[E002]: unknown key `b`"
        );
    }

    #[test]
    fn what_is_said_stays_on_its_line() {
        let said = Diagnostic::warning("W101", "the topic `a\r\nb`").help("delete `c\nd`");
        assert_eq!((said.title.as_str(), said.help[0].as_str()), ("the topic `a  b`", "delete `c d`"));
    }
}
