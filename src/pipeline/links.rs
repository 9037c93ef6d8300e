//! Where an article's link really leads: past shorteners and redirectors, to the publisher.

use url::Url;

use crate::fetch::{FetchError, Fetched, Kind, Request};
use crate::model::{Article, Feed, TextStatus, is_aggregator, is_shortener, unwrap_link};

use crate::network::same_site;

use super::Snapshot;

/// Whether an article waits only to learn where its link leads: its feed does not ask for the page's text.
pub(super) fn only_leads_on(article: &Article, feed: Option<&Feed>) -> bool {
    article.text_status == TextStatus::Pending
        && !article.title.is_empty()
        && feed.is_some_and(|feed| !feed.full_text)
        && article.url.as_deref().and_then(|url| Url::parse(url).ok()).is_some_and(|url| is_shortener(&url))
}

/// Follows the link and keeps where it ended; the article stays with the link that it has where that can't be had.
/// Returns false where the host has enough to do: the article comes again.
pub(super) async fn resolve(snapshot: &Snapshot, article: &mut Article) -> bool {
    let Some(url) = article.url.as_deref().and_then(|url| Url::parse(url).ok()) else { return true };
    match snapshot.client.fetch(&Request { url: &url, kind: Kind::Page, validators: None }).await {
        Ok(Fetched::Document(document)) => settle(article, &document.final_url, None),
        Ok(Fetched::NotModified { .. }) => {}
        Err(FetchError::Busy { .. }) => return false,
        Err(error) => tracing::debug!(article.url = article.url, %error, "where the link leads can't be had"),
    }
    true
}

/// Takes over the address at which a page was found, if that is another site than the link's: the canonical one where the
/// page names one on its own site, else that of the last redirect.
pub(super) fn settle(article: &mut Article, landed: &Url, canonical: Option<&str>) {
    let landed = unwrap_link(landed).unwrap_or_else(|| landed.clone());
    let Some(host) = landed.host_str().map(site) else { return };
    let linked = article.url.as_deref().and_then(|url| Url::parse(url).ok());
    if is_aggregator(host) || linked.as_ref().and_then(Url::host_str).map(site) == Some(host) {
        return;
    }
    let own = canonical.and_then(|link| Url::parse(link).ok()).filter(|link| same_site(link, &landed));
    lead_to(article, own.unwrap_or(landed));
}

/// Gives an article an address, and that address's host as its source.
pub(super) fn lead_to(article: &mut Article, url: Url) {
    article.source = url.host_str().map(site).unwrap_or_default().to_owned();
    article.url = Some(url.into());
}

/// A host without the names of one site's variants.
fn site(host: &str) -> &str {
    let variant = ["www.", "m.", "mobile.", "amp."].iter().find_map(|prefix| host.strip_prefix(prefix));
    variant.filter(|rest| rest.contains('.')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArticleId, FeedId, Timestamp};

    fn article(url: &str) -> Article {
        Article {
            id: ArticleId::derive(&[url]),
            feed: FeedId::derive(&["f"]),
            feed_name: "Raccolta".into(),
            url: Some(url.into()),
            title: "Titolo".into(),
            summary: String::new(),
            body: String::new(),
            text_status: TextStatus::Pending,
            text_error: None,
            lang: None,
            declared_lang: None,
            source: "raccolta.example".into(),
            author: None,
            tags: vec![],
            published: None,
            updated: None,
            fetched_at: Timestamp::EPOCH,
            content_hash: 0,
        }
    }

    fn settled(link: &str, landed: &str, canonical: Option<&str>) -> (String, String) {
        let mut article = article(link);
        settle(&mut article, &Url::parse(landed).expect("a URL"), canonical);
        (article.url.expect("a link"), article.source)
    }

    #[test]
    fn a_link_that_led_elsewhere_becomes_the_publishers() {
        let publisher = ("https://www.example.org/a".to_owned(), "example.org".to_owned());
        assert_eq!(settled("https://t.co/x", "https://www.example.org/a", None), publisher);
        let canonical = Some("https://www.example.org/a");
        assert_eq!(settled("https://t.co/x", "https://example.org/a?utm_source=t", canonical), publisher);
        let wrapped = "https://www.google.com/url?q=https%3A%2F%2Fwww.example.org%2Fa";
        assert_eq!(settled("https://t.co/x", wrapped, None), publisher);
    }

    #[test]
    fn a_page_may_not_name_another_site_as_its_own() {
        let other = Some("https://bank.example/login");
        assert_eq!(settled("https://t.co/x", "https://www.example.org/a", other).1, "example.org");
        // Nor a stranger's below the same suffix; another name of its own site it may.
        let (url, source) = settled("https://t.co/x", "https://a.github.io/1", Some("https://b.github.io/1"));
        assert_eq!((url.as_str(), source.as_str()), ("https://a.github.io/1", "a.github.io"));
        let (url, source) =
            settled("https://t.co/x", "https://edition.example.co.uk/1", Some("https://www.example.co.uk/world/1"));
        assert_eq!((url.as_str(), source.as_str()), ("https://www.example.co.uk/world/1", "example.co.uk"));
        assert_eq!(settled("https://t.co/x", "https://a.co.uk/1", Some("https://b.co.uk/1")).1, "a.co.uk");
    }

    #[test]
    fn a_redirect_within_the_site_or_to_an_aggregator_changes_nothing() {
        let same = ("https://example.org/a".to_owned(), "raccolta.example".to_owned());
        assert_eq!(settled("https://example.org/a", "https://www.example.org/b", None), same);
        assert_eq!(settled("https://example.org/a", "https://consent.google.com/m?continue=x", None), same);
    }
}
