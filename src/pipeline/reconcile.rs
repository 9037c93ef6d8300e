//! What a gap's articles may still be read from when the feed has no older pages: the news sitemap of its site.
//!
//! In: a gap, and what the feed lists now. Out: the pages that the site's news sitemaps date into the gap and that are not
//! known, as entries like those of the feed. A news sitemap lists what a whole site published in two days, so not all of it
//! would have stood in this feed. What would have is learned from the time that the feed shows: of what the site published
//! then under one part of its address, or with one keyword, which share stands in the feed? Where that is less than a quarter, the
//! pages of the gap are left out. Where nothing can be learned they are taken: the rules judge them still, and a missed
//! alert is worse than a neighbour's.

use std::collections::{HashMap, HashSet};

use tokio::time::Instant;
use url::Url;

use crate::fetch::{Entry, FeedKind, ParsedFeed};
use crate::model::{Timestamp, is_aggregator, normalise_link};
use crate::network::same_site;
use crate::store::SitemapMemory;
use crate::text::normalize::fold;

use super::{Snapshot, news};

/// The site of a feed is the one on which so many of its entries are, in percent; gatherings of other sites have none.
const MOST: usize = 75;
/// Pages of which less than one in so many stood in the feed are no pages of it. A guess, on the side of taking them.
const ONE_IN: usize = 4;
/// Fewer pages say nothing of a share.
const FEW: usize = 3;
/// Parts of an address that are looked at: `/news/world/`.
const DEPTH: usize = 2;
/// Of one gap, so many times what is probably missing are taken …
const TIMES: usize = 3;
/// … but at least and at most so many, and so many where nothing is known.
const AT_LEAST: usize = 20;
const AT_MOST: usize = 300;
const OTHERWISE: usize = 100;

/// Where a feed's articles are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Site {
    /// One of its pages, by which it is asked.
    page: Url,
    host: String,
    /// The beginnings of the paths of the feed's own articles, such as `/world/`.
    sections: HashSet<String>,
    /// The feed's articles, by their links' one spelling.
    own: HashSet<String>,
    /// Those of the document that the feed is now.
    shown: HashSet<String>,
}

impl Site {
    /// The site on which nearly all entries of a feed are. `before`: links of articles that it had of late.
    pub(super) fn of(parsed: &ParsedFeed, before: &[String]) -> Option<Self> {
        let links: Vec<Url> = parsed.entries.iter().filter_map(address).collect();
        let host = |url: &Url| url.host_str().map(|host| bare(host).to_owned());
        let page = links.iter().find(|url| {
            let of_host = links.iter().filter(|other| host(other) == host(url)).count();
            of_host * 100 >= parsed.entries.len() * MOST
        })?;
        let host = host(page).filter(|host| !is_aggregator(host))?;
        let shown: HashSet<String> = links.iter().filter_map(|url| normalise_link(url.as_str())).collect();
        let mut site = Self { page: page.clone(), host, sections: HashSet::new(), own: shown.clone(), shown };
        site.own.extend(before.iter().filter_map(|link| normalise_link(link)));
        let before: Vec<Url> = before.iter().filter_map(|link| Url::parse(link).ok()).collect();
        let own = links.iter().chain(&before).filter(|url| site.owns(url));
        let sections: HashSet<String> = own.map(|url| parts(url).into_iter().next().unwrap_or_default()).collect();
        site.sections = sections;
        // A single link shows no section.
        if site.own.len() < 2 {
            site.sections.clear();
        }
        Some(site)
    }

    /// Whether an address belongs to the site: to its host, one above or one below it.
    fn owns(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().map(bare) else { return false };
        let below = |host: &str, above: &str| host.strip_suffix(above).is_some_and(|rest| rest.ends_with('.'));
        same_site(url, &self.page) && (host == self.host || below(host, &self.host) || below(&self.host, host))
    }

    fn has(&self, url: &Url) -> bool {
        let is_home = url.path() == "/" && url.query().is_none();
        !is_home && self.owns(url)
    }
}

fn address(entry: &Entry) -> Option<Url> {
    Url::parse(entry.original_link.as_deref().or(entry.link.as_deref())?).ok()
}

/// The first parts of an address's path, the longer ones behind the shorter: `/news/`, `/news/world/`. Years are none, nor
/// is the last part.
fn parts(url: &Url) -> Vec<String> {
    let mut segments: Vec<&str> = url.path_segments().map(Iterator::collect).unwrap_or_default();
    segments.pop();
    let words = segments.into_iter().take_while(|part| part.chars().any(|c| !c.is_ascii_digit())).take(DEPTH);
    let mut path = "/".to_owned();
    words
        .map(|part| {
            path.push_str(part);
            path.push('/');
            path.clone()
        })
        .collect()
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
    /// Pages that were left out.
    pub(super) left: Left,
    /// To be remembered.
    pub(super) memory: Vec<SitemapMemory>,
}

