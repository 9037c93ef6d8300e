//! Entries that scrolled past between two polls.

use std::fmt::Write as _;

use vedetta::model::{Clock as _, Timestamp};

use super::{HOUR, Watch, dated};
use crate::support::{World, body};

/// A feed named Porto, and when its entries are published: one an hour, the fifth now.
async fn porto() -> (Watch, impl Fn(u32) -> Timestamp) {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Porto\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let begin = watch.clock.now();
    (watch, move |number| begin.before(HOUR * 5) + HOUR * number)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scrolled_past_is_read_from_older_pages_or_estimated() {
    let (watch, at) = porto().await;
    let server = &watch.world.server;
    let put = |path: &str, numbers: std::ops::Range<u32>, next: Option<&str>| {
        server.put(path, "application/rss+xml", dated(numbers.rev().map(|number| (number, at(number))), next));
    };
    put("/feed.xml", 1..6, None);
    watch.round().await;
    assert_eq!(watch.articles().await, 5);
    // Ten hours and ten entries later the window of five has turned over twice; two older pages bring them back.
    watch.clock.advance(10 * HOUR);
    put("/feed.xml", 11..16, Some("/2.xml"));
    put("/2.xml", 6..11, Some("/3.xml"));
    put("/3.xml", 1..6, Some("/4.xml"));
    watch.round().await;
    assert_eq!((watch.articles().await, server.hits("/4.xml")), (15, 0));
    assert_eq!(watch.subjects(), [] as [&str; 0]);
    // Without older pages what is lost is estimated: one an hour, numbers 16 to 25.
    watch.clock.advance(15 * HOUR);
    put("/feed.xml", 26..31, None);
    watch.round().await;
    watch.hours(3).await;
    let subjects = watch.subjects();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    assert!(subjects[0].contains("Porto: about") && subjects[0].contains("may have scrolled past"), "{subjects:?}");
    let number: u32 = subjects[0].split_whitespace().find_map(|word| word.parse().ok()).expect("a number");
    assert!((8..=13).contains(&number), "{subjects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scrolled_past_a_feed_without_an_end_is_read_from_older_pages_or_told_too() {
    let (watch, at) = porto().await;
    let server = &watch.world.server;
    let put = |path: &str, numbers: std::ops::Range<u32>, next: Option<&str>| {
        let text = dated(numbers.rev().map(|number| (number, at(number))), next);
        let (open, _) = text.split_once("</channel>").expect("an end");
        server.put(path, "application/rss+xml", open.to_owned());
    };
    put("/feed.xml", 1..6, None);
    watch.hours(4).await;
    put("/feed.xml", 2..7, None);
    watch.hours(1).await;
    assert_eq!(watch.articles().await, 6);
    watch.clock.advance(5 * HOUR);
    put("/feed.xml", 11..16, Some("/2.xml"));
    put("/2.xml", 6..11, Some("/3.xml"));
    put("/3.xml", 1..6, None);
    watch.round().await;
    assert_eq!(watch.articles().await, 15);
    watch.clock.advance(15 * HOUR);
    put("/feed.xml", 26..31, None);
    watch.round().await;
    let subjects = watch.subjects();
    assert!(subjects.iter().any(|subject| subject.contains("may have scrolled past")), "{subjects:?}");
}

/// A news sitemap of (address, headline, date).
fn news_sitemap(pages: &[(String, &str, Timestamp)]) -> String {
    let pages: Vec<_> = pages.iter().map(|(loc, title, at)| (loc.clone(), *title, *at, "")).collect();
    news_sitemap_with_keywords(&pages)
}

fn news_sitemap_with_keywords(pages: &[(String, &str, Timestamp, &str)]) -> String {
    let mut text = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\">"
        .to_owned();
    for (loc, title, at, keywords) in pages {
        let _ = write!(
            text,
            "<url><loc>{loc}</loc><n:news><n:publication_date>{at}</n:publication_date><n:title>{title}</n:title>\
             <n:keywords>{keywords}</n:keywords></n:news></url>"
        );
    }
    text + "</urlset>"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scrolled_past_is_read_from_the_sites_news_sitemap_and_told_once() {
    let (watch, at) = porto().await;
    let server = &watch.world.server;
    let page = |number: u32| server.url(&format!("/mare/{number}.html"));
    let title = |number: u32| if number % 5 == 2 { "Дозор на маяке" } else { "Bollettino" };
    let put = |numbers: &[u32]| {
        let items: String = numbers
            .iter()
            .map(|number| {
                let (date, number, title) = (at(*number).to_chrono().to_rfc2822(), *number, title(*number));
                let link = page(number);
                format!(
                    "<item><guid isPermaLink=\"false\">n{number}</guid><title>{title} {number}</title><pubDate>{date}</pubDate>\
                     <link>{link}</link><description>Testo.</description></item>"
                )
            })
            .collect();
        server.put(
            "/feed.xml",
            "application/rss+xml",
            format!("<rss version=\"2.0\"><channel>{items}</channel></rss>"),
        );
    };
    put(&[5, 4, 3, 2, 1]);
    watch.round().await;
    assert_eq!(watch.subjects().len(), 1, "number 2");
    // Twenty entries later. The sitemap lists the site: what is missing, what is known under other words and dates, and
    // what is of no concern.
    watch.clock.advance(20 * HOUR);
    // One of them is dated back to before the first poll.
    put(&[25, 24, 23, 22, 21, 0]);
    let mut listed: Vec<(String, String, Timestamp)> =
        (1..=25).map(|number| (page(number), format!("{} {number}", title(number)), at(number))).collect();
    listed.push((page(2) + "?utm_source=news", "La vedetta, di nuovo".to_owned(), at(11)));
    listed.push((server.url("/sport/1.html"), "La vedetta dello sport".to_owned(), at(12)));
    listed.push(("https://other.example/mare/1.html".to_owned(), "La vedetta altrui".to_owned(), at(13)));
    let listed: Vec<_> = listed.iter().map(|(loc, title, at)| (loc.clone(), title.as_str(), *at)).collect();
    let robots =
        format!("User-agent: *\nSitemap: https://other.example/news.xml\nSitemap: {}\n", server.url("/index.xml"));
    server.put("/robots.txt", "text/plain", robots);
    let index = format!(
        "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\"><sitemap><loc>{}</loc></sitemap>\
         <sitemap><loc>{}</loc></sitemap></sitemapindex>",
        server.url("/archive-2019.xml"),
        server.url("/news.xml")
    );
    server.put("/index.xml", "application/xml", index);
    server.put("/archive-2019.xml", "application/xml", "<urlset/>");
    server.put("/news.xml", "application/xml", news_sitemap(&listed));
    watch.round().await;
    assert_eq!((watch.articles().await, server.hits("/archive-2019.xml")), (26, 0));
    let told = watch.subjects();
    assert_eq!(told.len(), 5, "{told:?}");
    for number in [2, 7, 12, 17, 22] {
        assert_eq!(
            told.iter().filter(|told| told.ends_with(&format!("Дозор на маяке {number}"))).count(),
            1,
            "{told:?}"
        );
    }
    // The feed lists some of them after all, under ids of its own.
    put(&[25, 24, 23, 18, 17, 16]);
    watch.hours(2).await;
    assert_eq!((watch.articles().await, watch.subjects().len()), (26, 5));
    // A sitemap that is as it was holds nothing of the next gap: that one is told, with its size.
    watch.clock.advance(10 * HOUR);
    put(&[37, 36, 35, 34, 33]);
    watch.round().await;
    assert_eq!(server.unchanged("/news.xml"), 1);
    let told = watch.subjects();
    assert!(told.iter().any(|told| told.contains("Porto: about") && told.contains("scrolled past")), "{told:?}");
    // One that begins in the middle of a gap brings what it has, and the rest is told.
    watch.clock.advance(30 * HOUR);
    put(&[67, 66, 65, 64, 63]);
    let listed: Vec<_> = (52..=67).map(|number| (page(number), "Bollettino", at(number))).collect();
    server.put("/news.xml", "application/xml", news_sitemap(&listed));
    let before = watch.articles().await;
    watch.round().await;
    assert_eq!(watch.articles().await - before, 16);
    let mails: Vec<_> =
        watch.world.mailbox.messages().iter().map(|mail| body(&mail.data, "text/plain").replace('\n', " ")).collect();
    let gap = mails.iter().find(|mail| mail.contains("11 more were found"));
    assert!(gap.is_some_and(|gap| gap.contains("news sitemap")), "{mails:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_is_not_filled_with_the_football_of_the_same_site_and_what_was_left_out_is_told() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Esteri\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let begin = watch.clock.now();
    let at = |number: u32| begin.before(HOUR * 5) + HOUR * number;
    let server = &watch.world.server;
    // Addresses that tell no section, as of many papers.
    let page = |number: u32| server.url(&format!("/articolo-{number}.html"));
    let put = |numbers: std::ops::Range<u32>| {
        let items: String = numbers
            .rev()
            .map(|number| {
                let (date, link) = (at(number).to_chrono().to_rfc2822(), page(number));
                format!(
                    "<item><guid isPermaLink=\"false\">n{number}</guid><title>Bollettino {number}</title>\
                     <pubDate>{date}</pubDate><link>{link}</link></item>"
                )
            })
            .collect();
        let text = format!("<rss version=\"2.0\"><channel>{items}</channel></rss>");
        server.put("/feed.xml", "application/rss+xml", text);
    };
    // For each article of the feed, the site has five others.
    let site = |numbers: std::ops::Range<u32>, keywords: [&'static str; 2]| {
        let mut pages = Vec::new();
        for number in numbers {
            let title = if number == 12 { "Дозор на границе" } else { "Bollettino" };
            pages.push((page(number), title, at(number), keywords[0]));
            pages.extend((0..5).map(|other| {
                let loc = server.url(&format!("/articolo-{}.html", number * 100 + other));
                (loc, "La vedetta della difesa: pagelle del derby", at(number), keywords[1])
            }));
        }
        server.put("/news.xml", "application/xml", news_sitemap_with_keywords(&pages));
    };
    server.put("/robots.txt", "text/plain", format!("Sitemap: {}\n", server.url("/news.xml")));
    put(1..6);
    watch.round().await;
    watch.clock.advance(20 * HOUR);
    put(21..26);
    site(1..26, ["Esteri, 外交", "Calcio"]);
    watch.round().await;
    // What its keywords say belongs to the feed came, the derby did not, and nothing was lost.
    assert_eq!(watch.articles().await, 25);
    let told = watch.subjects();
    assert!(told.len() == 1 && told[0].contains("Дозор"), "{told:?}");
    // Where nothing tells one from the other, a sixth of the site is no reason to take all of it. That is told.
    watch.clock.advance(20 * HOUR);
    put(41..46);
    site(21..46, ["", ""]);
    watch.round().await;
    watch.hours(1).await;
    let told = watch.subjects();
    assert!(told.len() == 2 && told[1].contains("Esteri: about"), "{told:?}");
    let mail = watch.world.mailbox.messages().last().map(|mail| body(&mail.data, "text/plain")).expect("a mail");
    let mail = mail.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(mail.contains("95 other pages that its site published meanwhile were left out"), "{mail}");
    assert!(mail.contains("nothing in it could be told to be of this feed"), "{mail}");
}
