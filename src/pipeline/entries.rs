//! Which entries of a feed's documents are new or edited, and what becomes of them. One poll may bring several documents:
//! the feed itself, and older pages of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::config::FirstPoll;
use crate::fetch::{self, Entry, EntryIdentity, FeedKind, ParsedFeed};
use crate::model::{Article, ArticleId, Feed, PriorText, TextStatus, Timestamp, normalise_link};
use crate::store::{EntryKey, KnownEntry, PollCommit, PolledArticle, SeenEntry, StoreError};
use crate::story::{self, Signature};

use super::poll::INLINE_BYTES;
use super::{Line, Snapshot, publishers};

/// A key is told to be still there once a day.
const SEEN_AGAIN: Duration = Duration::from_secs(24 * 3600);
/// What counts as recent on a feed's first poll.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// How far back a link is known that stands in another document: longer than any news sitemap reaches, also where it
/// dates its pages anew.
const LINKS_KNOWN: Duration = Duration::from_secs(14 * 24 * 3600);
/// Edited articles whose former text is compared with the new one, for each poll; a feed of that many live reports is
/// none.
const COMPARED: usize = 200;

/// What one document held.
#[derive(Debug, Default)]
pub(super) struct PageFound {
    /// Entries that were not known.
    pub(super) new: usize,
    /// Entries that were.
    pub(super) known: usize,
    /// Dates of the new ones, where they have one.
    pub(super) dates: Vec<Timestamp>,
}

