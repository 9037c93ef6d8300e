//! The languages in Cyrillic script.

use whatlang::Lang as Whatlang;

use super::latin::trigrams;
use super::scripts::Counts;
use super::{LanguageGuess, Sample};

pub(super) fn cyrillic(counts: &Counts, sample: &Sample<'_>, title: &str, text: &str) -> LanguageGuess {
    let [uk, be, ru, bg, sr, mk, kk, ky, mn] =
        ["uk", "be", "ru", "bg", "sr", "mk", "kk", "ky", "mn"].map(|language| counts.marks(language));
    let letters = counts.cyrillic;
    let long = letters >= 40;
    // і alone is shared by Ukrainian, Belarusian and Kazakh; ы and э exclude Ukrainian.
    let turkic = kk.max(ky).max(mn) > ru + uk;
    if turkic && letters >= 12 {
        let code = if kk > ky && kk >= mn {
            "kk"
        } else if ky > mn {
            "ky"
        } else {
            "mn"
        };
        return LanguageGuess { certain: long && kk > ky.max(mn), ..LanguageGuess::doubtful(code) };
    }
    if be > 0 && uk > 0 && ru * 3 >= uk && be > uk.max(ru) {
        return LanguageGuess { certain: long, ..LanguageGuess::doubtful("be") };
    }
    if uk > 0 && uk > ru * 2 {
        return LanguageGuess { certain: uk >= 2 || letters >= 20, ..LanguageGuess::doubtful("uk") };
    }
    if sr > 0 && sr > ru {
        let macedonian = mk > sr;
        let code = if macedonian { "mk" } else { "sr" };
        return LanguageGuess { certain: long && (macedonian || sr > mk), ..LanguageGuess::doubtful(code) };
    }
    if ru > 0 {
        return LanguageGuess { certain: ru >= 2 || letters >= 20, ..LanguageGuess::doubtful("ru") };
    }
    // ъ is a vowel in Bulgarian, one letter in sixty; in Russian it is rare. Words decide where letters do not.
    let [russian, bulgarian] = [RUSSIAN, BULGARIAN].map(|words| hits(words, title, text));
    if bulgarian > russian && (bg > 0 || bulgarian >= 3) && letters >= 30 {
        return LanguageGuess::certain("bg");
    }
    if russian > bulgarian {
        return LanguageGuess { certain: letters >= 30, ..LanguageGuess::doubtful("ru") };
    }
    match trigrams(sample, &[Whatlang::Rus, Whatlang::Ukr, Whatlang::Bul, Whatlang::Srp, Whatlang::Mkd]) {
        Some((code, _)) => LanguageGuess::doubtful(code),
        None => LanguageGuess::doubtful("ru"),
    }
}

const RUSSIAN: &[&str] = &[
    "и",
    "из",
    "что",
    "его",
    "как",
    "для",
    "это",
    "при",
    "об",
    "к",
    "ко",
    "или",
    "также",
    "только",
    "чтобы",
    "более",
    "чем",
    "уже",
    "но",
    "до",
    "под",
    "во",
    "не",
    "офис",
    "нет",
    "может",
    "стран",
];
const BULGARIAN: &[&str] = &[
    "се",
    "да",
    "ще",
    "са",
    "като",
    "това",
    "след",
    "които",
    "който",
    "е",
    "си",
    "през",
    "към",
    "със",
    "от",
    "но",
    "не",
    "бе",
    "има",
    "до",
    "беше",
    "тази",
    "както",
];

/// How many of a text's words are in the list.
pub(super) fn hits(list: &[&str], title: &str, text: &str) -> usize {
    let words = title.split_whitespace().chain(text.split_whitespace()).take(200);
    words.filter(|word| list.contains(&word.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase().as_str())).count()
}
