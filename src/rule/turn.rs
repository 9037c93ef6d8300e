//! What several threads make of batches, put into one place in the order of the batches.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Takes what is made of batches, in order. Whose turn it is hands things over as they come; what is ready early waits here,
/// and its thread goes on with another batch.
#[derive(Debug)]
pub(super) struct InOrder<S, B> {
    state: Mutex<State<S, B>>,
    /// The batch whose turn it is; all of them once something has failed.
    next: AtomicUsize,
    changed: Condvar,
}

#[derive(Debug)]
struct State<S, B> {
    sink: S,
    /// By number, what waits for its turn.
    early: BTreeMap<usize, B>,
    /// Bytes of it.
    early_bytes: usize,
    /// Memory to be used again.
    spare: Vec<B>,
    error: Option<io::Error>,
}

/// What is made of a batch.
pub(super) trait Made: Default {
    /// The memory that it takes, in bytes.
    fn bytes(&self) -> usize;
}

/// Bytes of what waits for its turn. With more, threads wait before they begin another batch.
const MOST_EARLY: usize = 16 << 20;
/// Bytes of memory that is kept to be used again.
const MOST_SPARE: usize = 1 << 20;

impl<S, B: Made> InOrder<S, B> {
    pub(super) fn new(sink: S) -> Self {
        let state = State { sink, early: BTreeMap::new(), early_bytes: 0, spare: Vec::new(), error: None };
        Self { state: Mutex::new(state), next: AtomicUsize::new(0), changed: Condvar::new() }
    }

    /// Whether it is the turn of this batch.
    pub(super) fn is_next(&self, number: usize) -> bool {
        self.next.load(Ordering::Acquire) >= number
    }

    /// Waits until it is the turn of this batch or a later one, or something has failed.
    pub(super) fn wait_for(&self, number: usize) {
        if !self.is_next(number) {
            let state = self.changed.wait_while(self.state(), |_| !self.is_next(number));
            drop(state.unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// Waits until a thread may begin with this batch: until it is its turn, or not too much waits for others.
    pub(super) fn wait_for_room(&self, number: usize) {
        let is_full = |state: &mut State<S, B>| state.early_bytes > MOST_EARLY && !self.is_next(number);
        drop(self.changed.wait_while(self.state(), is_full).unwrap_or_else(PoisonError::into_inner));
    }

    /// Hands over a part of the batch whose turn it is; after a failure, nothing.
    pub(super) fn part(&self, take: impl FnOnce(&mut S) -> io::Result<()>) {
        let mut state = self.state();
        if state.error.is_none()
            && let Err(error) = take(&mut state.sink)
        {
            self.end(&mut state, error);
        }
    }

    /// Hands over the rest of a batch, now or when its turn comes. What the batch is afterwards is of no meaning.
    pub(super) fn finish(&self, number: usize, batch: &mut B, mut take: impl FnMut(&mut S, &mut B) -> io::Result<()>) {
        let mut guard = self.state();
        let state = &mut *guard;
        if state.error.is_some() {
            return;
        }
        if self.next.load(Ordering::Acquire) != number {
            let spare = state.spare.pop().unwrap_or_default();
            state.early_bytes += batch.bytes();
            state.early.insert(number, std::mem::replace(batch, spare));
            return;
        }
        let mut result = take(&mut state.sink, batch);
        let mut next = number + 1;
        while result.is_ok()
            && let Some(mut early) = state.early.remove(&next)
        {
            state.early_bytes -= early.bytes();
            result = take(&mut state.sink, &mut early);
            if early.bytes() <= MOST_SPARE {
                state.spare.push(early);
            }
            next += 1;
        }
        match result {
            Ok(()) => self.next.store(next, Ordering::Release),
            Err(error) => self.end(state, error),
        }
        drop(guard);
        self.changed.notify_all();
    }

    /// Ends everything: nobody waits any more, and nothing more is taken.
    pub(super) fn fail(&self, error: io::Error) {
        self.end(&mut self.state(), error);
    }

    /// Whether anything has failed.
    pub(super) fn has_failed(&self) -> bool {
        self.next.load(Ordering::Acquire) == usize::MAX
    }

    /// Everything that was handed over, unless something failed.
    pub(super) fn into_result(self) -> io::Result<S> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(state.sink), Err)
    }

    fn state(&self) -> MutexGuard<'_, State<S, B>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, state: &mut State<S, B>, error: io::Error) {
        state.error.get_or_insert(error);
        self.next.store(usize::MAX, Ordering::Release);
        self.changed.notify_all();
    }
}
