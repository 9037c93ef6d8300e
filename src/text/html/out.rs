//! Text as it is gathered: blanks collapsed, gaps between paragraphs kept.

use super::entities::{entity, numbered};

/// What stands between the text so far and the next character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::text) enum Gap {
    None,
    Space,
    Line,
    Blank,
}

#[derive(Debug)]
pub(in crate::text) struct Out {
    pub(in crate::text) text: String,
    pub(super) gap: Gap,
}

impl Out {
    pub(in crate::text) fn new() -> Self {
        Self { text: String::new(), gap: Gap::None }
    }

    pub(in crate::text) fn widen(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }

    /// A line ends.
    pub(in crate::text) fn line(&mut self) {
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
    pub(super) fn push_text(&mut self, text: &str, keeps_lines: bool) {
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

    pub(in crate::text) fn push_decoded(&mut self, text: &str, keeps_lines: bool) {
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
