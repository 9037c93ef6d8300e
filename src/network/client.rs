//! Clients under guard.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{Client, ClientBuilder, redirect};

use super::guard::{GuardPolicy, GuardedResolver};

/// How long a connection may take to stand, name resolution and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are dropped after this. Feeds of one host that fall due together share a connection; kept for longer, those
/// of ten thousand hosts cost hundreds of megabytes.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Header block of an HTTP/2 response, in bytes.
const HTTP2_HEADER_BYTES: u32 = 64 << 10;

/// A client that follows no redirects, asks no proxy from the environment, decompresses nothing, and resolves names
/// under `policy`; `refine` sets what else is wanted. Literal addresses are the caller's to check
/// ([`GuardPolicy::check`]), on each hop.
///
/// A machine without root certificates gets a client that fetches `http:` and refuses every `https:` peer, rather than
/// no client at all.
///
/// # Errors
/// If TLS can't be set up, or `refine` asked for what can't be had.
pub fn build_client(
    user_agent: &str,
    policy: &Arc<GuardPolicy>,
    refine: impl Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, reqwest::Error> {
    let builder = || {
        let fallback = HeaderValue::from_static(concat!("vedetta/", env!("CARGO_PKG_VERSION")));
        refine(
            Client::builder()
                .user_agent(HeaderValue::from_str(user_agent).unwrap_or(fallback))
                .redirect(redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .dns_resolver(GuardedResolver(Arc::clone(policy)))
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(2)
                .http2_max_header_list_size(HTTP2_HEADER_BYTES),
        )
    };
    builder().build().or_else(|error| {
        let client = builder().tls_certs_only([]).build()?;
        tracing::warn!(
            error = %super::describe(&error),
            "no root certificates: https addresses can't be fetched; install `ca-certificates`"
        );
        Ok(client)
    })
}

/// A client for endpoints that the operator chose (webhooks): private addresses are fine, link-local and metadata
/// addresses are refused, redirects are not followed. Check the URL with [`GuardPolicy::check`] of
/// [`GuardPolicy::OperatorTarget`] first: a literal address never reaches the resolver.
///
/// # Errors
/// If TLS can't be set up.
pub fn operator_client(user_agent: &str, timeout: Duration) -> Result<Client, reqwest::Error> {
    build_client(user_agent, &Arc::new(GuardPolicy::OperatorTarget), |builder| builder.timeout(timeout))
}
