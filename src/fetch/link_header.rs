//! `Link` headers (RFC 8288): feeds that a page names without a word of HTML, and the hub of a feed.

use reqwest::header::{HeaderMap, LINK};

/// More links of one answer are not read.
const MAX_LINKS: usize = 32;
/// Longer headers are cut; an address has at most 4 KB.
const MAX_BYTES: usize = 16 * 1024;

/// A link that a header names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderLink {
    /// As written; may be relative to the document's address.
    pub target: String,
    /// What it is, in lower case; may be several words.
    pub rel: String,
    /// Its media type, in lower case.
    pub kind: Option<String>,
    /// What it is called.
    pub title: Option<String>,
}

impl HeaderLink {
    /// Whether it is that, among other things.
    #[must_use]
    pub fn is(&self, rel: &str) -> bool {
        self.rel.split_ascii_whitespace().any(|word| word == rel)
    }
}

/// The links of an answer, in order.
pub(super) fn links(headers: &HeaderMap) -> Vec<HeaderLink> {
    let mut found = Vec::new();
    for value in headers.get_all(LINK) {
        let text = String::from_utf8_lossy(&value.as_bytes()[..value.len().min(MAX_BYTES)]);
        read(&text, &mut found);
    }
    found
}

/// Reads `<target>; rel="…", <target>; …`, leniently: what is not understood is passed over.
fn read(text: &str, found: &mut Vec<HeaderLink>) {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let Some((target, parameters)) = after.split_once('>') else { return };
        let mut link = HeaderLink { target: target.trim().to_owned(), rel: String::new(), kind: None, title: None };
        rest = parameters;
        loop {
            rest = rest.trim_start();
            let Some(parameter) = rest.strip_prefix(';') else { break };
            let parameter = parameter.trim_start();
            let end = parameter.find(['=', ';', ',']).unwrap_or(parameter.len());
            let name = parameter[..end].trim().to_ascii_lowercase();
            rest = &parameter[end..];
            let Some(value) = rest.strip_prefix('=') else { continue };
            let (value, after) = value_of(value.trim_start());
            rest = after;
            match name.as_str() {
                // The first one counts (§3.3).
                "rel" if link.rel.is_empty() => link.rel = value.to_ascii_lowercase(),
                "type" => link.kind = Some(value.to_ascii_lowercase()),
                "title" => link.title = Some(value),
                _ => {}
            }
        }
        if !link.target.is_empty() && found.len() < MAX_LINKS {
            found.push(link);
        }
    }
}

/// A token or a quoted text, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',']).unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut chars = quoted.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(chars.next().map(|(_, c)| c)),
            _ => value.push(c),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read_all(values: &[&str]) -> Vec<HeaderLink> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, HeaderValue::from_bytes(value.as_bytes()).expect("a header"));
        }
        links(&headers)
    }

    #[test]
    fn links_are_read_with_and_without_quotes_in_one_header_or_several() {
        let found = read_all(&[
            "<https://hub.example/>; rel=hub, </feed?a=1,2>; Rel=\"self Alternate\"; type=\"Application/RSS+xml\"; title=\"Лента, \\\"все\\\"\"",
            "<b>;x;rel=next;rel=hub",
        ]);
        let targets: Vec<_> = found.iter().map(|link| link.target.as_str()).collect();
        assert_eq!(targets, ["https://hub.example/", "/feed?a=1,2", "b"]);
        assert!(found[0].is("hub") && found[1].is("self") && found[1].is("alternate") && !found[2].is("hub"));
        assert_eq!(found[1].kind.as_deref(), Some("application/rss+xml"));
        assert_eq!(found[1].title.as_deref(), Some("Лента, \"все\""));
    }

    #[test]
    fn broken_and_endless_headers_are_survived() {
        for text in ["", "<", "<>", "<a", "<a>;", "<a>;rel", "<a>;rel=", "<a>;rel=\"", "<a>;rel=\"\\", ";;,,<<>>"] {
            read_all(&[text]);
        }
        assert_eq!(read_all(&[&"<a>;rel=x,".repeat(1000)]).len(), MAX_LINKS);
    }
}
