//! The matching workload: what `match_jsonl` finds must be what two other engines find.

use std::collections::BTreeSet;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use vedetta::model::Timestamp;
use vedetta::rule::jsonl::match_jsonl;
use vedetta::rule::{Ruleset, load};

fn data() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/matching");
    folder.join("articles.jsonl.gz").exists().then_some(folder)
}

fn unzipped(path: &Path) -> Vec<u8> {
    let output = Command::new("gzip").arg("-dc").arg(path).stderr(Stdio::null()).output().expect("gzip runs");
    output.stdout
}

fn rules(folder: &Path, topics: usize) -> Ruleset {
    let target = tempfile::tempdir().expect("a folder for the rules");
    let file = target.path().join("topics.toml");
    std::fs::write(&file, unzipped(&folder.join(format!("topics-{topics}.toml.gz")))).expect("the rules are written");
    let (ruleset, report) = load(&[file]);
    ruleset.unwrap_or_else(|| panic!("{report}"))
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn check(topics: usize, threads: usize) {
    let Some(folder) = data() else {
        eprintln!("skipped: no matching workload beside the project");
        return;
    };
    let ruleset = rules(&folder, topics);
    let articles = unzipped(&folder.join("articles.jsonl.gz"));
    let mut out = Vec::new();
    let stats = match_jsonl(&ruleset, BufReader::new(articles.as_slice()), &mut out, threads, Timestamp::EPOCH)
        .expect("memory");
    assert_eq!((stats.articles, stats.failures), (1_000, 0), "{:?}", stats.problems);
    let found: BTreeSet<(String, String)> = String::from_utf8(out)
        .expect("JSON is UTF-8")
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
            (text("article"), text("topic"))
        })
        .collect();
    let expected: BTreeSet<(String, String)> =
        String::from_utf8(unzipped(&folder.join(format!("matches-{topics}.tsv.gz"))))
            .expect("UTF-8")
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .map(|(article, topic)| (article.to_owned(), topic.to_owned()))
            .collect();
    let missing: Vec<_> = expected.difference(&found).collect();
    let extra: Vec<_> = found.difference(&expected).take(10).collect();
    assert!(extra.is_empty(), "too many: {extra:?}");
    // A few expected matches are on words that the reduced articles no longer hold (`swift*` where `swift's` became `zz`).
    assert!(missing.len() * 1_000 <= expected.len(), "missing: {missing:?}");
}

#[test]
fn a_thousand_topics_match_what_other_engines_match() {
    check(1_000, 1);
}

#[test]
fn ten_thousand_topics_match_what_other_engines_match() {
    check(10_000, 2);
}
