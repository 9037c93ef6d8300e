//! Excerpts: hits with their words around them, those of one stretch of text joined.

use serde::Serialize;

use crate::model::{AlertNotice, Excerpt, Field};

use super::super::clean::{line, piece, shorten};
use super::{NAME, place};

/// Most excerpts shown of one article; the notice has up to 20 and many are of one sentence.
const EXCERPTS: usize = 6;
/// Words before or after a hit from which on they are taken to be cut from something longer, in characters. The
/// excerpt's own window is 60, less what it takes to begin at a word.
const CUT: usize = 40;

/// Words in their context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::notify) struct ExcerptView {
    /// `headline`, `text`, …
    pub(in crate::notify) place: &'static str,
    /// In order; `hit` marks the words that matched.
    pub(in crate::notify) parts: Vec<Part>,
    /// What they stand for: concepts, or the rule's own words. Without repetition.
    pub(in crate::notify) reasons: Vec<String>,
}

/// A stretch of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::notify) struct Part {
    pub(in crate::notify) text: String,
    pub(in crate::notify) hit: bool,
}

/// The headline with its hits, where an excerpt has the whole of it.
pub(super) fn title_parts(title: &str, excerpts: &[ExcerptView]) -> Vec<Part> {
    let whole =
        |excerpt: &&ExcerptView| excerpt.parts.iter().map(|part| part.text.as_str()).collect::<String>() == title;
    match excerpts.iter().filter(|excerpt| excerpt.place == "headline").find(whole) {
        Some(excerpt) => excerpt.parts.clone(),
        None => vec![Part { text: title.to_owned(), hit: false }],
    }
}

pub(super) fn excerpts(alert: &AlertNotice) -> (Vec<ExcerptView>, usize) {
    let mut joined: Vec<Joined> = Vec::new();
    for excerpt in &alert.article.matched {
        let next = Joined::new(excerpt);
        if !joined.iter_mut().any(|one| one.take_in(&next)) {
            joined.push(next);
        }
    }
    let shown = joined.iter().take(EXCERPTS).map(|one| one.view(alert)).collect();
    (shown, joined.iter().skip(EXCERPTS).map(|one| one.hits.len()).sum())
}

/// Excerpts of one stretch of text.
#[derive(Debug, Clone)]
struct Joined {
    field: Field,
    text: String,
    /// Ranges of bytes in `text`, in order.
    hits: Vec<std::ops::Range<usize>>,
    reasons: Vec<String>,
}

impl Joined {
    fn new(excerpt: &Excerpt) -> Self {
        let (before, hit) = (piece(&excerpt.before), piece(&excerpt.text));
        // Limits of our own: a notice is data from the database.
        let before: String = before.chars().rev().take(200).collect::<Vec<_>>().into_iter().rev().collect();
        let hit = shorten(&hit, 200);
        let after: String = piece(&excerpt.after).chars().take(200).collect();
        let range = before.len()..before.len() + hit.len();
        let reason = match &excerpt.concept {
            Some(concept) => concept,
            None => &excerpt.atom,
        };
        let reasons = vec![shorten(&line(reason), NAME)];
        Self { field: excerpt.field, text: before + &hit + &after, hits: vec![range], reasons }
    }

    /// Takes in another excerpt whose hit lies in our text, if it really is the same stretch: what stands before it here
    /// and there must end alike, and what stands after it must begin alike.
    fn take_in(&mut self, other: &Self) -> bool {
        let Some(hit) = other.hits.first() else { return false };
        if other.field != self.field || hit.is_empty() {
            return false;
        }
        let (before, word, after) = (&other.text[..hit.start], &other.text[hit.clone()], &other.text[hit.end..]);
        let Some(at) = self.text.match_indices(word).map(|(at, _)| at).find(|&at| {
            let (left, right) = (&self.text[..at], &self.text[at + word.len()..]);
            (left.ends_with(before) || before.ends_with(left)) && (right.starts_with(after) || after.starts_with(right))
        }) else {
            return false;
        };
        let hit = at..at + word.len();
        let rest = self.text.len() - hit.end;
        if let Some(more) = after.get(rest..) {
            self.text.push_str(more);
        }
        let mut shift = 0;
        if before.len() > at {
            shift = before.len() - at;
            self.text.insert_str(0, &before[..shift]);
        }
        let mut hits: Vec<_> = self.hits.iter().chain([&hit]).map(|one| one.start + shift..one.end + shift).collect();
        hits.sort_by_key(|one| (one.start, one.end));
        self.hits = hits.into_iter().fold(Vec::new(), |mut merged: Vec<std::ops::Range<usize>>, one| {
            match merged.last_mut() {
                Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
                _ => merged.push(one),
            }
            merged
        });
        for reason in &other.reasons {
            if !self.reasons.contains(reason) {
                self.reasons.push(reason.clone());
            }
        }
        true
    }

