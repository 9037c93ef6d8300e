//! A page to its article.
//!
//! In: the bytes of an HTML page. Out: headline, text, date, author, or the reason why there is no article.
//!
//! The text comes from trafilatura, the rest from what pages say of themselves for search engines and social networks:
//! JSON-LD (schema.org `NewsArticle`), OpenGraph and other `meta` elements. Where JSON-LD carries the text itself and
//! trafilatura found much less, that one is taken: the page's visible text is then loaded by scripts.
//!
//! Pages are hostile by assumption. What the HTML parser gets is a balanced subset of the page, of limited depth and
//! size ([`super::balance`]), because its time is quadratic in both; trafilatura's fallback extractors, quadratic themselves, stay off. So the time is
//! bounded by construction, about a second at worst; run it off the async threads.

use serde::Serialize;
use serde_json::{Map, Value};
use url::Url;

use super::balance::Balanced;
use super::html::{MAX_HTML_BYTES, Piece, Scanner, attributes, cut};
use super::{charset, detect_language, html_to_line, html_to_text, parse_date, sniff};
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
}

/// A shorter text is no article (characters; trafilatura's own limit for its baseline is 250).
const MIN_BODY_CHARS: usize = 140;
/// Below this, a page that states a paywall shows a teaser; a guess from a few dozen such pages.
const PAYWALL_CHARS: usize = 1_200;
const MAX_BODY_BYTES: usize = 200_000;
/// What stands between a headline and the site's name.
const SEPARATORS: &[char] = &['-', '–', '—', '|', '│', '·', '•', '»', '›', ':', '/'];
/// Children of the text's root; articles have at most some hundred paragraphs.
const MAX_TREE_SIZE: usize = 20_000;
/// JSON-LD blocks that are read, and bytes of each.
const MAX_JSON_BLOCKS: usize = 32;
const MAX_JSON_BYTES: usize = 1024 * 1024;

/// Extracts the article of a page, of which the first 2 MiB are read.
///
/// `content_type` is the HTTP header, `url` the page's address.
///
/// # Errors
/// Says why there is no article; the caller then matches the feed's own text.
pub fn extract_article(html: &[u8], content_type: Option<&str>, url: Option<&Url>) -> Result<Extracted, ExtractError> {
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
    if text.len() < decoded.text.len() || html.len() > MAX_HTML_BYTES * 2 {
        warnings.push("only the first 2 MiB of the page were read".to_owned());
    }
    let page = Page::of(text);
    let balanced = Balanced::read(text);
    if balanced.is_flattened {
        warnings.push("the markup nests unusually deep; its deepest levels were read as one".to_owned());
    }
    if balanced.is_cut {
        warnings.push("the page is unusually long; its end was not read".to_owned());
    }
    let stated = page.article_body();
    let found = main_text(&balanced.document(), url);
    let (body, details) = match (found, stated) {
        (Ok((body, details)), Some(stated)) if is_much_longer(&stated, &body) => (stated, Some(details)),
        (Ok((body, details)), Some(stated)) => (without_strangers(body, &stated), Some(details)),
        (Ok((body, details)), None) => (body, Some(details)),
        (Err(_), Some(stated)) => (stated, None),
        (Err(error), None) => return Err(page.explain(error, 0)),
    };
    let characters = body.chars().take(PAYWALL_CHARS).count();
    if characters < MIN_BODY_CHARS {
        return Err(page.explain(ExtractError::NoArticle, characters));
    }
    if (page.is_refusal() || page.is_paywalled()) && characters < PAYWALL_CHARS {
        return Err(page.explain(ExtractError::NoArticle, characters));
    }
    let title = page.headline(details.as_ref(), url.and_then(Url::host_str));
    let guess = detect_language(page.lang, &title, &body);
    Ok(Extracted {
        url: url.map(Url::to_string),
        canonical: page.canonical(url),
        author: page.author().or_else(|| details.as_ref().and_then(|details| nonempty(&details.author))),
        published: page.published().or_else(|| details.as_ref().and_then(|details| details.date)),
        site: page.site(),
        lang: guess.lang.filter(|_| guess.certain),
        title,
        body: cut(&body, MAX_BODY_BYTES).trim_end().to_owned(),
        warnings,
    })
}

