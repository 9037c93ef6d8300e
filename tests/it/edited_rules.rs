//! Edits of single files among very many topics: what is in force after compiling only those files is what reading
//! everything gives; where it could not be, nothing is.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use vedetta::model::{Article, Labels, TopicId};
use vedetta::rule::{Judgement, Rules, RulesScratch, load};

use crate::explain::article;

const FILES: usize = 101;
const TOPICS: usize = 100;

/// Words of topics and articles; some in scripts without spaces.
const WORDS: [&str; 12] = [
    "fregata",
    "corvetta",
    "missile",
    "radar",
    "учения",
    "фрегат",
    "ракета",
    "军舰",
    "导弹",
    "演习",
    "فرقاطة",
    "護衛艦",
];

fn file_of(number: usize) -> String {
    let mut text = String::new();
    for topic in 0..TOPICS {
        let all = number * TOPICS + topic;
        let (one, other) = (WORDS[all % 12], WORDS[all / 12 % 12]);
        let _ = writeln!(text, "[[topic]]\nid = \"t{all}\"\nmatch = 'segnale{all} OR ({one} AND {other})'\n");
    }
    text
}

/// A folder of 10,100 topics in 101 files, with a glossary.
fn many() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for number in 0..FILES {
        write(folder.path(), &format!("f{number:03}.toml"), &file_of(number));
    }
    write(folder.path(), "glossary.toml", "[concept.nave]\nany = [\"nave\", \"корабль\", \"船\"]\n");
    folder
}

fn write(folder: &Path, name: &str, text: &str) {
    std::fs::write(folder.join(name), text).expect("a writable folder");
}

fn whole(folder: &Path) -> Rules {
    let (ruleset, report) = load(&[folder.to_path_buf()]);
    ruleset.unwrap_or_else(|| panic!("{report}")).into()
}

fn articles() -> Vec<Article> {
    let texts = [
        "La fregata e la corvetta",
        "Segnale1205 e segnale4711 dalla nave",
        "Фрегат и ракета, учения у берега: segnale77",
        "军舰发射导弹，演习开始",
        "護衛艦が演習に参加、segnale1201",
        "فرقاطة قرب الساحل segnale9999 segnale1203",
        "novità: un faro nuovo, корабль и 船",
    ];
    texts.iter().map(|text| article(text, "")).collect()
}

fn judge(rules: &Rules, article: &Article) -> Judgement {
    rules.judge(&mut RulesScratch::default(), article, &Labels::default(), article.fetched_at)
}

