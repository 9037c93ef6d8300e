//! Whether anybody answers at all. A hundred feeds that cannot be reached at once are one trouble of our own network, not
//! a hundred troubles of theirs; and so are a hundred in whose place the same page answers: a login page that stands
//! before the network, as in hotels and trains, or a firewall's. In memory: a restart looks anew, and the message's key
//! comes from the database.
//!
//! Three parked domains show the same page too. What tells them from a login page is time: while they are parked, others
//! answer as they should.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

use crate::alert::{own_network, own_network_back, same_page};
use crate::model::{FeedId, Severity, Timestamp};

use super::Line;

/// From so many feeds and hosts on without one answer between them, the fault is taken to be ours. A guess: two sites may
/// well be down together, three without a fourth that answers hardly.
const FEW: usize = 3;
/// A network that is back within this is not worth a message.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// For each feed that was well and is due, so many must have failed. With thousands of feeds, some are always due.
const FOR_EACH_DUE: u64 = 10;
/// Different pages that are remembered until somebody answers: a few hundred bytes each.
const MOST_FRONTS: usize = 10_000;

/// What was heard of late.
#[derive(Debug, Default)]
pub struct Outlook {
    heard: Mutex<Heard>,
    /// When anybody had answered last before this start. Read before the first answer is written down: the key of what was
    /// told before a restart is made of it.
    before_start: OnceCell<Option<Timestamp>>,
}

#[derive(Debug, Default)]
struct Heard {
    /// When anybody answered last; absent: nobody since the start, and nobody has looked into the database.
    answered_at: Option<Timestamp>,
    /// Whether anybody has answered since the start.
    anybody: bool,
    /// How many have.
    answers: u64,
    /// Feeds that could not be reached since the last answer.
    unreachable: Affected,
    /// Those in whose place something else answered.
    fronted: HashMap<Front, Affected>,
    /// The key of the message that was sent of it.
    told: Option<String>,
}

/// Feeds, and their hosts.
#[derive(Debug, Default)]
struct Affected {
    feeds: HashSet<FeedId>,
    hosts: HashSet<String>,
    since: Option<Timestamp>,
}

impl Affected {
    fn add(&mut self, feed: FeedId, url: &Url, now: Timestamp) {
        self.feeds.insert(feed);
        self.hosts.insert(place(url));
        self.since.get_or_insert(now);
    }

    fn are_many(&self) -> bool {
        self.feeds.len() >= FEW && self.hosts.len() >= FEW
    }
}

/// A host with its port.
pub(super) fn place(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or_default())
}

/// What answers in a feed's place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Front {
    /// This place, to which the feed's own server leads, or seems to.
    Place(String),
    /// A page with this text (xxh3), under the feed's own address.
    Page(u64),
    /// Someone with a certificate for another name, or a bad one.
    Certificate,
    /// A network that wants a login (status 511, RFC 6585 §6).
    Login,
}

impl Front {
    fn words(&self) -> String {
        match self {
            Self::Place(place) => format!("all of them are led to {place}"),
            Self::Page(_) => "the same web page comes in place of each of them".to_owned(),
            Self::Certificate => "the certificate of each of them is bad".to_owned(),
            Self::Login => "each answers that the network wants a login (511)".to_owned(),
        }
    }
}

/// Nobody answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Darkness {
    feeds: usize,
    hosts: usize,
    since: Timestamp,
    is_told: bool,
    /// Answers before it; with one more, it is over.
    answers: u64,
    /// What answers instead.
    front: Option<Front>,
}

impl Outlook {
    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A feed could not be reached. Returns what is to be made of it, if it is not alone with that.
    pub(super) fn unreachable(&self, feed: FeedId, url: &Url, now: Timestamp) -> Option<Darkness> {
        let mut heard = self.heard();
        heard.unreachable.add(feed, url, now);
        if heard.unreachable.are_many() {
            return Some(darkness(&heard, &heard.unreachable, None, now));
        }
        // Before a login page, some are led to it, and the rest is cut off.
        heard.front(now)
    }

    /// Something else answered in a feed's place, which has failed since then. Returns what is to be made of it, if the same
    /// answers for many.
    pub(super) fn fronted(
        &self,
        feed: FeedId,
        url: &Url,
        front: &Front,
        failing_since: Timestamp,
        now: Timestamp,
    ) -> Option<Darkness> {
        let mut heard = self.heard();
        // It had failed while others answered. Some of what is under way when a network goes still arrives.
        if heard.answered_at.is_some_and(|at| failing_since + PATIENCE < at) {
            return None;
        }
        if heard.fronted.len() >= MOST_FRONTS {
            heard.fronted.clear();
        }
        heard.fronted.entry(front.clone()).or_default().add(feed, url, now);
        heard.front(now)
    }

    /// Whether it is not known when anybody answered last.
    fn knows_nothing(&self) -> bool {
        self.heard().answered_at.is_none()
    }

    fn learn_last_answer(&self, at: Option<Timestamp>) {
        let mut heard = self.heard();
        heard.answered_at = heard.answered_at.or(at);
    }

