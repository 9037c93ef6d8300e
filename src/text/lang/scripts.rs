//! Languages told by their script and its letters.

use rustc_hash::FxHashMap;

use super::cyrillic::{cyrillic, hits};
use super::latin::latin;
use super::{LanguageGuess, Sample};
use crate::model::Lang;
use crate::text::ascii::{Asked, Blocks};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Latin,
    Cyrillic,
    Arabic,
    /// Han, kana and the mixture of both.
    EastAsian,
    Hangul,
    /// A script that one language has (nearly) to itself; its code.
    Of(&'static str),
}

/// Scripts that belong to one language, or to one so much more often that it may be guessed.
const OWN_SCRIPTS: &[(char, char, &str)] = &[
    ('\u{370}', '\u{3ff}', "el"),
    ('\u{1f00}', '\u{1fff}', "el"),
    ('\u{530}', '\u{58f}', "hy"),
    ('\u{590}', '\u{5ff}', "he"),
    ('\u{900}', '\u{97f}', "hi"),
    ('\u{980}', '\u{9ff}', "bn"),
    ('\u{a00}', '\u{a7f}', "pa"),
    ('\u{a80}', '\u{aff}', "gu"),
    ('\u{b00}', '\u{b7f}', "or"),
    ('\u{b80}', '\u{bff}', "ta"),
    ('\u{c00}', '\u{c7f}', "te"),
    ('\u{c80}', '\u{cff}', "kn"),
    ('\u{d00}', '\u{d7f}', "ml"),
    ('\u{d80}', '\u{dff}', "si"),
    ('\u{e00}', '\u{e7f}', "th"),
    ('\u{e80}', '\u{eff}', "lo"),
    ('\u{1000}', '\u{109f}', "my"),
    ('\u{10a0}', '\u{10ff}', "ka"),
    ('\u{1200}', '\u{139f}', "am"),
    ('\u{1780}', '\u{17ff}', "km"),
];

/// How many letters of each script, and of the letters that tell languages apart.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) latin: u32,
    pub(super) cyrillic: u32,
    pub(super) arabic: u32,
    pub(super) han: u32,
    pub(super) kana: u32,
    pub(super) hangul: u32,
    pub(super) own: u32,
    pub(super) own_code: &'static str,
    /// Per language of a shared script, letters that it has and its relatives don't.
    pub(super) marks: FxHashMap<&'static str, u32>,
}

impl Counts {
    pub(super) fn of(sample: &Sample<'_>) -> Self {
        let mut counts = Self::default();
        for part in sample.parts() {
            // Nearly all letters of most texts, and the quickest to count.
            counts.latin += Blocks::count(part, Asked::Letters);
            let mut blocks = Blocks::new(part, Asked::Letters);
            let mut at = 0;
            while let Some(c) = blocks.next_beyond(at).and_then(|place| {
                at = place;
                part[place..].chars().next()
            }) {
                at += c.len_utf8();
                counts.add(c);
            }
        }
        counts
    }

    /// Counts a character that is not ASCII.
    fn add(&mut self, c: char) {
        match c {
            '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' => self.latin += 1,
            '\0'..='\u{bf}' | '\u{2000}'..='\u{2fff}' => {}
            '\u{400}'..='\u{52f}' => {
                self.cyrillic += 1;
                self.mark(cyrillic_mark(c));
            }
            '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}'
                if c.is_alphabetic() =>
            {
                self.arabic += 1;
                self.mark(arabic_mark(c));
            }
            '\u{3041}'..='\u{30ff}' | '\u{ff66}'..='\u{ff9f}' if c != '・' && c != 'ー' => self.kana += 1,
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => self.han += 1,
            '\u{20000}'..='\u{3ffff}' => self.han += 1,
            '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}' | '\u{ac00}'..='\u{d7af}' => self.hangul += 1,
            _ => {
                if let Some((.., code)) = OWN_SCRIPTS.iter().find(|(from, to, _)| (*from..=*to).contains(&c)) {
                    // Two such scripts in one text do not happen; the first one seen keeps the count.
                    if self.own == 0 {
                        self.own_code = code;
                    }
                    self.own += u32::from(self.own_code == *code);
                }
            }
        }
    }

