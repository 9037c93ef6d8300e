//! What a document is that was taken for a page and is none: told by its first bytes, as browsers do
//! (<https://mimesniff.spec.whatwg.org/>), and by what feeds and configuration files look like.

/// What the document is, in words that fit into “this is …”; `None` where it may well be a page.
pub(super) fn not_a_page(bytes: &[u8]) -> Option<&'static str> {
    SIGNATURES.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what)
}

/// The same of decoded text, for documents that are text.
pub(super) fn not_a_page_text(text: &str) -> Option<&'static str> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') {
        return root_element(text)
            .and_then(|root| FEEDS.iter().find(|(name, _)| root.eq_ignore_ascii_case(name)).map(|(_, what)| *what));
    }
    if text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
        return Some("JSON");
    }
    if text.starts_with("%!PS") {
        return Some("a PostScript document");
    }
    // A page may begin with text; one without any of its elements is something else that has a `<` in it.
    if text.len() <= LONGEST_TOML && text.contains('=') && toml::from_str::<toml::Table>(text).is_ok() {
        return Some("a TOML file");
    }
    let has_markup = text.match_indices('<').any(|(at, _)| {
        let name: &str = text[at + 1..].split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
        MARKUP.iter().any(|known| name.eq_ignore_ascii_case(known)) || text[at..].starts_with("<!")
    });
    (!has_markup).then_some("plain text")
}

/// The name of the first element, after declarations and comments.
fn root_element(mut text: &str) -> Option<&str> {
    // A document begins with a few of them at most.
    for _ in 0..64 {
        text = text.trim_start();
        let end = if text.starts_with("<!--") {
            "-->"
        } else if text.starts_with("<?") {
            "?>"
        } else if text.starts_with("<!") {
            ">"
        } else {
            let name = text.strip_prefix('<')?;
            let length = name.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).unwrap_or(name.len());
            return Some(&name[..length]);
        };
        text = &text[text.find(end)? + end.len()..];
    }
    None
}

/// A configuration or rule file is shorter.
const LONGEST_TOML: usize = 1 << 20;

const SIGNATURES: &[(&[u8], &str)] = &[
    (b"\x1f\x8b", "gzip data; unpack it first"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"BZh", "bzip2 data; unpack it first"),
    (b"\xfd7zXZ\0", "xz data; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "zstd data; unpack it first"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\0", "an SQLite database"),
];

const FEEDS: &[(&str, &str)] = &[
    ("rss", "an RSS feed (`vedetta feed parse` reads it)"),
    ("feed", "an Atom feed (`vedetta feed parse` reads it)"),
    ("rdf:RDF", "an RDF feed (`vedetta feed parse` reads it)"),
    ("channel", "a CDF feed (`vedetta feed parse` reads it)"),
    ("urlset", "a sitemap (`vedetta feed parse` reads it)"),
    ("sitemapindex", "an index of sitemaps"),
    ("opml", "an OPML list of feeds (`vedetta feed import` reads it)"),
    ("svg", "an SVG image"),
];

/// Elements of which a page has at least one.
const MARKUP: &[&str] = &[
    "html",
    "head",
    "body",
    "title",
    "meta",
    "p",
    "div",
    "article",
    "section",
    "main",
    "h1",
    "h2",
    "h3",
    "br",
    "span",
    "a",
    "table",
    "ul",
    "ol",
    "blockquote",
    "header",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn what(bytes: &[u8]) -> Option<&'static str> {
        not_a_page(bytes).or_else(|| not_a_page_text(&String::from_utf8_lossy(bytes)))
    }

    #[test]
    fn what_is_no_page_is_called_by_its_name() {
        for (bytes, name) in [
            (&b"\x1f\x8b\x08\x00rest"[..], "gzip"),
            (b"%PDF-1.7 ...", "PDF"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a <rss> --><rss version='2.0'><channel/></rss>", "RSS"),
            (b"<feed xmlns='http://www.w3.org/2005/Atom'><title>x</title></feed>", "Atom"),
            (b"<?xml version='1.0'?><rdf:RDF xmlns:rdf='x'></rdf:RDF>", "RDF"),
            (b"<urlset><url/></urlset>", "sitemap"),
            (b"{\"title\": \"<p>x</p>\"}", "JSON"),
            (b"[[topic]]\nid = \"t\"\nnote = '''<p>x</p>'''\n", "TOML"),
            ("# Регламент\n[rules]\npaths = [\"правила\"] # <a>\n".as_bytes(), "TOML"),
            (b"if a < b then c", "plain text"),
        ] {
            assert!(what(bytes).is_some_and(|what| what.contains(name)), "{name}: {:?}", what(bytes));
        }
    }

    #[test]
    fn a_page_is_not_refused() {
        for page in [
            "<!DOCTYPE html><html lang=it><body><p>Ciao",
            "<?xml version='1.0'?><!DOCTYPE html><html xmlns='http://www.w3.org/1999/xhtml'></html>",
            "Titolo = sottotitolo <p>Una pagina senza inizio.</p>",
            "\n\n  <article>新闻</article>",
            "<div>{\"a\": 1}</div>",
            "<!-- never closed",
            "",
        ] {
            assert!(page.is_empty() || what(page.as_bytes()).is_none(), "{page}: {:?}", what(page.as_bytes()));
        }
    }
}
