use std::time::Duration;

use super::super::{Findings, TomlFile};
use super::*;
use crate::model::{Report, SourceId};

/// What is said about a file, one line each, after `read` asked for what it wants.
fn said(file: &str, read: impl FnOnce(TableReader<'_>)) -> Vec<String> {
    let source = Source::new(SourceId(0), "f.toml", file);
    let findings = Findings::new();
    read(TomlFile::parse(&source, &findings).root());
    let diagnostics = findings.into_diagnostics();
    let report = Report { sources: vec![source.clone()], diagnostics };
    report.to_string().lines().map(str::to_owned).collect()
}

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn all_mistakes_of_a_file_are_reported_in_one_run() {
    let file = "colour = 1\n[poll]\nintervall = \"5m\"\nfirst_poll = \"some\"\n[[feed]]\nurl = 7\ninterval = 15\n\
                labels = { country = 1 }\nfull_text = \"yes\"\n[[feed]]\nname = \"città\"\n";
    let lines = said(file, |mut root| {
        if let Some(mut poll) = root.table("poll") {
            poll.duration("interval", Duration::ZERO..=DAY);
            poll.one_of("first_poll", &[("recent", 1), ("all", 2), ("none", 3)]);
            poll.finish();
        }
        for mut feed in root.tables("feed") {
            feed.require(&["url"]);
            feed.string("url");
            feed.string("name");
            feed.duration("interval", Duration::ZERO..=DAY);
            feed.labels("labels");
            feed.bool("full_text");
            feed.finish();
        }
        root.finish();
    });
    assert_eq!(
        lines,
        [
            "f.toml:1:1: error[E002]: unknown key `colour` (hint: known here: `feed` and `poll`)",
            "f.toml:3:1: error[E002]: unknown key `intervall` in `[poll]` (hint: did you mean `interval`?)",
            "f.toml:4:15: error[E004]: `first_poll` can't be `some` (hint: write `recent`, `all` or `none`)",
            "f.toml:6:7: error[E003]: `url` must be a string, found an integer (hint: write \"7\")",
            "f.toml:7:12: error[E003]: `interval` must be a duration such as `\"15m\"`, found an integer (hint: write \
             it with its unit, such as \"15s\" or \"15m\")",
            "f.toml:8:22: error[E003]: `country` in `labels` must be a string, found an integer (hint: write \"1\")",
            "f.toml:9:13: error[E003]: `full_text` must be `true` or `false`, found a string (hint: write true without \
             quotes)",
            "f.toml:10:1: error[E005]: `[[feed]]` has no `url`",
        ]
    );
}

#[test]
fn syntax_errors_are_all_reported_and_what_can_be_read_is_checked_too() {
    let file = "[poll\ninterval = \"5m\"\nq = 15m\n[network]\nallow = [\"a\", \nuser = \"x\"\ncolor = 1\n";
    let lines = said(file, |mut root| {
        if let Some(mut poll) = root.table("poll") {
            poll.duration("interval", Duration::ZERO..=DAY);
            poll.string("q");
            poll.finish();
        }
        root.finish();
    });
    assert_eq!(
        lines,
        [
            "f.toml:1:1: error[E001]: the brackets of this header don't match (hint: write `[poll]`)",
            "f.toml:3:5: error[E001]: string values must be quoted (hint: write \"15m\")",
            "f.toml:4:2: error[E002]: unknown key `network` (hint: known here: `poll`)",
            "f.toml:5:9: error[E001]: an array is never closed (hint: close it with `]`)",
        ]
    );
}

#[test]
fn every_slip_of_the_pen_has_its_own_words() {
    for (file, words) in [
        ("a = 15m\n", "1:5: error[E001]: string values must be quoted (hint: write \"15m\")"),
        ("a = “x”\n", "1:5: error[E001]: string values must be quoted (hint: write `a = \"x\"`)"),
        ("a = taiwan\n", "1:5: error[E001]: string values must be quoted (hint: write `a = \"taiwan\"`)"),
        (
            "a = \"x\" AND y\n",
            "1:1: error[E001]: the quotes of a phrase stand inside those of the value (hint: write `a = '\"x\" AND y'`)",
        ),
        (
            "a = \"x\" OR \"y\"\n",
            "1:1: error[E001]: the quotes of a phrase stand inside those of the value (hint: write `a = '\"x\" OR \"y\"'`)",
        ),
        (
            "a = \"x\nb = \"y\"\n",
            "1:7: error[E001]: a string is never closed on its line (hint: end it with `\"`; a text of several lines stands between `'''`)",
        ),
        ("a = '''x\nb = 1\n", "1:5: error[E001]: a multi-line string is never closed (hint: close it with `'''`)"),
        ("a = { b = 1\nc = 2\n", "1:5: error[E001]: an inline table is never closed (hint: close it with `}`)"),
        ("a = [1,\nb = 2\nc = 3\n", "1:5: error[E001]: an array is never closed (hint: close it with `]`)"),
        ("a : 1\n", "1:1: error[E001]: a key and its value are joined by `=` (hint: write `a = 1`)"),
        ("a = yes\n", "1:1: error[E001]: `yes` is not a value here (hint: write `a = true`)"),
        ("a = [it, en]\n", "1:1: error[E001]: the words of a list need quotes (hint: write `a = [\"it\", \"en\"]`)"),
        (
            "a = \"title:\"iron dome\"\"\n",
            "1:1: error[E001]: a quote inside the string ends it (hint: write `a = '''title:\"iron dome\"'''`: between \
             these, quotes stand for themselves)",
        ),
        ("a = \"x\";\n", "1:1: error[E001]: `;` stands behind the value (hint: delete it)"),
        ("a = \"x\" // y\n", "1:1: error[E001]: comments begin with `#` (hint: write `# y`)"),
        (
            "a = 1,000\n",
            "1:1: error[E001]: a number has no separators between its digits (hint: write `a = 1000`, or a point before the fraction)",
        ),
        (
            "a = \"x\" b = 1\n",
            "1:1: error[E001]: two keys stand on one line (hint: write each key on a line of its own)",
        ),
        (
            "a = \"x\ny\"\n",
            "1:5: error[E001]: a string between single or double quotes can't run over several lines (hint: put the text between `'''`)",
        ),
        (
            "a = \"x\", \"y z\"\n",
            "1:1: error[E001]: a list stands between square brackets (hint: write `a = [\"x\", \"y z\"]`)",
        ),
        ("a = [\"x\"], [\"y\"]\n", "1:1: error[E001]: two lists stand here (hint: write one: `a = [\"x\", \"y\"]`)"),
        (
            "a = [{x: \"р: д\", \"y\" : 5}]\n",
            "1:1: error[E001]: a key and its value are joined by `=` (hint: write `a = [{x = \"р: д\", \"y\" = 5}]`)",
        ),
        (
            "a = (\"ракета\", \"дрон\")\n",
            "1:1: error[E001]: a list stands between square brackets (hint: write `a = [\"ракета\", \"дрон\"]`)",
        ),
        (
            "a = {\"导弹\", \"火箭\"}\n",
            "1:1: error[E001]: a list stands between square brackets (hint: write `a = [\"导弹\", \"火箭\"]`)",
        ),
        (
            "a = [x=\"a\", y=5]\n",
            "1:1: error[E001]: keys and their values stand between braces (hint: write `a = [{ x=\"a\", y=5 }]`)",
        ),
        (
            "a = {x=1}, {x=2}\n",
            "1:1: error[E001]: several tables stand here (hint: write a list of them: `a = [{x=1}, {x=2}]`)",
        ),
        ("a = >25\n", "1:1: error[E001]: a number has no signs around it (hint: write `a = 25`)"),
        ("a = 25%\n", "1:1: error[E001]: a number has no signs around it (hint: write `a = 25`)"),
        ("a = [\"x\",, \"y\"]\n", "1:10: error[E001]: extra comma in array (hint: delete it)"),
        ("a = {x = True}\n", "1:10: error[E001]: invalid boolean (hint: write `true` or `false`, in small letters)"),
        (
            "[a.@b]\n",
            "1:1: error[E001]: a name in a header has only letters, digits, `-` and `_` (hint: write `[a.b]`)",
        ),
        (
            "[[a:b]]\n",
            "1:1: error[E001]: a name in a header has only letters, digits, `-` and `_` (hint: write `[[a.b]]`)",
        ),
        ("a =\n", "1:1: error[E001]: `a` has no value (hint: write one, or delete the line)"),
        (
            "a = \"x\u{7}\"\n",
            "1:7: error[E001]: a control character stands here: U+0007 (hint: delete it; it came with text that was pasted)",
        ),
        ("ключ = 1\n", "1:1: error[E001]: invalid unquoted key (hint: write \"ключ\" with quotes)"),
        (
            "a = \"C:\\dir\"\n",
            "1:9: error[E001]: missing escaped value (hint: put the text between single quotes, where `\\` stands for \
             itself)",
        ),
    ] {
        let lines = said(file, |mut root| {
            for key in ["a", "b", "c"] {
                root.value(key);
            }
            root.also_known(&["ключ"]);
            root.finish();
        });
        assert_eq!(lines, [format!("f.toml:{words}")], "{file}");
    }
}

#[test]
fn a_broken_line_is_reported_once_and_its_consequences_are_not() {
    let lines = said("url = \nname = \"x\n", |mut root| {
        root.require(&["url", "id"]);
        root.string("url");
        root.string("name");
        root.finish();
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("E001")), "{lines:#?}");
}

#[test]
fn keys_and_tables_given_twice_are_errors() {
    let lines = said("a = 1\na = 2\n[t]\nx = 1\n[t]\ny = 1\n", |mut root| {
        root.integer("a", 0..=9);
        if let Some(table) = root.table("t") {
            let _: Vec<_> = table.entries();
        }
        root.finish();
    });
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].starts_with("f.toml:2:1: error[E006]: `a` is given twice"), "{lines:#?}");
    assert!(lines[1].starts_with("f.toml:5:2: error[E006]: `t` is given twice"), "{lines:#?}");
}

