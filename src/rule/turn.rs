//! Who may write next, where several threads work on batches whose results are written in order.

use std::sync::{Condvar, Mutex, PoisonError};

/// The number of the batch that is written next.
#[derive(Debug, Default)]
pub(super) struct Turn {
    number: Mutex<usize>,
    changed: Condvar,
}

impl Turn {
    /// Waits until all batches before this one are written, or nobody writes any more.
    pub(super) fn wait_for(&self, number: usize) {
        let turn = self.number.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.changed.wait_while(turn, |turn| *turn < number).unwrap_or_else(PoisonError::into_inner));
    }

    /// All batches before this one are written.
    pub(super) fn pass_to(&self, number: usize) {
        *self.number.lock().unwrap_or_else(PoisonError::into_inner) = number;
        self.changed.notify_all();
    }

    /// Lets everybody go on once the result is dropped, however writing ends.
    pub(super) fn until_dropped(&self) -> impl Drop + '_ {
        struct End<'t>(&'t Turn);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.pass_to(usize::MAX);
            }
        }
        End(self)
    }
}
