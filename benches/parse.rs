//! How fast feeds are read: `parse_feed` and `identify` over a folder of documents, in one thread, without the network.
//!
//! `cargo bench --bench parse`, with `DOCUMENTS` (a folder, searched through; `tests/feeds`) and `SECONDS` (5) from the
//! environment. Documents ending in `.gz` are unpacked before the clock starts. Prints documents and megabytes per
//! CPU-second; what is no feed counts too, as it has to be read to be refused.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::path::{Path, PathBuf};
use std::process::Command;

use url::Url;
use vedetta::fetch::{identify, parse_feed};

/// Clock ticks per second in `/proc/*/stat`; 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder of documents can be read") {
        let path = entry.expect("the folder of documents can be read").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Vec<u8> {
    if path.extension().is_some_and(|ending| ending == "gz") {
        return Command::new("gzip").arg("-dc").arg(path).output().expect("gzip is installed").stdout;
    }
    std::fs::read(path).expect("a document can be read")
}

/// CPU seconds of this process so far.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<f64> = stat
        .rsplit(')')
        .next()
        .unwrap_or("")
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse().ok())
        .collect();
    fields.iter().sum::<f64>() / TICKS
}

fn main() {
    let setting = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
    let folder = setting("DOCUMENTS", "tests/feeds");
    let seconds: f64 = setting("SECONDS", "5").parse().expect("SECONDS is a number");
    let mut paths = Vec::new();
    files(Path::new(&folder), &mut paths);
    paths.sort();
    let documents: Vec<Vec<u8>> = paths.iter().map(|path| read(path)).collect();
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let base = Url::parse("https://feeds.example.org/feed.xml").expect("a URL");
    let mut rounds = 0_u32;
    let start = cpu_seconds();
    let (spent, entries, refused) = loop {
        let (mut entries, mut refused) = (0, 0);
        for document in &documents {
            match parse_feed(document, None, &base) {
                Ok(feed) => entries += identify(&feed).len(),
                Err(_) => refused += 1,
            }
        }
        rounds += 1;
        let spent = cpu_seconds() - start;
        if spent >= seconds {
            break (spent, entries, refused);
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵²")]
    let (count, megabytes) = (documents.len() as f64, bytes as f64 / 1e6);
    let rate = f64::from(rounds) / spent;
    println!(
        "{} documents ({megabytes:.1} MB, {entries} entries, {refused} refused) in {folder}: {:.0} documents and {:.1} MB per CPU-second",
        documents.len(),
        count * rate,
        megabytes * rate
    );
}
