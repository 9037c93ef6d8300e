//! A feed's rhythm: learned from what each poll brings, used to decide how long to wait for the next.
//!
//! Learning is counting. Entries are counted by hour of the day and day of the week on the feed's own clock, and the
//! counts fade with a half-life of a fortnight, so that a changed habit or the hour of summer time is unlearned by
//! itself. A feed's first document, whose entries carry dates, is a history already.
//!
//! Waiting follows one rule: where entries come at a rate of *r*, the wait is √(interval / *r*). A feed that brings one
//! entry per interval is polled at its interval, one that brings four at half of it. For a given number of requests this
//! square root is what makes entries wait least (K. C. Sia, J. Cho, H. Cho: *Efficient Monitoring Algorithm for Fast News
//! Alerts*, IEEE TKDE 19(7), 2007). On top of it stands Media Cloud's idea that documents should overlap: a poll should
//! find at least three quarters of the entries known, or what came in between may have scrolled past.

use std::time::Duration;

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;

use crate::model::{DELAYS_KEPT, Feed, FeedHistory, Lang, Timestamp};

use super::cadence::SHORTEST_INTERVAL;

/// Counts by hour and day fade to half in this time. A guess: two weeks see every weekday twice.
const HALF_LIFE_DAYS: f64 = 14.0;
/// What came of late fades to half in this time. A guess: half an hour after a burst it is half over.
const RECENT_HALF_LIFE_HOURS: f64 = 0.5;
/// Counts are let fade no more often than this: smaller steps would be lost in rounding.
const FADE_STEP: Duration = Duration::from_secs(15 * 60);
/// A poll that comes later than this after the last one was not watching: the time between says nothing.
const WATCHING: Duration = Duration::from_secs(2 * 24 * 3600);
/// The share of a document that may be new before polling is too slow.
const NEW_SHARE: f64 = 0.25;
/// From so many entries on, what one poll brings is a rate and no accident.
const BURST: u32 = 3;
/// A rhythm is known after so many days. An hour: a first document may reach back no further.
const KNOWN_AFTER_DAYS: f64 = 1.0 / 24.0;
/// Unless told otherwise, polling gets up to so many times faster than the interval …
const FASTER: u32 = 4;
/// … but not faster than this, unless the interval is.
const FASTEST: Duration = Duration::from_secs(60);
/// So many silences make a habit.
const SILENCES_KNOWN: u32 = 5;
/// A feed is stale after so many times its longest usual silence (RELIABILITY P16).
const STALE_AFTER: u32 = 3;
/// Shorter silences are never reported: a guess at what an operator would act on.
const STALE_AT_LEAST: Duration = Duration::from_secs(6 * 3600);
/// How many articles in a row make another language, and how firmly the first must have been known.
const LANGUAGE_RUN: u8 = 10;
const LANGUAGE_KNOWN: u8 = 20;

/// How often the operator lets a feed be polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The interval of a feed that brings about one entry each time.
    pub interval: Duration,
    /// The shortest, at most `interval`.
    pub fastest: Duration,
    /// The longest, at least `interval`.
    pub slowest: Duration,
    /// The feed's own clock.
    pub zone: Tz,
}

/// What holds for feeds that say nothing else: `[poll]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultPace {
    /// Time between polls.
    pub interval: Duration,
    /// Whether it follows each feed's rhythm.
    pub adaptive: bool,
    /// The shortest; absent: a quarter of the interval, at least a minute.
    pub fastest: Option<Duration>,
    /// The longest; absent: the interval.
    pub slowest: Option<Duration>,
}

impl Pace {
    /// The pace of a feed without a cron line.
    #[must_use]
    pub fn of(feed: &Feed, default: &DefaultPace) -> Self {
        let interval = feed.interval.unwrap_or(default.interval).max(SHORTEST_INTERVAL);
        let zone = feed.zone.unwrap_or(Tz::UTC);
        if !feed.adaptive.unwrap_or(default.adaptive) {
            return Self { interval, fastest: interval, slowest: interval, zone };
        }
        let usual = (interval / FASTER).max(FASTEST);
        let fastest = feed.fastest.or(default.fastest).unwrap_or(usual).clamp(SHORTEST_INTERVAL, interval);
        let slowest = feed.slowest.or(default.slowest).unwrap_or(interval).max(interval);
        Self { interval, fastest, slowest, zone }
    }

    /// Whether there is anything to adapt.
    #[must_use]
    pub fn is_fixed(&self) -> bool {
        self.fastest == self.slowest
    }
}

/// What a successful poll found, for learning.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// When.
    pub now: Timestamp,
    /// When the poll before succeeded; absent on the first.
    pub since: Option<Timestamp>,
    /// When the feed had a new entry before.
    pub last_new: Option<Timestamp>,
    /// The feed's own clock.
    pub zone: Tz,
    /// Entries in the document; `None`: it was as before.
    pub window: Option<usize>,
    /// New entries.
    pub new: usize,
    /// Dates of the new entries that have one; on the first poll of all entries.
    pub dates: &'a [Timestamp],
}

