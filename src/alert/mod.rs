//! Whether a story is worth a message, to whom, and when.

mod desk;
mod route;
mod window;

pub use desk::{AlertDraft, Decision, DeliveryDraft, Desk, HealthDraft, StoryPlace};
pub use route::{Recipients, Route, RouteMatch, Router};
pub use window::{DigestPlan, QuietHours};
