//! Folding: what makes two spellings of one word equal. ONE function, used for rules and articles alike.
//!
//! NFKC and full case folding; then marks are dropped where a reader takes them for the same letter: all of them in Latin
//! and Greek, stress marks in Cyrillic (`ё` is `е`, but `й` and `ї` stay), vowel signs and tatweel in Arabic, points in
//! Hebrew. Alef forms are one letter, Persian yeh and kaf the Arabic ones, traditional Han folds to simplified, and
//! characters that can't be seen are gone.
//!
//! `i`, `ı`, `I` and `İ` fold to one letter in every language. Folding them by the language of the text, as Turkish would
//! want, makes a Turkish article's `CNN INTERNATIONAL` unfindable by `international`, and every rule depend on a guess;
//! the price is that `sınır` also finds `sinir`, which `=sınır` avoids.

use std::sync::LazyLock;

use icu_casemap::CaseMapper;
use rustc_hash::FxHashMap;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};
use unicode_normalization::{UnicodeNormalization, is_nfkc};

use super::segment::is_ignorable;

/// The folded form of a word or any other text.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends the folded form of a text.
pub fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
        return;
    }
    let start = out.len();
    let mut unsettled = fold_once(text, out);
    for _ in 1..PASSES {
        if !unsettled || !out[start..].contains(is_combining_mark) {
            break;
        }
        let before = out.split_off(start);
        unsettled = fold_once(&before, out);
    }
}

/// One pass; whether another one may change it.
fn fold_once(text: &str, out: &mut String) -> bool {
    let composed: String = text.chars().filter(|&c| !is_ignorable(c)).nfkc().collect();
    let cased = CaseMapper::new().fold_string(&composed);
    let (start, mut base) = (out.len(), Script::Other);
    for c in cased.chars() {
        fold_char(c, &mut base, out);
    }
    // What was dropped between two marks, or between a letter and its mark, leaves them as neighbours that may compose or
    // change places; with nothing left to drop, a second pass settles it.
    let drops = |c: char| is_hebrew_quote(c) || c == TATWEEL;
    cased.contains(drops) || !is_nfkc(&out[start..])
}

/// The form in which `=word` compares: case and accents as written. What a reader doesn't see is still the same:
/// composition, width, invisible characters, the traditional form of a Han character, a digit of another script.
#[must_use]
pub fn exact(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let is_seen = |c: char| !is_ignorable(c) && !is_hebrew_quote(c);
    let written: String = text
        .chars()
        .filter(|&c| is_seen(c))
        .nfkc()
        .map(|c| HAN.get(&c).copied().or_else(|| european_digit(c)).unwrap_or(c))
        .collect();
    // A full-width quote is one only now.
    if written.chars().all(is_seen) { written } else { exact(&written) }
}

/// What drops marks differs by script.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    LatinOrGreek,
    Cyrillic,
    /// After a Cyrillic `е`, however it was written: a diaeresis on it means nothing, nor does a second one.
    CyrillicE,
    Other,
}

