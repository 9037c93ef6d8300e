//! Sitemaps: lists of pages, lists of such lists, and news sitemaps, which have a headline for each page.
//!
//! In: text whose root is `urlset` or `sitemapindex`, or a plain list of addresses. Out: a [`RawFeed`]: an entry a page, or
//! an entry a sitemap for an index, which whoever polls has to follow. Read with the tolerant tokens of
//! [`super::markup`], because sitemaps are written by plug-ins and broken like feeds are.
//!
//! A sitemap may list 50,000 pages (sitemaps.org), a poll takes in 2,000. Those kept are the newest by what the sitemap
//! says of them; where it says nothing, or the same of all, half of them from its beginning and half from its end,
//! because new pages are added at one of the two.

use std::borrow::Cow;
use std::collections::HashMap;

use url::Url;

use super::markup::{Token, Tokens, attributes};
use super::parse::{FeedKind, MAX_ENTRIES, ParsedFeed, RawEntry, RawFeed, RawText};
use super::parse_date;
use crate::model::Timestamp;
use crate::text::html;

/// So many pages may stand in one sitemap; what follows is not read (sitemaps.org, “Sitemap file location”).
const MAX_URLS: usize = 50_000;
/// Text of an element beyond this is not read: the longest, a headline, is cut to 1,000 characters anyway.
const MAX_FIELD_BYTES: usize = 16 * 1024;
const MAX_PREFIXES: usize = 64;
/// From so many pages on, one `lastmod` for most of them is the hour when the list was made, not when they changed.
const STAMP_FROM: usize = 20;

/// Reads a sitemap or an index of sitemaps. `text` begins at its root element or before.
pub(crate) fn read(text: &str) -> RawFeed {
    let mut reader = Reader::default();
    for token in Tokens::of(text) {
        reader.take(token);
        if reader.pages.len() >= MAX_URLS {
            break;
        }
    }
    reader.finish()
}

/// Reads a list of addresses, one a line, as sitemaps.org allows; `None` where a line is something else.
pub(crate) fn read_list(text: &str) -> Option<RawFeed> {
    let mut pages = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()).take(MAX_URLS) {
        if !super::parse::is_web(line) || line.contains(char::is_whitespace) || Url::parse(line).is_err() {
            return None;
        }
        pages.push(Page { loc: line.to_owned(), ..Page::default() });
    }
    let mut feed = (!pages.is_empty()).then(|| Reader { pages, is_closed: true, ..Reader::default() }.finish())?;
    // A list has no end of its own. Where the connection broke off, this may be half an address.
    feed.last_is_part = !text.ends_with('\n');
    Some(feed)
}

/// Whether the `lastmod`s of a sitemap without headlines say nothing: most pages have the same.
#[must_use]
pub fn has_stamped_dates(feed: &ParsedFeed) -> bool {
    let mut counts: HashMap<Timestamp, usize> = HashMap::new();
    let dates = feed.entries.iter().filter(|entry| entry.title.is_none()).filter_map(|entry| entry.updated);
    for date in dates {
        *counts.entry(date).or_default() += 1;
    }
    feed.kind == FeedKind::Sitemap
        && feed.entries.len() >= STAMP_FROM
        && counts.values().any(|count| *count * 2 > feed.entries.len())
}

/// Words for a page from its address alone (`…/2026/ракета-сбита.html` → `ракета сбита`), for where nothing else is
/// known of it.
#[must_use]
pub fn words_of_address(url: &Url) -> String {
    let decoded = |segment: &str| percent_decoded(segment).replace(['-', '_', '+', '.'], " ");
    let is_word =
        |word: &&str| word.chars().any(char::is_alphabetic) && !matches!(*word, "html" | "htm" | "php" | "aspx");
    let segments: Vec<String> = url.path_segments().into_iter().flatten().map(decoded).collect();
    let longest = segments
        .iter()
        .map(|segment| segment.split_whitespace().filter(is_word).collect::<Vec<_>>().join(" "))
        // The last of equals: sections stand first.
        .max_by_key(|words| words.chars().count());
    longest.unwrap_or_default()
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        match after {
            [high, low, tail @ ..] if *first == b'%' => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = tail;
                }
                _ => {
                    bytes.push(*first);
                    rest = after;
                }
            },
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One `<url>` or `<sitemap>`.
#[derive(Debug, Default)]
struct Page {
    loc: String,
    lastmod: Option<Timestamp>,
    published: Option<Timestamp>,
    title: Option<String>,
    name: Option<String>,
    language: Option<String>,
    keywords: Vec<String>,
}