#[test]
fn brackets_of_the_wrong_number_get_their_own_hint() {
    let lines = said("[feed]\nurl = \"x\"\n[[poll]]\ninterval = \"1m\"\n", |mut root| {
        assert!(root.tables("feed").is_empty());
        assert!(root.table("poll").is_none());
        root.finish();
    });
    assert_eq!(
        lines,
        [
            "f.toml:1:1: error[E003]: `feed` must be a list of tables, found one table (hint: write `[[feed]]` with \
             double brackets)",
            "f.toml:3:1: error[E003]: `poll` must be one table, found a list of tables (hint: write `[poll]` with \
             single brackets, once)",
        ]
    );
}

#[test]
fn what_is_written_in_another_type_is_told_as_it_should_be() {
    const USAGE: &[(&str, &str)] = &[
        ("table", "write `table = { a = \"b\" }`"),
        ("tables", "write `[[tables]]`"),
        ("age", "write `age = \"48h\"`"),
        ("needed", "write `needed = 1`"),
    ];
    for (line, help) in [
        ("table = \"x\"", "write `table = { a = \"b\" }`"),
        ("table = []", "write `table = { a = \"b\" }`"),
        ("table = [{ a = \"b\" }]", "write one table, without square brackets: `{ … }`"),
        ("table = true", "write `table = { a = \"b\" }`"),
        ("tables = [\"x\", 5, 7]", "write `[[tables]]`"),
        ("tables = 5", "write `[[tables]]`"),
        ("list = \"ракета, дрон\"", "write [\"ракета\", \"дрон\"]"),
        ("list = \"导弹、火箭\"", "write [\"导弹\", \"火箭\"]"),
        ("list = '\"a, b\" c'", "write ['\"a, b\" c']"),
        ("list = [5]", "write \"5\""),
        ("list = [[\"a\"]]", "write all strings in one list, without brackets inside it"),
        ("age = 48", "write it with its unit: `age = \"48h\"` for hours, `\"48d\"` for days"),
        ("age = \"48\"", "write `age = \"48h\"` for hours, `\"48d\"` for days"),
        ("age = \"2 дня\"", "write `age = \"2d\"`"),
        ("age = [\"48h\"]", "write one string in quotes, without brackets"),
        ("age = {}", "write `age = \"48h\"`"),
        ("count = \"50 words\"", "write 50 without quotes"),
        ("count = [50]", "write 50 without brackets"),
        ("count = 2.5", "write a whole number, such as 3"),
        ("flag = 1", "write true"),
        ("flag = []", "write true or false"),
        ("word = 3", "write `\"high\"` or `\"low\"`"),
        ("word = \"x\"", "write `high` or `low`"),
        ("labels = { desk = [\"a\", \"b\"] }", "write one string in quotes, without brackets"),
    ] {
        let source = Source::new(SourceId(0), "f.toml", format!("needed = 1\n{line}\n"));
        let findings = Findings::new();
        let parsed = TomlFile::parse(&source, &findings);
        let mut root = parsed.root();
        root.explain(USAGE);
        root.require(&["needed"]);
        root.integer("needed", 1..=1);
        root.table("table").map(TableReader::entries);
        root.tables("tables");
        root.texts("list");
        root.duration("age", Duration::ZERO..=DAY * 365);
        root.integer("count", 0..=99);
        root.bool("flag");
        root.one_of("word", &[("high", 1), ("low", 2)]);
        root.labels("labels");
        root.finish();
        let found = findings.into_diagnostics();
        let said: Vec<&str> = found.iter().flat_map(|found| &found.help).map(String::as_str).collect();
        assert_eq!((found.len(), said), (1, vec![help]), "{line}");
    }
}

