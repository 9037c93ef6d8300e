//! Dates in no standard format: numbers and words in any order.

use chrono::{NaiveDate, Weekday};

use super::calendar::{Clock, full_year, with_clock, ymd};
use super::names::{era, half_of_day, is_east_asian_weekday, is_filler, month, month_of_two, weekday};
use super::zone::{Zone, zone, zone_named};
use super::{Token, clock};
use crate::model::Timestamp;

pub(super) fn loose(tokens: &[Token]) -> Option<Timestamp> {
    use Token::{Number, Sign, Word};
    let mut found = Loose::default();
    let mut rest = tokens;
    let mut seen_number = false;
    while let Some(first) = rest.first() {
        if found.clock.is_none()
            && let Some((clock, after)) = clock(rest)
        {
            found.clock = Some(clock);
            rest = after;
            seen_number = true;
            // What follows directly may be a zone; if not, it is part of the date (`19:48 1 Jan 2004`).
            if let Some(Some(zone)) = zone(rest) {
                found.zone = Some(zone);
                break;
            }
            // `Jul 15 01:16:00 +0000 2012`
            if let [before @ .., Sign(' '), Number(year, 4)] = rest
                && found.month.is_some()
                && let Some(Some(zone)) = zone(before)
            {
                found.zone = Some(zone);
                found.numbers.push((*year, 4));
                break;
            }
            continue;
        }
        match rest {
            [Number(..), ..]
                if found.numbers.is_empty()
                    && found.month.is_none()
                    && let Some((triple, after)) = triple(rest) =>
            {
                found.triple = Some(triple);
                rest = after;
                seen_number = true;
                continue;
            }
            // `tháng 1`, and `Thứ 2`, which is Monday
            [Word(name), Sign(' '), Number(number, 1 | 2), after @ ..]
                if matches!(name.as_str(), "tháng" | "thg" | "thứ") =>
            {
                if name != "thứ" {
                    found.month = Some(*number);
                }
                rest = after;
                continue;
            }
            // `12.30 Uhr` and the dotted time after a date
            [Number(hour, 1 | 2), Sign('.'), Number(minute, 2), after @ ..]
                if found.has_date() && found.clock.is_none() && *hour < 24 && *minute < 60 =>
            {
                found.clock = Some(Clock::of_minutes(*hour, *minute));
                rest = after;
                continue;
            }
            [Number(hour, 1 | 2), Word(unit), after @ ..]
                if found.clock.is_none() && matches!(unit.as_str(), "时" | "時" | "시" | "点" | "點") =>
            {
                let (minute, after) = counted(after, &["分", "분"]);
                let (second, after) = counted(after, &["秒", "초"]);
                found.clock = Some(Clock { hour: *hour, minute, second, nanos: 0 });
                rest = after;
                seen_number = true;
                continue;
            }
            [Number(hour, 1 | 2), Word(unit), Number(minute, 2), after @ ..]
                if unit == "h" && found.has_date() && found.clock.is_none() =>
            {
                found.clock = Some(Clock::of_minutes(*hour, *minute));
                rest = after;
                continue;
            }
            // `3 pm`
            [Number(hour, 1 | 2), Sign(' '), Word(half), after @ ..]
                if found.has_date() && half_of_day(half).is_some() =>
            {
                found.clock = Some(Clock::of_minutes(*hour, 0));
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
                *slot = Some(if *length == 2 && found.era == 0 && matches!(unit.as_str(), "年" | "년") {
                    full_year(*value)
                } else {
                    *value
                });
                found.east_asian = if matches!(unit.as_str(), "년" | "월" | "일") { Some(540) } else { Some(480) };
                rest = after;
                seen_number = true;
                continue;
            }
            // `2 Jan 2006 15 -0700`
            [Number(hour @ 0..24, 2), Sign(' '), Sign('+' | '-'), Number(_, 4)]
                if found.month.is_some() && found.numbers.len() == 2 && found.clock.is_none() =>
            {
                found.clock = Some(Clock::of_minutes(*hour, 0));
                rest = &rest[1..];
                continue;
            }
            // `02.01.2006 -0700`
            [Sign(' '), Sign('+' | '-'), Number(_, 4)]
                if found.triple.is_some() || found.month.is_some() && found.numbers.len() == 2 =>
            {
                found.zone = Some(zone(rest)??);
                break;
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

/// Three numbers with the same sign between them, with blanks or without.
fn triple(tokens: &[Token]) -> Option<(Triple, &[Token])> {
    use Token::{Number, Sign};
    fn sign(tokens: &[Token]) -> Option<(char, &[Token])> {
        match tokens {
            [Sign(sign @ ('/' | '.' | '-')), Sign(' '), rest @ ..]
            | [Sign(' '), Sign(sign @ ('/' | '-')), Sign(' '), rest @ ..]
            | [Sign(sign @ ('/' | '.' | '-')), rest @ ..] => Some((*sign, rest)),
            _ => None,
        }
    }
    let [Number(a, al), rest @ ..] = tokens else { return None };
    let (x, rest) = sign(rest)?;
    let [Number(b, bl), rest @ ..] = rest else { return None };
    let (y, rest) = sign(rest)?;
    let [Number(c, cl), rest @ ..] = rest else { return None };
    (x == y).then_some((([*a, *b, *c], [*al, *bl, *cl], x), rest))
}

/// A number with its unit, and what follows; nothing of it is 0.
fn counted<'t>(tokens: &'t [Token], units: &[&str]) -> (i64, &'t [Token]) {
    use Token::{Number, Sign, Word};
    match tokens {
        [Number(value, 1 | 2), Word(unit), rest @ ..] | [Sign(' '), Number(value, 1 | 2), Word(unit), rest @ ..]
            if units.contains(&unit.as_str()) =>
        {
            (*value, rest)
        }
        _ => (0, tokens),
    }
}

/// Values, counts of digits, and the sign between.
type Triple = ([i64; 3], [usize; 3], char);

#[derive(Default)]
struct Loose {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    numbers: Vec<(i64, usize)>,
    triple: Option<Triple>,
    clock: Option<Clock>,
    afternoon: Option<bool>,
    weekday: Option<Weekday>,
    zone: Option<Zone>,
    /// Minutes east, for dates written in Chinese, Japanese or Korean without a zone.
    east_asian: Option<i32>,
    /// What is added to the year.
    era: i64,
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
        if let [_, Token::Sign(' ' | '.'), Token::Word(second), ..] = *rest
            && let Some(month) = month_of_two(word, second)
        {
            self.month = Some(month);
            *rest = &rest[2..];
            return Some(());
        }
        // Thai `พ.ศ.` and `ค.ศ.` name the calendar, which the year tells.
        if let [_, Token::Sign('.'), Token::Word(second), ..] = *rest
            && matches!(word, "พ" | "ค")
            && second == "ศ"
        {
            *rest = &rest[2..];
            return Some(());
        }
        if let Some(weekday) = weekday(word) {
            self.weekday = Some(weekday);
            return Some(());
        }
        if is_east_asian_weekday(word) {
            return Some(());
        }
        if let Some(before) = era(word) {
            self.era = before;
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
        if is_filler(word) {
            return Some(());
        }
        let ends_date = rest.len() == 1 && self.has_date() && word.len() > 2;
        if (self.clock.is_some() || ends_date)
            && let Some(zone) = zone_named(word)
        {
            self.zone = Some(zone);
            return Some(());
        }
        // An unknown word before any number is a weekday in a language not listed, or “published on”.
        if seen_number || self.month.is_some() { None } else { Some(()) }
    }

    fn build(self) -> Option<Timestamp> {
        let date = self.date()?;
        let Some(mut clock) = self.clock else {
            let midnight = Clock::of_minutes(0, 0);
            return with_clock(date, midnight, self.zone.unwrap_or(Zone::Offset(0)));
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
        // `11 04 2020`
        let spaced = match self.numbers.as_slice() {
            [(a, al), (b, bl @ 1..=2), (c, cl)]
                if (*al == 4 || *cl == 4) && self.month.is_none() && self.triple.is_none() =>
            {
                Some(([*a, *b, *c], [*al, *bl, *cl], ' '))
            }
            _ => None,
        };
        if let Some(([a, b, c], [al, _, cl], sign)) = self.triple.or(spaced) {
            if self.month.is_some() || !self.numbers.is_empty() && spaced.is_none() {
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
            Some(year) => year + self.era,
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
