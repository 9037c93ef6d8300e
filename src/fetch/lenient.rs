//! A feed reader that takes what it gets.
//!
//! In: text that is a feed but that feed-rs refuses or reads in part: broken XML, RSS 0.90, Atom 0.3, CDF, undeclared or
//! wrong namespaces, Dublin Core instead of RSS, items outside the channel. Out: the same [`RawFeed`] as from feed-rs.
//!
//! One set of handlers reads all formats, because feeds mix them: what counts is the element's own name, and the
//! namespace only where it changes the meaning. (Python's feedparser does the same and is the model for which element wins
//! where several say the same.) Elements end when their end tag comes, when an element around them ends, or when
//! something begins that can't be inside them.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use url::Url;

use super::markup::{Token, Tokens, attributes};
use super::parse::{Enclosure, FeedKind, MAX_ENTRIES, RawEntry, RawFeed, RawText};
use super::parse_date;
use crate::text::html;

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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namespace {
    /// RSS in all versions, none at all, and whatever is declared as a document's default.
    Core,
    Atom,
    Rdf,
    Content,
    DublinCore,
    DublinTerms,
    Media,
    Itunes,
    Xhtml,
    FeedBurner,
    Other,
}

impl Namespace {
    fn of_uri(uri: &str) -> Self {
        let uri = uri.trim().to_ascii_lowercase();
        let is = |parts: &[&str]| parts.iter().any(|part| uri.contains(part));
        if uri.is_empty()
            || is(&[
                "purl.org/rss/1.0/modules/rss091",
                "my.netscape.com",
                "backend.userland.com",
                "blogs.law.harvard.edu",
                "channel.netscape.com",
            ])
            || uri.trim_end_matches('/').ends_with("purl.org/rss/1.0")
            || uri.trim_end_matches('/').ends_with("purl.org/net/rss1.1#")
            || uri.contains("://cyber.law.harvard.edu/rss")
        {
            Self::Core
        } else if is(&["w3.org/2005/atom", "purl.org/atom/ns", "purl.org/atom-blog"]) {
            Self::Atom
        } else if is(&["22-rdf-syntax-ns"]) {
            Self::Rdf
        } else if is(&["rss/1.0/modules/content"]) {
            Self::Content
        } else if is(&["purl.org/dc/elements"]) {
            Self::DublinCore
        } else if is(&["purl.org/dc/terms"]) {
            Self::DublinTerms
        } else if is(&["search.yahoo.com/mrss", "mrss"]) {
            Self::Media
        } else if is(&["itunes.com/dtds/podcast", "itunes"]) {
            Self::Itunes
        } else if is(&["w3.org/1999/xhtml"]) {
            Self::Xhtml
        } else if is(&["feedburner.org", "rssnamespace.org/feedburner"]) {
            Self::FeedBurner
        } else {
            Self::Other
        }
    }

    /// What everybody means by a prefix that the document does not declare.
    fn of_prefix(prefix: &str) -> Self {
        match prefix {
            "" | "rss" => Self::Core,
            "atom" | "a10" => Self::Atom,
            "rdf" => Self::Rdf,
            "content" => Self::Content,
            "dc" => Self::DublinCore,
            "dcterms" => Self::DublinTerms,
            "media" => Self::Media,
            "itunes" => Self::Itunes,
            "xhtml" | "html" => Self::Xhtml,
            "feedburner" => Self::FeedBurner,
            _ => Self::Other,
        }
    }
}

/// What an open element means for those inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    /// One of the feed's items.
    Entry,
    /// Things with a title and link of their own: images, search boxes, an item's source.
    Aside,
    /// A person with name and address as elements.
    Person,
    /// Text is being gathered.
    Capture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Summary,
    Content,
    Id,
    Link,
    OriginalLink,
    Published,
    Updated,
    Both,
    Author,
    Tag,
    Language,
}

/// How the text of an element is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Characters are characters (dates, links, Atom's `type="text"`).
    Plain,
    /// Characters are HTML (RSS, Atom's `type="html"`).
    Html,
    /// Elements are HTML (`type="xhtml"`).
    Inline,
    /// Base64 of HTML (Atom 0.3).
    Base64,
}

#[derive(Debug)]
struct Capture {
    field: Field,
    /// The higher one wins; among equals the first.
    rank: u8,
    mode: Mode,
    /// How many elements are open inside.
    depth: usize,
    buffer: String,
    /// Whether any element stood inside: the text is markup then, whatever was said.
    has_elements: bool,
}

#[derive(Debug)]
struct Open<'a> {
    name: &'a str,
    role: Role,
    /// How many namespaces and bases were in force before it.
    namespaces: usize,
    bases: usize,
}

