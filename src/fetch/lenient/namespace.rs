//! Whose an element is, by the address or the prefix of its namespace.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Namespace {
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
    pub(super) fn of_uri(uri: &str) -> Self {
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
    pub(super) fn of_prefix(prefix: &str) -> Self {
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
