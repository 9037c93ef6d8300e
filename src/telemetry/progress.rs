//! Which stage moved last, and when.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::Timestamp;

/// Signs of life of the stages.
#[derive(Debug, Clone)]
pub struct Progress {
    started: Timestamp,
    beats: Arc<Mutex<BTreeMap<&'static str, Timestamp>>>,
}

impl Progress {
    /// Nothing has moved yet.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { started: now, beats: Arc::default() }
    }

    /// A stage went through its loop.
    pub fn beat(&self, stage: &'static str, now: Timestamp) {
        self.beats().insert(stage, now);
    }

    /// A stage that has ended on purpose is not missed.
    pub fn ended(&self, stage: &'static str) {
        self.beats().remove(stage);
    }

    /// Whether any stage has moved.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        !self.beats().is_empty()
    }

    /// The stage that has not moved for the longest time, if that is longer than `after`. A clock that was set back makes
    /// nobody stuck.
    #[must_use]
    pub fn stuck(&self, now: Timestamp, after: Duration) -> Option<&'static str> {
        let beats = self.beats();
        let (stage, last) = match beats.iter().min_by_key(|(_, at)| **at) {
            Some((stage, at)) => (*stage, *at),
            None => ("start", self.started),
        };
        (now.since(last) > after).then_some(stage)
    }

    fn beats(&self) -> MutexGuard<'_, BTreeMap<&'static str, Timestamp>> {
        self.beats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_stands_still_is_named() {
        let start = Timestamp::from_millis(1_800_000_000_000);
        let after = Duration::from_secs(30);
        let progress = Progress::new(start);
        assert_eq!(progress.stuck(start + after, after), None);
        assert_eq!(progress.stuck(start + after * 2, after), Some("start"), "no stage ever moved");
        assert!(!progress.has_begun());
        progress.beat("poll", start);
        progress.beat("deliver", start + after);
        let copy = progress.clone();
        assert_eq!(copy.stuck(start + after, after), None);
        assert_eq!(copy.stuck(start + after * 2, after), Some("poll"));
        copy.ended("poll");
        assert_eq!(progress.stuck(start + after * 2, after), None);
        assert_eq!(progress.stuck(start.before(after * 100), after), None, "a clock set back");
    }
}
