//! `[concept.NAME]`.

use std::collections::BTreeMap;

use crate::model::{Diagnostic, Lang};
use crate::settings::{Item, Spanned, TableReader, TextValue, codes as file_codes, nearest};

use super::super::ast::Node;
use super::super::check::{Loaded, User};
use super::super::codes;
use super::super::def::ConceptDef;
use super::super::iso639::language;
use super::super::parser::parse_term;
use super::{bad_name, name_problem, take};

pub(super) fn read_concept(name: Spanned<String>, mut table: TableReader<'_>, loaded: &mut Loaded) {
    let user = User::Concept(name.value.clone());
    if let Some(problem) = name_problem(&name.value) {
        table.report(bad_name(problem, &name.value, name.span));
    }
    let note = table.string("note").map(|note| note.value);
    let is_given = table.key_span("any").is_some();
    let any = table.texts("any");
    // What stands there and is no list of terms is reported as that.
    let mut written = any.as_ref().map_or(usize::from(is_given), Vec::len);
    let any = any.unwrap_or_default();
    let any = read_terms(&table, &any, &user, loaded);
    let mut lists: BTreeMap<Lang, Vec<Node>> = BTreeMap::new();
    for (key, item) in table.take_rest() {
        let lang = language(&key.value);
        if let Err(help) = &lang {
            let help = match nearest(&key.value, ["any", "note"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => help.clone(),
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
        let is_wrong = match &item {
            Item::Array(items, _) => items.iter().any(|item| !matches!(item, Item::Text(_))),
            _ => true,
        };
        let texts = term_list(&table, &key.value, item);
        written += texts.len() + usize::from(is_wrong);
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

/// The strings of a list whose key is free.
fn term_list(table: &TableReader<'_>, key: &str, item: Item<'_>) -> Vec<TextValue> {
    let wrong = |item: &Item<'_>, title: String, help: Option<String>| {
        let mut diagnostic = Diagnostic::error(file_codes::WRONG_TYPE, title).label(item.span(), "");
        diagnostic.help.extend(help);
        table.report(diagnostic);
    };
    match item {
        Item::Array(items, _) => {
            let mut texts = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    Item::Text(text) => texts.push(text),
                    other => {
                        let title = format!("`{key}` must be a list of terms, found {} in it", other.kind());
                        let written = table.source().text.get(other.span().range()).unwrap_or("").to_owned();
                        let plain =
                            matches!(other, Item::Integer(_) | Item::Float(_) | Item::Bool(_) | Item::Datetime(_));
                        wrong(&other, title, plain.then(|| format!("write \"{written}\"")));
                    }
                }
            }
            texts
        }
        Item::Text(text) => {
            let help = format!("write [\"{}\"]", text.text.replace('"', "\\\""));
            wrong(&Item::Text(text.clone()), format!("`{key}` must be a list of terms, found a string"), Some(help));
            vec![text]
        }
        other => {
            let title = format!("`{key}` must be a list of terms, found {}", other.kind());
            wrong(&other, title, None);
            Vec::new()
        }
    }
}
