//! The flood brake: what is told singly, what in summaries, and that it is never neither.

use std::collections::BTreeSet;

use vedetta::alert::Brake;
use vedetta::model::{AlertId, DeliveryOutcome, NoticeKind};
use vedetta::store::Views as _;

use super::*;

const WINDOW: Duration = Duration::from_secs(600);
const SECOND: Duration = Duration::from_secs(1);

/// Sends everything to one webhook at once, with a brake.
fn braked(limit: u32, room: u32) -> Arc<Desk> {
    with_brake(route(&["soc"]), limit, room)
}

fn with_brake(route: Route, limit: u32, room: u32) -> Arc<Desk> {
    let router = desk_with(vec![route]).router().clone();
    let brake = Brake { limit, window: WINDOW };
    Arc::new(Desk::new(Router { brake, room: [(channel("soc"), room)].into(), ..router }))
}

/// Raises alerts numbered from `from` to `to`, in one poll, of a topic that wants every article.
async fn raise(
    world: &World,
    desk: &Arc<Desk>,
    numbers: std::ops::RangeInclusive<u32>,
    severity: Severity,
    now: Timestamp,
) -> vedetta::store::Committed {
    let topic = Arc::new(Topic { alert_on_every: true, ..(*topic("t")).clone() });
    let articles = numbers.map(|n| {
        let script =
            ["Manovre navali", "联合军事演习", "مناورات بحرية", "Совместные учения", "合同演習"][n as usize % 5];
        let mut polled = judged(article(&n.to_string(), &format!("{script} {n}"), "", now), &[&topic]);
        if let Some(verdict) = &mut polled.verdict {
            verdict.matches[0].severity = severity;
        }
        polled
    });
    let leased = world.claim_feed(now).await;
    let mut commit = poll(&leased, articles.collect(), now);
    commit.state.next_poll_at = now;
    world.store.commit_poll(commit, Arc::clone(desk), now).await.unwrap()
}

/// Claims and sends what is due: the kinds, and how many alerts each message holds.
async fn sent(world: &World, now: Timestamp) -> Vec<(NoticeKind, Vec<AlertId>)> {
    let mut all = Vec::new();
    for leased in world.claim_deliveries(now).await {
        let notice = leased.item.notice;
        all.push((notice.kind, notice.alerts.iter().map(|alert| alert.id).collect()));
        let receipt = DeliveryOutcome::Sent { receipt: "ok".to_owned() };
        world.store.finish_delivery(&leased.lease, receipt, now).await.unwrap();
    }
    all
}

fn sizes(sent: &[(NoticeKind, Vec<AlertId>)]) -> Vec<(NoticeKind, usize)> {
    sent.iter().map(|(kind, alerts)| (*kind, alerts.len())).collect()
}

#[tokio::test]
async fn as_many_as_the_limit_are_told_singly_and_the_next_one_is_not() {
    for (raised, held) in [(2, 0), (3, 0), (4, 1), (5, 2)] {
        let world = World::with_feeds(1).await;
        let committed = raise(&world, &braked(3, 500), 1..=raised, Severity::High, start()).await;
        assert_eq!((committed.held, committed.floods.len()), (held, usize::from(held > 0)), "{raised}");
        assert_eq!(sent(&world, start()).await.len(), 3.min(raised as usize));
        assert!(sent(&world, start() + (WINDOW - SECOND)).await.is_empty());
        let summaries = sizes(&sent(&world, start() + WINDOW).await);
        let wanted: &[_] = if held > 0 { &[(NoticeKind::Flood, held as usize)] } else { &[] };
        assert_eq!(summaries, wanted, "{raised}");
    }
}

#[tokio::test]
async fn a_flood_that_lasts_brings_one_summary_a_window_and_every_alert_once() {
    let world = World::with_feeds(1).await;
    let desk = braked(50, 500);
    let mut messages = Vec::new();
    // One every five seconds for an hour, then a quiet half hour, then one.
    for n in 1..=720 {
        let now = start() + 5 * SECOND * n;
        messages.extend(sent(&world, now).await);
        raise(&world, &desk, n..=n, Severity::Notice, now).await;
    }
    messages.extend(sent(&world, start() + 2 * HOUR).await);
    raise(&world, &desk, 721..=721, Severity::Notice, start() + 2 * HOUR).await;
    messages.extend(sent(&world, start() + 2 * HOUR).await);
    let singles = messages.iter().filter(|(kind, _)| *kind == NoticeKind::Alert).count();
    let summaries = messages.len() - singles;
    assert_eq!(singles, 51, "fifty at its beginning, and the one after it");
    assert!((5..=7).contains(&summaries), "{summaries}");
    let told: Vec<_> = messages.iter().flat_map(|(_, alerts)| alerts).collect();
    assert_eq!(told.len(), 721);
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>().len(), 721);
}

#[tokio::test]
async fn a_full_summary_goes_out_at_once_and_the_next_one_gathers() {
    for (raised, full, rest) in [(9, 0, 9), (10, 1, 0), (11, 1, 1), (25, 2, 5)] {
        let world = World::with_feeds(1).await;
        raise(&world, &braked(1, 10), 1..=raised + 1, Severity::High, start()).await;
        let now = sizes(&sent(&world, start()).await);
        let wanted: Vec<_> = [(NoticeKind::Alert, 1)].into_iter().chain(vec![(NoticeKind::Flood, 10); full]).collect();
        assert_eq!(now, wanted, "{raised}");
        let later = sizes(&sent(&world, start() + WINDOW).await);
        assert_eq!(later, if rest > 0 { vec![(NoticeKind::Flood, rest)] } else { vec![] }, "{raised}");
    }
}

