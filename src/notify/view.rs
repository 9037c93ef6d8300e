//! A notice as it is shown: every text cleaned and cut to a sane length, links checked, times readable, excerpts of the
//! same sentence joined. Mail templates and chat formats draw from this and from nothing else, so that foreign text is
//! made safe to read in one place; escaping for its own syntax is left to each of them.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{
    AlertNotice, AlertReason, Change, Excerpt, Field, Lang, Notice, NoticeKind, OtherArticle, Passage, Severity,
    TextStatus, Timestamp,
};

use super::clean::{Link, line, lines, link, piece, shorten};

/// Longest headline shown, in characters.
const TITLE: usize = 300;
/// Longest summary shown, in characters.
const SUMMARY: usize = 600;
/// Longest name of a source, topic or concept shown, in characters.
const NAME: usize = 100;
/// Most excerpts shown of one article; the notice has up to 20 and many are of one sentence.
const EXCERPTS: usize = 6;
/// Most places of an edit shown.
const CHANGES: usize = 8;
/// Longest part of an edited place shown, in characters.
const CHANGE: usize = 300;
/// Words before or after a hit from which on they are taken to be cut from something longer, in characters. The
/// excerpt's own window is 60, less what it takes to begin at a word.
const CUT: usize = 40;

/// A whole notice.
#[derive(Debug, Clone, Serialize)]
pub(super) struct NoticeView {
    /// One line that says it all, without the topic.
    pub(super) title: String,
    /// Digest or quiet hours; false for one alert.
    pub(super) gathered: bool,
    /// What gathered them; empty for one alert.
    pub(super) gathered_by: &'static str,
    /// The highest severity among the alerts.
    pub(super) severity: SeverityView,
    /// By topic, the most severe first.
    pub(super) topics: Vec<TopicView>,
    /// Number of alerts.
    pub(super) count: usize,
}

/// The alerts of one topic.
#[derive(Debug, Clone, Serialize)]
pub(super) struct TopicView {
    pub(super) id: String,
    pub(super) name: String,
    /// The most severe first, then the oldest.
    pub(super) alerts: Vec<AlertView>,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct SeverityView {
    /// The word.
    pub(super) word: &'static str,
    /// The word in capitals for what needs attention, else empty.
    pub(super) mark: &'static str,
    /// Its colour on white, `#rrggbb`.
    pub(super) color: &'static str,
    #[serde(skip)]
    pub(super) level: Severity,
}

impl From<Severity> for SeverityView {
    fn from(level: Severity) -> Self {
        // Contrast with white is at least 4.5:1 (WCAG 2.1 AA) for all of them.
        let (mark, color) = match level {
            Severity::Info => ("", "#5f6b7a"),
            Severity::Notice => ("", "#1f5fa8"),
            Severity::High => ("HIGH", "#b45309"),
            Severity::Urgent => ("URGENT", "#b3261e"),
        };
        Self { word: level.as_str(), mark, color, level }
    }
}

/// A time, for machines and for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct TimeView {
    pub(super) iso: String,
    /// `Sun 22 Nov 2026, 14:05 UTC`
    pub(super) text: String,
}

impl From<Timestamp> for TimeView {
    fn from(time: Timestamp) -> Self {
        Self { iso: time.to_string(), text: time.to_chrono().format("%a %-d %b %Y, %H:%M UTC").to_string() }
    }
}

/// One alert.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AlertView {
    pub(super) id: String,
    /// vedetta's own trouble, not an article.
    pub(super) health: bool,
    pub(super) severity: SeverityView,
    pub(super) topic_id: String,
    pub(super) topic: String,
    /// Headline; never empty.
    pub(super) title: String,
    /// The same, with the words that matched; one part where none did.
    pub(super) title_parts: Vec<Part>,
    pub(super) link: Option<Link>,
    pub(super) source: String,
    /// The language's tag for `lang=`; empty where it is not known.
    pub(super) lang: String,
    /// The language's English name; empty where it is not known.
    pub(super) language: String,
    pub(super) published: Option<TimeView>,
    pub(super) seen: TimeView,
    pub(super) delayed: bool,
    /// Paragraphs.
    pub(super) summary: Vec<String>,
    pub(super) excerpts: Vec<ExcerptView>,
    /// Hits that are not shown.
    pub(super) more_excerpts: usize,
    /// What an edit altered.
    pub(super) changes: Vec<ChangeView>,
    /// Altered places that are not shown.
    pub(super) more_changes: u32,
    /// Said where the article was edited, or less than the whole of it was matched; else empty.
    pub(super) text_note: String,
    pub(super) others: Vec<OtherView>,
    /// Outlets of the story that are not listed.
    pub(super) more_others: usize,
    pub(super) languages: Vec<String>,
    /// Why it was raised, as the end of “You get this because …”.
    pub(super) because: &'static str,
}

