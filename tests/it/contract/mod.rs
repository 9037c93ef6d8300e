//! Every promise of the store's contract, against real SQLite files in folders of their own.

mod crash;
mod deliveries;
mod feeds;
mod flood;
mod stories;
mod sweep;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use url::Url;
use vedetta::alert::{Desk, DigestPlan, Route, RouteMatch, Router};
use vedetta::model::{
    Article, ArticleId, ChannelName, Claim, CronSchedule, DeliveryId, Excerpt, Feed, FeedId, FeedState, Field, Labels,
    Lang, Lease, Leased, Match, NodeId, Severity, TextStatus, Timestamp, Topic, TopicId,
};
use vedetta::store::sqlite::{OpenOptions, SqliteStore};
use vedetta::store::{Outgoing, PollCommit, PolledArticle, SeenEntry, Store, StoreError, Verdict};
use vedetta::story::Signature;

pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
pub(crate) const DAY: Duration = Duration::from_secs(86_400);

/// As the daemon opens it.
pub(crate) const DAEMON: OpenOptions = OpenOptions { create: true, read_only: false, exclusive: true };
/// As a command beside the daemon opens it.
pub(crate) const BESIDE: OpenOptions = OpenOptions { create: false, read_only: false, exclusive: false };

/// A database in a folder that goes away with it.
pub(crate) struct World {
    pub(crate) folder: TempDir,
    pub(crate) store: Arc<SqliteStore>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&url(&folder), DAEMON).await.expect("a new database");
        Self { folder, store }
    }

    /// With some feeds, all due at [`start`].
    pub(crate) async fn with_feeds(count: usize) -> Self {
        let world = Self::new().await;
        let feeds: Vec<_> = (0..count).map(|n| (feed(n), start())).collect();
        world.store.sync_feeds(&feeds).await.expect("synced");
        world
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("var/vedetta.db")
    }

    pub(crate) fn url(&self) -> String {
        url(&self.folder)
    }

    /// Claims one feed that is due.
    pub(crate) async fn claim_feed(&self, now: Timestamp) -> Leased<FeedState, FeedId> {
        let mut claimed = self.store.claim_feeds(&claim("a", now, 1)).await.expect("claimed");
        claimed.pop().expect("a feed is due")
    }

    /// Polls whatever feed is due and finds these articles.
    pub(crate) async fn poll(
        &self,
        desk: &Arc<Desk>,
        articles: Vec<PolledArticle>,
        now: Timestamp,
    ) -> vedetta::store::Committed {
        let leased = self.claim_feed(now).await;
        self.store.commit_poll(poll(&leased, articles, now), Arc::clone(desk), now).await.expect("committed")
    }

    pub(crate) async fn claim_deliveries(&self, now: Timestamp) -> Vec<Leased<Outgoing, DeliveryId>> {
        self.store.claim_deliveries(&claim("a", now, 100), true, &[]).await.expect("claimed")
    }

    /// Numbers of rows, looked up beside the store.
    pub(crate) async fn count(&self, what: &'static str) -> i64 {
        use sqlx::{ConnectOptions as _, Connection as _};
        let mut conn = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.file())
            .connect()
            .await
            .expect("a second connection");
        let count = sqlx::query_scalar(what).fetch_one(&mut conn).await.expect("a number");
        conn.close().await.expect("closed");
        count
    }
}

pub(crate) fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("var/vedetta.db").display())
}

/// When all tests begin.
pub(crate) fn start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a valid time")
}

pub(crate) fn claim(node: &str, now: Timestamp, limit: u32) -> Claim {
    Claim { node: NodeId(node.to_owned()), now, due_by: now, lease: LEASE, limit }
}

pub(crate) fn feed(n: usize) -> Feed {
    Feed::new(Url::parse(&format!("https://feed-{n}.example/rss.xml")).expect("a valid URL"))
}

pub(crate) fn channel(name: &str) -> ChannelName {
    ChannelName::new(name).expect("a valid name")
}

fn route(channels: &[&str]) -> Route {
    Route {
        matches: RouteMatch::default(),
        channels: channels.iter().map(|name| channel(name)).collect(),
        continues: false,
        digest: None,
        quiet: None,
        flood: None,
    }
}

fn desk_with(routes: Vec<Route>) -> Arc<Desk> {
    let recipients = [
        (channel("desk"), vec!["a@example.org".to_owned(), "b@example.org".to_owned()]),
        (channel("soc"), vec![String::new()]),
    ];
    let fallback = vec![channel("soc")];
    Arc::new(Desk::new(Router { routes, recipients: recipients.into(), fallback, ..Router::default() }))
}

/// A desk that sends everything to one webhook at once.
pub(crate) fn desk() -> Arc<Desk> {
    desk_with(vec![route(&["soc"])])
}

/// A desk that sends everything to two mail addresses and a webhook at once.
pub(crate) fn wide_desk() -> Arc<Desk> {
    desk_with(vec![route(&["desk", "soc"])])
}

