//! Why a topic matches an article or doesn't: every clause with its hits in context, the languages tried, the parts of the
//! score; for a miss the first part that fails, and how near a proximity came.
//!
//! Built on the plain evaluator: an explanation is asked for once, by a person, and must be right.

use serde::Serialize;

use super::ast::Reach;
use super::document::Document;
use super::excerpt::excerpt;
use super::expr::{CompiledTopic, ConceptId, Expr, ExprId, operator};
use super::plain::{Outcome, Plain};
use super::position::{Layout, Leaf, Pos, evidence};
use super::ruleset::{Circumstances, Ruleset};
use super::term::Languages;
use super::verdict::{refusal, verdict};
use crate::model::{Evidence, Excerpt, Field, Lang, Severity, TopicId};
use crate::text::analyzed::FIELDS;

/// Why a topic matches or doesn't.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The topic.
    pub topic: TopicId,
    /// Whether it matches.
    pub matches: bool,
    /// The score, as far as all parts of it are concerned.
    pub score: i64,
    /// The score that must be reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<i64>,
    /// The severity of the match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The article's language.
    pub language: LanguageNote,
    /// For a miss: the first part that fails, and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
    /// The topic's `match`.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub query: Option<Clause>,
    /// Its `except`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub except: Option<Clause>,
    /// The parts of its score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<ScoreClause>,
    /// The concepts that have a hit in `match`, in the order of the alphabet, nested ones included.
    pub concepts: Vec<String>,
}

/// What is known of an article's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanguageNote {
    /// The language, where there is no doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certain: Option<Lang>,
    /// What it looks like, where there is doubt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guess: Option<Lang>,
    /// What follows for the lists of concepts.
    pub note: String,
}

/// A part of a query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// As written in the rule.
    pub query: String,
    /// Whether it holds.
    pub holds: bool,
    /// Its hits in context: the first few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<Excerpt>,
    /// How many hits it has.
    #[serde(skip_serializing_if = "is_zero")]
    pub hit_count: usize,
    /// What else there is to say: lists tried, distances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Self>,
}

/// A part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScoreClause {
    /// What it adds.
    pub points: i64,
    /// Its query.
    pub when: Clause,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Hits shown of one clause.
const MOST_HITS: usize = 5;

/// Parts of a long OR that are shown although they don't hold.
const MOST_MISSES: usize = 8;

/// Explains one topic on one article; `None` if there is no such topic. A disabled topic is explained as if it were not.
#[must_use]
pub fn explain(
    ruleset: &Ruleset,
    topic: &TopicId,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
) -> Option<Explanation> {
    let topic = ruleset.topic(topic)?;
    Some(explain_with(ruleset, topic, document, circumstances, false))
}

/// The same with every alternative and every word of every list, whether it says anything or not.
#[must_use]
pub fn explain_fully(
    ruleset: &Ruleset,
    topic: &TopicId,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
) -> Option<Explanation> {
    let topic = ruleset.topic(topic)?;
    Some(explain_with(ruleset, topic, document, circumstances, true))
}

pub(super) fn explain_topic(
    ruleset: &Ruleset,
    topic: &CompiledTopic,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
) -> Explanation {
    explain_with(ruleset, topic, document, circumstances, false)
}

fn explain_with(
    ruleset: &Ruleset,
    topic: &CompiledTopic,
    document: &Document<'_>,
    circumstances: Circumstances<'_>,
    full: bool,
) -> Explanation {
    let program = ruleset.program();
    let mut plain = Plain::new(program, document);
    let verdict = verdict(topic, &mut plain, document, circumstances);
    let explainer = Explainer { ruleset, document, plain: &plain, full };
    let query = topic.matches.map(|id| explainer.clause(id, None));
    let except = topic.except.map(|id| explainer.clause(id, None));
    let parts: Vec<ScoreClause> = topic
        .score
        .iter()
        .map(|part| {
            let outcome = plain.eval(part.when);
            let points = part.points(outcome.holds, outcome.count());
            ScoreClause { points, when: explainer.clause(part.when, None) }
        })
        .collect();
    let score = parts.iter().fold(0_i64, |sum, part| sum.saturating_add(part.points));
    let refused = refusal(topic, document, circumstances, || plain.weight().div_ceil(2));
    let failed = if verdict.is_some() {
        None
    } else if let Some(refused) = refused {
        Some(format!("where: {refused}"))
    } else if let Some(reason) = topic.matches.and_then(|id| explainer.failure(id, None)) {
        Some(format!("match: {reason}"))
    } else if let (Some(id), Some(clause)) = (topic.except, &except)
        && clause.holds
    {
        Some(format!("except holds: {}", explainer.shown(&plain.eval(id))))
    } else {
        let least = topic.threshold.unwrap_or(1);
        Some(format!("threshold: the score is {score}, below {least}"))
    };
    let mut concepts = Vec::new();
    if let Some(id) = topic.matches {
        explainer.concepts(id, &mut concepts);
    } else {
        for part in &topic.score {
            explainer.concepts(part.when, &mut concepts);
        }
    }
    concepts.sort();
    concepts.dedup();
    Explanation {
        topic: topic.info.id.clone(),
        matches: verdict.is_some(),
        score,
        threshold: topic.threshold,
        severity: verdict.map(|verdict| topic.severity_of(verdict.score)),
        language: language_note(document),
        failed,
        query,
        except,
        parts,
        concepts,
    }
}

