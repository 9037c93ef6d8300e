//! Which of very many wildcard patterns a word fits, without trying them all: each is found by the longest piece of text that
//! stands between its wildcards, all pieces of all patterns at once with the automaton of Aho and Corasick (“Efficient string
//! matching”, CACM 18 (6), 1975).
//!
//! An automaton of our own and not the crate's, which copies to each state all patterns that end there: `*a*`, `*aa*`, `*aaa*`
//! and so on would take the square of their number, and a word of a million `a` would report each of them a million times. Here
//! a state points to the next shorter pattern that ends with it, and a pattern is reported once a word. The price is that a
//! letter of a new word costs a binary search.

use rustc_hash::FxHashSet;

use super::expr::TermId;
use super::term::{Glyph, Pattern};

/// Patterns, arranged by the pieces of text that stand in them.
#[derive(Debug, Default)]
pub(super) struct Wildcards {
    parts: Automaton,
    /// By number of a part, in rising order, what it leads to.
    found: Vec<(u32, TermId, Test)>,
    /// Patterns without a part, such as `??`.
    others: Vec<(Pattern, TermId)>,
}

/// What is still to be asked of a word that holds a pattern's part.
#[derive(Debug)]
enum Test {
    Nothing,
    Fits(Pattern),
}

impl Wildcards {
    pub(super) fn new(patterns: Vec<(Pattern, TermId)>) -> Self {
        let mut parts = Vec::new();
        let mut others = Vec::new();
        // So many bytes that the automaton could not number its states; such rules don't fit into memory.
        let mut room = NONE as usize;
        for (pattern, id) in patterns {
            let part = longest_part(&pattern);
            if part.is_empty() || part.len() >= room {
                others.push((pattern, id));
                continue;
            }
            room -= part.len();
            let test = if matches!(pattern, Pattern::Infix(_)) { Test::Nothing } else { Test::Fits(pattern) };
            parts.push((part, id, test));
        }
        parts.sort_unstable_by(|(one, id, _), (other, of_other, _)| (one, id).cmp(&(other, of_other)));
        let mut found = Vec::with_capacity(parts.len());
        let mut texts: Vec<String> = Vec::new();
        for (part, id, test) in parts {
            if texts.last() != Some(&part) {
                texts.push(part);
            }
            found.push((clip(texts.len() - 1), id, test));
        }
        Self { parts: Automaton::new(&texts), found, others }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.others.is_empty()
    }

    /// Adds the patterns that the whole of a word fits, each once, in no order.
    pub(super) fn collect(&self, word: &str, found: &mut Vec<TermId>) {
        self.parts.find(word, |part| {
            let from = self.found.partition_point(|&(of, ..)| of < part);
            let of_part = self.found[from..].iter().take_while(|&&(of, ..)| of == part);
            let fits = |test: &Test| if let Test::Fits(pattern) = test { pattern.fits(word) } else { true };
            found.extend(of_part.filter(|(.., test)| fits(test)).map(|&(_, id, _)| id));
        });
        found.extend(self.others.iter().filter(|(pattern, _)| pattern.fits(word)).map(|&(_, id)| id));
    }
}

/// The longest text between the wildcards of a pattern.
fn longest_part(pattern: &Pattern) -> String {
    match pattern {
        Pattern::Prefix(part) | Pattern::Suffix(part) | Pattern::Infix(part) => part.clone(),
        Pattern::General(glyphs) => {
            let text = |glyph: &Glyph| if let Glyph::Char(c) = glyph { Some(*c) } else { None };
            let parts = glyphs.split(|glyph| text(glyph).is_none());
            parts
                .map(|part| part.iter().filter_map(text).collect::<String>())
                .max_by_key(String::len)
                .unwrap_or_default()
        }
    }
}

/// Finds texts in a word. States are numbered level by level, so that those that follow a state stand side by side.
#[derive(Debug, Default)]
struct Automaton {
    /// By state, the first of those that follow it; they end where the next one's begin.
    next: Vec<u32>,
    /// The byte that leads to a state.
    bytes: Vec<u8>,
    /// The state of the longest shorter end of what led to a state.
    fallback: Vec<u32>,
    /// The nearest state on the way of fallbacks that is the end of a text, or [`ROOT`].
    shorter: Vec<u32>,
    /// The number of the text that ends in a state, or [`NONE`].
    text: Vec<u32>,
}

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

impl Automaton {
    /// `texts`: sorted, each once, none empty, together shorter than 4 GiB; they are numbered as they stand.
    fn new(texts: &[String]) -> Self {
        let mut automaton = Self::default();
        if texts.is_empty() {
            return automaton;
        }
        automaton.add_state(0, NONE);
        // The texts that go through each state, and how much of them led there. States are added behind the one that is
        // looked at.
        let mut through = std::collections::VecDeque::from([(0..texts.len(), 0)]);
        while let Some((mut range, depth)) = through.pop_front() {
            automaton.next.push(clip(automaton.bytes.len()));
            if texts[range.start].len() == depth {
                range.start += 1;
            }
            while let Some(&byte) = texts[range.clone()].first().and_then(|text| text.as_bytes().get(depth)) {
                let count = texts[range.clone()].iter().take_while(|text| text.as_bytes()[depth] == byte).count();
                let ends = texts[range.start].len() == depth + 1;
                automaton.add_state(byte, if ends { clip(range.start) } else { NONE });
                through.push_back((range.start..range.start + count, depth + 1));
                range.start += count;
            }
        }
        automaton.next.push(clip(automaton.bytes.len()));
        automaton.set_fallbacks();
        automaton
    }

