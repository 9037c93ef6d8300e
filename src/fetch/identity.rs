//! By what an entry is known again.
//!
//! In: a parsed feed. Out, for each entry in order: the keys under which it is remembered, the text that its article's
//! id is made from, and a hash of what it says.
//!
//! An entry is known if **any** of its keys is. So each key must be safe alone, and a feed that changes one of them (new
//! guids after a change of software, new tracking parameters, an edited headline) must leave another one in place:
//!
//! | key | made of | left out where |
//! |---|---|---|
//! | guid | the feed's id | it is the feed's own address, or the entry's link again |
//! | link | normalised link | there is a guid; it leads to a home page |
//! | link + title | both | it leads to a home page |
//! | content | title, text, date | it says too little to be unique |
//! | title + date | both | there is a guid or link |
//!
//! A page of a sitemap has its link alone, home page or not: dates change with every build of the site.
//!
//! A key that two entries of one document share although they differ is dropped for all of them: feeds give all items
//! the same guid, or the home page as link. The decision a reader would question: a new guid with a known link *and*
//! title counts as known. A programme that publishes every day under one address and one headline is then an edited
//! article, not a new one (edits that newly match are still told); in return a feed whose guids are random tells nothing
//! twice.

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::parse::{Entry, FeedKind, ParsedFeed};
use crate::model::normalise_link;

/// An entry's identity within its feed. Exact duplicates in one document have equal identities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryIdentity {
    /// Keys (xxh3 with a fixed seed, tagged by kind); never empty. The entry is known if any of them is.
    pub keys: Vec<i64>,
    /// What the article's id is derived from, together with the feed's: the best that the entry has of guid, link and
    /// content.
    pub natural: String,
    /// Hash of title, summary and content as a reader would see them; tells an edited entry.
    pub content_hash: i64,
}

/// Part of the stored format: changing it makes every entry of every feed new.
const SEED: u64 = 0x7665_6465_7474_6101;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Guid = 1,
    Link = 2,
    LinkAndTitle = 3,
    Content = 4,
    TitleAndDate = 5,
}

/// Identities of all entries, in order.
#[must_use]
pub fn identify(feed: &ParsedFeed) -> Vec<EntryIdentity> {
    let home = feed.link.as_deref().and_then(normalise_link);
    let candidate = |entry: &Entry| match feed.kind {
        FeedKind::Sitemap => Candidate::of_page(entry),
        _ => Candidate::of(entry, home.as_deref()),
    };
    let candidates: Vec<Candidate> = feed.entries.iter().map(candidate).collect();
    // Which keys are shared by entries that differ?
    let mut owners: FxHashMap<i64, i64> = FxHashMap::default();
    let mut shared: FxHashMap<i64, ()> = FxHashMap::default();
    for candidate in &candidates {
        for (_, key) in &candidate.keys {
            if *owners.entry(*key).or_insert(candidate.sameness) != candidate.sameness {
                shared.insert(*key, ());
            }
        }
    }
    candidates.into_iter().map(|candidate| candidate.decide(&shared)).collect()
}

struct Candidate {
    /// In the order of the natural key: guid, link, …
    keys: Vec<(Kind, i64)>,
    guid: Option<String>,
    link: Option<String>,
    /// Content alone; the last resort.
    content_key: i64,
    content_hash: i64,
    /// Equal for entries that are the same for every purpose.
    sameness: i64,
}

impl Candidate {
    fn of(entry: &Entry, home: Option<&str>) -> Self {
        let title = entry.title.as_deref().unwrap_or("");
        let summary = entry.summary.as_deref().unwrap_or("");
        let content = entry.content.as_ref().map_or("", |content| content.source());
        let address = entry.original_link.as_deref().or(entry.link.as_deref());
        // The home page names no article, nor does any page without path and query.
        let link = address
            .and_then(normalise_link)
            .filter(|link| Some(link.as_str()) != home && link.contains(['/', '?', '#']));
        let guid = entry.id.as_deref().map(str::trim).filter(|guid| !guid.is_empty()).and_then(|guid| {
            let as_link = normalise_link(guid);
            let repeats_link = as_link.is_some() && as_link == link;
            let is_home = as_link.is_some() && as_link.as_deref() == home;
            (!repeats_link && !is_home).then(|| guid.to_owned())
        });
        let published = entry.published.or(entry.updated).map(|date| date.as_seconds().to_string());
        let date = published.as_deref().unwrap_or("");
        let text = visible_hash(&[summary, content]);
        let content_key = key(Kind::Content, &[title, date, &text.to_string()]);
        let mut keys = Vec::with_capacity(4);
        if let Some(guid) = &guid {
            keys.push((Kind::Guid, key(Kind::Guid, &[guid])));
        }
        if let Some(link) = &link {
            if guid.is_none() {
                keys.push((Kind::Link, key(Kind::Link, &[link])));
            }
            if !title.is_empty() {
                keys.push((Kind::LinkAndTitle, key(Kind::LinkAndTitle, &[link, title])));
            }
        }
        let says_enough = !title.is_empty() && (!date.is_empty() || summary.len() + content.len() >= MIN_UNIQUE_BYTES);
        if says_enough {
            keys.push((Kind::Content, content_key));
        }
        if guid.is_none() && link.is_none() && !title.is_empty() && !date.is_empty() {
            keys.push((Kind::TitleAndDate, key(Kind::TitleAndDate, &[title, date])));
        }
        let content_hash = key(Kind::Content, &[title, &text.to_string()]);
        Self { keys, guid, link, content_key, content_hash, sameness: content_key }
    }

