//! `vedetta backtest`: edited rules against the stored archive.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;

use crate::backtest::{self, Plan, Progress, Report, Sample, TopicReport};
use crate::config::{self, Config, Environment};
use crate::daemon::StartError;
use crate::model::{Clock, SystemClock, Timestamp, TopicId};
use crate::rule::{self, Ruleset};
use crate::settings::{nearest, parse_moment};
use crate::store::Store;
use crate::store::sqlite::{OpenOptions, SqliteStore};

use super::args::BacktestOptions;
use super::output::{BadUsage, Output, plain};
use super::run::progress_bar;
use super::{Exit, runtime};

/// How far back it goes if nobody says.
const SINCE: Duration = Duration::from_secs(30 * 86_400);
/// Topics without a change that a person is shown.
const MOST_UNCHANGED: usize = 20;

pub(super) fn backtest(
    config: &Path,
    environment: &Environment,
    options: &BacktestOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let since = moment("--since", options.since.as_deref(), now)?.unwrap_or_else(|| now.before(SINCE));
    let until = moment("--until", options.until.as_deref(), now)?.unwrap_or(now);
    if until < since {
        return Err(BadUsage(format!("--until ({until}) lies before --since ({since})")).into());
    }
    let (loaded, report) = config::load(config, environment, now);
    let invalid = || StartError::Invalid(Box::new(report.clone()));
    let paths = match &loaded {
        _ if !options.rules.is_empty() => options.rules.clone(),
        Some(config) => config.rules.clone(),
        None => config::rule_paths(config).ok_or_else(invalid)?,
    };
    if loaded.is_none() {
        let first = report.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let why = first.map_or("the configuration has mistakes", |diagnostic| diagnostic.title.as_str());
        output.say(&format!(
            "warning: {why}; so the labels of feeds are not known: filters by feed label let all articles pass"
        ));
    }
    let store_url = match (&options.database, &loaded) {
        (Some(file), _) => format!("sqlite:{}", std::path::absolute(file)?.display()),
        (None, Some(config)) => config.store_url.clone(),
        (None, None) => config::store_url(config).ok_or_else(invalid)?,
    };
    let Some(rules) = load_rules(&paths, output)? else { return Ok(Exit::Usage) };
    let other = match options.diff.as_slice() {
        [] => None,
        paths => match load_rules(paths, output)? {
            Some(other) => Some(other),
            None => return Ok(Exit::Usage),
        },
    };
    let topics = options.topic.iter().map(|id| known_topic(id, &rules, other.as_deref())).collect::<Result<_, _>>()?;
    let plan = Plan {
        rules,
        other,
        topics,
        since,
        until,
        labels: loaded.as_ref().map(labels).unwrap_or_default(),
        retention: loaded.as_ref().map(|config| config.retention.articles),
        samples: options.samples,
        threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    };
    let report = runtime()?.block_on(async {
        // Beside a running daemon, without a writer and without its lock.
        let reading = OpenOptions { create: false, read_only: true, exclusive: false };
        let store = SqliteStore::open(&store_url, reading).await.context("cannot open the database")?;
        let bar = Bar(output.has_watcher().then(|| progress_bar("replaying")));
        let report = backtest::run(&plan, &*store, &bar).await;
        if let Some(bar) = &bar.0 {
            bar.finish_and_clear();
        }
        store.close().await;
        report.context("cannot read the archive")
    })?;
    if output.is_json() {
        output.json(&report)?;
    } else {
        show(&report, output)?;
    }
    for problem in &report.problems {
        output.say(&format!("warning: {problem}"));
    }
    let too_many = |limit: Option<u64>, number: u64| limit.is_some_and(|limit| number > limit);
    let is_found = report.failures > 0
        || too_many(options.max_gained, report.total.gained)
        || too_many(options.max_lost, report.total.lost);
    Ok(if is_found { Exit::Found } else { Exit::Fine })
}

fn moment(option: &str, text: Option<&str>, now: Timestamp) -> Result<Option<Timestamp>, BadUsage> {
    text.map(|text| parse_moment(text, now)).transpose().map_err(|error| BadUsage(format!("{option}: {error}")))
}

/// The rules, or `None` after their mistakes were shown.
fn load_rules(paths: &[std::path::PathBuf], output: &Output) -> anyhow::Result<Option<Arc<Ruleset>>> {
    let (rules, report) = rule::load(paths);
    if rules.is_none() {
        output.report(&report)?;
    }
    Ok(rules.map(Arc::new))
}

fn known_topic(id: &str, rules: &Ruleset, other: Option<&Ruleset>) -> anyhow::Result<TopicId> {
    let known = || rules.topics().iter().chain(other.into_iter().flat_map(Ruleset::topics)).map(|topic| &topic.id);
    match known().find(|topic| topic.as_str() == id) {
        Some(topic) => Ok(topic.clone()),
        None => {
            let near = nearest(id, known().map(TopicId::as_str));
            let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            Err(BadUsage(format!("no topic has the id `{id}`{near}")).into())
        }
    }
}

fn labels(config: &Config) -> HashMap<crate::model::FeedId, crate::model::Labels> {
    config.feeds.iter().map(|feed| (feed.id, feed.labels.clone())).collect()
}

