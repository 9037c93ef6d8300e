//! `vedetta feed list`: what it says of feeds that are well and of those that are not.

use std::fmt::Write as _;

use crate::support::{World, item, rss};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_tells_the_failing_from_the_fine_and_can_be_narrowed() {
    let world = World::new().await;
    let mut feeds = String::new();
    for (path, name, country) in
        [("/a.xml", "朝日の港湾ニュース速報", "jp"), ("/b.xml", "Новости порта", "ru"), ("/gone.xml", "Corriere", "it")]
    {
        let _ = write!(feeds, "{}name = \"{name}\"\nlabels = {{ country = \"{country}\" }}\n", world.feed(path));
    }
    world.configure(&feeds);
    world.server.put("/a.xml", "application/rss+xml", rss(&[item("1", "La vedetta avvista una nave", "")]));
    world.server.put("/b.xml", "application/rss+xml", rss(&[item("2", "Море спокойно", "")]));
    let list = |arguments: &[&str]| {
        let output = world.vedetta(&[&["feed", "list"], arguments].concat()).output().expect("it runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let round = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert_eq!(round.status.code(), Some(1), "one feed fails");

    let lines: Vec<serde_json::Value> =
        list(&["--format", "json"]).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    let told = &lines[0];
    assert_eq!(
        (&told["state"], &told["labels"]["country"], &told["articles"]),
        (&"fine".into(), &"jp".into(), &1.into())
    );
    assert_eq!(told["delays"]["judged_to_delivered"]["measured"], 2, "a mail and a call: {told}");
    let gone = &lines[2];
    assert_eq!(
        (&gone["state"], &gone["trouble"], &gone["failures"]),
        (&"failing".into(), &"missing".into(), &1.into())
    );
    assert!(gone["error"].as_str().is_some_and(|error| error.contains("404")), "{gone}");

    let failing = list(&["--state", "failing"]);
    assert!(failing.starts_with("Corriere\t") && failing.lines().count() == 1, "{failing}");
    let narrowed = list(&["--state", "fine", "--label", "country=ru"]);
    assert!(narrowed.starts_with("Новости порта\t") && narrowed.lines().count() == 1, "{narrowed}");
    assert_eq!(list(&["--label", "country=cn"]), "");
    let bad = world.vedetta(&["feed", "list", "--label", "italy"]).output().expect("it runs");
    assert_eq!(bad.status.code(), Some(2));
}
