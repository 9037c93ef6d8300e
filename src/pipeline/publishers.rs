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
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
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

use super::{Line, Snapshot, links, news};

/// An alert is held up so long for its link, waiting for its turn included.
const TIME: Duration = Duration::from_secs(20);
/// A site that lists headlines is asked again after this for one that it did not list: sitemaps are made every few minutes.
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// One that could not be asked.
const AFTER_TROUBLE: Duration = Duration::from_secs(30 * 60);
/// One that lists none.
const WHERE_NOTHING_IS: Duration = Duration::from_secs(6 * 3600);
/// Headlines older than this are another article's.
const RECENT: Duration = Duration::from_secs(3 * 24 * 3600);
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
#[derive(Debug, Default)]
pub struct Publishers {
    /// The sites of publishers, by articles that wait to be judged.
    named: Mutex<HashMap<ArticleId, Url>>,
    sites: Mutex<HashMap<String, Known>>,
    budgets: Mutex<HashMap<FeedId, (Timestamp, u32)>>,
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
    at: Timestamp,
}

/// Whether only a publisher can tell where an article's link leads, and which one is known.
pub(super) fn is_behind_aggregator(article: &Article) -> bool {
    let url = article.url.as_deref().and_then(|url| Url::parse(url).ok());
    url.is_some_and(|url| is_opaque_link(&url))
}

impl Publishers {
    /// Remembers who published an article that is to be judged later: its source has no port, nor a scheme.
    pub(super) fn remember(&self, article: ArticleId, publisher: &Url) {
        let mut named = lock(&self.named);
        if named.len() >= MOST_WAITING {
            named.clear();
        }
        named.insert(article, publisher.clone());
    }

    /// An article was judged.
    pub(super) fn forget(&self, article: ArticleId) {
        lock(&self.named).remove(&article);
    }

    /// The publisher's site. After a restart by the article's source alone.
    fn publisher(&self, article: &Article) -> Option<Url> {
        let named = lock(&self.named).get(&article.id).cloned();
        let by_source = || Url::parse(&format!("https://{}/", article.source)).ok();
        let publisher = named.or_else(by_source)?;
        let host = publisher.host_str()?;
        (!is_aggregator(host) && matches!(publisher.scheme(), "http" | "https")).then_some(publisher)
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
        let Some(publisher) = self.publishers.publisher(article) else { return };
        let found = timeout_at(Instant::now() + TIME, self.look_up(snapshot, article, &publisher)).await;
        match found {
            Ok(Some(url)) => {
                tracing::debug!(from = article.url, to = %url, "the publisher's address was found");
                links::lead_to(article, url);
            }
            Ok(None) => tracing::debug!(article.url = article.url, %publisher, "the publisher lists no such headline"),
            Err(_) => tracing::debug!(article.url = article.url, %publisher, "the publisher took too long"),
        }
    }

    async fn look_up(&self, snapshot: &Snapshot, article: &Article, publisher: &Url) -> Option<Url> {
        let wanted = wanted(&article.title);
        let now = self.clock.now();
        let deadline = Instant::now() + TIME;
        if wanted.is_empty() {
            return None;
        }
        let site = self.publishers.site(publisher, now);
        let mut site = site.lock().await;
        let find = |site: &Site| wanted.iter().find_map(|key| site.headlines.get(key)).cloned();
        let mut found = find(&site);
        if found.is_none() && site.ask_at.is_none_or(|at| now >= at) && self.publishers.may_ask(article.feed, now) {
            // Should the time run out, it was asked all the same.
            site.ask_at = Some(now + AFTER_TROUBLE);
            site.ask(snapshot, publisher, now, deadline).await;
            found = find(&site);
        }
        found.filter(|headline| headline.link.is_some()).map(|headline| headline.url)
    }
}

impl Site {
    /// Asks the site what it lists.
    async fn ask(&mut self, snapshot: &Snapshot, publisher: &Url, now: Timestamp, deadline: Instant) {
        let old = now.before(RECENT);
        self.headlines.retain(|_, headline| headline.at >= old);
        let news = news::read(snapshot, publisher, self.sitemaps.clone(), deadline).await;
        self.sitemaps = news.memory;
        let mut has_some = news.unchanged > 0 || !news.documents.is_empty();
        self.learn(news.documents, publisher, now).await;
        if !news.was_asked {
            return;
        }
        if !has_some {
            has_some = self.ask_feeds(snapshot, publisher, now, deadline).await;
        }
        self.ask_at = Some(now + if has_some { AGAIN } else { WHERE_NOTHING_IS });
    }

    /// Reads the feeds that the home page declares. Returns whether there is one.
    async fn ask_feeds(&mut self, snapshot: &Snapshot, publisher: &Url, now: Timestamp, deadline: Instant) -> bool {
        if self.feeds.is_none() {
            let Ok(home) = publisher.join("/") else { return false };
            let Ok(Ok(Fetched::Document(page))) = timeout_at(deadline, snapshot.client.fetch_page(&home, None)).await
            else {
                return false;
            };
            let feeds = feeds_declared(&page).into_iter().filter(|url| same_site(url, publisher));
            self.feeds = Some(feeds.take(FEEDS).map(|url| (url, Validators::default())).collect());
        }
        let mut feeds = self.feeds.take().unwrap_or_default();
        let mut has_some = false;
        for (url, validators) in &mut feeds {
            let asked_with = Some(&*validators).filter(|validators| **validators != Validators::default());
            let document = match news::listing(snapshot, url, asked_with, deadline).await {
                Some(Fetched::Document(document)) => *document,
                answer => {
                    has_some |= answer.is_some();
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
        has_some
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
            let link = headline.link.clone();
            let known = self.headlines.entry(key).or_insert(headline);
            if known.link != link {
                known.link = None;
            }
        }
        if self.headlines.len() > MOST_HEADLINES {
            let mut times: Vec<Timestamp> = self.headlines.values().map(|headline| headline.at).collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            let oldest = times[MOST_HEADLINES];
            self.headlines.retain(|_, headline| headline.at > oldest);
        }
    }
}

/// The recent headlines of a document, by their keys.
fn headlines(document: &ParsedFeed, publisher: &Url, now: Timestamp) -> Vec<(u64, Headline)> {
    let mut found = Vec::new();
    for entry in &document.entries {
        let at = entry.published.or(entry.updated).unwrap_or(now).min(now);
        let Some(url) = own_address(entry, publisher).filter(|_| now.since(at) <= RECENT) else { continue };
        let Some(link) = normalise_link(url.as_str()) else { continue };
        for key in entry.title.as_deref().map(listed).unwrap_or_default() {
            found.push((key, Headline { url: url.clone(), link: Some(link.clone()), at }));
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
/// without their names prove nothing: “Live from the port - evening” is not “Live from the port - morning”.
fn wanted(title: &str) -> Vec<u64> {
    let whole = key(title);
    let unsigned = unsigned(title).and_then(key);
    [whole, whole.map(|key| key ^ UNSIGNED), unsigned].into_iter().flatten().collect()
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
        let mut site = Site::default();
        site.remember(headlines(&document, &url("https://www.mayak.example.co.uk/"), now()));
        site
    }

    fn found(site: &Site, title: &str) -> Option<String> {
        let headline = wanted(title).iter().find_map(|key| site.headlines.get(key)).cloned()?;
        headline.link.map(|_| headline.url.into())
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
