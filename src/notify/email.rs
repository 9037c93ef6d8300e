//! Mail: one message per recipient, so that one who is refused holds up nobody else.
//!
//! A message's id is derived from its delivery and is the same on every attempt; a copy that arrives twice can be
//! recognised by it, and says `X-Vedetta-Retry`.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use lettre::address::Envelope;
use lettre::message::header::{ContentType, MIME_VERSION_1_0};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::{Address, Message as Mail};

use crate::model::{ChannelName, DeliveryId, Notice, NoticeKind, Severity};

use super::clean::line;
use super::mime::{body, text_header, words_header};
use super::render::{Rendered, render};
use super::smtp::Smtp;
use super::{ChannelError, EmailSettings, FailureReason, Message, Receipt, SendError};

/// Ids in one header; a digest may hold more.
const MAX_IDS: usize = 50;

/// A mail channel.
#[derive(Debug)]
pub struct Email {
    name: ChannelName,
    from: Mailbox,
    to: Vec<String>,
    smtp: Smtp,
    timeout: Duration,
}

impl Email {
    pub(super) fn new(name: &ChannelName, settings: &EmailSettings) -> Result<Self, ChannelError> {
        let wrong = |what: String| ChannelError { channel: name.clone(), what, source: None };
        let from =
            sender(&settings.from).map_err(|error| wrong(format!("`from`: `{}`: {error}", line(&settings.from))))?;
        for recipient in &settings.to {
            Address::from_str(recipient).map_err(|error| wrong(format!("`to`: `{}`: {error}", line(recipient))))?;
        }
        let smtp = Smtp::new(settings, from.email.domain()).map_err(|error| ChannelError {
            channel: name.clone(),
            what: "TLS can't be set up".to_owned(),
            source: Some(error.into()),
        })?;
        Ok(Self { name: name.clone(), from, to: settings.to.clone(), smtp, timeout: settings.timeout })
    }

    pub(super) fn recipients(&self) -> Vec<String> {
        self.to.clone()
    }

    pub(super) async fn send(&self, message: &Message<'_>) -> Result<Receipt, SendError> {
        let recipient = Address::from_str(&message.delivery.recipient).map_err(|error| {
            let what = format!("`{}` is not a mail address", line(&message.delivery.recipient));
            SendError::permanent(FailureReason::Recipient, what).because(error)
        })?;
        let rendered = render(message.notice, message.delivery, &self.name).map_err(|error| {
            SendError::temporary(FailureReason::Message, "the message could not be rendered").because(error)
        })?;
        let bytes = self.compose(message, &recipient, &rendered).map_err(|error| {
            SendError::temporary(FailureReason::Message, "the message could not be built").because(error)
        })?;
        let envelope = Envelope::new(Some(self.from.email.clone()), vec![recipient]).map_err(|error| {
            SendError::temporary(FailureReason::Message, "the message could not be built").because(error)
        })?;
        match tokio::time::timeout(self.timeout, self.smtp.send(&envelope, &bytes, message.now)).await {
            Ok(sent) => sent.map(Receipt),
            Err(_) => Err(self.too_slow()),
        }
    }

