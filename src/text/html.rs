//! HTML to what a person would read.
//!
//! In: a fragment as feeds carry it: a sentence with an entity, a few paragraphs, a whole page, or something hostile.
//! Out: plain text, paragraphs separated by a blank line; or cleaned HTML for showing.
//!
//! Text is had by one linear scan, not by an HTML parser: a parser is right about mis-nested tables, which nobody
//! reads, and costs a hundred times as much per snippet, and its time grows with the square of the nesting (html5ever
//! spends 40 s on 500 kB of `<div>`). Where a real tree is needed ([`sanitise_html`], article extraction) the parser gets
//! what [`super::balance`] makes of the input.

use std::borrow::Cow;

use super::balance::Balanced;
use super::budget::Budget;

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

/// What stands between the text so far and the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gap {
    None,
    Space,
    Line,
    Blank,
}

#[derive(Debug)]
pub(super) struct Out {
    pub(super) text: String,
    gap: Gap,
}

impl Out {
    pub(super) fn new() -> Self {
        Self { text: String::new(), gap: Gap::None }
    }

    pub(super) fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// A line ends.
    pub(super) fn line(&mut self) {
        self.widen(Gap::Line);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            match self.gap {
                Gap::None => {}
                Gap::Space => self.text.push(' '),
                Gap::Line => self.text.push('\n'),
                Gap::Blank => self.text.push_str("\n\n"),
            }
        }
        self.gap = Gap::None;
    }

    /// `keeps_lines`: a blank line in the source is one for the reader too (text without any markup).
    fn push_text(&mut self, text: &str, keeps_lines: bool) {
        let mut newlines = 0;
        let mut start = 0;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let byte = bytes[at];
            if byte > b' ' && byte < 0x7f {
                at += 1;
                continue;
            }
            let c = if byte < 0x80 { byte as char } else { text[at..].chars().next().unwrap_or(' ') };
            let length = c.len_utf8();
            let space = is_space(c);
            if !space && !is_dropped(c) {
                at += length;
                continue;
            }
            if start < at {
                self.flush();
                self.text.push_str(&text[start..at]);
                newlines = 0;
            }
            // C1 controls are windows-1252 that was called something else.
            if let '\u{80}'..='\u{9f}' = c
                && let meant = numbered(c as u32)
                && meant != c
            {
                self.flush();
                self.text.push(meant);
            }
            if space {
                newlines += u32::from(c == '\n');
                self.widen(if keeps_lines && newlines >= 2 { Gap::Blank } else { Gap::Space });
            }
            at += length;
            start = at;
        }
        if start < at {
            self.flush();
            self.text.push_str(&text[start..]);
        }
    }

    pub(super) fn push_decoded(&mut self, text: &str, keeps_lines: bool) {
        let mut rest = text;
        while let Some(at) = rest.find('&') {
            match entity(&rest[at..]) {
                Some((decoded, length)) => {
                    self.push_text(&rest[..at], keeps_lines);
                    self.push_text(decoded.as_str(), false);
                    rest = &rest[at + length..];
                }
                None => {
                    self.push_text(&rest[..=at], keeps_lines);
                    rest = &rest[at + 1..];
                }
            }
        }
        self.push_text(rest, keeps_lines);
    }
}

fn is_space(c: char) -> bool {
    // White_Space (Unicode) holds NBSP and its kin.
    c.is_whitespace()
}

/// Characters that nobody sees and that split words: controls, soft hyphen, byte order mark, replacement of objects.
fn is_dropped(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{feff}' | '\u{fffc}' | '\u{200b}')
}

