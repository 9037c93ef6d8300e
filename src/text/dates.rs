//! Dates as feeds write them.
//!
//! In: RFC 822 and 2822, ISO 8601 and W3C, asctime, numbers with dots and slashes, month names in thirty languages, zones by
//! name, by offset or not at all. Out: a moment, or `None`: a date that can't be read is absent, never “now”.
//!
//! There is one reader for all formats: it cuts the text into numbers, words and signs and asks what each can be. That
//! reads combinations that nobody listed; the price is that it must refuse strictly what it does not understand, so an
//! unknown word after the first number refuses the whole date. Without a zone UTC is taken, as feed readers do.

use chrono::{Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

use crate::model::Timestamp;

/// Longer texts are no dates.
const MAX_CHARS: usize = 100;

/// Reads a date. `None` where it can't be read without guessing.
#[must_use]
pub fn parse_date(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.is_empty() || text.len() > MAX_CHARS * 4 || text.chars().count() > MAX_CHARS {
        return None;
    }
    // The two formats of nearly all feeds, without further ado.
    if let Ok(time) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(time.into());
    }
    if let Ok(time) = chrono::DateTime::parse_from_rfc2822(text) {
        return Some(time.into());
    }
    let tokens = tokens(text)?;
    iso(&tokens).or_else(|| epoch(&tokens)).or_else(|| loose(&tokens))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// Value and count of digits.
    Number(i64, usize),
    /// In lower case, without a dot at its end.
    Word(String),
    /// One of `- / : . , +`; blanks are one `' '`.
    Sign(char),
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        if let Some(digit) = digit(c) {
            let (mut value, mut count) = (i64::from(digit), 1);
            chars.next();
            while let Some(next) = chars.peek().copied().and_then(self::digit) {
                value = value.checked_mul(10)?.checked_add(i64::from(next))?;
                count += 1;
                chars.next();
            }
            tokens.push(Token::Number(value, count));
        } else if matches!(c, '年' | '月' | '日' | '时' | '時' | '分' | '秒' | '년' | '월' | '일' | '시' | '분' | '초')
        {
            chars.next();
            tokens.push(Token::Word(c.to_string()));
        } else if c.is_alphabetic() || is_combining(c) {
            let mut word = String::new();
            while let Some(&next) = chars.peek() {
                if !next.is_alphabetic() && !is_combining(next) && next != '\'' && next != '’' {
                    break;
                }
                word.extend(next.to_lowercase());
                chars.next();
            }
            tokens.push(Token::Word(word));
        } else if c.is_whitespace()
            || matches!(c, '\u{200e}' | '\u{200f}' | '(' | ')' | '[' | ']' | '|' | '_' | '·' | '•')
        {
            chars.next();
            if tokens.last() != Some(&Token::Sign(' ')) {
                tokens.push(Token::Sign(' '));
            }
        } else {
            chars.next();
            match c {
                '-' | '‐' | '‑' | '–' | '—' | '−' => tokens.push(Token::Sign('-')),
                '/' | ':' | '.' | ',' | '+' => tokens.push(Token::Sign(c)),
                '：' => tokens.push(Token::Sign(':')),
                '，' | '،' | '、' => tokens.push(Token::Sign(',')),
                '@' | '°' | 'º' | 'ª' => {}
                _ => return None,
            }
        }
    }
    Some(tokens)
}

/// Latin, Arabic, Persian, Devanagari and full-width digits.
fn digit(c: char) -> Option<u32> {
    match c {
        '0'..='9' => c.to_digit(10),
        '٠'..='٩' => Some(c as u32 - '٠' as u32),
        '۰'..='۹' => Some(c as u32 - '۰' as u32),
        '०'..='९' => Some(c as u32 - '०' as u32),
        '０'..='９' => Some(c as u32 - '０' as u32),
        _ => None,
    }
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{94d}' | '\u{e30}'..='\u{e4e}')
}

