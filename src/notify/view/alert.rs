//! One alert as it is shown.

use serde::Serialize;

use crate::model::{AlertNotice, AlertReason, Change, OtherArticle, Passage, TextStatus};

use super::super::clean::{Link, line, lines, link, piece, shorten};
use super::excerpts::{ExcerptView, Part, excerpts, title_parts};
use super::language::language;
use super::{NAME, SeverityView, TITLE, TimeView, name, place};

/// Longest summary shown, in characters.
const SUMMARY: usize = 600;
/// Most places of an edit shown.
const CHANGES: usize = 8;
/// Longest part of an edited place shown, in characters.
const CHANGE: usize = 300;

/// One alert.
#[derive(Debug, Clone, Serialize)]
pub(in crate::notify) struct AlertView {
    pub(in crate::notify) id: String,
    /// vedetta's own trouble, not an article.
    pub(in crate::notify) health: bool,
    pub(in crate::notify) severity: SeverityView,
    pub(in crate::notify) topic_id: String,
    pub(in crate::notify) topic: String,
    /// Headline; never empty.
    pub(in crate::notify) title: String,
    /// The same, with the words that matched; one part where none did.
    pub(in crate::notify) title_parts: Vec<Part>,
    pub(in crate::notify) link: Option<Link>,
    pub(in crate::notify) source: String,
    /// The language's tag for `lang=`; empty where it is not known.
    pub(in crate::notify) lang: String,
    /// The language's English name; empty where it is not known.
    pub(in crate::notify) language: String,
    pub(in crate::notify) published: Option<TimeView>,
    pub(in crate::notify) seen: TimeView,
    pub(in crate::notify) delayed: bool,
    /// Paragraphs.
    pub(in crate::notify) summary: Vec<String>,
    pub(in crate::notify) excerpts: Vec<ExcerptView>,
    /// Hits that are not shown.
    pub(in crate::notify) more_excerpts: usize,
    /// What an edit altered.
    pub(in crate::notify) changes: Vec<ChangeView>,
    /// Altered places that are not shown.
    pub(in crate::notify) more_changes: u32,
    /// Said where the article was edited, or less than the whole of it was matched; else empty.
    pub(in crate::notify) text_note: String,
    pub(in crate::notify) others: Vec<OtherView>,
    /// Outlets of the story that are not listed.
    pub(in crate::notify) more_others: usize,
    pub(in crate::notify) languages: Vec<String>,
    /// Why it was raised, as the end of “You get this because …”.
    pub(in crate::notify) because: &'static str,
}

/// A place that was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(in crate::notify) struct ChangeView {
    /// `headline`, `text`, …
    pub(in crate::notify) place: &'static str,
    pub(in crate::notify) before: String,
    pub(in crate::notify) removed: String,
    pub(in crate::notify) added: String,
    pub(in crate::notify) after: String,
}

/// Another article of the story.
#[derive(Debug, Clone, Serialize)]
pub(in crate::notify) struct OtherView {
    pub(in crate::notify) title: String,
    pub(in crate::notify) link: Option<Link>,
    pub(in crate::notify) source: String,
    pub(in crate::notify) lang: String,
    pub(in crate::notify) language: String,
    pub(in crate::notify) published: Option<TimeView>,
}

