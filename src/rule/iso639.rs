//! The languages that rules may name: ISO 639-1.

use crate::model::Lang;
use crate::settings::nearest;

/// Reads a code as rule files must have it: two lower-case letters of ISO 639-1.
///
/// # Errors
/// What to write instead, for the writer.
pub(super) fn language(text: &str) -> Result<Lang, String> {
    let known = |code: &str| CODES.split(' ').any(|known| known == code);
    if text.len() == 2 && known(text) {
        return Lang::parse(text).ok_or_else(|| "write a code of ISO 639-1 such as `it`".to_owned());
    }
    let lower = text.to_lowercase();
    let first = lower.split(['-', '_']).next().unwrap_or("");
    if let Some((_, code)) = SLIPS.iter().find(|(slip, _)| *slip == lower || *slip == first) {
        return Err(format!("did you mean `{code}`?"));
    }
    if first.len() == 2 && known(first) {
        return Err(format!("write `{first}`: languages are written as two lower-case letters, without a region"));
    }
    if lower.len() > 3
        && let Some(name) = nearest(&lower, SLIPS.iter().map(|(slip, _)| *slip).filter(|slip| slip.len() > 3))
        && let Some((_, code)) = SLIPS.iter().find(|(slip, _)| *slip == name)
    {
        return Err(format!("did you mean `{code}`?"));
    }
    Err("write the two letters of ISO 639-1, such as `en`, `it`, `ru`, `zh`".to_owned())
}

/// ISO 639-1, the two-letter codes in force (registry of the Library of Congress).
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee \
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg \
    ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv \
    ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl \
    tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// What is written instead of the code: country codes, three letters, names.
const SLIPS: [(&str, &str); 58] = [
    ("gr", "el"),
    ("cn", "zh"),
    ("jp", "ja"),
    ("ua", "uk"),
    ("cz", "cs"),
    ("dk", "da"),
    ("us", "en"),
    ("gb", "en"),
    ("at", "de"),
    ("ir", "fa"),
    ("il", "he"),
    ("iw", "he"),
    ("in", "hi"),
    ("rs", "sr"),
    ("by", "be"),
    ("eng", "en"),
    ("ita", "it"),
    ("deu", "de"),
    ("ger", "de"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("spa", "es"),
    ("por", "pt"),
    ("rus", "ru"),
    ("ukr", "uk"),
    ("pol", "pl"),
    ("zho", "zh"),
    ("chi", "zh"),
    ("cmn", "zh"),
    ("jpn", "ja"),
    ("kor", "ko"),
    ("ara", "ar"),
    ("tur", "tr"),
    ("fas", "fa"),
    ("heb", "he"),
    ("hin", "hi"),
    ("all", "any"),
    ("english", "en"),
    ("italian", "it"),
    ("italiano", "it"),
    ("german", "de"),
    ("deutsch", "de"),
    ("french", "fr"),
    ("spanish", "es"),
    ("portuguese", "pt"),
    ("russian", "ru"),
    ("ukrainian", "uk"),
    ("polish", "pl"),
    ("chinese", "zh"),
    ("japanese", "ja"),
    ("korean", "ko"),
    ("arabic", "ar"),
    ("turkish", "tr"),
    ("persian", "fa"),
    ("hebrew", "he"),
    ("hindi", "hi"),
    ("greek", "el"),
    ("dutch", "nl"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_in_force_are_languages_and_slips_are_recognised() {
        assert_eq!(language("it").unwrap().as_str(), "it");
        assert_eq!(CODES.split(' ').filter(|code| code.len() == 2).count(), CODES.split_whitespace().count());
        for (slip, code) in
            [("cn", "`zh`"), ("EN", "`en`"), ("pt-BR", "`pt`"), ("Italain", "`it`"), ("ita", "`it`"), ("xx", "`ru`")]
        {
            assert!(language(slip).unwrap_err().contains(code), "{slip}");
        }
    }
}