    /// A page of a sitemap.
    fn of_page(entry: &Entry) -> Self {
        let link = entry.link.as_deref().map(|link| normalise_link(link).unwrap_or_else(|| link.to_owned()));
        let content_key = key(Kind::Link, &[link.as_deref().unwrap_or("")]);
        Self {
            keys: vec![(Kind::Link, content_key)],
            guid: None,
            link,
            content_key,
            content_hash: page_hash(entry.title.as_deref().unwrap_or("")),
            sameness: content_key,
        }
    }

    fn decide(self, shared: &FxHashMap<i64, ()>) -> EntryIdentity {
        let usable = |kind: Kind| self.keys.iter().any(|(known, key)| *known == kind && !shared.contains_key(key));
        let natural = match (&self.guid, &self.link) {
            (Some(guid), _) if usable(Kind::Guid) => format!("guid:{guid}"),
            (_, Some(link)) if usable(Kind::Link) => format!("link:{link}"),
            // Entries that share a guid may share a link too: the headline tells them apart.
            (Some(_), Some(link)) if usable(Kind::LinkAndTitle) => {
                let headline =
                    self.keys.iter().find(|(kind, _)| *kind == Kind::LinkAndTitle).map_or(0, |(_, key)| *key);
                format!("link:{link} {headline:016x}")
            }
            _ => format!("content:{:016x}", self.content_key),
        };
        let mut keys: Vec<i64> =
            self.keys.iter().map(|(_, key)| *key).filter(|key| !shared.contains_key(key)).collect();
        if keys.is_empty() {
            keys.push(self.content_key);
        }
        EntryIdentity { keys, natural, content_hash: self.content_hash }
    }
}

fn page_hash(title: &str) -> i64 {
    key(Kind::Content, &[title, &visible_hash(&[]).to_string()])
}

/// The content hash of a page of which a sitemap says nothing but its address.
#[must_use]
pub fn unspoken_hash() -> i64 {
    page_hash("")
}

/// A guess: shorter texts (“Read more…”, “Comments”) stand under many headlines.
const MIN_UNIQUE_BYTES: usize = 120;

fn key(kind: Kind, parts: &[&str]) -> i64 {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(kind as u8);
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    xxh3_64_with_seed(&bytes, SEED).cast_signed()
}

