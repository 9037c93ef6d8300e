//! Discord's webhooks: one embed.
//!
//! Limits: 256 characters of title, 4,096 of description, 256 of author, 2,048 of footer, 6,000 together. Discord's
//! Markdown lets a backslash disarm any punctuation, and `allowed_mentions` with an empty `parse` makes sure that whatever
//! still looks like a mention reaches nobody.

use serde_json::{Value, json};

use super::{EXCERPTS, LISTED, Line, OTHERS, and_more, color, escape_within, list, listed, marked, meta, units, why};
use crate::notify::clean::shorten_utf16;
use crate::notify::view::NoticeView;

/// Longest description that we write: room for the rest of the 6,000.
const DESCRIPTION: usize = 3_900;

pub(super) fn body(view: &NoticeView) -> Value {
    let title = escape_within(&marked(view.severity.mark, &view.title), 256, escape, units);
    let mut lines = Vec::new();
    let mut embed = json!({
        "title": title,
        "color": color(view.severity.color),
        "footer": { "text": "vedetta" },
    });
    if view.gathered {
        lines.push(escape(&view.flood));
        let longest = Line { title: 160, source: 100, link: 400 };
        let room = DESCRIPTION - units(&lines[0]) - 20;
        lines.extend(list(&listed(view), longest, room, units, |alert, form| {
            let title = escape_within(&marked(alert.severity.mark, &alert.title), form.title, escape, units);
            let title = match &alert.link {
                Some(link) if link.href.len() < form.link => format!("[{title}]({})", link.href),
                _ => title,
            };
            format!("- {title} — {}", escape_within(&alert.source, form.source, escape, units))
        }));
        lines.push(and_more(view.count, LISTED));
    } else if let Some(alert) = view.alerts().next() {
        embed["author"] = json!({ "name": shorten_utf16(&alert.topic, 200) });
        embed["footer"] = json!({ "text": format!("vedetta · {} · {}", alert.severity.word, alert.id) });
        if let Some(link) = &alert.link {
            embed["url"] = json!(link.href);
        }
        lines.push(escape_within(&meta(alert), 400, escape, units));
        lines.push(escape_within(&alert.summary.join("\n"), 1_500, escape, units));
        lines.push(escape_within(&alert.text_note, 400, escape, units));
        for excerpt in alert.excerpts.iter().take(EXCERPTS) {
            let words = excerpt.parts.iter().map(|part| {
                let text = escape(&part.text);
                if part.hit { format!("**{}**", text.trim()) } else { text }
            });
            lines.push(format!("> {}\n> {}", words.collect::<String>(), escape(&why(excerpt))));
        }
        let others = alert.others.iter().take(OTHERS).map(|other| {
            let source = escape_within(&other.source, 100, escape, units);
            match &other.link {
                Some(link) if link.href.len() < 300 => format!("[{source}]({})", link.href),
                _ => source,
            }
        });
        let others: Vec<_> = others.collect();
        if !others.is_empty() {
            let more = and_more(alert.others.len() + alert.more_others, others.len());
            lines.push(format!("Also carried by {} {more}", others.join(", ")).trim_end().to_owned());
        }
    }
    embed["description"] = json!(join_within(&lines, DESCRIPTION));
    json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } })
}

/// Joins as many lines as fit; a line is never cut, so that no escape or link is either.
pub(super) fn join_within(lines: &[String], max: usize) -> String {
    let mut out = String::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        if units(&out) + units(line) + 1 > max {
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
    }
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '\'' | '"' | '?' | ';' | '%' | '/' | '=') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
