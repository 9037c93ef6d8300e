//! Judge: articles that wait for their page. The page is fetched under the same guards as a feed, its text taken out,
//! and the article judged; if the page can't be had, the feed's own text is judged, and the alert says so. An article whose
//! entry was edited has its page asked for again: whether it changed, if that can be asked.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fetch::{self, FULL_READ_EVERY, FetchError, Fetched};
use crate::model::{Article, ArticleId, Labels, Leased, PageMemory, PriorText, TextStatus, Timestamp, Validators};
use crate::store::{StoreError, VerdictCommit};
use crate::story;
use crate::text::{Extracted, extract_article};

use super::line::OnDrop;
use super::{Line, Pace, Snapshot, Stage, links, publishers};

/// Articles in hand at once; each may hold a page.
const MOST_IN_HAND: usize = 64;
const LEASE: Duration = Duration::from_secs(2 * 60);
/// A page of a sitemap that is older than this by its own date is not news, however late the sitemap lists it: sites
/// list pages anew when they edit them. A guess.
const OLD_PAGE: Duration = Duration::from_secs(7 * 24 * 3600);
/// Pages taken apart at once: it is all CPU, and the blocking pool is shared.
const EXTRACTIONS: usize = 2;

/// The judge stage.
#[derive(Debug)]
pub struct Judge {
    in_hand: Arc<Mutex<HashSet<ArticleId>>>,
    extractions: Arc<Semaphore>,
}

impl Default for Judge {
    fn default() -> Self {
        Self { in_hand: Arc::default(), extractions: Arc::new(Semaphore::new(EXTRACTIONS)) }
    }
}

impl Stage for Judge {
    const NAME: &'static str = "judge";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, stop: &CancellationToken) -> Result<Pace, StoreError> {
        let room = MOST_IN_HAND.saturating_sub(self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).len());
        if room == 0 {
            return Ok(Pace::WaitUntil(None));
        }
        let limit = u32::try_from(room).unwrap_or(1);
        let claimed = line.store.claim_articles(&line.claim(now, LEASE, limit)).await?;
        for leased in claimed {
            self.start(line, leased, stop);
        }
        Ok(Pace::WaitUntil(None))
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.judge
    }
}

impl Judge {
    fn start(&self, line: &Arc<Line>, leased: Leased<Article, ArticleId>, stop: &CancellationToken) {
        let id = leased.lease.id;
        if !self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return;
        }
        let (in_hand, extractions) = (Arc::clone(&self.in_hand), Arc::clone(&self.extractions));
        let (line, stop) = (Arc::clone(line), stop.clone());
        line.tasks.clone().spawn(async move {
            let nudged = Arc::clone(&line);
            let _done = OnDrop::new(move || {
                in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                nudged.nudges.judge.notify_one();
            });
            // Cut short, nothing was committed: the article is still fresh.
            let _ = stop.run_until_cancelled(judge_article(&line, leased, &extractions)).await;
        });
    }
}

