//! Feeds that are cut off before their end. What came whole is taken in like any news; the rest of the poll counts as
//! failed: nothing is remembered by which the next answer could pass for known, the feed is asked again soon, and its
//! operator hears of it once it has lasted.

use std::sync::Arc;

use crate::fetch::{self, PollEnd};
use crate::model::{Feed, FeedState, FeedTrouble, Timestamp, Validators};
use crate::store::{PollCommit, StoreError};
use crate::telemetry::PollOutcome;

use super::entries::Intake;
use super::gap;
use super::health;
use super::poll::{ReadFeed, Trouble, learn};
use super::{Line, Snapshot};

/// A feed that was never read whole is taken as new for so many answers: what is missing from them would pass for news
/// in the next, though it may be old.
const TAKEN_AS_NEW: u32 = 3;

/// What is wrong with a document that ends early, and what of it is whole. `reason`: how the connection ended, where that
/// is known.
pub(super) fn trouble(state: &FeedState, mut read: ReadFeed, reason: Option<String>) -> Trouble {
    read.parsed.ends_early = true;
    let whole = read.parsed.entries.len().saturating_sub(usize::from(read.parsed.last_is_part));
    let which = match (read.parsed.last_is_part, whole) {
        (true, 0) => "in the middle of its first entry".to_owned(),
        (true, whole) => format!("in the middle of an entry, after {whole} that came whole"),
        (false, 0) => "before its first entry is whole".to_owned(),
        (false, 1) => "after 1 entry, before its own end".to_owned(),
        (false, whole) => format!("after {whole} entries, before its own end"),
    };
    let of_sitemap = || read.parsed.warnings.iter().find(|warning| warning.contains("ends before")).cloned();
    let message = match (reason, &read.followed) {
        (Some(reason), _) => format!("{reason}; the document stops {which}"),
        (None, Some(_)) => of_sitemap().unwrap_or_else(|| "a sitemap that it lists is cut off".to_owned()),
        (None, None) => format!("the document stops {which}"),
    };
    read.parsed = read.parsed.whole_entries();
    read.identities = fetch::identify(&read.parsed);
    let end = PollEnd::CutOff { failures: state.failures.saturating_add(1) };
    let (outcome, kind) = (PollOutcome::CutOff, FeedTrouble::CutOff);
    Trouble { outcome, kind, message, end, front: None, part: Some(Box::new(read)) }
}

/// What another failure means for the next poll, where the answers before it were cut off but brought what they had: it is
/// the first of its kind. Counted with them, one bad answer after days of parts would silence the feed for a day.
pub(super) fn counted_anew(state: &mut FeedState, end: PollEnd) -> PollEnd {
    let again = match end {
        _ if !state.gave_a_part() => return end,
        PollEnd::Failed { retry_after, .. } => PollEnd::Failed { failures: 1, retry_after },
        PollEnd::Unreachable { .. } => PollEnd::Unreachable { failures: 1 },
        PollEnd::Succeeded | PollEnd::CutOff { .. } | PollEnd::Gone | PollEnd::NotTried => return end,
    };
    state.failures = 0;
    if let Some(excused) = &mut state.health.excused {
        excused.failures = 0;
    }
    again
}

/// Writes the whole entries of a feed that was cut off into the poll, before it is counted as failed.
pub(super) async fn take_in(
    line: &Arc<Line>,
    snapshot: &Arc<Snapshot>,
    feed: &Arc<Feed>,
    poll: &mut PollCommit,
    part: ReadFeed,
    now: Timestamp,
) -> Result<(), StoreError> {
    let ReadFeed { document, parsed, identities, followed, .. } = part;
    let is_first = poll.state.last_success_at.is_none();
    line.metrics.entries_read(parsed.entries.len());
    let (is_old, sitemaps) = followed.unzip();
    poll.sitemaps = sitemaps;
    poll.state.title = parsed.title.clone().or(poll.state.title.take());
    let mut intake = Intake::new(line, snapshot, feed, is_first, now);
    let mut page = intake.add(&parsed, &identities, is_old.as_deref()).await?;
    // Of a feed that is cut off once or twice, what seems to have scrolled past is likelier to come with the next answer.
    let stays_cut_off = poll.state.failures.saturating_add(1) >= TAKEN_AS_NEW;
    if stays_cut_off && poll.sitemaps.is_none() && gap::is_gap(&poll.state, &page) {
        let edge = gap::Edge { document: &document, parsed: &parsed, identities: &identities };
        let filled = gap::fill(&mut intake, line, snapshot, feed, &poll.state, edge, &mut page).await?;
        poll.sitemaps = filled.sitemaps;
        health::lost(snapshot, feed, poll, filled.lost, now);
    }
    poll.state.history.sequence = gap::counted(&identities).map(|(_, highest)| highest);
    intake.finish(poll).await;
    // The next answer is to be read in full, whatever its server says.
    poll.state.validators = Validators::default();
    poll.state.body_hash = None;
    if !is_first || poll.state.failures.saturating_add(1) >= TAKEN_AS_NEW {
        // The feed itself still holds what it held.
        let held = usize::try_from(poll.state.history.window).unwrap_or(0).max(parsed.entries.len());
        learn(feed, &mut poll.state, Some(&(held, page)), now);
        poll.state.last_success_at = Some(now);
    }
    Ok(())
}
