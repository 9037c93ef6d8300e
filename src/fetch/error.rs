//! Why a document could not be had, split by what the caller does next.

use std::time::Duration;

use crate::model::FeedTrouble;
use crate::network::{BadTarget, NotResolved, Refused, causes, describe, find_cause};

use super::{Document, PollEnd};

/// Why a document could not be had. Every message names the host or address at fault, which after a redirect is not the
/// one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address guard said no. Only the operator can change that.
    #[error("{0}")]
    Refused(#[from] Refused),
    /// The URL, or one that a redirect names, is not followed.
    #[error("{0}; correct the feed's URL, or tell its publisher if a redirect leads there")]
    Target(#[from] BadTarget),
    /// More redirects than are followed, or a circle of them.
    #[error("`{host}` redirects {how}; open the address in a browser and use the one that it ends at")]
    Redirects {
        /// Where the last redirect came from.
        host: String,
        /// “in a circle”, “more than 5 times”, “without saying where to”.
        how: String,
    },
    /// The host has no address.
    #[error("`{host}` can't be found: {reason}; check the spelling of the URL, and this machine's name resolution")]
    Dns {
        /// The name.
        host: String,
        /// The resolver's words.
        reason: String,
    },
    /// No connection came about.
    #[error("cannot connect to `{host}`: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// The system's words.
        reason: String,
    },
    /// No trust came about.
    #[error("no secure connection to `{host}`: {reason}; its certificate or this machine's clock may be wrong")]
    Tls {
        /// The host.
        host: String,
        /// The words of the TLS library.
        reason: String,
    },
    /// It took too long.
    #[error("`{host}` took longer than {} to {}", Seconds(*limit), if *is_connecting { "connect" } else { "send the document" })]
    Timeout {
        /// The host.
        host: String,
        /// Whether a connection had yet to come about; else the document had yet to arrive.
        is_connecting: bool,
        /// The time that it had.
        limit: Duration,
    },
    /// It came too slowly to be worth waiting for.
    #[error("`{host}` sends too slowly: {received_bytes} bytes in {}", Seconds(*after))]
    TooSlow {
        /// The host.
        host: String,
        /// Bytes that arrived.
        received_bytes: u64,
        /// In this time.
        after: Duration,
    },
    /// The document is larger than is read.
    #[error("`{host}` sends more than {limit_bytes} bytes; raise `max_body` in `[network]` if this is meant")]
    TooLarge {
        /// The host.
        host: String,
        /// The limit that it went over.
        limit_bytes: u64,
    },
    /// A small compressed document that grows without end.
    #[error("`{host}` sends a document that grows more than {ratio} times when decompressed, as bombs do")]
    Bomb {
        /// The host.
        host: String,
        /// The limit that it went over.
        ratio: u64,
    },
    /// A `Content-Encoding` that can't be undone.
    #[error("`{host}` sends the document encoded as `{coding}`: {reason}")]
    Encoding {
        /// The host.
        host: String,
        /// The encoding as the server names it.
        coding: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection broke, or what came over it is not HTTP.
    #[error("the connection to `{host}` broke off: {reason}")]
    Broken {
        /// The host.
        host: String,
        /// What happened.
        reason: String,
    },
    /// The connection broke off while the document came over it: fewer bytes than announced, or no end of a chunked or
    /// compressed one.
    #[error(
        "the connection to `{host}` broke off in the middle of the document, after {received_bytes} bytes: {reason}"
    )]
    CutOff {
        /// The host.
        host: String,
        /// Bytes that arrived.
        received_bytes: u64,
        /// What happened.
        reason: String,
        /// What came of the document, decompressed. Its end is missing: who takes it as the whole takes a part.
        part: Box<Document>,
    },
    /// 410: the publisher says that it is gone for good.
    #[error("`{host}` says that the document is gone for good (410); remove the feed or find its new address")]
    Gone {
        /// The host.
        host: String,
    },
    /// Any other status that is neither a document nor “not modified”.
    #[error("`{host}` answers {}", Status(*status, *by_bot_protection))]
    Status {
        /// The host.
        host: String,
        /// The status code.
        status: u16,
        /// How long the server asks us to stay away.
        retry_after: Option<Duration>,
        /// Whether the answer comes from a bot protection in front of the site.
        by_bot_protection: bool,
    },
    /// The site's robots.txt excludes the page.
    #[error(
        "`{host}` asks programs in its robots.txt not to read this page; `robots = false` in `[network]` reads it all the same"
    )]
    Robots {
        /// The host.
        host: String,
    },
    /// The site's robots.txt could not be had, so nobody knows what it asks.
    #[error("the robots.txt of `{host}` can't be had, and until then its pages are not read: {reason}")]
    NoRobots {
        /// The host.
        host: String,
        /// What came instead.
        reason: String,
    },
    /// Too many fetches wait for this host already: ours to try again soon, no fault of the feed.
    #[error("too many fetches wait for `{host}`")]
    Busy {
        /// The host.
        host: String,
    },
}

