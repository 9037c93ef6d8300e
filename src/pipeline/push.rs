//! Push: hubs that send a feed's news as soon as it is published (WebSub), so that polling can be slow.
//!
//! ```text
//! a poll finds a hub ─→ Pending ─ asked ─→ the hub asks back ─→ Active ─ renewed before the lease ends ─┐
//!                          ↑                                      └── lease over: Pending, polled at once ┘
//! feed, hub or `public_url` gone ─→ Leaving ─ told ─→ the hub asks back, or a day passes ─→ forgotten
//! ```
//!
//! What a hub sends is not taken in here. It waits in memory while the feed is made due in the database, and the poll
//! that claims it reads it instead of fetching: one road into the store, with its leases and limits. Should the process die
//! between the two, the feed is due all the same and is fetched.
//!
//! The decision to question: a subscription is only trusted after a first push, and no longer once a poll finds news that
//! the hub did not send. The price is some polls more; in return a hub that falls silent costs minutes, not hours.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::fetch::{self, Document, Hints, Hub, Signed};
use crate::model::{Feed, FeedId, FeedState, Subscription, SubscriptionState, Timestamp};
use crate::store::{Store, StoreError};

use super::{Line, Pace, Snapshot, Stage};

/// How long a lease is asked for: ten days, as hubs give by themselves.
const LEASE_SECONDS: u64 = 10 * 24 * 3600;
/// Shorter leases are renewed as if they were this long …
const SHORTEST_LEASE: Duration = Duration::from_secs(60);
/// … and longer ones, within this time.
const LONGEST_LEASE: Duration = Duration::from_secs(30 * 24 * 3600);
/// A hub has this long to ask back. A guess: they do within seconds, or from a queue.
const VERIFY_WITHIN: Duration = Duration::from_secs(10 * 60);
/// After a request that led to nothing; doubled each time, up to a day.
const FIRST_BACKOFF: Duration = Duration::from_secs(5 * 60);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// While pushes come, polls are this many times rarer …
const SLOWER: u32 = 8;
/// … but not rarer than this.
const SLOWEST: Duration = Duration::from_secs(6 * 3600);
/// Requests to hubs begun in one tick.
const AT_ONCE: usize = 16;
/// Documents that may wait for their poll: of one feed, and bytes in all. What finds no room makes its feed due, no more.
const WAITING_DOCUMENTS: usize = 4;
const WAITING_BYTES: usize = 32 << 20;
/// A push that can't be believed makes its feed due at most so often.
const HINT_EVERY: Duration = Duration::from_secs(60);

/// Subscriptions as in the database, and documents that wait for their poll.
#[derive(Debug, Default)]
pub struct Push {
    book: Mutex<HashMap<FeedId, Subscription>>,
    inbox: Mutex<Inbox>,
    /// One change of a subscription at a time: a hub asks back while its answer is still on the way.
    turn: tokio::sync::Mutex<()>,
    /// Something may be due at a hub.
    pub(super) nudge: Notify,
}

#[derive(Debug, Default)]
struct Inbox {
    documents: HashMap<FeedId, VecDeque<Pushed>>,
    bytes: usize,
    hinted: HashMap<FeedId, Timestamp>,
}

#[derive(Debug)]
struct Pushed {
    body: Vec<u8>,
    content_type: Option<String>,
}

/// What is answered to a hub that sent something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivered {
    /// Thanks; also for what is not believed, as the standard asks.
    Taken,
    /// No longer wanted.
    Gone,
    /// Never heard of.
    Unknown,
}

