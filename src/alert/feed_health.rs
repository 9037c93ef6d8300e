//! When the operator hears of a feed's trouble, and in which words. Pure: from what a poll found and what was told before
//! to at most one message. What may pass by itself is given hours, what is certain a few polls; it is repeated now and
//! then until it is over, and its end is told once.

use std::time::Duration;

use crate::model::{Excused, Feed, FeedHealth, FeedTrouble, HealthEvent, Lang, Moved, Severity, Timestamp, Told};

/// How patient the operator is: `[health]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HealthSettings {
    /// What may pass by itself is told when it has lasted so long …
    pub after: Duration,
    /// … and so many polls in a row have failed.
    pub failures: u32,
    /// What is certain (410, 404, a login, a web page) is told after so many equal answers in a row.
    pub answers: u32,
    /// What is not over is told again after this.
    pub repeat: Duration,
}

impl Default for HealthSettings {
    /// RELIABILITY P15: six hours and five failures. Three answers, and once a week: guesses.
    fn default() -> Self {
        Self { after: Duration::from_secs(6 * 3600), failures: 5, answers: 3, repeat: Duration::from_secs(7 * 86_400) }
    }
}

/// Another cause of a failure that was told is told no sooner than this after it.
const OTHER_CAUSE_AFTER: Duration = Duration::from_secs(86_400);
/// Lost entries of one feed are told once in this time.
const GAPS_EVERY: Duration = Duration::from_secs(86_400);
/// A new address is taken over after so many equal answers over so long (RELIABILITY, “redirect games”).
const MOVED_ANSWERS: u32 = 3;
const MOVED_AFTER: Duration = Duration::from_secs(86_400);
/// Feeds of one host that fail within the same such time are told as one.
const HOST_SPAN_SECONDS: i64 = 6 * 3600;

/// A feed, as messages call it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The feed.
    pub feed: &'a Feed,
    /// Its name for people.
    pub name: &'a str,
    /// How many feeds of the same host are configured, this one included.
    pub of_host: usize,
}

/// A poll that failed.
#[derive(Debug, Clone, Copy)]
pub struct Failure<'a> {
    /// What is wrong.
    pub trouble: FeedTrouble,
    /// In words.
    pub message: &'a str,
    /// Failures in a row, this one included.
    pub failures: u32,
    /// When they began.
    pub since: Timestamp,
}

impl Failure<'_> {
    /// Without what was not the feed's own.
    fn own(self, excused: Option<Excused>) -> Self {
        let Some(excused) = excused else { return self };
        let failures = self.failures.saturating_sub(excused.failures);
        Self { failures, since: self.since.max(excused.at), ..self }
    }
}

/// Takes in a failure that is our own network's. What the feed fails with afterwards counts from here, unless it was told as
/// failing before.
pub fn excused(health: &mut FeedHealth, failures: u32, now: Timestamp) {
    if health.told.is_none() {
        health.excused = Some(Excused { at: now, failures });
        health.same = 0;
    }
}

/// Takes in a failure.
pub fn failed(
    health: &mut FeedHealth,
    settings: &HealthSettings,
    subject: Subject<'_>,
    failure: Failure<'_>,
    now: Timestamp,
) -> Option<HealthEvent> {
    let failure = failure.own(health.excused);
    let Failure { trouble, since, .. } = failure;
    health.same = if health.trouble == Some(trouble) { health.same.saturating_add(1) } else { 1 };
    health.trouble = Some(trouble);
    let has_lasted = failure.failures >= settings.failures && now.since(since) >= settings.after;
    let is_certain = has_lasted || (trouble.is_definite() && health.same >= settings.answers);
    if !is_certain {
        return None;
    }
    let told = match health.told {
        None => Told { what: trouble, since, at: now, times: 1 },
        Some(told)
            if told.what != trouble && now.since(told.at) >= OTHER_CAUSE_AFTER && health.same >= settings.answers =>
        {
            Told { what: trouble, at: now, times: told.times + 1, ..told }
        }
        Some(told) if now.since(told.at) >= settings.repeat => {
            Told { what: trouble, at: now, times: told.times + 1, ..told }
        }
        Some(_) => return None,
    };
    health.told = Some(told);
    Some(failing_event(subject, failure, told, now))
}