/// Takes in the documents of one poll, the newest first.
pub(super) struct Intake<'a> {
    line: &'a Arc<Line>,
    snapshot: &'a Arc<Snapshot>,
    feed: &'a Arc<Feed>,
    is_first: bool,
    now: Timestamp,
    known: HashMap<EntryKey, KnownEntry>,
    seen: Vec<SeenEntry>,
    /// New and edited articles, each document's before those of the document that was added before it.
    drafts: Vec<Article>,
    /// What the edited ones said before.
    priors: HashMap<ArticleId, PriorText>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        line: &'a Arc<Line>,
        snapshot: &'a Arc<Snapshot>,
        feed: &'a Arc<Feed>,
        is_first: bool,
        now: Timestamp,
    ) -> Self {
        let known = HashMap::new();
        let priors = HashMap::new();
        Self { line, snapshot, feed, is_first, now, known, seen: Vec::new(), drafts: Vec::new(), priors }
    }

    /// Finds out which entries of a document are new or edited. `is_old`: those that are to be taken as on a first poll.
    pub(super) async fn add(
        &mut self,
        parsed: &ParsedFeed,
        identities: &[EntryIdentity],
        is_old: Option<&[bool]>,
    ) -> Result<PageFound, StoreError> {
        let (feed, now) = (self.feed, self.now);
        let is_sitemap = parsed.kind == FeedKind::Sitemap;
        let has_dates = !fetch::has_stamped_dates(parsed);
        let unspoken = fetch::unspoken_hash();
        let keys: Vec<_> = identities.iter().flat_map(|identity| identity.keys.iter().copied()).collect();
        let stored = self.line.store.known_entries(feed.id, &keys).await?;
        for entry in stored {
            // What a newer document of this poll said of it stands.
            self.known.entry(entry.key).or_insert(entry);
        }
        let mut found = PageFound::default();
        let mut drafts = Vec::new();
        // Feeds list the newest first; articles are taken in as they happened.
        for (index, (entry, identity)) in parsed.entries.iter().zip(identities).enumerate().rev() {
            let is_old = is_old.is_some_and(|is_old| is_old.get(index).copied().unwrap_or_default());
            let is_first = self.is_first || is_old;
            let before = identity.keys.iter().find_map(|key| self.known.get(key)).cloned();
            if before.is_some() {
                found.known += 1;
            } else {
                found.new += 1;
                found.dates.extend(entry.published.or(entry.updated).filter(|_| has_dates));
            }
            // A sitemap that names a page without a headline says nothing of it, nor is it news when another one has its
            // headline: the page was read.
            let content_hash = match &before {
                Some(before)
                    if is_sitemap && (identity.content_hash == unspoken || before.content_hash == unspoken) =>
                {
                    before.content_hash
                }
                _ => identity.content_hash,
            };
            let article = || fetch::to_article(feed, parsed, entry, identity, now);
            let is_recent = |article: &Article| {
                let date = article.published.max(article.updated);
                (has_dates || article.published.is_some()) && date.is_some_and(|at| now.since(at) <= RECENT)
            };
            let draft = match &before {
                // No home page is an article.
                None if is_sitemap && is_home_page(entry) => None,
                None => {
                    let article = article();
                    let wanted = match self.snapshot.config.poll.first_poll {
                        _ if !is_first => true,
                        FirstPoll::All => true,
                        FirstPoll::None => false,
                        FirstPoll::Recent => is_recent(&article),
                    };
                    wanted.then_some(article)
                }
                Some(entry) if entry.content_hash == content_hash => None,
                // Edited: the same article with other words, unless the feed gave its key to another one. An entry that
                // only became known is news if it is recent.
                Some(KnownEntry { article: Some(id), .. }) => {
                    let mut article = article();
                    let recycled =
                        || ArticleId::derive(&[&feed.id.to_string(), &format!("edit:{:x}", identity.content_hash)]);
                    let id = match self.line.store.article(*id).await? {
                        Some(before) if is_edit(&before, &article) => {
                            // Its publisher's address was found before.
                            if publishers::is_behind_aggregator(&article) && !publishers::is_behind_aggregator(&before)
                            {
                                article.url.clone_from(&before.url);
                                article.source.clone_from(&before.source);
                                if !feed.full_text {
                                    article.text_status = TextStatus::Feed;
                                }
                            }
                            self.priors.insert(*id, prior(before));
                            *id
                        }
                        Some(_) => recycled(),
                        // Forgotten, while its keys are not.
                        None => *id,
                    };
                    Some(Article { id, ..article })
                }
                Some(_) => Some(article()).filter(|article| !is_first && is_recent(article)),
            };
            if let Some(article) = draft.as_ref().filter(|article| publishers::is_behind_aggregator(article))
                && let Some(publisher) = entry.source.as_deref().and_then(|site| Url::parse(site).ok())
            {
                let is_uncut = entry.title.as_deref() == Some(article.title.as_str());
                self.line.publishers.remember(article.id, &publisher, is_uncut);
            }
            let article_id =
                draft.as_ref().map(|article| article.id).or(before.as_ref().and_then(|entry| entry.article));
            let is_news = draft.is_some();
            let is_complete = identity.keys.iter().all(|key| self.known.contains_key(key));
            let is_stale = before
                .as_ref()
                .is_some_and(|entry| now.since(entry.last_seen) >= SEEN_AGAIN || entry.content_hash != content_hash);
            if !is_complete || is_stale || is_news {
                self.seen.push(SeenEntry { keys: identity.keys.clone(), article: article_id, content_hash });
                // An entry that the document holds twice is known the second time.
                for key in &identity.keys {
                    let entry = KnownEntry { key: *key, article: article_id, content_hash, last_seen: now };
                    self.known.insert(*key, entry);
                }
            }
            drafts.extend(draft);
        }
        drafts.append(&mut self.drafts);
        self.drafts = drafts;
        Ok(found)
    }

    /// Takes in what another document of the same publisher says: only what is not known, by key, nor by its link. Feeds
    /// know their entries by ids that nobody else has.
    pub(super) async fn add_strangers(&mut self, mut parsed: ParsedFeed) -> Result<PageFound, StoreError> {
        let links = self.line.store.links_since(self.feed.id, self.now.before(LINKS_KNOWN)).await?;
        let links: HashSet<String> = links.iter().filter_map(|link| normalise_link(link)).collect();
        let drafts = self.drafts.iter().filter_map(|article| normalise_link(article.url.as_deref()?));
        let mut links: HashSet<String> = links.into_iter().chain(drafts).collect();
        // Once each, however many sitemaps list it.
        parsed.entries.retain(|entry| {
            let link = entry.link.as_deref().and_then(normalise_link);
            link.is_some_and(|link| links.insert(link))
        });
        let identities = fetch::identify(&parsed);
        let keys: Vec<_> = identities.iter().flat_map(|identity| identity.keys.iter().copied()).collect();
        let stored = self.line.store.known_entries(self.feed.id, &keys).await?;
        let stored: HashSet<EntryKey> = stored.into_iter().map(|entry| entry.key).collect();
        let is_new = |key: &EntryKey| !stored.contains(key) && !self.known.contains_key(key);
        let news = parsed.entries.into_iter().zip(identities);
        let (entries, identities): (Vec<Entry>, Vec<_>) =
            news.filter(|(_, identity)| identity.keys.iter().all(is_new)).unzip();
        let parsed = ParsedFeed { entries, ..parsed };
        self.add(&parsed, &identities, None).await
    }

    /// Judges what is new and adds it to the poll.
    pub(super) async fn finish(self, poll: &mut PollCommit) {
        poll.seen = self.seen;
        if !self.drafts.is_empty() {
            poll.articles = judge_all(self.line, self.snapshot, self.feed, self.drafts, self.priors, self.now).await;
        }
    }
}

