//! `vedetta check --profile`: which topics are slow, which are wide.

use std::io::BufRead as _;
use std::path::Path;

use anyhow::Context;

use crate::config::Environment;
use crate::model::Timestamp;
use crate::rule::jsonl::ArticleLine;
use crate::rule::{Document, Profile, Profiler, Ruleset, TopicProfile};

use super::output::{Output, counted};
use super::{deliveries, match_, runtime};

/// Stored articles that are looked at, the newest ones.
const MOST_STORED: i64 = 20_000;
const PAGE: u32 = 256;
/// Topics shown.
const MOST_SHOWN: usize = 10;

/// A profile, and on what it was measured.
pub(super) struct Measured {
    pub(super) on: String,
    pub(super) profile: Profile,
}

/// Measures on the articles named, else on the stored ones, else on the rules' own tests.
pub(super) fn measure(
    config: &Path,
    environment: &Environment,
    ruleset: &Ruleset,
    articles: Option<&Path>,
    now: Timestamp,
    output: &Output,
) -> anyhow::Result<Measured> {
    let mut profiler = Profiler::new(ruleset);
    let on = match articles {
        Some(path) => {
            let unread = from_lines(&mut profiler, path, now)?;
            if unread > 0 {
                output.say(&format!("warning: {unread} lines of {} hold no article", path.display()));
            }
            path.display().to_string()
        }
        None => match runtime()?.block_on(from_store(&mut profiler, config, environment, now)) {
            Some(count) if count > 0 => "the newest stored articles".to_owned(),
            _ => {
                profiler.add_tests();
                "the rules' own tests".to_owned()
            }
        },
    };
    Ok(Measured { on, profile: profiler.finish() })
}

fn from_lines(profiler: &mut Profiler<'_>, path: &Path, now: Timestamp) -> anyhow::Result<u64> {
    let mut unread = 0;
    for line in match_::open(path)?.lines() {
        let line = line.with_context(|| format!("cannot read {}", path.display()))?;
        match ArticleLine::parse(&line) {
            Ok(article) => profiler.add(&article.document(), now),
            Err(_) if line.trim().is_empty() => {}
            Err(_) => unread += 1,
        }
    }
    Ok(unread)
}

/// The newest stored articles; `None` where there is no database, or none that can be read.
async fn from_store(
    profiler: &mut Profiler<'_>,
    config: &Path,
    environment: &Environment,
    now: Timestamp,
) -> Option<u64> {
    let store = deliveries::open(config, environment, now).await.ok()?;
    let mut count = 0;
    if let Ok(Some(span)) = store.archive_span(Timestamp::EPOCH).await {
        let mut after = span.after.max(span.to - MOST_STORED);
        while let Ok(page) = store.archive_page(after, span.to, PAGE, false).await {
            let Some(last) = page.articles.last().map(|article| article.number) else { break };
            after = last;
            for archived in &page.articles {
                profiler.add(&Document::new(&archived.article), archived.article.fetched_at);
                count += 1;
            }
        }
    }
    store.close().await;
    Some(count)
}

impl Measured {
    pub(super) fn show(&self, output: &Output) -> anyhow::Result<()> {
        let Profile { articles, topics, never_tried, seconds, per_topic } = &self.profile;
        output.say(&format!(
            "measured on {}: {}, {}, {seconds:.3} s; {} never tried",
            self.on,
            counted(usize::try_from(*articles).unwrap_or(usize::MAX), "article"),
            counted(*topics, "topic"),
            match never_tried {
                1 => "1 topic was".to_owned(),
                count => format!("{count} topics were"),
            }
        ));
        let slowest: Vec<&TopicProfile> = self.profile.slowest(MOST_SHOWN).collect();
        let mut shown = slowest.clone();
        for topic in self.profile.widest(MOST_SHOWN) {
            if shown.iter().all(|known| known.topic != topic.topic) {
                shown.push(topic);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rows = shown.iter().map(|topic| {
            vec![
                topic.topic.to_string(),
                topic.matches.to_string(),
                format!("{:.2} %", topic.match_share * 100.0),
                topic.candidates.to_string(),
                format!("{:.1} %", topic.time_share * 100.0),
                format!("{:.1}", topic.seconds * 1e6 / topic.candidates.max(1) as f64),
            ]
        });
        let header = ["topic", "matches", "of articles", "tried", "of time", "µs each"];
        if !output.is_terminal() {
            output.line(&header.join("\t"))?;
        }
        output.table(&header, rows.collect())?;
        for topic in per_topic {
            for advice in &topic.advice {
                output.say(&format!("{}: {advice}", topic.topic));
            }
        }
        Ok(())
    }
}
