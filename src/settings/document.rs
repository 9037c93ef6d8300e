//! A file as TOML: parsed, or as much of it as can be.

use std::cell::RefCell;
use std::ops::Range;

use toml::de::DeTable;

use crate::model::{Diagnostic, Source, Span};

use super::pieces::{LEAST, pieces};
use super::syntax::{Mended, Syntax, explain, is_below};
use super::{Findings, TableReader};

/// What all tables of a document share.
#[derive(Debug)]
pub(super) struct Shared<'a> {
    pub(super) source: &'a Source,
    /// The piece of its text that is the document.
    piece: Range<usize>,
    findings: &'a Findings,
    /// Byte ranges in which the file is not TOML; what else seems wrong there is a consequence.
    damage: Vec<Range<u32>>,
    /// Where the headers stand and their names; only in a damaged file.
    headers: Vec<(u32, Option<String>)>,
    /// The text without the damage; only in a damaged file.
    mended: Option<Mended>,
}

impl Shared<'_> {
    pub(super) fn report(&self, diagnostic: Diagnostic) {
        let consequence = diagnostic.labels.first().is_some_and(|label| {
            let before = self.damage.partition_point(|line| line.start <= label.span.start);
            self.damage[..before].iter().rev().take(2).any(|line| line.contains(&label.span.start))
        });
        if !consequence {
            self.findings.add(diagnostic);
        }
    }

    /// A range of the parsed text as a place in the file.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let range = match &self.mended {
            Some(mended) => mended.in_file(range),
            None => self.piece.start + range.start..self.piece.start + range.end,
        };
        Span::new(self.source.id, range)
    }

    /// Whether there is damage between a table's header and the next one that does not stand below it.
    pub(super) fn is_damaged(&self, table: Span, is_root: bool) -> bool {
        if self.damage.is_empty() {
            return false;
        }
        let at = self.headers.binary_search_by_key(&table.start, |(start, _)| *start);
        let (Ok(at), false) = (at, is_root) else {
            return is_root || !table.range().is_empty() && self.overlaps(table.start..table.end);
        };
        let Some(own) = &self.headers[at].1 else { return true };
        let next =
            self.headers[at + 1..].iter().find(|(_, path)| path.as_ref().is_some_and(|path| !is_below(path, own)));
        self.overlaps(table.start..next.map_or(u32::MAX, |(start, _)| *start))
    }

    fn overlaps(&self, range: Range<u32>) -> bool {
        let first = self.damage.partition_point(|damage| damage.end <= range.start);
        self.damage.get(first).is_some_and(|damage| damage.start < range.end)
    }
}

/// A file as TOML. What can't be parsed was reported and is left out of its tables.
#[derive(Debug)]
pub struct TomlFile<'a> {
    shared: Shared<'a>,
    table: RefCell<Option<DeTable<'a>>>,
}

impl<'a> TomlFile<'a> {
    /// Parses a file. Syntax errors go to `findings`, all of them; what can be read around them is read, so that one run
    /// shows everything.
    #[must_use]
    pub fn parse(source: &'a Source, findings: &'a Findings) -> Self {
        Self::read(source, findings, false)
    }

    /// Parses a file that is not UTF-8, which was reported, from its text with replacement characters.
    #[must_use]
    pub fn parse_lossy(source: &'a Source, findings: &'a Findings) -> Self {
        Self::read(source, findings, true)
    }

    /// Parses a large file that is a list of tables (`[[key]]`) after whatever stands first: as one document or, where that
    /// is the same, as several, each when it is asked for. Only the first may have other keys than the list.
    pub fn parse_in_pieces(
        source: &'a Source,
        findings: &'a Findings,
        key: &str,
    ) -> impl Iterator<Item = Self> + use<'a> {
        pieces(&source.text, key, LEAST).into_iter().map(|piece| Self::read_piece(source, piece, findings, false))
    }

    fn read(source: &'a Source, findings: &'a Findings, lossy: bool) -> Self {
        Self::read_piece(source, 0..source.text.len(), findings, lossy)
    }

    /// A piece of a file is read as one only if it is sound.
    pub(super) fn read_piece(source: &'a Source, piece: Range<usize>, findings: &'a Findings, lossy: bool) -> Self {
        let (table, errors) = DeTable::parse_recoverable(&source.text[piece.clone()]);
        if errors.is_empty() && !lossy {
            let shared = Shared { source, piece, findings, damage: Vec::new(), headers: Vec::new(), mended: None };
            return Self { shared, table: RefCell::new(Some(table.into_inner())) };
        }
        // Of a large file it takes much memory, and as much is needed in a moment.
        drop((table, errors));
        let Syntax { diagnostics, damage, mended, headers } = explain(source, lossy);
        for diagnostic in diagnostics {
            findings.add(diagnostic);
        }
        let shared = Shared { source, piece, findings, damage, headers, mended: Some(mended) };
        Self { shared, table: RefCell::new(None) }
    }

    /// The table of the whole document.
    #[must_use]
    pub fn root(&self) -> TableReader<'_> {
        let text = match &self.shared.mended {
            Some(mended) => &mended.text,
            None => &self.shared.source.text[self.shared.piece.clone()],
        };
        let parsed = self.table.borrow_mut().take();
        let table = parsed.unwrap_or_else(|| DeTable::parse_recoverable(text).0.into_inner());
        TableReader::new(&self.shared, table, Span::new(self.shared.source.id, 0..0), String::new())
    }

    /// The pieces of the text that could not be read. Names that seem to be missing may stand in them.
    #[must_use]
    pub fn damaged(&self) -> Vec<&'a str> {
        let text = &self.shared.source.text;
        let piece = |range: &Range<u32>| text.get(range.start as usize..(range.end as usize).min(text.len()));
        self.shared.damage.iter().filter_map(piece).collect()
    }
}
