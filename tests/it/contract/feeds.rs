//! Feeds, claims of feeds, and what polls write.

use std::time::{Duration, Instant};

use vedetta::model::{
    FeedHealth, FeedHistory, FeedState, FeedTrouble, Lang, Moved, PageMemory, StoryId, TextStatus, Told, Validators,
};
use vedetta::store::{PollCommit, PolledArticle, SeenEntry, SitemapMemory, Views as _};

use super::*;

#[tokio::test]
async fn a_feed_that_is_due_is_given_out_once_and_the_longest_overdue_comes_first() {
    let world = World::new().await;
    let now = start();
    let feeds = [(feed(0), now), (feed(1), now.before(HOUR)), (feed(2), now + HOUR)];
    world.store.sync_feeds(&feeds).await.unwrap();
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(now.before(HOUR)));
    let claimed = world.store.claim_feeds(&claim("a", now, 10)).await.unwrap();
    let ids: Vec<_> = claimed.iter().map(|leased| leased.item.id).collect();
    assert_eq!(ids, [feed(1).id, feed(0).id]);
    assert_eq!(claimed[0].item, FeedState::new(feed(1).id, now.before(HOUR)));
    assert!(world.store.claim_feeds(&claim("b", now, 10)).await.unwrap().is_empty());
    // The next thing to happen is the end of the leases.
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(now + LEASE));
}

