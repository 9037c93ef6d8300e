//! What can never match, and what always does.

use std::collections::HashMap;

use crate::model::{Diagnostic, Field, Span};
use crate::rule::ast::{Node, NodeKind, Scope};
use crate::rule::codes;
use crate::rule::def::{ScoreDef, SeverityDef, TopicDef};
use crate::settings::Findings;

use super::same_list::{Letters, key};
use super::{Trees, short};

/// What an AND asks for and excludes, that of the groups in it included.
fn conjuncts<'n>(parts: &'n [Node], found: &mut Vec<&'n Node>) {
    for part in parts {
        match &part.kind {
            NodeKind::And(inner) => conjuncts(inner, found),
            _ => found.push(part),
        }
    }
}

/// `a AND NOT a`.
pub(super) fn contradiction(parts: &[Node], findings: &Findings) {
    let mut all = Vec::new();
    conjuncts(parts, &mut all);
    let mut wanted: HashMap<String, Span> = HashMap::new();
    for part in all.iter().filter(|part| !matches!(part.kind, NodeKind::Not(_))) {
        wanted.insert(key(part, Letters::Folded), part.span);
        // What stands in the title stands in the text.
        if let NodeKind::Scope { scope: Scope::Lede | Scope::Field(Field::Title | Field::Summary | Field::Body), of } =
            &part.kind
        {
            wanted.entry(key(of, Letters::Folded)).or_insert(part.span);
        }
    }
    for part in all {
        let NodeKind::Not(of) = &part.kind else { continue };
        let branches: &[Node] = match &of.kind {
            NodeKind::Or(branches) => branches,
            _ => std::slice::from_ref(of),
        };
        for branch in branches {
            if let Some(wanted) = wanted.get(&key(branch, Letters::Folded)) {
                let title =
                    format!("this can never match: `{}` is both asked for and excluded", short(&branch.to_string()));
                findings.add(
                    Diagnostic::warning(codes::NEVER, title)
                        .label(branch.span, "excluded here")
                        .label(*wanted, "asked for here")
                        .help("take one of them out"),
                );
            }
        }
    }
}

/// Topics that can't match, and those that always do.
pub(super) fn never(topic: &TopicDef, trees: &Trees, findings: &Findings) {
    if let (Some(matches), Some(except)) = (&trees.matches, &trees.except) {
        let branches: &[Node] = match &except.kind {
            NodeKind::Or(branches) => branches,
            _ => std::slice::from_ref(except),
        };
        let wanted: Vec<String> = match &matches.kind {
            NodeKind::And(parts) => {
                parts.iter().chain(std::iter::once(matches)).map(|part| key(part, Letters::Folded)).collect()
            }
            _ => vec![key(matches, Letters::Folded)],
        };
        if let Some(branch) = branches.iter().find(|branch| wanted.contains(&key(branch, Letters::Folded))) {
            let title = format!("the topic `{}` can never match: `except` takes away what `match` asks for", topic.id);
            findings.add(
                Diagnostic::warning(codes::NEVER, title)
                    .label(branch.span, "excluded here")
                    .label(matches.span, "asked for here")
                    .help("narrow `except`: name only what is unwanted"),
            );
        }
    }
    if topic.score.is_empty() {
        return;
    }
    let (least, most) = score_range(&topic.score);
    if let (Some(threshold), Some(most)) = (topic.threshold, most)
        && most < threshold
    {
        let title = format!(
            "the topic `{}` can never match: its score reaches at most {most}, `threshold` is {threshold}",
            topic.id
        );
        findings.add(
            Diagnostic::warning(codes::NEVER, title)
                .label(topic.span, "")
                .help("lower `threshold`, or let the parts add more"),
        );
    }
    if let (Some(threshold), None, Some(least)) = (topic.threshold, &topic.matches, least)
        && threshold <= least
    {
        let title = format!(
            "the topic `{}` always matches: its score is never below {least}, `threshold` is {threshold}",
            topic.id
        );
        findings.add(
            Diagnostic::warning(codes::ALWAYS, title).label(topic.span, "").help("raise `threshold`, or add a `match`"),
        );
    }
    if let (SeverityDef::ByScore(levels), Some(most)) = (&topic.severity, most)
        && topic.threshold.is_none_or(|threshold| most >= threshold)
        && let Some((level, score)) = levels.iter().find(|(_, score)| *score > most)
    {
        let title = format!("severity `{level}` is never reached: it needs {score}, the score reaches at most {most}");
        findings.add(
            Diagnostic::warning(codes::NEVER, title)
                .label(topic.span, "")
                .help("lower the level, or let the parts add more"),
        );
    }
}

/// The least and the most that a score can be; `None` where there is no bound.
fn score_range(score: &[ScoreDef]) -> (Option<i64>, Option<i64>) {
    let mut range = (Some(0_i64), Some(0_i64));
    for part in score {
        let bound = if part.each { part.max.filter(|max| max.signum() == part.add.signum()) } else { Some(part.add) };
        let side = if part.add < 0 { &mut range.0 } else { &mut range.1 };
        *side = side.zip(bound).map(|(sum, bound)| sum.saturating_add(bound));
    }
    range
}
