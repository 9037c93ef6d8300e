//! The publisher's address behind an aggregator's link that does not tell it, as Google News has made them since 2024.
//!
//! In: an article with such a link, and the publisher's site, which the entry names. Out: the address under which the
//! publisher itself lists the same headline, in its news sitemap or in the feed that its home page declares; `None` where
//! there is not exactly one. The aggregator is not asked: what turns its links back is no interface, and changes. The price is
//! a few requests to the publisher and a headline that was rewritten on the way: then the link stays as it is.
//!
//! Bounded in time ([`TIME`]), in requests (the budget below), in memory, and by the manners of
//! [`crate::fetch::Client::fetch_listing`]: robots.txt, one request at a time for a host, conditional ones.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use url::Url;
use xxhash_rust::xxh3::xxh3_64;

use crate::fetch::{Entry, Fetched, ParsedFeed, feeds_declared};
use crate::model::{
    Article, ArticleId, FeedId, Timestamp, Validators, is_aggregator, is_opaque_link, normalise_link, unwrap_link,
};
use crate::network::same_site;
use crate::store::SitemapMemory;
use crate::text::normalize::fold;
use crate::text::segment::is_unspaced;

use super::news::Silent;
use super::{Line, Snapshot, links, news};

/// An alert is held up so long for its link, waiting for its turn included.
const TIME: Duration = Duration::from_secs(20);
/// Of that, what is left to learn from what was read: it must not be lost to a sitemap that hangs.
const LEARNING: Duration = Duration::from_secs(3);
/// Articles that may wait for publishers at once: each keeps a place from articles that only want their page.
const PLACES: usize = 16;
/// An article that gets none of these places within this goes on with the link that it has.
const FOR_A_PLACE: Duration = Duration::from_secs(5);
/// A site that lists headlines is asked again after this for one that it did not list: sitemaps are made every few minutes.
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// One that could not be asked.
const AFTER_TROUBLE: Duration = Duration::from_secs(30 * 60);
/// One that lists none.
const WHERE_NOTHING_IS: Duration = Duration::from_secs(6 * 3600);
/// Headlines older than this are another article's.
const RECENT: Duration = Duration::from_secs(3 * 24 * 3600);
/// The aggregator and the publisher date one article the same, give or take this. Less than a day: some headlines stand over
/// another article each morning. A guess.
const SAME_TIME: Duration = Duration::from_secs(12 * 3600);
/// The same where the publisher tells only the day.
const SAME_DAY: Duration = Duration::from_secs(24 * 3600);
/// So many sites are asked for one feed …
const ASKED_PER_FEED: u32 = 30;
/// … within this time.
const BUDGET_TIME: Duration = Duration::from_secs(10 * 60);
/// Feeds of a site that are read.
const FEEDS: usize = 2;
/// Sites that are remembered, the last ones asked.
const MOST_SITES: usize = 100;
/// Headlines of a site that are remembered, the newest; a news sitemap may have a thousand. With the sites: some 20 MB.
const MOST_HEADLINES: usize = 1_000;
/// Articles whose publisher is remembered until they are judged.
const MOST_WAITING: usize = 5_000;
/// Shorter headlines stand over many articles: “Live”, “Photos”.
const LEAST_WORDS: usize = 3;
const LEAST_UNSPACED: usize = 6;
/// Marks the key of a headline that was listed with a name behind it.
const UNSIGNED: u64 = 0x9e37_79b9_7f4a_7c15;

/// What publishers list. In memory: after a restart they are asked anew.
#[derive(Debug)]
pub struct Publishers {
    /// The sites of publishers, by articles that wait to be judged.
    named: Mutex<HashMap<ArticleId, Named>>,
    sites: Mutex<HashMap<String, Known>>,
    budgets: Mutex<HashMap<FeedId, (Timestamp, u32)>>,
    places: Semaphore,
}

impl Default for Publishers {
    fn default() -> Self {
        let (named, sites, budgets) = (Mutex::default(), Mutex::default(), Mutex::default());
        Self { named, sites, budgets, places: Semaphore::new(PLACES) }
    }
}

#[derive(Debug, Clone)]
struct Named {
    site: Url,
    /// Whether the article's headline is as the entry had it, no name cut off.
    is_uncut: bool,
}

#[derive(Debug)]
struct Known {
    asked_at: Timestamp,
    site: Arc<tokio::sync::Mutex<Site>>,
}

