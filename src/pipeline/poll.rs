//! Poll: a feed that is due is fetched, parsed, compared with what is known, judged, and committed in one transaction.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::fetch::{
    self, Cadence, Document, EntryIdentity, FetchError, Fetched, Found, Hints, Kind, ParsedFeed, PollEnd, Request,
};
use crate::model::{Feed, FeedId, FeedState, FeedTrouble, Leased, Timestamp, Validators};
use crate::store::{Committed, PollCommit, SitemapMemory, StoreError};
use crate::telemetry::PollOutcome;
use crate::text::html_to_text;

use super::cut_off;
use super::entries::{Intake, PageFound};
use super::gap;
use super::health::{self, Success};
use super::line::OnDrop;
use super::outlook::{Darkness, Front, place};
use super::push;
use super::sitemap::{self, FollowError, Followed};
use super::{Line, Pace, Snapshot, Stage};

/// Feeds in hand at once. They wait for their host's turn inside the HTTP client, which holds at most 64 connections;
/// a waiting feed costs a few kilobytes.
const MOST_IN_HAND: usize = 2048;
/// Feeds per claim: keeps one transaction short.
const CLAIM: u32 = 512;
/// Twice what a poll may take: its host's queue, its deadline, a busy database. A poll that could not be committed comes
/// again after that.
const LEASE: Duration = Duration::from_secs(2 * 60);
/// Documents larger than this are parsed on the blocking pool; smaller ones take under a millisecond. Measured: 60 MB
/// and more per second.
pub(super) const INLINE_BYTES: usize = 48 * 1024;

/// Delays up to this are measured.
const MEASURED: Duration = Duration::from_secs(2 * 24 * 3600);

/// So much of a page is compared with others.
const FRONT_BYTES: usize = 64 * 1024;

/// The poll stage.
#[derive(Debug, Default)]
pub struct Poll {
    in_hand: Arc<Mutex<HashSet<FeedId>>>,
}

impl Stage for Poll {
    const NAME: &'static str = "poll";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, stop: &CancellationToken) -> Result<Pace, StoreError> {
        let room = MOST_IN_HAND.saturating_sub(self.in_hand().len());
        if room == 0 {
            return Ok(Pace::WaitUntil(None));
        }
        let limit = CLAIM.min(u32::try_from(room).unwrap_or(CLAIM));
        let claimed = line.store.claim_feeds(&line.claim(now, LEASE, limit)).await?;
        let full = claimed.len() == limit as usize;
        for feed in claimed {
            self.start(line, feed, stop);
        }
        if full { Ok(Pace::Again) } else { Ok(Pace::WaitUntil(line.store.next_poll_at().await?)) }
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.poll
    }
}

impl Poll {
    fn in_hand(&self) -> std::sync::MutexGuard<'_, HashSet<FeedId>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, line: &Arc<Line>, feed: Leased<FeedState, FeedId>, stop: &CancellationToken) {
        let id = feed.lease.id;
        if !self.in_hand().insert(id) {
            return;
        }
        let (in_hand, line, stop) = (Arc::clone(&self.in_hand), Arc::clone(line), stop.clone());
        line.tasks.clone().spawn(async move {
            let nudged = Arc::clone(&line);
            let _done = OnDrop::new(move || {
                in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
                nudged.nudges.poll.notify_one();
            });
            // Cut short, nothing was committed: the lease is handed back on a clean stop and runs out otherwise.
            let _ = stop.run_until_cancelled(poll_feed(&line, feed, &stop)).await;
        });
    }
}

/// How a poll ended, for `run --once` and `feed poll`.
#[derive(Debug)]
pub(super) enum Polled {
    /// The feed answered; what the commit did.
    Fine(Committed),
    /// The feed did not answer as it should; that was committed too.
    Failed(String),
    /// Nothing was committed: the feed is no longer configured, or the store failed.
    Dropped,
}

