//! Terms of which any will do: the same twice, and what another one includes.

use std::collections::{HashMap, HashSet};

use crate::model::{Diagnostic, Span};
use crate::rule::ast::{Atom, Node, NodeKind, PhrasePart, Word, WordForm};
use crate::rule::codes;
use crate::settings::Findings;
use crate::text::normalize::fold;
use crate::text::segment::is_unspaced;

use super::short;

/// Terms of which any will do: the same twice, and what another one includes. `also` applies together with `list`.
pub(super) fn same_list(list: &[&Node], also: &[&Node], findings: &Findings) {
    let twice = duplicates(list, also, findings);
    covered(list, also, &twice, findings);
}

/// Reports what stands twice; where the second ones stand.
pub(super) fn duplicates(list: &[&Node], also: &[&Node], findings: &Findings) -> HashSet<Span> {
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
pub(super) enum Letters {
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
pub(super) fn key(node: &Node, letters: Letters) -> String {
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
