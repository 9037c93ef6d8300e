//! Articles made to hurt, through `vedetta match`: bounded time, bounded memory, and the next article is none the worse.

use std::fmt::Write as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::program;

/// Everything that costs: phrases, nearness, wildcards, stems, regular expressions, sentences, counts.
const RULES: &str = r#"
[concept.rockets]
any = ["missile*", "导弹", "\"air defence\"", "ขีปนาวุธ"]
en = ["~rocket"]

[[topic]]
id = "all"
match = '''(@rockets NEAR/5 (army OR 俄罗斯)) OR ATLEAST/3("missile missile") OR (army W/S @rockets) OR a*b*c OR =NATO OR ขีปนาวุธ OR /x{2,5}y/'''
score = [{ when = "@rockets", add = 1, each = true }]

[[topic]]
id = "plain"
match = '"army missile"'
"#;

/// A debug build on a busy machine, all articles together. Alone and in release they take a few seconds.
const PATIENCE: Duration = Duration::from_mins(5);

/// Bytes for 5 MB articles of which eight are under way at a time; an article costs some thirty times its size at worst.
const MOST_MEMORY: u64 = 1 << 30;

fn megabytes(unit: &str, number: usize) -> String {
    unit.repeat(number * 1_000_000 / unit.len())
}

fn article(id: &str, title: &str, body: &str) -> String {
    json!({"id": id, "title": title, "body": body}).to_string()
}

/// Runs `vedetta match` on lines; the articles that matched, the statistics, and what it said.
fn run(lines: &[u8], threads: &str) -> (Vec<Value>, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let (rules, articles) = (folder.path().join("rules.toml"), folder.path().join("articles.jsonl"));
    std::fs::write(&rules, RULES).unwrap();
    std::fs::write(&articles, lines).unwrap();
    let start = Instant::now();
    let output = program()
        .args(["match", "--stats", "--threads", threads, "--rules"])
        .args([rules, articles])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(start.elapsed() < PATIENCE, "took {:?}", start.elapsed());
    let said = String::from_utf8(output.stderr).unwrap();
    let stats: Value = said.lines().filter_map(|line| serde_json::from_str(line).ok()).next_back().expect(&said);
    let matches = output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let matches = matches.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert!(stats["peak_rss_bytes"].as_u64().unwrap() < MOST_MEMORY, "{stats}");
    (matches, stats, said)
}

#[test]
fn megabytes_of_one_kind_take_bounded_time_and_memory() {
    let many_words = (0..200_000).fold(String::new(), |mut text, number| {
        let _ = write!(text, "w{number:x} ");
        text
    });
    let texts = [
        megabytes("missile ", 5),
        megabytes("x", 5),
        megabytes("\u{301}", 3),
        format!("a{}", megabytes("\u{301}\u{5B0}\u{64B}", 1)),
        megabytes("俄罗斯导弹", 3),
        megabytes("ขีปนาวุธ", 3),
        megabytes("ﾐｻｲﾙﾞ", 1),
        megabytes("\u{200B}", 1),
        megabytes("\u{10FFFF}\u{0}", 1),
        megabytes("צ\"", 1),
        megabytes("Straße’İ", 1),
        megabytes("a. ", 1),
        megabytes("\n", 1),
        many_words,
    ];
    let mut lines = String::new();
    for (number, text) in texts.iter().enumerate() {
        lines.push_str(&article(&format!("body{number}"), "", text));
        lines.push('\n');
        if matches!(number, 0 | 1 | 4) {
            lines.push_str(&article(&format!("title{number}"), text, "army missile"));
            lines.push('\n');
        }
        lines.push_str(&article(&format!("after{number}"), "NATO: army missile", ""));
        lines.push('\n');
    }
    let (matches, stats, said) = run(lines.as_bytes(), "2");
    assert_eq!(stats["failures"], 0, "{said}");
    // In the order of the articles, and each ordinary one in between is found by both topics.
    let order: Vec<&str> = matches.iter().filter_map(|found| found["article"].as_str()).collect();
    let after: Vec<&str> = order.iter().copied().filter(|id| id.starts_with("after")).collect();
    let expected: Vec<String> = (0..texts.len()).flat_map(|number| vec![format!("after{number}"); 2]).collect();
    assert_eq!(after, expected);
    for id in ["body0", "title0", "body4", "title4", "body5"] {
        assert!(order.contains(&id), "{id} is not among {order:?}");
    }
    // What a reader gets to see of a million hits is limited.
    assert!(matches.iter().all(|found| found["hits"].as_array().unwrap().len() <= 1_000));
}

