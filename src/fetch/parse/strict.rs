//! What feed-rs makes of a document, where that is all of it.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use feed_rs::model as strict;
use url::Url;

use super::root::Root;
use super::{Enclosure, FeedKind, MAX_ENTRIES, RawEntry, RawFeed, RawText, is_absolute, is_web};
use crate::fetch::markup::attributes;
use crate::fetch::parse_date;
use crate::model::Timestamp;
use crate::text::html;

/// What one pass over the text finds: how many entries there should be, and whether something is used that feed-rs does
/// not know.
pub(super) struct Scan {
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
    pub(super) fn of(text: &str) -> Self {
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
pub(super) fn strict_feed(text: &str, root: &Root<'_>, scan: &Scan, base: &Url) -> Option<RawFeed> {
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
