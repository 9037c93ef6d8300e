//! The topic language: source → tokens → AST → checked expression → ruleset → hits.

pub mod ast;
