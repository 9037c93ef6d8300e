//! What scripts read: one shape for each command, in good times and bad.

use serde_json::Value;
use vedetta::demo::Mischief;

use crate::support::{World, item, program, rss};

fn lines(output: &std::process::Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

async fn world_with_feed() -> World {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    let items = [item("1", "La vedetta avvista una nave", "Al tramonto."), item("2", "Partita rinviata", "")];
    world.server.put("/feed.xml", "application/rss+xml", rss(&items));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn once_deliveries_and_alerts_are_objects_with_names() {
    let world = world_with_feed().await;
    world.mailbox.misbehave(Mischief::RefuseConnection("421 4.3.2 closed".into()), 100);
    let json = |arguments: &[&str]| {
        let output = world.vedetta(&[&["--format", "json"], arguments].concat()).output().expect("it runs");
        (output.status.code(), lines(&output))
    };
    let (code, once) = json(&["run", "--once"]);
    assert_eq!((code, once.len()), (Some(1), 1), "{once:?}");
    let once = &once[0];
    assert_eq!((once["feeds_polled"].as_u64(), once["articles_new"].as_u64()), (Some(1), Some(2)), "{once}");
    assert_eq!((once["alerts"].as_u64(), once["deliveries_due"].as_u64()), (Some(1), Some(1)), "{once}");
    assert!(once["feeds_failed"].is_array() && once["diagnostics"].is_array(), "{once}");

    let (_, deliveries) = json(&["deliveries"]);
    let to = |channel: &str| deliveries.iter().find(|row| row["channel"] == channel).expect("a delivery").clone();
    assert_eq!(
        (to("desk")["kind"].as_str(), to("desk")["recipient"].as_str()),
        (Some("alert"), Some("desk@example.org"))
    );
    assert_eq!((to("soc")["kind"].as_str(), to("soc").get("recipient")), (Some("alert"), None));
    let (_, alerts) = json(&["alerts"]);
    assert_eq!(alerts[0]["deliveries"], serde_json::json!({ "due": 1, "sent": 1, "failed": 0 }));

    let (code, retried) = json(&["deliveries", "retry", to("desk")["id"].as_str().expect("an id")]);
    assert_eq!((code, retried[0]["due_again"].as_u64()), (Some(0), Some(1)));
    let (code, retried) = json(&["deliveries", "retry", to("soc")["id"].as_str().expect("an id")]);
    assert_eq!((code, retried[0]["due_again"].as_u64()), (Some(3), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_has_one_shape_for_good_and_bad_configurations() {
    let world = world_with_feed().await;
    let doctor = || lines(&world.vedetta(&["--format", "json", "doctor"]).output().expect("it runs"));
    let good = doctor();
    assert!(good.len() > 3, "{good:?}");
    world.write("rules/lookout.toml", "[[topic]]\nid = \"t\"\nmatch = '('\n");
    let bad = doctor();
    assert_eq!(bad.len(), 1);
    for line in good.iter().chain(&bad) {
        assert!(line["ok"].is_boolean() && line["check"].is_string() && line["detail"].is_string(), "{line}");
    }
    assert_eq!((good[0]["check"].clone(), good[0]["ok"].as_bool()), (bad[0]["check"].clone(), Some(true)));
    assert_eq!(bad[0]["ok"], false);
    let codes = bad[0]["diagnostics"].as_array().expect("an array").iter().map(|finding| finding["code"].as_str());
    assert!(codes.flatten().any(|code| code.starts_with('E')), "{bad:?}");
}

#[test]
fn what_is_no_page_is_refused_by_its_name() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let feed = rss(&[item("1", "Notizie", "Testo.")]);
    for (name, bytes, word) in [
        ("feed.xml", feed.as_bytes(), "RSS feed"),
        ("page.html.gz", b"\x1f\x8b\x08\x00\x00", "gzip"),
        ("rules.toml", b"[[topic]]\nid = \"t\"\nmatch = '<p>'\n", "TOML"),
    ] {
        std::fs::write(folder.path().join(name), bytes).expect("written");
        let output = program().current_dir(folder.path()).args(["article", "extract", name]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains(word) && output.stdout.is_empty(), "{name}: {said}");
    }
}

fn topics_and_articles(folder: &std::path::Path) -> String {
    let rules = "[[topic]]\nid = \"faro\"\nmatch = 'faro OR маяк OR 灯塔'\n[[topic]]\nid = \"nave\"\nmatch = 'nave'\n\
        [[topic]]\nid = \"raro\"\nmatch = 'batiscafo'\n";
    std::fs::write(folder.join("rules.toml"), rules).expect("written");
    let titles = ["Il faro di notte", "Маяк на мысе", "灯塔亮了", "Una nave e il suo faro", "Cielo sereno"];
    (0..3000)
        .map(|number| {
            let title = titles[number % titles.len()];
            format!("{}\n", serde_json::json!({ "id": number.to_string(), "title": title }))
        })
        .collect()
}

#[test]
fn match_statistics_name_the_slowest_and_the_widest_topics() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let articles = topics_and_articles(folder.path());
    std::fs::write(folder.path().join("articles.jsonl"), articles).expect("written");
    for threads in ["1", "3"] {
        let mut command = program();
        command.current_dir(folder.path());
        command.args(["match", "--rules", "rules.toml", "--stats", "--threads", threads, "articles.jsonl"]);
        let output = command.output().expect("it runs");
        let stats: Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
        assert_eq!((stats["articles"].as_u64(), stats["matches"].as_u64()), (Some(3000), Some(3000)), "{stats}");
        assert_eq!(stats["widest"], serde_json::json!(["faro", "nave"]), "{stats}");
        assert_eq!(stats["slowest"].as_array().map(Vec::len), Some(2), "{stats}");
        let topics = stats["per_topic"].as_array().expect("an array");
        let faro = topics.iter().find(|topic| topic["topic"] == "faro").expect("it was tried");
        // Every article is counted; costs are measured on some and reckoned up.
        assert_eq!(faro["matches"], 2400, "{stats}");
        let measured = stats["measured_articles"].as_u64().expect("a number");
        assert!((256..3000).contains(&measured), "{stats}");
        let candidates = faro["candidates"].as_u64().expect("a number");
        assert!((2390..=2410).contains(&candidates) && faro["seconds"].as_f64() > Some(0.0), "{stats}");
        assert!(topics.iter().all(|topic| topic["topic"] != "raro"), "{stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_measures_on_a_file_the_archive_or_the_tests() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let articles = topics_and_articles(folder.path());
    std::fs::write(folder.path().join("articles.jsonl"), articles + "not an article\n").expect("written");
    let run = |arguments: &[&str]| program().current_dir(folder.path()).args(arguments).output().expect("it runs");
    let output = run(&["check", "rules.toml", "--profile", "articles.jsonl"]);
    let (data, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert_eq!(data.lines().next(), Some("topic\tmatches\tof articles\ttried\tof time\tµs each"));
    assert!(data.contains("faro\t2400\t80.00 %"), "{data}");
    assert!(said.contains("faro: wide: it matches 80.0 %") && said.contains("1 lines of articles.jsonl"), "{said}");
    assert!(said.contains("1 topic was never tried"), "{said}");
    let json = lines(&run(&["--format", "json", "check", "rules.toml", "--profile", "articles.jsonl"]));
    assert_eq!(
        (json[0]["profile"]["articles"].as_u64(), json[0]["profile"]["never_tried"].as_u64()),
        (Some(3000), Some(1))
    );
    assert!(json[0]["diagnostics"].is_array(), "{json:?}");
    assert_eq!(run(&["check", "rules.toml", "--profile", "absent.jsonl"]).status.code(), Some(3));

    let world = world_with_feed().await;
    let measured_on = || {
        let output = world.vedetta(&["--format", "json", "check", "--profile"]).output().expect("it runs");
        lines(&output)[0]["measured_on"].as_str().expect("a text").to_owned()
    };
    assert_eq!(measured_on(), "the rules' own tests");
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    assert_eq!(measured_on(), "the newest stored articles");
}

/// A file may be called what a terminal takes for orders; scripts get its name as it is.
#[test]
fn names_of_rule_files_are_shown_without_steering_the_terminal() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let name = "a\u{1b}[31m\nb\u{202e}ракета.toml";
    let rules = folder.path().join("rules");
    std::fs::create_dir(&rules).expect("made");
    let run = |arguments: &[&str]| program().current_dir(folder.path()).args(arguments).output().expect("it runs");
    let shown = "a\\u{1b}[31m\\nb\\u{202e}ракета.toml";

    std::fs::write(rules.join(name), "[[topic]]\nid = \"t\"\nmatch = \"a b\"\n").expect("written");
    std::os::unix::fs::symlink("nowhere", rules.join("gone\u{7}.toml")).expect("linked");
    let said = String::from_utf8(run(&["check", "rules"]).stderr).expect("UTF-8");
    assert!(said.contains(&format!("rules/{shown}:3:")) && said.contains("gone\\u{7}.toml"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    let found = lines(&run(&["--format", "json", "check", "rules"]));
    let paths: Vec<_> = found[0].as_array().expect("an array").iter().filter_map(|one| one["path"].as_str()).collect();
    assert!(paths.contains(&format!("rules/{name}").as_str()), "{paths:?}");
    std::fs::remove_file(rules.join("gone\u{7}.toml")).expect("removed");

    let test = "[[topic]]\nid = \"t\"\nmatch = \"a\"\n[[topic.test]]\nname = \"x\\u001b[31m\"\ntitle = \"b\\u001b[32m\"\nexpect = { match = true }\n";
    std::fs::write(rules.join(name), test).expect("written");
    let data = String::from_utf8(run(&["test", "rules"]).stdout).expect("UTF-8");
    assert!(data.starts_with(&format!("rules/{shown}:4: ")) && !data.contains('\u{1b}'), "{data:?}");
    assert!(data.ends_with("0 passed, 1 failed\n"), "{data}");
}
