//! The topic language: source → tokens → AST → checked expression → ruleset → hits.
//!
//! Files go in ([`load`], [`load_paths`]), a [`Ruleset`] comes out, or a report of everything that is wrong with them. What
//! may be written, and what it means, follows.
#![doc = ""]
#![doc = include_str!("language.md")]

mod anchor;
pub mod ast;
mod check;
mod code;
pub mod codes;
mod collected;
pub mod convert;
mod cost;
mod def;
mod document;
mod evaluate;
mod excerpt;
mod explain;
mod explain_text;
mod expr;
mod file;
mod foundation;
mod frequency;
mod glob;
mod iso639;
pub mod jsonl;
mod lexer;
mod lint;
mod lookup;
mod lower;
mod marks;
mod match_line;
mod nearest;
mod noted;
mod pair;
mod parser;
mod plain;
mod position;
mod postings;
mod profile;
mod query;
mod rules;
mod ruleset;
mod scanner;
mod suite;
mod tally;
mod term;
mod turn;
mod verdict;
mod wildcards;

pub use cost::{Costs, TopicCost};
pub use def::{
    AlertOn, ConceptDef, ExpectDef, RuleFiles, ScoreDef, SeverityDef, StoryDef, SurgeCount, SurgeDef, SurgeTrigger,
    TestDef, TopicDef, WhereDef,
};
pub use document::Document;
pub use explain::{Clause, Explanation, LanguageNote, ScoreClause, explain, explain_fully};
pub use file::{load_paths, load_sources};
pub use glob::Glob;
pub use profile::{Profile, Profiler, TopicProfile};
pub use query::Query;
pub use rules::{Rules, RulesCosts, RulesScratch};
pub use ruleset::{Circumstances, Hit, HitPlace, Judgement, Ruleset, Scanned, Survey, TopicHit, load, load_unlinted};
pub use scanner::Scratch;
pub use suite::{SuiteReport, TestFailure, run_tests};