pub(crate) enum Piece<'a> {
    /// Text with entities.
    Text(&'a str),
    /// Text without (CDATA).
    Literal(&'a str),
    Tag(Tag<'a>),
}

pub(crate) struct Tag<'a> {
    pub(crate) name: Name,
    pub(crate) closing: bool,
    self_closing: bool,
    /// Between name and `>`.
    pub(crate) inside: &'a str,
}

/// A tag's name in lower case, cut to what the longest known one needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name {
    bytes: [u8; 12],
    length: usize,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        // `html:p` in XHTML inside feeds is `p`.
        let name = name.rsplit(':').next().unwrap_or(name).as_bytes();
        let mut bytes = [0; 12];
        let length = name.len().min(12);
        for (to, from) in bytes.iter_mut().zip(name) {
            *to = from.to_ascii_lowercase();
        }
        Self { bytes, length }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Tag<'_> {
    fn gap(&self) -> Gap {
        match self.name.as_bytes() {
            b"br" | b"li" | b"tr" | b"dt" | b"dd" | b"option" | b"caption" => Gap::Line,
            b"td" | b"th" | b"img" | b"input" | b"button" | b"label" => Gap::Space,
            _ if self.is_known_block() => Gap::Blank,
            _ => Gap::None,
        }
    }

    fn is_known_block(&self) -> bool {
        matches!(
            self.name.as_bytes(),
            b"p" | b"div"
                | b"h1"
                | b"h2"
                | b"h3"
                | b"h4"
                | b"h5"
                | b"h6"
                | b"ul"
                | b"ol"
                | b"dl"
                | b"table"
                | b"thead"
                | b"tbody"
                | b"blockquote"
                | b"pre"
                | b"hr"
                | b"section"
                | b"article"
                | b"aside"
                | b"header"
                | b"footer"
                | b"main"
                | b"nav"
                | b"figure"
                | b"figcaption"
                | b"address"
                | b"form"
                | b"fieldset"
                | b"details"
                | b"summary"
                | b"center"
                | b"title"
                | b"body"
                | b"html"
                | b"head"
                | b"iframe"
                | b"video"
                | b"audio"
        )
    }
}

/// Elements whose content is not for reading. The first two hide what follows them even where they never end.
const HIDDEN: [&[u8]; 10] =
    [b"script", b"style", b"template", b"noscript", b"svg", b"math", b"object", b"select", b"iframe", b"textarea"];

/// Cuts HTML into tags and text.
pub(crate) struct Scanner<'a> {
    rest: &'a str,
    /// What stood in the last element whose content is not for reading.
    hidden: &'a str,
    /// Which of [`HIDDEN`] never end from here on, a bit each: looking again for each would take quadratic time.
    never_closed: u16,
}

impl<'a> Scanner<'a> {
    pub(crate) fn of(html: &'a str) -> Self {
        Self { rest: html, hidden: "", never_closed: 0 }
    }

