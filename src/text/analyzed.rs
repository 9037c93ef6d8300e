//! An article as rules see it: its fields as pieces with their folded form, place and byte span.
//!
//! This is the plain form, with a string per piece: the reference evaluator, `explain` and tests read it. The scanner walks
//! the same pieces without building it.

use std::borrow::Cow;
use std::ops::Range;

use super::normalize::fold;
use super::segment::{PieceKind, pieces};
use crate::model::{Article, Field};

/// Half words: a word weighs two, a character of a script without spaces one, so that `NEAR/n` there counts 2n characters.
pub type HalfWords = u32;

/// What one piece weighs when distances are counted.
#[must_use]
pub const fn weight(kind: PieceKind) -> HalfWords {
    match kind {
        PieceKind::Word => 2,
        PieceKind::Character => 1,
    }
}

/// The lede ends after so many words of a summary or body (RULES: "title and the first 60 words").
pub const LEDE: HalfWords = 60 * 2;

/// What lies between two [parts](super::reading::parts) of a field when distances are counted: more than any proximity reaches
/// (1000 words).
pub const APART: HalfWords = 2 * 1001;

/// The weight before the part that follows, given that before the end of this one. Of a million tags the last ones may be
/// near each other: numbers end somewhere.
#[must_use]
pub const fn after_part(at: HalfWords) -> HalfWords {
    if at > HalfWords::MAX / 2 { at } else { at + APART }
}

/// The fields, in the order in which hits are reported.
pub const FIELDS: [Field; 7] =
    [Field::Title, Field::Summary, Field::Body, Field::Author, Field::Tag, Field::Source, Field::Url];

/// The text of one field of an article. Tags are one a line, and so are the names of a source.
#[must_use]
pub fn field_text(article: &Article, field: Field) -> Cow<'_, str> {
    match field {
        Field::Title => Cow::Borrowed(&article.title),
        Field::Summary => Cow::Borrowed(&article.summary),
        Field::Body => Cow::Borrowed(&article.body),
        Field::Author => Cow::Borrowed(article.author.as_deref().unwrap_or("")),
        Field::Tag => match article.tags.as_slice() {
            [] => Cow::Borrowed(""),
            [one] => Cow::Borrowed(one),
            tags => Cow::Owned(tags.join("\n")),
        },
        // Both names of a source can be asked for.
        Field::Source if article.feed_name.is_empty() => Cow::Borrowed(&article.source),
        Field::Source => Cow::Owned(format!("{}\n{}", article.source, article.feed_name)),
        Field::Url => Cow::Borrowed(article.url.as_deref().unwrap_or("")),
    }
}

/// A word or character of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its folded form.
    pub folded: String,
    /// Its bytes in the field's text.
    pub span: Range<usize>,
    /// What the pieces before it in its field weigh together.
    pub at: HalfWords,
    /// Word or character.
    pub kind: PieceKind,
    /// Whether nothing visible stands between it and the one before.
    pub glued: bool,
}

/// A field, analysed.
#[derive(Debug, Clone)]
pub struct AnalyzedField {
    /// Which one.
    pub field: Field,
    /// Its text as stored.
    pub text: String,
    /// Its words and characters.
    pub tokens: Vec<Token>,
}

impl AnalyzedField {
    /// Analyses one text.
    #[must_use]
    pub fn new(field: Field, text: &str) -> Self {
        let mut at = 0;
        let tokens = pieces(text)
            .map(|piece| {
                let token = Token {
                    folded: fold(&text[piece.start..piece.end]),
                    span: piece.start..piece.end,
                    at,
                    kind: piece.kind,
                    glued: piece.glued,
                };
                at += weight(piece.kind);
                token
            })
            .collect();
        Self { field, text: text.to_owned(), tokens }
    }

    /// Number of words; two characters of a script without spaces count as one.
    #[must_use]
    pub fn words(&self) -> u32 {
        self.tokens.last().map_or(0, |last| (last.at + weight(last.kind)).div_ceil(2))
    }
}

/// An article, analysed.
#[derive(Debug, Clone)]
pub struct Analyzed {
    /// All of its fields, in the order of [`FIELDS`].
    pub fields: Vec<AnalyzedField>,
}

impl Analyzed {
    /// Analyses an article.
    #[must_use]
    pub fn new(article: &Article) -> Self {
        Self { fields: FIELDS.iter().map(|&field| AnalyzedField::new(field, &field_text(article, field))).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_characters_weigh_as_much_as_a_word() {
        let field = AnalyzedField::new(Field::Title, "NATO 俄罗斯 talks");
        let places: Vec<u32> = field.tokens.iter().map(|token| token.at).collect();
        assert_eq!(places, [0, 2, 3, 4, 5]);
        assert_eq!(field.words(), 4);
        assert_eq!(&field.text[field.tokens[4].span.clone()], "talks");
    }
}
