//! A disk that is really full: a small file system of its own under the database, and a file that takes all its room.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{World, body, header, item, rss, until};

const LIMIT: Duration = Duration::from_secs(120);

/// A file system in memory; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    /// `None` where this machine lets us mount nothing.
    fn mount(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).expect("the folder can be written");
        let options = ["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"];
        let done = Command::new("mount").args(options).arg(path).output().is_ok_and(|output| output.status.success());
        done.then(|| Self(path.to_owned()))
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut file = std::fs::File::create(self.0.join("filler")).expect("a new file");
        while file.write_all(&[b'x'; 4096]).is_ok() {}
        assert!(file.write_all(b"x").is_err(), "it is full");
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("it can be removed");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The daemon may hold it for a moment longer.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// What `/healthz` answers; 0 where nobody does.
async fn health(port: u16) -> u16 {
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        answer.split(' ').nth(1)?.parse().ok()
    };
    ask.await.unwrap_or(0)
}

async fn until_health(world: &World, port: u16, wanted: u16) {
    let wait = async {
        while health(port).await != wanted {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, wait).await.is_ok(), "/healthz is never {wanted}; log:\n{}", world.log());
}

/// Rows, read beside the daemon.
async fn rows(world: &World) -> (i64, i64) {
    use sqlx::{ConnectOptions as _, Connection as _};
    let file = world.folder.path().join("var/vedetta.db");
    let mut conn =
        sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true).connect().await.expect("a reader");
    let counts = sqlx::query_as("SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM articles)");
    let counts = counts.fetch_one(&mut conn).await.expect("two numbers");
    conn.close().await.expect("closed");
    counts
}

fn subjects(world: &World) -> BTreeMap<String, usize> {
    let mut subjects = BTreeMap::new();
    for mail in world.mailbox.messages() {
        *subjects.entry(header(&mail.data, "Subject").expect("a subject")).or_default() += 1;
    }
    subjects
}

/// Waits until the articles n0 to this one are told, and that there is room again.
async fn told_up_to(world: &World, last: usize) {
    until("everything is told", LIMIT, || {
        let subjects = subjects(world);
        (0..=last).all(|n| subjects.keys().any(|subject| subject.ends_with(&format!(" n{n}."))))
            && subjects.contains_key("[vedetta] HIGH: vedetta can write its database again")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
async fn a_full_disk_is_told_from_memory_and_everything_is_told_when_there_is_room_again() {
    let world = World::new().await;
    let Some(disk) = Disk::mount(&world.folder.path().join("var")) else {
        println!("skipped: nothing can be mounted here; a database that may not grow is tested with the store");
        return;
    };
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
    let topic = crate::support::RULES.replace("severity =", "story = { alert_on = [\"every\"] }\nseverity =");
    world.write("rules/lookout.toml", &topic);
    world.configure(&format!("\n[http]\nlisten = \"127.0.0.1:{port}\"\n{}", world.feed("/feed.xml")));
    let mut items = vec![item("n0", "La vedetta n0.", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    let mut daemon = world.daemon();
    world.mailbox.wait_for(1, LIMIT).await;
    until_health(&world, port, 200).await;

    disk.fill();
    let before = rows(&world).await;
    let polls = world.server.hits("/feed.xml");
    for (n, title) in ["La vedetta", "Дозорный", "瞭望塔", "مرقب", "Vedetta a Genova"].into_iter().enumerate()
    {
        let n = n + 1;
        items.push(item(&format!("n{n}"), &format!("{title} n{n}."), &"Lungo testo del comunicato. ".repeat(2_000)));
    }
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    until_health(&world, port, 503).await;
    let emergency = "[vedetta] URGENT: vedetta can't write its database and stands still";
    until("the mail from memory", LIMIT, || subjects(&world).contains_key(emergency)).await;
    assert_eq!(rows(&world).await, before, "nothing is known that was not committed");
    assert!(daemon.0.try_wait().expect("our child").is_none(), "it stays up: {}", world.log());
    assert_eq!(health(port).await, 503);

    disk.make_room();
    told_up_to(&world, 5).await;
    until_health(&world, port, 200).await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
    let subjects = subjects(&world);
    assert_eq!((subjects.len(), subjects.values().max()), (8, Some(&1)), "each once: {subjects:?}\n{}", world.log());
    assert!(world.server.hits("/feed.xml") >= polls);
    assert_eq!(world.hook.calls().len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
async fn a_start_on_a_full_disk_waits_tells_of_it_and_goes_on_when_there_is_room() {
    // With a database from before, and on a disk that has none yet.
    for had_database in [true, false] {
        let world = World::new().await;
        let Some(disk) = Disk::mount(&world.folder.path().join("var")) else {
            println!("skipped: nothing can be mounted here");
            return;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("a port").port();
        world.configure(&format!("\n[http]\nlisten = \"127.0.0.1:{port}\"\n{}", world.feed("/feed.xml")));
        world.server.put("/feed.xml", "application/rss+xml", rss(&[item("n0", "La vedetta n0.", "")]));
        if had_database {
            assert_eq!(world.vedetta(&["run", "--once"]).status().expect("it runs").code(), Some(0));
            assert_eq!(world.mailbox.messages().len(), 1);
        }
        let before = world.mailbox.messages().len();
        disk.fill();
        // A single round can't wait; it says what is wrong and what to do.
        let once = world.vedetta(&["run", "--once"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&once.stderr).into_owned();
        assert_eq!(once.status.code(), Some(3), "{said}");
        let path = world.folder.path().join("var/vedetta.db");
        for part in ["is full: 0 bytes", path.to_str().expect("a path"), "make room"] {
            assert!(said.contains(part), "no “{part}” in: {said}");
        }
        let left: Vec<_> = std::fs::read_dir(world.folder.path().join("var")).expect("readable").flatten().collect();
        assert!(left.iter().all(|file| !file.file_name().to_string_lossy().contains("room")), "{left:?}");

        // One that is stopped meanwhile ends well.
        let mut daemon = world.daemon();
        until_health(&world, port, 503).await;
        daemon.signal("TERM");
        assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());

        let mut daemon = world.daemon();
        until_health(&world, port, 503).await;
        let items = [item("n0", "La vedetta n0.", ""), item("n1", "瞭望塔 n1.", ""), item("n2", "Дозорный n2.", "")];
        world.server.put("/feed.xml", "application/rss+xml", rss(&items));
        // A reload is taken while it waits, and a bad one changes nothing.
        daemon.signal("HUP");
        until("the reload", LIMIT, || world.log().contains("read anew")).await;
        let emergency = "[vedetta] URGENT: vedetta can't write its database and stands still";
        until("the mail from memory", LIMIT, || subjects(&world).contains_key(emergency)).await;
        let mail = world.mailbox.messages().last().map(|mail| body(&mail.data, "text/plain")).unwrap_or_default();
        let mail = mail.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(mail.contains("is full: 0 bytes could be written"), "{mail}");
        assert!(daemon.0.try_wait().expect("our child").is_none(), "it stays up: {}", world.log());
        assert_eq!(health(port).await, 503);
        assert!(world.log().contains("is full: 0 bytes could be written"), "{}", world.log());

        disk.make_room();
        told_up_to(&world, 2).await;
        until_health(&world, port, 200).await;
        daemon.signal("TERM");
        assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
        let subjects = subjects(&world);
        assert_eq!((subjects.len(), subjects.values().max()), (5, Some(&1)), "each once: {subjects:?}");
        assert!(world.mailbox.messages().len() > before);
    }
}
