//! The stories of one topic that can still grow, and where a new article belongs.

use std::sync::Arc;

use crate::model::{ArticleId, StoryId, Timestamp, TopicId};

use super::Signature;

/// An article already placed.
#[derive(Debug, Clone, PartialEq)]
pub struct BoardMember {
    /// Its story.
    pub story: StoryId,
    /// The article.
    pub article: ArticleId,
    /// What it is recognised by.
    pub signature: Arc<Signature>,
    /// When it was placed.
    pub seen_at: Timestamp,
}

/// The members of one topic's open stories, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct StoryBoard {
    /// The topic.
    pub topic: TopicId,
    /// Everything placed within the topic's story window.
    pub members: Vec<BoardMember>,
}

/// Where an article goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assignment {
    /// It tells a story that is already known.
    Join(StoryId),
    /// It opens a story.
    Open(StoryId),
}

/// Members of one board at most; the oldest are forgotten first. A guess: a topic that matches more than this within its
/// story window is too wide for its stories to mean anything.
pub const BOARD_LIMIT: usize = 5_000;

impl StoryBoard {
    /// Finds the article's story as [`assign`] does, and puts the article on the board: it keeps its whole story open.
    pub fn place(
        &mut self,
        article: ArticleId,
        signature: &Arc<Signature>,
        since: Timestamp,
        now: Timestamp,
    ) -> Assignment {
        let assignment = assign(self, article, signature, since);
        let (Assignment::Join(story) | Assignment::Open(story)) = assignment;
        for member in self.members.iter_mut().filter(|member| member.story == story) {
            member.seen_at = member.seen_at.max(now);
        }
        if self.members.len() >= BOARD_LIMIT {
            self.members.remove(0);
        }
        self.members.push(BoardMember { story, article, signature: Arc::clone(signature), seen_at: now });
        assignment
    }

    /// Forgets the members of stories that were last seen before a time.
    pub fn forget(&mut self, before: Timestamp) {
        self.members.retain(|member| member.seen_at >= before);
    }
}

/// Places an article on a topic's board: it joins the story of the most similar member that tells the same, else
/// opens a story of its own. Members last seen before `since` no longer count.
#[must_use]
pub fn assign(board: &StoryBoard, article: ArticleId, signature: &Signature, since: Timestamp) -> Assignment {
    if let Some(member) = board.members.iter().find(|member| member.article == article) {
        return Assignment::Join(member.story);
    }
    board
        .members
        .iter()
        .filter(|member| member.seen_at >= since)
        .filter_map(|member| member.signature.same_story(signature).map(|likeness| (likeness, member)))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map_or_else(
            || Assignment::Open(StoryId::derive(&[board.topic.as_str(), &article.to_string()])),
            |(_, member)| Assignment::Join(member.story),
        )
}
