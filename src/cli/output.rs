//! Printing: data to stdout, talk to stderr, colour only for terminals that want it.

use std::io::{self, Write};

use crate::model::Report;

use super::args::Format;
use super::{render_report, report_json};

/// Where and how to print.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
}

impl Output {
    pub(super) fn new(format: Format, stdout_is_terminal: bool, stderr_is_terminal: bool) -> Self {
        Self { format, stdout_is_terminal, stderr_is_terminal }
    }

    /// Whether scripts read it.
    pub(super) fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Whether a person looks at stdout.
    pub(super) fn is_for_people(&self) -> bool {
        self.stdout_is_terminal
    }

    /// Whether a person looks at stdout.
    pub(super) fn is_terminal(&self) -> bool {
        self.stdout_is_terminal
    }

    /// Whether a person looks at stderr.
    pub(super) fn has_watcher(&self) -> bool {
        self.stderr_is_terminal
    }

    fn color_on_stderr() -> bool {
        anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
    }

    /// A line of data.
    pub(super) fn line(&self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// A JSON value on a line.
    pub(super) fn json(&self, value: &impl serde::Serialize) -> anyhow::Result<()> {
        let mut stdout = io::stdout().lock();
        serde_json::to_writer(&mut stdout, value)?;
        writeln!(stdout)?;
        Ok(())
    }

    /// A remark.
    pub(super) fn say(&self, text: &str) {
        // Nobody is left to be told if stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Findings in files: drawn on stderr, or as JSON on stdout.
    pub(super) fn report(&self, report: &Report) -> anyhow::Result<()> {
        if self.is_json() {
            return self.json(&report_json(report));
        }
        if !report.diagnostics.is_empty() {
            self.say(&render_report(report, Self::color_on_stderr()));
        }
        Ok(())
    }

    /// Why a command failed, with its causes.
    pub(super) fn error(&self, error: &anyhow::Error) {
        if let Some(crate::daemon::StartError::Invalid(report)) = error.downcast_ref() {
            self.say(&render_report(report, Self::color_on_stderr()));
            self.say("nothing was started: correct the mistakes above");
            return;
        }
        let mut text = format!("error: {error}");
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text.push_str("\n  because: ");
                text.push_str(&cause);
            }
        }
        self.say(&text);
    }

    /// A table: with a header on a terminal, tab-separated without one for pipes.
    pub(super) fn table(&self, header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        if !self.stdout_is_terminal {
            for row in rows {
                self.line(&row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join("\t"))?;
            }
            return Ok(());
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY).set_header(header.to_vec());
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        for row in rows {
            table.add_row(row.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
        }
        self.line(&table.to_string())
    }
}

/// An argument that makes no sense: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadUsage(pub(super) String);

/// Foreign text for a terminal: control characters, which could move the cursor or recolour the screen, as blanks.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