/// Pages that lie in a gap and were not taken.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// Of sections that don't stand in the feed.
    pub(super) of_others: usize,
    /// Few of their like stand in the feed, but some.
    pub(super) doubtful: usize,
    /// More than are taken for one gap.
    pub(super) beyond: usize,
}

/// Reads the site's news sitemaps for what was published between two moments. `missing`: how many entries that is probably;
/// `before`: what is remembered of the sitemaps.
pub(super) async fn news_sitemaps(
    snapshot: &Snapshot,
    site: &Site,
    hole: (Timestamp, Timestamp),
    missing: Option<u32>,
    before: Vec<SitemapMemory>,
    deadline: Instant,
) -> Reconciled {
    // As it was when the last gap was looked at, a sitemap holds nothing of this one.
    let news = news::read(snapshot, &site.page, before, deadline).await;
    let mut covers = false;
    let mut pages = Vec::new();
    for document in news.documents {
        let listed = document.entries.into_iter().filter(|entry| entry.title.is_some());
        let listed: Vec<_> = listed.filter_map(|entry| Some((entry.published?, entry))).collect();
        let oldest = listed.iter().map(|(at, _)| *at).min();
        let newest = listed.iter().map(|(at, _)| *at).max();
        covers |= oldest.is_some_and(|oldest| oldest <= hole.0) && newest.is_some_and(|newest| newest >= hole.1);
        pages.extend(listed);
    }
    let most = missing.map_or(OTHERWISE, |missing| usize::try_from(missing).unwrap_or(AT_MOST).saturating_mul(TIMES));
    let (site, most) = (site.clone(), most.clamp(AT_LEAST, AT_MOST));
    let chosen = tokio::task::spawn_blocking(move || choose(&site, pages, hole, most)).await;
    // The pool is gone only while the process stops; then nothing of this is committed.
    let (entries, left) = chosen.unwrap_or_default();
    covers &= left.doubtful == 0;
    let parsed = ParsedFeed { entries, ..ParsedFeed::empty(FeedKind::Rss) };
    Reconciled { parsed, covers, left, memory: news.memory }
}

/// Chooses among a site's pages those of a gap that would have stood in the feed: the newest, at most so many.
fn choose(
    site: &Site,
    pages: Vec<(Timestamp, Entry)>,
    (from, to): (Timestamp, Timestamp),
    most: usize,
) -> (Vec<Entry>, Left) {
    let mut seen = HashSet::new();
    let pages = pages.into_iter().filter_map(|(at, entry)| {
        let url = address(&entry).filter(|url| site.has(url))?;
        let link = normalise_link(url.as_str()).filter(|link| seen.insert(link.clone()))?;
        Some(Page { at, link, parts: parts(&url), tags: entry.tags.iter().map(|tag| fold(tag)).collect(), entry })
    });
    let pages: Vec<Page> = pages.collect();
    let learned = Learned::from(site, &pages, to);
    let mut left = Left::default();
    let mut taken = Vec::new();
    for page in pages.into_iter().filter(|page| page.at >= from && page.at < to && !site.own.contains(&page.link)) {
        match learned.of(site, &page) {
            Verdict::Own => taken.push(page),
            Verdict::Others => left.of_others += 1,
            Verdict::Doubtful => left.doubtful += 1,
        }
    }
    taken.sort_by_key(|page| std::cmp::Reverse(page.at));
    left.beyond = taken.len().saturating_sub(most);
    taken.truncate(most);
    (taken.into_iter().map(|page| page.entry).collect(), left)
}

/// A page of the site.
struct Page {
    at: Timestamp,
    link: String,
    parts: Vec<String>,
    tags: Vec<String>,
    entry: Entry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Own,
    Others,
    Doubtful,
}

/// Of the time that the feed shows: how many pages there were, and how many of them stand in the feed.
#[derive(Debug, Default, Clone, Copy)]
struct Share {
    pages: usize,
    own: usize,
}

impl Share {
    fn add(&mut self, is_own: bool) {
        self.pages += 1;
        self.own += usize::from(is_own);
    }

    /// What it says, if there were enough of them.
    fn verdict(self) -> Option<Verdict> {
        match self {
            Self { pages, .. } if pages < FEW => None,
            Self { own: 0, .. } => Some(Verdict::Others),
            Self { pages, own } if own * ONE_IN >= pages => Some(Verdict::Own),
            Self { .. } => Some(Verdict::Doubtful),
        }
    }
}

