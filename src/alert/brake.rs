//! The flood brake: a topic that raises very many alerts at once (a feed that renewed all its ids, a rule that is too wide,
//! a war) tells the first of them one by one, and the rest in summaries.
//!
//! It counts what the topic raised within the window, told singly or not: as long as a flood lasts, its alerts gather, and
//! every window brings one summary. Counting single messages only would let another fifty out every ten minutes.
//! What gathers anyway, in digests and quiet hours, is left as it is. Urgent alerts are never held back: that word is for
//! what someone must see now, and the fiftieth of them may be the one that matters; the price is that a flood of urgent
//! alerts is not braked.

use std::time::Duration;

use crate::model::Severity;

/// From when on a topic's alerts gather, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brake {
    /// Alerts of one topic within the window that are told one by one; 0: all of them, there is no brake.
    pub limit: u32,
    /// The window, and how long a summary gathers.
    pub window: Duration,
}

impl Default for Brake {
    /// RELIABILITY P20.
    fn default() -> Self {
        Self { limit: 50, window: Duration::from_mins(10) }
    }
}

impl Brake {
    /// The brake for an alert; `None`: it is never held back.
    #[must_use]
    pub fn at(self, severity: Severity) -> Option<Self> {
        (self.limit > 0 && severity < Severity::Urgent).then_some(self)
    }

    /// Of two routes' brakes for one message, the one that lets more through in the long run; of equals the one that lets
    /// more through at once.
    #[must_use]
    pub fn looser(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        let (one, other) = (one?, other?);
        let rate = |brake: &Self, per: &Self| u128::from(brake.limit) * per.window.as_millis();
        let (of_one, of_other) = ((rate(&one, &other), one.limit), (rate(&other, &one), other.limit));
        Some(if of_other > of_one { other } else { one })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_urgent_is_held_back_and_nothing_at_all_without_a_limit() {
        let brake = Brake::default();
        assert_eq!(Severity::ALL.map(|level| brake.at(level).is_some()), [true, true, true, false]);
        let off = Brake { limit: 0, ..brake };
        assert!(Severity::ALL.iter().all(|level| off.at(*level).is_none()));
    }

    #[test]
    fn of_two_brakes_the_looser_counts() {
        let [few, many] = [5, 500].map(|limit| Some(Brake { limit, ..Brake::default() }));
        assert_eq!((Brake::looser(few, many), Brake::looser(many, few)), (many, many));
        let day = Some(Brake { limit: 60, window: Duration::from_secs(24 * 3600) });
        let minutes = Some(Brake { limit: 50, window: Duration::from_secs(600) });
        assert_eq!(
            (Brake::looser(day, minutes), Brake::looser(minutes, day)),
            (minutes, minutes),
            "not held for a day"
        );
        assert_eq!((Brake::looser(few, None), Brake::looser(None, many)), (None, None), "none is the loosest");
    }
}
