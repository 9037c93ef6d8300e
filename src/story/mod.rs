//! Which articles tell the same story.

mod board;
mod signature;

pub use board::{Assignment, BoardMember, StoryBoard, assign};
pub use signature::Signature;