#[tokio::test]
async fn a_single_round_takes_feeds_before_their_time_but_not_what_another_holds() {
    let world = World::with_feeds(1).await;
    let now = start();
    world.claim_feed(now).await;
    let early = Claim { due_by: now + DAY, ..claim("b", now, 10) };
    assert!(world.store.claim_feeds(&early).await.unwrap().is_empty());
    world.store.release(&NodeId("a".to_owned())).await.unwrap();
    let early = Claim { now: now.before(HOUR), due_by: now, ..claim("b", now, 10) };
    assert_eq!(world.store.claim_feeds(&early).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lease_that_ran_out_passes_on_and_its_first_holder_can_write_nothing() {
    let world = World::with_feeds(1).await;
    let late = world.claim_feed(start()).await;
    let now = start() + LEASE;
    let heir = world.claim_feed(now).await;
    let found = vec![judged(article("1", "Mosca", "testo", now), &[&topic("t")])];
    let refused = world.store.commit_poll(poll(&late, found.clone(), now), desk(), now).await;
    assert!(is_lease_lost(&refused), "{refused:?}");
    assert_eq!(world.store.stats(now).await.unwrap().articles, 0);
    assert_eq!(world.count("SELECT count(*) FROM seen").await, 0);
    let committed = world.store.commit_poll(poll(&heir, found, now), desk(), now).await.unwrap();
    assert_eq!((committed.new_articles, committed.alerts.len()), (1, 1));
}

#[tokio::test]
async fn committing_a_poll_twice_writes_nothing_twice() {
    let world = World::with_feeds(1).await;
    let leased = world.claim_feed(start()).await;
    let found = vec![judged(article("1", "Mosca", "testo", start()), &[&topic("t")])];
    let one = poll(&leased, found, start());
    let (first, second) = tokio::join!(
        world.store.commit_poll(one.clone(), desk(), start()),
        world.store.commit_poll(one.clone(), desk(), start())
    );
    let (done, refused): (Vec<_>, Vec<_>) = [first, second].into_iter().partition(Result::is_ok);
    assert_eq!((done.len(), refused.len()), (1, 1));
    assert!(is_lease_lost(&refused[0]));
    assert!(is_lease_lost(&world.store.commit_poll(one, desk(), start()).await));
    assert_eq!(world.count("SELECT count(*) FROM articles").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 1);
}

#[tokio::test]
async fn the_same_entries_polled_again_are_no_news() {
    let world = World::with_feeds(1).await;
    let found = vec![judged(article("1", "Mosca", "testo", start()), &[&topic("t")])];
    world.poll(&desk(), found.clone(), start()).await;
    let again = world.poll(&desk(), found, start() + HOUR).await;
    assert_eq!(again, vedetta::store::Committed::default());
    assert_eq!(world.store.feeds().await.unwrap()[0].articles, 1);
}

#[tokio::test]
async fn an_entry_that_stands_twice_in_a_document_is_taken_once() {
    let world = World::with_feeds(1).await;
    let one = judged(article("1", "Mosca", "testo", start()), &[]);
    let other = judged(article("1", "Mosca, un altro titolo", "testo", start()), &[]);
    let committed = world.poll(&desk(), vec![one.clone(), other, one.clone()], start()).await;
    assert_eq!(committed.new_articles, 1);
    assert_eq!(world.store.article(one.article.id).await.unwrap(), Some(one.article));
}

#[tokio::test]
async fn one_lost_lease_among_ten_polls_spoils_no_other() {
    let world = World::with_feeds(10).await;
    let now = start();
    let leases = world.store.claim_feeds(&claim("a", now, 10)).await.unwrap();
    let calls = leases.iter().enumerate().map(|(n, leased)| {
        let mut leased = leased.clone();
        if n == 4 {
            leased.lease = stale(&leased.lease);
        }
        let found = Article { feed: leased.item.id, ..article(&format!("{n}"), "Mosca", "testo", now) };
        world.store.commit_poll(poll(&leased, vec![judged(found, &[])], now), desk(), now)
    });
    let answers = futures_util::future::join_all(calls).await;
    for (n, answer) in answers.iter().enumerate() {
        if n == 4 {
            assert!(is_lease_lost(answer));
        } else {
            assert_eq!(answer.as_ref().unwrap().new_articles, 1);
        }
    }
    assert_eq!(world.store.stats(now).await.unwrap().articles, 9);
    assert_eq!(world.store.feed_state(leases[4].item.id).await.unwrap().unwrap(), leases[4].item);
}

#[tokio::test]
async fn a_poll_that_cannot_be_written_fails_alone_and_leaves_nothing() {
    let world = World::with_feeds(3).await;
    let now = start();
    let leases = world.store.claim_feeds(&claim("a", now, 10)).await.unwrap();
    let calls = leases.iter().enumerate().map(|(n, leased)| {
        let topic = topic("t");
        // A topic matches an article once; a verdict that says otherwise can't be stored.
        let topics = if n == 1 { vec![&topic, &topic] } else { vec![&topic] };
        let title = ["Mosca e Pechino al largo", "Виборг: учения флота", "防空演习开始了"][n];
        let found = Article { feed: leased.item.id, ..article(&format!("{n}"), title, title, now) };
        world.store.commit_poll(poll(&leased.clone(), vec![judged(found, &topics)], now), desk(), now)
    });
    let answers = futures_util::future::join_all(calls).await;
    assert!(matches!(&answers[1], Err(StoreError::Statement(_))), "{:?}", answers[1]);
    assert_eq!(answers[0].as_ref().unwrap().alerts.len(), 1);
    assert_eq!(answers[2].as_ref().unwrap().alerts.len(), 1);
    let stats = world.store.stats(now).await.unwrap();
    assert_eq!((stats.articles, stats.deliveries_due), (2, 2));
    assert_eq!(world.count("SELECT count(*) FROM seen").await, 4);
}

#[tokio::test]
async fn a_story_of_a_poll_that_failed_is_nobodys_story() {
    let world = World::with_feeds(2).await;
    let now = start();
    let leases = world.store.claim_feeds(&claim("a", now, 10)).await.unwrap();
    let topic = topic("t");
    let found: Vec<_> = (0..2)
        .map(|n| {
            let carried = carried_by(n, &article("1", "Russia e Cina, al via le manovre navali", WIRE, now));
            Article { feed: leases[n].item.id, ..carried }
        })
        .collect();
    let commit = |n: usize, topics: &[&Arc<Topic>]| {
        let commit = poll(&leases[n], vec![judged(found[n].clone(), topics)], now);
        world.store.commit_poll(commit, desk(), now)
    };
    let (failed, done) = tokio::join!(commit(0, &[&topic, &topic]), commit(1, &[&topic]));
    assert!(matches!(failed, Err(StoreError::Statement(_))), "{failed:?}");
    assert_eq!(done.unwrap().alerts.len(), 1);
    let alert = world.store.alerts(None, None, 10).await.unwrap().remove(0);
    assert_eq!(alert.story, Some(StoryId::derive(&["t", &found[1].id.to_string()])));
}

#[tokio::test]
async fn everything_known_of_a_feed_survives_the_poll() {
    let world = World::with_feeds(1).await;
    let leased = world.claim_feed(start()).await;
    let mut commit = poll(&leased, vec![], start());
    commit.state = FeedState {
        failures: 3,
        validators: Validators { etag: Some("\"ü\"".into()), last_modified: Some("Sun, 22 Nov 2026".into()) },
        body_hash: Some(i64::MIN),
        hint: Some(Duration::from_secs(900)),
        title: Some("النشرة".into()),
        last_full_at: Some(start().before(DAY)),
        last_new_at: Some(start().before(HOUR)),
        last_error: Some("HTTP 503".into()),
        failing_since: Some(start().before(2 * DAY)),
        health: FeedHealth {
            trouble: Some(FeedTrouble::Login),
            same: 3,
            told: Some(Told { what: FeedTrouble::Login, since: start().before(DAY), at: start(), times: 2 }),
            moved: Some(Moved { to: "https://例え.example/".into(), since: start(), answers: 2, in_use: false }),
            ..FeedHealth::default()
        },
        history: FeedHistory { window: 30, delays: vec![1, 2], ..FeedHistory::default() },
        ..commit.state
    };
    let expected = commit.state.clone();
    world.store.commit_poll(commit, desk(), start()).await.unwrap();
    assert_eq!(world.store.feed_state(expected.id).await.unwrap().unwrap(), expected);
    let row = world.store.feeds().await.unwrap().remove(0);
    assert_eq!((row.state, row.enabled, row.url.as_str()), (expected, true, "https://feed-0.example/rss.xml"));
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(start() + HOUR));
    let stats = world.store.stats(start()).await.unwrap();
    assert_eq!((stats.feeds, stats.feeds_failing, stats.last_poll_success_at), (1, 1, Some(start())));
}

#[tokio::test]
async fn what_is_known_of_an_index_survives_the_poll_and_is_left_alone_by_others() {
    let world = World::with_feeds(2).await;
    let leased = world.claim_feed(start()).await;
    let id = leased.item.id;
    assert_eq!(world.store.sitemaps(id).await.unwrap(), []);
    let memory = vec![SitemapMemory {
        url: "https://feed-0.example/карта.xml".into(),
        was_read: true,
        lastmod: Some(start()),
        validators: Validators { etag: Some("\"灯\"".into()), last_modified: None },
        body_hash: Some(-7),
    }];
    let commit = PollCommit { sitemaps: Some(memory.clone()), ..poll(&leased, vec![], start()) };
    world.store.commit_poll(commit, desk(), start()).await.unwrap();
    assert_eq!(world.store.sitemaps(id).await.unwrap(), memory);
    let other = world.claim_feed(start()).await;
    assert_ne!(other.item.id, id);
    assert_eq!(world.store.sitemaps(other.item.id).await.unwrap(), []);
    let later = start() + 2 * HOUR;
    let again = world.claim_feed(later).await;
    world.store.commit_poll(poll(&again, vec![], later), desk(), later).await.unwrap();
    assert_eq!(world.store.sitemaps(id).await.unwrap(), memory);
}

#[tokio::test]
async fn articles_of_every_script_come_back_as_they_were() {
    let world = World::with_feeds(1).await;
    let texts = [
        ("ru", "Учения флота начались «на рассвете»"),
        ("zh", "联合军事演习今日在日本海举行"),
        ("ar", "مناورات بحرية مشتركة تبدأ اليوم"),
        ("ja", "共同訓練を日本海で実施すると発表した"),
        ("it", "Perche\u{301} l’esercitazione e\u{300} cominciata"),
    ];
    let found: Vec<_> = texts
        .iter()
        .map(|(lang, text)| Article {
            lang: Lang::parse(lang),
            declared_lang: Lang::parse(lang),
            summary: format!("{text}\n\n“{text}” 👩‍🚀"),
            url: None,
            author: None,
            tags: vec![(*text).to_owned(), "\"'\\".to_owned()],
            updated: Some(start()),
            text_status: TextStatus::Failed,
            text_error: Some("HTTP 403".to_owned()),
            ..article(lang, text, &text.repeat(500), start())
        })
        .collect();
    world.poll(&desk(), found.iter().map(|article| judged(article.clone(), &[])).collect(), start()).await;
    for article in found {
        assert_eq!(world.store.article(article.id).await.unwrap(), Some(article));
    }
}

#[tokio::test]
async fn an_edited_article_gets_its_new_text_and_tells_nobody_twice() {
    let world = World::with_feeds(1).await;
    let topic = topic("t");
    world.poll(&desk(), vec![judged(article("1", "Mosca", "testo", start()), &[&topic])], start()).await;
    let now = start() + HOUR;
    let edited = article("1", "Mosca (aggiornato)", "testo", now);
    let mut polled = judged(edited.clone(), &[&topic]);
    polled.verdict.as_mut().unwrap().matches[0].excerpts.clear();
    let committed = world.poll(&desk(), vec![polled], now).await;
    assert_eq!((committed.new_articles, committed.changed_articles, committed.matches), (0, 1, 0));
    assert!(committed.alerts.is_empty());
    let stored = world.store.article(edited.id).await.unwrap().unwrap();
    assert_eq!(stored.title, "Mosca (aggiornato)");
    assert_eq!(stored.fetched_at, start());
    assert_eq!(world.count("SELECT count(*) FROM matches WHERE excerpts = '[]'").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM deliveries").await, 1);
}

#[tokio::test]
async fn an_edit_that_makes_an_article_match_is_told() {
    let world = World::with_feeds(1).await;
    world.poll(&desk(), vec![judged(article("1", "Mosca", "testo", start()), &[])], start()).await;
    let now = start() + HOUR;
    let edited = article("1", "Mosca (aggiornato)", "testo", now);
    let committed = world.poll(&desk(), vec![judged(edited, &[&topic("t")])], now).await;
    assert_eq!((committed.changed_articles, committed.matches, committed.alerts.len()), (1, 1, 1));
}

#[tokio::test]
async fn entries_are_known_by_each_of_their_keys() {
    let world = World::with_feeds(1).await;
    let one = article("1", "Mosca", "testo", start());
    let leased = world.claim_feed(start()).await;
    let mut commit = poll(&leased, vec![], start());
    commit.seen = vec![
        SeenEntry { keys: vec![5, i64::MAX], article: Some(one.id), content_hash: 1 },
        SeenEntry { keys: vec![i64::MIN, 0], article: None, content_hash: -2 },
    ];
    world.store.commit_poll(commit, desk(), start()).await.unwrap();
    let known = world.store.known_entries(leased.item.id, &[0, 77, i64::MAX, i64::MIN]).await.unwrap();
    let facts: Vec<_> = known.iter().map(|known| (known.key, known.article, known.content_hash)).collect();
    assert_eq!(facts, [(0, None, -2), (i64::MAX, Some(one.id), 1), (i64::MIN, None, -2)]);
    assert_eq!(known[0].last_seen, Timestamp::parse_rfc3339("2026-11-22T00:00:00Z").unwrap());
    assert!(world.store.known_entries(feed(1).id, &[0, 5]).await.unwrap().is_empty());

    // Seen again: the day and the hash move on, the article is not forgotten.
    let now = start() + DAY;
    let leased = world.claim_feed(now).await;
    let mut commit = poll(&leased, vec![], now);
    commit.seen = vec![SeenEntry { keys: vec![5], article: None, content_hash: 9 }];
    world.store.commit_poll(commit, desk(), now).await.unwrap();
    let known = world.store.known_entries(leased.item.id, &[5]).await.unwrap().remove(0);
    assert_eq!((known.article, known.content_hash), (Some(one.id), 9));
    assert_eq!(known.last_seen, Timestamp::parse_rfc3339("2026-11-23T00:00:00Z").unwrap());
}

#[tokio::test]
async fn a_feed_that_is_taken_out_keeps_its_memory_and_comes_back_with_it() {
    let world = World::with_feeds(2).await;
    let leased = world.claim_feed(start()).await;
    let found = Article { feed: leased.item.id, ..article("1", "Mosca", "testo", start()) };
    let commit = poll(&leased, vec![judged(found.clone(), &[])], start());
    let (state, keys) = (commit.state.clone(), commit.seen[0].keys.clone());
    world.store.commit_poll(commit, desk(), start()).await.unwrap();

    world.store.sync_feeds(&[]).await.unwrap();
    assert_eq!(world.store.next_poll_at().await.unwrap(), None);
    assert!(world.store.claim_feeds(&claim("a", start() + DAY, 10)).await.unwrap().is_empty());
    assert_eq!(world.store.stats(start()).await.unwrap().feeds, 0);

    let back: Vec<_> = [0, 1].map(|n| (feed(n), start() + DAY)).into();
    world.store.sync_feeds(&back).await.unwrap();
    assert_eq!(world.store.feed_state(state.id).await.unwrap(), Some(state));
    assert_eq!(world.store.known_entries(found.feed, &keys).await.unwrap().len(), keys.len());
    assert!(world.store.article(found.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_faster_cadence_counts_at_once_and_an_unchanged_one_changes_nothing() {
    let world = World::new().await;
    let slow = Feed { interval: Some(DAY), ..feed(0) };
    let plan = |feed: &Feed, next| [(feed.clone(), next)];
    world.store.sync_feeds(&plan(&slow, start() + DAY)).await.unwrap();
    world.store.sync_feeds(&plan(&slow, start() + HOUR)).await.unwrap();
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(start() + DAY));
    let fast = Feed { interval: Some(HOUR), name: Some("Faro".into()), ..slow };
    world.store.sync_feeds(&plan(&fast, start() + HOUR)).await.unwrap();
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(start() + HOUR));
    assert_eq!(world.store.feed_state(fast.id).await.unwrap().unwrap().next_poll_at, start() + HOUR);
    assert_eq!(world.store.feeds().await.unwrap()[0].name.as_deref(), Some("Faro"));
    // A slower one waits for the poll that is already planned.
    let slower = Feed { interval: Some(7 * DAY), ..fast };
    world.store.sync_feeds(&plan(&slower, start() + 7 * DAY)).await.unwrap();
    assert_eq!(world.store.next_poll_at().await.unwrap(), Some(start() + HOUR));
}

#[tokio::test]
async fn five_thousand_feeds_are_taken_in_within_a_second() {
    let world = World::new().await;
    let feeds: Vec<_> = (0..5000).map(|n| (feed(n), start())).collect();
    for _ in 0..2 {
        let begin = Instant::now();
        world.store.sync_feeds(&feeds).await.unwrap();
        let took = begin.elapsed();
        // A goal for a quiet machine; tests share theirs.
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
    assert_eq!(world.store.feeds().await.unwrap().len(), 5000);
}

#[tokio::test]
async fn an_article_that_waits_for_its_page_is_judged_once() {
    let world = World::with_feeds(1).await;
    let pending = Article { text_status: TextStatus::Pending, ..article("1", "Mosca", "breve", start()) };
    let polled = PolledArticle { article: pending.clone(), verdict: None, change: None };
    let committed = world.poll(&desk(), vec![polled], start()).await;
    assert_eq!((committed.new_articles, committed.matches), (1, 0));
    assert_eq!(world.store.stats(start()).await.unwrap().articles_fresh, 1);

    let leased = world.store.claim_articles(&claim("a", start(), 10)).await.unwrap().remove(0);
    assert_eq!(leased.item, pending);
    assert!(world.store.claim_articles(&claim("b", start(), 10)).await.unwrap().is_empty());
    let full = Article { text_status: TextStatus::Page, body: WIRE.to_owned(), ..pending };
    let verdict = judged(full.clone(), &[&topic("t")]).verdict.unwrap();
    let page = PageMemory {
        link: "https://a.example/1".to_owned(),
        landed: "https://a.example/один".to_owned(),
        validators: Validators { etag: Some("\"1\"".to_owned()), last_modified: None },
        read_at: start(),
        url: full.url.clone(),
        source: full.source.clone(),
        author: None,
        lang: Lang::parse("ru"),
    };
    let commit = vedetta::store::VerdictCommit {
        lease: leased.lease.clone(),
        article: full.clone(),
        verdict,
        change: None,
        page: Some(page.clone()),
    };
    let committed = world.store.commit_verdict(commit.clone(), desk(), start()).await.unwrap();
    assert_eq!((committed.new_articles, committed.matches, committed.alerts.len()), (0, 1, 1));
    assert!(is_lease_lost(&world.store.commit_verdict(commit, desk(), start()).await));
    assert_eq!(world.store.page_memory(full.id).await.unwrap(), Some(page));
    assert_eq!(world.store.article(full.id).await.unwrap(), Some(full));
    assert_eq!(world.store.stats(start()).await.unwrap().articles_fresh, 0);
    assert!(world.store.claim_articles(&claim("a", start() + DAY, 10)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_edit_takes_a_waiting_article_away_from_whoever_was_reading_its_old_page() {
    let world = World::with_feeds(1).await;
    let pending = Article { text_status: TextStatus::Pending, ..article("1", "Mosca", "breve", start()) };
    world.poll(&desk(), vec![PolledArticle { article: pending.clone(), verdict: None, change: None }], start()).await;
    let now = start() + HOUR;
    let leased = world.store.claim_articles(&claim("a", now, 10)).await.unwrap().remove(0);
    let edited = Article { title: "Mosca: rettifica".to_owned(), content_hash: 7, ..pending };
    world.poll(&desk(), vec![PolledArticle { article: edited.clone(), verdict: None, change: None }], now).await;
    let verdict = judged(leased.item.clone(), &[]).verdict.unwrap();
    let commit =
        vedetta::store::VerdictCommit { lease: leased.lease, article: leased.item, verdict, change: None, page: None };
    assert!(is_lease_lost(&world.store.commit_verdict(commit, desk(), now).await));
    let again = world.store.claim_articles(&claim("a", now, 10)).await.unwrap().remove(0);
    assert_eq!(again.item, edited);
}
