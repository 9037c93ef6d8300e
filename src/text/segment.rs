//! Text → pieces: the words and, in scripts without spaces, the characters that rules count and compare.
//!
//! Words are those of UAX #29 with three decisions on top: apostrophes, punctuation and underscores always split
//! (`l'accordo`, `dell’esercito`, `example.com`), so that a rule never depends on how a word is glued to its neighbour;
//! Hebrew quotes inside a word (`צה"ל`) don't; and in Han, Kana, Thai, Lao, Khmer and Burmese every character, with the
//! marks on it, is a piece of its own. That makes a term there a substring and needs no dictionary, which would split
//! names at the wrong place. Written by hand rather than with `icu_segmenter`, because this is the innermost loop; a test
//! holds the two against each other.

use std::sync::LazyLock;

use icu_segmenter::SentenceSegmenter;
use icu_segmenter::options::SentenceBreakInvariantOptions;
use unicode_normalization::char::is_combining_mark;

use super::ascii::{Asked, Blocks};

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PieceKind {
    /// A word, or a number, of a script that puts spaces between words.
    Word,
    /// One character of a script that doesn't, with the marks that belong to it.
    Character,
}

/// A piece of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// First byte.
    pub start: usize,
    /// One past the last byte; both are on character boundaries.
    pub end: usize,
    /// Word or character.
    pub kind: PieceKind,
    /// Whether nothing visible stands between this piece and the one before.
    pub glued: bool,
}

/// The pieces of a text, from first to last.
#[must_use]
pub fn pieces(text: &str) -> Pieces<'_> {
    Pieces { text, at: 0, glued: false, wildcards: false, blocks: Blocks::new(text, Asked::Words) }
}

/// The pieces of a term in which `*` and `?` stand for letters.
#[must_use]
pub fn pattern_pieces(text: &str) -> Pieces<'_> {
    Pieces { text, at: 0, glued: false, wildcards: true, blocks: Blocks::new(text, Asked::Patterns) }
}

/// Iterator over the pieces of a text.
#[derive(Debug, Clone)]
pub struct Pieces<'t> {
    text: &'t str,
    at: usize,
    glued: bool,
    wildcards: bool,
    blocks: Blocks<'t>,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        loop {
            let at = self.blocks.next_asked_or_beyond(self.at)?;
            self.glued &= at == self.at;
            self.at = at;
            if self.blocks.is_asked(at) {
                return Some(self.word(at));
            }
            let c = self.text[at..].chars().next()?;
            match class(c) {
                Class::Letter => return Some(self.word(at)),
                Class::Unspaced => return Some(self.character(at, c)),
                Class::Joiner => {}
                Class::Other | Class::Mark => self.glued = false,
            }
            self.at += c.len_utf8();
        }
    }
}

impl Pieces<'_> {
    #[inline]
    fn is_ascii_word(&self, c: char) -> bool {
        c.is_ascii_alphanumeric() || (self.wildcards && matches!(c, '*' | '?'))
    }

    #[inline]
    fn word(&mut self, start: usize) -> Piece {
        let mut at = start;
        loop {
            // For words of ASCII letters only, that is all.
            at = self.blocks.next_other(at);
            let is_over = |byte: &u8| byte.is_ascii() && !matches!(byte, b'\'' | b'"');
            if self.text.as_bytes().get(at).is_none_or(is_over) {
                return self.piece(start, at, PieceKind::Word);
            }
            let mut is_over = true;
            for c in self.text[at..].chars() {
                if self.is_ascii_word(c) {
                    is_over = false;
                    break;
                }
                let goes_on = match class(c) {
                    Class::Letter | Class::Mark | Class::Joiner => true,
                    Class::Unspaced => false,
                    Class::Other => self.is_hebrew_quote(at, c.len_utf8(), c),
                };
                if !goes_on {
                    break;
                }
                at += c.len_utf8();
            }
            if is_over {
                return self.piece(start, at, PieceKind::Word);
            }
        }
    }

    fn character(&mut self, start: usize, c: char) -> Piece {
        let mut end = start + c.len_utf8();
        for c in self.text[end..].chars() {
            match class(c) {
                Class::Mark | Class::Joiner if c != ZERO_WIDTH_SPACE => end += c.len_utf8(),
                _ => break,
            }
        }
        self.piece(start, end, PieceKind::Character)
    }

    #[inline]
    fn piece(&mut self, start: usize, end: usize, kind: PieceKind) -> Piece {
        let glued = std::mem::replace(&mut self.glued, true);
        self.at = end;
        Piece { start, end, kind, glued }
    }

    /// Geresh after a Hebrew letter, gershayim between two (UAX #29, WB7a–WB7c), as typed on any keyboard.
    fn is_hebrew_quote(&self, at: usize, len: usize, c: char) -> bool {
        if !matches!(c, '\'' | '"' | '’' | '\u{5F3}' | '\u{5F4}') {
            return false;
        }
        let before = self.text[..at].chars().next_back().is_some_and(is_hebrew);
        let after = || self.text[at + len..].chars().next().is_some_and(is_hebrew);
        before && (after() || c == '\u{5F3}')
    }
}