#[test]
fn a_key_in_another_form_is_not_also_missing() {
    for (line, count) in [("Needed = 1", 1), ("need = 1", 2), ("wanted = 1", 1), ("needs = 1", 2), ("", 1)] {
        let lines = said(&format!("{line}\n"), |mut root| {
            root.explain(&[("needed", "write `needed = 1`")]);
            root.hint(&["wanted"], "did you mean `needed`?");
            root.require(&["needed"]);
            root.finish();
        });
        assert_eq!(lines.len(), count, "{line}: {lines:#?}");
        let told = |line: &String| line.contains("did you mean `needed`?") || line.contains("write `needed = 1`");
        assert!(lines.iter().all(told), "{lines:#?}");
    }
}

#[test]
fn a_key_that_is_known_too_is_not_the_one_that_is_missing() {
    let lines = said("sources = 1\n", |mut root| {
        root.require(&["source"]);
        root.integer("sources", 1..=1);
        root.finish();
    });
    assert_eq!(lines, ["f.toml:1:1: error[E005]: the file has no `source`"]);
}

#[test]
fn free_names_come_in_the_order_of_the_file() {
    let file = "[concept.zulu]\nany = [\"z\"]\n[concept.\"россия\"]\nru = [\"росси*\"]\n[concept]\nbad = 1\n";
    let mut names = Vec::new();
    let lines = said(file, |mut root| {
        for (name, table) in root.named_tables("concept") {
            assert!(table.name().starts_with("[concept."), "{}", table.name());
            names.push(name.value);
            let _: Vec<_> = table.entries();
        }
        root.finish();
    });
    assert_eq!(names, ["zulu", "россия"]);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].starts_with("f.toml:6:7: error[E003]: `bad` in `concept` must be a table"), "{lines:#?}");
}

