//! A page to its article.
//!
//! In: the bytes of an HTML page. Out: headline, text, date, author, or the reason why there is no article.
//!
//! The text is found by [`super::main_text`], the rest is what the page says of itself ([`super::page`]). Where JSON-LD carries
//! the text itself and much less of it was found, that one is taken: the page's visible text is then loaded by scripts.
//!
//! This is our own code because no library did as well: against the same references, the port of trafilatura that was used
//! before found less of the articles and more of what surrounds them, and took several times as long (docs/extraction.md).
//!
//! Pages are hostile by assumption. What is read of one is a balanced subset, of limited depth and size
//! ([`super::balance`]); from there everything is linear in it, or bounded by a constant. Where that is not enough, the page
//! has [`CPU_LIMIT`] ([`super::budget`]); when that is over, when a page is too long, and should the extractor fail, the page's
//! text is taken as it stands ([`super::rough`]). Run it off the async threads.

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use serde::Serialize;
use url::Url;

use super::balance::Balanced;
use super::blocks::{Blocks, Trust, letters, weight};
use super::budget::Budget;
use super::html::{MAX_HTML_BYTES, cut};
use super::page::Page;
use super::rough::rough_article;
use super::scripts::text_in_scripts;
use super::tree::Tree;
use super::{charset, detect_language, sniff};
use crate::model::{Lang, Timestamp};

/// An article as extracted from a page; serialises as the “Extracted article” of the command line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Extracted {
    /// The address that the page came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The address that the page calls its own; absolute, http or https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<String>,
    /// Headline; may be empty.
    pub title: String,
    /// Plain text, paragraphs separated by a blank line; at most 200 KB.
    pub body: String,
    /// The language, where there is no doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// Authors, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub published: Option<Timestamp>,
    /// The site's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// What was odd, one line each, for people.
    pub warnings: Vec<String>,
    /// The site shows only the article's beginning to who does not pay.
    #[serde(skip)]
    pub is_beginning: bool,
    /// The page could not be taken apart: `body` is all of its text, menus and neighbours included. The first warning says
    /// why.
    #[serde(skip)]
    pub is_rough: bool,
}

/// Why there is no article.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// Nothing, or blanks.
    #[error("the page is empty")]
    Empty,
    /// Something else than a page.
    #[error("this is {what}, not an HTML page")]
    NotHtml {
        /// What it is.
        what: String,
    },
    /// The site asks for a subscription and shows only a beginning.
    #[error("the article is behind a paywall; the page holds only {characters} characters of it")]
    Paywalled {
        /// How much text there is.
        characters: usize,
    },
    /// The server sent an error, a robot check or a consent form.
    #[error("the page is titled `{title}` and holds no article: the site refused to show it")]
    Refused {
        /// The page's title.
        title: String,
    },
    /// No text that looks like an article.
    #[error("no article was found in the page")]
    NoArticle,
    /// The page is too much for the extractor, and there is no text in it.
    #[error("the page could not be taken apart: {why}")]
    TooMuch {
        /// What was too much.
        why: String,
    },
}

/// A shorter text is no article; in Latin letters, of which Han and kana count two. A guess: two sentences.
const MIN_BODY: usize = 140;
/// Below this, what stands under a refusal's title is the refusal.
const TEASER: usize = 1_200;
const MAX_BODY_BYTES: usize = 200_000;
/// The processor time that a page may cost (RELIABILITY: 2 s). Large pages of news sites take some ten milliseconds.
const CPU_LIMIT: Duration = Duration::from_secs(2);

/// Extracts the article of a page, of which the first 2 MiB are read.
///
/// `content_type` is the HTTP header, `url` the page's address. What can't be taken apart comes as plain text, marked
/// [`Extracted::is_rough`].
///
/// # Errors
/// Says why there is no article; the caller then matches the feed's own text.
pub fn extract_article(html: &[u8], content_type: Option<&str>, url: Option<&Url>) -> Result<Extracted, ExtractError> {
    extract_within(html, content_type, url, &Budget::of_thread(CPU_LIMIT))
}

fn extract_within(
    html: &[u8],
    content_type: Option<&str>,
    url: Option<&Url>,
    budget: &Budget,
) -> Result<Extracted, ExtractError> {
    // Nothing of the page or the budget is used afterwards but the bytes.
    let error = match catch_unwind(AssertUnwindSafe(|| take_apart(html, content_type, url, budget))) {
        Ok(Err(error @ ExtractError::TooMuch { .. })) => error,
        Ok(answer) => return answer,
        Err(_) => ExtractError::TooMuch { why: "the extractor failed on it; please report it".to_owned() },
    };
    rough_article(html, content_type, url, error.to_string()).ok_or(error)
}

