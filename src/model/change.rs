//! Changes: what an outlet altered in an article after it was first seen.

use serde::{Deserialize, Serialize};

use super::{Field, Lang, Timestamp, Validators};

/// An article's text as it was, kept until the new one is complete and both can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriorText {
    /// Headline.
    pub title: String,
    /// Summary.
    pub summary: String,
    /// Body.
    pub body: String,
    /// Where the body came from; bodies of different origin are not compared.
    pub text_status: super::TextStatus,
}

/// What is remembered of an article's page: to ask whether it changed when its entry did, and what it said besides the text
/// if it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageMemory {
    /// The entry's link, from which it was reached.
    pub link: String,
    /// Where it was found; only there the validators hold.
    pub landed: String,
    /// To ask with.
    pub validators: Validators,
    /// When it was read in full.
    pub read_at: Timestamp,
    /// The article's address and source as the page settled them.
    pub url: Option<String>,
    /// See `url`.
    pub source: String,
    /// The page's author.
    pub author: Option<String>,
    /// The page's language.
    pub lang: Option<Lang>,
}

/// One edit of one article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When the edit was seen.
    pub at: Timestamp,
    /// The headline before, where it changed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title_before: Option<String>,
    /// Places that changed, in reading order, at most 20; the headline's first.
    pub passages: Vec<Passage>,
    /// Places that changed and are not among them.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub more: u32,
}

/// A place that changed, with the words around it: `before`, `removed` and `after` put together are the old text there,
/// `before`, `added` and `after` the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passage {
    /// The field.
    pub field: Field,
    /// Up to 60 characters before the place.
    pub before: String,
    /// What stood there; empty where something was added.
    pub removed: String,
    /// What stands there now; empty where something was removed.
    pub added: String,
    /// Up to 60 characters after it.
    pub after: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}
