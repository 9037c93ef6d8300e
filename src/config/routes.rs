//! `[[route]]` and `[flood]`, and the `flood` of a route.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::alert::{Brake, DigestPlan, QuietHours, Recipients, Route, RouteMatch, Router};
use crate::model::{ChannelName, Diagnostic, Severity, Span};
use crate::settings::{TableReader, TextValue, nearest};

use super::channels::Channels;
use super::feeds::{is_zone, unknown_zone};
use super::unmet::RouteWish;
use super::{Reading, codes, report_at_top};

impl Reading<'_> {
    pub(super) fn routes(
        &self,
        root: &mut TableReader<'_>,
        channels: &Channels,
        brake: Brake,
    ) -> (Router, Vec<RouteWish>) {
        let mut routes = Vec::new();
        let mut wishes = Vec::new();
        let mut used = BTreeSet::new();
        let mut catches_all: Option<Span> = None;
        let mut has_default = false;
        for mut table in root.tables("route") {
            let place = table.span();
            // A `match` that could not be read asks for something, whatever it is.
            let is_mistaken = table.has("match");
            let route = self.route(&mut table, channels, &mut used, brake, &mut wishes);
            table.finish();
            if let Some(first) = catches_all {
                root.report(
                    Diagnostic::warning(codes::UNREACHED, "this route is never reached")
                        .label(place, "")
                        .label(first, "this one takes every alert")
                        .help("put the route without `match` last, or add `continue = true` to it"),
                );
            }
            if route.matches.0.is_empty() && !is_mistaken {
                has_default = true;
                if !route.continues {
                    catches_all = catches_all.or(Some(place));
                }
            }
            routes.push(route);
        }
        if !routes.is_empty() && !root.is_damaged() {
            if !has_default {
                report_at_top(
                    root,
                    Diagnostic::warning(
                        codes::NO_DEFAULT_ROUTE,
                        "there is no default route: alerts that no route takes go to all channels",
                    )
                    .help("add a last `[[route]]` without `match`"),
                );
            } else if routes.iter().all(|route| !route.channels.is_empty()) {
                for (name, channel) in channels.iter().filter(|(name, _)| !used.contains(*name)) {
                    root.report(
                        Diagnostic::warning(codes::UNUSED_CHANNEL, format!("no route leads to the channel `{name}`"))
                            .label(channel.place, "")
                            .help("name it in the `channels` of a `[[route]]`, or remove it"),
                    );
                }
            }
        }
        let recipients: Recipients = channels
            .iter()
            .filter_map(|(name, channel)| Some((name.clone(), channel.settings.as_ref()?.recipients())))
            .collect();
        let fallback = recipients.keys().cloned().collect();
        let room = channels
            .iter()
            .filter_map(|(name, channel)| Some((name.clone(), channel.settings.as_ref()?.room())))
            .collect();
        (Router { routes, recipients, fallback, brake, room }, wishes)
    }

    /// `[flood]`.
    pub(super) fn brake(&self, table: Option<TableReader<'_>>) -> Brake {
        table.map_or_else(Brake::default, |table| flood(table, Brake::default()))
    }

    fn route(
        &self,
        table: &mut TableReader<'_>,
        channels: &Channels,
        used: &mut BTreeSet<ChannelName>,
        brake: Brake,
        wishes: &mut Vec<RouteWish>,
    ) -> Route {
        let matches = matches(table, wishes);
        table.require(&["channels"]);
        let mut leads_to: Vec<ChannelName> = Vec::new();
        if let Some(written) = table.texts("channels") {
            if written.is_empty() {
                let place = table.key_span("channels").unwrap_or_else(|| table.span());
                table.report(
                    Diagnostic::error(codes::NOBODY, "this route leads to no channel")
                        .label(place, "")
                        .help("name at least one of the channels"),
                );
            }
            for written in written {
                match channels.keys().find(|name| name.as_str() == written.text) {
                    Some(name) => {
                        used.insert(name.clone());
                        if !leads_to.contains(name) {
                            leads_to.push(name.clone());
                        }
                    }
                    None => table.report(unknown_channel(&written, channels)),
                }
            }
        }
        let continues = table.bool("continue").is_some_and(|wanted| wanted.value);
        let digest = table.table("digest").and_then(|digest| self.digest(digest));
        let quiet = table.table("quiet").and_then(quiet_hours);
        // What it does not say is as for all.
        let flood = table.table("flood").map(|table| flood(table, brake));
        Route { matches, channels: leads_to, continues, digest, quiet, flood }
    }

    fn digest(&self, mut table: TableReader<'_>) -> Option<DigestPlan> {
        table.require(&["schedule"]);
        let line = table.text("schedule");
        let zone = table.text("timezone");
        let schedule = self.schedule(&table, "schedule", line.as_ref(), zone.as_ref());
        table.finish();
        Some(DigestPlan { schedule: schedule? })
    }
}