/// What trafilatura knows besides the text.
struct Details {
    title: String,
    author: String,
    date: Option<Timestamp>,
}

fn main_text(html: &str, url: Option<&Url>) -> Result<(String, Details), ExtractError> {
    let mut options = trafilatura::Options::default()
        .with_fallback(false)
        .with_exclude_comments(true)
        .with_max_tree_size(MAX_TREE_SIZE)
        .with_prune_selector(NOT_ARTICLE);
    if let Some(url) = url {
        options = options.with_url(url.clone());
    }
    let result = trafilatura::extract(html, &options).map_err(|_| ExtractError::NoArticle)?;
    let body = html_to_text(&result.content_html);
    let date = result
        .metadata
        .date
        .map(|date| Timestamp::from_millis(date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()));
    Ok((body, Details { title: result.metadata.title, author: result.metadata.author, date }))
}

/// What stands inside articles and is none of their text: captions speak of pictures, and often of another story.
const NOT_ARTICLE: &str = "figcaption, figure";

/// The stated text is taken where the page itself shows less than two thirds of it.
fn is_much_longer(stated: &str, found: &str) -> bool {
    let (stated, found) = (stated.chars().count(), found.chars().count());
    stated >= 300 && found * 3 < stated * 2
}

/// Drops paragraphs that the stated text does not know: teasers, boxes, newsletter forms. Only where that drops little
/// (stated texts are cut short, too) and where what stays is nearly all of the stated text.
fn without_strangers(body: String, stated: &str) -> String {
    let letters =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let known = letters(stated);
    if known.len() < 300 {
        return body;
    }
    let is_known = |paragraph: &&str| {
        let start: String = letters(paragraph).chars().take(40).collect();
        known.contains(&start)
    };
    let kept = body.split("\n\n").filter(is_known).collect::<Vec<_>>().join("\n\n");
    let kept_letters = letters(&kept).len();
    let is_whole = kept_letters * 10 >= known.len() * 8;
    let drops_little = kept.len() * 10 >= body.len() * 5;
    if is_whole && drops_little { kept } else { body }
}

fn nonempty(text: &str) -> Option<String> {
    let line = html_to_line(cut(text, 4096));
    (!line.is_empty()).then_some(line)
}

/// What a page says of itself.
#[derive(Default)]
struct Page {
    /// `meta` elements in order: name or property in lower case, content.
    metas: Vec<(String, String)>,
    canonical: Option<String>,
    title: String,
    /// The first heading.
    heading: String,
    lang: Option<Lang>,
    /// `datetime` of the first `<time>`.
    time: Option<String>,
    /// The JSON-LD node that is the article.
    article: Map<String, Value>,
}