#[tokio::test]
async fn an_alert_that_comes_while_a_summary_is_being_sent_is_in_the_next_one() {
    let world = World::with_feeds(1).await;
    let desk = braked(1, 500);
    raise(&world, &desk, 1..=3, Severity::High, start()).await;
    sent(&world, start()).await;
    let now = start() + WINDOW;
    let first = world.claim_deliveries(now).await.remove(0);
    assert_eq!(first.item.notice.alerts.len(), 2);
    // Its window is over, but they come thick: two in one moment.
    raise(&world, &desk, 4..=5, Severity::High, now).await;
    let retry = DeliveryOutcome::Retry { at: now + HOUR, error: "421 later".to_owned(), asked: true };
    world.store.finish_delivery(&first.lease, retry, now).await.unwrap();
    raise(&world, &desk, 6..=6, Severity::High, now).await;
    assert_eq!(sizes(&sent(&world, now).await), [(NoticeKind::Alert, 1)]);
    let rest = sizes(&sent(&world, now + HOUR).await);
    assert_eq!(rest, [(NoticeKind::Flood, 2), (NoticeKind::Flood, 2)], "its words stayed as they were");
}

#[tokio::test]
async fn urgent_alerts_digests_and_other_topics_are_not_held_back() {
    let world = World::with_feeds(1).await;
    raise(&world, &braked(2, 500), 1..=9, Severity::Urgent, start()).await;
    assert_eq!(sizes(&sent(&world, start()).await), vec![(NoticeKind::Alert, 1); 9]);
    // They count all the same: nine in a moment are a flood.
    raise(&world, &braked(2, 500), 10..=10, Severity::High, start()).await;
    assert!(sent(&world, start()).await.is_empty());

    let world = World::with_feeds(1).await;
    let digest = digest_desk().router().routes[0].clone();
    raise(&world, &with_brake(digest, 2, 500), 1..=9, Severity::High, start()).await;
    assert_eq!(sizes(&sent(&world, start() + DAY).await), [(NoticeKind::Digest, 9)]);

    let world = World::with_feeds(1).await;
    let topics: Vec<_> = (0..9).map(|n| topic(&format!("t{n}"))).collect();
    let polled = judged(article("1", "Mosca", "testo", start()), &topics.iter().collect::<Vec<_>>());
    world.poll(&braked(2, 500), vec![polled], start()).await;
    assert_eq!(sent(&world, start()).await.len(), 9);

    let world = World::with_feeds(1).await;
    let committed = raise(&world, &braked(0, 500), 1..=99, Severity::High, start()).await;
    assert_eq!(committed.held, 0, "no limit, no brake");
}

#[tokio::test]
async fn a_summary_says_the_same_under_the_same_id_after_a_crash_and_the_ledger_names_it() {
    let world = World::with_feeds(1).await;
    raise(&world, &braked(2, 500), 1..=7, Severity::High, start()).await;
    sent(&world, start()).await;
    let first = world.claim_deliveries(start() + WINDOW).await.remove(0);
    // Nobody says how that ended: the lease runs out.
    let again = world.claim_deliveries(start() + WINDOW + LEASE).await.remove(0);
    assert_eq!((again.lease.id, &again.item.notice), (first.lease.id, &first.item.notice));
    assert!(again.item.maybe_sent_before);
    let alerts = world.store.alerts(None, None, 100).await.unwrap();
    let in_summary: Vec<_> = alerts.iter().filter(|alert| alert.summaries == [first.lease.id]).collect();
    assert_eq!((alerts.len(), in_summary.len()), (7, 5));
    assert!(in_summary.iter().all(|alert| alert.deliveries.due == 1));
}

#[tokio::test]
async fn a_single_round_takes_open_summaries_with_it() {
    let world = World::with_feeds(1).await;
    raise(&world, &braked(2, 500), 1..=7, Severity::High, start()).await;
    let claimed = world.store.claim_deliveries(&claim("a", start(), 10), false, &[]).await.unwrap();
    let kinds: Vec<_> = claimed.iter().map(|leased| leased.item.notice.kind).collect();
    assert_eq!(kinds, [NoticeKind::Alert, NoticeKind::Alert, NoticeKind::Flood]);
}

#[tokio::test]
async fn a_clock_set_back_makes_no_summary_wait_for_as_long() {
    let world = World::with_feeds(1).await;
    let desk = braked(2, 500);
    raise(&world, &desk, 1..=4, Severity::High, start() + DAY).await;
    world.store.sync_feeds(&[(feed(0), start())]).await.unwrap();
    // A day earlier: what was raised “tomorrow” doesn't count, but who is held back joins what is open.
    let committed = raise(&world, &desk, 5..=8, Severity::High, start() + (DAY - HOUR)).await;
    assert_eq!(committed.held, 2);
    let sent = sizes(&sent(&world, start() + (DAY - HOUR + WINDOW)).await);
    assert!(sent.contains(&(NoticeKind::Flood, 4)), "{sent:?}");
}
