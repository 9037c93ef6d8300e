//! What an outlet altered in an article: its words before and after, compared.
//!
//! In: the text as it was and the article as it is. Out: the places that changed, as a reader would want them shown.
//! Words are compared (in scripts without spaces, characters) by Myers' algorithm (“An O(ND) difference algorithm and its
//! variations”, 1986), from the `similar` crate. Places that only one or two words keep apart are shown as one.

use std::ops::Range;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::model::{Article, Change, Field, Passage, PriorText, TextStatus, Timestamp};
use crate::text::segment::pieces;

/// Places kept.
const MOST_PASSAGES: usize = 20;
/// Words of a field that are compared. A guess: longer than any news article.
const MOST_WORDS: usize = 8_000;
/// Characters of context on either side.
const CONTEXT: usize = 60;
/// Characters kept of what was removed or added in one place.
const MOST_SHOWN: usize = 600;
/// Equal words between two places that are shown as one.
const BRIDGE: usize = 2;
/// After this the comparison gets coarser, never wrong: hostile texts could keep it busy.
const DEADLINE: Duration = Duration::from_millis(50);

/// What changed between `prior` and `article`; `None` where a reader would see no difference. Bodies are compared only
/// where both come from the feed, or both from the page taken apart.
#[must_use]
pub fn change(prior: &PriorText, article: &Article, at: Timestamp) -> Option<Change> {
    let deadline = Instant::now() + DEADLINE;
    let mut passages = compare(Field::Title, &prior.title, &article.title, deadline);
    let title_before = (!passages.is_empty()).then(|| prior.title.clone());
    let mut texts = compare(Field::Summary, &prior.summary, &article.summary, deadline);
    // What stands around a page's article changes by itself.
    if prior.text_status == article.text_status && article.text_status != TextStatus::Rough {
        // A summary is often the body's beginning: the same edit is told once.
        for passage in compare(Field::Body, &prior.body, &article.body, deadline) {
            if !texts.iter().any(|known| known.removed == passage.removed && known.added == passage.added) {
                texts.push(passage);
            }
        }
    }
    passages.append(&mut texts);
    if passages.is_empty() {
        return None;
    }
    let more = u32::try_from(passages.len().saturating_sub(MOST_PASSAGES)).unwrap_or(u32::MAX);
    passages.truncate(MOST_PASSAGES);
    Some(Change { at, title_before, passages, more })
}

fn compare(field: Field, old: &str, new: &str, deadline: Instant) -> Vec<Passage> {
    if old == new {
        return Vec::new();
    }
    let (old, new) = (Words::of(old), Words::of(new));
    let operations = capture_diff_slices_deadline(Algorithm::Myers, &old.keys(), &new.keys(), Some(deadline));
    places(&operations)
        .into_iter()
        .map(|(removed, added)| Passage {
            field,
            before: new.before(added.start),
            removed: shorten(old.slice(&removed)),
            added: shorten(new.slice(&added)),
            after: new.after(added.end),
        })
        .collect()
}

/// The ranges of words that differ, in the old and in the new text.
fn places(operations: &[DiffOp]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut places: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for operation in operations {
        let (tag, old, new) = operation.as_tag_tuple();
        if tag == similar::DiffTag::Equal {
            continue;
        }
        match places.last_mut() {
            Some((last_old, last_new)) if new.start - last_new.end <= BRIDGE && old.start - last_old.end <= BRIDGE => {
                last_old.end = old.end;
                last_new.end = new.end;
            }
            _ => places.push((old, new)),
        }
    }
    places
}

