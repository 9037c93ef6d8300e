//! Health, readiness and metrics, asked for over a real socket.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vedetta::model::{ManualClock, Timestamp};
use vedetta::store::Store;
use vedetta::telemetry::{Metrics, PollOutcome, Progress};
use vedetta::web;

use crate::contract::World;

/// A listener over a real database.
struct Site {
    world: World,
    clock: Arc<ManualClock>,
    metrics: Metrics,
    progress: Progress,
    address: SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl Site {
    async fn start() -> Self {
        let world = World::with_feeds(3).await;
        let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let (metrics, progress) = (Metrics::new(now), Progress::new(now));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let state = web::State {
            store: world.store.clone(),
            metrics: metrics.clone(),
            progress: progress.clone(),
            writes: vedetta::telemetry::Writes::default(),
            clock: clock.clone(),
            callbacks: None,
        };
        let server = tokio::spawn(web::serve(listener, state, stop.clone()));
        Self { world, clock, metrics, progress, address, stop, server }
    }

    /// Head and body of the answer.
    async fn ask(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream
            .write_all(format!("{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.to_lowercase(), body.to_owned())
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let (head, body) = self.ask(&format!("GET {path}")).await;
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body)
    }
}

#[tokio::test]
async fn a_daemon_that_moves_and_can_write_is_healthy() {
    let site = Site::start().await;
    assert_eq!(site.get("/healthz").await, (200, "ok\n".to_owned()));
    assert_eq!(site.get("/readyz").await, (503, "starting\n".to_owned()));
    site.progress.beat("poll", Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap());
    assert_eq!(site.get("/readyz").await, (200, "ok\n".to_owned()));
}

#[tokio::test]
async fn a_stage_that_stands_still_makes_it_ill() {
    let site = Site::start().await;
    let start = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
    site.clock.advance(Duration::from_secs(90));
    site.progress.beat("deliver", start + Duration::from_secs(90));
    site.progress.beat("poll", start);
    let (status, text) = site.get("/healthz").await;
    assert_eq!((status, text.as_str()), (503, "the stage `poll` has not moved for 60 s\n"));
    assert_eq!(site.get("/readyz").await.0, 503);
}

#[tokio::test]
async fn a_database_that_takes_no_write_makes_it_ill_and_counters_stay_readable() {
    let site = Site::start().await;
    site.metrics.polled(PollOutcome::FetchFailed);
    site.world.store.close().await;
    let (status, text) = site.get("/healthz").await;
    assert_eq!(status, 503);
    assert!(text.contains("database"), "{text}");
    let (status, text) = site.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(text.contains("vedetta_database_up 0\n"), "{text}");
    assert!(text.contains("vedetta_polls_total{outcome=\"fetch_failed\"} 1\n"), "{text}");
}

#[tokio::test]
async fn metrics_are_open_metrics() {
    let site = Site::start().await;
    site.metrics.polled(PollOutcome::Changed);
    let (head, body) = site.ask("GET /metrics").await;
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(body.ends_with("# EOF\n"));
    assert_eq!(body.matches("# EOF").count(), 1);
    assert!(body.contains("vedetta_feeds 3\n") && body.contains("vedetta_database_up 1\n"), "{body}");
    let mut described = Vec::new();
    for line in body.lines().filter(|line| *line != "# EOF") {
        assert!(!line.is_empty(), "OpenMetrics has no empty lines");
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            assert!(["HELP", "TYPE", "UNIT"].contains(&kind), "{line}");
            if kind == "TYPE" {
                assert!(!described.contains(&name.to_owned()), "{name} is described twice");
                described.push(name.to_owned());
            }
            continue;
        }
        // name{label="value",…} number
        let (series, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().unwrap();
        assert!(described.iter().any(|family| name.starts_with(family.as_str())), "{line} has no type");
        assert!(series.contains('{') == series.ends_with('}'), "{line}");
    }
}

#[tokio::test]
async fn answers_let_a_browser_do_nothing() {
    let site = Site::start().await;
    for request in ["GET /healthz", "GET /metrics", "GET /no/such/%3Cscript%3E", "POST /healthz"] {
        let (head, body) = site.ask(request).await;
        assert!(head.contains("x-content-type-options: nosniff"), "{request}: {head}");
        assert!(
            head.contains("content-security-policy: default-src 'none'; frame-ancestors 'none'"),
            "{request}: {head}"
        );
        assert!(head.contains("cache-control: no-store"), "{request}: {head}");
        assert!(!body.contains("script"), "{request}: {body}");
    }
    assert_eq!(site.get("/nothing").await.0, 404);
    assert!(site.ask("POST /metrics").await.0.starts_with("http/1.1 405 "));
    assert!(site.ask("HEAD /healthz").await.0.starts_with("http/1.1 200 "));
}

#[tokio::test]
async fn silent_connections_hold_up_neither_answers_nor_the_stop() {
    let site = Site::start().await;
    let mut silent = Vec::new();
    for _ in 0..60 {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        stream.write_all(b"GET /metr").await.unwrap();
        silent.push(stream);
    }
    assert_eq!(site.get("/healthz").await.0, 200);
    let started = Instant::now();
    site.stop.cancel();
    site.server.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(TcpStream::connect(site.address).await.is_err());
}
