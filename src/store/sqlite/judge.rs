//! What becomes of a match: its story, its alert, its deliveries. Runs inside the writing transaction.
//!
//! The boards are remembered between transactions, so that placing an article costs no reading. They are forgotten when
//! a transaction fails, and when SQLite's `data_version` says that another process wrote.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::alert::{AlertDraft, Brake, DeliveryDraft, Desk, HealthDraft, StoryPlace};
use crate::model::{AlertId, Article, Change, DeliveryId, Match, NoticeKind, Severity, StoryId, Timestamp, TopicId};
use crate::story::{Assignment, BOARD_LIMIT, BoardMember, Signature, StoryBoard};

use super::super::{Committed, StoreError, Verdict};
use super::{flood, rows};

/// Members of all boards at most, at some 700 bytes each: 28 MB.
const BOARDS_LIMIT: usize = 40_000;
/// How much further back than asked a remembered board reaches.
const BOARD_SLACK: Duration = Duration::from_secs(3600);

/// The boards of all topics that had a match lately.
#[derive(Debug, Default)]
pub(super) struct Boards {
    by_topic: HashMap<TopicId, Remembered>,
    data_version: Option<i64>,
    is_checked: bool,
}

#[derive(Debug)]
struct Remembered {
    board: StoryBoard,
    since: Timestamp,
}

impl Boards {
    /// A new transaction begins: another process may have written since the last one.
    pub(super) fn begin(&mut self) {
        self.is_checked = false;
    }

    /// Forgets everything: the transaction was undone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// The topic's board, with all stories whose last article is as young as `since`, and perhaps older ones.
    async fn load(
        &mut self,
        conn: &mut SqliteConnection,
        topic: &TopicId,
        since: Timestamp,
    ) -> Result<&mut StoryBoard, StoreError> {
        if !self.is_checked {
            let version: i64 = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut *conn).await?;
            if self.data_version.replace(version).is_some_and(|known| known != version) {
                self.by_topic.clear();
            }
            self.is_checked = true;
        }
        // Callers' clocks differ a little, and a topic's window can be made longer: what is remembered reaches back
        // somewhat further than asked, and is read again where that isn't far enough.
        let horizon = since.before(BOARD_SLACK);
        if self.by_topic.get(topic).is_none_or(|known| since < known.since) {
            if self.by_topic.values().map(|known| known.board.members.len()).sum::<usize>() > BOARDS_LIMIT {
                self.by_topic.clear();
            }
            let board = read_board(conn, topic, horizon).await?;
            self.by_topic.insert(topic.clone(), Remembered { board, since: horizon });
        }
        let known = self.by_topic.get_mut(topic).expect("inserted above where it was missing");
        if known.since < horizon {
            known.since = horizon;
            known.board.forget(horizon);
        }
        Ok(&mut known.board)
    }
}

/// Reads the members of the topic's open stories. A story stays open as long as its last article is young enough, so
/// each member counts as seen when its story last was.
async fn read_board(conn: &mut SqliteConnection, topic: &TopicId, since: Timestamp) -> Result<StoryBoard, StoreError> {
    let found = sqlx::query(
        "SELECT m.story, m.article, m.signature, s.last_seen \
         FROM stories AS s CROSS JOIN matches AS m ON m.story = s.id \
         WHERE s.topic = $1 AND s.last_seen >= $2 ORDER BY m.matched_at DESC, m.article_no DESC LIMIT $3",
    )
    .bind(topic.as_str())
    .bind(since.as_millis())
    .bind(i64::try_from(BOARD_LIMIT).unwrap_or(i64::MAX))
    .fetch_all(conn)
    .await?;
    let mut members = Vec::with_capacity(found.len());
    for row in found.iter().rev() {
        members.push(BoardMember {
            story: rows::parse(row, 0)?,
            article: rows::parse(row, 1)?,
            signature: Arc::new(Signature::from_bytes(row.try_get(2)?)),
            seen_at: rows::time(row, 3)?,
        });
    }
    Ok(StoryBoard { topic: topic.clone(), members })
}

