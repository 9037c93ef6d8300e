//! The webhook's body in vedetta's own format: one JSON object, the same bytes on every attempt, so nothing in it may
//! depend on the time of sending.
//!
//! The Standard Webhooks specification asks for payloads under 20 KB. What is too long is trimmed step by step, the least
//! missed first: the context of hits beyond the fifth, other outlets beyond the fifth, the rest of both, the summary, and
//! at last the headline's end. An alert of a digest is never left out, even where a digest of hundreds then exceeds the
//! 20 KB: a receiver that refuses it will say so, an alert that was dropped would not.

use serde::Serialize;

use crate::model::{AlertNotice, AlertReason, Change, Field, Labels, Lang, Notice, NoticeKind, Severity, Timestamp};

use super::clean::{line, lines, piece, shorten};

/// Largest body aimed at, in bytes.
pub(super) const MAX_BODY: usize = 20_000;

#[derive(Serialize)]
struct Body<'a, D> {
    r#type: &'a str,
    timestamp: Timestamp,
    data: D,
}

#[derive(Serialize)]
struct Gathered<'a> {
    /// `digest` or `quiet_hours`
    kind: NoticeKind,
    count: usize,
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
struct Alert<'a> {
    alert: String,
    raised_at: Timestamp,
    topic: Topic<'a>,
    severity: Severity,
    reason: AlertReason,
    delayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<Edit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    story: Option<Story>,
    article: Article,
    others: Vec<Other>,
}

#[derive(Serialize)]
struct Topic<'a> {
    id: &'a str,
    name: String,
    labels: &'a Labels,
}

#[derive(Serialize)]
struct Story {
    id: String,
    size: u32,
    sources: Vec<String>,
    languages: Vec<Lang>,
    first_seen: Timestamp,
}

#[derive(Serialize)]
struct Article {
    id: Option<String>,
    url: Option<String>,
    title: String,
    summary: String,
    lang: Option<Lang>,
    source: String,
    published: Option<Timestamp>,
    seen: Timestamp,
    text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text_error: Option<String>,
    matched: Vec<Matched>,
}

#[derive(Serialize)]
struct Matched {
    field: Field,
    text: String,
    before: String,
    after: String,
    atom: String,
    concept: Option<String>,
}

#[derive(Serialize)]
struct Edit {
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    title_before: Option<String>,
    passages: Vec<EditedPassage>,
    /// Edited places that are not among them.
    more: usize,
}

#[derive(Serialize)]
struct EditedPassage {
    field: Field,
    before: String,
    removed: String,
    added: String,
    after: String,
}

#[derive(Serialize)]
struct Other {
    id: String,
    url: Option<String>,
    title: String,
    source: String,
    lang: Option<Lang>,
    published: Option<Timestamp>,
}

/// How much of each alert is told.
#[derive(Clone, Copy)]
struct Measure {
    matched: usize,
    others: usize,
    sources: usize,
    summary: usize,
    title: usize,
}

const MEASURES: [Measure; 6] = [
    Measure { matched: 20, others: 20, sources: 50, summary: 600, title: 1_000 },
    Measure { matched: 5, others: 5, sources: 20, summary: 600, title: 500 },
    Measure { matched: 3, others: 0, sources: 10, summary: 300, title: 300 },
    Measure { matched: 1, others: 0, sources: 5, summary: 120, title: 300 },
    Measure { matched: 0, others: 0, sources: 0, summary: 0, title: 200 },
    Measure { matched: 0, others: 0, sources: 0, summary: 0, title: 60 },
];

/// The body's bytes.
pub(super) fn json(notice: &Notice) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = Vec::new();
    for measure in MEASURES {
        body = with(notice, measure)?;
        if body.len() <= MAX_BODY {
            break;
        }
    }
    Ok(body)
}

