//! The network towards people: e-mail and webhooks.

mod signature;

pub use signature::{SignatureError, SigningKey, signatures, verify};
