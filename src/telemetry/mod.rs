//! What the daemon tells of itself: counters ([`Metrics`]), signs of life ([`Progress`]), and whether the database takes
//! writes ([`Writes`]). All are handles; clones share what they know.
//!
//! This room stands above the store, because commits are what is worth counting, and below the stages and the web,
//! which write and read it.

mod metrics;
mod process;
mod progress;
mod topics;
mod writes;

pub use metrics::{CONTENT_TYPE, Metrics, PollOutcome};
pub use progress::Progress;
pub use writes::{Refusal, Writes};
