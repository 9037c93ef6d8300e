//! The fast evaluator against the plain one: random rules on random texts, and texts made to hurt.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use vedetta::model::{Lang, Source, SourceId};
use vedetta::rule::{Document, Ruleset, Scratch, load_sources};

use crate::fuzz_corpus::matcher;
use crate::fuzz_corpus::matcher::{CONCEPTS, HERE};

fn compile(source: &str) -> Result<Ruleset, String> {
    let files = load_sources(vec![Source::new(SourceId(0), "random.toml", source)]);
    let (ruleset, report) = Ruleset::compile(files);
    ruleset.ok_or_else(|| report.to_string())
}

fn document<'a>(title: &'a str, body: &'a str, lang: Option<&str>) -> Document<'a> {
    matcher::document(title, body, lang.and_then(Lang::parse))
}

/// Terms over a small vocabulary, so that they often hit, overlap and nest.
fn term() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec!["ab", "abc", "ba", "c", "rosso", "中", "俄", "中俄", "俄中国", "มา", "é"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["a*", "*b", "*b*", "a?", "a*c", "=Ab", "=A*", "~rosso", "~rossi", "中?俄", "中*俄", "?俄"]).prop_map(str::to_owned),
        3 => prop::sample::select(vec!["\"ab ba\"", "\"ab * ba\"", "\"ab abc\"", "ab-c", "\"=Ab b*\"", "\"中 俄\"", "\"c 中俄\"", "\"ab ab\"", "\"* c\"", "\"ab ba c\"", "\"ab ab ab\"", "中俄国", "\"ab ba * c ab\"", "\"ab 中俄 c\"", "\"c 中*俄国 ab ba\"", "\"ab ba b* c\""]).prop_map(str::to_owned),
        2 => prop::sample::select(vec!["@one", "@two", "@both"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec!["/a+b/", "/[.,]+/", "/中./"]).prop_map(str::to_owned),
    ]
}

/// What has places in the text.
fn positional() -> impl Strategy<Value = String> {
    term().prop_recursive(3, 12, 3, |inner| {
        let operator = prop_oneof![
            (0_u32..4).prop_map(|count| format!("NEAR/{count}")),
            (0_u32..4).prop_map(|count| format!("ONEAR/{count}")),
            Just("W/S".to_owned()),
            Just("W/P".to_owned()),
            (0_u32..3).prop_map(|count| format!("NOT NEAR/{count}")),
            (0_u32..3).prop_map(|count| format!("NOT ONEAR/{count}")),
            Just("NOT W/S".to_owned()),
        ];
        prop_oneof![
            2 => (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            1 => prop::collection::vec(inner, 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
        ]
    })
}

fn query() -> impl Strategy<Value = String> {
    positional().prop_recursive(3, 16, 3, |inner| {
        let scope = prop::sample::select(vec!["title", "body", "lede", "summary"]);
        prop_oneof![
            3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" AND "))),
            2 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND NOT {b})")),
            2 => prop::collection::vec(inner.clone(), 2..4).prop_map(|parts| format!("({})", parts.join(" OR "))),
            1 => (1_u32..4, positional()).prop_map(|(count, of)| format!("ATLEAST/{count}({of})")),
            1 => prop::collection::vec(inner, 3).prop_map(|parts| format!("(2 OF ({}))", parts.join(", "))),
            2 => (scope, positional()).prop_map(|(scope, of)| format!("{scope}:({of})")),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "ab",
        "Ab",
        "abc",
        "ba",
        "c",
        "b",
        "AB",
        "rosso",
        "rossi",
        "rosse",
        "中",
        "俄",
        "国",
        "俄",
        "中",
        "มา",
        "ม้า",
        "é",
        "e\u{301}",
        "x",
        "aab",
        "a\u{AD}b",
    ]);
    let separator = prop::sample::select(vec![" ", " ", " ", "", "-", ", ", ". ", ".\n", "\n\n", "\u{200B}", "'"]);
    prop::collection::vec((piece, separator), 0..24)
        .prop_map(|parts| parts.into_iter().map(|(piece, separator)| format!("{piece}{separator}")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, ..ProptestConfig::default() })]
    #[test]
    fn both_evaluators_agree(
        queries in prop::collection::vec(query(), 1..4),
        except in prop::option::of(positional()),
        when in positional(),
        add in prop_oneof![Just(-3_i64), Just(2_i64)],
        threshold in prop::option::of(-4_i64..6),
        articles in prop::collection::vec((text(), text()), 1..4),
        lang in prop::option::of(prop::sample::select(vec!["it", "zh", "en"])),
    ) {
        let mut rules = CONCEPTS.to_owned();
        for (index, query) in queries.iter().enumerate() {
            rules += &format!("[[topic]]\nid = \"t{index}\"\nmatch = '''{query}'''\n");
            if let (0, Some(except)) = (index, &except) {
                rules += &format!("except = '''{except}'''\n");
            }
            rules += &format!("score = [{{ when = '''{when}''', add = {add}, each = true, max = {} }}]\n", add * 4);
            if let Some(threshold) = threshold {
                rules += &format!("threshold = {threshold}\n");
            }
        }
        rules += "[[topic]]\nid = \"other\"\nmatch = '#t0 OR (c AND #t0)'\n";
        rules += &format!("[[topic]]\nid = \"scored\"\nthreshold = 4\nscore = [{{ when = '''{when}''', add = 2, each = true }}]\n");
        let ruleset = match compile(&rules) {
            Ok(ruleset) => ruleset,
            Err(why) => return Err(TestCaseError::Reject(why.into())),
        };
        let mut scratch = Scratch::default();
        for (title, body) in &articles {
            matcher::agree(&ruleset, &mut scratch, &document(title, body, lang));
        }
    }
}