fn language_note(document: &Document<'_>) -> LanguageNote {
    let note = match (document.lang, document.guess) {
        (Some(lang), _) => format!("`{lang}`: concepts use their `any` and `{lang}` lists"),
        (None, Some(guess)) => format!("in doubt, perhaps `{guess}`: all lists of every concept apply"),
        (None, None) => "unknown: all lists of every concept apply".to_owned(),
    };
    LanguageNote { certain: document.lang, guess: document.guess, note }
}

struct Explainer<'e> {
    ruleset: &'e Ruleset,
    document: &'e Document<'e>,
    plain: &'e Plain<'e>,
    /// Whether what says little is kept too.
    full: bool,
}

impl Clause {
    /// Whether part of it is there, so that a reader may have expected it to hold.
    pub(super) fn is_near(&self) -> bool {
        !self.holds && self.parts.iter().any(|part| part.holds || part.is_near())
    }
}

impl Explainer<'_> {
    fn clause(&self, id: ExprId, concept: Option<ConceptId>) -> Clause {
        let program = self.ruleset.program();
        let outcome = self.plain.eval_within(id, concept);
        let found = evidence(program, outcome.leaves());
        let mut note = None;
        let parts = match program.expr(id) {
            Expr::Atom { atom, fields } => {
                if !outcome.holds && concept.is_none() {
                    note = self.plain.near_miss(*atom, *fields);
                }
                Vec::new()
            }
            Expr::And(parts) | Expr::SomeOf { of: parts, .. } => {
                parts.iter().map(|&part| self.clause(part, concept)).collect()
            }
            Expr::Or(parts) => self.alternatives(parts, concept, &mut note),
            Expr::Not(of) | Expr::AtLeast { of, .. } => vec![self.clause(*of, concept)],
            Expr::Topic { of, .. } => vec![self.clause(*of, None)],
            Expr::Near { left, right, .. } => {
                note = self.proximity_note(id, concept);
                vec![self.clause(*left, concept), self.clause(*right, concept)]
            }
            Expr::Concept { concept: named, any, lists } => {
                let concept = concept.or(Some(*named));
                note = Some(self.lists_note(any.is_some(), lists));
                let mut parts = Vec::new();
                for list in program.lists(*any, lists, self.document.languages()) {
                    let atoms = match program.expr(list) {
                        Expr::Or(atoms) => atoms.to_vec(),
                        _ => vec![list],
                    };
                    // Of a long list only what hit is of interest.
                    let atoms = atoms.into_iter().map(|atom| self.clause(atom, concept));
                    parts.extend(atoms.filter(|part| part.holds || self.full));
                }
                parts
            }
        };
        Clause {
            query: program.describe(id),
            holds: outcome.holds,
            hit_count: found.len(),
            // The parts of a compound show their own hits.
            hits: if parts.is_empty() { self.in_context(&found) } else { Vec::new() },
            note,
            parts,
        }
    }

    fn alternatives(&self, parts: &[ExprId], concept: Option<ConceptId>, note: &mut Option<String>) -> Vec<Clause> {
        let mut clauses: Vec<Clause> = parts.iter().map(|&part| self.clause(part, concept)).collect();
        let misses = clauses.iter().filter(|clause| !clause.holds).count();
        if misses > MOST_MISSES && !self.full {
            clauses.retain(|clause| clause.holds || clause.is_near());
            *note = Some(format!("{misses} of {} alternatives don't hold", parts.len()));
        }
        clauses
    }

    fn lists_note(&self, any: bool, lists: &[(Lang, ExprId)]) -> String {
        let languages = self.document.languages();
        let names = |applies: bool| -> Vec<String> {
            lists
                .iter()
                .filter(|(lang, _)| languages.include(*lang) == applies)
                .map(|(lang, _)| lang.to_string())
                .collect()
        };
        let mut tried = if any { vec!["any".to_owned()] } else { Vec::new() };
        tried.extend(names(true));
        let skipped = names(false);
        let tried = if tried.is_empty() { "no list".to_owned() } else { tried.join(", ") };
        match languages {
            Languages::One(lang) if !skipped.is_empty() => {
                format!("lists tried: {tried}; not tried, since the article is in `{lang}`: {}", skipped.join(", "))
            }
            _ => format!("lists tried: {tried}"),
        }
    }

    fn in_context(&self, found: &[Evidence]) -> Vec<Excerpt> {
        found.iter().take(MOST_HITS).map(|hit| excerpt(self.document, hit)).collect()
    }

    /// Why a node doesn't hold; `None` if it does.
    fn failure(&self, id: ExprId, concept: Option<ConceptId>) -> Option<String> {
        let program = self.ruleset.program();
        let eval = |id: ExprId| self.plain.eval_within(id, concept);
        if eval(id).holds {
            return None;
        }
        Some(match program.expr(id) {
            Expr::Atom { atom, fields } => {
                let near = self.plain.near_miss(*atom, *fields).map(|near| format!(": {near}")).unwrap_or_default();
                format!("`{}` is not there{near}", program.describe(id))
            }
            Expr::Concept { any, lists, .. } => {
                format!("`{}` has no hit ({})", program.describe(id), self.lists_note(any.is_some(), lists))
            }
            Expr::And(parts) => parts.iter().find_map(|&part| self.failure(part, concept))?,
            Expr::Or(parts) => {
                // Of alternatives that come near, say so; a list of words that are not there says nothing.
                let near = parts.iter().filter(|&&part| matches!(program.expr(part), Expr::Near { .. } | Expr::And(_)));
                let reasons: Vec<String> = near.filter_map(|&part| self.failure(part, concept)).take(3).collect();
                if reasons.is_empty() {
                    format!("none of `{}` holds", program.describe(id))
                } else {
                    format!("none of the alternatives holds: {}", reasons.join("; "))
                }
            }
            Expr::Not(of) => format!("`NOT {}`: there is {}", program.describe(*of), self.shown(&eval(*of))),
            Expr::Near { left, right, reach, ordered, negated } => {
                let operator = operator(*reach, *ordered, *negated);
                if let Some(reason) = self.failure(*left, concept) {
                    format!("{operator} failed: {reason}")
                } else if *negated {
                    format!(
                        "{operator} failed: every {} has one of `{}` around it",
                        self.shown(&eval(*left)),
                        program.describe(*right)
                    )
                } else if let Some(reason) = self.failure(*right, concept) {
                    format!("{operator} failed: {reason}")
                } else {
                    let nearest = self.nearest(&eval(*left), &eval(*right), *reach, *ordered);
                    format!("{operator} failed: {nearest}")
                }
            }
            Expr::AtLeast { count, of } => {
                format!("ATLEAST/{count} failed: {} hits of `{}`", eval(*of).count(), program.describe(*of))
            }
            Expr::SomeOf { count, of } => {
                let holding = of.iter().filter(|&&part| eval(part).holds).count();
                format!("{count} OF failed: {holding} of {} hold", of.len())
            }
            Expr::Topic { of, .. } => {
                let reason = self.failure(*of, None).unwrap_or_default();
                format!("`{}` does not hold: {reason}", program.describe(id))
            }
        })
    }

    /// For a proximity that holds: which pair is nearest.
    fn proximity_note(&self, id: ExprId, concept: Option<ConceptId>) -> Option<String> {
        let Expr::Near { left, right, reach: Reach::Words(_), ordered, negated: false } =
            self.ruleset.program().expr(id)
        else {
            return None;
        };
        let (left, right) = (self.plain.eval_within(*left, concept), self.plain.eval_within(*right, concept));
        let (distance, a, b) = self.nearest_pair(&left, &right, *ordered)?;
        Some(format!("nearest: {} between {} and {}", words(distance), self.quoted(a), self.quoted(b)))
    }

    fn nearest(&self, left: &Outcome, right: &Outcome, reach: Reach, ordered: bool) -> String {
        let Some((distance, a, b)) = self.nearest_pair(left, right, ordered) else {
            let in_any_order = ordered && self.nearest_pair(left, right, false).is_some();
            let pairs = || left.hits.keys().flat_map(|&a| right.hits.keys().map(move |&b| (a, b)));
            let apart = pairs().find(|&(a, b)| self.plain.are_apart(a, b));
            let (a, b) = (self.first(left), self.first(right));
            return if in_any_order {
                format!("{a} comes only after {b}")
            } else if let Some((a, b)) = apart {
                let parts = if FIELDS[usize::from(self.plain.field(a.start))] == Field::Tag { "tags" } else { "names" };
                format!("{} and {} are in different {parts}", self.quoted(a), self.quoted(b))
            } else {
                format!("{a} and {b} are not in the same field")
            };
        };
        match reach {
            Reach::Words(_) => format!("{} between {} and {}", words(distance), self.quoted(a), self.quoted(b)),
            Reach::Sentence => format!("{} and {} are in different sentences", self.quoted(a), self.quoted(b)),
            Reach::Paragraph => format!("{} and {} are in different paragraphs", self.quoted(a), self.quoted(b)),
        }
    }

    /// The nearest two places of one field, in half words.
    fn nearest_pair(&self, left: &Outcome, right: &Outcome, ordered: bool) -> Option<(u32, Pos, Pos)> {
        let mut best: Option<(u32, Pos, Pos)> = None;
        for &a in left.hits.keys() {
            for &b in right.hits.keys() {
                let comparable = self.plain.field(a.start) == self.plain.field(b.start)
                    && (!ordered || a.start <= b.start)
                    && !self.plain.are_apart(a, b);
                if comparable {
                    let distance = self.plain.distance(a, b);
                    if best.is_none_or(|(nearest, ..)| distance < nearest) {
                        best = Some((distance, a, b));
                    }
                }
            }
        }
        best
    }

    fn quoted(&self, place: Pos) -> String {
        let (field, bytes) = self.plain.bytes(place);
        format!("“{}”", shortened(&self.plain.shown(field.into(), bytes)))
    }

    fn first(&self, outcome: &Outcome) -> String {
        let Some((&place, _)) = outcome.hits.iter().next() else { return "it".to_owned() };
        let field = FIELDS[usize::from(self.plain.field(place.start))];
        format!("{} ({field})", self.quoted(place))
    }

    /// The first hit of an outcome with its field.
    fn shown(&self, outcome: &Outcome) -> String {
        let leaf: Option<&Leaf> = outcome.hits.values().flatten().next();
        match leaf {
            Some(leaf) => {
                let field = leaf.at.field();
                let text = self.plain.shown(field, leaf.at.start() as usize..leaf.at.end() as usize);
                format!("“{}” ({})", shortened(&text), FIELDS[field])
            }
            None => "what it asks for".to_owned(),
        }
    }

    fn concepts(&self, id: ExprId, found: &mut Vec<String>) {
        let program = self.ruleset.program();
        match program.expr(id) {
            Expr::Atom { .. } | Expr::Not(_) => {}
            Expr::And(parts) | Expr::Or(parts) | Expr::SomeOf { of: parts, .. } => {
                parts.iter().for_each(|&part| self.concepts(part, found));
            }
            Expr::Near { left, right, negated, .. } => {
                self.concepts(*left, found);
                if !negated {
                    self.concepts(*right, found);
                }
            }
            Expr::AtLeast { of, .. } | Expr::Topic { of, .. } => self.concepts(*of, found),
            Expr::Concept { concept, any, lists } => {
                if self.plain.eval(id).holds {
                    found.push(program.concepts[concept.index()].clone());
                    for list in program.lists(*any, lists, self.document.languages()) {
                        self.concepts(list, found);
                    }
                }
            }
        }
    }
}

fn words(half_words: u32) -> String {
    match half_words.div_ceil(2) {
        1 => "1 word".to_owned(),
        count => format!("{count} words"),
    }
}

pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(LONGEST - 1).collect();
    format!("{cut}…")
}
