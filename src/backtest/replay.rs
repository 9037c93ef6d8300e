//! The line once more, without a database: matches are placed on boards, and the desk decides.
//!
//! With two rulesets a topic is replayed once for both as long as both have made the same of every article: what came of it
//! is the same then. With the first article of which they don't, its replay is copied and each goes its own way. So an edit
//! of one topic among a thousand costs one replay more, not a thousand, and nothing needs to be known of the rules.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::alert::{Desk, Router, StoryPlace};
use crate::model::{AlertId, Match, StoryId, Timestamp, TopicId};
use crate::rule::TopicHit;
use crate::story::{Assignment, StoryBoard};

use super::judge::Matched;
use super::side::{Member, SideAlert, Sides, TopicSide};

/// How often a board is cleared of what is too old; `store::sqlite` keeps its own as long.
const CLEARING: Duration = Duration::from_secs(3600);
/// Articles on all boards of a ruleset at most; each topic that matched an article counts it. A guess: some hundred MB.
const BOARDS_LIMIT: usize = 2_000_000;

/// The replay of one ruleset, or of two of which one is tried and the other is what it is compared with.
pub(super) struct Replay {
    desk: Desk,
    topics: FxHashMap<TopicId, Twins>,
    on_boards: Both<usize>,
    /// On all boards of a ruleset.
    limit: usize,
    /// Boards had to be cut short.
    pub(super) is_crowded: bool,
}

/// Something of each ruleset.
#[derive(Debug, Clone, Copy, Default)]
struct Both<T> {
    before: T,
    after: T,
}

/// A topic in both rulesets.
enum Twins {
    /// So far both make the same of every article.
    Alike(Topic),
    /// They don't; of one of them there may be nothing yet.
    Apart(Both<Option<Box<Topic>>>),
}

#[derive(Clone)]
struct Topic {
    board: StoryBoard,
    cleared_at: Timestamp,
    stories: HashMap<StoryId, Story>,
    side: TopicSide,
}

#[derive(Clone, Default)]
struct Story {
    number: u32,
    first_alert: Option<AlertId>,
}

/// An article that some topic matches, and where it stands.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    matched: &'a Matched,
    /// The article's number.
    number: i64,
    in_window: bool,
}

impl Default for Replay {
    fn default() -> Self {
        Self {
            desk: Desk::new(Router::default()),
            topics: FxHashMap::default(),
            on_boards: Both::default(),
            limit: BOARDS_LIMIT,
            is_crowded: false,
        }
    }
}

impl Replay {
    /// Places an article in the stories of the topics that it matches, and lets the desk decide.
    pub(super) fn add(&mut self, matched: &Matched, number: i64, in_window: bool) {
        let arrival = Arrival { matched, number, in_window };
        // Both by id.
        let (mut hits, mut other_hits) = (matched.hits.as_slice(), matched.other_hits.as_slice());
        loop {
            let order = match (hits, other_hits) {
                ([], []) => break,
                (_, []) => Ordering::Less,
                ([], _) => Ordering::Greater,
                ([hit, ..], [other, ..]) => hit.topic.id.cmp(&other.topic.id),
            };
            let after = if order.is_le() { hits.split_off_first() } else { None };
            let before = if order.is_ge() { other_hits.split_off_first() } else { None };
            self.hit(arrival, Both { before, after });
        }
        let (before, after) = (self.on_boards.before > self.limit, self.on_boards.after > self.limit);
        if before || after {
            self.make_room(before, after);
        }
    }

    /// A topic that at least one of the rulesets has matched.
    fn hit(&mut self, arrival: Arrival<'_>, hits: Both<Option<&TopicHit>>) {
        let Some(topic) = hits.after.or(hits.before).map(|hit| &hit.topic) else { return };
        if !self.topics.contains_key(&topic.id) {
            self.topics.insert(topic.id.clone(), Twins::new(hits, arrival));
        }
        let Some(twins) = self.topics.get_mut(&topic.id) else { return };
        let grow = |held: &mut usize, (from, to): (usize, usize)| *held = (*held + to).saturating_sub(from);
        match twins.take(hits) {
            Twins::Alike(topic) => {
                let Some(hit) = hits.after else { return };
                let grown = topic.add(&self.desk, arrival, hit);
                grow(&mut self.on_boards.before, grown);
                grow(&mut self.on_boards.after, grown);
            }
            Twins::Apart(topics) => {
                for (topic, hit, held) in [
                    (&mut topics.before, hits.before, &mut self.on_boards.before),
                    (&mut topics.after, hits.after, &mut self.on_boards.after),
                ] {
                    if let Some(hit) = hit {
                        let topic = topic.get_or_insert_with(|| Box::new(Topic::new(hit, arrival)));
                        grow(held, topic.add(&self.desk, arrival, hit));
                    }
                }
            }
        }
    }