    /// The content of the last `<script>` or the like.
    pub(crate) fn hidden(&self) -> &'a str {
        self.hidden
    }

    pub(crate) fn next_piece(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.rest;
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') {
                let end = rest.find('<').unwrap_or(rest.len());
                self.rest = &rest[end..];
                return Some(Piece::Text(&rest[..end]));
            }
            let after = &rest[1..];
            match after.as_bytes().first() {
                Some(b'!') => {
                    if let Some(comment) = after.strip_prefix("!--") {
                        // An unclosed comment hides the rest, as in a browser.
                        self.rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
                    } else if let Some(data) = after.strip_prefix("![CDATA[") {
                        let end = data.find("]]>").unwrap_or(data.len());
                        self.rest = data.get(end + 3..).unwrap_or("");
                        return Some(Piece::Literal(&data[..end]));
                    } else {
                        self.rest = after.find('>').map_or("", |end| &after[end + 1..]);
                    }
                }
                Some(b'?') => self.rest = after.find('>').map_or("", |end| &after[end + 1..]),
                Some(b'/') if after.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) => {
                    return Some(self.tag(&after[1..], true));
                }
                Some(first) if first.is_ascii_alphabetic() => return Some(self.tag(after, false)),
                // A bare `<`: text.
                _ => {
                    let end = after.find('<').map_or(rest.len(), |at| at + 1);
                    self.rest = &rest[end..];
                    return Some(Piece::Text(&rest[..end]));
                }
            }
        }
    }

    /// `rest` begins with the tag's name.
    fn tag(&mut self, rest: &'a str, closing: bool) -> Piece<'a> {
        let bytes = rest.as_bytes();
        let name_end = bytes
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<'))
            .unwrap_or(bytes.len());
        let name = Name::of(&rest[..name_end]);
        // Cut off in the middle of a tag: nothing of it is text.
        let end = tag_end(bytes, name_end);
        let inside = &rest[name_end.min(end)..end];
        let tag = Tag { name, closing, self_closing: inside.ends_with('/'), inside };
        self.rest = rest.get(end + 1..).unwrap_or("");
        if !closing && !tag.self_closing {
            self.skip_content(tag.name.as_bytes());
        }
        Piece::Tag(tag)
    }

    /// Behind an opening tag that hides its content, moves to `</name`. An `<object>` or `<iframe>` that never ends hides
    /// nothing (the text that follows is the article's), a script does. Each search moves on, so the whole stays linear.
    fn skip_content(&mut self, name: &[u8]) {
        let Some(kind) = HIDDEN.iter().position(|hidden| *hidden == name) else { return };
        if self.never_closed & 1 << kind != 0 {
            return;
        }
        let start = self.rest;
        let mut rest = start;
        while let Some(at) = rest.find("</") {
            let after = &rest.as_bytes()[at + 2..];
            if after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name) {
                self.rest = &rest[at..];
                self.hidden = &start[..start.len() - self.rest.len()];
                return;
            }
            rest = &rest[at + 2..];
        }
        if kind < 2 {
            self.rest = "";
            self.hidden = start;
        } else {
            self.never_closed |= 1 << kind;
        }
    }
}

/// One or two characters that an entity stands for.
#[derive(Clone, Copy)]
struct Decoded {
    bytes: [u8; 4],
    length: usize,
}

impl Decoded {
    fn of(c: char) -> Self {
        let mut bytes = [0; 4];
        let length = c.encode_utf8(&mut bytes).len();
        Self { bytes, length }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or("")
    }
}

/// Reads the entity at the start of `text` (which begins with `&`): what it stands for, and its length.
fn entity(text: &str) -> Option<(Decoded, usize)> {
    let bytes = text.as_bytes();
    if bytes.get(1) == Some(&b'#') {
        let (digits_at, radix) = if matches!(bytes.get(2), Some(b'x' | b'X')) { (3, 16) } else { (2, 10) };
        let digits = bytes[digits_at..].iter().take(8).take_while(|b| (**b as char).is_digit(radix)).count();
        let number = u32::from_str_radix(text.get(digits_at..digits_at + digits)?, radix).ok()?;
        let mut end = digits_at + digits;
        end += usize::from(bytes.get(end) == Some(&b';'));
        return Some((Decoded::of(numbered(number)), end));
    }
    let length = bytes[1..].iter().take(10).take_while(|b| b.is_ascii_alphanumeric()).count();
    let name = text.get(1..=length)?;
    let closed = bytes.get(length + 1) == Some(&b';');
    // Without its semicolon only the oldest ones are read, and not before a letter or `=` (that is a URL's query).
    if !closed && !matches!(name, "amp" | "lt" | "gt" | "quot" | "nbsp" | "copy" | "reg") {
        return None;
    }
    if !closed && bytes.get(length + 1) == Some(&b'=') {
        return None;
    }
    named_entity(name).map(|c| (Decoded::of(c), length + 1 + usize::from(closed)))
}

/// A numeric reference; 128 … 159 mean windows-1252 (HTML standard, “numeric character reference end state”).
fn numbered(number: u32) -> char {
    const WINDOWS: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match number {
        128..=159 => WINDOWS.chars().nth((number - 128) as usize).unwrap_or('\u{fffd}'),
        _ => char::from_u32(number).filter(|c| *c != '\0').unwrap_or('\u{fffd}'),
    }
}

