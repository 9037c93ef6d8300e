//! What the operator wrote about a channel, checked.

use std::fmt;
use std::time::Duration;

use url::Url;

use crate::alert::ROOM;
use crate::model::Secret;

use super::SigningKey;

/// One channel.
#[derive(Debug, Clone, PartialEq)]
pub enum ChannelSettings {
    /// Mail by SMTP.
    Email(EmailSettings),
    /// HTTP requests.
    Webhook(WebhookSettings),
}

impl ChannelSettings {
    /// Who gets a message of their own: the mail addresses, or one empty string for a webhook.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        match self {
            Self::Email(email) => email.to.clone(),
            Self::Webhook(_) => vec![String::new()],
        }
    }

    /// How many alerts one message can list: a chat message a few, mail and JSON very many.
    #[must_use]
    pub fn room(&self) -> u32 {
        match self {
            Self::Webhook(hook) if hook.format != WebhookFormat::Json => super::format::LISTED as u32,
            _ => ROOM,
        }
    }
}

/// A mail channel.
#[derive(Debug, Clone, PartialEq)]
pub struct EmailSettings {
    /// Where mail is handed in.
    pub server: SmtpServer,
    /// The sender, `Name <address>` or an address; known to be one.
    pub from: String,
    /// The recipients' bare addresses, in the order of the file, each once.
    pub to: Vec<String>,
    /// For signing in; absent: no authentication.
    pub username: Option<String>,
    /// For signing in.
    pub password: Option<Secret>,
    /// Total time for one message; default [`EmailSettings::TIMEOUT`].
    pub timeout: Duration,
}

impl EmailSettings {
    /// The default of `timeout`: one minute.
    pub const TIMEOUT: Duration = Duration::from_secs(60);
}

/// Where mail is handed in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SmtpServer {
    /// How the connection is protected.
    pub security: SmtpSecurity,
    /// Host name or address; IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmtpSecurity {
    /// Not at all; only towards this machine.
    Plain,
    /// STARTTLS is required before anything is said (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
}

impl SmtpServer {
    /// Reads `smtp://host:port`, `smtp+starttls://…` or `smtps://…`. Without a port: 25, 587 and 465. `smtp://` is plain
    /// towards loopback, and everywhere else means that STARTTLS is required: nothing ever leaves the machine unprotected.
    ///
    /// # Errors
    /// One line that says what is wrong, to be shown to the writer; it never repeats a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, _)) = text.split_once("://") else {
            return Err("it must begin with `smtp://`, `smtp+starttls://` or `smtps://`".to_owned());
        };
        let (wanted, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "smtp" => (SmtpSecurity::Plain, 25),
            "smtp+starttls" => (SmtpSecurity::StartTls, 587),
            "smtps" => (SmtpSecurity::Implicit, 465),
            _ => return Err("it must begin with `smtp://`, `smtp+starttls://` or `smtps://`".to_owned()),
        };
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("user and password don't belong here; use `username` and `password_file`".to_owned());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("nothing may follow the host and port".to_owned());
        }
        // For a scheme that is not of the web, the URL parser leaves the host as it is.
        let written = url.host_str().filter(|host| !host.is_empty()).ok_or("it names no host")?;
        let host = url::Host::parse(written).map_err(|_| format!("`{written}` is not a host name"))?;
        let loopback = match &host {
            url::Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        let host = match host {
            url::Host::Ipv6(address) => address.to_string(),
            other => other.to_string(),
        };
        let port = match url.port() {
            Some(0) => return Err("port 0 is not a port".to_owned()),
            port => port.unwrap_or(default_port),
        };
        let security = match wanted {
            SmtpSecurity::Plain if !loopback => SmtpSecurity::StartTls,
            other => other,
        };
        Ok(Self { security, host, port })
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.security {
            SmtpSecurity::Plain => "smtp",
            SmtpSecurity::StartTls => "smtp+starttls",
            SmtpSecurity::Implicit => "smtps",
        };
        if self.host.contains(':') {
            write!(f, "{scheme}://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// A webhook channel.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookSettings {
    /// Where requests go; `http` or `https`. May hold a secret in its path: print its host only.
    pub url: Url,
    /// What the body looks like.
    pub format: WebhookFormat,
    /// Standard Webhooks keys; requests carry a signature by each, so that keys can be rotated. Empty: not signed.
    pub signing_keys: Vec<SigningKey>,
    /// Additional request headers, names in lower case. A value may be a credential.
    pub headers: Vec<(String, Secret)>,
    /// The access token of ntfy or Gotify.
    pub token: Option<Secret>,
    /// Total time for one request; default [`WebhookSettings::TIMEOUT`].
    pub timeout: Duration,
}

impl WebhookSettings {
    /// The default of `timeout`: 20 seconds.
    pub const TIMEOUT: Duration = Duration::from_secs(20);
}

/// What a webhook's body looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum WebhookFormat {
    /// vedetta's own JSON.
    #[default]
    Json,
    /// Slack's incoming webhooks.
    Slack,
    /// Discord's webhooks.
    Discord,
    /// Microsoft Teams' workflows.
    Teams,
    /// Mattermost's incoming webhooks.
    Mattermost,
    /// ntfy's publishing API.
    Ntfy,
    /// Gotify's message API.
    Gotify,
}

impl WebhookFormat {
    /// All of them with the words that name them in the configuration.
    pub const ALL: [(&'static str, Self); 7] = [
        ("json", Self::Json),
        ("slack", Self::Slack),
        ("discord", Self::Discord),
        ("teams", Self::Teams),
        ("mattermost", Self::Mattermost),
        ("ntfy", Self::Ntfy),
        ("gotify", Self::Gotify),
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_never_leaves_the_machine_unprotected() {
        for (text, shown) in [
            ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("smtp://localhost", "smtp://localhost:25"),
            ("smtp://[::1]:2525", "smtp://[::1]:2525"),
            ("smtp://mail.example.org", "smtp+starttls://mail.example.org:25"),
            ("smtp://10.0.0.5:25", "smtp+starttls://10.0.0.5:25"),
            ("smtp+starttls://localhost", "smtp+starttls://localhost:587"),
            ("smtp+starttls://mail.example.org", "smtp+starttls://mail.example.org:587"),
            ("SMTPS://Mail.Example.org", "smtps://mail.example.org:465"),
            ("smtp://127.1", "smtp://127.0.0.1:25"),
        ] {
            assert_eq!(SmtpServer::parse(text).map(|server| server.to_string()).as_deref(), Ok(shown), "{text}");
        }
    }

    #[test]
    fn a_bad_mail_server_says_why_and_never_repeats_a_password() {
        for (text, why) in [
            ("mail.example.org:25", "must begin with"),
            ("http://mail.example.org", "must begin with"),
            ("smtp://", "host"),
            ("smtp://a b", "domain"),
            ("smtp://anna:segreto@mail.example.org", "password_file"),
            ("smtps://mail.example.org/inbox", "nothing may follow"),
            ("smtp://mail.example.org:99999", "port"),
        ] {
            let error = SmtpServer::parse(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("segreto"), "{error}");
        }
    }
}
