//! Deliver: the outbox. A delivery that is due is claimed (that is committed before the first network byte), sent, and
//! its outcome committed: sent, due again, or failed for good.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::model::{ChannelName, DeliveryId, DeliveryOutcome, HealthEvent, Leased, Severity, Timestamp};
use crate::notify::{FailureReason, Message};
use crate::store::{Outgoing, StoreError, Waiting};

use super::line::OnDrop;
use super::streak::Streaks;
use super::{Line, Pace, Stage};

/// Messages to one channel at once.
const PER_CHANNEL: usize = 8;
/// Deliveries per claim.
const CLAIM: u32 = 16;
/// Longer than the longest deadline of a channel (5 minutes), so that no message is sent by two at once.
const LEASE: Duration = Duration::from_secs(7 * 60);
/// A channel that has not taken a message for so long is reported on the others (RELIABILITY P4).
/// The attempt after it comes within a few minutes more.
const TELL_AFTER: Duration = Duration::from_secs(4 * 60);

/// The deliver stage.
#[derive(Debug)]
pub struct Deliver {
    in_hand: Arc<Mutex<InHand>>,
    streaks: Arc<Streaks>,
    with_gatherings: bool,
}

/// What is being sent.
#[derive(Debug, Default)]
struct InHand {
    by_channel: HashMap<ChannelName, usize>,
    ids: HashSet<DeliveryId>,
}

impl Deliver {
    /// A stage that sends what is due; with or without digests.
    #[must_use]
    pub fn new(with_gatherings: bool) -> Self {
        Self { in_hand: Arc::default(), streaks: Arc::default(), with_gatherings }
    }

    /// Channels that have enough to do.
    fn busy(&self) -> Vec<ChannelName> {
        let in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        in_hand.by_channel.iter().filter(|(_, count)| **count >= PER_CHANNEL).map(|(name, _)| name.clone()).collect()
    }
}

impl Stage for Deliver {
    const NAME: &'static str = "deliver";

    async fn tick(&self, line: &Arc<Line>, now: Timestamp, stop: &CancellationToken) -> Result<Pace, StoreError> {
        let busy = self.busy();
        let claim = line.claim(now, LEASE, CLAIM);
        let claimed = line.store.claim_deliveries(&claim, self.with_gatherings, &busy).await?;
        let any = !claimed.is_empty();
        for leased in claimed {
            self.start(line, leased, stop);
        }
        if any { Ok(Pace::Again) } else { Ok(Pace::WaitUntil(line.store.next_delivery_at(&busy).await?)) }
    }

    fn nudge<'a>(&self, line: &'a Line) -> &'a Notify {
        &line.nudges.deliver
    }
}

impl Deliver {
    fn start(&self, line: &Arc<Line>, leased: Leased<Outgoing, DeliveryId>, stop: &CancellationToken) {
        let (channel, id) = (leased.item.delivery.channel.clone(), leased.lease.id);
        {
            let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
            // Claimed again while we are at it (the clock jumped past its lease): the first attempt goes on.
            if !in_hand.ids.insert(id) {
                return;
            }
            *in_hand.by_channel.entry(channel.clone()).or_default() += 1;
        }
        let (in_hand, line, stop) = (Arc::clone(&self.in_hand), Arc::clone(line), stop.clone());
        let streaks = Arc::clone(&self.streaks);
        line.tasks.clone().spawn(async move {
            let nudged = Arc::clone(&line);
            let of = channel.clone();
            let done = OnDrop::new(move || {
                let mut in_hand = in_hand.lock().unwrap_or_else(PoisonError::into_inner);
                in_hand.ids.remove(&id);
                if let Some(count) = in_hand.by_channel.get_mut(&of) {
                    *count -= 1;
                    if *count == 0 {
                        in_hand.by_channel.remove(&of);
                    }
                }
                drop(in_hand);
                nudged.nudges.deliver.notify_one();
            });
            let ended = deliver_one(&line, leased, &streaks, &stop).await;
            // Before it can be let go: a claim of what is still in hand would lie until its lease ends.
            drop(done);
            ended.follow_up(&line, &channel, id, &streaks, &stop).await;
        });
    }
}

