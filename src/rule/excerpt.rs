//! Hits with the words around them, for people.

use super::document::Document;
use crate::model::{Evidence, Excerpt};
use crate::text::reading::readable;

/// At most so many excerpts go with a match.
const MOST: usize = 20;

/// Characters of context on each side.
const CONTEXT: usize = 60;

/// The hits worth showing, in the order of the text. Where there are too many, every atom shows its first hit before any
/// shows its second; of hits that overlap the longest stands for all.
#[must_use]
pub(super) fn excerpts(document: &Document<'_>, evidence: &[Evidence]) -> Vec<Excerpt> {
    let mut order: Vec<&Evidence> = evidence.iter().collect();
    order.sort_by_key(|hit| (hit.field, hit.start, std::cmp::Reverse(hit.end)));
    let mut apart: Vec<&Evidence> = Vec::new();
    for hit in order {
        if apart.last().is_none_or(|last| last.field != hit.field || last.end <= hit.start) {
            apart.push(hit);
        }
    }
    let mut times: std::collections::BTreeMap<(&str, Option<&str>), usize> = std::collections::BTreeMap::new();
    let mut ranked: Vec<(usize, usize)> = apart
        .iter()
        .enumerate()
        .map(|(index, hit)| {
            let seen = times.entry((hit.atom.as_str(), hit.concept.as_deref())).or_default();
            *seen += 1;
            (*seen, index)
        })
        .collect();
    ranked.sort_unstable();
    ranked.truncate(MOST);
    let mut chosen: Vec<usize> = ranked.into_iter().map(|(_, index)| index).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|index| excerpt(document, apart[index])).collect()
}

/// One hit with its context.
#[must_use]
pub(super) fn excerpt<'t>(document: &'t Document<'_>, hit: &Evidence) -> Excerpt {
    let text = document.text(hit.field);
    let (start, end) = (hit.start as usize, hit.end as usize);
    let shown = |text: Option<&'t str>| readable(hit.field, text.unwrap_or(""));
    Excerpt {
        field: hit.field,
        text: one_line(&shown(text.get(start..end))),
        before: before(&shown(text.get(..start))),
        after: after(&shown(text.get(end..))),
        atom: hit.atom.clone(),
        concept: hit.concept.clone(),
    }
}

fn before(text: &str) -> String {
    let text = text.rsplit("\n\n").next().unwrap_or("");
    let mut start = text.char_indices().rev().nth(CONTEXT - 1).map_or(0, |(at, _)| at);
    let cuts_word = text[..start].chars().next_back().is_some_and(char::is_alphanumeric);
    if cuts_word && let Some(space) = text[start..].find(char::is_whitespace) {
        start += space;
    }
    one_line(&text[start..]).trim_start().to_owned()
}

fn after(text: &str) -> String {
    let text = text.split("\n\n").next().unwrap_or("");
    let mut end = text.char_indices().nth(CONTEXT).map_or(text.len(), |(at, _)| at);
    let cuts_word = text[end..].chars().next().is_some_and(char::is_alphanumeric);
    if cuts_word && let Some(space) = text[..end].rfind(char::is_whitespace) {
        end = space;
    }
    one_line(&text[..end]).trim_end().to_owned()
}

/// Line breaks and tabs as spaces, runs of them as one; what stands at the ends stays as one space.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_whitespace() {
            line.push(c);
        } else if !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_cut_at_words_and_stays_in_its_paragraph() {
        let text = "An earlier paragraph.\n\nThe ministry of foreign affairs in the capital said on the record that ";
        let shown = before(text);
        assert!(shown.chars().count() <= CONTEXT, "{shown}");
        assert_eq!(shown, "of foreign affairs in the capital said on the record that ");
        assert_eq!(before("one.\n\nTwo "), "Two ");
        assert_eq!(after(" a\nb\n\nc"), " a b");
        let after = after(&" word".repeat(30));
        assert!(after.ends_with("word") && after.chars().count() <= CONTEXT);
    }

    #[test]
    fn context_without_spaces_is_cut_at_characters() {
        assert_eq!(before(&"俄".repeat(100)).chars().count(), CONTEXT);
        assert_eq!(after(&"俄".repeat(100)).chars().count(), CONTEXT);
    }
}
