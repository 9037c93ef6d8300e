//! Following an index of sitemaps: which of those that it lists are worth fetching now, and what they say together.
//!
//! An index of a large site lists its whole past. Looked at are the [`WINDOW`] newest by the index's own dates, and of
//! these, at most [`FETCHES`] a poll, those that say they changed since they were read, or don't say. What an archive
//! that was never read before holds is old, whenever it was edited: only its recent pages are news. What a sitemap
//! holds that the index did not list before is new.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{self, Document, Entry, EntryIdentity, FetchError, Fetched, Kind, ParsedFeed, PollEnd, Request};
use crate::model::{Feed, Timestamp, Validators, normalise_link};
use crate::store::{SitemapMemory, StoreError};

use super::{Line, Snapshot};

/// So many of the newest sitemaps of an index are looked at. A guess: a day's news is in one or two of them.
const WINDOW: usize = 20;
/// So many are fetched in one poll.
const FETCHES: usize = 10;
/// No further one is begun after this, so that the poll ends well within its lease.
const TIME: Duration = Duration::from_secs(40);
/// Entries taken in at once, as from any feed.
const MAX_ENTRIES: usize = 2_000;

/// What the sitemaps of an index say.
#[derive(Debug)]
pub(super) struct Followed {
    /// All their entries as one feed; each page once.
    pub(super) parsed: ParsedFeed,
    pub(super) identities: Vec<EntryIdentity>,
    /// For each entry: whether its sitemap was read for the first time, though listed before.
    pub(super) is_old: Vec<bool>,
    /// To be remembered.
    pub(super) memory: Vec<SitemapMemory>,
}

/// Why nothing was read.
#[derive(Debug)]
pub(super) enum FollowError {
    /// None of the sitemaps answered as it should.
    None { message: String, end: PollEnd },
    /// The memory can't be read.
    Store(StoreError),
}

/// A sitemap that an index lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) url: Url,
    lastmod: Option<Timestamp>,
}

/// Reads the sitemaps of an index that are worth it.
pub(super) async fn follow(
    line: &Arc<Line>,
    snapshot: &Snapshot,
    feed: &Feed,
    index: ParsedFeed,
    failures: u32,
) -> Result<Followed, FollowError> {
    let before = line.store.sitemaps(feed.id).await.map_err(FollowError::Store)?;
    let is_first = before.is_empty();
    let mut known: HashMap<String, SitemapMemory> =
        before.into_iter().map(|memory| (memory.url.clone(), memory)).collect();
    let started = tokio::time::Instant::now();
    let mut visited: HashSet<Url> = HashSet::from([feed.url.clone()]);
    let mut memory = Vec::new();
    let mut found: Vec<(Entry, bool)> = Vec::new();
    let mut warnings = index.warnings.clone();
    let mut ends_early = index.ends_early;
    // Fetches, and sitemaps that are as good as read.
    let (mut fetched, mut read) = (0, 0_usize);
    let mut failure: Option<(String, PollEnd)> = None;
    let mut waiting = VecDeque::from(listed(&index));
    // Indexes within the index put what they list at the end; each address is visited once.
    let mut looked_at = 0;
    while let Some(sitemap) = waiting.pop_front() {
        if !visited.insert(sitemap.url.clone()) {
            continue;
        }
        let was_listed = known.contains_key(sitemap.url.as_str());
        let mut now_known = known
            .remove(sitemap.url.as_str())
            .unwrap_or_else(|| SitemapMemory { url: sitemap.url.to_string(), ..SitemapMemory::default() });
        looked_at += 1;
        let is_unchanged = now_known.was_read && sitemap.lastmod.is_some() && sitemap.lastmod == now_known.lastmod;
        read += usize::from(is_unchanged);
        if looked_at > WINDOW || is_unchanged || fetched >= FETCHES || started.elapsed() > TIME {
            memory.push(now_known);
            continue;
        }
        fetched += 1;
        // A sitemap that was listed before, but never read, holds the past; so does every one on the first poll.
        let is_old = is_first || (was_listed && !now_known.was_read);
        match fetch_one(snapshot, &sitemap.url, &now_known).await {
            Ok(None) => {
                read += 1;
                now_known.lastmod = sitemap.lastmod;
            }
            Ok(Some(answer)) => {
                read += 1;
                ends_early |= answer.parsed.ends_early;
                if answer.parsed.is_index {
                    waiting.extend(listed(&answer.parsed));
                    // Read each time: what it lists must be known to be looked at.
                    now_known.was_read = false;
                } else {
                    found.extend(answer.parsed.entries.into_iter().map(|entry| (entry, is_old)));
                    // What is missing from one that was cut off must not pass for read.
                    let is_whole = !answer.parsed.ends_early;
                    now_known.was_read = is_whole || !is_old;
                    now_known.lastmod = sitemap.lastmod.filter(|_| is_whole);
                    now_known.validators = if is_whole { answer.validators } else { Validators::default() };
                    now_known.body_hash = is_whole.then_some(answer.body_hash);
                }
                warnings.extend(answer.parsed.warnings.into_iter().map(|text| format!("{}: {text}", sitemap.url)));
            }
            Err((message, end)) => {
                tracing::debug!(feed.url = %feed.url, sitemap.url = %sitemap.url, error = message, "sitemap not read");
                warnings.push(format!("{}: {message}", sitemap.url));
                let end = end.unwrap_or(PollEnd::Failed { failures, retry_after: None });
                failure.get_or_insert((format!("the sitemap {}: {message}", sitemap.url), end));
            }
        }
        memory.push(now_known);
    }
    if let Some((message, end)) = failure.filter(|_| read == 0) {
        return Err(FollowError::None { message, end });
    }
    let (entries, is_old) = newest(found).into_iter().unzip();
    let parsed = ParsedFeed { entries, warnings, is_index: false, ends_early, ..index };
    let identities = fetch::identify(&parsed);
    Ok(Followed { parsed, identities, is_old, memory })
}

