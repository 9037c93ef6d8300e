//! What an element means, by its namespace, its name and where it stands.

use super::Reader;
use super::namespace::Namespace;
use super::state::{Capture, Field, Mode, Ranks, Role};
use crate::fetch::markup::attributes;
use crate::fetch::parse::{FeedKind, RawEntry};

impl Reader<'_> {
    /// What an element outside texts and asides means.
    pub(super) fn element(&mut self, namespace: Namespace, local: &str, raw: &str, language: Option<String>) -> Role {
        use Namespace::{Atom, Content, Core, DublinCore, DublinTerms, FeedBurner, Itunes, Media, Other, Rdf, Xhtml};
        let in_entry = self.entry.is_some();
        match (namespace, local) {
            (Rdf | Core | Atom, "rdf") | (Core | Atom | Other, "rss" | "feed") => {
                self.kind(match local {
                    "rdf" => FeedKind::Rdf,
                    "rss" => FeedKind::Rss,
                    _ => FeedKind::Atom,
                });
                if self.feed.language.is_none() {
                    self.feed.language = language;
                }
            }
            (Core | Atom, "channel") if !in_entry => {
                if self.open.is_empty() {
                    self.kind(FeedKind::Cdf);
                }
                if self.feed.language.is_none() {
                    self.feed.language = language;
                }
                self.cdf_attributes(raw);
            }
            (Core | Atom | Other, "item" | "entry") if !in_entry => {
                if self.open.is_empty() {
                    self.kind(FeedKind::Atom);
                }
                let mut entry = RawEntry { language, ..RawEntry::default() };
                for (key, value) in attributes(raw) {
                    if key.rsplit(':').next() == Some("about") && !value.trim().is_empty() {
                        entry.id = Some(value.trim().to_owned());
                    }
                }
                self.entry = Some(entry);
                self.entry_ranks = Ranks::default();
                self.guid_link = None;
                self.cdf_attributes(raw);
                return Role::Entry;
            }
            (Core, "source") if self.entry.is_some() => {
                let url = attributes(raw).find(|(key, _)| *key == "url").map(|(_, url)| url.trim().to_owned());
                if let Some(entry) = &mut self.entry {
                    entry.source = url.filter(|url| !url.is_empty()).or(entry.source.take());
                }
                return Role::Aside;
            }
            (Core | Atom, "image" | "textinput" | "source" | "cloud" | "logo" | "icon") => return Role::Aside,
            (Core | Atom, "author" | "managingeditor") => {
                return if namespace == Atom || self.feed.kind == FeedKind::Atom {
                    Role::Person
                } else {
                    self.capture(Field::Author, 3, Mode::Plain)
                };
            }
            (_, "contributor") => return Role::Aside,
            (Core | Atom | Other, "name" | "email")
                if self.open.last().is_some_and(|open| open.role == Role::Person) =>
            {
                return self.capture(Field::Author, if local == "name" { 3 } else { 2 }, Mode::Plain);
            }
            (DublinCore, "creator" | "author") => return self.capture(Field::Author, 2, Mode::Plain),
            (Itunes, "author") => return self.capture(Field::Author, 1, Mode::Plain),
            (Core | Atom, "title") => return self.capture(Field::Title, 4, self.text_mode(raw)),
            (DublinCore, "title") => return self.capture(Field::Title, 3, Mode::Html),
            (Media, "title") if in_entry => return self.capture(Field::Title, 2, Mode::Html),
            (Itunes, "title") => return self.capture(Field::Title, 1, Mode::Html),
            (Core | Atom, "description" | "summary" | "abstract" | "tagline" | "subtitle") => {
                return self.capture(Field::Summary, 4, self.text_mode(raw));
            }
            (DublinCore, "description") => return self.capture(Field::Summary, 3, Mode::Html),
            (Itunes, "summary") => return self.capture(Field::Summary, 2, Mode::Html),
            (Media, "description") if in_entry => return self.capture(Field::Summary, 1, Mode::Html),
            (Content, "encoded") | (Core, "encoded" | "fulltext" | "full-text" | "fullitem") if in_entry => {
                return self.capture(Field::Content, 4, Mode::Html);
            }
            (Core | Atom, "content") if in_entry && !has_attribute(raw, "src") => {
                return self.capture(Field::Content, 3, self.text_mode(raw));
            }
            (Xhtml, "body" | "div") | (Core, "body") if in_entry => {
                return self.capture(Field::Content, 2, Mode::Inline);
            }
            (Core, "guid") | (Atom, "id") | (Core, "id") => {
                let is_link = !attributes(raw).any(|(key, value)| {
                    key.eq_ignore_ascii_case("isPermaLink") && value.trim().eq_ignore_ascii_case("false")
                });
                self.guid_link = (in_entry && is_link).then(String::new);
                return self.capture(Field::Id, 1, Mode::Plain);
            }
            (DublinCore, "identifier") if self.entry.as_ref().is_some_and(|entry| entry.id.is_none()) => {
                return self.capture(Field::Id, 1, Mode::Plain);
            }
            (Core | Atom, "link" | "url" | "a") => return self.link(namespace, local, raw),
            (FeedBurner, "origlink") => return self.capture(Field::OriginalLink, 1, Mode::Plain),
            (Core | Atom, "pubdate" | "published" | "issued") => return self.capture(Field::Published, 4, Mode::Plain),
            (DublinTerms, "issued") => return self.capture(Field::Published, 3, Mode::Plain),
            (Core | Atom, "created") | (DublinTerms, "created") => {
                return self.capture(Field::Published, 1, Mode::Plain);
            }
            (Core | Atom, "updated" | "modified" | "lastbuilddate") => {
                return self.capture(Field::Updated, 4, Mode::Plain);
            }
            (DublinTerms, "modified") => return self.capture(Field::Updated, 3, Mode::Plain),
            (DublinCore, "date") | (Core, "date") => return self.capture(Field::Both, 2, Mode::Plain),
            (Core | Atom, "category") => {
                let mut term = None;
                for (key, value) in attributes(raw) {
                    match key {
                        "label" if !value.is_empty() => term = Some(value),
                        "term" if term.is_none() => term = Some(value),
                        _ => {}
                    }
                }
                match term {
                    Some(term) => self.tag(term.into_owned()),
                    None => return self.capture(Field::Tag, 1, Mode::Plain),
                }
            }
            (DublinCore, "subject") => return self.capture(Field::Tag, 1, Mode::Plain),
            (Core, "language") | (DublinCore, "language") => return self.capture(Field::Language, 1, Mode::Plain),
            (Core, "enclosure") | (Media, "content") => self.enclosure(raw),
            // What an unknown vocabulary wraps is its own: it may have entries and titles that are not the feed's.
            (Other, _) => return Role::Aside,
            _ => {}
        }
        Role::Plain
    }

    pub(super) fn kind(&mut self, kind: FeedKind) {
        if !self.kind_known {
            self.kind_known = true;
            self.feed.kind = kind;
        }
    }

    pub(super) fn ranks(&mut self) -> &mut Ranks {
        if self.entry.is_some() { &mut self.entry_ranks } else { &mut self.ranks }
    }

    pub(super) fn capture(&mut self, field: Field, rank: u8, mode: Mode) -> Role {
        self.capture = Some(Capture { field, rank, mode, depth: 0, buffer: String::new(), has_elements: false });
        Role::Capture
    }

    /// Atom's `type` and Atom 0.3's `mode`; RSS has neither, and its texts are HTML.
    pub(super) fn text_mode(&self, raw: &str) -> Mode {
        let (mut kind, mut mode) = (None, None);
        for (key, value) in attributes(raw) {
            match key {
                "type" => kind = Some(value.trim().to_ascii_lowercase()),
                "mode" => mode = Some(value.trim().to_ascii_lowercase()),
                _ => {}
            }
        }
        match (kind.as_deref(), mode.as_deref()) {
            (_, Some("base64")) => Mode::Base64,
            (_, Some("escaped")) | (Some("html" | "text/html"), _) => Mode::Html,
            (Some("xhtml" | "application/xhtml+xml"), _) | (_, Some("xml")) => Mode::Inline,
            (Some(kind), _) if kind.ends_with("+xml") || kind.ends_with("/xml") => Mode::Inline,
            (Some("text" | "text/plain"), _) => Mode::Plain,
            // Neither text nor markup: a binary type.
            (Some(kind), _) if kind.contains('/') && !kind.starts_with("text/") => Mode::Base64,
            (None, _) if self.feed.kind == FeedKind::Atom => Mode::Plain,
            _ => Mode::Html,
        }
    }
}

fn has_attribute(raw: &str, name: &str) -> bool {
    attributes(raw).any(|(key, _)| key == name)
}
