//! A notice as it is shown: every text cleaned and cut to a sane length, links checked, times readable, excerpts of the
//! same sentence joined. Mail templates and chat formats draw from this and from nothing else, so that foreign text is
//! made safe to read in one place; escaping for its own syntax is left to each of them.

mod alert;
mod excerpts;
mod language;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::{AlertNotice, Field, Notice, NoticeKind, Severity, Timestamp};

use super::clean::{line, shorten};

pub(in crate::notify) use alert::AlertView;
pub(in crate::notify) use excerpts::{ExcerptView, Part};

/// Longest headline shown, in characters.
const TITLE: usize = 300;
/// Longest name of a source, topic or concept shown, in characters.
const NAME: usize = 100;

/// A whole notice.
#[derive(Debug, Clone, Serialize)]
pub(in crate::notify) struct NoticeView {
    /// One line that says it all, without the topic.
    pub(in crate::notify) title: String,
    /// Digest or quiet hours; false for one alert.
    pub(in crate::notify) gathered: bool,
    /// What gathered them; empty for one alert.
    pub(in crate::notify) gathered_by: &'static str,
    /// Why a flood's alerts are told together; empty for everything else.
    pub(in crate::notify) flood: String,
    /// The highest severity among the alerts.
    pub(in crate::notify) severity: SeverityView,
    /// By topic, the most severe first.
    pub(in crate::notify) topics: Vec<TopicView>,
    /// Number of alerts.
    pub(in crate::notify) count: usize,
}

/// The alerts of one topic.
#[derive(Debug, Clone, Serialize)]
pub(in crate::notify) struct TopicView {
    pub(in crate::notify) id: String,
    pub(in crate::notify) name: String,
    /// The most severe first, then the oldest.
    pub(in crate::notify) alerts: Vec<AlertView>,
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(in crate::notify) struct SeverityView {
    /// The word.
    pub(in crate::notify) word: &'static str,
    /// The word in capitals for what needs attention, else empty.
    pub(in crate::notify) mark: &'static str,
    /// Its colour on white, `#rrggbb`.
    pub(in crate::notify) color: &'static str,
    #[serde(skip)]
    pub(in crate::notify) level: Severity,
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
pub(in crate::notify) struct TimeView {
    pub(in crate::notify) iso: String,
    /// `Sun 22 Nov 2026, 14:05 UTC`
    pub(in crate::notify) text: String,
}

impl From<Timestamp> for TimeView {
    fn from(time: Timestamp) -> Self {
        Self { iso: time.to_string(), text: time.to_chrono().format("%a %-d %b %Y, %H:%M UTC").to_string() }
    }
}

impl NoticeView {
    /// Prepares a notice.
    pub(in crate::notify) fn new(notice: &Notice) -> Self {
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
            NoticeKind::Flood => "flood",
        };
        let flood = if notice.kind == NoticeKind::Flood { flood(&notice.alerts) } else { String::new() };
        let mut view = Self {
            title: String::new(),
            gathered: notice.kind != NoticeKind::Alert || notice.alerts.len() > 1,
            gathered_by,
            flood,
            severity: severity.into(),
            topics,
            count: notice.alerts.len(),
        };
        view.title = view.title();
        view
    }

    /// All alerts, by topic.
    pub(in crate::notify) fn alerts(&self) -> impl Iterator<Item = &AlertView> {
        self.topics.iter().flat_map(|topic| &topic.alerts)
    }

    /// A mail's subject: topic, mark and headline; for a gathering what there is of what.
    pub(in crate::notify) fn subject(&self) -> String {
        let subject = match (self.gathered, self.alerts().next()) {
            (false, Some(alert)) => {
                let mark = if alert.severity.mark.is_empty() { "" } else { ": " };
                format!("[{}] {}{mark}{}", shorten(&alert.topic, 60), alert.severity.mark, alert.title)
            }
            (true, Some(alert)) if !self.flood.is_empty() => {
                format!("[{}] {}", shorten(&alert.topic, 60), self.counted())
            }
            _ => format!("[vedetta] {}", self.title),
        };
        shorten(&subject, 180)
    }

    fn title(&self) -> String {
        if !self.gathered {
            return self.alerts().next().map_or_else(String::new, |alert| alert.title.clone());
        }
        let topics = self.topics.iter().map(|topic| match topic.alerts.len() {
            n if n == self.count || n == 1 => topic.name.clone(),
            n => format!("{} ({n})", topic.name),
        });
        format!("{}: {}", self.counted(), topics.collect::<Vec<_>>().join(", "))
    }

    /// `5 alerts, 1 urgent, 1 high`
    fn counted(&self) -> String {
        let marked = [Severity::Urgent, Severity::High].map(|level| {
            match self.alerts().filter(|alert| alert.severity.level == level).count() {
                0 => String::new(),
                n => format!(", {n} {level}"),
            }
        });
        let plural = if self.count == 1 { "" } else { "s" };
        let more = if self.flood.is_empty() { "" } else { "more " };
        let held = if self.gathered_by == "quiet hours" { " from the quiet hours" } else { "" };
        format!("{} {more}alert{plural}{held}{}", self.count, marked.concat())
    }
}

/// Why a flood's alerts are told together, and when they came.
fn flood(alerts: &[AlertNotice]) -> String {
    let times = || alerts.iter().map(|alert| alert.raised_at);
    let (Some(first), Some(last)) = (times().min(), times().max()) else { return String::new() };
    let text = |time: Timestamp| TimeView::from(time).text;
    let (first, last) = (text(first), text(last));
    let when = if first == last { first } else { format!("{first} to {last}") };
    format!("So many came at once that these are told together; none is left out ({when}).")
}

fn name(name: &str, id: &str) -> String {
    let name = shorten(&line(name), NAME);
    if name.is_empty() { id.to_owned() } else { name }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::samples;

    #[test]
    fn a_gathering_is_ordered_by_severity_and_its_title_counts() {
        let view = NoticeView::new(&samples::digest());
        let severities: Vec<_> = view.alerts().map(|alert| alert.severity.level).collect();
        assert_eq!(severities.first(), Some(&Severity::Urgent));
        assert!(view.subject().starts_with("[vedetta] 5 alerts, 1 urgent, 1 high: "), "{}", view.subject());
    }
}
