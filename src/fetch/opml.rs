//! Lists of feeds, to and from other readers: OPML 1.0 … 2.0.
//!
//! In: a file of another program. Out: feeds with their names, and their folders as the label `folder` (`Asia/China`);
//! and back. Read as leniently as feeds are: these files are written by everybody.

use std::fmt::Write as _;

use url::Url;

use super::markup::{Token, Tokens, attributes};
use crate::model::{Feed, Labels};
use crate::text::{charset, html_to_line};

/// A feed of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct OpmlFeed {
    /// Where it is polled; http or https.
    pub url: Url,
    /// Its name.
    pub name: Option<String>,
    /// The label `folder`, where it stood in one.
    pub labels: Labels,
}

/// Why a file is no list of feeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// Something else.
    #[error("this is not OPML: the first element is `{root}`, not `opml`")]
    NotOpml {
        /// What it begins with.
        root: String,
    },
    /// A list, but none of its outlines has an `xmlUrl` that is a web address.
    #[error("the list holds no feeds: no outline has an `xmlUrl` that is a web address")]
    NoFeeds,
}

/// The label under which folders are kept.
const FOLDER: &str = "folder";
/// Deeper folders are not told apart from their parents.
const MAX_FOLDERS: usize = 16;
/// More feeds than anyone polls; a guess.
const MAX_FEEDS: usize = 100_000;

/// Reads a list of feeds, in its order; a feed that stands in it twice comes once.
///
/// # Errors
/// If it is no OPML, or holds no feeds.
pub fn read_opml(bytes: &[u8]) -> Result<Vec<OpmlFeed>, OpmlError> {
    let text = charset::decode(bytes, None).text;
    let mut feeds: Vec<OpmlFeed> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    // One entry for each open outline; `None` for one that is a feed.
    let mut folders: Vec<Option<String>> = Vec::new();
    let mut is_opml = false;
    for token in Tokens::of(&text) {
        match token {
            Token::Start { name, attributes: raw, is_empty } => {
                if !is_opml && !matches!(name.to_ascii_lowercase().as_str(), "opml" | "outlinedocument") {
                    return Err(OpmlError::NotOpml { root: name.chars().take(60).collect() });
                }
                is_opml = true;
                if !name.eq_ignore_ascii_case("outline") {
                    continue;
                }
                let (mut url, mut title, mut text) = (None, None, None);
                for (key, value) in attributes(raw) {
                    match key.to_ascii_lowercase().as_str() {
                        "xmlurl" => url = Url::parse(value.trim()).ok(),
                        "title" => title = Some(html_to_line(&value)),
                        "text" => text = Some(html_to_line(&value)),
                        _ => {}
                    }
                }
                let name = title.filter(|title| !title.is_empty()).or(text).filter(|name| !name.is_empty());
                let is_feed = url.is_some();
                if let Some(url) = url.filter(|url| matches!(url.scheme(), "http" | "https"))
                    && feeds.len() < MAX_FEEDS
                    && seen.insert(url.clone())
                {
                    let path: Vec<&str> = folders.iter().flatten().map(String::as_str).collect();
                    let mut labels = Labels::new();
                    if !path.is_empty() {
                        labels.insert(FOLDER.to_owned(), path.join("/"));
                    }
                    feeds.push(OpmlFeed { url, name: name.clone(), labels });
                }
                if !is_empty && folders.len() < MAX_FOLDERS {
                    // A slash would look like one more folder.
                    folders.push(name.filter(|_| !is_feed).map(|name| name.replace('/', "-")));
                }
            }
            Token::End { name } if name.eq_ignore_ascii_case("outline") => {
                folders.pop();
            }
            _ => {}
        }
    }
    if !is_opml {
        return Err(OpmlError::NotOpml { root: html_to_line(&text).chars().take(60).collect() });
    }
    if feeds.is_empty() { Err(OpmlError::NoFeeds) } else { Ok(feeds) }
}

