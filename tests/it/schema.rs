//! The JSON Schemas say what the readers accept: the same keys, types and choices, no more and no less.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value;
use vedetta::config::{self, Environment};
use vedetta::model::{Diagnostic, Report, Source, SourceId, Timestamp};
use vedetta::rule::load_sources;

use crate::support::program;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Rules,
    Config,
}

use Of::{Config, Rules};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn schema(of: Of) -> Value {
    let path = match of {
        Rules => "rules/rule.schema.json",
        Config => "config/vedetta.schema.json",
    };
    serde_json::from_str(&std::fs::read_to_string(repository().join(path)).unwrap()).unwrap()
}

fn validator(of: Of) -> Validator {
    jsonschema::draft7::new(&schema(of)).unwrap()
}

fn report(of: Of, text: &str) -> Report {
    match of {
        Rules => load_sources(vec![Source::new(SourceId(0), "a.toml", text)]).report,
        Config => {
            let source = Source::new(SourceId(0), repository().join("config/vedetta.toml"), text);
            let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").unwrap();
            config::check(source, &Environment::default(), now).1
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::to_value(text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{error}\n{text}"))).unwrap()
}

/// A table of a file: where its schema is, and a file that has it, with `HERE` where a key of its own can be put.
const TABLES: &[(Of, &str, &str)] = &[
    (Rules, "", "HERE"),
    (Rules, "/properties/topic/items", "[[topic]]\nid = 'a'\nmatch = 'x'\nHERE"),
    (Rules, "/properties/topic/items/properties/where", "[[topic]]\nid = 'a'\nmatch = 'x'\n[topic.where]\nHERE"),
    (Rules, "/properties/topic/items/properties/story", "[[topic]]\nid = 'a'\nmatch = 'x'\n[topic.story]\nHERE"),
    (
        Rules,
        "/properties/topic/items/properties/severity/anyOf/1",
        "[[topic]]\nid = 'a'\nthreshold = 1\nscore = [{ when = 'x', add = 1 }]\n[topic.severity]\nurgent = 999\nHERE",
    ),
    (
        Rules,
        "/properties/topic/items/properties/score/items",
        "[[topic]]\nid = 'a'\nthreshold = 1\n[[topic.score]]\nwhen = 'x'\nadd = 1\nHERE",
    ),
    (
        Rules,
        "/properties/topic/items/properties/test/items",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[topic.test]]\ntitle = 'x'\nHERE\n[topic.test.expect]\nmatch = true",
    ),
    (
        Rules,
        "/properties/topic/items/properties/test/items/properties/expect",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[topic.test]]\ntitle = 'x'\n[topic.test.expect]\nmatch = true\nHERE",
    ),
    (
        Rules,
        "/properties/surge/items",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[surge]]\ntopics = ['a']\ncount = 'stories'\nwindow = '1h'\nmin = 3\nHERE",
    ),
    (
        Rules,
        "/properties/surge/items/properties/baseline",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[surge]]\ntopics = ['a']\ncount = 'stories'\nwindow = '1h'\n[surge.baseline]\n\
         window = '14d'\nzscore = 3.0\nHERE",
    ),
    (Config, "", "HERE"),
    (Config, "/properties/store", "[store]\nHERE"),
    (Config, "/properties/store/properties/retention", "[store.retention]\nHERE"),
    (Config, "/properties/rules", "[rules]\nHERE"),
    (Config, "/properties/poll", "[poll]\nHERE"),
    (Config, "/properties/flood", "[flood]\nHERE"),
    (Config, "/properties/heartbeat", "[heartbeat]\nurl = 'https://example.org/x'\nHERE"),
    (Config, "/properties/feeds", "[feeds]\nHERE"),
    (Config, "/properties/health", "[health]\nHERE"),
    (Config, "/properties/network", "[network]\nHERE"),
    (Config, "/properties/http", "[http]\nHERE"),
    (Config, "/properties/feed/items", "[[feed]]\nurl = 'https://example.org/f'\nHERE"),
    (Config, "/properties/page/items", "[[page]]\nurl = 'https://example.org/p'\nitem = 'li'\nHERE"),
    (
        Config,
        "/properties/channel/additionalProperties/oneOf/0",
        "[channel.a]\ntype = 'email'\nsmtp = 'smtps://example.org'\nfrom = 'a@example.org'\nto = ['b@example.org']\nHERE",
    ),
    (
        Config,
        "/properties/channel/additionalProperties/oneOf/1",
        "[channel.a]\ntype = 'webhook'\nurl = 'https://example.org/h'\nHERE",
    ),
    (
        Config,
        "/properties/route/items",
        "[channel.a]\ntype = 'webhook'\nurl = 'https://example.org/h'\n[[route]]\nchannels = ['a']\nHERE",
    ),
    (
        Config,
        "/properties/route/items/properties/digest",
        "[channel.a]\ntype = 'webhook'\nurl = 'https://example.org/h'\n[[route]]\nchannels = ['a']\n[route.digest]\n\
         schedule = '0 0 7 * * *'\nHERE",
    ),
    (
        Config,
        "/properties/route/items/properties/quiet",
        "[channel.a]\ntype = 'webhook'\nurl = 'https://example.org/h'\n[[route]]\nchannels = ['a']\n[route.quiet]\n\
         from = '22:00'\nto = '07:00'\nHERE",
    ),
    (
        Config,
        "/properties/route/items/properties/flood",
        "[channel.a]\ntype = 'webhook'\nurl = 'https://example.org/h'\n[[route]]\nchannels = ['a']\n[route.flood]\nHERE",
    ),
];