/// ISO 8601 with what is left out or run together: `2003`, `2003-12`, `20031231`, `2003-365`, `-03-12`, `03-12-31`.
fn iso(tokens: &[Token]) -> Option<Timestamp> {
    use Token::{Number, Sign};
    let (date, rest) = match tokens {
        [Number(year, 4), Sign('-'), Number(month, 1 | 2), Sign('-'), Number(day, 1 | 2), rest @ ..] => {
            (ymd(*year, *month, *day)?, rest)
        }
        [Number(year, 4), Sign('-'), Number(day, 3), rest @ ..] => {
            (NaiveDate::from_yo_opt(i32::try_from(*year).ok()?, u32::try_from(*day).ok()?)?, rest)
        }
        [Number(year, 4), Sign('-'), Number(month, 2), rest @ ..] => (ymd(*year, *month, 1)?, rest),
        [Number(compact, 8), rest @ ..] => (ymd(compact / 10_000, compact / 100 % 100, compact % 100)?, rest),
        // Two digits of the year: `-03-12` is December 2003.
        [Sign('-'), Number(year, 2), Sign('-'), Number(month, 2), rest @ ..] => {
            (ymd(full_year(*year), *month, 1)?, rest)
        }
        [Number(year, 2), Sign('-'), Number(month, 2), Sign('-'), Number(day, 2), rest @ ..] if *month <= 12 => {
            (ymd(full_year(*year), *month, *day)?, rest)
        }
        [Number(year, 4)] => (ymd(*year, 1, 1)?, &[][..]),
        _ => return None,
    };
    let rest = match rest {
        [] => return moment(date, NaiveTime::MIN, 0),
        [Token::Word(t), rest @ ..] if t == "t" => rest,
        [Sign(' ') | Sign(','), rest @ ..] => rest,
        _ => rest,
    };
    match rest {
        // `T101455Z`
        [Number(clock, 6), rest @ ..] => {
            let time = Clock { hour: clock / 10_000, minute: clock / 100 % 100, second: clock % 100, nanos: 0 };
            with_clock(date, time, zone(rest)?.unwrap_or(Zone::Offset(0)))
        }
        _ => {
            let (clock, rest) = clock(rest)?;
            with_clock(date, clock, zone(rest)?.unwrap_or(Zone::Offset(0)))
        }
    }
}

/// Seconds or milliseconds since 1970, for moments from 2001 on.
fn epoch(tokens: &[Token]) -> Option<Timestamp> {
    match tokens {
        [Token::Number(seconds, 10)] => Some(Timestamp::from_millis(seconds * 1000)),
        [Token::Number(millis, 13)] => Some(Timestamp::from_millis(*millis)),
        _ => None,
    }
}

struct Clock {
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
}

