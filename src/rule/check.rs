//! What only all files together show: names that nothing defines, names defined twice, and definitions that lead back to
//! themselves.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Diagnostic, Span};
use crate::settings::{Findings, nearest};

use super::codes;
use super::def::{ConceptDef, SurgeDef, TopicDef};
use super::lexer::RegexBudget;
use super::parser::{Reference, ReferenceKind};

/// What reading has gathered so far.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) concepts: BTreeMap<String, ConceptDef>,
    pub(super) topics: Vec<TopicDef>,
    /// Beside `topics`: the number that each of them has in `uses`.
    pub(super) topic_numbers: Vec<usize>,
    pub(super) surges: Vec<SurgeDef>,
    /// Where each topic id was first given.
    pub(super) topic_spans: HashMap<String, Span>,
    /// Every name used anywhere, also in what could not be read whole.
    pub(super) uses: Vec<Use>,
    /// Topics begun, those without a usable id included.
    pub(super) topics_read: usize,
    /// Findings that concern several files.
    pub(super) late: Vec<Diagnostic>,
    /// The regular expressions of all files.
    pub(super) regexes: RegexBudget,
    /// Topics whose tests could not be read, none of them.
    pub(super) tests_unread: HashSet<Span>,
    /// What could not be read.
    pub(super) damage: Damage,
    /// Concepts whose names are probably meant by others that nothing defines.
    pub(super) meant: HashSet<String>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Checks what reading has gathered. Gives the concepts that are probably meant by names that nothing defines.
pub(super) fn check(loaded: &Loaded, findings: &Findings) -> HashSet<String> {
    for diagnostic in &loaded.late {
        findings.add(diagnostic.clone());
    }
    let meant = undefined(loaded, findings);
    cycles(loaded, findings);
    meant
}

/// Comparing with every known name costs time; a broken folder has the same few mistakes a thousand times.
const MOST_HINTS: usize = 100;

fn undefined(loaded: &Loaded, findings: &Findings) -> HashSet<String> {
    let mut meant = HashSet::new();
    let by_id = LazyCell::new(|| by_id(&loaded.topics));
    let mut hints = 0;
    for Use { reference, user, .. } in &loaded.uses {
        let name = reference.name.as_str();
        let (code, title, near) = match reference.kind {
            ReferenceKind::Concept if loaded.concepts.contains_key(name) => continue,
            ReferenceKind::Concept => {
                let near =
                    (hints < MOST_HINTS).then(|| nearest(name, loaded.concepts.keys().map(String::as_str))).flatten();
                let title = format!("there is no concept `{name}`");
                meant.extend(near.map(str::to_owned));
                // A test names it without its sign.
                let sign = if matches!(user, User::Test(_)) { "" } else { "@" };
                let near = near.map(|near| format!("did you mean `{sign}{near}`?"));
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
    meant
}

fn by_id(topics: &[TopicDef]) -> HashMap<&str, &TopicDef> {
    topics.iter().map(|topic| (topic.id.as_str(), topic)).collect()
}

/// The ids of topics by their numbers, none for those without a usable one.
struct Ids<'a>(Vec<Option<&'a str>>);

impl<'a> Ids<'a> {
    fn new(loaded: &'a Loaded) -> Self {
        let mut ids = vec![None; loaded.topics_read];
        for (number, topic) in loaded.topic_numbers.iter().zip(&loaded.topics) {
            ids[*number] = Some(topic.id.as_str());
        }
        Self(ids)
    }

    /// The id of the user, if it is a topic, and not one of its tests.
    fn get(&self, user: &User) -> Option<&'a str> {
        match user {
            User::Topic(number) => self.0[*number],
            _ => None,
        }
    }
}

/// An edge of the graph of definitions.
struct Edge<'a> {
    to: &'a str,
    span: Span,
}

/// What refers to what, by name.
type Graph<'a> = BTreeMap<&'a str, Vec<Edge<'a>>>;

/// For each name that refers to others, how high it stands above what it leads to.
type Heights<'a> = HashMap<&'a str, u32>;

fn cycles(loaded: &Loaded, findings: &Findings) {
    let ids = Ids::new(loaded);
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
    let concept_order = find_cycles(&concepts, '@', "a concept", findings);
    let topic_order = find_cycles(&topics, '#', "a topic's `match`", findings);
    if let (Some(concept_order), Some(topic_order)) = (concept_order, topic_order) {
        steps(loaded, &ids, (&concepts, &concept_order), (&topics, &topic_order), findings);
        levels(loaded, &topics, &topic_order, findings);
    }
}

/// Longest chain of concepts or topics that refer to each other; no glossary needs more, and the stack is finite.
pub(super) const DEEPEST: u32 = 60;

/// Most levels of a topic's query and of the topics that it leads to, one below the other. Reading them recurses: unoptimised, a
/// stack of 2 MiB holds 1,240 of them and not 1,550 (measured).
const MOST_LEVELS: u32 = 600;

