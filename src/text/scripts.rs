//! The article in a page's scripts.
//!
//! In: a page whose elements hold no article, because scripts put it there. Out: the text that they would show, as HTML.
//! What is read are the strings of the data that frameworks leave in the page (Next.js, Nuxt, Redux, Apollo …), not the
//! program: every literal in double quotes, and those inside literals, by the name that stands before it. The article is
//! the name with the most prose, where the headline stands among the strings too; else the data is not the article's.

use rustc_hash::{FxHashMap, FxHashSet};

use super::blocks::{ends_a_sentence, letters, weight};
use super::budget::Budget;
use super::html::{Piece, Scanner};
use super::html_to_text;

/// Data inside strings of data is read so deep.
const MAX_DEPTH: usize = 3;
/// Strings with prose that are kept.
const MAX_TEXTS: usize = 500;
/// Less prose than this, in Latin letters, is a teaser or a notice.
const MIN_TEXT: usize = 400;
/// Less than this is no paragraph.
const MIN_PARAGRAPH: usize = 100;
/// Names of texts that are about articles, or about the site.
const FOREIGN: [&str; 14] = [
    "desc", "summary", "teaser", "excerpt", "lead", "caption", "alt", "comment", "bio", "relat", "polic", "notice",
    "cookie", "css",
];

/// The text that the page's scripts hold, as HTML. `title` is the page's headline.
pub(super) fn text_in_scripts(html: &str, title: &str, budget: &Budget) -> Option<String> {
    let mut found = Found {
        title: letters(title),
        has_title: false,
        texts: FxHashMap::default(),
        kept: 0,
        seen: FxHashSet::default(),
    };
    if found.title.is_empty() {
        return None;
    }
    let mut scanner = Scanner::of(html);
    while let Some(piece) = scanner.next_piece() {
        if budget.spend(1) {
            return None;
        }
        if let Piece::Tag(tag) = piece
            && !tag.closing
            && tag.name.as_bytes() == b"script"
            && !tag.inside.contains("ld+json")
        {
            found.read(scanner.hidden(), MAX_DEPTH, budget);
        }
    }
    if !found.has_title {
        return None;
    }
    let (_, texts) = found.texts.into_iter().max_by_key(|(name, texts)| (texts.weight, name.clone()))?;
    (texts.weight >= MIN_TEXT).then_some(texts.html)
}

#[derive(Default)]
struct Texts {
    html: String,
    weight: usize,
}

struct Found {
    /// The headline's letters.
    title: String,
    has_title: bool,
    /// Prose by the name in front of it.
    texts: FxHashMap<String, Texts>,
    kept: usize,
    /// Hashes of the texts kept.
    seen: FxHashSet<u64>,
}

impl Found {
    /// Reads the literals of a script or of data. Each byte is looked at once a level.
    fn read(&mut self, source: &str, depth: usize, budget: &Budget) {
        let mut name = String::new();
        let mut rest = source;
        while let Some(start) = rest.find('"') {
            let inside = &rest[start + 1..];
            let length = match literal_length(inside) {
                Ok(length) => length,
                // Not a byte twice: a line may be all quotes and backslashes.
                Err(line) => {
                    rest = &inside[line..];
                    continue;
                }
            };
            if budget.spend(1 + length / 64) {
                return;
            }
            let literal = &rest[start..start + length + 2];
            rest = &inside[length + 1..];
            if rest.trim_start().starts_with(':') {
                name = literal.trim_matches('"').to_ascii_lowercase();
                continue;
            }
            // Short strings are only looked at for the headline.
            if length >= 8
                && let Some(text) = unescaped(literal)
            {
                self.value(&name, &text, depth, budget);
            }
        }
    }

    fn value(&mut self, name: &str, text: &str, depth: usize, budget: &Budget) {
        if depth > 0 && (text.contains("\":") || text.contains("\\\"")) {
            self.read(text, depth - 1, budget);
            return;
        }
        if !self.has_title && text.len() < 1_000 {
            let letters = letters(&html_to_text(text));
            // The page's may have the site's name behind it.
            self.has_title = letters.len() * 2 > self.title.len() && self.title.contains(&letters);
        }
        if self.kept >= MAX_TEXTS || text.len() < MIN_PARAGRAPH / 2 || FOREIGN.iter().any(|known| name.contains(known))
        {
            return;
        }
        let plain = html_to_text(text);
        let weight = weight(&plain);
        if weight < MIN_PARAGRAPH || !is_prose(&plain) {
            return;
        }
        // Data is often there twice: for the server and for the browser.
        if !self.seen.insert(xxhash_rust::xxh3::xxh3_64(text.as_bytes())) {
            return;
        }
        let texts = self.texts.entry(name.to_owned()).or_default();
        self.kept += 1;
        texts.weight += weight;
        if text.contains("</") {
            texts.html.push_str(text);
        } else {
            texts.html.push_str("<p>");
            texts.html.push_str(text);
            texts.html.push_str("</p>");
        }
    }
}

