//! WebSub (<https://www.w3.org/TR/websub/>) as a subscriber speaks it: finding the hub, what is asked of it, and whether
//! what it sends is signed. Who asks when is the pipeline's business.
//!
//! Only signatures by SHA-256 and longer are believed. Content signed by SHA-1, as older hubs do it, is not taken in; that it came is a
//! hint to look at the feed.

use std::fmt::Write as _;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};
use url::Url;
use url::form_urlencoded::Serializer;

use super::markup::{Token, Tokens, attributes};
use super::{Document, HeaderLink};
use crate::network::parse_target;
use crate::text::html;

/// How far into a feed its hub is looked for: it stands before the entries.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// Who pushes a feed, and under what name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hub {
    /// Its address.
    pub hub: Url,
    /// What it calls the feed.
    pub topic: Url,
}

/// The hub that a feed names, in its headers (which go first) or in itself.
#[must_use]
pub fn hub_of(document: &Document) -> Option<Hub> {
    let named = |rel: &str| {
        let of = |links: &[HeaderLink]| {
            let link = links.iter().find(|link| link.is(rel))?;
            parse_target(&link.target, Some(&document.final_url)).ok()
        };
        of(&document.links)
    };
    let (in_feed_hub, in_feed_self) = in_feed(document);
    let hub = named("hub").or(in_feed_hub)?;
    let topic = named("self").or(in_feed_self).unwrap_or_else(|| document.final_url.clone());
    Some(Hub { hub, topic })
}

