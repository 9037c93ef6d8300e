//! When an alert goes out: at once, with the next digest, or when the quiet hours end.

use chrono::{NaiveTime, TimeZone, Timelike};
use chrono_tz::Tz;

use crate::model::{CronSchedule, Severity, Timestamp};

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

impl QuietHours {
    /// When the quiet hours around `now` end; `None` outside of them, or for an alert that may disturb.
    #[must_use]
    pub fn end_if_quiet(&self, severity: Severity, now: Timestamp) -> Option<Timestamp> {
        if self.except.is_some_and(|least| severity >= least) {
            return None;
        }
        let local = now.to_chrono().with_timezone(&self.zone);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or(0);
        let over_midnight = self.to_minute <= self.from_minute;
        let is_quiet = if over_midnight {
            minute >= self.from_minute || minute < self.to_minute
        } else {
            (self.from_minute..self.to_minute).contains(&minute)
        };
        if !is_quiet || self.from_minute == self.to_minute {
            return None;
        }
        let today = local.date_naive();
        let day = if minute < self.to_minute { today } else { today.succ_opt()? };
        let end = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(self.to_minute) * 60, 0)?;
        // An end inside a daylight-saving gap does not exist: the first minute that does is taken.
        (0..=180)
            .filter_map(|shift| {
                let wall = day.and_time(end) + chrono::Duration::minutes(shift);
                self.zone.from_local_datetime(&wall).earliest()
            })
            .map(Timestamp::from)
            .find(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a valid time")
    }

    const NIGHT: QuietHours = QuietHours {
        from_minute: 22 * 60,
        to_minute: 7 * 60,
        zone: chrono_tz::Europe::Rome,
        except: Some(Severity::Urgent),
    };

    #[test]
    fn messages_wait_over_midnight_in_the_readers_zone() {
        for (now, end) in [
            ("2026-11-22T21:30:00Z", Some("2026-11-23T06:00:00Z")),
            ("2026-11-23T05:59:00Z", Some("2026-11-23T06:00:00Z")),
            ("2026-11-23T06:00:00Z", None),
            ("2026-11-22T20:59:00Z", None),
        ] {
            assert_eq!(NIGHT.end_if_quiet(Severity::High, at(now)), end.map(at), "{now}");
        }
    }

    #[test]
    fn what_is_urgent_enough_does_not_wait() {
        assert_eq!(NIGHT.end_if_quiet(Severity::Urgent, at("2026-11-22T23:00:00Z")), None);
    }

    #[test]
    fn an_end_inside_the_lost_hour_of_spring_is_moved_to_the_next_real_minute() {
        let quiet = QuietHours { from_minute: 60, to_minute: 150, except: None, ..NIGHT };
        // 2026-03-29 02:00 does not exist in Rome: clocks go from 01:59 to 03:00.
        assert_eq!(quiet.end_if_quiet(Severity::Info, at("2026-03-29T00:30:00Z")), Some(at("2026-03-29T01:00:00Z")));
    }
}
