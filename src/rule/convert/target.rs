//! What fields and commands do to their operand.

use std::ops::Range;

use super::codes;
use super::dialect::Target;
use super::notes::Notes;
use super::term::{for_words, shown};
use super::tree::{Kind, Tree};
use crate::model::{Field, Lang};
use crate::rule::ast::{Atom, PhrasePart, Scope, Word, WordForm};
use crate::rule::iso639::language;

/// Applies a field or command to its operand. `at` is where all of it stands, its name first.
pub(super) fn apply(
    target: Target,
    name: &str,
    sign: char,
    mut of: Tree,
    at: Range<usize>,
    text: &str,
    notes: &mut Notes,
) -> Tree {
    let head = at.start..(at.start + name.len()).min(text.len());
    match target {
        Target::Scope(scope, note) => {
            if let Some(note) = note {
                notes.warn_once(codes::FIELD, &format!("`{name}` became `{}:`: {note}", scope.as_str()), "", &head);
            }
            if !matches!(scope, Scope::Lede | Scope::Field(Field::Title | Field::Summary | Field::Body)) {
                of.map_atoms(&mut |atom, _| for_words(atom, &mut unstem));
            }
            Tree::new(Kind::Scoped { scope, of: Box::new(of) }, at)
        }
        Target::Language => match languages(&of) {
            Some(languages) => Tree::new(Kind::Languages(languages), at),
            None => Tree::lost(
                format!("`{}`, a language", shown(text.get(at.clone()).unwrap_or(name))),
                "name languages by their two letters in `languages` of [topic.where]",
                at,
            ),
        },
        Target::Words { more_than } => {
            // Of a command the comparison stands inside: `LENGTH(>500)`.
            let compared = text.get(at.clone()).unwrap_or("");
            let is_less = sign == '<' || (sign == '(' && compared.contains('<'));
            let is_more = sign == '>' || (sign == '(' && compared.contains('>'));
            let more_than = more_than || (is_more && !compared.contains(['=', '≥']));
            match number(&of) {
                Some(count) if !is_less => {
                    let count = count.saturating_add(u32::from(more_than)).min(1_000_000);
                    Tree::new(Kind::MinWords(count), at)
                }
                _ => Tree::lost(
                    format!("`{}`, a longest length", shown(text.get(at.clone()).unwrap_or(name))),
                    "rules only know a shortest: `min_words` in [topic.where]",
                    at,
                ),
            }
        }
        Target::Exact => recase(of, name, "case and accents as written", &head, notes, &str::to_owned),
        Target::AllCapitals => recase(of, name, "the term in capitals", &head, notes, &str::to_uppercase),
        Target::NoCapitals => recase(of, name, "the term in small letters", &head, notes, &str::to_lowercase),
        Target::Capital => {
            let capitals =
                recase(of.clone(), name, "the term with a capital first, or all capitals", &head, notes, &capital);
            let mut all = of;
            exact(&mut all, &str::to_uppercase);
            // One letter is both.
            let same = format!("{:?}", capitals.kind) == format!("{:?}", all.kind);
            if same { capitals } else { Tree::any(vec![capitals.clone(), all]).unwrap_or(capitals) }
        }
        Target::Plural => {
            of.map_atoms(&mut |atom, at| {
                for_words(atom, &mut |word| {
                    if word.form == WordForm::Stem {
                        word.form = WordForm::Folded;
                    }
                    if word.form == WordForm::Folded && word.text.is_ascii() && !word.text.ends_with(['s', 'S']) {
                        let plural = plural(&word.text);
                        let title = format!("`{name}` of `{}` became the word `{plural}`", word.text);
                        notes.warn(codes::FORMS, title, "irregular plurals are to be written out", at);
                        word.text = plural;
                    }
                });
            });
            of
        }
        Target::Singular => {
            of.map_atoms(&mut |atom, _| for_words(atom, &mut unstem));
            notes.warn_once(codes::FORMS, &format!("`{name}` became the word as it is written"), "", &head);
            of
        }
        Target::Lost(what, help) => {
            Tree::lost(format!("`{}`, {what}", shown(text.get(at.clone()).unwrap_or(name))), help, at)
        }
    }
}

fn unstem(word: &mut Word) {
    if word.form == WordForm::Stem {
        word.form = WordForm::Folded;
    }
}

fn plural(word: &str) -> String {
    let before_y = word.strip_suffix('y').filter(|rest| !rest.ends_with(['a', 'e', 'i', 'o', 'u']));
    match before_y {
        Some(rest) => format!("{rest}ies"),
        None if ["x", "ch", "sh", "z"].iter().any(|end| word.ends_with(end)) => format!("{word}es"),
        None => format!("{word}s"),
    }
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

fn exact(tree: &mut Tree, change: &dyn Fn(&str) -> String) {
    tree.map_atoms(&mut |atom, _| {
        for_words(atom, &mut |word| {
            word.text = change(&word.text);
            word.form = WordForm::Exact;
        });
    });
}

fn recase(
    mut of: Tree,
    name: &str,
    what: &str,
    head: &Range<usize>,
    notes: &mut Notes,
    change: &dyn Fn(&str) -> String,
) -> Tree {
    exact(&mut of, change);
    notes.warn_once(codes::CASE, &format!("`{name}` became `=`: {what}, with its accents"), "", head);
    of
}

/// The languages named by an operand: one, or several joined with OR.
fn languages(tree: &Tree) -> Option<Vec<Lang>> {
    match &tree.kind {
        Kind::Atom(atom) => word_of(atom).and_then(|word| lang(&word)).map(|lang| vec![lang]),
        Kind::Or(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(languages(part)?);
            }
            Some(all)
        }
        _ => None,
    }
}

fn word_of(atom: &Atom) -> Option<String> {
    match atom {
        Atom::Word(word) => Some(word.text.clone()),
        Atom::Phrase(parts) => match parts.as_slice() {
            [PhrasePart::Word(word)] => Some(word.text.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// A code of ISO 639-1, with or without a region, or a language's English name.
fn lang(word: &str) -> Option<Lang> {
    const NAMES: [(&str, &str); 30] = [
        ("english", "en"),
        ("italian", "it"),
        ("german", "de"),
        ("french", "fr"),
        ("spanish", "es"),
        ("portuguese", "pt"),
        ("russian", "ru"),
        ("ukrainian", "uk"),
        ("polish", "pl"),
        ("chinese", "zh"),
        ("japanese", "ja"),
        ("korean", "ko"),
        ("arabic", "ar"),
        ("turkish", "tr"),
        ("dutch", "nl"),
        ("swedish", "sv"),
        ("norwegian", "no"),
        ("danish", "da"),
        ("finnish", "fi"),
        ("czech", "cs"),
        ("slovak", "sk"),
        ("hungarian", "hu"),
        ("romanian", "ro"),
        ("bulgarian", "bg"),
        ("greek", "el"),
        ("hebrew", "he"),
        ("persian", "fa"),
        ("farsi", "fa"),
        ("hindi", "hi"),
        ("vietnamese", "vi"),
    ];
    let lower = word.to_lowercase();
    let first = lower.split(['-', '_']).next().unwrap_or("");
    // Factiva: `zhcn`, `zhtw`.
    let first = if first.starts_with("zh") { "zh" } else { first };
    let code = NAMES.iter().find(|(name, _)| *name == first).map_or(first, |(_, code)| *code);
    language(code).ok()
}

fn number(tree: &Tree) -> Option<u32> {
    match &tree.kind {
        Kind::Atom(atom) => word_of(atom)?.parse().ok(),
        _ => None,
    }
}