/// How an attempt ended, for what comes after its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The channel took it.
    Taken { was_held_up: bool },
    /// It waits, perhaps because the channel takes nothing.
    Waits { failed_at: Timestamp },
    /// It waits for a reason of its own.
    WaitsAlone,
    /// Given up.
    GivenUp,
    /// Not tried.
    HandedBack,
}

/// What is left to do after an attempt's outcome is committed.
#[derive(Debug)]
struct Ended {
    end: End,
    is_committed: bool,
    trouble: Option<HealthEvent>,
}

/// Sends one message and commits how that went.
async fn deliver_one(
    line: &Arc<Line>,
    leased: Leased<Outgoing, DeliveryId>,
    streaks: &Streaks,
    stop: &CancellationToken,
) -> Ended {
    let Leased { lease, item: Outgoing { delivery, notice, maybe_sent_before } } = leased;
    let snapshot = line.live.load();
    let now = line.clock.now();
    let (outcome, end) = match snapshot.channels.get(&delivery.channel) {
        None => {
            let name = &delivery.channel;
            let error = format!("the configuration has no channel `{name}` any more; add it again and retry");
            (DeliveryOutcome::Failed { error, disable_channel: false }, End::GivenUp)
        }
        Some(channel) => {
            let message = Message { delivery: &delivery, notice: &notice, maybe_sent_before, now };
            match stop.run_until_cancelled(channel.send(&message)).await {
                None => (DeliveryOutcome::HandedBack, End::HandedBack),
                Some(Ok(receipt)) => {
                    let taken = streaks.took(&delivery.channel, delivery.id, line.clock.now());
                    if let Some(trouble) = taken.trouble {
                        tracing::info!(
                            channel = %delivery.channel, failures = trouble.failures, since = %trouble.since,
                            "the channel takes messages again"
                        );
                    }
                    (DeliveryOutcome::Sent { receipt: receipt.0 }, End::Taken { was_held_up: taken.was_held_up })
                }
                Some(Err(error)) => {
                    let (words, failed_at) = (line.chain(&error), line.clock.now());
                    let outcome = channel.schedule().after_failure(&delivery, &error, failed_at);
                    let whole = is_of_the_whole_channel(error.reason)
                        && !matches!(outcome, DeliveryOutcome::Retry { asked: true, .. });
                    match streaks.failed(&delivery.channel, &words, whole, failed_at) {
                        Some(trouble) => tracing::warn!(
                            delivery.id = %delivery.id, delivery.attempt = delivery.attempt + 1,
                            channel = %delivery.channel, failures = trouble.failures, since = %trouble.since,
                            error = %words, "delivery failed"
                        ),
                        None => tracing::debug!(
                            delivery.id = %delivery.id, delivery.attempt = delivery.attempt + 1,
                            channel = %delivery.channel, error = %words, "delivery failed"
                        ),
                    }
                    let end = match outcome {
                        DeliveryOutcome::Failed { .. } => End::GivenUp,
                        _ if whole => End::Waits { failed_at },
                        _ => End::WaitsAlone,
                    };
                    (outcome, end)
                }
            }
        }
    };
    let now = line.clock.now();
    line.metrics.delivered(&delivery.channel, &outcome, &notice, now);
    let trouble = trouble(&delivery.channel, &delivery.recipient, delivery.created_at, &outcome, now);
    // Sent but not recorded means sent again: the store has until the lease ends to come back, and nothing comes before.
    let finish = || line.store.finish_delivery(&lease, outcome.clone(), now);
    let finished = line.insist(lease.until, stop, finish).await;
    let is_committed = finished.is_ok();
    if let Err(error) = finished {
        line.commit_failed(&format!("the outcome of delivery {}", delivery.id), &error);
    }
    Ended { end, is_committed, trouble }
}

