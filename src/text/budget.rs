//! How much processor time a page may cost.
//!
//! A thread can't be ended from outside, and no `await` stands inside a computation where a timeout could end it. So whoever
//! takes a page apart asks here, in every loop whose length the page decides, whether its time is up, breaks off, and looks
//! once more before it believes what it found. The price is a counter in those loops, and that a loop which forgets to ask
//! can't be stopped; nothing is ever killed half-way.
//!
//! Counted is the thread's own processor time, not the clock on the wall: on a machine that is busy with other things, a
//! harmless page must not be given up.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Steps between two looks at the clock, which costs some ten microseconds; so many steps are well under a millisecond.
const STEPS: usize = 2_048;

/// What is left of a page's time.
pub(crate) struct Budget {
    limit: Duration,
    /// Tells the time used so far; absent: nobody counts.
    used: Option<Box<dyn Fn() -> Duration>>,
    steps: Cell<usize>,
    is_spent: Cell<bool>,
}

impl Budget {
    /// For input whose length was limited before.
    pub(crate) const fn unlimited() -> Self {
        Self { limit: Duration::MAX, used: None, steps: Cell::new(0), is_spent: Cell::new(false) }
    }

    /// So much processor time of this thread, from now on.
    pub(crate) fn of_thread(limit: Duration) -> Self {
        let watch = Stopwatch::start();
        Self::with_clock(limit, move || watch.elapsed())
    }

    /// So much time, as `used` tells it.
    pub(crate) fn with_clock(limit: Duration, used: impl Fn() -> Duration + 'static) -> Self {
        Self { limit, used: Some(Box::new(used)), ..Self::unlimited() }
    }

    /// Notes work of so many steps, each of about a tag's reading. Returns whether the time is up: then break off.
    pub(crate) fn spend(&self, steps: usize) -> bool {
        let so_far = self.steps.get().saturating_add(steps);
        if so_far < STEPS {
            self.steps.set(so_far);
            return self.is_spent.get();
        }
        self.steps.set(0);
        self.is_spent()
    }

    /// Whether the time is up, by a look at the clock.
    pub(crate) fn is_spent(&self) -> bool {
        if let Some(used) = self.used.as_ref().filter(|_| !self.is_spent.get()) {
            self.is_spent.set(used() > self.limit);
        }
        self.is_spent.get()
    }

    /// What may be spent in all.
    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }
}

/// Counts a thread's processor time; where the system does not tell it, time on the wall.
pub(crate) struct Stopwatch {
    cpu: Option<Duration>,
    wall: Instant,
}

impl Stopwatch {
    /// Counts from now.
    pub(crate) fn start() -> Self {
        Self { cpu: thread_time(), wall: Instant::now() }
    }

    /// What it has counted.
    pub(crate) fn elapsed(&self) -> Duration {
        match (self.cpu, thread_time()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.wall.elapsed(),
        }
    }
}

/// The processor time of the thread that asks: the first number, in nanoseconds, of Linux's `/proc/thread-self/schedstat`.
fn thread_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_looked_at_now_and_then_and_does_not_come_back() {
        let looks = std::rc::Rc::new(Cell::new(0));
        let seen = std::rc::Rc::clone(&looks);
        let budget = Budget::with_clock(Duration::from_secs(2), move || {
            seen.set(seen.get() + 1);
            // The second look finds the time gone; a third would find it back.
            Duration::from_secs(if seen.get() == 2 { 3 } else { 0 })
        });
        assert_eq!((0..STEPS).filter(|_| budget.spend(1)).count(), 0);
        assert_eq!(looks.get(), 1);
        assert!(budget.spend(10 * STEPS));
        assert!(budget.spend(1) && budget.is_spent());
        assert_eq!(looks.get(), 2);
        assert!(!Budget::unlimited().spend(usize::MAX));
    }

    #[test]
    fn a_thread_that_works_spends_and_one_that_sleeps_does_not() {
        let watch = Stopwatch::start();
        if watch.cpu.is_none() {
            return;
        }
        std::thread::sleep(Duration::from_millis(200));
        let asleep = watch.elapsed();
        assert!(asleep < Duration::from_millis(150), "{asleep:?}");
        let budget = Budget::of_thread(Duration::from_millis(20));
        let start = Instant::now();
        while !budget.spend(1) {
            assert!(start.elapsed() < Duration::from_mins(1), "it never ends");
        }
    }
}
