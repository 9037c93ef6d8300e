use proptest::prelude::*;

use super::latin::{Evidence, LONGEST_WORD, UNIT};
use super::words::{LATIN, LATIN_MARKS};
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
        ("sw", "Waziri wa ulinzi alikutana na viongozi wa kampuni ambazo zinatengeneza rada mpya kwa ajili ya nchi"),
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
    assert_eq!(detect_language(lang("ja"), "安倍元首相死去", ""), LanguageGuess { lang: lang("ja"), certain: true });
    assert_eq!(detect_language(None, "", ""), LanguageGuess { lang: None, certain: false });
    assert_eq!(detect_language(lang("ru"), "12:30", "100 %").lang, lang("ru"));
}

#[test]
fn a_declaration_that_the_script_contradicts_is_not_believed() {
    let guess = detect_language(lang("en"), "Путин прибыл в Пекин", "");
    assert_eq!(guess.lang, lang("ru"));
    assert_eq!(detect_language(lang("en"), "習近平抵達莫斯科", "").lang, lang("zh"));
    assert_ne!(detect_language(lang("ar"), "Missile defence", "").lang, lang("ar"));
    // Nor is it made certain, however short the title of a feed is that says so.
    for title in ["Удар", "导弹", "ミサイル", "صاروخ", "미사일", "הטיל", "Ракета над портом"]
    {
        let guess = detect_language(lang("en"), title, "");
        assert!(guess.lang != lang("en"), "{title}: {guess:?}");
        let article_lang = guess.lang.filter(|_| guess.certain);
        assert!(article_lang != lang("en"), "{title}: {guess:?}");
    }
}

#[test]
fn a_wrong_default_in_the_same_script_gives_way_to_clear_text() {
    let title = "Il governo ha approvato il decreto che stanzia i fondi per la difesa aerea del Paese";
    let text = "Il contratto vale oltre un miliardo e prevede la consegna delle prime batterie entro il prossimo anno.";
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
        let among: Vec<usize> = (0..LATIN.len()).filter(|&index| is_among(LATIN[index].0, LATIN[index].2)).collect();
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
