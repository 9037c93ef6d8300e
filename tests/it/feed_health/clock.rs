//! A clock that jumps: what it must not delete, and what it may a day later.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use vedetta::model::{Clock as _, Timestamp};
use vedetta::pipeline::{Stage as _, Sweep};

use super::{HOUR, Watch, quiet_feed};
use crate::support::World;

const DAY: Duration = Duration::from_secs(86_400);

/// A vedetta with one article that matched nothing, whose sweep has been at work for a while.
async fn swept_before() -> (Watch, Sweep) {
    let world = World::new().await;
    world.configure(&world.feed("/feed.xml"));
    world.server.put("/feed.xml", "application/rss+xml", quiet_feed());
    let watch = Watch::new(world).await;
    let sweep = Sweep::default();
    for _ in 0..26 {
        watch.round().await;
        look(&watch, &sweep).await;
        watch.clock.advance(HOUR);
    }
    assert_eq!(stored(&watch).await, 1);
    (watch, sweep)
}

async fn look(watch: &Watch, sweep: &Sweep) {
    sweep.tick(&watch.line, watch.clock.now(), &CancellationToken::new()).await.expect("the store works");
}

/// Hours in which every feed is polled and the sweep looks.
async fn hours(watch: &Watch, sweep: &Sweep, hours: usize) {
    for _ in 0..hours {
        watch.clock.advance(HOUR);
        watch.round().await;
        look(watch, sweep).await;
    }
}

async fn stored(watch: &Watch) -> u64 {
    watch.line.store.stats(watch.clock.now()).await.expect("readable").articles
}

/// What was told of the clock.
fn told(watch: &Watch) -> Vec<String> {
    watch.subjects().into_iter().filter(|subject| subject.contains("clock")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_years_ahead_deletes_nothing_before_it_is_set() {
    let (mut watch, sweep) = swept_before().await;
    let good: Timestamp = watch.clock.now();
    watch.clock.advance(730 * DAY);
    look(&watch, &sweep).await;
    assert_eq!(stored(&watch).await, 1);
    // What a restart does not change; nor does a clock that jumps on.
    watch.restart().await;
    let sweep = Sweep::default();
    hours(&watch, &sweep, 20).await;
    watch.clock.advance(730 * DAY);
    hours(&watch, &sweep, 20).await;
    assert_eq!(stored(&watch).await, 1);
    let subjects = told(&watch);
    assert_eq!(subjects.len(), 2, "once for each jump: {subjects:?}");
    assert!(subjects[0].contains("The clock is 730 days after the last sweep"), "{subjects:?}");
    assert!(watch.last_mail().contains("timedatectl"), "{}", watch.last_mail());
    watch.clock.set(good + 2 * DAY);
    hours(&watch, &sweep, 30).await;
    assert_eq!((stored(&watch).await, told(&watch).len()), (1, 2));
    // And so it goes on: what is past its ninety days goes.
    for _ in 0..15 {
        watch.clock.advance(6 * DAY);
        look(&watch, &sweep).await;
    }
    assert_eq!(stored(&watch).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_months_without_power_the_sweep_goes_on_a_day_after_feeds_answer() {
    let (mut watch, _) = swept_before().await;
    watch.clock.advance(100 * DAY);
    watch.restart().await;
    let sweep = Sweep::default();
    // As if no certificate were valid: nothing says that the clock is right.
    watch.world.server.put_status("/feed.xml", 503, "text/plain", "busy");
    hours(&watch, &sweep, 30).await;
    assert_eq!(stored(&watch).await, 1);
    watch.world.server.put("/feed.xml", "application/rss+xml", quiet_feed());
    hours(&watch, &sweep, 2).await;
    assert_eq!((stored(&watch).await, told(&watch).len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_without_the_time_neither_delays_the_sweep_nor_is_told() {
    let (watch, sweep) = swept_before().await;
    let good = watch.clock.now();
    // Six days at a time, so that ninety days pass without a doubt.
    for days in 1..=16 {
        watch.clock.set(Timestamp::from_millis(0));
        look(&watch, &sweep).await;
        watch.clock.set(good + 6 * days * DAY);
        look(&watch, &sweep).await;
    }
    assert_eq!((stored(&watch).await, told(&watch).len()), (0, 0));
}
