//! HTML to what a person would read.
//!
//! In: a fragment as feeds carry it: a sentence with an entity, a few paragraphs, a whole page, or something hostile.
//! Out: plain text, paragraphs separated by a blank line; or cleaned HTML for showing.
//!
//! Text is had by one linear scan, not by an HTML parser: a parser is right about mis-nested tables, which nobody
//! reads, and costs a hundred times as much per snippet, and its time grows with the square of the nesting (html5ever
//! spends 40 s on 500 kB of `<div>`). Where a real tree is needed ([`sanitise_html`], article extraction) the parser gets
//! what [`super::balance`] makes of the input.

mod entities;
mod out;
mod scan;
#[cfg(test)]
mod tests;

use self::entities::entity;
use super::balance::Balanced;
use super::budget::Budget;

pub(crate) use self::entities::decode_entities;
pub(super) use self::out::{Gap, Out};
pub(crate) use self::scan::{Name, Piece, Scanner, attributes, tag_end};

/// At most this much of a document is read.
pub(crate) const MAX_HTML_BYTES: usize = 2 * 1024 * 1024;

/// What a person would read of some HTML: tags and entities gone, scripts and styles gone, whitespace collapsed;
/// paragraphs are separated by a blank line, other line breaks are kept as one.
///
/// Text that was escaped twice (`&amp;lt;p&amp;gt;`) is unescaped twice. Time is linear in the input, of which the first
/// 2 MiB are read. Plain text passes unchanged but for whitespace.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    let mut text = strip(cut(html, MAX_HTML_BYTES));
    // Each round removes one level of escaping; more than two levels do not happen by mistake.
    for _ in 0..2 {
        if !looks_escaped(&text) {
            break;
        }
        text = strip(&text);
    }
    text
}

/// [`html_to_text`] on one line: for names and tags.
#[must_use]
pub fn html_to_line(html: &str) -> String {
    on_one_line(html_to_text(html))
}

/// Text that is said to be plain, or that nobody says the kind of (RSS's titles): `the <video> tag` keeps all its words.
/// Where it is HTML all the same, it is read as that.
pub(crate) fn plain_to_text(text: &str) -> String {
    if holds_markup(text) {
        return html_to_text(text);
    }
    let mut out = Out::new();
    out.push_text(cut(text, MAX_HTML_BYTES), true);
    out.text
}

/// [`plain_to_text`] on one line.
pub(crate) fn plain_to_line(text: &str) -> String {
    on_one_line(plain_to_text(text))
}

fn on_one_line(text: String) -> String {
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}

/// HTML that is safe to show: an allow-list of elements and attributes, no scripts, styles, forms or images; links carry
/// `rel="noopener noreferrer"`. Elements deeper than 128 are not told apart; what follows 30,000 elements or 1 MiB of text is
/// left out.
#[must_use]
pub fn sanitise_html(html: &str) -> String {
    let html = cut(html, MAX_HTML_BYTES);
    if !html.contains(['<', '&']) {
        return html.to_owned();
    }
    CLEANER.with(|cleaner| cleaner.clean(&Balanced::read(html, &Budget::unlimited()).body).to_string())
}

thread_local! {
    static CLEANER: ammonia::Builder<'static> = {
        let mut builder = ammonia::Builder::default();
        builder.rm_tags(["img", "map", "area"]).link_rel(Some("noopener noreferrer"));
        builder
    };
}

/// Cuts on a character boundary, at most `max` bytes.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Takes off the tags and decodes the entities, once; linear in the input.
pub(super) fn strip(html: &str) -> String {
    let mut out = Out { text: String::with_capacity(html.len().min(64 * 1024)), gap: Gap::None };
    if !html.contains('<') {
        out.push_decoded(html, true);
        return out.text;
    }
    let mut scanner = Scanner::of(html);
    while let Some(piece) = scanner.next_piece() {
        match piece {
            Piece::Text(text) => out.push_decoded(text, false),
            Piece::Literal(text) => out.push_text(text, false),
            Piece::Tag(tag) => match tag.gap() {
                Gap::None => {}
                Gap::Line if out.gap >= Gap::Line => out.widen(Gap::Blank),
                gap => out.widen(gap),
            },
        }
    }
    out.text
}

/// Whether text still holds markup: it was escaped once too often.
fn looks_escaped(text: &str) -> bool {
    const TAGS: &[&str] = &[
        "</p",
        "<p>",
        "<p ",
        "<br",
        "</a>",
        "<a href",
        "</b>",
        "</strong>",
        "</em>",
        "</i>",
        "</div",
        "<div",
        "</span",
        "<span",
        "<img ",
        "</li>",
        "</ul>",
        "</h",
        "</td",
        "</script",
        "<!--",
        "</font",
        "</blockquote",
        "</figure",
    ];
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|b| matches!(b, b'<' | b'&')) {
        let at = from + at;
        let rest = &bytes[at..];
        if rest[0] == b'<' {
            if TAGS.iter().any(|tag| rest.len() >= tag.len() && rest[..tag.len()].eq_ignore_ascii_case(tag.as_bytes()))
            {
                return true;
            }
        } else if entity(&text[at..]).is_some_and(|(_, length)| rest[length - 1] == b';') {
            return true;
        }
        from = at + 1;
    }
    false
}

/// Whether text is HTML, whatever is said of it: an element ends in it, a tag has attributes or is one of those that
/// people put into titles, something is escaped. One name in angle brackets alone is a word (`List<String>`, `<BTS>`).
fn holds_markup(text: &str) -> bool {
    const ALONE: &[&str] = &[
        "b", "i", "em", "strong", "u", "s", "hr", "wbr", "nobr", "font", "small", "big", "sub", "sup", "li", "center",
    ];
    if !text.contains(['<', '&']) {
        return false;
    }
    if looks_escaped(text) {
        return true;
    }
    text.match_indices('<').any(|(at, _)| {
        let after = &text[at + 1..];
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')) {
            return false;
        }
        // No tag's name and first attribute are longer; so a flood of `<` costs little.
        let tag = cut(after, 200).split('>').next().unwrap_or("");
        let name = tag.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or("");
        after.starts_with("![CDATA[")
            || tag.strip_prefix('/').is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))
            || ALONE.iter().any(|known| name.eq_ignore_ascii_case(known))
            || name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() < tag.len() && tag.contains('=')
    })
}
