//! The command line, as a person and as a script would use it.

use std::io::Write;
use std::process::{Output, Stdio};

use crate::support::{RULES, World, item, program, repository, rss};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn with_input(command: &mut std::process::Command, input: &str) -> Output {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
    child.wait_with_output().expect("it ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn match_reads_and_writes_jsonl_in_input_order() {
    let world = World::new().await;
    let input = concat!(
        r#"{"id":"a1","title":"Nothing here","lang":"en"}"#,
        "\n",
        r#"{"id":"a2","title":"Sul molo","body":"C'è una vedetta.","lang":"it"}"#,
        "\n",
        r#"{"id":"a3","title":"瞭望塔上的灯光","lang":"zh"}"#,
        "\n",
        r#"{"id":"a4","body":"في الميناء مرقب قديم","lang":"ar"}"#,
        "\n",
    );
    let mut command = world.vedetta(&["match", "--rules", "rules", "--stats", "-"]);
    let output = with_input(&mut command, input);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ids: Vec<_> = lines.iter().map(|line| line["article"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["a2", "a3", "a4"]);
    let hit = &lines[0]["hits"][0];
    assert_eq!((hit["field"].as_str(), hit["concept"].as_str()), (Some("body"), Some("lookout")));
    let (start, end) = (hit["start"].as_u64().expect("a number"), hit["end"].as_u64().expect("a number"));
    let range = usize::try_from(start).expect("small")..usize::try_from(end).expect("small");
    assert_eq!(&"C'è una vedetta."[range], "vedetta");
    let stats: serde_json::Value = serde_json::from_str(text(&output.stderr).trim()).expect("one JSON object");
    assert_eq!(
        (stats["articles"].as_u64(), stats["matches"].as_u64(), stats["topics"].as_u64()),
        (Some(4), Some(3), Some(1))
    );
    for key in ["load_seconds", "match_seconds", "articles_per_second", "candidates", "peak_rss_bytes"] {
        assert!(stats[key].is_number(), "{key}: {stats}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exit_codes_tell_a_bad_rule_a_failed_test_and_a_bad_configuration_apart() {
    let world = World::new().await;
    world.configure("");
    let code = |arguments: &[&str]| world.vedetta(arguments).output().expect("it runs").status.code();
    assert_eq!(code(&["check"]), Some(0));
    assert_eq!(code(&["test"]), Some(0));
    world.write("rules/lookout.toml", &RULES.replace("match = true", "match = false"));
    assert_eq!(code(&["test"]), Some(1));
    world.write("rules/lookout.toml", &RULES.replace("severity", "severty"));
    let check = world.vedetta(&["check"]).output().expect("it runs");
    assert_eq!(check.status.code(), Some(1));
    let said = text(&check.stderr);
    assert!(said.contains("severty") && said.contains("severity") && said.contains("lookout.toml:13"), "{said}");
    assert_eq!(code(&["run", "--once"]), Some(2));
    world.write("vedetta.toml", "[pol]\n");
    assert_eq!(code(&["run", "--once"]), Some(2));
    assert_eq!(code(&["no-such-command"]), Some(2));
    assert_eq!(code(&["--config", "absent.toml", "check"]), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_poll_is_named_and_makes_once_exit_with_1() {
    let world = World::new().await;
    world.configure(&(world.feed("/gone.xml") + &world.feed("/fine.xml")));
    world.server.put("/fine.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    let output = world.vedetta(&["run", "--once"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/gone.xml"), "{}", text(&output.stderr));
    assert_eq!(world.mailbox.messages().len(), 1);
    let feeds = world.vedetta(&["feed", "list"]).output().expect("it runs");
    assert!(text(&feeds.stdout).contains("404"), "{}", text(&feeds.stdout));
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_can_be_parsed_exported_and_imported() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "Вести", "")]));
    let parsed = with_input(
        &mut world.vedetta(&["feed", "parse", "-", "--url", "https://example.org/f"]),
        &rss(&[item("1", "Вести &amp; 新闻", "")]),
    );
    let parsed: serde_json::Value = serde_json::from_slice(&parsed.stdout).expect("one JSON object");
    assert_eq!((parsed["kind"].as_str(), parsed["entries"][0]["title"].as_str()), (Some("rss"), Some("Вести & 新闻")));
    let html = with_input(&mut world.vedetta(&["feed", "parse", "-"]), "<!doctype html><title>Accedi</title><p>Login");
    assert_eq!(html.status.code(), Some(1));
    assert!(text(&html.stderr).contains("HTML"), "{}", text(&html.stderr));
    let exported = world.vedetta(&["feed", "export"]).output().expect("it runs");
    world.server.put("/second.xml", "application/rss+xml", rss(&[item("1", "Due", "")]));
    let opml = text(&exported.stdout).replace("/feed.xml", "/second.xml");
    world.write("feeds.opml", &opml);
    let import = world.vedetta(&["feed", "import", "feeds.opml"]).output().expect("it runs");
    assert!(import.status.success(), "{}", text(&import.stderr));
    assert_eq!(world.vedetta(&["check"]).output().expect("it runs").status.code(), Some(0));
    let exported = text(&world.vedetta(&["feed", "export"]).output().expect("it runs").stdout);
    assert!(exported.contains("/feed.xml") && exported.contains("/second.xml"), "{exported}");
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_finds_the_broken_channel_and_sends_nothing() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    let sent = || {
        let posted = world.hook.calls().iter().filter(|call| call.method == "POST").count();
        (world.mailbox.messages().len(), posted)
    };
    let before = sent();
    let doctor = world.vedetta(&["doctor"]).output().expect("it runs");
    assert!(doctor.status.success(), "{}{}", text(&doctor.stdout), text(&doctor.stderr));
    world.mailbox.misbehave(vedetta::demo::Mischief::RefuseConnection("554 5.7.1 not you".into()), 100);
    let doctor = world.vedetta(&["doctor"]).output().expect("it runs");
    assert_eq!(doctor.status.code(), Some(1));
    assert!(text(&doctor.stdout).contains("554"), "{}", text(&doctor.stdout));
    assert_eq!(sent(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_tries_the_heartbeat_without_sending_one() {
    let world = World::new().await;
    let (service, address) =
        vedetta::demo::Hook::start(None, std::sync::Arc::new(vedetta::model::SystemClock)).await.expect("an endpoint");
    let heartbeat = |url: &str| {
        world.configure(&format!("\n[heartbeat]\nurl = \"{url}\"\n{}", world.feed("/feed.xml")));
        world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
        let doctor = world.vedetta(&["doctor"]).output().expect("it runs");
        let said = text(&doctor.stdout);
        let line = said.lines().find(|line| line.contains("heartbeat")).unwrap_or_default().to_owned();
        (doctor.status.code(), line)
    };
    let (code, line) = heartbeat(&format!("http://{address}/ping/secret-uuid?rid=1"));
    assert!(code == Some(0) && line.starts_with("ok"), "{line}");
    assert!(line.contains("no beat was sent") && !line.contains("secret"), "{line}");
    let calls = service.calls();
    assert!(calls.iter().all(|call| call.method == "OPTIONS" && call.path == "/"), "{calls:?}");
    assert_eq!(calls.len(), 1);
    service.answer([vedetta::demo::Answer::status(502)]);
    let (code, line) = heartbeat(&format!("http://{address}/ping/secret-uuid"));
    assert!(code == Some(1) && line.contains("502"), "{line}");
    drop(service);
    // TLS is asked of somebody who has none.
    let (code, line) = heartbeat(&format!("https://{}/ping/secret-uuid", world.server.address()));
    assert!(code == Some(1) && line.starts_with("FAIL") && !line.contains("secret"), "{line}");
}

#[test]
fn explain_says_why_a_topic_does_not_match() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("r.toml", "[[topic]]\nid = \"t\"\nmatch = 'nave NEAR/2 porto'\n");
    write("a.json", r#"{"id":"a","title":"La nave ha lasciato ieri sera il porto","lang":"it"}"#);
    let mut command = program();
    command.current_dir(folder.path()).args(["explain", "--rules", "r.toml", "--topic", "t", "a.json"]);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let said = text(&output.stdout);
    assert!(said.contains("NEAR/2") && said.contains("5 words between"), "{said}");
}

#[test]
fn shipped_rules_pass_their_tests() {
    let output = program().current_dir(repository()).args(["test", "rules"]).output().expect("it runs");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    let last = said.lines().last().expect("a last line");
    assert!(last.ends_with("passed, 0 failed") && !last.starts_with("0 "), "{last}");
    let check = program().current_dir(repository()).args(["check", "rules"]).output().expect("it runs");
    assert!(check.status.success(), "{}", text(&check.stderr));
}

#[test]
fn the_demo_shows_a_mail_and_its_webhook_call_and_what_was_left_out() {
    let output = program().arg("demo").output().expect("it runs");
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    for wanted in [
        "vedetta polled 15 feeds with 48 entries and raised 12 alerts: 12 mails, 12 webhook calls.",
        "Subject: ",
        "Message-ID: ",
        "webhook-signature: v1,",
        "its signature holds",
        "LEFT OUT",
        "the same story as an alert on",
        "its exception holds",
        "it only became known",
        "but not together with what the topic asks for",
    ] {
        assert!(said.contains(wanted), "{wanted} is missing:\n{said}");
    }
    // Every entry is accounted for.
    let (_, left_out) = said.split_once("LEFT OUT, AND WHY").expect("its heading");
    assert_eq!(left_out.lines().filter(|line| line.starts_with("    ")).count(), 48 - 12, "{left_out}");
}

#[test]
fn completions_and_the_manual_are_generated() {
    for arguments in [&["completions", "bash"][..], &["completions", "zsh"], &["completions", "fish"], &["man"]] {
        let output = program().args(arguments).output().expect("it runs");
        assert!(output.status.success() && text(&output.stdout).contains("vedetta"), "{arguments:?}");
    }
    let version = program().arg("--version").output().expect("it runs");
    assert_eq!(text(&version.stdout), format!("vedetta {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analyst_without_the_secrets_tests_and_explains_the_rules_of_the_configuration() {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", rss(&[item("1", "La vedetta", "")]));
    assert!(world.vedetta(&["run", "--once"]).output().expect("it runs").status.success());
    std::fs::remove_file(world.folder.path().join("secret")).expect("it was there");
    assert_eq!(world.vedetta(&["check"]).output().expect("it runs").status.code(), Some(1));
    world.write("a.json", r#"{"title":"Il molo e la vedetta"}"#);
    for (arguments, words) in [
        (&["test"][..], "1 passed, 0 failed"),
        (&["explain", "--topic", "lookout", "a.json"], "lookout matches"),
        (&["backtest", "--since", "1d"], "these rules would have changed nothing: 1 alert in 1 minute"),
    ] {
        let output = world.vedetta(arguments).output().expect("it runs");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.success() && said.contains(words), "{arguments:?}: {said}");
    }
    let json = world.vedetta(&["backtest", "--since", "1d", "--format", "json"]).output().expect("it runs");
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(report["total"]["after"]["alerts_per_day"], 1.0, "a minute's alert is not a thousand a day");
    world.write("vedetta.toml", "[rules]\npaths = [\"nowhere\"]\n");
    assert_eq!(world.vedetta(&["test"]).output().expect("it runs").status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn stories_puts_copies_of_one_report_together_and_nothing_else() {
    let world = World::new().await;
    let wire = "Undici navi da guerra hanno preso il largo stamattina da Vladivostok per otto giorni di manovre nel Mar del \
                Giappone. Lo riferisce il ministero della Difesa, precisando che gli equipaggi si eserciteranno nella caccia ai \
                sottomarini e nel tiro contro bersagli aerei.";
    let russian = "Корабли двух флотов вышли в море. Экипажи отработают поиск подводных лодок и стрельбы по воздушным целям, \
                   сообщили в министерстве обороны в понедельник утром.";
    let line = |id: &str, title: &str, body: &str, published: &str| {
        serde_json::json!({ "id": id, "title": title, "body": body, "published": published }).to_string()
    };
    let input = [
        line("a", "Manovre navali al via", wire, "2026-11-20T08:00:00Z"),
        line("b", "Учения начались", russian, "2026-11-20T08:30:00Z"),
        line("c", "Mar del Giappone, cominciano le manovre", wire, "2026-11-20T09:00:00Z"),
        "no article".to_owned(),
        line("d", "Sagra del pesce azzurro", "Frittura e musica fino a domenica in piazza.", "2026-11-20T10:00:00Z"),
        line("e", "В море идут учения", russian, "2026-11-20T11:00:00Z"),
        line("f", "Manovre navali al via", wire, "2026-11-27T08:00:00Z"),
    ];
    let output = with_input(&mut world.vedetta(&["stories"]), &input.join("\n"));
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("line 4: not a JSON object"), "{}", text(&output.stderr));
    let lines: Vec<serde_json::Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let ids: Vec<_> = lines.iter().map(|line| line["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["a", "b", "c", "d", "e", "f"]);
    let story = |index: usize| lines[index]["story"].as_str().expect("an id");
    assert_eq!((story(0), story(1)), (story(2), story(4)));
    assert!(story(0) != story(1) && story(3) != story(0) && story(3) != story(1), "{lines:?}");
    assert_ne!(story(5), story(0), "a week later the same words tell another story");
}
