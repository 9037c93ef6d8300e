//! The imports point down: a room knows the floors below it and nothing else, and rooms on one floor don't open into
//! each other.

use std::fs;
use std::path::Path;

/// Floors from the ground up, as in `src/lib.rs`.
const FLOORS: &[&[&str]] = &[
    &["model"],
    &["text", "settings", "network"],
    &["rule", "story", "alert"],
    &["store", "fetch", "notify"],
    &["config", "telemetry"],
    &["pipeline", "web", "backtest"],
    &["daemon"],
    &["demo"],
    &["cli"],
];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Rooms named by `crate::…` paths in a source text, tests left out: they may look anywhere.
fn rooms_used(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or("");
    let code: String = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let name = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut rooms = Vec::new();
    for rest in code.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(group.split('}').next().unwrap_or("").split(',').map(|part| name(part.trim()))),
            None => rooms.push(name(rest)),
        }
    }
    rooms
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn imports_point_down() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    assert!(files.len() > 40, "only {} files found", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).expect("below src");
        let room = inside.iter().next().and_then(|part| part.to_str()).unwrap_or("").trim_end_matches(".rs").to_owned();
        if room == "lib" || room == "main" {
            continue;
        }
        let Some(own) = floor(&room) else {
            wrong.push(format!("{room} has no floor: add it to src/lib.rs and to this test"));
            continue;
        };
        for used in rooms_used(&fs::read_to_string(&file).expect("a source file")) {
            if used != room && floor(&used).is_some_and(|other| other >= own) {
                wrong.push(format!("{} uses {used}, which is not below {room}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
