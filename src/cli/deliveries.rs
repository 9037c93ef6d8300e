//! `vedetta deliveries` and `vedetta deliveries retry`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;

use crate::config::{self, Environment};
use crate::daemon::StartError;
use crate::model::{Clock, SystemClock, Timestamp};
use crate::store::Store;
use crate::store::sqlite::{OpenOptions, SqliteStore};

use super::args::{DeliveriesCommand, DeliveriesOptions, Retry};
use super::output::Output;
use super::{Exit, runtime};

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
            Some(DeliveriesCommand::Retry { id }) => retry(&*store, *id, now, output).await,
            None => list(&*store, options, output).await,
        };
        store.close().await;
        exit
    })
}

async fn retry(store: &dyn Store, which: Retry, now: Timestamp, output: &Output) -> anyhow::Result<Exit> {
    let id = match which {
        Retry::All => None,
        Retry::One(id) => Some(id),
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
                    "{count} deliveries are due again; the running daemon sends them, or `vedetta run --once`"
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
    let header =
        ["id", "state", "kind", "channel", "recipient", "attempts", "created", "due or done", "title", "message"];
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
    output.table(&header, table.collect())?;
    Ok(Exit::Fine)
}