/// Writes feeds as OPML 2.0, in their folders; what [`read_opml`] reads back.
#[must_use]
pub fn write_opml(feeds: &[Feed]) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n  <head>\n    <title>vedetta feeds</title>\n  </head>\n  <body>\n",
    );
    let mut sorted: Vec<(Vec<&str>, &Feed)> = feeds
        .iter()
        .map(|feed| {
            let folder = feed.labels.get(FOLDER).map_or("", String::as_str);
            (folder.split('/').filter(|part| !part.is_empty()).collect(), feed)
        })
        .collect();
    // Feeds of one folder together, in their own order.
    sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut open: Vec<&str> = Vec::new();
    for (folder, feed) in sorted {
        let common = open.iter().zip(&folder).take_while(|(a, b)| a == b).count();
        while open.len() > common {
            open.pop();
            let _ = writeln!(out, "{}</outline>", indent(open.len()));
        }
        for part in &folder[common..] {
            let _ = writeln!(out, "{}<outline text=\"{}\">", indent(open.len()), escaped(part));
            open.push(part);
        }
        let name = escaped(feed.name.as_deref().unwrap_or_else(|| feed.host()));
        let url = escaped(feed.url.as_str());
        let _ = writeln!(
            out,
            "{}<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{url}\"/>",
            indent(open.len())
        );
    }
    while open.pop().is_some() {
        let _ = writeln!(out, "{}</outline>", indent(open.len()));
    }
    out.push_str("  </body>\n</opml>\n");
    out
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth + 2)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            // XML 1.0 has no way to write controls.
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_become_labels_and_come_back() {
        let text = r#"<?xml version="1.0"?><opml version="1.0"><body>
            <outline text="Asia"><outline text="中国 &amp; HK"><outline text="Prova" type="rss" xmlUrl="https://example.org/rss?a=1&amp;b=2"/></outline>
            <outline title="Giappone / Tokyo"><outline xmlURL="http://example.jp/feed"></outline></outline></outline>
            <outline text="Loose" xmlUrl="https://example.com/feed"/><outline text="again" xmlUrl="https://example.com/feed"/>
            <outline text="bad" xmlUrl="javascript:alert(1)"/><outline text="No & escape" xmlUrl=https://example.net/x /></body></opml>"#;
        let feeds = read_opml(text.as_bytes()).expect("a list");
        let read: Vec<_> = feeds
            .iter()
            .map(|feed| (feed.url.as_str(), feed.name.as_deref(), feed.labels.get("folder").map(String::as_str)))
            .collect();
        assert_eq!(
            read,
            [
                ("https://example.org/rss?a=1&b=2", Some("Prova"), Some("Asia/中国 & HK")),
                ("http://example.jp/feed", None, Some("Asia/Giappone - Tokyo")),
                ("https://example.com/feed", Some("Loose"), None),
                ("https://example.net/x", Some("No & escape"), None),
            ]
        );
        let configured: Vec<Feed> = feeds
            .iter()
            .map(|feed| Feed { name: feed.name.clone(), labels: feed.labels.clone(), ..Feed::new(feed.url.clone()) })
            .collect();
        let mut again = read_opml(write_opml(&configured).as_bytes()).expect("our own list");
        again.sort_by(|a, b| a.url.cmp(&b.url));
        let mut expected = feeds;
        expected[1].name = Some("example.jp".to_owned());
        expected.sort_by(|a, b| a.url.cmp(&b.url));
        assert_eq!(again, expected);
    }

    #[test]
    fn what_is_no_list_says_so() {
        assert_eq!(read_opml(b"<rss/>"), Err(OpmlError::NotOpml { root: "rss".to_owned() }));
        assert_eq!(read_opml(b""), Err(OpmlError::NotOpml { root: String::new() }));
        assert_eq!(read_opml(b"<opml><body/></opml>"), Err(OpmlError::NoFeeds));
    }
}
