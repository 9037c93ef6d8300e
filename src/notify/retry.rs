//! After a failed attempt: again, and when, or never. Pure.
//!
//! A message is given up only when *both* the attempts of its schedule are used up and five days have passed since it
//! was promised. Time alone drops nothing: a digest that waited six days for its hour, or a daemon that was switched
//! off for a week, still gets every attempt. The price is that such a message is tried for longer than five days.

use std::time::Duration;

use crate::model::{Delivery, DeliveryOutcome, Timestamp};

use super::{FailureReason, SendError};

/// How long a message is tried, at least. Postfix's queue lifetime (`maximal_queue_lifetime`).
pub const LIFETIME: Duration = Duration::from_hours(5 * 24);
/// The longest wait that a server can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);
/// After so many attempts a server that keeps asking for short waits waits as long as our schedule says.
const PATIENCE: u32 = 20;
/// … and spread over so much time after that.
const SPREAD: Duration = Duration::from_mins(5);

/// Waits between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetrySchedule {
    /// Thirty seconds, doubling up to 4,000 seconds (Postfix's `maximal_backoff_time`).
    Mail,
    /// The waits that the Standard Webhooks specification proposes (5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h,
    /// 24 h), then daily.
    Webhook,
}

impl RetrySchedule {
    /// The wait after the attempt of this number (from 0), before jitter.
    #[must_use]
    pub fn wait(self, attempt: u32) -> Duration {
        let seconds = match self {
            Self::Mail => 30_u64.checked_shl(attempt.min(20)).unwrap_or(u64::MAX).min(4_000),
            Self::Webhook => match attempt {
                0 => 5,
                1 => 5 * 60,
                2 => 30 * 60,
                3 => 2 * 3600,
                4 => 5 * 3600,
                5 => 10 * 3600,
                6 => 14 * 3600,
                7 => 20 * 3600,
                _ => 24 * 3600,
            },
        };
        Duration::from_secs(seconds)
    }

    /// Attempts whose waits fill [`LIFETIME`].
    #[must_use]
    pub fn attempts(self) -> u32 {
        let mut waited = Duration::ZERO;
        let mut attempt = 0;
        while waited < LIFETIME {
            waited += self.wait(attempt);
            attempt += 1;
        }
        attempt
    }

    /// How many waits of the schedule fit into the time that has passed. Attempts that a busy endpoint asked for a second
    /// apart, or that a crash cut short, must not use up the short waits: after four of them one broken connection would
    /// hold a message back for hours.
    fn step(self, passed: Duration) -> u32 {
        let mut waited = Duration::ZERO;
        (0..self.attempts())
            .take_while(|attempt| {
                waited += self.wait(*attempt);
                waited <= passed
            })
            .count() as u32
    }

    /// What follows from a failed attempt. `delivery.attempt` counts the attempts before this one. Up to a fifth is added
    /// to each wait, derived from the delivery's id, so that what failed together does not come back together.
    #[must_use]
    pub fn after_failure(self, delivery: &Delivery, error: &SendError, now: Timestamp) -> DeliveryOutcome {
        let text = error.to_string();
        if error.permanent {
            return DeliveryOutcome::Failed { error: text, disable_channel: error.disable_channel };
        }
        let used_up = delivery.attempt.saturating_add(1) >= self.attempts();
        if used_up && now.since(delivery.created_at) >= LIFETIME {
            let error = format!("given up after {} attempts and five days: {text}", delivery.attempt + 1);
            return DeliveryOutcome::Failed { error, disable_channel: false };
        }
        let wait = self.wait(delivery.attempt.min(self.step(now.since(delivery.created_at))));
        let planned = wait + wait.mul_f64(0.2 * jitter(delivery));
        let wait = match error.retry_after {
            // A busy endpoint says when: the wait is its own, spread out so that a backlog does not come back as one.
            Some(asked) if delivery.attempt < PATIENCE => asked.clamp(Duration::from_secs(1), MAX_RETRY_AFTER),
            Some(asked) => {
                let spread = SPREAD.mul_f64(0.1 + 0.9 * jitter(delivery));
                asked.clamp(Duration::from_secs(1), MAX_RETRY_AFTER) + spread
            }
            None => planned,
        };
        // A mail server that says “try later” means it; 503 without a time is what a proxy says before a service that is down.
        let asked = error.retry_after.is_some() || self == Self::Mail && error.reason == FailureReason::Busy;
        DeliveryOutcome::Retry { at: now + wait, error: text, asked }
    }
}

