//! The one loop that all stages share.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::Timestamp;
use crate::store::StoreError;

use super::Line;

/// When a stage wants to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// At once: there is more.
    Again,
    /// Then, or when it is nudged; `None`: when it is nudged.
    WaitUntil(Option<Timestamp>),
}

/// One stage of the line.
pub trait Stage: Send + Sync + 'static {
    /// Its name in logs, metrics and health.
    const NAME: &'static str;

    /// Claims what is due and starts the work. Work started goes on after the tick; `stop` may cut its network waits,
    /// never a commit.
    fn tick(
        &self,
        line: &Arc<Line>,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> impl Future<Output = Result<Pace, StoreError>> + Send;

    /// What wakes it early.
    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify;
}

/// A stage that nobody nudges still looks this often; it also bounds what a jump of the clock can do, since sleeping
/// goes by the monotonic clock.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Pause after the store failed, doubled up to `LONGEST_WAIT`.
const FIRST_BACKOFF: Duration = Duration::from_millis(250);
/// Between two ticks that found nothing to do, though something seemed due (leased to work still running).
const SHORTEST_WAIT: Duration = Duration::from_millis(20);

/// Ticks a stage until `soft` is cancelled.
///
/// # Errors
/// `Corrupt`: the database is damaged, and going on would not mend it. Everything else is tried again.
pub async fn drive<S: Stage>(
    stage: &S,
    line: &Arc<Line>,
    soft: &CancellationToken,
    hard: &CancellationToken,
) -> Result<(), StoreError> {
    let mut backoff = FIRST_BACKOFF;
    while !soft.is_cancelled() {
        // Interest is registered before looking, so that no nudge is lost.
        let mut nudged = pin!(stage.nudge(line).notified());
        nudged.as_mut().enable();
        let now = line.clock.now();
        line.progress.beat(S::NAME, now);
        let wait = match stage.tick(line, now, hard).await {
            Ok(Pace::Again) => {
                backoff = FIRST_BACKOFF;
                tokio::task::yield_now().await;
                continue;
            }
            Ok(Pace::WaitUntil(at)) => {
                backoff = FIRST_BACKOFF;
                at.map_or(LONGEST_WAIT, |at| at.since(line.clock.now())).clamp(SHORTEST_WAIT, LONGEST_WAIT)
            }
            Err(error @ StoreError::Corrupt { .. }) => return Err(error),
            Err(error) => {
                tracing::error!(stage = S::NAME, error = %line.chain(&error), "the store failed, trying again");
                line.store_failed(&error);
                let wait = backoff;
                backoff = (backoff * 2).min(LONGEST_WAIT);
                wait
            }
        };
        tokio::select! {
            () = soft.cancelled() => {}
            () = nudged => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    line.progress.ended(S::NAME);
    Ok(())
}
