//! Feeds: what the operator wrote about them, and what polling has learned.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{CronSchedule, FeedHealth, FeedHistory, FeedId, Timestamp};

/// Labels of a feed, topic or alert.
pub type Labels = BTreeMap<String, String>;

/// A feed as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Feed {
    /// Derived from `url`.
    pub id: FeedId,
    /// Where it is polled.
    pub url: Url,
    /// Its name for people; absent: the feed's own title, then the host.
    pub name: Option<String>,
    /// Its own interval; absent: the configuration's default.
    pub interval: Option<Duration>,
    /// A cron line instead of an interval.
    pub schedule: Option<CronSchedule>,
    /// Whether its interval follows its rhythm; absent: the configuration's default. So are the next two.
    pub adaptive: Option<bool>,
    /// The shortest interval that following it leads to.
    pub fastest: Option<Duration>,
    /// The longest.
    pub slowest: Option<Duration>,
    /// The clock that its newsroom lives by; absent: UTC.
    pub zone: Option<Tz>,
    /// Labels, which topics and routes can ask for.
    pub labels: Labels,
    /// Whether the linked pages are fetched and matched too.
    pub full_text: bool,
    /// Where its address is a page without a feed: how entries are found in it.
    pub page: Option<PageSelectors>,
}

/// CSS selectors by which a page is read like a feed. All but `item` are looked for inside the item; `selector@attribute`
/// takes an attribute instead of the text, `@attribute` that of the item itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PageSelectors {
    /// The elements that are entries.
    pub item: String,
    /// The link; absent: the item itself if it is a link, else the first link in it.
    pub link: Option<String>,
    /// The headline; absent: the link's text.
    pub title: Option<String>,
    /// The date; an element's `datetime` attribute goes before its text.
    pub date: Option<String>,
    /// How the date is written, as `strftime` has it (`%d.%m.%Y`); absent: any usual way.
    pub date_format: Option<String>,
    /// The summary.
    pub summary: Option<String>,
}

impl Feed {
    /// A feed with nothing set but its address.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self {
            id: FeedId::derive(&[url.as_str()]),
            url,
            name: None,
            interval: None,
            schedule: None,
            adaptive: None,
            fastest: None,
            slowest: None,
            zone: None,
            labels: Labels::new(),
            full_text: false,
            page: None,
        }
    }

    /// The host in its address, without `www.`; the whole address where there is none.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.url.host_str().unwrap_or(self.url.as_str());
        host.strip_prefix("www.").unwrap_or(host)
    }
}

/// What a server gave to ask “has it changed?” with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, as sent.
    pub etag: Option<String>,
    /// `Last-Modified`, as sent.
    pub last_modified: Option<String>,
}

/// What polling has learned of a feed; survives restarts.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedState {
    /// The feed.
    pub id: FeedId,
    /// When it is to be polled next.
    pub next_poll_at: Timestamp,
    /// Failed polls in a row.
    pub failures: u32,
    /// For conditional requests.
    pub validators: Validators,
    /// Hash of the last body read (xxh3); an equal body needs no parsing.
    pub body_hash: Option<i64>,
    /// The slowest cadence that the server asked for (`ttl`, `max-age`, `Retry-After` …).
    pub hint: Option<Duration>,
    /// The feed's own title.
    pub title: Option<String>,
    /// When it was last asked.
    pub last_attempt_at: Option<Timestamp>,
    /// When it last answered with a readable feed or “not modified”. Absent: never; the next success is a first poll.
    pub last_success_at: Option<Timestamp>,
    /// When its whole body was last read, for the daily unconditional fetch.
    pub last_full_at: Option<Timestamp>,
    /// When it last had a new entry.
    pub last_new_at: Option<Timestamp>,
    /// What went wrong last; cleared by a success.
    pub last_error: Option<String>,
    /// When the failures in a row began.
    pub failing_since: Option<Timestamp>,
    /// What is wrong with it, and what the operator was told of that.
    pub health: FeedHealth,
    /// When a poll last came late, because vedetta or its network was down; written, not read back.
    pub late_at: Option<Timestamp>,
    /// Its rhythm.
    pub history: FeedHistory,
}

impl FeedState {
    /// Whether its last answer was cut off, and what came of it was taken in.
    #[must_use]
    pub fn gave_a_part(&self) -> bool {
        self.failures > 0 && self.last_success_at.is_some() && self.last_success_at == self.last_attempt_at
    }

    /// The state of a feed that was never polled.
    #[must_use]
    pub fn new(id: FeedId, next_poll_at: Timestamp) -> Self {
        Self {
            id,
            next_poll_at,
            failures: 0,
            validators: Validators::default(),
            body_hash: None,
            hint: None,
            title: None,
            last_attempt_at: None,
            last_success_at: None,
            last_full_at: None,
            last_new_at: None,
            last_error: None,
            failing_since: None,
            health: FeedHealth::default(),
            late_at: None,
            history: FeedHistory::default(),
        }
    }
}