    /// Somebody answered. Returns whether that may be news, and the key of the message that it ends, if one is known.
    fn answered(&self, now: Timestamp) -> Option<Option<String>> {
        let mut heard = self.heard();
        let is_first = !heard.anybody;
        let told = heard.told.take();
        heard.answered_at = Some(now);
        heard.answers += 1;
        if heard.unreachable.since.is_some() || !heard.fronted.is_empty() || is_first {
            let answers = heard.answers;
            *heard = Heard { anybody: true, answers, answered_at: Some(now), ..Heard::default() };
        }
        (is_first || told.is_some()).then_some(told)
    }
}

impl Heard {
    /// What answers for many, if anything does.
    fn front(&self, now: Timestamp) -> Option<Darkness> {
        let many = self.fronted.iter().filter(|(_, affected)| affected.are_many());
        let (front, affected) = many.max_by_key(|(_, affected)| affected.feeds.len())?;
        Some(darkness(self, affected, Some(front.clone()), now))
    }
}

fn darkness(heard: &Heard, affected: &Affected, front: Option<Front>, now: Timestamp) -> Darkness {
    Darkness {
        feeds: affected.feeds.len(),
        hosts: affected.hosts.len(),
        since: affected.since.unwrap_or(now),
        is_told: heard.told.is_some(),
        answers: heard.answers,
        front,
    }
}

impl Line {
    /// Tells that nobody answers, or the same to all, once it has lasted.
    pub(super) async fn tell_darkness(&self, dark: Darkness, error: &str, now: Timestamp) {
        if dark.is_told || now.since(dark.since) < PATIENCE {
            return;
        }
        // Whose turn it is may still answer: three that fail may just have come first.
        match self.store.well_and_due(now).await {
            Ok(due) if due * FOR_EACH_DUE > dark.feeds as u64 => return,
            Ok(_) => {}
            Err(error) => return self.commit_failed("a message about the network", &error),
        }
        let key = match self.store.last_contact().await {
            Ok(last) => darkness_key(last),
            Err(error) => return self.commit_failed("a message about the network", &error),
        };
        {
            let mut heard = self.outlook.heard();
            // While the failure was written down, somebody may have answered.
            if heard.answers != dark.answers || heard.told.is_some() {
                return;
            }
            heard.told = Some(key.clone());
        }
        let event = match &dark.front {
            None => own_network(&key, dark.feeds, dark.hosts, dark.since, error, now),
            Some(front) => same_page(&key, (dark.feeds, dark.hosts), &front.words(), dark.since, error, now),
        };
        self.tell(event, Severity::High, None).await;
    }

    /// Finds out when anybody answered last, where that is not known since a restart.
    pub(super) async fn look_back(&self) {
        if !self.outlook.knows_nothing() {
            return;
        }
        match self.store.last_contact().await {
            Ok(at) => self.outlook.learn_last_answer(at),
            // Without it, all that fails is taken to have begun together.
            Err(error) => self.commit_failed("a look at the last answer", &error),
        }
    }

    /// Somebody answered: the end of what was told of the network, perhaps before a restart.
    pub(super) async fn somebody_answered(&self, now: Timestamp) {
        let before_start = match self.outlook.before_start.get_or_try_init(|| self.store.last_contact()).await {
            Ok(at) => *at,
            Err(error) => return self.commit_failed("a message about the network", &error),
        };
        let Some(told) = self.outlook.answered(now) else { return };
        let key = told.unwrap_or_else(|| darkness_key(before_start));
        let desk = std::sync::Arc::clone(&self.live.load().desk);
        let draft = desk.health(own_network_back(&key, now), Severity::Notice, None).closing(&key);
        match self.store.commit_health(draft).await {
            Ok(true) => self.nudges.deliver.notify_one(),
            Ok(false) => {}
            Err(error) => self.commit_failed("a message about the network", &error),
        }
    }
}

/// The same as long as nobody answers, also over restarts.
fn darkness_key(last: Option<Timestamp>) -> String {
    format!("own-network:{}", last.map_or_else(|| "never".to_owned(), |at| at.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::health::own_since;
    use super::*;
    use crate::alert::excused;
    use crate::model::FeedState;

    #[test]
    fn a_login_page_after_an_outage_is_no_feeds_own_failure_unless_it_had_one() {
        let outage = Timestamp::from_seconds(1_800_000_000);
        let minutes = |minutes: u64| outage + Duration::from_secs(60 * minutes);
        let failing = |failures| FeedState {
            failures,
            failing_since: Some(outage),
            ..FeedState::new(FeedId::derive(&["f"]), outage)
        };
        let outlook = Outlook::default();
        // One feed answers an hour after the others were tried in vain.
        outlook.answered(minutes(120));
        let (now, front) = (minutes(125), Front::Page(1));
        let fronted = |number: usize, state: &FeedState| {
            let url = Url::parse(&format!("https://{number}.example/f.xml")).expect("a URL");
            outlook.fronted(FeedId::derive(&[url.as_str()]), &url, &front, own_since(state, now), now)
        };
        let mut was_excused = failing(3);
        excused(&mut was_excused.health, 2, minutes(60));
        // Parked all the time, or again since.
        let mut fails_again = failing(4);
        excused(&mut fails_again.health, 2, minutes(60));
        for (number, parked) in [failing(3), fails_again].iter().enumerate() {
            assert_eq!(fronted(number, parked), None);
        }
        let dark: Vec<_> = (2..5).map(|number| fronted(number, &was_excused)).collect();
        assert_eq!((&dark[..2], dark[2].as_ref().map(|dark| dark.feeds)), (&[None, None][..], Some(3)));
    }
}
