//! Which feeds and sitemaps a site has.
//!
//! In: an address that a person typed. Out: sources that were fetched and could be read, the best first, and hints where a
//! site has none. Looked at are: the address itself, `Link` headers, `<link>` and `<a>` of the page, what is known of the
//! software or the platform behind it, sitemaps named in `robots.txt`, and paths under which feeds usually are. At most
//! [`MAX_FETCHES`] documents are fetched, all with the guarded client.

use std::collections::HashSet;

use futures_util::{StreamExt, stream};
use serde::Serialize;
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use super::markup::{Token, Tokens, attributes};
use super::robots::sitemaps_named;
use super::{Client, Document, FeedKind, FetchError, Fetched, HeaderLink, Kind, ParsedFeed, Request, parse_feed};
use crate::model::Timestamp;
use crate::network::{parse_target, same_site};
use crate::text::{charset, html, html_to_line};

/// So many documents are fetched at most, the page included.
const MAX_FETCHES: usize = 48;
/// So many links of a page that only look like feeds are tried.
const MAX_ANCHORS: usize = 12;
/// So many sitemaps of a `robots.txt` are tried.
const MAX_SITEMAPS: usize = 8;
/// Fetches at once; the client lets two at a time towards one host.
const AT_ONCE: usize = 4;
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;

/// How a source was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// It is the address itself.
    Itself,
    /// A `Link` header names it.
    Header,
    /// A `<link rel="alternate">` of the page names it.
    Link,
    /// It follows from what the platform is known to do.
    Platform,
    /// `robots.txt` names it, or an index of sitemaps that it names.
    Robots,
    /// A link of the page leads there.
    Anchor,
    /// It is where feeds usually are.
    WellKnown,
}

/// A source that was fetched and read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Discovered {
    /// Its address; where it has moved for good, the new one.
    pub url: String,
    /// Its format.
    pub kind: FeedKind,
    /// Its own title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The language that it states.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Entries; of an index, sitemaps.
    pub entries: usize,
    /// Date of the newest entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// How it was found.
    pub found: FoundBy,
    /// Whether it is an index of sitemaps.
    #[serde(rename = "index", skip_serializing_if = "std::ops::Not::not")]
    pub is_index: bool,
    /// Whether it holds readers' comments rather than articles.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub comments: bool,
    /// Whether its entries have headlines: a sitemap need not have them.
    #[serde(skip)]
    pub has_titles: bool,
}

/// What a site offers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Discovery {
    /// The best first.
    pub sources: Vec<Discovered>,
    /// What to do where there is none, one line each.
    pub hints: Vec<String>,
}

/// An address that may be a source.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    url: Url,
    found: FoundBy,
}

/// Looks for the sources of a site.
///
/// # Errors
/// If the address itself can't be fetched. What else can't is left out.
pub async fn discover(client: &Client, url: &Url) -> Result<Discovery, FetchError> {
    let request = Request { url, kind: Kind::Page, validators: None };
    let mut discovery = Discovery { sources: Vec::new(), hints: hints(url) };
    let page = match client.fetch(&request).await {
        Ok(Fetched::Document(document)) => Some(*document),
        Ok(Fetched::NotModified { .. }) => None,
        // A page that refuses robots may still have a feed; an address that does not exist has nothing.
        Err(FetchError::Status { status: 401 | 403 | 406 | 429 | 503, .. }) => None,
        Err(error) => return Err(error),
    };
    let mut bodies = HashSet::new();
    let final_url = page.as_ref().map_or_else(|| url.clone(), |page| page.final_url.clone());
    let mut candidates = Vec::new();
    if let Some(page) = page {
        let links = page.links.clone();
        match verified(page, url.clone(), FoundBy::Itself, &mut bodies) {
            Ok(found) => {
                discovery.sources.push(found.0);
                return Ok(discovery);
            }
            Err(page) => candidates = from_page(&page, &links),
        }
    }
    candidates.extend(from_platform(&final_url));
    let mut seen = HashSet::from([url.clone(), final_url.clone()]);
    let mut budget = MAX_FETCHES - 2;
    let robots = from_robots(client, &final_url).await;
    candidates.extend(robots);
    candidates.extend(well_known(&final_url));
    // Two rounds: the second tries the news sitemaps of the indexes that the first found.
    for _ in 0..2 {
        candidates.retain(|candidate| seen.insert(candidate.url.clone()));
        candidates.truncate(budget);
        budget -= candidates.len();
        let answers: Vec<_> = stream::iter(std::mem::take(&mut candidates))
            .map(|candidate| async move {
                let request = Request { url: &candidate.url, kind: Kind::Feed, validators: None };
                (client.fetch(&request).await, candidate.found, candidate.url.clone())
            })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for (answer, found, url) in answers {
            let Ok(Fetched::Document(document)) = answer else { continue };
            if let Ok((source, parsed)) = verified(*document, url, found, &mut bodies) {
                candidates.extend(news_of(&parsed, found));
                discovery.sources.push(source);
            }
        }
    }
    let mut addresses = HashSet::new();
    // A link of the page to somebody else's feed is the least of what the page offers.
    let is_foreign = |source: &Discovered| {
        source.found == FoundBy::Anchor && Url::parse(&source.url).is_ok_and(|url| !same_site(&url, &final_url))
    };
    discovery.sources.sort_by_key(|source| (is_foreign(source), rank(source)));
    discovery.sources.retain(|source| addresses.insert(source.url.clone()));
    Ok(discovery)
}

