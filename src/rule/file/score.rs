//! `score` and `severity` of a topic.

use crate::model::{Diagnostic, Severity, Span};
use crate::settings::{Item, Spanned, TableReader, codes as file_codes};

use super::super::check::{Loaded, User};
use super::super::codes;
use super::super::def::{ScoreDef, SeverityDef};
use super::usage::SEVERITY_WORDS;
use super::{hints, query, usage};

pub(super) fn read_score(table: &mut TableReader<'_>, user: &User, loaded: &mut Loaded) -> Vec<ScoreDef> {
    let mut parts = Vec::new();
    for mut part in table.tables("score") {
        part.explain(usage::SCORE);
        hints(&mut part, usage::SCORE_NAMES);
        if pairs(&mut part) {
            continue;
        }
        if nothing(&part) {
            part.also_known(&["when", "add", "each", "max"]);
            part.finish();
            continue;
        }
        part.require(&["when", "add"]);
        let when = query(&mut part, "when", user, loaded);
        let add = part.integer("add", SCORES);
        // `each = "true"` was reported, and is meant.
        let each = part.bool("each").map_or(part.has("each"), |each| each.value);
        let max = part.integer("max", SCORES);
        let bad = |title: String, span: Span, help: &str| {
            part.report(Diagnostic::error(codes::BAD_SCORE, title).label(span, "").help(help));
        };
        if let Some(add) = add {
            if add.value == 0 {
                bad("`add = 0` adds nothing".into(), add.span, "write how much this part counts, or delete it");
            } else if let Some(max) = max {
                if !each {
                    bad(
                        "`max` without `each = true`: this part adds once".into(),
                        max.span,
                        "add `each = true`, or delete `max`",
                    );
                } else if max.value.signum() != add.value.signum() || max.value.abs() < add.value.abs() {
                    let title = format!("`max = {}` is less than one hit adds ({})", max.value, add.value);
                    bad(title, max.span, "write the most that all hits of this part may add together");
                }
            }
        }
        part.finish();
        if let (Some(when), Some(add)) = (when, add) {
            parts.push(ScoreDef { when, add: add.value, each, max: max.map(|max| max.value) });
        }
    }
    parts
}

/// Reports `{ each = true, max = 5 }`: neither when it adds nor how much.
fn nothing(part: &TableReader<'_>) -> bool {
    if part.has("when") || part.has("add") || part.is_damaged() || part.may_mean(&["when", "add"]) {
        return false;
    }
    let rest = match (part.has("each"), part.has("max")) {
        (false, false) => "",
        (true, false) => ", each = true",
        (_, true) => ", each = true, max = 20",
    };
    let title = if rest.is_empty() {
        "a part of the score says when it adds, and how much"
    } else {
        "this part of the score says neither when it adds nor how much"
    };
    part.report(
        Diagnostic::error(codes::BAD_SCORE, title)
            .label(part.span(), "`when` and `add` are missing here")
            .help(format!("write `{{ when = 'missile', add = 5{rest} }}`, or delete it")),
    );
    true
}

/// Reports `{ missile = 5 }`: terms and what each adds, by themselves.
fn pairs(part: &mut TableReader<'_>) -> bool {
    if part.has("when") || part.has("add") || part.may_mean(&["when", "add", "each", "max"]) {
        return false;
    }
    let rest = part.take_rest();
    let Some((term, add)) = rest.iter().find_map(|(key, item)| match item {
        Item::Integer(add) => Some((key, add.value)),
        _ => None,
    }) else {
        return false;
    };
    let query = match term.value.contains(char::is_whitespace) {
        true => format!("\"{}\"", term.value),
        false => term.value.clone(),
    };
    part.report(
        Diagnostic::error(codes::BAD_SCORE, "a part of the score says when it adds, and how much")
            .label(term.span, "")
            .help(format!("write `{{ when = '{query}', add = {add} }}`")),
    );
    true
}

pub(super) const SEVERITIES: [(&str, Severity); 4] =
    [("info", Severity::Info), ("notice", Severity::Notice), ("high", Severity::High), ("urgent", Severity::Urgent)];

pub(super) fn read_severity(table: &mut TableReader<'_>) -> SeverityDef {
    let default = SeverityDef::Fixed(Severity::default());
    match table.value("severity") {
        None => default,
        Some(Item::Text(text)) => {
            table.choose_by("severity", &text, &SEVERITIES, SEVERITY_WORDS).map_or(default, SeverityDef::Fixed)
        }
        Some(Item::Table(mut levels)) => {
            let mut read: Vec<(Severity, Spanned<i64>)> = Vec::new();
            for (word, severity) in SEVERITIES {
                if let Some(score) = levels.integer(word, SCORES) {
                    read.push((severity, score));
                }
            }
            for pair in read.windows(2) {
                if let [(lower, low), (higher, high)] = pair
                    && low.value >= high.value
                {
                    let title = format!("`{higher}` must need a higher score than `{lower}`");
                    let help = format!("`{lower}` begins at {}, `{higher}` at {}", low.value, high.value);
                    levels.report(
                        Diagnostic::error(codes::SEVERITY_ORDER, title)
                            .label(high.span, "")
                            .label(low.span, "")
                            .help(help),
                    );
                }
            }
            let span = levels.span();
            levels.hint(&["critical", "emergency", "urgente"], "did you mean `urgent`?");
            levels.hint(&["alta", "major"], "did you mean `high`?");
            levels.hint(&["medium", "media", "normal", "warning"], "did you mean `notice`?");
            levels.hint(&["low", "bassa", "minor"], "did you mean `info`?");
            // A name that nobody knows is reported as that.
            if !SEVERITIES.iter().any(|(word, _)| levels.has(word)) && !levels.has_unknown() {
                levels.report(
                    Diagnostic::error(codes::SEVERITY_ORDER, "severity by score needs at least one level")
                        .label(span, "")
                        .help("write for example `severity = { notice = 25, high = 40 }`"),
                );
            }
            levels.finish();
            let levels: Vec<(Severity, i64)> =
                read.into_iter().map(|(severity, score)| (severity, score.value)).collect();
            if levels.is_empty() { default } else { SeverityDef::ByScore(levels) }
        }
        Some(other) => {
            let title = format!("`severity` must be a word or a table of scores, found {}", other.kind());
            table.report(
                Diagnostic::error(file_codes::WRONG_TYPE, title)
                    .label(other.span(), "")
                    .help("write `severity = \"high\"` or `severity = { notice = 25, high = 40 }`"),
            );
            default
        }
    }
}

/// Bounds of scores and what adds to them: a guess, so that no sum overflows.
pub(super) const SCORES: std::ops::RangeInclusive<i64> = -1_000_000..=1_000_000;
