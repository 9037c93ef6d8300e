//! The guide "Your first topic": its files are written, its commands run, and what they print is what it says.

#![expect(clippy::print_stdout, reason = "what is skipped or measured is shown to whoever runs the test")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program;

fn guide() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/first-topic.md")
}

/// Runs a line as the reader's shell would, and gives what it prints on either stream, in the order of data and talk.
fn run(line: &str, folder: &Path) -> String {
    let vedetta = PathBuf::from(program().get_program());
    let path = std::env::join_paths(
        std::iter::once(vedetta.parent().unwrap().to_path_buf())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )
    .unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("{line} 2>&1")])
        .current_dir(folder)
        .env("PATH", path)
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "Analyst")
        .env("GIT_AUTHOR_EMAIL", "analyst@example.org")
        .env("GIT_COMMITTER_NAME", "Analyst")
        .env("GIT_COMMITTER_EMAIL", "analyst@example.org")
        .env("NO_COLOR", "1")
        .env_remove("VEDETTA_CONFIG")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn has_git() -> bool {
    Command::new("git").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The guide with the output that its commands have now.
fn replayed(guide: &str, folder: &Path) -> String {
    let mut out = String::new();
    let mut lines = guide.lines().peekable();
    let has_git = has_git();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let mut block = Vec::new();
        for line in lines.by_ref() {
            if line == "```" {
                break;
            }
            block.push(line);
        }
        match info.split_once(' ') {
            Some((_, place)) => {
                let (how, name) = place.split_once('=').unwrap();
                let path = folder.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                let before = if how == "add" { std::fs::read_to_string(&path).unwrap() } else { String::new() };
                std::fs::write(&path, before + &block.join("\n") + "\n").unwrap();
                out.push_str(&(block.join("\n") + "\n"));
            }
            None => {
                assert_eq!(info, "console", "a block that nothing runs: {info}");
                let mut at = 0;
                while at < block.len() {
                    let line = block[at];
                    let end = (at + 1..block.len()).find(|at| block[*at].starts_with("$ ")).unwrap_or(block.len());
                    writeln!(out, "{line}").unwrap();
                    let command = line.strip_prefix("$ ").unwrap();
                    if command.starts_with("git ") && !has_git {
                        println!("skipped, for want of git: {command}");
                        block[at + 1..end].iter().for_each(|line| writeln!(out, "{line}").unwrap());
                    } else {
                        out.push_str(&run(command, folder));
                    }
                    at = end;
                }
            }
        }
        writeln!(out, "```").unwrap();
    }
    out
}

/// To accept what is printed now: `UPDATE_GUIDE=1 cargo test --test it first_topic`, then read the difference.
#[test]
fn every_command_of_the_guide_prints_what_the_guide_says() {
    let folder = tempfile::TempDir::new().unwrap();
    let written = std::fs::read_to_string(guide()).unwrap();
    let now = replayed(&written, folder.path());
    if std::env::var_os("UPDATE_GUIDE").is_some() {
        std::fs::write(guide(), &now).unwrap();
        return;
    }
    let mut differences = String::new();
    for (at, (a, b)) in written.lines().zip(now.lines()).enumerate() {
        if a != b {
            writeln!(differences, "line {}: the guide says\n  {a}\nand it is now\n  {b}", at + 1).unwrap();
            break;
        }
    }
    assert!(differences.is_empty() && written.lines().count() == now.lines().count(), "{differences}");
}

/// What the prose says of the outputs.
#[test]
fn the_story_that_the_guide_tells_is_the_one_that_its_outputs_tell() {
    let written = std::fs::read_to_string(guide()).unwrap();
    for said in [
        "unknown key `mach`",
        "did you mean `match`?",
        "fine, with 1 warning",
        "1 passed, 1 failed",
        "13 words between",
        "fine: 1 topic\n",
        "7 passed, 0 failed",
        "8 passed, 0 failed",
        "\"article\":\"n3\"",
    ] {
        assert!(written.contains(said), "the guide no longer shows: {said}");
    }
    assert!(!written.contains("\"article\":\"n2\""), "the football match is a match");
}