fn fold_char(c: char, base: &mut Script, out: &mut String) {
    if is_combining_mark(c) {
        let dropped = match base {
            Script::LatinOrGreek => true,
            Script::Cyrillic => c == STRESS || c == GRAVE_STRESS,
            Script::CyrillicE => c == STRESS || c == GRAVE_STRESS || c == DIAERESIS,
            Script::Other => is_arabic_or_hebrew_mark(c),
        };
        if !dropped {
            out.push(c);
        }
        return;
    }
    match c {
        'a'..='z' | '0'..='9' => {
            *base = Script::LatinOrGreek;
            out.push(c);
        }
        '\u{AA}'..='\u{24F}'
        | '\u{250}'..='\u{3FF}'
        | '\u{1D00}'..='\u{1DBF}'
        | '\u{1E00}'..='\u{1FFF}'
        | '\u{2C60}'..='\u{2C7F}' => {
            *base = Script::LatinOrGreek;
            match plain_latin(c) {
                Some(plain) => out.push_str(plain),
                None => decompose_canonical(c, |part| {
                    if !is_combining_mark(part) {
                        // `ǽ` is `æ` with an accent: the letter below it has a plain form of its own.
                        match plain_latin(part) {
                            Some(plain) => out.push_str(plain),
                            None => out.push(part),
                        }
                    }
                }),
            }
        }
        '\u{400}'..='\u{52F}' => {
            *base = if matches!(c, 'е' | 'ё' | 'ѐ') { Script::CyrillicE } else { Script::Cyrillic };
            out.push(match c {
                'ё' | 'ѐ' => 'е',
                'ѝ' => 'и',
                _ => c,
            });
        }
        '\u{5F3}' | '\u{5F4}' | '"' | '\'' | '’' => {}
        TATWEEL => {}
        // Persian yeh and kaf are the Arabic ones on another keyboard, and Persian is written with both.
        'ی' => {
            *base = Script::Other;
            out.push('ي');
        }
        'ک' => {
            *base = Script::Other;
            out.push('ك');
        }
        c if european_digit(c).is_some() => {
            // As after `0`, marks are dropped.
            *base = Script::LatinOrGreek;
            out.push(european_digit(c).unwrap_or(c));
        }
        'أ' | 'إ' | 'آ' | 'ٱ' | 'ٲ' | 'ٳ' | 'ٵ' => {
            *base = Script::Other;
            out.push('ا');
        }
        '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}' => {
            *base = Script::Other;
            out.push(HAN.get(&c).copied().unwrap_or(c));
        }
        _ => {
            *base = Script::Other;
            out.push(c);
        }
    }
}

/// Stretches an Arabic word and means nothing.
const TATWEEL: char = '\u{640}';
/// COMBINING ACUTE ACCENT and COMBINING GRAVE ACCENT: in Cyrillic they show the stress, as in dictionaries.
const STRESS: char = '\u{301}';
const GRAVE_STRESS: char = '\u{300}';
const DIAERESIS: char = '\u{308}';
/// Passes at most; two settle every word of a language, and a text made to need more is not worth them.
const PASSES: usize = 4;

/// Letters whose stroke or ligature Unicode doesn't decompose, but which are written without it where keyboards lack them.
fn plain_latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'ŋ' => "n",
        _ => return None,
    })
}

/// A digit of Arabic, Persian or a script of India as the European one, which the same newspapers write too.
fn european_digit(c: char) -> Option<char> {
    // Each block of digits begins at a multiple of sixteen, those of India at six above one.
    let zero = if c > '\u{8FF}' { 6 } else { 0 };
    let is_digit = matches!(c, '\u{660}'..='\u{669}' | '\u{6F0}'..='\u{6F9}' | '\u{966}'..='\u{96F}' | '\u{9E6}'..='\u{9EF}'
        | '\u{A66}'..='\u{A6F}' | '\u{AE6}'..='\u{AEF}' | '\u{B66}'..='\u{B6F}' | '\u{BE6}'..='\u{BEF}'
        | '\u{C66}'..='\u{C6F}' | '\u{CE6}'..='\u{CEF}' | '\u{D66}'..='\u{D6F}');
    is_digit.then(|| char::from_digit((u32::from(c) & 0xF) - zero, 10)).flatten()
}

fn is_hebrew_quote(c: char) -> bool {
    matches!(c, '\u{5F3}' | '\u{5F4}' | '"' | '\'' | '’')
}

fn is_arabic_or_hebrew_mark(c: char) -> bool {
    matches!(c, '\u{591}'..='\u{5C7}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}' | '\u{670}' | '\u{6D6}'..='\u{6ED}'
        | '\u{898}'..='\u{8FF}')
}

