//! `vedetta alerts`.

use std::path::Path;

use anyhow::Context;

use crate::config::Environment;
use crate::model::{Clock, SystemClock, TopicId};
use crate::settings::parse_moment;
use crate::store::DeliveryCounts;

use super::args::AlertsOptions;
use super::output::{BadUsage, Output};
use super::{Exit, deliveries, runtime};

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
    let rows = runtime()?.block_on(async {
        let store = deliveries::open(config, environment, now).await?;
        let rows = store.alerts(topic.as_ref(), since, options.limit).await;
        store.close().await;
        rows.context("cannot read the alerts")
    })?;
    if output.is_json() {
        for row in &rows {
            output.json(row)?;
        }
        return Ok(Exit::Fine);
    }
    let header = ["raised", "severity", "topic", "reason", "title", "source", "articles", "due/sent/failed"];
    let table = rows.into_iter().map(|row| {
        let DeliveryCounts { due, sent, failed } = row.deliveries;
        vec![
            row.raised_at.to_string(),
            row.severity.to_string(),
            row.topic.to_string(),
            row.reason.as_str().to_owned(),
            row.title,
            row.source,
            row.story_size.to_string(),
            format!("{due}/{sent}/{failed}{}", if row.summaries.is_empty() { "" } else { " in a summary" }),
        ]
    });
    output.table(&header, table.collect())?;
    Ok(Exit::Fine)
}
