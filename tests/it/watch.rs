//! The watch over the other stages: the heartbeat, messages that wait, a database that takes no writes.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vedetta::config::Environment;
use vedetta::daemon;
use vedetta::model::{ChannelName, Clock as _, HealthEvent, ManualClock, Severity, Timestamp};
use vedetta::pipeline::{Line, Stage as _, Watch};

use crate::support::{World, body, header, until};

const LIMIT: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);
const SECOND: Duration = Duration::from_secs(1);

/// A line whose clock is moved by hand, and its watch.
struct Bench {
    world: World,
    clock: Arc<ManualClock>,
    line: Arc<Line>,
    watch: Watch,
    stop: CancellationToken,
}

impl Bench {
    async fn new(more: &str) -> Self {
        let world = World::new().await;
        world.server.put("/beat", "text/plain", "OK");
        let beat = world.server.url("/beat");
        world.configure(&format!("\n[heartbeat]\nurl = \"{beat}\"\n{more}{}", world.feed("/feed.xml")));
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time")));
        let loaded = daemon::load(&world.config(), &Environment::default(), clock.now()).expect("a good file");
        let line = daemon::open_line(loaded, clock.clone(), Duration::from_secs(5)).await.expect("a line");
        line.progress.beat("poll", clock.now());
        Self { world, clock, line, watch: Watch::default(), stop: CancellationToken::new() }
    }

    /// Lets it look after so long; the heartbeats that were sent until then.
    async fn after(&self, duration: Duration) -> u64 {
        self.clock.advance(duration);
        self.line.progress.beat("poll", self.clock.now());
        self.look().await
    }

    async fn look(&self) -> u64 {
        self.watch.tick(&self.line, self.clock.now(), &self.stop).await.expect("it looks");
        until("its messages are sent", LIMIT, || self.line.tasks.is_empty()).await;
        self.world.server.hits("/beat")
    }

    /// Promises a message to one channel, or to both.
    async fn promise(&self, key: &str, except: Option<&str>) {
        let at = self.clock.now();
        let event = HealthEvent { key: key.to_owned(), title: key.to_owned(), detail: "d".to_owned(), at };
        let except = except.map(|name| ChannelName::new(name).expect("a name"));
        self.line.tell(event, Severity::Notice, except.as_ref()).await;
    }

    /// Titles of what was promised to a channel.
    async fn told(&self, channel: &str) -> Vec<String> {
        let all = self.line.store.deliveries(None, 100).await.expect("a list");
        all.into_iter().filter(|row| row.channel.as_str() == channel).map(|row| row.title).collect()
    }
}

#[tokio::test]
async fn a_heartbeat_is_sent_in_its_rhythm_and_tried_again_soon_when_it_fails() {
    let bench = Bench::new("every = \"5m\"\n").await;
    assert_eq!(bench.look().await, 1);
    assert_eq!(bench.after(MINUTE * 5 - SECOND).await, 1);
    assert_eq!(bench.after(SECOND * 30).await, 2);
    bench.world.server.put_status("/beat", 500, "text/plain", "down");
    assert_eq!(bench.after(MINUTE * 5).await, 3);
    bench.world.server.put_status("/beat", 302, "text/plain", "elsewhere");
    assert_eq!(bench.after(SECOND * 30).await, 4);
    bench.world.server.put("/beat", "text/plain", "OK");
    assert_eq!(bench.after(SECOND * 30).await, 5);
    assert_eq!(bench.after(SECOND * 30).await, 5, "it was taken");
    bench.clock.set(bench.clock.now().before(MINUTE * 600));
    bench.line.progress.beat("poll", bench.clock.now());
    assert_eq!(bench.look().await, 6, "a clock set back");
}

#[tokio::test]
async fn no_heartbeat_is_sent_while_a_stage_stands_still_or_the_database_takes_nothing() {
    let bench = Bench::new("every = \"1m\"\n").await;
    assert_eq!(bench.look().await, 1);
    bench.clock.advance(MINUTE + SECOND);
    assert_eq!(bench.look().await, 1, "the poll stage stands still");
    bench.line.progress.beat("poll", bench.clock.now());
    assert_eq!(bench.after(MINUTE).await, 2);

    // The small write of the watch itself is taken, the line's are not.
    for _ in 0..2 {
        bench.clock.advance(SECOND);
        bench.line.writes.refused("database or disk is full", bench.clock.now());
    }
    assert_eq!(bench.after(MINUTE).await, 2);
    bench.line.writes.taken();
    assert_eq!(bench.after(MINUTE).await, 3);
    // One write was held up and none after it.
    bench.line.writes.refused("the database is locked", bench.clock.now());
    assert_eq!(bench.after(MINUTE).await, 4);

    bench.line.store.close().await;
    assert_eq!(bench.after(MINUTE).await, 4);
}