/// Polls one feed and commits what came of it, success or not.
pub(super) async fn poll_feed(line: &Arc<Line>, leased: Leased<FeedState, FeedId>, stop: &CancellationToken) -> Polled {
    let snapshot = line.live.load();
    let Some(feed) = snapshot.feeds.get(&leased.lease.id).map(Arc::clone) else { return Polled::Dropped };
    let Leased { lease, item: state } = leased;
    let asked = health::address(&feed, &state);
    let (read, moved_to) = match pushed(line, &feed, &state).await {
        Some(read) => (Ok(read), None),
        None => match fetched(line, &snapshot, &feed, &state, &asked, stop).await {
            Some(answer) => answer,
            None => return Polled::Dropped,
        },
    };
    let now = line.clock.now();
    let mut poll =
        PollCommit { lease, state, seen: Vec::new(), articles: Vec::new(), health: Vec::new(), sitemaps: None };
    let mut dark = None;
    let failure = match read {
        Ok(read) => match succeed(line, &snapshot, &feed, &mut poll, read, (&asked, moved_to.as_ref()), now).await {
            Ok(()) => None,
            Err(error) => {
                line.commit_failed(&format!("the poll of {}", feed.url), &error);
                return Polled::Dropped;
            }
        },
        Err(mut trouble) => {
            line.metrics.polled(trouble.outcome);
            // Once per trouble: when it begins, and when it becomes another one.
            if poll.state.last_error.as_deref() == Some(trouble.message.as_str()) || trouble.end == PollEnd::NotTried {
                tracing::debug!(feed.url = %feed.url, error = trouble.message, "poll failed");
            } else {
                let what = if trouble.part.is_some() { "only a part of the feed came" } else { "poll failed" };
                tracing::warn!(feed.url = %feed.url, error = trouble.message, "{what}");
            }
            if let Some(part) = trouble.part.take()
                && let Err(error) = cut_off::take_in(line, &snapshot, &feed, &mut poll, *part, now).await
            {
                line.commit_failed(&format!("the poll of {}", feed.url), &error);
                return Polled::Dropped;
            }
            dark = fail(line, &snapshot, &feed, &mut poll, &trouble, now);
            Some(trouble.message)
        }
    };
    let told: Vec<_> = poll.health.iter().map(|draft| draft.event.clone()).collect();
    let waits_for_page = poll.articles.iter().any(|polled| polled.verdict.is_none());
    // A single round's lease is far longer.
    let until = poll.lease.until.min(now + LEASE);
    let commit = || line.store.commit_poll(poll.clone(), Arc::clone(&snapshot.desk), now);
    match line.insist(until, stop, commit).await {
        Ok(committed) => {
            for event in told {
                tracing::warn!(health.key = event.key, detail = event.detail, "{}", event.title);
                line.nudges.deliver.notify_one();
            }
            if waits_for_page {
                line.nudges.judge.notify_one();
            }
            line.after_commit(&committed);
            // It came while this poll was under way.
            if line.push.waits(feed.id) && line.store.poll_now(feed.id, now).await.is_ok() {
                line.nudges.poll.notify_one();
            }
            if let (Some(dark), Some(error)) = (dark, &failure) {
                line.tell_darkness(dark, error, now).await;
            }
            failure.map_or(Polled::Fine(committed), Polled::Failed)
        }
        Err(error) => {
            line.commit_failed(&format!("the poll of {}", feed.url), &error);
            Polled::Dropped
        }
    }
}

/// What a hub sent and waits for this poll. What can't be read is dropped: the feed is fetched instead.
async fn pushed(line: &Arc<Line>, feed: &Arc<Feed>, state: &FeedState) -> Option<Read> {
    let document = line.push.take(feed, state)?;
    match read_document(line, feed, state, document, None).await {
        Ok(Read::Changed(read)) if !read.parsed.is_index => {
            Some(Read::Changed(Box::new(ReadFeed { is_push: true, ..*read })))
        }
        Ok(_) => None,
        Err(trouble) => {
            tracing::debug!(feed.url = %feed.url, error = trouble.message, "a push could not be read; fetching");
            None
        }
    }
}

