//! `vedetta convert`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context;

use crate::model::{Diagnostic, Report, Source, SourceId};
use crate::rule::convert::{CaseMatters, Conversion, DefaultOperator, Options, Vendor, convert as convert_queries};
use crate::settings::read_source;

use super::args::{CaseOption, ConvertOptions, Joining, VendorName};
use super::output::Output;
use super::{Exit, report_json};

/// The most that is read from stdin: a thousand queries of the largest size that rules hold.
const MAX_INPUT_BYTES: u64 = 64_000_000;

pub(super) fn convert(options: &ConvertOptions, output: &Output) -> anyhow::Result<Exit> {
    let source = match open(&options.file)? {
        Ok(source) => source,
        Err(report) => {
            output.report(&report)?;
            return Ok(Exit::Usage);
        }
    };
    let conversion = convert_queries(source, vendor(options.from), &how(options));
    if output.is_json() {
        output.json(&as_json(&conversion))?;
    } else {
        if !conversion.topics.is_empty() {
            output.line(conversion.toml.trim_end())?;
        }
        output.report(&conversion.report)?;
        output.say(&summary(&conversion));
    }
    Ok(if conversion.report.has_errors() { Exit::Found } else { Exit::Fine })
}

fn open(path: &Path) -> anyhow::Result<Result<Source, Report>> {
    if path.as_os_str() != "-" {
        return Ok(read_source(SourceId(0), path).map_err(|failure| {
            let (diagnostic, source) = *failure;
            Report { sources: vec![source], diagnostics: vec![diagnostic] }
        }));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_end(&mut bytes).context("cannot read stdin")?;
    let text = String::from_utf8(bytes).context("what came over stdin is not UTF-8 text")?;
    Ok(Ok(Source::new(SourceId(0), "<stdin>", text)))
}

fn vendor(name: VendorName) -> Vendor {
    match name {
        VendorName::Meltwater => Vendor::Meltwater,
        VendorName::Factiva => Vendor::Factiva,
        VendorName::Lexis => Vendor::Lexis,
        VendorName::Cision => Vendor::Cision,
        VendorName::Lucene => Vendor::Lucene,
    }
}

fn how(options: &ConvertOptions) -> Options {
    Options {
        id: options.id.clone(),
        name: options.name.clone(),
        one_per_line: options.lines,
        default_operator: match options.default_operator {
            Joining::Or => DefaultOperator::Or,
            Joining::And => DefaultOperator::And,
        },
        case: match options.case {
            CaseOption::None => CaseMatters::Nowhere,
            CaseOption::Quoted => CaseMatters::InQuotes,
            CaseOption::All => CaseMatters::Everywhere,
        },
    }
}

fn as_json(conversion: &Conversion) -> serde_json::Value {
    let topics = conversion.topics.iter().map(|topic| {
        serde_json::json!({
            "id": topic.id, "name": topic.name, "match": topic.query, "min_words": topic.min_words, "line": topic.line,
            "languages": topic.languages.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    });
    serde_json::json!({
        "rules": conversion.toml, "topics": topics.collect::<Vec<_>>(), "findings": report_json(&conversion.report),
    })
}

fn summary(conversion: &Conversion) -> String {
    let errors = conversion.report.diagnostics.iter().filter(|found| Diagnostic::is_error(found)).count();
    let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
    let topics = count(conversion.topics.len(), "topic", "topics");
    let changes = count(conversion.report.diagnostics.len() - errors, "change to read", "changes to read");
    if errors == 0 {
        format!("{topics}, {changes}")
    } else {
        format!("{topics}, {changes}, {}", count(errors, "error", "errors"))
    }
}
