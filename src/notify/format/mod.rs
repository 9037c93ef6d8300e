//! Webhook bodies in the formats of chat and push services. A file each: what it escapes, and which limits of the
//! service it keeps. Wherever a service has a kind of text that it does not interpret, that is used; foreign text that has
//! to stand among markup is escaped for that markup. JSON is only ever written by serde.

mod discord;
mod gotify;
mod mattermost;
mod ntfy;
mod slack;
mod teams;

use serde_json::Value;
use url::Url;

use crate::model::Notice;

use super::WebhookFormat;
use super::clean::shorten;
use super::view::{AlertView, ExcerptView, NoticeView};

/// Alerts of a gathering that a chat message lists; it is not the place for more.
pub(super) const LISTED: usize = 20;
/// Bytes of a list without markup: room for the rest of the 4,000 that ntfy and Gotify get.
const PLAIN: usize = 3_900;
/// Excerpts shown in a chat message.
const EXCERPTS: usize = 3;
/// Other outlets named in a chat message.
const OTHERS: usize = 5;

/// The body for a service, the same bytes on every attempt. `url` is the channel's, which names ntfy's topic.
pub(super) fn body(format: WebhookFormat, notice: &Notice, url: &Url) -> Result<Vec<u8>, serde_json::Error> {
    let value: fn(&NoticeView, &Url) -> Value = match format {
        WebhookFormat::Json => return super::payload::json(notice),
        WebhookFormat::Slack => |view, _| slack::body(view),
        WebhookFormat::Discord => |view, _| discord::body(view),
        WebhookFormat::Teams => |view, _| teams::body(view),
        WebhookFormat::Mattermost => |view, _| mattermost::body(view),
        WebhookFormat::Ntfy => ntfy::body,
        WebhookFormat::Gotify => |view, _| gotify::body(view),
    };
    serde_json::to_vec(&value(&NoticeView::new(notice), url))
}

/// Where a body is posted: ntfy takes JSON only at its root, Gotify only at `/message`.
pub(super) fn target(format: WebhookFormat, url: &Url) -> Url {
    match format {
        WebhookFormat::Ntfy => ntfy::root(url),
        WebhookFormat::Gotify => gotify::endpoint(url),
        _ => url.clone(),
    }
}

/// `URGENT: headline`; the mark only where attention is needed.
fn marked(mark: &str, title: &str) -> String {
    if mark.is_empty() { title.to_owned() } else { format!("{mark}: {title}") }
}

/// `source · time · language`, not escaped.
fn meta(alert: &AlertView) -> String {
    let mut parts = vec![alert.source.clone()];
    match &alert.published {
        Some(time) => parts.push(time.text.clone()),
        None => parts.push(format!("seen {}", alert.seen.text)),
    }
    parts.push(alert.language.clone());
    if alert.delayed {
        parts.push(format!("delayed, seen {}", alert.seen.text));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" · ")
}

/// `headline · Italy, missile defence`, not escaped.
fn why(excerpt: &ExcerptView) -> String {
    let mut text = excerpt.place.to_owned();
    if !excerpt.reasons.is_empty() {
        text.push_str(" · ");
        text.push_str(&excerpt.reasons.join(", "));
    }
    text
}

/// What is left out of a list, as `and 3 more`; empty where nothing is.
fn and_more(total: usize, shown: usize) -> String {
    match total.saturating_sub(shown) {
        0 => String::new(),
        rest => format!("and {rest} more"),
    }
}

/// How much a list shows of each alert, in characters; a longer link is left out.
#[derive(Clone, Copy)]
struct Line {
    title: usize,
    source: usize,
    link: usize,
}

/// What a list falls back to, until all that it lists fits: the last form does wherever a message may have 3,500 bytes.
const SHORTER: [Line; 4] = [
    Line { title: 80, source: 40, link: 200 },
    Line { title: 60, source: 30, link: 120 },
    Line { title: 40, source: 20, link: 0 },
    Line { title: 24, source: 12, link: 0 },
];

/// A line for each of the alerts, as long as possible (`longest` at most) and as short as they need to be: none is left
/// out for want of room. `max`: all of them with their line ends, as `measure` counts.
fn list(
    alerts: &[&AlertView],
    longest: Line,
    max: usize,
    measure: impl Fn(&str) -> usize,
    write: impl Fn(&AlertView, Line) -> String,
) -> Vec<String> {
    let mut lines = Vec::new();
    for form in std::iter::once(longest).chain(SHORTER) {
        lines = alerts.iter().map(|alert| write(alert, form)).collect();
        if lines.iter().map(|line| measure(line) + 1).sum::<usize>() <= max {
            break;
        }
    }
    lines
}

/// The alerts that a gathering's message lists.
fn listed(view: &NoticeView) -> Vec<&AlertView> {
    view.alerts().take(LISTED).collect()
}