/// Asks the feed's server. What was read, and where the feed has moved for good; `None` once all work is to stop.
async fn fetched(
    line: &Arc<Line>,
    snapshot: &Arc<Snapshot>,
    feed: &Arc<Feed>,
    state: &FeedState,
    asked: &Url,
    stop: &CancellationToken,
) -> Option<(Result<Read, Trouble>, Option<Url>)> {
    let wants_full = fetch::wants_full(state, line.clock.now());
    let kind = if feed.page.is_some() { Kind::Page } else { Kind::Feed };
    let request = Request { url: asked, kind, validators: (!wants_full).then_some(&state.validators) };
    let answer = snapshot.client.fetch(&request).await;
    if stop.is_cancelled() {
        return None;
    }
    let now = line.clock.now();
    let moved_to = match &answer {
        Ok(Fetched::NotModified { permanent_redirect, .. }) => permanent_redirect.clone(),
        Ok(Fetched::Document(document)) => document.permanent_redirect.clone(),
        Err(_) => None,
    };
    let read = match answer {
        Ok(Fetched::NotModified { hints, validators, .. }) => Ok(Read::Same { hints, validators, was_read: false }),
        Ok(Fetched::Document(document)) => {
            let read = read_document(line, feed, state, *document, None).await;
            followed(line, snapshot, feed, state, read).await
        }
        // Of a page, nobody knows what its other half would have held.
        Err(FetchError::CutOff { ref part, .. }) if feed.page.is_none() => {
            let reason = answer.as_ref().err().map(ToString::to_string);
            let read = read_document(line, feed, state, Document::clone(part), reason).await;
            followed(line, snapshot, feed, state, read).await
        }
        Err(error) => Err(Trouble::from_fetch(&error, asked, state.failures.saturating_add(1))),
    };
    match &read {
        Err(Trouble { front: Some(_), .. }) => line.look_back().await,
        Err(Trouble { kind: FeedTrouble::Unreachable, .. } | Trouble { end: PollEnd::NotTried, .. }) => {}
        Ok(_) | Err(_) => line.somebody_answered(now).await,
    }
    Some((read, moved_to))
}

/// A feed that answered.
enum Read {
    /// It has not changed since the last poll: by its server's word, or, where its body was read, to the byte.
    Same { hints: Hints, validators: Validators, was_read: bool },
    /// A readable document.
    Changed(Box<ReadFeed>),
}

/// A document that says something new.
pub(super) struct ReadFeed {
    pub(super) document: Document,
    body_hash: i64,
    pub(super) parsed: ParsedFeed,
    pub(super) identities: Vec<EntryIdentity>,
    /// Of an index of sitemaps: which entries come from one that is read for the first time, and what to remember.
    pub(super) followed: Option<(Vec<bool>, Vec<SitemapMemory>)>,
    /// A hub sent it.
    is_push: bool,
}

/// A feed that did not.
pub(super) struct Trouble {
    pub(super) outcome: PollOutcome,
    /// What is wrong.
    pub(super) kind: FeedTrouble,
    /// In words.
    pub(super) message: String,
    /// What it means for the next poll.
    pub(super) end: PollEnd,
    /// What answered in the feed's place, if anything that may stand before the whole network did.
    pub(super) front: Option<Front>,
    /// What came whole of a feed that was cut off.
    pub(super) part: Option<Box<ReadFeed>>,
}

impl Trouble {
    fn from_fetch(error: &FetchError, asked: &Url, failures: u32) -> Self {
        let (kind, end) = (error.trouble(), error.poll_end(failures));
        let front = match error {
            FetchError::Tls { .. } => Some(Front::Certificate),
            FetchError::Status { status: 511, .. } => Some(Front::Login),
            // Led to an address of this network, by a redirect or by its names.
            FetchError::Refused(refused) if asked.host_str() == Some(&refused.host) => {
                Some(Front::Place(refused.address.to_string()))
            }
            FetchError::Refused(refused) => Some(Front::Place(refused.host.clone())),
            _ => None,
        };
        Self { outcome: PollOutcome::FetchFailed, kind, message: error.to_string(), end, front, part: None }
    }
}

