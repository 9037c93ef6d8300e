//! What is allowed and probably not meant. Warnings only: a rule that works is never refused.
//!
//! Words are compared as text analysis folds them, so `perù` and `Peru`, `俄羅斯` and `俄罗斯` are the same here as there.

mod same_query;

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Diagnostic, Field, Lang, Source, Span};
use crate::settings::Findings;
use crate::text::normalize::fold;
use crate::text::segment::is_unspaced;

use super::ast::{Atom, Node, NodeKind, PhrasePart, Scope, Word, WordForm};
use super::check::{Loaded, User};
use super::codes;
use super::def::{ConceptDef, ScoreDef, SeverityDef, TopicDef};
use super::parser::ReferenceKind;
use super::query::Query;
use same_query::Questions;

/// Looks through all that was read.
pub(super) fn lint(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    empty(loaded, sources, findings);
    untested(loaded, sources, findings);
    unused(loaded, sources, findings);
    for concept in loaded.concepts.values() {
        let all: Vec<&Node> = concept.any.iter().collect();
        same_list(&all, &[], findings);
        for list in concept.lists.values() {
            same_list(&list.iter().collect::<Vec<_>>(), &all, findings);
        }
        for term in concept.any.iter().chain(concept.lists.values().flatten()) {
            atoms(term, findings);
        }
    }
    let mut languages = Languages { concepts: &loaded.concepts, damaged: &loaded.damage.tables, known: HashMap::new() };
    let mut questions = Questions::default();
    for topic in &loaded.topics {
        let trees = Trees::of(topic);
        for tree in trees.matches.iter().chain(&trees.except).chain(&trees.score) {
            query_lints(tree, findings);
        }
        if !loaded.damage.tables.contains(&topic.span) {
            never(topic, &trees, findings);
            questions.add(topic, &trees);
        }
        languages.missing(topic, &trees, findings);
    }
    questions.report(findings);
}

/// Files without a word in them, as a full disk or a broken save leaves them: their topics are gone, and nothing else is
/// wrong. Where a file could not be read, its text is empty too; that is reported already.
fn empty(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    if loaded.damage.everything {
        return;
    }
    for source in sources.iter().filter(|source| source.text.trim_matches(is_blank).is_empty()) {
        findings.add(
            Diagnostic::warning(codes::EMPTY_FILE, "this rule file is empty")
                .label(Span::new(source.id, 0..0), "")
                .help("if it was cut off while it was saved, put it back; else delete it"),
        );
    }
}

/// White space and the mark that some editors put at the beginning.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

/// The queries of a topic.
struct Trees {
    matches: Option<Node>,
    except: Option<Node>,
    /// Of each part of the score.
    score: Vec<Node>,
}

impl Trees {
    fn of(topic: &TopicDef) -> Self {
        Self {
            matches: topic.matches.as_ref().map(Query::tree),
            except: topic.except.as_ref().map(Query::tree),
            score: topic.score.iter().map(|part| part.when.tree()).collect(),
        }
    }
}

/// Topics without a test. More than a few in one file are one finding: generated files have thousands.
fn untested(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    const MOST: usize = 10;
    let help = "add a `[[topic.test]]` with a text that must match, and one that must not";
    let mut by_file: BTreeMap<_, Vec<&TopicDef>> = BTreeMap::new();
    let whole = |span: Span| !loaded.damage.tables.contains(&span) && !loaded.tests_unread.contains(&span);
    for topic in loaded.topics.iter().filter(|topic| topic.tests.is_empty() && whole(topic.span)) {
        by_file.entry(topic.span.source).or_default().push(topic);
    }
    for source in sources {
        let Some(topics) = by_file.get(&source.id) else { continue };
        if let ([first, ..], true) = (topics.as_slice(), topics.len() > MOST) {
            let title = format!("{} topics of this file have no tests, `{}` the first", topics.len(), first.id);
            findings.add(Diagnostic::warning(codes::NO_TESTS, title).label(first.span, "").help(help));
            continue;
        }
        for topic in topics {
            let title = format!("the topic `{}` has no tests", topic.id);
            findings.add(Diagnostic::warning(codes::NO_TESTS, title).label(topic.span, "").help(help));
        }
    }
}

