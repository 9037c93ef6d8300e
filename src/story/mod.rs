//! Which articles tell the same story.

mod board;
mod signature;

pub use board::{Assignment, BOARD_LIMIT, BoardMember, StoryBoard, assign};
pub use signature::Signature;
