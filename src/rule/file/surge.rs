//! `[[surge]]`.

use std::time::Duration;

use crate::model::{Diagnostic, Span, TopicId};
use crate::settings::{Spanned, TableReader};

use super::super::check::{Loaded, Use, User};
use super::super::codes;
use super::super::def::{SurgeCount, SurgeDef, SurgeTrigger};
use super::super::parser::{Reference, ReferenceKind};
use super::{MINUTE, YEAR, hints, usage};

pub(super) fn read_surge(mut table: TableReader<'_>, loaded: &mut Loaded) {
    const COUNTS: [(&str, SurgeCount); 4] = [
        ("stories", SurgeCount::Stories),
        ("articles", SurgeCount::Articles),
        ("sources", SurgeCount::Sources),
        ("languages", SurgeCount::Languages),
    ];
    table.explain(usage::SURGE);
    hints(&mut table, usage::SURGE_NAMES);
    table.require(&["topics", "count", "window"]);
    let span = table.span();
    let texts = table.texts("topics");
    let count = table.one_of("count", &COUNTS);
    let window = table.duration("window", MINUTE..=YEAR);
    let min = table.integer("min", 1..=1_000_000);
    let baseline = table.table("baseline").map(|baseline| read_baseline(baseline, window));
    let bad = |title: &str, span: Span, help: &str| {
        table.report(Diagnostic::error(codes::BAD_SURGE, title).label(span, "").help(help));
    };
    let example = "write `min = 10`, or `baseline = { window = \"14d\", zscore = 3.0, min = 4 }`";
    match (table.key_span("min"), table.key_span("baseline")) {
        (None, None) if table.is_damaged() || table.may_mean(&["min", "baseline"]) => {}
        (None, None) => bad("this surge doesn't say what is too much", span, example),
        (Some(_), Some(span)) => {
            bad("a surge has `min` or `baseline`, not both", span, "`baseline` has a `min` of its own")
        }
        _ => {}
    }
    if texts.as_ref().is_some_and(Vec::is_empty) {
        bad("this surge watches no topic", table.key_span("topics").unwrap_or(span), "name at least one topic");
    }
    let mut topics = Vec::new();
    for text in texts.unwrap_or_default() {
        let name = text.text.strip_prefix('#').unwrap_or(&text.text).to_owned();
        topics.extend(TopicId::new(&name).ok());
        let kind = ReferenceKind::Topic;
        let reference = Reference { kind, name, span: text.content() };
        loaded.uses.push(Use { reference, user: User::Surge, is_match: false });
    }
    table.finish();
    let trigger = match (min, baseline) {
        (Some(min), None) => SurgeTrigger::Min(u32::try_from(min.value).unwrap_or(u32::MAX)),
        (None, Some(Some(baseline))) => baseline,
        _ => return,
    };
    if let (Some(count), Some(window)) = (count, window) {
        loaded.surges.push(SurgeDef { topics, count: count.value, window: window.value, trigger, span });
    }
}

fn read_baseline(mut table: TableReader<'_>, window: Option<Spanned<Duration>>) -> Option<SurgeTrigger> {
    table.explain(usage::SURGE);
    table.require(&["window", "zscore"]);
    let past = table.duration("window", MINUTE..=YEAR);
    let zscore = table.number("zscore");
    let min = table.integer("min", 1..=1_000_000).map_or(1, |min| u32::try_from(min.value).unwrap_or(u32::MAX));
    if let (Some(past), Some(window)) = (past, window)
        && past.value < window.value * 2
    {
        table.report(
            Diagnostic::error(codes::BAD_SURGE, "the baseline must reach further back than the surge itself")
                .label(past.span, "")
                .help("make it at least twice as long as the surge's `window`; 14 days is usual"),
        );
    }
    if let Some(zscore) = zscore
        && zscore.value <= 0.0
    {
        table.report(
            Diagnostic::error(codes::BAD_SURGE, "`zscore` must be above 0").label(zscore.span, "").help("3.0 is usual"),
        );
    }
    table.finish();
    Some(SurgeTrigger::Baseline { window: past?.value, zscore: zscore?.value, min })
}
