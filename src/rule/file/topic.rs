//! `[[topic]]`, with its `where` and `story`.

use crate::model::{Diagnostic, Labels, Lang, Span, TopicId};
use crate::settings::{TableReader, TextValue, nearest};

use super::super::check::{Loaded, User};
use super::super::codes;
use super::super::def::{AlertOn, SeverityDef, StoryDef, TopicDef, WhereDef};
use super::super::glob::Glob;
use super::super::iso639::language;
use super::score::{SCORES, read_score, read_severity};
use super::suite::read_test;
use super::{MINUTE, YEAR, bad_name, hints, name_problem, query, usage};

pub(super) fn read_topic(mut table: TableReader<'_>, loaded: &mut Loaded) {
    table.explain(usage::TOPIC);
    table.require(&["id"]);
    let id = table.string("id");
    let span = id.as_ref().map_or(table.span(), |id| id.span);
    let id = id.and_then(|id| match name_problem(&id.value) {
        None if id.value == TopicId::health().as_str() => {
            let title = format!("the id `{}` is vedetta's own", id.value);
            table.report(Diagnostic::error(codes::BAD_NAME, title).label(id.span, "").help("choose another"));
            None
        }
        None => TopicId::new(&id.value).ok(),
        Some(problem) => {
            table.report(bad_name(problem, &id.value, id.span));
            None
        }
    });
    let number = loaded.topics_read;
    loaded.topics_read += 1;
    let user = User::Topic(number);
    let name = table.string("name").map(|name| name.value);
    let matches = query(&mut table, "match", &user, loaded);
    let except = query(&mut table, "except", &user, loaded);
    if table.has("match") && !table.has("threshold") {
        empty_list(&table, "score", "no article gets any", "`score = [{ when = 'title:missile', add = 20 }]`");
    }
    let score = read_score(&mut table, &user, loaded);
    // `threshold = "25"` without a score: the quotes are of no account.
    let threshold = if table.has("score") || !table.holds_text("threshold") {
        table.integer("threshold", SCORES).map(|threshold| threshold.value)
    } else {
        table.also_known(&["threshold"]);
        None
    };
    let severity = read_severity(&mut table);
    let labels = read_labels(&mut table);
    let owner = table.string("owner").map(|owner| owner.value);
    let note = table.string("note").map(|note| note.value);
    let enabled = table.bool("enabled").is_none_or(|enabled| enabled.value);
    let mut misplaced = false;
    let mut look = |inner: &TableReader<'_>| misplaced |= inner.has("match") || inner.has("score");
    let filter =
        table.table("where").inspect(&mut look).map(read_where).filter(|filter| !filter.asks_nothing()).map(Box::new);
    let story = table.table("story").inspect(&mut look).map(read_story).map(Box::new);
    let (has_tests, no_tests) = (table.has("test"), table.is_empty_list("test"));
    let tests = table.tables("test");
    tests.iter().for_each(look);
    let tests: Vec<_> =
        tests.into_iter().enumerate().filter_map(|(at, test)| read_test(test, at, &user, loaded)).collect();
    if (has_tests && !no_tests && tests.is_empty()) || table.may_mean(&["test"]) {
        // What is wrong with them was said.
        loaded.tests_unread.insert(span);
    }
    for (keys, help) in HINTS {
        table.hint(keys, help);
    }
    if table.is_damaged() {
        loaded.damage.tables.insert(span);
    } else {
        conditions(&table, span, &severity, misplaced || table.may_mean(&["match", "score"]));
    }

    let Some(id) = id else { return table.finish() };
    if let Some(first) = loaded.topic_spans.get(id.as_str()) {
        let title = format!("the topic id `{id}` is used twice");
        loaded.late.push(
            Diagnostic::error(codes::DUPLICATE_TOPIC, title)
                .label(span, "again here")
                .label(*first, "first here")
                .help("ids are unique over all files: alerts, silences and routes go by them"),
        );
    } else {
        loaded.topic_spans.insert(id.as_str().to_owned(), span);
    }
    table.finish();
    let name = name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.to_string());
    loaded.topics.push(TopicDef {
        id,
        name,
        matches,
        except,
        score,
        threshold,
        severity,
        labels,
        owner,
        note,
        enabled,
        filter,
        story,
        tests,
        span,
    });
    loaded.topic_numbers.push(number);
}

