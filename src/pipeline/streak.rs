//! What a channel's failures lead to: one log line for a channel that takes nothing, not one for each message that it
//! refuses; and, when it takes messages again, which of those that wait are tried at once.
//!
//! A failure seldom says whether it concerns the channel or one message: an endpoint answers 500 when it is broken, and
//! when one payload breaks it. So a wait is ended only after the channel took nothing at all for a while, for a few
//! messages first and for more as these are taken, and for one message ever more seldom.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::{ChannelName, DeliveryId, Timestamp};

/// A trouble that goes on is repeated that often. A guess: seldom enough to be read.
const REPEAT: Duration = Duration::from_secs(15 * 60);
/// Messages whose wait a recovery ends at most; the others come at their own time. A guess: they take 2 MB.
const MAX_HELD_UP: usize = 20_000;
/// Another error is told at once, but not more often than this.
const SETTLE: Duration = Duration::from_secs(10);
/// A channel that took nothing for so long was down, whatever the answers meant.
const DOWN: Duration = Duration::from_secs(60);
/// A message is not tried out of turn again for so long; four times longer each time, so at most five times in the five
/// days that it is tried.
const GAP: Duration = Duration::from_secs(3600);
/// Messages that are tried first.
const FEW: usize = 4;
/// For each of these that is taken, so many more are tried …
const MORE: usize = 2;
/// … up to so many at once.
const MOST: usize = 64;
/// A message that was let go and of which nothing was heard does not count against [`MOST`] any more; longer than a lease.
const FORGOTTEN: Duration = Duration::from_secs(10 * 60);

/// How each channel is doing.
#[derive(Debug, Default)]
pub(super) struct Streaks(Mutex<HashMap<ChannelName, Course>>);

#[derive(Debug, Default)]
struct Course {
    /// The failures since it last took a message.
    streak: Option<Streak>,
    /// When it last took a message after it had been down.
    recovered_at: Option<Timestamp>,
    /// Messages that wait, perhaps because of the channel.
    held_up: HashMap<DeliveryId, HeldUp>,
    /// How many were ever held up, which orders them.
    count: u64,
}

#[derive(Debug)]
struct Streak {
    since: Timestamp,
    told_at: Timestamp,
    error: String,
    failures: u64,
    /// Since when failures may mean the whole channel.
    down_since: Option<Timestamp>,
}

#[derive(Debug)]
struct HeldUp {
    number: u64,
    /// From when on it may be tried out of turn; `None`: after a recovery.
    free_at: Option<Timestamp>,
    /// How often it was.
    times: u32,
    /// Let go then, and not heard of since.
    let_go_at: Option<Timestamp>,
}

impl HeldUp {
    fn is_under_way(&self, now: Timestamp) -> bool {
        self.let_go_at.is_some_and(|at| now.since(at) < FORGOTTEN)
    }

    fn is_free(&self, now: Timestamp) -> bool {
        !self.is_under_way(now) && self.free_at.is_some_and(|at| at <= now)
    }

    fn let_go(&mut self, now: Timestamp) {
        let gap = GAP * 4_u32.saturating_pow(self.times.min(5));
        (self.free_at, self.let_go_at) = (Some(now + gap), Some(now));
        self.times += 1;
    }
}

/// What to say of a failure or a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Attempts that failed since the channel last took a message, this one included.
    pub(super) failures: u64,
    /// Since when.
    pub(super) since: Timestamp,
}

/// A message was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// What to say, if more failed before than was said.
    pub(super) trouble: Option<Trouble>,
    /// It had been let go before its time.
    pub(super) was_held_up: bool,
}

impl Streaks {
    fn with<T>(&self, channel: &ChannelName, work: impl FnOnce(&mut Course) -> T) -> T {
        let mut courses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(courses.entry(channel.clone()).or_default())
    }

    /// An attempt failed; what to say of it, if anything. `whole`: whether that may mean the whole channel.
    pub(super) fn failed(&self, channel: &ChannelName, error: &str, whole: bool, now: Timestamp) -> Option<Trouble> {
        self.with(channel, |course| {
            let Some(streak) = &mut course.streak else {
                let down_since = whole.then_some(now);
                course.streak =
                    Some(Streak { since: now, told_at: now, error: error.to_owned(), failures: 1, down_since });
                return Some(Trouble { failures: 1, since: now });
            };
            streak.failures += 1;
            if whole && streak.down_since.is_none() {
                streak.down_since = Some(now);
            }
            let wait = if streak.error == error { REPEAT } else { SETTLE };
            // A clock set back must not silence it.
            if now >= streak.told_at && now.since(streak.told_at) < wait {
                return None;
            }
            streak.told_at = now;
            error.clone_into(&mut streak.error);
            Some(Trouble { failures: streak.failures, since: streak.since })
        })
    }

