//! Handing a message in over SMTP: connect, protect, sign in, and the three commands that matter.
//!
//! The pool is our own, of a few lines, although the library has one: there, a conversation that is given up half-way
//! (a deadline, a shutdown) goes back to the pool, and the next message would read the replies to the last. Here a
//! connection is out of the pool while it is used and comes back only after a message's last reply has been read.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::address::Envelope;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Noop, Quit, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};

use crate::model::Timestamp;

use super::clean::{line, shorten};
use super::{EmailSettings, FailureReason, SendError, SmtpSecurity, SmtpServer};

/// Connections kept open between messages.
const MAX_IDLE: usize = 4;
/// How long one may stay open unused. Postfix hangs up after 100 s to 300 s (`smtpd_timeout`); well below.
const MAX_IDLE_TIME: Duration = Duration::from_secs(60);
/// Messages over one connection; some servers count and refuse at 100.
const MAX_MESSAGES: u32 = 50;

pub(super) struct Smtp {
    server: SmtpServer,
    tls: Option<TlsParameters>,
    hello: ClientId,
    credentials: Option<Credentials>,
    /// Limit of each single step; the caller has one for all of them.
    timeout: Duration,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: AsyncSmtpConnection,
    messages: u32,
    since: Timestamp,
}

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Idle").field("messages", &self.messages).field("since", &self.since).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).field("idle", &self.idle).finish_non_exhaustive()
    }
}

impl Smtp {
    pub(super) fn new(settings: &EmailSettings, domain: &str) -> Result<Self, Error> {
        let server = settings.server.clone();
        let tls = match server.security {
            SmtpSecurity::Plain => None,
            SmtpSecurity::StartTls | SmtpSecurity::Implicit => Some(TlsParameters::new(server.host.clone())?),
        };
        let credentials = settings.username.as_ref().map(|username| {
            let password = settings.password.as_ref().map_or("", |password| password.expose());
            Credentials::new(username.clone(), password.to_owned())
        });
        // This machine's name where it has a full one; else the sender's domain, which servers check more kindly than a
        // bare `localhost`.
        let hello = match ClientId::default() {
            ClientId::Domain(name) if name.contains('.') => ClientId::Domain(name),
            _ => ClientId::Domain(domain.to_owned()),
        };
        Ok(Self { server, tls, hello, credentials, timeout: settings.timeout, idle: Mutex::default() })
    }

    /// The server, for messages.
    pub(super) fn name(&self) -> String {
        format!("mail server {}", self.server)
    }

    /// Hands in one message. Returns the server's words.
    pub(super) async fn send(&self, envelope: &Envelope, bytes: &[u8], now: Timestamp) -> Result<String, SendError> {
        let (mut connection, messages) = self.take(now).await?;
        let sent = self.hand_in(&mut connection, envelope, bytes).await?;
        if messages + 1 < MAX_MESSAGES {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.retain(|one| now.since(one.since) < MAX_IDLE_TIME);
            if idle.len() < MAX_IDLE {
                idle.push(Idle { connection, messages: messages + 1, since: now });
            }
        }
        Ok(sent)
    }

    /// Connects, signs in and asks for nothing.
    pub(super) async fn check(&self) -> Result<String, SendError> {
        let mut connection = self.connect().await?;
        connection.command(Noop).await.map_err(|error| self.failed(Step::Noop, error))?;
        // The answer to a farewell tells nothing.
        let _ = connection.command(Quit).await;
        let signed_in = if self.credentials.is_some() { ", signed in" } else { "" };
        let protected = if self.tls.is_some() { " with TLS" } else { "" };
        Ok(format!("{} answers{protected}{signed_in}", self.name()))
    }

