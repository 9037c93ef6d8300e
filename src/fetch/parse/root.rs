//! What a document of tags is, by its first element.

use super::ParseError;
use super::finish::cut_chars;
use crate::fetch::markup::{Token, Tokens};
use crate::text::{html, html_to_line};

/// How far into a document its beginning is looked for: error messages of the server may stand before it.
const MAX_JUNK_BYTES: usize = 64 * 1024;

/// The first element of a document.
pub(super) struct Root<'a> {
    pub(super) name: &'a str,
    local: String,
    pub(super) attributes: &'a str,
    doctype_is_html: bool,
}

impl<'a> Root<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut doctype_is_html = false;
        for token in Tokens::of(html::cut(text, MAX_JUNK_BYTES)) {
            match token {
                Token::Doctype(inside) => {
                    doctype_is_html =
                        inside.split_whitespace().nth(1).is_some_and(|name| name.eq_ignore_ascii_case("html"));
                }
                Token::Start { name, attributes, .. } => {
                    let local = name.rsplit(':').next().unwrap_or(name).to_ascii_lowercase();
                    return Self { name, local, attributes, doctype_is_html };
                }
                _ => {}
            }
        }
        Self { name: "", local: String::new(), attributes: "", doctype_is_html }
    }

    pub(super) fn is_feed(&self) -> bool {
        let is_feed = matches!(self.local.as_str(), "rss" | "rdf" | "feed" | "entry" | "channel");
        !self.doctype_is_html && (is_feed || self.is_sitemap())
    }

    pub(super) fn is_sitemap(&self) -> bool {
        matches!(self.local.as_str(), "urlset" | "sitemapindex")
    }

    /// Whether a feed's text stops before its end: nothing after the last entry ends the root, or the channel in it, which
    /// is all that RSS has. Broken markup further up is no sign of it: what ends with the root's end tag was sent whole.
    pub(super) fn ends_early(&self, text: &str) -> bool {
        !self.is_end(last_end_tag(text)) && {
            let mut is_open = true;
            for token in Tokens::of(text) {
                match token {
                    Token::Start { name, is_empty, .. } => {
                        let local = local(name);
                        let is_entry = local.eq_ignore_ascii_case("item") || local.eq_ignore_ascii_case("entry");
                        is_open = (is_open || is_entry) && !(is_empty && name == self.name);
                    }
                    Token::End { name } if self.is_end(name) => is_open = false,
                    _ => {}
                }
            }
            is_open
        }
    }

    fn is_end(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.name) || self.local == "rss" && local(name).eq_ignore_ascii_case("channel")
    }

    pub(super) fn what_else(&self, text: &str) -> ParseError {
        const HTML: &[&str] = &[
            "html", "head", "body", "script", "style", "meta", "title", "div", "p", "center", "h1", "h2", "br", "b",
            "a", "table", "form", "span", "pre", "link",
        ];
        match self.local.as_str() {
            "opml" => ParseError::Opml,
            local if self.doctype_is_html || HTML.contains(&local) => {
                let lower = html::cut(text, MAX_JUNK_BYTES);
                let title = find_ignoring_case(lower, "<title")
                    .and_then(|at| lower[at..].split_once('>'))
                    .map(|(_, rest)| rest.split("</").next().unwrap_or(""))
                    .map(|title| cut_chars(html_to_line(title), 200))
                    .filter(|title| !title.is_empty());
                ParseError::Html { title }
            }
            "" => ParseError::PlainText { start: cut_chars(html_to_line(html::cut(text, 400)), 60) },
            _ => ParseError::OtherXml { root: cut_chars(self.name.to_owned(), 60) },
        }
    }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The name of the end tag that ends the text, apart from blanks and comments; else nothing.
fn last_end_tag(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_end_matches(|c: char| c.is_whitespace() || c == '\0');
        match rest.strip_suffix("-->").and_then(|comment| comment.rfind("<!--")) {
            Some(start) => rest = &rest[..start],
            None => break,
        }
    }
    let tag = rest.strip_suffix('>').and_then(|rest| rest.rsplit_once("</"));
    tag.map_or("", |(_, name)| name.trim_end())
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// Where a feed begins inside something else.
pub(super) fn feed_start(text: &str) -> Option<usize> {
    let head = html::cut(text, MAX_JUNK_BYTES);
    ["<rss", "<feed", "<rdf:RDF", "<RDF", "<urlset", "<sitemapindex"].iter().filter_map(|start| head.find(start)).min()
}
