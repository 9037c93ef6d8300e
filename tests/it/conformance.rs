//! Feeds of other parsers' own test suites, and feeds found in the wild, read as those suites ask.
//!
//! The documents are not part of this repository; without them the tests say so and pass. Run with
//! `--nocapture` (`make conformance`) to see the tables; `VEDETTA_CONFORMANCE=all` lists every miss.

#![expect(clippy::print_stderr, reason = "the tables are what a person runs these tests for")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;
use url::Url;
use vedetta::fetch::{ParsedFeed, parse_feed};
use vedetta::text::html_to_line;

const DATA: &str = "../shared/data";

fn lines(path: &str) -> Option<Vec<Value>> {
    let Ok(text) = std::fs::read_to_string(format!("{DATA}/{path}")) else {
        eprintln!("skipped: no sample data in {DATA}");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect())
}

fn gunzip(path: &str) -> Vec<u8> {
    let file = std::fs::read(format!("{DATA}/{path}")).expect("listed in expect.jsonl");
    let mut bytes = Vec::new();
    let output = std::process::Command::new("gzip")
        .args(["-dc", &format!("{DATA}/{path}")])
        .output()
        .expect("gzip is installed");
    bytes.extend(output.stdout);
    assert!(!file.is_empty());
    bytes
}

/// Entities decoded, tags dropped, blanks collapsed, as the data's own notes ask; escaped markup counts as markup.
fn plain(text: &str) -> String {
    let once = html_to_line(text);
    let twice = html_to_line(&once);
    if twice.is_empty() { once } else { twice }
}

/// Ours is plain already: `<video>` in it is a word.
fn same_text(ours: &str, theirs: &str) -> bool {
    plain(ours) == plain(theirs) || ours.split_whitespace().eq(html_to_line(theirs).split_whitespace())
}

fn same_link(ours: Option<&str>, theirs: &str, base: Option<&str>) -> bool {
    let absolute = |link: &str| {
        base.and_then(|base| Url::parse(base).ok())
            .and_then(|base| base.join(link).ok())
            .or_else(|| Url::parse(link).ok())
            .map_or_else(|| link.to_owned(), String::from)
    };
    match ours {
        Some(ours) => absolute(ours).trim_end_matches('/') == absolute(theirs).trim_end_matches('/'),
        None => theirs.is_empty() || !absolute(theirs).starts_with("http"),
    }
}

fn same_time(ours: Option<vedetta::model::Timestamp>, theirs: &str) -> bool {
    let theirs = vedetta::fetch::parse_date(theirs).map(vedetta::model::Timestamp::as_seconds);
    ours.map(vedetta::model::Timestamp::as_seconds) == theirs
}

#[derive(Default)]
struct Score {
    right: u32,
    asked: u32,
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<(String, &'static str), Score>,
    misses: Vec<String>,
}

impl Table {
    fn ask(&mut self, suite: &str, what: &'static str, right: bool, miss: impl FnOnce() -> String) {
        let score = self.rows.entry((suite.to_owned(), what)).or_default();
        score.asked += 1;
        if right {
            score.right += 1;
        } else {
            self.misses.push(format!("{suite} {what}: {}", miss()));
        }
    }

    fn share(&self, suite: &str) -> f64 {
        // What is said of count, title, link, id and dates; texts and languages are a matter of policy.
        let counted = |what: &str| !matches!(what, "e.summary" | "e.content" | "language" | "filled in");
        let rows = self.rows.iter().filter(|((name, what), _)| name == suite && counted(what));
        let (right, asked) = rows.fold((0, 0), |sum, (_, score)| (sum.0 + score.right, sum.1 + score.asked));
        f64::from(right) / f64::from(asked.max(1))
    }

