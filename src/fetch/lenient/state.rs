//! What is open while a document is read.

/// What an open element means for those inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
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
pub(super) enum Field {
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
pub(super) enum Mode {
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
pub(super) struct Capture {
    pub(super) field: Field,
    /// The higher one wins; among equals the first.
    pub(super) rank: u8,
    pub(super) mode: Mode,
    /// How many elements are open inside.
    pub(super) depth: usize,
    pub(super) buffer: String,
    /// Whether any element stood inside: the text is markup then, whatever was said.
    pub(super) has_elements: bool,
}

#[derive(Debug)]
pub(super) struct Open<'a> {
    pub(super) name: &'a str,
    pub(super) role: Role,
    /// How many namespaces and bases were in force before it.
    pub(super) namespaces: usize,
    pub(super) bases: usize,
}

/// Who gets a value: an entry, or the feed.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    pub(super) title: u8,
    pub(super) summary: u8,
    pub(super) content: u8,
    pub(super) link: u8,
    pub(super) author: u8,
    pub(super) published: u8,
    pub(super) updated: u8,
}
