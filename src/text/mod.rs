//! Text in any language: from HTML to what a person would read, its language, its words.

pub mod analyzed;
mod balance;
pub(crate) mod charset;
mod dates;
mod extract;
pub(crate) mod html;
mod lang;
pub mod normalize;
pub mod segment;
mod sniff;
pub mod stem;

pub use dates::parse_date;
pub use extract::{ExtractError, Extracted, extract_article};
pub use html::{html_to_line, html_to_text, sanitise_html};
pub use lang::{LanguageGuess, detect_language};