/// What `match`, `score` and `threshold` must have of each other. Goes by what is written, so that a mistake in one of them
/// is not reported as its absence; nor is it where it may be the key that nobody knows, which is reported too.
fn conditions(table: &TableReader<'_>, span: Span, severity: &SeverityDef, is_elsewhere: bool) {
    let (has_match, has_score) = (table.has("match"), table.has("score"));
    if !has_match && !has_score && !is_elsewhere {
        table.report(
            Diagnostic::error(codes::NO_CONDITION, "this topic has neither `match` nor `score`")
                .label(span, "")
                .help("write what to look for: `match = '@russia NEAR/30 @china'`"),
        );
    }
    let threshold = table.key_span("threshold");
    if let Some(span) = threshold
        && !has_score
    {
        table.report(
            Diagnostic::error(codes::SCORE_MISSING, "`threshold` without `score`: there is nothing to compare it with")
                .label(span, "")
                .help("add `score = [{ when = 'title:missile', add = 20 }]`, or delete `threshold`"),
        );
    }
    if has_score && !has_match && threshold.is_none() {
        table.report(
            Diagnostic::error(codes::SCORE_MISSING, "`score` alone needs a `threshold` to decide")
                .label(table.key_span("score").unwrap_or(span), "")
                .help("add `threshold = 25`, or a `match`"),
        );
    }
    if let Some(span) = table.key_span("severity")
        && !has_score
        && matches!(severity, SeverityDef::ByScore(_))
    {
        table.report(
            Diagnostic::error(codes::SCORE_MISSING, "severity by score, but there is no `score`")
                .label(span, "")
                .help("write one severity: `severity = \"high\"`"),
        );
    }
}

fn read_labels(table: &mut TableReader<'_>) -> Labels {
    let Some(labels) = table.string_map("labels") else { return Labels::new() };
    for (name, _) in &labels {
        if matches!(name.value.as_str(), "topic" | "severity") {
            let title =
                format!("a label can't be called `{}`: routes ask for the topic's own by that name", name.value);
            table.report(
                Diagnostic::error(codes::RESERVED_LABEL, title).label(name.span, "").help("choose another name"),
            );
        }
    }
    labels.into_iter().map(|(name, text)| (name.value, text.text)).collect()
}

/// A language as a value.
pub(super) fn read_language(table: &TableReader<'_>, text: &TextValue) -> Option<Lang> {
    language(&text.text)
        .map_err(|help| {
            let title = format!("`{}` is not a language", text.text);
            let help = if help.contains("`any`") { "name the languages one by one".to_owned() } else { help };
            table.report(Diagnostic::error(codes::UNKNOWN_LANGUAGE, title).label(text.content(), "").help(help));
        })
        .ok()
}

fn read_globs(table: &mut TableReader<'_>, key: &'static str) -> Vec<Glob> {
    let mut globs = Vec::new();
    for text in table.texts(key).unwrap_or_default() {
        match Glob::parse(&text.text) {
            Ok(glob) => globs.push(glob),
            Err((why, help)) => table.report(
                Diagnostic::error(codes::BAD_GLOB, format!("`{key}` can't be read: {why}"))
                    .label(text.span, "")
                    .help(help),
            ),
        }
    }
    globs
}

/// Lists of `[topic.where]` that may be left empty by mistake: what it means, and what to write.
const EMPTY_FILTERS: [(&str, &str, &str); 3] = [
    ("languages", "articles in all languages are tried, as without it", "`languages = [\"it\", \"ru\"]`"),
    ("sources", "articles from all sources are tried, as without it", "`sources = [\"*.ansa.it\"]`"),
    ("exclude_sources", "no source is left out, as without it", "`exclude_sources = [\"sport.example.it\"]`"),
];

/// Warns of a list without anything in it, which may be meant as “none” or as “all”.
pub(super) fn empty_list(table: &TableReader<'_>, key: &str, means: &str, right: &str) {
    if let Some(span) = table.key_span(key).filter(|_| table.is_empty_list(key)) {
        table.report(
            Diagnostic::warning(codes::EMPTY_LIST, format!("an empty `{key}` asks for nothing: {means}"))
                .label(span, "")
                .help(format!("name what is meant, such as {right}, or delete the line")),
        );
    }
}

fn read_where(mut table: TableReader<'_>) -> WhereDef {
    table.explain(usage::WHERE);
    for (key, means, right) in EMPTY_FILTERS {
        empty_list(&table, key, means, right);
    }
    let languages = table.texts("languages").unwrap_or_default();
    let languages = languages.iter().filter_map(|text| read_language(&table, text)).collect();
    let sources = read_globs(&mut table, "sources");
    let exclude_sources = read_globs(&mut table, "exclude_sources");
    let span = |key: &str| table.key_span(key).unwrap_or(table.span());
    let never = |title: String, help: &str| {
        let diagnostic = Diagnostic::warning(codes::NEVER, title).label(span("exclude_sources"), "");
        table.report(diagnostic.help(help));
    };
    if exclude_sources.iter().any(|glob| glob.as_str().chars().all(|c| c == '*')) {
        never(
            "`exclude_sources` leaves out every article that has a source".to_owned(),
            "name the sources that are unwanted, or set `enabled = false` in the topic to silence it",
        );
    } else if let Some(both) = sources.iter().find(|glob| exclude_sources.contains(glob)) {
        never(
            format!("`{both}` of `sources` lets nothing pass: `exclude_sources` leaves the same out"),
            "delete one of them",
        );
    }
    let feed_labels = table.labels("feed_labels").unwrap_or_default();
    let max_age = table.duration("max_age", MINUTE..=YEAR * 10).map(|age| age.value);
    let min_words = table.integer("min_words", 0..=1_000_000).and_then(|words| u32::try_from(words.value).ok());
    table.hint(TOPIC_KEYS, ABOVE);
    table.hint(&["age", "max_hours", "newer_than", "since"], "did you mean `max_age`?");
    table.hint(&["words", "length", "min_length"], "did you mean `min_words`?");
    table.hint(&["domains", "hosts", "feeds", "publishers"], "did you mean `sources`?");
    table.hint(
        &["country", "countries", "tags"],
        "label the feeds and ask for it: `feed_labels = { country = \"it\" }`",
    );
    table.finish();
    WhereDef { languages, sources, exclude_sources, feed_labels, max_age, min_words }
}

