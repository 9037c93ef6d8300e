//! When a page was published.
//!
//! What it states comes first (JSON-LD, `meta`, `<time>`), then its address, then what it shows: at what the markup calls a
//! date, beside the headline, and at last anywhere, if it shows but one date. The date of a change is better than none.

use url::Url;

use super::Page;
use crate::model::Timestamp;
use crate::text::html::{attributes, cut};
use crate::text::{html_to_line, parse_date};

/// Runs of text that may hold a date, and bytes of each.
pub(super) const MAX_DATED: usize = 100;
pub(super) const MAX_DATED_BYTES: usize = 400;
/// A run of text is next to the heading if it is so few runs away.
const NEAR_HEADING: usize = 6;

impl Page {
    /// The moment of publication: stated, in the page's address, or shown near the headline.
    pub(in crate::text) fn published(&self, url: Option<&Url>, near_headline: &[&str]) -> Option<Timestamp> {
        const METAS: &[&str] = &[
            "article:published_time",
            "og:article:published_time",
            "datepublished",
            "parsely-pub-date",
            "sailthru.date",
            "dc.date.issued",
            "dcterms.created",
            "dc.date",
            "date",
            "pubdate",
            "publishdate",
            "publish-date",
            "article.published",
            "cxenseparse:recs:publishtime",
            "og:published_time",
            "publication_date",
            "dcterms.date",
            "citation_publication_date",
            "article_date_original",
            "originalpublicationdate",
            "release_date",
        ];
        const CHANGED: &[&str] = &[
            "article:modified_time",
            "og:updated_time",
            "last-modified",
            "datemodified",
            "lastmod",
            "dcterms.modified",
        ];
        let stated = |keys: &[&str]| keys.iter().find_map(|key| plausible(self.article.get(*key)?.as_str()?));
        let meta = |names: &[&str]| names.iter().find_map(|name| plausible(self.first_meta(&[name])?));
        stated(&["datePublished", "dateCreated", "uploadDate"])
            .or_else(|| meta(METAS))
            .or_else(|| plausible(self.page_date.as_deref()?))
            .or_else(|| self.times.iter().find_map(|time| plausible(time)))
            .or_else(|| url.and_then(date_in_url))
            .or_else(|| self.stamps.iter().find_map(|stamp| date_in(stamp)))
            .or_else(|| near_headline.iter().find_map(|line| date_in(line)))
            .or_else(|| self.date_in_text())
            .or_else(|| stated(&["dateModified"]))
            .or_else(|| meta(CHANGED))
    }

    /// The date next to the heading, whatever the markup calls it; else the one that the page shows, if it shows but one.
    /// A run of text must be little more than the date, or tell the hour too: sentences speak of other days.
    fn date_in_text(&self) -> Option<Timestamp> {
        let distance = |at: usize| self.heading_at.map_or(usize::MAX, |heading| at.abs_diff(heading));
        let dates: Vec<(usize, Timestamp)> = self
            .dated
            .iter()
            .filter(|(_, run)| run.chars().count() < 40 || run.contains(':'))
            .filter_map(|(at, run)| Some((distance(*at), date_in(run)?)))
            .collect();
        let near = dates.iter().filter(|(distance, _)| *distance <= NEAR_HEADING).min_by_key(|(distance, _)| *distance);
        if let Some((_, date)) = near {
            return Some(*date);
        }
        let (_, only) = dates.first()?;
        let day = |date: &Timestamp| date.as_seconds().div_euclid(86_400);
        dates.iter().all(|(_, date)| day(date) == day(only)).then_some(*only)
    }
}

/// Whether a run of text has the digits of a date, and few enough others to be about it.
pub(super) fn may_hold_date(text: &str) -> bool {
    text.len() <= MAX_DATED_BYTES && (4..=24).contains(&text.chars().filter(|c| c.is_numeric()).count())
}

/// Whether an element shows a date, by its name or what it calls itself.
pub(super) fn is_stamp(name: &[u8], inside: &str) -> bool {
    if name == b"time" {
        return true;
    }
    const HINTS: [&str; 10] = ["date", "time", "publi", "posted", "datum", "fecha", "data", "meta", "byline", "info"];
    // A look at the bytes first: it spares nearly all elements the reading of their attributes.
    if inside.len() > 2_000 || !HINTS.iter().any(|hint| contains_ignoring_case(inside, hint)) {
        return false;
    }
    attributes(inside).any(|(key, value)| match key {
        "class" | "id" => value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            let word = word.to_ascii_lowercase();
            matches!(
                word.as_str(),
                "byline" | "meta" | "info" | "postmeta" | "fecha" | "data" | "posted" | "dateline" | "timestamp"
            ) || word.contains("date") && !word.contains("update")
                || word.contains("datum")
                || word.contains("publish")
                || word.contains("pubdat")
                || word == "time"
        }),
        "itemprop" => value.as_ref() == "datePublished",
        _ => false,
    })
}

fn contains_ignoring_case(text: &str, ascii: &str) -> bool {
    text.as_bytes().windows(ascii.len()).any(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

/// A date that an article can have: the web's.
fn plausible(text: &str) -> Option<Timestamp> {
    parse_date(&html_to_line(cut(text, 400))).filter(|time| is_plausible(*time))
}

fn is_plausible(time: Timestamp) -> bool {
    // 1995 to 2100.
    (788_918_400..4_102_444_800).contains(&time.as_seconds())
}

/// The date in an address like `/2026/11/22/radar.html` or `/2026-11-22-radar`.
fn date_in_url(url: &Url) -> Option<Timestamp> {
    let numbers: Vec<&str> = url.path().split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let is_pair = |part: &str| part.len() == 2;
    for window in numbers.windows(3) {
        if let [year, month, day] = window
            && year.len() == 4
            && (year.starts_with("20") || year.starts_with("199"))
            && is_pair(month)
            && is_pair(day)
        {
            return plausible(&format!("{year}-{month}-{day}"));
        }
    }
    numbers
        .iter()
        .find(|part| part.len() == 8 && part.starts_with("20"))
        .and_then(|part| plausible(&format!("{}-{}-{}", &part[..4], &part[4..6], &part[6..])))
}

/// The first date in a line, whatever stands before and after it.
fn date_in(line: &str) -> Option<Timestamp> {
    let line = html_to_line(cut(line, 600));
    if !line.chars().any(char::is_numeric) {
        return None;
    }
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).take(30).collect();
    let begins_with_digit = |from: &usize| words[*from].starts_with(char::is_numeric);
    // Days before names: whoever is called Prova writes not always in December (Czech: prosinec).
    let (days, names): (Vec<usize>, Vec<usize>) = (0..words.len()).partition(begins_with_digit);
    for from in days.into_iter().chain(names) {
        for count in (1..=6.min(words.len() - from)).rev() {
            let part = words[from..from + count].join(" ");
            let part = part.trim_matches(|c: char| !c.is_alphanumeric());
            let digits = part.chars().filter(|c| c.is_numeric()).count();
            // A year and a day at least: `12:30` and `2 March` are no dates, nor is a number of eight digits.
            if digits < 5 || !part.contains(|c: char| !c.is_numeric()) || part.len() < 8 {
                continue;
            }
            if let Some(time) = parse_date(part).filter(|time| is_plausible(*time)) {
                return Some(time);
            }
        }
    }
    None
}