/// Where every table of a schema is whose keys are fixed.
fn tables_of(schema: &Value, at: &str, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            // A concept has languages besides its keys: looked at by itself.
            if object.contains_key("properties") && !object.contains_key("patternProperties") {
                found.insert(at.to_owned());
                assert_eq!(object["additionalProperties"], false, "{at} lets any key pass");
            }
            for (key, value) in object {
                tables_of(value, &format!("{at}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                tables_of(item, &format!("{at}/{index}"), found);
            }
        }
        _ => {}
    }
}

/// What stands in backticks.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn keys(table: &Value) -> BTreeSet<String> {
    table["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_table_and_key_of_the_readers_is_in_the_schemas_and_the_other_way_round() {
    for of in [Rules, Config] {
        let mut found = BTreeSet::new();
        tables_of(&schema(of), "", &mut found);
        let listed: BTreeSet<String> =
            TABLES.iter().filter(|(whose, ..)| *whose == of).map(|(_, at, _)| (*at).to_owned()).collect();
        assert_eq!(found, listed, "{of:?}: a table that this test does not know, or that is gone");
    }
    for (of, at, document) in TABLES {
        let schema = schema(*of);
        let unknown = document.replace("HERE", "qqqqqqqqqqqqqqqqqqqqqqqq = 1");
        let report = report(*of, &unknown);
        let help = report.diagnostics.iter().find(|found| found.code == "E002" && found.title.contains("`qqq"));
        let help = help.unwrap_or_else(|| panic!("{of:?} {at}: {report}")).help.concat();
        assert!(help.starts_with("known here: "), "{help}");
        assert_eq!(keys(schema.pointer(at).unwrap()), quoted(&help), "{of:?} {at}");
        assert!(!validator(*of).is_valid(&json(&unknown)), "{unknown}");
    }
}

#[test]
fn a_concept_has_languages_any_and_a_note() {
    let schema = schema(Rules);
    let concept = schema.pointer("/properties/concept/additionalProperties").unwrap();
    assert_eq!(keys(concept), BTreeSet::from(["any".to_owned(), "note".to_owned()]));
    for (text, good) in [
        ("any = ['a']\nit = ['b']\nnote = 'n'", true),
        ("zh = ['导弹']", true),
        ("qqqqqqqqq = ['a']", false),
        ("eng = ['a']", false),
        ("it = 'a'", false),
        ("", false),
    ] {
        let text = format!("[concept.c]\n{text}\n");
        assert_eq!(!report(Rules, &text).has_errors(), good, "{text}");
        assert_eq!(validator(Rules).is_valid(&json(&text)), good, "{text}");
    }
}

