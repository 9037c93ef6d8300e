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

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use aho_corasick::AhoCorasick;
use feed_rs::model as strict;
use serde::{Serialize, Serializer};
use url::Url;

use super::markup::{Token, Tokens, attributes};
use super::{jsonfeed, lenient, parse_date, sitemap};
use crate::model::{PageSelectors, Timestamp};
use crate::text::charset;
use crate::text::{html, html_to_line, html_to_text, sanitise_html};

/// Entries of one document that are read; more are left, with a warning (RELIABILITY, “huge fields and counts”).
pub(crate) const MAX_ENTRIES: usize = 2_000;
const MAX_TITLE_CHARS: usize = 1_000;
/// Of a title's markup, so much is read.
const MAX_CAPTURED_TITLE: usize = 16 * 1024;
const MAX_TEXT_BYTES: usize = 200_000;
const MAX_HTML_BYTES: usize = 500_000;
const MAX_LINK_BYTES: usize = 4_096;
const MAX_WARNINGS: usize = 20;
/// How far into a document its beginning is looked for: error messages of the server may stand before it.
const MAX_JUNK_BYTES: usize = 64 * 1024;

/// The format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    /// RSS 0.91 … 2.0.
    Rss,
    /// Atom 0.3 and 1.0.
    Atom,
    /// RSS 0.90, 1.0 and 1.1.
    Rdf,
    /// JSON Feed 1 and 1.1.
    Json,
    /// A sitemap, with or without headlines, or an index of sitemaps.
    Sitemap,
    /// Microsoft's Channel Definition Format.
    Cdf,
    /// A web page, read by selectors.
    Page,
}

/// A feed as read; serialises as the “Parsed feed” of the command line. Absent values are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParsedFeed {
    /// Its format.
    pub kind: FeedKind,
    /// Its title, one line of plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The language that it declares; upper and lower case mean nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The site that it belongs to, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was published, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When it was changed last, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Whether this is an index: its entries are further sitemaps, not articles.
    #[serde(rename = "index", skip_serializing_if = "std::ops::Not::not")]
    pub is_index: bool,
    /// Its entries in document order, at most 2,000.
    pub entries: Vec<Entry>,
    /// What was odd about the document, one line each, for people.
    pub warnings: Vec<String>,
    /// How often the feed asks to be polled at most (`ttl`, else `sy:updatePeriod` and `sy:updateFrequency`).
    #[serde(skip)]
    pub poll_hint: Option<Duration>,
}

impl ParsedFeed {
    /// A feed that says nothing.
    #[must_use]
    pub const fn empty(kind: FeedKind) -> Self {
        Self {
            kind,
            title: None,
            language: None,
            link: None,
            published: None,
            updated: None,
            is_index: false,
            entries: Vec::new(),
            warnings: Vec::new(),
            poll_hint: None,
        }
    }
}

/// One entry of a feed. Dates are as the feed has them, however odd; those that can't be read are absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Entry {
    /// The feed's own id for it (guid, `atom:id`, `rdf:about`); at most 4 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Headline, one line of plain text, at most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it can be read; absolute, http or https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The article's own address, where `link` leads through a counting service (`feedburner:origLink`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_link: Option<String>,
    /// Summary, plain text, at most 200 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Full content; serialises as sanitised HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Authors' names, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Categories.
    pub tags: Vec<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// The language that it declares for itself, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The site of the publisher, absolute, where the feed gathers what others publish (RSS's `source`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A file that belongs to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// Media type, as stated.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// An entry's content as the feed has it: foreign HTML, or plain text. It can't be printed without being cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    source: String,
    is_plain: bool,
}

impl Content {
    /// What a person would read, at most 200 KB.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = if self.is_plain { html::plain_to_text(&self.source) } else { html_to_text(&self.source) };
        cut_string(text, MAX_TEXT_BYTES)
    }

    /// HTML that is safe to show.
    #[must_use]
    pub fn to_sanitised_html(&self) -> String {
        if !self.is_plain {
            return sanitise_html(&self.source);
        }
        let mut out = String::new();
        for paragraph in html::plain_to_text(&self.source).split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            let escaped = paragraph.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            out.push_str(&format!("<p>{escaped}</p>"));
        }
        out
    }

    /// The source itself, for hashing.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_sanitised_html())
    }
}

