//! Tests of learning and waiting: that limits hold whatever the history says, and a simulation against a fixed interval.

use chrono_tz::Europe::Rome;
use proptest::prelude::*;

use super::*;
use crate::fetch::{Cadence, PollEnd};
use crate::model::FeedId;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect(text)
}

fn pace(zone: Tz) -> Pace {
    Pace { interval: 15 * MINUTE, fastest: 3 * MINUTE, slowest: 4 * HOUR, zone }
}

/// A Monday.
fn monday() -> Timestamp {
    at("2026-11-02T00:00:00Z")
}

/// A fixed sequence of numbers below one (Knuth's MMIX generator): the simulation is the same on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Entries of four weeks, as a rate of entries an hour has them come.
fn published(rate: impl Fn(Timestamp) -> f64, dice: &mut Dice) -> Vec<Timestamp> {
    (0..28 * 24 * 60)
        .map(|minute| monday() + minute * MINUTE)
        .filter(|at| dice.roll() < rate(*at) / 60.0)
        .map(|at| at + Duration::from_secs(7))
        .collect()
}

/// How a feed fares under a pace: requests, mean and worst delay in minutes, entries that scrolled past.
#[derive(Debug, Clone, Copy, Default)]
struct Fare {
    requests: usize,
    mean_minutes: f64,
    worst_minutes: f64,
    missed: usize,
}

/// Polls a feed with a window of 20 entries for four weeks; what is measured are the last three.
fn simulate(entries: &[Timestamp], pace: &Pace, number: usize) -> Fare {
    const WINDOW: usize = 20;
    let feed = FeedId::derive(&[&number.to_string()]);
    let mut history = FeedHistory::default();
    let (mut now, end, measured) = (monday() + HOUR, monday() + 28 * DAY, monday() + 7 * DAY);
    let (mut since, mut last_new, mut seen) = (None, None, 0);
    let (mut fare, mut delays) = (Fare::default(), Vec::new());
    while now < end {
        let there = entries.partition_point(|entry| *entry <= now);
        let first = there.saturating_sub(WINDOW);
        let window = &entries[first..there];
        let new = &entries[seen.max(first)..there];
        let dates = if since.is_none() { window } else { new };
        let is_changed = !new.is_empty() || since.is_none();
        let found = Found {
            now,
            since,
            last_new,
            zone: pace.zone,
            window: is_changed.then_some(window.len()),
            new: if since.is_none() { 0 } else { new.len() },
            dates,
        };
        learn(&mut history, &found);
        if now >= measured {
            fare.requests += 1;
            delays.extend(new.iter().filter(|at| **at >= measured).map(|at| now.since(*at).as_secs_f64() / 60.0));
            fare.missed += first.saturating_sub(seen);
        }
        if !new.is_empty() {
            last_new = Some(now);
        }
        (since, seen) = (Some(now), there);
        history = FeedHistory::parse(&history.to_text()).expect("as it is stored");
        let wait = wait(&history, pace, now);
        let cadence =
            if pace.is_fixed() { Cadence::Interval(pace.interval) } else { Cadence::Rhythm { pace: *pace, wait } };
        now = cadence.next_poll(feed, None, PollEnd::Succeeded, now);
    }
    fare.worst_minutes = delays.iter().copied().fold(0.0, f64::max);
    fare.mean_minutes = delays.iter().sum::<f64>() / (delays.len().max(1) as f64);
    fare
}

#[test]
fn fewer_requests_find_entries_sooner_than_a_fixed_interval() {
    let hour = |at: Timestamp| at.to_chrono().with_timezone(&Rome).hour();
    let daily = |at: Timestamp| if (7..20).contains(&hour(at)) { 9.0 } else { 0.2 };
    // Quiet, but on three days of the week sixty entries come within an hour.
    let bursts = |at: Timestamp| {
        let day = at.since(monday()).as_secs() / 86_400;
        if day % 7 < 3 && hour(at) == 11 + u32::try_from(day % 4).expect("small") { 60.0 } else { 0.05 }
    };
    let dead = |_| 0.0;
    let fixed = Pace { fastest: 15 * MINUTE, slowest: 15 * MINUTE, ..pace(Rome) };
    let mut dice = Dice(7);
    let mut sums = [Fare::default(); 2];
    let kinds: [(&str, &dyn Fn(Timestamp) -> f64); 3] = [("daily", &daily), ("bursts", &bursts), ("dead", &dead)];
    for (name, rate) in kinds {
        let mut means = [Fare::default(); 2];
        for number in 0..8 {
            let entries = published(rate, &mut dice);
            for (mean, pace) in means.iter_mut().zip([&fixed, &pace(Rome)]) {
                let fare = simulate(&entries, pace, number);
                mean.requests += fare.requests;
                mean.mean_minutes += fare.mean_minutes / 8.0;
                mean.worst_minutes = mean.worst_minutes.max(fare.worst_minutes);
                mean.missed += fare.missed;
            }
        }
        let [before, after] = means;
        assert!(after.mean_minutes <= before.mean_minutes, "{name}: {before:?} {after:?}");
        assert!(after.requests < before.requests, "{name}: {before:?} {after:?}");
        assert!(after.missed <= before.missed, "{name}: {before:?} {after:?}");
        for (sum, fare) in sums.iter_mut().zip(means) {
            sum.requests += fare.requests;
        }
    }
    assert!(sums[1].requests * 2 < sums[0].requests, "{sums:?}");
}

