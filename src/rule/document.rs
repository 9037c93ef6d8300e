//! An article as the evaluators take it: the text of its fields and the languages it may be in.

use std::borrow::Cow;

use super::term::Languages;
use crate::model::{Article, Field, Lang, Timestamp};
use crate::text::analyzed::{FIELDS, field_text};
use crate::text::detect_language;

/// An article's fields and what filters ask for.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    /// The texts, in the order of [`FIELDS`].
    pub fields: [Cow<'a, str>; FIELDS.len()],
    /// The language, where there is no doubt.
    pub lang: Option<Lang>,
    /// What the text looks like, where there is doubt.
    pub guess: Option<Lang>,
    /// Host or name of the publisher.
    pub source: Cow<'a, str>,
    /// Name of the feed.
    pub feed: Cow<'a, str>,
    /// When it was published or, failing that, fetched; absent: as if just now.
    pub time: Option<Timestamp>,
}

impl<'a> Document<'a> {
    /// From an article. Its language is taken as it stands there; if none does, it is detected.
    #[must_use]
    pub fn new(article: &'a Article) -> Self {
        let mut document = Self {
            fields: FIELDS.map(|field| field_text(article, field)),
            lang: article.lang,
            guess: None,
            source: Cow::Borrowed(&article.source),
            feed: Cow::Borrowed(&article.feed_name),
            time: Some(article.published.unwrap_or(article.fetched_at)),
        };
        if document.lang.is_none() {
            document.detect(article.declared_lang);
        }
        document
    }

    /// Detects the language, given what is declared.
    pub fn detect(&mut self, declared: Option<Lang>) {
        let body = if self.fields[2].trim().is_empty() { &self.fields[1] } else { &self.fields[2] };
        let guess = detect_language(declared, &self.fields[0], body);
        if guess.certain {
            self.lang = guess.lang;
        } else {
            self.guess = guess.lang;
        }
    }

    /// Which concept lists apply.
    #[must_use]
    pub(super) fn languages(&self) -> Languages {
        self.lang.map_or(Languages::All, Languages::One)
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, field: Field) -> &str {
        FIELDS.iter().position(|&other| other == field).map_or("", |index| &self.fields[index])
    }
}
