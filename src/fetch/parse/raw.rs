//! A feed as one of the readers found it, before links are resolved and texts are read.

use std::time::Duration;

use super::{Enclosure, FeedKind};
use crate::model::Timestamp;

/// A text and how to read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawText {
    pub(crate) source: String,
    /// Characters are characters; else it is HTML.
    pub(crate) is_plain: bool,
}

impl RawText {
    pub(crate) fn plain(source: String) -> Self {
        Self { source, is_plain: true }
    }

    pub(crate) fn html(source: String) -> Self {
        Self { source, is_plain: false }
    }
}

/// A feed as its reader found it: texts as markup, links as written or resolved by `xml:base`.
#[derive(Debug, Clone)]
pub(crate) struct RawFeed {
    pub(crate) kind: FeedKind,
    pub(crate) is_index: bool,
    pub(crate) id: Option<String>,
    pub(crate) title: Option<RawText>,
    pub(crate) language: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) published: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) entries: Vec<RawEntry>,
    pub(crate) warnings: Vec<String>,
    pub(crate) ends_early: bool,
    /// Whether the last entry is what came of one before the document ended.
    pub(crate) last_is_part: bool,
    pub(crate) poll_hint: Option<Duration>,
}

impl RawFeed {
    pub(crate) fn new(kind: FeedKind) -> Self {
        Self {
            kind,
            is_index: false,
            id: None,
            title: None,
            language: None,
            link: None,
            published: None,
            updated: None,
            entries: Vec::new(),
            warnings: Vec::new(),
            ends_early: false,
            last_is_part: false,
            poll_hint: None,
        }
    }
}

/// An entry as its reader found it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawEntry {
    pub(crate) id: Option<String>,
    pub(crate) title: Option<RawText>,
    pub(crate) link: Option<String>,
    pub(crate) original_link: Option<String>,
    pub(crate) summary: Option<RawText>,
    pub(crate) content: Option<RawText>,
    pub(crate) authors: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) published: Option<Timestamp>,
    pub(crate) updated: Option<Timestamp>,
    pub(crate) enclosures: Vec<Enclosure>,
    pub(crate) language: Option<String>,
    pub(crate) source: Option<String>,
}
