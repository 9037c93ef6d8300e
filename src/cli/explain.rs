//! `vedetta explain`.

use std::path::Path;

use anyhow::Context;

use crate::config::Environment;
use crate::fetch::Kind;
use crate::model::{Article, ArticleId, Clock, SystemClock, TopicId};
use crate::rule::jsonl::ArticleLine;
use crate::rule::{self, Circumstances, Document};
use crate::settings::nearest;
use crate::store::Store;
use crate::text::{Extracted, extract_article};

use super::args::ExplainOptions;
use super::output::{BadUsage, Output};
use super::{Exit, article, deliveries, feed, runtime, test};

/// Digits of an id at least, so that few alerts begin so and few file names look so.
const LEAST_DIGITS: usize = 8;

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
    let (subject, of_alert) = find_subject(config, environment, &options.article)?;
    let topic = match (&options.topic, of_alert) {
        (Some(topic), _) => TopicId::new(topic)?,
        (None, Some(topic)) => topic,
        (None, None) => return Err(BadUsage("say which topic: `--topic ID`".to_owned()).into()),
    };
    let circumstances = Circumstances { feed_labels: None, now };
    let explain = if options.full { rule::explain_fully } else { rule::explain };
    let explanation = match &subject {
        Subject::Line(json) => {
            let line =
                ArticleLine::parse(json).map_err(|error| anyhow::anyhow!("this is not an article as JSON: {error}"))?;
            explain(&ruleset, &topic, &line.document(), circumstances)
        }
        Subject::Stored(article) => explain(&ruleset, &topic, &Document::new(article), circumstances),
    };
    let Some(explanation) = explanation else {
        let near = nearest(topic.as_str(), ruleset.topics().iter().map(|topic| topic.id.as_str()));
        let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        return Err(BadUsage(format!("no topic has the id `{topic}`{hint}")).into());
    };
    if !ruleset.topics().iter().any(|known| known.id == topic) {
        output.say(&format!("`{topic}` has `enabled = false`: it is explained, but it raises no alerts"));
    }
    if output.is_json() {
        output.json(&explanation)?;
    } else if options.full {
        output.text(explanation.to_full_text().trim_end())?;
    } else {
        output.text(explanation.to_string().trim_end())?;
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

/// An article from a page on the web, the database, a JSON file, or an HTML file. With the topic, where it is an alert's.
fn find_subject(
    config: &Path,
    environment: &Environment,
    argument: &str,
) -> anyhow::Result<(Subject, Option<TopicId>)> {
    if article::is_web(argument) {
        let document = article::fetch(config, environment, argument, Kind::Page)?;
        let page = extract_article(&document.body, document.content_type.as_deref(), Some(&document.final_url))
            .with_context(|| format!("no article in {argument}"))?;
        return Ok((from_page(&page, argument), None));
    }
    let is_id = (LEAST_DIGITS..=32).contains(&argument.len()) && argument.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_id && !Path::new(argument).exists() {
        return runtime()?.block_on(async {
            let store = deliveries::open(config, environment, SystemClock.now()).await?;
            let found = stored(&*store, &argument.to_ascii_lowercase()).await;
            store.close().await;
            found
        });
    }
    let bytes = feed::read(Path::new(argument))?;
    if bytes.trim_ascii_start().starts_with(b"{") {
        return Ok((Subject::Line(named(String::from_utf8(bytes).context("this is not UTF-8")?)), None));
    }
    let page = extract_article(&bytes, None, None).with_context(|| format!("no article in {argument}"))?;
    Ok((from_page(&page, argument), None))
}

/// An article that a person wrote down for a question needs no id.
fn named(json: String) -> String {
    match serde_json::from_str(&json) {
        Ok(serde_json::Value::Object(mut article)) if !article.contains_key("id") => {
            article.insert("id".to_owned(), "-".into());
            serde_json::Value::Object(article).to_string()
        }
        _ => json,
    }
}

/// A stored article by its id, or by the id of an alert on it.
async fn stored(store: &dyn Store, id: &str) -> anyhow::Result<(Subject, Option<TopicId>)> {
    if let Ok(id) = id.parse::<ArticleId>()
        && let Some(article) = store.article(id).await?
    {
        return Ok((Subject::Stored(Box::new(article)), None));
    }
    let alerts = store.alerts_like(id).await?;
    let (topic, article) = match alerts.as_slice() {
        [alert] => alert.clone(),
        [] => return Err(BadUsage(format!("the database has no article {id}, and no alert whose id begins so")).into()),
        _ => return Err(BadUsage(format!("more than one alert's id begins with {id}; write more of it")).into()),
    };
    let article = article.with_context(|| format!("the alert {id} is about vedetta itself, not about an article"))?;
    let article = store.article(article).await?.context("the article of this alert is not stored any more")?;
    Ok((Subject::Stored(Box::new(article)), Some(topic)))
}

fn from_page(page: &Extracted, argument: &str) -> Subject {
    let json = serde_json::json!({
        "id": argument, "url": page.url, "title": page.title, "body": page.body, "lang": page.lang,
        "author": page.author, "source": page.site,
    });
    Subject::Line(json.to_string())
}