/// What a character does to words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Ends a word.
    Other,
    /// A letter or digit.
    Letter,
    /// A combining mark: goes with what is before it.
    Mark,
    /// Invisible; neither ends a word nor is part of what is compared.
    Joiner,
    /// A letter of a script without spaces.
    Unspaced,
}

const ZERO_WIDTH_SPACE: char = '\u{200B}';

#[inline]
fn class(c: char) -> Class {
    let number = c as usize;
    match CLASSES.get(number >> PAGE_BITS) {
        Some(page) => page[number & PAGE_MASK],
        None => find_class(c),
    }
}

/// The classes of the characters that most texts are made of, worked out once.
static CLASSES: LazyLock<Vec<[Class; 1 << PAGE_BITS]>> = LazyLock::new(|| {
    let of = |number: u32| char::from_u32(number).map_or(Class::Other, find_class);
    (0..=0xFFFF_u32 >> PAGE_BITS)
        .map(|page| std::array::from_fn(|index| of((page << PAGE_BITS) + index as u32)))
        .collect()
});

const PAGE_BITS: u32 = 8;
const PAGE_MASK: usize = (1 << PAGE_BITS) - 1;

fn find_class(c: char) -> Class {
    match c {
        '\u{C0}'..='\u{24F}' if !matches!(c, '×' | '÷') => Class::Letter,
        '\u{400}'..='\u{481}' | '\u{48A}'..='\u{52F}' => Class::Letter,
        '\u{4E00}'..='\u{9FFF}' => Class::Unspaced,
        // Halfwidth voicing marks belong to the kana before them.
        '\u{FF9E}' | '\u{FF9F}' => Class::Mark,
        // Modifier letters that are typed as apostrophes.
        '\u{2B9}'..='\u{2BC}' | '\u{2EE}' => Class::Other,
        _ if is_ignorable(c) => Class::Joiner,
        _ if is_combining_mark(c) => Class::Mark,
        _ if !c.is_alphanumeric() => Class::Other,
        _ if is_unspaced(c) => Class::Unspaced,
        _ => Class::Letter,
    }
}

/// Whether the character belongs to a script without spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese.
#[must_use]
pub fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}' // Thai, Lao
        | '\u{1000}'..='\u{109F}' | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}' // Burmese
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{2E80}'..='\u{2FDF}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3038}'..='\u{303C}'
        | '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9F}' | '\u{1AFF0}'..='\u{1B16F}' // Kana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Characters that a reader doesn't see and a comparison must not either (the Unicode property
/// `Default_Ignorable_Code_Point`, plus the other invisible format characters of Arabic and of right-to-left text).
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{5D0}'..='\u{5EA}' | '\u{591}'..='\u{5C7}' | '\u{5EF}'..='\u{5F2}' | '\u{FB1D}'..='\u{FB4F}')
}

/// Where paragraphs begin, in bytes, the first at 0. A blank line separates paragraphs; a text without one is taken by its
/// lines.
#[must_use]
pub fn paragraphs(text: &str) -> Vec<usize> {
    let mut by_blank_line = vec![0];
    let mut by_line = vec![0];
    let mut at = 0;
    let mut after_blank = false;
    for line in text.split_inclusive('\n') {
        if line.trim().is_empty() {
            after_blank = at > 0;
        } else if at > 0 {
            by_line.push(at);
            if std::mem::take(&mut after_blank) {
                by_blank_line.push(at);
            }
        }
        at += line.len();
    }
    if by_blank_line.len() > 1 { by_blank_line } else { by_line }
}

