//! Feeds that are cut off before their end: what is whole is told at once, what is not is asked for again soon, and a feed
//! that stays so is told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Watch;
use crate::support::{World, item, program, rss};

/// A web server that sends what it was given, byte for byte, and closes; and what it was asked.
#[derive(Clone, Default)]
struct Raw(Arc<Mutex<(Vec<u8>, Vec<String>)>>);

impl Raw {
    /// The server and its address.
    async fn start() -> (Self, std::net::SocketAddr) {
        let raw = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = raw.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let answer = {
                    let mut state = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                    state.1.push(String::from_utf8_lossy(&head).to_lowercase());
                    state.0.clone()
                };
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        (raw, address)
    }

    /// From now on, `sent` of a body, as one of `announced` bytes, or without saying how many.
    fn put(&self, sent: &[u8], announced: Option<usize>) {
        let length = announced.map(|length| format!("Content-Length: {length}\r\n")).unwrap_or_default();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: \"always\"\r\n\
             Last-Modified: Sun, 22 Nov 2026 12:00:00 GMT\r\n{length}Connection: close\r\n\r\n"
        );
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = [head.as_bytes(), sent].concat();
    }

    /// From now on, this answer, head and all.
    fn answer(&self, text: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 = text.as_bytes().to_vec();
    }

    /// The requests since the last call.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).1)
    }
}

async fn watch(more: &str) -> (Watch, Raw) {
    let world = World::new().await;
    let (raw, address) = Raw::start().await;
    world.configure(&format!(
        "\n[[feed]]\nurl = \"http://{address}/feed.xml\"\nname = \"Faro\"\ninterval = \"15m\"\n{more}"
    ));
    let config = std::fs::read_to_string(world.config()).expect("written");
    let allowed = world.server.address().to_string();
    std::fs::write(
        world.config(),
        config.replace(&format!("allow = [\"{allowed}\""), &format!("allow = [\"{allowed}\", \"{address}\"")),
    )
    .expect("written");
    (Watch::new(world).await, raw)
}

/// When the feed is polled next, from now.
async fn wait(watch: &Watch) -> Duration {
    let next = watch.line.store.next_poll_at().await.expect("readable").expect("planned");
    next.since(vedetta::model::Clock::now(&*watch.clock))
}