/// A bar while a person waits.
struct Bar(Option<ProgressBar>);

impl Progress for Bar {
    fn begin(&self, of: u64) {
        if let Some(bar) = &self.0 {
            bar.set_length(of);
        }
    }

    fn reached(&self, done: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(done);
        }
    }
}

fn show(report: &Report, output: &Output) -> anyhow::Result<()> {
    let counted = match report.articles {
        0 => format!("no articles between {} and {}", report.since, report.until),
        number => format!("{number} articles in {} since {}", period(report.days), report.since),
    };
    output.say(&format!("{counted}, and {} earlier ones for the stories that were open", report.earlier_articles));
    let against = match &report.other {
        Some(other) => format!("rules {} ({} topics)", other.revision, other.topics),
        None => "what was really alerted".to_owned(),
    };
    output.say(&format!("before: {against}; after: rules {} ({} topics)", report.rules.revision, report.rules.topics));
    for note in &report.notes {
        output.say(&format!("note: {note}"));
    }
    let header = ["topic", "before", "after", "a day", "gained", "lost", "recut", "matches", "stories"];
    let unchanged = report.topics.iter().filter(|topic| !topic.changes()).count();
    let hidden = unchanged.saturating_sub(MOST_UNCHANGED);
    let shown = &report.topics[..report.topics.len() - hidden];
    let mut rows: Vec<_> = shown.iter().map(row).collect();
    rows.push(row(&report.total));
    output.table(&header, rows)?;
    if hidden > 0 {
        output.say(&format!("{hidden} more topics without a change; `--format json` has them all"));
    }
    for topic in &report.topics {
        let id = topic.topic.as_ref().map_or("", TopicId::as_str);
        samples(&format!("gained by {id}"), topic.gained, &topic.gained_samples, output)?;
        samples(&format!("lost by {id}"), topic.lost, &topic.lost_samples, output)?;
    }
    output.line("")?;
    output.line(&verdict(report))?;
    Ok(())
}

fn row(topic: &TopicReport) -> Vec<String> {
    let signed = |sign: char, number: u64| if number == 0 { "0".to_owned() } else { format!("{sign}{number}") };
    let moved =
        |before: u64, after: u64| if before == after { after.to_string() } else { format!("{before} → {after}") };
    vec![
        topic.topic.as_ref().map_or_else(|| "total".to_owned(), ToString::to_string),
        topic.before.alerts.to_string(),
        topic.after.alerts.to_string(),
        format!("{:.2}", topic.after.alerts_per_day),
        signed('+', topic.gained),
        signed('−', topic.lost),
        (topic.regrouped.before + topic.regrouped.after).to_string(),
        moved(topic.before.matches, topic.after.matches),
        moved(topic.before.stories, topic.after.stories),
    ]
}

fn samples(what: &str, number: u64, samples: &[Sample], output: &Output) -> anyhow::Result<()> {
    if samples.is_empty() {
        return Ok(());
    }
    let some = if number > samples.len() as u64 {
        format!("the newest {} of {number}", samples.len())
    } else {
        number.to_string()
    };
    output.line(&format!("\n{what}: {some}"))?;
    for sample in samples {
        let lang = sample.lang.map_or_else(|| "??".to_owned(), |lang| lang.to_string());
        output.line(&format!(
            "  {}  {lang}  {}",
            sample.at,
            plain(&format!("{} — {}", sample.title, sample.source))
        ))?;
        if let Some(url) = &sample.url {
            output.line(&format!("      {}", plain(url)))?;
        }
        if !sample.matched.is_empty() {
            output.line(&format!("      matched: {}", plain(&sample.matched.join(", "))))?;
        }
        if let Some(because) = &sample.because {
            output.line(&format!("      other side: {}", plain(because)))?;
        }
    }
    Ok(())
}

/// A number of days as people say it.
fn period(days: f64) -> String {
    match days {
        days if days >= 1.0 => format!("{days:.1} days"),
        days if days >= 2.0 / 24.0 => format!("{:.0} hours", days * 24.0),
        days if days * 1440.0 < 1.5 => "1 minute".to_owned(),
        days => format!("{:.0} minutes", days * 1440.0),
    }
}

/// The one sentence that goes into a commit message.
fn verdict(report: &Report) -> String {
    if report.articles == 0 {
        return "nothing was compared: there are no articles in this time".to_owned();
    }
    let total = &report.total;
    let rules = match &report.other {
        Some(_) => "this change",
        None => "these rules",
    };
    let alerts = |number: u64| if number == 1 { "1 alert".to_owned() } else { format!("{number} alerts") };
    if total.gained == 0 && total.lost == 0 {
        return format!(
            "{rules} would have changed nothing: {} in {}",
            alerts(total.after.alerts),
            period(report.days)
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = |number: u64| {
        if report.days >= 1.0 { format!(" ({:.1} a day)", number as f64 / report.days) } else { String::new() }
    };
    format!(
        "{rules} would have given {} more{} and lost {}{} in {}: {} instead of {}",
        alerts(total.gained),
        rate(total.gained),
        total.lost,
        rate(total.lost),
        period(report.days),
        total.after.alerts,
        total.before.alerts
    )
}
