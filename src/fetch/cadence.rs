//! When a feed is polled next: pure, from its cadence, how the poll ended, and what its server asked for.
//!
//! Intervals are not counted from the last poll. Each feed has a fixed phase within its interval, hashed from its id, and
//! is polled when the clock passes it, so that a thousand feeds stay spread over the interval whatever restarts, slow
//! answers and clock changes do. The price: the first gap after a start is shorter than the interval.

use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::model::{CronSchedule, Feed, FeedHistory, FeedId, FeedState, Timestamp};

use super::rhythm::{self, DefaultPace, Pace};

/// The longest that a server's wish or a row of failures holds a feed back.
pub const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);
/// The shortest interval an operator can set.
pub const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// A body is read in full at least this often, whatever the server says has not changed.
pub const FULL_READ_EVERY: Duration = Duration::from_secs(24 * 3600);
/// New feeds have their first poll within this. A guess: long enough not to burst, short enough to wait for.
const FIRST_POLL_WITHIN: Duration = Duration::from_secs(30);
/// Of which each feed takes up so much: a few feeds are polled at once, thousands over the whole half minute.
const FIRST_POLL_SPACING: Duration = Duration::from_millis(20);
/// The most by which a cron run is put off, so that feeds with the same line don't fire in the same instant.
const CRON_JITTER: Duration = Duration::from_secs(30);
/// First wait of a feed with a cron line after a failure.
const CRON_RETRY: Duration = Duration::from_secs(60);
/// First wait of a feed that was cut off. A guess: what cuts one answer off often lets the next one through.
const CUT_OFF_RETRY: Duration = Duration::from_secs(60);
/// The longest wait while nobody answers.
const UNREACHABLE_WAIT: Duration = Duration::from_secs(3600);
/// A feed that was not tried for want of a place is tried again within this.
const TURN_WITHIN: Duration = Duration::from_secs(15);
/// Intervals are cut to a year, so that arithmetic in milliseconds can't overflow.
const LONGEST_INTERVAL: Duration = Duration::from_secs(366 * 24 * 3600);

/// How often the operator wants a feed polled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cadence<'a> {
    /// Once in every such span, at least a second.
    Interval(Duration),
    /// As the feed's rhythm has it: this time so much later.
    Rhythm {
        /// What the operator lets the feed have; failures back off from its interval.
        pace: Pace,
        /// How long to wait, within the pace.
        wait: Duration,
    },
    /// When a cron line says so.
    Schedule(&'a CronSchedule),
}

/// How a poll ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollEnd {
    /// The feed was read, or has not changed.
    Succeeded,
    /// It could not be had.
    Failed {
        /// Failures in a row, this one included.
        failures: u32,
        /// How long its server asks us to stay away.
        retry_after: Option<Duration>,
    },
    /// Nobody answered at all, which may as well be our own network's fault: tried again within the hour, so that a night
    /// without a line does not cost the following day.
    Unreachable {
        /// Failures in a row, this one included.
        failures: u32,
    },
    /// It ended before it was complete: what is missing may be the newest. Asked again within a minute, then less and less
    /// soon, but never later than after a success, since what is whole is taken in.
    CutOff {
        /// Failures in a row, this one included.
        failures: u32,
    },
    /// Its server says that it is gone for good (410). It is still asked once a day.
    Gone,
    /// It was not asked, because its host has enough to do: no failure, and its turn comes soon.
    NotTried,
}

impl<'a> Cadence<'a> {
    /// The feed's own cadence: its cron line, else its interval, or the configuration's, which follows what is known of the
    /// feed by `now`. A wait of exactly the interval keeps the feed's phase.
    #[must_use]
    pub fn of(feed: &'a Feed, default: &DefaultPace, history: &FeedHistory, now: Timestamp) -> Self {
        if let Some(schedule) = &feed.schedule {
            return Self::Schedule(schedule);
        }
        let pace = Pace::of(feed, default);
        let wait = rhythm::wait(history, &pace, now);
        if wait == pace.interval { Self::Interval(wait) } else { Self::Rhythm { pace, wait } }
    }