/// The file with a key set, or set anew.
fn with_key(document: &str, key: &str, value: &str) -> String {
    let without: Vec<&str> = document.lines().filter(|line| !line.starts_with(&format!("{key} = "))).collect();
    without.join("\n").replace("HERE", &format!("{key} = {value}"))
}

#[test]
fn a_value_of_the_wrong_type_is_refused_by_both() {
    for (of, at, document) in TABLES {
        let schema = schema(*of);
        let validator = validator(*of);
        for (key, property) in schema.pointer(at).unwrap()["properties"].as_object().unwrap() {
            // A test's `expect` table and the like stand below `HERE` already.
            if document.contains(&format!(".{key}]\n")) {
                continue;
            }
            let wrong = match property["type"].as_str() {
                Some("integer" | "number" | "boolean" | "object") => "'x'",
                _ => "7",
            };
            let text = with_key(document, key, wrong);
            assert!(report(*of, &text).has_errors(), "the reader takes\n{text}");
            assert!(!validator.is_valid(&json(&text)), "the schema takes\n{text}");
        }
    }
}

#[test]
fn the_choices_of_a_key_are_the_same() {
    let mut compared = 0;
    for (of, at, document) in TABLES {
        let schema = schema(*of);
        for (key, property) in schema.pointer(at).unwrap()["properties"].as_object().unwrap() {
            let Some(choices) = property.get("enum") else { continue };
            let report = report(*of, &with_key(document, key, "'qqqqqqqqqqqqqqqq'"));
            let found =
                report.diagnostics.iter().find(|found| found.code == "E004" && found.title.contains(key.as_str()));
            let label = &found.unwrap_or_else(|| panic!("{key}: {report}")).labels[0].text;
            let choices: BTreeSet<String> =
                choices.as_array().unwrap().iter().map(|choice| choice.as_str().unwrap().to_owned()).collect();
            assert_eq!(quoted(label), choices, "{of:?} {at}/{key}");
            compared += 1;
        }
    }
    assert!(compared >= 5, "only {compared} lists of choices");
}

#[test]
fn the_bounds_of_a_whole_number_are_the_same() {
    let mut compared = 0;
    for (of, at, document) in TABLES {
        let schema = schema(*of);
        for (key, property) in schema.pointer(at).unwrap()["properties"].as_object().unwrap() {
            if property["type"] != "integer" {
                continue;
            }
            let report = report(*of, &with_key(document, key, "-999999999999"));
            let bounds = format!("`{key}` must be between {} and {}", property["minimum"], property["maximum"]);
            let said = report.diagnostics.iter().any(|found| found.title == bounds);
            assert!(said, "{of:?} {at}: the schema says {bounds}, the reader: {report}");
            compared += 1;
        }
    }
    assert!(compared >= 12, "only {compared} numbers");
}

#[test]
fn every_key_is_described() {
    for (of, at, _) in TABLES {
        let schema = schema(*of);
        for (key, property) in schema.pointer(at).unwrap()["properties"].as_object().unwrap() {
            assert!(property["description"].as_str().is_some_and(|text| text.len() > 5), "{of:?} {at}/{key}");
        }
    }
}

const EVERY_RULE_KEY: &str = r##"
[concept.c]
any = ["Gazprom"]
it = ["~russo"]
note = "n"

[[topic]]
id = "a"
name = "A"
match = "@c"
except = "calcio"
threshold = 25
score = [{ when = "missile", add = 5, each = true, max = 20 }]
severity = { info = 5, notice = 25, high = 40, urgent = 60 }
labels = { desk = "asia" }
owner = "o"
note = "n"
enabled = true
[topic.where]
languages = ["it", "ru"]
sources = ["*.example.org"]
exclude_sources = ["blog.example.org"]
feed_labels = { country = "it" }
max_age = "48h"
min_words = 20
[topic.story]
window = "1h 30m"
alert_on = ["first", "new_language", "10_sources", "every", "changed", "severity"]
[[topic.test]]
name = "n"
lang = "it"
title = "t"
summary = "s"
body = "b"
url = "https://example.org/1"
source = "example.org"
expect = { match = false, min_score = 3, concepts = ["c"], failed = "x" }
[[topic.test]]
title = "t"
expect = { match = true, severity = "high" }

