//! XML as it is found: cut into tags and text without ever refusing.
//!
//! In: text that was meant to be XML. Out: tokens. A strict reader is right to refuse a bare `&` or `<`, an attribute
//! without quotes, an end without a beginning; a person who wants the feed is right to want it read. What the document
//! meant is decided by whoever takes the tokens.

use crate::text::html::tag_end;

pub(crate) use crate::text::html::attributes;

/// A piece of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// `<name attributes>` or `<name attributes/>`
    Start {
        /// With its prefix.
        name: &'a str,
        /// Everything between name and `>`.
        attributes: &'a str,
        /// Whether it ends itself.
        is_empty: bool,
    },
    /// `</name>`
    End {
        /// With its prefix.
        name: &'a str,
    },
    /// Text with references still in it.
    Text(&'a str),
    /// Text without references.
    CData(&'a str),
    /// What stands in `<!DOCTYPE …>`.
    Doctype(&'a str),
}

/// Cuts a document; linear in its length.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    rest: &'a str,
    /// No comment ends any more: looking again for each would take quadratic time.
    comments_are_open: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text, comments_are_open: false }
    }

    /// Consumes up to the first `marker` and returns what stood before it; everything where it never comes.
    fn until(&mut self, from: &'a str, marker: &str) -> &'a str {
        match from.find(marker) {
            Some(at) => {
                self.rest = &from[at + marker.len()..];
                &from[..at]
            }
            None => {
                self.rest = "";
                from
            }
        }
    }

    fn doctype(&mut self, from: &'a str) -> Token<'a> {
        // The internal subset is in brackets and has its own `>`.
        let end = from.find('>').unwrap_or(from.len());
        match from[..end].find('[') {
            Some(_) => {
                let inside = self.until(from, "]");
                self.until(self.rest, ">");
                Token::Doctype(inside)
            }
            None => Token::Doctype(self.until(from, ">")),
        }
    }

    fn tag(&mut self, from: &'a str) -> Token<'a> {
        let bytes = from.as_bytes();
        let name_end = bytes
            .iter()
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<' | b'='))
            .unwrap_or(bytes.len());
        let end = tag_end(bytes, name_end);
        let name = &from[..name_end];
        let inside = from[name_end.min(end)..end].trim();
        self.rest = from.get(end + 1..).unwrap_or("");
        // In a tag that the document breaks off in, it is a piece of an address.
        match inside.strip_suffix('/').filter(|_| end < bytes.len()) {
            Some(attributes) => Token::Start { name, attributes, is_empty: true },
            None => Token::Start { name, attributes: inside, is_empty: false },
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.rest;
            if rest.is_empty() {
                return None;
            }
            let Some(after) = rest.strip_prefix('<') else {
                let end = rest.find('<').unwrap_or(rest.len());
                self.rest = &rest[end..];
                return Some(Token::Text(&rest[..end]));
            };
            if let Some(comment) = after.strip_prefix("!--") {
                self.comments_are_open = self.comments_are_open || !comment.contains("-->");
                self.until(comment, if self.comments_are_open { ">" } else { "-->" });
            } else if let Some(data) = after.strip_prefix("![CDATA[") {
                return Some(Token::CData(self.until(data, "]]>")));
            } else if let Some(declaration) = after.strip_prefix('!') {
                let doctype = self.doctype(declaration);
                if declaration.get(..7).is_some_and(|name| name.eq_ignore_ascii_case("doctype")) {
                    return Some(doctype);
                }
            } else if let Some(instruction) = after.strip_prefix('?') {
                self.until(instruction, ">");
            } else if let Some(end) = after.strip_prefix('/') {
                let name_end = end
                    .bytes()
                    .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'<' | b'/'))
                    .unwrap_or(end.len());
                let tail = &end[name_end..];
                let close = tail.find(['>', '<']).unwrap_or(tail.len());
                self.rest = tail[close..].strip_prefix('>').unwrap_or(&tail[close..]);
                return Some(Token::End { name: &end[..name_end] });
            } else if after.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                return Some(self.tag(after));
            } else {
                // A bare `<` is text.
                let end = after.find('<').map_or(rest.len(), |at| at + 1);
                self.rest = &rest[end..];
                return Some(Token::Text(&rest[..end]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_is_cut_into_its_pieces() {
        let tokens: Vec<_> =
            Tokens::of("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b \"c>\">]><a x='1' y=\"2>\"><![CDATA[<p>]]>é<b/><!-- > --></a >").collect();
        assert_eq!(
            tokens,
            [
                Token::Doctype("DOCTYPE a [<!ENTITY b \"c>\">"),
                Token::Start { name: "a", attributes: "x='1' y=\"2>\"", is_empty: false },
                Token::CData("<p>"),
                Token::Text("é"),
                Token::Start { name: "b", attributes: "", is_empty: true },
                Token::End { name: "a" },
            ]
        );
    }

    #[test]
    fn what_xml_forbids_is_text() {
        let tokens: Vec<_> = Tokens::of("a & b < c <5> </t").collect();
        assert_eq!(tokens, [Token::Text("a & b "), Token::Text("< c "), Token::Text("<5> "), Token::End { name: "t" }]);
    }

    #[test]
    fn a_tag_that_is_cut_off_does_not_end_itself() {
        let token = Tokens::of("<a href=\"https:/").next();
        assert_eq!(token, Some(Token::Start { name: "a", attributes: "href=\"https:/", is_empty: false }));
    }

    #[test]
    fn attributes_are_read_with_and_without_quotes() {
        let read: Vec<_> = attributes("href=\"a?b=1&amp;c=2\" rel=self checked title = 'x y' broken=\"z").collect();
        let expected = [("href", "a?b=1&c=2"), ("rel", "self"), ("checked", ""), ("title", "x y"), ("broken", "z")];
        assert_eq!(read, expected.map(|(name, value)| (name, value.into())));
    }

    proptest! {
        #[test]
        fn any_text_is_cut_to_its_end(text in "[<>/a-c!?=\"' \\[\\]&;é-]{0,200}") {
            for token in Tokens::of(&text) {
                if let Token::Start { attributes: raw, .. } = token {
                    let _ = attributes(raw).count();
                }
            }
        }
    }
}
