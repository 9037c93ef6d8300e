//! Entries of an aggregator whose links are tokens that it alone can read: the publishers are asked for the address.
//!
//! The feed stands on loopback, as do the publishers that it names; the aggregator itself has no server here, since nothing
//! may ask it. A publisher is told by the host of its site, so each has an address of its own, 127.0.0.2 and so on.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use vedetta::demo::FeedServer;
use vedetta::model::{Clock as _, TextStatus, Timestamp};

use crate::feed_health::Watch;
use crate::support::{World, item, rss};

const HOUR: Duration = Duration::from_secs(3600);

async fn publisher(number: u8) -> FeedServer {
    let address = SocketAddr::from((Ipv4Addr::new(127, 0, 0, number), 0));
    FeedServer::start_at(address).await.expect("a loopback address")
}

fn token(number: u32) -> String {
    format!("https://news.google.com/rss/articles/CBMiCkFVX3lxTGFiY2{number}?oc=5")
}

/// Google's feed: token, headline with the publisher's name behind it, name, site.
fn google(items: &[(u32, &str, &str, &str)]) -> String {
    let mut text = "<rss version=\"2.0\"><channel><title>Google News</title>".to_owned();
    for (number, headline, name, site) in items {
        let _ = write!(
            text,
            "<item><title>{headline} - {name}</title><link>{}</link><guid isPermaLink=\"false\">CBM{number}</guid>\
             <source url=\"{site}\">{name}</source></item>",
            token(*number)
        );
    }
    text + "</channel></rss>"
}

fn news_sitemap(pages: &[(String, &str)], at: Timestamp) -> String {
    let mut text = "<urlset xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\">".to_owned();
    for (loc, title) in pages {
        let _ = write!(
            text,
            "<url><loc>{loc}</loc><n:news><n:publication_date>{at}</n:publication_date><n:title>{title}</n:title></n:news></url>"
        );
    }
    text + "</urlset>"
}

/// A publisher with a news sitemap.
fn serve(publisher: &FeedServer, pages: &[(&str, &str)], at: Timestamp) {
    publisher.put("/robots.txt", "text/plain", format!("User-agent: *\nSitemap: {}\n", publisher.url("/news.xml")));
    let pages: Vec<_> = pages.iter().map(|(path, title)| (publisher.url(path), *title)).collect();
    publisher.put("/news.xml", "application/xml", news_sitemap(&pages, at));
}

fn allow(world: &World, more: &str, servers: &[&FeedServer]) {
    world.configure(more);
    let config = std::fs::read_to_string(world.config()).expect("written");
    let servers: String = servers.iter().map(|server| format!("\"{}\", ", server.address())).collect();
    world.write("vedetta.toml", &config.replace("allow = [", &format!("allow = [{servers}")));
}

