//! What a page says of itself.
//!
//! In: HTML as it was sent. Out: headline, authors, date, site, and the text that it states, from JSON-LD (schema.org
//! `NewsArticle`), OpenGraph and other `meta` elements; the date also from the address and from what stands at the headline.

mod date;

use serde_json::{Map, Value};
use url::Url;

use self::date::{MAX_DATED, MAX_DATED_BYTES, is_stamp, may_hold_date};
use super::blocks::{letters, weight};
use super::budget::Budget;
use super::html::{Piece, Scanner, attributes, cut};
use super::{html_to_line, html_to_text};
use crate::model::Lang;

/// What stands between a headline and the site's name.
const SEPARATORS: &[char] = &['-', '_', '｜', 'ㅣ', '–', '—', '|', '│', '·', '•', '»', '›', ':', '/'];
/// JSON-LD blocks that are read, and bytes of each.
const MAX_JSON_BLOCKS: usize = 32;
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// Places that may show the date.
const MAX_STAMPS: usize = 12;
/// A page that states a paywall, and how much of its article it holds, is believed; one that does not and has less than
/// this is taken to show a beginning. A guess from a few dozen such pages.
const TEASER: usize = 1_200;

/// What a page says of itself.
#[derive(Default)]
pub(super) struct Page {
    /// `meta` elements in order: name or property in lower case, content.
    metas: Vec<(String, String)>,
    canonical: Option<String>,
    title: String,
    /// The first heading.
    heading: String,
    pub(super) lang: Option<Lang>,
    /// What stands where a page tells its date: `datetime` of `<time>`, microdata, and text that the markup calls a date.
    times: Vec<String>,
    /// Text that is not a date yet is gathered until its element ends.
    stamps: Vec<String>,
    /// The JSON-LD node that is the article.
    article: Map<String, Value>,
    /// The date of the JSON-LD node that is the page, or its film.
    page_date: Option<String>,
    /// Runs of text with so many digits that they may tell a date, with their place among all runs.
    dated: Vec<(usize, String)>,
    /// The place of the first heading.
    heading_at: Option<usize>,
}

impl Page {
    pub(super) fn of(html: &str, budget: &Budget) -> Self {
        let mut page = Self::default();
        let mut scanner = Scanner::of(html);
        let mut blocks = 0;
        // Which element's text is being gathered.
        let mut gathering: Option<&'static [u8]> = None;
        // How many more runs of text may belong to a date.
        let mut stamp_pieces = 0;
        let mut runs = 0;
        while let Some(piece) = scanner.next_piece() {
            if budget.spend(1) {
                break;
            }
            let tag = match piece {
                Piece::Tag(tag) => tag,
                Piece::Text(text) => {
                    runs += usize::from(!text.trim().is_empty());
                    if gathering != Some(b"title") && page.dated.len() < MAX_DATED && may_hold_date(text) {
                        page.dated.push((runs, cut(text.trim(), MAX_DATED_BYTES).to_owned()));
                    }
                    match gathering {
                        Some(b"title") => page.title.push_str(cut(text, 1024)),
                        Some(_) => page.heading.push_str(cut(text, 1024)),
                        None => {}
                    }
                    if stamp_pieces > 0
                        && let Some(stamp) = page.stamps.last_mut()
                    {
                        stamp_pieces -= 1;
                        stamp.push(' ');
                        stamp.push_str(cut(text, 120));
                    }
                    continue;
                }
                Piece::Literal(_) => continue,
            };
            if tag.closing {
                if gathering.is_some_and(|name| name == tag.name.as_bytes()) {
                    gathering = None;
                }
                continue;
            }
            if !matches!(tag.name.as_bytes(), b"script" | b"meta" | b"link" | b"html" | b"body")
                && page.stamps.len() < MAX_STAMPS
                && is_stamp(tag.name.as_bytes(), tag.inside)
            {
                page.stamps.push(String::new());
                stamp_pieces = 6;
            }
            match tag.name.as_bytes() {
                b"html" => {
                    page.lang = attributes(tag.inside)
                        .find(|(key, _)| key.eq_ignore_ascii_case("lang"))
                        .and_then(|(_, value)| Lang::parse(&value));
                }
                b"title" if page.title.is_empty() => gathering = Some(b"title"),
                b"h1" if page.heading.trim().is_empty() => {
                    gathering = Some(b"h1");
                    page.heading_at = Some(runs);
                }
                b"meta" if page.metas.len() < 300 => page.meta(tag.inside),
                b"link" if page.canonical.is_none() => {
                    let (mut rel, mut href) = (false, None);
                    for (key, value) in attributes(tag.inside) {
                        if key.eq_ignore_ascii_case("rel") {
                            rel = value.trim().eq_ignore_ascii_case("canonical");
                        } else if key.eq_ignore_ascii_case("href") {
                            href = Some(value.into_owned());
                        }
                    }
                    page.canonical = href.filter(|_| rel);
                }
                b"time" if page.times.len() < MAX_STAMPS => {
                    page.times.extend(
                        attributes(tag.inside)
                            .find(|(key, _)| key.eq_ignore_ascii_case("datetime"))
                            .map(|(_, value)| value.into_owned()),
                    );
                }
                b"script" if blocks < MAX_JSON_BLOCKS && tag.inside.contains("ld+json") => {
                    blocks += 1;
                    page.json(scanner.hidden());
                }
                _ => {}
            }
        }
        page
    }

