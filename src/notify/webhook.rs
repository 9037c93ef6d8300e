//! Webhooks: one POST, signed as the Standard Webhooks specification has it. Only 2xx is success. Redirects are not
//! followed: they would take the message, and its signature, to where nobody pointed us.
//!
//! All failures but 410 are tried again, also the other 4xx: an endpoint that answers 401 or 404 today is being
//! deployed, or mended, as often as it is gone.

use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, Method, Response, StatusCode};
use url::Url;

use crate::model::{ChannelName, Timestamp};
use crate::network::{GuardPolicy, operator_client};

use super::clean::{line, link, shorten};
use super::format;
use super::{
    ChannelError, FailureReason, Message, Receipt, SendError, SenderContext, SigningKey, WebhookFormat,
    WebhookSettings, signatures,
};

/// As much of an answer as is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// A webhook channel.
#[derive(Debug)]
pub struct Webhook {
    /// As configured; may hold a secret in its path.
    url: Url,
    /// Where requests go.
    target: Url,
    format: WebhookFormat,
    keys: Vec<SigningKey>,
    headers: HeaderMap,
    client: Client,
    timeout: Duration,
}

impl Webhook {
    pub(super) fn new(
        name: &ChannelName,
        settings: &WebhookSettings,
        context: &SenderContext,
    ) -> Result<Self, ChannelError> {
        let wrong = |what: String| ChannelError { channel: name.clone(), what, source: None };
        GuardPolicy::OperatorTarget.check(&settings.url).map_err(|error| wrong(error.to_string()))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match (settings.format, &settings.token) {
            (_, None) => {}
            (WebhookFormat::Gotify, Some(token)) => {
                headers.insert(HeaderName::from_static("x-gotify-key"), secret_value(name, token.expose())?);
            }
            (_, Some(token)) => {
                headers.insert(AUTHORIZATION, secret_value(name, &format!("Bearer {}", token.expose()))?);
            }
        }
        for (header, value) in &settings.headers {
            let header = HeaderName::from_bytes(header.as_bytes())
                .map_err(|_| wrong(format!("`{}` is not a header's name", line(header))))?;
            headers.insert(header, secret_value(name, value.expose())?);
        }
        let client = operator_client(&context.user_agent, settings.timeout).map_err(|error| ChannelError {
            channel: name.clone(),
            what: "the HTTP client can't be set up".to_owned(),
            source: Some(error.into()),
        })?;
        let target = format::target(settings.format, &settings.url);
        Ok(Self {
            url: settings.url.clone(),
            target,
            format: settings.format,
            keys: settings.signing_keys.clone(),
            headers,
            client,
            timeout: settings.timeout,
        })
    }