/// Hash of what a reader sees of some HTML: tags and blanks left out, so that a changing counter image, a new ad
/// parameter or another indentation is no edit.
fn visible_hash(texts: &[&str]) -> u64 {
    let mut hasher = Xxh3::with_seed(SEED);
    for text in texts {
        let mut rest = text.as_bytes();
        while let [first, after @ ..] = rest {
            let opens_tag =
                *first == b'<' && after.first().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!'));
            if opens_tag {
                rest = after.iter().position(|b| *b == b'>').map_or(&[][..], |end| &after[end + 1..]);
                continue;
            }
            let end = after.iter().position(|b| *b == b'<' || b.is_ascii_whitespace()).map_or(rest.len(), |at| at + 1);
            hasher.update(rest[..end].trim_ascii());
            rest = &rest[end..];
        }
        hasher.update(&[0]);
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use url::Url;

    use super::super::parse_feed;
    use super::*;

    fn feed(items: &[&str]) -> ParsedFeed {
        let items: String = items.iter().map(|item| format!("<item>{item}</item>")).collect();
        let text = format!(
            "<rss version=\"2.0\"><channel><title>Prova</title><link>https://example.org/</link>{items}</channel></rss>"
        );
        parse_feed(text.as_bytes(), None, &Url::parse("https://example.org/rss").expect("a URL")).expect("a feed")
    }

    /// Polls one document after the other; what each brings as new.
    fn new_entries(polls: &[ParsedFeed]) -> Vec<Vec<String>> {
        let mut known: HashSet<i64> = HashSet::new();
        polls
            .iter()
            .map(|poll| {
                let mut new = Vec::new();
                for (entry, identity) in poll.entries.iter().zip(identify(poll)) {
                    if !identity.keys.iter().any(|key| known.contains(key)) {
                        new.push(entry.title.clone().unwrap_or_default());
                    }
                    known.extend(identity.keys);
                }
                new
            })
            .collect()
    }

    const DATE: &str = "<pubDate>Sun, 22 Nov 2026 10:00:00 GMT</pubDate>";

    #[test]
    fn a_feed_that_rewrites_all_guids_brings_nothing_new() {
        let item = |guid: &str, link: &str| {
            format!("<title>Nuovo radar</title><link>{link}</link><guid isPermaLink=\"false\">{guid}</guid>{DATE}")
        };
        let before = feed(&[&item("a1", "https://example.org/radar")]);
        let after = feed(&[&item("f00-ba2", "https://www.example.org/radar?utm_source=rss")]);
        assert_eq!(new_entries(&[before, after]), [vec!["Nuovo radar".to_owned()], vec![]]);
    }

    #[test]
    fn a_feed_that_rewrites_its_links_brings_nothing_new() {
        let item = |link: &str| {
            format!("<title>Ракета</title><link>{link}</link><description>Испытание прошло.</description>{DATE}")
        };
        let polls =
            ["https://example.org/a?utm_campaign=1", "http://www.example.org/a/#top", "https://example.net/neu/a"]
                .map(|link| feed(&[&item(link)]));
        assert_eq!(new_entries(&polls), [vec!["Ракета".to_owned()], vec![], vec![]]);
    }

    #[test]
    fn an_edited_headline_is_the_same_entry_with_another_hash() {
        for identity in [
            "<guid>https://example.org/a</guid>",
            "<link>https://example.org/a</link>",
            "<guid>x-17</guid><link>https://example.org/a</link>",
        ] {
            let before = feed(&[&format!("<title>Missile test</title>{identity}{DATE}")]);
            let after = feed(&[&format!("<title>Missile test fails</title>{identity}{DATE}")]);
            let (old, new) = (identify(&before), identify(&after));
            assert_ne!(old[0].content_hash, new[0].content_hash);
            assert_eq!(old[0].natural, new[0].natural);
            assert_eq!(new_entries(&[before, after])[1], Vec::<String>::new(), "{identity}");
        }
    }

    #[test]
    fn entries_without_guid_and_link_are_new_once() {
        let item = format!("<title>导弹防御演习</title><description>演习持续三天。</description>{DATE}");
        let untitled = "<description>Senza titolo e senza data</description>";
        let polls = [feed(&[&item, untitled]), feed(&[&item, untitled]), feed(&[untitled, &item])];
        assert_eq!(new_entries(&polls), [vec!["导弹防御演习".to_owned(), String::new()], vec![], vec![]]);
    }

    #[test]
    fn entries_that_share_a_guid_or_a_link_stay_apart() {
        let item = |title: &str| format!("<title>{title}</title><link>https://example.org/</link><guid>1</guid>{DATE}");
        let first = feed(&[&item("Uno"), &item("Due")]);
        let second = feed(&[&item("Tre"), &item("Uno"), &item("Due")]);
        assert_eq!(new_entries(&[first, second]), [vec!["Uno".to_owned(), "Due".to_owned()], vec!["Tre".to_owned()]]);
        let live = |title: &str, id: u8| {
            format!(
                "<title>{title}</title><link>https://example.org/live</link><guid isPermaLink=\"false\">{id}</guid>"
            )
        };
        let (one, two, three) = (live("10:00 Start", 1), live("10:05 Launch", 2), live("10:09 Impact", 3));
        let polls = [feed(&[&one, &two]), feed(&[&two, &three])];
        assert_eq!(new_entries(&polls)[1], ["10:09 Impact"]);
    }

    #[test]
    fn the_same_headline_on_another_day_is_news() {
        let item = |guid: u8, day: u8| {
            format!(
                "<title>Bollettino</title><link>https://example.org/b/{guid}</link><guid>b-{guid}</guid><pubDate>{day} Nov 2026 08:00 GMT</pubDate>"
            )
        };
        let polls = [feed(&[&item(1, 21)]), feed(&[&item(2, 22)])];
        assert_eq!(new_entries(&polls)[1], ["Bollettino"]);
    }

    #[test]
    fn an_exact_duplicate_has_the_same_identity() {
        let item = format!("<title>Doppio</title><link>https://example.org/d</link><guid>d</guid>{DATE}");
        let identities = identify(&feed(&[&item, &item]));
        assert_eq!(identities[0], identities[1]);
    }

    #[test]
    fn a_new_advertisement_in_the_markup_is_no_edit() {
        let item = |pixel: u8| {
            format!(
                "<title>T</title><guid>g</guid><description><![CDATA[<p>Testo  del\npezzo</p><img src='https://a.example/{pixel}.gif'>]]></description>"
            )
        };
        assert_eq!(identify(&feed(&[&item(1)]))[0].content_hash, identify(&feed(&[&item(2)]))[0].content_hash);
    }
}
