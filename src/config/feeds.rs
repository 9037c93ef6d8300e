//! `[[feed]]` and `[[page]]`.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::fetch::check_selector;
use crate::model::{CronSchedule, Diagnostic, Feed, FeedId, PageSelectors, ScheduleError, Span};
use crate::network::{BadTarget, parse_target};
use crate::settings::{Findings, TableReader, TextValue, nearest};

use super::basics::{INTERVALS, check_pace};
use super::{Reading, codes, report_at_top};

impl Reading<'_> {
    /// The enabled feeds of the file and of its lists; those that are set aside are checked all the same.
    /// `default_interval` is that of `[poll]`.
    pub(super) fn feeds(
        &mut self,
        root: &mut TableReader<'_>,
        lists: &[(PathBuf, Span)],
        default_interval: Duration,
    ) -> Vec<Feed> {
        let mut gathered = Gathered { default_interval, feeds: Vec::new(), places: HashMap::new() };
        let has_any = ["feed", "feeds", "page"].iter().any(|key| root.has(key));
        self.feed_tables(root, &mut gathered);
        for (path, place) in lists {
            self.feed_list(path, *place, &mut gathered);
        }
        if !has_any && !root.is_damaged() {
            report_at_top(
                root,
                Diagnostic::warning(codes::NO_FEED, "there is no feed: nothing will be polled")
                    .help("add a `[[feed]]` with its `url`"),
            );
        }
        gathered.feeds
    }

    /// The `[[feed]]` tables of a file.
    pub(super) fn feed_tables(&self, root: &mut TableReader<'_>, gathered: &mut Gathered) {
        let feeds = root.tables("feed").into_iter().map(|table| (table, false));
        let pages = root.tables("page").into_iter().map(|table| (table, true));
        for (mut table, is_page) in feeds.collect::<Vec<_>>().into_iter().chain(pages) {
            let page = if is_page { self.page(&mut table) } else { None };
            let feed = self.feed(&mut table, gathered.default_interval).filter(|_| page.is_some() == is_page);
            if let Some((feed, place, enabled)) = feed {
                let feed = Feed { page, ..feed };
                match gathered.places.get(&feed.id) {
                    Some(first) => table.report(
                        Diagnostic::error(codes::FEED_TWICE, "this feed is listed twice")
                            .label(place, "again here")
                            .label(*first, "first here")
                            .help("keep one of them"),
                    ),
                    None => gathered.add(feed, place, enabled),
                }
            }
            table.finish();
        }
    }

    /// The selectors of a `[[page]]`.
    fn page(&self, table: &mut TableReader<'_>) -> Option<PageSelectors> {
        table.require(&["item"]);
        let mut is_good = true;
        let mut selector = |table: &mut TableReader<'_>, key: &'static str| {
            let written = table.text(key)?;
            if let Err(error) = check_selector(&written.text) {
                is_good = false;
                table.report(
                    Diagnostic::error(codes::SELECTOR, format!("the selector in `{key}` can't be used"))
                        .label(written.content(), error)
                        .help("write a CSS selector such as `article h2 a`, or `time@datetime` for an attribute"),
                );
            }
            Some(written.text)
        };
        let item = selector(table, "item");
        let page = PageSelectors {
            item: item.clone().unwrap_or_default(),
            link: selector(table, "link"),
            title: selector(table, "title"),
            date: selector(table, "date"),
            summary: selector(table, "summary"),
            date_format: None,
        };
        let format = table.text("date_format");
        if let Some(written) = &format {
            let items = chrono::format::StrftimeItems::new(&written.text);
            let is_format = items.clone().all(|item| item != chrono::format::Item::Error)
                && items
                    .clone()
                    .any(|item| !matches!(item, chrono::format::Item::Literal(_) | chrono::format::Item::Space(_)));
            if !is_format || page.date.is_none() {
                is_good = false;
                let what = if is_format { "there is no `date` that it belongs to" } else { "this is no date format" };
                table.report(
                    Diagnostic::error(codes::SELECTOR, "`date_format` can't be used")
                        .label(written.content(), what)
                        .help(
                            "write for example `%d.%m.%Y %H:%M`, or leave it out: most ways to write a date are known",
                        ),
                );
            }
        }
        item?;
        is_good.then(|| PageSelectors { date_format: format.map(|format| format.text), ..page })
    }

    /// One feed, the place of its address, and whether it is in use.
    fn feed(&self, table: &mut TableReader<'_>, default_interval: Duration) -> Option<(Feed, Span, bool)> {
        table.require(&["url"]);
        let url = table.text("url");
        let name = table.string("name");
        let interval = table.duration("interval", INTERVALS);
        let schedule = table.text("schedule");
        let timezone = table.text("timezone");
        let labels = table.labels("labels");
        let full_text = table.bool("full_text");
        let enabled = table.bool("enabled");
        let adaptive = table.bool("adaptive");
        let fastest = table.duration("fastest", INTERVALS);
        let slowest = table.duration("slowest", INTERVALS);

        if let (Some(interval), Some(schedule)) = (&interval, &schedule) {
            table.report(
                Diagnostic::error(codes::KEYS, "`interval` and `schedule` exclude each other")
                    .label(schedule.span, "a cron line")
                    .label(interval.span, "and an interval")
                    .help("keep one of them"),
            );
        }
        let has_schedule = table.has("schedule");
        if let Some(span) = table.key_span("adaptive").or(table.key_span("fastest")).or(table.key_span("slowest"))
            && has_schedule
        {
            table.report(
                Diagnostic::error(codes::KEYS, "a feed with a `schedule` is polled by it alone")
                    .label(span, "this changes nothing")
                    .help("leave it out, or set an `interval` in place of the `schedule`"),
            );
        }
        // Without a cron line it says by which clock the feed's rhythm goes.
        let mut zone = None;
        let schedule = if has_schedule {
            self.schedule(table, "schedule", schedule.as_ref(), timezone.as_ref())
        } else {
            match &timezone {
                Some(written) if !is_zone(&written.text) => table.report(unknown_zone(written)),
                Some(written) => zone = written.text.parse().ok(),
                None => {}
            }
            None
        };
        let own_interval = interval.as_ref().map(|interval| interval.value);
        check_pace(table, fastest.as_ref(), slowest.as_ref(), own_interval.unwrap_or(default_interval));

        let written = url?;
        let url = match parse_target(&written.text, None) {
            Ok(url) => url,
            Err(bad) => {
                table.report(bad_address(written.content(), &bad));
                return None;
            }
        };
        let feed = Feed {
            name: name.map(|name| name.value).filter(|name| !name.trim().is_empty()),
            interval: interval.map(|interval| interval.value),
            schedule,
            adaptive: adaptive.map(|wanted| wanted.value),
            fastest: fastest.map(|limit| limit.value),
            slowest: slowest.map(|limit| limit.value),
            zone,
            labels: labels.unwrap_or_default(),
            full_text: full_text.is_some_and(|wanted| wanted.value),
            ..Feed::new(url)
        };
        Some((feed, written.content(), enabled.is_none_or(|enabled| enabled.value)))
    }

    /// A cron line with its time zone. A zone without a line is a mistake.
    pub(super) fn schedule(
        &self,
        table: &TableReader<'_>,
        key: &str,
        line: Option<&TextValue>,
        zone: Option<&TextValue>,
    ) -> Option<CronSchedule> {
        let Some(line) = line else {
            if let Some(zone) = zone.filter(|_| !table.has(key)) {
                table.report(
                    Diagnostic::error(codes::KEYS, format!("`timezone` says nothing without `{key}`"))
                        .label(zone.span, "")
                        .help(format!("add a `{key}`, or leave the time zone out: intervals have none")),
                );
            }
            return None;
        };
        // The zone is looked at first and by itself: both may be wrong.
        let zone_name = match zone {
            Some(zone) if !is_zone(&zone.text) => {
                table.report(unknown_zone(zone));
                None
            }
            Some(zone) => Some(zone.text.as_str()),
            None => None,
        };
        match CronSchedule::parse(&line.text, zone_name, self.now) {
            Ok(schedule) => Some(schedule),
            Err(error) => {
                let help = match &error {
                    ScheduleError::Never => "look at the day and month: there is no 30 February",
                    _ => "for example `0 */10 6-22 * * Mon-Fri`: every ten minutes from 6 to 22, Monday to Friday",
                };
                table.report(
                    Diagnostic::error(codes::SCHEDULE, format!("the cron line in `{key}` can't be used"))
                        .label(line.content(), error.to_string())
                        .help(help),
                );
                None
            }
        }
    }
}

