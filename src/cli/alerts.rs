//! `vedetta alerts`.

use std::cmp::Ordering;
use std::path::Path;

use anyhow::Context;

use crate::config::Environment;
use crate::model::{Clock, SystemClock, TopicId};
use crate::settings::parse_moment;
use crate::store::{AlertRow, DeliveryCounts};

use super::args::AlertsOptions;
use super::output::{BadUsage, Output, minute, short};
use super::{Exit, deliveries, runtime};

/// From so many columns on a terminal has room for sources and counts of articles.
const ROOM_FOR_SOURCES: u16 = 120;
/// Alerts that are looked through for a topic's right name.
const LOOKED_AT: u32 = 1_000;
/// From this likeness on (Jaro-Winkler) a name is taken for a slip of another. A guess.
const ALIKE: f64 = 0.8;

pub(super) fn alerts(
    config: &Path,
    environment: &Environment,
    options: &AlertsOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let topic = options.topic.as_deref().map(TopicId::new).transpose()?;
    let since = options.since.as_deref().map(|text| parse_moment(text, now)).transpose();
    let since = since.map_err(|error| BadUsage(format!("--since: {error}")))?;
    let (rows, known) = runtime()?.block_on(async {
        let store = deliveries::open(config, environment, now).await?;
        let rows = store.alerts(topic.as_ref(), since, options.limit).await;
        let known = match &rows {
            Ok(rows) if rows.is_empty() && topic.is_some() => store.alerts(None, None, LOOKED_AT).await,
            _ => Ok(Vec::new()),
        };
        store.close().await;
        anyhow::Ok((rows.context("cannot read the alerts")?, known.unwrap_or_default()))
    })?;
    if output.is_json() {
        for row in &rows {
            output.json(row)?;
        }
        return Ok(Exit::Fine);
    }
    if rows.is_empty() {
        output.say(&nothing(topic.as_ref(), options.since.as_deref(), &known));
        return Ok(Exit::Fine);
    }
    let count = |row: &AlertRow| {
        let DeliveryCounts { due, sent, failed } = row.deliveries;
        format!("{due}/{sent}/{failed}{}", if row.summaries.is_empty() { "" } else { " in a summary" })
    };
    if output.is_terminal() {
        let is_wide = output.columns() >= ROOM_FOR_SOURCES;
        let mut header = vec!["raised (UTC)", "severity", "topic", "title", "messages", "alert"];
        if is_wide {
            header.extend(["source", "articles"]);
        }
        let table = rows.iter().map(|row| {
            let mut cells = vec![
                minute(row.raised_at),
                row.severity.to_string(),
                row.topic.to_string(),
                row.title.clone(),
                messages(row),
                short(&row.id),
            ];
            if is_wide {
                cells.extend([row.source.clone(), row.story_size.to_string()]);
            }
            cells
        });
        output.ledger(&header, 3, &table.collect::<Vec<_>>())?;
        return Ok(Exit::Fine);
    }
    let table = rows.iter().map(|row| {
        vec![
            row.raised_at.to_string(),
            row.severity.to_string(),
            row.topic.to_string(),
            row.reason.as_str().to_owned(),
            row.title.clone(),
            row.source.clone(),
            row.story_size.to_string(),
            count(row),
        ]
    });
    output.table(&[], table.collect())?;
    Ok(Exit::Fine)
}

/// What became of an alert's messages, for people: `2 sent, 1 due`.
fn messages(row: &AlertRow) -> String {
    let DeliveryCounts { due, sent, failed } = row.deliveries;
    let counts = [(sent, "sent"), (due, "due"), (failed, "failed")];
    let mut parts: Vec<_> =
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if !row.summaries.is_empty() {
        parts.push("in a summary".to_owned());
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// What to say where there is no alert. `known`: the newest ones of all topics, if one topic was asked for.
fn nothing(topic: Option<&TopicId>, since: Option<&str>, known: &[AlertRow]) -> String {
    let since = since.map(|since| format!(" since {since}")).unwrap_or_default();
    let Some(topic) = topic else { return format!("no alerts{since}") };
    let alike = |row: &&AlertRow| {
        let likeness = strsim::jaro_winkler(row.topic.as_str(), topic.as_str());
        (likeness > ALIKE && row.topic != *topic).then_some(likeness)
    };
    let near = known
        .iter()
        .filter(|row| alike(row).is_some())
        .max_by(|a, b| alike(a).partial_cmp(&alike(b)).unwrap_or(Ordering::Equal));
    let hint = near.map(|row| format!("; did you mean `{}`?", row.topic)).unwrap_or_default();
    format!("no alerts of the topic `{topic}`{since}{hint}")
}
