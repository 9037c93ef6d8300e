//! The desk: from “this article matches this topic” to “these people are told, then”. Pure; the store calls it inside
//! the transaction that writes what it decides, so that two articles of one story can never both open it.

use crate::model::{
    AlertId, AlertReason, Article, ChannelName, DeliveryId, HealthEvent, Labels, Match, NoticeKind, Severity, StoryId,
    Timestamp, TopicId,
};

use super::{Brake, ROOM, Route, Router};

/// Where a matching article stands in its story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoryPlace {
    /// The story.
    pub story: StoryId,
    /// Whether the article opened it.
    pub is_new: bool,
    /// The first alert of the story, if there was one.
    pub first_alert: Option<AlertId>,
    /// Whether the article was known before and was edited.
    pub article_known: bool,
}

/// What is to be written about one match.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The alert, if anyone is to be told.
    pub alert: Option<AlertDraft>,
}

/// An alert to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertDraft {
    /// Derived.
    pub id: AlertId,
    /// Why.
    pub reason: AlertReason,
    /// Who is told.
    pub deliveries: Vec<DeliveryDraft>,
}

/// A delivery to be written, or an open one that the alert joins: the id decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryDraft {
    /// Derived from (channel, recipient, alert), or from (channel, recipient, kind, window) for what gathers.
    pub id: DeliveryId,
    /// The channel.
    pub channel: ChannelName,
    /// The mail address; empty for a webhook.
    pub recipient: String,
    /// One alert, or a gathering.
    pub kind: NoticeKind,
    /// When it is due.
    pub due_at: Timestamp,
    /// How many alerts one message of this channel can list.
    pub room: u32,
    /// Where too many came before it and it would be told at once, it goes into a summary; `None`: in no case.
    pub brake: Option<Brake>,
}

/// A health alert to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthDraft {
    /// What happened.
    pub event: HealthEvent,
    /// How much it matters.
    pub severity: Severity,
    /// The alert; its id is derived from the event's key.
    pub alert: AlertDraft,
    /// Labels of the feed that it is about.
    pub labels: Labels,
    /// The alert whose end this tells: written only if that one was.
    pub closes: Option<AlertId>,
}

impl DeliveryDraft {
    /// The alert's own message, though the route gathers: it must not go by the id of a digest that comes later.
    #[must_use]
    pub fn at_once(&self, alert: AlertId) -> Self {
        let id = delivery_id(&self.channel, &self.recipient, NoticeKind::Alert, alert, self.due_at);
        Self { id, kind: NoticeKind::Alert, ..self.clone() }
    }

    /// The summary that begins with this alert, in place of its own message.
    #[must_use]
    pub fn in_a_flood(&self, alert: AlertId, due_at: Timestamp) -> Self {
        let id = delivery_id(&self.channel, &self.recipient, NoticeKind::Flood, alert, due_at);
        Self { id, kind: NoticeKind::Flood, due_at, ..self.clone() }
    }
}

impl HealthDraft {
    /// To be told only if the event with this key was.
    #[must_use]
    pub fn closing(self, key: &str) -> Self {
        Self { closes: Some(health_id(key)), ..self }
    }
}

fn health_id(key: &str) -> AlertId {
    AlertId::derive(&[TopicId::health().as_str(), key])
}

/// Decides alerts and their recipients.
#[derive(Debug, Clone)]
pub struct Desk {
    router: Router,
}

impl Desk {
    /// A desk that sends along these routes.
    #[must_use]
    pub fn new(router: Router) -> Self {
        Self { router }
    }