/// Reports chains of too many concepts and topics.
fn steps(
    loaded: &Loaded,
    ids: &Ids<'_>,
    (concepts, concept_order): (&Graph<'_>, &[&str]),
    (topics, topic_order): (&Graph<'_>, &[&str]),
    findings: &Findings,
) {
    let title = format!("more than {DEEPEST} concepts or topics refer to each other in a row");
    let too_long = |span| {
        let label = format!("from here on there are {DEEPEST}");
        findings.add(Diagnostic::error(codes::CHAIN, &*title).label(span, label).help("name the terms directly"));
    };
    let of_concepts = heights(concepts, concept_order, |_| 1, |_| 1);
    for edge in too_high(concepts, &of_concepts, |_| 1, DEEPEST) {
        too_long(edge.span);
    }
    // Few topics refer to topics, and few chains are long.
    if topics.is_empty() && of_concepts.values().all(|height| *height < DEEPEST) {
        return;
    }
    // A topic stands one above the highest of its concepts.
    let mut above_concepts = Heights::new();
    for Use { reference, user, is_match } in &loaded.uses {
        let height = of_concepts.get(reference.name.as_str()).copied().unwrap_or(1) + 1;
        if let (true, ReferenceKind::Concept, Some(id)) = (*is_match, reference.kind, ids.get(user)) {
            above_concepts.entry(id).and_modify(|most| *most = height.max(*most)).or_insert(height);
            if height == DEEPEST + 1 {
                too_long(reference.span);
            }
        }
    }
    let least = |id: &str| above_concepts.get(id).copied().unwrap_or(1);
    let of_topics = heights(topics, topic_order, |_| 1, least);
    for edge in too_high(topics, &of_topics, least, DEEPEST) {
        too_long(edge.span);
    }
}

/// Reports topics that are nested too deeply together with those that they refer to.
fn levels(loaded: &Loaded, topics: &Graph<'_>, order: &[&str], findings: &Findings) {
    if topics.is_empty() {
        return;
    }
    let by_id = by_id(&loaded.topics);
    let own =
        |id: &str| by_id.get(id).and_then(|topic| topic.matches.as_ref()).map_or(1, |query| query.tree().height());
    let of_topics = heights(topics, order, own, own);
    for edge in too_high(topics, &of_topics, own, MOST_LEVELS) {
        let title = format!("topics that refer to each other are nested more than {MOST_LEVELS} levels deep in all");
        let diagnostic = Diagnostic::error(codes::CHAIN, title)
            .label(edge.span, "with this one")
            .help("put the parts that they share into concepts, which are flat");
        findings.add(diagnostic);
    }
}

/// Of every name in `order`, which begins with what refers to nothing else: its own height and that of the highest below it,
/// or `least` if that is more.
fn heights<'a>(
    graph: &Graph<'a>,
    order: &[&'a str],
    own: impl Fn(&str) -> u32,
    least: impl Fn(&str) -> u32,
) -> Heights<'a> {
    let mut heights = Heights::new();
    for &name in order {
        let edges = graph.get(name).map_or(&[][..], Vec::as_slice);
        let below = edges.iter().map(|edge| heights.get(edge.to).copied().unwrap_or_else(|| least(edge.to))).max();
        heights.insert(name, own(name).saturating_add(below.unwrap_or(0)).max(least(name)));
    }
    heights
}

/// The references that lead above `most`, where all that is referred to is below it.
fn too_high<'g, 'a>(
    graph: &'g Graph<'a>,
    heights: &Heights<'a>,
    least: impl Fn(&str) -> u32,
    most: u32,
) -> Vec<&'g Edge<'a>> {
    let height = |edge: &Edge<'_>| heights.get(edge.to).copied().unwrap_or_else(|| least(edge.to));
    let mut found = Vec::new();
    for (name, edges) in graph {
        let highest = edges.iter().max_by_key(|edge| height(edge));
        if let Some(edge) = highest.filter(|edge| height(edge) <= most)
            && heights.get(name).is_some_and(|height| *height > most)
            && least(name) <= most
        {
            found.push(edge);
        }
    }
    found
}

/// Depth-first search without recursion: chains may be as long as the files. Gives the names that refer to others, each behind
/// those that it refers to, if there are no cycles.
fn find_cycles<'a>(graph: &Graph<'a>, sign: char, what: &str, findings: &Findings) -> Option<Vec<&'a str>> {
    let mut order = Vec::new();
    let mut done: HashSet<&str> = HashSet::new();
    let mut on_path: HashSet<&str> = HashSet::new();
    let mut found = false;
    for &start in graph.keys() {
        if done.contains(start) {
            continue;
        }
        // The path from `start`: each node and its next edge to follow.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        on_path.insert(start);
        while let Some((node, next)) = path.last_mut() {
            let Some(edge) = graph.get(node).and_then(|edges| edges.get(*next)) else {
                done.insert(node);
                on_path.remove(node);
                order.push(*node);
                path.pop();
                continue;
            };
            *next += 1;
            if on_path.contains(edge.to) {
                let from = path.iter().position(|(name, _)| *name == edge.to).unwrap_or(0);
                let names: Vec<String> = path[from..].iter().map(|(name, _)| format!("{sign}{name}")).collect();
                findings.add(cycle(&names, edge, sign, what));
                found = true;
            } else if !done.contains(edge.to) && graph.contains_key(edge.to) {
                on_path.insert(edge.to);
                path.push((edge.to, 0));
            }
        }
    }
    (!found).then_some(order)
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
