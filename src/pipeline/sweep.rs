//! Sweep: deletes what is older than its retention, by a clock that can be believed.
//!
//! The decision to question: a clock that is more than a week from the last sweep, either way, is believed only after it
//! has stood there for a day and a feed has answered meanwhile. A machine that starts without its time has it long before
//! (and with a clock years ahead no certificate is valid, so hardly a feed answers); a vedetta that was switched off for
//! months deletes a day later than it might. The last sweep's time is kept in the database, where a restart finds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::{HealthEvent, Severity, Timestamp};
use crate::store::{ClockDoubt, StoreError, SweepClock};

use super::{Line, Pace, Stage};

const EVERY: Duration = Duration::from_secs(3600);
/// A clock that moved by less from one look to the next is believed: a weekend or a holiday without power is no news.
const STEP: Duration = Duration::from_secs(7 * 86_400);
/// For so long a clock that moved by more must stand.
const PROBATION: Duration = Duration::from_secs(86_400);

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
            if is_believed(line, now).await? {
                sweep(line, now).await?;
            }
            self.next_at.store((now + EVERY).as_millis(), Ordering::Relaxed);
        }
        Ok(Pace::WaitUntil(Some(Timestamp::from_millis(self.next_at.load(Ordering::Relaxed)))))
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.sweep
    }
}

async fn sweep(line: &Line, now: Timestamp) -> Result<(), StoreError> {
    let swept = line.store.sweep(&line.live.load().config.retention, now).await?;
    if swept.articles + swept.alerts + swept.seen > 0 {
        tracing::info!(
            articles = swept.articles,
            alerts = swept.alerts,
            seen = swept.seen,
            "swept what is past its retention"
        );
    }
    line.store.save_sweep_clock(&SweepClock { swept: Some(now), doubt: None }).await
}

/// Whether to delete by this clock; if not, that is noted and told.
async fn is_believed(line: &Line, now: Timestamp) -> Result<bool, StoreError> {
    let SweepClock { swept, doubt } = line.store.sweep_clock().await?;
    if swept.is_some_and(|swept| distance(now, swept) <= STEP) {
        return Ok(true);
    }
    // One that was set back or jumped once more begins anew.
    let going_on = doubt.filter(|doubt| now >= doubt.since && distance(now, doubt.looked) <= STEP);
    let since = going_on.map_or(now, |doubt| doubt.since);
    if now.since(since) >= PROBATION && has_answer(line, since, now).await? {
        return Ok(true);
    }
    line.store.save_sweep_clock(&SweepClock { swept, doubt: Some(ClockDoubt { since, looked: now }) }).await?;
    // A new database has nothing to delete, one from before this was noted has it a day later.
    let Some(swept) = swept else { return Ok(false) };
    if going_on.is_none() {
        tracing::warn!(
            last_sweep = %swept, %now,
            "the clock is {} days from the last sweep: nothing is deleted for a day; if the clock is wrong, set it (`timedatectl`)",
            distance(now, swept).as_secs() / 86_400
        );
    } else if now.since(since) >= EVERY {
        // A machine that only waited for the time has it by now.
        line.tell(doubted(swept, since, now), Severity::High, None).await;
    }
    Ok(false)
}

/// Whether a feed answered in this span.
async fn has_answer(line: &Line, since: Timestamp, now: Timestamp) -> Result<bool, StoreError> {
    let feeds = line.store.feeds().await?;
    Ok(feeds.iter().filter_map(|feed| feed.state.last_success_at).any(|at| at >= since && at <= now))
}

fn distance(a: Timestamp, b: Timestamp) -> Duration {
    a.since(b).max(b.since(a))
}

fn doubted(swept: Timestamp, since: Timestamp, now: Timestamp) -> HealthEvent {
    let days = distance(since, swept).as_secs() / 86_400;
    let way = if since > swept { "after" } else { "before" };
    HealthEvent {
        key: format!("clock-doubted:{since}"),
        title: format!("The clock is {days} days {way} the last sweep: nothing is deleted for now"),
        detail: format!(
            "Old articles were last looked through at {swept}; this machine's clock now says {now}.\nIf that is right \
             (vedetta was off for so long, an old backup was put back, or the clock was wrong before), nothing is to be done: what is past \
             `[store.retention]` is deleted from {} on, once a feed has answered.\nIf it is wrong, set the clock before \
             then (`timedatectl` says whether it is synchronised), or stop vedetta: what it deletes can't be had again.",
            since + PROBATION
        ),
        at: now,
    }
}
