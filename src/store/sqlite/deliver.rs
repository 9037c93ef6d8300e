//! Commit C: giving out deliveries with their words, and writing how an attempt ended.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use crate::model::{
    AlertNotice, AlertReason, Article, ArticleNotice, ChannelName, Claim, Delivery, DeliveryId, DeliveryOutcome, Lease,
    Leased, Notice, NoticeKind, OtherArticle, StoryId, StoryNotice, TextStatus, Timestamp, TopicNotice,
};

use super::super::{Outgoing, StoreError, Waiting};
use super::error::unreadable;
use super::rows::{self, article_columns};
use super::{flood, judge};

/// Other articles of a story in a message at most.
const OTHERS: usize = 20;
/// Members of a story that are looked at for its publishers and languages at most.
const MEMBERS: i64 = 500;
/// Characters of a summary in a message at most.
const SUMMARY: usize = 600;
/// An article that was published this long before it was seen is told as delayed.
const DELAY: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
/// An article of a poll that was held up is told as delayed if it is older than this.
const HELD_UP: std::time::Duration = std::time::Duration::from_secs(3600);

/// A daemon that ends and is started again and again tries what waits that often. A guess: short for who has mended
/// something and starts it once more, long for an endpoint.
const BETWEEN_STARTS: std::time::Duration = std::time::Duration::from_secs(5 * 60);
/// Ids in one statement at most.
const AT_ONCE: usize = 500;

/// Claims deliveries that are due, the oldest first.
pub(super) async fn claim(
    conn: &mut SqliteConnection,
    claim: &Claim,
    gathering: bool,
    except: &[ChannelName],
) -> Result<Vec<Leased<Outgoing, DeliveryId>>, StoreError> {
    let until = claim.now + claim.lease;
    if !gathering {
        flood::close_all(conn, claim.now).await?;
    }
    let mut found = sqlx::query(
        "UPDATE deliveries SET maybe_sent = maybe_sent OR node IS NOT NULL, node = $1, claimable_at = $2, \
         fence = fence + 1, attempts = attempts + 1 WHERE delivery_no IN (\
         SELECT delivery_no FROM deliveries WHERE state = 'due' AND claimable_at <= $3 \
         AND (node IS NULL OR claimable_at <= $4) AND ($5 OR kind IN ('alert', 'flood')) \
         AND channel NOT IN (SELECT name FROM channels) AND channel NOT IN (SELECT value FROM json_each($6)) \
         ORDER BY claimable_at, delivery_no LIMIT $7) \
         RETURNING delivery_no, id, channel, recipient, attempts, max(created_at, promised_at), due_at, fence, maybe_sent, kind, notice",
    )
    .bind(claim.node.0.as_str())
    .bind(until.as_millis())
    .bind(claim.due_by.max(claim.now).as_millis())
    .bind(claim.now.as_millis())
    .bind(gathering)
    .bind(rows::to_json(&except))
    .bind(i64::from(claim.limit))
    .fetch_all(&mut *conn)
    .await?;
    found.sort_by_key(|row| (row.try_get::<i64, _>(6).unwrap_or(0), row.try_get::<i64, _>(0).unwrap_or(0)));
    let mut words = Words::default();
    let mut claimed = Vec::with_capacity(found.len());
    for row in &found {
        let id: DeliveryId = rows::parse(row, 1)?;
        // Words of another version that can't be read any more are written anew.
        let frozen = row.try_get::<Option<&str>, _>(10)?.and_then(|text| serde_json::from_str(text).ok());
        let notice = match frozen {
            Some(notice) => notice,
            None => {
                let notice = words.notice(conn, id, judge::kind(row.try_get(9)?)).await?;
                sqlx::query("UPDATE deliveries SET notice = $2 WHERE delivery_no = $1")
                    .bind(row.try_get::<i64, _>(0)?)
                    .bind(rows::to_json(&notice))
                    .execute(&mut *conn)
                    .await?;
                notice
            }
        };
        let delivery = Delivery {
            id,
            channel: channel(row, 2)?,
            recipient: row.try_get(3)?,
            attempt: rows::small(row, 4)?.saturating_sub(1),
            created_at: rows::time(row, 5)?,
            due_at: rows::time(row, 6)?,
        };
        let lease = Lease { id, fence: row.try_get(7)?, until };
        let item = Outgoing { delivery, notice, maybe_sent_before: row.try_get(8)? };
        claimed.push(Leased { lease, item });
    }
    Ok(claimed)
}