impl AlertView {
    pub(super) fn new(alert: &AlertNotice) -> Self {
        let article = &alert.article;
        let health = alert.reason == AlertReason::Health;
        let title = shorten(&line(&article.title), TITLE);
        let summary = {
            let text = lines(&article.summary).join("\n");
            // A health alert's text is ours and wanted whole.
            let text = shorten(&text, if health { 4_000 } else { SUMMARY });
            text.split('\n').map(str::to_owned).filter(|line| health || !line.is_empty()).collect::<Vec<_>>()
        };
        let summary =
            if summary.len() == 1 && (summary[0].is_empty() || summary[0] == title) { Vec::new() } else { summary };
        let title = if title.is_empty() { "(no headline)".to_owned() } else { title };
        let (excerpts, more_excerpts) = excerpts(alert);
        let others: Vec<_> = alert.others.iter().map(OtherView::new).collect();
        let listed = others.len() + 1;
        let story = alert.story.as_ref();
        Self {
            id: alert.id.to_string(),
            health,
            severity: alert.severity.into(),
            topic_id: alert.topic.id.to_string(),
            topic: name(&alert.topic.name, alert.topic.id.as_str()),
            title_parts: title_parts(&title, &excerpts),
            title,
            link: article.url.as_deref().and_then(link),
            source: shorten(&line(&article.source), NAME),
            lang: article.lang.map(|lang| lang.to_string()).unwrap_or_default(),
            language: article.lang.map(language).unwrap_or_default(),
            published: article.published.map(TimeView::from),
            seen: article.seen.into(),
            delayed: alert.delayed,
            summary,
            excerpts,
            more_excerpts,
            text_note: [
                edit_note(alert.change.as_ref()),
                text_note(article.text_status, article.text_error.as_deref()),
            ]
            .into_iter()
            .filter(|note| !note.is_empty())
            .collect::<Vec<_>>()
            .join(". "),
            more_changes: alert.change.as_ref().map_or(0, more_changes),
            changes: alert
                .change
                .iter()
                .flat_map(|change| &change.passages)
                .take(CHANGES)
                .map(ChangeView::new)
                .collect(),
            others,
            more_others: story.map_or(0, |story| (story.size as usize).saturating_sub(listed)),
            languages: story.map(|story| story.languages.iter().copied().map(language).collect()).unwrap_or_default(),
            because: match alert.reason {
                AlertReason::NewStory => "it opens a new story on the topic",
                AlertReason::Every => "every article of a story is wanted for the topic",
                AlertReason::Changed => "an edited article matches the topic",
                AlertReason::Health => "vedetta itself needs attention",
            },
        }
    }
}

impl ChangeView {
    fn new(passage: &Passage) -> Self {
        let shown = |text: &str| shorten(&piece(text), CHANGE);
        Self {
            place: place(passage.field),
            before: shown(&passage.before),
            removed: shown(&passage.removed),
            added: shown(&passage.added),
            after: shown(&passage.after),
        }
    }
}

fn more_changes(change: &Change) -> u32 {
    change.more + u32::try_from(change.passages.len().saturating_sub(CHANGES)).unwrap_or(0)
}

impl OtherView {
    fn new(other: &OtherArticle) -> Self {
        let title = shorten(&line(&other.title), TITLE);
        Self {
            title: if title.is_empty() { "(no headline)".to_owned() } else { title },
            link: other.url.as_deref().and_then(link),
            source: shorten(&line(&other.source), NAME),
            lang: other.lang.map(|lang| lang.to_string()).unwrap_or_default(),
            language: other.lang.map(language).unwrap_or_default(),
            published: other.published.map(TimeView::from),
        }
    }
}

fn text_note(status: TextStatus, error: Option<&str>) -> String {
    let (what, reason) = match status {
        TextStatus::Failed => ("Matched on the summary only", "the page could not be fetched"),
        TextStatus::Rough => {
            ("Matched on the page's whole text, menus and teasers included", "the page could not be taken apart")
        }
        TextStatus::Feed | TextStatus::Pending | TextStatus::Page => return String::new(),
    };
    format!("{what}: {}", shorten(&line(error.unwrap_or(reason)), 200))
}

fn edit_note(change: Option<&Change>) -> String {
    let Some(change) = change else { return String::new() };
    match change.title_before.as_deref().map(|title| shorten(&line(title), TITLE)) {
        Some(title) if !title.is_empty() => format!("Edited; the headline was “{title}”"),
        _ => match change.passages.len() + change.more as usize {
            1 => "Edited in one place".to_owned(),
            places => format!("Edited in {places} places"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_could_not_be_had_is_said_so() {
        assert_eq!(text_note(TextStatus::Page, None), "");
        assert_eq!(
            text_note(TextStatus::Failed, Some("the server answered\r\n403 Forbidden")),
            "Matched on the summary only: the server answered 403 Forbidden"
        );
        assert_eq!(
            text_note(TextStatus::Rough, None),
            "Matched on the page's whole text, menus and teasers included: the page could not be taken apart"
        );
    }
}
