//! Words that people write behind a number: `NEAR/5words`, `ATLEAST/2x`, `2次`.

use super::{is_letter, is_operator};

/// Bytes of the unit that stands directly behind a number, where an operand follows; 0 where there is none. What stands
/// there without an operand behind it may be the operand.
pub(super) fn unit(behind: &str) -> usize {
    let end = behind.find(|c| !is_letter(c)).unwrap_or(behind.len());
    let (word, rest) = behind.split_at(end);
    let next = rest.trim_start();
    let follows = next.starts_with(|c| is_letter(c) || matches!(c, '(' | '"' | '@' | '#' | '=' | '~' | '*' | '/'));
    if follows && !is_operator(next) && is_unit(word) { end } else { 0 }
}

/// Whether a word says what a number counts, and not what is looked for.
pub(super) fn is_unit(word: &str) -> bool {
    word.len() == 1 || UNITS.contains(&word.to_lowercase().as_str())
}

/// Words and times, in some languages.
const UNITS: [&str; 38] = [
    "wd",
    "wds",
    "word",
    "words",
    "time",
    "times",
    "hit",
    "hits",
    "parole",
    "parola",
    "volte",
    "wort",
    "worte",
    "wörter",
    "mal",
    "mots",
    "mot",
    "fois",
    "palabras",
    "veces",
    "palavras",
    "vezes",
    "słów",
    "słowa",
    "razy",
    "слов",
    "слова",
    "слово",
    "раз",
    "раза",
    "слів",
    "разів",
    "字",
    "词",
    "詞",
    "次",
    "回",
    "語",
];
