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
            let _done = OnDrop::new(move || {
                let mut in_hand = in_hand.lock().unwrap_or_else(PoisonError::into_inner);
                in_hand.ids.remove(&id);
                if let Some(count) = in_hand.by_channel.get_mut(&channel) {
                    *count -= 1;
                    if *count == 0 {
                        in_hand.by_channel.remove(&channel);
                    }
                }
                drop(in_hand);
                nudged.nudges.deliver.notify_one();
            });
            deliver_one(&line, leased, &streaks, &stop).await;
        });
    }
}

/// Sends one message and commits how that went.
async fn deliver_one(
    line: &Arc<Line>,
    leased: Leased<Outgoing, DeliveryId>,
    streaks: &Streaks,
    stop: &CancellationToken,
) {
    let Leased { lease, item: Outgoing { delivery, notice, maybe_sent_before } } = leased;
    let snapshot = line.live.load();
    let now = line.clock.now();
    let mut waits_for_the_channel = false;
    let outcome = match snapshot.channels.get(&delivery.channel) {
        None => DeliveryOutcome::Failed {
            error: format!("the configuration has no channel `{}` any more; add it again and retry", delivery.channel),
            disable_channel: false,
        },
        Some(channel) => {
            let message = Message { delivery: &delivery, notice: &notice, maybe_sent_before, now };
            match stop.run_until_cancelled(channel.send(&message)).await {
                None => DeliveryOutcome::HandedBack,
                Some(Ok(receipt)) => {
                    let (trouble, held_up) = streaks.took(&delivery.channel);
                    if let Some(trouble) = trouble {
                        tracing::info!(
                            channel = %delivery.channel, failures = trouble.failures, since = %trouble.since,
                            "the channel takes messages again"
                        );
                    }
                    hasten(line, held_up).await;
                    DeliveryOutcome::Sent { receipt: receipt.0 }
                }
                Some(Err(error)) => {
                    let words = line.chain(&error);
                    match streaks.failed(&delivery.channel, &words, line.clock.now()) {
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
                    waits_for_the_channel = is_of_the_whole_channel(error.reason);
                    channel.schedule().after_failure(&delivery, &error, line.clock.now())
                }
            }
        }
    };
    let now = line.clock.now();
    line.metrics.delivered(&delivery.channel, &outcome, &notice, now);
    let trouble = trouble(&delivery.channel, &delivery.recipient, delivery.created_at, &outcome, now);
    // Sent but not recorded means sent again: the store has until the lease ends to come back.
    let finish = || line.store.finish_delivery(&lease, outcome.clone(), now);
    if let Err(error) = line.insist(lease.until, stop, finish).await {
        line.commit_failed(&format!("the outcome of delivery {}", delivery.id), &error);
    } else if waits_for_the_channel && !streaks.holds_up(&delivery.channel, delivery.id) {
        hasten(line, vec![delivery.id]).await;
    }
    if let Some(event) = trouble {
        line.tell(event, Severity::High, Some(&delivery.channel)).await;
    }
}

/// Whether a failure says that the channel takes nothing at all. A recipient that is not known and an endpoint that asks to
/// try later mean this message only, and a recovery must not set that aside.
const fn is_of_the_whole_channel(reason: FailureReason) -> bool {
    use FailureReason::{Connection, Login, Redirect, Server, Timeout, Tls};
    matches!(reason, Connection | Tls | Login | Timeout | Server | Redirect)
}

/// The channel takes messages again: what it held up goes now. A webhook's waits grow to a day, and a message must not
/// come ten hours after a later one.
async fn hasten(line: &Line, held_up: Vec<DeliveryId>) {
    if held_up.is_empty() {
        return;
    }
    match line.store.hasten_deliveries(&Waiting::These(held_up), line.clock.now()).await {
        Ok(0) => {}
        Ok(count) => {
            tracing::info!(count, "messages that waited for the channel are sent now");
            line.nudges.deliver.notify_one();
        }
        // They come at their own time.
        Err(error) => line.store_failed(&error),
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
