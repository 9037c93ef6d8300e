//! When an alert goes out: at once, with the next digest, or when the quiet hours end.

use chrono_tz::Tz;

use crate::model::{CronSchedule, Severity};

/// Gather alerts until the next run of a cron line.
#[derive(Debug, Clone, PartialEq)]
pub struct DigestPlan {
    /// When it goes out.
    pub schedule: CronSchedule,
}

/// Hours in which messages wait: `quiet = { from = "22:00", to = "07:00", timezone = "Europe/Rome", except = "urgent" }`.
/// What gathers goes out as one message when they end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuietHours {
    /// Minutes since midnight at which they begin.
    pub from_minute: u16,
    /// Minutes since midnight at which they end; may lie before `from_minute`: then they run over midnight.
    pub to_minute: u16,
    /// In this zone.
    pub zone: Tz,
    /// Alerts of at least this severity go out all the same.
    pub except: Option<Severity>,
}