    /// The routes.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Whether a new match is worth an alert, and who gets it. A story is told once, with its first article; a topic
    /// with `alert_on = ["every"]` hears of each further article too.
    #[must_use]
    pub fn decide(&self, article: &Article, matched: &Match, place: StoryPlace, now: Timestamp) -> Decision {
        let topic = &*matched.topic;
        let story = place.story.to_string();
        let (id, reason) = if place.first_alert.is_none() {
            (AlertId::derive(&[topic.id.as_str(), &story]), AlertReason::NewStory)
        } else if topic.alert_on_every {
            let reason = if place.article_known { AlertReason::Changed } else { AlertReason::Every };
            (AlertId::derive(&[topic.id.as_str(), &story, &article.id.to_string()]), reason)
        } else {
            return Decision { alert: None };
        };
        let deliveries = self.deliveries(id, &topic.id, matched.severity, &topic.labels, now);
        Decision { alert: Some(AlertDraft { id, reason, deliveries }) }
    }

    /// The alert for an edit of an article that matched before. Each edit is told once.
    #[must_use]
    pub fn changed(&self, article: &Article, matched: &Match, story: StoryId, now: Timestamp) -> AlertDraft {
        let topic = &*matched.topic;
        let version = format!("changed:{:x}", article.content_hash);
        let id = AlertId::derive(&[topic.id.as_str(), &story.to_string(), &article.id.to_string(), &version]);
        let deliveries = self.deliveries(id, &topic.id, matched.severity, &topic.labels, now);
        AlertDraft { id, reason: AlertReason::Changed, deliveries }
    }

    /// A health alert, for the routes that ask for such; where there is none, for the default route. If it is about a
    /// channel, for the others: of the default route, or, where that has no other, all there are.
    #[must_use]
    pub fn health(&self, event: HealthEvent, severity: Severity, about: Option<&ChannelName>) -> HealthDraft {
        let mut draft = self.health_of(event, severity, &Labels::new(), about);
        // Feeds may fail by the hundred; a channel, a refused edit, the database are told at once.
        draft.alert.deliveries.iter_mut().for_each(|delivery| delivery.brake = None);
        draft
    }

    /// A health alert about something with labels, which routes may ask for: a feed.
    #[must_use]
    pub fn health_of(
        &self,
        event: HealthEvent,
        severity: Severity,
        labels: &Labels,
        about: Option<&ChannelName>,
    ) -> HealthDraft {
        let id = health_id(&event.key);
        let mut deliveries = Vec::new();
        for route in self.router.health_routes(severity, labels) {
            let (when, brake) = (timing(route, severity, event.at), self.brake(Some(route), severity));
            for channel in route.channels.iter().filter(|channel| Some(*channel) != about) {
                self.address(&mut deliveries, id, channel, when, brake);
            }
        }
        let labels = labels.clone();
        if !deliveries.is_empty() {
            let alert = AlertDraft { id, reason: AlertReason::Health, deliveries };
            return HealthDraft { event, severity, alert, labels, closes: None };
        }
        let usable = |channel: &&ChannelName| Some(*channel) != about;
        let default: Vec<_> = self.router.default_channels().iter().filter(usable).collect();
        let channels =
            if default.is_empty() { self.router.recipients.keys().filter(usable).collect() } else { default };
        for channel in channels {
            let brake = self.brake(self.router.default_route(), severity);
            self.address(&mut deliveries, id, channel, (NoticeKind::Alert, event.at), brake);
        }
        let alert = AlertDraft { id, reason: AlertReason::Health, deliveries };
        HealthDraft { event, severity, alert, labels, closes: None }
    }

    /// Who would get an alert of this topic with these labels, and when.
    #[must_use]
    pub fn rehearse(&self, topic: &TopicId, severity: Severity, labels: &Labels, now: Timestamp) -> Vec<DeliveryDraft> {
        self.deliveries(AlertId::derive(&[topic.as_str(), "rehearsed"]), topic, severity, labels, now)
    }

