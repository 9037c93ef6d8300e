//! Gaps: a document of which nothing is known means that entries may have come and gone between two polls. What older
//! pages of the feed still have, and else the news sitemap of its site, is taken in with the rest of the poll, in the same
//! transaction and by the same keys, so that nothing is told twice; what they don't have is estimated.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::alert::Gap;
use crate::fetch::{
    self, Document, EntryIdentity, FeedKind, Fetched, Kind, ParsedFeed, Request, older_page, usual_rate,
};
use crate::model::{Feed, FeedState, Timestamp};
use crate::store::{SitemapMemory, StoreError};

use super::entries::{Intake, PageFound};
use super::reconcile::{self, Site};
use super::{Line, Snapshot};

/// Older pages that are read for one gap. A guess: with ten entries a page, most of a day.
const PAGES: usize = 10;
/// And the time that they and the sitemaps may take: well within the feed's lease.
const TIME: Duration = Duration::from_secs(45);
/// A page may be dated so long before it stands in its feed. A guess.
const SLACK: Duration = Duration::from_secs(15 * 60);
/// How far back a feed's articles show in which sections of its site it is.
const LINKS_LEARNED: Duration = Duration::from_secs(14 * 24 * 3600);
/// Fewer entries prove nothing: a feed of one or two shows only the latest.
const LEAST: usize = 3;
/// An undated feed of which so many documents in a row are new throughout is one that changes its ids.
const CHANGES_IDS: u32 = 3;

/// Whether entries may be missing between the poll before and this document.
pub(super) fn is_gap(state: &FeedState, page: &PageFound) -> bool {
    let Some(since) = state.last_success_at else { return false };
    if page.known > 0 || page.new < LEAST || state.last_new_at.is_none() {
        return false;
    }
    if page.dates.len() * 2 < page.new {
        return state.history.strangers < CHANGES_IDS;
    }
    // A document whose entries reach back behind the poll before has other ids, not other entries; one whose entries are
    // all of one moment is replaced as a whole.
    let reach_back = page.dates.iter().filter(|date| **date <= since).count();
    let is_of_one_moment = page.dates.iter().min() == page.dates.iter().max();
    reach_back * 4 < page.dates.len() && !is_of_one_moment
}

/// A gap after everything was read that may fill it.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// What stays lost.
    pub(super) lost: Option<Gap>,
    /// What is to be remembered of the site's news sitemaps, if they were asked.
    pub(super) sitemaps: Option<Vec<SitemapMemory>>,
}

/// The document before which there is a gap.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge<'a> {
    pub(super) document: &'a Document,
    pub(super) parsed: &'a ParsedFeed,
    pub(super) identities: &'a [EntryIdentity],
}

/// Reads older pages until they meet what is known, else the news sitemaps of the site.
pub(super) async fn fill(
    intake: &mut Intake<'_>,
    line: &Line,
    snapshot: &Snapshot,
    feed: &Feed,
    state: &FeedState,
    edge: Edge<'_>,
    page: &mut PageFound,
) -> Result<Filled, StoreError> {
    let Edge { document, parsed, identities } = edge;
    let Some(since) = state.last_success_at else { return Ok(Filled::default()) };
    let mut visited: HashSet<Url> = HashSet::from([feed.url.clone(), document.final_url.clone()]);
    let mut older = older_page(&document.body, document.content_type.as_deref(), &document.final_url);
    let mut lowest = counted(identities).map(|(lowest, _)| lowest);
    let (mut recovered, deadline) = (0, Instant::now() + TIME);
    let mut meets = false;
    while let Some(url) = older.take().filter(|url| visited.len() <= PAGES + 1 && visited.insert(url.clone())) {
        let request = Request { url: &url, kind: Kind::Feed, validators: None };
        let Ok(Ok(Fetched::Document(document))) = timeout_at(deadline, snapshot.client.fetch(&request)).await else {
            break;
        };
        older = older_page(&document.body, document.content_type.as_deref(), &document.final_url);
        let parse = move || {
            let parsed =
                fetch::parse_feed(&document.body, document.content_type.as_deref(), &document.final_url).ok()?;
            let parsed = parsed.whole_entries();
            let identities = fetch::identify(&parsed);
            Some((parsed, identities))
        };
        let Ok(Some((parsed, identities))) = tokio::task::spawn_blocking(parse).await else { break };
        let found = intake.add(&parsed, &identities, None).await?;
        recovered += found.new;
        lowest = lowest.min(counted(&identities).map(|(lowest, _)| lowest));
        meets = found.known > 0 || found.dates.iter().any(|date| *date <= since);
        page.new += found.new;
        page.dates.extend(found.dates);
        // The same entries once more, or none: there is nothing further back.
        if meets || found.new == 0 {
            break;
        }
    }
    tracing::info!(feed.url = %feed.url, recovered, meets, "none of the feed's entries was known from the poll before");
    if meets {
        return Ok(Filled::default());
    }
    let mut filled = Filled::default();
    let known = line.store.links_since(feed.id, line.clock.now().before(LINKS_LEARNED)).await?;
    let mut left = reconcile::Left::default();
    if let Some(site) = Site::of(parsed, &known).filter(|_| parsed.kind != FeedKind::Sitemap) {
        // Some entries of a gap are older than the poll before it: dated back, or listed late.
        let fresh = page.dates.iter().copied().filter(|date| *date > since);
        let hole = (since.before(SLACK), fresh.min().unwrap_or_else(|| line.clock.now()));
        let before = line.store.sitemaps(feed.id).await?;
        let missing = estimate(feed, state, since, &page.dates, lowest);
        let mut found = reconcile::news_sitemaps(snapshot, &site, hole, missing, before, deadline).await;
        found.parsed.title = state.title.clone();
        left = found.left;
        let (listed, covers) = (found.parsed.entries.len(), found.covers);
        let found_now = intake.add_strangers(found.parsed).await?;
        filled.sitemaps = Some(found.memory);
        let new = found_now.new;
        tracing::info!(feed.url = %feed.url, listed, new, ?left, covers, "the site's news sitemaps were read");
        recovered += found_now.new;
        page.new += found_now.new;
        page.dates.extend(found_now.dates);
        let beyond = u32::try_from(left.beyond).unwrap_or(u32::MAX);
        if covers {
            let gap = Gap { since, missing: Some(beyond), recovered, left: left.of_others };
            filled.lost = (beyond > 0).then_some(gap);
            return Ok(filled);
        }
    }
    let missing = estimate(feed, state, since, &page.dates, lowest);
    let left = left.of_others + left.doubtful + left.beyond;
    filled.lost = (missing != Some(0)).then_some(Gap { since, missing, recovered, left });
    Ok(filled)
}

