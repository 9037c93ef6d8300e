//! HTML, cut into tags and text, and tags into attributes.

use std::borrow::Cow;

use super::decode_entities;
use super::out::Gap;
use crate::text::elements::is_block;

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
    pub(in crate::text) fn of(name: &str) -> Self {
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
    pub(super) fn gap(&self) -> Gap {
        match self.name.as_bytes() {
            b"br" | b"li" | b"tr" | b"dt" | b"dd" | b"option" | b"caption" => Gap::Line,
            b"td" | b"th" | b"img" | b"input" | b"button" | b"label" => Gap::Space,
            // And what a page of blocks never shows as one: frames, and parts that were dropped from it.
            b"nav" | b"figure" | b"figcaption" | b"form" | b"title" | b"body" | b"html" | b"head" | b"iframe"
            | b"video" | b"audio" => Gap::Blank,
            name if is_block(name) => Gap::Blank,
            _ => Gap::None,
        }
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
