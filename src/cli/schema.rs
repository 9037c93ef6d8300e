//! `vedetta schema`.
//!
//! The schemas are files, checked in beside what they describe, so that an editor finds them without running anything. What
//! keeps them true is a test (`tests/it/schema.rs`): it asks the readers of rules and configuration which keys they know, table
//! by table, and compares.

use super::Exit;
use super::args::SchemaOf;
use super::output::Output;

const RULES: &str = include_str!("../../rules/rule.schema.json");
const CONFIG: &str = include_str!("../../config/vedetta.schema.json");

pub(super) fn schema(of: SchemaOf, output: &Output) -> anyhow::Result<Exit> {
    output.line(match of {
        SchemaOf::Rules => RULES.trim_end(),
        SchemaOf::Config => CONFIG.trim_end(),
    })?;
    Ok(Exit::Fine)
}
