//! The network towards people: e-mail and webhooks.
//!
//! In goes a [`Notice`](crate::model::Notice), whose words are frozen, and the delivery that it is for; out comes one
//! attempt to send it ([`Channel::send`]) and what follows from its failure ([`RetrySchedule::after_failure`]). Nothing
//! is queued or retried here: the outbox in the store is the queue.
//!
//! Foreign text passes through one place (`clean`, `view`) before any channel sees it; each format then escapes for its
//! own syntax. The decision a reader would question: our own SMTP connection pool and our own encoded words and
//! quoted-printable, although lettre has them. `smtp` and `mime` say why.

mod channel;
mod clean;
mod email;
mod format;
mod heartbeat;
mod mime;
mod payload;
mod render;
mod retry;
pub mod samples;
mod settings;
mod signature;
mod smtp;
mod view;
mod webhook;

pub use channel::{Channel, ChannelError, FailureReason, Message, Receipt, SendError, SenderContext};
pub(crate) use clean::shown;
pub use email::Email;
pub use heartbeat::{Heartbeat, HeartbeatMethod, HeartbeatSettings};
pub use render::{Rendered, render};
pub use retry::{LIFETIME, RetrySchedule};
pub use settings::{ChannelSettings, EmailSettings, SmtpSecurity, SmtpServer, WebhookFormat, WebhookSettings};
pub use signature::{SignatureError, SigningKey, signatures, verify};
pub use webhook::Webhook;
