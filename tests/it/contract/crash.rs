//! Kills, locks, damage, a full disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use vedetta::store::Views as _;

use super::*;

/// Opens what a machine that lost power right now would find.
async fn after_a_crash(world: &World) -> World {
    let folder = tempfile::tempdir().unwrap();
    let var = folder.path().join("var");
    fs::create_dir(&var).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("vedetta.db{suffix}");
        fs::copy(world.folder.path().join("var").join(&name), var.join(&name)).unwrap();
    }
    let store = SqliteStore::open(&url(&folder), DAEMON).await.expect("a sound database");
    World { folder, store }
}

#[tokio::test]
async fn what_was_answered_survives_a_crash() {
    let world = World::with_feeds(20).await;
    let topic = topic("t");
    for n in 0..10 {
        let leased = world.claim_feed(start()).await;
        let title = format!("Notizia {n}: {}", ["navi", "radar", "missili", "droni", "basi"][n % 5].repeat(n + 1));
        let found = Article { feed: leased.item.id, ..article(&format!("{n}"), &title, &title, start()) };
        let commit = poll(&leased, vec![judged(found.clone(), &[&topic])], start());
        let committed = world.store.commit_poll(commit, desk(), start()).await.unwrap();
        let found_again = after_a_crash(&world).await;
        assert_eq!(found_again.store.article(found.id).await.unwrap(), Some(found));
        let alerts = found_again.store.alerts(None, None, 100).await.unwrap();
        assert!(committed.alerts.iter().all(|id| alerts.iter().any(|alert| alert.id == *id)));
        assert_eq!(found_again.claim_deliveries(start()).await.len(), alerts.len());
    }
}

#[tokio::test]
async fn claims_of_the_dead_are_taken_back_at_once() {
    let world = World::with_feeds(2).await;
    let polled = PolledArticle { article: article("1", "Mosca", "testo", start()), verdict: None, change: None };
    let wire = judged(article("2", "Russia e Cina, al via le manovre navali", WIRE, start()), &[&topic("t")]);
    world.poll(&desk(), vec![polled, wire], start()).await;
    world.claim_feed(start()).await;
    let sending = world.claim_deliveries(start()).await.remove(0);
    world.store.claim_articles(&claim("a", start(), 1)).await.unwrap();

    let next = after_a_crash(&world).await;
    assert_eq!(next.store.claim_feeds(&claim("b", start(), 10)).await.unwrap().len(), 1);
    assert_eq!(next.store.claim_articles(&claim("b", start(), 10)).await.unwrap().len(), 1);
    let again = next.claim_deliveries(start()).await.remove(0);
    assert_eq!(again.item.notice, sending.item.notice);
    assert!(again.item.maybe_sent_before);
}

#[tokio::test]
async fn a_store_dropped_without_closing_can_be_opened_again() {
    let world = World::with_feeds(3).await;
    let folder = world.folder;
    drop(world.store);
    let store = SqliteStore::open(&url(&folder), DAEMON).await.unwrap();
    assert_eq!(store.feeds().await.unwrap().len(), 3);
}

#[tokio::test]
async fn only_one_daemon_uses_a_database_and_the_other_is_told_who() {
    let world = World::new().await;
    let refused = SqliteStore::open(&world.url(), DAEMON).await.unwrap_err();
    let text = refused.to_string();
    assert!(text.contains(&format!("another vedetta (pid {}) is using", std::process::id())), "{text}");
    // A command beside it may look, and send failed messages again.
    let beside = SqliteStore::open(&world.url(), BESIDE).await.unwrap();
    assert_eq!(beside.retry_deliveries(None, start()).await.unwrap(), 0);
    world.store.close().await;
    SqliteStore::open(&world.url(), DAEMON).await.expect("free again");
}

#[tokio::test]
async fn whoever_opened_for_reading_writes_nothing() {
    let world = World::with_feeds(2).await;
    let reading = OpenOptions { read_only: true, ..OpenOptions::default() };
    let reader = SqliteStore::open(&world.url(), reading).await.unwrap();
    assert_eq!(reader.feeds().await.unwrap().len(), 2);
    assert!(matches!(reader.ping(start()).await, Err(StoreError::Refused { .. })));
}