    fn mark(&mut self, languages: &[&'static str]) {
        for language in languages {
            *self.marks.entry(language).or_default() += 1;
        }
    }

    pub(super) fn marks(&self, language: &str) -> u32 {
        self.marks.get(language).copied().unwrap_or(0)
    }

    /// The script of most letters. An ideograph or syllable counts double: it says as much as several letters, and
    /// East Asian news is full of Latin names.
    pub(super) fn dominant(&self) -> Option<(Script, u32)> {
        [
            (Script::EastAsian, (self.han + self.kana) * 2),
            (Script::Hangul, self.hangul * 2),
            (Script::Cyrillic, self.cyrillic),
            (Script::Arabic, self.arabic),
            (Script::Of(self.own_code), self.own),
            (Script::Latin, self.latin),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .max_by_key(|(_, count)| *count)
    }

    fn letters(&self) -> u32 {
        (self.han + self.kana + self.hangul) * 2 + self.cyrillic + self.arabic + self.own + self.latin
    }
}

fn cyrillic_mark(c: char) -> &'static [&'static str] {
    match c {
        'ї' | 'Ї' | 'є' | 'Є' | 'ґ' | 'Ґ' => &["uk"],
        'і' | 'І' => &["uk", "be", "kk"],
        'ў' | 'Ў' => &["be"],
        'ы' | 'Ы' | 'э' | 'Э' => &["ru", "be", "kk", "ky", "mn"],
        'ё' | 'Ё' => &["ru", "be"],
        'ъ' | 'Ъ' => &["bg"],
        'ј' | 'Ј' | 'љ' | 'Љ' | 'њ' | 'Њ' | 'џ' | 'Џ' => &["sr", "mk"],
        'ђ' | 'Ђ' | 'ћ' | 'Ћ' => &["sr"],
        'ѓ' | 'Ѓ' | 'ќ' | 'Ќ' | 'ѕ' | 'Ѕ' => &["mk"],
        'қ' | 'Қ' | 'ғ' | 'Ғ' | 'ә' | 'Ә' | 'ұ' | 'Ұ' | 'һ' | 'Һ' => &["kk"],
        'ң' | 'Ң' => &["kk", "ky"],
        'ө' | 'Ө' | 'ү' | 'Ү' => &["kk", "ky", "mn"],
        _ => &[],
    }
}

fn arabic_mark(c: char) -> &'static [&'static str] {
    match c {
        'ة' | 'ي' | 'ك' | 'ى' | 'إ' => &["ar"],
        'پ' | 'چ' | 'گ' | 'ک' | 'ی' => &["fa", "ur"],
        'ژ' => &["fa"],
        'ٹ' | 'ڈ' | 'ڑ' | 'ں' | 'ے' | 'ہ' | 'ھ' => &["ur"],
        'ښ' | 'ځ' | 'ډ' | 'ړ' | 'ګ' | 'ې' | 'ږ' | 'څ' => &["ps"],
        'ە' | 'ێ' | 'ۆ' | 'ڕ' | 'ڵ' => &["ku"],
        _ => &[],
    }
}

pub(super) fn by_script(
    counts: &Counts,
    declared: Option<Lang>,
    sample: &Sample<'_>,
    title: &str,
    text: &str,
) -> LanguageGuess {
    let Some((script, weight)) = counts.dominant() else { return LanguageGuess::UNKNOWN };
    // A text half in one script and half in another belongs to neither without doubt.
    let clear = weight * 3 >= counts.letters() * 2;
    let guess = match script {
        Script::EastAsian => east_asian(counts, declared),
        Script::Hangul => {
            if counts.hangul >= 4 {
                LanguageGuess::certain("ko")
            } else {
                LanguageGuess::doubtful("ko")
            }
        }
        Script::Cyrillic => cyrillic(counts, sample, title, text),
        Script::Arabic => arabic(counts),
        Script::Of(code) => LanguageGuess {
            lang: Lang::parse(code),
            // Devanagari also writes Marathi and Nepali.
            certain: counts.own >= 6 && (code != "hi" || devanagari_is_hindi(title, text)),
        },
        Script::Latin => latin(counts, sample),
    };
    LanguageGuess { certain: guess.certain && clear, ..guess }
}

