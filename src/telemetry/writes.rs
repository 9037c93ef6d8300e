//! Whether the database takes what the line has to write. Kept in memory, since it is needed exactly when nothing can be
//! written down: by `/healthz`, by the heartbeat, and by the mail that tells of a full disk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Timestamp;

/// A write was refused, and none of the line's was taken since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The first refusal.
    pub since: Timestamp,
    /// The last one.
    pub last: Timestamp,
    /// What the database said last.
    pub error: String,
}

/// What became of the last writes. A handle: clones see the same.
#[derive(Debug, Clone, Default)]
pub struct Writes(Arc<Mutex<Option<Refusal>>>);

impl Writes {
    /// A write was refused, and would be taken at another time: the disk is full, the database locked.
    pub fn refused(&self, error: &str, now: Timestamp) {
        let mut refusal = self.lock();
        let since = refusal.as_ref().map_or(now, |refusal| refusal.since);
        *refusal = Some(Refusal { since, last: now, error: error.to_owned() });
    }

    /// What the line had to write was taken.
    pub fn taken(&self) {
        *self.lock() = None;
    }

    /// A small write was taken. On a disk with a few bytes left that proves nothing for greater ones, unless they have
    /// not been refused for `quiet`.
    pub fn taken_a_little(&self, now: Timestamp, quiet: Duration) {
        let mut refusal = self.lock();
        let is_over = |refusal: &Refusal| {
            // A write that was refused once and never again was held up, not refused.
            let quiet = if refusal.last == refusal.since { quiet / 10 } else { quiet };
            now.since(refusal.last) >= quiet || now < refusal.since
        };
        if refusal.as_ref().is_some_and(is_over) {
            *refusal = None;
        }
    }

    /// The refusal that is not over.
    #[must_use]
    pub fn refusal(&self) -> Option<Refusal> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_lasts_until_real_work_is_taken_or_for_long_nothing_was_refused() {
        let (start, minute) = (Timestamp::from_seconds(1_800_000_000), Duration::from_mins(1));
        let writes = Writes::default();
        assert_eq!(writes.refusal(), None);
        writes.refused("locked", start);
        writes.refused("full", start + minute);
        let refusal = Refusal { since: start, last: start + minute, error: "full".to_owned() };
        writes.taken_a_little(start + minute * 5, minute * 5);
        assert_eq!(writes.clone().refusal(), Some(refusal));
        writes.taken_a_little(start + minute * 6, minute * 5);
        assert_eq!(writes.refusal(), None);
        writes.refused("full", start);
        writes.taken();
        assert_eq!(writes.refusal(), None);
        writes.refused("full", start);
        writes.taken_a_little(start.before(minute), minute * 5);
        assert_eq!(writes.refusal(), None, "a clock set back");
    }
}
