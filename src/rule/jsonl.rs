//! Articles in, matches out, one JSON object a line: what `vedetta match` does, without daemon or database.

use std::borrow::Cow;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use prefetch_index::prefetch_index;
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::iso639::language;
use super::match_line::{MatchLine, WrittenHits};
use super::ruleset::{Circumstances, Ruleset};
use super::scanner::Scratch;
use super::tally::Tally;
pub use super::tally::{MOST_TOPICS, TopicStats, TopicTotals};
use super::turn::{InOrder, Made};
use crate::model::{Lang, Timestamp};
use crate::text::detect_language;

/// An article as it comes in.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ArticleLine<'a> {
    /// Its name in the output.
    #[serde(borrow)]
    id: Id<'a>,
    #[serde(borrow, default)]
    url: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    title: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    summary: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    body: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    lang: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    feed: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    author: Option<Cow<'a, str>>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(borrow, default)]
    published: Option<Cow<'a, str>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "`id` must be a string or a whole number of 64 bits with sign")]
enum Id<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Number(i64),
}

impl Default for Id<'_> {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl Id<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
        }
    }
}

impl<'a> ArticleLine<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// If it is no such object, or has neither title nor body nor summary.
    pub fn parse(line: &'a str) -> Result<Self, String> {
        // Windows programs put a mark before the first line.
        let line = line.strip_prefix('\u{FEFF}').unwrap_or(line);
        // A list of values in the right order would be taken for one, too.
        if !line.trim_start().starts_with('{') {
            return Err("not a JSON object".to_owned());
        }
        let line = line.trim_end();
        let article: Self = serde_json::from_str(line).map_err(|error| {
            let text = error.to_string();
            // Where there is one line only, its number among many is told by whoever has them.
            let place = format!(" at line 1 column {}", error.column());
            match text.strip_suffix(&place) {
                Some(what) if !line.contains('\n') => format!("{what}, at byte {}", error.column()),
                _ => text,
            }
        })?;
        if article.title.is_none() && article.body.is_none() && article.summary.is_none() {
            return Err("the article has neither `title` nor `body`".to_owned());
        }
        Ok(article)
    }

    /// The article's name in the output.
    #[must_use]
    pub fn id(&self) -> Cow<'_, str> {
        self.id.text()
    }

    /// The article for evaluation. A language that is given is believed unless the text contradicts it: one that looks like
    /// another language, or whose script that language does not use, has the one that it clearly is in, or else all.
    #[must_use]
    pub fn document(&self) -> Document<'_> {
        let mut document = Document {
            fields: [
                borrowed(&self.title),
                borrowed(&self.summary),
                borrowed(&self.body),
                borrowed(&self.author),
                Cow::Owned(self.tags.as_deref().unwrap_or_default().join("\n")),
                borrowed(&self.source),
                borrowed(&self.url),
            ],
            lang: None,
            guess: None,
            source: borrowed(&self.source),
            feed: borrowed(&self.feed),
            time: self.published.as_deref().and_then(|time| Timestamp::parse_rfc3339(time).ok()),
        };
        // What is no language has no lists: believing it would turn all of them off.
        let declared = self.lang.as_deref().and_then(Lang::parse).filter(|lang| language(&lang.to_string()).is_ok());
        match declared {
            None => document.detect(None),
            Some(declared) => {
                let body = if document.fields[2].is_empty() { &document.fields[1] } else { &document.fields[2] };
                let guess = detect_language(Some(declared), &document.fields[0], body);
                match guess.lang {
                    lang if guess.certain => document.lang = lang,
                    Some(other) if other != declared.canonical() => document.guess = Some(other),
                    _ => document.lang = Some(declared),
                }
            }
        }
        document
    }
}

fn borrowed<'b>(part: &'b Option<Cow<'_, str>>) -> Cow<'b, str> {
    Cow::Borrowed(part.as_deref().unwrap_or(""))
}

/// What a run of [`match_jsonl`] did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct MatchStats {
    /// Articles read.
    pub articles: u64,
    /// Matches written.
    pub matches: u64,
    /// Enabled topics.
    pub topics: usize,
    /// Seconds to load the rules; filled in by the caller.
    pub load_seconds: f64,
    /// Wall time from the first article read to the last match written.
    pub match_seconds: f64,
    /// Articles per second of that.
    pub articles_per_second: f64,
    /// Topics that had to be evaluated, over all articles.
    pub candidates: u64,
    /// The greatest memory that the process had, in bytes; 0 where the system doesn't say.
    pub peak_rss_bytes: u64,
    /// Lines that could not be read, at most [`MOST_PROBLEMS`] of them, with their numbers from 1, and topics that failed.
    #[serde(skip)]
    pub problems: Vec<String>,
    /// How many there were of them.
    pub failures: u64,
    /// What each topic did.
    #[serde(flatten)]
    pub by_topic: TopicTotals,
}

