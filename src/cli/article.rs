//! `vedetta article extract`.

use std::path::Path;

use anyhow::bail;
use url::Url;

use crate::config::{self, Environment};
use crate::fetch::{Client, Document, Fetched, Kind, NetworkSettings, Request};
use crate::model::{Clock, SystemClock};
use crate::text::extract_article;

use super::args::ArticleCommand;
use super::output::{BadUsage, Output};
use super::{Exit, feed, runtime};

pub(super) fn article(
    config: &Path,
    environment: &Environment,
    command: ArticleCommand,
    output: &Output,
) -> anyhow::Result<Exit> {
    let ArticleCommand::Extract { page, url } = command;
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
