use std::time::Duration;

use super::*;
use crate::text::budget::Stopwatch;

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
    let other = "La squadra ha vinto la finale davanti a migliaia di tifosi che hanno festeggiato per tutta la notte.";
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
        assert!(!article.body.contains("squadra") && !article.body.contains("coppa"), "{foreign}\n{}", article.body);
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
    assert_eq!(dated("<div>Alles hatte im Süden des Landes am 22. November 2026 an der Grenze begonnen.</div>"), None);
}

#[test]
fn an_article_that_only_scripts_show_is_read_unless_it_is_for_subscribers() {
    let html =
        format!("<p>{PARAGRAPH}</p><div class=caption><p>La finale di coppa di domenica</p></div><p>{PARAGRAPH}</p>");
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
        let start = Stopwatch::start();
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
        let start = Stopwatch::start();
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
    let start = Stopwatch::start();
    let article = extract(&html).expect("an article");
    assert!(article.body.len() <= 200_000 && article.body.starts_with("Il ministro"));
    assert!(article.is_rough && article.warnings[0].contains("more text"), "{:?}", article.warnings);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn an_article_in_markup_that_is_left_open_is_read() {
    let paragraph = "<div><p>Il nuovo radar della base è entrato in servizio lunedì mattina, dopo due anni di lavori.";
    let html = page("<title>Il radar</title>", &format!("<article>{}", paragraph.repeat(300)));
    let article = extract(&html).expect("an article");
    assert!(article.body.matches("lunedì mattina").count() >= 100, "{}", article.body.len());
    assert!(article.warnings.iter().any(|warning| warning.contains("deep")), "{:?}", article.warnings);
}
