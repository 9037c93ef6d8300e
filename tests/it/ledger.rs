//! What a person finds in the ledger: alerts, deliveries, and why.

use std::process::Output;

use serde_json::Value;
use vedetta::demo::Mischief;

use crate::support::{World, item, rss};

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_explained_by_the_beginning_of_its_id() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Дозор вышел в море", "")]));
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    let alerts = world.vedetta(&["alerts", "--format", "json"]).output().expect("it runs");
    let alert: Value = serde_json::from_slice(&alerts.stdout).expect("one alert");
    let id = alert["id"].as_str().expect("an id");
    for id in [id, &id[..8]] {
        let explained = world.vedetta(&["explain", id]).output().expect("it runs");
        let text = words(&explained);
        assert!(explained.status.success() && text.contains("lookout matches, severity high"), "{text}");
        assert!(text.contains("«Дозор» вышел в море"), "{text}");
    }
    let article = alert["article"].as_str().expect("an id");
    let without_topic = world.vedetta(&["explain", article]).output().expect("it runs");
    assert!(without_topic.status.code() == Some(2) && words(&without_topic).contains("--topic"));
    let unknown = world.vedetta(&["explain", "0123456789abcdef"]).output().expect("it runs");
    assert!(unknown.status.code() == Some(2) && words(&unknown).contains("no alert whose id begins so"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_ledger_says_so_and_a_misspelt_topic_is_named() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma piatta", "")]));
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    let said = |arguments: &[&str]| {
        let output = world.vedetta(arguments).output().expect("it runs");
        assert!(output.status.success() && output.stdout.is_empty(), "{}", words(&output));
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert_eq!(said(&["alerts"]), "no alerts\n");
    assert_eq!(said(&["deliveries", "--state", "failed"]), "no failed deliveries\n");
    let items = [item("2", "La vedetta", ""), item("1", "Calma piatta", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    assert_eq!(said(&["alerts", "--topic", "lokout"]), "no alerts of the topic `lokout`; did you mean `lookout`?\n");
    assert_eq!(said(&["alerts", "--topic", "radar"]), "no alerts of the topic `radar`\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_delivery_is_sent_again_by_the_beginning_of_its_id() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    world
        .mailbox
        .misbehave(Mischief::RefuseRecipient { address: String::new(), reply: "550 5.1.1 no such user".into() }, 1);
    world.vedetta(&["run", "--once"]).output().expect("it runs");
    let failed = world.vedetta(&["deliveries", "--state", "failed", "--format", "json"]).output().expect("it runs");
    let row = String::from_utf8(failed.stdout).expect("UTF-8");
    let row = row.lines().find(|row| row.contains("La vedetta")).expect("a failed delivery");
    let row: Value = serde_json::from_str(row).expect("JSON");
    let id = row["id"].as_str().expect("an id");
    let wrong = world.vedetta(&["deliveries", "retry", "ffffffffffff"]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(2), "{}", words(&wrong));
    let retried = world.vedetta(&["deliveries", "retry", &id[..8]]).output().expect("it runs");
    assert!(words(&retried).starts_with("1 delivery is due again"), "{}", words(&retried));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_ends_with_4_wherever_the_database_is_damaged() {
    let world = World::new().await;
    world.configure("");
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    let path = world.folder.path().join("var/vedetta.db");
    let whole = std::fs::read(&path).expect("the database");
    // The schema page stays, and what it leads to is gone.
    let mut holed = whole.clone();
    holed[4096 * 3..].fill(0xa5);
    for damaged in [&whole[..whole.len() / 2], &holed] {
        std::fs::write(&path, damaged).expect("writable");
        let doctor = world.vedetta(&["doctor"]).output().expect("it runs");
        assert_eq!(doctor.status.code(), Some(4), "{}", words(&doctor));
    }
}
