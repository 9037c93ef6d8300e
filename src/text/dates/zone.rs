//! Zones: by offset, by abbreviation, by place.

use chrono_tz::Tz;

use super::Token;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Zone {
    /// Minutes east of Greenwich.
    Offset(i32),
    Named(Tz),
}

/// What follows the time: nothing (`Some(None)`), a zone, or something that can't be read (`None`).
pub(super) fn zone(tokens: &[Token]) -> Option<Option<Zone>> {
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
        [Word(_), Sign('/'), ..] => Some(Some(Zone::Named(tz(tokens)?))),
        [Word(name)] => Some(Some(zone_named(name)?)),
        [Number(0, 1 | 2 | 4)] => Some(Some(Zone::Offset(0))),
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
    // Seconds of the offset.
    let rest = match rest {
        [Sign(':'), Number(_, 2), after @ ..] => after,
        all => all,
    };
    // A name or remark after the offset says the same again: `(Coordinated Universal Time)`.
    let is_remark = match rest {
        [] => true,
        [Word(name)] => name == "z",
        [Sign(' '), words @ ..] => words.iter().all(|token| matches!(token, Word(_) | Sign(' '))),
        _ => false,
    };
    if !is_remark || minutes > 59 {
        return None;
    }
    let total = i32::try_from(hours * 60 + minutes).ok()?;
    Some(if sign == '-' { -total } else { total })
}

/// `Area/City`, also `America/Los_Angeles` (its `_` has become a blank) and `America/Argentina/Salta`.
fn tz(tokens: &[Token]) -> Option<Tz> {
    if tokens.len() > 9 {
        return None;
    }
    let mut name = String::new();
    for token in tokens {
        match token {
            Token::Word(word) => name.push_str(word),
            Token::Sign(' ') => name.push('_'),
            Token::Sign(sign @ ('/' | '-')) => name.push(*sign),
            _ => return None,
        }
    }
    if name.starts_with("etc/") {
        return Some(Tz::UTC);
    }
    chrono_tz::TZ_VARIANTS.iter().copied().find(|tz| tz.name().eq_ignore_ascii_case(&name))
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

pub(super) fn zone_named(name: &str) -> Option<Zone> {
    ZONES.iter().find(|(known, _)| *known == name).map(|(_, minutes)| Zone::Offset(*minutes))
}