/// Concepts that nothing uses, where there are topics that could; a lexicon is there to be chosen from.
fn unused(loaded: &Loaded, sources: &[Source], findings: &Findings) {
    if loaded.topics.is_empty() {
        return;
    }
    let used: HashSet<&str> = loaded
        .uses
        .iter()
        .filter(|used| used.reference.kind == ReferenceKind::Concept)
        .filter(|used| !matches!(&used.user, User::Concept(name) if *name == used.reference.name))
        .map(|used| used.reference.name.as_str())
        .collect();
    for concept in loaded.concepts.values().filter(|concept| !used.contains(concept.name.as_str())) {
        let lexicon = sources
            .iter()
            .find(|source| source.id == concept.span.source)
            .is_some_and(|source| source.path.components().any(|part| part.as_os_str() == "lexicon"));
        if !lexicon && !loaded.damage.may_hold(&concept.name) {
            let title = format!("nothing uses the concept `{}`", concept.name);
            findings.add(
                Diagnostic::warning(codes::UNUSED_CONCEPT, title)
                    .label(concept.span, "")
                    .help("delete it, use it, or keep it in a folder called `lexicon`"),
            );
        }
    }
}

fn query_lints(query: &Node, findings: &Findings) {
    // ANDs within an AND, which are looked at with it.
    let mut inner: HashSet<Span> = HashSet::new();
    query.walk(&mut |node| match &node.kind {
        NodeKind::Or(parts) => same_list(&parts.iter().collect::<Vec<_>>(), &[], findings),
        NodeKind::SomeOf { of, .. } => {
            duplicates(&of.iter().collect::<Vec<_>>(), &[], findings);
        }
        NodeKind::And(parts) => {
            duplicates(&parts.iter().collect::<Vec<_>>(), &[], findings);
            inner.extend(parts.iter().filter(|part| matches!(part.kind, NodeKind::And(_))).map(|part| part.span));
            if !inner.contains(&node.span) {
                contradiction(parts, findings);
            }
        }
        NodeKind::Near(near) if near.negated && near.left.to_string() == near.right.to_string() => {
            let title = format!("`{}` can never hold: every hit is near itself", near.operator());
            findings
                .add(Diagnostic::warning(codes::NEVER, title).label(node.span, "").help("the two sides must differ"));
        }
        _ => {}
    });
    atoms(query, findings);
}

/// Wildcards that reach too far and regular expressions.
fn atoms(query: &Node, findings: &Findings) {
    query.walk(&mut |node| match &node.kind {
        NodeKind::Atom(Atom::Word(word)) => wide(word, node.span, findings),
        NodeKind::Atom(Atom::Phrase(parts)) => {
            if let [PhrasePart::Word(word)] = parts.as_slice() {
                wide(word, node.span, findings);
            }
        }
        NodeKind::Atom(Atom::Regex(_)) => findings.add(
            Diagnostic::warning(codes::REGEX, "a regular expression reads every text letter by letter")
                .label(node.span, "")
                .help("words, wildcards and phrases find the same faster and fold case and accents; keep it as a last resort"),
        ),
        _ => {}
    });
}

fn wide(word: &Word, span: Span, findings: &Findings) {
    /// Two letters begin a hundred words of any language; with three it is a matter of taste.
    const FEWEST: usize = 3;
    if !word.text.contains('*') {
        return;
    }
    let weight = |c: char| match c {
        '*' | '?' => 0,
        // Han, Kana, Hangul: a character says as much as two or three letters.
        '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}' => 2,
        c => usize::from(c.is_alphanumeric()),
    };
    if word.text.chars().map(weight).sum::<usize>() < FEWEST {
        let title = format!("`{word}` hits too much: it has fewer than {FEWEST} letters");
        findings.add(
            Diagnostic::warning(codes::WIDE_WILDCARD, title)
                .label(span, "")
                .help("add letters, or list the words that are meant"),
        );
    }
}

/// Terms of which any will do: the same twice, and what another one includes. `also` applies together with `list`.
fn same_list(list: &[&Node], also: &[&Node], findings: &Findings) {
    let twice = duplicates(list, also, findings);
    covered(list, also, &twice, findings);
}

/// Reports what stands twice; where the second ones stand.
fn duplicates(list: &[&Node], also: &[&Node], findings: &Findings) -> HashSet<Span> {
    let mut seen: HashMap<String, (&Node, bool)> = HashMap::new();
    let mut twice = HashSet::new();
    for (node, own) in also.iter().map(|node| (*node, false)).chain(list.iter().map(|node| (*node, true))) {
        let key = key(node, Letters::Folded);
        match seen.get(&key) {
            Some((first, first_own)) if own => {
                if !first_own && self::key(first, Letters::Lower) != self::key(node, Letters::Lower) {
                    continue;
                }
                twice.insert(node.span);
                let title = format!("`{}` stands here twice", short(&node.to_string()));
                let same = "accents and case don't matter: `=` before a word asks for it as written";
                let mut diagnostic = Diagnostic::warning(codes::DUPLICATE_TERM, title)
                    .label(node.span, "again here")
                    .label(first.span, "first here")
                    .help("delete one of them");
                if self::key(first, Letters::Lower) != self::key(node, Letters::Lower) {
                    diagnostic = diagnostic.help(same);
                }
                findings.add(diagnostic);
            }
            _ => {
                seen.entry(key).or_insert((node, own));
            }
        }
    }
    twice
}

