//! `[store]`, `[rules]`, `[poll]`, `[network]`, `[heartbeat]` and `[http]`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::HeaderValue;
use url::Url;

use crate::alert::HealthSettings;
use crate::fetch::NetworkSettings;
use crate::model::Diagnostic;
use crate::network::{AllowRule, GuardPolicy, parse_target};
use crate::notify::{HeartbeatMethod, HeartbeatSettings};
use crate::settings::{Spanned, TableReader, TextValue};
use crate::store::Retention;

use super::channels::endpoint;
use super::{DEFAULT_RETENTION, FirstPoll, PollSettings, Reading, codes, days, report_at_top};

const DEFAULT_STORE: &str = "sqlite:var/vedetta.db";
pub(super) const DEFAULT_RULES: &str = "rules";

/// What a feed may be polled at: an operator may go down to a second.
pub(super) const INTERVALS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=days(7);

impl Reading<'_> {
    /// The database's URL with an absolute path (`None` after a mistake), and how long things are kept.
    pub(super) fn store(&self, table: Option<TableReader<'_>>) -> (Option<String>, Retention) {
        let Some(mut table) = table else {
            return (self.sqlite(DEFAULT_STORE).ok(), DEFAULT_RETENTION);
        };
        let url = match table.text("url") {
            None => self.sqlite(DEFAULT_STORE).ok(),
            Some(written) => match self.sqlite(&written.text) {
                Ok(url) => Some(url),
                Err((title, help)) => {
                    table.report(Diagnostic::error(codes::STORE, title).label(written.content(), "").help(help));
                    None
                }
            },
        };
        let mut retention = DEFAULT_RETENTION;
        if let Some(mut kept) = table.table("retention") {
            let years = days(3650);
            if let Some(articles) = kept.duration("articles", days(1)..=years) {
                retention.articles = articles.value;
            }
            if let Some(alerts) = kept.duration("alerts", days(1)..=years) {
                retention.alerts = alerts.value;
            }
            // An entry that comes back after its key was forgotten would alert again.
            if let Some(seen) = kept.duration("seen", days(180)..=years) {
                retention.seen = seen.value;
            }
            kept.finish();
        }
        table.finish();
        (url, retention)
    }

    /// The URL with an absolute path, or what is wrong and what to do.
    fn sqlite(&self, url: &str) -> Result<String, (String, String)> {
        let help = || format!("write `url = \"{DEFAULT_STORE}\"`");
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let title = "this build keeps its data in SQLite and can't use PostgreSQL".to_owned();
            return Err((title, help()));
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(("a database's address begins with `sqlite:`".to_owned(), help()));
        };
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(("this address names no file".to_owned(), help()));
        }
        if path.contains(":memory:") || path.contains("mode=memory") {
            let title = "a database in memory would forget every promise with the process".to_owned();
            return Err((title, help()));
        }
        if path.contains(['?', '#']) {
            return Err(("only a path may follow `sqlite:`".to_owned(), help()));
        }
        Ok(format!("sqlite:{}", self.path(path).display()))
    }

    /// Rule files and folders, absolute.
    pub(super) fn rules(&self, table: Option<TableReader<'_>>, root: &TableReader<'_>) -> Vec<PathBuf> {
        let mut paths = None;
        if let Some(mut table) = table {
            paths = table.texts("paths");
            if table.has("paths") && paths.is_none() {
                // Of the wrong type, which was reported.
                table.finish();
                return Vec::new();
            }
            table.finish();
        }
        let Some(paths) = paths else {
            let path = self.path(DEFAULT_RULES);
            if !path.exists() {
                let title = format!("there are no rules: `{}` does not exist", path.display());
                report_at_top(
                    root,
                    Diagnostic::error(codes::RULES, title).help("create the folder, or name yours in `[rules] paths`"),
                );
            }
            return vec![path];
        };
        let mut existing = Vec::with_capacity(paths.len());
        for written in paths {
            let path = self.path(&written.text);
            if path.exists() {
                existing.push(path);
            } else {
                let title = format!("there are no rules at `{}`", path.display());
                root.report(Diagnostic::error(codes::RULES, title).label(written.content(), "").help(format!(
                    "relative paths start at `{}`, the configuration's base folder",
                    self.base.display()
                )));
            }
        }
        existing
    }

    pub(super) fn poll(&self, table: Option<TableReader<'_>>) -> PollSettings {
        let mut poll = PollSettings::default();
        let Some(mut table) = table else { return poll };
        if let Some(interval) = table.duration("interval", INTERVALS) {
            poll.interval = interval.value;
        }
        if let Some(adaptive) = table.bool("adaptive") {
            poll.adaptive = adaptive.value;
        }
        let fastest = table.duration("fastest", INTERVALS);
        let slowest = table.duration("slowest", INTERVALS);
        check_pace(&table, fastest.as_ref(), slowest.as_ref(), poll.interval);
        poll.fastest = fastest.map(|fastest| fastest.value);
        poll.slowest = slowest.map(|slowest| slowest.value);
        let choices = [("recent", FirstPoll::Recent), ("all", FirstPoll::All), ("none", FirstPoll::None)];
        if let Some(first) = table.one_of("first_poll", &choices) {
            poll.first_poll = first.value;
        }
        table.finish();
        poll
    }

    pub(super) fn health(&self, table: Option<TableReader<'_>>) -> HealthSettings {
        let mut health = HealthSettings::default();
        let Some(mut table) = table else { return health };
        if let Some(after) = table.duration("after", Duration::from_secs(1)..=days(30)) {
            health.after = after.value;
        }
        if let Some(failures) = table.integer("failures", 1..=1000) {
            health.failures = u32::try_from(failures.value).unwrap_or(health.failures);
        }
        if let Some(answers) = table.integer("answers", 1..=1000) {
            health.answers = u32::try_from(answers.value).unwrap_or(health.answers);
        }
        if let Some(repeat) = table.duration("repeat", days(1)..=days(365)) {
            health.repeat = repeat.value;
        }
        table.finish();
        health
    }

    pub(super) fn network(&self, table: Option<TableReader<'_>>, root: &TableReader<'_>) -> NetworkSettings {
        let mut network = NetworkSettings::default();
        let mut user_agent = None;
        if let Some(mut table) = table {
            for written in table.texts("allow").unwrap_or_default() {
                network.allow.extend(allow_rule(&table, &written));
            }
            user_agent = table.text("user_agent");
            let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
            if let Some(timeout) = table.duration("connect_timeout", seconds(1, 60)) {
                network.connect_timeout = timeout.value;
            }
            if let Some(deadline) = table.duration("feed_deadline", seconds(1, 300)) {
                network.feed_deadline = deadline.value;
            }
            if let Some(deadline) = table.duration("page_deadline", seconds(1, 300)) {
                network.page_deadline = deadline.value;
            }
            if let Some(size) = table.size("max_body", 1 << 10..=100 << 20) {
                network.max_body_bytes = size.value;
            }
            if let Some(number) = table.integer("max_concurrent", 1..=1024) {
                network.max_concurrent = u32::try_from(number.value).unwrap_or(network.max_concurrent);
            }
            if let Some(number) = table.integer("max_per_host", 1..=64) {
                network.max_per_host = u32::try_from(number.value).unwrap_or(network.max_per_host);
            }
            if let Some(robots) = table.bool("robots") {
                network.robots = robots.value;
            }
            table.finish();
        }
        let without_contact = Diagnostic::warning(codes::NO_CONTACT, "the user agent names no contact").help(
            "publishers block robots that they can't reach: `user_agent = \"vedetta/1.0 (+https://example.org/bot)\"` in \
             `[network]`",
        );
        match user_agent {
            None if root.is_damaged() => {}
            None => report_at_top(root, without_contact),
            Some(written) => {
                let good = !written.text.trim().is_empty()
                    && written.text.is_ascii()
                    && HeaderValue::from_str(&written.text).is_ok();
                if !good {
                    root.report(
                        Diagnostic::error(codes::HEADER, "this user agent can't be sent")
                            .label(written.content(), "only printable ASCII characters, and at least one"),
                    );
                } else if !written.text.contains("://") && !written.text.contains('@') {
                    root.report(without_contact.label(written.content(), ""));
                }
                network.user_agent = written.text;
            }
        }
        network
    }

    pub(super) fn heartbeat(&self, table: Option<TableReader<'_>>) -> Option<HeartbeatSettings> {
        let mut table = table?;
        table.require(&["url"]);
        let url = table.text("url").and_then(|written| {
            let url = endpoint(&table, &written, "heartbeat")?;
            if let Err(refused) = GuardPolicy::OperatorTarget.check(&url) {
                let diagnostic = Diagnostic::error(codes::URL, "this heartbeat's address can't be used");
                table.report(diagnostic.label(written.content(), refused.to_string()));
                return None;
            }
            Some(url)
        });
        let every = table.duration("every", Duration::from_secs(1)..=days(1));
        let method = table.one_of("method", &HeartbeatMethod::ALL);
        table.finish();
        Some(HeartbeatSettings {
            url: url?,
            every: every.map_or(HeartbeatSettings::EVERY, |every| every.value),
            method: method.map_or_else(HeartbeatMethod::default, |method| method.value),
        })
    }

    pub(super) fn http(&self, table: Option<TableReader<'_>>) -> (Option<SocketAddr>, Option<Url>) {
        let Some(mut table) = table else { return (None, None) };
        let written = table.text("listen");
        let address = written.and_then(|written| match written.text.parse::<SocketAddr>() {
            Ok(address) => {
                if !address.ip().is_loopback() {
                    table.report(
                        Diagnostic::warning(codes::OPEN_LISTENER, "other machines can reach the HTTP listener")
                            .label(written.content(), "")
                            .help("it asks nobody to sign in: listen on 127.0.0.1 and put a proxy in front of it"),
                    );
                }
                Some(address)
            }
            Err(_) => {
                table.report(
                    Diagnostic::error(codes::LISTEN, "this is not an address to listen on")
                        .label(written.content(), "expected an IP address and a port")
                        .help("write `listen = \"127.0.0.1:8686\"`"),
                );
                None
            }
        });
        let public_url = table.text("public_url").and_then(|written| match parse_target(&written.text, None) {
            Ok(url) if url.query().is_none() => {
                if !table.has("listen") {
                    table.report(
                        Diagnostic::error(codes::KEYS, "`public_url` says nothing without `listen`")
                            .label(written.span, "")
                            .help("add a `listen`: hubs are answered by that listener"),
                    );
                }
                Some(url)
            }
            _ => {
                table.report(
                    Diagnostic::error(codes::URL, "this is not an address at which hubs could reach vedetta")
                        .label(written.content(), "")
                        .help("write the address of the proxy in front of the listener, such as `https://vedetta.example.org`"),
                );
                None
            }
        });
        table.finish();
        (address, public_url)
    }
}