/// As it stands in a link, with some letters as they are and a sign that escapes nothing.
fn escaped(text: &str) -> String {
    let escape = |c: char| c.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    text.chars()
        .map(|c| match c {
            'x' | '俄' => c.to_string(),
            '.' => "%".to_owned(),
            _ if c.is_ascii_alphanumeric() => c.to_string(),
            _ => escape(c),
        })
        .collect()
}

/// A text of up to three hundred words, some of which are rare, so that a word often stands in one place only.
fn long_text() -> impl Strategy<Value = String> {
    let word = prop_oneof![6 => Just("x"), 1 => prop::sample::select(vec!["ab", "ba", "c", "Ab", "rosso", "中俄", "俄", "aab"])];
    prop_oneof![
        1 => text(),
        2 => (prop::collection::vec(word, 0..300), prop::sample::select(vec![" ", "-", ". "]))
            .prop_map(|(words, separator)| words.join(separator)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, max_shrink_iters: 2_000, ..ProptestConfig::default() })]
    /// Queries alone, without a score, on articles with all their fields: long ones after short ones and the other way round,
    /// and with a scratch that comes from other rules.
    #[test]
    fn both_evaluators_agree_on_all_fields_of_articles_of_any_length(
        queries in prop::collection::vec((query(), prop::option::of(positional())), 1..4),
        scoped in prop::sample::select(vec!["lede", "author", "tag", "source", "url"]),
        term in term(),
        near in positional(),
        is_escaped: bool,
        articles in prop::collection::vec(prop::array::uniform7(long_text()), 1..4),
        lang in prop::option::of(prop::sample::select(vec!["it", "zh", "en"])),
    ) {
        static OTHER: OnceLock<Ruleset> = OnceLock::new();
        let mut rules = CONCEPTS.to_owned();
        for (index, (query, except)) in queries.iter().enumerate() {
            rules += &format!("[[topic]]\nid = \"t{index}\"\nmatch = '''{query}'''\n");
            if let Some(except) = except {
                rules += &format!("except = '''{except}'''\n");
            }
        }
        rules += &format!("[[topic]]\nid = \"scoped\"\nmatch = '''{scoped}:({term})'''\n");
        rules += &format!("[[topic]]\nid = \"near\"\nmatch = '''{scoped}:({near})'''\n");
        rules += "[[topic]]\nid = \"lede\"\nmatch = 'lede:(ab OR \"ab ba\" OR 中俄)'\n";
        let ruleset = match compile(&rules) {
            Ok(ruleset) => ruleset,
            Err(why) => return Err(TestCaseError::Reject(why.into())),
        };
        let other = OTHER.get_or_init(|| compile("[[topic]]\nid = \"a\"\nmatch = 'x OR c OR \"x c\"'\n").unwrap());
        let mut scratch = Scratch::default();
        for fields in &articles {
            let [title, summary, body, author, tags, source, url] = fields;
            let url = &if is_escaped { escaped(url) } else { url.clone() };
            let document = Document {
                fields: [title, summary, body, author, tags, source, url].map(|text| Cow::Borrowed(text.as_str())),
                ..document("", "", lang)
            };
            matcher::agree(&ruleset, &mut scratch, &document);
            if summary.len().is_multiple_of(3) {
                matcher::agree(other, &mut scratch, &document);
            }
        }
    }
}

