//! Mattermost's incoming webhooks: one message attachment.
//!
//! Limits: attachments of 7,900 characters in all (older servers refuse more). The text is CommonMark: a backslash disarms
//! punctuation. Mentions are found in the text too, so a zero-width space parts every `@` from what follows.

use serde_json::{Value, json};

use super::discord::join_within;
use super::{EXCERPTS, LISTED, Line, OTHERS, and_more, escape_within, list, listed, marked, meta, units, why};
use crate::notify::clean::{Link, shorten};
use crate::notify::view::NoticeView;

/// Longest text that we write.
const TEXT: usize = 4_000;

pub(super) fn body(view: &NoticeView) -> Value {
    let mut lines = Vec::new();
    let title = escape_within(&marked(view.severity.mark, &view.title), 600, escape, units);
    if view.gathered {
        lines.push(format!("**{title}**"));
        lines.push(escape(&view.flood));
        let longest = Line { title: 160, source: 100, link: 600 };
        let room = TEXT - units(&lines[0]) - units(&lines[1]) - 60;
        lines.extend(list(&listed(view), longest, room, units, |alert, form| {
            let title = escape_within(&marked(alert.severity.mark, &alert.title), form.title, escape, units);
            let source = escape_within(&alert.source, form.source, escape, units);
            let link = alert.link.as_ref().filter(|link| link.href.len() < form.link);
            format!("- {} — {source}", linked(&title, link))
        }));
        lines.push(and_more(view.count, LISTED));
    } else if let Some(alert) = view.alerts().next() {
        lines.push(format!("**{}**", linked(&title, alert.link.as_ref())));
        lines.push(escape_within(&format!("{} · {}", meta(alert), alert.topic), 500, escape, units));
        lines.push(escape_within(&alert.summary.join(" "), 1_200, escape, units));
        lines.push(escape_within(&alert.text_note, 400, escape, units));
        for excerpt in alert.excerpts.iter().take(EXCERPTS) {
            let words = excerpt.parts.iter().map(|part| {
                let text = escape(&part.text);
                if part.hit { format!("**{}**", text.trim()) } else { text }
            });
            lines.push(format!("> {} ({})", words.collect::<String>(), escape(&why(excerpt))));
        }
        let others = alert.others.iter().take(OTHERS);
        let others: Vec<_> = others
            .map(|other| linked(&escape_within(&other.source, 100, escape, units), other.link.as_ref()))
            .collect();
        if !others.is_empty() {
            let more = and_more(alert.others.len() + alert.more_others, others.len());
            lines.push(format!("Also carried by {} {more}", others.join(", ")).trim_end().to_owned());
        }
    }
    // Shown in notifications as it stands.
    let fallback = shorten(&marked(view.severity.mark, &view.title), 300);
    let fallback = fallback.replace('@', "@\u{200b}").replace(['<', '['], "(").replace(['>', ']'], ")");
    // One paragraph each, but a list stays together.
    let text = join_within(&lines, TEXT - lines.len()).replace('\n', if view.gathered { "\n" } else { "\n\n" });
    json!({ "attachments": [{ "fallback": fallback, "color": view.severity.color, "text": text }] })
}

fn linked(text: &str, link: Option<&Link>) -> String {
    match link.filter(|link| link.href.len() < 600) {
        Some(link) => format!("[{text}]({})", link.href),
        None => text.to_owned(),
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        match c {
            '@' => out.push_str("@\u{200b}"),
            '.' | ',' | '\'' | '"' | '?' | ';' | '%' | '/' | '=' | '\n' => out.push(c),
            c if c.is_ascii_punctuation() => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}
