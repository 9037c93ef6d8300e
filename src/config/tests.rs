//! What a good file becomes. What is said about a bad one is in `tests/diagnostics/config-*`.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::alert::Brake;
use crate::model::{DiagnosticSeverity, Secret, Severity};
use crate::network::AllowRule;
use crate::notify::{SmtpSecurity, WebhookFormat};

const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap()
}

/// A folder with `rules/` and `vedetta.toml`.
fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("rules")).unwrap();
    std::fs::write(folder.path().join("vedetta.toml"), text).unwrap();
    folder
}

fn write_secret(folder: &tempfile::TempDir, name: &str, text: &str) {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

fn load_from(folder: &tempfile::TempDir, environment: &Environment) -> (Option<Config>, Report) {
    load(&folder.path().join("vedetta.toml"), environment, now())
}

/// The configuration of a file that must be good.
fn good(folder: &tempfile::TempDir, environment: &Environment) -> Config {
    let (config, report) = load_from(folder, environment);
    config.unwrap_or_else(|| panic!("{report}"))
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn an_empty_file_is_a_configuration_that_warns_of_what_it_lacks() {
    let folder = folder("");
    let (config, report) = load_from(&folder, &Environment::default());
    let config = config.expect("usable");
    assert_eq!(config.store_url, format!("sqlite:{}/var/vedetta.db", folder.path().display()));
    assert_eq!(config.rules, [folder.path().join("rules")]);
    assert_eq!(config.poll, PollSettings::default());
    assert_eq!(config.retention, DEFAULT_RETENTION);
    assert_eq!(config.network, NetworkSettings::default());
    assert_eq!(config.http_listen, None);
    assert_eq!(codes(&report), ["W206", "W204", "W205"]);
}

#[test]
fn every_key_arrives_where_it_is_used() {
    let folder = folder(
        r#"
[store]
url = "sqlite:data/v.db"
[store.retention]
articles = "30d"
alerts = "2d"
seen = "200d"
[rules]
paths = ["rules"]
[poll]
interval = "1s"
slowest = "2h"
first_poll = "all"
[network]
allow = ["127.0.0.1:8080", "10.1.0.0/16", "intranet.example"]
user_agent = "vedetta/1.0 (+https://example.org/bot)"
connect_timeout = "3s"
feed_deadline = "10s"
page_deadline = "11s"
max_body = "4 MiB"
max_concurrent = 8
max_per_host = 1
robots = false
[[feed]]
url = "https://example.org/rss.xml"
name = "Новости"
interval = "5m"
adaptive = true
fastest = "1m"
slowest = "1h"
timezone = "Asia/Tokyo"
labels = { country = "it" }
full_text = true
[[feed]]
url = "https://example.org/cron.xml"
schedule = "0 */10 6-22 * * Mon-Fri"
timezone = "Europe/Rome"
[[feed]]
url = "https://example.org/resting.xml"
enabled = false
[channel.desk]
type = "email"
smtp = "smtp+starttls://mail.example.org"
from = "vedetta <vedetta@example.org>"
to = ["Desk <desk@example.org>", "two@example.org"]
username = "anna"
password_file = "mail-password"
timeout = "30s"
[channel.soc]
type = "webhook"
url = "https://hooks.example.org/vedetta"
format = "ntfy"
secret_file = "keys"
token_file = "token"
headers = { X-Team = "soc" }
timeout = "5s"
[flood]
limit = 100
window = "15m"
[http]
listen = "127.0.0.1:8686"
[[route]]
match = { topic = "missile-*", severity = "high|urgent", desk = "asia" }
channels = ["desk", "soc"]
continue = true
quiet = { from = "22:00", to = "07:30", timezone = "Europe/Rome", except = "urgent" }
[[route]]
channels = ["desk"]
digest = { schedule = "0 0 7 * * Mon-Fri", timezone = "Europe/Rome" }
"#,
    );
    write_secret(&folder, "mail-password", "hunter2\n");
    write_secret(&folder, "keys", &format!("{KEY}\n\n{KEY}\r\n"));
    write_secret(&folder, "token", "tk_1\r\n");
    let (config, report) = load_from(&folder, &Environment::default());
    assert_eq!(codes(&report), [] as [&str; 0], "{report}");
    let config = config.expect("usable");

    assert_eq!(config.store_url, format!("sqlite:{}/data/v.db", folder.path().display()));
    assert_eq!(config.retention, Retention { articles: days(30), alerts: days(2), seen: days(200) });
    assert_eq!(
        config.poll,
        PollSettings {
            interval: Duration::from_secs(1),
            first_poll: FirstPoll::All,
            slowest: Some(Duration::from_secs(7200)),
            ..PollSettings::default()
        }
    );
    assert_eq!(
        config.network,
        NetworkSettings {
            allow: ["127.0.0.1:8080", "10.1.0.0/16", "intranet.example"]
                .map(|rule| rule.parse::<AllowRule>().unwrap())
                .to_vec(),
            user_agent: "vedetta/1.0 (+https://example.org/bot)".to_owned(),
            connect_timeout: Duration::from_secs(3),
            feed_deadline: Duration::from_secs(10),
            page_deadline: Duration::from_secs(11),
            max_body_bytes: 4 << 20,
            max_concurrent: 8,
            max_per_host: 1,
            robots: false,
        }
    );
    let [first, second] = config.feeds.as_slice() else { panic!("two feeds in use") };
    assert_eq!(first.name.as_deref(), Some("Новости"));
    assert_eq!(first.interval, Some(Duration::from_mins(5)));
    assert_eq!(first.labels.get("country").map(String::as_str), Some("it"));
    assert!(first.full_text && !second.full_text);
    assert_eq!(
        second.schedule.as_ref().map(ToString::to_string).as_deref(),
        Some("0 */10 6-22 * * Mon-Fri (Europe/Rome)")
    );

    let ChannelSettings::Email(mail) = &config.channels[&ChannelName::new("desk").unwrap()] else { panic!("mail") };
    assert_eq!((mail.server.security, mail.server.port), (SmtpSecurity::StartTls, 587));
    assert_eq!(mail.to, ["desk@example.org", "two@example.org"]);
    assert_eq!(mail.password, Some(Secret::new("hunter2")));
    assert_eq!(mail.timeout, Duration::from_secs(30));
    let ChannelSettings::Webhook(hook) = &config.channels[&ChannelName::new("soc").unwrap()] else { panic!("webhook") };
    assert_eq!(hook.format, WebhookFormat::Ntfy);
    assert_eq!(hook.signing_keys.len(), 2);
    assert_eq!(hook.token, Some(Secret::new("tk_1")));
    assert_eq!(hook.headers, [("x-team".to_owned(), Secret::new("soc"))]);

    assert_eq!(config.http_listen, Some("127.0.0.1:8686".parse().unwrap()));
    let [first, second] = config.router.routes.as_slice() else { panic!("two routes") };
    assert!(first.continues && !second.continues);
    assert_eq!(first.matches.0.get("severity").map(String::as_str), Some("high|urgent"));
    let quiet = first.quiet.expect("quiet hours");
    assert_eq!((quiet.from_minute, quiet.to_minute, quiet.except), (1320, 450, Some(Severity::Urgent)));
    assert!(second.digest.is_some() && second.matches.0.is_empty());
    assert_eq!(config.router.recipients.len(), 2);
    assert_eq!(config.router.brake, Brake { limit: 100, window: Duration::from_mins(15) });
    let room: Vec<_> = config.router.room.iter().map(|(name, room)| (name.as_str(), *room)).collect();
    assert_eq!(room, [("desk", 500), ("soc", 20)], "a mail holds more than a chat message");
    assert!(!format!("{config:?}").contains("hunter2"), "a password in Debug");
}

const MAIL: &str = r#"
[channel.desk-1]
type = "email"
smtp = "smtp://127.0.0.1:2525"
from = "v@example.org"
to = ["a@example.org"]
username = "anna"
"#;

#[test]
fn a_bare_name_is_a_credential_of_systemd_first() {
    let folder = folder(&format!("{MAIL}password_file = \"smtp-password\"\n"));
    write_secret(&folder, "smtp-password", "from the folder");
    let credentials = tempfile::tempdir().unwrap();
    let environment = Environment { credentials: Some(credentials.path().to_path_buf()), ..Environment::default() };
    let password = |environment: &Environment| {
        let config = good(&folder, environment);
        match config.channels.into_values().next() {
            Some(ChannelSettings::Email(mail)) => mail.password.map(|secret| secret.expose().to_owned()),
            _ => None,
        }
    };
    assert_eq!(password(&environment).as_deref(), Some("from the folder"));
    write_secret(&credentials, "smtp-password", "from systemd\n");
    assert_eq!(password(&environment).as_deref(), Some("from systemd"));
}

#[test]
fn the_environment_fills_in_what_the_file_leaves_out() {
    let folder = folder(MAIL);
    let (config, report) = load_from(&folder, &Environment::default());
    assert!(config.is_none());
    assert!(report.to_string().contains("VEDETTA_DESK_1_PASSWORD"), "{report}");

    let variables = BTreeMap::from([("VEDETTA_DESK_1_PASSWORD".to_owned(), Secret::new("hunter2"))]);
    let environment = Environment { variables, ..Environment::default() };
    let config = good(&folder, &environment);
    let Some(ChannelSettings::Email(mail)) = config.channels.into_values().next() else { panic!("mail") };
    assert_eq!(mail.password, Some(Secret::new("hunter2")));
    assert!(!format!("{environment:?}").contains("hunter2"));
}

#[test]
fn keys_are_rotated_by_naming_two() {
    let folder = folder(&format!(
        "[channel.soc]\ntype = \"webhook\"\nurl = \"https://h.example/\"\nsecret = [\"{KEY}\", \"{KEY}\"]\n"
    ));
    let (config, report) = load_from(&folder, &Environment::default());
    let Some(ChannelSettings::Webhook(hook)) = config.and_then(|config| config.channels.into_values().next()) else {
        panic!("{report}")
    };
    assert_eq!(hook.signing_keys.len(), 2);
    assert!(codes(&report).contains(&codes::INLINE_SECRET));
}

#[test]
fn no_secret_is_in_the_report_whatever_is_wrong_around_it() {
    for mistake in [
        "password = \"hunter2\"",
        "password = hunter2",
        "password = \"hunter2",
        "password = [\"hunter2\"]",
        "passwrd = \"hunter2\"",
        "secret = \"hunter2\"",
        "smtp = \"smtp://anna:hunter2@mail.example.org\"",
        "token = { value = \"hunter2\" }",
        "headers = { Authorization = \"hunter2\\n\", Host = \"x\" }",
        "x = { password = \"hunter2\" }",
        "password = '''\nhunter2\n'''\npassword_file = \"x\"",
        "url = \"https://anna:hunter2@hooks.example.org\"",
    ] {
        for kind in ["email", "webhook", "pigeon"] {
            let folder = folder(&format!("[channel.desk]\ntype = \"{kind}\"\n{mistake}\n"));
            let (config, report) = load_from(&folder, &Environment::default());
            assert!(config.is_none(), "{mistake}");
            let shown = format!("{report} {report:?}");
            assert!(!shown.contains("hunter2"), "{mistake} as {kind}: {shown}");
        }
    }
}

#[test]
fn paths_start_at_the_folder_of_the_file_or_above_a_folder_called_config() {
    assert_eq!(base_folder(Path::new("/etc/vedetta/vedetta.toml")), Path::new("/etc/vedetta"));
    assert_eq!(base_folder(Path::new("/srv/v/config/vedetta.toml")), Path::new("/srv/v"));
    let here = std::env::current_dir().unwrap();
    assert_eq!(base_folder(Path::new("config/vedetta.toml")), here);
    assert_eq!(base_folder(Path::new("settings/vedetta.toml")), here.join("settings"));
}

#[test]
fn alerts_that_no_route_takes_go_to_all_channels() {
    let hook = |name: &str| format!("[channel.{name}]\ntype = \"webhook\"\nurl = \"https://h.example/{name}\"\n");
    let both = [ChannelName::new("a").unwrap(), ChannelName::new("b").unwrap()];

    let without_routes = folder(&format!("{}{}", hook("a"), hook("b")));
    let (config, report) = load_from(&without_routes, &Environment::default());
    assert_eq!(config.expect("usable").router.default_channels(), both);
    assert!(!codes(&report).contains(&codes::NO_DEFAULT_ROUTE));

    let without_default =
        folder(&format!("{}{}[[route]]\nmatch = {{ desk = \"x\" }}\nchannels = [\"a\"]\n", hook("a"), hook("b")));
    let (config, report) = load_from(&without_default, &Environment::default());
    assert_eq!(config.expect("usable").router.default_channels(), both);
    assert!(codes(&report).contains(&codes::NO_DEFAULT_ROUTE));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_with_its_path() {
    let (config, report) = load(Path::new("/nowhere/vedetta.toml"), &Environment::default(), now());
    assert!(config.is_none());
    assert_eq!(codes(&report), ["E007"]);
    assert_eq!(report.diagnostics[0].severity, DiagnosticSeverity::Error);
}

#[test]
fn five_thousand_feeds_are_read_at_once() {
    use std::fmt::Write as _;
    let mut text = String::new();
    for number in 0..5000 {
        writeln!(text, "[[feed]]\nurl = \"https://example.org/{number}.xml\"\nlabels = {{ n = \"{number}\" }}")
            .unwrap();
    }
    assert_eq!(good(&folder(&text), &Environment::default()).feeds.len(), 5000);
}

/// The configuration that is shipped.
const SHIPPED: &str = include_str!("../../config/vedetta.toml");

#[test]
fn the_shipped_file_is_good_and_changes_no_default() {
    let (config, report) = load_from(&folder(SHIPPED), &Environment::default());
    let config = config.unwrap_or_else(|| panic!("{report}"));
    let nothing = folder("");
    let default = good(&nothing, &Environment::default());
    assert_eq!(
        (config.retention, config.poll, config.network, config.http_listen),
        (default.retention, default.poll, default.network, default.http_listen)
    );
    assert!(config.feeds.len() >= 5);
    // It has no contact and no channel of the reader's.
    assert_eq!(codes(&report), ["W206", "W205"]);
}

/// The shipped file with every `#key = …` and `#[table]` in use.
fn shipped_and_uncommented() -> String {
    let uncommented = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest.to_owned(),
        _ => line.to_owned(),
    };
    SHIPPED.lines().map(|line| uncommented(line) + "\n").collect()
}

#[test]
fn every_default_and_example_of_the_shipped_file_is_what_it_says() {
    let text = shipped_and_uncommented();
    let folder = folder(&text);
    for (name, secret) in [("smtp-password", "hunter2"), ("webhook-secret", KEY), ("ntfy-token", "tk_1")] {
        write_secret(&folder, name, secret);
    }
    std::fs::create_dir(folder.path().join("feeds")).unwrap();
    std::fs::write(folder.path().join("feeds.toml"), "").unwrap();
    let (config, report) = load_from(&folder, &Environment::default());
    assert_eq!(codes(&report), [] as [&str; 0], "{report}");
    let config = config.expect("usable");

    let nothing = self::folder("");
    let default = good(&nothing, &Environment::default());
    assert_eq!(config.retention, default.retention);
    assert_eq!(config.poll, default.poll);
    assert_eq!(config.router.brake, default.router.brake);
    let network = NetworkSettings { user_agent: config.network.user_agent.clone(), ..default.network };
    assert_eq!(config.network, network);
    assert_eq!(config.store_url, format!("sqlite:{}/var/vedetta.db", folder.path().display()));
    assert_eq!(config.rules, [folder.path().join("rules")]);
    for channel in config.channels.values() {
        match channel {
            ChannelSettings::Email(mail) => assert_eq!(mail.timeout, crate::notify::EmailSettings::TIMEOUT),
            ChannelSettings::Webhook(hook) => assert_eq!(hook.timeout, crate::notify::WebhookSettings::TIMEOUT),
        }
    }
}

#[test]
fn every_key_that_is_read_is_in_the_shipped_file() {
    let sources = [
        include_str!("basics.rs"),
        include_str!("channels.rs"),
        include_str!("feeds.rs"),
        include_str!("routes.rs"),
        include_str!("secrets.rs"),
        include_str!("mod.rs"),
    ];
    let read = regex::Regex::new(
        r#"(?:\.(?:text|texts|string|bool|duration|size|integer|one_of|string_map|labels|table|tables|named_tables)\(|(?:inline|file): )"(\w+)""#,
    )
    .unwrap();
    let shipped = SHIPPED;
    let mut count = 0;
    for key in sources.iter().flat_map(|source| read.captures_iter(source)).map(|captures| captures[1].to_owned()) {
        let named = regex::Regex::new(&format!(r"(?m)(^#?{key} = |^#?\[+(\w+\.)?{key}[\].]|[{{,] {key} = |`{key} = )"))
            .unwrap();
        // A secret in the file itself is mentioned once, by its password.
        let found = named.is_match(shipped) || ["secret", "token"].contains(&key.as_str());
        assert!(found, "`{key}` is not in config/vedetta.toml");
        count += 1;
    }
    assert!(count >= 45, "{count}");
}

#[test]
fn feeds_may_stand_in_lists_of_every_kind() {
    let folder = folder("[feeds]\npaths = [\"lists\", \"feeds.txt\"]\n[[feed]]\nurl = \"https://example.org/0\"\n");
    let lists = folder.path().join("lists");
    std::fs::create_dir(&lists).unwrap();
    for (name, text) in [
        (
            "a.opml",
            "<opml version='2.0'><body><outline text='Мир'><outline text='中国'><outline text='新华' xmlUrl='https://example.org/1'/></outline></outline></body></opml>",
        ),
        (
            "b.toml",
            "[[feed]]\nurl = \"https://example.org/2\"\ninterval = \"5m\"\nlabels = { desk = \"آسيا\" }\n[[feed]]\nurl = \"https://example.org/3\"\nenabled = false\n",
        ),
        ("notes.md", "no list"),
        (".b.toml.swp.toml", "no list"),
    ] {
        std::fs::write(lists.join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("feeds.txt"), "\u{feff}# комментарий\r\nhttps://example.org/4\r\n\r\n").unwrap();
    let config = good(&folder, &Environment::default());
    let urls: Vec<_> = config.feeds.iter().map(|feed| feed.url.path()).collect();
    assert_eq!(urls, ["/0", "/1", "/2", "/4"]);
    assert_eq!(config.feeds[1].labels["folder"], "Мир/中国");
    assert_eq!(config.feeds[1].name.as_deref(), Some("新华"));
    assert_eq!(
        (config.feeds[2].interval, config.feeds[2].labels["desk"].as_str()),
        (Some(Duration::from_mins(5)), "آسيا")
    );
    assert_eq!(config.feed_lists.len(), 3);
}

#[test]
fn an_address_with_a_password_in_a_list_is_not_shown() {
    let folder = folder("[feeds]\npaths = [\"feeds.txt\"]\n");
    std::fs::write(folder.path().join("feeds.txt"), "https://anna:hunter2@example.org/4\n").unwrap();
    let (config, report) = load_from(&folder, &Environment::default());
    assert!(config.is_none());
    assert!(report.to_string().contains("feeds.txt:1:1: error[E202]"), "{report}");
    assert!(!report.sources.iter().any(|source| source.text.contains("hunter2")));
}

#[test]
fn hubs_need_a_listener_and_an_address_that_reaches_it() {
    let http = |text: &str| {
        let folder = folder(&format!("[http]\n{text}\n"));
        let (config, report) = load_from(&folder, &Environment::default());
        let errors: Vec<_> = codes(&report).into_iter().filter(|code| code.starts_with('E')).collect();
        (config.and_then(|config| config.http_public_url).map(String::from), errors)
    };
    let listen = "listen = \"127.0.0.1:8686\"";
    let url = "https://xn--80akhbyknj4f.example/vedetta".to_owned();
    assert_eq!(http(&format!("{listen}\npublic_url = \"https://испытание.example/vedetta\"")), (Some(url), vec![]));
    assert_eq!(http(listen), (None, vec![]));
    assert_eq!(http("public_url = \"https://vedetta.example.org\""), (None, vec!["E204"]));
    for bad in ["vedetta.example.org", "https://a:b@example.org", "https://example.org/?x=1", "ftp://example.org"] {
        assert_eq!(http(&format!("{listen}\npublic_url = \"{bad}\"")), (None, vec!["E202"]), "{bad}");
    }
}

#[test]
fn the_flood_brake_has_its_limits() {
    let brake = |text: &str| {
        let folder = folder(&format!("[flood]\n{text}\n"));
        let (config, report) = load_from(&folder, &Environment::default());
        let errors: Vec<_> = codes(&report).into_iter().filter(|code| code.starts_with('E')).collect();
        (config.map(|config| config.router.brake), errors.len())
    };
    assert_eq!(brake(""), (Some(Brake { limit: 50, window: Duration::from_mins(10) }), 0));
    assert_eq!(brake("limit = 0").0.map(|brake| brake.limit), Some(0));
    assert_eq!(brake("limit = 100000\nwindow = \"24h\"").1, 0);
    for bad in ["limit = -1", "limit = 100001", "limit = \"50\"", "window = \"25h\"", "window = \"500ms\"", "per = 1"] {
        assert_eq!(brake(bad), (None, 1), "{bad}");
    }
    // A route's own takes over what it does not say.
    let of_route = |text: &str| {
        let channel = "[channel.desk]\ntype = \"webhook\"\nurl = \"https://example.org/hook\"\n";
        let folder = folder(&format!("[flood]\nwindow = \"1h\"\n{channel}[[route]]\nchannels = [\"desk\"]\n{text}\n"));
        let (config, report) = load_from(&folder, &Environment::default());
        let errors = codes(&report).into_iter().filter(|code| code.starts_with('E')).count();
        (config.and_then(|config| config.router.routes[0].flood), errors)
    };
    let hour = Duration::from_hours(1);
    assert_eq!(of_route(""), (None, 0));
    assert_eq!(of_route("flood = { limit = 0 }"), (Some(Brake { limit: 0, window: hour }), 0));
    assert_eq!(of_route("flood = { window = \"5m\" }").0, Some(Brake { limit: 50, window: Duration::from_mins(5) }));
    for bad in ["flood = false", "flood = { limit = -1 }", "flood = { per = 1 }"] {
        assert_eq!(of_route(bad), (None, 1), "{bad}");
    }
}

#[test]
fn a_heartbeat_needs_an_address_that_may_be_asked() {
    use crate::notify::{HeartbeatMethod, HeartbeatSettings};
    let heartbeat = |text: &str| {
        let folder = folder(&format!("[heartbeat]\n{text}\n"));
        let (config, report) = load_from(&folder, &Environment::default());
        let errors = codes(&report).iter().filter(|code| code.starts_with('E')).count();
        (config.and_then(|config| config.heartbeat), errors)
    };
    let url = "url = \"http://10.0.0.7:8000/ping/geheim\"";
    let (found, _) = heartbeat(&format!("{url}\nmethod = \"post\""));
    let found = found.expect("private addresses are fine");
    assert_eq!((found.every, found.method), (HeartbeatSettings::EVERY, HeartbeatMethod::Post));
    assert!(!format!("{found:?}").contains("geheim"), "{found:?}");
    for bad in [
        "",
        "url = \"hc-ping.com/x\"",
        "url = \"http://169.254.169.254/latest\"",
        "url = \"http://[fe80::1]/x\"",
        &format!("{url}\nevery = \"0s\""),
        &format!("{url}\nevery = \"25h\""),
        &format!("{url}\nmethod = \"put\""),
    ] {
        assert_eq!(heartbeat(bad), (None, 1), "{bad}");
    }
}
