//! Pages without a feed, read by CSS selectors that a person wrote.
//!
//! In: a page and its [`PageSelectors`]. Out: a [`ParsedFeed`], or an error that says which selector found nothing: a site
//! that was rebuilt must not look like a site without news, nor one on which the selectors take too long.
//!
//! The HTML library sees only the balanced subset of [`crate::text`]'s reader, never the page itself: see there why. What
//! the subset leaves out (scripts, images, form fields, elements deeper than 128) can't be selected. Elements are gone
//! through here instead of by the library's `select`, which could not be ended; the price is that it may not remember how
//! far down an element stands among its siblings, and counts again for each `:nth-child`.

use std::time::Duration;

use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::markup::{Token, Tokens, attributes};
use super::parse::{FeedKind, MAX_ENTRIES, ParseError, ParsedFeed, RawEntry, RawFeed, RawText, finish};
use super::parse_date;
use crate::model::{PageSelectors, Timestamp};
use crate::text::budget::Budget;
use crate::text::{balanced_document, charset, html, html_to_line};

/// What is read of a page, in bytes; the same as of an article's.
const MAX_PAGE_BYTES: usize = 2 * 1024 * 1024;
/// The processor time that a page may cost (RELIABILITY: 2 s).
const CPU_LIMIT: Duration = Duration::from_secs(2);
/// Steps of a [`Budget`] for each element that a selector is held against: it may have to go through all its siblings.
const STEPS_PER_MATCH: usize = 32;
/// Bytes of HTML that are written and read again in about the time of one step of a [`Budget`].
const STEP_BYTES: usize = 256;

/// Checks a selector, with or without `@attribute`; one for items names elements, so it has no attribute.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_selector(text: &str) -> Result<(), String> {
    Rule::parse(text).map(drop)
}

/// Reads a page.
///
/// # Errors
/// [`ParseError::NothingSelected`], [`ParseError::NoLinks`] and [`ParseError::TooMuch`]; a document that is no page says what it is instead.
pub fn parse_page(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
    selectors: &PageSelectors,
) -> Result<ParsedFeed, ParseError> {
    parse_within(bytes, content_type, base, selectors, &Budget::of_thread(CPU_LIMIT))
}

fn parse_within(
    bytes: &[u8],
    content_type: Option<&str>,
    base: &Url,
    selectors: &PageSelectors,
    budget: &Budget,
) -> Result<ParsedFeed, ParseError> {
    let bad = |error: String| ParseError::BadSelector { error };
    let rules = Rules {
        item: Rule::parse(&selectors.item).map_err(bad)?,
        link: rule(selectors.link.as_deref()).map_err(bad)?,
        title: rule(selectors.title.as_deref()).map_err(bad)?,
        date: rule(selectors.date.as_deref()).map_err(bad)?,
        summary: rule(selectors.summary.as_deref()).map_err(bad)?,
    };
    if bytes.trim_ascii().is_empty() {
        return Err(ParseError::Empty);
    }
    let decoded = charset::decode(&bytes[..bytes.len().min(MAX_PAGE_BYTES * 2)], content_type);
    let text = html::cut(&decoded.text, MAX_PAGE_BYTES);
    let base = base_of(text, base);
    let mut feed = RawFeed::new(FeedKind::Page);
    let (document, is_cut) = balanced_document(text, budget);
    if is_cut || text.len() < decoded.text.len() {
        feed.warnings.push("the page is unusually long; its end was not read".to_owned());
    }
    let too_much = || ParseError::TooMuch { limit: budget.limit() };
    if budget.is_spent() {
        return Err(too_much());
    }
    let page = Html::parse_document(&document);
    feed.title = Selector::parse("title")
        .ok()
        .and_then(|title| page.select(&title).next().map(|title| RawText::html(title.inner_html())));
    feed.language = language(text);
    let mut items = 0;
    let (mut without_link, mut without_title, mut without_date) = (0, 0, 0);
    let elements = page.tree.root().descendants().filter_map(ElementRef::wrap);
    let all = elements.take_while(|_| !budget.spend(STEPS_PER_MATCH));
    let found = all.filter(|element| rules.item.selector.as_ref().is_some_and(|selector| selector.matches(element)));
    for item in found.take(MAX_ENTRIES) {
        items += 1;
        let Some(entry) = rules.entry(item, &base, selectors.date_format.as_deref(), budget) else {
            without_link += 1;
            continue;
        };
        without_title += usize::from(entry.title.is_none());
        without_date += usize::from(entry.published.is_none() && rules.date.is_some());
        feed.entries.push(entry);
    }
    if budget.is_spent() {
        return Err(too_much());
    }
    if items == 0 {
        return Err(ParseError::NothingSelected { selector: selectors.item.clone() });
    }
    if feed.entries.is_empty() {
        return Err(ParseError::NoLinks { items });
    }
    for (count, what) in [
        (without_link, "no link and are left out"),
        (without_title, "no title"),
        (without_date, "no date that can be read"),
    ] {
        if count > 0 {
            feed.warnings.push(format!("{count} of {items} items have {what}"));
        }
    }
    Ok(finish(feed, &base))
}

