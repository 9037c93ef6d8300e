//! The line: poll, judge, deliver, sweep. Each stage is *claim → work → commit*; the database between them is the queue,
//! and a nudge after a commit only says “look now”.
//!
//! A tick claims work and starts a task for each piece; it doesn't wait for them. So a feed that takes its whole
//! deadline, or a mail server that hangs, holds back nobody else. What a tick may start is bounded.

mod cut_off;
mod deliver;
mod emergency;
mod entries;
mod gap;
mod health;
mod judge;
mod line;
mod links;
mod live;
mod news;
mod once;
mod outlook;
mod poll;
mod publishers;
mod push;
mod reconcile;
mod sitemap;
mod stage;
mod streak;
mod sweep;
mod watch;

pub use deliver::Deliver;
pub use emergency::Emergency;
pub use judge::Judge;
pub use line::{Line, Nudges, with_causes};
pub use live::{BuildError, Live, Snapshot};
pub use once::{OnceProgress, OnceReport, run_once};
pub use outlook::Outlook;
pub use poll::Poll;
pub use publishers::Publishers;
pub use push::{Delivered, Push, Subscribe, Verification, deliver as deliver_push, verify as verify_push};
pub use stage::{Pace, Stage, drive};
pub use sweep::Sweep;
pub use watch::Watch;
