//! One spelling for the links of one article.
//!
//! In: a link as a feed, page or aggregator writes it. Out: a text to compare, never to fetch: what does not change the
//! article is gone (scheme, `www.`, tracking parameters, fragment, closing slash). The price: a site that serves
//! different articles under `www.` and without, or by fragment alone, would look like one. None is known that does; the
//! fragments of single-page sites (`#!/…`, `#/…`) are kept.

use url::Url;

use super::redirector::unwrap_link;

/// Query parameters that only tell where a reader came from. A name ending in `*` is a prefix.
///
/// Gathered from the documentation of the advertising and mail systems that add them.
const TRACKING: &[&str] = &[
    // Campaign tagging of analytics systems
    "utm_*",
    "pk_*",
    "piwik_*",
    "matomo_*",
    "mtm_*",
    "hsa_*",
    "at_medium",
    "at_campaign",
    "at_link*",
    "at_custom*",
    "at_ptr*",
    "at_bbc*",
    "at_format",
    "at_creation",
    "at_user_id",
    "xtor",
    "xtref",
    "wt_mc",
    "wt_mc_o",
    "wt.mc_id",
    "ns_mchannel",
    "ns_source",
    "ns_campaign",
    "ns_linkname",
    "ns_fee",
    "ito",
    "cmpid",
    "cmp_id",
    "icid",
    "ocid",
    "ncid",
    "s_cid",
    "icmp",
    "int_cid",
    "intcmp",
    "ftag",
    "traffic_source",
    "trk",
    "trkcampaign",
    "partner_id",
    // Click ids
    "fbclid",
    "gclid",
    "gclsrc",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "ymclid",
    "ysclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "li_fat_id",
    "_openstat",
    "srsltid",
    "epik",
    "s_kwcid",
    "ef_id",
    "zanpid",
    "rb_clickid",
    "wickedid",
    "vero_id",
    "vero_conv",
    "oly_anon_id",
    "oly_enc_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "_hsenc",
    "_hsmi",
    "__hssc",
    "__hstc",
    "__hsfp",
    "hsctatracking",
    "sc_campaign",
    "sc_channel",
    "sc_content",
    "sc_medium",
    "sc_outcome",
    "sc_geo",
    "sc_country",
    "_ga",
    "_gl",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "spm",
    "scm",
    "share_token",
    "smid",
    "smtyp",
    "smprod",
    "fb_action_ids",
    "fb_action_types",
    "fb_source",
    "fb_ref",
    "fromrss",
    "from_rss",
    "feedtype",
    "isrss",
    "rss_id",
    "amp_js_v",
    "amp_gsa",
    "usqp",
    "outputtype",
];

/// Parameters that are only tracking with these values: elsewhere they may name an article.
const TRACKING_VALUES: &[(&str, &[&str])] = &[
    (
        "ref",
        &[
            "rss",
            "feed",
            "rssfeed",
            "rss_feed",
            "home",
            "homepage",
            "twitter",
            "facebook",
            "newsletter",
            "push",
            "hp",
            "tw",
            "fb",
        ],
    ),
    ("from", &["rss", "feed", "rssfeed", "home", "homepage", "twitter", "facebook", "newsletter"]),
    ("source", &["rss", "feed", "rssfeed", "newsletter", "twitter", "facebook"]),
    ("src", &["rss", "feed", "rssfeed", "rsshp"]),
    ("via", &["rss", "feed", "twitter", "facebook"]),
    ("rss", &["1", "yes", "true", "y", ""]),
    ("partner", &["rss", "feedburner", "rssnyt"]),
    ("cmp", &["rss", "share_btn_tw", "share_btn_fb"]),
    ("amp", &["", "1", "true"]),
    ("output", &["amp"]),
    ("emc", &["rss"]),
    ("feed", &["rss", "rss2", "atom"]),
];

