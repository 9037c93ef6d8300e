//! The language of a text.
//!
//! In: what a feed declares, a title and a text. Out: a guess, and whether to rely on it.
//!
//! Order: the script first (it excludes most languages at once and never errs), then letters that only one language of
//! that script writes, then function words (“the”, “della”, “için”), and trigrams (whatlang) only where those leave a
//! doubt. Function words cost a microsecond a text and are surer than trigrams on news text; trigrams cost a hundred
//! times as much and are needed for headlines only. A feed's own word is believed where nothing speaks against it:
//! content management systems ship with `en-US` and nobody changes it.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use whatlang::{Detector, Lang as Whatlang};

use super::ascii::{Asked, Blocks};
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
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
struct Counts {
    latin: u32,
    cyrillic: u32,
    arabic: u32,
    han: u32,
    kana: u32,
    hangul: u32,
    own: u32,
    own_code: &'static str,
    /// Per language of a shared script, letters that it has and its relatives don't.
    marks: FxHashMap<&'static str, u32>,
}

impl Counts {
    fn of(sample: &Sample<'_>) -> Self {
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

    fn marks(&self, language: &str) -> u32 {
        self.marks.get(language).copied().unwrap_or(0)
    }

    /// The script of most letters. An ideograph or syllable counts double: it says as much as several letters, and
    /// East Asian news is full of Latin names.
    fn dominant(&self) -> Option<(Script, u32)> {
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

fn by_script(counts: &Counts, declared: Option<Lang>, sample: &Sample<'_>, title: &str, text: &str) -> LanguageGuess {
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

fn cyrillic(counts: &Counts, sample: &Sample<'_>, title: &str, text: &str) -> LanguageGuess {
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
fn hits(list: &[&str], title: &str, text: &str) -> usize {
    let words = title.split_whitespace().chain(text.split_whitespace()).take(200);
    words.filter(|word| list.contains(&word.trim_matches(|c: char| !c.is_alphabetic()).to_lowercase().as_str())).count()
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

/// Whether a language may be written in that script; languages we don't know may.
fn fits(lang: Lang, script: Option<(Script, u32)>) -> bool {
    let Some((script, _)) = script else { return true };
    let code = lang.as_str();
    match code {
        "zh" | "ja" => script == Script::EastAsian,
        "ko" => script == Script::Hangul,
        "ru" | "uk" | "bg" | "be" | "mk" | "ky" | "mn" | "tg" => script == Script::Cyrillic,
        "sr" | "kk" | "uz" | "tt" | "bs" => matches!(script, Script::Cyrillic | Script::Latin),
        "ar" | "fa" | "ur" | "ps" | "ug" | "sd" => script == Script::Arabic,
        "ku" | "az" | "tk" => matches!(script, Script::Arabic | Script::Latin | Script::Cyrillic),
        "mr" | "ne" => script == Script::Of("hi"),
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

/// Languages in Latin letters, with words that every text of some length holds. A word may stand in several lists: it
/// then counts for each with less weight. Chosen by hand: articles, prepositions, conjunctions, auxiliaries.
const LATIN: &[(&str, Option<Whatlang>, &str)] = &[
    (
        "en",
        Some(Whatlang::Eng),
        "the of and to in is that for with was has have are said from by will his after which its been were they not this be it on as at an who their more would about over if but can we you our there could than two",
    ),
    (
        "it",
        Some(Whatlang::Ita),
        "il di che la per con del della nel nella dei delle degli alla non sono ha gli le una dal dalla più anche ma è un al sul sulla ai tra come lo suo dopo stato questo si alle nei contro hanno e a in i da l d dell nell all o cui poi anni",
    ),
    (
        "fr",
        Some(Whatlang::Fra),
        "le la les des et est du une dans pour qui sur par au avec ce pas que plus aux ont été son sa ses ne se cette mais après un en a il selon être sont leur l d qu à nous vous nos on comment y ou où elle ils cet lors",
    ),
    (
        "de",
        Some(Whatlang::Deu),
        "der die das und ist von mit den dem des ein eine für auf im nicht sich zu als auch nach wird werden bei einer einem einen hat aus wie über vom zum zur sind war haben gegen in an oder aber es er sie man nur noch vor",
    ),
    (
        "es",
        Some(Whatlang::Spa),
        "el la los las de que y en del por con para una un su se al es lo como más pero sus ha sobre este entre fue desde tras han años según no también a o e ya sin hasta donde",
    ),
    (
        "pt",
        Some(Whatlang::Por),
        "o a os as de que e em do da dos das no na nos nas por com para uma um se ao não é mais como foi seu sua pelo pela mas entre após são disse até também à",
    ),
    (
        "nl",
        Some(Whatlang::Nld),
        "de het een van en in is dat op te voor met zijn niet aan er om door over bij ook naar heeft uit maar worden wordt was hebben tot die deze meer nog",
    ),
    (
        "pl",
        Some(Whatlang::Pol),
        "w i na z się do nie że jest to o po od za przez jak dla oraz są ma który przed która tym roku będzie był czy już także został",
    ),
    (
        "cs",
        Some(Whatlang::Ces),
        "a v se na je že s z do o i ve pro za by to jako podle po jeho od bude ale které který jsou byl také při již však nebo kteří před ze",
    ),
    (
        "sk",
        Some(Whatlang::Slk),
        "a v sa na je že s z do o aj vo pre za by to ako podľa po jeho od bude ale ktoré ktorý sú bol tiež pri už však alebo ktorí pred zo nie",
    ),
    (
        "hu",
        Some(Whatlang::Hun),
        "a az és hogy nem is egy volt meg szerint már csak de ez el mint vagy után még aki amely között lesz ki több ami ezt van majd",
    ),
    (
        "ro",
        Some(Whatlang::Ron),
        "de și în la a cu că pe din nu pentru este o fost care un mai au se prin după sau ce lui fi va sunt unei unui al său cea lor şi",
    ),
    (
        "hr",
        Some(Whatlang::Hrv),
        "i u je na se da za su od s o koji kako će nije iz bi ali što do te koja ili samo kao još biti nakon prema bio koje sve rekao",
    ),
    (
        "sl",
        Some(Whatlang::Slv),
        "in je v na se da za so z s pa bo ki tudi po od kot ne bi iz še pri ali do kako lahko ter že bil sta več po pred kar",
    ),
    (
        "sv",
        Some(Whatlang::Swe),
        "och i att det som en på är av för med den till inte har ett om de från var men vid efter kan nu också ska han mot under sig hade",
    ),
    (
        "da",
        Some(Whatlang::Dan),
        "og i at det er en på til af for med den der ikke har de som et om fra var men efter kan nu også skal han mod under sig blev ud",
    ),
    (
        "no",
        Some(Whatlang::Nob),
        "og i å det er en på til av for med den som ikke har de et om fra var men etter kan nå også skal han mot under seg ble ut",
    ),
    (
        "fi",
        Some(Whatlang::Fin),
        "ja on ei että oli hän mukaan myös ovat se kun joka mutta kuin sen ole jo tai ollut niin sekä jälkeen vielä voi olisi nyt mitä",
    ),
    (
        "et",
        Some(Whatlang::Est),
        "ja on et ei oli see ta kui mis ka ning oma aga selle pärast kes nende välja mida juba siis üle või sai olid pole",
    ),
    (
        "lv",
        Some(Whatlang::Lav),
        "un ir ka ar no par uz tika kas bet lai arī pēc gada viņš tas nav to pie kā vai bija šo līdz jau būs kuru",
    ),
    (
        "lt",
        Some(Whatlang::Lit),
        "ir kad su bei iš į yra dėl tai buvo bet jo po kuris apie už pat ar jau gali metų nuo taip prie kaip šį bus tačiau",
    ),
    (
        "tr",
        Some(Whatlang::Tur),
        "ve bir bu için ile da de olarak daha çok sonra olan kadar gibi en ise ancak dedi var oldu ki ne olduğunu üzerine göre yeni",
    ),
    (
        "az",
        Some(Whatlang::Aze),
        "və bir bu üçün ilə də olan olub edib ki da daha çox sonra isə kimi görə həmin deyib olaraq onun var edilib",
    ),
    (
        "id",
        Some(Whatlang::Ind),
        "yang di dan dengan untuk dari ini itu pada dalam tidak ke akan oleh juga telah adalah karena sebagai ada mereka kepada bisa menjadi sudah saat",
    ),
    (
        "vi",
        Some(Whatlang::Vie),
        "và của là có được cho trong các với những một người không tại đã này khi về đến từ trên cũng để năm theo",
    ),
    (
        "ca",
        Some(Whatlang::Cat),
        "el la els les de que i en del per amb una un se al és ha dels com més no va l'any ser però aquest són són també seva després hi pel l d a o",
    ),
    (
        "tl",
        Some(Whatlang::Tgl),
        "ang ng sa na mga at ay si ni para ito nang kay hindi may isang mula nasa rin pa kung din siya",
    ),
    (
        "sw",
        None,
        "ya wa na kwa katika la za ni cha hiyo kuwa baada yake huyo lakini kama hili wake hii wakati watu zaidi",
    ),
    (
        "so",
        None,
        "oo ka ku ee ay iyo in ah waa uu la ayaa soo isagoo sheegay wuxuu waxa si markii laga lagu inuu kale dalka",
    ),
    ("ha", None, "da na ta ya a wa ba su ne ce don cikin ga kan wani bayan sun shi kuma yadda amma mai yi an zai daga"),
    ("sq", None, "e të në dhe për me nga një që është si se u nuk i më do ka kanë pas janë edhe por këtë ishte duke"),
    (
        "uz",
        Some(Whatlang::Uzb),
        "va bilan uchun bu bir ham edi bo'yicha bo'ldi deb ushbu qilish davlat bo'lgan haqida esa o'z yil",
    ),
];

/// Letters that few languages in Latin script have; each occurrence counts like a rare word.
const LATIN_MARKS: &[(&str, &str)] = &[
    ("ß", "de"),
    ("ñ", "es"),
    ("ãõ", "pt"),
    ("ąęłśźż", "pl"),
    ("řěů", "cs"),
    ("ľĺŕ", "sk"),
    ("őű", "hu"),
    ("ășțţ", "ro"),
    ("ığ", "tr"),
    ("ə", "az"),
    ("ơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ", "vi"),
    ("ėįų", "lt"),
    ("āēīņģķļ", "lv"),
];

/// What one hit is worth, to be divided by the number of languages that share it.
const UNIT: u32 = 60;

type Mask = u64;

/// What a word or letter says about the language.
#[derive(Debug, Clone, Copy, Default)]
struct Hint {
    /// The languages that have it.
    languages: Mask,
    /// Its number among the words.
    number: u32,
    /// What it is worth to each of them.
    share: u32,
}

impl Hint {
    fn new(languages: Mask, unit: u32, number: u32) -> Self {
        Self { languages, share: unit / languages.count_ones().max(1), number }
    }

    fn add_to(self, scores: &mut [u32; LATIN.len()]) {
        let mut rest = self.languages;
        while rest != 0 {
            if let Some(score) = scores.get_mut(rest.trailing_zeros() as usize) {
                *score += self.share;
            }
            rest &= rest - 1;
        }
    }
}

/// The lower-case bytes of a word as a number, the first one lowest. Longer words are in no list.
type WordKey = u128;

const KEY_BYTES: usize = size_of::<WordKey>();
const LONGEST_WORD: usize = 12;

/// The beginning of `text[start..end]`, which is ASCII letters, in lower case.
#[inline]
fn ascii_key(text: &[u8], start: usize, end: usize) -> WordKey {
    let unused = 8 * KEY_BYTES.saturating_sub(end - start);
    let bytes = match text.get(start..).and_then(<[u8]>::first_chunk) {
        Some(bytes) => *bytes,
        None => {
            let mut bytes = [0; KEY_BYTES];
            bytes[..end - start].copy_from_slice(&text[start..end]);
            bytes
        }
    };
    // This bit is what the two cases of an ASCII letter differ in.
    (WordKey::from_le_bytes(bytes) | WordKey::from_le_bytes([0x20; KEY_BYTES])) & (WordKey::MAX >> unused)
}

fn word_key(word: &str) -> WordKey {
    word.bytes().rev().fold(0, |key, byte| key << 8 | WordKey::from(byte))
}

/// The words of all lists.
struct Words {
    /// A bit for each that has such a mark: most words are in no list, and these few bits say so of most of them.
    marks: [u64; 64],
    hints: FxHashMap<WordKey, Hint>,
}

impl Words {
    #[inline]
    fn hint(&self, word: WordKey) -> Option<&Hint> {
        let (place, bit) = Self::mark(word);
        if self.marks[place] & bit == 0 { None } else { self.hints.get(&word) }
    }

    /// By the golden ratio, as usual for numbers that differ in few bits.
    #[inline]
    fn mark(word: WordKey) -> (usize, u64) {
        let mark = (word as u64 ^ (word >> 64) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((mark >> 58) as usize, 1 << (mark >> 52 & 63))
    }
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut words: FxHashMap<&'static str, Mask> = FxHashMap::default();
    for (index, (.., list)) in LATIN.iter().enumerate() {
        for word in list.split(' ').filter(|word| word.len() <= LONGEST_WORD) {
            *words.entry(word).or_default() |= 1 << index;
        }
    }
    let hint = |(number, (word, mask)): (u32, (&str, Mask))| (word_key(word), Hint::new(mask, UNIT, number));
    let hints: FxHashMap<WordKey, Hint> = (0..).zip(words).map(hint).collect();
    let mut marks = [0; 64];
    for &word in hints.keys() {
        let (place, bit) = Words::mark(word);
        marks[place] |= bit;
    }
    Words { marks, hints }
});

static MARKS: LazyLock<FxHashMap<char, Hint>> = LazyLock::new(|| {
    let mut marks: FxHashMap<char, Mask> = FxHashMap::default();
    for (letters, code) in LATIN_MARKS {
        if let Some(index) = LATIN.iter().position(|(language, ..)| language == code) {
            for letter in letters.chars() {
                *marks.entry(letter).or_default() |= 1 << index;
            }
        }
    }
    marks.into_iter().map(|(letter, mask)| (letter, Hint::new(mask, UNIT / 2, 0))).collect()
});

/// Adds up what the words and letters of a text say.
struct Evidence {
    known: &'static Words,
    scores: [u32; LATIN.len()],
    /// How often each known word was met.
    times: Vec<u8>,
    words: u32,
    /// The word being read, and its length in bytes, which may be greater than what fits into the key.
    word: WordKey,
    length: usize,
}

impl Evidence {
    fn of(sample: &Sample<'_>) -> Self {
        let known = &*WORDS;
        let times = vec![0; known.hints.len()];
        let mut evidence = Self { known, scores: [0; LATIN.len()], times, words: 0, word: 0, length: 0 };
        for part in sample.parts() {
            evidence.read(part);
            evidence.end_word();
        }
        evidence
    }

    fn read(&mut self, text: &str) {
        let mut blocks = Blocks::new(text, Asked::Letters);
        let mut at = 0;
        while let Some(start) = blocks.next_asked_or_beyond(at) {
            if start > at {
                self.end_word();
            }
            if blocks.is_asked(start) {
                at = blocks.next_other(start);
                self.push(ascii_key(text.as_bytes(), start, at), at - start);
                continue;
            }
            let Some(c) = text[start..].chars().next() else { return };
            at = start + c.len_utf8();
            if !c.is_alphabetic() {
                self.end_word();
                continue;
            }
            for lower in c.to_lowercase() {
                if let Some(hint) = MARKS.get(&lower) {
                    hint.add_to(&mut self.scores);
                }
                self.push(word_key(lower.encode_utf8(&mut [0; 4])), lower.len_utf8());
            }
        }
    }

    #[inline]
    fn push(&mut self, key: WordKey, length: usize) {
        if self.length < KEY_BYTES {
            self.word |= key << (8 * self.length);
        }
        self.length += length;
    }

    #[inline]
    fn end_word(&mut self) {
        if self.length == 0 {
            return;
        }
        self.words += 1;
        if self.length <= LONGEST_WORD
            && let Some(hint) = self.known.hint(self.word)
        {
            // The same word over and over (a name, a refrain) is one piece of evidence, not many.
            let times = &mut self.times[hint.number as usize];
            if *times < 4 {
                *times += 1;
                hint.add_to(&mut self.scores);
            }
        }
        self.word = 0;
        self.length = 0;
    }
}

fn latin(counts: &Counts, sample: &Sample<'_>) -> LanguageGuess {
    let Evidence { scores, words, .. } = Evidence::of(sample);
    // Of those with equal scores, the first one in the list.
    let best_but = |other: Option<usize>| {
        (0..LATIN.len()).filter(|&index| Some(index) != other).rev().max_by_key(|&index| scores[index]).unwrap_or(0)
    };
    let best = best_but(None);
    let second = best_but(Some(best));
    let code = LATIN[best].0;
    // Four words of its own, or a score that no relative comes near.
    let lead = scores[best].saturating_sub(scores[second]);
    if words >= 6 && scores[best] >= UNIT * 2 && lead >= UNIT && lead * 3 >= scores[best] {
        return LanguageGuess::certain(code);
    }
    let candidates: Vec<Whatlang> = LATIN.iter().filter_map(|(_, language, _)| *language).collect();
    match trigrams(sample, &candidates) {
        // Two different methods agree. In a headline of a few words a single word proves nothing (`meer` is Dutch, and German
        // for the sea).
        Some((other, confidence)) if other == code && scores[best] >= UNIT => LanguageGuess {
            certain: (words >= 8 || words >= 5 && scores[best] >= UNIT * 2)
                && (confidence > 0.3 || lead * 2 >= scores[best]),
            ..LanguageGuess::doubtful(code)
        },
        // Trigrams alone err on headlines even when they are sure.
        Some((other, confidence)) => {
            let certain = counts.latin >= 120 && confidence > 0.9 && scores[best] < UNIT;
            LanguageGuess { certain, ..LanguageGuess::doubtful(if lead >= UNIT { code } else { other }) }
        }
        None if scores[best] > 0 => LanguageGuess::doubtful(code),
        None => LanguageGuess::UNKNOWN,
    }
}

/// whatlang's verdict among some languages, and its confidence (0 … 1).
fn trigrams(sample: &Sample<'_>, among: &[Whatlang]) -> Option<(&'static str, f64)> {
    let sample = [sample.title, sample.between, sample.text].concat();
    let info = Detector::with_allowlist(among.to_vec()).detect(&sample)?;
    let code = match info.lang() {
        Whatlang::Rus => "ru",
        Whatlang::Ukr => "uk",
        Whatlang::Bul => "bg",
        Whatlang::Srp => "sr",
        Whatlang::Mkd => "mk",
        other => LATIN.iter().find(|(_, language, _)| *language == Some(other))?.0,
    };
    Some((code, info.confidence()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lang(code: &str) -> Option<Lang> {
        Lang::parse(code)
    }

    #[test]
    fn a_sentence_in_each_language_is_recognised() {
        for (code, text) in [
            ("it", "Il ministro della Difesa ha incontrato a Roma i vertici delle aziende che producono i nuovi radar"),
            ("en", "The defence minister met the heads of the companies that build the new radars on Tuesday"),
            ("fr", "Le ministre de la Défense a rencontré les dirigeants des entreprises qui produisent les radars"),
            ("de", "Der Verteidigungsminister traf sich mit den Chefs der Firmen, die das neue Radar bauen"),
            ("es", "El ministro de Defensa se reunió con los directivos de las empresas que fabrican los radares"),
            ("pt", "O ministro da Defesa reuniu-se com os dirigentes das empresas que não produzem os novos radares"),
            ("nl", "De minister van Defensie sprak met de leiding van het bedrijf dat de nieuwe radars bouwt"),
            ("pl", "Minister obrony spotkał się z szefami firm, które produkują nowe radary dla wojska"),
            ("cs", "Ministr obrany se setkal s řediteli firem, které vyrábějí nové radary pro armádu"),
            ("tr", "Savunma bakanı yeni radarları üreten şirketlerin yöneticileri ile bir görüşme yaptı"),
            ("ru", "Министр обороны встретился с руководителями предприятий, которые выпускают новые радары"),
            ("ru", "В Нью-Йорк на Генеральную Ассамблею съехались политики из более чем 120 стран"),
            (
                "sw",
                "Waziri wa ulinzi alikutana na viongozi wa kampuni ambazo zinatengeneza rada mpya kwa ajili ya nchi",
            ),
            ("uk", "Міністр оборони зустрівся з керівниками підприємств, які виробляють нові радари для її війська"),
            ("bg", "Министърът на отбраната се срещна с ръководителите на фирмите, които произвеждат новите радари"),
            ("zh", "国防部长星期二会见了生产新型雷达的企业负责人，双方讨论了合作计划"),
            ("ja", "防衛大臣は火曜日、新しいレーダーを製造する企業の代表と会談した"),
            ("ko", "국방장관은 화요일 새 레이더를 만드는 기업 대표들을 만났다"),
            ("ar", "التقى وزير الدفاع يوم الثلاثاء رؤساء الشركات التي تنتج الرادارات الجديدة"),
            ("fa", "وزیر دفاع روز سه‌شنبه با مدیران شرکت‌هایی که رادارهای جدید می‌سازند دیدار کرد"),
            ("ur", "وزیر دفاع نے منگل کو نئے ریڈار بنانے والی کمپنیوں کے سربراہوں سے ملاقات کی ہے"),
            ("el", "Ο υπουργός Άμυνας συναντήθηκε με τους επικεφαλής των εταιρειών"),
            ("he", "שר הביטחון נפגש ביום שלישי עם ראשי החברות"),
            ("hi", "रक्षा मंत्री ने मंगलवार को नए रडार बनाने वाली कंपनियों के प्रमुखों से मुलाकात की है"),
            ("th", "รัฐมนตรีกลาโหมพบกับผู้บริหารบริษัท"),
        ] {
            assert_eq!(detect_language(None, text, ""), LanguageGuess { lang: lang(code), certain: true }, "{text}");
        }
    }

    #[test]
    fn short_text_is_doubtful_and_a_fitting_declaration_is_taken_over() {
        assert!(!detect_language(None, "Juventus-Milan 2-1", "").certain);
        assert!(!detect_language(None, "Nordkorea feuert Rakete ins Meer", "").certain);
        assert_eq!(detect_language(lang("it"), "Juventus-Milan 2-1", "").lang, lang("it"));
        assert_eq!(
            detect_language(lang("ja"), "安倍元首相死去", ""),
            LanguageGuess { lang: lang("ja"), certain: true }
        );
        assert_eq!(detect_language(None, "", ""), LanguageGuess { lang: None, certain: false });
        assert_eq!(detect_language(lang("ru"), "12:30", "100 %").lang, lang("ru"));
    }

    #[test]
    fn a_declaration_that_the_script_contradicts_is_not_believed() {
        let guess = detect_language(lang("en"), "Путин прибыл в Пекин", "");
        assert_eq!(guess.lang, lang("ru"));
        assert_eq!(detect_language(lang("en"), "習近平抵達莫斯科", "").lang, lang("zh"));
        assert_ne!(detect_language(lang("ar"), "Missile defence", "").lang, lang("ar"));
    }

    #[test]
    fn a_wrong_default_in_the_same_script_gives_way_to_clear_text() {
        let title = "Il governo ha approvato il decreto che stanzia i fondi per la difesa aerea del Paese";
        let text =
            "Il contratto vale oltre un miliardo e prevede la consegna delle prime batterie entro il prossimo anno.";
        assert_eq!(detect_language(lang("en"), title, text), LanguageGuess { lang: lang("it"), certain: true });
    }

    #[test]
    fn foreign_names_in_a_short_text_do_not_outvote_the_declared_language() {
        for (title, text) in [
            ("Minister Dos Santos resigns - Angola", "He leaves office on Monday, his office said."),
            ("Minister Van den Berg resigns: De Telegraaf", "The paper quoted two officials."),
            ("Los Angeles: minister Las Casas resigns in San Juan", ""),
        ] {
            let guess = detect_language(lang("en"), title, text);
            assert!(guess.lang == lang("en") || !guess.certain, "{title}: {guess:?}");
        }
    }

    #[test]
    fn relatives_that_are_written_alike_keep_their_declared_name() {
        let text = "Ministri i mbrojtjes";
        assert_eq!(detect_language(lang("sq"), text, "").lang, lang("sq"));
        let norwegian =
            "Forsvarsministeren møtte lederne for selskapene som bygger de nye radarene, og det er ikke nok etter å ha";
        assert_eq!(detect_language(lang("nb"), norwegian, "").lang, lang("no"));
    }

    /// What [`Counts`] and [`Evidence`] say, character by character and word by word.
    fn plainly(title: &str, text: &str) -> (u32, u32, u32, [u32; LATIN.len()]) {
        let sample: String = title.chars().chain([' ']).chain(text.chars()).take(SAMPLE_CHARS).collect();
        let is_latin = |c: &char| matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
        let latin = sample.chars().filter(is_latin).count();
        let cyrillic = sample.chars().filter(|c| matches!(c, '\u{400}'..='\u{52f}')).count();
        let words: Vec<String> = sample
            .split(|c: char| !c.is_alphabetic())
            .filter(|word| !word.is_empty())
            .map(|word| word.chars().flat_map(char::to_lowercase).collect())
            .collect();
        let mut scores = [0; LATIN.len()];
        let mut share = |unit: u32, is_among: &dyn Fn(&str, &str) -> bool| {
            let among: Vec<usize> =
                (0..LATIN.len()).filter(|&index| is_among(LATIN[index].0, LATIN[index].2)).collect();
            among.iter().for_each(|&index| scores[index] += unit / among.len() as u32);
        };
        for (index, word) in words.iter().enumerate() {
            if words[..index].iter().filter(|other| *other == word).count() < 4 && word.len() <= LONGEST_WORD {
                share(UNIT, &|_, list| list.split(' ').any(|known| known == word));
            }
            for letter in word.chars() {
                share(UNIT / 2, &|code, _| LATIN_MARKS.iter().any(|(of, lang)| *lang == code && of.contains(letter)));
            }
        }
        (latin as u32, cyrillic as u32, words.len() as u32, scores)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_is_counted_is_what_a_plain_reading_counts(
            title in "(([a-zA-Zäßñõžřőșığəựėņèé0-9'’ \u{301}]|the|của |och |için |È |ж|中|ﬁ|İ){0,30} ?){0,3}",
            text in "(([a-z]{1,14}|the|della|için|bo'yicha|über|și|się|Được|L’ÉTÉ|в|也)[ ,.'’]){0,60}",
            times in 1..12_usize,
        ) {
            let (title, text) = (title.repeat(times), text.repeat(times));
            let sample = Sample::new(&title, &text);
            let (counts, evidence) = (Counts::of(&sample), Evidence::of(&sample));
            let found = (counts.latin, counts.cyrillic, evidence.words, evidence.scores);
            prop_assert_eq!(found, plainly(&title, &text));
        }
    }

    #[test]
    fn hostile_text_is_cut_before_it_is_looked_at() {
        let long = "और ".repeat(1_000_000);
        assert_eq!(detect_language(None, "", &long).lang, lang("hi"));
    }
}
