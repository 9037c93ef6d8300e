//! Whether a story is worth a message, to whom, and when.

mod brake;
mod desk;
mod feed_health;
mod route;
mod window;

pub use brake::Brake;
pub use desk::{AlertDraft, Decision, DeliveryDraft, Desk, HealthDraft, StoryPlace};
pub use feed_health::{
    Failure, Gap, HealthSettings, Subject, excused, failed, lost, moved, other_language, own_network, own_network_back,
    recovered, same_page, severity as health_severity, silent, words as duration_words,
};
pub use route::{ROOM, Recipients, Route, RouteMatch, Router};
pub use window::{DigestPlan, QuietHours};
