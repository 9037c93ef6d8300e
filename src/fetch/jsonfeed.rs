//! JSON Feed 1 and 1.1, and what calls itself so.
//!
//! In: text that begins with `{`. Out: a [`RawFeed`], or `None` where the JSON is no feed. Read as a tree and not through
//! feed-rs, which refuses a feed for one number where the standard has a string: ids are numbers in every second feed.

use serde_json::{Map, Value};

use super::parse::{Enclosure, FeedKind, MAX_ENTRIES, RawEntry, RawFeed, RawText};
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
            link: text(item, "url").or_else(|| text(item, "external_url")),
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
