//! The line once more, without a database: matches are placed on boards, and the desk decides.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::alert::{Desk, Router, StoryPlace};
use crate::model::{AlertId, Match, StoryId, Timestamp, TopicId};
use crate::rule::TopicHit;
use crate::story::{Assignment, StoryBoard};

use super::judge::Matched;
use super::side::{Member, Side, SideAlert, TopicSide};

/// How often a board is cleared of what is too old; `store::sqlite` keeps its own as long.
const CLEARING: Duration = Duration::from_secs(3600);
/// Articles on all boards at most; each topic that matched an article counts it. A guess: some hundred MB.
const BOARDS_LIMIT: usize = 2_000_000;

/// The replay of one ruleset.
pub(super) struct Replay {
    desk: Desk,
    topics: HashMap<TopicId, Topic>,
    on_boards: usize,
    /// Boards had to be cut short.
    pub(super) is_crowded: bool,
}

struct Topic {
    board: StoryBoard,
    cleared_at: Timestamp,
    stories: HashMap<StoryId, Story>,
    side: TopicSide,
}

#[derive(Default)]
struct Story {
    number: u32,
    first_alert: Option<AlertId>,
}

impl Default for Replay {
    fn default() -> Self {
        let desk = Desk::new(Router::default());
        Self { desk, topics: HashMap::new(), on_boards: 0, is_crowded: false }
    }
}

impl Replay {
    /// Places an article in the stories of the topics that it matches, and lets the desk decide.
    pub(super) fn add(&mut self, matched: &Matched, hits: &[TopicHit], number: i64, in_window: bool) {
        // When the daemon judged it, or a moment before.
        let now = matched.article.fetched_at;
        for hit in hits {
            let id = &hit.topic.id;
            if !self.topics.contains_key(id) {
                self.topics.insert(id.clone(), Topic::new(id.clone(), hit.topic.name.clone(), now));
            }
            let Some(topic) = self.topics.get_mut(id) else { continue };
            let held = topic.board.members.len();
            let place = topic.place(matched, hit, now);
            self.on_boards = (self.on_boards + topic.board.members.len()).saturating_sub(held);
            let story = topic.stories.entry(place.story).or_default();
            topic.side.members.push(Member { article: number, story: story.number, in_window });
            let decided =
                Match { topic: Arc::clone(&hit.topic), score: hit.score, severity: hit.severity, excerpts: Vec::new() };
            if let Some(alert) = self.desk.decide(&matched.article, &decided, place, now).alert {
                story.first_alert.get_or_insert(alert.id);
                let severity = hit.severity;
                topic.side.alerts.push(SideAlert { article: number, story: story.number, in_window, severity });
            }
        }
        if self.on_boards > BOARDS_LIMIT {
            self.make_room();
        }
    }

    /// Forgets the older half of every board.
    fn make_room(&mut self) {
        self.is_crowded = true;
        self.on_boards = 0;
        for topic in self.topics.values_mut() {
            let members = &mut topic.board.members;
            members.drain(..members.len().div_ceil(2));
            self.on_boards += members.len();
        }
    }

    /// What came of it.
    pub(super) fn finish(self) -> Side {
        let mut side = Side::default();
        side.topics.extend(self.topics.into_iter().map(|(id, topic)| (id, topic.side)));
        side
    }
}

impl Topic {
    fn new(id: TopicId, name: String, now: Timestamp) -> Self {
        let board = StoryBoard { topic: id, members: Vec::new() };
        Self { board, cleared_at: now, stories: HashMap::new(), side: TopicSide { name, ..TopicSide::default() } }
    }

    fn place(&mut self, matched: &Matched, hit: &TopicHit, now: Timestamp) -> StoryPlace {
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
}
