//! What only all files together show: names that nothing defines, names defined twice, and definitions that lead back to
//! themselves.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Diagnostic, Span};
use crate::settings::{Findings, nearest};

use super::codes;
use super::def::{ConceptDef, SurgeDef, TopicDef};
use super::parser::{Reference, ReferenceKind};

/// What reading has gathered so far.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) concepts: BTreeMap<String, ConceptDef>,
    pub(super) topics: Vec<TopicDef>,
    /// Beside `topics`: who each of them is in `uses`.
    pub(super) topic_users: Vec<User>,
    pub(super) surges: Vec<SurgeDef>,
    /// Where each topic id was first given.
    pub(super) topic_spans: HashMap<String, Span>,
    /// Every name used anywhere, also in what could not be read whole.
    pub(super) uses: Vec<Use>,
    /// Topics begun, those without a usable id included.
    pub(super) topics_read: usize,
    /// Findings that concern several files.
    pub(super) late: Vec<Diagnostic>,
    /// What could not be read.
    pub(super) damage: Damage,
}

/// What could not be read. What is not known may stand there.
#[derive(Debug, Default)]
pub(super) struct Damage {
    /// Whether whole files are missing.
    pub(super) everything: bool,
    /// All that may be a name in the pieces that could not be read.
    names: HashSet<String>,
    /// Where topics and concepts stand of which pieces are missing.
    pub(super) tables: HashSet<Span>,
}

impl Damage {
    /// Adds a piece of a file that could not be read.
    pub(super) fn add(&mut self, piece: &str) {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        let words = piece.split(|c: char| !is_name(c)).flat_map(|word| {
            // `concept.russia` names `russia`.
            let parts = word.match_indices('.').map(|(at, _)| &word[at + 1..]);
            std::iter::once(word).chain(parts.take(4))
        });
        self.names.extend(words.map(|word| word.trim_matches(['.', '-']).to_owned()));
    }

    /// Whether a name may be defined or used in what could not be read.
    pub(super) fn may_hold(&self, name: &str) -> bool {
        self.everything || self.names.contains(name)
    }
}

/// A name that is used.
#[derive(Debug, Clone)]
pub(super) struct Use {
    pub(super) reference: Reference,
    pub(super) user: User,
    /// Whether it stands in a topic's `match`: only there can topics form a cycle.
    pub(super) is_match: bool,
}

/// Who uses a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum User {
    /// A concept, by name.
    Concept(String),
    /// A topic, by the order of reading.
    Topic(usize),
    /// A test of such a topic.
    Test(Box<User>),
    /// A surge.
    Surge,
}

/// Checks what reading has gathered.
pub(super) fn check(loaded: &Loaded, findings: &Findings) {
    for diagnostic in &loaded.late {
        findings.add(diagnostic.clone());
    }
    undefined(loaded, findings);
    cycles(loaded, findings);
}

/// Comparing with every known name costs time; a broken folder has the same few mistakes a thousand times.
const MOST_HINTS: usize = 100;

fn undefined(loaded: &Loaded, findings: &Findings) {
    let by_id: HashMap<&str, &TopicDef> = loaded.topics.iter().map(|topic| (topic.id.as_str(), topic)).collect();
    let mut hints = 0;
    for Use { reference, user, .. } in &loaded.uses {
        let name = reference.name.as_str();
        let (code, title, near) = match reference.kind {
            ReferenceKind::Concept if loaded.concepts.contains_key(name) => continue,
            ReferenceKind::Concept => {
                let near =
                    (hints < MOST_HINTS).then(|| nearest(name, loaded.concepts.keys().map(String::as_str))).flatten();
                let title = format!("there is no concept `{name}`");
                let near = near.map(|near| format!("did you mean `@{near}`?"));
                let near =
                    near.or_else(|| by_id.contains_key(name).then(|| format!("`{name}` is a topic: write `#{name}`")));
                (codes::UNDEFINED_CONCEPT, title, near.unwrap_or_else(|| format!("define it: `[concept.{name}]`")))
            }
            ReferenceKind::Topic => match by_id.get(name) {
                Some(topic) if topic.matches.is_none() && !topic.score.is_empty() && *user != User::Surge => {
                    let title = format!("the topic `{name}` has no `match` that could hold here");
                    let help = "its score decides; give it a `match`, or name its concepts here".to_owned();
                    (codes::UNDEFINED_TOPIC, title, help)
                }
                Some(_) => continue,
                None if loaded.topic_spans.contains_key(name) => continue,
                None => {
                    let near = (hints < MOST_HINTS).then(|| nearest(name, by_id.keys().copied())).flatten();
                    let sign = if *user == User::Surge { "" } else { "#" };
                    let near = near.map(|near| format!("did you mean `{sign}{near}`?"));
                    let near = near.or_else(|| {
                        loaded.concepts.contains_key(name).then(|| format!("`{name}` is a concept: write `@{name}`"))
                    });
                    let title = format!("there is no topic `{name}`");
                    (codes::UNDEFINED_TOPIC, title, near.unwrap_or_else(|| "check its `id`".to_owned()))
                }
            },
        };
        if loaded.damage.may_hold(name) {
            continue;
        }
        hints += 1;
        findings.add(Diagnostic::error(code, title).label(reference.span, "").help(near));
    }
}

/// An edge of the graph of definitions.
struct Edge<'a> {
    to: &'a str,
    span: Span,
}

/// What refers to what, by name.
type Graph<'a> = BTreeMap<&'a str, Vec<Edge<'a>>>;