/// What an index lists, the most promising first: news sitemaps, then by date, then by the numbers in their names, of
/// which sites count up.
pub(super) fn listed(index: &ParsedFeed) -> Vec<Listed> {
    let mut all: Vec<Listed> = index
        .entries
        .iter()
        .filter_map(|entry| Some(Listed { url: Url::parse(entry.link.as_deref()?).ok()?, lastmod: entry.updated }))
        .collect();
    all.sort_by_cached_key(|sitemap| {
        let path = sitemap.url.path().to_ascii_lowercase();
        let is_news = path.rsplit('/').next().is_some_and(|name| name.contains("news"));
        let is_about_pictures = ["image", "video", "author", "categor", "tag"].iter().any(|word| path.contains(word));
        let numbers: Vec<u64> =
            path.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect();
        (!is_news, is_about_pictures, std::cmp::Reverse(sitemap.lastmod), std::cmp::Reverse(numbers))
    });
    all
}

struct Answer {
    parsed: ParsedFeed,
    validators: Validators,
    body_hash: i64,
}

/// One sitemap; `None` where it is as it was.
async fn fetch_one(
    snapshot: &Snapshot,
    url: &Url,
    known: &SitemapMemory,
) -> Result<Option<Answer>, (String, Option<PollEnd>)> {
    let request = Request { url, kind: Kind::Feed, validators: known.was_read.then_some(&known.validators) };
    let document = match snapshot.client.fetch(&request).await {
        Ok(Fetched::NotModified { .. }) => return Ok(None),
        Ok(Fetched::Document(document)) => *document,
        Err(FetchError::CutOff { part, .. }) => return parsed_sitemap(*part, true).await.map(Some),
        Err(error) => {
            // The feed itself answered: a sitemap that is gone does not make it gone.
            let end = matches!(error, FetchError::Busy { .. }).then_some(PollEnd::NotTried);
            return Err((error.to_string(), end));
        }
    };
    let body_hash = xxh3_64(&document.body).cast_signed();
    if known.was_read && known.body_hash == Some(body_hash) {
        return Ok(None);
    }
    parsed_sitemap(document, false).await.map(Some)
}