/// Fetches the page, judges the article and commits the verdict. Returns the number of alerts raised.
pub(super) async fn judge_article(
    line: &Arc<Line>,
    leased: Leased<Article, ArticleId>,
    extractions: &Arc<Semaphore>,
) -> usize {
    let Leased { lease, item: mut article } = leased;
    let snapshot = line.live.load();
    let mut is_old_page = false;
    if links::only_leads_on(&article, snapshot.feeds.get(&article.feed).map(|feed| &**feed)) {
        if !links::resolve(&snapshot, &mut article).await {
            return 0;
        }
        article.text_status = TextStatus::Feed;
    }
    if article.text_status == TextStatus::Pending && publishers::is_behind_aggregator(&article) {
        line.find_publisher(&snapshot, &mut article).await;
        let wants_page = snapshot.feeds.get(&article.feed).is_some_and(|feed| feed.full_text);
        if !wants_page {
            article.text_status = TextStatus::Feed;
        } else if publishers::is_behind_aggregator(&article) {
            // The aggregator's own page says nothing of the article.
            article.text_status = TextStatus::Failed;
            article.text_error = Some("the link is an aggregator's, and where it leads could not be found out".into());
        }
    }
    // Of an edited article, what it said before. Without an answer only the comparison is lost.
    let prior = line.store.prior_text(article.id).await.unwrap_or_else(|error| {
        tracing::warn!(article.id = %article.id, error = %line.chain(&error), "an edit's former text can't be had");
        None
    });
    let mut memory = None;
    if article.text_status == TextStatus::Pending {
        let known = known_page(line, &article, prior.as_ref()).await;
        match page_text(&snapshot, &article, known.as_ref(), extractions).await {
            Page::Busy => return 0,
            Page::Same => {
                if let (Some(known), Some(prior)) = (known, &prior) {
                    article.body.clone_from(&prior.body);
                    article.text_status = TextStatus::Page;
                    article.url.clone_from(&known.url);
                    article.source.clone_from(&known.source);
                    article.author = article.author.or_else(|| known.author.clone());
                    article.declared_lang = article.declared_lang.or(known.lang);
                    memory = Some(known);
                }
            }
            Page::Text(page, validators) => {
                let link = article.url.clone();
                let (author, lang, is_whole) = (page.author.clone(), page.lang, !page.is_beginning && !page.is_rough);
                let landed_at = page.url.clone();
                if let Some(landed) = page.url.as_deref().and_then(|url| Url::parse(url).ok()) {
                    links::settle(&mut article, &landed, page.canonical.as_deref());
                }
                // From a sitemap that has nothing but addresses.
                if article.title.is_empty() {
                    is_old_page = page.published.is_some_and(|at| article.fetched_at.since(at) > OLD_PAGE);
                    article.published = page.published.or(article.updated);
                    article.title = page.title;
                }
                article.author = article.author.or(page.author);
                article.declared_lang = article.declared_lang.or(page.lang);
                if page.is_beginning {
                    // No full text: the feed's own summary says more of the whole, where there is one.
                    article.text_status = TextStatus::Failed;
                    article.text_error =
                        Some("the article is behind a paywall; the page shows only its beginning".into());
                    if article.summary.is_empty() {
                        article.summary = page.body;
                    }
                } else if page.is_rough {
                    tracing::debug!(article.url = article.url, why = ?page.warnings, "the page's text is taken roughly");
                    article.body = page.body;
                    article.text_status = TextStatus::Rough;
                    article.text_error = page.warnings.into_iter().next();
                } else {
                    article.body = page.body;
                    article.text_status = TextStatus::Page;
                }
                if let (true, Some(link), Some(landed)) =
                    (is_whole && validators != Validators::default(), link, landed_at)
                {
                    let (read_at, url, source) = (line.clock.now(), article.url.clone(), article.source.clone());
                    memory = Some(PageMemory { link, landed, validators, read_at, url, source, author, lang });
                }
            }
            Page::Missing(why) => {
                tracing::debug!(article.url = article.url, error = why, "no full text");
                article.text_status = TextStatus::Failed;
                article.text_error = Some(why);
                if article.title.is_empty() {
                    let url = article.url.as_deref().and_then(|url| Url::parse(url).ok());
                    article.title = url.map(|url| fetch::words_of_address(&url)).unwrap_or_default();
                }
            }
        }
    }
    let labels = snapshot.feeds.get(&article.feed).map(|feed| feed.labels.clone()).unwrap_or_default();
    let now = line.clock.now();
    let Some((article, mut verdict)) = judge_on_pool(line, &snapshot, article, labels, now).await else { return 0 };
    if is_old_page && !verdict.matches.is_empty() {
        tracing::info!(article.url = article.url, "an old page that its sitemap lists only now: nobody is told");
        verdict.matches.clear();
        verdict.signature = None;
    }
    let (title, article_id) = (article.title.clone(), article.id);
    let change = prior.and_then(|prior| story::change(&prior, &article, now));
    let commit = VerdictCommit { lease, article, verdict, change, page: memory };
    let until = commit.lease.until.min(now + LEASE);
    let attempt = || line.store.commit_verdict(commit.clone(), Arc::clone(&snapshot.desk), now);
    // A stop cuts all of this.
    match line.insist(until, &CancellationToken::new(), attempt).await {
        Ok(committed) => {
            line.publishers.forget(article_id);
            line.after_commit(&committed);
            committed.alerts.len()
        }
        Err(error) => {
            line.commit_failed(&format!("the article “{title}”"), &error);
            0
        }
    }
}

