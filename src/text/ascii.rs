//! A text in blocks of 64 bytes, a bit for each: where ASCII letters are, found without looking at single bytes.
//!
//! Most text is mostly ASCII, Cyrillic and Chinese pages' names and numbers included, and the bounds of words are where a
//! processor guesses wrong. Written with plain 64-bit arithmetic (eight bytes at a time, Hacker's Delight §6-1): it needs
//! neither `unsafe` nor a processor of a certain kind, and finding words this way costs less than what is done with them.

/// Which ASCII characters are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Letters.
    Letters,
    /// Letters and digits.
    Words,
    /// Letters, digits and the wildcards `*` and `?`.
    Patterns,
}

/// A text and the block of it that was looked at last.
#[derive(Debug, Clone)]
pub(super) struct Blocks<'t> {
    text: &'t [u8],
    asked: Asked,
    start: usize,
    /// The characters that are asked for.
    found: u64,
    /// What is not ASCII.
    beyond: u64,
}

const BYTES: usize = 64;
const MASK: usize = BYTES - 1;

impl<'t> Blocks<'t> {
    pub(super) fn new(text: &'t str, asked: Asked) -> Self {
        Self { text: text.as_bytes(), asked, start: usize::MAX, found: 0, beyond: 0 }
    }

    /// The next place from `at` on that has such a character or one that is not ASCII.
    #[inline]
    pub(super) fn next_asked_or_beyond(&mut self, at: usize) -> Option<usize> {
        self.find(at, |blocks| blocks.found | blocks.beyond)
    }

    /// The next place from `at` on that has no such character; failing that, the end of the text.
    #[inline]
    pub(super) fn next_other(&mut self, at: usize) -> usize {
        let end = self.text.len();
        self.find(at, |blocks| !blocks.found).map_or(end, |place| place.min(end))
    }

    /// The next place from `at` on that is not ASCII.
    #[inline]
    pub(super) fn next_beyond(&mut self, at: usize) -> Option<usize> {
        self.find(at, |blocks| blocks.beyond)
    }

    /// How many such characters a text has.
    pub(super) fn count(text: &'t str, asked: Asked) -> u32 {
        let mut blocks = Self::new(text, asked);
        let counts = (0..text.len()).step_by(BYTES).map(|start| {
            blocks.read(start);
            blocks.found.count_ones()
        });
        counts.fold(0, u32::saturating_add)
    }

    /// Whether such a character is at a place of the block looked at last.
    #[inline]
    pub(super) fn is_asked(&self, at: usize) -> bool {
        self.found >> (at & MASK) & 1 == 1
    }

    #[inline]
    fn find(&mut self, at: usize, bits: impl Fn(&Self) -> u64) -> Option<usize> {
        let mut from = at;
        while from < self.text.len() {
            if from & !MASK != self.start {
                self.read(from & !MASK);
            }
            let rest = bits(self) >> (from & MASK);
            if rest != 0 {
                return Some(from + rest.trailing_zeros() as usize);
            }
            from = self.start + BYTES;
        }
        None
    }

    /// Reads the block at `start`; past the end of the text neither bit is set.
    fn read(&mut self, start: usize) {
        let mut padded = [0; BYTES];
        let rest = &self.text[start..];
        let bytes: &[u8; BYTES] = match rest.first_chunk() {
            Some(bytes) => bytes,
            None => {
                padded[..rest.len()].copy_from_slice(rest);
                &padded
            }
        };
        (self.start, self.found, self.beyond) = (start, 0, 0);
        for (number, chunk) in bytes.as_chunks().0.iter().enumerate() {
            let eight = u64::from_le_bytes(*chunk);
            self.found |= bit_per_byte(self.asked.among(eight)) << (8 * number);
            self.beyond |= bit_per_byte(eight & HIGH_BITS) << (8 * number);
        }
    }
}

/// The highest bit of each of eight bytes.
const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

impl Asked {
    /// The highest bit of each byte that is asked for.
    #[inline]
    fn among(self, eight: u64) -> u64 {
        let low = eight & !HIGH_BITS;
        // Seven bits and what is added are less than 256, so nothing is carried from one byte to the next.
        let is_within = |bytes: u64, first: u8, last: u8| {
            let from_first = bytes.wrapping_add(u64::from_le_bytes([0x80 - first; 8]));
            let past_last = bytes.wrapping_add(u64::from_le_bytes([0x7F - last; 8]));
            from_first & !past_last
        };
        let letters = is_within(low | u64::from_le_bytes([0x20; 8]), b'a', b'z');
        let found = match self {
            Self::Letters => letters,
            Self::Words => letters | is_within(low, b'0', b'9'),
            Self::Patterns => {
                letters | is_within(low, b'0', b'9') | is_within(low, b'*', b'*') | is_within(low, b'?', b'?')
            }
        };
        found & !eight & HIGH_BITS
    }
}

/// Eight highest bits of bytes as the bits of one byte, the first one lowest.
#[inline]
fn bit_per_byte(high_bits: u64) -> u64 {
    // Each factor moves the bit of one byte to its place in the topmost byte; no two meet.
    high_bits.wrapping_mul(0x0002_0408_1020_4081) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_what_it_is_at_every_place() {
        let is_asked = |asked: Asked, c: char| match asked {
            Asked::Letters => c.is_ascii_alphabetic(),
            Asked::Words => c.is_ascii_alphanumeric(),
            Asked::Patterns => c.is_ascii_alphanumeric() || c == '*' || c == '?',
        };
        for asked in [Asked::Letters, Asked::Words, Asked::Patterns] {
            for c in ('\0'..='\u{FF}').chain(['中', '😀']) {
                for before in 0..130 {
                    let text = format!("{}{c}{}", "a".repeat(before), " ".repeat(130 - before));
                    let mut blocks = Blocks::new(&text, asked);
                    let end = if is_asked(asked, c) { before + 1 } else { before };
                    assert_eq!(blocks.next_other(0), end, "{c:?} after {before}");
                    let text = format!("{}{c}", " ".repeat(before));
                    let found = (!c.is_ascii() || is_asked(asked, c)).then_some(before);
                    assert_eq!(Blocks::new(&text, asked).next_asked_or_beyond(0), found, "{c:?} after {before}");
                    assert_eq!(Blocks::count(&text, asked), u32::from(is_asked(asked, c)));
                    let beyond = (!c.is_ascii()).then_some(before);
                    assert_eq!(Blocks::new(&text, asked).next_beyond(0), beyond, "{c:?} after {before}");
                }
            }
        }
    }
}