async fn parsed_sitemap(document: Document, broke_off: bool) -> Result<Answer, (String, Option<PollEnd>)> {
    let body_hash = xxh3_64(&document.body).cast_signed();
    let validators = document.validators.clone();
    let parse = move || fetch::parse_feed(&document.body, document.content_type.as_deref(), &document.final_url);
    match tokio::task::spawn_blocking(parse).await {
        Ok(Ok(parsed)) => {
            let ends_early = parsed.ends_early || broke_off;
            let parsed = ParsedFeed { ends_early, ..parsed }.whole_entries();
            Ok(Answer { parsed, validators, body_hash })
        }
        Ok(Err(error)) => Err((error.to_string(), None)),
        Err(_) => Err(("the parser failed on this sitemap; please report it".to_owned(), None)),
    }
}

/// Each page once, with a headline if any of its entries has one; the newest of them, as many as a poll takes.
fn newest(found: Vec<(Entry, bool)>) -> Vec<(Entry, bool)> {
    let mut places: HashMap<String, usize> = HashMap::with_capacity(found.len());
    let mut pages: Vec<(Entry, bool)> = Vec::with_capacity(found.len());
    for (entry, is_old) in found {
        let Some(link) = entry.link.as_deref() else { continue };
        let key = normalise_link(link).unwrap_or_else(|| link.to_owned());
        match places.get(&key) {
            Some(place) => {
                let (kept, kept_is_old) = &mut pages[*place];
                *kept_is_old &= is_old;
                if kept.title.is_none() && entry.title.is_some() {
                    *kept = entry;
                }
            }
            None => {
                places.insert(key, pages.len());
                pages.push((entry, is_old));
            }
        }
    }
    if pages.len() > MAX_ENTRIES {
        pages.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.published.or(entry.updated)));
        pages.truncate(MAX_ENTRIES);
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(sitemaps: &[(&str, &str)]) -> ParsedFeed {
        let list: String = sitemaps
            .iter()
            .map(|(name, lastmod)| {
                format!("<sitemap><loc>https://example.org/{name}</loc><lastmod>{lastmod}</lastmod></sitemap>")
            })
            .collect();
        let text = format!("<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{list}</sitemapindex>");
        let base = Url::parse("https://example.org/sitemap.xml").expect("a URL");
        fetch::parse_feed(text.as_bytes(), None, &base).expect("an index")
    }

    fn order(sitemaps: &[(&str, &str)]) -> Vec<String> {
        listed(&index(sitemaps)).into_iter().map(|sitemap| sitemap.url.path()[1..].to_owned()).collect()
    }

    #[test]
    fn news_comes_first_then_what_changed_last_then_what_counts_highest() {
        assert_eq!(
            order(&[
                ("posts-2024.xml", "2024-12-31"),
                ("posts-2026.xml", "2026-11-22"),
                ("google-news.xml", "2020-01-01")
            ]),
            ["google-news.xml", "posts-2026.xml", "posts-2024.xml"]
        );
        assert_eq!(
            order(&[("p-2026-2.xml", ""), ("p-2026-10.xml", ""), ("p-2025-12.xml", ""), ("image-2026-11.xml", "")]),
            ["p-2026-10.xml", "p-2026-2.xml", "p-2025-12.xml", "image-2026-11.xml"]
        );
    }

    #[test]
    fn a_page_in_two_sitemaps_is_one_entry_with_its_headline() {
        let page = |link: &str, title: Option<&str>| Entry {
            link: Some(link.to_owned()),
            title: title.map(str::to_owned),
            ..Entry::default()
        };
        let pages = newest(vec![
            (page("https://example.org/ракета", None), true),
            (page("https://www.example.org/ракета/", Some("Ракета сбита")), false),
        ]);
        assert_eq!(pages.len(), 1);
        assert_eq!((pages[0].0.title.as_deref(), pages[0].1), (Some("Ракета сбита"), false));
    }
}
