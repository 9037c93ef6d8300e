//! `vedetta deliveries` and `vedetta deliveries retry`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::config::{self, Environment};
use crate::daemon::StartError;
use crate::model::{Clock, DeliveryId, DeliveryState, SystemClock, Timestamp};
use crate::store::sqlite::{OpenOptions, SqliteStore};
use crate::store::{DeliveryRow, Store};

use super::args::{DeliveriesCommand, DeliveriesOptions, Retry};
use super::output::{BadUsage, Output, minute, plain, short};
use super::{Exit, runtime};

/// Deliveries that are named with one trouble.
const MOST_IDS: usize = 10;

/// Opens the configured database beside a daemon that may be running.
pub(super) async fn open(config: &Path, environment: &Environment, now: Timestamp) -> anyhow::Result<Arc<dyn Store>> {
    // The ledger must open when it is needed most: beside a configuration with mistakes, for a user without its secrets.
    let (loaded, report) = config::load(config, environment, now);
    let store_url = match loaded {
        Some(loaded) => loaded.store_url,
        None => config::store_url(config).ok_or_else(|| StartError::Invalid(Box::new(report)))?,
    };
    let options = OpenOptions { create: false, exclusive: false, ..OpenOptions::default() };
    let store = SqliteStore::open(&store_url, options).await.context("cannot open the database")?;
    Ok(store)
}

pub(super) fn deliveries(
    config: &Path,
    environment: &Environment,
    options: &DeliveriesOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    runtime()?.block_on(async {
        let store = open(config, environment, now).await?;
        let exit = match &options.command {
            Some(DeliveriesCommand::Retry { id }) => retry(&*store, id, now, output).await,
            None => list(&*store, options, output).await,
        };
        store.close().await;
        exit
    })
}

/// The delivery whose id begins so.
async fn find(store: &dyn Store, beginning: &str) -> anyhow::Result<DeliveryId> {
    let found = store.deliveries_like(beginning).await.context("cannot read the deliveries")?;
    match found[..] {
        [id] => Ok(id),
        [] => Err(BadUsage(format!("no delivery's id begins with {beginning}; `vedetta deliveries` lists all")).into()),
        _ => Err(BadUsage(format!("more than one delivery's id begins with {beginning}; write more of it")).into()),
    }
}

async fn retry(store: &dyn Store, which: &Retry, now: Timestamp, output: &Output) -> anyhow::Result<Exit> {
    let id = match which {
        Retry::All => None,
        Retry::One(id) => Some(*id),
        Retry::Like(beginning) => Some(find(store, beginning).await?),
    };
    match (store.retry_deliveries(id, now).await?, id) {
        (0, Some(id)) => {
            if output.is_json() {
                output.json(&serde_json::json!({ "due_again": 0, "channels_enabled": [] }))?;
            }
            output.say(&format!(
                "no delivery that failed or waits for its next attempt has the id {id}; `vedetta deliveries` lists all"
            ));
            Ok(Exit::Failed)
        }
        (count, _) => {
            let mut enabled = Vec::new();
            for (channel, reason, since) in store.disabled_channels().await? {
                store.enable_channel(&channel).await?;
                enabled.push(channel.clone());
                output.say(&format!("channel {channel} is in use again (it was disabled {since}: {reason})"));
            }
            if output.is_json() {
                output.json(&serde_json::json!({ "due_again": count, "channels_enabled": enabled }))?;
            } else {
                output.say(&format!(
                    "{} {} due again; the running daemon sends {}, or `vedetta run --once`",
                    if count == 1 { "1 delivery".to_owned() } else { format!("{count} deliveries") },
                    if count == 1 { "is" } else { "are" },
                    if count == 1 { "it" } else { "them" },
                ));
            }
            Ok(Exit::Fine)
        }
    }
}

async fn list(store: &dyn Store, options: &DeliveriesOptions, output: &Output) -> anyhow::Result<Exit> {
    let rows = store.deliveries(options.state, options.limit).await.context("cannot read the deliveries")?;
    if output.is_json() {
        for row in &rows {
            output.json(row)?;
        }
        return Ok(Exit::Fine);
    }
    for (channel, reason, since) in store.disabled_channels().await? {
        output.say(&format!(
            "channel {channel} is disabled since {since}: {reason}; `deliveries retry all` puts it back in use"
        ));
    }
    if rows.is_empty() {
        output.say(&match options.state {
            None => "no deliveries".to_owned(),
            Some(state) => format!("no {state} deliveries"),
        });
        return Ok(Exit::Fine);
    }
    if output.is_terminal() {
        return show(&rows, output).map(|()| Exit::Fine);
    }
    let table = rows.into_iter().map(|row| {
        vec![
            row.id.to_string(),
            row.state.to_string(),
            row.kind.as_str().to_owned(),
            row.channel.to_string(),
            row.recipient,
            row.attempts.to_string(),
            row.created_at.to_string(),
            row.finished_at.unwrap_or(row.due_at).to_string(),
            row.title,
            row.message.unwrap_or_default(),
        ]
    });
    output.table(&[], table.collect())?;
    Ok(Exit::Fine)
}

/// For a terminal: a line for each delivery, then what those that did not get through were answered.
fn show(rows: &[DeliveryRow], output: &Output) -> anyhow::Result<()> {
    let header = ["id", "state", "kind", "to", "attempts", "due or done (UTC)", "title"];
    let table: Vec<_> = rows
        .iter()
        .map(|row| {
            let to = [row.channel.as_str(), row.recipient.as_str()].into_iter().filter(|part| !part.is_empty());
            vec![
                short(&row.id),
                row.state.to_string(),
                row.kind.as_str().to_owned(),
                to.collect::<Vec<_>>().join(" "),
                row.attempts.to_string(),
                minute(row.finished_at.unwrap_or(row.due_at)),
                row.title.clone(),
            ]
        })
        .collect();
    output.ledger(&header, 6, &table)?;
    // Many fail for one reason: it is said once, with all that it holds up.
    let mut troubles: Vec<(&str, Vec<String>)> = Vec::new();
    for row in rows.iter().filter(|row| row.state != DeliveryState::Sent) {
        let Some(message) = row.message.as_deref().filter(|message| !message.is_empty()) else { continue };
        match troubles.iter_mut().find(|(known, _)| *known == message) {
            Some((_, ids)) => ids.push(short(&row.id)),
            None => troubles.push((message, vec![short(&row.id)])),
        }
    }
    for (message, ids) in troubles {
        let more = ids.len().saturating_sub(MOST_IDS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        output.line(&format!("\n{}{more}\n  {}", ids[..ids.len().min(MOST_IDS)].join(" "), plain(message)))?;
    }
    Ok(())
}