[[topic]]
id = "b"
match = "x"
severity = "high"

[[surge]]
topics = ["a"]
count = "languages"
window = "6h"
min = 4
[[surge]]
topics = ["a"]
count = "stories"
window = "6h"
baseline = { window = "14d", zscore = 3, min = 4 }
"##;

const EVERY_CONFIG_KEY: &str = r##"
[store]
url = "sqlite:var/vedetta.db"
[store.retention]
articles = "90d"
alerts = "365d"
seen = "180d"
[rules]
paths = ["rules"]
[poll]
interval = "15m"
first_poll = "all"
adaptive = true
fastest = "4m"
slowest = "2h"
[flood]
limit = 100
window = "15m"
[heartbeat]
url = "https://hc.example.org/ping/x"
every = "10m"
method = "post"

[health]
after = "6h"
failures = 5
answers = 3
repeat = "7d"
[feeds]
paths = []
[network]
allow = ["127.0.0.1:8080", "10.1.0.0/16"]
user_agent = "vedetta/1.0 (+https://example.org/bot)"
connect_timeout = "5s"
feed_deadline = "20s"
page_deadline = "15s"
max_body = "10 MiB"
robots = true
max_concurrent = 64
max_per_host = 2
[[feed]]
url = "https://example.org/rss.xml"
name = "Example"
interval = "5m"
adaptive = true
fastest = "1m"
slowest = "1h"
labels = { country = "it" }
full_text = true
enabled = false
[[feed]]
url = "HTTPS://example.org/atom.xml"
schedule = "0 */10 6-22 * * Mon-Fri"
timezone = "Europe/Rome"
[[page]]
url = "https://example.org/press"
item = "article.teaser"
link = "h2 a"
title = "h2"
date = "time@datetime"
date_format = "%d.%m.%Y"
summary = "p.lead"
[channel.desk]
type = "email"
smtp = "smtp+starttls://mail.example.org:587"
from = "vedetta <vedetta@example.org>"
to = ["desk@example.org"]
username = "vedetta"
password = "x"
timeout = "60s"
[channel.soc]
type = "webhook"
url = "https://hooks.example.org/vedetta"
format = "ntfy"
secret = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
token = "t"
headers = { X-Team = "soc" }
timeout = "20s"
[[route]]
match = { topic = "missile-*", severity = "high|urgent" }
channels = ["desk", "soc"]
continue = true
quiet = { from = "22:00", to = "7:00", timezone = "Europe/Rome", except = "urgent" }
flood = { limit = 0, window = "1h" }
[[route]]
channels = ["desk"]
digest = { schedule = "0 0 7 * * Mon-Fri", timezone = "Europe/Rome" }
[http]
listen = "127.0.0.1:8686"
public_url = "https://vedetta.example.org"
"##;

/// Keys that need a file beside the configuration, and are no part of the sample.
const WITHOUT_SAMPLE: [&str; 3] = ["password_file", "secret_file", "token_file"];

#[test]
fn what_the_readers_take_the_schemas_take_with_every_key() {
    for (of, text) in [(Rules, EVERY_RULE_KEY), (Config, EVERY_CONFIG_KEY)] {
        let report = report(of, text);
        assert!(!report.has_errors(), "{report}");
        let wrong: Vec<String> = validator(of).iter_errors(&json(text)).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        for (whose, at, _) in TABLES.iter().filter(|(whose, ..)| *whose == of) {
            for key in keys(schema(*whose).pointer(at).unwrap()) {
                let written = text.contains(&format!("{key} ="))
                    || text.contains(&format!("{key}]"))
                    || text.contains(&format!("[{key}."));
                assert!(written || WITHOUT_SAMPLE.contains(&key.as_str()), "{at}: the sample has no `{key}`");
            }
        }
    }
}