fn failing_event(subject: Subject<'_>, failure: Failure<'_>, told: Told<FeedTrouble>, now: Timestamp) -> HealthEvent {
    let Subject { feed, name, of_host } = subject;
    let host = feed.host();
    let still = if told.times > 1 { "still " } else { "" };
    let is_of_host = failure.trouble.is_of_host() && of_host > 1;
    let (whom, key) = if is_of_host {
        (host, format!("host:{host}:{}:{}", told.since.as_seconds() / HOST_SPAN_SECONDS, told.times))
    } else {
        (name, format!("feed:{}:{}:{}", feed.id, told.since, told.times))
    };
    let mut detail = format!(
        "{}\nhas failed {} times in a row since {}.\nThe last error: {}\n\n{}",
        feed.url,
        failure.failures,
        told.since,
        failure.message,
        advice(failure.trouble)
    );
    if is_of_host {
        detail.push_str(&format!(
            "\n{of_host} feeds of {host} are configured; those of them that fail as well are not told one by one: `vedetta \
             feed list --state failing` has them all."
        ));
    }
    detail.push_str("\nvedetta goes on trying. Articles that leave the feed meanwhile will be missed.");
    HealthEvent {
        key: format!("failing:{}:{key}", failure.trouble.as_str()),
        title: format!("{whom} {still}{}", headline(failure.trouble)),
        detail,
        at: now,
    }
}

/// What follows a feed's name.
fn headline(trouble: FeedTrouble) -> &'static str {
    match trouble {
        FeedTrouble::Unreachable => "does not answer",
        FeedTrouble::Server => "answers with errors",
        FeedTrouble::Gone => "is gone for good (410)",
        FeedTrouble::Missing => "is not found (404)",
        FeedTrouble::Login => "wants a login",
        FeedTrouble::Forbidden => "refuses vedetta",
        FeedTrouble::Certificate => "has a bad certificate",
        FeedTrouble::Page => "is a web page now, not a feed",
        FeedTrouble::Wall => "is behind a wall (login, consent or robot check)",
        FeedTrouble::Broken => "can no longer be read as a feed",
        FeedTrouble::CutOff => "is cut off before its end",
        FeedTrouble::Other => "fails",
    }
}

/// What to do.
fn advice(trouble: FeedTrouble) -> &'static str {
    match trouble {
        FeedTrouble::Unreachable => {
            "Look whether the site still exists under this name; it may be down, or have moved."
        }
        FeedTrouble::Server => "This often passes. If it does not: a longer `interval`, or a word with the publisher.",
        FeedTrouble::Gone | FeedTrouble::Missing => {
            "Look for the new address: `vedetta feed discover` with the site's address. Then change `url` in the `[[feed]]`."
        }
        FeedTrouble::Login => "vedetta reads public feeds only: ask the publisher for an open one, or remove this.",
        FeedTrouble::Forbidden => {
            "Set a `user_agent` with a contact in `[network]` and ask the publisher to let it through; a longer `interval` may \
             help."
        }
        FeedTrouble::Certificate => {
            "The publisher must renew it; certificates are not waived. Is this machine's clock right?"
        }
        FeedTrouble::Page => {
            "The site was probably rebuilt: `vedetta feed discover` with its address finds the new feed."
        }
        FeedTrouble::Wall => {
            "Open the address in a browser to see what stands there; ask the publisher to let feed readers in."
        }
        FeedTrouble::Broken => "`vedetta feed poll` with the address shows what is wrong; tell the publisher.",
        FeedTrouble::CutOff => {
            "Its entries that are whole are told as ever; the one in which it ends, and what should follow, are missing. Tell the \
             publisher: the program that writes the feed stops in the middle, or a proxy on the way cuts it."
        }
        FeedTrouble::Other => "The error above says what is wrong.",
    }
}

/// Takes in a success.
pub fn recovered(health: &mut FeedHealth, subject: Subject<'_>, now: Timestamp) -> Option<HealthEvent> {
    (health.trouble, health.same, health.excused) = (None, 0, None);
    let told = health.told.take()?;
    let Subject { feed, name, of_host } = subject;
    let is_of_host = told.what.is_of_host() && of_host > 1;
    let (whom, key) = if is_of_host {
        let host = feed.host();
        (host, format!("host:{host}:{}", told.since.as_seconds() / HOST_SPAN_SECONDS))
    } else {
        (name, format!("feed:{}:{}", feed.id, told.since))
    };
    Some(HealthEvent {
        key: format!("recovered:{key}"),
        title: format!("{whom} works again"),
        detail: format!(
            "{} answers again. It had failed since {}, for {}.",
            feed.url,
            told.since,
            words(now.since(told.since))
        ),
        at: now,
    })
}