/// Feeds and news sitemaps before plain sitemaps, articles before comments, what is declared before what was guessed.
fn rank(source: &Discovered) -> (bool, bool, bool, FoundBy) {
    let is_plain = source.kind == FeedKind::Sitemap && !source.has_titles;
    (source.comments, is_plain, source.entries == 0, source.found)
}

/// The document as a source, unless it is none or was found already.
fn verified(
    document: Document,
    url: Url,
    found: FoundBy,
    bodies: &mut HashSet<u64>,
) -> Result<(Discovered, ParsedFeed), Box<Document>> {
    let Ok(parsed) = parse_feed(&document.body, document.content_type.as_deref(), &document.final_url) else {
        return Err(Box::new(document));
    };
    if !bodies.insert(xxh3_64(&document.body)) {
        return Err(Box::new(document));
    }
    let url = document.permanent_redirect.unwrap_or(url);
    let source = Discovered {
        kind: parsed.kind,
        title: parsed.title.clone(),
        language: parsed.language.clone(),
        entries: parsed.entries.len(),
        latest: parsed.entries.iter().filter_map(|entry| entry.published.max(entry.updated)).max(),
        found,
        is_index: parsed.is_index,
        comments: is_of_comments(&url)
            || parsed.title.as_deref().is_some_and(|title| title.to_lowercase().starts_with("comments on")),
        has_titles: parsed.entries.iter().any(|entry| entry.title.is_some()),
        url: url.into(),
    };
    Ok((source, parsed))
}

/// The news sitemaps that an index lists.
fn news_of(index: &ParsedFeed, found: FoundBy) -> Vec<Candidate> {
    if !index.is_index {
        return Vec::new();
    }
    let links = index.entries.iter().filter_map(|entry| Url::parse(entry.link.as_deref()?).ok());
    links
        .filter(|url| url.path().to_ascii_lowercase().contains("news"))
        .take(MAX_SITEMAPS)
        .map(|url| Candidate { url, found })
        .collect()
}

/// The feeds that a site's page declares, in headers and `<link>`, without those of readers' comments.
#[must_use]
pub fn feeds_declared(page: &Document) -> Vec<Url> {
    let named = from_page(page, &page.links).into_iter();
    let declared = named.filter(|candidate| matches!(candidate.found, FoundBy::Header | FoundBy::Link));
    declared.map(|candidate| candidate.url).filter(|url| !is_of_comments(url)).collect()
}

fn is_of_comments(url: &Url) -> bool {
    ["/comments/", "comments=", "replies"].iter().any(|word| url.as_str().contains(word))
}