    pub(super) async fn check(&self) -> Result<String, SendError> {
        tokio::time::timeout(self.timeout, self.smtp.check()).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    fn too_slow(&self) -> SendError {
        let what = format!("{} did not finish within {} seconds", self.smtp.name(), self.timeout.as_secs_f32());
        SendError::temporary(FailureReason::Timeout, what)
    }

    /// The whole message, headers and all, CRLF at every line's end.
    fn compose(
        &self,
        message: &Message<'_>,
        recipient: &Address,
        rendered: &Rendered,
    ) -> Result<Vec<u8>, lettre::error::Error> {
        let (notice, delivery) = (message.notice, message.delivery);
        let domain = self.from.email.domain();
        let id = message_id(delivery.id, domain);
        let date = SystemTime::UNIX_EPOCH
            .checked_add(Duration::from_secs(message.now.as_seconds().try_into().unwrap_or(0)))
            .unwrap_or(SystemTime::UNIX_EPOCH);
        // A boundary that no text can hold: both bodies are encoded, and neither encoding has `=_`.
        let boundary = format!("=_{}", delivery.id);
        let part = |content_type: ContentType, text: &str| SinglePart::builder().header(content_type).body(body(text));
        let mut mail = Mail::builder()
            .header(MIME_VERSION_1_0)
            .from(self.from.clone())
            .to(Mailbox::new(None, recipient.clone()))
            .date(date)
            .raw_header(text_header("Subject", &rendered.subject))
            .raw_header(words_header("Message-ID", std::slice::from_ref(&id)))
            .raw_header(words_header("List-Id", &[list_id(notice, domain)]))
            .raw_header(words_header("Auto-Submitted", &["auto-generated".into()]))
            // Asks Exchange not to answer that its user is on holiday ([MS-OXCMAIL] §2.1.3.2.20).
            .raw_header(words_header("X-Auto-Response-Suppress", &["All".into()]));
        let severity = notice.alerts.iter().map(|alert| alert.severity).max().unwrap_or_default();
        let alerts: Vec<_> = notice.alerts.iter().take(MAX_IDS).map(|alert| alert.id.to_string()).collect();
        mail = mail
            .raw_header(words_header("X-Vedetta-Alert", &alerts))
            .raw_header(text_header("X-Vedetta-Topic", &topics(notice).join(" ")))
            .raw_header(words_header("X-Vedetta-Severity", &[severity.to_string()]));
        if severity == Severity::Urgent {
            mail = mail.raw_header(words_header("Importance", &["high".into()]));
        }
        if let Some(first) = self.thread(message) {
            let first = message_id(first, domain);
            mail = mail
                .raw_header(words_header("In-Reply-To", std::slice::from_ref(&first)))
                .raw_header(words_header("References", &[first]));
        }
        if delivery.attempt > 0 || message.maybe_sent_before {
            mail = mail.raw_header(words_header("X-Vedetta-Retry", &[delivery.attempt.max(1).to_string()]));
        }
        let alternatives = MultiPart::alternative()
            .boundary(boundary)
            .singlepart(part(ContentType::TEXT_PLAIN, &rendered.text))
            .singlepart(part(ContentType::TEXT_HTML, &rendered.html));
        mail.multipart(alternatives).map(|mail| mail.formatted())
    }

    /// The delivery that told this recipient of the story first, for a later message on it. Gathered alerts don't
    /// thread: they belong to several stories.
    fn thread(&self, message: &Message<'_>) -> Option<DeliveryId> {
        match &*message.notice.alerts {
            [one] if message.notice.kind == NoticeKind::Alert => {
                let first = one.follows?.to_string();
                Some(DeliveryId::derive(&[self.name.as_str(), &message.delivery.recipient, &first]))
            }
            _ => None,
        }
    }
}

/// `Name <address>` or an address. The name needs no quotes, whatever is in it.
fn sender(text: &str) -> Result<Mailbox, lettre::address::AddressError> {
    match text.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        Some((name, address)) => {
            let name = line(name.trim().trim_matches('"'));
            Ok(Mailbox::new(Some(name).filter(|name| !name.is_empty()), address.trim().parse()?))
        }
        None => Ok(Mailbox::new(None, text.trim().parse()?)),
    }
}

fn message_id(delivery: DeliveryId, domain: &str) -> String {
    format!("<{delivery}@{domain}>")
}

fn topics(notice: &Notice) -> Vec<&str> {
    let mut topics: Vec<_> = notice.alerts.iter().map(|alert| alert.topic.id.as_str()).collect();
    topics.sort_unstable();
    topics.dedup();
    topics.truncate(MAX_IDS);
    topics
}

/// One list per topic (RFC 2919), so that a mail client can file it; several topics together are the list `digest`.
/// A topic's id may hold any letters, a list's id only ASCII ones: others are written as their code points.
fn list_id(notice: &Notice, domain: &str) -> String {
    let topics = topics(notice);
    let [topic] = &*topics else { return format!("<digest.vedetta.{domain}>") };
    let mut label = String::new();
    for c in topic.chars() {
        match c {
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') => label.push(c),
            '.' if !label.ends_with('.') => label.push('.'),
            c => label.push_str(&format!("u{:x}", u32::from(c))),
        }
    }
    format!("<{}.vedetta.{domain}>", label.trim_end_matches('.'))
}