    /// When the feed is polled next; later than `now`. `hint`: the cadence that its server asked for (`ttl`, `sy:`,
    /// `max-age`), which only ever slows polling down, to [`LONGEST_WAIT`] at most. A twentieth of the hint is waived where
    /// that keeps the feed on its phase.
    #[must_use]
    pub fn next_poll(self, feed: FeedId, hint: Option<Duration>, end: PollEnd, now: Timestamp) -> Timestamp {
        if let PollEnd::CutOff { failures } = end {
            return self.after_cut_off(feed, hint, failures, now);
        }
        let hint = hint.unwrap_or_default().min(LONGEST_WAIT);
        match self {
            Self::Rhythm { pace, wait } => {
                if end != PollEnd::Succeeded {
                    return Self::Interval(pace.interval).next_poll(feed, Some(hint), end, now);
                }
                // A tenth earlier at most, each feed by its own share: those that began together do not stay so.
                let wait = wait.saturating_sub(portion(wait / 10, feed)).clamp(pace.fastest, pace.slowest);
                now + wait.max(hint)
            }
            Self::Interval(interval) => {
                let interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
                let jitter = portion(interval / 10, feed);
                let wanted = match end {
                    PollEnd::Succeeded | PollEnd::CutOff { .. } => {
                        let slot = next_slot(interval, feed, now + interval / 10);
                        if slot >= now + hint / 20 * 19 { slot } else { now + hint + jitter }
                    }
                    PollEnd::Failed { failures, retry_after } => {
                        let wait = backed_off(interval, failures).max(retry_after.unwrap_or_default());
                        now + wait + portion(wait / 10, feed)
                    }
                    PollEnd::Unreachable { failures } => {
                        let wait = backed_off(interval, failures).min(UNREACHABLE_WAIT.max(interval));
                        now + wait + portion(wait / 10, feed)
                    }
                    PollEnd::Gone => now + LONGEST_WAIT,
                    PollEnd::NotTried => now + turn(interval, feed),
                };
                let limit = LONGEST_WAIT.max(interval + interval / 10);
                wanted.min(now + limit)
            }
            Self::Schedule(schedule) => {
                let wait = match end {
                    PollEnd::Succeeded | PollEnd::CutOff { .. } => hint,
                    PollEnd::Failed { failures, retry_after } => {
                        backed_off(CRON_RETRY, failures).max(retry_after.unwrap_or_default()).min(LONGEST_WAIT)
                    }
                    PollEnd::Unreachable { failures } => backed_off(CRON_RETRY, failures).min(UNREACHABLE_WAIT),
                    PollEnd::Gone => LONGEST_WAIT,
                    PollEnd::NotTried => return now + turn(TURN_WITHIN, feed),
                };
                // Without the waiver a daily line and a hint of a day would make every other day.
                next_run(schedule, feed, now + wait / 20 * 19, now)
            }
        }
    }

    /// A cron line is kept to, as after any failure.
    fn after_cut_off(self, feed: FeedId, hint: Option<Duration>, failures: u32, now: Timestamp) -> Timestamp {
        let usual = self.next_poll(feed, hint, PollEnd::Succeeded, now);
        let interval = match self {
            Self::Schedule(_) => return usual,
            Self::Rhythm { pace, .. } => pace.fastest,
            Self::Interval(interval) => interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL),
        };
        let wait = backed_off(CUT_OFF_RETRY.min(interval), failures);
        usual.min(now + wait + portion(wait / 10, feed))
    }

    /// When a feed that was never polled is polled first: soon, one of `feeds` that all are to start.
    #[must_use]
    pub fn first_poll(self, feed: FeedId, feeds: usize, now: Timestamp) -> Timestamp {
        match self {
            Self::Rhythm { pace, .. } => Self::Interval(pace.interval).first_poll(feed, feeds, now),
            Self::Interval(interval) => {
                let within = FIRST_POLL_SPACING.saturating_mul(u32::try_from(feeds).unwrap_or(u32::MAX));
                now + portion(within.min(FIRST_POLL_WITHIN).min(interval), feed)
            }
            Self::Schedule(schedule) => next_run(schedule, feed, now, now),
        }
    }

    /// A new time for a feed whose plan was made by a clock that has since been set back; `None` where the plan stands.
    #[must_use]
    pub fn replanned(self, state: &FeedState, feeds: usize, now: Timestamp) -> Option<Timestamp> {
        let in_future = state.last_attempt_at.is_some_and(|at| at.since(now) > Duration::from_secs(60));
        let anew = self.first_poll(state.id, feeds, now);
        (in_future && state.next_poll_at > anew).then_some(anew)
    }
}