/// What headers and markup of a page name.
fn from_page(page: &Document, links: &[HeaderLink]) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for link in links.iter().filter(|link| link.is("alternate") || link.is("feed")) {
        if link.kind.as_deref().is_some_and(is_feed_type) || link.is("feed") {
            candidates.extend(candidate(&link.target, &page.final_url, FoundBy::Header));
        }
    }
    let decoded = charset::decode(&page.body[..page.body.len().min(MAX_PAGE_BYTES)], page.content_type.as_deref());
    let mut base = page.final_url.clone();
    let mut anchors: Vec<Candidate> = Vec::new();
    let mut open_anchor: Option<String> = None;
    for token in Tokens::of(&decoded.text) {
        match token {
            Token::Start { name, attributes: raw, .. } => {
                let read = |wanted: &str| {
                    attributes(raw)
                        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                        .map(|(_, value)| value.into_owned())
                };
                if name.eq_ignore_ascii_case("base") {
                    base = read("href").and_then(|href| parse_target(&href, Some(&base)).ok()).unwrap_or(base);
                } else if name.eq_ignore_ascii_case("link") {
                    let rel = read("rel").unwrap_or_default().to_ascii_lowercase();
                    let has = |word: &str| rel.split_ascii_whitespace().any(|found| found == word);
                    let is_typed = read("type").is_some_and(|kind| is_feed_type(&kind.to_ascii_lowercase()));
                    if (has("alternate") && is_typed) || has("feed") {
                        candidates.extend(read("href").and_then(|href| candidate(&href, &base, FoundBy::Link)));
                    }
                } else if name.eq_ignore_ascii_case("a") {
                    open_anchor = read("href");
                    if let Some(href) = &open_anchor
                        && looks_like_feed(href)
                    {
                        anchors.extend(candidate(href, &base, FoundBy::Anchor));
                        open_anchor = None;
                    }
                }
            }
            Token::Text(text) => {
                if let Some(href) = &open_anchor
                    && text.len() < 200
                    && names_a_feed(&html_to_line(text))
                {
                    anchors.extend(candidate(href, &base, FoundBy::Anchor));
                    open_anchor = None;
                }
            }
            Token::End { name } if name.eq_ignore_ascii_case("a") => open_anchor = None,
            _ => {}
        }
    }
    anchors.truncate(MAX_ANCHORS);
    candidates.truncate(MAX_ANCHORS * 2);
    candidates.extend(anchors);
    candidates
}

fn candidate(target: &str, base: &Url, found: FoundBy) -> Option<Candidate> {
    parse_target(&html::decode_entities(target.trim()), Some(base)).ok().map(|url| Candidate { url, found })
}

fn is_feed_type(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or("").trim();
    matches!(
        kind,
        "application/rss+xml"
            | "application/atom+xml"
            | "application/rdf+xml"
            | "application/feed+json"
            | "application/json"
            | "application/xml"
            | "text/xml"
            | "application/x-rss+xml"
    )
}

/// An address by its looks.
fn looks_like_feed(href: &str) -> bool {
    let lower = href.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or("");
    let is_segment = |word: &str| path.split('/').any(|segment| segment == word);
    let name = path.rsplit('/').next().unwrap_or("");
    [".rss", ".atom", ".rdf"].iter().any(|end| path.ends_with(end))
        || ["feed", "feeds", "rss", "atom"].iter().any(|word| is_segment(word))
        || (name.ends_with(".xml") || name.ends_with(".json"))
            && ["rss", "feed", "atom", "news", "index"].iter().any(|word| name.contains(word))
        || lower.contains("feed=rss")
        || lower.contains("format=rss")
        || lower.contains("format=feed")
}

/// A link's own words.
fn names_a_feed(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).any(|word| matches!(word, "rss" | "atom" | "rss订阅" | "feed"))
        || lower.contains("rss")
}