/// What a site lists. Locked while it is asked, so that a hundred articles of it ask once.
#[derive(Debug, Default)]
struct Site {
    /// Not before this.
    ask_at: Option<Timestamp>,
    /// When it last told what it lists.
    listed_at: Option<Timestamp>,
    headlines: HashMap<u64, Headline>,
    sitemaps: Vec<SitemapMemory>,
    /// The feeds that its home page declares, once that was read.
    feeds: Option<Vec<(Url, Validators)>>,
}

#[derive(Debug, Clone)]
struct Headline {
    url: Url,
    /// The one spelling of the address; `None` where several articles have this headline.
    link: Option<String>,
    /// When it was published; else when it was learned of.
    at: Timestamp,
    is_dated: bool,
}

/// What is looked for: a headline's keys, and when the aggregator says that it was published.
#[derive(Debug)]
struct Wanted {
    /// As it is.
    whole: u64,
    /// Without what it has behind its last dash, if that may be a name.
    unsigned: Option<u64>,
    published: Option<Timestamp>,
}

/// Whether only a publisher can tell where an article's link leads, and which one is known.
pub(super) fn is_behind_aggregator(article: &Article) -> bool {
    let url = article.url.as_deref().and_then(|url| Url::parse(url).ok());
    url.is_some_and(|url| is_opaque_link(&url))
}

impl Publishers {
    /// Remembers who published an article that is to be judged later: its source has no port, nor a scheme. `is_uncut`: its
    /// headline is as the entry had it.
    pub(super) fn remember(&self, article: ArticleId, publisher: &Url, is_uncut: bool) {
        let mut named = lock(&self.named);
        if named.len() >= MOST_WAITING {
            named.clear();
        }
        named.insert(article, Named { site: publisher.clone(), is_uncut });
    }

    /// An article was judged.
    pub(super) fn forget(&self, article: ArticleId) {
        lock(&self.named).remove(&article);
    }

    /// The publisher's site. After a restart by the article's source alone.
    fn publisher(&self, article: &Article) -> Option<Named> {
        let named = lock(&self.named).get(&article.id).cloned();
        let by_source = || {
            let site = Url::parse(&format!("https://{}/", article.source)).ok()?;
            Some(Named { site, is_uncut: false })
        };
        let publisher = named.or_else(by_source)?;
        let host = publisher.site.host_str()?;
        (!is_aggregator(host) && matches!(publisher.site.scheme(), "http" | "https")).then_some(publisher)
    }

    fn site(&self, publisher: &Url, now: Timestamp) -> Arc<tokio::sync::Mutex<Site>> {
        let mut sites = lock(&self.sites);
        let key = super::outlook::place(publisher);
        if !sites.contains_key(&key) && sites.len() >= MOST_SITES {
            let oldest = sites.iter().min_by_key(|(_, known)| known.asked_at).map(|(key, _)| key.clone());
            oldest.and_then(|key| sites.remove(&key));
        }
        let known = sites.entry(key).or_insert_with(|| Known { asked_at: now, site: Arc::default() });
        known.asked_at = now;
        Arc::clone(&known.site)
    }