#[tokio::test]
async fn after_closing_every_call_says_that_the_database_is_gone() {
    let world = World::with_feeds(1).await;
    world.store.close().await;
    assert!(matches!(world.store.ping(start()).await, Err(StoreError::Unavailable(_))));
    assert!(matches!(world.store.next_poll_at().await, Err(StoreError::Unavailable(_))));
    world.store.close().await;
    let left: Vec<_> = fs::read_dir(world.folder.path().join("var"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    assert_eq!(left, ["vedetta.db"], "the log was written out");
}

#[tokio::test]
async fn a_new_database_is_for_its_owner_only() {
    let world = World::new().await;
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(world.folder.path().join("var")), 0o700);
    assert_eq!(mode(world.file()), 0o600);
    assert_eq!(mode(world.folder.path().join("var/vedetta.db-wal")), 0o600);
}

#[tokio::test]
async fn a_missing_database_is_made_only_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let refused = SqliteStore::open(&url(&folder), BESIDE).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Refused { what } if what.contains("there is no database")), "{refused}");
    let memory = SqliteStore::open("sqlite::memory:", DAEMON).await.unwrap_err();
    assert!(matches!(memory, StoreError::Refused { .. }));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_reported_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("var")).unwrap();
    let file = folder.path().join("var/vedetta.db");
    let words = "not a database at all, ".repeat(500);
    fs::write(&file, &words).unwrap();
    let error = SqliteStore::open(&url(&folder), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { what } if what.contains("vedetta.db")), "{error:?}");
    assert!(error.to_string().contains(".recover"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), words);
}

#[tokio::test]
async fn a_damaged_database_is_found_after_an_unclean_stop() {
    let world = World::with_feeds(200).await;
    world.store.close().await;
    // Not a clean stop after all, and a page in the middle is gone.
    let store = SqliteStore::open(&world.url(), DAEMON).await.unwrap();
    drop(store);
    SqliteStore::open(&world.url(), BESIDE).await.unwrap().close().await;
    let mut bytes = fs::read(world.file()).unwrap();
    let feeds_page = bytes.windows(20).position(|window| window == b"https://feed-100.exa").expect("stored") / 4096;
    bytes[feeds_page * 4096..(feeds_page + 1) * 4096].fill(0xa5);
    fs::write(world.file(), &bytes).unwrap();
    let error = SqliteStore::open(&world.url(), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { .. }), "{error:?}");
    assert_eq!(fs::read(world.file()).unwrap().len(), bytes.len(), "never a silent new database");
}

#[tokio::test]
async fn an_emptied_database_is_damaged_and_not_a_new_one() {
    let world = World::with_feeds(1).await;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("var")).unwrap();
    let (file, log) = (folder.path().join("var/vedetta.db"), folder.path().join("var/vedetta.db-wal"));
    fs::write(&file, "").unwrap();
    for has_log in [false, true] {
        if has_log {
            fs::copy(world.folder.path().join("var/vedetta.db-wal"), &log).unwrap();
        }
        for options in [DAEMON, BESIDE, OpenOptions { read_only: true, ..BESIDE }] {
            let error = SqliteStore::open(&url(&folder), options).await.unwrap_err();
            let StoreError::Corrupt { what } = &error else { panic!("{error:?}") };
            assert!(what.contains("vedetta.db` is empty") && what.contains("backup"), "{what}");
            assert_eq!(what.contains("vedetta.db-wal"), has_log, "{what}");
        }
    }
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    assert!(fs::metadata(&log).unwrap().len() > 0, "its log can be looked at");
    // As the words say.
    fs::remove_file(&log).unwrap();
    fs::remove_file(&file).unwrap();
    SqliteStore::open(&url(&folder), DAEMON).await.unwrap().close().await;

    // What is left where the log of a young database was taken away.
    fs::remove_file(&file).unwrap();
    let other = World { folder, store: std::sync::Arc::clone(&world.store) };
    execute(&other, "PRAGMA application_id = 1986356340; PRAGMA journal_mode = wal").await;
    let error = SqliteStore::open(&other.url(), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { what } if what.contains("is empty")), "{error:?}");
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_no_obstacle_to_the_next() {
    for left in [&b""[..], b"half a database", &[0; 20_000]] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("var")).unwrap();
        let draft = folder.path().join("var/vedetta.db.new");
        fs::write(&draft, left).unwrap();
        let store = SqliteStore::open(&url(&folder), DAEMON).await.unwrap();
        store.sync_feeds(&[(feed(1), start())]).await.unwrap();
        store.close().await;
        assert!(!draft.exists());
        let store = SqliteStore::open(&url(&folder), BESIDE).await.unwrap();
        assert_eq!(store.feeds().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_link_to_a_disk_that_is_not_there_is_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("var")).unwrap();
    let link = folder.path().join("var/vedetta.db");
    std::os::unix::fs::symlink(folder.path().join("unmounted/vedetta.db"), &link).unwrap();
    let error = SqliteStore::open(&url(&folder), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { what } if what.contains("mounted")), "{error:?}");
    assert!(link.is_symlink());
}

