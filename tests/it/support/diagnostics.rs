//! Cases of `tests/diagnostics`: a file with mistakes, and beside it what is said about them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The cases whose names begin so, in order.
pub(crate) fn cases(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut cases: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(kind) && name.ends_with(".toml")
        })
        .collect();
    cases.sort();
    cases
}

/// Compares what is said about each case with what was agreed.
///
/// To accept what is said now: `UPDATE_DIAGNOSTICS=1 cargo test --test it diagnostics`, then read the difference.
pub(crate) fn compare(kind: &str, said: impl Fn(&Path) -> String) {
    let mut differences = String::new();
    for case in cases(kind) {
        let said = said(&case);
        let agreed_path = case.with_extension("out");
        if std::env::var_os("UPDATE_DIAGNOSTICS").is_some() {
            std::fs::write(&agreed_path, &said).unwrap();
            continue;
        }
        let agreed = std::fs::read_to_string(&agreed_path).unwrap_or_default();
        if said != agreed {
            writeln!(differences, "{}: agreed\n{agreed}\nsaid\n{said}", agreed_path.display()).unwrap();
        }
    }
    assert!(differences.is_empty(), "{differences}");
}
