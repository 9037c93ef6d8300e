//! ntfy: publishing as JSON, which goes to the server's root and names the topic; the channel's URL is the topic's.
//!
//! Limit: 4,096 bytes of message, beyond which ntfy makes an attachment of it. Text is shown as it is: `markdown` stays
//! off.

use serde_json::{Value, json};
use url::Url;

use super::plain;
use crate::model::Severity;
use crate::notify::clean::{shorten, shorten_bytes};
use crate::notify::view::NoticeView;

pub(super) fn body(view: &NoticeView, url: &Url) -> Value {
    let (priority, tags): (_, &[&str]) = match view.severity.level {
        Severity::Info => (2, &[]),
        Severity::Notice => (3, &[]),
        Severity::High => (4, &["warning"]),
        Severity::Urgent => (5, &["rotating_light"]),
    };
    let message = plain(view);
    let mut body = json!({
        "topic": topic(url),
        "title": shorten(&view.title, 200),
        "message": shorten_bytes(if message.is_empty() { &view.title } else { &message }, 4_000),
        "priority": priority,
        "tags": tags,
    });
    if let Some(link) = view.alerts().next().and_then(|alert| alert.link.as_ref()).filter(|_| !view.gathered) {
        body["click"] = json!(link.href);
    }
    body
}

fn topic(url: &Url) -> String {
    url.path_segments().and_then(|mut parts| parts.rfind(|part| !part.is_empty())).unwrap_or("").to_owned()
}

pub(super) fn root(url: &Url) -> Url {
    let mut root = url.clone();
    if let Ok(mut parts) = root.path_segments_mut() {
        parts.pop_if_empty().pop().push("");
    }
    root
}
