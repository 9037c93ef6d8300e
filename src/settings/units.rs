//! Durations and sizes as people write them.

use std::time::Duration;

const DURATION_UNITS: [(&str, u64); 6] =
    [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

const SIZE_UNITS: [(&str, u64); 8] = [
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("", 1),
];

/// Reads a duration: whole numbers with units `ms`, `s`, `m`, `h`, `d`, `w`, one after the other: `15m`, `1h 30m`.
///
/// # Errors
/// One line that says what is wrong, to be shown to the writer.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err("it is empty".to_owned());
    }
    let mut millis: u64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if digits == 0 {
            return Err(if rest.starts_with('-') {
                "it can't be negative".to_owned()
            } else {
                format!("a whole number must stand before `{}`", rest.chars().take(20).collect::<String>())
            });
        }
        let number: u64 = rest[..digits].parse().map_err(|_| "the number is too large".to_owned())?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let unit = &rest[..letters];
        if unit.is_empty() {
            return Err(if rest.starts_with(['.', ',']) {
                "it must be made of whole numbers".to_owned()
            } else {
                format!("the number {number} has no unit")
            });
        }
        let Some((_, factor)) = DURATION_UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("`{}` is not a unit of time", unit.chars().take(20).collect::<String>()));
        };
        millis = number
            .checked_mul(*factor)
            .and_then(|part| millis.checked_add(part))
            .ok_or_else(|| "it is too long".to_owned())?;
        rest = rest[letters..].trim_start();
    }
    Ok(Duration::from_millis(millis))
}

/// A duration as it should be written, from one that is written otherwise: `2 days`, `48H`, `1.5d`.
#[must_use]
pub(super) fn meant_duration(text: &str) -> Option<String> {
    let mut rest = text.trim();
    let mut millis = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',')))?;
        let number: f64 = rest[..end].replace(',', ".").parse().ok()?;
        rest = rest[end..].trim_start();
        let end = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let word = rest[..end].to_lowercase();
        // A minute or a month: nobody knows.
        if &rest[..end] == "M" {
            return None;
        }
        let unit = TIME_WORDS.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(unit, _)| *unit);
        let long = LONG_TIMES.iter().find(|(_, words)| words.contains(&word.as_str())).map(|(days, _)| days * DAY);
        let unit = unit.unwrap_or(word.as_str());
        let factor =
            long.or_else(|| DURATION_UNITS.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor))?;
        #[expect(clippy::cast_precision_loss, reason = "a year has far fewer milliseconds than 2^53")]
        let factor = factor as f64;
        millis += number * factor;
        rest = rest[end..].trim_start_matches([' ', ',']);
    }
    /// A century, in milliseconds: nobody means more.
    const MOST: f64 = 3.2e12;
    (1.0..MOST).contains(&millis).then(|| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and a century")]
        format_duration(Duration::from_millis(millis.round() as u64))
    })
}

/// What people write for the units of time.
#[rustfmt::skip]
const TIME_WORDS: [(&str, &[&str]); 5] = [
    ("w", &["week", "weeks", "settimana", "settimane", "woche", "wochen", "semaine", "semaines", "semana", "semanas",
        "неделя", "недели", "недель", "周", "週", "أسبوع"]),
    ("d", &["day", "days", "giorno", "giorni", "tag", "tage", "jour", "jours", "día", "días", "dia", "dias", "день",
        "дня", "дней", "д", "天", "日", "يوم", "أيام"]),
    ("h", &["hour", "hours", "hr", "hrs", "ora", "ore", "stunde", "stunden", "heure", "heures", "hora", "horas", "час",
        "часа", "часов", "ч", "小时", "小時", "時間", "ساعة", "ساعات"]),
    ("m", &["min", "mins", "minute", "minutes", "minuto", "minuti", "minuten", "minutos", "минута", "минуты", "минут",
        "мин", "分", "分钟", "分鐘", "دقيقة"]),
    ("s", &["sec", "secs", "second", "seconds", "secondo", "secondi", "sekunde", "sekunden", "seconde", "secondes",
        "segundo", "segundos", "секунда", "секунды", "секунд", "сек", "秒", "ثانية"]),
];

/// The two things that `1M` may be: so many months, in days, and so many minutes.
#[must_use]
pub(super) fn months_or_minutes(text: &str) -> Option<(String, String)> {
    let number: u32 =
        text.trim().strip_suffix('M')?.trim_end().parse().ok().filter(|number| (1..=120).contains(number))?;
    Some((format!("{}d", number * 30), format!("{number}m")))
}