/// Whole feeds of three entries, the newest last, in which the last is about a lookout.
fn feeds() -> Vec<(&'static str, String, &'static str, &'static str)> {
    let three = |first: &str, second: &str, third: &str, text: &str| {
        rss(&[item("1", first, "…"), item("2", second, "…"), item("3", third, text)])
    };
    vec![
        (
            "it",
            three(
                "Il mare è calmo",
                "La vedetta avvista una nave",
                "Una vedetta scopre una città perduta",
                "Là, più a sud.",
            ),
            "La vedetta avvista una nave",
            "Una vedetta scopre una città perduta",
        ),
        (
            "ru",
            three("Море спокойно", "Дозорный заметил корабль", "Дозор обнаружил город", "Далеко на юге."),
            "Дозорный заметил корабль",
            "Дозор обнаружил город",
        ),
        (
            "zh",
            three("海面平静", "瞭望员发现一艘船", "瞭望塔发现城市", "在南方很远的地方。"),
            "瞭望员发现一艘船",
            "瞭望塔发现城市",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_entry_of_a_feed_cut_anywhere_in_it_is_told_whole_and_once() {
    for (language, whole, second, third) in feeds() {
        let whole = whole.into_bytes();
        let start = whole.windows(6).rposition(|window| window == b"<item>").expect("an item");
        let end = whole.windows(7).rposition(|window| window == b"</item>").expect("an item");
        // In the tag, in the guid, in the middle of a character of the title, in the text.
        let title = start + String::from_utf8_lossy(&whole[start..]).find("<title>").expect("a title") + 7;
        let in_character =
            (title..end).find(|at| !whole[*at].is_ascii() && whole[*at] & 0xc0 == 0x80).expect("a character");
        for (cut, announced) in
            [(start + 4, false), (start + 30, false), (in_character, false), (in_character, true), (end - 3, true)]
        {
            let (watch, raw) = watch("").await;
            raw.put(&whole[..cut], announced.then_some(whole.len()));
            let report = watch.round().await;
            assert_eq!(report.failed.len(), 1, "{language} {cut}: {report:?}");
            assert!(report.failed[0].1.contains("after 2"), "{:?}", report.failed);
            assert_eq!(watch.titles(), [second], "{language} {cut}");
            assert_eq!(watch.articles().await, 2, "{language} {cut}");
            let wait = wait(&watch).await;
            assert!(wait <= Duration::from_secs(70), "{language} {cut}: asked again after {wait:?}");
            // The same once more, then all of it: asked for in full each time.
            watch.clock.advance(wait);
            watch.round().await;
            raw.put(&whole, Some(whole.len()));
            watch.clock.advance(Duration::from_secs(300));
            assert_eq!(watch.round().await.failed, []);
            assert_eq!(watch.articles().await, 3);
            let mut told = vec![second.to_owned(), third.to_owned()];
            told.sort();
            assert_eq!(watch.titles(), told, "{language} {cut}");
            let asked = raw.asked();
            assert!(asked.len() == 3 && !asked.iter().any(|head| head.contains("if-none-match")), "{asked:?}");
            watch.clock.advance(Duration::from_secs(900));
            watch.round().await;
            assert!(
                raw.asked()[0].contains("if-none-match: \"always\""),
                "a whole feed is asked whether it has changed"
            );
            assert_eq!(watch.titles().len(), 2);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_feed_survives_answers_that_are_cut_off() {
    let (watch, raw) = watch("").await;
    let whole = feeds().remove(1).1.into_bytes();
    raw.put(&whole, Some(whole.len()));
    watch.round().await;
    assert_eq!(watch.titles().len(), 2);
    // An entry that is known comes in half: no edit, nothing told again.
    let cut = whole.len() - 90;
    raw.put(&whole[..cut], None);
    for _ in 0..3 {
        watch.clock.advance(Duration::from_secs(900));
        assert_eq!(watch.round().await.failed.len(), 1);
    }
    raw.put(&whole, Some(whole.len()));
    watch.clock.advance(Duration::from_secs(900));
    assert_eq!(watch.round().await.failed, []);
    assert_eq!((watch.titles().len(), watch.articles().await), (2, 3));
    let stored = watch.line.store.feeds().await.expect("readable").remove(0).state;
    assert_eq!((stored.failures, stored.last_error, stored.failing_since), (0, None, None));
    assert_eq!(watch.subjects().len(), 2, "no word of what passed: {:?}", watch.subjects());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_stays_cut_off_is_told_once_polled_as_ever_and_its_news_goes_out() {
    let (watch, raw) = watch("").await;
    let item = |n: u32, title: &str| format!("<item><guid>{n}</guid><title>{title}</title></item>");
    let mut items = vec![item(1, "海面平静"), item(2, "La mer est calme"), item(3, "Море спокойно")];
    let put = |items: &[String]| {
        let text = format!(
            "<rss version=\"2.0\"><channel><title>Faro</title>{}<item><guid>999</guid><title>瞭望",
            items.concat()
        );
        raw.put(text.as_bytes(), None);
    };
    put(&items);
    watch.round().await;
    for hour in 0..8 {
        watch.clock.advance(Duration::from_secs(3600));
        watch.round().await;
        if hour == 3 {
            items.insert(0, item(4, "瞭望员发现一艘船"));
            put(&items);
        }
        let wait = wait(&watch).await;
        assert!(wait <= Duration::from_secs(17 * 60), "{wait:?} after {hour} h");
    }
    let subjects = watch.subjects();
    assert_eq!(
        subjects.iter().filter(|subject| subject.contains("is cut off before its end")).count(),
        1,
        "{subjects:?}"
    );
    assert_eq!(watch.titles(), ["Faro is cut off before its end", "瞭望员发现一艘船"]);
    let text = format!("<rss version=\"2.0\"><channel><title>Faro</title>{}</channel></rss>", items.concat());
    raw.put(text.as_bytes(), None);
    watch.clock.advance(Duration::from_secs(900));
    watch.round().await;
    assert!(watch.subjects().iter().any(|subject| subject.contains("Faro works again")), "{:?}", watch.subjects());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_answer_after_days_of_cut_ones_is_the_first_of_its_kind() {
    let (watch, raw) = watch("").await;
    let items: String = (1..4).map(|n| format!("<item><guid>{n}</guid><title>海面平静 {n}</title></item>")).collect();
    let part = format!("<rss version=\"2.0\"><channel><title>Faro</title>{items}<item><guid>9");
    raw.put(part.as_bytes(), None);
    for _ in 0..30 {
        watch.clock.advance(Duration::from_secs(3600));
        watch.round().await;
    }
    raw.answer("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let mut waits = Vec::new();
    for _ in 0..3 {
        watch.clock.advance(wait(&watch).await);
        assert_eq!(watch.round().await.failed.len(), 1);
        waits.push(wait(&watch).await.as_secs() / 60);
    }
    assert!((15..18).contains(&waits[0]) && (30..36).contains(&waits[1]) && waits[2] >= 60, "{waits:?} minutes");
    // Cut off once more, it is polled as ever.
    raw.put(part.as_bytes(), None);
    watch.clock.advance(wait(&watch).await);
    watch.round().await;
    assert!(wait(&watch).await <= Duration::from_secs(17 * 60));
    let told = watch.subjects().iter().filter(|subject| subject.contains("is cut off")).count();
    assert_eq!(told, 1, "{:?}", watch.subjects());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_new_feed_held_already_is_no_news_because_its_first_answer_was_cut_off() {
    let (mut watch, raw) = watch("").await;
    let config = std::fs::read_to_string(watch.world.config()).expect("written");
    std::fs::write(watch.world.config(), config.replace("first_poll = \"all\"", "first_poll = \"recent\""))
        .expect("written");
    watch.restart().await;
    let item = |n: u32, title: &str, date: &str| {
        format!("<item><guid>{n}</guid><title>{title}</title><pubDate>{date}</pubDate></item>")
    };
    let new = item(1, "Дозорный заметил корабль", "Mon, 23 Nov 2026 07:00:00 GMT");
    let old = item(2, "La vedetta avvista una nave", "Mon, 02 Nov 2026 07:00:00 GMT");
    let head = "<rss version=\"2.0\"><channel><title>Faro</title>";
    raw.put(format!("{head}{new}<item><guid>2").as_bytes(), None);
    watch.round().await;
    assert_eq!(watch.titles(), ["Дозорный заметил корабль"]);
    raw.put(format!("{head}{new}{old}</channel></rss>").as_bytes(), None);
    watch.clock.advance(Duration::from_secs(60));
    watch.round().await;
    assert_eq!(watch.titles(), ["Дозорный заметил корабль"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_feed_that_is_cut_off_gives_what_is_whole() {
    let (watch, raw) = watch("").await;
    let whole = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "灯台", "authors": [{"name": "\"{["}], "items": [
        {"id": 1, "title": "瞭望员发现一艘船", "authors": [{"name": "编辑"}], "content_text": "他说：\"}]\"。"},
        {"id": 2, "title": "Дозор обнаружил город", "content_text": "Далеко на юге."}]}"#;
    let cut = whole.find("обнаружил").expect("there") + 1;
    raw.put(&whole.as_bytes()[..cut], Some(whole.len()));
    watch.round().await;
    assert_eq!(watch.titles(), ["瞭望员发现一艘船"]);
    raw.put(whole.as_bytes(), Some(whole.len()));
    watch.clock.advance(Duration::from_secs(70));
    assert_eq!(watch.round().await.failed, []);
    assert_eq!(watch.titles().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sitemap_of_an_index_that_is_cut_off_is_read_again_though_the_index_is_the_same() {
    let world = World::new().await;
    world.configure(&world.feed("/index.xml"));
    let url = |path: &str| world.server.url(path);
    let index = format!(
        "<sitemapindex><sitemap><loc>{}</loc><lastmod>2026-11-23</lastmod></sitemap></sitemapindex>",
        url("/news.xml")
    );
    let page = |n: u32, title: &str| {
        format!(
            "<url><loc>{}</loc><n:news><n:publication_date>2026-11-23T07:0{n}:00Z</n:publication_date><n:title>{title}</n:title></n:news></url>",
            url(&format!("/{n}"))
        )
    };
    let head = "<urlset xmlns:n=\"http://www.google.com/schemas/sitemap-news/0.9\">";
    let (one, two) = (page(1, "瞭望员发现一艘船"), page(2, "Дозор обнаружил город"));
    world.server.put("/index.xml", "text/xml", index);
    world.server.put("/news.xml", "text/xml", format!("{head}{one}{}", &two[..two.len() - 31]));
    let watch = Watch::new(world).await;
    let report = watch.round().await;
    assert!(report.failed.len() == 1 && report.failed[0].1.contains("news.xml"), "{report:?}");
    assert_eq!(watch.titles(), ["瞭望员发现一艘船"]);
    watch.world.server.put("/news.xml", "text/xml", format!("{head}{one}{two}</urlset>"));
    watch.clock.advance(Duration::from_secs(70));
    assert_eq!(watch.round().await.failed, []);
    assert_eq!(watch.titles().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_says_that_a_feed_is_cut_off() {
    let world = World::new().await;
    world.write("cut.xml", "<rss version=\"2.0\"><channel><title>Faro</title><item><guid>1</guid><title>Дозор</title></item><item><title>瞭");
    let output =
        program().args(["feed", "parse", "cut.xml"]).current_dir(world.folder.path()).output().expect("it runs");
    let feed: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &feed["ends_early"]), (Some(0), &true.into()), "{feed}");
    world.configure(&world.feed("/feed.xml"));
    let text = std::fs::read(world.folder.path().join("cut.xml")).expect("written");
    world.server.put("/feed.xml", "application/rss+xml", text);
    let mut command = world.vedetta(&["run", "--once"]);
    let output = tokio::task::spawn_blocking(move || command.output().expect("it runs")).await.expect("joined");
    let log = String::from_utf8_lossy(&output.stderr);
    let line = log.lines().find(|line| line.contains("only a part of the feed came")).unwrap_or_default();
    assert!(line.contains("WARN") && line.contains("after 1 entry"), "{log}");
    assert_eq!(output.status.code(), Some(1), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_in_which_a_list_stops_is_left_for_the_next_answer() {
    let (watch, raw) = watch("").await;
    let line = |n: u32, words: &str| format!("https://outlet.example/2026/{n}-{words}\n");
    let whole =
        [line(1, "mare-calmo"), line(2, "vedetta-avvista-nave"), line(3, "вчера-дозор-обнаружил-город")].concat();
    // In the middle of the last word.
    raw.put(&whole.as_bytes()[..whole.len() - 7], Some(whole.len()));
    let report = watch.round().await;
    assert_eq!((report.failed.len(), watch.articles().await), (1, 2), "{report:?}");
    raw.put(whole.trim_end().as_bytes(), Some(whole.trim_end().len()));
    watch.clock.advance(Duration::from_secs(70));
    assert_eq!(watch.round().await.failed, []);
    assert_eq!(watch.articles().await, 3);
}
