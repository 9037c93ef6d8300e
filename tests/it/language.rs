//! The rule language on real sentences: every case of `tests/language`, through both evaluators.

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;
use vedetta::model::{Evidence, Lang, Source, SourceId, Timestamp};
use vedetta::rule::{Circumstances, Document, Ruleset, Scratch, load_sources};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    /// Concepts for all tests of the file.
    #[serde(default)]
    concept: toml::Table,
    test: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// The article's language; absent: unknown.
    lang: Option<String>,
    rule: String,
    except: Option<String>,
    #[serde(default)]
    title: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    text: String,
    #[serde(default)]
    author: String,
    #[serde(default)]
    tags: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    url: String,
    matches: bool,
    /// The texts that hit, in order; absent: not compared.
    spans: Option<Vec<String>>,
    /// The concepts of the hits, in the same order; empty for none.
    concepts: Option<Vec<String>>,
}

fn compile(source: String) -> Ruleset {
    let files = load_sources(vec![Source::new(SourceId(0), "case.toml", source.as_str())]);
    let (ruleset, report) = Ruleset::compile(files);
    ruleset.unwrap_or_else(|| panic!("{report}\n{source}"))
}

fn run(file: &Path, concepts: &toml::Table, case: &Case, scratch: &mut Scratch) {
    let name = format!("{}: {}", file.display(), case.name);
    let mut topic = toml::Table::new();
    topic.insert("id".into(), "t".into());
    topic.insert("match".into(), case.rule.as_str().into());
    if let Some(except) = &case.except {
        topic.insert("except".into(), except.as_str().into());
    }
    let mut rules = toml::Table::new();
    rules.insert("concept".into(), concepts.clone().into());
    rules.insert("topic".into(), vec![toml::Value::from(topic)].into());
    let ruleset = compile(rules.to_string());
    let document = Document {
        fields: [
            Cow::Borrowed(case.title.as_str()),
            Cow::Borrowed(&case.summary),
            Cow::Borrowed(&case.text),
            Cow::Borrowed(&case.author),
            Cow::Borrowed(&case.tags),
            Cow::Borrowed(&case.source),
            Cow::Borrowed(&case.url),
        ],
        lang: case.lang.as_deref().map(|lang| Lang::parse(lang).unwrap()),
        guess: None,
        source: Cow::Borrowed(&case.source),
        feed: Cow::Borrowed(""),
        time: None,
    };
    let circumstances = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    let fast = ruleset.scan(scratch, &document, circumstances);
    let plain = ruleset.scan_plainly(&document, circumstances);
    assert_eq!(fast.errors, Vec::<String>::new(), "{name}");
    assert_eq!(fast.hits, plain, "{name}: the evaluators disagree");
    assert_eq!(!plain.is_empty(), case.matches, "{name}: {}", if case.matches { "no match" } else { "a match" });
    let hits: &[Evidence] = plain.first().map_or(&[], |hit| &hit.evidence);
    if let Some(spans) = &case.spans {
        let found: Vec<&str> =
            hits.iter().map(|hit| &document.text(hit.field)[hit.start as usize..hit.end as usize]).collect();
        assert_eq!(&found, spans, "{name}");
    }
    if let Some(concepts) = &case.concepts {
        let found: Vec<&str> = hits.iter().map(|hit| hit.concept.as_deref().unwrap_or("")).collect();
        assert_eq!(&found, concepts, "{name}");
    }
}

#[test]
fn every_case_of_the_language_suite_holds_in_both_evaluators() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/language");
    let mut scratch = Scratch::default();
    let mut count = 0;
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "toml")) {
        let text = std::fs::read_to_string(file).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in &cases.test {
            run(file, &cases.concept, case, &mut scratch);
            count += 1;
        }
    }
    assert!(count > 100, "only {count} cases");
}