/// Traditional → simplified.
static HAN: LazyLock<FxHashMap<char, char>> = LazyLock::new(|| {
    include_str!("han.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(|line| {
            let chars: Vec<char> = line.chars().collect();
            chars.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>()
        })
        .collect()
});

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accents_go_in_latin_and_greek_only() {
        assert_eq!(fold("Perché ÉCOLE Łódź Straße Ærø Ḩ"), "perche ecole lodz strasse aero h");
        assert_eq!(fold("Άγκυρα ΟΔΟΣ ὁδός"), "αγκυρα οδοσ οδοσ");
        assert_eq!(fold("Ёлка ЙОД Київ їжа"), "елка йод київ їжа");
        assert_eq!(fold("и\u{306}"), "й");
        assert_eq!(fold("Росси\u{301}я"), "россия");
        assert_eq!(fold("हिन्दी"), "हिन्दी");
    }

    #[test]
    fn marks_without_end_are_folded_in_a_few_passes() {
        for (letter, mark) in [
            ("ё", '\u{308}'),
            ("е", '\u{308}'),
            ("ё\u{323}", '\u{308}'),
            ("ѝ", '\u{300}'),
            ("й", '\u{306}'),
            ("آ", '\u{653}'),
        ] {
            let word = format!("{letter}{}", mark.to_string().repeat(50_000));
            let folded = fold(&word);
            assert!(folded.len() <= word.len(), "{letter}");
            assert_eq!(fold(&folded), folded, "{letter}");
        }
        assert_eq!(fold("е\u{308}\u{308}лка"), "елка");
    }

    #[test]
    fn the_four_i_of_turkish_are_one() {
        assert_eq!(fold("IRAK"), fold("ırak"));
        assert_eq!(fold("İSTANBUL"), fold("istanbul"));
        assert_eq!(fold("IŞIĞI"), "isigi");
    }

    #[test]
    fn arabic_marks_and_hebrew_points_go() {
        assert_eq!(fold("مُحَمَّد"), "محمد");
        assert_eq!(fold("الـــصين"), "الصين");
        assert_eq!(fold("أوكرانيا إيران آسيا"), "اوكرانيا ايران اسيا");
        assert_eq!(fold("ا\u{654}"), "ا");
        assert_eq!(fold("ایران کرملین"), fold("ايران كرملين"));
        assert_ne!(fold("على"), fold("علي"), "a preposition is no name");
        assert_eq!(fold("שָׁלוֹם"), "שלום");
        assert_eq!(fold("צה\"ל"), fold("צה״ל"));
    }

    #[test]
    fn digits_are_those_of_europe() {
        assert_eq!(fold("إس-٤٠٠ ٠١٢٣٤٥٦٧٨٩"), "اس-400 0123456789");
        assert_eq!(fold("۰۱۲۳۴۵۶۷۸۹"), "0123456789");
        assert_eq!(fold("०१२३४५६७८९ ০১২৩৪৫৬৭৮৯ ੦੯ ૦૯ ௦௯ ೦೯ ൦൯"), "0123456789 0123456789 09 09 09 09 09");
        assert_eq!(exact("إس-٤٠٠"), "إس-400");
    }

    #[test]
    fn width_and_han_variants_fold() {
        assert_eq!(fold("ＮＡＴＯ ﾐｻｲﾙ ｶﾞ"), "nato ミサイル ガ");
        assert_eq!(fold("俄羅斯導彈防禦"), "俄罗斯导弹防御");
        assert_eq!(fold("軍事"), fold("军事"));
    }

    #[test]
    fn invisible_characters_go() {
        assert_eq!(fold("Mos\u{AD}kau\u{200D}\u{FE0F}"), "moskau");
        assert_eq!(exact("Mos\u{AD}cae\u{301}"), "Moscaé");
        assert_eq!(exact("ＵＳ 俄羅斯"), "US 俄罗斯");
    }

    #[test]
    fn every_character_folds_once_and_for_all() {
        let mut wrong = Vec::new();
        // Without the scripts of thousands of characters that are left as they are.
        let ranges =
            ['\u{80}'..='\u{33FF}', '\u{A000}'..='\u{ABFF}', '\u{F900}'..='\u{16FFF}', '\u{1B000}'..='\u{1FFFF}'];
        let changes = |c: &char| is_combining_mark(*c) || is_hebrew_quote(*c) || fold(&c.to_string()) != c.to_string();
        for c in ranges.into_iter().flatten().filter(changes) {
            for text in [format!("俄{c}"), format!("e{c}\u{301}"), format!("ב{c}\u{5B8}"), format!("{c}\u{308}{c}")] {
                let (folded, written) = (fold(&text), exact(&text));
                if fold(&folded) != folded || exact(&written) != written {
                    wrong.push(format!("{text:?} → {folded:?}, {written:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{} texts: {:#?}", wrong.len(), &wrong[..wrong.len().min(20)]);
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC{0,30}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn case_never_matters(text in "[a-zA-ZàéüßñçøşıİА-Яа-яЁёΑ-Ωα-ωά]{0,20}") {
            prop_assert_eq!(fold(&text.to_uppercase()), fold(&text.to_lowercase()));
        }
    }
}