fn is_home_page(entry: &Entry) -> bool {
    let url = entry.link.as_deref().and_then(|link| Url::parse(link).ok());
    url.is_some_and(|url| url.path() == "/" && url.query().is_none())
}

/// Whether a known entry with other words is the article that it was. Some feeds count their guids from one again, or have
/// a single item with a constant guid: with another link, and nothing alike in headline and text, it is news.
fn is_edit(before: &Article, now: &Article) -> bool {
    let link = |article: &Article| article.url.as_deref().and_then(normalise_link);
    let same_link = link(before).is_some_and(|before| link(now).as_ref() == Some(&before));
    // Where the publisher's address was found, the token is gone, and the new one may be the same: then anything alike will
    // do, as it does between articles with one link.
    let lost_token = publishers::is_behind_aggregator(now) && !publishers::is_behind_aggregator(before);
    let token = now.url.as_ref().filter(|_| lost_token);
    let said = |article: &Article| Signature::of(&Article { url: token.cloned(), ..article.clone() });
    same_link || said(before).same_story(&said(now)).is_some()
}

fn prior(before: Article) -> PriorText {
    PriorText { title: before.title, summary: before.summary, body: before.body, text_status: before.text_status }
}

/// Judges articles; those whose page is still to be fetched go on unjudged.
async fn judge_all(
    line: &Arc<Line>,
    snapshot: &Arc<Snapshot>,
    feed: &Arc<Feed>,
    drafts: Vec<Article>,
    priors: HashMap<ArticleId, PriorText>,
    now: Timestamp,
) -> Vec<PolledArticle> {
    let size: usize =
        drafts.iter().map(|article| article.title.len() + article.summary.len() + article.body.len()).sum();
    let (line, snapshot, feed) = (Arc::clone(line), Arc::clone(snapshot), Arc::clone(feed));
    let mut compared = 0;
    let mut judge = move |drafts: Vec<Article>| -> Vec<PolledArticle> {
        drafts
            .into_iter()
            .map(|mut article| {
                let mut waits = article.text_status == TextStatus::Pending;
                // For a better link, a publisher is asked only where somebody would be told.
                let asks_publisher = waits && !feed.full_text && publishers::is_behind_aggregator(&article);
                let mut verdict =
                    (!waits || asks_publisher).then(|| line.judge(&snapshot, &mut article, &feed.labels, now));
                if asks_publisher {
                    waits = verdict.as_ref().is_some_and(|verdict| !verdict.matches.is_empty());
                    if waits {
                        verdict = None;
                    } else {
                        article.text_status = TextStatus::Feed;
                        line.publishers.forget(article.id);
                    }
                }
                // A feed that rewrites all its entries at every poll must not keep us comparing.
                let prior = priors.get(&article.id).filter(|_| !waits && compared < COMPARED);
                let change = prior.and_then(|prior| {
                    compared += 1;
                    story::change(prior, &article, now)
                });
                PolledArticle { article, verdict, change }
            })
            .collect()
    };
    if size <= INLINE_BYTES {
        return judge(drafts);
    }
    let again = drafts.clone();
    match tokio::task::spawn_blocking(move || judge(drafts)).await {
        Ok(judged) => judged,
        // The pool is gone only while the process stops; the articles wait in the `fresh` queue.
        Err(_) => again.into_iter().map(|article| PolledArticle { article, verdict: None, change: None }).collect(),
    }
}