/// Between 0 and 1, from the delivery's id and attempt.
fn jitter(delivery: &Delivery) -> f64 {
    let key = format!("{}{}", delivery.id, delivery.attempt);
    let bits = xxhash_rust::xxh3::xxh3_64(key.as_bytes()) as u32;
    f64::from(bits) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ChannelName, DeliveryId};

    fn delivery(attempt: u32) -> Delivery {
        let created_at = Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("valid");
        Delivery {
            id: DeliveryId::derive(&["desk", "a@example.org", "x"]),
            channel: ChannelName::new("desk").expect("valid"),
            recipient: "a@example.org".into(),
            attempt,
            created_at,
            due_at: created_at,
        }
    }

    fn down() -> SendError {
        SendError::temporary(FailureReason::Connection, "could not connect")
    }

    #[test]
    fn a_server_that_is_down_is_tried_for_five_days_and_then_given_up() {
        for schedule in [RetrySchedule::Mail, RetrySchedule::Webhook] {
            let mut now = delivery(0).created_at;
            for attempt in 0.. {
                let delivery = delivery(attempt);
                match schedule.after_failure(&delivery, &down(), now) {
                    DeliveryOutcome::Retry { at, .. } => {
                        let wait = at.since(now);
                        assert!(wait >= schedule.wait(attempt) && wait <= schedule.wait(attempt).mul_f64(1.2001));
                        now = at;
                    }
                    DeliveryOutcome::Failed { error, disable_channel } => {
                        let age = now.since(delivery.created_at);
                        assert!(age >= LIFETIME, "{schedule:?} gave up after {age:?}");
                        assert!(age <= LIFETIME.mul_f64(1.5), "{schedule:?} gave up after {age:?}");
                        assert!(error.contains("could not connect") && !disable_channel, "{error}");
                        break;
                    }
                    other => panic!("{other:?}"),
                }
                assert!(attempt < 200, "never gives up");
            }
        }
    }

    #[test]
    fn time_alone_drops_nothing() {
        let later = delivery(0).created_at + LIFETIME * 3;
        assert!(matches!(
            RetrySchedule::Webhook.after_failure(&delivery(0), &down(), later),
            DeliveryOutcome::Retry { .. }
        ));
    }

    #[test]
    fn a_server_that_says_when_is_obeyed_within_a_day() {
        let now = delivery(0).created_at;
        let asked = |seconds, attempt| {
            let error = SendError { retry_after: Some(Duration::from_secs(seconds)), ..down() };
            match RetrySchedule::Webhook.after_failure(&delivery(attempt), &error, now) {
                DeliveryOutcome::Retry { at, .. } => at.since(now).as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(asked(90, 0), 90);
        assert_eq!(asked(0, 3), 1);
        assert_eq!(asked(u64::MAX / 1000, 0), 24 * 3600);
        let (first, second) = (asked(1, PATIENCE), asked(1, PATIENCE + 1));
        assert!(first <= 301 && second <= 301, "being busy must not delay a message by a day: {first} s, {second} s");
        assert!(first + second > 20, "a server that always says one second is not asked every second");
    }

    #[test]
    fn attempts_that_a_busy_endpoint_asked_for_do_not_make_the_next_wait_longer() {
        let promised = delivery(0).created_at;
        let wait = |attempt, seconds| {
            let now = promised + Duration::from_secs(seconds);
            match RetrySchedule::Webhook.after_failure(&delivery(attempt), &down(), now) {
                DeliveryOutcome::Retry { at, .. } => at.since(now).as_secs(),
                other => panic!("{other:?}"),
            }
        };
        assert!((300..=360).contains(&wait(5, 15)), "{} s after 15 s, in which it was tried five times", wait(5, 15));
        assert!(wait(5, 2) <= 6, "{}", wait(5, 2));
        assert!(wait(1, 9 * 3600) <= 360, "a message that waited for its hour begins with short waits");
        assert!(wait(5, 9 * 3600) >= 10 * 3600, "what has failed for hours is tried as rarely as before");
    }

    #[test]
    fn a_wait_that_the_far_end_asked_for_is_told_from_one_of_our_own() {
        let busy = SendError::temporary(FailureReason::Busy, "later");
        let with_time = SendError { retry_after: Some(Duration::from_secs(600)), ..down() };
        let asked = |schedule: RetrySchedule, error: &SendError| {
            let outcome = schedule.after_failure(&delivery(0), error, delivery(0).created_at);
            matches!(outcome, DeliveryOutcome::Retry { asked: true, .. })
        };
        assert!(asked(RetrySchedule::Webhook, &with_time) && asked(RetrySchedule::Mail, &busy));
        assert!(!asked(RetrySchedule::Webhook, &busy) && !asked(RetrySchedule::Mail, &down()));
    }

    #[test]
    fn a_permanent_refusal_ends_it_and_a_gone_endpoint_disables_its_channel() {
        let now = delivery(0).created_at;
        let refused = SendError::permanent(FailureReason::Recipient, "550 no such user");
        let gone = SendError { disable_channel: true, ..SendError::permanent(FailureReason::Gone, "410") };
        for (error, disables) in [(refused, false), (gone, true)] {
            match RetrySchedule::Mail.after_failure(&delivery(0), &error, now) {
                DeliveryOutcome::Failed { disable_channel, .. } => assert_eq!(disable_channel, disables),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn two_messages_that_failed_together_do_not_come_back_together() {
        let other = Delivery { id: DeliveryId::derive(&["desk", "b@example.org", "x"]), ..delivery(5) };
        let now = other.created_at;
        let outcomes = [delivery(5), other].map(|one| RetrySchedule::Mail.after_failure(&one, &down(), now));
        assert_ne!(outcomes[0], outcomes[1]);
    }
}
