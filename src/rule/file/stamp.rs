//! What tells whether a file was edited, without reading it.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::settings::Findings;

use super::folder::collect;

/// A file as its file system describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// Change of contents or owner, and the file's number: also what keeps its times (`cp -p`, `rsync -t`) shows here.
    inode: (i64, i64, u64),
}

impl Stamp {
    /// The stamp of a file; `None` if it can't be asked.
    #[must_use]
    pub(in super::super) fn of(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self { bytes: metadata.len(), modified: metadata.modified().ok(), inode: inode(&metadata) })
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> (i64, i64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.ctime(), metadata.ctime_nsec(), metadata.ino())
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> (i64, i64, u64) {
    (0, 0, 0)
}

/// A rule file of a ruleset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct RuleFile {
    /// Its path.
    pub(in super::super) path: PathBuf,
    /// As it was before it was read.
    pub(in super::super) stamp: Option<Stamp>,
    /// Whether it has nothing but topics that no other file refers to.
    pub(in super::super) stands_alone: bool,
}

/// The files that paths name, as they are now; `None` if one can't be looked at.
pub(in super::super) fn stamps(paths: &[PathBuf]) -> Option<Vec<(PathBuf, Stamp)>> {
    let findings = Findings::new();
    let files = collect(paths, &findings);
    if findings.has_errors() {
        return None;
    }
    files
        .into_iter()
        .map(|path| {
            let stamp = Stamp::of(&path)?;
            Some((path, stamp))
        })
        .collect()
}