impl Page {
    fn of(html: &str) -> Self {
        let mut page = Self::default();
        let mut scanner = Scanner::of(html);
        let mut blocks = 0;
        // Which element's text is being gathered.
        let mut gathering: Option<&'static [u8]> = None;
        while let Some(piece) = scanner.next_piece() {
            let tag = match piece {
                Piece::Tag(tag) => tag,
                Piece::Text(text) => {
                    match gathering {
                        Some(b"title") => page.title.push_str(cut(text, 1024)),
                        Some(_) => page.heading.push_str(cut(text, 1024)),
                        None => {}
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
            match tag.name.as_bytes() {
                b"html" => {
                    page.lang = attributes(tag.inside)
                        .find(|(key, _)| key.eq_ignore_ascii_case("lang"))
                        .and_then(|(_, value)| Lang::parse(&value));
                }
                b"title" if page.title.is_empty() => gathering = Some(b"title"),
                b"h1" if page.heading.trim().is_empty() => gathering = Some(b"h1"),
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
                b"time" if page.time.is_none() => {
                    page.time = attributes(tag.inside)
                        .find(|(key, _)| key.eq_ignore_ascii_case("datetime"))
                        .map(|(_, value)| value.into_owned());
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
                    for key in ["mainEntity", "mainEntityOfPage", "@graph"] {
                        waiting.extend(node.remove(key));
                    }
                }
                _ => {}
            }
        }
    }

    fn article_body(&self) -> Option<String> {
        let body = html_to_text(self.article.get("articleBody")?.as_str()?);
        (body.chars().take(MIN_BODY_CHARS).count() >= MIN_BODY_CHARS).then_some(body)
    }

    fn headline(&self, details: Option<&Details>, host: Option<&str>) -> String {
        let stated = ["headline", "name"].iter().find_map(|key| self.article.get(*key)?.as_str().and_then(nonempty));
        if let Some(stated) = stated {
            return stated;
        }
        let heading = nonempty(&self.heading);
        let social = self.first_meta(&["og:title", "twitter:title"]).and_then(nonempty);
        let found = details.and_then(|details| nonempty(&details.title));
        let Some(title) = social.or_else(|| nonempty(&self.title)) else {
            return found.or(heading).unwrap_or_default();
        };
        // Where the heading begins the title, the rest is the site's name, a section or a date.
        let begins = |known: &String| {
            known.chars().count() >= 12
                && title.strip_prefix(known.as_str()).is_some_and(|rest| rest.trim_start().starts_with(SEPARATORS))
        };
        match [heading, found].into_iter().flatten().find(begins) {
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

    fn author(&self) -> Option<String> {
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

    fn published(&self) -> Option<Timestamp> {
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
        let stated =
            ["datePublished", "dateCreated"].iter().find_map(|key| parse_date(self.article.get(*key)?.as_str()?));
        stated
            .or_else(|| METAS.iter().find_map(|name| parse_date(self.first_meta(&[name])?)))
            .or_else(|| parse_date(self.time.as_deref()?))
    }

    fn site(&self) -> Option<String> {
        let stated = self.first_meta(&["og:site_name", "application-name"]).and_then(nonempty);
        stated.or_else(|| nonempty(self.article.get("publisher")?.get("name")?.as_str()?))
    }

    fn canonical(&self, url: Option<&Url>) -> Option<String> {
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

    fn is_paywalled(&self) -> bool {
        match self.article.get("isAccessibleForFree") {
            Some(Value::Bool(free)) => !free,
            Some(Value::String(text)) => text.eq_ignore_ascii_case("false") || text.ends_with("False"),
            _ => matches!(self.first_meta(&["article:content_tier"]), Some("locked" | "metered")),
        }
    }

    /// Titles of pages that stand in an article's place.
    fn is_refusal(&self) -> bool {
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

    fn explain(&self, error: ExtractError, characters: usize) -> ExtractError {
        if !matches!(error, ExtractError::NoArticle) {
            return error;
        }
        if self.is_refusal() {
            return ExtractError::Refused { title: cut(&html_to_line(&self.title), 200).to_owned() };
        }
        if self.is_paywalled() { ExtractError::Paywalled { characters } } else { error }
    }
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    const PARAGRAPH: &str = "Il ministro della Difesa ha visitato ieri la base in cui sono installati i nuovi radar. Alla cerimonia \
        hanno partecipato i vertici delle aziende che li hanno costruiti, e gli ambasciatori di tre Paesi. ";

    fn page(head: &str, body: &str) -> String {
        format!("<!DOCTYPE html><html lang=\"it-IT\"><head>{head}</head><body>{body}</body></html>")
    }

    fn extract(html: &str) -> Result<Extracted, ExtractError> {
        let url = Url::parse("https://www.example.org/esteri/radar.html?utm_source=rss").expect("a URL");
        extract_article(html.as_bytes(), Some("text/html; charset=utf-8"), Some(&url))
    }

    #[test]
    fn text_and_what_the_page_says_of_itself_are_found() {
        let head = "<title>I nuovi radar - La Gazzetta di prova</title><meta property='og:site_name' content='La Gazzetta di prova'>\
            <link rel=canonical href='/esteri/radar.html'><script type='application/ld+json'>{\"@context\":\"https://schema.org\",\"@graph\":[\
            {\"@type\":\"WebSite\",\"name\":\"x\"},{\"@type\":[\"NewsArticle\"],\"headline\":\"I nuovi radar &amp; la base\",\
            \"datePublished\":\"2026-11-22T10:00:00+01:00\",\"author\":[{\"@type\":\"Person\",\"name\":\"Anna Prova\"},\"Ugo Prova\"]}]}</script>";
        let body = format!(
            "<nav><a href=/>Home</a> <a href=/sport>Sport</a></nav><article><h1>I nuovi radar</h1><p>{PARAGRAPH}</p>\
             <figure><img src=a.jpg><figcaption>La finale di coppa di domenica</figcaption></figure><p>{PARAGRAPH}</p></article><footer>Tutti i diritti riservati</footer>"
        );
        let article = extract(&page(head, &body)).expect("an article");
        assert_eq!(article.title, "I nuovi radar & la base");
        assert_eq!(article.author.as_deref(), Some("Anna Prova, Ugo Prova"));
        assert_eq!(article.published.map(|date| date.to_string()).as_deref(), Some("2026-11-22T09:00:00Z"));
        assert_eq!(article.canonical.as_deref(), Some("https://www.example.org/esteri/radar.html"));
        assert_eq!((article.lang, article.site.as_deref()), (Lang::parse("it"), Some("La Gazzetta di prova")));
        assert_eq!(article.body.matches("Il ministro della Difesa").count(), 2);
        for foreign in ["Sport", "finale di coppa", "diritti riservati"] {
            assert!(!article.body.contains(foreign), "{foreign}: {}", article.body);
        }
        assert!(article.body.contains("\n\n"));
    }

    #[test]
    fn the_text_in_the_json_stands_in_for_one_loaded_by_scripts() {
        let head = format!(
            "<script type=\"application/ld+json\">[{{\"@type\":\"ReportageNewsArticle\",\"articleBody\":\"{PARAGRAPH}\\n\\n{PARAGRAPH}\"}}]</script>"
        );
        let article = extract(&page(&head, "<div id=app></div>")).expect("an article");
        assert_eq!(article.body.matches("Il ministro").count(), 2);
    }

    #[test]
    fn what_is_no_article_says_why() {
        assert_eq!(extract(""), Err(ExtractError::Empty));
        assert_eq!(extract("just words"), Err(ExtractError::NotHtml { what: "plain text".to_owned() }));
        assert_eq!(
            extract_article(b"%PDF", Some("application/pdf"), None),
            Err(ExtractError::NotHtml { what: "`application/pdf`".to_owned() })
        );
        assert_eq!(extract(&page("<title>Home</title>", "<p>poco</p>")), Err(ExtractError::NoArticle));
        let check = page("<title>Just a moment...</title>", "<p>Checking your browser.</p>");
        assert!(matches!(extract(&check), Err(ExtractError::Refused { .. })));
        let wall = page(
            "<script type='application/ld+json'>{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":\"False\"}</script>",
            &format!("<article><p>{PARAGRAPH}</p></article>"),
        );
        assert!(
            matches!(extract(&wall), Err(ExtractError::Paywalled { characters }) if characters > 100),
            "{:?}",
            extract(&wall)
        );
    }

    #[test]
    fn a_hostile_page_costs_little() {
        let attributes = format!("<p {}>x", "a=1 ".repeat(200_000));
        let deep = ["<div>", "<div></x>", "<x/>", "<b><p>", "<svg><style><g>"].map(|tag| tag.repeat(100_000));
        let hidden = format!("<object>{}", "<div>".repeat(100_000));
        let blocks = "<script type='application/ld+json'>[[[[[[</script>".repeat(10_000);
        let nested = format!("<script type='application/ld+json'>{}</script>", "[".repeat(100_000));
        let rows =
            [attributes, hidden, blocks, nested, "<title>".repeat(100_000), "<meta name=a content=b>".repeat(50_000)];
        for html in rows.iter().chain(&deep) {
            let start = Instant::now();
            assert!(extract(html).is_err());
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}: {html:.40}", start.elapsed());
        }
    }

    #[test]
    fn an_article_in_markup_that_is_left_open_is_read() {
        let paragraph =
            "<div><p>Il nuovo radar della base è entrato in servizio lunedì mattina, dopo due anni di lavori.";
        let html = page("<title>Il radar</title>", &format!("<article>{}", paragraph.repeat(300)));
        let article = extract(&html).expect("an article");
        assert!(article.body.matches("lunedì mattina").count() >= 100, "{}", article.body.len());
        assert!(article.warnings.iter().any(|warning| warning.contains("deep")), "{:?}", article.warnings);
    }
}