    fn deliveries(
        &self,
        alert: AlertId,
        topic: &TopicId,
        severity: Severity,
        labels: &Labels,
        now: Timestamp,
    ) -> Vec<DeliveryDraft> {
        let mut deliveries = Vec::new();
        let routes = self.router.routes_for(topic, severity, labels);
        if routes.is_empty() {
            let brake = self.brake(self.router.default_route(), severity);
            for channel in self.router.default_channels() {
                self.address(&mut deliveries, alert, channel, (NoticeKind::Alert, now), brake);
            }
        }
        for route in routes {
            let (when, brake) = (timing(route, severity, now), self.brake(Some(route), severity));
            for channel in &route.channels {
                self.address(&mut deliveries, alert, channel, when, brake);
            }
        }
        deliveries
    }

    /// The brake for what a route takes.
    fn brake(&self, route: Option<&Route>, severity: Severity) -> Option<Brake> {
        route.and_then(|route| route.flood).unwrap_or(self.router.brake).at(severity)
    }

    /// Adds one delivery for each recipient of the channel, unless the same message is already there.
    fn address(
        &self,
        deliveries: &mut Vec<DeliveryDraft>,
        alert: AlertId,
        channel: &ChannelName,
        (kind, due_at): (NoticeKind, Timestamp),
        brake: Option<Brake>,
    ) {
        for recipient in self.router.recipients.get(channel).map(Vec::as_slice).unwrap_or_default() {
            let id = delivery_id(channel, recipient, kind, alert, due_at);
            if let Some(known) = deliveries.iter_mut().find(|known| known.id == id) {
                known.brake = Brake::looser(known.brake, brake);
            } else {
                deliveries.push(DeliveryDraft {
                    id,
                    channel: channel.clone(),
                    recipient: recipient.clone(),
                    kind,
                    due_at,
                    room: self.router.room.get(channel).copied().unwrap_or(ROOM),
                    brake,
                });
            }
        }
    }
}

fn delivery_id(
    channel: &ChannelName,
    recipient: &str,
    kind: NoticeKind,
    alert: AlertId,
    due_at: Timestamp,
) -> DeliveryId {
    match kind {
        NoticeKind::Alert => DeliveryId::derive(&[channel.as_str(), recipient, &alert.to_string()]),
        // Named after the first alert that it holds.
        NoticeKind::Flood => DeliveryId::derive(&[channel.as_str(), recipient, "flood", &alert.to_string()]),
        NoticeKind::Digest => DeliveryId::derive(&[channel.as_str(), recipient, "digest", &due_at.to_string()]),
        NoticeKind::QuietHours => DeliveryId::derive(&[channel.as_str(), recipient, "quiet", &due_at.to_string()]),
    }
}

