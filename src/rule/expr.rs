//! The checked, analysed form of all queries together: one arena in which equal expressions are one node.
//!
//! In: syntax trees, by way of `lower`. Out: what both evaluators walk. Scopes have been pushed down to the atoms and
//! concepts are shared, so that a concept used by a thousand topics is evaluated once per article.

use std::fmt::Write as _;
use std::sync::Arc;

use prefetch_index::prefetch_index;
use regex::Regex;

use super::ast::{Reach, Scope};
use super::def::{SeverityDef, WhereDef};
use super::term::{Languages, Term};
use crate::model::{Field, Lang, Severity, SourceId, Topic};
use crate::text::analyzed::FIELDS;

/// A set of fields, one bit each in the order of [`FIELDS`]; the eighth bit is the lede.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FieldSet(pub u8);

impl FieldSet {
    /// Title, summary and body: where a query without a scope looks.
    pub(super) const TEXT: Self = Self(0b0000_0111);
    /// The title and the first words of summary and body.
    pub(super) const LEDE: Self = Self(0b1000_0000);

    /// The set of one field.
    #[must_use]
    pub(super) fn of(field: Field) -> Self {
        Self(1 << FIELDS.iter().position(|&other| other == field).unwrap_or(0))
    }

    /// The set that a scope means.
    #[must_use]
    pub(super) fn of_scope(scope: Scope) -> Self {
        match scope {
            Scope::Field(field) => Self::of(field),
            Scope::Lede => Self::LEDE,
        }
    }

    /// Whether the sets have anything in common.
    #[must_use]
    pub(super) const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The prefix that a query would have: `title:`, or nothing for title, summary and body.
    #[must_use]
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::TEXT => "",
            Self::LEDE => "lede:",
            _ => match FIELDS.get(self.0.trailing_zeros() as usize) {
                Some(Field::Title) => "title:",
                Some(Field::Summary) => "summary:",
                Some(Field::Body) => "body:",
                Some(Field::Author) => "author:",
                Some(Field::Tag) => "tag:",
                Some(Field::Source) => "source:",
                Some(Field::Url) => "url:",
                None => "",
            },
        }
    }
}

macro_rules! index {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(super) struct $name(pub u32);

        impl $name {
            pub(super) fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

index! {
    /// A term of the program.
    TermId;
    /// An atom of the program.
    AtomId;
    /// An expression of the program.
    ExprId;
    /// A concept of the program.
    ConceptId;
}

/// Many texts, most of them short: those stand side by side, so that reading one costs one visit to memory.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    /// The text and, in the last byte, its length (and [`ESCAPED`]); or where it stands among the long ones (from, to), and [`LONG`].
    places: Vec<[u8; 16]>,
    long: String,
}

/// In the place of a length.
const LONG: u8 = u8::MAX;
/// Beside a length: the text can't stand between quotes as it is.
const ESCAPED: u8 = 1 << 4;

/// A text of [`Texts`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'t> {
    place: &'t [u8; 16],
    long: &'t str,
}

impl<'t> Text<'t> {
    /// Its bytes.
    #[must_use]
    pub(super) fn bytes(self) -> &'t [u8] {
        if self.place[15] != LONG {
            return &self.place[..usize::from(self.place[15] & !ESCAPED)];
        }
        let [a, b, c, d, e, f, g, h, ..] = *self.place;
        &self.long.as_bytes()[u32::from_le_bytes([a, b, c, d]) as usize..u32::from_le_bytes([e, f, g, h]) as usize]
    }

    /// The text with room behind it, and its length, if it is short and can stand in JSON as it is.
    #[must_use]
    pub(super) fn as_short_plain(self) -> Option<(&'t [u8; 16], usize)> {
        (self.place[15] < ESCAPED).then_some((self.place, usize::from(self.place[15])))
    }
}

/// Whether JSON writes a text otherwise than it is.
pub(super) fn needs_escape(text: &[u8]) -> bool {
    text.iter().any(|&byte| byte < b' ' || matches!(byte, b'"' | b'\\'))
}

impl Texts {
    /// Adds one; its number is how many there were.
    ///
    /// # Panics
    /// Beyond 4 GiB.
    pub(super) fn push(&mut self, text: &str) {
        let mut place = [0; 16];
        if let (Some(room), Ok(length)) = (place[..15].get_mut(..text.len()), u8::try_from(text.len())) {
            room.copy_from_slice(text.as_bytes());
            place[15] = length | if needs_escape(text.as_bytes()) { ESCAPED } else { 0 };
        } else {
            let bound = |at: usize| u32::try_from(at).expect("rule files, all together, are smaller than 4 GiB");
            let from = bound(self.long.len());
            self.long.push_str(text);
            place[..4].copy_from_slice(&from.to_le_bytes());
            place[4..8].copy_from_slice(&bound(self.long.len()).to_le_bytes());
            place[15] = LONG;
        }
        self.places.push(place);
    }

