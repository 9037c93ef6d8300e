//! What differs between vendors, as data: one value of [`Dialect`] per vendor that joins terms with words (Lucene's signs have
//! a reader of their own).

use crate::rule::ast::{Reach, Scope};

/// A vendor's syntax.
#[derive(Debug)]
pub(super) struct Dialect {
    /// For people: `Factiva`.
    pub(super) name: &'static str,
    /// Whether `[` and `]` are parentheses.
    pub(super) square_groups: bool,
    /// Whether `{…}` is a term exactly as written.
    pub(super) braces_are_exact: bool,
    /// The signs that follow a field's name: `:`, or `=`, `>` and `<`.
    pub(super) field_signs: &'static [char],
    /// Whether a name right before a parenthesis is a field or command: `HEADLINE(…)`.
    pub(super) functions: bool,
    /// Whether a `-` before a term means NOT.
    pub(super) minus: bool,
    /// Whether plain words are found in their inflected forms.
    pub(super) inflects: bool,
    /// What two terms side by side mean.
    pub(super) side_by_side: SideBySide,
    /// How operators bind.
    pub(super) binding: Binding,
    /// What to say where AND and OR stand together without parentheses, if the vendor's own pages leave a doubt.
    pub(super) binding_doubt: Option<&'static str>,
    /// The operator that a run of letters, digits and slashes is.
    pub(super) operator: fn(&str) -> Option<Operator>,
    /// An operator inside such a run: `747/N30/british`. Where it stands.
    pub(super) infix: Infix,
    /// What a field's or command's name means; `sign` is what follows it (`(` for a command).
    pub(super) target: fn(&str, char) -> Option<Target>,
    /// What stands in the text for itself and can't be said, such as `date after 20200101`: its length, and what it asks.
    pub(super) filter: fn(&str) -> Option<(usize, &'static str)>,
    /// A word with the vendor's wildcards → with ours.
    pub(super) wildcards: fn(&str) -> Wild,
}

/// Finds an operator inside a run of letters, digits and slashes, and where it stands.
pub(super) type Infix = fn(&str) -> Option<(std::ops::Range<usize>, Operator)>;

/// What two terms side by side mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SideBySide {
    /// One after the other.
    Phrase,
    /// Both.
    And,
}

/// How operators bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// Proximity, NOT, AND, OR.
    OrLoosest,
    /// OR, proximity (the nearest first), AND, AND NOT.
    OrTightest,
}

/// An operator.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operator {
    And,
    Or,
    Not,
    Near(Nearness),
    /// `atleast5`; without a number, `None`.
    AtLeast(Option<u32>),
    /// Within the first words of a text.
    First,
    /// In one segment, which rules don't know: both, with a remark.
    Segment,
}

/// A proximity operator in our terms.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nearness {
    pub(super) reach: Reach,
    pub(super) ordered: bool,
    /// What changed, if anything did.
    pub(super) note: Option<String>,
}

/// What a field or command is for rules.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    /// A field, and what is different about it.
    Scope(Scope, Option<&'static str>),
    /// The article's language.
    Language,
    /// The article's length in words: at least, or more than, so many.
    Words { more_than: bool },
    /// The term with its case as given.
    Exact,
    /// Every letter a capital.
    AllCapitals,
    /// The first letter a capital.
    Capital,
    /// No capital.
    NoCapitals,
    /// Only the plural.
    Plural,
    /// Only the form written.
    Singular,
    /// Nothing that rules know: what it asks for, and what to do instead.
    Lost(&'static str, &'static str),
}

/// A word whose wildcards are ours.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Wild {
    pub(super) text: String,
    /// Other words that it stands for as well.
    pub(super) or: Vec<String>,
    /// What is different now.
    pub(super) note: Option<String>,
}

impl Wild {
    /// The same wildcards as ours.
    pub(super) fn same(word: &str) -> Self {
        Self { text: word.to_owned(), ..Self::default() }
    }
}

impl Nearness {
    pub(super) fn words(count: u32, ordered: bool, note: Option<String>) -> Self {
        let note = if count > MAX_DISTANCE {
            let clipped = format!("reaches {MAX_DISTANCE} words at most here");
            Some(note.map_or(clipped.clone(), |note| format!("{note}; {clipped}")))
        } else {
            note
        };
        Self { reach: Reach::Words(count.min(MAX_DISTANCE)), ordered, note }
    }

    pub(super) fn other(reach: Reach, note: Option<String>) -> Self {
        Self { reach, ordered: false, note }
    }

    /// Which is read first where the nearest binds tightest.
    pub(super) fn rank(&self) -> u32 {
        match self.reach {
            Reach::Words(count) => count,
            Reach::Sentence => MAX_DISTANCE + 1,
            Reach::Paragraph => MAX_DISTANCE + 2,
        }
    }
}

/// The widest proximity of rules, in words.
pub(super) const MAX_DISTANCE: u32 = 1000;

/// A name and the number behind it, with or without a slash: `near5`, `w/5`.
pub(super) fn name_and_number(word: &str) -> (String, Option<u32>, bool) {
    let end = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
    let (name, rest) = word.split_at(end);
    let digits = rest.strip_prefix('/').unwrap_or(rest);
    let number = digits.parse::<u32>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    (name.to_ascii_lowercase(), number, rest.starts_with('/'))
}