/// Takes in what a poll found.
pub fn learn(history: &mut FeedHistory, found: &Found<'_>) {
    let Some(since) = found.since else {
        begin(history, found);
        return;
    };
    let waited = found.now.since(since);
    let is_watching = waited <= WATCHING;
    let new = u32::try_from(found.new).unwrap_or(u32::MAX);
    if let Some(window) = found.window {
        history.window = u32::try_from(window).unwrap_or(u32::MAX);
        history.new_entries = new;
        history.strangers = if new > 0 && new >= history.window { history.strangers.saturating_add(1) } else { 0 };
    }
    if found.new == 0 && history.as_of.is_some_and(|at| found.now >= at && found.now.since(at) < FADE_STEP) {
        return;
    }
    fade(history, found.now, is_watching);
    if found.new == 0 {
        return;
    }
    let hours = waited.max(Duration::from_secs(1)).as_secs_f64() / 3600.0;
    let (brought, expected) = (f64::from(new), usual_rate(history, found.zone, found.now).unwrap_or(0.0) * hours);
    // More than chance explains (three standard deviations of a Poisson process): a burst.
    if new >= BURST && brought > expected + 3.0 * expected.sqrt() {
        history.recent = f64::from(history.recent).max(brought / hours) as f32;
    }
    if !is_watching {
        return;
    }
    // An entry counts when it was published, if that lies in the time since the last poll; else now.
    let mut dates = found.dates.iter().filter(|date| **date <= found.now && found.now.since(**date) <= waited);
    for _ in 0..found.new.min(500) {
        count(history, found.zone, dates.next().copied().unwrap_or(found.now));
    }
    if let Some(last) = found.last_new {
        learn_silence(history, found.now.since(last), found.now);
    }
    let delay = |date: &Timestamp| u32::try_from(found.now.since(*date).as_secs()).unwrap_or(u32::MAX);
    let late = found.dates.iter().filter(|date| **date <= found.now && found.now.since(**date) <= WATCHING);
    history.delays.extend(late.map(delay));
    let surplus = history.delays.len().saturating_sub(DELAYS_KEPT);
    history.delays.drain(..surplus);
}

/// A first document: the dates of its entries are a history.
fn begin(history: &mut FeedHistory, found: &Found<'_>) {
    *history = FeedHistory { as_of: Some(found.now), fortnight: Some(found.now), ..FeedHistory::default() };
    history.window = u32::try_from(found.window.unwrap_or(0)).unwrap_or(u32::MAX);
    let reach = Duration::from_secs_f64(HALF_LIFE_DAYS * 86_400.0);
    let dates: Vec<Timestamp> = found.dates.iter().copied().filter(|date| *date <= found.now).collect();
    let Some(oldest) = dates.iter().min() else { return };
    history.watched_days = (found.now.since(*oldest).min(reach).as_secs_f64() / 86_400.0) as f32;
    for date in dates.iter().filter(|date| found.now.since(**date) <= reach).take(2_000) {
        count(history, found.zone, *date);
    }
}

fn fade(history: &mut FeedHistory, now: Timestamp, is_watching: bool) {
    let as_of = history.as_of.replace(now).unwrap_or(now);
    let elapsed = now.since(as_of);
    history.recent = (f64::from(history.recent) * recent_left(elapsed)) as f32;
    if !is_watching {
        return;
    }
    let kept = (-(elapsed.as_secs_f64() / 86_400.0) / HALF_LIFE_DAYS).exp2();
    for count in history.hours.iter_mut().chain(&mut history.days) {
        *count = (f64::from(*count) * kept) as f32;
    }
    let whole = HALF_LIFE_DAYS / std::f64::consts::LN_2;
    history.watched_days = (f64::from(history.watched_days) * kept + (1.0 - kept) * whole) as f32;
}

fn recent_left(elapsed: Duration) -> f64 {
    (-(elapsed.as_secs_f64() / 3600.0) / RECENT_HALF_LIFE_HOURS).exp2()
}

fn count(history: &mut FeedHistory, zone: Tz, at: Timestamp) {
    let (hour, day) = hour_and_day(zone, at);
    history.hours[hour] += 1.0;
    history.days[day] += 1.0;
}

fn hour_and_day(zone: Tz, at: Timestamp) -> (usize, usize) {
    let local = at.to_chrono().with_timezone(&zone);
    (local.hour() as usize % 24, local.weekday().num_days_from_monday() as usize % 7)
}

fn learn_silence(history: &mut FeedHistory, silence: Duration, now: Timestamp) {
    let fortnight = *history.fortnight.get_or_insert(now);
    if now.since(fortnight) >= Duration::from_secs(14 * 86_400) || fortnight > now {
        history.silences = [0, history.silences[0]];
        history.fortnight = Some(now);
    }
    let mut minutes = u32::try_from(silence.as_secs() / 60).unwrap_or(u32::MAX);
    // An outage of the newsroom is no habit; a new habit is learned step by step.
    let usual = history.silences[0].max(history.silences[1]);
    if history.silences_seen >= SILENCES_KNOWN {
        minutes = minutes.min(usual.saturating_mul(2).max(60));
    }
    history.silences[0] = history.silences[0].max(minutes);
    history.silences_seen = history.silences_seen.saturating_add(1);
}