    /// The text of this number.
    #[must_use]
    pub(super) fn of(&self, number: u32) -> &str {
        std::str::from_utf8(self.get(number).bytes()).expect("they were whole texts when they came")
    }

    /// Fetches the text of this number, so that it is near the processor when it is asked for.
    #[inline]
    pub(super) fn fetch(&self, number: u32) {
        prefetch_index(&self.places, number as usize);
    }

    /// The same without looking whether it is text.
    #[must_use]
    pub(super) fn get(&self, number: u32) -> Text<'_> {
        Text { place: &self.places[number as usize], long: &self.long }
    }
}

/// What an atom looks for.
#[derive(Debug, Clone)]
pub(super) enum AtomKind {
    /// These pieces of text in a row; never empty.
    Sequence(Box<[Item]>),
    /// A regular expression over the text of one field.
    Regex(Regex),
}

/// One step of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Item {
    /// Nothing may stand between this piece and the one before: both are characters of one run in a script without
    /// spaces, where a term is a substring.
    pub glued: bool,
    /// What the piece must be.
    pub test: Test,
}

/// What a piece of a sequence must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Test {
    /// It satisfies a term.
    Term(TermId),
    /// Anything.
    Any,
    /// Up to [`STRETCH`] characters of a script without spaces, as few as possible.
    Stretch,
}

/// How many characters a `*` inside a term of a script without spaces spans at most: about the length of a compound. A
/// guess; without a limit it would span a whole article.
pub(super) const STRETCH: u32 = 12;

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expr {
    /// The atom occurs in one of the fields.
    Atom {
        /// The atom.
        atom: AtomId,
        /// Where.
        fields: FieldSet,
    },
    /// All hold.
    And(Box<[ExprId]>),
    /// At least one holds.
    Or(Box<[ExprId]>),
    /// It does not hold.
    Not(ExprId),
    /// Hits of both near each other, or, negated, a hit of the left without one of the right around.
    Near {
        /// First operand.
        left: ExprId,
        /// Second operand.
        right: ExprId,
        /// How near.
        reach: Reach,
        /// Whether the left one comes first.
        ordered: bool,
        /// Whether the right one must be absent.
        negated: bool,
    },
    /// So many hits that don't overlap.
    AtLeast {
        /// How many.
        count: u32,
        /// Of what.
        of: ExprId,
    },
    /// So many of the expressions hold.
    SomeOf {
        /// How many.
        count: u32,
        /// Of which.
        of: Box<[ExprId]>,
    },
    /// A concept: its `any` terms, and the lists of the languages that apply.
    Concept {
        /// Which one.
        concept: ConceptId,
        /// Terms of every language; `None` where there are none.
        any: Option<ExprId>,
        /// Terms by language.
        lists: Box<[(Lang, ExprId)]>,
    },
    /// Another topic's `match` holds.
    Topic {
        /// Index among [`Program::topics`].
        topic: u32,
        /// Its `match`.
        of: ExprId,
    },
}

/// All rules, ready to be evaluated.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    /// Distinct terms.
    pub terms: Vec<Term>,
    /// Distinct atoms: what each looks for.
    pub atoms: Vec<AtomKind>,
    /// And how it was written.
    pub written: Texts,
    /// Distinct expressions; children come before their parents.
    pub exprs: Vec<Expr>,
    /// Names of the concepts.
    pub concepts: Vec<String>,
    /// The topics, in the order of the files.
    pub topics: Vec<CompiledTopic>,
}

/// A topic, compiled.
#[derive(Debug, Clone)]
pub(super) struct CompiledTopic {
    /// What the rest of the product knows of it.
    pub info: Arc<Topic>,
    /// Whether it raises alerts.
    pub enabled: bool,
    /// What must hold.
    pub matches: Option<ExprId>,
    /// What must not hold.
    pub except: Option<ExprId>,
    /// What counts.
    pub score: Vec<ScorePart>,
    /// The score that must be reached.
    pub threshold: Option<i64>,
    /// How much a match matters.
    pub severity: SeverityDef,
    /// Filters that cost little; absent where they would ask nothing.
    pub filter: Option<Box<WhereDef>>,
    /// The file that it stands in.
    pub file: SourceId,
}

/// A part of a score.
#[derive(Debug, Clone)]
pub(super) struct ScorePart {
    /// The query.
    pub when: ExprId,
    /// What it adds.
    pub add: i64,
    /// Whether it adds once per hit.
    pub each: bool,
    /// The most it adds.
    pub max: Option<i64>,
}

