//! Days and moments: from numbers that were read to a time.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use super::zone::Zone;
use crate::model::Timestamp;

/// The time of a day, not checked yet.
pub(super) struct Clock {
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanos: u32,
}

impl Clock {
    pub(super) fn of_minutes(hour: i64, minute: i64) -> Self {
        Self { hour, minute, second: 0, nanos: 0 }
    }

    /// `101455`
    pub(super) fn of_digits(digits: i64) -> Self {
        Self { hour: digits / 10_000, minute: digits / 100 % 100, second: digits % 100, nanos: 0 }
    }
}

pub(super) fn full_year(two_digits: i64) -> i64 {
    // POSIX strptime: 69 … 99 are the last century.
    if two_digits < 69 { 2000 + two_digits } else { 1900 + two_digits }
}

/// A day that its month lacks (31 June) becomes the first of the next, as C's `mktime` has it.
pub(super) fn ymd(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    let (year, month, day) = (i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    if !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    let year = match year {
        IRANIAN_FIRST..=IRANIAN_LAST => return iranian(year, month, day),
        // Thailand counts from the Buddha's death.
        2443..=2643 => year - 543,
        _ => year,
    };
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_days(chrono::Days::new(u64::from(day - 1)))
}

/// Years in which no news was printed by the other calendars: 1941 to 2051.
const IRANIAN_FIRST: i32 = 1320;
const IRANIAN_LAST: i32 = 1429;

/// A day of the Solar Hijri calendar: six months of 31 days, five of 30, a last of 29 or 30; leap years by the cycle of 33
/// years, which is right from 1799 to 2256 (K. Borkowski, “The Persian calendar for 3000 years”, 1996).
fn iranian(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    let is_leap = |year: i32| matches!(year % 33, 1 | 5 | 9 | 13 | 17 | 22 | 26 | 30);
    let days_of = |year: i32| if is_leap(year) { 366 } else { 365 };
    let before = match month {
        1..=6 => (month - 1) * 31,
        7..=12 if day <= 30 => 186 + (month - 7) * 30,
        _ => return None,
    };
    // The first day of 1403 was 20 March 2024.
    let new_year: i64 = (1403..year).map(days_of).sum::<i64>() - (year..1403).map(days_of).sum::<i64>();
    NaiveDate::from_ymd_opt(2024, 3, 20)?
        .checked_add_signed(Duration::days(new_year + i64::from(before) + i64::from(day) - 1))
}

pub(super) fn with_clock(date: NaiveDate, clock: Clock, zone: Zone) -> Option<Timestamp> {
    // 24:00 is the end of the day; 60 seconds is a leap second.
    let (hour, days) = if clock.hour == 24 { (0, 1) } else { (clock.hour, 0) };
    let second = clock.second.min(59);
    if clock.second > 60 {
        return None;
    }
    let time = NaiveTime::from_hms_nano_opt(
        u32::try_from(hour).ok()?,
        u32::try_from(clock.minute).ok()?,
        u32::try_from(second).ok()?,
        clock.nanos,
    )?;
    let date = date.checked_add_signed(Duration::days(days))?;
    match zone {
        Zone::Offset(minutes) => moment(date, time, minutes),
        // A moment in the hour that summer time repeats is its first occurrence.
        Zone::Named(tz) => tz.from_local_datetime(&date.and_time(time)).earliest().map(Timestamp::from),
    }
}

pub(super) fn moment(date: NaiveDate, time: NaiveTime, offset_minutes: i32) -> Option<Timestamp> {
    let local = NaiveDateTime::new(date, time);
    let utc = local.checked_sub_signed(Duration::minutes(i64::from(offset_minutes)))?;
    Some(Timestamp::from_millis(utc.and_utc().timestamp_millis()))
}