/// A desk that gathers everything until seven in the morning, Rome time.
pub(crate) fn digest_desk() -> Arc<Desk> {
    let schedule = CronSchedule::parse("0 0 7 * * *", Some("Europe/Rome"), start()).expect("valid");
    desk_with(vec![Route { digest: Some(DigestPlan { schedule }), ..route(&["soc"]) }])
}

pub(crate) fn topic(id: &str) -> Arc<Topic> {
    Arc::new(Topic {
        id: TopicId::new(id).expect("a valid name"),
        name: format!("Topic {id}"),
        labels: Labels::from([("desk".to_owned(), "asia".to_owned())]),
        story_window: 72 * HOUR,
        alert_on_every: false,
        alert_on_changed: false,
    })
}

/// An article of the first feed. Texts are this repository's own.
pub(crate) fn article(key: &str, title: &str, body: &str, now: Timestamp) -> Article {
    let feed = feed(0).id;
    Article {
        id: ArticleId::derive(&[&feed.to_string(), key]),
        feed,
        feed_name: "Lanterna".to_owned(),
        url: Some(format!("https://lanterna.example/{key}")),
        title: title.to_owned(),
        summary: String::new(),
        body: body.to_owned(),
        text_status: TextStatus::Feed,
        text_error: None,
        lang: Lang::parse("it"),
        declared_lang: None,
        source: "lanterna.example".to_owned(),
        author: Some("M. Rossi".to_owned()),
        tags: vec!["difesa".to_owned(), "Asia".to_owned()],
        published: Some(now.before(HOUR)),
        updated: None,
        fetched_at: now,
        content_hash: i64::try_from(title.len() + 1000 * body.len()).expect("small"),
    }
}

/// The same article under another feed.
pub(crate) fn carried_by(n: usize, article: &Article) -> Article {
    let feed = feed(n).id;
    Article {
        id: ArticleId::derive(&[&feed.to_string(), &article.title]),
        feed,
        source: format!("feed-{n}.example"),
        url: Some(format!("https://feed-{n}.example/{}", article.content_hash)),
        ..article.clone()
    }
}

pub(crate) fn matched(topic: &Arc<Topic>) -> Match {
    Match {
        topic: Arc::clone(topic),
        score: 30,
        severity: Severity::High,
        excerpts: vec![Excerpt {
            field: Field::Title,
            text: "manovre".to_owned(),
            before: "Mosca e Pechino, ".to_owned(),
            after: " navali".to_owned(),
            atom: "manovr*".to_owned(),
            concept: Some("exercise".to_owned()),
        }],
    }
}

pub(crate) fn judged(article: Article, topics: &[&Arc<Topic>]) -> PolledArticle {
    let signature = (!topics.is_empty()).then(|| Signature::of(&article));
    let matches = topics.iter().map(|topic| matched(topic)).collect();
    PolledArticle { article, verdict: Some(Verdict { revision: "r1".to_owned(), matches, signature }), change: None }
}

/// What a poll that found these articles commits; the next one is due in an hour.
pub(crate) fn poll(leased: &Leased<FeedState, FeedId>, articles: Vec<PolledArticle>, now: Timestamp) -> PollCommit {
    let seen = articles
        .iter()
        .map(|polled| SeenEntry {
            keys: vec![key(&polled.article, 1), key(&polled.article, 2)],
            article: Some(polled.article.id),
            content_hash: polled.article.content_hash,
        })
        .collect();
    let state = FeedState {
        next_poll_at: now + HOUR,
        last_attempt_at: Some(now),
        last_success_at: Some(now),
        title: Some("Lanterna – 灯塔".to_owned()),
        ..leased.item.clone()
    };
    PollCommit { lease: leased.lease.clone(), state, seen, articles, health: Vec::new(), sitemaps: None }
}

/// A key by which an article's entry is known; far from small, as hashes are.
pub(crate) fn key(article: &Article, kind: i64) -> i64 {
    let id = u64::from_str_radix(&article.id.to_string()[..15], 16).expect("an id is hexadecimal");
    i64::try_from(id).expect("60 bits") * if kind == 1 { 1 } else { -7 }
}

pub(crate) fn is_lease_lost<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { .. }))
}

/// The same lease as someone would hold who slept through its end.
pub(crate) fn stale<Id: Clone>(lease: &Lease<Id>) -> Lease<Id> {
    Lease { fence: lease.fence - 1, ..lease.clone() }
}

pub(crate) const WIRE: &str = "Le marine di Russia e Cina hanno avviato lunedì un'esercitazione congiunta nel mar del \
    Giappone con dodici navi e due sottomarini. Lo ha comunicato il ministero della difesa di Mosca, precisando che le \
    manovre dureranno fino a venerdì e comprenderanno tiri reali, ricerca di sommergibili e difesa aerea.";
