//! Feeds that go dark, move, fall silent or run over, polled hour by hour on a clock that the tests move.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vedetta::config::Environment;
use vedetta::daemon;
use vedetta::demo::FeedServer;
use vedetta::model::{Clock, ManualClock, Timestamp};
use vedetta::pipeline::{Line, OnceProgress, OnceReport, run_once};

use crate::support::{World, body, header, item, rss};

const HOUR: Duration = Duration::from_secs(3600);

struct Silent;

impl OnceProgress for Silent {
    fn polled(&self, _: usize, _: usize) {}
    fn delivering(&self) {}
}

/// A vedetta whose clock stands still.
struct Watch {
    world: World,
    clock: Arc<ManualClock>,
    line: Arc<Line>,
}

impl Watch {
    async fn new(world: World) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339("2026-11-23T08:00:00Z").expect("a time")));
        let line = open(&world, &clock).await;
        Self { world, clock, line }
    }

    /// Polls every feed once and delivers what is due.
    async fn round(&self) -> OnceReport {
        run_once(&self.line, &CancellationToken::new(), &Silent).await.expect("the store works")
    }

    /// So many rounds, each an hour after the one before.
    async fn hours(&self, hours: usize) {
        for _ in 0..hours {
            self.clock.advance(HOUR);
            self.round().await;
        }
    }

    async fn restart(&mut self) {
        self.line.store.close().await;
        self.line = open(&self.world, &self.clock).await;
    }

    /// The subjects of the mails so far.
    fn subjects(&self) -> Vec<String> {
        self.world.mailbox.messages().iter().map(|mail| header(&mail.data, "Subject").unwrap_or_default()).collect()
    }

    fn last_mail(&self) -> String {
        self.world.mailbox.messages().last().map(|mail| body(&mail.data, "text/plain")).unwrap_or_default()
    }

    async fn articles(&self) -> u64 {
        self.line.store.feeds().await.expect("readable").iter().map(|row| row.articles).sum()
    }
}

async fn open(world: &World, clock: &Arc<ManualClock>) -> Arc<Line> {
    let loaded = daemon::load(&world.config(), &Environment::default(), clock.now()).expect("a good configuration");
    let clock: Arc<dyn Clock> = clock.clone();
    daemon::open_line(loaded, clock, Duration::from_secs(30)).await.expect("opened")
}

fn quiet_feed() -> String {
    rss(&[item("1", "Il mare è calmo", "Nessuna nave in vista.")])
}

