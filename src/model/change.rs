//! Changes: what an outlet altered in an article after it was first seen.

use serde::{Deserialize, Serialize};

use super::{Field, Timestamp};

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
