//! The demo's bundled feeds, read by the real parser and judged by the shipped rules: each entry meets the fate that
//! `vedetta demo` promises.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;
use vedetta::demo::feeds::{FEEDS, Fate, render};
use vedetta::fetch::{identify, parse_feed, to_article};
use vedetta::model::{Feed, Labels, Timestamp, normalise_link};
use vedetta::rule::{Scratch, load};

#[test]
fn every_entry_of_the_demo_meets_its_fate() {
    let now = Timestamp::parse_rfc3339("2026-11-22T21:30:00Z").unwrap();
    let (ruleset, _) = load(&[PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/rules"))]);
    let ruleset = ruleset.unwrap();
    let mut scratch = Scratch::default();
    for demo in FEEDS {
        let feed = Feed::new(Url::parse(&format!("http://127.0.0.1:8080{}", demo.path)).unwrap());
        let parsed = parse_feed(&render(demo, now), Some(demo.content_type), &feed.url).unwrap();
        let mut expected: BTreeMap<String, Fate> =
            demo.expected.iter().map(|entry| (normalise_link(entry.link).unwrap(), entry.fate)).collect();
        for (entry, identity) in parsed.entries.iter().zip(identify(&parsed)) {
            let article = to_article(&feed, &parsed, entry, &identity, now);
            let link = normalise_link(article.url.as_deref().unwrap()).unwrap();
            let judgement = ruleset.judge(&mut scratch, &article, &Labels::new(), now);
            let topics: Vec<String> = judgement.matches.iter().map(|found| found.topic.id.to_string()).collect();
            let age = now.since(article.published.unwrap());
            let (wanted, fresh) = match expected.remove(&link) {
                Some(Fate::Alert { topic, .. }) => (Some(topic), true),
                Some(Fate::Old { topic }) => (Some(topic), false),
                Some(Fate::Silent { .. }) | None => (None, true),
            };
            let wanted: Vec<&str> = wanted.into_iter().collect();
            assert_eq!(topics, wanted, "{}: {}", demo.name, article.title);
            assert_eq!(age < Duration::from_secs(24 * 3600), fresh, "{}: {}", demo.name, article.title);
        }
        assert!(expected.is_empty(), "{}: not in the feed: {expected:?}", demo.name);
    }
}