impl FetchError {
    /// How long the server asks us to stay away, where it does.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether it may go away by itself. The others want a person, but are tried again all the same.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Refused(_)
            | Self::Target(_)
            | Self::Redirects { .. }
            | Self::TooLarge { .. }
            | Self::Bomb { .. }
            | Self::Encoding { .. }
            | Self::Robots { .. }
            | Self::Gone { .. } => false,
            Self::Status { status, .. } => matches!(*status, 408 | 425 | 429 | 500..=599),
            Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Timeout { .. }
            | Self::TooSlow { .. }
            | Self::Broken { .. }
            | Self::CutOff { .. }
            | Self::NoRobots { .. }
            | Self::Busy { .. } => true,
        }
    }

    /// What it means for the feed's next poll, as its so-many-eth failure in a row. [`PollEnd::NotTried`] is no failure and
    /// should not be counted as one.
    #[must_use]
    pub const fn poll_end(&self, failures: u32) -> PollEnd {
        match self {
            Self::Busy { .. } => PollEnd::NotTried,
            Self::Gone { .. } => PollEnd::Gone,
            Self::Dns { .. } | Self::Connect { .. } => PollEnd::Unreachable { failures },
            Self::Timeout { is_connecting: true, .. } => PollEnd::Unreachable { failures },
            Self::CutOff { .. } => PollEnd::CutOff { failures },
            _ => PollEnd::Failed { failures, retry_after: self.retry_after() },
        }
    }

    /// What it says about the feed.
    #[must_use]
    pub const fn trouble(&self) -> FeedTrouble {
        match self {
            Self::Dns { .. } | Self::Connect { .. } | Self::Timeout { is_connecting: true, .. } => {
                FeedTrouble::Unreachable
            }
            Self::Timeout { .. } | Self::TooSlow { .. } | Self::Broken { .. } | Self::Busy { .. } => {
                FeedTrouble::Server
            }
            Self::CutOff { .. } => FeedTrouble::CutOff,
            Self::Tls { .. } => FeedTrouble::Certificate,
            Self::Gone { .. } => FeedTrouble::Gone,
            Self::Status { by_bot_protection: true, .. } => FeedTrouble::Forbidden,
            Self::Status { status, .. } => match *status {
                401 | 407 => FeedTrouble::Login,
                402 | 403 | 451 => FeedTrouble::Forbidden,
                404 => FeedTrouble::Missing,
                408 | 425 | 429 | 500..=599 => FeedTrouble::Server,
                _ => FeedTrouble::Other,
            },
            _ => FeedTrouble::Other,
        }
    }

    /// A word for metrics and logs.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Target(_) => "bad_target",
            Self::Redirects { .. } => "redirects",
            Self::Dns { .. } => "dns",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Timeout { .. } => "timeout",
            Self::TooSlow { .. } => "too_slow",
            Self::TooLarge { .. } => "too_large",
            Self::Bomb { .. } => "bomb",
            Self::Encoding { .. } => "encoding",
            Self::Broken { .. } => "broken",
            Self::CutOff { .. } => "cut_off",
            Self::Gone { .. } => "gone",
            Self::Status { .. } => "status",
            Self::Robots { .. } => "robots",
            Self::NoRobots { .. } => "no_robots",
            Self::Busy { .. } => "busy",
        }
    }

    /// Sorts an error of the HTTP library by its causes.
    pub(super) fn from_reqwest(error: &reqwest::Error, host: &str, connect_limit: Duration) -> Self {
        let host = host.to_owned();
        if let Some(refused) = find_cause::<Refused>(error) {
            return Self::Refused(refused.clone());
        }
        if let Some(unresolved) = find_cause::<NotResolved>(error) {
            return Self::Dns { host, reason: unresolved.source.to_string() };
        }
        let reason = describe(error);
        if error.is_timeout() {
            return Self::Timeout { host, is_connecting: true, limit: connect_limit };
        }
        if error.is_connect() {
            // The TLS library's complaints arrive as invalid data or a stream cut short.
            use std::io::ErrorKind::{InvalidData, UnexpectedEof};
            let is_tls = causes(error)
                .filter_map(|error| error.downcast_ref::<std::io::Error>())
                .any(|error| matches!(error.kind(), InvalidData | UnexpectedEof));
            return if is_tls { Self::Tls { host, reason } } else { Self::Connect { host, reason } };
        }
        Self::Broken { host, reason }
    }
}

/// A time limit in words.
struct Seconds(Duration);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0.subsec_millis() == 0 {
            write!(f, "{} s", self.0.as_secs())
        } else {
            write!(f, "{:.1} s", self.0.as_secs_f64())
        }
    }
}

/// A status code, and what to do about it.
struct Status(u16, bool);

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(status, by_bot_protection) = *self;
        write!(f, "{status}")?;
        f.write_str(match status {
            _ if by_bot_protection => {
                " from its bot protection, which wants a browser; ask the publisher to let feed readers through"
            }
            401 | 407 => " (it wants a login); vedetta reads public feeds only",
            402 | 403 => " (forbidden); it may not like this `User-Agent`: set one with a contact in `[network]`",
            404 => " (not found); look for the new address on the site",
            406 => " (not acceptable)",
            408 | 504 => " (timed out)",
            429 => " (too many requests); a longer `interval` may help",
            451 => " (unavailable for legal reasons)",
            500 | 502 | 503 => " (the server has trouble of its own)",
            _ => "",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_happened_where_and_what_to_do() {
        let status = |status, by_bot_protection| {
            FetchError::Status { host: "a.example".into(), status, retry_after: None, by_bot_protection }.to_string()
        };
        assert_eq!(status(404, false), "`a.example` answers 404 (not found); look for the new address on the site");
        assert!(status(403, true).contains("bot protection"));
        assert_eq!(status(418, false), "`a.example` answers 418");
        let slow =
            FetchError::Timeout { host: "a.example".into(), is_connecting: false, limit: Duration::from_secs(20) };
        assert_eq!(slow.to_string(), "`a.example` took longer than 20 s to send the document");
    }
}
