//! Whether a story is worth a message, to whom, and when.

mod desk;
mod route;
mod window;

pub use desk::{AlertDraft, Decision, DeliveryDraft, Desk, HealthDraft};
pub use route::{Recipients, Route, RouteMatch, Routed, Router};
pub use window::{DigestPlan, QuietHours};