/// Why a document was not read: what it is instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Nothing, or blanks.
    #[error("the document is empty")]
    Empty,
    /// A page for people: the feed has moved, wants a login, or the server reports an error as a page.
    #[error("this is an HTML page{}, not a feed", Titled(.title.as_deref()))]
    Html {
        /// The page's title.
        title: Option<String>,
    },
    /// A list of feeds.
    #[error("this is an OPML list of feeds, not a feed; `vedetta feed import` reads it")]
    Opml,
    /// JSON, but no JSON Feed.
    #[error("this is JSON, but not a JSON Feed: it has no `items` that are entries")]
    Json,
    /// XML of another kind.
    #[error("this is XML with the root element `{root}`, not a feed")]
    OtherXml {
        /// The root element's name.
        root: String,
    },
    /// Plain text.
    #[error("this is plain text, not a feed; it begins with `{start}`")]
    PlainText {
        /// Its first words.
        start: String,
    },
    /// An image, archive or the like.
    #[error("this is {what}, not a feed")]
    Binary {
        /// What it is, with its article.
        what: &'static str,
    },
    /// A page in which the selector for items finds nothing.
    #[error(
        "the selector `{selector}` finds nothing on the page: it was rebuilt, or shows its list by script; look for new \
             selectors with `vedetta feed poll URL --item …`"
    )]
    NothingSelected {
        /// The selector.
        selector: String,
    },
    /// A page whose items have no links.
    #[error("{items} items were found on the page, but no link in them: correct `link`")]
    NoLinks {
        /// How many items.
        items: usize,
    },
    /// A page on which the selectors take too long.
    #[error(
        "the page takes more than {} s of computing to be read by these selectors; simpler ones, without `~`, `:has()` and \
             `:nth-…`, take less", limit.as_secs_f32()
    )]
    TooMuch {
        /// The processor time that it may cost.
        limit: std::time::Duration,
    },
    /// A selector that can't be read.
    #[error("{error}")]
    BadSelector {
        /// What is wrong.
        error: String,
    },
    /// A feed by its beginning, but nothing in it could be read.
    #[error("the feed is broken at line {line}, column {column}: {reason}")]
    Broken {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What stands there.
        reason: String,
    },
}

struct Titled<'a>(Option<&'a str>);

impl fmt::Display for Titled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(title) => write!(f, " titled `{title}`"),
            None => Ok(()),
        }
    }
}

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
        Some(_) => xml(text, base)?,
    };
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

/// A text and how to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawText {
    pub(crate) source: String,
    /// Characters are characters; else it is HTML.
    pub(crate) is_plain: bool,
}

impl RawText {
    pub(crate) fn plain(source: String) -> Self {
        Self { source, is_plain: true }
    }

    pub(crate) fn html(source: String) -> Self {
        Self { source, is_plain: false }
    }
}

/// A feed as its reader found it: texts as markup, links as written or resolved by `xml:base`.
#[derive(Debug, Clone)]
pub(crate) struct RawFeed {
    pub(crate) kind: FeedKind,
    pub(crate) is_index: bool,
    pub(crate) id: Option<String>,
    pub(crate) title: Option<RawText>,
    pub(crate) language: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) published: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) warnings: Vec<String>,
    pub(crate) poll_hint: Option<Duration>,
}

impl RawFeed {
    pub(crate) fn new(kind: FeedKind) -> Self {
        Self {
            kind,
            is_index: false,
            id: None,
            title: None,
            language: None,
            link: None,
            published: None,
            updated: None,
            entries: Vec::new(),
            warnings: Vec::new(),
            poll_hint: None,
        }
    }
}

/// An entry as its reader found it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawEntry {
    pub(crate) id: Option<String>,
    pub(crate) title: Option<RawText>,
    pub(crate) link: Option<String>,
    pub(crate) original_link: Option<String>,
    pub(crate) summary: Option<RawText>,
    pub(crate) content: Option<RawText>,
    pub(crate) authors: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) published: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) enclosures: Vec<Enclosure>,
    pub(crate) language: Option<String>,
    pub(crate) source: Option<String>,
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
        // Something after the document is survived; a document cut off is not.
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