/// Entries an hour that the feed usually brings at a moment; `None`: not known yet.
#[must_use]
pub fn usual_rate(history: &FeedHistory, zone: Tz, at: Timestamp) -> Option<f64> {
    let watched = f64::from(history.watched_days);
    if watched < KNOWN_AFTER_DAYS {
        return None;
    }
    let total: f64 = history.hours.iter().map(|count| f64::from(*count)).sum();
    let mean = total / (watched * 24.0);
    let (hour, day) = hour_and_day(zone, at);
    // Neighbouring hours lend a quarter each: habits have no sharp edges. One count is spread over all hours and days, so
    // that none is ever taken to be dead; and what has not been seen whole is not believed.
    let near = |shift: usize| f64::from(history.hours[(hour + shift) % 24]);
    let smooth = 0.5 * near(0) + 0.25 * (near(1) + near(23));
    let by_hour = 24.0 * (smooth + 1.0 / 24.0) / (total + 1.0);
    let by_day = 7.0 * (f64::from(history.days[day]) + 1.0 / 7.0) / (total + 1.0);
    let trust = |from: f64, to: f64| ((watched - from) / (to - from)).clamp(0.0, 1.0);
    let blend = |profile: f64, trust: f64| 1.0 + (profile - 1.0) * trust;
    Some(mean * blend(by_hour, trust(1.0, 3.0)) * blend(by_day, trust(7.0, 14.0)))
}

/// How long to wait after a successful poll: from `pace.fastest` to `pace.slowest`.
#[must_use]
pub fn wait(history: &FeedHistory, pace: &Pace, now: Timestamp) -> Duration {
    let usual = pace.interval.clamp(pace.fastest, pace.slowest);
    let (Some(as_of), false) = (history.as_of, pace.is_fixed()) else { return usual };
    if usual_rate(history, pace.zone, now).is_none() && history.recent <= 0.0 {
        return usual;
    }
    let interval_hours = pace.interval.as_secs_f64() / 3600.0;
    let (fastest, slowest) = (pace.fastest.as_secs_f64(), pace.slowest.as_secs_f64());
    // Hour by hour: a poll in a quiet hour must not sleep into the busy one.
    let mut from = 0.0;
    while from < slowest {
        let at = now + Duration::from_secs_f64(from);
        let into_hour = f64::from(at.to_chrono().with_timezone(&pace.zone).minute() * 60);
        let to = (from + 3600.0 - into_hour).max(from + 60.0);
        let recent = f64::from(history.recent) * recent_left(at.since(as_of));
        let rate = usual_rate(history, pace.zone, at).unwrap_or(0.0).max(recent).max(1e-9);
        let by_rate = (interval_hours / rate).sqrt();
        let by_window = NEW_SHARE * f64::from(history.window.max(1)) / rate;
        let wanted = (by_rate.min(by_window) * 3600.0).clamp(fastest, slowest).max(from);
        if wanted < to {
            return Duration::from_secs_f64(wanted).clamp(pace.fastest, pace.slowest);
        }
        from = to;
    }
    pace.slowest
}

/// The longest silence that is usual for a feed; `None`: too little is known.
#[must_use]
pub fn usual_silence(history: &FeedHistory) -> Option<Duration> {
    let longest = history.silences[0].max(history.silences[1]);
    (history.silences_seen >= SILENCES_KNOWN && longest > 0).then(|| Duration::from_secs(u64::from(longest) * 60))
}

/// From which silence on a feed counts as stale; `None`: too little is known.
#[must_use]
pub fn stale_after(history: &FeedHistory) -> Option<Duration> {
    usual_silence(history).map(|usual| usual.saturating_mul(STALE_AFTER).max(STALE_AT_LEAST))
}

/// Takes in the language of an article. Returns the old and the new one at the moment when a feed has changed its language
/// for good.
pub fn learn_language(history: &mut FeedHistory, language: Lang) -> Option<(Lang, Lang)> {
    let (known, firmness) = history.language.unwrap_or((language, 0));
    if known == language {
        history.language = Some((known, (firmness + 1).min(100)));
        history.other_language = None;
        return None;
    }
    let run =
        history.other_language.filter(|(other, _)| *other == language).map_or(1, |(_, run)| run.saturating_add(1));
    history.other_language = Some((language, run));
    // A mixed feed never gets firm.
    let loosened = firmness.saturating_sub(1);
    history.language = if loosened == 0 { Some((language, 1)) } else { Some((known, loosened)) };
    if run < LANGUAGE_RUN {
        return None;
    }
    history.language = Some((language, LANGUAGE_RUN));
    history.other_language = None;
    (firmness >= LANGUAGE_KNOWN - LANGUAGE_RUN).then_some((known, language))
}

#[cfg(test)]
#[path = "rhythm/tests.rs"]
mod tests;
