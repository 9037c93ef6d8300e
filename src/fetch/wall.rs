//! What kind of web page stands where a feed should be: one that was rebuilt, or one that stands in front of it.

use url::Url;

use crate::model::FeedTrouble;

/// So much of a page is looked at.
const LOOKED_AT: usize = 64 * 1024;

/// What stands in an address or in a page's markup, whatever its language. Words of software, not of people: password
/// fields, single sign-on, consent managers, robot checks, subscription services.
const SIGNS: &[&str] = &[
    "type=\"password\"",
    "type='password'",
    "type=password",
    "g-recaptcha",
    "h-captcha",
    "hcaptcha.com",
    "cf-turnstile",
    "challenges.cloudflare.com",
    "cf-chl-",
    "captcha-delivery.com",
    "_incapsula_resource",
    "ddos-guard",
    "cookiewall",
    "consentmanager.net",
    "cookielaw.org",
    "didomi",
    "quantcast.mgr.consensu.org",
    "sp_message_container",
    "poool.fr",
    "tinypass.com",
    "piano.io",
];
const ADDRESSES: &[&str] = &[
    "login",
    "signin",
    "sign-in",
    "sso",
    "oauth",
    "openid",
    "accounts.",
    "consent",
    "cookiewall",
    "captcha",
    "paywall",
    "subscribe",
    "privacy-gate",
];

/// Tells a page that stands in front of the feed from one in its place. `url`: where the page was found.
#[must_use]
pub fn page_trouble(body: &[u8], url: &Url) -> FeedTrouble {
    let head = String::from_utf8_lossy(&body[..body.len().min(LOOKED_AT)]).to_ascii_lowercase();
    let address = format!("{}{}", url.host_str().unwrap_or_default(), url.path()).to_ascii_lowercase();
    let is_wall = SIGNS.iter().any(|sign| head.contains(sign)) || ADDRESSES.iter().any(|sign| address.contains(sign));
    if is_wall { FeedTrouble::Wall } else { FeedTrouble::Page }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_is_told_from_a_page() {
        let of = |body: &str, url: &str| page_trouble(body.as_bytes(), &url.parse().expect("a URL"));
        let page = "<html><h1>Новости порта</h1><p>Сегодня</p></html>";
        assert_eq!(of(page, "https://example.org/rss"), FeedTrouble::Page);
        assert_eq!(of(page, "https://consent.example.org/?to=rss"), FeedTrouble::Wall);
        assert_eq!(of("<form><input TYPE=\"password\"></form>", "https://example.org/rss"), FeedTrouble::Wall);
        let check = "<html><title>請稍候</title><script src=https://challenges.cloudflare.com/x.js></script></html>";
        assert_eq!(of(check, "https://example.org/rss"), FeedTrouble::Wall);
    }
}