    /// Whether one more site may be asked for this feed.
    fn may_ask(&self, feed: FeedId, now: Timestamp) -> bool {
        let mut budgets = lock(&self.budgets);
        budgets.retain(|_, (since, _)| now >= *since && now.since(*since) < BUDGET_TIME);
        let (_, asked) = budgets.entry(feed).or_insert((now, 0));
        *asked += 1;
        *asked <= ASKED_PER_FEED
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    /// Gives an article its publisher's address in place of the aggregator's, if that can be found in time.
    pub(super) async fn find_publisher(&self, snapshot: &Snapshot, article: &mut Article) {
        let Some(named) = self.publishers.publisher(article) else { return };
        let Some(wanted) = wanted(&article.title, named.is_uncut, article.published) else { return };
        let publisher = named.site;
        let deadline = Instant::now() + TIME;
        let found = timeout_at(deadline, self.look_up(snapshot, article.feed, &wanted, &publisher, deadline)).await;
        match found {
            Ok(Some(url)) => {
                tracing::debug!(from = article.url, to = %url, "the publisher's address was found");
                links::lead_to(article, url);
            }
            Ok(None) => tracing::debug!(article.url = article.url, %publisher, "the publisher lists no such headline"),
            Err(_) => tracing::debug!(article.url = article.url, %publisher, "the publisher took too long"),
        }
    }

    async fn look_up(
        &self,
        snapshot: &Snapshot,
        feed: FeedId,
        wanted: &Wanted,
        publisher: &Url,
        deadline: Instant,
    ) -> Option<Url> {
        let _place = timeout(FOR_A_PLACE, self.publishers.places.acquire()).await.ok()?.ok()?;
        let now = self.clock.now();
        let site = self.publishers.site(publisher, now);
        let mut site = site.lock().await;
        let mut found = site.find(wanted, false, now);
        let deadline = deadline - LEARNING;
        let may_be_asked = site.ask_at.is_none_or(|at| now >= at) && Instant::now() < deadline;
        if found.is_none() && may_be_asked && self.publishers.may_ask(feed, now) {
            // Should the time run out, it was asked all the same.
            site.ask_at = Some(now + AFTER_TROUBLE);
            let has_answered = site.ask(snapshot, publisher, now, deadline).await;
            found = site.find(wanted, has_answered, now);
        }
        found
    }
}

impl Site {
    /// The address of the one article with a headline. By what is only much the same, an article of an hour ago would be taken
    /// for one that was published since, under a longer headline or a shorter one: hence by a name that its site put behind
    /// it only where the list is new, and without what it has behind its own dash only if the site `was_asked` for it.
    fn find(&self, wanted: &Wanted, was_asked: bool, now: Timestamp) -> Option<Url> {
        let is_new = self.listed_at.is_some_and(|at| now < at + AGAIN);
        let signed = is_new.then_some(wanted.whole ^ UNSIGNED);
        let keys = [Some(wanted.whole), signed, wanted.unsigned.filter(|_| was_asked)];
        let mut known = keys.into_iter().flatten().filter_map(|key| self.headlines.get(&key));
        let headline = known.find(|known| known.is_of(wanted.published))?;
        headline.link.is_some().then(|| headline.url.clone())
    }

    /// Asks the site what it lists. Returns whether it told it.
    async fn ask(&mut self, snapshot: &Snapshot, publisher: &Url, now: Timestamp, deadline: Instant) -> bool {
        let old = now.before(RECENT);
        self.headlines.retain(|_, headline| headline.at >= old);
        let news = news::read(snapshot, publisher, self.sitemaps.clone(), deadline).await;
        let mut has_some = news.unchanged > 0 || !news.documents.is_empty();
        self.learn(news.documents, publisher, now).await;
        // Not before: what is not learned must be sent again.
        self.sitemaps = news.memory;
        if !news.was_asked {
            return false;
        }
        let mut is_silent = news.is_partly_silent;
        if !has_some {
            match self.ask_feeds(snapshot, publisher, now, deadline).await {
                Ok(has_one) => has_some = has_one,
                Err(Silent) => is_silent = true,
            }
        }
        if has_some {
            self.listed_at = Some(now);
            self.ask_at = Some(now + AGAIN);
        } else if !is_silent {
            self.ask_at = Some(now + WHERE_NOTHING_IS);
        }
        has_some
    }

