//! Where hubs reach us: `/websub/TOKEN`. Only whoever knows the token gets past the first line.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Query, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::{Answer, Shared};

/// Bodies read at once, each up to the size of a feed.
const BODIES_AT_ONCE: usize = 4;
/// Longer challenges are not echoed. A guess; hubs send some forty characters.
const MAX_CHALLENGE_BYTES: usize = 2048;

/// What a hub asks for or sends; done by whoever owns the subscriptions.
#[async_trait]
pub trait Callbacks: fmt::Debug + Send + Sync {
    /// Whether a token is one of ours.
    fn knows(&self, token: &str) -> bool;
    /// The largest body that is taken, in bytes.
    fn max_body_bytes(&self) -> usize;
    /// Answers a verification with its challenge, or with nothing.
    async fn verify(&self, token: &str, query: HubQuery) -> Result<Option<String>, String>;
    /// Takes content; answers with a status.
    async fn deliver(
        &self,
        token: &str,
        signature: Option<String>,
        content_type: Option<String>,
        body: Vec<u8>,
    ) -> Result<StatusCode, String>;
}

/// The query of a verification.
#[derive(Debug, Clone, Default, serde::Deserialize)]
pub struct HubQuery {
    /// `subscribe`, `unsubscribe` or `denied`.
    #[serde(rename = "hub.mode", default)]
    pub mode: String,
    /// The feed.
    #[serde(rename = "hub.topic", default)]
    pub topic: String,
    /// To be echoed.
    #[serde(rename = "hub.challenge", default)]
    pub challenge: String,
    /// For how long.
    #[serde(rename = "hub.lease_seconds", default)]
    pub lease_seconds: Option<String>,
    /// Why not.
    #[serde(rename = "hub.reason", default)]
    pub reason: Option<String>,
}

/// Places for bodies.
#[derive(Debug)]
pub(super) struct Bodies(Semaphore);

impl Default for Bodies {
    fn default() -> Self {
        Self(Semaphore::new(BODIES_AT_ONCE))
    }
}

fn not_found() -> Response {
    Answer(StatusCode::NOT_FOUND, "nothing here".to_owned()).into_response()
}

fn failed(error: &str) -> Response {
    tracing::error!(error, "a hub's request could not be written down");
    Answer(StatusCode::SERVICE_UNAVAILABLE, "try again later".to_owned()).into_response()
}

pub(super) async fn verify(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    query: Result<Query<HubQuery>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Some(callbacks) = shared.callbacks().filter(|callbacks| callbacks.knows(&token)) else { return not_found() };
    let Ok(Query(query)) = query else { return not_found() };
    if query.challenge.len() > MAX_CHALLENGE_BYTES {
        return not_found();
    }
    match callbacks.verify(&token, query).await {
        // As plain text that nothing may take for anything else: it is the asker's own.
        Ok(Some(challenge)) => {
            ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], challenge).into_response()
        }
        Ok(None) => not_found(),
        Err(error) => failed(&error),
    }
}

pub(super) async fn deliver(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(callbacks) = shared.callbacks().filter(|callbacks| callbacks.knows(&token)) else { return not_found() };
    let text = |name: &str| {
        headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(200).collect())
    };
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Answer(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send it uncompressed".to_owned()).into_response();
    }
    let Ok(_place) = shared.bodies.0.acquire().await else { return not_found() };
    let Ok(body) = to_bytes(body, callbacks.max_body_bytes()).await else {
        return Answer(StatusCode::PAYLOAD_TOO_LARGE, "this is too large".to_owned()).into_response();
    };
    match callbacks.deliver(&token, text("x-hub-signature"), text(CONTENT_TYPE.as_str()), body.into()).await {
        Ok(status) => status.into_response(),
        Err(error) => failed(&error),
    }
}
