//! The fuzz targets' seed corpus, replayed without the fuzzer.

#![expect(clippy::print_stdout, reason = "what is skipped or measured is shown to whoever runs the test")]

use std::path::Path;

#[path = "../../fuzz/checks/analyser.rs"]
mod analyser;
#[path = "../../fuzz/checks/matcher.rs"]
pub(crate) mod matcher;
#[path = "../../fuzz/checks/parser.rs"]
mod parser;

/// Largest corpus that the repository carries, in bytes.
const MOST_BYTES: u64 = 200_000;

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no corpus in {}", folder.display());
    for file in files {
        // Shown if a check fails.
        println!("{}", file.display());
        check(&std::fs::read(&file).unwrap());
    }
}

#[test]
fn every_rule_file_of_the_corpus_is_read() {
    replay("parser", parser::check);
}

#[test]
fn every_text_of_the_corpus_is_analysed() {
    replay("analyser", analyser::check);
}

#[test]
fn the_evaluators_agree_on_the_whole_corpus() {
    replay("matcher", matcher::check);
}

#[test]
fn the_corpus_is_small() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let mut bytes = 0;
    for folder in std::fs::read_dir(corpus).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            bytes += file.unwrap().metadata().unwrap().len();
        }
    }
    assert!(bytes <= MOST_BYTES, "{bytes}");
}
