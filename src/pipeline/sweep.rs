//! Sweep: deletes what is older than its retention.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::Timestamp;
use crate::store::StoreError;

use super::{Line, Pace, Stage};

const EVERY: Duration = Duration::from_secs(3600);

/// The sweep stage.
#[derive(Debug, Default)]
pub struct Sweep {
    next_at: AtomicI64,
}

impl Stage for Sweep {
    const NAME: &'static str = "sweep";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, _stop: &CancellationToken) -> Result<Pace, StoreError> {
        let next = Timestamp::from_millis(self.next_at.load(Ordering::Relaxed));
        // A clock set back must not stop the sweep for as long as it was ahead.
        if now >= next || next.since(now) > EVERY {
            // It takes as long as it takes, in small transactions: no reason to call the stage stuck.
            line.progress.ended(Self::NAME);
            let swept = line.store.sweep(&line.live.load().config.retention, now).await?;
            if swept.articles + swept.alerts + swept.seen > 0 {
                tracing::info!(
                    articles = swept.articles,
                    alerts = swept.alerts,
                    seen = swept.seen,
                    "swept what is past its retention"
                );
            }
            self.next_at.store((now + EVERY).as_millis(), Ordering::Relaxed);
        }
        Ok(Pace::WaitUntil(Some(Timestamp::from_millis(self.next_at.load(Ordering::Relaxed)))))
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.sweep
    }
}
