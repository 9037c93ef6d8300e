//! Rule files → [`RuleFiles`]: every table and key is read and checked, every query parsed; then what only all files
//! together show ([`check`](super::check)) and what is odd ([`lint`](super::lint)).
//!
//! Mistakes don't stop the reading: one run shows them all. What can't be read is left out of the result, which may
//! therefore be used only if its report has no errors.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Diagnostic, Labels, Lang, Report, Severity, Source, SourceId, Span, TopicId};
use crate::settings::{
    Findings, Item, Spanned, TableReader, TextValue, codes as file_codes, nearest, read_document, read_source,
};

use super::ast::Node;
use super::check::{Loaded, Use, User};
use super::def::{
    AlertOn, ConceptDef, ExpectDef, RuleFiles, ScoreDef, SeverityDef, StoryDef, SurgeCount, SurgeDef, SurgeTrigger,
    TestDef, TopicDef, WhereDef,
};
use super::glob::Glob;
use super::iso639::language;
use super::parser::{Parsed, parse_query, parse_term};
use super::{check, codes, lint};

/// Reads rule files: each path is a file, or a folder of which all `*.toml` are read, at every depth, in the order of their
/// paths. Files and folders whose name begins with a dot are left out; a file reached twice is read once.
///
/// A missing path, a file that can't be read, and every mistake in a file are errors of the report.
#[must_use]
pub fn load_paths(paths: &[PathBuf]) -> RuleFiles {
    let findings = Findings::new();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut seen = BTreeSet::new();
    for path in paths {
        collect(path, 0, &mut files, &mut seen, &findings);
    }
    if files.is_empty() && !findings.has_errors() {
        let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
        let title = format!("there are no rule files in {}", shown.join(", "));
        findings.add(Diagnostic::warning(codes::NO_FILES, title).help("rule files are called `*.toml`"));
    }
    let mut sources = Vec::with_capacity(files.len());
    let mut unreadable = BTreeSet::new();
    for (index, path) in files.iter().enumerate() {
        let id = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
        match read_source(id, path) {
            Ok(source) => sources.push(source),
            Err(failure) => {
                let (diagnostic, source) = *failure;
                findings.add(diagnostic);
                sources.push(source);
                unreadable.insert(id);
            }
        }
    }
    read(sources, &unreadable, findings)
}

/// Reads rule files that are in memory already; their ids must differ.
#[must_use]
pub fn load_sources(sources: Vec<Source>) -> RuleFiles {
    read(sources, &BTreeSet::new(), Findings::new())
}

fn read(sources: Vec<Source>, unreadable: &BTreeSet<SourceId>, findings: Findings) -> RuleFiles {
    let mut loaded = Loaded::default();
    for source in sources.iter().filter(|source| !unreadable.contains(&source.id)) {
        read_file(source, &findings, &mut loaded);
    }
    check::check(&loaded, &findings);
    lint::lint(&loaded, &sources, &findings);
    let diagnostics = findings.into_diagnostics();
    RuleFiles {
        report: Report { sources: sources.clone(), diagnostics },
        sources,
        concepts: loaded.concepts,
        topics: loaded.topics,
        surges: loaded.surges,
    }
}

/// Deepest folder: a guess far beyond what people keep; links that lead in circles end here.
const MAX_FOLDERS: usize = 16;

fn collect(path: &Path, depth: usize, files: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>, findings: &Findings) {
    let known = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if !seen.insert(known) {
        return;
    }
    if !path.is_dir() {
        files.push(path.to_path_buf());
        return;
    }
    let entries = match std::fs::read_dir(path) {
        Ok(entries) if depth < MAX_FOLDERS => entries,
        Ok(_) => {
            let title = format!("`{}` is nested more than {MAX_FOLDERS} folders deep", path.display());
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title).help("move its files up"));
        }
        Err(error) => {
            let title = format!("cannot read the folder `{}`: {error}", path.display());
            return findings.add(Diagnostic::error(file_codes::UNREADABLE, title));
        }
    };
    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    inside.sort();
    for path in inside {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !hidden && (path.is_dir() || path.extension().is_some_and(|extension| extension == "toml")) {
            collect(&path, depth + 1, files, seen, findings);
        }
    }
}

