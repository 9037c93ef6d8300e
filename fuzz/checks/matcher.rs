//! The fast evaluator against the plain one. A check panics where it doesn't hold.

use std::borrow::Cow;

use vedetta::model::{Lang, Source, SourceId, Timestamp};
use vedetta::rule::{Circumstances, Document, RuleFiles, Ruleset, Scratch, load_sources};

/// Larger inputs find nothing that smaller ones don't, and take longer.
const MOST_BYTES: usize = 4096;

/// For queries over a small vocabulary, so that they often hit, overlap and nest.
pub(crate) const CONCEPTS: &str = r#"
[concept.one]
any = ["ab", "中俄"]
it = ["~rosso", "=Ab"]
zh = ["俄"]
[concept.two]
any = ["c", "\"ab ba\""]
it = ["ba*"]
[concept.both]
any = ["@one", "@two"]
"#;

/// The input as queries and an article, for the fast evaluator against the plain one: a language or nothing in the first
/// line, then queries, one a line, up to a line `---`; then the title in one line, and the body.
pub(super) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(MOST_BYTES)]);
    let Some((rules, article)) = text.split_once("\n---\n") else { return };
    let (title, body) = article.split_once('\n').unwrap_or((article, ""));
    let mut lines = rules.lines();
    let lang = lines.next().and_then(Lang::parse);
    let mut file = CONCEPTS.to_owned();
    for (index, query) in lines.enumerate().take(4) {
        if query.contains("'''") || query.ends_with('\'') || query.contains(char::is_control) {
            return;
        }
        file += &format!("[[topic]]\nid = \"t{index}\"\nmatch = '''{query}'''\n");
        file += &format!("score = [{{ when = '''{query}''', add = 2, each = true, max = 8 }}]\n");
    }
    let (Some(ruleset), _) = Ruleset::compile(load(&file)) else { return };
    agree(&ruleset, &mut Scratch::default(), &document(title, body, lang));
}

pub(crate) const HERE: Circumstances<'static> = Circumstances { feed_labels: None, now: Timestamp::EPOCH };

/// An article of a title and a body.
pub(crate) fn document<'a>(title: &'a str, body: &'a str, lang: Option<Lang>) -> Document<'a> {
    let empty = || Cow::Borrowed("");
    Document {
        fields: [Cow::Borrowed(title), empty(), Cow::Borrowed(body), empty(), empty(), empty(), empty()],
        lang,
        guess: None,
        source: empty(),
        feed: empty(),
        time: None,
    }
}

/// Both evaluators say the same, and what they point at stands in the text.
pub(crate) fn agree(ruleset: &Ruleset, scratch: &mut Scratch, document: &Document<'_>) {
    let fast = ruleset.scan(scratch, document, HERE);
    assert_eq!(fast.errors, Vec::<String>::new());
    let plain = ruleset.scan_plainly(document, HERE);
    assert_eq!(fast.hits, plain, "{:?}", document.fields);
    for evidence in plain.iter().flat_map(|hit| &hit.evidence) {
        assert!(document.text(evidence.field).get(evidence.start as usize..evidence.end as usize).is_some());
    }
}

fn load(text: &str) -> RuleFiles {
    load_sources(vec![Source::new(SourceId(0), "fuzz.toml", text)])
}