    /// A message waits, perhaps because the channel takes none, since an attempt that failed then. Returns `true` if it is to
    /// be tried at once, as the channel recovered in the meantime.
    pub(super) fn holds_up(&self, channel: &ChannelName, id: DeliveryId, failed_at: Timestamp, now: Timestamp) -> bool {
        self.with(channel, |course| {
            if !course.held_up.contains_key(&id) {
                if course.held_up.len() >= MAX_HELD_UP {
                    return false;
                }
                course.count += 1;
                let fresh = HeldUp { number: course.count, free_at: None, times: 0, let_go_at: None };
                course.held_up.insert(id, fresh);
            }
            let under_way = course.held_up.values().filter(|held| held.is_under_way(now)).count();
            let missed = course.recovered_at.is_some_and(|at| at > failed_at);
            let Some(held) = course.held_up.get_mut(&id) else { return false };
            held.let_go_at = None;
            if missed && held.free_at.is_none() {
                held.free_at = Some(now);
                if under_way < MOST {
                    held.let_go(now);
                    return true;
                }
            }
            false
        })
    }

    /// A message was taken.
    pub(super) fn took(&self, channel: &ChannelName, id: DeliveryId, now: Timestamp) -> Taken {
        self.with(channel, |course| {
            let was_held_up = course.held_up.remove(&id).is_some_and(|held| held.is_under_way(now));
            let Some(streak) = course.streak.take() else { return Taken { trouble: None, was_held_up } };
            if streak.down_since.is_some_and(|since| now.since(since) >= DOWN) {
                course.recovered_at = Some(now);
                for held in course.held_up.values_mut() {
                    held.free_at = held.free_at.or(Some(now));
                }
            }
            let trouble = Trouble { failures: streak.failures, since: streak.since };
            Taken { trouble: (streak.failures > 1).then_some(trouble), was_held_up }
        })
    }

    /// What to try now that a message was taken, the longest held up first: a few; more if that one had been held up too.
    pub(super) fn let_go(&self, channel: &ChannelName, was_held_up: bool, now: Timestamp) -> Vec<DeliveryId> {
        self.with(channel, |course| {
            // Whoever is gone from the outbox is never heard of again.
            course.held_up.retain(|_, held| held.times <= 5 || held.is_under_way(now) || !held.is_free(now));
            let under_way = course.held_up.values().filter(|held| held.is_under_way(now)).count();
            let most = match (under_way, was_held_up) {
                (0, _) => FEW,
                (_, true) => MORE.min(MOST.saturating_sub(under_way)),
                (_, false) => return Vec::new(),
            };
            let mut free: Vec<_> = course.held_up.iter_mut().filter(|(_, held)| held.is_free(now)).collect();
            if free.len() > most {
                free.select_nth_unstable_by_key(most, |(_, held)| held.number);
                free.truncate(most);
            }
            free.sort_unstable_by_key(|(_, held)| held.number);
            free.into_iter()
                .map(|(id, held)| {
                    held.let_go(now);
                    *id
                })
                .collect()
        })
    }

    /// What was let go waits all the same: the database took no writes.
    pub(super) fn stays(&self, channel: &ChannelName, ids: &[DeliveryId], now: Timestamp) {
        self.with(channel, |course| {
            for id in ids {
                if let Some(held) = course.held_up.get_mut(id) {
                    held.times = held.times.saturating_sub(1);
                    (held.free_at, held.let_go_at) = (Some(now), None);
                }
            }
        });
    }

