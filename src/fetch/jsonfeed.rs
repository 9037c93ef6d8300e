//! JSON Feed 1 and 1.1, and what calls itself so.
//!
//! In: text that begins with `{`. Out: a [`RawFeed`], or `None` where the JSON is no feed. Read as a tree and not through
//! feed-rs, which refuses a feed for one number where the standard has a string: ids are numbers in every second feed.
//!
//! `next_url` is not followed: it leads to older entries, and what is new stands on the first page.

use serde_json::{Map, Value};

use super::parse::{Enclosure, FeedKind, MAX_ENTRIES, RawEntry, RawFeed, RawText, is_web};
use super::parse_date;

/// Reads a JSON document as a feed: it must have `items`, and state a version or have items that look like entries.
pub(crate) fn read(document: &Value) -> Option<RawFeed> {
    let items = document.get("items")?.as_array()?;
    let states_version =
        document.get("version").and_then(Value::as_str).is_some_and(|version| version.contains("jsonfeed.org"));
    let looks_like_entries = || {
        items.iter().filter_map(Value::as_object).any(|item| {
            item.contains_key("id")
                && ["url", "title", "content_html", "content_text"].iter().any(|key| item.contains_key(*key))
        })
    };
    if !states_version && !looks_like_entries() {
        return None;
    }
    let mut feed = RawFeed::new(FeedKind::Json);
    let top = document.as_object()?;
    feed.title = text(top, "title").map(RawText::plain);
    feed.link = text(top, "home_page_url");
    feed.language = text(top, "language");
    feed.updated = date(top, "date_modified");
    let authors = authors(top);
    for item in items.iter().filter_map(Value::as_object).take(MAX_ENTRIES) {
        let mut entry = RawEntry {
            id: text(item, "id"),
            title: text(item, "title").map(RawText::plain),
            link: text(item, "url")
                .or_else(|| text(item, "external_url"))
                .or_else(|| text(item, "id").filter(|id| is_web(id))),
            summary: text(item, "summary").map(RawText::plain),
            content: text(item, "content_html")
                .map(RawText::html)
                .or_else(|| text(item, "content_text").map(RawText::plain)),
            published: date(item, "date_published"),
            updated: date(item, "date_modified"),
            language: text(item, "language"),
            authors: self::authors(item),
            ..RawEntry::default()
        };
        if entry.authors.is_empty() {
            entry.authors.clone_from(&authors);
        }
        if let Some(Value::Array(tags)) = item.get("tags") {
            entry.tags = tags.iter().take(64).filter_map(scalar).collect();
        }
        if let Some(Value::Array(attachments)) = item.get("attachments") {
            entry.enclosures = attachments
                .iter()
                .take(64)
                .filter_map(Value::as_object)
                .filter_map(|attachment| {
                    Some(Enclosure { url: text(attachment, "url")?, kind: text(attachment, "mime_type") })
                })
                .collect();
        }
        feed.entries.push(entry);
    }
    Some(feed)
}

/// Of a document that ends early, what is whole: up to the last object or list that was closed near the root, such as an
/// item, with what is open there closed. `None` where nothing was.
pub(crate) fn whole_part(text: &str) -> Option<String> {
    // An item is the third level.
    const NEAR_ROOT: usize = 2;
    let (mut open, mut whole) = (Vec::new(), None);
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => open.push('}'),
            b'[' => open.push(']'),
            b'}' | b']' => {
                open.pop();
                if (1..=NEAR_ROOT).contains(&open.len()) {
                    whole = Some((at + 1, open.clone()));
                }
            }
            _ => {}
        }
    }
    let (end, open) = whole?;
    let mut part = text.get(..end)?.to_owned();
    part.extend(open.iter().rev());
    Some(part)
}

fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    object.get(key).and_then(scalar).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn date(object: &Map<String, Value>, key: &str) -> Option<crate::model::Timestamp> {
    parse_date(&text(object, key)?)
}

/// `author` (version 1) and `authors` (1.1); objects, and plain names where someone misread the standard.
fn authors(object: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    let listed = object.get("authors").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for author in listed.iter().chain(object.get("author")).take(16) {
        let name = author.as_object().map_or_else(|| scalar(author), |person| text(person, "name"));
        if let Some(name) = name
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::super::{FeedKind, parse_feed};

    #[test]
    fn both_versions_are_read_whole_and_what_is_old_is_left() {
        let text = r#"{
            "version": "https://jsonfeed.org/version/1.1", "title": "Фонарь", "home_page_url": "https://lantern.example/",
            "feed_url": "https://lantern.example/feed.json", "next_url": "https://lantern.example/feed.json?page=2",
            "authors": [{"name": "編集部", "url": "https://lantern.example/about"}], "language": "ru",
            "items": [
                {"id": 7, "url": "/7", "title": "Учения", "content_text": "Без <тегов>", "language": "zh-Hant",
                 "date_published": "2026-11-22T10:00:00+03:00", "date_modified": "2026-11-22T11:00:00+03:00", "tags": ["флот", 5],
                 "attachments": [{"url": "/7.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5}]},
                {"id": "https://lantern.example/8", "content_html": "<p>ラジオ</p>", "author": {"name": "Анна"}}
            ]}"#;
        let base = Url::parse("https://lantern.example/feed.json").expect("a URL");
        let feed = parse_feed(text.as_bytes(), None, &base).expect("a feed");
        assert_eq!((feed.kind, feed.entries.len()), (FeedKind::Json, 2));
        let [first, second] = &feed.entries[..] else { panic!("two entries") };
        assert_eq!((first.id.as_deref(), first.link.as_deref()), (Some("7"), Some("https://lantern.example/7")));
        assert_eq!((first.author.as_deref(), first.language.as_deref()), (Some("編集部"), Some("zh-Hant")));
        assert_eq!(first.published.expect("a date").to_string(), "2026-11-22T07:00:00Z");
        assert_eq!(first.updated.expect("a date").to_string(), "2026-11-22T08:00:00Z");
        assert_eq!(first.tags, ["флот", "5"]);
        assert_eq!(first.enclosures[0].url, "https://lantern.example/7.mp3");
        assert_eq!(first.content.as_ref().expect("a text").to_text(), "Без <тегов>");
        assert_eq!(
            (second.link.as_deref(), second.author.as_deref()),
            (Some("https://lantern.example/8"), Some("Анна"))
        );
    }
}
