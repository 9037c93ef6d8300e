//! One round: every feed polled once, every article judged, everything due delivered. For `run --once`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::model::{Claim, FeedId, Timestamp};
use crate::store::StoreError;

use super::judge::judge_article;
use super::poll::{Polled, poll_feed};
use super::{Deliver, Line, Pace, Stage};

/// Told while the round goes on.
pub trait OnceProgress: Sync {
    /// So many of so many feeds are done.
    fn polled(&self, done: usize, of: usize);
    /// The feeds are done; deliveries go out.
    fn delivering(&self);
}

/// What a round did.
#[derive(Debug, Default)]
pub struct OnceReport {
    /// Feeds polled well.
    pub polled: usize,
    /// Feeds that failed: URL and why.
    pub failed: Vec<(String, String)>,
    /// New articles.
    pub articles: u32,
    /// Alerts raised.
    pub alerts: usize,
}

/// Runs one round.
///
/// # Errors
/// If the store fails.
pub async fn run_once(
    line: &Arc<Line>,
    stop: &CancellationToken,
    progress: &dyn OnceProgress,
) -> Result<OnceReport, StoreError> {
    let snapshot = line.live.load();
    let now = line.clock.now();
    let limit = u32::try_from(snapshot.feeds.len()).unwrap_or(u32::MAX);
    let claim = Claim { due_by: Timestamp::MAX, ..line.claim(now, Duration::from_secs(3600), limit) };
    let claimed = line.store.claim_feeds(&claim).await?;
    let (total, done) = (claimed.len(), AtomicUsize::new(0));
    let mut report = OnceReport::default();
    let mut polls: FuturesUnordered<_> = claimed
        .into_iter()
        .map(|leased| {
            let id: FeedId = leased.lease.id;
            let (line, stop) = (Arc::clone(line), stop.clone());
            async move {
                (
                    id,
                    tokio::spawn(async move {
                        let polled = stop.run_until_cancelled(poll_feed(&line, leased, &stop)).await;
                        polled.unwrap_or(Polled::Dropped)
                    })
                    .await,
                )
            }
        })
        .collect();
    while let Some((id, polled)) = polls.next().await {
        progress.polled(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        let url = snapshot.feeds.get(&id).map(|feed| feed.url.to_string()).unwrap_or_default();
        match polled {
            Ok(Polled::Fine(committed)) => {
                report.polled += 1;
                report.articles += committed.new_articles;
                report.alerts += committed.alerts.len();
            }
            Ok(Polled::Failed(why)) => report.failed.push((url, why)),
            Ok(Polled::Dropped) => report.failed.push((url, "its poll could not be recorded".to_owned())),
            Err(_) => report.failed.push((url, "polling it failed inside vedetta; please report it".to_owned())),
        }
    }
    report.failed.sort();
    report.alerts += judge_all(line, stop).await?;
    progress.delivering();
    let deliver = Deliver::new(false);
    while !stop.is_cancelled() {
        let mut any = false;
        while !stop.is_cancelled() && deliver.tick(line, line.clock.now(), stop).await? == Pace::Again {
            any = true;
        }
        line.tasks.close();
        line.tasks.wait().await;
        line.tasks.reopen();
        if !any {
            break;
        }
    }
    Ok(report)
}

/// Judges all that waits for its page. Returns the alerts raised.
async fn judge_all(line: &Arc<Line>, stop: &CancellationToken) -> Result<usize, StoreError> {
    let extractions = Arc::new(Semaphore::new(2));
    let mut alerts = 0;
    loop {
        let claimed = line.store.claim_articles(&line.claim(line.clock.now(), Duration::from_secs(3600), 64)).await?;
        if claimed.is_empty() || stop.is_cancelled() {
            return Ok(alerts);
        }
        let mut judged: FuturesUnordered<_> =
            claimed.into_iter().map(|leased| judge_article(line, leased, &extractions)).collect();
        while let Some(count) = judged.next().await {
            alerts += count;
        }
    }
}