/// Feeds as they are found, from one file after the other.
pub(super) struct Gathered {
    /// That of `[poll]`.
    default_interval: Duration,
    feeds: Vec<Feed>,
    /// Where each address stands first.
    places: HashMap<FeedId, Span>,
}

impl Gathered {
    fn add(&mut self, feed: Feed, place: Span, enabled: bool) {
        self.places.insert(feed.id, place);
        if enabled {
            self.feeds.push(feed);
        }
    }

    /// Adds a feed of which only the address is known for sure, unless it is there already.
    pub(super) fn add_listed(&mut self, feed: Feed, place: Span, findings: &Findings) {
        match self.places.get(&feed.id) {
            Some(first) => findings.add(
                Diagnostic::warning(codes::LEFT_OUT, "this feed is listed already: what is said of it first counts")
                    .label(place, "again here")
                    .label(*first, "first here"),
            ),
            None => self.add(feed, place, true),
        }
    }
}

/// A feed's address that can't be used.
pub(super) fn bad_address(place: Span, bad: &BadTarget) -> Diagnostic {
    Diagnostic::error(codes::URL, "this feed's address can't be used").label(place, why(bad)).help(match bad {
        BadTarget::Credentials(_) => "leave them out: feeds that ask for a password can't be read",
        _ => "write the whole address, beginning with `https://` or `http://`",
    })
}

/// What is wrong with an address, without repeating it: it stands above.
fn why(bad: &BadTarget) -> String {
    match bad {
        BadTarget::Malformed { reason, .. } => url_error(*reason),
        BadTarget::Scheme(_) => "it is neither http nor https".to_owned(),
        BadTarget::Credentials(_) => "it carries a user name or password".to_owned(),
        BadTarget::Ambiguous(_) => {
            "it has a backslash or control character, which programs read differently".to_owned()
        }
    }
}

/// The URL parser's words, except those that only a programmer understands.
pub(super) fn url_error(error: url::ParseError) -> String {
    match error {
        url::ParseError::RelativeUrlWithoutBase => "it does not begin with `https://`".to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn is_zone(name: &str) -> bool {
    name.parse::<chrono_tz::Tz>().is_ok()
}

pub(super) fn unknown_zone(zone: &TextValue) -> Diagnostic {
    let shown: String = zone.text.chars().take(60).collect();
    let diagnostic = Diagnostic::error(codes::SCHEDULE, format!("no time zone is called `{shown}`"))
        .label(zone.content(), "expected an IANA name such as `Europe/Rome`");
    let last = |name: &'static str| name.rsplit('/').next().unwrap_or(name);
    let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    // People write the city alone: `Rome`.
    let city = names.clone().find(|name| last(name).eq_ignore_ascii_case(&zone.text));
    match city.or_else(|| nearest(&zone.text, names)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic,
    }
}
