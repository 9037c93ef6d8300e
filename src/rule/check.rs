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

fn cycles(loaded: &Loaded, findings: &Findings) {
    let ids: HashMap<&User, &str> =
        loaded.topic_users.iter().zip(&loaded.topics).map(|(user, topic)| (user, topic.id.as_str())).collect();
    let mut concepts: BTreeMap<&str, Vec<Edge<'_>>> = BTreeMap::new();
    let mut topics: BTreeMap<&str, Vec<Edge<'_>>> = BTreeMap::new();
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
    find_cycles(&concepts, '@', "a concept", findings);
    find_cycles(&topics, '#', "a topic's `match`", findings);
}

/// Depth-first search without recursion: chains may be as long as the files.
fn find_cycles(graph: &BTreeMap<&str, Vec<Edge<'_>>>, sign: char, what: &str, findings: &Findings) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        OnPath,
        Done,
    }
    let mut marks: HashMap<&str, Mark> = HashMap::new();
    for &start in graph.keys() {
        if marks.contains_key(start) {
            continue;
        }
        // The path from `start`: each node, its next edge to follow, and where the edge into it is written.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        marks.insert(start, Mark::OnPath);
        while let Some((node, next)) = path.last_mut() {
            let edge = graph.get(node).and_then(|edges| edges.get(*next));
            *next += 1;
            let Some(edge) = edge else {
                marks.insert(node, Mark::Done);
                path.pop();
                continue;
            };
            match marks.get(edge.to) {
                Some(Mark::Done) => {}
                Some(Mark::OnPath) => {
                    let from = path.iter().position(|(name, _)| *name == edge.to).unwrap_or(0);
                    let names: Vec<String> = path[from..].iter().map(|(name, _)| format!("{sign}{name}")).collect();
                    findings.add(cycle(&names, edge, sign, what));
                }
                None => {
                    if graph.contains_key(edge.to) {
                        marks.insert(edge.to, Mark::OnPath);
                        path.push((edge.to, 0));
                    }
                }
            }
        }
    }
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