impl Ended {
    /// What an attempt means for the other messages of its channel, and for the operator.
    async fn follow_up(
        self,
        line: &Line,
        channel: &ChannelName,
        id: DeliveryId,
        streaks: &Streaks,
        stop: &CancellationToken,
    ) {
        let now = line.clock.now();
        let free = match self.end {
            End::Taken { was_held_up } if self.is_committed => streaks.let_go(channel, was_held_up, now),
            End::Waits { failed_at } if self.is_committed && streaks.holds_up(channel, id, failed_at, now) => vec![id],
            End::WaitsAlone | End::GivenUp => {
                streaks.heard_of(channel, id, self.end == End::GivenUp);
                Vec::new()
            }
            _ => Vec::new(),
        };
        if stop.run_until_cancelled(hasten(line, channel, streaks, free)).await.is_none() {
            return;
        }
        if let Some(event) = self.trouble {
            line.tell(event, Severity::High, Some(channel)).await;
        }
    }
}

/// Whether a failure may say that the channel takes nothing at all. A recipient that is not known means this message only.
const fn is_of_the_whole_channel(reason: FailureReason) -> bool {
    use FailureReason::{Busy, Connection, Login, Redirect, Server, Timeout, Tls};
    matches!(reason, Busy | Connection | Tls | Login | Timeout | Server | Redirect)
}

/// The channel takes messages again: what it held up goes now. A webhook's waits grow to a day, and a message must not
/// come ten hours after a later one.
async fn hasten(line: &Line, channel: &ChannelName, streaks: &Streaks, held_up: Vec<DeliveryId>) {
    if held_up.is_empty() {
        return;
    }
    let which = Waiting::These(held_up);
    match line.store.hasten_deliveries(&which, line.clock.now()).await {
        Ok(0) => {}
        Ok(count) => {
            tracing::debug!(%channel, count, "messages that waited for the channel are sent now");
            line.nudges.deliver.notify_one();
        }
        Err(error) => {
            if let Waiting::These(ids) = &which {
                streaks.stays(channel, ids, line.clock.now());
            }
            line.store_failed(&error);
        }
    }
}

/// What an operator must hear of an outcome: once per channel, recipient and day.
fn trouble(
    channel: &ChannelName,
    recipient: &str,
    created_at: Timestamp,
    outcome: &DeliveryOutcome,
    now: Timestamp,
) -> Option<HealthEvent> {
    let day = now.as_seconds() / 86_400;
    let whom = if recipient.is_empty() { String::new() } else { format!(" to {recipient}") };
    let all = "`vedetta deliveries` lists what waits and what failed, `vedetta deliveries retry ID` sends it again.";
    let (key, title, error, what_to_do) = match outcome {
        DeliveryOutcome::Failed { error, disable_channel: true } => (
            format!("channel-disabled:{channel}:{day}"),
            format!("Channel {channel} is disabled: its endpoint is gone"),
            error,
            "messages to it wait. Correct its address and reload: that puts it back in use, as does `vedetta deliveries \
             retry all`, which also sends again what failed.",
        ),
        DeliveryOutcome::Failed { error, .. } => (
            format!("delivery-failed:{channel}:{recipient}:{day}"),
            format!("Given up: channel {channel}{whom}"),
            error,
            all,
        ),
        DeliveryOutcome::Retry { error, .. } if now.since(created_at) >= TELL_AFTER => (
            format!("channel-failing:{channel}:{day}"),
            format!("Channel {channel} takes no messages{whom}"),
            error,
            all,
        ),
        _ => return None,
    };
    let detail = format!("The last error: {error}\nNothing is lost: {what_to_do}");
    Some(HealthEvent { key, title, detail, at: now })
}