    /// A message was heard of: it waits for a reason of its own, or was given up (`for_good`).
    pub(super) fn heard_of(&self, channel: &ChannelName, id: DeliveryId, for_good: bool) {
        self.with(channel, |course| {
            if for_good {
                course.held_up.remove(&id);
            } else if let Some(held) = course.held_up.get_mut(&id) {
                held.let_go_at = None;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    fn channel(name: &str) -> ChannelName {
        ChannelName::new(name).expect("a valid name")
    }

    fn id(number: usize) -> DeliveryId {
        DeliveryId::derive(&[&number.to_string()])
    }

    fn start() -> Timestamp {
        Timestamp::from_seconds(1_000_000)
    }

    /// Something that was not held up is taken; what is let go.
    fn take(streaks: &Streaks, hook: &ChannelName, now: Timestamp) -> Vec<DeliveryId> {
        let taken = streaks.took(hook, DeliveryId::derive(&["another"]), now);
        streaks.let_go(hook, taken.was_held_up, now)
    }

    fn fail(streaks: &Streaks, hook: &ChannelName, id: DeliveryId, now: Timestamp) {
        streaks.failed(hook, "500", true, now);
        assert!(!streaks.holds_up(hook, id, now, now));
    }

    #[test]
    fn a_thousand_refusals_are_a_few_lines_with_a_count() {
        let (streaks, start) = (Streaks::default(), start());
        let [mail, hook] = ["desk", "soc"].map(channel);
        let said: Vec<u64> = (0..1000_u32)
            .filter_map(|second| streaks.failed(&mail, "refused", true, start + second * SECOND))
            .map(|trouble| trouble.failures)
            .collect();
        assert_eq!(said, [1, 901]);
        let later = start + 1000 * SECOND;
        let told = Some(Trouble { failures: 1001, since: start });
        assert_eq!(streaks.failed(&mail, "550 no such user", false, later), told);
        assert_eq!(streaks.failed(&mail, "refused", true, later), None, "two errors in turn");
        assert_eq!(streaks.failed(&hook, "refused", true, later).map(|trouble| trouble.failures), Some(1));
        assert_eq!(streaks.took(&mail, id(0), later).trouble, Some(Trouble { failures: 1002, since: start }));
        assert_eq!(streaks.took(&mail, id(0), later).trouble, None);
        assert_eq!(streaks.took(&hook, id(0), later).trouble, None, "its one failure was said");
        assert!(streaks.failed(&mail, "refused", true, later).is_some());
    }

    #[test]
    fn a_message_that_alone_is_refused_keeps_its_waits() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        for minute in 0..600_u32 {
            let now = start() + minute * MINUTE;
            fail(&streaks, &hook, id(1), now);
            assert_eq!(take(&streaks, &hook, now + 50 * SECOND), []);
        }
    }

    #[test]
    fn what_is_refused_again_after_each_recovery_is_tried_out_of_turn_ever_more_seldom() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        let mut tried = Vec::new();
        // Five days in which the channel takes something every second minute and the poisonous one fails in between.
        for minute in (0..5 * 24 * 60_u32).step_by(2) {
            fail(&streaks, &hook, id(1), start() + minute * MINUTE);
            if !take(&streaks, &hook, start() + (minute + 1) * MINUTE).is_empty() {
                tried.push(minute / 60);
            }
        }
        assert_eq!(tried, [0, 1, 5, 21, 85], "hours");
    }

    #[test]
    fn after_a_recovery_a_few_are_tried_and_the_others_as_these_are_taken() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        for number in 0..1000 {
            fail(&streaks, &hook, id(number), start());
        }
        let now = start() + MINUTE;
        let mut under_way = take(&streaks, &hook, now);
        assert_eq!(under_way, [0, 1, 2, 3].map(id), "the longest held up first");
        assert_eq!(take(&streaks, &hook, now), [], "nothing was heard of these yet");
        let (mut taken, mut most) = (0, 0);
        while let Some(one) = under_way.pop() {
            taken += 1;
            let was_held_up = streaks.took(&hook, one, now).was_held_up;
            assert!(was_held_up);
            under_way.extend(streaks.let_go(&hook, was_held_up, now));
            most = most.max(under_way.len());
        }
        assert_eq!((taken, most), (1000, MOST));
    }

    #[test]
    fn a_channel_that_breaks_again_is_not_overrun() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        for number in 0..200 {
            fail(&streaks, &hook, id(number), start());
        }
        let (mut tried, mut now) = (0, start() + MINUTE);
        // An hour in which whatever was held up fails, and others are taken.
        for _ in 0..100 {
            for one in take(&streaks, &hook, now) {
                tried += 1;
                fail(&streaks, &hook, one, now);
            }
            now = now + 36 * SECOND;
        }
        assert_eq!(tried, 200, "each once");
    }

    #[test]
    fn a_recovery_while_a_failure_is_being_written_is_not_missed() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        let later = start() + MINUTE;
        streaks.failed(&hook, "refused", true, start());
        streaks.failed(&hook, "refused", true, later);
        assert_eq!(take(&streaks, &hook, later + SECOND), []);
        assert!(streaks.holds_up(&hook, id(1), later, later + 2 * SECOND));
        assert_eq!(take(&streaks, &hook, later + 3 * SECOND), [], "it is under way");
    }

    #[test]
    fn what_could_not_be_let_go_is_let_go_with_the_next_that_is_taken() {
        let (streaks, hook) = (Streaks::default(), channel("soc"));
        fail(&streaks, &hook, id(1), start());
        let now = start() + MINUTE;
        assert_eq!(take(&streaks, &hook, now), [id(1)]);
        streaks.stays(&hook, &[id(1)], now);
        assert_eq!(take(&streaks, &hook, now), [id(1)]);
        streaks.heard_of(&hook, id(1), true);
        assert_eq!(take(&streaks, &hook, now + 600 * MINUTE), []);
    }
}
