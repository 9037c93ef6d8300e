//! A channel: a way to reach people. An enum, because the configuration names a closed set and a new one should be a
//! list of compile errors to walk through.

use std::fmt;
use std::time::Duration;

use crate::model::{ChannelName, Delivery, Notice, Timestamp};

use super::{ChannelSettings, Email, RetrySchedule, Webhook};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What all channels are told when they are built.
#[derive(Debug, Clone)]
pub struct SenderContext {
    /// How vedetta introduces itself over HTTP: `vedetta/1.0 (+https://…)`.
    pub user_agent: String,
}

/// A message to be sent: who, what, and what happened before.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// To whom, and which attempt this is.
    pub delivery: &'a Delivery,
    /// The words, the same on every attempt.
    pub notice: &'a Notice,
    /// Whether a crash may have cut an earlier attempt short after the far end took it.
    pub maybe_sent_before: bool,
    /// The time of the attempt.
    pub now: Timestamp,
}

/// The far end took a message; its words, one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt(pub String);

/// Why an attempt failed, as few words as metrics can bear.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureReason {
    /// No connection, or it broke.
    Connection,
    /// No TLS, or a certificate that does not hold.
    Tls,
    /// The server did not accept name and password.
    Login,
    /// The far end took too long.
    Timeout,
    /// The server does not take mail for this recipient.
    Recipient,
    /// The far end refused this message.
    Refused,
    /// The far end asks for patience (SMTP 4xx, HTTP 429, 503).
    Busy,
    /// The far end is broken (HTTP 5xx).
    Server,
    /// The endpoint answered with a redirect, which is never followed.
    Redirect,
    /// The endpoint is gone for good (HTTP 410).
    Gone,
    /// The message could not be built: a mistake of ours.
    Message,
}

impl FailureReason {
    /// The word used in metrics and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Timeout => "timeout",
            Self::Recipient => "recipient",
            Self::Refused => "refused",
            Self::Busy => "busy",
            Self::Server => "server",
            Self::Redirect => "redirect",
            Self::Gone => "gone",
            Self::Message => "message",
        }
    }
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An attempt failed. Says itself whether it is worth another one: [`RetrySchedule::after_failure`] only reckons the time.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    /// Why, in a word.
    pub reason: FailureReason,
    /// How long the far end asks to wait.
    pub retry_after: Option<Duration>,
    /// No further attempt for this recipient. Unknown errors are not.
    pub permanent: bool,
    /// The endpoint said that it is gone: the whole channel is to be disabled.
    pub disable_channel: bool,
    /// What happened, with whom, and what they said; one line, with causes, without secrets.
    pub message: String,
    /// The cause.
    #[source]
    pub source: Option<BoxError>,
}

impl SendError {
    /// A failure worth another attempt.
    #[must_use]
    pub fn temporary(reason: FailureReason, message: impl Into<String>) -> Self {
        Self {
            reason,
            retry_after: None,
            permanent: false,
            disable_channel: false,
            message: message.into(),
            source: None,
        }
    }

    /// A failure that further attempts don't mend.
    #[must_use]
    pub fn permanent(reason: FailureReason, message: impl Into<String>) -> Self {
        Self { permanent: true, ..Self::temporary(reason, message) }
    }

    /// The same, with its cause; the message is given the whole chain's words, as it is what the ledger keeps.
    #[must_use]
    pub fn because(mut self, cause: impl Into<BoxError>) -> Self {
        let cause = cause.into();
        let mut texts: Vec<String> = Vec::new();
        let mut one: Option<&dyn std::error::Error> = Some(&*cause);
        while let Some(error) = one {
            let text = super::clean::line(&error.to_string());
            // Some libraries repeat their cause's words in their own.
            if let Some(own) = texts.last_mut().and_then(|last| {
                let own = last.strip_suffix(&text)?.trim_end_matches([':', ' ']).to_owned();
                Some((last, own))
            }) {
                *own.0 = own.1;
            }
            texts.push(text);
            one = error.source();
        }
        texts.dedup();
        texts.retain(|text| !text.is_empty());
        for text in texts {
            self.message = format!("{}: {}", self.message, super::clean::shorten(&text, 300));
        }
        self.source = Some(cause);
        self
    }
}

/// A channel that can't be built from its settings.
#[derive(Debug, thiserror::Error)]
#[error("channel `{channel}`: {what}")]
pub struct ChannelError {
    /// The channel.
    pub channel: ChannelName,
    /// What is wrong and what to do.
    pub what: String,
    /// The cause.
    #[source]
    pub source: Option<BoxError>,
}

/// A way to reach people.
#[derive(Debug)]
pub enum Channel {
    /// Mail over SMTP.
    Email(Box<Email>),
    /// An HTTP POST.
    Webhook(Box<Webhook>),
}

impl Channel {
    /// Builds a channel. Does not touch the network.
    ///
    /// # Errors
    /// If the settings can't work: an unreadable address, plain SMTP to another machine, a secret that can't sign.
    pub fn new(name: &ChannelName, settings: &ChannelSettings, context: &SenderContext) -> Result<Self, ChannelError> {
        match settings {
            ChannelSettings::Email(settings) => Email::new(name, settings).map(|email| Self::Email(Box::new(email))),
            ChannelSettings::Webhook(settings) => {
                Webhook::new(name, settings, context).map(|webhook| Self::Webhook(Box::new(webhook)))
            }
        }
    }

    /// One attempt to send. Ends within the channel's deadline. Dropping the future gives the attempt up; the far end
    /// may have taken the message all the same, so the next attempt says so (`maybe_sent_before`).
    ///
    /// # Errors
    /// If the far end did not say that it took the message.
    pub async fn send(&self, message: &Message<'_>) -> Result<Receipt, SendError> {
        match self {
            Self::Email(email) => email.send(message).await,
            Self::Webhook(webhook) => webhook.send(message).await,
        }
    }

    /// Whom this channel reaches, each of them a delivery: mail addresses, or one empty string for a webhook.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        match self {
            Self::Email(email) => email.recipients(),
            Self::Webhook(_) => vec![String::new()],
        }
    }

    /// The waits between attempts.
    #[must_use]
    pub fn schedule(&self) -> RetrySchedule {
        match self {
            Self::Email(_) => RetrySchedule::Mail,
            Self::Webhook(_) => RetrySchedule::Webhook,
        }
    }

    /// Sees whether the far end is there, without sending anything: SMTP up to login and NOOP; for a webhook an OPTIONS
    /// request, which posts nothing. Returns a line for the operator.
    ///
    /// # Errors
    /// If it is not, with the reason.
    pub async fn check(&self) -> Result<String, SendError> {
        match self {
            Self::Email(email) => email.check().await,
            Self::Webhook(webhook) => webhook.check().await,
        }
    }
}
