//! Between the listener and the subscriptions: two rooms that do not know each other.

use std::sync::Arc;

use async_trait::async_trait;
use axum::http::StatusCode;

use crate::pipeline::{Delivered, Line, Verification, deliver_push, verify_push};
use crate::web::{Callbacks, HubQuery};

/// Answers hubs for a line.
#[derive(Debug)]
pub struct HubCallbacks(pub Arc<Line>);

#[async_trait]
impl Callbacks for HubCallbacks {
    fn knows(&self, token: &str) -> bool {
        self.0.push.knows(token)
    }

    fn max_body_bytes(&self) -> usize {
        usize::try_from(self.0.live.load().config.network.max_body_bytes).unwrap_or(usize::MAX)
    }

    async fn verify(&self, token: &str, query: HubQuery) -> Result<Option<String>, String> {
        let asked = Verification {
            mode: query.mode,
            topic: query.topic,
            challenge: query.challenge,
            lease_seconds: query.lease_seconds.and_then(|seconds| seconds.trim().parse().ok()),
            reason: query.reason,
        };
        verify_push(&self.0, token, &asked).await.map_err(|error| self.0.chain(&error))
    }

    async fn deliver(
        &self,
        token: &str,
        signature: Option<String>,
        content_type: Option<String>,
        body: Vec<u8>,
    ) -> Result<StatusCode, String> {
        match deliver_push(&self.0, token, signature.as_deref(), content_type, body).await {
            Ok(Delivered::Taken) => Ok(StatusCode::ACCEPTED),
            Ok(Delivered::Gone) => Ok(StatusCode::GONE),
            Ok(Delivered::Unknown) => Ok(StatusCode::NOT_FOUND),
            Err(error) => Err(self.0.chain(&error)),
        }
    }
}