/// What platforms are known to do.
fn from_platform(url: &Url) -> Vec<Candidate> {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.").to_ascii_lowercase();
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect();
    let is_at = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|left| left.ends_with('.'));
    let mut addresses: Vec<String> = Vec::new();
    let origin = url.origin().ascii_serialization();
    match segments[..] {
        ["channel", id, ..] if is_at("youtube.com") => {
            addresses.push(format!("https://www.youtube.com/feeds/videos.xml?channel_id={id}"));
        }
        ["user", name, ..] if is_at("youtube.com") => {
            addresses.push(format!("https://www.youtube.com/feeds/videos.xml?user={name}"));
        }
        ["playlist", ..] if is_at("youtube.com") => {
            let list = url.query_pairs().find(|(key, _)| key == "list").map(|(_, value)| value.into_owned());
            addresses.extend(list.map(|id| format!("https://www.youtube.com/feeds/videos.xml?playlist_id={id}")));
        }
        ["r" | "user" | "u", name, ..] if is_at("reddit.com") => {
            let kind = if segments[0] == "r" { "r" } else { "user" };
            addresses.push(format!("https://www.reddit.com/{kind}/{name}/new/.rss"));
        }
        [name, ..] if host == "medium.com" => addresses.push(format!("https://medium.com/feed/{name}")),
        [] if is_at("medium.com") || is_at("substack.com") => addresses.push(format!("{origin}/feed")),
        [owner, project, ..] if host == "github.com" => {
            addresses.push(format!("https://github.com/{owner}/{project}/releases.atom"));
            addresses.push(format!("https://github.com/{owner}/{project}/tags.atom"));
        }
        ["profile", name, ..] if host == "bsky.app" => addresses.push(format!("https://bsky.app/profile/{name}/rss")),
        // Mastodon and its relatives.
        [name, ..] if name.starts_with('@') && name.len() > 1 => addresses.push(format!("{origin}/{name}.rss")),
        _ => {}
    }
    let parsed = addresses.iter().filter_map(|text| parse_target(text, None).ok());
    parsed.map(|url| Candidate { url, found: FoundBy::Platform }).collect()
}

/// Where feeds usually are, the likeliest first: WordPress, Substack and Ghost, Drupal, Hugo, Jekyll, Blogger and others.
const FEED_PATHS: &[&str] =
    &["feed/", "rss.xml", "rss/", "feed.xml", "atom.xml", "index.xml", "feed.json", "feeds/posts/default", "rss"];
/// Where news sitemaps usually are, and sitemaps.
const SITEMAP_PATHS: &[&str] = &[
    "news-sitemap.xml",
    "sitemap-news.xml",
    "sitemap_news.xml",
    "news_sitemap.xml",
    "sitemap.xml",
    "sitemap_index.xml",
];

fn well_known(url: &Url) -> Vec<Candidate> {
    let mut addresses = Vec::new();
    // A section may have its own feed.
    if url.path() != "/" {
        let mut section = url.clone();
        section.set_query(None);
        section.set_fragment(None);
        if !section.path().ends_with('/') {
            let path = format!("{}/", section.path());
            section.set_path(&path);
        }
        addresses.extend(["feed/", "rss.xml"].iter().filter_map(|path| section.join(path).ok()));
    }
    let paths = FEED_PATHS.iter().chain(SITEMAP_PATHS);
    addresses.extend(paths.filter_map(|path| url.join("/").ok()?.join(path).ok()));
    addresses.into_iter().map(|url| Candidate { url, found: FoundBy::WellKnown }).collect()
}

/// The sitemaps that `robots.txt` names, news first.
async fn from_robots(client: &Client, url: &Url) -> Vec<Candidate> {
    let Ok(robots) = url.join("/robots.txt") else { return Vec::new() };
    let request = Request { url: &robots, kind: Kind::Page, validators: None };
    let Ok(Fetched::Document(document)) = client.fetch(&request).await else { return Vec::new() };
    let mut sitemaps = sitemaps_named(&document.body, &document.final_url);
    sitemaps.sort_by_key(|url| !url.path().to_ascii_lowercase().contains("news"));
    sitemaps.into_iter().take(MAX_SITEMAPS).map(|url| Candidate { url, found: FoundBy::Robots }).collect()
}

