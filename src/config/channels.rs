//! `[channel.NAME]`.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;

use lettre::message::Mailbox;
use reqwest::header::{HeaderName, HeaderValue};

use crate::model::{ChannelName, Diagnostic, Secret, Span};
use crate::notify::{ChannelSettings, EmailSettings, SigningKey, SmtpServer, WebhookFormat, WebhookSettings};
use crate::settings::{Spanned, TableReader, TextValue};

use super::feeds::url_error;
use super::secrets::{Found, PASSWORD, SECRET, TOKEN};
use super::{Reading, codes, report_at_top};

/// A channel of the file.
pub(super) struct Configured {
    /// Where its name stands.
    pub(super) place: Span,
    /// What was read; absent after a mistake, so that routes to it are not called mistaken too.
    pub(super) settings: Option<ChannelSettings>,
}

pub(super) type Channels = BTreeMap<ChannelName, Configured>;

/// How long a message may take.
const TIMEOUTS: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(300);

/// Headers that are ours to set; `webhook-…` too.
const OUR_HEADERS: [&str; 6] =
    ["host", "content-length", "content-type", "connection", "transfer-encoding", "user-agent"];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Email,
    Webhook,
}

impl Reading<'_> {
    pub(super) fn channels(&mut self, root: &mut TableReader<'_>) -> Channels {
        let mut channels = Channels::new();
        for (name, mut table) in root.named_tables("channel") {
            table.require(&["type"]);
            let kind = table.one_of("type", &[("email", Kind::Email), ("webhook", Kind::Webhook)]);
            let channel = match ChannelName::new(&name.value) {
                Ok(channel) => Some(channel),
                Err(invalid) => {
                    table.report(
                        Diagnostic::error(codes::NAME, "a channel can't be called this")
                            .label(name.span, invalid.to_string()),
                    );
                    None
                }
            };
            let settings = match kind {
                Some(Spanned { value: Kind::Email, .. }) => {
                    let settings = self.email(&mut table, &name.value).map(ChannelSettings::Email);
                    table.finish();
                    settings
                }
                Some(Spanned { value: Kind::Webhook, .. }) => {
                    let settings = self.webhook(&mut table, &name.value).map(ChannelSettings::Webhook);
                    table.finish();
                    settings
                }
                // Which keys belong here is not known without its type; but secrets are concealed all the same.
                None => {
                    for keys in [PASSWORD, SECRET, TOKEN] {
                        self.secrets.extend(table.value(keys.inline).map(|item| item.span()));
                    }
                    None
                }
            };
            if let Some(channel) = channel {
                channels.insert(channel, Configured { place: name.span, settings });
            }
        }
        if !root.has("channel") && !root.is_damaged() {
            report_at_top(
                root,
                Diagnostic::warning(codes::NO_CHANNEL, "there is no channel: nobody will be told")
                    .help("add a `[channel.NAME]` with its `type`, `\"email\"` or `\"webhook\"`"),
            );
        }
        channels
    }

    fn email(&mut self, table: &mut TableReader<'_>, name: &str) -> Option<EmailSettings> {
        table.require(&["smtp", "from", "to"]);
        let server = table.text("smtp").and_then(|written| smtp_server(table, &written));
        let from = table.text("from").and_then(|written| mailbox(table, &written).map(|mailbox| mailbox.to_string()));
        let to = recipients(table);
        let username = table.string("username");
        let has_password_key = table.has(PASSWORD.inline) || table.has(PASSWORD.file);
        let password = self.secret(table, name, PASSWORD).into_iter().next();
        let timeout = table.duration("timeout", TIMEOUTS);
        match (&username, &password) {
            (Some(username), None) if !has_password_key => {
                table.report(
                    Diagnostic::error(codes::SECRET, "there is no password for this user name")
                        .label(username.span, "")
                        .help(Self::secret_help(name, PASSWORD)),
                );
            }
            (None, Some(password)) if has_password_key && !table.has("username") => {
                table.report(
                    Diagnostic::error(codes::KEYS, "a password says nothing without `username`")
                        .label(password.blame, "")
                        .help("add `username`, or leave the password out"),
                );
            }
            _ => {}
        }
        let signs_in = username.is_some();
        Some(EmailSettings {
            server: server?,
            from: from?,
            to: to?,
            username: username.map(|username| username.value),
            password: password.filter(|_| signs_in).map(|found| found.secret),
            timeout: timeout.map_or(EmailSettings::TIMEOUT, |timeout| timeout.value),
        })
    }

    fn webhook(&mut self, table: &mut TableReader<'_>, name: &str) -> Option<WebhookSettings> {
        table.require(&["url"]);
        let url = table.text("url").and_then(|written| endpoint(table, &written, "webhook"));
        let format = table.one_of("format", &WebhookFormat::ALL).map_or(WebhookFormat::Json, |format| format.value);
        let found = self.secret(table, name, SECRET);
        let signing_keys = signing_keys(table, found);
        let token = self.secret(table, name, TOKEN).into_iter().next();
        let headers = self.headers(table);
        let timeout = table.duration("timeout", TIMEOUTS);
        if let Some(token) = &token
            && !matches!(format, WebhookFormat::Ntfy | WebhookFormat::Gotify)
            && (table.has(TOKEN.inline) || table.has(TOKEN.file))
        {
            table.report(
                Diagnostic::error(codes::KEYS, "only `format = \"ntfy\"` and `\"gotify\"` know a token")
                    .label(token.blame, "")
                    .help("for other services, write `headers = { Authorization = \"…\" }` or put it into `url`"),
            );
        }
        Some(WebhookSettings {
            url: url?,
            format,
            signing_keys,
            headers,
            token: token.map(|found| found.secret),
            timeout: timeout.map_or(WebhookSettings::TIMEOUT, |timeout| timeout.value),
        })
    }

    fn headers(&mut self, table: &mut TableReader<'_>) -> Vec<(String, Secret)> {
        let mut headers = Vec::new();
        for (name, value) in table.string_map("headers").unwrap_or_default() {
            self.secrets.push(value.span);
            let lower = name.value.to_ascii_lowercase();
            let problem = if HeaderName::from_str(&name.value).is_err() {
                Some("this is not the name of a header")
            } else if OUR_HEADERS.contains(&lower.as_str()) || lower.starts_with("webhook-") {
                Some("this header is set by vedetta itself")
            } else if HeaderValue::from_str(&value.text).is_err() {
                Some("the value of this header can't be sent: it has control characters")
            } else if headers.iter().any(|(known, _)| *known == lower) {
                Some("this header is given twice: names differ in case only")
            } else {
                None
            };
            match problem {
                Some(problem) => table.report(Diagnostic::error(codes::HEADER, problem).label(name.span, "")),
                None => headers.push((lower, Secret::new(value.text))),
            }
        }
        headers
    }
}