impl Push {
    /// Reads the subscriptions of earlier runs.
    ///
    /// # Errors
    /// If the store can't be read.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let book = store.subscriptions().await?.into_iter().map(|known| (known.feed, known)).collect();
        Ok(Self { book: Mutex::new(book), ..Self::default() })
    }

    fn book(&self) -> MutexGuard<'_, HashMap<FeedId, Subscription>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn by_token(&self, token: &str) -> Option<Subscription> {
        self.book().values().find(|known| known.token == token).cloned()
    }

    /// Whether a callback's last segment is one of ours.
    #[must_use]
    pub fn knows(&self, token: &str) -> bool {
        self.by_token(token).is_some()
    }

    /// Whether something waits for this feed's poll.
    pub(super) fn waits(&self, feed: FeedId) -> bool {
        self.inbox().documents.contains_key(&feed)
    }

    /// What waits for this feed's poll, the oldest first, as if it had been fetched.
    pub(super) fn take(&self, feed: &Feed, state: &FeedState) -> Option<Document> {
        let mut inbox = self.inbox();
        let waiting = inbox.documents.get_mut(&feed.id)?;
        let pushed = waiting.pop_front();
        if waiting.is_empty() {
            inbox.documents.remove(&feed.id);
        }
        let Pushed { body, content_type } = pushed?;
        inbox.bytes = inbox.bytes.saturating_sub(body.len());
        Some(Document {
            wire_bytes: body.len() as u64,
            body,
            content_type,
            final_url: feed.url.clone(),
            permanent_redirect: None,
            // They belong to what was fetched.
            validators: state.validators.clone(),
            hints: Hints::default(),
            status: 200,
            links: Vec::new(),
        })
    }

    /// When to poll a feed next, given when it would be without push, and its interval.
    pub(super) fn slowed(&self, feed: &Feed, planned: Timestamp, interval: Duration, now: Timestamp) -> Timestamp {
        let is_healthy = self.book().get(&feed.id).is_some_and(|known| known.is_healthy(now));
        if !is_healthy || feed.schedule.is_some() {
            return planned;
        }
        // The plan may keep a phase, and lie near.
        let wait = planned.since(now).max(interval);
        planned.max(now + wait.saturating_mul(SLOWER).min(SLOWEST))
    }
}

impl Line {
    /// Changes a subscription as it is now, in the database first. Says what became of it; `None` if nothing did.
    async fn change(
        &self,
        feed: FeedId,
        change: impl FnOnce(&Subscription) -> Option<Subscription> + Send,
    ) -> Result<Option<Subscription>, StoreError> {
        let _turn = self.push.turn.lock().await;
        let Some(next) = self.push.book().get(&feed).and_then(change) else { return Ok(None) };
        self.store.save_subscription(&next).await?;
        self.push.book().insert(feed, next.clone());
        Ok(Some(next))
    }

    async fn forget(&self, feed: FeedId) -> Result<(), StoreError> {
        let _turn = self.push.turn.lock().await;
        self.store.forget_subscription(feed).await?;
        self.push.book().remove(&feed);
        Ok(())
    }
}

/// Takes note of the hub that a feed names now.
pub(super) async fn discovered(
    line: &Line,
    snapshot: &Snapshot,
    feed: &Feed,
    hub: Option<Hub>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(base) = &snapshot.config.http_public_url else { return Ok(()) };
    let known = line.push.book().get(&feed.id).cloned();
    let next = match (hub, known) {
        (None, Some(known)) if known.state != SubscriptionState::Leaving => {
            Subscription { state: SubscriptionState::Leaving, due_at: now, attempts: 0, ..known }
        }
        (None, _) => return Ok(()),
        (Some(hub), Some(known))
            if known.state != SubscriptionState::Leaving
                && known.hub == hub.hub.as_str()
                && known.topic == hub.topic.as_str() =>
        {
            return Ok(());
        }
        (Some(hub), _) => {
            let (token, secret) = match (fetch::random_hex(16), fetch::random_hex(32)) {
                (Ok(token), Ok(secret)) => (token, secret),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(error, "no randomness for a subscription; polling goes on");
                    return Ok(());
                }
            };
            tracing::info!(feed.url = %feed.url, hub.url = %hub.hub, "the feed names a hub: subscribing");
            Subscription {
                feed: feed.id,
                hub: hub.hub.into(),
                topic: hub.topic.into(),
                callback: callback(base, &token),
                token,
                secret,
                state: SubscriptionState::Pending,
                lease_until: None,
                due_at: now,
                attempts: 0,
                verified_at: None,
                last_push_at: None,
                missed_at: None,
                last_error: None,
            }
        }
    };
    {
        let _turn = line.push.turn.lock().await;
        line.store.save_subscription(&next).await?;
        line.push.book().insert(feed.id, next);
    }
    line.push.nudge.notify_one();
    Ok(())
}

/// A poll found news although the hub had sent none: it is not relied upon until it sends something again.
pub(super) async fn missed(
    line: &Line,
    feed: &Feed,
    polled_before: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let changed = line
        .change(feed.id, |known| {
            let is_missed = known.is_healthy(now) && known.verified_at.is_some_and(|at| at < polled_before);
            is_missed.then(|| Subscription { missed_at: Some(now), ..known.clone() })
        })
        .await?;
    if let Some(known) = changed {
        tracing::info!(feed.url = %feed.url, hub.url = known.hub, "the hub did not send what the feed has: polling as usual");
    }
    Ok(())
}