/// A selector, and the attribute that is wanted instead of the text.
struct Rule {
    /// Absent: the item itself.
    selector: Option<Selector>,
    attribute: Option<String>,
}

impl Rule {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let (css, attribute) = match text.rsplit_once('@') {
            // Not inside an attribute's value: `a[href="x@y"]`.
            Some((css, name))
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_:".contains(c)) =>
            {
                (css.trim(), Some(name.to_ascii_lowercase()))
            }
            _ => (text, None),
        };
        if css.is_empty() {
            return if attribute.is_some() {
                Ok(Self { selector: None, attribute })
            } else {
                Err("it is empty".to_owned())
            };
        }
        let selector = Selector::parse(css).map_err(|error| not_a_selector(css, &error.to_string()))?;
        Ok(Self { selector: Some(selector), attribute })
    }

    /// The first element inside the item, or the item itself, that fits.
    fn find<'a>(&self, item: ElementRef<'a>, budget: &Budget) -> Option<ElementRef<'a>> {
        let Some(selector) = &self.selector else { return Some(item) };
        let inside =
            item.descendants().skip(1).filter_map(ElementRef::wrap).take_while(|_| !budget.spend(STEPS_PER_MATCH));
        let mut found = inside.filter(|element| selector.matches_with_scope(element, Some(item)));
        found.next().or_else(|| selector.matches(&item).then_some(item))
    }

    /// The attribute, or the text.
    fn value(&self, item: ElementRef<'_>, budget: &Budget) -> Option<String> {
        let element = self.find(item, budget)?;
        let value = match &self.attribute {
            Some(name) => element.value().attr(name)?.trim().to_owned(),
            None => text_of(element, budget),
        };
        (!value.is_empty()).then_some(value)
    }
}

fn rule(text: Option<&str>) -> Result<Option<Rule>, String> {
    text.map(Rule::parse).transpose()
}

struct Rules {
    item: Rule,
    link: Option<Rule>,
    title: Option<Rule>,
    date: Option<Rule>,
    summary: Option<Rule>,
}

impl Rules {
    fn entry(&self, item: ElementRef<'_>, base: &Url, date_format: Option<&str>, budget: &Budget) -> Option<RawEntry> {
        let link_element = match &self.link {
            Some(rule) => rule.find(item, budget),
            None if item.value().attr("href").is_some() => Some(item),
            None => first_link(item, budget),
        };
        let attribute = self.link.as_ref().and_then(|rule| rule.attribute.as_deref()).unwrap_or("href");
        // A selector may name the element around the link.
        let linked = link_element.and_then(|element| match element.value().attr(attribute) {
            Some(href) => Some(href),
            None => first_link(element, budget)?.value().attr("href"),
        })?;
        let link = crate::network::parse_target(linked.trim(), Some(base)).ok()?;
        let title = match &self.title {
            Some(rule) => rule.value(item, budget),
            None => link_element
                .map(|element| text_of(element, budget))
                .filter(|text| !text.is_empty())
                .or_else(|| link_element?.value().attr("title").map(str::to_owned)),
        };
        Some(RawEntry {
            link: Some(link.into()),
            title: title.map(RawText::plain),
            summary: self.summary.as_ref().and_then(|rule| rule.value(item, budget)).map(RawText::plain),
            published: self.date.as_ref().and_then(|rule| self.date(rule, item, date_format, budget)),
            ..RawEntry::default()
        })
    }

    #[expect(clippy::unused_self, reason = "a step of reading an entry, beside the others")]
    fn date(&self, rule: &Rule, item: ElementRef<'_>, format: Option<&str>, budget: &Budget) -> Option<Timestamp> {
        let text = match &rule.attribute {
            Some(_) => rule.value(item, budget)?,
            // `<time datetime="…">` says it better than its text does.
            None => {
                let element = rule.find(item, budget)?;
                match element.value().attr("datetime").filter(|_| format.is_none()) {
                    Some(stated) => stated.to_owned(),
                    None => rule.value(item, budget)?,
                }
            }
        };
        match format {
            Some(format) => formatted(&text, format),
            None => parse_date(&text),
        }
    }
}

/// What a person reads in an element.
fn text_of(element: ElementRef<'_>, budget: &Budget) -> String {
    if budget.is_spent() {
        return String::new();
    }
    let html = element.inner_html();
    budget.spend(html.len() / STEP_BYTES);
    html_to_line(&html)
}