impl Page {
    fn date(&self) -> Option<Timestamp> {
        self.published.or(self.lastmod)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Loc,
    Lastmod,
    Title,
    Published,
    Name,
    Language,
    Keywords,
}

#[derive(Debug, Default)]
struct Reader {
    is_index: bool,
    /// Of the root, with its colon: what belongs to the sitemap itself has it.
    prefix: String,
    news_prefixes: Vec<String>,
    has_root: bool,
    is_closed: bool,
    page: Option<Page>,
    field: Option<Field>,
    text: String,
    pages: Vec<Page>,
    without_address: usize,
}

impl Reader {
    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Start { name, attributes, is_empty } => self.start(name, attributes, is_empty),
            Token::End { name } => self.end(name),
            Token::Text(text) if self.field.is_some() => self.push(&html::decode_entities(text)),
            Token::CData(text) if self.field.is_some() => self.push(text),
            Token::Text(_) | Token::CData(_) | Token::Doctype(_) => {}
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(html::cut(text, MAX_FIELD_BYTES.saturating_sub(self.text.len())));
    }

    fn start(&mut self, name: &str, raw: &str, is_empty: bool) {
        let (prefix, local) = split(name);
        if !self.has_root {
            self.has_root = true;
            self.is_index = local.eq_ignore_ascii_case("sitemapindex");
            prefix.clone_into(&mut self.prefix);
            self.is_closed = is_empty;
        }
        // The news namespace may be declared on any element, under any prefix.
        if raw.contains("xmlns:") && self.news_prefixes.len() < MAX_PREFIXES {
            for (key, value) in attributes(raw) {
                if let Some(prefix) = key.strip_prefix("xmlns:")
                    && value.contains("sitemap-news")
                {
                    self.news_prefixes.push(prefix.to_owned());
                }
            }
        }
        let is_own = prefix == self.prefix;
        if is_own && matches!(local, "url" | "sitemap") {
            self.close_page();
            self.page = (!is_empty).then(Page::default);
            return;
        }
        self.close_field();
        let is_news = prefix == "news" || self.news_prefixes.iter().any(|known| known == prefix);
        self.field = match local {
            _ if is_empty || self.page.is_none() => None,
            "loc" if is_own => Some(Field::Loc),
            "lastmod" if is_own => Some(Field::Lastmod),
            "title" if is_news => Some(Field::Title),
            "publication_date" if is_news => Some(Field::Published),
            "name" if is_news => Some(Field::Name),
            "language" if is_news => Some(Field::Language),
            "keywords" if is_news => Some(Field::Keywords),
            _ => None,
        };
    }

    fn end(&mut self, name: &str) {
        self.close_field();
        let (prefix, local) = split(name);
        if prefix == self.prefix {
            match local {
                "url" | "sitemap" => self.close_page(),
                "urlset" | "sitemapindex" => self.is_closed = true,
                _ => {}
            }
        }
    }

    fn close_field(&mut self) {
        let (Some(field), Some(page)) = (self.field.take(), &mut self.page) else { return };
        let text = std::mem::take(&mut self.text);
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        match field {
            Field::Loc => text.clone_into(&mut page.loc),
            Field::Lastmod => page.lastmod = parse_date(text),
            Field::Title => page.title = Some(text.to_owned()),
            Field::Published => page.published = parse_date(text),
            Field::Name => page.name = Some(text.to_owned()),
            Field::Language => page.language = Some(text.to_owned()),
            Field::Keywords => {
                let words = text.split([',', ';', '，', '、', '،', '؛', ';']).map(str::trim);
                page.keywords = words.filter(|word| !word.is_empty()).take(64).map(str::to_owned).collect();
            }
        }
    }

