//! The outbox: claimed with their words, finished once, never lost.

use vedetta::model::{DeliveryOutcome, DeliveryState, NoticeKind};
use vedetta::store::{Views as _, Waiting};

use super::*;

async fn world_with_alert(desk: &Arc<Desk>) -> World {
    let world = World::with_feeds(2).await;
    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, start());
    let committed = world.poll(desk, vec![judged(wire, &[&topic("t")])], start()).await;
    assert_eq!(committed.alerts.len(), 1);
    world
}

/// Another story for the same topic.
async fn second_alert(world: &World, desk: &Arc<Desk>, now: Timestamp) {
    let radar = article("2", "Nuovo radar antimissile in Lapponia", "Il radar entrerà in servizio a marzo.", now);
    let committed = world.poll(desk, vec![judged(radar, &[&topic("t")])], now).await;
    assert_eq!(committed.alerts.len(), 1);
}

fn retry(at: Timestamp) -> DeliveryOutcome {
    DeliveryOutcome::Retry { at, error: "could not connect".to_owned(), asked: false }
}

fn sent() -> DeliveryOutcome {
    DeliveryOutcome::Sent { receipt: "250 ok".to_owned() }
}

#[tokio::test]
async fn a_message_says_what_was_decided() {
    let world = world_with_alert(&wide_desk()).await;
    let claimed = world.claim_deliveries(start()).await;
    let to: Vec<_> = claimed.iter().map(|leased| leased.item.delivery.recipient.as_str()).collect();
    assert_eq!(to, ["a@example.org", "b@example.org", ""]);
    let outgoing = &claimed[0].item;
    assert_eq!((outgoing.delivery.attempt, outgoing.maybe_sent_before), (0, false));
    assert_eq!((outgoing.notice.kind, outgoing.notice.alerts.len()), (NoticeKind::Alert, 1));
    let alert = &outgoing.notice.alerts[0];
    assert_eq!((alert.topic.name.as_str(), alert.severity, alert.delayed), ("Topic t", Severity::High, false));
    assert_eq!(alert.topic.labels.get("desk").map(String::as_str), Some("asia"));
    assert_eq!(alert.article.matched, matched(&topic("t")).excerpts);
    assert!(alert.article.summary.starts_with("Le marine di Russia e Cina"));
    assert_eq!(alert.story.as_ref().unwrap().sources, ["lanterna.example"]);
    assert!(world.claim_deliveries(start()).await.is_empty());
}

#[tokio::test]
async fn every_attempt_sends_the_same_words_even_when_the_story_has_grown() {
    let world = world_with_alert(&desk()).await;
    let first = world.claim_deliveries(start()).await.remove(0);
    let later = start() + HOUR;
    world.store.finish_delivery(&first.lease, retry(later), start()).await.unwrap();
    assert!(world.claim_deliveries(start()).await.is_empty());
    assert_eq!(world.store.next_delivery_at(&[]).await.unwrap(), Some(later));

    let wire = article("1", "Russia e Cina, al via le manovre navali", WIRE, later);
    world.poll(&desk(), vec![judged(carried_by(1, &wire), &[&topic("t")])], later).await;
    let second = world.claim_deliveries(later).await.remove(0);
    assert_eq!(second.item.delivery.id, first.item.delivery.id);
    assert_eq!(second.item.notice, first.item.notice);
    assert_eq!((second.item.delivery.attempt, second.item.maybe_sent_before), (1, false));
}

#[tokio::test]
async fn what_was_sent_is_never_given_out_again() {
    let world = world_with_alert(&desk()).await;
    let leased = world.claim_deliveries(start()).await.remove(0);
    world.store.finish_delivery(&leased.lease, sent(), start()).await.unwrap();
    assert!(is_lease_lost(&world.store.finish_delivery(&leased.lease, sent(), start()).await));
    assert!(world.claim_deliveries(start() + 365 * DAY).await.is_empty());
    assert_eq!(world.store.next_delivery_at(&[]).await.unwrap(), None);
    let row = world.store.deliveries(Some(DeliveryState::Sent), 10).await.unwrap().remove(0);
    assert_eq!((row.attempts, row.finished_at), (1, Some(start())));
    assert_eq!(row.message.as_deref(), Some("250 ok"));
    assert_eq!(row.title, "Russia e Cina, al via le manovre navali");
    assert_eq!(row.alerts, [world.store.alerts(None, None, 1).await.unwrap()[0].id]);
    let counts = world.store.alerts(None, None, 1).await.unwrap()[0].deliveries;
    assert_eq!((counts.due, counts.sent, counts.failed), (0, 1, 0));
}