/// Costs are measured on so many lines at the beginning, and in every 64th batch after them: asking the clock for each
/// topic takes a few per cent of the time.
const MEASURED_LINES: u64 = 256;
const MEASURED_BATCHES: usize = 64;

/// Problems that are kept with their text.
pub const MOST_PROBLEMS: usize = 20;

/// Bytes of a line; a longer one is refused rather than read into memory.
const LONGEST_LINE: u64 = 64 << 20;

/// Lines that one thread works on at a time, and bytes that it is to write for them.
const BATCH: usize = 64;
const MOST_WRITTEN: usize = 256 << 10;
/// Bytes of lines after which no more are added to a batch.
const LARGE_BATCH: usize = 1 << 20;
/// Bytes that the batch whose turn it is hands over at a time: few enough to stay near the processor.
const NEAR_WRITTEN: usize = 64 << 10;
/// Bytes that wait for their turn: those of each thread's batch.
const MOST_WAITING: usize = 4 << 20;

/// Reads articles, writes matches in the order of the articles and then by topic id. A line that can't be read is counted
/// and skipped. `now` is what `max_age` counts from.
///
/// # Errors
/// If reading or writing fails. What was read before reading failed is still written.
pub fn match_jsonl(
    ruleset: &Ruleset,
    reader: impl BufRead + Send,
    writer: impl Write + Send,
    threads: usize,
    now: Timestamp,
) -> io::Result<MatchStats> {
    let start = Instant::now();
    let batch_size = &AtomicUsize::new(BATCH);
    let lines = Mutex::new(Lines { reader, number: 0, batch_size, batches: 0, end: None });
    let stats = MatchStats { topics: ruleset.topics().len(), ..MatchStats::default() };
    let results = InOrder::new(Sink { writer, stats, batch_size });
    let threads = threads.max(1);
    let work = || work(ruleset, &lines, &results, now);
    let tally = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut tally = work();
        for other in others {
            tally.add(&other.join().map_err(|_| lost())?);
        }
        io::Result::Ok(tally)
    })?;
    let Sink { mut writer, mut stats, .. } = results.into_result()?;
    writer.flush()?;
    lines.into_inner().unwrap_or_else(PoisonError::into_inner).end.unwrap_or(Ok(()))?;
    stats.match_seconds = start.elapsed().as_secs_f64();
    if stats.match_seconds > 0.0 {
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let articles = stats.articles as f64;
        stats.articles_per_second = articles / stats.match_seconds;
    }
    stats.peak_rss_bytes = peak_rss_bytes();
    stats.by_topic = tally.totals(ruleset, stats.articles);
    Ok(stats)
}

fn lost() -> io::Error {
    io::Error::other("a matching thread ended early")
}

/// What one thread does: it takes the next lines, works on them and hands over what it finds.
fn work<R: BufRead, W: Write>(
    ruleset: &Ruleset,
    lines: &Mutex<Lines<'_, R>>,
    results: &InOrder<Sink<'_, W>, Batch>,
    now: Timestamp,
) -> Tally {
    let mut worker = Worker::new(ruleset, now);
    let mut batch = Batch::default();
    while !results.has_failed() {
        // A statement of its own, so that the lock is given back before the work begins.
        let next = lines.lock().unwrap_or_else(PoisonError::into_inner).read(&mut batch);
        let Some(number) = next else { break };
        results.wait_for_room(number);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            worker.run(&mut batch, |out| {
                if out.len() > MOST_WAITING || (out.len() > NEAR_WRITTEN && results.is_next(number)) {
                    // Batches are begun in order, so the one whose turn it is never waits for another.
                    results.wait_for(number);
                    results.part(|sink| sink.writer.write_all(out));
                    out.clear();
                }
            });
            results.finish(number, &mut batch, Sink::take);
        }));
        if ran.is_err() {
            // The others would wait for ever for a batch that is lost.
            results.fail(lost());
        }
    }
    worker.finish()
}

/// Where matches go.
struct Sink<'s, W> {
    writer: W,
    stats: MatchStats,
    /// How many lines make the next batch.
    batch_size: &'s AtomicUsize,
}

impl<W: Write> Sink<'_, W> {
    fn take(&mut self, batch: &mut Batch) -> io::Result<()> {
        self.writer.write_all(&batch.out)?;
        self.stats.add(batch);
        // Where an article has many matches, fewer articles make a batch, so that what is written stays near the processor.
        let lines = batch.ends.len().max(1);
        let size = (MOST_WRITTEN * lines / (batch.gone + batch.out.len()).max(1)).clamp(1, BATCH);
        self.batch_size.store(size, Ordering::Relaxed);
        Ok(())
    }
}

