//! `vedetta stories`: which articles tell the same story, by the same likeness that keeps the daemon from telling one twice.
//!
//! Articles come in by time, one JSON object a line; `{"id":…,"story":…}` goes out for each, in the same order. Topics are
//! left aside, so all articles stand on one board.

use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

use crate::model::{Article, ArticleId, FeedId, Field, StoryId, TextStatus, Timestamp, TopicId};
use crate::rule::jsonl::ArticleLine;
use crate::story::{Assignment, Signature, StoryBoard};

use super::Exit;
use super::match_::open;
use super::output::Output;

/// How long after its last article a story can still grow: the default of `[topic.story] window`.
const WINDOW: Duration = Duration::from_hours(72);
/// Problems that are told; the others are counted.
const MOST_PROBLEMS: usize = 20;

/// One line of the result.
#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    story: StoryId,
}

pub(super) fn stories(file: &Path, output: &Output) -> anyhow::Result<Exit> {
    let mut board = StoryBoard { topic: TopicId::new("stories")?, members: Vec::new() };
    let mut writer = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let (mut now, mut problems) = (Timestamp::EPOCH, 0);
    for (number, line) in open(file)?.lines().enumerate() {
        let line = line.with_context(|| format!("cannot read {}", file.display()))?;
        if line.trim().is_empty() {
            continue;
        }
        match ArticleLine::parse(&line) {
            Ok(article) => {
                let id = article.id().into_owned();
                let story = place(&mut board, &article, number, &mut now);
                serde_json::to_writer(&mut writer, &Line { id: &id, story })?;
                writer.write_all(b"\n")?;
            }
            Err(error) => {
                problems += 1;
                if problems <= MOST_PROBLEMS {
                    output.say(&format!("warning: line {}: {error}", number + 1));
                }
            }
        }
    }
    writer.flush()?;
    if problems > MOST_PROBLEMS {
        output.say(&format!("warning: {} more lines hold no article", problems - MOST_PROBLEMS));
    }
    Ok(if problems == 0 { Exit::Fine } else { Exit::Found })
}

/// The story of an article. An article without a time, or with an earlier one, counts as coming now.
fn place(board: &mut StoryBoard, line: &ArticleLine<'_>, number: usize, now: &mut Timestamp) -> StoryId {
    let document = line.document();
    let published = document.time;
    *now = published.unwrap_or(*now).max(*now);
    let article = Article {
        // One id may come twice, as what a feed shows poll after poll: each line is an article of its own.
        id: ArticleId::derive(&[&line.id(), &number.to_string()]),
        feed: FeedId::derive(&["stories"]),
        feed_name: String::new(),
        url: Some(document.text(Field::Url)).filter(|url| !url.is_empty()).map(str::to_owned),
        title: document.text(Field::Title).to_owned(),
        summary: document.text(Field::Summary).to_owned(),
        body: document.text(Field::Body).to_owned(),
        text_status: TextStatus::Feed,
        text_error: None,
        lang: None,
        declared_lang: None,
        source: String::new(),
        author: None,
        tags: Vec::new(),
        published,
        updated: None,
        fetched_at: *now,
        content_hash: 0,
    };
    let since = now.before(WINDOW);
    board.forget(since);
    match board.place(article.id, &Arc::new(Signature::of(&article)), since, *now) {
        Assignment::Join(story) | Assignment::Open(story) => story,
    }
}
