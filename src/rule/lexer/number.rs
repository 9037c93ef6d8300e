//! Numbers as people write them, and the words with which they ask for a least one.

use super::unit::is_unit;

/// A word that is nothing but digits.
pub(super) fn digits(word: &str) -> Option<u32> {
    word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse().ok()).flatten()
}

/// `2`, and what says no more: `2x`, `2+`, `2.0`.
pub(super) fn counted(word: &str) -> Option<u32> {
    let end = word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len());
    let (number, behind) = word.split_at(end);
    let says_no_more = matches!(behind, "" | "+" | ".0") || is_unit(behind);
    digits(number).filter(|_| says_no_more && !number.is_empty())
}

/// A small number that is spelt out.
pub(super) fn number_word(word: &str) -> Option<u32> {
    let at = NUMBERS.iter().position(|number| word.eq_ignore_ascii_case(number))?;
    u32::try_from(at + 1).ok()
}

/// In the order of what they mean, from one.
const NUMBERS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// How a least number is asked for, in capitals and without hyphens.
pub(super) const PREFIXES: [&str; 26] = [
    "AT LEAST",
    "ATLEAST",
    "MINIMUM",
    "MIN",
    "NO FEWER THAN",
    "NO LESS THAN",
    "ALMENO",
    "MINIMO",
    "MINDESTENS",
    "WENIGSTENS",
    "AU MOINS",
    "AL MENOS",
    "POR LO MENOS",
    "MÍNIMO",
    "PELO MENOS",
    "NO MÍNIMO",
    "НЕ МЕНЕЕ",
    "МИНИМУМ",
    "ЩОНАЙМЕНШЕ",
    "ПРИНАЙМНІ",
    "PRZYNAJMNIEJ",
    "CO NAJMNIEJ",
    "EN AZ",
    "至少",
    "少なくとも",
    "على الأقل",
];

/// OF between a number and a list.
pub(super) const OF: [&str; 12] = ["OF", "OFF", "0F", "FROM", "DI", "TRA", "VON", "AUS", "DE", "ИЗ", "З", "SPOŚRÓD"];
