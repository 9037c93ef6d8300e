//! kill -9 at random moments while three feeds publish: nothing is lost, and a copy carries the same id.
//!
//! `VEDETTA_KILLS` sets the number of kills (40).

use std::collections::HashMap;
use std::time::Duration;

use crate::support::{World, header, item, rss};

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
    let wanted = usize::try_from(published).expect("few");
    let all_told = || {
        let mails: HashMap<_, u32> =
            count(world.mailbox.messages().iter().map(|mail| header(&mail.data, "Message-ID")));
        let calls: HashMap<_, u32> =
            count(world.hook.calls().iter().map(|call| Some(call.header("webhook-id").to_owned())));
        (mails, calls)
    };
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let (mails, calls) = loop {
        let (mails, calls) = all_told();
        if (mails.len() >= wanted && calls.len() >= wanted) || std::time::Instant::now() > deadline {
            break (mails, calls);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!((mails.len(), calls.len()), (wanted, wanted), "lost or invented; log:\n{}", world.log());
    let copies =
        |counts: &HashMap<Option<String>, u32>| counts.values().map(|count| u64::from(*count - 1)).sum::<u64>();
    let (mail_copies, call_copies) = (copies(&mails), copies(&calls));
    println!(
        "{kills} kills, {published} articles: 0 lost; copies with the same id: {mail_copies} mails, {call_copies} calls"
    );
    assert!(mail_copies <= kills && call_copies <= kills, "{mail_copies} and {call_copies} copies in {kills} kills");
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
}

fn count(ids: impl Iterator<Item = Option<String>>) -> HashMap<Option<String>, u32> {
    let mut counts = HashMap::new();
    for id in ids {
        *counts.entry(id).or_default() += 1;
    }
    counts
}