/// All files below a folder that end in `.toml`.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn the_shipped_files_name_their_schema_and_fit_it() {
    let mut paths = vec![repository().join("config/vedetta.toml")];
    files(&repository().join("rules"), &mut paths);
    assert!(paths.len() > 10);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or("");
        let named = first.strip_prefix("#:schema ").unwrap_or_else(|| panic!("{} names no schema", path.display()));
        let schema = path.parent().unwrap().join(named);
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(&schema).unwrap()).unwrap();
        let validator = jsonschema::draft7::new(&schema).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(&json(&text)).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
    }
}

/// The commented lines of the shipped configuration are its keys, too.
#[test]
fn what_the_shipped_configuration_shows_in_comments_fits() {
    let text = std::fs::read_to_string(repository().join("config/vedetta.toml")).unwrap();
    let shown: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[') => rest,
            _ => line,
        })
        .collect();
    let wrong: Vec<String> =
        validator(Config).iter_errors(&json(&shown.join("\n"))).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// Codes for what has the wrong shape; a schema can see it.
const SHAPE: [&str; 3] = ["E002", "E003", "E005"];

#[test]
fn files_with_mistakes_are_refused_where_a_schema_can_see_them_and_others_are_not() {
    let folder = repository().join("tests/diagnostics");
    let (mut taken, mut refused) = (0, 0);
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let validators = BTreeMap::from([("rule", validator(Rules)), ("config", validator(Config))]);
    for path in paths {
        let name = path.file_name().unwrap().to_str().unwrap();
        // One of them is no UTF-8, which is its mistake.
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let (Some((kind, _)), Ok(_)) = (name.split_once('-'), text.parse::<toml::Table>()) else { continue };
        let of = if kind == "rule" { Rules } else { Config };
        let report = report(of, &text);
        let valid = validators[kind].is_valid(&json(&text));
        if report.diagnostics.iter().any(|found| SHAPE.contains(&found.code)) {
            assert!(!valid, "{name} has the wrong shape, and the schema takes it");
            refused += 1;
        } else if !report.diagnostics.iter().any(Diagnostic::is_error) {
            assert!(valid, "{name} is right, and the schema refuses it");
            taken += 1;
        }
    }
    assert!(taken > 5 && refused >= 3, "{taken} taken, {refused} refused");
    for bad in [
        "[topic]\nid = 'a'",
        "[[topic]]\nid = 'a'",
        "[[topic]]\nid = 'a b'\nmatch = 'x'",
        "[[topic]]\nid = 'a'\nmatch = 'x'\nseverity = 'hi'",
        "[[topic]]\nid = 'a'\nmatch = 'x'\nstory = { alert_on = ['1_sources'] }",
        "[[topic]]\nid = 'a'\nmatch = 'x'\nstory = { window = '5' }",
        "[[topic]]\nid = 'a'\nmatch = 'x'\nlabels = { topic = 'x' }",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[topic.test]]\nexpect = { match = true }",
        "[[topic]]\nid = 'a'\nmatch = 'x'\n[[surge]]\ntopics = ['a']\ncount = 'stories'\nwindow = '1h'",
    ] {
        assert!(report(Rules, bad).has_errors() && !validators["rule"].is_valid(&json(bad)), "{bad}");
    }
}

#[test]
fn the_examples_of_the_reference_fit() {
    let text = std::fs::read_to_string(repository().join("src/rule/language.md")).unwrap();
    let validator = validator(Rules);
    let mut count = 0;
    for example in text.split("```toml rule\n").skip(1) {
        let example = example.split("\n```").next().unwrap_or("");
        let wrong: Vec<String> = validator.iter_errors(&json(example)).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:?}\n{example}");
        count += 1;
    }
    assert!(count > 10, "only {count} examples");
}

#[test]
fn the_command_prints_them() {
    for (name, of) in [("rules", Rules), ("config", Config)] {
        let output = program().args(["schema", name]).output().unwrap();
        assert!(output.status.success());
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(printed, schema(of));
    }
}