/// How letters are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// As text analysis does, accents left aside.
    Folded,
    /// By lower case alone: what a language's own list spells its own way is not said to repeat `any`.
    Lower,
}

impl Letters {
    fn of(self, text: &str) -> String {
        match self {
            Self::Folded => fold(text),
            Self::Lower => text.to_lowercase(),
        }
    }
}

/// What two nodes have in common that find the same.
fn key(node: &Node, letters: Letters) -> String {
    match &node.kind {
        NodeKind::Atom(Atom::Word(word)) if word.form != WordForm::Exact => letters.of(&word.to_string()),
        NodeKind::Atom(Atom::Phrase(parts)) => match parts.as_slice() {
            [PhrasePart::Word(word)] if word.form != WordForm::Exact => letters.of(&word.to_string()),
            parts if parts.iter().all(|part| !matches!(part, PhrasePart::Word(Word { form: WordForm::Exact, .. }))) => {
                letters.of(&node.to_string())
            }
            _ => node.to_string(),
        },
        _ => node.to_string(),
    }
}

/// A term of one word that may include others.
struct Cover<'a> {
    node: &'a Node,
    /// Whether it stands in the same list.
    own: bool,
    word: &'a Word,
    folded: String,
}

impl Cover<'_> {
    /// Whether every text that holds a term's words holds this one.
    fn includes(&self, node: &Node) -> bool {
        let letters = if self.own { Letters::Folded } else { Letters::Lower };
        let text = letters.of(&self.word.text);
        let is_pattern = self.word.form == WordForm::Pattern;
        // In scripts without spaces a term is found inside words, so `导弹` includes `弹道导弹`.
        let inside = !is_pattern && text.chars().all(is_unspaced);
        let pattern: Vec<char> = text.chars().collect();
        key(self.node, letters) != key(node, letters)
            && units(node, letters).iter().any(|unit| {
                (is_pattern && fits(&pattern, &unit.chars().collect::<Vec<_>>()))
                    || (!is_pattern && *unit == text)
                    || (inside && unit.contains(&text))
            })
    }
}

fn covered(list: &[&Node], also: &[&Node], twice: &HashSet<Span>, findings: &Findings) {
    /// Patterns and parts are tried one by one on every word; beyond this, generated lists cost more than the remark is
    /// worth.
    const MOST: usize = 100_000;
    let mut plain: HashMap<String, Cover<'_>> = HashMap::new();
    let mut others: Vec<Cover<'_>> = Vec::new();
    let all = also.iter().map(|node| (*node, false)).chain(list.iter().map(|node| (*node, true)));
    for (node, own) in all {
        let Some(word) = single(node).filter(|word| word.form != WordForm::Exact) else { continue };
        let cover = || Cover { node, own, word, folded: fold(&word.text) };
        let new = cover();
        if word.form == WordForm::Pattern || new.folded.chars().all(is_unspaced) {
            others.push(cover());
        }
        if word.form != WordForm::Pattern {
            plain.entry(new.folded.clone()).or_insert(new);
        }
    }
    if others.len().saturating_mul(list.len()) > MOST {
        others.clear();
    }
    others.sort_by_key(|cover| cover.folded.chars().count());
    for node in list.iter().filter(|node| !twice.contains(&node.span)) {
        let units = units(node, Letters::Folded);
        // Nearly every word finds itself, and comparing costs more than all the rest.
        let others_of_word = units.iter().filter_map(|unit| plain.get(unit.as_str()));
        let by_word =
            others_of_word.filter(|cover| !std::ptr::eq(cover.node, *node)).find(|cover| cover.includes(node));
        let Some(cover) = by_word.or_else(|| others.iter().find(|cover| cover.includes(node))) else { continue };
        let title = format!("`{}` includes `{}`", short(&cover.node.to_string()), short(&node.to_string()));
        findings.add(
            Diagnostic::warning(codes::COVERED_TERM, title)
                .label(node.span, "adds nothing")
                .label(cover.node.span, "includes it")
                .help("delete the one that is included, or the wider one if it is too wide"),
        );
    }
}

