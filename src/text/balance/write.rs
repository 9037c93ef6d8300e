//! The page, written again: every start with its end, none too deep.

use super::scan::{Piece, Scanner, Tag};
use super::{
    Balanced, MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTE_NAME_BYTES, MAX_DEPTH, MAX_FORM_BYTES, MAX_METAS, MAX_TEXT_BYTES, cut,
};

/// An open element.
pub(super) struct Open {
    name: String,
    /// Where its start tag begins in the output.
    at: usize,
}

/// Writes the page again.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) html: Balanced,
    pub(super) open: Vec<Open>,
    /// Start tags that were too deep and are not written; as many end tags are not, either.
    surplus: usize,
}

impl Writer {
    pub(super) fn take(&mut self, piece: Piece<'_>, scanner: &mut Scanner<'_>) {
        match piece {
            Piece::Text(text) => {
                self.html.text_bytes += text.trim_ascii().len();
                write_text(&mut self.html.body, cut(text, MAX_TEXT_BYTES));
            }
            Piece::Start(tag) => {
                let name = tag.name.to_ascii_lowercase();
                self.start(&name, &tag, scanner);
            }
            Piece::End(name) => self.end(&name.to_ascii_lowercase()),
        }
    }

    fn start(&mut self, name: &str, tag: &Tag<'_>, scanner: &mut Scanner<'_>) {
        self.html.elements += 1;
        match name {
            "html" | "head" | "body" | "frameset" | "plaintext" => {}
            "meta" if self.html.metas < MAX_METAS => {
                self.html.metas += 1;
                write_start(&mut self.html.head, name, tag);
            }
            "title" => {
                let title = scanner.content("title", false);
                if !self.html.has_title && !title.is_empty() {
                    self.html.has_title = true;
                    self.html.head.push_str("<title>");
                    write_text(&mut self.html.head, cut(title, MAX_ATTRIBUTE_BYTES));
                    self.html.head.push_str("</title>");
                }
            }
            _ => {
                if let Some(name) = RAW.iter().find(|raw| **raw == name) {
                    scanner.content(name, true);
                } else if let Some(name) = HIDDEN.iter().find(|hidden| **hidden == name) {
                    scanner.content(name, false);
                } else if !is_unwritable(name) {
                    self.element(name, tag);
                }
            }
        }
    }

    fn element(&mut self, name: &str, tag: &Tag<'_>) {
        if matches!(name, "br" | "hr" | "wbr") {
            self.close_implied(name);
            write_start(&mut self.html.body, name, tag);
            return;
        }
        if is_void(name) {
            return;
        }
        self.close_implied(name);
        if self.open.len() >= MAX_DEPTH {
            self.surplus += 1;
            self.html.is_flattened = true;
            return;
        }
        self.open.push(Open { name: name.to_owned(), at: self.html.body.len() });
        // A form is written as what it lays out; see `pop`.
        write_start(&mut self.html.body, if name == "form" { "div" } else { name }, tag);
    }

