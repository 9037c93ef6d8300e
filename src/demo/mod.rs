//! `vedetta demo`: the whole line on bundled feeds and local servers.

pub mod feeds;
mod hook;
mod mailbox;
mod rules;
mod server;
mod show;

pub use hook::{Answer, Call, Hook};
pub use mailbox::{Mailbox, Mischief, Received};
pub use server::FeedServer;
pub use show::{Show, readable_call, readable_mail, run};
