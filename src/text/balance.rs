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

enum Piece<'a> {
    Text(&'a str),
    Start(Tag<'a>),
    End(&'a str),
}

struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

/// The tokens of a page (HTML standard, “tokenization”, reduced to tags and text).
struct Scanner<'a> {
    rest: &'a str,
    /// Elements whose end tag does not come any more; to look for it again each time would take quadratic time.
    missing: Vec<&'static str>,
}

impl<'a> Scanner<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.rest;
            let Some(after) = rest.strip_prefix('<') else {
                if rest.is_empty() {
                    return None;
                }
                let end = rest.find('<').unwrap_or(rest.len());
                self.rest = &rest[end..];
                return Some(Piece::Text(&rest[..end]));
            };
            match after.as_bytes().first() {
                Some(b'!') if after.starts_with("!--") => {
                    let comment = &after[3..];
                    self.rest = if let Some(rest) = comment.strip_prefix('>').or_else(|| comment.strip_prefix("->")) {
                        rest
                    } else {
                        // An unclosed comment hides the rest, as in a browser.
                        comment.find("-->").map_or("", |end| &comment[end + 3..])
                    };
                }
                Some(b'!' | b'?') => self.rest = behind(after, '>'),
                Some(b'/') if after.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) => {
                    let (tag, rest) = tag(&after[1..]);
                    self.rest = rest;
                    return Some(Piece::End(tag.name));
                }
                Some(b'/') => self.rest = behind(after, '>'),
                Some(first) if first.is_ascii_alphabetic() => {
                    let (tag, rest) = tag(after);
                    self.rest = rest;
                    return Some(Piece::Start(tag));
                }
                _ => {
                    self.rest = after;
                    return Some(Piece::Text(&rest[..1]));
                }
            }
        }
    }

    /// Moves behind `</name>` and returns what stood before it. Where it never comes: moves to the end if `to_end`, else
    /// nowhere.
    fn content(&mut self, name: &'static str, to_end: bool) -> &'a str {
        if self.missing.contains(&name) {
            return if to_end { std::mem::take(&mut self.rest) } else { "" };
        }
        let whole = self.rest;
        let mut from = 0;
        while let Some(at) = whole[from..].find("</") {
            let at = from + at;
            let after = &whole.as_bytes()[at + 2..];
            if after.len() >= name.len()
                && after[..name.len()].eq_ignore_ascii_case(name.as_bytes())
                && after.get(name.len()).is_none_or(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'))
            {
                self.rest = behind(&whole[at..], '>');
                return &whole[..at];
            }
            from = at + 2;
        }
        self.missing.push(name);
        if to_end {
            self.rest = "";
            whole
        } else {
            ""
        }
    }
}

fn behind(text: &str, end: char) -> &str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

/// Reads a tag from its name on; returns what follows its `>`. All attributes are passed over, the first
/// [`MAX_ATTRIBUTES`] are kept.
fn tag(text: &str) -> (Tag<'_>, &str) {
    let bytes = text.as_bytes();
    let is_end = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b'>');
    let position = |from: usize, found: &dyn Fn(u8) -> bool| {
        bytes[from..].iter().position(|byte| found(*byte)).map_or(bytes.len(), |at| from + at)
    };
    let mut at = position(0, &is_end);
    let mut tag = Tag { name: &text[..at], attributes: Vec::new() };
    loop {
        at = position(at, &|byte| !byte.is_ascii_whitespace() && byte != b'/');
        match bytes.get(at) {
            None => return (tag, ""),
            Some(b'>') => return (tag, &text[at + 1..]),
            Some(_) => {}
        }
        // A `=` at the beginning belongs to the name (HTML standard, “before attribute name state”).
        let name_end = position(at + 1, &|byte| is_end(byte) || byte == b'=');
        let name = text.get(at..name_end).unwrap_or("");
        let equals = position(name_end, &|byte| !byte.is_ascii_whitespace());
        let mut value = "";
        at = name_end;
        if bytes.get(equals) == Some(&b'=') {
            let start = position(equals + 1, &|byte| !byte.is_ascii_whitespace());
            match bytes.get(start) {
                Some(quote @ (b'"' | b'\'')) => {
                    let end = position(start + 1, &|byte| byte == *quote);
                    value = text.get(start + 1..end).unwrap_or("");
                    at = (end + 1).min(bytes.len());
                }
                Some(b'>') => at = start,
                _ => {
                    let end = position(start, &|byte| byte.is_ascii_whitespace() || byte == b'>');
                    value = text.get(start..end).unwrap_or("");
                    at = end;
                }
            }
        }
        if tag.attributes.len() < MAX_ATTRIBUTES {
            tag.attributes.push((name, value));
        }
    }
}

/// An open element.
struct Open {
    name: String,
    /// Where its start tag begins in the output.
    at: usize,
}

/// Writes the page again.
#[derive(Default)]
struct Writer {
    html: Balanced,
    open: Vec<Open>,
    /// Start tags that were too deep and are not written; as many end tags are not, either.
    surplus: usize,
}

