//! Replaying the archive through rules: what would have been alerted, against what was, or against other rules.
//!
//! ```text
//! store → pages of articles → judged by one or two rulesets, several pages at once → replayed in order: boards, stories,
//! alerts, as the daemon decides them → two sides → compared, topic by topic → report
//! ```
//!
//! Stories are placed by the same code, in the same order and with the same clock (the time at which each article was taken
//! in) as in the daemon. So that a story that was open when the asked time begins is not told anew, the replay starts one
//! story window earlier and counts only from there on.
//!
//! The decision to question: an alert counts as the same on both sides if the two stories share an article, not if the same
//! article raised it. An edit that makes another outlet's report come first has not changed what the reader is told.

mod compare;
mod judge;
mod replay;
mod report;
mod side;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc;
use tokio::task::JoinError;

use crate::model::{FeedId, Labels, Timestamp, TopicId};
use crate::rule::Ruleset;
use crate::store::{ArchivePage, ArchiveSpan, StoreError, Views};

use judge::{Judge, JudgedPage};
use replay::Replay;
use side::LedgerSide;

pub use report::{Counts, Regrouped, Report, RulesNote, Sample, TopicReport};

/// Articles read at a time. A guess: a megabyte or less.
const PAGE: u32 = 128;
/// Judged pages that wait to be replayed, at most. A guess: enough to bridge a slow one.
const WAITING: usize = 4;
/// Versions of the rules that are told apart in the ledger.
const MOST_REVISIONS: usize = 1000;
/// Problems that are kept with their text.
const MOST_PROBLEMS: usize = 20;

/// What is to be replayed.
#[derive(Debug)]
pub struct Plan {
    /// The rules that are tried.
    pub rules: Arc<Ruleset>,
    /// What they are compared with; `None`: what was really alerted.
    pub other: Option<Arc<Ruleset>>,
    /// Only these topics; empty: all.
    pub topics: Vec<TopicId>,
    /// Articles taken in since then count.
    pub since: Timestamp,
    /// Articles taken in after that are left out.
    pub until: Timestamp,
    /// Labels of the configured feeds. Filters by label let articles of other feeds pass.
    pub labels: HashMap<FeedId, Labels>,
    /// How long articles that matched nothing are kept, where that is known.
    pub retention: Option<Duration>,
    /// Alerts shown with their headline, of those gained and of those lost, for each topic.
    pub samples: usize,
    /// Pages judged at once.
    pub threads: usize,
}

/// Somebody to be told how far it is.
pub trait Progress: Sync {
    /// So many articles are to be read, roughly.
    fn begin(&self, of: u64);
    /// So far.
    fn reached(&self, done: u64);
}

/// Replays and compares. Reads only, in short reads.
///
/// # Errors
/// If the archive can't be read.
pub async fn run(plan: &Plan, store: &dyn Views, progress: &dyn Progress) -> Result<Report, StoreError> {
    let started = Instant::now();
    let warm_up = plan
        .other
        .iter()
        .chain([&plan.rules])
        .flat_map(|rules| rules.topics())
        .map(|topic| topic.story_window)
        .max()
        .unwrap_or_default();
    let span = store.archive_span(plan.since.before(warm_up)).await?;
    let tally = match span {
        Some(span) => replay(plan, store, span, progress).await?,
        None => Tally::default(),
    };
    report::report(plan, store, tally, span, started).await
}

/// Reads, judges and replays a span. Reading, judging and replaying go on side by side, each on threads of its own.
async fn replay(
    plan: &Plan,
    store: &dyn Views,
    span: ArchiveSpan,
    progress: &dyn Progress,
) -> Result<Tally, StoreError> {
    progress.begin(u64::try_from(span.to - span.after).unwrap_or(0));
    let judge = Arc::new(Judge::new(plan));
    let mut judged = pages(store, span, plan.other.is_none())
        .map_ok(|page| {
            let judge = Arc::clone(&judge);
            async move { Ok(joined(tokio::task::spawn_blocking(move || judge.page(page)).await)) }
        })
        .try_buffered(plan.threads.max(1) + 1)
        .boxed();
    let (sender, mut receiver) = mpsc::channel::<JudgedPage>(WAITING);
    let tally = tokio::task::spawn_blocking(move || {
        let mut tally = Tally::default();
        while let Some(page) = receiver.blocking_recv() {
            tally.add(page);
        }
        tally
    });
    while let Some(page) = judged.try_next().await? {
        let last = page.articles.last().map(|article| article.number);
        if sender.send(page).await.is_err() {
            // It panicked, which is told below.
            break;
        }
        if let Some(last) = last {
            progress.reached(u64::try_from(last - span.after).unwrap_or(0));
        }
    }
    drop(sender);
    Ok(joined(tally.await))
}

/// What a thread made; nothing may be missing in silence, so that its panic goes on here.
fn joined<T>(result: Result<T, JoinError>) -> T {
    match result {
        Ok(made) => made,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Not reached: nobody aborts these threads, and nothing waits here while the runtime shuts down.
            Err(error) => panic!("a thread of the replay was stopped: {error}"),
        },
    }
}

/// The pages of a span, one after the other.
fn pages(
    store: &dyn Views,
    span: ArchiveSpan,
    with_ledger: bool,
) -> impl stream::Stream<Item = Result<ArchivePage, StoreError>> + '_ {
    stream::try_unfold(span.after, move |after| async move {
        let page = store.archive_page(after, span.to, PAGE, with_ledger).await?;
        Ok(page.articles.last().map(|article| article.number).map(|last| (page, last)))
    })
    .boxed()
}

/// What has been seen so far.
#[derive(Default)]
struct Tally {
    replay: Replay,
    /// Empty where rules are compared with rules.
    ledger: LedgerSide,
    /// Within the asked time.
    articles: u64,
    /// Read all the same: to know which stories were open.
    earlier: u64,
    /// Not judged yet by the daemon: they wait for their page.
    waiting: u64,
    /// Alerts of the ledger that told of edits.
    edits: u64,
    revisions: HashSet<String>,
    unknown_feeds: BTreeSet<FeedId>,
    problems: Vec<String>,
    failures: u64,
}

impl Tally {
    fn add(&mut self, page: JudgedPage) {
        let JudgedPage { articles, ledger, problems } = page;
        self.failures += problems.len() as u64;
        self.problems.extend(problems.into_iter().take(MOST_PROBLEMS.saturating_sub(self.problems.len())));
        self.edits += ledger.edits;
        self.ledger.add(ledger);
        for judged in articles {
            if judged.is_waiting {
                self.waiting += 1;
                continue;
            }
            if judged.in_window {
                self.articles += 1;
                if let Some(revision) = judged.revision.filter(|_| self.revisions.len() < MOST_REVISIONS) {
                    self.revisions.insert(revision);
                }
            } else {
                self.earlier += 1;
            }
            if let Some(feed) = judged.unknown_feed {
                self.unknown_feeds.insert(feed);
            }
            if let Some(matched) = judged.matched {
                self.replay.add(&matched, judged.number, judged.in_window);
            }
        }
    }
}
