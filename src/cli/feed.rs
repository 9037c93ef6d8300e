//! `vedetta feed …`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures_util::StreamExt;
use futures_util::stream;
use url::Url;

use crate::config::{self, Config, Environment};
use crate::daemon::StartError;
use crate::fetch::{self, Client, Fetched, Kind, OpmlFeed, Request};
use crate::model::{Clock, PageSelectors, SystemClock};

use super::args::{FeedCommand, PageOptions};
use super::feed_list::{self, NewFeed};
use super::output::{BadUsage, Output, counted};
use super::run::progress_bar;
use super::{Exit, article, discover, feed_table, runtime};

/// Largest document read from a file or stdin, in bytes; the daemon's own cap on decoded bodies.
const MAX_BYTES: u64 = 10 << 20;

pub(super) fn feed(
    config: &Path,
    environment: &Environment,
    command: FeedCommand,
    output: &Output,
) -> anyhow::Result<Exit> {
    match command {
        FeedCommand::Parse { file, url, content_type, page } => {
            let base = url.as_deref().unwrap_or("http://localhost/");
            let base = Url::parse(base).with_context(|| format!("--url: `{base}` is not a URL"))?;
            show(&read(&file)?, content_type.as_deref(), &base, selectors(page)?.as_ref(), output)
        }
        FeedCommand::Poll { url, page } => {
            let page = selectors(page)?.or_else(|| configured_page(config, environment, &url));
            let kind = if page.is_some() { Kind::Page } else { Kind::Feed };
            let document = article::fetch(config, environment, &url, kind)?;
            show(&document.body, document.content_type.as_deref(), &document.final_url, page.as_ref(), output)
        }
        FeedCommand::Discover { url, add, add_all, to } => {
            let adding = match (add, add_all) {
                (_, true) => discover::Adding::All,
                (true, _) => discover::Adding::Best,
                _ => discover::Adding::Nothing,
            };
            discover::discover(config, environment, &url, adding, to, output)
        }
        FeedCommand::List(options) => {
            feed_table::list(config, environment, &load(config, environment)?, &options, output)
        }
        FeedCommand::Export => export(&load(config, environment)?, output),
        FeedCommand::Import { file, print, no_check, to } => {
            let opml = fetch::read_opml(&read(&file)?).with_context(|| format!("cannot read {}", file.display()))?;
            for skipped in &opml.skipped {
                output.say(&format!("warning: {skipped}"));
            }
            import(config, environment, opml.feeds, &ImportOptions { print, no_check, to }, output)
        }
    }
}

/// A whole file, or stdin for `-`.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limited = |reader: &mut dyn Read, bytes: &mut Vec<u8>| reader.take(MAX_BYTES + 1).read_to_end(bytes).map(drop);
    if path.as_os_str() == "-" {
        limited(&mut io::stdin(), &mut bytes).context("cannot read stdin")?;
    } else {
        let mut file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        limited(&mut file, &mut bytes).with_context(|| format!("cannot read {}", path.display()))?;
    }
    anyhow::ensure!(bytes.len() as u64 <= MAX_BYTES, "{} is larger than 10 MiB", path.display());
    Ok(bytes)
}

pub(super) fn load(config: &Path, environment: &Environment) -> anyhow::Result<Config> {
    let (config, report) = config::load(config, environment, SystemClock.now());
    Ok(config.ok_or_else(|| StartError::Invalid(Box::new(report)))?)
}

/// The selectors given as options.
fn selectors(options: PageOptions) -> anyhow::Result<Option<PageSelectors>> {
    let PageOptions { item: Some(item), link, title, date, date_format, summary } = options else { return Ok(None) };
    let page = PageSelectors { item, link, title, date, date_format, summary };
    let written =
        [Some(&page.item), page.link.as_ref(), page.title.as_ref(), page.date.as_ref(), page.summary.as_ref()];
    for selector in written.into_iter().flatten() {
        fetch::check_selector(selector).map_err(BadUsage)?;
    }
    Ok(Some(page))
}

/// The selectors of the `[[page]]` of this address.
fn configured_page(config: &Path, environment: &Environment, url: &str) -> Option<PageSelectors> {
    let url = Url::parse(url).ok()?;
    let loaded = config::load(config, environment, SystemClock.now()).0?;
    loaded.feeds.into_iter().find(|feed| feed.url == url)?.page
}

