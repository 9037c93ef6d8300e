//! One log line for a channel that takes nothing, not one for each message that it refuses.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::{ChannelName, DeliveryId, Timestamp};

/// A trouble that goes on is repeated that often. A guess: seldom enough to be read.
const REPEAT: Duration = Duration::from_secs(15 * 60);
/// Messages whose wait a recovery ends at most; the others come at their own time. A guess: their ids take 1 MB.
const MAX_HELD_UP: usize = 20_000;
/// Another error is told at once, but not more often than this.
const SETTLE: Duration = Duration::from_secs(10);

/// The failures of each channel since it last took a message.
#[derive(Debug, Default)]
pub(super) struct Streaks(Mutex<HashMap<ChannelName, Streak>>);

#[derive(Debug)]
struct Streak {
    since: Timestamp,
    told_at: Timestamp,
    error: String,
    failures: u64,
    /// Messages that wait because of it.
    held_up: HashSet<DeliveryId>,
}

/// What to say of a failure or a recovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trouble {
    /// Attempts that failed since the channel last took a message, this one included.
    pub(super) failures: u64,
    /// Since when.
    pub(super) since: Timestamp,
}

impl Streaks {
    /// An attempt failed; what to say of it, if anything.
    pub(super) fn failed(&self, channel: &ChannelName, error: &str, now: Timestamp) -> Option<Trouble> {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(streak) = streaks.get_mut(channel) else {
            let held_up = HashSet::new();
            let streak = Streak { since: now, told_at: now, error: error.to_owned(), failures: 1, held_up };
            streaks.insert(channel.clone(), streak);
            return Some(Trouble { failures: 1, since: now });
        };
        streak.failures += 1;
        let wait = if streak.error == error { REPEAT } else { SETTLE };
        // A clock set back must not silence it.
        if now >= streak.told_at && now.since(streak.told_at) < wait {
            return None;
        }
        streak.told_at = now;
        error.clone_into(&mut streak.error);
        Some(Trouble { failures: streak.failures, since: streak.since })
    }

    /// A message waits because the channel takes none. Returns `false` if it has taken one in the meantime.
    pub(super) fn holds_up(&self, channel: &ChannelName, id: DeliveryId) -> bool {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(streak) = streaks.get_mut(channel) else { return false };
        if streak.held_up.len() < MAX_HELD_UP {
            streak.held_up.insert(id);
        }
        true
    }

    /// A message was taken; what to say, if more failed before than was said, and which messages the failures hold up.
    pub(super) fn took(&self, channel: &ChannelName) -> (Option<Trouble>, Vec<DeliveryId>) {
        let mut streaks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(streak) = streaks.remove(channel) else { return (None, Vec::new()) };
        let trouble = Trouble { failures: streak.failures, since: streak.since };
        ((streak.failures > 1).then_some(trouble), streak.held_up.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_refusals_are_a_few_lines_with_a_count() {
        let (streaks, start) = (Streaks::default(), Timestamp::from_seconds(1_000_000));
        let [mail, hook] = ["desk", "soc"].map(|name| ChannelName::new(name).expect("a valid name"));
        let said: Vec<u64> = (0..1000_u32)
            .filter_map(|second| streaks.failed(&mail, "refused", start + second * Duration::from_secs(1)))
            .map(|trouble| trouble.failures)
            .collect();
        assert_eq!(said, [1, 901]);
        let later = start + Duration::from_secs(1000);
        assert_eq!(streaks.failed(&mail, "550 no such user", later), Some(Trouble { failures: 1001, since: start }));
        assert_eq!(streaks.failed(&mail, "refused", later), None, "two errors in turn");
        assert_eq!(streaks.failed(&hook, "refused", later).map(|trouble| trouble.failures), Some(1));
        assert_eq!(streaks.took(&mail).0, Some(Trouble { failures: 1002, since: start }));
        assert_eq!(streaks.took(&mail).0, None);
        assert_eq!(streaks.took(&hook).0, None, "its one failure was said");
        assert!(streaks.failed(&mail, "refused", later).is_some());
    }

    #[test]
    fn a_channel_that_recovers_names_what_it_held_up_once() {
        let (streaks, now) = (Streaks::default(), Timestamp::from_seconds(1_000_000));
        let hook = ChannelName::new("soc").expect("a valid name");
        let [first, second] = ["1", "2"].map(|key| DeliveryId::derive(&[key]));
        streaks.failed(&hook, "refused", now);
        assert!(streaks.holds_up(&hook, first) && streaks.holds_up(&hook, first));
        assert_eq!(streaks.took(&hook).1, [first]);
        assert!(!streaks.holds_up(&hook, second), "it takes messages already");
        assert_eq!(streaks.took(&hook).1, []);
    }
}
