//! Commit A and B: what polls and judged articles change. Works on all polls of a transaction at once, so that a
//! statement serves many feeds; a poll whose lease was lost is left out before anything is written.

use std::collections::{HashMap, HashSet};

use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;

use crate::model::{Article, ArticleId, FeedId, Timestamp};

use super::super::{Committed, PolledArticle, SeenEntry, StoreError, VerdictCommit};
use super::bulk::Bulk;
use super::error::unreadable;
use super::judge::{self, Boards, Judged};
use super::rows;
use super::writer::{PollJob, VerdictJob};

/// Days by which the memory of a feed's last document may lag behind, before it is brought up to date. Saves writing
/// for every feed every day; the sweep waits that much longer.
pub(super) const SEEN_LAG_DAYS: i64 = 7;

static KNOWN_ARTICLES: Bulk = Bulk::new(
    "WITH wanted (feed_no, id) AS (VALUES ",
    "(?, ?)",
    ") SELECT a.feed_no, a.id, a.article_no, a.content_hash, a.revision IS NOT NULL \
     FROM wanted CROSS JOIN articles AS a ON a.feed_no = wanted.feed_no AND a.id = wanted.id",
);

static INSERT_ARTICLES: Bulk = Bulk::new(
    "INSERT INTO articles (article_no, feed_no, id, fetched_at, content_hash, claimable_at, revision, published, updated, \
     lang, declared_lang, text_status, source, feed_name, url, author, tags, text_error, title, summary, body) VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "",
);

static REMEMBER: Bulk = Bulk::new(
    "INSERT INTO seen (feed_no, key, content_hash, last_seen_day, article) VALUES ",
    "(?, ?, ?, ?, ?)",
    " ON CONFLICT (feed_no, key) DO UPDATE SET content_hash = excluded.content_hash, \
     last_seen_day = max(seen.last_seen_day, excluded.last_seen_day), \
     article = coalesce(excluded.article, seen.article) \
     WHERE excluded.last_seen_day > seen.last_seen_day OR excluded.content_hash <> seen.content_hash \
     OR (excluded.article IS NOT NULL AND excluded.article IS NOT seen.article)",
);

static UPDATE_FEEDS: Bulk = Bulk::new(
    "WITH polled (feed_no, next_poll_at, failures, etag, last_modified, body_hash, hint_ms, title, last_attempt_at, \
     last_success_at, last_full_at, last_new_at, last_error, failing_since, health, new_articles, seen_day, history, late_at) AS (VALUES ",
    "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ") UPDATE feeds SET node = NULL, claimable_at = polled.next_poll_at, next_poll_at = polled.next_poll_at, \
     failures = polled.failures, etag = polled.etag, last_modified = polled.last_modified, \
     body_hash = polled.body_hash, hint_ms = polled.hint_ms, title = polled.title, \
     last_attempt_at = polled.last_attempt_at, last_success_at = polled.last_success_at, \
     last_full_at = polled.last_full_at, last_new_at = polled.last_new_at, last_error = polled.last_error, \
     failing_since = polled.failing_since, health = polled.health, \
     articles = feeds.articles + polled.new_articles, seen_day = max(feeds.seen_day, polled.seen_day), \
     history = polled.history, late_at = coalesce(polled.late_at, feeds.late_at) \
     FROM polled WHERE feeds.feed_no = polled.feed_no",
);

/// What the feed's row says, read once per transaction.
struct FeedRight {
    feed_no: i64,
    fence: i64,
    articles: i64,
    seen_day: i64,
    last_success_at: Option<Timestamp>,
}

/// A poll that may be written.
struct Accepted {
    /// Position among the jobs.
    job: usize,
    right: FeedRight,
    committed: Committed,
}

/// What is stored of an article.
struct Stored {
    article_no: i64,
    content_hash: i64,
    is_judged: bool,
}

/// What happens to a polled article.
struct Plan {
    /// Positions: among the accepted polls, among that poll's articles.
    accepted: usize,
    article: usize,
    article_no: i64,
    is_stored: bool,
    is_known: bool,
}

