//! A webhook endpoint that keeps what it gets: for `vedetta demo` and the tests. It checks signatures as a receiver
//! should, and answers as it is told.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, Response, Uri};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::model::{Clock, Secret};
use crate::notify::{SignatureError, SigningKey, verify};

/// Largest body taken, in bytes: many times what vedetta sends.
const MAX_BODY: usize = 1 << 20;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub path: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, byte for byte.
    pub body: Vec<u8>,
    /// Whether its signature holds; `None` where the endpoint has no secret.
    pub signature: Option<Result<(), SignatureError>>,
    /// The status that it was answered with.
    pub answer: u16,
}

impl Call {
    /// A header's text; empty where it is absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What the endpoint is to answer.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
    /// How long it takes to think.
    pub delay: Duration,
}

impl Answer {
    /// A bare status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

#[derive(Debug)]
struct Endpoint {
    calls: Mutex<Vec<Call>>,
    answers: Mutex<VecDeque<Answer>>,
    count: watch::Sender<usize>,
    key: Option<SigningKey>,
    clock: Arc<dyn Clock>,
}

/// A running endpoint; stops when dropped.
#[derive(Debug)]
pub struct Hook {
    endpoint: Arc<Endpoint>,
    task: JoinHandle<()>,
}

impl Hook {
    /// Starts an endpoint on a free loopback port, at any path. With a secret it checks signatures, against `clock`; it
    /// records what it thinks of them and takes the call all the same.
    ///
    /// # Errors
    /// If no port can be had, or the secret can't sign.
    pub async fn start(secret: Option<&Secret>, clock: Arc<dyn Clock>) -> io::Result<(Self, SocketAddr)> {
        let key = secret.map(SigningKey::parse).transpose().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let endpoint = Arc::new(Endpoint {
            calls: Mutex::default(),
            answers: Mutex::default(),
            count: watch::Sender::new(0),
            key,
            clock,
        });
        let router = Router::new().fallback(take).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(endpoint.clone());
        let task = tokio::spawn(async move {
            // Ends with the task; there is nobody to tell.
            let _ = axum::serve(listener, router).await;
        });
        Ok((Self { endpoint, task }, address))
    }

    /// Answers the calls to come with these, in order, and 200 after them.
    pub fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.endpoint.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers);
    }

    /// All calls so far, in the order in which they came.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.endpoint.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until at least `count` calls are there or the time is up; returns what is there.
    pub async fn wait_for(&self, count: usize, timeout: Duration) -> Vec<Call> {
        let mut watcher = self.endpoint.count.subscribe();
        // Whether it came in time shows in what is returned.
        let _ = tokio::time::timeout(timeout, watcher.wait_for(|n| *n >= count)).await;
        self.calls()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(
    State(endpoint): State<Arc<Endpoint>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let text = |name: &'static str| {
        headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureError::Header(name))
    };
    let signature = endpoint.key.as_ref().map(|key| {
        let (id, time, signatures) = (text("webhook-id")?, text("webhook-timestamp")?, text("webhook-signature")?);
        verify(key, id, time, signatures, &body, endpoint.clock.now())
    });
    let answer = endpoint.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let answer = answer.unwrap_or_else(|| Answer { body: "ok".into(), ..Answer::status(200) });
    let call = Call {
        method,
        path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: headers.clone(),
        body: body.to_vec(),
        signature,
        answer: answer.status,
    };
    let count = {
        let mut calls = endpoint.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call);
        calls.len()
    };
    endpoint.count.send_replace(count);
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_default()
}
