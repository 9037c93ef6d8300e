//! Gotify: one message, shown as plain text. Its token goes into a header, never into the URL.

use serde_json::{Value, json};
use url::Url;

use super::plain;
use crate::model::Severity;
use crate::notify::clean::{shorten, shorten_bytes};
use crate::notify::view::NoticeView;

pub(super) fn body(view: &NoticeView) -> Value {
    // Clients notify from 1, make a sound from 4 and insist from 8 on.
    let priority = match view.severity.level {
        Severity::Info => 2,
        Severity::Notice => 5,
        Severity::High => 8,
        Severity::Urgent => 10,
    };
    let mut extras = json!({ "client::display": { "contentType": "text/plain" } });
    if let Some(link) = view.alerts().next().and_then(|alert| alert.link.as_ref()).filter(|_| !view.gathered) {
        extras["client::notification"] = json!({ "click": { "url": link.href } });
    }
    let message = plain(view);
    let message = shorten_bytes(if message.is_empty() { &view.title } else { &message }, 4_000);
    json!({ "title": shorten(&view.title, 200), "message": message, "priority": priority, "extras": extras })
}

pub(super) fn endpoint(url: &Url) -> Url {
    let mut endpoint = url.clone();
    if url.path_segments().and_then(|mut parts| parts.next_back()) != Some("message")
        && let Ok(mut parts) = endpoint.path_segments_mut()
    {
        parts.pop_if_empty().push("message");
    }
    endpoint
}
