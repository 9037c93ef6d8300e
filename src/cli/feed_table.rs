//! `vedetta feed list`: every feed on a line, for a person who looks for the one that went dark.
//!
//! A terminal gets as many columns as fit, and what is wrong in full below the table; a pipe gets all of it, separated by
//! tabs; `--format json` one object a line.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use comfy_table::{ColumnConstraint, ContentArrangement, Row, Width, presets};
use serde::Serialize;

use crate::config::{Config, Environment};
use crate::fetch::{self, DefaultPace, Pace};
use crate::model::{Clock, Feed, FeedId, FeedState, Labels, Subscription, SystemClock, Timestamp};
use crate::store::{FeedRow, ToldDelay};

use super::feed_push::PushLine;
use super::output::{Output, counted, plain, table_as_wide_as};
use super::{Exit, deliveries, runtime};

/// Deliveries of each feed that its delays are measured by.
const MEASURED: u32 = 20;
/// From so many columns on a terminal has room for the delays; and for labels as well.
const ROOM_FOR_DELAYS: u16 = 100;
const ROOM_FOR_LABELS: u16 = 132;

/// Feeds that the daemon does not know yet, named at most.
const NAMED: usize = 3;

/// How a feed is doing, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(super) enum FeedWord {
    /// Its last poll failed
    Failing,
    /// Nothing new for three times its longest usual silence
    Stale,
    /// Polled at a new address, which the configuration does not name yet
    Moved,
    /// Not polled yet
    New,
    /// All is well
    Fine,
}

impl FeedWord {
    fn of(state: &FeedState, now: Timestamp) -> Self {
        let quiet = state.last_new_at.map(|at| now.since(at));
        let is_stale = quiet.zip(fetch::stale_after(&state.history)).is_some_and(|(quiet, limit)| quiet >= limit);
        if state.failures > 0 {
            Self::Failing
        } else if is_stale {
            Self::Stale
        } else if state.health.moved.as_ref().is_some_and(|moved| moved.in_use) {
            Self::Moved
        } else if state.last_success_at.is_none() {
            Self::New
        } else {
            Self::Fine
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Failing => "failing",
            Self::Stale => "stale",
            Self::Moved => "moved",
            Self::New => "new",
            Self::Fine => "fine",
        }
    }
}

/// Which feeds are listed.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ListOptions {
    /// Only those that are doing so
    #[arg(long, value_enum)]
    state: Option<FeedWord>,
    /// Only those with this label; may be given several times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = parse_label)]
    labels: Vec<(String, String)>,
}

fn parse_label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE, such as country=it")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

/// Median and 95th percentile, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Delay {
    median_seconds: u64,
    p95_seconds: u64,
    /// Of so many.
    measured: usize,
}

impl Delay {
    fn of(seconds: impl IntoIterator<Item = u64>) -> Option<Self> {
        let mut all: Vec<u64> = seconds.into_iter().collect();
        all.sort_unstable();
        // The nearest rank: an entry that really was so late.
        let rank = |percent: usize| all.get((all.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { median_seconds: rank(50)?, p95_seconds: rank(95)?, measured: all.len() })
    }
}

/// The stages on the way from a newsroom to a reader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Delays {
    /// Of all entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    published_to_read: Option<Delay>,
    /// Of articles that were told, as are the next two.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_to_judged: Option<Delay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judged_to_delivered: Option<Delay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    published_to_delivered: Option<Delay>,
}

impl Delays {
    fn of(state: &FeedState, told: &[ToldDelay]) -> Self {
        let stage = |from: fn(&ToldDelay) -> Option<Timestamp>, to: fn(&ToldDelay) -> Timestamp| {
            Delay::of(told.iter().filter_map(|one| Some(to(one).since(from(one)?).as_secs())))
        };
        Self {
            published_to_read: Delay::of(state.history.delays.iter().map(|seconds| u64::from(*seconds))),
            read_to_judged: stage(|one| Some(one.read_at), |one| one.judged_at),
            judged_to_delivered: stage(|one| Some(one.judged_at), |one| one.delivered_at),
            published_to_delivered: stage(|one| one.published_at, |one| one.delivered_at),
        }
    }
}

