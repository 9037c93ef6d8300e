//! Forgetting: what is old goes, what is needed stays.

use vedetta::model::DeliveryOutcome;
use vedetta::store::{Retention, Swept, Views as _};

use super::*;

const RETENTION: Retention = Retention {
    articles: Duration::from_secs(30 * 86_400),
    alerts: Duration::from_secs(90 * 86_400),
    seen: Duration::from_secs(86_400),
};

async fn known(world: &World, article: &Article) -> bool {
    !world.store.known_entries(article.feed, &[key(article, 1)]).await.unwrap().is_empty()
}

#[tokio::test]
async fn articles_that_matched_nothing_go_first_and_matched_ones_with_their_alerts() {
    let world = World::with_feeds(1).await;
    let plain = article("1", "Calcio: la difesa regge", "testo", start());
    let wire = article("2", "Russia e Cina, al via le manovre navali", WIRE, start());
    world.poll(&desk(), vec![judged(plain.clone(), &[]), judged(wire.clone(), &[&topic("t")])], start()).await;
    let leased = world.claim_deliveries(start()).await.remove(0);
    let sent = DeliveryOutcome::Sent { receipt: String::new() };
    world.store.finish_delivery(&leased.lease, sent, start()).await.unwrap();

    let swept = world.store.sweep(&RETENTION, start() + 29 * DAY).await.unwrap();
    assert_eq!(swept, Swept::default());
    let swept = world.store.sweep(&RETENTION, start() + 31 * DAY).await.unwrap();
    assert_eq!(swept, Swept { articles: 1, ..Swept::default() });
    assert!(world.store.article(plain.id).await.unwrap().is_none());
    assert!(world.store.article(wire.id).await.unwrap().is_some());
    let swept = world.store.sweep(&RETENTION, start() + 91 * DAY).await.unwrap();
    assert_eq!(swept, Swept { articles: 1, alerts: 1, ..Swept::default() });
    for table in [
        "SELECT count(*) FROM articles",
        "SELECT count(*) FROM matches",
        "SELECT count(*) FROM stories",
        "SELECT count(*) FROM alerts",
        "SELECT count(*) FROM deliveries",
        "SELECT count(*) FROM delivery_alerts",
    ] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
    // Its entry is still known: it does not come again.
    assert!(known(&world, &wire).await);
}

#[tokio::test]
async fn nothing_that_a_due_delivery_needs_is_forgotten() {
    let world = World::with_feeds(1).await;
    let wire = article("2", "Russia e Cina, al via le manovre navali", WIRE, start());
    world.poll(&wide_desk(), vec![judged(wire.clone(), &[&topic("t")])], start()).await;
    let claimed = world.claim_deliveries(start()).await;
    let sent = DeliveryOutcome::Sent { receipt: String::new() };
    world.store.finish_delivery(&claimed[0].lease, sent, start()).await.unwrap();
    world.store.sweep(&RETENTION, start() + 400 * DAY).await.unwrap();
    let left = world.claim_deliveries(start() + 400 * DAY).await;
    assert_eq!(left.len(), 2);
    assert!(world.store.article(wire.id).await.unwrap().is_some());
}

#[tokio::test]
async fn articles_that_wait_for_their_page_are_not_forgotten() {
    let world = World::with_feeds(1).await;
    let polled = PolledArticle { article: article("1", "Mosca", "testo", start()), verdict: None, change: None };
    world.poll(&desk(), vec![polled], start()).await;
    world.store.sweep(&RETENTION, start() + 400 * DAY).await.unwrap();
    assert_eq!(world.store.stats(start()).await.unwrap().articles_fresh, 1);
}

#[tokio::test]
async fn an_entry_is_known_for_half_a_year_after_it_left_its_feed() {
    let world = World::with_feeds(1).await;
    let gone = article("1", "Mosca", "testo", start());
    let stays = article("2", "Pechino", "testo", start());
    world.poll(&desk(), vec![judged(gone.clone(), &[]), judged(stays.clone(), &[])], start()).await;
    world.poll(&desk(), vec![judged(stays.clone(), &[])], start() + DAY).await;
    let mut now = start() + 180 * DAY;
    world.store.sweep(&RETENTION, now).await.unwrap();
    assert!(known(&world, &gone).await, "180 days, although the configuration asked for one");
    now = start() + 188 * DAY;
    assert_eq!(world.store.sweep(&RETENTION, now).await.unwrap().seen, 2);
    assert!(!known(&world, &gone).await);
}

#[tokio::test]
async fn the_entries_of_a_feeds_last_document_are_known_for_good() {
    let world = World::with_feeds(1).await;
    let gone = article("1", "Mosca", "testo", start());
    let stays = article("2", "Pechino", "testo", start());
    world.poll(&desk(), vec![judged(gone.clone(), &[]), judged(stays.clone(), &[])], start()).await;
    world.poll(&desk(), vec![judged(stays.clone(), &[])], start() + DAY).await;
    // Ten years without an answer.
    assert_eq!(world.store.sweep(&RETENTION, start() + 3650 * DAY).await.unwrap().seen, 2);
    assert!(!known(&world, &gone).await);
    assert!(known(&world, &stays).await);
}

#[tokio::test]
async fn answers_of_not_modified_keep_the_entries_of_the_last_document_young() {
    let world = World::with_feeds(1).await;
    let gone = article("1", "Mosca", "testo", start());
    let new = article("2", "Pechino", "testo", start());
    world.poll(&desk(), vec![judged(gone.clone(), &[])], start()).await;
    for day in 1..300 {
        // Nothing is seen: the poll was answered “not modified”.
        world.poll(&desk(), vec![], start() + day * DAY).await;
    }
    world.poll(&desk(), vec![judged(new, &[])], start() + 300 * DAY).await;
    world.store.sweep(&RETENTION, start() + 400 * DAY).await.unwrap();
    assert!(known(&world, &gone).await, "it left its feed a hundred days ago");
    world.store.sweep(&RETENTION, start() + 500 * DAY).await.unwrap();
    assert!(!known(&world, &gone).await);
}
