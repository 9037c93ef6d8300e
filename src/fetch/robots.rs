//! What sites ask of programs that read their pages: robots.txt (RFC 9309).
//!
//! In: what came of asking a site for its robots.txt. Out: whether a page may be read, remembered for a day. Feeds are not
//! asked for: a publisher who offers one means it for programs. The price is one more request per site and day.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use robotxt::{AccessResult, Robots};
use tokio::time::Instant;
use url::Url;

use super::FetchError;
use super::client::Fetched;
use crate::model::Validators;
use crate::network::parse_target;

/// RFC 9309 §2.4: not longer than a day.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// After which a site that could not be asked is asked again. A guess: outages are short, and articles don't wait.
const ASKED_AGAIN: Duration = Duration::from_secs(10 * 60);
/// Sites that are remembered; a few kilobytes each at most times.
const MOST_SITES: usize = 10_000;

/// What sites asked.
#[derive(Debug)]
pub(super) struct RobotsRules {
    /// The name that sites call us by.
    agent: String,
    sites: Mutex<HashMap<String, Site>>,
}

#[derive(Debug, Clone)]
struct Site {
    rules: Arc<Robots>,
    /// To ask again with.
    validators: Validators,
    /// Why the site could not be asked.
    trouble: Option<String>,
    until: Instant,
}

impl RobotsRules {
    /// Rules for who calls itself so in the `User-Agent` header.
    pub(super) fn new(user_agent: &str) -> Self {
        // RFC 9309 §2.2.1: letters, `_` and `-`; `vedetta/1.0 (+https://…)` is `vedetta`.
        let is_token = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '-');
        let agent: String = user_agent.trim().chars().take_while(|c| is_token(*c)).collect();
        let agent = if agent.is_empty() { "vedetta".to_owned() } else { agent };
        Self { agent, sites: Mutex::default() }
    }

    /// What is remembered of this page: `None` if its site has to be asked first.
    pub(super) fn known(&self, page: &Url, now: Instant) -> Option<Result<(), FetchError>> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.get(&key(page)).filter(|site| site.until > now)?.clone();
        drop(sites);
        Some(site.verdict(page))
    }

    /// Where a page's site keeps its robots.txt.
    pub(super) fn address(page: &Url) -> Url {
        let mut address = page.clone();
        address.set_path("/robots.txt");
        address.set_query(None);
        address.set_fragment(None);
        address
    }

    /// What to ask a page's site with, where it was asked before. After an answer of “not modified” there is nothing: a server
    /// that says so without end is not believed for ever.
    pub(super) fn validators(&self, page: &Url) -> Option<Validators> {
        let sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let site = sites.get(&key(page)).filter(|site| site.trouble.is_none())?;
        Some(site.validators.clone()).filter(|validators| *validators != Validators::default())
    }

    /// Takes in what came of asking, and says whether the page may be read.
    ///
    /// # Errors
    /// [`FetchError::Robots`] if not, [`FetchError::NoRobots`] if the site could not be asked, and [`FetchError::Busy`] if its
    /// turn did not come.
    pub(super) fn learn(
        &self,
        page: &Url,
        answer: Result<Fetched, FetchError>,
        now: Instant,
    ) -> Result<(), FetchError> {
        let (access, trouble) = match &answer {
            Ok(Fetched::Document(document)) => (AccessResult::Successful(&document.body), None),
            // With what was remembered; if that was forgotten meanwhile, nothing is known.
            Ok(Fetched::NotModified { .. }) => (AccessResult::Unavailable, None),
            Err(busy @ FetchError::Busy { .. }) => return Err(busy.clone()),
            // The page is behind the same guard, which says it better.
            Err(FetchError::Refused(_) | FetchError::Target(_)) => return Ok(()),
            Err(FetchError::Redirects { .. }) => (AccessResult::TooManyRedirects, None),
            Err(
                FetchError::Gone { .. } | FetchError::Status { status: 400..=499, .. } | FetchError::TooLarge { .. },
            ) => (AccessResult::Unavailable, None),
            Err(error) => (AccessResult::Unreachable, Some(error.to_string())),
        };
        let mut sites = self.sites.lock().unwrap_or_else(PoisonError::into_inner);
        let key = key(page);
        let until = now + if trouble.is_some() { ASKED_AGAIN } else { REMEMBERED };
        let before = sites.get(&key).filter(|site| site.trouble.is_none());
        let site = match (before, trouble) {
            // An outage does not unsay what was asked before (RFC 9309 §2.3.1.4).
            (Some(before), Some(_)) => Site { until, ..before.clone() },
            (Some(before), None) if matches!(answer, Ok(Fetched::NotModified { .. })) => {
                Site { until, validators: Validators::default(), ..before.clone() }
            }
            (_, trouble) => {
                let rules = Arc::new(Robots::from_access(access, self.agent.as_str()));
                let validators = match &answer {
                    Ok(Fetched::Document(document)) => document.validators.clone(),
                    _ => Validators::default(),
                };
                Site { rules, validators, trouble, until }
            }
        };
        if sites.len() >= MOST_SITES {
            sites.retain(|_, site| site.until > now);
        }
        if sites.len() >= MOST_SITES {
            sites.clear();
        }
        sites.insert(key, site.clone());
        drop(sites);
        site.verdict(page)
    }
}