/// Takes in a poll that found nothing new, or something after a silence. `limit`: from which silence on the feed is stale.
pub fn silent(
    health: &mut FeedHealth,
    settings: &HealthSettings,
    subject: Subject<'_>,
    silence: Option<(Timestamp, Duration, Duration)>,
    now: Timestamp,
) -> Option<HealthEvent> {
    let Subject { feed, name, .. } = subject;
    let Some((last_new, usual, limit)) = silence else {
        let told = health.stale.take()?;
        return Some(HealthEvent {
            key: format!("awake:{}:{}", feed.id, told.since),
            title: format!("{name} brings new entries again"),
            detail: format!("{}\nhad nothing new since {}.", feed.url, told.since),
            at: now,
        });
    };
    let quiet = now.since(last_new);
    if quiet < limit || health.stale.is_some_and(|told| now.since(told.at) < settings.repeat) {
        return None;
    }
    let times = health.stale.map_or(1, |told| told.times + 1);
    let still = if times > 1 { "still " } else { "" };
    health.stale = Some(Told { what: (), since: last_new, at: now, times });
    Some(HealthEvent {
        key: format!("stale:{}:{last_new}:{times}", feed.id),
        title: format!("{name} {still}has nothing new for {}", words(quiet)),
        detail: format!(
            "{}\nanswers well, but has had no new entry since {last_new}; its longest usual silence is {}.\nLook whether the \
             newsroom went elsewhere: a feed that is no longer filled often stays where it was.",
            feed.url,
            words(usual)
        ),
        at: now,
    })
}

/// Takes in where a feed's server says that it has moved for good. `asked_old`: whether the configured address was asked.
/// Returns the message of the moment at which the new address is taken over.
pub fn moved(
    health: &mut FeedHealth,
    subject: Subject<'_>,
    to: Option<&str>,
    asked_old: bool,
    now: Timestamp,
) -> Option<HealthEvent> {
    let Some(to) = to else {
        if asked_old {
            health.moved = None;
        }
        return None;
    };
    let answers = match &mut health.moved {
        Some(moved) if moved.to == to => {
            moved.answers = moved.answers.saturating_add(1);
            moved
        }
        other => other.insert(Moved { to: to.to_owned(), since: now, answers: 1, in_use: false }),
    };
    if answers.in_use || answers.answers < MOVED_ANSWERS || now.since(answers.since) < MOVED_AFTER {
        return None;
    }
    answers.in_use = true;
    let Subject { feed, name, .. } = subject;
    Some(HealthEvent {
        key: format!("moved:{}:{to}", feed.id),
        title: format!("{name} has moved for good"),
        detail: format!(
            "Its server has answered {} times since {} that the feed has moved permanently. vedetta polls the new address from \
             now on; nothing was missed.\n\nThe configuration still names the old one. In its `[[feed]]` replace\n  url = \
             \"{}\"\nby\n  url = \"{to}\"\nWhat is known of the feed moves along: nothing is told twice.",
            answers.answers, answers.since, feed.url
        ),
        at: now,
    })
}

/// What may have been lost between two polls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// The poll before.
    pub since: Timestamp,
    /// Estimated number of entries that scrolled past; `None`: nothing to estimate it by.
    pub missing: Option<u32>,
    /// Entries that older pages of the feed, or its site's news sitemap, brought back.
    pub recovered: usize,
    /// Pages that its site published meanwhile and that were not taken for the feed's.
    pub left: usize,
}

/// Entries were lost.
pub fn lost(health: &mut FeedHealth, subject: Subject<'_>, gap: Gap, now: Timestamp) -> Option<HealthEvent> {
    if health.gap_told_at.is_some_and(|at| now.since(at) < GAPS_EVERY) {
        return None;
    }
    health.gap_told_at = Some(now);
    let Subject { feed, name, .. } = subject;
    let number = match gap.missing {
        Some(1) => "about 1 entry".to_owned(),
        Some(number) => format!("about {number} entries"),
        None => "an unknown number of entries".to_owned(),
    };
    let recovered = match gap.recovered {
        0 if gap.left > 0 => {
            "Its site's news sitemap was read, but nothing in it could be told to be of this feed.".to_owned()
        }
        0 => "The feed links no older pages, and its site names no news sitemap, in which they could be found."
            .to_owned(),
        number => format!("{number} more were found on older pages of the feed or in its site's news sitemap."),
    };
    let left = match gap.left {
        0 => String::new(),
        number => format!(
            " {number} other page{} that its site published meanwhile {} left out: hardly any of their like stand in this feed, \
             or they are more than are taken at once. To have all, make the site's news sitemap a feed (`vedetta feed \
             discover`).",
            if number == 1 { "" } else { "s" },
            if number == 1 { "was" } else { "were" },
        ),
    };
    Some(HealthEvent {
        key: format!("gap:{}:{}", feed.id, gap.since),
        title: format!("{name}: {number} may have scrolled past unseen"),
        detail: format!(
            "{}\nNot one of its entries was known from the poll before, at {}; {number} may have come and gone between. \
             {recovered}{left}\nThe feed is polled faster from now on. If this happens again, give it a shorter `interval` or \
             `fastest`; if its server asks for few polls (`ttl`), ask the publisher for a longer feed.",
            feed.url, gap.since
        ),
        at: now,
    })
}

