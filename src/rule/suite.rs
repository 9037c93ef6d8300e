//! Runs the tests that stand beside the topics (`[[topic.test]]`).

use std::borrow::Cow;
use std::fmt;

use super::def::TestDef;
use super::document::Document;
use super::explain::{Explanation, explain_topic};
use super::expr::CompiledTopic;
use super::ruleset::{Circumstances, Ruleset};
use super::scanner::Scratch;
use crate::model::{Span, Timestamp, TopicId};

/// What came of the tests.
#[derive(Debug, Clone, Default)]
pub struct SuiteReport {
    /// Tests that came out as expected.
    pub passed: usize,
    /// Tests that did not.
    pub failed: usize,
    /// The latter, in the order of the files.
    pub failures: Vec<TestFailure>,
}

/// A test that did not come out as expected.
#[derive(Debug, Clone)]
pub struct TestFailure {
    /// The topic.
    pub topic: TopicId,
    /// The test's name.
    pub test: String,
    /// Where it stands.
    pub span: Span,
    /// What was expected and what came, one line each.
    pub problems: Vec<String>,
    /// Why it came out as it did.
    pub explanation: Explanation,
}

impl fmt::Display for TestFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.topic, self.test)?;
        for problem in &self.problems {
            writeln!(f, "  {problem}")?;
        }
        for line in self.explanation.to_string().lines() {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

/// Runs all tests. A test's language is what it says, else detected; it has no feed, so filters by feed label pass, and so
/// do filters by source where the test has neither source nor link; it is taken as just published.
#[must_use]
pub fn run_tests(ruleset: &Ruleset) -> SuiteReport {
    let mut report = SuiteReport::default();
    let mut scratch = Scratch::default();
    for (topic, test) in ruleset.tests() {
        match run_test(ruleset, &mut scratch, topic, test) {
            None => report.passed += 1,
            Some(failure) => {
                report.failed += 1;
                report.failures.push(failure);
            }
        }
    }
    report
}

fn run_test(ruleset: &Ruleset, scratch: &mut Scratch, topic: &CompiledTopic, test: &TestDef) -> Option<TestFailure> {
    let document = document(test);
    let circumstances = Circumstances { feed_labels: None, now: Timestamp::EPOCH };
    let hit = ruleset.scan_topic(scratch, topic, &document, circumstances);
    let expect = &test.expect;
    let mut problems = Vec::new();
    // Whatever is expected of a match expects a match.
    let must_match = expect.matches.unwrap_or(expect.failed.is_none());
    if hit.is_some() != must_match {
        problems.push(if must_match { "expected a match, got none" } else { "expected no match, got one" }.to_owned());
    }
    if let Some(hit) = &hit {
        if let Some(severity) = expect.severity.filter(|&severity| severity != hit.severity) {
            problems.push(format!("expected severity {severity}, got {}", hit.severity));
        }
        if let Some(least) = expect.min_score.filter(|&least| hit.score < least) {
            problems.push(format!("expected a score of at least {least}, got {}", hit.score));
        }
    }
    let asks_for_reasons = !expect.concepts.is_empty() || expect.failed.is_some();
    if problems.is_empty() && !asks_for_reasons {
        return None;
    }
    let explanation = explain_topic(ruleset, topic, &document, circumstances);
    for concept in &expect.concepts {
        let name = concept.strip_prefix('@').unwrap_or(concept);
        if !explanation.concepts.iter().any(|found| found == name) {
            problems.push(format!("expected a hit of @{name}, got none"));
        }
    }
    if let Some(wanted) = &expect.failed
        && !explanation.failed.as_ref().is_some_and(|failed| failed.contains(wanted.as_str()))
    {
        let came = explanation.failed.as_deref().unwrap_or("nothing failed");
        problems.push(format!("expected `{wanted}` to fail, got: {came}"));
    }
    if problems.is_empty() {
        return None;
    }
    Some(TestFailure { topic: topic.info.id.clone(), test: test.name.clone(), span: test.span, problems, explanation })
}

/// A test's text as an article.
pub(super) fn document(test: &TestDef) -> Document<'_> {
    let mut document = Document {
        fields: [
            Cow::Borrowed(test.title.as_str()),
            Cow::Borrowed(test.summary.as_str()),
            Cow::Borrowed(test.body.as_str()),
            Cow::Borrowed(""),
            Cow::Borrowed(""),
            Cow::Borrowed(test.source.as_deref().unwrap_or("")),
            Cow::Borrowed(test.url.as_deref().unwrap_or("")),
        ],
        lang: test.lang,
        guess: None,
        source: Cow::Borrowed(test.source.as_deref().unwrap_or("")),
        feed: Cow::Borrowed(""),
        time: None,
    };
    if document.lang.is_none() {
        document.detect(None);
    }
    document
}
