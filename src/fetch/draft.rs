//! An entry of a feed as an article.
//!
//! In: the feed as configured and as read, one entry, its identity, the time. Out: an [`Article`], not judged yet. Texts
//! that say the same twice are kept once: an article that matches in its summary should not match again in a body that
//! repeats it.

use std::time::Duration;

use url::Url;

use super::identity::EntryIdentity;
use super::parse::{Entry, FeedKind, ParsedFeed};
use crate::model::{
    Article, ArticleId, Feed, Lang, TextStatus, Timestamp, is_aggregator, is_opaque_link, is_shortener, unwrap_link,
};
use crate::text::detect_language;

/// Dates further ahead than this are mistakes (RELIABILITY: “clamp to 1990 … now + 1 day”).
const MAX_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);
/// 1990-01-01: older dates are zeroes and mistakes; the web is younger.
const EARLIEST: Timestamp = Timestamp::from_seconds(631_152_000);

/// Makes an article of an entry.
///
/// Its link is the article's own address where the feed tells it besides a counting link; its language is what title and
/// text say where that is certain; it waits for its page if the feed asks for full text and the entry has a link, or if
/// only a shortener's server, or the publisher behind an aggregator, can tell where that leads.
#[must_use]
pub fn to_article(
    feed: &Feed,
    parsed: &ParsedFeed,
    entry: &Entry,
    identity: &EntryIdentity,
    now: Timestamp,
) -> Article {
    let given = entry.original_link.as_deref().or(entry.link.as_deref()).and_then(|link| Url::parse(link).ok());
    let is_gathered = given.as_ref().and_then(Url::host_str).is_some_and(is_aggregator);
    let inner = given.as_ref().and_then(unwrap_link);
    let is_opaque = given.as_ref().is_some_and(is_opaque_link) && entry.source.is_some();
    let leads_on = is_opaque || inner.is_none() && given.as_ref().is_some_and(is_shortener);
    let mut title = entry.title.clone().unwrap_or_default();
    // Google News puts the publisher behind every headline.
    if is_gathered && let Some((headline, _)) = title.rsplit_once(" - ") {
        title.truncate(headline.trim_end().len());
    }
    let (summary, body) = texts(entry, &title);
    let declared = entry.language.as_deref().or(parsed.language.as_deref()).and_then(Lang::parse);
    let guess = detect_language(declared, &title, if body.is_empty() { &summary } else { &body });
    let source = source(inner.as_ref().or(given.as_ref()), entry.source.as_deref());
    let source = source.unwrap_or_else(|| feed.host().to_owned());
    let url = inner.map(String::from).or_else(|| entry.original_link.clone()).or_else(|| entry.link.clone());
    // A page that a sitemap only names: all else is on the page.
    let is_bare = parsed.kind == FeedKind::Sitemap && entry.title.is_none();
    // A recording has no text to wait for.
    let is_recording = entry.enclosures.iter().any(|file| {
        Some(&file.url) == entry.link.as_ref() && !file.kind.as_deref().is_some_and(|kind| kind.contains("html"))
    });
    let feed_name = feed.name.clone().or_else(|| parsed.title.clone()).unwrap_or_else(|| feed.host().to_owned());
    Article {
        id: ArticleId::derive(&[&feed.id.to_string(), &identity.natural]),
        feed: feed.id,
        feed_name,
        text_status: if (feed.full_text || is_bare || leads_on) && url.is_some() && !is_recording {
            TextStatus::Pending
        } else {
            TextStatus::Feed
        },
        url,
        title,
        summary,
        body,
        text_error: None,
        lang: guess.lang.filter(|_| guess.certain),
        declared_lang: declared,
        source,
        author: entry.author.clone(),
        tags: entry.tags.clone(),
        published: entry.published.or(entry.updated.filter(|_| !is_bare)).and_then(|date| plausible(date, now)),
        updated: entry.updated.and_then(|date| plausible(date, now)),
        fetched_at: now,
        content_hash: identity.content_hash,
    }
}

