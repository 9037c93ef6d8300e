//! WebSub against a hub that speaks it as the standard asks: publisher and hub on one loopback port.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use vedetta::config::Environment;
use vedetta::daemon::{self, HubCallbacks};
use vedetta::model::{Clock as _, ManualClock, Subscription, SubscriptionState, Timestamp};
use vedetta::pipeline::{Line, Poll, Stage as _, Subscribe};
use vedetta::web;

use crate::support::{World, item, rss, until};

const LIMIT: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);

/// What the hub does with the next request; `Verify` when nothing is planned.
#[derive(Debug, Clone)]
enum Plan {
    Verify {
        lease: u64,
    },
    /// Takes the request and forgets it.
    Lose,
    Deny,
    Refuse(u16),
    /// Asks back for something else.
    WrongTopic,
}

#[derive(Debug, Clone)]
struct Subscriber {
    callback: String,
    secret: String,
}

#[derive(Debug, Default)]
struct Books {
    feed: String,
    plans: VecDeque<Plan>,
    requests: Vec<HashMap<String, String>>,
    subscribers: HashMap<String, Subscriber>,
    /// Answers to what the hub asked back: status and whether the challenge was right.
    verifications: Vec<(u16, bool)>,
    polls: u32,
}

/// A hub and the feed that names it.
#[derive(Debug, Clone)]
struct Hub {
    books: Arc<Mutex<Books>>,
    address: std::net::SocketAddr,
    http: reqwest::Client,
}

impl Hub {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let hub = Self { books: Arc::default(), address, http };
        let router = Router::new().route("/feed.xml", get(feed)).route("/hub", post(request)).with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        hub
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap()
    }

    fn publish(&self, items: &[(String, String, String)]) {
        self.books().feed = rss(items);
    }

    fn plan(&self, plan: Plan) {
        self.books().plans.push_back(plan);
    }

    fn verified(&self) -> usize {
        self.books().verifications.iter().filter(|(status, right)| *status == 200 && *right).count()
    }

    /// Sends the feed to every subscriber; the statuses.
    async fn distribute(&self) -> Vec<u16> {
        self.distribute_with(|secret, body| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
            mac.update(body);
            Some(format!("sha256={}", hex(&mac.finalize().into_bytes())))
        })
        .await
    }

    async fn distribute_with(&self, sign: impl Fn(&str, &[u8]) -> Option<String>) -> Vec<u16> {
        let (subscribers, body) = {
            let books = self.books();
            (books.subscribers.values().cloned().collect::<Vec<_>>(), books.feed.clone())
        };
        let mut statuses = Vec::new();
        for subscriber in subscribers {
            let mut call =
                self.http.post(&subscriber.callback).header(header::CONTENT_TYPE, "application/rss+xml").header(
                    header::LINK,
                    format!("<{}>; rel=self, <{}>; rel=hub", self.url("/feed.xml"), self.url("/hub")),
                );
            if let Some(signature) = sign(&subscriber.secret, body.as_bytes()) {
                call = call.header("X-Hub-Signature", signature);
            }
            statuses.push(call.body(body.clone()).send().await.unwrap().status().as_u16());
        }
        statuses
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn feed(State(hub): State<Hub>) -> Response {
    let body = {
        let mut books = hub.books();
        books.polls += 1;
        books.feed.clone()
    };
    let links = format!("<{}>; rel=\"hub\", <{}>; rel=\"self\"", hub.url("/hub"), hub.url("/feed.xml"));
    ([(header::CONTENT_TYPE, "application/rss+xml".to_owned()), (header::LINK, links)], body).into_response()
}

/// A subscription request: answered at once, verified later, as the standard lets a hub do.
async fn request(State(hub): State<Hub>, body: String) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let plan = {
        let mut books = hub.books();
        books.requests.push(form.clone());
        books.plans.pop_front().unwrap_or(Plan::Verify { lease: 3600 })
    };
    match plan {
        Plan::Refuse(status) => return StatusCode::from_u16(status).unwrap().into_response(),
        Plan::Lose => {}
        plan => {
            tokio::spawn(async move { ask_back(&hub, &form, &plan).await });
        }
    }
    StatusCode::ACCEPTED.into_response()
}

