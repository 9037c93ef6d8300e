//! Cron lines with a time zone, over the crate `cron`.
//!
//! The crate counts weekdays from 1 = Sunday and wants seconds first; people write Unix cron. So five fields get a
//! leading `0`, and numeric weekdays (0–7, Sunday is 0 and 7) are rewritten as names before the crate sees them.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Duration, LocalResult, NaiveDateTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;

use super::Timestamp;

/// Why a cron line can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Not five, six or seven fields.
    #[error("a cron line has 5 fields (minute hour day month weekday) or 6 with seconds first, this one has {0}")]
    Fields(usize),
    /// A field can't be read.
    #[error("{0}")]
    Field(String),
    /// It never fires.
    #[error("this cron line never fires")]
    Never,
    /// No such time zone.
    #[error("no time zone is called `{0}`; use a name such as `Europe/Rome`")]
    Zone(String),
}

/// The longest jump that a zone's clocks make in practice.
const CLOCK_CHANGE: Duration = Duration::hours(2);

/// A cron line that is known to fire, and its time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct CronSchedule {
    line: String,
    zone: Tz,
    schedule: cron::Schedule,
    runs_every_hour: bool,
}

impl CronSchedule {
    /// Reads a cron line of 5 fields (Unix) or 6 (seconds first), to be understood in `zone` (IANA name; `None`: UTC).
    ///
    /// # Errors
    /// If a field can't be read, the zone is unknown, or the line has no run after `now`.
    pub fn parse(line: &str, zone: Option<&str>, now: Timestamp) -> Result<Self, ScheduleError> {
        let zone_name = zone.unwrap_or("UTC");
        let zone = Tz::from_str(zone_name).map_err(|_| ScheduleError::Zone(zone_name.to_owned()))?;
        let mut fields: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        if fields.len() == 5 {
            fields.insert(0, "0".to_owned());
        }
        if !(6..=7).contains(&fields.len()) {
            return Err(ScheduleError::Fields(fields.len()));
        }
        fields[5] = weekday_names(&fields[5])?;
        let schedule = cron::Schedule::from_str(&fields.join(" ")).map_err(|_| ScheduleError::Field(blame(&fields)))?;
        let schedule = Self { line: line.to_owned(), zone, schedule, runs_every_hour: fields[2].starts_with('*') };
        if schedule.next_after(now).is_none() {
            return Err(ScheduleError::Never);
        }
        Ok(schedule)
    }

    /// The first run strictly after `now`; `None` when there is none left.
    ///
    /// The crate is asked in wall-clock time, where nothing is skipped or repeated, and its answers are placed in the
    /// zone here: a run inside a daylight-saving gap happens when the gap ends (a digest is not lost), a run inside the
    /// repeated hour happens once if its hour is fixed (no digest comes twice) and in both passes if its hour is `*`.
    #[must_use]
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        let wall = now.to_chrono().with_timezone(&self.zone).naive_local();
        let start = if self.is_near_clock_change(now) { wall - CLOCK_CHANGE } else { wall };
        let mut best: Option<Timestamp> = None;
        // An hour and a bit of seconds is the most that can lie before the answer; then years without a run.
        for run in self.schedule.after(&start.and_utc()).take(10_000) {
            let instants = self.instants(run.naive_utc());
            if let (Some(best), Some(first)) = (best, instants.first())
                && *first >= best
            {
                break;
            }
            let next = instants.into_iter().filter(|instant| *instant > now).min();
            best = best.into_iter().chain(next).min();
            if best.is_some() && start == wall {
                break;
            }
        }
        best
    }

    /// The moments at which clocks in the zone show `wall`, earliest first; for a time that is skipped, the first
    /// minute after the gap.
    fn instants(&self, wall: NaiveDateTime) -> Vec<Timestamp> {
        match self.zone.from_local_datetime(&wall) {
            LocalResult::Single(instant) => vec![instant.into()],
            LocalResult::Ambiguous(first, second) if self.runs_every_hour => vec![first.into(), second.into()],
            LocalResult::Ambiguous(first, _) => vec![first.into()],
            LocalResult::None => {
                let minute = wall - Duration::seconds(wall.and_utc().timestamp().rem_euclid(60));
                (1..=180)
                    .find_map(|shift| self.zone.from_local_datetime(&(minute + Duration::minutes(shift))).earliest())
                    .map(|instant| vec![Timestamp::from(instant)])
                    .unwrap_or_default()
            }
        }
    }

    fn is_near_clock_change(&self, now: Timestamp) -> bool {
        let offset = |at: DateTime<Utc>| self.zone.offset_from_utc_datetime(&at.naive_utc()).fix();
        let now = now.to_chrono();
        offset(now - CLOCK_CHANGE) != offset(now + CLOCK_CHANGE)
    }

    /// The line as written.
    #[must_use]
    pub fn line(&self) -> &str {
        &self.line
    }

    /// The time zone.
    #[must_use]
    pub const fn zone(&self) -> Tz {
        self.zone
    }
}

