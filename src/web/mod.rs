//! The HTTP listener: health, readiness and metrics, and the callbacks of hubs. In: requests from this machine, or through a
//! proxy. Out: what the daemon knows of itself; only a hub that knows its token can change anything.
//!
//! `/healthz` asks for more than a process that answers: every stage must have moved lately and the database must take a
//! write. The price is a small write per question, so answers are kept for a second.

mod callback;
mod listener;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State as Extracted};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, serve as serve_http};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::model::Clock;
use crate::store::Store;
use crate::telemetry::{self, Metrics, Progress, Writes};

pub use callback::{Callbacks, HubQuery};
use listener::LimitedListener;

/// A stage that has not moved for so long is stuck. Stages look around every few seconds.
const STUCK_AFTER: Duration = Duration::from_secs(60);
/// The database has this long to take a write or read its figures.
const DATABASE_PATIENCE: Duration = Duration::from_secs(5);
/// Any request has this long.
const REQUEST_DEADLINE: Duration = Duration::from_secs(10);
/// For so long a verdict on our health is kept.
const VERDICT_AGE: Duration = Duration::from_secs(1);
/// Largest request body, in bytes. Nothing but the callbacks of hubs reads one, within their own limit.
const MAX_BODY_BYTES: usize = 64 << 10;
/// After a stop, requests in hand have this long.
const STOP_PATIENCE: Duration = Duration::from_secs(2);

/// What the listener speaks of.
#[derive(Debug, Clone)]
pub struct State {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Counters.
    pub metrics: Metrics,
    /// Signs of life.
    pub progress: Progress,
    /// Whether the database takes writes.
    pub writes: Writes,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who answers hubs; `None`: nobody.
    pub callbacks: Option<Arc<dyn Callbacks>>,
}

/// Serves until `stop` is cancelled, and then at most two seconds longer.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(listener: TcpListener, state: State, stop: CancellationToken) -> io::Result<()> {
    let router = router(state, stop.clone());
    let server =
        serve_http(LimitedListener::new(listener), router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let stopped = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_PATIENCE).await;
    };
    tokio::select! {
        ended = server => ended,
        () = stopped => Ok(()),
    }
}

/// Answers every request with 503 and the reason, until `stop` is cancelled: for a daemon that has no database yet.
///
/// # Errors
/// If the listener breaks.
pub async fn serve_ill(listener: TcpListener, reason: &'static str, stop: CancellationToken) -> io::Result<()> {
    let answer = async move || Answer(StatusCode::SERVICE_UNAVAILABLE, reason.to_owned());
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::max(MAX_BODY_BYTES)).layer(from_fn(bounded));
    let server = serve_http(LimitedListener::new(listener), router);
    tokio::select! {
        ended = server => ended,
        () = stop.cancelled() => Ok(()),
    }
}

/// The routes, for serving on something else than a TCP listener.
pub fn router(state: State, stop: CancellationToken) -> Router {
    let shared = Arc::new(Shared { state, stop, verdict: Mutex::new(None), bodies: callback::Bodies::default() });
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/websub/{token}", get(callback::verify).post(callback::deliver))
        .fallback(async || Answer(StatusCode::NOT_FOUND, "nothing here; try /healthz, /readyz or /metrics".to_owned()))
        .method_not_allowed_fallback(async || Answer(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD".to_owned()))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(from_fn(bounded))
        .with_state(shared)
}

#[derive(Debug)]
struct Shared {
    state: State,
    stop: CancellationToken,
    /// The last verdict and when it was made: many askers cost one write.
    verdict: Mutex<Option<(Instant, Result<(), Illness>)>>,
    bodies: callback::Bodies,
}

/// Why the daemon is not well.
#[derive(Debug, Clone)]
enum Illness {
    Stuck(&'static str),
    Database(String),
    Starting,
    Stopping,
}

impl fmt::Display for Illness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stuck(stage) => write!(f, "the stage `{stage}` has not moved for {} s", STUCK_AFTER.as_secs()),
            Self::Database(reason) => write!(f, "{reason}"),
            Self::Starting => f.write_str("starting"),
            Self::Stopping => f.write_str("stopping"),
        }
    }
}

