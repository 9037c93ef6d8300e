//! Microsoft Teams, for webhooks of the Workflows app: a message with one Adaptive Card.
//!
//! Limit: 28 KB a message. `TextBlock` reads Markdown; `RichTextBlock` with `TextRun`s reads nothing, so all foreign text
//! goes there and needs no escaping. Mentions would need an entity list, which we never send.

use serde_json::{Value, json};

use super::{EXCERPTS, LISTED, OTHERS, and_more, marked, meta, why};
use crate::model::Severity;
use crate::notify::clean::shorten;
use crate::notify::view::{AlertView, NoticeView};

pub(super) fn body(view: &NoticeView) -> Value {
    let color = match view.severity.level {
        Severity::Urgent => "Attention",
        Severity::High => "Warning",
        Severity::Notice | Severity::Info => "Default",
    };
    let title = shorten(&marked(view.severity.mark, &view.title), 300);
    let mut rows = vec![runs(&[json!({
        "type": "TextRun", "text": title, "size": "Large", "weight": "Bolder", "color": color,
    })])];
    let mut actions = Vec::new();
    if view.gathered {
        if !view.flood.is_empty() {
            rows.push(runs(&[subtle(&view.flood)]));
        }
        for alert in view.alerts().take(LISTED) {
            let mut headline = json!({ "type": "TextRun", "text": marked(alert.severity.mark, &shorten(&alert.title, 120)), "weight": "Bolder" });
            open(&mut headline, alert.link.as_ref().map(|link| link.href.as_str()).filter(|href| href.len() < 300));
            rows.push(runs(&[headline, subtle(&format!(" — {}", shorten(&alert.source, 60)))]));
        }
        let more = and_more(view.count, LISTED);
        if !more.is_empty() {
            rows.push(runs(&[subtle(&more)]));
        }
    } else if let Some(alert) = view.alerts().next() {
        single(alert, &mut rows, &mut actions);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "fallbackText": shorten(&marked(view.severity.mark, &view.title), 300),
                "msteams": { "width": "Full" },
                "body": rows,
                "actions": actions,
            },
        }],
    })
}

fn single(alert: &AlertView, rows: &mut Vec<Value>, actions: &mut Vec<Value>) {
    rows.push(runs(&[subtle(&format!("{} · {}", meta(alert), alert.topic))]));
    for paragraph in alert.summary.iter().filter(|paragraph| !paragraph.is_empty()) {
        rows.push(runs(&[json!({ "type": "TextRun", "text": shorten(paragraph, 600) })]));
    }
    if !alert.text_note.is_empty() {
        rows.push(runs(&[subtle(&alert.text_note)]));
    }
    for excerpt in alert.excerpts.iter().take(EXCERPTS) {
        let mut inlines: Vec<_> = excerpt
            .parts
            .iter()
            .map(|part| match part.hit {
                true => json!({ "type": "TextRun", "text": part.text, "weight": "Bolder", "highlight": true }),
                false => json!({ "type": "TextRun", "text": part.text }),
            })
            .collect();
        inlines.push(subtle(&format!(" ({})", why(excerpt))));
        rows.push(runs(&inlines));
    }
    let mut others = Vec::new();
    for other in alert.others.iter().take(OTHERS) {
        others.push(subtle(if others.is_empty() { "Also carried by " } else { ", " }));
        let mut run = json!({ "type": "TextRun", "text": other.source, "size": "Small" });
        open(&mut run, other.link.as_ref().map(|link| link.href.as_str()).filter(|href| href.len() < 600));
        others.push(run);
    }
    if !others.is_empty() {
        let more = and_more(alert.others.len() + alert.more_others, OTHERS.min(alert.others.len()));
        if !more.is_empty() {
            others.push(subtle(&format!(" {more}")));
        }
        rows.push(runs(&others));
    }
    if let Some(link) = &alert.link {
        let title = format!("Read at {}", link.place);
        actions.push(json!({ "type": "Action.OpenUrl", "title": title, "url": link.href }));
    }
}

fn runs(inlines: &[Value]) -> Value {
    json!({ "type": "RichTextBlock", "inlines": inlines })
}

fn subtle(text: &str) -> Value {
    json!({ "type": "TextRun", "text": text, "isSubtle": true, "size": "Small" })
}

fn open(run: &mut Value, href: Option<&str>) {
    if let Some(href) = href {
        run["selectAction"] = json!({ "type": "Action.OpenUrl", "url": href });
    }
}