fn xml(text: &str, base: &Url) -> Result<RawFeed, ParseError> {
    let mut warnings = Vec::new();
    let mut text = text;
    let mut root = Root::of(text);
    if !root.is_feed() {
        // Server messages may stand before the feed.
        match feed_start(text).map(|at| &text[at..]) {
            Some(rest) if Root::of(rest).is_feed() => {
                warnings.push("something stands before the feed".to_owned());
                text = rest;
                root = Root::of(text);
            }
            _ => return Err(root.what_else(text)),
        }
    } else if !text.starts_with('<') {
        warnings.push("something stands before the feed".to_owned());
        text = &text[text.find('<').unwrap_or(0)..];
    }
    if root.is_sitemap() {
        let mut feed = sitemap::read(text);
        feed.warnings.splice(0..0, warnings);
        return Ok(feed);
    }
    let scan = Scan::of(text);
    let mut feed = match strict_feed(text, &root, &scan, base) {
        Some(feed) => feed,
        None => {
            let feed = lenient::read(text, base);
            if let Some((line, column, reason)) = first_error(text) {
                if feed.entries.is_empty() && feed.title.is_none() && feed.link.is_none() && feed.language.is_none() {
                    return Err(ParseError::Broken { line, column, reason });
                }
                warnings.push(format!(
                    "not well-formed at line {line}, column {column}: {reason}; read as far as possible"
                ));
            }
            feed
        }
    };
    if feed.entries.len() >= MAX_ENTRIES {
        warnings.push(format!("only the first {MAX_ENTRIES} entries are read"));
    }
    feed.poll_hint = poll_hint(text);
    warnings.append(&mut feed.warnings);
    feed.warnings = warnings;
    Ok(feed)
}

/// The first element of a document.
struct Root<'a> {
    name: &'a str,
    local: String,
    attributes: &'a str,
    doctype_is_html: bool,
}

impl<'a> Root<'a> {
    fn of(text: &'a str) -> Self {
        let mut doctype_is_html = false;
        for token in Tokens::of(html::cut(text, MAX_JUNK_BYTES)) {
            match token {
                Token::Doctype(inside) => {
                    doctype_is_html =
                        inside.split_whitespace().nth(1).is_some_and(|name| name.eq_ignore_ascii_case("html"));
                }
                Token::Start { name, attributes, .. } => {
                    let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
                    return Self { name, local, attributes, doctype_is_html };
                }
                _ => {}
            }
        }
        Self { name: "", local: String::new(), attributes: "", doctype_is_html }
    }

    fn is_feed(&self) -> bool {
        let is_feed = matches!(self.local.as_str(), "rss" | "rdf" | "feed" | "entry" | "channel");
        !self.doctype_is_html && (is_feed || self.is_sitemap())
    }

    fn is_sitemap(&self) -> bool {
        matches!(self.local.as_str(), "urlset" | "sitemapindex")
    }

    fn what_else(&self, text: &str) -> ParseError {
        const HTML: &[&str] = &[
            "html", "head", "body", "script", "style", "meta", "title", "div", "p", "center", "h1", "h2", "br", "b",
            "a", "table", "form", "span", "pre", "link",
        ];
        match self.local.as_str() {
            "opml" => ParseError::Opml,
            local if self.doctype_is_html || HTML.contains(&local) => {
                let lower = html::cut(text, MAX_JUNK_BYTES);
                let title = find_ignoring_case(lower, "<title")
                    .and_then(|at| lower[at..].split_once('>'))
                    .map(|(_, rest)| rest.split("</").next().unwrap_or(""))
                    .map(|title| cut_chars(html_to_line(title), 200))
                    .filter(|title| !title.is_empty());
                ParseError::Html { title }
            }
            "" => ParseError::PlainText { start: cut_chars(html_to_line(html::cut(text, 400)), 60) },
            _ => ParseError::OtherXml { root: cut_chars(self.name.to_owned(), 60) },
        }
    }
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Where a feed begins inside something else.
fn feed_start(text: &str) -> Option<usize> {
    let head = html::cut(text, MAX_JUNK_BYTES);
    ["<rss", "<feed", "<rdf:RDF", "<RDF", "<urlset", "<sitemapindex"].iter().filter_map(|start| head.find(start)).min()
}

/// What one pass over the text finds: how many entries there should be, and whether something is used that feed-rs does
/// not know.
struct Scan {
    entries: usize,
    needs_lenient: bool,
}

static NEEDLES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::new([
        "<item",
        "<entry",
        "<title",
        "<description",
        "<summary",
        "<!ENTITY",
        "<dcterms:",
        "origLink>",
        "<atom:published",
        "<dc:language",
        "<dc:date",
        "<a10:",
        "<source url",
    ])
    .expect("a dozen short patterns")
});