/// `10:14`, `10:14:55`, `10:14:55.123`, `10.14.55` is left to the dates.
fn clock(tokens: &[Token]) -> Option<(Clock, &[Token])> {
    use Token::{Number, Sign};
    let (hour, minute, rest) = match tokens {
        [Number(hour, 1 | 2), Sign(':'), Number(minute, 1 | 2), rest @ ..] => (*hour, *minute, rest),
        [Number(hour, 1 | 2), Sign(':'), Sign(' '), Number(minute, 1 | 2), rest @ ..] => (*hour, *minute, rest),
        _ => return None,
    };
    let (second, rest) = match rest {
        [Sign(':'), Number(second, 1 | 2), rest @ ..] => (*second, rest),
        _ => (0, rest),
    };
    let (nanos, rest) = match rest {
        [Sign('.' | ','), Number(fraction, digits @ 1..=9), rest @ ..] => {
            let scale = 10_i64.pow(9 - u32::try_from(*digits).ok()?);
            (u32::try_from(fraction * scale).ok()?, rest)
        }
        // `10:14:55:123`
        [Sign(':'), Number(_, 3), rest @ ..] => (0, rest),
        _ => (0, rest),
    };
    Some((Clock { hour, minute, second, nanos }, rest))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Zone {
    /// Minutes east of Greenwich.
    Offset(i32),
    Named(Tz),
}

/// What follows the time: nothing (`Some(None)`), a zone, or something that can't be read (`None`).
fn zone(tokens: &[Token]) -> Option<Option<Zone>> {
    use Token::{Number, Sign, Word};
    let tokens = match tokens {
        [Sign(' ' | ','), rest @ ..] => rest,
        all => all,
    };
    let tokens = match tokens {
        [rest @ .., Sign(' ' | '.')] => rest,
        all => all,
    };
    match tokens {
        [] => Some(None),
        [Sign(sign @ ('+' | '-')), rest @ ..] => Some(Some(Zone::Offset(offset(*sign, rest)?))),
        // `GMT+3`, `UTC +03:00`; the name is for people.
        [Word(name), Sign(sign @ ('+' | '-')), rest @ ..]
        | [Word(name), Sign(' '), Sign(sign @ ('+' | '-')), rest @ ..]
            if matches!(name.as_str(), "gmt" | "utc" | "z" | "ut") =>
        {
            Some(Some(Zone::Offset(offset(*sign, rest)?)))
        }
        [Word(area), Sign('/'), Word(city)] => Some(Some(Zone::Named(tz(area, city)?))),
        [Word(name)] => Some(Some(zone_named(name)?)),
        // `+0300 (MSK)` comes here with the offset first; `EST5EDT` is a name.
        [Word(name), Number(_, 1), Word(_)] => Some(Some(zone_named(name)?)),
        _ => None,
    }
}

fn offset(sign: char, tokens: &[Token]) -> Option<i32> {
    use Token::{Number, Sign, Word};
    let (hours, minutes, rest) = match tokens {
        [Number(hours, 1 | 2), Sign(':' | '.'), Number(minutes, 2), rest @ ..] => (*hours, *minutes, rest),
        [Number(hours, 1 | 2), rest @ ..] => (*hours, 0, rest),
        [Number(both, 3 | 4), rest @ ..] => (both / 100, both % 100, rest),
        _ => return None,
    };
    // A name or remark after the offset says the same again.
    if !matches!(rest, [] | [Sign(' ')] | [Word(_)] | [Sign(' '), Word(_)] | [Sign(' '), Word(_), Sign(' ')])
        || matches!(rest, [Word(name)] if name != "z")
        || minutes > 59
    {
        return None;
    }
    let total = i32::try_from(hours * 60 + minutes).ok()?;
    Some(if sign == '-' { -total } else { total })
}

fn tz(area: &str, city: &str) -> Option<Tz> {
    if area == "etc" {
        return Some(Tz::UTC);
    }
    chrono_tz::TZ_VARIANTS.iter().copied().find(|tz| {
        tz.name().split_once('/').is_some_and(|(a, c)| a.eq_ignore_ascii_case(area) && c.eq_ignore_ascii_case(city))
    })
}

/// Zones by the abbreviations that feeds use (RFC 822, and those of news outlets), minutes east of Greenwich. Where one
/// abbreviation means several zones, the one with more feeds.
const ZONES: &[(&str, i32)] = &[
    ("z", 0),
    ("ut", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("uct", 0),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("bst", 60),
    ("west", 60),
    ("ist", 330),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eet", 120),
    ("sast", 120),
    ("cat", 120),
    ("wat", 60),
    ("eest", 180),
    ("msk", 180),
    ("msd", 240),
    ("trt", 180),
    ("eat", 180),
    ("ast", -240),
    ("adt", -180),
    ("at", -240),
    ("gst", 240),
    ("samt", 240),
    ("pkt", 300),
    ("yekt", 300),
    ("npt", 345),
    ("bdt", 360),
    ("ict", 420),
    ("wib", 420),
    ("novt", 420),
    ("krat", 420),
    ("hkt", 480),
    ("sgt", 480),
    ("myt", 480),
    ("pht", 480),
    ("wita", 480),
    ("awst", 480),
    ("irkt", 480),
    ("cst", -360),
    ("jst", 540),
    ("kst", 540),
    ("wit", 540),
    ("acst", 570),
    ("aest", 600),
    ("aedt", 660),
    ("acdt", 630),
    ("vlat", 600),
    ("nzst", 720),
    ("nzdt", 780),
    ("est", -300),
    ("edt", -240),
    ("et", -300),
    ("cdt", -300),
    ("ct", -360),
    ("mst", -420),
    ("mdt", -360),
    ("mt", -420),
    ("pst", -480),
    ("pdt", -420),
    ("pt", -480),
    ("akst", -540),
    ("akdt", -480),
    ("hst", -600),
    ("brt", -180),
    ("brst", -120),
    ("art", -180),
    ("clt", -240),
    ("clst", -180),
    ("cot", -300),
    ("pet", -300),
    ("vet", -240),
    ("uyt", -180),
    ("nst", -210),
    ("ndt", -150),
    ("irst", 210),
    ("irdt", 270),
    ("мск", 180),
    // RFC 822's single letters; RFC 2822 says that they were defined wrongly and mean nothing, so UTC.
    ("a", -60),
    ("m", -720),
    ("n", 60),
    ("y", 720),
];

fn zone_named(name: &str) -> Option<Zone> {
    ZONES.iter().find(|(known, _)| *known == name).map(|(_, minutes)| Zone::Offset(*minutes))
}

fn loose(tokens: &[Token]) -> Option<Timestamp> {
    use Token::{Number, Sign, Word};
    let mut found = Loose::default();
    let mut rest = tokens;
    let mut seen_number = false;
    while let Some(first) = rest.first() {
        if found.clock.is_none()
            && let Some((clock, after)) = self::clock(rest)
        {
            found.clock = Some(clock);
            rest = after;
            seen_number = true;
            // What follows directly may be a zone; if not, it is part of the date (`19:48 1 Jan 2004`).
            if let Some(Some(zone)) = zone(rest) {
                found.zone = Some(zone);
                break;
            }
            continue;
        }
        match rest {
            [Number(a, al), Sign(x @ ('/' | '.' | '-')), Number(b, bl), Sign(y), Number(c, cl), after @ ..]
                if x == y && found.numbers.is_empty() && found.month.is_none() =>
            {
                found.triple = Some(([*a, *b, *c], [*al, *bl, *cl], *x));
                rest = after;
                seen_number = true;
                continue;
            }
            // `12.30 Uhr` and the dotted time after a date
            [Number(hour, 1 | 2), Sign('.'), Number(minute, 2), after @ ..]
                if found.has_date() && found.clock.is_none() && *hour < 24 && *minute < 60 =>
            {
                found.clock = Some(Clock { hour: *hour, minute: *minute, second: 0, nanos: 0 });
                rest = after;
                continue;
            }
            [Number(hour, 1 | 2), Word(unit), Number(minute, 1 | 2), Word(unit2), after @ ..]
                if matches!(unit.as_str(), "时" | "時" | "시") && matches!(unit2.as_str(), "分" | "분") =>
            {
                found.clock = Some(Clock { hour: *hour, minute: *minute, second: 0, nanos: 0 });
                rest = after;
                seen_number = true;
                continue;
            }
            [Number(hour, 1 | 2), Word(unit), Number(minute, 2), after @ ..]
                if unit == "h" && found.has_date() && found.clock.is_none() =>
            {
                found.clock = Some(Clock { hour: *hour, minute: *minute, second: 0, nanos: 0 });
                rest = after;
                continue;
            }
            // `3 pm`
            [Number(hour, 1 | 2), Sign(' '), Word(half), after @ ..]
                if found.has_date() && half_of_day(half).is_some() =>
            {
                found.clock = Some(Clock { hour: *hour, minute: 0, second: 0, nanos: 0 });
                found.afternoon = half_of_day(half);
                rest = after;
                continue;
            }
            [Number(value, length), Word(unit), after @ ..]
                if matches!(unit.as_str(), "年" | "月" | "日" | "년" | "월" | "일") =>
            {
                let slot = match unit.as_str() {
                    "年" | "년" => &mut found.year,
                    "月" | "월" => &mut found.month,
                    _ => &mut found.day,
                };
                if slot.is_some() {
                    return None;
                }
                *slot = Some(if *length == 2 && matches!(unit.as_str(), "年" | "년") {
                    full_year(*value)
                } else {
                    *value
                });
                found.east_asian = if matches!(unit.as_str(), "년" | "월" | "일") { Some(540) } else { Some(480) };
                rest = after;
                seen_number = true;
                continue;
            }
            // A zone as an offset at the end, after a time
            [Sign('+' | '-'), Number(..), ..] | [Sign(' '), Sign('+' | '-'), Number(..), ..]
                if found.clock.is_some() =>
            {
                found.zone = Some(zone(rest)??);
                break;
            }
            _ => {}
        }
        match first {
            Sign(_) => {}
            Number(value, length) => {
                found.numbers.push((*value, *length));
                seen_number = true;
            }
            Word(word) => found.word(word, seen_number, &mut rest)?,
        }
        rest = &rest[1..];
    }
    found.build()
}

#[derive(Default)]
struct Loose {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    numbers: Vec<(i64, usize)>,
    triple: Option<([i64; 3], [usize; 3], char)>,
    clock: Option<Clock>,
    afternoon: Option<bool>,
    weekday: Option<Weekday>,
    zone: Option<Zone>,
    /// Minutes east, for dates written in Chinese, Japanese or Korean without a zone.
    east_asian: Option<i32>,
}

impl Loose {
    fn has_date(&self) -> bool {
        self.triple.is_some() || self.month.is_some() || !self.numbers.is_empty()
    }

    fn word(&mut self, word: &str, seen_number: bool, rest: &mut &[Token]) -> Option<()> {
        // `p.m.` is two words.
        if matches!(word, "a" | "p")
            && let [_, Token::Sign('.'), Token::Word(m), after @ ..] = *rest
            && m == "m"
            && self.clock.is_some()
        {
            self.afternoon = Some(word == "p");
            // The caller drops one token more.
            *rest = &rest[2..];
            let _ = after;
            return Some(());
        }
        if let Some(afternoon) = half_of_day(word) {
            self.afternoon = Some(afternoon);
            if matches!(word, "오전" | "오후") {
                self.east_asian = Some(540);
            }
            return Some(());
        }
        // The Levant's month names have two words.
        if let [_, Token::Sign(' '), Token::Word(second), ..] = *rest
            && let Some(month) = month_of_two(word, second)
        {
            self.month = Some(month);
            *rest = &rest[2..];
            return Some(());
        }
        if let Some(month) = month(word) {
            // `mar, 05 nov 2019`: a weekday that looks like a month came first.
            if self.month.is_some() && seen_number && self.numbers.is_empty() {
                return None;
            }
            self.month = Some(month);
            return Some(());
        }
        if let Some(weekday) = weekday(word) {
            self.weekday = Some(weekday);
            return Some(());
        }
        if FILLERS.contains(&word) {
            return Some(());
        }
        if self.clock.is_some()
            && let Some(zone) = zone_named(word)
        {
            self.zone = Some(zone);
            return Some(());
        }
        // An unknown word before any number is a weekday in a language not listed, or “published on”.
        if seen_number { None } else { Some(()) }
    }

    fn build(self) -> Option<Timestamp> {
        let date = self.date()?;
        let Some(mut clock) = self.clock else {
            let offset = if self.zone.is_some() { return None } else { 0 };
            return moment(date, NaiveTime::MIN, offset);
        };
        match self.afternoon {
            Some(true) if clock.hour < 12 => clock.hour += 12,
            Some(false) if clock.hour == 12 => clock.hour = 0,
            _ => {}
        }
        let zone = self.zone.unwrap_or(Zone::Offset(self.east_asian.unwrap_or(0)));
        with_clock(date, clock, zone)
    }

    fn date(&self) -> Option<NaiveDate> {
        if let Some(([a, b, c], [al, _, cl], sign)) = self.triple {
            if self.month.is_some() || !self.numbers.is_empty() {
                return None;
            }
            if al == 4 {
                return ymd(a, b, c);
            }
            if cl == 3 || cl > 4 {
                return None;
            }
            let year = if cl == 4 { c } else { full_year(c) };
            let (day_first, month_first) = (ymd(year, b, a), ymd(year, a, b));
            let fits =
                |date: Option<NaiveDate>| date.filter(|date| self.weekday == Some(chrono::Datelike::weekday(date)));
            // The weekday decides; else who writes how: am/pm goes with month first, everybody else puts the day first.
            return fits(day_first).or_else(|| fits(month_first)).or(if sign == '/' && self.afternoon.is_some() {
                month_first.or(day_first)
            } else {
                day_first.or(month_first)
            });
        }
        let mut numbers = self.numbers.clone();
        let month = self.month?;
        let year = match self.year {
            Some(year) => year,
            None => {
                // The year is what has four digits; else the last number.
                let at =
                    numbers.iter().position(|(_, length)| *length == 4).or_else(|| numbers.len().checked_sub(1))?;
                let (value, length) = numbers.remove(at);
                match length {
                    4 => value,
                    2 if !numbers.is_empty() || self.day.is_some() => full_year(value),
                    _ => return None,
                }
            }
        };
        let day = match (self.day, numbers.as_slice()) {
            (Some(day), []) => day,
            (None, [(day, 1 | 2)]) => *day,
            (None, []) => 1,
            _ => return None,
        };
        ymd(year, month, day)
    }
}

/// Words that carry nothing.
const FILLERS: &[&str] = &[
    "of",
    "the",
    "at",
    "on",
    "in",
    "st",
    "nd",
    "rd",
    "th",
    "de",
    "del",
    "di",
    "le",
    "la",
    "el",
    "den",
    "der",
    "am",
    "um",
    "uhr",
    "ore",
    "alle",
    "à",
    "a",
    "às",
    "er",
    "и",
    "в",
    "г",
    "года",
    "год",
    "р",
    "року",
    "om",
    "kl",
    "klo",
    "klokken",
    "t",
    "o",
    "godz",
    "saat",
    "pukul",
    "lúc",
    "ngày",
    "h",
    "hrs",
    "hr",
    "time",
    "في",
    "الساعة",
    "على",
];

fn half_of_day(word: &str) -> Option<bool> {
    match word {
        "am" | "오전" | "上午" | "早上" | "凌晨" | "午前" | "πμ" | "ص" | "صباحا" | "صباحاً" => {
            Some(false)
        }
        "pm" | "오후" | "下午" | "晚上" | "午後" | "μμ" | "م" | "مساء" | "مساءً" => Some(true),
        _ => None,
    }
}

fn full_year(two_digits: i64) -> i64 {
    // POSIX strptime: 69 … 99 are the last century.
    if two_digits < 69 { 2000 + two_digits } else { 1900 + two_digits }
}

/// A day that its month lacks (31 June) becomes the first of the next, as C's `mktime` has it.
fn ymd(year: i64, month: i64, day: i64) -> Option<NaiveDate> {
    let (year, month, day) = (i32::try_from(year).ok()?, u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    if !(1..=31).contains(&day) || !(1..=9999).contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_days(chrono::Days::new(u64::from(day - 1)))
}

fn with_clock(date: NaiveDate, clock: Clock, zone: Zone) -> Option<Timestamp> {
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

fn moment(date: NaiveDate, time: NaiveTime, offset_minutes: i32) -> Option<Timestamp> {
    let local = NaiveDateTime::new(date, time);
    let utc = local.checked_sub_signed(Duration::minutes(i64::from(offset_minutes)))?;
    Some(Timestamp::from_millis(utc.and_utc().timestamp_millis()))
}

fn weekday(word: &str) -> Option<Weekday> {
    const ENGLISH: [(&str, Weekday); 7] = [
        ("mon", Weekday::Mon),
        ("tue", Weekday::Tue),
        ("wed", Weekday::Wed),
        ("thu", Weekday::Thu),
        ("fri", Weekday::Fri),
        ("sat", Weekday::Sat),
        ("sun", Weekday::Sun),
    ];
    ENGLISH.into_iter().find(|(name, _)| word.starts_with(name)).map(|(_, day)| day)
}

/// Month names by their beginnings, one row a month; each language's shortest form that is its own. Croatian's
/// `listopad` (October) is left out: in Polish and Czech it is November.
const MONTHS: [&str; 12] = [
    "jan januar ene gen gennaio jän sty led sij oca ocak sau jaan tammi янв січ яну јан ιαν يناير جانفي ינו ม.ค janv ian 1月 sije",
    "feb fév fev févr lut úno únor vel velj şub şubat vas veebr helmi фев лют φεβ فبراير فيفري شباط פבר",
    "mar mär mrz märz mars mart marz bře břez ožu kov maalis мар бер μάρ μαρ مارس آذار מרץ maret març márc",
    "apr abr avr ápr kwi dub tra nis nisan bal huhti апр кві απρ أبريل ابريل إبريل أفريل نيسان אפר",
    "may mai mag maj máj maggio mayo kwm kvě svi geg touko mei май мая тра трав μάι μαΐ μαι مايو ماي أيار מאי maig gen.v",
    "jun giu juin jún jūn juuni cze čer červen čvn lipnj haz bir kesä июн чер черв юни јун ιούν ιουν يونيو جوان حزيران יונ",
    "jul lug juil júl jūl juuli lip lipc červenec čvc srpnj tem lie heinä июл лип юли јул ιούλ ιουλ يوليو جويلية تموز יול",
    "aug ago aoû août sie srp kol ağu rgp rugpj elo авг сер серп αύγ αυγ أغسطس اغسطس أوت آب אוג agus ogos",
    "sep set szept wrz zář ruj eyl rugs syys сен вер вересн сеп септ σεπ سبتمبر أيلول ספט",
    "oct ott okt out paź říj eki ekim spa loka окт жов οκτ أكتوبر اكتوبر אוק",
    "nov lis stu kas kasım lap marras ноя лис листоп ное нов νοέ νοε نوفمبر נוב",
    "dec dic dez déc dets gru pro ara aralık grd gruod joulu des дек груд гру дец δεκ ديسمبر דצמ",
];

fn month(word: &str) -> Option<i64> {
    let mut best: Option<(usize, i64)> = None;
    for (number, names) in (1..).zip(MONTHS) {
        for name in names.split(' ') {
            if word.starts_with(name) && best.is_none_or(|(length, _)| name.len() > length) {
                best = Some((name.len(), number));
            }
        }
    }
    best.map(|(_, number)| number)
}

fn month_of_two(first: &str, second: &str) -> Option<i64> {
    match (first, second) {
        ("كانون", "الثاني") => Some(1),
        ("تشرين", "الأول" | "الاول") => Some(10),
        ("تشرين", "الثاني") => Some(11),
        ("كانون", "الأول" | "الاول") => Some(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Option<String> {
        parse_date(text).map(|time| time.to_string())
    }

    #[test]
    fn the_formats_of_the_standards() {
        for (text, expected) in [
            ("Sun, 22 Nov 2026 10:30:00 GMT", "2026-11-22T10:30:00Z"),
            ("22 Nov 2026 10:30 +0100", "2026-11-22T09:30:00Z"),
            ("Sun, 22 Nov 26 10:30:00 EST", "2026-11-22T15:30:00Z"),
            ("2026-11-22T10:30:00.25+01:00", "2026-11-22T09:30:00.250Z"),
            ("2026-11-22T10:30Z", "2026-11-22T10:30:00Z"),
            ("2026-11-22T10:30:00+0100", "2026-11-22T09:30:00Z"),
            ("20261122T103000Z", "2026-11-22T10:30:00Z"),
            ("2026-11-22", "2026-11-22T00:00:00Z"),
            ("2026-11", "2026-11-01T00:00:00Z"),
            ("2026-326", "2026-11-22T00:00:00Z"),
            ("Sun Nov 22 10:30:00 2026", "2026-11-22T10:30:00Z"),
            ("Sun Nov 22 10:30:00 UTC 2026", "2026-11-22T10:30:00Z"),
            ("2026-11-22 24:00:00", "2026-11-23T00:00:00Z"),
            ("31 Jun 2026 10:00 GMT", "2026-07-01T10:00:00Z"),
            ("1795257000", "2026-11-21T10:30:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_formats_of_the_world() {
        for (text, expected) in [
            ("2026-11-22 10:30:00", "2026-11-22T10:30:00Z"),
            ("22.11.2026 10:30", "2026-11-22T10:30:00Z"),
            ("22.11.26", "2026-11-22T00:00:00Z"),
            ("22/11/2026 - 10:30", "2026-11-22T10:30:00Z"),
            ("11/22/2026 10:30:00 PM", "2026-11-22T22:30:00Z"),
            ("Mon, 12/07/2026 - 19:19", "2026-12-07T19:19:00Z"),
            ("Sunday, November 22, 2026 - 3:07pm", "2026-11-22T15:07:00Z"),
            ("Nov. 22, 2026, 12:37 a.m.", "2026-11-22T00:37:00Z"),
            ("domenica 22 novembre 2026, 10:30", "2026-11-22T10:30:00Z"),
            ("mar, 24 nov 2026 10:30:00 +0100", "2026-11-24T09:30:00Z"),
            ("22 novembre 2026 à 10h30", "2026-11-22T10:30:00Z"),
            ("So, 22. März 2026 10:30:00 MEZ", "2026-03-22T09:30:00Z"),
            ("dom, 22 dez 2026 10:30:00 -0300", "2026-12-22T13:30:00Z"),
            ("22 de agosto de 2026", "2026-08-22T00:00:00Z"),
            ("Вс, 22 ноя 2026 10:30:00 +0300", "2026-11-22T07:30:00Z"),
            ("22 ноября 2026 г., 10:30 МСК", "2026-11-22T07:30:00Z"),
            ("22 листопада 2026 10:30", "2026-11-22T10:30:00Z"),
            ("22 lipca 2026", "2026-07-22T00:00:00Z"),
            ("22 Kasım 2026", "2026-11-22T00:00:00Z"),
            ("2026年11月22日 18:30", "2026-11-22T10:30:00Z"),
            ("2026년 11월 22일 19:30:00", "2026-11-22T10:30:00Z"),
            ("2026-11-22 오후 7:30:00", "2026-11-22T10:30:00Z"),
            ("٢٢ نوفمبر ٢٠٢٦ 10:30", "2026-11-22T10:30:00Z"),
            ("22 تشرين الثاني 2026", "2026-11-22T00:00:00Z"),
            ("Κυρ, 22 Νοέ 2026 12:30:00 EET", "2026-11-22T10:30:00Z"),
            ("2026-július-13T9:15-05:00", "2026-07-13T14:15:00Z"),
            ("Fri, 2026/09/15 08:19:53 EDT", "2026-09-15T12:19:53Z"),
            ("Sun, 22 Nov 2026 11:30:00 Europe/Brussels", "2026-11-22T10:30:00Z"),
            ("Sun, 22 Nov 2026 10:30:00 GMT+0100 (CET)", "2026-11-22T09:30:00Z"),
            ("Nov. 2026", "2026-11-01T00:00:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_absent() {
        for text in [
            "",
            "   ",
            "yesterday",
            "now",
            "2026-13-01",
            "2026-11-22T10:30:00ZZZ",
            "2026-11-22T10:xx:00Z",
            "32 Nov 2026",
            "0000-00-00 00:00:00",
            "22 Nov 2026 99:00",
            "Sun, 22 Nov 2026 10:30:00 GMT and more",
            "123",
            "12:30",
            "-",
            "1/2",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_sample_dates_are_read_as_their_suites_ask() {
        let Ok(lines) = std::fs::read_to_string("../shared/data/feeds/dates.jsonl") else {
            return; // the sample data is not there
        };
        let mut wrong = Vec::new();
        for line in lines.lines() {
            let case: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
            let input = case["input"].as_str().expect("an input");
            let read = parse_date(input).map(|time| Timestamp::from_millis(time.as_seconds() * 1000).to_string());
            let right = match case.get("utc") {
                Some(utc) => read.as_deref() == utc.as_str(),
                None => read.is_some(),
            };
            if !right {
                wrong.push(format!("{input} → {read:?}, expected {}", case["utc"]));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "[0-9A-Za-z:/.,+ -年月ж]{0,60}") {
            let _ = parse_date(&text);
        }

        #[test]
        fn what_we_print_we_read(millis in -2_000_000_000_000_i64..4_000_000_000_000) {
            let time = Timestamp::from_millis(millis);
            prop_assert_eq!(parse_date(&time.to_string()), Some(time));
            let mail = time.to_chrono().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
            prop_assert_eq!(parse_date(&mail).map(Timestamp::as_seconds), Some(time.as_seconds()));
        }
    }
}
