//! What a poll says about its feed's health: asks [`crate::alert`] whether the operator is to be told, and adds the
//! message to the poll, so that it is committed with what it speaks of.

use std::time::Duration;

use url::Url;

use crate::alert::{self, Failure, Gap, Subject};
use crate::fetch::{self, PollEnd};
use crate::model::{Feed, FeedState, HealthEvent, Timestamp};
use crate::store::PollCommit;

use super::Snapshot;
use super::entries::PageFound;
use super::line::Line;
use super::outlook::Darkness;
use super::poll::Trouble;

/// A poll that comes so much later than planned was held up: by a stop, or a network that was down.
const HELD_UP: Duration = Duration::from_secs(3600);

/// Where a feed is asked: where it has moved to, once that is settled; after a failure there, every other time where it
/// was.
pub(super) fn address(feed: &Feed, state: &FeedState) -> Url {
    // One that is cut off answers where it is.
    let is_there = state.failures.is_multiple_of(2) || state.gave_a_part();
    let moved = state.health.moved.as_ref().filter(|moved| moved.in_use && is_there);
    moved.and_then(|moved| Url::parse(&moved.to).ok()).unwrap_or_else(|| feed.url.clone())
}

fn subject<'a>(snapshot: &Snapshot, feed: &'a Feed, state: &'a FeedState) -> Subject<'a> {
    let name = feed.name.as_deref().or(state.title.as_deref()).unwrap_or_else(|| feed.host());
    Subject { feed, name, of_host: snapshot.feeds_of_host.get(feed.host()).copied().unwrap_or(1) }
}

fn tell(snapshot: &Snapshot, feed: &Feed, poll: &mut PollCommit, event: Option<HealthEvent>) {
    let Some(event) = event else { return };
    let severity = alert::health_severity(&event);
    poll.health.push(snapshot.desk.health_of(event, severity, &feed.labels, None));
}

/// What a poll that succeeded found.
#[derive(Debug)]
pub(super) struct Success<'a> {
    /// Where the feed was asked.
    pub(super) asked: &'a Url,
    /// Where its server says that it has moved for good.
    pub(super) moved_to: Option<&'a Url>,
    /// Its document, if that had changed.
    pub(super) page: Option<&'a PageFound>,
    /// What was lost since the poll before.
    pub(super) gap: Option<Gap>,
    /// When there was a new entry before this poll.
    pub(super) last_new: Option<Timestamp>,
}

/// Takes in a success: the end of a failure, silence, a move, a gap, another language. After the state has learned from
/// the poll, before its times move on.
pub(super) fn succeeded(
    snapshot: &Snapshot,
    feed: &Feed,
    poll: &mut PollCommit,
    success: &Success<'_>,
    now: Timestamp,
) {
    let mut state = poll.state.clone();
    let about = poll.state.clone();
    let subject = subject(snapshot, feed, &about);
    let settings = &snapshot.config.health;
    let recovered = alert::recovered(&mut state.health, subject, now);
    tell(snapshot, feed, poll, recovered);
    let to = success.moved_to.map(Url::as_str);
    let moved = alert::moved(&mut state.health, subject, to, *success.asked == feed.url, now);
    tell(snapshot, feed, poll, moved);
    let lost = success.gap.and_then(|gap| alert::lost(&mut state.health, subject, gap, now));
    tell(snapshot, feed, poll, lost);
    let is_silent = success.page.is_none_or(|page| page.new == 0);
    let silence = match (success.last_new, fetch::usual_silence(&state.history), fetch::stale_after(&state.history)) {
        (Some(last), Some(usual), Some(limit)) if is_silent => Some((last, usual, limit)),
        _ => None,
    };
    // What is not known to be silence does not end one either.
    if silence.is_some() || !is_silent {
        let silent = alert::silent(&mut state.health, settings, subject, silence, now);
        tell(snapshot, feed, poll, silent);
    }
    let languages: Vec<_> = poll.articles.iter().filter_map(|polled| polled.article.lang).collect();
    for language in languages {
        if let Some((before, after)) = fetch::learn_language(&mut state.history, language) {
            tell(snapshot, feed, poll, Some(alert::other_language(subject, before, after, now)));
        }
    }
    if let Some(last) = state.last_success_at {
        let interval = feed.interval.unwrap_or(snapshot.config.poll.interval);
        let was_out_of_sight = state.failures > 0 && now.since(last) >= HELD_UP + interval;
        if was_out_of_sight || now.since(state.next_poll_at) >= HELD_UP {
            state.late_at = Some(now);
        }
    }
    poll.state = state;
}

/// Takes in what scrolled past between two polls.
pub(super) fn lost(snapshot: &Snapshot, feed: &Feed, poll: &mut PollCommit, gap: Option<Gap>, now: Timestamp) {
    let about = poll.state.clone();
    let lost = gap.and_then(|gap| alert::lost(&mut poll.state.health, subject(snapshot, feed, &about), gap, now));
    tell(snapshot, feed, poll, lost);
}

/// Since when a feed fails by itself; this failure is counted already. What was not held against it is no sign that it failed
/// while others answered, and after that its next poll may be an hour away.
pub(super) fn own_since(state: &FeedState, now: Timestamp) -> Timestamp {
    let failing_since = state.failing_since.unwrap_or(now);
    match state.health.excused {
        None => failing_since,
        Some(excused) if state.failures <= excused.failures.saturating_add(1) => now,
        Some(excused) => failing_since.max(excused.at),
    }
}

/// Takes in a failure. Returns what is to be told of our own network rather than of the feed.
pub(super) fn failed(
    line: &Line,
    snapshot: &Snapshot,
    feed: &Feed,
    poll: &mut PollCommit,
    trouble: &Trouble,
    now: Timestamp,
) -> Option<Darkness> {
    let state = &mut poll.state;
    let failing_since = state.failing_since.unwrap_or(now);
    let unreachable = || match trouble.end {
        PollEnd::Unreachable { .. } => line.outlook.unreachable(feed.id, &feed.url, now),
        _ => None,
    };
    let own_since = own_since(state, now);
    let fronted = || line.outlook.fronted(feed.id, &feed.url, trouble.front.as_ref()?, own_since, now);
    if let Some(dark) = unreachable().or_else(fronted) {
        // Not held against the feed: its own time begins when others answer again.
        alert::excused(&mut state.health, state.failures, now);
        return Some(dark);
    }
    let about = state.clone();
    let failure =
        Failure { trouble: trouble.kind, message: &trouble.message, failures: state.failures, since: failing_since };
    let event =
        alert::failed(&mut state.health, &snapshot.config.health, subject(snapshot, feed, &about), failure, now);
    tell(snapshot, feed, poll, event);
    None
}