    /// An idle connection that still answers, or a new one; and how many messages went over it.
    async fn take(&self, now: Timestamp) -> Result<(AsyncSmtpConnection, u32), SendError> {
        loop {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(Idle { mut connection, messages, since }) = idle else { break };
            if now.since(since) < MAX_IDLE_TIME && connection.test_connected().await {
                return Ok((connection, messages));
            }
        }
        Ok((self.connect().await?, 0))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let implicit = match self.server.security {
            SmtpSecurity::Implicit => self.tls.clone(),
            SmtpSecurity::Plain | SmtpSecurity::StartTls => None,
        };
        let address = (self.server.host.as_str(), self.server.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(address, Some(self.timeout), &self.hello, implicit, None)
                .await
                .map_err(|error| self.failed(Step::Connect, error))?;
        if let (SmtpSecurity::StartTls, Some(tls)) = (self.server.security, &self.tls) {
            if !connection.can_starttls() {
                return Err(SendError::temporary(
                    FailureReason::Tls,
                    format!("{} offers no STARTTLS, and nothing is sent unprotected", self.name()),
                ));
            }
            connection.starttls(tls.clone(), &self.hello).await.map_err(|error| self.failed(Step::StartTls, error))?;
        }
        if let Some(credentials) = &self.credentials {
            connection
                .auth(&[Mechanism::Plain, Mechanism::Login], credentials)
                .await
                .map_err(|error| self.failed(Step::Login, error))?;
        }
        Ok(connection)
    }

    async fn hand_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        envelope: &Envelope,
        bytes: &[u8],
    ) -> Result<String, SendError> {
        let mut parameters = Vec::new();
        let ascii = envelope.to().iter().chain(envelope.from()).all(|address| AsRef::<str>::as_ref(address).is_ascii());
        if !ascii {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let what = format!("{} does not take addresses with letters beyond ASCII", self.name());
                return Err(SendError::permanent(FailureReason::Recipient, what));
            }
            parameters.push(MailParameter::SmtpUtfEight);
        }
        let from = Mail::new(envelope.from().cloned(), parameters);
        connection.command(from).await.map_err(|error| self.failed(Step::Sender, error))?;
        for recipient in envelope.to() {
            let command = Rcpt::new(recipient.clone(), Vec::new());
            connection.command(command).await.map_err(|error| self.failed(Step::Recipient, error))?;
        }
        connection.command(Data).await.map_err(|error| self.failed(Step::Data, error))?;
        let response = connection.message(bytes).await.map_err(|error| self.failed(Step::Message, error))?;
        let words = response.message().collect::<Vec<_>>().join(" ");
        Ok(shorten(&line(&format!("{} {words}", response.code())), 300))
    }

    /// Only a refusal of the recipient or of the message itself is for good. A refused sender, login or greeting is
    /// something that an operator mends, and until then the message waits.
    fn failed(&self, step: Step, error: Error) -> SendError {
        let name = self.name();
        let (reason, what) = match step {
            _ if self.tls.is_some() && is_tls(&error) => {
                (FailureReason::Tls, format!("no trusted TLS connection to {name}"))
            }
            _ if error.is_timeout() => (FailureReason::Timeout, format!("{name} did not answer in time")),
            _ if error.is_transient() => (FailureReason::Busy, format!("{name} asks to try later")),
            Step::Connect => (FailureReason::Connection, format!("could not connect to {name}")),
            Step::StartTls => (FailureReason::Tls, format!("{name} did not begin TLS")),
            Step::Login => (FailureReason::Login, format!("{name} did not accept the login")),
            Step::Recipient if error.is_permanent() => {
                return SendError::permanent(FailureReason::Recipient, format!("{name} refused the recipient"))
                    .because(error);
            }
            Step::Data | Step::Message if error.is_permanent() => {
                return SendError::permanent(FailureReason::Refused, format!("{name} refused the message"))
                    .because(error);
            }
            Step::Sender if error.is_permanent() => (FailureReason::Refused, format!("{name} refused the sender")),
            Step::Message => {
                (FailureReason::Connection, format!("{name} hung up before it said that it took the message"))
            }
            _ => (FailureReason::Connection, format!("the conversation with {name} broke")),
        };
        SendError::temporary(reason, what).because(error)
    }
}

/// Whether TLS is what failed. The library says so only of STARTTLS; in a handshake at the beginning rustls' errors come
/// as invalid data.
fn is_tls(error: &Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::InvalidData) {
            return true;
        }
        source = cause.source();
    }
    error.is_tls()
}

/// Where in the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connect,
    StartTls,
    Login,
    Noop,
    Sender,
    Recipient,
    Data,
    Message,
}