struct Lines<'s, R> {
    reader: R,
    number: u64,
    /// Lines of the next batch.
    batch_size: &'s AtomicUsize,
    /// Batches read.
    batches: usize,
    /// Once there is nothing more to be read: because it is the end, or because reading failed.
    end: Option<io::Result<()>>,
}

impl<R: BufRead> Lines<'_, R> {
    /// Reads the next batch of lines and tells its number; `None` if there are no more.
    fn read(&mut self, batch: &mut Batch) -> Option<usize> {
        batch.clear();
        batch.first_number = self.number + 1;
        batch.is_measured = self.number < MEASURED_LINES || self.batches.is_multiple_of(MEASURED_BATCHES);
        let most = self.batch_size.load(Ordering::Relaxed);
        // Large articles make smaller batches.
        while self.end.is_none() && batch.ends.len() < most && batch.text.len() <= LARGE_BATCH {
            match self.read_line(batch) {
                Ok(true) => {}
                Ok(false) => self.end = Some(Ok(())),
                Err(error) => self.end = Some(Err(error)),
            }
        }
        if batch.ends.is_empty() {
            return None;
        }
        self.batches += 1;
        Some(self.batches - 1)
    }

    /// Reads a line; whether there was one.
    fn read_line(&mut self, batch: &mut Batch) -> io::Result<bool> {
        let before = batch.text.len();
        let mut limited = io::Read::take(&mut self.reader, LONGEST_LINE);
        let length = limited.read_until(b'\n', &mut batch.text)?;
        if length == 0 {
            return Ok(false);
        }
        self.number += 1;
        if length as u64 == LONGEST_LINE && batch.text.last() != Some(&b'\n') {
            batch.text.truncate(before);
            batch.problems.push(format!("line {}: longer than {} MiB", self.number, LONGEST_LINE >> 20));
            self.skip_line()?;
        }
        batch.ends.push(batch.text.len());
        Ok(true)
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(());
            }
            let (length, ends) = match buffer.iter().position(|&byte| byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), false),
            };
            self.reader.consume(length);
            if ends {
                return Ok(());
            }
        }
    }
}

#[derive(Debug, Default)]
struct Batch {
    first_number: u64,
    /// Whether the topics' costs are measured in it.
    is_measured: bool,
    text: Vec<u8>,
    ends: Vec<usize>,
    out: Vec<u8>,
    /// Bytes that were written and went on their way before the others.
    gone: usize,
    articles: u64,
    matches: u64,
    candidates: u64,
    problems: Vec<String>,
}

impl Batch {
    fn clear(&mut self) {
        let Self { first_number: _, is_measured: _, text, ends, out, gone, articles, matches, candidates, problems } =
            self;
        text.clear();
        ends.clear();
        out.clear();
        problems.clear();
        *gone = 0;
        (*articles, *matches, *candidates) = (0, 0, 0);
    }
}

impl Made for Batch {
    fn bytes(&self) -> usize {
        self.text.capacity() + self.out.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

impl MatchStats {
    fn add(&mut self, batch: &mut Batch) {
        self.articles += batch.articles;
        self.matches += batch.matches;
        self.candidates += batch.candidates;
        self.failures += batch.problems.len() as u64;
        let room = MOST_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(batch.problems.drain(..).take(room));
    }
}

struct Worker<'r> {
    ruleset: &'r Ruleset,
    scratch: Scratch,
    /// By place among the ruleset's topics.
    topic_matches: Vec<u64>,
    /// The topics that matched an article. They are counted together: their counts lie far apart, and then the processor
    /// fetches them side by side.
    matched: Vec<usize>,
    places: WrittenHits,
    now: Timestamp,
}

impl<'r> Worker<'r> {
    fn new(ruleset: &'r Ruleset, now: Timestamp) -> Self {
        Self {
            ruleset,
            scratch: Scratch::with_costs(),
            topic_matches: vec![0; ruleset.topics().len()],
            matched: Vec::new(),
            places: WrittenHits::default(),
            now,
        }
    }

    fn finish(mut self) -> Tally {
        Tally { matches: self.topic_matches, costs: self.scratch.take_costs().unwrap_or_default() }
    }