/// Who gets a value: an entry, or the feed.
#[derive(Debug, Default)]
struct Ranks {
    title: u8,
    summary: u8,
    content: u8,
    link: u8,
    author: u8,
    published: u8,
    updated: u8,
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
        self.capture = None;
        if let Some(entry) = &self.entry
            && entry.id.is_none()
            && entry.link.is_none()
        {
            self.entry = None;
        }
        while !self.open.is_empty() {
            self.close();
        }
        self.close_entry();
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
            } else if key == "xml:lang" {
                language = Some(value.into_owned());
            } else if key == "lang" && self.open.is_empty() && language.is_none() {
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

    /// What an element outside texts and asides means.
    fn element(&mut self, namespace: Namespace, local: &str, raw: &str, language: Option<String>) -> Role {
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

    fn kind(&mut self, kind: FeedKind) {
        if !self.kind_known {
            self.kind_known = true;
            self.feed.kind = kind;
        }
    }

    fn ranks(&mut self) -> &mut Ranks {
        if self.entry.is_some() { &mut self.entry_ranks } else { &mut self.ranks }
    }

    fn capture(&mut self, field: Field, rank: u8, mode: Mode) -> Role {
        self.capture = Some(Capture { field, rank, mode, depth: 0, buffer: String::new(), has_elements: false });
        Role::Capture
    }

    /// Atom's `type` and Atom 0.3's `mode`; RSS has neither, and its texts are HTML.
    fn text_mode(&self, raw: &str) -> Mode {
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

    fn link(&mut self, namespace: Namespace, local: &str, raw: &str) -> Role {
        let (mut href, mut rel, mut kind) = (None, None, None);
        for (key, value) in attributes(raw) {
            match key.to_ascii_lowercase().as_str() {
                "href" => href = Some(value.trim().to_owned()),
                "rel" => rel = Some(value.trim().to_ascii_lowercase()),
                "type" => kind = Some(value.trim().to_ascii_lowercase()),
                _ => {}
            }
        }
        let Some(href) = href else {
            return if local == "link" { self.capture(Field::Link, 3, Mode::Plain) } else { Role::Plain };
        };
        let rel = rel.unwrap_or_default();
        match rel.rsplit('/').next().unwrap_or("") {
            "" | "alternate" => {
                let readable = kind.as_deref().is_none_or(|kind| kind.contains("html") || kind.contains("text/"));
                // Atom's link inside RSS is second to RSS's own.
                let own = namespace == Namespace::Core || self.feed.kind == FeedKind::Atom;
                let href = if href.is_empty() { self.bases.last().map_or(href, Url::to_string) } else { href };
                self.set_link(
                    &href,
                    if !readable {
                        1
                    } else if own {
                        3
                    } else {
                        2
                    },
                );
            }
            "enclosure" => {
                let url = self.resolved(&href);
                self.push_enclosure(Enclosure { url, kind });
            }
            "hub" if self.entry.is_none() => {}
            _ => {}
        }
        Role::Plain
    }

    fn resolved(&self, href: &str) -> String {
        // A base that nobody stated is left for later: the channel's own address may be a better one.
        match self.bases.last() {
            Some(base) if !super::parse::is_absolute(href) => {
                base.join(href).map_or_else(|_| href.to_owned(), String::from)
            }
            _ => href.to_owned(),
        }
    }

    /// Among links of one rank the last one counts, as in feedparser.
    fn set_link(&mut self, href: &str, rank: u8) {
        if href.is_empty() || rank < self.ranks().link {
            return;
        }
        let link = Some(self.resolved(href));
        self.ranks().link = rank;
        match &mut self.entry {
            Some(entry) => entry.link = link,
            None => self.feed.link = link,
        }
    }

    fn cdf_attributes(&mut self, raw: &str) {
        for (key, value) in attributes(raw) {
            if key.eq_ignore_ascii_case("href") {
                self.set_link(value.trim(), 1);
            } else if key.eq_ignore_ascii_case("lastmod") {
                self.set_date(Field::Updated, 1, &value);
            }
        }
    }

    fn enclosure(&mut self, raw: &str) {
        let (mut url, mut kind) = (None, None);
        for (key, value) in attributes(raw) {
            match key {
                "type" => kind = Some(value.trim().to_owned()),
                "url" | "href" => url = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        if let Some(url) = url {
            let url = self.resolved(&url);
            self.push_enclosure(Enclosure { url, kind });
        }
    }

    fn push_enclosure(&mut self, enclosure: Enclosure) {
        if let Some(entry) = &mut self.entry
            && entry.enclosures.len() < 64
            && !enclosure.url.is_empty()
        {
            entry.enclosures.push(enclosure);
        }
    }

    fn tag(&mut self, tag: String) {
        if let Some(entry) = &mut self.entry
            && entry.tags.len() < 64
        {
            entry.tags.push(tag);
        }
    }

    fn set_date(&mut self, field: Field, rank: u8, text: &str) {
        let Some(date) = parse_date(text) else { return };
        let ranks = self.ranks();
        let (published, updated) = (rank >= ranks.published, rank >= ranks.updated);
        let sets = |wanted: Field| field == wanted || field == Field::Both;
        if sets(Field::Published) && published {
            ranks.published = rank;
        }
        if sets(Field::Updated) && updated {
            ranks.updated = rank;
        }
        let slots = match &mut self.entry {
            Some(entry) => (&mut entry.published, &mut entry.updated),
            None => (&mut self.feed.published, &mut self.feed.updated),
        };
        if sets(Field::Published) && published {
            *slots.0 = Some(date);
        }
        if sets(Field::Updated) && updated {
            *slots.1 = Some(date);
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
            entry.link = self.guid_link.take().filter(|guid| super::parse::is_web(guid));
        }
        self.feed.entries.push(entry);
    }

    fn text(&mut self, raw: &str) {
        let Some(capture) = &self.capture else {
            if std::mem::take(&mut self.link_was_empty) && super::parse::is_web(raw.trim()) {
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

    fn data(&mut self, text: &str) {
        let Some(capture) = &mut self.capture else { return };
        let room = MAX_CAPTURE_BYTES.saturating_sub(capture.buffer.len());
        capture.buffer.push_str(html::cut(text, room));
    }

    /// References resolved: XML's, HTML's, and those that the document declares.
    fn decoded<'t>(&self, raw: &'t str) -> Cow<'t, str> {
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
    fn doctype(&mut self, inside: &'a str) {
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

    fn close_capture(&mut self) {
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

fn has_attribute(raw: &str, name: &str) -> bool {
    attributes(raw).any(|(key, _)| key == name)
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