/// Reads a channel's name.
pub(super) fn channel(row: &SqliteRow, column: usize) -> Result<ChannelName, StoreError> {
    ChannelName::new(row.try_get(column)?).map_err(|error| unreadable("a row holds a bad channel", error))
}

/// Writes how an attempt ended; whether the lease still held.
pub(super) async fn finish(
    conn: &mut SqliteConnection,
    lease: &Lease<DeliveryId>,
    outcome: &DeliveryOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let statement = match outcome {
        DeliveryOutcome::Sent { .. } => {
            "UPDATE deliveries SET state = 'sent', node = NULL, finished_at = $3, message = $4 \
             WHERE id = $1 AND fence = $2 AND node IS NOT NULL AND state = 'due'"
        }
        DeliveryOutcome::Retry { .. } => {
            "UPDATE deliveries SET node = NULL, due_at = $3, claimable_at = $3, message = $4, asked = $5 \
             WHERE id = $1 AND fence = $2 AND node IS NOT NULL AND state = 'due'"
        }
        DeliveryOutcome::Failed { .. } => {
            "UPDATE deliveries SET state = 'failed', node = NULL, finished_at = $3, message = $4 \
             WHERE id = $1 AND fence = $2 AND node IS NOT NULL AND state = 'due' RETURNING channel"
        }
        DeliveryOutcome::HandedBack => {
            "UPDATE deliveries SET node = NULL, claimable_at = due_at, attempts = max(attempts - 1, 0), maybe_sent = TRUE \
             WHERE id = $1 AND fence = $2 AND node IS NOT NULL AND state = 'due'"
        }
    };
    let (time, message) = match outcome {
        DeliveryOutcome::Sent { receipt } => (now, Some(receipt.as_str())),
        DeliveryOutcome::Retry { at, error, .. } => (*at, Some(error.as_str())),
        DeliveryOutcome::Failed { error, .. } => (now, Some(error.as_str())),
        DeliveryOutcome::HandedBack => (now, None),
    };
    let mut query =
        sqlx::query(statement).bind(lease.id.to_string()).bind(lease.fence).bind(time.as_millis()).bind(message);
    if let DeliveryOutcome::Retry { asked, .. } = outcome {
        query = query.bind(*asked);
    }
    if let DeliveryOutcome::Failed { error, disable_channel } = outcome {
        let Some(row) = query.fetch_optional(&mut *conn).await? else { return Ok(false) };
        if *disable_channel {
            sqlx::query("INSERT INTO channels (name, disabled_at, reason) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(row.try_get::<&str, _>(0)?)
                .bind(now.as_millis())
                .bind(error.as_str())
                .execute(conn)
                .await?;
        }
        return Ok(true);
    }
    Ok(query.execute(conn).await?.rows_affected() > 0)
}

/// Makes failed deliveries due again, with all their attempts before them.
pub(super) async fn retry(
    conn: &mut SqliteConnection,
    id: Option<DeliveryId>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE deliveries SET promised_at = CASE state WHEN 'failed' THEN $2 ELSE promised_at END, \
         state = 'due', attempts = 0, due_at = $2, claimable_at = $2, finished_at = NULL \
         WHERE (state = 'failed' OR state = 'due' AND (kind = 'alert' OR notice IS NOT NULL) AND node IS NULL AND due_at > $2) \
         AND id = coalesce($1, id)",
    )
    .bind(id.map(|id| id.to_string()))
    .bind(now.as_millis())
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Makes due now what waits for its next attempt, unless the far end asked for the wait. A start does so for one message
/// every [`BETWEEN_STARTS`]; one that comes sooner puts it off until then.
pub(super) async fn hasten(conn: &mut SqliteConnection, which: &Waiting, now: Timestamp) -> Result<u64, StoreError> {
    let (channel, pause) = match which {
        Waiting::All => (None, i64::try_from(BETWEEN_STARTS.as_millis()).ok()),
        Waiting::Channel(channel) => (Some(channel.as_str()), None),
        Waiting::These(ids) => return hasten_these(conn, ids, now).await,
    };
    let done = sqlx::query(
        "UPDATE deliveries SET due_at = max($1, coalesce(hastened_at + $2, 0)), \
         claimable_at = max($1, coalesce(hastened_at + $2, 0)), hastened_at = max($1, coalesce(hastened_at + $2, 0)) \
         WHERE state = 'due' AND node IS NULL AND NOT asked AND due_at > max($1, coalesce(hastened_at + $2, 0)) \
         AND attempts > 0 AND notice IS NOT NULL AND ($3 IS NULL OR channel = $3)",
    )
    .bind(now.as_millis())
    .bind(pause)
    .bind(channel)
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn hasten_these(conn: &mut SqliteConnection, ids: &[DeliveryId], now: Timestamp) -> Result<u64, StoreError> {
    let mut count = 0;
    for some in ids.chunks(AT_ONCE) {
        // The plus keeps it from reading all that is due.
        let done = sqlx::query(
            "UPDATE deliveries SET due_at = $1, claimable_at = $1, hastened_at = $1 \
             WHERE id IN (SELECT value FROM json_each($2)) AND +state = 'due' AND node IS NULL AND NOT asked \
             AND due_at > $1 AND attempts > 0 AND notice IS NOT NULL",
        )
        .bind(now.as_millis())
        .bind(rows::to_json(&some))
        .execute(&mut *conn)
        .await?;
        count += done.rows_affected();
    }
    Ok(count)
}

/// What is known of a story when a message is written.
struct StoryFacts {
    notice: StoryNotice,
    members: Vec<OtherArticle>,
}

/// Writes messages; stories that several of them tell are read once.
#[derive(Default)]
struct Words {
    stories: HashMap<StoryId, StoryFacts>,
}

impl Words {
    async fn notice(
        &mut self,
        conn: &mut SqliteConnection,
        id: DeliveryId,
        kind: NoticeKind,
    ) -> Result<Notice, StoreError> {
        let found = sqlx::query(concat!(
            "SELECT ",
            article_columns!(),
            ", al.id, al.raised_at, al.reason, al.severity, al.topic, al.topic_name, al.topic_labels, al.story, \
             al.follows, al.excerpts, al.title, al.detail, al.change, f.late_at \
             FROM delivery_alerts AS da CROSS JOIN alerts AS al ON al.id = da.alert \
             LEFT JOIN articles AS a ON a.article_no = al.article_no LEFT JOIN feeds AS f ON f.feed_no = a.feed_no \
             WHERE da.delivery = $1 ORDER BY al.raised_at, al.rowid"
        ))
        .bind(id.to_string())
        .fetch_all(&mut *conn)
        .await?;
        let mut alerts = Vec::with_capacity(found.len());
        for row in &found {
            alerts.push(self.alert(conn, row).await?);
        }
        Ok(Notice { kind, alerts })
    }

    async fn alert(&mut self, conn: &mut SqliteConnection, row: &SqliteRow) -> Result<AlertNotice, StoreError> {
        const BASE: usize = rows::ARTICLE_WIDTH;
        let raised_at = rows::time(row, BASE + 1)?;
        let reason: &str = row.try_get(BASE + 2)?;
        let article = match row.try_get::<Option<&str>, _>(0)? {
            Some(_) => Some(rows::article(row, 0)?),
            None => None,
        };
        let story: Option<StoryId> = rows::parse_optional(row, BASE + 7)?;
        let mut others = Vec::new();
        let mut story_notice = None;
        if let Some(id) = story {
            let facts = self.story(conn, id).await?;
            story_notice = Some(facts.notice.clone());
            let own = article.as_ref().map(|article| article.id);
            others.extend(facts.members.iter().filter(|member| Some(member.id) != own).take(OTHERS).cloned());
        }
        Ok(AlertNotice {
            id: rows::parse(row, BASE)?,
            raised_at,
            reason: AlertReason::parse(reason).ok_or_else(|| unreadable("an alert has a bad reason", reason))?,
            severity: rows::severity(row, BASE + 3)?,
            topic: TopicNotice {
                id: rows::topic(row, BASE + 4)?,
                name: row.try_get(BASE + 5)?,
                labels: rows::json(row, BASE + 6)?,
            },
            story: story_notice,
            delayed: is_delayed(article.as_ref(), rows::optional_time(row, BASE + 13)?),
            article: article_notice(article, row, raised_at)?,
            others,
            follows: rows::parse_optional(row, BASE + 8)?,
            change: match row.try_get::<Option<&str>, _>(BASE + 12)? {
                Some(text) => {
                    Some(serde_json::from_str(text).map_err(|error| unreadable("an edit can't be read", error))?)
                }
                None => None,
            },
        })
    }

    async fn story(&mut self, conn: &mut SqliteConnection, id: StoryId) -> Result<&StoryFacts, StoreError> {
        Ok(match self.stories.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(room) => room.insert(read_story(conn, id).await?),
        })
    }
}

/// Whether an article was seen late: by its own date, or because it came with a poll that was held up, as after a night
/// without power.
fn is_delayed(article: Option<&Article>, late_at: Option<Timestamp>) -> bool {
    let Some(article) = article else { return false };
    let age = article.published.map(|published| article.fetched_at.since(published));
    let came_late = late_at == Some(article.fetched_at);
    age.is_some_and(|age| age > DELAY) || (came_late && age.is_none_or(|age| age > HELD_UP))
}

fn article_notice(
    article: Option<Article>,
    row: &SqliteRow,
    raised_at: Timestamp,
) -> Result<ArticleNotice, StoreError> {
    const BASE: usize = rows::ARTICLE_WIDTH;
    let Some(article) = article else {
        return Ok(ArticleNotice {
            id: None,
            url: None,
            title: row.try_get(BASE + 10)?,
            summary: row.try_get(BASE + 11)?,
            lang: None,
            source: "vedetta".to_owned(),
            published: None,
            seen: raised_at,
            text_status: TextStatus::Feed,
            text_error: None,
            matched: Vec::new(),
        });
    };
    let summary = if article.summary.trim().is_empty() { &article.body } else { &article.summary };
    Ok(ArticleNotice {
        id: Some(article.id),
        summary: shorten(summary),
        url: article.url,
        title: article.title,
        lang: article.lang,
        source: article.source,
        published: article.published,
        seen: article.fetched_at,
        text_status: article.text_status,
        text_error: article.text_error,
        matched: rows::json(row, BASE + 9)?,
    })
}

/// The beginning of a text, at most [`SUMMARY`] characters, cut after a word where words are separated.
fn shorten(text: &str) -> String {
    let text = text.trim();
    let Some((end, _)) = text.char_indices().nth(SUMMARY) else { return text.to_owned() };
    let mut cut = &text[..text[..end].char_indices().next_back().map_or(0, |(last, _)| last)];
    if let Some((space, _)) = cut.char_indices().rev().take(60).find(|(_, c)| c.is_whitespace()) {
        cut = &cut[..space];
    }
    format!("{}…", cut.trim_end())
}

async fn read_story(conn: &mut SqliteConnection, id: StoryId) -> Result<StoryFacts, StoreError> {
    let found = sqlx::query(
        "SELECT s.size, s.first_seen, a.id, a.url, a.title, a.source, a.lang, a.published \
         FROM stories AS s CROSS JOIN matches AS m ON m.story = s.id CROSS JOIN articles AS a \
         ON a.article_no = m.article_no WHERE s.id = $1 ORDER BY m.matched_at, m.article_no LIMIT $2",
    )
    .bind(id.to_string())
    .bind(MEMBERS)
    .fetch_all(conn)
    .await?;
    let mut notice =
        StoryNotice { id, size: 0, sources: Vec::new(), languages: Vec::new(), first_seen: Timestamp::EPOCH };
    let mut members = Vec::with_capacity(found.len().min(OTHERS + 1));
    let (mut sources, mut languages) = (BTreeSet::new(), BTreeSet::new());
    for row in &found {
        notice.size = rows::small(row, 0)?;
        notice.first_seen = rows::time(row, 1)?;
        let member = OtherArticle {
            id: rows::parse(row, 2)?,
            url: row.try_get(3)?,
            title: row.try_get(4)?,
            source: row.try_get(5)?,
            lang: rows::lang(row, 6)?,
            published: rows::optional_time(row, 7)?,
        };
        // In the order in which they came.
        if sources.insert(member.source.clone()) {
            notice.sources.push(member.source.clone());
        }
        if let Some(lang) = member.lang
            && languages.insert(lang)
        {
            notice.languages.push(lang);
        }
        if members.len() <= OTHERS {
            members.push(member);
        }
    }
    Ok(StoryFacts { notice, members })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_summary_is_cut_after_a_word_and_between_characters() {
        let spaced = "разведка ".repeat(100);
        let short = shorten(&spaced);
        assert!(short.chars().count() <= SUMMARY && short.ends_with("разведка…"), "{short}");
        let unspaced = "联合军事演习".repeat(200);
        let short = shorten(&unspaced);
        assert_eq!(short.chars().count(), SUMMARY);
        assert_eq!(shorten("  breve "), "breve");
        assert_eq!(shorten(&"a".repeat(SUMMARY)).chars().count(), SUMMARY);
    }
}
