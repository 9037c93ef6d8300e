//! The topic language: source → tokens → AST → checked expression → ruleset → hits.

pub mod ast;
mod check;
pub mod codes;
mod def;
mod file;
mod glob;
mod iso639;
mod lexer;
mod lint;
mod parser;

pub use def::{
    AlertOn, ConceptDef, ExpectDef, RuleFiles, ScoreDef, SeverityDef, StoryDef, SurgeCount, SurgeDef, SurgeTrigger,
    TestDef, TopicDef, WhereDef,
};
pub use file::{load_paths, load_sources};
pub use glob::Glob;