fn callback(base: &Url, token: &str) -> String {
    format!("{}/websub/{token}", base.as_str().trim_end_matches('/'))
}

/// What a hub asks back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// `hub.mode`.
    pub mode: String,
    /// `hub.topic`.
    pub topic: String,
    /// `hub.challenge`.
    pub challenge: String,
    /// `hub.lease_seconds`.
    pub lease_seconds: Option<u64>,
    /// `hub.reason`.
    pub reason: Option<String>,
}

/// Answers a hub that asks whether we meant it: with its challenge, or with nothing.
///
/// # Errors
/// If the answer could not be written down; the hub will ask again.
pub async fn verify(line: &Line, token: &str, asked: &Verification) -> Result<Option<String>, StoreError> {
    let now = line.clock.now();
    let Some(known) = line.push.by_token(token).filter(|known| known.topic == asked.topic) else { return Ok(None) };
    match (asked.mode.as_str(), known.state) {
        ("subscribe", SubscriptionState::Pending | SubscriptionState::Active) => {
            let lease = Duration::from_secs(asked.lease_seconds.unwrap_or(LEASE_SECONDS));
            let lease = lease.clamp(SHORTEST_LEASE, LONGEST_LEASE);
            let verified = line
                .change(known.feed, |known| {
                    // Only what we asked for, and have no answer to yet.
                    let is_asked = known.attempts > 0 && known.state != SubscriptionState::Leaving;
                    is_asked.then(|| Subscription {
                        state: SubscriptionState::Active,
                        lease_until: Some(now + lease),
                        // A fifth of the lease is left for a hub that does not answer at once.
                        due_at: now + lease.mul_f64(0.8),
                        attempts: 0,
                        verified_at: Some(now),
                        last_error: None,
                        ..known.clone()
                    })
                })
                .await?;
            Ok(verified.map(|_| asked.challenge.clone()))
        }
        ("unsubscribe", SubscriptionState::Leaving) if known.attempts > 0 => {
            line.forget(known.feed).await?;
            Ok(Some(asked.challenge.clone()))
        }
        ("denied", SubscriptionState::Pending | SubscriptionState::Active) => {
            let reason: String = asked.reason.as_deref().unwrap_or("no reason given").chars().take(200).collect();
            tracing::warn!(
                hub.url = known.hub,
                topic = known.topic,
                reason,
                "the hub refuses the subscription: polling goes on"
            );
            line.change(known.feed, |known| {
                Some(Subscription {
                    state: SubscriptionState::Pending,
                    due_at: now + DAY,
                    lease_until: None,
                    last_error: Some(format!("the hub refuses the subscription: {reason}")),
                    ..known.clone()
                })
            })
            .await?;
            Ok(Some(String::new()))
        }
        _ => Ok(None),
    }
}

/// Takes what a hub sends.
///
/// # Errors
/// If it could not be written down that the feed is due; the hub will send again.
pub async fn deliver(
    line: &Line,
    token: &str,
    signature: Option<&str>,
    content_type: Option<String>,
    body: Vec<u8>,
) -> Result<Delivered, StoreError> {
    let now = line.clock.now();
    let Some(known) = line.push.by_token(token) else { return Ok(Delivered::Unknown) };
    let is_wanted = known.state != SubscriptionState::Leaving && line.live.load().feeds.contains_key(&known.feed);
    if !is_wanted {
        return Ok(Delivered::Gone);
    }
    let feed = known.feed;
    match fetch::check_signature(signature, &known.secret, &body) {
        Signed::Valid => {
            {
                let mut inbox = line.push.inbox();
                let waiting = inbox.documents.get(&feed).map_or(0, VecDeque::len);
                if waiting < WAITING_DOCUMENTS && inbox.bytes + body.len() <= WAITING_BYTES {
                    inbox.bytes += body.len();
                    inbox.documents.entry(feed).or_default().push_back(Pushed { body, content_type });
                }
            }
            line.change(feed, |known| Some(Subscription { last_push_at: Some(now), ..known.clone() })).await?;
        }
        Signed::Weak => {
            let mut inbox = line.push.inbox();
            if inbox.hinted.get(&feed).is_some_and(|at| now.since(*at) < HINT_EVERY) {
                return Ok(Delivered::Taken);
            }
            inbox.hinted.insert(feed, now);
        }
        Signed::Invalid => {
            tracing::warn!(hub.url = known.hub, topic = known.topic, "a push with a wrong signature was dropped");
            return Ok(Delivered::Taken);
        }
    }
    line.store.poll_now(feed, now).await?;
    line.nudges.poll.notify_one();
    Ok(Delivered::Taken)
}

