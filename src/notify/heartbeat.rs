//! The heartbeat: a request now and then to a service that raises the alarm when none comes (a dead man's switch:
//! healthchecks.io, Uptime Kuma, Dead Man's Snitch). Whether vedetta is well enough to send one is the caller's to say.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use url::Url;

use crate::network::{GuardPolicy, describe, operator_client};

use super::SenderContext;

/// Time for one request. Whoever waits for it stands still meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);

/// `[heartbeat]`.
#[derive(Clone, PartialEq, Eq)]
pub struct HeartbeatSettings {
    /// Where the request goes; its path is as good as a password.
    pub url: Url,
    /// How often.
    pub every: Duration,
    /// How.
    pub method: HeartbeatMethod,
}

impl fmt::Debug for HeartbeatSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, every, method } = self;
        f.debug_struct("HeartbeatSettings")
            .field("host", &url.host_str())
            .field("every", every)
            .field("method", method)
            .finish_non_exhaustive()
    }
}

impl HeartbeatSettings {
    /// The default of `every`: 5 minutes.
    pub const EVERY: Duration = Duration::from_mins(5);
}

/// The request's method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeartbeatMethod {
    /// `GET`
    #[default]
    Get,
    /// `POST`, with an empty body.
    Post,
}

impl HeartbeatMethod {
    /// Both with the words that name them in the configuration.
    pub const ALL: [(&'static str, Self); 2] = [("get", Self::Get), ("post", Self::Post)];
}

/// Sends heartbeats.
#[derive(Debug)]
pub struct Heartbeat {
    settings: HeartbeatSettings,
    client: Client,
}

impl Heartbeat {
    /// Private addresses are fine, link-local and metadata addresses are refused, redirects are not followed.
    ///
    /// # Errors
    /// If the address may not be asked, or TLS can't be set up.
    pub fn new(
        settings: &HeartbeatSettings,
        context: &SenderContext,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        GuardPolicy::OperatorTarget.check(&settings.url)?;
        let client = operator_client(&context.user_agent, TIMEOUT)?;
        Ok(Self { settings: settings.clone(), client })
    }

    /// How often it is to be sent.
    #[must_use]
    pub const fn every(&self) -> Duration {
        self.settings.every
    }

    /// Sends one. Takes at most ten seconds.
    ///
    /// # Errors
    /// What went wrong, in a line without the address's path.
    pub async fn send(&self) -> Result<(), String> {
        let method = match self.settings.method {
            HeartbeatMethod::Get => Method::GET,
            HeartbeatMethod::Post => Method::POST,
        };
        let status = self.ask(method, self.settings.url.clone()).await?;
        if status.is_success() { Ok(()) } else { Err(format!("{} answered {status}", self.host())) }
    }

    /// Tries whether its service answers, without sending one: services count any GET, HEAD or POST of the address, so only
    /// the host is asked, by OPTIONS. Whether the path is right shows with the first beat. Takes at most ten seconds.
    ///
    /// # Errors
    /// If nobody answers, the certificate is bad, or the service has trouble of its own (5xx).
    pub async fn check(&self) -> Result<String, String> {
        let mut root = self.settings.url.clone();
        root.set_path("/");
        root.set_query(None);
        root.set_fragment(None);
        let status = self.ask(Method::OPTIONS, root).await?;
        if status.is_server_error() {
            return Err(format!("{} answered {status}", self.host()));
        }
        Ok(format!("{} answers ({status} to OPTIONS; no beat was sent, so its path was not tried)", self.host()))
    }

    fn host(&self) -> &str {
        self.settings.url.host_str().unwrap_or_default()
    }

    async fn ask(&self, method: Method, url: Url) -> Result<StatusCode, String> {
        let host = self.host();
        match tokio::time::timeout(TIMEOUT, self.client.request(method, url).send()).await {
            Ok(Ok(response)) => Ok(response.status()),
            Ok(Err(error)) => Err(format!("{host}: {}", describe(&error.without_url()))),
            Err(_) => Err(format!("{host} did not answer within {} seconds", TIMEOUT.as_secs())),
        }
    }
}
