//! The flood brake in the outbox: what is held back is put into a summary in the transaction that raises the alert, so
//! that a crash finds either both or neither.
//!
//! A summary is one more gathering, as a digest is; what differs is that nobody plans its hour. It begins with the first
//! alert held back and is due when the window has passed, or when it lists as many as its channel's messages can hold: then
//! the next one begins.

use sqlx::sqlite::SqliteConnection;

use crate::alert::{Brake, DeliveryDraft};
use crate::model::{AlertId, DeliveryId, Timestamp, TopicId};

use super::super::StoreError;
use super::{judge, rows};

/// Whether the topic has raised more than its limit within the window, with the alert just written.
pub(super) async fn is_on(
    conn: &mut SqliteConnection,
    topic: &TopicId,
    brake: Brake,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // A little of the future too: callers' clocks differ; not all of it, or a clock set back would brake for as long.
    let raised: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM (SELECT 1 FROM alerts WHERE topic = $1 AND raised_at > $2 AND raised_at <= $3 LIMIT $4)",
    )
    .bind(topic.as_str())
    .bind(now.before(brake.window).as_millis())
    .bind((now + brake.window).as_millis())
    .bind(i64::from(brake.limit) + 1)
    .fetch_one(conn)
    .await?;
    Ok(raised > i64::from(brake.limit))
}

/// What became of an alert that was held back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    /// When its summary is due.
    pub(super) due_at: Timestamp,
    /// Whether the summary began with it.
    pub(super) is_first: bool,
}

/// Puts an alert into the open summary of its topic for this recipient, or opens one.
pub(super) async fn hold(
    conn: &mut SqliteConnection,
    alert: AlertId,
    topic: &TopicId,
    draft: &DeliveryDraft,
    brake: Brake,
    now: Timestamp,
) -> Result<Held, StoreError> {
    let latest = now + brake.window;
    // Not one whose words are fixed: it may be on its way.
    let open = sqlx::query(
        "SELECT id, due_at, (SELECT count(*) FROM delivery_alerts WHERE delivery = d.id) FROM deliveries AS d \
         WHERE kind = 'flood' AND state = 'due' AND topic = $1 AND channel = $2 AND recipient = $3 \
         AND node IS NULL AND notice IS NULL ORDER BY delivery_no DESC LIMIT 1",
    )
    .bind(topic.as_str())
    .bind(draft.channel.as_str())
    .bind(draft.recipient.as_str())
    .fetch_optional(&mut *conn)
    .await?;
    let (id, planned, listed) = match open {
        Some(row) if rows::small(&row, 2)? < draft.room => {
            (rows::parse(&row, 0)?, rows::time(&row, 1)?, rows::small(&row, 2)? + 1)
        }
        _ => {
            let summary = draft.in_a_flood(alert, latest);
            judge::insert_delivery(conn, &summary, Some(topic), now).await?;
            (summary.id, latest, 1)
        }
    };
    judge::carry(conn, id, alert).await?;
    // A clock set back must not make it wait for as long as it was ahead.
    let due_at = if listed >= draft.room { planned.min(now) } else { planned.min(latest) };
    if due_at != planned {
        make_due(conn, id, due_at).await?;
    }
    Ok(Held { due_at, is_first: listed == 1 })
}

async fn make_due(conn: &mut SqliteConnection, id: DeliveryId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE deliveries SET due_at = $2, claimable_at = $2, promised_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind(at.as_millis())
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes all summaries that still gather due: nobody will wait for their windows.
pub(super) async fn close_all(conn: &mut SqliteConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE deliveries SET due_at = $1, claimable_at = $1, promised_at = $1 \
         WHERE kind = 'flood' AND state = 'due' AND node IS NULL AND notice IS NULL AND due_at > $1",
    )
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(())
}