/// A text and where its words begin; each word reaches to the next one, so that punctuation counts.
struct Words<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Words<'t> {
    fn of(text: &'t str) -> Self {
        let mut starts: Vec<usize> = pieces(text).map(|piece| piece.start).take(MOST_WORDS + 1).collect();
        let text = match starts.get(MOST_WORDS) {
            Some(end) => &text[..*end],
            None => text,
        };
        starts.truncate(MOST_WORDS);
        match starts.first_mut() {
            Some(first) => *first = 0,
            None if !text.trim().is_empty() => starts.push(0),
            None => {}
        }
        Self { text, starts }
    }

    fn end(&self, word: usize) -> usize {
        self.starts.get(word + 1).copied().unwrap_or(self.text.len())
    }

    fn keys(&self) -> Vec<&'t str> {
        (0..self.starts.len()).map(|word| self.text[self.starts[word]..self.end(word)].trim()).collect()
    }

    fn slice(&self, words: &Range<usize>) -> &'t str {
        match (self.starts.get(words.start), words.is_empty()) {
            (Some(start), false) => &self.text[*start..self.end(words.end - 1)],
            _ => "",
        }
    }

    /// The words before one, back to a word's beginning, on its line.
    fn before(&self, word: usize) -> String {
        let end = self.starts.get(word).copied().unwrap_or(self.text.len());
        let from = (0..word).rev().take_while(|word| self.text[self.starts[*word]..end].chars().count() <= CONTEXT);
        let start = from.last().map_or(end, |word| self.starts[word]);
        let context = &self.text[start..end];
        context.rsplit('\n').find(|line| !line.trim().is_empty()).unwrap_or("").trim_start().to_owned()
    }

    /// The words from one on, up to a word's end, on its line.
    fn after(&self, word: usize) -> String {
        let Some(start) = self.starts.get(word).copied() else { return String::new() };
        let upto = (word..self.starts.len())
            .take_while(|word| self.text[start..self.end(*word)].trim_end().chars().count() <= CONTEXT);
        let end = upto.last().map_or(start, |word| self.end(word));
        self.text[start..end].split('\n').find(|line| !line.trim().is_empty()).unwrap_or("").trim_end().to_owned()
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}… ", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArticleId, FeedId};
    use crate::text::budget::Stopwatch;

    fn article(title: &str, body: &str) -> Article {
        Article {
            id: ArticleId::derive(&["a"]),
            feed: FeedId::derive(&["f"]),
            feed_name: "Lanterna".into(),
            url: None,
            title: title.into(),
            summary: String::new(),
            body: body.into(),
            text_status: TextStatus::Feed,
            text_error: None,
            lang: None,
            declared_lang: None,
            source: "lanterna.example".into(),
            author: None,
            tags: vec![],
            published: None,
            updated: None,
            fetched_at: Timestamp::EPOCH,
            content_hash: 0,
        }
    }

    fn prior(title: &str, body: &str) -> PriorText {
        PriorText { title: title.into(), summary: String::new(), body: body.into(), text_status: TextStatus::Feed }
    }

    fn shown(before: (&str, &str), after: (&str, &str)) -> Vec<String> {
        let found = change(&prior(before.0, before.1), &article(after.0, after.1), Timestamp::EPOCH);
        found.map_or_else(Vec::new, |change| {
            change
                .passages
                .iter()
                .map(|p| format!("{}: {}[-{}-]{{+{}+}}{}", p.field, p.before, p.removed, p.added, p.after))
                .collect()
        })
    }

    #[test]
    fn words_that_changed_are_shown_in_their_context() {
        assert_eq!(
            shown(
                ("Attacco a Odessa, 5 morti", "Cinque persone sono morte.\n\nLe ricerche continuano."),
                ("Attacco a Odessa, 9 morti", "Nove persone sono morte.\n\nLe ricerche sono finite.")
            ),
            [
                "title: Attacco a Odessa, [-5 -]{+9 +}morti",
                "body: [-Cinque -]{+Nove +}persone sono morte.",
                "body: Le ricerche [-continuano.-]{+sono finite.+}",
            ]
        );
    }

    #[test]
    fn every_script_has_words_to_compare() {
        assert_eq!(shown(("中俄海军今天演习", ""), ("中俄海军明天演习", "")), ["title: 中俄海军[-今-]{+明+}天演习"]);
        assert_eq!(
            shown(("Россия испытала ракету", ""), ("Россия не испытала ракету", "")),
            ["title: Россия [--]{+не +}испытала ракету"]
        );
        assert_eq!(shown(("مقتل خمسة جنود", ""), ("مقتل تسعة جنود", "")), ["title: مقتل [-خمسة -]{+تسعة +}جنود"]);
        assert_eq!(shown(("防衛省が発表した", ""), ("防衛省が発表", "")), ["title: 防衛省が発表[-した-]{++}"]);
    }

    #[test]
    fn blanks_and_another_origin_of_the_text_are_no_change() {
        assert_eq!(shown(("A  b", "c\n\nd"), ("A b", "c d")), Vec::<String>::new());
        let page = Article { text_status: TextStatus::Page, ..article("A", "the whole page") };
        assert_eq!(change(&prior("A", "a teaser"), &page, Timestamp::EPOCH), None);
    }

    #[test]
    fn a_rewritten_article_is_told_within_bounds() {
        let words =
            |seed: usize| (0..20_000).map(|n| format!("w{} ", (n * 7919 + seed * n) % 10_007)).collect::<String>();
        let started = Stopwatch::start();
        let found = change(&prior("a", &words(1)), &article("b", &words(2)), Timestamp::EPOCH).expect("a change");
        assert!(found.passages.len() <= MOST_PASSAGES);
        assert!(found.passages.iter().all(|passage| passage.removed.chars().count() <= MOST_SHOWN + 2));
        assert_eq!(found.title_before.as_deref(), Some("a"));
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }

    #[test]
    fn an_edit_in_summary_and_body_is_told_once() {
        let before = PriorText { summary: "Due navi partite.".into(), ..prior("T", "Due navi partite. Altro.") };
        let after = Article { summary: "Tre navi partite.".into(), ..article("T", "Tre navi partite. Altro.") };
        assert_eq!(change(&before, &after, Timestamp::EPOCH).expect("a change").passages.len(), 1);
    }
}
