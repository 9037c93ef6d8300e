//! Texts: gathered while their element is open, and put where they belong when it ends.

use std::borrow::Cow;

use super::state::{Capture, Field, Mode};
use super::{MAX_CAPTURE_BYTES, Reader};
use crate::fetch::parse::{FeedKind, RawText, is_web};
use crate::text::html;

impl<'a> Reader<'a> {
    pub(super) fn text(&mut self, raw: &str) {
        let Some(capture) = &self.capture else {
            if std::mem::take(&mut self.link_was_empty) && is_web(raw.trim()) {
                let link = html::decode_entities(raw.trim()).into_owned();
                self.set_link(&link, 3);
            }
            return;
        };
        let as_markup = capture.mode == Mode::Inline || capture.depth > 0;
        if as_markup {
            self.data(raw);
        } else {
            let decoded = self.decoded(raw);
            self.data(&decoded);
        }
    }

    pub(super) fn data(&mut self, text: &str) {
        let Some(capture) = &mut self.capture else { return };
        let room = MAX_CAPTURE_BYTES.saturating_sub(capture.buffer.len());
        capture.buffer.push_str(html::cut(text, room));
    }

    /// References resolved: XML's, HTML's, and those that the document declares.
    pub(super) fn decoded<'t>(&self, raw: &'t str) -> Cow<'t, str> {
        if self.entities.is_empty() || !raw.contains('&') {
            return html::decode_entities(raw);
        }
        let mut out = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = rest.find('&') {
            out.push_str(&html::decode_entities(&rest[..at]));
            let tail = &rest[at..];
            let end = tail.bytes().take(64).position(|b| b == b';');
            if let Some(end) = end
                && let Some(value) = tail.get(1..end).and_then(|name| self.entities.get(name))
                && out.len() < MAX_CAPTURE_BYTES
            {
                out.push_str(value);
                rest = &tail[end + 1..];
                continue;
            }
            let next = tail[1..].find('&').map_or(tail.len(), |at| at + 1);
            out.push_str(&html::decode_entities(&tail[..next]));
            rest = &tail[next..];
        }
        out.push_str(rest);
        Cow::Owned(out)
    }

    /// `<!ENTITY name "value">`: text only, never expanded again, so it can't grow.
    pub(super) fn doctype(&mut self, inside: &'a str) {
        for declaration in inside.split("<!ENTITY").skip(1).take(64) {
            let declaration = declaration.trim_start();
            let Some((name, rest)) = declaration.split_once(|c: char| c.is_ascii_whitespace()) else { continue };
            let rest = rest.trim_start();
            if let Some(quote @ ('"' | '\'')) = rest.chars().next()
                && let Some((value, _)) = rest[1..].split_once(quote)
                && value.len() <= 1024
            {
                self.entities.insert(name, html::decode_entities(value));
            }
        }
    }

    pub(super) fn close_capture(&mut self) {
        let Some(capture) = self.capture.take() else { return };
        let Capture { field, rank, mode, buffer, has_elements, .. } = capture;
        let text = match mode {
            Mode::Base64 => base64_text(&buffer),
            _ => buffer,
        };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            self.link_was_empty = field == Field::Link;
            return;
        }
        match field {
            Field::Title | Field::Summary | Field::Content => {
                let ranks = self.ranks();
                let current = match field {
                    Field::Title => &mut ranks.title,
                    Field::Summary => &mut ranks.summary,
                    _ => &mut ranks.content,
                };
                if rank <= *current {
                    return;
                }
                *current = rank;
                let is_plain = mode == Mode::Plain && !has_elements;
                let text = Some(RawText { source: trimmed.to_owned(), is_plain });
                match (&mut self.entry, field) {
                    (Some(entry), Field::Title) => entry.title = text,
                    (Some(entry), Field::Summary) => entry.summary = text,
                    (Some(entry), _) => entry.content = text,
                    (None, Field::Title) => self.feed.title = text,
                    (None, _) => {}
                }
            }
            Field::Id => {
                // Atom's are addresses; where the document states no base they stay as they are, because the address
                // that it came from may change, and every entry would be new.
                let id = if self.feed.kind == FeedKind::Atom { self.resolved(trimmed) } else { trimmed.to_owned() };
                if let Some(guid) = &mut self.guid_link {
                    id.clone_into(guid);
                }
                match &mut self.entry {
                    Some(entry) => entry.id = Some(id),
                    None => self.feed.id = Some(id),
                }
            }
            Field::Link => self.set_link(&text.split_whitespace().collect::<String>(), rank),
            Field::OriginalLink => {
                let link = self.resolved(trimmed);
                if let Some(entry) = &mut self.entry {
                    entry.original_link = Some(link);
                }
            }
            Field::Published | Field::Updated | Field::Both => self.set_date(field, rank, trimmed),
            Field::Author => {
                let current = self.ranks().author;
                let author = trimmed.to_owned();
                if let Some(entry) = &mut self.entry {
                    if rank > current {
                        entry.authors = vec![author];
                    } else if rank == current && entry.authors.len() < 16 {
                        entry.authors.push(author);
                    }
                    self.entry_ranks.author = rank.max(current);
                }
            }
            Field::Tag => self.tag(trimmed.to_owned()),
            Field::Language => match &mut self.entry {
                Some(entry) => entry.language = Some(trimmed.to_owned()),
                None => self.feed.language = Some(trimmed.to_owned()),
            },
        }
    }
}

fn base64_text(source: &str) -> String {
    use base64::Engine as _;
    let packed: String = source.split_whitespace().collect();
    match base64::engine::general_purpose::STANDARD.decode(packed) {
        // Words of plain text can pass for base64, too (`test`).
        Ok(bytes) => String::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()))
            .unwrap_or_else(|| source.to_owned()),
        Err(_) => source.to_owned(),
    }
}
