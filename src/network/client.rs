//! Clients under guard.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, ClientBuilder, redirect};

use super::guard::{GuardPolicy, GuardedResolver};

/// How long a connection may take to stand, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are dropped after this; feeds polled more often than that keep theirs.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Header block of an HTTP/2 response, in bytes.
const HTTP2_HEADER_BYTES: u32 = 64 << 10;

/// A client to be refined: no redirects, no proxy from the environment, no decompression, names resolved under
/// `policy`. Literal addresses are the caller's to check ([`GuardPolicy::check`]), on each hop.
#[must_use]
pub fn client_builder(user_agent: &str, policy: Arc<GuardPolicy>) -> ClientBuilder {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .dns_resolver(GuardedResolver(policy))
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(2)
        .http2_max_header_list_size(HTTP2_HEADER_BYTES);
    match HeaderValue::from_str(user_agent) {
        Ok(value) => builder.user_agent(value),
        Err(_) => builder.user_agent(concat!("vedetta/", env!("CARGO_PKG_VERSION"))),
    }
}

/// A client for endpoints that the operator chose (webhooks): private addresses are fine, link-local and metadata
/// addresses are refused, redirects are not followed. Check the URL with [`GuardPolicy::check`] of
/// [`GuardPolicy::OperatorTarget`] first: a literal address never reaches the resolver.
///
/// # Errors
/// If TLS can't be set up, for want of any root certificate on this machine.
pub fn operator_client(user_agent: &str, timeout: Duration) -> Result<Client, reqwest::Error> {
    client_builder(user_agent, Arc::new(GuardPolicy::OperatorTarget)).timeout(timeout).build()
}