/// Writes all polls. A job whose lease was lost gets that answer and changes nothing.
pub(super) async fn commit_polls(
    conn: &mut SqliteConnection,
    boards: &mut Boards,
    jobs: &mut [&mut PollJob],
) -> Result<(), StoreError> {
    let mut accepted = accept(conn, jobs).await?;
    let plans = plan_articles(conn, jobs, &accepted).await?;
    write_articles(conn, jobs, &mut accepted, &plans).await?;
    write_seen(conn, jobs, &accepted).await?;
    write_feeds(conn, jobs, &accepted).await?;
    write_sitemaps(conn, jobs, &accepted).await?;
    for one in &mut accepted {
        for draft in &jobs[one.job].poll.health {
            judge::write_health(conn, draft, &mut one.committed).await?;
        }
    }
    for plan in &plans {
        let one = &mut accepted[plan.accepted];
        let job = &jobs[one.job];
        let polled = &job.poll.articles[plan.article];
        let Some(verdict) = &polled.verdict else { continue };
        let judged = Judged {
            article: &polled.article,
            article_no: plan.article_no,
            is_stored: plan.is_stored,
            is_known: plan.is_known,
            verdict,
            change: polled.change.as_ref(),
            desk: &job.desk,
            now: job.now,
        };
        judge::settle(conn, boards, judged, &mut one.committed).await?;
    }
    for one in accepted {
        jobs[one.job].slot.set(Ok(one.committed));
    }
    Ok(())
}

/// Checks every job's fence; refuses those that lost their lease.
async fn accept(conn: &mut SqliteConnection, jobs: &mut [&mut PollJob]) -> Result<Vec<Accepted>, StoreError> {
    let ids = rows::id_array(jobs.iter().map(|job| job.poll.lease.id));
    // In one row: see `feeds::claim`.
    let found: String = sqlx::query_scalar(
        "SELECT json_group_array(json_array(f.id, f.feed_no, f.fence, f.articles, f.seen_day, f.last_success_at)) \
         FROM json_each($1) AS wanted CROSS JOIN feeds AS f ON f.id = wanted.value WHERE f.node IS NOT NULL",
    )
    .bind(ids)
    .fetch_one(conn)
    .await?;
    let found: Vec<(FeedId, i64, i64, i64, i64, Option<i64>)> =
        serde_json::from_str(&found).map_err(|error| unreadable("a feed's row can't be read", error))?;
    let mut rights: HashMap<FeedId, FeedRight> = HashMap::with_capacity(found.len());
    for (id, feed_no, fence, articles, seen_day, success) in found {
        let last_success_at = success.map(Timestamp::from_millis);
        rights.insert(id, FeedRight { feed_no, fence, articles, seen_day, last_success_at });
    }
    let mut accepted = Vec::with_capacity(jobs.len());
    for (index, job) in jobs.iter_mut().enumerate() {
        let lease = &job.poll.lease;
        // Taken out, so that the same lease is used once only.
        match rights.remove(&lease.id) {
            Some(right) if right.fence == lease.fence => {
                accepted.push(Accepted { job: index, right, committed: Committed::default() });
            }
            other => {
                if let Some(right) = other {
                    rights.insert(lease.id, right);
                }
                job.slot.set(Err(StoreError::LeaseLost { what: format!("feed {}", lease.id) }));
            }
        }
    }
    Ok(accepted)
}

/// Tells new articles from edited and unchanged ones, and gives the new ones their numbers.
async fn plan_articles(
    conn: &mut SqliteConnection,
    jobs: &[&mut PollJob],
    accepted: &[Accepted],
) -> Result<Vec<Plan>, StoreError> {
    // A feed that never brought an article has none stored.
    let wanted: Vec<(i64, ArticleId)> = accepted
        .iter()
        .filter(|one| one.right.articles > 0)
        .flat_map(|one| jobs[one.job].poll.articles.iter().map(|polled| (one.right.feed_no, polled.article.id)))
        .collect();
    let mut stored: HashMap<(i64, ArticleId), Stored> = HashMap::new();
    let found = KNOWN_ARTICLES
        .fetch(conn, &wanted, |(feed_no, id), row| {
            row.add(*feed_no).add(id.to_string());
        })
        .await?;
    for row in &found {
        let article = Stored { article_no: row.try_get(2)?, content_hash: row.try_get(3)?, is_judged: row.try_get(4)? };
        stored.insert((row.try_get(0)?, rows::parse(row, 1)?), article);
    }
    let mut plans = Vec::new();
    let mut taken: HashSet<(i64, ArticleId)> = HashSet::new();
    let mut next_no = None;
    for (index, one) in accepted.iter().enumerate() {
        for (position, polled) in jobs[one.job].poll.articles.iter().enumerate() {
            let key = (one.right.feed_no, polled.article.id);
            // A document may hold the same entry twice: the first one counts.
            if !taken.insert(key) {
                continue;
            }
            let known = stored.get(&key);
            if known.is_some_and(|known| known.content_hash == polled.article.content_hash) {
                continue;
            }
            let article_no = match known {
                Some(known) => known.article_no,
                None => {
                    let number = match next_no {
                        Some(number) => number,
                        None => {
                            sqlx::query_scalar::<_, i64>("SELECT coalesce(max(article_no), 0) + 1 FROM articles")
                                .fetch_one(&mut *conn)
                                .await?
                        }
                    };
                    next_no = Some(number + 1);
                    number
                }
            };
            plans.push(Plan {
                accepted: index,
                article: position,
                article_no,
                is_stored: known.is_some(),
                is_known: known.is_some_and(|known| known.is_judged),
            });
        }
    }
    Ok(plans)
}