fn read_file(source: &Source, findings: &Findings, loaded: &mut Loaded) {
    let mut root = read_document(source, findings);
    for (name, table) in root.named_tables("concept") {
        read_concept(name, table, loaded);
    }
    for table in root.tables("topic") {
        read_topic(table, loaded);
    }
    for table in root.tables("surge") {
        read_surge(table, loaded);
    }
    root.finish();
}

/// A name that can be written after `@` or `#`.
fn name_problem(name: &str) -> Option<String> {
    if let Err(error) = TopicId::new(name) {
        return Some(error.to_string());
    }
    name.ends_with(['.', '-']).then(|| format!("`{name}` is not a name: it must end in a letter, digit or `_`"))
}

fn read_concept(name: Spanned<String>, mut table: TableReader<'_>, loaded: &mut Loaded) {
    let user = User::Concept(name.value.clone());
    if let Some(problem) = name_problem(&name.value) {
        table.report(Diagnostic::error(codes::BAD_NAME, problem).label(name.span, ""));
    }
    let note = table.string("note").map(|note| note.value);
    let any = table.texts("any").unwrap_or_default();
    let mut written = any.len();
    let any = read_terms(&table, &any, &user, loaded);
    let mut lists: BTreeMap<Lang, Vec<Node>> = BTreeMap::new();
    for (key, item) in table.take_rest() {
        let lang = language(&key.value);
        if let Err(help) = &lang {
            let help = match nearest(&key.value, ["any", "note"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => help.clone(),
            };
            let title = format!("`{}` is not a language", key.value);
            table.report(
                Diagnostic::error(codes::UNKNOWN_LANGUAGE, title)
                    .label(key.span, "expected a language, `any` or `note`")
                    .help(help),
            );
            if !matches!(item, Item::Array(..)) {
                written += 1;
                continue;
            }
        }
        let texts = term_list(&table, &key.value, item);
        written += texts.len();
        // Also under a key that is no language, for what is wrong in them.
        let nodes = read_terms(&table, &texts, &user, loaded);
        if let Ok(lang) = lang {
            lists.insert(lang, nodes);
        }
    }
    if written == 0 {
        let title = format!("the concept `{}` has no terms", name.value);
        table.report(
            Diagnostic::error(codes::EMPTY_CONCEPT, title)
                .label(name.span, "")
                .help("give it lists of terms: `any = [\"NATO\"]`, `it = [\"Alleanza atlantica\"]`"),
        );
    }
    table.finish();
    if let Some(first) = loaded.concepts.get(&name.value) {
        let title = format!("the concept `{}` is defined twice", name.value);
        return loaded.late.push(
            Diagnostic::error(codes::DUPLICATE_CONCEPT, title)
                .label(name.span, "again here")
                .label(first.span, "first here")
                .help("rename one of them, or put all terms into one"),
        );
    }
    let concept = ConceptDef { name: name.value.clone(), any, lists, note, span: name.span };
    loaded.concepts.insert(name.value, concept);
}

/// Passes on what parsing found; the tree, if there is one.
fn take(parsed: Parsed, table: &TableReader<'_>, user: &User, is_match: bool, loaded: &mut Loaded) -> Option<Node> {
    for diagnostic in parsed.diagnostics {
        table.report(diagnostic);
    }
    loaded.uses.extend(parsed.references.into_iter().map(|reference| Use { reference, user: user.clone(), is_match }));
    parsed.node
}

fn read_terms(table: &TableReader<'_>, texts: &[TextValue], user: &User, loaded: &mut Loaded) -> Vec<Node> {
    let read =
        |text: &TextValue| take(parse_term(&text.text, &|range| text.span_of(range)), table, user, false, loaded);
    texts.iter().filter_map(read).collect()
}

/// The strings of a list whose key is free.
fn term_list(table: &TableReader<'_>, key: &str, item: Item<'_>) -> Vec<TextValue> {
    let wrong = |item: &Item<'_>, title: String, help: Option<String>| {
        let mut diagnostic = Diagnostic::error(file_codes::WRONG_TYPE, title).label(item.span(), "");
        diagnostic.help.extend(help);
        table.report(diagnostic);
    };
    match item {
        Item::Array(items, _) => {
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Item::Text(text) => texts.push(text),
                    other => {
                        let title = format!("`{key}` must be a list of terms, found {} in it", other.kind());
                        let written = table.source().text.get(other.span().range()).unwrap_or("").to_owned();
                        let plain =
                            matches!(other, Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_));
                        wrong(&other, title, plain.then(|| format!("write \"{written}\"")));
                    }
                }
            }
            texts
        }
        Item::Text(text) => {
            let help = format!("write [\"{}\"]", text.text.replace('"', "\\\""));
            wrong(&Item::Text(text.clone()), format!("`{key}` must be a list of terms, found a string"), Some(help));
            vec![text]
        }
        other => {
            let title = format!("`{key}` must be a list of terms, found {}", other.kind());
            wrong(&other, title, None);
            Vec::new()
        }
    }
}