#[tokio::test]
async fn a_lease_that_ran_out_is_taken_over_with_a_warning_that_it_may_have_been_sent() {
    let world = world_with_alert(&desk()).await;
    let late = world.claim_deliveries(start()).await.remove(0);
    let now = start() + LEASE;
    let heir = world.claim_deliveries(now).await.remove(0);
    assert!(heir.item.maybe_sent_before);
    assert_eq!(heir.item.delivery.attempt, 1);
    assert_eq!(heir.item.notice, late.item.notice);
    assert!(is_lease_lost(&world.store.finish_delivery(&late.lease, sent(), now).await));
    world.store.finish_delivery(&heir.lease, sent(), now).await.unwrap();
}

#[tokio::test]
async fn what_is_handed_back_is_due_at_once_and_was_no_attempt() {
    let world = world_with_alert(&desk()).await;
    let leased = world.claim_deliveries(start()).await.remove(0);
    world.store.finish_delivery(&leased.lease, DeliveryOutcome::HandedBack, start()).await.unwrap();
    let again = world.claim_deliveries(start()).await.remove(0);
    // No attempt, but the far end may have taken it before it was cut off.
    assert_eq!((again.item.delivery.attempt, again.item.maybe_sent_before), (0, true));
    // A whole node that stops can't know what its last sends came to.
    world.store.release(&NodeId("someone else".to_owned())).await.unwrap();
    assert!(world.claim_deliveries(start()).await.is_empty());
    world.store.release(&NodeId("a".to_owned())).await.unwrap();
    assert!(world.claim_deliveries(start()).await.remove(0).item.maybe_sent_before);
}

#[tokio::test]
async fn a_failed_delivery_waits_for_a_person_and_can_be_sent_again() {
    let world = world_with_alert(&wide_desk()).await;
    let claimed = world.claim_deliveries(start()).await;
    for leased in &claimed[..2] {
        let outcome = DeliveryOutcome::Failed { error: "550 unknown".to_owned(), disable_channel: false };
        world.store.finish_delivery(&leased.lease, outcome, start()).await.unwrap();
    }
    assert_eq!(world.store.stats(start()).await.unwrap().deliveries_failed, 2);
    let now = start() + DAY;
    assert_eq!(world.store.retry_deliveries(Some(claimed[2].lease.id), now).await.unwrap(), 0);
    assert_eq!(world.store.retry_deliveries(Some(claimed[0].lease.id), now).await.unwrap(), 1);
    assert_eq!(world.store.retry_deliveries(None, now).await.unwrap(), 1);
    let again = world.claim_deliveries(now).await;
    let first = again.iter().find(|leased| leased.lease.id == claimed[0].lease.id).unwrap();
    assert_eq!(first.item.notice, claimed[0].item.notice);
    assert_eq!(first.item.delivery.attempt, 0);
}

