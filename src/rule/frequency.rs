//! How often terms occur: guessed from their length and from lists of everyday words at first, counted later. A better
//! figure changes the speed, never the result.

use rustc_hash::FxHashMap;

use super::expr::{Program, TermId};
use super::pair::Pairs;
use super::term::{Pattern, Term};
use crate::text::segment::is_unspaced;

/// Frequencies are articles out of so many.
pub(super) const ALL: u64 = 100_000;

/// How often each term of a program occurs, and each pair.
#[derive(Debug)]
pub(super) struct Frequencies(Vec<u32>);

impl Frequencies {
    /// From the terms alone.
    pub(super) fn guess(program: &Program, pairs: &Pairs) -> Self {
        /// Words meet by chance or because they belong together; somewhere between the two.
        const MEET: u32 = 8;
        let common = common();
        let mut guesses: Vec<u32> = program.terms.iter().map(|term| guess(term, &common)).collect();
        let rarer = |(one, next): (TermId, TermId)| guesses[one.index()].min(guesses[next.index()]) / MEET;
        let of_pairs: Vec<u32> = pairs.words().into_iter().map(rarer).collect();
        guesses.extend(of_pairs);
        Self(guesses)
    }

    /// From the number of articles that each term was met in, out of `articles`. The guess counts like a few articles, so
    /// that a term that was never met is still rarer or commoner than another one.
    pub(super) fn counted(program: &Program, pairs: &Pairs, counts: impl Iterator<Item = u32>, articles: u32) -> Self {
        const WEIGHT: u64 = 5;
        let guesses = Self::guess(program, pairs).0;
        let share = |(guess, count): (u32, u32)| {
            let sum = u64::from(count) * ALL + u64::from(guess) * WEIGHT;
            u32::try_from(sum / (u64::from(articles) + WEIGHT)).unwrap_or(u32::MAX)
        };
        Self(guesses.into_iter().zip(counts).map(share).collect())
    }

    /// In how many articles of [`ALL`] the term occurs.
    pub(super) fn of(&self, term: TermId) -> u64 {
        self.0.get(term.index()).copied().map_or(ALL, u64::from)
    }
}

fn guess(term: &Term, common: &FxHashMap<&'static str, u32>) -> u32 {
    // By length alone, the one thing that is known of a word in any language: short words are frequent ones.
    let by_length = |length: usize| match length {
        0 | 1 => 30_000,
        2 => 20_000,
        3 => 6_000,
        4 => 2_500,
        5 => 1_200,
        6 => 700,
        7 => 450,
        8 => 300,
        9 => 200,
        _ => 120,
    };
    let of_word = |word: &str| {
        let is_ideograph = word.chars().next().is_some_and(is_unspaced);
        let by_length = if is_ideograph { 3_000 } else { by_length(word.chars().count()) };
        common.get(word).copied().unwrap_or(by_length)
    };
    match term {
        Term::Word(word) => of_word(word),
        Term::Exact(word) => of_word(&word.to_lowercase()),
        Term::Stem { folded, .. } => 3 * of_word(folded),
        Term::Pattern(Pattern::Prefix(part)) => 4 * by_length(part.chars().count()),
        Term::Pattern(Pattern::Suffix(part) | Pattern::Infix(part)) => 8 * by_length(part.chars().count()),
        Term::Pattern(Pattern::General(glyphs)) => 4 * by_length(glyphs.len() / 2),
        Term::ExactPattern(_) => 1_000,
    }
}

/// The everyday words, folded: the words of a language's grammar first, then words that news of all kinds use.
fn common() -> FxHashMap<&'static str, u32> {
    let mut common = FxHashMap::default();
    let mut share = 0;
    for line in include_str!("common.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(heading) = line.strip_prefix('=') {
            share = heading.trim().parse().unwrap_or(0);
            continue;
        }
        for word in line.split_whitespace() {
            common.entry(word).or_insert(share);
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::normalize::fold;

    #[test]
    fn the_list_of_everyday_words_is_folded_and_has_shares() {
        let common = common();
        assert!(common.len() > 800);
        for (word, share) in common {
            assert_eq!(fold(word), word);
            assert!((1..=u32::try_from(ALL).unwrap()).contains(&share), "{word}");
        }
    }
}