/// What the time that the feed shows says of its site's pages.
#[derive(Debug, Default)]
struct Learned {
    all: Share,
    by_part: HashMap<String, Share>,
    by_tag: HashMap<String, Share>,
}

impl Learned {
    /// `begin`: when the feed begins now.
    fn from(site: &Site, pages: &[Page], begin: Timestamp) -> Self {
        let mut learned = Self::default();
        // Behind the last page that stands in both, the feed may be older than the sitemap.
        let is_own = |page: &Page| site.shown.contains(&page.link);
        let Some(end) = pages.iter().filter(|page| is_own(page)).map(|page| page.at).max() else { return learned };
        for page in pages.iter().filter(|page| page.at >= begin && page.at <= end) {
            learned.all.add(is_own(page));
            page.parts.iter().for_each(|part| learned.by_part.entry(part.clone()).or_default().add(is_own(page)));
            page.tags.iter().for_each(|tag| learned.by_tag.entry(tag.clone()).or_default().add(is_own(page)));
        }
        learned
    }

    fn of(&self, site: &Site, page: &Page) -> Verdict {
        // All that the feed ever had is in one section.
        let first = page.parts.first().cloned().unwrap_or_default();
        if site.sections.len() == 1 && !site.sections.contains("") && !site.sections.contains(&first) {
            return Verdict::Others;
        }
        // What is said most closely counts: `/news/sport/` before `/news/`.
        let by_part = page.parts.iter().rev().find_map(|part| self.by_part.get(part)?.verdict());
        if let Some(verdict @ (Verdict::Own | Verdict::Others)) = by_part {
            return verdict;
        }
        let by_tags = page.tags.iter().filter_map(|tag| self.by_tag.get(tag)?.verdict());
        let by_tag = by_tags.min_by_key(|verdict| match verdict {
            Verdict::Own => 0,
            Verdict::Doubtful => 1,
            Verdict::Others => 2,
        });
        if let Some(verdict @ (Verdict::Own | Verdict::Others)) = by_tag {
            return verdict;
        }
        if by_part.is_none() && !first.is_empty() && site.sections.contains(&first) {
            return Verdict::Own;
        }
        // Without proof: taken.
        by_part.or_else(|| self.all.verdict()).unwrap_or(Verdict::Own)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn entry(link: &str, tags: &[&str]) -> Entry {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        Entry { link: Some(link.to_owned()), title: Some("Titolo".to_owned()), tags, ..Entry::default() }
    }

    fn feed(links: &[&str]) -> ParsedFeed {
        ParsedFeed { entries: links.iter().map(|link| entry(link, &[])).collect(), ..ParsedFeed::empty(FeedKind::Rss) }
    }

    fn site(links: &[&str]) -> Option<(String, Vec<String>)> {
        let site = Site::of(&feed(links), &[])?;
        let mut sections: Vec<String> = site.sections.into_iter().collect();
        sections.sort();
        Some((site.host, sections))
    }

    #[test]
    fn the_site_is_where_the_entries_are() {
        let host = |host: &str, sections: &[&str]| {
            Some((host.to_owned(), sections.iter().map(|section| (*section).to_owned()).collect::<Vec<_>>()))
        };
        assert_eq!(
            site(&["https://www.example.org/мир/1", "https://example.org/мир/2"]),
            host("example.org", &["/%D0%BC%D0%B8%D1%80/"])
        );
        assert_eq!(
            site(&["https://example.org/2026/11/a", "https://example.org/2026/11/b"]),
            host("example.org", &[""])
        );
        assert_eq!(
            site(&["https://example.org/world/a", "https://example.org/sport/b"]),
            host("example.org", &["/sport/", "/world/"])
        );
        assert_eq!(site(&["https://a.example/x/1", "https://b.example/x/2"]), None, "a gathering");
        assert_eq!(site(&["https://news.google.com/articles/1", "https://news.google.com/articles/2"]), None);
        assert_eq!(site(&[]), None);
    }

    #[test]
    fn only_pages_of_the_site_belong_to_it() {
        let has = |feed_at: &str, link: &str| {
            let site = Site::of(&feed(&[&format!("https://{feed_at}/world/a")]), &[]).expect("one");
            site.has(&Url::parse(link).expect(link))
        };
        assert!(has("www.example.org", "https://example.org/world/灯塔"));
        assert!(has("news.example.co.uk", "https://example.co.uk/world/1"), "one above");
        assert!(!has("example.co.uk", "https://co.uk/1"), "no site at all");
        assert!(!has("a.github.io", "https://github.io/1"));
        assert!(!has("a.github.io", "https://b.github.io/1"));
        assert!(!has("www.example.org", "https://other.example/world/1"), "another site");
        assert!(!has("www.example.org", "https://badexample.org/world/1"));
        assert!(!has("www.example.org", "https://example.org/"), "the home page");
    }

    fn at(minute: u32) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000) + Duration::from_secs(60) * minute
    }

    /// A gap of the first hour; the feed shows what it has of the second. Each page: when, where, keywords, whether it
    /// stands in the feed.
    fn chosen(pages: &[(u32, &str, &[&str], bool)], before: &[&str], most: usize) -> (Vec<String>, Left) {
        let address = |path: &str| format!("https://example.org{path}");
        let shown: Vec<String> = pages.iter().filter(|page| page.3).map(|page| address(page.1)).collect();
        let before: Vec<String> = before.iter().map(|path| address(path)).collect();
        let site = Site::of(&feed(&shown.iter().map(String::as_str).collect::<Vec<_>>()), &before).expect("a site");
        let pages = pages.iter().map(|(minute, path, tags, _)| (at(*minute), entry(&address(path), tags))).collect();
        let (entries, left) = choose(&site, pages, (at(0), at(60)), most);
        let path = |entry: Entry| entry.link.unwrap_or_default().trim_start_matches("https://example.org").to_owned();
        (entries.into_iter().map(path).collect(), left)
    }

    const NONE: &[&str] = &[];

    #[test]
    fn sections_that_stand_in_the_feed_are_taken_and_others_left() {
        let pages = [
            (10, "/news/world/1", NONE, false),
            (20, "/news/sport/2", NONE, false),
            (30, "/video/3", NONE, false),
            (61, "/news/world/4", NONE, true),
            (62, "/news/world/5", NONE, true),
            (63, "/news/world/6", NONE, true),
            (64, "/news/sport/7", NONE, false),
            (65, "/news/sport/8", NONE, false),
            (66, "/news/sport/9", NONE, false),
            (67, "/live/10", NONE, true),
        ];
        let (taken, left) = chosen(&pages, &[], 100);
        // `/video/` is unheard of, and of the whole site nearly half stands in the feed.
        assert_eq!(taken, ["/video/3", "/news/world/1"]);
        assert_eq!(left, Left { of_others: 1, ..Left::default() });
        // What the feed had last week counts for sections that the hour after the gap does not show.
        let (taken, left) = chosen(&pages[..4], &["/news/world/0", "/news/sport/0"], 100);
        assert_eq!((taken.len(), left), (2, Left { of_others: 1, ..Left::default() }), "{taken:?}");
    }

    #[test]
    fn where_addresses_say_nothing_keywords_and_the_share_of_the_whole_do() {
        let mut pages = vec![
            (10, "/a1.html", &["Мир", "Китай"][..], false),
            (11, "/a2.html", &["спорт"][..], false),
            (12, "/a3.html", NONE, false),
        ];
        let shown = ["/b1.html", "/b2.html", "/b3.html"];
        pages.extend(shown.iter().map(|path| (70, *path, &["мир"][..], true)));
        let others: Vec<String> = (0..20).map(|number| format!("/c{number}.html")).collect();
        pages.extend(others.iter().map(|path| (70, path.as_str(), &["Спорт"][..], false)));
        let (taken, left) = chosen(&pages, &[], 100);
        assert_eq!(taken, ["/a1.html"], "3 of 23 stand in the feed");
        assert_eq!(left, Left { of_others: 1, doubtful: 1, ..Left::default() });
        // The feed of the whole site, and one that nothing is known of.
        pages.truncate(8);
        assert_eq!(chosen(&pages, &[], 100).0.len(), 3);
        assert_eq!(chosen(&[pages[0], pages[1], pages[3], pages[4]], &[], 100).0.len(), 2);
    }

    #[test]
    fn a_gap_is_filled_with_the_newest_and_the_rest_is_counted() {
        let paths: Vec<String> = (0..50).map(|number| format!("/world/{number}")).collect();
        let mut pages: Vec<_> =
            paths.iter().zip(0..).map(|(path, minute)| (minute, path.as_str(), NONE, false)).collect();
        pages.extend([(70, "/world/a", NONE, true), (71, "/world/b", NONE, true)]);
        // Listed twice, and known from before.
        pages.push((48, "/world/48?utm_source=news", NONE, false));
        let (taken, left) = chosen(&pages, &["/world/49"], 20);
        assert_eq!((taken.len(), taken[0].as_str()), (20, "/world/48"));
        assert_eq!(left, Left { beyond: 29, ..Left::default() });
    }
}
