//! Explanations, rule tests, filters and the JSON lines of `vedetta match`, through the public surface.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Write};
use std::time::Duration;

use vedetta::model::{
    Article, ArticleId, FeedId, Labels, Lang, Severity, Source, SourceId, TextStatus, Timestamp, TopicId,
};
use vedetta::rule::jsonl::match_jsonl;
use vedetta::rule::{Circumstances, Document, Explanation, Ruleset, Scratch, explain, load_sources, run_tests};

const HERE: Circumstances<'static> = Circumstances { feed_labels: None, now: Timestamp::EPOCH };

fn compile(rules: &str) -> Ruleset {
    let files = load_sources(vec![Source::new(SourceId(0), "rules.toml", rules)]);
    let (ruleset, report) = Ruleset::compile(files);
    ruleset.unwrap_or_else(|| panic!("{report}"))
}

pub(crate) fn article(title: &str, body: &str) -> Article {
    Article {
        id: ArticleId::derive(&["a"]),
        feed: FeedId::derive(&["f"]),
        feed_name: "Agenzia".into(),
        url: Some("https://example.org/a".into()),
        title: title.into(),
        summary: String::new(),
        body: body.into(),
        text_status: TextStatus::Feed,
        text_error: None,
        lang: Lang::parse("en"),
        declared_lang: None,
        source: "example.org".into(),
        author: None,
        tags: Vec::new(),
        published: None,
        updated: None,
        fetched_at: Timestamp::EPOCH,
        content_hash: 0,
    }
}

fn explained(rules: &str, title: &str, body: &str) -> Explanation {
    let ruleset = compile(rules);
    let article = article(title, body);
    explain(&ruleset, &TopicId::new("t").unwrap(), &Document::new(&article), HERE).unwrap()
}

const CONCEPTS: &str = "
[concept.russia]
en = ['Moscow', 'Russia']
it = ['=Mosca']
[concept.china]
en = ['China', 'Beijing']
";

fn topic(rest: &str) -> String {
    format!("{CONCEPTS}\n[[topic]]\nid = 't'\n{rest}\n")
}

#[test]
fn a_near_miss_says_how_far_apart_the_words_are() {
    let filler = "word ".repeat(35);
    let found = explained(&topic("match = '@russia NEAR/30 @china'"), "", &format!("Moscow {filler}China"));
    assert!(!found.matches);
    assert_eq!(found.failed.as_deref(), Some("match: NEAR/30 failed: 35 words between “Moscow” and “China”"));
}

#[test]
fn the_first_failing_part_is_named() {
    for (rest, body, reason) in [
        ("match = 'missile AND rocket'", "a missile", "`rocket` is not there"),
        ("match = 'missile AND NOT film'", "a missile film", "there is “film” (body)"),
        ("match = '@russia NEAR/3 @china'", "Moscow", "NEAR/3 failed: `@china` has no hit"),
        ("match = 'arms ONEAR/3 sold'", "sold arms", "“arms” (body) comes only after “sold” (body)"),
        ("match = 'Moscow W/S Beijing'", "Moscow won. Beijing lost.", "different sentences"),
        ("match = 'ATLEAST/3(missile)'", "missile missile", "ATLEAST/3 failed: 2 hits"),
        ("match = '2 OF (a1, b1, c1)'", "b1", "2 OF failed: 1 of 3 hold"),
        ("match = 'Boston NOT NEAR/1 Globe'", "Boston Globe", "NOT NEAR/1 failed"),
        ("match = 'missile'\nexcept = 'film'", "missile film", "except holds: “film”"),
        (
            "match = 'missile'\nthreshold = 5\nscore = [{ when = 'rocket', add = 9 }]",
            "missile",
            "the score is 0, below 5",
        ),
        ("match = 'missile'\n[topic.where]\nlanguages = ['it']", "missile", "where: the article is in `en`"),
        ("match = 'missile'\n[topic.where]\nmin_words = 3", "missile", "it has 1 word, and `min_words` is 3"),
        ("match = 'missile'\n[topic.where]\nsources = ['*.it']", "missile", "`example.org` is none of the `sources`"),
        ("match = 'missile'\n[topic.where]\nexclude_sources = ['example.*']", "missile", "excluded by `example.*`"),
    ] {
        let found = explained(&topic(rest), "", body);
        assert!(!found.matches, "{rest}");
        let failed = found.failed.unwrap_or_default();
        assert!(failed.contains(reason), "{rest}: {failed}");
    }
}

