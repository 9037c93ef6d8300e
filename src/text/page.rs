//! What a page says of itself.
//!
//! In: HTML as it was sent. Out: headline, authors, date, site, and the text that it states, from JSON-LD (schema.org
//! `NewsArticle`), OpenGraph and other `meta` elements; the date also from the address and from what stands at the headline.

use serde_json::{Map, Value};
use url::Url;

use super::blocks::{letters, weight};
use super::budget::Budget;
use super::html::{Piece, Scanner, attributes, cut};
use super::{html_to_line, html_to_text, parse_date};
use crate::model::{Lang, Timestamp};

/// What stands between a headline and the site's name.
const SEPARATORS: &[char] = &['-', '_', '｜', 'ㅣ', '–', '—', '|', '│', '·', '•', '»', '›', ':', '/'];
/// JSON-LD blocks that are read, and bytes of each.
const MAX_JSON_BLOCKS: usize = 32;
const MAX_JSON_BYTES: usize = 1024 * 1024;
/// Runs of text that may hold a date, bytes of each, and how many runs from the heading is near it.
const MAX_DATED: usize = 100;
const MAX_DATED_BYTES: usize = 400;
const NEAR_HEADING: usize = 6;
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

    /// The moment of publication: stated, in the page's address, or shown near the headline.
    pub(super) fn published(&self, url: Option<&Url>, near_headline: &[&str]) -> Option<Timestamp> {
        const METAS: &[&str] = &[
            "article:published_time",
            "og:article:published_time",
            "datepublished",
            "parsely-pub-date",
            "sailthru.date",
            "dc.date.issued",
            "dcterms.created",
            "dc.date",
            "date",
            "pubdate",
            "publishdate",
            "publish-date",
            "article.published",
            "cxenseparse:recs:publishtime",
            "og:published_time",
            "publication_date",
            "dcterms.date",
            "citation_publication_date",
            "article_date_original",
            "originalpublicationdate",
            "release_date",
        ];
        const CHANGED: &[&str] = &[
            "article:modified_time",
            "og:updated_time",
            "last-modified",
            "datemodified",
            "lastmod",
            "dcterms.modified",
        ];
        let stated = |keys: &[&str]| keys.iter().find_map(|key| plausible(self.article.get(*key)?.as_str()?));
        let meta = |names: &[&str]| names.iter().find_map(|name| plausible(self.first_meta(&[name])?));
        stated(&["datePublished", "dateCreated", "uploadDate"])
            .or_else(|| meta(METAS))
            .or_else(|| plausible(self.page_date.as_deref()?))
            .or_else(|| self.times.iter().find_map(|time| plausible(time)))
            .or_else(|| url.and_then(date_in_url))
            .or_else(|| self.stamps.iter().find_map(|stamp| date_in(stamp)))
            .or_else(|| near_headline.iter().find_map(|line| date_in(line)))
            .or_else(|| self.date_in_text())
            .or_else(|| stated(&["dateModified"]))
            .or_else(|| meta(CHANGED))
    }

    /// The date next to the heading, whatever the markup calls it; else the one that the page shows, if it shows but one.
    /// A run of text must be little more than the date, or tell the hour too: sentences speak of other days.
    fn date_in_text(&self) -> Option<Timestamp> {
        let distance = |at: usize| self.heading_at.map_or(usize::MAX, |heading| at.abs_diff(heading));
        let dates: Vec<(usize, Timestamp)> = self
            .dated
            .iter()
            .filter(|(_, run)| run.chars().count() < 40 || run.contains(':'))
            .filter_map(|(at, run)| Some((distance(*at), date_in(run)?)))
            .collect();
        let near = dates.iter().filter(|(distance, _)| *distance <= NEAR_HEADING).min_by_key(|(distance, _)| *distance);
        if let Some((_, date)) = near {
            return Some(*date);
        }
        let (_, only) = dates.first()?;
        let day = |date: &Timestamp| date.as_seconds().div_euclid(86_400);
        dates.iter().all(|(_, date)| day(date) == day(only)).then_some(*only)
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

/// Whether a run of text has the digits of a date, and few enough others to be about it.
fn may_hold_date(text: &str) -> bool {
    text.len() <= MAX_DATED_BYTES && (4..=24).contains(&text.chars().filter(|c| c.is_numeric()).count())
}

/// Whether an element shows a date, by its name or what it calls itself.
fn is_stamp(name: &[u8], inside: &str) -> bool {
    if name == b"time" {
        return true;
    }
    const HINTS: [&str; 10] = ["date", "time", "publi", "posted", "datum", "fecha", "data", "meta", "byline", "info"];
    // A look at the bytes first: it spares nearly all elements the reading of their attributes.
    if inside.len() > 2_000 || !HINTS.iter().any(|hint| contains_ignoring_case(inside, hint)) {
        return false;
    }
    attributes(inside).any(|(key, value)| match key {
        "class" | "id" => value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            let word = word.to_ascii_lowercase();
            matches!(
                word.as_str(),
                "byline" | "meta" | "info" | "postmeta" | "fecha" | "data" | "posted" | "dateline" | "timestamp"
            ) || word.contains("date") && !word.contains("update")
                || word.contains("datum")
                || word.contains("publish")
                || word.contains("pubdat")
                || word == "time"
        }),
        "itemprop" => value.as_ref() == "datePublished",
        _ => false,
    })
}