/// How many entries came between a poll and the oldest that is there now: by the feed's usual rate, else by how densely the
/// entries stand, else by the numbers that their ids count.
fn estimate(feed: &Feed, state: &FeedState, since: Timestamp, dates: &[Timestamp], lowest: Option<u64>) -> Option<u32> {
    let after: Vec<Timestamp> = dates.iter().copied().filter(|date| *date > since).collect();
    let (Some(oldest), Some(newest)) = (after.iter().min(), after.iter().max()) else {
        let skipped = lowest?.checked_sub(state.history.sequence?)?.saturating_sub(1);
        return u32::try_from(skipped).ok();
    };
    let hole = oldest.since(since).as_secs_f64() / 3600.0;
    let span = newest.since(*oldest).as_secs_f64() / 3600.0;
    let dense = (span > 0.0).then(|| (after.len() - 1) as f64 / span);
    let middle = since + oldest.since(since) / 2;
    let usual = usual_rate(&state.history, feed.zone.unwrap_or(chrono_tz::Tz::UTC), middle);
    // What overran the feed was no usual hour: the denser of the two is the likelier.
    let rate = usual
        .into_iter()
        .chain(dense)
        .fold(None, |most: Option<f64>, rate| Some(most.map_or(rate, |most| most.max(rate))));
    rate.map(|rate| (rate * hole).round().clamp(0.0, 1e6) as u32)
}

/// The lowest and highest number by which a document's entries count, if nearly all of them do.
pub(super) fn counted(identities: &[EntryIdentity]) -> Option<(u64, u64)> {
    let numbers: Vec<u64> = identities.iter().filter_map(|identity| last_number(&identity.natural)).collect();
    let do_count = !numbers.is_empty() && numbers.len() * 10 >= identities.len() * 9;
    do_count.then(|| Some((*numbers.iter().min()?, *numbers.iter().max()?))).flatten()
}

/// The last number of a text, 3 to 15 digits long: shorter ones are pages, longer ones hashes.
fn last_number(text: &str) -> Option<u64> {
    if !text.starts_with("guid:") && !text.starts_with("link:") {
        return None;
    }
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let start = text[..end]
        .rfind(|c: char| !c.is_ascii_digit())
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let digits = &text[start..end];
    if (3..=15).contains(&digits.len()) { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FeedId;

    const HOUR: Duration = Duration::from_secs(3600);

    fn at(hour: u32) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000) + HOUR * hour
    }

    fn state() -> FeedState {
        let mut state = FeedState::new(FeedId::derive(&["a"]), at(0));
        (state.last_success_at, state.last_new_at) = (Some(at(10)), Some(at(9)));
        state
    }

    fn page(hours: impl IntoIterator<Item = u32>) -> PageFound {
        let dates: Vec<_> = hours.into_iter().map(at).collect();
        PageFound { new: dates.len(), known: 0, dates }
    }

    #[test]
    fn only_entries_that_begin_after_the_last_poll_leave_a_gap() {
        assert!(is_gap(&state(), &page(12..32)));
        assert!(!is_gap(&state(), &page(2..32)), "other ids, the same entries");
        assert!(!is_gap(&state(), &page([12; 20])), "replaced as a whole");
        assert!(!is_gap(&state(), &page(12..14)), "too few");
        assert!(!is_gap(&state(), &PageFound { known: 1, ..page(12..32) }));
        assert!(!is_gap(&FeedState { last_success_at: None, ..state() }, &page(12..32)), "a new feed");
        let undated = PageFound { new: 20, known: 0, dates: Vec::new() };
        assert!(is_gap(&state(), &undated));
        let mut changes_ids = state();
        changes_ids.history.strangers = 3;
        assert!(!is_gap(&changes_ids, &undated));
    }

    #[test]
    fn what_is_lost_is_estimated_by_rate_and_by_numbers() {
        let feed = Feed::new("https://a.example/".parse().expect("a URL"));
        // One an hour, and the oldest comes five hours after the last poll.
        let dates: Vec<_> = (15..35).map(at).collect();
        assert_eq!(estimate(&feed, &state(), at(10), &dates, None), Some(5));
        let mut counting = state();
        counting.history.sequence = Some(1000);
        assert_eq!(estimate(&feed, &counting, at(10), &[], Some(1043)), Some(42));
        assert_eq!(estimate(&feed, &counting, at(10), &[], None), None);
        for (text, number) in [
            ("guid:https://example.org/?p=48211", Some(48211)),
            ("link:example.org/новости/100500.html", Some(100_500)),
            ("guid:12", None),
            ("guid:新聞20261122", Some(20_261_122)),
            ("content:0123456789", None),
        ] {
            assert_eq!(last_number(text), number, "{text}");
        }
    }
}
