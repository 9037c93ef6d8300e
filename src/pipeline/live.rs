//! Configuration, rules and channels, swapped as one: a rule can never name a channel that its own snapshot lacks.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::alert::Desk;
use crate::config::Config;
use crate::fetch::{Client, Limits};
use crate::model::{Article, ChannelName, Feed, FeedId, Labels, Timestamp};
use crate::notify::{Channel, Heartbeat, SenderContext};
use crate::rule::{Judgement, Rules, RulesCosts, RulesScratch, TopicCost};

/// Why a snapshot can't be made of a checked configuration.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The HTTP client.
    #[error("cannot set up the HTTP client")]
    Client(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The heartbeat.
    #[error("cannot set up the heartbeat")]
    Heartbeat(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A channel.
    #[error("cannot set up the channel `{name}`")]
    Channel {
        /// Which.
        name: ChannelName,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Everything that an edit can change while running.
#[derive(Debug)]
pub struct Snapshot {
    /// The configuration.
    pub config: Config,
    /// The topics.
    pub rules: Rules,
    /// The channels, ready to send.
    pub channels: BTreeMap<ChannelName, Arc<Channel>>,
    /// Who is told that all is well.
    pub heartbeat: Option<Arc<Heartbeat>>,
    /// The feeds by id.
    pub feeds: HashMap<FeedId, Arc<Feed>>,
    /// How many feeds each host has.
    pub feeds_of_host: HashMap<String, usize>,
    /// Who is told what.
    pub desk: Arc<Desk>,
    /// The HTTP client towards feeds and pages.
    pub client: Client,
    scratches: Mutex<Vec<RulesScratch>>,
    costs: Mutex<RulesCosts>,
}

impl Snapshot {
    /// Builds clients and channels. Keeps the HTTP client of `before` (and its connections) if its settings stay. `queue`:
    /// how long a fetch may wait for its host's turn.
    ///
    /// # Errors
    /// If a client or channel can't be built.
    pub fn build(
        config: Config,
        rules: impl Into<Rules>,
        before: Option<&Self>,
        queue: Duration,
    ) -> Result<Self, BuildError> {
        let client = match before {
            Some(before) if before.config.network == config.network => before.client.clone(),
            _ => Client::with_limits(&config.network, Limits { queue, ..Limits::default() })
                .map_err(|error| BuildError::Client(error.into()))?,
        };
        let context = SenderContext { user_agent: config.network.user_agent.clone() };
        let mut channels = BTreeMap::new();
        for (name, settings) in &config.channels {
            let channel = Channel::new(name, settings, &context)
                .map_err(|error| BuildError::Channel { name: name.clone(), source: error.into() })?;
            channels.insert(name.clone(), Arc::new(channel));
        }
        let heartbeat = config.heartbeat.as_ref().map(|settings| Heartbeat::new(settings, &context)).transpose();
        let heartbeat = heartbeat.map_err(BuildError::Heartbeat)?.map(Arc::new);
        let feeds = config.feeds.iter().map(|feed| (feed.id, Arc::new(feed.clone()))).collect();
        let mut feeds_of_host: HashMap<String, usize> = HashMap::new();
        for feed in &config.feeds {
            *feeds_of_host.entry(feed.host().to_owned()).or_default() += 1;
        }
        let desk = Arc::new(Desk::new(config.router.clone()));
        Ok(Self {
            config,
            rules: rules.into(),
            channels,
            heartbeat,
            feeds,
            feeds_of_host,
            desk,
            client,
            scratches: Mutex::default(),
            costs: Mutex::default(),
        })
    }

    /// Matches an article against all topics.
    #[must_use]
    pub fn judge(&self, article: &Article, feed_labels: &Labels, now: Timestamp) -> Judgement {
        let taken = self.scratches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut scratch = taken.unwrap_or_default();
        let judgement = self.rules.judge(&mut scratch, article, feed_labels, now);
        self.scratches.lock().unwrap_or_else(PoisonError::into_inner).push(scratch);
        judgement
    }

    /// What the topics have cost since these rules are in force, by id. What is being judged right now is told next time.
    #[must_use]
    pub fn topic_costs(&self) -> Vec<TopicCost> {
        let mut costs = self.costs.lock().unwrap_or_else(PoisonError::into_inner);
        for scratch in self.scratches.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            costs.take_from(scratch);
        }
        self.rules.topic_costs(&costs)
    }
}

/// The snapshot in force.
#[derive(Debug)]
pub struct Live(ArcSwap<Snapshot>);

impl Live {
    /// Starts with a snapshot.
    #[must_use]
    pub fn new(snapshot: Arc<Snapshot>) -> Self {
        Self(ArcSwap::new(snapshot))
    }

    /// The snapshot in force; hold on to it for one piece of work, then let go.
    #[must_use]
    pub fn load(&self) -> Arc<Snapshot> {
        self.0.load_full()
    }

    /// Puts another one in force.
    pub fn swap(&self, snapshot: Arc<Snapshot>) {
        self.0.store(snapshot);
    }
}
