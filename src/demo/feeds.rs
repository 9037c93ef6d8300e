//! The demo's bundled feeds: what they are, what must become of their entries, and the bytes to serve.
//!
//! In the repository every file is UTF-8 and holds its dates as tokens (`@rfc822:-35m@`, `@rfc3339:-1h20m@`: so long before
//! now). [`render`] fills them in and encodes the document as its XML declaration says. So the feeds are always fresh and
//! a person can read them in an editor; the price is that the files themselves are not valid feeds until rendered.
//! `feeds/README.md` tells what each one shows.

use std::borrow::Cow;
use std::time::Duration;

use encoding_rs::Encoding;

use crate::model::Timestamp;

/// A bundled feed.
#[derive(Debug, Clone, Copy)]
pub struct DemoFeed {
    /// Path under which it is served, with the leading slash.
    pub path: &'static str,
    /// The `Content-Type` that goes with it.
    pub content_type: &'static str,
    /// The file: UTF-8, with date tokens.
    pub bytes: &'static [u8],
    /// The outlet's name.
    pub name: &'static str,
    /// Encoding in which it is served, as the XML declaration names it.
    pub encoding: &'static str,
    /// Whether it is a well-formed document; one is not, as happens.
    pub well_formed: bool,
    /// What must become of its entries, in the order of the document; entries of no interest are left out.
    pub expected: &'static [Expected],
}

/// What must become of an entry.
#[derive(Debug, Clone, Copy)]
pub struct Expected {
    /// The entry's link, with relative links resolved and tracking parameters gone.
    pub link: &'static str,
    /// Its fate.
    pub fate: Fate,
}

/// The fate of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It matches a topic. Entries with the same `story` are one story and cause one message.
    Alert {
        /// The topic's id.
        topic: &'static str,
        /// A name for the story.
        story: &'static str,
    },
    /// It would match a topic, but was published too long ago to alert when the feed is first polled.
    Old {
        /// The topic's id.
        topic: &'static str,
    },
    /// It matches nothing, though some words look like it.
    Silent {
        /// What it is instead, for a person.
        because: &'static str,
    },
}

const DRILL: Fate = Fate::Alert { topic: "russia-china-military", story: "naval exercise, Italian wire text" };

const fn alert(topic: &'static str, story: &'static str) -> Fate {
    Fate::Alert { topic, story }
}

const fn silent(because: &'static str) -> Fate {
    Fate::Silent { because }
}

const fn entry(link: &'static str, fate: Fate) -> Expected {
    Expected { link, fate }
}