#[tokio::test]
async fn a_missing_database_beside_its_log_is_not_made_anew() {
    let world = World::with_feeds(1).await;
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("var")).unwrap();
    let log = folder.path().join("var/vedetta.db-wal");
    fs::copy(world.folder.path().join("var/vedetta.db-wal"), &log).unwrap();
    let error = SqliteStore::open(&url(&folder), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { what } if what.contains("write-ahead log")), "{error:?}");
    assert!(log.exists());
}

async fn execute(world: &World, statement: &'static str) {
    use sqlx::{ConnectOptions as _, Connection as _};
    fs::create_dir_all(world.file().parent().unwrap()).unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(world.file()).create_if_missing(true);
    let mut conn = options.connect().await.unwrap();
    sqlx::raw_sql(statement).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn the_database_of_a_newer_vedetta_is_refused_and_says_what_to_do() {
    let world = World::new().await;
    world.store.close().await;
    execute(
        &world,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'the future', TRUE, x'00', 0)",
    )
    .await;
    for options in [DAEMON, BESIDE, OpenOptions { read_only: true, ..BESIDE }] {
        let error = SqliteStore::open(&world.url(), options).await.unwrap_err();
        assert!(matches!(&error, StoreError::Refused { what } if what.contains("newer vedetta")), "{error:?}");
    }
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let world = World::new().await;
    world.store.close().await;
    fs::remove_file(world.file()).unwrap();
    execute(&world, "CREATE TABLE bookmarks (url TEXT)").await;
    let error = SqliteStore::open(&world.url(), DAEMON).await.unwrap_err();
    assert!(matches!(&error, StoreError::Refused { what } if what.contains("another program")), "{error:?}");
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_work_goes_on_when_there_is_room_again() {
    let world = World::with_feeds(3).await;
    let now = start();
    let leases = world.store.claim_feeds(&claim("a", now, 3)).await.unwrap();
    let wire = article("1", "Russia e Cina, al via le manovre navali", &WIRE.repeat(2000), now);
    let plain = article("2", "Nuovo radar antimissile in Lapponia", "Il radar entrerà in servizio a marzo.", now);
    let commit = |n: usize| {
        let found = Article { feed: leases[n].item.id, ..carried_by(n, if n == 0 { &plain } else { &wire }) };
        poll(&leases[n], vec![judged(found, &[&topic("t")])], now)
    };
    world.store.commit_poll(commit(0), desk(), now).await.unwrap();
    world.store.limit_pages(1);
    let before = (world.count("SELECT count(*) FROM seen").await, world.store.stats(now).await.unwrap());
    for _ in 0..2 {
        let (one, two) = tokio::join!(
            world.store.commit_poll(commit(1), desk(), now),
            world.store.commit_poll(commit(2), desk(), now)
        );
        assert!(matches!(one, Err(StoreError::Unavailable(_))), "{one:?}");
        assert!(matches!(two, Err(StoreError::Unavailable(_))), "{two:?}");
        let after = (world.count("SELECT count(*) FROM seen").await, world.store.stats(now).await.unwrap());
        assert_eq!(before, after);
    }
    assert_eq!(world.store.feed_state(leases[1].item.id).await.unwrap().as_ref(), Some(&leases[1].item));
    world.store.limit_pages(1_000_000);
    // What was undone left no trace on the board of stories either.
    let alerts = [
        world.store.commit_poll(commit(1), desk(), now).await.unwrap().alerts.len(),
        world.store.commit_poll(commit(2), desk(), now).await.unwrap().alerts.len(),
    ];
    assert_eq!(alerts, [1, 0]);
    assert_eq!(world.store.stats(now).await.unwrap().articles, 3);
}

#[tokio::test]
async fn what_can_not_be_a_database_is_named_with_what_it_lacks() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("var/vedetta.db")).unwrap();
    let error = SqliteStore::open(&url(&folder), BESIDE).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("var/vedetta.db`: Is a directory") && text.contains("writable for the user"), "{text}");
}
