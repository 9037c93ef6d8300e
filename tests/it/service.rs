//! The unit file, and what the daemon says to the service manager.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Running, World, item, program, repository, rss};

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn systemd_analyze() -> bool {
    let there = Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_ok();
    if !there {
        println!("skipped: systemd-analyze is not installed");
    }
    there
}

#[test]
fn the_unit_is_valid_and_well_hardened() {
    if !systemd_analyze() {
        return;
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let unit = folder.path().join("vedetta.service");
    let text = std::fs::read_to_string(repository().join("systemd/vedetta.service")).expect("the unit");
    // `verify` wants the program to exist, and the manual page to be installed.
    let program = program().get_program().to_string_lossy().into_owned();
    let text = text.replace("/usr/bin/vedetta", &program).replace("Documentation=man:vedetta(1)\n", "");
    std::fs::write(&unit, text).expect("the folder can be written");
    let verify = Command::new("systemd-analyze").arg("verify").arg(&unit).output().expect("it runs");
    let said = String::from_utf8_lossy(&verify.stderr);
    let complaints: Vec<_> = said.lines().filter(|line| line.contains("vedetta.service")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    let score = Command::new("systemd-analyze")
        .args(["security", "--offline=yes", "--threshold=12"])
        .arg(&unit)
        .output()
        .expect("it runs");
    assert!(score.status.success(), "{}", String::from_utf8_lossy(&score.stdout));
}

/// What the daemon says on its notify socket within a time, until `enough`.
fn heard(socket: &UnixDatagram, limit: Duration, enough: impl Fn(&str) -> bool) -> Vec<String> {
    let mut all = Vec::new();
    let deadline = Instant::now() + limit;
    let mut buffer = [0; 4096];
    while Instant::now() < deadline {
        if let Ok(length) = socket.recv(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let done = enough(&text);
            all.push(text);
            if done {
                return all;
            }
        }
    }
    panic!("not said within {limit:?}; heard {all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_says_ready_feeds_the_watchdog_reloads_and_stops_in_time() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Calma", "")]));
    let path = world.folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let mut command = world.vedetta(&["run"]);
    command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "3000000").stderr(Stdio::null());
    let mut daemon = Running(command.spawn().expect("it starts"));
    let limit = Duration::from_secs(15);
    heard(&socket, limit, |text| text.contains("READY=1") && text.contains("1 feeds, 1 topics"));
    heard(&socket, limit, |text| text.contains("WATCHDOG=1"));
    daemon.signal("HUP");
    heard(&socket, limit, |text| text.contains("RELOADING=1") && text.contains("MONOTONIC_USEC="));
    heard(&socket, limit, |text| text.contains("READY=1"));
    let asked = Instant::now();
    daemon.signal("TERM");
    heard(&socket, limit, |text| text.contains("STOPPING=1"));
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_with_a_stuck_mail_server_hands_the_mail_back_within_ten_seconds() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.mailbox.misbehave(vedetta::demo::Mischief::Stall, 1);
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    let mut daemon = world.daemon();
    world.hook.wait_for(1, Duration::from_secs(15)).await;
    crate::support::until("the mail server is asked", Duration::from_secs(10), || world.mailbox.connections() > 0)
        .await;
    daemon.signal("TERM");
    assert_eq!(daemon.end(Duration::from_secs(10)).await, Some(0), "{}", world.log());
    // Handed back, not lost: the next start sends it.
    let _daemon = world.daemon();
    assert_eq!(world.mailbox.wait_for(1, Duration::from_secs(15)).await.len(), 1, "{}", world.log());
    assert_eq!(world.hook.calls().len(), 1);
}
