//! Messages that wait for their next attempt: which of them a channel that takes others sets free.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use tokio_util::sync::CancellationToken;
use vedetta::config::Environment;
use vedetta::daemon;
use vedetta::model::{Clock as _, HealthEvent, ManualClock, Severity, Timestamp};
use vedetta::pipeline::{Deliver, Line, Pace, Stage as _};

use crate::support::World;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// An endpoint that breaks at messages with a word in them, at none (`None`) or at all (an empty word).
#[derive(Debug, Default)]
struct Endpoint {
    breaks_at: Mutex<Option<String>>,
    taken: Mutex<HashMap<String, usize>>,
    refused: Mutex<HashMap<String, usize>>,
}

async fn answer(State(endpoint): State<Arc<Endpoint>>, headers: HeaderMap, text: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().expect("plain").to_owned();
    let breaks = endpoint.breaks_at.lock().expect("whole").as_ref().is_some_and(|word| text.contains(word));
    let (book, status) = match breaks {
        true => (&endpoint.refused, StatusCode::INTERNAL_SERVER_ERROR),
        false => (&endpoint.taken, StatusCode::OK),
    };
    *book.lock().expect("whole").entry(id).or_default() += 1;
    status
}

/// A line with one webhook, whose clock is moved by hand.
struct Bench {
    _world: World,
    endpoint: Arc<Endpoint>,
    clock: Arc<ManualClock>,
    line: Arc<Line>,
    deliver: Deliver,
}

impl Bench {
    async fn new(breaks_at: &str) -> Self {
        let endpoint = Arc::new(Endpoint { breaks_at: Mutex::new(Some(breaks_at.to_owned())), ..Endpoint::default() });
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address: SocketAddr = listener.local_addr().expect("an address");
        let router = Router::new().fallback(answer).with_state(endpoint.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let world = World::new().await;
        world.configure(&world.feed("/feed.xml"));
        let config = std::fs::read_to_string(world.config()).expect("written");
        let config = config.replace(&world.endpoint(), &format!("http://{address}"));
        world.write("vedetta.toml", &config.replace("channels = [\"desk\", \"soc\"]", "channels = [\"soc\"]"));
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time")));
        let loaded = daemon::load(&world.config(), &Environment::default(), clock.now()).expect("a good file");
        let line = daemon::open_line(loaded, clock.clone(), 5 * SECOND).await.expect("a line");
        Self { _world: world, endpoint, clock, line, deliver: Deliver::new(true) }
    }

    async fn tell(&self, words: &str) {
        let (title, at) = (words.to_owned(), self.clock.now());
        let event = HealthEvent { key: words.to_owned(), title, detail: String::new(), at };
        assert!(self.line.tell(event, Severity::High, None).await);
    }

    /// Sends what is due, until nothing is.
    async fn send(&self) {
        let stop = CancellationToken::new();
        while self.deliver.tick(&self.line, self.clock.now(), &stop).await.expect("a tick") == Pace::Again {
            self.line.tasks.close();
            self.line.tasks.wait().await;
            self.line.tasks.reopen();
        }
    }

    fn refused(&self) -> usize {
        self.endpoint.refused.lock().expect("whole").values().sum()
    }

    fn taken(&self) -> usize {
        self.endpoint.taken.lock().expect("whole").len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_an_endpoint_breaks_at_is_sent_as_often_as_its_waits_say_whatever_else_is_taken() {
    let mut attempts = Vec::new();
    for with_others in [false, true] {
        let bench = Bench::new("яд").await;
        bench.tell("яд 毒").await;
        for round in 0..360 {
            if with_others {
                bench.tell(&format!("n{round}")).await;
            }
            bench.send().await;
            bench.clock.advance(30 * SECOND);
        }
        assert_eq!(bench.taken(), if with_others { 360 } else { 0 });
        attempts.push(bench.refused());
    }
    assert_eq!(attempts[0], attempts[1], "three hours");
    assert!((4..=6).contains(&attempts[0]), "{attempts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_little_else_is_sent_such_a_payload_is_tried_out_of_turn_a_few_times() {
    let mut attempts = Vec::new();
    for with_others in [false, true] {
        let bench = Bench::new("яд").await;
        bench.tell("яд 毒").await;
        for round in 0..240 {
            bench.send().await;
            bench.clock.advance(90 * SECOND);
            if with_others {
                bench.tell(&format!("n{round}")).await;
            }
            bench.send().await;
            bench.clock.advance(MINUTE);
        }
        attempts.push(bench.refused());
    }
    assert!(attempts[1] <= attempts[0] + 3, "ten hours: {attempts:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_broken_endpoint_held_up_is_sent_when_it_takes_messages_again() {
    let bench = Bench::new("").await;
    for number in 0..100 {
        bench.tell(&format!("Дозор {number}")).await;
    }
    for _ in 0..60 {
        bench.send().await;
        bench.clock.advance(2 * MINUTE);
    }
    assert_eq!(bench.taken(), 0);
    *bench.endpoint.breaks_at.lock().expect("whole") = None;
    bench.clock.advance(SECOND);
    bench.tell("瞭望").await;
    bench.send().await;
    assert_eq!(bench.taken(), 101, "without a further wait");
    let once = bench.endpoint.taken.lock().expect("whole").values().all(|count| *count == 1);
    assert!(once, "nothing twice");
    bench.clock.advance(24 * HOUR);
    bench.send().await;
    assert_eq!(bench.taken(), 101);
}