    pub(super) async fn send(&self, message: &Message<'_>) -> Result<Receipt, SendError> {
        let body = format::body(self.format, message.notice, &self.url).map_err(|error| {
            SendError::temporary(FailureReason::Message, "the message could not be built").because(error)
        })?;
        let mut headers = self.headers.clone();
        let (id, seconds) = (message.delivery.id.to_string(), message.now.as_seconds());
        let mut sign = |name, value: &str| {
            // Digits, hexadecimal and base64: always a header's value.
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        sign("webhook-id", &id);
        sign("webhook-timestamp", &seconds.to_string());
        if !self.keys.is_empty() {
            sign("webhook-signature", &signatures(&self.keys, &id, seconds, &body));
        }
        let request = self.client.request(Method::POST, self.target.clone()).headers(headers).body(body);
        let (status, answer_headers, answer) = self.call(request).await?;
        if status.is_success() {
            return Ok(Receipt(shorten(&line(&format!("{status} {answer}")), 300)));
        }
        Err(self.refused(status, &answer_headers, &answer, message.now))
    }

    pub(super) async fn check(&self) -> Result<String, SendError> {
        let request = self.client.request(Method::OPTIONS, self.target.clone());
        let (status, _, _) = self.call(request).await?;
        let signed = if self.keys.is_empty() { "not signed" } else { "signed" };
        Ok(format!("{} answers ({status} to OPTIONS; nothing was posted); messages are {signed}", self.name()))
    }

    /// The endpoint for messages: its host only, as paths hold secrets.
    fn name(&self) -> String {
        let host = self.target.host_str().unwrap_or("");
        let port = self.target.port().map(|port| format!(":{port}")).unwrap_or_default();
        format!("webhook {}://{host}{port}", self.target.scheme())
    }

    /// One request and the beginning of its answer, within the total time.
    async fn call(&self, request: reqwest::RequestBuilder) -> Result<(StatusCode, HeaderMap, String), SendError> {
        let call = async {
            let mut response = request.send().await.map_err(|error| self.broken(error))?;
            let headers = std::mem::take(response.headers_mut());
            Ok((response.status(), headers, beginning(response).await))
        };
        tokio::time::timeout(self.timeout, call).await.unwrap_or_else(|_| Err(self.too_slow()))
    }

    fn too_slow(&self) -> SendError {
        let what = format!("{} did not answer within {} seconds", self.name(), self.timeout.as_secs_f32());
        SendError::temporary(FailureReason::Timeout, what)
    }

    fn broken(&self, error: reqwest::Error) -> SendError {
        // The address in an error would show the secret in its path.
        let error = error.without_url();
        if error.is_timeout() {
            return self.too_slow();
        }
        let what = match error.is_connect() {
            true => format!("could not connect to {}", self.name()),
            false => format!("the request to {} broke", self.name()),
        };
        SendError::temporary(FailureReason::Connection, what).because(error)
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, answer: &str, now: Timestamp) -> SendError {
        let name = self.name();
        let answer = if answer.is_empty() { String::new() } else { format!(": {answer}") };
        let mut error = match status {
            StatusCode::GONE => SendError {
                disable_channel: true,
                ..SendError::permanent(FailureReason::Gone, format!("{name} is gone for good ({status}){answer}"))
            },
            status if status.is_redirection() => {
                let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).and_then(|text| {
                    let base = self.target.join(text).ok()?;
                    Some(format!(" to {}", link(base.as_str())?.place))
                });
                let location = location.unwrap_or_default();
                SendError::temporary(
                    FailureReason::Redirect,
                    format!(
                        "{name} redirects{location} ({status}), which is not followed: set `url` to the final address"
                    ),
                )
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                SendError::temporary(FailureReason::Busy, format!("{name} asks to try later ({status}){answer}"))
            }
            status if status.is_server_error() => {
                SendError::temporary(FailureReason::Server, format!("{name} failed ({status}){answer}"))
            }
            status => SendError::temporary(FailureReason::Refused, format!("{name} refused ({status}){answer}")),
        };
        error.retry_after = headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, now));
        error
    }
}

/// As much of the body as is of interest, one line. What breaks here does not matter: the status is known.
async fn beginning(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ANSWER {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk[..chunk.len().min(MAX_ANSWER - bytes.len())]),
            Ok(None) | Err(_) => break,
        }
    }
    shorten(&line(&String::from_utf8_lossy(&bytes)), 200)
}

/// Seconds, also with a fraction as Discord sends them, or an HTTP date (RFC 9110 §10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds.ceil()).unwrap_or(Duration::MAX));
    }
    let at = httpdate::parse_http_date(text).ok()?.duration_since(UNIX_EPOCH).ok()?;
    let at = Timestamp::from_millis(i64::try_from(at.as_millis()).ok()?);
    Some(at.since(now))
}

fn secret_value(channel: &ChannelName, text: &str) -> Result<HeaderValue, ChannelError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| ChannelError {
        channel: channel.clone(),
        what: "a token or header value holds a character that headers can't carry; is there a line break in it?".into(),
        source: None,
    })?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_fractions_and_dates() {
        let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("valid");
        for (text, expected) in [
            ("120", Some(120)),
            ("0.75", Some(1)),
            ("-3", None),
            ("soon", None),
            ("NaN", None),
            ("Sun, 22 Nov 2026 12:05:00 GMT", Some(300)),
            ("Sun, 22 Nov 2026 11:05:00 GMT", Some(0)),
        ] {
            assert_eq!(retry_after(text, now).map(|wait| wait.as_secs()), expected, "{text}");
        }
        assert_eq!(retry_after("1e300", now), Some(Duration::MAX));
    }
}