fn with(notice: &Notice, measure: Measure) -> Result<Vec<u8>, serde_json::Error> {
    let timestamp = notice.alerts.iter().map(|alert| alert.raised_at).max().unwrap_or(Timestamp::EPOCH);
    match (notice.kind, &*notice.alerts) {
        (NoticeKind::Alert, [one]) => {
            serde_json::to_vec(&Body { r#type: "alert", timestamp, data: alert(one, measure) })
        }
        (kind, alerts) => {
            let data =
                Gathered { kind, count: alerts.len(), alerts: alerts.iter().map(|one| alert(one, measure)).collect() };
            serde_json::to_vec(&Body { r#type: "digest", timestamp, data })
        }
    }
}

fn alert(notice: &AlertNotice, measure: Measure) -> Alert<'_> {
    let article = &notice.article;
    let name = |text: &str| shorten(&line(text), 100);
    let title = |text: &str| shorten(&line(text), measure.title);
    // A link that is no link is still a fact about the entry; it is data here, and cut like one.
    let url = |url: &Option<String>| url.as_ref().map(|url| line(url)).filter(|url| url.len() <= 2_048);
    Alert {
        alert: notice.id.to_string(),
        raised_at: notice.raised_at,
        topic: Topic { id: notice.topic.id.as_str(), name: name(&notice.topic.name), labels: &notice.topic.labels },
        severity: notice.severity,
        reason: notice.reason,
        delayed: notice.delayed,
        follows: notice.follows.map(|id| id.to_string()),
        change: notice.change.as_ref().map(|change| edit(change, measure)),
        story: notice.story.as_ref().map(|story| Story {
            id: story.id.to_string(),
            size: story.size,
            sources: story.sources.iter().take(measure.sources).map(|source| name(source)).collect(),
            languages: story.languages.clone(),
            first_seen: story.first_seen,
        }),
        article: Article {
            id: article.id.map(|id| id.to_string()),
            url: url(&article.url),
            title: title(&article.title),
            summary: shorten(&lines(&article.summary).join("\n"), measure.summary),
            lang: article.lang,
            source: name(&article.source),
            published: article.published,
            seen: article.seen,
            text: match article.text_status {
                crate::model::TextStatus::Page => "page",
                crate::model::TextStatus::Rough => "rough",
                crate::model::TextStatus::Feed => "feed",
                crate::model::TextStatus::Pending | crate::model::TextStatus::Failed => "failed",
            },
            text_error: article.text_error.as_deref().map(|error| shorten(&line(error), 200)),
            matched: article
                .matched
                .iter()
                .take(measure.matched)
                .map(|excerpt| Matched {
                    field: excerpt.field,
                    text: shorten(&line(&excerpt.text), 200),
                    before: shorten(&piece(&excerpt.before), 200),
                    after: shorten(&piece(&excerpt.after), 200),
                    atom: name(&excerpt.atom),
                    concept: excerpt.concept.as_deref().map(name),
                })
                .collect(),
        },
        others: notice
            .others
            .iter()
            .take(measure.others)
            .map(|other| Other {
                id: other.id.to_string(),
                url: url(&other.url),
                title: title(&other.title),
                source: name(&other.source),
                lang: other.lang,
                published: other.published,
            })
            .collect(),
    }
}

fn edit(change: &Change, measure: Measure) -> Edit {
    let shown = change.passages.len().min(measure.matched);
    Edit {
        at: change.at,
        title_before: change.title_before.as_deref().map(|title| shorten(&line(title), measure.title)),
        passages: change.passages[..shown]
            .iter()
            .map(|passage| EditedPassage {
                field: passage.field,
                before: shorten(&piece(&passage.before), 200),
                removed: shorten(&piece(&passage.removed), 600),
                added: shorten(&piece(&passage.added), 600),
                after: shorten(&piece(&passage.after), 200),
            })
            .collect(),
        more: change.passages.len() - shown + change.more as usize,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::samples;

    fn parsed(notice: &Notice) -> serde_json::Value {
        serde_json::from_slice(&json(notice).expect("serialises")).expect("parses")
    }

    #[test]
    fn the_body_has_the_documented_shape() {
        let body = parsed(&samples::single(samples::italian()));
        assert_eq!(body["type"], "alert");
        assert_eq!(body["timestamp"], "2026-11-22T14:05:05Z");
        let data = &body["data"];
        assert_eq!(data["topic"]["id"], "missile-defence");
        assert_eq!(data["topic"]["labels"]["desk"], "security");
        assert_eq!((&data["severity"], &data["reason"]), (&"high".into(), &"new_story".into()));
        assert_eq!(data["story"]["size"], 7);
        assert_eq!(data["story"]["languages"], serde_json::json!(["it"]));
        assert_eq!(data["article"]["lang"], "it");
        let matched = &data["article"]["matched"][1];
        assert_eq!(
            (&matched["field"], &matched["text"], &matched["concept"]),
            (&"title".into(), &"Roma".into(), &"Italy".into())
        );
        assert_eq!(matched["before"], "Difesa missilistica, via libera di ");
        assert_eq!(data["others"][1]["source"], "lavocedellalaguna.example");
    }

    #[test]
    fn a_digest_holds_every_alert_in_the_same_shape() {
        let body = parsed(&samples::digest());
        assert_eq!((&body["type"], &body["data"]["count"]), (&"digest".into(), &5.into()));
        let alerts = body["data"]["alerts"].as_array().expect("an array");
        assert!(alerts.iter().all(|alert| alert["alert"].is_string() && alert["article"]["title"].is_string()));
    }

    #[test]
    fn a_body_stays_under_twenty_kilobytes_and_drops_no_alert() {
        let mut alert = samples::hostile();
        alert.article.summary = "导弹防御。".repeat(2_000);
        alert.others = vec![alert.others[0].clone(); 20];
        alert.article.matched = vec![alert.article.matched[0].clone(); 20];
        assert!(json(&samples::single(alert.clone())).expect("serialises").len() <= MAX_BODY);
        let digest = |count| Notice { kind: NoticeKind::Digest, alerts: vec![alert.clone(); count] };
        assert!(json(&digest(20)).expect("serialises").len() <= MAX_BODY);
        assert_eq!(parsed(&digest(150))["data"]["alerts"].as_array().map(Vec::len), Some(150));
    }
}