/// Milliseconds.
const DAY: u64 = 86_400_000;

/// What people write for times that have no unit of their own, and how many days they have.
#[rustfmt::skip]
const LONG_TIMES: [(u64, &[&str]); 2] = [
    (30, &["month", "months", "mo", "mese", "mesi", "monat", "monate", "mois", "mes", "meses", "mês", "месяц", "месяца",
        "месяцев", "місяць", "місяці", "月", "个月", "個月", "か月", "ヶ月", "شهر", "أشهر"]),
    (365, &["y", "yr", "year", "years", "anno", "anni", "jahr", "jahre", "an", "ans", "année", "années", "año", "años",
        "ano", "anos", "год", "года", "лет", "рік", "роки", "年", "سنة", "سنوات"]),
];

/// Writes a duration the way it is read, largest units first, two at most where the rest is nothing: `1h 30m`.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut parts = Vec::new();
    for (unit, factor) in DURATION_UNITS {
        // Days up to a quarter of a year read better than weeks: `90d`.
        if unit == "w" && rest % factor != 0 {
            continue;
        }
        if rest >= factor {
            parts.push(format!("{}{unit}", rest / factor));
            rest %= factor;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

/// Reads a size in bytes: a whole number and `B`, `kB`, `MB`, `GB` (powers of 1000) or `KiB`, `MiB`, `GiB` (powers of 1024).
/// A bare number means bytes.
///
/// # Errors
/// One line that says what is wrong, to be shown to the writer.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 {
        return Err("it must begin with a whole number".to_owned());
    }
    let number: u64 = text[..digits].parse().map_err(|_| "the number is too large".to_owned())?;
    let unit = text[digits..].trim().to_ascii_lowercase();
    let Some((_, factor)) = SIZE_UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(if unit.starts_with(['.', ',']) {
            "it must be a whole number".to_owned()
        } else {
            format!("`{}` is not a unit of size", text[digits..].trim().chars().take(20).collect::<String>())
        });
    };
    number.checked_mul(*factor).ok_or_else(|| "it is too large".to_owned())
}

/// Writes a size the way it is read, in the largest binary unit that divides it: `10 MiB`.
#[must_use]
pub fn format_size(bytes: u64) -> String {
    for (unit, factor) in [("GiB", 1u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes >= factor && bytes.is_multiple_of(factor) {
            return format!("{} {unit}", bytes / factor);
        }
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, millis) in [
            ("250ms", 250),
            ("1s", 1000),
            ("15m", 900_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            (" 2 d ", 172_800_000),
            ("1w", 604_800_000),
        ] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn durations_that_say_too_little_are_refused() {
        for (text, why) in [
            ("", "empty"),
            ("15", "no unit"),
            ("1.5h", "whole"),
            ("-5m", "negative"),
            ("5 мин", "not a unit"),
            ("15 minutes", "not a unit"),
            ("m", "must stand before"),
            ("99999999999999999999s", "too large"),
            ("9999999999999w", "too long"),
        ] {
            let error = parse_duration(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_nearly_a_duration_is_told_as_one() {
        for (text, right) in [
            ("2 days", "2d"),
            ("48H", "2d"),
            ("1.5d", "1d 12h"),
            ("2 giorni", "2d"),
            ("3 часа", "3h"),
            ("24小时", "1d"),
            ("2週", "2w"),
            ("1,5 ore", "1h 30m"),
            ("1 hour, 30 minutes", "1h 30m"),
            ("٣ أيام", ""),
            ("48", ""),
            ("1e9 weeks", ""),
            ("99999999999999999999 days", ""),
            ("-2h", ""),
            ("", ""),
        ] {
            assert_eq!(meant_duration(text).unwrap_or_default(), right, "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_as_it_is_read() {
        for text in ["0s", "250ms", "1s", "15m", "1h 30m", "90d", "365d", "2w", "1d 1h"] {
            assert_eq!(format_duration(parse_duration(text).expect(text)), text);
        }
    }

    #[test]
    fn sizes_are_read_with_decimal_and_binary_units() {
        for (text, bytes) in
            [("512", 512), ("10 MiB", 10 << 20), ("10MB", 10_000_000), ("1 kB", 1000), ("2gib", 2 << 30)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "1.5 MiB", "10 мб", "99999999999 GiB", "-1"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!(format_size(10 << 20), "10 MiB");
        assert_eq!(format_size(1000), "1000 B");
    }
}