    fn view(&self, alert: &AlertNotice) -> ExcerptView {
        let whole = match self.field {
            Field::Title => Some(line(&alert.article.title)),
            Field::Summary => Some(line(&alert.article.summary)),
            _ => None,
        };
        let starts = whole.as_ref().is_some_and(|whole| whole.starts_with(self.text.trim()));
        let ends = whole.as_ref().is_some_and(|whole| whole.ends_with(self.text.trim()));
        let mut parts = Vec::new();
        let mut push = |text: &str, hit| {
            if !text.is_empty() {
                parts.push(Part { text: text.to_owned(), hit });
            }
        };
        let mut at = 0;
        for hit in &self.hits {
            push(&self.text[at..hit.start], false);
            push(&self.text[hit.clone()], true);
            at = hit.end;
        }
        push(&self.text[at..], false);
        let cut = |part: Option<&Part>| part.is_some_and(|part| !part.hit && part.text.chars().count() >= CUT);
        let (cut_before, cut_after) = (cut(parts.first()) && !starts, cut(parts.last()) && !ends);
        if let Some(first) = parts.first_mut() {
            first.text = first.text.trim_start().to_owned();
            if cut_before {
                first.text.insert_str(0, "… ");
            }
        }
        if let Some(last) = parts.last_mut() {
            last.text.truncate(last.text.trim_end().len());
            if cut_after {
                last.text.push_str(" …");
            }
        }
        ExcerptView {
            place: place(self.field),
            parts,
            reasons: self.reasons.iter().filter(|reason| !reason.is_empty()).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::samples;

    fn shown(excerpt: &ExcerptView) -> String {
        excerpt.parts.iter().map(|part| if part.hit { format!("[{}]", part.text) } else { part.text.clone() }).collect()
    }

    #[test]
    fn two_hits_in_one_sentence_are_shown_as_one_sentence() {
        let mut alert = samples::italian();
        alert.article.title = "La difesa missilistica europea cresce".into();
        let excerpt = |before: &str, text: &str, after: &str, concept: &str| Excerpt {
            field: Field::Title,
            text: text.into(),
            before: before.into(),
            after: after.into(),
            atom: "x*".into(),
            concept: Some(concept.into()),
        };
        alert.article.matched = vec![
            excerpt("La ", "difesa", " missilistica", "defence"),
            excerpt("difesa ", "missilistica", " europea cresce", "missile"),
            excerpt("La difesa missilistica ", "europea", " cresce", "defence"),
        ];
        let (excerpts, more) = excerpts(&alert);
        assert_eq!(more, 0);
        assert_eq!(excerpts.len(), 1);
        assert_eq!(shown(&excerpts[0]), "La [difesa] [missilistica] [europea] cresce");
        assert_eq!(excerpts[0].reasons, ["defence", "missile"]);
    }

    #[test]
    fn the_same_word_in_two_places_stays_two_excerpts() {
        let mut alert = samples::italian();
        let excerpt = |before: &str, after: &str| Excerpt {
            field: Field::Body,
            text: "导弹".into(),
            before: before.into(),
            after: after.into(),
            atom: "导弹".into(),
            concept: None,
        };
        alert.article.matched = vec![excerpt("试射了一枚", "，并"), excerpt("新型", "系统")];
        assert_eq!(
            excerpts(&alert).0.iter().map(shown).collect::<Vec<_>>(),
            ["试射了一枚[导弹]，并", "新型[导弹]系统"]
        );
    }
}
