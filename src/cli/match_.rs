//! `vedetta match`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::Context;

use crate::model::{Clock, SystemClock};
use crate::rule;

use super::Exit;
use super::args::MatchOptions;
use super::output::Output;

pub(super) fn match_(options: &MatchOptions, output: &Output) -> anyhow::Result<Exit> {
    let (started, now) = (std::time::Instant::now(), SystemClock.now());
    // Warnings are the business of `check`; with errors, everything is shown.
    let (Some(ruleset), _) = rule::load_unlinted(&options.rules) else {
        output.report(&rule::load(&options.rules).1)?;
        return Ok(Exit::Usage);
    };
    let load_seconds = started.elapsed().as_secs_f64();
    let mut writer = BufWriter::with_capacity(1 << 16, io::stdout());
    let mut stats =
        rule::jsonl::match_jsonl(&ruleset, open(&options.file)?, &mut writer, usize::from(options.threads), now)?;
    writer.flush()?;
    stats.load_seconds = load_seconds;
    for problem in &stats.problems {
        output.say(&format!("warning: {problem}"));
    }
    if options.stats {
        output.say(&serde_json::to_string(&stats)?);
    }
    Ok(if stats.failures == 0 { Exit::Fine } else { Exit::Found })
}

/// A file to read, or stdin for `-`.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead + Send>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}