fn read_story(mut table: TableReader<'_>) -> StoryDef {
    table.explain(usage::STORY);
    let mut story = StoryDef::default();
    if let Some(window) = table.duration("window", MINUTE..=YEAR) {
        story.window = window.value;
    }
    let is_empty = table.is_empty_list("alert_on");
    if let Some(texts) = table.texts("alert_on") {
        if is_empty {
            let span = table.key_span("alert_on").unwrap_or(table.span());
            table.report(
                Diagnostic::error(codes::BAD_ALERT_ON, "with an empty `alert_on` nobody is ever told")
                    .label(span, "")
                    .help("write `alert_on = [\"first\"]`, or `enabled = false` in the topic to silence it"),
            );
        }
        let read: Vec<AlertOn> = texts.iter().filter_map(|text| alert_on(&table, text)).collect();
        if !read.is_empty() {
            story.alert_on = read;
        }
    }
    table.hint(TOPIC_KEYS, ABOVE);
    hints(&mut table, usage::STORY_NAMES);
    table.finish();
    story
}

/// Keys of `[[topic]]` that are written below the header of one of its tables, and so belong to that table.
pub(super) const TOPIC_KEYS: &[&str] =
    &["id", "match", "except", "score", "threshold", "severity", "labels", "owner", "note", "enabled"];

/// What is said of them.
pub(super) const ABOVE: &str =
    "it belongs to `[[topic]]`: put it above this header, since a header takes all that follows";

/// What other products, and people, call the keys of a topic; and keys of its tables.
const HINTS: [(&[&str], &str); 9] = [
    (&["filter", "filters", "conditions", "only", "restrict"], "did you mean `where`?"),
    (&["stories"], "did you mean `story`?"),
    (&["exclude", "not", "without", "ignore"], "did you mean `except`?"),
    (&["query", "keywords", "terms", "search", "any", "all", "find", "rule", "when"], "did you mean `match`?"),
    (&["tags", "categories"], "did you mean `labels`?"),
    (&["description", "comment", "notes"], "did you mean `note`?"),
    (
        &[
            "language",
            "languages",
            "lang",
            "sources",
            "exclude_sources",
            "source",
            "max_age",
            "min_words",
            "feed_labels",
        ],
        "it belongs into `[topic.where]`, a table below this one",
    ),
    (&["alert_on", "window"], "it belongs into `[topic.story]`, a table below this one"),
    (&["expect", "body", "summary"], "it belongs into `[[topic.test]]`, a table below this one"),
];

const REASONS: [(&str, AlertOn); 5] = [
    ("first", AlertOn::First),
    ("new_language", AlertOn::NewLanguage),
    ("every", AlertOn::Every),
    ("changed", AlertOn::Changed),
    ("severity", AlertOn::Severity),
];

fn alert_on(table: &TableReader<'_>, text: &TextValue) -> Option<AlertOn> {
    if let Some((_, reason)) = REASONS.iter().find(|(word, _)| *word == text.text) {
        return Some(*reason);
    }
    let sources = text.text.strip_suffix("_sources");
    if let Some(count) = sources.and_then(|count| count.parse::<u32>().ok())
        && (2..=1000).contains(&count)
    {
        return Some(AlertOn::Sources(count));
    }
    let title = format!("`alert_on` knows no reason `{}`", text.text);
    let diagnostic = Diagnostic::error(codes::BAD_ALERT_ON, title).label(text.content(), "");
    let always = matches!(text.text.to_lowercase().as_str(), "always" | "all" | "each" | "any" | "sempre" | "всегда");
    let near = nearest(&text.text, REASONS.iter().map(|(word, _)| *word)).or(always.then_some("every"));
    let number: String = text.text.chars().filter(char::is_ascii_digit).collect();
    let diagnostic = if sources.is_some_and(|count| count.parse::<i64>().is_ok()) {
        diagnostic.help("the number of sources is from 2 to 1000")
    } else if text.text.contains("source") {
        let number = if number.is_empty() { "10" } else { &number };
        diagnostic.help(format!("did you mean `{number}_sources`?"))
    } else if let Some(near) = near {
        diagnostic.help(format!("did you mean `{near}`?"))
    } else {
        diagnostic.help("reasons are `first`, `new_language`, `10_sources`, `every`, `changed` and `severity`")
    };
    table.report(diagnostic);
    None
}