/// The word of a term that is one word, in one piece.
fn single(node: &Node) -> Option<&Word> {
    let word = match &node.kind {
        NodeKind::Atom(Atom::Word(word)) => word,
        NodeKind::Atom(Atom::Phrase(parts)) => match parts.as_slice() {
            [PhrasePart::Word(word)] => word,
            _ => return None,
        },
        _ => return None,
    };
    word.text.chars().all(|c| c.is_alphanumeric() || matches!(c, '*' | '?')).then_some(word)
}

/// The words that must all be there for a term to be found, folded; patterns are left out.
fn units(node: &Node, letters: Letters) -> Vec<String> {
    let mut words: Vec<&Word> = Vec::new();
    match &node.kind {
        NodeKind::Atom(Atom::Word(word)) => words.push(word),
        NodeKind::Atom(Atom::Phrase(parts)) => words.extend(parts.iter().filter_map(|part| match part {
            PhrasePart::Word(word) => Some(word),
            PhrasePart::Any => None,
        })),
        _ => {}
    }
    words
        .into_iter()
        .filter(|word| word.form != WordForm::Stem)
        .flat_map(|word| word.text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '*' | '?' | '_'))))
        .filter(|unit| !unit.is_empty())
        .map(|unit| letters.of(unit))
        .collect()
}

/// Whether every word that `text` (a word, or itself a pattern) stands for fits `pattern`. A star of `text` fits only a
/// star, a `?` also a `?`.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if (*c == '?' && text[t] != '*') || (*c == text[t] && *c != '*') => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((star_p, star_t)) => {
                    star = Some((star_p, star_t + 1));
                    p = star_p + 1;
                    t = star_t + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// What an AND asks for and excludes, that of the groups in it included.
fn conjuncts<'n>(parts: &'n [Node], found: &mut Vec<&'n Node>) {
    for part in parts {
        match &part.kind {
            NodeKind::And(inner) => conjuncts(inner, found),
            _ => found.push(part),
        }
    }
}

/// `a AND NOT a`.
fn contradiction(parts: &[Node], findings: &Findings) {
    let mut all = Vec::new();
    conjuncts(parts, &mut all);
    let mut wanted: HashMap<String, Span> = HashMap::new();
    for part in all.iter().filter(|part| !matches!(part.kind, NodeKind::Not(_))) {
        wanted.insert(key(part, Letters::Folded), part.span);
        // What stands in the title stands in the text.
        if let NodeKind::Scope { scope: Scope::Lede | Scope::Field(Field::Title | Field::Summary | Field::Body), of } =
            &part.kind
        {
            wanted.entry(key(of, Letters::Folded)).or_insert(part.span);
        }
    }
    for part in all {
        let NodeKind::Not(of) = &part.kind else { continue };
        let branches: &[Node] = match &of.kind {
            NodeKind::Or(branches) => branches,
            _ => std::slice::from_ref(of),
        };
        for branch in branches {
            if let Some(wanted) = wanted.get(&key(branch, Letters::Folded)) {
                let title =
                    format!("this can never match: `{}` is both asked for and excluded", short(&branch.to_string()));
                findings.add(
                    Diagnostic::warning(codes::NEVER, title)
                        .label(branch.span, "excluded here")
                        .label(*wanted, "asked for here")
                        .help("take one of them out"),
                );
            }
        }
    }
}