/// A link's one spelling, for comparing: `example.org/a?id=1`. `None` for what is no http(s) link with a host.
///
/// Dropped: scheme, credentials, `www.` and other names of one site's variants (`m.`, `mobile.`, `amp.`), default ports, tracking parameters,
/// fragment (unless it is a route, `#/…` or `#!…`), an AMP ending (`/amp`), slashes at the end. Parameters keep their order.
#[must_use]
pub fn normalise_link(link: &str) -> Option<String> {
    let mut url = Url::parse(link.trim()).ok()?;
    // A wrapper tells the real address within itself.
    if let Some(inner) = unwrap_link(&url) {
        url = inner;
    }
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let host = url.host_str()?.trim_end_matches('.');
    let bare = ["www.", "m.", "mobile.", "amp."].iter().find_map(|prefix| {
        // `m.org` is a site, `m.example.org` is a variant of one.
        host.strip_prefix(prefix).filter(|rest| rest.contains('.'))
    });
    let mut out = String::with_capacity(link.len());
    out.push_str(bare.unwrap_or(host));
    if let Some(port) = url.port() {
        // `Url` drops the scheme's own port; the other scheme's is as good.
        if !matches!(port, 80 | 443) {
            out.push(':');
            out.push_str(&port.to_string());
        }
    }
    let mut path = url.path().trim_end_matches('/');
    for ending in ["/amp", "/amp.html", ".amp.html", ".amp"] {
        if let Some(rest) = path.strip_suffix(ending)
            && !rest.trim_end_matches('/').is_empty()
        {
            path = rest.trim_end_matches('/');
            break;
        }
    }
    push_escaped(&mut out, path);
    let mut separator = '?';
    for pair in url.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !is_tracking(name, value) {
            out.push(separator);
            push_escaped(&mut out, pair);
            separator = '&';
        }
    }
    if let Some(fragment) = url.fragment()
        && (fragment.starts_with('!') || fragment.starts_with('/'))
    {
        out.push('#');
        push_escaped(&mut out, fragment);
    }
    Some(out)
}

/// Percent escapes in capitals, so that `%d0` and `%D0` are one.
fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        match rest.get(at..at + 3) {
            Some(escape) if escape.bytes().skip(1).all(|b| b.is_ascii_hexdigit()) => {
                out.push_str(&escape.to_ascii_uppercase());
                rest = &rest[at + 3..];
            }
            _ => {
                out.push('%');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
}

fn is_tracking(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_prefix("amp;").unwrap_or(&name);
    let listed = TRACKING.iter().any(|known| match known.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => name == *known,
    });
    listed
        || TRACKING_VALUES
            .iter()
            .any(|(known, values)| *known == name && values.iter().any(|known| value.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_one_link_are_one() {
        for link in [
            "https://example.org/esteri/radar-1",
            "http://www.example.org/esteri/radar-1/",
            "HTTPS://WWW.Example.ORG:443/esteri/radar-1?utm_source=rss&utm_medium=feed",
            "https://example.org/esteri/radar-1?fbclid=abc#commenti",
            "https://m.example.org/esteri/radar-1?ref=rss",
            "https://example.org/esteri/radar-1/amp/",
            "https://example-org.cdn.ampproject.org/c/s/example.org/esteri/radar-1?usqp=mq331",
            " https://user:pass@example.org/esteri/radar-1?&amp;utm_campaign=x ",
        ] {
            assert_eq!(normalise_link(link).as_deref(), Some("example.org/esteri/radar-1"), "{link}");
        }
    }

    #[test]
    fn what_names_the_article_stays() {
        assert_eq!(normalise_link("https://example.org/?p=12").as_deref(), Some("example.org?p=12"));
        assert_eq!(
            normalise_link("https://example.org/a?id=1&utm_x=2&page=3").as_deref(),
            Some("example.org/a?id=1&page=3")
        );
        assert_eq!(normalise_link("https://example.org/#!/a/1").as_deref(), Some("example.org#!/a/1"));
        assert_eq!(normalise_link("https://m.org/a").as_deref(), Some("m.org/a"));
        assert_eq!(normalise_link("https://example.org:8080/amp").as_deref(), Some("example.org:8080/amp"));
        assert_eq!(
            normalise_link("https://example.org/a?ref=KP-2026-11").as_deref(),
            Some("example.org/a?ref=KP-2026-11")
        );
    }

    #[test]
    fn scripts_and_escapes_have_one_spelling() {
        let written = normalise_link("https://пример.рф/новости/ракета");
        assert_eq!(
            written,
            normalise_link(
                "http://xn--e1afmkfd.xn--p1ai/%d0%bd%d0%be%d0%b2%d0%be%d1%81%d1%82%d0%b8/%D1%80%D0%B0%D0%BA%D0%B5%D1%82%D0%B0"
            )
        );
        assert!(written.is_some());
    }

    #[test]
    fn what_is_no_web_link_has_no_spelling() {
        for text in
            ["", "mailto:a@example.org", "javascript:alert(1)", "/relative", "tag:example.org,2026:1", "http://"]
        {
            assert_eq!(normalise_link(text), None, "{text}");
        }
    }
}