    fn close_page(&mut self) {
        self.close_field();
        if let Some(page) = self.page.take() {
            if page.loc.is_empty() {
                self.without_address += 1;
            } else {
                self.pages.push(page);
            }
        }
    }

    fn finish(mut self) -> RawFeed {
        let mut feed = RawFeed::new(FeedKind::Sitemap);
        feed.is_index = self.is_index;
        let is_full = self.pages.len() >= MAX_URLS;
        // A page cut off before its end may lack what tells it from another.
        let is_cut = self.page.take().is_some();
        if is_full {
            feed.warnings.push(format!("only the first {MAX_URLS} addresses are looked at"));
        } else if is_cut || !self.is_closed {
            feed.warnings.push("the document ends before its elements do".to_owned());
            feed.ends_early = !self.is_closed;
        }
        if self.without_address > 0 {
            feed.warnings.push(format!("{} entries have no address", self.without_address));
        }
        if self.pages.len() > MAX_ENTRIES {
            feed.warnings.push(format!("of {} addresses, {MAX_ENTRIES} of the newest are read", self.pages.len()));
        }
        let pages = newest(self.pages);
        let common = |value: fn(&Page) -> Option<&String>| {
            let mut values = pages.iter().filter_map(value);
            let first = values.next()?;
            values.all(|other| other == first).then(|| first.clone())
        };
        feed.title = common(|page| page.name.as_ref()).map(RawText::plain);
        feed.language = common(|page| page.language.as_ref());
        feed.entries = pages.into_iter().map(entry).collect();
        feed
    }
}

fn entry(page: Page) -> RawEntry {
    RawEntry {
        link: Some(page.loc),
        title: page.title.map(RawText::plain),
        published: page.published,
        updated: page.lastmod,
        language: page.language,
        tags: page.keywords,
        ..RawEntry::default()
    }
}

/// At most as many as a poll takes in, in the order of the document.
fn newest(pages: Vec<Page>) -> Vec<Page> {
    if pages.len() <= MAX_ENTRIES {
        return pages;
    }
    let mut order: Vec<usize> = (0..pages.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(pages[*index].date()));
    // Of those that are as new as the last one that fits, some must stay out.
    let last = pages[order[MAX_ENTRIES - 1]].date();
    let newer: Vec<usize> = order.iter().copied().filter(|index| pages[*index].date() > last).collect();
    let ties: Vec<usize> = order.iter().copied().filter(|index| pages[*index].date() == last).collect();
    let room = MAX_ENTRIES - newer.len();
    let first_half = room.div_ceil(2);
    let mut keep = vec![false; pages.len()];
    for index in newer.iter().chain(&ties[..first_half]).chain(&ties[ties.len() - (room - first_half)..]) {
        keep[*index] = true;
    }
    pages.into_iter().zip(keep).filter_map(|(page, keep)| keep.then_some(page)).collect()
}

fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// What gzip unpacks to at most: the same 10 MiB as a body; what follows is left, with a warning.
pub(crate) const MAX_UNPACKED: u64 = 10 << 20;

/// Unpacks a `.gz` file that came without `Content-Encoding`. Also says whether all of it was read.
pub(crate) fn unpack(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    use std::io::Read as _;
    let mut unpacked = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(MAX_UNPACKED);
    // A file that ends early has given what it has.
    let is_whole = reader.read_to_end(&mut unpacked).is_ok() && (unpacked.len() as u64) < MAX_UNPACKED;
    (!unpacked.is_empty()).then_some((unpacked, is_whole))
}

/// The bytes themselves, or what a gzip file holds.
pub(crate) fn unpacked(bytes: &[u8]) -> (Cow<'_, [u8]>, Option<&'static str>) {
    if !bytes.starts_with(b"\x1f\x8b") {
        return (Cow::Borrowed(bytes), None);
    }
    match unpack(bytes) {
        Some((unpacked, true)) => (Cow::Owned(unpacked), None),
        Some((unpacked, false)) => {
            (Cow::Owned(unpacked), Some("the gzip file is damaged or large; its end was not read"))
        }
        None => (Cow::Borrowed(bytes), None),
    }
}
