//! How the network towards feeds and pages is used.

use std::time::Duration;

use crate::network::AllowRule;

/// Limits and permissions for fetching feeds, pages and whatever they link or redirect to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// Private, loopback and other special targets that may be reached all the same; empty: none.
    pub allow: Vec<AllowRule>,
    /// The `User-Agent` header; should name a contact.
    pub user_agent: String,
    /// Time to connect, TLS included.
    pub connect_timeout: Duration,
    /// Time for a whole feed: redirects, headers and body.
    pub feed_deadline: Duration,
    /// Time for a whole page.
    pub page_deadline: Duration,
    /// The largest body, decompressed, in bytes.
    pub max_body_bytes: u64,
    /// Fetches at once.
    pub max_concurrent: u32,
    /// Fetches at once from one host.
    pub max_per_host: u32,
    /// Whether the pages of articles are read only where a site's robots.txt allows it.
    pub robots: bool,
}

impl Default for NetworkSettings {
    /// The documented defaults (RELIABILITY P9): 20 s a feed, 15 s a page, 5 s to connect, 10 MiB, 64 at once, 2 per host.
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            user_agent: Self::DEFAULT_USER_AGENT.to_owned(),
            connect_timeout: Duration::from_secs(5),
            feed_deadline: Duration::from_secs(20),
            page_deadline: Duration::from_secs(15),
            max_body_bytes: 10 << 20,
            max_concurrent: 64,
            max_per_host: 2,
            robots: true,
        }
    }
}

impl NetworkSettings {
    /// The `User-Agent` where none is configured: honest, but without a contact; `check` asks for one.
    pub const DEFAULT_USER_AGENT: &'static str = concat!("vedetta/", env!("CARGO_PKG_VERSION"));
}