/// For each name, the concepts and topics in the longest chain that begins with it, itself included. Names that refer to
/// nothing may be left out.
type Heights<'a> = HashMap<&'a str, u32>;

fn cycles(loaded: &Loaded, findings: &Findings) {
    let ids: HashMap<&User, &str> =
        loaded.topic_users.iter().zip(&loaded.topics).map(|(user, topic)| (user, topic.id.as_str())).collect();
    let mut concepts = Graph::new();
    let mut topics = Graph::new();
    for Use { reference, user, is_match } in &loaded.uses {
        let edge = Edge { to: &reference.name, span: reference.span };
        match (user, reference.kind) {
            (User::Concept(name), ReferenceKind::Concept) => concepts.entry(name).or_default().push(edge),
            (User::Topic(_), ReferenceKind::Topic) if *is_match => {
                if let Some(id) = ids.get(user) {
                    topics.entry(id).or_default().push(edge);
                }
            }
            _ => {}
        }
    }
    let Some(concept_heights) = find_cycles(&concepts, '@', "a concept", &Heights::new(), findings) else {
        find_cycles(&topics, '#', "a topic's `match`", &Heights::new(), findings);
        return;
    };
    chains(&concepts, &concept_heights, &Heights::new(), findings);
    // A topic stands one above the highest of its concepts; few topics refer to topics, and few chains are long.
    let mut of_concepts = Heights::new();
    let highest = concept_heights.values().max().copied().unwrap_or(1);
    if !topics.is_empty() || highest >= DEEPEST {
        for Use { reference, user, is_match } in &loaded.uses {
            let height = concept_heights.get(reference.name.as_str()).copied().unwrap_or(1) + 1;
            if let (true, ReferenceKind::Concept, Some(id)) = (*is_match, reference.kind, ids.get(user)) {
                of_concepts.entry(id).and_modify(|most| *most = height.max(*most)).or_insert(height);
                if height == DEEPEST + 1 {
                    findings.add(chain(reference.span));
                }
            }
        }
    }
    if let Some(heights) = find_cycles(&topics, '#', "a topic's `match`", &of_concepts, findings) {
        chains(&topics, &heights, &of_concepts, findings);
    }
}

/// Longest chain of concepts or topics that refer to each other; no glossary needs more, and the stack is finite.
pub(super) const DEEPEST: u32 = 60;

/// Names each chain where it becomes too long, seen from its end.
fn chains(graph: &Graph<'_>, heights: &Heights<'_>, least: &Heights<'_>, findings: &Findings) {
    for (name, edges) in graph {
        if heights.get(name).is_none_or(|height| *height <= DEEPEST) {
            continue;
        }
        let height = |edge: &&Edge<'_>| heights.get(edge.to).or(least.get(edge.to)).copied().unwrap_or(1);
        if edges.iter().all(|edge| height(&edge) <= DEEPEST)
            && let Some(edge) = edges.iter().find(|edge| height(edge) == DEEPEST)
        {
            findings.add(chain(edge.span));
        }
    }
}

fn chain(span: Span) -> Diagnostic {
    Diagnostic::error(codes::CHAIN, format!("more than {DEEPEST} concepts or topics refer to each other in a row"))
        .label(span, format!("from here on there are {DEEPEST}"))
        .help("name the terms directly")
}

/// Depth-first search without recursion: chains may be as long as the files. Gives the heights, which are at least those of
/// `least`, if there are no cycles.
fn find_cycles<'a>(
    graph: &Graph<'a>,
    sign: char,
    what: &str,
    least: &Heights<'a>,
    findings: &Findings,
) -> Option<Heights<'a>> {
    let mut heights = Heights::new();
    let mut found = false;
    let mut on_path: HashSet<&str> = HashSet::new();
    for &start in graph.keys() {
        if heights.contains_key(start) {
            continue;
        }
        // The path from `start`: each node and its next edge to follow.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        on_path.insert(start);
        while let Some((node, next)) = path.last_mut() {
            let edges = graph.get(node).map_or(&[][..], Vec::as_slice);
            let Some(edge) = edges.get(*next) else {
                let below = edges.iter().map(|edge| heights.get(edge.to).or(least.get(edge.to)).copied().unwrap_or(1));
                let height = (below.max().unwrap_or(0) + 1).max(least.get(node).copied().unwrap_or(1));
                heights.insert(node, height);
                on_path.remove(node);
                path.pop();
                continue;
            };
            *next += 1;
            if on_path.contains(edge.to) {
                let from = path.iter().position(|(name, _)| *name == edge.to).unwrap_or(0);
                let names: Vec<String> = path[from..].iter().map(|(name, _)| format!("{sign}{name}")).collect();
                findings.add(cycle(&names, edge, sign, what));
                found = true;
            } else if !heights.contains_key(edge.to) && graph.contains_key(edge.to) {
                on_path.insert(edge.to);
                path.push((edge.to, 0));
            }
        }
    }
    (!found).then_some(heights)
}

fn cycle(names: &[String], edge: &Edge<'_>, sign: char, what: &str) -> Diagnostic {
    const MOST: usize = 10;
    let name = format!("{sign}{}", edge.to);
    let title = format!("{what} leads back to itself: `{name}`");
    let dots = if names.len() > MOST { " → …" } else { "" };
    let shown: Vec<&str> = names.iter().take(MOST).map(String::as_str).collect();
    Diagnostic::error(codes::CYCLE, title)
        .label(edge.span, "this closes the circle")
        .help(format!("{}{dots} → {name}: take one of them out", shown.join(" → ")))
}
