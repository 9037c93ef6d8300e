//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.

mod cadence;
mod client;
mod conditional;
mod decode;
mod error;
mod politeness;
mod settings;

pub use cadence::{Cadence, FULL_READ_EVERY, LONGEST_WAIT, PollEnd, SHORTEST_INTERVAL, slowest_hint, wants_full};
pub use client::{Client, ClientError, Document, Fetched, Kind, Limits, Request};
pub use conditional::Hints;
pub use error::FetchError;
pub use settings::NetworkSettings;
