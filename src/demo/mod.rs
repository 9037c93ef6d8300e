//! `vedetta demo`: the whole line on bundled feeds and local servers.

mod hook;
mod mailbox;

pub use hook::{Answer, Call, Hook};
pub use mailbox::{Mailbox, Mischief, Received};
