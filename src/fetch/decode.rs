//! Reading a body: undoing its one layer of compression while counting what arrives and what comes out.
//!
//! Decompression is ours rather than the HTTP library's, because its limits would have to sit in front of the
//! decompressor and a bomb goes off behind it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_compression::tokio::bufread::{BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::stream;
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, HeaderMap};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt};
use tokio::time::{Instant, timeout_at};
use tokio_util::bytes::Bytes;
use tokio_util::io::StreamReader;

use super::FetchError;

/// What is asked for. `deflate` is not: half the servers that know the word mean something else by it.
pub(super) const ACCEPT_ENCODING: &str = "gzip, br, zstd";
/// The largest zstd window, 8 MiB, that HTTP allows (RFC 9659); without the limit a frame can ask for 128 MiB.
const ZSTD_WINDOW_LOG: u32 = 23;
/// Body buffers start with this, and grow as bytes arrive, never as a header announces. In bytes.
const FIRST_BUFFER_BYTES: u64 = 64 << 10;

/// Limits on one body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BodyLimits {
    /// The most bytes, both as they arrive and decompressed.
    pub(super) max_bytes: u64,
    /// The most by which decompressing may multiply a body …
    pub(super) max_ratio: u64,
    /// … of more than so many bytes, decompressed. Small documents of much repetition are none of our business.
    pub(super) ratio_from_bytes: u64,
    /// The fewest bytes a second, on average over the body …
    pub(super) min_bytes_per_second: u64,
    /// … once this much time has passed.
    pub(super) slow_start: Duration,
}

/// A body, decompressed.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// Bytes as they arrived.
    pub(super) wire_bytes: u64,
    /// Why there is no more of it, where there should be.
    pub(super) broke_off: Option<String>,
}

impl Body {
    /// What arrived before an error, where that is a connection that broke off; else the error.
    fn or_part(bytes: Vec<u8>, wire_bytes: u64, error: FetchError) -> Result<Self, FetchError> {
        match error {
            FetchError::Broken { reason, .. } if !bytes.is_empty() => {
                Ok(Self { bytes, wire_bytes, broke_off: Some(reason) })
            }
            error => Err(error),
        }
    }
}

/// A `Content-Encoding` that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// Reads the header: one layer at most, of a kind that is known.
    pub(super) fn from_headers(headers: &HeaderMap, host: &str) -> Result<Self, FetchError> {
        let mut found: Option<(Self, String)> = None;
        let values = headers.get_all(CONTENT_ENCODING);
        for word in values.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')) {
            let word = String::from_utf8_lossy(word).trim().to_ascii_lowercase();
            let coding = match word.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Self::Gzip,
                "deflate" => Self::Deflate,
                "br" => Self::Brotli,
                "zstd" => Self::Zstd,
                _ => {
                    let coding: String = word.chars().filter(|c| !c.is_control()).take(40).collect();
                    let reason = format!("only {ACCEPT_ENCODING} were asked for");
                    return Err(FetchError::Encoding { host: host.to_owned(), coding, reason });
                }
            };
            if let Some((_, first)) = found {
                let coding = format!("{first}, {word}");
                let reason = "one layer is undone, not more".to_owned();
                return Err(FetchError::Encoding { host: host.to_owned(), coding, reason });
            }
            found = Some((coding, word));
        }
        Ok(found.map_or(Self::Identity, |(coding, _)| coding))
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// Reads the body of a response within limits. The caller sets the total deadline.
pub(super) async fn read_body(response: Response, host: &str, limits: &BodyLimits) -> Result<Body, FetchError> {
    let coding = Coding::from_headers(response.headers(), host)?;
    let announced = response.content_length();
    let too_large = || FetchError::TooLarge { host: host.to_owned(), limit_bytes: limits.max_bytes };
    if announced.is_some_and(|announced| announced > limits.max_bytes) {
        return Err(too_large());
    }
    let received = Arc::new(AtomicU64::new(0));
    let mut wire = Wire {
        response,
        host: host.to_owned(),
        limits: limits.clone(),
        started: Instant::now(),
        received: Arc::clone(&received),
    };
    if coding == Coding::Identity {
        let capacity = announced.unwrap_or(0).min(FIRST_BUFFER_BYTES);
        let mut bytes = Vec::with_capacity(usize::try_from(capacity).unwrap_or(0));
        loop {
            match wire.next().await {
                Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Body::or_part(bytes, received.load(Ordering::Relaxed), error),
            }
        }
        return Ok(Body { bytes, wire_bytes: received.load(Ordering::Relaxed), broke_off: None });
    }

    let chunks = stream::try_unfold(wire, |mut wire| async move {
        let chunk = wire.next().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, wire)))
    });
    let mut reader = StreamReader::new(Box::pin(chunks));
    let failed = |error: io::Error| decoding_error(error, coding, host);
    // Some servers send no body under a `Content-Encoding`, which is not even an empty gzip file.
    let start = reader.fill_buf().await.map_err(failed)?;
    if start.is_empty() {
        return Ok(Body { bytes: Vec::new(), wire_bytes: 0, broke_off: None });
    }
    let is_zlib = start.len() >= 2 && is_zlib_header(start[0], start[1]);
    let mut decoder = decoder(coding, is_zlib, &mut reader);
    let mut bytes = Vec::new();
    loop {
        bytes.reserve(8 << 10);
        let read = match decoder.read_buf(&mut bytes).await {
            Ok(read) => read,
            Err(error) => return Body::or_part(bytes, received.load(Ordering::Relaxed), failed(error)),
        };
        let decoded = bytes.len() as u64;
        if decoded > limits.max_bytes {
            return Err(too_large());
        }
        if decoded > limits.ratio_from_bytes && decoded / received.load(Ordering::Relaxed).max(1) >= limits.max_ratio {
            return Err(FetchError::Bomb { host: host.to_owned(), ratio: limits.max_ratio });
        }
        if read == 0 {
            break;
        }
    }
    drop(decoder);
    // Bytes after the end of the compressed data are dropped; reading them lets the connection be used again.
    loop {
        let rest = reader.fill_buf().await.map_err(failed)?.len();
        if rest == 0 {
            break;
        }
        reader.consume(rest);
    }
    Ok(Body { bytes, wire_bytes: received.load(Ordering::Relaxed), broke_off: None })
}

