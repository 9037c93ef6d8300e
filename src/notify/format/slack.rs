//! Slack's incoming webhooks: Block Kit, with a plain text for notifications.
//!
//! Limits: 150 characters in a header block, 3,000 in a text, 50 blocks. `&`, `<` and `>` are the only characters that
//! Slack has escapes for, and they open every mention and link; `*`, `_`, `~` and the backtick, which only format, lose
//! their effect between zero-width spaces. `verbatim` keeps Slack from finding links and names by itself.

use serde_json::{Value, json};

use super::{EXCERPTS, LISTED, Line, OTHERS, and_more, escape_within, list, marked, meta, units, why};
use crate::notify::clean::shorten_utf16;
use crate::notify::view::{AlertView, NoticeView, Part};

/// Longest text in a section; the limit is 3,000.
const TEXT: usize = 2_900;

pub(super) fn body(view: &NoticeView) -> Value {
    let mark = view.severity.mark;
    // Whether entities count in a plain text is not documented; without angle brackets the question does not arise.
    let header = marked(mark, &view.title).replace('<', "‹").replace('>', "›");
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": shorten_utf16(&header, 150), "emoji": false },
    })];
    if view.gathered {
        if !view.flood.is_empty() {
            blocks.push(context(&escape(&view.flood)));
        }
        for topic in &view.topics {
            let listed: Vec<_> = topic.alerts.iter().take(LISTED).collect();
            let mut text = format!("*{}*", escape_within(&topic.name, 200, escape, units));
            let longest = Line { title: 120, source: 120, link: 600 };
            for line in list(&listed, longest, TEXT - units(&text), units, |alert, form| {
                format!("• {} — {}", headline(alert, form), escape_within(&alert.source, form.source, escape, units))
            }) {
                text.push('\n');
                text.push_str(&line);
            }
            blocks.push(section(&text));
            if blocks.len() == 10 {
                break;
            }
        }
        blocks.push(context(&format!("{} alerts in all", view.count)));
    } else if let Some(alert) = view.alerts().next() {
        blocks.push(context(&escape_within(&meta(alert), 600, escape, units)));
        let summary = alert.summary.join("\n");
        if !summary.is_empty() {
            blocks.push(section(&escape_within(&summary, TEXT, escape, units)));
        }
        if !alert.text_note.is_empty() {
            blocks.push(context(&escape_within(&alert.text_note, 600, escape, units)));
        }
        for excerpt in alert.excerpts.iter().take(EXCERPTS) {
            let words: String = excerpt.parts.iter().map(part).collect();
            let why = escape_within(&why(excerpt), 300, escape, units);
            if units(&words) + units(&why) < TEXT {
                blocks.push(section(&format!("> {words}\n> {why}")));
            }
        }
        let mut links = Vec::new();
        if let Some(link) = &alert.link {
            links.push(format!("*<{}|Read at {}>*", link.href, escape(&link.place)));
        }
        let others = alert.others.iter().take(OTHERS).map(|other| match &other.link {
            Some(link) if link.href.len() < 400 => {
                format!("<{}|{}>", link.href, escape_within(&other.source, 120, escape, units))
            }
            _ => escape_within(&other.source, 120, escape, units),
        });
        let others: Vec<_> = others.collect();
        if !others.is_empty() {
            let more = and_more(alert.others.len() + alert.more_others, others.len());
            links.push(format!("Also carried by {} {more}", others.join(", ")));
        }
        blocks.extend(links.iter().filter(|text| units(text) <= TEXT).map(|text| section(text.trim_end())));
        let topic = escape_within(&alert.topic, 300, escape, units);
        blocks.push(context(&format!("{topic} · {} · {}", alert.severity.word, alert.because)));
    }
    let text = escape_within(&marked(mark, &view.title), 1_000, escape, units);
    json!({ "text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

fn headline(alert: &AlertView, form: Line) -> String {
    let title = escape_within(&marked(alert.severity.mark, &alert.title), form.title, escape, units);
    match &alert.link {
        Some(link) if link.href.len() < form.link => format!("<{}|{title}>", link.href),
        _ => title,
    }
}

fn part(part: &Part) -> String {
    let text = escape(&part.text);
    // Bold needs something other than a blank inside, and a border outside: scripts without blanks have none.
    if part.hit { format!("\u{200b}*{}*\u{200b}", text.trim()) } else { text }
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": text, "verbatim": true } })
}

fn context(text: &str) -> Value {
    json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": text, "verbatim": true }] })
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' | '_' | '~' | '`' => out.extend(['\u{200b}', c, '\u{200b}']),
            c => out.push(c),
        }
    }
    out
}
