//! What is wrong with a feed, and what the operator was told of it.

use serde::{Deserialize, Serialize};

use super::Timestamp;

/// What is wrong with a feed, split by what a person does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedTrouble {
    /// Nobody answers.
    Unreachable,
    /// The server has trouble of its own (5xx), is overrun, or breaks off.
    Server,
    /// Gone for good (410).
    Gone,
    /// Not found (404).
    Missing,
    /// It wants a login (401, 407).
    Login,
    /// It refuses us (402, 403, 451, bot protection).
    Forbidden,
    /// Its certificate is not good.
    Certificate,
    /// A web page stands where the feed was.
    Page,
    /// A login, consent, subscription or robot check stands in front of the feed.
    Wall,
    /// The document can't be read as a feed.
    Broken,
    /// The document ends before it is complete.
    CutOff,
    /// Anything else: redirects in a circle, a body without end, an address that may not be asked.
    Other,
}

impl FeedTrouble {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Unreachable,
        Self::Server,
        Self::Gone,
        Self::Missing,
        Self::Login,
        Self::Forbidden,
        Self::Certificate,
        Self::Page,
        Self::Wall,
        Self::Broken,
        Self::CutOff,
        Self::Other,
    ];

    /// The word used in lists, keys and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Server => "server",
            Self::Gone => "gone",
            Self::Missing => "missing",
            Self::Login => "login",
            Self::Forbidden => "forbidden",
            Self::Certificate => "certificate",
            Self::Page => "page",
            Self::Wall => "wall",
            Self::Broken => "broken",
            Self::CutOff => "cut_off",
            Self::Other => "other",
        }
    }

    /// Whether the same answer a few times in a row proves it. The others often pass by themselves and are given hours.
    #[must_use]
    pub const fn is_definite(self) -> bool {
        !matches!(self, Self::Unreachable | Self::Server | Self::CutOff | Self::Other)
    }

    /// Whether it is the host's trouble rather than this one document's.
    #[must_use]
    pub const fn is_of_host(self) -> bool {
        matches!(self, Self::Unreachable | Self::Server | Self::Certificate)
    }
}

/// A trouble that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told<T> {
    /// What.
    pub what: T,
    /// Since when it had lasted.
    pub since: Timestamp,
    /// When it was told last.
    pub at: Timestamp,
    /// How often.
    pub times: u32,
}

/// Where a feed's server says that it has moved for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The new address.
    pub to: String,
    /// When it was named first.
    pub since: Timestamp,
    /// Answers in a row that named it.
    pub answers: u32,
    /// Whether it is polled in place of the configured one.
    pub in_use: bool,
}

/// A failure that was laid at the door of our own network, not of the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excused {
    /// When the last one was.
    pub at: Timestamp,
    /// How many failures in a row there were by then.
    pub failures: u32,
}

/// What is wrong with a feed and what was told of it; survives restarts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FeedHealth {
    /// What the last poll failed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<FeedTrouble>,
    /// How many polls in a row failed with that.
    pub same: u32,
    /// The failure that was told and is not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<Told<FeedTrouble>>,
    /// The silence that was told and is not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<Told<()>>,
    /// When entries were last reported as lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_told_at: Option<Timestamp>,
    /// Where it has moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// Up to when the failures in a row were not its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excused: Option<Excused>,
}

impl FeedHealth {
    /// As stored; `None`: nothing to remember.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// Reads what was stored; what can't be read is forgotten: the operator may be told once more.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}