/// Up to the closing quote; where there is none in the line, the line's length.
fn literal_length(inside: &str) -> Result<usize, usize> {
    let mut escaped = false;
    for (at, byte) in inside.bytes().enumerate() {
        match byte {
            b'\n' => return Err(at),
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Ok(at),
            _ => {}
        }
    }
    Err(inside.len())
}

/// A literal's value; JavaScript knows two escapes that JSON does not.
fn unescaped(literal: &str) -> Option<String> {
    serde_json::from_str(literal)
        .or_else(|_| serde_json::from_str(&literal.replace("\\x", "\\u00").replace("\\'", "'")))
        .ok()
}

/// Sentences, and neither program nor style nor a list of words.
fn is_prose(text: &str) -> bool {
    let signs =
        text.chars().filter(|c| matches!(c, '{' | '}' | '=' | ';' | '<' | '>' | '|' | '\\' | '_' | '#')).count();
    text.lines().any(ends_a_sentence) && signs * 50 < text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "Il ministro della Difesa ha visitato ieri la base in cui sono installati i nuovi radar, e ha parlato \
        con gli ambasciatori di tre Paesi che ne avevano chiesto notizia. ";

    fn read(scripts: &str) -> Option<String> {
        text_in_scripts(scripts, "I nuovi radar al confine - La Gazzetta", &Budget::unlimited())
    }

    #[test]
    fn the_article_is_found_in_data_and_in_data_inside_strings() {
        let html = format!("<p>{}</p><p>{SENTENCE}</p><p>Anna Prova</p>", SENTENCE.repeat(3));
        let data = serde_json::json!({"props": {"title": "I nuovi radar al confine", "contentHtml": html,
            "related": [{"title": "Altro", "description": SENTENCE.repeat(9)}]}});
        let next = format!("<script id=\"__NEXT_DATA__\" type=\"application/json\">{data}</script>");
        assert_eq!(read(&next).as_deref(), Some(html.as_str()));
        let pushed = format!("<script>self.__next_f.push({})</script>", serde_json::json!([1, format!("2a:{data}")]));
        assert_eq!(read(&pushed).as_deref(), Some(html.as_str()));
        // Twice in the page, once in the text.
        assert_eq!(read(&(next + &pushed)).as_deref(), Some(html.as_str()));
    }

    #[test]
    fn paragraphs_under_one_name_are_one_text() {
        let blocks: Vec<_> = (0..5)
            .map(|number| serde_json::json!({"type": "paragraph", "text": format!("Punto {number}. {}", SENTENCE.trim())}))
            .collect();
        let data = serde_json::json!({"headline": "I nuovi radar al confine", "blocks": blocks});
        let text = read(&format!("<script>window.__STATE__ = {data};</script>")).expect("a text");
        assert_eq!(text.matches("<p>Punto").count(), 5);
    }

    #[test]
    fn other_data_and_programs_are_no_article() {
        let long = SENTENCE.repeat(9);
        for script in [
            // No headline among the strings: a notice.
            format!("<script>consent = {{\"text\": \"{long}\"}}</script>"),
            format!("<script>x = {{\"title\": \"I nuovi radar al confine\", \"description\": \"{long}\"}}</script>"),
            format!("<script>x = {{\"title\": \"I nuovi radar al confine\", \"text\": \"{SENTENCE}\"}}</script>"),
            "<script>x = {\"title\": \"I nuovi radar al confine\", \"code\": \"".to_owned()
                + &"if (a == b) { c = d; } ".repeat(99)
                + "\"}</script>",
        ] {
            assert_eq!(read(&script), None, "{}", &script[..60]);
        }
    }

    #[test]
    fn hostile_scripts_are_survived() {
        for script in
            ["\"".repeat(300_000), "\\\"".repeat(300_000), "\"a\":".repeat(100_000), "\"\\\"\\\\\\\"".repeat(50_000)]
        {
            assert_eq!(read(&format!("<script>{script}</script>")), None);
        }
    }
}