fn smtp_server(table: &TableReader<'_>, written: &TextValue) -> Option<SmtpServer> {
    match SmtpServer::parse(&written.text) {
        Ok(server) => Some(server),
        Err(why) => {
            table.report(
                Diagnostic::error(codes::URL, "this mail server's address can't be used")
                    .label(written.content(), why)
                    .help("for example `smtps://mail.example.org` or `smtp+starttls://mail.example.org:587`"),
            );
            None
        }
    }
}

fn mailbox(table: &TableReader<'_>, written: &TextValue) -> Option<Mailbox> {
    match Mailbox::from_str(written.text.trim()) {
        Ok(mailbox) if !written.text.contains(char::is_control) => Some(mailbox),
        _ => {
            table.report(
                Diagnostic::error(codes::MAILBOX, "this is not a mail address")
                    .label(written.content(), "expected `name@example.org` or `Name <name@example.org>`"),
            );
            None
        }
    }
}

/// The recipients' addresses, each once. `None` after a mistake.
fn recipients(table: &mut TableReader<'_>) -> Option<Vec<String>> {
    let written = table.texts("to")?;
    let count = written.len();
    let mut addresses: Vec<(String, Span)> = Vec::with_capacity(count);
    let mut good = true;
    for written in &written {
        let Some(mailbox) = mailbox(table, written) else {
            good = false;
            continue;
        };
        let address = mailbox.email.to_string();
        match addresses.iter().find(|(known, _)| known.eq_ignore_ascii_case(&address)) {
            Some((_, first)) => table.report(
                Diagnostic::warning(codes::RECIPIENT_TWICE, "this recipient is named twice and gets one message")
                    .label(written.content(), "again here")
                    .label(*first, "first here"),
            ),
            None => addresses.push((address, written.content())),
        }
    }
    if count == 0 {
        let place = table.key_span("to").unwrap_or_else(|| table.span());
        table.report(
            Diagnostic::error(codes::NOBODY, "this channel has no recipient")
                .label(place, "")
                .help("name at least one mail address"),
        );
        return None;
    }
    good.then(|| addresses.into_iter().map(|(address, _)| address).collect())
}

/// An address that the operator wants asked; `what` is there.
pub(super) fn endpoint(table: &TableReader<'_>, written: &TextValue, what: &str) -> Option<url::Url> {
    let refuse = |why: String, help: &str| {
        table.report(
            Diagnostic::error(codes::URL, format!("this {what}'s address can't be used"))
                .label(written.content(), why)
                .help(help),
        );
        None
    };
    let whole = "write the whole address, beginning with `https://`";
    let url = match url::Url::parse(written.text.trim()) {
        Ok(url) => url,
        Err(error) => return refuse(url_error(error), whole),
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return refuse("it is neither http nor https".to_owned(), whole);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "it carries a user name or password".to_owned(),
            "put them into `headers = { Authorization = \"Basic …\" }`",
        );
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() == "http" && !loopback {
        table.report(
            Diagnostic::warning(codes::UNENCRYPTED, format!("this {what}'s messages go over the network unencrypted"))
                .label(written.content(), "")
                .help("use `https://` if the other side can"),
        );
    }
    Some(url)
}

fn signing_keys(table: &TableReader<'_>, found: Vec<Found>) -> Vec<SigningKey> {
    let mut keys = Vec::with_capacity(found.len());
    for found in found {
        match SigningKey::parse(&found.secret) {
            Ok(key) => keys.push(key),
            Err(error) => table.report(
                Diagnostic::error(codes::SECRET, "this signing secret can't be used")
                    .label(found.blame, error.to_string())
                    .help("generate one with `echo whsec_$(openssl rand -base64 32)`"),
            ),
        }
    }
    keys
}
