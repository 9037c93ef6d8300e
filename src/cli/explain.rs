//! `vedetta explain`.

use std::path::Path;

use anyhow::Context;

use crate::config::Environment;
use crate::fetch::Kind;
use crate::model::{Article, ArticleId, Clock, SystemClock, TopicId};
use crate::rule::jsonl::ArticleLine;
use crate::rule::{self, Circumstances, Document};
use crate::text::{Extracted, extract_article};

use super::args::ExplainOptions;
use super::output::{BadUsage, Output};
use super::{Exit, article, deliveries, feed, runtime, test};

pub(super) fn explain(
    config: &Path,
    environment: &Environment,
    options: &ExplainOptions,
    output: &Output,
) -> anyhow::Result<Exit> {
    let now = SystemClock.now();
    let paths = test::rule_paths(config, environment, &options.rules, now)?;
    let (ruleset, report) = rule::load(&paths);
    let Some(ruleset) = ruleset else {
        output.report(&report)?;
        return Ok(Exit::Usage);
    };
    let topic = TopicId::new(&options.topic)?;
    if !ruleset.topics().iter().any(|known| known.id == topic) {
        let known: Vec<_> = ruleset.topics().iter().map(|topic| topic.id.as_str()).collect();
        let near = known
            .iter()
            .max_by(|a, b| strsim::jaro_winkler(a, &options.topic).total_cmp(&strsim::jaro_winkler(b, &options.topic)));
        return Err(BadUsage(format!(
            "no topic has the id `{}`{}",
            options.topic,
            near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default()
        ))
        .into());
    }
    let circumstances = Circumstances { feed_labels: None, now };
    let subject = find_subject(config, environment, &options.article)?;
    let explain = if options.full { rule::explain_fully } else { rule::explain };
    let explanation = match &subject {
        Subject::Line(json) => {
            let line =
                ArticleLine::parse(json).map_err(|error| anyhow::anyhow!("this is not an article as JSON: {error}"))?;
            explain(&ruleset, &topic, &line.document(), circumstances)
        }
        Subject::Stored(article) => explain(&ruleset, &topic, &Document::new(article), circumstances),
    };
    let explanation = explanation.context("this topic cannot be explained")?;
    if output.is_json() {
        output.json(&explanation)?;
    } else if options.full {
        output.line(explanation.to_full_text().trim_end())?;
    } else {
        output.line(explanation.to_string().trim_end())?;
    }
    Ok(Exit::Fine)
}

/// What is explained.
enum Subject {
    /// An article as JSON.
    Line(String),
    /// An article of the database.
    Stored(Box<Article>),
}

/// An article from a page on the web, the database, a JSON file, or an HTML file.
fn find_subject(config: &Path, environment: &Environment, argument: &str) -> anyhow::Result<Subject> {
    if article::is_web(argument) {
        let document = article::fetch(config, environment, argument, Kind::Page)?;
        let page = extract_article(&document.body, document.content_type.as_deref(), Some(&document.final_url))
            .with_context(|| format!("no article in {argument}"))?;
        return Ok(from_page(&page, argument));
    }
    if let Ok(id) = argument.parse::<ArticleId>()
        && !Path::new(argument).exists()
    {
        return runtime()?.block_on(async {
            let store = deliveries::open(config, environment, SystemClock.now()).await?;
            let found = store.article(id).await;
            store.close().await;
            let article = found?.with_context(|| format!("the database has no article {id}"))?;
            Ok(Subject::Stored(Box::new(article)))
        });
    }
    let bytes = feed::read(Path::new(argument))?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok(Subject::Line(String::from_utf8(bytes).context("this is not UTF-8")?));
    }
    let page = extract_article(&bytes, None, None).with_context(|| format!("no article in {argument}"))?;
    Ok(from_page(&page, argument))
}

fn from_page(page: &Extracted, argument: &str) -> Subject {
    let json = serde_json::json!({
        "id": argument, "url": page.url, "title": page.title, "body": page.body, "lang": page.lang,
        "author": page.author, "source": page.site,
    });
    Subject::Line(json.to_string())
}
