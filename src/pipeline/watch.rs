//! Watch: looks after the other stages. Three questions, every half minute: does the database take writes, does every
//! stage move, do messages get out? As long as they do, a heartbeat goes to whoever would miss it; what can be told by
//! message is told, and a database that can't be written is told straight from memory (`emergency`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::{ChannelName, HealthEvent, Severity, Timestamp};
use crate::notify::Heartbeat;
use crate::store::{Overdue, StoreError};

use super::emergency::Emergency;
use super::{Line, Pace, Snapshot, Stage};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(30);
/// While something is wrong with the database.
const SOON: Duration = Duration::from_secs(5);
/// The database has this long to take a small write.
const PATIENCE: Duration = Duration::from_secs(5);
/// A stage that has not moved for so long is stuck, as for `/healthz`.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// A small write that is taken proves that all is well if nothing was refused for so long. Longer than a feed that could not
/// be committed keeps its lease, after which it is polled and committed again.
const QUIET: Duration = Duration::from_secs(5 * 60);
/// A message that waits for longer is told of on another channel (RELIABILITY P22).
const OVERDUE: Duration = Duration::from_secs(15 * 60);

/// The watch stage.
#[derive(Debug, Default)]
pub struct Watch {
    seen: Mutex<Seen>,
    emergency: Emergency,
}

/// What it remembers.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    /// The first look: what was overdue before is being sent.
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    heartbeat: Option<Timestamp>,
    heartbeat_fails: bool,
}

impl Stage for Watch {
    const NAME: &'static str = "watch";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, stop: &CancellationToken) -> Result<Pace, StoreError> {
        let snapshot = line.live.load();
        let heartbeat = snapshot.heartbeat.as_deref();
        let every = match line.writes.refusal() {
            Some(_) => SOON,
            None if self.emergency.is_open() => SOON,
            None => heartbeat.map_or(EVERY, |heartbeat| heartbeat.every().min(EVERY)),
        };
        let seen = self.seen();
        // A clock set back must not stop it for as long as it was ahead.
        if let Some(last) = seen.last.filter(|last| now >= *last)
            && now.since(last) < every
        {
            return Ok(Pace::WaitUntil(Some(last + every)));
        }
        let first = seen.first.unwrap_or(now).min(now);
        self.remember(|seen| (seen.first, seen.last) = (Some(first), Some(now)));
        let can_write = can_write(line).await;
        self.emergency.look(line, &snapshot, stop).await;
        let overdue = match line.store.overdue(now.before(OVERDUE)).await {
            Ok(overdue) if now.since(first) >= OVERDUE => overdue,
            Ok(_) => Vec::new(),
            Err(error) => {
                line.store_failed(&error);
                Vec::new()
            }
        };
        for channel in &overdue {
            line.tell(waiting(channel, now), Severity::High, Some(&channel.channel)).await;
        }
        if let Some(heartbeat) = heartbeat
            && seen.heartbeat.is_none_or(|last| now < last || now.since(last) >= heartbeat.every())
        {
            let trouble =
                if can_write { trouble(line, &snapshot, &overdue).await } else { Some("no writes".to_owned()) };
            match trouble {
                Some(trouble) => tracing::warn!(trouble, "no heartbeat is sent"),
                None => {
                    let _ = stop.run_until_cancelled(self.beat(heartbeat, now)).await;
                }
            }
        }
        Ok(Pace::WaitUntil(Some(now + every)))
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.watch
    }
}

impl Watch {
    /// A watch that tells the end of what was told while the database could not be opened.
    #[must_use]
    pub fn after(emergency: Emergency) -> Self {
        Self { emergency, ..Self::default() }
    }

    fn seen(&self) -> Seen {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Sends a heartbeat. One that fails is tried again at the next look.
    async fn beat(&self, heartbeat: &Heartbeat, now: Timestamp) {
        let failed_before = self.seen().heartbeat_fails;
        match heartbeat.send().await {
            Ok(()) => {
                self.remember(|seen| (seen.heartbeat, seen.heartbeat_fails) = (Some(now), false));
                if failed_before {
                    tracing::info!("the heartbeat is taken again");
                }
            }
            Err(error) => {
                self.remember(|seen| seen.heartbeat_fails = true);
                if failed_before {
                    tracing::debug!(error, "the heartbeat failed");
                } else {
                    tracing::warn!(error, "the heartbeat failed; it is tried again");
                }
            }
        }
    }
}

/// Whether the database takes a small write; what it refuses is noted.
async fn can_write(line: &Line) -> bool {
    match tokio::time::timeout(PATIENCE, line.store.ping(line.clock.now())).await {
        Ok(Ok(())) => {
            line.writes.taken_a_little(line.clock.now(), QUIET);
            line.writes.refusal().is_none()
        }
        Ok(Err(error)) => {
            line.store_failed(&error);
            false
        }
        Err(_) => {
            let what = format!("the database has taken no write for {} seconds", PATIENCE.as_secs());
            line.writes.refused(&what, line.clock.now());
            false
        }
    }
}

/// Why no heartbeat may go out although the database takes writes. A channel that takes nothing is told on another one;
/// where none takes anything, silence is the only way left to tell it.
async fn trouble(line: &Line, snapshot: &Snapshot, overdue: &[Overdue]) -> Option<String> {
    if let Some(stage) = line.progress.stuck(line.clock.now(), STUCK_AFTER) {
        return Some(format!("the stage `{stage}` does not move"));
    }
    let disabled = line.store.disabled_channels().await.unwrap_or_default();
    let takes_nothing = |name: &ChannelName| {
        overdue.iter().any(|overdue| overdue.channel == *name && !overdue.takes_some)
            || disabled.iter().any(|(channel, ..)| channel == name)
    };
    let none_left = !snapshot.channels.is_empty() && snapshot.channels.keys().all(takes_nothing);
    none_left.then(|| "no channel takes messages".to_owned())
}

/// What is told of messages that wait. By the key of a channel that fails: whichever is found out first is told.
fn waiting(overdue: &Overdue, now: Timestamp) -> HealthEvent {
    let Overdue { channel, since, count, takes_some: _ } = overdue;
    let (verb, plural) = if *count == 1 { ("waits", "") } else { ("wait", "s") };
    HealthEvent {
        key: format!("channel-failing:{channel}:{}", now.as_seconds() / 86_400),
        title: format!("{count} message{plural} to channel {channel} {verb} for more than 15 minutes"),
        detail: format!(
            "The oldest should have been out at {since}.\nNothing is lost: `vedetta deliveries --state due` lists what \
             waits, with the last error of each."
        ),
        at: now,
    }
}