/// An article with its verdict, about to be settled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judged<'a> {
    /// The article.
    pub(super) article: &'a Article,
    /// Its row.
    pub(super) article_no: i64,
    /// Whether its row was there before: matches may be recorded.
    pub(super) is_stored: bool,
    /// Whether it was judged before: it is an edited one.
    pub(super) is_known: bool,
    /// What matching made of it.
    pub(super) verdict: &'a Verdict,
    /// What is different in an edited one.
    pub(super) change: Option<&'a Change>,
    /// Who decides.
    pub(super) desk: &'a Desk,
    /// The time of the decision.
    pub(super) now: Timestamp,
}

/// Records the matches of an article, places it in its stories, and writes the alerts and deliveries decided.
pub(super) async fn settle(
    conn: &mut SqliteConnection,
    boards: &mut Boards,
    judged: Judged<'_>,
    committed: &mut Committed,
) -> Result<(), StoreError> {
    let signature = Arc::new(judged.verdict.signature.clone().unwrap_or_default());
    let change = judged.change.map(rows::to_json);
    if let Some(change) = &change {
        sqlx::query(
            "INSERT INTO article_changes (article_no, changed_at, change) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        )
        .bind(judged.article_no)
        .bind(judged.now.as_millis())
        .bind(change.as_str())
        .execute(&mut *conn)
        .await?;
    }
    for matched in &judged.verdict.matches {
        let excerpts = rows::to_json(&matched.excerpts);
        if judged.is_stored && refresh_match(conn, judged, matched, &excerpts).await? {
            if let Some(change) = &change {
                tell_change(conn, judged, matched, &excerpts, change, committed).await?;
            }
            continue;
        }
        let place = place(conn, boards, judged, matched, &signature).await?;
        sqlx::query(
            "INSERT INTO matches (article_no, topic, article, story, matched_at, severity, score, revision, excerpts, \
             signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(judged.article_no)
        .bind(matched.topic.id.as_str())
        .bind(judged.article.id.to_string())
        .bind(place.story.to_string())
        .bind(judged.now.as_millis())
        .bind(matched.severity.as_str())
        .bind(matched.score)
        .bind(judged.verdict.revision.as_str())
        .bind(excerpts.as_str())
        .bind(signature.to_bytes())
        .execute(&mut *conn)
        .await?;
        committed.matches += 1;
        if let Some(draft) = judged.desk.decide(judged.article, matched, place, judged.now).alert {
            let snapshot = Snapshot {
                severity: matched.severity,
                score: matched.score,
                topic: &matched.topic.id,
                topic_name: &matched.topic.name,
                topic_labels: &rows::to_json(&matched.topic.labels),
                story: Some(place.story),
                article_no: Some(judged.article_no),
                follows: place.first_alert,
                excerpts: &excerpts,
                change: change.as_deref(),
                title: "",
                detail: "",
            };
            write_alert(conn, &draft, &snapshot, judged.now, committed).await?;
        }
    }
    Ok(())
}

/// An article that matched already was edited: a topic that asks for it hears so.
async fn tell_change(
    conn: &mut SqliteConnection,
    judged: Judged<'_>,
    matched: &Match,
    excerpts: &str,
    change: &str,
    committed: &mut Committed,
) -> Result<(), StoreError> {
    if !matched.topic.alert_on_changed {
        return Ok(());
    }
    let row = sqlx::query(
        "SELECT s.id, s.first_alert FROM matches AS m JOIN stories AS s ON s.id = m.story \
         WHERE m.article_no = $1 AND m.topic = $2",
    )
    .bind(judged.article_no)
    .bind(matched.topic.id.as_str())
    .fetch_one(&mut *conn)
    .await?;
    let story: StoryId = rows::parse(&row, 0)?;
    let draft = judged.desk.changed(judged.article, matched, story, judged.now);
    let snapshot = Snapshot {
        severity: matched.severity,
        score: matched.score,
        topic: &matched.topic.id,
        topic_name: &matched.topic.name,
        topic_labels: &rows::to_json(&matched.topic.labels),
        story: Some(story),
        article_no: Some(judged.article_no),
        follows: rows::parse_optional(&row, 1)?,
        excerpts,
        change: Some(change),
        title: "",
        detail: "",
    };
    write_alert(conn, &draft, &snapshot, judged.now, committed).await.map(drop)
}

/// Whether the match is recorded already; if so its evidence is brought up to date.
async fn refresh_match(
    conn: &mut SqliteConnection,
    judged: Judged<'_>,
    matched: &Match,
    excerpts: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE matches SET severity = $3, score = $4, revision = $5, excerpts = $6 WHERE article_no = $1 AND topic = $2",
    )
    .bind(judged.article_no)
    .bind(matched.topic.id.as_str())
    .bind(matched.severity.as_str())
    .bind(matched.score)
    .bind(judged.verdict.revision.as_str())
    .bind(excerpts)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Places the article on the topic's board and counts it in its story.
async fn place(
    conn: &mut SqliteConnection,
    boards: &mut Boards,
    judged: Judged<'_>,
    matched: &Match,
    signature: &Arc<Signature>,
) -> Result<StoryPlace, StoreError> {
    let topic = &matched.topic;
    let since = judged.now.before(topic.story_window);
    let board = boards.load(conn, &topic.id, since).await?;
    let (Assignment::Join(story) | Assignment::Open(story)) =
        board.place(judged.article.id, signature, since, judged.now);
    let row = sqlx::query(
        "INSERT INTO stories (id, topic, size, first_seen, last_seen) VALUES ($1, $2, 1, $3, $3) \
         ON CONFLICT (id) DO UPDATE SET size = stories.size + 1, last_seen = max(stories.last_seen, excluded.last_seen) \
         RETURNING size, first_alert",
    )
    .bind(story.to_string())
    .bind(topic.id.as_str())
    .bind(judged.now.as_millis())
    .fetch_one(conn)
    .await?;
    Ok(StoryPlace {
        story,
        is_new: row.try_get::<i64, _>(0)? == 1,
        first_alert: rows::parse_optional(&row, 1)?,
        article_known: judged.is_known,
    })
}

/// What an alert keeps of the moment in which it was raised.
struct Snapshot<'a> {
    severity: Severity,
    score: i64,
    topic: &'a TopicId,
    topic_name: &'a str,
    topic_labels: &'a str,
    story: Option<StoryId>,
    article_no: Option<i64>,
    follows: Option<AlertId>,
    excerpts: &'a str,
    change: Option<&'a str>,
    title: &'a str,
    detail: &'a str,
}

/// Writes a health alert; whether it was new.
pub(super) async fn write_health(
    conn: &mut SqliteConnection,
    draft: &HealthDraft,
    committed: &mut Committed,
) -> Result<bool, StoreError> {
    if let Some(opened_by) = draft.closes {
        let was_told: Option<i64> = sqlx::query_scalar("SELECT 1 FROM alerts WHERE id = $1")
            .bind(opened_by.to_string())
            .fetch_optional(&mut *conn)
            .await?;
        if was_told.is_none() {
            return Ok(false);
        }
    }
    let snapshot = Snapshot {
        severity: draft.severity,
        score: 0,
        topic: &TopicId::health(),
        topic_name: "vedetta",
        topic_labels: &rows::to_json(&draft.labels),
        story: None,
        article_no: None,
        follows: None,
        excerpts: "[]",
        change: None,
        title: &draft.event.title,
        detail: &draft.event.detail,
    };
    write_alert(conn, &draft.alert, &snapshot, draft.event.at, committed).await
}

/// Writes an alert and its deliveries, unless it is there already: then they were written with it.
async fn write_alert(
    conn: &mut SqliteConnection,
    draft: &AlertDraft,
    snapshot: &Snapshot<'_>,
    now: Timestamp,
    committed: &mut Committed,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO alerts (id, raised_at, reason, severity, score, topic, topic_name, topic_labels, story, article_no, \
         follows, excerpts, title, detail, change) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
         ON CONFLICT (id) DO NOTHING",
    )
    .bind(draft.id.to_string())
    .bind(now.as_millis())
    .bind(draft.reason.as_str())
    .bind(snapshot.severity.as_str())
    .bind(snapshot.score)
    .bind(snapshot.topic.as_str())
    .bind(snapshot.topic_name)
    .bind(snapshot.topic_labels)
    .bind(snapshot.story.map(|story| story.to_string()))
    .bind(snapshot.article_no)
    .bind(snapshot.follows.map(|alert| alert.to_string()))
    .bind(snapshot.excerpts)
    .bind(snapshot.title)
    .bind(snapshot.detail)
    .bind(snapshot.change)
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(story) = snapshot.story {
        sqlx::query("UPDATE stories SET first_alert = $2 WHERE id = $1 AND first_alert IS NULL")
            .bind(story.to_string())
            .bind(draft.id.to_string())
            .execute(&mut *conn)
            .await?;
    }
    // Routes may have brakes of their own.
    let mut asked: Vec<(Brake, bool)> = Vec::new();
    let mut is_held = false;
    for delivery in &draft.deliveries {
        // What gathers anyway is no flood.
        let brake = delivery.brake.filter(|_| delivery.kind == NoticeKind::Alert);
        if let Some(brake) = brake.filter(|brake| asked.iter().all(|(known, _)| known != brake)) {
            asked.push((brake, flood::is_on(conn, snapshot.topic, brake, now).await?));
        }
        let due_at = match brake.filter(|brake| asked.contains(&(*brake, true))) {
            Some(brake) => {
                let held = flood::hold(conn, draft.id, snapshot.topic, delivery, brake, now).await?;
                if held.is_first && !committed.floods.contains(snapshot.topic) {
                    committed.floods.push(snapshot.topic.clone());
                }
                is_held = true;
                held.due_at
            }
            None => promise(conn, draft.id, delivery, now).await?,
        };
        committed.deliveries += 1;
        committed.next_due = Some(committed.next_due.map_or(due_at, |next| next.min(due_at)));
    }
    committed.held += u32::from(is_held);
    committed.alerts.push(draft.id);
    Ok(true)
}

