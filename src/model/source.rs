//! A file written by a person, and places in it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which of the loaded files: an index given out by whoever loads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub source: SourceId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// A span from a range of bytes; positions past 4 GiB saturate.
    #[must_use]
    pub fn new(source: SourceId, range: Range<usize>) -> Self {
        let clip = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { source, start: clip(range.start), end: clip(range.end) }
    }

    /// The bytes as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A path for people: what could steer a terminal or turn the reading direction of its neighbours is written as an escape,
/// `\u{1b}`, so that the file can still be told by it.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    let is_harmful = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let shown = path.to_string_lossy();
    if !shown.contains(is_harmful) {
        return shown.into_owned();
    }
    let escape = |c: char| if is_harmful(c) { c.escape_default().to_string() } else { c.to_string() };
    shown.chars().map(escape).collect()
}

/// A file's path and text, cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    /// The file.
    pub id: SourceId,
    /// Its path, as the user wrote it; `<stdin>` where there is none.
    pub path: Arc<PathBuf>,
    /// Its text.
    pub text: Arc<str>,
}

/// A place as a person counts it: both from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Source {
    /// A source from its parts.
    #[must_use]
    pub fn new(id: SourceId, path: impl AsRef<Path>, text: impl Into<Arc<str>>) -> Self {
        Self { id, path: Arc::new(path.as_ref().to_path_buf()), text: text.into() }
    }

    /// Line and column of a byte offset; offsets past the end mean the end.
    #[must_use]
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        LineColumn { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}