/// Whether the next request should be unconditional, so that a server that wrongly says “not modified” is found out.
#[must_use]
pub fn wants_full(state: &FeedState, now: Timestamp) -> bool {
    state.last_full_at.is_none_or(|at| at > now || now.since(at) >= FULL_READ_EVERY)
}

/// What a server asks for in several places: the slowest of it, without zeros, at most [`LONGEST_WAIT`].
#[must_use]
pub fn slowest_hint(hints: impl IntoIterator<Item = Option<Duration>>) -> Option<Duration> {
    hints.into_iter().flatten().filter(|hint| !hint.is_zero()).max().map(|hint| hint.min(LONGEST_WAIT))
}

/// `base`, doubled with each failure after the first; at most a day, or the base where that is longer.
fn backed_off(base: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(30);
    base.saturating_mul(1 << doublings).min(LONGEST_WAIT.max(base))
}

/// A short wait for a place at a busy host.
fn turn(interval: Duration, feed: FeedId) -> Duration {
    let within = interval.min(TURN_WITHIN);
    within / 2 + portion(within / 2, feed)
}

/// The first moment not before `earliest` at which the feed's phase comes round.
fn next_slot(interval: Duration, feed: FeedId, earliest: Timestamp) -> Timestamp {
    let interval_ms = i64::try_from(interval.as_millis()).unwrap_or(i64::MAX).max(1);
    let phase_ms = i64::try_from(portion(interval, feed).as_millis()).unwrap_or(0);
    let past = (earliest.as_millis() - phase_ms).rem_euclid(interval_ms);
    let until = if past == 0 { 0 } else { interval_ms - past };
    Timestamp::from_millis(earliest.as_millis().saturating_add(until))
}

/// The first run of a cron line after `earliest`, put off by the feed's share of the jitter; a day from now where the
/// line has run out.
fn next_run(schedule: &CronSchedule, feed: FeedId, earliest: Timestamp, now: Timestamp) -> Timestamp {
    let Some(run) = schedule.next_after(earliest) else { return now + LONGEST_WAIT };
    let gap = schedule.next_after(run).map_or(CRON_JITTER, |next| next.since(run));
    run + portion(CRON_JITTER.min(gap / 10), feed)
}

