//! Sitemaps: as documents, as sources beside feeds, and those that sites really have.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use url::Url;
use vedetta::fetch::{FeedKind, ParsedFeed, identify, parse_feed};

use crate::support::{World, body};

fn parse(text: impl AsRef<[u8]>) -> ParsedFeed {
    let base = Url::parse("https://outlet.example/sitemap.xml").unwrap();
    parse_feed(text.as_ref(), None, &base).unwrap()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

/// A news sitemap of (address, headline, language, minutes ago).
fn news(pages: &[(String, &str, &str, u64)]) -> String {
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\" xmlns:image=\"http://www.google.com/schemas/sitemap-image/1.1\">\n"
        .to_owned();
    for (loc, title, language, ago) in pages {
        let date = minutes_ago(*ago);
        text.push_str(&format!(
            "<url><loc>{loc}</loc><image:image><image:loc>https://img.example/1.jpg</image:loc><image:title>Foto</image:title>\
             </image:image><n:news><n:publication><n:name>Lanterna – 灯塔</n:name><n:language>{language}</n:language></n:publication>\
             <n:publication_date>{date}</n:publication_date><n:title>{title}</n:title>\
             <n:keywords>porto، مرفأ、灯塔, маяк</n:keywords></n:news></url>\n"
        ));
    }
    text + "</urlset>\n"
}

fn minutes_ago(minutes: u64) -> String {
    use vedetta::model::{Clock as _, SystemClock};
    SystemClock.now().before(Duration::from_secs(minutes * 60)).to_string()
}

fn index(sitemaps: &[(String, String)]) -> String {
    let list: String = sitemaps
        .iter()
        .map(|(loc, lastmod)| format!("<sitemap><loc>{loc}</loc><lastmod>{lastmod}</lastmod></sitemap>"))
        .collect();
    format!("<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">{list}</sitemapindex>")
}

#[test]
fn a_news_sitemap_is_read_whole() {
    let pages = [
        ("https://outlet.example/1".to_owned(), "Россия &amp; Китай начали учения", "ru", 5),
        ("https://outlet.example/2?a=1&amp;b=2".to_owned(), "<![CDATA[瞭望塔发现一艘船 <i>今天</i>]]>", "zh-cn", 6),
        ("/3".to_owned(), "مرقب الميناء", "ar", 7),
    ];
    for document in [news(&pages).into_bytes(), gzip(&news(&pages))] {
        let feed = parse(document);
        assert_eq!((feed.kind, feed.is_index), (FeedKind::Sitemap, false));
        assert_eq!(feed.title.as_deref(), Some("Lanterna – 灯塔"));
        assert!(feed.warnings.is_empty(), "{:?}", feed.warnings);
        let read: Vec<_> = feed
            .entries
            .iter()
            .map(|entry| {
                (entry.link.as_deref().unwrap(), entry.title.as_deref().unwrap(), entry.language.as_deref().unwrap())
            })
            .collect();
        assert_eq!(
            read,
            [
                ("https://outlet.example/1", "Россия & Китай начали учения", "ru"),
                ("https://outlet.example/2?a=1&b=2", "瞭望塔发现一艘船 今天", "zh-cn"),
                ("https://outlet.example/3", "مرقب الميناء", "ar"),
            ]
        );
        assert_eq!(feed.entries[0].tags, ["porto", "مرفأ", "灯塔", "маяк"]);
        assert!(feed.entries.iter().all(|entry| entry.published.is_some()));
    }
}

#[test]
fn an_index_lists_sitemaps_and_a_list_of_addresses_is_a_sitemap() {
    let feed = parse(index(&[("https://outlet.example/a.xml.gz".to_owned(), "2026-11-22T08:00:00+01:00".to_owned())]));
    assert!(feed.is_index);
    assert_eq!(feed.entries[0].link.as_deref(), Some("https://outlet.example/a.xml.gz"));
    assert_eq!(feed.entries[0].updated.unwrap().to_string(), "2026-11-22T07:00:00Z");
    let list = parse("https://outlet.example/один\r\nhttps://outlet.example/2\r\n\r\n");
    assert_eq!((list.kind, list.entries.len()), (FeedKind::Sitemap, 2));
    let base = Url::parse("https://outlet.example/").unwrap();
    assert!(parse_feed(b"https is not an address", None, &base).is_err());
}

#[test]
fn of_a_long_sitemap_the_newest_pages_are_read() {
    let page = |n: usize, date: &str| format!("<url><loc>https://outlet.example/{n}</loc>{date}</url>");
    let dated: String = (0..2_500)
        .map(|n| page(n, &format!("<lastmod>2026-{:02}-01T00:00:{:02}Z</lastmod>", 1 + n / 250, n % 60)))
        .collect();
    let feed = parse(format!("<urlset>{dated}</urlset>"));
    assert_eq!(feed.entries.len(), 2_000);
    assert_eq!(feed.entries[0].link.as_deref(), Some("https://outlet.example/500"));
    assert!(feed.warnings.iter().any(|warning| warning.contains("2500")), "{:?}", feed.warnings);
    // Without dates, the beginning and the end: sites add at either.
    let undated: String = (0..50_010).map(|n| page(n, "")).collect();
    let feed = parse(format!("<urlset>{undated}</urlset>"));
    let links: Vec<_> = feed.entries.iter().map(|entry| entry.link.as_deref().unwrap()).collect();
    assert_eq!(
        (links.len(), links[0], links[1_999]),
        (2_000, "https://outlet.example/0", "https://outlet.example/49999")
    );
}

#[test]
fn a_sitemap_that_is_built_anew_brings_nothing_new() {
    let page = |date: &str| {
        format!(
            "<urlset><url><loc>https://outlet.example/</loc><lastmod>{date}</lastmod></url>\
             <url><loc>https://outlet.example/a</loc><lastmod>{date}</lastmod></url>\
             <url><loc>http://www.outlet.example/a/</loc></url></urlset>"
        )
    };
    let (before, after) = (identify(&parse(page("2026-11-21"))), identify(&parse(page("2026-11-22"))));
    assert_eq!(before, after);
    assert_eq!(before[1], before[2]);
}

#[test]
fn broken_and_hostile_sitemaps_are_survived() {
    let cut = "<urlset><url><loc>https://a.example/1</loc></url><url><loc>https://a.exam";
    let feed = parse(cut);
    assert_eq!(feed.entries.len(), 1);
    assert!(feed.warnings[0].contains("ends before"), "{:?}", feed.warnings);
    let mut bomb = gzip(&"<url><loc>https://a.example/1</loc></url>".repeat(1_000_000));
    assert!(parse_feed(&bomb, None, &Url::parse("https://a.example/").unwrap()).is_err(), "it has no root");
    bomb.truncate(100);
    assert!(parse_feed(&bomb, None, &Url::parse("https://a.example/").unwrap()).is_err());
    for document in [
        format!("<urlset>{}", "<url>".repeat(200_000)),
        format!("<urlset>{}", "<loc>".repeat(200_000)),
        format!("<urlset>{}", "<x xmlns:a='sitemap-news'>".repeat(100_000)),
        format!("<urlset><url><loc>{}", "&".repeat(500_000)),
        format!("<urlset><url><news:title>{}</news:title></url>", "я".repeat(500_000)),
        format!("<urlset {}>", (0..50_000).map(|n| format!("xmlns:a{n}='sitemap-news' ")).collect::<String>()),
    ] {
        parse(document);
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn sitemaps_of_real_sites_are_read_as_their_reference_says() {
    let folder = Path::new("../shared/data/sitemaps");
    let Ok(expected) = std::fs::read_to_string(folder.join("expect.jsonl")) else {
        println!("skipped: no ../shared/data/sitemaps here");
        return;
    };
    for line in expected.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let name = case["file"].as_str().unwrap();
        let feed = parse(std::fs::read(folder.join(name)).unwrap());
        let wanted = case["entries"].as_array().unwrap();
        assert_eq!(feed.entries.len(), wanted.len(), "{name}");
        for (entry, wanted) in feed.entries.iter().zip(wanted) {
            let text = |key: &str| wanted[key].as_str().map(str::trim).filter(|text| !text.is_empty());
            let date = |key: &str| text(key).and_then(vedetta::fetch::parse_date);
            assert_eq!(entry.link.as_deref(), text("loc"), "{name}");
            assert_eq!(entry.title.as_deref(), text("news_title"), "{name}");
            assert_eq!(entry.language.as_deref(), text("news_language"), "{name}");
            assert_eq!((entry.updated, entry.published), (date("lastmod"), date("news_publication_date")), "{name}");
            assert_eq!(entry.tags.is_empty(), text("news_keywords").is_none(), "{name}");
        }
    }
}

fn once(world: &World) {
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_news_sitemap_alerts_like_a_feed_and_once() {
    let world = World::new().await;
    world.configure(&world.feed("/news.xml"));
    let page =
        |n: u8, title: &'static str, language| (world.server.url(&format!("/{n}")), title, language, u64::from(n));
    let first = [page(1, "Дозор вышел в море", "ru"), page(2, "Il mercato del pesce", "it")];
    world.server.put("/news.xml", "application/xml", news(&first));
    once(&world);
    once(&world);
    let mails = world.mailbox.messages();
    assert_eq!(mails.len(), 1);
    assert!(body(&mails[0].data, "text/plain").contains("вышел в море"));
    // The same pages under a new build, and one more.
    let second = [page(3, "瞭望塔发现一艘船", "zh"), page(1, "Дозор вышел в море", "ru")];
    world.server.put("/news.xml", "application/xml", news(&second));
    once(&world);
    assert_eq!(world.mailbox.messages().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_sitemap_gets_its_headlines_and_texts_from_the_pages() {
    let world = World::new().await;
    world.configure(&world.feed("/sitemap.xml.gz"));
    let page = |title: &str, sentence: &str, date: &str| {
        format!(
            "<html lang=it><head><title>{title}</title><meta property=\"article:published_time\" content=\"{date}\"></head><body><article>\
             <h1>{title}</h1><p>Questa mattina il traffico nel porto è stato regolare, con otto arrivi e sei partenze secondo la capitaneria.</p>\
             <p>{sentence}</p><p>La cerimonia si è svolta alla presenza del sindaco e di molti cittadini, con la banda e una mostra.</p>\
             </article></body></html>"
        )
    };
    let html = "text/html; charset=utf-8";
    world.server.put(
        "/torre",
        html,
        page("Notizie dal porto", "La storica vedetta del molo è stata riaperta oggi.", &minutes_ago(60)),
    );
    world.server.put(
        "/vecchia",
        html,
        page("Archivio", "Una vedetta di tanti anni fa fu chiusa per lavori.", "2011-03-01T10:00:00Z"),
    );
    world.server.put(
        "/",
        html,
        page("Prima pagina", "La vedetta: tutte le notizie del giorno, ogni giorno.", &minutes_ago(1)),
    );
    let locs = ["/", "/torre", "/vecchia", "/2026/una-vedetta-sparita.html"].map(|path| world.server.url(path));
    let list: String =
        locs.iter().map(|loc| format!("<url><loc>{loc}</loc><lastmod>{}</lastmod></url>", minutes_ago(30))).collect();
    // As a file that is gzip itself: no `Content-Encoding`.
    world.server.put("/sitemap.xml.gz", "application/x-gzip", gzip(&format!("<urlset>{list}</urlset>")));
    once(&world);
    once(&world);
    let texts: Vec<_> = world.mailbox.messages().iter().map(|mail| body(&mail.data, "text/plain")).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(
        texts.iter().any(|text| text.contains("Notizie dal porto") && text.contains("storica *vedetta* del molo")),
        "{texts:?}"
    );
    // The page is gone: its address is all that is known, and the mail says why.
    assert!(texts.iter().any(|text| text.contains("una *vedetta* sparita") && text.contains("404")), "{texts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_index_only_changed_sitemaps_are_fetched_again() {
    let world = World::new().await;
    world.configure(&world.feed("/index.xml"));
    world.write(
        "vedetta.toml",
        &std::fs::read_to_string(world.config()).unwrap().replace("first_poll = \"all\"", "first_poll = \"recent\""),
    );
    let at = |path: &str| world.server.url(path);
    let put = |path: &str, pages: &[(String, &str, &str, u64)]| world.server.put(path, "application/xml", news(pages));
    put("/today.xml", &[(at("/1"), "La vedetta di oggi", "it", 10)]);
    put("/old.xml", &[(at("/0"), "La vedetta di un tempo", "it", 60 * 24 * 400)]);
    let listed = |path: &str, ago: u64| (at(path), minutes_ago(ago));
    let others = [listed("/old.xml", 50_000), listed("/missing.xml", 90)];
    let first = listed("/today.xml", 10);
    world.server.put("/index.xml", "application/xml", index(&[&[first], &others[..]].concat()));
    let hits = || ["/today.xml", "/old.xml", "/late.xml"].map(|path| world.server.hits(path));
    once(&world);
    assert_eq!((world.mailbox.messages().len(), hits()), (1, [1, 1, 0]));
    once(&world);
    assert_eq!(hits(), [1, 1, 0], "nothing changed");

    // One changes, as its date says, and one appears that was not listed: what it holds is new, whatever its date.
    put("/today.xml", &[(at("/2"), "مرقب الميناء يرصد سفينة", "ar", 1), (at("/1"), "La vedetta di oggi", "it", 10)]);
    put("/late.xml", &[(at("/3"), "瞭望塔发现一艘船", "zh", 60 * 24 * 3)]);
    let changed = [listed("/today.xml", 0), listed("/late.xml", 5)];
    world.server.put("/index.xml", "application/xml", index(&[&changed, &others[..]].concat()));
    once(&world);
    assert_eq!(hits(), [2, 1, 1]);
    assert_eq!(world.mailbox.messages().len(), 3);
}