async fn write_articles(
    conn: &mut SqliteConnection,
    jobs: &[&mut PollJob],
    accepted: &mut [Accepted],
    plans: &[Plan],
) -> Result<(), StoreError> {
    let mut new: Vec<(i64, i64, &PolledArticle, Timestamp)> = Vec::with_capacity(plans.len());
    for plan in plans {
        let one = &mut accepted[plan.accepted];
        let job = &jobs[one.job];
        let polled = &job.poll.articles[plan.article];
        if plan.is_stored {
            one.committed.changed_articles += 1;
            let claimable_at = polled.verdict.is_none().then_some(job.now);
            let revision = polled.verdict.as_ref().map(|verdict| verdict.revision.as_str());
            replace_article(conn, plan.article_no, &polled.article, claimable_at, revision).await?;
        } else {
            one.committed.new_articles += 1;
            new.push((plan.article_no, one.right.feed_no, polled, job.now));
        }
    }
    INSERT_ARTICLES
        .execute(conn, &new, |(article_no, feed_no, polled, now), row| {
            let article = &polled.article;
            row.add(*article_no)
                .add(*feed_no)
                .add(article.id.to_string())
                .add(article.fetched_at.as_millis())
                .add(article.content_hash)
                .add(polled.verdict.is_none().then_some(now.as_millis()))
                .optional_text(polled.verdict.as_ref().map(|verdict| verdict.revision.as_str()))
                .add(article.published.map(Timestamp::as_millis))
                .add(article.updated.map(Timestamp::as_millis))
                .optional_text(article.lang.as_ref().map(crate::model::Lang::as_str))
                .optional_text(article.declared_lang.as_ref().map(crate::model::Lang::as_str))
                .text(rows::text_status_word(article.text_status))
                .text(article.source.as_str())
                .text(article.feed_name.as_str())
                .optional_text(article.url.as_deref())
                .optional_text(article.author.as_deref())
                .add(tags(article))
                .optional_text(article.text_error.as_deref())
                .text(article.title.as_str())
                .text(article.summary.as_str())
                .text(article.body.as_str());
        })
        .await
}

fn tags(article: &Article) -> String {
    if article.tags.is_empty() { "[]".to_owned() } else { rows::to_json(&article.tags) }
}

/// Replaces an article's text. Whoever had it claimed loses it: what they judged is no longer what it says.
/// `fetched_at` stays: when it was first seen does not change. Where the new text is still to be completed by its page, the
/// one that was judged before is kept beside it.
async fn replace_article(
    conn: &mut SqliteConnection,
    article_no: i64,
    article: &Article,
    claimable_at: Option<Timestamp>,
    revision: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE articles SET content_hash = $2, claimable_at = $3, node = NULL, \
         revision = coalesce($4, revision), published = $5, updated = $6, lang = $7, declared_lang = $8, \
         text_status = $9, source = $10, feed_name = $11, url = $12, author = $13, tags = $14, text_error = $15, \
         title = $16, summary = $17, body = $18, prior = CASE WHEN $3 IS NULL THEN NULL WHEN revision IS NULL THEN prior \
         ELSE coalesce(prior, json_object('title', title, 'summary', summary, 'body', body, 'text_status', text_status)) \
         END WHERE article_no = $1",
    )
    .bind(article_no)
    .bind(article.content_hash)
    .bind(claimable_at.map(Timestamp::as_millis))
    .bind(revision)
    .bind(article.published.map(Timestamp::as_millis))
    .bind(article.updated.map(Timestamp::as_millis))
    .bind(article.lang.as_ref().map(crate::model::Lang::as_str))
    .bind(article.declared_lang.as_ref().map(crate::model::Lang::as_str))
    .bind(rows::text_status_word(article.text_status))
    .bind(article.source.as_str())
    .bind(article.feed_name.as_str())
    .bind(article.url.as_deref())
    .bind(article.author.as_deref())
    .bind(tags(article))
    .bind(article.text_error.as_deref())
    .bind(article.title.as_str())
    .bind(article.summary.as_str())
    .bind(article.body.as_str())
    .execute(conn)
    .await?;
    Ok(())
}