/// Words of one text are never “in different tags”, however far apart they are.
#[test]
fn far_apart_in_one_text_is_a_number_of_words() {
    let body = |words: usize| format!("ракета {}оборона", "слово ".repeat(words));
    for words in [900, 1_001, 5_000] {
        for near in ["NEAR/5", "ONEAR/1000"] {
            let found = explained(&topic(&format!("match = 'ракета {near} оборона'")), "", &body(words));
            if let Some(failed) = found.failed {
                assert!(failed.ends_with(&format!("{words} words between “ракета” and “оборона”")), "{failed}");
            } else {
                assert!(found.matches && words == 900 && near == "ONEAR/1000", "{words} {near}");
            }
        }
    }
    let text = format!("ракета.\n\n{}\n\nОборона", "слово ".repeat(1_500));
    let found = explained(&topic("match = 'ракета W/P оборона'"), "", &text);
    assert!(found.failed.is_some_and(|failed| failed.ends_with("are in different paragraphs")));
}

#[test]
fn tags_are_apart_and_links_are_shown_as_letters() {
    let mut article = article("x", "");
    article.tags = vec!["ракета".into(), "оборона".into()];
    article.url = Some("https://x.ru/%D0%BD%D0%B0/%D0%A0%D0%B0%D0%BA%D0%B5%D1%82%D0%B0/%D0%B4%D0%B0".into());
    let failed = |rule: &str| {
        let ruleset = compile(&topic(rule));
        let found = explain(&ruleset, &TopicId::new("t").unwrap(), &Document::new(&article), HERE).unwrap();
        found.failed.unwrap_or_default()
    };
    for near in ["NEAR/1000", "ONEAR/3", "W/S"] {
        let said = failed(&format!("match = 'tag:(ракета {near} оборона)'"));
        assert_eq!(said, format!("match: {near} failed: “ракета” and “оборона” are in different tags"));
    }
    assert_eq!(failed("match = 'url:(x AND NOT ракета)'"), "match: `NOT url:ракета`: there is “Ракета” (url)");
    let said = failed("match = 'url:=РАКЕТА'");
    assert!(said.ends_with("there is “Ракета”, and `=` minds case and accents"), "{said}");

    let ruleset = compile(&topic("match = 'url:ракета'"));
    let judged = ruleset.judge(&mut Scratch::default(), &article, &Labels::default(), Timestamp::EPOCH);
    let excerpt = &judged.matches[0].excerpts[0];
    assert_eq!((excerpt.before.as_str(), excerpt.text.as_str()), ("https://x.ru/на/", "Ракета"));
    assert_eq!(excerpt.after, "/да");
}

#[test]
fn a_match_shows_hits_in_context_lists_tried_and_the_score() {
    let rules = topic(
        "match = '@russia AND @china'\nthreshold = 2\nseverity = { notice = 2, high = 6 }
        score = [{ when = '@russia', add = 3, each = true, max = 7 }, { when = 'title:drill', add = 1 }]",
    );
    let found = explained(&rules, "Joint drill", "Moscow and Beijing: Russia sends ships, Russia sends planes.");
    assert!(found.matches && found.failed.is_none());
    assert_eq!((found.score, found.severity), (8, Some(Severity::High)));
    assert_eq!(found.concepts, ["china", "russia"]);
    let text = found.to_string();
    for part in [
        "t matches, severity high, score 8 (threshold 2)",
        "✓ @russia",
        "lists tried: en; not tried, since the article is in `en`: it",
        "«Moscow» and Beijing",
        "score +7",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["match"]["parts"][0]["parts"][0]["hits"][0]["text"], "Moscow");
}

