//! LexisNexis, Nexis: terms and connectors.
//!
//! Facts from the vendor's public help on connectors, commands and segments: operators in any case; OR binds tightest, then
//! proximity (the smallest number first, then sentence, paragraph, segment), AND, AND NOT; words side by side are a phrase;
//! plain words are found in regular plurals and possessives, words in quotes are not; `!` is any ending, `*` and `?` one
//! letter, and at the end of a word `*` is one letter in the older products and any ending in the newer.

use std::ops::Range;

use super::dialect::{Binding, Dialect, Nearness, Operator, SideBySide, Target, Wild, name_and_number};
use crate::model::Field;
use crate::rule::ast::{Reach, Scope};

pub(super) const DIALECT: Dialect = Dialect {
    name: "Lexis",
    square_groups: false,
    braces_are_exact: false,
    field_signs: &[],
    functions: true,
    minus: false,
    inflects: true,
    side_by_side: SideBySide::Phrase,
    binding: Binding::OrTightest,
    binding_doubt: Some(
        "OR binds tighter than AND, as in most Lexis products (some newer ones read from the left): `a AND b OR c` is `a AND (b OR c)`",
    ),
    operator,
    infix,
    target,
    filter,
    wildcards,
};

const COUNTED: &str = "Lexis leaves its commonest words out when it counts; here every word counts";

fn operator(word: &str) -> Option<Operator> {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "and" | "&" => return Some(Operator::And),
        "or" => return Some(Operator::Or),
        "not" => return Some(Operator::Not),
        "w/s" | "w/sent" | "/s" | "/sent" => return Some(Operator::Near(Nearness::other(Reach::Sentence, None))),
        "w/p" | "w/para" | "/p" | "/para" => return Some(Operator::Near(Nearness::other(Reach::Paragraph, None))),
        "w/seg" | "/seg" => return Some(Operator::Segment),
        "near" => {
            return Some(Operator::Near(Nearness::words(15, false, Some("without a number: 15 was taken".into()))));
        }
        "pre" => return None,
        _ => {}
    }
    let (name, number, slash) = name_and_number(word);
    let near =
        |count: u32, ordered: bool| Some(Operator::Near(Nearness::words(count, ordered, Some(COUNTED.to_owned()))));
    match (name.as_str(), number, slash) {
        ("" | "w" | "near", Some(number), true) => near(number, false),
        ("pre" | "onear" | "+", Some(number), true) => near(number, true),
        ("atleast" | "atl", number, false) => Some(Operator::AtLeast(number)),
        _ => None,
    }
}

fn infix(_: &str) -> Option<(Range<usize>, Operator)> {
    None
}

const INDEXED: &str = "name the thing itself, as a word or a concept such as `@russia`";

fn target(name: &str, sign: char) -> Option<Target> {
    let name = name.to_ascii_lowercase();
    if sign != '(' {
        return match name.as_str() {
            "length" | "words" => Some(Target::Words { more_than: sign == '>' }),
            "date" | "load-date" | "publication-date" => Some(Target::Lost("a date", DATES)),
            _ => None,
        };
    }
    Some(match name.as_str() {
        "headline" | "title" => Target::Scope(Scope::Field(Field::Title), None),
        "hlead" => Target::Scope(Scope::Lede, Some("the headline and the first 60 words")),
        "lead" | "highlight" => {
            Target::Scope(Scope::Lede, Some("the headline and the first 60 words; the headline is looked at as well"))
        }
        "body" | "text" => Target::Scope(Scope::Field(Field::Body), None),
        "abstract" | "summary" => Target::Scope(Scope::Field(Field::Summary), None),
        "byline" | "author" => Target::Scope(Scope::Field(Field::Author), None),
        "publication" | "source" | "pub" => Target::Scope(Scope::Field(Field::Source), Some("a feed's name or host")),
        "section" => Target::Scope(Scope::Field(Field::Tag), Some("the feed's categories")),
        "language" => Target::Language,
        "length" => Target::Words { more_than: false },
        "allcaps" => Target::AllCapitals,
        "caps" => Target::Capital,
        "nocaps" => Target::NoCapitals,
        "plural" => Target::Plural,
        "singular" => Target::Singular,
        "terms" | "term" | "subject" | "company" | "industry" | "person" | "people" | "geographic" | "organization"
        | "ticker" | "country" | "city" | "state" | "type" | "publication-type" | "dateline" | "graphic" | "notes"
        | "series" | "copyright" | "edition" | "cusip" | "sic" | "naics" | "name" => {
            Target::Lost("a segment or index term that feeds don't have", INDEXED)
        }
        "date" | "load-date" | "publication-date" | "correction-date" => Target::Lost("a date", DATES),
        _ => return None,
    })
}

const DATES: &str = "rules judge what is new: `max_age` in [topic.where] leaves old articles out";

fn filter(_: &str) -> Option<(usize, &'static str)> {
    None
}

fn wildcards(word: &str) -> Wild {
    let Some(body) = word.strip_suffix('!') else {
        let inner = word.trim_end_matches('*');
        let mut text = inner.replace('*', "?");
        let mut note = None;
        if inner.len() < word.len() {
            text.push('*');
            note = Some("`*` at the end became any ending; in the older products it is one letter or none".to_owned());
        }
        return Wild { text, or: Vec::new(), note };
    };
    Wild { text: format!("{}*", body.replace('*', "?")), or: Vec::new(), note: None }
}
