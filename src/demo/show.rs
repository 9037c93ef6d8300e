//! `vedetta demo`: bundled feeds on a local server, a mail server and a webhook endpoint that keep what they get, and
//! between them the real daemon with a real configuration file, the shipped rules and a real database.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Environment;
use crate::daemon::Daemon;
use crate::fetch;
use crate::model::{Article, Clock, Feed, Secret, SystemClock, Timestamp};
use crate::pipeline::Line;
use crate::rule::{self, Circumstances, Clause, Document};
use crate::store::AlertRow;

use super::feeds::{self, FEEDS};
use super::rules::RULES;
use super::{Call, FeedServer, Hook, Mailbox, Received};

/// The secret that the demo's webhook is signed with; it protects nothing.
const SECRET: &str = "whsec_dmVkZXR0YSBkZW1vIHNlY3JldCwgbm90IHNlY3JldA==";
/// After so long the demo shows what there is; a machine that is busy with other things needs some seconds.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// What came of the demo.
#[derive(Debug)]
pub struct Show {
    /// The mails, in the order in which they came.
    pub mails: Vec<Received>,
    /// The webhook calls, in the order in which they came.
    pub calls: Vec<Call>,
    /// The alerts, in the order in which they were raised.
    pub alerts: Vec<AlertRow>,
    /// Articles that did not: source, headline and why.
    pub left_out: Vec<(String, String, String)>,
    /// Feeds polled.
    pub feeds: usize,
    /// Entries in them.
    pub entries: usize,
}

/// Runs the demo in a folder, which is created and may be looked at afterwards.
///
/// # Errors
/// If the folder can't be written, no port can be had, or the daemon does not start.
pub async fn run(folder: &Path) -> anyhow::Result<Show> {
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let server = FeedServer::start().await.context("cannot start the feed server")?;
    let (mailbox, smtp) = Mailbox::start().await.context("cannot start the mail server")?;
    let secret = Secret::new(SECRET);
    let (hook, endpoint) =
        Hook::start(Some(&secret), clock.clone()).await.context("cannot start the webhook endpoint")?;
    let mut config = format!(
        "[store]\nurl = {store}\n\n[rules]\npaths = [{rules}]\n\n[poll]\ninterval = \"60s\"\n\n[network]\nallow = [\"{allow}\"]\n\
         user_agent = \"vedetta-demo/1.0 (+https://example.org/bot)\"\n\n[channel.desk]\ntype = \"email\"\nsmtp = \
         \"smtp://{smtp}\"\nfrom = \"vedetta <vedetta@example.org>\"\nto = [\"desk@example.org\"]\n\n[channel.soc]\ntype = \
         \"webhook\"\nurl = \"http://{endpoint}/vedetta\"\nsecret = \"{SECRET}\"\n\n[[route]]\nchannels = [\"desk\", \"soc\"]\n",
        store = toml::Value::String(format!("sqlite:{}", folder.join("vedetta.db").display())),
        rules = toml::Value::String(folder.join("rules").display().to_string()),
        allow = server.address(),
    );
    for feed in FEEDS {
        server.put(feed.path, feed.content_type, feeds::render(feed, now));
        let (url, name) = (toml::Value::String(server.url(feed.path)), toml::Value::String(feed.name.to_owned()));
        let _ = write!(config, "\n[[feed]]\nurl = {url}\nname = {name}\n");
    }
    let config_path = write_files(folder, &config).with_context(|| format!("cannot write to {}", folder.display()))?;
    let (daemon, _) = Daemon::start(&config_path, Environment::default(), clock.clone()).await?;
    // First polls are spread over an interval; here someone is looking.
    for feed in daemon.line().live.load().feeds.keys() {
        daemon.line().store.poll_now(*feed, clock.now()).await?;
    }
    daemon.line().nudges.poll.notify_one();
    wait(&daemon, &mailbox, &hook).await?;
    let line = Arc::clone(daemon.line());
    let (alerts, left_out, entries) = account(&line, &server, now).await?;
    daemon.stop(CancellationToken::new()).await;
    Ok(Show { mails: mailbox.messages(), calls: hook.calls(), alerts, left_out, feeds: FEEDS.len(), entries })
}

fn write_files(folder: &Path, config: &str) -> std::io::Result<PathBuf> {
    for (path, text) in RULES {
        let path = folder.join("rules").join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, text)?;
    }
    let path = folder.join("vedetta.toml");
    std::fs::write(&path, config)?;
    Ok(path)
}

/// Waits until every feed was polled and everything due was delivered.
async fn wait(daemon: &Daemon, mailbox: &Mailbox, hook: &Hook) -> anyhow::Result<()> {
    let store = &daemon.line().store;
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    let mut quiet = 0;
    while quiet < 5 {
        tokio::select! {
            () = &mut patience => break,
            () = tokio::time::sleep(PAUSE) => {}
        }
        let rows = store.feeds().await?;
        let polled = rows.iter().all(|row| row.state.last_attempt_at.is_some());
        let stats = store.stats(daemon.line().clock.now()).await?;
        let done = polled && stats.deliveries_due == 0 && !mailbox.messages().is_empty() && !hook.calls().is_empty();
        quiet = if done { quiet + 1 } else { 0 };
    }
    Ok(())
}