impl Writer {
    fn take(&mut self, piece: Piece<'_>, scanner: &mut Scanner<'_>) {
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

    fn pop(&mut self) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(html: &str) -> Balanced {
        Balanced::read(html, &Budget::unlimited())
    }

    fn body(html: &str) -> String {
        read(html).body
    }

    #[test]
    fn every_tag_is_closed_in_its_place() {
        for (html, expected) in [
            ("<p>uno<p>due", "<p>uno</p><p>due</p>"),
            ("<ul><li>a<li><b>b</ul>c", "<ul><li>a</li><li><b>b</b></li></ul>c"),
            ("<div><span>x</div>y</span>", "<div><span>x</span></div>y"),
            (
                "<table><tr><td>1<td>2<tr><td>3</table>",
                "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>",
            ),
            ("<a href=x>uno<a href='y'>due</a>", "<a href=\"x\">uno</a><a href=\"y\">due</a>"),
            ("</div></p>x<br/></br>", "x<br><br>"),
            ("<b><p>x</b>y</p>", "<b><p>xy</p></b>"),
            ("<td></div>x</td>", "<td>x</td>"),
            ("a<div/>b", "a<div>b</div>"),
            ("5 < 6 &amp; 7", "5 &lt; 6 &amp; 7"),
        ] {
            assert_eq!(body(html), expected, "{html}");
        }
    }

    #[test]
    fn what_is_no_text_is_left_out() {
        assert_eq!(
            body(
                "a<script>'</p>' < 1</script>b<style>p{}</style><svg><title>t</title><g/></svg><!-- <p> -->c<noscript><p>x</noscript><select><option>1</select>d"
            ),
            "abcd"
        );
        assert_eq!(body("a<svg>b"), "ab");
        assert_eq!(body("a<form><input><label>Search</label></form>b"), "ab");
        let page = format!("<form><p>{}</p></form>", "parole ".repeat(2_000));
        assert!(body(&page).starts_with("<div><p>parole"));
        assert_eq!(
            body("<p onclick='x' class=\"a&quot;b\" data-x=1 a\"b=2>y</p>"),
            "<p class=\"a&quot;b\" data-x=\"1\">y</p>"
        );
    }

    #[test]
    fn the_head_keeps_its_title_and_metas() {
        let html = read(
            "<html lang=it><head><title>Uno &amp; <due></title><meta name=author content='\"Anna\"' onclick=x><link href=x>\
             <script>{\"a\": \"</p>\"}</script></head><body><svg><title>no</title></svg><title>no</title>x",
        );
        assert_eq!(
            html.head,
            "<title>Uno &amp; &lt;due&gt;</title><meta name=\"author\" content=\"&quot;Anna&quot;\">"
        );
        assert_eq!(html.body, "x");
    }

    #[test]
    fn depth_attributes_and_length_are_bounded() {
        let deep = |tag: &str| tag.repeat(100_000);
        for html in [
            deep("<div>"),
            deep("<x/>"),
            deep("<b>"),
            deep("<div></x>"),
            format!("<svg><style>{}", deep("<g>")),
            format!("<object>{}", deep("<div>")),
            format!("<svg>{}", deep("<td>")),
            format!("<p {}>", "a=1 ".repeat(200_000)),
            "<table><tr><td>".repeat(50_000),
            "<a href='x'><p>".repeat(50_000),
            "<p><b><font color=1>".repeat(50_000),
            "x".repeat(3_000_000),
        ] {
            let read = read(&html);
            assert!(deepest(&read.body) <= MAX_DEPTH, "{}", &html[..40.min(html.len())]);
            assert!(read.body.len() < 8 * 1024 * 1024);
        }
        for html in [
            "<".repeat(1_000_000),
            "<a b='".repeat(200_000),
            "</".repeat(500_000),
            "<script>".repeat(200_000),
            "<svg>".repeat(200_000),
            "<title>".repeat(200_000),
            "<!--".repeat(300_000),
            "<a ".repeat(300_000),
        ] {
            let _ = read(&html);
        }
    }

    /// Counts in the written subset, where every start has its end.
    fn deepest(html: &str) -> usize {
        let (mut depth, mut deepest) = (0_usize, 0);
        for piece in html.split('<').skip(1) {
            if piece.starts_with('/') {
                depth -= 1;
            } else if !["!", "br", "hr", "wbr"].iter().any(|void| piece.starts_with(void)) {
                depth += 1;
                deepest = deepest.max(depth);
            }
        }
        assert_eq!(depth, 0, "balanced");
        deepest
    }

    proptest! {
        #[test]
        fn any_markup_comes_out_balanced(
            pieces in proptest::collection::vec(prop_oneof![
                Just("<div>"), Just("</div>"), Just("<p>"), Just("</p>"), Just("<b class='x'>"), Just("</b>"), Just("<a href=1>"),
                Just("</a>"), Just("<table>"), Just("<tr>"), Just("<td>"), Just("</td>"), Just("</table>"), Just("<li>"),
                Just("<ul>"), Just("</ul>"), Just("<h1>"), Just("</h2>"), Just("<form>"), Just("</form>"), Just("x"), Just("<"),
                Just("<svg>"), Just("</svg>"), Just("<br>"), Just("<a b=\"c"), Just("'>"), Just("é & <"), Just("<!--"), Just("-->"),
            ], 0..60)
        ) {
            deepest(&read(&pieces.concat()).body);
        }
    }
}
