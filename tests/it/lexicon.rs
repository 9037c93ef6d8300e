//! The lexicon, concept by concept: every form that newspapers write is found, in every language, and what only looks like it
//! is not. The forms and sentences are in `tests/language/lexicon/`.

#![expect(clippy::print_stdout, reason = "what is skipped or measured is shown to whoever runs the test")]

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vedetta::model::{Lang, Source, SourceId, Timestamp};
use vedetta::rule::{Circumstances, Document, Ruleset, Scratch, load_paths, load_sources};

/// A sentence of each language, in our own words, for a form to stand in.
const SENTENCES: [(&str, &str); 14] = [
    ("en", "Officials spoke about {} again yesterday."),
    ("it", "Ieri si è parlato di nuovo di {} in serata."),
    ("de", "Gestern war wieder von {} die Rede."),
    ("fr", "Hier soir, on a encore parlé de {} à la radio."),
    ("es", "Ayer se habló de nuevo de {} por la noche."),
    ("pt", "Ontem falou-se outra vez de {} à noite."),
    ("ru", "Вчера снова говорили: {}, и это не всё."),
    ("uk", "Учора знову говорили: {}, і це не все."),
    ("pl", "Wczoraj znów mówiono: {}, i to nie wszystko."),
    ("zh", "昨天再次谈到{}的问题。"),
    ("ja", "昨日また{}の話題が出た。"),
    ("ko", "어제 다시 {} 이야기가 나왔다."),
    ("ar", "تحدثوا أمس مجددا عن {} في المساء."),
    ("tr", "Dün akşam yine {} hakkında konuşuldu."),
];

/// What every country has forms in.
const OF_COUNTRIES: [&str; 10] = ["en", "it", "de", "fr", "es", "ru", "uk", "pl", "zh", "ar"];

