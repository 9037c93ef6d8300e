//! A feed or sitemap in XML: which reader has the better of it.

use std::time::Duration;

use url::Url;

use super::root::{Root, feed_start};
use super::strict::{Scan, strict_feed};
use super::{MAX_ENTRIES, ParseError, RawFeed};
use crate::fetch::{lenient, sitemap};
use crate::text::html;

pub(super) fn xml(text: &str, base: &Url) -> Result<RawFeed, ParseError> {
    let mut warnings = Vec::new();
    let mut text = text;
    let mut root = Root::of(text);
    if !root.is_feed() {
        // Server messages may stand before the feed.
        match feed_start(text).map(|at| &text[at..]) {
            Some(rest) if Root::of(rest).is_feed() => {
                warnings.push("something stands before the feed".to_owned());
                text = rest;
                root = Root::of(text);
            }
            _ => return Err(root.what_else(text)),
        }
    } else if !text.starts_with('<') {
        warnings.push("something stands before the feed".to_owned());
        text = &text[text.find('<').unwrap_or(0)..];
    }
    if root.is_sitemap() {
        let mut feed = sitemap::read(text);
        feed.warnings.splice(0..0, warnings);
        return Ok(feed);
    }
    let scan = Scan::of(text);
    let ends_early = root.ends_early(text);
    let strict = if ends_early { None } else { strict_feed(text, &root, &scan, base) };
    let mut feed = match strict {
        Some(feed) => feed,
        None => {
            let feed = lenient::read(text, base);
            if let Some((line, column, reason)) = first_error(text) {
                if feed.entries.is_empty() && feed.title.is_none() && feed.link.is_none() && feed.language.is_none() {
                    return Err(match ends_early {
                        true => ParseError::EndsEarly { line, column },
                        false => ParseError::Broken { line, column, reason },
                    });
                }
                warnings.push(format!(
                    "not well-formed at line {line}, column {column}: {reason}; read as far as possible"
                ));
            }
            feed
        }
    };
    if feed.entries.len() >= MAX_ENTRIES {
        warnings.push(format!("only the first {MAX_ENTRIES} entries are read"));
    }
    feed.poll_hint = poll_hint(text);
    feed.ends_early = ends_early;
    feed.last_is_part &= ends_early;
    warnings.append(&mut feed.warnings);
    feed.warnings = warnings;
    Ok(feed)
}

/// Where a strict reader stumbles first: line, column, reason.
fn first_error(text: &str) -> Option<(usize, usize, String)> {
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().trim_markup_names_in_closing_tags = true;
    let mut depth = 0_usize;
    loop {
        let (offset, reason) = match reader.read_event() {
            Ok(quick_xml::events::Event::Start(_)) => {
                depth += 1;
                continue;
            }
            Ok(quick_xml::events::Event::End(_)) => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Ok(quick_xml::events::Event::Eof) if depth > 0 => {
                (text.len(), "the document ends before its elements do".to_owned())
            }
            Ok(quick_xml::events::Event::Eof) => return None,
            Ok(_) => continue,
            Err(error) => (usize::try_from(reader.error_position()).unwrap_or(usize::MAX), error.to_string()),
        };
        let before = html::cut(text, offset);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        return Some((line, column, reason));
    }
}

/// `<ttl>` in minutes; `sy:updatePeriod` divided by `sy:updateFrequency` (RSS 1.0 syndication module).
fn poll_hint(text: &str) -> Option<Duration> {
    let head = html::cut(text, 16 * 1024);
    let head = &head[..["<item", "<entry"].iter().filter_map(|tag| head.find(tag)).min().unwrap_or(head.len())];
    let value = |name: &str| {
        let at = head.find(name)?;
        head[at + name.len()..].split_once('>')?.1.split('<').next().map(|value| value.trim().to_ascii_lowercase())
    };
    if let Some(minutes) = value("<ttl").and_then(|text| text.parse::<u32>().ok())
        && minutes > 0
    {
        return Some(Duration::from_secs(u64::from(minutes) * 60));
    }
    let hours = match value(":updatePeriod")?.as_str() {
        "hourly" => 1,
        "daily" => 24,
        "weekly" => 24 * 7,
        "monthly" => 24 * 30,
        "yearly" => 24 * 365,
        _ => return None,
    };
    let frequency = value(":updateFrequency").and_then(|text| text.parse::<u64>().ok()).unwrap_or(1).max(1);
    Some(Duration::from_secs(hours * 3600 / frequency))
}