async fn write_seen(
    conn: &mut SqliteConnection,
    jobs: &[&mut PollJob],
    accepted: &[Accepted],
) -> Result<(), StoreError> {
    let mut keys: Vec<(i64, i64, i64, &SeenEntry)> = Vec::new();
    for one in accepted {
        let job = &jobs[one.job];
        if job.poll.seen.is_empty() {
            continue;
        }
        let today = rows::day(job.now);
        // Answers of “not modified” and equal bodies write nothing here, yet they said that the entries of the last
        // document are still in the feed. That is made good now, before those that are gone begin to age.
        let until = one.right.last_success_at.map_or(0, rows::day).min(today);
        if one.right.seen_day > 0 && until - one.right.seen_day >= SEEN_LAG_DAYS {
            sqlx::query(
                "UPDATE seen SET last_seen_day = $3 WHERE feed_no = $1 AND last_seen_day >= $2 AND last_seen_day < $3",
            )
            .bind(one.right.feed_no)
            .bind(one.right.seen_day)
            .bind(until)
            .execute(&mut *conn)
            .await?;
        }
        for entry in &job.poll.seen {
            keys.extend(entry.keys.iter().map(|key| (one.right.feed_no, *key, today, entry)));
        }
    }
    REMEMBER
        .execute(conn, &keys, |(feed_no, key, today, entry), row| {
            row.add(*feed_no)
                .add(*key)
                .add(entry.content_hash)
                .add(*today)
                .add(entry.article.map(|article| article.to_string()));
        })
        .await
}

async fn write_feeds(
    conn: &mut SqliteConnection,
    jobs: &[&mut PollJob],
    accepted: &[Accepted],
) -> Result<(), StoreError> {
    UPDATE_FEEDS
        .execute(conn, accepted, |one, row| {
            let job = &jobs[one.job];
            let state = &job.poll.state;
            let seen_day = if job.poll.seen.is_empty() { 0 } else { rows::day(job.now) };
            row.add(one.right.feed_no)
                .add(state.next_poll_at.as_millis())
                .add(i64::from(state.failures))
                .optional_text(state.validators.etag.as_deref())
                .optional_text(state.validators.last_modified.as_deref())
                .add(state.body_hash)
                .add(state.hint.map(rows::millis))
                .optional_text(state.title.as_deref())
                .add(state.last_attempt_at.map(Timestamp::as_millis))
                .add(state.last_success_at.map(Timestamp::as_millis))
                .add(state.last_full_at.map(Timestamp::as_millis))
                .add(state.last_new_at.map(Timestamp::as_millis))
                .optional_text(state.last_error.as_deref())
                .add(state.failing_since.map(Timestamp::as_millis))
                .add(state.health.to_text())
                .add(i64::from(one.committed.new_articles))
                .add(seen_day)
                .add(state.history.to_text())
                .add(state.late_at.map(Timestamp::as_millis));
        })
        .await
}

async fn write_sitemaps(
    conn: &mut SqliteConnection,
    jobs: &[&mut PollJob],
    accepted: &[Accepted],
) -> Result<(), StoreError> {
    for one in accepted {
        let Some(sitemaps) = &jobs[one.job].poll.sitemaps else { continue };
        sqlx::query(
            "INSERT INTO sitemaps (feed_no, children) VALUES ($1, $2) \
             ON CONFLICT (feed_no) DO UPDATE SET children = excluded.children",
        )
        .bind(one.right.feed_no)
        .bind(rows::to_json(sitemaps))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Writes a judged article of the `fresh` queue.
pub(super) async fn commit_verdict(
    conn: &mut SqliteConnection,
    boards: &mut Boards,
    job: &mut VerdictJob,
) -> Result<(), StoreError> {
    let VerdictCommit { lease, article, verdict, change, page } = &job.commit;
    let found = sqlx::query(
        "SELECT article_no, revision IS NOT NULL FROM articles \
         WHERE feed_no = (SELECT feed_no FROM feeds WHERE id = $1) AND id = $2 AND fence = $3 AND node IS NOT NULL",
    )
    .bind(article.feed.to_string())
    .bind(lease.id.to_string())
    .bind(lease.fence)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = found else {
        job.slot.set(Err(StoreError::LeaseLost { what: format!("article {}", lease.id) }));
        return Ok(());
    };
    let article_no = row.try_get(0)?;
    replace_article(conn, article_no, article, None, Some(&verdict.revision)).await?;
    sqlx::query("UPDATE articles SET page = $2 WHERE article_no = $1 AND page IS NOT $2")
        .bind(article_no)
        .bind(page.as_ref().map(rows::to_json))
        .execute(&mut *conn)
        .await?;
    let judged = Judged {
        article,
        article_no,
        is_stored: true,
        is_known: row.try_get(1)?,
        verdict,
        change: change.as_ref(),
        desk: &job.desk,
        now: job.now,
    };
    let mut committed = Committed::default();
    judge::settle(conn, boards, judged, &mut committed).await?;
    job.slot.set(Ok(committed));
    Ok(())
}
