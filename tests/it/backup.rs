//! A backup of a database in use, and the drill of putting it back.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use vedetta::store::sqlite::back_up;
use vedetta::store::{Store as _, StoreError};

use crate::contract::{World as StoreWorld, article, desk, judged, start, topic};
use crate::support::{World, item, rss, until};

fn refusal(result: Result<vedetta::store::sqlite::Backup, StoreError>) -> String {
    match result {
        Err(StoreError::Refused { what }) => what,
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_whole_private_and_never_in_the_way_of_a_file() {
    let world = StoreWorld::with_feeds(1).await;
    let found = judged(article("1", "Vedetta sul molo", "Testo.", start()), &[&topic("t")]);
    world.poll(&desk(), vec![found], start()).await;
    let target = world.folder.path().join("копия 備份.db");
    let backup = back_up(&world.url(), &target, false).await.unwrap();
    assert_eq!((backup.articles, backup.alerts), (1, 1));
    assert_eq!(backup.size_bytes, std::fs::metadata(&target).unwrap().len());
    assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);

    // The daemon goes on; the copy stays what it was until it is replaced.
    world.store.ping(start()).await.unwrap();
    let before = std::fs::read(&target).unwrap();
    assert!(refusal(back_up(&world.url(), &target, false).await).contains("--force"));
    assert_eq!(std::fs::read(&target).unwrap(), before);
    back_up(&world.url(), &target, true).await.unwrap();

    for own in ["var/vedetta.db", "var/vedetta.db-wal", "var/../var/vedetta.db"] {
        let said = refusal(back_up(&world.url(), &world.folder.path().join(own), true).await);
        assert!(said.contains("database itself"), "{said}");
    }
    assert!(refusal(back_up(&world.url(), world.folder.path(), true).await).contains("folder"));
    let nowhere = world.folder.path().join("absent/b.db");
    assert!(refusal(back_up(&world.url(), &nowhere, false).await).contains("absent"));
    // One that was cut short leaves a beginning, which is no obstacle; one under way is.
    let partial = world.folder.path().join("c.db.partial");
    std::fs::write(&partial, "half a database").unwrap();
    let other = std::fs::File::open(&partial).unwrap();
    other.lock().unwrap();
    let target = world.folder.path().join("c.db");
    assert!(refusal(back_up(&world.url(), &target, false).await).contains("under way"));
    drop(other);
    back_up(&world.url(), &target, false).await.unwrap();
    let left: Vec<_> = std::fs::read_dir(world.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("partial"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

/// What a URL would make something else of.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_a_name_whatever_characters_it_has() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "Un faro. 灯塔。")]));
    assert!(world.vedetta(&["run", "--once"]).status().expect("it runs").success());
    let said = |arguments: &[&str]| {
        let output = world.vedetta(arguments).output().expect("it runs");
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), format!("{stdout}{stderr}"))
    };
    for name in ["com'era? 50%.db", "a?mode=memory#b.db", "%41%2e.db", "file:база?vfs=x.db", "sqlite:备份.db"] {
        let (code, text) = said(&["backup", name]);
        assert_eq!(code, Some(0), "{name}: {text}");
        assert!(world.folder.path().join(name).is_file(), "{name}");
        let (code, text) = said(&["backtest", "--database", name, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(text.lines().next().unwrap_or_default()).expect("JSON");
        assert_eq!((code, report["articles"].as_u64()), (Some(0), Some(1)), "{name}: {text}");
    }
    // In a folder with such a name, all goes on as elsewhere.
    let folder = world.folder.path().join("che? 100%25#1");
    std::fs::create_dir(&folder).expect("made");
    let config = std::fs::read_to_string(world.config()).expect("written");
    let config = config.replace(&format!("sqlite:{}/", world.folder.path().display()), "sqlite:");
    std::fs::write(folder.join("vedetta.toml"), config).expect("written");
    let config = folder.join("vedetta.toml");
    let (code, text) = said(&["run", "--once", "--config", config.to_str().expect("UTF-8")]);
    assert_eq!(code, Some(0), "{text}");
    assert!(folder.join("var/vedetta.db").is_file());
    let (_, text) = said(&["doctor", "--config", config.to_str().expect("UTF-8")]);
    assert!(text.contains("1 articles"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_gives_no_backup() {
    let world = StoreWorld::with_feeds(1).await;
    let articles = (0..400).map(|n| judged(article(&n.to_string(), "Molo", &"testo ".repeat(200), start()), &[]));
    world.poll(&desk(), articles.collect(), start()).await;
    world.store.close().await;
    let mut bytes = std::fs::read(world.file()).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 64 * 4096].fill(0x5a);
    std::fs::write(world.file(), bytes).unwrap();
    let target = world.folder.path().join("b.db");
    let result = back_up(&world.url(), &target, false).await;
    assert!(matches!(result, Err(StoreError::Corrupt { .. })), "{result:?}");
    assert!(!target.exists() && !world.folder.path().join("b.db.partial").exists());
}

/// The drill of the README: back up while the daemon runs, lose the database, put the copy in its place.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_the_backup_goes_on_where_it_was() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    let old =
        [item("1", "La vedetta avvista una nave", "Al tramonto."), item("2", "Вести о дозоре", "Дозорный на мысе.")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&old));
    let mut daemon = world.daemon();
    until("two mails", Duration::from_secs(60), || world.mailbox.messages().len() == 2).await;
    let listed = |world: &World| {
        let output = world.vedetta(&["alerts", "--format", "json"]).output().expect("it runs");
        String::from_utf8(output.stdout).expect("UTF-8").lines().count()
    };
    until("both are sent", Duration::from_secs(60), || {
        let output = world.vedetta(&["deliveries", "--state", "due"]).output().expect("it runs");
        output.status.success() && output.stdout.is_empty()
    })
    .await;
    let made = world.vedetta(&["backup", "backup.db", "--format", "json"]).output().expect("it runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).expect("one JSON object");
    assert_eq!((made["articles"].as_u64(), made["alerts"].as_u64()), (Some(2), Some(2)));
    let again = world.vedetta(&["backup", "backup.db"]).output().expect("it runs");
    assert_eq!(again.status.code(), Some(3));

    daemon.signal("KILL");
    daemon.end(Duration::from_secs(20)).await;
    // A file that was emptied is a loss, not a first start.
    std::fs::write(world.folder.path().join("var/vedetta.db"), "").expect("emptied");
    for arguments in [&["run"][..], &["run", "--once"], &["doctor", "--no-feeds"], &["backup", "no.db"]] {
        let refused = world.vedetta(arguments).output().expect("it runs");
        let words = [refused.stdout, refused.stderr].concat();
        let words = String::from_utf8_lossy(&words);
        assert_eq!(refused.status.code(), Some(4), "{arguments:?}: {words}");
        assert!(words.contains("is empty") && words.contains("put a backup in its place"), "{words}");
    }
    std::fs::remove_dir_all(world.folder.path().join("var")).expect("lost");
    std::fs::create_dir(world.folder.path().join("var")).expect("made");
    std::fs::copy(world.folder.path().join("backup.db"), world.folder.path().join("var/vedetta.db")).expect("restored");

    let new = [&old[..], &[item("3", "Una vedetta sul faro", "Accesa di notte.")]].concat();
    world.server.put("/feed.xml", "application/rss+xml", rss(&new));
    let _daemon = world.daemon();
    until("the third mail", Duration::from_secs(60), || world.mailbox.messages().len() >= 3).await;
    assert_eq!(world.mailbox.messages().len(), 3, "nothing is told twice");
    assert_eq!(listed(&world), 3);
}