fn take_apart(
    html: &[u8],
    content_type: Option<&str>,
    url: Option<&Url>,
    budget: &Budget,
) -> Result<Extracted, ExtractError> {
    if let Some(kind) = content_type.map(|header| header.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
        && !kind.is_empty()
        && !(kind.starts_with("text/")
            || kind.contains("html")
            || kind.contains("xml")
            || kind == "application/octet-stream")
    {
        return Err(ExtractError::NotHtml { what: format!("`{kind}`") });
    }
    if html.trim_ascii().is_empty() {
        return Err(ExtractError::Empty);
    }
    if let Some(what) = sniff::not_a_page(html) {
        return Err(ExtractError::NotHtml { what: what.to_owned() });
    }
    let decoded = charset::decode(&html[..html.len().min(MAX_HTML_BYTES * 2)], content_type);
    let text = cut(&decoded.text, MAX_HTML_BYTES);
    if let Some(what) = sniff::not_a_page_text(text) {
        return Err(ExtractError::NotHtml { what: what.to_owned() });
    }
    let mut warnings = Vec::new();
    let is_whole = text.len() == decoded.text.len() && html.len() <= MAX_HTML_BYTES * 2;
    if !is_whole {
        warnings.push("only the first 2 MiB of the page were read".to_owned());
    }
    let in_time = || {
        let why = format!("it takes more than {} s of computing", budget.limit().as_secs_f32());
        if budget.is_spent() { Err(ExtractError::TooMuch { why }) } else { Ok(()) }
    };
    let page = Page::of(text, budget);
    let balanced = Balanced::read(text, budget);
    in_time()?;
    if balanced.is_flattened {
        warnings.push("the markup nests unusually deep; its deepest levels were read as one".to_owned());
    }
    let title = page.headline(url.and_then(Url::host_str));
    let stated = page.article_body().map(without_second_copy);
    if balanced.is_cut && stated.is_none() {
        // What was found at its beginning may be anything, and the article behind it.
        let why = "it has more elements or more text than any article's page".to_owned();
        return Err(ExtractError::TooMuch { why });
    }
    if balanced.is_cut {
        warnings.push("the page is unusually long; its end was not read".to_owned());
    }
    let tree = Tree::read(&balanced.body, budget);
    let blocks = Blocks::cut(&tree, Trust::ClassNames, budget);
    in_time()?;
    let mut body = blocks.article_text(&title, stated.as_deref(), budget);
    if weight(&body) < MIN_BODY {
        // Its class names may mean something else here.
        let found = Blocks::cut(&tree, Trust::ElementsOnly, budget).article_text(&title, stated.as_deref(), budget);
        if weight(&found) > weight(&body) {
            body = found;
        }
    }
    if let Some(stated) = stated.filter(|stated| is_much_longer(stated, &body)) {
        body = stated;
    }
    // What only subscribers are meant to see stays where it is.
    if weight(&body) < MIN_BODY
        && !page.is_paywalled()
        && !blocks.has_wall()
        && let Some(html) = text_in_scripts(text, &title, budget)
    {
        let tree_of_it = Balanced::read(&html, budget);
        let tree_of_it = Tree::read(&tree_of_it.body, budget);
        body = Blocks::cut(&tree_of_it, Trust::ClassNames, budget).article_text(&title, None, budget);
    }
    in_time()?;
    let size = weight(&body);
    if size < MIN_BODY || page.is_refusal() && size < TEASER {
        let none = why_none(&page, size, blocks.has_wall());
        return Err(match none {
            ExtractError::NoArticle if !is_whole => {
                ExtractError::TooMuch { why: "no article was found in its first 2 MiB".to_owned() }
            }
            none => none,
        });
    }
    let beginning = page.is_beginning(&body, blocks.has_wall());
    if beginning {
        warnings.push("the article is behind a paywall; the page holds only its beginning".to_owned());
    }
    let guess = detect_language(page.lang, &title, &body);
    Ok(Extracted {
        url: url.map(Url::to_string),
        canonical: page.canonical(url),
        author: page.author(),
        published: page.published(url, &blocks.near_headline()),
        site: page.site(),
        lang: guess.lang.filter(|_| guess.certain),
        title,
        body: cut(&body, MAX_BODY_BYTES).trim_end().to_owned(),
        warnings,
        is_beginning: beginning,
        is_rough: false,
    })
}

/// Why a page with so much text, in letters, has no article.
fn why_none(page: &Page, characters: usize, has_wall: bool) -> ExtractError {
    if page.is_refusal() {
        ExtractError::Refused { title: page.short_title() }
    } else if has_wall || page.is_paywalled() {
        ExtractError::Paywalled { characters }
    } else {
        ExtractError::NoArticle
    }
}

/// The stated text is taken where the page itself shows less than two thirds of it: scripts load the rest.
fn is_much_longer(stated: &str, found: &str) -> bool {
    let (stated, found) = (weight(stated), weight(found));
    (stated >= 300 || found < MIN_BODY) && found * 3 < stated * 2
}

/// Some sites state their text twice in one go.
fn without_second_copy(stated: String) -> String {
    let start = cut(&stated, 120);
    let Some(second) = stated[start.len()..].find(start).map(|at| start.len() + at) else { return stated };
    let (first, second) = stated.split_at(second);
    let (one, two) = (letters(first), letters(second));
    // The second may be cut short.
    if two.len() * 2 >= one.len() && one.starts_with(&two) { first.trim_end().to_owned() } else { stated }
}
