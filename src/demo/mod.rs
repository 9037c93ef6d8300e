//! `vedetta demo`: the whole line on bundled feeds and local servers.

pub mod feeds;
mod hook;
mod mailbox;

pub use hook::{Answer, Call, Hook};
pub use mailbox::{Mailbox, Mischief, Received};