/// What a named entity of HTML 4 (and a few of HTML 5) stands for.
pub(crate) fn named_entity(name: &str) -> Option<char> {
    match name {
        "amp" | "AMP" => return Some('&'),
        "lt" | "LT" => return Some('<'),
        "gt" | "GT" => return Some('>'),
        "quot" | "QUOT" => return Some('"'),
        "apos" => return Some('\''),
        "nbsp" => return Some('\u{a0}'),
        _ => {}
    }
    if let Some(at) = LATIN1.split(' ').position(|known| known == name) {
        return u32::try_from(at).ok().and_then(|at| char::from_u32(0xa0 + at));
    }
    OTHERS.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// U+00A0 … U+00FF in order.
const LATIN1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

#[rustfmt::skip]
const OTHERS: &[(&str, char)] = &[
    ("rsquo", '’'), ("lsquo", '‘'), ("rdquo", '”'), ("ldquo", '“'), ("ndash", '–'), ("mdash", '—'), ("hellip", '…'),
    ("euro", '€'), ("bull", '•'), ("sbquo", '‚'), ("bdquo", '„'), ("lsaquo", '‹'), ("rsaquo", '›'), ("trade", '™'),
    ("ensp", '\u{2002}'), ("emsp", '\u{2003}'), ("thinsp", '\u{2009}'), ("zwnj", '\u{200c}'), ("zwj", '\u{200d}'),
    ("lrm", '\u{200e}'), ("rlm", '\u{200f}'), ("dagger", '†'), ("Dagger", '‡'), ("permil", '‰'), ("prime", '′'), ("Prime", '″'),
    ("oline", '‾'), ("frasl", '⁄'), ("OElig", 'Œ'), ("oelig", 'œ'), ("Scaron", 'Š'), ("scaron", 'š'), ("Yuml", 'Ÿ'),
    ("Zcaron", 'Ž'), ("zcaron", 'ž'), ("Ccaron", 'Č'), ("ccaron", 'č'), ("cacute", 'ć'), ("Cacute", 'Ć'), ("dstrok", 'đ'),
    ("Dstrok", 'Đ'), ("rcaron", 'ř'), ("ecaron", 'ě'), ("lstrok", 'ł'), ("Lstrok", 'Ł'), ("eogon", 'ę'), ("aogon", 'ą'),
    ("sacute", 'ś'), ("zacute", 'ź'), ("zdot", 'ż'), ("nacute", 'ń'), ("inodot", 'ı'), ("scedil", 'ş'), ("gbreve", 'ğ'),
    ("abreve", 'ă'), ("tcedil", 'ţ'), ("odblac", 'ő'), ("udblac", 'ű'), ("uring", 'ů'), ("Idot", 'İ'),
    ("fnof", 'ƒ'), ("circ", 'ˆ'), ("tilde", '˜'),
    ("Alpha", 'Α'), ("Beta", 'Β'), ("Gamma", 'Γ'), ("Delta", 'Δ'), ("Epsilon", 'Ε'), ("Zeta", 'Ζ'), ("Eta", 'Η'), ("Theta", 'Θ'),
    ("Iota", 'Ι'), ("Kappa", 'Κ'), ("Lambda", 'Λ'), ("Mu", 'Μ'), ("Nu", 'Ν'), ("Xi", 'Ξ'), ("Omicron", 'Ο'), ("Pi", 'Π'), ("Rho", 'Ρ'),
    ("Sigma", 'Σ'), ("Tau", 'Τ'), ("Upsilon", 'Υ'), ("Phi", 'Φ'), ("Chi", 'Χ'), ("Psi", 'Ψ'), ("Omega", 'Ω'),
    ("alpha", 'α'), ("beta", 'β'), ("gamma", 'γ'), ("delta", 'δ'), ("epsilon", 'ε'), ("zeta", 'ζ'), ("eta", 'η'), ("theta", 'θ'),
    ("iota", 'ι'), ("kappa", 'κ'), ("lambda", 'λ'), ("mu", 'μ'), ("nu", 'ν'), ("xi", 'ξ'), ("omicron", 'ο'), ("pi", 'π'), ("rho", 'ρ'),
    ("sigmaf", 'ς'), ("sigma", 'σ'), ("tau", 'τ'), ("upsilon", 'υ'), ("phi", 'φ'), ("chi", 'χ'), ("psi", 'ψ'), ("omega", 'ω'),
    ("thetasym", 'ϑ'), ("upsih", 'ϒ'), ("piv", 'ϖ'),
    ("larr", '←'), ("uarr", '↑'), ("rarr", '→'), ("darr", '↓'), ("harr", '↔'), ("crarr", '↵'), ("lArr", '⇐'), ("uArr", '⇑'),
    ("rArr", '⇒'), ("dArr", '⇓'), ("hArr", '⇔'), ("forall", '∀'), ("part", '∂'), ("exist", '∃'), ("empty", '∅'), ("nabla", '∇'),
    ("isin", '∈'), ("notin", '∉'), ("ni", '∋'), ("prod", '∏'), ("sum", '∑'), ("minus", '−'), ("lowast", '∗'), ("radic", '√'),
    ("prop", '∝'), ("infin", '∞'), ("ang", '∠'), ("and", '∧'), ("or", '∨'), ("cap", '∩'), ("cup", '∪'), ("int", '∫'), ("there4", '∴'),
    ("sim", '∼'), ("cong", '≅'), ("asymp", '≈'), ("ne", '≠'), ("equiv", '≡'), ("le", '≤'), ("ge", '≥'), ("sub", '⊂'), ("sup", '⊃'),
    ("nsub", '⊄'), ("sube", '⊆'), ("supe", '⊇'), ("oplus", '⊕'), ("otimes", '⊗'), ("perp", '⊥'), ("sdot", '⋅'), ("lceil", '⌈'),
    ("rceil", '⌉'), ("lfloor", '⌊'), ("rfloor", '⌋'), ("lang", '〈'), ("rang", '〉'), ("loz", '◊'), ("spades", '♠'), ("clubs", '♣'),
    ("hearts", '♥'), ("diams", '♦'), ("image", 'ℑ'), ("weierp", '℘'), ("real", 'ℜ'), ("alefsym", 'ℵ'),
    ("num", '#'), ("excl", '!'), ("percnt", '%'), ("lpar", '('), ("rpar", ')'), ("comma", ','), ("period", '.'), ("colon", ':'),
    ("semi", ';'), ("quest", '?'), ("commat", '@'), ("lsqb", '['), ("rsqb", ']'), ("lbrack", '['), ("rbrack", ']'), ("sol", '/'),
    ("lowbar", '_'), ("dollar", '$'), ("plus", '+'), ("equals", '='), ("ast", '*'), ("vert", '|'), ("Tab", '\t'), ("NewLine", '\n'),
    ("hyphen", '‐'), ("dash", '‐'), ("horbar", '―'), ("numero", '№'), ("check", '✓'), ("star", '☆'), ("starf", '★'),
];

/// Text with its entities decoded, whitespace and tags untouched; for attribute values and the like.
#[must_use]
pub(crate) fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        match entity(&rest[at..]) {
            Some((decoded, length)) => {
                out.push_str(decoded.as_str());
                rest = &rest[at + length..];
            }
            None => {
                out.push('&');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The attributes of a tag in order, references resolved; at most 64 of them.
pub(crate) fn attributes(raw: &str) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
    let mut rest = raw;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\''));
        if rest.is_empty() {
            return None;
        }
        let name_end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
        let name = &rest[..name_end];
        let after = rest[name_end..].trim_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            return Some((name, "".into()));
        };
        let value = value.trim_start();
        let (value, tail) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
        };
        rest = tail;
        Some((name, decode_entities(value)))
    })
    .take(64)
}