#[track_caller]
fn assert_same(edited: &Rules, folder: &Path) {
    let whole = whole(folder);
    assert_eq!(edited.topic_count(), whole.topic_count());
    let ids = |rules: &Rules| {
        let mut ids: Vec<TopicId> = rules.topics().map(|topic| topic.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(edited), ids(&whole));
    let mut matches = 0;
    for article in articles() {
        let (edited, whole) = (judge(edited, &article), judge(&whole, &article));
        matches += whole.matches.len();
        assert_eq!((edited.lang, edited.matches), (whole.lang, whole.matches), "{}", article.title);
        assert_eq!((edited.errors.len(), whole.errors.len()), (0, 0));
    }
    assert!(matches > 100, "{matches}");
}

#[test]
fn edited_files_alone_give_what_reading_everything_gives() {
    let folder = many();
    let folder = folder.path();
    let paths = [PathBuf::from(folder)];
    let before = whole(folder);

    // Nothing changed.
    assert_same(&before.edited(&paths).expect("there are many topics"), folder);

    // A topic changes, one goes, one comes, one is switched off; the concept is used.
    let text = file_of(12)
        .replace("segnale1200 OR", "@nave OR faro OR")
        .replace("id = \"t1201\"\n", "id = \"t1201\"\nenabled = false\n")
        .replace("id = \"t1205\"", "id = \"nuovo\"");
    write(folder, "f012.toml", &text);
    let edited = before.edited(&paths).expect("only one file changed");
    assert_same(&edited, folder);
    assert_ne!(edited.revision(), before.revision());
    let ids = |rules: &Rules| {
        judge(rules, &articles()[6]).matches.iter().map(|found| found.topic.id.to_string()).collect::<Vec<_>>()
    };
    assert!(ids(&edited).contains(&"t1200".to_owned()) && !ids(&before).contains(&"t1200".to_owned()));

    // A file comes and one goes, on top of the first edit; a topic moves from one file to the other.
    std::fs::remove_file(folder.join("f047.toml")).expect("it is there");
    write(folder, "new.toml", "[[topic]]\nid = \"t4711\"\nmatch = 'segnale4711 AND nave'\n");
    assert_same(&edited.edited(&paths).expect("files with topics only"), folder);
}

#[test]
fn what_reaches_beyond_its_file_or_is_wrong_is_left_to_a_full_reading() {
    let folder = many();
    let folder = folder.path();
    write(folder, "f100.toml", &file_of(100).replace("segnale10000 OR", "#t300 OR @nave OR"));
    let paths = [PathBuf::from(folder)];
    let before = whole(folder);
    let cases = [
        ("f005.toml", file_of(5).replace("match = 'segnale500", "match = 'segnale500 AND (")),
        ("f006.toml", file_of(6).replace("\"t600\"", "\"t700\"")),
        ("f007.toml", file_of(7).replace("segnale700 OR", "#t800 OR")),
        ("f008.toml", file_of(8).replace("segnale800 OR", "@ignoto OR")),
        ("f009.toml", format!("{}[concept.vela]\nany = [\"vela\"]\n", file_of(9))),
        // Another file refers to a topic of this one.
        ("f003.toml", file_of(3).replace("segnale300", "segnale")),
        ("glossary.toml", "[concept.nave]\nany = [\"nave\"]\n".to_owned()),
    ];
    for (name, text) in cases {
        let old = std::fs::read_to_string(folder.join(name)).expect("it is there");
        write(folder, name, &text);
        assert!(before.edited(&paths).is_none(), "{name}");
        write(folder, name, &old);
    }
    assert!(before.edited(&[folder.join("gone.toml")]).is_none());
    // Few topics are read as a whole: that takes no time.
    let few = tempfile::tempdir().expect("a temporary folder");
    write(few.path(), "a.toml", &file_of(0));
    assert!(whole(few.path()).edited(&[few.path().to_path_buf()]).is_none());
}

/// Each takes memory for as long as the rules run, whichever file it is in.
#[test]
fn an_edit_has_the_regular_expressions_that_the_other_files_leave() {
    const MOST: usize = 8_000;
    let folder = many();
    let pattern = |number: usize| format!("/z{number:04}/");
    let list = |numbers: std::ops::Range<usize>| numbers.map(pattern).collect::<Vec<_>>().join(" OR ");
    let mut text = String::new();
    for start in (0..MOST - 2).step_by(500) {
        let end = (start + 500).min(MOST - 2);
        let _ = writeln!(text, "[[topic]]\nid = \"r{start}\"\nmatch = '{}'", list(start..end));
    }
    write(folder.path(), "regexes.toml", &text);
    let rules = whole(folder.path());
    let paths = [folder.path().to_path_buf()];
    let edit = |numbers: std::ops::Range<usize>| {
        write(folder.path(), "new.toml", &format!("[[topic]]\nid = \"new\"\nmatch = '{}'\n", list(numbers)));
        rules.edited(&paths).is_some()
    };
    assert!(edit(MOST - 20..MOST), "two new ones, and eighteen that are known");
    assert!(!edit(MOST - 20..MOST + 1), "one too many");
    let (ruleset, report) = load(&paths);
    assert!(ruleset.is_none() && report.to_string().contains("E127"), "{report}");
}
