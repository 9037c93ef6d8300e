//! What an article is recognised by: its link, its headline's words, and a MinHash sketch of its text's shingles.

use crate::model::Article;

/// A compact likeness of an article, comparable with others of the same `VERSION`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    link: u64,
    title: Vec<u32>,
    sketch: Vec<u32>,
}

impl Signature {
    /// The signature of an article.
    #[must_use]
    pub fn of(_article: &Article) -> Self {
        Self::default()
    }

    /// As stored: versioned bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Vec::new()
    }

    /// From stored bytes; anything unreadable or of another version is a signature that resembles nothing.
    #[must_use]
    pub fn from_bytes(_bytes: &[u8]) -> Self {
        Self::default()
    }

    /// How alike the two are, in 0 … 1, if they tell the same story; `None` if they don't.
    #[must_use]
    pub fn same_story(&self, _other: &Self) -> Option<f64> {
        None
    }
}
