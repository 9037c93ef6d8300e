//! Links that only lead to another link: of search engines, social networks, mail filters, caches and archives. Most of
//! them carry the publisher's address within themselves; the others have to be asked.
//!
//! Gathered from what those services document or show in their own links. A wrong guess would name the wrong article, so
//! only what is plainly an http(s) address is taken.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

/// How often a link may be wrapped in another one.
const DEPTH: usize = 4;

/// Hosts (with all that end in them after a dot), the beginning of their path, and the parameters that hold the address.
const IN_QUERY: &[(&str, &str, &[&str])] = &[
    ("google.com", "/url", &["q", "url"]),
    ("news.google.com", "/", &["url"]),
    ("translate.google.com", "/translate", &["u"]),
    ("bing.com", "/news/apiclick.aspx", &["url"]),
    ("facebook.com", "/l.php", &["u"]),
    ("l.instagram.com", "/", &["u"]),
    ("out.reddit.com", "/", &["url"]),
    ("vk.com", "/away.php", &["to"]),
    ("away.vk.com", "/away.php", &["to"]),
    ("t.umblr.com", "/redirect", &["z"]),
    ("linkedin.com", "/redir/redirect", &["url"]),
    ("linkedin.com", "/safety/go", &["url"]),
    ("youtube.com", "/redirect", &["q"]),
    ("slack-redir.net", "/link", &["url"]),
    ("steamcommunity.com", "/linkfilter", &["u", "url"]),
    ("getpocket.com", "/redirect", &["url"]),
    ("safelinks.protection.outlook.com", "/", &["url"]),
    ("deref-mail.com", "/mail/client", &["redirectUrl"]),
    ("yandex.ru", "/clck/", &["url"]),
    ("link.zhihu.com", "/", &["target"]),
    ("link.csdn.net", "/", &["target"]),
    ("weibo.cn", "/sinaurl", &["u", "toasturl"]),
    ("apple.news", "/", &["url"]),
];

/// Hosts (with all that end in them after a dot) whose links only their servers can resolve: shorteners and counters.
const SHORTENERS: &[&str] = &[
    "t.co",
    "bit.ly",
    "j.mp",
    "ow.ly",
    "buff.ly",
    "dlvr.it",
    "ift.tt",
    "trib.al",
    "tinyurl.com",
    "goo.gl",
    "is.gd",
    "v.gd",
    "t.ly",
    "cutt.ly",
    "rebrand.ly",
    "shorturl.at",
    "lnkd.in",
    "fb.me",
    "wp.me",
    "zpr.io",
    "spr.ly",
    "soc.cr",
    "hubs.ly",
    "hubs.la",
    "clck.ru",
    "t.cn",
    "url.cn",
    "dwz.cn",
    "reut.rs",
    "bbc.in",
    "nyti.ms",
    "wapo.st",
    "cnn.it",
    "on.ft.com",
    "econ.st",
    "bloom.bg",
    "ebx.sh",
    "feedproxy.google.com",
    "feeds.feedblitz.com",
    "rss.feedsportal.com",
];

/// The address that a wrapped link carries within itself, unwrapped as often as needed; `None` where it is no wrapper or
/// its inside can't be told.
#[must_use]
pub fn unwrap_link(url: &Url) -> Option<Url> {
    let mut inner = unwrap_once(url)?;
    for _ in 1..DEPTH {
        match unwrap_once(&inner) {
            Some(next) => inner = next,
            None => break,
        }
    }
    Some(inner)
}

/// Whether only the link's server can tell where it leads.
#[must_use]
pub fn is_shortener(url: &Url) -> bool {
    url.host_str().is_some_and(|host| SHORTENERS.iter().any(|known| is_within(host, known)))
}

/// Whether links to this host name no publisher, whatever they carry.
#[must_use]
pub fn is_aggregator(host: &str) -> bool {
    matches!(host, "news.google.com" | "consent.google.com" | "apple.news")
}

/// Whether a link is an aggregator's and does not carry the publisher's address within itself.
#[must_use]
pub fn is_opaque_link(url: &Url) -> bool {
    url.host_str().is_some_and(is_aggregator) && unwrap_link(url).is_none()
}