/// When a route sends: a digest waits for its hour; quiet hours hold back what is not urgent enough to wake people.
fn timing(route: &Route, severity: Severity, now: Timestamp) -> (NoticeKind, Timestamp) {
    if let Some(run) = route.digest.as_ref().and_then(|digest| digest.schedule.next_after(now)) {
        return (NoticeKind::Digest, run);
    }
    match route.quiet.as_ref().and_then(|quiet| quiet.end_if_quiet(severity, now)) {
        Some(end) => (NoticeKind::QuietHours, end),
        None => (NoticeKind::Alert, now),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::{DigestPlan, RouteMatch};
    use super::*;
    use crate::model::{ArticleId, CronSchedule, FeedId, TextStatus, Topic};

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).expect("a valid time")
    }

    fn channel(name: &str) -> ChannelName {
        ChannelName::new(name).expect("a valid name")
    }

    fn route(channels: &[&str]) -> Route {
        Route {
            matches: RouteMatch::default(),
            channels: channels.iter().map(|name| channel(name)).collect(),
            continues: false,
            digest: None,
            quiet: None,
            flood: None,
        }
    }

    fn desk(routes: Vec<Route>) -> Desk {
        let recipients = [
            (channel("desk"), vec!["a@example.org".to_owned(), "b@example.org".to_owned()]),
            (channel("soc"), vec![String::new()]),
        ];
        let fallback = vec![channel("desk")];
        Desk::new(Router { routes, recipients: recipients.into(), fallback, ..Router::default() })
    }

    fn article() -> Article {
        Article {
            id: ArticleId::derive(&["a"]),
            feed: FeedId::derive(&["f"]),
            feed_name: "Lanterna".into(),
            url: None,
            title: "Mosca e Pechino, manovre navali congiunte".into(),
            summary: String::new(),
            body: String::new(),
            text_status: TextStatus::Feed,
            text_error: None,
            lang: None,
            declared_lang: None,
            source: "lanterna.example".into(),
            author: None,
            tags: vec![],
            published: None,
            updated: None,
            fetched_at: Timestamp::EPOCH,
            content_hash: 0,
        }
    }

    fn matched(severity: Severity, every: bool) -> Match {
        let topic = Topic {
            id: TopicId::new("russia-china").expect("a valid name"),
            name: "Russia–China".into(),
            labels: Labels::from([("desk".into(), "asia".into())]),
            story_window: Duration::from_secs(72 * 3600),
            alert_on_every: every,
            alert_on_changed: false,
        };
        Match { topic: Arc::new(topic), score: 0, severity, excerpts: vec![] }
    }

    fn place(first_alert: Option<AlertId>) -> StoryPlace {
        StoryPlace { story: StoryId::derive(&["s"]), is_new: first_alert.is_none(), first_alert, article_known: false }
    }

    #[test]
    fn a_new_story_goes_to_every_recipient_once() {
        let desk = desk(vec![Route { continues: true, ..route(&["desk"]) }, route(&["desk", "soc"])]);
        let alert = desk.decide(&article(), &matched(Severity::Notice, false), place(None), Timestamp::EPOCH).alert;
        let alert = alert.expect("an alert");
        assert_eq!(alert.reason, AlertReason::NewStory);
        let to: Vec<_> = alert.deliveries.iter().map(|d| (d.channel.as_str(), d.recipient.as_str())).collect();
        assert_eq!(to, [("desk", "a@example.org"), ("desk", "b@example.org"), ("soc", "")]);
    }

    #[test]
    fn a_second_article_of_the_same_story_is_silent_unless_every_one_is_wanted() {
        let desk = desk(vec![route(&["soc"])]);
        let known = place(Some(AlertId::derive(&["x"])));
        assert_eq!(desk.decide(&article(), &matched(Severity::High, false), known, Timestamp::EPOCH).alert, None);
        let alert = desk.decide(&article(), &matched(Severity::High, true), known, Timestamp::EPOCH).alert;
        assert_eq!(alert.expect("an alert").reason, AlertReason::Every);
    }

    #[test]
    fn a_digest_gathers_in_one_delivery_until_its_hour() {
        let now = at("2026-11-22T12:00:00Z");
        let schedule = CronSchedule::parse("0 0 7 * * Mon-Fri", Some("Europe/Rome"), now).expect("valid");
        let desk = desk(vec![Route { digest: Some(DigestPlan { schedule }), ..route(&["soc"]) }]);
        let first =
            desk.decide(&article(), &matched(Severity::Notice, true), place(None), now).alert.expect("an alert");
        let second = desk
            .decide(&article(), &matched(Severity::Notice, true), place(Some(first.id)), now + Duration::from_secs(60))
            .alert
            .expect("an alert");
        assert_eq!(first.deliveries, second.deliveries);
        assert_eq!(first.deliveries[0].due_at, at("2026-11-23T06:00:00Z"));
        assert_ne!(first.id, second.id);
    }

    #[test]
    fn trouble_with_a_channel_is_told_on_another_one() {
        let desk = desk(vec![route(&["desk"])]);
        let event = HealthEvent { key: "k".into(), title: "t".into(), detail: "d".into(), at: Timestamp::EPOCH };
        let told = |about: Option<&str>| {
            let draft = desk.health(event.clone(), Severity::High, about.map(channel).as_ref());
            draft.alert.deliveries.iter().map(|d| d.channel.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told(None), ["desk", "desk"]);
        assert_eq!(told(Some("desk")), ["soc"]);
    }

    #[test]
    fn feeds_in_trouble_can_be_a_flood_and_channels_can_not() {
        let desk = desk(vec![route(&["desk"])]);
        let event = HealthEvent { key: "k".into(), title: "t".into(), detail: "d".into(), at: Timestamp::EPOCH };
        let of_a_feed = desk.health_of(event.clone(), Severity::High, &Labels::new(), None);
        assert_eq!(of_a_feed.alert.deliveries[0].brake, Some(Brake::default()));
        let soc = channel("soc");
        for about in [None, Some(&soc)] {
            let told = desk.health(event.clone(), Severity::High, about).alert.deliveries;
            assert!(!told.is_empty() && told.iter().all(|delivery| delivery.brake.is_none()));
        }
    }

    #[test]
    fn a_route_that_asks_for_health_takes_it_from_the_default() {
        let health = RouteMatch([("reason", "health"), ("country", "it")].map(|(k, v)| (k.into(), v.into())).into());
        let desk = desk(vec![Route { matches: health, ..route(&["soc"]) }, route(&["desk"])]);
        let event = HealthEvent { key: "k".into(), title: "t".into(), detail: "d".into(), at: Timestamp::EPOCH };
        let told = |labels: &[(&str, &str)], about: Option<&str>| {
            let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            let draft = desk.health_of(event.clone(), Severity::High, &labels, about.map(channel).as_ref());
            draft.alert.deliveries.iter().map(|d| d.channel.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(told(&[("country", "it")], None), ["soc"]);
        assert_eq!(told(&[("country", "cn")], None), ["desk", "desk"]);
        assert_eq!(told(&[("country", "it")], Some("soc")), ["desk", "desk"], "not through what it is about");
        // No article takes that route.
        let alert = desk.decide(&article(), &matched(Severity::High, false), place(None), Timestamp::EPOCH).alert;
        assert!(alert.expect("an alert").deliveries.iter().all(|delivery| delivery.channel.as_str() == "desk"));
    }

    #[test]
    fn an_alert_that_no_route_takes_goes_to_the_default() {
        let only_urgent = RouteMatch([("severity".to_owned(), "urgent".to_owned())].into());
        let desk = desk(vec![Route { matches: only_urgent, ..route(&["soc"]) }]);
        let alert = desk.decide(&article(), &matched(Severity::Info, false), place(None), Timestamp::EPOCH).alert;
        assert_eq!(alert.expect("an alert").deliveries.len(), 2);
    }

    #[test]
    fn each_route_may_have_a_brake_of_its_own_and_a_reader_of_two_the_looser() {
        let few = Brake { limit: 5, ..Brake::default() };
        let with = |channels: &[&str], flood: Option<Brake>| Route { flood, continues: true, ..route(channels) };
        let off = Brake { limit: 0, ..few };
        let desk = desk(vec![with(&["desk"], Some(few)), with(&["soc"], Some(off)), with(&["desk"], None)]);
        let brakes = |severity| -> Vec<(String, Option<u32>)> {
            let id = AlertId::derive(&["a"]);
            let topic = TopicId::new("t").expect("a valid name");
            let told = desk.deliveries(id, &topic, severity, &Labels::new(), at("2026-11-23T08:00:00Z"));
            told.iter().map(|draft| (draft.channel.to_string(), draft.brake.map(|brake| brake.limit))).collect()
        };
        let told = brakes(Severity::High);
        assert!(told.iter().any(|(channel, _)| channel == "soc") && told.iter().any(|(channel, _)| channel == "desk"));
        for (channel, limit) in told {
            assert_eq!(limit, if channel == "desk" { Some(50) } else { None }, "{channel}");
        }
        assert!(brakes(Severity::Urgent).iter().all(|(_, limit)| limit.is_none()));
    }
}
