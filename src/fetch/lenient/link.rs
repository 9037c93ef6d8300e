//! Links, files, categories and dates: what elements say in attributes or in one word.

use url::Url;

use super::Reader;
use super::namespace::Namespace;
use super::state::{Field, Mode, Role};
use crate::fetch::markup::attributes;
use crate::fetch::parse::{Enclosure, FeedKind, is_absolute};
use crate::fetch::parse_date;

impl Reader<'_> {
    pub(super) fn link(&mut self, namespace: Namespace, local: &str, raw: &str) -> Role {
        let (mut href, mut rel, mut kind) = (None, None, None);
        for (key, value) in attributes(raw) {
            match key.to_ascii_lowercase().as_str() {
                "href" => href = Some(value.trim().to_owned()),
                "rel" => rel = Some(value.trim().to_ascii_lowercase()),
                "type" => kind = Some(value.trim().to_ascii_lowercase()),
                _ => {}
            }
        }
        let Some(href) = href else {
            return if local == "link" { self.capture(Field::Link, 3, Mode::Plain) } else { Role::Plain };
        };
        let rel = rel.unwrap_or_default();
        match rel.rsplit('/').next().unwrap_or("") {
            "" | "alternate" => {
                let readable = kind.as_deref().is_none_or(|kind| kind.contains("html") || kind.contains("text/"));
                // Atom's link inside RSS is second to RSS's own.
                let own = namespace == Namespace::Core || self.feed.kind == FeedKind::Atom;
                let href = if href.is_empty() { self.bases.last().map_or(href, Url::to_string) } else { href };
                self.set_link(
                    &href,
                    if !readable {
                        1
                    } else if own {
                        3
                    } else {
                        2
                    },
                );
            }
            "enclosure" => {
                let url = self.resolved(&href);
                self.push_enclosure(Enclosure { url, kind });
            }
            "hub" if self.entry.is_none() => {}
            _ => {}
        }
        Role::Plain
    }

    pub(super) fn resolved(&self, href: &str) -> String {
        // A base that nobody stated is left for later: the channel's own address may be a better one.
        match self.bases.last() {
            Some(base) if !is_absolute(href) => base.join(href).map_or_else(|_| href.to_owned(), String::from),
            _ => href.to_owned(),
        }
    }

    /// Among links of one rank the last one counts, as in feedparser.
    pub(super) fn set_link(&mut self, href: &str, rank: u8) {
        if href.is_empty() || rank < self.ranks().link {
            return;
        }
        let link = Some(self.resolved(href));
        self.ranks().link = rank;
        match &mut self.entry {
            Some(entry) => entry.link = link,
            None => self.feed.link = link,
        }
    }

    pub(super) fn cdf_attributes(&mut self, raw: &str) {
        for (key, value) in attributes(raw) {
            if key.eq_ignore_ascii_case("href") {
                self.set_link(value.trim(), 1);
            } else if key.eq_ignore_ascii_case("lastmod") {
                self.set_date(Field::Updated, 1, &value);
            }
        }
    }

    pub(super) fn enclosure(&mut self, raw: &str) {
        let (mut url, mut kind) = (None, None);
        for (key, value) in attributes(raw) {
            match key {
                "type" => kind = Some(value.trim().to_owned()),
                "url" | "href" => url = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        if let Some(url) = url {
            let url = self.resolved(&url);
            self.push_enclosure(Enclosure { url, kind });
        }
    }

    pub(super) fn push_enclosure(&mut self, enclosure: Enclosure) {
        if let Some(entry) = &mut self.entry
            && entry.enclosures.len() < 64
            && !enclosure.url.is_empty()
        {
            entry.enclosures.push(enclosure);
        }
    }

    pub(super) fn tag(&mut self, tag: String) {
        if let Some(entry) = &mut self.entry
            && entry.tags.len() < 64
        {
            entry.tags.push(tag);
        }
    }

    pub(super) fn set_date(&mut self, field: Field, rank: u8, text: &str) {
        let Some(date) = parse_date(text) else { return };
        let ranks = self.ranks();
        let (published, updated) = (rank >= ranks.published, rank >= ranks.updated);
        let sets = |wanted: Field| field == wanted || field == Field::Both;
        if sets(Field::Published) && published {
            ranks.published = rank;
        }
        if sets(Field::Updated) && updated {
            ranks.updated = rank;
        }
        let slots = match &mut self.entry {
            Some(entry) => (&mut entry.published, &mut entry.updated),
            None => (&mut self.feed.published, &mut self.feed.updated),
        };
        if sets(Field::Published) && published {
            *slots.0 = Some(date);
        }
        if sets(Field::Updated) && updated {
            *slots.1 = Some(date);
        }
    }
}
