//! Reading what a server says about change and time: validators to ask again with, and hints when to.

use std::time::{Duration, SystemTime};

use reqwest::header::{
    AGE, CACHE_CONTROL, DATE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    LAST_MODIFIED, RETRY_AFTER,
};

use crate::model::Validators;

/// Longer validators are not kept: nobody needs them, and they would be sent back with every poll. In bytes.
const MAX_VALIDATOR_BYTES: usize = 1024;

/// What a server asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Hints {
    /// `Retry-After` (RFC 9110 §10.2.3). A date counts from the response's own `Date`, so that no clocks are compared;
    /// without one it is left out.
    pub retry_after: Option<Duration>,
    /// What is left of `Cache-Control: max-age` (RFC 9111 §5.2.2.1) after `Age`; absent where it is nothing.
    pub max_age: Option<Duration>,
}

impl Hints {
    /// Reads a response's hints.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        Self { retry_after: retry_after(headers), max_age: max_age(headers) }
    }
}

/// Reads a response's validators, as sent: weak ones stay weak, and a date is never parsed, since servers compare it as
/// text.
#[must_use]
pub(super) fn validators(headers: &HeaderMap) -> Validators {
    let text = |name: HeaderName| {
        let text = headers.get(name)?.to_str().ok()?.trim();
        (!text.is_empty() && text.len() <= MAX_VALIDATOR_BYTES).then(|| text.to_owned())
    };
    Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
}

/// The validators after a “not modified”: those of the answer, and the old ones where it is silent (RFC 9111 §4.3.4).
#[must_use]
pub(super) fn refreshed(headers: &HeaderMap, asked_with: &Validators) -> Validators {
    let new = validators(headers);
    Validators {
        etag: new.etag.or_else(|| asked_with.etag.clone()),
        last_modified: new.last_modified.or_else(|| asked_with.last_modified.clone()),
    }
}

/// Adds the conditions to a request; one that is no header value is left out. Returns whether there are any.
pub(super) fn ask_with(validators: &Validators, headers: &mut HeaderMap) -> bool {
    let mut is_conditional = false;
    for (name, text) in [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)] {
        if let Some(value) = text.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
            is_conditional = true;
        }
    }
    is_conditional
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(seconds) = seconds(text) {
        return Some(seconds);
    }
    let until = httpdate::parse_http_date(text).ok()?;
    let sent: SystemTime = httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()?;
    Some(until.duration_since(sent).unwrap_or_default())
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL).iter().take(8) {
        for directive in value.to_str().ok()?.split(',').take(32) {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let name = name.trim();
            if name.eq_ignore_ascii_case("no-cache") || name.eq_ignore_ascii_case("no-store") {
                return None;
            }
            if name.eq_ignore_ascii_case("max-age") {
                max_age = seconds(value.trim().trim_matches('"'));
            }
        }
    }
    let age = headers.get(AGE).and_then(|age| seconds(age.to_str().ok()?.trim())).unwrap_or_default();
    max_age?.checked_sub(age).filter(|left| !left.is_zero())
}

/// Delta-seconds; more than fit are as many as fit (RFC 9111 §1.2.2).
fn seconds(text: &str) -> Option<Duration> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Duration::from_secs(text.parse::<u32>().unwrap_or(u32::MAX).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn validators_are_kept_as_they_were_sent() {
        let answer = headers(&[("etag", "W/\"abc\""), ("last-modified", "Sun, 22 Nov 2026 12:00:00 GMT")]);
        let kept = validators(&answer);
        assert_eq!(kept.etag.as_deref(), Some("W/\"abc\""));
        let mut request = HeaderMap::new();
        assert!(ask_with(&kept, &mut request));
        assert_eq!(request[IF_NONE_MATCH], "W/\"abc\"");
        assert_eq!(request[IF_MODIFIED_SINCE], "Sun, 22 Nov 2026 12:00:00 GMT");
        assert!(!ask_with(&Validators::default(), &mut HeaderMap::new()));
        assert_eq!(validators(&headers(&[("etag", &"x".repeat(1025)), ("last-modified", " ")])), Validators::default());
        let broken = Validators { etag: Some("a\r\nHost: b".into()), last_modified: None };
        assert!(!ask_with(&broken, &mut HeaderMap::new()), "no header injection from the database");
    }

    #[test]
    fn not_modified_refreshes_what_it_mentions() {
        let old = Validators { etag: Some("\"1\"".into()), last_modified: Some("yesterday".into()) };
        let new = refreshed(&headers(&[("etag", "\"2\"")]), &old);
        assert_eq!(new, Validators { etag: Some("\"2\"".into()), last_modified: Some("yesterday".into()) });
    }

    #[test]
    fn hints_are_read_and_nonsense_is_not() {
        let retry = |text: &str| {
            Hints::from_headers(&headers(&[("retry-after", text), ("date", "Sun, 22 Nov 2026 12:00:00 GMT")]))
                .retry_after
        };
        assert_eq!(retry("120"), Some(Duration::from_secs(120)));
        assert_eq!(retry("Sun, 22 Nov 2026 12:05:00 GMT"), Some(Duration::from_secs(300)));
        assert_eq!(retry("Sun, 22 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(retry("99999999999999999999999"), Some(Duration::from_secs(u32::MAX.into())));
        for bad in ["-5", "soon", "", "1.5", "٣"] {
            let value = HeaderValue::from_bytes(bad.as_bytes()).expect("a value");
            let map: HeaderMap = [(RETRY_AFTER, value)].into_iter().collect();
            assert_eq!(Hints::from_headers(&map).retry_after, None, "{bad}");
        }
        let undated = headers(&[("retry-after", "Sun, 22 Nov 2026 12:05:00 GMT")]);
        assert_eq!(Hints::from_headers(&undated).retry_after, None);

        let age =
            |pairs: &[(&'static str, &str)]| Hints::from_headers(&headers(pairs)).max_age.map(|age| age.as_secs());
        assert_eq!(age(&[("cache-control", "public, max-age=600")]), Some(600));
        assert_eq!(age(&[("cache-control", "Max-Age=\"600\""), ("age", "100")]), Some(500));
        assert_eq!(age(&[("cache-control", "max-age=600"), ("age", "700")]), None);
        assert_eq!(age(&[("cache-control", "no-cache, max-age=600")]), None);
        assert_eq!(age(&[("cache-control", "max-age=0")]), None);
        assert_eq!(age(&[("cache-control", "max-age=ten")]), None);
        assert_eq!(age(&[("cache-control", "s-maxage=600")]), None);
    }
}
