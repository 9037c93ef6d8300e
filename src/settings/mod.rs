//! Reading TOML written by people: every mistake reported at once, with file, line, column and a hint.
//!
//! In: a [`Source`](crate::model::Source). Out: checked values, each with its place, and
//! [`Diagnostic`](crate::model::Diagnostic)s collected in [`Findings`]. Rule files and the configuration are read with it.
//!
//! The decision a reader would question: no serde. Serde stops at the first mistake and forgets where values stood; here
//! a table is asked for its keys one by one ([`TableReader`]), says what is wrong with each, and
//! [`TableReader::finish`] reports every key that nobody asked for. The price is that a settings struct and its
//! reading are written separately.
//!
//! ```
//! use std::time::Duration;
//! use vedetta::model::{Source, SourceId};
//! use vedetta::settings::{Findings, TomlFile};
//!
//! let source = Source::new(SourceId(0), "vedetta.toml", "[poll]\nintervall = \"5m\"\n");
//! let findings = Findings::new();
//! let file = TomlFile::parse(&source, &findings);
//! let mut root = file.root();
//! if let Some(mut poll) = root.table("poll") {
//!     poll.duration("interval", Duration::from_secs(1)..=Duration::from_secs(86_400));
//!     poll.finish();
//! }
//! root.finish();
//! let diagnostics = findings.into_diagnostics();
//! assert_eq!(diagnostics[0].title, "unknown key `intervall` in `[poll]`");
//! assert_eq!(diagnostics[0].help, ["did you mean `interval`?"]);
//! ```

pub mod codes;
mod dashes;
mod document;
mod file;
mod findings;
mod moment;
mod nearest;
mod pieces;
mod reader;
mod slips;
mod statements;
mod syntax;
mod text;
mod units;

pub use document::TomlFile;
pub use file::{MAX_FILE_BYTES, read_source};
pub use findings::{Findings, Item, Spanned};
pub use moment::parse_moment;
pub use nearest::nearest;
pub use reader::{TableReader, as_list};
pub use text::TextValue;
pub use units::{format_duration, format_size, parse_duration, parse_size};
