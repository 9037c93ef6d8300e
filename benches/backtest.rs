//! `vedetta backtest` over a store full of generated articles: fills a database as the daemon would (judged, matches and
//! stories recorded), then replays it through edited rules, against the ledger and against the old rules. Prints stored
//! articles per second of wall time and of CPU time.
//!
//! `cargo bench --bench backtest`, with `ARTICLES` (40000) and `TOPICS` (1000) from the environment. No network.
#![expect(clippy::print_stdout, reason = "a bench prints its result")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use url::Url;
use vedetta::alert::{Desk, Router};
use vedetta::model::{Article, ArticleId, Claim, Feed, Labels, Lang, NodeId, Source, SourceId, TextStatus, Timestamp};
use vedetta::rule::{Ruleset, Scratch, load_sources};
use vedetta::store::sqlite::{OpenOptions, SqliteStore};
use vedetta::store::{PollCommit, PolledArticle, Store as _, Verdict};
use vedetta::story::Signature;

/// Words of an article: a teaser of a few sentences; every eighth article has a page's text.
const TEASER: usize = 60;
const PAGE: usize = 450;
/// Different words, the n-th about 1/n as frequent as the first.
const VOCABULARY: u64 = 30_000;
/// Articles in a poll.
const POLL: usize = 50;
/// Clock ticks per second in `/proc/*/stat`; 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Numbers that look random and are the same each time (a linear congruential generator, Knuth's multiplier).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// Zipf's law by drawing a bound first.
    fn word(&mut self) -> String {
        let bound = 1 + self.below(VOCABULARY);
        word(self.below(bound))
    }
}

/// The n-th word: syllables.
fn word(mut number: u64) -> String {
    const SYLLABLES: [&str; 16] =
        ["ra", "te", "mi", "lo", "nu", "sa", "ve", "di", "co", "pu", "ga", "le", "bri", "sto", "fa", "zan"];
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[usize::try_from(number % 16).unwrap_or(0)]);
        number /= 16;
        if number == 0 {
            return word + "no";
        }
    }
}

fn text(dice: &mut Dice, words: usize) -> String {
    let mut text = String::new();
    for number in 0..words {
        text.push_str(&dice.word());
        text.push_str(if number % 14 == 13 { ". " } else { " " });
    }
    text
}

/// Topics as monitors write them: AND of OR groups, phrases, NEAR, some with AND NOT.
fn rules(topics: usize, is_edited: bool) -> String {
    let mut dice = Dice(7);
    let mut rules = String::new();
    for number in 0..topics {
        // Not among the commonest words: nobody asks for “and”.
        let mut rare = || word(300 + dice.below(VOCABULARY - 300));
        let [a, b, c, d, e] = [rare(), rare(), rare(), rare(), rare()];
        let query = match number % 4 {
            0 => format!("({a} OR {b} OR {c}) AND ({d} OR {e})"),
            1 => format!("({a} OR {b}) NEAR/10 ({c} OR {d} OR {e})"),
            2 => format!("{a} AND NOT {b}"),
            _ => format!("\"{a} {b}\" OR ({c} AND {d})"),
        };
        let query = if is_edited && number % 50 == 0 { format!("({query}) OR {e}") } else { query };
        let _ = writeln!(rules, "[[topic]]\nid = \"topic-{number}\"\nmatch = '{query}'\n");
    }
    rules
}

fn article(feed: &Feed, number: usize, now: Timestamp) -> Article {
    let mut dice = Dice(number as u64 + 1);
    let body = if number.is_multiple_of(8) { text(&mut dice, PAGE) } else { String::new() };
    Article {
        id: ArticleId::derive(&[&feed.id.to_string(), &number.to_string()]),
        feed: feed.id,
        feed_name: "Bench".to_owned(),
        url: Some(format!("https://{}/{number}", feed.host())),
        title: text(&mut dice, 9),
        summary: text(&mut dice, TEASER),
        body,
        text_status: TextStatus::Feed,
        text_error: None,
        lang: Lang::parse("it"),
        declared_lang: None,
        source: feed.host().to_owned(),
        author: None,
        tags: Vec::new(),
        published: Some(now),
        updated: None,
        fetched_at: now,
        content_hash: i64::try_from(number).unwrap_or(0),
    }
}

