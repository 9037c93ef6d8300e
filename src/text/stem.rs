//! Stems: what the inflected forms of a word have in common, by the Snowball stemmer of a language.

use std::panic::catch_unwind;

use snowball_stemmers_rs::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

use super::normalize::fold;
use super::segment::is_ignorable;
use crate::model::Lang;

/// Languages that have a stemmer.
pub fn languages() -> impl Iterator<Item = Lang> {
    STEMMERS.iter().filter_map(|(code, _)| Lang::parse(code))
}

/// Whether words of a language can be stemmed.
#[must_use]
pub fn has_stemmer(lang: Lang) -> bool {
    algorithm(lang).is_some()
}

/// The stem of one word, folded; `None` if the language has no stemmer, or the word is too long to be one. Accents and
/// umlauts are still there when the stemmer sees the word, since its rules ask for them; the case is not.
#[must_use]
pub fn stem(lang: Lang, word: &str) -> Option<String> {
    let algorithm = algorithm(lang)?;
    // Told before anything is made of it: a text may be one word of megabytes, and every language asks.
    if word.chars().filter(|&c| !is_ignorable(c)).nth(2 * LONGEST).is_some() {
        return None;
    }
    let lower: String = lower_case(lang, word).chars().filter(|&c| !is_ignorable(c)).nfc().collect();
    if lower.chars().count() > LONGEST {
        return None;
    }
    // The stemmers are generated code that indexes into the word; one that trips over a strange word leaves it whole.
    let stemmed = catch_unwind(|| Stemmer::create(algorithm).stem(&lower).into_owned()).unwrap_or(lower);
    Some(fold(&stemmed))
}

/// Whether the stemmer of a language leaves the first letter alone (apart from case and accents). Then words that begin
/// otherwise than a term need not be stemmed to know that they don't have its stem.
#[must_use]
pub fn keeps_first_letter(lang: Lang) -> bool {
    KEEP_FIRST_LETTER.contains(&lang.as_str())
}

/// Those whose algorithm strips endings only; Arabic, Indonesian, Dutch, Irish and others strip or change beginnings too.
const KEEP_FIRST_LETTER: &[&str] = &[
    "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "hu", "it", "nb", "nn", "no", "pl", "pt", "ro",
    "ru", "sv", "tr", "uk",
];

/// A guess: no language inflects a word longer than this, and the stemmers' cost grows with it.
const LONGEST: usize = 64;

fn lower_case(lang: Lang, word: &str) -> String {
    if matches!(lang.as_str(), "tr" | "az") {
        word.replace('I', "ı").replace('İ', "i").to_lowercase()
    } else {
        word.to_lowercase()
    }
}

fn algorithm(lang: Lang) -> Option<Algorithm> {
    STEMMERS.iter().find(|(code, _)| *code == lang.as_str()).map(|&(_, algorithm)| algorithm)
}

/// By ISO 639-1 code. Croatian and Bosnian are stemmed as Serbian, which accepts both alphabets.
const STEMMERS: &[(&str, Algorithm)] = &[
    ("ar", Algorithm::Arabic),
    ("bs", Algorithm::Serbian),
    ("ca", Algorithm::Catalan),
    ("cs", Algorithm::Czech),
    ("da", Algorithm::Danish),
    ("de", Algorithm::German),
    ("el", Algorithm::Greek),
    ("en", Algorithm::English),
    ("eo", Algorithm::Esperanto),
    ("es", Algorithm::Spanish),
    ("et", Algorithm::Estonian),
    ("eu", Algorithm::Basque),
    ("fa", Algorithm::Persian),
    ("fi", Algorithm::Finnish),
    ("fr", Algorithm::French),
    ("ga", Algorithm::Irish),
    ("hi", Algorithm::Hindi),
    ("hr", Algorithm::Serbian),
    ("hu", Algorithm::Hungarian),
    ("hy", Algorithm::Armenian),
    ("id", Algorithm::Indonesian),
    ("it", Algorithm::Italian),
    ("lt", Algorithm::Lithuanian),
    ("nb", Algorithm::Norwegian),
    ("ne", Algorithm::Nepali),
    ("nl", Algorithm::Dutch),
    ("nn", Algorithm::Norwegian),
    ("no", Algorithm::Norwegian),
    ("pl", Algorithm::Polish),
    ("pt", Algorithm::Portuguese),
    ("ro", Algorithm::Romanian),
    ("ru", Algorithm::Russian),
    ("sr", Algorithm::Serbian),
    ("st", Algorithm::Sesotho),
    ("sv", Algorithm::Swedish),
    ("ta", Algorithm::Tamil),
    ("tr", Algorithm::Turkish),
    ("uk", Algorithm::Ukrainian),
    ("yi", Algorithm::Yiddish),
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(lang: &str, forms: &[&str]) {
        let lang = Lang::parse(lang).expect("a code");
        let stems: Vec<_> = forms.iter().map(|form| stem(lang, form)).collect();
        assert!(stems.windows(2).all(|pair| pair[0] == pair[1]), "{forms:?} → {stems:?}");
    }

    #[test]
    fn inflected_forms_share_a_stem() {
        same("it", &["russo", "russa", "russi", "RUSSE"]);
        same("en", &["missile", "missiles"]);
        same("ru", &["ракета", "ракеты", "ракетой", "РАКЕТАМИ"]);
        same("de", &["Rakete", "Raketen"]);
        same("fr", &["militaire", "militaires"]);
        same("tr", &["SINIR", "sınır"]);
    }

    #[test]
    fn a_word_that_no_language_has_is_not_stemmed() {
        let english = Lang::parse("en").expect("a code");
        assert_eq!(stem(english, &"missiles".repeat(20)), None);
        assert_eq!(stem(english, &"a\u{301}".repeat(2_000_000)), None);
        // What can't be seen doesn't make a word longer.
        assert_eq!(
            stem(english, &"missiles\u{ad}".replace('s', &format!("s{}", "\u{ad}".repeat(100)))),
            stem(english, "missiles")
        );
    }

    #[test]
    fn a_language_without_stemmer_has_none() {
        assert_eq!(Lang::parse("zh").and_then(|lang| stem(lang, "导弹")), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_first_letter_stays_where_we_say_so(word in "[a-zA-ZàéèüößñçøåæœşğıİА-Яа-яЁёіїєґΑ-Ωα-ωάέőűžščřěąęłż]{1,12}") {
            for lang in languages().filter(|&lang| keeps_first_letter(lang)) {
                let stemmed = stem(lang, &word).expect("it has a stemmer");
                prop_assert_eq!(stemmed.chars().next(), fold(&word).chars().next(), "{} {}", lang, stemmed);
            }
        }

        #[test]
        fn no_word_breaks_a_stemmer(word in "\\w{0,20}") {
            for lang in languages() {
                prop_assert!(stem(lang, &word).is_some());
            }
        }
    }
}
