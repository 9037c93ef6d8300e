//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.

mod cadence;
mod conditional;
mod settings;

pub use cadence::{Cadence, FULL_READ_EVERY, LONGEST_WAIT, PollEnd, SHORTEST_INTERVAL, slowest_hint, wants_full};
pub use conditional::Hints;
pub use settings::NetworkSettings;
