//! Other products' queries → rule files.
//!
//! In: the text of one or several queries, and whose syntax it is. Out: TOML that loads, and a finding, with its place in the
//! vendor's text, for each thing that is not quite the same. What can't be said in rules is left out where the rule then finds
//! more (and said so), and is an error where it would find less.
//!
//! ```text
//! text → token (by dialect) → parse → tree → build → ast → write → TOML, loaded once more to be sure
//! ```
//!
//! The decision a reader would question: one reader for four vendors, which differ by a table (`dialect`) of operators,
//! fields and wildcards, and a separate one for Lucene, whose `+` and `-` are no operators between terms. The price is a table
//! with a few function pointers.
//!
//! ```
//! use vedetta::model::{Source, SourceId};
//! use vedetta::rule::convert::{Conversion, Options, Vendor, convert};
//!
//! let query = Source::new(SourceId(0), "query.txt", "hd=(missile near5 test$1) and la=en");
//! let conversion = convert(query, Vendor::Factiva, &Options::default());
//! assert!(conversion.toml.contains("match = 'title:(missile NEAR/4 (test OR test?))'"), "{}", conversion.toml);
//! assert!(conversion.toml.contains("languages = [\"en\"]"));
//! ```

mod build;
mod cision;
pub mod codes;
mod dialect;
mod factiva;
mod foreign;
mod lexis;
mod lucene;
mod meltwater;
mod notes;
mod parse;
mod target;
mod term;
mod token;
mod tree;
mod write;

use std::ops::Range;

use crate::model::{Diagnostic, Lang, Report, Source, SourceId};

use super::{Ruleset, load_sources};
use dialect::Dialect;
use notes::Notes;

pub use lucene::DefaultOperator;

/// Whose syntax a query is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vendor {
    /// Meltwater, advanced boolean search.
    Meltwater,
    /// Factiva, traditional search statements.
    Factiva,
    /// LexisNexis and Nexis, terms and connectors.
    Lexis,
    /// Cision Communications Cloud and CisionOne; Brandwatch.
    Cision,
    /// Lucene's classic syntax: Elasticsearch, OpenSearch, Solr, Kibana.
    Lucene,
}

/// Where a vendor's query minds case, which is a setting there and no part of the query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CaseMatters {
    /// Nowhere.
    #[default]
    Nowhere,
    /// Inside quotes.
    InQuotes,
    /// Everywhere.
    Everywhere,
}

/// How to convert.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The topic's id; of several queries, what their ids begin with. Without one, the file's name is taken.
    pub id: Option<String>,
    /// The topic's name.
    pub name: Option<String>,
    /// Whether every line is a query. Otherwise blank lines stand between queries.
    pub one_per_line: bool,
    /// What joins two terms with nothing between them, in Lucene's syntax.
    pub default_operator: DefaultOperator,
    /// Where case matters.
    pub case: CaseMatters,
}

/// What came out.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// A rule file: a topic for each query that could be converted, with comments.
    pub toml: String,
    /// The topics in it.
    pub topics: Vec<ConvertedTopic>,
    /// Changes in meaning (warnings) and what could not be converted (errors), with their places in the vendor's text.
    pub report: Report,
}

/// A query as a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConvertedTopic {
    /// Its id.
    pub id: String,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its `match`.
    pub query: String,
    /// Its `languages` in `[topic.where]`.
    pub languages: Vec<Lang>,
    /// Its `min_words` in `[topic.where]`.
    pub min_words: Option<u32>,
    /// The line of the vendor's text on which it begins, from 1.
    pub line: usize,
}

/// Longest query, in bytes: what rules may hold.
const MAX_QUERY_BYTES: usize = 100_000;

impl Vendor {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Meltwater, Self::Factiva, Self::Lexis, Self::Cision, Self::Lucene];

    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meltwater => "Meltwater",
            Self::Factiva => "Factiva",
            Self::Lexis => "Lexis",
            Self::Cision => "Cision",
            Self::Lucene => "Lucene",
        }
    }

    const fn dialect(self) -> Option<&'static Dialect> {
        match self {
            Self::Meltwater => Some(&meltwater::DIALECT),
            Self::Factiva => Some(&factiva::DIALECT),
            Self::Lexis => Some(&lexis::DIALECT),
            Self::Cision => Some(&cision::DIALECT),
            Self::Lucene => None,
        }
    }
}

