//! Webhook signatures as the Standard Webhooks specification has them: base64 of HMAC-SHA256 over
//! `id.timestamp.body`, the body being the exact bytes that go over the wire.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::model::{Secret, Timestamp};

/// How far a signature's time may lie from the receiver's clock; the specification's libraries use five minutes.
const TOLERANCE: Duration = Duration::from_mins(5);

/// A secret that can't sign, or a request whose signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not base64 after `whsec_`.
    #[error("the secret is not `whsec_` and base64: generate one with `echo whsec_$(openssl rand -base64 32)`")]
    Secret,
    /// Outside 24 to 64 bytes, which the specification asks for.
    #[error("the secret has {0} bytes; the Standard Webhooks specification asks for 24 to 64")]
    Length(usize),
    /// A header is absent or unreadable.
    #[error("the header `{0}` is missing or unreadable")]
    Header(&'static str),
    /// Too far from the receiver's clock.
    #[error("`webhook-timestamp` is more than five minutes away")]
    Time,
    /// No signature fits.
    #[error("no signature in `webhook-signature` fits")]
    Mismatch,
}

/// A key that signs requests. Prints as `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey(Vec<u8>);

impl SigningKey {
    /// Reads `whsec_…`; the prefix may be missing.
    ///
    /// # Errors
    /// If the rest is not base64 or has fewer than 24 or more than 64 bytes.
    pub fn parse(secret: &Secret) -> Result<Self, SignatureError> {
        let text = secret.expose().trim();
        let text = text.strip_prefix("whsec_").unwrap_or(text);
        let bytes = STANDARD.decode(text).map_err(|_| SignatureError::Secret)?;
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SignatureError::Length(bytes.len())) }
    }

    /// One signature, as it stands in the header: `v1,` and base64. `seconds` since the epoch.
    #[must_use]
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(id, seconds, body).finalize().into_bytes()))
    }

    fn mac(&self, id: &str, seconds: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{seconds}.").as_bytes());
        mac.update(body);
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The value of `webhook-signature`: one signature for each key, so that a receiver can change its secret at leisure.
#[must_use]
pub fn signatures(keys: &[SigningKey], id: &str, seconds: i64, body: &[u8]) -> String {
    keys.iter().map(|key| key.sign(id, seconds, body)).collect::<Vec<_>>().join(" ")
}

/// What a receiver checks: that one of the signatures fits, in constant time, and was made within five minutes of `now`.
///
/// # Errors
/// If it does not hold, with the reason.
pub fn verify(
    key: &SigningKey,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::Header("webhook-timestamp"))?;
    if now.as_seconds().abs_diff(seconds) > TOLERANCE.as_secs() {
        return Err(SignatureError::Time);
    }
    let fits = signatures
        .split(' ')
        .filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok())
        .any(|bytes| key.mac(id, seconds, body).verify_slice(&bytes).is_ok());
    if fits { Ok(()) } else { Err(SignatureError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const OTHER: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn key(text: &str) -> SigningKey {
        SigningKey::parse(&Secret::new(text)).expect("a good secret")
    }

    #[test]
    fn the_specifications_vector_comes_out() {
        let signature = key(SECRET).sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn the_specifications_library_accepts_either_of_two_secrets() {
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
        let seconds = i64::try_from(now).expect("fits");
        let body = "{\"titolo\":\"Sfoglia: è così, 导弹, صاروخ\"}".as_bytes();
        let header = signatures(&[key(OTHER), key(SECRET)], "abc", seconds, body);
        let mut headers = standardwebhooks_headers("abc", seconds, &header);
        for secret in [SECRET, OTHER] {
            let webhook = standardwebhooks::Webhook::new(secret).expect("a good secret");
            webhook.verify(body, &headers).expect("verifies");
        }
        headers = standardwebhooks_headers("abd", seconds, &header);
        assert!(standardwebhooks::Webhook::new(SECRET).expect("good").verify(body, &headers).is_err());
    }

    fn standardwebhooks_headers(id: &str, seconds: i64, signature: &str) -> reqwest::header::HeaderMap {
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("webhook-id", id.parse().expect("valid"));
        headers.insert("webhook-timestamp", seconds.to_string().parse().expect("valid"));
        headers.insert("webhook-signature", signature.parse().expect("valid"));
        headers
    }

    #[test]
    fn a_changed_byte_an_old_time_or_another_key_are_told_apart_from_a_good_request() {
        let now = Timestamp::from_millis(1_614_265_330_000);
        let header = signatures(&[key(SECRET)], "id", now.as_seconds(), b"body");
        let check = |key_text: &str, time: &str, body: &[u8]| verify(&key(key_text), "id", time, &header, body, now);
        assert_eq!(check(SECRET, "1614265330", b"body"), Ok(()));
        assert_eq!(check(SECRET, "1614265330", b"bodY"), Err(SignatureError::Mismatch));
        assert_eq!(check(OTHER, "1614265330", b"body"), Err(SignatureError::Mismatch));
        assert_eq!(check(SECRET, "1614264000", b"body"), Err(SignatureError::Time));
        assert_eq!(check(SECRET, "soon", b"body"), Err(SignatureError::Header("webhook-timestamp")));
    }

    #[test]
    fn a_secret_that_cannot_sign_says_why_and_is_never_printed() {
        assert_eq!(SigningKey::parse(&Secret::new("whsec_not base64")), Err(SignatureError::Secret));
        assert_eq!(SigningKey::parse(&Secret::new("whsec_c2hvcnQ=")), Err(SignatureError::Length(5)));
        assert_eq!(format!("{:?}", key(SECRET)), "[redacted]");
    }
}
