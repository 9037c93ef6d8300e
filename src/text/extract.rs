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
            "<script type=\"application/ld+json\">[{{\"@type\":\"ReportageNewsArticle\",\"articleBody\":\"{PARAGRAPH}\\n\\nLe prove dureranno fino a primavera. Poi la base sarà aperta ai visitatori, una domenica al mese.\"}}]</script>"
        );
        let article = extract(&page(&head, "<div id=app></div>")).expect("an article");
        assert!(article.body.contains("Il ministro") && article.body.ends_with("al mese."), "{}", article.body);
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
    }

    #[test]
    fn a_beginning_before_a_paywall_is_told_from_an_article() {
        let head = |words: &str| {
            format!(
                "<script type='application/ld+json'>{{\"@type\":\"NewsArticle\",\"isAccessibleForFree\":\"False\"{words}}}</script>"
            )
        };
        let body = format!("<article><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p></article>");
        let wall = "<p>Abbonati per continuare a leggere. Sei già abbonato? Accedi.</p>";
        let short = extract(&page(&head(""), &format!("{body}{wall}"))).expect("a beginning");
        assert!(short.is_beginning && !short.body.contains("Abbonati"), "{short:?}");
        assert!(short.warnings[0].contains("paywall"), "{:?}", short.warnings);
        let whole = extract(&page(&head(",\"wordCount\":66"), &body)).expect("an article");
        assert!(!whole.is_beginning, "it has all the words that it is said to have");
        let part = extract(&page(&head(",\"wordCount\":\"700\""), &body.repeat(4))).expect("a beginning");
        assert!(part.is_beginning, "{}", part.body.split_whitespace().count());
        let told = extract(&page("", &format!("{body}{wall}"))).expect("a beginning");
        assert!(told.is_beginning, "by what the page asks");
        let none = extract(&page(&head(""), "<p>Abbonati per leggere.</p>"));
        assert!(matches!(none, Err(ExtractError::Paywalled { .. })), "{none:?}");
    }

    #[test]
    fn what_surrounds_an_article_stays_out() {
        let other =
            "La squadra ha vinto la finale davanti a migliaia di tifosi che hanno festeggiato per tutta la notte.";
        let card = format!("<div class=x1><h3><a href=/s>La coppa torna in città</a></h3><p>{other}</p></div>");
        let cards = format!("<div class=x2>{}</div>", card.repeat(4));
        for foreign in [
            format!("<figure><img><figcaption>{other}</figcaption></figure>"),
            format!("<div class=\"ArticleImage__caption\">{other}</div>"),
            format!("<aside><p>{other}</p></aside>"),
            format!("<section class=related-articles><p>{other}</p></section>"),
            format!("<div aria-label=newsletter><p>{other}</p></div>"),
            format!("<div role=dialog><p>{other}</p></div>"),
            format!("<div style='display: none'><p>{other}</p></div>"),
            format!("<div id=disqus_thread><p>{other}</p></div>"),
            format!("<p><a href=/s>{other}</a></p>"),
            format!("<ul><li><a href=/1>{other}</a></li><li><a href=/2>{other} </a></li></ul>"),
            format!("<p>Leggi anche</p><div><p>{other}</p></div>"),
            card.clone(),
            cards,
        ] {
            let html = page(
                "",
                &format!(
                    "<article><h1>Radar</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>{foreign}</article>"
                ),
            );
            let article = extract(&html).expect("an article");
            assert_eq!(article.body.matches("Il ministro").count(), 3, "{foreign}");
            assert!(
                !article.body.contains("squadra") && !article.body.contains("coppa"),
                "{foreign}\n{}",
                article.body
            );
        }
    }

    #[test]
    fn headings_lists_and_quotes_stay_in() {
        let html = page(
            "",
            &format!(
                "<div class='hentry category-newsletter tag-comments'><h1>Radar</h1><p>{PARAGRAPH}</p><h2>I numeri</h2><ul><li>12 antenne nuove</li>\
                 <li>3 basi dell'aeronautica</li></ul><blockquote class=twitter-tweet><p>Un giorno storico per la difesa.</p></blockquote><p>{PARAGRAPH}</p></div>"
            ),
        );
        let body = extract(&html).expect("an article").body;
        for own in ["I numeri", "12 antenne nuove\n3 basi", "Un giorno storico"] {
            assert!(body.contains(own), "{own}: {body}");
        }
    }

    #[test]
    fn every_script_is_read() {
        for (text, lang) in [
            (
                "Министр обороны вчера посетил базу, на которой установлены новые радары. На церемонии присутствовали послы трёх стран.",
                "ru",
            ),
            (
                "国防部长昨天视察了安装新雷达的基地。三个国家的大使和制造企业的负责人出席了仪式，并参观了控制中心。部长表示，这些雷达将在年底前全部投入使用。",
                "zh",
            ),
            (
                "防衛相は昨日、新しいレーダーが設置された基地を視察した。式典には三か国の大使と、製造した企業の代表が出席した。年内にすべて運用を始めるという。",
                "ja",
            ),
            (
                "زار وزير الدفاع أمس القاعدة التي نُصبت فيها الرادارات الجديدة، وحضر الحفل سفراء ثلاث دول ومديرو الشركات التي صنعتها.",
                "ar",
            ),
        ] {
            let menu = "<ul><li><a href=/1>A</a><li><a href=/2>B</a></ul>";
            let html = format!(
                "<html lang={lang}><body><nav>{menu}</nav><div><div><p>{text}</p></div><div><p>{text}</p></div></div><div>{menu}</div>"
            );
            let article = extract(&html).expect(lang);
            assert_eq!(article.body, format!("{text}\n\n{text}"));
            assert_eq!(article.lang, Lang::parse(lang));
        }
    }

    #[test]
    fn the_date_is_found_in_the_address_and_at_the_headline() {
        let body = format!("<p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>");
        let dated = |url: &str, head: &str| {
            let html = page("", &format!("<article><h1>Radar</h1>{head}{body}</article>"));
            let url = Url::parse(url).expect("a URL");
            let article = extract_article(html.as_bytes(), None, Some(&url)).expect("an article");
            article.published.map(|date| date.to_string()[..10].to_owned())
        };
        let plain = "https://www.example.org/radar";
        for (url, head, expected) in [
            ("https://www.example.org/2026/11/22/radar.html", "", Some("2026-11-22")),
            ("https://www.example.org/12/34/5678/radar.html", "", None),
            (plain, "<time datetime=\"2026-11-22T10:00:00+01:00\">ieri</time>", Some("2026-11-22")),
            (plain, "<span class=\"entry-date\">Pubblicato il 22 novembre 2026 alle 10:30</span>", Some("2026-11-22")),
            (plain, "<p>di Anna Prova, 22.11.2026</p>", Some("2026-11-22")),
            (plain, "<p>Sunday, November 22, 2026 - 3:07pm</p>", Some("2026-11-22")),
            (plain, "<p>By Ann Sample | Nov. 22, 2026, 12:37 a.m.</p>", Some("2026-11-22")),
            (plain, "<p>2026年11月22日 18:30 来源：试用日报</p>", Some("2026-11-22")),
            (plain, "<p>12 antenne, 3 basi</p>", None),
            (plain, "<figcaption class=caption>22 Kasım 2026 Pazar | Savunma</figcaption>", Some("2026-11-22")),
            (plain, "<p class=info>Aktualisiert: 22.11.2026</p>", Some("2026-11-22")),
            (
                plain,
                "<script type='application/ld+json'>{\"@type\":\"WebPage\",\"datePublished\":\"2026-11-22T10:00:00Z\"}</script>",
                Some("2026-11-22"),
            ),
        ] {
            assert_eq!(dated(url, head).as_deref(), expected, "{url} {head}");
        }
    }

    #[test]
    fn the_only_date_that_a_page_shows_is_its_own_and_of_several_none_is() {
        let dated = |foot: &str| {
            let html = page("", &format!("<h1>Radar</h1>{}{foot}", format!("<p>{PARAGRAPH}</p>").repeat(20)));
            extract(&html).expect("an article").published.map(|date| date.to_string()[..10].to_owned())
        };
        let shown = "<div>Eintrag vom <nobr>22. November 2026</nobr> um 10:30</div>";
        assert_eq!(dated(shown).as_deref(), Some("2026-11-22"));
        assert_eq!(dated(&format!("{shown}<div>Älter: <b>1. März 2025</b></div>")), None);
        // A day that a sentence speaks of is not the page's.
        assert_eq!(
            dated("<div>Alles hatte im Süden des Landes am 22. November 2026 an der Grenze begonnen.</div>"),
            None
        );
    }

    #[test]
    fn an_article_that_only_scripts_show_is_read_unless_it_is_for_subscribers() {
        let html = format!(
            "<p>{PARAGRAPH}</p><div class=caption><p>La finale di coppa di domenica</p></div><p>{PARAGRAPH}</p>"
        );
        let data = serde_json::json!({"title": "I nuovi radar al confine", "contentHtml": html.repeat(2)});
        let scripts = format!("<div id=app></div><script>window.__STATE__ = {data}</script>");
        let head = "<title>I nuovi radar al confine</title>";
        let article = extract(&page(head, &scripts)).expect("an article");
        assert_eq!(article.body.matches("Il ministro della Difesa").count(), 4);
        assert!(!article.body.contains("coppa"), "{}", article.body);
        let paid = "<meta property='article:content_tier' content=locked>";
        assert!(matches!(extract(&page(&format!("{head}{paid}"), &scripts)), Err(ExtractError::Paywalled { .. })));
    }

    #[test]
    fn a_hostile_page_costs_little() {
        let attributes = format!("<p {}>x", "a=1 ".repeat(200_000));
        let deep = ["<div>", "<div></x>", "<x/>", "<b><p>", "<svg><style><g>"].map(|tag| tag.repeat(100_000));
        let hidden = format!("<object>{}", "<div>".repeat(100_000));
        let blocks = "<script type='application/ld+json'>[[[[[[</script>".repeat(10_000);
        let nested = format!("<script type='application/ld+json'>{}</script>", "[".repeat(100_000));
        let cells = "<table><tr><td>x".repeat(60_000);
        let comments = "<!-- <p>x</p> --".repeat(150_000);
        let mixed = "<meta charset=utf-16><meta charset=shift_jis>\u{fffd}\u{202e}é".repeat(20_000);
        let classes = "<div class=\"related comment article body ad share nav x y z\">y".repeat(25_000);
        let metas = format!("<meta name=a content='{}'>", "x".repeat(5_000)).repeat(190);
        let titles = format!("{metas}{}", "<title></title>".repeat(29_000));
        let labels = format!("<p>{}</p>{}", PARAGRAPH.repeat(8), "<p>Related</p>".repeat(29_000));
        let entities = format!("<article><p>{}", "&zzz;".repeat(200_000));
        let cards = "<div><h3><a href=/x>Una coppa per la squadra</a></h3></div>".repeat(14_000);
        let stated = format!(
            "<script type='application/ld+json'>{{\"@type\":\"Article\",\"articleBody\":\"{}\"}}</script>{}",
            "ab ".repeat(66_000),
            format!("<p>{}.</p>", "ab ".repeat(20)).repeat(1_900)
        );
        let rows = [
            titles,
            labels,
            entities,
            cards,
            stated,
            cells,
            comments,
            mixed,
            classes,
            attributes,
            hidden,
            blocks,
            nested,
            "<title>".repeat(100_000),
            "<meta name=a content=b>".repeat(50_000),
        ];
        for html in rows.iter().chain(&deep) {
            let start = Instant::now();
            let _ = extract(html);
            assert!(start.elapsed() < Duration::from_secs(10), "{:?}: {html:.40}", start.elapsed());
        }
    }

    /// As much time as a test wants there to have gone by.
    fn extract_at(html: &str, used: impl Fn() -> Duration + 'static) -> Result<Extracted, ExtractError> {
        let budget = Budget::with_clock(CPU_LIMIT, used);
        extract_within(html.as_bytes(), Some("text/html; charset=utf-8"), None, &budget)
    }

    #[test]
    fn a_page_whose_time_is_up_is_read_roughly_in_every_script() {
        for (lang, text) in [
            ("it", PARAGRAPH),
            ("ru", "Министр обороны вчера посетил базу, на которой установлены новые радары."),
            ("zh", "国防部长昨天视察了安装新雷达的基地。"),
            ("ar", "زار وزير الدفاع أمس القاعدة التي نُصبت فيها الرادارات الجديدة"),
            ("ja", "防衛相は昨日、新しいレーダーが設置された基地を視察した。"),
        ] {
            let paragraphs = format!("<p>{text} {text}</p>").repeat(6);
            let html = page(
                "<title>Radar &amp; 基地</title><script>var x = '<p>no</p>';</script>",
                &format!("<nav>Sport</nav><article>{paragraphs}</article>"),
            );
            let whole = extract_at(&html, || Duration::from_secs(1)).expect(lang);
            assert!(!whole.is_rough && !whole.body.contains("Sport"), "{lang}");
            let rough = extract_at(&html, || Duration::from_secs(3)).expect(lang);
            assert_eq!((rough.is_rough, rough.title.as_str()), (true, "Radar & 基地"), "{lang}");
            assert_eq!(rough.body.matches(text.trim()).count(), 12, "{lang}: {}", rough.body);
            // Its neighbours are in, scripts are not.
            assert!(rough.body.contains("Sport") && !rough.body.contains("var x"), "{lang}: {}", rough.body);
            assert_eq!(
                rough.warnings,
                ["the page could not be taken apart: it takes more than 2 s of computing"],
                "{lang}"
            );
        }
    }

    #[test]
    fn an_extractor_that_fails_leaves_the_rough_text() {
        let html = page("<title>Radar</title>", &format!("<article><p>{PARAGRAPH}</p></article>"));
        let rough = extract_at(&html, || panic!("as the extractor might")).expect("rough text");
        assert!(rough.is_rough && rough.body.contains("Il ministro"), "{rough:?}");
        assert!(rough.warnings[0].contains("please report"), "{:?}", rough.warnings);
        // Nothing to read at all: the reason stays.
        let none = extract_at("<html><script>x</script></html>", || Duration::from_secs(3));
        assert!(matches!(none, Err(ExtractError::TooMuch { .. })), "{none:?}");
    }

    #[test]
    fn a_page_beyond_the_limits_is_read_roughly() {
        let article = format!("<article><h1>Radar</h1><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p></article>");
        // More elements than are read, and the article behind them: what would be found at the beginning is none.
        let menu = "<i>x</i>".repeat(30_001);
        let teaser = format!("<p>{}</p>", "La squadra ha vinto la finale davanti ai tifosi. ".repeat(8));
        for (html, is_rough) in [
            (page("", &format!("{teaser}{menu}{article}")), true),
            (page("", &format!("{teaser}{}{article}", "<i>x</i>".repeat(20_000))), false),
            (page("", &format!("{}{article}", "<div>".repeat(100_000))), true),
            (page("", &format!("<div {}>{article}", "a=1 ".repeat(200_000))), false),
        ] {
            let start = Instant::now();
            let found = extract(&html).expect("text");
            assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
            assert_eq!(found.is_rough, is_rough, "{:?} {:.60}", found.warnings, html);
            assert!(found.body.contains("Il ministro della Difesa"), "{:.200}", found.body);
            assert!(found.body.len() <= MAX_BODY_BYTES);
        }
    }

    #[test]
    fn a_page_without_markup_or_end_is_cut() {
        let html = format!("<p>{}", PARAGRAPH.repeat(10 * 1024 * 1024 / PARAGRAPH.len()));
        let start = Instant::now();
        let article = extract(&html).expect("an article");
        assert!(article.body.len() <= 200_000 && article.body.starts_with("Il ministro"));
        assert!(article.is_rough && article.warnings[0].contains("more text"), "{:?}", article.warnings);
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
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