    /// Works on the lines of a batch. `written` is called after every match and may take what was written so far: an article
    /// that holds the words of all topics makes gigabytes, and they go on their way as they come.
    fn run(&mut self, batch: &mut Batch, mut written: impl FnMut(&mut Vec<u8>)) {
        self.scratch.measure_costs(batch.is_measured);
        let mut start = 0;
        for (number, &end) in (batch.first_number..).zip(&batch.ends) {
            let line = &batch.text[start..end];
            start = end;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            let article = match std::str::from_utf8(line) {
                Ok(line) => ArticleLine::parse(line),
                Err(_) => Err("not UTF-8".to_owned()),
            };
            match article {
                Ok(article) => {
                    batch.articles += 1;
                    let document = article.document();
                    let circumstances = Circumstances { feed_labels: None, now: self.now };
                    let mut line = MatchLine::new(&article.id(), document.lang, &mut self.places);
                    let Batch { out, matches, gone, .. } = batch;
                    let (matched, topic_matches) = (&mut self.matched, &self.topic_matches);
                    let survey = self.ruleset.scan_each(&mut self.scratch, &document, circumstances, |hit| {
                        *matches += 1;
                        matched.push(hit.rank());
                        prefetch_index(topic_matches, hit.rank());
                        line.write(out, &hit);
                        let length = out.len();
                        written(out);
                        *gone += length - out.len();
                    });
                    for rank in matched.drain(..) {
                        self.topic_matches[rank] += 1;
                    }
                    batch.candidates += survey.candidates as u64;
                    batch.problems.extend(survey.errors.into_iter().map(|error| format!("line {number}: {error}")));
                }
                Err(error) => batch.problems.push(format!("line {number}: {error}")),
            }
        }
    }
}

/// The greatest memory that this process had so far (Linux: `VmHWM`), in bytes; 0 where the system doesn't say.
#[must_use]
pub fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kibibytes.unwrap_or(0) * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_is_none_is_not_believed() {
        let lang = |code: &str| {
            let line = format!(r#"{{"id":"a","title":"Missili","lang":"{code}"}}"#);
            ArticleLine::parse(&line).expect("a good line").document().lang
        };
        assert_eq!(lang("it"), Lang::parse("it"));
        assert_eq!(lang("it-IT"), Lang::parse("it"));
        assert_ne!(lang("xx"), Lang::parse("xx"));
    }

    fn document_lang(declared: &str, title: &str) -> Option<Lang> {
        let line = serde_json::json!({ "id": "a", "title": title, "lang": declared }).to_string();
        ArticleLine::parse(&line).expect("a good line").document().lang
    }

    #[test]
    fn a_language_that_is_not_written_so_is_not_believed() {
        for (declared, title) in [
            ("en", "Ракета над Киевом"),
            ("en", "Удар по порту"),
            ("it", "Ракетний удар по Одесі"),
            ("en", "导弹试射"),
            ("en", "習近平抵達"),
            ("en", "ミサイル発射"),
            ("en", "北がミサイル"),
            ("en", "صاروخ باليستي"),
            ("fr", "موشک ایران"),
            ("en", "미사일 발사"),
            ("de", "北 미사일"),
            ("ru", "导弹试射"),
            ("zh", "미사일 발사"),
            ("ar", "Ракета над Киевом"),
            ("ru", "Raketa nad Kievom"),
            ("zh", "Missile over Kyiv"),
        ] {
            assert_ne!(document_lang(declared, title), Lang::parse(declared), "{declared}: {title}");
        }
    }

    #[test]
    fn a_language_that_may_be_written_so_is_believed() {
        for (declared, title) in [
            ("en", "Xi Jinping (习近平) visits Moscow"),
            ("en", "Путин is on the cover of Time"),
            ("zh", "F-35战机抵达日本冲绳"),
            ("ja", "安倍元首相死去"),
            ("ja", "米軍ミサイル"),
            ("ko", "北 미사일 발사"),
            ("sr", "Raketni napad na Kijev"),
            ("sr", "Ракетни напад на Кијев"),
            ("uk", "Ракета над портом"),
            ("ru", "Ракета над портом"),
            ("os", "Ракета над портом"),
            ("fa", "موشک ایران"),
            ("ar", "صاروخ باليستي"),
            ("no", "Rakett over byen"),
            ("en", "12:30"),
        ] {
            assert_eq!(document_lang(declared, title), Lang::parse(declared), "{declared}: {title}");
        }
    }

    /// Ukrainian sites have Russian pages that say they are Ukrainian.
    #[test]
    fn a_language_that_the_letters_speak_against_is_in_doubt_or_corrected() {
        for (declared, title) in
            [("uk", "Россия выпустила ракеты по городу"), ("ru", "Росія випустила ракети по Одесі")]
        {
            assert_ne!(document_lang(declared, title), Lang::parse(declared), "{declared}: {title}");
        }
    }
}
