//! The last step, whoever read the feed: links made absolute, markup to text, everything cut to its limit.

use std::borrow::Cow;

use url::Url;

use super::document::MAX_TEXT_BYTES;
use super::{Content, Enclosure, Entry, FeedKind, MAX_ENTRIES, ParsedFeed, RawEntry, RawFeed, RawText};
use crate::text::{html, html_to_line, html_to_text};

const MAX_TITLE_CHARS: usize = 1_000;
/// Of a title's markup, so much is read.
const MAX_CAPTURED_TITLE: usize = 16 * 1024;
const MAX_HTML_BYTES: usize = 500_000;
const MAX_LINK_BYTES: usize = 4_096;
const MAX_WARNINGS: usize = 20;

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
    let raw_count = raw.entries.len();
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
        ends_early: raw.ends_early,
        last_is_part: raw.last_is_part && raw_count <= MAX_ENTRIES,
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

pub(super) fn cut_string(mut text: String, max: usize) -> String {
    let length = html::cut(&text, max).len();
    text.truncate(length);
    text
}

pub(super) fn cut_chars(mut text: String, max: usize) -> String {
    if text.len() > max
        && let Some((at, _)) = text.char_indices().nth(max)
    {
        text.truncate(at);
    }
    text
}