async fn judge_on_pool(
    line: &Arc<Line>,
    snapshot: &Arc<Snapshot>,
    mut article: Article,
    labels: Labels,
    now: Timestamp,
) -> Option<(Article, crate::store::Verdict)> {
    let (line, snapshot) = (Arc::clone(line), Arc::clone(snapshot));
    let judged = tokio::task::spawn_blocking(move || {
        let verdict = line.judge(&snapshot, &mut article, &labels, now);
        (article, verdict)
    });
    judged.await.ok()
}

/// What came of asking for a page.
enum Page {
    /// Its article, and what to ask with next time.
    Text(Box<Extracted>, Validators),
    /// It is as it was.
    Same,
    /// It can't be had, and why.
    Missing(String),
    /// Its host has enough to do: the article keeps its lease and comes again when that runs out.
    Busy,
}

/// What is remembered of the page of an edited article, where its text is at hand and the page need only be asked whether it
/// changed. Once a day it is read all the same: servers lie.
async fn known_page(line: &Line, article: &Article, prior: Option<&PriorText>) -> Option<PageMemory> {
    // An entry without a headline has its page's, which is not kept apart.
    if prior.is_none_or(|prior| prior.text_status != TextStatus::Page) || article.title.is_empty() {
        return None;
    }
    let known = match line.store.page_memory(article.id).await {
        Ok(known) => known?,
        Err(error) => {
            tracing::warn!(article.id = %article.id, error = %line.chain(&error), "a page's validators can't be had");
            return None;
        }
    };
    let now = line.clock.now();
    let is_fresh = known.read_at <= now && now.since(known.read_at) < FULL_READ_EVERY;
    (is_fresh && article.url.as_ref() == Some(&known.link)).then_some(known)
}

/// The text of the linked page.
async fn page_text(
    snapshot: &Snapshot,
    article: &Article,
    known: Option<&PageMemory>,
    extractions: &Arc<Semaphore>,
) -> Page {
    extracted(snapshot, article, known, extractions).await.unwrap_or_else(Page::Missing)
}

async fn extracted(
    snapshot: &Snapshot,
    article: &Article,
    known: Option<&PageMemory>,
    extractions: &Arc<Semaphore>,
) -> Result<Page, String> {
    let link = article.url.as_deref().ok_or("the entry has no link")?;
    let url = Url::parse(link).map_err(|error| format!("the link cannot be read: {error}"))?;
    let landed = known.and_then(|known| Url::parse(&known.landed).ok());
    let asked_with = landed.as_ref().zip(known.map(|known| &known.validators));
    let document = match snapshot.client.fetch_page(&url, asked_with).await {
        Ok(Fetched::Document(document)) => *document,
        Ok(Fetched::NotModified { .. }) if asked_with.is_some() => return Ok(Page::Same),
        Ok(Fetched::NotModified { .. }) => return Err("the server says “not modified” to a first request".to_owned()),
        Err(FetchError::Busy { .. }) => return Ok(Page::Busy),
        Err(error) => return Err(error.to_string()),
    };
    let turn = Arc::clone(extractions).acquire_owned().await.map_err(|error| error.to_string())?;
    let validators = document.validators.clone();
    let extract = move || {
        // Held by the work, not by who waits for it: work that nobody waits for any more still takes a thread.
        let _turn = turn;
        extract_article(&document.body, document.content_type.as_deref(), Some(&document.final_url))
    };
    match tokio::task::spawn_blocking(extract).await {
        Ok(Ok(extracted)) => Ok(Page::Text(Box::new(extracted), validators)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the page could not be taken apart".to_owned()),
    }
}
