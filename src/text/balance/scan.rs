//! A page, cut into tags and text as a browser cuts it.

use super::MAX_ATTRIBUTES;

pub(super) enum Piece<'a> {
    Text(&'a str),
    Start(Tag<'a>),
    End(&'a str),
}

pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: Vec<(&'a str, &'a str)>,
}

/// The tokens of a page (HTML standard, “tokenization”, reduced to tags and text).
pub(super) struct Scanner<'a> {
    pub(super) rest: &'a str,
    /// Elements whose end tag does not come any more; to look for it again each time would take quadratic time.
    pub(super) missing: Vec<&'static str>,
}

impl<'a> Scanner<'a> {
    pub(super) fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.rest;
            let Some(after) = rest.strip_prefix('<') else {
                if rest.is_empty() {
                    return None;
                }
                let end = rest.find('<').unwrap_or(rest.len());
                self.rest = &rest[end..];
                return Some(Piece::Text(&rest[..end]));
            };
            match after.as_bytes().first() {
                Some(b'!') if after.starts_with("!--") => {
                    let comment = &after[3..];
                    self.rest = if let Some(rest) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
                        rest
                    } else {
                        // An unclosed comment hides the rest, as in a browser.
                        comment.find("-->").map_or("", |end| &comment[end + 3..])
                    };
                }
                Some(b'!' | b'?') => self.rest = behind(after, '>'),
                Some(b'/') if after.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) => {
                    let (tag, rest) = tag(&after[1..]);
                    self.rest = rest;
                    return Some(Piece::End(tag.name));
                }
                Some(b'/') => self.rest = behind(after, '>'),
                Some(first) if first.is_ascii_alphabetic() => {
                    let (tag, rest) = tag(after);
                    self.rest = rest;
                    return Some(Piece::Start(tag));
                }
                _ => {
                    self.rest = after;
                    return Some(Piece::Text(&rest[..1]));
                }
            }
        }
    }

    /// Moves behind `</name>` and returns what stood before it. Where it never comes: moves to the end if `to_end`, else
    /// nowhere.
    pub(super) fn content(&mut self, name: &'static str, to_end: bool) -> &'a str {
        if self.missing.contains(&name) {
            return if to_end { std::mem::take(&mut self.rest) } else { "" };
        }
        let whole = self.rest;
        let mut from = 0;
        while let Some(at) = whole[from..].find("</") {
            let at = from + at;
            let after = &whole.as_bytes()[at + 2..];
            if after.len() >= name.len()
                && after[..name.len()].eq_ignore_ascii_case(name.as_bytes())
                && after.get(name.len()).is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
            {
                self.rest = behind(&whole[at..], '>');
                return &whole[..at];
            }
            from = at + 2;
        }
        self.missing.push(name);
        if to_end {
            self.rest = "";
            whole
        } else {
            ""
        }
    }
}

fn behind(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// Reads a tag from its name on; returns what follows its `>`. All attributes are passed over, the first
/// [`MAX_ATTRIBUTES`] are kept.
fn tag(text: &str) -> (Tag<'_>, &str) {
    let bytes = text.as_bytes();
    let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    let position = |from: usize, found: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| found(*byte)).map_or(bytes.len(), |at| from + at)
    };
    let mut at = position(0, &is_end);
    let mut tag = Tag { name: &text[..at], attributes: Vec::new() };
    loop {
        at = position(at, &|byte| !byte.is_ascii_whitespace() && byte != b'/');
        match bytes.get(at) {
            None => return (tag, ""),
            Some(b'>') => return (tag, &text[at + 1..]),
            Some(_) => {}
        }
        // A `=` at the beginning belongs to the name (HTML standard, “before attribute name state”).
        let name_end = position(at + 1, &|byte| is_end(byte) || byte == b'=');
        let name = text.get(at..name_end).unwrap_or("");
        let equals = position(name_end, &|byte| !byte.is_ascii_whitespace());
        let mut value = "";
        at = name_end;
        if bytes.get(equals) == Some(&b'=') {
            let start = position(equals + 1, &|byte| !byte.is_ascii_whitespace());
            match bytes.get(start) {
                Some(quote @ (b'"' | b'\'')) => {
                    let end = position(start + 1, &|byte| byte == *quote);
                    value = text.get(start + 1..end).unwrap_or("");
                    at = (end + 1).min(bytes.len());
                }
                Some(b'>') => at = start,
                _ => {
                    let end = position(start, &|byte| byte.is_ascii_whitespace() || byte == b'>');
                    value = text.get(start..end).unwrap_or("");
                    at = end;
                }
            }
        }
        if tag.attributes.len() < MAX_ATTRIBUTES {
            tag.attributes.push((name, value));
        }
    }
}
