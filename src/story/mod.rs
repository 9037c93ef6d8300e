//! Which articles tell the same story.

mod board;
mod change;
mod signature;

pub use board::{Assignment, BOARD_LIMIT, BoardMember, StoryBoard, assign};
pub use change::change;
pub use signature::Signature;
