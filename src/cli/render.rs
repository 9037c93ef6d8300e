//! Drawing a [`Report`]: for people as compilers do it, for scripts as JSON.

use std::collections::HashMap;

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str};
use serde_json::{Value, json};

use crate::model::{Diagnostic, Label, Report, Source, SourceId, Span, shown_path};

/// The most text that is handed over to be drawn around a place. Labels that lie further apart, or on a monstrous line,
/// are named by line and column only.
const MAX_WINDOW_BYTES: usize = 100_000;

/// All findings with their lines and carets, one after the other, separated by blank lines. Ends without a line end.
#[must_use]
pub fn render_report(report: &Report, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let lines: HashMap<SourceId, Lines<'_>> =
        report.sources.iter().map(|source| (source.id, Lines::new(source))).collect();
    let drawn: Vec<String> =
        report.diagnostics.iter().map(|diagnostic| render_diagnostic(diagnostic, &lines, &renderer)).collect();
    drawn.join("\n\n")
}

/// All findings as a JSON array. Lines and columns count from 1, columns in characters; `start` and `end` are bytes of the
/// file; absent where there is no file. `patch` is what to write in the place of the finding, where there is no doubt.
#[must_use]
pub fn report_json(report: &Report) -> Value {
    let lines: HashMap<SourceId, Lines<'_>> =
        report.sources.iter().map(|source| (source.id, Lines::new(source))).collect();
    report
        .diagnostics
        .iter()
        .map(|diagnostic| {
            let mut object = json!({
                "code": diagnostic.code,
                "severity": if diagnostic.is_error() { "error" } else { "warning" },
                "title": diagnostic.title,
                "labels": diagnostic.labels.iter().map(|label| label_json(label, &lines)).collect::<Vec<_>>(),
                "help": diagnostic.help,
            });
            if let Some(patch) = &diagnostic.patch {
                object["patch"] = patch.clone().into();
            }
            if let Some(main) = diagnostic.labels.first()
                && let (Some(object), Value::Object(place)) = (object.as_object_mut(), place_json(main.span, &lines))
            {
                object.extend(place);
            }
            object
        })
        .collect()
}

fn label_json(label: &Label, lines: &HashMap<SourceId, Lines<'_>>) -> Value {
    let mut place = place_json(label.span, lines);
    if let Some(place) = place.as_object_mut() {
        place.insert("text".to_owned(), label.text.clone().into());
    }
    place
}

fn place_json(span: Span, lines: &HashMap<SourceId, Lines<'_>>) -> Value {
    let Some(lines) = lines.get(&span.source) else { return json!({}) };
    let (line, column) = lines.place(span.start as usize);
    let (end_line, end_column) = lines.place(span.end as usize);
    json!({
        "path": lines.source.path.display().to_string(), "line": line, "column": column, "end_line": end_line, "end_column": end_column,
        "start": lines.clamp(span.start as usize), "end": lines.clamp(span.end.max(span.start) as usize),
    })
}

fn render_diagnostic(diagnostic: &Diagnostic, lines: &HashMap<SourceId, Lines<'_>>, renderer: &Renderer) -> String {
    let level = if diagnostic.is_error() { Level::ERROR } else { Level::WARNING };
    let title = level.primary_title(one_line(&diagnostic.title)).id(diagnostic.code);
    let mut group = Group::with_title(title);

    // One snippet for each file, in the order in which they are first named.
    let mut files: Vec<(SourceId, Vec<(bool, &Label)>)> = Vec::new();
    for (index, label) in diagnostic.labels.iter().enumerate() {
        let id = label.span.source;
        match files.iter_mut().find(|(known, _)| *known == id) {
            Some((_, labels)) => labels.push((index == 0, label)),
            None => files.push((id, vec![(index == 0, label)])),
        }
    }
    for (id, labels) in files {
        if let Some(lines) = lines.get(&id) {
            group = group.element(lines.draw(&labels));
        }
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.with_name("hint").message(one_line(help)));
    }
    renderer.render(&[group])
}

