//! The fast evaluator against the plain one. A check panics where it doesn't hold.

use std::borrow::Cow;

use vedetta::model::{Lang, Source, SourceId, Timestamp};
use vedetta::rule::{Circumstances, Document, RuleFiles, Ruleset, Scratch, load_sources};

/// Larger inputs find nothing that smaller ones don't, and take longer.
const MOST_BYTES: usize = 4096;

const CONCEPTS: &str = r#"
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
    let empty = || Cow::Borrowed("");
    let document = Document {
        fields: [Cow::Borrowed(title), empty(), Cow::Borrowed(body), empty(), empty(), empty(), empty()],
        lang,
        guess: None,
        source: empty(),
        feed: empty(),
        time: None,
    };
    let here = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    let fast = ruleset.scan(&mut Scratch::default(), &document, here);
    assert_eq!(fast.errors, Vec::<String>::new());
    let plain = ruleset.scan_plainly(&document, here);
    assert_eq!(fast.hits, plain, "{text:?}");
    for evidence in plain.iter().flat_map(|hit| &hit.evidence) {
        assert!(document.text(evidence.field).get(evidence.start as usize..evidence.end as usize).is_some());
    }
}

fn load(text: &str) -> RuleFiles {
    load_sources(vec![Source::new(SourceId(0), "fuzz.toml", text)])
}