/// Converts the queries in a text.
#[must_use]
pub fn convert(source: Source, vendor: Vendor, options: &Options) -> Conversion {
    let queries = split(&source.text, options.one_per_line);
    let base = options.id.clone().unwrap_or_else(|| id_of(&source, vendor));
    let mut toml = String::from(HEAD);
    let mut topics = Vec::new();
    let mut diagnostics = Vec::new();
    if queries.is_empty() {
        let at = crate::model::Span::new(source.id, 0..0);
        diagnostics.push(Diagnostic::error(codes::NO_QUERY, "there is no query in it").label(at, ""));
    }
    for (index, range) in queries.iter().enumerate() {
        let many = queries.len() > 1;
        let id = if many { format!("{base}-{}", index + 1) } else { base.clone() };
        let name = options.name.clone().map(|name| if many { format!("{name} ({})", index + 1) } else { name });
        let text = &source.text[range.clone()];
        let mut notes = Notes::new(source.id, range.start);
        let line = source.line_column(range.start).line;
        let table = convert_one(text, vendor, options, Naming { id, name, line }, &mut notes);
        notes.diagnostics.sort_by_key(|diagnostic| diagnostic.labels.first().map(|label| label.span));
        toml.push('\n');
        toml.push_str(&write::comments(vendor.name(), text, &source, &notes.diagnostics, table.is_none()));
        if let Some((topic, table)) = table {
            toml.push_str(&table);
            topics.push(topic);
        }
        diagnostics.append(&mut notes.diagnostics);
    }
    Conversion { toml, topics, report: Report { sources: vec![source], diagnostics } }
}

const HEAD: &str =
    "# Written by `vedetta convert`. Read what changed, then add a test that must match and one that must not.\n";

struct Naming {
    id: String,
    name: Option<String>,
    line: usize,
}

fn convert_one(
    text: &str,
    vendor: Vendor,
    options: &Options,
    naming: Naming,
    notes: &mut Notes,
) -> Option<(ConvertedTopic, String)> {
    let whole = 0..text.len();
    if text.len() > MAX_QUERY_BYTES {
        let title = format!("this query has {} bytes; the most is {MAX_QUERY_BYTES}", text.len());
        notes.fail(codes::NO_QUERY, title, "move its lists into concepts", &(0..0));
        return None;
    }
    if vendor == Vendor::Meltwater && options.case == CaseMatters::Nowhere {
        let title = "whether case counts is a setting of the search in Meltwater: it does not count here";
        notes.warn(codes::CASE, title, "if it did there, convert again with `--case quoted` or `--case all`", &(0..0));
    }
    let tree = match vendor.dialect() {
        Some(dialect) => parse::parse(text, dialect, options.case, notes)?,
        None => lucene::parse(text, options.default_operator, options.case, notes)?,
    };
    let built = build::build(tree, notes)?;
    let topic = ConvertedTopic {
        id: naming.id,
        name: naming.name,
        query: built.query.to_string(),
        languages: built.languages,
        min_words: built.min_words,
        line: naming.line,
    };
    let table = write::topic(&topic, &built.query);
    // The last word has the reader of rules: what it would refuse does not come out.
    let loaded = load_sources(vec![Source::new(SourceId(0), "converted.toml", table.clone())]);
    let (_, report) = Ruleset::compile(loaded);
    for wrong in report.diagnostics.iter().filter(|found| found.is_error()) {
        let title = format!("this query does not become a rule: {} ({})", wrong.title, wrong.code);
        notes.fail(codes::NOT_A_RULE, title, wrong.help.first().map_or("", String::as_str), &whole);
    }
    (!notes.has_errors()).then_some((topic, table))
}

/// The queries of a text: blank lines stand between them, or every line is one.
fn split(text: &str, one_per_line: bool) -> Vec<Range<usize>> {
    let mut queries: Vec<Range<usize>> = Vec::new();
    let mut open = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let start = at + line.find(trimmed).unwrap_or(0);
        let end = start + trimmed.len();
        at += line.len();
        if trimmed.is_empty() {
            open = false;
            continue;
        }
        match queries.last_mut() {
            Some(last) if open && !one_per_line => last.end = end,
            _ => queries.push(start..end),
        }
        open = true;
    }
    queries
}

/// An id from a file's name.
fn id_of(source: &Source, vendor: Vendor) -> String {
    let stem = source.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut id = String::new();
    for c in stem.to_lowercase().chars().take(80) {
        if c.is_alphanumeric() || c == '_' {
            id.push(c);
        } else if !id.is_empty() && !id.ends_with('-') {
            id.push('-');
        }
    }
    let id = id.trim_matches(['-', '_']).to_owned();
    if id.is_empty() || source.path.as_os_str() == "<stdin>" {
        return format!("from-{}", vendor.name().to_lowercase());
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_or_line_ends_part_queries() {
        let text = "\u{feff}a AND\n b\n\n \t\r\nc\r\nd\n";
        let parts = |one| split(text, one).into_iter().map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(parts(false), ["a AND\n b", "c\r\nd"]);
        assert_eq!(parts(true), ["a AND", "b", "c", "d"]);
    }

    #[test]
    fn an_id_comes_from_the_file() {
        let id = |path: &str| id_of(&Source::new(SourceId(0), path, ""), Vendor::Lexis);
        assert_eq!(id("queries/Raketenabwehr (neu).txt"), "raketenabwehr-neu");
        assert_eq!(id("запрос 1.txt"), "запрос-1");
        assert_eq!(id("<stdin>"), "from-lexis");
        assert_eq!(id("---.txt"), "from-lexis");
    }
}
