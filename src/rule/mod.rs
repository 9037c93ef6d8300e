//! The topic language: source → tokens → AST → checked expression → ruleset → hits.

pub mod ast;
mod def;
mod glob;

pub use def::{
    AlertOn, ConceptDef, ExpectDef, RuleFiles, ScoreDef, SeverityDef, StoryDef, SurgeCount, SurgeDef, SurgeTrigger,
    TestDef, TopicDef, WhereDef,
};
pub use glob::Glob;