/// A feed's articles have another language.
#[must_use]
pub fn other_language(subject: Subject<'_>, before: Lang, after: Lang, now: Timestamp) -> HealthEvent {
    let Subject { feed, name, .. } = subject;
    HealthEvent {
        key: format!("language:{}:{before}:{after}:{}", feed.id, now.as_seconds() / 86_400),
        title: format!("{name} has changed its language from {before} to {after}"),
        detail: format!(
            "{}\nIts last articles are in `{after}`; those before were in `{before}`. Rules that are written for one language \
             may no longer match, and the address may now belong to someone else.",
            feed.url
        ),
        at: now,
    }
}

/// Nothing answers any more.
#[must_use]
pub fn own_network(
    key: &str,
    feeds: usize,
    hosts: usize,
    since: Timestamp,
    error: &str,
    now: Timestamp,
) -> HealthEvent {
    HealthEvent {
        key: key.to_owned(),
        title: "No feed answers: is this machine's network down?".to_owned(),
        detail: format!(
            "Since {since} not one of {feeds} feeds on {hosts} hosts could be reached. The last error: {error}\nLook at this \
             machine's network, name resolution and proxy. The feeds are not told one by one; each is tried again within the \
             hour."
        ),
        at: now,
    }
}

/// The same answers in place of many feeds: our own network stands before a login page. `counts`: feeds and hosts; `what`:
/// what they have in common.
#[must_use]
pub fn same_page(
    key: &str,
    counts: (usize, usize),
    what: &str,
    since: Timestamp,
    error: &str,
    now: Timestamp,
) -> HealthEvent {
    let (feeds, hosts) = counts;
    HealthEvent {
        key: key.to_owned(),
        title: "No feed answers as itself: is this machine's network behind a login page?".to_owned(),
        detail: format!(
            "Since {since} not one feed could be read, and for {feeds} feeds on {hosts} hosts {what}. The last error: \
             {error}\nOpen any web page on this machine: a hotel's, a provider's or a firewall's login page may want an answer, \
             or this machine's clock may be wrong. The feeds are not told one by one; they are tried again as ever."
        ),
        at: now,
    }
}

/// Something answers again.
#[must_use]
pub fn own_network_back(key: &str, now: Timestamp) -> HealthEvent {
    HealthEvent {
        key: format!("{key}:over"),
        title: "Feeds answer again".to_owned(),
        detail: "The network is back. What is still in the feeds' windows is taken in now and told as delayed."
            .to_owned(),
        at: now,
    }
}

