//! Edits while running, good and bad.

use std::time::Duration;

use vedetta::demo::Answer;
use vedetta::model::{Clock as _, SystemClock, Timestamp};

use crate::support::{RULES, World, body, header, item, rss, until};

const LIMIT: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_rule_is_in_force_after_sighup() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    let daemon = world.daemon();
    until("the feed is polled", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    world.write("rules/lookout.toml", &RULES.replace("vedetta*", "gabbian*").replace("La vedetta", "Il gabbiano"));
    daemon.signal("HUP");
    until("the log says so", LIMIT, || world.log().contains("reloaded")).await;
    let items = [item("3", "I gabbiani", ""), item("2", "La vedetta", ""), item("1", "Calma piatta", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    let calls = world.hook.wait_for(1, LIMIT).await;
    assert_eq!(calls[0].json()["data"]["article"]["title"], "I gabbiani");
    let polls = world.server.hits("/feed.xml");
    until("another poll", LIMIT, || world.server.hits("/feed.xml") > polls + 1).await;
    assert_eq!(world.hook.calls().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_edit_keeps_the_old_rules_and_tells_the_operator() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    let daemon = world.daemon();
    until("the feed is polled", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    world.write("rules/lookout.toml", &RULES.replace("@lookout", "@lokout"));
    let check = world.vedetta(&["check"]).output().expect("it runs");
    assert_eq!(check.status.code(), Some(1));
    daemon.signal("HUP");
    let told = world.mailbox.wait_for(1, LIMIT).await;
    assert_eq!(header(&told[0].data, "X-Vedetta-Topic").as_deref(), Some("vedetta-health"), "{}", world.log());
    let text = body(&told[0].data, "text/plain");
    assert!(text.contains("lookout.toml:") && text.contains("lokout") && text.contains("lookout"), "{text}");
    assert!(world.log().contains("reload refused"));
    // The old rules still work.
    let items = [item("2", "La vedetta", ""), item("1", "Calma piatta", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    let told = world.mailbox.wait_for(2, LIMIT).await;
    assert_eq!(header(&told[1].data, "X-Vedetta-Topic").as_deref(), Some("lookout"), "{}", world.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_added_to_a_list_is_polled_after_sighup() {
    let world = World::new().await;
    world.configure("\n[feeds]\npaths = [\"feeds.toml\"]\n");
    world.write("feeds.toml", "# Наши источники\n");
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Дозор вышел в море", "")]));
    let daemon = world.daemon();
    until("the daemon runs", LIMIT, || world.log().contains("feeds=0") || world.log().contains("vedetta runs")).await;
    world.write("world.opml", &format!(
        "<opml version=\"2.0\"><body><outline text=\"Моря\"><outline text=\"Маяк\" xmlUrl=\"{}\"/></outline></body></opml>",
        world.server.url("/feed.xml")
    ));
    let import = world.vedetta(&["feed", "import", "world.opml"]).output().expect("it runs");
    assert_eq!(import.status.code(), Some(0), "{}", String::from_utf8_lossy(&import.stderr));
    let list = std::fs::read_to_string(world.folder.path().join("feeds.toml")).expect("the list");
    assert!(list.starts_with("# Наши источники\n") && list.contains("Моря"), "{list}");
    daemon.signal("HUP");
    let calls = world.hook.wait_for(1, LIMIT).await;
    assert_eq!(calls[0].json()["data"]["article"]["title"], "Дозор вышел в море");
    let exported = world.vedetta(&["feed", "export"]).output().expect("it runs");
    let exported = String::from_utf8(exported.stdout).expect("text");
    assert!(exported.contains("<outline text=\"Моря\">") && exported.contains("text=\"Маяк\""), "{exported}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_leaves_nothing_to_read_or_to_tell_is_refused() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    let daemon = world.daemon();
    until("the feed is polled", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    let whole = std::fs::read_to_string(world.config()).expect("the configuration");
    // As a full disk leaves it: right as far as it goes.
    world.write("vedetta.toml", &whole[..whole.find("[channel.desk]").expect("it has one")]);
    daemon.signal("HUP");
    let told = world.mailbox.wait_for(1, LIMIT).await;
    let text = body(&told[0].data, "text/plain");
    assert!(text.contains("no feed where there was 1, no channel where there were 2"), "{text}");
    let items = [item("2", "La vedetta", ""), item("1", "Calma piatta", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    let told = world.mailbox.wait_for(2, LIMIT).await;
    assert_eq!(header(&told[1].data, "X-Vedetta-Topic").as_deref(), Some("lookout"), "{}", world.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn among_very_many_topics_an_edit_is_in_force_at_once_but_not_one_that_takes_topics_away() {
    const AHEAD: &str = "the edited rule files are in force";
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    let many: String = (0..10_000).map(|n| format!("[[topic]]\nid = \"n{n}\"\nmatch = \"nave{n}\"\n")).collect();
    world.write("rules/many.toml", &many);
    world.write("rules/second.toml", "[[topic]]\nid = \"seconda\"\nmatch = \"gabbian*\"\n");
    let daemon = world.daemon();
    until("it runs", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    world.write("rules/second.toml", "[[topic]]\nid = \"seconda\"\nmatch = \"cormoran*\"\n");
    daemon.signal("HUP");
    until("reloaded", LIMIT, || world.log().contains(" reloaded ")).await;
    assert_eq!(world.log().matches(AHEAD).count(), 1, "{}", world.log());
    // As a save that was cut off leaves it. Whether that is meant is for the whole reading to find out.
    world.write("rules/second.toml", "");
    daemon.signal("HUP");
    until("reloaded again", LIMIT, || world.log().matches(" reloaded ").count() == 2).await;
    assert_eq!(world.log().matches(AHEAD).count(), 1, "{}", world.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_edit_takes_away_is_told_by_name() {
    let world = World::new().await;
    world.configure(&format!("{}\n[feeds]\npaths = [\"feeds.txt\"]\n", world.feed("/feed.xml")));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    world.write("feeds.txt", "https://giornale.example/rss.xml\n");
    world.write("rules/second.toml", &RULES.replace("lookout", "seconda").replace("vedetta*", "gabbian*"));
    let daemon = world.daemon();
    until("it runs", LIMIT, || world.server.hits("/feed.xml") > 0).await;
    world.write("rules/second.toml", "");
    world.write("feeds.txt", "");
    daemon.signal("HUP");
    let told = world.mailbox.wait_for(1, LIMIT).await;
    assert_eq!(header(&told[0].data, "X-Vedetta-Topic").as_deref(), Some("vedetta-health"), "{}", world.log());
    let text = body(&told[0].data, "text/plain");
    for words in ["took away 1 topic, 1 feed", "any more: seconda", "https://giornale.example/rss.xml"] {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
    // Coming back, and an edit that takes nothing away, are told to nobody.
    world.write("feeds.txt", "https://giornale.example/neu/rss.xml\n");
    daemon.signal("HUP");
    until("reloaded twice", LIMIT, || world.log().matches(" reloaded ").count() == 2).await;
    world.write("feeds.txt", "https://giornale.example/neu/rss.xml\nhttps://due.example/\n");
    daemon.signal("HUP");
    until("reloaded again", LIMIT, || world.log().matches(" reloaded ").count() == 3).await;
    assert_eq!(world.mailbox.messages().len(), 1, "{}", world.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_corrected_gets_what_waits_after_the_reload() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    world.hook.answer([404, 404].map(Answer::status));
    let daemon = world.daemon();
    world.hook.wait_for(2, LIMIT).await;
    until("the third attempt is five minutes away", LIMIT, || {
        let listed = world.vedetta(&["deliveries", "--state", "due", "--format", "json"]).output().expect("it runs");
        let row: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
        let due = row["due_at"].as_str().and_then(|at| Timestamp::parse_rfc3339(at).ok());
        due.is_some_and(|due| due.since(SystemClock.now()) > Duration::from_secs(60))
    })
    .await;
    let whole = std::fs::read_to_string(world.config()).expect("the configuration");
    world.write("vedetta.toml", &whole.replace("/hook", "/right"));
    daemon.signal("HUP");
    let calls = world.hook.wait_for(3, LIMIT).await;
    assert_eq!(calls[2].path, "/right", "{}", world.log());
    assert_eq!(calls[2].header("webhook-id"), calls[0].header("webhook-id"));
}