/// A text of ours that may repeat foreign ones: control characters are made visible, and it stays on its line.
fn one_line(text: &str) -> String {
    normalize_untrusted_str(&text.replace(['\n', '\r'], " "))
}

/// A source and where its lines begin.
struct Lines<'s> {
    source: &'s Source,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    fn new(source: &'s Source) -> Self {
        let starts = std::iter::once(0).chain(source.text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { source, starts }
    }

    /// For people.
    fn path(&self) -> String {
        shown_path(&self.source.path)
    }

    /// An offset that is inside the text and on a letter's border.
    fn clamp(&self, offset: usize) -> usize {
        let mut offset = offset.min(self.source.text.len());
        while !self.source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        offset
    }

    /// Index of the line that holds an offset.
    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }

    /// Line and column, both from 1, the column in characters.
    fn place(&self, offset: usize) -> (usize, usize) {
        let offset = self.clamp(offset);
        let line = self.line_of(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        // The mark at a file's beginning is no character.
        let before = self.source.text[start..offset].trim_start_matches('\u{feff}');
        (line + 1, before.chars().count() + 1)
    }

    /// The lines with these labels; the place alone where there is nothing to show.
    fn draw(&self, labels: &[(bool, &Label)]) -> Element<'s> {
        let ranges: Vec<_> = labels
            .iter()
            .map(|(is_main, label)| {
                let start = self.clamp(label.span.start as usize);
                let end = self.clamp(label.span.end as usize).max(start);
                (*is_main, label, self.without_line_end(start, end))
            })
            .collect();
        let first = ranges.iter().map(|(_, _, range)| range.start).min().unwrap_or(0);
        let last = ranges.iter().map(|(_, _, range)| range.end).max().unwrap_or(0);
        let first_line = self.line_of(first);
        let window_start = self.starts.get(first_line).copied().unwrap_or(0);
        let window_end = self.starts.get(self.line_of(last) + 1).copied().unwrap_or(self.source.text.len());

        let is_whole_file =
            ranges.iter().all(|(_, label, range)| range.is_empty() && range.start == 0 && label.text.is_empty());
        if is_whole_file || window_end - window_start > MAX_WINDOW_BYTES {
            let main = ranges.first().map_or(0, |(_, _, range)| range.start);
            let origin = Origin::path(self.path());
            if is_whole_file {
                return origin.into();
            }
            let (line, column) = self.place(main);
            return origin.line(line).char_column(column).into();
        }

        // The mark at a file's beginning is no character.
        let mark =
            if window_start == 0 && self.source.text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let window_start = window_start + mark;
        let mut snippet = Snippet::source(&self.source.text[window_start..window_end.max(window_start)])
            .path(self.path())
            .line_start(first_line + 1);
        for (is_main, label, range) in ranges {
            let kind = if is_main { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = range.start.saturating_sub(window_start)..range.end.saturating_sub(window_start);
            let mut annotation = kind.span(range);
            if !label.text.is_empty() {
                annotation = annotation.label(one_line(&label.text));
            }
            snippet = snippet.annotation(annotation);
        }
        snippet.into()
    }

    /// A range that ends after a line end would be drawn into the next line.
    fn without_line_end(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let trimmed = self.source.text[start..end].trim_end_matches(['\n', '\r']).len();
        start..start + trimmed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str, diagnostics: Vec<Diagnostic>) -> Report {
        Report { sources: vec![Source::new(SourceId(0), "rules/a.toml", text)], diagnostics }
    }

    fn span(range: std::ops::Range<usize>) -> Span {
        Span::new(SourceId(0), range)
    }

    #[test]
    fn a_finding_is_drawn_with_its_line_its_labels_and_hints() {
        let text = "# правила\r\nconcept = \"俄罗斯\"\r\ntopic = \"missile\"\r\n";
        let topic = text.find("missile").unwrap();
        let zh = text.find("俄").unwrap();
        let diagnostic = Diagnostic::error("E104", "unknown concept `missile`")
            .label(span(topic..topic + 7), "not defined")
            .label(span(zh..zh + 9), "this one is")
            .help("did you mean `missiles`?")
            .help("or define it");
        let drawn = r#"error[E104]: unknown concept `missile`
 --> rules/a.toml:3:10
  |
2 | concept = "俄罗斯"
  |            ------ this one is
3 | topic = "missile"
  |          ^^^^^^^ not defined
  |
  = hint: did you mean `missiles`?
  = hint: or define it"#;
        assert_eq!(render_report(&report(text, vec![diagnostic]), false), drawn);
    }

    #[test]
    fn colours_come_only_when_asked_for() {
        let report = report("a = 1\n", vec![Diagnostic::warning("W101", "careful").label(span(0..1), "")]);
        assert!(!render_report(&report, false).contains('\u{1b}'));
        assert!(render_report(&report, true).contains('\u{1b}'));
    }

    #[test]
    fn places_that_do_not_exist_are_moved_to_where_something_is() {
        for text in ["", "a", "中", "中\n", "\u{feff}a = 1\n", "\n\n"] {
            for (start, end) in [(0, 0), (0, 1), (1, 2), (0, 100), (50, 60), (2, 1), (3, 3)] {
                let broken = report(text, vec![Diagnostic::error("E001", "x").label(span(start..end), "y")]);
                assert!(render_report(&broken, false).contains("x"));
                assert!(report_json(&broken)[0]["line"].is_number());
            }
        }
        let elsewhere = Diagnostic::error("E001", "no file").label(Span::new(SourceId(9), 0..5), "");
        assert_eq!(render_report(&report("", vec![elsewhere.clone()]), false), "error[E001]: no file");
        assert!(report_json(&report("", vec![elsewhere]))[0]["path"].is_null());
    }

    #[test]
    fn a_monstrous_line_is_named_and_not_drawn() {
        let text = "x".repeat(MAX_WINDOW_BYTES + 1);
        let at = MAX_WINDOW_BYTES - 5;
        let drawn =
            render_report(&report(&text, vec![Diagnostic::error("E001", "x").label(span(at..at + 1), "y")]), false);
        assert!(drawn.len() < 200, "{}", drawn.len());
        assert!(drawn.contains(&format!("rules/a.toml:1:{}", at + 1)), "{drawn}");
    }

    #[test]
    fn foreign_control_characters_never_reach_the_terminal() {
        let text = "name = \"\u{1b}[31mred\u{202e}\"\n";
        let diagnostic =
            Diagnostic::error("E002", "unknown `\u{1b}[31m`").label(span(0..4), "\u{1b}[0m\nsecond").help("\u{7}");
        let drawn = render_report(&report(text, vec![diagnostic]), false);
        assert!(!drawn.chars().any(|c| c != '\n' && c.is_control()), "{drawn:?}");
        assert!(!drawn.contains('\u{202e}') && drawn.contains(" second"), "{drawn:?}");
    }

    #[test]
    fn json_counts_lines_and_characters_from_one() {
        let text = "a = 1\nимя = \"x\"\n";
        let at = text.find('x').unwrap();
        let diagnostic = Diagnostic::warning("W101", "t").label(span(at..at + 1), "here").help("h").patch("y");
        let json = report_json(&report(text, vec![diagnostic]));
        assert_eq!(
            json,
            json!([{
                "code": "W101", "severity": "warning", "title": "t", "help": ["h"],
                "path": "rules/a.toml", "line": 2, "column": 8, "end_line": 2, "end_column": 9,
                "start": 16, "end": 17, "patch": "y",
                "labels": [{
                    "path": "rules/a.toml", "line": 2, "column": 8, "end_line": 2, "end_column": 9, "start": 16, "end": 17,
                    "text": "here",
                }],
            }])
        );
    }
}