    fn meta(&mut self, inside: &str) {
        let (mut name, mut content) = (None, None);
        for (key, value) in attributes(inside) {
            match key.to_ascii_lowercase().as_str() {
                "name" | "property" | "itemprop" if name.is_none() => name = Some(value.trim().to_ascii_lowercase()),
                "content" => content = Some(cut(value.trim(), 4096).to_owned()),
                _ => {}
            }
        }
        if let (Some(name), Some(content)) = (name, content)
            && !content.is_empty()
        {
            self.metas.push((name, content));
        }
    }

    fn first_meta(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .find_map(|name| self.metas.iter().find(|(known, _)| known == name).map(|(_, content)| content.as_str()))
    }

    /// Looks for the article in a JSON-LD block; the first one with a text, else the first one.
    fn json(&mut self, block: &str) {
        if block.len() > MAX_JSON_BYTES {
            return;
        }
        let block = block
            .trim()
            .trim_start_matches("<![CDATA[")
            .trim_start_matches("<!--")
            .trim_end_matches("]]>")
            .trim_end_matches("-->");
        // Line breaks inside strings are common, and forbidden.
        let parsed =
            serde_json::from_str(block).or_else(|_| serde_json::from_str(&block.replace(['\n', '\r', '\t'], " ")));
        let Ok(parsed) = parsed else { return };
        let mut waiting = vec![parsed];
        let mut visited = 0;
        while let Some(value) = waiting.pop() {
            visited += 1;
            if visited > 2_000 {
                return;
            }
            match value {
                Value::Array(values) => waiting.extend(values.into_iter().rev()),
                Value::Object(mut node) => {
                    if is_article(&node) {
                        if self.article.is_empty()
                            || !self.article.contains_key("articleBody") && node.contains_key("articleBody")
                        {
                            self.article = node;
                        }
                        continue;
                    }
                    if self.page_date.is_none() && is_page_or_film(&node) {
                        let date = ["datePublished", "uploadDate"].iter().find_map(|key| node.get(*key)?.as_str());
                        self.page_date = date.map(str::to_owned);
                    }
                    for key in ["mainEntity", "mainEntityOfPage", "@graph"] {
                        waiting.extend(node.remove(key));
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn article_body(&self) -> Option<String> {
        let body = html_to_text(self.article.get("articleBody")?.as_str()?);
        // A shorter one is a line of description.
        (weight(&body) >= 140).then_some(body)
    }

    /// The headline: as stated for search engines, unless what readers and social networks see agrees on another one.
    pub(super) fn headline(&self, host: Option<&str>) -> String {
        let stated = ["headline", "name"].iter().find_map(|key| self.article.get(*key)?.as_str().and_then(nonempty));
        let heading = nonempty(&self.heading);
        let social = self.first_meta(&["og:title", "twitter:title"]).and_then(nonempty);
        let shown = |title: &String| heading.as_ref().is_some_and(|heading| letters(heading) == letters(title));
        if let Some(social) = social.as_ref().map(|social| self.without_site(social.clone(), host)).filter(shown) {
            return social;
        }
        let Some(title) = stated.or(social).or_else(|| nonempty(&self.title)) else {
            return heading.unwrap_or_default();
        };
        // Where the heading begins the title, the rest is the site's name, a section or a date.
        let begins = |known: &String| {
            weight(known) >= 12
                && title.strip_prefix(known.as_str()).is_some_and(|rest| rest.trim_start().starts_with(SEPARATORS))
        };
        match heading.filter(begins) {
            Some(known) => known,
            None => self.without_site(title, host),
        }
    }

    /// `Headline - Site` is `Headline`, where the page says what its site is called, or its address does.
    fn without_site(&self, title: String, host: Option<&str>) -> String {
        let host = host.map(|host| host.strip_prefix("www.").unwrap_or(host).to_owned());
        let lower = title.to_lowercase();
        for site in [self.site(), host].into_iter().flatten() {
            let Some(rest) = lower.strip_suffix(site.to_lowercase().as_str()) else { continue };
            if let Some(rest) = title.get(..rest.len())
                && rest.trim_end().ends_with(SEPARATORS)
            {
                let cleaned = rest.trim_end().trim_end_matches(SEPARATORS).trim_end();
                if !cleaned.is_empty() {
                    return cleaned.to_owned();
                }
            }
        }
        title
    }

    pub(super) fn author(&self) -> Option<String> {
        let mut names = Vec::new();
        gather_names(self.article.get("author").unwrap_or(&Value::Null), &mut names);
        if names.is_empty() {
            let metas = self.metas.iter().filter(|(name, _)| {
                matches!(
                    name.as_str(),
                    "author" | "article:author" | "dc.creator" | "parsely-author" | "sailthru.author"
                )
            });
            for (_, content) in metas {
                // `article:author` is a link to a profile as often as a name.
                if let Some(name) = nonempty(content).filter(|name| !name.contains("://"))
                    && !names.contains(&name)
                {
                    names.push(name);
                }
            }
        }
        names.truncate(8);
        (!names.is_empty()).then(|| names.join(", "))
    }

    pub(super) fn site(&self) -> Option<String> {
        let stated = self.first_meta(&["og:site_name", "application-name"]).and_then(nonempty);
        stated.or_else(|| nonempty(self.article.get("publisher")?.get("name")?.as_str()?))
    }

    pub(super) fn canonical(&self, url: Option<&Url>) -> Option<String> {
        let stated = self.canonical.as_deref().or_else(|| self.first_meta(&["og:url"]))?.trim();
        let absolute = match url {
            Some(url) => url.join(stated).ok()?,
            None => Url::parse(stated).ok()?,
        };
        // The home page is what a broken template says; it is no article's address.
        let is_page =
            matches!(absolute.scheme(), "http" | "https") && (absolute.path() != "/" || absolute.query().is_some());
        (is_page && absolute.as_str().len() <= 4096).then(|| absolute.into())
    }

    /// Whether a text of this page is only the beginning of its article. `has_wall`: the page asks to subscribe.
    pub(super) fn is_beginning(&self, text: &str, has_wall: bool) -> bool {
        if !(has_wall || self.is_paywalled()) {
            return false;
        }
        let stated_words = self.article.get("wordCount").and_then(|count| match count {
            Value::Number(count) => count.as_u64(),
            Value::String(count) => count.trim().parse().ok(),
            _ => None,
        });
        let words = text.split_whitespace().count() as u64;
        match stated_words.filter(|stated| (50..100_000).contains(stated) && words > 20) {
            Some(stated) => words * 4 < stated * 3,
            None => weight(text) < TEASER,
        }
    }

    /// Whether the page says that its article is not for everybody.
    pub(super) fn is_paywalled(&self) -> bool {
        match self.article.get("isAccessibleForFree") {
            Some(Value::Bool(free)) => !free,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("false") || text.ends_with("False"),
            _ => matches!(self.first_meta(&["article:content_tier"]), Some("locked" | "metered")),
        }
    }

    /// The page's title, for messages.
    pub(super) fn short_title(&self) -> String {
        cut(&html_to_line(&self.title), 200).to_owned()
    }

    /// Titles of pages that stand in an article's place.
    pub(super) fn is_refusal(&self) -> bool {
        const STARTS: &[&str] = &[
            "just a moment",
            "attention required",
            "access denied",
            "access to this page has been denied",
            "are you a robot",
            "robot check",
            "security check",
            "403",
            "404",
            "429",
            "500",
            "502",
            "503",
            "forbidden",
            "page not found",
            "not found",
            "error",
            "pagina non trovata",
            "seite nicht gefunden",
            "página no encontrada",
            "page introuvable",
            "страница не найдена",
            "before you continue",
            "log in",
            "login",
            "sign in",
            "subscribe to read",
            "please enable",
            "ddos-guard",
            "verifying",
        ];
        let title = html_to_line(&self.title).to_lowercase();
        STARTS.iter().any(|start| title.starts_with(start))
    }
}

pub(super) fn nonempty(text: &str) -> Option<String> {
    let line = html_to_line(cut(text, 4096));
    (!line.is_empty()).then_some(line)
}

/// Whether a JSON-LD node is an article: schema.org's `Article` and those that derive from it.
fn is_article(node: &Map<String, Value>) -> bool {
    let is = |kind: &Value| {
        kind.as_str().is_some_and(|kind| {
            kind.ends_with("Article") || kind.ends_with("Posting") || matches!(kind, "Report" | "Review" | "NewsStory")
        })
    };
    match node.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => false,
    }
}

fn is_page_or_film(node: &Map<String, Value>) -> bool {
    let is = |kind: &Value| kind.as_str().is_some_and(|kind| kind.ends_with("Page") || kind == "VideoObject");
    match node.get("@type") {
        Some(Value::Array(kinds)) => kinds.iter().any(is),
        Some(kind) => is(kind),
        None => false,
    }
}

fn gather_names(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().take(16).for_each(|value| gather_names(value, names)),
        Value::Object(node) => {
            if let Some(name) = node.get("name") {
                gather_names(name, names);
            }
        }
        Value::String(name) => {
            if let Some(name) = nonempty(name).filter(|name| !name.contains("://") && !names.contains(name)) {
                names.push(name);
            }
        }
        _ => {}
    }
}
