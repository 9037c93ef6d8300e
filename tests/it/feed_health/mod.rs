//! Feeds that go dark, move, fall silent or run over, polled hour by hour on a clock that the tests move.

mod clock;
mod cut_off;
mod gaps;
mod kinds;
mod network;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vedetta::config::Environment;
use vedetta::daemon;
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
pub(crate) struct Watch {
    pub(crate) world: World,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) line: Arc<Line>,
}

impl Watch {
    pub(crate) async fn new(world: World) -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339("2026-11-23T08:00:00Z").expect("a time")));
        let line = open(&world, &clock).await;
        Self { world, clock, line }
    }

    /// Polls every feed once and delivers what is due.
    pub(crate) async fn round(&self) -> OnceReport {
        run_once(&self.line, &CancellationToken::new(), &Silent).await.expect("the store works")
    }

    /// So many rounds, each an hour after the one before.
    pub(crate) async fn hours(&self, hours: usize) {
        for _ in 0..hours {
            self.clock.advance(HOUR);
            self.round().await;
        }
    }

    pub(crate) async fn restart(&mut self) {
        self.line.store.close().await;
        self.line = open(&self.world, &self.clock).await;
    }

    /// The subjects of the mails so far.
    pub(crate) fn subjects(&self) -> Vec<String> {
        self.world.mailbox.messages().iter().map(|mail| header(&mail.data, "Subject").unwrap_or_default()).collect()
    }

    /// The titles of the articles in the webhook calls so far, sorted.
    fn titles(&self) -> Vec<String> {
        let mut titles: Vec<_> = (self.world.hook.calls().iter())
            .map(|call| call.json()["data"]["article"]["title"].as_str().unwrap_or_default().to_owned())
            .collect();
        titles.sort();
        titles
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
    server.put("/broken", "application/rss+xml", "<rss version=\"2.0\"><</rss>");
    server.put_status("/server", 503, "text/plain", "busy");
    let watch = Watch::new(world).await;
    watch.hours(9).await;
    let titles = watch.titles();
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