/// `fastest` lies at or below the interval, `slowest` at or above.
pub(super) fn check_pace(
    table: &TableReader<'_>,
    fastest: Option<&Spanned<Duration>>,
    slowest: Option<&Spanned<Duration>>,
    interval: Duration,
) {
    let wrong = [
        (fastest.filter(|limit| limit.value > interval), "`fastest` is longer than the interval", "lower"),
        (slowest.filter(|limit| limit.value < interval), "`slowest` is shorter than the interval", "raise"),
    ];
    for (limit, title, change) in wrong {
        let Some(limit) = limit else { continue };
        table.report(
            Diagnostic::error(codes::PACE, title)
                .label(limit.span, format!("the interval here is {}", in_words(interval)))
                .help(format!(
                    "polling begins at `interval` and moves between the two: {change} this one, or change the interval"
                )),
        );
    }
}

/// A duration as it is written in the file.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        _ if duration.subsec_millis() > 0 => format!("{}ms", duration.as_millis()),
        _ if seconds.is_multiple_of(86_400) => format!("{}d", seconds / 86_400),
        _ if seconds.is_multiple_of(3600) => format!("{}h", seconds / 3600),
        _ if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
        _ => format!("{seconds}s"),
    }
}

fn allow_rule(table: &TableReader<'_>, written: &TextValue) -> Option<AllowRule> {
    let report = |title: String, help: &str| {
        table.report(Diagnostic::error(codes::ALLOW, title).label(written.content(), "").help(help));
        None
    };
    if written.text.contains('*') {
        return report(
            "wildcards are not possible in `allow`".to_owned(),
            "name each host, or write a network such as `10.1.0.0/16`",
        );
    }
    match written.text.parse::<AllowRule>() {
        Ok(rule) => Some(rule),
        Err(_) => report(
            format!("`{}` is not a host, `host:port` or network", written.text.chars().take(60).collect::<String>()),
            "write `intranet.example:8080`, `10.1.0.0/16` or `[::1]:8080`",
        ),
    }
}
