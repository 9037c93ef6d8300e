use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use vedetta::cli::{render_report, report_json};
use vedetta::config::{self, Environment};
use vedetta::model::{Report, Timestamp};

use crate::support::diagnostics;

/// Findings that nearly every case has, since none is a whole configuration; shown only by the case of their name.
const USUAL: [&str; 3] = ["W204", "W205", "W206"];

/// The topics of the case whose routes ask for others.
const TOPICS: &str = r#"
[[topic]]
id = "missile-defence"
match = "missile"
labels = { desk = "asia" }

[[topic]]
id = "учения"
match = "учения"
"#;

/// What stands in for the folder in which a case is checked.
const FOLDER: &str = "/srv/vedetta";

/// Checks a case in a folder with rules and some secrets.
fn check(case: &Path, folder: &Path) -> Report {
    let secrets = folder.join("secrets");
    std::fs::create_dir_all(folder.join("rules")).unwrap();
    std::fs::create_dir_all(&secrets).unwrap();
    for (name, text, mode) in [
        ("good", "hunter2\n", 0o600),
        ("open", "hunter2\n", 0o644),
        ("empty", "\n", 0o600),
        ("short", "whsec_aHVudGVyMg==\n", 0o600),
    ] {
        std::fs::write(secrets.join(name), text).unwrap();
        std::fs::set_permissions(secrets.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let feeds = folder.join("feeds");
    std::fs::create_dir_all(&feeds).unwrap();
    for (name, text) in [
        ("cut.opml", "<opml version=\"2.0\"><body>\n  <outline text=\"Азия\">\n"),
        ("both.toml", "# Наши\n[[feed]]\nurl = \"https://example.org/rss.xml\"\nintervall = \"5m\"\n"),
        (
            "desk.opml",
            "<opml version=\"2.0\"><body>\n<outline text=\"Азия\">\n  <outline text=\"中国\" xmlUrl=\"https://example.org/rss.xml\"/>\n\
             <outline text=\"Posta\" xmlUrl=\"mailto:a@example.org\"/>\n</outline>\n</body></opml>\n",
        ),
        ("plain.txt", "# Один\nhttps://example.org/one.xml\n  https://example.org/one.xml\n"),
    ] {
        std::fs::write(feeds.join(name), text).unwrap();
    }
    std::fs::copy(case, folder.join("vedetta.toml")).unwrap();
    let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
    let (config, mut report) = config::load(&folder.join("vedetta.toml"), &Environment::default(), now);
    assert_eq!(config.is_some(), !report.has_errors(), "{}", case.display());
    let name = case.file_stem().unwrap().to_str().unwrap();
    if let Some(config) = config.filter(|_| name == "config-W212") {
        std::fs::write(folder.join("rules/topics.toml"), TOPICS).unwrap();
        let ruleset = vedetta::rule::load(&config.rules).0.unwrap();
        report.diagnostics.extend(config::unmet_wishes(&config, ruleset.topics()));
    }
    report.diagnostics.retain(|diagnostic| name.ends_with(diagnostic.code) || !USUAL.contains(&diagnostic.code));
    report
}

#[test]
fn what_is_said_about_each_mistake_is_what_was_agreed() {
    diagnostics::compare("config-", |case| {
        let folder = tempfile::tempdir().unwrap();
        let report = check(case, folder.path());
        let said = render_report(&report, false).replace(folder.path().to_str().unwrap(), FOLDER) + "\n";
        for secret in ["segreto", "hunter2", "12345678"] {
            assert!(!said.contains(secret), "a secret in {}:\n{said}", case.display());
            assert!(!report_json(&report).to_string().contains(secret), "a secret in {}", case.display());
        }
        said
    });
}

#[test]
fn every_code_has_a_case_of_its_name() {
    let names: Vec<String> = diagnostics::cases("config-")
        .iter()
        .map(|case| case.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let codes = regex::Regex::new(r#"= "([EW]\d{3})";"#).unwrap();
    let mut count = 0;
    for source in [include_str!("../../src/config/codes.rs"), include_str!("../../src/settings/codes.rs")] {
        for code in codes.captures_iter(source).map(|captures| captures[1].to_owned()) {
            assert!(names.contains(&format!("config-{code}")), "{code} has no case");
            assert!(source.contains(&format!("| {code} | ")), "{code} is not in the table");
            let folder = tempfile::tempdir().unwrap();
            let case = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/diagnostics/config-{code}.toml"));
            let report = check(&case, folder.path());
            assert!(report.diagnostics.iter().any(|diagnostic| diagnostic.code == code), "{code} does not come");
            count += 1;
        }
    }
    assert!(count >= 34, "{count}");
}