/// The stage that asks hubs, renews and leaves.
#[derive(Debug, Default)]
pub struct Subscribe;

impl Stage for Subscribe {
    const NAME: &'static str = "subscribe";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, stop: &CancellationToken) -> Result<Pace, StoreError> {
        let snapshot = line.live.load();
        let all: Vec<Subscription> = line.push.book().values().cloned().collect();
        let mut next: Option<Timestamp> = None;
        let mut begun = 0;
        for known in all {
            let known = settle(line, &snapshot, known, now).await?;
            let Some(known) = known else { continue };
            if known.due_at <= now && begun < AT_ONCE {
                begun += 1;
                // Written before it is asked: a hub may ask back before it answers.
                let asked = line.change(known.feed, |known| {
                    Some(Subscription {
                        attempts: known.attempts.saturating_add(1),
                        due_at: now + VERIFY_WITHIN.max(backoff(known.attempts)),
                        last_error: Some("the hub has not asked back yet".to_owned()),
                        ..known.clone()
                    })
                });
                let Some(asked) = asked.await? else { continue };
                let (line, snapshot, stop) = (Arc::clone(line), Arc::clone(&snapshot), stop.clone());
                line.tasks.clone().spawn(async move {
                    let _ = stop.run_until_cancelled(ask(&line, &snapshot, asked)).await;
                });
            } else {
                next = Some(next.map_or(known.due_at, |next: Timestamp| next.min(known.due_at)));
            }
        }
        Ok(if begun == AT_ONCE { Pace::Again } else { Pace::WaitUntil(next) })
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.push.nudge
    }
}

/// Brings a subscription in line with the configuration and the time; `None` if it is over.
async fn settle(
    line: &Line,
    snapshot: &Snapshot,
    known: Subscription,
    now: Timestamp,
) -> Result<Option<Subscription>, StoreError> {
    let base = snapshot.config.http_public_url.as_ref().filter(|_| snapshot.feeds.contains_key(&known.feed));
    if known.state == SubscriptionState::Leaving {
        // Told twice without an answer: the lease will end by itself.
        if known.attempts >= 2 {
            line.forget(known.feed).await?;
            return Ok(None);
        }
        return Ok(Some(known));
    }
    let is_over = known.state == SubscriptionState::Active && known.lease_until.is_none_or(|until| until <= now);
    let moved = base.map(|base| callback(base, &known.token)).filter(|moved| *moved != known.callback);
    if is_over && base.is_some() {
        tracing::warn!(hub.url = known.hub, topic = known.topic, "the hub did not renew its lease: polling as usual");
        line.store.poll_now(known.feed, now).await?;
        line.nudges.poll.notify_one();
    } else if base.is_some() && moved.is_none() {
        return Ok(Some(known));
    }
    line.change(known.feed, |known| {
        Some(match (base, moved) {
            (None, _) => Subscription { state: SubscriptionState::Leaving, due_at: now, attempts: 0, ..known.clone() },
            (_, Some(callback)) => Subscription {
                callback,
                state: SubscriptionState::Pending,
                lease_until: None,
                due_at: now,
                attempts: 0,
                ..known.clone()
            },
            _ => Subscription { state: SubscriptionState::Pending, lease_until: None, ..known.clone() },
        })
    })
    .await
}

fn backoff(attempts: u32) -> Duration {
    FIRST_BACKOFF.saturating_mul(1 << attempts.min(12)).min(DAY)
}

/// Asks a hub, and writes down why if it refuses.
async fn ask(line: &Line, snapshot: &Snapshot, asked: Subscription) {
    let mode = if asked.state == SubscriptionState::Leaving { "unsubscribe" } else { "subscribe" };
    let secret = (mode == "subscribe").then_some(asked.secret.as_str());
    let form = fetch::request_form(mode, &asked.topic, &asked.callback, secret, LEASE_SECONDS);
    let answer = match Url::parse(&asked.hub) {
        Ok(hub) => snapshot.client.post_form(&hub, form).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let Err(error) = answer else { return };
    tracing::debug!(hub.url = asked.hub, topic = asked.topic, mode, error, "the hub did not take a request");
    // It may have been verified, or replaced, meanwhile.
    let noted = line.change(asked.feed, |known| {
        (known.token == asked.token && known.attempts == asked.attempts)
            .then(|| Subscription { last_error: Some(error), ..known.clone() })
    });
    if let Err(error) = noted.await {
        line.commit_failed("a subscription", &error);
    }
}
