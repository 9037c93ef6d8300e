//! Text in any language: from HTML to what a person would read, its language, its words.

pub mod analyzed;
mod ascii;
mod balance;
mod blocks;
mod boilerplate;
pub(crate) mod budget;
pub(crate) mod charset;
mod dates;
mod elements;
mod extract;
pub(crate) mod html;
mod lang;
mod main_text;
pub mod normalize;
mod notices;
mod page;
pub mod reading;
mod rough;
mod scripts;
pub mod segment;
mod sniff;
pub mod stem;
mod tree;

pub use dates::parse_date;
pub use extract::{ExtractError, Extracted, extract_article};
pub use html::{html_to_line, html_to_text, sanitise_html};
pub use lang::{LanguageGuess, detect_language, may_be_written};

/// A page in the harmless subset of HTML that a parser may see, and whether its end was left out; see the module `balance`.
pub(crate) fn balanced_document(html: &str, budget: &budget::Budget) -> (String, bool) {
    let balanced = balance::Balanced::read(html, budget);
    (balanced.document(), balanced.is_cut)
}