/// Writes a delivery, or lets the alert join the one that is gathering. Returns when it is due.
///
/// A gathering that was claimed already has its words fixed and may be on its way: joining it would lose the alert.
/// Such an alert gets a message of its own, at once.
async fn promise(
    conn: &mut SqliteConnection,
    alert: AlertId,
    draft: &DeliveryDraft,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    if insert_delivery(conn, draft, None, now).await? || is_gathering(conn, draft.id).await? {
        carry(conn, draft.id, alert).await?;
        return Ok(draft.due_at);
    }
    let own = DeliveryDraft {
        id: DeliveryId::derive(&[&draft.id.to_string(), &alert.to_string()]),
        kind: NoticeKind::Alert,
        due_at: now,
        ..draft.clone()
    };
    insert_delivery(conn, &own, None, now).await?;
    carry(conn, own.id, alert).await?;
    Ok(now)
}

/// Writes a delivery unless it is there; whether it was new. `topic`: of a flood's summary.
pub(super) async fn insert_delivery(
    conn: &mut SqliteConnection,
    draft: &DeliveryDraft,
    topic: Option<&TopicId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO deliveries (id, state, claimable_at, due_at, promised_at, kind, channel, recipient, created_at, topic) \
         VALUES ($1, 'due', $2, $2, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING",
    )
    .bind(draft.id.to_string())
    .bind(draft.due_at.as_millis())
    .bind(draft.kind.as_str())
    .bind(draft.channel.as_str())
    .bind(draft.recipient.as_str())
    .bind(now.as_millis())
    .bind(topic.map(TopicId::as_str))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether a delivery still gathers: nobody has claimed it yet, so its words are not fixed.
async fn is_gathering(conn: &mut SqliteConnection, id: DeliveryId) -> Result<bool, StoreError> {
    let open: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM deliveries WHERE id = $1 AND state = 'due' AND node IS NULL AND notice IS NULL",
    )
    .bind(id.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(open.is_some())
}

pub(super) async fn carry(conn: &mut SqliteConnection, delivery: DeliveryId, alert: AlertId) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO delivery_alerts (delivery, alert) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(delivery.to_string())
        .bind(alert.to_string())
        .execute(conn)
        .await?;
    Ok(())
}

/// Reads the word for a kind of message; anything else is a single alert.
pub(super) fn kind(word: &str) -> NoticeKind {
    match word {
        "digest" => NoticeKind::Digest,
        "quiet_hours" => NoticeKind::QuietHours,
        "flood" => NoticeKind::Flood,
        _ => NoticeKind::Alert,
    }
}
