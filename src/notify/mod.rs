//! The network towards people: e-mail and webhooks.

mod settings;
mod signature;

pub use settings::{ChannelSettings, EmailSettings, SmtpSecurity, SmtpServer, WebhookFormat, WebhookSettings};
pub use signature::{SignatureError, SigningKey, signatures, verify};
