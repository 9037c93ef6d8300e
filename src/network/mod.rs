//! Who may be talked to: the address guard under every connection that leaves the process.
//!
//! In: a URL, and the policy of whoever asks ([`GuardPolicy`]). Out: a reqwest client that cannot connect to an address
//! that the policy refuses. Feeds, pages and redirects are written by strangers, so they reach public addresses only,
//! save for what the operator allows; webhooks go where the operator points them, but never to link-local and cloud
//! metadata addresses.
//!
//! The decision a reader would question: names are checked where they are resolved, by the resolver that the connector
//! itself calls. A check ahead of the request can be outrun by a name that answers differently the second time (DNS
//! rebinding). The connector does not tell its resolver the port, which `host:port` rules need; it travels beside the
//! request in a task-local ([`towards`]), and where it is missing the resolver acts as if no such rule existed. Literal
//! addresses never reach a resolver and are checked in the URL ([`GuardPolicy::check`]), on each hop.

mod address;
mod client;
mod describe;
mod guard;
mod site;
mod target;

pub use address::{AddressKind, classify};
pub use client::{build_client, operator_client};
pub use describe::{causes, describe, find_cause};
pub use guard::{AllowRule, GuardPolicy, NotResolved, ParseAllowError, Refused, towards};
pub use site::{same_site, site_of};
pub use target::{BadTarget, parse_target};