    fn add_state(&mut self, byte: u8, text: u32) {
        self.bytes.push(byte);
        self.text.push(text);
        self.fallback.push(ROOT);
        self.shorter.push(ROOT);
    }

    fn set_fallbacks(&mut self) {
        // Level by level, so that a state's fallback, which is on a higher level, has its own already.
        for state in 0..clip(self.bytes.len()) {
            for child in self.next[state as usize]..self.next[state as usize + 1] {
                let at = child as usize;
                if state != ROOT {
                    self.fallback[at] = self.step(self.fallback[state as usize], self.bytes[at]);
                }
                let fallback = self.fallback[at];
                let is_end = self.text[fallback as usize] != NONE;
                self.shorter[at] = if is_end { fallback } else { self.shorter[fallback as usize] };
            }
        }
    }

    /// The state after one more byte.
    fn step(&self, mut state: u32, byte: u8) -> u32 {
        loop {
            let (from, to) = (self.next[state as usize] as usize, self.next[state as usize + 1] as usize);
            if let Ok(at) = self.bytes[from..to].binary_search(&byte) {
                return clip(from + at);
            }
            if state == ROOT {
                return ROOT;
            }
            state = self.fallback[state as usize];
        }
    }

    /// Reports the texts that stand anywhere in a word, each once. Takes steps for the word's length and for what is reported.
    fn find(&self, word: &str, mut report: impl FnMut(u32)) {
        if self.text.is_empty() {
            return;
        }
        let mut reported = FxHashSet::default();
        let mut state = ROOT;
        for byte in word.bytes() {
            state = self.step(state, byte);
            let mut end = if self.text[state as usize] == NONE { self.shorter[state as usize] } else { state };
            // Behind one that was reported are only such that were.
            while end != ROOT && reported.insert(end) {
                report(self.text[end as usize]);
                end = self.shorter[end as usize];
            }
        }
    }
}

fn clip(number: usize) -> u32 {
    u32::try_from(number).expect("the automaton's texts are shorter than 4 GiB together")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::normalize::fold;

    fn wildcards(patterns: &[String]) -> Wildcards {
        let patterns = patterns.iter().zip(0..).map(|(pattern, id)| (Pattern::parse(pattern, fold), TermId(id)));
        Wildcards::new(patterns.collect())
    }

    fn found(wildcards: &Wildcards, word: &str) -> Vec<u32> {
        let mut found = Vec::new();
        wildcards.collect(word, &mut found);
        found.sort_unstable();
        found.into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn patterns_of_any_script_are_found_by_a_piece_of_them() {
        let patterns =
            ["*abwehr*", "*?акет*", "r?keten*wehr", "*صاروخ*", "*ミサイ?*", "*导弹*", "??", "*wehr"].map(str::to_owned);
        let wildcards = wildcards(&patterns);
        for (word, expected) in [
            ("raketenabwehr", vec![0, 2, 7]),
            ("ракета", vec![1]),
            ("الصاروخية", vec![3]),
            ("ミサイル", vec![4]),
            ("导弹", vec![5, 6]),
            ("", vec![]),
        ] {
            assert_eq!(found(&wildcards, word), expected, "{word}");
        }
        assert!(found(&Wildcards::default(), "raketenabwehr").is_empty());
    }

    #[test]
    fn patterns_within_patterns_take_neither_the_square_of_their_number_nor_of_a_word() {
        // Together 8 MB; with the patterns copied to each state it would be 64 MB and 400 million reports.
        const COUNT: usize = 4_000;
        let patterns: Vec<String> = (1..=COUNT).map(|length| format!("*{}*", "a".repeat(length))).collect();
        let wildcards = wildcards(&patterns);
        assert_eq!(wildcards.parts.bytes.len(), COUNT + 1);
        let mut reports = 0;
        wildcards.parts.find(&"a".repeat(100_000), |_| reports += 1);
        assert_eq!(reports, COUNT);
    }

    proptest! {
        #[test]
        fn the_same_is_found_as_by_trying_each(
            patterns in prop::collection::vec("[abé*?]{1,7}", 0..30),
            words in prop::collection::vec("[abeц]{0,12}", 1..20),
        ) {
            let wildcards = wildcards(&patterns);
            prop_assert_eq!(wildcards.is_empty(), patterns.is_empty());
            for word in words {
                let fits = |pattern: &String| Pattern::parse(pattern, fold).fits(&word);
                let expected: Vec<u32> =
                    patterns.iter().zip(0..).filter(|(pattern, _)| fits(pattern)).map(|(_, id)| id).collect();
                prop_assert_eq!(found(&wildcards, &word), expected, "{}", word);
            }
        }
    }
}