/// All of them.
pub const FEEDS: &[DemoFeed] = &[
    DemoFeed {
        path: "/agenzia-lanterna.xml",
        content_type: "application/rss+xml; charset=utf-8",
        bytes: include_bytes!("feeds/agenzia-lanterna.xml"),
        name: "Agenzia Lanterna",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://www.agenzialanterna.example/mondo/2026/manovre-navali-russia-cina-31877", DRILL),
            entry(
                "https://www.agenzialanterna.example/mondo/2026/batteria-sampt-fianco-est-31869",
                alert("missile-defence", "a second Samp/T battery"),
            ),
            entry(
                "https://www.agenzialanterna.example/economia/2026/mosca-frutta-ferrarese-31858",
                silent("a fruit fly (mosca) from China"),
            ),
        ],
    },
    DemoFeed {
        path: "/corriere-del-porto.xml",
        content_type: "text/xml",
        bytes: include_bytes!("feeds/corriere-del-porto.xml"),
        name: "Il Corriere del Porto",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://www.corrieredelporto.example/esteri/26_russia-cina-manovre-navali.shtml", DRILL),
            entry(
                "https://www.corrieredelporto.example/economia/26_gasdotto-prezzo.shtml",
                silent("gas trade between Moscow and Beijing"),
            ),
            entry(
                "https://www.corrieredelporto.example/spettacoli/26_guerre-stellari-restauro.shtml",
                silent("the film, not the Strategic Defense Initiative"),
            ),
        ],
    },
    DemoFeed {
        path: "/gazzetta-di-levante.xml",
        content_type: "application/xml",
        bytes: include_bytes!("feeds/gazzetta-di-levante.xml"),
        name: "Gazzetta di Levante",
        encoding: "utf-8",
        well_formed: false,
        expected: &[
            entry("https://www.gazzettadilevante.example/articolo.php?id=88213&sez=mondo", DRILL),
            entry(
                "https://www.gazzettadilevante.example/articolo.php?id=88207&sez=cronaca",
                silent("a joint drill of fire brigades"),
            ),
        ],
    },
    DemoFeed {
        path: "/il-meridiano.xml",
        content_type: "application/rss+xml",
        bytes: include_bytes!("feeds/il-meridiano.xml"),
        name: "Il Meridiano Quotidiano",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://ilmeridianoquotidiano.example/2026/manovre-mar-del-giappone/", DRILL),
            entry(
                "https://ilmeridianoquotidiano.example/2026/manovra-primo-si/",
                silent("a budget (manovra), and purchasing power to defend"),
            ),
            entry(
                "https://ilmeridianoquotidiano.example/2026/ristorante-cinese-mosca/",
                silent("a Chinese restaurant in Moscow"),
            ),
        ],
    },
    DemoFeed {
        path: "/voce-del-colle.xml",
        content_type: "text/xml; charset=UTF-8",
        bytes: include_bytes!("feeds/voce-del-colle.xml"),
        name: "La Voce del Colle",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://lavocedelcolle.example/?p=40712", DRILL),
            entry("https://lavocedelcolle.example/?p=40705", silent("chess masters from Moscow and Shanghai")),
        ],
    },
    DemoFeed {
        path: "/pallone-e-cori.xml",
        content_type: "application/rss+xml; charset=utf-8",
        bytes: include_bytes!("feeds/pallone-e-cori.xml"),
        name: "Pallone & Cori",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://www.palloneecori.example/serie-b/porto-vecchio-capolista",
                silent("football: a defence, a missile, a shield"),
            ),
            entry(
                "https://www.palloneecori.example/nazionale/convocazioni-mosca-cina",
                silent("football: friendlies in Moscow and in China"),
            ),
            entry(
                "https://www.palloneecori.example/oltreoceano/patriots-quattro-touchdown",
                silent("American football: the Patriots' air defence"),
            ),
        ],
    },
    DemoFeed {
        path: "/harbour-courier.xml",
        content_type: "application/rss+xml; charset=utf-8",
        bytes: include_bytes!("feeds/harbour-courier.xml"),
        name: "The Harbour Courier",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://www.harbourcourier.example/world/article/six-more-nations-sky-shield",
                alert("missile-defence", "Sky Shield, in English"),
            ),
            entry(
                "https://www.harbourcourier.example/sport/article/patriots-trade-cornerback",
                silent("the New England Patriots"),
            ),
            entry("https://www.harbourcourier.example/culture/article/star-wars-queues", silent("Star Wars, the film")),
            entry(
                "https://www.harbourcourier.example/business/article/china-russian-gas-record",
                silent("gas trade through Power of Siberia"),
            ),
        ],
    },
    DemoFeed {
        path: "/north-quay-institute.atom",
        content_type: "application/atom+xml",
        bytes: include_bytes!("feeds/north-quay-institute.atom"),
        name: "North Quay Institute",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://northquay.example/analysis/pacific-sorties",
                alert("russia-china-military", "an analysis of naval cooperation"),
            ),
            entry("https://northquay.example/analysis/counting-interceptors", Fate::Old { topic: "missile-defence" }),
        ],
    },
    DemoFeed {
        path: "/tagesbogen.atom",
        content_type: "application/atom+xml; charset=utf-8",
        bytes: include_bytes!("feeds/tagesbogen.atom"),
        name: "Tagesbogen",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://www.tagesbogen.example/politik/2026/sky-shield-sechs-laender.html",
                alert("missile-defence", "Sky Shield, in German"),
            ),
            entry(
                "https://www.tagesbogen.example/regional/2026/feuerwehr-oderdeich.html",
                silent("fire brigades on a dyke"),
            ),
            entry(
                "https://www.tagesbogen.example/sport/2026/abwehr-rakete.html",
                silent("football: a rocket from 25 metres"),
            ),
        ],
    },
    DemoFeed {
        path: "/minato-jiho.rdf",
        content_type: "application/rdf+xml",
        bytes: include_bytes!("feeds/minato-jiho.rdf"),
        name: "みなと時報",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://www.minatojiho.example/kokusai/articles/k2611220017.html",
                alert("russia-china-military", "naval exercise, in Japanese"),
            ),
            entry(
                "https://www.minatojiho.example/kokusai/articles/k2611220009.html",
                silent("firefighters of Chugoku (中国地方), a region of Japan"),
            ),
        ],
    },
    DemoFeed {
        path: "/two-rivers.json",
        content_type: "application/feed+json",
        bytes: include_bytes!("feeds/two-rivers.json"),
        name: "Two Rivers Dispatch",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://tworivers.example/en/5518", alert("missile-defence", "Seoul tests an interceptor")),
            entry("https://tworivers.example/zh/5517", silent("gas and culture between China and Russia")),
            entry("https://tworivers.example/zh/5512", silent("a hard disk of the brand 爱国者 (Patriot)")),
        ],
    },
    DemoFeed {
        path: "/vestnik-zaliva.xml",
        content_type: "application/rss+xml; charset=windows-1251",
        bytes: include_bytes!("feeds/vestnik-zaliva.xml"),
        name: "Вестник залива",
        encoding: "windows-1251",
        well_formed: true,
        expected: &[
            entry(
                "https://vestnikzaliva.example/news/2026/ucheniya-yaponskoe-more",
                alert("russia-china-military", "naval exercise, in Russian"),
            ),
            entry(
                "https://vestnikzaliva.example/news/2026/perehvatchik-pro",
                alert("missile-defence", "an interceptor is tested"),
            ),
            entry(
                "https://vestnikzaliva.example/news/2026/film-pro-kosmos",
                silent("a film about («про») space; «Звёздные войны» in its headline"),
            ),
            entry("https://vestnikzaliva.example/news/2026/parom-turisty", silent("tourists on a ferry")),
        ],
    },
    DemoFeed {
        path: "/binhai-wanbao.xml",
        content_type: "text/xml",
        bytes: include_bytes!("feeds/binhai-wanbao.xml"),
        name: "滨海晚报",
        encoding: "gb2312",
        well_formed: true,
        expected: &[
            entry(
                "https://www.binhaiwanbao.example/guoji/c_1138842.htm",
                alert("russia-china-military", "naval exercise, in Chinese"),
            ),
            entry(
                "https://www.binhaiwanbao.example/tiyu/c_1138830.htm",
                silent("football: a “missile” of a free kick"),
            ),
            entry("https://www.binhaiwanbao.example/caijing/c_1138821.htm", silent("a gas pipeline")),
        ],
    },
    DemoFeed {
        path: "/al-fanar.xml",
        content_type: "application/rss+xml; charset=utf-8",
        bytes: include_bytes!("feeds/al-fanar.xml"),
        name: "صحيفة الفنار",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry("https://www.alfanar.example/world/thaad-new-batch", alert("missile-defence", "THAAD for Riyadh")),
            entry(
                "https://www.alfanar.example/sport/league-top",
                silent("football: a defence and a “rocket” of a shot"),
            ),
            entry(
                "https://www.alfanar.example/culture/book-fair",
                silent("publishers from Russia and China at a book fair"),
            ),
        ],
    },
    DemoFeed {
        path: "/le-phare.xml",
        content_type: "application/rss+xml; charset=utf-8",
        bytes: include_bytes!("feeds/le-phare.xml"),
        name: "Le Phare",
        encoding: "utf-8",
        well_formed: true,
        expected: &[
            entry(
                "https://www.lephare.example/international/ministre-chinois-moscou",
                alert("russia-china-military", "the defence minister's visit"),
            ),
            entry("https://www.lephare.example/sports/coupe-defense", silent("football: a missile under the crossbar")),
        ],
    },
];

