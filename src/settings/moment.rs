//! Points in time as people type them on a command line: how long ago, a day, or a full time.

use chrono::NaiveDate;

use crate::model::Timestamp;

use super::parse_duration;

/// Reads `30d` (so long before `now`), `2026-11-01` (the beginning of that day, UTC) or RFC 3339.
///
/// # Errors
/// What may be written, if this is none of it, or a time that lies in the future.
pub fn parse_moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    let moment = parse_duration(text)
        .map(|ago| now.before(ago))
        .ok()
        .or_else(|| Timestamp::parse_rfc3339(text).ok())
        .or_else(|| {
            let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
            Some(Timestamp::from(day.and_hms_opt(0, 0, 0)?.and_utc()))
        })
        .ok_or_else(|| format!("`{text}` is not a time: write `30d`, `12h`, `2026-11-01` or `2026-11-01T08:00:00Z`"))?;
    if moment > now { Err(format!("`{text}` lies in the future")) } else { Ok(moment) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_durations_days_and_full_times() {
        let now = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("valid");
        for (text, moment) in [
            ("12h", "2026-11-22T00:00:00Z"),
            ("30d", "2026-10-23T12:00:00Z"),
            ("1d 12h", "2026-11-21T00:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            (" 2026-11-01T09:30:00+01:00 ", "2026-11-01T08:30:00Z"),
        ] {
            assert_eq!(parse_moment(text, now).map(|moment| moment.to_string()), Ok(moment.to_owned()), "{text}");
        }
        for (text, why) in
            [("", "not a time"), ("yesterday", "not a time"), ("2026-13-01", "not a time"), ("2026-11-23", "future")]
        {
            let error = parse_moment(text, now).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