/// A duration as people say it, in its largest unit.
#[must_use]
pub fn words(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

/// The severity of each kind of message.
#[must_use]
pub fn severity(event: &HealthEvent) -> Severity {
    match event.key.split(':').next().unwrap_or("") {
        "failing" | "gap" | "own-network" => Severity::High,
        _ => Severity::Notice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn feed() -> Feed {
        Feed::new("https://www.example.org/ملقم.xml".parse().expect("a URL"))
    }

    fn start() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-22T12:00:00Z").expect("a time")
    }

    /// Fails once an hour with these troubles; the hours at which something was told.
    fn hours_told(health: &mut FeedHealth, of_host: usize, troubles: &[FeedTrouble]) -> Vec<usize> {
        let feed = feed();
        let mut told = Vec::new();
        for (hour, trouble) in troubles.iter().enumerate() {
            let now = start() + HOUR * u32::try_from(hour).expect("few");
            let failures = u32::try_from(hour + 1).expect("few");
            let failure = Failure { trouble: *trouble, message: "it broke", failures, since: start() };
            let subject = Subject { feed: &feed, name: "الفنار", of_host };
            if failed(health, &HealthSettings::default(), subject, failure, now).is_some() {
                told.push(hour);
            }
        }
        told
    }

    #[test]
    fn what_may_pass_is_given_six_hours_and_what_is_certain_three_polls() {
        for trouble in FeedTrouble::ALL {
            let hour = if trouble.is_definite() { 2 } else { 6 };
            assert_eq!(hours_told(&mut FeedHealth::default(), 1, &[trouble; 30]), [hour], "{trouble:?}");
        }
        // A week later it is told once more.
        let weeks = hours_told(&mut FeedHealth::default(), 1, &[FeedTrouble::Gone; 400]);
        assert_eq!(weeks, [2, 170, 338]);
        // A flap tells nothing; another cause is told, a day later at the earliest.
        let flaps = [FeedTrouble::Missing, FeedTrouble::Forbidden].repeat(2);
        assert_eq!(hours_told(&mut FeedHealth::default(), 1, &flaps), [] as [usize; 0]);
        let causes = [&[FeedTrouble::Missing; 10][..], &[FeedTrouble::Gone; 30]].concat();
        assert_eq!(hours_told(&mut FeedHealth::default(), 1, &causes), [2, 26]);
    }

    #[test]
    fn the_end_of_what_was_told_is_told_once() {
        let feed = feed();
        let subject = Subject { feed: &feed, name: "Faro", of_host: 1 };
        let mut health = FeedHealth::default();
        hours_told(&mut health, 1, &[FeedTrouble::Server; 3]);
        assert_eq!(recovered(&mut health, subject, start()), None, "nothing was told");
        hours_told(&mut health, 1, &[FeedTrouble::Server; 8]);
        let event = recovered(&mut health, subject, start() + 9 * HOUR).expect("told");
        assert!(event.detail.contains("9 h"), "{}", event.detail);
        assert_eq!(recovered(&mut health, subject, start() + 10 * HOUR), None);
        assert_eq!(health, FeedHealth::default());
        assert_eq!(FeedHealth::parse(health.to_text().as_deref()), health);
    }

    #[test]
    fn feeds_of_one_host_share_one_message_about_the_host_but_not_about_a_document() {
        let (a, b) = (feed(), Feed::new("https://example.org/b.xml".parse().expect("a URL")));
        let told = |feed: &Feed, trouble| {
            let failure = Failure { trouble, message: "m", failures: 9, since: start() };
            let subject = Subject { feed, name: "n", of_host: 2 };
            let now = start() + 8 * HOUR;
            let mut health = FeedHealth { trouble: Some(trouble), same: 8, ..FeedHealth::default() };
            failed(&mut health, &HealthSettings::default(), subject, failure, now).expect("told").key
        };
        assert_eq!(told(&a, FeedTrouble::Unreachable), told(&b, FeedTrouble::Unreachable));
        assert_ne!(told(&a, FeedTrouble::Missing), told(&b, FeedTrouble::Missing));
    }

    #[test]
    fn a_new_address_is_taken_over_after_three_answers_over_a_day_and_forgotten_when_denied() {
        let feed = feed();
        let subject = Subject { feed: &feed, name: "Faro", of_host: 1 };
        let mut health = FeedHealth::default();
        let to = Some("https://example.org/new.xml");
        let mut at = |hours: u32, to: Option<&str>, old: bool| {
            moved(&mut health, subject, to, old, start() + HOUR * hours).map(|event| event.detail)
        };
        assert_eq!((at(0, to, true), at(1, to, true), at(2, to, true)), (None, None, None), "too soon");
        assert_eq!(at(3, Some("https://example.org/other.xml"), true), None);
        assert_eq!((at(4, to, true), at(27, to, true)), (None, None));
        let detail = at(28, to, true).expect("told");
        assert!(detail.contains("url = \"https://example.org/new.xml\""), "{detail}");
        assert_eq!((at(29, None, false), at(30, to, true)), (None, None), "once");
        assert_eq!(at(31, None, true), None);
        assert_eq!(health.moved, None);
    }

    #[test]
    fn silence_is_told_once_a_week_and_its_end_once() {
        let feed = feed();
        let subject = Subject { feed: &feed, name: "灯台", of_host: 1 };
        let mut health = FeedHealth::default();
        let settings = HealthSettings::default();
        let told: Vec<u32> = (0..400)
            .filter(|hour| {
                let silence = Some((start(), 10 * HOUR, 30 * HOUR));
                silent(&mut health, &settings, subject, silence, start() + HOUR * *hour).is_some()
            })
            .collect();
        assert_eq!(told, [30, 198, 366]);
        assert!(silent(&mut health, &settings, subject, None, start() + 401 * HOUR).is_some());
        assert!(silent(&mut health, &settings, subject, None, start() + 402 * HOUR).is_none());
    }
}