impl Scan {
    fn of(text: &str) -> Self {
        let mut scan = Self { entries: 0, needs_lenient: false };
        for found in NEEDLES.find_iter(text) {
            let rest = &text[found.end()..];
            let is_whole_name = rest.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/'));
            match found.pattern().as_usize() {
                0 | 1 if is_whole_name => {
                    scan.entries += 1;
                    // `<entry xml:lang="…">`: feed-rs drops it.
                    let has_language = !rest.starts_with('>') && tag(rest).contains("xml:lang");
                    scan.needs_lenient |= has_language || scan.entries > MAX_ENTRIES;
                }
                // Elements inside a text: feed-rs takes what stands before the first.
                2..=4 if is_whole_name => {
                    let tag = tag(rest);
                    let inside = rest.get(tag.len() + 1..).unwrap_or("");
                    let next = inside.find('<').map_or("", |at| &inside[at..]);
                    let is_text = tag.ends_with('/') || tag.contains("xhtml") || next.starts_with("</");
                    scan.needs_lenient |= !is_text && !next.starts_with("<![");
                }
                0..=4 => {}
                _ => scan.needs_lenient = true,
            }
            if scan.needs_lenient {
                break;
            }
        }
        scan
    }
}

/// The rest of a tag up to its `>`.
fn tag(rest: &str) -> &str {
    // Bounded: a flood of tags without an end would be looked through once for each.
    html::cut(rest, 4096).split('>').next().unwrap_or("")
}

/// What feed-rs makes of it; `None` where it refuses the document, or reads it only in part.
fn strict_feed(text: &str, root: &Root<'_>, scan: &Scan, base: &Url) -> Option<RawFeed> {
    // RSS 1.0 loses its ids in feed-rs; other prefixes and formats it does not know.
    if scan.needs_lenient || !matches!(root.name, "rss" | "feed") {
        return None;
    }
    let is_atom = root.name == "feed";
    if !is_atom && attributes(root.attributes).any(|(key, _)| key == "xmlns") {
        return None;
    }
    let parser = feed_rs::parser::Builder::new()
        .base_uri((is_atom && is_web(base.as_str())).then_some(base.as_str()))
        .id_generator(|_, _, _| String::new())
        .timestamp_parser(|text| parse_date(text).map(Timestamp::to_chrono))
        .build();
    // The text is UTF-8 now, whatever its declaration says.
    let body = match text.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")) {
        Some((_, body)) => body,
        None => text,
    };
    let feed = parser.parse(body.as_bytes()).ok()?;
    if feed.entries.len() != scan.entries || feed.title.is_none() {
        return None;
    }
    let feed = convert(feed, is_atom);
    let has_texts = LazyLock::new(|| ["<description", "<summary", "<content"].iter().any(|tag| text.contains(tag)));
    let incomplete = feed.entries.iter().any(|entry| {
        entry.title.is_none()
            || entry.link.is_none()
            || entry.published.is_none() && entry.updated.is_none()
            || entry.summary.is_none() && entry.content.is_none() && *has_texts
            // feed-rs resolves links by `xml:base`, but not ids.
            || is_atom && entry.id.as_deref().is_some_and(|id| !is_absolute(id)) && text.contains("xml:base")
    });
    if incomplete { None } else { Some(feed) }
}

fn convert(feed: strict::Feed, is_atom: bool) -> RawFeed {
    let mut raw = RawFeed::new(if is_atom { FeedKind::Atom } else { FeedKind::Rss });
    raw.title = feed.title.and_then(|text| raw_text(text, is_atom));
    raw.language = feed.language;
    raw.link = entry_link(&feed.links);
    raw.id = Some(feed.id);
    raw.published = feed.published.map(Timestamp::from);
    raw.updated = feed.updated.map(Timestamp::from);
    raw.entries = feed.entries.into_iter().map(|entry| convert_entry(entry, is_atom)).collect();
    raw
}