/// What answered with a page where there should be a feed.
fn front_of(document: &Document, asked: &Url) -> Front {
    let (asked, landed) = (place(asked), place(&document.final_url));
    if asked != landed {
        return Front::Place(landed);
    }
    // Its text: the rest holds the address that was asked for, and tokens.
    let text = html_to_text(&String::from_utf8_lossy(&document.body[..document.body.len().min(FRONT_BYTES)]));
    Front::Page(if text.is_empty() { xxh3_64(&document.body) } else { xxh3_64(text.as_bytes()) })
}

/// Tells a document that was read before. Other selectors read another thing in the same page.
fn body_hash(body: &[u8], feed: &Feed) -> i64 {
    let seed = feed.page.as_ref().map_or(0, |page| xxh3_64(format!("{page:?}").as_bytes()));
    xxh3_64_with_seed(body, seed).cast_signed()
}

async fn read_document(
    line: &Arc<Line>,
    feed: &Arc<Feed>,
    state: &FeedState,
    document: Document,
    broke_off: Option<String>,
) -> Result<Read, Trouble> {
    let body_hash = body_hash(&document.body, feed);
    if state.body_hash == Some(body_hash) && broke_off.is_none() {
        return Ok(Read::Same { hints: document.hints, validators: document.validators, was_read: true });
    }
    // A page takes milliseconds.
    let is_small = document.body.len() <= INLINE_BYTES && feed.page.is_none();
    let page = feed.page.clone();
    let parse = move || {
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            let kind = document.content_type.as_deref();
            let parsed = fetch::read_answer(&document.body, kind, &document.final_url, page.as_ref())?;
            let identities = fetch::identify(&parsed);
            Ok::<_, fetch::ParseError>((parsed, identities))
        }));
        (document, parsed)
    };
    let joined = if is_small { Ok(parse()) } else { tokio::task::spawn_blocking(parse).await };
    let end = PollEnd::Failed { failures: state.failures.saturating_add(1), retry_after: None };
    let trouble = |kind, message: String| Trouble {
        outcome: PollOutcome::ParseFailed,
        kind,
        message,
        end,
        front: None,
        part: None,
    };
    match joined {
        Ok((document, Ok(Ok((parsed, identities))))) => {
            if !parsed.warnings.is_empty() {
                tracing::debug!(feed.url = %feed.url, warnings = ?parsed.warnings, "read with repairs");
            }
            let ends_early = parsed.ends_early || broke_off.is_some();
            let read = ReadFeed { document, body_hash, parsed, identities, followed: None, is_push: false };
            if ends_early {
                return Err(cut_off::trouble(state, read, broke_off));
            }
            Ok(Read::Changed(Box::new(read)))
        }
        Ok((_, Ok(Err(error)))) if broke_off.is_some() || matches!(error, fetch::ParseError::EndsEarly { .. }) => {
            let end = PollEnd::CutOff { failures: state.failures.saturating_add(1) };
            let message = broke_off.unwrap_or_else(|| line.chain(&error));
            Err(Trouble { outcome: PollOutcome::CutOff, end, ..trouble(FeedTrouble::CutOff, message) })
        }
        Ok((document, Ok(Err(error)))) => {
            let kind = match error {
                fetch::ParseError::Html { .. } => fetch::page_trouble(&document.body, &document.final_url),
                _ => FeedTrouble::Broken,
            };
            let is_page = matches!(
                error,
                fetch::ParseError::Html { .. }
                    | fetch::ParseError::NothingSelected { .. }
                    | fetch::ParseError::NoLinks { .. }
            );
            let front = is_page.then(|| front_of(&document, &health::address(feed, state)));
            Err(Trouble { front, ..trouble(kind, line.chain(&error)) })
        }
        Ok((_, Err(_))) | Err(_) => {
            tracing::error!(feed.url = %feed.url, "the parser failed on this feed; please report it");
            Err(trouble(FeedTrouble::Broken, "the feed parser failed on this document; please report it".to_owned()))
        }
    }
}

