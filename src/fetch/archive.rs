//! Older pages of a feed: where a document says that the rest of it is.
//!
//! RFC 5005 has `prev-archive` and, for paged feeds, `next`; JSON Feed has `next_url`. WordPress says nothing and answers to
//! `?paged=2` all the same.

use serde_json::Value;
use url::Url;

use super::markup::{Token, Tokens, attributes};
use crate::text::{charset, html_to_line};

/// Links are looked for among so many tags at most.
const MOST_TAGS: usize = 200_000;

/// The next older page of a feed, if its document names one or its software is known to have one. `url`: where the document
/// came from.
#[must_use]
pub fn older_page(bytes: &[u8], content_type: Option<&str>, url: &Url) -> Option<Url> {
    let decoded = charset::decode(bytes, content_type);
    let text = decoded.text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let link = if text.starts_with('{') {
        let document: Value = serde_json::from_str(text).ok()?;
        document.get("next_url")?.as_str().map(str::to_owned)
    } else {
        linked(text)
    };
    let older = match link {
        Some(link) => url.join(&link).ok()?,
        None if is_wordpress(text) => next_of_wordpress(url)?,
        None => return None,
    };
    (older != *url && matches!(older.scheme(), "http" | "https")).then_some(older)
}

/// A feed's own links, not those of its entries; `prev-archive` before `next`.
fn linked(text: &str) -> Option<String> {
    let (mut next, mut inside_entry) = (None, false);
    for token in Tokens::of(text).take(MOST_TAGS) {
        let (name, raw, is_start) = match token {
            Token::Start { name, attributes, .. } => (name, attributes, true),
            Token::End { name } => (name, "", false),
            _ => continue,
        };
        match name.rsplit(':').next().unwrap_or(name) {
            "item" | "entry" => inside_entry = is_start,
            "link" if is_start && !inside_entry => {
                let value = |wanted: &str| {
                    attributes(raw)
                        .find(|(key, _)| key.eq_ignore_ascii_case(wanted))
                        .map(|(_, value)| value.to_string())
                };
                let Some(href) = value("href").map(|href| html_to_line(&href)).filter(|href| !href.is_empty()) else {
                    continue;
                };
                match value("rel").unwrap_or_default().trim() {
                    "prev-archive" => return Some(href),
                    "next" => next = next.or(Some(href)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    next
}

fn is_wordpress(text: &str) -> bool {
    let head = text.find("<item").map_or(text, |at| &text[..at]);
    head.find("<generator>")
        .is_some_and(|at| head[at..].trim_start_matches("<generator>").starts_with("https://wordpress.org/"))
}

fn next_of_wordpress(url: &Url) -> Option<Url> {
    let page =
        url.query_pairs().find(|(key, _)| key == "paged").map_or(Some(1), |(_, page)| page.parse::<u32>().ok())?;
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(key, _)| key != "paged").map(|(key, value)| (key.into(), value.into())).collect();
    let mut older = url.clone();
    older.query_pairs_mut().clear().extend_pairs(others).append_pair("paged", &page.checked_add(1)?.to_string());
    Some(older)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn older(text: &str, url: &str) -> Option<String> {
        older_page(text.as_bytes(), None, &url.parse().expect("a URL")).map(Into::into)
    }

    #[test]
    fn older_pages_are_found_where_feeds_name_them() {
        let url = "https://example.org/feed/";
        let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><link rel="next" href="?page=2&amp;n=1"/>
            <link rel='prev-archive' href='/2026/10.atom'/><entry><link rel="next" href="/no"/></entry></feed>"#;
        assert_eq!(older(atom, url).as_deref(), Some("https://example.org/2026/10.atom"));
        let rss = r#"<rss><channel><item><title>a</title><link>https://x.example/</link></item>
            <atom:link rel="next" href="?page=2&amp;n=1"/></channel></rss>"#;
        assert_eq!(older(rss, url).as_deref(), Some("https://example.org/feed/?page=2&n=1"));
        let json = r#"{"version":"https://jsonfeed.org/version/1","next_url":"https://example.org/2.json","items":[]}"#;
        assert_eq!(older(json, url).as_deref(), Some("https://example.org/2.json"));
        let wordpress = "<rss><channel><generator>https://wordpress.org/?v=6.8</generator><item/></channel></rss>";
        assert_eq!(older(wordpress, url).as_deref(), Some("https://example.org/feed/?paged=2"));
        assert_eq!(
            older(wordpress, "https://example.org/?feed=rss2&paged=2").as_deref(),
            Some("https://example.org/?feed=rss2&paged=3")
        );
        for nothing in ["<rss><channel><item><link rel='next' href='/x'/></item></channel></rss>", "", "{", "\u{0}<"] {
            assert_eq!(older(nothing, url), None, "{nothing}");
        }
        let itself = format!("<feed><link rel='next' href='{url}'/></feed>");
        assert_eq!(older(&itself, url), None);
    }
}