/// The links that were told, by headline.
fn told(watch: &Watch) -> Vec<(String, String)> {
    let mut told: Vec<_> = watch
        .world
        .hook
        .calls()
        .iter()
        .map(|call| {
            let article = &call.json()["data"]["article"];
            let text = |key: &str| article[key].as_str().unwrap_or_default().to_owned();
            (text("title"), text("url"))
        })
        .collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregators_token_becomes_the_publishers_address_where_that_lists_the_headline_once() {
    let world = World::new().await;
    let (faro, mayak, twice, shut, quiet) =
        (publisher(2).await, publisher(3).await, publisher(4).await, publisher(5).await, publisher(6).await);
    // Somebody's machine on our own network, which a feed may not have us ask.
    let private = publisher(7).await;
    allow(
        &world,
        &format!("{}{}", world.feed("/google.xml"), world.feed("/direct.xml")),
        &[&faro, &mayak, &twice, &shut, &quiet],
    );
    let mut watch = Watch::new(world).await;
    let at = watch.clock.now().before(HOUR);
    serve(&faro, &[("/mare/1", "La vedetta avvista una nave"), ("/sport/2", "Il derby finisce in pareggio")], at);
    // No sitemap, but a feed that its home page declares.
    mayak.put(
        "/",
        "text/html",
        "<html><head><link rel='alternate' type='application/rss+xml' href='/лента.xml'></head></html>",
    );
    let listed = rss(&[item("9", "Дозор заметил корабль у берега | Маяк Севера", "")]);
    let listed = listed.replace("https://outlet.example/", &mayak.url("/новости/"));
    mayak.put("/%D0%BB%D0%B5%D0%BD%D1%82%D0%B0.xml", "application/rss+xml", listed);
    let same = "瞭望塔发现一艘船";
    serve(&twice, &[("/1", same), ("/2", same)], at);
    let hidden = "User-agent: vedetta-test\nDisallow: /\n";
    shut.put("/robots.txt", "text/plain", format!("{hidden}Sitemap: {}\n", shut.url("/news.xml")));
    shut.put("/news.xml", "application/xml", news_sitemap(&[(shut.url("/1"), "مرقب الميناء يرصد سفينة")], at));
    serve(&private, &[("/1", "A lookout saw a ship")], at);
    serve(&quiet, &[("/1", "Nothing of interest at all")], at);
    let site = |server: &FeedServer| server.url("");
    let entries = |more: &str| {
        google(&[
            (1, &format!("La vedetta avvista una nave{more}"), "Il Faro", &site(&faro)),
            (2, "Дозор заметил корабль у берега", "Маяк Севера", &site(&mayak)),
            (3, same, "灯塔日报", &site(&twice)),
            (4, "مرقب الميناء يرصد سفينة", "المنارة", &site(&shut)),
            (5, "A lookout saw a ship", "Router", &site(&private)),
            (6, "Nothing of interest at all", "The Quiet", &site(&quiet)),
        ])
    };
    watch.world.server.put("/google.xml", "application/rss+xml", entries(""));
    // The publisher's own feed has the first article too: one article, one message.
    let direct =
        rss(&[item("1", "La vedetta avvista una nave", "")]).replace("https://outlet.example/1", &faro.url("/mare/1"));
    watch.world.server.put("/direct.xml", "application/rss+xml", direct);
    watch.round().await;
    let expect = [
        ("A lookout saw a ship".to_owned(), token(5)),
        ("La vedetta avvista una nave".to_owned(), faro.url("/mare/1")),
        ("Дозор заметил корабль у берега".to_owned(), mayak.url("/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8/9")),
        ("مرقب الميناء يرصد سفينة".to_owned(), token(4)),
        (same.to_owned(), token(3)),
    ];
    assert_eq!(told(&watch), expect);
    assert_eq!((private.hits("/robots.txt"), private.hits("/news.xml")), (0, 0), "[network] allow");
    assert_eq!(shut.hits("/news.xml"), 0, "robots.txt");
    assert_eq!(quiet.hits("/robots.txt"), 0, "nobody would be told");
    assert_eq!(faro.hits("/news.xml"), 1);
    // An edit keeps the address, and so does a restart; the same article is told once.
    watch.hours(1).await;
    watch.restart().await;
    watch.world.server.put("/google.xml", "application/rss+xml", entries(": è straniera"));
    watch.hours(2).await;
    assert_eq!(told(&watch), expect);
    let stored = watch.line.store.articles_at(&faro.url("/mare/1")).await.expect("readable");
    assert!(stored.iter().any(|article| article.title.ends_with("straniera")), "{stored:?}");
    assert_eq!(faro.hits("/news.xml"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_headlines_of_a_publisher_ask_it_once_and_a_new_one_asks_whether_it_changed() {
    let world = World::new().await;
    let faro = publisher(12).await;
    allow(&world, &world.feed("/google.xml"), &[&faro]);
    let watch = Watch::new(world).await;
    let headlines: Vec<String> =
        (0..100).map(|number| format!("Vedetta {number}: avvistata la nave {number}")).collect();
    let paths: Vec<String> = (0..100).map(|number| format!("/{number}")).collect();
    let pages: Vec<(&str, &str)> =
        paths.iter().zip(&headlines).map(|(path, title)| (path.as_str(), title.as_str())).collect();
    serve(&faro, &pages[..90], watch.clock.now());
    let site = faro.url("");
    let items: Vec<_> =
        headlines.iter().zip(0..).map(|(title, number)| (number, title.as_str(), "Il Faro", site.as_str())).collect();
    watch.world.server.put("/google.xml", "application/rss+xml", google(&items[..95]));
    watch.round().await;
    let feed = vedetta::model::FeedId::derive(&[&watch.world.server.url("/google.xml")]);
    let links = || async { watch.line.store.links_since(feed, Timestamp::EPOCH).await.expect("readable") };
    let found = links().await;
    assert_eq!(found.iter().filter(|link| link.starts_with(&site)).count(), 90);
    assert_eq!((found.len(), faro.hits("/robots.txt"), faro.hits("/news.xml")), (95, 1, 1));
    // An hour later it lists more. Those five that it did not list before are not asked for again.
    serve(&faro, &pages, watch.clock.now());
    watch.world.server.put("/google.xml", "application/rss+xml", google(&items));
    watch.hours(1).await;
    let found = links().await;
    assert_eq!(found.iter().filter(|link| link.starts_with(&site)).count(), 95);
    assert_eq!((found.len(), faro.hits("/news.xml")), (100, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_read_at_the_publishers_and_never_at_the_aggregators() {
    let world = World::new().await;
    let (faro, other) = (publisher(22).await, publisher(23).await);
    let feed = format!("{}full_text = true\n", world.feed("/google.xml"));
    allow(&world, &feed, &[&faro, &other]);
    let watch = Watch::new(world).await;
    serve(&faro, &[("/mare/1", "Notizie dal porto di Genova")], watch.clock.now());
    let text = "Ieri sera la vedetta del porto ha avvistato una nave senza bandiera, ferma a due miglia dalla costa. "
        .repeat(6);
    faro.put(
        "/mare/1",
        "text/html",
        format!("<html><body><article><h1>Notizie dal porto di Genova</h1><p>{text}</p></article></body></html>"),
    );
    let items = [
        (1, "Notizie dal porto di Genova", "Il Faro", faro.url("")),
        (2, "Una vedetta per il porto nuovo", "Altri", other.url("")),
    ];
    let items: Vec<_> =
        items.iter().map(|(number, title, name, site)| (*number, *title, *name, site.as_str())).collect();
    watch.world.server.put("/google.xml", "application/rss+xml", google(&items));
    watch.round().await;
    let expect = [
        ("Notizie dal porto di Genova".to_owned(), faro.url("/mare/1")),
        ("Una vedetta per il porto nuovo".to_owned(), token(2)),
    ];
    assert_eq!(told(&watch), expect, "the first matches in its text alone");
    let stored = watch.line.store.articles_at(&token(2)).await.expect("readable");
    assert_eq!(stored[0].text_status, TextStatus::Failed);
    assert!(stored[0].text_error.as_deref().is_some_and(|error| error.contains("aggregator")), "{stored:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_does_not_answer_holds_an_alert_up_for_a_bounded_time_and_nobody_elses() {
    let world = World::new().await;
    let faro = publisher(32).await;
    // It takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind((Ipv4Addr::new(127, 0, 0, 33), 0)).await.expect("a port");
    let silent = silent.local_addr().expect("its address");
    allow(&world, &world.feed("/google.xml"), &[&faro]);
    let config = std::fs::read_to_string(world.config()).expect("written");
    let config = config.replace("allow = [", &format!("page_deadline = \"2s\"\nallow = [\"{silent}\", "));
    world.write("vedetta.toml", &config);
    let watch = Watch::new(world).await;
    serve(&faro, &[("/1", "La vedetta avvista una nave")], watch.clock.now());
    let hangs = format!("http://{silent}");
    let headlines: Vec<String> = (0..20).map(|number| format!("La vedetta del molo {number} non risponde")).collect();
    let mut items = vec![(1, "La vedetta avvista una nave", "Il Faro", faro.url(""))];
    items.extend(headlines.iter().zip(2..).map(|(title, number)| (number, title.as_str(), "Muto", hangs.clone())));
    let items: Vec<_> =
        items.iter().map(|(number, title, name, site)| (*number, *title, *name, site.as_str())).collect();
    watch.world.server.put("/google.xml", "application/rss+xml", google(&items));
    let began = Instant::now();
    watch.round().await;
    assert!(began.elapsed() < Duration::from_secs(10), "asked once for all twenty: {:?}", began.elapsed());
    let told = told(&watch);
    assert!(told.contains(&("La vedetta avvista una nave".to_owned(), faro.url("/1"))), "{told:?}");
    assert!(told.iter().filter(|(_, link)| link.starts_with("https://news.google.com/")).count() >= 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_longer_headline_is_another_article_and_its_publisher_is_asked_for_it() {
    let world = World::new().await;
    let faro = publisher(42).await;
    allow(&world, &world.feed("/google.xml"), &[&faro]);
    let watch = Watch::new(world).await;
    let (short, long) =
        ("Vedetta: nave affondata", "Vedetta: nave affondata - molti dispersi tra passeggeri, equipaggio");
    let site = faro.url("");
    serve(&faro, &[("/1", short)], watch.clock.now());
    watch.world.server.put("/google.xml", "application/rss+xml", google(&[(1, short, "Il Faro", &site)]));
    watch.round().await;
    assert_eq!(told(&watch), [(short.to_owned(), faro.url("/1"))]);
    serve(&faro, &[("/1", short), ("/2", long)], watch.clock.now());
    let both = google(&[(2, long, "Il Faro", &site), (1, short, "Il Faro", &site)]);
    watch.world.server.put("/google.xml", "application/rss+xml", both);
    watch.hours(1).await;
    assert_eq!(told(&watch), [(short.to_owned(), faro.url("/1")), (long.to_owned(), faro.url("/2"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_that_had_trouble_is_asked_again_within_the_hour() {
    let world = World::new().await;
    let faro = publisher(43).await;
    allow(&world, &world.feed("/google.xml"), &[&faro]);
    let watch = Watch::new(world).await;
    let (first, second) = ("La vedetta avvista una nave", "瞭望台发现一艘外国船只");
    let rules = std::fs::read_to_string(watch.world.folder.path().join("rules/lookout.toml")).expect("written");
    assert!(rules.contains("瞭望"), "the second headline is about the topic too");
    let site = faro.url("");
    serve(&faro, &[("/1", first)], watch.clock.now());
    faro.put_status("/news.xml", 503, "text/plain", "in manutenzione");
    watch.world.server.put("/google.xml", "application/rss+xml", google(&[(1, first, "Il Faro", &site)]));
    watch.round().await;
    assert_eq!(told(&watch), [(first.to_owned(), token(1))], "the alert does not wait for it");
    serve(&faro, &[("/1", first), ("/2", second)], watch.clock.now());
    let both = google(&[(2, second, "Il Faro", &site), (1, first, "Il Faro", &site)]);
    watch.world.server.put("/google.xml", "application/rss+xml", both);
    watch.hours(1).await;
    assert_eq!(told(&watch), [(first.to_owned(), token(1)), (second.to_owned(), faro.url("/2"))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_article_under_the_same_id_is_news() {
    let world = World::new().await;
    let faro = publisher(52).await;
    allow(&world, &world.feed("/google.xml"), &[&faro]);
    let watch = Watch::new(world).await;
    let pages =
        ["La vedetta avvista una nave", "Sciopero nei porti: che cosa dice Vedetta", "Vedetta premiata a Genova"];
    serve(&faro, &[("/1", pages[0]), ("/2", pages[1])], watch.clock.now());
    let site = faro.url("");
    // What somebody made at home: the story of the hour, always under one id.
    let top = |number: u32| {
        let title = pages[usize::try_from(number).expect("small") - 1];
        google(&[(number, title, "Il Faro", &site)]).replace(&format!(">CBM{number}<"), ">top<")
    };
    watch.world.server.put("/google.xml", "application/rss+xml", top(1));
    watch.round().await;
    for number in [2, 3] {
        watch.world.server.put("/google.xml", "application/rss+xml", top(number));
        watch.hours(1).await;
    }
    let expect =
        [(pages[0].to_owned(), faro.url("/1")), (pages[1].to_owned(), faro.url("/2")), (pages[2].to_owned(), token(3))];
    assert_eq!(told(&watch), expect);
}
