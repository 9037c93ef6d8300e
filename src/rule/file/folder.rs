//! From the paths that were named to the files that are read.

use std::ffi::OsString;
use std::fs::FileType;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashSet;

use crate::model::{Diagnostic, shown_path};
use crate::settings::{Findings, codes as file_codes};

/// Deepest folder: a guess far beyond what people keep; links that lead in circles end here.
const MAX_FOLDERS: usize = 16;

/// The files that paths name, in order, each once. What can't be looked into goes to `findings`.
pub(super) fn collect(paths: &[PathBuf], findings: &Findings) -> Vec<PathBuf> {
    let (mut files, mut seen) = (Vec::new(), FxHashSet::default());
    for path in paths {
        add(path, 0, &mut files, &mut seen, findings);
    }
    files
}

fn add(path: &Path, depth: usize, files: &mut Vec<PathBuf>, seen: &mut FxHashSet<PathBuf>, findings: &Findings) {
    let known = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if !seen.insert(known.clone()) {
        return;
    }
    if path.is_dir() {
        add_folder(path, &known, depth, files, seen, findings);
    } else {
        files.push(path.to_path_buf());
    }
}

/// `known`: the folder's path without links, so that what is in it needs not be asked for its own.
fn add_folder(
    path: &Path,
    known: &Path,
    depth: usize,
    files: &mut Vec<PathBuf>,
    seen: &mut FxHashSet<PathBuf>,
    findings: &Findings,
) {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) if depth < MAX_FOLDERS => entries,
        Ok(_) => {
            let title = format!("`{}` is nested more than {MAX_FOLDERS} folders deep", shown_path(path));
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title).help("move its files up"));
        }
        Err(error) => {
            let title = format!("cannot read the folder `{}`: {error}", shown_path(path));
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title));
        }
    };
    let mut inside: Vec<(OsString, Option<FileType>)> =
        entries.filter_map(Result::ok).map(|entry| (entry.file_name(), entry.file_type().ok())).collect();
    inside.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, kind) in inside {
        if name.to_string_lossy().starts_with('.') {
            continue;
        }
        let path = path.join(&name);
        // Some systems write names in capitals, and a file that is passed over in silence is alerts that never come.
        let is_rules = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
        match kind {
            Some(kind) if kind.is_dir() => {
                let known = known.join(&name);
                if seen.insert(known.clone()) {
                    add_folder(&path, &known, depth + 1, files, seen, findings);
                }
            }
            Some(kind) if kind.is_file() => {
                // Not as a guard: a file seen before is not for the arm below.
                files.extend((is_rules && seen.insert(known.join(&name))).then_some(path));
            }
            // A link, or what can't be told.
            _ if is_rules || path.is_dir() => add(&path, depth + 1, files, seen, findings),
            _ => {}
        }
    }
}