/// Generous, since tests run unoptimised; quadratic work on these texts takes hours.
const PATIENCE: Duration = Duration::from_secs(60);

/// Time that this thread had a processor for (Linux: proc(5), `schedstat`), so that a busy machine doesn't fail a test;
/// elsewhere, time.
pub(crate) fn working_time() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse().ok()));
    nanoseconds.map_or_else(|| START.get_or_init(Instant::now).elapsed(), Duration::from_nanos)
}

#[test]
fn texts_made_to_hurt_take_bounded_time() {
    let ruleset = compile(
        r#"
        [concept.many]
        any = ["a", "b*", "\"a a\""]
        it = ["~rosso"]
        [[topic]]
        id = "all"
        match = '''(@many NEAR/5 (a OR aa*)) OR ATLEAST/3("a a a") OR (a W/S @many) OR a*b*c*d OR ~rosso OR =A OR /a{2,5}b/ OR (missile NEAR/3 missile)'''
        score = [{ when = "(a NEAR/3 a) NEAR/3 a", add = 1, each = true }]
        "#,
    )
    .unwrap();
    let texts = [
        "missile ".repeat(650_000),
        "a ".repeat(30_000),
        "a".repeat(1_000_000),
        "\u{301}".repeat(500_000),
        format!("a{}", "\u{301}".repeat(100_000)),
        "俄".repeat(100_000),
        "ab.\n\n".repeat(30_000),
        "\u{200B}".repeat(500_000),
        (0..10_000).map(|number| format!("w{number} ")).collect(),
    ];
    let mut scratch = Scratch::default();
    for text in &texts {
        let start = working_time();
        let scanned = ruleset.scan(&mut scratch, &document("", text, None), HERE);
        assert_eq!(scanned.errors, Vec::<String>::new());
        assert!(scanned.hits.iter().all(|hit| hit.evidence.len() <= 1_000));
        let took = working_time() - start;
        assert!(took < PATIENCE, "{:?}… took {took:?}", text.chars().take(5).collect::<String>());
    }
    // And the next article is none the worse for it.
    assert_eq!(ruleset.scan(&mut scratch, &document("a rosso", "", None), HERE).hits.len(), 1);
}

/// Concepts of many words, shared by many topics, are told from the words that they are made of, also where one is part
/// of another; and the anchors may be chosen again at any time.
#[test]
fn long_lists_that_many_topics_share_and_anchors_chosen_again_change_no_result() {
    use std::fmt::Write as _;
    let word = |number: usize| format!("w{number}");
    let mut rules = String::new();
    for concept in 0..4 {
        let terms: Vec<String> = (0..40).map(|number| format!("\"{}\"", word(concept * 37 + number * 3))).collect();
        writeln!(rules, "[concept.c{concept}]\nany = [{}]\nit = [\"x{concept}\"]", terms.join(", ")).unwrap();
    }
    writeln!(rules, "[concept.all]\nany = [\"@c0\", \"@c1\", \"\\\"w5 w6\\\"\"]").unwrap();
    // Long lists in long lists.
    for (name, part, first) in [("deep", "c1", 120), ("deeper", "deep", 140), ("deepest", "deeper", 200)] {
        let terms: Vec<String> = (first..first + 20).map(|number| format!("\"{}\"", word(number))).collect();
        writeln!(rules, "[concept.{name}]\nany = [\"@{part}\", {}]", terms.join(", ")).unwrap();
    }
    let queries = [
        "@c0 AND @c1",
        "@c2 NEAR/3 @all",
        "@all AND NOT @c3",
        "2 OF (@c0, @c1, w7, @c3)",
        "w1 OR \"w2 w3\"",
        "w4 AND w5 AND w6",
        "@deep AND w9",
        "w8 AND @deeper",
        "@deepest",
    ];
    for index in 0..60 {
        let query = queries[index % queries.len()];
        writeln!(rules, "[[topic]]\nid = \"t{index}\"\nmatch = '({query}) OR own{index}'").unwrap();
        writeln!(rules, "[[topic]]\nid = \"u{index}\"\nmatch = '({query}) AND {}'", word(index)).unwrap();
        // Beside a rare word, lists of one word to 18, so that some are checked before the topic is tried, in one step or in
        // several, and some are too long for it.
        let list =
            |first: usize, length: usize| (0..length).map(|nth| word(first + nth)).collect::<Vec<_>>().join(" OR ");
        let (first, long, other) = (word(index * 2), list(index + 1, 1 + index % 18), list(index + 60, 1 + index % 9));
        writeln!(rules, "[[topic]]\nid = \"v{index}\"\nmatch = '{first} AND ({long})'").unwrap();
        writeln!(rules, "[[topic]]\nid = \"x{index}\"\nmatch = '{first} AND ({long}) AND ({other})'").unwrap();
        writeln!(
            rules,
            "[[topic]]\nid = \"y{index}\"\nmatch = '(\"{first} x1 {}\" OR {first}) AND ({long}) AND ({other})'",
            word(index)
        )
        .unwrap();
    }
    let ruleset = compile(&rules).unwrap();
    let mut scratch = Scratch::default();
    let mut seed = 7_u64;
    let mut matches = 0;
    // Anchors are chosen again after 1,000 articles; before and after, both evaluators must agree.
    for article in 0..1_200 {
        let mut body = String::new();
        for _ in 0..10 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = usize::try_from(seed >> 33).unwrap() % 400;
            let _ = write!(body, "{} ", if number < 3 { format!("x{number}") } else { word(number % 160) });
        }
        let lang = [None, Some("it"), Some("en")][article % 3];
        let document = document("", &body, lang);
        let fast = ruleset.scan(&mut scratch, &document, HERE);
        if article % 10 == 0 || (990..1_050).contains(&article) {
            assert_eq!(fast.hits, ruleset.scan_plainly(&document, HERE), "{body}");
        }
        matches += fast.hits.len();
    }
    assert!(matches > 500, "{matches}");
}