type Table = BTreeMap<String, BTreeMap<String, toml::Value>>;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn table(name: &str) -> Table {
    let path = repository().join("tests/language/lexicon").join(name);
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The lexicon's names.
fn concepts() -> BTreeSet<String> {
    load_paths(&[repository().join("rules/lexicon")]).concepts.into_keys().collect()
}

/// A topic for each concept, which is called like it and matches it.
fn lexicon() -> Ruleset {
    let mut topics = String::new();
    for name in concepts() {
        writeln!(topics, "[[topic]]\nid = \"{name}\"\nmatch = '@{name}'").unwrap();
    }
    lexicon_with(topics)
}

/// The lexicon and these topics.
fn lexicon_with(topics: String) -> Ruleset {
    let mut sources = Vec::new();
    for (index, source) in load_paths(&[repository().join("rules/lexicon")]).sources.into_iter().enumerate() {
        sources.push(Source::new(SourceId(u32::try_from(index).unwrap()), source.path.as_path(), source.text));
    }
    sources.push(Source::new(SourceId(1000), "topics.toml", topics));
    let (ruleset, report) = Ruleset::compile(load_sources(sources));
    ruleset.unwrap_or_else(|| panic!("{report}"))
}

/// The concepts that a headline has.
fn found(ruleset: &Ruleset, scratch: &mut Scratch, title: &str, lang: &str) -> BTreeSet<String> {
    let empty = || Cow::Borrowed("");
    let document = Document {
        fields: [Cow::Borrowed(title), empty(), empty(), empty(), empty(), empty(), empty()],
        lang: Some(Lang::parse(lang).unwrap()),
        guess: None,
        source: empty(),
        feed: empty(),
        time: None,
    };
    let here = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    ruleset.scan(scratch, &document, here).hits.into_iter().map(|hit| hit.topic.id.as_str().to_owned()).collect()
}

fn sentence(lang: &str, form: &str) -> String {
    let (_, sentence) = SENTENCES.iter().find(|(known, _)| *known == lang).unwrap_or_else(|| panic!("{lang}?"));
    sentence.replace("{}", form)
}

#[test]
fn every_form_of_every_concept_is_found() {
    let ruleset = lexicon();
    let mut scratch = Scratch::default();
    let mut missed = Vec::new();
    let mut count = 0;
    for file in ["countries.toml", "terms.toml"] {
        for (concept, languages) in table(file) {
            for (lang, forms) in languages {
                for form in forms.as_str().unwrap().split(',').map(str::trim) {
                    count += 1;
                    if !found(&ruleset, &mut scratch, &sentence(&lang, form), &lang).contains(&concept) {
                        missed.push(format!("@{concept} does not find the {lang} `{form}`"));
                    }
                }
            }
        }
    }
    assert!(missed.is_empty(), "{} of {count}:\n{}", missed.len(), missed.join("\n"));
    assert!(count > 7_000, "only {count} forms");
}

#[test]
fn what_only_looks_like_a_concept_is_not_found() {
    let ruleset = lexicon();
    let mut scratch = Scratch::default();
    let mut wrong = Vec::new();
    let mut count = 0;
    for (concept, languages) in table("not-these.toml") {
        for (lang, sentences) in languages {
            for text in sentences.as_array().unwrap() {
                let text = text.as_str().unwrap();
                count += 1;
                if found(&ruleset, &mut scratch, text, &lang).contains(&concept) {
                    wrong.push(format!("@{concept} is seen in the {lang} `{text}`"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 350, "only {count} sentences");
}

#[test]
fn every_concept_of_the_lexicon_has_forms_in_every_language_that_it_is_for() {
    let (countries, terms) = (table("countries.toml"), table("terms.toml"));
    let tested: BTreeSet<String> = countries.keys().chain(terms.keys()).cloned().collect();
    assert_eq!(tested, concepts(), "a concept without forms here, or forms of none");
    for (concept, languages) in &countries {
        for lang in OF_COUNTRIES {
            assert!(languages.contains_key(lang), "@{concept} has no {lang} forms");
        }
    }
    // Names of systems are the same everywhere, and Chinese has its own.
    for (concept, languages) in terms.iter().filter(|(concept, _)| *concept != "missile-defence-system") {
        for (lang, _) in SENTENCES {
            assert!(languages.contains_key(lang), "@{concept} has no {lang} forms");
        }
    }
}

/// A country is not found in the name of another: 罗马尼亚 (Romania) begins like Rome. Some are made of another one's name; the
/// lexicon says so, and topics heed it.
#[test]
fn a_countrys_name_is_not_found_in_another_ones() {
    // The longer name, a language or nothing for all, and the shorter.
    const KNOWN: [(&str, &str, &str); 8] = [
        ("belarus", "zh", "russia"),
        ("ireland", "zh", "germany"),
        ("oman", "ar", "jordan"),
        ("oman", "zh", "sudan"),
        ("south-sudan", "", "sudan"),
        ("republic-of-the-congo", "", "dr-congo"),
        ("guinea-bissau", "", "guinea"),
        ("equatorial-guinea", "", "guinea"),
    ];
    let ruleset = lexicon();
    let mut scratch = Scratch::default();
    let countries = table("countries.toml");
    let mut wrong = Vec::new();
    for (concept, languages) in &countries {
        for (lang, forms) in languages {
            for form in forms.as_str().unwrap().split(',').map(str::trim) {
                for other in found(&ruleset, &mut scratch, &sentence(lang, form), lang) {
                    let known = KNOWN
                        .iter()
                        .any(|&(long, of, short)| long == concept && short == other && (of.is_empty() || of == lang));
                    if other != *concept && countries.contains_key(&other) && !known {
                        wrong.push(format!("{lang} `{form}` of @{concept} is @{other} too"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the notes tell topics to write where one country's name stands inside another's.
#[test]
fn countries_whose_names_hold_each_other_can_be_told_apart() {
    let cases = [
        ("@guinea NOT NEAR/0 (@guinea-bissau OR @equatorial-guinea)", "en", "The junta of Guinea met", true),
        ("@guinea NOT NEAR/0 (@guinea-bissau OR @equatorial-guinea)", "en", "A coup in Guinea-Bissau", false),
        ("@guinea NOT NEAR/0 (@guinea-bissau OR @equatorial-guinea)", "fr", "Élections en Guinée équatoriale", false),
        ("@guinea NOT NEAR/0 (@guinea-bissau OR @equatorial-guinea)", "zh", "几内亚比绍发生政变", false),
        ("@guinea NOT NEAR/0 (@guinea-bissau OR @equatorial-guinea)", "zh", "几内亚军政府宣布选举", true),
        ("@sudan NOT NEAR/0 @south-sudan", "en", "The army of Sudan advances", true),
        ("@sudan NOT NEAR/0 @south-sudan", "en", "Fighting in South Sudan", false),
        ("@sudan NOT NEAR/0 @south-sudan", "ru", "Бои в Южном Судане", false),
        ("@sudan NOT NEAR/0 @south-sudan", "ar", "معارك في جنوب السودان", false),
        ("@dr-congo NOT NEAR/0 @republic-of-the-congo", "fr", "Le Congo-Brazzaville vote", false),
        ("@dr-congo NOT NEAR/0 @republic-of-the-congo", "ja", "コンゴ共和国で選挙", false),
        ("@dr-congo NOT NEAR/0 @republic-of-the-congo", "ja", "コンゴ民主共和国で選挙", true),
        ("@jordan NOT NEAR/0 @oman", "ar", "وصل إلى سلطنة عمان", false),
        ("@jordan NOT NEAR/0 @oman", "ar", "وصل إلى عمان", true),
        ("@sudan NOT NEAR/0 @oman", "zh", "阿曼苏丹国外交大臣", false),
        ("@ireland NOT NEAR/0 Northern", "en", "Northern Ireland votes", false),
        ("@ireland NOT NEAR/0 Northern", "en", "Ireland votes", true),
    ];
    let topics: Vec<String> = (0_u32..)
        .zip(&cases)
        .map(|(index, (query, ..))| format!("[[topic]]\nid = \"case-{index}\"\nmatch = '{query}'\n"))
        .collect();
    let ruleset = lexicon_with(topics.concat());
    let mut scratch = Scratch::default();
    for (index, (query, lang, text, expected)) in (0_u32..).zip(cases) {
        let hit = found(&ruleset, &mut scratch, text, lang).contains(&format!("case-{index}"));
        assert_eq!(hit, expected, "{query}: {text}");
    }
}

/// Forms of names that people found in Slavic newspapers, where the data is at hand.
#[test]
fn inflected_names_from_newspapers_are_found() {
    const ENTITIES: [(&str, &str); 20] = [
        ("GPE-Great-Britain", "uk"),
        ("ORG-European-Union", "european-union"),
        ("GPE-Russia", "russia"),
        ("GPE-USA", "usa"),
        ("GPE-Ukraine", "ukraine"),
        ("GPE-Germany", "germany"),
        ("GPE-China", "china"),
        ("GPE-Poland", "poland"),
        ("GPE-Moscow", "russia"),
        ("GPE-Italy", "italy"),
        ("GPE-Syria", "syria"),
        ("GPE-Turkey", "turkey"),
        ("ORG-NATO", "nato"),
        ("ORG-Kremlin", "russia"),
        ("GPE-France", "france"),
        ("GPE-Iran", "iran"),
        ("GPE-Israel", "israel"),
        ("GPE-Japan", "japan"),
        ("GPE-North-Korea", "north-korea"),
        ("PER-Vladimir-Putin", "russia"),
    ];
    let path: PathBuf = repository().join("../shared/data/topics/slavic-name-forms.jsonl");
    let Ok(lines) = std::fs::read_to_string(Path::new(&path)) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let entities: HashMap<&str, &str> = ENTITIES.into_iter().collect();
    let ruleset = lexicon();
    let mut scratch = Scratch::default();
    let (mut hits, mut all) = (0, 0);
    let mut missed = Vec::new();
    for line in lines.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |key: &str| row[key].as_str().unwrap_or("").to_owned();
        let (lang, form) = (text("lang"), text("form"));
        let Some(concept) = entities.get(text("entity").as_str()) else { continue };
        if !["ru", "uk", "pl"].contains(&lang.as_str()) {
            continue;
        }
        all += 1;
        if found(&ruleset, &mut scratch, &sentence(&lang, &form), &lang).contains(*concept) {
            hits += 1;
        } else {
            missed.push(format!("{lang} `{form}` of @{concept}"));
        }
    }
    println!("{hits} of {all} forms found; not {}", missed.join(", "));
    // Some are no names (`the Isles`) or misspelt.
    assert!(hits * 100 >= all * 95, "{hits} of {all}; missed {}", missed.join(", "));
}