    /// Reads the feeds that the home page declares. Returns whether there is one; [`Silent`] if that can't be told.
    async fn ask_feeds(
        &mut self,
        snapshot: &Snapshot,
        publisher: &Url,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<bool, Silent> {
        if self.feeds.is_none() {
            let Ok(home) = publisher.join("/") else { return Ok(false) };
            let page = match news::answered(timeout_at(deadline, snapshot.client.fetch_page(&home, None)).await)? {
                Some(Fetched::Document(page)) => page,
                _ => return Ok(false),
            };
            let feeds = feeds_declared(&page).into_iter().filter(|url| same_site(url, publisher));
            self.feeds = Some(feeds.take(FEEDS).map(|url| (url, Validators::default())).collect());
        }
        let mut feeds = self.feeds.take().unwrap_or_default();
        let (mut has_some, mut is_silent) = (false, false);
        for (url, validators) in &mut feeds {
            let asked_with = Some(&*validators).filter(|validators| **validators != Validators::default());
            let document = match news::listing(snapshot, url, asked_with, deadline).await {
                Ok(Some(Fetched::Document(document))) => *document,
                Ok(answer) => {
                    has_some |= answer.is_some();
                    continue;
                }
                Err(Silent) => {
                    is_silent = true;
                    continue;
                }
            };
            let answered_with = document.validators.clone();
            if let Some(parsed) = news::parse(document).await {
                *validators = answered_with;
                has_some = true;
                self.learn(vec![parsed], publisher, now).await;
            }
        }
        self.feeds = Some(feeds);
        if is_silent && !has_some { Err(Silent) } else { Ok(has_some) }
    }

    /// Takes in the headlines of documents.
    async fn learn(&mut self, documents: Vec<ParsedFeed>, publisher: &Url, now: Timestamp) {
        let publisher = publisher.clone();
        let read = move || documents.iter().flat_map(|document| headlines(document, &publisher, now)).collect();
        let found: Vec<(u64, Headline)> = tokio::task::spawn_blocking(read).await.unwrap_or_default();
        self.remember(found);
    }

    fn remember(&mut self, found: impl IntoIterator<Item = (u64, Headline)>) {
        for (key, headline) in found {
            match self.headlines.entry(key) {
                Slot::Vacant(slot) => {
                    slot.insert(headline);
                }
                Slot::Occupied(slot) if slot.get().link == headline.link => {}
                Slot::Occupied(mut slot) => {
                    let known = slot.get_mut();
                    let is_later = headline.at > known.at;
                    if headline.is_of(Some(known.at).filter(|_| known.is_dated)) {
                        known.link = None;
                        known.at = known.at.max(headline.at);
                    } else if is_later {
                        // The same headline stands over another article each day: over the last one.
                        *known = headline;
                    }
                }
            }
        }
        if self.headlines.len() > MOST_HEADLINES {
            let mut by_age: Vec<_> = self.headlines.iter().map(|(key, headline)| (headline.at, *key)).collect();
            by_age.sort_unstable_by(|a, b| b.cmp(a));
            for (_, key) in by_age.drain(MOST_HEADLINES..) {
                self.headlines.remove(&key);
            }
        }
    }
}

impl Headline {
    /// Whether an article of that time can have it.
    fn is_of(&self, published: Option<Timestamp>) -> bool {
        let Some(published) = published.filter(|_| self.is_dated) else { return true };
        let has_only_the_day = self.at.as_seconds().rem_euclid(86_400) == 0;
        let apart = self.at.since(published).max(published.since(self.at));
        apart <= if has_only_the_day { SAME_DAY } else { SAME_TIME }
    }
}

/// The recent headlines of a document, by their keys.
fn headlines(document: &ParsedFeed, publisher: &Url, now: Timestamp) -> Vec<(u64, Headline)> {
    let mut found = Vec::new();
    for entry in &document.entries {
        let date = entry.published.or(entry.updated);
        let (at, is_dated) = (date.unwrap_or(now).min(now), date.is_some());
        let Some(url) = own_address(entry, publisher).filter(|_| now.since(at) <= RECENT) else { continue };
        let Some(link) = normalise_link(url.as_str()) else { continue };
        for key in entry.title.as_deref().map(listed).unwrap_or_default() {
            found.push((key, Headline { url: url.clone(), link: Some(link.clone()), at, is_dated }));
        }
    }
    found
}

/// The address of an entry, if it is an article of that site.
fn own_address(entry: &Entry, publisher: &Url) -> Option<Url> {
    let given = Url::parse(entry.original_link.as_deref().or(entry.link.as_deref())?).ok()?;
    let url = unwrap_link(&given).unwrap_or(given);
    let is_home = url.path() == "/" && url.query().is_none();
    (matches!(url.scheme(), "http" | "https") && !is_home && same_site(&url, publisher)).then_some(url)
}

/// By what a listed headline is found: as it is, and without the name that its site may have put behind it.
fn listed(title: &str) -> Vec<u64> {
    let unsigned = unsigned(title).and_then(key).map(|key| key ^ UNSIGNED);
    key(title).into_iter().chain(unsigned).collect()
}

/// By what a headline is looked for: it may be listed as it is, with a name behind it, or without the one that it has. Two
/// without their names prove nothing: “Live from the port - evening” is not “Live from the port - morning”. Nor has it a
/// second name, once one was cut off.
fn wanted(title: &str, is_uncut: bool, published: Option<Timestamp>) -> Option<Wanted> {
    let unsigned = unsigned(title).filter(|_| is_uncut).and_then(key);
    Some(Wanted { whole: key(title)?, unsigned, published })
}

/// A headline without what follows its last dash or bar, where sites put their names. Names have no numbers in them as a rule.
fn unsigned(title: &str) -> Option<&str> {
    let at = [" - ", " – ", " — ", " | "].iter().filter_map(|sign| title.rfind(sign)).max()?;
    (!title[at..].chars().any(char::is_numeric)).then_some(&title[..at])
}

fn key(title: &str) -> Option<u64> {
    let folded = fold(title);
    let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let unspaced = words.iter().flat_map(|word| word.chars()).filter(|c| is_unspaced(*c)).count();
    let is_long = words.len() >= LEAST_WORDS || unspaced >= LEAST_UNSPACED;
    // Blanks and signs are set differently: 「灯塔」, “灯塔”.
    let separator = if unspaced >= LEAST_UNSPACED { "" } else { " " };
    is_long.then(|| xxh3_64(words.join(separator).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::FeedKind;

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn now() -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }

    fn learned(entries: &[(&str, &str, Duration)]) -> Site {
        let entries = entries.iter().map(|(title, link, age)| Entry {
            title: Some((*title).to_owned()),
            link: Some((*link).to_owned()),
            published: Some(now().before(*age)),
            ..Entry::default()
        });
        let document = ParsedFeed { entries: entries.collect(), ..ParsedFeed::empty(FeedKind::Sitemap) };
        let mut site = Site { listed_at: Some(now()), ..Site::default() };
        site.remember(headlines(&document, &url("https://www.mayak.example.co.uk/"), now()));
        site
    }

    fn found(site: &Site, title: &str) -> Option<String> {
        site.find(&wanted(title, true, None)?, true, now()).map(String::from)
    }

    #[test]
    fn a_headline_is_the_same_however_it_is_written_and_signed() {
        let hour = Duration::from_secs(3600);
        let site = learned(&[
            ("Ёлка у маяка: «корабль» замечен", "https://mayak.example.co.uk/1", hour),
            ("灯塔「发现」一艘船，警报", "https://news.mayak.example.co.uk/2", hour),
            ("المنارة رصدت سفينة | مرقب", "https://mayak.example.co.uk/3", hour),
            ("Perché la nave è ferma", "https://mayak.example.co.uk/4", hour),
            ("灯台の船を発見しました", "https://mayak.example.co.uk/5", hour),
        ]);
        for (title, number) in [
            ("Елка у маяка: \"корабль\" замечен", 1),
            ("灯塔“发现”一艘船,警报", 2),
            ("المنارة رصدت سفينة", 3),
            ("PERCHÉ LA NAVE È FERMA", 4),
            ("Perché la nave è ferma - Il Faro", 4),
            ("灯台の船を発見しました", 5),
        ] {
            let found = found(&site, title).unwrap_or_default();
            assert!(found.ends_with(&format!("/{number}")), "{title}: {found}");
        }
        assert_eq!(found(&site, "Perché la nave è partita"), None);
        let site = learned(&[("In diretta dal porto - il mattino", "https://mayak.example.co.uk/1", hour)]);
        assert_eq!(found(&site, "In diretta dal porto - la sera"), None);
        assert!(found(&site, "In diretta dal porto - il mattino").is_some());
    }

    #[test]
    fn only_one_recent_article_of_the_site_itself_is_taken() {
        let (hour, week) = (Duration::from_secs(3600), Duration::from_secs(7 * 86_400));
        let site = learned(&[
            ("Una nave al porto", "https://mayak.example.co.uk/1", hour),
            ("Una nave al porto", "https://mayak.example.co.uk/2", hour),
            ("Due navi al porto", "https://mayak.example.co.uk/3?utm_source=rss", hour),
            ("Due navi al porto", "https://www.mayak.example.co.uk/3", hour),
            ("Tre navi al porto", "https://other.co.uk/4", hour),
            ("Quattro navi al porto", "https://mayak.example.co.uk/5", week),
            ("Cinque navi al porto", "https://mayak.example.co.uk/", hour),
            ("Sei navi al porto", "javascript:alert(1)", hour),
            ("Live", "https://mayak.example.co.uk/7", hour),
        ]);
        assert_eq!(found(&site, "Una nave al porto"), None, "two articles");
        assert_eq!(found(&site, "Due navi al porto").as_deref(), Some("https://mayak.example.co.uk/3?utm_source=rss"));
        for title in ["Tre", "Quattro", "Cinque", "Sei"] {
            assert_eq!(found(&site, &format!("{title} navi al porto")), None, "{title}");
        }
        assert_eq!(found(&site, "Live"), None);
    }

    #[test]
    fn what_is_only_much_the_same_is_not_taken_from_memory() {
        let site = learned(&[
            ("Missile colpisce il porto", "https://mayak.example.co.uk/1", Duration::from_secs(60)),
            ("Nave ferma al largo | Il Faro", "https://mayak.example.co.uk/2", Duration::from_secs(60)),
        ]);
        let find = |title: &str, is_uncut, was_asked, now| {
            site.find(&wanted(title, is_uncut, None).expect("long enough"), was_asked, now).map(String::from)
        };
        let longer = "Missile colpisce il porto - molti i morti";
        assert_eq!(find(longer, true, false, now()), None, "the site may list just that");
        assert_eq!(find(longer, false, true, now()), None, "its name was cut off before");
        assert!(find(longer, true, true, now()).is_some());
        assert!(find("Nave ferma al largo", false, false, now()).is_some());
        assert_eq!(find("Nave ferma al largo", false, false, now() + AGAIN), None, "the list is old");
        assert!(find("Missile colpisce il porto", false, false, now() + AGAIN).is_some(), "the very same");
    }

    #[test]
    fn a_headline_that_comes_back_is_another_article() {
        let (hour, day) = (Duration::from_secs(3600), Duration::from_secs(86_400));
        let title = "Il bollettino del mattino";
        let find = |site: &Site, published| {
            site.find(&wanted(title, false, Some(published)).expect("long enough"), true, now()).map(String::from)
        };
        let yesterday = (title, "https://mayak.example.co.uk/1", day);
        let today = (title, "https://mayak.example.co.uk/2", hour);
        let site = learned(&[yesterday]);
        assert_eq!(find(&site, now()), None, "yesterday's");
        assert!(find(&site, now().before(day)).is_some());
        for listed in [[yesterday, today], [today, yesterday]] {
            let found = find(&learned(&listed), now()).unwrap_or_default();
            assert_eq!(found, "https://mayak.example.co.uk/2", "the last of them");
        }
        let again = (title, "https://mayak.example.co.uk/3", hour * 5);
        for listed in [[yesterday, today, again], [again, today, yesterday]] {
            assert_eq!(find(&learned(&listed), now()), None, "two of one day");
        }
        // Some tell only the day.
        let midnight = Duration::from_secs(now().as_seconds().rem_euclid(86_400).unsigned_abs());
        let site = learned(&[(title, "https://mayak.example.co.uk/1", midnight)]);
        assert!(find(&site, now().before(midnight) + Duration::from_secs(23 * 3600)).is_some());
        assert_eq!(find(&site, now().before(midnight) + Duration::from_secs(25 * 3600)), None);
    }

    #[test]
    fn of_a_list_without_times_a_thousand_are_kept() {
        let titles: Vec<(String, String)> = (0..3_000)
            .map(|number| (format!("Bollettino del porto {number}"), format!("https://mayak.example.co.uk/{number}")))
            .collect();
        let entries: Vec<(&str, &str, Duration)> =
            titles.iter().map(|(title, link)| (title.as_str(), link.as_str(), Duration::ZERO)).collect();
        assert_eq!(learned(&entries).headlines.len(), MOST_HEADLINES);
    }

    #[test]
    fn memory_and_requests_are_bounded() {
        let titles: Vec<(String, String)> = (0..3_000)
            .map(|number| (format!("Bollettino del porto {number}"), format!("https://mayak.example.co.uk/{number}")))
            .collect();
        let entries: Vec<(&str, &str, Duration)> = titles
            .iter()
            .zip(0..)
            .map(|((title, link), age)| (title.as_str(), link.as_str(), Duration::from_secs(age)))
            .collect();
        let site = learned(&entries);
        assert_eq!(site.headlines.len(), MOST_HEADLINES);
        assert!(found(&site, "Bollettino del porto 0").is_some(), "the newest are kept");
        let publishers = Publishers::default();
        for number in 0..500_u32 {
            publishers.site(&url(&format!("https://{number}.example/")), now() + Duration::from_secs(number.into()));
        }
        assert_eq!(lock(&publishers.sites).len(), MOST_SITES);
        assert!(lock(&publishers.sites).contains_key("499.example:443"));
        let [one, other] = ["a", "b"].map(|name| FeedId::derive(&[name]));
        let asked = |feed, now| (0..100).filter(|_| publishers.may_ask(feed, now)).count();
        assert_eq!(asked(one, now()), ASKED_PER_FEED as usize);
        assert_eq!(asked(other, now()), ASKED_PER_FEED as usize, "one feed takes nothing from another");
        assert_eq!(asked(one, now() + BUDGET_TIME), ASKED_PER_FEED as usize);
    }
}
