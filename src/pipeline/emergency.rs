//! A database that takes no writes, most likely for want of room on its disk. Nothing can be claimed, so nothing can be
//! sent through the outbox, not even that. One message about it goes from memory straight to the channels of vedetta's
//! own troubles; should the process die meanwhile, the next one sends it again, and a repeat is the smaller evil.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::alert::{DeliveryDraft, HealthDraft, duration_words};
use crate::model::{
    AlertNotice, ArticleNotice, Clock, Delivery, DeliveryId, HealthEvent, Notice, NoticeKind, Severity, TextStatus,
    Timestamp, TopicId, TopicNotice,
};
use crate::notify::Message;
use crate::store::sqlite::database_file;
use crate::telemetry::Refusal;

use super::{Line, Snapshot, with_causes};

/// A refusal that is over within this is told nobody: SQLite itself waits ten seconds for a lock.
const PATIENCE: Duration = Duration::from_secs(20);

/// The outage that is being told, if there is one.
#[derive(Debug, Default)]
pub struct Emergency(Arc<Mutex<Option<Outage>>>);

#[derive(Debug)]
struct Outage {
    since: Timestamp,
    notice: Notice,
    /// Messages that no channel has taken yet.
    waiting: Vec<DeliveryDraft>,
    /// Those being sent.
    in_hand: HashSet<DeliveryId>,
    attempt: u32,
}

impl Emergency {
    /// Tells of a refusal that lasts, tries again what was not taken, and tells of the end.
    pub(super) async fn look(&self, line: &Arc<Line>, snapshot: &Arc<Snapshot>, stop: &CancellationToken) {
        let Some(refusal) = line.writes.refusal() else {
            let over = self.lock().as_ref().map(|outage| end(outage, line.clock.now()));
            // It is the first write after the outage: should it fail, the end is told at the next look.
            if let Some(event) = over
                && line.tell(event, Severity::High, None).await
            {
                *self.lock() = None;
            }
            return;
        };
        self.tell(&refusal, snapshot, &line.clock, &line.tasks, stop);
    }

    /// Tells of a refusal that lasts, and tries again what was not taken. Does not wait for it.
    pub fn tell(
        &self,
        refusal: &Refusal,
        snapshot: &Arc<Snapshot>,
        clock: &Arc<dyn Clock>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let now = clock.now();
        // A single stall is over by then; what stands still is refused again.
        if refusal.last.since(refusal.since) < PATIENCE {
            return;
        }
        let (notice, drafts, attempt) = {
            let mut outage = self.lock();
            let outage = outage.get_or_insert_with(|| {
                let event = begin(refusal, &snapshot.config.store_url, now);
                tracing::error!(detail = event.detail, "{}", event.title);
                Outage::new(snapshot.desk.health(event, Severity::Urgent, None), refusal.since)
            });
            let drafts: Vec<_> =
                outage.waiting.iter().filter(|draft| !outage.in_hand.contains(&draft.id)).cloned().collect();
            outage.in_hand.extend(drafts.iter().map(|draft| draft.id));
            let attempt = outage.attempt;
            outage.attempt += 1;
            (outage.notice.clone(), drafts, attempt)
        };
        for draft in drafts {
            let (clock, snapshot, stop) = (Arc::clone(clock), Arc::clone(snapshot), stop.clone());
            let (outage, notice) = (Arc::clone(&self.0), notice.clone());
            tasks.spawn(async move {
                let taken = stop.run_until_cancelled(send(&*clock, &snapshot, &draft, &notice, attempt)).await;
                if let Some(outage) = &mut *outage.lock().unwrap_or_else(PoisonError::into_inner) {
                    outage.in_hand.remove(&draft.id);
                    if taken == Some(true) {
                        outage.waiting.retain(|one| one.id != draft.id);
                    }
                }
            });
        }
    }

    /// Whether an outage was told and its end was not.
    pub(super) fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Outage>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outage {
    fn new(draft: HealthDraft, since: Timestamp) -> Self {
        let HealthDraft { event, severity, alert, labels, .. } = draft;
        let notice = AlertNotice {
            id: alert.id,
            raised_at: event.at,
            reason: alert.reason,
            severity,
            topic: TopicNotice { id: TopicId::health(), name: "vedetta".to_owned(), labels },
            story: None,
            article: ArticleNotice {
                id: None,
                url: None,
                title: event.title,
                summary: event.detail,
                lang: None,
                source: "vedetta".to_owned(),
                published: None,
                seen: event.at,
                text_status: TextStatus::Feed,
                text_error: None,
                matched: Vec::new(),
            },
            others: Vec::new(),
            follows: None,
            delayed: false,
            change: None,
        };
        let notice = Notice { kind: NoticeKind::Alert, alerts: vec![notice] };
        Self {
            since,
            notice,
            waiting: alert.deliveries.iter().map(|draft| draft.at_once(alert.id)).collect(),
            in_hand: HashSet::new(),
            attempt: 0,
        }
    }
}

/// Sends one message; whether it needs no other try.
async fn send(clock: &dyn Clock, snapshot: &Snapshot, draft: &DeliveryDraft, notice: &Notice, attempt: u32) -> bool {
    let Some(channel) = snapshot.channels.get(&draft.channel) else { return true };
    let now = clock.now();
    let delivery = Delivery {
        id: draft.id,
        channel: draft.channel.clone(),
        recipient: draft.recipient.clone(),
        attempt,
        created_at: now,
        due_at: now,
    };
    let message = Message { delivery: &delivery, notice, maybe_sent_before: false, now };
    match channel.send(&message).await {
        Ok(_) => {
            tracing::info!(channel = %draft.channel, "told that the database takes no writes");
            true
        }
        Err(error) => {
            tracing::warn!(
                channel = %draft.channel, error = %with_causes(&error), "cannot tell that the database takes no writes"
            );
            error.permanent
        }
    }
}

fn begin(refusal: &Refusal, store_url: &str, now: Timestamp) -> HealthEvent {
    let path = database_file(store_url).display();
    HealthEvent {
        key: format!("store-refuses:{}", refusal.since),
        title: "vedetta can't write its database and stands still".to_owned(),
        detail: format!(
            "Since {}: {}.\nThe database is {path}. If its disk is full, make room; nothing else is to be done: vedetta \
             tries again every few seconds and goes on by itself.\nUntil then nothing is taken in and no other message \
             goes out. What could not be recorded was not marked as seen: it is taken in afterwards, if its feed still has \
             it.\nThis message does not come from the outbox, which can't be written; `vedetta deliveries` does not \
             know it.",
            refusal.since, refusal.error
        ),
        at: now,
    }
}

fn end(outage: &Outage, now: Timestamp) -> HealthEvent {
    let lasted = now.since(outage.since);
    let lasted = if lasted.as_secs() < 120 { format!("{} s", lasted.as_secs()) } else { duration_words(lasted) };
    HealthEvent {
        key: format!("store-takes:{}", outage.since),
        title: "vedetta can write its database again".to_owned(),
        detail: format!(
            "It could not since {}, for {lasted}. What waited is being taken in and sent; articles that left their feeds \
             meanwhile are told by their feeds' own messages, where that can be known.",
            outage.since
        ),
        at: now,
    }
}