fn is_within(host: &str, known: &str) -> bool {
    host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn unwrap_once(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let path = url.path();
    if is_within(host, "news.google.com")
        && let Some(inner) = google_news(path)
    {
        return Some(inner);
    }
    for (known, start, names) in IN_QUERY {
        if is_within(host, known) && path.starts_with(start) {
            let value = |name: &&str| url.query_pairs().find(|(key, _)| key == *name).map(|(_, value)| value);
            if let Some(inner) = names.iter().find_map(value).and_then(|value| web(&value)) {
                return Some(inner);
            }
        }
    }
    if is_within(host, "translate.goog") {
        return translated(url, host);
    }
    let rest = match host {
        // `/amp/s/example.org/a`
        "www.google.com" | "google.com" => return amp(path.strip_prefix("/amp/")?, url.query()),
        "www.bing.com" | "bing.com" => return amp(path.strip_prefix("/amp/")?, url.query()),
        // `/c/s/example.org/a`, `/v/s/…`
        _ if is_within(host, "cdn.ampproject.org") || is_within(host, "bing-amp.com") => {
            return amp(path.trim_start_matches('/').split_once('/')?.1, url.query());
        }
        // `/web/20261122140500/https://example.org/a?b`
        "web.archive.org" => path.strip_prefix("/web/")?.split_once('/')?.1.to_owned() + &query(url.query()),
        // `?https://example.org/a`
        "href.li" | "nullrefer.com" | "anonym.to" | "www.anonym.to" => return web(url.query()?),
        // `/v3/__https://example.org/a__;…`
        "urldefense.com" => url.as_str().split_once("/v3/__")?.1.split_once("__;")?.0.to_owned(),
        // `/…/RU=https%3a%2f%2fexample.org%2fa/RK=…`
        "r.search.yahoo.com" => {
            let inner = path.split('/').find_map(|part| part.strip_prefix("RU="))?;
            return web(&Url::parse(&format!("x:?u={inner}")).ok()?.query_pairs().next()?.1);
        }
        _ => return None,
    };
    web(&rest)
}

/// An http(s) address with a host; anything else is not one to follow.
fn web(text: &str) -> Option<Url> {
    // A path normalised by somebody has lost a slash.
    let mended = match text.split_once(":/") {
        Some((scheme @ ("http" | "https"), rest)) if !rest.starts_with('/') => Some(format!("{scheme}://{rest}")),
        _ => None,
    };
    let url = Url::parse(mended.as_deref().unwrap_or(text).trim()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.'))).then_some(url)
}

fn query(query: Option<&str>) -> String {
    query.map(|query| format!("?{query}")).unwrap_or_default()
}

fn amp(inner: &str, parameters: Option<&str>) -> Option<Url> {
    let (scheme, rest) = match inner.strip_prefix("s/") {
        Some(rest) => ("https", rest),
        None => ("http", inner),
    };
    web(&format!("{scheme}://{rest}{}", query(parameters)))
}

/// `www-example-org.translate.goog/a?_x_tr_sl=ru`: dots of the host as hyphens, hyphens doubled.
fn translated(url: &Url, host: &str) -> Option<Url> {
    let label = host.strip_suffix(".translate.goog")?;
    let host = label.replace("--", "\u{0}").replace('-', ".").replace('\u{0}', "-");
    let mut inner = url.clone();
    inner.set_host(Some(&host)).ok()?;
    let kept: Vec<_> = url.query().unwrap_or("").split('&').filter(|pair| !pair.starts_with("_x_tr_")).collect();
    let kept = kept.join("&");
    inner.set_query((!kept.is_empty()).then_some(&kept));
    web(inner.as_str())
}

/// `/rss/articles/CBMi…`: the last part is a protocol buffer in URL-safe base64, and its field 4 is the address, or, in
/// links made since 2024, a token that says nothing.
fn google_news(path: &str) -> Option<Url> {
    let token = path.rsplit_once("articles/")?.1.trim_end_matches('/').trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    // Field 1 (a number), then field 4 with its length: one byte up to 127, two above.
    let rest = bytes.strip_prefix(&[0x08, 0x13, 0x22])?;
    let (length, rest) = match rest {
        [low, rest @ ..] if *low < 0x80 => (usize::from(*low), rest),
        [low, high, rest @ ..] if *high < 0x80 => (usize::from(low & 0x7f) | usize::from(*high) << 7, rest),
        _ => return None,
    };
    web(std::str::from_utf8(rest.get(..length)?).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unwrapped(link: &str) -> Option<String> {
        unwrap_link(&Url::parse(link).expect("a URL")).map(String::from)
    }

    #[test]
    fn wrapped_links_tell_where_they_lead() {
        for link in [
            "https://www.google.com/url?rct=j&sa=t&url=https%3A%2F%2Fexample.org%2Fa%3Fid%3D7&ct=ga",
            "https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org%2Fa%3Fid%3D7&h=AT0",
            "http://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&url=https%3a%2f%2fexample.org%2fa%3fid%3d7&c=1",
            "https://away.vk.com/away.php?to=https%3A%2F%2Fexample.org%2Fa%3Fid%3D7",
            "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fexample.org%2Fa%3Fid%3D7&data=05",
            "https://urldefense.com/v3/__https://example.org/a?id=7__;!!abc$",
            "https://web.archive.org/web/20261122140500/https://example.org/a?id=7",
            "https://web.archive.org/web/20261122140500id_/https:/example.org/a?id=7",
            "https://example-org.cdn.ampproject.org/c/s/example.org/a?id=7",
            "https://www.google.com/amp/s/example.org/a?id=7",
            "https://example-org.translate.goog/a?id=7&_x_tr_sl=ru&_x_tr_tl=en",
            "https://href.li/?https://example.org/a?id=7",
            "https://r.search.yahoo.com/_ylt=A/RV=2/RE=1/RO=10/RU=https%3a%2f%2fexample.org%2fa%3fid%3d7/RK=2/RS=x-",
            "https://www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fexample.org%252Fa%253Fid%253D7",
        ] {
            let found = unwrapped(link);
            // The archive's and the filter's own parameters are the article's.
            assert_eq!(found.as_deref(), Some("https://example.org/a?id=7"), "{link}");
        }
    }

    #[test]
    fn an_aggregators_token_is_read_where_it_holds_an_address() {
        for address in ["https://example.org/esteri/radar-1", &format!("https://example.org/{}", "a".repeat(150))] {
            let mut bytes = vec![0x08, 0x13, 0x22];
            match u8::try_from(address.len()) {
                Ok(length @ ..0x80) => bytes.push(length),
                _ => bytes.extend([(address.len() & 0x7f) as u8 | 0x80, (address.len() >> 7) as u8]),
            }
            bytes.extend_from_slice(address.as_bytes());
            bytes.extend([0xd2, 0x01, 0x00]);
            let link = format!("https://news.google.com/rss/articles/{}?oc=5", URL_SAFE_NO_PAD.encode(&bytes));
            assert_eq!(unwrapped(&link).as_deref(), Some(address));
        }
        let opaque = URL_SAFE_NO_PAD.encode([&[0x08, 0x13, 0x22, 0x0a][..], b"AU_yqLabcd"].concat());
        assert_eq!(unwrapped(&format!("https://news.google.com/rss/articles/{opaque}")), None);
        assert_eq!(unwrapped("https://news.google.com/rss/articles/%F0"), None);
    }

    #[test]
    fn what_is_no_wrapper_stays_what_it_is() {
        for link in [
            "https://example.org/url?q=https://evil.example/",
            "https://notgoogle.com/url?q=https://evil.example/",
            "https://www.google.com/search?q=https://example.org/",
            "https://www.google.com/url?q=javascript:alert(1)",
            "https://l.facebook.com/l.php?u=mailto:a@example.org",
            "https://web.archive.org/web/2026/",
            "https://translate.goog/",
            "https://www.youtube.com/watch?v=abc",
            "https://weibo.cn/sinaurl?u=localhost",
        ] {
            assert_eq!(unwrapped(link), None, "{link}");
        }
    }

    #[test]
    fn a_chain_of_wrappers_ends() {
        let mut link = "https://example.org/".to_owned();
        for _ in 0..50 {
            let inner: String = url::form_urlencoded::byte_serialize(link.as_bytes()).collect();
            link = format!("https://www.google.com/url?q={inner}");
            if link.len() > 100_000 {
                break;
            }
        }
        assert!(unwrapped(&link).is_some());
    }

    #[test]
    fn shorteners_are_known_by_their_hosts() {
        let is = |link: &str| is_shortener(&Url::parse(link).expect("a URL"));
        assert!(is("https://t.co/abc") && is("http://www.bit.ly/x") && is("https://feedproxy.google.com/~r/a/b"));
        assert!(!is("https://comet.co/abc") && !is("https://rabbit.ly/x"));
    }
}