#[test]
fn odd_lines_are_counted_and_the_others_are_read() {
    let deep = format!(
        "{{\"id\":\"deep\",\"title\":\"army missile\",\"more\":{}1{}}}",
        "[".repeat(500_000),
        "]".repeat(500_000)
    );
    let deep_id = format!("{{\"id\":{}1{},\"title\":\"army missile\"}}", "[".repeat(500_000), "]".repeat(500_000));
    let escapes =
        format!("{{\"id\":\"escapes\",\"title\":\"army missile\",\"body\":\"{}\"}}", "\\u0061\\n".repeat(500_000));
    let keys = (0..100_000).fold(String::from("{\"id\":\"keys\",\"title\":\"army missile\""), |mut line, number| {
        let _ = write!(line, ",\"k{number}\":{number}");
        line
    }) + "}";
    let tags = json!({"id": "tags", "title": "army missile", "tags": vec!["army"; 200_000]}).to_string();
    let good: Vec<Vec<u8>> = [
        deep.as_str(),
        escapes.as_str(),
        &keys,
        &tags,
        r#"{"id": -7, "title": "army missile", "published": "the day before", "lang": "", "source": null}"#,
        r#"{"id": "", "title": "army missile", "lang": "xx-unknown-and-far-too-long-for-a-language", "url": "\u0000"}"#,
        "\u{FEFF}{\"id\":\"marked\",\"title\":\"army missile\"}",
        "\t {\"title\" : \"army\\u0020missile\", \"id\":0} \r",
    ]
    .map(|line| line.as_bytes().to_vec())
    .to_vec();
    let bad: Vec<Vec<u8>> = vec![
        deep_id.into_bytes(),
        b"{\"id\":\"bytes\",\"title\":\"army missile \xFF\xFE\"}".to_vec(),
        br#"{"id":"half","title":"army missile \ud800"}"#.to_vec(),
        br#"{"id":"twice","title":"army missile","title":"army missile"}"#.to_vec(),
        br#"{"id":1e999999,"title":"army missile"}"#.to_vec(),
        br#"{"id":"open","title":"army missile"#.to_vec(),
        br#"{"id":"two","title":"army missile"}{"id":"lines","title":"army missile"}"#.to_vec(),
        br#"["army missile"]"#.to_vec(),
        b"null".to_vec(),
        br#"["a", null, "army missile"]"#.to_vec(),
        vec![b'x'; 5_000_000],
        vec![0; 100_000],
    ];
    let mut lines = Vec::new();
    for line in bad.iter().chain(&good).chain(&[Vec::new(), b" \t".to_vec()]).chain(&bad) {
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    // The last line has no end.
    lines.extend_from_slice(article("last", "army missile", "").as_bytes());
    let (matches, stats, said) = run(&lines, "2");
    let found: Vec<&str> = matches
        .iter()
        .filter(|found| found["topic"] == "plain")
        .filter_map(|found| found["article"].as_str())
        .collect();
    assert_eq!(found, ["deep", "escapes", "keys", "tags", "-7", "", "marked", "0", "last"], "{said}");
    assert_eq!((&stats["articles"], &stats["failures"]), (&json!(9), &json!(2 * bad.len())), "{said}");
}