/// The first link with an address inside an element.
fn first_link<'a>(element: ElementRef<'a>, budget: &Budget) -> Option<ElementRef<'a>> {
    element
        .descendants()
        .filter_map(ElementRef::wrap)
        .take_while(|_| !budget.spend(1))
        .find(|inner| inner.value().name() == "a" && inner.value().attr("href").is_some())
}

/// A date by a format of chrono's; without a time it is midnight, without a zone UTC.
fn formatted(text: &str, format: &str) -> Option<Timestamp> {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};
    if let Ok(time) = DateTime::parse_from_str(text, format) {
        return Some(time.into());
    }
    let local = NaiveDateTime::parse_from_str(text, format)
        .or_else(|_| NaiveDate::parse_from_str(text, format).map(|date| date.and_time(NaiveTime::MIN)));
    local.ok().map(|local| local.and_utc().into())
}

/// What relative links are relative to.
fn base_of(text: &str, document: &Url) -> Url {
    for token in Tokens::of(text) {
        if let Token::Start { name, attributes: raw, .. } = token {
            if name.eq_ignore_ascii_case("body") {
                break;
            }
            if name.eq_ignore_ascii_case("base")
                && let Some((_, href)) = attributes(raw).find(|(name, _)| name.eq_ignore_ascii_case("href"))
                && let Ok(base) = crate::network::parse_target(&href, Some(document))
            {
                return base;
            }
        }
    }
    document.clone()
}

/// `<html lang="…">`.
fn language(text: &str) -> Option<String> {
    Tokens::of(html::cut(text, 64 * 1024)).find_map(|token| match token {
        Token::Start { name, attributes: raw, .. } if name.eq_ignore_ascii_case("html") => {
            attributes(raw).find(|(name, _)| name.eq_ignore_ascii_case("lang")).map(|(_, value)| value.into_owned())
        }
        _ => None,
    })
}

