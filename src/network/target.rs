//! Reading URLs that strangers wrote.

use url::{ParseError, Url};

/// A URL that is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not a URL.
    #[error("`{url}` is not a URL: {reason}")]
    Malformed {
        /// What was written, cut to a length that can be shown.
        url: String,
        /// The parser's words.
        reason: ParseError,
    },
    /// Not http or https.
    #[error("`{0}` is neither http nor https")]
    Scheme(String),
    /// User name or password in the URL.
    #[error("`{0}` carries a user name or password, which says nothing about where it leads")]
    Credentials(String),
    /// A character that parsers disagree about.
    #[error("`{0}` contains a backslash or control character, which different programs read differently")]
    Ambiguous(String),
}

/// Reads a URL, relative to `base` if one is given: http or https, no credentials, nothing that two parsers would read
/// differently. The fragment is dropped.
///
/// # Errors
/// If it is anything else.
pub fn parse_target(text: &str, base: Option<&Url>) -> Result<Url, BadTarget> {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let before_query = text.split(['?', '#']).next().unwrap_or(text);
    if before_query.contains('\\') || text.contains(char::is_control) {
        return Err(BadTarget::Ambiguous(shown(text)));
    }
    let mut url = Url::options()
        .base_url(base)
        .parse(text)
        .map_err(|reason| BadTarget::Malformed { url: shown(text), reason })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(BadTarget::Scheme(shown(text)));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The password stays out of logs and messages.
        let host = url.host_str().unwrap_or_default();
        return Err(BadTarget::Credentials(format!("{}://…@{}", url.scheme(), shown(host))));
    }
    url.set_fragment(None);
    Ok(url)
}

/// At most 200 characters of it, controls replaced.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(200).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if shown.len() < text.len() && text.chars().nth(200).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_followed() {
        let base = Url::parse("https://a.example/feeds/x.xml").expect("valid");
        let read = |text: &str| parse_target(text, Some(&base)).map(String::from);
        assert_eq!(read("../y.xml#top"), Ok("https://a.example/y.xml".into()));
        assert_eq!(read("//b.example/z"), Ok("https://b.example/z".into()));
        assert_eq!(
            read(" http://пример.example/лента "),
            Ok("http://xn--e1afmkfd.example/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0".into())
        );
        assert_eq!(read("?q=a\\b"), Ok("https://a.example/feeds/x.xml?q=a\\b".into()));
        for bad in ["file:///etc/passwd", "gopher://a.example/", "ftp://a.example/x", "javascript:alert(1)", "data:,x"]
        {
            assert!(matches!(read(bad), Err(BadTarget::Scheme(_))), "{bad}");
        }
        for bad in
            ["http://a.example\\@b.example/", "\\\\b.example\\x", "http://b.exa\tmple/", "http://b.example/\r\nx"]
        {
            assert!(matches!(read(bad), Err(BadTarget::Ambiguous(_))), "{bad:?}");
        }
        assert!(matches!(read("http://"), Err(BadTarget::Malformed { .. })));
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        let error = parse_target("https://user:hunter2@b.example/", None).expect_err("refused");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