#[test]
fn a_test_that_fails_says_what_came_instead() {
    let ruleset = compile(
        "
        [concept.russia]
        it = ['=Mosca']
        [[topic]]
        id = 't'
        match = '@russia NEAR/2 accordo'
        [[topic.test]]
        name = 'the city'
        lang = 'it'
        title = 'Accordo a Mosca'
        expect = { match = true, severity = 'notice', concepts = ['russia'] }
        [[topic.test]]
        name = 'the fly'
        lang = 'it'
        title = 'Accordo sulla mosca'
        expect = { match = false, failed = 'NEAR/2' }
        [[topic.test]]
        name = 'wrong'
        lang = 'it'
        title = 'Accordo a Mosca'
        expect = { match = false }
        [[topic.test]]
        name = 'wrong reason'
        lang = 'it'
        title = 'Accordo'
        expect = { failed = 'except' }
        ",
    );
    let report = run_tests(&ruleset);
    assert_eq!((report.passed, report.failed), (2, 2), "{:?}", report.failures);
    assert_eq!(report.failures[0].problems, ["expected no match, got one"]);
    assert!(report.failures[1].problems[0].starts_with("expected `except` to fail, got: match: NEAR/2 failed"));
    assert!(report.failures[0].to_string().contains("«Mosca»"));
}

#[test]
fn feed_labels_age_and_threshold_decide_who_is_judged() {
    let ruleset = compile(
        "
        [[topic]]
        id = 'labelled'
        match = 'missile'
        [topic.where]
        feed_labels = { country = 'it' }
        [[topic]]
        id = 'fresh'
        match = 'missile'
        [topic.where]
        max_age = '48h'
        [[topic]]
        id = 'off'
        match = 'missile'
        enabled = false
        [[topic]]
        id = 'refers'
        match = '#off'
        ",
    );
    assert_eq!(
        ruleset.topics().iter().map(|topic| topic.id.as_str()).collect::<Vec<_>>(),
        ["fresh", "labelled", "refers"]
    );
    let mut scratch = Scratch::default();
    let article = article("Missile", "");
    let mut judge = |labels: &Labels, hours: u64| -> Vec<String> {
        let now = Timestamp::EPOCH + Duration::from_secs(hours * 3600);
        let judgement = ruleset.judge(&mut scratch, &article, labels, now);
        assert!(judgement.errors.is_empty());
        judgement.matches.iter().map(|found| found.topic.id.to_string()).collect()
    };
    let italian: Labels = BTreeMap::from([("country".to_owned(), "it".to_owned())]);
    assert_eq!(judge(&italian, 48), ["fresh", "labelled", "refers"]);
    assert_eq!(judge(&Labels::new(), 49), ["refers"]);
}

#[test]
fn excerpts_show_every_atom_before_repeating_one() {
    let ruleset = compile(&topic("match = '@russia AND @china'"));
    let body = format!("{}China at last.", "Russia says. ".repeat(40));
    let judgement = ruleset.judge(&mut Scratch::default(), &article("", &body), &Labels::new(), Timestamp::EPOCH);
    let excerpts = &judgement.matches[0].excerpts;
    assert_eq!(excerpts.len(), 20);
    assert_eq!(excerpts.last().map(|last| (last.text.as_str(), last.after.as_str())), Some(("China", " at last.")));
    assert_eq!(excerpts[0].concept.as_deref(), Some("russia"));
}