/// Where sentences begin, in bytes, the first at 0: UAX #29 within each paragraph, except that an initial (`J. Smith`,
/// `U.S. troops`) or a usual abbreviation doesn't end one. Line breaks inside a paragraph are spaces.
#[must_use]
pub fn sentences(text: &str) -> Vec<usize> {
    let segmenter = SentenceSegmenter::new(SentenceBreakInvariantOptions::default());
    let mut starts = Vec::new();
    let paragraphs = paragraphs(text);
    for (index, &start) in paragraphs.iter().enumerate() {
        let end = paragraphs.get(index + 1).copied().unwrap_or(text.len());
        starts.push(start);
        // Same length in bytes, so offsets stay.
        let paragraph = text[start..end].replace(['\n', '\r'], " ");
        starts.extend(
            segmenter
                .segment_str(&paragraph)
                .filter(|&at| at > 0 && at < paragraph.len() && !ends_in_abbreviation(&paragraph[..at]))
                .map(|at| start + at),
        );
    }
    starts
}

/// Before these a full stop rarely ends a sentence: titles and the like, in the languages that write them so.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "gen", "col", "lt", "sgt", "capt", "maj", "adm", "sen", "rep", "gov", "st", "mt",
    "no", "vs", "inc", "corp", "ltd", "sig", "dott", "avv", "ing", "on", "art", "mme", "mlle", "nr", "bzw", "hr", "sr",
    "sra", "lic", "им", "ул", "гг", "св", "пл", "ген", "акад", "bl", "mag", "sv", "ks", "jan", "feb", "aug", "sept",
    "oct", "nov", "dec",
];