impl Shared {
    fn callbacks(&self) -> Option<&Arc<dyn Callbacks>> {
        self.state.callbacks.as_ref()
    }

    async fn health(&self) -> Result<(), Illness> {
        // Held while the database is asked, so that others wait for the answer instead of asking too.
        let mut verdict = self.verdict.lock().await;
        if let Some((made, verdict)) = &*verdict
            && made.elapsed() < VERDICT_AGE
        {
            return verdict.clone();
        }
        let fresh = self.examine().await;
        *verdict = Some((Instant::now(), fresh.clone()));
        fresh
    }

    async fn examine(&self) -> Result<(), Illness> {
        let State { store, progress, writes, clock, .. } = &self.state;
        if let Some(stage) = progress.stuck(clock.now(), STUCK_AFTER) {
            return Err(Illness::Stuck(stage));
        }
        // A small write may still find room where the line's own did not.
        if let Some(refusal) = writes.refusal() {
            return Err(Illness::Database(format!("the database has taken no write since {}", refusal.since)));
        }
        match timeout(DATABASE_PATIENCE, store.ping(clock.now())).await {
            Ok(Ok(())) => Ok(()),
            // The causes are in the log; an answer that anyone on the machine can read keeps to the outline.
            Ok(Err(error)) => Err(Illness::Database(error.to_string())),
            Err(_) => {
                let patience = DATABASE_PATIENCE.as_secs();
                Err(Illness::Database(format!("the database has taken no write for {patience} s")))
            }
        }
    }
}

async fn healthz(Extracted(shared): Extracted<Arc<Shared>>) -> Answer {
    shared.health().await.into()
}

async fn readyz(Extracted(shared): Extracted<Arc<Shared>>) -> Answer {
    if shared.stop.is_cancelled() {
        return Err(Illness::Stopping).into();
    }
    if !shared.state.progress.has_begun() {
        return Err(Illness::Starting).into();
    }
    shared.health().await.into()
}

async fn metrics(Extracted(shared): Extracted<Arc<Shared>>) -> Response {
    let State { store, metrics, clock, .. } = &shared.state;
    let now = clock.now();
    let stats = match timeout(DATABASE_PATIENCE, store.stats(now)).await {
        Ok(Ok(stats)) => Some(stats),
        Ok(Err(error)) => {
            tracing::debug!(error = %error, "metrics without the database's figures");
            None
        }
        Err(_) => None,
    };
    let text = metrics.scrape(stats.as_ref(), now);
    ([(CONTENT_TYPE, HeaderValue::from_static(telemetry::CONTENT_TYPE))], text).into_response()
}

/// A line of plain text.
struct Answer(StatusCode, String);

impl From<Result<(), Illness>> for Answer {
    fn from(health: Result<(), Illness>) -> Self {
        match health {
            Ok(()) => Self(StatusCode::OK, "ok".to_owned()),
            Err(illness) => Self(StatusCode::SERVICE_UNAVAILABLE, illness.to_string()),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let Self(status, mut text) = self;
        text.push('\n');
        (status, [(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"))], text).into_response()
    }
}

/// A deadline on every request, and headers that let a browser do nothing with an answer but show it.
async fn bounded(request: Request, next: Next) -> Response {
    let mut response = timeout(REQUEST_DEADLINE, next.run(request))
        .await
        .unwrap_or_else(|_| Answer(StatusCode::SERVICE_UNAVAILABLE, "this took too long".to_owned()).into_response());
    const HEADERS: [(HeaderName, HeaderValue); 4] = [
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    response.headers_mut().extend(HEADERS);
    response
}
