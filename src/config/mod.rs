//! The configuration file, checked as a whole.
//!
//! In: a path, the environment's secrets and the time. Out: a [`Config`] that cannot be wrong, or a
//! [`Report`] of every mistake at once. Each room owns the settings that it uses; this one fills them in.
//!
//! # Paths
//!
//! Relative paths in the file (rules, database, secret files) start at its **base folder**: the folder that holds the
//! file, or the one above it where that folder is called `config`. The working directory plays no part: a
//! daemon started from another folder must not find an empty database and alert on everything once more.
//!
//! # Secrets
//!
//! A channel's password, signing secret and token are looked for in this order:
//!
//! 1. `password_file`, `secret_file`, `token_file`: a path; a bare name is looked for in `$CREDENTIALS_DIRECTORY`
//!    first, where systemd's `LoadCredential=` puts it. A line end after the secret is dropped. A `secret_file` may have
//!    several lines, one key each.
//! 2. `password`, `secret` (one, or an array while keys are rotated), `token` in the file itself, with a warning.
//! 3. the environment, where the file has neither: `VEDETTA_<CHANNEL>_PASSWORD`, `…_SECRET`, `…_TOKEN`, the channel's name in
//!    capitals with `_` for whatever is not an ASCII letter or digit.
//!
//! What looks like a secret is made unreadable in the report's copy of the file, byte for byte, so that drawing a
//! mistake beside it shows nothing.
//!
//! # Alerts that no route takes
//!
//! The route without `match` is the default. Where there is none, alerts that no route takes go to all channels:
//! a message too many is better than one too few. `check` warns of it, unless there are no routes at all.

mod basics;
mod channels;
pub mod codes;
mod environment;
mod feeds;
mod lists;
mod routes;
mod secrets;
mod unmet;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::alert::{HealthSettings, Router};
use crate::fetch::{DefaultPace, NetworkSettings};
use crate::model::{ChannelName, Diagnostic, Feed, Report, Source, SourceId, Timestamp};
use crate::notify::{ChannelSettings, HeartbeatSettings};
use crate::settings::{Findings, TableReader, TomlFile, read_source};
use crate::store::Retention;

pub use environment::Environment;
pub use unmet::{RouteWish, unmet_wishes};

/// A configuration without a mistake in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// `[store] url`: `sqlite:` and an absolute path.
    pub store_url: String,
    /// `[store.retention]`.
    pub retention: Retention,
    /// `[rules] paths`: existing files and folders, absolute.
    pub rules: Vec<PathBuf>,
    /// `[poll]`.
    pub poll: PollSettings,
    /// `[health]`.
    pub health: HealthSettings,
    /// `[network]`.
    pub network: NetworkSettings,
    /// `[[feed]]`, then those of the lists; enabled ones only, in the order of the files; each address once.
    pub feeds: Vec<Feed>,
    /// The lists that `[feeds] paths` names, folders opened; absolute.
    pub feed_lists: Vec<PathBuf>,
    /// `[channel.NAME]`.
    pub channels: BTreeMap<ChannelName, ChannelSettings>,
    /// `[[route]]` and `[flood]`, and who stands behind the channels.
    pub router: Router,
    /// The topics and labels that routes ask for; see [`unmet_wishes`].
    pub route_wishes: Vec<RouteWish>,
    /// `[heartbeat]`; absent: none is sent.
    pub heartbeat: Option<HeartbeatSettings>,
    /// `[http] listen`; absent: no listener.
    pub http_listen: Option<SocketAddr>,
    /// `[http] public_url`; absent: no push.
    pub http_public_url: Option<Url>,
}

/// `[poll]`: what holds for feeds that say nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollSettings {
    /// Time between polls of a feed.
    pub interval: Duration,
    /// What a feed's first poll alerts on.
    pub first_poll: FirstPoll,
    /// Whether intervals follow each feed's rhythm.
    pub adaptive: bool,
    /// The shortest interval that this leads to; absent: a quarter of the feed's, at least a minute.
    pub fastest: Option<Duration>,
    /// The longest; absent: the feed's.
    pub slowest: Option<Duration>,
}

impl Default for PollSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_mins(15),
            first_poll: FirstPoll::Recent,
            adaptive: true,
            fastest: None,
            slowest: None,
        }
    }
}

impl PollSettings {
    /// For feeds that say nothing else.
    #[must_use]
    pub fn pace(&self) -> DefaultPace {
        let Self { interval, adaptive, fastest, slowest, .. } = *self;
        DefaultPace { interval, adaptive, fastest, slowest }
    }
}

/// What of a new feed's entries is alerted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FirstPoll {
    /// Those of the last 24 hours.
    #[default]
    Recent,
    /// All.
    All,
    /// None: they only become known.
    None,
}

/// The documented defaults of `[store.retention]`: articles 90 days, alerts 365 days, entry keys 180 days.
pub const DEFAULT_RETENTION: Retention = Retention { articles: days(90), alerts: days(365), seen: days(180) };

const fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

/// Reads and checks a configuration file. The configuration is there exactly if the report has no errors.
#[must_use]
pub fn load(path: &Path, environment: &Environment, now: Timestamp) -> (Option<Config>, Report) {
    match read_source(SourceId(0), path) {
        Ok(source) => check(source, environment, now),
        Err(failure) => {
            let (diagnostic, source) = *failure;
            let source = secrets::concealed(&source, &[]).0;
            (None, Report { sources: vec![source], diagnostics: vec![diagnostic] })
        }
    }
}