/// A feed with dated items: numbers and times.
fn dated(items: impl IntoIterator<Item = (u32, Timestamp)>, next: Option<&str>) -> String {
    let mut text =
        "<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>Porto</title>".to_owned();
    if let Some(next) = next {
        let _ = write!(text, "<atom:link rel=\"next\" href=\"{next}\"/>");
    }
    for (number, at) in items {
        let date = at.to_chrono().to_rfc2822();
        let _ = write!(
            text,
            "<item><guid isPermaLink=\"false\">n{number}</guid><title>Bollettino {number}</title><pubDate>{date}</pubDate>\
             <link>https://outlet.example/bollettino-{number}</link></item>"
        );
    }
    text + "</channel></rss>"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_gone_is_told_once_and_so_is_its_return_over_a_restart() {
    let world = World::new().await;
    let feed = format!("{}name = \"Faro\"\nlabels = {{ country = \"it\" }}\n", world.feed("/feed.xml"));
    world.configure(&feed);
    world.server.put("/feed.xml", "application/rss+xml", quiet_feed());
    let mut watch = Watch::new(world).await;
    watch.round().await;
    watch.world.server.put_status("/feed.xml", 410, "text/plain", "gone");
    watch.hours(2).await;
    assert_eq!(watch.subjects(), [] as [&str; 0]);
    watch.restart().await;
    watch.hours(40).await;
    assert_eq!(watch.subjects(), ["[vedetta] HIGH: Faro is gone for good (410)"]);
    assert!(watch.last_mail().contains("feed discover"), "{}", watch.last_mail());
    let call = watch.world.hook.calls().remove(0).json();
    assert_eq!((&call["data"]["reason"], &call["data"]["topic"]["id"]), (&"health".into(), &"vedetta-health".into()));
    assert_eq!(call["data"]["topic"]["labels"]["country"], "it");
    watch.restart().await;
    watch.world.server.put("/feed.xml", "application/rss+xml", quiet_feed());
    watch.hours(3).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Faro works again"]);
    // Failing for a moment is not worth a word.
    watch.world.server.put_status("/feed.xml", 503, "text/plain", "busy");
    watch.hours(4).await;
    watch.world.server.put("/feed.xml", "application/rss+xml", quiet_feed());
    watch.hours(1).await;
    assert_eq!(watch.subjects().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trouble_has_its_words_and_goes_where_the_route_says() {
    let world = World::new().await;
    let mut feeds = String::new();
    for name in ["missing", "login", "wall", "page", "broken", "server"] {
        let _ = writeln!(feeds, "{}name = \"{name}\"", world.feed(&format!("/{name}")));
    }
    world.configure("");
    let config = std::fs::read_to_string(world.config()).expect("written");
    let routes =
        "[[route]]\nmatch = { reason = \"health\" }\nchannels = [\"soc\"]\n\n[[route]]\nchannels = [\"desk\", \"soc\"]";
    let config = config.replace("[[route]]\nchannels = [\"desk\", \"soc\"]", routes);
    std::fs::write(world.config(), config + &feeds).expect("written");
    let server = &world.server;
    server.put_status("/login", 401, "text/plain", "who are you");
    server.put("/wall", "text/html", "<html><title>Вход</title><form><input type=\"password\"></form></html>");
    server.put("/page", "text/html", "<html><title>首页</title><p>今日要闻</p></html>");
    server.put("/broken", "application/rss+xml", "<rss version=\"2.0\"><");
    server.put_status("/server", 503, "text/plain", "busy");
    let watch = Watch::new(world).await;
    watch.hours(9).await;
    let mut titles: Vec<_> = watch
        .world
        .hook
        .calls()
        .iter()
        .map(|call| call.json()["data"]["article"]["title"].as_str().unwrap_or_default().to_owned())
        .collect();
    titles.sort();
    let host = watch.world.server.address().ip();
    assert_eq!(
        titles,
        [
            &format!("{host} answers with errors"),
            "broken can no longer be read as a feed",
            "login wants a login",
            "missing is not found (404)",
            "page is a web page now, not a feed",
            "wall is behind a wall (login, consent or robot check)",
        ]
    );
    assert_eq!(watch.subjects(), [] as [&str; 0], "the desk is spared");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_down_is_one_trouble_and_not_one_for_each_feed() {
    let mut world = World::new().await;
    let mut servers: Vec<FeedServer> = Vec::new();
    for _ in 0..4 {
        servers.push(FeedServer::start().await.expect("a server"));
    }
    let addresses: Vec<SocketAddr> = servers.iter().map(FeedServer::address).collect();
    let mut feeds = String::new();
    for server in &servers {
        for path in 0..5 {
            let _ = write!(feeds, "\n[[feed]]\nurl = \"{}\"\n", server.url(&format!("/{path}.xml")));
        }
    }
    let serve = |servers: &[FeedServer]| {
        for server in servers {
            for path in 0..5 {
                server.put(&format!("/{path}.xml"), "application/rss+xml", quiet_feed());
            }
        }
    };
    serve(&servers);
    world.configure(&feeds);
    let config = std::fs::read_to_string(world.config()).expect("written");
    world.write("vedetta.toml", &config.replace("allow = [", "allow = [\"127.0.0.0/8\", "));
    world.server = FeedServer::start().await.expect("a server");
    let mut watch = Watch::new(world).await;
    assert_eq!(watch.round().await.polled, 20);
    servers.clear();
    watch.hours(5).await;
    watch.restart().await;
    watch.hours(10).await;
    assert_eq!(watch.subjects(), ["[vedetta] HIGH: No feed answers: is this machine's network down?"]);
    for address in addresses {
        servers.push(FeedServer::start_at(address).await.expect("the port is free again"));
    }
    serve(&servers);
    watch.hours(2).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Feeds answer again"]);
    // One host alone is no network.
    servers.truncate(3);
    watch.hours(10).await;
    assert_eq!(watch.subjects()[2..], ["[vedetta] HIGH: 127.0.0.1 does not answer"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scrolled_past_is_read_from_older_pages_or_estimated() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Porto\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let begin = watch.clock.now();
    let at = |number: u32| begin.before(HOUR * 5) + HOUR * number;
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

/// A news sitemap of (address, headline, date).
fn news_sitemap(pages: &[(String, &str, Timestamp)]) -> String {
    let mut text = "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
        xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\">"
        .to_owned();
    for (loc, title, at) in pages {
        let _ = write!(
            text,
            "<url><loc>{loc}</loc><n:news><n:publication_date>{at}</n:publication_date><n:title>{title}</n:title></n:news></url>"
        );
    }
    text + "</urlset>"
}

#[tokio::test(flavor = "multi_thread")]
async fn what_scrolled_past_is_read_from_the_sites_news_sitemap_and_told_once() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Porto\"\n", world.feed("/feed.xml")));
    let watch = Watch::new(world).await;
    let begin = watch.clock.now();
    let at = |number: u32| begin.before(HOUR * 5) + HOUR * number;
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
    put(&[25, 24, 23, 22, 21]);
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
    assert_eq!((watch.articles().await, server.hits("/archive-2019.xml")), (25, 0));
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
    assert_eq!((watch.articles().await, watch.subjects().len()), (25, 5));
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
    assert!(
        watch.last_mail().contains("11 more were found") && watch.last_mail().contains("sitemap"),
        "{}",
        watch.last_mail()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_moved_for_good_is_followed_and_keeps_its_memory() {
    let world = World::new().await;
    world.configure(&format!("{}name = \"Faro\"\n", world.feed("/old.xml")));
    let document = rss(&[item("1", "La vedetta avvista una nave", "")]);
    world.server.put("/old.xml", "application/rss+xml", document.clone());
    world.server.put("/new.xml", "application/rss+xml", document);
    let mut watch = Watch::new(world).await;
    watch.round().await;
    assert_eq!(watch.subjects().len(), 1);
    watch.world.server.move_to("/old.xml", &watch.world.server.url("/new.xml"));
    watch.hours(24).await;
    assert_eq!(watch.subjects().len(), 1, "not before a day is over");
    watch.restart().await;
    watch.hours(2).await;
    assert_eq!(watch.subjects()[1..], ["[vedetta] Faro has moved for good"]);
    let old = watch.world.server.hits("/old.xml");
    watch.hours(3).await;
    assert_eq!(watch.world.server.hits("/old.xml"), old, "the old address is asked no more");
    // The operator follows: the same feed, nothing told twice.
    let config = std::fs::read_to_string(watch.world.config()).expect("written").replace("/old.xml", "/new.xml");
    watch.world.write("vedetta.toml", &config);
    watch.restart().await;
    watch.hours(2).await;
    assert_eq!(watch.subjects().len(), 2);
    assert_eq!(watch.line.store.feeds().await.expect("readable").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_day_without_power_held_up_is_told_once_and_marked() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    let mut watch = Watch::new(world).await;
    let begin = watch.clock.now();
    let put = |watch: &Watch, items: &[(u32, Timestamp)]| {
        let text = dated(items.iter().copied(), None).replace("Bollettino", "Vedetta: bollettino");
        watch.world.server.put("/feed.xml", "application/rss+xml", text);
    };
    put(&watch, &[(1, begin.before(HOUR))]);
    watch.round().await;
    put(&watch, &[(2, begin + 14 * HOUR), (1, begin.before(HOUR))]);
    watch.clock.advance(24 * HOUR);
    watch.restart().await;
    watch.round().await;
    let mails = watch.world.mailbox.messages();
    assert_eq!(mails.len(), 2, "{:?}", watch.subjects());
    assert!(!body(&mails[0].data, "text/plain").contains("DELAYED"));
    assert!(watch.last_mail().contains("DELAYED"), "{}", watch.last_mail());
    watch.hours(2).await;
    assert_eq!(watch.subjects().len(), 2);
}