async fn ask_back(hub: &Hub, form: &HashMap<String, String>, plan: &Plan) {
    let (callback, mode) = (form["hub.callback"].clone(), form["hub.mode"].clone());
    let challenge = format!("вызов-{}", hub.books().verifications.len());
    let mut topic = form["hub.topic"].clone();
    let mut query: Vec<(&str, String)> = Vec::new();
    match plan {
        Plan::Deny => query.extend([("hub.mode", "denied".to_owned()), ("hub.reason", "слишком много".to_owned())]),
        _ => query.extend([("hub.mode", mode.clone()), ("hub.challenge", challenge.clone())]),
    }
    if let Plan::WrongTopic = plan {
        topic.push_str("?другое");
    }
    query.push(("hub.topic", topic.clone()));
    if let Plan::Verify { lease } = plan {
        query.push(("hub.lease_seconds", lease.to_string()));
    }
    let address = reqwest::Url::parse_with_params(&callback, &query).unwrap();
    let answer = hub.http.get(address).send().await.unwrap();
    let status = answer.status().as_u16();
    let is_right = answer.text().await.unwrap() == challenge;
    let mut books = hub.books();
    books.verifications.push((status, is_right));
    if status == 200 && is_right {
        if mode == "unsubscribe" {
            books.subscribers.remove(&topic);
        } else {
            books.subscribers.insert(topic, Subscriber { callback, secret: form["hub.secret"].clone() });
        }
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn configure(world: &World, hub: &Hub, port: u16, with_feed: bool) {
    let feed = if with_feed {
        format!("\n[[feed]]\nurl = \"{}\"\ninterval = \"1h\"\nadaptive = false\n", hub.url("/feed.xml"))
    } else {
        // An edit that leaves no feed at all is refused.
        world.feed("/other.xml")
    };
    world.configure(&format!(
        "{feed}\n[http]\nlisten = \"127.0.0.1:{port}\"\npublic_url = \"http://127.0.0.1:{port}/\"\n"
    ));
    let text = std::fs::read_to_string(world.config()).unwrap();
    let allow = format!("allow = [\"{}\"", hub.address);
    world.write("vedetta.toml", &text.replacen("allow = [", &format!("{allow}, "), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn news_come_by_push_are_checked_survive_a_restart_and_end_with_the_feed() {
    let world = World::new().await;
    let hub = Hub::start().await;
    let port = free_port();
    configure(&world, &hub, port, true);
    let old = item("1", "Calma piatta", "");
    hub.publish(std::slice::from_ref(&old));
    let mut daemon = world.daemon();
    until("the subscription is verified", LIMIT, || hub.verified() == 1).await;
    let request = hub.books().requests[0].clone();
    assert_eq!(
        (request["hub.mode"].as_str(), request["hub.topic"].as_str()),
        ("subscribe", hub.url("/feed.xml").as_str())
    );
    assert!(
        request["hub.callback"].starts_with(&format!("http://127.0.0.1:{port}/websub/"))
            && request["hub.secret"].len() == 64
    );

    let push_state = || {
        let list = world.vedetta(&["feed", "list", "--format", "json"]).output().expect("it runs");
        let text = String::from_utf8(list.stdout).expect("UTF-8");
        assert!(!text.contains(&request["hub.secret"]) && !text.contains("/websub/"), "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).expect("one line");
        assert_eq!(line["push"]["hub"], hub.url("/hub"), "{line}");
        line["push"]["state"].as_str().unwrap_or_default().to_owned()
    };
    until("the list says so", LIMIT, || push_state() == "quiet").await;

    // A forgery, one without a signature and one that nobody can believe: nothing is told.
    hub.publish(&[item("9", "La vedetta è falsa", ""), old.clone()]);
    assert_eq!(hub.distribute_with(|_, _| Some(format!("sha256={}", "0".repeat(64)))).await, [202]);
    assert_eq!(hub.distribute_with(|_, _| None).await, [202]);
    let unknown =
        hub.http.post(format!("http://127.0.0.1:{port}/websub/{}", "0".repeat(32))).body("x").send().await.unwrap();
    assert_eq!(unknown.status(), 404);

    // The real thing.
    let polls = hub.books().polls;
    hub.publish(&[item("2", "瞭望塔发现一艘船", ""), old.clone()]);
    assert_eq!(hub.distribute().await, [202]);
    let calls = world.hook.wait_for(1, LIMIT).await;
    assert_eq!(calls[0].json()["data"]["article"]["title"], "瞭望塔发现一艘船", "{}", world.log());
    assert_eq!(hub.books().polls, polls, "it came by push alone");
    until("the list says that pushes come", LIMIT, || push_state() == "on").await;

    // The subscription outlives the process.
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
    let daemon = world.daemon();
    until("it is ready", LIMIT, || world.log().matches("on the lookout").count() == 2).await;
    hub.publish(&[item("3", "Дозор вышел в море", ""), item("2", "瞭望塔发现一艘船", "")]);
    assert_eq!(hub.distribute().await, [202]);
    let calls = world.hook.wait_for(2, LIMIT).await;
    assert_eq!(calls[1].json()["data"]["article"]["title"], "Дозор вышел в море");
    assert_eq!((hub.books().requests.len(), world.hook.calls().len()), (1, 2), "no second subscription");

    // A feed that is removed is unsubscribed.
    configure(&world, &hub, port, false);
    daemon.signal("HUP");
    until("the hub is told", LIMIT, || hub.verified() == 2).await;
    assert_eq!(hub.books().requests[1]["hub.mode"], "unsubscribe");
    assert!(hub.books().subscribers.is_empty());
}

/// A line whose clock is moved by hand, with its callbacks on a port.
struct Bench {
    world: World,
    hub: Hub,
    clock: Arc<ManualClock>,
    line: Arc<Line>,
    stop: CancellationToken,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let hub = Hub::start().await;
        hub.publish(&[item("1", "Calma piatta", "")]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        configure(&world, &hub, listener.local_addr().unwrap().port(), true);
        let clock = Arc::new(ManualClock::new(Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap()));
        let loaded = daemon::load(&world.config(), &Environment::default(), clock.now()).unwrap();
        let line = daemon::open_line(loaded, clock.clone(), Duration::from_secs(5)).await.unwrap();
        let stop = CancellationToken::new();
        let state = web::State {
            store: Arc::clone(&line.store),
            metrics: line.metrics.clone(),
            progress: line.progress.clone(),
            writes: line.writes.clone(),
            clock: clock.clone(),
            callbacks: Some(Arc::new(HubCallbacks(Arc::clone(&line)))),
        };
        tokio::spawn(web::serve(listener, state, stop.clone()));
        Self { world, hub, clock, line, stop }
    }

    /// Lets both stages look, and waits for what they began.
    async fn turn(&self) {
        let now = self.clock.now();
        Poll::default().tick(&self.line, now, &self.stop).await.unwrap();
        until("the polls end", LIMIT, || self.line.tasks.is_empty()).await;
        Subscribe.tick(&self.line, now, &self.stop).await.unwrap();
        until("the requests end", LIMIT, || self.line.tasks.is_empty()).await;
    }

    async fn advance(&self, by: Duration) {
        self.clock.advance(by);
        self.turn().await;
    }

    async fn subscription(&self) -> Subscription {
        self.line.store.subscriptions().await.unwrap().pop().expect("a subscription")
    }

    /// Waits until the hub has had so many answers to what it asked back.
    async fn asked_back(&self, times: usize) {
        until("the hub asks back", LIMIT, || self.hub.books().verifications.len() == times).await;
    }

    /// How long until the next poll.
    async fn wait(&self) -> Duration {
        self.line.store.next_poll_at().await.unwrap().expect("a feed").since(self.clock.now())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_verification_is_asked_for_again_and_a_lease_is_renewed_before_it_ends() {
    let bench = Bench::new().await;
    bench.hub.plan(Plan::Lose);
    bench.hub.plan(Plan::Refuse(503));
    bench.hub.plan(Plan::WrongTopic);
    bench.hub.plan(Plan::Verify { lease: 10_000 });
    bench.advance(Duration::from_secs(30)).await;
    assert_eq!(bench.hub.books().requests.len(), 1);
    assert_eq!(bench.subscription().await.state, SubscriptionState::Pending);
    bench.advance(Duration::from_secs(60)).await;
    assert_eq!(bench.hub.books().requests.len(), 1, "the hub has its time");
    bench.advance(Duration::from_secs(600)).await;
    assert_eq!(bench.hub.books().requests.len(), 2);
    assert!(bench.subscription().await.last_error.unwrap().contains("503"));
    bench.advance(HOUR).await;
    bench.asked_back(1).await;
    assert_eq!(bench.hub.books().verifications, [(404, false)], "we asked for nothing of that name");
    bench.advance(HOUR).await;
    bench.asked_back(2).await;
    let active = bench.subscription().await;
    assert_eq!((active.state, active.attempts, active.last_error), (SubscriptionState::Active, 0, None));
    assert_eq!(active.lease_until, Some(bench.clock.now() + Duration::from_secs(10_000)));
    // Before the lease ends, and with the same callback and secret.
    bench.advance(Duration::from_secs(7_900)).await;
    assert_eq!(bench.hub.books().requests.len(), 4);
    bench.advance(Duration::from_secs(200)).await;
    bench.asked_back(3).await;
    {
        let books = bench.hub.books();
        assert_eq!(books.requests.len(), 5);
        assert_eq!(books.requests[4]["hub.secret"], books.requests[3]["hub.secret"]);
        assert_eq!(books.requests[4]["hub.callback"], books.requests[3]["hub.callback"]);
    }
    // What nobody asked for is not confirmed.
    let known = bench.subscription().await;
    for mode in ["subscribe", "unsubscribe"] {
        let query = [
            ("hub.mode", mode),
            ("hub.topic", known.topic.as_str()),
            ("hub.challenge", "x"),
            ("hub.lease_seconds", "9"),
        ];
        let address = reqwest::Url::parse_with_params(&known.callback, &query).unwrap();
        assert_eq!(bench.hub.http.get(address).send().await.unwrap().status(), 404, "{mode}");
    }
    assert_eq!(bench.subscription().await, known);
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_are_rare_while_pushes_come_and_as_usual_when_they_stop() {
    let bench = Bench::new().await;
    bench.hub.plan(Plan::Verify { lease: 100_000 });
    bench.advance(Duration::from_secs(30)).await;
    bench.asked_back(1).await;
    assert!(bench.wait().await <= HOUR * 2, "no push has proved itself yet: {:?}", bench.wait().await);
    // A first push, read by the poll that it brings about.
    bench.clock.advance(Duration::from_secs(60));
    bench.hub.publish(&[item("2", "Маяк погас", ""), item("1", "Calma piatta", "")]);
    assert_eq!(bench.hub.distribute().await, [202]);
    assert_eq!(bench.wait().await, Duration::ZERO);
    let polls = bench.hub.books().polls;
    bench.turn().await;
    assert_eq!(bench.hub.books().polls, polls);
    assert!(bench.wait().await >= HOUR * 3, "{:?}", bench.wait().await);
    assert!(bench.wait().await <= HOUR * 6, "{:?}", bench.wait().await);
    let row = bench.line.store.feeds().await.unwrap().remove(0);
    assert_eq!(row.articles, 2);

    // A poll finds what was not pushed: the hub is not relied upon any more.
    bench.hub.publish(&[item("3", "Новая волна", ""), item("2", "Маяк погас", "")]);
    bench.advance(HOUR * 6).await;
    assert_eq!(bench.line.store.feeds().await.unwrap().remove(0).articles, 3);
    assert!(bench.wait().await <= HOUR * 2, "{:?}", bench.wait().await);
    // Until it sends again.
    bench.clock.advance(Duration::from_secs(60));
    bench.hub.publish(&[item("4", "Ветер стих", ""), item("3", "Новая волна", "")]);
    bench.hub.distribute().await;
    bench.turn().await;
    assert!(bench.wait().await >= HOUR * 3, "{:?}", bench.wait().await);

    // The hub dies; its lease ends; the feed is looked at.
    for _ in 0..8 {
        bench.hub.plan(Plan::Refuse(500));
    }
    bench.clock.advance(Duration::from_secs(100_000));
    let now = bench.clock.now();
    Subscribe.tick(&bench.line, now, &bench.stop).await.unwrap();
    until("the requests end", LIMIT, || bench.line.tasks.is_empty()).await;
    assert_eq!(bench.subscription().await.state, SubscriptionState::Pending);
    assert_eq!(bench.wait().await, Duration::ZERO);
    bench.turn().await;
    assert!(bench.wait().await <= HOUR * 2, "{:?}", bench.wait().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_denied_subscription_waits_a_day_and_an_old_method_is_only_a_hint() {
    let bench = Bench::new().await;
    bench.hub.plan(Plan::Deny);
    bench.advance(Duration::from_secs(30)).await;
    bench.asked_back(1).await;
    let denied = bench.subscription().await;
    assert!(denied.last_error.as_deref().is_some_and(|error| error.contains("слишком много")), "{denied:?}");
    assert_eq!(denied.due_at.since(bench.clock.now()), HOUR * 24);
    bench.advance(HOUR * 25).await;
    bench.asked_back(2).await;
    assert_eq!(bench.subscription().await.state, SubscriptionState::Active);

    // Signed as hubs did in 2012: not believed, but the feed is looked at, at most once a minute.
    bench.hub.publish(&[item("2", "Дозор", "")]);
    let polls = bench.hub.books().polls;
    let old = |_: &str, _: &[u8]| Some("sha1=da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned());
    assert_eq!(bench.hub.distribute_with(old).await, [202]);
    assert_eq!(bench.wait().await, Duration::ZERO);
    bench.turn().await;
    assert_eq!(bench.hub.books().polls, polls + 1);
    bench.hub.distribute_with(old).await;
    assert!(bench.wait().await > Duration::ZERO);
    assert!(!bench.subscription().await.is_healthy(bench.clock.now()));

    // A push that is no feed is dropped, and the feed is fetched instead; one too large is refused.
    bench.hub.publish(&[]);
    let sign = |body: &'static str| {
        move |secret: &str, _: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
            mac.update(body.as_bytes());
            Some(format!("sha256={}", hex(&mac.finalize().into_bytes())))
        }
    };
    bench.hub.books().feed = "<html><title>Ошибка</title></html>".to_owned();
    assert_eq!(bench.hub.distribute_with(sign("<html><title>Ошибка</title></html>")).await, [202]);
    bench.hub.publish(&[item("2", "Дозор", "")]);
    let polls = bench.hub.books().polls;
    bench.turn().await;
    assert_eq!(bench.hub.books().polls, polls + 1);
    let row = bench.line.store.feeds().await.unwrap().remove(0);
    assert_eq!((row.state.failures, row.state.last_error), (0, None));
    bench.hub.books().feed = "x".repeat((10 << 20) + 1);
    assert_eq!(bench.hub.distribute().await, [413]);
    let _ = &bench.world;
}