/// Words in their context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ExcerptView {
    /// `headline`, `text`, …
    pub(super) place: &'static str,
    /// In order; `hit` marks the words that matched.
    pub(super) parts: Vec<Part>,
    /// What they stand for: concepts, or the rule's own words. Without repetition.
    pub(super) reasons: Vec<String>,
}

/// A stretch of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) hit: bool,
}

/// A place that was edited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ChangeView {
    /// `headline`, `text`, …
    pub(super) place: &'static str,
    pub(super) before: String,
    pub(super) removed: String,
    pub(super) added: String,
    pub(super) after: String,
}

/// Another article of the story.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OtherView {
    pub(super) title: String,
    pub(super) link: Option<Link>,
    pub(super) source: String,
    pub(super) lang: String,
    pub(super) language: String,
    pub(super) published: Option<TimeView>,
}

impl NoticeView {
    /// Prepares a notice.
    pub(super) fn new(notice: &Notice) -> Self {
        let mut by_topic: BTreeMap<&str, Vec<&AlertNotice>> = BTreeMap::new();
        for alert in &notice.alerts {
            by_topic.entry(alert.topic.id.as_str()).or_default().push(alert);
        }
        let mut topics: Vec<_> = by_topic.into_values().collect();
        for alerts in &mut topics {
            // Stable: the oldest first among equals, as they come.
            alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
        }
        topics.sort_by_key(|alerts| {
            (std::cmp::Reverse(alerts.first().map(|alert| alert.severity)), std::cmp::Reverse(alerts.len()))
        });
        let topics: Vec<_> = topics
            .into_iter()
            .filter_map(|alerts| {
                let topic = &alerts.first()?.topic;
                let name = name(&topic.name, topic.id.as_str());
                let id = topic.id.to_string();
                Some(TopicView { id, name, alerts: alerts.into_iter().map(AlertView::new).collect() })
            })
            .collect();
        let severity = notice.alerts.iter().map(|alert| alert.severity).max().unwrap_or_default();
        let gathered_by = match notice.kind {
            NoticeKind::Alert => "",
            NoticeKind::Digest => "digest",
            NoticeKind::QuietHours => "quiet hours",
        };
        let mut view = Self {
            title: String::new(),
            gathered: notice.kind != NoticeKind::Alert || notice.alerts.len() > 1,
            gathered_by,
            severity: severity.into(),
            topics,
            count: notice.alerts.len(),
        };
        view.title = view.title();
        view
    }

    /// All alerts, by topic.
    pub(super) fn alerts(&self) -> impl Iterator<Item = &AlertView> {
        self.topics.iter().flat_map(|topic| &topic.alerts)
    }

    /// A mail's subject: topic, mark and headline; for a gathering what there is of what.
    pub(super) fn subject(&self) -> String {
        let subject = match (self.gathered, self.alerts().next()) {
            (false, Some(alert)) => {
                let mark = if alert.severity.mark.is_empty() { "" } else { ": " };
                format!("[{}] {}{mark}{}", shorten(&alert.topic, 60), alert.severity.mark, alert.title)
            }
            _ => format!("[vedetta] {}", self.title),
        };
        shorten(&subject, 180)
    }

    fn title(&self) -> String {
        if !self.gathered {
            return self.alerts().next().map_or_else(String::new, |alert| alert.title.clone());
        }
        let marked = [Severity::Urgent, Severity::High].map(|level| {
            match self.alerts().filter(|alert| alert.severity.level == level).count() {
                0 => String::new(),
                n => format!(", {n} {level}"),
            }
        });
        let topics = self.topics.iter().map(|topic| match topic.alerts.len() {
            1 => topic.name.clone(),
            n => format!("{} ({n})", topic.name),
        });
        let plural = if self.count == 1 { "" } else { "s" };
        let held = if self.gathered_by == "quiet hours" { " from the quiet hours" } else { "" };
        let topics = topics.collect::<Vec<_>>().join(", ");
        format!("{} alert{plural}{held}{}: {topics}", self.count, marked.concat())
    }
}

