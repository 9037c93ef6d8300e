//! What the daemon tells of itself: counters ([`Metrics`]) and signs of life ([`Progress`]). Both are handles; clones
//! share what they count.
//!
//! This room stands above the store, because commits are what is worth counting, and below the stages and the web,
//! which write and read it.

mod metrics;
mod process;
mod progress;
mod topics;

pub use metrics::{CONTENT_TYPE, Metrics, PollOutcome};
pub use progress::Progress;
