//! A feed as it was read, and its entries.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::finish::cut_string;
use crate::model::Timestamp;
use crate::text::{html, html_to_text, sanitise_html};

/// What is kept of a text.
pub(super) const MAX_TEXT_BYTES: usize = 200_000;

/// The format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FeedKind {
    /// RSS 0.91 … 2.0.
    Rss,
    /// Atom 0.3 and 1.0.
    Atom,
    /// RSS 0.90, 1.0 and 1.1.
    Rdf,
    /// JSON Feed 1 and 1.1.
    Json,
    /// A sitemap, with or without headlines, or an index of sitemaps.
    Sitemap,
    /// Microsoft's Channel Definition Format.
    Cdf,
    /// A web page, read by selectors.
    Page,
}

/// A feed as read; serialises as the “Parsed feed” of the command line. Absent values are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParsedFeed {
    /// Its format.
    pub kind: FeedKind,
    /// Its title, one line of plain text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The language that it declares; upper and lower case mean nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The site that it belongs to, absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When it was published, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When it was changed last, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Whether this is an index: its entries are further sitemaps, not articles.
    #[serde(rename = "index", skip_serializing_if = "std::ops::Not::not")]
    pub is_index: bool,
    /// Its entries in document order, at most 2,000.
    pub entries: Vec<Entry>,
    /// What was odd about the document, one line each, for people.
    pub warnings: Vec<String>,
    /// Whether the document ends before it is complete: it was cut off on its way, or its writer stopped in the middle. A
    /// document that is broken otherwise, but has its end, is none.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ends_early: bool,
    /// Whether the last entry is what came of one before such a document ended. Also of a list of addresses without a line
    /// break at its end, where it counts once [`Self::ends_early`] is set by who knows how it came.
    #[serde(skip)]
    pub last_is_part: bool,
    /// How often the feed asks to be polled at most (`ttl`, else `sy:updatePeriod` and `sy:updateFrequency`).
    #[serde(skip)]
    pub poll_hint: Option<Duration>,
}

impl ParsedFeed {
    /// A feed that says nothing.
    #[must_use]
    pub const fn empty(kind: FeedKind) -> Self {
        Self {
            kind,
            title: None,
            language: None,
            link: None,
            published: None,
            updated: None,
            is_index: false,
            entries: Vec::new(),
            warnings: Vec::new(),
            ends_early: false,
            last_is_part: false,
            poll_hint: None,
        }
    }

    /// Only what came whole. An entry that was cut in the middle may have half a title: what is known of it would be
    /// taken for an edit later, or for another entry.
    #[must_use]
    pub fn whole_entries(mut self) -> Self {
        if std::mem::take(&mut self.last_is_part) && self.ends_early {
            self.entries.pop();
        }
        self
    }
}

/// One entry of a feed. Dates are as the feed has them, however odd; those that can't be read are absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Entry {
    /// The feed's own id for it (guid, `atom:id`, `rdf:about`); at most 4 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Headline, one line of plain text, at most 1,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it can be read; absolute, http or https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The article's own address, where `link` leads through a counting service (`feedburner:origLink`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_link: Option<String>,
    /// Summary, plain text, at most 200 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Full content; serialises as sanitised HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Authors' names, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Categories.
    pub tags: Vec<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// When it was changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<Timestamp>,
    /// Files that belong to it.
    pub enclosures: Vec<Enclosure>,
    /// The language that it declares for itself, as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The site of the publisher, absolute, where the feed gathers what others publish (RSS's `source`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A file that belongs to an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enclosure {
    /// Absolute address.
    pub url: String,
    /// Media type, as stated.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// An entry's content as the feed has it: foreign HTML, or plain text. It can't be printed without being cleaned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub(super) source: String,
    pub(super) is_plain: bool,
}

impl Content {
    /// What a person would read, at most 200 KB.
    #[must_use]
    pub fn to_text(&self) -> String {
        let text = if self.is_plain { html::plain_to_text(&self.source) } else { html_to_text(&self.source) };
        cut_string(text, MAX_TEXT_BYTES)
    }

    /// HTML that is safe to show.
    #[must_use]
    pub fn to_sanitised_html(&self) -> String {
        if !self.is_plain {
            return sanitise_html(&self.source);
        }
        let mut out = String::new();
        for paragraph in html::plain_to_text(&self.source).split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            let escaped = paragraph.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            out.push_str(&format!("<p>{escaped}</p>"));
        }
        out
    }

    /// The source itself, for hashing.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_sanitised_html())
    }
}