fn ends_in_abbreviation(text: &str) -> bool {
    let Some(text) = text.trim_end().strip_suffix('.') else { return false };
    let word_start = text
        .rfind(|c: char| !c.is_alphabetic())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = &text[word_start..];
    let mut letters = word.chars();
    match (letters.next(), letters.next()) {
        (Some(only), None) => only.is_uppercase(),
        (Some(_), Some(_)) if word.len() <= 8 => ABBREVIATIONS.contains(&word.to_lowercase().as_str()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use icu_segmenter::WordSegmenter;
    use icu_segmenter::options::WordBreakInvariantOptions;
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        pieces(text).map(|piece| &text[piece.start..piece.end]).collect()
    }

    #[test]
    fn apostrophes_hyphens_and_punctuation_split() {
        assert_eq!(split("L'accordo dell’esercito"), ["L", "accordo", "dell", "esercito"]);
        assert_eq!(split("missile-defence, S-400; U.S. 3.5"), ["missile", "defence", "S", "400", "U", "S", "3", "5"]);
        assert_eq!(
            split("об'єкт обʼєкт snake_case a@b.it"),
            ["об", "єкт", "об", "єкт", "snake", "case", "a", "b", "it"]
        );
        assert_eq!(split("«Москва»—Пекин… ¿Qué?"), ["Москва", "Пекин", "Qué"]);
        assert_eq!(split("한국은 निर्णय 2024년"), ["한국은", "निर्णय", "2024년"]);
    }

    #[test]
    fn hebrew_quotes_stay_inside_words() {
        assert_eq!(split("דובר צה\"ל אמר"), ["דובר", "צה\"ל", "אמר"]);
        assert_eq!(split("\"צ'כיה\""), ["צ'כיה"]);
        assert_eq!(split("אמר: \"שלום\""), ["אמר", "שלום"]);
    }

    #[test]
    fn scripts_without_spaces_go_by_character() {
        assert_eq!(split("中俄5G合作"), ["中", "俄", "5G", "合", "作"]);
        assert_eq!(split("ミサイルﾃﾞ"), ["ミ", "サ", "イ", "ル", "ﾃﾞ"]);
        assert_eq!(split("จีน"), ["จี", "น"]);
        let glued: Vec<bool> = pieces("中俄、美\u{200B}国").map(|piece| piece.glued).collect();
        assert_eq!(glued, [false, true, false, true]);
    }

    #[test]
    fn invisible_characters_do_not_split_words() {
        assert_eq!(split("Mos\u{AD}cow می\u{200C}شود \u{FEFF}a\u{300}").len(), 3);
        assert_eq!(split("\u{300}\u{301}\u{302}"), [""; 0]);
    }

    #[test]
    fn paragraphs_are_blank_lines_or_else_lines() {
        assert_eq!(paragraphs("a\nb\n\nc"), [0, 5]);
        assert_eq!(paragraphs("a\nb"), [0, 2]);
        assert_eq!(paragraphs("\n\na\n"), [0, 2]);
        assert_eq!(paragraphs(""), [0]);
    }

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        let text = "U.S. troops left. Mr. Smith stayed! 中俄会谈。习近平说。";
        let starts = sentences(text);
        assert_eq!(starts.iter().map(|&at| text[at..].chars().next().unwrap_or(' ')).collect::<String>(), "UM中习");
        assert_eq!(sentences("One line\nstill one.\n\nTwo.").len(), 2);
    }

    /// The same pieces, found character by character.
    fn plainly(text: &str, wildcards: bool) -> Vec<Piece> {
        let probe = Pieces { text, at: 0, glued: false, wildcards, blocks: Blocks::new(text, Asked::Words) };
        let chars: Vec<(usize, char)> = text.char_indices().collect();
        let end = |index: usize| chars.get(index).map_or(text.len(), |&(at, _)| at);
        let (mut found, mut index, mut glued) = (Vec::new(), 0, false);
        while let Some(&(start, c)) = chars.get(index) {
            let is_letter = probe.is_ascii_word(c) || !c.is_ascii() && find_class(c) == Class::Letter;
            let kind = if is_letter { PieceKind::Word } else { PieceKind::Character };
            if !is_letter && find_class(c) != Class::Unspaced {
                glued &= find_class(c) == Class::Joiner;
                index += 1;
                continue;
            }
            index += 1;
            while let Some(&(at, c)) = chars.get(index) {
                let goes_on = match find_class(c) {
                    Class::Mark => true,
                    Class::Joiner => is_letter || c != ZERO_WIDTH_SPACE,
                    Class::Letter => is_letter,
                    Class::Unspaced => false,
                    Class::Other => is_letter && (probe.is_ascii_word(c) || probe.is_hebrew_quote(at, c.len_utf8(), c)),
                };
                if !goes_on {
                    break;
                }
                index += 1;
            }
            found.push(Piece { start, end: end(index), kind, glued });
            glued = true;
        }
        found
    }

    /// Splits like us, from ICU's word boundaries: a reference for scripts with spaces.
    fn reference(text: &str) -> Vec<String> {
        let segmenter = WordSegmenter::new_for_non_complex_scripts(WordBreakInvariantOptions::default());
        let bounds: Vec<usize> = segmenter.segment_str(text).collect();
        bounds
            .windows(2)
            .flat_map(|pair| text[pair[0]..pair[1]].split(|c: char| c.is_ascii_punctuation()))
            .filter(|word| word.chars().any(char::is_alphanumeric))
            .map(str::to_owned)
            .collect()
    }

    proptest! {
        #[test]
        fn words_are_those_of_icu(text in "[a-zA-Z0-9 .,'_:;\\-àéüßñçøşıİ\u{301}а-яёЁїґα-ωάأبتمكנהבא한국어ा-ौक-ह]{0,40}") {
            prop_assume!(!text.contains('\u{93A}') && !text.starts_with('\u{301}'));
            // A mark after a space or a point belongs to no word.
            let lone = text.chars().zip(text.chars().skip(1)).any(|(a, b)| !a.is_alphanumeric() && is_combining_mark(b) && !is_combining_mark(a));
            prop_assume!(!lone && !text.chars().next().is_some_and(is_combining_mark));
            prop_assume!(!text.chars().any(is_hebrew) || !text.contains('\''));
            prop_assert_eq!(split(&text), reference(&text));
        }

        #[test]
        fn blocks_change_nothing(
            text in "([a-zA-Z0-9@`{/:\\[ '\"*?._]{0,70}|\\PC{0,9}|[\u{0}-\u{7F}]{0,9}|[éß’“ъї中カﾞไ́\u{301}\u{200B}\u{200D}אב״ा٣]{0,9}){0,6}",
            wildcards: bool,
        ) {
            let fast: Vec<Piece> = if wildcards { pattern_pieces(&text) } else { pieces(&text) }.collect();
            prop_assert_eq!(fast, plainly(&text, wildcards));
        }

        #[test]
        fn pieces_are_ordered_and_on_boundaries(text in "\\PC{0,60}") {
            let mut last = 0;
            for piece in pieces(&text) {
                prop_assert!(piece.start >= last && piece.end > piece.start);
                prop_assert!(text.is_char_boundary(piece.start) && text.is_char_boundary(piece.end));
                last = piece.end;
            }
        }
    }
}
