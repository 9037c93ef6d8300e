//! The client for everything that strangers name: feeds, pages, and wherever those redirect to.
//!
//! In: a URL and perhaps validators. Out: a document of bounded size in bounded time, or an error that says what to do.
//! Redirects are followed here rather than by the HTTP library, because each hop must be checked, gated and counted
//! like the first.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::model::Validators;
use crate::network::{GuardPolicy, build_client, parse_target, towards};

use super::conditional::{ask_with, refreshed, validators};
use super::decode::{self, BodyLimits, drain, read_body};
use super::politeness::{Gates, Pass};
use super::robots::{RobotsRules, sitemaps_named};
use super::{FetchError, HeaderLink, Hints, NetworkSettings, link_header};

/// Short bodies of redirects and errors are read to keep the connection, up to this many bytes …
const DRAIN_BYTES: u64 = 64 << 10;
/// … if they come within this time.
const DRAIN_PATIENCE: Duration = Duration::from_millis(500);

/// What is being fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A feed.
    Feed,
    /// A web page.
    Page,
    /// A site's robots.txt.
    Robots,
}

/// A wish for a document.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Where; http or https.
    pub url: &'a Url,
    /// What is expected there.
    pub kind: Kind,
    /// Ask whether it changed since; `None`: have it in any case.
    pub validators: Option<&'a Validators>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is as it was.
    NotModified {
        /// What the server asks for.
        hints: Hints,
        /// To ask with next time.
        validators: Validators,
        /// As in [`Document`].
        permanent_redirect: Option<Url>,
    },
    /// A document.
    Document(Box<Document>),
}

/// A document as it was fetched, decompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its bytes; may be none.
    pub body: Vec<u8>,
    /// `Content-Type`, as sent.
    pub content_type: Option<String>,
    /// Where it was found in the end: the base for links in it.
    pub final_url: Url,
    /// Where it has moved for good: the address after the permanent redirects (301, 308) that came first.
    pub permanent_redirect: Option<Url>,
    /// To ask with next time; to be stored once what the document says is stored, not before.
    pub validators: Validators,
    /// What the server asks for.
    pub hints: Hints,
    /// The status: 200 … 299.
    pub status: u16,
    /// Bytes that crossed the network for it.
    pub wire_bytes: u64,
    /// What its `Link` headers name.
    pub links: Vec<HeaderLink>,
}

/// Limits that are not the operator's to set; shortened in tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Redirects followed.
    pub redirects: usize,
    /// How long a fetch waits for its turn at a host.
    pub queue: Duration,
    /// By how much decompressing may multiply a document.
    pub max_ratio: u64,
    /// From how many decompressed bytes on that counts.
    pub ratio_from_bytes: u64,
    /// Bytes a second that a body must bring.
    pub min_bytes_per_second: u64,
    /// For how long it may bring less.
    pub slow_start: Duration,
}

impl Default for Limits {
    /// RELIABILITY: 5 redirects, 200:1 after 1 MiB, 1 KB/s after 5 s. The queue's 30 s are a guess: beyond it, being told
    /// to come back is better than holding a claim.
    fn default() -> Self {
        Self {
            redirects: 5,
            queue: Duration::from_secs(30),
            max_ratio: 200,
            ratio_from_bytes: 1 << 20,
            min_bytes_per_second: 1000,
            slow_start: Duration::from_secs(5),
        }
    }
}

/// The client can't be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client")]
pub struct ClientError(#[source] reqwest::Error);

/// The guarded client. Clones share connections and gates.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    shared: Arc<Shared>,
    gates: Arc<Gates>,
    /// One page at a time from each host.
    page_gates: Arc<Gates>,
    /// What sites ask of page readers; absent where the operator has their leave.
    robots: Option<Arc<RobotsRules>>,
}

#[derive(Debug)]
struct Shared {
    policy: Arc<GuardPolicy>,
    limits: Limits,
    body: BodyLimits,
    connect_timeout: Duration,
    feed_deadline: Duration,
    page_deadline: Duration,
}

/// How a chain of hops ended.
enum Chain {
    Done(Fetched),
    /// At a redirect that the caller wants to look at first.
    Moved(Url),
}

/// How one hop ended.
enum Hop {
    Done(Fetched),
    Redirect { to: Url, is_permanent: bool },
}