/// Where the feed is an index, reads what it lists, in its place.
async fn followed(
    line: &Arc<Line>,
    snapshot: &Snapshot,
    feed: &Feed,
    state: &FeedState,
    read: Result<Read, Trouble>,
) -> Result<Read, Trouble> {
    match read {
        Ok(Read::Changed(read)) if read.parsed.is_index => follow(line, snapshot, feed, state, *read).await,
        // Of a list that is cut off, what it names is as good as ever.
        Err(Trouble { part: Some(part), .. }) if part.parsed.is_index => {
            let index = ReadFeed { parsed: ParsedFeed { ends_early: true, ..part.parsed }, ..*part };
            follow(line, snapshot, feed, state, index).await
        }
        read => read,
    }
}

/// Reads what an index lists, in its place.
async fn follow(
    line: &Arc<Line>,
    snapshot: &Snapshot,
    feed: &Feed,
    state: &FeedState,
    index: ReadFeed,
) -> Result<Read, Trouble> {
    match sitemap::follow(line, snapshot, feed, index.parsed, state.failures.saturating_add(1)).await {
        Ok(Followed { parsed, identities, is_old, memory }) => {
            let followed = Some((is_old, memory));
            let read = ReadFeed { parsed, identities, followed, ..index };
            if read.parsed.ends_early {
                return Err(cut_off::trouble(state, read, None));
            }
            Ok(Read::Changed(Box::new(read)))
        }
        Err(FollowError::None { message, end }) => {
            let is_unreachable = matches!(end, PollEnd::Unreachable { .. });
            let kind = if is_unreachable { FeedTrouble::Unreachable } else { FeedTrouble::Broken };
            Err(Trouble { outcome: PollOutcome::FetchFailed, kind, message, end, front: None, part: None })
        }
        Err(FollowError::Store(error)) => {
            let (outcome, kind) = (PollOutcome::FetchFailed, FeedTrouble::Other);
            Err(Trouble { outcome, kind, message: line.chain(&error), end: PollEnd::NotTried, front: None, part: None })
        }
    }
}

/// Writes a success into the poll: state, entries, articles, and the good news after an outage.
async fn succeed(
    line: &Arc<Line>,
    snapshot: &Arc<Snapshot>,
    feed: &Arc<Feed>,
    poll: &mut PollCommit,
    read: Read,
    (asked, moved_to): (&Url, Option<&Url>),
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_first = poll.state.last_success_at.is_none();
    let (mut found, mut gap) = (None, None);
    let last_new = poll.state.last_new_at;
    let (hints, validators, was_read) = match read {
        Read::Same { hints, validators, was_read } => {
            line.metrics.polled(PollOutcome::NotModified);
            (hints, validators, was_read)
        }
        Read::Changed(read) => {
            let ReadFeed { document, body_hash, parsed, identities, followed, is_push } = *read;
            line.metrics.polled(PollOutcome::Changed);
            line.metrics.entries_read(parsed.entries.len());
            let (is_old, sitemaps) = followed.unzip();
            let is_index = sitemaps.is_some();
            poll.state.hint = parsed.poll_hint;
            // An index may be the same while what it lists is not: it is read again each time.
            if !is_push {
                poll.state.body_hash = sitemaps.is_none().then_some(body_hash);
            }
            let validators = if is_index { Validators::default() } else { document.validators.clone() };
            poll.sitemaps = sitemaps;
            poll.state.title = parsed.title.clone().or(poll.state.title.take());
            let mut intake = Intake::new(line, snapshot, feed, is_first, now);
            let mut page = intake.add(&parsed, &identities, is_old.as_deref()).await?;
            if !is_index && !is_push && gap::is_gap(&poll.state, &page) {
                let edge = gap::Edge { document: &document, parsed: &parsed, identities: &identities };
                let filled = gap::fill(&mut intake, line, snapshot, feed, &poll.state, edge, &mut page).await?;
                gap = filled.lost;
                poll.sitemaps = filled.sitemaps;
            }
            poll.state.history.sequence = gap::counted(&identities).map(|(_, highest)| highest);
            if !is_first {
                // Older dates are mistakes, or entries that were put in late.
                let late = page.dates.iter().filter(|date| **date <= now && now.since(**date) <= MEASURED);
                late.for_each(|date| line.metrics.entry_read(now.since(*date)));
            }
            // A hub may send the news alone; the feed itself still holds what it held.
            let still = if is_push { usize::try_from(poll.state.history.window).unwrap_or(0) } else { 0 };
            found = Some((parsed.entries.len().max(still), page));
            intake.finish(poll).await;
            if !is_push {
                if snapshot.config.http_public_url.is_some() && feed.page.is_none() {
                    push::discovered(line, snapshot, feed, fetch::hub_of(&document), now).await?;
                }
                if let Some(before) = poll.state.last_attempt_at.filter(|_| !poll.articles.is_empty()) {
                    push::missed(line, feed, before, now).await?;
                }
            }
            (document.hints, validators, !is_push)
        }
    };
    learn(feed, &mut poll.state, found.as_ref(), now);
    let success = Success { asked, moved_to, page: found.as_ref().map(|(_, page)| page), gap, last_new };
    health::succeeded(snapshot, feed, poll, &success, now);
    poll.state.validators = validators;
    poll.state.last_attempt_at = Some(now);
    if was_read {
        poll.state.last_full_at = Some(now);
    }
    let state = &mut poll.state;
    if state.failures > 0 {
        tracing::info!(feed.url = %feed.url, failures = state.failures, "the feed answers again");
    }
    state.failures = 0;
    state.failing_since = None;
    state.last_error = None;
    state.last_success_at = Some(now);
    let cadence = cadence_of(snapshot, feed, state, now);
    let hint = fetch::slowest_hint([state.hint, hints.max_age, hints.retry_after]);
    let planned = cadence.next_poll(feed.id, hint, PollEnd::Succeeded, now);
    let interval = feed.interval.unwrap_or(snapshot.config.poll.interval);
    state.next_poll_at = line.push.slowed(feed, planned, interval, now);
    Ok(())
}

