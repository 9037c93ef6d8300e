//! `vedetta route test`: whom an alert would be told to, and when, without raising one.

use std::path::Path;

use serde::Serialize;

use crate::alert::Desk;
use crate::config::Environment;
use crate::daemon::{self, StartError};
use crate::model::{Clock, HealthEvent, Labels, NoticeKind, Severity, SystemClock, Timestamp, TopicId};
use crate::settings::{nearest, parse_moment};

use super::Exit;
use super::args::RouteTestOptions;
use super::output::{BadUsage, Output, minute};

/// What is tried; serialises as the command's JSON, with where it leads.
#[derive(Debug, Serialize)]
struct Rehearsal {
    topic: String,
    severity: Severity,
    labels: Labels,
    /// Numbers of the routes taken, from 1, in the order of the file; empty: the default, as no route asks for it.
    routes: Vec<usize>,
    deliveries: Vec<Planned>,
}

/// One message that would be sent.
#[derive(Debug, Serialize)]
struct Planned {
    channel: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    recipient: String,
    kind: &'static str,
    due_at: Timestamp,
}

pub(super) fn test(
    config: &Path,
    environment: &Environment,
    options: &RouteTestOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let at = options.at.as_deref().map_or(Ok(now), |text| parse_moment(text, now));
    let at = at.map_err(|error| BadUsage(format!("--at: {error}")))?;
    let loaded = daemon::load(config, environment, now).map_err(StartError::Invalid)?;
    let mut asked: Labels = options.labels.iter().cloned().collect();
    let topic = asked.remove("topic");
    let severity = match asked.remove("severity") {
        None => Severity::default(),
        Some(text) => Severity::parse(&text)
            .ok_or_else(|| BadUsage(format!("there is no severity `{text}`: it is info, notice, high or urgent")))?,
    };
    let is_health = match asked.remove("reason").as_deref() {
        None => topic.as_deref() == Some(TopicId::health().as_str()),
        Some("health") => true,
        Some(other) => return Err(BadUsage(format!("routes know no reason `{other}`, only `health`")).into()),
    };
    let topics = loaded.ruleset.topics();
    let known = topics.iter().find(|known| topic.as_deref() == Some(known.id.as_str()));
    if let Some(topic) = topic.as_deref().filter(|_| known.is_none() && !is_health) {
        let near = nearest(topic, topics.iter().map(|topic| topic.id.as_str()));
        let hint = near.map(|near| format!(" (did you mean `{near}`?)")).unwrap_or_default();
        output.say(&format!("no enabled topic is called `{topic}`{hint}; its labels are those given here"));
    }
    // The topic's own labels, and what was asked for above them.
    let mut labels = known.map(|topic| topic.labels.clone()).unwrap_or_default();
    labels.extend(asked);
    let desk = Desk::new(loaded.config.router);
    let id = if is_health { TopicId::health() } else { TopicId::new(topic.as_deref().unwrap_or("any"))? };
    let (taken, drafts) = if is_health {
        let event = HealthEvent { key: String::new(), title: String::new(), detail: String::new(), at };
        (
            desk.router().health_routes(severity, &labels),
            desk.health_of(event, severity, &labels, None).alert.deliveries,
        )
    } else {
        (desk.router().routes_for(&id, severity, &labels), desk.rehearse(&id, severity, &labels, at))
    };
    let numbered = desk.router().routes.iter().enumerate();
    let routes = numbered.filter(|(_, route)| taken.iter().any(|taken| std::ptr::eq(*taken, *route)));
    let rehearsal = Rehearsal {
        topic: id.to_string(),
        severity,
        labels,
        routes: routes.map(|(index, _)| index + 1).collect(),
        deliveries: drafts
            .into_iter()
            .map(|draft| Planned {
                channel: draft.channel.to_string(),
                recipient: draft.recipient,
                kind: draft.kind.as_str(),
                due_at: draft.due_at,
            })
            .collect(),
    };
    if output.is_json() {
        output.json(&rehearsal)?;
    } else {
        show(&rehearsal, at, output)?;
    }
    Ok(if rehearsal.deliveries.is_empty() { Exit::Found } else { Exit::Fine })
}

fn show(rehearsal: &Rehearsal, at: Timestamp, output: &Output) -> anyhow::Result<()> {
    let Rehearsal { topic, severity, labels, routes, deliveries } = rehearsal;
    let labels: String = labels.iter().map(|(key, value)| format!(" {key}={value}")).collect();
    let by = match routes.as_slice() {
        [] => "no route asks for it, so the default takes it".to_owned(),
        [one] => format!("route {one} takes it"),
        many => format!("routes {} take it", many.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    };
    output.say(&format!("an alert with topic={topic} severity={severity}{labels}: {by}"));
    for Planned { channel, recipient, kind, due_at } in deliveries {
        let when = match *kind {
            kind if kind == NoticeKind::Digest.as_str() => format!("in the digest of {} UTC", minute(*due_at)),
            kind if kind == NoticeKind::QuietHours.as_str() => {
                format!("after the quiet hours, {} UTC", minute(*due_at))
            }
            _ if *due_at == at => "at once".to_owned(),
            _ => minute(*due_at),
        };
        output.line(&format!("{channel}\t{recipient}\t{when}"))?;
    }
    if deliveries.is_empty() {
        output.say("nobody is told: there is no channel");
    }
    Ok(())
}