/// Bounds of scores and what adds to them: a guess, so that no sum overflows.
const SCORES: std::ops::RangeInclusive<i64> = -1_000_000..=1_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn query(table: &mut TableReader<'_>, key: &'static str, user: &User, loaded: &mut Loaded) -> Option<Node> {
    let text = table.text(key)?;
    take(parse_query(&text.text, &|range| text.span_of(range)), table, user, key == "match", loaded)
}

fn read_topic(mut table: TableReader<'_>, loaded: &mut Loaded) {
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
            table.report(Diagnostic::error(codes::BAD_NAME, problem).label(id.span, ""));
            None
        }
    });
    let user = User::Topic(loaded.topics_read);
    loaded.topics_read += 1;
    let name = table.string("name").map(|name| name.value);
    let matches = query(&mut table, "match", &user, loaded);
    let except = query(&mut table, "except", &user, loaded);
    let score = read_score(&mut table, &user, loaded);
    let threshold = table.integer("threshold", SCORES);
    let severity = read_severity(&mut table);
    let labels = read_labels(&mut table);
    let owner = table.string("owner").map(|owner| owner.value);
    let note = table.string("note").map(|note| note.value);
    let enabled = table.bool("enabled").is_none_or(|enabled| enabled.value);
    let filter = table.table("where").map(read_where).unwrap_or_default();
    let story = table.table("story").map(read_story).unwrap_or_default();
    let tests = table.tables("test");
    let tests = tests.into_iter().enumerate().filter_map(|(at, test)| read_test(test, at, &user, loaded)).collect();
    conditions(&table, span, &severity);

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
        threshold: threshold.map(|threshold| threshold.value),
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
    loaded.topic_users.push(user);
}