/// What the poll says about the feed's rhythm; before the state's times move on.
pub(super) fn learn(feed: &Feed, state: &mut FeedState, found: Option<&(usize, PageFound)>, now: Timestamp) {
    let nothing = PageFound::default();
    let page = found.map_or(&nothing, |(_, page)| page);
    fetch::learn(
        &mut state.history,
        &Found {
            now,
            since: state.last_success_at,
            last_new: state.last_new_at,
            zone: feed.zone.unwrap_or(chrono_tz::Tz::UTC),
            window: found.map(|(window, _)| *window),
            new: page.new,
            dates: &page.dates,
        },
    );
    if state.last_success_at.is_some() {
        if page.new > 0 {
            state.last_new_at = Some(now);
        }
    } else if page.new > 0 {
        // The first document says itself how old its news is.
        state.last_new_at = Some(page.dates.iter().copied().filter(|date| *date <= now).max().unwrap_or(now));
    }
}

/// Writes a failure into the poll: it backs off, never stops for good, and is told once it has lasted.
fn fail(
    line: &Line,
    snapshot: &Snapshot,
    feed: &Feed,
    poll: &mut PollCommit,
    trouble: &Trouble,
    now: Timestamp,
) -> Option<Darkness> {
    let state = &mut poll.state;
    let end = cut_off::counted_anew(state, trouble.end);
    state.next_poll_at = cadence_of(snapshot, feed, state, now).next_poll(feed.id, state.hint, end, now);
    if end == PollEnd::NotTried {
        return None;
    }
    state.last_attempt_at = Some(now);
    state.failures = state.failures.saturating_add(1);
    state.last_error = Some(trouble.message.chars().take(1000).collect());
    state.failing_since.get_or_insert(now);
    let dark = health::failed(line, snapshot, feed, poll, trouble, now);
    if dark.is_some() {
        // Not the feed's fault: once the network is back it must not have to wait for a day.
        let state = &mut poll.state;
        let end = PollEnd::Unreachable { failures: state.failures };
        state.next_poll_at = cadence_of(snapshot, feed, state, now).next_poll(feed.id, state.hint, end, now);
    }
    dark
}

fn cadence_of<'a>(snapshot: &Snapshot, feed: &'a Feed, state: &FeedState, now: Timestamp) -> Cadence<'a> {
    Cadence::of(feed, &snapshot.config.poll.pace(), &state.history, now)
}
