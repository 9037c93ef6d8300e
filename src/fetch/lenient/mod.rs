//! A feed reader that takes what it gets.
//!
//! In: text that is a feed but that feed-rs refuses or reads in part: broken XML, RSS 0.90, Atom 0.3, CDF, undeclared or
//! wrong namespaces, Dublin Core instead of RSS, items outside the channel. Out: the same [`RawFeed`] as from feed-rs.
//!
//! One set of handlers reads all formats, because feeds mix them: what counts is the element's own name, and the
//! namespace only where it changes the meaning. (Python's feedparser does the same and is the model for which element wins
//! where several say the same.) Elements end when their end tag comes, when an element around them ends, or when
//! something begins that can't be inside them.

mod element;
mod link;
mod namespace;
mod state;
mod text;

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use url::Url;

use super::markup::{Token, Tokens, attributes};
use super::parse::{FeedKind, MAX_ENTRIES, RawEntry, RawFeed, is_web};
use namespace::Namespace;
use state::{Capture, Field, Mode, Open, Ranks, Role};

/// Deeper elements are not told apart from their parents.
const MAX_DEPTH: usize = 256;
/// Namespace declarations in force at once (quick-xml's limit, too).
const MAX_NAMESPACES: usize = 256;
/// What is kept of one text before it is turned into plain text; RELIABILITY asks for 200 KB of the result.
const MAX_CAPTURE_BYTES: usize = 1024 * 1024;

/// Reads a document whose root is a feed's.
pub(crate) fn read(text: &str, base: &Url) -> RawFeed {
    let mut reader = Reader::new(base);
    for token in Tokens::of(text) {
        reader.take(token);
        if reader.feed.entries.len() >= MAX_ENTRIES {
            break;
        }
    }
    reader.finish()
}

struct Reader<'a> {
    feed: RawFeed,
    kind_known: bool,
    ranks: Ranks,
    entry: Option<RawEntry>,
    entry_ranks: Ranks,
    /// The guid, where it may stand in for a missing link.
    guid_link: Option<String>,
    /// An empty `<link/>` came: HTML tools make that of `<link>…</link>` and leave the address behind it.
    link_was_empty: bool,
    open: Vec<Open<'a>>,
    names: FxHashMap<&'a str, u32>,
    asides: u32,
    capture: Option<Capture>,
    namespaces: Vec<(&'a str, Namespace)>,
    /// The document's own address.
    document: Url,
    /// What `xml:base` states, outermost first.
    bases: Vec<Url>,
    entities: FxHashMap<&'a str, Cow<'a, str>>,
}

impl<'a> Reader<'a> {
    fn new(base: &Url) -> Self {
        Self {
            feed: RawFeed::new(FeedKind::Rss),
            kind_known: false,
            ranks: Ranks::default(),
            entry: None,
            entry_ranks: Ranks::default(),
            guid_link: None,
            link_was_empty: false,
            open: Vec::new(),
            names: FxHashMap::default(),
            asides: 0,
            capture: None,
            namespaces: Vec::new(),
            document: base.clone(),
            bases: Vec::new(),
            entities: FxHashMap::default(),
        }
    }

    fn take(&mut self, token: Token<'a>) {
        match token {
            Token::Start { name, attributes, is_empty } => {
                self.start(name, attributes);
                if is_empty {
                    self.end(name);
                }
            }
            Token::End { name } => self.end(name),
            Token::Text(raw) => self.text(raw),
            Token::CData(data) => self.data(data),
            Token::Doctype(inside) => self.doctype(inside),
        }
    }

