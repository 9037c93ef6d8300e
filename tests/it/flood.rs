//! A feed that brings three hundred matching items at once: fifty messages, then one that lists the rest.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::support::{RULES, World, body, header, item, rss, until};

const LIMIT: Duration = Duration::from_secs(60);
const ITEMS: usize = 300;
const SINGLE: usize = 50;

fn title(n: usize) -> String {
    let script = ["La vedetta avvista la nave", "Дозорный видит корабль", "瞭望塔发现船只", "مرقب يرصد السفينة"][n % 4];
    format!("{script} n{n}.")
}

async fn flooded(more: &str) -> World {
    let world = World::new().await;
    world.configure(&format!("{more}{}", world.feed("/feed.xml")));
    // Every article, so that it takes no three hundred different stories.
    world.write("rules/lookout.toml", &RULES.replace("severity =", "story = { alert_on = [\"every\"] }\nseverity ="));
    let items: Vec<_> = (0..ITEMS).map(|n| item(&format!("i{n}"), &title(n), "")).collect();
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    world
}

/// Every item is in exactly one kind of message, on both channels.
fn assert_complete(world: &World, singles: usize) {
    let (mails, calls) = (world.mailbox.messages(), world.hook.calls());
    let mut told = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let mut summaries = 0;
    for call in &calls {
        if !ids.insert(call.header("webhook-id").to_owned()) {
            continue;
        }
        let json = call.json();
        let alerts = match json["type"].as_str() {
            Some("alert") => vec![json["data"].clone()],
            _ => {
                assert_eq!(json["data"]["kind"], "flood");
                summaries += 1;
                json["data"]["alerts"].as_array().expect("alerts").clone()
            }
        };
        for alert in alerts {
            let title = alert["article"]["title"].as_str().expect("a title").to_owned();
            assert!(told.insert(title.clone()), "twice: {title}");
        }
    }
    assert_eq!(told, (0..ITEMS).map(title).collect::<BTreeSet<_>>());
    assert_eq!((ids.len(), summaries), (singles + 1, 1), "{}", world.log());

    let text_of = |mail: &[u8]| header(mail, "Subject").expect("a subject");
    let is_summary = |mail: &[u8]| text_of(mail).contains("more alerts");
    let summary: Vec<_> = mails.iter().filter(|mail| is_summary(&mail.data)).collect();
    let summary = &summary.first().expect("a summary").data;
    assert!(text_of(summary).starts_with("[Lookout – vedetta] 250 more alerts, 250 high"), "{}", text_of(summary));
    assert_eq!(header(summary, "X-Vedetta-Topic").as_deref(), Some("lookout"));
    let (text, html) = (body(summary, "text/plain"), body(summary, "text/html"));
    let subjects: Vec<_> =
        mails.iter().filter(|mail| !is_summary(&mail.data)).map(|mail| text_of(&mail.data)).collect();
    let plain = text.replace('*', "");
    for n in 0..ITEMS {
        let (mark, link) = (format!(" n{n}."), format!("https://outlet.example/i{n}\""));
        let single = subjects.iter().any(|subject| subject.ends_with(&mark));
        assert_ne!(single, plain.contains(&title(n)), "{}", title(n));
        assert_ne!(single, html.contains(&link), "{link}");
    }
    let mail_ids: BTreeSet<_> = mails.iter().map(|mail| header(&mail.data, "Message-ID")).collect();
    assert_eq!(mail_ids.len(), singles + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_items_are_fifty_messages_and_a_summary_of_the_rest_also_over_kills() {
    let world = flooded("\n[flood]\nwindow = \"4s\"\n").await;
    let mut daemon = world.daemon();
    until("some messages", LIMIT, || world.mailbox.messages().len() > SINGLE / 4).await;
    daemon.0.kill().expect("our child");
    daemon.0.wait().expect("our child");
    let mut daemon = world.daemon();
    until("the single messages", LIMIT, || world.mailbox.messages().len() >= SINGLE).await;
    daemon.0.kill().expect("our child");
    daemon.0.wait().expect("our child");
    let mut daemon = world.daemon();
    until("the summaries", LIMIT, || {
        world
            .mailbox
            .messages()
            .iter()
            .any(|mail| header(&mail.data, "Subject").is_some_and(|text| text.contains("more alerts")))
            && world.hook.calls().iter().any(|call| call.json()["data"]["kind"] == "flood")
    })
    .await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
    assert_complete(&world, SINGLE);
    assert!(world.log().contains("very many alerts"), "{}", world.log());

    let ledger = world.vedetta(&["alerts", "--limit", "400", "--format", "json"]).output().expect("it runs");
    let rows: Vec<serde_json::Value> =
        ledger.stdout.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    let in_summary = rows.iter().filter(|row| row["summaries"].as_array().is_some_and(|ids| ids.len() == 2)).count();
    assert_eq!((rows.len(), in_summary), (ITEMS, ITEMS - SINGLE));
    let table = world.vedetta(&["alerts", "--limit", "400"]).output().expect("it runs");
    let table = String::from_utf8_lossy(&table.stdout).into_owned();
    assert_eq!(table.matches("0/2/0 in a summary").count(), ITEMS - SINGLE, "{table}");
    let deliveries = world.vedetta(&["deliveries", "--limit", "400", "--format", "json"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&deliveries.stdout).matches("\"kind\":\"flood\"").count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_may_have_a_brake_of_its_own() {
    let world = flooded("").await;
    let config = std::fs::read_to_string(world.config()).expect("written");
    let routes = "[[route]]\nchannels = [\"soc\"]\ncontinue = true\nflood = { limit = 0 }\n\n\
                  [[route]]\nchannels = [\"desk\"]\nflood = { limit = 20 }\n";
    let config = config.replace("[[route]]\nchannels = [\"desk\", \"soc\"]\n", routes);
    assert!(config.contains("limit = 20"));
    world.write("vedetta.toml", &config);
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let calls = world.hook.calls();
    assert!(calls.iter().all(|call| call.json()["type"] == "alert"), "the machine gets each by itself");
    let told: BTreeSet<_> = calls.iter().map(|call| call.json()["data"]["article"]["title"].to_string()).collect();
    assert_eq!((calls.len(), told.len()), (ITEMS, ITEMS));
    let mails = world.mailbox.messages();
    assert_eq!(mails.len(), 21);
    let summaries: Vec<_> = mails.iter().filter_map(|mail| header(&mail.data, "Subject")).collect();
    let summaries: Vec<_> = summaries.iter().filter(|subject| subject.contains("more alerts")).collect();
    assert!(summaries.len() == 1 && summaries[0].contains(" 280 more alerts"), "{summaries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_round_leaves_no_summary_behind() {
    let world = flooded("").await;
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_complete(&world, SINGLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_every_item_is_a_message() {
    let world = flooded("\n[flood]\nlimit = 0\n").await;
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((world.mailbox.messages().len(), world.hook.calls().len()), (ITEMS, ITEMS));
}