/// Who published it: the link's host; where that is an aggregator, a shortener or nothing, the publisher that the feed
/// names.
fn source(url: Option<&Url>, named: Option<&str>) -> Option<String> {
    let host = |url: &Url| {
        let host = url.host_str()?;
        Some(host.strip_prefix("www.").unwrap_or(host).to_owned())
    };
    let leads_on = |url: &&Url| is_shortener(url) || url.host_str().is_some_and(is_aggregator);
    let named = || named.and_then(|link| Url::parse(link).ok()).and_then(|url| host(&url));
    match url {
        Some(url) if leads_on(&url) => named().or_else(|| host(url)),
        Some(url) => host(url),
        None => named(),
    }
}

/// A date that can be shown: not before 1990, at most a day ahead.
fn plausible(date: Timestamp, now: Timestamp) -> Option<Timestamp> {
    (date >= EARLIEST).then(|| date.min(now + MAX_AHEAD))
}

/// Summary and body, each only where it says something of its own.
fn texts(entry: &Entry, title: &str) -> (String, String) {
    let content = entry.content.as_ref().map(super::parse::Content::to_text).unwrap_or_default();
    let mut summary = entry.summary.clone().unwrap_or_default();
    if same(&summary, title) {
        summary.clear();
    }
    if content.is_empty() || same(&content, &summary) || same(&content, title) {
        return (summary, String::new());
    }
    // Some feeds put the whole text into the summary, and a teaser into the content.
    if summary.len() > content.len() && summary.contains(&content) {
        return (summary, String::new());
    }
    // The beginning of the text is no summary.
    if begins_with(&content, &summary) {
        summary.clear();
    }
    (summary, content)
}

/// Equal but for blanks and a sign of being cut off.
fn same(a: &str, b: &str) -> bool {
    !a.is_empty() && words(a).eq(words(b))
}

fn begins_with(text: &str, start: &str) -> bool {
    let mut text = words(text);
    let start = start.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '…' | '[' | ']' | '(' | ')'));
    let mut start = words(start).peekable();
    while let Some(word) = start.next() {
        let Some(other) = text.next() else { return false };
        // The last word may be cut in the middle.
        let is_same = if start.peek().is_some() { other == word } else { other.starts_with(word) };
        if !is_same {
            return false;
        }
    }
    true
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
}

#[cfg(test)]
mod tests {
    use super::super::{identify, parse_feed};
    use super::*;

