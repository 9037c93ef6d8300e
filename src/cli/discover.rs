//! `vedetta feed discover`.

use std::path::{Path, PathBuf};

use url::Url;

use crate::config::Environment;
use crate::fetch::{self, Client, Discovered, FeedKind, FetchError, FoundBy};
use crate::model::{Feed, Labels};

use super::article::{network_settings, parse_url};
use super::feed_list::{self, NewFeed};
use super::output::Output;
use super::{Exit, feed, runtime};

/// Which of the sources found are to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adding {
    Nothing,
    Best,
    All,
}

/// Where nobody wrote `https://` and the site has no such connection, as in many an intranet: the same by `http://`.
fn plain_http<T>(address: &str, found: &Result<T, FetchError>) -> Option<Url> {
    let is_insecure = matches!(found, Err(FetchError::Tls { .. } | FetchError::Connect { .. }));
    (is_insecure && !address.contains("://")).then(|| Url::parse(&format!("http://{address}")).ok()).flatten()
}

pub(super) fn discover(
    config: &Path,
    environment: &Environment,
    address: &str,
    adding: Adding,
    to: Option<PathBuf>,
    output: &Output,
) -> anyhow::Result<Exit> {
    // People type what stands in the browser's line.
    let url = if address.contains("://") { parse_url(address)? } else { parse_url(&format!("https://{address}"))? };
    let loaded = (adding != Adding::Nothing || to.is_some()).then(|| feed::load(config, environment)).transpose()?;
    let client = Client::new(&network_settings(config, environment))?;
    let found = runtime()?.block_on(async {
        let found = fetch::discover(&client, &url).await;
        match plain_http(address, &found) {
            Some(url) => fetch::discover(&client, &url).await.or(found),
            None => found,
        }
    })?;
    if output.is_json() || !output.is_for_people() {
        for source in &found.sources {
            output.json(source)?;
        }
    } else {
        output
            .table(&["url", "kind", "title", "entries", "latest", "found"], found.sources.iter().map(row).collect())?;
    }
    for hint in &found.hints {
        output.say(&format!("hint: {hint}"));
    }
    if found.sources.is_empty() {
        output.say(&format!("no feed and no sitemap was found at {url}"));
        return Ok(Exit::Found);
    }
    let Some(loaded) = loaded else { return Ok(Exit::Fine) };
    let is_article_source =
        |source: &&Discovered| !source.comments && (source.has_titles || source.kind != FeedKind::Sitemap);
    let chosen: Vec<&Discovered> = match adding {
        Adding::All => found.sources.iter().filter(is_article_source).collect(),
        Adding::Best | Adding::Nothing => found.sources.iter().take(1).collect(),
    };
    let mut new = Vec::new();
    for source in chosen {
        let url = parse_url(&source.url)?;
        if loaded.feeds.iter().any(|feed| feed.id == Feed::new(url.clone()).id) {
            output.say(&format!("{url} is a feed already"));
        } else {
            new.push(NewFeed { url, name: source.title.clone(), labels: Labels::new() });
        }
    }
    let target = feed_list::target(to, config, &loaded)?;
    feed::add(&target, &new, config, &loaded, output)?;
    for feed in &new {
        output.say(&format!("added {} to {}; a reload takes it over", feed.url, target.display()));
    }
    Ok(Exit::Fine)
}

fn row(source: &Discovered) -> Vec<String> {
    let kind = serde_json::to_value(source.kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    let found = match source.found {
        FoundBy::Itself => "the address itself",
        FoundBy::Header => "`Link` header",
        FoundBy::Link => "named by the page",
        FoundBy::Platform => "usual for the platform",
        FoundBy::Robots => "robots.txt",
        FoundBy::Anchor => "linked on the page",
        FoundBy::WellKnown => "usual place",
    };
    let what = match (source.is_index, source.comments) {
        (true, _) => " (index)",
        (_, true) => " (comments)",
        _ => "",
    };
    vec![
        source.url.clone(),
        kind.unwrap_or_default() + what,
        source.title.clone().unwrap_or_default(),
        source.entries.to_string(),
        source.latest.map_or_else(String::new, |at| at.to_string()),
        found.to_owned(),
    ]
}