    /// Forgets the older half of every board of a ruleset, or of both.
    fn make_room(&mut self, before: bool, after: bool) {
        self.is_crowded = true;
        for twins in self.topics.values_mut() {
            if before != after {
                twins.part();
            }
            match twins {
                Twins::Alike(topic) => topic.halve(),
                Twins::Apart(topics) => {
                    topics.before.iter_mut().filter(|_| before).for_each(|topic| topic.halve());
                    topics.after.iter_mut().filter(|_| after).for_each(|topic| topic.halve());
                }
            }
        }
        let count = |of: fn(&Twins) -> Option<&Topic>| {
            self.topics.values().filter_map(of).map(|topic| topic.board.members.len()).sum()
        };
        self.on_boards = Both { before: count(Twins::before), after: count(Twins::after) };
    }

    /// What came of it, by topic.
    pub(super) fn finish(self) -> BTreeMap<TopicId, Sides> {
        let side = |topic: Option<Box<Topic>>| topic.map(|topic| topic.side).unwrap_or_default();
        let sides = |twins| match twins {
            Twins::Alike(topic) => Sides::Alike(topic.side),
            Twins::Apart(topics) => Sides::Apart { before: side(topics.before), after: side(topics.after) },
        };
        self.topics.into_iter().map(|(id, twins)| (id, sides(twins))).collect()
    }
}

impl Twins {
    fn new(hits: Both<Option<&TopicHit>>, arrival: Arrival<'_>) -> Self {
        match hits.both_alike() {
            Some(hit) => Self::Alike(Topic::new(hit, arrival)),
            None => Self::Apart(Both::default()),
        }
    }

    /// Lets them go their own ways if these hits differ.
    fn take(&mut self, hits: Both<Option<&TopicHit>>) -> &mut Self {
        if hits.both_alike().is_none() {
            self.part();
        }
        self
    }

    fn part(&mut self) {
        *self = match std::mem::replace(self, Self::Apart(Both::default())) {
            Self::Alike(topic) => {
                let before = Some(Box::new(topic.clone()));
                Self::Apart(Both { before, after: Some(Box::new(topic)) })
            }
            apart @ Self::Apart(_) => apart,
        };
    }

    fn before(&self) -> Option<&Topic> {
        match self {
            Self::Alike(topic) => Some(topic),
            Self::Apart(topics) => topics.before.as_deref(),
        }
    }

    fn after(&self) -> Option<&Topic> {
        match self {
            Self::Alike(topic) => Some(topic),
            Self::Apart(topics) => topics.after.as_deref(),
        }
    }
}

impl<'a> Both<Option<&'a TopicHit>> {
    /// The hit, if it leads to the same in both: stories depend on the topic's window, alerts on `alert_on`.
    fn both_alike(self) -> Option<&'a TopicHit> {
        let (before, after) = (self.before?, self.after?);
        let what = |hit: &TopicHit| (hit.severity, hit.topic.story_window, hit.topic.alert_on_every);
        (what(before) == what(after)).then_some(after)
    }
}

impl Topic {
    fn new(hit: &TopicHit, arrival: Arrival<'_>) -> Self {
        let (id, name) = (hit.topic.id.clone(), hit.topic.name.clone());
        Self {
            board: StoryBoard { topic: id, members: Vec::new() },
            cleared_at: arrival.now(),
            stories: HashMap::new(),
            side: TopicSide { name, ..TopicSide::default() },
        }
    }

    /// Places an article. How many were on the board, and are now.
    fn add(&mut self, desk: &Desk, arrival: Arrival<'_>, hit: &TopicHit) -> (usize, usize) {
        let Arrival { matched, number, in_window } = arrival;
        let held = self.board.members.len();
        let place = self.place(arrival, hit);
        let story = self.stories.entry(place.story).or_default();
        self.side.members.push(Member { article: number, story: story.number, in_window });
        let decided =
            Match { topic: Arc::clone(&hit.topic), score: hit.score, severity: hit.severity, excerpts: Vec::new() };
        if let Some(alert) = desk.decide(&matched.article, &decided, place, arrival.now()).alert {
            story.first_alert.get_or_insert(alert.id);
            let severity = hit.severity;
            self.side.alerts.push(SideAlert { article: number, story: story.number, in_window, severity });
        }
        (held, self.board.members.len())
    }

    fn place(&mut self, arrival: Arrival<'_>, hit: &TopicHit) -> StoryPlace {
        let (matched, now) = (arrival.matched, arrival.now());
        let since = now.before(hit.topic.story_window);
        if now.since(self.cleared_at) >= CLEARING {
            self.board.forget(since);
            self.cleared_at = now;
        }
        let assignment = self.board.place(matched.article.id, &matched.signature, since, now);
        let (Assignment::Join(id) | Assignment::Open(id)) = assignment;
        let next = u32::try_from(self.stories.len()).unwrap_or(u32::MAX);
        let story = self.stories.entry(id).or_insert(Story { number: next, first_alert: None });
        StoryPlace {
            story: id,
            is_new: matches!(assignment, Assignment::Open(_)),
            first_alert: story.first_alert,
            article_known: false,
        }
    }

