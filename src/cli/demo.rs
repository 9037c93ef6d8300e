//! `vedetta demo`.

use std::path::PathBuf;

use anyhow::Context;

use crate::demo::{self, Received, readable_call, readable_mail};

use super::args::LogFormat;
use super::output::{Output, plain};
use super::{Exit, log, runtime};

pub(super) fn demo(keep: bool, output: &Output) -> anyhow::Result<Exit> {
    log::start(LogFormat::Text, "error");
    let folder = Folder::new(keep)?;
    let show = runtime()?.block_on(demo::run(&folder.path))?;
    let heading = |text: &str| output.line(&format!("\n{}\n{text}\n{}", "═".repeat(78), "═".repeat(78)));
    output.line(&format!(
        "vedetta polled {} feeds with {} entries and raised {} alerts: {} mails, {} webhook calls.",
        show.feeds,
        show.entries,
        show.alerts.len(),
        show.mails.len(),
        show.calls.len()
    ))?;
    // One of each in full: the mail about the story that most outlets carry, and the call that goes with it.
    let texts: Vec<_> = show.mails.iter().map(readable_mail).collect();
    let told = show.alerts.iter().max_by_key(|alert| alert.story_size).map(|alert| alert.id.to_string());
    let is_told = |mail: &Received| Some(header(&mail.data, "X-Vedetta-Alert")) == told;
    let best = show.mails.iter().position(is_told).unwrap_or(0);
    if let (Some(text), Some(mail)) = (texts.get(best), show.mails.get(best)) {
        heading(&format!("MAIL {} of {}, to {}", best + 1, texts.len(), mail.to.join(", ")))?;
        output.line(text)?;
    }
    let alert = show.mails.get(best).map(|mail| header(&mail.data, "X-Vedetta-Alert")).unwrap_or_default();
    let same = show.calls.iter().position(|call| call.json()["data"]["alert"] == alert.as_str()).unwrap_or(0);
    if let Some(call) = show.calls.get(same) {
        let verdict = match &call.signature {
            Some(Ok(())) => "its signature holds",
            Some(Err(_)) => "ITS SIGNATURE DOES NOT HOLD",
            None => "not signed",
        };
        heading(&format!("WEBHOOK CALL {} of {} ({verdict})", same + 1, show.calls.len()))?;
        output.line(&readable_call(call))?;
    }
    heading("ALERTED")?;
    for alert in &show.alerts {
        let carried = match alert.story_size {
            0 | 1 => String::new(),
            size => format!("  ({size} articles tell this story)"),
        };
        output.line(&format!("{:<24} {}{carried}", alert.topic.to_string(), plain(&alert.title)))?;
    }
    heading("LEFT OUT, AND WHY")?;
    for (source, title, why) in &show.left_out {
        output.line(&format!("{}  ({source})\n    {}", plain(title), plain(why)))?;
    }
    if keep {
        output.say(&format!("\nthe demo's configuration, rules and database are in {}", folder.path.display()));
    }
    output.say("\nNow your own: edit config/vedetta.toml and rules/, then `make run`.");
    Ok(if show.mails.is_empty() || show.calls.is_empty() { Exit::Failed } else { Exit::Fine })
}

/// A header of a mail; empty where it is absent.
fn header(mail: &[u8], name: &str) -> String {
    use mailparse::MailHeaderMap;
    mailparse::parse_headers(mail).ok().and_then(|(headers, _)| headers.get_first_value(name)).unwrap_or_default()
}

/// A folder for the demo, removed at the end unless it is to be kept.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn new(keep: bool) -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("vedetta-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self { path, keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What is left behind in the temporary folder harms nobody.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
