//! HTML made harmless for an HTML parser.
//!
//! In: HTML as it was sent. Out: the same elements, written out again in a plain, balanced subset.
//!
//! A parser's time grows with the square of the nesting, of the attributes in a tag, and of formatting that is left
//! open: half a minute for 250 KB. To guess from outside how it will read a page means to agree with it on every rule (a
//! `</div>` that it ignores, a `<div>` inside `<object>`, `<x/>` that stays open), and a hostile page lives where the two
//! disagree. So the parser never sees the page. It sees what was understood of it: tags that this module wrote, each
//! closed in its place, at most [`MAX_DEPTH`] deep, with [`MAX_ATTRIBUTES`] quoted attributes, [`MAX_ELEMENTS`] of them.
//! What the subset can't say (scripts, foreign content, form fields, frames, images) is nothing that text is read from.

mod scan;
#[cfg(test)]
mod tests;
mod write;

use self::scan::Scanner;
use self::write::Writer;
use super::budget::Budget;
use super::html::cut;

/// Deeper elements are not told apart from their parents. Pages of news sites nest 20 to 60 deep.
pub(crate) const MAX_DEPTH: usize = 128;
/// What follows is not read. Large news pages have 10,000 elements.
pub(crate) const MAX_ELEMENTS: usize = 30_000;
/// What follows is not read: a long article has 100 KB of text, a page around it as much again.
pub(crate) const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Further attributes of a tag are dropped.
const MAX_ATTRIBUTES: usize = 32;
const MAX_ATTRIBUTE_NAME_BYTES: usize = 40;
/// Longer values are cut: an address is shorter.
const MAX_ATTRIBUTE_BYTES: usize = 4 * 1024;
/// A form with less than this in it is not the page.
const MAX_FORM_BYTES: usize = 8 * 1024;
const MAX_METAS: usize = 200;

/// HTML in the harmless subset.
#[derive(Debug, Default)]
pub(crate) struct Balanced {
    /// What stood in the body, or in the fragment.
    pub(crate) body: String,
    /// `<meta>` elements and the title.
    head: String,
    /// Elements were nested deeper than [`MAX_DEPTH`].
    pub(crate) is_flattened: bool,
    /// It was longer than [`MAX_ELEMENTS`] or [`MAX_TEXT_BYTES`].
    pub(crate) is_cut: bool,
    has_title: bool,
    elements: usize,
    metas: usize,
    text_bytes: usize,
}

impl Balanced {
    /// Reads a page or a part of one, linear in its length; no further than the budget reaches.
    pub(crate) fn read(html: &str, budget: &Budget) -> Self {
        let mut writer = Writer::default();
        let mut scanner = Scanner { rest: html, missing: Vec::new() };
        while let Some(piece) = scanner.next() {
            writer.take(piece, &mut scanner);
            let is_long = writer.html.elements >= MAX_ELEMENTS || writer.html.text_bytes >= MAX_TEXT_BYTES;
            if is_long || budget.spend(1) {
                writer.html.is_cut = true;
                break;
            }
        }
        while !writer.open.is_empty() {
            writer.pop();
        }
        writer.html
    }

    /// A whole document.
    pub(crate) fn document(&self) -> String {
        let Self { head, body, .. } = self;
        format!("<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>")
    }
}