    fn article(feed: &Feed, item: &str) -> Article {
        let text = format!(
            "<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"><channel><title>La Gazzetta di prova</title>\
             <link>https://www.example.org</link><language>it-IT</language><item>{item}</item></channel></rss>"
        );
        let parsed = parse_feed(text.as_bytes(), None, &feed.url).expect("a feed");
        let identity = identify(&parsed).remove(0);
        to_article(feed, &parsed, &parsed.entries[0], &identity, now())
    }

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time")
    }

    fn feed() -> Feed {
        Feed::new(Url::parse("https://www.feeds.example/rss.xml").expect("a URL"))
    }

    #[test]
    fn an_aggregators_entry_names_its_publisher() {
        let wrapped = article(
            &feed(),
            "<title>Радар у границы - Маяк Севера</title>\
             <link>https://news.google.com/rss/articles/CBMiIWh0dHBzOi8vbWF5YWsuZXhhbXBsZS5vcmcvcmFkYXItMdIBAA?oc=5</link>\
             <source url=\"https://www.mayak.example.org\">Маяк Севера</source>",
        );
        assert_eq!(wrapped.title, "Радар у границы");
        assert_eq!(wrapped.url.as_deref(), Some("https://mayak.example.org/radar-1"));
        assert_eq!(wrapped.source, "mayak.example.org");
        let opaque = article(
            &feed(),
            "<title>Радар у границы - Маяк - Маяк Севера</title><link>https://news.google.com/rss/articles/CBMiCkFVX3lxTGFiY2Q</link>\
             <source url=\"https://www.mayak.example.org\">Маяк Севера</source>",
        );
        assert_eq!((opaque.title.as_str(), opaque.source.as_str()), ("Радар у границы - Маяк", "mayak.example.org"));
        let counted =
            article(&feed(), "<title>Uno - due</title><link>https://www.google.com/url?q=https://example.org/a</link>");
        assert_eq!((counted.url.as_deref(), counted.title.as_str()), (Some("https://example.org/a"), "Uno - due"));
    }

    #[test]
    fn an_entry_becomes_an_article_with_its_source_and_language() {
        let article = article(
            &feed(),
            "<title>Il ministro visita la base dei nuovi radar</title><link>https://www.example.org/a</link>\
             <description>&lt;p&gt;La visita è durata un'ora e non sono previste altre tappe.&lt;/p&gt;</description><category>Difesa</category>\
             <pubDate>Sun, 22 Nov 2026 10:00:00 +0100</pubDate>",
        );
        assert_eq!((article.source.as_str(), article.feed_name.as_str()), ("example.org", "La Gazzetta di prova"));
        assert_eq!((article.lang, article.declared_lang), (Lang::parse("it"), Lang::parse("it")));
        assert_eq!(article.summary, "La visita è durata un'ora e non sono previste altre tappe.");
        assert_eq!(article.published.map(|date| date.to_string()).as_deref(), Some("2026-11-22T09:00:00Z"));
        assert_eq!((article.tags, article.text_status), (vec!["Difesa".to_owned()], TextStatus::Feed));
    }

    #[test]
    fn what_is_said_twice_is_kept_once() {
        let texts = |summary: &str, content: &str| {
            let article = article(
                &feed(),
                &format!(
                    "<title>Titolo</title><link>https://example.org/a</link><description>{summary}</description><content:encoded>{content}</content:encoded>"
                ),
            );
            (article.summary, article.body)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(texts("Uno due tre", "Uno  due tre"), pair("Uno due tre", ""));
        assert_eq!(texts("Uno due tr […]", "Uno due tre quattro"), pair("", "Uno due tre quattro"));
        assert_eq!(texts("Riassunto", "Uno due tre"), pair("Riassunto", "Uno due tre"));
        assert_eq!(texts("Titolo", ""), pair("", ""));
    }

    #[test]
    fn impossible_dates_are_clamped_or_dropped() {
        let published = |date: &str| {
            article(&feed(), &format!("<title>t</title><guid>g</guid><pubDate>{date}</pubDate>"))
                .published
                .map(|date| date.to_string())
        };
        assert_eq!(published("Thu, 22 Nov 2029 10:00:00 GMT").as_deref(), Some("2026-11-23T12:00:00Z"));
        assert_eq!(published("Thu, 01 Jan 1970 00:00:00 GMT"), None);
        assert_eq!(published("domani"), None);
    }

    #[test]
    fn full_text_is_waited_for_only_where_there_is_a_page() {
        let feed = Feed { full_text: true, ..feed() };
        assert_eq!(
            article(&feed, "<title>t</title><link>https://example.org/a</link>").text_status,
            TextStatus::Pending
        );
        let spoken = "<title>t</title><guid isPermaLink=\"false\">7</guid><enclosure url=\"https://example.org/7.mp3\" type=\"audio/mpeg\"/>";
        let spoken = article(&feed, spoken);
        assert_eq!((spoken.text_status, spoken.url.as_deref()), (TextStatus::Feed, Some("https://example.org/7.mp3")));
        let linkless = article(&feed, "<title>t</title><guid isPermaLink=\"false\">7</guid>");
        assert_eq!((linkless.text_status, linkless.source.as_str()), (TextStatus::Feed, "feeds.example"));
    }
}