#[test]
fn a_scratch_made_for_it_tells_what_each_topic_cost() {
    let ruleset = compile(
        "[[topic]]\nid = \"rare\"\nmatch = 'ab AND abc'\n[[topic]]\nid = \"often\"\nmatch = 'ab'\n\
         [[topic]]\nid = \"off\"\nenabled = false\nmatch = 'ab'\n",
    )
    .unwrap();
    let mut scratch = Scratch::with_costs();
    for text in ["ab", "ab abc", "c", "ab"] {
        ruleset.scan(&mut scratch, &document("", text, None), HERE);
    }
    let mut costs = scratch.take_costs().unwrap();
    let mut other = Scratch::with_costs();
    ruleset.scan(&mut other, &document("ab", "", None), HERE);
    costs.add(&other.take_costs().unwrap());
    assert_eq!(costs.articles, 5);
    let topics = ruleset.topic_costs(&costs);
    let told: Vec<(&str, u64)> = topics.iter().map(|cost| (cost.topic.id.as_str(), cost.matches)).collect();
    assert_eq!(told, [("often", 4), ("rare", 1)]);
    assert_eq!(topics[0].candidates, 4);
    assert!(topics.iter().all(|cost| cost.candidates >= cost.matches && cost.candidates < 5));
    assert_eq!(other.take_costs().map(|costs| costs.articles), Some(0));
    assert!(Scratch::default().take_costs().is_none());
    assert!(compile("[[topic]]\nid = \"a\"\nmatch = 'ab'\n").unwrap().topic_costs(&costs).is_empty());
}

/// Thousands of topics and articles made to hurt: one word all along, marks on nothing, and the words of all topics.
#[test]
fn articles_made_to_hurt_stay_within_bounds_with_thousands_of_topics() {
    use std::fmt::Write as _;
    let mut rules = String::new();
    for index in 0..2_000 {
        let next = (index + 1) % 2_000;
        writeln!(
            rules,
            "[[topic]]\nid = \"t{index}\"\nmatch = '(said NEAR/3 own{index}) OR (own{index} NEAR/5 own{next}) OR \"said said own{index}\"'"
        )
        .unwrap();
    }
    let ruleset = compile(&rules).unwrap();
    let mut seed = 3_u64;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("own{} ", (seed >> 33) % 2_000)
    };
    let every_word: String = (0..60_000).map(|_| word()).collect();
    let texts = ["said ".repeat(500_000), "\u{301}".repeat(1_000_000), every_word];
    let mut scratch = Scratch::default();
    for text in &texts {
        let start = working_time();
        let (mut hits, mut most) = (0, 0);
        let survey = ruleset.scan_each(&mut scratch, &document("", text, None), HERE, |hit| {
            hits += 1;
            most = most.max(hit.places().count());
        });
        assert_eq!(survey.errors, Vec::<String>::new());
        assert!(most <= 1_000);
        let took = working_time() - start;
        assert!(took < PATIENCE, "{:?}… took {took:?}", text.chars().take(5).collect::<String>());
        assert_eq!(hits > 0, text.starts_with("own"));
    }
}