/// Platforms without feeds of their own.
fn hints(url: &Url) -> Vec<String> {
    let host = url.host_str().unwrap_or("").trim_start_matches("www.").trim_start_matches("m.").to_ascii_lowercase();
    let name = url
        .path_segments()
        .into_iter()
        .flatten()
        .find(|segment| !segment.is_empty() && *segment != "s")
        .map_or("NAME", |segment| segment.trim_start_matches('@'));
    let bridge = |what: &str, hub: String, bridge: &str| {
        vec![format!(
            "{what} has no feeds. An RSSHub of your own has one at `{hub}`, an RSS-Bridge one with `?action=display&bridge={bridge}&format=Atom`; \
             name its address in `[network] allow` if it is in your own network"
        )]
    };
    match host.as_str() {
        "t.me" | "telegram.me" => bridge("Telegram", format!("/telegram/channel/{name}"), "TelegramBridge"),
        "x.com" | "twitter.com" => bridge("X", format!("/twitter/user/{name}"), "TwitterBridge"),
        "facebook.com" => bridge("Facebook", format!("/facebook/page/{name}"), "FacebookBridge"),
        "instagram.com" => bridge("Instagram", format!("/instagram/user/{name}"), "InstagramBridge"),
        "vk.com" | "vk.ru" => bridge("VK", format!("/vk/{name}"), "VkBridge"),
        "weibo.com" => bridge("Weibo", format!("/weibo/user/{name}"), "WeiboBridge"),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    fn page(html: &str) -> Vec<(String, FoundBy)> {
        let page = Document {
            body: html.as_bytes().to_vec(),
            content_type: Some("text/html".to_owned()),
            final_url: url("https://site.example/мир/"),
            permanent_redirect: None,
            validators: crate::model::Validators::default(),
            hints: super::super::Hints::default(),
            status: 200,
            wire_bytes: 0,
            links: Vec::new(),
        };
        let found = from_page(&page, &[]);
        found.into_iter().map(|candidate| (candidate.url.into(), candidate.found)).collect()
    }

    #[test]
    fn a_page_names_its_feeds_in_many_ways() {
        let found = page(
            "<html><head><base href='https://cdn.example/a/'><LINK REL='Alternate stylesheet' href=x.css>\
             <link rel=alternate type=application/rss+xml href='rss?a=1&amp;b=2'>\
             <link type='application/atom+xml' rel='alternate' href='//feeds.example/атом'>\
             <link rel=alternate hreflang=de href=/de></head><body><a href='/about'>О нас</a>\
             <a href=/xml/news.xml>Новости</a> <a href='/x'>Лента <b>RSS</b></a><a href='javascript:rss()'>rss</a></body>",
        );
        let links: Vec<_> = found.iter().map(|(link, found)| (link.as_str(), *found)).collect();
        assert_eq!(
            links,
            [
                ("https://cdn.example/a/rss?a=1&b=2", FoundBy::Link),
                ("https://feeds.example/%D0%B0%D1%82%D0%BE%D0%BC", FoundBy::Link),
                ("https://cdn.example/xml/news.xml", FoundBy::Anchor),
                ("https://cdn.example/x", FoundBy::Anchor),
            ]
        );
        assert!(page(&"<a href='/feed'>".repeat(10_000)).len() <= MAX_ANCHORS);
        page(&"<link rel=alternate ".repeat(10_000));
    }

    #[test]
    fn platforms_are_known() {
        for (address, feed) in [
            (
                "https://www.youtube.com/channel/UC123/videos",
                "https://www.youtube.com/feeds/videos.xml?channel_id=UC123",
            ),
            ("https://youtube.com/playlist?list=PL9", "https://www.youtube.com/feeds/videos.xml?playlist_id=PL9"),
            ("https://old.reddit.com/r/worldnews/", "https://www.reddit.com/r/worldnews/new/.rss"),
            ("https://medium.com/@anna", "https://medium.com/feed/@anna"),
            ("https://anna.substack.com/", "https://anna.substack.com/feed"),
            ("https://mastodon.example/@маяк", "https://mastodon.example/@%D0%BC%D0%B0%D1%8F%D0%BA.rss"),
            ("https://github.com/a/b", "https://github.com/a/b/releases.atom"),
        ] {
            let found = from_platform(&url(address));
            assert_eq!(found.first().map(|candidate| candidate.url.as_str()), Some(feed), "{address}");
        }
        assert!(from_platform(&url("https://site.example/world")).is_empty());
        assert!(hints(&url("https://t.me/s/канал"))[0].contains("/telegram/channel/"));
        assert!(hints(&url("https://notelegram.example/"))[..].is_empty());
    }
}
