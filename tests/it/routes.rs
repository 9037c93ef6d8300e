//! `vedetta route test`, and routes that ask for what no topic has.

use serde_json::Value;

use crate::support::World;

const ROUTES: &str = r#"
[[route]]
match = { desk = "test", severity = "high|urgent" }
channels = ["desk"]
quiet = { from = "22:00", to = "07:00", timezone = "Europe/Rome", except = "urgent" }
continue = true

[[route]]
match = { topic = "смена-*" }
channels = ["soc"]

[[route]]
match = { reason = "health", country = "it" }
channels = ["soc"]

[[route]]
channels = ["soc"]
digest = { schedule = "0 0 7 * * *", timezone = "Europe/Rome" }

[[feed]]
url = "https://giornale.example/rss.xml"
labels = { country = "it" }
"#;

async fn world() -> World {
    let world = World::new().await;
    world.configure("");
    let whole = std::fs::read_to_string(world.config()).expect("the configuration");
    world.write("vedetta.toml", &whole.replace("\n[[route]]\nchannels = [\"desk\", \"soc\"]\n", ROUTES));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_test_says_who_gets_it_and_when() {
    let world = world().await;
    let test = |labels: &[&str]| -> Value {
        let at = ["--at", "2026-11-22T23:30:00Z", "--format", "json"];
        let output = world.vedetta(&[&["route", "test"], labels, &at].concat()).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    // The topic's own label `desk` comes from the rules.
    let high = test(&["topic=lookout", "severity=high"]);
    assert_eq!(high["routes"], serde_json::json!([1, 4]));
    let night = &high["deliveries"][0];
    assert_eq!((&night["channel"], &night["recipient"]), (&"desk".into(), &"desk@example.org".into()));
    assert_eq!((&night["kind"], &night["due_at"]), (&"quiet_hours".into(), &"2026-11-23T06:00:00Z".into()));
    assert_eq!(high["deliveries"][1]["kind"], "digest");
    let urgent = test(&["topic=lookout", "severity=urgent"]);
    assert_eq!((&urgent["deliveries"][0]["kind"], &urgent["routes"]), (&"alert".into(), &serde_json::json!([1, 4])));
    assert_eq!(test(&["topic=lookout"])["routes"], serde_json::json!([4]), "a notice is not high");
    assert_eq!(test(&["topic=смена-3"])["routes"], serde_json::json!([2]));
    let health = test(&["reason=health", "country=it", "severity=high"]);
    assert_eq!((&health["routes"], &health["deliveries"][0]["kind"]), (&serde_json::json!([3]), &"alert".into()));
    let other = test(&["reason=health", "country=fr"]);
    assert_eq!((&other["routes"], &other["deliveries"][0]["kind"]), (&serde_json::json!([]), &"alert".into()));

    let text = world.vedetta(&["route", "test", "topic=lookot", "severity=high"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&text.stderr);
    assert!(said.contains("did you mean `lookout`?") && said.contains("route 4 takes it"), "{said}");
    assert!(String::from_utf8_lossy(&text.stdout).starts_with("soc\t\tin the digest of 20"));
    for bad in ["desk", "severity=hgh", "reason=changed"] {
        assert_eq!(world.vedetta(&["route", "test", bad]).output().expect("it runs").status.code(), Some(2), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn check_names_a_route_that_no_topic_can_take() {
    let world = world().await;
    let check = world.vedetta(&["check"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&check.stderr);
    assert!(check.status.success() && said.contains("W212") && said.contains("no topic is called `смена-*`"), "{said}");
    assert_eq!(said.matches("W212").count(), 1, "{said}");
}