/// One line of the list; serialises as the command's JSON.
#[derive(Debug, Serialize)]
struct Line {
    id: FeedId,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    state: FeedWord,
    labels: Labels,
    articles: u64,
    next_poll: Timestamp,
    /// How long the next poll is overdue.
    late_seconds: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_interval_seconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    last_attempt: Option<Timestamp>,
    last_success: Option<Timestamp>,
    last_new: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entries_per_day: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usual_silence_seconds: Option<u64>,
    /// The share of the last changed document that was known.
    #[serde(skip_serializing_if = "Option::is_none")]
    overlap: Option<f64>,
    failures: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<&'static str>,
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moved_to: Option<String>,
    /// Its subscription at a hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    push: Option<PushLine>,
    delays: Delays,
}

impl Line {
    fn new(row: FeedRow, feed: Option<&Feed>, default: &DefaultPace, told: &[ToldDelay], now: Timestamp) -> Self {
        let FeedRow { state, url, name, articles, .. } = row;
        let history = &state.history;
        let pace = feed.map(|feed| Pace::of(feed, default));
        let schedule = feed.and_then(|feed| feed.schedule.as_ref());
        let wait = pace.filter(|_| schedule.is_none()).map(|pace| fetch::usual_wait(history, &pace, now));
        let total: f64 = history.hours.iter().map(|count| f64::from(*count)).sum();
        let rate = (history.watched_days > 0.04).then(|| total / f64::from(history.watched_days));
        let overlap = (history.window > 0)
            .then(|| 1.0 - f64::from(history.new_entries.min(history.window)) / f64::from(history.window));
        let tenth = |number: f64| (number * 10.0).round() / 10.0;
        Self {
            id: state.id,
            url,
            name: name.or_else(|| state.title.clone()),
            state: FeedWord::of(&state, now),
            labels: feed.map(|feed| feed.labels.clone()).unwrap_or_default(),
            articles,
            next_poll: state.next_poll_at,
            late_seconds: now.since(state.next_poll_at).as_secs(),
            poll_interval_seconds: wait.map(|wait| wait.as_secs()),
            schedule: schedule.map(ToString::to_string),
            last_attempt: state.last_attempt_at,
            last_success: state.last_success_at,
            last_new: state.last_new_at,
            entries_per_day: rate.map(tenth),
            usual_silence_seconds: fetch::usual_silence(history).map(|silence| silence.as_secs()),
            overlap: overlap.map(|overlap| (overlap * 100.0).round() / 100.0),
            failures: state.failures,
            failing_since: state.failing_since,
            trouble: state.health.trouble.map(|trouble| trouble.as_str()),
            delays: Delays::of(&state, told),
            moved_to: state.health.moved.filter(|moved| moved.in_use).map(|moved| moved.to),
            error: state.last_error,
            push: None,
        }
    }

    fn with_push(self, subscription: Option<&Subscription>, now: Timestamp) -> Self {
        Self { push: subscription.map(|subscription| PushLine::of(subscription, now)), ..self }
    }

    fn push(&self) -> &'static str {
        self.push.as_ref().map_or("", |push| push.state.as_str())
    }

    fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.url)
    }

    fn labels(&self) -> String {
        self.labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    fn rate(&self) -> String {
        match self.entries_per_day {
            None => String::new(),
            Some(rate) if rate >= 9.95 => format!("{rate:.0}"),
            Some(rate) => format!("{rate:.1}"),
        }
    }

    fn interval(&self) -> String {
        match (self.poll_interval_seconds, &self.schedule) {
            (_, Some(_)) => "cron".to_owned(),
            (Some(seconds), _) => short(Duration::from_secs(seconds)),
            (None, None) => String::new(),
        }
    }

    fn next(&self, now: Timestamp) -> String {
        match self.next_poll.since(now) {
            Duration::ZERO if self.late_seconds >= 60 => {
                format!("{} late", short(Duration::from_secs(self.late_seconds)))
            }
            Duration::ZERO => "now".to_owned(),
            wait => format!("in {}", short(wait)),
        }
    }
}