#[test]
fn a_poll_at_night_does_not_sleep_into_the_morning() {
    let hour = |at: Timestamp| at.to_chrono().with_timezone(&Rome).hour();
    let entries = published(|at| if (6..22).contains(&hour(at)) { 8.0 } else { 0.0 }, &mut Dice(3));
    let mut history = FeedHistory::default();
    let mut since = None;
    for day in 1..28 * 24 {
        let now = monday() + day * HOUR;
        let dates: Vec<_> = entries.iter().copied().filter(|entry| *entry <= now && now.since(*entry) < HOUR).collect();
        let window = Some(30);
        learn(
            &mut history,
            &Found { now, since, last_new: since, zone: Rome, window, new: dates.len(), dates: &dates },
        );
        since = Some(now);
    }
    let wait_at = |text: &str| {
        let mut history = history.clone();
        fade(&mut history, at(text), true);
        wait(&history, &pace(Rome), at(text))
    };
    assert!(wait_at("2026-11-30T00:30:00Z") > HOUR, "{:?}", wait_at("2026-11-30T00:30:00Z"));
    assert!(wait_at("2026-11-30T11:30:00Z") < 15 * MINUTE, "{:?}", wait_at("2026-11-30T11:30:00Z"));
    // 06:00 in Rome is 05:00 UTC in winter.
    let before_dawn = at("2026-11-30T03:30:00Z");
    assert!(before_dawn + wait_at("2026-11-30T03:30:00Z") <= at("2026-11-30T05:10:00Z"));
}

#[test]
fn a_document_of_strangers_makes_polling_four_times_faster() {
    let mut history = FeedHistory::default();
    let now = monday();
    let base = Found { now, since: None, last_new: None, zone: Tz::UTC, window: Some(20), new: 0, dates: &[] };
    learn(&mut history, &base);
    assert_eq!(wait(&history, &pace(Tz::UTC), now), 15 * MINUTE, "nothing is known yet");
    let later = now + 40 * MINUTE;
    learn(&mut history, &Found { now: later, since: Some(now), new: 20, ..base });
    assert_eq!(history.strangers, 1);
    assert!(wait(&history, &pace(Tz::UTC), later) <= 10 * MINUTE, "{:?}", wait(&history, &pace(Tz::UTC), later));
    let calm = later + 8 * HOUR;
    learn(&mut history, &Found { now: calm, since: Some(later), new: 1, ..base });
    assert_eq!(history.strangers, 0);
}

#[test]
fn without_a_word_from_the_operator_no_feed_is_polled_less_often_than_told() {
    let default = DefaultPace { interval: 15 * MINUTE, adaptive: true, fastest: None, slowest: None };
    let feed = Feed::new("https://a.example/rss".parse().expect("a URL"));
    let pace = Pace::of(&feed, &default);
    assert_eq!((pace.fastest, pace.slowest), (225 * Duration::from_secs(1), 15 * MINUTE));
    let quick = Pace::of(&Feed { interval: Some(Duration::from_secs(1)), ..feed.clone() }, &default);
    assert!(quick.is_fixed());
    // A feed's own interval stretches the limits of `[poll]`.
    let default = DefaultPace { fastest: Some(5 * MINUTE), slowest: Some(HOUR), ..default };
    let daily = Pace::of(&Feed { interval: Some(DAY), ..feed.clone() }, &default);
    assert_eq!((daily.fastest, daily.slowest), (5 * MINUTE, DAY));
    let quick = Pace::of(&Feed { interval: Some(MINUTE), ..feed.clone() }, &default);
    assert_eq!((quick.fastest, quick.slowest), (MINUTE, HOUR));
    assert!(Pace::of(&Feed { adaptive: Some(false), ..feed }, &default).is_fixed());
}