fn convert_entry(entry: strict::Entry, is_atom: bool) -> RawEntry {
    let published = entry.published.map(Timestamp::from);
    let updated = entry.updated.map(Timestamp::from);
    let mut enclosures: Vec<Enclosure> = Vec::new();
    for link in entry.links.iter().filter(|link| link.rel.as_deref() == Some("enclosure")) {
        enclosures.push(Enclosure { url: link.href.clone(), kind: link.media_type.clone() });
    }
    for content in entry.media.into_iter().flat_map(|media| media.content) {
        if let Some(url) = content.url {
            enclosures.push(Enclosure { url: url.into(), kind: content.content_type.map(|kind| kind.to_string()) });
        }
    }
    enclosures.truncate(64);
    RawEntry {
        link: entry_link(&entry.links),
        original_link: None,
        id: Some(entry.id.trim().to_owned()).filter(|id| !id.is_empty()),
        title: entry.title.and_then(|text| raw_text(text, is_atom)),
        summary: entry.summary.and_then(|text| raw_text(text, is_atom)),
        content: entry.content.and_then(|content| {
            let is_plain = content.content_type.as_str() == "text/plain";
            let source = content.body?;
            (!source.trim().is_empty()).then_some(RawText { source, is_plain })
        }),
        authors: entry.authors.into_iter().filter_map(|person| person.name.or(person.email)).collect(),
        tags: entry.categories.into_iter().take(64).map(|category| category.label.unwrap_or(category.term)).collect(),
        published,
        // feed-rs fills in the date of publication for RSS.
        updated: updated.filter(|updated| is_atom || Some(*updated) != published),
        enclosures,
        language: entry.language,
        // feed-rs reads none.
        source: None,
    }
}

fn raw_text(text: strict::Text, is_atom: bool) -> Option<RawText> {
    // RSS does not say whether its titles are text or HTML; they are both.
    let is_plain = is_atom && text.content_type.as_str() == "text/plain";
    (!text.content.is_empty()).then_some(RawText { source: text.content, is_plain })
}

/// The last one that leads to the article itself, as in feedparser; HTML before other types.
fn entry_link(links: &[strict::Link]) -> Option<String> {
    let candidate = |link: &&strict::Link, readable: bool| {
        !link.href.is_empty()
            && link.target.is_none()
            && link.rel.as_deref().is_none_or(|rel| rel.eq_ignore_ascii_case("alternate"))
            && (!readable
                || link.media_type.as_deref().is_none_or(|kind| kind.contains("html") || kind.contains("text/")))
    };
    // RSS's own link has no `rel`; Atom's, also inside RSS, has one.
    let plain = links.iter().rev().find(|link| candidate(link, true) && link.rel.is_none());
    plain
        .or_else(|| links.iter().rev().find(|link| candidate(link, true)))
        .or_else(|| links.iter().rev().find(|link| candidate(link, false)))
        .map(|link| link.href.clone())
}

/// Where a strict reader stumbles first: line, column, reason.
fn first_error(text: &str) -> Option<(usize, usize, String)> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().trim_markup_names_in_closing_tags = true;
    let mut depth = 0_usize;
    loop {
        let (offset, reason) = match reader.read_event() {
            Ok(quick_xml::events::Event::Start(_)) => {
                depth += 1;
                continue;
            }
            Ok(quick_xml::events::Event::End(_)) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Ok(quick_xml::events::Event::Eof) if depth > 0 => {
                (text.len(), "the document ends before its elements do".to_owned())
            }
            Ok(quick_xml::events::Event::Eof) => return None,
            Ok(_) => continue,
            Err(error) => (usize::try_from(reader.error_position()).unwrap_or(usize::MAX), error.to_string()),
        };
        let before = html::cut(text, offset);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        return Some((line, column, reason));
    }
}