/// How long ago.
fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| "never".to_owned(), |at| short(now.since(at)))
}

/// Both figures of a delay.
fn both(delay: Option<Delay>) -> String {
    let part = |seconds| short(Duration::from_secs(seconds));
    delay.map_or_else(String::new, |delay| format!("{} / {}", part(delay.median_seconds), part(delay.p95_seconds)))
}

/// A duration in at most four characters, up to years.
fn short(duration: Duration) -> String {
    match duration.as_secs() {
        seconds @ 0..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds @ 7200..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

pub(super) fn list(
    config: &Path,
    environment: &Environment,
    loaded: &Config,
    options: &ListOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let (rows, told, subscriptions) = runtime()?.block_on(async {
        let store = deliveries::open(config, environment, now).await?;
        let found = (store.feeds().await, store.told_delays(MEASURED).await, store.subscriptions().await);
        store.close().await;
        anyhow::Ok((found.0?, found.1?, found.2?))
    })?;
    let subscriptions: HashMap<FeedId, Subscription> =
        subscriptions.into_iter().map(|subscription| (subscription.feed, subscription)).collect();
    let is_empty = rows.is_empty();
    let polled: HashSet<FeedId> = rows.iter().filter(|row| row.enabled).map(|row| row.state.id).collect();
    let unknown: Vec<&Feed> = loaded.feeds.iter().filter(|feed| !polled.contains(&feed.id)).collect();
    let configured: HashMap<FeedId, &Feed> = loaded.feeds.iter().map(|feed| (feed.id, feed)).collect();
    let mut told_by_feed: HashMap<FeedId, Vec<ToldDelay>> = HashMap::new();
    for one in told {
        told_by_feed.entry(one.feed).or_default().push(one);
    }
    let lines: Vec<Line> = rows
        .into_iter()
        .filter(|row| row.enabled)
        .map(|row| {
            let told = told_by_feed.remove(&row.state.id).unwrap_or_default();
            let feed = configured.get(&row.state.id).copied();
            let subscription = subscriptions.get(&row.state.id);
            Line::new(row, feed, &loaded.poll.pace(), &told, now).with_push(subscription, now)
        })
        .filter(|line| options.state.is_none_or(|wanted| line.state == wanted))
        .filter(|line| options.labels.iter().all(|(key, value)| line.labels.get(key) == Some(value)))
        .collect();
    if output.is_json() {
        lines.iter().try_for_each(|line| output.json(line))?;
    } else if output.is_terminal() {
        output.line(&drawn(&lines, None, now))?;
    } else {
        output.table(&[], lines.iter().map(tabbed).collect())?;
    }
    if is_empty && !loaded.feeds.is_empty() {
        output.say("the daemon has not run with this configuration yet");
    } else if !unknown.is_empty() {
        let some: Vec<_> = unknown.iter().take(NAMED).map(|feed| feed.url.as_str()).collect();
        let more = if unknown.len() > NAMED { ", …" } else { "" };
        output.say(&format!(
            "{} of the configuration not polled yet ({}{more}): reload the service, or `vedetta run --once`",
            counted(unknown.len(), "feed"),
            some.join(", ")
        ));
    }
    Ok(Exit::Fine)
}

/// For pipes: everything, times in full.
fn tabbed(line: &Line) -> Vec<String> {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let health = match &line.error {
        Some(error) => format!("{} failures: {error}", line.failures),
        None if line.state == FeedWord::New => "not polled yet".to_owned(),
        None => line.state.as_str().to_owned(),
    };
    vec![
        line.title().to_owned(),
        line.url.clone(),
        health,
        time(line.last_success),
        time(line.last_new),
        line.next_poll.to_string(),
        line.articles.to_string(),
        line.labels(),
        line.rate(),
        line.interval(),
        both(line.delays.published_to_read),
        both(line.delays.published_to_delivered),
        line.moved_to.clone().unwrap_or_default(),
        line.push().to_owned(),
    ]
}

/// For terminals: a table that fits, then what is wrong. `width`: that of the terminal if not given.
fn drawn(lines: &[Line], width: Option<u16>, now: Timestamp) -> String {
    let mut table = table_as_wide_as(width);
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let width = table.width().unwrap_or(80);
    let (has_delays, has_labels) = (width >= ROOM_FOR_DELAYS, width >= ROOM_FOR_LABELS);
    let has_push = has_delays && lines.iter().any(|line| line.push.is_some());
    let mut header = vec!["feed", "state", "read", "new", "a day", "every", "next"];
    if has_delays {
        header.extend(["seen after", "told after"]);
    }
    if has_push {
        header.push("push");
    }
    if has_labels {
        header.push("labels");
    }
    let columns = header.len();
    table.set_header(header);
    for line in lines {
        let mut cells = vec![
            plain(line.title()),
            line.state.as_str().to_owned(),
            ago(line.last_success, now),
            ago(line.last_new, now),
            line.rate(),
            line.interval(),
            line.next(now),
        ];
        if has_delays {
            cells.extend([both(line.delays.published_to_read), both(line.delays.published_to_delivered)]);
        }
        if has_push {
            cells.push(line.push().to_owned());
        }
        if has_labels {
            cells.push(plain(&line.labels()));
        }
        let mut row = Row::from(cells);
        row.max_height(1);
        table.add_row(row);
    }
    // Names give way; figures never break.
    let figures: u16 = if has_delays { 74 } else { 50 } + if has_push { 9 } else { 0 };
    let labels: u16 = if has_labels { (width - figures) / 3 } else { 0 };
    let name = width.saturating_sub(figures + labels).max(12);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_constraint(match index {
            0 => ColumnConstraint::UpperBoundary(Width::Fixed(name)),
            last if has_labels && last + 1 == columns => ColumnConstraint::UpperBoundary(Width::Fixed(labels)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    let mut text = table.to_string();
    text = text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    for line in lines {
        if let Some(error) = &line.error {
            let since = line.failing_since.map(|since| format!(" since {since}")).unwrap_or_default();
            text.push_str(&format!(
                "\n\n{}\n  {}\n  {} failures{since}: {}",
                plain(line.title()),
                plain(&line.url),
                line.failures,
                plain(error)
            ));
        }
        if let Some((push, error)) = line.push.as_ref().and_then(|push| Some((push, push.error.as_ref()?))) {
            text.push_str(&format!(
                "\n\n{}\n  {}\n  its hub {} does not push, and it is polled as usual: {}",
                plain(line.title()),
                plain(&line.url),
                plain(&push.hub),
                plain(error)
            ));
        }
        if let Some(to) = &line.moved_to {
            text.push_str(&format!(
                "\n\n{}\n  {}\n  has moved for good; write `url = \"{}\"` into its `[[feed]]`",
                plain(line.title()),
                plain(&line.url),
                plain(to)
            ));
        }
    }
    let mut counts: BTreeMap<FeedWord, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(line.state).or_default() += 1;
    }
    let counts: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {}", word.as_str())).collect();
    let plural = if lines.len() == 1 { "" } else { "s" };
    text.push_str(&format!("\n\n{} feed{plural}: {}", lines.len(), counts.join(", ")));
    text.trim_end_matches(": ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FeedHistory, FeedTrouble, SubscriptionState};

    /// Columns of a terminal: East Asian characters take two.
    fn columns(text: &str) -> usize {
        text.chars()
            .map(
                |c| {
                    if ('\u{1100}'..='\u{ffdc}').contains(&c) && !('\u{2000}'..='\u{2e7f}').contains(&c) {
                        2
                    } else {
                        1
                    }
                },
            )
            .sum()
    }

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-23T12:00:00Z").expect("a time")
    }

    fn line(number: u32, name: &str) -> Line {
        let url = format!("https://outlet-{number}.example/a/rather/long/path/to/the/feed/of/all/news/rss.xml");
        let feed = Feed::new(url.parse().expect("a URL"));
        let mut state = FeedState::new(feed.id, now() + Duration::from_secs(600));
        state.last_success_at = Some(now().before(Duration::from_secs(240)));
        state.last_new_at = Some(now().before(Duration::from_secs(5000 * u64::from(number))));
        state.history = FeedHistory {
            as_of: Some(now()),
            watched_days: 7.0,
            hours: [number as f32; 24],
            window: 30,
            new_entries: 3,
            delays: vec![30, 400, 9000, 60 * number],
            ..FeedHistory::default()
        };
        if number.is_multiple_of(9) {
            state.failures = 7;
            state.failing_since = Some(now().before(Duration::from_secs(90_000)));
            state.health.trouble = Some(FeedTrouble::Missing);
            state.last_error = Some("`outlet.example` answers 404 (not found)".into());
        }
        let mut labelled = feed.clone();
        labelled.labels.insert("country".into(), "jp".into());
        let row = FeedRow { state, url: feed.url.to_string(), name: Some(name.to_owned()), enabled: true, articles: 7 };
        let told = ToldDelay {
            feed: feed.id,
            published_at: Some(now().before(Duration::from_secs(500))),
            read_at: now().before(Duration::from_secs(100)),
            judged_at: now().before(Duration::from_secs(99)),
            delivered_at: now(),
        };
        let pace = crate::config::PollSettings::default().pace();
        let line = Line::new(row, Some(&labelled), &pace, &[told], now());
        if !number.is_multiple_of(10) {
            return line;
        }
        let subscription = Subscription {
            feed: feed.id,
            hub: "https://hub.example/".into(),
            topic: feed.url.to_string(),
            callback: "https://vedetta.example/websub/x".into(),
            token: "x".into(),
            secret: "x".into(),
            state: SubscriptionState::Leaving,
            lease_until: None,
            due_at: now(),
            attempts: 3,
            verified_at: None,
            last_push_at: None,
            missed_at: None,
            last_error: Some("the hub answers 503".into()),
        };
        line.with_push(Some(&subscription), now())
    }

    #[test]
    fn forty_feeds_with_long_and_wide_names_fit_every_terminal() {
        let names = [
            "Новости порта и всего побережья от Мурманска до Владивостока",
            "朝日新聞デジタル速報ニュース一覧（政治・国際・経済・社会）",
            "Corriere del Porto",
            "وكالة أنباء الخليج للأخبار العاجلة والتقارير الخاصة",
            "联合早报网即时新闻中国与国际军事外交频道",
            "The Harbour Courier: all stories from all desks, updated around the clock, every day of the year",
        ];
        let lines: Vec<Line> = (1..=40).map(|number| line(number, names[number as usize % names.len()])).collect();
        for width in [60, 80, 100, 132, 200] {
            let text = drawn(&lines, Some(width), now());
            let (table, _) = text.split_once("\n\n").expect("errors follow");
            assert_eq!(table.lines().count(), 41, "a line each at {width}:\n{table}");
            for line in table.lines() {
                assert!(columns(line) <= usize::from(width), "{width}: {} {line}", columns(line));
            }
            let (head, _) = table.split_once('\n').expect("lines");
            assert_eq!((head.contains("push"), table.contains("leaving")), (width >= 100, width >= 100), "{table}");
            assert!(text.contains("does not push, and it is polled as usual: the hub answers 503"), "{text}");
            assert!(text.contains("404") && text.ends_with("40 feeds: 4 failing, 36 fine"), "{text}");
        }
    }

    #[test]
    fn delays_are_the_nearest_rank() {
        assert_eq!(Delay::of([]), None);
        let delay = Delay::of(1..=20).expect("measured");
        assert_eq!((delay.median_seconds, delay.p95_seconds, delay.measured), (10, 19, 20));
        assert_eq!(both(Delay::of([59, 7300])), "59s / 2h");
    }
}