impl ScorePart {
    /// What the part adds, given how many hits its query has (0: it doesn't hold).
    #[must_use]
    pub(super) fn points(&self, holds: bool, hits: usize) -> i64 {
        if !holds {
            return 0;
        }
        if !self.each {
            return self.add;
        }
        let sum = self.add.saturating_mul(i64::try_from(hits).unwrap_or(i64::MAX));
        match self.max {
            Some(max) if self.add > 0 => sum.min(max.saturating_abs()),
            Some(max) => sum.max(max.saturating_abs().saturating_neg()),
            None => sum,
        }
    }
}

impl CompiledTopic {
    /// The severity that goes with a score.
    #[must_use]
    pub(super) fn severity_of(&self, score: i64) -> Severity {
        match &self.severity {
            SeverityDef::Fixed(severity) => *severity,
            SeverityDef::ByScore(levels) => levels
                .iter()
                .filter(|(_, from)| score >= *from)
                .map(|(severity, _)| *severity)
                .next_back()
                .unwrap_or(Severity::Info),
        }
    }

    /// Whether a score is enough, as far as the score decides.
    #[must_use]
    pub(super) fn reaches_threshold(&self, score: i64) -> bool {
        match (self.threshold, self.matches) {
            (Some(threshold), _) => score >= threshold,
            (None, Some(_)) => true,
            (None, None) => score > 0,
        }
    }
}

impl Program {
    /// The node behind an id.
    #[must_use]
    pub(super) fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.index()]
    }

    /// The lists of a concept that apply to an article, `any` first.
    pub(super) fn lists(
        &self,
        any: Option<ExprId>,
        lists: &[(Lang, ExprId)],
        article: Languages,
    ) -> impl Iterator<Item = ExprId> {
        any.into_iter().chain(lists.iter().filter(move |(lang, _)| article.include(*lang)).map(|&(_, list)| list))
    }

    /// The expression as a person would write it.
    #[must_use]
    pub(super) fn describe(&self, id: ExprId) -> String {
        let mut text = String::new();
        self.write(id, false, &mut text);
        text
    }

    fn write(&self, id: ExprId, nested: bool, out: &mut String) {
        // A long list helps nobody who reads an explanation.
        if out.len() > 400 {
            if !out.ends_with('…') {
                out.push('…');
            }
            return;
        }
        match self.expr(id) {
            Expr::Atom { atom, fields } => {
                out.push_str(fields.prefix());
                out.push_str(self.written.of(atom.0));
            }
            Expr::And(parts) => self.join(parts, " AND ", nested, out),
            Expr::Or(parts) => self.join(parts, " OR ", nested, out),
            Expr::Not(of) => {
                out.push_str("NOT ");
                self.write(*of, true, out);
            }
            Expr::Near { left, right, reach, ordered, negated } => {
                if nested {
                    out.push('(');
                }
                self.write(*left, true, out);
                let _ = write!(out, " {} ", operator(*reach, *ordered, *negated));
                self.write(*right, true, out);
                if nested {
                    out.push(')');
                }
            }
            Expr::AtLeast { count, of } => {
                let _ = write!(out, "ATLEAST/{count}(");
                self.write(*of, false, out);
                out.push(')');
            }
            Expr::SomeOf { count, of } => {
                let _ = write!(out, "{count} OF ");
                self.join(of, ", ", true, out);
            }
            Expr::Concept { concept, any, lists } => {
                let fields = any.or(lists.first().map(|&(_, list)| list)).and_then(|list| self.fields_of(list));
                out.push_str(fields.map_or("", FieldSet::prefix));
                out.push('@');
                out.push_str(&self.concepts[concept.index()]);
            }
            Expr::Topic { topic, .. } => {
                out.push('#');
                out.push_str(self.topics.get(*topic as usize).map_or("", |topic| topic.info.id.as_str()));
            }
        }
    }

    fn join(&self, parts: &[ExprId], between: &str, nested: bool, out: &mut String) {
        if nested {
            out.push('(');
        }
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                out.push_str(between);
            }
            self.write(*part, between != ", ", out);
        }
        if nested {
            out.push(')');
        }
    }

    /// The fields of the first atom under a node.
    fn fields_of(&self, id: ExprId) -> Option<FieldSet> {
        match self.expr(id) {
            Expr::Atom { fields, .. } => Some(*fields),
            Expr::Or(parts) => parts.first().and_then(|&part| self.fields_of(part)),
            Expr::Concept { any, lists, .. } => {
                any.or(lists.first().map(|&(_, list)| list)).and_then(|list| self.fields_of(list))
            }
            _ => None,
        }
    }
}

/// A proximity operator as written.
#[must_use]
pub(super) fn operator(reach: Reach, ordered: bool, negated: bool) -> String {
    let not = if negated { "NOT " } else { "" };
    match reach {
        Reach::Words(count) if ordered => format!("{not}ONEAR/{count}"),
        Reach::Words(count) => format!("{not}NEAR/{count}"),
        Reach::Sentence => format!("{not}W/S"),
        Reach::Paragraph => format!("{not}W/P"),
    }
}
