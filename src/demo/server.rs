//! A web server for feeds and pages on loopback, for `vedetta demo` and the tests: answers with `ETag`, and with 304
//! where the reader has it already.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use xxhash_rust::xxh3::xxh3_64;

#[derive(Debug, Clone)]
struct Page {
    content_type: String,
    body: Vec<u8>,
    status: u16,
    location: Option<String>,
    hits: u64,
    unchanged: u64,
}

#[derive(Debug, Default)]
struct Pages(Mutex<HashMap<String, Page>>);

/// A running server; stops when dropped.
#[derive(Debug)]
pub struct FeedServer {
    pages: Arc<Pages>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl FeedServer {
    /// Starts a server on a free loopback port, with nothing on it.
    ///
    /// # Errors
    /// If no port can be had.
    pub async fn start() -> io::Result<Self> {
        Self::start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await
    }

    /// Starts a server at an address, with nothing on it.
    ///
    /// # Errors
    /// If the address can't be had.
    pub async fn start_at(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let pages = Arc::new(Pages::default());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&pages));
        let task = tokio::spawn(async move {
            // Ends with the task; there is nobody to tell.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { pages, address, task })
    }

    /// `host:port`, as `[network] allow` takes it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of a path on this server.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Puts a document at a path, or replaces it.
    pub fn put(&self, path: &str, content_type: &str, body: impl Into<Vec<u8>>) {
        self.put_status(path, 200, content_type, body);
    }

    /// Puts an answer with another status at a path.
    pub fn put_status(&self, path: &str, status: u16, content_type: &str, body: impl Into<Vec<u8>>) {
        let mut pages = self.pages.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (hits, unchanged) = pages.get(path).map_or((0, 0), |page| (page.hits, page.unchanged));
        let (content_type, body) = (content_type.to_owned(), body.into());
        pages.insert(path.to_owned(), Page { content_type, body, status, location: None, hits, unchanged });
    }

    /// Lets a path lead elsewhere for good (301).
    pub fn move_to(&self, path: &str, location: &str) {
        self.put_status(path, 301, "text/plain", "moved");
        let mut pages = self.pages.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = pages.get_mut(path) {
            page.location = Some(location.to_owned());
        }
    }

    /// How often a path was asked for.
    #[must_use]
    pub fn hits(&self, path: &str) -> u64 {
        self.pages.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).map_or(0, |page| page.hits)
    }

    /// How often the answer for a path was “not modified”.
    #[must_use]
    pub fn unchanged(&self, path: &str) -> u64 {
        self.pages.0.lock().unwrap_or_else(PoisonError::into_inner).get(path).map_or(0, |page| page.unchanged)
    }
}

impl Drop for FeedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(pages): State<Arc<Pages>>, uri: Uri, headers: HeaderMap) -> Response {
    let page = {
        let mut pages = pages.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(page) = pages.get_mut(uri.path()) else { return StatusCode::NOT_FOUND.into_response() };
        page.hits += 1;
        page.clone()
    };
    let status = StatusCode::from_u16(page.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(location) = page.location {
        return (status, [(header::LOCATION, location)], page.body).into_response();
    }
    if !status.is_success() {
        return (status, [(header::CONTENT_TYPE, page.content_type)], page.body).into_response();
    }
    let etag = format!("\"{:x}\"", xxh3_64(&page.body));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        if let Some(page) = pages.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(uri.path()) {
            page.unchanged += 1;
        }
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    (status, [(header::CONTENT_TYPE, page.content_type), (header::ETAG, etag)], page.body).into_response()
}
