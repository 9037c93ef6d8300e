//! The news sitemaps of a site, read as its robots.txt names them: by whoever fills a gap of a feed, and by whoever looks
//! for a headline's address.

use std::collections::{HashSet, VecDeque};

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{self, Document, FeedKind, FetchError, Fetched, ParsedFeed};
use crate::model::Validators;
use crate::network::same_site;
use crate::store::SitemapMemory;

use super::Snapshot;
use super::sitemap::listed;

/// Sitemaps that are fetched at once, indexes among them. A guess: a site's news are in one.
const SITEMAPS: usize = 4;
/// So many are remembered, the last ones.
const REMEMBERED: usize = 16;
/// And the bytes that they may have together, decompressed.
const BYTES: usize = 20 * 1024 * 1024;

/// What was read.
#[derive(Debug)]
pub(super) struct News {
    /// Sitemaps with headlines that have changed since they were read, indexes left out.
    pub(super) documents: Vec<ParsedFeed>,
    /// How many were as they had been.
    pub(super) unchanged: usize,
    /// To be remembered.
    pub(super) memory: Vec<SitemapMemory>,
    /// Whether the site could be asked for its robots.txt at all, be it that there is none.
    pub(super) was_asked: bool,
    /// Whether any of its sitemaps did not answer: then it has not said that it lists nothing.
    pub(super) is_partly_silent: bool,
}

/// Nothing came that says whether there is something.
#[derive(Debug)]
pub(super) struct Silent;

/// Reads the news sitemaps of the site that a page is on. `before`: what is remembered of them.
pub(super) async fn read(snapshot: &Snapshot, page: &Url, before: Vec<SitemapMemory>, deadline: Instant) -> News {
    let mut news =
        News { documents: Vec::new(), unchanged: 0, memory: before, was_asked: false, is_partly_silent: false };
    let Ok(named) = answered(timeout_at(deadline, snapshot.client.sitemaps(page)).await) else { return news };
    let mut named = named.unwrap_or_default();
    news.was_asked = true;
    named.retain(|url| same_site(url, page));
    named.sort_by_key(|url| !is_named_news(url));
    let mut waiting = VecDeque::from(named);
    let mut visited = HashSet::new();
    let mut bytes = 0;
    while let Some(url) = waiting.pop_front().filter(|_| visited.len() < SITEMAPS && bytes < BYTES) {
        if !visited.insert(url.clone()) {
            continue;
        }
        let known = news.memory.iter().position(|memory| memory.url == url.as_str());
        let validators = known.map(|at| news.memory[at].validators.clone());
        let document = match listing(snapshot, &url, validators.as_ref(), deadline).await {
            Ok(Some(Fetched::Document(document))) => *document,
            Ok(Some(Fetched::NotModified { .. })) => {
                news.unchanged += 1;
                continue;
            }
            Ok(None) => continue,
            Err(Silent) => {
                news.is_partly_silent = true;
                continue;
            }
        };
        bytes += document.body.len();
        let memory = SitemapMemory {
            url: url.to_string(),
            was_read: true,
            lastmod: None,
            validators: document.validators.clone(),
            body_hash: Some(xxh3_64(&document.body).cast_signed()),
        };
        let Some(parsed) = parse(document).await.filter(|parsed| parsed.kind == FeedKind::Sitemap) else { continue };
        if parsed.is_index {
            // Read each time, so that what it lists is looked at.
            let children = listed(&parsed).into_iter().map(|sitemap| sitemap.url);
            let children: Vec<Url> =
                children.filter(|url| is_named_news(url) && same_site(url, page)).take(SITEMAPS).collect();
            children.into_iter().rev().for_each(|url| waiting.push_front(url));
            continue;
        }
        news.documents.extend(Some(parsed).filter(|parsed| parsed.entries.iter().any(|entry| entry.title.is_some())));
        match known {
            Some(at) => news.memory[at] = memory,
            None => news.memory.push(memory),
        }
    }
    // Some sites name theirs by the day.
    let too_many = news.memory.len().saturating_sub(REMEMBERED);
    news.memory.drain(..too_many);
    news
}

/// Something that a site lists; `None` if it has no such thing, or none for us.
pub(super) async fn listing(
    snapshot: &Snapshot,
    url: &Url,
    validators: Option<&Validators>,
    deadline: Instant,
) -> Result<Option<Fetched>, Silent> {
    answered(timeout_at(deadline, snapshot.client.fetch_listing(url, validators)).await)
}

/// What an answer says: something, or that there is none (for us).
pub(super) fn answered<T>(answer: Result<Result<T, FetchError>, Elapsed>) -> Result<Option<T>, Silent> {
    match answer {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(error)) if !error.is_transient() => Ok(None),
        Ok(Err(_)) | Err(_) => Err(Silent),
    }
}

/// A document as a feed.
pub(super) async fn parse(document: Document) -> Option<ParsedFeed> {
    let read = move || fetch::parse_feed(&document.body, document.content_type.as_deref(), &document.final_url).ok();
    tokio::task::spawn_blocking(read).await.ok().flatten()
}

fn is_named_news(url: &Url) -> bool {
    url.path().rsplit('/').next().is_some_and(|name| name.to_ascii_lowercase().contains("news"))
}