    fn print(&self) {
        eprintln!("{:<14}{:<12}{:>7}{:>7}{:>9}", "suite", "assertion", "right", "asked", "share");
        for ((suite, what), score) in &self.rows {
            let share = 100.0 * f64::from(score.right) / f64::from(score.asked);
            eprintln!("{suite:<14}{what:<12}{:>7}{:>7}{share:>8.1}%", score.right, score.asked);
        }
        let limit = if std::env::var("VEDETTA_CONFORMANCE").is_ok() { usize::MAX } else { 20 };
        for miss in self.misses.iter().take(limit) {
            eprintln!("miss: {miss}");
        }
    }
}

/// `reference` is feedparser's reading. What another suite fills in where the document has nothing (a title from the text,
/// a link from the feed's) feedparser leaves out, as we do: such asks are counted apart.
fn compare(
    table: &mut Table,
    suite: &str,
    file: &str,
    (expect, reference): (&Value, &Value),
    feed: &ParsedFeed,
    base: Option<&str>,
) {
    // What a suite misread itself, by its own replacement characters, it does not ask for.
    let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.contains('\u{fffd}'));
    let kind = |what: &'static str, ours: Option<&str>, theirs: &Value| {
        if ours.is_none() && theirs.is_null() && reference["format"].is_string() { "filled in" } else { what }
    };
    if let Some(count) = expect.get("n_entries").and_then(Value::as_u64) {
        table.ask(suite, "count", feed.entries.len() as u64 == count, || {
            format!("{file}: {} of {count}", feed.entries.len())
        });
    }
    if let Some(title) = expect.get("title").and_then(text) {
        let ours = feed.title.as_deref().unwrap_or("");
        let what = kind("title", feed.title.as_deref(), &reference["title"]);
        table.ask(suite, what, same_text(ours, &title), || format!("{file}: {ours:?}, not {title:?}"));
    }
    if let Some(link) = expect.get("link").and_then(text) {
        let what = kind("link", feed.link.as_deref(), &reference["link"]);
        table.ask(suite, what, same_link(feed.link.as_deref(), &link, base), || {
            format!("{file}: {:?}, not {link}", feed.link)
        });
    }
    if let Some(language) = expect.get("language").and_then(text) {
        let right = feed.language.as_deref().unwrap_or("").eq_ignore_ascii_case(&language);
        table.ask(suite, "language", right, || format!("{file}: {:?}, not {language}", feed.language));
    }
    for (key, ours) in [("published", feed.published.or(feed.updated)), ("updated", feed.updated.or(feed.published))] {
        if let Some(date) = expect.get(key).and_then(text) {
            table.ask(suite, "date", same_time(ours, &date), || format!("{file}: {ours:?}, not {date}"));
        }
    }
    for (place, entry) in expect.get("entries").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let index = entry.get("i").and_then(Value::as_u64).unwrap_or(place as u64);
        let theirs = &reference["entries"][usize::try_from(index).expect("small")];
        let Some(ours) = feed.entries.get(usize::try_from(index).expect("small")) else {
            table.ask(suite, "count", false, || format!("{file}: no entry {index}"));
            continue;
        };
        if let Some(title) = entry.get("title").and_then(text) {
            let got = ours.title.as_deref().unwrap_or("");
            let what = kind("e.title", ours.title.as_deref(), &theirs["title"]);
            table.ask(suite, what, same_text(got, &title), || format!("{file}[{index}]: {got:?}, not {title:?}"));
        }
        if let Some(link) = entry.get("link").and_then(text) {
            let right = same_link(ours.link.as_deref(), &link, base);
            let what = kind("e.link", ours.link.as_deref(), &theirs["link"]);
            table.ask(suite, what, right, || format!("{file}[{index}]: {:?}, not {link}", ours.link));
        }
        if let Some(id) = entry.get("id").and_then(text) {
            let right = ours.id.as_deref().unwrap_or("") == id.trim();
            let what = kind("e.id", ours.id.as_deref(), &theirs["id"]);
            table.ask(suite, what, right, || format!("{file}[{index}]: {:?}, not {id}", ours.id));
        }
        for (key, got) in [
            ("published", ours.published.or(ours.updated)),
            ("updated", ours.updated.or(ours.published)),
            ("date", ours.published.or(ours.updated)),
        ] {
            if let Some(date) = entry.get(key).and_then(text) {
                table.ask(suite, "e.date", same_time(got, &date), || format!("{file}[{index}]: {got:?}, not {date}"));
            }
        }
        for (key, got) in [
            ("summary", ours.summary.clone().unwrap_or_default()),
            ("content", ours.content.as_ref().map(|content| content.to_text()).unwrap_or_default()),
        ] {
            if let Some(body) = entry.get(key).and_then(text) {
                let what = if key == "summary" { "e.summary" } else { "e.content" };
                table.ask(suite, what, same_text(&got, &body), || format!("{file}[{index}]: {got:?}, not {body:?}"));
            }
        }
    }
}

