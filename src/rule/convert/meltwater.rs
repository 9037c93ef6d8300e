//! Meltwater: advanced boolean searches.
//!
//! Facts from the vendor's public help on boolean search: operators in any case; NOT before AND before OR; `NEAR/n` and
//! `ONEAR/n` count the words between, 4 without a number; `*` is any letters and `?` one; `title:` and `ingress:` (the opening
//! text) are fields; `^n` only chooses the sentence shown. Whether case counts is a setting of the search, not of its text.

use std::ops::Range;

use super::dialect::{Binding, Dialect, Nearness, Operator, SideBySide, Target, Wild, name_and_number};
use crate::model::Field;
use crate::rule::ast::Scope;

pub(super) const DIALECT: Dialect = Dialect {
    name: "Meltwater",
    square_groups: false,
    braces_are_exact: true,
    field_signs: &[':'],
    functions: false,
    minus: false,
    inflects: false,
    side_by_side: SideBySide::And,
    binding: Binding::OrLoosest,
    binding_doubt: Some("AND binds tighter than OR: `a OR b AND c` is `a OR (b AND c)`"),
    operator,
    infix,
    target,
    filter,
    wildcards,
};

fn operator(word: &str) -> Option<Operator> {
    match word.to_ascii_lowercase().as_str() {
        "and" => return Some(Operator::And),
        "or" => return Some(Operator::Or),
        "not" => return Some(Operator::Not),
        "near" => return Some(Operator::Near(Nearness::words(4, false, Some("without a number: 4".into())))),
        "onear" => return Some(Operator::Near(Nearness::words(4, true, Some("without a number: 4".into())))),
        _ => {}
    }
    let (name, number, slash) = name_and_number(word);
    match (name.as_str(), number, slash) {
        ("near", Some(number), true) => Some(Operator::Near(Nearness::words(number, false, None))),
        ("onear", Some(number), true) => Some(Operator::Near(Nearness::words(number, true, None))),
        ("atleast", number, _) => Some(Operator::AtLeast(number)),
        _ => None,
    }
}

fn infix(_: &str) -> Option<(Range<usize>, Operator)> {
    None
}

fn target(name: &str, _: char) -> Option<Target> {
    Some(match name.to_ascii_lowercase().as_str() {
        "title" | "headline" => Target::Scope(Scope::Field(Field::Title), None),
        "ingress" | "opening" | "openingtext" | "lead" => {
            Target::Scope(Scope::Lede, Some("the headline and the first 60 words; the headline is looked at as well"))
        }
        "body" | "text" | "bodytext" => Target::Scope(Scope::Field(Field::Body), None),
        "author" | "byline" => Target::Scope(Scope::Field(Field::Author), None),
        "source" | "sourcename" | "site" | "domain" => {
            Target::Scope(Scope::Field(Field::Source), Some("a feed's name or host"))
        }
        "url" | "link" => Target::Scope(Scope::Field(Field::Url), None),
        "tag" | "hashtag" | "section" | "category" => {
            Target::Scope(Scope::Field(Field::Tag), Some("the feed's categories"))
        }
        "language" | "lang" => Target::Language,
        "country" | "region" | "city" | "location" | "geo" => Target::Lost(
            "where a source is",
            "label your feeds, `labels = { country = \"it\" }`, and ask for it: `feed_labels = { country = \"it\" }` in [topic.where]",
        ),
        "mediatype" | "metadata" | "tier" | "reach" | "sourcereach" | "ave" | "sentiment" | "socialmedia"
        | "channel" | "informationtype" | "entity" | "keyphrase" | "bio" | "replyto" | "retweet" | "engagement"
        | "followers" => {
            Target::Lost("a filter on sources or posts", "choose your feeds, or label them and ask for `feed_labels`")
        }
        _ => return None,
    })
}

fn filter(_: &str) -> Option<(usize, &'static str)> {
    None
}

fn wildcards(word: &str) -> Wild {
    Wild::same(word)
}