    /// Forgets the older half of the board.
    fn halve(&mut self) {
        let members = &mut self.board.members;
        members.drain(..members.len().div_ceil(2));
    }
}

impl Arrival<'_> {
    /// When the daemon judged it, or a moment before.
    fn now(self) -> Timestamp {
        self.matched.article.fetched_at
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Article, ArticleId, FeedId, Labels, Severity, TextStatus, Topic as Described};
    use crate::story::Signature;

    /// What one ruleset makes of an article: the topics that match, each with whether it is of high severity.
    type Hits = Vec<Option<bool>>;

    const TOPICS: usize = 3;

    fn hits(hits: &Hits, windows: [u64; TOPICS]) -> Vec<TopicHit> {
        let hit = |(number, urgent): (usize, &Option<bool>)| {
            let topic = Described {
                id: TopicId::new(&format!("t{number}")).expect("a valid id"),
                name: String::new(),
                labels: Labels::new(),
                story_window: Duration::from_secs(3600 * windows[number]),
                alert_on_every: number == 2,
                alert_on_changed: false,
            };
            let severity = if (*urgent)? { Severity::Urgent } else { Severity::Notice };
            Some(TopicHit { topic: Arc::new(topic), score: 0, severity, evidence: Vec::new() })
        };
        hits.iter().enumerate().filter_map(hit).collect()
    }

    /// One of a few texts, so that stories grow.
    fn article(number: usize, text: usize, hour: u64) -> Article {
        Article {
            id: ArticleId::derive(&[&number.to_string()]),
            feed: FeedId::derive(&["f"]),
            feed_name: String::new(),
            url: None,
            title: format!("Il faro numero {text} resta spento stanotte davanti al porto {text}"),
            summary: String::new(),
            body: String::new(),
            text_status: TextStatus::Feed,
            text_error: None,
            lang: None,
            declared_lang: None,
            source: String::new(),
            author: None,
            tags: Vec::new(),
            published: None,
            updated: None,
            fetched_at: Timestamp::EPOCH + Duration::from_secs(3600 * hour),
            content_hash: 0,
        }
    }

    fn outcome() -> impl Strategy<Value = (Hits, Hits)> {
        let any = || prop::collection::vec(prop::option::weighted(0.6, prop::bool::weighted(0.1)), TOPICS);
        // Mostly both rulesets say the same.
        prop_oneof![8 => any().prop_map(|hits| (hits.clone(), hits)), 1 => (any(), any())]
    }

    proptest! {
        #[test]
        fn two_rulesets_side_by_side_give_what_each_gives_alone(
            arrivals in prop::collection::vec((outcome(), 0_usize..4, 0_u64..30), 0..60),
            other_window in 10_u64..40,
            limit in prop_oneof![Just(BOARDS_LIMIT), 3_usize..40],
        ) {
            let replay = || Replay { limit, ..Replay::default() };
            let (mut together, mut before, mut after) = (replay(), replay(), replay());
            let mut hour = 0;
            for (number, ((new, old), text, later)) in arrivals.iter().enumerate() {
                hour += later;
                let article = article(number, *text, hour);
                let signature = Arc::new(Signature::of(&article));
                // The windows of the first topic differ.
                let (new, old) = (hits(new, [20, 24, 48]), hits(old, [other_window, 24, 48]));
                let add = |replay: &mut Replay, hits: &[TopicHit], other_hits: &[TopicHit]| {
                    let (hits, other_hits) = (hits.to_vec(), other_hits.to_vec());
                    let matched =
                        Matched { article: article.clone(), signature: Arc::clone(&signature), hits, other_hits };
                    replay.add(&matched, i64::try_from(number).unwrap_or(0), number % 3 > 0);
                };
                add(&mut together, &new, &old);
                add(&mut after, &new, &[]);
                add(&mut before, &old, &[]);
            }
            prop_assert_eq!(together.is_crowded, before.is_crowded || after.is_crowded);
            let alone = |replay: Replay| -> BTreeMap<TopicId, TopicSide> {
                replay.finish().into_iter().map(|(id, sides)| (id, sides.after().clone())).collect()
            };
            let (mut before, mut after) = (alone(before), alone(after));
            for (id, sides) in together.finish() {
                prop_assert_eq!(sides.before(), &before.remove(&id).unwrap_or_default(), "before {}", id);
                prop_assert_eq!(sides.after(), &after.remove(&id).unwrap_or_default(), "after {}", id);
            }
            prop_assert!(before.is_empty() && after.is_empty());
        }
    }
}
