//! What a gap's articles may still be read from when the feed has no older pages: the news sitemap of its site.
//!
//! In: a gap, and what the feed lists now. Out: the pages that the site's news sitemaps date into the gap and that are not
//! known, as entries like those of the feed. A news sitemap lists what a whole site published in two days, so not all of it
//! would have stood in this feed: only pages of the site on which the feed's entries are, in the section that all of them
//! share, are taken. The price is that a feed of one section under a common address brings neighbours after a gap.

use std::collections::{HashSet, VecDeque};

use tokio::time::{Instant, timeout_at};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{self, Document, Entry, FeedKind, Fetched, Kind, ParsedFeed, Request, sitemaps_named};
use crate::model::{Timestamp, Validators, is_aggregator};
use crate::store::SitemapMemory;

use super::Snapshot;
use super::sitemap::listed;

/// Sitemaps that are fetched for one gap, indexes among them. A guess: a site's news are in one.
const SITEMAPS: usize = 4;
/// So many are remembered, the last ones.
const REMEMBERED: usize = 16;
/// And the bytes that they may have together, decompressed.
const BYTES: usize = 20 * 1024 * 1024;
/// The site of a feed is the one on which so many of its entries are, in percent; gatherings of other sites have none.
const MOST: usize = 75;

/// Where a feed's articles are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// One of its pages, by which it is asked.
    page: Url,
    host: String,
    /// The beginning of the path that all of the feed's entries share, such as `/world/`.
    section: Option<String>,
}

impl Site {
    /// The site on which nearly all entries of a feed are.
    pub(super) fn of(parsed: &ParsedFeed) -> Option<Self> {
        let links: Vec<Url> = parsed.entries.iter().filter_map(address).collect();
        let host = |url: &Url| url.host_str().map(|host| bare(host).to_owned());
        let page = links.iter().find(|url| {
            let of_host = links.iter().filter(|other| host(other) == host(url)).count();
            of_host * 100 >= parsed.entries.len() * MOST
        })?;
        let host = host(page).filter(|host| !is_aggregator(host))?;
        let first = section(page)?;
        let is_shared = links.len() > 1 && links.iter().all(|url| section(url).as_ref() == Some(&first));
        Some(Self { page: page.clone(), host, section: Some(first).filter(|first| is_shared && first != "/") })
    }

    /// Whether an address belongs to the site: to its host, one above or one below it.
    fn owns(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().map(bare) else { return false };
        let below = |host: &str, above: &str| host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
        host == self.host || below(host, &self.host) || host.contains('.') && below(&self.host, host)
    }

    fn has(&self, entry: &Entry) -> bool {
        let Some(url) = address(entry) else { return false };
        let is_home = url.path() == "/" && url.query().is_none();
        let is_in_section = self.section.as_ref().is_none_or(|section| url.path().starts_with(section.as_str()));
        !is_home && is_in_section && self.owns(&url)
    }
}

fn address(entry: &Entry) -> Option<Url> {
    Url::parse(entry.original_link.as_deref().or(entry.link.as_deref())?).ok()
}

/// The first part of an address's path, where more follows and it is a word: years are no sections.
fn section(url: &Url) -> Option<String> {
    let mut parts = url.path_segments()?;
    let first = parts.next()?;
    let is_word = parts.next().is_some() && first.chars().any(|c| !c.is_ascii_digit());
    Some(if is_word { format!("/{first}/") } else { "/".to_owned() })
}

/// A host without the names under which sites keep their feeds and variants.
fn bare(host: &str) -> &str {
    const NAMES: [&str; 7] = ["www.", "m.", "mobile.", "amp.", "feeds.", "feed.", "rss."];
    let rest = NAMES.iter().find_map(|name| host.strip_prefix(name));
    rest.filter(|rest| rest.contains('.')).unwrap_or(host)
}

/// What the news sitemaps say of a gap.
#[derive(Debug)]
pub(super) struct Reconciled {
    /// Their pages that lie in it, as entries of the feed.
    pub(super) parsed: ParsedFeed,
    /// Whether one of them lists all that was published in the gap: it begins before it and goes on behind it.
    pub(super) covers: bool,
    /// To be remembered.
    pub(super) memory: Vec<SitemapMemory>,
}