impl Site {
    fn verdict(&self, page: &Url) -> Result<(), FetchError> {
        let host = || page.host_str().unwrap_or_default().to_owned();
        match &self.trouble {
            Some(reason) => Err(FetchError::NoRobots { host: host(), reason: reason.clone() }),
            None if self.rules.is_url_allowed(page) => Ok(()),
            None => Err(FetchError::Robots { host: host() }),
        }
    }
}

/// The sitemaps that a robots.txt names, in its order.
#[must_use]
pub(super) fn sitemaps_named(robots: &[u8], base: &Url) -> Vec<Url> {
    // RFC 9309 §2.5: at least 500 KiB are read.
    let text = String::from_utf8_lossy(&robots[..robots.len().min(500 * 1024)]);
    let lines = text.trim_start_matches('\u{feff}').split(['\n', '\r']);
    let values = lines.filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case("sitemap").then(|| value.split(" #").next().unwrap_or("").trim())
    });
    values.filter_map(|value| parse_target(value, Some(base)).ok()).collect()
}

/// Rules hold for a scheme, a host and a port (RFC 9309 §2.3).
fn key(page: &Url) -> String {
    format!("{}://{}:{}", page.scheme(), page.host_str().unwrap_or_default(), page.port_or_known_default().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::{Document, Hints};

    fn url(text: &str) -> Url {
        Url::parse(text).expect(text)
    }

    fn document(body: impl Into<Vec<u8>>) -> Result<Fetched, FetchError> {
        Ok(Fetched::Document(Box::new(Document {
            body: body.into(),
            content_type: None,
            final_url: url("https://a.example/robots.txt"),
            permanent_redirect: None,
            validators: Validators::default(),
            hints: Hints::default(),
            links: Vec::new(),
            status: 200,
            wire_bytes: 0,
        })))
    }

    fn status(status: u16) -> Result<Fetched, FetchError> {
        Err(FetchError::Status { host: "a.example".into(), status, retry_after: None, by_bot_protection: false })
    }

    #[test]
    fn answers_mean_what_the_standard_says() {
        let text = "User-agent: *\nDisallow: /\n\nUser-agent: Vedetta\nDisallow: /private/\nAllow: /private/news\n";
        let long = format!("{text}{}Disallow: /\n", "# x\n".repeat(200_000));
        for (answer, page, may) in [
            (document(text), "/private/x", false),
            (document(text), "/private/news/1", true),
            (document(text), "/public", true),
            (document(long), "/public", true),
            (document("<html>not found</html>"), "/x", true),
            (document(""), "/x", true),
            (document(b"\xff\xfe\x00\xc0User-agent".to_vec()), "/x", true),
            (status(404), "/x", true),
            (status(403), "/x", true),
            (status(500), "/x", false),
            (status(503), "/x", false),
            (Err(FetchError::Gone { host: "a.example".into() }), "/x", true),
            (Err(FetchError::Broken { host: "a.example".into(), reason: "gone".into() }), "/x", false),
        ] {
            let rules = RobotsRules::new("vedetta/1.0 (+https://example.org/bot)");
            let now = Instant::now();
            let page = url(&format!("https://a.example{page}"));
            assert_eq!(rules.known(&page, now), None);
            let told = format!("{answer:.60?} {page}");
            assert_eq!(rules.learn(&page, answer, now).is_ok(), may, "{told}");
            assert_eq!(rules.known(&page, now).map(|verdict| verdict.is_ok()), Some(may), "{told}");
        }
    }

    #[test]
    fn a_day_is_remembered_and_an_outage_shorter() {
        let rules = RobotsRules::new("Acme-Watch/2");
        let now = Instant::now();
        let page = url("https://a.example/x");
        assert!(rules.learn(&page, status(502), now).is_err());
        assert!(rules.known(&page, now + Duration::from_secs(540)).is_some());
        assert_eq!(rules.known(&page, now + Duration::from_secs(660)), None);
        assert!(rules.learn(&page, document("User-agent: acme-watch\nDisallow: /y"), now).is_ok());
        assert!(rules.known(&page, now + Duration::from_secs(23 * 3600)).is_some());
        assert_eq!(rules.known(&page, now + Duration::from_secs(25 * 3600)), None);
        // What was asked holds through an outage; other ports and schemes are other sites.
        assert!(rules.learn(&page, status(500), now).is_ok());
        assert_eq!(
            rules.known(&url("https://a.example/y"), now),
            Some(Err(FetchError::Robots { host: "a.example".into() }))
        );
        assert_eq!(rules.known(&url("http://a.example/x"), now), None);
        assert_eq!(rules.known(&url("https://a.example:8443/x"), now), None);
        assert!(rules.known(&url("https://a.example:443/x"), now).is_some());
    }

    #[test]
    fn a_site_is_asked_again_with_what_it_gave_and_in_full_the_time_after() {
        let rules = RobotsRules::new("vedetta/1.0");
        let now = Instant::now();
        let day = REMEMBERED + Duration::from_secs(1);
        let page = url("https://a.example/закрыто");
        assert_eq!(rules.validators(&page), None);
        let tagged = Validators { etag: Some("\"1\"".into()), last_modified: None };
        let answer = document("User-agent: *\nDisallow: /закрыто").map(|fetched| match fetched {
            Fetched::Document(document) => {
                Fetched::Document(Box::new(Document { validators: tagged.clone(), ..*document }))
            }
            same => same,
        });
        assert!(rules.learn(&page, answer, now).is_err());
        assert_eq!(rules.known(&page, now + day), None);
        assert_eq!(rules.validators(&page), Some(tagged));
        let same = || {
            Ok(Fetched::NotModified {
                hints: Hints::default(),
                validators: Validators::default(),
                permanent_redirect: None,
            })
        };
        assert!(rules.learn(&page, same(), now + day).is_err(), "it still asks the same");
        assert!(rules.known(&page, now + day + day / 2).is_some_and(|verdict| verdict.is_err()), "for another day");
        assert_eq!(rules.validators(&page), None);
    }

    #[test]
    fn robots_name_sitemaps() {
        let found = sitemaps_named(
            "\u{feff}User-agent: *\r\nDisallow: /\r\nSITEMAP : /a.xml # main\nsitemap:https://b.example/news.xml\n#Sitemap: /no.xml".as_bytes(),
            &url("https://site.example/robots.txt"),
        );
        let found: Vec<_> = found.iter().map(Url::as_str).collect();
        assert_eq!(found, ["https://site.example/a.xml", "https://b.example/news.xml"]);
    }
}
