//! What a feed's past says about its rhythm: counts that fade, small enough to be kept with the feed. How they are
//! learned and used is the business of `fetch`.

use std::fmt::Write as _;
use std::str::FromStr;

use super::{Lang, Timestamp};

/// How many delays are kept for the figures of `feed list`.
pub const DELAYS_KEPT: usize = 20;

/// A feed's past, faded. Everything counts as of `as_of`; whoever reads it later lets it fade first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeedHistory {
    /// When the counts were brought up to date. Absent: nothing is known.
    pub as_of: Option<Timestamp>,
    /// Days that the counts stand for, faded like them.
    pub watched_days: f32,
    /// Entries by hour of the day, on the feed's own clock.
    pub hours: [f32; 24],
    /// Entries by day of the week, Monday first, on the feed's own clock.
    pub days: [f32; 7],
    /// Entries an hour of late; fades within hours.
    pub recent: f32,
    /// Entries in the last document.
    pub window: u32,
    /// Of which were new.
    pub new_entries: u32,
    /// The longest silences between new entries, in minutes: of the current fortnight, and of the one before.
    pub silences: [u32; 2],
    /// When the current fortnight began.
    pub fortnight: Option<Timestamp>,
    /// Silences measured so far; few of them say nothing.
    pub silences_seen: u32,
    /// Documents in a row of which nothing was known.
    pub strangers: u32,
    /// The highest number that the feed's ids or links count up to, if they count.
    pub sequence: Option<u64>,
    /// Seconds from publication to being read, of the last entries, the newest last.
    pub delays: Vec<u32>,
    /// The language of its articles, and how firmly that is known, 0 … 100.
    pub language: Option<(Lang, u8)>,
    /// Another language that its last articles had, and how many of them in a row.
    pub other_language: Option<(Lang, u8)>,
}

/// The format that [`FeedHistory::to_text`] writes.
const VERSION: &str = "1";

impl FeedHistory {
    /// As stored: whole numbers between blanks, without quotes, some 200 bytes.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(256);
        text.push_str(VERSION);
        let mut put = |number: Option<i64>| {
            let _ = match number {
                Some(number) => write!(text, " {number}"),
                None => write!(text, " -"),
            };
        };
        // Four decimals: what a fading count needs to reach nothing.
        let hundredth = |number: f32| Some((f64::from(number) * 10_000.0).round() as i64);
        put(self.as_of.map(Timestamp::as_millis));
        put(hundredth(self.watched_days));
        self.hours.iter().chain(&self.days).for_each(|count| put(hundredth(*count)));
        put(hundredth(self.recent));
        put(Some(self.window.into()));
        put(Some(self.new_entries.into()));
        self.silences.iter().for_each(|silence| put(Some((*silence).into())));
        put(self.fortnight.map(Timestamp::as_millis));
        put(Some(self.silences_seen.into()));
        put(Some(self.strangers.into()));
        put(self.sequence.and_then(|number| i64::try_from(number).ok()));
        for language in [self.language, self.other_language] {
            let _ = match language {
                Some((language, count)) => write!(text, " {language} {count}"),
                None => write!(text, " - 0"),
            };
        }
        for delay in self.delays.iter().rev().take(DELAYS_KEPT).rev() {
            let _ = write!(text, " {delay}");
        }
        text
    }

    /// Reads what was stored; `None` where it is of another version: then the feed is learned anew.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        fn number<T: FromStr>(word: Option<&str>) -> Option<Option<T>> {
            match word? {
                "-" => Some(None),
                word => word.parse().ok().map(Some),
            }
        }
        let mut words = text.split(' ');
        if words.next()? != VERSION {
            return None;
        }
        let mut history = Self { as_of: number(words.next())?.map(Timestamp::from_millis), ..Self::default() };
        let fraction = |word: Option<&str>| Some((number::<i64>(word)?? as f64 / 10_000.0) as f32);
        history.watched_days = fraction(words.next())?;
        for count in history.hours.iter_mut().chain(&mut history.days) {
            *count = fraction(words.next())?;
        }
        history.recent = fraction(words.next())?;
        history.window = number(words.next())??;
        history.new_entries = number(words.next())??;
        for silence in &mut history.silences {
            *silence = number(words.next())??;
        }
        history.fortnight = number(words.next())?.map(Timestamp::from_millis);
        history.silences_seen = number(words.next())??;
        history.strangers = number(words.next())??;
        history.sequence = number(words.next())?;
        let mut language = || -> Option<Option<(Lang, u8)>> {
            let (name, count) = (words.next()?, words.next()?.parse().ok()?);
            Some(Lang::parse(name).map(|language| (language, count)))
        };
        history.language = language()?;
        history.other_language = language()?;
        history.delays = words.take(DELAYS_KEPT).map(str::parse).collect::<Result<_, _>>().ok()?;
        Some(history)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_read_as_it_was_written() {
        let mut history = FeedHistory {
            as_of: Some(Timestamp::from_millis(1_800_000_000_123)),
            watched_days: 13.25,
            recent: 0.5,
            window: 30,
            new_entries: 4,
            silences: [600, 0],
            fortnight: Some(Timestamp::from_millis(1_799_000_000_000)),
            silences_seen: 77,
            strangers: 1,
            sequence: Some(123_456_789_012),
            delays: vec![5, 900, 86_400],
            language: Lang::parse("it").map(|language| (language, 90)),
            ..FeedHistory::default()
        };
        history.hours[23] = 1.5;
        history.days[0] = 0.0625;
        assert_eq!(FeedHistory::parse(&history.to_text()), Some(history.clone()));
        assert_eq!(FeedHistory::parse(&FeedHistory::default().to_text()), Some(FeedHistory::default()));
        assert!(!history.to_text().contains(['"', '\\']), "it is stored inside JSON");
        for broken in ["", "1", "2 0 0", "1 x", &history.to_text()[..40], &format!("{} x", history.to_text())] {
            assert_eq!(FeedHistory::parse(broken), None, "{broken}");
        }
    }
}
