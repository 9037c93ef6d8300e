//! Which hosts are one site: those under one name that somebody registered.
//!
//! By the Public Suffix List (publicsuffix.org), compiled in by the `psl` crate. `www.example.co.uk` and `example.co.uk` are
//! one site, `a.example.co.uk` and `b.other.co.uk` are not, nor are two blogs on `github.io`. The list is as old as the
//! build; a suffix that is younger makes strangers below it look like one site, as they would without any list.

use url::Url;

/// The registered name above a host, such as `example.co.uk`; the host itself where there is none: an address, a name
/// without a dot, or a public suffix. Lower case, as [`Url`] has its hosts.
#[must_use]
pub fn site_of(host: &str) -> &str {
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    if is_address { host } else { psl::domain_str(host).unwrap_or(host) }
}

/// Whether two addresses are of one site. Scheme and port don't count; an address without a host is of none.
#[must_use]
pub fn same_site(one: &Url, other: &Url) -> bool {
    one.host_str().zip(other.host_str()).is_some_and(|(one, other)| site_of(one) == site_of(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_what_somebody_registered() {
        for (host, site) in [
            ("example.org", "example.org"),
            ("www.news.example.org", "example.org"),
            ("news.example.co.uk", "example.co.uk"),
            ("co.uk", "co.uk"),
            ("abc.net.au", "abc.net.au"),
            ("www.asahi.example.co.jp", "example.co.jp"),
            ("a.github.io", "a.github.io"),
            ("github.io", "github.io"),
            ("lenta.example.com.ru", "example.com.ru"),
            // 新闻.公司.cn and пример.рф, as addresses have them.
            ("www.xn--efv12a.xn--55qx5d.cn", "xn--efv12a.xn--55qx5d.cn"),
            ("m.xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai"),
            ("outlet.example", "outlet.example"),
            ("a.outlet.example.", "outlet.example"),
            ("localhost", "localhost"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
        ] {
            assert_eq!(site_of(host), site, "{host}");
        }
    }

    #[test]
    fn strangers_under_one_suffix_are_not_one_site() {
        let same = |one: &str, other: &str| {
            let url = |host: &str| Url::parse(&format!("https://{host}/")).expect(host);
            same_site(&url(one), &url(other))
        };
        assert!(same("www.example.co.uk", "sitemaps.example.co.uk:8443"));
        assert!(!same("example.co.uk", "other.co.uk"));
        assert!(!same("example.com.au", "other.com.au"));
        assert!(!same("a.github.io", "b.github.io"));
        assert!(!same("127.0.0.1", "127.0.0.2"), "no part of an address is a name");
        assert!(!same("a.example.org", "example.org.evil.example"));
    }
}
