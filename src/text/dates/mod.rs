//! Dates as feeds write them.
//!
//! In: RFC 822 and 2822, ISO 8601 and W3C, asctime, numbers with dots and slashes, month names in fifty languages, zones by
//! name, by offset or not at all, the years of Iran, Thailand, Taiwan and Japan. Out: a moment, or `None`: a date that can't be read is absent, never “now”.
//!
//! There is one reader for all formats: it cuts the text into numbers, words and signs and asks what each can be. That
//! reads combinations that nobody listed; the price is that it must refuse strictly what it does not understand, so an
//! unknown word after the first number refuses the whole date. Without a zone UTC is taken, as feed readers do.

mod calendar;
mod loose;
mod names;
#[cfg(test)]
mod tests;
mod zone;

use chrono::{NaiveDate, NaiveTime};

use self::calendar::{Clock, full_year, moment, with_clock, ymd};
use self::zone::{Zone, zone};
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
    iso(&tokens).or_else(|| epoch(&tokens)).or_else(|| loose::loose(&tokens))
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
                // The dot that lower case leaves of `İ`.
                word.extend(next.to_lowercase().filter(|c| !matches!(c, '\u{307}' | '\u{200c}')));
                chars.next();
            }
            tokens.push(Token::Word(word));
        } else if c.is_whitespace()
            || matches!(c, '\u{200e}' | '\u{200f}' | '(' | ')' | '[' | ']' | '|' | '_' | '·' | '•' | '（' | '）' | '॰')
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
                '@' | '°' | 'º' | 'ª' | '׳' | '״' => {}
                _ => return None,
            }
        }
    }
    Some(tokens)
}

/// Decimal digits of the scripts that newspapers use.
fn digit(c: char) -> Option<u32> {
    const ZEROS: [char; 18] =
        ['0', '٠', '۰', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '၀', '០', '᠐', '０'];
    let at = |zero: char| (c as u32).checked_sub(zero as u32).filter(|value| *value < 10);
    if c.is_ascii() { at('0') } else { ZEROS.into_iter().find_map(at) }
}

/// Signs inside words: accents, vowels of Indian and Thai scripts, the Persian joiner.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{900}'..='\u{963}' | '\u{966}'..='\u{edf}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17dd}')
        || c == '\u{200c}'
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
        // `20261122103000`, with seconds or without
        [Number(all, length @ (12 | 14))] => {
            let (day, clock) =
                if *length == 14 { (all / 1_000_000, all % 1_000_000) } else { (all / 10_000, all % 10_000 * 100) };
            let date = ymd(day / 10_000, day / 100 % 100, day % 100)?;
            return with_clock(date, Clock::of_digits(clock), Zone::Offset(0));
        }
        [Number(compact, 8), rest @ ..] => (ymd(compact / 10_000, compact / 100 % 100, compact % 100)?, rest),
        // Two digits of the year: `-03-12` is December 2003.
        [Sign('-'), Number(year, 2), Sign('-'), Number(month, 2), rest @ ..] => {
            (ymd(full_year(*year), *month, 1)?, rest)
        }
        [Number(year, 2), Sign('-'), Number(month, 2), Sign('-'), Number(day, 2), rest @ ..] if *month <= 12 => {
            (ymd(full_year(*year), *month, *day)?, rest)
        }
        [Number(year, 4)] => (ymd(*year, 1, 1)?, &[][..]),
        // The same without signs, and nothing behind it: `-0312`, `031231`, `03335`.
        [Sign('-'), Number(both, 4)] => (ymd(full_year(both / 100), both % 100, 1)?, &[][..]),
        [Number(all, 6)] if (1..=12).contains(&(all / 100 % 100)) => {
            (ymd(full_year(all / 10_000), all / 100 % 100, all % 100)?, &[][..])
        }
        // Without the zero it is rather some other number.
        [Number(both @ ..10_000, 5)] => {
            let (year, day) = (full_year(both / 1000), both % 1000);
            (NaiveDate::from_yo_opt(i32::try_from(year).ok()?, u32::try_from(day).ok()?)?, &[][..])
        }
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
            with_clock(date, Clock::of_digits(*clock), zone(rest)?.unwrap_or(Zone::Offset(0)))
        }
        [Number(clock, 4), rest @ ..] => {
            with_clock(date, Clock::of_digits(clock * 100), zone(rest)?.unwrap_or(Zone::Offset(0)))
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
        [Sign(':'), Number(_, 2 | 3), rest @ ..] => (0, rest),
        _ => (0, rest),
    };
    Some((Clock { hour, minute, second, nanos }, rest))
}
