//! A converted query → TOML, with what was said about it as comments, so that it stays with the rule.

use std::fmt::Write as _;

use crate::model::{Diagnostic, Source};
use crate::rule::ast::{Node, NodeKind};

use super::ConvertedTopic;

/// One topic's table, with its comments.
pub(super) fn topic(topic: &ConvertedTopic, query: &Node) -> String {
    let mut toml = String::new();
    let _ = writeln!(toml, "[[topic]]");
    let _ = writeln!(toml, "id = {}", quoted(&topic.id));
    if let Some(name) = &topic.name {
        let _ = writeln!(toml, "name = {}", quoted(name));
    }
    let _ = writeln!(toml, "match = {}", query_text(query));
    if !topic.languages.is_empty() || topic.min_words.is_some() {
        let _ = writeln!(toml, "\n[topic.where]");
        if !topic.languages.is_empty() {
            let codes: Vec<String> = topic.languages.iter().map(|lang| format!("\"{lang}\"")).collect();
            let _ = writeln!(toml, "languages = [{}]", codes.join(", "));
        }
        if let Some(words) = topic.min_words {
            let _ = writeln!(toml, "min_words = {words}");
        }
    }
    toml
}

/// The vendor's text and what was said about it.
pub(super) fn comments(vendor: &str, query: &str, source: &Source, diagnostics: &[Diagnostic], failed: bool) -> String {
    let mut out = String::new();
    let heading = if failed { "NOT CONVERTED, from" } else { "Converted from" };
    let _ = writeln!(out, "# {heading} {vendor}:");
    for line in query.trim().lines() {
        let _ = writeln!(out, "#   {}", plain(line.trim_end()));
    }
    let mut said: Vec<(&Diagnostic, Vec<String>)> = Vec::new();
    for diagnostic in diagnostics {
        let place = diagnostic.labels.first().map(|label| {
            let place = source.line_column(label.span.start as usize);
            format!("{}:{}", place.line, place.column)
        });
        match said.iter_mut().find(|(known, _)| known.code == diagnostic.code && known.title == diagnostic.title) {
            Some((_, places)) => places.extend(place),
            None => said.push((diagnostic, place.into_iter().collect())),
        }
    }
    if !said.is_empty() {
        let _ = writeln!(out, "# What changed (line:column of the original):");
    }
    for (diagnostic, places) in said {
        const MOST: usize = 6;
        let more = if places.len() > MOST { format!(" and {} more", places.len() - MOST) } else { String::new() };
        let shown = places.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
        let _ = writeln!(out, "# - {shown}{more} [{}] {}", diagnostic.code, plain(&diagnostic.title));
        for help in &diagnostic.help {
            let _ = writeln!(out, "#     {}", plain(help));
        }
    }
    out
}

/// A line of a comment: what TOML forbids there, and what turns the reading direction unseen, is taken out.
fn plain(line: &str) -> String {
    line.chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| {
            !c.is_control()
                && !matches!(*c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
        .collect()
}

/// A string of one line.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Longest query on one line.
const WIDTH: usize = 100;

fn query_text(query: &Node) -> String {
    let flat = query.to_string();
    if flat.chars().count() <= WIDTH && !flat.contains(['\'', '\n', '\r']) {
        return format!("'{flat}'");
    }
    let text = broken(query, &flat);
    if text.contains("'''")
        || text.contains('\r')
        || text.ends_with('\'')
        || text.chars().any(|c| c.is_control() && c != '\n')
    {
        return quoted(&flat);
    }
    format!("'''\n{text}\n'''")
}

/// The parts of the outermost AND or OR on lines of their own.
fn broken(query: &Node, flat: &str) -> String {
    let (parts, word) = match &query.kind {
        NodeKind::And(parts) => (parts, "AND"),
        NodeKind::Or(parts) => (parts, "OR"),
        _ => return flat.to_owned(),
    };
    let mut lines = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let text = match part.kind {
            NodeKind::And(_) | NodeKind::Or(_) => format!("({part})"),
            _ => part.to_string(),
        };
        lines.push(if index == 0 { text } else { format!("{word} {text}") });
    }
    lines.join("\n")
}
