//! Rule files → [`RuleFiles`]: every table and key is read and checked, every query parsed; then what only all files
//! together show ([`check`](super::check)) and what is odd ([`lint`](super::lint)).
//!
//! Mistakes don't stop the reading: one run shows them all. What can't be read is left out of the result, which may
//! therefore be used only if its report has no errors. What only seems to be missing because it could not be read is not
//! reported.

mod concept;
mod folder;
mod score;
mod stamp;
mod suite;
mod surge;
mod topic;
mod usage;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use unicode_normalization::char::is_combining_mark;

use crate::model::{Diagnostic, Report, Source, SourceId, Span, TopicId, shown_path};
use crate::settings::{Findings, Item, TableReader, TextValue, TomlFile, codes as file_codes, read_source};

use super::ast::Node;
use super::check::{Loaded, Use, User};
use super::def::{ConceptDef, RuleFiles};
use super::lexer::SpentRegexes;
use super::parser::{Parsed, parse_query};
use super::query::Query;
use super::{check, codes, lint};

use self::concept::read_concept;
use self::folder::collect;
use self::surge::read_surge;
use self::topic::{TOPIC_KEYS, read_topic};

pub(super) use self::stamp::{RuleFile, Stamp, stamps};

/// Reads rule files: each path is a file, or a folder of which all `*.toml` are read, at every depth, in the order of their
/// paths. Files and folders whose name begins with a dot are left out; a file reached twice is read once.
///
/// A missing path, a file that can't be read, and every mistake in a file are errors of the report.
#[must_use]
pub fn load_paths(paths: &[PathBuf]) -> RuleFiles {
    read_paths(paths, Remarks::Wanted)
}

/// The same without the remarks on what is allowed and probably not meant.
#[must_use]
pub(super) fn load_paths_unlinted(paths: &[PathBuf]) -> RuleFiles {
    read_paths(paths, Remarks::Unwanted)
}

/// Whether to look for what is allowed and probably not meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remarks {
    Wanted,
    Unwanted,
}

/// Reads some of many rule files, without remarks. They may use `concepts`, which those of the result begin with, and have
/// the regular expressions that `regexes` leaves.
#[must_use]
pub(super) fn load_edited(
    files: &[PathBuf],
    concepts: &BTreeMap<String, ConceptDef>,
    regexes: &SpentRegexes,
) -> RuleFiles {
    let loaded = Loaded { concepts: concepts.clone(), regexes: regexes.into(), ..Loaded::default() };
    read_files(files, loaded, Findings::new(), Remarks::Unwanted)
}

fn read_paths(paths: &[PathBuf], remarks: Remarks) -> RuleFiles {
    let findings = Findings::new();
    let files = collect(paths, &findings);
    if files.is_empty() && !findings.has_errors() {
        let shown: Vec<String> = paths.iter().map(|path| format!("`{}`", shown_path(path))).collect();
        let title = format!("there are no rule files in {}", shown.join(", "));
        findings.add(Diagnostic::warning(codes::NO_FILES, title).help("rule files are called `*.toml`"));
    }
    read_files(&files, Loaded::default(), findings, remarks)
}

fn read_files(files: &[PathBuf], loaded: Loaded, findings: Findings, remarks: Remarks) -> RuleFiles {
    // Before they are read: an edit while reading shows as a change.
    let stamps = files.iter().map(|path| Stamp::of(path)).collect();
    let mut sources = Vec::with_capacity(files.len());
    let mut unreadable = BTreeMap::new();
    for (index, path) in files.iter().enumerate() {
        let id = SourceId(u32::try_from(index).unwrap_or(u32::MAX));
        match read_source(id, path) {
            Ok(source) => sources.push(source),
            Err(failure) => {
                let (diagnostic, source) = *failure;
                findings.add(diagnostic);
                // What is not UTF-8 is there with replacement characters; of the rest nothing is.
                unreadable.insert(id, source.text.is_empty());
                sources.push(source);
            }
        }
    }
    RuleFiles { stamps, ..read(sources, &unreadable, loaded, findings, remarks) }
}

/// Reads rule files that are in memory already; their ids must differ.
#[must_use]
pub fn load_sources(sources: Vec<Source>) -> RuleFiles {
    read(sources, &BTreeMap::new(), Loaded::default(), Findings::new(), Remarks::Wanted)
}

/// `unreadable`: the files that were reported; whether nothing at all could be read of them.
fn read(
    sources: Vec<Source>,
    unreadable: &BTreeMap<SourceId, bool>,
    mut loaded: Loaded,
    findings: Findings,
    remarks: Remarks,
) -> RuleFiles {
    for source in &sources {
        match unreadable.get(&source.id) {
            None => read_file(TomlFile::parse_in_pieces(source, &findings, "topic"), &mut loaded),
            Some(false) => read_file(std::iter::once(TomlFile::parse_lossy(source, &findings)), &mut loaded),
            Some(true) => loaded.damage.everything = true,
        }
    }
    loaded.meant = check::check(&loaded, &findings);
    if remarks == Remarks::Wanted {
        lint::lint(&loaded, &sources, &findings);
    }
    let diagnostics = findings.into_diagnostics();
    RuleFiles {
        report: Report { sources: sources.clone(), diagnostics },
        sources,
        concepts: loaded.concepts,
        topics: loaded.topics,
        surges: loaded.surges,
        stamps: Vec::new(),
        regexes: loaded.regexes.into(),
    }
}

