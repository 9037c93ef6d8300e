//! Codes of what can be wrong with a configuration, besides those of any TOML file ([`crate::settings::codes`]).
//!
//! | code | means |
//! |---|---|
//! | E201 | the database can't be used: not an SQLite file |
//! | E202 | an address that can't be used: a feed's, a webhook's, a mail server's |
//! | E203 | a feed is listed twice |
//! | E204 | two keys that exclude each other, or one without the other that it needs |
//! | E205 | a cron line or time zone that can't be read, or never fires |
//! | E206 | not a mail address |
//! | E207 | a channel's name has characters that names can't have |
//! | E208 | a route leads to a channel that is not configured |
//! | E209 | a secret that can't be had: its file is missing, unreadable or empty, or it is no signing key |
//! | E210 | an entry of `[network] allow` that is no host, `host:port` or network |
//! | E211 | not an address to listen on |
//! | E212 | a time of day that can't be read, or quiet hours of no length |
//! | E213 | a route that leads nowhere, or a mail channel without recipients |
//! | E214 | a rule path that does not exist |
//! | E215 | a route asks for a severity that does not exist |
//! | E216 | a header that can't be sent |
//! | E220 | a pace that does not hold its interval |
//! | E230 | a list of feeds that is not there or can't be read |
//! | E231 | a selector or date format of a `[[page]]` that can't be used |
//! | W201 | a secret stands in the file |
//! | W202 | everyone on this machine can read a secret's file |
//! | W203 | no default route: alerts that no route takes go to all channels |
//! | W204 | no feed: nothing will be polled |
//! | W205 | no channel: nobody will be told |
//! | W206 | the user agent names no contact |
//! | W207 | a webhook's messages go over the network unencrypted |
//! | W208 | a route is never reached |
//! | W209 | the HTTP listener is reachable from other machines |
//! | W210 | a channel that no route leads to |
//! | W211 | a recipient is named twice |
//! | W212 | a route asks for a topic or label that no topic has |
//! | W230 | a feed in a list is left out: it is listed already, or is no feed |

/// The database can't be used.
pub const STORE: &str = "E201";
/// An address that can't be used.
pub const URL: &str = "E202";
/// A feed is listed twice.
pub const FEED_TWICE: &str = "E203";
/// Keys that exclude or need each other.
pub const KEYS: &str = "E204";
/// A cron line or time zone.
pub const SCHEDULE: &str = "E205";
/// Not a mail address.
pub const MAILBOX: &str = "E206";
/// Not a name.
pub const NAME: &str = "E207";
/// No such channel.
pub const UNKNOWN_CHANNEL: &str = "E208";
/// A secret that can't be had.
pub const SECRET: &str = "E209";
/// Not a target to allow.
pub const ALLOW: &str = "E210";
/// Not an address to listen on.
pub const LISTEN: &str = "E211";
/// Not a time of day.
pub const QUIET: &str = "E212";
/// Leads to nobody.
pub const NOBODY: &str = "E213";
/// A list of feeds that can't be read.
pub const FEED_LIST: &str = "E230";
/// A selector that can't be used.
pub const SELECTOR: &str = "E231";
/// A feed in a list is left out.
pub const LEFT_OUT: &str = "W230";
/// No such rule path.
pub const RULES: &str = "E214";
/// No such severity.
pub const SEVERITY: &str = "E215";
/// A header that can't be sent.
pub const HEADER: &str = "E216";
/// A pace that does not hold its interval.
pub const PACE: &str = "E220";
/// A secret stands in the file.
pub const INLINE_SECRET: &str = "W201";
/// Everyone can read a secret's file.
pub const OPEN_SECRET: &str = "W202";
/// No default route.
pub const NO_DEFAULT_ROUTE: &str = "W203";
/// No feed.
pub const NO_FEED: &str = "W204";
/// No channel.
pub const NO_CHANNEL: &str = "W205";
/// No contact in the user agent.
pub const NO_CONTACT: &str = "W206";
/// Unencrypted messages.
pub const UNENCRYPTED: &str = "W207";
/// A route is never reached.
pub const UNREACHED: &str = "W208";
/// The listener is open to others.
pub const OPEN_LISTENER: &str = "W209";
/// A channel that no route leads to.
pub const UNUSED_CHANNEL: &str = "W210";
/// A recipient is named twice.
pub const RECIPIENT_TWICE: &str = "W211";
/// A route asks for what no topic has.
pub const UNMET: &str = "W212";