/// The feed's own part of a span: evenly distributed over feeds, always the same for one feed.
fn portion(span: Duration, feed: FeedId) -> Duration {
    let hash = xxh3_64(feed.to_string().as_bytes());
    let span_ms = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    // The high half of a product: hash / 2⁶⁴ × span.
    let part = (u128::from(hash) * u128::from(span_ms)) >> 64;
    Duration::from_millis(u64::try_from(part).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const HOUR: Duration = Duration::from_secs(3600);

    fn feed(number: u32) -> FeedId {
        FeedId::derive(&[&format!("https://{number}.example/rss")])
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect(text)
    }

    fn noon() -> Timestamp {
        at("2026-11-22T12:00:00Z")
    }

    fn cron(line: &str) -> CronSchedule {
        CronSchedule::parse(line, Some("Europe/Rome"), noon()).expect(line)
    }

    fn failed(failures: u32) -> PollEnd {
        PollEnd::Failed { failures, retry_after: None }
    }

    #[test]
    fn a_thousand_feeds_are_spread_over_their_interval_and_stay_so() {
        let cadence = Cadence::Interval(15 * MINUTE);
        let mut next: Vec<_> = (0..1000).map(|number| cadence.first_poll(feed(number), 1000, noon())).collect();
        assert!(next.iter().all(|first| first.since(noon()) <= Duration::from_secs(30)));
        for round in 0..5 {
            let before = next.clone();
            for (number, time) in (0..).zip(&mut next) {
                // Each poll ends some time after it was due.
                *time = cadence.next_poll(feed(number), None, PollEnd::Succeeded, *time + Duration::from_millis(700));
            }
            if round == 0 {
                continue;
            }
            assert!(before.iter().zip(&next).all(|(before, next)| next.since(*before) == 15 * MINUTE), "round {round}");
            let mut per_minute = [0; 15];
            for time in &next {
                per_minute[usize::try_from(time.as_seconds() / 60 % 15).expect("small")] += 1;
            }
            // 67 a minute on average; five standard deviations are 40.
            assert!(per_minute.iter().all(|count| (27..=107).contains(count)), "{per_minute:?}");
        }
    }

    #[test]
    fn a_single_feed_does_not_wait_for_its_first_poll() {
        let first = Cadence::Interval(15 * MINUTE).first_poll(feed(1), 1, noon());
        assert!(first.since(noon()) <= Duration::from_millis(20));
        let first = Cadence::Interval(Duration::from_secs(2)).first_poll(feed(1), 100_000, noon());
        assert!(first.since(noon()) <= Duration::from_secs(2));
    }

    #[test]
    fn the_operator_may_go_down_to_a_second() {
        let cadence = Cadence::Interval(Duration::from_secs(1));
        for number in 0..100 {
            let wait = cadence.next_poll(feed(number), None, PollEnd::Succeeded, noon()).since(noon());
            assert!(wait >= Duration::from_millis(100) && wait <= Duration::from_millis(1100), "{wait:?}");
        }
        let zero = Cadence::Interval(Duration::ZERO).next_poll(feed(1), None, PollEnd::Succeeded, noon());
        assert!(zero > noon());
    }

    #[test]
    fn a_server_can_slow_polling_down_but_not_speed_it_up() {
        let cadence = Cadence::Interval(15 * MINUTE);
        let wait = |hint: Duration| cadence.next_poll(feed(7), Some(hint), PollEnd::Succeeded, noon()).since(noon());
        assert_eq!(wait(Duration::from_secs(5)), wait(Duration::ZERO));
        assert!((HOUR..HOUR + 2 * MINUTE).contains(&wait(HOUR)), "{:?}", wait(HOUR));
        assert_eq!(wait(30 * 24 * HOUR), LONGEST_WAIT);
        // A hint equal to the interval does not double it, though each answer comes a little late.
        let slot = next_slot(15 * MINUTE, feed(7), noon());
        let late = slot + Duration::from_secs(3);
        let next = cadence.next_poll(feed(7), Some(15 * MINUTE), PollEnd::Succeeded, late);
        assert_eq!(next.since(slot), 15 * MINUTE);
    }

    #[test]
    fn a_feed_that_was_cut_off_is_asked_soon_and_never_later_than_one_that_was_read() {
        let after = |cadence: Cadence<'_>, failures| {
            cadence.next_poll(feed(3), None, PollEnd::CutOff { failures }, noon()).since(noon())
        };
        let quarter = Cadence::Interval(15 * MINUTE);
        let usual = quarter.next_poll(feed(3), None, PollEnd::Succeeded, noon()).since(noon());
        assert!((MINUTE..2 * MINUTE).contains(&after(quarter, 1)));
        assert!((2 * MINUTE..3 * MINUTE).contains(&after(quarter, 2)));
        assert_eq!((after(quarter, 9), after(quarter, u32::MAX)), (usual, usual));
        assert!(after(Cadence::Interval(Duration::from_secs(1)), 1) <= Duration::from_millis(1100));
        let daily = cron("0 0 7 * * *");
        let next = Cadence::Schedule(&daily).next_poll(feed(3), None, PollEnd::Succeeded, noon());
        assert_eq!(after(Cadence::Schedule(&daily), 1), next.since(noon()), "a cron line is kept to");
    }

    #[test]
    fn failures_back_off_to_a_day_and_never_stop() {
        let cadence = Cadence::Interval(15 * MINUTE);
        let wait = |failures| cadence.next_poll(feed(3), None, failed(failures), noon()).since(noon());
        assert!((15 * MINUTE..17 * MINUTE).contains(&wait(1)));
        assert!((30 * MINUTE..34 * MINUTE).contains(&wait(2)));
        assert_eq!(wait(20), LONGEST_WAIT);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
        assert_eq!(cadence.next_poll(feed(3), None, PollEnd::Gone, noon()).since(noon()), LONGEST_WAIT);
    }

    #[test]
    fn a_night_without_a_line_costs_an_hour_at_most() {
        let wait = |interval, failures| {
            let end = PollEnd::Unreachable { failures };
            Cadence::Interval(interval).next_poll(feed(3), None, end, noon()).since(noon())
        };
        assert!((15 * MINUTE..17 * MINUTE).contains(&wait(15 * MINUTE, 1)));
        assert!((HOUR..67 * MINUTE).contains(&wait(15 * MINUTE, 1000)));
        assert!((6 * HOUR..7 * HOUR).contains(&wait(6 * HOUR, 1000)), "never faster than the operator wants");
    }

    #[test]
    fn a_feed_whose_host_was_busy_gets_its_turn_soon() {
        let daily = cron("0 7 * * *");
        for cadence in [Cadence::Interval(15 * MINUTE), Cadence::Schedule(&daily)] {
            let wait = cadence.next_poll(feed(3), Some(LONGEST_WAIT), PollEnd::NotTried, noon()).since(noon());
            assert!((TURN_WITHIN / 2..=TURN_WITHIN).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn retry_after_is_a_lower_limit_up_to_a_day() {
        let cadence = Cadence::Interval(Duration::from_secs(1));
        let wait = |seconds| {
            let end = PollEnd::Failed { failures: 1, retry_after: Some(Duration::from_secs(seconds)) };
            cadence.next_poll(feed(3), None, end, noon()).since(noon())
        };
        assert!((120..=132).contains(&wait(120).as_secs()), "{:?}", wait(120));
        assert!(wait(0) >= Duration::from_secs(1));
        assert_eq!(wait(10_000_000), LONGEST_WAIT);
    }

    #[test]
    fn a_cron_line_is_kept_within_half_a_minute() {
        let daily = cron("0 7 * * *");
        let cadence = Cadence::Schedule(&daily);
        let seven = at("2026-11-23T06:00:00Z");
        for number in 0..50 {
            let next = cadence.next_poll(feed(number), None, PollEnd::Succeeded, noon());
            assert!(next >= seven && next.since(seven) <= CRON_JITTER, "{next}");
            assert_eq!(cadence.first_poll(feed(number), 50, noon()), next);
            // Neither a hint of a day nor failing skips a day.
            for end in [PollEnd::Succeeded, failed(1), failed(100), PollEnd::CutOff { failures: 1 }, PollEnd::Gone] {
                let after = cadence.next_poll(feed(number), Some(LONGEST_WAIT), end, next);
                assert_eq!(after.since(next), LONGEST_WAIT, "{end:?}");
            }
        }
        let often = cron("*/10 * * * * *");
        let next = Cadence::Schedule(&often).next_poll(feed(1), None, PollEnd::Succeeded, noon());
        assert!(next.since(noon()) <= Duration::from_secs(11));
        let hinted = Cadence::Schedule(&often).next_poll(feed(1), Some(HOUR), PollEnd::Succeeded, noon());
        assert!((57 * MINUTE..62 * MINUTE).contains(&hinted.since(noon())), "{hinted}");
    }

    #[test]
    fn a_clock_set_back_does_not_strand_a_feed() {
        let cadence = Cadence::Interval(15 * MINUTE);
        let mut state = FeedState::new(feed(1), noon() + 25 * HOUR);
        state.last_attempt_at = Some(noon() + 24 * HOUR);
        let anew = cadence.replanned(&state, 1, noon()).expect("planned anew");
        assert!(anew.since(noon()) <= Duration::from_secs(30));
        state.last_attempt_at = Some(noon().before(HOUR));
        assert_eq!(cadence.replanned(&state, 1, noon()), None, "a long backoff is no clock jump");
    }

    #[test]
    fn the_whole_body_is_read_once_a_day() {
        let mut state = FeedState::new(feed(1), noon());
        assert!(wants_full(&state, noon()));
        state.last_full_at = Some(noon());
        assert!(!wants_full(&state, (noon() + LONGEST_WAIT).before(MINUTE)));
        assert!(wants_full(&state, noon() + LONGEST_WAIT));
        assert!(wants_full(&state, noon().before(HOUR)), "a clock set back");
    }

    #[test]
    fn the_slowest_hint_counts() {
        assert_eq!(slowest_hint([None, Some(MINUTE), Some(HOUR)]), Some(HOUR));
        assert_eq!(slowest_hint([Some(400 * HOUR)]), Some(LONGEST_WAIT));
        assert_eq!(slowest_hint([None, Some(Duration::ZERO)]), None);
    }

    proptest! {
        #[test]
        fn the_next_poll_is_ahead_and_within_its_limits(
            number in any::<u32>(),
            interval_ms in 0_u64..40_000_000_000,
            hint_s in proptest::option::of(any::<u64>()),
            failures in any::<u32>(),
            retry_s in proptest::option::of(any::<u64>()),
            kind in 0_usize..5,
            now in -60_000_000_000_000_i64..250_000_000_000_000,
        ) {
            let now = Timestamp::from_millis(now);
            let interval = Duration::from_millis(interval_ms);
            let retry_after = retry_s.map(Duration::from_secs);
            let end = [
                PollEnd::Succeeded,
                PollEnd::Failed { failures, retry_after },
                PollEnd::Unreachable { failures },
                PollEnd::CutOff { failures },
                PollEnd::Gone,
                PollEnd::NotTried,
            ][kind];
            let hint = hint_s.map(Duration::from_secs);
            let next = Cadence::Interval(interval).next_poll(feed(number), hint, end, now);
            let wait = next.since(now);
            prop_assert!(next > now);
            prop_assert!(wait <= LONGEST_WAIT.max(interval + interval / 10), "{wait:?}");
            if let (PollEnd::Failed { .. }, Some(retry_after)) = (end, retry_after) {
                prop_assert!(wait >= retry_after.min(LONGEST_WAIT));
            }
            if end == PollEnd::Succeeded {
                prop_assert!(wait >= hint.unwrap_or_default().min(LONGEST_WAIT) / 20 * 19);
                prop_assert!(wait >= interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL) / 10 - Duration::from_millis(1));
            }
        }

        #[test]
        fn one_more_failure_never_means_a_shorter_wait(
            number in any::<u32>(),
            interval_s in 1_u64..200_000,
            failures in 0_u32..200,
        ) {
            let cadence = Cadence::Interval(Duration::from_secs(interval_s));
            for end in [failed, |failures| PollEnd::Unreachable { failures }] {
                let wait = |failures| cadence.next_poll(feed(number), None, end(failures), noon());
                prop_assert!(wait(failures) <= wait(failures + 1));
            }
        }

        #[test]
        fn a_cron_line_never_yields_the_past(
            number in any::<u32>(),
            hint_s in 0_u64..100_000,
            failures in 0_u32..50,
            offset_s in 0_u64..40_000_000,
        ) {
            let schedule = cron("*/7 * * * *");
            let now = noon() + Duration::from_secs(offset_s);
            let cut_off = PollEnd::CutOff { failures };
            for end in [PollEnd::Succeeded, failed(failures), PollEnd::Unreachable { failures }, cut_off, PollEnd::NotTried] {
                let next = Cadence::Schedule(&schedule).next_poll(feed(number), Some(Duration::from_secs(hint_s)), end, now);
                prop_assert!(next > now);
                prop_assert!(next.since(now) <= LONGEST_WAIT + 2 * HOUR);
            }
        }
    }
}