/// Reads a file that is one document, or several of which those after the first have nothing but topics.
fn read_file<'a>(mut documents: impl Iterator<Item = TomlFile<'a>>, loaded: &mut Loaded) {
    let Some(first) = documents.next() else { return };
    for piece in first.damaged() {
        loaded.damage.add(piece);
    }
    let mut root = first.root();
    root.explain(usage::FILE);
    let names = root.names("concept");
    for (name, table) in root.named_tables("concept") {
        read_concept(name, table, loaded);
    }
    // `[[concept.x]]` was reported, and is defined.
    for name in names.iter().filter(|name| !loaded.concepts.contains_key(*name)) {
        loaded.damage.add(name);
    }
    read_topics(&mut root, loaded);
    for document in documents {
        read_topics(&mut document.root(), loaded);
    }
    for table in root.tables("surge") {
        read_surge(table, loaded);
    }
    root.hint(TOPIC_KEYS, "it belongs below a header: `[[topic]]`");
    hints(&mut root, usage::FILE_NAMES);
    root.finish();
}

/// What keys of other names are meant to be.
fn hints(table: &mut TableReader<'_>, names: usage::Names) {
    for (names, help) in names {
        table.hint(names, help);
    }
}

fn read_topics(root: &mut TableReader<'_>, loaded: &mut Loaded) {
    for table in root.tables("topic") {
        read_topic(table, loaded);
    }
}

/// A name that can be written after `@` or `#`.
fn name_problem(name: &str) -> Option<String> {
    if let Err(error) = TopicId::new(name) {
        return Some(error.to_string());
    }
    name.ends_with(['.', '-']).then(|| format!("`{name}` is not a name: it must end in a letter, digit or `_`"))
}

/// Said of a name, with one that is nearly it.
fn bad_name(problem: String, name: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(codes::BAD_NAME, problem).label(span, "");
    let parts: Vec<&str> = name
        .split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c) && !matches!(c, '-' | '_' | '.'))
        .filter(|part| !part.is_empty())
        .collect();
    let right = parts.join("-");
    let right = right.trim_matches(['-', '_', '.']);
    if name.is_empty() {
        return diagnostic.help("write a short name for it, such as `baltic-cables`");
    }
    if right.is_empty() || right == name || name_problem(right).is_some() {
        return diagnostic;
    }
    diagnostic.help(format!("write `{right}`"))
}

/// Passes on what parsing found; the tree, if there is one.
fn take(
    parsed: Parsed,
    text: &TextValue,
    table: &TableReader<'_>,
    user: &User,
    is_match: bool,
    loaded: &mut Loaded,
) -> Option<Node> {
    for mut diagnostic in parsed.diagnostics {
        diagnostic.patch = diagnostic.patch.and_then(|patch| text.escaped(table.source(), &patch));
        table.report(diagnostic);
    }
    loaded.uses.extend(parsed.references.into_iter().map(|reference| Use { reference, user: user.clone(), is_match }));
    parsed.node
}

const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn query(table: &mut TableReader<'_>, key: &'static str, user: &User, loaded: &mut Loaded) -> Option<Query> {
    let text = match table.value(key)? {
        Item::Text(text) => text,
        Item::Array(items, span) if !items.is_empty() && items.iter().all(|item| matches!(item, Item::Text(_))) => {
            several_queries(table, key, &items, span);
            return None;
        }
        other => return table.not_text(key, &other),
    };
    let mut parsed = parse_query(&text.text, &|range| text.span_of(range), &loaded.regexes);
    if key == "except" {
        // Nothing but what is taken away stands there.
        for found in parsed.diagnostics.iter_mut().filter(|found| found.code == codes::LONE_NOT) {
            found.help = vec!["`except` takes away what it finds by itself: leave NOT out".to_owned()];
        }
    }
    take(parsed, &text, table, user, key == "match", loaded).as_ref().map(Query::new)
}

/// Reports a list of queries or terms where one query should be.
fn several_queries(table: &TableReader<'_>, key: &str, items: &[Item<'_>], span: Span) {
    /// Of more, and of longer ones, the way is shown.
    const MOST: usize = 5;
    let title = format!("`{key}` must be one query, found a list");
    let texts = items.iter().map(|item| if let Item::Text(text) = item { text.text.trim() } else { "" });
    let term = |text: &str| {
        let is_plain = !text.contains(['"', '(', '@', ':', '/']);
        if text.split_whitespace().any(|word| matches!(word, "AND" | "OR" | "NOT")) {
            format!("({text})")
        } else if text.contains(char::is_whitespace) && is_plain {
            format!("\"{text}\"")
        } else {
            text.to_owned()
        }
    };
    let mut terms: Vec<String> = texts.take(MOST).map(term).collect();
    if items.len() > MOST {
        terms.push("…".to_owned());
    }
    let quotes = if terms.iter().any(|term| term.contains('\'')) { "'''" } else { "'" };
    let right = |operator: &str| format!("`{key} = {quotes}{}{quotes}`", terms.join(operator));
    let mut diagnostic = Diagnostic::error(file_codes::WRONG_TYPE, title).label(span, "expected a string");
    diagnostic = match terms.as_slice() {
        [_] => diagnostic.help(format!("write {}", right(""))),
        _ => diagnostic.help(format!("for any of them write {}, for all of them {}", right(" OR "), right(" AND "))),
    };
    table.report(diagnostic);
}
