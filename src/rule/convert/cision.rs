//! Cision (Communications Cloud, CisionOne), and Brandwatch, whose queries look alike.
//!
//! Facts from the vendors' public help on boolean operators: phrases in quotes, curly ones too; `AND NOT`, or `-` before a
//! term; `w/n` and `NEAR/n` within n words in any order, `NEAR/nf` in order, `"a b"~n` likewise in any order; `cs(…)` and `{…}`
//! mind case; `headline(…)`, `publication(…)`, `title:`, `site:`, `url:`. How AND and OR bind is not said.

use std::ops::Range;

use super::dialect::{Binding, Dialect, Nearness, Operator, SideBySide, Target, Wild, name_and_number};
use crate::model::Field;
use crate::rule::ast::{Reach, Scope};

pub(super) const DIALECT: Dialect = Dialect {
    name: "Cision",
    square_groups: false,
    braces_are_exact: true,
    field_signs: &[':'],
    functions: true,
    minus: true,
    inflects: false,
    side_by_side: SideBySide::And,
    binding: Binding::OrLoosest,
    binding_doubt: Some("how AND and OR bind is not documented: `a OR b AND c` is read as `a OR (b AND c)`"),
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
        "near" => {
            return Some(Operator::Near(Nearness::words(10, false, Some("without a number: 10 was taken".into()))));
        }
        "onear" => {
            return Some(Operator::Near(Nearness::words(10, true, Some("without a number: 10 was taken".into()))));
        }
        "w/s" => return Some(Operator::Near(Nearness::other(Reach::Sentence, None))),
        "w/p" => return Some(Operator::Near(Nearness::other(Reach::Paragraph, None))),
        _ => {}
    }
    // `NEAR/5f`: forwards.
    let (body, forwards) = match word.strip_suffix(['f', 'F']) {
        Some(body) if body.ends_with(|c: char| c.is_ascii_digit()) => (body, true),
        _ => (word, false),
    };
    let (name, number, slash) = name_and_number(body);
    match (name.as_str(), number, slash) {
        ("near" | "w" | "within", Some(number), true) => Some(Operator::Near(Nearness::words(number, forwards, None))),
        ("onear" | "pre", Some(number), true) => Some(Operator::Near(Nearness::words(number, true, None))),
        ("atleast", number, _) if !forwards => Some(Operator::AtLeast(number)),
        _ => None,
    }
}

fn infix(_: &str) -> Option<(Range<usize>, Operator)> {
    None
}

fn target(name: &str, _: char) -> Option<Target> {
    Some(match name.to_ascii_lowercase().as_str() {
        "headline" | "title" => Target::Scope(Scope::Field(Field::Title), None),
        "body" | "text" | "content" => Target::Scope(Scope::Field(Field::Body), None),
        "lead" | "lede" | "opening" | "firstparagraph" => {
            Target::Scope(Scope::Lede, Some("the headline and the first 60 words; the headline is looked at as well"))
        }
        "author" | "byline" | "journalist" => Target::Scope(Scope::Field(Field::Author), None),
        "publication" | "outlet" | "source" | "site" | "domain" => {
            Target::Scope(Scope::Field(Field::Source), Some("a feed's name or host"))
        }
        "url" | "link" => Target::Scope(Scope::Field(Field::Url), None),
        "links" => Target::Lost("the links in a text", "look for the words instead"),
        "tag" | "hashtags" | "hashtag" | "section" => {
            Target::Scope(Scope::Field(Field::Tag), Some("the feed's categories"))
        }
        "language" | "lang" => Target::Language,
        "cs" | "raw" => Target::Exact,
        "country" | "state" | "city" | "region" | "continent" | "location" | "dma" | "latitude" | "longitude" => {
            Target::Lost(
                "where a source is",
                "label your feeds, `labels = { country = \"it\" }`, and ask for it: `feed_labels = { country = \"it\" }` in [topic.where]",
            )
        }
        "mediatype" | "medium" | "media" | "pagetype" | "type" | "sourceid" | "category" | "sentiment" | "reach"
        | "authorgender" | "authorfollowers" | "rating" | "followers" | "verified" | "impressions"
        | "engagementtype" | "parentpostid" | "date" | "outletid" | "program" | "station" | "market" | "dmarank"
        | "circulation" => {
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
