//! The network towards feeds: one guarded client, feed parsing, entry identity, polling cadence.

mod archive;
mod cadence;
mod client;
mod conditional;
mod decode;
mod discover;
mod draft;
mod error;
mod identity;
mod jsonfeed;
mod lenient;
mod link_header;
mod markup;
mod opml;
mod page;
mod parse;
mod politeness;
mod rhythm;
mod robots;
mod settings;
mod sitemap;
mod wall;
mod websub;

pub use crate::text::parse_date;
pub use archive::older_page;
pub use cadence::{Cadence, FULL_READ_EVERY, LONGEST_WAIT, PollEnd, SHORTEST_INTERVAL, slowest_hint, wants_full};
pub use client::{Client, ClientError, Document, Fetched, Kind, Limits, Request};
pub use conditional::Hints;
pub use discover::{Discovered, Discovery, FoundBy, discover, feeds_declared};
pub use draft::to_article;
pub use error::FetchError;
pub use identity::{EntryIdentity, identify, unspoken_hash};
pub use link_header::HeaderLink;
pub use opml::{OpmlError, OpmlFeed, OpmlFile, SkippedOutline, opml_text, read_opml, write_opml};
pub use page::{check_selector, parse_page};
pub use parse::{Content, Enclosure, Entry, FeedKind, ParseError, ParsedFeed, parse_feed, read_answer};
pub use rhythm::{
    DefaultPace, Found, Pace, learn, learn_language, stale_after, usual_rate, usual_silence, wait as usual_wait,
};
pub use settings::NetworkSettings;
pub use sitemap::{has_stamped_dates, words_of_address};
pub use wall::page_trouble;
pub use websub::{Hub, Signed, check_signature, hub_of, random_hex, request_form};
