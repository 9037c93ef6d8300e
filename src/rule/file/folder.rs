//! From the paths that were named to the files that are read.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::Diagnostic;
use crate::settings::{Findings, codes as file_codes};

/// Deepest folder: a guess far beyond what people keep; links that lead in circles end here.
const MAX_FOLDERS: usize = 16;

pub(super) fn collect(
    path: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    seen: &mut BTreeSet<PathBuf>,
    findings: &Findings,
) {
    let known = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if !seen.insert(known) {
        return;
    }
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) if depth < MAX_FOLDERS => entries,
        Ok(_) => {
            let title = format!("`{}` is nested more than {MAX_FOLDERS} folders deep", path.display());
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title).help("move its files up"));
        }
        Err(error) => {
            let title = format!("cannot read the folder `{}`: {error}", path.display());
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title));
        }
    };
    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    inside.sort();
    for path in inside {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && (path.is_dir() || path.extension().is_some_and(|extension| extension == "toml")) {
            collect(&path, depth + 1, files, seen, findings);
        }
    }
}
