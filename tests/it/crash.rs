//! kill -9 at random moments while three feeds publish: nothing is lost, and a copy carries the same id.
//!
//! `VEDETTA_KILLS` sets the number of kills (40).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crate::support::{World, header, item, rss, until};

/// A reproducible sequence (splitmix64, Steele et al. 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are the result")]
async fn killing_the_daemon_anywhere_loses_nothing() {
    let kills: u64 = std::env::var("VEDETTA_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40);
    let world = World::new().await;
    let feeds: String = ["/a.xml", "/b.xml", "/c.xml"].iter().map(|path| world.feed(path)).collect();
    // Every article is to have its own message.
    world.configure(&format!("\n[flood]\nlimit = 0\n{feeds}"));
    world.write(
        "rules/lookout.toml",
        &crate::support::RULES.replace("severity =", "story = { alert_on = [\"every\"] }\nseverity ="),
    );
    let mut random = Random(20_261_122);
    let mut items: [Vec<_>; 3] = [vec![], vec![], vec![]];
    let mut published = 0_u64;
    let mut daemon = world.daemon();
    for kill in 0..kills {
        // Something new in one to three feeds, then a kill somewhere in what follows.
        for feed in 0..=random.below(3) {
            let feed = usize::try_from((feed + kill) % 3).expect("below 3");
            published += 1;
            let name = format!("n{published}");
            items[feed].insert(0, item(&name, &format!("Vedetta {name} {published}: {published} navi"), ""));
            items[feed].truncate(200);
            let path = ["/a.xml", "/b.xml", "/c.xml"][feed];
            world.server.put(path, "application/rss+xml", rss(&items[feed]));
        }
        tokio::time::sleep(Duration::from_millis(50 + random.below(1500))).await;
        daemon.0.kill().expect("our child");
        daemon.0.wait().expect("our child");
        daemon = world.daemon();
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let told = loop {
        let told = Told::read(&world);
        if told.is_complete(published) || std::time::Instant::now() > deadline {
            break told;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    if let Some(trouble) = told.trouble(published) {
        panic!("{trouble}\nlog:\n{}", world.log());
    }
    let Told { mails, calls } = told;
    let (mails, calls) = (counts(&mails), counts(&calls));
    let copies = |counts: &HashMap<&str, u32>| counts.values().map(|count| u64::from(*count - 1)).sum::<u64>();
    let (mail_copies, call_copies) = (copies(&mails), copies(&calls));
    println!(
        "{kills} kills, {published} articles: 0 lost; copies with the same id: {mail_copies} mails, {call_copies} calls"
    );
    assert!(mail_copies <= kills && call_copies <= kills, "{mail_copies} and {call_copies} copies in {kills} kills");
    // One that is still starting knows no signals yet.
    let polls = world.server.hits("/a.xml");
    until("the last daemon polls", Duration::from_secs(60), || world.server.hits("/a.xml") > polls).await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
}

/// A message that came in: its id, and what it is about.
struct Message {
    id: String,
    title: String,
}

/// Everything that came in by now, copies included.
struct Told {
    mails: Vec<Message>,
    calls: Vec<Message>,
}

impl Told {
    fn read(world: &World) -> Self {
        let mail = |mail: &vedetta::demo::Received| Message {
            id: header(&mail.data, "Message-ID").unwrap_or_default(),
            title: header(&mail.data, "Subject").unwrap_or_default(),
        };
        let call = |call: &vedetta::demo::Call| Message {
            id: call.header("webhook-id").to_owned(),
            title: call.json()["data"]["article"]["title"].as_str().unwrap_or_default().to_owned(),
        };
        Self {
            mails: world.mailbox.messages().iter().map(mail).collect(),
            calls: world.hook.calls().iter().map(call).collect(),
        }
    }

    fn is_complete(&self, published: u64) -> bool {
        [&self.mails, &self.calls].into_iter().all(|messages| lost(messages, published).is_empty())
    }

    /// What was lost or invented, before anyone reads a log of megabytes.
    fn trouble(&self, published: u64) -> Option<String> {
        let (mut lines, mut sums) = (Vec::new(), Vec::new());
        for (kind, messages) in [("mail", &self.mails), ("call", &self.calls)] {
            let others: Vec<_> = messages.iter().filter(|message| article(&message.title).is_none()).collect();
            let others: Vec<_> = others.iter().map(|message| format!("{} {}", message.id, message.title)).collect();
            let mut ids: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
            for message in messages {
                if let Some(number) = article(&message.title) {
                    ids.entry(number).or_default().insert(&message.id);
                }
            }
            ids.retain(|_, ids| ids.len() > 1);
            let lost = lost(messages, published);
            for (what, found) in [
                (format!("articles without a {kind}"), format!("{lost:?}")),
                (format!("articles told by {kind}s of different ids"), format!("{ids:?}")),
                (format!("{kind}s that are about no article"), format!("{others:?}")),
            ] {
                if !matches!(&*found, "[]" | "{}") {
                    lines.push(format!("{what}: {found}"));
                }
            }
            let (told, different) = (messages.len(), counts(messages).len());
            sums.push(format!("{published} articles, {told} {kind}s with {different} ids"));
            if lines.is_empty() && different as u64 != published {
                lines.push(format!("{kind}s about articles that were not published"));
            }
        }
        (!lines.is_empty()).then(|| [sums, lines].concat().join("\n"))
    }
}

/// Which article a headline or subject is about: `… Vedetta n12 12: …`.
fn article(title: &str) -> Option<u64> {
    let (_, rest) = title.split_once("Vedetta n")?;
    rest.split(' ').next()?.parse().ok()
}

/// The articles that no message is about.
fn lost(messages: &[Message], published: u64) -> Vec<u64> {
    let told: BTreeSet<_> = messages.iter().filter_map(|message| article(&message.title)).collect();
    (1..=published).filter(|number| !told.contains(number)).collect()
}

/// How often each id came.
fn counts(messages: &[Message]) -> HashMap<&str, u32> {
    let mut counts = HashMap::new();
    for message in messages {
        *counts.entry(message.id.as_str()).or_default() += 1;
    }
    counts
}

#[test]
fn a_failure_says_what_was_lost_and_what_was_invented() {
    let message = |id: &str, title: &str| Message { id: id.to_owned(), title: title.to_owned() };
    let all = || vec![message("a", "[Lookout] HIGH: Vedetta n1 1: 1 navi"), message("b", "Vedetta n2 2: 2 navi")];
    let told = |mails, calls| Told { mails, calls }.trouble(2);
    assert_eq!(told(all(), all()), None);
    assert_eq!(told(all().into_iter().chain(all()).collect(), all()), None, "copies with the same id");
    let trouble = told(vec![message("a", "[vedetta] Feed x is silent"), message("b", "Vedetta n2 2: …")], all());
    let trouble = trouble.expect("something is wrong");
    assert!(trouble.contains("articles without a mail: [1]"), "{trouble}");
    assert!(trouble.contains("about no article: [\"a [vedetta] Feed x is silent\"]"), "{trouble}");
    let twice = all().into_iter().chain([message("c", "Vedetta n2 2: …")]).collect();
    let trouble = told(all(), twice).expect("something is wrong");
    assert!(trouble.contains("told by calls of different ids: {2: {\"b\", \"c\"}}"), "{trouble}");
}