impl fmt::Display for CronSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.line, self.zone)
    }
}

/// Which field it is, and what may stand there. The crate's own words name the wrong limits and come on three lines, so
/// each field is tried by itself.
fn blame(fields: &[String]) -> String {
    const KINDS: [(&str, &str); 7] = [
        ("second", "0-59"),
        ("minute", "0-59"),
        ("hour", "0-23"),
        ("day", "1-31"),
        ("month", "1-12 or Jan-Dec"),
        ("weekday", "0-7 or Sun-Sat"),
        ("year", "1970-2100"),
    ];
    for (at, (kind, values)) in KINDS.iter().enumerate().take(fields.len()) {
        let mut alone = vec!["*"; fields.len()];
        alone[at] = &fields[at];
        if cron::Schedule::from_str(&alone.join(" ")).is_err() {
            let shown: String = fields[at].chars().take(40).collect();
            return format!("`{shown}` is no {kind}: expected {values}, with `,`, `-`, `/` or `*`");
        }
    }
    "its fields don't fit together".to_owned()
}

/// Rewrites Unix weekday numbers as names: `1-5` → `Mon-Fri`, `*/2` and names stay.
fn weekday_names(field: &str) -> Result<String, ScheduleError> {
    const NAMES: [&str; 8] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let name = |text: &str| match text.parse::<usize>() {
        Ok(number) => NAMES.get(number).map(|name| (*name).to_owned()).ok_or_else(|| {
            ScheduleError::Field(format!("`{text}` is no weekday: expected 0-7 (0 and 7 are Sunday) or Sun-Sat"))
        }),
        Err(_) => Ok(text.to_owned()),
    };
    let mut parts = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let days = match range.split_once('-') {
            // `5-7` and `6-0` run over the crate's end of week: spelled out.
            Some((from, to)) => match (from.parse::<usize>(), to.parse::<usize>()) {
                (Ok(from_day), Ok(to_day)) if to_day == 7 || from_day > to_day => {
                    name(from)?;
                    name(to)?;
                    let end = if to_day < from_day { to_day + 7 } else { to_day };
                    let step: usize = step
                        .map_or(Ok(1), str::parse)
                        .map_err(|_| ScheduleError::Field(format!("bad step in `{part}`")))?;
                    let days: Vec<_> = (from_day..=end).step_by(step.max(1)).map(|day| NAMES[day % 7]).collect();
                    parts.push(days.join(","));
                    continue;
                }
                _ => format!("{}-{}", name(from)?, name(to)?),
            },
            None => name(range)?,
        };
        parts.push(step.map_or(days.clone(), |step| format!("{days}/{step}")));
    }
    Ok(parts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a valid time")
    }

    #[test]
    fn numeric_weekdays_are_unix_weekdays() {
        let now = at("2026-11-22T12:00:00Z"); // a Sunday
        for (line, expected) in [
            ("0 7 * * 1-5", "2026-11-23T07:00:00Z"),
            ("0 7 * * 0", "2026-11-29T07:00:00Z"),
            ("0 7 * * 7", "2026-11-29T07:00:00Z"),
            ("0 0 7 * * Mon-Fri", "2026-11-23T07:00:00Z"),
            ("0 7 * * 6-7", "2026-11-28T07:00:00Z"),
        ] {
            let schedule = CronSchedule::parse(line, None, now).expect(line);
            assert_eq!(schedule.next_after(now), Some(at(expected)), "{line}");
        }
    }

    #[test]
    fn the_zone_decides_and_daylight_saving_never_goes_back() {
        let schedule =
            CronSchedule::parse("*/10 * * * *", Some("Europe/Rome"), at("2026-10-24T00:00:00Z")).expect("valid");
        let mut now = at("2026-10-24T22:00:00Z");
        for _ in 0..60 {
            let next = schedule.next_after(now).expect("fires");
            assert!(next > now, "{next} after {now}");
            assert!(next.since(now) <= std::time::Duration::from_secs(3700), "{next} after {now}");
            now = next;
        }
    }

    #[test]
    fn a_digest_comes_once_in_the_night_of_the_clock_change() {
        let daily = CronSchedule::parse("30 2 * * *", Some("Europe/Rome"), at("2026-01-01T00:00:00Z")).expect("valid");
        // Spring: 02:30 does not exist; clocks show 03:00 at 01:00Z.
        assert_eq!(daily.next_after(at("2026-03-28T12:00:00Z")), Some(at("2026-03-29T01:00:00Z")));
        assert_eq!(daily.next_after(at("2026-03-29T01:00:00Z")), Some(at("2026-03-30T00:30:00Z")));
        // Autumn: 02:30 happens twice.
        assert_eq!(daily.next_after(at("2026-10-24T12:00:00Z")), Some(at("2026-10-25T00:30:00Z")));
        assert_eq!(daily.next_after(at("2026-10-25T00:30:00Z")), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn a_bad_line_says_what_is_wrong() {
        let now = at("2026-11-22T12:00:00Z");
        assert_eq!(CronSchedule::parse("* * *", None, now), Err(ScheduleError::Fields(3)));
        assert_eq!(CronSchedule::parse("0 0 30 2 *", None, now), Err(ScheduleError::Never));
        assert_eq!(CronSchedule::parse("0 0 1 1 *", Some("Rome"), now), Err(ScheduleError::Zone("Rome".into())));
        for (line, why) in [
            ("61 * * * *", "`61` is no minute: expected 0-59"),
            ("* * 0 * *", "`0` is no day"),
            ("* * * Foo *", "`Foo` is no month"),
            ("минута * * * *", "`минута` is no minute"),
            ("* 1,,2 * * *", "`1,,2` is no hour"),
            ("* * * * Montag", "`Montag` is no weekday"),
        ] {
            let Err(ScheduleError::Field(said)) = CronSchedule::parse(line, None, now) else { panic!("{line}") };
            assert!(said.starts_with(why), "{line}: {said}");
        }
        assert!(
            matches!(CronSchedule::parse("0 0 * * 9", None, now), Err(ScheduleError::Field(text)) if text.contains('9'))
        );
    }

    #[test]
    fn another_implementation_gives_the_same_runs() {
        use std::str::FromStr;
        let start = at("2026-11-22T12:34:56Z");
        for line in [
            "*/7 * * * *",
            "5 4 * * 0",
            "0 */3 * * 1-5",
            "15,45 6-22/2 * * *",
            "0 0 1 * *",
            "30 12 31 * *",
            "0 9 * 2,8 Mon",
            "59 23 28-31 * *",
            "0 7 * * 6,7",
        ] {
            let ours = CronSchedule::parse(line, None, start).expect(line);
            let oracle = croner::Cron::from_str(line).expect(line);
            let (mut now, mut expected) = (start, start.to_chrono());
            for _ in 0..40 {
                now = ours.next_after(now).expect(line);
                expected = oracle.find_next_occurrence(&expected, false).expect(line);
                assert_eq!(now, Timestamp::from(expected), "{line}");
            }
        }
    }
}