fn show(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
    page: Option<&PageSelectors>,
    output: &Output,
) -> anyhow::Result<Exit> {
    match fetch::read_answer(bytes, content_type, base, page) {
        Ok(parsed) => {
            output.json(&parsed)?;
            Ok(Exit::Fine)
        }
        Err(error) => {
            output.say(&format!("error: {:#}", anyhow::Error::from(error)));
            Ok(Exit::Found)
        }
    }
}

fn export(config: &Config, output: &Output) -> anyhow::Result<Exit> {
    output.line(fetch::write_opml(&config.feeds).trim_end())?;
    Ok(Exit::Fine)
}

struct ImportOptions {
    print: bool,
    no_check: bool,
    to: Option<PathBuf>,
}

fn import(
    config: &Path,
    environment: &Environment,
    opml: Vec<OpmlFeed>,
    options: &ImportOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let ImportOptions { print, no_check, to } = options;
    let (print, no_check) = (*print, *no_check);
    let loaded = load(config, environment)?;
    let target = feed_list::target(to.clone(), config, &loaded)?;
    let mut known: std::collections::HashSet<Url> = loaded.feeds.iter().map(|feed| feed.url.clone()).collect();
    let in_file = opml.len();
    let fresh: Vec<OpmlFeed> = opml.into_iter().filter(|feed| known.insert(feed.url.clone())).collect();
    let failed = if no_check { Vec::new() } else { try_all(&loaded, &fresh, output)? };
    for (url, why) in &failed {
        output.say(&format!("warning: {url}: {why}"));
    }
    let new: Vec<NewFeed> = fresh
        .iter()
        .map(|feed| NewFeed { url: feed.url.clone(), name: feed.name.clone(), labels: feed.labels.clone() })
        .collect();
    if print {
        output.line(feed_list::tables_of(&new).trim())?;
    } else {
        add(&target, &new, config, &loaded, output)?;
    }
    let done = if print { "printed".to_owned() } else { format!("added to {}", target.display()) };
    let mut summary = format!("{} {done}, {} already known", counted(fresh.len(), "feed"), in_file - fresh.len());
    if !failed.is_empty() {
        summary.push_str(&format!(
            ", {} did not answer as a feed should (kept all the same: polling tells when they do)",
            failed.len()
        ));
    }
    output.say(&summary);
    Ok(if failed.is_empty() { Exit::Fine } else { Exit::Found })
}

/// Adds feeds to a file; says so where nothing reads that file.
pub(super) fn add(
    target: &Path,
    feeds: &[NewFeed],
    config: &Path,
    loaded: &Config,
    output: &Output,
) -> anyhow::Result<()> {
    feed_list::add(target, feeds)?;
    if !feeds.is_empty() && !feed_list::is_read(target, config, loaded) {
        output.say(&format!(
            "warning: {} is not among the lists of {}\nhint: name it in `[feeds] paths`",
            target.display(),
            config.display()
        ));
    }
    Ok(())
}

/// Fetches and parses each feed once. Returns those that fail, with the reason.
fn try_all(config: &Config, feeds: &[OpmlFeed], output: &Output) -> anyhow::Result<Vec<(Url, String)>> {
    let client = Client::new(&config.network)?;
    let bar = output.has_watcher().then(|| progress_bar("trying feeds"));
    if let Some(bar) = &bar {
        bar.set_length(feeds.len() as u64);
    }
    let failed = runtime()?.block_on(async {
        stream::iter(feeds)
            .map(|feed| async {
                let failed = try_feed(&client, &feed.url, None).await.err().map(|why| (feed.url.clone(), why));
                if let Some(bar) = &bar {
                    bar.inc(1);
                }
                failed
            })
            .buffer_unordered(64)
            .filter_map(std::future::ready)
            .collect::<Vec<_>>()
            .await
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(failed)
}

/// Fetches and parses one feed; the error says what is wrong with it.
pub(super) async fn try_feed(client: &Client, url: &Url, page: Option<&PageSelectors>) -> Result<usize, String> {
    let kind = if page.is_some() { Kind::Page } else { Kind::Feed };
    let request = Request { url, kind, validators: None };
    match client.fetch(&request).await {
        Ok(Fetched::Document(document)) => {
            fetch::read_answer(&document.body, document.content_type.as_deref(), &document.final_url, page)
                .map(|parsed| parsed.entries.len())
                .map_err(|error| error.to_string())
        }
        Ok(Fetched::NotModified { .. }) => Err("it says “not modified” to a first request".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