type Account = (Vec<AlertRow>, Vec<(String, String, String)>, usize);

/// What became of every entry: alerted, or left out and why.
async fn account(line: &Line, server: &FeedServer, now: Timestamp) -> anyhow::Result<Account> {
    let snapshot = line.live.load();
    let alerts = line.store.alerts(None, None, 1000).await?;
    let mut asked = Vec::new();
    let mut entries = 0;
    for demo in FEEDS {
        let url = Url::parse(&server.url(demo.path))?;
        let feed = Feed { name: Some(demo.name.to_owned()), ..Feed::new(url.clone()) };
        let parsed = fetch::parse_feed(&feeds::render(demo, now), Some(demo.content_type), &url)?;
        for (entry, identity) in parsed.entries.iter().zip(fetch::identify(&parsed)) {
            entries += 1;
            let article = fetch::to_article(&feed, &parsed, entry, &identity, now);
            if alerts.iter().any(|alert| alert.article == Some(article.id)) {
                continue;
            }
            if line.store.article(article.id).await?.is_none() {
                let why = "older than a day when the feed was first polled: it only became known".to_owned();
                asked.push((demo.name.to_owned(), article.title, tokio::spawn(async { why })));
                continue;
            }
            // Explaining is most of the demo's work: on all processors at once.
            let (title, snapshot, labels) = (article.title.clone(), Arc::clone(&snapshot), feed.labels.clone());
            let why =
                tokio::task::spawn_blocking(move || match snapshot.judge(&article, &labels, now).matches.first() {
                    Some(matched) => {
                        format!("the same story as an alert on “{}”: counted, not sent again", matched.topic.name)
                    }
                    None => why_not(&snapshot.rules, &article, now),
                });
            asked.push((demo.name.to_owned(), title, why));
        }
    }
    let mut left_out = Vec::with_capacity(asked.len());
    for (source, title, why) in asked {
        left_out.push((source, title, why.await?));
    }
    Ok((alerts.into_iter().rev().collect(), left_out, entries))
}

/// In a line, why the topic that came nearest did not match; `vedetta explain` tells the whole.
fn why_not(rules: &rule::Rules, article: &Article, now: Timestamp) -> String {
    let document = Document::new(article);
    let circumstances = Circumstances { feed_labels: None, now };
    let explained = rules.topics().filter_map(|topic| rules.explain(&topic.id, &document, circumstances));
    let Some(nearest) = explained.max_by_key(|explanation| {
        let is_excepted = explanation.except.as_ref().is_some_and(|except| except.holds);
        (is_excepted && explanation.query.as_ref().is_some_and(|query| query.holds), explanation.concepts.len())
    }) else {
        return "there are no topics".to_owned();
    };
    let matched = nearest.query.as_ref().is_some_and(|query| query.holds);
    if let Some(except) = nearest.except.as_ref().filter(|except| except.holds && matched) {
        let mut hits = Vec::new();
        collect_hits(except, &mut hits);
        return format!("{}: its exception holds ({})", nearest.topic, hits.join(", "));
    }
    if nearest.concepts.is_empty() {
        return "nothing that any topic asks for".to_owned();
    }
    format!("{}: it has {}, but not together with what the topic asks for", nearest.topic, nearest.concepts.join(", "))
}

/// The words that made a clause hold, each once.
fn collect_hits(clause: &Clause, hits: &mut Vec<String>) {
    for hit in &clause.hits {
        let text = format!("“{}”", hit.text);
        if !hits.contains(&text) {
            hits.push(text);
        }
    }
    for part in clause.parts.iter().filter(|part| part.holds) {
        collect_hits(part, hits);
    }
}

/// A mail as a person can read it: its headers as sent, and its text decoded.
#[must_use]
pub fn readable_mail(mail: &Received) -> String {
    let mut text = String::new();
    let Ok(parsed) = mailparse::parse_mail(&mail.data) else {
        return String::from_utf8_lossy(&mail.data).into_owned();
    };
    for header in parsed.get_headers() {
        let _ = writeln!(text, "{}: {}", header.get_key(), header.get_value());
    }
    let plain = parsed.parts().find(|part| part.ctype.mimetype == "text/plain").and_then(|part| part.get_body().ok());
    let _ = write!(text, "\n{}", plain.unwrap_or_default().trim_end());
    text
}

/// A webhook call as a person can read it: its own headers, and its body indented.
#[must_use]
pub fn readable_call(call: &Call) -> String {
    let mut text = format!("{} {}\n", call.method, call.path);
    for (name, value) in &call.headers {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    let body = serde_json::to_string_pretty(&call.json()).unwrap_or_default();
    let _ = write!(text, "\n{body}");
    text
}
