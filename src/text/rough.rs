//! The text of a page that could not be taken apart: all of it that a person might read, with its menus and its neighbours.
//!
//! In: the bytes of a page that was too much for the extractor, or at which it failed. Out: what is left without tags. One
//! scan, linear in the first 2 MiB, and it shares no more with the extractor than the reading of tags. More is matched than
//! the article says; the alternative, not to match the page at all, would let whoever writes such pages hide what they say.

use url::Url;

use super::extract::Extracted;
use super::html::{MAX_HTML_BYTES, Piece, Scanner, cut, strip};
use super::{charset, detect_language, html_to_line};

/// As much as is kept of any article.
const MAX_BODY_BYTES: usize = 200_000;
/// The title stands in a page's first elements.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The page's text without its tags; `None` where there is none. `why` it could not be had better.
pub(super) fn rough_article(
    html: &[u8],
    content_type: Option<&str>,
    url: Option<&Url>,
    why: String,
) -> Option<Extracted> {
    let decoded = charset::decode(&html[..html.len().min(MAX_HTML_BYTES * 2)], content_type);
    let text = cut(&decoded.text, MAX_HTML_BYTES);
    let body = strip(text);
    let body = cut(&body, MAX_BODY_BYTES).trim_end().to_owned();
    if body.is_empty() {
        return None;
    }
    let title = title_of(cut(text, MAX_HEAD_BYTES));
    let guess = detect_language(None, &title, &body);
    Some(Extracted {
        url: url.map(Url::to_string),
        canonical: None,
        title,
        body,
        lang: guess.lang.filter(|_| guess.certain),
        author: None,
        published: None,
        site: None,
        warnings: vec![why],
        is_beginning: false,
        is_rough: true,
    })
}

/// What stands between `<title>` and the next tag.
fn title_of(text: &str) -> String {
    let mut scanner = Scanner::of(text);
    let mut is_title = false;
    while let Some(piece) = scanner.next_piece() {
        match piece {
            Piece::Tag(tag) => is_title = !tag.closing && tag.name.as_bytes() == b"title",
            Piece::Text(text) if is_title => return html_to_line(cut(text, 1_024)),
            _ => {}
        }
    }
    String::new()
}