#[test]
fn a_value_may_have_one_of_several_types() {
    let source = Source::new(SourceId(0), "f.toml", "a = \"high\"\nb = { notice = 25, high = 0x28 }\nc = 3.5\n");
    let findings = Findings::new();
    let parsed = TomlFile::parse(&source, &findings);
    let mut root = parsed.root();
    assert!(matches!(root.value("a"), Some(Item::Text(text)) if text.text == "high"));
    let Some(Item::Table(mut table)) = root.value("b") else { panic!("a table") };
    assert_eq!(table.integer("high", 0..=99).map(|n| n.value), Some(40));
    assert_eq!(table.number("notice").map(|n| n.value), Some(25.0));
    table.finish();
    assert_eq!(root.number("c").map(|n| n.value), Some(3.5));
    root.finish();
    assert_eq!(findings.into_diagnostics(), []);
}

#[test]
fn limits_hold_at_their_ends_and_no_further() {
    let file = "a = 1\nb = 5\nc = 0\nd = 6\ne = \"1s\"\nf = \"24h\"\ng = \"999ms\"\nh = \"86401s\"\ni = 99999999999999999999\n";
    let lines = said(file, |mut root| {
        let range = Duration::from_secs(1)..=DAY;
        assert!(root.integer("a", 1..=5).is_some() && root.integer("b", 1..=5).is_some());
        assert!(root.integer("c", 1..=5).is_none() && root.integer("d", 1..=5).is_none());
        assert!(root.duration("e", range.clone()).is_some() && root.duration("f", range.clone()).is_some());
        assert!(root.duration("g", range.clone()).is_none() && root.duration("h", range).is_none());
        assert!(root.integer("i", 0..=5).is_none());
        root.finish();
    });
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert_eq!(lines[2], "f.toml:7:6: error[E004]: `g` must be between 1s and 1d");
}

#[test]
fn files_with_windows_line_ends_and_any_script_have_right_places() {
    let lines = said("\u{feff}# настройки\r\n[poll]\r\n間隔 = 1\r\nинтервал = 2\r\n", |mut root| {
        if let Some(mut poll) = root.table("poll") {
            poll.string("interval");
            poll.finish();
        }
        root.finish();
    });
    // Bare keys are ASCII in TOML 1.0; the parser says so, at the right place.
    assert!(lines[0].starts_with("f.toml:3:1: error[E001]"), "{lines:#?}");
    assert!(lines[1].starts_with("f.toml:4:1: error[E001]"), "{lines:#?}");
}

proptest::proptest! {
    /// Whatever stands in the file, reading ends, and every place lies inside the text on a letter's border.
    #[test]
    fn no_file_makes_the_reader_fail(file in r#"([a-z]{1,2}|[=\[\]\{\}"'#,.\n\\ ]|"""|'''|1|true|я|中|= "x"\n|\[\[a\]\]\n|\r\n){0,60}"#) {
        let source = Source::new(SourceId(0), "f.toml", file.as_str());
        let findings = Findings::new();
        let parsed = TomlFile::parse(&source, &findings);
    let mut root = parsed.root();
        root.text("a");
        root.tables("b");
        root.duration("c", Duration::ZERO..=DAY);
        root.require(&["q"]);
        root.finish();
        for diagnostic in findings.into_diagnostics() {
            for label in diagnostic.labels {
                proptest::prop_assert!(source.text.get(label.span.range()).is_some(), "{:?}", label);
            }
        }
    }
}