/// The feed as it is served at `now`: dates filled in, encoded as its XML declaration says. What looks like a date token but
/// is none stays as it is.
#[must_use]
pub fn render(feed: &DemoFeed, now: Timestamp) -> Vec<u8> {
    let source = String::from_utf8_lossy(feed.bytes);
    let mut text = String::with_capacity(source.len());
    let mut rest = source.as_ref();
    while let Some(at) = rest.find('@') {
        let (before, token) = rest.split_at(at);
        text.push_str(before);
        match date_token(token, now) {
            Some((date, length)) => {
                text.push_str(&date);
                rest = &token[length..];
            }
            None => {
                text.push('@');
                rest = &token[1..];
            }
        }
    }
    text.push_str(rest);
    let encoding = Encoding::for_label(feed.encoding.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    match encoding.encode(&text).0 {
        Cow::Borrowed(bytes) => bytes.to_vec(),
        Cow::Owned(bytes) => bytes,
    }
}

/// Reads `@rfc822:-1h40m@` at the beginning of `text`: the date that it stands for, and its length in bytes.
fn date_token(text: &str, now: Timestamp) -> Option<(String, usize)> {
    let inner = text.strip_prefix('@')?;
    let inner = &inner[..inner.find('@')?];
    let (format, ago) = inner.split_once(":-")?;
    let moment = now.before(ago_length(ago)?);
    let date = match format {
        "rfc822" => moment.to_chrono().to_rfc2822(),
        "rfc3339" => moment.to_chrono().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        _ => return None,
    };
    Some((date, inner.len() + 2))
}

/// Reads `35m`, `2h`, `1h40m`.
fn ago_length(text: &str) -> Option<Duration> {
    let (hours, minutes) = match text.split_once('h') {
        Some((hours, "")) => (hours, "0"),
        Some((hours, minutes)) => (hours, minutes.strip_suffix('m')?),
        None => ("0", text.strip_suffix('m')?),
    };
    let minutes = hours.parse::<u64>().ok()?.checked_mul(60)?.checked_add(minutes.parse().ok()?)?;
    Some(Duration::from_secs(minutes.checked_mul(60)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-22T21:30:00Z").unwrap()
    }

    fn rendered_text(feed: &DemoFeed) -> String {
        let bytes = render(feed, now());
        let (text, _, broken) = Encoding::for_label(feed.encoding.as_bytes()).unwrap().decode(&bytes);
        assert!(!broken, "{}: not in {}", feed.name, feed.encoding);
        text.into_owned()
    }

    fn is_well_formed(feed: &DemoFeed, text: &str) -> bool {
        if feed.content_type.contains("json") {
            return serde_json::from_str::<serde_json::Value>(text).is_ok();
        }
        let mut reader = Reader::from_str(text);
        loop {
            match reader.read_event() {
                Ok(Event::Eof) => return true,
                Ok(Event::Start(start)) => {
                    let whole = start
                        .attributes()
                        .all(|attribute| attribute.is_ok_and(|attribute| !attribute.value.contains('<')));
                    if !whole {
                        return false;
                    }
                }
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    #[test]
    fn every_feed_is_well_formed_but_the_one_that_is_meant_to_be_broken() {
        for feed in FEEDS {
            assert_eq!(is_well_formed(feed, &rendered_text(feed)), feed.well_formed, "{}", feed.name);
        }
        assert_eq!(FEEDS.iter().filter(|feed| !feed.well_formed).count(), 1);
    }

    #[test]
    fn no_date_token_is_left_over() {
        for feed in FEEDS {
            let text = rendered_text(feed);
            assert!(!text.contains("@rfc"), "{}", feed.name);
            assert!(text.contains("2026"), "{} has no date", feed.name);
        }
    }

    #[test]
    fn dates_are_so_long_before_now() {
        let feed = DemoFeed {
            bytes: "a@rfc822:-1h40m@b@rfc3339:-35m@c@rfc3339:-2h@ mail@host.example @rfc822:-x@".as_bytes(),
            ..FEEDS[0]
        };
        assert_eq!(
            String::from_utf8(render(&feed, now())).unwrap(),
            "aSun, 22 Nov 2026 19:50:00 +0000b2026-11-22T20:55:00Zc2026-11-22T19:30:00Z mail@host.example @rfc822:-x@"
        );
    }

    #[test]
    fn legacy_encodings_are_really_used() {
        for feed in FEEDS.iter().filter(|feed| feed.encoding != "utf-8") {
            let bytes = render(feed, now());
            assert!(String::from_utf8(bytes).is_err(), "{} is UTF-8 after all", feed.name);
            let declared = format!("encoding=\"{}\"", feed.encoding);
            assert!(rendered_text(feed).to_lowercase().contains(&declared), "{} declares another encoding", feed.name);
            assert!(
                !rendered_text(feed).contains("&#"),
                "{}: a character has no place in {}",
                feed.name,
                feed.encoding
            );
        }
    }

    #[test]
    fn what_is_expected_is_in_the_feed() {
        for feed in FEEDS {
            let text = rendered_text(feed);
            for expected in feed.expected {
                // Relative links of an Atom feed with `xml:base` stand there without the host.
                let path = expected.link.splitn(4, '/').nth(3).unwrap();
                assert!(text.contains(path), "{}: {} is not there", feed.name, expected.link);
            }
        }
    }

    #[test]
    fn paths_and_links_are_unique() {
        let paths: BTreeSet<_> = FEEDS.iter().map(|feed| feed.path).collect();
        assert_eq!(paths.len(), FEEDS.len());
        let links: Vec<_> = FEEDS.iter().flat_map(|feed| feed.expected).map(|expected| expected.link).collect();
        assert_eq!(links.iter().collect::<BTreeSet<_>>().len(), links.len());
    }

    #[test]
    fn one_wire_story_is_carried_by_four_outlets() {
        let carriers = FEEDS.iter().flat_map(|feed| feed.expected).filter(|expected| expected.fate == DRILL).count();
        assert_eq!(carriers, 5, "the wire and four outlets");
    }

    #[test]
    fn every_outlet_is_made_up() {
        for feed in FEEDS {
            for expected in feed.expected {
                let host = expected.link.split('/').nth(2).unwrap();
                assert!(host.ends_with(".example"), "{host}");
            }
        }
    }
}