#[test]
fn json_lines_come_out_in_order_whatever_the_number_of_threads() {
    let ruleset = compile(&topic("match = '@russia'").replace("id = 't'", "id = 'z'"));
    let mut input = String::new();
    for number in 0..300 {
        input += &format!("{{\"id\":\"a{number}\",\"title\":\"Moscow {number}\",\"lang\":\"en\",\"extra\":[1]}}\n");
    }
    input += "not json\n\n{\"id\":7,\"body\":\"\\u041c Russia\"}\n";
    let run = |threads: usize| {
        let mut out = Vec::new();
        let stats = match_jsonl(&ruleset, input.as_bytes(), &mut out, threads, Timestamp::EPOCH).unwrap();
        (String::from_utf8(out).unwrap(), stats)
    };
    let (out, stats) = run(1);
    assert_eq!((stats.articles, stats.matches, stats.failures, stats.topics), (301, 301, 1, 1));
    assert!(stats.problems[0].starts_with("line 301: "), "{:?}", stats.problems);
    assert_eq!(
        out.lines().next(),
        Some(
            r#"{"article":"a0","topic":"z","score":0,"severity":"notice","lang":"en","hits":[{"field":"title","start":0,"end":6,"atom":"Moscow","concept":"russia"}]}"#
        )
    );
    assert!(out.lines().last().unwrap().starts_with(r#"{"article":"7","topic":"z""#), "{out}");
    assert!(out.lines().last().unwrap().contains(r#""start":3,"end":9"#));
    assert_eq!(run(3).0, out);
}

#[test]
fn a_line_that_is_no_article_is_told_by_its_own_number_and_no_other() {
    let ruleset = compile(&topic("match = 'ракета'"));
    let input =
        "{\"id\":1.5,\"title\":\"x\"}\n{\"title\":\"x\"}\r\n{\"id\":\"ж\",\"title\":5}\n{\"id\":1,\"title\":\"x\"\n";
    let stats = match_jsonl(&ruleset, input.as_bytes(), Vec::new(), 1, Timestamp::EPOCH).unwrap();
    let expected = [
        "line 1: `id` must be a string or a whole number of 64 bits with sign, at byte 9",
        "line 2: missing field `id`, at byte 13",
        "line 3: invalid type: integer `5`, expected a string, at byte 20",
        "line 4: EOF while parsing an object, at byte 19",
    ];
    assert_eq!(stats.problems, expected);
}

/// 150 topics, and so many articles that each of them hits a thousand times.
fn hits_without_end(articles: usize) -> (Ruleset, String) {
    let rules: String = (0..150).map(|n| format!("[[topic]]\nid = 't{n}'\nmatch = 'ракета AND w'\n")).collect();
    let body = "ракета ".repeat(1_000);
    let article = |n| format!("{{\"id\":{n},\"title\":\"w\",\"body\":\"{body}\"}}\n");
    (compile(&rules), (0..articles).map(article).collect())
}

/// A thousand hits for each of hundreds of topics are megabytes for every article: no thread may heap them up.
#[test]
fn what_many_topics_write_goes_on_its_way_as_it_comes_whatever_the_number_of_threads() {
    struct Pieces {
        all: Vec<u8>,
        longest: usize,
    }
    impl Write for Pieces {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.longest = self.longest.max(bytes.len());
            self.all.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (ruleset, input) = hits_without_end(9);
    let run = |threads: usize| {
        let mut out = Pieces { all: Vec::new(), longest: 0 };
        let stats = match_jsonl(&ruleset, input.as_bytes(), &mut out, threads, Timestamp::EPOCH).unwrap();
        assert_eq!((stats.articles, stats.matches), (9, 9 * 150));
        // Four mebibytes, and the match that goes beyond them.
        assert!(out.longest < 5 << 20, "{threads} threads: {}", out.longest);
        out.all
    };
    let out = run(1);
    assert!(out.len() > 50 << 20, "{}", out.len());
    for threads in [2, 3, 7] {
        assert!(run(threads) == out, "{threads} threads");
    }
}

#[test]
fn a_writer_that_fails_ends_the_run_whoever_waits_for_its_turn() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| std::io::Error::other("full"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let (ruleset, input) = hits_without_end(60);
    for threads in [1, 2, 7] {
        for room in [0, 20 << 20] {
            let failed = match_jsonl(&ruleset, input.as_bytes(), Full(room), threads, Timestamp::EPOCH);
            assert_eq!(failed.map(|_| ()).unwrap_err().to_string(), "full", "{threads} threads");
        }
    }
}

#[test]
fn a_writer_that_panics_leaves_nobody_waiting() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("a writer of the test")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (ruleset, input) = hits_without_end(20);
    for threads in [1, 2, 7] {
        let failed = match_jsonl(&ruleset, input.as_bytes(), Panics, threads, Timestamp::EPOCH);
        assert_eq!(failed.map(|_| ()).unwrap_err().to_string(), "a matching thread ended early", "{threads} threads");
    }
}

#[test]
fn what_was_read_before_reading_fails_is_still_written() {
    /// A file whose disk fails at its end.
    struct Failing<'a>(&'a [u8]);
    impl Read for Failing<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into) {
                Ok(0) => Err(io::Error::other("the disk fails")),
                read => read,
            }
        }
    }
    let ruleset = compile(&topic("match = 'ракета'"));
    let mut input: String = (0..500).map(|id| format!("{{\"id\":{id},\"body\":\"Ракета\"}}\n")).collect();
    input += "{\"id\":501,\"body\":\"Рак";
    for threads in [1, 2, 5] {
        let mut out = Vec::new();
        let reader = BufReader::with_capacity(64, Failing(input.as_bytes()));
        let failed = match_jsonl(&ruleset, reader, &mut out, threads, Timestamp::EPOCH);
        assert_eq!(failed.map(|_| ()).unwrap_err().to_string(), "the disk fails");
        assert_eq!(out.iter().filter(|&&byte| byte == b'\n').count(), 500, "{threads} threads");
    }
}