impl AlertView {
    fn new(alert: &AlertNotice) -> Self {
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

fn name(name: &str, id: &str) -> String {
    let name = shorten(&line(name), NAME);
    if name.is_empty() { id.to_owned() } else { name }
}

fn text_note(status: TextStatus, error: Option<&str>) -> String {
    if status != TextStatus::Failed {
        return String::new();
    }
    let error = shorten(&line(error.unwrap_or("the page could not be fetched")), 200);
    format!("Matched on the summary only: {error}")
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

const fn place(field: Field) -> &'static str {
    match field {
        Field::Title => "headline",
        Field::Summary => "summary",
        Field::Body => "text",
        Field::Author => "author",
        Field::Tag => "tag",
        Field::Source => "source",
        Field::Url => "link",
    }
}

/// The headline with its hits, where an excerpt has the whole of it.
fn title_parts(title: &str, excerpts: &[ExcerptView]) -> Vec<Part> {
    let whole =
        |excerpt: &&ExcerptView| excerpt.parts.iter().map(|part| part.text.as_str()).collect::<String>() == title;
    match excerpts.iter().filter(|excerpt| excerpt.place == "headline").find(whole) {
        Some(excerpt) => excerpt.parts.clone(),
        None => vec![Part { text: title.to_owned(), hit: false }],
    }
}

fn excerpts(alert: &AlertNotice) -> (Vec<ExcerptView>, usize) {
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

/// A language's English name (ISO 639-1 as the Library of Congress names it, shortened); the code in capitals where we
/// have none.
fn language(lang: Lang) -> String {
    let name = match lang.as_str() {
        "af" => "Afrikaans",
        "am" => "Amharic",
        "ar" => "Arabic",
        "az" => "Azerbaijani",
        "be" => "Belarusian",
        "bg" => "Bulgarian",
        "bn" => "Bengali",
        "bs" => "Bosnian",
        "ca" => "Catalan",
        "cs" => "Czech",
        "da" => "Danish",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "et" => "Estonian",
        "eu" => "Basque",
        "fa" => "Persian",
        "fi" => "Finnish",
        "fr" => "French",
        "ga" => "Irish",
        "gl" => "Galician",
        "he" => "Hebrew",
        "hi" => "Hindi",
        "hr" => "Croatian",
        "hu" => "Hungarian",
        "hy" => "Armenian",
        "id" => "Indonesian",
        "is" => "Icelandic",
        "it" => "Italian",
        "ja" => "Japanese",
        "ka" => "Georgian",
        "kk" => "Kazakh",
        "km" => "Khmer",
        "ko" => "Korean",
        "ku" => "Kurdish",
        "ky" => "Kyrgyz",
        "lo" => "Lao",
        "lt" => "Lithuanian",
        "lv" => "Latvian",
        "mk" => "Macedonian",
        "mn" => "Mongolian",
        "mr" => "Marathi",
        "ms" => "Malay",
        "mt" => "Maltese",
        "my" => "Burmese",
        "nb" | "nn" | "no" => "Norwegian",
        "ne" => "Nepali",
        "nl" => "Dutch",
        "pa" => "Punjabi",
        "pl" => "Polish",
        "ps" => "Pashto",
        "pt" => "Portuguese",
        "ro" => "Romanian",
        "ru" => "Russian",
        "si" => "Sinhala",
        "sk" => "Slovak",
        "sl" => "Slovenian",
        "so" => "Somali",
        "sq" => "Albanian",
        "sr" => "Serbian",
        "sv" => "Swedish",
        "sw" => "Swahili",
        "ta" => "Tamil",
        "te" => "Telugu",
        "tg" => "Tajik",
        "th" => "Thai",
        "tk" => "Turkmen",
        "tl" => "Tagalog",
        "tr" => "Turkish",
        "uk" => "Ukrainian",
        "ur" => "Urdu",
        "uz" => "Uzbek",
        "vi" => "Vietnamese",
        "zh" => "Chinese",
        code => return code.to_ascii_uppercase(),
    };
    name.to_owned()
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

    #[test]
    fn a_gathering_is_ordered_by_severity_and_its_title_counts() {
        let view = NoticeView::new(&samples::digest());
        let severities: Vec<_> = view.alerts().map(|alert| alert.severity.level).collect();
        assert_eq!(severities.first(), Some(&Severity::Urgent));
        assert!(view.subject().starts_with("[vedetta] 5 alerts, 1 urgent, 1 high: "), "{}", view.subject());
    }

    #[test]
    fn a_page_that_could_not_be_had_is_said_so() {
        assert_eq!(text_note(TextStatus::Page, None), "");
        assert_eq!(
            text_note(TextStatus::Failed, Some("the server answered\r\n403 Forbidden")),
            "Matched on the summary only: the server answered 403 Forbidden"
        );
    }
}