    /// Closes elements whose end tag may be left out before this start tag (HTML standard, “in body”, “in table”).
    fn close_implied(&mut self, name: &str) {
        if is_block(name) {
            self.pop_to(|open| open == "p", |open| !is_block(open));
        }
        match name {
            "li" => self.pop_to(|open| open == "li", |open| !is_block(open) || matches!(open, "div" | "address" | "p")),
            "dt" | "dd" => self.pop_to(
                |open| matches!(open, "dt" | "dd"),
                |open| !is_block(open) || matches!(open, "div" | "address" | "p"),
            ),
            "a" => self.pop_to(|open| open == "a", |open| !is_block(open)),
            "td" | "th" => self.pop_to(|open| matches!(open, "td" | "th"), |open| !is_table_part(open)),
            "tr" => self.pop_to(|open| open == "tr", |open| matches!(open, "td" | "th") || !is_table_part(open)),
            "thead" | "tbody" | "tfoot" => self.pop_to(
                |open| matches!(open, "thead" | "tbody" | "tfoot"),
                |open| matches!(open, "td" | "th" | "tr") || !is_table_part(open),
            ),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.pop_to(is_heading, |_| false),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if name == "br" {
            self.html.body.push_str("<br>");
            return;
        }
        if is_void(name) || matches!(name, "html" | "head" | "body") || is_unwritable(name) {
            return;
        }
        if self.surplus > 0 {
            self.surplus -= 1;
            return;
        }
        match name {
            "p" => self.pop_to(|open| open == "p", |open| !is_block(open)),
            "table" => self.pop_to(|open| open == "table", |_| true),
            _ if is_heading(name) => self.pop_to(is_heading, |open| !is_table_part(open)),
            _ if is_table_part(name) => self.pop_to(|open| open == name, |open| open != "table"),
            _ if is_block(name) => self.pop_to(|open| open == name, |open| !is_table_part(open)),
            _ => self.pop_to(|open| open == name, |open| !is_block(open)),
        }
    }

    /// Closes up to the innermost element that is wanted, unless one is in between that may not be closed with it.
    fn pop_to(&mut self, is_wanted: impl Fn(&str) -> bool, may_close: impl Fn(&str) -> bool) {
        let mut found = None;
        for (at, open) in self.open.iter().enumerate().rev() {
            if is_wanted(&open.name) {
                found = Some(at);
                break;
            }
            if !may_close(&open.name) {
                break;
            }
        }
        if let Some(at) = found {
            while self.open.len() > at {
                self.pop();
            }
        }
    }

    pub(super) fn pop(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let out = &mut self.html.body;
        if open.name == "form" && out.len() - open.at < MAX_FORM_BYTES {
            // A search box, a login, a newsletter. Larger ones are the page itself, as one web framework has it.
            out.truncate(open.at);
            return;
        }
        out.push_str("</");
        out.push_str(if open.name == "form" { "div" } else { &open.name });
        out.push('>');
    }
}

/// Elements whose content is raw text up to their end tag.
const RAW: [&str; 8] = ["script", "style", "textarea", "noscript", "iframe", "noembed", "noframes", "xmp"];
/// Elements that hold no part of an article. Without an end tag they hold nothing.
const HIDDEN: [&str; 10] =
    ["svg", "math", "template", "object", "applet", "select", "canvas", "audio", "video", "datalist"];

fn write_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\0' => {}
            c => out.push(c),
        }
    }
}

fn write_start(out: &mut String, name: &str, tag: &Tag<'_>) {
    out.push('<');
    out.push_str(name);
    for (key, value) in &tag.attributes {
        write_attribute(out, key, value);
    }
    out.push('>');
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    let is_name = name.len() <= MAX_ATTRIBUTE_NAME_BYTES
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'));
    // Handlers and image addresses say nothing about the text.
    let is_dull = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on"))
        || ["src", "srcset", "sizes", "d", "data-src", "data-srcset"]
            .iter()
            .any(|dull| name.eq_ignore_ascii_case(dull));
    if !is_name || is_dull || name.is_empty() {
        return;
    }
    out.push(' ');
    out.push_str(&name.to_ascii_lowercase());
    out.push_str("=\"");
    for c in cut(value, MAX_ATTRIBUTE_BYTES).chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '<' => out.push_str("&lt;"),
            '\0' => {}
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Names that the parser would treat in a way of their own, or that are no names.
fn is_unwritable(name: &str) -> bool {
    name.len() > 40
        || matches!(
            name,
            "option" | "optgroup" | "svg" | "math" | "select" | "template" | "caption" | "colgroup" | "nobr"
        )
        || RAW.contains(&name)
        || HIDDEN.contains(&name)
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b':' | b'.'))
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "image"
            | "img"
            | "input"
            | "keygen"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_table_part(name: &str) -> bool {
    matches!(name, "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th")
}

/// Elements that end a paragraph and are not closed by the end tag of a phrase.
fn is_block(name: &str) -> bool {
    is_heading(name)
        || is_table_part(name)
        || matches!(
            name,
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "button"
                | "center"
                | "dd"
                | "details"
                | "dialog"
                | "dir"
                | "div"
                | "dl"
                | "dt"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "footer"
                | "form"
                | "header"
                | "hgroup"
                | "li"
                | "listing"
                | "main"
                | "marquee"
                | "menu"
                | "nav"
                | "ol"
                | "p"
                | "pre"
                | "search"
                | "section"
                | "summary"
                | "ul"
        )
}