#[tokio::test]
async fn a_disabled_channel_keeps_its_messages_until_it_is_enabled_again() {
    let world = world_with_alert(&desk()).await;
    let leased = world.claim_deliveries(start()).await.remove(0);
    let gone = DeliveryOutcome::Failed { error: "410 Gone".to_owned(), disable_channel: true };
    world.store.finish_delivery(&leased.lease, gone, start()).await.unwrap();
    let disabled = world.store.disabled_channels().await.unwrap();
    assert_eq!(disabled, [(channel("soc"), "410 Gone".to_owned(), start())]);
    let now = start() + HOUR;
    second_alert(&world, &wide_desk(), now).await;
    assert_eq!(world.claim_deliveries(now).await.len(), 2, "the other channel's recipients");
    assert!(world.claim_deliveries(now).await.is_empty());
    world.store.enable_channel(&channel("soc")).await.unwrap();
    assert_eq!(world.claim_deliveries(now).await.len(), 1);
    assert!(world.store.disabled_channels().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_busy_channel_does_not_stand_before_another() {
    let world = world_with_alert(&wide_desk()).await;
    let busy = [channel("desk")];
    let one = claim("a", start(), 1);
    let claimed = world.store.claim_deliveries(&one, true, &busy).await.unwrap().remove(0);
    assert_eq!(claimed.item.delivery.channel, channel("soc"));
    assert_eq!(world.store.next_delivery_at(&busy).await.unwrap(), Some(start() + LEASE));
    assert_eq!(world.store.next_delivery_at(&[]).await.unwrap(), Some(start()));
}

#[tokio::test]
async fn a_digest_gathers_until_its_hour_and_goes_out_as_one() {
    let world = world_with_alert(&digest_desk()).await;
    second_alert(&world, &digest_desk(), start() + HOUR).await;
    let hour = Timestamp::parse_rfc3339("2026-11-23T06:00:00Z").unwrap();
    assert_eq!(world.store.next_delivery_at(&[]).await.unwrap(), Some(hour));
    assert!(world.claim_deliveries(hour.before(Duration::from_secs(1))).await.is_empty());
    assert_eq!(world.store.stats(start()).await.unwrap().deliveries_due, 0);
    let only_single = world.store.claim_deliveries(&claim("a", hour, 10), false, &[]).await.unwrap();
    assert!(only_single.is_empty());
    let claimed = world.claim_deliveries(hour).await;
    assert_eq!(claimed.len(), 1);
    let notice = &claimed[0].item.notice;
    let titles: Vec<_> = notice.alerts.iter().map(|alert| alert.article.title.as_str()).collect();
    assert_eq!(notice.kind, NoticeKind::Digest);
    assert_eq!(titles, ["Russia e Cina, al via le manovre navali", "Nuovo radar antimissile in Lapponia"]);
}

#[tokio::test]
async fn an_alert_that_comes_too_late_for_its_digest_goes_out_by_itself() {
    for outcome in [sent(), retry(start() + DAY), DeliveryOutcome::HandedBack] {
        let world = world_with_alert(&digest_desk()).await;
        let hour = Timestamp::parse_rfc3339("2026-11-23T06:00:00Z").unwrap();
        let early = Claim { due_by: hour, ..claim("a", start(), 1) };
        let digest = world.store.claim_deliveries(&early, true, &[]).await.unwrap().remove(0);
        world.store.finish_delivery(&digest.lease, outcome, start()).await.unwrap();
        // Decided for the same window, but its words are fixed.
        let now = start() + HOUR;
        second_alert(&world, &digest_desk(), now).await;
        let claimed = world.claim_deliveries(now).await;
        assert_eq!(claimed.len(), 1);
        assert_ne!(claimed[0].lease.id, digest.lease.id);
        assert_eq!(claimed[0].item.notice.kind, NoticeKind::Alert);
        assert_eq!(claimed[0].item.notice.alerts[0].article.title, "Nuovo radar antimissile in Lapponia");
    }
}

#[tokio::test]
async fn an_article_from_long_ago_is_told_as_delayed() {
    let world = World::with_feeds(1).await;
    let old = Article { published: Some(start().before(25 * HOUR)), ..article("1", "Mosca", "testo", start()) };
    world.poll(&desk(), vec![judged(old, &[&topic("t")])], start()).await;
    assert!(world.claim_deliveries(start()).await[0].item.notice.alerts[0].delayed);
}

#[tokio::test]
async fn figures_name_the_oldest_promise_that_is_overdue() {
    let world = world_with_alert(&desk()).await;
    let now = start() + HOUR;
    let leased = world.claim_deliveries(start()).await.remove(0);
    world.store.finish_delivery(&leased.lease, retry(now + HOUR), start()).await.unwrap();
    // It is due later again, but it was promised then.
    let stats = world.store.stats(now).await.unwrap();
    assert_eq!((stats.deliveries_due, stats.oldest_due_at), (1, Some(start())));
    assert!(stats.size_bytes > 4096);
}

#[tokio::test]
async fn what_waits_for_its_next_attempt_can_be_made_due_and_nothing_else_is() {
    let world = world_with_alert(&wide_desk()).await;
    let claimed = world.claim_deliveries(start()).await;
    let ids: Vec<_> = claimed.iter().map(|leased| leased.lease.id).collect();
    for leased in &claimed[..2] {
        world.store.finish_delivery(&leased.lease, retry(start() + DAY), start()).await.unwrap();
    }
    world.store.finish_delivery(&claimed[2].lease, sent(), start()).await.unwrap();
    let now = start() + HOUR;
    second_alert(&world, &digest_desk(), now).await;
    assert_eq!(world.store.hasten_deliveries(&Waiting::Channel(channel("soc")), now).await.unwrap(), 0);
    assert_eq!(world.store.hasten_deliveries(&Waiting::These(vec![ids[1], ids[2]]), now).await.unwrap(), 1);
    let again = world.claim_deliveries(now).await;
    assert_eq!(again.len(), 1);
    assert_eq!((again[0].lease.id, again[0].item.delivery.attempt), (ids[1], 1), "its attempts stay counted");
    assert_eq!(
        world.store.hasten_deliveries(&Waiting::All, now).await.unwrap(),
        1,
        "neither what is in hand nor digests"
    );
    assert_eq!(world.claim_deliveries(now).await[0].lease.id, ids[0]);
}

#[tokio::test]
async fn a_wait_that_the_far_end_asked_for_stays() {
    let world = world_with_alert(&wide_desk()).await;
    let claimed = world.claim_deliveries(start()).await;
    let error = "503, Retry-After".to_owned();
    let asked = DeliveryOutcome::Retry { at: start() + DAY, error, asked: true };
    let id = claimed[0].lease.id;
    for leased in &claimed {
        world.store.finish_delivery(&leased.lease, asked.clone(), start()).await.unwrap();
    }
    let channel = claimed[0].item.delivery.channel.clone();
    for which in [Waiting::All, Waiting::Channel(channel), Waiting::These(vec![id])] {
        assert_eq!(world.store.hasten_deliveries(&which, start() + HOUR).await.unwrap(), 0, "{which:?}");
    }
    // The next attempt fails for another reason.
    let again = world.claim_deliveries(start() + DAY).await.into_iter().find(|leased| leased.lease.id == id).unwrap();
    let now = start() + DAY;
    world.store.finish_delivery(&again.lease, retry(now + DAY), now).await.unwrap();
    assert_eq!(world.store.hasten_deliveries(&Waiting::These(vec![id]), now).await.unwrap(), 1);
}

#[tokio::test]
async fn starts_that_follow_each_other_leave_some_minutes_between_attempts() {
    let world = world_with_alert(&desk()).await;
    let mut leased = world.claim_deliveries(start()).await.remove(0);
    let mut attempts = 0;
    // An hour of a daemon that is started every five seconds.
    for round in 0..720 {
        let now = start() + round * Duration::from_secs(5);
        if leased.lease.until > start() {
            world.store.finish_delivery(&leased.lease, retry(now + DAY), now).await.unwrap();
            leased.lease.until = start();
            attempts += 1;
        }
        world.store.hasten_deliveries(&Waiting::All, now).await.unwrap();
        if let Some(next) = world.claim_deliveries(now).await.pop() {
            leased = next;
        }
    }
    assert_eq!(attempts, 13);
    // Who starts it once, later, does not wait.
    let leased = world.claim_deliveries(start() + HOUR).await.remove(0);
    world.store.finish_delivery(&leased.lease, retry(start() + DAY), start() + HOUR).await.unwrap();
    let later = start() + 2 * HOUR;
    assert!(world.claim_deliveries(later).await.is_empty());
    world.store.hasten_deliveries(&Waiting::All, later).await.unwrap();
    assert_eq!(world.claim_deliveries(later).await.len(), 1);
}
