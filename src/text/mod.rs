//! Text in any language: from HTML to what a person would read, its language, its words.

mod lang;

pub use lang::{LanguageGuess, detect_language};
