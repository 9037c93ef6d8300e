//! The guarded HTTP client against honest, clumsy and hostile servers on loopback.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_compression::Level;
use async_compression::tokio::write::{BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use vedetta::fetch::{Client, Document, FetchError, Fetched, Kind, Limits, NetworkSettings, PollEnd, Request};
use vedetta::model::Validators;

/// What a server does with one request.
enum Reply {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, then the connection is closed.
    Close(Vec<u8>),
    /// The first bytes, then the second ones over and over, with a pause before each.
    Forever(Vec<u8>, Vec<u8>, Duration),
}

/// A server that answers with raw bytes and remembers what it was asked.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// `answer` gets the path and the whole request head.
    async fn start(answer: impl Fn(&str, &str) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let answer = Arc::new(answer);
        let (count, log) = (Arc::clone(&connections), Arc::clone(&requests));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { address, connections, requests }
    }

    /// A server that gives everyone the same answer.
    async fn always(reply: impl Into<Vec<u8>>) -> Self {
        let reply = reply.into();
        Self::start(move |_, _| Reply::Bytes(reply.clone())).await
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    fn rule(&self) -> String {
        self.address.to_string()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn converse<F: Fn(&str, &str) -> Reply>(
    mut stream: TcpStream,
    answer: Arc<F>,
    log: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return Ok(()),
            }
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        log.lock().unwrap().push(head.clone());
        match answer(&path, &head) {
            Reply::Bytes(bytes) => stream.write_all(&bytes).await?,
            Reply::Close(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Forever(start, again, pause) => {
                stream.write_all(&start).await?;
                loop {
                    tokio::time::sleep(pause).await;
                    stream.write_all(&again).await?;
                }
            }
        }
    }
}

fn settings(allow: &[String]) -> NetworkSettings {
    NetworkSettings {
        allow: allow.iter().map(|rule| rule.parse().unwrap()).collect(),
        user_agent: "vedetta-test/1 (+https://example.org/bot)".into(),
        connect_timeout: Duration::from_secs(2),
        feed_deadline: Duration::from_secs(5),
        max_body_bytes: 10 << 20,
        ..NetworkSettings::default()
    }
}

fn client(servers: &[&Server]) -> Client {
    Client::new(&settings(&servers.iter().map(|server| server.rule()).collect::<Vec<_>>())).unwrap()
}

/// A client with the given deadline and patience for slow bodies.
fn hasty(server: &Server, deadline: Duration, slow_start: Duration) -> Client {
    let settings = NetworkSettings { feed_deadline: deadline, ..settings(&[server.rule()]) };
    Client::with_limits(&settings, Limits { slow_start, ..Limits::default() }).unwrap()
}

async fn get(client: &Client, url: &Url) -> Result<Fetched, FetchError> {
    client.fetch(&Request { url, kind: Kind::Feed, validators: None }).await
}

async fn document(client: &Client, url: &Url) -> Document {
    match get(client, url).await {
        Ok(Fetched::Document(document)) => *document,
        other => panic!("expected a document from {url}, got {other:?}"),
    }
}

async fn refusal(client: &Client, url: &Url) -> FetchError {
    get(client, url).await.expect_err("an error")
}

/// A whole 200 answer with a `Content-Length`.
fn ok(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The same in chunks.
fn chunked(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(50_000) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

fn redirect(status: u16, to: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {to}\r\nContent-Length: 5\r\n\r\nmoved").into_bytes()
}

async fn encode(coding: &str, body: &[u8]) -> Vec<u8> {
    macro_rules! with {
        ($encoder:ident) => {{
            let mut encoder = $encoder::new(Vec::new());
            encoder.write_all(body).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    match coding {
        "gzip" => with!(GzipEncoder),
        "br" => {
            let mut encoder = BrotliEncoder::with_quality(Vec::new(), Level::Fastest);
            encoder.write_all(body).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }
        "zstd" => with!(ZstdEncoder),
        "zlib" => with!(ZlibEncoder),
        "deflate" => with!(DeflateEncoder),
        _ => unreachable!(),
    }
}

const FEED: &str = "<rss version=\"2.0\"><channel><title>Новости · 新闻 · أخبار</title></channel></rss>";

#[tokio::test]
async fn a_document_comes_with_what_was_said_about_it() {
    let headers = "Content-Type: application/rss+xml; charset=utf-8\r\nETag: W/\"v1\"\r\nCache-Control: max-age=900\r\n\
                   Last-Modified: Sun, 22 Nov 2026 10:00:00 GMT\r\n";
    let server = Server::always(ok(headers, FEED.as_bytes())).await;
    let url = server.url("/feed.xml");
    let document = document(&client(&[&server]), &url).await;
    assert_eq!(document.body, FEED.as_bytes());
    assert_eq!(document.wire_bytes, FEED.len() as u64);
    assert_eq!(document.content_type.as_deref(), Some("application/rss+xml; charset=utf-8"));
    assert_eq!(document.validators.etag.as_deref(), Some("W/\"v1\""));
    assert_eq!(document.validators.last_modified.as_deref(), Some("Sun, 22 Nov 2026 10:00:00 GMT"));
    assert_eq!(document.hints.max_age, Some(Duration::from_secs(900)));
    assert_eq!((document.status, document.final_url, document.permanent_redirect), (200, url, None));

    let request = server.requests().remove(0).to_lowercase();
    assert!(request.starts_with("get /feed.xml http/1.1\r\n"), "{request}");
    assert!(request.contains("user-agent: vedetta-test/1 (+https://example.org/bot)\r\n"), "{request}");
    assert!(request.contains("accept-encoding: gzip, br, zstd\r\n"), "{request}");
    assert!(request.contains("application/rss+xml"), "{request}");
    assert!(!request.contains("cookie") && !request.contains("referer"), "{request}");
}

#[tokio::test]
async fn an_unchanged_document_is_not_sent_again_and_the_connection_is_kept() {
    let server = Server::start(|_, head| {
        let head = head.to_lowercase();
        if head.contains("if-none-match: \"v1\"") && head.contains("if-modified-since: yesterday") {
            Reply::Bytes(b"HTTP/1.1 304 Not Modified\r\nETag: \"v2\"\r\nCache-Control: max-age=60\r\n\r\n".to_vec())
        } else {
            Reply::Bytes(ok("", FEED.as_bytes()))
        }
    })
    .await;
    let client = client(&[&server]);
    let url = server.url("/");
    let known = Validators { etag: Some("\"v1\"".into()), last_modified: Some("yesterday".into()) };
    for _ in 0..5 {
        match client.fetch(&Request { url: &url, kind: Kind::Feed, validators: Some(&known) }).await.unwrap() {
            Fetched::NotModified { hints, validators, .. } => {
                assert_eq!(validators.etag.as_deref(), Some("\"v2\""));
                assert_eq!(validators.last_modified.as_deref(), Some("yesterday"));
                assert_eq!(hints.max_age, Some(Duration::from_secs(60)));
            }
            Fetched::Document(_) => panic!("it has not changed"),
        }
        document(&client, &url).await;
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn not_modified_without_having_asked_is_an_error() {
    let server = Server::always("HTTP/1.1 304 Not Modified\r\n\r\n").await;
    let client = client(&[&server]);
    let url = server.url("/");
    let nothing = Validators::default();
    for validators in [None, Some(&nothing)] {
        let error = client.fetch(&Request { url: &url, kind: Kind::Feed, validators }).await.expect_err("an error");
        assert!(matches!(error, FetchError::Status { status: 304, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn loopback_is_refused_however_it_is_written_and_nothing_is_sent() {
    let server = Server::always(ok("", b"secret")).await;
    let port = server.address.port();
    let client = Client::new(&settings(&[])).unwrap();
    for host in ["127.0.0.1", "localhost", "LOCALHOST", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0.0.0.0"] {
        let error = refusal(&client, &Url::parse(&format!("http://{host}:{port}/")).unwrap()).await;
        assert!(matches!(error, FetchError::Refused(_)), "{host}: {error:?}");
        assert!(!error.is_transient());
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_rule_for_an_address_and_port_lets_a_name_through_to_that_port_only() {
    let (allowed, other) = (Server::always(ok("", b"yes")).await, Server::always(ok("", b"no")).await);
    let client = client(&[&allowed]);
    let by_name = |server: &Server| Url::parse(&format!("http://localhost:{}/", server.address.port())).unwrap();
    assert_eq!(document(&client, &by_name(&allowed)).await.body, b"yes");
    assert_eq!(document(&client, &allowed.url("/")).await.body, b"yes");
    let error = refusal(&client, &by_name(&other)).await;
    assert!(matches!(&error, FetchError::Refused(refused) if refused.port == Some(other.address.port())), "{error:?}");
    assert!(error.to_string().contains(&other.rule()), "{error}");
    assert_eq!(other.connections(), 0);
    let by_network = Client::new(&settings(&["127.0.0.0/8".into()])).unwrap();
    assert_eq!(document(&by_network, &by_name(&other)).await.body, b"no");
    let by_host = Client::new(&settings(&["localhost".into()])).unwrap();
    assert_eq!(document(&by_host, &by_name(&other)).await.body, b"no");
}

#[tokio::test]
async fn a_redirect_leads_no_further_than_a_feed_could() {
    let inner = Server::always(ok("", b"secret")).await;
    let inner_port = inner.address.port();
    let server = Server::start(|path, _| Reply::Bytes(redirect(302, &path[1..]))).await;
    let client = client(&[&server]);
    for to in [
        format!("http://127.0.0.1:{inner_port}/"),
        format!("http://localhost:{inner_port}/"),
        format!("//localhost:{inner_port}/"),
        "http://169.254.169.254/latest/meta-data/".into(),
        "http://[::1]/".into(),
        "http://[fd00:ec2::254]/".into(),
        "http://10.0.0.1/".into(),
    ] {
        let error = refusal(&client, &server.url(&format!("/{to}"))).await;
        assert!(matches!(error, FetchError::Refused(_)), "{to}: {error:?}");
    }
    for to in ["file:///etc/passwd", "ftp://a.example/", "http://user:word@a.example/", "http://a.example\\@b.example/"]
    {
        let error = refusal(&client, &server.url(&format!("/{to}").replace('\\', "%5C"))).await;
        // The server sends back what it was asked for; the backslash needs its own answer.
        assert!(matches!(error, FetchError::Target(_)) || to.contains('\\'), "{to}: {error:?}");
    }
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_redirect_with_a_backslash_is_not_followed() {
    let server = Server::always(redirect(302, "http://a.example\\@127.0.0.1/")).await;
    let error = refusal(&client(&[&server]), &server.url("/")).await;
    assert!(matches!(error, FetchError::Target(_)), "{error:?}");
}

#[tokio::test]
async fn five_redirects_are_followed_and_a_sixth_is_not() {
    let server = Server::start(|path, _| match path[1..].parse::<u32>() {
        Ok(0) => Reply::Bytes(ok("", b"here")),
        Ok(hops) => Reply::Bytes(redirect(302, &format!("/{}", hops - 1))),
        Err(_) => Reply::Bytes(redirect(302, if path == "/a" { "/b" } else { "/a" })),
    })
    .await;
    let client = client(&[&server]);
    assert_eq!(document(&client, &server.url("/5")).await.final_url, server.url("/0"));
    let error = refusal(&client, &server.url("/6")).await;
    assert!(error.to_string().contains("more than 5 times"), "{error}");
    let before = server.requests().len();
    let error = refusal(&client, &server.url("/a")).await;
    assert!(error.to_string().contains("in a circle"), "{error}");
    assert_eq!(server.requests().len() - before, 2);
    assert_eq!(server.connections(), 1, "short bodies of redirects are read, so that the connection can be kept");
}

#[tokio::test]
async fn only_permanent_redirects_from_the_start_move_a_feed() {
    let server = Server::start(|path, _| {
        Reply::Bytes(match path {
            "/old" => redirect(301, "/older"),
            "/older" => redirect(308, "/new"),
            "/new" => redirect(302, "/today"),
            "/today" => redirect(301, "/end"),
            _ => ok("", b"here"),
        })
    })
    .await;
    let client = client(&[&server]);
    let moved = document(&client, &server.url("/old")).await;
    assert_eq!((moved.permanent_redirect, moved.final_url), (Some(server.url("/new")), server.url("/end")));
    let not_moved = document(&client, &server.url("/new")).await;
    assert_eq!((not_moved.permanent_redirect, not_moved.final_url), (None, server.url("/end")));
}

#[tokio::test]
async fn a_redirect_without_a_target_says_so() {
    let server = Server::always("HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n").await;
    let error = refusal(&client(&[&server]), &server.url("/")).await;
    assert!(error.to_string().contains("without saying where to"), "{error}");
}

#[tokio::test]
async fn every_compression_on_offer_is_undone() {
    let body = FEED.repeat(3000).into_bytes();
    for (name, coding) in
        [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("deflate", "zlib"), ("deflate", "deflate")]
    {
        let encoded = encode(coding, &body).await;
        let headers = format!("Content-Encoding: {name}\r\n");
        let server = Server::start(move |path, _| {
            Reply::Bytes(if path == "/chunked" { chunked(&headers, &encoded) } else { ok(&headers, &encoded) })
        })
        .await;
        let client = client(&[&server]);
        for path in ["/", "/chunked", "/"] {
            let document = document(&client, &server.url(path)).await;
            assert!(document.body == body, "{coding} {path}");
            assert!(document.wire_bytes < document.body.len() as u64 / 20, "{coding} {path}");
        }
        assert_eq!(server.connections(), 1, "{coding}: a body read to its end leaves the connection in order");
    }
}

#[tokio::test]
async fn a_gzip_file_of_two_members_is_read_whole_and_an_empty_body_is_empty() {
    let mut encoded = encode("gzip", b"one ").await;
    encoded.extend(encode("gzip", b"two").await);
    let server = Server::start(move |path, _| {
        Reply::Bytes(ok("Content-Encoding: gzip\r\n", if path == "/empty" { b"" } else { &encoded }))
    })
    .await;
    let client = client(&[&server]);
    assert_eq!(document(&client, &server.url("/")).await.body, b"one two");
    assert_eq!(document(&client, &server.url("/empty")).await.body, b"");
}

#[tokio::test]
async fn bombs_go_off_outside() {
    let zeros = vec![0; 12 << 20];
    for (name, coding) in [("gzip", "gzip"), ("br", "br"), ("zstd", "zstd"), ("deflate", "zlib")] {
        let encoded = encode(coding, &zeros).await;
        assert!(encoded.len() < 200_000);
        let server = Server::always(ok(&format!("Content-Encoding: {name}\r\n"), &encoded)).await;
        let error = refusal(&client(&[&server]), &server.url("/")).await;
        assert!(matches!(error, FetchError::Bomb { .. } | FetchError::TooLarge { .. }), "{coding}: {error:?}");
    }
}

#[tokio::test]
async fn a_small_document_of_much_repetition_is_no_bomb() {
    let body = vec![b' '; 1 << 20];
    let encoded = encode("gzip", &body).await;
    assert!(body.len() / encoded.len() > 200);
    let server = Server::always(ok("Content-Encoding: gzip\r\n", &encoded)).await;
    assert!(document(&client(&[&server]), &server.url("/")).await.body == body);
}

#[tokio::test]
async fn the_size_limit_holds_to_the_byte() {
    const LIMIT: usize = 200_000;
    // Text that hardly compresses, so that the ratio stays out of it.
    let noise: Vec<u8> = (0..LIMIT as u64 + 1).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let (zipped_fits, zipped_over) =
        (encode("gzip", &vec![b'x'; LIMIT]).await, encode("gzip", &vec![b'x'; LIMIT + 1]).await);
    let server = Server::start(move |path, _| {
        let size = if path.ends_with("over") { LIMIT + 1 } else { LIMIT };
        Reply::Bytes(match path {
            "/plain-fits" | "/plain-over" => ok("", &noise[..size]),
            "/chunked-fits" | "/chunked-over" => chunked("", &noise[..size]),
            "/gzip-fits" => ok("Content-Encoding: gzip\r\n", &zipped_fits),
            _ => ok("Content-Encoding: gzip\r\n", &zipped_over),
        })
    })
    .await;
    let client = Client::new(&NetworkSettings { max_body_bytes: LIMIT as u64, ..settings(&[server.rule()]) }).unwrap();
    for way in ["plain", "chunked", "gzip"] {
        assert_eq!(document(&client, &server.url(&format!("/{way}-fits"))).await.body.len(), LIMIT, "{way}");
        let error = refusal(&client, &server.url(&format!("/{way}-over"))).await;
        assert!(matches!(error, FetchError::TooLarge { limit_bytes: 200_000, .. }), "{way}: {error:?}");
    }
}

#[tokio::test]
async fn a_length_that_is_a_lie_takes_no_memory() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n<rss>").await;
    let error = refusal(&client(&[&server]), &server.url("/")).await;
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    let server = Server::start(|_, _| {
        let start = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        Reply::Forever(start, vec![b'x'; 1 << 20], Duration::ZERO)
    })
    .await;
    let error = refusal(&client(&[&server]), &server.url("/")).await;
    assert!(matches!(error, FetchError::TooLarge { .. }), "{error:?}");
}

#[tokio::test]
async fn stacked_unknown_and_damaged_encodings_are_told_apart() {
    let once = encode("gzip", FEED.as_bytes()).await;
    let twice = encode("gzip", &once).await;
    let server = Server::start(move |path, _| {
        Reply::Bytes(match path {
            "/stacked" => ok("Content-Encoding: gzip, gzip\r\n", &twice),
            "/stacked-lines" => ok("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n", &twice),
            "/unknown" => ok("Content-Encoding: rot13\r\n", b"<eff>"),
            "/not-gzip" => ok("Content-Encoding: gzip\r\n", FEED.as_bytes()),
            _ => ok("Content-Encoding: gzip\r\n", &once[..once.len() / 2]),
        })
    })
    .await;
    let client = client(&[&server]);
    for path in ["/stacked", "/stacked-lines", "/unknown", "/not-gzip"] {
        let error = refusal(&client, &server.url(path)).await;
        assert!(matches!(error, FetchError::Encoding { .. }), "{path}: {error:?}");
    }
    let error = refusal(&client, &server.url("/cut")).await;
    let FetchError::CutOff { reason, part, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("ends in the middle") && FEED.as_bytes().starts_with(&part.body), "{error:?}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_dripping_body_is_given_up_and_so_is_a_stalled_one() {
    let server = Server::start(|path, _| {
        let start = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
        let pause = if path == "/drip" { Duration::from_millis(20) } else { Duration::from_secs(60) };
        Reply::Forever(start, b"x".to_vec(), pause)
    })
    .await;
    let client = hasty(&server, Duration::from_secs(5), Duration::from_millis(300));
    for path in ["/drip", "/stall"] {
        let started = Instant::now();
        let error = refusal(&client, &server.url(path)).await;
        assert!(matches!(error, FetchError::TooSlow { .. }), "{path}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{path}");
    }
}

#[tokio::test]
async fn the_deadline_covers_the_whole_chain() {
    let server = Server::start(|path, _| match path {
        "/silent" => Reply::Forever(Vec::new(), Vec::new(), Duration::from_secs(60)),
        // Interim answers reset nothing.
        "/interim" => {
            Reply::Forever(Vec::new(), b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec(), Duration::from_millis(5))
        }
        // Fast enough for the minimum rate, too slow for the deadline.
        "/steady" => Reply::Forever(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1000], Duration::from_millis(10)),
        _ => {
            let number: u32 = path[1..].parse().unwrap_or_default();
            std::thread::sleep(Duration::from_millis(120));
            Reply::Bytes(redirect(302, &format!("/{}", number + 1)))
        }
    })
    .await;
    let client = hasty(&server, Duration::from_millis(300), Duration::from_secs(5));
    for path in ["/silent", "/interim", "/steady", "/1"] {
        let started = Instant::now();
        let error = refusal(&client, &server.url(path)).await;
        assert!(matches!(error, FetchError::Timeout { .. }), "{path}: {error:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{path}");
    }
}

#[tokio::test]
async fn floods_of_headers_are_cut_off() {
    let many = (0..200).map(|number| format!("X-{number}: y\r\n")).collect::<String>();
    let server = Server::start(move |path, _| match path {
        "/many" => Reply::Bytes(ok(&many, b"x")),
        "/long" => Reply::Bytes(ok(&format!("X: {}\r\n", "y".repeat(600_000)), b"x")),
        _ => Reply::Forever(b"HTTP/1.1 200 OK\r\n".to_vec(), b"X-Again: and again\r\n".repeat(1000), Duration::ZERO),
    })
    .await;
    let client = client(&[&server]);
    for path in ["/many", "/long", "/endless"] {
        let error = refusal(&client, &server.url(path)).await;
        assert!(matches!(error, FetchError::Broken { .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_not_http_or_breaks_off_says_so() {
    let server = Server::start(|path, _| match path {
        "/short" => Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>".to_vec()),
        "/short-chunks" => {
            Reply::Close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<rss>\r\n".to_vec())
        }
        "/bad-chunks" => Reply::Close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n<rss>".to_vec()),
        "/two-lengths" => Reply::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx".to_vec()),
        "/ssh" => Reply::Close(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec()),
        _ => Reply::Close(Vec::new()),
    })
    .await;
    let client = client(&[&server]);
    for path in ["/short", "/short-chunks", "/bad-chunks", "/two-lengths", "/ssh", "/nothing"] {
        let error = refusal(&client, &server.url(path)).await;
        match &error {
            FetchError::CutOff { part, .. } => assert!(path.starts_with("/short") && part.body == b"<rss>", "{path}"),
            _ => {
                assert!(matches!(error, FetchError::Broken { .. }) && !path.starts_with("/short"), "{path}: {error:?}")
            }
        }
        assert!(error.to_string().starts_with("the connection to `127.0.0.1` broke off"), "{path}: {error}");
    }
}

#[tokio::test]
async fn bytes_after_a_body_do_not_answer_the_next_request() {
    let server = Server::start(|path, _| {
        let mut bytes = ok("", path.as_bytes());
        if path == "/first" {
            bytes.extend(ok("", b"poison"));
        }
        Reply::Bytes(bytes)
    })
    .await;
    let client = client(&[&server]);
    for _ in 0..20 {
        assert_eq!(document(&client, &server.url("/first")).await.body, b"/first");
        assert_eq!(document(&client, &server.url("/second")).await.body, b"/second");
    }
}

#[tokio::test]
async fn a_server_of_the_last_century_is_understood() {
    let server = Server::start(|_, _| Reply::Close(format!("HTTP/1.0 200 OK\r\n\r\n{FEED}").into_bytes())).await;
    let client = client(&[&server]);
    for _ in 0..3 {
        assert_eq!(document(&client, &server.url("/")).await.body, FEED.as_bytes());
    }
}

#[tokio::test]
async fn a_connection_that_went_stale_is_opened_anew() {
    // Answers once per connection and closes it without having said so.
    let server = Server::start(|_, _| Reply::Close(ok("", b"here"))).await;
    let client = client(&[&server]);
    for _ in 0..10 {
        assert_eq!(document(&client, &server.url("/")).await.body, b"here");
    }
}

#[tokio::test]
async fn statuses_say_what_to_do_next() {
    let server = Server::start(|path, _| {
        let status = &path[1..];
        let more = if status == "403" { "cf-mitigated: challenge\r\n" } else { "Retry-After: 120\r\n" };
        Reply::Bytes(format!("HTTP/1.1 {status} Status\r\n{more}Content-Length: 2\r\n\r\nno").into_bytes())
    })
    .await;
    let client = client(&[&server]);
    assert!(matches!(refusal(&client, &server.url("/410")).await, FetchError::Gone { .. }));
    let overloaded = refusal(&client, &server.url("/503")).await;
    let retry_after = Some(Duration::from_secs(120));
    assert_eq!(overloaded.poll_end(2), PollEnd::Failed { failures: 2, retry_after });
    for status in [429, 500, 503] {
        let error = refusal(&client, &server.url(&format!("/{status}"))).await;
        assert_eq!(error.retry_after(), Some(Duration::from_secs(120)));
        assert!(error.is_transient(), "{error}");
    }
    let error = refusal(&client, &server.url("/404")).await;
    assert!(!error.is_transient() && error.to_string().contains("404 (not found)"), "{error}");
    assert!(refusal(&client, &server.url("/403")).await.to_string().contains("bot protection"));
    assert!(matches!(refusal(&client, &server.url("/206")).await, FetchError::Status { status: 206, .. }));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn failing_to_connect_names_the_reason() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = Client::new(&settings(&[closed.to_string()])).unwrap();
    let error = refusal(&client, &Url::parse(&format!("http://{closed}/")).unwrap()).await;
    assert!(matches!(&error, FetchError::Connect { reason, .. } if reason.contains("refused")), "{error:?}");
    assert_eq!(error.poll_end(3), PollEnd::Unreachable { failures: 3 });
    let name = Url::parse("http://no-such-name.invalid/").unwrap();
    // `.invalid` never resolves (RFC 6761); where there is no name server, the attempt may run out of time instead.
    let error = refusal(&client, &name).await;
    assert!(matches!(error, FetchError::Dns { .. } | FetchError::Timeout { .. }), "{error:?}");

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let client = Client::new(&settings(&[address.to_string()])).unwrap();
    let error = refusal(&client, &Url::parse(&format!("https://{address}/")).unwrap()).await;
    assert!(matches!(error, FetchError::Tls { .. }), "{error:?}");
}

#[tokio::test]
async fn a_host_gets_two_requests_at_a_time_and_a_long_queue_is_told_to_come_back() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (now, most) = (Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    let mut buffer = [0; 1024];
                    while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(30)).await;
                        now.fetch_sub(1, Ordering::SeqCst);
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                    }
                });
            }
        });
        address
    };
    let url = Url::parse(&format!("http://{server}/")).unwrap();
    let client = Client::new(&settings(&[server.to_string()])).unwrap();
    let all = (0..12).map(|_| document(&client, &url));
    futures_util::future::join_all(all).await;
    assert_eq!(most.load(Ordering::SeqCst), 2);

    let limits = Limits { queue: Duration::from_millis(50), ..Limits::default() };
    let client = Client::with_limits(&settings(&[server.to_string()]), limits).unwrap();
    let all = futures_util::future::join_all((0..12).map(|_| get(&client, &url))).await;
    assert!(all.iter().filter(|result| result.is_ok()).count() >= 2);
    assert!(all.iter().any(|result| matches!(result, Err(FetchError::Busy { .. }))), "{all:?}");
}

#[tokio::test]
async fn pages_are_read_as_their_site_asks() {
    let server = Server::start(|path, _| {
        Reply::Bytes(match path {
            "/robots.txt" => ok(
                "Content-Type: text/plain\r\n",
                b"User-agent: *\nDisallow: /\nUser-agent: vedetta-test\nDisallow: /private/\n",
            ),
            "/moved" => redirect(302, "/private/2"),
            _ => ok("", b"page"),
        })
    })
    .await;
    let client = client(&[&server]);
    let pages: Vec<_> = (0..5).map(|number| server.url(&format!("/{number}"))).collect();
    for read in futures_util::future::join_all(pages.iter().map(|page| client.fetch_page(page, None))).await {
        assert!(matches!(read, Ok(Fetched::Document(_))), "{read:?}");
    }
    assert_eq!(server.connections(), 1, "one page at a time");
    for path in ["/private/1", "/moved"] {
        let error = client.fetch_page(&server.url(path), None).await.unwrap_err();
        assert!(matches!(error, FetchError::Robots { .. }), "{path}: {error:?}");
    }
    let asked = server.requests();
    assert_eq!(asked.iter().filter(|head| head.starts_with("GET /robots.txt ")).count(), 1, "{asked:?}");
    assert!(!asked.iter().any(|head| head.starts_with("GET /private/")), "{asked:?}");
    // What a person asks for, and feeds, are no robot's doing; nor is what the operator has leave for.
    assert_eq!(document(&client, &server.url("/private/1")).await.body, b"page");
    let free = Client::new(&NetworkSettings { robots: false, ..settings(&[server.rule()]) }).unwrap();
    assert!(free.fetch_page(&server.url("/moved"), None).await.is_ok());
}

#[tokio::test]
async fn a_site_that_has_no_robots_txt_asks_for_nothing_and_one_that_fails_is_left_alone() {
    for (status, may_read) in
        [("404 Not Found", true), ("403 Forbidden", true), ("500 Oops", false), ("503 Busy", false)]
    {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let server = Server::start(move |path, _| {
            Reply::Bytes(if path == "/robots.txt" { answer.clone().into_bytes() } else { ok("", b"page") })
        })
        .await;
        let read = client(&[&server]).fetch_page(&server.url("/1"), None).await;
        assert_eq!(read.is_ok(), may_read, "{status}: {read:?}");
        if let Err(error) = read {
            assert!(matches!(error, FetchError::NoRobots { .. }) && error.is_transient(), "{error:?}");
            assert_eq!(server.requests().len(), 1, "the page is not asked for");
        }
    }
}

#[tokio::test]
async fn pages_and_robots_txt_are_asked_whether_they_changed() {
    let server = Server::start(|path, head| {
        let is_known = head.to_ascii_lowercase().contains("if-none-match: \"1\"");
        Reply::Bytes(match path {
            "/link" => redirect(302, "/страница"),
            _ if is_known => b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(),
            "/robots.txt" => ok("ETag: \"1\"\r\n", b"User-agent: *\nDisallow: /private/\n"),
            _ => ok("ETag: \"1\"\r\n", b"page"),
        })
    })
    .await;
    let client = client(&[&server]);
    let link = server.url("/link");
    let Ok(Fetched::Document(page)) = client.fetch_page(&link, None).await else { panic!("no page") };
    assert_eq!(page.validators.etag.as_deref(), Some("\"1\""));
    let again = client.fetch_page(&link, Some((&page.final_url, &page.validators))).await;
    assert!(matches!(again, Ok(Fetched::NotModified { .. })), "{again:?}");
    let conditions = |start: &str| -> Vec<bool> {
        let requests = server.requests();
        let asked = requests.iter().filter(|head| head.starts_with(start));
        asked.map(|head| head.to_ascii_lowercase().contains("if-none-match")).collect()
    };
    assert_eq!(conditions("GET /link "), [false, false], "only where the page itself is");
    assert_eq!(conditions("GET /%D1%81"), [false, true]);
    assert_eq!(conditions("GET /robots.txt "), [false]);
    // A day later, and the day after.
    for _ in 0..2 {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(25 * 3600)).await;
        tokio::time::resume();
        assert!(client.fetch_page(&link, None).await.is_ok());
        let error = client.fetch_page(&server.url("/private/1"), None).await;
        assert!(matches!(error, Err(FetchError::Robots { .. })), "{error:?}");
    }
    assert_eq!(conditions("GET /robots.txt "), [false, true, false]);
}
