//! What to write for the keys of rule files, said where one is missing or has a value of another type; and what people call
//! them elsewhere.

/// Keys and what to write.
pub(super) type Usage = &'static [(&'static str, &'static str)];

/// Names that are known elsewhere and what they are called here.
pub(super) type Names = &'static [(&'static [&'static str], &'static str)];

pub(super) const FILE: Usage = &[
    ("topic", "write the header `[[topic]]`, and below it `id` and `match`"),
    ("surge", "write the header `[[surge]]`, and below it `topics`, `count`, `window` and `min`"),
];

pub(super) const FILE_NAMES: Names = &[
    (&["rule", "rules", "alert", "query", "search", "monitor"], "did you mean `[[topic]]`?"),
    (&["where", "filter"], "it belongs to a topic: write `[topic.where]` below its `[[topic]]`"),
    (&["story", "stories"], "it belongs to a topic: write `[topic.story]` below its `[[topic]]`"),
    (&["test", "tests"], "it belongs to a topic: write `[[topic.test]]` below its `[[topic]]`"),
    (&["expect"], "it belongs into a test: write `expect = { match = true }` below `[[topic.test]]`"),
    (&["labels", "severity"], "it belongs below a header: `[[topic]]`"),
];

pub(super) const TOPIC: Usage = &[
    ("id", "write a short name for it, such as `id = \"baltic-cables\"`"),
    ("match", "write one query in quotes: `match = '\"iron dome\" OR @missile-defence'`"),
    ("except", "write one query in quotes: `except = 'football OR videogame'`"),
    ("score", "write `score = [{ when = 'title:missile', add = 20 }]`"),
    ("threshold", "write a whole number: `threshold = 25`"),
    ("labels", "write `labels = { desk = \"asia\" }`"),
    ("owner", "write `owner = \"desk@example.org\"`"),
    ("where", "write the header `[topic.where]`, and below it for example `languages = [\"it\", \"en\"]`"),
    ("story", "write the header `[topic.story]`, and below it for example `alert_on = [\"first\", \"10_sources\"]`"),
    (
        "test",
        "write the header `[[topic.test]]`, and below it for example `title = \"…\"` and `expect = { match = true }`",
    ),
];

pub(super) const SCORE: Usage = &[
    ("when", "write a query: `when = 'title:missile'`"),
    ("add", "write how much it counts, a whole number: `add = 20`"),
    ("max", "write the most that all hits may add, a whole number: `max = 60`"),
];

pub(super) const SCORE_NAMES: Names = &[
    (&["match", "query", "term", "terms", "any", "if", "expression", "keyword", "keywords"], "did you mean `when`?"),
    (&["points", "weight", "score", "value", "plus", "boost", "by"], "did you mean `add`?"),
    (&["limit", "cap", "at_most", "maximum"], "did you mean `max`?"),
    (&["every", "per_hit"], "did you mean `each`?"),
];

pub(super) const WHERE: Usage = &[
    ("languages", "write `languages = [\"it\", \"en\"]`"),
    ("sources", "write hosts or names of feeds: `sources = [\"*.ansa.it\", \"Reuters*\"]`"),
    ("exclude_sources", "write hosts or names of feeds: `exclude_sources = [\"*.example.com\"]`"),
    ("feed_labels", "write the labels of the feeds that are meant: `feed_labels = { country = \"it\" }`"),
    ("max_age", "write `max_age = \"48h\"`"),
    ("min_words", "write a whole number: `min_words = 50`"),
];

pub(super) const STORY: Usage =
    &[("window", "write `window = \"72h\"`"), ("alert_on", "write reasons: `alert_on = [\"first\", \"10_sources\"]`")];

pub(super) const STORY_NAMES: Names = &[
    (&["on", "when", "reasons", "notify_on", "tell_on"], "did you mean `alert_on`?"),
    (&["max_age", "duration", "period", "hours"], "did you mean `window`?"),
];

pub(super) const TEST: Usage = &[("expect", "write `expect = { match = true }` or `expect = { match = false }`")];

pub(super) const EXPECT: Usage = &[
    ("match", "write `match = true` or `match = false`"),
    ("min_score", "write a whole number: `min_score = 25`"),
    ("concepts", "write names: `concepts = [\"russia\"]`"),
    ("failed", "write what fails: `failed = \"NEAR/30\"`, `failed = \"except\"`"),
];

pub(super) const EXPECT_NAMES: Names = &[
    (&["score", "minimum_score", "threshold"], "did you mean `min_score`?"),
    (&["alert", "hit", "found", "result"], "did you mean `match`?"),
    (&["fails", "fail", "error", "reason"], "did you mean `failed`?"),
];

pub(super) const SURGE: Usage = &[
    ("topics", "write ids: `topics = [\"baltic-cables\"]`"),
    ("count", "write `count = \"stories\"`"),
    ("window", "write `window = \"6h\"`"),
    ("min", "write a whole number: `min = 10`"),
    ("baseline", "write `baseline = { window = \"14d\", zscore = 3.0, min = 4 }`"),
    ("zscore", "write a number: `zscore = 3.0`"),
];

pub(super) const SURGE_NAMES: Names = &[
    (&["threshold", "minimum", "at_least", "limit"], "did you mean `min`?"),
    (&["period", "duration"], "did you mean `window`?"),
];

/// What people call the lists of a concept and what else they write into one.
pub(super) const CONCEPT_NAMES: Names = &[
    (
        &[
            "terms", "term", "words", "keywords", "list", "all", "names", "synonyms", "forms", "values", "patterns",
            "match",
        ],
        "did you mean `any`?",
    ),
    (&["description", "comment", "notes"], "did you mean `note`?"),
    (
        &["labels", "owner", "severity", "score", "where", "test", "tests", "threshold"],
        "it belongs to a topic; a concept has lists of terms and a `note`",
    ),
    (&["name", "title", "label", "id"], "a concept is named by its header: `[concept.NAME]`"),
    (
        &["exclude", "except", "not", "none", "without", "ignore"],
        "a concept takes nothing away: write it into the topic, `@concept AND NOT …`, or into its `except`",
    ),
];

/// What people call the severities elsewhere.
pub(super) const SEVERITY_WORDS: &[(&str, &str)] = &[
    ("critical", "urgent"),
    ("emergency", "urgent"),
    ("urgente", "urgent"),
    ("critica", "urgent"),
    ("critico", "urgent"),
    ("dringend", "urgent"),
    ("срочно", "urgent"),
    ("критический", "urgent"),
    ("紧急", "urgent"),
    ("عاجل", "urgent"),
    ("alta", "high"),
    ("alto", "high"),
    ("hoch", "high"),
    ("major", "high"),
    ("высокий", "high"),
    ("высокая", "high"),
    ("高", "high"),
    ("عال", "high"),
    ("medium", "notice"),
    ("media", "notice"),
    ("medio", "notice"),
    ("mittel", "notice"),
    ("normal", "notice"),
    ("warning", "notice"),
    ("средний", "notice"),
    ("средняя", "notice"),
    ("中", "notice"),
    ("متوسط", "notice"),
    ("low", "info"),
    ("bassa", "info"),
    ("basso", "info"),
    ("niedrig", "info"),
    ("minor", "info"),
    ("низкий", "info"),
    ("низкая", "info"),
    ("低", "info"),
    ("منخفض", "info"),
];