/// Reads and drops a short body, so that the connection can be used again; a long or slow one is left alone.
pub(super) async fn drain(mut response: Response, max_bytes: u64, patience: Duration) {
    if response.content_length().is_some_and(|announced| announced > max_bytes) {
        return;
    }
    let drain = async {
        let mut dropped = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            dropped += chunk.len() as u64;
            if dropped > max_bytes {
                break;
            }
        }
    };
    // Failing to drain costs a connection, nothing else.
    let _ = tokio::time::timeout(patience, drain).await;
}

fn decoder<'a, R: AsyncBufRead + Unpin + Send + 'a>(
    coding: Coding,
    is_zlib: bool,
    reader: R,
) -> Pin<Box<dyn AsyncRead + Send + 'a>> {
    match coding {
        Coding::Identity => Box::pin(reader),
        Coding::Gzip => {
            let mut decoder = GzipDecoder::new(reader);
            // RFC 1952 §2.2: a file is a series of members.
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
        // RFC 9110 §8.4.1.2 means zlib, and notes that some servers send raw deflate.
        Coding::Deflate if is_zlib => Box::pin(ZlibDecoder::new(reader)),
        Coding::Deflate => Box::pin(DeflateDecoder::new(reader)),
        Coding::Brotli => Box::pin(BrotliDecoder::new(reader)),
        Coding::Zstd => {
            let mut decoder = ZstdDecoder::with_params(reader, &[DParameter::window_log_max(ZSTD_WINDOW_LOG)]);
            decoder.multiple_members(true);
            Box::pin(decoder)
        }
    }
}

/// RFC 1950 §2.2: method 8, and a check that makes the two bytes a multiple of 31.
fn is_zlib_header(first: u8, second: u8) -> bool {
    first & 0x0f == 8 && (u16::from(first) << 8 | u16::from(second)) % 31 == 0
}

fn decoding_error(error: io::Error, coding: Coding, host: &str) -> FetchError {
    let host = host.to_owned();
    let kind = error.kind();
    let reason = error.to_string();
    if let Some(inner) = error.into_inner()
        && let Ok(wire) = inner.downcast::<FetchError>()
    {
        return *wire;
    }
    if kind == io::ErrorKind::UnexpectedEof {
        return FetchError::Broken { host, reason: format!("the {} data ends in the middle", coding.name()) };
    }
    FetchError::Encoding { host, coding: coding.name().to_owned(), reason: format!("the data is damaged ({reason})") }
}

/// A body as it arrives, under the limits on size and speed.
struct Wire {
    response: Response,
    host: String,
    limits: BodyLimits,
    started: Instant,
    received: Arc<AtomicU64>,
}

impl Wire {
    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let BodyLimits { max_bytes, min_bytes_per_second, slow_start, .. } = self.limits;
        let received = self.received.load(Ordering::Relaxed);
        // The moment at which the average falls below the minimum if nothing more comes.
        let earned = Duration::from_millis(received.saturating_mul(1000) / min_bytes_per_second.max(1));
        let chunk = match timeout_at(self.started + earned.max(slow_start), self.response.chunk()).await {
            Ok(Ok(chunk)) => chunk,
            Ok(Err(error)) => return Err(FetchError::from_reqwest(&error, &self.host, Duration::ZERO)),
            Err(_) => {
                let host = self.host.clone();
                return Err(FetchError::TooSlow { host, received_bytes: received, after: self.started.elapsed() });
            }
        };
        let received = received + chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.received.store(received, Ordering::Relaxed);
        if received > max_bytes {
            return Err(FetchError::TooLarge { host: self.host.clone(), limit_bytes: max_bytes });
        }
        Ok(chunk)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn one_known_layer_is_undone_and_anything_else_is_an_error() {
        let coding = |values: &[&'static str]| {
            let headers: HeaderMap =
                values.iter().map(|value| (CONTENT_ENCODING, HeaderValue::from_static(value))).collect();
            Coding::from_headers(&headers, "a.example").map_err(|error| error.to_string())
        };
        assert_eq!(coding(&[]), Ok(Coding::Identity));
        assert_eq!(coding(&["identity"]), Ok(Coding::Identity));
        assert_eq!(coding(&["GZip"]), Ok(Coding::Gzip));
        assert_eq!(coding(&["identity, br"]), Ok(Coding::Brotli));
        for (stacked, name) in [(&["gzip, gzip"][..], "gzip, gzip"), (&["br", "zstd"], "br, zstd")] {
            assert!(coding(stacked).is_err_and(|error| error.contains(name)), "{stacked:?}");
        }
        assert!(coding(&["compress"]).is_err_and(|error| error.contains("`compress`")));
    }

    #[test]
    fn zlib_is_told_from_raw_deflate() {
        assert!(is_zlib_header(0x78, 0x9c) && is_zlib_header(0x78, 0x01) && is_zlib_header(0x78, 0xda));
        assert!(!is_zlib_header(0xcb, 0x48));
    }
}