/// Hub and own address as the feed's head has them.
fn in_feed(document: &Document) -> (Option<Url>, Option<Url>) {
    let head = &document.body[..document.body.len().min(MAX_HEAD_BYTES)];
    let head = String::from_utf8_lossy(head);
    let resolve = |text: &str| parse_target(text.trim(), Some(&document.final_url)).ok();
    if head.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        return in_json(document, resolve);
    }
    let (mut hub, mut own) = (None, None);
    for token in Tokens::of(&head) {
        let Token::Start { name, attributes: raw, .. } = token else { continue };
        match name.rsplit(':').next().unwrap_or(name) {
            "item" | "entry" => break,
            "link" => {
                let value = |wanted: &str| attributes(raw).find(|(name, _)| *name == wanted).map(|(_, value)| value);
                let Some(rel) = value("rel") else { continue };
                let Some(href) = value("href").and_then(|href| resolve(&html::decode_entities(&href))) else {
                    continue;
                };
                for word in rel.split_ascii_whitespace() {
                    match word {
                        "hub" if hub.is_none() => hub = Some(href.clone()),
                        "self" if own.is_none() => own = Some(href.clone()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    (hub, own)
}

/// JSON Feed's `hubs` and `feed_url`.
fn in_json(document: &Document, resolve: impl Fn(&str) -> Option<Url>) -> (Option<Url>, Option<Url>) {
    let Ok(feed) = serde_json::from_slice::<serde_json::Value>(&document.body) else { return (None, None) };
    let hubs = feed.get("hubs").and_then(|hubs| hubs.as_array()).map(Vec::as_slice).unwrap_or_default();
    let hub = hubs.iter().take(16).find(|hub| {
        hub.get("type").and_then(|kind| kind.as_str()).is_some_and(|kind| kind.eq_ignore_ascii_case("websub"))
    });
    let hub = hub.and_then(|hub| resolve(hub.get("url")?.as_str()?));
    (hub, feed.get("feed_url").and_then(|url| resolve(url.as_str()?)))
}

/// What is asked of a hub, as a form.
#[must_use]
pub fn request_form(mode: &str, topic: &str, callback: &str, secret: Option<&str>, lease_seconds: u64) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("hub.mode", mode).append_pair("hub.topic", topic).append_pair("hub.callback", callback);
    if let Some(secret) = secret {
        form.append_pair("hub.secret", secret).append_pair("hub.lease_seconds", &lease_seconds.to_string());
    }
    form.finish()
}

/// What a signature is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// The hub wrote it.
    Valid,
    /// By a method too weak to believe.
    Weak,
    /// Absent, unreadable or wrong.
    Invalid,
}

/// Checks `X-Hub-Signature: method=hex` over the exact bytes, in constant time.
#[must_use]
pub fn check_signature(header: Option<&str>, secret: &str, body: &[u8]) -> Signed {
    let Some((method, hex)) = header.and_then(|header| header.trim().split_once('=')) else { return Signed::Invalid };
    let Some(signature) = from_hex(hex.trim()) else { return Signed::Invalid };
    macro_rules! holds {
        ($hash:ty) => {
            Hmac::<$hash>::new_from_slice(secret.as_bytes())
                .is_ok_and(|mac| mac.chain_update(body).verify_slice(&signature).is_ok())
        };
    }
    let is_valid = match method.to_ascii_lowercase().as_str() {
        "sha256" => holds!(Sha256),
        "sha384" => holds!(Sha384),
        "sha512" => holds!(Sha512),
        "sha1" => return Signed::Weak,
        _ => false,
    };
    if is_valid { Signed::Valid } else { Signed::Invalid }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// So many random bytes, in hexadecimal.
///
/// # Errors
/// If the system has no randomness to give.
pub fn random_hex(bytes: usize) -> Result<String, String> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| error.to_string())?;
    Ok(random.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

#[cfg(test)]
mod tests {
    use super::super::Hints;
    use super::*;
    use crate::model::Validators;

    fn document(body: &str, links: Vec<HeaderLink>) -> Document {
        Document {
            body: body.as_bytes().to_vec(),
            content_type: None,
            final_url: Url::parse("https://site.example/лента.xml").expect("a URL"),
            permanent_redirect: None,
            validators: Validators::default(),
            hints: Hints::default(),
            status: 200,
            wire_bytes: 0,
            links,
        }
    }

    fn found(body: &str) -> Option<(String, String)> {
        hub_of(&document(body, Vec::new())).map(|hub| (hub.hub.into(), hub.topic.into()))
    }

    #[test]
    fn a_hub_is_found_in_headers_and_in_every_format() {
        let pair = |hub: &str, topic: &str| Some((hub.to_owned(), topic.to_owned()));
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><link rel=\"self\" href=\"https://site.example/a?x=1&amp;y=2\"/>\
                    <link rel='hub' href='/hub'/><entry><link rel='hub' href='https://evil.example/'/></entry></feed>";
        assert_eq!(found(atom), pair("https://site.example/hub", "https://site.example/a?x=1&y=2"));
        let rss = "<rss><channel><atom:link href='https://hub.example/' rel='hub'/><item/></channel></rss>";
        assert_eq!(found(rss), pair("https://hub.example/", "https://site.example/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0.xml"));
        let json = "{\"hubs\":[{\"type\":\"rssCloud\",\"url\":\"x\"},{\"type\":\"WebSub\",\"url\":\"https://hub.example/\"}],\"feed_url\":\"/f.json\"}";
        assert_eq!(found(json), pair("https://hub.example/", "https://site.example/f.json"));
        assert_eq!(
            found("<rss><channel><item><link rel='hub' href='https://evil.example/'/></item></channel></rss>"),
            None
        );
        assert_eq!(found("<feed><link rel='hub' href='file:///etc/passwd'/></feed>"), None);
        let link =
            |rel: &str, target: &str| HeaderLink { target: target.into(), rel: rel.into(), kind: None, title: None };
        let both =
            document(atom, vec![link("hub", "https://other.example/"), link("self", "https://site.example/self")]);
        let hub = hub_of(&both).expect("a hub");
        assert_eq!((hub.hub.as_str(), hub.topic.as_str()), ("https://other.example/", "https://site.example/self"));
    }

    #[test]
    fn only_a_strong_and_right_signature_is_believed() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").expect("any key");
        mac.update("маяк".as_bytes());
        let hex = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let check = |header: &str| check_signature(Some(header), "secret", "маяк".as_bytes());
        assert_eq!(check(&format!("sha256={hex}")), Signed::Valid);
        assert_eq!(check(&format!("SHA256={}", hex.to_uppercase())), Signed::Valid);
        assert_eq!(check(&format!("sha256={}", hex.replace('0', "1"))), Signed::Invalid);
        assert_eq!(check(&format!("sha512={hex}")), Signed::Invalid);
        assert_eq!(check("sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709"), Signed::Weak);
        for bad in ["", "sha256", "sha256=", "sha256=é", "sha256=abc", "md5=00"] {
            assert_eq!(check(bad), Signed::Invalid, "{bad}");
        }
        assert_eq!(check_signature(None, "secret", b""), Signed::Invalid);
        assert_eq!(random_hex(16).expect("random").len(), 32);
        assert_ne!(random_hex(16), random_hex(16));
    }
}
