//! Whether anybody answers at all. A hundred feeds that cannot be reached at once are one trouble of our own network, not
//! a hundred troubles of theirs. In memory: a restart looks anew, and the message's key comes from the database.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use crate::alert::{own_network, own_network_back};
use crate::model::{FeedId, Severity, Timestamp};
use crate::store::StoreError;

use super::Line;

/// From so many feeds and hosts on without one answer between them, the fault is taken to be ours. A guess: two sites may
/// well be down together, three without a fourth that answers hardly.
const FEW: usize = 3;
/// A network that is back within this is not worth a message.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What was heard of late.
#[derive(Debug, Default)]
pub struct Outlook(Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    /// Whether anybody has answered since the start.
    anybody: bool,
    /// Feeds that could not be reached since the last answer, and their hosts.
    feeds: HashSet<FeedId>,
    hosts: HashSet<String>,
    since: Option<Timestamp>,
    /// The key of the message that was sent of it.
    told: Option<String>,
}

/// Nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Darkness {
    feeds: usize,
    hosts: usize,
    since: Timestamp,
    is_told: bool,
}

impl Outlook {
    /// A feed could not be reached. Returns what is to be made of it, if it is not alone with that.
    pub(super) fn unreachable(&self, feed: FeedId, url: &Url, now: Timestamp) -> Option<Darkness> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.feeds.insert(feed);
        let port = url.port_or_known_default().unwrap_or_default();
        heard.hosts.insert(format!("{}:{port}", url.host_str().unwrap_or_default()));
        let since = *heard.since.get_or_insert(now);
        let (feeds, hosts, is_told) = (heard.feeds.len(), heard.hosts.len(), heard.told.is_some());
        (feeds >= FEW && hosts >= FEW).then_some(Darkness { feeds, hosts, since, is_told })
    }

    /// Somebody answered. Returns whether that may be news, and the key of the message that it ends, if one is known.
    fn answered(&self) -> Option<Option<String>> {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = !heard.anybody;
        let told = heard.told.take();
        if heard.since.is_some() || is_first {
            *heard = Heard { anybody: true, ..Heard::default() };
        }
        (is_first || told.is_some()).then_some(told)
    }
}

impl Line {
    /// Tells that nobody answers, once it has lasted.
    pub(super) async fn tell_darkness(&self, dark: Darkness, error: &str, now: Timestamp) {
        if dark.is_told || now.since(dark.since) < PATIENCE {
            return;
        }
        let key = match darkness_key(self).await {
            Ok(key) => key,
            Err(error) => return self.commit_failed("a message about the network", &error),
        };
        self.outlook.0.lock().unwrap_or_else(PoisonError::into_inner).told = Some(key.clone());
        self.tell(own_network(&key, dark.feeds, dark.hosts, dark.since, error, now), Severity::High, None).await;
    }

    /// Somebody answered: the end of what was told of the network, perhaps before a restart.
    pub(super) async fn somebody_answered(&self, now: Timestamp) {
        let Some(told) = self.outlook.answered() else { return };
        let key = match told {
            Some(key) => key,
            None => match darkness_key(self).await {
                Ok(key) => key,
                Err(error) => return self.commit_failed("a message about the network", &error),
            },
        };
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
async fn darkness_key(line: &Line) -> Result<String, StoreError> {
    let last = line.store.last_contact().await?;
    Ok(format!("own-network:{}", last.map_or_else(|| "never".to_owned(), |at| at.to_string())))
}
