//! What all stages hold in common.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::model::Clock;
use crate::model::{Article, ChannelName, Claim, HealthEvent, Labels, NodeId, Severity, Timestamp};
use crate::rule::Judgement;
use crate::store::{Committed, Store, StoreError, Verdict};
use crate::story::Signature;
use crate::telemetry::{Metrics, Progress, Writes};

use super::outlook::Outlook;
use super::{Live, Publishers, Push, Snapshot};

/// Between two tries at a commit, doubled each time …
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The signals between stages: “look now”, never a promise.
#[derive(Debug, Default)]
pub struct Nudges {
    /// Feeds changed, or a poll ended.
    pub poll: Notify,
    /// Articles wait for their page.
    pub judge: Notify,
    /// Deliveries were written, or one ended.
    pub deliver: Notify,
    /// Nobody nudges the sweep.
    pub sweep: Notify,
    /// Nor the watch.
    pub watch: Notify,
}

/// Does something when it goes, also when the task around it panics.
pub(super) struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> OnDrop<F> {
    pub(super) fn new(last: F) -> Self {
        Self(last)
    }
}

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// The world of the stages.
#[derive(Debug)]
pub struct Line {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Configuration, rules and channels as of now.
    pub live: Live,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Counters.
    pub metrics: Metrics,
    /// When which stage last moved.
    pub progress: Progress,
    /// Whether the database takes writes.
    pub writes: Writes,
    /// Who we are in claims.
    pub node: NodeId,
    /// Between stages.
    pub nudges: Nudges,
    /// Hubs, and what they sent.
    pub push: Push,
    /// Work started and not finished.
    pub tasks: TaskTracker,
    /// Whether anybody answers.
    pub outlook: Outlook,
    /// What publishers list.
    pub publishers: Publishers,
}

impl Line {
    /// A claim for what is due now.
    #[must_use]
    pub fn claim(&self, now: Timestamp, lease: Duration, limit: u32) -> Claim {
        Claim { node: self.node.clone(), now, due_by: now, lease, limit }
    }

    /// Matches an article and prepares what is to be written. A rule that panics costs its article's verdict, not the
    /// daemon; it is logged.
    #[must_use]
    pub fn judge(&self, snapshot: &Snapshot, article: &mut Article, feed_labels: &Labels, now: Timestamp) -> Verdict {
        let judged = catch_unwind(AssertUnwindSafe(|| snapshot.judge(article, feed_labels, now)));
        let Judgement { lang, matches, errors } = judged.unwrap_or_else(|_| {
            tracing::error!(article.id = %article.id, article.url = article.url, "matching this article failed; please report it");
            self.metrics.judge_failed();
            Judgement::default()
        });
        for error in errors {
            tracing::error!(article.id = %article.id, error, "a topic could not be judged; please report it");
            self.metrics.judge_failed();
        }
        article.lang = lang;
        let signature = (!matches.is_empty()).then(|| Signature::of(article));
        Verdict { revision: snapshot.rules.revision().to_owned(), matches, signature }
    }

    /// Counts a commit and wakes whoever has work now.
    pub fn after_commit(&self, committed: &Committed) {
        self.writes.taken();
        self.metrics.committed(committed);
        for topic in &committed.floods {
            tracing::warn!(%topic, "the topic raises very many alerts: what comes now is told in summaries");
        }
        if committed.deliveries > 0 {
            self.nudges.deliver.notify_one();
        }
    }

    /// Tells the operator, on channels other than `about`; whether it is recorded. What is already told is not told again.
    pub async fn tell(&self, event: HealthEvent, severity: Severity, about: Option<&ChannelName>) -> bool {
        let draft = self.live.load().desk.health(event.clone(), severity, about);
        match self.store.commit_health(draft).await {
            Ok(true) => {
                tracing::warn!(health.key = event.key, detail = event.detail, "{}", event.title);
                self.nudges.deliver.notify_one();
                true
            }
            Ok(false) => true,
            Err(error) => {
                tracing::error!(health.key = event.key, error = %self.chain(&error), "cannot record a health alert: {}", event.title);
                false
            }
        }
    }

    /// Notes that the store failed.
    pub fn store_failed(&self, error: &StoreError) {
        self.metrics.store_error();
        if matches!(error, StoreError::Unavailable(_)) {
            self.writes.refused(&self.chain(error), self.clock.now());
        }
    }

    /// Commits what is in hand: while the database takes no writes, again and again as long as its lease holds, or until
    /// a stop. So what was fetched before a disk was full is there when it has room again.
    pub(super) async fn insist<T, F>(
        &self,
        until: Timestamp,
        stop: &CancellationToken,
        commit: impl Fn() -> F,
    ) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            match commit().await {
                Err(error @ StoreError::Unavailable(_)) if self.clock.now() + pause < until && !stop.is_cancelled() => {
                    self.store_failed(&error);
                    let _ = stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                ended => return ended,
            }
        }
    }

    /// An error with its causes, on one line.
    #[must_use]
    pub fn chain(&self, error: &dyn Error) -> String {
        with_causes(error)
    }

    /// Logs why a commit did not happen. A lost lease is no trouble: someone else has the work.
    pub fn commit_failed(&self, what: &str, error: &StoreError) {
        if matches!(error, StoreError::LeaseLost { .. }) {
            tracing::debug!("{what}: {error}");
        } else {
            self.store_failed(error);
            tracing::error!(error = %self.chain(error), "cannot commit {what}; it will be done again");
        }
    }
}

/// An error with its causes, on one line.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some libraries repeat the cause in the error's own words.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}