#[test]
fn feeds_of_other_suites_are_read_as_they_ask() {
    let Some(cases) = lines("feeds/expect.jsonl") else { return };
    let mut table = Table::default();
    for case in &cases {
        let (suite, file) = (case["suite"].as_str().expect("a suite"), case["file"].as_str().expect("a file"));
        let bytes = std::fs::read(format!("{DATA}/feeds/{file}")).expect("listed in expect.jsonl");
        let header = case.get("http_headers").and_then(Value::as_object).and_then(|headers| {
            headers
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
                .and_then(|(_, value)| value.as_str())
        });
        let base = case.get("base_url").and_then(Value::as_str);
        let url = Url::parse(base.unwrap_or("about:blank")).expect("a URL");
        let start = Instant::now();
        let parsed = parse_feed(&bytes, header, &url);
        let seconds = start.elapsed().as_secs_f64();
        assert!(seconds < 2.0, "{file} took {seconds} s");
        let expect = &case["expect"];
        let reference = case.get("ref").and_then(|reference| reference["n_entries"].as_u64());
        match parsed {
            Ok(feed) => {
                if expect.get("parse").is_some() {
                    table.ask(suite, "refusal", false, || file.to_owned());
                }
                compare(&mut table, suite, file, (expect, &case["ref"]), &feed, base);
                if let Some(count) = reference
                    && case["ref"]["wellformed"] == true
                {
                    let right = feed.entries.len() as u64 == count;
                    table.ask("reference", "count", right, || format!("{file}: {} of {count}", feed.entries.len()));
                }
            }
            Err(error) => {
                let refused = expect.get("parse").is_some();
                if refused {
                    table.ask(suite, "refusal", true, String::new);
                } else if expect.as_object().is_some_and(|expect| !expect.is_empty()) {
                    table.ask(suite, "parse", false, || format!("{file}: {error}"));
                } else if reference.is_some_and(|count| count > 0) {
                    table.ask("reference", "count", false, || format!("{file}: {error}"));
                }
            }
        }
    }
    table.print();
    for (suite, goal) in [("feedparser", 0.97), ("gofeed", 0.97), ("reference", 0.99)] {
        assert!(table.share(suite) >= goal, "{suite}: {:.3}", table.share(suite));
    }
    for suite in ["rss-parser", "simplepie", "laminas", "miniflux"] {
        assert!(table.share(suite) >= 0.85, "{suite}: {:.3}", table.share(suite));
    }
}

#[test]
fn feeds_from_the_wild_lose_no_entry() {
    let Some(cases) = lines("real-feeds/expect.jsonl") else { return };
    let mut table = Table::default();
    let mut bytes_read = 0;
    let mut seconds = 0.0;
    for case in &cases {
        let file = case["file"].as_str().expect("a file");
        let bytes = gunzip(&format!("real-feeds/{file}"));
        let start = Instant::now();
        let parsed = parse_feed(&bytes, None, &Url::parse("about:blank").expect("a URL"));
        seconds += start.elapsed().as_secs_f64();
        bytes_read += bytes.len();
        match parsed {
            Ok(feed) => {
                let mut expect = case["ref"].clone();
                if expect["wellformed"] == false {
                    expect["n_entries"] = Value::Null;
                }
                compare(&mut table, "real", file, (&expect, &Value::Null), &feed, None);
            }
            Err(error) => table.ask("real", "count", case["ref"]["n_entries"] == 0, || format!("{file}: {error}")),
        }
    }
    table.print();
    eprintln!(
        "{} feeds, {bytes_read} bytes, {:.0} feeds/s, {:.1} MB/s",
        cases.len(),
        cases.len() as f64 / seconds,
        bytes_read as f64 / seconds / 1e6
    );
    assert!(Path::new(DATA).exists());
    assert!(table.share("real") >= 0.97, "{:.3}", table.share("real"));
}
