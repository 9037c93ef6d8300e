//! Bytes to a feed.
//!
//! In: what a server answered. Out: a [`ParsedFeed`], or an error that says what the document is instead.
//!
//! ```text
//! bytes → text (charset) → what is it? ─ JSON ──────────────────────────→ jsonfeed ┐
//!                                      ├ XML → feed-rs → complete? ─ yes ──────────┼→ RawFeed → links, texts, caps → ParsedFeed
//!                                      │                        └ no, refused → lenient ┤
//!                                      └ a sitemap, or lines of addresses → sitemap ─────┘
//! ```
//!
//! feed-rs reads what is well made, which is nearly everything, and fast. What it refuses (one bare `&` in a megabyte) or
//! reads in part (an entry without title, link or date, items it did not see) is read again by [`super::lenient`]. So a
//! feed that breaks for a day is still read, and yields the same ids and links as on the day before.

mod document;
mod error;
mod finish;
mod raw;
mod root;
mod strict;
mod xml;

use url::Url;

use super::{jsonfeed, sitemap};
use crate::model::PageSelectors;
use crate::text::charset;

pub use document::{Content, Enclosure, Entry, FeedKind, ParsedFeed};
pub use error::ParseError;
pub(crate) use finish::{finish, is_absolute, is_web};
pub(crate) use raw::{RawEntry, RawFeed, RawText};

/// Entries of one document that are read; more are left, with a warning (RELIABILITY, “huge fields and counts”).
pub(crate) const MAX_ENTRIES: usize = 2_000;

/// Reads a feed. `content_type` is the HTTP header; `base` the address that the document came from, for relative links
/// (any other URL, such as `about:blank`, where there is none).
///
/// Time and memory are linear in the input, which the caller has limited.
///
/// # Errors
/// Says what the document is instead of a feed.
pub fn parse_feed(bytes: &[u8], content_type: Option<&str>, base: &Url) -> Result<ParsedFeed, ParseError> {
    let (bytes, unpack_warning) = sitemap::unpacked(bytes);
    if let Some(what) = binary_kind(&bytes) {
        return Err(ParseError::Binary { what });
    }
    let decoded = charset::decode(&bytes, content_type);
    let text = decoded.text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '\u{feff}' | '\0'));
    let mut raw = match text.chars().next() {
        None => return Err(ParseError::Empty),
        Some('{' | '[') => json(text)?,
        Some('h' | 'H') if let Some(list) = sitemap::read_list(text) => list,
        Some(_) => xml::xml(text, base)?,
    };
    // What was left because it is more than is read is not missing.
    raw.ends_early &= u64::try_from(bytes.len()).unwrap_or(u64::MAX) < sitemap::MAX_UNPACKED;
    raw.warnings.extend(unpack_warning.map(str::to_owned));
    if decoded.is_damaged {
        raw.warnings.push(format!("some bytes are not {}", decoded.encoding));
    }
    Ok(finish(raw, base))
}

/// Reads what a source answered with: a page by its selectors, anything else as a feed.
///
/// # Errors
/// Says what the document is instead, or what was not found in it.
pub fn read_answer(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
    page: Option<&PageSelectors>,
) -> Result<ParsedFeed, ParseError> {
    match page {
        Some(selectors) => super::page::parse_page(bytes, content_type, base, selectors),
        None => parse_feed(bytes, content_type, base),
    }
}

fn binary_kind(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"GIF8", "a GIF image"),
        (b"%PDF", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1f\x8b", "damaged gzip data"),
        (b"ID3", "an MP3 file"),
    ];
    KINDS.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, what)| *what)
}

fn json(text: &str) -> Result<RawFeed, ParseError> {
    match serde_json::from_str(text) {
        Ok(document) => jsonfeed::read(&document).ok_or(ParseError::Json),
        Err(error) if error.is_eof() => jsonfeed::whole_part(text)
            .and_then(|text| jsonfeed::read(&serde_json::from_str(&text).ok()?))
            .map(|mut feed| {
                feed.warnings.push("the document ends before its elements do".to_owned());
                feed.ends_early = true;
                feed
            })
            .ok_or(ParseError::EndsEarly { line: error.line(), column: error.column() }),
        // Something after the document is survived.
        Err(error) => match serde_json::Deserializer::from_str(text).into_iter().next() {
            Some(Ok(document)) => {
                let mut feed = jsonfeed::read(&document).ok_or(ParseError::Json)?;
                feed.warnings.push("something stands after the JSON document".to_owned());
                Ok(feed)
            }
            _ => Err(ParseError::Broken {
                line: error.line(),
                column: error.column(),
                reason: strip_place(&error.to_string()),
            }),
        },
    }
}

/// serde_json says the place again at the end.
fn strip_place(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}
