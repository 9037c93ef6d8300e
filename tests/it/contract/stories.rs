//! Matches become stories, stories become alerts: decided inside the commit.

use vedetta::model::AlertReason;
use vedetta::store::Views as _;

use super::*;

/// A poll of every feed, all committed at once.
async fn poll_all(world: &World, articles: &[Article], topic: &Arc<Topic>, now: Timestamp) -> usize {
    let leases = world.store.claim_feeds(&claim("a", now, 100)).await.unwrap();
    let calls = leases.iter().map(|leased| {
        let own = articles.iter().filter(|article| article.feed == leased.item.id);
        let found = own.map(|article| judged(article.clone(), &[topic])).collect();
        world.store.commit_poll(poll(leased, found, now), desk(), now)
    });
    let answers = futures_util::future::join_all(calls).await;
    answers.into_iter().map(|answer| answer.unwrap().alerts.len()).sum()
}

#[tokio::test]
async fn a_wire_story_that_four_outlets_carry_at_the_same_moment_is_told_once() {
    let world = World::with_feeds(4).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let carried: Vec<_> = (0..4).map(|n| carried_by(n, &wire)).collect();
    assert_eq!(poll_all(&world, &carried, &topic("t"), start()).await, 1);
    let alerts = world.store.alerts(None, None, 10).await.unwrap();
    assert_eq!(alerts.len(), 1);
    assert_eq!((alerts[0].story_size, alerts[0].reason), (4, AlertReason::NewStory));
    assert_eq!(world.count("SELECT count(*) FROM stories").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 1);
}

#[tokio::test]
async fn each_topic_tells_its_own_stories() {
    let world = World::with_feeds(1).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let committed = world.poll(&desk(), vec![judged(wire, &[&topic("navy"), &topic("asia")])], start()).await;
    assert_eq!((committed.matches, committed.alerts.len(), committed.deliveries), (2, 2, 2));
    let asia = TopicId::new("asia").unwrap();
    assert_eq!(world.store.alerts(Some(&asia), None, 10).await.unwrap().len(), 1);
    assert!(world.store.alerts(Some(&asia), Some(start() + HOUR), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_story_stays_open_as_long_as_articles_join_it_and_closes_after_its_window() {
    let world = World::with_feeds(4).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let mut alerts = Vec::new();
    // Two days after the first, two days after the second: within the window of the story's last article.
    for (n, now) in [(0, start()), (1, start() + 2 * DAY), (2, start() + 4 * DAY), (3, start() + 8 * DAY)] {
        alerts.push(poll_all(&world, &[carried_by(n, &wire)], &topic("t"), now).await);
    }
    assert_eq!(alerts, [1, 0, 0, 1]);
}

#[tokio::test]
async fn an_early_member_still_recognises_its_story_when_a_later_one_kept_it_open() {
    let world = World::with_feeds(3).await;
    let first = carried_by(0, &article("1", "Russia e Cina, al via le manovre navali", WIRE, start()));
    // The same link, rewritten: unlike the wire text that the third outlet carries.
    let rewritten = Article {
        url: first.url.clone(),
        ..carried_by(1, &article("2", "Russia e Cina, Giappone in allarme", "Tokyo segue con preoccupazione.", start()))
    };
    let third = carried_by(2, &article("1", "Russia e Cina, al via le manovre navali", WIRE, start()));
    let mut alerts = Vec::new();
    for (article, now) in [(first, start()), (rewritten, start() + 2 * DAY), (third, start() + 4 * DAY)] {
        alerts.push(poll_all(&world, &[article], &topic("t"), now).await);
    }
    assert_eq!(alerts, [1, 0, 0]);
}

#[tokio::test]
async fn an_open_story_is_known_again_after_a_restart() {
    let world = World::with_feeds(2).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    assert_eq!(poll_all(&world, &[carried_by(0, &wire)], &topic("t"), start()).await, 1);
    world.store.close().await;
    let store = SqliteStore::open(&world.url(), DAEMON).await.unwrap();
    let world = World { store, ..world };
    assert_eq!(poll_all(&world, &[carried_by(1, &wire)], &topic("t"), start() + HOUR).await, 0);
    assert_eq!(world.store.alerts(None, None, 10).await.unwrap()[0].story_size, 2);
}

#[tokio::test]
async fn a_story_that_another_process_opened_is_joined() {
    let world = World::with_feeds(3).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let other = article("2", "Nuovo radar antimissile in Lapponia", "Il radar entrerà in servizio a marzo.", start());
    // Fills this process's memory of the topic's board.
    assert_eq!(poll_all(&world, &[carried_by(0, &other)], &topic("t"), start()).await, 1);
    let now = start() + HOUR;
    let beside =
        World { store: SqliteStore::open(&world.url(), BESIDE).await.unwrap(), folder: tempfile::tempdir().unwrap() };
    assert_eq!(poll_all(&beside, &[carried_by(1, &wire)], &topic("t"), now).await, 1);
    assert_eq!(poll_all(&world, &[carried_by(2, &wire)], &topic("t"), now + HOUR).await, 0);
}

#[tokio::test]
async fn a_topic_that_wants_every_article_gets_them_under_the_first() {
    let world = World::with_feeds(2).await;
    let every = Arc::new(Topic { alert_on_every: true, ..Topic::clone(&topic("t")) });
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let carried = [carried_by(0, &wire), carried_by(1, &wire)];
    assert_eq!(poll_all(&world, &carried, &every, start()).await, 2);
    let mut notices: Vec<_> =
        world.claim_deliveries(start()).await.into_iter().map(|leased| leased.item.notice.alerts[0].clone()).collect();
    notices.sort_by_key(|alert| alert.follows.is_some());
    assert_eq!((notices[0].reason, notices[1].reason), (AlertReason::NewStory, AlertReason::Every));
    assert_eq!(notices[1].follows, Some(notices[0].id));
    assert_eq!(notices[1].others.len(), 1);
}

#[tokio::test]
async fn a_health_alert_is_told_once_however_often_it_is_raised() {
    let world = World::with_feeds(1).await;
    let event = vedetta::model::HealthEvent {
        key: "feed down since Sunday".to_owned(),
        title: "Feed `Lanterna` has been down for six hours".to_owned(),
        detail: "HTTP 503\nLook at its site.".to_owned(),
        at: start(),
    };
    let draft = desk().health(event, Severity::High, None);
    assert!(world.store.commit_health(draft.clone()).await.unwrap());
    assert!(!world.store.commit_health(draft.clone()).await.unwrap());
    let leased = world.claim_feed(start()).await;
    let mut commit = poll(&leased, vec![], start());
    commit.health = vec![draft];
    let committed = world.store.commit_poll(commit, desk(), start()).await.unwrap();
    assert!(committed.alerts.is_empty());
    let sent = world.claim_deliveries(start()).await;
    assert_eq!(sent.len(), 1);
    let alert = &sent[0].item.notice.alerts[0];
    assert_eq!(
        (alert.reason, alert.topic.id.clone(), alert.story.clone()),
        (AlertReason::Health, TopicId::health(), None)
    );
    assert_eq!(alert.article.title, "Feed `Lanterna` has been down for six hours");
    assert_eq!(alert.article.summary, "HTTP 503\nLook at its site.");
    assert_eq!(world.store.alerts(None, None, 10).await.unwrap()[0].title, alert.article.title);
}
