//! `vedetta article extract` and `history`.

use std::path::Path;

use anyhow::{Context, bail};
use url::Url;

use crate::config::{self, Environment};
use crate::fetch::{Client, Document, Fetched, Kind, NetworkSettings, Request};
use crate::model::{Article, Change, Clock, ParseIdError, Passage, SystemClock};
use crate::text::extract_article;

use super::args::ArticleCommand;
use super::output::{BadUsage, Output, plain};
use super::{Exit, deliveries, feed, runtime};

pub(super) fn article(
    config: &Path,
    environment: &Environment,
    command: ArticleCommand,
    output: &Output,
) -> anyhow::Result<Exit> {
    let (page, url) = match command {
        ArticleCommand::Extract { page, url } => (page, url),
        ArticleCommand::History { article } => return history(config, environment, &article, output),
    };
    let base = url.as_deref().map(parse_url).transpose()?;
    let extracted = if is_web(&page) {
        let document = fetch(config, environment, &page, Kind::Page)?;
        let base = base.unwrap_or(document.final_url);
        extract_article(&document.body, document.content_type.as_deref(), Some(&base))
    } else {
        let bytes = feed::read(Path::new(&page))?;
        extract_article(&bytes, None, base.as_ref())
    };
    match extracted {
        Ok(extracted) => {
            output.json(&extracted)?;
            Ok(Exit::Fine)
        }
        Err(error) => {
            output.say(&format!("error: no article in {page}: {error}"));
            Ok(Exit::Found)
        }
    }
}

fn history(config: &Path, environment: &Environment, wanted: &str, output: &Output) -> anyhow::Result<Exit> {
    let found = runtime()?.block_on(async {
        let store = deliveries::open(config, environment, SystemClock.now()).await?;
        let articles = if is_web(wanted) {
            store.articles_at(wanted).await
        } else {
            let id = wanted.parse().map_err(|error: ParseIdError| BadUsage(error.to_string()))?;
            store.article(id).await.map(|article| article.into_iter().collect())
        };
        let mut found = Vec::new();
        for article in articles.context("cannot read the articles")? {
            let changes = store.changes(article.id).await.context("cannot read the edits")?;
            found.push((article, changes));
        }
        store.close().await;
        anyhow::Ok(found)
    })?;
    if found.is_empty() {
        output.say(&format!(
            "error: no article {wanted} is stored; it may be past `[store.retention]`, or have another link"
        ));
        return Ok(Exit::Found);
    }
    for (article, changes) in found {
        if output.is_json() {
            output.json(&History { article: &article, changes: &changes })?;
            continue;
        }
        output.line(&plain(&format!("{}  {}", article.fetched_at, article.title)))?;
        output.line(&plain(&format!("    {}  {}", article.source, article.url.as_deref().unwrap_or("no link"))))?;
        if changes.is_empty() {
            output.line("    not edited since")?;
        }
        for change in &changes {
            output.line(&format!("{}  edited", change.at))?;
            for passage in &change.passages {
                let Passage { field, before, removed, added, after } = passage;
                output.line(&plain(&format!("  - {field}: {before}{removed}{after}")))?;
                output.line(&plain(&format!("  + {field}: {before}{added}{after}")))?;
            }
            if change.more > 0 {
                output.line(&format!("    and {} more places", change.more))?;
            }
        }
    }
    Ok(Exit::Fine)
}

#[derive(serde::Serialize)]
struct History<'a> {
    article: &'a Article,
    changes: &'a [Change],
}

/// An address typed as an argument.
pub(super) fn parse_url(text: &str) -> Result<Url, BadUsage> {
    Url::parse(text).map_err(|error| BadUsage(format!("`{text}` is not a URL: {error}")))
}

/// Whether an argument is an address rather than a file.
pub(super) fn is_web(argument: &str) -> bool {
    argument.starts_with("http://") || argument.starts_with("https://")
}

/// The network settings of the configuration, if there is one that can be used.
pub(super) fn network_settings(config: &Path, environment: &Environment) -> NetworkSettings {
    if !config.exists() {
        return NetworkSettings::default();
    }
    config::load(config, environment, SystemClock.now()).0.map(|config| config.network).unwrap_or_default()
}

/// Fetches a document as the daemon would, with the network settings of the configuration if there is one.
pub(super) fn fetch(config: &Path, environment: &Environment, url: &str, kind: Kind) -> anyhow::Result<Document> {
    let url = parse_url(url)?;
    let client = Client::new(&network_settings(config, environment))?;
    let request = Request { url: &url, kind, validators: None };
    match runtime()?.block_on(client.fetch(&request))? {
        Fetched::Document(document) => Ok(*document),
        Fetched::NotModified { .. } => bail!("{url} says “not modified” to a first request"),
    }
}