#[test]
fn a_feed_is_stale_after_three_times_its_longest_usual_silence() {
    let mut history = FeedHistory::default();
    let base = Found { now: monday(), since: None, last_new: None, zone: Tz::UTC, window: Some(9), new: 0, dates: &[] };
    learn(&mut history, &base);
    let mut now = monday();
    for silence in [30, 600, 45, 20, 90_u32] {
        assert_eq!(stale_after(&history), None);
        let last = now;
        now = now + silence * MINUTE;
        learn(&mut history, &Found { now, since: Some(now.before(MINUTE)), last_new: Some(last), new: 1, ..base });
    }
    assert_eq!(usual_silence(&history), Some(600 * MINUTE));
    assert_eq!(stale_after(&history), Some(1800 * MINUTE));
    // An outage of five days is no habit.
    let last = now;
    now = now + 5 * DAY;
    learn(&mut history, &Found { now, since: Some(now.before(MINUTE)), last_new: Some(last), new: 1, ..base });
    assert_eq!(usual_silence(&history), Some(1200 * MINUTE));
}

#[test]
fn a_feed_changes_its_language_once_and_a_mixed_one_has_none_to_change() {
    let lang = |code: &str| Lang::parse(code).expect("a code");
    let mut history = FeedHistory::default();
    for _ in 0..30 {
        assert_eq!(learn_language(&mut history, lang("it")), None);
    }
    let changes: Vec<_> = (0..30).filter_map(|_| learn_language(&mut history, lang("ru"))).collect();
    assert_eq!(changes, [(lang("it"), lang("ru"))]);
    let mut mixed = FeedHistory::default();
    for number in 0..500 {
        let code = if number / 4 % 2 == 0 { "zh" } else { "en" };
        assert_eq!(learn_language(&mut mixed, lang(code)), None);
    }
}

fn histories() -> impl Strategy<Value = FeedHistory> {
    let counts = (prop::array::uniform24(0_f32..1e6), prop::array::uniform7(0_f32..1e6));
    (counts, 0_f32..400.0, 0_f32..1e6, any::<u32>(), any::<[u32; 2]>(), any::<u32>(), -9_i64..9).prop_map(
        |((hours, days), watched_days, recent, window, silences, strangers, ago)| FeedHistory {
            as_of: Some(Timestamp::from_millis(monday().as_millis() + ago * 3_600_000)),
            watched_days,
            hours,
            days,
            recent,
            window,
            silences,
            strangers,
            ..FeedHistory::default()
        },
    )
}

proptest! {
    #[test]
    fn a_wait_never_leaves_its_limits_and_is_always_the_same(
        history in histories(),
        interval in 1_u32..700_000,
        (faster, slower) in (1_u32..50, 1_u32..50),
        offset in 0_u32..2_000_000,
        number in any::<u32>(),
        hint in prop::option::of(0_u64..200_000),
    ) {
        let interval = Duration::from_secs(interval.into());
        let pace = Pace { interval, fastest: interval / faster, slowest: interval * slower, zone: Rome };
        let now = monday() + offset * Duration::from_secs(1);
        let wait = super::wait(&history, &pace, now);
        prop_assert!(wait >= pace.fastest && wait <= pace.slowest, "{wait:?} {pace:?}");
        prop_assert_eq!(wait, super::wait(&history, &pace, now));
        let feed = FeedId::derive(&[&number.to_string()]);
        let hint = hint.map(Duration::from_secs);
        let cadence = Cadence::Rhythm { pace, wait };
        let next = cadence.next_poll(feed, hint, PollEnd::Succeeded, now).since(now);
        let hinted = hint.unwrap_or_default().min(DAY);
        // Times are stored in milliseconds.
        let least = pace.fastest.max(hinted) - Duration::from_millis(1);
        prop_assert!(next >= least && next <= pace.slowest.max(hinted), "{next:?}");
        prop_assert_eq!(next, cadence.next_poll(feed, hint, PollEnd::Succeeded, now).since(now));
    }

    #[test]
    fn learning_never_breaks_a_history(
        mut history in histories(),
        waited in 0_u64..10_000_000,
        new in 0_usize..3000,
        window in prop::option::of(0_usize..3000),
        dates in prop::collection::vec(-10_000_000_i64..10_000_000, 0..20),
    ) {
        let now = monday() + Duration::from_secs(waited);
        let dates: Vec<_> = dates.iter().map(|s| Timestamp::from_millis(now.as_millis() + s * 1000)).collect();
        let since = Some(monday());
        learn(&mut history, &Found { now, since, last_new: since, zone: Rome, window, new, dates: &dates });
        let counts = history.hours.iter().chain(&history.days).chain([&history.recent, &history.watched_days]);
        prop_assert!(counts.copied().all(|count| count.is_finite() && count >= 0.0));
        prop_assert!(history.delays.len() <= DELAYS_KEPT);
        prop_assert!(FeedHistory::parse(&history.to_text()).is_some());
    }
}
