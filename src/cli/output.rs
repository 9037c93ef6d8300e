//! Printing: data to stdout, talk to stderr, colour only for terminals that want it.

use std::io::{self, Write};

use comfy_table::{ColumnConstraint, ContentArrangement, Row, Table, Width, presets};

use crate::model::{Report, Timestamp};

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

    /// Several lines of data, in which foreign text may stand; without what could steer a terminal.
    pub(super) fn text(&self, text: &str) -> io::Result<()> {
        self.line(&text.split('\n').map(plain).collect::<Vec<_>>().join("\n"))
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

    /// Columns of the terminal that a person looks at.
    pub(super) fn columns(&self) -> u16 {
        table_as_wide_as(None).width().unwrap_or(USUAL_WIDTH)
    }

    /// A ledger for a terminal: one line for each row. What stands in the column `giving` is cut to what room is left, and
    /// nothing else is: an identifier must be whole to be of use.
    pub(super) fn ledger(&self, header: &[&str], giving: usize, rows: &[Vec<String>]) -> io::Result<()> {
        self.line(&drawn(header, giving, rows, None))
    }

    /// A table: with a header on a terminal, tab-separated without one for pipes.
    pub(super) fn table(&self, header: &[&str], rows: Vec<Vec<String>>) -> io::Result<()> {
        if !self.stdout_is_terminal {
            for row in rows {
                self.line(&row.iter().map(|cell| plain(cell)).collect::<Vec<_>>().join("\t"))?;
            }
            return Ok(());
        }
        let mut table = table_as_wide_as(None);
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(header.to_vec());
        table.set_content_arrangement(ContentArrangement::Dynamic);
        for row in rows {
            table.add_row(row.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
        }
        self.line(&table.to_string())
    }
}

/// Columns of a terminal that doesn't say.
const USUAL_WIDTH: u16 = 80;

/// A table as wide as the terminal, or as `width` says. A terminal of no columns (`script`, a container, a serial line)
/// doesn't know how wide it is: there a table would be cut into single letters.
pub(super) fn table_as_wide_as(width: Option<u16>) -> Table {
    let mut table = Table::new();
    match width.or_else(|| table.width()) {
        Some(0) => table.set_width(USUAL_WIDTH),
        Some(width) => table.set_width(width),
        None => &mut table,
    };
    table
}

/// A table as wide as the terminal, or as `width` says.
fn drawn(header: &[&str], giving: usize, rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = table_as_wide_as(width);
    table.load_style(presets::NOTHING).set_header(header.to_vec());
    table.set_content_arrangement(ContentArrangement::Dynamic);
    for row in rows {
        let mut row = Row::from(row.iter().map(|cell| plain(cell)).collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    let widths = table.column_max_content_widths();
    let others: u16 = widths.iter().enumerate().filter(|(index, _)| *index != giving).map(|(_, width)| width + 2).sum();
    let room = table.width().unwrap_or(100).saturating_sub(others + 2).max(16);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_constraint(match index == giving {
            true => ColumnConstraint::Absolute(Width::Fixed(room)),
            false => ColumnConstraint::ContentWidth,
        });
    }
    table.to_string().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// An argument that makes no sense: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadUsage(pub(super) String);

/// Foreign text for a terminal: what could move the cursor, recolour the screen or turn the reading direction of what
/// stands beside it is left out, as in messages. Line breaks and tabs are blanks.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter_map(crate::notify::shown).collect()
}

/// `1 topic`, `2 topics`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Digits of an identifier that are shown to people: enough to tell a ledger's rows apart.
const SHORT: usize = 8;

/// The beginning of an identifier, by which commands know it too.
pub(super) fn short(id: &impl ToString) -> String {
    let id = id.to_string();
    id.get(..SHORT).map_or_else(|| id.clone(), str::to_owned)
}

/// A moment for a table: to the minute, in UTC.
pub(super) fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).map_or_else(|| text.clone(), |minute| minute.replace('T', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_can_neither_steer_the_terminal_nor_turn_its_neighbours_round() {
        assert_eq!(plain("Zebra \u{202e}gpj\u{2066}.exe\u{1b}[31m\tred"), "Zebra gpj.exe[31m red");
        for text in ["Россия и Китай", "中俄联合演习", "مناورات مشتركة", "👩‍🚀 già"]
        {
            assert_eq!(plain(text), text);
        }
    }

    #[test]
    fn a_terminal_of_no_columns_has_the_usual_ones() {
        let mut table = table_as_wide_as(Some(0));
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.add_row(["missile-defence", "противоракетная оборона", "ミサイル防衛"]);
        assert!(table.to_string().contains("missile-defence"), "{table}");
    }

    #[test]
    fn a_ledger_cuts_the_headline_and_nothing_else() {
        let id = "98f4953f";
        let rows: Vec<_> = [
            "Учения в Японском море начались раньше срока, сообщает штаб",
            "中俄海军在日本海启动联合演习十一艘舰艇参演中俄海军",
        ]
        .map(|title| vec![id.to_owned(), "failed".to_owned(), title.to_owned(), "2026-11-23 06:06".to_owned()])
        .to_vec();
        for width in [0, 60, 80, 120] {
            let text = drawn(&["id", "state", "title", "due"], 2, &rows, Some(width));
            assert_eq!(text.lines().count(), 3, "{text}");
            assert!(text.lines().skip(1).all(|line| line.contains(id) && line.ends_with("2026-11-23 06:06")), "{text}");
        }
    }
}
