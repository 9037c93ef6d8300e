//! The language of a text.
//!
//! In: what a feed declares, a title and a text. Out: a guess, and whether to rely on it.
//!
//! Order: the script first (it excludes most languages at once and never errs), then letters that only one language of
//! that script writes, then function words (“the”, “della”, “için”), and trigrams (whatlang) only where those leave a
//! doubt. Function words cost a microsecond a text and are surer than trigrams on news text; trigrams cost a hundred
//! times as much and are needed for headlines only. A feed's own word is believed where nothing speaks against it:
//! content management systems ship with `en-US` and nobody changes it.

mod cyrillic;
mod latin;
mod scripts;
#[cfg(test)]
mod tests;
mod words;

use self::scripts::{Counts, Script, by_script, fits};
use crate::model::Lang;

/// What language a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LanguageGuess {
    /// The likeliest language; `None` where there is nothing to go by (no letters, a script without a known language).
    pub lang: Option<Lang>,
    /// Whether to rely on it. A doubtful guess is at best a hint: short texts, near relatives, mixed scripts.
    pub certain: bool,
}

impl LanguageGuess {
    const UNKNOWN: Self = Self { lang: None, certain: false };

    fn certain(code: &str) -> Self {
        Self { lang: Lang::parse(code), certain: true }
    }

    fn doubtful(code: &str) -> Self {
        Self { lang: Lang::parse(code), certain: false }
    }
}

/// Guesses the language of an article from its title and text (the first 1,200 characters of both together).
///
/// `declared` is the language that feed or page state. It is believed where the text is in doubt and its script fits;
/// it makes the guess certain where the text, taken alone, says the same.
#[must_use]
pub fn detect_language(declared: Option<Lang>, title: &str, text: &str) -> LanguageGuess {
    let declared = declared.map(Lang::canonical);
    let sample = Sample::new(title, text);
    let counts = Counts::of(&sample);
    let guess = by_script(&counts, declared, &sample, title, text);
    let Some(declared) = declared else { return guess };
    match guess.lang {
        Some(lang) if lang == declared => LanguageGuess { lang: Some(lang), certain: true },
        // Written alike: what is declared is finer than what can be seen.
        Some(lang) if is_sibling(lang, declared) => LanguageGuess { lang: Some(declared), certain: guess.certain },
        // Foreign names look like another language: where both could be, there is doubt, and all lists apply.
        Some(_) if guess.certain && (!fits(declared, counts.dominant()) || is_long(title, text)) => guess,
        Some(_) if guess.certain => LanguageGuess { certain: false, ..guess },
        _ if fits(declared, counts.dominant()) => LanguageGuess { lang: Some(declared), certain: false },
        _ => guess,
    }
}

/// Whether a language may be written in the letters that most of a text has. In Latin ones any may: names and abbreviations
/// have them everywhere.
#[must_use]
pub fn may_be_written(lang: Lang, text: &str) -> bool {
    let script = Counts::of(&Sample::new(text, "")).dominant();
    matches!(script, Some((Script::Latin, _))) || fits(lang.canonical(), script)
}

/// Long enough for the text to know better than what is declared. A guess: a headline with two sentences.
fn is_long(title: &str, text: &str) -> bool {
    title.split_whitespace().chain(text.split_whitespace()).take(LONG_WORDS).count() == LONG_WORDS
}

const LONG_WORDS: usize = 30;

/// At most this many characters are looked at: a guess does not get better after a few sentences.
const SAMPLE_CHARS: usize = 1_200;

/// The beginning of title and text. Nothing that is told by letters goes across from one to the other.
struct Sample<'a> {
    title: &'a str,
    /// A space, unless the title is all that is looked at.
    between: &'static str,
    text: &'a str,
}

impl<'a> Sample<'a> {
    fn new(title: &'a str, text: &'a str) -> Self {
        let (title, room) = first_chars(title, SAMPLE_CHARS);
        let between = if room > 0 { " " } else { "" };
        let (text, _) = first_chars(text, room.saturating_sub(1));
        Self { title, between, text }
    }

    fn parts(&self) -> [&'a str; 2] {
        [self.title, self.text]
    }
}

/// At most so many characters of a text, and how many there might have been more.
fn first_chars(text: &str, most: usize) -> (&str, usize) {
    match text.char_indices().nth(most) {
        Some((end, _)) => (&text[..end], 0),
        None => (text, most - text.chars().count()),
    }
}

/// Languages that a short look can't tell apart; the declared one wins.
fn is_sibling(a: Lang, b: Lang) -> bool {
    const FAMILIES: &[&[&str]] = &[
        &["hr", "sr", "bs"],
        &["id", "ms"],
        &["hi", "mr", "ne"],
        &["ru", "be", "kk", "ky"],
        &["bg", "mk"],
        &["cs", "sk"],
        &["da", "no"],
        &["es", "gl", "ca"],
        &["fa", "ps", "ku"],
        &["ar", "ug"],
        &["nl", "af", "fy"],
        &["he", "yi"],
        &["am", "ti"],
        &["zh", "ja"],
    ];
    // Only towards languages that detection itself never names with certainty.
    let finer = matches!(b.as_str(), "bs" | "ms" | "mr" | "ne" | "gl" | "ps" | "ku" | "ug" | "af" | "fy" | "yi" | "ti");
    finer && FAMILIES.iter().any(|family| family.contains(&a.as_str()) && family.contains(&b.as_str()))
}
