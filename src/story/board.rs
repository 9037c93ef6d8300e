//! The stories of one topic that can still grow, and where a new article belongs.

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
    pub signature: Signature,
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
