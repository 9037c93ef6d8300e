//! `[feeds] paths`: lists of feeds in files of their own, so that thousands of them need not stand in one file, and each
//! desk can keep its own under git.
//!
//! In: files and folders. Out: their feeds, after those of the configuration itself. Three kinds of file: TOML with the
//! same `[[feed]]` tables, OPML as feed readers export it (folders become the label `folder`), and text with an address
//! a line. An address that two TOML tables hold is a mistake, because their intervals or labels may differ; of one that
//! comes again in an OPML or text list, which say no more than the address, the first counts.

use std::path::{Path, PathBuf};

use crate::fetch::read_opml;
use crate::model::{Diagnostic, Feed, Source, SourceId, Span};
use crate::network::parse_target;
use crate::settings::{MAX_FILE_BYTES, TableReader, TomlFile, read_source};

use super::feeds::Gathered;
use super::{Reading, codes};

/// What a list is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Toml,
    Opml,
    Text,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "toml" => Some(Self::Toml),
            "opml" | "xml" => Some(Self::Opml),
            "txt" => Some(Self::Text),
            _ => None,
        }
    }
}

const KINDS: &str =
    "a list is a `.toml` file with `[[feed]]` tables, an `.opml` file, or a `.txt` file with an address a line";

impl Reading<'_> {
    /// The files that `[feeds] paths` names, folders opened, absolute; each with the place that names it.
    pub(super) fn feed_lists(&self, table: Option<TableReader<'_>>) -> Vec<(PathBuf, Span)> {
        let Some(mut table) = table else { return Vec::new() };
        let mut files: Vec<(PathBuf, Span)> = Vec::new();
        for written in table.texts("paths").unwrap_or_default() {
            let path = self.path(&written.text);
            let place = written.content();
            if path.is_dir() {
                match self.lists_in(&path) {
                    Ok(found) => files.extend(found.into_iter().map(|path| (path, place))),
                    Err(error) => table.report(
                        Diagnostic::error(codes::FEED_LIST, format!("cannot read the folder `{}`", path.display()))
                            .label(place, error.to_string()),
                    ),
                }
            } else if !path.exists() {
                table.report(
                    Diagnostic::error(codes::FEED_LIST, format!("there is no feed list at `{}`", path.display()))
                        .label(place, "")
                        .help(format!(
                            "relative paths start at `{}`, the configuration's base folder",
                            self.base.display()
                        )),
                );
            } else if Format::of(&path).is_none() {
                table.report(
                    Diagnostic::error(
                        codes::FEED_LIST,
                        "the name of this feed list does not say what it is written in",
                    )
                    .label(place, "")
                    .help(KINDS),
                );
            } else {
                files.push((path, place));
            }
        }
        table.finish();
        let mut seen = std::collections::HashSet::new();
        files.retain(|(path, _)| seen.insert(path.clone()));
        files
    }

    /// The lists in a folder, by name.
    #[expect(clippy::unused_self, reason = "a step of reading, beside the others")]
    fn lists_in(&self, folder: &Path) -> std::io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && path.is_file() && Format::of(&path).is_some() {
                found.push(path);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Reads one list.
    pub(super) fn feed_list(&mut self, path: &Path, place: Span, gathered: &mut Gathered) {
        let id = SourceId(u32::try_from(self.lists.len() + 1).unwrap_or(u32::MAX));
        let source = match Format::of(path) {
            Some(Format::Opml) => self.opml(id, path, place, gathered),
            format => match read_source(id, path) {
                Ok(source) => {
                    match format {
                        Some(Format::Text) => self.addresses(&source, gathered),
                        _ => {
                            let file = TomlFile::parse(&source, self.findings);
                            let mut root = file.root();
                            self.feed_tables(&mut root, gathered);
                            root.finish();
                        }
                    }
                    source
                }
                Err(failure) => {
                    let (diagnostic, source) = *failure;
                    self.findings.add(diagnostic);
                    source
                }
            },
        };
        self.lists.push(source);
    }

    /// An OPML file, in any encoding.
    fn opml(&self, id: SourceId, path: &Path, place: Span, gathered: &mut Gathered) -> Source {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes));
        let source = Source::new(id, path, crate::fetch::opml_text(&bytes));
        if let Err(error) = read {
            let title = format!("cannot read `{}`: {error}", path.display());
            self.findings.add(Diagnostic::error(codes::FEED_LIST, title).label(place, ""));
            return source;
        }
        let opml = match read_opml(&bytes) {
            Ok(opml) => opml,
            Err(error) => {
                let at = error.line().map_or_else(|| Span::new(id, 0..0), |line| line_span(&source, line));
                let diagnostic = Diagnostic::error(codes::FEED_LIST, "this OPML list can't be read");
                self.findings.add(diagnostic.label(at, error.to_string()));
                return source;
            }
        };
        for skipped in &opml.skipped {
            let diagnostic =
                Diagnostic::warning(codes::LEFT_OUT, format!("`{}` is left out: {}", skipped.name, skipped.reason));
            self.findings.add(diagnostic.label(line_span(&source, skipped.line), ""));
        }
        for listed in opml.feeds {
            let feed = Feed { name: listed.name, labels: listed.labels, ..Feed::new(listed.url) };
            gathered.add_listed(feed, line_span(&source, listed.line), self.findings);
        }
        source
    }

    /// A text file with an address a line; empty lines and those that begin with `#` say nothing.
    fn addresses(&self, source: &Source, gathered: &mut Gathered) {
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            let word = line.trim().trim_start_matches('\u{feff}');
            let at = start + line.find(word).unwrap_or(0);
            start += line.len();
            if word.is_empty() || word.starts_with('#') {
                continue;
            }
            let place = Span::new(source.id, at..at + word.len());
            match parse_target(word, None) {
                Ok(url) => gathered.add_listed(Feed::new(url), place, self.findings),
                Err(bad) => self.findings.add(super::feeds::bad_address(place, &bad)),
            }
        }
    }
}

/// A line without its indentation; lines count from 1.
fn line_span(source: &Source, line: usize) -> Span {
    let start: usize = source.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let text = source.text[start..].lines().next().unwrap_or("");
    let indent = text.len() - text.trim_start().len();
    Span::new(source.id, start + indent..start + text.trim_end().len().max(indent))
}