/// What `match`, `score` and `threshold` must have of each other. Goes by what is written, so that a mistake in one of them
/// is not reported as its absence.
fn conditions(table: &TableReader<'_>, span: Span, severity: &SeverityDef) {
    let (has_match, has_score) = (table.has("match"), table.has("score"));
    if !has_match && !has_score {
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

fn read_score(table: &mut TableReader<'_>, user: &User, loaded: &mut Loaded) -> Vec<ScoreDef> {
    let mut parts = Vec::new();
    for mut part in table.tables("score") {
        part.require(&["when", "add"]);
        let when = query(&mut part, "when", user, loaded);
        let add = part.integer("add", SCORES);
        let each = part.bool("each").is_some_and(|each| each.value);
        let max = part.integer("max", SCORES);
        let bad = |title: String, span: Span, help: &str| {
            part.report(Diagnostic::error(codes::BAD_SCORE, title).label(span, "").help(help));
        };
        if let Some(add) = add {
            if add.value == 0 {
                bad("`add = 0` adds nothing".into(), add.span, "write how much this part counts, or delete it");
            } else if let Some(max) = max {
                if !each {
                    bad(
                        "`max` without `each = true`: this part adds once".into(),
                        max.span,
                        "add `each = true`, or delete `max`",
                    );
                } else if max.value.signum() != add.value.signum() || max.value.abs() < add.value.abs() {
                    let title = format!("`max = {}` is less than one hit adds ({})", max.value, add.value);
                    bad(title, max.span, "write the most that all hits of this part may add together");
                }
            }
        }
        part.finish();
        if let (Some(when), Some(add)) = (when, add) {
            parts.push(ScoreDef { when, add: add.value, each, max: max.map(|max| max.value) });
        }
    }
    parts
}

const SEVERITIES: [(&str, Severity); 4] =
    [("info", Severity::Info), ("notice", Severity::Notice), ("high", Severity::High), ("urgent", Severity::Urgent)];

fn read_severity(table: &mut TableReader<'_>) -> SeverityDef {
    let default = SeverityDef::Fixed(Severity::default());
    match table.value("severity") {
        None => default,
        Some(Item::Text(text)) => table.choose("severity", &text, &SEVERITIES).map_or(default, SeverityDef::Fixed),
        Some(Item::Table(mut levels)) => {
            let mut read: Vec<(Severity, Spanned<i64>)> = Vec::new();
            for (word, severity) in SEVERITIES {
                if let Some(score) = levels.integer(word, SCORES) {
                    read.push((severity, score));
                }
            }
            for pair in read.windows(2) {
                if let [(lower, low), (higher, high)] = pair
                    && low.value >= high.value
                {
                    let title = format!("`{higher}` must need a higher score than `{lower}`");
                    let help = format!("`{lower}` begins at {}, `{higher}` at {}", low.value, high.value);
                    levels.report(
                        Diagnostic::error(codes::SEVERITY_ORDER, title)
                            .label(high.span, "")
                            .label(low.span, "")
                            .help(help),
                    );
                }
            }
            let span = levels.span();
            if !SEVERITIES.iter().any(|(word, _)| levels.has(word)) {
                levels.report(
                    Diagnostic::error(codes::SEVERITY_ORDER, "severity by score needs at least one level")
                        .label(span, "")
                        .help("write for example `severity = { notice = 25, high = 40 }`"),
                );
            }
            levels.finish();
            let levels: Vec<(Severity, i64)> =
                read.into_iter().map(|(severity, score)| (severity, score.value)).collect();
            if levels.is_empty() { default } else { SeverityDef::ByScore(levels) }
        }
        Some(other) => {
            let title = format!("`severity` must be a word or a table of scores, found {}", other.kind());
            table.report(
                Diagnostic::error(file_codes::WRONG_TYPE, title)
                    .label(other.span(), "")
                    .help("write `severity = \"high\"` or `severity = { notice = 25, high = 40 }`"),
            );
            default
        }
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
fn read_language(table: &TableReader<'_>, text: &TextValue) -> Option<Lang> {
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

fn read_where(mut table: TableReader<'_>) -> WhereDef {
    let languages = table.texts("languages").unwrap_or_default();
    let languages = languages.iter().filter_map(|text| read_language(&table, text)).collect();
    let sources = read_globs(&mut table, "sources");
    let exclude_sources = read_globs(&mut table, "exclude_sources");
    let feed_labels = table.labels("feed_labels").unwrap_or_default();
    let max_age = table.duration("max_age", MINUTE..=YEAR * 10).map(|age| age.value);
    let min_words = table.integer("min_words", 0..=1_000_000).and_then(|words| u32::try_from(words.value).ok());
    table.finish();
    WhereDef { languages, sources, exclude_sources, feed_labels, max_age, min_words }
}

fn read_story(mut table: TableReader<'_>) -> StoryDef {
    let mut story = StoryDef::default();
    if let Some(window) = table.duration("window", MINUTE..=YEAR) {
        story.window = window.value;
    }
    if let Some(texts) = table.texts("alert_on") {
        if texts.is_empty() {
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
    table.finish();
    story
}

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
    let near = nearest(&text.text, REASONS.iter().map(|(word, _)| *word));
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

fn read_test(mut table: TableReader<'_>, index: usize, user: &User, loaded: &mut Loaded) -> Option<TestDef> {
    table.require(&["expect"]);
    let span = table.span();
    let name = table.string("name").map(|name| name.value).filter(|name| !name.trim().is_empty());
    let lang = table.text("lang").and_then(|text| read_language(&table, &text));
    let mut string = |key| table.string(key).map(|text| text.value);
    let (title, summary, body) = (string("title"), string("summary"), string("body"));
    let (url, source) = (string("url"), string("source"));
    if !["title", "summary", "body"].iter().any(|key| table.has(key)) {
        table.report(
            Diagnostic::error(codes::BAD_TEST, "this test has no text")
                .label(span, "")
                .help("give it a `title`, a `summary` or a `body`"),
        );
    }
    let expect = table.table("expect").map(|expect| read_expect(expect, user, loaded));
    table.finish();
    Some(TestDef {
        name: name.unwrap_or_else(|| format!("test {}", index + 1)),
        lang,
        title: title.unwrap_or_default(),
        summary: summary.unwrap_or_default(),
        body: body.unwrap_or_default(),
        url,
        source,
        expect: expect?,
        span,
    })
}

fn read_expect(mut table: TableReader<'_>, user: &User, loaded: &mut Loaded) -> ExpectDef {
    let matches = table.bool("match");
    let severity = table.one_of("severity", &SEVERITIES);
    let min_score = table.integer("min_score", SCORES);
    let names = table.texts("concepts").unwrap_or_default();
    let failed = table.string("failed");
    let given = ["match", "severity", "min_score", "concepts", "failed"].iter().any(|key| table.has(key));
    let bad = |title: &str, span: Span, help: &str| {
        table.report(Diagnostic::error(codes::BAD_TEST, title).label(span, "").help(help));
    };
    if !given {
        bad(
            "this test expects nothing",
            table.span(),
            "write `expect = { match = true }` or `expect = { match = false }`",
        );
    }
    match matches.map(|matches| matches.value) {
        Some(false) => {
            if let Some(severity) = &severity {
                bad("what doesn't match has no severity", severity.span, "delete `severity`, or expect `match = true`");
            }
        }
        Some(true) => {
            if let Some(failed) = &failed {
                bad(
                    "where `match = true` is expected nothing fails",
                    failed.span,
                    "delete `failed`, or expect `match = false`",
                );
            }
        }
        None => {
            if let (Some(failed), Some(_)) = (&failed, &severity) {
                bad("what fails has no severity", failed.span, "delete one of them");
            }
        }
    }
    let concepts = names
        .into_iter()
        .map(|text| {
            let name = text.text.strip_prefix('@').unwrap_or(&text.text).to_owned();
            loaded.uses.push(Use {
                reference: super::parser::Reference {
                    kind: super::parser::ReferenceKind::Concept,
                    name: name.clone(),
                    span: text.content(),
                },
                user: User::Test(Box::new(user.clone())),
                is_match: false,
            });
            name
        })
        .collect();
    table.finish();
    ExpectDef {
        matches: matches.map(|matches| matches.value),
        severity: severity.map(|severity| severity.value),
        min_score: min_score.map(|score| score.value),
        concepts,
        failed: failed.map(|failed| failed.value),
    }
}

fn read_surge(mut table: TableReader<'_>, loaded: &mut Loaded) {
    const COUNTS: [(&str, SurgeCount); 4] = [
        ("stories", SurgeCount::Stories),
        ("articles", SurgeCount::Articles),
        ("sources", SurgeCount::Sources),
        ("languages", SurgeCount::Languages),
    ];
    table.require(&["topics", "count", "window"]);
    let span = table.span();
    let texts = table.texts("topics");
    let count = table.one_of("count", &COUNTS);
    let window = table.duration("window", MINUTE..=YEAR);
    let min = table.integer("min", 1..=1_000_000);
    let baseline = table.table("baseline").map(|baseline| read_baseline(baseline, window));
    let bad = |title: &str, span: Span, help: &str| {
        table.report(Diagnostic::error(codes::BAD_SURGE, title).label(span, "").help(help));
    };
    let example = "write `min = 10`, or `baseline = { window = \"14d\", zscore = 3.0, min = 4 }`";
    match (table.key_span("min"), table.key_span("baseline")) {
        (None, None) => bad("this surge doesn't say what is too much", span, example),
        (Some(_), Some(span)) => {
            bad("a surge has `min` or `baseline`, not both", span, "`baseline` has a `min` of its own")
        }
        _ => {}
    }
    if texts.as_ref().is_some_and(Vec::is_empty) {
        bad("this surge watches no topic", table.key_span("topics").unwrap_or(span), "name at least one topic");
    }
    let mut topics = Vec::new();
    for text in texts.unwrap_or_default() {
        let name = text.text.strip_prefix('#').unwrap_or(&text.text).to_owned();
        topics.extend(TopicId::new(&name).ok());
        let kind = super::parser::ReferenceKind::Topic;
        let reference = super::parser::Reference { kind, name, span: text.content() };
        loaded.uses.push(Use { reference, user: User::Surge, is_match: false });
    }
    table.finish();
    let trigger = match (min, baseline) {
        (Some(min), None) => SurgeTrigger::Min(u32::try_from(min.value).unwrap_or(u32::MAX)),
        (None, Some(Some(baseline))) => baseline,
        _ => return,
    };
    if let (Some(count), Some(window)) = (count, window) {
        loaded.surges.push(SurgeDef { topics, count: count.value, window: window.value, trigger, span });
    }
}

fn read_baseline(mut table: TableReader<'_>, window: Option<Spanned<Duration>>) -> Option<SurgeTrigger> {
    table.require(&["window", "zscore"]);
    let past = table.duration("window", MINUTE..=YEAR);
    let zscore = table.number("zscore");
    let min = table.integer("min", 1..=1_000_000).map_or(1, |min| u32::try_from(min.value).unwrap_or(u32::MAX));
    if let (Some(past), Some(window)) = (past, window)
        && past.value < window.value * 2
    {
        table.report(
            Diagnostic::error(codes::BAD_SURGE, "the baseline must reach further back than the surge itself")
                .label(past.span, "")
                .help("make it at least twice as long as the surge's `window`; 14 days is usual"),
        );
    }
    if let Some(zscore) = zscore
        && zscore.value <= 0.0
    {
        table.report(
            Diagnostic::error(codes::BAD_SURGE, "`zscore` must be above 0").label(zscore.span, "").help("3.0 is usual"),
        );
    }
    table.finish();
    Some(SurgeTrigger::Baseline { window: past?.value, zscore: zscore?.value, min })
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::super::ast::{Atom, NodeKind};
    use super::*;

    fn load(text: &str) -> RuleFiles {
        load_sources(vec![Source::new(SourceId(0), "rules/a.toml", text)])
    }

    fn codes_of(files: &RuleFiles) -> Vec<&'static str> {
        files.report.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
    }

    const EVERYTHING: &str = r##"
        [concept.russia]
        any = ["Gazprom", "@names"]
        it = ["~russo", "=Mosca", "Federazione russa"]
        ru = ["росси*"]
        note = "the state, not the city"

        [concept.names]
        any = ["Lavrov"]

        [[topic]]
        id = "russia-china"
        name = "Russia and China"
        labels = { desk = "asia" }
        owner = "desk@example.org"
        note = "reviewed every month"
        enabled = false
        match = """
        (@russia NEAR/30 中国)
        AND missile"""
        except = 'title:("box office" OR videogioco)'
        threshold = 25
        score = [
          { when = 'title:@russia', add = 20 },
          { when = 'missile', add = 5, each = true, max = 20 },
          { when = 'calcio', add = -30 },
        ]
        severity = { high = 40, notice = 25 }

        [topic.where]
        languages = ["it", "ru"]
        sources = ["*.example.org"]
        exclude_sources = ["blog.example.org"]
        feed_labels = { country = "it" }
        max_age = "48h"
        min_words = 20

        [topic.story]
        window = "24h"
        alert_on = ["first", "new_language", "10_sources", "every", "changed", "severity"]

        [[topic.test]]
        name = "a fly is not a city"
        lang = "it"
        title = "La mosca della frutta"
        summary = "s"
        body = "b"
        url = "https://example.org/1"
        source = "example.org"
        expect = { match = false, min_score = 3, concepts = ["russia", "@names"], failed = "NEAR/30" }

        [[topic.test]]
        title = "t"
        expect = { match = true, severity = "high" }

        [[surge]]
        topics = ["russia-china"]
        count = "languages"
        window = "6h"
        min = 4

        [[surge]]
        topics = ["russia-china"]
        count = "stories"
        window = "6h"
        baseline = { window = "14d", zscore = 3, min = 4 }
    "##;

    #[test]
    fn every_key_is_read() {
        let files = load(EVERYTHING);
        assert_eq!(codes_of(&files), [] as [&str; 0], "{}", files.report);
        let russia = &files.concepts["russia"];
        assert_eq!(russia.note.as_deref(), Some("the state, not the city"));
        let it: Vec<String> = russia.lists[&Lang::parse("it").unwrap()].iter().map(ToString::to_string).collect();
        assert_eq!(it, ["~russo", "=Mosca", "\"Federazione russa\""]);
        assert!(matches!(&russia.any[1].kind, NodeKind::Atom(Atom::Concept(name)) if name == "names"));

        let topic = &files.topics[0];
        assert_eq!(
            (topic.id.as_str(), topic.name.as_str(), topic.enabled),
            ("russia-china", "Russia and China", false)
        );
        assert_eq!(topic.matches.as_ref().unwrap().to_string(), "@russia NEAR/30 中国 AND missile");
        assert_eq!(topic.except.as_ref().unwrap().to_string(), "title:(\"box office\" OR videogioco)");
        assert_eq!(topic.threshold, Some(25));
        let score: Vec<_> = topic.score.iter().map(|part| (part.add, part.each, part.max)).collect();
        assert_eq!(score, [(20, false, None), (5, true, Some(20)), (-30, false, None)]);
        assert_eq!(topic.severity, SeverityDef::ByScore(vec![(Severity::Notice, 25), (Severity::High, 40)]));
        assert_eq!(topic.filter.max_age, Some(Duration::from_secs(48 * 3600)));
        assert_eq!(topic.filter.min_words, Some(20));
        assert_eq!(topic.filter.languages.len(), 2);
        assert!(topic.filter.sources[0].fits("www.example.org"));
        assert_eq!(topic.filter.exclude_sources[0].as_str(), "blog.example.org");
        assert_eq!(topic.filter.feed_labels["country"], "it");
        assert_eq!(topic.labels["desk"], "asia");
        assert_eq!(topic.owner.as_deref(), Some("desk@example.org"));
        assert_eq!(topic.note.as_deref(), Some("reviewed every month"));
        assert_eq!(topic.story.window, Duration::from_secs(86_400));
        assert_eq!(
            topic.story.alert_on,
            [
                AlertOn::First,
                AlertOn::NewLanguage,
                AlertOn::Sources(10),
                AlertOn::Every,
                AlertOn::Changed,
                AlertOn::Severity
            ]
        );
        let [first, second] = topic.tests.as_slice() else { panic!("{:?}", topic.tests) };
        assert_eq!((first.name.as_str(), second.name.as_str()), ("a fly is not a city", "test 2"));
        assert_eq!(first.expect.concepts, ["russia", "names"]);
        assert_eq!(first.expect.failed.as_deref(), Some("NEAR/30"));
        let expected = ExpectDef { matches: Some(true), severity: Some(Severity::High), ..ExpectDef::default() };
        assert_eq!(second.expect, expected);
        assert_eq!(files.surges[0].trigger, SurgeTrigger::Min(4));
        let past = Duration::from_secs(14 * 86_400);
        assert_eq!(files.surges[1].trigger, SurgeTrigger::Baseline { window: past, zscore: 3.0, min: 4 });
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let files = load("[[topic]]\nid = \"a\"\nmatch = \"missile\"\n");
        let topic = &files.topics[0];
        assert_eq!(topic.name, "a");
        assert!(topic.enabled && topic.threshold.is_none() && topic.score.is_empty());
        assert_eq!(topic.severity, SeverityDef::Fixed(Severity::Notice));
        assert_eq!(topic.filter, WhereDef::default());
        assert_eq!(topic.story.window, Duration::from_secs(72 * 3600));
        assert_eq!(topic.story.alert_on, [AlertOn::First]);
        assert_eq!(codes_of(&files), ["W101"]);
    }

    #[test]
    fn a_place_in_a_query_is_a_place_in_the_file_whatever_the_quotes() {
        for toml in [
            "'россия OR (китай AND сша'",
            "\"\\u0440оссия OR (китай AND сша\"",
            "'''\nроссия\nOR (китай AND сша'''",
            "\"\"\"\\\n  россия OR (китай AND сша\"\"\"",
        ] {
            let text = format!("[[topic]]\nid = \"a\"\nmatch = {toml}\n");
            let files = load(&text);
            let found = files.report.diagnostics.iter().find(|found| found.code == "E105").unwrap();
            assert_eq!(&text[found.labels[0].span.range()], "(", "{toml}");
        }
    }

    #[test]
    fn concepts_and_topics_are_found_in_other_files_and_duplicates_point_at_both() {
        let file = |id: u32, name: &str, text: &str| Source::new(SourceId(id), name, text);
        let files = load_sources(vec![
            file(0, "a.toml", "[[topic]]\nid = \"a\"\nmatch = \"@c OR #b\"\n"),
            file(1, "b.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"y\"\n"),
        ]);
        assert!(!files.report.has_errors(), "{}", files.report);
        let files = load_sources(vec![
            file(0, "a.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"@c\"\n"),
            file(1, "b.toml", "[concept.c]\nany = [\"x\"]\n[[topic]]\nid = \"b\"\nmatch = \"y\"\n"),
        ]);
        for code in ["E150", "E151"] {
            let found = files.report.diagnostics.iter().find(|found| found.code == code).unwrap();
            let places: Vec<u32> = found.labels.iter().map(|label| label.span.source.0).collect();
            assert_eq!(places, [1, 0], "{code}");
        }
    }

    #[test]
    fn folders_are_read_at_every_depth_in_order_and_each_file_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b.toml", "[[topic]]\nid = \"b\"\nmatch = \"@c\"\n");
        write("a/z.toml", "[[topic]]\nid = \"z\"\nmatch = \"z\"\n");
        write("lexicon/c.toml", "[concept.c]\nany = [\"x\"]\n[concept.unused]\nany = [\"x\"]\n");
        write(".hidden/x.toml", "not toml");
        write(".swap.toml", "not toml");
        write("notes.txt", "not toml");
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        let files = load_paths(&[folder.path().to_path_buf(), folder.path().join("b.toml")]);
        assert!(!files.report.has_errors(), "{}", files.report);
        let ids: Vec<&str> = files.topics.iter().map(|topic| topic.id.as_str()).collect();
        assert_eq!(ids, ["z", "b"]);
        assert!(files.concepts.contains_key("c"));
        assert_eq!(codes_of(&files), ["W101", "W101"], "a lexicon need not be used whole");
    }

    #[test]
    fn what_cannot_be_read_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let empty = load_paths(&[folder.path().to_path_buf()]);
        assert_eq!(codes_of(&empty), ["W111"]);
        let missing = load_paths(&[folder.path().join("none.toml"), folder.path().join("nothing")]);
        assert_eq!(codes_of(&missing), ["E007", "E007"]);
        std::fs::write(folder.path().join("latin1.toml"), b"[[topic]]\nid = \"caff\xe8\"\n").unwrap();
        std::fs::write(folder.path().join("good.toml"), "[[topic]]\nid = \"a\"\nmatch = \"x\"\n").unwrap();
        let files = load_paths(&[folder.path().to_path_buf()]);
        assert_eq!(codes_of(&files), ["W101", "E007"]);
        assert_eq!(files.topics.len(), 1);
    }

    #[test]
    fn five_thousand_names_that_nothing_defines_are_reported_in_good_time() {
        let mut text = String::new();
        for index in 0..5000 {
            writeln!(text, "[[topic]]\nid = \"topic-{index}\"\nmatch = \"@missing-{index} OR #none-{index}\"").unwrap();
        }
        let files = load(&text);
        assert_eq!(files.report.diagnostics.iter().filter(|found| found.code == "E152").count(), 5000);
        assert_eq!(files.topics.len(), 5000);
    }

    #[test]
    fn a_circle_of_ten_thousand_concepts_is_found_without_recursion() {
        let mut text = String::from("[[topic]]\nid = \"t\"\nmatch = \"@c0\"\nwhere = { languages = [\"it\"] }\n");
        for index in 0..10_000 {
            writeln!(text, "[concept.c{index}]\nen = [\"@c{}\"]", (index + 1) % 10_000).unwrap();
        }
        let files = load(&text);
        assert_eq!(files.report.diagnostics.iter().filter(|found| found.code == "E154").count(), 1);
    }
}
