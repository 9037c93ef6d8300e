//! How long an edit of one rule file takes among very many topics, beside reading all of them.
//!
//! `TOPICS` is their number (100,000), a hundred to a file. Times are by the clock, so they hold for a machine that does
//! nothing else; their ratio holds anyway.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use vedetta::rule::{Rules, load_unlinted};

const PER_FILE: usize = 100;
const EDITS: usize = 5;

fn main() {
    let topics: usize = std::env::var("TOPICS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = [folder.path().to_path_buf()];
    let files = topics / PER_FILE;
    for number in 0..files {
        write(folder.path(), number, "");
    }
    let (mut everything, mut one) = (Vec::new(), Vec::new());
    for edit in 0..EDITS {
        let start = Instant::now();
        let (ruleset, report) = load_unlinted(&paths);
        let rules: Rules = ruleset.unwrap_or_else(|| panic!("{report}")).into();
        everything.push(start.elapsed());
        one.push(edit_one(&rules, &paths, edit * files / EDITS));
    }
    everything.sort_unstable();
    one.sort_unstable();
    let (all, single) = (everything[EDITS / 2], one[EDITS / 2]);
    println!("{topics} topics in {files} files, by the clock, median of {EDITS}");
    println!("reading everything      {:>10.1} ms", millis(all));
    println!("one topic edited        {:>10.1} ms", millis(single));
    println!("ratio                   {:>10.0}", all.as_secs_f64() / single.as_secs_f64());
}

/// Edits a file, after everything was read: what was edited before it would count as edited too.
fn edit_one(rules: &Rules, paths: &[PathBuf; 1], number: usize) -> Duration {
    write(&paths[0], number, " OR faro");
    let start = Instant::now();
    let edited = rules.edited(paths).expect("only one file changed");
    let took = start.elapsed();
    assert_eq!(edited.topic_count(), rules.topic_count());
    took
}

/// A file of topics with words of their own and words that many share; `more` is added to its first query.
fn write(folder: &Path, number: usize, more: &str) {
    let mut text = String::new();
    for topic in number * PER_FILE..(number + 1) * PER_FILE {
        let more = if topic == number * PER_FILE { more } else { "" };
        let (a, b, c) = (topic % 4_001, topic % 7_919, topic % 523);
        let _ = writeln!(
            text,
            "[[topic]]\nid = \"t{topic}\"\nmatch = '(nave{a} OR porto{b} OR \"molo {c} nord\") AND (radar{c} OR faro{a}{more})'\n"
        );
    }
    std::fs::write(folder.join(format!("f{number:05}.toml")), text).expect("a writable folder");
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