/// Where a tag ends: the position of its `>`, or the length of `bytes` where it is cut off. `bytes` begin with the tag's
/// name, which is `name_end` bytes long. A quote opens only after `=`; one that is never closed is given up, at the first
/// `>` that it hid.
pub(crate) fn tag_end(bytes: &[u8], name_end: usize) -> usize {
    let mut quote = None;
    let mut first_end = None;
    let mut after_equals = false;
    for (at, &byte) in bytes.iter().enumerate().skip(name_end) {
        match quote {
            Some(open) => {
                if byte == open {
                    quote = None;
                } else if byte == b'>' && first_end.is_none() {
                    first_end = Some(at);
                }
                if first_end.is_some_and(|first| at - first > MAX_ATTRIBUTE_BYTES) {
                    break;
                }
            }
            None => match byte {
                b'>' => return at,
                b'"' | b'\'' if after_equals => {
                    quote = Some(byte);
                    first_end = None;
                }
                _ => {}
            },
        }
        if !byte.is_ascii_whitespace() {
            after_equals = byte == b'=';
        }
    }
    first_end.unwrap_or(bytes.len())
}

/// A quoted value longer than this was never meant to be one.
const MAX_ATTRIBUTE_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paragraphs_stay_apart_and_inline_tags_vanish() {
        assert_eq!(
            html_to_text(
                "<p>La <b>difesa</b> aerea.</p>\n<p>Il radar<br>di terra</p><ul><li>uno</li><li>due</li></ul>"
            ),
            "La difesa aerea.\n\nIl radar\ndi terra\n\nuno\n\ndue"
        );
        assert_eq!(html_to_text("导弹<em>防御</em>系统"), "导弹防御系统");
        assert_eq!(html_to_text("<td>Россия</td><td>Китай</td>"), "Россия Китай");
    }

    #[test]
    fn scripts_styles_and_comments_are_not_text() {
        let html =
            "a<script>if (1 < 2) alert('</p>')</script> b<style>p{}</style><!-- c > d --> e<svg><text>f</text></svg>g";
        assert_eq!(html_to_text(html), "a b eg");
        assert_eq!(html_to_text("before<!-- never closed"), "before");
        assert_eq!(html_to_text("x <script>never closed"), "x");
        assert_eq!(
            html_to_text("Радар <object data=r.swf>у <iframe>границы <select><b>сегодня</b>"),
            "Радар у\n\nграницы сегодня"
        );
        assert_eq!(html_to_text("a <iframe>b</iframe>c <iframe>d"), "a\n\nc\n\nd");
    }

    #[test]
    fn a_name_in_angle_brackets_is_a_word_and_markup_is_none() {
        for (text, line) in [
            ("How the <video> tag works", "How the <video> tag works"),
            ("방탄소년단 <BTS> 공연", "방탄소년단 <BTS> 공연"),
            ("5 < 6,\n a > b", "5 < 6, a > b"),
            ("AT&T e <i>La difesa</i>", "AT&T e La difesa"),
            ("L&#8217;accordo <nuovo>", "L’accordo"),
            ("导弹<br>防御", "导弹 防御"),
            ("Il <a href='x'>radar", "Il radar"),
            ("Uno <b>due", "Uno due"),
            ("safe<object classid=\"x\"> description", "safe description"),
        ] {
            assert_eq!(plain_to_line(text), line, "{text}");
        }
        assert_eq!(plain_to_text("Uno\n\nT<sub> e <X>"), "Uno T e");
        assert_eq!(plain_to_text("Uno\n\ndue <X>"), "Uno\n\ndue <X>");
    }

    #[test]
    fn entities_are_read_once_twice_and_without_semicolon() {
        assert_eq!(html_to_text("Tom &amp; Jerry&nbsp;&#8211; caf&eacute; &#x41;&#151;"), "Tom & Jerry – café A—");
        assert_eq!(html_to_text("&lt;p&gt;Uno&lt;/p&gt;&lt;p&gt;Due &amp;amp; tre&lt;/p&gt;"), "Uno\n\nDue & tre");
        assert_eq!(html_to_text("R&amp;amp;D"), "R&D");
        assert_eq!(
            html_to_text("AT&T &unknown; 3 &lt 4 https://example.org/?a=1&copy=2"),
            "AT&T &unknown; 3 < 4 https://example.org/?a=1&copy=2"
        );
    }

    #[test]
    fn a_bare_less_than_sign_is_text() {
        assert_eq!(html_to_text("5 < 6 and <3"), "5 < 6 and <3");
        assert_eq!(html_to_text("a<"), "a<");
        assert_eq!(html_to_text("cut <a href=\"x"), "cut");
        assert_eq!(html_to_text("<a title=\"1 > 0\" href='x'>link</a>"), "link");
        assert_eq!(html_to_text("<p>it's <b title=>bold's</b> fine</p>"), "it's bold's fine");
    }

    #[test]
    fn plain_text_keeps_its_blank_lines_and_loses_invisible_characters() {
        assert_eq!(
            html_to_text("  One\n line.\r\n\r\nTwo\u{a0}words co\u{ad}operate\u{feff} \u{0}"),
            "One line.\n\nTwo words cooperate"
        );
        assert_eq!(html_to_line("<h1>One</h1>\n<p>two</p>"), "One two");
        assert_eq!(html_to_text("می‌شود"), "می‌شود");
        assert_eq!(html_to_text("don\u{92}t"), "don’t");
    }

    #[test]
    fn hostile_input_takes_linear_time_and_is_kept_from_the_parser() {
        let flooded = format!("<p {}>y</p>", "a=1 ".repeat(200_000));
        assert_eq!(html_to_text(&flooded), "y");
        assert_eq!(sanitise_html(&flooded), "<p>y</p>");
        // What the parser would take minutes for: ends that it ignores, foreign and hidden content, slashes that don't close.
        for tag in ["<div>", "<div></x>", "<x/>", "<b>", "<object><div>", "<svg><style><g>", "<font color=1><p>z"] {
            let html = tag.repeat(50_000) + "x";
            assert!(sanitise_html(&html).len() < 2 * 1024 * 1024, "{tag}");
        }
        for tag in ["<object>", "<svg><td>", "<select>", "<template>"] {
            let html = format!("{tag}{}x", "<div></x>".repeat(50_000));
            assert!(html_to_text(&html).len() < 2 && sanitise_html(&html).len() < 2 * 1024, "{tag}");
        }
        for html in [
            "<".repeat(1_000_000),
            "<a b='".repeat(200_000),
            "</".repeat(500_000),
            "&".repeat(1_000_000),
            "<script>".repeat(200_000),
            "<object><svg>".repeat(200_000),
            "<!--".repeat(300_000),
        ] {
            let _ = html_to_text(&html);
            let _ = plain_to_text(&html);
        }
    }

    #[test]
    fn shown_html_holds_no_scripts_handlers_or_images() {
        let html = "<p onclick='x()'>Ciao <a href='javascript:alert(1)'>qui</a> <a href='https://example.org'>là</a><img src=x onerror=y><script>z</script></p>";
        assert_eq!(
            sanitise_html(html),
            "<p>Ciao <a rel=\"noopener noreferrer\">qui</a> <a href=\"https://example.org\" rel=\"noopener noreferrer\">là</a></p>"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_survived_and_comes_out_tidy(html in "[<>/a-c &;#'\"=!-x0-9\n\u{a0}é中]{0,200}") {
            let text = html_to_text(&html);
            prop_assert_eq!(text.trim(), text.as_str());
            prop_assert!(!text.contains("\n\n\n"));
        }
    }
}
