//! The topics that an article makes worth trying.

use super::scanner::clip;

/// A set of topics that gives them back in order, at the price of those that are in it.
#[derive(Debug, Default)]
pub(super) struct Marks {
    bits: Vec<u64>,
    /// A bit for each of `bits` that isn't zero.
    summary: Vec<u64>,
}

impl Marks {
    pub(super) fn resize(&mut self, length: usize) {
        self.bits.resize(length.div_ceil(64), 0);
        self.summary.resize(self.bits.len().div_ceil(64), 0);
    }

    #[inline]
    pub(super) fn add(&mut self, number: u32) {
        let word = (number >> 6) as usize;
        self.bits[word] |= 1 << (number & 63);
        self.summary[word >> 6] |= 1 << (word & 63);
    }

    /// Moves all of them to a list, in rising order.
    pub(super) fn drain(&mut self, into: &mut Vec<u32>) {
        for (block, summary) in self.summary.iter_mut().enumerate() {
            let mut words = std::mem::take(summary);
            while words != 0 {
                let word = block * 64 + words.trailing_zeros() as usize;
                words &= words - 1;
                let mut bits = std::mem::take(&mut self.bits[word]);
                while bits != 0 {
                    into.push(clip(word * 64) + bits.trailing_zeros());
                    bits &= bits - 1;
                }
            }
        }
    }
}