#[tokio::test]
async fn a_message_that_waits_for_more_than_a_quarter_of_an_hour_is_told_on_another_channel_once() {
    let bench = Bench::new("").await;
    bench.look().await;
    bench.promise("alpha", Some("soc")).await;
    bench.after(MINUTE * 15 - SECOND).await;
    assert!(bench.told("soc").await.is_empty());
    let before = bench.after(SECOND * 30).await;
    assert_eq!(bench.told("soc").await, ["1 message to channel desk waits for more than 15 minutes"]);
    assert_eq!(bench.told("desk").await, ["alpha"], "not on the channel itself");
    bench.after(MINUTE).await;
    assert_eq!(bench.told("soc").await.len(), 1);
    // The other channel takes messages: whoever reads it is told, and the heartbeat goes on.
    assert!(bench.after(MINUTE * 5).await > before);
}

#[tokio::test]
async fn where_no_channel_takes_anything_the_heartbeat_stops() {
    let bench = Bench::new("every = \"1m\"\n").await;
    bench.look().await;
    bench.promise("alpha", None).await;
    let beats = bench.after(MINUTE * 14).await;
    assert_eq!(bench.after(MINUTE * 2).await, beats);
    assert_eq!(bench.after(MINUTE).await, beats);
}

#[tokio::test]
async fn what_was_due_before_the_start_has_its_quarter_of_an_hour_too() {
    let bench = Bench::new("").await;
    bench.promise("alpha", Some("soc")).await;
    bench.clock.advance(MINUTE * 60 * 9);
    bench.after(SECOND).await;
    assert!(bench.told("soc").await.is_empty());
    bench.after(MINUTE * 15).await;
    assert_eq!(bench.told("soc").await.len(), 1);
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_told_once_from_memory_and_its_end_through_the_outbox() {
    let bench = Bench::new("").await;
    bench.look().await;
    let start = bench.clock.now();
    bench.line.writes.refused("database or disk is full", start);
    bench.after(SECOND * 19).await;
    assert!(bench.world.mailbox.messages().is_empty(), "it may pass");
    bench.after(SECOND * 6).await;
    assert!(bench.world.mailbox.messages().is_empty(), "nothing was refused since");
    bench.world.mailbox.misbehave(vedetta::demo::Mischief::RefuseMessage("451 4.3.0 later".to_owned()), 1);
    bench.line.writes.refused("database or disk is full", bench.clock.now());
    bench.after(SECOND * 6).await;
    assert_eq!((bench.world.mailbox.messages().len(), bench.world.hook.calls().len()), (0, 1));
    for _ in 0..3 {
        bench.line.writes.refused("database or disk is full", bench.clock.now());
        bench.after(SECOND * 6).await;
    }
    let mails = bench.world.mailbox.messages();
    assert_eq!((mails.len(), bench.world.hook.calls().len()), (1, 1), "the mail tried again, nothing repeated");
    let mail = &mails[0].data;
    let subject = header(mail, "Subject").expect("a subject");
    assert_eq!(subject, "[vedetta] URGENT: vedetta can't write its database and stands still");
    let text = body(mail, "text/plain");
    assert!(text.contains("database or disk is full") && text.contains("vedetta.db"), "{text}");
    assert!(bench.told("desk").await.is_empty(), "nothing of it is in the outbox");

    bench.line.writes.taken();
    bench.after(SECOND * 6).await;
    assert_eq!(bench.told("desk").await, ["vedetta can write its database again"]);
    bench.after(MINUTE).await;
    assert_eq!((bench.told("desk").await.len(), bench.world.mailbox.messages().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_sends_heartbeats_by_post_too() {
    let world = World::new().await;
    let beat = format!("{}/beat", world.endpoint());
    world.configure(&format!(
        "\n[heartbeat]\nurl = \"{beat}\"\nevery = \"1s\"\nmethod = \"post\"\n{}",
        world.feed("/f")
    ));
    let _daemon = world.daemon();
    let calls = world.hook.wait_for(2, LIMIT).await;
    assert!(calls.iter().all(|call| call.method == "POST" && call.path == "/beat" && call.body.is_empty()));
    assert!(calls.iter().all(|call| call.header("user-agent").starts_with("vedetta-test/")));
}
