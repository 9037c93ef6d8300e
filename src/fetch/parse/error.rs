//! What a document is that is no feed, in words for people.

use std::fmt;

/// Why a document was not read: what it is instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Nothing, or blanks.
    #[error("the document is empty")]
    Empty,
    /// A page for people: the feed has moved, wants a login, or the server reports an error as a page.
    #[error("this is an HTML page{}, not a feed", Titled(.title.as_deref()))]
    Html {
        /// The page's title.
        title: Option<String>,
    },
    /// A list of feeds.
    #[error("this is an OPML list of feeds, not a feed; `vedetta feed import` reads it")]
    Opml,
    /// JSON, but no JSON Feed.
    #[error("this is JSON, but not a JSON Feed: it has no `items` that are entries")]
    Json,
    /// XML of another kind.
    #[error("this is XML with the root element `{root}`, not a feed")]
    OtherXml {
        /// The root element's name.
        root: String,
    },
    /// Plain text.
    #[error("this is plain text, not a feed; it begins with `{start}`")]
    PlainText {
        /// Its first words.
        start: String,
    },
    /// An image, archive or the like.
    #[error("this is {what}, not a feed")]
    Binary {
        /// What it is, with its article.
        what: &'static str,
    },
    /// A page in which the selector for items finds nothing.
    #[error(
        "the selector `{selector}` finds nothing on the page: it was rebuilt, or shows its list by script; look for new \
             selectors with `vedetta feed poll URL --item …`"
    )]
    NothingSelected {
        /// The selector.
        selector: String,
    },
    /// A page whose items have no links.
    #[error("{items} items were found on the page, but no link in them: correct `link`")]
    NoLinks {
        /// How many items.
        items: usize,
    },
    /// A page on which the selectors take too long.
    #[error(
        "the page takes more than {} s of computing to be read by these selectors; simpler ones, without `~`, `:has()` and \
             `:nth-…`, take less", limit.as_secs_f32()
    )]
    TooMuch {
        /// The processor time that it may cost.
        limit: std::time::Duration,
    },
    /// A selector that can't be read.
    #[error("{error}")]
    BadSelector {
        /// What is wrong.
        error: String,
    },
    /// A feed by its beginning that ends before anything in it could be read.
    #[error("the document ends at line {line}, column {column}, before anything in it is complete")]
    EndsEarly {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
    },
    /// A feed by its beginning, but nothing in it could be read.
    #[error("the feed is broken at line {line}, column {column}: {reason}")]
    Broken {
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        /// What stands there.
        reason: String,
    },
}

struct Titled<'a>(Option<&'a str>);

impl fmt::Display for Titled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(title) => write!(f, " titled `{title}`"),
            None => Ok(()),
        }
    }
}
