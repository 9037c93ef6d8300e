//! `[concept.NAME]`.

use std::collections::BTreeMap;

use crate::model::{Diagnostic, Lang};
use crate::settings::{Item, Spanned, TableReader, TextValue, as_list, codes as file_codes, nearest};

use super::super::ast::Node;
use super::super::check::{Loaded, User};
use super::super::codes;
use super::super::def::ConceptDef;
use super::super::iso639::language;
use super::super::parser::parse_term;
use super::usage::CONCEPT_NAMES;
use super::{bad_name, name_problem, take};

pub(super) fn read_concept(name: Spanned<String>, mut table: TableReader<'_>, loaded: &mut Loaded) {
    let user = User::Concept(name.value.clone());
    if let Some(problem) = name_problem(&name.value) {
        table.report(bad_name(problem, &name.value, name.span));
    }
    let note = table.string("note").map(|note| note.value);
    // What stands there and is no list of terms is reported as that.
    let mut written = 0;
    let mut any = Vec::new();
    if let Some(item) = table.value("any") {
        let texts = term_list(&table, "any", item, &mut written);
        any = read_terms(&table, &texts, &user, loaded);
    }
    let mut lists: BTreeMap<Lang, Vec<Node>> = BTreeMap::new();
    for (key, item) in table.take_rest() {
        let lang = language(&key.value);
        if let Err(help) = &lang {
            let known = CONCEPT_NAMES.iter().find(|(names, _)| names.contains(&key.value.as_str()));
            let help = match (known, nearest(&key.value, ["any", "note"])) {
                (Some((_, help)), _) => (*help).to_owned(),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => help.clone(),
            };
            let title = format!("`{}` is not a language", key.value);
            table.report(
                Diagnostic::error(codes::UNKNOWN_LANGUAGE, title)
                    .label(key.span, "expected a language, `any` or `note`")
                    .help(help),
            );
            if !matches!(item, Item::Array(..)) {
                written += 1;
                continue;
            }
        }
        let texts = term_list(&table, &key.value, item, &mut written);
        // Also under a key that is no language, for what is wrong in them.
        let nodes = read_terms(&table, &texts, &user, loaded);
        if let Ok(lang) = lang {
            lists.insert(lang, nodes);
        }
    }
    if table.is_damaged() {
        loaded.damage.tables.insert(name.span);
    } else if written == 0 {
        let title = format!("the concept `{}` has no terms", name.value);
        table.report(
            Diagnostic::error(codes::EMPTY_CONCEPT, title)
                .label(name.span, "")
                .help("give it lists of terms: `any = [\"NATO\"]`, `it = [\"Alleanza atlantica\"]`"),
        );
    }
    table.finish();
    if let Some(first) = loaded.concepts.get(&name.value) {
        let title = format!("the concept `{}` is defined twice", name.value);
        return loaded.late.push(
            Diagnostic::error(codes::DUPLICATE_CONCEPT, title)
                .label(name.span, "again here")
                .label(first.span, "first here")
                .help("rename one of them, or put all terms into one"),
        );
    }
    let concept = ConceptDef { name: name.value.clone(), any, lists, note, span: name.span };
    loaded.concepts.insert(name.value, concept);
}

fn read_terms(table: &TableReader<'_>, texts: &[TextValue], user: &User, loaded: &mut Loaded) -> Vec<Node> {
    let mut nodes = Vec::with_capacity(texts.len());
    for text in texts {
        let parsed = parse_term(&text.text, &|range| text.span_of(range), &loaded.regexes);
        nodes.extend(take(parsed, text, table, user, false, loaded));
    }
    nodes
}

/// The strings of a list of terms. `written` grows by what stands in it, right or wrong.
fn term_list(table: &TableReader<'_>, key: &str, item: Item<'_>, written: &mut usize) -> Vec<TextValue> {
    let wrong = |item: &Item<'_>, title: String, help: String| {
        table.report(Diagnostic::error(file_codes::WRONG_TYPE, title).label(item.span(), "").help(help));
    };
    let shown = |item: &Item<'_>| table.source().text.get(item.span().range()).unwrap_or("").to_owned();
    match item {
        Item::Array(items, _) => {
            let mut texts = Vec::with_capacity(items.len());
            *written += items.len();
            for item in items {
                match item {
                    Item::Text(text) => texts.push(text),
                    other => {
                        let title = format!("`{key}` must be a list of terms, found {} in it", other.kind());
                        let help = match &other {
                            Item::Array(..) => "write all terms in one list, without brackets inside it".to_owned(),
                            Item::Table(_) => "write each term as a string: `[\"NATO\", \"iron dome\"]`".to_owned(),
                            _ => format!("write \"{}\"", shown(&other)),
                        };
                        wrong(&other, title, help);
                    }
                }
            }
            texts
        }
        Item::Text(text) => {
            *written += 1;
            let help = format!("write {}", as_list(&text.text));
            // Of several in one string, none is read: that they are one is told already.
            let texts = if help.contains("\", \"") { Vec::new() } else { vec![text.clone()] };
            wrong(&Item::Text(text), format!("`{key}` must be a list of terms, found a string"), help);
            texts
        }
        other => {
            *written += 1;
            let help = match &other {
                Item::Table(_) => {
                    "lists of languages stand beside each other: `any = [\"NATO\"]`, `it = [\"Alleanza atlantica\"]`"
                        .to_owned()
                }
                other => format!("write [\"{}\"]", shown(other)),
            };
            wrong(&other, format!("`{key}` must be a list of terms, found {}", other.kind()), help);
            Vec::new()
        }
    }
}