/// Checks the text of a configuration; its path decides where relative paths start.
#[must_use]
pub fn check(source: Source, environment: &Environment, now: Timestamp) -> (Option<Config>, Report) {
    let findings = Findings::new();
    let base = base_folder(&source.path);
    let mut reading =
        Reading { base: &base, environment, now, findings: &findings, secrets: Vec::new(), lists: Vec::new() };
    let config = reading.file(TomlFile::parse(&source, &findings).root());
    let Reading { secrets: known, lists, .. } = reading;
    let has_errors = findings.has_errors();
    let mut diagnostics = findings.into_diagnostics();
    let mut sources = Vec::with_capacity(1 + lists.len());
    for source in std::iter::once(source).chain(lists) {
        let known: Vec<_> = known.iter().filter(|span| span.source == source.id).copied().collect();
        let (shown, concealed) = secrets::concealed(&source, &known);
        for diagnostic in &mut diagnostics {
            secrets::silence(diagnostic, source.id, &concealed);
        }
        sources.push(shown);
    }
    let report = Report { sources, diagnostics };
    (config.filter(|_| !has_errors), report)
}

/// The database that a configuration file names, whatever else is wrong with the file; `None` where it can't be read as
/// TOML or names something else than a SQLite file.
#[must_use]
pub fn store_url(path: &Path) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let (document, _) = toml::de::DeTable::parse_recoverable(&text);
    let written = match document.get_ref().get("store") {
        None => DEFAULT_STORE,
        Some(store) => match store.get_ref().as_table()?.get("url") {
            None => DEFAULT_STORE,
            Some(url) => url.get_ref().as_str()?,
        },
    };
    let file = written.strip_prefix("sqlite:")?;
    let file = base_folder(path).join(file.strip_prefix("//").unwrap_or(file));
    Some(format!("sqlite:{}", file.display()))
}

/// The rule files and folders that a configuration file names, whatever else is wrong with the file; `None` where it can't
/// be read, or names some that are not there.
#[must_use]
pub fn rule_paths(path: &Path) -> Option<Vec<PathBuf>> {
    let text = std::fs::read_to_string(path).ok()?;
    let (document, _) = toml::de::DeTable::parse_recoverable(&text);
    let table = document.get_ref().get("rules").map(|rules| rules.get_ref().as_table());
    let base = base_folder(path);
    let paths: Option<Vec<PathBuf>> = match table {
        None => Some(vec![base.join(basics::DEFAULT_RULES)]),
        Some(table) => match table?.get("paths") {
            None => Some(vec![base.join(basics::DEFAULT_RULES)]),
            Some(written) => {
                written.get_ref().as_array()?.iter().map(|one| Some(base.join(one.get_ref().as_str()?))).collect()
            }
        },
    };
    paths.filter(|paths| !paths.is_empty() && paths.iter().all(|path| path.exists()))
}

const DEFAULT_STORE: &str = "sqlite:var/vedetta.db";

/// Where relative paths of a configuration file start; see the module's documentation.
#[must_use]
pub fn base_folder(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    match folder.parent() {
        Some(above) if folder.file_name().is_some_and(|name| name == "config") => above.to_path_buf(),
        _ => folder.to_path_buf(),
    }
}

/// What reading a configuration needs besides its text.
struct Reading<'e> {
    base: &'e Path,
    environment: &'e Environment,
    now: Timestamp,
    findings: &'e Findings,
    /// Where secrets stand in the file, to be concealed.
    secrets: Vec<crate::model::Span>,
    /// The lists of feeds that were read.
    lists: Vec<Source>,
}

impl Reading<'_> {
    /// Reads the whole file. What has mistakes in it is replaced by a default, so that reading goes on; the caller
    /// looks at the findings.
    fn file(&mut self, mut root: TableReader<'_>) -> Option<Config> {
        let (store_url, retention) = self.store(root.table("store"));
        let rules = self.rules(root.table("rules"), &root);
        let poll = self.poll(root.table("poll"));
        let health = self.health(root.table("health"));
        let network = self.network(root.table("network"), &root);
        let lists = self.feed_lists(root.table("feeds"));
        let feeds = self.feeds(&mut root, &lists, poll.interval);
        let feed_lists = lists.into_iter().map(|(path, _)| path).collect();
        let channels = self.channels(&mut root);
        let brake = self.brake(root.table("flood"));
        let (router, route_wishes) = self.routes(&mut root, &channels, brake);
        let heartbeat = self.heartbeat(root.table("heartbeat"));
        let (http_listen, http_public_url) = self.http(root.table("http"));
        root.finish();
        let channels = channels.into_iter().filter_map(|(name, channel)| Some((name, channel.settings?))).collect();
        Some(Config {
            store_url: store_url?,
            retention,
            rules,
            poll,
            health,
            network,
            feeds,
            feed_lists,
            channels,
            router,
            route_wishes,
            heartbeat,
            http_listen,
            http_public_url,
        })
    }

    /// A path of the file, made absolute.
    fn path(&self, written: &str) -> PathBuf {
        self.base.join(written)
    }
}

/// Reports a finding without a place of its own at the very beginning of the file.
fn report_at_top(root: &TableReader<'_>, diagnostic: Diagnostic) {
    root.report(diagnostic.label(root.span(), ""));
}

#[cfg(test)]
mod tests;
