//! Factiva (Dow Jones): traditional search statements.
//!
//! Facts from the vendor's public help on search statement operators, fields and wildcards: operators in any case; brackets,
//! then proximity, then `atleast` and fields, then NOT, AND, OR; words side by side are a phrase (`adj1`); `nearN` counts to the
//! N-th word, so N−1 stand between; `adjN` and `w/N` the same in order; `same` is the paragraph; `/fN/` the first N words;
//! `$N` is up to N letters, `*` any number, `?` one, `%` a whole word.

use std::ops::Range;

use super::dialect::{Binding, Dialect, Nearness, Operator, SideBySide, Target, Wild, name_and_number};
use crate::model::Field;
use crate::rule::ast::{Reach, Scope};

pub(super) const DIALECT: Dialect = Dialect {
    name: "Factiva",
    square_groups: true,
    braces_are_exact: false,
    field_signs: &['=', '>', '<'],
    functions: false,
    minus: false,
    inflects: false,
    side_by_side: SideBySide::Phrase,
    binding: Binding::OrLoosest,
    binding_doubt: None,
    operator,
    infix,
    target,
    filter,
    wildcards,
};

fn operator(word: &str) -> Option<Operator> {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "and" => return Some(Operator::And),
        "or" => return Some(Operator::Or),
        "not" => return Some(Operator::Not),
        "same" => return Some(Operator::Near(Nearness::other(Reach::Paragraph, None))),
        "adj" | "w" => return Some(Operator::Near(in_order(1))),
        "near" => return Some(Operator::Near(any_order(10, "without a number, its reach is not said: 10 was taken"))),
        _ => {}
    }
    let (name, number, slash) = name_and_number(word);
    match (name.as_str(), number, slash) {
        ("near", Some(number), _) => Some(Operator::Near(any_order(number, ""))),
        ("adj", Some(number), _) | ("w", Some(number), true) => Some(Operator::Near(in_order(number))),
        ("atleast", number, _) => Some(Operator::AtLeast(number)),
        _ => infix(word).filter(|(at, _)| at.start == 0 && at.end == word.len()).map(|(_, operator)| operator),
    }
}

fn in_order(number: u32) -> Nearness {
    let between = number.saturating_sub(1);
    let note = (number > 1).then(|| {
        format!("counts to word number {number} and minds the order; ONEAR/{between} counts the {between} between")
    });
    Nearness::words(between, true, note)
}

fn any_order(number: u32, doubt: &str) -> Nearness {
    let between = number.saturating_sub(1);
    let note = if doubt.is_empty() {
        format!("counts to word number {number}; NEAR/{between} counts the {between} between")
    } else {
        doubt.to_owned()
    };
    Nearness::words(between, false, Some(note))
}

/// `/N30/` and `/F50/`, which need no blanks around them.
fn infix(word: &str) -> Option<(Range<usize>, Operator)> {
    for (start, _) in word.match_indices('/') {
        let rest = &word[start + 1..];
        let Some(kind) = rest.chars().next().filter(|c| matches!(c, 'N' | 'n' | 'F' | 'f')) else { continue };
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || !rest[1 + digits..].starts_with('/') {
            continue;
        }
        let number: u32 = rest[1..=digits].parse().unwrap_or(u32::MAX);
        let operator =
            if kind.eq_ignore_ascii_case(&'n') { Operator::Near(any_order(number, "")) } else { Operator::First };
        return Some((start..start + digits + 3, operator));
    }
    None
}

const CODES: &str = "name the thing itself, as a word or a concept such as `@russia`";

fn target(name: &str, sign: char) -> Option<Target> {
    let name = name.to_ascii_lowercase();
    if name == "wc" {
        return Some(Target::Words { more_than: false });
    }
    if sign != '=' {
        return None;
    }
    Some(match name.as_str() {
        "hd" => Target::Scope(Scope::Field(Field::Title), None),
        "hl" => Target::Scope(Scope::Field(Field::Title), Some("section and column names are not in it")),
        "hlp" => Target::Scope(Scope::Lede, Some("the headline and the first 60 words")),
        "lp" => {
            Target::Scope(Scope::Lede, Some("the headline and the first 60 words; the headline is looked at as well"))
        }
        "td" => Target::Scope(Scope::Field(Field::Body), Some("the lead paragraphs are in it as well")),
        "tx" => Target::Scope(Scope::Field(Field::Body), None),
        "by" => Target::Scope(Scope::Field(Field::Author), None),
        "sn" => Target::Scope(Scope::Field(Field::Source), None),
        "pub" => Target::Scope(Scope::Field(Field::Source), Some("a feed's name or host, not its publishing house")),
        "se" | "clm" => Target::Scope(Scope::Field(Field::Tag), Some("the feed's categories")),
        "la" => Target::Language,
        "rst" | "sc" => Target::Lost(
            "a code for a source",
            "name hosts or feeds in `sources` of [topic.where], or write `source:\"name\"`",
        ),
        "ns" => Target::Lost("a code for a subject", CODES),
        "re" => Target::Lost("a code for a region", CODES),
        "in" => Target::Lost("a code for an industry", CODES),
        "co" | "fds" | "cos" | "ric" | "ticker" | "de" | "pe" | "ipc" | "ipd" => {
            Target::Lost("a code for a company, person or descriptor", CODES)
        }
        "an" | "pg" | "ed" | "vol" | "cr" | "ct" | "cx" | "rf" | "art" | "et" | "pd" | "dln" => {
            Target::Lost("a field that feeds don't have", "leave it out, or look for the words in the text")
        }
        _ => return None,
    })
}

/// `date after 20200101`, `date from … to …`, `date -7`, and the same with `upd`.
fn filter(text: &str) -> Option<(usize, &'static str)> {
    let mut words = text.split_inclusive(char::is_whitespace);
    let mut length = 0;
    let mut next = || {
        let word = words.next()?;
        let end = word.find([')', ']']).unwrap_or(word.len());
        length += end;
        Some((word[..end].trim().to_ascii_lowercase(), length, end < word.len()))
    };
    let (first, _, _) = next()?;
    if !matches!(first.as_str(), "date" | "upd") {
        return None;
    }
    let is_date = |word: &str| word.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+'));
    let (kind, mut end, closed) = next()?;
    if closed || is_date(&kind) {
        return is_date(&kind).then_some((end, "a date"));
    }
    let dates = match kind.as_str() {
        "after" | "before" | "on" | "is" | "since" => 1,
        "from" | "between" => 3,
        _ => return None,
    };
    for at in 0..dates {
        let (word, to, _) = next()?;
        if at != 1 && !is_date(&word) {
            return None;
        }
        end = to;
    }
    Some((text[..end].trim_end().len(), "a date"))
}

fn wildcards(word: &str) -> Wild {
    if let Some(at) = word.find('$')
        && word[..at].chars().any(char::is_alphanumeric)
        && word[at + 1..].bytes().all(|b| b.is_ascii_digit())
    {
        let stem = &word[..at];
        let most: usize = word[at + 1..].parse().unwrap_or(9);
        if most <= 3 {
            let or = (1..=most).map(|count| format!("{stem}{}", "?".repeat(count))).collect();
            return Wild { text: stem.to_owned(), or, note: None };
        }
        let note = format!("up to {most} letters became any number");
        return Wild { text: format!("{stem}*"), or: Vec::new(), note: Some(note) };
    }
    if word == "%" {
        return Wild::same("*");
    }
    Wild::same(word)
}