/// A flood brake; what is not written is as in `brake`.
fn flood(mut table: TableReader<'_>, mut brake: Brake) -> Brake {
    if let Some(limit) = table.integer("limit", 0..=100_000) {
        brake.limit = u32::try_from(limit.value).unwrap_or(brake.limit);
    }
    if let Some(window) = table.duration("window", Duration::from_secs(1)..=Duration::from_hours(24)) {
        brake.window = window.value;
    }
    table.finish();
    brake
}

fn unknown_channel(written: &TextValue, channels: &Channels) -> Diagnostic {
    let shown: String = written.text.chars().take(60).collect();
    let diagnostic = Diagnostic::error(codes::UNKNOWN_CHANNEL, format!("there is no channel `{shown}`"))
        .label(written.content(), "");
    let names = channels.keys().map(ChannelName::as_str);
    match nearest(&written.text, names.clone()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if channels.is_empty() => diagnostic.help(format!("add a `[channel.{shown}]`")),
        None => {
            let names: Vec<String> = names.take(20).map(|name| format!("`{name}`")).collect();
            diagnostic.help(format!("the channels are {}", names.join(", ")))
        }
    }
}

fn matches(table: &mut TableReader<'_>, wishes: &mut Vec<RouteWish>) -> RouteMatch {
    let mut wanted = BTreeMap::new();
    let first_wish = wishes.len();
    for (key, pattern) in table.string_map("match").unwrap_or_default() {
        let mut start = 0;
        for part in pattern.text.split('|') {
            let range = start..start + part.len();
            start = range.end + 1;
            let word = part.trim();
            if word.is_empty() && !pattern.text.is_empty() && pattern.text.contains('|') {
                table.report(
                    Diagnostic::error(crate::settings::codes::BAD_VALUE, "an alternative is empty")
                        .label(pattern.content(), "`|` separates alternatives"),
                );
                break;
            }
            if key.value == "reason" && !word.contains('*') && word != "health" {
                table.report(
                    Diagnostic::error(crate::settings::codes::BAD_VALUE, "routes know one `reason`")
                        .label(pattern.span_of(start - part.len() - 1..start - 1), "expected `health`")
                        .help("`reason = \"health\"` asks for vedetta's own troubles; articles are asked for by topic and severity"),
                );
            }
            if !matches!(key.value.as_str(), "severity" | "reason") {
                wishes.push(RouteWish {
                    key: key.value.clone(),
                    pattern: word.to_owned(),
                    place: pattern.span_of(range.clone()),
                    is_for_health: false,
                });
            }
            if key.value == "severity" && !word.contains('*') && Severity::parse(word).is_none() {
                let known = Severity::ALL.map(Severity::as_str);
                let shown: String = word.chars().take(60).collect();
                let diagnostic = Diagnostic::error(codes::SEVERITY, format!("there is no severity `{shown}`"))
                    .label(pattern.span_of(range), "expected `info`, `notice`, `high` or `urgent`");
                table.report(match nearest(word, known) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None => diagnostic,
                });
            }
        }
        wanted.insert(key.value, pattern.text);
    }
    let is_for_health = wanted.contains_key("reason")
        || wanted.get("topic").is_some_and(|pattern| pattern.split('|').any(|one| one.trim().starts_with("vedetta")));
    for wish in &mut wishes[first_wish..] {
        wish.is_for_health = is_for_health;
    }
    RouteMatch(wanted)
}

fn quiet_hours(mut table: TableReader<'_>) -> Option<QuietHours> {
    table.require(&["from", "to"]);
    let from = table.text("from");
    let to = table.text("to");
    let zone_text = table.text("timezone");
    let except = table.one_of("except", &Severity::ALL.map(|severity| (severity.as_str(), severity)));
    let zone = match &zone_text {
        None => Some(chrono_tz::UTC),
        Some(zone) if is_zone(&zone.text) => zone.text.parse().ok(),
        Some(zone) => {
            table.report(unknown_zone(zone));
            None
        }
    };
    let from_minute = from.as_ref().and_then(|written| minute(&table, written));
    let to_minute = to.as_ref().and_then(|written| minute(&table, written));
    if let (Some(a), Some(b), Some(to)) = (from_minute, to_minute, &to)
        && a == b
    {
        table.report(
            Diagnostic::error(codes::QUIET, "quiet hours that end as they begin have no length")
                .label(to.content(), "the same time as `from`")
                .help("to hold everything back for a day, use a `digest`"),
        );
    }
    table.finish();
    Some(QuietHours {
        from_minute: from_minute?,
        to_minute: to_minute?,
        zone: zone?,
        except: except.map(|severity| severity.value),
    })
}

/// `22:00` as minutes since midnight.
fn minute(table: &TableReader<'_>, written: &TextValue) -> Option<u16> {
    let read = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(hour) || !digits(minute) || minute.len() != 2 {
            return None;
        }
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let minute = read(written.text.trim());
    if minute.is_none() {
        table.report(
            Diagnostic::error(codes::QUIET, "this is not a time of day")
                .label(written.content(), "expected hours and minutes, such as `22:00`"),
        );
    }
    minute
}