#[test]
fn the_revision_changes_with_the_rules() {
    let one = compile("[[topic]]\nid = 't'\nmatch = 'a'");
    let other = compile("[[topic]]\nid = 't'\nmatch = 'b'");
    assert_eq!(one.revision().len(), 16);
    assert_ne!(one.revision(), other.revision());
    // One scratch serves both.
    let mut scratch = Scratch::default();
    let article = article("b", "");
    let mut count =
        |ruleset: &Ruleset| ruleset.judge(&mut scratch, &article, &Labels::new(), Timestamp::EPOCH).matches.len();
    assert_eq!([count(&one), count(&other), count(&one)], [0, 1, 0]);
}

#[test]
fn what_is_not_there_is_said_with_what_comes_near() {
    let words: Vec<String> = (0..80).map(|at| format!("w{at}")).collect();
    for (query, title, body, near) in [
        ("title:missile", "Talks", "A missile was shown.", "`title:missile` is not there: it is only in the body"),
        (
            "lede:w70",
            "Talks",
            words.join(" ").as_str(),
            "`lede:w70` is not there: it comes after the first 60 words of the body",
        ),
        ("=Mosca", "", "Ritorno a MOSCA", "`=Mosca` is not there: there is “MOSCA”, and `=` minds case and accents"),
        ("=\"Белый дом\"", "белый дом", "", "“белый дом”, and `=` minds case and accents"),
        ("\"iron dome\"", "The dome of iron", "", "is not there: its words are in the title, but not side by side"),
        ("\"iron dome\"", "Iron", "dome", "is not there: its words are in different fields"),
        ("\"iron dome system\"", "Iron dome", "", "is not there: all its words are there but `system`"),
        ("ракета", "Дрон", "", "match: `ракета` is not there"),
        ("导弹", "弹导", "", "match: `导弹` is not there"),
        // It is not for the letters that these miss.
        ("中俄", "中 俄", "", "match: `中俄` is not there"),
        ("=中俄", "中 俄", "", "match: `=中俄` is not there"),
        (
            "url:missile",
            "Missile talks",
            "A missile.",
            "`url:missile` is not there: it is only in the title and the body",
        ),
    ] {
        let found = explained(&topic(&format!("match = '''{query}'''")), title, body);
        let failed = found.failed.expect(query);
        assert!(failed.ends_with(near), "{query}: {failed}");
    }
}