fn east_asian(counts: &Counts, declared: Option<Lang>) -> LanguageGuess {
    let all = counts.han + counts.kana;
    // Chinese text holds a stray の at most; Japanese sentences are a third kana or more, headlines less.
    if counts.kana * 12 >= all && counts.kana >= 2 {
        return if all >= 6 { LanguageGuess::certain("ja") } else { LanguageGuess::doubtful("ja") };
    }
    if counts.han == 0 {
        return LanguageGuess::doubtful("ja");
    }
    // A Japanese headline may do without kana; longer than this none does.
    if counts.han >= 14 {
        LanguageGuess::certain("zh")
    } else {
        let japanese = declared.is_some_and(|lang| lang.as_str() == "ja");
        LanguageGuess::doubtful(if japanese { "ja" } else { "zh" })
    }
}

fn arabic(counts: &Counts) -> LanguageGuess {
    let [ar, fa, ur, ps, ku] = ["ar", "fa", "ur", "ps", "ku"].map(|language| counts.marks(language));
    let enough = counts.arabic >= 12;
    // Urdu and Persian share most letters; Urdu's own ones are in every sentence.
    let (code, own, others) = if ps > 0 && ps * 12 >= counts.arabic {
        ("ps", ps, ku)
    } else if ku > 0 && ku * 12 >= counts.arabic {
        ("ku", ku, ps)
    } else if ur > fa && (ur - fa.min(ur)) * 20 >= counts.arabic {
        ("ur", ur, ar)
    } else if fa > ar {
        ("fa", fa, ar)
    } else {
        ("ar", ar, fa)
    };
    LanguageGuess { certain: enough && own >= 2 && own >= others * 2, ..LanguageGuess::doubtful(code) }
}

/// Hindi's commonest words; Marathi and Nepali use others.
fn devanagari_is_hindi(title: &str, text: &str) -> bool {
    const WORDS: &[&str] = &["है", "में", "के", "की", "का", "से", "को", "ने", "हैं", "और", "पर"];
    hits(WORDS, title, text) >= 2
}

/// Whether a language may be written in that script; where there are no letters, any may.
pub(super) fn fits(lang: Lang, script: Option<(Script, u32)>) -> bool {
    let Some((script, _)) = script else { return true };
    let code = lang.as_str();
    match code {
        "zh" | "ja" => script == Script::EastAsian,
        "ko" => script == Script::Hangul,
        "ru" | "uk" | "bg" | "be" | "mk" | "ky" | "mn" | "tg" | "ab" | "av" | "ba" | "ce" | "cu" | "cv" | "kv"
        | "os" => script == Script::Cyrillic,
        "sr" | "uz" | "tt" | "bs" => matches!(script, Script::Cyrillic | Script::Latin),
        "ar" | "fa" | "ur" | "ps" | "ug" => script == Script::Arabic,
        "ku" | "az" | "tk" | "kk" => matches!(script, Script::Arabic | Script::Latin | Script::Cyrillic),
        "pa" => matches!(script, Script::Of("pa") | Script::Arabic),
        "sd" | "ks" => matches!(script, Script::Of("hi") | Script::Arabic),
        "as" => script == Script::Of("bn"),
        "mr" | "ne" | "sa" => script == Script::Of("hi"),
        "yi" => script == Script::Of("he"),
        "ti" => script == Script::Of("am"),
        _ => {
            if OWN_SCRIPTS.iter().any(|(.., own)| *own == code) {
                script == Script::Of(OWN_SCRIPTS.iter().find(|(.., own)| *own == code).map_or("", |(.., own)| own))
            } else {
                script == Script::Latin
            }
        }
    }
}