/// `<ttl>` in minutes; `sy:updatePeriod` divided by `sy:updateFrequency` (RSS 1.0 syndication module).
fn poll_hint(text: &str) -> Option<Duration> {
    let head = html::cut(text, 16 * 1024);
    let head = &head[..["<item", "<entry"].iter().filter_map(|tag| head.find(tag)).min().unwrap_or(head.len())];
    let value = |name: &str| {
        let at = head.find(name)?;
        head[at + name.len()..].split_once('>')?.1.split('<').next().map(|value| value.trim().to_ascii_lowercase())
    };
    if let Some(minutes) = value("<ttl").and_then(|text| text.parse::<u32>().ok())
        && minutes > 0
    {
        return Some(Duration::from_secs(u64::from(minutes) * 60));
    }
    let hours = match value(":updatePeriod")?.as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 24 * 7,
        "monthly" => 24 * 30,
        "yearly" => 24 * 365,
        _ => return None,
    };
    let frequency = value(":updateFrequency").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1).max(1);
    Some(Duration::from_secs(hours * 3600 / frequency))
}

pub(crate) fn is_web(link: &str) -> bool {
    let scheme = link.split("://").next().unwrap_or("");
    scheme.len() < link.len() && (scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}

pub(crate) fn is_absolute(link: &str) -> bool {
    // RFC 3986: a scheme is a letter followed by letters, digits, `+ - .`
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

/// The address that relative links are relative to.
struct Base {
    channel: Option<Url>,
    document: Option<Url>,
}

impl Base {
    /// A web address, absolute. One that is so already stays as written: it is an identity.
    fn resolve(&self, link: &str) -> Option<String> {
        let link = link.trim();
        if link.is_empty() {
            return None;
        }
        let resolved = if is_absolute(link) {
            link.to_owned()
        } else {
            self.channel.as_ref().or(self.document.as_ref())?.join(link).ok()?.into()
        };
        (is_web(&resolved) && resolved.len() <= MAX_LINK_BYTES && Url::parse(&resolved).is_ok()).then_some(resolved)
    }
}

pub(crate) fn finish(raw: RawFeed, base: &Url) -> ParsedFeed {
    let document = is_web(base.as_str()).then(|| base.clone());
    let mut bases = Base { channel: None, document };
    // An id that is an address stands in for the link, as for entries.
    let link = raw.link.as_deref().or(raw.id.as_deref().filter(|id| is_web(id))).and_then(|link| bases.resolve(link));
    // A feed may live on another host than its site; RSS's relative links mean the site's.
    if raw.kind != FeedKind::Atom || bases.document.is_none() {
        bases.channel = link.as_deref().and_then(|link| Url::parse(link).ok());
    }
    let mut warnings = raw.warnings;
    let entries = raw.entries.into_iter().take(MAX_ENTRIES).map(|entry| finish_entry(entry, &bases)).collect();
    warnings.truncate(MAX_WARNINGS);
    ParsedFeed {
        kind: raw.kind,
        is_index: raw.is_index,
        title: raw.title.and_then(line),
        language: raw.language.and_then(language),
        link,
        published: raw.published,
        updated: raw.updated,
        entries,
        warnings,
        poll_hint: raw.poll_hint,
    }
}

fn finish_entry(raw: RawEntry, bases: &Base) -> Entry {
    let mut authors: Vec<String> = Vec::new();
    for author in raw.authors {
        let name = cut_chars(person_name(&html_to_line(html::cut(&author, MAX_LINK_BYTES))), 200);
        if !name.is_empty() && !authors.contains(&name) {
            authors.push(name);
        }
    }
    let summary = raw.summary.map(|text| {
        let source = unmangled(&text.source);
        cut_string(if text.is_plain { html::plain_to_text(&source) } else { html_to_text(&source) }, MAX_TEXT_BYTES)
    });
    let enclosures: Vec<Enclosure> = raw
        .enclosures
        .into_iter()
        .filter_map(|enclosure| {
            let kind = enclosure.kind.map(|kind| cut_chars(kind, 100)).filter(|kind| !kind.is_empty());
            Some(Enclosure { url: bases.resolve(&enclosure.url)?, kind })
        })
        .collect();
    // A podcast without pages: its recording is all there is. A picture is not what the entry is about.
    let recording = || {
        let is_picture = |kind: &str| kind.trim_start().to_ascii_lowercase().starts_with("image");
        enclosures.iter().find(|file| !file.kind.as_deref().is_some_and(is_picture)).map(|file| file.url.clone())
    };
    Entry {
        id: raw.id.map(bounded_id),
        title: raw.title.and_then(line),
        link: raw.link.and_then(|link| bases.resolve(&link)).or_else(recording),
        original_link: raw.original_link.and_then(|link| bases.resolve(&link)),
        summary: summary.filter(|text| !text.is_empty()),
        content: raw.content.map(|text| Content {
            source: cut_string(unmangled(&text.source).into_owned(), MAX_HTML_BYTES),
            is_plain: text.is_plain,
        }),
        author: (!authors.is_empty()).then(|| authors.join(", ")),
        tags: raw
            .tags
            .into_iter()
            .map(|tag| cut_chars(html_to_line(html::cut(&tag, MAX_LINK_BYTES)), 200))
            .filter(|tag| !tag.is_empty())
            .collect(),
        published: raw.published,
        updated: raw.updated,
        enclosures,
        language: raw.language.and_then(language),
        source: raw.source.and_then(|link| bases.resolve(&link)),
    }
}

/// UTF-8 that somebody took for windows-1252 and encoded again (`Ã©` for `é`) is decoded again. All of a text must be
/// explained by it, so that text which means these letters stays (feedparser does the same).
fn unmangled(text: &str) -> Cow<'_, str> {
    let mut chars = text.chars().peekable();
    let mut suspicious = false;
    while let Some(c) = chars.next() {
        if matches!(c, '\u{c2}'..='\u{f4}')
            && chars.peek().is_some_and(|next| windows_byte(*next).is_some_and(|b| (0x80..0xc0).contains(&b)))
        {
            suspicious = true;
            break;
        }
    }
    if !suspicious {
        return Cow::Borrowed(text);
    }
    let bytes: Option<Vec<u8>> = text.chars().map(windows_byte).collect();
    match bytes.map(String::from_utf8) {
        Some(Ok(meant)) => Cow::Owned(meant),
        _ => Cow::Borrowed(text),
    }
}

/// The byte that windows-1252, or ISO 8859-1 for its controls, has for a character.
fn windows_byte(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(c as u32) {
        return Some(byte);
    }
    const HIGH: [char; 27] = [
        '€', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', 'Ž', '‘', '’', '“', '”', '•', '–', '—', '˜', '™',
        'š', '›', 'œ', 'ž', 'Ÿ',
    ];
    const BYTES: [u8; 27] = [
        0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e, 0x91, 0x92, 0x93, 0x94, 0x95,
        0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f,
    ];
    HIGH.iter().position(|high| *high == c).map(|at| BYTES[at])
}

fn line(text: RawText) -> Option<String> {
    // Of RSS's titles nobody says whether they are HTML.
    let title = html::plain_to_line(&unmangled(html::cut(&text.source, MAX_CAPTURED_TITLE)));
    let title = cut_chars(title, MAX_TITLE_CHARS);
    (!title.is_empty()).then_some(title)
}

fn language(tag: String) -> Option<String> {
    let tag = tag.trim();
    // RFC 5646 asks for 35 characters.
    (!tag.is_empty() && tag.len() <= 35 && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))
        // `pt_BR` is how programs write a locale.
        .then(|| tag.replace('_', "-"))
}

/// `desk@example.org (The Desk)` is The Desk.
fn person_name(text: &str) -> String {
    if let Some((address, rest)) = text.split_once('(')
        && address.contains('@')
        && let Some((name, _)) = rest.split_once(')')
        && !name.trim().is_empty()
    {
        return name.trim().to_owned();
    }
    text.trim().to_owned()
}

/// A longer id keeps its beginning and gets a hash of the whole: two that differ late stay two.
fn bounded_id(id: String) -> String {
    if id.len() <= MAX_LINK_BYTES {
        return id;
    }
    let hash = xxhash_rust::xxh3::xxh3_64(id.as_bytes());
    format!("{}…{hash:016x}", html::cut(&id, MAX_LINK_BYTES - 32))
}

fn cut_string(mut text: String, max: usize) -> String {
    let length = html::cut(&text, max).len();
    text.truncate(length);
    text
}

fn cut_chars(mut text: String, max: usize) -> String {
    if text.len() > max
        && let Some((at, _)) = text.char_indices().nth(max)
    {
        text.truncate(at);
    }
    text
}