/// Topics that can't match, and those that always do.
fn never(topic: &TopicDef, trees: &Trees, findings: &Findings) {
    if let (Some(matches), Some(except)) = (&trees.matches, &trees.except) {
        let branches: &[Node] = match &except.kind {
            NodeKind::Or(branches) => branches,
            _ => std::slice::from_ref(except),
        };
        let wanted: Vec<String> = match &matches.kind {
            NodeKind::And(parts) => {
                parts.iter().chain(std::iter::once(matches)).map(|part| key(part, Letters::Folded)).collect()
            }
            _ => vec![key(matches, Letters::Folded)],
        };
        if let Some(branch) = branches.iter().find(|branch| wanted.contains(&key(branch, Letters::Folded))) {
            let title = format!("the topic `{}` can never match: `except` takes away what `match` asks for", topic.id);
            findings.add(
                Diagnostic::warning(codes::NEVER, title)
                    .label(branch.span, "excluded here")
                    .label(matches.span, "asked for here")
                    .help("narrow `except`: name only what is unwanted"),
            );
        }
    }
    if topic.score.is_empty() {
        return;
    }
    let (least, most) = score_range(&topic.score);
    if let (Some(threshold), Some(most)) = (topic.threshold, most)
        && most < threshold
    {
        let title = format!(
            "the topic `{}` can never match: its score reaches at most {most}, `threshold` is {threshold}",
            topic.id
        );
        findings.add(
            Diagnostic::warning(codes::NEVER, title)
                .label(topic.span, "")
                .help("lower `threshold`, or let the parts add more"),
        );
    }
    if let (Some(threshold), None, Some(least)) = (topic.threshold, &topic.matches, least)
        && threshold <= least
    {
        let title = format!(
            "the topic `{}` always matches: its score is never below {least}, `threshold` is {threshold}",
            topic.id
        );
        findings.add(
            Diagnostic::warning(codes::ALWAYS, title).label(topic.span, "").help("raise `threshold`, or add a `match`"),
        );
    }
    if let (SeverityDef::ByScore(levels), Some(most)) = (&topic.severity, most)
        && topic.threshold.is_none_or(|threshold| most >= threshold)
        && let Some((level, score)) = levels.iter().find(|(_, score)| *score > most)
    {
        let title = format!("severity `{level}` is never reached: it needs {score}, the score reaches at most {most}");
        findings.add(
            Diagnostic::warning(codes::NEVER, title)
                .label(topic.span, "")
                .help("lower the level, or let the parts add more"),
        );
    }
}

/// The least and the most that a score can be; `None` where there is no bound.
fn score_range(score: &[ScoreDef]) -> (Option<i64>, Option<i64>) {
    let mut range = (Some(0_i64), Some(0_i64));
    for part in score {
        let bound = if part.each { part.max.filter(|max| max.signum() == part.add.signum()) } else { Some(part.add) };
        let side = if part.add < 0 { &mut range.0 } else { &mut range.1 };
        *side = side.zip(bound).map(|(sum, bound)| sum.saturating_add(bound));
    }
    range
}

/// Which concepts have terms in which languages.
struct Languages<'a> {
    concepts: &'a BTreeMap<String, ConceptDef>,
    damaged: &'a HashSet<Span>,
    known: HashMap<(String, Lang), bool>,
}

impl Languages<'_> {
    /// Reports concepts of a topic that have lists, but none for a language that the topic asks for.
    fn missing(&mut self, topic: &TopicDef, trees: &Trees, findings: &Findings) {
        let Some(filter) = &topic.filter else { return };
        let mut names: BTreeMap<&str, Span> = BTreeMap::new();
        for tree in trees.matches.iter().chain(&trees.score) {
            tree.walk(&mut |node| {
                if let NodeKind::Atom(Atom::Concept(name)) = &node.kind {
                    names.entry(name).or_insert(node.span);
                }
            });
        }
        for (name, span) in names {
            let missing: Vec<String> = filter
                .languages
                .iter()
                .filter(|lang| !self.covers(name, **lang, 0))
                .map(|lang| format!("`{lang}`"))
                .collect();
            if !missing.is_empty() {
                let title =
                    format!("the concept `{name}` has no terms in {}, which this topic asks for", missing.join(", "));
                findings.add(Diagnostic::warning(codes::MISSING_LANGUAGE, title).label(span, "").help(format!(
                    "add a list to `[concept.{name}]`, or put terms that are the same everywhere into `any`"
                )));
            }
        }
    }

    /// Whether a concept has terms for a language. One that has only `any` needs no lists: names are names everywhere.
    fn covers(&mut self, name: &str, lang: Lang, depth: usize) -> bool {
        const DEEPEST: usize = 32;
        let Some(concept) = self.concepts.get(name) else { return true };
        if depth > DEEPEST || self.damaged.contains(&concept.span) {
            return true;
        }
        if let Some(known) = self.known.get(&(name.to_owned(), lang)) {
            return *known;
        }
        // Where concepts lead back to themselves, the way back adds nothing.
        self.known.insert((name.to_owned(), lang), false);
        let mut inner: Vec<&str> = Vec::new();
        let mut own = false;
        for term in concept.any.iter().chain(concept.lists.get(&lang).into_iter().flatten()) {
            match &term.kind {
                NodeKind::Atom(Atom::Concept(name)) => inner.push(name),
                _ => own = true,
            }
        }
        let listed = concept.lists.get(&lang).is_some_and(|list| !list.is_empty());
        let covers =
            listed || (own && concept.lists.is_empty()) || inner.iter().any(|name| self.covers(name, lang, depth + 1));
        self.known.insert((name.to_owned(), lang), covers);
        covers
    }
}

fn short(text: &str) -> String {
    const MOST: usize = 60;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST - 2).chain(" …".chars()).collect()
}
