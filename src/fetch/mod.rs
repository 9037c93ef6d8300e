//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.

mod cadence;
mod charset;
mod client;
mod conditional;
mod dates;
mod decode;
mod error;
mod jsonfeed;
mod lenient;
mod markup;
mod parse;
mod politeness;
mod settings;

pub use cadence::{Cadence, FULL_READ_EVERY, LONGEST_WAIT, PollEnd, SHORTEST_INTERVAL, slowest_hint, wants_full};
pub use client::{Client, ClientError, Document, Fetched, Kind, Limits, Request};
pub use conditional::Hints;
pub use dates::parse_date;
pub use error::FetchError;
pub use parse::{Content, Enclosure, Entry, FeedKind, ParseError, ParsedFeed, parse_feed};
pub use settings::NetworkSettings;
