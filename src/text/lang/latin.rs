//! Languages in Latin script, told by their words, letters and trigrams.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use whatlang::{Detector, Lang as Whatlang};

use super::scripts::Counts;
use super::words::{LATIN, LATIN_MARKS};
use super::{LanguageGuess, Sample};
use crate::text::ascii::{Asked, Blocks};

/// What one hit is worth, to be divided by the number of languages that share it.
pub(super) const UNIT: u32 = 60;

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
pub(super) const LONGEST_WORD: usize = 12;

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
pub(super) struct Evidence {
    known: &'static Words,
    pub(super) scores: [u32; LATIN.len()],
    /// How often each known word was met.
    times: Vec<u8>,
    pub(super) words: u32,
    /// The word being read, and its length in bytes, which may be greater than what fits into the key.
    word: WordKey,
    length: usize,
}

impl Evidence {
    pub(super) fn of(sample: &Sample<'_>) -> Self {
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

pub(super) fn latin(counts: &Counts, sample: &Sample<'_>) -> LanguageGuess {
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
pub(super) fn trigrams(sample: &Sample<'_>, among: &[Whatlang]) -> Option<(&'static str, f64)> {
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