/// Takes articles in over thirty days, as the daemon would.
async fn fill(url: &str, ruleset: &Ruleset, articles: usize, end: Timestamp) {
    let options = OpenOptions { create: true, read_only: false, exclusive: true };
    let store = SqliteStore::open(url, options).await.expect("a new database");
    let feeds: Vec<Feed> = (0..50)
        .map(|number| Feed::new(Url::parse(&format!("https://outlet{number}.example/rss")).expect("a URL")))
        .collect();
    let start = end.before(Duration::from_secs(30 * 86_400));
    let due: Vec<_> = feeds.iter().map(|feed| (feed.clone(), start)).collect();
    store.sync_feeds(&due).await.expect("synced");
    let desk = Arc::new(Desk::new(Router::default()));
    let mut scratch = Scratch::default();
    let step = Duration::from_secs(30 * 86_400) / u32::try_from(articles.max(1)).unwrap_or(u32::MAX);
    for first in (0..articles).step_by(POLL) {
        let now = start + step * u32::try_from(first).unwrap_or(0);
        let lease = Duration::from_secs(60);
        let claim = Claim { node: NodeId("bench".to_owned()), now, due_by: Timestamp::MAX, lease, limit: 1 };
        let leased = store.claim_feeds(&claim).await.expect("claimed").pop().expect("a feed");
        let feed = feeds.iter().find(|feed| feed.id == leased.item.id).expect("one of ours");
        let polled = (first..articles.min(first + POLL))
            .map(|number| {
                let mut article = article(feed, number, now);
                let judgement = ruleset.judge(&mut scratch, &article, &Labels::new(), now);
                article.lang = judgement.lang;
                let signature = (!judgement.matches.is_empty()).then(|| Signature::of(&article));
                let verdict =
                    Verdict { revision: ruleset.revision().to_owned(), matches: judgement.matches, signature };
                PolledArticle { article, verdict: Some(verdict), change: None }
            })
            .collect();
        let mut state = leased.item.clone();
        state.next_poll_at = now + Duration::from_secs(60);
        let poll = PollCommit {
            lease: leased.lease,
            state,
            seen: Vec::new(),
            articles: polled,
            health: Vec::new(),
            sitemaps: None,
        };
        store.commit_poll(poll, Arc::clone(&desk), now).await.expect("committed");
    }
    store.close().await;
}

/// CPU seconds of children that have ended.
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) / TICKS
}

/// Matches, alerts, and how many of them were gained and lost.
fn replay(folder: &Path, arguments: &[&str], name: &str) -> [u64; 4] {
    let before = children_cpu();
    let output = Command::new(env!("CARGO_BIN_EXE_vedetta"))
        .current_dir(folder)
        .args([
            "--config",
            "absent.toml",
            "--format",
            "json",
            "backtest",
            "--database",
            "bench.db",
            "--rules",
            "new.toml",
        ])
        .args(["--since", "31d"])
        .args(arguments)
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cpu = children_cpu() - before;
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let articles = report["articles"].as_f64().unwrap_or(0.0);
    let total = &report["total"];
    let of = |number: &serde_json::Value| number.as_u64().expect("a number");
    let after = &total["after"];
    let found = [of(&after["matches"]), of(&after["alerts"]), of(&total["gained"]), of(&total["lost"])];
    println!(
        "{name}: {articles} articles in {:.2} s: {:.0} a second, {:.0} a CPU-second; {} matches, {} alerts, {} gained, {} lost",
        report["seconds"].as_f64().unwrap_or(0.0),
        report["articles_per_second"].as_f64().unwrap_or(0.0),
        articles / cpu.max(0.01),
        found[0],
        found[1],
        found[2],
        found[3],
    );
    found
}

fn main() {
    let (articles, topics) = (setting("ARTICLES", 40_000).min(1_000_000), setting("TOPICS", 1000).min(100_000));
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let (old, new) = (rules(topics, false), rules(topics, true));
    std::fs::write(path("old.toml"), &old).expect("written");
    std::fs::write(path("new.toml"), new).expect("written");
    let files = load_sources(vec![Source::new(SourceId(0), "old.toml", old)]);
    let ruleset = Ruleset::compile(files).0.expect("good rules");
    let end = <vedetta::model::SystemClock as vedetta::model::Clock>::now(&vedetta::model::SystemClock);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(fill(&format!("sqlite:{}", path("bench.db").display()), &ruleset, articles, end));
    let ledger = replay(folder.path(), &[], "against the ledger");
    // They made the ledger.
    let other = replay(folder.path(), &["--diff", "old.toml"], "against other rules");
    assert_eq!(other, ledger, "both comparisons say the same");
}