/// Reads the site's news sitemaps for what was published between two moments. `before`: what is remembered of them.
pub(super) async fn news_sitemaps(
    snapshot: &Snapshot,
    site: &Site,
    (from, to): (Timestamp, Timestamp),
    before: Vec<SitemapMemory>,
    deadline: Instant,
) -> Reconciled {
    let mut reconciled = Reconciled { parsed: ParsedFeed::empty(FeedKind::Rss), covers: false, memory: before };
    let Ok(robots) = site.page.join("/robots.txt") else { return reconciled };
    let Some(Ok(document)) = ask(snapshot, &robots, Kind::Robots, None, deadline).await else { return reconciled };
    let mut named = sitemaps_named(&document.body, &document.final_url);
    named.retain(|url| site.owns(url));
    named.sort_by_key(|url| !is_named_news(url));
    let mut waiting = VecDeque::from(named);
    let mut visited = HashSet::new();
    let mut bytes = 0;
    while let Some(url) = waiting.pop_front().filter(|_| visited.len() < SITEMAPS && bytes < BYTES) {
        if !visited.insert(url.clone()) {
            continue;
        }
        let known = reconciled.memory.iter().position(|memory| memory.url == url.as_str());
        let validators = known.map(|at| reconciled.memory[at].validators.clone());
        // As it was when the last gap was looked at: nothing in it is of this one.
        let Some(Ok(document)) = ask(snapshot, &url, Kind::Feed, validators.as_ref(), deadline).await else { continue };
        bytes += document.body.len();
        let memory = SitemapMemory {
            url: url.to_string(),
            was_read: true,
            lastmod: None,
            validators: document.validators.clone(),
            body_hash: Some(xxh3_64(&document.body).cast_signed()),
        };
        let parse =
            move || fetch::parse_feed(&document.body, document.content_type.as_deref(), &document.final_url).ok();
        let Ok(Some(parsed)) = tokio::task::spawn_blocking(parse).await else { continue };
        if parsed.kind != FeedKind::Sitemap {
            continue;
        }
        if parsed.is_index {
            // Read each time, so that what it lists is looked at.
            let news = listed(&parsed).into_iter().map(|sitemap| sitemap.url);
            let news: Vec<Url> = news.filter(|url| is_named_news(url) && site.owns(url)).take(SITEMAPS).collect();
            news.into_iter().rev().for_each(|url| waiting.push_front(url));
            continue;
        }
        let news: Vec<(Timestamp, Entry)> = parsed
            .entries
            .into_iter()
            .filter(|entry| entry.title.is_some())
            .filter_map(|entry| Some((entry.published?, entry)))
            .collect();
        let oldest = news.iter().map(|(at, _)| *at).min();
        let newest = news.iter().map(|(at, _)| *at).max();
        reconciled.covers |= oldest.is_some_and(|oldest| oldest <= from) && newest.is_some_and(|newest| newest >= to);
        let inside = news.into_iter().filter(|(at, entry)| *at >= from && *at < to && site.has(entry));
        reconciled.parsed.entries.extend(inside.map(|(_, entry)| entry));
        match known {
            Some(at) => reconciled.memory[at] = memory,
            None => reconciled.memory.push(memory),
        }
    }
    // Some sites name theirs by the day.
    let too_many = reconciled.memory.len().saturating_sub(REMEMBERED);
    reconciled.memory.drain(..too_many);
    reconciled
}

fn is_named_news(url: &Url) -> bool {
    url.path().rsplit('/').next().is_some_and(|name| name.to_ascii_lowercase().contains("news"))
}

/// `None` once the time is up; an error where there is no document, or none that is new.
async fn ask(
    snapshot: &Snapshot,
    url: &Url,
    kind: Kind,
    validators: Option<&Validators>,
    deadline: Instant,
) -> Option<Result<Document, ()>> {
    match timeout_at(deadline, snapshot.client.fetch(&Request { url, kind, validators })).await {
        Ok(Ok(Fetched::Document(document))) => Some(Ok(*document)),
        Ok(_) => Some(Err(())),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(links: &[&str]) -> ParsedFeed {
        let entry = |link: &&str| Entry { link: Some((*link).to_owned()), ..Entry::default() };
        ParsedFeed { entries: links.iter().map(entry).collect(), ..ParsedFeed::empty(FeedKind::Rss) }
    }

    fn site(links: &[&str]) -> Option<(String, Option<String>)> {
        Site::of(&feed(links)).map(|site| (site.host, site.section))
    }

    #[test]
    fn the_site_is_where_the_entries_are() {
        let host = |host: &str, section: Option<&str>| Some((host.to_owned(), section.map(str::to_owned)));
        assert_eq!(
            site(&["https://www.example.org/мир/1", "https://example.org/мир/2"]),
            host("example.org", Some("/%D0%BC%D0%B8%D1%80/"))
        );
        assert_eq!(
            site(&["https://example.org/2026/11/a", "https://example.org/2026/11/b"]),
            host("example.org", None)
        );
        assert_eq!(site(&["https://example.org/world/a", "https://example.org/sport/b"]), host("example.org", None));
        assert_eq!(site(&["https://example.org/a.html", "https://example.org/b.html"]), host("example.org", None));
        assert_eq!(site(&["https://a.example/x/1", "https://b.example/x/2"]), None, "a gathering");
        assert_eq!(site(&["https://news.google.com/articles/1", "https://news.google.com/articles/2"]), None);
        assert_eq!(site(&[]), None);
    }

    #[test]
    fn only_pages_of_the_site_and_its_section_belong_to_it() {
        let site =
            Site::of(&feed(&["https://www.example.org/world/a", "https://www.example.org/world/b"])).expect("one");
        let has = |link: &str| site.has(&Entry { link: Some(link.to_owned()), ..Entry::default() });
        assert!(has("https://example.org/world/灯塔"));
        assert!(!has("https://example.org/sport/1"), "another section");
        assert!(!has("https://other.example/world/1"), "another site");
        assert!(!has("https://badexample.org/world/1"));
        assert!(!has("https://example.org/"), "the home page");
        for (url, owns) in [
            ("https://example.org/news.xml", true),
            ("https://sitemaps.example.org/news.xml", true),
            ("https://example.org.evil.example/news.xml", false),
            ("https://org/news.xml", false),
        ] {
            assert_eq!(site.owns(&Url::parse(url).expect(url)), owns, "{url}");
        }
    }
}