    /// What is open when the document ends was cut off. A text cut in the middle is dropped, and so is an entry of which
    /// neither guid nor link had come: the next poll would not recognise it.
    fn finish(mut self) -> RawFeed {
        let was_cut = self.entry.is_some();
        let mut last_is_part = was_cut;
        self.capture = None;
        if let Some(entry) = &self.entry
            && entry.id.is_none()
            && entry.link.is_none()
        {
            self.entry = None;
            last_is_part = false;
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.close_entry();
        self.feed.last_is_part = last_is_part;
        if was_cut {
            self.feed.warnings.push("the document ends in the middle of an entry".to_owned());
        }
        self.feed
    }

    fn start(&mut self, name: &'a str, raw: &'a str) {
        if self.open.len() >= MAX_DEPTH {
            return;
        }
        self.link_was_empty = false;
        let (namespaces, bases) = (self.namespaces.len(), self.bases.len());
        let mut base = None;
        let mut language = None;
        for (key, value) in attributes(raw) {
            if let Some(prefix) = key.strip_prefix("xmlns")
                && (prefix.is_empty() || prefix.starts_with(':'))
            {
                if self.namespaces.len() < MAX_NAMESPACES {
                    let known = Namespace::of_uri(&value);
                    // A default namespace that nobody knows is the format's own, misspelt.
                    let known = if prefix.is_empty() && known == Namespace::Other { Namespace::Core } else { known };
                    self.namespaces.push((prefix.trim_start_matches(':'), known));
                }
            } else if key == "xml:base" {
                base = Some(value);
            } else if key == "xml:lang" || key == "lang" && self.open.is_empty() && language.is_none() {
                language = Some(value.into_owned());
            }
        }
        if let Some(base) = base
            && let Some(absolute) = self.base().join(base.trim()).ok()
            && self.bases.len() < MAX_DEPTH
        {
            self.bases.push(absolute);
        }
        let (namespace, local) = self.resolve(name);
        let lower = local.to_ascii_lowercase();
        self.implicit_ends(namespace, &lower, raw);
        let role = if self.capture.is_some() {
            self.inside_capture(&lower, raw);
            Role::Plain
        } else if self.asides > 0 {
            Role::Plain
        } else {
            self.element(namespace, &lower, raw, language)
        };
        if role == Role::Aside {
            self.asides += 1;
        }
        *self.names.entry(name).or_default() += 1;
        self.open.push(Open { name, role, namespaces, bases });
    }

    fn resolve(&self, name: &'a str) -> (Namespace, &'a str) {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let declared =
            self.namespaces.iter().rev().find(|(known, _)| *known == prefix).map(|(_, namespace)| *namespace);
        (declared.unwrap_or_else(|| Namespace::of_prefix(prefix)), local)
    }

    fn base(&self) -> &Url {
        self.bases.last().unwrap_or(&self.document)
    }

    /// An item that was not closed ends where the next one begins; so does a text where an item's next field begins.
    fn implicit_ends(&mut self, namespace: Namespace, local: &str, raw: &str) {
        if !matches!(namespace, Namespace::Core | Namespace::Atom) {
            return;
        }
        if let Some(capture) = &self.capture {
            let ends = match local {
                "item" | "entry" => capture.mode != Mode::Inline,
                "pubdate" | "guid" => capture.depth == 0,
                // HTML has a `link` and a `title`, too, but not these in a text.
                "link" | "description" => capture.depth == 0 && raw.is_empty() && capture.field != Field::Content,
                _ => false,
            };
            if ends {
                while self.capture.is_some() && !self.open.is_empty() {
                    self.close();
                }
            }
        }
        if matches!(local, "item" | "entry") && self.entry.is_some() && self.capture.is_none() && self.asides == 0 {
            while self.entry.is_some() && !self.open.is_empty() {
                self.close();
            }
        }
    }

    fn inside_capture(&mut self, local: &str, raw: &str) {
        let Some(capture) = &mut self.capture else { return };
        capture.depth += 1;
        capture.has_elements = true;
        if capture.buffer.len() < MAX_CAPTURE_BYTES {
            capture.buffer.push('<');
            capture.buffer.push_str(local);
            if !raw.is_empty() {
                capture.buffer.push(' ');
                capture.buffer.push_str(raw);
            }
            capture.buffer.push('>');
        }
    }

    fn end(&mut self, name: &'a str) {
        // An end without a beginning means nothing; one of an outer element ends those inside it.
        if self.names.get(name).copied().unwrap_or(0) == 0 {
            return;
        }
        while let Some(open) = self.open.last() {
            let found = open.name == name;
            self.close();
            if found {
                break;
            }
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        if let Some(count) = self.names.get_mut(open.name) {
            *count = count.saturating_sub(1);
        }
        match open.role {
            Role::Capture => self.close_capture(),
            Role::Entry => self.close_entry(),
            Role::Aside => self.asides = self.asides.saturating_sub(1),
            Role::Plain | Role::Person => {
                if let Some(capture) = &mut self.capture {
                    capture.depth = capture.depth.saturating_sub(1);
                    if capture.buffer.len() < MAX_CAPTURE_BYTES {
                        let local = open.name.rsplit(':').next().unwrap_or(open.name);
                        capture.buffer.push_str("</");
                        capture.buffer.push_str(local);
                        capture.buffer.push('>');
                    }
                }
            }
        }
        self.namespaces.truncate(open.namespaces);
        self.bases.truncate(open.bases);
    }

    fn close_entry(&mut self) {
        let Some(mut entry) = self.entry.take() else { return };
        if entry.link.is_none() {
            entry.link = self.guid_link.take().filter(|guid| is_web(guid));
        }
        self.feed.entries.push(entry);
    }
}