/// A message without any markup, for services that show text as it is.
fn plain(view: &NoticeView) -> String {
    let mut lines = Vec::new();
    if view.gathered {
        lines.push(view.flood.clone());
        let longest = Line { title: 120, source: 400, link: 0 };
        lines.extend(list(&listed(view), longest, PLAIN - view.flood.len(), str::len, |alert, form| {
            let title = marked(alert.severity.mark, &shorten(&alert.title, form.title));
            format!("• {title}\n  {}", shorten(&meta(alert), form.source))
        }));
        lines.push(and_more(view.count, LISTED));
    } else if let Some(alert) = view.alerts().next() {
        lines.push(meta(alert));
        lines.extend(alert.summary.iter().map(|paragraph| shorten(paragraph, 600)));
        lines.push(alert.text_note.clone());
        for excerpt in alert.excerpts.iter().take(EXCERPTS) {
            let words: String = excerpt.parts.iter().map(|part| part.text.as_str()).collect();
            lines.push(format!("“{words}” ({})", why(excerpt)));
        }
        if !alert.others.is_empty() {
            let names: Vec<_> = alert.others.iter().take(OTHERS).map(|other| other.source.as_str()).collect();
            let more = and_more(alert.others.len() + alert.more_others, names.len());
            lines.push(format!("Also carried by {} {more}", names.join(", ")).trim_end().to_owned());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// As much of `text` as fits into `max` units once it is escaped; what is cut ends in `…`.
fn escape_within(text: &str, max: usize, escape: impl Fn(&str) -> String, measure: impl Fn(&str) -> usize) -> String {
    let mut length = max;
    loop {
        let escaped = escape(&shorten(text, length));
        if measure(&escaped) <= max || length == 0 {
            return escaped;
        }
        length = length * 3 / 4;
    }
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// `#rrggbb` as a number.
fn color(hex: &str) -> u32 {
    u32::from_str_radix(hex.trim_start_matches('#'), 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::samples;

    const ALL: [WebhookFormat; 7] = [
        WebhookFormat::Json,
        WebhookFormat::Slack,
        WebhookFormat::Discord,
        WebhookFormat::Teams,
        WebhookFormat::Mattermost,
        WebhookFormat::Ntfy,
        WebhookFormat::Gotify,
    ];

    fn url() -> Url {
        Url::parse("https://push.example.org/desk-alerts").expect("valid")
    }

    fn value(format: WebhookFormat, notice: &Notice) -> Value {
        serde_json::from_slice(&body(format, notice, &url()).expect("serialises")).expect("parses")
    }

    /// Every text in a value.
    fn texts(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
            Value::Object(fields) => fields.values().for_each(|item| texts(item, into)),
            _ => {}
        }
    }

    fn all_texts(format: WebhookFormat, notice: &Notice) -> Vec<String> {
        let mut into = Vec::new();
        texts(&value(format, notice), &mut into);
        into
    }

    #[test]
    fn bodies_are_as_the_golden_files_have_them() {
        for format in ALL {
            let name = WebhookFormat::ALL.iter().find(|(_, one)| *one == format).map_or("?", |(name, _)| name);
            for (kind, notice) in [
                ("alert", samples::single(samples::italian())),
                ("edited", samples::single(samples::edited())),
                ("hostile", samples::single(samples::hostile())),
                ("digest", samples::digest()),
                ("flood", samples::flood()),
            ] {
                insta::with_settings!({ snapshot_path => "../golden", prepend_module_to_snapshot => false }, {
                    insta::assert_json_snapshot!(format!("{name}-{kind}"), value(format, &notice));
                });
            }
        }
    }

    #[test]
    fn no_control_or_override_character_and_no_line_break_of_a_headline_gets_through() {
        for format in ALL {
            for text in all_texts(format, &samples::single(samples::hostile())) {
                let bad = text.chars().find(|&c| {
                    (c.is_control() && c != '\n')
                        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
                });
                assert_eq!(bad, None, "{format:?}: {text}");
            }
        }
    }

    #[test]
    fn nobody_is_mentioned_and_no_script_is_linked() {
        let notice = samples::single(samples::hostile());
        for format in [WebhookFormat::Slack, WebhookFormat::Mattermost] {
            for text in all_texts(format, &notice) {
                for mention in ["<!channel>", "<!here>", "<@U", "<#C", "@everyone", "@all", "@channel", "@here"] {
                    // Slack needs its angle brackets, a bare `@channel` is only text there.
                    if format == WebhookFormat::Slack && mention.starts_with('@') {
                        continue;
                    }
                    assert!(!text.contains(mention), "{format:?} {mention}: {text}");
                }
                // Slack has no such links.
                assert!(format == WebhookFormat::Slack || !text.contains("](javascript:"), "{format:?}: {text}");
            }
        }
        let discord = value(WebhookFormat::Discord, &notice);
        assert_eq!(discord["allowed_mentions"], serde_json::json!({ "parse": [] }));
        for text in all_texts(WebhookFormat::Discord, &notice) {
            assert!(!text.contains("](javascript:") && !text.contains("<@"), "{text}");
        }
        for format in ALL.into_iter().filter(|format| *format != WebhookFormat::Json) {
            let links: Vec<_> =
                all_texts(format, &notice).into_iter().filter(|text| text.starts_with("javascript:")).collect();
            assert!(links.is_empty(), "{format:?}: {links:?}");
        }
    }

    #[test]
    fn every_alert_of_a_flood_that_a_channel_has_room_for_is_in_its_message() {
        let mut notice = samples::flood();
        assert_eq!(notice.alerts.len(), LISTED);
        for long in [false, true] {
            for (n, alert) in notice.alerts.iter_mut().enumerate() {
                let script =
                    ["Titolo lungo ", "导弹防御系统", "الدفاع الصاروخي ", "Противоракетная оборона ", "ミサイル防衛"];
                let rest = if long { script[n % 5].repeat(40) } else { String::new() };
                alert.article.title = format!("n{n}; {rest}");
                if long {
                    alert.article.url = Some(format!("https://outlet.example/{n}/{}", "a".repeat(500)));
                    alert.article.source = "источник.example".repeat(5);
                }
            }
            for format in ALL {
                let all = all_texts(format, &notice).join("\n");
                for n in 0..LISTED {
                    // Some services have the semicolon escaped.
                    assert!(all.contains(&format!("n{n};")), "{format:?}: alert {n} is not in\n{all}");
                }
            }
        }
    }

    #[test]
    fn every_service_s_limits_are_kept_whatever_the_feed_says() {
        let mut alert = samples::hostile();
        alert.article.title = "*_~`|<>&@[]()#:-".repeat(1_000);
        alert.article.summary = "<&>*".repeat(5_000);
        alert.others = vec![alert.others[0].clone(); 20];
        alert.article.matched = vec![alert.article.matched[1].clone(); 20];
        let many = Notice { kind: crate::model::NoticeKind::Digest, alerts: vec![alert.clone(); 60] };
        for notice in [samples::single(alert), many] {
            let slack = value(WebhookFormat::Slack, &notice);
            let blocks = slack["blocks"].as_array().expect("blocks");
            assert!(blocks.len() <= 50);
            for block in blocks {
                let limit = match block["type"].as_str() {
                    Some("header") => 150,
                    _ => 3_000,
                };
                let mut inside = Vec::new();
                texts(block, &mut inside);
                assert!(inside.iter().all(|text| units(text) <= limit), "{block}");
            }
            let discord = value(WebhookFormat::Discord, &notice);
            let mut total = 0;
            for embed in discord["embeds"].as_array().expect("embeds") {
                for (key, limit) in [("title", 256), ("description", 4_096)] {
                    let length = units(embed[key].as_str().unwrap_or(""));
                    assert!(length <= limit, "{key} {length}");
                    total += length;
                }
                total += units(embed["author"]["name"].as_str().unwrap_or(""));
                total += units(embed["footer"]["text"].as_str().unwrap_or(""));
            }
            assert!(total <= 6_000, "{total}");
            for (format, limit) in [
                (WebhookFormat::Teams, 28_000),
                (WebhookFormat::Mattermost, 14_000),
                (WebhookFormat::Ntfy, 8_000),
                (WebhookFormat::Gotify, 8_000),
                (WebhookFormat::Slack, 30_000),
            ] {
                let length = body(format, &notice, &url()).expect("serialises").len();
                assert!(length <= limit, "{format:?}: {length}");
            }
            let ntfy = value(WebhookFormat::Ntfy, &notice);
            assert!(ntfy["message"].as_str().is_some_and(|message| !message.is_empty() && message.len() <= 4_096));
            let mattermost = value(WebhookFormat::Mattermost, &notice);
            assert!(mattermost["attachments"][0]["text"].as_str().is_some_and(|text| text.chars().count() <= 4_000));
        }
    }

    #[test]
    fn ntfy_and_gotify_are_called_where_they_listen() {
        let target = |format, text| target(format, &Url::parse(text).expect("valid")).to_string();
        assert_eq!(target(WebhookFormat::Ntfy, "https://ntfy.example/desk"), "https://ntfy.example/");
        assert_eq!(target(WebhookFormat::Ntfy, "https://example.org/ntfy/desk/"), "https://example.org/ntfy/");
        assert_eq!(target(WebhookFormat::Gotify, "https://push.example"), "https://push.example/message");
        assert_eq!(target(WebhookFormat::Gotify, "https://example.org/gotify/"), "https://example.org/gotify/message");
        assert_eq!(target(WebhookFormat::Gotify, "https://push.example/message"), "https://push.example/message");
    }
}