/// The library's words, where they are for whoever wrote the selector; some are for its own developers.
fn not_a_selector(css: &str, error: &str) -> String {
    match error.lines().next().filter(|_| !error.contains("report this")) {
        Some(why) => format!("`{css}` is not a CSS selector: {why}"),
        None => {
            format!("`{css}` is not a CSS selector; those look like `article.teaser` or `div[data-kind=news] h2 a`")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::budget::Stopwatch;

    const PAGE: &str = "<!DOCTYPE html><html lang=ru><head><title>Маяк – новости</title><base href='/мир/'></head><body>\
        <nav><a href='/'>Главная</a></nav>\
        <ul class=news>\
        <li><h2><a href='1?a=1&amp;b=2'>Корабли   вышли <b>в море</b></a></h2><time datetime='2026-11-22T10:00:00+03:00'>вчера</time><p class=lead>Кратко</p>\
        <li><h2><a href='//other.example/2'>灯塔&amp;海</a></h2><time>21.11.2026 08:30</time>\
        <li><h2>Без ссылки</h2>\
        </ul></body></html>";

    fn selectors(item: &str) -> PageSelectors {
        PageSelectors { item: item.to_owned(), ..PageSelectors::default() }
    }

    fn read(page: &str, selectors: &PageSelectors) -> Result<ParsedFeed, ParseError> {
        let base = Url::parse("https://site.example/press").expect("a URL");
        parse_page(page.as_bytes(), Some("text/html; charset=utf-8"), &base, selectors)
    }

    #[test]
    fn items_become_entries_with_absolute_links_titles_and_dates() {
        let selectors =
            PageSelectors { date: Some("time".into()), summary: Some(".lead".into()), ..selectors("ul.news > li") };
        let feed = read(PAGE, &selectors).expect("a list");
        assert_eq!(
            (feed.kind, feed.title.as_deref(), feed.language.as_deref()),
            (FeedKind::Page, Some("Маяк – новости"), Some("ru"))
        );
        let read: Vec<_> = feed
            .entries
            .iter()
            .map(|entry| {
                (
                    entry.link.as_deref().unwrap_or(""),
                    entry.title.as_deref().unwrap_or(""),
                    entry.published.map(|at| at.to_string()),
                )
            })
            .collect();
        assert_eq!(
            read,
            [
                (
                    "https://site.example/%D0%BC%D0%B8%D1%80/1?a=1&b=2",
                    "Корабли вышли в море",
                    Some("2026-11-22T07:00:00Z".to_owned())
                ),
                ("https://other.example/2", "灯塔&海", Some("2026-11-21T08:30:00Z".to_owned())),
            ]
        );
        assert_eq!(feed.entries[0].summary.as_deref(), Some("Кратко"));
        assert_eq!(feed.warnings, ["1 of 3 items have no link and are left out"]);
    }

    #[test]
    fn links_titles_and_dates_may_come_from_attributes_and_formats() {
        let page = "<div class=a data-url='/x' data-when='22|11|2026'><a href='/y' title='Заголовок'></a></div>";
        let selectors = PageSelectors {
            link: Some("@data-url".into()),
            title: Some("a@title".into()),
            date: Some("@data-when".into()),
            date_format: Some("%d|%m|%Y".into()),
            ..selectors("div.a")
        };
        let feed = read(page, &selectors).expect("a list");
        let entry = &feed.entries[0];
        assert_eq!(
            (entry.link.as_deref(), entry.title.as_deref()),
            (Some("https://site.example/x"), Some("Заголовок"))
        );
        assert_eq!(entry.published.map(|at| at.to_string()).as_deref(), Some("2026-11-22T00:00:00Z"));
        // The item may be the link itself.
        let feed = read(page, &self::selectors("div.a a")).expect("a list");
        assert_eq!(feed.entries[0].title.as_deref(), Some("Заголовок"));
    }

    #[test]
    fn what_finds_nothing_says_so() {
        assert_eq!(
            read(PAGE, &selectors("article.news")),
            Err(ParseError::NothingSelected { selector: "article.news".into() })
        );
        assert_eq!(read("<p class=x>senza link", &selectors("p.x")), Err(ParseError::NoLinks { items: 1 }));
        assert_eq!(read("", &selectors("p")), Err(ParseError::Empty));
        for bad in ["ul >", "li[", "::", "a:nosuch(1)"] {
            assert!(check_selector(bad).is_err(), "{bad}");
        }
        for good in ["ul > li", "a[href*='x@y']", "time@datetime", "@data-url", "li:nth-child(2) a"] {
            assert_eq!(check_selector(good), Ok(()), "{good}");
        }
    }

    /// Processor time: twice the limit, and what a debug build takes for the library's share.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_hostile_page_is_read_in_bounded_time() {
        let list = "<li class=n><a href=/x>x</a>";
        for page in [
            "<div>".repeat(100_000),
            format!("<div {}>", "a=1 ".repeat(200_000)),
            "<b><a href=/x>".repeat(100_000),
            list.repeat(60_000),
        ] {
            // What the library is given is what RELIABILITY allows it, and less.
            let (document, _) = balanced_document(&page, &Budget::unlimited());
            let tags: Vec<&str> = document.split('<').collect();
            let is_void = |tag: &str| ["!", "br", "hr", "wbr", "meta"].iter().any(|void| tag.starts_with(void));
            let depth = |tag: &str| if tag.starts_with('/') { -1 } else { i32::from(!is_void(tag)) };
            let deepest = tags.iter().scan(0, |now, tag| Some((*now += depth(tag), *now).1)).max();
            assert!(deepest.is_some_and(|deepest| deepest <= 512), "{deepest:?}: {page:.40}");
            assert!(tags.iter().all(|tag| tag.matches('=').count() <= 256), "{page:.40}");
            let start = Stopwatch::start();
            let answer = read(&page, &selectors("div div > a, li.n"));
            assert!(start.elapsed() < PATIENCE, "{:?}: {page:.40}", start.elapsed());
            assert_eq!(answer.is_ok(), page.starts_with("<li"), "{page:.40}");
        }
        // The library goes through all siblings for each of them.
        for selector in ["i ~ b", "i:nth-last-child(29999)"] {
            let start = Stopwatch::start();
            let answer = read(&"<i></i>".repeat(29_000), &selectors(selector));
            assert!(start.elapsed() < PATIENCE, "{:?}: {selector}", start.elapsed());
            assert!(answer.is_err(), "{selector}");
        }
    }

    #[test]
    fn a_page_that_takes_too_long_is_an_error_not_an_empty_list() {
        let base = Url::parse("https://site.example/press").expect("a URL");
        let page = "<li><a href=/x>Маяк</a>".repeat(3_000);
        let read = |used: u64| {
            let budget = Budget::with_clock(Duration::from_secs(2), move || Duration::from_secs(used));
            parse_within(page.as_bytes(), None, &base, &selectors("li"), &budget)
        };
        assert_eq!(read(1).expect("a list").entries.len(), MAX_ENTRIES);
        let late = read(3);
        assert_eq!(late, Err(ParseError::TooMuch { limit: Duration::from_secs(2) }));
        assert!(late.expect_err("late").to_string().contains("more than 2 s"));
    }

    #[test]
    fn a_selector_that_is_none_is_told_without_a_word_for_the_library_s_developers() {
        for css in ["article[[", "div >", "::nope", "a:has("] {
            let said = check_selector(css).expect_err(css);
            assert!(
                said.contains("is not a CSS selector") && !said.contains("developer") && !said.contains('\n'),
                "{said}"
            );
        }
    }
}