fn contains_ignoring_case(text: &str, ascii: &str) -> bool {
    text.as_bytes().windows(ascii.len()).any(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

/// A date that an article can have: the web's.
fn plausible(text: &str) -> Option<Timestamp> {
    parse_date(&html_to_line(cut(text, 400))).filter(|time| is_plausible(*time))
}

fn is_plausible(time: Timestamp) -> bool {
    // 1995 to 2100.
    (788_918_400..4_102_444_800).contains(&time.as_seconds())
}

/// The date in an address like `/2026/11/22/radar.html` or `/2026-11-22-radar`.
fn date_in_url(url: &Url) -> Option<Timestamp> {
    let numbers: Vec<&str> = url.path().split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let is_pair = |part: &str| part.len() == 2;
    for window in numbers.windows(3) {
        if let [year, month, day] = window
            && year.len() == 4
            && (year.starts_with("20") || year.starts_with("199"))
            && is_pair(month)
            && is_pair(day)
        {
            return plausible(&format!("{year}-{month}-{day}"));
        }
    }
    numbers
        .iter()
        .find(|part| part.len() == 8 && part.starts_with("20"))
        .and_then(|part| plausible(&format!("{}-{}-{}", &part[..4], &part[4..6], &part[6..])))
}

/// The first date in a line, whatever stands before and after it.
fn date_in(line: &str) -> Option<Timestamp> {
    let line = html_to_line(cut(line, 600));
    if !line.chars().any(char::is_numeric) {
        return None;
    }
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).take(30).collect();
    let begins_with_digit = |from: &usize| words[*from].starts_with(char::is_numeric);
    // Days before names: whoever is called Prova writes not always in December (Czech: prosinec).
    let (days, names): (Vec<usize>, Vec<usize>) = (0..words.len()).partition(begins_with_digit);
    for from in days.into_iter().chain(names) {
        for count in (1..=6.min(words.len() - from)).rev() {
            let part = words[from..from + count].join(" ");
            let part = part.trim_matches(|c: char| !c.is_alphanumeric());
            let digits = part.chars().filter(|c| c.is_numeric()).count();
            // A year and a day at least: `12:30` and `2 March` are no dates, nor is a number of eight digits.
            if digits < 5 || !part.contains(|c: char| !c.is_numeric()) || part.len() < 8 {
                continue;
            }
            if let Some(time) = parse_date(part).filter(|time| is_plausible(*time)) {
                return Some(time);
            }
        }
    }
    None
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