impl Client {
    /// A client with the operator's settings.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn new(settings: &NetworkSettings) -> Result<Self, ClientError> {
        Self::with_limits(settings, Limits::default())
    }

    /// A client with limits of one's own.
    ///
    /// # Errors
    /// If TLS can't be set up.
    pub fn with_limits(settings: &NetworkSettings, limits: Limits) -> Result<Self, ClientError> {
        let policy = Arc::new(GuardPolicy::Feeds(settings.allow.clone()));
        let http = build_client(&settings.user_agent, &policy, |builder| {
            builder
                .connect_timeout(settings.connect_timeout)
                // Sets what every request has in common once instead of each time.
                .default_headers(HeaderMap::from_iter([(
                    ACCEPT_ENCODING,
                    HeaderValue::from_static(decode::ACCEPT_ENCODING),
                )]))
        })
        .map_err(ClientError)?;
        let body = BodyLimits {
            max_bytes: settings.max_body_bytes,
            max_ratio: limits.max_ratio,
            ratio_from_bytes: limits.ratio_from_bytes,
            min_bytes_per_second: limits.min_bytes_per_second,
            slow_start: limits.slow_start,
        };
        let places = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let gates = Gates::new(places(settings.max_concurrent), places(settings.max_per_host));
        let shared = Shared {
            policy,
            limits,
            body,
            connect_timeout: settings.connect_timeout,
            feed_deadline: settings.feed_deadline,
            page_deadline: settings.page_deadline,
        };
        let page_gates = Gates::new(places(settings.max_concurrent), 1);
        let robots = settings.robots.then(|| Arc::new(RobotsRules::new(&settings.user_agent)));
        Ok(Self { http, shared: Arc::new(shared), gates, page_gates, robots })
    }

    /// The longest that [`Client::fetch`] can take, waiting for its turn on every hop included: a lease should outlast it.
    #[must_use]
    pub fn longest_fetch(&self, kind: Kind) -> Duration {
        let hops = u32::try_from(self.shared.limits.redirects).unwrap_or(u32::MAX).saturating_add(1);
        self.deadline(kind) + self.shared.limits.queue.saturating_mul(hops)
    }

    /// Fetches a document: waits for its turn, then takes at most the deadline for the whole chain of redirects.
    ///
    /// Dropping the future ends the fetch and frees its place.
    ///
    /// # Errors
    /// See [`FetchError`]; [`FetchError::Busy`] if its turn did not come.
    pub async fn fetch(&self, request: &Request<'_>) -> Result<Fetched, FetchError> {
        match self.follow(request, self.deadline(request.kind), true).await? {
            Chain::Done(fetched) => Ok(fetched),
            // Only where redirects are not followed.
            Chain::Moved(to) => {
                let how = "although redirects are followed".to_owned();
                Err(FetchError::Redirects { host: host(&to).to_owned(), how })
            }
        }
    }

    /// Fetches the page of an article, as its site asks programs to: one page at a time from a host, and none that its
    /// robots.txt excludes. What a person asks for on the command line is a plain [`Client::fetch`]. `known`: where the page
    /// was found before, and the validators that hold there.
    ///
    /// # Errors
    /// See [`FetchError`]; [`FetchError::Robots`] and [`FetchError::NoRobots`] besides those of [`Client::fetch`].
    pub async fn fetch_page(&self, url: &Url, known: Option<(&Url, &Validators)>) -> Result<Fetched, FetchError> {
        self.courteous(url, Kind::Page, known).await
    }

    /// Fetches what a site did not offer us itself, such as a sitemap that its robots.txt names, with the manners of
    /// [`Client::fetch_page`] and the limits of a feed.
    ///
    /// # Errors
    /// As [`Client::fetch_page`].
    pub async fn fetch_listing(&self, url: &Url, validators: Option<&Validators>) -> Result<Fetched, FetchError> {
        self.courteous(url, Kind::Feed, validators.map(|validators| (url, validators))).await
    }

    /// The sitemaps that the robots.txt of a page's site names, asked for anew: some name theirs by the day. What it says of
    /// pages is remembered besides.
    ///
    /// # Errors
    /// As [`Client::fetch`]; one of status 404 where a site has none.
    pub async fn sitemaps(&self, page: &Url) -> Result<Vec<Url>, FetchError> {
        let address = RobotsRules::address(page);
        let answer = self.fetch(&Request { url: &address, kind: Kind::Robots, validators: None }).await;
        let named = match &answer {
            Ok(Fetched::Document(document)) => Ok(sitemaps_named(&document.body, &document.final_url)),
            Ok(Fetched::NotModified { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.clone()),
        };
        if let Some(robots) = &self.robots {
            // Whether this page may be read is not the question.
            let _ = robots.learn(page, answer, Instant::now());
        }
        named
    }

    async fn courteous(
        &self,
        url: &Url,
        kind: Kind,
        known: Option<(&Url, &Validators)>,
    ) -> Result<Fetched, FetchError> {
        let limit = self.deadline(kind);
        let _turn = timeout(self.shared.limits.queue, self.page_gates.enter(url))
            .await
            .map_err(|_| FetchError::Busy { host: host(url).to_owned() })?;
        let mut left = limit;
        let mut url = url.clone();
        for _ in 0..=self.shared.limits.redirects {
            self.ask_robots(&url).await?;
            let started = Instant::now();
            let validators = known.filter(|(landed, _)| **landed == url).map(|(_, validators)| validators);
            let request = Request { url: &url, kind, validators };
            match self.follow(&request, left, false).await? {
                Chain::Done(fetched) => return Ok(fetched),
                Chain::Moved(to) => url = to,
            }
            left = left.saturating_sub(started.elapsed());
        }
        let how = format!("more than {} times", self.shared.limits.redirects);
        Err(FetchError::Redirects { host: host(&url).to_owned(), how })
    }

    /// Whether a page's site lets programs read it, asking the site where that is not known.
    async fn ask_robots(&self, page: &Url) -> Result<(), FetchError> {
        let Some(robots) = &self.robots else { return Ok(()) };
        if let Some(verdict) = robots.known(page, Instant::now()) {
            return verdict;
        }
        let address = RobotsRules::address(page);
        let validators = robots.validators(page);
        let answer = self.fetch(&Request { url: &address, kind: Kind::Robots, validators: validators.as_ref() }).await;
        robots.learn(page, answer, Instant::now())
    }

    /// Follows a chain of redirects, or looks at the first hop only.
    async fn follow(&self, request: &Request<'_>, limit: Duration, follows: bool) -> Result<Chain, FetchError> {
        let mut left = limit;
        let mut pass: Option<Pass> = None;
        let mut url = request.url.clone();
        // What came before the first hop that is not permanent.
        let mut moved_to: Option<Url> = None;
        let mut all_permanent = true;
        let mut visited: Vec<Url> = Vec::new();
        loop {
            if !pass.as_ref().is_some_and(|pass| pass.is_for(&url)) {
                // Given back before the next is asked for: two chains that cross must not wait for each other.
                drop(pass.take());
                pass = Some(self.enter(&url).await?);
            }
            let started = Instant::now();
            let hop = timeout(left, self.hop(&url, request)).await.unwrap_or_else(|_| {
                Err(FetchError::Timeout { host: host(&url).to_owned(), is_connecting: false, limit })
            })?;
            left = left.saturating_sub(started.elapsed());
            match hop {
                Hop::Done(Fetched::Document(mut document)) => {
                    document.permanent_redirect = moved_to;
                    return Ok(Chain::Done(Fetched::Document(document)));
                }
                Hop::Done(Fetched::NotModified { hints, validators, .. }) => {
                    let same = Fetched::NotModified { hints, validators, permanent_redirect: moved_to };
                    return Ok(Chain::Done(same));
                }
                Hop::Redirect { to, .. } if !follows => return Ok(Chain::Moved(to)),
                Hop::Redirect { to, is_permanent } => {
                    let redirects = |how: String| FetchError::Redirects { host: host(&url).to_owned(), how };
                    if to == url || visited.contains(&to) {
                        return Err(redirects("in a circle".to_owned()));
                    }
                    if visited.len() >= self.shared.limits.redirects {
                        return Err(redirects(format!("more than {} times", self.shared.limits.redirects)));
                    }
                    all_permanent &= is_permanent;
                    if all_permanent {
                        moved_to = Some(to.clone());
                    }
                    visited.push(std::mem::replace(&mut url, to));
                }
            }
        }
    }

    /// Sends a form, as [`Client::fetch`] would fetch: the same guard, gates and deadline. Redirects are not followed, and
    /// what is answered is not read.
    ///
    /// # Errors
    /// See [`FetchError`]; any status but 2xx is one.
    pub async fn post_form(&self, url: &Url, form: String) -> Result<(), FetchError> {
        let limit = self.shared.feed_deadline;
        let host = host(url);
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            parse_target(url.as_str(), None)?;
        }
        self.shared.policy.check(url)?;
        let _pass = self.enter(url).await?;
        let mut http = reqwest::Request::new(Method::POST, url.clone());
        http.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *http.body_mut() = Some(form.into());
        let port = url.port_or_known_default().unwrap_or_default();
        let response = timeout(limit, towards(port, self.http.execute(http)))
            .await
            .map_err(|_| FetchError::Timeout { host: host.to_owned(), is_connecting: false, limit })?
            .map_err(|error| FetchError::from_reqwest(&error, host, self.shared.connect_timeout))?;
        if response.status().is_success() {
            drain(response, DRAIN_BYTES, DRAIN_PATIENCE).await;
            return Ok(());
        }
        let hints = Hints::from_headers(response.headers());
        Err(refusal(response, host, hints).await)
    }

    fn deadline(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Feed => self.shared.feed_deadline,
            Kind::Page | Kind::Robots => self.shared.page_deadline,
        }
    }

    async fn enter(&self, url: &Url) -> Result<Pass, FetchError> {
        timeout(self.shared.limits.queue, self.gates.enter(url))
            .await
            .map_err(|_| FetchError::Busy { host: host(url).to_owned() })
    }

    async fn hop(&self, url: &Url, request: &Request<'_>) -> Result<Hop, FetchError> {
        let host = host(url);
        // Feeds from the configuration were checked when it was read, links in articles were not.
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            parse_target(url.as_str(), None)?;
        }
        self.shared.policy.check(url)?;
        let response = self.send(url, request).await?;
        let status = response.status();
        let hints = Hints::from_headers(response.headers());
        match status {
            StatusCode::NOT_MODIFIED => match request.validators {
                Some(asked_with) if *asked_with != Validators::default() => {
                    let validators = refreshed(response.headers(), asked_with);
                    Ok(Hop::Done(Fetched::NotModified { hints, validators, permanent_redirect: None }))
                }
                _ => Err(refusal(response, host, hints).await),
            },
            // 206 and 226 are parts that nobody asked for.
            _ if status.is_success() && !matches!(status.as_u16(), 206 | 226) => {
                let content_type = text(response.headers(), &CONTENT_TYPE);
                let validators = validators(response.headers());
                let links = link_header::links(response.headers());
                let body = read_body(response, host, &self.shared.body).await?;
                let document = Box::new(Document {
                    body: body.bytes,
                    content_type,
                    final_url: url.clone(),
                    permanent_redirect: None,
                    validators,
                    hints,
                    status: status.as_u16(),
                    wire_bytes: body.wire_bytes,
                    links,
                });
                match body.broke_off {
                    None => Ok(Hop::Done(Fetched::Document(document))),
                    Some(reason) => Err(FetchError::CutOff {
                        host: host.to_owned(),
                        received_bytes: body.wire_bytes,
                        reason,
                        part: document,
                    }),
                }
            }
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                let is_permanent = matches!(status.as_u16(), 301 | 308);
                let location = response.headers().get(LOCATION).ok_or_else(|| FetchError::Redirects {
                    host: host.to_owned(),
                    how: "without saying where to".to_owned(),
                })?;
                let to = parse_target(&String::from_utf8_lossy(location.as_bytes()), Some(url))?;
                drain(response, DRAIN_BYTES, DRAIN_PATIENCE).await;
                Ok(Hop::Redirect { to, is_permanent })
            }
            _ => Err(refusal(response, host, hints).await),
        }
    }

    /// Sends the request; once more where a connection that had been kept open turned out to be closed.
    async fn send(&self, url: &Url, request: &Request<'_>) -> Result<Response, FetchError> {
        let port = url.port_or_known_default().unwrap_or_default();
        let mut is_retry = false;
        loop {
            let mut http = reqwest::Request::new(Method::GET, url.clone());
            let headers = http.headers_mut();
            headers.insert(
                ACCEPT,
                HeaderValue::from_static(match request.kind {
                    Kind::Feed => ACCEPT_FEED,
                    Kind::Page => ACCEPT_PAGE,
                    Kind::Robots => ACCEPT_ROBOTS,
                }),
            );
            if let Some(validators) = request.validators {
                ask_with(validators, headers);
            }
            match towards(port, self.http.execute(http)).await {
                Ok(response) => return Ok(response),
                Err(error) => {
                    let error = FetchError::from_reqwest(&error, host(url), self.shared.connect_timeout);
                    if is_retry || !matches!(error, FetchError::Broken { .. }) {
                        return Err(error);
                    }
                    is_retry = true;
                }
            }
        }
    }
}

/// The error for a status that is neither a document nor “not modified”.
async fn refusal(response: Response, host: &str, hints: Hints) -> FetchError {
    let host = host.to_owned();
    let status = response.status().as_u16();
    // Cloudflare says so in a header; what others do can't be told from an ordinary refusal.
    let by_bot_protection = response.headers().contains_key("cf-mitigated");
    drain(response, DRAIN_BYTES, DRAIN_PATIENCE).await;
    match status {
        410 => FetchError::Gone { host },
        _ => FetchError::Status { host, status, retry_after: hints.retry_after, by_bot_protection },
    }
}

/// What feeds call themselves; `*/*` because many servers refuse what they would have sent anyway.
const ACCEPT_FEED: &str = "application/rss+xml, application/atom+xml, application/feed+json, application/rdf+xml, \
                           application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5";
const ACCEPT_ROBOTS: &str = "text/plain, */*;q=0.5";
const ACCEPT_PAGE: &str = "text/html, application/xhtml+xml;q=0.9, */*;q=0.5";

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    // A guess: no content type is longer than 200 characters.
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).chars().take(200).collect())
}
