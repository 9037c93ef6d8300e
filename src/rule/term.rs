//! What a single word or character of a text is compared with.

use crate::model::Lang;
use crate::text::normalize::{exact, fold};
use crate::text::stem::{languages, stem};

/// Which languages an article may be in, as far as concept lists and stemmers ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Languages {
    /// Beyond doubt this one.
    One(Lang),
    /// Unknown or in doubt: every list applies, since a wrong guess must not be a missed alert.
    All,
}

impl Languages {
    /// Whether what is written for `lang` applies.
    #[must_use]
    pub(super) fn include(self, lang: Lang) -> bool {
        match self {
            Self::One(one) => one.canonical() == lang.canonical(),
            Self::All => true,
        }
    }
}

/// A test on one piece of text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Term {
    /// Its folded form is this.
    Word(String),
    /// It is written like this.
    Exact(String),
    /// Its folded form fits.
    Pattern(Pattern),
    /// As it is written, it fits.
    ExactPattern(Pattern),
    /// It is this word or has its stem. `stems` holds one language for a term of a concept's list, all languages for a
    /// term that takes the article's language.
    Stem {
        /// The word, folded.
        folded: String,
        /// Its stem by language.
        stems: Vec<(Lang, String)>,
        /// Whether only the stem of the article's language counts.
        by_article: bool,
    },
}

impl Term {
    /// `~word` for a list of one language, or, without one, for the article's own language.
    #[must_use]
    pub(super) fn stem(word: &str, lang: Option<Lang>) -> Self {
        let stems = match lang {
            Some(lang) => stem(lang, word).map(|stem| (lang, stem)).into_iter().collect(),
            None => languages().filter_map(|lang| stem(lang, word).map(|stem| (lang, stem))).collect(),
        };
        Self::Stem { folded: fold(word), stems, by_article: lang.is_none() }
    }

    /// Whether a piece of text satisfies the term; `raw` as written, `folded` its folded form.
    #[must_use]
    pub(super) fn accepts(&self, raw: &str, folded: &str, article: Languages) -> bool {
        match self {
            Self::Word(word) => word == folded,
            Self::Exact(word) => *word == exact(raw),
            Self::Pattern(pattern) => pattern.fits(folded),
            Self::ExactPattern(pattern) => pattern.fits(&exact(raw)),
            Self::Stem { folded: word, stems, by_article } => {
                word == folded
                    || stems.iter().any(|(lang, of_term)| {
                        (!by_article || article.include(*lang)) && stem(*lang, raw).is_some_and(|stem| stem == *of_term)
                    })
            }
        }
    }
}

/// A word with wildcards: `*` any letters, also none; `?` exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    /// `missil*`
    Prefix(String),
    /// `*abwehr`
    Suffix(String),
    /// `*abwehr*`
    Infix(String),
    /// Anything else.
    General(Vec<Glyph>),
}

/// A part of a general pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Glyph {
    /// This character.
    Char(char),
    /// Any one character.
    One,
    /// Any characters, also none.
    Many,
}

impl Pattern {
    /// Reads a pattern; what stands between its wildcards goes through `prepare` (folding or not).
    #[must_use]
    pub(super) fn parse(text: &str, prepare: impl Fn(&str) -> String) -> Self {
        let mut glyphs = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal = rest.find(['*', '?']).unwrap_or(rest.len());
            glyphs.extend(prepare(&rest[..literal]).chars().map(Glyph::Char));
            rest = &rest[literal..];
            if let Some(wildcard) = rest.chars().next() {
                let glyph = if wildcard == '*' { Glyph::Many } else { Glyph::One };
                if glyph != Glyph::Many || glyphs.last() != Some(&Glyph::Many) {
                    glyphs.push(glyph);
                }
                rest = &rest[1..];
            }
        }
        let literal = |glyphs: &[Glyph]| -> Option<String> {
            glyphs.iter().map(|glyph| if let Glyph::Char(c) = glyph { Some(*c) } else { None }).collect()
        };
        match glyphs.as_slice() {
            [Glyph::Many, middle @ .., Glyph::Many] if !middle.is_empty() => literal(middle).map(Self::Infix),
            [start @ .., Glyph::Many] => literal(start).map(Self::Prefix),
            [Glyph::Many, end @ ..] => literal(end).map(Self::Suffix),
            _ => None,
        }
        .unwrap_or(Self::General(glyphs))
    }

    /// Whether the whole of a word fits.
    #[must_use]
    pub(super) fn fits(&self, word: &str) -> bool {
        match self {
            Self::Prefix(start) => word.starts_with(start.as_str()),
            Self::Suffix(end) => word.ends_with(end.as_str()),
            Self::Infix(part) => word.contains(part.as_str()),
            Self::General(glyphs) => word.len() <= LONGEST_FOR_GENERAL && general_fits(glyphs, word),
        }
    }
}

/// Bytes. A guess: no word is longer; keeps a page of base64 from costing pattern × page steps.
const LONGEST_FOR_GENERAL: usize = 2_000;

fn general_fits(glyphs: &[Glyph], word: &str) -> bool {
    // Two fingers; after a mismatch the last `*` takes one character more.
    let (mut glyph, mut rest) = (0, word.chars());
    let mut star: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (glyphs.get(glyph), rest.next()) {
            (Some(Glyph::Many), _) => {
                star = Some((glyph, before.clone()));
                rest = before;
                glyph += 1;
            }
            (Some(Glyph::One), Some(_)) => glyph += 1,
            (Some(Glyph::Char(wanted)), Some(c)) if *wanted == c => glyph += 1,
            (None, None) => return true,
            (_, None) => return false,
            _ => match &mut star {
                Some((star_glyph, star_rest)) => {
                    star_rest.next();
                    rest = star_rest.clone();
                    glyph = *star_glyph + 1;
                }
                None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards_mean_any_letters_and_one_letter() {
        for (pattern, word, fits) in [
            ("missil*", "missil", true),
            ("missil*", "missilistico", true),
            ("*abwehr*", "raketenabwehrsystem", true),
            ("*abwehr", "abwehrsystem", false),
            ("defen?e", "defense", true),
            ("defen?e", "defene", false),
            ("?a*b?", "xab", false),
            ("?a*b?", "xaxxbby", true),
            ("Défen?e", "defense", true),
            ("ракет?", "ракету", true),
        ] {
            assert_eq!(Pattern::parse(pattern, fold).fits(word), fits, "{pattern} {word}");
        }
    }

    #[test]
    fn a_stem_counts_in_its_own_language() {
        let italian = Lang::parse("it").expect("a code");
        let english = Lang::parse("en").expect("a code");
        let listed = Term::stem("russo", Some(italian));
        assert!(listed.accepts("Russi", "russi", Languages::One(english)));
        let query = Term::stem("missiles", None);
        assert!(query.accepts("missile", "missile", Languages::One(english)));
        assert!(query.accepts("missile", "missile", Languages::All));
    }

    proptest! {
        #[test]
        fn patterns_agree_with_regular_expressions(pattern in "[ab*?]{1,8}", word in "[abc]{0,8}") {
            let regex = format!("^{}$", pattern.replace('*', ".*").replace('?', "."));
            let regex = regex::Regex::new(&regex).expect("letters and dots");
            prop_assert_eq!(Pattern::parse(&pattern, fold).fits(&word), regex.is_match(&word));
        }
    }
}
